//! Programs of `test/chan/` that are about select, and `test/chanlinear.go`.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::thread;

use gosync::chan::{self, Chan, Receiver, RecvError, Select, Sender, TryRecvError, TrySendError, select};

use crate::settle;
use crate::watchdog::Watchdog;

/// `doubleselect.go`: a select of four channels sends each number once; what forwards them finds no number twice.
#[test]
fn doubleselect() {
    const NUMBERS: usize = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    let _watchdog = Watchdog::new();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| chan::bounded(0)).unzip();
    let (merged, numbers) = chan::bounded(0);
    thread::scope(|s| {
        s.spawn(move || {
            for n in 0..NUMBERS {
                select! {
                    send(senders[0], n) -> sent => sent.unwrap(),
                    send(senders[1], n) -> sent => sent.unwrap(),
                    send(senders[2], n) -> sent => sent.unwrap(),
                    send(senders[3], n) -> sent => sent.unwrap(),
                }
            }
        });
        for rx in receivers {
            let merged = merged.clone();
            s.spawn(move || rx.iter().for_each(|n: usize| merged.send(n).unwrap()));
        }
        drop(merged);
        let mut seen = vec![false; NUMBERS];
        for n in numbers {
            assert!(!std::mem::replace(&mut seen[n], true), "{n} came twice");
        }
        assert!(seen.into_iter().all(|seen| seen));
    });
}

/// `select.go`: sends that switch themselves off. Go evaluates every message whenever a select is entered; here a message
/// is evaluated when its case was chosen, and only then. The handles are evaluated every time, each once.
#[test]
fn select_evaluates_once() {
    let (messages, handles) = (Cell::new(0), Cell::new(0));
    let message = |shift: u32| {
        messages.set(messages.get() + 1);
        1 << shift
    };
    let send_all = |a: Option<&Chan<u32>>, b: Option<&Chan<u32>>| {
        let (mut a, mut b, mut sent) = (a, b, 0);
        let handle = |c| {
            handles.set(handles.get() + 1);
            c
        };
        loop {
            select! {
                send(handle(a), message(sent)) -> r => {
                    r.unwrap();
                    a = None;
                }
                send(handle(b), message(sent)) -> r => {
                    r.unwrap();
                    b = None;
                }
                default => return sent,
            }
            sent += 1;
        }
    };
    let (a, b) = (Chan::new(1), Chan::new(1));
    assert_eq!(send_all(Some(&a), Some(&b)), 2);
    assert_eq!(a.recv().unwrap() | b.recv().unwrap(), 3);
    assert_eq!((messages.get(), handles.get()), (2, 6));
    assert_eq!(send_all(Some(&a), None), 1);
    assert_eq!((a.recv(), b.try_recv()), (Ok(1), Err(TryRecvError::Empty)));
    assert_eq!((messages.get(), handles.get()), (3, 10));
    assert_eq!(send_all(None, None), 0);
    assert_eq!((messages.get(), handles.get()), (3, 12));
}

/// `select2.go`: 100,000 selects with an idle channel leave nothing behind in it. That they take no memory is counted in
/// `tests/allocations/select.rs`.
#[test]
fn select2() {
    const SELECTS: usize = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
    let _watchdog = Watchdog::new();
    let (c, idle) = (Chan::new(0), Chan::<usize>::new(0));
    thread::scope(|s| {
        s.spawn(|| {
            for n in 0..SELECTS {
                select! {
                    send(c, n) -> sent => sent.unwrap(),
                    recv(idle) -> _ => unreachable!(),
                }
            }
        });
        for n in 0..SELECTS {
            select! {
                recv(c) -> v => assert_eq!(v, Ok(n)),
                recv(idle) -> _ => unreachable!(),
            }
        }
    });
    assert_eq!((idle.try_send(1), idle.try_recv()), (Err(TrySendError::Full(1)), Err(TryRecvError::Empty)));
    let (tx, rx) = (idle.sender(), idle.receiver());
    let mut both = Select::new();
    both.send(&tx);
    both.recv(&rx);
    assert!(both.try_ready().is_err());
}

/// `select4.go`: what belongs to a case that is not chosen is not evaluated: its pattern binds nothing, its body is not run,
/// and the place that its body would assign to is not computed.
#[test]
fn select4() {
    fn place() -> &'static mut i32 {
        panic!("evaluated a place of a case that was not chosen")
    }
    let (c, c1) = (Chan::new(1), Chan::<i32>::new(0));
    c.send(42).unwrap();
    let mut chosen = None;
    select! {
        recv(c1) -> v => *place() = v.unwrap(),
        recv(c) -> v => chosen = v.ok(),
    }
    assert_eq!(chosen, Some(42));
}

/// `select5.go`, what is not syntax of assignments: every form of handle, pattern and body, with `default` before, after
/// and absent, among nil cases and cases that are not ready. What is evaluated is so in the order as written.
#[test]
fn select5() {
    struct Holder {
        c: Chan<i32>,
    }
    let log = RefCell::new(String::new());
    let note = |what: char| log.borrow_mut().push(what);
    let taken = || log.replace(String::new());

    let c = Chan::new(1);
    let (tx, rx) = (c.sender(), c.receiver());
    let holder = Holder { c: c.clone() };
    let (boxed, counted, several) = (Box::new(rx.clone()), Arc::new(rx.clone()), [rx.clone()]);
    let (nil, dummy, none) = (Receiver::<i32>::nil(), Chan::<i32>::new(0), None::<Receiver<i32>>);
    let full = |c: &Chan<i32>| c.send(7).unwrap();

    macro_rules! each_handle {
        ($($handle:expr),*) => {$(
            full(&c);
            let got = select! {
                recv((note('a'), &nil).1) -> _ => None,
                recv((note('b'), &dummy).1) -> _ => None,
                recv((note('c'), $handle).1) -> v => { note('d'); v.ok() }
            };
            assert_eq!((got, taken().as_str()), (Some(7), "abcd"));
            full(&c);
            let got = select! {
                default => unreachable!(),
                recv((note('a'), $handle).1) -> v @ (Ok(_) | Err(RecvError)) => { note('d'); v.ok() }
                recv((note('b'), &none).1) -> mut v => { v = Ok(1); v.ok() }
            };
            assert_eq!((got, taken().as_str()), (Some(7), "abd"));
            full(&c);
            let got = select! {
                recv((note('a'), $handle).1,) -> ref v => *v,
                default => unreachable!(),
            };
            assert_eq!((got, taken().as_str()), (Ok(7), "a"));
        )*};
    }
    each_handle!(&rx, &&rx, &c, c.clone(), Some(&rx), &Some(rx.clone()), c.receiver(), &boxed, boxed.clone(), &counted);
    each_handle!(&several[0], &holder.c, if c.is_nil() { &nil } else { &rx }, Some(Some(&rx)), &Some(&rx));

    // A place is borrowed, not moved.
    macro_rules! each_place {
        ($($place:expr),*) => {$(
            let got = select! {
                recv($place) -> v => v,
                send(tx, 5) -> sent => sent.map(|()| 5).or(Err(RecvError)),
            };
            assert_eq!((got, c.try_recv()), (Ok(5), Ok(5)));
        )*};
    }
    each_place!(rx, c, boxed, counted, several[0], holder.c);

    macro_rules! each_sender {
        ($($handle:expr),*) => {$(
            select! {
                send((note('a'), $handle).1, { note('d'); 7 }) -> sent => { note('e'); sent.unwrap() }
                send((note('b'), &dummy).1, { note('x'); 8 }) -> _ => unreachable!(),
                recv((note('c'), &none).1) -> _ => unreachable!(),
            }
            assert_eq!((c.try_recv(), taken().as_str()), (Ok(7), "abcde"));
        )*};
    }
    each_sender!(&tx, &c, Some(&tx), &Some(&tx), c.sender(), Box::new(&tx), Arc::new(tx.clone()), [&tx][0], &holder.c);

    // Nothing is ready: all handles, no message.
    let got = select! {
        send((note('a'), &dummy).1, { note('x'); 8 }) -> _ => 1,
        recv((note('b'), &rx).1) -> _ => 2,
        default => { note('c'); 3 }
        send((note('d'), None::<&Sender<i32>>).1, { note('x'); 8 }) -> _ => 4,
    };
    assert_eq!((got, taken().as_str()), (3, "abdc"));
}

/// `select6.go`: the queue of a channel stays in order when a select that is the last in it leaves.
#[test]
fn select6() {
    let _watchdog = Watchdog::new();
    let [c1, c2, c3] = [0; 3].map(Chan::new);
    thread::scope(|s| {
        s.spawn(|| c1.recv().unwrap());
        settle();
        s.spawn(|| {
            // Which of the two, the system decides; Go's program relies on its scheduler there.
            let woken_by = select! {
                recv(c1) -> v => v.unwrap(),
                recv(c2) -> v => v.unwrap(),
            };
            c3.send(woken_by).unwrap();
            c1.recv().unwrap();
        });
        settle();
        s.spawn(|| c2.send(2).unwrap());
        assert_eq!(c3.recv(), Ok(2), "nobody else sends");
        c1.send(1).unwrap();
        c1.send(1).unwrap();
    });
}

/// `select7.go`: a plain operation, a select with one case, and one with several, against each of these.
#[test]
fn select7() {
    type Operation<H> = (&'static str, fn(&H, &Chan<i32>));
    const RECEIVES: [Operation<Receiver<i32>>; 4] = [
        ("plain", |rx, _| assert_eq!(rx.recv(), Ok(1))),
        ("one case", |rx, _| select! { recv(rx) -> v => assert_eq!(v, Ok(1)) }),
        ("several", |rx, other| {
            select! {
                recv(rx) -> v => assert_eq!(v, Ok(1)),
                recv(other) -> _ => unreachable!(),
            }
        }),
        ("dynamic", |rx, other| {
            let other = other.receiver();
            let mut select = Select::new();
            let (number, _) = (select.recv(rx), select.recv(&other));
            let operation = select.select();
            assert_eq!((operation.index(), operation.recv(rx)), (number, Ok(1)));
        }),
    ];
    const SENDS: [Operation<Sender<i32>>; 4] = [
        ("plain", |tx, _| assert_eq!(tx.send(1), Ok(()))),
        ("one case", |tx, _| select! { send(tx, 1) -> sent => assert_eq!(sent, Ok(())) }),
        ("several", |tx, other| {
            select! {
                send(other, 2) -> _ => unreachable!(),
                send(tx, 1) -> sent => assert_eq!(sent, Ok(())),
            }
        }),
        ("dynamic", |tx, other| {
            let other = other.sender();
            let mut select = Select::new();
            let (_, number) = (select.send(&other), select.send(tx));
            let operation = select.select();
            assert_eq!((operation.index(), operation.send(tx, 1)), (number, Ok(())));
        }),
    ];
    let _watchdog = Watchdog::new();
    for (receives, receive) in RECEIVES {
        for (sends, send) in SENDS {
            for receiver_first in [true, false] {
                println!("{receives} from {sends}, receiver first: {receiver_first}");
                let (tx, rx) = chan::bounded(0);
                let (for_sender, for_receiver) = (Chan::new(0), Chan::new(0));
                thread::scope(|s| {
                    if receiver_first {
                        s.spawn(|| receive(&rx, &for_receiver));
                        settle();
                        send(&tx, &for_sender);
                    } else {
                        s.spawn(|| send(&tx, &for_sender));
                        settle();
                        receive(&rx, &for_receiver);
                    }
                });
                assert!(tx.try_send(3).is_err() && rx.try_recv().is_err(), "nothing is left in the queues");
            }
        }
    }
}

/// `select8.go`: what leaves a select. In Go `break` leaves the select; here it leaves the loop or block around it, and
/// so do `continue`, `return` and `?`.
#[test]
fn select8() {
    let ready = Chan::new(1);
    ready.close().unwrap();
    let (ready, idle): (Receiver<i32>, _) = (ready.receiver(), Chan::<i32>::new(0));
    let mut rounds = 0;
    'rounds: for n in 0..4 {
        'select: {
            select! {
                recv(ready) -> _ => {
                    if n < 2 {
                        break 'select;
                    }
                    if n == 2 {
                        continue 'rounds;
                    }
                    break 'rounds;
                }
                recv(idle) -> _ => unreachable!(),
                default => unreachable!(),
            }
        }
        rounds += 1;
    }
    assert_eq!(rounds, 2);
    for round in 0.. {
        select! { default => if round == 2 { break } }
    }
    for round in 0.. {
        select! { recv(ready) -> _ => if round == 2 { break } }
    }
    let error = || -> Result<i32, RecvError> {
        select! {
            recv(idle) -> v => Ok(v?),
            recv(ready) -> v => {
                v?;
                unreachable!()
            }
        }
    };
    assert_eq!(error(), Err(RecvError));
    let returned = || {
        select! { recv(ready) -> _ => return 1, default => 2 };
        3
    };
    assert_eq!(returned(), 1);
}

/// `chanlinear.go`: selects that wait on one channel for all, and are each woken by a channel of their own, from the
/// oldest to the newest and back. In Go a queue that has to be searched shows by the time that this takes.
#[test]
fn chanlinear() {
    const SELECTORS: usize = 500;
    let _watchdog = Watchdog::new();
    for newest_first in [false, true] {
        let (_open, shared) = chan::bounded::<usize>(0);
        let own: Vec<_> = (0..SELECTORS).map(|_| Chan::new(0)).collect();
        let (waits, waiting) = chan::unbounded();
        thread::scope(|s| {
            for (n, own) in own.iter().enumerate() {
                let (shared, waits) = (&shared, waits.clone());
                let selector = move || {
                    waits.send(()).unwrap();
                    select! {
                        recv(shared) -> _ => unreachable!(),
                        recv(own) -> v => assert_eq!(v, Ok(n)),
                    }
                };
                thread::Builder::new().stack_size(128 * 1024).spawn_scoped(s, selector).unwrap();
            }
            (0..SELECTORS).for_each(|_| waiting.recv().unwrap());
            let wake = |n: usize| own[n].send(n).unwrap();
            if newest_first { (0..SELECTORS).rev().for_each(wake) } else { (0..SELECTORS).for_each(wake) }
        });
    }
}
