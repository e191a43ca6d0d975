//! What Go's specification says of a program, step by step: the third opinion, beside Go's and ours.

use std::collections::VecDeque;

use super::program::{Case, Step, TIMERS};

struct Channel {
    capacity: usize,
    buffer: VecDeque<i32>,
    closed: bool,
    /// Tasks that wait; those of selects that are over are passed over.
    senders: VecDeque<(usize, i32)>,
    receivers: VecDeque<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Timer {
    Idle,
    Armed,
    Due,
}

pub(super) struct Model {
    channels: Vec<Option<Channel>>,
    timers: [Option<Timer>; TIMERS],
    /// What each task did, once it is over.
    tasks: Vec<Option<String>>,
    reported: Vec<bool>,
}

const FAILS: &str = "fails";

impl Model {
    pub(super) fn new(capacities: &[Option<usize>]) -> Model {
        let channel = |capacity| Channel {
            capacity,
            buffer: VecDeque::new(),
            closed: false,
            senders: VecDeque::new(),
            receivers: VecDeque::new(),
        };
        let channels = capacities.iter().map(|capacity| capacity.map(channel)).collect();
        Model { channels, timers: [None; TIMERS], tasks: Vec::new(), reported: Vec::new() }
    }

    pub(super) fn has_timer(&self, t: usize) -> bool {
        self.timers[t].is_some()
    }

    /// What a step does; `None` if it would block the program, or if what it does were left to chance.
    pub(super) fn play(&mut self, step: &Step) -> Option<String> {
        let outcome = match step {
            Step::Send(case, default) | Step::Recv(case, default) => self.select(&[*case], *default)?,
            Step::Select(cases, default) => self.select(cases, *default)?,
            Step::Close(c) => self.close(*c),
            Step::Len(c) => self.channels[*c].as_ref().map_or(0, |channel| channel.buffer.len()).to_string(),
            Step::Cap(c) => self.channels[*c].as_ref().map_or(0, |channel| channel.capacity).to_string(),
            Step::Task(cases) => {
                let outcome = self.choose(cases)?;
                let outcome = outcome.map(|case| self.run(case));
                if outcome.is_none() {
                    self.park(cases);
                }
                self.tasks.push(outcome);
                self.reported.push(false);
                format!("#{}", self.tasks.len() - 1)
            }
            Step::NewTimer(t, now) => {
                self.timers[*t] = Some(if *now { Timer::Due } else { Timer::Armed });
                "new".to_owned()
            }
            Step::Stop(t) => self.set(*t, Timer::Idle),
            Step::Reset(t, now) => self.set(*t, if *now { Timer::Due } else { Timer::Armed }),
        };
        Some(outcome + &self.report())
    }

    /// Closes and empties all channels.
    pub(super) fn finish(&mut self) -> String {
        let mut out = Vec::new();
        for c in 0..self.channels.len() {
            if self.channels[c].is_some() {
                out.push(self.close(c) + &self.report());
            }
        }
        for channel in self.channels.iter().flatten() {
            out.extend(channel.buffer.iter().map(i32::to_string));
        }
        out.join(",")
    }

    fn set(&mut self, t: usize, to: Timer) -> String {
        let was = self.timers[t].replace(to);
        (was != Some(Timer::Idle)).to_string()
    }

    fn waiting(&self, task: usize) -> bool {
        self.tasks[task].is_none()
    }

    fn is_ready(&self, case: Case) -> bool {
        let channel = match case {
            Case::Tick(t) => return self.timers[t] == Some(Timer::Due),
            Case::Send(c, _) | Case::Recv(c) => &self.channels[c],
        };
        channel.as_ref().is_some_and(|channel| match case {
            Case::Send(..) => {
                channel.closed
                    || channel.buffer.len() < channel.capacity
                    || channel.receivers.iter().any(|&task| self.waiting(task))
            }
            _ => {
                channel.closed
                    || !channel.buffer.is_empty()
                    || channel.senders.iter().any(|&(task, _)| self.waiting(task))
            }
        })
    }

    /// The case that is ready, if any. `None`: several that differ.
    fn choose(&self, cases: &[Case]) -> Option<Option<Case>> {
        let mut ready = cases.iter().copied().filter(|&case| self.is_ready(case));
        let first = ready.next();
        ready.all(|case| Some(case) == first).then_some(first)
    }

    fn select(&mut self, cases: &[Case], default: bool) -> Option<String> {
        match self.choose(cases)? {
            Some(case) => Some(self.run(case)),
            None => default.then(|| "default".to_owned()),
        }
    }

    fn next_sender(&mut self, c: usize) -> Option<i32> {
        loop {
            let (task, value) = self.channels[c].as_mut()?.senders.pop_front()?;
            if self.waiting(task) {
                self.tasks[task] = Some("sent".to_owned());
                return Some(value);
            }
        }
    }

    fn next_receiver(&mut self, c: usize, outcome: &str) -> bool {
        while let Some(task) = self.channels[c].as_mut().and_then(|channel| channel.receivers.pop_front()) {
            if self.waiting(task) {
                self.tasks[task] = Some(outcome.to_owned());
                return true;
            }
        }
        false
    }

    /// Does what is ready.
    fn run(&mut self, case: Case) -> String {
        match case {
            Case::Tick(t) => {
                self.timers[t] = Some(Timer::Idle);
                "tick".to_owned()
            }
            Case::Send(c, value) => {
                if self.channels[c].as_ref().is_some_and(|channel| channel.closed) {
                    return FAILS.to_owned();
                }
                if !self.next_receiver(c, &value.to_string()) {
                    self.channels[c].as_mut().expect("it is ready").buffer.push_back(value);
                }
                "sent".to_owned()
            }
            Case::Recv(c) => {
                let oldest = self.channels[c].as_mut().expect("it is ready").buffer.pop_front();
                let refill = self.next_sender(c);
                match (oldest, refill) {
                    (Some(value), refill) => {
                        self.channels[c].as_mut().expect("it is ready").buffer.extend(refill);
                        value.to_string()
                    }
                    (None, Some(value)) => value.to_string(),
                    (None, None) => "end".to_owned(),
                }
            }
        }
    }

    fn park(&mut self, cases: &[Case]) {
        let task = self.tasks.len();
        for case in cases {
            match *case {
                Case::Send(c, value) => {
                    self.channels[c].iter_mut().for_each(|channel| channel.senders.push_back((task, value)));
                }
                Case::Recv(c) => self.channels[c].iter_mut().for_each(|channel| channel.receivers.push_back(task)),
                Case::Tick(_) => unreachable!("no task waits for a timer"),
            }
        }
    }

    fn close(&mut self, c: usize) -> String {
        let Some(channel) = &mut self.channels[c] else { return FAILS.to_owned() };
        if std::mem::replace(&mut channel.closed, true) {
            return FAILS.to_owned();
        }
        let senders = std::mem::take(&mut channel.senders);
        while self.next_receiver(c, "end") {}
        for (task, _) in senders {
            self.tasks[task].get_or_insert_with(|| FAILS.to_owned());
        }
        "closed".to_owned()
    }

    /// The tasks that are over since the last step.
    fn report(&mut self) -> String {
        let mut out = String::new();
        for (id, outcome) in self.tasks.iter().enumerate() {
            if let (Some(outcome), false) = (outcome, self.reported[id]) {
                self.reported[id] = true;
                out += &format!("[{id} {outcome}]");
            }
        }
        out
    }
}
