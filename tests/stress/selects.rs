//! Random selects: threads that send and receive on several channels at once, in every way, while these are closed one
//! after the other.

use std::thread;
use std::time::Duration;

use gosync::chan::{Receiver, RecvError, Select, SendError, Sender, TryRecvError, TrySendError, select, select_biased};

use crate::rng::Rng;
use crate::traffic::{Parcel, check};
use crate::watchdog::Watchdog;
use crate::{LIMIT, join, make, rounds, start};

/// How many channels there are.
const CHANNELS: usize = 3;
const THREADS: usize = 4;

type Channel = (Sender<Parcel>, Receiver<Parcel>);

/// One thread: what it has sent and received, and what it still can do.
struct Party<'a> {
    id: usize,
    channels: &'a [Channel; CHANNELS],
    can_send: [bool; CHANNELS],
    can_receive: [bool; CHANNELS],
    sent: [usize; CHANNELS],
    received: Vec<Parcel>,
    rng: Rng,
}

/// How the channels are looked at in one round.
struct Choice<'a> {
    tx: [Option<&'a Sender<Parcel>>; CHANNELS],
    rx: [Option<&'a Receiver<Parcel>>; CHANNELS],
}

impl<'a> Party<'a> {
    fn new(id: usize, channels: &'a [Channel; CHANNELS], round: usize) -> Party<'a> {
        let rng = Rng::new(10 * round + id);
        let (can_send, can_receive) = ([true; CHANNELS], [true; CHANNELS]);
        Party { id, channels, can_send, can_receive, sent: [0; CHANNELS], received: Vec::new(), rng }
    }

    /// The next parcel for a channel. To the check, each channel is a sender of its own.
    fn parcel(&self, channel: usize) -> Parcel {
        Parcel::new(self.id * CHANNELS + channel, self.sent[channel])
    }

    fn sent(&mut self, channel: usize, result: Result<(), SendError<Parcel>>) {
        match result {
            Ok(()) => self.sent[channel] += 1,
            Err(SendError(parcel)) => {
                assert_eq!(parcel, self.parcel(channel), "another value came back");
                self.can_send[channel] = false;
            }
        }
    }

    fn received(&mut self, channel: usize, result: Result<Parcel, RecvError>) {
        match result {
            Ok(parcel) => {
                assert_eq!(parcel.sender % CHANNELS, channel, "out of another channel");
                self.received.push(parcel);
            }
            Err(RecvError) => self.can_receive[channel] = false,
        }
    }

    /// Some of what can still be done.
    fn choice(&mut self) -> Choice<'a> {
        let mut some = |open: bool| open && !self.rng.one_in(3);
        let (tx, rx) = (self.can_send.map(&mut some), self.can_receive.map(&mut some));
        let channels = self.channels;
        Choice {
            tx: std::array::from_fn(|i| tx[i].then_some(&channels[i].0)),
            rx: std::array::from_fn(|i| rx[i].then_some(&channels[i].1)),
        }
    }

    /// A `select!` with all six cases, of which some are switched off.
    fn fixed(&mut self) {
        let Choice { tx, rx } = self.choice();
        macro_rules! arms {
            ($select:ident $($default:tt)*) => {
                $select! {
                    send(tx[0], self.parcel(0)) -> r => self.sent(0, r),
                    recv(rx[1]) -> r => self.received(1, r),
                    send(tx[1], self.parcel(1)) -> r => self.sent(1, r),
                    recv(rx[0]) -> r => self.received(0, r),
                    send(tx[2], self.parcel(2)) -> r => self.sent(2, r),
                    recv(rx[2]) -> r => self.received(2, r),
                    $($default)*
                }
            };
        }
        match self.rng.below(4) {
            0 => arms!(select default => {}),
            1 => arms!(select default(self.rng.tiny()) => {}),
            2 => arms!(select_biased default(self.rng.tiny()) => {}),
            // If all are switched off, it would wait for ever.
            _ if tx.iter().all(Option::is_none) && rx.iter().all(Option::is_none) => {}
            _ => arms!(select),
        }
    }

    /// What may be chosen of a choice at run time: each number's channel and whether it is a send.
    fn dynamic_of(&mut self, choice: &Choice<'a>) -> (Select<'a>, Vec<(usize, bool)>) {
        let mut select = if self.rng.one_in(4) { Select::new_biased() } else { Select::new() };
        let mut numbers = Vec::new();
        for i in 0..CHANNELS {
            if let Some(tx) = choice.tx[i] {
                select.send(tx);
                numbers.push((i, true));
            }
            if let Some(rx) = choice.rx[i] {
                select.recv(rx);
                numbers.push((i, false));
            }
        }
        (select, numbers)
    }

    /// A `Select`, whose operation is completed, or dropped now and then.
    fn dynamic(&mut self) {
        let choice = self.choice();
        let (mut select, numbers) = self.dynamic_of(&choice);
        let operation = match self.rng.below(3) {
            0 => select.try_select().ok(),
            1 => select.select_timeout(self.rng.tiny()).ok(),
            _ if numbers.is_empty() => None,
            _ => Some(select.select()),
        };
        let Some(operation) = operation else { return };
        self.rng.pause();
        let (i, sends) = numbers[operation.index()];
        if self.rng.one_in(8) {
            return;
        }
        if sends {
            let result = operation.send(&self.channels[i].0, self.parcel(i));
            self.sent(i, result);
        } else {
            let result = operation.recv(&self.channels[i].1);
            self.received(i, result);
        }
    }

    /// Waits until something can be done, and tries it.
    fn ready(&mut self) {
        let choice = self.choice();
        let (mut select, numbers) = self.dynamic_of(&choice);
        let number =
            if self.rng.one_in(2) { select.try_ready().ok() } else { select.ready_timeout(self.rng.tiny()).ok() };
        let Some((i, sends)) = number.map(|number| numbers[number]) else { return };
        if sends {
            match self.channels[i].0.try_send(self.parcel(i)) {
                Err(TrySendError::Full(parcel)) => assert_eq!(parcel, self.parcel(i), "another value came back"),
                Err(TrySendError::Disconnected(parcel)) => self.sent(i, Err(SendError(parcel))),
                Ok(()) => self.sent(i, Ok(())),
            }
        } else {
            match self.channels[i].1.try_recv() {
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.received(i, Err(RecvError)),
                Ok(parcel) => self.received(i, Ok(parcel)),
            }
        }
    }

    /// A plain operation, with a tiny timeout.
    fn plain(&mut self) {
        let i = self.rng.below(CHANNELS);
        if self.rng.one_in(2) && self.can_send[i] {
            let result = self.channels[i].0.send_timeout(self.parcel(i), self.rng.tiny());
            match result {
                Err(error) if error.is_timeout() => assert_eq!(error.into_inner(), self.parcel(i)),
                result => self.sent(i, result.map_err(|error| SendError(error.into_inner()))),
            }
        } else if self.can_receive[i] {
            match self.channels[i].1.recv_timeout(self.rng.tiny()) {
                Err(error) if error.is_timeout() => {}
                result => self.received(i, result.map_err(|_| RecvError)),
            }
        }
    }

    /// Until everything is closed.
    fn run(mut self) -> ([usize; CHANNELS], Vec<Parcel>) {
        while self.can_send != [false; CHANNELS] || self.can_receive != [false; CHANNELS] {
            match self.rng.below(8) {
                0..4 => self.fixed(),
                4..6 => self.dynamic(),
                6 => self.ready(),
                _ => self.plain(),
            }
            self.rng.pause();
        }
        (self.sent, self.received)
    }
}

/// Everybody does everything with everything. What was sent is received, once, and that of one sender through one channel
/// comes in order to each receiver.
#[test]
fn everything_at_once() {
    let _watchdog = Watchdog::new();
    for round in rounds(300, 2 * LIMIT) {
        let mut rng = Rng::new(10 * round + 9);
        let channels: [Channel; CHANNELS] = match round % 3 {
            0 => [0, 1, 8],
            1 => [0; CHANNELS],
            _ => [1, 0, usize::MAX],
        }
        .map(make);
        let (sent, received) = thread::scope(|s| {
            let channels = &channels;
            let parties = start(s, THREADS, |id| move || Party::new(id, channels, round).run());
            let mut order = [0, 1, 2];
            order.rotate_left(rng.below(CHANNELS));
            for i in order {
                if rng.one_in(4) {
                    thread::sleep(Duration::from_millis(1));
                }
                (0..rng.below(60)).for_each(|_| thread::yield_now());
                channels[i].1.close().unwrap();
            }
            join(parties).into_iter().unzip::<_, _, Vec<_>, Vec<_>>()
        });
        assert!(channels.iter().all(|(tx, _)| tx.is_empty()), "everybody receives until the end");
        check(&received, &sent.concat());
    }
}

/// Two selects for one rendezvous each way, again and again: they always pair, and nobody is served twice.
#[test]
fn two_that_face_each_other() {
    let _watchdog = Watchdog::new();
    let channels: [Channel; 2] = [0, 0].map(make);
    let n = if cfg!(debug_assertions) { 5_000 } else { 20_000 };
    let received = thread::scope(|s| {
        let channels = &channels;
        join(start(s, 2, |id| {
            move || {
                let (tx, rx) = (&channels[id].0, &channels[1 - id].1);
                let (mut sent, mut received) = (0, Vec::new());
                // Either sends all of its own and receives all of the other's, in whatever order.
                while sent < n || received.len() < n {
                    let tx = (sent < n).then_some(tx);
                    let rx = (received.len() < n).then_some(rx);
                    select! {
                        send(tx, Parcel::new(id, sent)) -> r => {
                            r.unwrap();
                            sent += 1;
                        }
                        recv(rx) -> r => received.push(r.unwrap()),
                    }
                }
                received
            }
        }))
    });
    check(&received, &[n; 2]);
}

/// 1,000 selects wait on one channel that hardly ever has anything, and on one that is busy. In between some go through
/// the first one; at last its close wakes them all.
#[test]
fn a_thousand_selectors() {
    const SELECTORS: usize = 1_000;
    const BUSY: usize = 20_000;
    let _watchdog = Watchdog::new();
    let (shared, wait) = make::<Parcel>(0);
    let (busy, work) = make::<Parcel>(0);
    thread::scope(|s| {
        let selectors: Vec<_> = (0..SELECTORS)
            .map(|_| {
                let (wait, work) = (&wait, &work);
                let selector = move || {
                    let mut received = Vec::new();
                    loop {
                        select! {
                            recv(wait) -> v => match v {
                                Ok(parcel) => received.push(parcel),
                                Err(RecvError) => return received,
                            },
                            recv(work) -> v => received.push(v.unwrap()),
                        }
                    }
                };
                thread::Builder::new().stack_size(128 * 1024).spawn_scoped(s, selector).unwrap()
            })
            .collect();
        let mut sent = [0; 2];
        for n in rounds(BUSY, LIMIT) {
            busy.send(Parcel::new(0, n)).unwrap();
            sent[0] = n + 1;
            if n % 16 == 0 {
                shared.send(Parcel::new(1, sent[1])).unwrap();
                sent[1] += 1;
            }
        }
        shared.close().unwrap();
        check(&join(selectors), &sent);
    });
}
