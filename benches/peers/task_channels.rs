//! The channels of tasks under test, behind one trait. To add one: implement [`TaskChannel`], and name it in [`visit`].

use std::future::Future;

/// A channel of `usize` whose ends wait as futures. Its handles are used by `&mut`, since some allow no more.
pub trait TaskChannel: 'static {
    /// The name in the reports. Types that never run in the same scenario may share one.
    const NAME: &'static str;
    /// The sending handle.
    type Tx: Send + 'static;
    /// The receiving handle.
    type Rx: Send + 'static;

    /// A channel of the given capacity, `None` being unbounded; or nothing, if this type has no such channel.
    fn channel(capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)>;

    /// Sends; `false` if nobody is left to receive.
    fn send(tx: &mut Self::Tx, value: usize) -> impl Future<Output = bool> + Send;

    /// Receives, until nobody is left to send.
    fn recv(rx: &mut Self::Rx) -> impl Future<Output = Option<usize>> + Send;

    /// Whether a receive that is dropped before it is done loses nothing, so that [`recv_any`](TaskChannel::recv_any) can
    /// be used.
    const SELECTS: bool = true;

    /// Receives from whichever has something: by the select that most tasks use, unless there is a better one.
    fn recv_any([a, b, c, d]: &mut [Self::Rx; 4]) -> impl Future<Output = Option<usize>> + Send {
        async {
            tokio::select! {
                value = Self::recv(a) => value,
                value = Self::recv(b) => value,
                value = Self::recv(c) => value,
                value = Self::recv(d) => value,
            }
        }
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
    fn visit<C: TaskChannel>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<Gosync>();
    visitor.visit::<Tokio>();
    visitor.visit::<TokioUnbounded>();
    visitor.visit::<Flume>();
    visitor.visit::<Kanal>();
    visitor.visit::<AsyncChannel>();
    visitor.visit::<Crossfire>();
    visitor.visit::<CrossfireUnbounded>();
}

macro_rules! channel {
    (
        $(#[$doc:meta])* $type:ident, $name:literal, $tx:ty, $rx:ty,
        new: $new:expr,
        send: |$sender:ident, $value:ident| $send:expr,
        recv: |$receiver:ident| $recv:expr,
        clone: $($clone:ident)*
        $(, more: { $($more:item)* })?
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $type;

        impl TaskChannel for $type {
            const NAME: &'static str = $name;
            type Tx = $tx;
            type Rx = $rx;

            fn channel(capacity: Option<usize>) -> Option<($tx, $rx)> {
                let new: fn(Option<usize>) -> Option<($tx, $rx)> = $new;
                new(capacity)
            }

            #[inline(always)]
            async fn send($sender: &mut $tx, $value: usize) -> bool {
                $send
            }

            #[inline(always)]
            async fn recv($receiver: &mut $rx) -> Option<usize> {
                $recv
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
    send: |tx, value| tx.send_async(value).await.is_ok(),
    recv: |rx| rx.recv_async().await.ok(),
    clone: tx rx,
    more: {
        #[inline(always)]
        async fn recv_any([a, b, c, d]: &mut [Self::Rx; 4]) -> Option<usize> {
            gosync::select_async! {
                recv(a) -> value => value.ok(),
                recv(b) -> value => value.ok(),
                recv(c) -> value => value.ok(),
                recv(d) -> value => value.ok(),
            }
        }
    }
}

channel! {
    /// tokio's, many to one, with a buffer; it has no capacity 0.
    Tokio, "tokio", tokio::sync::mpsc::Sender<usize>, tokio::sync::mpsc::Receiver<usize>,
    new: |capacity| capacity.filter(|&n| n > 0).map(tokio::sync::mpsc::channel),
    send: |tx, value| tx.send(value).await.is_ok(),
    recv: |rx| rx.recv().await,
    clone: tx
}

channel! {
    /// tokio's, many to one, unbounded.
    TokioUnbounded, "tokio", tokio::sync::mpsc::UnboundedSender<usize>, tokio::sync::mpsc::UnboundedReceiver<usize>,
    new: |capacity| capacity.is_none().then(tokio::sync::mpsc::unbounded_channel),
    send: |tx, value| tx.send(value).is_ok(),
    recv: |rx| rx.recv().await,
    clone: tx
}

channel! {
    /// flume.
    Flume, "flume", flume::Sender<usize>, flume::Receiver<usize>,
    new: |capacity| Some(match capacity {
        Some(n) => flume::bounded(n),
        None => flume::unbounded(),
    }),
    send: |tx, value| tx.send_async(value).await.is_ok(),
    recv: |rx| rx.recv_async().await.ok(),
    clone: tx rx
}

channel! {
    /// kanal.
    Kanal, "kanal", kanal::AsyncSender<usize>, kanal::AsyncReceiver<usize>,
    new: |capacity| Some(match capacity {
        Some(n) => kanal::bounded_async(n),
        None => kanal::unbounded_async(),
    }),
    send: |tx, value| tx.send(value).await.is_ok(),
    recv: |rx| rx.recv().await.ok(),
    clone: tx rx,
    more: {
        // A value that is on its way to a future that loses is lost with it.
        const SELECTS: bool = false;
    }
}

channel! {
    /// async-channel; it has no capacity 0.
    AsyncChannel, "async-channel", async_channel::Sender<usize>, async_channel::Receiver<usize>,
    new: |capacity| match capacity {
        Some(0) => None,
        Some(n) => Some(async_channel::bounded(n)),
        None => Some(async_channel::unbounded()),
    },
    send: |tx, value| tx.send(value).await.is_ok(),
    recv: |rx| rx.recv().await.ok(),
    clone: tx rx
}

channel! {
    /// crossfire, many to many; it has no capacity 0.
    Crossfire, "crossfire",
    crossfire::MAsyncTx<crossfire::mpmc::Array<usize>>, crossfire::MAsyncRx<crossfire::mpmc::Array<usize>>,
    new: |capacity| capacity.filter(|&n| n > 0).map(crossfire::mpmc::bounded_async),
    send: |tx, value| tx.send(value).await.is_ok(),
    recv: |rx| rx.recv().await.ok(),
    clone: tx rx
}

channel! {
    /// crossfire, many to many, unbounded.
    CrossfireUnbounded, "crossfire",
    crossfire::MTx<crossfire::mpmc::List<usize>>, crossfire::MAsyncRx<crossfire::mpmc::List<usize>>,
    new: |capacity| capacity.is_none().then(crossfire::mpmc::unbounded_async),
    send: |tx, value| tx.send(value).is_ok(),
    recv: |rx| rx.recv().await.ok(),
    clone: tx rx
}
