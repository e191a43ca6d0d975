//! For which messages handles are `Send`, `Sync` and unwind safe; borrowed messages and generic code.

use std::cell::{Cell, RefCell};
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard};
use std::thread;

use static_assertions::{assert_impl_all, assert_not_impl_any};

use super::channel::{
    IntoIter, Receiver, RecvError, Select, SelectedOperation, SendError, Sender, TryRecvError, TrySendError, bounded,
    never, select, unbounded,
};
use crate::watchdog::Watchdog;

// Messages that move between threads are enough; shared ones are not needed.
assert_impl_all!(Sender<Cell<u8>>: Send, Sync, Clone);
assert_impl_all!(Receiver<Cell<u8>>: Send, Sync, Clone);
assert_impl_all!(IntoIter<Cell<u8>>: Send, Sync);
assert_not_impl_any!(Sender<Rc<u8>>: Send, Sync);
assert_not_impl_any!(Receiver<Rc<u8>>: Send, Sync);
assert_not_impl_any!(Sender<MutexGuard<'static, u8>>: Send, Sync);
assert_not_impl_any!(Receiver<*const u8>: Send, Sync);

// No message makes a handle unsafe to carry through a panic.
assert_impl_all!(Sender<&'static mut RefCell<u8>>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Receiver<&'static mut RefCell<u8>>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Sender<Rc<Cell<u8>>>: UnwindSafe, RefUnwindSafe, Unpin);
assert_impl_all!(Receiver<Box<dyn FnMut()>>: UnwindSafe, RefUnwindSafe, Unpin);

assert_impl_all!(Select<'static>: Send, Sync, Clone, Default, std::fmt::Debug);
assert_impl_all!(SelectedOperation<'static>: UnwindSafe, RefUnwindSafe, std::fmt::Debug);

/// Handles of messages that stay on their thread serve that thread.
#[test]
fn messages_of_one_thread() {
    let (tx, rx) = unbounded();
    let shared = Rc::new(Cell::new(0));
    tx.send(shared.clone()).unwrap();
    select! { send(tx, shared.clone()) -> sent => assert!(sent.is_ok()) }
    select! { recv(rx) -> got => got.unwrap().set(1) }
    let mut set = Select::new();
    set.recv(&rx);
    set.select().recv(&rx).unwrap().set(2);
    assert_eq!((shared.get(), Rc::strong_count(&shared)), (2, 1));
}

#[test]
fn borrowed_messages() {
    let _watchdog = Watchdog::new();
    let mut numbers = vec![1, 2, 3];
    let text = String::from("a b c");
    {
        let (tx, rx) = bounded::<&mut i32>(0);
        let (words, from_words) = unbounded::<&str>();
        thread::scope(|s| {
            s.spawn(|| {
                for n in rx {
                    *n *= 10;
                }
            });
            s.spawn(|| text.split(' ').for_each(|word| words.send(word).unwrap()));
            for n in &mut numbers {
                select! { send(tx, n) -> sent => assert!(sent.is_ok()) }
            }
            drop(tx);
        });
        drop(words);
        assert_eq!(from_words.iter().collect::<String>(), "abc");
    }
    assert_eq!(numbers, [10, 20, 30]);
}

/// Handles move into a closure that may panic, and work on outside.
#[test]
fn across_a_panic() {
    let mut number = 0;
    let (tx, rx) = bounded::<&mut i32>(1);
    let (tx2, rx2) = (tx.clone(), rx.clone());
    catch_unwind(move || {
        assert!(rx2.is_empty());
        let _tx = tx2;
        std::panic::resume_unwind(Box::new(()));
    })
    .unwrap_err();
    tx.send(&mut number).unwrap();
    *rx.recv().unwrap() += 1;
    drop((tx, rx));
    assert_eq!(number, 1);
}

/// Code over any message, with no more bounds than it needs itself.
#[test]
fn no_bounds() {
    struct Service<T> {
        tx: Sender<T>,
        rx: Receiver<T>,
    }
    impl<T> Service<T> {
        fn new() -> Self {
            let (tx, rx) = bounded(1);
            Service { tx, rx }
        }
        fn pass(&self, value: T) -> Result<T, TrySendError<T>> {
            self.tx.try_send(value)?;
            match self.rx.try_recv() {
                Ok(value) => Ok(value),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => unreachable!(),
            }
        }
        fn offer(&self, value: T) -> Result<(), SendError<T>> {
            select! { send(self.tx, value) -> sent => sent, default => Err(SendError(value)) }
        }
    }
    impl<T> Default for Service<T> {
        fn default() -> Self {
            Service { tx: bounded(0).0, rx: never() }
        }
    }
    let mutex = Mutex::new(1);
    let service = Service::new();
    *service.pass(mutex.lock().unwrap()).unwrap() += 1;
    assert!(service.offer(mutex.lock().unwrap()).is_ok());
    drop(service);
    let service = Service::default();
    assert!(matches!(service.pass(Box::new(|| ()) as Box<dyn Fn()>), Err(TrySendError::Disconnected(_))));
    assert!(service.offer(Box::new(|| ())).is_err());
    assert_eq!(*mutex.lock().unwrap(), 2);
}

/// In struct fields, statics, maps: handles are ordinary values.
#[test]
fn as_values() {
    static DONE: Receiver<()> = never();
    assert_eq!(DONE.try_recv(), Err(TryRecvError::Empty));
    let handles: Vec<(Sender<usize>, Receiver<usize>)> = (0..3).map(|_| unbounded()).collect();
    let (senders, receivers): (Vec<_>, Vec<_>) = handles.into_iter().unzip();
    for (i, tx) in senders.iter().enumerate() {
        tx.send(i).unwrap();
    }
    drop(senders);
    assert_eq!(receivers.iter().flatten().sum::<usize>(), 3);
    assert!(receivers.into_iter().all(|rx| rx.recv() == Err(RecvError)));
}

/// Plain data of no size, and over-aligned data, in every operation.
#[test]
fn odd_messages() {
    #[derive(Debug, PartialEq)]
    #[repr(align(128))]
    struct Aligned(u8);
    for capacity in [1, 2, 40] {
        let (unit, units) = bounded(capacity);
        let (aligned, from_aligned) = bounded(capacity);
        for round in 0..100 {
            (0..capacity).for_each(|_| select! { send(unit, ()) -> sent => sent.unwrap() });
            assert!(unit.is_full());
            assert_eq!(units.try_iter().count(), capacity);
            (0..capacity).for_each(|i| aligned.send(Aligned((round + i) as u8)).unwrap());
            for i in 0..capacity {
                let got = select! { recv(from_aligned) -> got => got.unwrap() };
                assert_eq!((&raw const got as usize % 128, got), (0, Aligned((round + i) as u8)));
            }
        }
    }
}
