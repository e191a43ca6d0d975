//! Contexts: a tree that is cancelled from several places. The first cause counts, a parent is done before its children, and
//! when a cancellation returns all that is below is done.

use std::sync::OnceLock;

use gosync::Once;
use gosync::context::{CancelCauseFunc, Context, ContextError};

use crate::checker::Spec;
use crate::record::{Game, Recorder, convince};
use crate::rng::Rng;

/// The parent of each but the first. The last one is made while the others are cancelled.
const PARENTS: [usize; NODES - 1] = [0, 1, 0, 1];
const NODES: usize = 5;
const LATE: usize = 4;

fn is_below(node: usize, root: usize) -> bool {
    node == root || (node > 0 && is_below(PARENTS[node - 1], root))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Cancels {
        node: usize,
        cause: u8,
    },
    /// It reaches one below.
    Spreads(usize),
    Looks {
        node: usize,
        done: bool,
    },
    Asks {
        node: usize,
        cause: Option<u8>,
    },
    /// The last one is made; as its parent is, if that is done.
    Made,
}

/// The cause of each that is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Causes {
    causes: [Option<u8>; NODES],
    is_made: bool,
}

impl Spec for Causes {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Causes> {
        let mut next = self.clone();
        let possible = match *effect {
            Effect::Cancels { node, cause } => {
                next.causes[node].get_or_insert(cause);
                true
            }
            Effect::Spreads(node) if node == LATE && !self.is_made => true,
            Effect::Spreads(node) => match self.causes[PARENTS[node - 1]] {
                Some(cause) => {
                    next.causes[node].get_or_insert(cause);
                    true
                }
                None => false,
            },
            Effect::Looks { node, done } => done == self.causes[node].is_some(),
            Effect::Asks { node, cause } => cause == self.causes[node],
            Effect::Made => {
                next.is_made = true;
                next.causes[LATE] = self.causes[PARENTS[LATE - 1]];
                !self.is_made
            }
        };
        possible.then_some(next).into_iter().collect()
    }
}

/// A tree of contexts.
pub(crate) trait Tree: Sync {
    fn new() -> Self;
    fn cancel(&self, node: usize, cause: u8);
    /// `None`: it is not made yet.
    fn is_done(&self, node: usize, rng: &mut Rng) -> Option<bool>;
    fn cause(&self, node: usize) -> Option<Option<u8>>;
    fn make(&self);
}

type Node = (Context, CancelCauseFunc);

pub(crate) struct Contexts {
    nodes: [OnceLock<Node>; NODES],
    /// Which are there. ThreadSanitizer does not see that std's cell says so, because std is not instrumented.
    made: [Once; NODES],
}

impl Contexts {
    fn node(&self, node: usize) -> Option<&Node> {
        self.made[node].is_completed().then(|| self.nodes[node].get().unwrap())
    }

    fn put(&self, node: usize, new: Node) {
        self.made[node].call_once(|| assert!(self.nodes[node].set(new).is_ok()));
    }
}

impl Tree for Contexts {
    fn new() -> Contexts {
        let tree = Contexts { nodes: [const { OnceLock::new() }; NODES], made: [const { Once::new() }; NODES] };
        for node in 0..LATE {
            let new = match node {
                0 => Context::background().with_cancel_cause(),
                _ => tree.node(PARENTS[node - 1]).unwrap().0.with_cancel_cause(),
            };
            tree.put(node, new);
        }
        tree
    }

    fn cancel(&self, node: usize, cause: u8) {
        self.node(node).unwrap().1.cancel(cause.to_string());
    }

    fn is_done(&self, node: usize, rng: &mut Rng) -> Option<bool> {
        let context = &self.node(node)?.0;
        Some(match rng.below(4) {
            0 => context.done().try_recv().is_err_and(|error| error.is_disconnected()),
            1 => context.done().is_closed(),
            2 => context.check().is_err(),
            _ => match context.err() {
                None => false,
                Some(error) => {
                    assert_eq!(error, ContextError::Canceled);
                    // Who sees the error finds it done.
                    context.done().is_closed()
                }
            },
        })
    }

    fn cause(&self, node: usize) -> Option<Option<u8>> {
        Some(self.node(node)?.0.cause().map(|cause| cause.to_string().parse().unwrap()))
    }

    fn make(&self) {
        let new = self.node(PARENTS[LATE - 1]).unwrap().0.with_cancel_cause();
        self.put(LATE, new);
    }
}

pub(crate) struct Trees<T>(std::marker::PhantomData<T>);

impl<T> Trees<T> {
    pub(crate) fn new() -> Trees<T> {
        Trees(std::marker::PhantomData)
    }
}

impl<T: Tree> Game for Trees<T> {
    type Spec = Causes;
    type Object = T;

    fn set_up(&self) -> (T, Causes) {
        (T::new(), Causes::default())
    }

    fn play(&self, tree: &T, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        let mut makes = recorder.thread == 0;
        for _ in 0..3 + rng.below(4) {
            let (node, cause) = (rng.below(NODES), recorder.value());
            match rng.below(8) {
                0..2 if makes => {
                    makes = false;
                    recorder.record(|| {
                        tree.make();
                        Effect::Made
                    });
                }
                0 if node < LATE => recorder.record_all(|| {
                    tree.cancel(node, cause);
                    let below = (node + 1..NODES).filter(|&other| is_below(other, node)).map(Effect::Spreads);
                    [Effect::Cancels { node, cause }].into_iter().chain(below).collect()
                }),
                0..5 => recorder.record_all(|| {
                    tree.is_done(node, rng).map(|done| Effect::Looks { node, done }).into_iter().collect()
                }),
                _ => recorder
                    .record_all(|| tree.cause(node).map(|cause| Effect::Asks { node, cause }).into_iter().collect()),
            }
            rng.pause();
        }
    }

    fn end(&self, tree: &T, recorder: &mut Recorder<'_, Effect>) {
        for node in 0..NODES {
            recorder.record_all(|| tree.cause(node).map(|cause| Effect::Asks { node, cause }).into_iter().collect());
        }
    }
}

#[test]
fn context() {
    convince(&Trees::<Contexts>::new());
}
