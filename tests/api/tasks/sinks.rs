//! The sink of a sender.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_sink::Sink;
use futures_util::{StreamExt, stream};
use gosync::chan::{SendError, SendSink, Sender};
use tokio::runtime::Builder;

use super::{CAPACITIES, Count, poll, receive, send};
use crate::drops::Ledger;
use crate::make;
use crate::select::{await_receiver, choose_recv};
use crate::watchdog::Watchdog;

type Polled<T> = Poll<Result<(), SendError<T>>>;

/// Polls with no one to wake.
trait Polls<T> {
    fn ready(&mut self) -> Polled<T>;
    fn start(&mut self, value: T) -> Result<(), SendError<T>>;
    fn flush(&mut self) -> Polled<T>;
    fn end(&mut self) -> Polled<T>;
}

impl<T> Polls<T> for SendSink<'_, T> {
    fn ready(&mut self) -> Polled<T> {
        Pin::new(self).poll_ready(&mut Context::from_waker(Waker::noop()))
    }

    fn start(&mut self, value: T) -> Result<(), SendError<T>> {
        Pin::new(self).start_send(value)
    }

    fn flush(&mut self) -> Polled<T> {
        Pin::new(self).poll_flush(&mut Context::from_waker(Waker::noop()))
    }

    fn end(&mut self) -> Polled<T> {
        Pin::new(self).poll_close(&mut Context::from_waker(Waker::noop()))
    }
}

const DONE: Poll<Result<(), SendError<usize>>> = Poll::Ready(Ok(()));

/// It takes as many values as the channel has room for, and one more, which waits in it.
#[test]
fn takes_one_more_than_the_channel() {
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        let mut sink = tx.sink();
        let room = capacity.unwrap_or(100);
        for n in 0..room {
            assert_eq!((sink.ready(), sink.start(n)), (DONE, Ok(())));
            assert_eq!((sink.flush(), rx.len()), (DONE, n + 1), "the channel has it");
        }
        assert_eq!((sink.ready(), sink.start(room)), (DONE, Ok(())));
        if capacity.is_some() {
            assert!(sink.ready().is_pending());
            assert!(sink.flush().is_pending());
            assert!(sink.end().is_pending());
        }
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), (0..=room).collect::<Vec<_>>());
        assert_eq!((sink.flush(), sink.end()), (DONE, DONE));
    }
}

/// A value that is not sent at once is in line at once, and keeps its place.
#[test]
fn stands_in_line_when_it_is_started() {
    let (tx, rx) = make(Some(0));
    let (mut first, mut second) = (tx.sink(), tx.sink());
    assert_eq!((first.start(1), second.start(2)), (Ok(()), Ok(())));
    let mut plain = send(&tx, 3);
    assert!(poll(&mut plain).is_pending());
    assert!(second.flush().is_pending());
    assert!(second.ready().is_pending(), "polled again, it does not move back");
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3], "the first was not polled");
    assert_eq!((first.flush(), second.ready()), (DONE, DONE));
}

/// A receiver that has chosen the channel, and takes its time: who starts a send does not wait for it, and keeps its place there.
#[test]
fn a_receiver_that_takes_its_time() {
    let _watchdog = Watchdog::new();
    for completes in [true, false] {
        let ((tx, rx), (go_on, wait)) = (make::<usize>(Some(0)), make::<()>(Some(0)));
        std::thread::scope(|s| {
            let choosing = s.spawn(|| {
                let chosen = choose_recv(&rx);
                wait.recv().unwrap();
                if completes { chosen.recv(&rx).ok() } else { None }
            });
            await_receiver(&tx);
            let mut sink = tx.sink();
            assert_eq!((sink.ready(), sink.start(5)), (DONE, Ok(())));
            assert!(sink.flush().is_pending());
            go_on.send(()).unwrap();
            assert_eq!(choosing.join().unwrap(), completes.then_some(5));
            if !completes {
                assert!(sink.flush().is_pending(), "it begins anew");
                assert_eq!(rx.try_recv(), Ok(5));
            }
            assert_eq!(sink.flush(), DONE);
        });
    }
}

/// The sink is dropped meanwhile: the receiver waits for another one.
#[test]
fn dropped_beside_a_receiver_that_takes_its_time() {
    let _watchdog = Watchdog::new();
    let ((tx, rx), (go_on, wait)) = (make::<usize>(Some(0)), make::<()>(Some(0)));
    std::thread::scope(|s| {
        let choosing = s.spawn(|| {
            let chosen = choose_recv(&rx);
            wait.recv().unwrap();
            chosen.recv(&rx)
        });
        await_receiver(&tx);
        let mut sink = tx.sink();
        assert_eq!(sink.start(5), Ok(()));
        drop(sink);
        go_on.send(()).unwrap();
        tx.send(6).unwrap();
        assert_eq!(choosing.join().unwrap(), Ok(6));
    });
}

/// It does not get ahead of those who wait, and a receiver that waits has the value at once.
#[test]
fn is_served_in_its_turn() {
    for capacity in [Some(0), Some(1)] {
        let (tx, rx) = make(capacity);
        (0..capacity.unwrap()).for_each(|_| tx.send(0).unwrap());
        let mut waiting = send(&tx, 1);
        assert!(poll(&mut waiting).is_pending());
        let mut sink = tx.sink();
        assert_eq!((sink.ready(), sink.start(2)), (DONE, Ok(())));
        assert!(sink.flush().is_pending());
        assert_eq!(rx.try_iter().filter(|&n| n > 0).collect::<Vec<_>>(), [1, 2]);
        let mut receiving = receive(&rx);
        assert!(poll(&mut receiving).is_pending());
        assert_eq!((sink.ready(), sink.start(3), sink.flush()), (DONE, Ok(()), DONE));
        assert_eq!(poll(&mut receiving), Poll::Ready(Ok(3)));
    }
}

/// Whoever polled last is woken, once.
#[test]
fn wakes() {
    let (tx, rx) = make(Some(0));
    let mut sink = tx.sink();
    let ((one, first), (other, last)) = (Count::new(), Count::new());
    assert_eq!(sink.start(1), Ok(()));
    assert!(Pin::new(&mut sink).poll_flush(&mut Context::from_waker(&first)).is_pending());
    assert!(Pin::new(&mut sink).poll_ready(&mut Context::from_waker(&last)).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((one.get(), other.get()), (0, 1));
    assert_eq!(sink.ready(), DONE);
}

/// Each value that is not sent comes back, in one error.
#[test]
fn closed() {
    for capacity in [Some(0), Some(1)] {
        let (tx, rx) = make(capacity);
        (0..capacity.unwrap()).for_each(|_| tx.send(0).unwrap());
        let mut sinks = [tx.sink(), tx.sink(), tx.sink()];
        for (n, sink) in sinks.iter_mut().enumerate() {
            assert_eq!((sink.ready(), sink.start(n)), (DONE, Ok(())));
        }
        // One waits in line, one was not polled yet, and one is being closed.
        assert!(sinks[0].flush().is_pending());
        assert!(sinks[2].end().is_pending());
        rx.close().unwrap();
        assert_eq!(sinks[0].ready(), Poll::Ready(Err(SendError(0))));
        assert_eq!(sinks[1].flush(), Poll::Ready(Err(SendError(1))));
        assert_eq!(sinks[2].end(), Poll::Ready(Err(SendError(2))));
        for sink in &mut sinks {
            assert_eq!((sink.ready(), sink.start(9)), (DONE, Err(SendError(9))));
            assert_eq!((sink.flush(), sink.end()), (DONE, DONE), "the error was returned");
        }
    }
}

/// The end of a sink is not that of the channel, nor of other sinks.
#[test]
fn ends_alone() {
    let (tx, rx) = make(Some(8));
    let (mut ended, mut other) = (tx.sink(), tx.sink());
    assert_eq!((ended.start(1), ended.end(), ended.end()), (Ok(()), DONE, DONE));
    assert_eq!((ended.ready(), ended.start(2)), (DONE, Err(SendError(2))));
    assert!(!tx.is_closed());
    assert_eq!((other.start(3), other.flush()), (Ok(()), DONE));
    drop((ended, other));
    drop(tx);
    assert_eq!(rx.iter().collect::<Vec<_>>(), [1, 3]);
}

/// Start without ready is a bug of the caller, who is told, and the value that waits is safe.
#[test]
fn start_without_ready() {
    let (tx, rx) = make(Some(0));
    let mut sink = tx.sink();
    assert_eq!(sink.start(1), Ok(()));
    let panic = catch_unwind(AssertUnwindSafe(|| sink.start(2))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"start_send on a sink that is not ready"));
    assert!(sink.flush().is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(sink.flush(), DONE);
}

/// A sink is dropped with what it holds, and without what it has sent.
#[test]
fn drops() {
    let ledger = Ledger::default();
    let (tx, rx) = make(Some(0));
    let mut sink = tx.sink();
    assert!(sink.start(ledger.value()).is_ok());
    drop(sink);
    assert_eq!((ledger.balance(), rx.len()), ((1, 1), 0), "in line, not polled");
    assert!(rx.try_recv().is_err());
    let mut sink = tx.sink();
    assert!(sink.start(ledger.value()).is_ok());
    assert!(sink.flush().is_pending());
    drop(sink);
    assert_eq!(ledger.balance(), (2, 2), "in line");
    assert!(rx.try_recv().is_err());
    let mut sink = tx.sink();
    assert!(sink.start(ledger.value()).is_ok());
    assert!(sink.flush().is_pending());
    let value = rx.try_recv();
    assert!(value.is_ok());
    drop(sink);
    assert_eq!(ledger.balance(), (3, 2), "sent, but not looked at again");
    drop(value);
    assert_eq!(ledger.balance(), (3, 3));
}

/// The future of a combinator is dropped half way: what the sink has taken is sent when it is polled again.
#[test]
fn cancelled() {
    let (tx, rx) = make(Some(1));
    tx.send(0).unwrap();
    let mut sink = tx.sink();
    {
        let mut sending = Box::pin(futures_util::SinkExt::send(&mut sink, 1));
        assert!(poll(&mut sending).is_pending());
    }
    {
        // It never gets to giving its value to the sink.
        let mut sending = Box::pin(futures_util::SinkExt::send(&mut sink, 2));
        assert!(poll(&mut sending).is_pending());
    }
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [0, 1]);
    let mut sending = Box::pin(futures_util::SinkExt::send(&mut sink, 3));
    assert_eq!(poll(&mut sending), Poll::Ready(Ok(())));
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [3]);
}

/// The sink of the nil channel takes nothing, and can be closed.
#[test]
fn nil() {
    let tx = Sender::nil();
    let mut sink = tx.sink();
    (0..3).for_each(|_| assert!(sink.ready().is_pending()));
    assert_eq!((sink.flush(), sink.end()), (DONE, DONE));
    assert_eq!((sink.ready(), sink.start(1)), (DONE, Err(SendError(1))));
}

/// Several streams are forwarded into one channel, through a stream and a sink each, and the end comes with the last.
#[test]
fn forwards() {
    const TASKS: usize = 4;
    const EACH: usize = 500;
    let _watchdog = Watchdog::new();
    for capacity in CAPACITIES {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let (tx, rx) = make(capacity);
        let tx = Arc::new(tx);
        for task in 0..TASKS {
            let (source, middle) = make(capacity);
            runtime.spawn(async move {
                let values = stream::iter((0..EACH).map(|n| Ok((task, n))));
                values.forward(source.sink()).await.unwrap();
            });
            let tx = Arc::clone(&tx);
            runtime.spawn(async move { middle.stream().map(Ok).forward(tx.sink()).await.unwrap() });
        }
        drop(tx);
        let mut next = [0; TASKS];
        for (task, n) in rx {
            assert_eq!(n, next[task], "in order");
            next[task] += 1;
        }
        assert_eq!(next, [EACH; TASKS], "all of them, and then the end");
    }
}

/// `send_all` into a channel that closes under it: what is not sent is in the error.
#[test]
fn forwards_into_a_close() {
    use futures_util::SinkExt;

    let _watchdog = Watchdog::new();
    let runtime = Builder::new_current_thread().build().unwrap();
    let (tx, rx) = make(Some(0));
    let sent = runtime.spawn(async move {
        let mut values = stream::iter((0..).map(Ok));
        tx.sink().send_all(&mut values).await
    });
    let received = runtime.spawn(async move {
        let received: Vec<usize> = rx.stream().take(3).collect().await;
        rx.close().unwrap();
        received
    });
    assert_eq!(runtime.block_on(received).unwrap(), [0, 1, 2]);
    let SendError(back) = runtime.block_on(sent).unwrap().unwrap_err();
    assert_eq!(back, 3);
}

/// A sink that owns its sender goes where it likes, and gives it up when it is dropped, with the value that is in line.
#[test]
fn owns_its_sender() {
    let ledger = Ledger::default();
    let (tx, rx) = make(Some(0));
    let mut sink = tx.into_sink();
    assert!(sink.start(ledger.value()).is_ok());
    let mut boxed: Pin<Box<dyn Sink<_, Error = SendError<_>> + Send>> = Box::pin(sink);
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(boxed.as_mut().poll_flush(cx).is_pending());
    assert!(rx.try_recv().is_ok());
    assert!(matches!(boxed.as_mut().poll_ready(cx), Poll::Ready(Ok(()))));
    assert!(boxed.as_mut().start_send(ledger.value()).is_ok());
    assert_eq!((ledger.balance(), rx.sender_count()), ((2, 1), 1));
    drop(boxed);
    assert_eq!((ledger.balance(), rx.sender_count(), rx.is_closed()), ((2, 2), 0, true));
    assert!(rx.recv().is_err());
    // In a task of a runtime, and by a two-way handle.
    let c = gosync::chan::Chan::new(0);
    let rx = c.receiver();
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let sent = runtime.spawn(stream::iter((1..=3).map(Ok)).forward(c.into_sink()));
    assert_eq!(rx.iter().sum::<i32>(), 6);
    runtime.block_on(sent).unwrap().unwrap();
}
