//! Several operations are ready: each of them has its turn. A biased choice takes the first.

use std::thread;

use super::channel::{Select, bounded, never, select, select_biased, unbounded};
use super::{BUFFERS, make};
use crate::watchdog::Watchdog;

const COUNT: usize = 10_000;

/// Each of the arms has at least half of its share. By chance alone a test here would miss that less than once in 10^30 runs.
#[track_caller]
fn fair(hits: &[usize]) {
    let bound = hits.iter().sum::<usize>() / hits.len() / 2;
    assert!(hits.iter().all(|&n| n >= bound), "{hits:?}");
}

#[test]
fn receives() {
    let ends: Vec<_> = [Some(COUNT), Some(COUNT), None].into_iter().map(make).collect();
    for (tx, _) in &ends {
        (0..COUNT).for_each(|_| tx.send(()).unwrap());
    }
    let mut hits = [0; 3];
    for _ in 0..COUNT {
        select! {
            recv(ends[0].1) -> _ => hits[0] += 1,
            recv(ends[1].1) -> _ => hits[1] += 1,
            recv(ends[2].1) -> _ => hits[2] += 1,
        }
    }
    fair(&hits);
    // And with a default.
    let mut hits = [0; 2];
    for (tx, _) in &ends[..2] {
        (tx.len()..COUNT).for_each(|_| tx.send(()).unwrap());
    }
    for _ in 0..COUNT {
        select! {
            recv(ends[0].1) -> _ => hits[0] += 1,
            recv(ends[1].1) -> _ => hits[1] += 1,
            default => unreachable!(),
        }
    }
    fair(&hits);
}

#[test]
fn sends() {
    let ends: Vec<_> = [Some(COUNT), None, Some(COUNT), None].into_iter().map(make).collect();
    let mut hits = [0; 4];
    for _ in 0..COUNT {
        select! {
            send(ends[0].0, ()) -> _ => hits[0] += 1,
            send(ends[1].0, ()) -> _ => hits[1] += 1,
            send(ends[2].0, ()) -> _ => hits[2] += 1,
            send(ends[3].0, ()) -> _ => hits[3] += 1,
        }
    }
    fair(&hits);
    assert_eq!(ends.iter().map(|(_, rx)| rx.len()).collect::<Vec<_>>(), hits);
}

/// Sends and receives, ends and messages among each other.
#[test]
fn mixed() {
    let (tx, rx) = bounded(COUNT);
    (0..COUNT / 2).for_each(|_| tx.send(()).unwrap());
    let (_, ended) = bounded::<()>(0);
    let (gone, _) = bounded::<()>(0);
    let mut hits = [0; 4];
    for _ in 0..COUNT {
        select! {
            recv(rx) -> got => { got.unwrap(); hits[0] += 1 }
            send(tx, ()) -> sent => { sent.unwrap(); hits[1] += 1 }
            recv(ended) -> got => { got.unwrap_err(); hits[2] += 1 }
            send(gone, ()) -> sent => { sent.unwrap_err(); hits[3] += 1 }
            recv(never::<()>()) -> _ => unreachable!(),
        }
    }
    fair(&hits);
}

/// Copies of one operation share among each other.
#[test]
fn duplicates() {
    let (tx, rx) = unbounded();
    (0..COUNT).for_each(|_| tx.send(()).unwrap());
    let mut hits = [0; 5];
    for _ in 0..COUNT {
        select! {
            recv(rx) -> _ => hits[0] += 1,
            recv(rx) -> _ => hits[1] += 1,
            recv(rx) -> _ => hits[2] += 1,
            recv(rx) -> _ => hits[3] += 1,
            recv(rx) -> _ => hits[4] += 1,
        }
    }
    fair(&hits);
}

#[test]
fn dynamic() {
    for capacity in [Some(COUNT), None] {
        let ends: Vec<_> = (0..4).map(|_| make(capacity)).collect();
        let mut set = Select::new();
        for (i, (tx, rx)) in ends.iter().enumerate() {
            (0..COUNT / 2).for_each(|_| tx.send(()).unwrap());
            if i % 2 == 0 {
                set.recv(rx)
            } else {
                set.send(tx)
            };
        }
        let mut hits = [0; 4];
        for _ in 0..COUNT {
            let operation = set.select();
            let i = operation.index();
            hits[i] += 1;
            if i % 2 == 0 { operation.recv(&ends[i].1).unwrap() } else { operation.send(&ends[i].0, ()).unwrap() }
        }
        fair(&hits);

        let mut hits = [0; 4];
        (0..COUNT).for_each(|_| hits[set.ready()] += 1);
        fair(&hits);
        let mut hits = [0; 4];
        (0..COUNT).for_each(|_| hits[set.try_ready().unwrap()] += 1);
        fair(&hits);
    }
}

/// Waits until every operation of a list is ready.
fn until_all_are_ready(sets: &mut [Select<'_>]) {
    for set in sets {
        while set.try_ready().is_err() {
            thread::yield_now();
        }
    }
}

/// Senders that are blocked at capacity 0 are as ready as a buffer.
#[test]
fn blocked_senders() {
    let _watchdog = Watchdog::new();
    let ((a_tx, a), (b_tx, b)) = (bounded::<()>(0), bounded::<()>(0));
    let mut hits = [0; 2];
    thread::scope(|s| {
        let (a, b) = (a, b);
        for tx in [a_tx, b_tx] {
            s.spawn(move || while tx.send(()).is_ok() {});
        }
        let mut sets = [Select::new(), Select::new()];
        sets[0].recv(&a);
        sets[1].recv(&b);
        let mut both = Select::new();
        both.recv(&a);
        both.recv(&b);
        for i in 0..COUNT / 5 {
            until_all_are_ready(&mut sets);
            if i % 2 == 0 {
                select! {
                    recv(a) -> _ => hits[0] += 1,
                    recv(b) -> _ => hits[1] += 1,
                }
            } else {
                let operation = both.select();
                hits[operation.index()] += 1;
                if operation.index() == 0 { operation.recv(&a).unwrap() } else { operation.recv(&b).unwrap() }
            }
        }
    });
    fair(&hits);
}

/// And so are receivers.
#[test]
fn blocked_receivers() {
    let _watchdog = Watchdog::new();
    let ((a, a_rx), (b, b_rx)) = (bounded::<()>(0), bounded::<()>(0));
    let mut hits = [0; 2];
    thread::scope(|s| {
        let (a, b) = (a, b);
        for rx in [a_rx, b_rx] {
            s.spawn(move || while rx.recv().is_ok() {});
        }
        let mut sets = [Select::new(), Select::new()];
        sets[0].send(&a);
        sets[1].send(&b);
        for _ in 0..COUNT / 5 {
            until_all_are_ready(&mut sets);
            select! {
                send(a, ()) -> _ => hits[0] += 1,
                send(b, ()) -> _ => hits[1] += 1,
            }
        }
    });
    fair(&hits);
}

/// Threads that meet in selects on both sides: whoever comes second finds all of the other's operations ready.
#[test]
fn blocked_selects() {
    let _watchdog = Watchdog::new();
    for capacity in [0, 1] {
        let ends: [_; 4] = std::array::from_fn(|_| bounded::<()>(capacity));
        let mut hits = [0; 4];
        thread::scope(|s| {
            s.spawn(|| {
                for _ in 0..COUNT {
                    select! {
                        send(ends[0].0, ()) -> _ => {}
                        send(ends[1].0, ()) -> _ => {}
                        send(ends[2].0, ()) -> _ => {}
                        send(ends[3].0, ()) -> _ => {}
                    }
                }
            });
            let mut set = Select::new();
            for (_, rx) in &ends {
                set.recv(rx);
            }
            for _ in 0..COUNT {
                let operation = set.select();
                let i = operation.index();
                hits[i] += 1;
                operation.recv(&ends[i].1).unwrap();
            }
        });
        assert!(hits.iter().all(|&n| n >= COUNT / 50), "{hits:?}");
    }
}

#[test]
fn biased_macros_take_the_first() {
    for capacity in BUFFERS {
        let (first, second, third) = (make(capacity), make(capacity), make(capacity));
        let mut order = Vec::new();
        [&third, &first, &second].iter().for_each(|(tx, _)| tx.send(()).unwrap());
        for _ in 0..3 {
            order.push(select_biased! {
                recv(first.1) -> _ => 1,
                recv(second.1) -> _ => 2,
                recv(third.1) -> _ => 3,
            });
        }
        assert_eq!(order, [1, 2, 3]);
        // However often, in every form.
        [&third, &second].iter().for_each(|(tx, _)| tx.send(()).unwrap());
        for _ in 0..1000 {
            first.0.send(()).unwrap();
            select_biased! {
                recv(first.1) -> _ => {}
                recv(second.1) -> _ => unreachable!(),
                default => unreachable!(),
            }
            second.0.try_send(()).ok();
            select_biased! {
                recv(first.1) -> _ => unreachable!(),
                send(first.0, ()) -> _ => {}
                recv(third.1) -> _ => unreachable!(),
                default(crate::LONG) => unreachable!(),
            }
            select_biased! {
                recv(never::<()>()) -> _ => unreachable!(),
                recv(first.1) -> _ => {}
                recv(third.1) -> _ => unreachable!(),
            }
        }
    }
}

#[test]
fn biased_lists_take_the_first() {
    let (a, b) = (unbounded(), unbounded());
    for _ in 0..1000 {
        a.0.send(1).unwrap();
        b.0.send(2).unwrap();
    }
    let mut set = Select::new_biased();
    let (first, second) = (set.recv(&a.1), set.recv(&b.1));
    for i in 0..1000 {
        assert_eq!((set.ready(), set.try_ready()), (first, Ok(first)));
        let operation = if i % 2 == 0 { set.select() } else { set.try_select().unwrap() };
        assert_eq!((operation.index(), operation.recv(&a.1)), (first, Ok(1)));
    }
    assert_eq!((set.ready(), set.try_ready()), (second, Ok(second)));
    // A clone is biased too.
    let mut copy = set.clone();
    for _ in 0..1000 {
        a.0.send(1).unwrap();
        let operation = copy.select_timeout(crate::LONG).unwrap();
        assert_eq!((operation.index(), operation.recv(&a.1)), (first, Ok(1)));
    }
}
