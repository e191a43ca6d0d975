//! `src/runtime/chan_test.go` and the compiler's `testdata/chan_test.go`, but for the selects, which are in `select`.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use gosync::WaitGroup;
use gosync::chan::{self, Chan, RecvError, TryRecvError, TrySendError};

use crate::watchdog::Watchdog;
use crate::{capacities, settle};

/// `TestChan`, 1: a receive on an empty channel blocks, a non-blocking one does not.
#[test]
fn test_chan_receive_on_empty_blocks() {
    let _watchdog = Watchdog::new();
    for capacity in capacities() {
        let (tx, rx) = chan::bounded(capacity);
        let sending = AtomicBool::new(false);
        thread::scope(|s| {
            let receivers = [(); 2].map(|()| {
                s.spawn(|| {
                    let received = rx.recv();
                    assert!(sending.load(Ordering::SeqCst), "received from an empty channel");
                    received
                })
            });
            settle();
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
            sending.store(true, Ordering::SeqCst);
            tx.send(7).unwrap();
            tx.send(7).unwrap();
            assert_eq!(receivers.map(|r| r.join().unwrap()), [Ok(7), Ok(7)]);
        });
    }
}

/// `TestChan`, 2: a send on a full channel blocks, a non-blocking one does not; and the hand-over from a blocked sender
/// keeps the order and a full buffer.
#[test]
fn test_chan_send_on_full_blocks() {
    let _watchdog = Watchdog::new();
    for capacity in capacities() {
        let (tx, rx) = chan::bounded(capacity);
        (0..capacity).for_each(|i| tx.send(i).unwrap());
        let receiving = AtomicBool::new(false);
        thread::scope(|s| {
            let sender = s.spawn(|| {
                tx.send(capacity).unwrap();
                assert!(receiving.load(Ordering::SeqCst), "sent to a full channel");
            });
            settle();
            assert_eq!(tx.try_send(99), Err(TrySendError::Full(99)));
            assert_eq!(rx.len(), capacity);
            receiving.store(true, Ordering::SeqCst);
            assert_eq!(rx.recv(), Ok(0));
            sender.join().unwrap();
            assert_eq!(rx.len(), capacity, "the blocked value fills the freed slot");
            assert!((1..=capacity).eq(rx.try_iter()));
        });
    }
}

/// `TestChan`, 3: a closed channel gives what it holds, in order, and then reports the end, again and again.
#[test]
fn test_chan_closed_is_drained() {
    for capacity in capacities() {
        let c = Chan::new(capacity);
        (0..capacity).for_each(|i| c.send(i).unwrap());
        c.close().unwrap();
        for i in 0..capacity {
            assert_eq!((c.len(), c.recv()), (capacity - i, Ok(i)));
        }
        for _ in 0..3 {
            assert_eq!(c.recv(), Err(RecvError));
            assert_eq!(c.try_recv(), Err(TryRecvError::Disconnected));
        }
    }
}

/// `TestChan`, 4: close ends a blocked receive.
#[test]
fn test_chan_close_ends_a_blocked_receive() {
    let _watchdog = Watchdog::new();
    for capacity in capacities() {
        let c = Chan::<i32>::new(capacity);
        thread::scope(|s| {
            let receivers = [(); 3].map(|()| s.spawn(|| c.recv()));
            settle();
            c.close().unwrap();
            assert_eq!(receivers.map(|r| r.join().unwrap()), [Err(RecvError); 3]);
        });
    }
}

/// `TestChan`, 5 and 6: values arrive in the order in which they were sent, by receives and by iteration.
#[test]
fn test_chan_fifo() {
    let _watchdog = Watchdog::new();
    for capacity in capacities() {
        let (tx, rx) = chan::bounded(capacity);
        thread::scope(|s| {
            s.spawn(move || (0..200).for_each(|i| tx.send(i).unwrap()));
            (0..100).for_each(|i| assert_eq!(rx.recv(), Ok(i)));
            assert!((100..200).eq(&rx));
        });
    }
}

/// `TestChan`, 7: with 4 senders and 4 receivers, each value arrives as often as it was sent.
#[test]
fn test_chan_each_value_arrives_once() {
    const VALUES: usize = 1000;
    let _watchdog = Watchdog::new();
    for capacity in capacities() {
        let c = Chan::new(capacity);
        let mut seen = [0; VALUES];
        thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| (0..VALUES).for_each(|i| c.send(i).unwrap()));
            }
            let receivers = [(); 4].map(|()| s.spawn(|| c.iter().take(VALUES).collect::<Vec<_>>()));
            for receiver in receivers {
                receiver.join().unwrap().into_iter().for_each(|i| seen[i] += 1);
            }
        });
        assert_eq!(seen, [4; VALUES]);
        assert_eq!(c.try_recv(), Err(TryRecvError::Empty));
    }
}

/// `TestChan`, 8: len and cap of an empty and of a partly filled channel.
#[test]
fn test_chan_len_cap() {
    for capacity in capacities() {
        let c = Chan::new(2 * capacity);
        assert_eq!((c.len(), c.capacity()), (0, Some(2 * capacity)));
        (0..capacity).for_each(|i| c.send(i).unwrap());
        assert_eq!((c.len(), c.capacity()), (capacity, Some(2 * capacity)));
    }
}

/// `TestNonblockRecvRace`: from the moment when a value is there to the moment when the channel is closed and drained,
/// a non-blocking receive never says "not ready".
#[test]
fn test_nonblock_recv_race() {
    let _watchdog = Watchdog::new();
    let rounds = if cfg!(debug_assertions) { 2_000 } else { 10_000 };
    for _ in 0..rounds {
        let c = Chan::new(1);
        c.send(1).unwrap();
        thread::scope(|s| {
            let racer = s.spawn(|| c.try_recv());
            c.close().unwrap();
            let ours = c.recv().ok();
            let theirs = racer.join().unwrap();
            assert_ne!(theirs, Err(TryRecvError::Empty));
            assert_eq!(ours.xor(theirs.ok()), Some(1), "the value goes to one of them");
        });
    }
}

/// `TestChanSendInterface`: values behind a trait, sent and refused; what is refused comes back as what it was.
#[test]
fn test_chan_send_interface() {
    struct First;
    struct Second;
    let c = Chan::<Box<dyn Any + Send>>::new(1);
    c.send(Box::new(First)).unwrap();
    assert!(c.try_send(Box::new(First)).unwrap_err().into_inner().is::<First>());
    assert!(c.try_send(Box::new(Second)).unwrap_err().into_inner().is::<Second>());
    assert!(c.recv().unwrap().is::<First>());
    assert!(c.try_recv().is_err());
}

/// `TestMultiConsumer`: 23 workers pass on what a feeder puts into a queue; nothing is lost or made up.
#[test]
fn test_multi_consumer() {
    const WORKERS: usize = 23;
    const ITEMS: usize = 271_828;
    const PRIMES: [usize; 9] = [2, 3, 5, 7, 11, 13, 17, 19, 23];
    let _watchdog = Watchdog::new();

    let (queue_in, queue) = chan::bounded(3 * WORKERS);
    let (results, outcome) = chan::bounded(3 * WORKERS);
    let workers = Arc::new(WaitGroup::new());
    for worker in 0..WORKERS {
        let (queue, results) = (queue.clone(), results.clone());
        workers.go(move || {
            for prime in queue {
                if PRIMES[worker % PRIMES.len()] == prime {
                    thread::yield_now();
                }
                results.send(prime).unwrap();
            }
        });
    }
    thread::scope(|s| {
        let feeder = s.spawn(|| {
            let sent = PRIMES.iter().copied().cycle().take(ITEMS).inspect(|&prime| queue_in.send(prime).unwrap()).sum();
            queue_in.close().unwrap();
            workers.wait();
            results.close().unwrap();
            sent
        });
        let received: Vec<usize> = outcome.iter().collect();
        assert_eq!(received.len(), ITEMS);
        assert_eq!(received.iter().sum::<usize>(), feeder.join().unwrap());
    });
}

/// `TestChan` of the compiler's test data: len and cap of a nil and of a partly filled channel.
#[test]
fn test_chan_nil_len_cap() {
    let nil = Chan::<i32>::nil();
    assert_eq!((nil.len(), nil.capacity()), (0, Some(0)));
    let c = Chan::new(10);
    c.send(1).unwrap();
    c.send(2).unwrap();
    assert_eq!((c.len(), c.capacity()), (2, Some(10)));
}
