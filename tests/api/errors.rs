//! Errors: Go's texts where Go has one, conversions, questions; and that a value that was not sent always comes back.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, io, thread};

use gosync::chan::{
    Chan, CloseError, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use gosync::context::{Cause, Context, ContextError, error_as};
use gosync::errgroup::{Group, TaskResult};

use crate::watchdog::Watchdog;
use crate::{make, settle};

/// Neither printable, nor comparable, nor copyable; and it knows which one it is.
struct Precious(Box<u32>);

/// A value, and a check that it is the one that comes back.
fn precious(n: u32) -> (Precious, impl Fn(Precious)) {
    let value = Precious(Box::new(n));
    let address = &raw const *value.0;
    (value, move |back: Precious| {
        assert_eq!(*back.0, n);
        assert_eq!(&raw const *back.0, address, "the very value, not another one");
    })
}

#[test]
fn texts() {
    let texts: [(&dyn Error, &str); 13] = [
        (&SendError(1), "send on closed channel"),
        (&TrySendError::Disconnected(1), "send on closed channel"),
        (&TrySendError::Full(1), "send on full channel"),
        (&SendTimeoutError::Disconnected(1), "send on closed channel"),
        (&SendTimeoutError::Timeout(1), "send timed out"),
        (&RecvError, "receive on closed and empty channel"),
        (&TryRecvError::Disconnected, "receive on closed and empty channel"),
        (&TryRecvError::Empty, "receive on empty channel"),
        (&RecvTimeoutError::Disconnected, "receive on closed and empty channel"),
        (&RecvTimeoutError::Timeout, "receive timed out"),
        (&CloseError::Closed, "close of closed channel"),
        (&CloseError::Nil, "close of nil channel"),
        (&CloseError::ReceiveOnly, "close of receive-only channel"),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
        assert_eq!(format!("{error:>40}"), format!("{text:>40}"), "a width counts");
        assert!(error.source().is_none());
    }
}

#[test]
fn debug_shows_the_kind_not_the_value() {
    let value = || Precious(Box::new(1));
    assert_eq!(format!("{:?}", SendError(value())), "SendError(..)");
    assert_eq!(format!("{:?}", TrySendError::Full(value())), "Full(..)");
    assert_eq!(format!("{:?}", TrySendError::Disconnected(value())), "Disconnected(..)");
    assert_eq!(format!("{:?}", SendTimeoutError::Timeout(value())), "Timeout(..)");
    assert_eq!(format!("{:?}", SendTimeoutError::Disconnected(value())), "Disconnected(..)");
    assert_eq!(format!("{:?}", TryRecvError::Empty), "Empty");
    assert_eq!(format!("{:?}", RecvTimeoutError::Timeout), "Timeout");
    assert_eq!(format!("{RecvError:?}"), "RecvError");
    assert_eq!(format!("{:?} {:?}", CloseError::Closed, CloseError::Nil), "Closed Nil");
}

#[test]
fn questions_and_conversions() {
    let (full, disconnected) = (TrySendError::Full(1), TrySendError::Disconnected(2));
    assert_eq!((full.is_full(), full.is_disconnected(), full.into_inner()), (true, false, 1));
    assert_eq!((disconnected.is_full(), disconnected.is_disconnected(), disconnected.into_inner()), (false, true, 2));
    let (timeout, disconnected) = (SendTimeoutError::Timeout(1), SendTimeoutError::Disconnected(2));
    assert_eq!((timeout.is_timeout(), timeout.is_disconnected(), timeout.into_inner()), (true, false, 1));
    assert_eq!(
        (disconnected.is_timeout(), disconnected.is_disconnected(), disconnected.into_inner()),
        (false, true, 2)
    );
    assert!(TryRecvError::Empty.is_empty() && !TryRecvError::Empty.is_disconnected());
    assert!(!TryRecvError::Disconnected.is_empty() && TryRecvError::Disconnected.is_disconnected());
    assert!(RecvTimeoutError::Timeout.is_timeout() && !RecvTimeoutError::Timeout.is_disconnected());
    assert!(!RecvTimeoutError::Disconnected.is_timeout() && RecvTimeoutError::Disconnected.is_disconnected());

    assert_eq!(TrySendError::from(SendError(3)), TrySendError::Disconnected(3));
    assert_eq!(SendTimeoutError::from(SendError(3)), SendTimeoutError::Disconnected(3));
    assert_eq!(TryRecvError::from(RecvError), TryRecvError::Disconnected);
    assert_eq!(RecvTimeoutError::from(RecvError), RecvTimeoutError::Disconnected);
    assert_eq!(SendError(4).into_inner(), 4);
    let SendError(inner) = SendError(5);
    assert_eq!(inner, 5);
}

/// A full, a closed, and a nil channel, and every operation that can fail on them at once.
#[test]
fn immediate_failures_give_the_value_back() {
    const NOW: Duration = Duration::ZERO;
    let full = Chan::new(1);
    full.try_send(precious(0).0).unwrap();
    for c in [full, Chan::new(0), Chan::nil()] {
        let (value, same) = precious(1);
        same(c.try_send(value).unwrap_err().into_inner());
        let (value, same) = precious(2);
        let error = c.send_timeout(value, NOW).unwrap_err();
        assert!(error.is_timeout());
        same(error.into_inner());
        let (value, same) = precious(3);
        same(c.send_deadline(value, Instant::now()).unwrap_err().into_inner());
    }

    let closed = [None, Some(0), Some(1)].map(make).map(|(tx, rx)| {
        rx.close().unwrap();
        (tx, Some(rx))
    });
    let abandoned = [None, Some(0), Some(1)].map(make).map(|(tx, _)| (tx, None));
    for (tx, _rx) in closed.into_iter().chain(abandoned) {
        let (value, same) = precious(4);
        same(tx.send(value).unwrap_err().into_inner());
        let (value, same) = precious(5);
        let error = tx.try_send(value).unwrap_err();
        assert!(error.is_disconnected());
        same(error.into_inner());
        let (value, same) = precious(6);
        let error = tx.send_timeout(value, Duration::MAX).unwrap_err();
        assert!(error.is_disconnected());
        same(error.into_inner());
    }
}

/// A blocked sender gets its value back, by a timeout, a close, or the drop of the last receiver.
#[test]
fn blocked_senders_get_their_values_back() {
    let _watchdog = Watchdog::new();
    for capacity in [0, 2] {
        for (name, end) in
            [("close", (|rx| rx.close().unwrap()) as fn(gosync::chan::Receiver<Precious>)), ("drop", |rx| drop(rx))]
        {
            let (tx, rx) = make(Some(capacity));
            (0..capacity).for_each(|_| tx.try_send(precious(0).0).unwrap());
            thread::scope(|s| {
                for n in 1..=3 {
                    let tx = tx.clone();
                    s.spawn(move || {
                        let (value, same) = precious(n);
                        same(tx.send(value).expect_err(name).into_inner());
                        let (value, same) = precious(n);
                        same(tx.send_timeout(value, Duration::from_secs(60)).expect_err(name).into_inner());
                    });
                }
                let (value, same) = precious(9);
                let error = tx.send_timeout(value, Duration::from_millis(2)).unwrap_err();
                assert!(error.is_timeout());
                same(error.into_inner());
                settle();
                end(rx);
            });
        }
    }
}

/// An error with a reason: Go's `fmt.Errorf("no page: %w", err)`.
#[derive(Debug)]
struct NoPage(Box<dyn Error + Send + Sync>);

impl fmt::Display for NoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no page: {}", self.0)
    }
}

impl Error for NoPage {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Whatever stands around an error, it is found: what wraps it, what shares it, and both within each other.
#[test]
fn error_as_looks_through() {
    type Boxed = Box<dyn Error + Send + Sync>;
    const CANCELED: ContextError = ContextError::Canceled;
    let wraps: [fn(Boxed) -> Boxed; 3] = [
        |error| Box::new(NoPage(error)),
        |error| Box::new(io::Error::other(error)),
        // As by `?`: the box has a pointer to what is shared.
        |error| Box::new(Cause::from(error)),
    ];
    for a in wraps {
        for b in wraps {
            for c in wraps {
                let error = a(b(c(CANCELED.into())));
                assert_eq!(error_as(&*error), Some(&CANCELED), "{error:?}");
                assert!(error_as::<RecvError>(&*error).is_none());
            }
        }
    }
    assert_eq!(error_as(&CANCELED), Some(&CANCELED));
    // The first in the chain.
    let error = NoPage(NoPage("it is empty".into()).into());
    assert_eq!(error_as::<NoPage>(&error).unwrap().to_string(), "no page: no page: it is empty");
    // What shares is an error, too.
    let cause: Cause = Arc::new(CANCELED);
    assert!(error_as::<Cause>(&cause).is_some() && error_as::<Cause>(&*cause).is_none());
    assert!(error_as::<ContextError>(&io::Error::from(io::ErrorKind::NotFound)).is_none());

    fn serve(ctx: &Context) -> TaskResult {
        let (group, ctx) = Group::with_context(ctx);
        group.go(move || Ok(ctx.check().map_err(|error| NoPage(error.into()))?));
        Ok(group.wait()?)
    }
    let (ctx, cancel) = Context::background().with_cancel();
    cancel.cancel();
    let outer = Group::new();
    outer.go(move || serve(&ctx));
    let cause = outer.wait().unwrap_err();
    assert_eq!(error_as(&*cause), Some(&CANCELED));
    assert!(error_as::<NoPage>(&*cause).is_some());
}
