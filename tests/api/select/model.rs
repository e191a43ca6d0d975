//! Every kind of case beside every other, in the shape of `TestSelect` of Go's reflect package: what a select does must be
//! one of the things that a sequential model allows, and exactly that one thing must have happened.
//!
//! Pairs of cases are enumerated; longer lists, and lists in which channels occur more than once, are chosen at random.

use std::collections::VecDeque;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use gosync::chan::{Chan, Receiver, RecvError, Select, SendError, Sender, select, select_biased};
use gosync_tests::times;

use super::{await_receiver, await_sender};
use crate::rng::Rng;
use crate::watchdog::Watchdog;

/// A channel, as the model knows it. At most one peer is blocked on it.
#[derive(Clone, Debug, Default)]
struct State {
    nil: bool,
    /// The operand is `None`; `Select` gets a nil channel instead.
    off: bool,
    closed: bool,
    capacity: usize,
    buffer: VecDeque<u32>,
    /// The value of a blocked sender.
    sender: Option<u32>,
    receiver: bool,
}

/// What a peer in the model has got.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Sent,
    /// A value that came back.
    Back(u32),
    Received(u32),
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Send,
    Recv,
}

/// What a select has done.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Done {
    Sent(Result<(), SendError<u32>>),
    Received(Result<u32, RecvError>),
    /// Nothing: it only said that it could.
    Ready,
}

/// The value that a select sends in case `n`.
fn message(n: usize) -> u32 {
    100 + n as u32
}

const BUFFERED: u32 = 1;
const FROM_PEER: u32 = 50;

impl State {
    /// All that a channel can be.
    fn all() -> Vec<State> {
        let open = |capacity, values: u32| State {
            capacity,
            buffer: (BUFFERED..BUFFERED + values).collect(),
            ..State::default()
        };
        let mut all = vec![State { nil: true, ..State::default() }, State { nil: true, off: true, ..State::default() }];
        for (capacity, values) in [(0, 0), (1, 0), (1, 1), (2, 1), (3, 3), (usize::MAX, 0), (usize::MAX, 2)] {
            let state = open(capacity, values);
            all.push(State { closed: true, ..state.clone() });
            if values == 0 {
                all.push(State { receiver: true, ..state.clone() });
            }
            if values as usize == capacity {
                all.push(State { sender: Some(FROM_PEER), ..state.clone() });
            }
            all.push(state);
        }
        all
    }

    fn is_ready(&self, side: Side) -> bool {
        match side {
            _ if self.nil => false,
            _ if self.closed => true,
            Side::Send => self.receiver || self.buffer.len() < self.capacity,
            Side::Recv => self.sender.is_some() || !self.buffer.is_empty(),
        }
    }

    /// Does it; what becomes of the peer, if it concerns it.
    fn send(&mut self, value: u32) -> (Result<(), SendError<u32>>, Option<Fate>) {
        if self.closed {
            return (Err(SendError(value)), None);
        }
        if std::mem::take(&mut self.receiver) {
            return (Ok(()), Some(Fate::Received(value)));
        }
        self.buffer.push_back(value);
        (Ok(()), None)
    }

    fn recv(&mut self) -> (Result<u32, RecvError>, Option<Fate>) {
        let sender = self.sender.take();
        self.buffer.extend(sender);
        (self.buffer.pop_front().ok_or(RecvError), sender.map(|_| Fate::Sent))
    }

    /// What becomes of the peer in the end.
    fn close(&mut self) -> Option<Fate> {
        self.closed = true;
        let ended = std::mem::take(&mut self.receiver).then_some(Fate::Ended);
        ended.or(self.sender.take().map(Fate::Back))
    }
}

/// A channel in such a state.
struct Real<'scope> {
    tx: Sender<u32>,
    rx: Receiver<u32>,
    off: bool,
    peer: Option<ScopedJoinHandle<'scope, Fate>>,
}

impl<'scope> Real<'scope> {
    fn new(state: &State, s: &'scope Scope<'scope, '_>, rng: &mut Rng) -> Real<'scope> {
        let c = if state.nil { Chan::nil() } else { Chan::new(state.capacity) };
        state.buffer.iter().for_each(|&value| c.send(value).unwrap());
        if state.closed {
            c.close().unwrap();
        }
        let (tx, rx) = c.split();
        let way = rng.below(3);
        let peer = if state.receiver {
            let own = rx.clone();
            let peer = s.spawn(move || match way {
                0 => own.recv().map_or(Fate::Ended, Fate::Received),
                1 => select! { recv(own) -> v => v.map_or(Fate::Ended, Fate::Received) },
                _ => super::choose_recv(&own).recv(&own).map_or(Fate::Ended, Fate::Received),
            });
            await_receiver(&tx);
            Some(peer)
        } else if let Some(value) = state.sender {
            let own = tx.clone();
            let back = |SendError(value)| Fate::Back(value);
            let peer = s.spawn(move || match way {
                0 => own.send(value).map_or_else(back, |()| Fate::Sent),
                1 => select! { send(own, value) -> sent => sent.map_or_else(back, |()| Fate::Sent) },
                _ => super::choose_send(&own).send(&own, value).map_or_else(back, |()| Fate::Sent),
            });
            await_sender(&rx);
            Some(peer)
        } else {
            None
        };
        Real { tx, rx, off: state.off, peer }
    }

    fn tx(&self) -> Option<&Sender<u32>> {
        (!self.off).then_some(&self.tx)
    }

    fn rx(&self) -> Option<&Receiver<u32>> {
        (!self.off).then_some(&self.rx)
    }
}

/// How long a select waits.
#[derive(Clone, Copy, Debug)]
enum Patience {
    None,
    /// No longer than that it looks once.
    Past,
    /// Only if something is ready, or gets so.
    Unlimited,
}

const PATIENCE: [Patience; 3] = [Patience::None, Patience::Past, Patience::Unlimited];

/// Which interface.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Style {
    Macro,
    Chosen,
    ChosenAndDropped,
    Ready,
}

const STYLES: [Style; 4] = [Style::Macro, Style::Chosen, Style::ChosenAndDropped, Style::Ready];

#[derive(Clone, Copy, Debug)]
struct Form {
    style: Style,
    patience: Patience,
    biased: bool,
}

/// Which channel, and what to do with it.
type Cases = [(usize, Side)];

fn dynamic(real: &[Real<'_>], cases: &Cases, form: Form) -> Option<(usize, Done)> {
    let mut select = if form.biased { Select::new_biased() } else { Select::new() };
    for &(c, side) in cases {
        match side {
            Side::Send => select.send(&real[c].tx),
            Side::Recv => select.recv(&real[c].rx),
        };
    }
    if form.style == Style::Ready {
        let number = match form.patience {
            Patience::None => select.try_ready().ok(),
            Patience::Past => select.ready_deadline(Instant::now()).ok(),
            Patience::Unlimited => Some(select.ready()),
        };
        return number.map(|number| (number, Done::Ready));
    }
    let operation = match form.patience {
        Patience::None => select.try_select().ok()?,
        Patience::Past => select.select_timeout(Duration::ZERO).ok()?,
        Patience::Unlimited => select.select(),
    };
    let number = operation.index();
    let (c, side) = cases[number];
    let done = match side {
        _ if form.style == Style::ChosenAndDropped => Done::Ready,
        Side::Send => Done::Sent(operation.send(&real[c].tx, message(number))),
        Side::Recv => Done::Received(operation.recv(&real[c].rx)),
    };
    Some((number, done))
}

/// A select of a certain shape: `shape!(real cases form; send 0, recv 1)`.
macro_rules! shape {
    ($real:ident $cases:ident $form:ident; $($cases_left:tt)*) => {
        if $form.biased {
            shape!(@arms select_biased $real $cases $form [] $($cases_left)*)
        } else {
            shape!(@arms select $real $cases $form [] $($cases_left)*)
        }
    };
    (@arms $select:ident $real:ident $cases:ident $form:ident [$($arms:tt)*]) => {
        match $form.patience {
            Patience::None => $select! { $($arms)* default => None },
            Patience::Past => $select! { $($arms)* default(Duration::ZERO) => None },
            Patience::Unlimited => $select! { $($arms)* },
        }
    };
    (@arms $select:ident $real:ident $cases:ident $form:ident [$($arms:tt)*] send $n:literal $(, $($left:tt)*)?) => {
        shape!(@arms $select $real $cases $form [
            $($arms)* send($real[$cases[$n].0].tx(), message($n)) -> sent => Some(($n, Done::Sent(sent))),
        ] $($($left)*)?)
    };
    (@arms $select:ident $real:ident $cases:ident $form:ident [$($arms:tt)*] recv $n:literal $(, $($left:tt)*)?) => {
        shape!(@arms $select $real $cases $form [
            $($arms)* recv($real[$cases[$n].0].rx()) -> received => Some(($n, Done::Received(received))),
        ] $($($left)*)?)
    };
}

/// The macros, for up to three cases.
fn fixed(real: &[Real<'_>], cases: &Cases, form: Form) -> Option<(usize, Done)> {
    let sides: Vec<_> = cases.iter().map(|&(_, side)| side).collect();
    match sides[..] {
        [Side::Send] => shape!(real cases form; send 0),
        [Side::Recv] => shape!(real cases form; recv 0),
        [Side::Send, Side::Send] => shape!(real cases form; send 0, send 1),
        [Side::Send, Side::Recv] => shape!(real cases form; send 0, recv 1),
        [Side::Recv, Side::Send] => shape!(real cases form; recv 0, send 1),
        [Side::Recv, Side::Recv] => shape!(real cases form; recv 0, recv 1),
        [Side::Send, Side::Send, Side::Send] => shape!(real cases form; send 0, send 1, send 2),
        [Side::Send, Side::Send, Side::Recv] => shape!(real cases form; send 0, send 1, recv 2),
        [Side::Send, Side::Recv, Side::Send] => shape!(real cases form; send 0, recv 1, send 2),
        [Side::Send, Side::Recv, Side::Recv] => shape!(real cases form; send 0, recv 1, recv 2),
        [Side::Recv, Side::Send, Side::Send] => shape!(real cases form; recv 0, send 1, send 2),
        [Side::Recv, Side::Send, Side::Recv] => shape!(real cases form; recv 0, send 1, recv 2),
        [Side::Recv, Side::Recv, Side::Send] => shape!(real cases form; recv 0, recv 1, send 2),
        [Side::Recv, Side::Recv, Side::Recv] => shape!(real cases form; recv 0, recv 1, recv 2),
        _ => dynamic(real, cases, Form { style: Style::Chosen, ..form }),
    }
}

/// What makes a case of a blocked select possible.
#[derive(Clone, Copy, Debug)]
enum Help {
    /// The plain operation of the other side.
    Peer,
    Close,
}

/// Runs one select on channels in these states, and checks it against the model.
fn check(states: &[State], cases: &Cases, form: Form, rng: &mut Rng) {
    let mut model = states.to_vec();
    let mut ready: Vec<_> = (0..cases.len()).filter(|&n| model[cases[n].0].is_ready(cases[n].1)).collect();
    // Who helps, if nothing is ready and the select would wait for ever.
    let mut help = None;
    if ready.is_empty() && matches!(form.patience, Patience::Unlimited) {
        let can_be: Vec<_> = (0..cases.len()).filter(|&n| !model[cases[n].0].nil).collect();
        if can_be.is_empty() {
            return;
        }
        let (c, side) = cases[can_be[rng.below(can_be.len())]];
        // One that already has a peer in line would serve that first.
        let has_peer = model[c].sender.is_some() || model[c].receiver;
        let way = if has_peer || form.style != Style::Macro && form.style != Style::Chosen || rng.one_in(2) {
            Help::Close
        } else {
            Help::Peer
        };
        ready = match way {
            Help::Close => (0..cases.len()).filter(|&n| cases[n].0 == c).collect(),
            Help::Peer => (0..cases.len()).filter(|&n| cases[n] == (c, side)).collect(),
        };
        help = Some((c, side, way));
    }

    let context = || format!("{states:?}, {cases:?}, {form:?}, {help:?}");
    thread::scope(|s| {
        let real: Vec<_> = states.iter().map(|state| Real::new(state, s, rng)).collect();
        let mut helped = None;
        let chosen = thread::scope(|inner| {
            let helper = help.map(|(c, side, way)| {
                let (tx, rx) = (real[c].tx.clone(), real[c].rx.clone());
                inner.spawn(move || match (way, side) {
                    (Help::Close, _) => {
                        tx.close().unwrap();
                        None
                    }
                    (Help::Peer, Side::Recv) => {
                        tx.send(FROM_PEER).unwrap();
                        None
                    }
                    (Help::Peer, Side::Send) => Some(rx.recv().unwrap()),
                })
            });
            let chosen =
                if form.style == Style::Macro { fixed(&real, cases, form) } else { dynamic(&real, cases, form) };
            helped = helper.map(|helper| helper.join().unwrap());
            chosen
        });

        // What the model says that has happened.
        let mut fates: Vec<Option<Fate>> = vec![None; states.len()];
        match help {
            Some((c, _, Help::Close)) => fates[c] = model[c].close(),
            Some((c, Side::Recv, Help::Peer)) => _ = model[c].send(FROM_PEER),
            // With its own message at the end, if there is no buffer; that one is received first otherwise.
            Some((c, Side::Send, Help::Peer)) => {
                let number = chosen.expect("it waited for that").0;
                model[c].buffer.push_back(message(number));
                assert_eq!(helped, Some(model[c].buffer.pop_front()), "{}", context());
            }
            None => {}
        }
        match chosen {
            None => assert!(ready.is_empty(), "nothing, but {ready:?} can be done: {}", context()),
            Some((number, done)) => {
                assert!(ready.contains(&number), "{number}, but only {ready:?} can be done: {}", context());
                if form.biased && help.is_none() {
                    assert_eq!(number, ready[0], "not the first: {}", context());
                }
                let (c, side) = cases[number];
                let (expected, fate) = match side {
                    _ if matches!(form.style, Style::ChosenAndDropped | Style::Ready) => (Done::Ready, None),
                    // Done above.
                    Side::Send if matches!(help, Some((_, _, Help::Peer))) => (Done::Sent(Ok(())), None),
                    Side::Send => {
                        let (sent, fate) = model[c].send(message(number));
                        (Done::Sent(sent), fate)
                    }
                    Side::Recv => {
                        let (received, fate) = model[c].recv();
                        (Done::Received(received), fate)
                    }
                };
                assert_eq!(done, expected, "{}", context());
                fates[c] = fates[c].or(fate);
            }
        }

        // What is left, and what became of the peers.
        for ((state, real), fate) in model.iter_mut().zip(real).zip(fates) {
            // One that was served may not have got as far as to block; the close must not come first.
            if !matches!(fate, Some(Fate::Sent | Fate::Received(_))) {
                real.tx.close().ok();
            }
            let peer = real.peer.map(|peer| peer.join().unwrap());
            let fate = fate.or(state.close());
            assert_eq!(peer, fate, "the peer: {}", context());
            assert!(real.rx.try_iter().eq(state.buffer.iter().copied()), "what is left: {}", context());
        }
    });
}

fn forms() -> impl Iterator<Item = Form> {
    STYLES.into_iter().flat_map(|style| {
        PATIENCE
            .into_iter()
            .flat_map(move |patience| [false, true].into_iter().map(move |biased| Form { style, patience, biased }))
    })
}

const SIDES: [Side; 2] = [Side::Send, Side::Recv];

/// One case, of every kind, in every form.
#[test]
fn alone() {
    let _watchdog = Watchdog::new();
    let mut rng = Rng::new(0);
    for state in State::all() {
        for side in SIDES {
            for form in forms() {
                check(std::slice::from_ref(&state), &[(0, side)], form, &mut rng);
            }
        }
    }
}

/// Every kind of case beside every other; the form is chosen at random.
#[test]
fn pairs() {
    let _watchdog = Watchdog::new();
    let mut rng = Rng::new(1);
    let forms: Vec<_> = forms().collect();
    for first in State::all() {
        for second in State::all() {
            let states = [first.clone(), second];
            for (one, two) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let form = forms[rng.below(forms.len())];
                check(&states, &[(0, SIDES[one]), (1, SIDES[two])], form, &mut rng);
            }
        }
    }
}

/// Up to ten cases of any kind on up to four channels, which may occur several times, on both sides.
#[test]
fn any() {
    let _watchdog = Watchdog::new();
    let mut rng = Rng::new(2);
    let (all, forms): (Vec<_>, Vec<_>) = (State::all(), forms().collect());
    for round in 0..times(3_000) {
        let states: Vec<_> = (0..=rng.below(4)).map(|_| all[rng.below(all.len())].clone()).collect();
        let most = if round % 2 == 0 { 3 } else { 10 };
        let cases: Vec<_> = (0..=rng.below(most)).map(|_| (rng.below(states.len()), SIDES[rng.below(2)])).collect();
        let form = forms[rng.below(forms.len())];
        check(&states, &cases, form, &mut rng);
    }
}
