//! Channels: what the table of states does not say.

use std::thread;

use gosync::chan::{Chan, TrySendError};

use super::states::{close, closed, filled, received, sent, try_recv};
use crate::play::{Case, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("identity", |p| {
            let (a, b) = (Chan::<i32>::new(0), Chan::new(0));
            let none = Chan::nil();
            let same = Chan::same_channel;
            p.say(format!("{} {} {} {}", same(&a, &a), same(&a, &b), same(&a, &none), none.is_nil()));
        }),
        case("a channel of channels", |p| {
            let (c, inner) = (Chan::new(1), Chan::new(1));
            c.send(inner.clone()).unwrap();
            inner.send(5).unwrap();
            p.say(received(c.recv().unwrap().recv()));
        }),
        case("three senders wait, served in turn", |p| {
            let c = filled(0, &[]);
            let tx = c.clone();
            let tasks = p.start_all(3, move |i| sent(tx.send(i as i32)));
            (0..3).for_each(|_| p.say(received(c.recv())));
            p.see(&tasks);
        }),
        case("three receivers wait, served in turn", |p| {
            let c = filled(0, &[]);
            let rx = c.clone();
            let tasks = p.start_all(3, move |_| received(rx.recv()));
            (0..3).for_each(|i| p.say(sent(c.send(i))));
            p.see(&tasks);
        }),
        case("senders wait at a full buffer, order", |p| {
            let c = filled(2, &[1, 2]);
            let tx = c.clone();
            let tasks = p.start_all(2, move |i| sent(tx.send(3 + i as i32)));
            for _ in 0..2 {
                p.say(received(c.recv()));
                p.say(format!("len {}", c.len()));
            }
            p.see(&tasks);
            p.say(received(c.recv()));
            p.say(received(c.recv()));
            p.say(try_recv(&c));
        }),
        case("close beside waiting senders and a buffer", |p| {
            let c = filled(1, &[1]);
            let tx = c.clone();
            let tasks = p.start_all(2, move |i| sent(tx.send(2 + i as i32)));
            p.say(close(&c));
            p.see(&tasks);
            p.say(received(c.recv()));
            p.say(received(c.recv()));
        }),
        case("close twice", |p| {
            let c = filled(0, &[]);
            p.say(close(&c));
            p.say(close(&c));
        }),
        case("a failed send changes nothing", |p| {
            let c = closed(filled(2, &[1]));
            p.say(sent(c.send(2)));
            p.say(format!("len {}", c.len()));
            p.say(received(c.recv()));
            p.say(received(c.recv()));
        }),
        case("zero-size values", |p| {
            let c = Chan::new(2);
            c.send(()).unwrap();
            c.send(()).unwrap();
            p.say(format!("len {}", c.len()));
            p.say(match c.try_send(()) {
                Ok(()) => "sent",
                Err(TrySendError::Full(())) => "default",
                Err(TrySendError::Disconnected(())) => "closed",
            });
            c.recv().unwrap();
            p.say(format!("len {}", c.len()));
        }),
        case("range while another one sends", |p| {
            let (tx, rx) = Chan::new(0).split();
            thread::spawn(move || {
                (0..5).for_each(|i| tx.send(i).unwrap());
                tx.close().unwrap();
            });
            p.say(rx.iter().fold(0, |sum, value| 10 * sum + value));
        }),
        case("a ring of three", |p| {
            let (a, b, c) = (filled(0, &[]), filled(0, &[]), filled(0, &[]));
            let (from_a, to_b, from_b, to_c) = (a.clone(), b.clone(), b, c.clone());
            thread::spawn(move || to_b.send(1 + from_a.recv().unwrap()));
            thread::spawn(move || to_c.send(1 + from_b.recv().unwrap()));
            a.send(1).unwrap();
            p.say(received(c.recv()));
        }),
    ]
}
