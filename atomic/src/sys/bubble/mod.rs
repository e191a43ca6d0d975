//! [`run`]: threads with a clock of their own, which moves only when all of them are asleep. Feature `synctest`.
//!
//! A *bubble* has *members*: the thread that [`run`] starts, and all that members start by [`inherit`]. While a member sleeps in
//! an operation of gosync, on a [`Futex`], it is in the bubble's list, with the word, the value that the word must keep for the sleep to
//! go on, and its deadline. It does not sleep on the word itself but on a *bell* of its own: who wakes a word's sleepers takes those that are
//! members of its own bubble out of the list, and rings their bells. The caller of `run` is no member: it is the *keeper*, and
//! sleeps until it is rung for.
//!
//! # When all are asleep
//!
//! A member is *asleep* from when it has entered the list until somebody has taken it out. Both are done under the bubble's
//! lock. If there are as many in the list as there are members, no member can run: each has entered it, and nobody has taken it
//! out since. So it stays, until the keeper does something, and the member that was the last to enter, or that ended when all
//! others were in, rings for the keeper. That one then does the first of these that there is to do:
//!
//! 1. Functions that are due are started. (Those are not members that sleep, so this is done before all else whenever the keeper was rung for.)
//! 2. Whose word is another than the one that it was to be is woken. The waker is no member, and knows nothing of bubbles.
//! 3. Who [waits](wait_for_others) for the others to sleep is woken.
//! 4. The clock is set to the first instant that somebody sleeps until, or that a function is due at; whoever sleeps until then
//!    is woken.
//! 5. It is a deadlock.
//!
//! None of that depends on how fast anybody is: a member that spins, computes, or waits for the CPU, is not in the list.
//!
//! # Why no wake-up is lost
//!
//! A member looks at its word under the lock, and enters the list before it lets go of that. Who wakes has changed the word before,
//! and then takes the lock. If it comes first, the member sees the change; if it comes second, it finds the member.
//!
//! # What is not durable
//!
//! A lock without a deadline may be held by a thread that is no member, which will let go of it soon; so who waits for one must
//! not count as asleep. It sleeps on the word as if there were no bubble: [`Undurable`]. As in Go.
//!
//! Nor is what is not a [`Futex`], such as the system's join: `end.rs` has what comes before that.
//!
//! # Invariants
//!
//! 1. A `Sleep` is in the list from when its thread has pushed it until it is taken out, both under the lock, and after that it stays
//!    until its bell is rung: its thread does nothing but wait for that. So does the word.
//! 2. The clock is changed by the keeper only, when all are asleep. It is read by members that are not, and by the keeper.
//! 3. What a thread's `HERE` points to is borrowed by an [`Inside`] on that thread's stack, which takes it back.
//!
//! # Ordering
//!
//! What a member has done before it slept or ended happens before what the keeper does when all are asleep, by the lock, and
//! that before what those do that it wakes, by their bells: synctest.block-before-wait, synctest.exit-before-wait,
//! synctest.timer-before-wait. The last member to end is one of them: synctest.exit-before-run-return.

mod row;

use std::any::Any;
use std::cell::Cell;
use std::fmt::Write as _;
use std::ptr::NonNull;
use std::time::Instant;

use super::platform;
use super::thread::{self, Builder};
use super::{Arc, Futex, Lock, UnsafeCell, ord, step, thread_local};
use row::{Row, Sleep};

/// What is to be done at some time, if nobody sleeps until then: the timers of the crate above. All of it without any lock.
pub trait Timers: Any + Send + Sync {
    /// When the first is due.
    fn first(&self) -> Option<Instant>;

    /// Starts all that are due.
    fn fire(&self);

    /// Forgets all.
    fn clear(&self);

    /// Itself, to find out what it is.
    fn into_any(self: std::sync::Arc<Self>) -> std::sync::Arc<dyn Any + Send + Sync>;
}

type SharedTimers = std::sync::Arc<dyn Timers>;

/// What has become of the first member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Runs,
    Returned,
    Panicked,
}

/// What the lock guards.
struct State {
    /// Those that run and those that sleep.
    members: usize,
    asleep: Row,
    first: First,
    timers: Option<SharedTimers>,
}

impl State {
    fn all_are_asleep(&self) -> bool {
        step!("bubble.all-are-asleep", self.asleep.len == self.members, else true)
    }
}

/// See the head of this file.
pub(super) struct Bubble {
    lock: Lock,
    state: UnsafeCell<State>,
    clock: UnsafeCell<Instant>,
    /// The keeper's bell. 1: it is to look.
    keeper: Futex,
}

// SAFETY: the state is touched under the lock only; the clock by whom invariant 2 names.
unsafe impl Send for Bubble {}
// SAFETY: as above.
unsafe impl Sync for Bubble {}

/// What the keeper does next.
enum Next {
    Sleep,
    /// All are asleep; until this instant, the first of them.
    Advance(Option<Instant>),
    Stop,
}

impl Bubble {
    fn new() -> Bubble {
        let state = State { members: 0, asleep: Row::EMPTY, first: First::Runs, timers: None };
        Bubble {
            lock: Lock::new(),
            state: UnsafeCell::new(state),
            clock: UnsafeCell::new(platform::now()),
            keeper: Futex::new(0),
        }
    }

    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let _lock = self.lock.lock();
        // SAFETY: the lock is held, so nobody else touches the state.
        self.state.with_mut(|state| f(unsafe { &mut *state }))
    }

    /// For a member that is not asleep, or the keeper.
    fn now(&self) -> Instant {
        // SAFETY: nobody changes it at this time (invariant 2).
        self.clock.with(|clock| unsafe { *clock })
    }

    fn has_passed(&self, deadline: Option<Instant>) -> bool {
        deadline.is_some_and(|deadline| deadline <= self.now())
    }

    /// Has the keeper look.
    fn ring_for_keeper(&self) {
        // Relaxed: the keeper takes the lock that the caller had, and so comes after it, because it has seen this.
        if self.keeper.swap(1, ord!("bubble.keeper.ring", Relaxed)) == 0 {
            step!("bubble.keeper.wake", self.keeper.waker().wake_one_aside());
        }
    }

    fn await_ring(&self) {
        // Relaxed: as above.
        while self.keeper.swap(0, ord!("bubble.keeper.look", Relaxed)) == 0 {
            self.keeper.wait_aside(0);
        }
    }

    /// Sleeps, as a member, while the word is `expected`, until woken, or until the deadline: `false`. May return for no
    /// reason. Without a word: until all others are asleep; `None` if another one does that.
    fn sleep(&self, word: Option<&Futex>, expected: u32, deadline: Option<Instant>) -> Option<bool> {
        if self.has_passed(deadline) {
            return Some(false);
        }
        let sleep = &Sleep {
            word: word.map(NonNull::from),
            expected,
            deadline,
            bell: Futex::new(0),
            thread: std::thread::current(),
            operation: platform::operation(),
            next: Cell::new(None),
        };
        let is_last = self.with(|state| {
            if !step!("bubble.look", sleep.is_unchanged(), else true) {
                return Some(None);
            }
            if word.is_none() && state.asleep.iter().any(|other| other.word.is_none()) {
                return None;
            }
            // SAFETY: it is new, and this function stays until its bell has rung, after it was taken out.
            unsafe { state.asleep.push(NonNull::from(sleep)) };
            Some(Some(state.all_are_asleep()))
        })?;
        if let Some(is_last) = is_last {
            if is_last {
                step!("bubble.last-asleep", self.ring_for_keeper());
            }
            // Acquire: pairs with the Release in `ring`; makes the clock visible, and what comes before it.
            while sleep.bell.load(ord!("bubble.rung", Acquire)) == 0 {
                sleep.bell.wait_aside(0);
            }
        }
        Some(!self.has_passed(deadline))
    }

    /// Wakes the first, or all, of the members that sleep while a word has some value: of the word with this key.
    fn wake(&self, key: usize, most: usize) {
        // SAFETY: the word of a sleep lives as it does (invariant 1).
        let is_of_word = |sleep: &Sleep| sleep.word.is_some_and(|word| unsafe { word.as_ref() }.key() == key);
        self.with(|state| state.asleep.take(most, is_of_word)).ring();
    }

    fn timers(&self) -> Option<SharedTimers> {
        self.with(|state| state.timers.clone())
    }

    /// The keeper's work, until the last member has ended or the first has panicked. An error is the text of the panic: they are asleep for ever.
    fn keep(&self) -> Result<(), String> {
        loop {
            let timers = self.timers();
            if let Some(timers) = &timers {
                step!("bubble.fire", timers.fire());
            }
            match self.next() {
                Next::Stop => return Ok(()),
                Next::Sleep => self.await_ring(),
                Next::Advance(first) => {
                    // Nobody but the keeper does anything now. The first alarm may have been set since it has looked.
                    let timers = step!("bubble.timers-again", self.timers(), else timers);
                    let due = timers.and_then(|timers| timers.first());
                    let (first_member, until) = (self.with(|state| state.first), first.into_iter().chain(due).min());
                    let Some(until) = until.filter(|_| first_member == First::Runs) else {
                        return Err(self.report(first_member));
                    };
                    self.advance(until);
                }
            }
        }
    }

    /// What there is to do; some of it is done.
    fn next(&self) -> Next {
        let (woken, next) = self.with(|state| {
            if state.members == 0 || state.first == First::Panicked {
                return (Row::EMPTY, Next::Stop);
            }
            if !state.all_are_asleep() {
                return (Row::EMPTY, Next::Sleep);
            }
            // Relaxed: who has rung had the lock after that. An alarm that was due at once, and is looked for first.
            let is_rung = self.keeper.load(ord!("bubble.keeper.rung", Relaxed)) != 0;
            if step!("bubble.rung-meanwhile", is_rung, else false) {
                return (Row::EMPTY, Next::Sleep);
            }
            let is_changed = |sleep: &Sleep| !sleep.is_unchanged();
            let mut woken = step!("bubble.outside", state.asleep.take(usize::MAX, is_changed), else Row::EMPTY);
            if woken.len == 0 {
                let waits = |sleep: &Sleep| sleep.word.is_none();
                woken = step!("bubble.wait-ends", state.asleep.take(1, waits), else Row::EMPTY);
            }
            if woken.len > 0 {
                return (woken, Next::Sleep);
            }
            (Row::EMPTY, Next::Advance(state.asleep.iter().filter_map(|sleep| sleep.deadline).min()))
        });
        woken.ring();
        next
    }

    /// All are asleep: sets the clock, and wakes who has slept until then.
    fn advance(&self, until: Instant) {
        let until = until.max(self.now());
        // SAFETY: all are asleep, and this is the keeper (invariant 2).
        self.clock.with_mut(|clock| unsafe { *clock = until });
        let is_over = |sleep: &Sleep| sleep.deadline.is_some_and(|deadline| deadline <= until);
        self.with(|state| state.asleep.take(usize::MAX, is_over)).ring();
    }

    /// Who sleeps, in Go's words.
    fn report(&self, first: First) -> String {
        let mut text = String::from(match first {
            First::Runs => "deadlock: all goroutines in bubble are blocked",
            _ => "deadlock: main bubble goroutine has exited but blocked goroutines remain",
        });
        self.with(|state| {
            for sleep in state.asleep.iter() {
                let name = sleep.thread.name().unwrap_or("a thread");
                // A `String` takes all.
                _ = match sleep.operation {
                    Some((what, at)) => write!(text, "\n{name}: {what} at {at}"),
                    None => {
                        write!(text, "\n{name}: {}", if sleep.deadline.is_some() { "sleeps" } else { "is blocked" })
                    }
                };
            }
        });
        text
    }
}

/// Where a thread is.
#[derive(Clone, Copy)]
pub(super) struct Here {
    bubble: Option<NonNull<Arc<Bubble>>>,
    pub(super) is_keeper: bool,
    /// What sleeps without a deadline does not count as asleep.
    is_undurable: bool,
}

const OUTSIDE: Here = Here { bubble: None, is_keeper: false, is_undurable: false };

thread_local! {
    static HERE: Cell<Here> = Cell::new(OUTSIDE)
}

/// Where the calling thread is. To be asked by the function that has it.
pub(super) fn here() -> Here {
    if !platform::has_bubbles() {
        return OUTSIDE;
    }
    HERE.try_with(Cell::get).unwrap_or(OUTSIDE)
}

fn set_here(here: Here) -> Here {
    HERE.try_with(|place| place.replace(here)).unwrap_or(OUTSIDE)
}

impl Here {
    pub(super) fn bubble(&self) -> Option<&Arc<Bubble>> {
        // SAFETY: the thread is in there as long as the function that has asked runs (invariant 3).
        self.bubble.map(|bubble| unsafe { bubble.as_ref() })
    }
}

/// While it lives, its thread is in the bubble.
struct Inside<'a> {
    _bubble: &'a Arc<Bubble>,
    before: Here,
}

impl Inside<'_> {
    fn enter(bubble: &Arc<Bubble>, is_keeper: bool) -> Inside<'_> {
        let here = Here { bubble: Some(NonNull::from(bubble)), is_keeper, is_undurable: false };
        Inside { _bubble: bubble, before: set_here(here) }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        set_here(self.before);
    }
}

/// A member, whether its thread has started or not, until it is dropped.
struct Member {
    bubble: Arc<Bubble>,
    is_first: bool,
}

impl Member {
    /// Counts one.
    fn new(bubble: Arc<Bubble>, is_first: bool) -> Member {
        bubble.with(|state| state.members += 1);
        Member { bubble, is_first }
    }

    /// Runs its function.
    fn run<T>(self, f: impl FnOnce() -> T) -> T {
        // Dropped the other way round: it leaves the bubble, and then is counted as gone.
        let member = self;
        let _inside = Inside::enter(&member.bubble, false);
        f()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let is_last = self.bubble.with(|state| {
            state.members -= 1;
            if self.is_first {
                state.first = if thread::panicking() { First::Panicked } else { First::Returned };
            }
            state.all_are_asleep() || state.first == First::Panicked
        });
        if is_last {
            step!("bubble.last-gone", self.bubble.ring_for_keeper());
        }
    }
}

/// While it lives, sleeps without a deadline do not count as asleep.
#[derive(Debug)]
pub struct Undurable {
    before: bool,
}

impl Undurable {
    /// From here on.
    #[must_use]
    pub fn enter() -> Undurable {
        let here = here();
        if here.bubble.is_some() {
            set_here(Here { is_undurable: true, ..here });
        }
        Undurable { before: here.is_undurable }
    }
}

impl Drop for Undurable {
    fn drop(&mut self) {
        let here = here();
        if here.bubble.is_some() {
            set_here(Here { is_undurable: self.before, ..here });
        }
    }
}

/// In place of a sleep on the word: if the thread is a member, and this counts. `false`: the deadline has passed.
#[inline]
pub(super) fn sleep(word: &Futex, expected: u32, deadline: Option<Instant>) -> Option<bool> {
    let here = here();
    let is_for_a_lock = here.is_undurable && deadline.is_none();
    let is_durable = !here.is_keeper && !step!("bubble.undurable", is_for_a_lock, else false);
    here.bubble().filter(|_| is_durable)?.sleep(Some(word), expected, deadline)
}

/// With the wake-up of a word's sleepers: of those that are members of the same bubble as the caller.
#[inline]
pub(super) fn wake(key: usize, most: usize) {
    if let Some(bubble) = here().bubble() {
        step!("bubble.wake-member", bubble.wake(key, most));
    }
}

/// The bubble's clock, in a bubble.
pub(super) fn now() -> Option<Instant> {
    here().bubble().map(|bubble| bubble.now())
}

/// Whether the caller is in a bubble.
#[must_use]
pub fn is_inside() -> bool {
    here().bubble.is_some()
}

/// What a thread runs that the caller is about to start: in the caller's bubble, if it is in one.
pub fn inherit<T>(f: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let here = here();
    let member = here.bubble().map(|bubble| Member::new(Arc::clone(bubble), false));
    move || match member {
        Some(member) => member.run(f),
        None => f(),
    }
}

/// The timers of the caller's bubble, and those that `new` makes, if it has none yet; `None` outside.
pub fn timers<T: Timers>(new: impl FnOnce() -> std::sync::Arc<T>) -> Option<std::sync::Arc<T>> {
    let here = here();
    let bubble = here.bubble()?;
    // Made without the lock; of two, the first to come is kept.
    let timers = bubble.timers().unwrap_or_else(|| {
        let new: SharedTimers = new();
        bubble.with(|state| std::sync::Arc::clone(state.timers.get_or_insert(new)))
    });
    timers.into_any().downcast().ok()
}

/// Says that one of the timers may be due.
pub fn timers_changed() {
    if let Some(bubble) = here().bubble() {
        step!("bubble.timers-changed", bubble.ring_for_keeper());
    }
}

/// Sleeps until all other members are asleep, and what is due has been started; an error is Go's text.
///
/// # Errors
///
/// Outside of a bubble, and if another member does so.
pub fn wait_for_others() -> Result<(), &'static str> {
    let here = here();
    let bubble = here.bubble().filter(|_| !here.is_keeper).ok_or("goroutine is not in a bubble")?;
    bubble.sleep(None, 0, None).map(drop).ok_or("wait already in progress")
}

/// Runs `f` as the first member of a new bubble, on a thread of its own, until all members have ended; what came of it. An
/// error is the text of a panic: of those that are left all sleep for ever, and their threads are left behind.
///
/// # Errors
///
/// See above.
///
/// # Panics
///
/// If no thread can be started.
pub fn run<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<std::thread::Result<T>, String> {
    if is_inside() {
        return Err("synctest.Run called from within a synctest bubble".into());
    }
    platform::note_bubble();
    let bubble = Arc::new(Bubble::new());
    let member = Member::new(Arc::clone(&bubble), true);
    let name = std::thread::current().name().unwrap_or("synctest").to_owned();
    let thread = Builder::new().name(name).spawn(move || member.run(f));
    let thread = thread.unwrap_or_else(|error| panic!("failed to start a thread: {error}"));
    let end = {
        let _inside = Inside::enter(&bubble, true);
        bubble.keep()
    };
    // Its functions are a user's, and may hold this bubble's timers in turn.
    if let Some(timers) = bubble.timers() {
        timers.clear();
    }
    end.map(|()| thread.join())
}
