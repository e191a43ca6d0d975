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
    /// The first half of an operation that was chosen and done later: room, a value or a partner is set aside; or it is
    /// known to have failed. `None`: nobody has asked.
    Chosen {
        side: Side,
        failed: Option<bool>,
    },
    /// The second half, with what it reported. `waits`: for its partner, or for room that it has lost; a task does not.
    Completed {
        effect: Box<Effect>,
        waits: bool,
    },
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
    /// Receives that were chosen and have a partner instead of a value.
    partners: usize,
    /// Senders and receivers that have yet to find that their partner has given up.
    left_senders: usize,
    left_receivers: usize,
}

/// Channels as Go's, with what is set aside for those who have chosen an operation. Nobody remembers what was for whom: the
/// holder of a permit for a value gets the oldest one when he comes for it, and of two who have partners either may meet
/// the other's.
///
/// A receive that was chosen may have a partner that does not wait for it: a task, whose value stays behind and is set aside
/// from then on. Who was chosen and left alone goes on as a plain operation; a task still does not wait, and its value
/// stays, beyond the capacity if need be.
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
            Effect::Chosen { side, failed } => return self.after_choice(side, failed),
            Effect::GivenBack(side) => return self.after_give_back(side),
            Effect::Completed { ref effect, waits } => return self.after_completion(effect, waits),
        };
        if possible { vec![next] } else { vec![] }
    }

    /// Without a buffer a send and its receive happen together, if one of them was willing to wait. And so they may while
    /// the whole buffer is set aside: the receive gets the oldest value, and the new one takes its place.
    fn after_both(&self, first: &Effect, second: &Effect) -> Option<Model> {
        // What was chosen while it was open goes on beyond the close, and with it the peer that waits for it.
        let is_part = |effect: &Effect| matches!(effect, Effect::Completed { .. });
        let (chosen, had_partner) = (is_part(first) || is_part(second), is_part(second));
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
        let queue = &mut next.queues[channel];
        queue.partners = queue.partners.saturating_sub(usize::from(had_partner));
        queue.buffer.push(value);
        (queue.buffer.remove(0) == received).then_some(next)
    }
}

impl Effect {
    fn completion(&self) -> &Effect {
        if let Effect::Completed { effect, .. } = self { effect } else { self }
    }

    /// The halves of an operation that was chosen first.
    pub(crate) fn parts(self, waits: bool) -> [Effect; 2] {
        let (side, failed) = match self {
            Effect::Sent { channel, .. } => (Side::Send(channel), Some(false)),
            Effect::Received { channel, .. } => (Side::Receive(channel), Some(false)),
            Effect::Refused(channel) => (Side::Send(channel), Some(true)),
            Effect::Ended(channel) => (Side::Receive(channel), Some(true)),
            Effect::GivenBack(side) => return [Effect::Chosen { side, failed: None }, self],
            _ => unreachable!("nothing was chosen"),
        };
        [Effect::Chosen { side, failed }, Effect::Completed { effect: Box::new(self), waits }]
    }
}

/// The halves.
impl Model {
    /// Something is set aside, or a peer that waits, which the second half is then done together with.
    fn after_choice(&self, side: Side, failed: Option<bool>) -> Vec<Model> {
        let (mut aside, mut partner) = (self.clone(), self.clone());
        let (Side::Send(channel) | Side::Receive(channel)) = side;
        let queue = &self.queues[channel];
        let (ended, possible) = match side {
            Side::Send(_) => {
                aside.queues[channel].slots += 1;
                (queue.closed, self.has_room(channel))
            }
            Side::Receive(_) => {
                aside.queues[channel].items += 1;
                partner.queues[channel].partners += 1;
                (queue.closed && !self.has_item(channel), self.has_item(channel))
            }
        };
        // One that is to fail may have set room aside, or have a partner that gives up, and then comes the close.
        if ended {
            return if failed == Some(false) { vec![] } else { vec![self.clone()] };
        }
        let possible = possible && (failed != Some(true) || matches!(side, Side::Send(_)));
        let peer_waits = !queue.closed && (queue.items + queue.slots > 0 || self.capacity == 0);
        [possible.then_some(aside), peer_waits.then_some(partner)].into_iter().flatten().collect()
    }

    /// What was set aside is there for others; or a partner is left alone; or nothing was chosen but the end.
    fn after_give_back(&self, side: Side) -> Vec<Model> {
        let (Side::Send(channel) | Side::Receive(channel)) = side;
        let after = |change: fn(&mut Queue) -> Option<()>| self.after_change(channel, change);
        let nothing = self.queues[channel].closed.then(|| self.clone());
        let [aside, alone] = match side {
            Side::Send(_) => [
                after(|queue| take_one(&mut queue.slots)),
                after(|queue| {
                    queue.left_receivers += 1;
                    Some(())
                }),
            ],
            Side::Receive(_) => [
                after(|queue| take_one(&mut queue.items)),
                after(|queue| {
                    queue.left_senders += 1;
                    take_one(&mut queue.partners)
                }),
            ],
        };
        [aside, alone, nothing].into_iter().flatten().collect()
    }

    /// A second half by itself.
    fn after_completion(&self, effect: &Effect, waits: bool) -> Vec<Model> {
        match *effect {
            Effect::Sent { channel, value, .. } => {
                let aside = self.after_change(channel, |queue| take_one(&mut queue.slots));
                // Its partner will find the value.
                let stays = self.after_change(channel, |queue| {
                    queue.items += 1;
                    take_one(&mut queue.partners)
                });
                let alone = self.after_change(channel, |queue| take_one(&mut queue.left_senders));
                let ways = [aside, stays.filter(|_| !waits), alone.filter(|_| self.has_room(channel) || !waits)];
                let send = |mut next: Model| {
                    next.queues[channel].buffer.push(value);
                    next
                };
                ways.into_iter().flatten().map(send).collect()
            }
            Effect::Received { channel, value, .. } => {
                let has_item = self.has_item(channel);
                let receive =
                    |queue: &mut Queue| (!queue.buffer.is_empty() && queue.buffer.remove(0) == value).then_some(());
                let aside = |queue: &mut Queue| take_one(&mut queue.items).and_then(|()| receive(queue));
                let alone = |queue: &mut Queue| {
                    take_one(&mut queue.partners)?;
                    take_one(&mut queue.left_receivers).filter(|()| has_item).and_then(|()| receive(queue))
                };
                [self.after_change(channel, aside), self.after_change(channel, alone)].into_iter().flatten().collect()
            }
            // It was drained when it was chosen, or when its partner had given up.
            Effect::Ended(channel) => {
                let alone = |queue: &mut Queue| {
                    take_one(&mut queue.partners)?;
                    take_one(&mut queue.left_receivers)
                };
                let drained = self.queues[channel].closed && !self.has_item(channel);
                let alone = self.after_change(channel, alone).filter(|_| drained);
                [Some(self.clone()), alone].into_iter().flatten().collect()
            }
            ref other => self.after(other),
        }
    }

    fn after_change(&self, channel: usize, change: impl FnOnce(&mut Queue) -> Option<()>) -> Option<Model> {
        let mut next = self.clone();
        change(&mut next.queues[channel]).map(|()| next)
    }
}

fn take_one(count: &mut usize) -> Option<()> {
    *count = count.checked_sub(1)?;
    Some(())
}
