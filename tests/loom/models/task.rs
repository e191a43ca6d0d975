//! Channels between tasks, and between tasks and threads: the same rules, and futures that are dropped at any point.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use gosync::chan::{self, Chan, Receiver, RecvError, Select};
use gosync::go;
use gosync_atomic::__sys::Parker;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, poll_once};

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const RECV_BEFORE_SEND: &str = "chan.recv-before-unbuffered-send-complete";
const CLOSE: &str = "chan.close-before-closed-recv";
const CANCEL: &str = "gosync.cancel";
const WAKER: &str = "gosync.waker";

pub(crate) fn models() -> Vec<Model> {
    let mut models = vec![
        holds(RECV_BEFORE_SEND, "a task sends", || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(0));
            let receiver = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    rx.recv().unwrap();
                }
            });
            block_on(tx.send_async(7)).unwrap();
            assert_eq!(d.read(), 1);
            receiver.join().unwrap();
        })
        .reaches(&["chan.wake-task"]),
        holds(RECV_BEFORE_SEND, "tasks", || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(0));
            let receiver = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    block_on(rx.recv_async()).unwrap();
                }
            });
            block_on(tx.send_async(7)).unwrap();
            assert_eq!(d.read(), 1);
            receiver.join().unwrap();
        })
        .bound(3)
        .reaches(&["chan.wake-task"]),
        holds(CLOSE, "a task receives", || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded::<()>(0));
            let closer = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    tx.close().unwrap();
                }
            });
            assert!(block_on(rx.recv_async()).is_err());
            assert_eq!(d.read(), 1);
            closer.join().unwrap();
        })
        .reaches(&["chan.wake-task"]),
        holds(CANCEL, "a receive, then another receiver", || receive_dropped(0))
            .bound(3)
            .witnesses(&["pending", "ready"]),
        holds(CANCEL, "a receive from a buffer", || receive_dropped(1)).bound(3).witnesses(&["pending", "ready"]),
        holds(CANCEL, "a receive, while another one waits", || {
            let (tx, rx) = chan::bounded::<Plain>(0);
            let receiver = go({
                let rx = rx.clone();
                move || rx.recv().map(|value| value.read())
            });
            let sender = go(move || tx.send(Plain::holding(1)).is_ok());
            match poll_once_and_drop(rx.recv_async()) {
                Poll::Ready(Ok(value)) => {
                    witness("ready");
                    assert_eq!(value.read(), 1);
                    // Its sender is gone, so the other receiver ends, too.
                    assert!(sender.join().unwrap());
                    assert!(receiver.join().unwrap().is_err());
                }
                _ => {
                    assert!(sender.join().unwrap());
                    // The end may have come while the value was on its way to the future.
                    let end = receiver.join().unwrap();
                    witness(if end.is_ok() { "the other one" } else { "put back" });
                    assert_eq!(end.or_else(|_| rx.try_recv().map(|value| value.read())), Ok(1));
                }
            }
        })
        .bound(2)
        .witnesses(&["ready", "the other one", "put back"]),
        holds(CANCEL, "a send", send_dropped).bound(3).witnesses(&["sent", "not sent"]),
        holds(CANCEL, "a receive that was promised", promised_receive).bound(2),
        holds(CANCEL, "a send that was promised", promised_send).bound(2).witnesses(&["first", "second"]),
        holds(CANCEL, "a promised receive, by the holder", || {
            let (tx, rx) = chan::bounded(0);
            let mut receive = Box::pin(rx.recv_async());
            assert!(receive.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let mut select = Select::new();
            select.send(&tx);
            let permit = select.try_select().unwrap();
            drop(receive);
            let receiver = go({
                let rx = rx.clone();
                move || rx.recv()
            });
            permit.send(&tx, 7).unwrap();
            assert_eq!(receiver.join().unwrap(), Ok(7));
        }),
        holds(CANCEL, "a promised send, by the holder", || {
            let (tx, rx) = chan::bounded(0);
            let mut send = Box::pin(tx.send_async(7));
            assert!(send.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let mut select = Select::new();
            select.recv(&rx);
            let permit = select.try_select().unwrap();
            drop(send);
            let sender = go({
                let tx = tx.clone();
                move || tx.send(8).unwrap()
            });
            assert_eq!(permit.recv(&rx), Ok(8));
            sender.join().unwrap();
        }),
        holds("gosync.close-gives-back", "a task sends", || {
            let (tx, rx) = chan::bounded(0);
            let closer = go({
                let tx = tx.clone();
                move || tx.close().unwrap()
            });
            let back = block_on(tx.send_async(Plain::holding(1))).unwrap_err();
            assert_eq!(back.into_inner().read(), 1);
            closer.join().unwrap();
            drop(rx);
        }),
        holds(CANCEL, "meets a close", || {
            let (tx, rx) = chan::bounded::<Plain>(0);
            let closer = go(move || tx.close().unwrap());
            let _ = poll_once_and_drop(rx.recv_async());
            assert!(rx.recv().is_err());
            closer.join().unwrap();
        }),
        holds(CANCEL, "by the waker of another, in a close", || {
            let (tx, rx) = chan::bounded::<()>(0);
            let mut woken = Box::pin(receive(rx.clone()));
            let dropped: Arc<Doomed> = Arc::default();
            let waker = Waker::from(Arc::clone(&dropped));
            assert!(woken.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            let mut other = Box::pin(receive(rx));
            assert!(other.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            *dropped.0.lock().unwrap() = Some(other);
            let closer = go(move || tx.close().unwrap());
            // The end is seen before, while, or after the waker is called.
            if block_on(woken).is_err() {
                witness(if dropped.0.lock().unwrap().is_some() { "not called" } else { "called" });
            }
            closer.join().unwrap();
        })
        .witnesses(&["called"])
        .reaches(&["chan.wake-task"]),
        fails(CANCEL, "a receive that is leaked", Verdict::Deadlock, || {
            let (tx, rx) = chan::bounded(0);
            let sender = go({
                let tx = tx.clone();
                move || tx.send(1).unwrap()
            });
            let mut leaked = std::mem::ManuallyDrop::new(Box::pin(rx.recv_async()));
            if leaked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                assert_eq!(rx.recv(), Ok(1));
            }
            sender.join().unwrap();
        }),
        holds(WAKER, "the last one is called", || {
            let (tx, rx) = chan::bounded(0);
            let sender = go(move || tx.send(1).unwrap());
            let mut receive = pin!(rx.recv_async());
            let first = receive.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let got = if let Poll::Ready(got) = first { got } else { block_on(receive) };
            assert_eq!(got, Ok(1));
            sender.join().unwrap();
        })
        .reaches(&["chan.wake-task"]),
        holds(WAKER, "the last one is called, of a send", || {
            let (tx, rx) = chan::bounded(0);
            let receiver = go(move || rx.recv());
            let mut send = pin!(tx.send_async(1));
            let first = send.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let sent = if let Poll::Ready(sent) = first { sent } else { block_on(send) };
            sent.unwrap();
            assert_eq!(receiver.join().unwrap(), Ok(1));
        })
        .reaches(&["chan.wake-task"]),
        holds(WAKER, "the last one is called, of a promised receive", || {
            let (tx, rx) = chan::bounded(0);
            let mut receive = Box::pin(async move { rx.recv_async().await });
            assert!(receive.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let mut select = Select::new();
            select.send(&tx);
            let permit = select.try_select().unwrap();
            // Nobody is about to complete it, so this must not wait for that.
            assert!(poll_once(receive.as_mut(), &Parker::new()).is_pending());
            let receiver = go(move || block_on(receive));
            permit.send(&tx, 7).unwrap();
            assert_eq!(receiver.join().unwrap(), Ok(7));
        })
        .reaches(&["chan.wake-task"]),
        holds(WAKER, "the last one is called, of a promised send", || {
            let (tx, rx) = chan::bounded(0);
            let mut send = Box::pin(async move { tx.send_async(7).await });
            assert!(send.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let mut select = Select::new();
            select.recv(&rx);
            let permit = select.try_select().unwrap();
            assert!(poll_once(send.as_mut(), &Parker::new()).is_pending());
            let sender = go(move || block_on(send));
            assert_eq!(permit.recv(&rx), Ok(7));
            sender.join().unwrap().unwrap();
        })
        .reaches(&["chan.wake-task"]),
        fails(WAKER, "another one is called", Verdict::Deadlock, || {
            let (tx, rx) = chan::bounded(0);
            let sender = go(move || tx.send(1).unwrap());
            let parker = Parker::new();
            let mut receive = pin!(rx.recv_async());
            if receive.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                parker.park();
            }
            sender.join().unwrap();
        }),
    ];
    for cap in [0, 1] {
        models.extend([
            holds(SEND_BEFORE_RECV, format!("a task receives, cap {cap}"), move || send_then_look(cap, false, true)),
            holds(SEND_BEFORE_RECV, format!("a task sends, cap {cap}"), move || send_then_look(cap, true, false)),
            holds(SEND_BEFORE_RECV, format!("tasks, cap {cap}"), move || send_then_look(cap, true, true)).bound(3),
        ]);
    }
    models
}

async fn receive(rx: Receiver<()>) -> Result<(), RecvError> {
    rx.recv_async().await
}

/// A waker that drops a future, then and there.
#[derive(Default)]
struct Doomed(Mutex<Option<Waiting>>);

type Waiting = Pin<Box<dyn Future<Output = Result<(), RecvError>>>>;

// SAFETY: loom runs one thread at a time and reports unordered accesses.
unsafe impl Send for Doomed {}
// SAFETY: as above.
unsafe impl Sync for Doomed {}

impl Wake for Doomed {
    fn wake(self: Arc<Doomed>) {
        let doomed = self.0.lock().unwrap().take();
        drop(doomed);
    }
}

/// Polls once, with a waker that wakes nobody.
pub(super) fn poll_once_and_drop<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// T1: write, send. T2: receive, read. Either may be a task.
fn send_then_look(cap: usize, task_sends: bool, task_receives: bool) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(cap));
    let sender = go({
        let d = d.clone();
        move || {
            d.write(1);
            if task_sends { block_on(tx.send_async(7)) } else { tx.send(7) }.unwrap();
        }
    });
    let got = if task_receives { block_on(rx.recv_async()) } else { rx.recv() };
    assert_eq!((got, d.read()), (Ok(7), 1));
    sender.join().unwrap();
}

/// A receive is polled once and dropped, at any moment of a send: the value is received by it or by the next.
fn receive_dropped(cap: usize) {
    let (tx, rx) = chan::bounded(cap);
    let sender = go(move || tx.send(Plain::holding(1)).unwrap());
    let value = match poll_once_and_drop(rx.recv_async()) {
        Poll::Ready(got) => {
            witness("ready");
            got.unwrap()
        }
        Poll::Pending => {
            witness("pending");
            rx.recv().unwrap()
        }
    };
    assert_eq!(value.read(), 1);
    sender.join().unwrap();
}

/// A send is polled once and dropped: its value was received or is gone.
fn send_dropped() {
    let c = Chan::new(0);
    let receiver = go({
        let c = c.clone();
        move || c.recv().map(|value: Plain| value.read())
    });
    let sent = poll_once_and_drop(c.sender().send_async(Plain::holding(1))).is_ready();
    c.close().unwrap();
    match receiver.join().unwrap() {
        Ok(value) => {
            assert_eq!(value, 1);
            witness("sent");
        }
        Err(_) => {
            assert!(!sent);
            witness("not sent");
        }
    }
}

/// A receive is promised to the holder of a permit to send, and dropped: the value goes to another receiver.
fn promised_receive() {
    let (tx, rx) = chan::bounded(0);
    let sender = go(move || {
        let mut select = Select::new();
        select.send(&tx);
        select.select().send(&tx, 7).unwrap();
    });
    let value = match poll_once_and_drop(rx.recv_async()) {
        Poll::Ready(value) => value,
        Poll::Pending => rx.recv(),
    };
    assert_eq!(value, Ok(7));
    sender.join().unwrap();
}

/// A send is promised to the holder of a permit to receive, and dropped: that one receives from another sender.
fn promised_send() {
    let (tx, rx) = chan::bounded(0);
    let receiver = go(move || {
        let mut select = Select::new();
        select.recv(&rx);
        select.select().recv(&rx)
    });
    let first = poll_once_and_drop(tx.send_async(7)).is_ready();
    // Refused if the receiver has got the first value, and has gone.
    let second = tx.send(8).is_ok();
    assert_eq!(receiver.join().unwrap(), Ok(if second { 8 } else { 7 }));
    assert!(!(first && second));
    witness(if second { "second" } else { "first" });
}
