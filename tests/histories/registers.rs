//! Objects that hold one value: a `Mutex` around it, `Value`, `Pointer`'s reader, and the typed atomics.

use gosync::atomic::{Uint32, Value};
use gosync::{Mutex, MutexGuard};

use crate::checker::Spec;
use crate::record::{Game, Recorder, convince};
use crate::rng::Rng;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Load(u8),
    Store(u8),
    Swap { old: u8, new: u8 },
    CompareAndSwap { old: u8, new: u8, done: bool },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Register(pub(crate) u8);

impl Spec for Register {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Register> {
        let (possible, value) = match *effect {
            Effect::Load(value) => (value == self.0, value),
            Effect::Store(value) => (true, value),
            Effect::Swap { old, new } => (old == self.0, new),
            Effect::CompareAndSwap { old, new, done } => (done == (old == self.0), if done { new } else { self.0 }),
        };
        possible.then_some(Register(value)).into_iter().collect()
    }
}

/// A game on a register: its four operations. The mutex's take the lock in any way there is.
pub(crate) trait Cell: Sync + Default {
    fn load(&self, rng: &mut Rng) -> u8;
    fn store(&self, value: u8, rng: &mut Rng);
    fn swap(&self, value: u8, rng: &mut Rng) -> u8;
    fn compare_and_swap(&self, old: u8, new: u8, rng: &mut Rng) -> bool;
}

pub(crate) struct Registers<C>(pub(crate) std::marker::PhantomData<C>);

impl<C> Registers<C> {
    pub(crate) fn new() -> Registers<C> {
        Registers(std::marker::PhantomData)
    }
}

impl<C: Cell> Game for Registers<C> {
    type Spec = Register;
    type Object = C;

    fn set_up(&self) -> (C, Register) {
        (C::default(), Register::default())
    }

    fn play(&self, cell: &C, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        let mut last = 0;
        for _ in 0..3 + rng.below(4) {
            let new = recorder.value();
            match rng.below(5) {
                0 => recorder.record(|| {
                    cell.store(new, rng);
                    Effect::Store(new)
                }),
                1 => recorder.record(|| Effect::Swap { old: cell.swap(new, rng), new }),
                2 => {
                    let old = last;
                    recorder.record(|| Effect::CompareAndSwap { old, new, done: cell.compare_and_swap(old, new, rng) });
                }
                _ => recorder.record(|| {
                    last = cell.load(rng);
                    Effect::Load(last)
                }),
            }
            rng.pause();
        }
    }

    fn end(&self, cell: &C, recorder: &mut Recorder<'_, Effect>) {
        recorder.record(|| Effect::Load(cell.load(&mut Rng::new(0))));
    }
}

#[derive(Default)]
struct Locked(Mutex<u8>);

impl Locked {
    fn lock(&self, rng: &mut Rng) -> MutexGuard<'_, u8> {
        loop {
            let guard = match rng.below(3) {
                0 => self.0.try_lock(),
                1 => self.0.lock_timeout(rng.tiny()),
                _ => Some(self.0.lock()),
            };
            if let Some(guard) = guard {
                rng.pause();
                return guard;
            }
        }
    }
}

impl Cell for Locked {
    fn load(&self, rng: &mut Rng) -> u8 {
        *self.lock(rng)
    }

    fn store(&self, value: u8, rng: &mut Rng) {
        *self.lock(rng) = value;
    }

    fn swap(&self, value: u8, rng: &mut Rng) -> u8 {
        std::mem::replace(&mut *self.lock(rng), value)
    }

    fn compare_and_swap(&self, old: u8, new: u8, rng: &mut Rng) -> bool {
        let mut guard = self.lock(rng);
        let same = *guard == old;
        if same {
            *guard = new;
        }
        same
    }
}

struct Boxed(Value<u8>);

impl Default for Boxed {
    fn default() -> Boxed {
        Boxed(Value::new(0))
    }
}

impl Cell for Boxed {
    fn load(&self, rng: &mut Rng) -> u8 {
        if rng.one_in(2) { **self.0.reader().get().unwrap() } else { *self.0.load().unwrap() }
    }

    fn store(&self, value: u8, _: &mut Rng) {
        self.0.store(value);
    }

    fn swap(&self, value: u8, _: &mut Rng) -> u8 {
        *self.0.swap(value).unwrap()
    }

    fn compare_and_swap(&self, old: u8, new: u8, _: &mut Rng) -> bool {
        self.0.compare_and_swap(Some(&old), new)
    }
}

#[derive(Default)]
struct Number(Uint32);

impl Cell for Number {
    fn load(&self, _: &mut Rng) -> u8 {
        self.0.load() as u8
    }

    fn store(&self, value: u8, _: &mut Rng) {
        self.0.store(value.into());
    }

    fn swap(&self, value: u8, _: &mut Rng) -> u8 {
        self.0.swap(value.into()) as u8
    }

    fn compare_and_swap(&self, old: u8, new: u8, _: &mut Rng) -> bool {
        self.0.compare_and_swap(old.into(), new.into())
    }
}

#[test]
fn mutex() {
    convince(&Registers::<Locked>::new());
}

#[test]
fn value() {
    convince(&Registers::<Boxed>::new());
}

#[test]
fn uint32() {
    convince(&Registers::<Number>::new());
}
