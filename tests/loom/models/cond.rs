//! The condition variable: Go's rules. Who is woken is in `cond_line`, deadlines and misuse in `cond_timed`, tasks in
//! `cond_async`.

use std::time::{Duration, Instant};

use gosync::{Cond, JoinHandle, Mutex, RawMutex, RwMutex, go};
use gosync_atomic::__sys::control::{set_clock, stop_clock, wake_spuriously};
use loom::sync::Arc;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

pub(super) const SIGNAL: &str = "cond.signal-before-unblocked-wait";
pub(super) const BROADCAST: &str = "cond.broadcast-before-unblocked-wait";
pub(super) const UNLOCK: &str = "cond.wait-is-unlock-then-lock";
const SPURIOUS: &str = "cond.no-spurious";
const LOST: &str = "cond.signal-without-waiter-is-lost";

/// Where a model says that nobody is in line any more.
pub(super) const NOBODY: &str = "Cond { waited_for: false }";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(SIGNAL, "one waiter", || {
            edge(&[Hall::new()], true, |cond| {
                cond.signal();
            })
        })
        .bound(4)
        .witnesses(&["they wait"])
        .reaches(&["sleeper.wake"]),
        holds(SIGNAL, "two waiters", || {
            edge(&Hall::pair(), true, |cond| {
                cond.signal();
                cond.signal();
            });
        })
        .bound(2)
        .witnesses(&["they wait"])
        .reaches(&["sleeper.wake"]),
        fails(SIGNAL, "write after the signal", Verdict::Race, || {
            edge(&[Hall::new()], false, |cond| {
                cond.signal();
            })
        })
        .bound(3),
        holds(BROADCAST, "one waiter", || {
            edge(&[Hall::new()], true, |cond| {
                cond.broadcast();
            })
        })
        .bound(4)
        .witnesses(&["they wait"])
        .reaches(&["sleeper.wake-alone"]),
        holds(BROADCAST, "two waiters", || {
            edge(&Hall::pair(), true, |cond| {
                cond.broadcast();
            })
        })
        .bound(2)
        .witnesses(&["they wait"])
        .reaches(&["sleeper.wake-alone", "cond.wake-gate"]),
        fails(BROADCAST, "write after the broadcast", Verdict::Race, || {
            edge(&[Hall::new()], false, |cond| {
                cond.broadcast();
            })
        })
        .bound(3),
        holds(UNLOCK, "a flag", || {
            let (d, hall) = (Plain::new(), Hall::new());
            let waiter = Hall::waits_while(&hall, &d);
            tells(&d, &hall, || {});
            hall.cond.signal();
            waiter.join().unwrap();
            assert_eq!(d.read(), 3);
        })
        .reaches(&["sleeper.wake", "cond.wake-one"]),
        holds(UNLOCK, "a flag, under the lock", || {
            let (d, hall) = (Plain::new(), Hall::new());
            let waiter = Hall::waits_while(&hall, &d);
            tells(&d, &hall, || {
                hall.cond.signal();
            });
            waiter.join().unwrap();
            assert_eq!(d.read(), 3);
        })
        .bound(4)
        .reaches(&["sleeper.wake", "cond.wake-one"]),
        holds(UNLOCK, "a flag, two waiters", || {
            let (d, hall) = (Plain::new(), Hall::new());
            let waiters = [Hall::waits_while(&hall, &d), Hall::waits_while(&hall, &d)];
            tells(&d, &hall, || {});
            hall.cond.broadcast();
            waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
            assert_eq!(d.read(), 5);
        })
        .bound(2)
        .reaches(&["sleeper.wake-alone", "cond.wake-all", "cond.wake-gate", "sleeper.not-beside"]),
        holds(UNLOCK, "a flag, RawMutex", || {
            let d = Plain::new();
            let shared = Arc::new((RawMutex::new(), Cond::new()));
            let waiter = go({
                let (d, shared) = (d.clone(), Arc::clone(&shared));
                move || {
                    shared.0.lock();
                    while d.read() == 0 {
                        shared.1.wait(&mut &shared.0);
                    }
                    shared.0.unlock();
                }
            });
            shared.0.lock();
            d.write(1);
            shared.0.unlock();
            shared.1.signal();
            waiter.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
        holds(UNLOCK, "a flag, RwMutex", || {
            let shared = Arc::new((RwMutex::new(false), Cond::new()));
            let waiter = go({
                let shared = Arc::clone(&shared);
                move || shared.1.wait_while(&mut shared.0.write(), |told| !*told)
            });
            *shared.0.write() = true;
            shared.1.signal();
            waiter.join().unwrap();
        })
        .bound(4)
        .reaches(&["sleeper.wake"]),
        fails(UNLOCK, "unlocked before it waits", Verdict::Deadlock, || {
            let hall = Hall::new();
            let waiter = go({
                let hall = Arc::clone(&hall);
                move || {
                    if !hall.state.lock().told {
                        // Another lock: the wait is not in one step with the look.
                        hall.cond.wait(&mut Mutex::new(()).lock());
                    }
                }
            });
            hall.state.lock().told = true;
            hall.cond.signal();
            waiter.join().unwrap();
        }),
        fails(UNLOCK, "touched while it waits", Verdict::Race, || {
            let (d, hall) = (Plain::new(), Hall::new());
            let waiter = Hall::waits_while(&hall, &d);
            d.increment();
            hall.tell();
            hall.cond.signal();
            waiter.join().unwrap();
        }),
        holds(SPURIOUS, "signal", || {
            let hall = Hall::new();
            let waiter = Hall::waits_until_told(&hall);
            wake_spuriously();
            hall.tell();
            hall.cond.signal();
            waiter.join().unwrap();
        })
        .bound(4)
        .reaches(&["sleeper.wake"]),
        holds(SPURIOUS, "broadcast, two waiters", || {
            let hall = Hall::new();
            let waiters = [Hall::waits_until_told(&hall), Hall::waits_until_told(&hall)];
            wake_spuriously();
            hall.tell();
            hall.cond.broadcast();
            waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        })
        .bound(2)
        .reaches(&["sleeper.wake-alone", "cond.wake-gate"]),
        holds("gosync.no-spurious-return", "cond", || {
            let (d, hall) = (Plain::new(), Hall::new());
            let waiter = Hall::waits_while(&hall, &d);
            wake_spuriously();
            hall.tell();
            hall.cond.signal();
            waiter.join().unwrap();
        })
        .bound(4)
        .reaches(&["sleeper.wake"]),
        holds(LOST, "before the wait", || {
            let (hall, deadline) = (Hall::new(), stopped_clock());
            hall.cond.signal();
            hall.cond.broadcast();
            let waiter = go({
                let hall = Arc::clone(&hall);
                move || assert!(!hall.cond.wait_deadline(&mut hall.state.lock(), deadline), "nobody signals")
            });
            set_clock(deadline);
            waiter.join().unwrap();
            assert_eq!(format!("{:?}", &*hall.cond), NOBODY);
        }),
        fails(LOST, "it would have to be remembered", Verdict::Deadlock, || {
            let hall = Hall::new();
            let waiter = go({
                let hall = Arc::clone(&hall);
                move || hall.cond.wait(&mut hall.state.lock())
            });
            hall.cond.signal();
            waiter.join().unwrap();
        }),
        holds(SPURIOUS, "as many returns as calls", || {
            // Waits twice; some of the calls find nobody.
            let hall = Hall::new();
            let waiter = go({
                let hall = Arc::clone(&hall);
                move || usize::from(hall.wait_once()) + usize::from(hall.wait_once())
            });
            let mut called = usize::from(hall.cond.signal()) + hall.cond.broadcast();
            hall.tell();
            called += hall.cond.broadcast();
            witness(["none", "one", "two"][called]);
            assert_eq!(waiter.join().unwrap(), called);
            assert_eq!(format!("{:?}", &*hall.cond), NOBODY);
        })
        .bound(4)
        .witnesses(&["none", "one", "two"]),
    ]
}

/// What waiters wait for, and how many do.
pub(super) struct Hall {
    pub(super) state: Mutex<State>,
    pub(super) cond: Arc<Cond>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) waiting: usize,
    pub(super) called: bool,
    pub(super) told: bool,
}

impl Hall {
    pub(super) fn new() -> Arc<Hall> {
        Hall::with(Arc::new(Cond::new()))
    }

    /// Two with one condition variable and a lock each: fewer executions than with one lock, and as good.
    pub(super) fn pair() -> [Arc<Hall>; 2] {
        let first = Hall::new();
        let second = Hall::with(Arc::clone(&first.cond));
        [first, second]
    }

    fn with(cond: Arc<Cond>) -> Arc<Hall> {
        Arc::new(Hall { state: Mutex::default(), cond })
    }

    /// Waits once, unless it is called already; whether it did. No loop: nothing else ends a wait.
    pub(super) fn wait_for_call(&self) -> bool {
        let mut state = self.state.lock();
        if state.called {
            return false;
        }
        state.waiting += 1;
        self.cond.wait(&mut state);
        true
    }

    /// Whether so many have begun to wait for the call.
    pub(super) fn all_wait(&self, n: usize) -> bool {
        self.state.lock().waiting == n
    }

    /// Waits once, unless it is told already; whether it did.
    pub(super) fn wait_once(&self) -> bool {
        let mut state = self.state.lock();
        let waits = !state.told;
        if waits {
            self.cond.wait(&mut state);
        }
        waits
    }

    /// As that, and it is told when the wait is over.
    pub(super) fn wait_until_told(&self) {
        let mut state = self.state.lock();
        if !state.told {
            state.waiting += 1;
            self.cond.wait(&mut state);
            assert!(state.told, "woken for no reason");
        }
    }

    pub(super) fn tell(&self) {
        self.state.lock().told = true;
    }

    pub(super) fn waits_until_told(hall: &Arc<Hall>) -> JoinHandle<()> {
        let hall = Arc::clone(hall);
        go(move || hall.wait_until_told())
    }

    /// Waits with a deadline; how often it was woken.
    pub(super) fn waits_until(hall: &Arc<Hall>, deadline: Instant) -> JoinHandle<usize> {
        let hall = Arc::clone(hall);
        go(move || usize::from(hall.cond.wait_deadline(&mut hall.state.lock(), deadline)))
    }

    /// Waits until it is told, in a loop; touches `d` before and after, under the lock.
    fn waits_while(hall: &Arc<Hall>, d: &Plain) -> JoinHandle<()> {
        let (hall, d) = (Arc::clone(hall), d.clone());
        go(move || {
            let mut state = hall.state.lock();
            d.increment();
            hall.cond.wait_while(&mut state, |state| !state.told);
            d.increment();
        })
    }
}

/// Waiters with a lock each are called, without a lock, and see what was written before (or not).
fn edge(halls: &[Arc<Hall>], before: bool, call: impl Fn(&Cond)) {
    let d = Plain::new();
    let waiting: Vec<_> = halls
        .iter()
        .map(|hall| {
            let (d, hall) = (d.clone(), Arc::clone(hall));
            go(move || {
                if hall.wait_for_call() {
                    assert_eq!(d.read(), 1);
                }
            })
        })
        .collect();
    if halls.iter().all(|hall| hall.all_wait(1)) {
        witness("they wait");
        if before {
            d.write(1);
        }
        call(&halls[0].cond);
        if !before {
            d.write(1);
        }
    } else {
        d.write(1);
        release(halls);
    }
    waiting.into_iter().for_each(|waiter| waiter.join().unwrap());
}

/// Calls whoever waits, or comes later.
pub(super) fn release(halls: &[Arc<Hall>]) {
    halls.iter().for_each(|hall| {
        let mut state = hall.state.lock();
        (state.called, state.told) = (true, true);
    });
    halls[0].cond.broadcast();
}

/// Tells, and touches `d`, under the lock; and this too.
fn tells(d: &Plain, hall: &Hall, this: impl FnOnce()) {
    let mut state = hall.state.lock();
    d.increment();
    state.told = true;
    this();
}

/// The clock stands still; what it will show when it is set.
pub(super) fn stopped_clock() -> Instant {
    stop_clock();
    Instant::now() + Duration::from_secs(3600)
}
