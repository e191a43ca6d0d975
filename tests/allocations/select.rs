//! Selects.

use std::thread;
use std::time::Duration;

use gosync::chan::{self, Chan, Receiver, Select, Sender, select, select_biased};

use crate::counter::{allocations, without_allocating};
use crate::watchdog::Watchdog;

/// A rendezvous, small buffers, and one that grows.
const CAPACITIES: [usize; 4] = [0, 1, 8, usize::MAX];

/// A channel whose buffer is as large as it will be.
fn warm(capacity: usize) -> Chan<usize> {
    let c = Chan::new(capacity);
    let most = capacity.min(64);
    (0..most).for_each(|n| c.send(n).unwrap());
    (0..most).for_each(|n| assert_eq!(c.recv(), Ok(n)));
    c
}

/// The macros, with everything that needs no blocking: ready cases of both kinds, several of one channel, nil and closed
/// ones, `default`, and their biased form.
#[test]
fn macros_ready() {
    for capacity in [1, 8, usize::MAX] {
        let (c, nil, idle, closed) = (warm(capacity), Chan::nil(), Chan::new(0), Chan::new(1));
        closed.close().unwrap();
        without_allocating(|| {
            for n in 0..1000 {
                select! {
                    send(c, n) -> sent => sent.unwrap(),
                    recv(c) -> _ => unreachable!(),
                    send(nil, n) -> _ => unreachable!(),
                    recv(idle) -> _ => unreachable!(),
                    default => unreachable!(),
                }
                let value = select_biased! {
                    recv(idle) -> v => v,
                    send(idle, 0) -> _ => unreachable!(),
                    recv(c) -> v => v,
                    recv(c) -> v => v,
                    default(Duration::MAX) => unreachable!(),
                };
                assert_eq!(value, Ok(n));
                select! {
                    send(closed, n) -> sent => assert!(sent.is_err()),
                    recv(closed) -> v => assert!(v.is_err()),
                }
                select! {
                    recv(c) -> _ => unreachable!(),
                    recv(None::<&Receiver<usize>>) -> _ => unreachable!(),
                    default => {}
                }
            }
        });
    }
}

/// An unbounded channel at a steady depth.
#[test]
fn macros_at_a_steady_depth() {
    for depth in [1, 100, 5000] {
        let (c, idle) = (Chan::unbounded(), Chan::<usize>::new(0));
        (0..depth).for_each(|n| c.send(n).unwrap());
        without_allocating(|| {
            for n in 0..10_000 {
                select! {
                    recv(c) -> v => assert_eq!(v, Ok(n)),
                    recv(idle) -> _ => unreachable!(),
                }
                select! {
                    send(c, n + depth) -> sent => sent.unwrap(),
                    recv(idle) -> _ => unreachable!(),
                }
            }
        });
    }
}

/// Selects that time out: the macros and every operation of `Select`.
#[test]
fn timeouts() {
    const SHORT: Duration = Duration::from_millis(1);
    let _watchdog = Watchdog::new();
    let (full, empty, rendezvous) = (Chan::new(1), Chan::<i32>::new(1), Chan::new(0));
    full.send(1).unwrap();
    let (full_tx, empty_rx) = (full.sender(), empty.receiver());
    let mut dynamic = Select::new();
    dynamic.send(&full_tx);
    dynamic.recv(&empty_rx);
    let mut time_out = || {
        select! {
            send(full, 2) -> _ => unreachable!(),
            recv(empty) -> _ => unreachable!(),
            send(rendezvous, 3) -> _ => unreachable!(),
            recv(rendezvous) -> _ => unreachable!(),
            default(SHORT) => {}
        }
        assert!(dynamic.try_select().is_err() && dynamic.select_timeout(SHORT).is_err());
        assert!(dynamic.try_ready().is_err() && dynamic.ready_timeout(SHORT).is_err());
    };
    time_out(); // the first wait in a process asks for the number of CPUs
    without_allocating(|| (0..5).for_each(|_| time_out()));
}

/// One step of a thread that sends `n` there, or passes on what comes.
type Step = fn(&Sender<usize>, &Receiver<usize>, &Chan<usize>, usize);

/// What sends, and what receives, with nobody to do it with yet.
const STEPS: [(&str, Step, Step); 4] = [
    ("plain", |tx, _, _, n| tx.send(n).unwrap(), |_, rx, _, n| assert_eq!(rx.recv(), Ok(n))),
    (
        "select!",
        |tx, _, idle, n| {
            select! {
                recv(idle) -> _ => unreachable!(),
                send(tx, n) -> sent => sent.unwrap(),
                send(idle, n) -> _ => unreachable!(),
            }
        },
        |_, rx, idle, n| {
            select! {
                recv(idle) -> _ => unreachable!(),
                recv(rx) -> v => assert_eq!(v, Ok(n)),
                send(idle, n) -> _ => unreachable!(),
            }
        },
    ),
    (
        "Select",
        |tx, _, idle, n| {
            let (idle_tx, idle_rx): (&Sender<_>, &Receiver<_>) = (idle.as_ref(), idle.as_ref());
            let mut select = Select::new();
            // Eight operations.
            (0..3).for_each(|_| _ = (select.send(idle_tx), select.recv(idle_rx)));
            select.send(tx);
            select.send(tx);
            select.select().send(tx, n).unwrap();
        },
        |_, rx, idle, n| {
            let (idle_tx, idle_rx): (&Sender<_>, &Receiver<_>) = (idle.as_ref(), idle.as_ref());
            let mut select = Select::new();
            (0..3).for_each(|_| _ = (select.send(idle_tx), select.recv(idle_rx)));
            select.recv(rx);
            select.recv(rx);
            assert_eq!(select.select().recv(rx), Ok(n));
        },
    ),
    (
        "ready",
        |tx, _, idle, n| {
            let mut select = Select::new();
            select.recv(idle.as_ref());
            select.send(tx);
            while select.ready() != 1 || tx.try_send(n).is_err() {}
        },
        |_, rx, idle, n| {
            let mut select = Select::new();
            select.send(idle.as_ref());
            select.recv(rx);
            loop {
                assert_eq!(select.ready(), 1);
                if let Ok(v) = rx.try_recv() {
                    break assert_eq!(v, n);
                }
            }
        },
    ),
];

/// Every way to send against every way to receive; something blocks in every round.
#[test]
fn blocked() {
    let _watchdog = Watchdog::new();
    for capacity in CAPACITIES {
        for (sends, send, _) in STEPS {
            for (receives, _, receive) in STEPS {
                // Nobody does anything for two that only wait for news of each other.
                if capacity == 0 && (sends, receives) == ("ready", "ready") {
                    continue;
                }
                println!("capacity {capacity}, {sends} to {receives}");
                let (to, back) = (warm(capacity).split(), warm(capacity).split());
                let (own, other) = (Chan::new(0), Chan::new(0));
                thread::scope(|s| {
                    let echo = |rounds| {
                        for n in 0..rounds {
                            receive(&back.0, &to.1, &other, n);
                            send(&back.0, &to.1, &other, n);
                        }
                    };
                    let echoing = s.spawn(move || {
                        echo(20);
                        without_allocating(|| echo(200));
                    });
                    let there_and_back = |rounds| {
                        for n in 0..rounds {
                            send(&to.0, &back.1, &own, n);
                            receive(&to.0, &back.1, &own, n);
                        }
                    };
                    there_and_back(20);
                    without_allocating(|| there_and_back(200));
                    echoing.join().unwrap();
                });
            }
        }
    }
}

/// Operations that were chosen and not done, and a `Select` that is changed and used again.
#[test]
fn dynamic_without_blocking() {
    let c = warm(8);
    let (tx, rx) = (c.sender(), c.receiver());
    let (_open, idle) = chan::bounded::<usize>(0);
    without_allocating(|| {
        let mut select = Select::new();
        for n in 0..100 {
            let send = select.send(&tx);
            (0..6).for_each(|_| _ = select.recv(&idle));
            let operation = select.select();
            assert_eq!(operation.index(), send);
            drop(operation);
            select.try_select().unwrap().send(&tx, n).unwrap();
            assert_eq!(select.ready(), send);
            select.remove(send);
            let receive = select.recv(&rx);
            assert_eq!(select.try_ready(), Ok(receive));
            assert_eq!(select.select().recv(&rx), Ok(n));
            (send + 1..=receive).for_each(|number| select.remove(number));
        }
    });
}

/// Beyond eight operations there are lists to allocate: a few to keep them, and a few for each use.
#[test]
fn nine_operations() {
    let (_tx, rx) = chan::bounded::<usize>(1);
    let add = |n| {
        let mut select = Select::new();
        (0..n).for_each(|_| _ = select.recv(&rx));
        select
    };
    let mut eight = without_allocating(|| add(8));
    let (n, mut nine) = allocations(|| add(9));
    assert!((1..=3).contains(&n), "{n} allocations");
    without_allocating(|| assert!(eight.try_select().is_err() && eight.try_ready().is_err()));
    let mut thousand = add(1000);
    for select in [&mut nine, &mut thousand] {
        let (n, result) = allocations(|| select.try_select().is_err());
        assert!(result && n <= 3, "{n} allocations");
    }
}

/// Several blocked at once, and a close that ends them all.
#[test]
fn blocked_and_closed() {
    let _watchdog = Watchdog::new();
    let block_and_close = |check: bool| {
        let (c, d) = (Chan::<usize>::new(0), Chan::<usize>::new(0));
        let (tx, other): (&Sender<_>, &Sender<_>) = (c.as_ref(), d.as_ref());
        let dynamic = || {
            let mut select = Select::new();
            select.send(other);
            select.send(tx);
            select
        };
        let sends: [&(dyn Fn() -> bool + Sync); 4] = [
            &|| {
                select! {
                    send(tx, 1) -> sent => sent.is_err(),
                    send(other, 1) -> sent => sent.is_ok(),
                }
            },
            &|| {
                select! {
                    send(tx, 1) -> sent => sent.is_err(),
                    default(Duration::MAX) => false,
                }
            },
            &|| dynamic().select().send(tx, 1).is_err(),
            &|| dynamic().ready() == 1,
        ];
        thread::scope(|s| {
            for send in sends {
                s.spawn(move || assert!(if check { without_allocating(send) } else { send() }));
            }
            thread::sleep(Duration::from_millis(2));
            without_allocating(|| c.close().unwrap());
        });
    };
    block_and_close(false);
    (0..10).for_each(|_| block_and_close(true));
}
