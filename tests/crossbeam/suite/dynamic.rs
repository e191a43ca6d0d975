//! `Select`: a list of operations, made at run time.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Instant;

use super::channel::{RecvError, Select, SelectTimeoutError, SendError, TrySelectError, bounded, never, unbounded};
use super::{BUFFERS, KINDS, make};
use crate::watchdog::Watchdog;
use crate::{LONG, ms, settle};

#[test]
fn indexes_count_from_zero() {
    let (tx, rx) = unbounded::<i32>();
    let (tx2, rx2) = bounded::<String>(1);
    let mut set = Select::new();
    assert_eq!((set.recv(&rx), set.send(&tx2), set.recv(&rx2), set.send(&tx)), (0, 1, 2, 3));
    // And go on counting, whatever is removed.
    set.remove(1);
    assert_eq!(set.send(&tx2), 4);
    set.remove(4);
    set.remove(0);
    assert_eq!(set.recv(&rx), 5);
    let mut set = Select::new_biased();
    assert_eq!((set.recv(&rx), set.recv(&rx)), (0, 1));
}

#[test]
fn selects_and_completes() {
    for capacity in BUFFERS {
        let (tx, rx) = make(capacity);
        let (_keep, idle) = bounded::<()>(0);
        let mut set = Select::new();
        let nothing = set.recv(&idle);
        let sending = set.send(&tx);
        let operation = set.select();
        assert_eq!(operation.index(), sending);
        assert_ne!(operation.index(), nothing);
        assert_eq!(operation.send(&tx, 5), Ok(()));

        let mut set = Select::new();
        set.recv(&idle);
        let receiving = set.recv(&rx);
        let operation = set.try_select().unwrap();
        assert_eq!(operation.index(), receiving);
        assert_eq!(operation.recv(&rx), Ok(5));
        assert_eq!(set.try_select().unwrap_err(), TrySelectError);
        assert_eq!(set.select_timeout(ms(1)).unwrap_err(), SelectTimeoutError);
        assert_eq!(set.select_deadline(Instant::now() + ms(1)).unwrap_err(), SelectTimeoutError);
    }
}

/// All ways to select, with something ready from the start.
#[test]
fn every_way() {
    let (tx, rx) = unbounded();
    let mut set = Select::default();
    set.recv(&rx);
    for i in 0..5 {
        tx.send(i).unwrap();
        let operation = match i {
            0 => set.select(),
            1 => set.try_select().unwrap(),
            2 => set.select_timeout(LONG).unwrap(),
            3 => set.select_deadline(Instant::now() + LONG).unwrap(),
            // A time that has passed.
            _ => set.select_deadline(Instant::now()).unwrap(),
        };
        assert_eq!(operation.recv(&rx), Ok(i));
    }
}

/// A `Select` is used again and again.
#[test]
fn reuse() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        let (back, from_back) = make(capacity);
        thread::scope(|s| {
            s.spawn(|| {
                for i in 0..300 {
                    tx.send(i).unwrap();
                    assert_eq!(from_back.recv(), Ok(i));
                }
            });
            let mut receiving = Select::new();
            receiving.recv(&rx);
            let mut sending = Select::new();
            sending.send(&back);
            for i in 0..300 {
                let got = match i % 3 {
                    0 => receiving.select().recv(&rx),
                    1 => receiving.select_timeout(LONG).unwrap().recv(&rx),
                    _ => loop {
                        match receiving.try_select() {
                            Ok(operation) => break operation.recv(&rx),
                            Err(TrySelectError) => thread::yield_now(),
                        }
                    },
                };
                assert_eq!(got, Ok(i));
                sending.select().send(&back, i).unwrap();
            }
        });
    }
}

#[test]
fn removed_operations_do_not_count() {
    let ((a_tx, a), (b_tx, b)) = (unbounded(), unbounded());
    a_tx.send(1).unwrap();
    b_tx.send(2).unwrap();
    let mut set = Select::new();
    let (first, second) = (set.recv(&a), set.recv(&b));
    for _ in 0..100 {
        let mut fewer = set.clone();
        fewer.remove(first);
        assert_eq!(fewer.ready(), second);
    }
    set.remove(second);
    set.remove(first);
    set.try_select().unwrap_err();
    let again = set.recv(&a);
    assert_eq!(again, 2);
    let operation = set.select();
    assert_eq!((operation.index(), operation.recv(&a)), (again, Ok(1)));
}

/// Removing one of several for the same channel leaves the others.
#[test]
fn removing_one_of_many() {
    let ends: Vec<_> = (0..20).map(|_| bounded(1)).collect();
    for (tx, _) in &ends {
        tx.send(()).unwrap();
    }
    let mut set = Select::new();
    for (i, (_, rx)) in ends.iter().enumerate() {
        assert_eq!(set.recv(rx), i);
    }
    let mut left: Vec<usize> = (0..20).collect();
    while !left.is_empty() {
        let operation = set.select();
        let index = operation.index();
        operation.recv(&ends[index].1).unwrap();
        // Each once, with the index that it had.
        left.remove(left.iter().position(|&i| i == index).unwrap());
        set.remove(index);
    }
    set.try_select().unwrap_err();
}

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn removing_what_is_not_there() {
    let (_tx, rx) = unbounded::<()>();
    let mut set = Select::new();
    assert!(panics(|| set.remove(0)));
    set.recv(&rx);
    assert!(panics(|| set.remove(1)));
    set.remove(0);
    assert!(panics(|| set.remove(0)));
}

/// Without operations there is nothing to wait for: an error where there is one, else a panic.
#[test]
fn without_operations() {
    let _watchdog = Watchdog::new();
    let mut set = Select::new();
    assert_eq!(set.try_select().unwrap_err(), TrySelectError);
    let start = Instant::now();
    assert_eq!(set.select_timeout(ms(2)).unwrap_err(), SelectTimeoutError);
    assert!(start.elapsed() >= ms(2));
    assert_eq!(set.select_deadline(Instant::now()).unwrap_err(), SelectTimeoutError);
    assert!(panics(|| mem::forget(set.select())));
    let (_tx, rx) = unbounded::<()>();
    set.recv(&rx);
    set.remove(0);
    assert!(panics(|| mem::forget(set.select())));
}

/// The same operation may stand in a list several times; one of them is selected.
#[test]
fn duplicates() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        thread::scope(|s| {
            s.spawn(|| {
                let mut set = Select::new();
                (0..3).for_each(|i| assert_eq!(set.send(&tx), i));
                for i in 0..50 {
                    let operation = set.select();
                    assert!(operation.index() < 3);
                    operation.send(&tx, i).unwrap();
                }
            });
            let mut set = Select::new();
            (0..3).for_each(|i| assert_eq!(set.recv(&rx), i));
            for i in 0..50 {
                let operation = set.select();
                assert!(operation.index() < 3);
                assert_eq!(operation.recv(&rx), Ok(i));
            }
        });
        assert!(rx.is_empty());
    }
}

/// Errors come out of the completion, as of plain operations.
#[test]
fn completes_with_an_error() {
    for capacity in KINDS {
        let (tx, rx) = make::<String>(capacity);
        drop(rx);
        let mut set = Select::new();
        set.send(&tx);
        let sent = set.select().send(&tx, "back".into());
        assert_eq!(sent, Err(SendError("back".into())));
        let (tx, rx) = make::<String>(capacity);
        drop(tx);
        let mut set = Select::new();
        set.recv(&rx);
        assert_eq!(set.try_select().unwrap().recv(&rx), Err(RecvError));
        assert_eq!(set.select_timeout(ms(0)).unwrap().recv(&rx), Err(RecvError));
    }
}

/// A receive of one type, a send of another, and the nil channel, in one list.
#[test]
fn different_messages() {
    let ((a_tx, a), (b_tx, b)) = (unbounded::<u8>(), bounded::<String>(1));
    let nil = never::<[u64; 4]>();
    let mut set = Select::new();
    let (first, second, third) = (set.recv(&a), set.send(&b_tx), set.recv(&nil));
    a_tx.send(1).unwrap();
    for _ in 0..2 {
        let operation = set.select();
        match operation.index() {
            i if i == first => assert_eq!(operation.recv(&a), Ok(1)),
            i if i == second => operation.send(&b_tx, "x".into()).unwrap(),
            i => assert_ne!(i, third),
        }
    }
    assert_eq!(b.recv(), Ok("x".into()));
    a_tx.send(1).unwrap();
    b_tx.send("full".into()).unwrap();
    let operation = set.select();
    assert_eq!((operation.index(), operation.recv(&a)), (first, Ok(1)));
    set.try_select().unwrap_err();
}

/// A clone has the same operations under the same indexes, and goes its own way.
#[test]
fn clones() {
    let ((a_tx, a), (b_tx, b)) = (unbounded(), unbounded());
    let mut set = Select::new();
    let first = set.recv(&a);
    let mut copy = set.clone();
    let second = copy.recv(&b);
    assert_eq!((second, set.recv(&b)), (1, 1), "both count on from where they were");
    set.remove(1);
    copy.remove(first);
    a_tx.send('a').unwrap();
    b_tx.send('b').unwrap();
    assert_eq!(set.select().recv(&a), Ok('a'));
    let operation = copy.select();
    assert_eq!((operation.index(), operation.recv(&b)), (second, Ok('b')));
    set.try_select().unwrap_err();
    copy.try_select().unwrap_err();
}

/// Several threads select from one list, each with a clone of its own that it made there or was given.
#[test]
fn shared_by_threads() {
    let _watchdog = Watchdog::new();
    let ends: Vec<_> = [0, 1, 1, 0].into_iter().map(bounded).collect();
    let mut set = Select::new();
    for (_, rx) in &ends {
        set.recv(rx);
    }
    let take = |mut set: Select<'_>| {
        let mut sum = 0;
        let mut open = ends.len();
        while open > 0 {
            let operation = set.select();
            let index = operation.index();
            match operation.recv(&ends[index].1) {
                Ok(0) => {
                    set.remove(index);
                    open -= 1;
                }
                Ok(n) => sum += n,
                Err(RecvError) => unreachable!(),
            }
        }
        sum
    };
    let (by_clone, by_move, shared) = (set.clone(), set.clone(), &set);
    let total: usize = thread::scope(|s| {
        let takers = [s.spawn(|| take(by_clone)), s.spawn(move || take(by_move)), s.spawn(|| take(shared.clone()))];
        for (tx, _) in &ends {
            s.spawn(|| {
                (1..=100).for_each(|n| tx.send(n).unwrap());
                // One for each taker.
                (0..3).for_each(|_| tx.send(0).unwrap());
            });
        }
        takers.into_iter().map(|taker| taker.join().unwrap()).sum()
    });
    assert_eq!(total, ends.len() * 5050);
}

/// The operation outlives the list, and is completed later, elsewhere in the code.
#[test]
fn operation_outlives_the_list() {
    let (tx, rx) = bounded(2);
    tx.send(1).unwrap();
    let begin = |capacity: usize| {
        let mut set = Select::new();
        if capacity == 0 {
            set.recv(&rx)
        } else {
            set.send(&tx)
        };
        let operation = set.select();
        drop(set);
        operation
    };
    let receiving = begin(0);
    let sending = begin(1);
    // Claimed, not yet done.
    assert_eq!(sending.send(&tx, 2), Ok(()));
    assert_eq!(receiving.recv(&rx), Ok(1));
    assert_eq!(rx.try_recv(), Ok(2));
}

/// Between the selection and its completion other threads may do as they like with the channel. Nobody gets what is kept for
/// the operation.
#[test]
fn others_between_selection_and_completion() {
    let _watchdog = Watchdog::new();
    // In a bounded channel of the twin's that is all claimed, a try would spin until the completion.
    for capacity in [Some(3), Some(7), None] {
        let (tx, rx) = make(capacity);
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        let mut set = Select::new();
        set.recv(&rx);
        let operation = set.select();
        let (first, none) = thread::scope(|s| s.spawn(|| (rx.recv().unwrap(), rx.try_recv())).join().unwrap());
        assert!(none.is_err());
        let second = operation.recv(&rx).unwrap();
        // Which of the two gets the older one is a matter of the crate.
        assert_eq!((first.min(second), first.max(second)), (1, 2));
        assert!(rx.is_empty());
    }
}

/// At capacity 0 a partner that was found stays with the operation, whatever comes between, and whoever else wants it.
#[test]
fn a_found_partner_stays() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = bounded(0);
    thread::scope(|s| {
        s.spawn(|| tx.send(1).unwrap());
        let mut set = Select::new();
        set.recv(&rx);
        let operation = set.select();
        settle();
        let tried = rx.try_recv();
        assert_eq!((operation.recv(&rx), tried.ok()), (Ok(1), None));
        s.spawn(|| assert_eq!(rx.recv(), Ok(2)));
        let mut set = Select::new();
        set.send(&tx);
        let operation = set.select();
        settle();
        let tried = tx.try_send(3);
        assert_eq!((operation.send(&tx, 2), tried.is_ok()), (Ok(()), false));
    });
}

/// The words are each crate's affair.
#[test]
fn debug() {
    let (tx, rx) = bounded(1);
    let mut set = Select::new();
    set.send(&tx);
    assert!(format!("{set:?}").starts_with("Select {"));
    let operation = set.select();
    assert!(format!("{operation:?}").starts_with("SelectedOperation {"));
    operation.send(&tx, 1).unwrap();
    assert_eq!(rx.recv(), Ok(1));
}
