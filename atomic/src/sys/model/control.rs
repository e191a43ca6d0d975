//! What a model runner can set, and the choices that it can arm.
//!
//! A choice is one of several answers, each of which the checker may try ([`Choice`]). [`begin`] makes them anew for each
//! execution; the model calls [`expire_deadlines`], [`wake_spuriously`] or [`pick_any`] in a thread other than the one that
//! is to be surprised, after it has started that thread. Without any of this, deadlines never pass and waits never return
//! for no reason.
//!
//! Where a deadline has to pass sooner or later, a choice is not enough: [`stop_clock`] gives the model a clock that shows
//! what [`set_clock`] says, to all threads alike, and wakes those whose deadline has passed by then. All orders of looks at
//! it and changes are explored, and nothing is ordered by them.

// All of this is std on purpose: it must stay invisible to the checker, which runs all threads of a model on one OS thread.
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::engine::{Aside, Choice, model_thread_local};
use crate::__sys::Seats;

/// What holds for all models of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Ping before every atomic access: see `loom/atomics.rs`. For loom.
    pub ping: bool,
    /// Use the shipped lock instead of the checker's mutex.
    pub real_lock: bool,
    /// Channels open their lanes, and as early as they can. Without it, a model has no lanes, and none of the states that they
    /// would add.
    pub lanes: bool,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Sets what holds for all models of this process, once and before the first.
///
/// # Panics
///
/// If it was set before.
pub fn configure(settings: Settings) {
    SETTINGS.set(settings).expect("the settings are fixed once");
}

pub(super) fn settings() -> Settings {
    SETTINGS.get().copied().unwrap_or_default()
}

#[derive(Clone)]
struct Choices {
    deadline: Rc<Choice>,
    spurious: Rc<Choice>,
    pick: Rc<Choice>,
}

/// What a thread sleeps on until its deadline.
type Sleep = (Instant, Rc<dyn Fn()>);

struct Clock {
    shows: Instant,
    /// Whoever looks at the clock or changes it uses this, so that loom tries all orders. `None` when the first thread has
    /// ended: nobody changes it any more.
    word: Option<Rc<Aside>>,
    sleeps: Vec<Sleep>,
}

thread_local! {
    static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
    static CHOICES: RefCell<Option<Choices>> = const { RefCell::new(None) };
    static SPURIOUS_LEFT: Cell<bool> = const { Cell::new(false) };
    static LOCKS: Cell<usize> = const { Cell::new(0) };
    static PATIENCE: Cell<usize> = const { Cell::new(0) };
    static CLOSING: Cell<usize> = const { Cell::new(0) };
    static LOOKS: Cell<usize> = const { Cell::new(0) };
    #[cfg(feature = "synctest")]
    static BUBBLES: Cell<bool> = const { Cell::new(false) };
    static ONE_ORDER: Cell<bool> = const { Cell::new(true) };
    static SLOTS: Cell<usize> = const { Cell::new(0) };
    static SEATS: RefCell<Option<(usize, Rc<Seats>)>> = const { RefCell::new(None) };
}

/// Begins an execution: choices are there, and not armed.
pub fn begin() {
    let unarmed = || Rc::new(Choice::new());
    CLOCK.set(None);
    CHOICES.set(Some(Choices { deadline: unarmed(), spurious: unarmed(), pick: unarmed() }));
    SPURIOUS_LEFT.set(true);
    LOCKS.set(0);
    PATIENCE.set(0);
    CLOSING.set(0);
    LOOKS.set(0);
    #[cfg(feature = "synctest")]
    BUBBLES.set(false);
    ONE_ORDER.set(true);
    SLOTS.set(0);
    SEATS.set(None);
}

/// Ends an execution.
pub fn end() {
    CHOICES.set(None);
    SEATS.set(None);
    // Threads that have still to end may look at it. What belongs to this execution must not outlive it.
    CLOCK.with_borrow_mut(|clock| {
        clock.iter_mut().for_each(|clock| {
            clock.word = None;
            clock.sleeps.clear();
        });
    });
}

/// From here on, in this execution, deadlines are not choices: the clock stands still. For the beginning of a model.
pub fn stop_clock() {
    CLOCK.set(Some(Clock { shows: Instant::now(), word: Some(Rc::new(Aside::new(0))), sleeps: Vec::new() }));
}

fn clock_word() -> Option<Rc<Aside>> {
    CLOCK.with_borrow(|clock| clock.as_ref()?.word.clone())
}

/// Sets the clock that was stopped, and wakes all whose deadline is then over.
pub fn set_clock(to: Instant) {
    if let Some(word) = clock_word() {
        word.fetch_add(1, Relaxed);
    }
    let late = CLOCK.with_borrow_mut(|clock| {
        let Some(clock) = clock else { return Vec::new() };
        clock.shows = to;
        let (late, early) = std::mem::take(&mut clock.sleeps).into_iter().partition(|(deadline, _)| *deadline <= to);
        clock.sleeps = early;
        late
    });
    late.iter().for_each(|(_, wake): &Sleep| wake());
}

/// The clock.
#[must_use]
pub fn now() -> Instant {
    CLOCK.with_borrow(|clock| clock.as_ref().map_or_else(Instant::now, |clock| clock.shows))
}

/// Whether the clock shows this instant or a later one; `None`: nobody has stopped it.
pub(super) fn clock_shows(deadline: Instant) -> Option<bool> {
    if let Some(word) = clock_word() {
        // It cannot store: nobody counts that far. It reads the newest value, as a look at a clock does.
        let _ = word.compare_exchange(usize::MAX, usize::MAX, Relaxed, Relaxed);
    }
    is_over(deadline)
}

/// As [`clock_shows`], without being a scheduling point.
pub(super) fn is_over(deadline: Instant) -> Option<bool> {
    CLOCK.with_borrow(|clock| clock.as_ref().map(|clock| deadline <= clock.shows))
}

/// Calls `wake` when the clock is set to the deadline or later.
pub(super) fn wake_at(deadline: Instant, wake: Rc<dyn Fn()>) {
    CLOCK.with_borrow_mut(|clock| clock.iter_mut().for_each(|clock| clock.sleeps.push((deadline, Rc::clone(&wake)))));
}

/// Forgets what was to be woken.
pub(super) fn forget(wake: &Rc<dyn Fn()>) {
    CLOCK.with_borrow_mut(|clock| {
        clock.iter_mut().for_each(|clock| clock.sleeps.retain(|(_, other)| !Rc::ptr_eq(other, wake)));
    });
}

fn choices() -> Option<Choices> {
    CHOICES.with_borrow(Clone::clone)
}

/// From here on the deadlines of other threads may pass, at any moment or never.
pub fn expire_deadlines() {
    if let Some(choices) = choices() {
        choices.deadline.arm();
    }
}

/// From here on one wait of another thread may return for no reason.
pub fn wake_spuriously() {
    if let Some(choices) = choices() {
        choices.spurious.arm();
    }
}

/// From here on other threads may pick the second of several that are as good, and not only the first.
pub fn pick_any() {
    if let Some(choices) = choices() {
        choices.pick.arm();
    }
}

/// One of 0 to n - 1: the first, or, after [`pick_any`], perhaps the second.
#[must_use]
pub fn pick(n: usize) -> usize {
    choices().map_or(0, |choices| choices.pick.make(n))
}

/// One of `n` answers; others than 0 only after [`expire_deadlines`].
#[must_use]
pub fn choose(n: usize) -> usize {
    choices().map_or(0, |choices| choices.deadline.make(n))
}

/// From here on it is asked so often in vain, in this execution, whether a [`Stamp`](super::Stamp) is old enough.
pub fn be_patient(times: usize) {
    PATIENCE.set(times);
}

/// From here on, in this execution, writers of an `RwMutex` keep readers out on trial, with so many steps.
pub fn close_for(steps: usize) {
    CLOSING.set(steps);
}

/// From here on, in this execution, who finds a lock, a lane or a buffer as it does not want it looks so many times more before it goes
/// to sleep.
pub fn look_again(times: usize) {
    LOOKS.set(times);
}

pub(super) fn looks() -> usize {
    LOOKS.get()
}

pub(super) fn closing_steps() -> usize {
    CLOSING.get()
}

pub(super) fn is_impatient() -> bool {
    let left = PATIENCE.get();
    PATIENCE.set(left.saturating_sub(1));
    left == 0
}

/// From here on, in this execution, an access of [`sc`](super::sc) acquires and releases, and nothing more: what is
/// ordered then, the access has ordered, and no fence beside it.
pub fn forgo_one_order() {
    ONE_ORDER.set(false);
}

pub(super) fn is_one_order() -> bool {
    ONE_ORDER.get()
}

model_thread_local! {
    static SLOT: usize = SLOTS.replace(SLOTS.get() + 1) % super::slots();
}

/// The slot of the calling thread: threads take turns, in the order in which they first ask.
#[must_use]
pub fn slot() -> usize {
    SLOT.try_with(|slot| *slot).unwrap_or(0)
}

/// From here on there are so many seats in this execution, of [`SEATS`](super::SEATS) at most: for the beginning of a model.
/// Without it threads do without, as those of a program do that come when all are taken.
///
/// # Panics
///
/// If they are more than there are places.
pub fn give_seats(n: usize) {
    assert!(n <= super::SEATS, "there is a place for each");
    SEATS.set(Some((n, Rc::new(Seats::new()))));
}

model_thread_local! {
    static SEAT: Seat = Seat::ask();
}

/// The seat of a thread, until it ends.
struct Seat(Option<(usize, Rc<Seats>)>);

impl Seat {
    fn ask() -> Seat {
        // Not borrowed while others have their turns.
        let seats = SEATS.with_borrow(Clone::clone);
        Seat(seats.and_then(|(n, seats)| Some((seats.take(n)?, seats))))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // In an execution that has failed there is nobody left to take it.
        if !super::thread::panicking() {
            self.0.iter().for_each(|(seat, seats)| seats.give_back(*seat));
        }
    }
}

/// The seat of the calling thread, which no other thread has.
#[must_use]
pub fn seat() -> Option<usize> {
    SEAT.try_with(|seat| seat.0.as_ref().map(|&(seat, _)| seat)).ok().flatten()
}

/// Whether this wait is the one that returns for no reason.
pub(super) fn spurious() -> bool {
    let Some(choices) = choices() else { return false };
    if !SPURIOUS_LEFT.get() || choices.spurious.make(2) == 0 {
        return false;
    }
    SPURIOUS_LEFT.set(false);
    true
}

/// Whether there has been a bubble in this execution: if not, nobody need ask whether it is in one.
#[cfg(feature = "synctest")]
pub(in crate::__sys) fn has_bubbles() -> bool {
    BUBBLES.get()
}

/// There is one.
#[cfg(feature = "synctest")]
pub(in crate::__sys) fn note_bubble() {
    BUBBLES.set(true);
}

/// Numbers the locks of an execution in the order of their creation.
pub(super) fn next_lock() -> usize {
    LOCKS.replace(LOCKS.get() + 1)
}
