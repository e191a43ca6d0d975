//! Values whose drop panics, blocks, or selects on their own channel; and how often each is dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use gosync::chan::{self, Chan, Receiver, Select, Sender, select};

use super::{await_receiver, await_sender, block, choose_recv, choose_send, is_idle};
use crate::drops::Ledger;
use crate::make;
use crate::watchdog::Watchdog;

/// Panics when it is dropped.
struct Bomb(Arc<AtomicU32>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("expected by this test");
    }
}

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// The drop of what a select received, or of what comes back, panics in the thread that has it; the channel works on.
#[test]
fn that_panic() {
    let _watchdog = Watchdog::new();
    let drops = Arc::new(AtomicU32::new(0));
    let bomb = || Bomb(Arc::clone(&drops));
    for capacity in [0, 1] {
        let c = Chan::new(capacity);
        let idle = Chan::<Bomb>::new(0);
        thread::scope(|s| {
            let sender = s.spawn(|| {
                // Four are received by selects, each in another way.
                (0..4).for_each(|_| {
                    select! {
                        send(c, bomb()) -> sent => assert!(sent.is_ok()),
                        recv(idle) -> _ => unreachable!(),
                    }
                });
            });
            let rx = c.receiver();
            assert!(panics(|| {
                select! { recv(c) -> _ => unreachable!("its drop comes first"), recv(idle) -> _ => unreachable!() }
            }));
            assert!(panics(|| {
                select! { recv(c) -> v => { assert!(v.is_ok()); } recv(idle) -> _ => unreachable!() }
            }));
            assert!(panics(|| drop(choose_recv(&rx).recv(&rx))));
            assert!(panics(|| {
                select! { recv(c) -> v => drop(v), default(Duration::MAX) => unreachable!() }
            }));
            sender.join().unwrap();
        });
        assert_eq!(drops.swap(0, Ordering::Relaxed), 4);
        assert!(c.is_empty() && Arc::strong_count(&drops) == 1);
        c.close().unwrap();
        assert!(panics(|| {
            select! { send(c, bomb()) -> _ => unreachable!("its drop comes first"), recv(idle) -> _ => unreachable!() }
        }));
        let tx = c.sender();
        assert!(panics(|| drop(choose_send(&tx).send(&tx, bomb()))));
        assert_eq!((drops.swap(0, Ordering::Relaxed), Arc::strong_count(&drops)), (2, 1));
    }
}

/// A value whose drop waits for another thread: that other thread can use the channel meanwhile.
#[test]
fn that_block() {
    struct Waits(Receiver<()>, mpsc::Sender<()>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.1.send(()).unwrap();
            select! {
                recv(self.0) -> _ => {}
                default(Duration::MAX) => {}
            }
        }
    }
    let _watchdog = Watchdog::new();
    for capacity in [0, 1] {
        let (open, wait) = chan::bounded(0);
        let (begins, begun) = mpsc::channel();
        let (tx, rx) = make(Some(capacity));
        thread::scope(|s| {
            s.spawn({
                let begins = begins.clone();
                move || {
                    select! { send(tx, Waits(wait, begins.clone())) -> sent => assert!(sent.is_ok()) }
                    // While the first is being dropped.
                    let ended = Receiver::clone(&chan::bounded(0).1);
                    select! { send(tx, Waits(ended, begins)) -> sent => assert!(sent.is_ok()) }
                }
            });
            let blocked = s.spawn(|| select! { recv(rx) -> _ => {} });
            begun.recv().unwrap();
            drop(rx.recv());
            drop(open);
            blocked.join().unwrap();
        });
    }
}

/// A value whose drop selects on its own channel, on both sides.
#[test]
fn that_select() {
    struct Selects {
        own: Option<Chan<Selects>>,
        drops: Arc<AtomicU32>,
    }
    impl Drop for Selects {
        fn drop(&mut self) {
            self.drops.fetch_add(1, Ordering::Relaxed);
            let Some(c) = self.own.take() else { return };
            let quiet = || Selects { own: None, drops: Arc::clone(&self.drops) };
            let (tx, rx) = (c.sender(), c.receiver());
            select! {
                send(c, quiet()) -> sent => drop(sent),
                recv(rx) -> v => drop(v),
                default => {}
            }
            let mut select = Select::new();
            let send = select.send(&tx);
            select.recv(&rx);
            if let Ok(operation) = select.try_select() {
                if operation.index() == send {
                    drop(operation.send(&tx, quiet()));
                } else {
                    drop(operation.recv(&rx));
                }
            }
        }
    }
    let _watchdog = Watchdog::new();
    let drops = Arc::new(AtomicU32::new(0));
    for capacity in [1, 2, 5] {
        let c = Chan::new(capacity);
        for _ in 0..20 {
            let value = Selects { own: Some(c.clone()), drops: Arc::clone(&drops) };
            select! { send(c, value) -> sent => assert!(sent.is_ok()), recv(c) -> v => drop(v) }
            select! { recv(c) -> _ => {} default => {} }
        }
        // Values that hold their own channel would keep it for ever.
        while let Ok(value) = c.try_recv() {
            drop(value);
        }
        c.close().unwrap();
        let value = Selects { own: Some(c.clone()), drops: Arc::clone(&drops) };
        select! { send(c, value) -> sent => assert!(sent.is_err()) }
    }
    assert!(drops.load(Ordering::Relaxed) >= 60);
    assert_eq!(Arc::strong_count(&drops), 1, "every value is gone");
}

/// How a value goes through.
type Way = (fn(&Sender<crate::drops::Counted>, &Ledger), fn(&Receiver<crate::drops::Counted>));

/// Every value that goes through selects, at every capacity, blocked or not, is dropped once.
#[test]
fn exactly_once() {
    const WAYS: [Way; 3] = [
        (|tx, ledger| assert!(tx.send(ledger.value()).is_ok()), |rx| drop(rx.recv().ok().unwrap())),
        (
            |tx, ledger| {
                let spare = ledger.value();
                select! {
                    send(tx, ledger.value()) -> sent => assert!(sent.is_ok()),
                    send(None::<&Sender<crate::drops::Counted>>, spare) -> _ => unreachable!(),
                }
            },
            |rx| select! { recv(rx) -> v => drop(v.ok().unwrap()) },
        ),
        (
            |tx, ledger| {
                drop(choose_send(tx));
                assert!(choose_send(tx).send(tx, ledger.value()).is_ok());
            },
            |rx| {
                drop(choose_recv(rx));
                drop(choose_recv(rx).recv(rx).ok().unwrap());
            },
        ),
    ];
    let _watchdog = Watchdog::new();
    for capacity in [Some(0), Some(1), Some(3), None] {
        for (send, _) in WAYS {
            for (_, receive) in WAYS {
                let ledger = Ledger::default();
                let c = Chan::new(capacity.unwrap_or(usize::MAX));
                let (tx, rx) = (c.sender(), c.receiver());
                thread::scope(|s| {
                    s.spawn(|| (0..50).for_each(|_| send(&tx, &ledger)));
                    (0..50).for_each(|_| receive(&rx));
                });
                let (made, dropped) = ledger.balance();
                assert!(made >= 50 && made == dropped, "{made} made, {dropped} dropped");
            }
        }
    }
}

/// A value in a message whose select is closed under it, and one in a buffer whose channel goes while an operation on it
/// is forgotten.
#[test]
fn exactly_once_at_the_end() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let c = Chan::new(0);
    thread::scope(|s| {
        let sender = block(s, || {
            select! { send(c, ledger.value()) -> sent => sent.unwrap_err().into_inner() }
        });
        c.close().unwrap();
        let back = sender.join().unwrap();
        assert_eq!(ledger.balance(), (1, 0));
        drop(back);
        assert_eq!(ledger.balance(), (1, 1));
    });
    let (tx, rx) = make(Some(3));
    (0..3).for_each(|_| tx.try_send(ledger.value()).ok().unwrap());
    std::mem::forget(choose_recv(&rx));
    std::mem::forget(choose_recv(&rx));
    drop(rx);
    assert_eq!(ledger.balance(), (4, 4), "with the last receiver");
    assert!(tx.send(ledger.value()).is_err());
    assert_eq!(ledger.balance(), (5, 5));
}

/// A promised sender's value, when the operation that has promised is dropped, and then the channel.
#[test]
fn exactly_once_after_a_broken_promise() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let c = Chan::new(0);
    let (tx, rx) = (c.sender(), c.receiver());
    thread::scope(|s| {
        let sender = s.spawn(|| tx.send(ledger.value()).is_err());
        await_sender(&rx);
        let operation = choose_recv(&rx);
        c.close().unwrap();
        drop(operation);
        assert!(sender.join().unwrap());
        assert_eq!(ledger.balance(), (1, 1));
    });
    let c = Chan::new(0);
    let (tx, rx) = (c.sender(), c.receiver());
    thread::scope(|s| {
        let receiver = s.spawn(|| rx.recv().is_ok());
        await_receiver(&tx);
        drop(choose_send(&tx));
        tx.send(ledger.value()).ok().unwrap();
        assert!(receiver.join().unwrap());
        assert_eq!(ledger.balance(), (2, 2));
    });
    assert!(is_idle(&c));
}
