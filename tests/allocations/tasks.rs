//! Tasks on channels.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_sink::Sink;
use gosync::chan::{Chan, Receiver, Sender};

use crate::counter::{allocations, bytes, without_allocating};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A channel whose buffer is allocated.
fn warm(capacity: usize) -> (Sender<usize>, Receiver<usize>) {
    let (tx, rx) = Chan::new(capacity).split();
    if tx.try_send(0).is_ok() {
        rx.recv().unwrap();
    }
    (tx, rx)
}

/// What is done at once.
#[test]
fn at_once() {
    for capacity in [1, usize::MAX] {
        let (tx, rx) = warm(capacity);
        without_allocating(|| {
            for n in 0..100 {
                assert_eq!(poll(pin!(tx.send_async(n))), Poll::Ready(Ok(())));
                assert_eq!(poll(pin!(rx.recv_async())), Poll::Ready(Ok(n)));
            }
        });
    }
}

/// What waits, for threads and for tasks, whether it is done or given up.
#[test]
fn waiting() {
    for capacity in [0, 1] {
        let (tx, rx) = warm(capacity);
        without_allocating(|| {
            for n in 0..100 {
                let mut receiving = pin!(rx.recv_async());
                assert!(poll(receiving.as_mut()).is_pending());
                assert_eq!(poll(pin!(tx.send_async(n))), Poll::Ready(Ok(())));
                assert_eq!(poll(receiving), Poll::Ready(Ok(n)));

                (0..capacity).for_each(|n| tx.send(n).unwrap());
                let mut sending = pin!(tx.send_async(n));
                assert!(poll(sending.as_mut()).is_pending());
                assert!(poll(pin!(tx.send_async(n))).is_pending());
                assert_eq!(rx.try_iter().last(), Some(n));
                assert_eq!(poll(sending), Poll::Ready(Ok(())));
                assert!(poll(pin!(rx.recv_async())).is_pending());
            }
        });
    }
}

/// A stream is one allocation, and its items are none.
#[test]
fn streams() {
    let (tx, rx) = warm(1);
    let before = bytes();
    let (n, mut stream) = allocations(|| rx.stream());
    assert_eq!(n, 1);
    without_allocating(|| {
        for n in 0..100 {
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut stream).poll_next(cx).is_pending());
            tx.send(n).unwrap();
            assert_eq!(Pin::new(&mut stream).poll_next(cx), Poll::Ready(Some(n)));
        }
    });
    without_allocating(|| drop(stream));
    assert_eq!(bytes(), before);
}

/// So is a sink, and what it takes.
#[test]
fn sinks() {
    let (tx, rx) = warm(1);
    let before = bytes();
    let (n, mut sink) = allocations(|| tx.sink());
    assert_eq!(n, 1);
    without_allocating(|| {
        for n in 0..100 {
            let cx = &mut Context::from_waker(Waker::noop());
            assert_eq!(Pin::new(&mut sink).poll_ready(cx), Poll::Ready(Ok(())));
            assert_eq!(Pin::new(&mut sink).start_send(n), Ok(()));
            assert_eq!(Pin::new(&mut sink).poll_ready(cx), Poll::Ready(Ok(())));
            assert_eq!(Pin::new(&mut sink).start_send(n + 1), Ok(()));
            assert!(Pin::new(&mut sink).poll_flush(cx).is_pending());
            assert_eq!((rx.recv(), rx.recv()), (Ok(n), Ok(n + 1)));
            assert_eq!(Pin::new(&mut sink).poll_flush(cx), Poll::Ready(Ok(())));
        }
    });
    without_allocating(|| drop(sink));
    assert_eq!(bytes(), before);
}

/// A close makes a list of the tasks that wait, which goes with it.
#[test]
fn close() {
    let before = bytes();
    {
        let (tx, rx) = Chan::<u8>::new(0).split();
        let mut receiving = pin!(rx.recv_async());
        assert!(poll(receiving.as_mut()).is_pending());
        assert_eq!(allocations(|| tx.close()), (1, Ok(())));
        assert!(matches!(poll(receiving), Poll::Ready(Err(_))));
    }
    assert_eq!(bytes(), before);
}
