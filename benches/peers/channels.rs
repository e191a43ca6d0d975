//! The channels under test, behind one trait. To add one: implement [`Channel`], and name it in [`visit`].

use std::sync::mpsc;

/// A channel of `usize`.
pub trait Channel: 'static {
    /// The name in the reports. Types that never run in the same scenario may share one.
    const NAME: &'static str;
    /// The sending handle.
    type Tx: Send + 'static;
    /// The receiving handle.
    type Rx: Send + 'static;

    /// A channel of the given capacity, `None` being unbounded; or nothing, if this type has no such channel.
    fn channel(capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)>;

    /// Sends, blocking.
    fn send(tx: &Self::Tx, value: usize);

    /// Receives, blocking.
    fn recv(rx: &Self::Rx) -> usize;

    /// Receives if there is a value.
    fn try_recv(rx: &Self::Rx) -> Option<usize>;

    /// Sends all of them: one by one, where there is nothing for it.
    #[inline(always)]
    fn send_many(tx: &Self::Tx, values: &mut Vec<usize>) {
        values.drain(..).for_each(|value| Self::send(tx, value));
    }

    /// Receives one, blocking, and those that are there, up to so many, or more where that cannot be said: one by one, where there is
    /// nothing for it.
    #[inline(always)]
    fn recv_many(rx: &Self::Rx, into: &mut Vec<usize>, limit: usize) {
        into.push(Self::recv(rx));
        let more = std::iter::from_fn(|| Self::try_recv(rx));
        into.extend(more.take(limit - 1));
    }

    /// A second sender, where there can be one.
    fn another_tx(_tx: &Self::Tx) -> Option<Self::Tx> {
        None
    }

    /// A second receiver, where there can be one.
    fn another_rx(_rx: &Self::Rx) -> Option<Self::Rx> {
        None
    }
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<C: Channel>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<Gosync>();
    visitor.visit::<Crossbeam>();
    visitor.visit::<Kanal>();
    visitor.visit::<Crossfire>();
    visitor.visit::<CrossfireUnbounded>();
    visitor.visit::<CrossfireMpsc>();
    visitor.visit::<CrossfireMpscUnbounded>();
    visitor.visit::<CrossfireSpsc>();
    visitor.visit::<CrossfireSpscUnbounded>();
    visitor.visit::<Flume>();
    visitor.visit::<Std>();
    visitor.visit::<StdUnbounded>();
}

macro_rules! channel {
    (
        $(#[$doc:meta])* $type:ident, $name:literal, $tx:ty, $rx:ty,
        new: $new:expr,
        try_recv: $try_recv:expr,
        clone: $($clone:ident)*
        $(, more: { $($more:item)* })?
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $type;

        impl Channel for $type {
            const NAME: &'static str = $name;
            type Tx = $tx;
            type Rx = $rx;

            #[inline(always)]
            fn channel(capacity: Option<usize>) -> Option<($tx, $rx)> {
                let new: fn(Option<usize>) -> Option<($tx, $rx)> = $new;
                new(capacity)
            }

            #[inline(always)]
            fn send(tx: &$tx, value: usize) {
                tx.send(value).expect("the receiver is alive");
            }

            #[inline(always)]
            fn recv(rx: &$rx) -> usize {
                rx.recv().expect("the sender is alive")
            }

            #[inline(always)]
            fn try_recv(rx: &$rx) -> Option<usize> {
                $try_recv(rx)
            }

            $(channel!(@$clone);)*

            $($($more)*)?
        }
    };
    (@tx) => {
        fn another_tx(tx: &Self::Tx) -> Option<Self::Tx> {
            Some(tx.clone())
        }
    };
    (@rx) => {
        fn another_rx(rx: &Self::Rx) -> Option<Self::Rx> {
            Some(rx.clone())
        }
    };
}

channel! {
    /// Ours.
    Gosync, "gosync", gosync::chan::Sender<usize>, gosync::chan::Receiver<usize>,
    new: |capacity| Some(match capacity {
        Some(n) => gosync::chan::bounded(n),
        None => gosync::chan::unbounded(),
    }),
    try_recv: |rx: &gosync::chan::Receiver<usize>| rx.try_recv().ok(),
    clone: tx rx,
    more: {
        #[inline(always)]
        fn send_many(tx: &Self::Tx, values: &mut Vec<usize>) {
            tx.send_many(values).expect("the receiver is alive");
        }

        #[inline(always)]
        fn recv_many(rx: &Self::Rx, into: &mut Vec<usize>, limit: usize) {
            rx.recv_many(into, limit).expect("the sender is alive");
        }
    }
}

channel! {
    /// crossbeam-channel.
    Crossbeam, "crossbeam", crossbeam_channel::Sender<usize>, crossbeam_channel::Receiver<usize>,
    new: |capacity| Some(match capacity {
        Some(n) => crossbeam_channel::bounded(n),
        None => crossbeam_channel::unbounded(),
    }),
    try_recv: |rx: &crossbeam_channel::Receiver<usize>| rx.try_recv().ok(),
    clone: tx rx
}

channel! {
    /// kanal.
    Kanal, "kanal", kanal::Sender<usize>, kanal::Receiver<usize>,
    new: |capacity| Some(match capacity {
        Some(n) => kanal::bounded(n),
        None => kanal::unbounded(),
    }),
    try_recv: |rx: &kanal::Receiver<usize>| rx.try_recv().expect("the sender is alive"),
    clone: tx rx,
    more: {
        #[inline(always)]
        fn recv_many(rx: &Self::Rx, into: &mut Vec<usize>, _: usize) {
            into.push(rx.recv().expect("the sender is alive"));
            rx.drain_into(into).expect("the sender is alive");
        }
    }
}

/// What crossfire makes of a capacity. It has no 0 and silently makes it 1, so it does not run there.
fn crossfire_capacity(capacity: Option<usize>) -> Option<usize> {
    capacity.filter(|&n| n > 0)
}

channel! {
    /// crossfire, many to many.
    Crossfire, "crossfire",
    crossfire::MTx<crossfire::mpmc::Array<usize>>, crossfire::MRx<crossfire::mpmc::Array<usize>>,
    new: |capacity| crossfire_capacity(capacity).map(crossfire::mpmc::bounded_blocking),
    try_recv: |rx: &crossfire::MRx<crossfire::mpmc::Array<usize>>| rx.try_recv().ok(),
    clone: tx rx
}

channel! {
    /// crossfire, many to many, unbounded.
    CrossfireUnbounded, "crossfire",
    crossfire::MTx<crossfire::mpmc::List<usize>>, crossfire::MRx<crossfire::mpmc::List<usize>>,
    new: |capacity| capacity.is_none().then(crossfire::mpmc::unbounded_blocking),
    try_recv: |rx: &crossfire::MRx<crossfire::mpmc::List<usize>>| rx.try_recv().ok(),
    clone: tx rx
}

channel! {
    /// crossfire, many to one.
    CrossfireMpsc, "crossfire-mpsc",
    crossfire::MTx<crossfire::mpsc::Array<usize>>, crossfire::Rx<crossfire::mpsc::Array<usize>>,
    new: |capacity| crossfire_capacity(capacity).map(crossfire::mpsc::bounded_blocking),
    try_recv: |rx: &crossfire::Rx<crossfire::mpsc::Array<usize>>| rx.try_recv().ok(),
    clone: tx
}

channel! {
    /// crossfire, many to one, unbounded.
    CrossfireMpscUnbounded, "crossfire-mpsc",
    crossfire::MTx<crossfire::mpsc::List<usize>>, crossfire::Rx<crossfire::mpsc::List<usize>>,
    new: |capacity| capacity.is_none().then(crossfire::mpsc::unbounded_blocking),
    try_recv: |rx: &crossfire::Rx<crossfire::mpsc::List<usize>>| rx.try_recv().ok(),
    clone: tx
}

channel! {
    /// crossfire, one to one.
    CrossfireSpsc, "crossfire-spsc",
    crossfire::Tx<crossfire::spsc::Array<usize>>, crossfire::Rx<crossfire::spsc::Array<usize>>,
    new: |capacity| crossfire_capacity(capacity).map(crossfire::spsc::bounded_blocking),
    try_recv: |rx: &crossfire::Rx<crossfire::spsc::Array<usize>>| rx.try_recv().ok(),
    clone:
}

channel! {
    /// crossfire, one to one, unbounded.
    CrossfireSpscUnbounded, "crossfire-spsc",
    crossfire::Tx<crossfire::spsc::List<usize>>, crossfire::Rx<crossfire::spsc::List<usize>>,
    new: |capacity| capacity.is_none().then(crossfire::spsc::unbounded_blocking),
    try_recv: |rx: &crossfire::Rx<crossfire::spsc::List<usize>>| rx.try_recv().ok(),
    clone:
}

channel! {
    /// flume.
    Flume, "flume", flume::Sender<usize>, flume::Receiver<usize>,
    new: |capacity| Some(match capacity {
        Some(n) => flume::bounded(n),
        None => flume::unbounded(),
    }),
    try_recv: |rx: &flume::Receiver<usize>| rx.try_recv().ok(),
    clone: tx rx,
    more: {
        #[inline(always)]
        fn recv_many(rx: &Self::Rx, into: &mut Vec<usize>, _: usize) {
            into.push(rx.recv().expect("the sender is alive"));
            into.extend(rx.drain());
        }
    }
}

channel! {
    /// std's bounded channel.
    Std, "std", mpsc::SyncSender<usize>, mpsc::Receiver<usize>,
    new: |capacity| capacity.map(mpsc::sync_channel),
    try_recv: |rx: &mpsc::Receiver<usize>| rx.try_recv().ok(),
    clone: tx
}

channel! {
    /// std's unbounded channel.
    StdUnbounded, "std", mpsc::Sender<usize>, mpsc::Receiver<usize>,
    new: |capacity| capacity.is_none().then(mpsc::channel),
    try_recv: |rx: &mpsc::Receiver<usize>| rx.try_recv().ok(),
    clone: tx
}
