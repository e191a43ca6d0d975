//! `Stack`, `Pool`, `Value` and `Pointer`: drops, comparisons and makers that panic, iterators and guards that are dropped and
//! forgotten.

use std::mem::forget;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gosync::atomic::{Stack, Value};
use gosync::{Pool, Pooled};

use crate::ledger::{Ledger, Live};
use crate::rng::Rng;
use crate::run::{Run, doing, done, fault, inject, survive};

const THREADS: usize = 4;
const OPERATIONS: usize = 40;

fn value(ledger: &Arc<Ledger>, rng: &mut Rng) -> Live {
    if rng.one_in(8) { ledger.bomb("stack or value") } else { ledger.value("stack or value") }
}

pub(crate) fn stack(run: &Run) {
    for number in run.rounds() {
        let (stack, ledger) = (&Stack::new(), &Ledger::new(THREADS * OPERATIONS));
        let forgotten: usize = thread::scope(|s| {
            let threads: Vec<_> = (0..THREADS)
                .map(|i| {
                    s.spawn(move || {
                        let mut rng = Rng::new(100 * number + i);
                        let forgotten = (0..OPERATIONS).map(|_| at_stack(stack, ledger, &mut rng)).sum::<usize>();
                        run.settle();
                        done();
                        forgotten
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        doing("pop");
        while survive(|| stack.pop().map(drop)) != Some(None) {}
        run.expect(stack.is_empty(), || "not empty at the end".to_owned());
        ledger.check(run, forgotten);
    }
    done();
}

/// One operation; how many values may have been forgotten by it.
fn at_stack(stack: &Stack<Live>, ledger: &Arc<Ledger>, rng: &mut Rng) -> usize {
    match rng.below(16) {
        0 => {
            doing("take_all, dropped half way");
            let n = rng.below(3);
            // A drop that panics leaks what is behind it.
            let mut left = 0;
            let whole = survive(|| {
                let mut all = stack.take_all();
                (0..n).for_each(|_| drop(all.next()));
                let rest: Vec<_> = all.collect();
                left = rest.len();
                for value in rest {
                    survive(|| drop(value));
                }
            });
            if whole.is_none() { OPERATIONS * THREADS } else { 0 }
        }
        1 if rng.one_in(4) => {
            doing("take_all, forgotten");
            fault();
            forget(stack.take_all());
            OPERATIONS * THREADS
        }
        2..9 => {
            doing("pop");
            survive(|| drop(stack.pop()));
            0
        }
        _ => {
            doing("push");
            stack.push(value(ledger, rng));
            0
        }
    }
}

pub(crate) fn pool(run: &Run) {
    for number in run.rounds() {
        // A fault may cost a get and what it would have put; and items are made where none is found.
        let ledger = &Ledger::new(4 * THREADS * OPERATIONS);
        let made = &AtomicUsize::new(0);
        let make = || {
            if made.fetch_add(1, Ordering::Relaxed) % 8 == 7 {
                inject();
            }
            ledger.value("pool")
        };
        let owned = Pool::with_limit(number % 4, make);
        let pool = &owned;
        let forgotten: usize = thread::scope(|s| {
            let threads: Vec<_> = (0..THREADS)
                .map(|i| {
                    s.spawn(move || {
                        let mut rng = Rng::new(100 * number + i);
                        let forgotten = (0..OPERATIONS).map(|_| at_pool(pool, ledger, &mut rng)).sum::<usize>();
                        run.settle();
                        done();
                        forgotten
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        // It goes on as ever. The drop of one may panic, and then the others go all the same.
        let whole = survive(|| pool.put(ledger.value("pool")));
        run.expect(whole.is_some() && (number % 4 == 0 || pool.try_get().is_some()), || "nothing is kept".to_owned());
        if number % 8 < 4 {
            doing("clear");
            survive(|| pool.clear());
            run.expect(pool.try_take().is_none(), || "not empty at the end".to_owned());
        }
        doing("drop of a pool");
        survive(|| drop(owned));
        ledger.check(run, forgotten);
    }
    done();
}

/// One operation; how many items it has forgotten.
fn at_pool(pool: &Pool<Live, impl Fn() -> Live>, ledger: &Arc<Ledger>, rng: &mut Rng) -> usize {
    match rng.below(16) {
        0 => {
            doing("clear");
            survive(|| pool.clear());
        }
        1 if rng.one_in(4) => {
            doing("get, forgotten");
            fault();
            return usize::from(survive(|| forget(pool.get())).is_some());
        }
        2 => {
            doing("get, with a section that panics");
            survive(|| {
                let _item = pool.get();
                inject();
            });
        }
        3 => {
            doing("take, with a section that panics");
            survive(|| {
                let _item = pool.take();
                inject();
            });
        }
        4..7 => {
            doing("get, taken apart");
            survive(|| drop(Pooled::take(pool.get())));
        }
        7..10 => {
            doing("get, several");
            survive(|| {
                let _items = [pool.get(), pool.get()];
            });
        }
        _ => {
            doing("put");
            survive(|| pool.put(value(ledger, rng)));
        }
    }
    0
}

/// A value whose comparison panics now and then.
struct Touchy {
    live: Live,
    panics: bool,
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Touchy) -> bool {
        if self.panics || other.panics {
            inject();
        }
        self.live.id == other.live.id
    }
}

pub(crate) fn value_cell(run: &Run) {
    for number in run.rounds() {
        let ledger = &Ledger::new(4 * THREADS * OPERATIONS);
        let cell: &Value<Touchy> = &Value::empty();
        thread::scope(|s| {
            for i in 0..THREADS {
                s.spawn(move || {
                    let mut rng = Rng::new(100 * number + i);
                    let mut kept = None;
                    for _ in 0..OPERATIONS {
                        let panics = rng.one_in(8);
                        let mut new = || Touchy { live: value(ledger, &mut rng), panics };
                        survive(|| match new().live.id % 5 {
                            0 => {
                                doing("store");
                                cell.store(new());
                            }
                            1 => {
                                doing("swap");
                                drop(cell.swap(new()));
                            }
                            2 => {
                                doing("compare_and_swap");
                                let old = new();
                                cell.compare_and_swap(Some(&old), new());
                            }
                            3 => {
                                doing("reader");
                                let mut reader = cell.reader();
                                let id = reader.get().map(|value| value.live.id);
                                run.expect(id.is_none_or(|id| ledger.knows(id)), || format!("{id:?} is no value"));
                            }
                            _ => {
                                doing("load");
                                drop(kept.take());
                                kept = cell.load();
                            }
                        });
                    }
                    survive(|| drop(kept));
                    run.settle();
                    done();
                });
            }
        });
        doing("swap");
        survive(|| cell.store(Touchy { live: ledger.value("stack or value"), panics: false }));
        // The last one stays until the cell goes.
        ledger.check(run, 1);
    }
    done();
}
