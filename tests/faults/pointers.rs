//! `Stack`, `Value` and `Pointer`: drops that panic, comparisons that panic, iterators that are dropped and forgotten.

use std::mem::forget;
use std::sync::Arc;
use std::thread;

use gosync::atomic::{Stack, Value};

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
