//! Two channels, and every way to use them: plain, tried, timed, selected, by a task, closed.

use gosync::chan::{
    Chan, Receiver, RecvError, RecvTimeoutError, Select, SendError, SendTimeoutError, Sender, TryRecvError,
    TrySendError, select, select_async,
};

use crate::model::{CHANNELS, Effect, Model, Side};
use crate::record::{Game, Middle, Recorder, convince};
use crate::rng::Rng;
use crate::task::block_on;

fn sent<E>(
    result: Result<(), E>,
    channel: usize,
    value: u8,
    patient: bool,
    failure: impl FnOnce(E) -> (bool, u8),
) -> Effect {
    match result.map_err(failure) {
        Ok(()) => Effect::Sent { channel, value, patient },
        Err((closed, back)) => {
            assert_eq!(back, value, "another value came back");
            if closed { Effect::Refused(channel) } else { Effect::Nothing(vec![Side::Send(channel)]) }
        }
    }
}

fn refused(error: SendError<u8>) -> (bool, u8) {
    (true, error.0)
}

fn received(result: Result<u8, RecvError>, channel: usize, patient: bool) -> Effect {
    result.map_or(Effect::Ended(channel), |value| Effect::Received { channel, value, patient })
}

fn nothing(channel: usize) -> Effect {
    Effect::Nothing(vec![Side::Receive(channel)])
}

/// How an operation is done.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Try,
    Timed,
    Plain,
    Task,
}

fn send(c: &Chan<u8>, channel: usize, value: u8, way: Way, rng: &mut Rng) -> Effect {
    match way {
        Way::Try => sent(c.try_send(value), channel, value, false, |error| match error {
            TrySendError::Full(back) => (false, back),
            TrySendError::Disconnected(back) => (true, back),
        }),
        Way::Timed => sent(c.send_timeout(value, rng.tiny()), channel, value, true, |error| match error {
            SendTimeoutError::Timeout(back) => (false, back),
            SendTimeoutError::Disconnected(back) => (true, back),
        }),
        Way::Plain => sent(c.send(value), channel, value, true, refused),
        Way::Task => sent(block_on(c.sender().send_async(value)), channel, value, true, refused),
    }
}

fn receive(c: &Chan<u8>, channel: usize, way: Way, rng: &mut Rng) -> Effect {
    match way {
        Way::Try => match c.try_recv() {
            Err(TryRecvError::Empty) => nothing(channel),
            other => received(other.map_err(|_| RecvError), channel, false),
        },
        Way::Timed => match c.recv_timeout(rng.tiny()) {
            Err(RecvTimeoutError::Timeout) => nothing(channel),
            other => received(other.map_err(|_| RecvError), channel, true),
        },
        Way::Plain => received(c.recv(), channel, true),
        Way::Task => received(block_on(c.receiver().recv_async()), channel, true),
    }
}

/// A select over some sides, in its way. A send, and what a `Select` has chosen, are chosen first and done later.
fn select_of(
    channels: &[Chan<u8>; CHANNELS],
    sides: &[Side],
    value: u8,
    way: Way,
    rng: &mut Rng,
    middle: &Middle<'_>,
) -> Effect {
    let permits = sides.iter().any(|side| matches!(side, Side::Send(_)));
    let tx: [Option<Sender<u8>>; CHANNELS] =
        std::array::from_fn(|c| sides.contains(&Side::Send(c)).then(|| channels[c].sender()));
    let rx: [Option<Receiver<u8>>; CHANNELS] =
        std::array::from_fn(|c| sides.contains(&Side::Receive(c)).then(|| channels[c].receiver()));
    let patient = way != Way::Try;
    let message = || {
        middle.is_now();
        value
    };
    macro_rules! arms {
        ($select:ident $($default:tt)*) => {
            $select! {
                // At capacity 0 its partner may go on with another one meanwhile, so it counts as patient.
                send(tx[0], message()) -> r => sent(r, 0, value, true, refused),
                recv(rx[1]) -> r => received(r, 1, patient),
                send(tx[1], message()) -> r => sent(r, 1, value, true, refused),
                recv(rx[0]) -> r => received(r, 0, patient),
                $($default)*
            }
        };
    }
    match way {
        Way::Try => arms!(select default => Effect::Nothing(sides.to_vec())),
        Way::Timed if !permits || rng.one_in(2) => arms!(select default(rng.tiny()) => Effect::Nothing(sides.to_vec())),
        Way::Plain => arms!(select),
        Way::Task => block_on(async { arms!(select_async) }),
        Way::Timed => {
            let mut select = Select::new();
            for &side in sides {
                match side {
                    Side::Send(c) => select.send(tx[c].as_ref().unwrap()),
                    Side::Receive(c) => select.recv(rx[c].as_ref().unwrap()),
                };
            }
            let Ok(operation) = select.select_timeout(rng.tiny()) else { return Effect::Nothing(sides.to_vec()) };
            middle.is_now();
            rng.pause();
            match sides[operation.index()] {
                side if rng.one_in(6) => {
                    drop(operation);
                    Effect::GivenBack(side)
                }
                Side::Send(c) => sent(operation.send(tx[c].as_ref().unwrap(), value), c, value, true, refused),
                Side::Receive(c) => received(operation.recv(rx[c].as_ref().unwrap()), c, true),
            }
        }
    }
}

/// The first channel begins with a past: so many operations without anybody waiting that the others find its lanes open.
fn prepared(channel: Chan<u8>, c: usize) -> Chan<u8> {
    const OPERATIONS: usize = 40;
    if c == 0 && channel.capacity() != Some(0) {
        for _ in 0..OPERATIONS / 2 {
            channel.send(0).unwrap();
            channel.recv().unwrap();
        }
    }
    channel
}

struct Channels {
    capacity: usize,
    /// Whether there are operations that are chosen first and done later.
    permits: bool,
    /// Whether tasks take part.
    tasks: bool,
}

impl Game for Channels {
    type Spec = Model;
    type Object = [Chan<u8>; CHANNELS];

    fn set_up(&self) -> (Self::Object, Model) {
        (std::array::from_fn(|c| prepared(Chan::new(self.capacity), c)), Model::new(self.capacity))
    }

    /// The first thread never blocks for good and closes at its end, so all others end too.
    fn play(&self, channels: &Self::Object, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        let closer = recorder.thread == 0;
        let most = if closer { 3 } else { 4 + usize::from(self.tasks) };
        let sends = rng.below(4);
        for _ in 0..2 + rng.below(4) {
            // One of them is used more, and so gets full.
            let (value, c) = (recorder.value(), usize::from(rng.one_in(4)));
            let way = [Way::Try, Way::Timed, Way::Timed, Way::Plain, Way::Task][rng.below(most)];
            match rng.below(10) {
                9 => recorder.record(|| Effect::Len { channel: c, len: channels[c].len() }),
                8 if rng.one_in(8) => recorder.record(|| close(channels, c)),
                5.. => {
                    let all = (0..CHANNELS).flat_map(|c| [Side::Send(c), Side::Receive(c)]);
                    // An operation whose partner gives up goes on as a plain one: not with the one that closes.
                    let permits = self.permits && !closer;
                    let allowed = |side: &Side| permits || matches!(side, Side::Receive(_));
                    let mut sides: Vec<_> = all.filter(|side| allowed(side) && rng.one_in(2)).collect();
                    if sides.is_empty() {
                        sides.push(Side::Receive(c));
                    }
                    let select = |middle: &Middle<'_>| select_of(channels, &sides, value, way, rng, middle);
                    recorder.record_parts(select, |effect| effect.parts(way != Way::Task));
                }
                direction if (direction < 2) != (sends < 2) => {
                    recorder.record(|| send(&channels[c], c, value, way, rng))
                }
                _ => recorder.record(|| receive(&channels[c], c, way, rng)),
            }
            rng.pause();
        }
        if closer {
            (0..CHANNELS).for_each(|c| recorder.record(|| close(channels, c)));
        }
    }

    /// What is left is received.
    fn end(&self, channels: &Self::Object, recorder: &mut Recorder<'_, Effect>) {
        for (c, channel) in channels.iter().enumerate() {
            let left = channel.len();
            (0..=left).for_each(|_| recorder.record(|| received(channel.recv(), c, true)));
        }
    }
}

fn close(channels: &[Chan<u8>; CHANNELS], channel: usize) -> Effect {
    Effect::Close { channel, first: channels[channel].close().is_ok() }
}

fn all(capacity: usize) {
    for (permits, tasks) in [(false, true), (true, true), (true, false)] {
        convince(&Channels { capacity, permits, tasks });
    }
}

#[test]
fn capacity_0() {
    all(0);
}

#[test]
fn capacity_1() {
    all(1);
}

#[test]
fn capacity_2() {
    all(2);
}

/// More than the models have: what is right for the two smallest buffers may be wrong for all others.
#[test]
fn capacity_3() {
    all(3);
}

#[test]
fn capacity_8() {
    all(8);
}

#[test]
fn unbounded() {
    all(usize::MAX);
}
