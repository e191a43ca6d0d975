//! The readers-writer locks under test, behind one trait. To add one: a `rw_lock!` at the end, and its name in [`visit`].

/// What kind of lock it is: only locks of a kind are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One word that all change.
    Plain,
    /// Many, one for each thread that reads.
    Sharded,
}

/// A readers-writer lock around a number.
pub trait RwLock: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// What it is compared with.
    const KIND: Kind;

    /// A new lock, unlocked.
    fn new() -> Self;

    /// Does something under the lock, as a reader.
    fn read<R>(&self, work: impl FnOnce(&u64) -> R) -> R;

    /// Does something under the lock, as a writer.
    fn write<R>(&self, work: impl FnOnce(&mut u64) -> R) -> R;
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<L: RwLock>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<Gosync>();
    visitor.visit::<Std>();
    visitor.visit::<ParkingLot012>();
    visitor.visit::<ParkingLot013>();
    visitor.visit::<GosyncSharded>();
    visitor.visit::<CrossbeamSharded>();
}

macro_rules! rw_lock {
    (
        $(#[$doc:meta])* $type:ident, $name:literal, $kind:ident, $inner:ty,
        read: |$reader:ident| $read:expr,
        write: |$writer:ident| $write:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $type($inner);

        impl RwLock for $type {
            const NAME: &'static str = $name;
            const KIND: Kind = Kind::$kind;

            #[inline(always)]
            fn new() -> $type {
                $type(<$inner>::new(0))
            }

            #[inline(always)]
            fn read<R>(&self, work: impl FnOnce(&u64) -> R) -> R {
                let $reader = &self.0;
                let guard = $read;
                work(&guard)
            }

            #[inline(always)]
            fn write<R>(&self, work: impl FnOnce(&mut u64) -> R) -> R {
                let $writer = &self.0;
                let mut guard = $write;
                work(&mut guard)
            }
        }
    };
}

rw_lock! {
    /// Ours.
    Gosync, "gosync", Plain, gosync::RwMutex<u64>,
    read: |mutex| mutex.read(),
    write: |mutex| mutex.write()
}

rw_lock! {
    /// std's.
    Std, "std", Plain, std::sync::RwLock<u64>,
    read: |lock| lock.read().expect("no panic"),
    write: |lock| lock.write().expect("no panic")
}

rw_lock! {
    /// parking_lot 0.12's, which hands over to a waiter every now and then.
    ParkingLot012, "parking_lot-0.12", Plain, parking_lot_012::RwLock<u64>,
    read: |lock| lock.read(),
    write: |lock| lock.write()
}

rw_lock! {
    /// parking_lot 0.13's.
    ParkingLot013, "parking_lot-0.13", Plain, parking_lot_013::RwLock<u64>,
    read: |lock| lock.read(),
    write: |lock| lock.write()
}

rw_lock! {
    /// Ours, sharded.
    GosyncSharded, "gosync", Sharded, gosync::ShardedRwMutex<u64>,
    read: |mutex| mutex.read(),
    write: |mutex| mutex.write()
}

rw_lock! {
    /// crossbeam's.
    CrossbeamSharded, "crossbeam", Sharded, crossbeam_utils::sync::ShardedLock<u64>,
    read: |lock| lock.read().expect("no panic"),
    write: |lock| lock.write().expect("no panic")
}
