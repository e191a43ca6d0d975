//! Broken locks and the rest: ours, misused by a wrapper that does one thing wrong.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use gosync::semaphore::Weighted;
use gosync::singleflight::Group;
use gosync::{Cond, Mutex, MutexGuard, Once, RwMutex, RwMutexReadGuard, RwMutexWriteGuard, WaitGroup};

use crate::calls::{Onces, Shared, Sharing, Single};
use crate::checker::picture;
use crate::conds::{Condition, Conds};
use crate::contexts::{Contexts, Tree, Trees};
use crate::counts::{Countdown, Groups, Semaphore, Semaphores, Took};
use crate::locks::{Held, Lock, Locks, Mode, Taken, Way};
use crate::record::{Game, convict_by};
use crate::rng::Rng;

/// Convicts, and shows a violation of so many operations at most, a line each.
fn convict<G: Game + Sync>(game: &G, most: usize) {
    let violation = convict_by(game, most);
    let lines = picture(&violation);
    assert_eq!(lines.lines().count(), violation.len());
    println!("{lines}");
}

/// A lock for readers and writers where a reader passes by now and then.
#[derive(Default)]
struct Open {
    lock: RwMutex<u8>,
    passes: AtomicBool,
}

/// A reader that has no lock.
struct Passing<'a>(&'a Open);

impl<'a> Held<'a> for Passing<'a> {
    fn get(&self) -> u8 {
        self.0.lock.try_read().map_or(0, |value| *value)
    }
}

impl Lock for Open {
    const WAYS: &'static [Way] = &[Way::Try, Way::Timed, Way::Plain];

    fn take(&self, mode: Mode, way: Way, rng: &mut Rng) -> Taken<'_> {
        if mode == Mode::Read && self.passes.swap(rng.one_in(4), Ordering::Relaxed) {
            return Some(Box::new(Passing(self)));
        }
        self.lock.take(mode, way, rng)
    }
}

#[test]
fn an_rwmutex_that_readers_pass() {
    convict(&Locks::<Open>::new(), 12);
}

/// One whose tries fail for no reason.
#[derive(Default)]
struct Shy(RwMutex<u8>);

impl Lock for Shy {
    fn take(&self, mode: Mode, way: Way, rng: &mut Rng) -> Taken<'_> {
        if way == Way::Try && rng.one_in(8) { None } else { self.0.take(mode, way, rng) }
    }
}

#[test]
fn an_rwmutex_that_refuses_for_no_reason() {
    convict(&Locks::<Shy>::new(), 12);
}

/// One whose downgrade unlocks in between.
#[derive(Default)]
struct Leaky(RwMutex<u8>);

struct Writer<'a>(&'a Leaky, RwMutexWriteGuard<'a, u8>);

struct Reader<'a>(RwMutexReadGuard<'a, u8>);

impl<'a> Held<'a> for Reader<'a> {
    fn get(&self) -> u8 {
        *self.0
    }
}

impl<'a> Held<'a> for Writer<'a> {
    fn get(&self) -> u8 {
        *self.1
    }

    fn set(&mut self, value: u8) {
        *self.1 = value;
    }

    fn downgrade(self: Box<Self>) -> Box<dyn Held<'a> + 'a> {
        let Writer(lock, guard) = *self;
        drop(guard);
        thread::yield_now();
        Box::new(Reader(lock.0.read()))
    }
}

impl Lock for Leaky {
    const DOWNGRADES: bool = true;

    fn take(&self, mode: Mode, way: Way, rng: &mut Rng) -> Taken<'_> {
        if mode == Mode::Read || matches!(way, Way::Task | Way::Glance) {
            return self
                .0
                .read_timeout(rng.tiny())
                .filter(|_| mode == Mode::Read)
                .map(|guard| Box::new(Reader(guard)) as _);
        }
        let guard = if way == Way::Plain { Some(self.0.write()) } else { self.0.try_write() };
        guard.map(|guard| Box::new(Writer(self, guard)) as _)
    }
}

#[test]
fn an_rwmutex_that_lets_go_of_a_downgrade() {
    convict(&Locks::<Leaky>::new(), 12);
}

/// A mutex for two.
struct Double([Mutex<u8>; 2], AtomicUsize);

impl Default for Double {
    fn default() -> Double {
        Double(Default::default(), AtomicUsize::new(0))
    }
}

impl Lock for Double {
    const READS: bool = false;

    fn take(&self, mode: Mode, way: Way, rng: &mut Rng) -> Taken<'_> {
        self.0[self.1.fetch_add(1, Ordering::Relaxed) % 2].take(mode, way, rng)
    }
}

#[test]
fn a_mutex_for_two() {
    convict(&Locks::<Double>::new(), 8);
}

/// A semaphore that has one permit more than it says.
struct Generous(Weighted);

impl Semaphore for Generous {
    fn new(size: usize) -> Generous {
        Generous(Weighted::new(size + 1))
    }

    fn take(&self, n: usize, way: Way, rng: &mut Rng) -> Took {
        Semaphore::take(&self.0, n, way, rng)
    }

    fn give(&self, n: usize) {
        self.0.give(n);
    }
}

#[test]
fn a_semaphore_with_too_many_permits() {
    convict(&Semaphores::<Generous>::new(), 12);
}

/// One that loses what is taken by who gives up.
struct Losing(Weighted);

impl Semaphore for Losing {
    fn new(size: usize) -> Losing {
        Losing(Weighted::new(size))
    }

    /// It does not wait: what is lost would make that hang.
    fn take(&self, n: usize, way: Way, rng: &mut Rng) -> Took {
        if way == Way::Try {
            return Semaphore::take(&self.0, n, way, rng);
        }
        if !self.0.try_acquire(n) {
            return Took::Cancelled;
        }
        if rng.one_in(4) { Took::Cancelled } else { Took::All }
    }

    fn give(&self, n: usize) {
        self.0.give(n);
    }
}

#[test]
fn a_semaphore_that_loses_permits() {
    convict(&Semaphores::<Losing>::new(), 12);
}

/// A group whose wait is content with one that is left.
#[derive(Default)]
struct Early(AtomicUsize);

impl Countdown for Early {
    fn add(&self, n: usize) {
        self.0.fetch_add(n, Ordering::SeqCst);
    }

    fn done(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    fn wait(&self, _: Way, _: &mut Rng) -> bool {
        self.0.load(Ordering::SeqCst) <= 1
    }
}

#[test]
fn a_group_that_waits_for_all_but_one() {
    convict(&Groups::<Early>::new(), 10);
}

/// One whose wait tells what it was some time ago.
#[derive(Default)]
struct Late(WaitGroup, Mutex<usize>);

impl Countdown for Late {
    fn add(&self, n: usize) {
        Countdown::add(&self.0, n);
    }

    fn done(&self) {
        Countdown::done(&self.0);
    }

    fn wait(&self, way: Way, rng: &mut Rng) -> bool {
        let before = *self.1.lock() == 0;
        let now = self.0.wait_timeout(rng.tiny()).is_ok();
        *self.1.lock() = usize::from(!now);
        if way == Way::Timed { before } else { now }
    }
}

#[test]
fn a_group_that_is_late() {
    convict(&Groups::<Late>::new(), 10);
}

/// What is broken in a `Cond`.
trait Flaw: Default + Sync {
    /// Whether a signal wakes two.
    const TWO: bool = false;
    /// Whether a wait that has timed out says that it was called, now and then.
    const LIES: bool = false;
    /// Whether the signal misses who came last.
    const DEAF: bool = false;
}

#[derive(Default)]
struct Flawed<F>(Cond, F);

impl<F: Flaw> Condition for Flawed<F> {
    fn wait(&self, guard: MutexGuard<'_, ()>, way: Way, rng: &mut Rng, is_now: &dyn Fn()) -> Option<bool> {
        let lies = F::LIES && way == Way::Timed && rng.one_in(4);
        let called = Condition::wait(&self.0, guard, way, rng, is_now);
        if lies { Some(true) } else { called }
    }

    fn signal(&self) -> usize {
        if F::DEAF {
            return 0;
        }
        let woken = usize::from(self.0.signal());
        if F::TWO {
            self.0.signal();
        }
        woken
    }

    fn broadcast(&self) -> usize {
        self.0.broadcast()
    }
}

#[derive(Default)]
struct Two;

impl Flaw for Two {
    const TWO: bool = true;
}

#[derive(Default)]
struct Lies;

impl Flaw for Lies {
    const LIES: bool = true;
}

#[derive(Default)]
struct Deaf;

impl Flaw for Deaf {
    const DEAF: bool = true;
}

#[test]
fn a_cond_whose_signal_wakes_two() {
    convict(&Conds::<Flawed<Two>>::new(false), 12);
}

#[test]
fn a_cond_that_wakes_by_itself() {
    convict(&Conds::<Flawed<Lies>>::new(false), 12);
}

#[test]
fn a_cond_that_does_not_hear() {
    convict(&Conds::<Flawed<Deaf>>::new(true), 12);
}

/// A once that does not wait for who runs.
#[derive(Default)]
struct Hasty(AtomicBool, AtomicBool);

impl Single for Hasty {
    fn call(&self, f: impl FnOnce()) {
        if !self.0.swap(true, Ordering::SeqCst) {
            thread::yield_now();
            f();
            self.1.store(true, Ordering::SeqCst);
        }
    }

    fn is_over(&self) -> bool {
        self.1.load(Ordering::SeqCst)
    }
}

#[test]
fn a_once_that_does_not_wait() {
    convict(&Onces::<Hasty>::new(), 8);
}

/// A once that asks first and runs later.
#[derive(Default)]
struct Twice(AtomicBool, Once);

impl Single for Twice {
    fn call(&self, f: impl FnOnce()) {
        if !self.0.load(Ordering::SeqCst) {
            thread::yield_now();
            f();
            self.0.store(true, Ordering::SeqCst);
            self.1.call_once(|| {});
        }
    }

    fn is_over(&self) -> bool {
        self.1.is_completed()
    }
}

#[test]
fn a_once_that_runs_twice() {
    convict(&Onces::<Twice>::new(), 8);
}

/// A group that keeps a result beyond the call.
#[derive(Default)]
struct Keeping(Group<usize, u8>, Mutex<[Option<u8>; 2]>);

impl Sharing for Keeping {
    fn call(&self, key: usize, f: impl FnOnce() -> u8, rng: &mut Rng) -> (u8, bool) {
        let kept = self.1.lock()[key].filter(|_| rng.one_in(4));
        let result = kept.map_or_else(|| Group::call(&self.0, key, f), |value| (value, true));
        self.1.lock()[key] = Some(result.0);
        result
    }

    fn forget(&self, key: usize) {
        Sharing::forget(&self.0, key);
    }
}

#[test]
fn a_group_that_keeps_results() {
    convict(&Shared::<Keeping>::new(), 8);
}

/// One that does not tell who leads that others share its result.
#[derive(Default)]
struct Silent(Group<usize, u8>);

impl Sharing for Silent {
    fn call(&self, key: usize, f: impl FnOnce() -> u8, _: &mut Rng) -> (u8, bool) {
        (Group::call(&self.0, key, f).0, false)
    }

    fn forget(&self, key: usize) {
        Sharing::forget(&self.0, key);
    }
}

#[test]
fn a_group_that_does_not_tell() {
    convict(&Shared::<Silent>::new(), 8);
}

/// A tree whose cancellations reach what is below later, by whoever looks next.
struct Lazy(Contexts, Mutex<Option<(usize, u8)>>);

impl Tree for Lazy {
    fn new() -> Lazy {
        Lazy(Contexts::new(), Mutex::default())
    }

    fn cancel(&self, node: usize, cause: u8) {
        if let Some((node, cause)) = self.1.lock().replace((node, cause)) {
            self.0.cancel(node, cause);
        }
    }

    fn is_done(&self, node: usize, rng: &mut Rng) -> Option<bool> {
        self.0.is_done(node, rng)
    }

    fn cause(&self, node: usize) -> Option<Option<u8>> {
        self.0.cause(node)
    }

    fn make(&self) {
        self.0.make();
    }
}

#[test]
fn a_context_that_is_cancelled_late() {
    convict(&Trees::<Lazy>::new(), 8);
}

/// One whose last cause counts.
struct Fickle(Contexts, Mutex<[Option<u8>; 8]>);

impl Tree for Fickle {
    fn new() -> Fickle {
        Fickle(Contexts::new(), Mutex::default())
    }

    fn cancel(&self, node: usize, cause: u8) {
        self.0.cancel(node, cause);
        self.1.lock()[node] = Some(cause);
    }

    fn is_done(&self, node: usize, rng: &mut Rng) -> Option<bool> {
        self.0.is_done(node, rng)
    }

    fn cause(&self, node: usize) -> Option<Option<u8>> {
        let cause = self.0.cause(node)?;
        Some(cause.and_then(|cause| self.1.lock()[node].or(Some(cause))))
    }

    fn make(&self) {
        self.0.make();
    }
}

#[test]
fn a_context_whose_last_cause_counts() {
    convict(&Trees::<Fickle>::new(), 8);
}
