//! What a thread has sent is there for the next operation, its own included: with as many messages in the channel as
//! threads that receive, nobody finds it empty.

use std::thread;
use std::time::Duration;

use super::channel::{Receiver, Select, Sender, select, select_biased};
use super::{BUFFERS, make};
use crate::watchdog::Watchdog;

const THREADS: usize = 4;
const ROUNDS: usize = 5_000;

fn every_thread_finds_one(operation: impl Fn(&Sender<usize>, &Receiver<usize>, usize) + Sync) {
    let _watchdog = Watchdog::new();
    for capacity in BUFFERS {
        // At least one place for each thread, so that no send has to wait.
        let (tx, rx) = make(capacity.map(|n| n.max(THREADS)));
        thread::scope(|s| {
            for _ in 0..THREADS {
                s.spawn(|| (0..ROUNDS).for_each(|i| operation(&tx, &rx, i)));
            }
        });
        assert!(rx.is_empty());
    }
}

#[test]
fn tries() {
    every_thread_finds_one(|tx, rx, i| {
        tx.try_send(i).unwrap();
        rx.try_recv().unwrap();
    });
}

#[test]
fn passed_deadlines() {
    every_thread_finds_one(|tx, rx, i| {
        tx.send_timeout(i, Duration::ZERO).unwrap();
        rx.recv_timeout(Duration::ZERO).unwrap();
    });
}

#[test]
fn select_with_default() {
    every_thread_finds_one(|tx, rx, i| {
        select! { send(tx, i) -> sent => sent.unwrap(), default => panic!("no room") }
        select! { recv(rx) -> got => assert!(got.is_ok()), default => panic!("no message") }
    });
}

#[test]
fn select_with_a_passed_time() {
    every_thread_finds_one(|tx, rx, i| {
        select_biased! { send(tx, i) -> sent => sent.unwrap(), default(Duration::ZERO) => panic!("no room") }
        select! { recv(rx) -> got => assert!(got.is_ok()), default(Duration::ZERO) => panic!("no message") }
    });
}

#[test]
fn dynamic() {
    every_thread_finds_one(|tx, rx, i| {
        let mut set = Select::new();
        set.send(tx);
        set.try_select().expect("room").send(tx, i).unwrap();
        let mut set = Select::new();
        set.recv(rx);
        set.try_ready().expect("a message");
        set.select_timeout(Duration::ZERO).expect("a message").recv(rx).unwrap();
    });
}

/// The same with two channels: each thread sends to one of them and receives from any.
#[test]
fn two_channels() {
    let _watchdog = Watchdog::new();
    for capacity in BUFFERS {
        let ends: Vec<_> = (0..2).map(|_| make(capacity.map(|n| n.max(THREADS)))).collect();
        thread::scope(|s| {
            for t in 0..THREADS {
                let ends = &ends;
                s.spawn(move || {
                    for i in 0..ROUNDS {
                        ends[(t + i) % 2].0.try_send(i).unwrap();
                        // Others may take the own one, and leave theirs; what is left may be behind what was looked at.
                        loop {
                            select! {
                                recv(ends[0].1) -> got => { got.unwrap(); break }
                                recv(ends[1].1) -> got => { got.unwrap(); break }
                                default => thread::yield_now(),
                            }
                        }
                    }
                });
            }
        });
        assert!(ends.iter().all(|(_, rx)| rx.is_empty()));
    }
}
