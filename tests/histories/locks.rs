//! Locks: sections of readers and writers around a value. A try may fail only if somebody holds the lock, or waits for it.

use gosync::{
    MappedMutexGuard, MappedRwMutexReadGuard, MappedRwMutexWriteGuard, Mutex, MutexGuard, RwMutex, RwMutexReadGuard,
    RwMutexWriteGuard, ShardedRwMutex, ShardedRwMutexReadGuard, ShardedRwMutexWriteGuard,
};

use crate::checker::Spec;
use crate::record::{Game, Recorder, convince};
use crate::rng::Rng;
use crate::task::{block_on, glance};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
}

/// How a lock is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Try,
    Timed,
    Plain,
    Task,
    /// A task that is dropped if it has to wait.
    Glance,
}

pub(crate) const WAYS: [Way; 5] = [Way::Try, Way::Timed, Way::Plain, Way::Task, Way::Glance];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// May wait from now on: others may be refused because of that.
    Comes(usize),
    Locks(usize, Mode),
    /// A try found it taken.
    Fails(Mode),
    /// Found it taken, and does not wait for ever.
    Refused(usize, Mode),
    /// Does not wait any more.
    Leaves(usize),
    /// The end of a section, with what was seen at its beginning, and what is there now if it is a writer's.
    Unlocks {
        saw: u8,
        wrote: Option<u8>,
    },
    Downgrades {
        saw: u8,
        wrote: u8,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    value: u8,
    readers: usize,
    is_written: bool,
    /// Who waits, and who of them has found it taken: a bit for each thread.
    waiting: u8,
    refused: u8,
}

impl Model {
    fn is_free(&self, mode: Mode) -> bool {
        !self.is_written && (mode == Mode::Read || self.readers == 0)
    }
}

impl Spec for Model {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Model> {
        let mut next = self.clone();
        let possible = match *effect {
            Effect::Comes(thread) => {
                next.waiting |= 1 << thread;
                true
            }
            Effect::Locks(thread, mode) => {
                next.waiting &= !(1 << thread);
                match mode {
                    Mode::Read => next.readers += 1,
                    Mode::Write => next.is_written = true,
                }
                self.is_free(mode)
            }
            Effect::Fails(mode) => !self.is_free(mode) || self.waiting != 0,
            Effect::Refused(thread, mode) => {
                next.refused |= 1 << thread;
                self.waiting >> thread & 1 == 1 && (!self.is_free(mode) || self.waiting & !(1 << thread) != 0)
            }
            Effect::Leaves(thread) => {
                next.waiting &= !(1 << thread);
                next.refused &= !(1 << thread);
                self.refused >> thread & 1 == 1
            }
            Effect::Unlocks { saw, wrote: None } => {
                next.readers = self.readers.saturating_sub(1);
                self.readers > 0 && saw == self.value
            }
            Effect::Unlocks { saw, wrote: Some(wrote) } => {
                next.is_written = false;
                next.value = wrote;
                self.is_written && saw == self.value
            }
            Effect::Downgrades { saw, wrote } => {
                next.is_written = false;
                next.readers = 1;
                next.value = wrote;
                self.is_written && saw == self.value
            }
        };
        possible.then_some(next).into_iter().collect()
    }
}

/// A lock that is held; dropped, it is not.
pub(crate) trait Held<'a> {
    fn get(&self) -> u8;

    fn set(&mut self, _value: u8) {
        unreachable!("a reader does not write");
    }

    fn downgrade(self: Box<Self>) -> Box<dyn Held<'a> + 'a> {
        unreachable!("it cannot")
    }
}

macro_rules! held {
    ($($guard:ident, $($set:ident)?;)*) => {
        $(
            impl<'a> Held<'a> for $guard<'a, u8> {
                fn get(&self) -> u8 {
                    **self
                }

                $(
                    fn $set(&mut self, value: u8) {
                        **self = value;
                    }
                )?
            }
        )*
    };
}

held! {
    MutexGuard, set;
    MappedMutexGuard, set;
    RwMutexReadGuard, ;
    MappedRwMutexReadGuard, ;
    MappedRwMutexWriteGuard, set;
    ShardedRwMutexReadGuard, ;
    ShardedRwMutexWriteGuard, set;
}

impl<'a> Held<'a> for RwMutexWriteGuard<'a, u8> {
    fn get(&self) -> u8 {
        **self
    }

    fn set(&mut self, value: u8) {
        **self = value;
    }

    fn downgrade(self: Box<Self>) -> Box<dyn Held<'a> + 'a> {
        Box::new(RwMutexWriteGuard::downgrade(*self))
    }
}

pub(crate) type Taken<'a> = Option<Box<dyn Held<'a> + 'a>>;

/// What a lock can do.
pub(crate) trait Lock: Default + Sync {
    const READS: bool = true;
    const WAYS: &'static [Way] = &WAYS;
    const DOWNGRADES: bool = false;

    fn take(&self, mode: Mode, way: Way, rng: &mut Rng) -> Taken<'_>;
}

fn boxed<'a>(guard: impl Held<'a> + 'a) -> Box<dyn Held<'a> + 'a> {
    Box::new(guard)
}

impl Lock for Mutex<u8> {
    const READS: bool = false;

    fn take(&self, _: Mode, way: Way, rng: &mut Rng) -> Taken<'_> {
        let guard = match way {
            Way::Try => self.try_lock(),
            Way::Timed => self.lock_timeout(rng.tiny()),
            Way::Plain => Some(self.lock()),
            Way::Task => Some(block_on(self.lock_async())),
            Way::Glance => glance(self.lock_async(), rng),
        }?;
        Some(if rng.one_in(4) { boxed(MutexGuard::map(guard, |value| value)) } else { boxed(guard) })
    }
}

impl Lock for RwMutex<u8> {
    const DOWNGRADES: bool = true;

    fn take(&self, mode: Mode, way: Way, rng: &mut Rng) -> Taken<'_> {
        if mode == Mode::Read {
            let guard = match way {
                Way::Try => self.try_read(),
                Way::Timed => self.read_timeout(rng.tiny()),
                Way::Plain => Some(self.read()),
                Way::Task => Some(block_on(self.read_async())),
                Way::Glance => glance(self.read_async(), rng),
            }?;
            return Some(if rng.one_in(4) { boxed(RwMutexReadGuard::map(guard, |value| value)) } else { boxed(guard) });
        }
        let guard = match way {
            Way::Try => self.try_write(),
            Way::Timed => self.write_timeout(rng.tiny()),
            Way::Plain => Some(self.write()),
            Way::Task => Some(block_on(self.write_async())),
            Way::Glance => glance(self.write_async(), rng),
        };
        Some(boxed(guard?))
    }
}

impl Lock for ShardedRwMutex<u8> {
    const WAYS: &'static [Way] = &[Way::Try, Way::Timed, Way::Plain];

    fn take(&self, mode: Mode, way: Way, rng: &mut Rng) -> Taken<'_> {
        match (mode, way) {
            (Mode::Read, Way::Try) => self.try_read().map(boxed),
            (Mode::Read, Way::Timed) => self.read_timeout(rng.tiny()).map(boxed),
            (Mode::Read, _) => Some(boxed(self.read())),
            (Mode::Write, Way::Try) => self.try_write().map(boxed),
            (Mode::Write, Way::Timed) => self.write_timeout(rng.tiny()).map(boxed),
            (Mode::Write, _) => Some(boxed(self.write())),
        }
    }
}

impl Lock for MappedWrites {
    const READS: bool = false;

    fn take(&self, _: Mode, way: Way, rng: &mut Rng) -> Taken<'_> {
        let guard = match way {
            Way::Try => self.0.try_write(),
            Way::Timed => self.0.write_timeout(rng.tiny()),
            Way::Plain => Some(self.0.write()),
            Way::Task => Some(block_on(self.0.write_async())),
            Way::Glance => glance(self.0.write_async(), rng),
        };
        Some(boxed(RwMutexWriteGuard::map(guard?, |value| value)))
    }
}

/// An `RwMutex` by guards for a part of its value.
#[derive(Default)]
pub(crate) struct MappedWrites(RwMutex<u8>);

pub(crate) struct Locks<L>(std::marker::PhantomData<L>);

impl<L> Locks<L> {
    pub(crate) fn new() -> Locks<L> {
        Locks(std::marker::PhantomData)
    }
}

impl<L: Lock> Game for Locks<L> {
    type Spec = Model;
    type Object = L;

    fn set_up(&self) -> (L, Model) {
        (L::default(), Model::default())
    }

    fn play(&self, lock: &L, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        let thread = recorder.thread;
        for _ in 0..2 + rng.below(3) {
            // More readers than writers, so that there are several of them.
            let mode = if L::READS && !rng.one_in(3) { Mode::Read } else { Mode::Write };
            let way = L::WAYS[rng.below(L::WAYS.len())];
            let mut taken = None;
            recorder.record_all(|| {
                taken = lock.take(mode, way, rng);
                match (taken.is_some(), way) {
                    (true, Way::Try) => vec![Effect::Locks(thread, mode)],
                    (true, _) => vec![Effect::Comes(thread), Effect::Locks(thread, mode)],
                    (false, Way::Try) => vec![Effect::Fails(mode)],
                    (false, _) => vec![Effect::Comes(thread), Effect::Refused(thread, mode), Effect::Leaves(thread)],
                }
            });
            if let Some(held) = taken {
                let new = recorder.value();
                section::<L>(held, mode, new, recorder, rng);
            }
            rng.pause();
        }
    }

    /// It is free.
    fn end(&self, lock: &L, recorder: &mut Recorder<'_, Effect>) {
        let (rng, thread) = (&mut Rng::new(0), recorder.thread);
        for mode in [Mode::Write, Mode::Read].into_iter().take(1 + usize::from(L::READS)) {
            let mut taken = None;
            recorder.record(|| {
                taken = lock.take(mode, Way::Try, rng);
                if taken.is_some() { Effect::Locks(thread, mode) } else { Effect::Fails(mode) }
            });
            if let Some(held) = taken {
                section::<L>(held, mode, 0, recorder, rng);
            }
        }
    }
}

fn section<'a, L: Lock>(
    mut held: Box<dyn Held<'a> + 'a>,
    mode: Mode,
    new: u8,
    recorder: &mut Recorder<'_, Effect>,
    rng: &mut Rng,
) {
    let mut saw = held.get();
    rng.pause();
    let mut wrote = None;
    if mode == Mode::Write {
        held.set(new);
        wrote = Some(new);
        if L::DOWNGRADES && rng.one_in(3) {
            let mut reader = None;
            recorder.record(|| {
                reader = Some(held.downgrade());
                Effect::Downgrades { saw, wrote: new }
            });
            held = reader.expect("it was downgraded");
            saw = held.get();
            wrote = None;
            rng.pause();
        }
    }
    recorder.record(|| {
        drop(held);
        Effect::Unlocks { saw, wrote }
    });
}

#[test]
fn mutex() {
    convince(&Locks::<Mutex<u8>>::new());
}

#[test]
fn rwmutex() {
    convince(&Locks::<RwMutex<u8>>::new());
}

#[test]
fn rwmutex_in_part() {
    convince(&Locks::<MappedWrites>::new());
}

#[test]
fn sharded_rwmutex() {
    convince(&Locks::<ShardedRwMutex<u8>>::new());
}
