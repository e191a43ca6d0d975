//! What all handles and tasks of a group share, and how a task ends.
//!
//! A [`Job`] is what a task does, together with the [`Task`] that stands for its place. However it ends, what it does and
//! all that it owns go first. Then the task gives back its slot, if there is a limit, and then it is done: whoever has waited
//! for it finds the slot free.
//!
//! # Never under the lock
//!
//! A cancellation, and a drop of an error or of a panic's payload.
//!
//! # Ordering
//!
//! A task writes its error under the lock before it is done; who has waited reads it (errgroup.f-before-wait, by
//! wg.all-dones-before-wait). A slot that is given back goes through a channel to the next task (gosync.errgroup-limit, by
//! chan.send-before-recv-complete).

use std::any::Any;
use std::panic::resume_unwind;

use gosync_atomic::__sys::{Arc, Lock, UnsafeCell, contained, step};
use gosync_chan::Chan;
use gosync_waitgroup::WaitGroup;

use super::TaskResult;
use crate::context::{CancelCauseFunc, Cause, shared};

/// What a panic carries.
pub(super) type Payload = Box<dyn Any + Send>;

const PANICKED: &str = "a task of this errgroup panicked";

/// What the lock guards.
struct State {
    /// Tasks that have started, and are not done.
    active: usize,
    slots: Option<Slots>,
    /// The first.
    error: Option<Cause>,
    panicked: bool,
    /// The first; until somebody has it.
    payload: Option<Payload>,
}

/// The slots that tasks have or are to have, as many as the limit says.
///
/// They come into being when they are first needed. A task that has to wait for one receives it, and does not send
/// something to a full channel, because a future that receives can be dropped without a loss.
pub(super) struct Slots {
    /// Not there yet.
    unused: usize,
    /// Those that were given back.
    free: Chan<()>,
}

/// How a task gets its slot.
pub(super) enum Slot {
    /// There is no limit.
    None,
    /// It has one, to be given back here.
    Taken(Chan<()>),
    /// It is to receive one here.
    Wait(Chan<()>),
}

impl Slot {
    /// After it was received, if it had to be.
    pub(super) fn taken(self) -> Option<Chan<()>> {
        match self {
            Slot::None => None,
            Slot::Taken(free) | Slot::Wait(free) => Some(free),
        }
    }
}

/// See the head of this file.
pub(super) struct Shared {
    pub(super) tasks: WaitGroup,
    /// Of a group with a context.
    cancel: Option<CancelCauseFunc>,
    lock: Lock,
    state: UnsafeCell<State>,
}

// SAFETY: the state is touched under the lock only, and what is in it may be sent; the rest is shared as it is.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(super) fn new(cancel: Option<CancelCauseFunc>) -> Arc<Shared> {
        let state = State { active: 0, slots: None, error: None, panicked: false, payload: None };
        Arc::new(Shared { tasks: WaitGroup::new(), cancel, lock: Lock::new(), state: UnsafeCell::new(state) })
    }

    /// Works on the state, under the lock.
    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let _lock = self.lock.lock();
        // SAFETY: the lock is held, so nobody else touches the state.
        self.state.with_mut(|state| f(unsafe { &mut *state }))
    }

    pub(super) fn slot(&self) -> Slot {
        self.with(|state| match &mut state.slots {
            None => Slot::None,
            Some(slots) if slots.unused > 0 => {
                slots.unused -= 1;
                Slot::Taken(slots.free.clone())
            }
            Some(slots) => Slot::Wait(slots.free.clone()),
        })
    }

    /// The number of active tasks, if there are any, and then nothing is changed.
    pub(super) fn set_limit(&self, limit: Option<usize>) -> Result<(), usize> {
        let slots = limit.map(|limit| Slots { unused: limit, free: Chan::unbounded() });
        let old = self.with(|state| match state.active {
            0 => Ok(std::mem::replace(&mut state.slots, slots)),
            n => Err(n),
        });
        old.map(drop)
    }

    pub(super) fn active(&self) -> usize {
        self.with(|state| state.active)
    }

    /// Notes how a task has ended, and cancels the context if it was the first that failed.
    pub(super) fn note(&self, outcome: Result<TaskResult, Payload>) {
        let cause = match outcome {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                let error = shared(error);
                let late = self.with(|state| match &state.error {
                    None => {
                        state.error = Some(Cause::clone(&error));
                        false
                    }
                    Some(_) => true,
                });
                if late {
                    // It is a user's, and this is the end of a task.
                    return contained(|| drop(error));
                }
                error
            }
            Err(payload) => {
                let late = self.with(|state| {
                    if std::mem::replace(&mut state.panicked, true) {
                        return Some(payload);
                    }
                    state.payload = Some(payload);
                    None
                });
                if let Some(payload) = late {
                    return contained(|| drop(payload));
                }
                shared(PANICKED.into())
            }
        };
        if let Some(cancel) = &self.cancel {
            step!("errgroup.cancel", cancel.cancel_shared(cause));
        }
    }

    /// All tasks are done: what there is to say about it.
    #[track_caller]
    pub(super) fn finish(&self) -> Result<(), Cause> {
        let (error, panicked, payload) = self.with(|state| (state.error.clone(), state.panicked, state.payload.take()));
        if let Some(cancel) = &self.cancel {
            match &error {
                Some(error) => cancel.cancel_shared(Cause::clone(error)),
                None => cancel.as_cancel_func().cancel(),
            }
        }
        if let Some(payload) = payload {
            resume_unwind(payload);
        }
        assert!(!panicked, "{PANICKED}");
        error.map_or(Ok(()), Err)
    }
}

/// What a task does, and its place in the group. Dropped in the order of the fields.
pub(super) struct Job<F> {
    pub(super) work: F,
    pub(super) task: Task,
}

/// The place of a task in its group: done when dropped.
pub(super) struct Task {
    pub(super) group: Arc<Shared>,
    /// Where to give back its slot.
    slot: Option<Chan<()>>,
    is_active: bool,
}

impl Task {
    /// One more, which is not active yet.
    #[track_caller]
    pub(super) fn new(group: &Arc<Shared>) -> Task {
        group.tasks.add(1);
        Task { group: Arc::clone(group), slot: None, is_active: false }
    }

    /// Starts, with a slot, which was taken, if there are any.
    pub(super) fn start(&mut self, slot: Slot) {
        self.slot = slot.taken();
        self.is_active = true;
        self.group.with(|state| state.active += 1);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.is_active {
            self.group.with(|state| state.active -= 1);
        }
        if let Some(free) = &self.slot {
            step!("errgroup.free-slot", {
                // Nobody closes this channel.
                let _ = free.send(());
            });
        }
        self.group.tasks.done();
    }
}
