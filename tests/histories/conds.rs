//! `Cond`: who waits stands in line; a signal wakes the first, a broadcast all; nothing else ends a wait but its deadline.

use std::sync::atomic::{AtomicUsize, Ordering};

use gosync::{Cond, Mutex, MutexGuard, RawMutex};

use crate::checker::Spec;
use crate::locks::Way;
use crate::record::{Game, Middle, Recorder, THREADS, convince};
use crate::rng::Rng;
use crate::task::{block_on, glance};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Waits(usize),
    /// A wait has ended: called, or not.
    Returns {
        thread: usize,
        called: bool,
    },
    /// A future was dropped: it may have been called; then another one is.
    Dropped(usize),
    /// A signal or a broadcast, and how many it has woken.
    Signal(usize),
    Broadcast(usize),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    line: Vec<usize>,
    /// A bit for each thread.
    called: u8,
}

impl Spec for Line {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Line> {
        let mut next = self.clone();
        let possible = match *effect {
            Effect::Waits(thread) => {
                next.line.push(thread);
                true
            }
            Effect::Returns { thread, called: true } => {
                next.called &= !(1 << thread);
                self.called >> thread & 1 == 1
            }
            Effect::Returns { thread, called: false } => {
                next.line.retain(|&other| other != thread);
                self.line.contains(&thread)
            }
            Effect::Dropped(thread) => {
                next.line.retain(|&other| other != thread);
                if self.called >> thread & 1 == 1 {
                    return self.without_call(thread);
                }
                self.line.contains(&thread)
            }
            Effect::Signal(n) => {
                next.call(1);
                n == self.line.len().min(1)
            }
            Effect::Broadcast(n) => {
                next.call(n);
                n == self.line.len()
            }
        };
        possible.then_some(next).into_iter().collect()
    }
}

impl Line {
    fn call(&mut self, n: usize) {
        let n = n.min(self.line.len());
        self.line.drain(..n).for_each(|thread| self.called |= 1 << thread);
    }

    /// It was a signal's, which goes to the next, or a broadcast's, which ends.
    fn without_call(&self, thread: usize) -> Vec<Line> {
        let mut ended = self.clone();
        ended.called &= !(1 << thread);
        let mut handed_on = ended.clone();
        handed_on.call(1);
        vec![handed_on, ended]
    }
}

/// What a condition variable can do.
pub(crate) trait Condition: Default + Sync {
    /// Whether it was called; `None`: a future was dropped. `is_now` is called last before the wait.
    fn wait(&self, guard: MutexGuard<'_, ()>, way: Way, rng: &mut Rng, is_now: &dyn Fn()) -> Option<bool>;
    fn signal(&self) -> usize;
    fn broadcast(&self) -> usize;
}

impl Condition for Cond {
    fn wait(&self, mut guard: MutexGuard<'_, ()>, way: Way, rng: &mut Rng, is_now: &dyn Fn()) -> Option<bool> {
        let patience = rng.tiny();
        is_now();
        match way {
            Way::Plain => {
                Cond::wait(self, &mut guard);
                Some(true)
            }
            Way::Task => {
                drop(block_on(self.wait_async(guard)));
                Some(true)
            }
            Way::Glance => glance(self.wait_async(guard), rng).map(|_| true),
            _ => Some(self.wait_timeout(&mut guard, patience)),
        }
    }

    fn signal(&self) -> usize {
        usize::from(Cond::signal(self))
    }

    fn broadcast(&self) -> usize {
        Cond::broadcast(self)
    }
}

/// The object of a game: the condition, its lock, and how many have left.
pub(crate) struct Place<C> {
    condition: C,
    lock: Mutex<()>,
    left: AtomicUsize,
}

pub(crate) struct Conds<C> {
    /// Whether signals are given with the lock held. Then it is known who has come before whom.
    pub(crate) locked: bool,
    pub(crate) kind: std::marker::PhantomData<C>,
}

impl<C> Conds<C> {
    pub(crate) fn new(locked: bool) -> Conds<C> {
        Conds { locked, kind: std::marker::PhantomData }
    }
}

impl<C: Condition> Conds<C> {
    fn wake(&self, place: &Place<C>, all: bool) -> Effect {
        let _guard = self.locked.then(|| place.lock.lock());
        if all { Effect::Broadcast(place.condition.broadcast()) } else { Effect::Signal(place.condition.signal()) }
    }

    fn wait(&self, place: &Place<C>, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        let (thread, way) =
            (recorder.thread, [Way::Timed, Way::Timed, Way::Plain, Way::Task, Way::Glance][rng.below(5)]);
        let ends =
            |called: Option<bool>| called.map_or(Effect::Dropped(thread), |called| Effect::Returns { thread, called });
        let guard = place.lock.lock();
        if self.locked {
            // It stands in line before the lock is free, and until then nothing happens.
            recorder.record_parts(
                |middle: &Middle<'_>| ends(place.condition.wait(guard, way, rng, &|| middle.is_now())),
                |end| [Effect::Waits(thread), end],
            );
        } else {
            recorder.record_all(|| vec![Effect::Waits(thread), ends(place.condition.wait(guard, way, rng, &|| {}))]);
        }
    }
}

impl<C: Condition> Game for Conds<C> {
    type Spec = Line;
    type Object = Place<C>;

    fn set_up(&self) -> (Place<C>, Line) {
        (Place { condition: C::default(), lock: Mutex::new(()), left: AtomicUsize::new(0) }, Line::default())
    }

    /// The first thread does not wait, and wakes the others until they have left.
    fn play(&self, place: &Place<C>, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        let wakes_only = recorder.thread == 0;
        for _ in 0..3 + rng.below(3) {
            match rng.below(8) {
                0 => recorder.record(|| self.wake(place, true)),
                1..4 => recorder.record(|| self.wake(place, false)),
                _ if wakes_only => recorder.record(|| self.wake(place, false)),
                _ => self.wait(place, recorder, rng),
            }
            rng.pause();
        }
        if !wakes_only {
            place.left.fetch_add(1, Ordering::Relaxed);
            return;
        }
        while place.left.load(Ordering::Relaxed) < THREADS - 1 {
            // What wakes nobody is not noted, for there may be any number of them.
            recorder.record_all(|| {
                let effect = self.wake(place, true);
                if effect == Effect::Broadcast(0) { vec![] } else { vec![effect] }
            });
            std::thread::yield_now();
        }
    }

    /// Nobody is left.
    fn end(&self, place: &Place<C>, recorder: &mut Recorder<'_, Effect>) {
        recorder.record(|| self.wake(place, false));
    }
}

#[test]
fn cond() {
    convince(&Conds::<Cond>::new(false));
}

#[test]
fn cond_signalled_with_the_lock() {
    convince(&Conds::<Cond>::new(true));
}

/// By the lock of Go's own shape.
#[derive(Default)]
struct Raw(Cond, RawMutex);

impl Condition for Raw {
    fn wait(&self, guard: MutexGuard<'_, ()>, way: Way, rng: &mut Rng, is_now: &dyn Fn()) -> Option<bool> {
        self.1.lock();
        is_now();
        drop(guard);
        let called = match way {
            Way::Timed | Way::Glance | Way::Try => self.0.wait_timeout(&mut &self.1, rng.tiny()),
            Way::Plain | Way::Task => {
                self.0.wait(&mut &self.1);
                true
            }
        };
        self.1.unlock();
        Some(called)
    }

    fn signal(&self) -> usize {
        self.1.lock();
        let woken = usize::from(self.0.signal());
        self.1.unlock();
        woken
    }

    fn broadcast(&self) -> usize {
        self.1.lock();
        let woken = self.0.broadcast();
        self.1.unlock();
        woken
    }
}

#[test]
fn cond_of_a_raw_mutex() {
    convince(&Conds::<Raw>::new(true));
}
