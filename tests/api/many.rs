//! Several values at a time: what as many single operations do, at every capacity, whoever waits meanwhile.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gosync::chan::{self, Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError, bounded, unbounded};
use gosync::select;

use crate::async_locks::Task;
use crate::rng::Rng;
use crate::watchdog::Watchdog;

/// Around the number of slots that a buffer has at first, and that lanes open after; and unbounded.
const CAPACITIES: [usize; 10] = [0, 1, 2, 3, 31, 32, 33, 64, 1000, usize::MAX];

fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    if capacity == usize::MAX { unbounded() } else { bounded(capacity) }
}

/// Once nobody waits any more the lanes open, which this has happen.
fn warm_up(tx: &Sender<String>, rx: &Receiver<String>, rounds: usize) {
    for _ in 0..rounds {
        if tx.try_send(String::from("warm")).is_ok() {
            rx.recv().unwrap();
        }
    }
}

fn texts(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

/// One thread: as many are sent as there is room for, and are received in order, in batches of all sizes.
#[test]
fn nothing_is_lost() {
    for (capacity, rounds) in CAPACITIES.iter().flat_map(|&capacity| [(capacity, 0), (capacity, 1000)]) {
        for limit in [1, 2, 3, 7, 64, 100, usize::MAX] {
            let (tx, rx) = channel(capacity);
            warm_up(&tx, &rx, rounds);
            let (mut unsent, mut received) = (texts(0..500), Vec::new());
            while !unsent.is_empty() {
                let before = unsent.len();
                match tx.try_send_many(&mut unsent) {
                    Ok(n) => assert_eq!(n, before - unsent.len()),
                    Err(TrySendError::Full(())) if capacity == 0 => break,
                    Err(error) => panic!("{error:?}"),
                }
                assert_eq!(rx.len(), capacity.min(before), "as many as there was room for");
                assert_eq!(tx.try_send_many(&mut unsent).is_err(), !unsent.is_empty());
                while let Ok(n) = rx.try_recv_many(&mut received, limit) {
                    assert!(n > 0 && n <= limit);
                }
            }
            if capacity > 0 {
                assert_eq!(received, texts(0..500), "capacity {capacity}, limit {limit}");
            }
            assert_eq!(rx.try_recv_many(&mut received, limit), Err(TryRecvError::Empty));
            drop(tx);
            assert_eq!(rx.recv_many(&mut received, limit), Err(RecvError));
            assert_eq!(rx.try_recv_many(&mut received, limit), Err(TryRecvError::Disconnected));
        }
    }
}

/// An unbounded channel takes everything, with nobody there to receive.
#[test]
fn a_buffer_grows() {
    for rounds in [0, 1000] {
        let (tx, rx) = unbounded();
        warm_up(&tx, &rx, rounds);
        for n in 0..20 {
            tx.send_many(&mut texts(n * 1000..(n + 1) * 1000)).unwrap();
        }
        let mut received = Vec::new();
        assert_eq!(rx.recv_many(&mut received, usize::MAX), Ok(20_000));
        assert_eq!(received, texts(0..20_000));
    }
}

#[test]
fn nothing_to_do() {
    let (tx, rx) = bounded::<u8>(1);
    let mut none = Vec::new();
    assert_eq!((tx.send_many(&mut none), tx.try_send_many(&mut none)), (Ok(()), Ok(0)));
    assert_eq!((rx.recv_many(&mut none, 0), rx.try_recv_many(&mut none, 0)), (Ok(0), Ok(0)));
    assert_eq!(Task::new(rx.recv_many_async(&mut none, 0)).poll(), std::task::Poll::Ready(Ok(0)));
    tx.close().unwrap();
    assert_eq!((tx.send_many(&mut none), rx.recv_many(&mut none, 0)), (Ok(()), Ok(0)));
    let (tx, rx) = (Sender::<u8>::nil(), Receiver::<u8>::nil());
    assert_eq!((tx.send_many(&mut none), tx.try_send_many(&mut none)), (Ok(()), Ok(0)));
    assert_eq!((rx.recv_many(&mut none, 0), rx.try_recv_many(&mut none, 0)), (Ok(0), Ok(0)));
    none.push(1);
    assert_eq!(tx.try_send_many(&mut none), Err(TrySendError::Full(())));
    assert_eq!((rx.try_recv_many(&mut none, 1), none), (Err(TryRecvError::Empty), vec![1]));
}

/// What was not sent stays in the vector: also if the channel is closed in between, while this is blocked.
#[test]
fn closed_meanwhile() {
    let _watchdog = Watchdog::new();
    for capacity in CAPACITIES.into_iter().filter(|&capacity| capacity < 500) {
        let (tx, rx) = bounded(capacity);
        thread::scope(|scope| {
            let sending = scope.spawn(|| {
                let mut values = texts(0..500);
                assert_eq!(tx.send_many(&mut values), Err(SendError(())));
                values
            });
            let mut received = Vec::new();
            while received.len() < 20 {
                rx.recv_many(&mut received, 3).unwrap();
            }
            thread::sleep(Duration::from_millis(5));
            rx.close().unwrap();
            while rx.recv_many(&mut received, 50).is_ok() {}
            received.extend(sending.join().unwrap());
            assert_eq!(received, texts(0..500));
        });
        let mut values = texts(0..3);
        assert_eq!(tx.try_send_many(&mut values), Err(TrySendError::Disconnected(())));
        assert_eq!(values, texts(0..3));
    }
}

/// Values without a size, and large ones.
#[test]
fn sizes() {
    for capacity in CAPACITIES.into_iter().filter(|&capacity| capacity > 0) {
        let (tx, rx) = channel(capacity);
        let mut values = vec![(); 40];
        let n = tx.try_send_many(&mut values).unwrap();
        assert_eq!((n, values.len()), (capacity.min(40), 40 - n));
        assert_eq!(rx.recv_many(&mut values, usize::MAX), Ok(n));
        let (tx, rx) = channel(capacity);
        let mut values: Vec<[u64; 600]> = (0..40).map(|n| [n; 600]).collect();
        let n = tx.try_send_many(&mut values).unwrap();
        assert_eq!(n, capacity.min(40));
        let mut received = Vec::new();
        assert_eq!(rx.recv_many(&mut received, usize::MAX), Ok(n));
        received.append(&mut values);
        assert!(received.iter().zip(0..).all(|(value, n)| *value == [n; 600]));
    }
}

/// Each value is dropped once, wherever it is when the channel goes.
#[test]
fn drops() {
    let token = Arc::new(());
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut values = vec![Arc::clone(&token); 100];
        let sent = tx.try_send_many(&mut values).unwrap_or(0);
        let mut received = Vec::new();
        let taken = rx.try_recv_many(&mut received, 10).unwrap_or(0);
        assert_eq!((values.len(), received.len()), (100 - sent, taken));
        assert_eq!(Arc::strong_count(&token), 101);
        drop((tx, rx));
        assert_eq!(Arc::strong_count(&token), 101 - (sent - taken));
        drop((values, received));
        assert_eq!(Arc::strong_count(&token), 1);
    }
}

/// A task that waits, and one that need not; dropped while it waits it has received nothing.
#[test]
fn tasks() {
    for capacity in [1, 2, 64, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let mut into = vec![0];
        {
            let mut task = Task::waiting(rx.recv_many_async(&mut into, 10));
            tx.send(1).unwrap();
            _ = tx.try_send(2);
            assert_eq!((task.wakes(), task.poll()), (1, std::task::Poll::Ready(Ok(2))));
        }
        assert_eq!(into, [0, 1, 2]);
        drop(Task::waiting(rx.recv_many_async(&mut into, 10)));
        tx.send(3).unwrap();
        assert!(Task::new(rx.recv_many_async(&mut into, 10)).is_ready());
        assert_eq!(into, [0, 1, 2, 3]);
        drop(tx);
        assert_eq!(Task::new(rx.recv_many_async(&mut into, 10)).poll(), std::task::Poll::Ready(Err(RecvError)));
    }
}

/// Once there is a value, nobody waits for a select that is about to evaluate its message: not for a task's, which perhaps nobody else
/// can poll, nor for a thread's.
#[test]
fn no_promise_is_waited_for() {
    let _watchdog = Watchdog::new();
    for of_a_task in [true, false] {
        let (tx, rx) = bounded(1);
        tx.send(1).unwrap();
        let send = |n| {
            let tx = &tx;
            async move {
                gosync::select_async! { send(tx, n) -> sent => sent.unwrap() }
            }
        };
        let mut senders = [Task::waiting(send(2)), Task::waiting(send(3))];
        let mut received = Vec::new();
        let n = if of_a_task {
            Task::new(rx.recv_many_async(&mut received, 10)).poll()
        } else {
            std::task::Poll::Ready(rx.recv_many(&mut received, 10))
        };
        assert_eq!((n, &received[..]), (std::task::Poll::Ready(Ok(1)), &[1][..]));
        assert!(senders[0].is_ready());
        assert_eq!(rx.recv_many(&mut received, 10), Ok(1));
        assert!(senders[1].is_ready());
        assert_eq!(rx.recv_many(&mut received, 10), Ok(1));
        assert_eq!(received, [1, 2, 3]);
    }
}

/// Threads that send and receive some or one, or select, at every capacity: everything arrives once, and in the order of its sender.
#[test]
fn mixed() {
    const EACH: usize = 3000;
    let _watchdog = Watchdog::new();
    for (capacity, seed) in CAPACITIES.into_iter().zip(1..) {
        for (senders, receivers) in [(1, 1), (3, 1), (1, 3), (3, 3)] {
            let (tx, rx) = channel::<(usize, usize)>(capacity);
            let send = |id: usize| {
                let (mut rng, mut next, mut batch) = (Rng::new(seed * 100 + id), 0, Vec::new());
                while next < EACH {
                    let n = (1 + rng.below(70)).min(EACH - next);
                    batch.extend((next..next + n).map(|i| (id, i)));
                    next += n;
                    match rng.below(3) {
                        0 => batch.drain(..).for_each(|value| tx.send(value).unwrap()),
                        1 => tx.send_many(&mut batch).unwrap(),
                        _ => {
                            while !batch.is_empty() {
                                if tx.try_send_many(&mut batch).is_err() {
                                    thread::yield_now();
                                }
                            }
                        }
                    }
                }
            };
            let recv = |id: usize| {
                let (mut rng, mut received) = (Rng::new(seed * 1000 + id), Vec::new());
                loop {
                    let ended = match rng.below(4) {
                        0 => rx.recv().map(|value| received.push(value)).is_err(),
                        1 => rx.recv_many(&mut received, 1 + rng.below(100)).is_err(),
                        2 => match rx.try_recv_many(&mut received, 1 + rng.below(100)) {
                            Err(TryRecvError::Empty) => {
                                thread::yield_now();
                                false
                            }
                            result => result.is_err(),
                        },
                        _ => select! { recv(rx) -> value => value.map(|value| received.push(value)).is_err() },
                    };
                    if ended {
                        return received;
                    }
                }
            };
            let mut received: Vec<Vec<(usize, usize)>> = thread::scope(|scope| {
                let receiving: Vec<_> = (0..receivers).map(|id| scope.spawn(move || recv(id))).collect();
                let sending: Vec<_> = (0..senders).map(|id| scope.spawn(move || send(id))).collect();
                sending.into_iter().for_each(|thread| thread.join().unwrap());
                tx.close().unwrap();
                receiving.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            for (values, id) in received.iter().flat_map(|values| (0..senders).map(move |id| (values, id))) {
                let mut of_one = values.iter().filter(|value| value.0 == id).map(|value| value.1);
                let first = of_one.next();
                let in_order = of_one.try_fold(first.unwrap_or(0), |last, n| (n > last).then_some(n));
                assert!(in_order.is_some(), "capacity {capacity}");
            }
            let mut all: Vec<_> = received.drain(..).flatten().collect();
            all.sort_unstable();
            assert!(all.into_iter().eq((0..senders).flat_map(|id| (0..EACH).map(move |i| (id, i)))), "{capacity}");
        }
    }
}

/// The end of a channel that nobody receives from any more.
#[test]
fn deserted() {
    let (tx, rx) = chan::bounded(10);
    drop(rx);
    let mut values = vec![1, 2];
    assert_eq!(tx.send_many(&mut values), Err(SendError(())));
    assert_eq!(values, [1, 2]);
}
