//! Tasks in the lines of a readers-writer lock: [`ReadAsync`], [`WriteAsync`] and their raw twins. Feature `async`.
//!
//! A task stands in the same lines as the threads, in the same way: `phase_lock/` has the protocol, all of it; here is who
//! does the steps, which is whoever polls the future or drops it. A task never spins nor sleeps. Its node is completed by
//! the very step that takes it out of its line, so each poll and the drop find it in one of two places: in line, or let in.
//!
//! A writer waits twice: for the writers' lock, as any task does (`mutex/lock_async.rs`), and then, as the next writer,
//! for this one.
//!
//! # Invariants
//!
//! 1. In `Stage::InLine` and `Stage::Next` there is a node, it was pushed to the line of this lock's readers or to the one
//!    beside it, and it stays where it is until it was removed or seen woken. In the other stages no line knows the node.
//! 2. In these stages, a node that is woken has the lock. In `Stage::Next` the task has the writers' lock, either way.
//!
//! Wakers are cloned, dropped and called without a lock. Each of that may panic or come back to this very lock: stage and
//! node are then what the invariants say.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use gosync_atomic::__sys::{Waiter, step};

use super::phase_lock::{Joined, Next, PhaseLock};
use super::{RwMutex, RwMutexReadGuard, RwMutexWriteGuard};
use crate::LINES;
use crate::mutex::lock_async::Turn;

const OVER: &str = "a future that has locked its mutex was polled once more";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Never polled.
    New,
    /// A reader that waits.
    InLine,
    /// A writer that waits for the writers' lock.
    Behind,
    /// The next writer, which waits.
    Next,
    /// Has taken the lock, or given up.
    Over,
}

/// A task's node, pinned with its future.
struct Node(Option<Waiter>);

impl Node {
    fn renew(&mut self, context: &Context<'_>) -> &Waiter {
        let waker = context.waker().clone();
        self.0.insert(Waiter::of_task(0, waker))
    }

    fn get(&self) -> &Waiter {
        self.0.as_ref().expect("a task in line has a node")
    }
}

/// A reader on its way to the lock.
pub(super) struct Reader<'a> {
    lock: &'a PhaseLock,
    stage: Stage,
    node: Node,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lock: &'a PhaseLock) -> Reader<'a> {
        Reader { lock, stage: Stage::New, node: Node(None) }
    }

    pub(super) fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the node in it is not moved while a line knows it.
        let this = unsafe { self.get_unchecked_mut() };
        let taken = match this.stage {
            Stage::New => this.lock.try_read() || this.join(context),
            Stage::InLine => this.go_on(context),
            _ => panic!("{OVER}"),
        };
        if taken {
            this.stage = Stage::Over;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    #[cold]
    fn join(&mut self, context: &mut Context<'_>) -> bool {
        let waiter = self.node.renew(context);
        // SAFETY: it is new, and pinned; from here on invariant 1 holds, and the drop sees to the rest.
        if let Joined::Not = unsafe { self.lock.join(waiter) } {
            return true;
        }
        self.stage = Stage::InLine;
        false
    }

    #[cold]
    fn go_on(&mut self, context: &mut Context<'_>) -> bool {
        let waiter = self.node.get();
        if waiter.is_woken() {
            return true;
        }
        let waker = context.waker().clone();
        let queue = self.lock.word.queue(LINES);
        // SAFETY: alive, with a waker, and of this line (invariant 1).
        let old = unsafe { queue.lock().replace_waker(waiter.into(), waker) };
        drop(old);
        // Let in meanwhile: then it was the old waker that was told.
        step!("rw.async.read-again", waiter.is_woken(), else false)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if self.stage == Stage::InLine {
            // First, in case that a waker panics: it is over either way.
            self.stage = Stage::Over;
            // SAFETY: alive, and of this line (invariant 1).
            if !unsafe { self.lock.leave(self.node.get()) } {
                // SAFETY: it was let in (invariant 2), and nobody knows.
                step!("rw.async.unlock-read", unsafe { self.lock.read_unlock() });
            }
        }
    }
}

/// A writer on its way to the lock.
pub(super) struct Writer<'a> {
    lock: &'a PhaseLock,
    stage: Stage,
    /// Pinned with the future, as is the node.
    turn: Turn<'a>,
    node: Node,
}

impl<'a> Writer<'a> {
    pub(super) fn new(lock: &'a PhaseLock) -> Writer<'a> {
        Writer { lock, stage: Stage::New, turn: Turn::new(&lock.writers), node: Node(None) }
    }

    pub(super) fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: neither the turn nor the node in it is moved while a line knows of it.
        let this = unsafe { self.get_unchecked_mut() };
        let taken = match this.stage {
            Stage::New => this.lock.try_write().is_ok() || this.line_up(context),
            Stage::Behind => this.line_up(context),
            Stage::Next => this.go_on(context),
            _ => panic!("{OVER}"),
        };
        if taken {
            this.stage = Stage::Over;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Waits for the writers' lock, and with it for this one.
    #[cold]
    fn line_up(&mut self, context: &mut Context<'_>) -> bool {
        self.stage = Stage::Behind;
        // SAFETY: a field that is pinned with its future, always.
        let turn = unsafe { Pin::new_unchecked(&mut self.turn) };
        if turn.poll(context).is_pending() {
            return false;
        }
        // Over, in case that the waker's clone panics: it then leaves the writers' lock to the next.
        let next = Next::of(self.lock);
        self.stage = Stage::Over;
        let taken = self.lock.try_as_next() || {
            let waiter = self.node.renew(context);
            // SAFETY: it is new, and pinned; from here on invariant 1 holds, and the drop sees to the rest.
            unsafe { self.lock.claim(waiter) }
        };
        next.stays();
        if !taken {
            self.stage = Stage::Next;
        }
        taken
    }

    #[cold]
    fn go_on(&mut self, context: &mut Context<'_>) -> bool {
        let waiter = self.node.get();
        if waiter.is_woken() {
            return true;
        }
        let waker = context.waker().clone();
        let queue = self.lock.word.queue(LINES);
        let mut line = queue.lock();
        // SAFETY: alive, with a waker, and of this line (invariant 1).
        let old = line.beside(|line| unsafe { line.replace_waker(waiter.into(), waker) });
        drop(line);
        drop(old);
        // Let in meanwhile: then it was the old waker that was told.
        step!("rw.async.write-again", waiter.is_woken(), else false)
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        // In the other stages the turn's own drop does what is to be done.
        if self.stage == Stage::Next {
            // First, in case that a waker panics: it is over either way.
            self.stage = Stage::Over;
            let next = Next::of(self.lock);
            // SAFETY: alive, and `claim` pushed it (invariant 1).
            if unsafe { self.lock.withdraw(self.node.get()) } {
                drop(next);
            } else {
                next.stays();
                // It has the lock (invariant 2), and nobody knows.
                step!("rw.async.unlock-write", {
                    // SAFETY: as said.
                    unsafe { self.lock.write_unlock() };
                });
            }
        }
    }
}

/// Waits for an [`RwMutex`] as a reader, as a task: what [`RwMutex::read_async`] returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct ReadAsync<'a, T: ?Sized> {
    mutex: &'a RwMutex<T>,
    reader: Reader<'a>,
}

impl<'a, T: ?Sized> ReadAsync<'a, T> {
    pub(super) fn new(mutex: &'a RwMutex<T>) -> ReadAsync<'a, T> {
        ReadAsync { mutex, reader: Reader::new(&mutex.lock) }
    }
}

impl<'a, T: ?Sized> Future for ReadAsync<'a, T> {
    type Output = RwMutexReadGuard<'a, T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<RwMutexReadGuard<'a, T>> {
        let mutex = self.mutex;
        // SAFETY: a field that is pinned with its future, always.
        let reader = unsafe { self.map_unchecked_mut(|this| &mut this.reader) };
        reader.poll(context).map(|()| RwMutexReadGuard::of(mutex))
    }
}

impl<T: ?Sized> fmt::Debug for ReadAsync<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadAsync").field("stage", &self.reader.stage).finish()
    }
}

/// Waits for an [`RwMutex`] as a writer, as a task: what [`RwMutex::write_async`] returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct WriteAsync<'a, T: ?Sized> {
    mutex: &'a RwMutex<T>,
    writer: Writer<'a>,
}

impl<'a, T: ?Sized> WriteAsync<'a, T> {
    pub(super) fn new(mutex: &'a RwMutex<T>) -> WriteAsync<'a, T> {
        WriteAsync { mutex, writer: Writer::new(&mutex.lock) }
    }
}

impl<'a, T: ?Sized> Future for WriteAsync<'a, T> {
    type Output = RwMutexWriteGuard<'a, T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<RwMutexWriteGuard<'a, T>> {
        let mutex = self.mutex;
        // SAFETY: a field that is pinned with its future, always.
        let writer = unsafe { self.map_unchecked_mut(|this| &mut this.writer) };
        writer.poll(context).map(|()| RwMutexWriteGuard::of(mutex))
    }
}

impl<T: ?Sized> fmt::Debug for WriteAsync<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteAsync").field("stage", &self.writer.stage).finish()
    }
}

/// Waits for a [`RawRwMutex`](crate::RawRwMutex) as a reader, as a task: what
/// [`RawRwMutex::rlock_async`](crate::RawRwMutex::rlock_async) returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct RawReadAsync<'a> {
    reader: Reader<'a>,
}

impl<'a> RawReadAsync<'a> {
    pub(super) fn new(lock: &'a PhaseLock) -> RawReadAsync<'a> {
        RawReadAsync { reader: Reader::new(lock) }
    }
}

impl Future for RawReadAsync<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: a field that is pinned with its future, always.
        let reader = unsafe { self.map_unchecked_mut(|this| &mut this.reader) };
        reader.poll(context)
    }
}

impl fmt::Debug for RawReadAsync<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawReadAsync").field("stage", &self.reader.stage).finish()
    }
}

/// Waits for a [`RawRwMutex`](crate::RawRwMutex) as a writer, as a task: what
/// [`RawRwMutex::lock_async`](crate::RawRwMutex::lock_async) returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct RawWriteAsync<'a> {
    writer: Writer<'a>,
}

impl<'a> RawWriteAsync<'a> {
    pub(super) fn new(lock: &'a PhaseLock) -> RawWriteAsync<'a> {
        RawWriteAsync { writer: Writer::new(lock) }
    }
}

impl Future for RawWriteAsync<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: a field that is pinned with its future, always.
        let writer = unsafe { self.map_unchecked_mut(|this| &mut this.writer) };
        writer.poll(context)
    }
}

impl fmt::Debug for RawWriteAsync<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawWriteAsync").field("stage", &self.writer.stage).finish()
    }
}
