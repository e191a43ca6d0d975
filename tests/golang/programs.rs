//! Programs of `test/chan/` and `test/chancap.go`, that have no select, or hardly one.

use std::fmt::Debug;
use std::thread;

use gosync::chan::{self, Chan, Receiver, Sender, TryRecvError, TrySendError};

use crate::watchdog::Watchdog;

/// `fifo.go`, `AsyncFifo`: what is buffered comes out in order.
#[test]
fn fifo_async() {
    let (tx, rx) = chan::bounded(10);
    (0..10).for_each(|i| tx.send(i).unwrap());
    (0..10).for_each(|i| assert_eq!(rx.recv(), Ok(i)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

/// `fifo.go`, `SyncFifo`: threads that take turns each receive the next value of one unbuffered channel.
#[test]
fn fifo_sync() {
    let _watchdog = Watchdog::new();
    let (values_in, values) = chan::bounded(0);
    let (start, mut turn) = chan::bounded(0);
    thread::scope(|s| {
        for i in 0..10 {
            let (next, next_turn) = chan::bounded(0);
            let my_turn = std::mem::replace(&mut turn, next_turn);
            let values = values.clone();
            s.spawn(move || {
                my_turn.recv().unwrap();
                assert_eq!(values.recv(), Ok(i));
                next.send(()).unwrap();
            });
        }
        start.send(()).unwrap();
        (0..10).for_each(|i| values_in.send(i).unwrap());
        turn.recv().unwrap();
    });
}

/// `goroutines.go`: a token runs through a chain of threads. 1,000 instead of 10,000: these are no goroutines.
#[test]
fn goroutines() {
    let _watchdog = Watchdog::new();
    let (leftmost_in, leftmost) = chan::bounded(0);
    let mut left: Sender<i32> = leftmost_in;
    let threads: Vec<_> = (0..1_000)
        .map(|_| {
            let (right_in, right) = chan::bounded(0);
            let out = std::mem::replace(&mut left, right_in);
            let thread = thread::Builder::new().stack_size(128 * 1024);
            thread.spawn(move || out.send(right.recv().unwrap() + 1).unwrap()).unwrap()
        })
        .collect();
    left.send(0).unwrap();
    assert_eq!(leftmost.recv(), Ok(1_000));
    threads.into_iter().for_each(|t| t.join().unwrap());
}

/// `nonblock.go`: tries fail on an idle channel, and succeed with a blocked peer or a buffered value.
#[test]
fn nonblock() {
    let _watchdog = Watchdog::new();
    nonblock_with(123_i32);
    nonblock_with(0x1234_5678_90ab_cdef_i64);
    nonblock_with(true);
    nonblock_with("hello".to_owned());
}

fn nonblock_with<T: Clone + Debug + PartialEq + Send + Sync>(value: T) {
    for capacity in [0, 1] {
        let c = Chan::new(capacity);
        assert_eq!(c.try_recv(), Err(TryRecvError::Empty));
        if capacity == 0 {
            assert_eq!(c.try_send(value.clone()), Err(TrySendError::Full(value.clone())));
        }

        // To a receiver that blocks sooner or later.
        thread::scope(|s| {
            let receiver = s.spawn(|| c.recv());
            send_in_some_try(&c, &value);
            assert_eq!(receiver.join().unwrap(), Ok(value.clone()));
        });
        // From a sender that blocks, or fills the buffer, sooner or later.
        thread::scope(|s| {
            s.spawn(|| c.send(value.clone()).unwrap());
            assert_eq!(recv_in_some_try(&c), value);
        });
        if capacity == 1 {
            // From one that surely blocks before or while the buffer is read.
            c.send(value.clone()).unwrap();
            thread::scope(|s| {
                s.spawn(|| c.send(value.clone()).unwrap());
                assert_eq!(c.try_recv(), Ok(value.clone()));
                assert_eq!(recv_in_some_try(&c), value);
            });
        }
        assert_eq!(c.try_recv(), Err(TryRecvError::Empty));
    }
}

fn send_in_some_try<T: Clone + Debug + PartialEq>(c: &Chan<T>, value: &T) {
    while let Err(error) = c.try_send(value.clone()) {
        assert_eq!(error, TrySendError::Full(value.clone()));
        thread::yield_now();
    }
}

fn recv_in_some_try<T>(c: &Chan<T>) -> T {
    loop {
        match c.try_recv() {
            Ok(value) => return value,
            Err(error) => assert_eq!(error, TryRecvError::Empty),
        }
        thread::yield_now();
    }
}

/// `sieve1.go`: a chain of filters, one more for each prime that comes through.
#[test]
fn sieve1() {
    const PRIMES: [u32; 25] =
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];
    let _watchdog = Watchdog::new();
    thread::scope(|s| {
        let (numbers, mut candidates): (_, Receiver<u32>) = chan::bounded(1);
        // Unlike in Go the chain ends: a send fails once the stage behind it is gone.
        s.spawn(move || (2..).try_for_each(|n| numbers.send(n)).unwrap_err());
        for expected in PRIMES {
            let prime = candidates.recv().unwrap();
            assert_eq!(prime, expected);
            let (passed, filtered) = chan::bounded(1);
            let source = std::mem::replace(&mut candidates, filtered);
            s.spawn(move || source.iter().filter(|n| n % prime != 0).try_for_each(|n| passed.send(n)).unwrap_err());
        }
    });
}

/// `zerosize.go`: channels of values without a size; they count all the same.
#[test]
fn zerosize() {
    let _watchdog = Watchdog::new();
    zerosize_with(());
    zerosize_with([0_u8; 0]);
    zerosize_with([(); 5]);
}

fn zerosize_with<T: Copy + Debug + PartialEq + Send + Sync>(value: T) {
    for capacity in [0, 1, 3] {
        let c = Chan::new(capacity);
        (0..capacity).for_each(|_| c.send(value).unwrap());
        assert_eq!(c.try_send(value), Err(TrySendError::Full(value)));
        assert_eq!(c.len(), capacity);
        thread::scope(|s| {
            s.spawn(|| c.send(value).unwrap());
            (0..=capacity).for_each(|_| assert_eq!(c.recv(), Ok(value)));
        });
        assert_eq!(c.try_recv(), Err(TryRecvError::Empty));
    }
}

/// `chancap.go`: len and cap, buffered and not. What Go refuses as `size out of range` is no error here: the buffer
/// grows only as far as it is used.
#[test]
fn chancap() {
    let c = Chan::new(10);
    assert_eq!((c.len(), c.capacity()), (0, Some(10)));
    (0..3).for_each(|i| c.send(i).unwrap());
    assert_eq!((c.len(), c.capacity()), (3, Some(10)));
    let c = Chan::<i32>::new(0);
    assert_eq!((c.len(), c.capacity()), (0, Some(0)));
    let c = Chan::new(usize::MAX - 1);
    c.send([1_u64; 100]).unwrap();
    assert_eq!((c.len(), c.capacity()), (1, Some(usize::MAX - 1)));
    assert_eq!(c.recv(), Ok([1; 100]));
}

/// `sendstmt.go`, what is not syntax: a channel of channels, and the channel that arrives is the one that was sent.
#[test]
fn sendstmt() {
    let outer = Chan::new(1);
    let inner = Chan::new(1);
    outer.send(inner.clone()).unwrap();
    let received = outer.recv().unwrap();
    assert!(received.same_channel(&inner));
    received.send("through the copy").unwrap();
    assert_eq!(inner.recv(), Ok("through the copy"));
}
