//! A select of a task: the protocol of [`super`], with a future that waits instead of a thread.
//!
//! It differs in three points. The nodes, the places, and the [`Task`], which the nodes lead to, are in the pinned future, and all
//! of them: it may be forgotten while it waits, and then peers find them there for ever. A receive
//! that meets a sender without a value yet does not wait for it on the spot, but is pending as one that was promised. And the
//! future may be dropped: then it claims itself, as at a deadline; if it comes too late, it gives back what it has got.

use std::cell::UnsafeCell;
use std::marker::PhantomPinned;
use std::mem::{MaybeUninit, forget};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use gosync_atomic::__sys::pick;

use super::super::Grant;
use super::super::task::Task;
use super::choice::{nothing_has_changed, try_each_after_guess};
use super::*;
use crate::timer::TaskTimer;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nobody knows the task.
    Idle,
    /// There is a node in every queue.
    Queued,
    /// The node of a receive is in the line of those who were promised a value.
    Promised,
    Finished,
}

/// A task that nobody knows, to be dropped if there is no memory for what a select chooses.
struct Unknown(NonNull<Task>);

impl Drop for Unknown {
    fn drop(&mut self) {
        // SAFETY: who makes one has written it; nobody else knows it before the last that may panic.
        unsafe { self.0.drop_in_place() };
    }
}

/// A select in a future.
pub(crate) struct TaskSelect<'a, const N: usize> {
    /// Written when it begins, for a node has its place from then on.
    operations: MaybeUninit<[Operation<'a>; N]>,
    places: [Place<'a>; N],
    /// Written if the stage is `Queued` or `Promised`.
    task: UnsafeCell<MaybeUninit<Task>>,
    /// For the channels of timers.
    timer: TaskTimer,
    stage: Stage,
    biased: bool,
    /// It ends when nothing is ready, and waits for nothing but a value that it is promised.
    only_tries: bool,
    _pinned: PhantomPinned,
}

impl<'a, const N: usize> TaskSelect<'a, N> {
    pub(crate) fn new(biased: bool, only_tries: bool) -> TaskSelect<'a, N> {
        const { assert!(N <= MOST_CASES) };
        TaskSelect {
            operations: MaybeUninit::uninit(),
            places: [const { Place::new() }; N],
            task: UnsafeCell::new(MaybeUninit::uninit()),
            timer: TaskTimer::default(),
            stage: Stage::Idle,
            biased,
            only_tries,
            _pinned: PhantomPinned,
        }
    }

    /// One of the operations to try before all others, if it is to begin and there is any sense in that: see `may_guess`.
    #[inline]
    pub(crate) fn guess(&self) -> Option<usize> {
        (N > 1 && self.stage == Stage::Idle && !self.biased && !self.only_tries).then(|| pick(N))
    }

    /// It was done by a guess.
    #[inline]
    pub(crate) fn finish(self: Pin<&mut Self>) {
        // SAFETY: nothing is moved.
        unsafe { self.get_unchecked_mut() }.stage = Stage::Finished;
    }

    fn task(&self) -> NonNull<Task> {
        // A cell's pointer is not null.
        NonNull::new(self.task.get().cast()).unwrap_or(NonNull::dangling())
    }

    /// # Safety
    ///
    /// It has begun.
    unsafe fn operations(&self) -> &[Operation<'a>; N] {
        // SAFETY: then they are written.
        unsafe { self.operations.assume_init_ref() }
    }

    /// Goes on with these operations: the number of one that was done, and how it ended. `None`: it only tries, and there was an
    /// instant at which nothing was ready. `guessed` is the one that was tried in vain.
    ///
    /// # Safety
    ///
    /// They are the same each time, and their nodes are pinned with this: they are there until it was dropped, and for ever if it
    /// never is.
    #[inline]
    pub(crate) unsafe fn poll(
        self: Pin<&mut Self>,
        cx: &Context<'_>,
        operations: impl Fn() -> [Operation<'a>; N],
        mut guessed: Option<usize>,
    ) -> Poll<Option<(usize, Outcome)>> {
        // SAFETY: nothing is moved out of the future.
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            match this.stage {
                Stage::Idle => {
                    this.operations.write(operations());
                    // SAFETY: nobody knows the task.
                    unsafe { this.task().write(Task::new(None)) };
                    let unknown = Unknown(this.task());
                    let won = this.begin(cx.waker(), guessed.take());
                    forget(unknown);
                    match this.stage {
                        // SAFETY: it has begun.
                        Stage::Queued if !has_timers(unsafe { this.operations() }) => return Poll::Pending,
                        // There is more to wait for, or it may not know its task yet.
                        Stage::Queued | Stage::Promised => continue,
                        Stage::Idle | Stage::Finished => {}
                    }
                    // SAFETY: written above; nobody knows it.
                    unsafe { this.task().drop_in_place() };
                    this.stage = Stage::Finished;
                    return Poll::Ready(won);
                }
                Stage::Queued | Stage::Promised => {
                    let code = std::task::ready!(this.poll_task(cx));
                    let (number, outcome) = Outcome::from_code(code);
                    this.end(Some(number as usize));
                    if outcome != Outcome::Retry {
                        this.stage = Stage::Finished;
                        return Poll::Ready(Some((number as usize, outcome)));
                    }
                }
                Stage::Finished => panic!("a future that is finished is not polled"),
            }
        }
    }

    /// The code of the outcome, if there is one.
    fn poll_task(&mut self, cx: &Context<'_>) -> Poll<u32> {
        // SAFETY: it is written.
        let task = unsafe { &*self.task().as_ptr() };
        let mut polled = task.poll_select(cx.waker());
        // SAFETY: it has begun.
        let operations = unsafe { self.operations.assume_init_ref() };
        if polled.is_pending() && has_timers(operations) {
            // Nobody looks at the clock for a task but the task.
            let due = poll_timers(operations, self.biased);
            polled = task.poll_select(cx.waker());
            if polled.is_pending() {
                self.timer.set(due, cx.waker());
            }
        }
        if polled.is_ready() {
            self.timer.stop();
        }
        polled
    }

    /// Steps 1 and 3, and 2 if it only tries. A waker's clone is a user's code, so it is made before the locks are taken; and it
    /// costs something, so it is
    /// made only when nothing could be done at once.
    fn begin(&mut self, waker: &Waker, guessed: Option<usize>) -> Option<(usize, Outcome)> {
        let how = How { patience: Patience::Until(None), biased: self.biased, only_news: false };
        // SAFETY: it begins.
        let operations = unsafe { self.operations.assume_init_ref() };
        let (places, task) = (&self.places, self.task());
        let case = |number: usize| Case {
            // SAFETY: the task is written.
            sleeper: NonNull::from(unsafe { task.as_ref() }.sleeper()),
            task: Some(task),
            number: number as u32, // `new` has looked at the number of cases
            wants: operations[number].wants(&how),
        };
        let mut seen = [0; N];
        let mut observers = Observers::default();
        let ready = look(operations, &mut seen);
        let mut won =
            try_each_after_guess(operations, &seen, ready, (how.biased, guessed), |number, operation, port| {
                let _lock = port.front().lock_for_task();
                // SAFETY: the lock is held; the node is the operation's, or its place's.
                unsafe { port.fire(operation.side, case(number), places[number].node_of(operation), &mut observers) }
            });
        if matches!(won, None | Some((_, Fired::NotDue))) {
            // Whom a timer has given its value waits for nothing more, and not for a user's code.
            drop(std::mem::take(&mut observers));
            if self.only_tries {
                if ready == 0 && nothing_has_changed(operations, &seen) {
                    return None;
                }
            } else {
                // SAFETY: the task is written.
                let untold = unsafe { task.as_ref() };
                // SAFETY: nothing was done, so nobody knows it.
                unsafe { untold.tell(waker.clone()) };
            }
            let all = LockedAll::new(operations, places);
            let ready = step!("task-select.look-locked", look(operations, &mut seen), else 0);
            let mut fire = |number: usize, operation: &Operation<'a>, port: &'a (dyn Port + 'a)| {
                // SAFETY: the lock is held; the node is the operation's, or its place's.
                unsafe { port.fire(operation.side, case(number), places[number].node_of(operation), &mut observers) }
            };
            won = try_each(operations, &seen, ready, how.biased, &mut fire);
            while let Some((number, Fired::NotDue)) = won {
                let ready = ask_timers(operations, &mut seen, number, true);
                won = try_each(operations, &seen, ready, how.biased, &mut fire);
            }
            if won.is_none() && !self.only_tries {
                in_queueing_order(operations, places, how.biased, |number, port| {
                    let (operation, place) = (&operations[number], &places[number]);
                    let node = place.node_of(operation);
                    // SAFETY: the lock is held; the node is the operation's, or its place's, and stays there until `end`.
                    unsafe { port.enqueue(operation.side, case(number), node, &mut observers) };
                });
                self.stage = Stage::Queued;
            }
            drop(all);
        }
        match won? {
            // As a rule. There is nobody who has to be completed before the observers are told.
            (number, Fired::Won(outcome, None)) => Some((number, outcome)),
            (_, Fired::Promised(holder)) => {
                self.stage = Stage::Promised;
                // Before the holder is told, and woken after that: as in `settle`.
                let _wakes = observers.complete();
                // SAFETY: claimed by the operation, and its only completion.
                step!("task-select.tell-holder", unsafe { waiter::complete(holder, Outcome::Partner) });
                None
            }
            (number, fired) => {
                // SAFETY: the task is written.
                let sleeper = unsafe { task.as_ref() }.sleeper();
                Some((number, settle_and_tell(&operations[number], fired, sleeper, observers)))
            }
        }
    }

    /// Step 5: afterwards nobody knows the task.
    fn end(&mut self, won: Option<usize>) {
        if self.stage == Stage::Queued {
            let how = How { patience: Patience::Try, biased: false, only_news: false };
            // SAFETY: it has begun.
            for (number, operation) in unsafe { self.operations() }.iter().enumerate() {
                let (Some(port), true) = (operation.port, won != Some(number)) else { continue };
                // SAFETY: the node was left in this queue by `begin`.
                unsafe { port.withdraw(operation.side, operation.wants(&how), self.places[number].node_of(operation)) };
            }
        }
        // SAFETY: it is written, and nobody knows it any more.
        unsafe { self.task().drop_in_place() };
        self.stage = Stage::Idle;
    }

    /// Gives up, unless an operation is being done, or has been.
    pub(crate) fn try_give_up(self: Pin<&mut Self>) -> bool {
        // SAFETY: nothing is moved out of the future.
        let this = unsafe { self.get_unchecked_mut() };
        match this.stage {
            Stage::Promised => return false,
            // SAFETY: the task is written.
            Stage::Queued if !unsafe { this.task().as_ref() }.sleeper().claim() => return false,
            Stage::Queued => this.end(None),
            Stage::Idle | Stage::Finished => {}
        }
        this.stage = Stage::Finished;
        true
    }

    /// Gives back what an operation has got that was claimed.
    fn give_back(&mut self) {
        // SAFETY: it has begun.
        let operations = *unsafe { self.operations() };
        let mut receives = operations.iter().filter_map(|operation| Some((operation.port?, operation.node?)));
        if step!("task-select.leave-line", receives.any(|(port, node)| port.leave_line(node)), else false) {
            return self.end(None);
        }
        // SAFETY: the task is written.
        let (number, outcome) = unsafe { self.task().as_ref() }.wait();
        // First, because there may be no memory for a value, whose drop is a user's code.
        self.end(None);
        let operation = &operations[number as usize];
        match (outcome, operation.port, operation.node) {
            // SAFETY: a value was delivered to this receive's slot, and nobody has taken it.
            (Outcome::Done, Some(port), Some(node)) => unsafe { port.put_back_from(node) },
            (Outcome::Slot | Outcome::Partner, Some(port), _) => {
                step!("task-select.return-permit", port.give_back(operation.side, Grant::of(outcome)));
            }
            _ => {}
        }
    }
}

fn has_timers(operations: &[Operation<'_>]) -> bool {
    operations.iter().any(|operation| operation.timer().is_some())
}

impl<const N: usize> Drop for TaskSelect<'_, N> {
    fn drop(&mut self) {
        match self.stage {
            Stage::Idle | Stage::Finished => {}
            // SAFETY: the task is written.
            Stage::Queued if unsafe { self.task().as_ref() }.sleeper().claim() => self.end(None),
            Stage::Queued | Stage::Promised => step!("task-select.give-back", self.give_back()),
        }
    }
}
