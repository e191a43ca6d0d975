//! The locks under test, behind one trait. To add one: a `lock!` at the end, and its name in [`visit`].

/// A lock around a number.
pub trait Lock: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// Whether a thread that waits lets others run. If not, it is a reference, and only where nobody waits.
    const SLEEPS: bool;

    /// Whether it is meant for those who need fairness more than speed, and so measured only where that is the question.
    const FAIR_ONLY: bool;

    /// A new lock, unlocked.
    fn new() -> Self;

    /// Does something under the lock.
    fn with<R>(&self, work: impl FnOnce(&mut u64) -> R) -> R;

    /// Does it if the lock is free.
    fn try_with<R>(&self, work: impl FnOnce(&mut u64) -> R) -> Option<R>;
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<L: Lock>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<Gosync>();
    visitor.visit::<Std>();
    visitor.visit::<ParkingLot012>();
    visitor.visit::<ParkingLot013>();
    visitor.visit::<ParkingLot013Fair>();
    visitor.visit::<Spin>();
}

macro_rules! lock {
    (
        $(#[$doc:meta])* $type:ident, $name:literal, $inner:ty,
        lock: |$mutex:ident| $lock:expr,
        try_lock: |$tried:ident| $try_lock:expr
        $(, sleeps: $sleeps:literal)? $(, fair_only: $fair_only:literal)?
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $type($inner);

        impl Lock for $type {
            const NAME: &'static str = $name;
            const SLEEPS: bool = true $(&& $sleeps)?;
            const FAIR_ONLY: bool = false $(|| $fair_only)?;

            #[inline(always)]
            fn new() -> $type {
                $type(<$inner>::new(0))
            }

            #[inline(always)]
            fn with<R>(&self, work: impl FnOnce(&mut u64) -> R) -> R {
                let $mutex = &self.0;
                let mut guard = $lock;
                work(&mut guard)
            }

            #[inline(always)]
            fn try_with<R>(&self, work: impl FnOnce(&mut u64) -> R) -> Option<R> {
                let $tried = &self.0;
                let mut guard = $try_lock?;
                Some(work(&mut guard))
            }
        }
    };
}

lock! {
    /// Ours.
    Gosync, "gosync", gosync::Mutex<u64>,
    lock: |mutex| mutex.lock(),
    try_lock: |mutex| mutex.try_lock()
}

lock! {
    /// std's.
    Std, "std", std::sync::Mutex<u64>,
    lock: |mutex| mutex.lock().expect("no panic"),
    try_lock: |mutex| mutex.try_lock().ok()
}

lock! {
    /// parking_lot 0.12's, which hands over to a waiter every now and then.
    ParkingLot012, "parking_lot-0.12", parking_lot_012::Mutex<u64>,
    lock: |mutex| mutex.lock(),
    try_lock: |mutex| mutex.try_lock()
}

lock! {
    /// parking_lot 0.13's, which never does.
    ParkingLot013, "parking_lot-0.13", parking_lot_013::Mutex<u64>,
    lock: |mutex| mutex.lock(),
    try_lock: |mutex| mutex.try_lock()
}

lock! {
    /// parking_lot 0.13's that always does.
    ParkingLot013Fair, "parking_lot-0.13-fair", parking_lot_013::FairMutex<u64>,
    lock: |mutex| mutex.lock(),
    try_lock: |mutex| mutex.try_lock(),
    fair_only: true
}

lock! {
    /// spin's.
    Spin, "spin", spin::Mutex<u64>,
    lock: |mutex| mutex.lock(),
    try_lock: |mutex| mutex.try_lock(),
    sleeps: false
}
