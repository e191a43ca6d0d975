//! Channels, against a model: what a try, a close, a select with a default, a permit, a timer does.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use gosync::chan::{
    self, Chan, Receiver, Select, SelectedOperation, Sender, Timer, TryRecvError, TrySendError, select_biased,
};

use crate::Input;

const CAPACITIES: [usize; 4] = [0, 1, 3, usize::MAX];

#[derive(Default)]
struct Queue {
    capacity: usize,
    values: VecDeque<u32>,
    closed: bool,
}

impl Queue {
    fn send(&mut self, value: u32) -> Result<(), TrySendError<u32>> {
        if self.closed {
            return Err(TrySendError::Disconnected(value));
        }
        if self.values.len() >= self.capacity {
            return Err(TrySendError::Full(value));
        }
        self.values.push_back(value);
        Ok(())
    }

    fn receive(&mut self) -> Result<u32, TryRecvError> {
        let empty = if self.closed { TryRecvError::Disconnected } else { TryRecvError::Empty };
        self.values.pop_front().ok_or(empty)
    }

    fn can_send(&self) -> bool {
        self.closed || self.values.len() < self.capacity
    }

    fn can_receive(&self) -> bool {
        self.closed || !self.values.is_empty()
    }
}

struct World {
    channels: Vec<Chan<u32>>,
    queues: Vec<Queue>,
    next: u32,
}

/// Something far away.
const LATE: Duration = Duration::from_secs(100_000);

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut world = World { channels: Vec::new(), queues: Vec::new(), next: 0 };
    for _ in 0..2 + input.below(2) {
        let capacity = CAPACITIES[input.below(4)];
        world.channels.push(Chan::new(capacity));
        world.queues.push(Queue { capacity, ..Queue::default() });
    }
    while !input.is_over() {
        step(&mut world, &mut input);
        for (channel, queue) in world.channels.iter().zip(&world.queues) {
            assert_eq!(channel.len(), queue.values.len());
            assert_eq!(channel.is_closed(), queue.closed);
        }
    }
    // What is left comes out, and nothing else.
    for (channel, queue) in world.channels.iter().zip(&mut world.queues) {
        while let Ok(value) = queue.receive() {
            assert_eq!(channel.try_recv(), Ok(value));
        }
        assert!(channel.try_recv().is_err());
    }
}

fn step(world: &mut World, input: &mut Input<'_>) {
    let c = input.below(world.channels.len());
    world.next += 1;
    let value = world.next;
    match input.below(12) {
        0..3 => assert_eq!(world.channels[c].try_send(value), world.queues[c].send(value)),
        3..5 => assert_eq!(world.channels[c].try_recv(), world.queues[c].receive()),
        5 if input.below(4) == 0 => {
            assert_eq!(world.channels[c].close().is_ok(), !world.queues[c].closed);
            world.queues[c].closed = true;
        }
        5 => timed(&world.channels[c], &mut world.queues[c], value),
        6 => first_of(world, input, value),
        7 | 8 => any_of(world, input, value),
        9 => timer(input),
        10 => timer_beside(world, c, input),
        _ => clones(&world.channels[c], &mut world.queues[c], value),
    }
}

/// Deadlines that have passed.
fn timed(channel: &Chan<u32>, queue: &mut Queue, value: u32) {
    let sent = channel.send_timeout(value, Duration::ZERO);
    assert_eq!(sent.is_ok(), queue.send(value).is_ok());
    let received = channel.recv_timeout(Duration::ZERO);
    assert_eq!(received.ok(), queue.receive().ok());
}

/// A select by a macro whose first case that is ready is taken; disabled cases are none.
fn first_of(world: &mut World, input: &mut Input<'_>, value: u32) {
    let (channels, queues) = (&world.channels, &mut world.queues);
    let enabled = input.byte();
    let last = channels.len() - 1;
    let tx = (enabled & 1 != 0).then(|| channels[0].sender());
    let rx: Option<Receiver<u32>> = (enabled & 2 != 0).then(|| channels[last].receiver());
    let other = if enabled & 4 != 0 { channels[last].sender() } else { Sender::nil() };
    let expected = if tx.is_some() && queues[0].can_send() {
        0
    } else if rx.is_some() && queues[last].can_receive() {
        1
    } else if !other.is_nil() && queues[last].can_send() {
        2
    } else {
        3
    };
    let chosen = select_biased! {
        send(tx, value) -> result => {
            assert_eq!(result.is_ok(), queues[0].send(value).is_ok());
            0
        }
        recv(rx) -> result => {
            assert_eq!(result.ok(), queues[last].receive().ok());
            1
        }
        send(other, value) -> result => {
            assert_eq!(result.is_ok(), queues[last].send(value).is_ok());
            2
        }
        default => 3,
    };
    assert_eq!(chosen, expected);
}

/// A select at run time: one of those that are ready, or none; what it has chosen is done, or given back. Another one
/// may choose in between, and the two are done in any order.
fn any_of(world: &mut World, input: &mut Input<'_>, value: u32) {
    let (channels, queues) = (&world.channels, &mut world.queues);
    let ends: Vec<_> = channels.iter().map(|channel| (channel.sender(), channel.receiver())).collect();
    let mut select = Select::new();
    let mut sides = Vec::new();
    let which = input.byte();
    for (i, (tx, rx)) in ends.iter().enumerate() {
        if which >> (2 * i) & 1 != 0 {
            select.send(tx);
            sides.push((i, true));
        }
        if which >> (2 * i + 1) & 1 != 0 {
            select.recv(rx);
            sides.push((i, false));
        }
    }
    let ready = |queues: &[Queue], (i, sends): (usize, bool)| {
        if sends { queues[i].can_send() } else { queues[i].can_receive() }
    };
    let chosen = if sides.is_empty() { None } else { select.try_select().ok() };
    let Some(operation) = chosen else {
        assert!(!sides.iter().any(|&side| ready(queues, side)), "it has not seen what was ready");
        return;
    };
    let (i, sends) = sides[operation.index()];
    assert!(ready(queues, (i, sends)), "it has chosen what was not ready");
    if input.below(4) == 0 {
        drop(operation);
        return;
    }
    complete(operation, &ends[i], sends, &mut queues[i], value);
}

fn complete(
    operation: SelectedOperation<'_>,
    (tx, rx): &(Sender<u32>, Receiver<u32>),
    sends: bool,
    queue: &mut Queue,
    value: u32,
) {
    if sends {
        assert_eq!(operation.send(tx, value).is_ok(), queue.send(value).is_ok());
    } else {
        assert_eq!(operation.recv(rx).ok(), queue.receive().ok());
    }
}

/// A timer that is due, or far away, or stopped, or set anew.
fn timer(input: &mut Input<'_>) {
    let when = |late: bool| if late { LATE } else { Duration::ZERO };
    let mut late = input.below(2) == 0;
    let timer = Timer::new(when(late));
    let channel = timer.channel();
    // Whether there is something to come, or there.
    let mut pending = true;
    for _ in 0..input.below(6) {
        match input.below(4) {
            0 => {
                assert_eq!(timer.stop(), pending);
                pending = false;
            }
            1 => {
                late = input.below(2) == 0;
                assert_eq!(timer.reset(when(late)), pending);
                pending = true;
            }
            2 => assert_eq!(channel.len(), usize::from(pending && !late)),
            _ => {
                let due = pending && !late;
                assert_eq!(channel.try_recv().is_ok(), due);
                pending &= !due;
            }
        }
    }
}

/// A timer's channel in a select beside another one.
fn timer_beside(world: &mut World, c: usize, input: &mut Input<'_>) {
    let now = Instant::now();
    let due = input.below(2) == 0;
    let timer = chan::at(if due { now } else { now + LATE });
    let (channel, queue) = (&world.channels[c], &mut world.queues[c]);
    let chosen = select_biased! {
        recv(channel) -> result => {
            assert!(queue.can_receive());
            assert_eq!(result.ok(), queue.receive().ok());
            0
        }
        recv(timer) -> when => {
            assert!(due && when.unwrap() >= now);
            1
        }
        default => 2,
    };
    if chosen > 0 {
        assert!(!queue.can_receive());
        assert_eq!(chosen, if due { 1 } else { 2 });
    }
}

/// Handles come and go; those that are left keep the channel.
fn clones(channel: &Chan<u32>, queue: &mut Queue, value: u32) {
    let (tx, rx) = (channel.sender(), channel.receiver());
    assert!(tx.same_channel(&channel.sender()));
    assert_eq!(tx.try_send(value), queue.send(value));
    drop(tx);
    assert_eq!(rx.try_recv(), queue.receive());
}
