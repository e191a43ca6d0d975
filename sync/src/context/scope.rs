//! [`Scope`]: the part of a context that ends. Scopes form a tree; the end of one is the end of all below it.
//!
//! A scope is over when its [`end`](Scope::end) has been written, under its lock and once; it is *done* when, after that, its
//! signal has been raised. Nothing tells that it is over but under the lock; everybody else goes by the signal. So who
//! finds it done sees why, and who sees why finds it done.
//!
//! # The tree
//!
//! A scope holds its parent, and its parent has it in a list, for as long as it has *handles*: contexts, functions that
//! cancel it, functions that are to be called at its end, and its children hold one each. With its last handle it leaves its
//! parent's list, and gives back its own handle of the parent. The lists hold memory (`Arc`), the handles say whether
//! anybody is there.
//!
//! # How a cancellation spreads
//!
//! [`cancel`](Scope::cancel) walks the tree below its scope: it ends the scope where it is, goes on to the first child
//! in its list, if there is one, and else takes it out of its parent's list and goes back up. It keeps no list
//! and no stack. A child is in the list until everything below it is done. So a second cancellation, of the same scope or of one
//! above or below, does not wait for the first, which may be busy in somebody's waker: it walks the same way, and helps
//! with what is left. When a cancellation returns, everything below its scope is done, whoever did it.
//!
//! # Invariants, whenever the lock of a scope is free
//!
//! 1. `end` is written once, before the signal is raised.
//! 2. If it is over, its list only shrinks, and it has no timer.
//! 3. What is in its list has not ended, or is ended by a cancellation that is under way; or it has no handle, and
//!    is about to leave.
//!
//! # Never under the lock
//!
//! A signal (it may run the wakers of tasks), a user's function, a drop of one or of a cause, and the lock of another
//! scope or of the timers.
//!
//! # Ordering
//!
//! Who cancels first writes `end` under the lock. Who raises the signal has done that, or has found it done under
//! the lock. So what came before the first cancellation happens before the signal, and that before a receive that reports
//! the end (chan.close-before-closed-recv): ctx.cancel-before-done. [`err`](Scope::err) and [`cause`](Scope::cause) do such a receive before they look at
//! `end`: ctx.err-nonnil-implies-done-closed. A child gets its end from its parent's, under the parent's lock.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Instant;

use gosync_atomic::__sys::atomic::{AtomicU64, AtomicUsize};
use gosync_atomic::__sys::{Arc, Lock, UnsafeCell, has_passed, into_inner, ord, step};
use gosync_chan::{__BriefTimer as BriefTimer, __Signal as Signal, Receiver, TryRecvError};

use super::error::{Cause, ContextError};
use super::function::Function;

/// Why a scope is over.
#[derive(Clone)]
pub(super) struct End {
    pub(super) error: ContextError,
    /// `None`: the error itself.
    pub(super) cause: Option<Cause>,
}

/// A deadline that a scope does not have from its parent.
pub(super) struct Timeout {
    pub(super) when: Instant,
    pub(super) cause: Option<Cause>,
}

/// A scope's place in its parent's list.
struct Place {
    parent: Arc<Scope>,
    key: u64,
}

/// What is in a scope's list.
pub(super) enum Child {
    Scope(Arc<Scope>),
    Function(Function),
}

/// What the lock guards.
pub(super) struct State {
    is_over: bool,
    pub(super) children: BTreeMap<u64, Child>,
    timer: Option<BriefTimer>,
}

/// See the head of this file.
pub(super) struct Scope {
    done: Signal,
    /// The earliest of its own and those above it.
    deadline: Option<Instant>,
    /// That is its own; why it ends then.
    pub(super) timeout: Option<Timeout>,
    place: Option<Place>,
    handles: AtomicUsize,
    /// The functions that cancel it, if they are dropped.
    pub(super) cancellers: AtomicUsize,
    /// The key of the next child.
    next_key: AtomicU64,
    lock: Lock,
    state: UnsafeCell<State>,
    end: UnsafeCell<Option<End>>,
}

// SAFETY: the state is touched under the lock only. The end is written under the lock, once, before the signal is raised,
// and read under the lock or after the signal. The rest is shared as it is.
unsafe impl Send for Scope {}
// SAFETY: as above.
unsafe impl Sync for Scope {}

/// What a cancellation finds in a scope's list.
enum Next {
    Child(Arc<Scope>, End),
    Function(Function),
    Nothing,
}

impl Scope {
    /// Works on the state, under the lock.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let _lock = self.lock.lock();
        // SAFETY: the lock is held, so nobody else touches the state.
        self.state.with_mut(|state| f(unsafe { &mut *state }))
    }

    /// Why it is over.
    ///
    /// # Safety
    ///
    /// The lock is held, or the signal was received.
    unsafe fn read_end(&self) -> Option<End> {
        // SAFETY: under the lock nobody else touches it; after the signal nobody writes it (invariant 1).
        self.end.with(|end| unsafe { (*end).clone() })
    }

    /// The end of this channel says that it is done.
    #[inline]
    pub(super) fn done(&self) -> &Receiver<()> {
        self.done.receiver()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Why it is done, if it is.
    pub(super) fn end(&self) -> Option<End> {
        if !self.done().is_closed() {
            return None;
        }
        // For the order: `is_closed` has none.
        let received = step!("ctx.receive-end", self.done().try_recv(), else Err(TryRecvError::Disconnected));
        debug_assert_eq!(received, Err(TryRecvError::Disconnected), "the end of a channel is final");
        // SAFETY: the signal was received.
        unsafe { self.read_end() }
    }

    /// Ends it and all that are below it, if they are not over.
    pub(super) fn cancel(root: &Arc<Scope>, end: End) {
        // Dropped at the end: it is a user's.
        let _unused = root.finish(end);
        let mut here = Arc::clone(root);
        loop {
            match here.next() {
                Next::Child(child, end) => {
                    drop(child.finish(end));
                    here = child;
                }
                Next::Function(function) => function.start(),
                Next::Nothing if Arc::ptr_eq(&here, root) => break,
                Next::Nothing => here = here.leave().expect("below a scope are its descendants"),
            }
        }
        drop(here.leave());
    }

    /// Ends it, and nothing below it. Gives back the end if it is over.
    fn finish(&self, end: End) -> Option<End> {
        let (timer, unused) = self.with(|state| {
            if std::mem::replace(&mut state.is_over, true) {
                return (None, Some(end));
            }
            // SAFETY: the lock is held, and it is the first time.
            let old = self.end.with_mut(|place| unsafe { (*place).replace(end) });
            (state.timer.take(), old)
        });
        if let Some(timer) = timer {
            step!("ctx.stop-timer", timer.stop());
        }
        // Whoever was first: it has to be done when this returns.
        step!("ctx.raise", self.done.raise());
        unused
    }

    /// Over: what is left below it.
    fn next(&self) -> Next {
        self.with(|state| match state.children.first_key_value() {
            None => Next::Nothing,
            Some((_, Child::Scope(child))) => {
                // SAFETY: the lock is held.
                let end = unsafe { self.read_end() };
                Next::Child(Arc::clone(child), end.expect("it is over"))
            }
            Some(_) => match state.children.pop_first() {
                Some((_, Child::Function(function))) => Next::Function(function),
                _ => unreachable!("it was a function"),
            },
        })
    }

    /// The one that it is below.
    pub(super) fn parent(&self) -> Option<&Scope> {
        self.place.as_ref().map(|place| &*place.parent)
    }

    /// Takes it out of its parent's list. The parent.
    fn leave(&self) -> Option<Arc<Scope>> {
        let Place { parent, key } = self.place.as_ref()?;
        drop(parent.remove(*key));
        Some(Arc::clone(parent))
    }

    pub(super) fn remove(&self, key: u64) -> Option<Child> {
        self.with(|state| state.children.remove(&key))
    }

    /// A key for a new child.
    pub(super) fn key(&self) -> u64 {
        // Relaxed: a number that nobody else gets.
        self.next_key.fetch_add(1, ord!("ctx.key", Relaxed))
    }

    /// Adds a child; gives it back, and why, if this is over.
    pub(super) fn insert(&self, key: u64, child: Child) -> Result<(), (Child, End)> {
        self.with(|state| {
            if step!("ctx.is-over", state.is_over, else false) {
                // SAFETY: the lock is held.
                let end = unsafe { self.read_end() };
                return Err((child, end.expect("it is over")));
            }
            state.children.insert(key, child);
            Ok(())
        })
    }

    /// Gives back a handle.
    fn release(&self) {
        // Relaxed: it frees nothing, and what follows is done under locks.
        if self.handles.fetch_sub(1, ord!("ctx.drop", Relaxed)) == 1 {
            self.abandon();
        }
    }

    /// Nobody is there any more whom its end would concern, nor perhaps that of scopes above it.
    #[cold]
    fn abandon(&self) {
        let mut above = self.part();
        while let Some(scope) = above {
            // With the scope below went its handle of this one.
            if scope.handles.fetch_sub(1, ord!("ctx.drop-above", Relaxed)) != 1 {
                return;
            }
            above = scope.part();
        }
    }

    /// Without handles: stops its timer, and takes it out of its parent's list. The parent.
    fn part(&self) -> Option<Arc<Scope>> {
        if let Some(timer) = self.with(|state| state.timer.take()) {
            step!("ctx.part-timer", timer.stop());
        }
        self.leave()
    }

    /// Ends what has this deadline, if it has passed: the scope whose own it is, and with that this one.
    #[cold]
    pub(super) fn look_at_clock(scope: &Arc<Scope>) {
        if !has_passed(scope.deadline) {
            return;
        }
        let mut owner = scope;
        let timeout = loop {
            match (&owner.timeout, &owner.place) {
                (Some(timeout), _) => break timeout,
                (None, Some(place)) => owner = &place.parent,
                (None, None) => unreachable!("a deadline comes from somewhere"),
            }
        };
        Scope::expire(owner, timeout);
    }

    fn expire(owner: &Arc<Scope>, timeout: &Timeout) {
        Scope::cancel(owner, End { error: ContextError::DeadlineExceeded, cause: timeout.cause.clone() });
    }

    /// New: has it end when its own deadline has passed.
    fn start_timer(scope: &Arc<Scope>, timeout: &Timeout) {
        if has_passed(Some(timeout.when)) {
            return Scope::expire(scope, timeout);
        }
        // It holds no handle: nobody needs to be told of the end of what nobody has.
        let timer = BriefTimer::new({
            let scope = Arc::clone(scope);
            move || scope.timeout.iter().for_each(|timeout| Scope::expire(&scope, timeout))
        });
        let is_over = scope.with(|state| {
            if !state.is_over {
                state.timer = Some(timer.clone());
            }
            state.is_over
        });
        if is_over {
            return;
        }
        timer.set(timeout.when);
        // Who ended it in between has stopped the timer before it was set.
        if step!("ctx.stop-late-timer", scope.with(|state| state.is_over), else false) {
            timer.stop();
        }
    }
}

impl Drop for Scope {
    /// One after the other: dropped within each other, the scopes of a long chain would overflow the stack.
    fn drop(&mut self) {
        let mut next = self.place.take();
        while let Some(mut scope) = next.and_then(|place| into_inner(place.parent)) {
            next = scope.place.take();
        }
    }
}

/// A scope that somebody has: see the head of this file.
pub(super) struct Handle(Arc<Scope>);

impl Handle {
    /// A new scope, below another one or by itself. A timeout that is not earlier than the deadlines above is ignored.
    pub(super) fn new(parent: Option<&Handle>, timeout: Option<Timeout>) -> Handle {
        let above = parent.and_then(|parent| parent.deadline);
        let timeout = timeout.filter(|timeout| above.is_none_or(|above| timeout.when < above));
        let place = parent.map(|parent| {
            let key = parent.key();
            Place { parent: parent.counted(), key }
        });
        let handle = Handle(Arc::new(Scope {
            done: Signal::new(),
            deadline: timeout.as_ref().map(|timeout| timeout.when).or(above),
            timeout,
            place,
            handles: AtomicUsize::new(1),
            cancellers: AtomicUsize::new(0),
            next_key: AtomicU64::new(0),
            lock: Lock::new(),
            state: UnsafeCell::new(State { is_over: false, children: BTreeMap::new(), timer: None }),
            end: UnsafeCell::new(None),
        }));
        let scope = &handle.0;
        if let Some(Place { parent, key }) = &scope.place {
            if let Err((child, end)) = parent.insert(*key, Child::Scope(Arc::clone(scope))) {
                drop(child);
                // Not before its parent.
                step!("ctx.raise-parent", parent.done.raise());
                Scope::cancel(scope, end);
            }
        }
        if let Some(timeout) = &scope.timeout {
            Scope::start_timer(scope, timeout);
        }
        handle
    }

    pub(super) fn cancel(&self, end: End) {
        Scope::cancel(&self.0, end);
    }

    /// Ends it if its deadline has passed.
    #[inline]
    pub(super) fn look_at_deadline(&self) {
        if self.deadline.is_some() && !self.done().is_closed() {
            Scope::look_at_clock(&self.0);
        }
    }

    /// Why it is done, if it is; if its deadline has passed, then it is.
    #[inline]
    pub(super) fn end_by_now(&self) -> Option<End> {
        self.look_at_deadline();
        self.end()
    }

    pub(super) fn scope(&self) -> &Arc<Scope> {
        &self.0
    }

    /// The scope, with one handle more.
    fn counted(&self) -> Arc<Scope> {
        // Relaxed: the handle that is there keeps the scope in its place.
        self.0.handles.fetch_add(1, ord!("ctx.clone", Relaxed));
        Arc::clone(&self.0)
    }
}

impl Deref for Handle {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.0
    }
}

impl Clone for Handle {
    fn clone(&self) -> Handle {
        Handle(self.counted())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.release();
    }
}
