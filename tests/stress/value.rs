//! `Value`, `Pointer` and `Reader` under many threads: values are whole, none is used after its end, none stays behind, and
//! nobody sees them go back in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::thread;

use gosync::atomic::{Pointer, Value};

use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, join, rounds, start};

const THREADS: usize = 4;

/// Tells whether it is alive and whole, and counts those that are.
struct Whole<'a> {
    alive: &'a AtomicIsize,
    number: usize,
    /// On the heap, so that a value that is used after its end is found by the allocator, too.
    twice: Box<usize>,
}

impl<'a> Whole<'a> {
    fn new(alive: &'a AtomicIsize, number: usize) -> Whole<'a> {
        alive.fetch_add(1, Ordering::Relaxed);
        Whole { alive, number, twice: Box::new(2 * number) }
    }

    #[track_caller]
    fn check(&self) -> usize {
        assert_eq!(*self.twice, 2 * self.number);
        self.number
    }
}

impl Drop for Whole<'_> {
    fn drop(&mut self) {
        self.check();
        *self.twice = usize::MAX;
        self.number = 0;
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PartialEq for Whole<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.check() == other.check()
    }
}

#[test]
fn values_are_whole_and_go() {
    const VALUES: usize = 10_000;
    let _watchdog = Watchdog::new();
    for round in rounds(10, LIMIT) {
        let alive = &AtomicIsize::new(0);
        let v = &Value::new(Whole::new(alive, 1));
        thread::scope(|s| {
            join(start(s, THREADS, |thread| {
                let mut rng = Rng::new(round * THREADS + thread);
                move || {
                    let mut reader = v.reader();
                    let mut kept = Vec::new();
                    for n in 0..VALUES {
                        let new = || Whole::new(alive, n * THREADS + thread + 1);
                        match rng.below(8) {
                            0 => v.store(new()),
                            1 => assert!(v.swap(new()).is_some_and(|old| old.check() > 0)),
                            2 => {
                                let old = v.load().unwrap();
                                v.compare_and_swap(Some(&old), new());
                            }
                            3 => kept.extend(v.load()),
                            4 => kept.truncate(rng.below(8)),
                            5 => assert!(reader.get().is_some_and(|seen| seen.check() > 0)),
                            _ => assert!(v.load().is_some_and(|seen| seen.check() > 0)),
                        }
                        rng.pause();
                    }
                    kept.iter().for_each(|value| assert!(value.check() > 0));
                }
            }));
        });
        assert_eq!(alive.load(Ordering::Relaxed), 1, "all but the last have gone");
        v.swap(Whole::new(alive, 1));
        assert_eq!(alive.load(Ordering::Relaxed), 1);
    }
}

/// One thread counts up; the others see the numbers in order, through loads and readers alike.
#[test]
fn nobody_goes_back() {
    const VALUES: usize = 50_000;
    let _watchdog = Watchdog::new();
    let v = &Value::new(0);
    thread::scope(|s| {
        let watchers = start(s, THREADS - 1, |thread| {
            let mut rng = Rng::new(thread);
            move || {
                let (mut reader, mut last) = (v.reader(), 0);
                while last < VALUES {
                    let seen = if rng.one_in(2) { *v.load().unwrap() } else { **reader.get().unwrap() };
                    // A reader may lag behind the store, but not behind what its own thread has loaded.
                    assert!(seen >= last, "{last}, then {seen}");
                    last = seen;
                    rng.pause();
                }
            }
        });
        (1..=VALUES).for_each(|n| v.store(n));
        join(watchers);
    });
}

/// Additions by compare-and-swap: none is lost.
#[test]
fn additions() {
    const ADDITIONS: usize = 10_000;
    let _watchdog = Watchdog::new();
    let p = &Pointer::new(Some(Arc::new(0)));
    thread::scope(|s| {
        join(start(s, THREADS, |thread| {
            let mut rng = Rng::new(thread);
            move || {
                for _ in 0..ADDITIONS {
                    while {
                        let old = p.load().unwrap();
                        rng.pause();
                        let new = Arc::new(*old + 1);
                        !p.compare_and_swap(Some(&old), Some(new))
                    } {}
                }
            }
        }));
    });
    assert_eq!(p.load().as_deref(), Some(&(THREADS * ADDITIONS)));
}
