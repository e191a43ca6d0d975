//! What is allocated in the process, counted by a global allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use gosync::atomic::{Stack, Value};
use gosync::chan::{self, Chan, select_async};

use crate::watchdog::Watchdog;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is passed on as it is; counting touches no memory of the allocator's, and neither allocates nor
// unwinds. What is not overridden goes through these two.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's contract; the memory comes from the call above.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// One test at a time, for they count what the process has.
static ALONE: Mutex<()> = Mutex::new(());

/// How many bytes there are more after `f` than before.
fn grown<R>(f: impl FnOnce() -> R) -> (isize, R) {
    let before = BYTES.load(Ordering::Relaxed);
    let result = f();
    (BYTES.load(Ordering::Relaxed) - before, result)
}

/// What the process's own machinery may take meanwhile.
const SLACK: isize = 128 * 1024;

const BURST: usize = 1_000_000;

/// An unbounded channel that a million messages went through has no more memory than a new one had, or nearly so.
#[test]
fn a_burst_through_a_channel() {
    let _alone = ALONE.lock();
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::unbounded::<u64>();
    let (left, ()) = grown(|| {
        let (during, ()) = grown(|| (0..BURST as u64).for_each(|n| tx.send(n).unwrap()));
        assert!(during > 8 * BURST as isize / 2, "they are somewhere");
        assert!((0..BURST as u64).eq(rx.try_iter()));
    });
    assert!(left < SLACK, "{left} bytes are left of the burst");
    // The same with a receiver that keeps up badly, from another thread.
    let (left, ()) = grown(|| {
        thread::scope(|s| {
            s.spawn(|| assert_eq!(rx.iter().take(BURST).count(), BURST));
            (0..BURST as u64).for_each(|n| tx.send(n).unwrap());
        });
    });
    assert!(left < SLACK, "{left} bytes are left of the burst");
}

/// Neither has a `Value` that was stored to a million times, nor a stack, beyond what its nodes took.
#[test]
fn a_burst_through_the_others() {
    let _alone = ALONE.lock();
    let _watchdog = Watchdog::new();
    let value = Value::new(0);
    let (left, ()) = grown(|| (0..BURST).for_each(|n| value.store(n)));
    assert!(left < SLACK, "{left} bytes are left in a Value");
    let stack = Stack::new();
    let (_, ()) = grown(|| {
        (0..BURST).for_each(|n| stack.push(n));
        assert_eq!(stack.take_all().count(), BURST);
    });
    // Its nodes are used again, and freed with it: that is how it gets by without a scheme of reclamation.
    let (more, ()) = grown(|| {
        (0..BURST).for_each(|n| stack.push(n));
        assert_eq!(stack.take_all().count(), BURST);
    });
    assert!(more < SLACK, "a second burst takes {more} bytes more");
    let (freed, ()) = grown(|| drop(stack));
    assert!(freed <= 0);
}

/// Counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Count>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

const TASKS: usize = 100_000;

/// A hundred thousand tasks that wait at one channel take memory for themselves, and the channel takes none for them. Those
/// in the middle can go; the others are served in turn, and the close ends the rest.
#[test]
fn tasks_that_wait() {
    let _alone = ALONE.lock();
    let _watchdog = Watchdog::new();
    let c = Chan::<usize>::new(0);
    let (tx, rx) = (c.sender(), c.receiver());
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    let mut tasks: Vec<_> = (0..TASKS).map(|_| Box::pin(rx.recv_async())).collect();
    let (waiting, ()) = grown(|| tasks.iter_mut().for_each(|task| assert!(task.as_mut().poll(&mut cx).is_pending())));
    assert!(waiting < SLACK, "{waiting} bytes for tasks that wait");

    // Every third one leaves, from anywhere in the line.
    let mut number = 0;
    tasks.retain(|_| {
        number += 1;
        number % 3 != 0
    });
    let (half, left) = (tasks.len() / 2, tasks.len());
    (0..half).for_each(|n| tx.try_send(n).unwrap());
    assert_eq!(count.0.load(Ordering::Relaxed), half);
    for (n, task) in tasks[..half].iter_mut().enumerate() {
        assert_eq!(task.as_mut().poll(&mut cx), Poll::Ready(Ok(n)));
    }
    c.close().unwrap();
    assert_eq!(count.0.load(Ordering::Relaxed), left);
    assert!(tasks[half..].iter_mut().all(|task| task.as_mut().poll(&mut cx).is_ready()));
}

/// A thousand selects wait at one channel, and at one of their own each; the one that is meant is woken, and no other.
#[test]
fn selects_that_wait() {
    const SELECTS: usize = 1_000;
    let _alone = ALONE.lock();
    let _watchdog = Watchdog::new();
    let shared = Chan::<usize>::new(0);
    let own: Vec<_> = (0..SELECTS).map(|_| Chan::<usize>::new(0)).collect();
    let counts: Vec<_> = (0..SELECTS).map(|_| Arc::new(Count::default())).collect();
    let wakers: Vec<_> = counts.iter().map(|count| Waker::from(Arc::clone(count))).collect();
    let select = |i: usize| -> Pin<Box<dyn Future<Output = usize> + '_>> {
        let (shared, own) = (&shared, &own[i]);
        Box::pin(async move {
            select_async! {
                recv(shared) -> value => value.unwrap(),
                recv(own) -> value => SELECTS + value.unwrap(),
            }
        })
    };
    let mut selects: Vec<_> = (0..SELECTS).map(select).collect();
    let mut poll = |i: usize| selects[i].as_mut().poll(&mut Context::from_waker(&wakers[i]));
    let (waiting, ()) = grown(|| (0..SELECTS).for_each(|i| assert!(poll(i).is_pending())));
    assert!(waiting < SLACK, "{waiting} bytes for selects that wait");

    // Every second one by its own channel; the others by the shared one, in turn.
    let woken = |i: usize| counts[i].0.load(Ordering::Relaxed);
    for i in (0..SELECTS).step_by(2) {
        own[i].try_send(i).unwrap();
        assert_eq!(poll(i), Poll::Ready(SELECTS + i));
    }
    for i in (1..SELECTS).step_by(2) {
        assert_eq!(woken(i), 0);
        shared.try_send(i).unwrap();
        assert_eq!(poll(i), Poll::Ready(i));
    }
    assert!((0..SELECTS).all(|i| woken(i) == 1));
    assert!(shared.try_send(0).is_err(), "nobody is left");
}
