//! The table of wait queues, by itself: threads, deadlines and tasks that wait for a word.

use std::future::Future;
use std::pin::{Pin, pin};
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use gosync::go;
use gosync_atomic::__sys::control::{expire_deadlines, wake_spuriously};
use gosync_atomic::__sys::{Futex, Lines, Parker, Waiter, Wake, ord};
use loom::sync::Arc;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, waker_of};

const TABLE: &str = "gosync.wait-table";

// SAFETY: of words of these models, on which nobody else acts.
const LINES: Lines = unsafe { Lines::new() };

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(TABLE, "one waiter", || one_waiter(true))
            .witnesses(&["waited", "did not wait"])
            .reaches(&["sleeper.wake"]),
        fails(TABLE, "nobody is called", Verdict::Deadlock, || one_waiter(false)),
        holds(TABLE, "two waiters, both called", || {
            let (d, gate) = (Plain::new(), Arc::new(Gate::new(CLOSED)));
            let others = [passer(&gate, &d), passer(&gate, &d)];
            d.write(1);
            gate.open();
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(3)
        .reaches(&["sleeper.wake"]),
        holds(TABLE, "a deadline meets a call", || {
            let (d, gate) = (Plain::new(), Arc::new(Gate::new(CLOSED)));
            let other = go({
                let (d, gate) = (d.clone(), Arc::clone(&gate));
                move || {
                    if gate.pass_until(Some(Instant::now())) {
                        witness("in time");
                        assert_eq!(d.read(), 1);
                    } else {
                        witness("too late");
                    }
                }
            });
            expire_deadlines();
            d.write(1);
            gate.open();
            other.join().unwrap();
            assert!(gate.word.queue(LINES).lock().is_empty());
        })
        .witnesses(&["in time", "too late"])
        .reaches(&["table.still-queued", "sleeper.wake"]),
        holds(TABLE, "a deadline in the middle of the line", || {
            let (d, gate) = (Plain::new(), Arc::new(Gate::new(CLOSED)));
            let late = go({
                let gate = Arc::clone(&gate);
                move || witness(if gate.pass_until(Some(Instant::now())) { "in time" } else { "too late" })
            });
            let other = passer(&gate, &d);
            expire_deadlines();
            d.write(1);
            gate.open();
            late.join().unwrap();
            other.join().unwrap();
        })
        .bound(3)
        .witnesses(&["in time", "too late"]),
        holds(TABLE, "a node that was called cannot be taken out", || {
            let (d, gate) = (Plain::new(), Arc::new(Gate::new(IN_LINE)));
            let (queue, waiter) = (gate.word.queue(LINES), Waiter::of_thread(0));
            // SAFETY: new; below it is seen woken.
            unsafe { queue.lock().push_back(NonNull::from(&waiter)) };
            let other = passer(&gate, &d);
            d.write(1);
            let (wake, _) = queue.lock().pop().expect("there is one at least");
            // SAFETY: alive and of this queue.
            assert!(!unsafe { queue.lock().remove(NonNull::from(&waiter)) });
            wake.send();
            assert!(waiter.wait(None));
            gate.open();
            other.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
        holds(TABLE, "a task", || {
            let (d, gate) = (Plain::new(), Arc::new(Gate::new(CLOSED)));
            let task = go({
                let (d, gate) = (d.clone(), Arc::clone(&gate));
                move || {
                    block_on(Pass { gate: &gate, waiter: Waiter::of_thread(0), queued: false });
                    assert_eq!(d.read(), 1);
                }
            });
            d.write(1);
            gate.open();
            task.join().unwrap();
        })
        .reaches(&["table.wake-task"]),
        holds(TABLE, "a task that goes", || {
            // Its node is free to go at any time, also between the call and the wake-up of its task.
            let gate = Arc::new(Gate::new(CLOSED));
            let task = go({
                let gate = Arc::clone(&gate);
                move || {
                    let mut pass = pin!(Pass { gate: &gate, waiter: Waiter::of_thread(0), queued: false });
                    let parker = Parker::new();
                    let waker = waker_of(&parker);
                    match pass.as_mut().poll(&mut Context::from_waker(&waker)) {
                        Poll::Ready(()) => witness("ready at once"),
                        Poll::Pending => witness("dropped while pending"),
                    }
                }
            });
            gate.open();
            task.join().unwrap();
            assert!(gate.word.queue(LINES).lock().is_empty());
        })
        .witnesses(&["ready at once", "dropped while pending"]),
        holds(TABLE, "a task in a line that was detached goes", || {
            // Whether it has been called or not, nobody else is called twice, or not at all.
            let word = Arc::new(Futex::new(CLOSED));
            let waiters = Arc::new([(); 2].map(|()| Waiter::of_task(0, Waker::noop().clone())));
            let queue = word.queue(LINES);
            let mut line = queue.lock();
            // SAFETY: new; they stay where they are until the end.
            waiters.iter().for_each(|waiter| unsafe { line.push_back(NonNull::from(waiter)) });
            let detached = line.detach();
            drop(line);
            let caller = go({
                let (word, waiters) = (Arc::clone(&word), Arc::clone(&waiters));
                move || {
                    let queue = word.queue(LINES);
                    let calls = std::iter::from_fn(|| queue.lock().pop_detached(&detached).map(Wake::send)).count();
                    (calls, waiters)
                }
            });
            // SAFETY: alive, and of this word.
            unsafe { queue.lock().forget(NonNull::from(&waiters[0])) };
            let was_called = waiters[0].is_woken();
            witness(if was_called { "called" } else { "gone" });
            let (calls, waiters) = caller.join().unwrap();
            assert_eq!((calls, waiters[1].is_woken()), (1 + usize::from(was_called), true));
        })
        .witnesses(&["called", "gone"]),
        holds(TABLE, "a task with another waker", || {
            let gate = Arc::new(Gate::new(CLOSED));
            let task = go({
                let gate = Arc::clone(&gate);
                move || {
                    let mut pass = pin!(Pass { gate: &gate, waiter: Waiter::of_thread(0), queued: false });
                    let first = waker_of(&Parker::new());
                    if pass.as_mut().poll(&mut Context::from_waker(&first)).is_pending() {
                        block_on(pass);
                    }
                }
            });
            gate.open();
            task.join().unwrap();
        })
        .mutants_at(4)
        .reaches(&["table.wake-task"]),
        holds("gosync.no-spurious-return", "wait table", || {
            let (d, gate) = (Plain::new(), Arc::new(Gate::new(CLOSED)));
            let other = passer(&gate, &d);
            wake_spuriously();
            d.write(1);
            gate.open();
            other.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
    ]
}

/// The smallest thing that waits in the table: closed, perhaps with somebody in line, then open for ever.
struct Gate {
    word: Futex,
}

const CLOSED: u32 = 0;
const OPEN: u32 = 1;
const IN_LINE: u32 = 2;

impl Gate {
    fn new(word: u32) -> Gate {
        Gate { word: Futex::new(word) }
    }

    /// Says that somebody is in line; `false` if the gate is open. Under the queue's lock.
    fn announce(&self) -> bool {
        self.word.compare_exchange(CLOSED, IN_LINE, ord!("model.gate", Acquire), ord!("model.gate.fail", Acquire))
            != Err(OPEN)
    }

    fn pass_until(&self, deadline: Option<Instant>) -> bool {
        let (queue, waiter) = (self.word.queue(LINES), Waiter::of_thread(0));
        let mut line = queue.lock();
        if !self.announce() {
            witness("did not wait");
            return true;
        }
        witness("waited");
        // SAFETY: new; below it is seen woken or taken out.
        unsafe { line.push_back(NonNull::from(&waiter)) };
        drop(line);
        // SAFETY: alive and of this queue.
        if !waiter.wait(deadline) && unsafe { queue.lock().remove(NonNull::from(&waiter)) } {
            return false;
        }
        waiter.wait(None) && self.word.load(ord!("model.gate.look", Acquire)) == OPEN
    }

    fn open(&self) {
        if self.word.swap(OPEN, ord!("model.gate.open", Release)) == IN_LINE {
            self.call_all();
        }
    }

    fn call_all(&self) {
        let queue = self.word.queue(LINES);
        loop {
            // One at a time: nobody new joins.
            let Some((wake, _)) = queue.lock().pop() else { break };
            wake.send();
        }
    }
}

fn passer(gate: &Arc<Gate>, d: &Plain) -> gosync::JoinHandle<()> {
    let (gate, d) = (Arc::clone(gate), d.clone());
    go(move || {
        assert!(gate.pass_until(None));
        assert_eq!(d.read(), 1);
    })
}

fn one_waiter(call: bool) {
    let (d, gate) = (Plain::new(), Arc::new(Gate::new(CLOSED)));
    let other = passer(&gate, &d);
    d.write(1);
    if call {
        gate.open();
    } else {
        gate.word.swap(OPEN, ord!("model.gate.open", Release));
    }
    other.join().unwrap();
}

/// A task that waits for a gate.
struct Pass<'a> {
    gate: &'a Gate,
    waiter: Waiter,
    queued: bool,
}

impl Future for Pass<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the node is not moved.
        let this = unsafe { self.get_unchecked_mut() };
        let queue = this.gate.word.queue(LINES);
        // Before the lock: a clone runs other people's code.
        let waker = context.waker().clone();
        if !this.queued {
            this.waiter = Waiter::of_task(0, waker);
            let mut line = queue.lock();
            if !this.gate.announce() {
                return Poll::Ready(());
            }
            // SAFETY: new, pinned, and taken out by the drop.
            unsafe { line.push_back(NonNull::from(&this.waiter)) };
            this.queued = true;
            return Poll::Pending;
        }
        if this.is_through() {
            return Poll::Ready(());
        }
        // SAFETY: alive, with a waker, and of this queue.
        let old = unsafe { queue.lock().replace_waker(NonNull::from(&this.waiter), waker) };
        drop(old);
        if this.is_through() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Pass<'_> {
    fn is_through(&mut self) -> bool {
        let woken = self.waiter.is_woken();
        if woken {
            self.gate.word.load(ord!("model.gate.look", Acquire));
            // That it was woken is enough for the node to go.
            self.queued = false;
        }
        woken
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.queued {
            // SAFETY: alive and of this queue.
            unsafe { self.gate.word.queue(LINES).lock().remove(NonNull::from(&self.waiter)) };
        }
    }
}
