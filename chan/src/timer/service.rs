//! The one thread that does what has to be done on time when nobody waits for it: it calls the functions of
//! [`after_func`](super::after_func).
//!
//! It runs only while there is something to come: the call that finds it missing starts it, and it leaves when it wakes up
//! and finds nothing. Alarms stand in a map, by the instant at which they are due and a number that tells them apart. The
//! thread starts those that are due, each on a thread of its own, and parks until the next one is.
//!
//! # Invariants, whenever the lock is free
//!
//! 1. An alarm's `key` is the one under which it stands in the map; `None`: it does not.
//! 2. If there is an alarm, there is a thread, or a caller knows from a panic that it could not be started. It is at work, or has a token, or is parked until the first alarm is due or
//!    an earlier instant.
//!
//! Whoever adds an alarm that is due before the thread wakes up keeps the second by a token; who removes one need not, because the thread then wakes up too
//! early, which is all right. The thread goes by what it finds under the lock, so it may also leave there.
//!
//! # In a bubble
//!
//! With feature `synctest`, an alarm that is made in a bubble is the bubble's, whose service has no thread: the keeper of the
//! bubble asks when the first alarm is due, and starts those that are. What the service holds is forgotten with the bubble.
//!
//! # Ordering
//!
//! Whoever sets an alarm does so under the lock, before the thread takes it out under the lock and starts the function's
//! thread: so it happens before the call (timer.arm-before-fire). A stop that comes too late is ordered after the alarm was
//! taken out, and not after anything that the function does (timer.stop-false-no-edge).

use std::collections::BTreeMap;
use std::time::Instant;

#[cfg(feature = "synctest")]
use gosync_atomic::__sys::bubble;
use gosync_atomic::__sys::thread::Builder;
use gosync_atomic::__sys::{
    Arc, Lock, Parker, ProcessWide, Unparker, UnsafeCell, const_fn, contained, has_passed, process_wide, run_aside,
    step,
};

/// When an alarm is due, and a number.
type Key = (Instant, u64);

/// A function that is to be called.
pub(super) struct Alarm {
    function: Box<dyn Fn() + Send + Sync>,
    /// It only wakes somebody: not worth a thread.
    is_brief: bool,
    /// Guarded by the service's lock.
    key: UnsafeCell<Option<Key>>,
    /// The bubble's.
    #[cfg(feature = "synctest")]
    service: Option<std::sync::Arc<Service>>,
}

// SAFETY: the key is touched only under the service's lock; the rest is shared as it is.
unsafe impl Send for Alarm {}
// SAFETY: as above.
unsafe impl Sync for Alarm {}

impl Alarm {
    pub(super) fn new(function: Box<dyn Fn() + Send + Sync>) -> Arc<Alarm> {
        Alarm::of(function, false)
    }

    /// One whose function is called on the service's own thread.
    pub(super) fn brief(function: Box<dyn Fn() + Send + Sync>) -> Arc<Alarm> {
        Alarm::of(function, true)
    }

    fn of(function: Box<dyn Fn() + Send + Sync>, is_brief: bool) -> Arc<Alarm> {
        Arc::new(Alarm {
            function,
            is_brief,
            key: UnsafeCell::new(None),
            #[cfg(feature = "synctest")]
            service: of_bubble(),
        })
    }

    /// # Safety
    ///
    /// The service's lock is held.
    unsafe fn replace_key(&self, key: Option<Key>) -> Option<Key> {
        // SAFETY: the lock is held, so nobody else touches the key.
        self.key.with_mut(|own| unsafe { std::mem::replace(&mut *own, key) })
    }
}

/// What the lock guards.
struct Alarms {
    map: BTreeMap<Key, Arc<Alarm>>,
    number: u64,
    /// How to wake the thread, if there is one.
    thread: Option<Unparker>,
    /// Until when it sleeps; `None`: it is going to look at the map.
    sleeps_until: Option<Instant>,
}

pub(super) struct Service {
    lock: Lock,
    alarms: UnsafeCell<Alarms>,
}

// SAFETY: the alarms are touched only under the lock.
unsafe impl Send for Service {}
// SAFETY: as above.
unsafe impl Sync for Service {}

/// What the thread has to do next.
enum Next {
    Start(Arc<Alarm>),
    Sleep(Instant),
    Leave,
}

/// What is to be done for the thread, after the lock was released.
enum Thread {
    IsFine,
    Wake(Unparker),
    Start(Parker),
}

process_wide! {
    fn shared() -> Service = Service::new()
}

impl Service {
    const_fn! {
        const fn new() -> Service {
            let alarms = Alarms { map: BTreeMap::new(), number: 0, thread: None, sleeps_until: None };
            Service { lock: Lock::new(), alarms: UnsafeCell::new(alarms) }
        }
    }

    /// Works on the alarms, under the lock.
    fn with<R>(&self, f: impl FnOnce(&mut Alarms) -> R) -> R {
        let _lock = self.lock.lock();
        // SAFETY: the lock is held, so nobody else touches the alarms.
        self.alarms.with_mut(|alarms| f(unsafe { &mut *alarms }))
    }
}

/// Sets an alarm; `None` is never. Whether it was set before, and not started.
///
/// # Panics
///
/// If the thread is missing and cannot be started; with Go's text, if the alarm is a bubble's and the caller is not in that one.
#[track_caller]
pub(super) fn set(alarm: &Arc<Alarm>, when: Option<Instant>) -> bool {
    #[cfg(feature = "synctest")]
    if let Some(service) = &alarm.service {
        return set_in_bubble(service, alarm, when);
    }
    let service = shared();
    let (before, thread) = service.with(|alarms| {
        let (before, key) = alarms.set(alarm, when);
        let thread = key.map_or(Thread::IsFine, |key| alarms.insert(key, alarm));
        (before, thread)
    });
    match thread {
        Thread::IsFine => {}
        Thread::Wake(thread) => step!("after-func.wake-thread", thread.unpark()),
        Thread::Start(parker) => {
            let own = shared();
            let thread = Builder::new().name("gosync timers".into()).spawn(move || run(own, &parker));
            if let Err(error) = thread {
                service.with(|alarms| alarms.thread = None);
                panic!("failed to start the thread for timers: {error}");
            }
        }
    }
    before.is_some()
}

impl Alarms {
    /// Takes an alarm out, and says where it is to be put in: the alarm, if it was there, and its new key.
    fn set(&mut self, alarm: &Alarm, when: Option<Instant>) -> (Option<Arc<Alarm>>, Option<Key>) {
        let key = when.map(|when| (when, self.number));
        self.number += 1;
        // SAFETY: the lock is held, for there is a `&mut self`.
        let before = unsafe { alarm.replace_key(key) };
        let before = before.and_then(|key| step!("after-func.remove", self.map.remove(&key), else None));
        (before, key)
    }

    fn insert(&mut self, key: Key, alarm: &Arc<Alarm>) -> Thread {
        self.map.insert(key, Arc::clone(alarm));
        match &self.thread {
            // It may sleep until one that was removed is due: so a timeout that is set and stopped, again and again, wakes
            // nobody.
            Some(thread) if self.sleeps_until.is_some_and(|until| key.0 < until) => {
                self.sleeps_until = None;
                Thread::Wake(thread.clone())
            }
            Some(_) => Thread::IsFine,
            None => {
                let parker = Parker::new();
                self.thread = Some(parker.unparker());
                Thread::Start(parker)
            }
        }
    }

    fn next(&mut self) -> Next {
        self.sleeps_until = None;
        let Some(entry) = self.map.first_entry() else {
            step!("after-func.leave", self.thread = None);
            return Next::Leave;
        };
        let (when, _) = *entry.key();
        if !has_passed(Some(when)) {
            self.sleeps_until = Some(when);
            return Next::Sleep(when);
        }
        let alarm = entry.remove();
        // SAFETY: the lock is held.
        unsafe { alarm.replace_key(None) };
        Next::Start(alarm)
    }
}

/// The service of the bubble that the caller is in.
#[cfg(feature = "synctest")]
fn of_bubble() -> Option<std::sync::Arc<Service>> {
    bubble::timers(|| std::sync::Arc::new(Service::new()))
}

#[cfg(feature = "synctest")]
#[track_caller]
fn set_in_bubble(service: &std::sync::Arc<Service>, alarm: &Arc<Alarm>, when: Option<Instant>) -> bool {
    // Nobody would look at the clock that this one goes by.
    let is_at_home = when.is_none() || of_bubble().is_some_and(|own| std::sync::Arc::ptr_eq(&own, service));
    assert!(is_at_home, "reset of synctest timer from outside bubble");
    let before = service.with(|alarms| {
        let (before, key) = alarms.set(alarm, when);
        alarms.map.extend(key.map(|key| (key, Arc::clone(alarm))));
        before
    });
    if has_passed(when) {
        // Also if nobody sleeps.
        bubble::timers_changed();
    }
    before.is_some()
}

#[cfg(feature = "synctest")]
impl bubble::Timers for Service {
    fn first(&self) -> Option<Instant> {
        self.with(|alarms| alarms.map.first_key_value().map(|(&(when, _), _)| when))
    }

    fn fire(&self) {
        while let Next::Start(alarm) = self.with(Alarms::next) {
            start(alarm);
        }
    }

    fn clear(&self) {
        // Dropped without the lock: they are a user's.
        let _forgotten = self.with(|alarms| {
            // SAFETY: the lock is held.
            alarms.map.values().for_each(|alarm| _ = unsafe { alarm.replace_key(None) });
            std::mem::take(&mut alarms.map)
        });
    }

    fn into_any(self: std::sync::Arc<Self>) -> std::sync::Arc<dyn std::any::Any + Send + Sync> {
        self
    }
}

/// The thread.
#[allow(clippy::needless_pass_by_value, reason = "counted in a model")]
fn run(service: ProcessWide<Service>, parker: &Parker) {
    loop {
        match service.with(Alarms::next) {
            Next::Start(alarm) => start(alarm),
            Next::Sleep(when) => {
                parker.park_until(Some(when));
            }
            Next::Leave => return,
        }
    }
}

/// Calls the function on a thread of its own; on this one if it is brief, or if there cannot be another.
fn start(alarm: Arc<Alarm>) {
    if alarm.is_brief {
        // A waker that panics has been reported; the service goes on. The function may go with its alarm.
        contained(move || (alarm.function)());
    } else {
        // Handed over, so that the function is never dropped here: that is a user's code, too.
        run_aside("gosync after_func", move || (alarm.function)());
    }
}
