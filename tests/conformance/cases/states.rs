//! Every operation on a channel in every state.

use gosync::chan::{Chan, RecvError, SendError, TryRecvError, TrySendError, select};

use crate::play::{Case, Play, Task, case, failed};

type C = Chan<i32>;

pub(crate) fn sent(result: Result<(), SendError<i32>>) -> String {
    result.map_or_else(failed, |()| "sent".to_owned())
}

pub(crate) fn received(result: Result<i32, RecvError>) -> String {
    result.map_or_else(|_| "end".to_owned(), |value| value.to_string())
}

pub(crate) fn try_send(c: &C, value: i32) -> String {
    match c.try_send(value) {
        Ok(()) => "sent".to_owned(),
        Err(TrySendError::Full(_)) => "default".to_owned(),
        Err(error @ TrySendError::Disconnected(_)) => failed(error),
    }
}

pub(crate) fn try_recv(c: &C) -> String {
    match c.try_recv() {
        Ok(value) => value.to_string(),
        Err(TryRecvError::Empty) => "default".to_owned(),
        Err(TryRecvError::Disconnected) => "end".to_owned(),
    }
}

pub(crate) fn close(c: &C) -> String {
    c.close().map_or_else(failed, |()| "closed".to_owned())
}

pub(crate) fn filled(capacity: usize, values: &[i32]) -> C {
    let c = Chan::new(capacity);
    values.iter().for_each(|&value| c.send(value).unwrap());
    c
}

pub(crate) fn closed(c: C) -> C {
    c.close().unwrap();
    c
}

type Make = fn(&Play) -> (C, Vec<Task>);

fn senders(p: &Play, c: C, first: i32) -> (C, Vec<Task>) {
    let tx = c.clone();
    let tasks = p.start_all(2, move |i| sent(tx.send(first + i as i32)));
    (c, tasks)
}

fn receivers(p: &Play, c: C) -> (C, Vec<Task>) {
    let rx = c.clone();
    let tasks = p.start_all(2, move |_| received(rx.recv()));
    (c, tasks)
}

const STATES: [(&str, Make); 16] = [
    ("nil", |_| (Chan::nil(), vec![])),
    ("cap 0", |_| (filled(0, &[]), vec![])),
    ("cap 1, empty", |_| (filled(1, &[]), vec![])),
    ("cap 1, full", |_| (filled(1, &[1]), vec![])),
    ("cap 3, one value", |_| (filled(3, &[1]), vec![])),
    ("cap 3, full", |_| (filled(3, &[1, 2, 3]), vec![])),
    ("cap 0, closed", |_| (closed(filled(0, &[])), vec![])),
    ("cap 1, closed", |_| (closed(filled(1, &[])), vec![])),
    ("cap 1, closed with a value", |_| (closed(filled(1, &[1])), vec![])),
    ("cap 3, closed with two values", |_| (closed(filled(3, &[1, 2])), vec![])),
    ("cap 0, two senders wait", |p| senders(p, filled(0, &[]), 1)),
    ("cap 0, two receivers wait", |p| receivers(p, filled(0, &[]))),
    ("cap 1, full, two senders wait", |p| senders(p, filled(1, &[1]), 2)),
    ("cap 1, two receivers wait", |p| receivers(p, filled(1, &[]))),
    ("cap 0, a select waits to send or receive", |p| {
        let (c, other) = (filled(0, &[]), filled(0, &[]));
        let same = c.clone();
        let task = p.start(move || {
            select! {
                send(same, 1) -> result => sent(result),
                recv(same) -> result => received(result),
                recv(other) -> _ => "other".to_owned(),
            }
        });
        (c, vec![task])
    }),
    ("cap 1, a select waits to receive", |p| {
        let (c, other) = (filled(1, &[]), filled(0, &[]));
        let same = c.clone();
        let task = p.start(move || {
            select! {
                send(other, 1) -> _ => "other".to_owned(),
                recv(same) -> result => received(result),
            }
        });
        (c, vec![task])
    }),
];

type Operation = fn(&C) -> String;

const OPERATIONS: [(&str, Operation); 13] = [
    ("send", |c| sent(c.send(9))),
    ("receive", |c| received(c.recv())),
    ("send, default", |c| try_send(c, 9)),
    ("receive, default", try_recv),
    ("close", close),
    ("len", |c| c.len().to_string()),
    // Nil has capacity 0, as in Go and as in crossbeam-channel.
    ("cap", |c| c.capacity().map_or_else(|| "unbounded".to_owned(), |capacity| capacity.to_string())),
    ("range", |c| {
        let mut out = String::new();
        for value in c.iter() {
            out += &format!("{value} ");
            if value == 3 {
                break;
            }
        }
        out + "over"
    }),
    ("receive thrice", |c| format!("{} {} {}", received(c.recv()), received(c.recv()), received(c.recv()))),
    ("select of two, send", |c| {
        let idle = filled(0, &[]);
        select! {
            send(idle, 1) -> _ => "idle".to_owned(),
            send(c, 9) -> result => sent(result),
        }
    }),
    ("select of two, receive", |c| {
        let idle = filled(0, &[]);
        select! {
            recv(idle) -> _ => "idle".to_owned(),
            recv(c) -> result => received(result),
        }
    }),
    ("select of three, default", |c| {
        let nil = C::nil();
        select! {
            recv(nil) -> _ => "nil".to_owned(),
            recv(c) -> result => received(result),
            send(nil, 1) -> _ => "nil".to_owned(),
            default => "default".to_owned(),
        }
    }),
    ("receive twice by default, close, receive", |c| {
        format!("{} {} {} {}", try_recv(c), try_recv(c), close(c), try_recv(c))
    }),
];

pub(crate) fn cases() -> Vec<Case> {
    let all = STATES.iter().flat_map(|state| OPERATIONS.iter().map(move |operation| (state, operation)));
    let twin = |((state, make), (operation, run)): (&'static (&str, Make), &'static (&str, Operation))| {
        case(format!("{state}, {operation}"), move |p| {
            let (c, waiting) = make(p);
            let same = c.clone();
            let task = p.start(move || run(&same));
            p.see(&task);
            p.see(&waiting);
            p.say(format!("len {}", c.len()));
        })
    };
    all.map(twin).collect()
}
