//! Channels.

use std::panic::{catch_unwind, resume_unwind};
use std::thread;
use std::time::Duration;

use gosync::chan::{self, Chan, Receiver, Sender};

use crate::counter::{allocations, bytes, without_allocating};
use crate::watchdog::Watchdog;

/// A channel is one allocation, whatever its capacity; handles are none.
#[test]
fn creation() {
    let before = bytes();
    for capacity in [0, 1, 1024, 1 << 40, usize::MAX] {
        let (n, c) = allocations(|| Chan::<u64>::new(capacity));
        assert_eq!(n, 1);
        let handles = without_allocating(|| (c.clone(), c.sender(), c.receiver(), c.receiver().into_iter()));
        without_allocating(|| drop((handles, c.split())));
    }
    assert_eq!(allocations(|| drop(chan::bounded::<u64>(1))).0, 1);
    assert_eq!(allocations(|| drop(chan::unbounded::<u64>())).0, 1);
    without_allocating(|| drop((Sender::<u64>::nil(), chan::never::<u64>().clone(), Chan::<u64>::nil().split())));
    assert_eq!(bytes(), before);
}

/// The buffer is allocated by the first value that needs it, and not for values without a size.
#[test]
fn first_use() {
    let (tx, rx) = chan::bounded(1);
    assert_eq!(allocations(|| tx.send(1_u64).unwrap()).0, 1);
    without_allocating(|| rx.recv().unwrap());
    let (tx, rx) = chan::unbounded();
    assert_eq!(allocations(|| tx.send(1_u64).unwrap()).0, 1);
    without_allocating(|| rx.recv().unwrap());
    for capacity in [1, 100, usize::MAX] {
        let c = Chan::new(capacity);
        without_allocating(|| c.send(()).unwrap());
        assert_eq!(without_allocating(|| c.recv()), Ok(()));
    }
}

/// Sends and receives that find room and values.
#[test]
fn uncontended() {
    for capacity in [1, 2, 1024] {
        let (tx, rx) = chan::bounded(capacity);
        (0..capacity).for_each(|n| tx.send(n).unwrap());
        rx.try_iter().for_each(drop);
        without_allocating(|| {
            for round in 0..3000 {
                for n in 0..(round % capacity) + 1 {
                    tx.send(n).unwrap();
                }
                assert!(rx.try_iter().count() > 0);
                tx.try_send(1).unwrap();
                rx.recv().unwrap();
                tx.send_timeout(2, Duration::from_secs(1)).unwrap();
                rx.recv_timeout(Duration::from_secs(1)).unwrap();
            }
        });
    }
}

/// What fails at once, and the questions.
#[test]
fn failures() {
    let full = Chan::new(1);
    full.send(1).unwrap();
    let (empty, closed, nil) = (Chan::<i32>::new(1), Chan::new(1), Chan::nil());
    closed.close().unwrap();
    without_allocating(|| {
        for _ in 0..100 {
            assert!(full.try_send(2).is_err());
            assert!(empty.try_recv().is_err());
            assert!(closed.send(2).is_err() && closed.try_send(2).is_err() && closed.recv().is_err());
            assert!(nil.try_send(2).is_err() && nil.try_recv().is_err() && nil.close().is_err());
            assert_eq!((full.len(), full.is_full(), empty.is_empty(), closed.is_closed()), (1, true, true, true));
        }
    });
}

/// What blocks and times out.
#[test]
fn timeouts() {
    const SHORT: Duration = Duration::from_millis(1);
    let full = Chan::new(1);
    full.send(1).unwrap();
    let (empty, rendezvous) = (Chan::<i32>::new(1), Chan::new(0));
    let time_out = || {
        assert!(empty.recv_timeout(SHORT).is_err() && empty.recv_timeout(Duration::ZERO).is_err());
        assert!(full.send_timeout(2, SHORT).is_err() && full.send_timeout(2, Duration::ZERO).is_err());
        assert!(rendezvous.recv_timeout(SHORT).is_err() && rendezvous.send_timeout(2, SHORT).is_err());
    };
    time_out(); // the first wait in a process asks for the number of CPUs
    without_allocating(|| (0..5).for_each(|_| time_out()));
}

/// Sends a value there and waits for it to come back; `rounds` times.
fn there_and_back(tx: &Sender<usize>, rx: &Receiver<usize>, rounds: usize) {
    for n in 0..rounds {
        tx.send(n).unwrap();
        assert_eq!(rx.recv(), Ok(n));
    }
}

/// Takes values and sends them back.
fn echo(rx: &Receiver<usize>, tx: &Sender<usize>, rounds: usize) {
    for _ in 0..rounds {
        tx.send(rx.recv().unwrap()).unwrap();
    }
}

/// Sends and receives that block, on both threads: between them, something blocks in every round.
#[test]
fn blocked() {
    let _watchdog = Watchdog::new();
    for capacity in [0, 1] {
        let (to, there) = chan::bounded(capacity);
        let (back, here) = chan::bounded(capacity);
        if capacity > 0 {
            // A channel that has always handed over has no buffer yet.
            for (tx, rx) in [(&to, &there), (&back, &here)] {
                tx.send(0).unwrap();
                rx.recv().unwrap();
            }
        }
        thread::scope(|s| {
            s.spawn(move || {
                echo(&there, &back, 50);
                without_allocating(|| echo(&there, &back, 1000));
            });
            there_and_back(&to, &here, 50);
            without_allocating(|| there_and_back(&to, &here, 1000));
        });
    }
}

/// Several blocked at once, and a close that ends them all.
#[test]
fn blocked_and_closed() {
    let _watchdog = Watchdog::new();
    let block_and_close = |c: &Chan<i32>, check: bool| {
        thread::scope(|s| {
            for n in 0..4 {
                s.spawn(move || {
                    let operation =
                        || if n % 2 == 0 { c.send(n).is_ok() } else { c.recv_timeout(Duration::MAX).is_ok() };
                    if check { without_allocating(operation) } else { operation() }
                });
            }
            thread::sleep(Duration::from_millis(2));
            without_allocating(|| c.close().unwrap());
        });
    };
    block_and_close(&Chan::new(0), false);
    for _ in 0..10 {
        block_and_close(&Chan::new(0), true);
    }
}

/// An unbounded channel whose depth does not change any more.
#[test]
fn steady_depth() {
    for depth in [1, 100, 5000] {
        let (tx, rx) = chan::unbounded();
        (0..depth).for_each(|n| tx.send(n).unwrap());
        without_allocating(|| {
            for n in 0..20_000 {
                assert_eq!(rx.recv(), Ok(n));
                tx.send(n + depth).unwrap();
            }
        });
    }
}

/// Growth is by doubling. A small buffer is kept until the channel goes; one that a burst has made is given back with its
/// last value.
#[test]
fn bursts() {
    const BURST: usize = 100_000;
    let before = bytes();
    let (tx, rx) = chan::unbounded();
    let burst = || (0..BURST).for_each(|n| tx.send(n as u64).unwrap());
    let (n, ()) = allocations(burst);
    assert!((1..=20).contains(&n), "{n} allocations are no doubling");
    let at_peak = bytes() - before;
    assert!(at_peak >= (BURST * size_of::<u64>()) as isize);
    assert!(at_peak <= (2 * BURST * size_of::<u64>() + 1024) as isize);
    without_allocating(|| assert_eq!(rx.try_iter().count(), BURST));
    let at_rest = bytes() - before;
    assert!(at_rest <= 64 * 1024, "{at_rest} bytes are kept");
    let (n, ()) = allocations(burst);
    assert!((1..=20).contains(&n), "{n} allocations are no doubling");
    drop((tx, rx));
    assert_eq!(bytes(), before);
    println!("after a burst of {BURST} values of 8 bytes, an empty channel holds {at_rest} bytes");
}

/// A bounded channel never has more slots than its capacity, rounded up to a power of two; and a large capacity costs
/// nothing until it is used.
#[test]
fn bounded_growth() {
    let before = bytes();
    let (tx, rx) = chan::bounded(3000);
    let empty = bytes() - before;
    assert!(empty < 1024, "{empty} bytes for an empty channel");
    let (n, ()) = allocations(|| (0..3000_u64).for_each(|n| tx.send(n).unwrap()));
    assert!((1..=10).contains(&n));
    let full = bytes() - before;
    assert!((3000 * 8..=empty + 4096 * 8).contains(&full), "{full} bytes");
    drop((tx, rx));
    assert_eq!(bytes(), before);
}

/// What is left in the buffer is freed with the last receiver, and so is the buffer.
#[test]
fn disconnect() {
    let before = bytes();
    let (tx, rx) = chan::unbounded();
    (0..1000).for_each(|n| tx.send(vec![n; 100]).unwrap());
    drop(rx);
    assert!(bytes() - before < 1024, "only the channel is left");
    drop(tx);
    assert_eq!(bytes(), before);
}

/// The buffer does not leak when the drop of its last value panics, whichever side goes first.
#[test]
fn panicking_drops() {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 {
                // Without the message, which would be allocated and captured.
                resume_unwind(Box::new(()));
            }
        }
    }
    let explode = |senders_first: bool| {
        let (tx, rx) = chan::bounded(3);
        [false, false, true].into_iter().for_each(|armed| tx.send((Bomb(armed), vec![1; 100])).ok().unwrap());
        let tx = (!senders_first).then_some(tx);
        catch_unwind(|| drop(rx)).unwrap_err();
        drop(tx);
    };
    explode(true); // the first panic of a thread sets things up
    let before = bytes();
    explode(true);
    explode(false);
    assert_eq!(bytes(), before);
}
