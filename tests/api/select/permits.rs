//! Operations that were chosen: what is set aside for them, and what becomes of that.

use std::mem::forget;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, Receiver, Select, SelectedOperation, Sender, TryRecvError, TrySendError, select};

use super::{await_receiver, await_sender, block, choose_recv, choose_send, is_idle};
use crate::watchdog::Watchdog;
use crate::{make, settle};

/// Room: nobody else gets it until it is used or given back.
#[test]
fn room() {
    let (tx, rx) = make(Some(2));
    let (first, second) = (choose_send(&tx), choose_send(&tx));
    assert_eq!((tx.try_send(0), tx.len()), (Err(TrySendError::Full(0)), 0));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    first.send(&tx, 1).unwrap();
    assert_eq!((tx.try_send(0), tx.len()), (Err(TrySendError::Full(0)), 1));
    drop(second);
    tx.try_send(2).unwrap();
    assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)));
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2]);
}

/// A value: likewise. What is set aside is one value, not a certain one: they come in their order all the same.
#[test]
fn a_value() {
    let (tx, rx) = make(Some(2));
    (1..=2).for_each(|n| tx.send(n).unwrap());
    let (first, second) = (choose_recv(&rx), choose_recv(&rx));
    assert_eq!((rx.try_recv(), rx.len()), (Err(TryRecvError::Empty), 2));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)), "they take their room until they are received");
    assert_eq!(second.recv(&rx), Ok(1));
    tx.try_send(3).unwrap();
    drop(first);
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [2, 3]);
}

/// Room that is given back goes to a blocked sender, of whatever kind.
#[test]
fn room_goes_to_the_next_in_line() {
    const SENDS: [fn(&Sender<i32>, i32); 3] = [
        |tx, n| tx.send(n).unwrap(),
        |tx, n| select! { send(tx, n) -> sent => sent.unwrap() },
        |tx, n| choose_send(tx).send(tx, n).unwrap(),
    ];
    let _watchdog = Watchdog::new();
    for send in SENDS {
        let (tx, rx) = make(Some(1));
        let operation = choose_send(&tx);
        thread::scope(|s| {
            let sender = block(s, || send(&tx, 5));
            assert_eq!(rx.len(), 0);
            drop(operation);
            sender.join().unwrap();
        });
        assert_eq!((rx.try_recv(), tx.try_send(6)), (Ok(5), Ok(())));
    }
}

/// A value that is given back goes to a blocked receiver, of whatever kind.
#[test]
fn a_value_goes_to_the_next_in_line() {
    const RECEIVES: [fn(&Receiver<i32>) -> i32; 3] =
        [|rx| rx.recv().unwrap(), |rx| select! { recv(rx) -> v => v.unwrap() }, |rx| choose_recv(rx).recv(rx).unwrap()];
    let _watchdog = Watchdog::new();
    for receive in RECEIVES {
        for capacity in [Some(1), None] {
            let (tx, rx) = make(capacity);
            tx.send(5).unwrap();
            let operation = choose_recv(&rx);
            thread::scope(|s| {
                let receiver = block(s, || receive(&rx));
                drop(operation);
                assert_eq!(receiver.join().unwrap(), 5);
            });
            assert_eq!((rx.try_recv(), rx.len()), (Err(TryRecvError::Empty), 0));
            tx.try_send(6).unwrap();
        }
    }
}

/// A blocked receiver that was set aside, of whatever kind, goes on and gets another value.
#[test]
fn a_receiver_goes_on() {
    const RECEIVES: [fn(&Receiver<i32>) -> i32; 4] = [
        |rx| rx.recv().unwrap(),
        |rx| rx.recv_timeout(Duration::MAX).unwrap(),
        |rx| select! { recv(rx) -> v => v.unwrap() },
        |rx| choose_recv(rx).recv(rx).unwrap(),
    ];
    let _watchdog = Watchdog::new();
    for receive in RECEIVES {
        let (tx, rx) = make(Some(0));
        thread::scope(|s| {
            let receiver = s.spawn(|| receive(&rx));
            await_receiver(&tx);
            let operation = choose_send(&tx);
            assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)), "it is promised");
            drop(operation);
            tx.send(5).unwrap();
            assert_eq!(receiver.join().unwrap(), 5);
        });
    }
}

/// So does a blocked sender: its value is not lost.
#[test]
fn a_sender_goes_on() {
    const SENDS: [fn(&Sender<i32>, i32); 4] = [
        |tx, n| tx.send(n).unwrap(),
        |tx, n| tx.send_timeout(n, Duration::MAX).unwrap(),
        |tx, n| select! { send(tx, n) -> sent => sent.unwrap() },
        |tx, n| choose_send(tx).send(tx, n).unwrap(),
    ];
    let _watchdog = Watchdog::new();
    for send in SENDS {
        let (tx, rx) = make(Some(0));
        thread::scope(|s| {
            let sender = s.spawn(|| send(&tx, 5));
            await_sender(&rx);
            let operation = choose_recv(&rx);
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "it is promised");
            drop(operation);
            assert_eq!(rx.recv(), Ok(5));
            sender.join().unwrap();
        });
    }
}

/// A partner that was set aside waits for the completion, beyond its deadline; if that never comes, it is late.
#[test]
fn a_promise_outlasts_a_deadline() {
    const SHORT: Duration = Duration::from_millis(20);
    let _watchdog = Watchdog::new();
    for completes in [true, false] {
        let (tx, rx) = make(Some(0));
        thread::scope(|s| {
            let receivers = [
                s.spawn(|| rx.recv_timeout(SHORT).ok()),
                s.spawn(|| {
                    select! {
                        recv(rx) -> v => v.ok(),
                        default(SHORT) => None,
                    }
                }),
            ];
            // One that timed out before could not be set aside; then this round shows nothing.
            let chosen: Vec<_> = receivers.iter().map_while(|_| try_choose_send(&tx, 2 * SHORT)).collect();
            thread::sleep(2 * SHORT);
            let promised = chosen.len();
            for (operation, n) in chosen.into_iter().zip(1..) {
                if completes {
                    operation.send(&tx, n).unwrap();
                }
            }
            let got = receivers.map(|t| t.join().unwrap()).into_iter().flatten().count();
            assert_eq!(got, if completes { promised } else { 0 });
        });
        assert!(tx.try_send(9).is_err() && rx.try_recv().is_err(), "nobody is left");
    }
}

fn try_choose_send(tx: &Sender<i32>, timeout: Duration) -> Option<SelectedOperation<'_>> {
    let mut select = Select::new();
    select.send(tx);
    select.select_timeout(timeout).ok()
}

/// A try that has met a select at capacity 0 waits for it; if that gives up, there was nobody.
#[test]
fn a_try_waits_for_a_select() {
    let _watchdog = Watchdog::new();
    for completes in [true, false] {
        let (tx, rx) = make(Some(0));
        thread::scope(|s| {
            s.spawn(|| {
                let operation = choose_recv(&rx);
                completes.then(|| assert_eq!(operation.recv(&rx), Ok(5)));
            });
            await_receiver(&tx);
            assert_eq!(tx.try_send(5), if completes { Ok(()) } else { Err(TrySendError::Full(5)) });
        });
        thread::scope(|s| {
            s.spawn(|| {
                let message = || if completes { 6 } else { resume_unwind(Box::new(())) };
                let sent = catch_unwind(|| select! { send(tx, message()) -> sent => sent });
                assert_eq!(sent.ok(), completes.then_some(Ok(())));
            });
            await_sender(&rx);
            assert_eq!(rx.try_recv(), if completes { Ok(6) } else { Err(TryRecvError::Empty) });
        });
    }
}

/// A send of a `select!` that has met a `Select` at capacity 0 is chosen: if that gives up, it goes on without its default.
#[test]
fn a_chosen_send_goes_on_beyond_its_default() {
    let _watchdog = Watchdog::new();
    for timeout in [None, Some(Duration::ZERO)] {
        let (tx, rx) = make(Some(0));
        thread::scope(|s| {
            let receiver = s.spawn(|| {
                drop(choose_recv(&rx));
                settle();
                rx.recv()
            });
            await_receiver(&tx);
            let sent = match timeout {
                None => select! { send(tx, 5) -> sent => Some(sent), default => None },
                Some(timeout) => select! { send(tx, 5) -> sent => Some(sent), default(timeout) => None },
            };
            assert_eq!(sent, Some(Ok(())));
            assert_eq!(receiver.join().unwrap(), Ok(5));
        });
    }
}

/// The same for a sender: whether or not it was promised, its value is received or comes back.
#[test]
fn a_promise_outlasts_a_senders_deadline() {
    const SHORT: Duration = Duration::from_millis(20);
    let _watchdog = Watchdog::new();
    for completes in [true, false] {
        let (tx, rx) = make(Some(0));
        thread::scope(|s| {
            let sender = s.spawn(|| tx.send_timeout(5, SHORT).map_err(|error| error.into_inner()));
            let mut select = Select::new();
            select.recv(&rx);
            let operation = select.select_timeout(2 * SHORT).ok();
            thread::sleep(2 * SHORT);
            let received = operation.filter(|_| completes).map(|operation| operation.recv(&rx).unwrap());
            assert_eq!(sender.join().unwrap(), if received == Some(5) { Ok(()) } else { Err(5) });
        });
    }
}

/// Forgotten: the room is lost, and no more than that.
#[test]
fn forgotten_room() {
    let (tx, rx) = make(Some(2));
    forget(choose_send(&tx));
    for n in 0..5 {
        tx.try_send(n).unwrap();
        assert_eq!(tx.try_send(9), Err(TrySendError::Full(9)), "room for one value less");
        assert_eq!(rx.try_recv(), Ok(n));
    }
    tx.close().unwrap();
    assert!(tx.send(9).is_err() && rx.recv().is_err());
}

/// Forgotten: a value stays, until the channel goes, and is dropped then.
#[test]
fn a_forgotten_value() {
    for capacity in [Some(2), None] {
        let ledger = crate::drops::Ledger::default();
        let (tx, rx) = make(capacity);
        tx.try_send(ledger.value()).ok().unwrap();
        forget(choose_recv(&rx));
        for _ in 0..5 {
            assert!(matches!(rx.try_recv(), Err(TryRecvError::Empty)));
            tx.try_send(ledger.value()).ok().unwrap();
            assert!(rx.try_recv().is_ok());
            assert_eq!(rx.len(), 1);
        }
        tx.close().unwrap();
        assert!(rx.recv().is_err(), "what is set aside does not keep receivers from the end");
        drop((tx, rx));
        assert_eq!(ledger.balance(), (6, 6));
    }
}

/// Forgotten: the partner never returns, but everybody else goes on.
#[test]
fn a_forgotten_partner() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(Some(0));
    // It is left there, blocked.
    let lost = {
        let rx = rx.clone();
        thread::spawn(move || rx.recv())
    };
    await_receiver(&tx);
    forget(choose_send(&tx));
    for n in 0..20 {
        thread::scope(|s| {
            let receiver = s.spawn(|| rx.recv());
            tx.send(n).unwrap();
            assert_eq!(receiver.join().unwrap(), Ok(n));
        });
    }
    tx.close().unwrap();
    assert!(rx.recv().is_err());
    assert!(!lost.is_finished());
}

/// How one of two holders of an operation goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Completes,
    GivesUp,
}
use Way::{Completes, GivesUp};

/// Two `Select`s meet at capacity 0, so each has chosen the other. Both complete, in either order; or one gives up, and
/// the other goes on as a plain operation; or both do.
#[test]
fn two_that_have_chosen_each_other() {
    let _watchdog = Watchdog::new();
    for (sender, receiver) in [(Completes, Completes), (Completes, GivesUp), (GivesUp, Completes), (GivesUp, GivesUp)] {
        for sender_first in [true, false] {
            println!("the sender {sender:?}, the receiver {receiver:?}, sender first: {sender_first}");
            let c = Chan::new(0);
            let (tx, rx) = (c.sender(), c.receiver());
            let both_have_chosen = Barrier::new(2);
            // Whoever is not the first gives the other the time to block, or to give up.
            let act = |first: bool| {
                both_have_chosen.wait();
                if !first {
                    settle();
                }
            };
            thread::scope(|s| {
                s.spawn(|| {
                    let operation = choose_send(&tx);
                    act(sender_first);
                    if sender == Completes {
                        operation.send(&tx, 5).unwrap();
                    } else {
                        drop(operation);
                        // For a receiver that goes on.
                        (receiver == Completes).then(|| tx.send(5).unwrap());
                    }
                });
                let operation = choose_recv(&rx);
                act(!sender_first);
                if receiver == Completes {
                    assert_eq!(operation.recv(&rx), Ok(5));
                } else {
                    drop(operation);
                    // From a sender that goes on.
                    (sender == Completes).then(|| assert_eq!(rx.recv(), Ok(5)));
                }
            });
            assert!(is_idle(&c), "nothing is left behind");
        }
    }
}

/// A chosen operation that nobody completes hinders neither the other side nor the next round.
#[test]
fn given_up_again_and_again() {
    let _watchdog = Watchdog::new();
    for capacity in [0, 1] {
        let (tx, rx) = make(Some(capacity));
        thread::scope(|s| {
            s.spawn(|| {
                for n in 0..300 {
                    (0..n % 3).for_each(|_| drop(choose_send(&tx)));
                    choose_send(&tx).send(&tx, n).unwrap();
                }
            });
            for n in 0..300 {
                (0..n % 4).for_each(|_| drop(choose_recv(&rx)));
                assert_eq!(choose_recv(&rx).recv(&rx), Ok(n));
            }
        });
        assert!(rx.try_recv().is_err());
    }
}
