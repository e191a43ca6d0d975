//! What channels do, one operation after the other: Go's, and beyond that what is chosen first and done later.

use crate::checker::Spec;

pub(crate) const CHANNELS: usize = 2;

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
    pub(crate) fn parts(self) -> [Effect; 2] {
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
