//! Channels: messages that panic, values whose drop panics, futures that are dropped and forgotten, wakers that panic,
//! operations that are not completed, threads that unwind with their handles, closes and drops of handles at any time.

use std::collections::HashSet;
use std::mem::forget;
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use gosync::chan::{Chan, Receiver, Select, SendTimeoutError, Sender, select, select_async};

use crate::ledger::{Ledger, Live};
use crate::rng::Rng;
use crate::run::{Run, doing, done, fault, inject, playing, survive};
use crate::task::{Cruelty, End, torment};

const THREADS: usize = 4;
const OPERATIONS: usize = 100;

/// What one thread of a round has.
struct Party<'a> {
    run: &'a Run,
    ledger: &'a Arc<Ledger>,
    capacity: usize,
    tx: [Sender<Live>; 2],
    rx: [Receiver<Live>; 2],
    rng: Rng,
    received: Vec<usize>,
    /// Futures and operations that were forgotten: each may keep a value.
    forgotten: usize,
    /// Whether it may forget futures and operations.
    may_forget: bool,
}

impl Party<'_> {
    fn value(&mut self, what: &'static str) -> Live {
        if self.rng.one_in(16) { self.ledger.bomb(what) } else { self.ledger.value(what) }
    }

    /// Has a value that came out of a channel, or back.
    fn took(&mut self, value: Live) {
        self.run.expect(self.ledger.knows(value.id), || format!("{} is no value", value.id));
        self.received.push(value.id);
        survive(|| drop(value));
    }

    fn back(&mut self, value: Live) {
        survive(|| drop(value));
    }

    fn cruelty(&self) -> Cruelty {
        Cruelty { drops: true, forgets: self.may_forget, patience: Duration::from_micros(50) }
    }

    fn send(&mut self) {
        let (c, kind, timeout) = (self.rng.below(2), self.rng.below(4), self.rng.tiny());
        let value = self.value(["try_send", "send_timeout", "send_async", "select!, send"][kind]);
        match kind {
            0 => {
                doing("try_send");
                if let Err(error) = self.tx[c].try_send(value) {
                    self.back(error.into_inner());
                }
            }
            1 => {
                doing("send_timeout");
                match self.tx[c].send_timeout(value, timeout) {
                    Ok(()) => {}
                    Err(SendTimeoutError::Timeout(back) | SendTimeoutError::Disconnected(back)) => self.back(back),
                }
            }
            2 => {
                doing("send_async");
                let cruelty = self.cruelty();
                let tx = self.tx[c].clone();
                // The drop of a future drops its value, which may panic.
                let end = survive(|| torment(async move { tx.send_async(value).await }, cruelty, &mut self.rng));
                match end {
                    Some(End::Ready(Err(error))) => self.back(error.0),
                    Some(End::Forgotten) => self.forgotten += 1,
                    _ => {}
                }
            }
            _ => {
                doing("select!, send");
                let message_panics = self.rng.one_in(4);
                let message = || if message_panics { inject() } else { value };
                let tx = &self.tx;
                let result = survive(|| {
                    select! {
                        send(tx[c], message()) -> result => result.err().map(|error| error.0),
                        default(timeout) => None,
                    }
                });
                if let Some(Some(back)) = result {
                    self.back(back);
                }
            }
        }
    }

    fn receive(&mut self) {
        let (c, timeout) = (self.rng.below(2), self.rng.tiny());
        let value = match self.rng.below(4) {
            0 => {
                doing("try_recv");
                self.rx[c].try_recv().ok()
            }
            1 => {
                doing("recv_timeout");
                self.rx[c].recv_timeout(timeout).ok()
            }
            2 => {
                doing("recv_async");
                let cruelty = self.cruelty();
                let rx = self.rx[c].clone();
                let end = survive(|| torment(async move { rx.recv_async().await }, cruelty, &mut self.rng));
                match end {
                    Some(End::Ready(result)) => result.ok(),
                    Some(End::Forgotten) => {
                        self.forgotten += 1;
                        None
                    }
                    _ => None,
                }
            }
            _ => {
                doing("select!, receives");
                let rx = &self.rx;
                select! {
                    recv(rx[0]) -> result => result.ok(),
                    recv(rx[1]) -> result => result.ok(),
                    default(timeout) => None,
                }
            }
        };
        if let Some(value) = value {
            self.took(value);
        }
    }

    /// A `Select` of both sides of both channels, whose operation is done, dropped, lost to a panic, or forgotten: that only
    /// without a bound, for elsewhere a peer may wait for it.
    fn dynamic(&mut self) {
        doing("Select");
        let (value, timeout, fate) = (self.value("Select"), self.rng.tiny(), self.rng.below(8));
        let (tx, rx, rng, may_forget) =
            (&self.tx, &self.rx, &mut self.rng, self.may_forget && self.capacity == usize::MAX);
        let mut forgotten = 0;
        let result = survive(|| {
            let mut select = Select::new();
            select.send(&tx[0]);
            select.recv(&rx[1]);
            select.send(&tx[1]);
            select.recv(&rx[0]);
            let Ok(operation) = select.select_timeout(timeout) else { return (None, Some(value)) };
            rng.pause();
            match (fate, operation.index()) {
                (0, _) => inject(),
                (1, _) => {
                    fault();
                    drop(operation);
                    (None, Some(value))
                }
                (2, _) if may_forget => {
                    fault();
                    forgotten += 1;
                    forget(operation);
                    (None, Some(value))
                }
                (_, 0) => (None, operation.send(&tx[0], value).err().map(|error| error.0)),
                (_, 1) => (operation.recv(&rx[1]).ok(), Some(value)),
                (_, 2) => (None, operation.send(&tx[1], value).err().map(|error| error.0)),
                (..) => (operation.recv(&rx[0]).ok(), Some(value)),
            }
        });
        self.forgotten += forgotten;
        if let Some((taken, back)) = result {
            taken.into_iter().for_each(|value| self.took(value));
            back.into_iter().for_each(|value| self.back(value));
        }
    }

    /// As above, by a task that may be dropped, and whose message may panic.
    fn task(&mut self) {
        doing("select_async!");
        let (mut value, message_panics) = (Some(self.value("select_async!")), self.rng.one_in(6));
        let cruelty = Cruelty { forgets: false, ..self.cruelty() };
        let (tx, rx) = (&self.tx, &self.rx);
        // The value stays outside: if its drop panicked in the future, what the future returns would be leaked.
        let mut message = || if message_panics { inject() } else { value.take().expect("it is sent once") };
        let future = async {
            select_async! {
                send(tx[0], message()) -> result => (None, result.err().map(|error| error.0)),
                recv(rx[1]) -> result => (result.ok(), None),
                recv(rx[0]) -> result => (result.ok(), None),
            }
        };
        let end = survive(|| torment(future, cruelty, &mut self.rng));
        value.into_iter().for_each(|value| self.back(value));
        if let Some(End::Ready((taken, back))) = end {
            taken.into_iter().for_each(|value| self.took(value));
            back.into_iter().for_each(|value| self.back(value));
        }
    }

    fn change_handles(&mut self) {
        doing("clone and drop");
        let c = self.rng.below(2);
        if self.rng.one_in(2) {
            self.tx[c] = self.tx[c].clone();
        } else {
            self.rx[c] = self.rx[c].clone();
        }
    }

    /// Plays; now and then it unwinds, with all that it has.
    fn play(&mut self) {
        for _ in 0..OPERATIONS {
            match self.rng.below(16) {
                0..5 => self.send(),
                5..10 => self.receive(),
                10..12 => self.dynamic(),
                12..14 => self.task(),
                14 => self.change_handles(),
                _ if self.rng.one_in(20) => {
                    doing("close");
                    fault();
                    self.tx[self.rng.below(2)].close().ok();
                }
                _ if self.rng.one_in(20) => inject(),
                _ => self.rng.pause(),
            }
        }
    }
}

/// How many values the helper sends.
const HELP: usize = 200;

/// An operation whose partner has given up goes on as a plain one, beyond its deadline: while there are threads left, this
/// is the peer that they may lack, and closes at last. What it has received.
fn help<T>(threads: &[ScopedJoinHandle<'_, T>], channels: &[Chan<Live>; 2], ledger: &Arc<Ledger>) -> Vec<usize> {
    let mut received = Vec::new();
    for n in 0.. {
        if threads.iter().all(|thread| thread.is_finished()) {
            break;
        }
        thread::sleep(Duration::from_micros(100));
        for c in channels {
            doing("help");
            if let Ok(value) = c.try_recv() {
                received.push(value.id);
                survive(|| drop(value));
            }
            match n {
                0..10 => {}
                _ if n < HELP / 2 => drop(c.try_send(ledger.value("help"))),
                _ => {
                    c.close().ok();
                }
            }
        }
    }
    received
}

fn round(run: &Run, number: usize) {
    let mut rng = Rng::new(1_000 * number);
    let capacity = [0, 0, 1, 2, 8, usize::MAX][rng.below(6)];
    let may_forget = rng.one_in(3);
    playing(format!("channels, round {number}, capacity {capacity}, forgets: {may_forget}"));
    let ledger = Ledger::new(THREADS * OPERATIONS * 2 + HELP);
    let channels: [Chan<Live>; 2] = std::array::from_fn(|_| Chan::new(capacity));
    let parties = thread::scope(|s| {
        let threads: Vec<_> = (0..THREADS)
            .map(|i| {
                let mut party = Party {
                    run,
                    ledger: &ledger,
                    capacity,
                    tx: channels.each_ref().map(Chan::sender),
                    rx: channels.each_ref().map(Chan::receiver),
                    rng: Rng::new(1_000 * number + 1 + i),
                    received: Vec::new(),
                    forgotten: 0,
                    may_forget,
                };
                s.spawn(move || {
                    // The handles go while it unwinds.
                    survive(|| party.play());
                    let Party { received, forgotten, .. } = party;
                    run.settle();
                    done();
                    (received, forgotten)
                })
            })
            .collect();
        let helped = help(&threads, &channels, &ledger);
        let mut parties: Vec<_> =
            threads.into_iter().map(|thread| thread.join().expect("only faults are caught")).collect();
        parties.push((helped, 0));
        parties
    });
    doing("drain");
    let mut received: Vec<_> = parties.iter().flat_map(|(received, _)| received.iter().copied()).collect();
    let forgotten: usize = parties.iter().map(|(_, forgotten)| forgotten).sum();
    for c in channels {
        c.close().ok();
        // A bomb goes off here rather than in the channel's own drop, for what is in it is counted.
        while let Ok(value) = c.try_recv() {
            received.push(value.id);
            survive(|| drop(value));
        }
        if forgotten > 0 {
            // Somebody may have forgotten an operation, whose value nobody can receive any more.
            survive(|| drop(c));
        } else {
            run.expect(c.is_empty(), || format!("capacity {capacity}: closed, drained, and not empty"));
        }
    }
    let count = received.len();
    let distinct: HashSet<_> = received.into_iter().collect();
    run.expect(distinct.len() == count, || format!("capacity {capacity}: a value was received twice"));
    // What was forgotten may keep a value.
    ledger.check(run, forgotten);
    run.settle();
}

pub(crate) fn everything(run: &Run) {
    run.rounds().for_each(|number| round(run, number));
    done();
}
