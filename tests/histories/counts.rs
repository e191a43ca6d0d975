//! What counts: `semaphore::Weighted` and `WaitGroup`.

use gosync::WaitGroup;
use gosync::context::Context;
use gosync::semaphore::Weighted;

use crate::checker::Spec;
use crate::locks::{WAYS, Way};
use crate::record::{Game, Recorder, convince};
use crate::rng::Rng;
use crate::task::{block_on, glance};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Stands in line.
    Comes(usize, usize),
    /// Took so many, without standing in line.
    Takes(usize),
    /// Got what it stands in line for.
    Gets(usize),
    /// A try for so many has failed.
    Fails(usize),
    /// In line, and has to wait.
    Refused(usize),
    Leaves(usize),
    /// For one that leaves for a reason of its own: it may have got what it stands in line for, without having seen it.
    MayGet(usize),
    /// Leaves, and gives back what it has got.
    Quits(usize),
    Gives(usize),
}

/// A semaphore: who stands in line, for how many, and whether it has found out that it has to wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Permits {
    size: usize,
    free: usize,
    line: Vec<(usize, usize, bool)>,
    /// Who has got something without having seen it.
    unseen: Vec<(usize, usize)>,
}

impl Spec for Permits {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Permits> {
        let mut next = self.clone();
        let place = |thread| self.line.iter().position(|&(other, ..)| other == thread);
        let possible = match *effect {
            Effect::Comes(thread, n) => {
                next.line.push((thread, n, false));
                place(thread).is_none() && n <= self.size
            }
            Effect::Takes(n) => {
                next.free = self.free.wrapping_sub(n);
                self.line.is_empty() && n <= self.free
            }
            Effect::Gets(thread) => match self.line.first() {
                Some(&(first, n, _)) if first == thread => {
                    next.line.remove(0);
                    next.free = self.free.wrapping_sub(n);
                    n <= self.free
                }
                _ => false,
            },
            Effect::Fails(n) => n > self.free || !self.line.is_empty(),
            Effect::Refused(thread) => match place(thread) {
                Some(at) => {
                    next.line[at].2 = true;
                    at > 0 || self.line[at].1 > self.free
                }
                None => false,
            },
            Effect::Leaves(thread) => match place(thread) {
                Some(at) => next.line.remove(at).2,
                None => false,
            },
            Effect::MayGet(thread) => {
                let got = self.after(&Effect::Gets(thread)).into_iter().map(|mut got| {
                    got.unseen.push((thread, self.line[0].1));
                    got.unseen.sort_unstable();
                    got
                });
                return got.chain([self.clone()]).collect();
            }
            Effect::Quits(thread) => {
                let returned = self.unseen.iter().filter(|&&(other, _)| other == thread).map(|&(_, n)| n);
                next.free += returned.sum::<usize>();
                next.unseen.retain(|&(other, _)| other != thread);
                next.line.retain(|&(other, ..)| other != thread);
                next != *self
            }
            Effect::Gives(n) => {
                next.free += n;
                self.free + n <= self.size
            }
        };
        possible.then_some(next).into_iter().collect()
    }
}

/// How an acquisition has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    All,
    Nothing,
    /// The context was done: it need not have looked for more.
    Cancelled,
}

/// What a semaphore can do.
pub(crate) trait Semaphore: Sync {
    fn new(size: usize) -> Self;
    fn take(&self, n: usize, way: Way, rng: &mut Rng) -> Took;
    fn give(&self, n: usize);
}

impl Semaphore for Weighted {
    fn new(size: usize) -> Weighted {
        Weighted::new(size)
    }

    fn take(&self, n: usize, way: Way, rng: &mut Rng) -> Took {
        let taken = match way {
            Way::Try => self.try_acquire(n),
            Way::Timed if rng.one_in(2) => {
                let (context, _cancel) = Context::background().with_timeout(rng.tiny());
                return if self.acquire(&context, n).is_ok() { Took::All } else { Took::Cancelled };
            }
            Way::Timed => self.acquire_timeout(n, rng.tiny()),
            Way::Plain => self.acquire(&Context::background(), n).is_ok(),
            Way::Task => {
                block_on(self.acquire_async(n));
                true
            }
            Way::Glance => glance(self.acquire_async(n), rng).is_some(),
        };
        if taken { Took::All } else { Took::Nothing }
    }

    fn give(&self, n: usize) {
        self.release(n);
    }
}

const SIZE: usize = 3;

pub(crate) struct Semaphores<S>(std::marker::PhantomData<S>);

impl<S> Semaphores<S> {
    pub(crate) fn new() -> Semaphores<S> {
        Semaphores(std::marker::PhantomData)
    }
}

impl<S: Semaphore> Game for Semaphores<S> {
    type Spec = Permits;
    type Object = S;

    fn set_up(&self) -> (S, Permits) {
        (S::new(SIZE), Permits { size: SIZE, free: SIZE, line: Vec::new(), unseen: Vec::new() })
    }

    fn play(&self, semaphore: &S, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        let thread = recorder.thread;
        for _ in 0..2 + rng.below(3) {
            let (way, mut n) = (WAYS[rng.below(WAYS.len())], 1 + rng.below(SIZE));
            // More than there are: a try and a deadline fail at once.
            if matches!(way, Way::Try) && rng.one_in(8) {
                n = SIZE + 1;
            }
            let mut took = Took::Nothing;
            recorder.record_all(|| {
                took = semaphore.take(n, way, rng);
                let comes = Effect::Comes(thread, n);
                match (took, way) {
                    (Took::All, Way::Try) => vec![Effect::Takes(n)],
                    (Took::All, _) => vec![comes, Effect::Gets(thread)],
                    (Took::Nothing, Way::Try) => vec![Effect::Fails(n)],
                    (Took::Nothing, Way::Glance) => {
                        vec![comes, Effect::Refused(thread), Effect::MayGet(thread), Effect::Quits(thread)]
                    }
                    (Took::Nothing, _) => vec![comes, Effect::Refused(thread), Effect::Leaves(thread)],
                    (Took::Cancelled, _) => vec![comes, Effect::MayGet(thread), Effect::Quits(thread)],
                }
            });
            rng.pause();
            if took == Took::All {
                recorder.record(|| {
                    semaphore.give(n);
                    Effect::Gives(n)
                });
            }
        }
    }

    /// All are there.
    fn end(&self, semaphore: &S, recorder: &mut Recorder<'_, Effect>) {
        recorder.record(|| {
            let took = semaphore.take(SIZE, Way::Try, &mut Rng::new(0));
            if took == Took::All { Effect::Takes(SIZE) } else { Effect::Fails(SIZE) }
        });
    }
}

#[test]
fn semaphore() {
    convince(&Semaphores::<Weighted>::new());
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Add(usize),
    Done,
    /// A wait has returned.
    Zero,
    /// A wait has given up.
    NotZero,
}

/// A group's count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Count(usize);

impl Spec for Count {
    type Effect = Change;

    fn after(&self, effect: &Change) -> Vec<Count> {
        let (possible, next) = match *effect {
            Change::Add(n) => (true, self.0 + n),
            Change::Done => (self.0 > 0, self.0.saturating_sub(1)),
            Change::Zero => (self.0 == 0, 0),
            Change::NotZero => (self.0 > 0, self.0),
        };
        possible.then_some(Count(next)).into_iter().collect()
    }
}

/// What a group can do.
pub(crate) trait Countdown: Default + Sync {
    fn add(&self, n: usize);
    fn done(&self);
    /// Whether it was zero.
    fn wait(&self, way: Way, rng: &mut Rng) -> bool;
}

impl Countdown for WaitGroup {
    fn add(&self, n: usize) {
        WaitGroup::add(self, n as isize);
    }

    fn done(&self) {
        WaitGroup::done(self);
    }

    fn wait(&self, way: Way, rng: &mut Rng) -> bool {
        match way {
            Way::Try | Way::Timed => self.wait_timeout(rng.tiny()).is_ok(),
            Way::Plain => {
                WaitGroup::wait(self);
                true
            }
            Way::Task => {
                block_on(self.wait_async());
                true
            }
            Way::Glance => glance(self.wait_async(), rng).is_some(),
        }
    }
}

pub(crate) struct Groups<G>(std::marker::PhantomData<G>);

impl<G> Groups<G> {
    pub(crate) fn new() -> Groups<G> {
        Groups(std::marker::PhantomData)
    }
}

impl<G: Countdown> Game for Groups<G> {
    type Spec = Count;
    type Object = G;

    fn set_up(&self) -> (G, Count) {
        (G::default(), Count::default())
    }

    /// Nobody waits while a count of its own is out, so all come to an end.
    fn play(&self, group: &G, recorder: &mut Recorder<'_, Change>, rng: &mut Rng) {
        for _ in 0..1 + rng.below(3) {
            let n = 1 + rng.below(2);
            recorder.record(|| {
                group.add(n);
                Change::Add(n)
            });
            rng.pause();
            if rng.one_in(3) {
                recorder.record(|| wait(group, Way::Timed, rng));
            }
            for _ in 0..n {
                recorder.record(|| {
                    group.done();
                    Change::Done
                });
                rng.pause();
            }
            let way = WAYS[rng.below(WAYS.len())];
            recorder.record(|| wait(group, way, rng));
        }
    }

    fn end(&self, group: &G, recorder: &mut Recorder<'_, Change>) {
        recorder.record(|| wait(group, Way::Timed, &mut Rng::new(0)));
    }
}

fn wait(group: &impl Countdown, way: Way, rng: &mut Rng) -> Change {
    if group.wait(way, rng) { Change::Zero } else { Change::NotZero }
}

#[test]
fn waitgroup() {
    convince(&Groups::<WaitGroup>::new());
}
