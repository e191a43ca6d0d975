//! The condition variables under test, each with the mutex of its kind, behind one trait.

/// A number, a lock around it, and a condition variable that says that it has changed.
pub trait Monitor: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// A new one, at zero.
    fn new() -> Self;

    /// Waits until this is true of the number, and changes it then.
    fn await_and_change(&self, is_due: impl Fn(u64) -> bool, change: impl FnOnce(&mut u64));

    /// Changes the number.
    fn change(&self, change: impl FnOnce(&mut u64));

    /// Changes the number and wakes one who waits, under the lock.
    fn change_and_signal(&self, change: impl FnOnce(&mut u64));

    /// Wakes one who waits.
    fn signal(&self);

    /// Wakes all who wait.
    fn broadcast(&self);
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<M: Monitor>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<Gosync>();
    visitor.visit::<Std>();
    visitor.visit::<ParkingLot012>();
    visitor.visit::<ParkingLot013>();
}

macro_rules! monitor {
    (
        $(#[$doc:meta])* $type:ident, $name:literal, $mutex:ty, $cond:ty, $signal:ident, $broadcast:ident,
        lock: |$lock:ident| $locked:expr,
        wait: |$waited:ident, $guard:ident| $wait:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $type($mutex, $cond);

        impl Monitor for $type {
            const NAME: &'static str = $name;

            fn new() -> $type {
                $type(<$mutex>::new(0), <$cond>::new())
            }

            fn await_and_change(&self, is_due: impl Fn(u64) -> bool, change: impl FnOnce(&mut u64)) {
                let ($lock, $waited) = (&self.0, &self.1);
                #[allow(unused_mut, reason = "std's is passed on by value")]
                let mut $guard = $locked;
                while !is_due(*$guard) {
                    $wait;
                }
                change(&mut $guard);
            }

            #[inline(always)]
            fn change(&self, change: impl FnOnce(&mut u64)) {
                let $lock = &self.0;
                change(&mut $locked);
            }

            #[inline(always)]
            fn change_and_signal(&self, change: impl FnOnce(&mut u64)) {
                let $lock = &self.0;
                let mut guard = $locked;
                change(&mut guard);
                self.1.$signal();
            }

            #[inline(always)]
            fn signal(&self) {
                self.1.$signal();
            }

            #[inline(always)]
            fn broadcast(&self) {
                self.1.$broadcast();
            }
        }
    };
}

monitor! {
    /// Ours.
    Gosync, "gosync", gosync::Mutex<u64>, gosync::Cond, signal, broadcast,
    lock: |mutex| mutex.lock(),
    wait: |cond, guard| cond.wait(&mut guard)
}

monitor! {
    /// std's.
    Std, "std", std::sync::Mutex<u64>, std::sync::Condvar, notify_one, notify_all,
    lock: |mutex| mutex.lock().expect("no panic"),
    wait: |cond, guard| guard = cond.wait(guard).expect("no panic")
}

monitor! {
    /// parking_lot 0.12's.
    ParkingLot012, "parking_lot-0.12", parking_lot_012::Mutex<u64>, parking_lot_012::Condvar, notify_one, notify_all,
    lock: |mutex| mutex.lock(),
    wait: |cond, guard| cond.wait(&mut guard)
}

monitor! {
    /// parking_lot 0.13's.
    ParkingLot013, "parking_lot-0.13", parking_lot_013::Mutex<u64>, parking_lot_013::Condvar, notify_one, notify_all,
    lock: |mutex| mutex.lock(),
    wait: |cond, guard| cond.wait(&mut guard)
}
