//! `Stack`. In models the first segment has two nodes, and the second one four, which is all. Each model is tried without seats
//! and with them: see `seats.rs`.

use std::iter::once;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gosync::{Stack, go};
use loom::sync::Arc;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const EDGE: &str = "gosync.stack-push-before-pop";
const ONCE: &str = "gosync.stack-once";
const ABA: &str = "gosync.stack-aba";
const NODES: &str = "gosync.stack-nodes";
const GROW: &str = "gosync.stack-grow";
const FREE: &str = "gosync.stack-free";

/// As many values as there are nodes.
const CAPACITY: usize = 6;

pub(crate) fn models() -> Vec<Model> {
    let mut models: Vec<Model> = [edges(), values(), nodes()].into_iter().flatten().collect();
    let passing = models.iter().filter(|model| model.expected == Verdict::Pass);
    let seated: Vec<Model> = passing.map(|model| model.seated(seats_for(model))).collect();
    models.extend(seated);
    models
}

/// Where all nodes are used, only the thread that uses them has a seat: what others have kept it would not get.
fn seats_for(model: &Model) -> usize {
    if ["two nodes come back at once", "full"].contains(&&*model.shape) { 1 } else { 2 }
}

/// Who takes a value sees what its pusher did before.
fn edges() -> Vec<Model> {
    vec![
        holds(EDGE, "pop", || one_value(true, |stack| stack.pop())).witnesses(&["came in time", "came later"]),
        fails(EDGE, "write after the push", Verdict::Race, || one_value(false, |stack| stack.pop())),
        fails(EDGE, "read without the pop", Verdict::Race, || {
            let (d, stack) = (Plain::new(), Arc::new(Stack::new()));
            let other = go({
                let (d, stack) = (d.clone(), Arc::clone(&stack));
                move || {
                    // That there is something is no edge.
                    if !stack.is_empty() {
                        d.read();
                    }
                }
            });
            d.write(1);
            stack.push(());
            other.join().unwrap();
        }),
        holds(EDGE, "pop of what lay below", || {
            // Another thread's push and pop, on top of it, continue what the first push began.
            let (d, stack) = (Plain::new(), Arc::new(Stack::new()));
            let third = go({
                let (d, stack) = (d.clone(), Arc::clone(&stack));
                move || {
                    if stack.pop() == Some(1) {
                        witness("in time");
                        assert_eq!(d.read(), 1);
                    }
                }
            });
            let second = go({
                let stack = Arc::clone(&stack);
                move || {
                    stack.push(2);
                    witness(if stack.pop() == Some(2) { "came and went" } else { "took another" });
                }
            });
            d.write(1);
            stack.push(1);
            second.join().unwrap();
            third.join().unwrap();
        })
        .bound(2)
        .witnesses(&["in time", "came and went"]),
        holds(EDGE, "two pushers", || {
            let stack = Arc::new(Stack::new());
            let popper = go({
                let stack = Arc::clone(&stack);
                move || [stack.pop(), stack.pop()].into_iter().flatten().map(|value: Plain| value.read()).collect()
            });
            let pusher = go({
                let stack = Arc::clone(&stack);
                move || stack.push(Plain::holding(1))
            });
            stack.push(Plain::holding(2));
            pusher.join().unwrap();
            let mut values: Vec<usize> = popper.join().unwrap();
            witness(["none early", "one early", "both early"][values.len()]);
            values.extend(stack.take_all().map(|value| value.read()));
            values.sort_unstable();
            assert_eq!(values, [1, 2]);
        })
        .bound(2)
        .witnesses(&["none early", "one early", "both early"]),
        holds(EDGE, "take_all", || one_value(true, |stack| stack.take_all().next()))
            .witnesses(&["came in time", "came later"]),
        holds(EDGE, "a push that waits for a pop", || {
            // Both threads change the word between another's look and exchange.
            let stack = Arc::new(Stack::from_iter([Plain::holding(1)]));
            let other = go({
                let stack = Arc::clone(&stack);
                move || {
                    stack.push(Plain::holding(2));
                    stack.pop().expect("two were pushed, and one is popped elsewhere").read()
                }
            });
            let mine = stack.pop().expect("there is one always").read();
            let theirs = other.join().unwrap();
            assert_eq!(mine + theirs, 3);
            witness(["", "the old one", "the new one"][mine]);
        })
        .witnesses(&["the old one", "the new one"]),
    ]
}

fn one_value(write_first: bool, take: fn(&Stack<Plain>) -> Option<Plain>) {
    let (d, stack) = (Plain::new(), Arc::new(Stack::new()));
    let other = go({
        let (d, stack) = (d.clone(), Arc::clone(&stack));
        move || {
            let Some(value) = take(&stack) else { return witness("came later") };
            witness("came in time");
            assert_eq!(value.read(), 2);
            d.read();
        }
    });
    if write_first {
        d.write(1);
    }
    stack.push(Plain::holding(2));
    if !write_first {
        d.write(1);
    }
    other.join().unwrap();
}

/// A thread that takes what it can.
fn taker<I>(stack: &Arc<Stack<usize>>, take: fn(&Stack<usize>) -> I) -> gosync::JoinHandle<Vec<usize>>
where
    I: IntoIterator<Item = usize> + 'static,
{
    let stack = Arc::clone(stack);
    go(move || take(&stack).into_iter().collect())
}

/// What is left, and what was taken, is just what was pushed.
#[track_caller]
fn complete(stack: &Stack<usize>, taken: impl IntoIterator<Item = usize>, pushed: usize) {
    let mut values: Vec<usize> = taken.into_iter().collect();
    values.extend(stack.take_all());
    values.sort_unstable();
    assert_eq!(values, (1..=pushed).collect::<Vec<_>>());
    assert!(stack.is_empty());
}

/// Every value is taken once.
fn values() -> Vec<Model> {
    vec![
        holds(ONCE, "two pops, one value", || {
            let stack = Arc::new(Stack::from_iter([1]));
            let other = taker(&stack, |stack| stack.pop());
            let mine = stack.pop();
            let theirs = other.join().unwrap();
            witness(if mine.is_some() { "mine" } else { "theirs" });
            complete(&stack, theirs.into_iter().chain(mine), 1);
        })
        .witnesses(&["mine", "theirs"]),
        holds(ONCE, "two pops, two values", || {
            let stack = Arc::new(Stack::from_iter([1, 2]));
            let other = taker(&stack, |stack| stack.pop());
            let mine = stack.pop().expect("there are enough");
            let theirs = other.join().unwrap();
            witness(if mine == 2 { "mine on top" } else { "theirs on top" });
            assert_eq!(theirs.len(), 1);
            complete(&stack, theirs.into_iter().chain([mine]), 2);
        })
        .witnesses(&["mine on top", "theirs on top"]),
        holds(ONCE, "take_all and pushes", || {
            let stack = Arc::new(Stack::new());
            let other = go({
                let stack = Arc::clone(&stack);
                move || (1..=2).for_each(|value| stack.push(value))
            });
            let taken: Vec<usize> = stack.take_all().collect();
            witness(["none", "one", "both"][taken.len()]);
            assert!([&[][..], &[1], &[2, 1]].contains(&&taken[..]), "newest first, as of one moment");
            other.join().unwrap();
            complete(&stack, taken, 2);
        })
        .witnesses(&["none", "one", "both"]),
        holds(ONCE, "take_all and pops", || {
            let stack = Arc::new(Stack::from_iter([1, 2]));
            let other = taker(&stack, |stack| [stack.pop(), stack.pop()].into_iter().flatten().collect::<Vec<_>>());
            let taken: Vec<usize> = stack.take_all().collect();
            witness(["none", "one", "both"][taken.len()]);
            assert!([&[][..], &[1], &[2, 1]].contains(&&taken[..]), "newest first, as of one moment");
            complete(&stack, other.join().unwrap().into_iter().chain(taken), 2);
        })
        .witnesses(&["none", "one", "both"]),
        holds(ONCE, "two take_alls", || {
            let stack = Arc::new(Stack::from_iter([1, 2]));
            let other = taker(&stack, |stack| stack.take_all().collect::<Vec<_>>());
            let mine: Vec<usize> = stack.take_all().collect();
            let theirs = other.join().unwrap();
            witness(if mine.is_empty() { "theirs" } else { "mine" });
            assert!(mine.is_empty() || theirs.is_empty(), "one of them was first");
            complete(&stack, theirs.into_iter().chain(mine), 2);
        })
        .witnesses(&["mine", "theirs"]),
        holds(ABA, "a node comes back over another", || {
            // Its node was over that of 1, which is not on the stack any more, but nor is it free.
            let stack = Arc::new(Stack::from_iter([1, 2]));
            let other = taker(&stack, |stack| stack.pop());
            let mut all = stack.take_all();
            let mut taken: Vec<usize> = all.next().into_iter().collect();
            stack.push(3);
            taken.extend(all);
            let theirs = other.join().unwrap();
            witness(["nothing", "an old value", "an old value", "the new value"][theirs.first().copied().unwrap_or(0)]);
            complete(&stack, theirs.into_iter().chain(taken), 3);
        })
        .witnesses(&["nothing", "an old value", "the new value"]),
        holds(ABA, "two pops and a push", || {
            // One pop is overtaken, one has taken a node and not yet given it back, and a push uses the other node again.
            // That takes three preemptions, so `--long`; the model above is the same in two threads, with every preemption.
            let stack = Arc::new(Stack::from_iter([1, 2]));
            let others = [(); 2].map(|()| taker(&stack, |stack| stack.pop()));
            let mine = stack.pop();
            stack.push(3);
            let theirs = others.map(|other| other.join().unwrap());
            complete(&stack, theirs.concat().into_iter().chain(mine), 3);
        })
        .bound(2),
    ]
}

/// Nodes are used again, there are enough of them, and they go.
fn nodes() -> Vec<Model> {
    vec![
        holds(NODES, "pushes and pops", || {
            // The node from which one thread takes its value goes to the other's next push.
            let stack = Arc::new(Stack::from_iter([Plain::holding(1)]));
            let other = go({
                let stack = Arc::clone(&stack);
                move || {
                    for value in [2, 3] {
                        stack.push(Plain::holding(value));
                    }
                }
            });
            let taken = [stack.pop(), stack.pop()];
            other.join().unwrap();
            let values = taken.into_iter().flatten().chain(stack.take_all()).map(|value| value.read());
            assert_eq!(values.sum::<usize>(), 6);
        }),
        holds(NODES, "two nodes come back at once", || {
            // One takes the place of the other, which its giver puts to the free ones; and both are used again.
            let stack = Arc::new(Stack::from_iter([1, 2]));
            let other = taker(&stack, |stack| stack.pop());
            let mine = stack.pop();
            (3..=4).for_each(|value| stack.push(value));
            let theirs = other.join().unwrap();
            complete(&stack, theirs.into_iter().chain(mine), 4);
            // None is lost.
            (1..=CAPACITY).for_each(|value| stack.push(value));
            complete(&stack, None, CAPACITY);
        })
        .reaches(&["stack.give-back-other"]),
        holds(NODES, "one thread, many times", || {
            let stack = Arc::new(Stack::new());
            let other = taker(&stack, |stack| stack.pop());
            for value in 0..2 * CAPACITY {
                stack.push(value);
                let taken = stack.pop();
                assert!(taken.is_none_or(|taken| taken == value));
            }
            other.join().unwrap();
        })
        .bound(1),
        holds(GROW, "two pushers", || {
            let stack = Arc::new(Stack::new());
            let other = go({
                let stack = Arc::clone(&stack);
                move || stack.push(1)
            });
            stack.push(2);
            other.join().unwrap();
            complete(&stack, None, 2);
        }),
        holds(GROW, "the second segment", || {
            let stack = Arc::new(Stack::from_iter([1]));
            let other = go({
                let stack = Arc::clone(&stack);
                move || {
                    stack.push(2);
                    stack.pop()
                }
            });
            stack.push(3);
            stack.push(4);
            let theirs = other.join().unwrap();
            assert!(theirs.is_some_and(|value| value > 1));
            complete(&stack, theirs, 4);
        })
        .bound(3),
        holds(GROW, "full", || {
            let stack = Arc::new(Stack::from_iter(1..CAPACITY));
            let other = go({
                let stack = Arc::clone(&stack);
                move || catch_unwind(AssertUnwindSafe(|| stack.push(CAPACITY))).is_ok()
            });
            let mine = catch_unwind(AssertUnwindSafe(|| stack.push(CAPACITY))).is_ok();
            let theirs = other.join().unwrap();
            assert!(mine != theirs, "there is room for one");
            assert!(catch_unwind(AssertUnwindSafe(|| stack.push(0))).is_err());
            let top = stack.pop().expect("it is full");
            complete(&stack, once(top), CAPACITY);
            stack.push(1);
            complete(&stack, None, 1);
        }),
        holds(FREE, "values left behind", || {
            // loom sees to it that each value, and each segment, goes.
            let stack = Arc::new(Stack::from_iter([Plain::holding(1)]));
            let other = go({
                let stack = Arc::clone(&stack);
                move || stack.push(Plain::holding(2))
            });
            let popped = stack.pop();
            drop(stack);
            other.join().unwrap();
            assert!(popped.is_some_and(|value| value.read() > 0));
        }),
        holds(FREE, "an iterator left behind", || {
            let stack = Arc::new(Stack::from_iter([1, 2].map(Plain::holding)));
            let other = go({
                let stack = Arc::clone(&stack);
                move || stack.push(Plain::holding(3))
            });
            assert!(stack.take_all().next().is_some_and(|value| value.read() > 1));
            other.join().unwrap();
        }),
    ]
}
