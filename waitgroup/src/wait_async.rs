//! Tasks that wait for a group: [`WaitAsync`]. Feature `async`.
//!
//! A task cannot sleep on the group's word, so it has a node in a line of the seam's table, found by the word's address.
//! It joins the line under the line's lock, in which it also sets `TASKS`, in a word whose count is not zero. The decrement
//! to zero either comes first, and the task sees it and does not wait; or it sees `TASKS`, and takes all nodes out of the
//! line after that. So nobody is forgotten.
//!
//! That wake-up comes after the group's last access and goes by address: the group may be gone, and even another one be in
//! its place. So a task may be woken for no reason, and when it is woken it looks at the count, and joins again if there is
//! anything to wait for. No other kind of word shares this line with groups (`Waker::second_queue`). Nodes of futures that
//! were forgotten may be left in it: they are woken one day, in vain.
//!
//! # Invariants
//!
//! 1. In `Stage::InLine` there is a node, it was pushed to the line of this group, and it stays where it is until it was
//!    removed or seen woken. In the other stages the line does not know the node.
//!
//! # Ordering
//!
//! As for a thread that waits: the load that finds zero is an `Acquire` and sees every decrement of the round. The line
//! orders nothing that is promised.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use gosync_atomic::__sys::{WaitQueue, Waiter, Wake, ord, step};

use crate::LINES;
use crate::waitgroup::{TASKS, WaitGroup, count, report};

/// How many tasks are taken out of the line at a time.
const BATCH: usize = 16;

/// Wakes all tasks in this line, in the order in which they came. The group may be gone.
///
/// If wakers panic, the first of these panics goes on after all were called.
#[cold]
pub(crate) fn wake_tasks(line: &WaitQueue) {
    let (mut panic, mut left) = (None, None);
    loop {
        let mut batch: [Option<Wake>; BATCH] = [const { None }; BATCH];
        let mut queue = line.lock();
        // Those who are in line at first, and no more: who is woken may come back at once, to wait for another round.
        let waiting = left.unwrap_or_else(|| queue.len_up_to(usize::MAX));
        batch[..waiting.min(BATCH)].fill_with(|| queue.pop().map(|(wake, _)| wake));
        drop(queue);
        left = Some(waiting.saturating_sub(BATCH));
        let more = waiting > BATCH && batch[BATCH - 1].is_some();
        for wake in batch.into_iter().flatten() {
            // The waker is gone after a panic; nothing of it is seen any more.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| step!("wg.wake-tasks", wake.send()))) {
                panic.get_or_insert(payload);
            }
        }
        if !more {
            break;
        }
    }
    if let Some(payload) = panic {
        resume_unwind(payload);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Never polled.
    New,
    /// Waits for the count to be zero.
    InLine,
    /// Has seen zero.
    Over,
}

/// Waits for a [`WaitGroup`], as a task: what [`WaitGroup::wait_async`] returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct WaitAsync<'a> {
    group: &'a WaitGroup,
    stage: Stage,
    /// Pinned with the future.
    waiter: Option<Waiter>,
}

impl<'a> WaitAsync<'a> {
    pub(crate) fn new(group: &'a WaitGroup) -> WaitAsync<'a> {
        WaitAsync { group, stage: Stage::New, waiter: None }
    }

    fn line(&self) -> WaitQueue {
        self.group.word.waker().second_queue(LINES)
    }

    /// The word if its count is zero; or else the task waits for that, and will be woken.
    fn wait(&mut self, context: &mut Context<'_>) -> Option<u32> {
        // Acquire: pairs with the Release of every `done` of the round.
        let word = self.group.word.load(ord!("wg.async.look", Acquire));
        if count(word) == 0 {
            self.leave();
            return Some(word);
        }
        if self.stage == Stage::InLine && self.stay(context) {
            return None;
        }
        self.join(context)
    }

    /// In line: makes sure that this task is the one to be woken; `false` if the node was woken, for whatever reason.
    #[cold]
    fn stay(&mut self, context: &mut Context<'_>) -> bool {
        if !self.node().is_woken() {
            let waker = context.waker().clone();
            // SAFETY: alive, with a waker, and of this line (invariant 1).
            let old = unsafe { self.line().lock().replace_waker(self.node().into(), waker) };
            drop(old);
            // Woken in between: then it was the old waker that was told.
            if !step!("wg.async.look-again", self.node().is_woken(), else false) {
                return true;
            }
        }
        self.stage = Stage::New;
        false
    }

    /// Appends a node to the line; or else the word, if its count is zero.
    #[cold]
    fn join(&mut self, context: &mut Context<'_>) -> Option<u32> {
        let line = self.line();
        // No line knows the old node, if there is one.
        let waiter = &*self.waiter.insert(Waiter::of_task(0, context.waker().clone()));
        let mut queue = line.lock();
        loop {
            // Acquire: as in `wait`.
            let word = self.group.word.load(ord!("wg.async.look-in-line", Acquire));
            if count(word) == 0 {
                return Some(word);
            }
            // Relaxed both ways: the bit publishes nothing, and the load above looks again.
            let set = step!(
                "wg.async.mark",
                self.group.word.compare_exchange(
                    word,
                    word | TASKS,
                    ord!("wg.async.mark.ok", Relaxed),
                    ord!("wg.async.mark.fail", Relaxed)
                ),
                else Ok(word)
            );
            if set.is_ok() {
                break;
            }
        }
        // SAFETY: it is new, and pinned; from here on invariant 1 holds, and the drop sees to the rest.
        unsafe { queue.push_back(waiter.into()) };
        drop(queue);
        self.stage = Stage::InLine;
        None
    }

    /// Takes the node out of the line, if it is there.
    fn leave(&mut self) {
        if self.stage == Stage::InLine {
            // SAFETY: alive, and of this line (invariant 1).
            unsafe { self.line().lock().remove(self.node().into()) };
        }
        self.stage = Stage::Over;
    }

    /// In line: the node.
    fn node(&self) -> &Waiter {
        self.waiter.as_ref().expect("a task in line has a node")
    }
}

impl Future for WaitAsync<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the node in it is not moved while the line knows it: it is only replaced, when it was seen woken.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(this.stage != Stage::Over, "a future that has seen the end of its wait group was polled once more");
        let Some(word) = this.wait(context) else { return Poll::Pending };
        this.stage = Stage::Over;
        report(word);
        Poll::Ready(())
    }
}

impl Drop for WaitAsync<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for WaitAsync<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitAsync").field("stage", &self.stage).finish()
    }
}
