//! Plays a program on gosync: the twin of `go/random.go`.

use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{
    Chan, Receiver, RecvError, Select, SendError, Sender, Timer, TryRecvError, TrySendError, select, select_async,
};

use super::program::{Case, EACH, Program, Step, TIMERS};
use super::tasks::Tasks;

/// How selects are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Macro,
    Dynamic,
}

struct Play<'a> {
    form: Form,
    channels: Vec<(Sender<i32>, Receiver<i32>)>,
    timers: [Option<Timer>; TIMERS],
    tasks: &'a Tasks,
    started: usize,
}

pub(super) fn play(program: &Program, form: Form, tasks: &Tasks) -> String {
    let make = |capacity: &Option<usize>| capacity.map_or_else(Chan::nil, Chan::new).split();
    let channels = program.capacities.iter().map(make).collect();
    let mut play = Play { form, channels, timers: [const { None }; TIMERS], tasks, started: 0 };
    let mut out: Vec<_> = program.steps.iter().map(|step| play.step(step) + &play.report()).collect();
    let open: Vec<_> = (0..play.channels.len()).filter(|&c| !play.channels[c].0.is_nil()).collect();
    out.extend(open.iter().map(|&c| play.close(c) + &play.report()));
    for c in open {
        out.extend(play.channels[c].1.iter().map(|value| value.to_string()));
    }
    tasks.clear();
    out.join(",")
}

fn fails<E>(_: E) -> String {
    "fails".to_owned()
}

fn default() -> String {
    "default".to_owned()
}

fn sent(result: Result<(), SendError<i32>>) -> String {
    result.map_or_else(fails, |()| "sent".to_owned())
}

fn received(result: Result<i32, RecvError>) -> String {
    result.map_or_else(|_| "end".to_owned(), |value| value.to_string())
}

fn ticked(result: Result<Instant, RecvError>) -> String {
    result.map_or_else(fails, |_| "tick".to_owned())
}

/// The operands of a select that is written out.
struct Operands {
    tx: [Option<Sender<i32>>; EACH],
    value: i32,
    rx: [Option<Receiver<i32>>; EACH],
    ticks: [Option<Receiver<Instant>>; EACH],
}

macro_rules! written_out {
    ($select:ident, $o:ident $($default:tt)*) => {
        $select! {
            send($o.tx[0], $o.value) -> result => sent(result),
            recv($o.rx[0]) -> result => received(result),
            recv($o.ticks[0]) -> result => ticked(result),
            send($o.tx[1], $o.value) -> result => sent(result),
            recv($o.rx[1]) -> result => received(result),
            recv($o.ticks[1]) -> result => ticked(result),
            send($o.tx[2], $o.value) -> result => sent(result),
            recv($o.rx[2]) -> result => received(result),
            recv($o.ticks[2]) -> result => ticked(result),
            $($default)*
        }
    };
}

impl Play<'_> {
    fn step(&mut self, step: &Step) -> String {
        match step {
            Step::Send(Case::Send(c, value), false) => sent(self.channels[*c].0.send(*value)),
            Step::Send(Case::Send(c, value), true) => match self.channels[*c].0.try_send(*value) {
                Ok(()) => sent(Ok(())),
                Err(TrySendError::Full(_)) => default(),
                Err(error @ TrySendError::Disconnected(_)) => fails(error),
            },
            Step::Recv(Case::Recv(c), false) => received(self.channels[*c].1.recv()),
            Step::Recv(Case::Recv(c), true) => match self.channels[*c].1.try_recv() {
                Ok(value) => received(Ok(value)),
                Err(TryRecvError::Empty) => default(),
                Err(TryRecvError::Disconnected) => received(Err(RecvError)),
            },
            Step::Send(..) | Step::Recv(..) => unreachable!("no such case"),
            Step::Close(c) => self.close(*c),
            Step::Len(c) => self.channels[*c].1.len().to_string(),
            Step::Cap(c) => self.channels[*c].1.capacity().unwrap().to_string(),
            Step::Select(cases, with_default) => match (self.form, with_default) {
                (Form::Dynamic, _) => self.dynamic(cases, *with_default),
                (Form::Macro, false) => {
                    let o = self.operands(cases);
                    written_out!(select, o)
                }
                (Form::Macro, true) => {
                    let o = self.operands(cases);
                    written_out!(select, o default => default())
                }
            },
            Step::Task(cases) => {
                self.task(cases);
                self.started += 1;
                format!("#{}", self.started - 1)
            }
            Step::NewTimer(t, now) => {
                self.timers[*t] = Some(Timer::new(when(*now)));
                due(*now);
                "new".to_owned()
            }
            Step::Stop(t) => self.timers[*t].as_ref().unwrap().stop().to_string(),
            Step::Reset(t, now) => {
                let active = self.timers[*t].as_ref().unwrap().reset(when(*now));
                due(*now);
                active.to_string()
            }
        }
    }

    fn close(&self, c: usize) -> String {
        self.channels[c].0.close().map_or_else(fails, |()| "closed".to_owned())
    }

    fn report(&self) -> String {
        self.tasks.settle().iter().map(|(id, outcome)| format!("[{id} {outcome}]")).collect()
    }

    fn operands(&self, cases: &[Case]) -> Operands {
        let mut operands =
            Operands { tx: [const { None }; EACH], value: 0, rx: Default::default(), ticks: Default::default() };
        fn put<T>(places: &mut [Option<T>; EACH], operand: T) {
            *places.iter_mut().find(|place| place.is_none()).unwrap() = Some(operand);
        }
        for case in cases {
            match *case {
                Case::Send(c, value) => {
                    put(&mut operands.tx, self.channels[c].0.clone());
                    operands.value = value;
                }
                Case::Recv(c) => put(&mut operands.rx, self.channels[c].1.clone()),
                Case::Tick(t) => put(&mut operands.ticks, self.timers[t].as_ref().unwrap().channel().clone()),
            }
        }
        operands
    }

    fn dynamic(&self, cases: &[Case], with_default: bool) -> String {
        let mut select = Select::new();
        for case in cases {
            match *case {
                Case::Send(c, _) => select.send(&self.channels[c].0),
                Case::Recv(c) => select.recv(&self.channels[c].1),
                Case::Tick(t) => select.recv(self.timers[t].as_ref().unwrap().channel()),
            };
        }
        let operation = if with_default {
            match select.try_select() {
                Ok(operation) => operation,
                Err(_) => return default(),
            }
        } else {
            select.select()
        };
        match cases[operation.index()] {
            Case::Send(c, value) => sent(operation.send(&self.channels[c].0, value)),
            Case::Recv(c) => received(operation.recv(&self.channels[c].1)),
            Case::Tick(t) => ticked(operation.recv(self.timers[t].as_ref().unwrap().channel())),
        }
    }

    fn task(&self, cases: &[Case]) {
        match *cases {
            [Case::Send(c, value)] => {
                let tx = self.channels[c].0.clone();
                self.tasks.start(self.started, async move { sent(tx.send_async(value).await) });
            }
            [Case::Recv(c)] => {
                let rx = self.channels[c].1.clone();
                self.tasks.start(self.started, async move { received(rx.recv_async().await) });
            }
            _ => {
                let o = self.operands(cases);
                self.tasks.start(self.started, async move { written_out!(select_async, o) });
            }
        }
    }
}

fn when(now: bool) -> Duration {
    if now { Duration::ZERO } else { Duration::from_secs(3600) }
}

/// Waits until the clock has moved on.
fn due(now: bool) {
    let start = Instant::now();
    while now && start.elapsed() < Duration::from_micros(2) {
        thread::yield_now();
    }
}
