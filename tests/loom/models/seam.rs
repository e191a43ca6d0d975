//! The parts of the seam that have an algorithm: the lock, the parker, and the futex model itself.

use gosync::go;
use gosync_atomic::__sys::control::{expire_deadlines, wake_spuriously};
use gosync_atomic::__sys::{Futex, Parker, RawLock, ord};
use loom::sync::Arc;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const LOCK: &str = "gosync.lock";
/// Somebody dozes, and is told when the lock is free.
const DOZES: &[&str] = &["lock.retake", "lock.doze", "lock.release-and-wake"];
const PARKER: &str = "gosync.parker";
const FUTEX: &str = "gosync.futex-model";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(LOCK, "two threads, twice", || lock(2, 2)).bound(4).reaches(DOZES),
        holds(LOCK, "three threads", || lock(3, 1)).bound(3).reaches(DOZES),
        holds(LOCK, "four threads", || lock(4, 1)).bound(1).reaches(DOZES),
        holds(LOCK, "a try", || {
            // One that fails has met the other one's section.
            let (d, lock) = (Plain::new(), Arc::new(RawLock::new()));
            let other = go({
                let (d, lock) = (d.clone(), Arc::clone(&lock));
                move || tries(&lock, &d)
            });
            let mine = tries(&lock, &d);
            let theirs = other.join().unwrap();
            witness(if mine && theirs { "one after the other" } else { "one was in the way" });
            assert_eq!(d.read(), usize::from(mine) + usize::from(theirs));
            assert!(mine || theirs);
        })
        .witnesses(&["one after the other", "one was in the way"]),
        fails(LOCK, "no lock", Verdict::Race, || {
            let d = Plain::new();
            let other = go({
                let d = d.clone();
                move || d.increment()
            });
            d.increment();
            other.join().unwrap();
        }),
        holds(PARKER, "unpark before the end of park", || {
            let (d, parker) = (Plain::new(), Parker::new());
            let unparker = parker.unparker();
            let other = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    unparker.unpark();
                }
            });
            parker.park();
            assert_eq!(d.read(), 1);
            other.join().unwrap();
        })
        .reaches(&["parker.wake"]),
        fails(PARKER, "write after unpark", Verdict::Race, || {
            let (d, parker) = (Plain::new(), Parker::new());
            let unparker = parker.unparker();
            let other = go({
                let d = d.clone();
                move || {
                    unparker.unpark();
                    d.write(1);
                }
            });
            parker.park();
            d.read();
            other.join().unwrap();
        }),
        holds(PARKER, "two tokens, two parks", || {
            // The second unpark comes after the first park, so its token is another one.
            let (d, parker) = (Plain::new(), Parker::new());
            let (unparker, answer) = (parker.unparker(), Parker::new());
            let asked = answer.unparker();
            let other = go({
                let d = d.clone();
                move || {
                    unparker.unpark();
                    answer.park();
                    d.write(2);
                    unparker.unpark();
                }
            });
            parker.park();
            d.write(1);
            asked.unpark();
            parker.park();
            assert_eq!(d.read(), 2);
            other.join().unwrap();
        })
        .bound(3)
        .reaches(&["parker.wake"]),
        holds(PARKER, "deadline", || {
            // A token is taken in time or stays for the next park.
            let (d, parker) = (Plain::new(), Parker::new());
            let unparker = parker.unparker();
            let owner = go({
                let d = d.clone();
                move || {
                    let soon = std::time::Instant::now();
                    if parker.park_until(Some(soon)) {
                        witness("in time");
                    } else {
                        witness("too late");
                        parker.park();
                    }
                    assert_eq!(d.read(), 1);
                }
            });
            expire_deadlines();
            d.write(1);
            unparker.unpark();
            owner.join().unwrap();
        })
        .witnesses(&["in time", "too late"])
        .reaches(&["parker.wake"]),
        holds("gosync.no-spurious-return", "park", || {
            let (d, parker) = (Plain::new(), Parker::new());
            let unparker = parker.unparker();
            let owner = go({
                let d = d.clone();
                move || {
                    parker.park();
                    assert_eq!(d.read(), 1);
                }
            });
            wake_spuriously();
            d.write(1);
            unparker.unpark();
            owner.join().unwrap();
        })
        .reaches(&["parker.wake"]),
        holds(FUTEX, "wake after change", || futex(true)).witnesses(&["slept", "did not sleep"]),
        fails(FUTEX, "no wake", Verdict::Deadlock, || futex(false)),
    ]
}

fn section(lock: &RawLock, d: &Plain) {
    lock.lock();
    d.increment();
    // SAFETY: taken above.
    unsafe { lock.unlock() }
}

/// A section, if nobody else is in one.
fn tries(lock: &RawLock, d: &Plain) -> bool {
    let succeeds = lock.try_lock();
    if succeeds {
        d.increment();
        // SAFETY: taken above.
        unsafe { lock.unlock() }
    }
    succeeds
}

fn lock(threads: usize, rounds: usize) {
    let (d, lock) = (Plain::new(), Arc::new(RawLock::new()));
    let rounds_of = move |lock: &RawLock, d: &Plain| (0..rounds).for_each(|_| section(lock, d));
    let others: Vec<_> = (1..threads)
        .map(|_| {
            let (d, lock) = (d.clone(), Arc::clone(&lock));
            go(move || rounds_of(&lock, &d))
        })
        .collect();
    rounds_of(&lock, &d);
    others.into_iter().for_each(|other| other.join().unwrap());
    assert_eq!(d.read(), threads * rounds);
}

/// The bare futex: the word is changed, then its sleeper is woken.
fn futex(wake: bool) {
    let futex = Arc::new(Futex::new(0));
    let waker = futex.waker();
    let other = go({
        let futex = Arc::clone(&futex);
        move || {
            futex.swap(1, ord!("model.futex.change", Relaxed));
            if wake {
                waker.wake_one();
            }
        }
    });
    let mut slept = false;
    while futex.load(ord!("model.futex.look", Relaxed)) == 0 {
        futex.wait(0);
        slept = true;
    }
    witness(if slept { "slept" } else { "did not sleep" });
    other.join().unwrap();
}
