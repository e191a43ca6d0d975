//! Channels whose lanes are open: the same rules, when nobody takes the lock, and when somebody does meanwhile.
//!
//! That the lanes were open in the part that counts is what `lane.leave` and the like under `reaches` say: before it, nobody
//! has been in a lane.

use gosync::chan::{self, Receiver, Sender};
use gosync::{go, select};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::block_on;

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const KTH: &str = "chan.kth-recv-before-(k+C)th-send-complete";
const CLOSE: &str = "chan.close-before-closed-recv";
const TRANSFER: &str = "chan.value-transfer";
const FIFO: &str = "chan.fifo";
const LEN: &str = "chan.len-cap-no-edge";
const TRY: &str = "gosync.try";

pub(super) type Ends<T> = (Sender<T>, Receiver<T>);

pub(crate) fn models() -> Vec<Model> {
    let mut models = vec![
        // The edges.
        holds(SEND_BEFORE_RECV, "lanes: cap 2", || send_then_look(laned(2, || ()), true)).reaches(&[
            "lane.leave",
            "lane.position",
            "lane.shut",
            "sleeper.wake",
        ]),
        holds(SEND_BEFORE_RECV, "lanes: unbounded", || send_then_look(laned(usize::MAX, || ()), true)).reaches(&[
            "lane.leave",
            "lane.position",
            "lane.shut",
            "sleeper.wake",
        ]),
        fails(SEND_BEFORE_RECV, "lanes: write after the send", Verdict::Race, || {
            send_then_look(laned(2, || ()), false)
        }),
        holds(SEND_BEFORE_RECV, "lanes: tasks", tasks).bound(2).reaches(&["lane.leave", "chan.wake-task"]),
        holds(KTH, "lanes: opened while a task waits for the lock", || opened_meanwhile(by_task, true))
            .bound(2)
            .reaches(&["held.back-to-lane", "chan.wake-task"]),
        fails(KTH, "lanes: opened meanwhile, a look too early", Verdict::Race, || opened_meanwhile(by_task, false)),
        holds(KTH, "lanes: opened while a sender waits for the lock", || opened_meanwhile(by_thread, true))
            .bound(2)
            .reaches(&["held.back-to-lane", "sleeper.wake"]),
        fails(KTH, "lanes: opened by a receive, a look too early", Verdict::Race, || {
            opened_meanwhile(by_thread, false)
        }),
        holds(SEND_BEFORE_RECV, "lanes: opened while a receiver waits for the lock", || opened_by_a_send(true))
            .bound(2)
            .reaches(&["held.back-to-lane", "sleeper.wake"]),
        fails(SEND_BEFORE_RECV, "lanes: opened by a send, a look too early", Verdict::Race, || opened_by_a_send(false)),
        holds(KTH, "lanes: cap 1", || full_then_look(1, 1)).reaches(&["lane.leave", "lane.position", "sleeper.wake"]),
        holds(KTH, "lanes: cap 2", || full_then_look(2, 2)).reaches(&["lane.leave", "lane.position", "sleeper.wake"]),
        // There is a slot more than there may be values.
        holds(KTH, "lanes: cap 3", || full_then_look(3, 3)).reaches(&["lane.leave", "lane.position", "sleeper.wake"]),
        fails(KTH, "lanes: cap 3, two values", Verdict::Race, || full_then_look(3, 2)),
        holds(KTH, "lanes: as a lock", || lock_of(1)).reaches(&["lane.leave", "sleeper.wake"]),
        fails(KTH, "lanes: as a lock, cap 2", Verdict::Race, || lock_of(2)),
        holds(CLOSE, "lanes: cap 2", || close_then_look(laned(2, || 0), true)).bound(3).reaches(&[
            "lane.leave",
            "lane.shut",
            "sleeper.wake",
        ]),
        fails(CLOSE, "lanes: write after the close", Verdict::Race, || close_then_look(laned(2, || 0), false)),
        // Each value arrives once, in order.
        holds(TRANSFER, "lanes: two senders", two_senders).bound(3).reaches(&["lane.leave", "lane.keep-out"]),
        holds(TRANSFER, "lanes: two receivers", two_receivers)
            .bound(2)
            .pinged()
            .reaches(&["lane.leave", "lane.keep-out"])
            .witnesses(&["one each"]),
        holds(FIFO, "lanes: shut in between", shut_in_between).bound(2).reaches(&["lane.leave", "lane.shut"]),
        holds(FIFO, "lanes: a buffer that grows", grows).bound(2).reaches(&["lane.leave", "lane.shut"]),
        holds(FIFO, "lanes: a burst that is over", burst).bound(3).reaches(&["lane.leave", "lane.shut"]),
        // A try, and whoever only looks.
        holds(TRY, "lanes: receive after own send", try_after_own_send).bound(3).witnesses(&["own", "the other's"]),
        holds(TRY, "lanes: send after own receive", try_send_after_own_recv).bound(2).reaches(&["lane.leave"]),
        holds(TRY, "lanes: receive after being told", || try_after_being_told(laned(2, || 0)))
            .reaches(&["lanes.unchanged"]),
        holds(TRY, "lanes: never empty between a value and the end", || never_empty(laned(2, || 0)))
            .reaches(&["lanes.unchanged"])
            .witnesses(&["mine", "the other's"]),
        holds(LEN, "lanes: a value that was counted is found", counted_is_found)
            .bound(2)
            .pinged()
            .reaches(&["lanes.unchanged"])
            .witnesses(&["counted", "early"]),
        holds(LEN, "lanes: neither full nor empty", neither_full_nor_empty)
            .bound(3)
            .pinged()
            .reaches(&["lanes.unchanged"]),
        holds(TRY, "lanes: not of two openings", not_of_two_openings).bound(2).pinged().reaches(&["lanes.unchanged"]),
    ];
    models.push(
        fails(LEN, "lanes: a length that was seen", Verdict::Race, || {
            let (d, (tx, rx)) = (Plain::new(), laned(2, || ()));
            let sender = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    tx.send(()).unwrap();
                    tx
                }
            });
            if rx.is_empty() {
                d.read();
            }
            sender.join().unwrap();
        })
        .reaches(&["lanes.unchanged"]),
    );
    models.into_iter().map(Model::with_lanes).collect()
}

/// A channel without values whose lanes are open; at `usize::MAX` unbounded.
pub(super) fn laned<T>(capacity: usize, value: fn() -> T) -> Ends<T> {
    let (tx, rx) = if capacity == usize::MAX { chan::unbounded() } else { chan::bounded(capacity) };
    assert!(tx.send(value()).is_ok());
    // There were no slots before the first value, so this is the first operation that is only the ring's.
    assert!(rx.recv().is_ok());
    (tx, rx)
}

/// T1: write, send. T2: receive, read.
pub(super) fn send_then_look((tx, rx): Ends<()>, in_order: bool) {
    let d = Plain::new();
    let sender = go({
        let d = d.clone();
        move || {
            if in_order {
                d.write(1);
            }
            tx.send(()).unwrap();
            if !in_order {
                d.write(1);
            }
        }
    });
    rx.recv().unwrap();
    let seen = d.read();
    sender.join().unwrap();
    assert_eq!(seen, 1);
}

pub(super) fn tasks() {
    let (d, (tx, rx)) = (Plain::new(), laned(1, || 0));
    let sender = go({
        let d = d.clone();
        move || {
            d.write(1);
            block_on(tx.send_async(1)).unwrap();
            block_on(tx.send_async(2)).unwrap();
        }
    });
    assert_eq!((block_on(rx.recv_async()), d.read()), (Ok(1), 1));
    assert_eq!(block_on(rx.recv_async()), Ok(2));
    sender.join().unwrap();
}

fn by_task(tx: &Sender<i32>, value: i32) {
    block_on(tx.send_async(value)).unwrap();
}

fn by_thread(tx: &Sender<i32>, value: i32) {
    tx.send(value).unwrap();
}

/// With one value, and the lanes shut. T1: write, receive, which opens them. T2: send, send, read.
fn opened_meanwhile(send: fn(&Sender<i32>, i32), in_order: bool) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(2));
    tx.send(1).unwrap();
    let receiver = go({
        let (d, rx) = (d.clone(), rx.clone());
        move || {
            d.write(1);
            assert_eq!(rx.recv(), Ok(1));
        }
    });
    send(&tx, 2);
    let early = if in_order { 1 } else { d.read() };
    send(&tx, 3);
    assert_eq!((early, d.read()), (1, 1));
    receiver.join().unwrap();
    assert_eq!((rx.recv(), rx.recv()), (Ok(2), Ok(3)));
}

/// With one value, and the lanes shut. T1: write, send, which opens them. T2: receive, receive, read.
fn opened_by_a_send(in_order: bool) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(2));
    tx.send(1).unwrap();
    let sender = go({
        let d = d.clone();
        move || {
            d.write(1);
            tx.send(2).unwrap();
            tx
        }
    });
    assert_eq!(rx.recv(), Ok(1));
    let early = if in_order { 1 } else { d.read() };
    assert_eq!(rx.recv(), Ok(2));
    assert_eq!((early, d.read()), (1, 1));
    sender.join().unwrap();
}

/// With `filled` values. T1: write, receive. T2: send, read.
fn full_then_look(capacity: usize, filled: usize) {
    let (d, (tx, rx)) = (Plain::new(), laned(capacity, || ()));
    (0..filled).for_each(|_| tx.send(()).unwrap());
    let receiver = go({
        let (d, rx) = (d.clone(), rx.clone());
        move || {
            d.write(1);
            rx.recv().unwrap();
        }
    });
    tx.send(()).unwrap();
    let seen = d.read();
    receiver.join().unwrap();
    assert_eq!(seen, 1);
}

/// Two threads that hold a slot of the channel while they change a variable.
pub(super) fn lock_of(capacity: usize) {
    let (d, ends) = (Plain::new(), laned(capacity, || ()));
    let section = |d: &Plain, (tx, rx): &Ends<()>| {
        tx.send(()).unwrap();
        d.increment();
        rx.recv().unwrap();
    };
    let other = go({
        let (d, ends) = (d.clone(), ends.clone());
        move || section(&d, &ends)
    });
    section(&d, &ends);
    other.join().unwrap();
    assert_eq!(d.read(), 2);
}

/// T1: send, write, close. T2: receive to the end, read.
pub(super) fn close_then_look((tx, rx): Ends<i32>, in_order: bool) {
    let d = Plain::new();
    let closer = go({
        let d = d.clone();
        move || {
            tx.send(1).unwrap();
            if in_order {
                d.write(1);
            }
            tx.close().unwrap();
            if !in_order {
                d.write(1);
            }
        }
    });
    assert_eq!(rx.iter().collect::<Vec<_>>(), [1]);
    let seen = d.read();
    closer.join().unwrap();
    assert_eq!(seen, 1);
}

/// Who receives has sent one of them.
pub(super) fn two_senders() {
    let (tx, rx) = laned(2, Plain::new);
    let sender = go({
        let tx = tx.clone();
        move || tx.send(Plain::holding(1)).unwrap()
    });
    tx.send(Plain::holding(2)).unwrap();
    assert_eq!(rx.recv().unwrap().read() + rx.recv().unwrap().read(), 3);
    sender.join().unwrap();
}

/// What the first one has seen of the senders' lane is the second one's, too.
pub(super) fn two_receivers() {
    let (tx, rx) = laned(2, Plain::new);
    let sender = go(move || {
        [1, 2].into_iter().for_each(|n| tx.send(Plain::holding(n)).unwrap());
        tx
    });
    let receiver = go({
        let rx = rx.clone();
        move || rx.try_recv().map_or(0, |value| value.read())
    });
    let mine = rx.try_recv().map_or(0, |value| value.read());
    let others = receiver.join().unwrap();
    if mine * others != 0 {
        witness("one each");
    }
    let _tx = sender.join().unwrap();
    assert_eq!(mine + others + rx.try_iter().map(|value| value.read()).sum::<usize>(), 3);
}

/// The receiver takes the lock for every other value, and opens the lanes again.
fn shut_in_between() {
    let (tx, rx) = laned(2, || 0);
    let sender = go(move || (1..=3).for_each(|n| tx.send(n).unwrap()));
    assert_eq!(rx.recv(), Ok(1));
    select! { recv(rx) -> value => assert_eq!(value, Ok(2)) }
    assert_eq!(rx.recv(), Ok(3));
    sender.join().unwrap();
}

/// So large that a ring begins with one slot.
struct Large<const N: usize>(usize, [u8; N]);

fn grows() {
    let (tx, rx) = laned(usize::MAX, || Large(0, [0; 1000]));
    let sender = go(move || (1..=3).for_each(|n| assert!(tx.send(Large(n, [0; 1000])).is_ok())));
    (1..=3).for_each(|n| assert_eq!(rx.recv().map(|large| large.0), Ok(n)));
    sender.join().unwrap();
}

/// The last value of so many that the memory is given back, while somebody sends one more.
fn burst() {
    const N: usize = 33;
    let (tx, rx) = laned(usize::MAX, || Large(0, [0; 2000]));
    (1..=N).for_each(|n| assert!(tx.send(Large(n, [0; 2000])).is_ok()));
    (1..N).for_each(|n| assert_eq!(rx.recv().map(|large| large.0), Ok(n)));
    let sender = go(move || assert!(tx.send(Large(N + 1, [0; 2000])).is_ok()));
    (N..=N + 1).for_each(|n| assert_eq!(rx.recv().map(|large| large.0), Ok(n)));
    sender.join().unwrap();
}

/// With room for both, whoever has sent finds a value: its own or the other's.
fn try_after_own_send() {
    let ends = laned(2, || 0);
    let send_and_take = |(tx, rx): &Ends<usize>, n| {
        tx.send(n).unwrap();
        let got = rx.try_recv().expect("something was sent and not taken");
        witness(if got == n { "own" } else { "the other's" });
        got
    };
    let other = go({
        let ends = ends.clone();
        move || send_and_take(&ends, 1)
    });
    let mine = send_and_take(&ends, 2);
    assert_eq!(mine + other.join().unwrap(), 3);
}

fn try_send_after_own_recv() {
    let (tx, rx) = laned(2, || 0);
    (0..2).for_each(|_| tx.send(0).unwrap());
    let take_and_send = |(tx, rx): Ends<usize>| {
        rx.recv().unwrap();
        tx.try_send(1).expect("something was taken and not replaced");
    };
    let other = go({
        let ends = (tx.clone(), rx.clone());
        move || take_and_send(ends)
    });
    take_and_send((tx.clone(), rx.clone()));
    other.join().unwrap();
    assert_eq!(rx.len(), 2);
}

/// Told by another channel that a value is there, a try finds it.
pub(super) fn try_after_being_told((tx, rx): Ends<i32>) {
    let (tell, told) = laned(1, || ());
    let sender = go(move || {
        tx.send(1).unwrap();
        tell.send(()).unwrap();
        tx
    });
    told.recv().unwrap();
    assert_eq!((rx.len(), rx.try_recv()), (1, Ok(1)));
    sender.join().unwrap();
}

/// A channel that holds a value until it is closed is never found empty and open in between.
pub(super) fn never_empty((tx, rx): Ends<i32>) {
    tx.send(1).unwrap();
    let other = go({
        let rx = rx.clone();
        move || rx.try_recv()
    });
    tx.close().unwrap();
    let (mine, others) = (rx.recv(), other.join().unwrap());
    assert!(others != Err(chan::TryRecvError::Empty));
    assert_eq!(mine.is_ok(), others.is_err());
    witness(if mine.is_ok() { "mine" } else { "the other's" });
}

/// The first value comes while the lanes are shut, the second opens them again.
fn counted_is_found() {
    let (tx, rx) = laned(3, || 0);
    let sender = go(move || {
        select! { send(tx, 1) -> sent => sent.unwrap() }
        tx.send(2).unwrap();
        tx
    });
    let counted = !rx.is_empty();
    let tried = rx.try_recv();
    assert!(!counted || tried.is_ok());
    witness(if counted { "counted" } else { "early" });
    sender.join().unwrap();
}

fn neither_full_nor_empty() {
    let (tx, rx) = laned(3, || 0);
    (0..2).for_each(|n| tx.send(n).unwrap());
    let receiver = go({
        let rx = rx.clone();
        move || rx.recv().unwrap()
    });
    assert!((1..=2).contains(&tx.len()));
    receiver.join().unwrap();
    assert_eq!(rx.len(), 1);
}

/// There is always room for one of three values, although as many are sent as there is room for: the lanes are shut and opened
/// in between.
fn not_of_two_openings() {
    let (tx, rx) = laned(3, || 0);
    tx.send(0).unwrap();
    let other = go({
        let (tx, rx) = (tx.clone(), rx.clone());
        move || {
            tx.send(1).unwrap();
            select! { recv(rx) -> value => assert_eq!(value, Ok(0)) }
            tx.send(2).unwrap();
        }
    });
    // It looks before it enters the lane.
    assert!(tx.try_send(3).is_ok());
    other.join().unwrap();
    assert_eq!(rx.len(), 3);
}
