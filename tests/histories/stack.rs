//! `Stack`.

use gosync::atomic::Stack;

use crate::checker::Spec;
use crate::record::{Game, Recorder, convince};
use crate::rng::Rng;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Push(u8),
    Pop(Option<u8>),
    TakeAll(Vec<u8>),
    IsEmpty(bool),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Model(Vec<u8>);

impl Spec for Model {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Model> {
        let mut next = self.clone();
        let possible = match effect {
            Effect::Push(value) => {
                next.0.push(*value);
                true
            }
            Effect::Pop(value) => next.0.pop() == *value,
            Effect::TakeAll(values) => {
                next.0.clear();
                self.0.iter().rev().eq(values)
            }
            Effect::IsEmpty(empty) => self.0.is_empty() == *empty,
        };
        possible.then_some(next).into_iter().collect()
    }
}

/// What a stack can do.
pub(crate) trait Lifo: Default + Sync {
    fn push(&self, value: u8);
    fn pop(&self) -> Option<u8>;
    fn take_all(&self) -> Vec<u8>;
    fn is_empty(&self) -> bool;
}

impl Lifo for Stack<u8> {
    fn push(&self, value: u8) {
        Stack::push(self, value);
    }

    fn pop(&self) -> Option<u8> {
        Stack::pop(self)
    }

    fn take_all(&self) -> Vec<u8> {
        Stack::take_all(self).collect()
    }

    fn is_empty(&self) -> bool {
        Stack::is_empty(self)
    }
}

pub(crate) struct Stacks<L>(std::marker::PhantomData<L>);

impl<L> Stacks<L> {
    pub(crate) fn new() -> Stacks<L> {
        Stacks(std::marker::PhantomData)
    }
}

impl<L: Lifo> Game for Stacks<L> {
    type Spec = Model;
    type Object = L;

    fn set_up(&self) -> (L, Model) {
        (L::default(), Model::default())
    }

    fn play(&self, stack: &L, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        for _ in 0..3 + rng.below(4) {
            let value = recorder.value();
            match rng.below(16) {
                0 => recorder.record(|| Effect::TakeAll(stack.take_all())),
                1 => recorder.record(|| Effect::IsEmpty(stack.is_empty())),
                2..9 => recorder.record(|| Effect::Pop(stack.pop())),
                _ => recorder.record(|| {
                    stack.push(value);
                    Effect::Push(value)
                }),
            }
            rng.pause();
        }
    }

    fn end(&self, stack: &L, recorder: &mut Recorder<'_, Effect>) {
        recorder.record(|| Effect::TakeAll(stack.take_all()));
    }
}

#[test]
fn stack() {
    convince(&Stacks::<Stack<u8>>::new());
}
