//! The rows of `test/chan/select3.go` that need no select: what blocks, what does not, and what fails, on a nil, an open
//! and a closed channel.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, CloseError, RecvError, RecvTimeoutError, SendError, SendTimeoutError};
use gosync::chan::{TryRecvError, TrySendError};

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
