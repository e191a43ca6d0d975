//! Wakers that do what they like: run their task at once, drop others, use the channel, panic.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Poll, RawWaker, RawWakerVTable, Wake, Waker};
use std::thread::ThreadId;
use std::time::Duration;

use gosync::chan::{RecvError, SendError, Timer, select_async, select_async_biased};

use super::{Count, OnWake, poll, poll_for, receive, send};
use crate::drops::Ledger;
use crate::make;
use crate::watchdog::Watchdog;

/// Futures that a waker drops.
type Doomed<F> = Arc<Mutex<Vec<F>>>;

/// One of several futures that a close ends drops the others from within its wake-up. They were claimed together with it.
#[test]
fn a_close_wakes_one_who_drops_the_others() {
    let _watchdog = Watchdog::new();
    for dropper in 0..4 {
        let (tx, rx) = make::<u8>(Some(0));
        let doomed = Doomed::default();
        let (count, waker) = Count::new();
        let mut futures: Vec<_> = (0..4).map(|_| receive(&rx)).collect();
        for (n, future) in futures.iter_mut().enumerate() {
            let others = Arc::clone(&doomed);
            let drops_them = OnWake::waker(move || drop(std::mem::take(&mut *others.lock().unwrap())));
            assert!(poll_for(future, if n == dropper { &drops_them } else { &waker }).is_pending());
        }
        let mut kept = futures.remove(dropper);
        *doomed.lock().unwrap() = futures;
        tx.close().unwrap();
        assert!(doomed.lock().unwrap().is_empty());
        assert_eq!(count.get(), 3);
        assert_eq!(poll(&mut kept), Poll::Ready(Err(RecvError)));
    }
    for dropper in 0..4 {
        let (tx, rx) = make(Some(0));
        let doomed = Doomed::default();
        let mut futures: Vec<_> = (0..4).map(|n| send(&tx, Box::new(n))).collect();
        for (n, future) in futures.iter_mut().enumerate() {
            let others = Arc::clone(&doomed);
            let drops_them = OnWake::waker(move || drop(std::mem::take(&mut *others.lock().unwrap())));
            assert!(if n == dropper { poll_for(future, &drops_them) } else { poll(future) }.is_pending());
        }
        let mut kept = futures.remove(dropper);
        *doomed.lock().unwrap() = futures;
        rx.close().unwrap();
        assert!(doomed.lock().unwrap().is_empty());
        assert_eq!(poll(&mut kept), Poll::Ready(Err(SendError(Box::new(dropper)))));
    }
}

/// So does one whose timer is set anew, which makes all who wait for it start over.
#[test]
fn a_reset_wakes_one_who_drops_the_others() {
    let _watchdog = Watchdog::new();
    let timer = Timer::new(Duration::from_secs(3600));
    let doomed = Doomed::default();
    let mut first = receive(timer.channel());
    let mut second = receive(timer.channel());
    let others = Arc::clone(&doomed);
    let drops_them = OnWake::waker(move || drop(std::mem::take(&mut *others.lock().unwrap())));
    assert!(poll_for(&mut first, &drops_them).is_pending());
    assert!(poll(&mut second).is_pending());
    doomed.lock().unwrap().push(second);
    timer.reset(Duration::from_secs(1800));
    assert!(doomed.lock().unwrap().is_empty());
    assert!(poll(&mut first).is_pending(), "it waits for the new time");
}

/// A waker runs its task to the end, within the peer's operation.
#[test]
fn a_waker_polls_its_task() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(Some(0));
    let slot = Arc::new(Mutex::new(None));
    let result = Arc::new(Mutex::new(None));
    let (inner, kept) = (Arc::clone(&slot), Arc::clone(&result));
    let waker = OnWake::waker(move || {
        let mut future = inner.lock().unwrap().take().unwrap();
        *kept.lock().unwrap() = Some(poll(&mut future));
    });
    let mut future = receive(&rx);
    assert!(poll_for(&mut future, &waker).is_pending());
    *slot.lock().unwrap() = Some(future);
    tx.try_send(7).unwrap();
    assert_eq!(result.lock().unwrap().take(), Some(Poll::Ready(Ok(7))));
}

/// A waker sends, receives, and closes on the channel whose operation has woken it.
#[test]
fn a_waker_uses_the_channel() {
    let _watchdog = Watchdog::new();
    for capacity in [Some(1), Some(8), None] {
        let (tx, rx) = make(capacity);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, inner_tx, inner_rx) = (Arc::clone(&seen), tx.clone(), rx.clone());
        let waker = OnWake::waker(move || {
            log.lock().unwrap().push(inner_tx.try_send(2).is_ok());
            log.lock().unwrap().push(inner_rx.try_recv() == Ok(2));
            log.lock().unwrap().push(inner_tx.close().is_ok());
        });
        let mut future = receive(&rx);
        assert!(poll_for(&mut future, &waker).is_pending());
        tx.send(1).unwrap();
        assert_eq!(*seen.lock().unwrap(), [true; 3]);
        assert_eq!(poll(&mut future), Poll::Ready(Ok(1)));
        assert!(tx.send(3).is_err());
    }
}

/// A waker's panic is not the peer's: its operation is done, and so are those of the others.
#[test]
fn a_waker_panics() {
    let _watchdog = Watchdog::new();
    let panics = || OnWake::waker(|| panic!("expected by this test"));
    // A sender wakes it.
    let (tx, rx) = make(Some(0));
    let mut receiving = receive(&rx);
    assert!(poll_for(&mut receiving, &panics()).is_pending());
    assert_eq!(tx.try_send(1), Ok(()));
    assert_eq!(poll(&mut receiving), Poll::Ready(Ok(1)));
    // A receiver wakes it, and has the value.
    let mut sending = send(&tx, 2);
    assert!(poll_for(&mut sending, &panics()).is_pending());
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(poll(&mut sending), Poll::Ready(Ok(())));
    // A value is handed on to it.
    let (mut first, mut second) = (receive(&rx), receive(&rx));
    assert!(poll(&mut first).is_pending());
    assert!(poll_for(&mut second, &panics()).is_pending());
    tx.try_send(3).unwrap();
    drop(first);
    assert_eq!(poll(&mut second), Poll::Ready(Ok(3)));
    // A close wakes it among others.
    let (count, waker) = Count::new();
    let mut waiting: Vec<_> = (0..40).map(|_| receive(&rx)).collect();
    for (n, future) in waiting.iter_mut().enumerate() {
        let waker = if n % 2 == 0 { panics() } else { waker.clone() };
        assert!(poll_for(future, &waker).is_pending());
    }
    tx.close().unwrap();
    assert_eq!(count.get(), 20);
    waiting.iter_mut().for_each(|future| assert_eq!(poll(future), Poll::Ready(Err(RecvError))));
}

/// The panic ends there, and what it came with goes, too, if that can be dropped.
#[test]
fn what_a_waker_panics_with_is_dropped() {
    struct Payload(#[allow(dead_code, reason = "counted")] Arc<()>, bool);
    impl Drop for Payload {
        fn drop(&mut self) {
            if self.1 {
                std::panic::resume_unwind(Box::new(()));
            }
        }
    }
    let kept = Arc::new(());
    for drop_panics in [false, true] {
        let (tx, rx) = make(Some(0));
        let payload = Payload(Arc::clone(&kept), drop_panics);
        let waker = OnWake::waker(move || std::panic::resume_unwind(Box::new(payload)));
        let mut receive = receive(&rx);
        assert!(poll_for(&mut receive, &waker).is_pending());
        tx.try_send(1).unwrap();
        assert_eq!(poll(&mut receive), Poll::Ready(Ok(1)));
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}

/// No waker is kept longer than its future waits.
#[test]
fn wakers_are_dropped() {
    let (tx, rx) = make(Some(0));
    let (count, waker) = Count::new();
    let kept = || Arc::strong_count(&count) - 2;
    let mut done = receive(&rx);
    let mut dropped = receive(&rx);
    let mut polled_again = receive(&rx);
    assert!(poll_for(&mut done, &waker).is_pending());
    assert!(poll_for(&mut dropped, &waker).is_pending());
    assert!(poll_for(&mut polled_again, &waker).is_pending());
    assert_eq!(kept(), 3);
    tx.try_send(1).unwrap();
    assert_eq!(kept(), 2);
    drop(dropped);
    assert_eq!(kept(), 1);
    assert!(poll(&mut polled_again).is_pending());
    assert_eq!(kept(), 0);
    assert_eq!(poll(&mut done), Poll::Ready(Ok(1)));
}

thread_local! {
    /// What the waker of [`waker_whose_clone`] does when it is cloned.
    static ON_CLONE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// A waker whose first clone, on this thread, does this.
fn waker_whose_clone(f: impl FnOnce() + 'static) -> Waker {
    const TABLE: RawWakerVTable = RawWakerVTable::new(clone, |_| (), |_| (), |_| ());

    fn clone(data: *const ()) -> RawWaker {
        if let Some(f) = ON_CLONE.take() {
            f();
        }
        RawWaker::new(data, &TABLE)
    }

    ON_CLONE.set(Some(Box::new(f)));
    // SAFETY: its functions use no data.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &TABLE)) }
}

/// A select that finds a timer due gives the value to who waits for it, and then clones its waker, which drops that one.
#[test]
fn a_clone_drops_whom_a_timer_has_served() {
    let _watchdog = Watchdog::new();
    let timer: &'static Timer = Box::leak(Box::new(Timer::new(Duration::ZERO)));
    let served = loop {
        timer.reset(Duration::from_millis(5));
        let mut served = Box::pin(timer.channel().recv_async());
        // If not, this thread was kept from it until it was due.
        if poll(&mut served).is_pending() {
            break served;
        }
    };
    std::thread::sleep(Duration::from_millis(10));
    let waker = waker_whose_clone(move || drop(served));
    let (_tx, other) = make::<u8>(Some(0));
    let mut select = Box::pin(async {
        select_async! { recv(timer.channel()) -> time => time.is_ok(), recv(other) -> _ => false }
    });
    let polled = poll_for(&mut select, &waker);
    assert_eq!(if polled.is_ready() { polled } else { poll(&mut select) }, Poll::Ready(true), "the value came back");
}

/// Does something when it is woken by this thread, and not by the one that looks at the clock for tasks.
struct OnWakeBy {
    thread: ThreadId,
    then: Box<dyn Fn() + Send + Sync>,
}

impl Wake for OnWakeBy {
    fn wake(self: Arc<OnWakeBy>) {
        if std::thread::current().id() == self.thread {
            (self.then)();
        }
    }
}

/// A select that finds, with all locks held, that a timer's value is somebody else's, and then meets a peer at another channel:
/// the first may drop the other one's future when it is woken. So that must have been completed by then.
#[test]
fn a_timers_receiver_drops_whom_a_select_has_met() {
    let _watchdog = Watchdog::new();
    for met_select in [false, true] {
        let timer: &'static Timer = Box::leak(Box::new(Timer::new(Duration::from_secs(3600))));
        let (tx, rx) = make::<Box<u8>>(Some(0));
        let doomed = Doomed::<Pin<Box<dyn Future<Output = ()> + Send>>>::default();
        let (served, count) = (Arc::new(Mutex::new(None)), Count::new());
        let waker = waker_whose_clone({
            let (doomed, served, woken) = (Arc::clone(&doomed), Arc::clone(&served), Arc::clone(&count.0));
            move || {
                // Nothing is ready when the select has looked, and when it has all locks the timer is due, and both wait.
                let mut peer: Pin<Box<dyn Future<Output = ()> + Send>> = if met_select {
                    Box::pin(async move {
                        select_async! { send(tx, Box::new(7)) -> _ => () }
                    })
                } else {
                    Box::pin(async move { drop(tx.send_async(Box::new(7)).await) })
                };
                assert!(poll(&mut peer).is_pending());
                doomed.lock().unwrap().push(peer);
                let drops_them = Waker::from(Arc::new(OnWakeBy {
                    thread: std::thread::current().id(),
                    then: Box::new(move || {
                        woken.0.fetch_add(1, Ordering::Relaxed);
                        drop(std::mem::take(&mut *doomed.lock().unwrap()));
                    }),
                }));
                let mut first = Box::pin(timer.channel().recv_async());
                loop {
                    timer.reset(Duration::from_millis(5));
                    if poll_for(&mut first, &drops_them).is_pending() {
                        break;
                    }
                    // This thread was kept from it until it was due.
                    first = Box::pin(timer.channel().recv_async());
                }
                std::thread::sleep(Duration::from_millis(10));
                *served.lock().unwrap() = Some(first);
            }
        });
        let mut select = Box::pin(async {
            select_async_biased! { recv(timer.channel()) -> _ => None, recv(rx) -> value => Some(value) }
        });
        let polled = poll_for(&mut select, &waker);
        let first = served.lock().unwrap().take();
        let time = poll(&mut first.expect("the waker was cloned"));
        assert!(matches!(time, Poll::Ready(Ok(_))), "{time:?}");
        assert_eq!(count.0.get(), 1, "it was woken");
        assert!(doomed.lock().unwrap().is_empty());
        // A select had no value yet, and its sender has gone with it.
        let expected = if met_select { Err(RecvError) } else { Ok(Box::new(7)) };
        assert_eq!(polled, Poll::Ready(Some(expected)));
    }
}

/// A waker whose drop panics is reported, and takes nothing along that its task has received.
#[test]
fn a_drop_panics() {
    thread_local! {
        static PANICS: Cell<bool> = const { Cell::new(false) };
    }
    static TABLE: RawWakerVTable = RawWakerVTable::new(|data| RawWaker::new(data, &TABLE), |_| (), |_| (), drop);

    fn drop(_: *const ()) {
        assert!(!PANICS.get(), "expected by this test");
    }

    let _watchdog = Watchdog::new();
    // SAFETY: its functions use no data.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &TABLE)) });
    PANICS.set(true);
    let timer = Timer::new(Duration::ZERO);
    let mut at_once = Box::pin(timer.channel().recv_async());
    assert!(matches!(poll_for(&mut at_once, &waker), Poll::Ready(Ok(_))));
    let soon = Duration::from_millis(5);
    let mut later = loop {
        timer.reset(soon);
        let mut later = Box::pin(timer.channel().recv_async());
        // If not, this thread was kept from it until it was due.
        if poll_for(&mut later, &waker).is_pending() {
            break later;
        }
    };
    std::thread::sleep(2 * soon);
    assert!(matches!(poll_for(&mut later, &waker), Poll::Ready(Ok(_))));
    let mut select = loop {
        timer.reset(soon);
        let mut select = Box::pin(async {
            select_async! { recv(timer.channel()) -> time => time }
        });
        // As above.
        if poll_for(&mut select, &waker).is_pending() {
            break select;
        }
    };
    std::thread::sleep(2 * soon);
    assert!(matches!(poll_for(&mut select, &waker), Poll::Ready(Ok(_))));
    // One that gives up.
    let (_tx, rx) = make::<u8>(Some(0));
    let mut receiving = receive(&rx);
    assert!(poll_for(&mut receiving, &waker).is_pending());
    std::mem::drop(receiving);
    PANICS.set(false);
}

/// A waker whose clone panics: that is the poll's panic, no value is lost or dropped twice, and the channel goes on.
#[test]
fn a_clone_panics() {
    const TABLE: RawWakerVTable = RawWakerVTable::new(|_| panic!("expected by this test"), |_| (), |_| (), |_| ());
    // SAFETY: its functions use no data.
    let waker = unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &TABLE)) };
    let ledger = Ledger::default();
    let (tx, rx) = make(Some(0));
    let mut sending = send(&tx, ledger.value());
    assert!(catch_unwind(AssertUnwindSafe(|| poll_for(&mut sending, &waker))).is_err());
    drop(sending);
    assert_eq!(ledger.balance(), (1, 1));
    let mut receiving = Box::pin(rx.recv_async());
    assert!(catch_unwind(AssertUnwindSafe(|| poll_for(&mut receiving, &waker))).is_err());
    assert!(poll(&mut receiving).is_pending(), "it has not begun, and can be polled again");
    // The same when it is to take another one's place.
    assert!(catch_unwind(AssertUnwindSafe(|| poll_for(&mut receiving, &waker))).is_err());
    assert!(tx.try_send(ledger.value()).is_ok());
    let Poll::Ready(Ok(value)) = poll(&mut receiving) else { panic!("the value is lost") };
    drop((value, receiving));
    assert_eq!(ledger.balance(), (2, 2));
    assert!(tx.try_send(ledger.value()).is_err());
}
