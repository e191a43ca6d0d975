//! What happens where memory cannot be had, by a global allocator that fails on demand. `waiting` has what becomes of others.
//!
//! | where | what |
//! | --- | --- |
//! | a send that has to make room in the buffer | panics; the value is dropped, once, after the channel's lock was released; the channel goes on, and a select that the send has met waits on |
//! | a select that would choose to send | panics before it has chosen: its message is not evaluated, and a permit has its memory |
//! | a future that is dropped with a value for which the buffer has no place | the value is dropped, likewise; the panic that says so ends there |
//! | a close that wakes tasks | wakes them one by one |
//! | a put into a pool that has no room without more memory | the item is dropped |
//! | what makes a channel, a context, a group and so on | the process ends, as with `Box` and `Vec` |
//! | a `Select` of more than eight operations | the process ends |
//! | all else: locks, selects, blocked operations, timers that are set | allocates nothing |

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::Command;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;
use std::{env, thread};

use gosync::Pool;
use gosync::chan::{self, Chan, Receiver, Select, Sender, TryRecvError, select, select_async};

mod waiting;
#[path = "../stress/watchdog.rs"]
mod watchdog;

use watchdog::Watchdog;

struct Failing;

#[global_allocator]
static ALLOCATOR: Failing = Failing;

thread_local! {
    /// On this thread, allocations of so many bytes or more fail.
    static FAILS_FROM: Cell<usize> = const { Cell::new(usize::MAX) };
    static FAILED: Cell<usize> = const { Cell::new(0) };
}

fn fails(size: usize) -> bool {
    let fails = size >= FAILS_FROM.get();
    if fails {
        FAILED.set(FAILED.get() + 1);
    }
    fails
}

// SAFETY: every call is passed on as it is, or fails, which the contract allows; the cells are plain memory of the thread's,
// so neither allocates nor unwinds.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails(layout.size()) {
            return null_mut();
        }
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract; the memory comes from the system's allocator.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if fails(size) {
            return null_mut();
        }
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}

/// Runs `f` with allocations that fail from this size on. Small ones succeed: a panic needs some.
fn without_memory<R>(from: usize, f: impl FnOnce() -> R) -> R {
    FAILED.set(0);
    FAILS_FROM.set(from);
    let result = f();
    FAILS_FROM.set(usize::MAX);
    result
}

/// The panic of an operation that cannot have its memory, without a word on the way.
fn panics<R>(operation: impl FnOnce() -> R) -> String {
    let caught = without_memory(LARGE, || catch_unwind(AssertUnwindSafe(operation)));
    let payload = caught.err().expect("it has to make room, and cannot");
    assert_eq!(FAILED.get(), 1, "one allocation failed");
    payload.downcast_ref::<String>().expect("a text").clone()
}

fn quiet() {
    std::panic::set_hook(Box::new(|info| {
        if FAILS_FROM.get() == usize::MAX {
            eprintln!("{info}");
        }
    }));
}

const LARGE: usize = 4096;

/// A large value that is counted, and looks at its channel when it is dropped.
struct Value {
    number: usize,
    dropped: Arc<AtomicUsize>,
    channel: Option<Receiver<Value>>,
    _bytes: [u8; LARGE],
}

impl Drop for Value {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        if let Some(channel) = &self.channel {
            // Takes the channel's lock: it must be free.
            assert!(matches!(channel.try_recv(), Ok(_) | Err(TryRecvError::Empty)));
        }
    }
}

/// A channel that is as full as its buffer allows without growing, and how to make a value.
struct Full {
    tx: Sender<Value>,
    rx: Receiver<Value>,
    len: usize,
    dropped: Arc<AtomicUsize>,
}

impl Full {
    fn new(len: usize) -> Full {
        quiet();
        let (tx, rx) = chan::unbounded();
        let full = Full { tx, rx, len, dropped: Arc::default() };
        (0..len).for_each(|number| full.tx.send(full.value(number)).unwrap());
        full
    }

    fn value(&self, number: usize) -> Value {
        Value { number, dropped: Arc::clone(&self.dropped), channel: None, _bytes: [0; LARGE] }
    }

    /// The operation fails to send its value, which is dropped; all else is as it was.
    fn fails(self, operation: impl FnOnce(&Sender<Value>, Value)) {
        let text = panics(|| operation(&self.tx, self.value(usize::MAX)));
        assert!(text.starts_with("a channel's buffer: "), "{text}");
        assert_eq!(self.dropped.load(Ordering::Relaxed), 1, "the value that was not sent is dropped, once");
        assert_eq!(self.tx.len(), self.len);
        // There is memory again.
        self.tx.send(self.value(self.len)).unwrap();
        let numbers: Vec<_> = self.rx.try_iter().map(|value| value.number).collect();
        assert!((0..=self.len).eq(numbers), "nothing is lost, or out of order");
        assert_eq!(self.dropped.load(Ordering::Relaxed), self.len + 2);
        assert_eq!(self.rx.recv_timeout(Duration::ZERO).err().map(|error| error.is_timeout()), Some(true));
        self.tx.close().unwrap();
        assert!(self.rx.recv().is_err());
    }
}

/// The first allocation of a buffer, and those by which it grows: in the middle of the ring too.
const LENGTHS: [usize; 4] = [0, 1, 4, 64];

#[test]
fn send() {
    for len in LENGTHS {
        Full::new(len).fails(|tx, value| tx.send(value).unwrap_or_else(|_| unreachable!("open")));
    }
}

#[test]
fn try_send() {
    for len in LENGTHS {
        Full::new(len).fails(|tx, value| drop(tx.try_send(value)));
    }
}

#[test]
fn send_timeout() {
    for len in LENGTHS {
        Full::new(len).fails(|tx, value| drop(tx.send_timeout(value, Duration::from_secs(1))));
    }
}

#[test]
fn send_async() {
    for len in LENGTHS {
        Full::new(len).fails(|tx, value| {
            let future = pin!(tx.send_async(value));
            let _ = future.poll(&mut Context::from_waker(Waker::noop()));
        });
    }
}

#[test]
fn a_select() {
    for len in LENGTHS {
        Full::new(len).fails(|tx, value| {
            select! {
                send(tx, value) -> _ => {}
            }
        });
    }
}

#[test]
fn a_select_of_several() {
    let other = Chan::<u8>::new(0);
    for len in LENGTHS {
        Full::new(len).fails(|tx, value| {
            select! {
                send(tx, value) -> _ => {}
                recv(other) -> _ => {}
                default => {}
            }
        });
    }
}

#[test]
fn a_select_at_run_time() {
    for len in LENGTHS {
        Full::new(len).fails(|tx, value| {
            let mut select = Select::new();
            select.send(tx);
            drop(select.select().send(tx, value));
        });
    }
}

#[test]
fn a_select_by_a_task() {
    let other = Chan::<u8>::new(0);
    for len in LENGTHS {
        Full::new(len).fails(|tx, value| {
            let future = pin!(async {
                select_async! {
                    send(tx, value) -> _ => {}
                    recv(other) -> _ => {}
                }
            });
            let _ = future.poll(&mut Context::from_waker(Waker::noop()));
        });
    }
}

/// As everywhere, no user's value is dropped under the channel's lock.
#[test]
fn the_value_may_use_the_channel_when_it_is_dropped() {
    let full = Full::new(1);
    let mut value = full.value(usize::MAX);
    value.channel = Some(full.rx.clone());
    panics(|| full.tx.send(value).is_ok());
    assert_eq!(full.dropped.load(Ordering::Relaxed), 2, "that one, and what it has received");
    assert!(full.rx.is_empty());
}

/// A receiver that is blocked gets its value without a buffer.
#[test]
fn a_blocked_receiver_needs_no_buffer() {
    let full = Full::new(0);
    let (tx, rx) = (&full.tx, &full.rx);
    thread::scope(|s| {
        let receiver = s.spawn(|| rx.recv().unwrap().number);
        // Until somebody is there, a send is to make room.
        let mut number = 0;
        while !receiver.is_finished() {
            let value = full.value(number);
            let sent = without_memory(LARGE, || catch_unwind(AssertUnwindSafe(|| tx.send(value).is_ok())));
            number += 1;
            if sent.is_ok() {
                break;
            }
            thread::yield_now();
        }
        assert_eq!(receiver.join().unwrap(), number - 1);
    });
}

const CHILD: &str = "GOSYNC_NO_MEMORY_CHILD";

/// Runs the calling test in a process of its own; how it ended, and what it said. `None` there.
fn child(name: &str) -> Option<(bool, String)> {
    if env::var_os(CHILD).is_some() {
        return None;
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    Some((child.status.success(), String::from_utf8_lossy(&child.stderr).into_owned()))
}

/// What makes something new ends the process, as `Box::new` does.
#[test]
fn without_memory_for_a_channel_the_process_ends() {
    match child("without_memory_for_a_channel_the_process_ends") {
        None => {
            let made = without_memory(1, || Chan::<u8>::new(1));
            made.close().unwrap();
        }
        Some((succeeded, said)) => {
            assert!(!succeeded);
            assert!(said.contains("memory allocation of"), "{said}");
        }
    }
}

#[test]
fn without_memory_for_a_context_the_process_ends() {
    match child("without_memory_for_a_context_the_process_ends") {
        None => drop(without_memory(1, || gosync::Context::background().with_cancel())),
        Some((succeeded, said)) => {
            assert!(!succeeded);
            assert!(said.contains("memory allocation of"), "{said}");
        }
    }
}

/// What allocates nothing works without memory: locks, groups, semaphores, blocked and timed operations, selects.
#[test]
fn what_exists_works_without_memory() {
    let (mutex, rwmutex, group) = (gosync::Mutex::new(0), gosync::RwMutex::new(0), gosync::WaitGroup::new());
    let (semaphore, cond, once) = (gosync::semaphore::Weighted::new(2), gosync::Cond::new(), gosync::Once::new());
    let (buffer, other) = (Chan::<u8>::new(1), Chan::<u8>::new(0));
    // Its buffer is there.
    buffer.send(0).unwrap();
    buffer.recv().unwrap();
    let soon = Duration::from_millis(1);
    without_memory(1, || {
        *mutex.lock() += 1;
        *rwmutex.write() += 1;
        assert_eq!(*rwmutex.read(), 1);
        group.add(1);
        assert!(group.wait_timeout(soon).is_err());
        group.done();
        group.wait();
        assert!(semaphore.try_acquire(2) && !semaphore.acquire_timeout(1, soon));
        semaphore.release(2);
        assert!(!cond.wait_timeout(&mut mutex.lock(), soon));
        once.call_once(|| {});
        buffer.send(1).unwrap();
        assert!(buffer.send_timeout(2, soon).is_err());
        select! {
            recv(buffer) -> value => assert_eq!(value, Ok(1)),
            send(other, 1) -> _ => unreachable!("nobody receives"),
        }
        select! {
            recv(buffer) -> _ => unreachable!("it is empty"),
            recv(other) -> _ => unreachable!("nobody sends"),
            default(soon) => {}
        }
        buffer.close().unwrap();
        assert!(buffer.recv().is_err());
    });
    assert_eq!(FAILED.get(), 0);
}

/// No place for the first item, and none for more.
#[test]
fn put() {
    let pool = Pool::new(|| [0; LARGE]);
    without_memory(1, || pool.put([1; LARGE]));
    assert!(FAILED.get() > 0 && pool.try_take().is_none());
    pool.put([2; LARGE]);
    let kept = without_memory(1, || {
        (0..64).for_each(|_| pool.put([3; LARGE]));
        std::iter::from_fn(|| pool.try_take()).count()
    });
    assert!((1..64).contains(&kept) && FAILED.get() > 0);
    assert_eq!(pool.take()[0], 0);
}
