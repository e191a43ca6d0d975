//! Selects of tasks, polled by hand.

use std::future::{Future, pending, ready};
use std::mem::forget;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gosync::chan::{self, Receiver, Select, Sender, after};
use gosync::select_async;
use gosync_chan::__cases::{SelectFuture, TaskRecvCase, TaskSendCase};

use super::{poll, poll_for, receive};
use crate::drops::Ledger;
use crate::make;
use crate::watchdog::Watchdog;

type Task<'a, R> = Pin<Box<dyn Future<Output = R> + Send + 'a>>;

/// A task that has chosen to send, once a receiver has come, and then waits for its message.
fn promises<'a>(tx: &'a Sender<i32>, message: impl Future<Output = i32> + Send + 'a) -> Task<'a, bool> {
    let quit = chan::never::<()>();
    Box::pin(async move {
        select_async! { send(tx, message.await) -> sent => sent.is_ok(), recv(quit) -> _ => false }
    })
}

fn or_default(rx: &Receiver<i32>) -> Task<'_, Option<i32>> {
    Box::pin(async move {
        select_async! { recv(rx) -> value => value.ok(), default => None }
    })
}

fn or_ready(rx: &Receiver<i32>) -> Task<'_, Option<i32>> {
    Box::pin(async move {
        select_async! { recv(rx) -> value => value.ok(), default(ready(())) => None }
    })
}

/// A future that is forgotten while it waits has all that a peer writes to: what made it may go. It stays in line.
#[test]
fn forgotten() {
    let ledger = Ledger::default();
    let (tx, rx) = make(Some(0));
    let (t2, _r2) = make::<u8>(Some(0));
    {
        let (receive, send) = (Box::new(TaskRecvCase::new(Some(&rx))), TaskSendCase::new(Some(&t2)));
        let select = SelectFuture::new([(); 2], (receive.arm(), (send.arm(), ())), false, false);
        let mut select = Box::pin(select);
        assert!(poll(&mut select).is_pending());
        forget(select);
    }
    assert!(tx.try_send(ledger.value()).is_ok(), "it is the forgotten one's");
    assert!(tx.try_send(ledger.value()).is_err(), "there was one");
    assert_eq!(ledger.balance(), (2, 1));
}

/// The nodes are in the future once, and so are the values.
#[test]
fn is_as_large_as_it_must_be() {
    const WORD: usize = size_of::<usize>();
    let (a, b) = (make::<u64>(Some(0)).1, make::<u64>(Some(0)).1);
    let small = async {
        select_async! { recv(a) -> _ => {}, recv(b) -> _ => {} }
    };
    assert!(size_of_val(&small) <= 54 * WORD, "{} words", size_of_val(&small) / WORD);
    let (a, b) = (make::<[u64; 32]>(Some(0)).1, make::<[u64; 32]>(Some(0)).1);
    let large = async {
        select_async! { recv(a) -> _ => {}, recv(b) -> _ => {} }
    };
    assert!(size_of_val(&large) <= 118 * WORD, "{} words", size_of_val(&large) / WORD);
}

/// `default` is for when nothing is ready, and only then.
#[test]
fn default() {
    let (tx, rx) = make(Some(1));
    assert_eq!(poll(&mut or_default(&rx)), Poll::Ready(None));
    tx.send(1).unwrap();
    assert_eq!(poll(&mut or_default(&rx)), Poll::Ready(Some(1)));
    assert_eq!(poll(&mut or_default(&Receiver::nil())), Poll::Ready(None));
    let late = after(Duration::from_secs(3600));
    let mut select: Task<'_, _> = Box::pin(async {
        select_async! { recv(late) -> _ => "late", recv(rx) -> _ => "received", default => "default" }
    });
    assert_eq!(poll(&mut select), Poll::Ready("default"));
    let mut select: Task<'_, _> = Box::pin(async {
        select_async! { recv(late) -> _ => "late", send(tx, 1) -> _ => "sent", default => "default" }
    });
    assert_eq!(poll(&mut select), Poll::Ready("sent"));
    tx.close().unwrap();
    assert_eq!(poll(&mut or_default(&rx)), Poll::Ready(Some(1)));
    let mut select: Task<'_, _> = Box::pin(async {
        select_async! { recv(rx) -> value => Some(value), default => None }
    });
    assert_eq!(poll(&mut select), Poll::Ready(Some(Err(chan::RecvError))));
}

/// A task of the same executor has chosen to send, and has its message when it is polled again. Who receives is pending so long,
/// `default` or not, and blocks nobody.
#[test]
fn a_default_beside_a_promise() {
    let _watchdog = Watchdog::new();
    for or in [or_default, or_ready] {
        let (tx, rx) = make(Some(0));
        let mut sender = promises(&tx, ready(7));
        assert!(poll(&mut sender).is_pending());
        let mut receiver = or(&rx);
        assert!(poll(&mut receiver).is_pending());
        assert!(poll(&mut receiver).is_pending(), "polled again");
        assert_eq!(poll(&mut sender), Poll::Ready(true));
        assert_eq!(poll(&mut receiver), Poll::Ready(Some(7)));
    }
}

/// The same, but the promise is not kept: then nothing is ready, or the time is up.
#[test]
fn a_default_beside_a_promise_that_is_not_kept() {
    let _watchdog = Watchdog::new();
    for or in [or_default, or_ready] {
        let (tx, rx) = make(Some(0));
        let mut sender = promises(&tx, pending());
        assert!(poll(&mut sender).is_pending());
        let mut receiver = or(&rx);
        assert!(poll(&mut receiver).is_pending());
        assert!(poll(&mut sender).is_pending(), "it waits for its message");
        let (woken, waker) = super::Count::new();
        assert!(poll_for(&mut receiver, &waker).is_pending());
        drop(sender);
        assert_eq!(woken.get(), 1);
        assert_eq!(poll_for(&mut receiver, &waker), Poll::Ready(None));
        assert!(tx.try_send(1).is_err(), "nobody is left in line");
    }
}

/// The time is up while a value is promised; before the promise is broken, another sender has come.
#[test]
fn late_and_yet_in_time() {
    let (tx, rx) = make(Some(0));
    let mut sender = promises(&tx, pending());
    assert!(poll(&mut sender).is_pending());
    let mut receiver = or_ready(&rx);
    assert!(poll(&mut receiver).is_pending());
    assert!(poll(&mut sender).is_pending());
    let mut other = super::send(&tx, 2);
    assert!(poll(&mut other).is_pending());
    drop(sender);
    assert_eq!(poll(&mut receiver), Poll::Ready(Some(2)));
    assert_eq!(poll(&mut other), Poll::Ready(Ok(())));
}

/// It is dropped while it is promised a value that it only tried for: the value stays.
#[test]
fn a_default_that_is_dropped_beside_a_promise() {
    let (tx, rx) = make(Some(0));
    let mut sender = promises(&tx, ready(7));
    assert!(poll(&mut sender).is_pending());
    let mut receiver = or_default(&rx);
    assert!(poll(&mut receiver).is_pending());
    drop(receiver);
    assert_eq!(poll(&mut sender), Poll::Ready(true), "its receiver has gone, and the value waits in the buffer");
    assert_eq!(poll(&mut receive(&rx)), Poll::Ready(Ok(7)));
}

/// A `Select` that has chosen to receive is a permit; who sends to it by a task's select goes on.
#[test]
fn a_default_beside_a_permit() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(Some(0));
    let mut waiting = receive(&rx);
    assert!(poll(&mut waiting).is_pending());
    let mut select = Select::new();
    select.send(&tx);
    let chosen = select.select();
    let mut sender: Task<'_, _> = Box::pin(async {
        select_async! { send(tx, 2) -> sent => Some(sent), default => None }
    });
    assert_eq!(poll(&mut sender), Poll::Ready(None), "the receiver is taken");
    chosen.send(&tx, 1).unwrap();
    assert_eq!(poll(&mut waiting), Poll::Ready(Ok(1)));
}

/// The handle of a case may be given away by the body of another.
#[test]
fn bodies_may_switch_cases_off() {
    let ((ta, a), (tb, b)) = (make(Some(1)), make(Some(1)));
    let (tc, _rc) = make::<i32>(Some(0));
    ta.send(1).unwrap();
    tb.send(2).unwrap();
    drop((ta, tb));
    let mut sum: Task<'_, i32> = Box::pin(async move {
        let (mut a, mut b, mut c, mut sum) = (Some(a), Some(b), Some(tc), 0);
        while a.is_some() || b.is_some() {
            select_async! {
                recv(a) -> n => match n {
                    Ok(n) => sum += n,
                    Err(_) => (a, c) = (None, None),
                },
                send(c, ready(3).await) -> sent => match sent {
                    Ok(()) => sum += 3,
                    Err(_) => c = None,
                },
                recv(b) -> n => match n {
                    Ok(n) => sum += n,
                    Err(_) => b = None,
                },
            }
        }
        sum
    });
    assert_eq!(sum.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(3));
}

/// The future of a `default` is evaluated before anything is tried; it is polled only if nothing is ready.
#[test]
fn a_timeout_is_evaluated_each_time() {
    let ((tx, a), (_tb, b)) = (make(None), make::<i32>(Some(0)));
    (0..100).for_each(|n| tx.send(n).unwrap());
    let mut evaluated = 0;
    for _ in 0..100 {
        let mut select = Box::pin(async {
            select_async! {
                recv(a) -> _ => true,
                recv(b) -> _ => false,
                default({ evaluated += 1; std::future::poll_fn(|_| -> Poll<()> { panic!("something is ready") }) }) => false,
            }
        });
        assert_eq!(poll(&mut select), Poll::Ready(true));
    }
    assert_eq!(evaluated, 100);
}

/// A body may wait, and its task may go on on another thread; that of a thread's select, too, if somebody puts that into a task.
#[test]
fn can_be_sent() {
    fn sent<F: Future + Send>(future: F) -> Pin<Box<F>> {
        Box::pin(future)
    }

    let ((tx, rx), (_t, other)) = (make(Some(3)), make::<i32>(Some(0)));
    let mut by_task = sent(async {
        select_async! {
            recv(rx) -> _ => unreachable!("nothing was sent"),
            send(tx, ready(7).await) -> sent => {
                ready(()).await;
                sent.is_ok()
            }
        }
    });
    assert_eq!(poll(&mut by_task), Poll::Ready(true));
    let mut by_thread = sent(async {
        gosync::select! {
            recv(rx) -> value => {
                ready(()).await;
                value.ok()
            }
            recv(other) -> _ => unreachable!("nothing was sent"),
        }
    });
    assert_eq!(poll(&mut by_thread), Poll::Ready(Some(7)));
    let mut or_default = sent(async {
        select_async! { recv(rx) -> value => value.ok(), recv(other) -> value => value.ok(), default => None }
    });
    assert_eq!(poll(&mut or_default), Poll::Ready(None));
}
