//! Two channels, and every way to use them: plain, tried, timed, selected, by a task, closed.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use gosync::chan::{
    Chan, Receiver, RecvError, RecvTimeoutError, Select, SendError, SendTimeoutError, Sender, TryRecvError,
    TrySendError, select, select_async,
};

use crate::checker::Spec;
use crate::record::{Game, Middle, Recorder, convince};
use crate::rng::Rng;

const CHANNELS: usize = 2;

/// One side of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Send(usize),
    Receive(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A value was taken. `patient`: by an operation that may block.
    Sent {
        channel: usize,
        value: u8,
        patient: bool,
    },
    Received {
        channel: usize,
        value: u8,
        patient: bool,
    },
    /// An operation or a select that found nothing to do at some instant: of these sides.
    Nothing(Vec<Side>),
    /// A send was refused: closed.
    Refused(usize),
    /// A receive reported the end: closed and drained.
    Ended(usize),
    /// `close`, and whether it was the first.
    Close {
        channel: usize,
        first: bool,
    },
    Len {
        channel: usize,
        len: usize,
    },
    /// The first half of an operation that was chosen and done later: room, or a value, is set aside; or it is known to
    /// have failed. `None`: nobody has asked.
    Chosen {
        side: Side,
        failed: Option<bool>,
    },
    /// The second half, with what it reported.
    Completed(Box<Effect>),
    /// Or what was set aside is given back.
    GivenBack(Side),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Queue {
    buffer: Vec<u8>,
    closed: bool,
    /// Room and values that are set aside.
    slots: usize,
    items: usize,
}

/// Channels as Go's, with what is set aside for those who have chosen an operation: the holder of a permit for a value gets
/// the oldest one when he comes for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    capacity: usize,
    queues: [Queue; CHANNELS],
}

impl Model {
    pub(crate) fn new(capacity: usize) -> Model {
        Model { capacity, queues: Default::default() }
    }

    fn has_room(&self, channel: usize) -> bool {
        let queue = &self.queues[channel];
        !queue.closed && queue.buffer.len() + queue.slots < self.capacity
    }

    fn has_item(&self, channel: usize) -> bool {
        self.queues[channel].buffer.len() > self.queues[channel].items
    }

    fn is_ready(&self, side: Side) -> bool {
        match side {
            Side::Send(c) => self.queues[c].closed || self.has_room(c),
            Side::Receive(c) => self.queues[c].closed || self.has_item(c),
        }
    }
}

impl Spec for Model {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Model> {
        let mut next = self.clone();
        let queues = &mut next.queues;
        let possible = match *effect {
            Effect::Sent { channel, value, .. } => {
                queues[channel].buffer.push(value);
                self.has_room(channel)
            }
            Effect::Received { channel, value, .. } => {
                self.has_item(channel) && queues[channel].buffer.remove(0) == value
            }
            Effect::Nothing(ref sides) => !sides.iter().any(|&side| self.is_ready(side)),
            Effect::Refused(channel) => queues[channel].closed,
            Effect::Ended(channel) => queues[channel].closed && !self.has_item(channel),
            Effect::Close { channel, first } => {
                queues[channel].slots = 0;
                first != std::mem::replace(&mut queues[channel].closed, true)
            }
            Effect::Len { channel, len } => queues[channel].buffer.len() == len,
            Effect::Chosen { .. } | Effect::Completed(_) | Effect::GivenBack(_) => return self.after_part(effect),
        };
        if possible { vec![next] } else { vec![] }
    }

    /// Without a buffer a send and its receive happen together, if one of them was willing to wait. And so they may while
    /// the whole buffer is set aside: the receive gets the oldest value, and the new one takes its place.
    fn after_both(&self, first: &Effect, second: &Effect) -> Option<Model> {
        // What was chosen while it was open goes on beyond the close, and with it the peer that waits for it.
        let chosen = matches!(first, Effect::Completed(_)) || matches!(second, Effect::Completed(_));
        let (first, second) = (first.completion(), second.completion());
        let (
            &Effect::Sent { channel, value, patient },
            &Effect::Received { channel: from, value: received, patient: too },
        ) = (first, second)
        else {
            return None;
        };
        let queue = &self.queues[channel];
        let room_for_it = self.capacity == 0 || chosen || queue.items + queue.slots > 0;
        if channel != from || !(patient || too) || (queue.closed && !chosen) || !room_for_it {
            return None;
        }
        let mut next = self.clone();
        let buffer = &mut next.queues[channel].buffer;
        buffer.push(value);
        (buffer.remove(0) == received).then_some(next)
    }
}

impl Effect {
    fn completion(&self) -> &Effect {
        if let Effect::Completed(effect) = self { effect } else { self }
    }

    /// The halves of an operation that was chosen first.
    fn parts(self) -> [Effect; 2] {
        let (side, failed) = match self {
            Effect::Sent { channel, .. } => (Side::Send(channel), Some(false)),
            Effect::Received { channel, .. } => (Side::Receive(channel), Some(false)),
            Effect::Refused(channel) => (Side::Send(channel), Some(true)),
            Effect::Ended(channel) => (Side::Receive(channel), Some(true)),
            Effect::GivenBack(side) => return [Effect::Chosen { side, failed: None }, self],
            _ => unreachable!("nothing was chosen"),
        };
        [Effect::Chosen { side, failed }, Effect::Completed(Box::new(self))]
    }
}

impl Model {
    /// The halves. What meets a waiting peer sets nothing aside: the second half is done together with the peer.
    fn after_part(&self, effect: &Effect) -> Vec<Model> {
        let mut next = self.clone();
        let (side, set_aside) = match *effect {
            Effect::Chosen { side, failed } => {
                let (ended, possible) = match side {
                    Side::Send(channel) => {
                        next.queues[channel].slots += 1;
                        (self.queues[channel].closed, self.has_room(channel))
                    }
                    Side::Receive(channel) => {
                        next.queues[channel].items += 1;
                        let some = self.has_item(channel);
                        (self.queues[channel].closed && !some, some)
                    }
                };
                // One that is to fail may have set room aside, and then comes the close.
                if ended {
                    return if failed == Some(false) { vec![] } else { vec![self.clone()] };
                }
                if failed == Some(true) && matches!(side, Side::Receive(_)) {
                    return vec![];
                }
                (side, possible)
            }
            Effect::GivenBack(side) => {
                let (Side::Send(channel) | Side::Receive(channel)) = side;
                let queue = &mut next.queues[channel];
                let count = if side == Side::Send(channel) { &mut queue.slots } else { &mut queue.items };
                let some = *count > 0;
                *count = count.saturating_sub(1);
                return if some { vec![next, self.clone()] } else { vec![self.clone()] };
            }
            Effect::Completed(ref effect) => match **effect {
                Effect::Sent { channel, value, .. } => {
                    let queue = &mut next.queues[channel];
                    let possible = queue.slots > 0;
                    queue.slots = queue.slots.saturating_sub(1);
                    queue.buffer.push(value);
                    return if possible { vec![next] } else { vec![] };
                }
                Effect::Received { channel, value, .. } => {
                    let queue = &mut next.queues[channel];
                    let possible = queue.items > 0 && queue.buffer.remove(0) == value;
                    queue.items = queue.items.saturating_sub(1);
                    return if possible { vec![next] } else { vec![] };
                }
                // It was drained when it was chosen.
                Effect::Ended(_) => return vec![next],
                ref other => return self.after(other),
            },
            _ => unreachable!("not a part"),
        };
        let (Side::Send(channel) | Side::Receive(channel)) = side;
        let queue = &self.queues[channel];
        let peer_waits = !queue.closed && (queue.items + queue.slots > 0 || self.capacity == 0);
        [set_aside.then_some(next), peer_waits.then(|| self.clone())].into_iter().flatten().collect()
    }
}

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

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}

/// Polls a task on this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
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
    give_back: bool,
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
                side if give_back && rng.one_in(6) => {
                    drop(operation);
                    Effect::GivenBack(side)
                }
                Side::Send(c) => sent(operation.send(tx[c].as_ref().unwrap(), value), c, value, true, refused),
                Side::Receive(c) => received(operation.recv(rx[c].as_ref().unwrap()), c, true),
            }
        }
    }
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

    fn new(&self) -> (Self::Object, Model) {
        (std::array::from_fn(|_| Chan::new(self.capacity)), Model::new(self.capacity))
    }

    /// The first thread never blocks for good and closes at its end, so all others end too.
    fn play(&self, channels: &Self::Object, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        let closer = recorder.thread == 0;
        let most = if closer { 3 } else { 4 + usize::from(self.tasks) };
        // A task does not wait for a partner at capacity 0: it leaves its value in the buffer, and there it stays if the
        // partner gives up.
        let give_back = !self.tasks || self.capacity > 0;
        let sends = rng.below(4);
        for _ in 0..2 + rng.below(3) {
            let (value, c) = (recorder.value(), rng.below(CHANNELS));
            let way = [Way::Try, Way::Timed, Way::Timed, Way::Plain, Way::Task][rng.below(most)];
            match rng.below(10) {
                // The value of a task that waits for its partner shows at capacity 0.
                9 if self.capacity > 0 || !self.tasks => {
                    recorder.record(|| Effect::Len { channel: c, len: channels[c].len() })
                }
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
                    let select = |middle: &Middle<'_>| select_of(channels, &sides, value, way, give_back, rng, middle);
                    if self.capacity == 0 {
                        recorder.record_whole(select);
                    } else {
                        recorder.record_parts(select, Effect::parts);
                    }
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

#[test]
fn capacity_8() {
    all(8);
}

#[test]
fn unbounded() {
    all(usize::MAX);
}
