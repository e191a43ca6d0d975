//! What calls a function once: `Once`, and `singleflight::Group`.

use std::cell::Cell;

use gosync::Once;
use gosync::singleflight::Group;

use crate::checker::Spec;
use crate::record::{Game, Middle, Recorder, convince};
use crate::rng::Rng;
use crate::task::block_on;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Begins,
    Ends,
    /// A call of somebody else's has ended.
    Over,
    Asks(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    New,
    Running,
    Over,
}

impl Spec for Stage {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Stage> {
        let (possible, next) = match *effect {
            Effect::Begins => (*self == Stage::New, Stage::Running),
            Effect::Ends => (*self == Stage::Running, Stage::Over),
            Effect::Over => (*self == Stage::Over, *self),
            Effect::Asks(over) => (over == (*self == Stage::Over), *self),
        };
        possible.then_some(next).into_iter().collect()
    }
}

/// What a once can do.
pub(crate) trait Single: Default + Sync {
    fn call(&self, f: impl FnOnce());
    fn is_over(&self) -> bool;
}

impl Single for Once {
    fn call(&self, f: impl FnOnce()) {
        self.call_once(f);
    }

    fn is_over(&self) -> bool {
        self.is_completed()
    }
}

pub(crate) struct Onces<O>(std::marker::PhantomData<O>);

impl<O> Onces<O> {
    pub(crate) fn new() -> Onces<O> {
        Onces(std::marker::PhantomData)
    }
}

impl<O: Single> Game for Onces<O> {
    type Spec = Stage;
    type Object = O;

    fn set_up(&self) -> (O, Stage) {
        (O::default(), Stage::New)
    }

    fn play(&self, once: &O, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        for _ in 0..2 {
            if rng.one_in(2) {
                recorder.record(|| Effect::Asks(once.is_over()));
            }
            rng.pause();
            let call = |middle: &Middle<'_>| {
                once.call(|| {
                    rng.pause();
                    middle.is_now();
                    rng.pause();
                });
                Effect::Over
            };
            recorder.record_parts(call, |_| [Effect::Begins, Effect::Ends]);
        }
    }

    fn end(&self, once: &O, recorder: &mut Recorder<'_, Effect>) {
        recorder.record(|| Effect::Asks(once.is_over()));
    }
}

#[test]
fn once() {
    convince(&Onces::<Once>::new());
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flown {
    /// A call begins, which is to have this value.
    Begins {
        key: usize,
        value: u8,
    },
    /// It has ended; whether it is told that others share it.
    Ends {
        key: usize,
        value: u8,
        shared: bool,
    },
    /// The value came from the call of somebody else.
    Shares {
        key: usize,
        value: u8,
    },
    Forgets(usize),
}

const KEYS: usize = 2;

/// The call that is under way with each key, its value, and whether others share it; and those that were forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Flights {
    now: [Option<(u8, bool)>; KEYS],
    forgotten: Vec<(u8, bool)>,
}

impl Spec for Flights {
    type Effect = Flown;

    fn after(&self, effect: &Flown) -> Vec<Flights> {
        let mut next = self.clone();
        let possible = match *effect {
            Flown::Begins { key, value } => next.now[key].replace((value, false)).is_none(),
            Flown::Ends { key, value, shared } => {
                if self.now[key].is_some_and(|(now, _)| now == value) {
                    next.now[key].take() == Some((value, shared))
                } else {
                    next.forgotten.retain(|&(other, _)| other != value);
                    self.forgotten.contains(&(value, shared))
                }
            }
            Flown::Shares { key, value } => {
                next.now[key] = Some((value, true));
                self.now[key].is_some_and(|(now, _)| now == value)
            }
            Flown::Forgets(key) => {
                next.forgotten.extend(next.now[key].take());
                next.forgotten.sort_unstable();
                true
            }
        };
        possible.then_some(next).into_iter().collect()
    }
}

/// What shares calls.
pub(crate) trait Sharing: Default + Sync {
    fn call(&self, key: usize, f: impl FnOnce() -> u8, rng: &mut Rng) -> (u8, bool);
    fn forget(&self, key: usize);
}

impl Sharing for Group<usize, u8> {
    fn call(&self, key: usize, f: impl FnOnce() -> u8, rng: &mut Rng) -> (u8, bool) {
        if rng.one_in(3) { block_on(self.call_async(key, async { f() })) } else { Group::call(self, key, f) }
    }

    fn forget(&self, key: usize) {
        Group::forget(self, &key);
    }
}

pub(crate) struct Shared<G>(std::marker::PhantomData<G>);

impl<G> Shared<G> {
    pub(crate) fn new() -> Shared<G> {
        Shared(std::marker::PhantomData)
    }
}

impl<G: Sharing> Game for Shared<G> {
    type Spec = Flights;
    type Object = G;

    fn set_up(&self) -> (G, Flights) {
        (G::default(), Flights::default())
    }

    fn play(&self, group: &G, recorder: &mut Recorder<'_, Flown>, rng: &mut Rng) {
        for _ in 0..3 + rng.below(4) {
            let key = usize::from(rng.one_in(4));
            if rng.one_in(8) {
                recorder.record(|| {
                    group.forget(key);
                    Flown::Forgets(key)
                });
                continue;
            }
            let new = recorder.value();
            let pauses = &mut Rng::new(new.into());
            let told = Cell::new(false);
            let call = |middle: &Middle<'_>| {
                let f = || {
                    (0..pauses.below(40)).for_each(|_| pauses.pause());
                    middle.is_now();
                    new
                };
                let (value, shared) = group.call(key, f, rng);
                told.set(shared);
                Flown::Shares { key, value }
            };
            // Who leads has called its own function, and is to get the value of that.
            recorder.record_parts(call, |effect| match effect {
                Flown::Shares { key, value } => {
                    [Flown::Begins { key, value: new }, Flown::Ends { key, value, shared: told.get() }]
                }
                _ => unreachable!("made above"),
            });
            rng.pause();
        }
    }

    fn end(&self, group: &G, recorder: &mut Recorder<'_, Flown>) {
        // Nothing is under way: a call leads.
        let told = Cell::new(true);
        recorder.record_parts(
            |middle| {
                let f = || {
                    middle.is_now();
                    u8::MAX
                };
                let (value, shared) = group.call(0, f, &mut Rng::new(0));
                told.set(shared);
                Flown::Shares { key: 0, value }
            },
            |_| {
                let (key, value) = (0, u8::MAX);
                [Flown::Begins { key, value }, Flown::Ends { key, value, shared: told.get() }]
            },
        );
    }
}

#[test]
fn singleflight() {
    convince(&Shared::<Group<usize, u8>>::new());
}
