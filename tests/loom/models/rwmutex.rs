//! The readers-writer mutex: Go's rules. `rwmutex_phases` has phases, downgrades and deadlines.

use std::time::Instant;

use gosync::{JoinHandle, Mutex, RawRwMutex, RwMutex, go};
use gosync_atomic::__sys::control::wake_spuriously;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

pub(super) const WRITERS: &str = "rw.n-unlock-before-m-lock";
pub(super) const READER: &str = "rw.unlock-before-rlock";
pub(super) const NEXT: &str = "rw.runlock-before-next-lock";
const TRY: &str = "rw.try";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(WRITERS, "two writers, twice", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 2);
            (0..2).for_each(|_| *mutex.write() += 1);
            other.join().unwrap();
            assert_eq!(*mutex.write(), 4);
        })
        .bound(4)
        .reaches(&["sleeper.wake", "rw.claim", "rw.advance"]),
        holds(WRITERS, "three writers", || {
            let mutex = Arc::new(RwMutex::new(0));
            let others = [increments(&mutex, 1), increments(&mutex, 1)];
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(*mutex.write(), 3);
        })
        .bound(2)
        .reaches(&["sleeper.wake", "rw.end.next", "rw.advance"]),
        holds(WRITERS, "the writers' lock is handed on", || {
            // A writer that came by way of the line leaves by `advance`, because a reader waits.
            let mutex = Arc::new(RwMutex::new(0));
            let guard = mutex.write();
            let others = [increments(&mutex, 1), reads(&mutex)];
            drop(guard);
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(*mutex.write(), 2);
        })
        .bound(2)
        .mutants_at(2)
        .reaches(&["rw.advance.next"]),
        holds(WRITERS, "message", || {
            // Unlocked by another thread than the one that has locked.
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            mutex.lock();
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    d.write(1);
                    mutex.unlock();
                }
            });
            mutex.lock();
            assert_eq!(d.read(), 1);
            mutex.unlock();
            other.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
        fails(WRITERS, "outside the sections", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let section = |d: &Plain, mutex: &RawRwMutex| {
                mutex.lock();
                mutex.unlock();
                d.increment();
            };
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || section(&d, &mutex)
            });
            section(&d, &mutex);
            other.join().unwrap();
        }),
        fails(WRITERS, "a Mutex and an RwMutex", Verdict::Race, || {
            let (d, mutex, rw) = (Plain::new(), Arc::new(Mutex::new(())), Arc::new(RwMutex::new(())));
            let other = go({
                let d = d.clone();
                move || {
                    let _guard = mutex.lock();
                    d.increment();
                }
            });
            {
                let _guard = rw.write();
                d.increment();
            }
            other.join().unwrap();
        }),
        holds(READER, "one reader", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 1);
            witness(if *mutex.read() == 0 { "before" } else { "after" });
            other.join().unwrap();
        })
        .witnesses(&["before", "after"])
        .reaches(&["sleeper.wake"]),
        holds(READER, "two readers", || {
            let mutex = Arc::new(RwMutex::new(0));
            let others = [reads(&mutex), reads(&mutex)];
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(3)
        .mutants_at(3)
        .reaches(&["sleeper.wake", "rw.advance", "rw.retract"]),
        holds(READER, "one in line and one that comes later", || {
            // An unlock without a guard, which is no more than the step that lets the first one in.
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            mutex.lock();
            let others = [(); 2].map(|()| {
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                go(move || {
                    mutex.rlock();
                    assert_eq!(d.read(), 1);
                    mutex.runlock();
                })
            });
            d.write(1);
            mutex.unlock();
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(2)
        .reaches(&["rw.advance", "rw.enter"]),
        holds(READER, "what came before the section", || {
            let (d, flag) = (Plain::new(), Arc::new(RwMutex::new(false)));
            let other = go({
                let (d, flag) = (d.clone(), Arc::clone(&flag));
                move || {
                    d.write(1);
                    *flag.write() = true;
                }
            });
            if *flag.read() {
                witness("flag seen");
                assert_eq!(d.read(), 1);
            }
            other.join().unwrap();
        })
        .witnesses(&["flag seen"])
        .reaches(&["sleeper.wake"]),
        fails(READER, "without the lock", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    mutex.lock();
                    d.write(1);
                    mutex.unlock();
                }
            });
            d.read();
            other.join().unwrap();
        }),
        holds(NEXT, "one reader", || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    mutex.rlock();
                    witness(if d.read() == 0 { "before" } else { "after" });
                    mutex.runlock();
                }
            });
            mutex.lock();
            d.write(1);
            mutex.unlock();
            other.join().unwrap();
        })
        .witnesses(&["before", "after"])
        .reaches(&["rw.read-unlock", "sleeper.wake"]),
        holds(NEXT, "two readers", || {
            // Of both, whichever of them is the last and hands the lock over.
            let mutex = Arc::new(RwMutex::new(0));
            let others = [reads(&mutex), reads(&mutex)];
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(3)
        .reaches(&["rw.read-release", "sleeper.wake"]),
        holds(NEXT, "what came before the section's end", || {
            let (d, mutex) = (Plain::new(), Arc::new(RwMutex::new(())));
            let read = Arc::new(AtomicBool::new(false));
            let other = go({
                let (d, mutex, read) = (d.clone(), Arc::clone(&mutex), Arc::clone(&read));
                move || {
                    d.write(1);
                    let guard = mutex.read();
                    read.store(true, Relaxed);
                    drop(guard);
                }
            });
            drop(mutex.write());
            if read.load(Relaxed) && mutex.try_write().is_some() {
                witness("seen");
                assert_eq!(d.read(), 1);
            }
            other.join().unwrap();
        })
        .bound(4)
        .witnesses(&["seen"]),
        fails(NEXT, "read after the unlock", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RwMutex::new(())));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    drop(mutex.read());
                    d.read();
                }
            });
            {
                let _guard = mutex.write();
                d.write(1);
            }
            other.join().unwrap();
        }),
        fails("rw.readers-mutually-unordered", "a reader that writes", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RwMutex::new(())));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    let _guard = mutex.read();
                    d.write(1);
                }
            });
            {
                let _guard = mutex.read();
                d.read();
            }
            other.join().unwrap();
        }),
        holds(TRY, "try_read", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 1);
            match mutex.try_read() {
                Some(value) => witness(if *value == 0 { "before" } else { "after" }),
                None => witness("locked"),
            }
            other.join().unwrap();
        })
        .witnesses(&["before", "after", "locked"]),
        holds(TRY, "try_write", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = go({
                let mutex = Arc::clone(&mutex);
                move || *mutex.read()
            });
            match mutex.try_write() {
                Some(mut value) => {
                    witness("succeeded");
                    *value += 1;
                }
                None => witness("locked"),
            }
            witness(if other.join().unwrap() == 0 { "before" } else { "after" });
        })
        .witnesses(&["succeeded", "locked", "before", "after"]),
        holds(TRY, "with a deadline", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 1);
            *mutex.write_deadline(Instant::now()).expect("this deadline never passes") += 1;
            assert!(*mutex.read_deadline(Instant::now()).expect("this deadline never passes") >= 1);
            other.join().unwrap();
            assert_eq!(*mutex.read(), 2);
        })
        .bound(4)
        .reaches(&["sleeper.wake"]),
        holds(TRY, "after being told", || {
            // One that is known to be unlocked can be locked: a try fails for no other reason.
            let (mutex, told) = (Arc::new(RawRwMutex::new()), Arc::new(AtomicBool::new(false)));
            let other = go({
                let (mutex, told) = (Arc::clone(&mutex), Arc::clone(&told));
                move || {
                    mutex.rlock();
                    mutex.runlock();
                    mutex.lock();
                    mutex.unlock();
                    told.store(true, loom::sync::atomic::Ordering::Release);
                }
            });
            if told.load(loom::sync::atomic::Ordering::Acquire) {
                witness("told");
                assert!(mutex.try_rlock());
                mutex.runlock();
                assert!(mutex.try_lock());
            }
            other.join().unwrap();
        })
        .witnesses(&["told"]),
        fails(TRY, "read after a failed try_read", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let other = writes(&d, &mutex);
            if mutex.try_rlock() {
                mutex.runlock();
            } else {
                d.read();
            }
            other.join().unwrap();
        }),
        fails(TRY, "read after a failed try_write", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let other = writes(&d, &mutex);
            if mutex.try_lock() {
                mutex.unlock();
            } else {
                d.read();
            }
            other.join().unwrap();
        }),
        holds("gosync.no-spurious-return", "rwmutex", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 1);
            wake_spuriously();
            *mutex.write() += 1;
            assert!(*mutex.read() >= 1);
            other.join().unwrap();
            assert_eq!(*mutex.read(), 2);
        })
        .bound(4)
        .reaches(&["sleeper.wake"]),
    ]
}

pub(super) const FREE: &str = "RawRwMutex { writer: false, readers: 0, pending: false, waiting: false }";

pub(super) fn is(mutex: &RawRwMutex, what: &str) -> bool {
    format!("{mutex:?}").contains(what)
}

pub(super) fn increments(mutex: &Arc<RwMutex<usize>>, times: usize) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || (0..times).for_each(|_| *mutex.write() += 1))
}

pub(super) fn reads(mutex: &Arc<RwMutex<usize>>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || assert!(*mutex.read() < 5))
}

/// Writes under the lock.
fn writes(d: &Plain, mutex: &Arc<RawRwMutex>) -> JoinHandle<()> {
    let (d, mutex) = (d.clone(), Arc::clone(mutex));
    go(move || {
        mutex.lock();
        d.write(1);
        mutex.unlock();
    })
}
