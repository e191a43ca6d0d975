//! `test/chan/select3.go`: what blocks, what does not, and what fails, on a nil, an open and a closed channel.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, CloseError, RecvError, RecvTimeoutError, SendError, SendTimeoutError};
use gosync::chan::{ReadyTimeoutError, Select, SelectTimeoutError, TryRecvError, TrySendError, select};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Blocks,
    Returns,
}
use Verdict::{Blocks, Returns};

/// Runs `operation` on a thread of its own. One that blocks as it should is left there, blocked.
#[track_caller]
fn check<R>(what: &str, expected: Verdict, operation: impl FnOnce() -> R + Send + 'static) {
    let (returned, wait) = mpsc::channel();
    thread::spawn(move || {
        operation();
        returned.send(()).ok();
    });
    // Waiting too briefly can let a row pass by mistake, but not fail by mistake.
    let limit = Duration::from_millis(if expected == Blocks { 15 } else { 60_000 });
    let verdict = match wait.recv_timeout(limit) {
        Ok(()) => Returns,
        Err(mpsc::RecvTimeoutError::Timeout) => Blocks,
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{what} panicked"),
    };
    assert_eq!(verdict, expected, "{what}");
}

fn full() -> Chan<i32> {
    let c = Chan::new(10);
    (0..10).for_each(|i| c.send(i).unwrap());
    c
}

fn closed() -> Chan<i32> {
    let c = Chan::new(10);
    c.close().unwrap();
    c
}

/// Plain operations.
#[test]
fn plain() {
    check("send to nil", Blocks, || Chan::nil().send(7));
    check("receive from nil", Blocks, || Chan::<i32>::nil().recv());
    check("range over nil", Blocks, || Chan::<i32>::nil().iter().count());

    check("send to unbuffered", Blocks, || Chan::new(0).send(7));
    check("receive from unbuffered", Blocks, || Chan::<i32>::new(0).recv());
    check("receive from empty", Blocks, || Chan::<i32>::new(10).recv());
    check("send with a free slot", Returns, || Chan::new(10).send(7).unwrap());
    check("send to unbounded", Returns, || Chan::unbounded().send(7).unwrap());
    check("send to full", Blocks, || full().send(7));
    check("receive from full", Returns, || assert_eq!(full().recv(), Ok(0)));

    check("receive from closed", Returns, || assert_eq!(closed().recv(), Err(RecvError)));
    check("range over closed", Returns, || assert_eq!(closed().iter().count(), 0));
    check("send to closed", Returns, || assert_eq!(closed().send(7), Err(SendError(7))));
    check("close of closed", Returns, || assert_eq!(closed().close(), Err(CloseError::Closed)));
    check("close of nil", Returns, || assert_eq!(Chan::<i32>::nil().close(), Err(CloseError::Nil)));
}

/// In Go: a select with one case and default. Never blocks.
#[test]
fn with_default() {
    check("try to send to nil", Returns, || assert_eq!(Chan::nil().try_send(7), Err(TrySendError::Full(7))));
    check("try to receive from nil", Returns, || {
        assert_eq!(Chan::<i32>::nil().try_recv(), Err(TryRecvError::Empty));
    });
    check("try to send to unbuffered", Returns, || assert_eq!(Chan::new(0).try_send(7), Err(TrySendError::Full(7))));
    check("try to receive from unbuffered", Returns, || {
        assert_eq!(Chan::<i32>::new(0).try_recv(), Err(TryRecvError::Empty));
    });
    check("try to send to full", Returns, || assert_eq!(full().try_send(7), Err(TrySendError::Full(7))));
    check("try to receive from full", Returns, || assert_eq!(full().try_recv(), Ok(0)));
    check("try to send to closed", Returns, || assert_eq!(closed().try_send(7), Err(TrySendError::Disconnected(7))));
    check("try to receive from closed", Returns, || assert_eq!(closed().try_recv(), Err(TryRecvError::Disconnected)));
}

/// In Go: a select with one case and a timer.
#[test]
fn with_a_timeout() {
    const SOON: Duration = Duration::from_millis(1);
    check("send to nil", Returns, || assert_eq!(Chan::nil().send_timeout(7, SOON), Err(SendTimeoutError::Timeout(7))));
    check("receive from nil", Returns, || {
        assert_eq!(Chan::<i32>::nil().recv_timeout(SOON), Err(RecvTimeoutError::Timeout));
    });
    check("send to nil, for long", Blocks, || Chan::nil().send_timeout(7, Duration::MAX));
    check("receive from nil, for long", Blocks, || Chan::<i32>::nil().recv_timeout(Duration::from_secs(1 << 40)));
    check("send to full", Returns, || assert_eq!(full().send_timeout(7, SOON), Err(SendTimeoutError::Timeout(7))));
    check("receive from empty", Returns, || {
        assert_eq!(Chan::<i32>::new(1).recv_timeout(SOON), Err(RecvTimeoutError::Timeout));
    });
    check("send to full, for long", Blocks, || full().send_timeout(7, Duration::MAX));
    check("receive from empty, for long", Blocks, || Chan::<i32>::new(1).recv_timeout(Duration::from_secs(1 << 40)));
    check("send to closed, for long", Returns, || {
        assert_eq!(closed().send_timeout(7, Duration::MAX), Err(SendTimeoutError::Disconnected(7)));
    });
    check("receive from closed, for long", Returns, || {
        assert_eq!(closed().recv_timeout(Duration::MAX), Err(RecvTimeoutError::Disconnected));
    });
}

/// Selects without `default`: none of the cases can be done, or one can.
#[test]
fn selects() {
    check("select without cases", Blocks, || {
        if std::hint::black_box(true) {
            select! {}
        }
    });
    check("select of nil", Blocks, || {
        let nil = Chan::<i32>::nil();
        select! {
            send(nil, 7) -> _ => {}
            recv(nil) -> _ => {}
        }
    });
    check("select of what is switched off", Blocks, || {
        let none = None::<&Chan<i32>>;
        select! {
            send(none, 7) -> _ => {}
            recv(none) -> _ => {}
        }
    });
    check("select that is not ready", Blocks, || {
        let (c, full) = (Chan::<i32>::new(0), full());
        select! {
            recv(c) -> _ => {}
            send(full, 7) -> _ => {}
        }
    });
    check("select that meets nobody but itself", Blocks, || {
        let c = Chan::new(0);
        select! {
            send(c, 7) -> _ => {}
            recv(c) -> _ => {}
        }
    });
    check("select that meets nobody but itself, the other way round", Blocks, || {
        let c = Chan::new(0);
        select! {
            recv(c) -> _ => {}
            send(c, 7) -> _ => {}
        }
    });
    check("select with a free slot", Returns, || {
        let (c, nil) = (Chan::new(1), Chan::nil());
        select! {
            send(nil, 7) -> _ => unreachable!(),
            send(c, 7) -> sent => sent.unwrap(),
        }
        assert_eq!(c.recv(), Ok(7));
    });
    check("select of full and nil", Returns, || {
        let (full, nil) = (full(), Chan::<i32>::nil());
        select! {
            recv(nil) -> _ => unreachable!(),
            send(full, 7) -> _ => unreachable!(),
            recv(full) -> v => assert_eq!(v, Ok(0)),
        }
    });
    check("select, receive from closed", Returns, || {
        let (closed, c) = (closed(), Chan::<i32>::new(0));
        select! {
            recv(c) -> _ => unreachable!(),
            recv(closed) -> v => assert_eq!(v, Err(RecvError)),
        }
    });
    check("select, send to closed", Returns, || {
        let (closed, c) = (closed(), Chan::<i32>::new(0));
        select! {
            recv(c) -> _ => unreachable!(),
            send(closed, 7) -> sent => assert_eq!(sent, Err(SendError(7))),
        }
    });
}

/// Selects of several cases with `default`, and with a timer.
#[test]
fn selects_with_default() {
    check("nil and default", Returns, || {
        let nil = Chan::<i32>::nil();
        select! {
            send(nil, 7) -> _ => unreachable!(),
            recv(nil) -> _ => unreachable!(),
            default => {}
        }
    });
    check("nothing ready, and default", Returns, || {
        let (c, full) = (Chan::new(0), full());
        select! {
            recv(c) -> _ => unreachable!(),
            send(c, 7) -> _ => unreachable!(),
            send(full, 7) -> _ => unreachable!(),
            default => {}
        }
    });
    check("default alone", Returns, || select! { default => {} });
    check("nothing ready, and a timer", Returns, || {
        let (c, nil) = (Chan::new(0), Chan::<i32>::nil());
        select! {
            recv(c) -> _ => unreachable!(),
            send(c, 7) -> _ => unreachable!(),
            recv(nil) -> _ => unreachable!(),
            default(Duration::from_millis(1)) => {}
        }
    });
    check("a timer alone", Returns, || select! { default(Duration::from_millis(1)) => {} });
    check("a timer alone, for long", Blocks, || select! { default(Duration::MAX) => {} });
    check("nil and a timer, for long", Blocks, || {
        let nil = Chan::<i32>::nil();
        select! {
            recv(nil) -> _ => {}
            default(Duration::from_secs(1 << 40)) => {}
        }
    });
    check("closed and default", Returns, || {
        let (c, closed) = (Chan::<i32>::new(0), closed());
        select! {
            recv(c) -> _ => unreachable!(),
            send(closed, 7) -> sent => assert_eq!(sent, Err(SendError(7))),
            default => panic!("closed is ready"),
        }
        select! {
            recv(c) -> _ => unreachable!(),
            recv(closed) -> v => assert_eq!(v, Err(RecvError)),
            default => panic!("closed is ready"),
        }
    });
}

/// The same with `Select`.
#[test]
fn dynamic_selects() {
    const SOON: Duration = Duration::from_millis(1);
    /// Runs `f` with a `Select` of a nil channel, a full one, and a send and a receive on one without a buffer.
    fn blocked<R>(f: impl FnOnce(&mut Select<'_>) -> R) -> R {
        let (nil, full, c) = (Chan::<i32>::nil().split(), full().split(), Chan::<i32>::new(0).split());
        let mut select = Select::new();
        select.send(&nil.0);
        select.recv(&nil.1);
        select.send(&full.0);
        select.send(&c.0);
        select.recv(&c.1);
        f(&mut select)
    }
    check("Select", Blocks, || blocked(|select| select.select().index()));
    check("ready", Blocks, || blocked(|select| select.ready()));
    check("select_timeout, for long", Blocks, || blocked(|select| select.select_timeout(Duration::MAX).is_ok()));
    check("ready_timeout, for long", Blocks, || blocked(|select| select.ready_timeout(Duration::MAX)));
    check("no operations, for long", Blocks, || Select::new().select_timeout(Duration::MAX).is_ok());
    check("try_select", Returns, || assert!(blocked(|select| select.try_select().is_err())));
    check("try_ready", Returns, || assert!(blocked(|select| select.try_ready()).is_err()));
    check("select_timeout", Returns, || {
        assert_eq!(blocked(|select| select.select_timeout(SOON).map(drop)), Err(SelectTimeoutError));
        assert_eq!(Select::new().select_timeout(SOON).map(drop), Err(SelectTimeoutError));
    });
    check("ready_timeout", Returns, || {
        assert_eq!(blocked(|select| select.ready_timeout(SOON)), Err(ReadyTimeoutError));
        assert_eq!(Select::new().ready_timeout(SOON), Err(ReadyTimeoutError));
    });
    check("Select with one that is ready", Returns, || {
        let other = full();
        let ready = other.receiver();
        let (_open, idle) = Chan::<i32>::new(0).split();
        let mut select = Select::new();
        select.recv(&idle);
        select.recv(&ready);
        assert_eq!((select.ready(), select.select().recv(&ready)), (1, Ok(0)));
    });
}
