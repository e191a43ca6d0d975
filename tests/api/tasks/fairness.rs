//! Of several cases that are ready, a task's select chooses each as often as the others, whatever they are.

use std::future::Future;
use std::task::Poll;
use std::time::Instant;

use gosync::chan::{Receiver, Select, at, never, select_async};

use super::{poll, send};
use crate::make;

/// Two cases are ready, and others are not: whether the first was chosen is as likely as not.
fn fair(what: &str, mut select: impl FnMut() -> bool) {
    const TIMES: usize = 4_000;
    let first = (0..TIMES).filter(|_| select()).count();
    // Eight standard deviations: it is the choice that is tested, not luck.
    assert!(first.abs_diff(TIMES / 2) < 8 * 32, "{what}: {first} of {TIMES}");
}

/// What a future returns that is ready at once.
fn now<R>(future: impl Future<Output = R>) -> R {
    match poll(&mut Box::pin(future)) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it is ready"),
    }
}

fn is_first(first: &Receiver<u8>, second: &Receiver<u8>) -> bool {
    now(async {
        select_async! { recv(first) -> _ => true, recv(second) -> _ => false }
    })
}

#[test]
fn a_receive_and_a_send() {
    for capacity in [1, 8] {
        let ((full, values), (room, rx)) = (make::<u8>(Some(capacity)), make::<u8>(Some(capacity)));
        (0..capacity).for_each(|_| full.send(0).unwrap());
        fair("of two", || {
            let sent = now(async {
                select_async! { recv(values) -> _ => false, send(room, 0) -> sent => sent.is_ok() }
            });
            if sent {
                _ = rx.recv()
            } else {
                full.send(0).unwrap()
            }
            sent
        });
        let nothing = never::<u8>();
        fair("of four", || {
            let sent = now(async {
                select_async! {
                    recv(nothing) -> _ => unreachable!(),
                    recv(values) -> _ => false,
                    send(room, 0) -> sent => sent.is_ok(),
                    send(full, 0) -> _ => unreachable!(),
                }
            });
            if sent {
                _ = rx.recv()
            } else {
                full.send(0).unwrap()
            }
            sent
        });
    }
}

#[test]
fn a_closed_channel_and_a_value() {
    let ((closed, ended), (tx, values)) = (make::<u8>(Some(1)), make(Some(1)));
    drop(closed);
    fair("closed and buffered", || {
        _ = tx.try_send(0);
        is_first(&ended, &values)
    });
}

#[test]
fn a_timer_and_a_value() {
    let (tx, values) = make::<u8>(Some(1));
    fair("due and buffered", || {
        _ = tx.try_send(0);
        let timer = at(Instant::now());
        now(async {
            select_async! { recv(timer) -> _ => true, recv(values) -> _ => false }
        })
    });
}

#[test]
fn a_sender_that_waits_and_a_value() {
    let ((waiting, met), (tx, values)) = (make::<u8>(Some(0)), make(Some(1)));
    fair("a task and buffered", || {
        _ = tx.try_send(0);
        let mut sender = send(&waiting, 0);
        assert!(poll(&mut sender).is_pending());
        is_first(&met, &values)
    });
}

/// A value in a buffer of which another one is set aside.
#[test]
fn beside_a_permit() {
    let ((permitted, left), (tx, values)) = (make::<u8>(Some(2)), make(Some(1)));
    permitted.send(0).unwrap();
    let mut select = Select::new();
    select.recv(&left);
    let _permit = select.select();
    fair("beside a permit", || {
        _ = (tx.try_send(0), permitted.try_send(0));
        is_first(&left, &values)
    });
}
