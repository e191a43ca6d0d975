//! The text form of a program, and a generator of programs whose outcome no scheduler can change.
//!
//! ```text
//! program    = capacities " " step {"," step}          one line
//! capacities = {"n" | digit}                           channels a, b, ..: nil, or a capacity
//! step       = "s" case | "r" case                     send, receive: blocking, where they need not block
//!            | "S" case | "R" case                     the same as a select with a default
//!            | "x" channel | "l" channel | "c" channel close, len, cap
//!            | "b" case {case}                         select
//!            | "d" case {case}                         select with a default
//!            | "p" case {case}                         a task begins: a send, a receive, or a select of several cases
//!            | "t" timer when | "q" timer | "z" timer when    a new timer, stop, reset
//! case       = ">" channel digit                       send a digit
//!            | "<" channel | "<" timer                 receive
//! timer      = "u" | "v"
//! when       = "0" | "h"                               at once, in an hour
//! ```
//!
//! What a step does is followed, in brackets, by the tasks that came to their end by it. At the end all channels are closed
//! in turn, and then emptied.

use std::fmt;

use super::model::Model;
use crate::rng::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Send(usize, i32),
    Recv(usize),
    Tick(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Without, or with a default, without a select around it.
    Send(Case, bool),
    Recv(Case, bool),
    Close(usize),
    Len(usize),
    Cap(usize),
    Select(Vec<Case>, bool),
    Task(Vec<Case>),
    NewTimer(usize, bool),
    Stop(usize),
    Reset(usize, bool),
}

#[derive(Clone, Debug)]
pub(super) struct Program {
    /// `None` is nil.
    pub(super) capacities: Vec<Option<usize>>,
    pub(super) steps: Vec<Step>,
}

pub(super) const TIMERS: usize = 2;

fn channel(c: usize) -> char {
    (b'a' + c as u8) as char
}

fn timer(t: usize) -> char {
    (b'u' + t as u8) as char
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Case::Send(c, value) => write!(f, ">{}{value}", channel(c)),
            Case::Recv(c) => write!(f, "<{}", channel(c)),
            Case::Tick(t) => write!(f, "<{}", timer(t)),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = |now: bool| if now { '0' } else { 'h' };
        let cases = |cases: &[Case]| cases.iter().map(Case::to_string).collect::<String>();
        match self {
            Step::Send(case, default) => write!(f, "{}{case}", if *default { 'S' } else { 's' }),
            Step::Recv(case, default) => write!(f, "{}{case}", if *default { 'R' } else { 'r' }),
            Step::Close(c) => write!(f, "x{}", channel(*c)),
            Step::Len(c) => write!(f, "l{}", channel(*c)),
            Step::Cap(c) => write!(f, "c{}", channel(*c)),
            Step::Select(of, default) => write!(f, "{}{}", if *default { 'd' } else { 'b' }, cases(of)),
            Step::Task(of) => write!(f, "p{}", cases(of)),
            Step::NewTimer(t, now) => write!(f, "t{}{}", timer(*t), when(*now)),
            Step::Stop(t) => write!(f, "q{}", timer(*t)),
            Step::Reset(t, now) => write!(f, "z{}{}", timer(*t), when(*now)),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for capacity in &self.capacities {
            write!(f, "{}", capacity.map_or_else(|| "n".to_owned(), |capacity| capacity.to_string()))?;
        }
        let steps: Vec<_> = self.steps.iter().map(Step::to_string).collect();
        write!(f, " {}", steps.join(","))
    }
}

impl Program {
    /// A random one, and what the model says of it.
    pub(super) fn generate(rng: &mut Rng) -> (Program, String) {
        let capacity =
            |rng: &mut Rng| [None, Some(0), Some(0), Some(0), Some(1), Some(1), Some(2), Some(3)][rng.below(8)];
        let capacities: Vec<_> = (0..1 + rng.below(4)).map(|_| capacity(rng)).collect();
        let mut model = Model::new(&capacities);
        let (mut steps, mut out) = (Vec::new(), Vec::new());
        let length = 6 + rng.below(20);
        while steps.len() < length {
            let step = random_step(rng, capacities.len(), steps.len(), &model);
            if let Some(outcome) = model.play(&step) {
                out.push(outcome);
                steps.push(step);
            }
        }
        out.push(model.finish());
        (Program { capacities, steps }, out.join(","))
    }
}

/// Any step; not all of them suit the state.
fn random_step(rng: &mut Rng, channels: usize, number: usize, model: &Model) -> Step {
    let value = (number % 10) as i32;
    let c = rng.below(channels);
    let t = rng.below(TIMERS);
    match rng.below(40) {
        0..=2 => Step::Send(Case::Send(c, value), false),
        3..=5 => Step::Recv(Case::Recv(c), false),
        6..=8 => Step::Send(Case::Send(c, value), true),
        9..=11 => Step::Recv(Case::Recv(c), true),
        12 if rng.one_in(2) => Step::Close(c),
        13 => Step::Len(c),
        14 if rng.one_in(4) => Step::Cap(c),
        15..=17 => Step::Task(vec![Case::Send(c, value)]),
        18..=20 => Step::Task(vec![Case::Recv(c)]),
        21..=26 => Step::Task(random_cases(rng, channels, value, None)),
        27..=30 => Step::Select(random_cases(rng, channels, value, Some(model)), false),
        31..=35 => Step::Select(random_cases(rng, channels, value, Some(model)), true),
        36 => Step::NewTimer(t, rng.one_in(2)),
        37 if model.has_timer(t) => Step::Stop(t),
        38 if model.has_timer(t) => Step::Reset(t, rng.one_in(2)),
        _ => Step::Len(c),
    }
}

/// How many sends and receives a select has room for: the interpreter's are written out.
pub(super) const EACH: usize = 3;

/// Two cases and more. With a model, timers too.
fn random_cases(rng: &mut Rng, channels: usize, value: i32, timers: Option<&Model>) -> Vec<Case> {
    let mut cases = Vec::new();
    let most = 2 + rng.below(3);
    while cases.len() < most {
        let c = rng.below(channels);
        let t = rng.below(TIMERS);
        cases.push(match rng.below(9) {
            0..=3 => Case::Send(c, value),
            4 if timers.is_some_and(|model| model.has_timer(t)) => Case::Tick(t),
            _ => Case::Recv(c),
        });
    }
    let mut kept = [0; 3];
    cases.retain(|case| {
        let kind = match case {
            Case::Send(..) => 0,
            Case::Recv(_) => 1,
            Case::Tick(_) => 2,
        };
        kept[kind] += 1;
        kept[kind] <= EACH
    });
    cases
}
