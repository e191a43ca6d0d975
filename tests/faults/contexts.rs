//! `Context`: cancelled from everywhere, with wakers, causes and functions that panic. What is below is done all the same.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gosync::context::{CancelCauseFunc, CancelFunc, Context};

use crate::ledger::{Ledger, Live};
use crate::rng::Rng;
use crate::run::{Run, doing, done, fault, inject, playing, survive};
use crate::task::{Cruelty, torment};

const THREADS: usize = 3;
const NODES: usize = 8;

/// A cause that is counted, and whose drop may panic.
struct Reason(Live);

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reason {}", self.0.id)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Error for Reason {}

enum Cancel {
    Plain(CancelFunc),
    Cause(CancelCauseFunc),
}

struct Tree {
    nodes: Vec<(Context, Cancel)>,
    parents: Vec<usize>,
}

impl Tree {
    fn new(rng: &mut Rng) -> Tree {
        let mut tree = Tree { nodes: Vec::new(), parents: Vec::new() };
        for i in 0..NODES {
            let parent = if i == 0 { 0 } else { rng.below(i) };
            let above = if i == 0 { Context::background() } else { tree.nodes[parent].0.clone() };
            tree.parents.push(parent);
            tree.nodes.push(match rng.below(3) {
                0 => {
                    let (context, cancel) = above.with_cancel();
                    (context, Cancel::Plain(cancel))
                }
                1 => {
                    let (context, cancel) = above.with_timeout(rng.tiny() * 20);
                    (context, Cancel::Plain(cancel))
                }
                _ => {
                    let (context, cancel) = above.with_cancel_cause();
                    (context, Cancel::Cause(cancel))
                }
            });
        }
        tree
    }

    fn is_below(&self, node: usize, root: usize) -> bool {
        node == root || (node > 0 && self.is_below(self.parents[node], root))
    }

    /// Cancels one; whatever panics, all below it are done.
    fn cancel(&self, run: &Run, root: usize, ledger: &Arc<Ledger>, rng: &mut Rng) {
        doing("cancel");
        fault();
        match &self.nodes[root].1 {
            Cancel::Plain(cancel) => _ = survive(|| cancel.cancel()),
            Cancel::Cause(cancel) => {
                let reason = Reason(if rng.one_in(3) { ledger.bomb("cause") } else { ledger.value("cause") });
                survive(|| cancel.cancel(reason));
            }
        }
        for node in (root..NODES).filter(|&node| self.is_below(node, root)) {
            let context = &self.nodes[node].0;
            run.expect(context.done().is_closed(), || "what is below is not done after a cancellation".to_owned());
            run.expect(context.err().is_some() && context.cause().is_some(), || "done, and no reason".to_owned());
        }
    }
}

pub(crate) fn everything(run: &Run) {
    for number in run.rounds() {
        playing(format!("context, round {number}"));
        let mut rng = Rng::new(100 * number);
        let ledger = &Ledger::new(400);
        let calls = Arc::new(AtomicUsize::new(0));
        let mut tree = Tree::new(&mut rng);
        let mut functions = 0;
        for (context, _) in &tree.nodes {
            doing("after_func");
            let (value, panics, calls) = (ledger.value("after_func"), rng.one_in(3), Arc::clone(&calls));
            let stop = context.after_func(move || {
                let _value = &value;
                calls.fetch_add(1, Ordering::Relaxed);
                if panics {
                    inject();
                }
            });
            functions += usize::from(!(rng.one_in(3) && stop.stop()));
        }
        let shared = &tree;
        thread::scope(|s| {
            for i in 0..THREADS {
                s.spawn(move || {
                    let mut rng = Rng::new(100 * number + 1 + i);
                    for _ in 0..10 {
                        visit(run, shared, ledger, &mut rng);
                    }
                    run.settle();
                    done();
                });
            }
        });
        tree.cancel(run, 0, ledger, &mut rng);
        doing("wait for the functions");
        while calls.load(Ordering::Relaxed) < functions {
            thread::sleep(Duration::from_micros(50));
        }
        // From the leaves on, or from the root: the drop of a cause may panic, of one at a time.
        if rng.one_in(2) {
            tree.nodes.reverse();
        }
        while let Some(node) = tree.nodes.pop() {
            survive(|| drop(node));
        }
        // Those that ran may still hold what they own.
        doing("wait for what the functions own");
        ledger.check_soon(run);
        run.expect(calls.load(Ordering::Relaxed) == functions, || "a function was called twice".to_owned());
        run.settle();
    }
    done();
}

fn visit(run: &Run, tree: &Tree, ledger: &Arc<Ledger>, rng: &mut Rng) {
    let node = rng.below(NODES);
    let context = &tree.nodes[node].0;
    match rng.below(5) {
        0 if rng.one_in(3) => tree.cancel(run, node, ledger, rng),
        0 | 1 => {
            doing("done, by a task");
            let cruelty = Cruelty { drops: true, forgets: false, patience: Duration::from_micros(200) };
            survive(|| torment(context.done().recv_async(), cruelty, rng));
        }
        2 => {
            doing("err");
            // Who looks at the clock may be the one who cancels, and calls wakers.
            survive(|| context.err());
            survive(|| context.cause().map(|cause| cause.to_string()));
        }
        3 => {
            doing("derive");
            let child = survive(|| context.with_cancel());
            if let Some((child, cancel)) = child {
                fault();
                match rng.below(3) {
                    0 => cancel.forget(),
                    1 => drop(cancel),
                    _ => cancel.cancel(),
                }
                drop(child);
            }
        }
        _ => {
            doing("done, by a thread");
            let patience = rng.tiny();
            survive(|| _ = context.done().recv_timeout(patience));
        }
    }
}
