//! Selects of every shape.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, after, select};

use super::states::{close, closed, filled, received, sent, try_recv, try_send};
use crate::play::{Case, case};

type C = Chan<i32>;

fn text(text: &str) -> String {
    text.to_owned()
}

/// Sends, or receives from another channel.
fn both(c: &C, d: &C, value: i32) -> String {
    select! {
        send(c, value) -> result => sent(result),
        recv(d) -> result => format!("received {}", received(result)),
    }
}

fn first_of(a: &C, b: &C) -> String {
    select! {
        recv(a) -> result => format!("a {}", received(result)),
        recv(b) -> result => format!("b {}", received(result)),
    }
}

fn send_to_one(a: &C, b: &C) -> String {
    select! {
        send(a, 7) -> result => if result.is_ok() { text("a") } else { sent(result) },
        send(b, 8) -> result => if result.is_ok() { text("b") } else { sent(result) },
    }
}

/// Two selects that face each other.
fn faced(c: &C, d: &C) -> String {
    let (other, result) = mpsc::channel();
    let (theirs, ours) = (c.clone(), d.clone());
    thread::spawn(move || other.send(both(&theirs, &ours, 1)));
    let mine = both(d, c, 2);
    format!("{mine}, {}", result.recv().unwrap())
}

pub(crate) fn cases() -> Vec<Case> {
    [without_peers(), choices(), with_peers()].into_iter().flatten().collect()
}

fn without_peers() -> Vec<Case> {
    vec![
        case("select without cases", |p| {
            let task = p.start(|| {
                if std::hint::black_box(true) {
                    select! {}
                }
                text("done")
            });
            p.see(&task);
        }),
        case("select of nil channels", |p| {
            let task = p.start(|| {
                let c = C::nil();
                select! {
                    recv(c) -> _ => {}
                    send(c, 1) -> _ => {}
                }
                text("done")
            });
            p.see(&task);
        }),
        case("select of nil channels, default", |p| {
            let c = C::nil();
            p.say(select! {
                recv(c) -> _ => "received",
                send(c, 1) -> _ => "sent",
                default => "default",
            });
        }),
        case("select only default", |p| p.say(select! { default => "default" })),
        case("select meets not itself", |p| {
            let task = p.start(|| {
                let c = filled(0, &[]);
                select! {
                    send(c, 1) -> _ => text("sent"),
                    recv(c) -> _ => text("received"),
                }
            });
            p.see(&task);
        }),
        case("select, both sides of a buffer, twice", |p| {
            let (c, mut out) = (filled(1, &[]), String::new());
            for _ in 0..2 {
                select! {
                    send(c, 1) -> _ => out += "sent ",
                    recv(c) -> value => out += &received(value),
                }
            }
            p.say(out);
        }),
        case("select, send on closed beside default", |p| {
            let c = closed(filled(1, &[]));
            p.say(select! {
                send(c, 1) -> result => sent(result),
                default => text("default"),
            });
        }),
        case("select, timeout", |p| {
            let (c, timeout) = (filled(0, &[]), after(Duration::from_millis(1)));
            p.say(select! {
                recv(c) -> _ => "received",
                recv(timeout) -> _ => "timeout",
            });
        }),
        case("select, timeout not reached", |p| {
            let (c, timeout) = (filled(1, &[3]), after(Duration::from_secs(3600)));
            p.say(select! {
                recv(c) -> value => received(value),
                recv(timeout) -> _ => text("timeout"),
            });
        }),
        case("select, channels evaluated", |p| {
            let order = std::cell::RefCell::new(String::new());
            let of = |name, c: C| {
                *order.borrow_mut() += name;
                c
            };
            select! {
                recv(of("a", Chan::nil())) -> _ => {}
                send(of("b", Chan::nil()), 1) -> _ => {}
                recv(of("c", filled(1, &[1]))) -> _ => {}
                recv(of("d", Chan::nil())) -> _ => {}
            }
            p.say(order.take());
        }),
        case("select, messages evaluated", |p| {
            let order = std::cell::RefCell::new(String::new());
            let message = |name| {
                *order.borrow_mut() += name;
                1
            };
            select! {
                send(filled(0, &[]), message("a")) -> _ => {}
                send(filled(1, &[]), message("b")) -> _ => {}
            }
            p.say(order.take());
        }),
        case("select in a loop, nil disables", |p| {
            let (mut a, mut b) = (Some(closed(filled(2, &[1, 2]))), Some(closed(filled(1, &[3]))));
            let mut sum = 0;
            while a.is_some() || b.is_some() {
                select! {
                    recv(a) -> value => match value { Ok(value) => sum += value, Err(_) => a = None },
                    recv(b) -> value => match value { Ok(value) => sum += value, Err(_) => b = None },
                }
            }
            p.say(sum);
        }),
    ]
}

fn choices() -> Vec<Case> {
    vec![
        case("select, two values are ready", |p| {
            p.choices(|| {
                let (a, b) = (filled(1, &[1]), filled(1, &[2]));
                select! {
                    recv(a) -> value => format!("a {} {}", received(value), b.len()),
                    recv(b) -> value => format!("b {} {}", received(value), a.len()),
                }
            });
        }),
        case("select, value and room are ready", |p| {
            p.choices(|| {
                let c = filled(2, &[1]);
                select! {
                    recv(c) -> value => format!("{} len {}", received(value), c.len()),
                    send(c, 2) -> result => format!("{} len {}", sent(result), c.len()),
                }
            });
        }),
        case("select, closed and room are ready", |p| {
            p.choices(|| {
                let (a, b) = (closed(filled(0, &[])), filled(1, &[]));
                select! {
                    recv(a) -> value => received(value),
                    send(b, 1) -> result => sent(result),
                    default => text("default"),
                }
            });
        }),
        case("select, send on closed beside a value", |p| {
            p.choices(|| {
                let (a, b) = (closed(filled(1, &[])), filled(1, &[1]));
                select! {
                    send(a, 1) -> result => sent(result),
                    recv(b) -> value => received(value),
                }
            });
        }),
        case("select, two sides of a closed channel", |p| {
            p.choices(|| {
                let c = closed(filled(1, &[7]));
                select! {
                    send(c, 1) -> result => sent(result),
                    recv(c) -> value => received(value),
                }
            });
        }),
        case("select, the same channel three times", |p| {
            p.choices(|| {
                let c = filled(1, &[1]);
                select! {
                    recv(c) -> _ => text("first"),
                    recv(c) -> _ => text("second"),
                    recv(c) -> _ => text("third"),
                }
            });
        }),
        case("select, three are ready of five", |p| {
            p.choices(|| {
                let (a, b, c) = (filled(1, &[1]), filled(0, &[]), filled(1, &[]));
                let (d, e) = (filled(1, &[4]), filled(1, &[5]));
                select! {
                    recv(a) -> value => received(value),
                    recv(b) -> value => received(value),
                    send(c, 3) -> result => sent(result),
                    send(d, 4) -> _ => text("sent to a full one"),
                    recv(e) -> value => received(value),
                }
            });
        }),
        case("two selects face each other on one channel", |p| {
            p.choices(|| {
                let c = filled(0, &[]);
                faced(&c, &c)
            });
        }),
        case("two selects face each other on two channels", |p| {
            p.choices(|| faced(&filled(0, &[]), &filled(0, &[])));
        }),
    ]
}

fn with_peers() -> Vec<Case> {
    vec![
        case("a select waits, the second comes", |p| {
            let (a, b) = (filled(0, &[]), filled(0, &[]));
            let (c, d) = (a.clone(), b.clone());
            let task = p.start(move || first_of(&c, &d));
            p.say(sent(b.send(5)));
            p.see(&task);
            p.say(try_send(&a, 6));
            p.say(try_send(&b, 6));
        }),
        case("a select waits, the second is closed", |p| {
            let (a, b) = (filled(0, &[]), filled(0, &[]));
            let (c, d) = (a.clone(), b.clone());
            let task = p.start(move || first_of(&c, &d));
            p.say(close(&b));
            p.see(&task);
            p.say(try_send(&a, 6));
        }),
        case("a select waits to send, a receiver comes", |p| {
            let (a, b) = (filled(0, &[]), filled(1, &[1]));
            let (c, d) = (a.clone(), b.clone());
            let task = p.start(move || send_to_one(&c, &d));
            p.say(received(b.recv()));
            p.see(&task);
            p.say(received(b.recv()));
            p.say(try_recv(&a));
        }),
        case("a select waits to send, its channel is closed", |p| {
            let (a, b) = (filled(0, &[]), filled(1, &[1]));
            let d = b.clone();
            let task = p.start(move || send_to_one(&a, &d));
            p.say(close(&b));
            p.see(&task);
            p.say(format!("len {}", b.len()));
        }),
        case("a select and a receiver wait, in turn", |p| {
            let (a, b) = (filled(0, &[]), filled(0, &[]));
            let (c, d) = (a.clone(), b.clone());
            let first = p.start(move || first_of(&c, &d));
            let rx = b.clone();
            let second = p.start(move || received(rx.recv()));
            let d = b.clone();
            let third = p.start(move || first_of(&d, &a));
            (0..3).for_each(|i| p.say(sent(b.send(i))));
            p.see([&first, &second, &third]);
        }),
    ]
}
