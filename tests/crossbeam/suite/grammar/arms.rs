//! What an arm's body may do.

use std::cell::Cell;

use super::channel::{Receiver, RecvError, SendError, Sender, TryRecvError, bounded, never, unbounded};
use super::select;
use crate::ms;

/// Arms have one type; those that do not return fit any.
#[test]
#[allow(unreachable_code)]
fn common_type() {
    fn f(rx: &Receiver<&'static str>, tx: &Sender<u8>) -> usize {
        let length: usize = select! {
            recv(rx) -> got => got.unwrap().len(),
            send(tx, 1) -> _ => return 100,
            default => panic!("neither"),
        };
        length + 1
    }
    let (words, rx) = unbounded();
    let (tx, _keep) = bounded(1);
    words.send("four").unwrap();
    let (idle, _full) = (never::<&str>(), tx.send(0));
    assert_eq!(f(&rx, &tx), 5);
    _keep.recv().unwrap();
    assert_eq!(f(&idle, &tx), 100);
}

#[test]
fn leaving_a_loop() {
    let (tx, rx) = unbounded();
    let (stop, stopped) = bounded::<()>(0);
    (1..=5).for_each(|i| tx.send(i).unwrap());
    let mut sum = 0;
    loop {
        select! {
            recv(rx) -> got => match got {
                Ok(3) => continue,
                Ok(n) => sum += n,
                Err(_) => unreachable!(),
            },
            recv(stopped) -> _ => unreachable!(),
            default => break,
        }
    }
    assert_eq!(sum, 1 + 2 + 4 + 5);

    drop(stop);
    let mut rounds = 0;
    let found = 'outer: loop {
        rounds += 1;
        for i in 0.. {
            select! {
                recv(stopped) -> end => {
                    assert_eq!(end, Err(RecvError));
                    if rounds < 3 { continue 'outer }
                    if i == 0 { break }
                }
                recv(rx) -> _ => unreachable!(),
            }
        }
        break 'outer rounds;
    };
    assert_eq!(found, 3);
}

#[test]
#[allow(clippy::never_loop)]
fn returning_and_the_question_mark() {
    fn first(rx: &Receiver<i32>) -> i32 {
        loop {
            select! {
                recv(rx) -> got => if let Ok(n) = got { return n } else { return -1 },
            }
        }
    }
    fn second(rx: &Receiver<i32>) -> Result<i32, RecvError> {
        let n = select! { recv(rx) -> got => got? };
        Ok(n * 10)
    }
    fn third(tx: &Sender<i32>, rx: &Receiver<i32>) -> Result<(), Box<dyn std::error::Error>> {
        select! {
            send(tx, 3) -> sent => sent?,
            default => Err(TryRecvError::Empty)?,
        }
        select! { recv(rx) -> got => assert_eq!(got?, 3) }
        Ok(())
    }
    let (tx, rx) = bounded(2);
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    assert_eq!(first(&rx), 1);
    assert_eq!(second(&rx), Ok(20));
    third(&tx, &rx).unwrap();
    let (gone, full) = (bounded(1).0, bounded(0));
    assert!(third(&gone, &rx).unwrap_err().is::<SendError<i32>>());
    assert!(third(&full.0, &rx).unwrap_err().is::<TryRecvError>());
    drop(tx);
    assert_eq!((first(&rx), second(&rx)), (-1, Err(RecvError)));
}

/// A body owns the handles again: it can drop, move or send them away.
#[test]
fn moving_the_handle() {
    let (tx, rx) = unbounded::<i32>();
    select! {
        send(tx, 1) -> _ => drop(tx),
    }
    let mut iter = select! {
        recv(rx) -> got => { assert_eq!(got, Ok(1)); rx.into_iter() }
    };
    assert_eq!(iter.next(), None);

    let (tx, rx) = bounded::<i32>(0);
    let (other, _keep) = bounded::<Receiver<i32>>(1);
    select! {
        recv(rx) -> _ => unreachable!(),
        send(tx, 1) -> _ => unreachable!(),
        default => { drop(tx); other.send(rx).unwrap() }
    }
    let (tx, rx) = bounded::<i32>(0);
    select! {
        recv(rx) -> _ => drop((rx, tx)),
        default(ms(1)) => drop((tx, rx)),
    }
}

/// A body may change what the operand was borrowed from.
#[test]
fn changing_the_operand() {
    struct State {
        source: Receiver<i32>,
        target: Option<Sender<i32>>,
        list: Vec<Receiver<i32>>,
    }
    let (tx, rx) = unbounded();
    drop(tx);
    let (out, _keep) = bounded(1);
    let mut state = State { source: rx.clone(), target: Some(out), list: vec![rx] };
    select! { recv(state.source) -> end => { end.unwrap_err(); state.source = never(); } }
    select! { recv(state.source) -> _ => unreachable!(), default => {} }
    select! { send(state.target.as_ref().unwrap(), 1) -> sent => { sent.unwrap(); state.target = None; } }
    assert!(state.target.is_none());
    select! { recv(state.list[0]) -> _ => { state.list.clear(); } }
    assert!(state.list.is_empty());
}

/// Only one body runs, so all of them may consume or change the same thing.
#[test]
fn bodies_share() {
    let (tx, rx) = unbounded::<Box<i32>>();
    let value = Box::new(5);
    let once = |b: Box<i32>| *b;
    let n = select! {
        recv(rx) -> _ => once(value),
        recv(rx) -> _ => once(value) + 1,
        default => once(value) + 2,
    };
    assert_eq!(n, 7);

    let mut log = Vec::new();
    select! {
        send(tx, Box::new(1)) -> _ => log.push("sent"),
        recv(rx) -> _ => log.push("received"),
    }
    assert_eq!(log, ["sent"]);
    let total = Cell::new(0);
    for _ in 0..2 {
        select! {
            recv(rx) -> got => total.set(total.get() + *got.unwrap()),
            default => total.set(total.get() + 10),
        }
    }
    assert_eq!(total.get(), 11);
}

/// One value offered to several receivers: it goes to one of them or is still here.
#[test]
fn one_value_in_several_sends() {
    let ((a, from_a), (b, from_b)) = (bounded::<String>(1), bounded::<String>(1));
    let offer = |value: String| {
        select! {
            send(a, value) -> sent => { sent.unwrap(); None }
            send(b, value) -> sent => { sent.unwrap(); None }
            default => Some(value),
        }
    };
    assert_eq!((offer("x".into()), offer("y".into())), (None, None));
    assert_eq!(offer("z".into()), Some("z".into()));
    let mut both = [from_a.recv().unwrap(), from_b.recv().unwrap()];
    both.sort();
    assert_eq!(both, ["x", "y"]);
}

/// The types come from anywhere: the operands, the bodies, later uses.
#[test]
#[allow(clippy::let_unit_value)]
fn inferred_types() {
    let (tx, rx) = unbounded();
    select! { recv(rx) -> _ => unreachable!(), default => {} }
    tx.send(()).unwrap();

    let (tx, rx) = unbounded();
    select! { send(tx, Default::default()) -> _ => {} }
    let n: u16 = rx.recv().unwrap();
    assert_eq!(n, 0);

    let (tx, rx) = unbounded();
    select! { send(tx, "7".parse().unwrap()) -> _ => {} }
    select! { recv(rx) -> got => { let n: i64 = got.unwrap(); assert_eq!(n, 7) } }

    let (_keep, rx) = bounded(1);
    let found = select! { recv(rx) -> got => got.unwrap(), default => 2.5 };
    assert_eq!(found, 2.5f32);
    let list = select! { recv(never()) -> got => got.unwrap(), default => vec![1u8] };
    assert_eq!(list, [1]);
}

/// A parameter whose type nobody has said is a handle.
#[test]
fn untyped_parameters() {
    let (tx, rx) = bounded(1);
    let step = |s, r, n| {
        select! {
            send(s, n) -> sent => sent.map(|()| 0).unwrap(),
            recv(r) -> got => got.unwrap() + n,
        }
    };
    assert_eq!(step(tx.clone(), rx.clone(), 5), 0);
    assert_eq!(step(tx, rx, 6), 11);
}

#[test]
fn nesting() {
    let ((a_tx, a), (b_tx, b)) = (unbounded(), unbounded());
    a_tx.send(1).unwrap();
    b_tx.send(2).unwrap();
    let got = select! {
        recv(a) -> x => select! {
            recv(b) -> y => select! {
                send(a_tx, 3) -> _ => select! {
                    recv(a) -> z => (x, y, z),
                    default => unreachable!(),
                }
            },
            default(ms(1)) => unreachable!(),
        },
        default => { select! { default => unreachable!() } }
    };
    assert_eq!(got, (Ok(1), Ok(2), Ok(3)));
}

/// In code that is generic over the message, over lifetimes, and in methods.
#[test]
fn generic_code() {
    struct Merge<'a, T> {
        sources: [&'a Receiver<T>; 2],
    }
    impl<T> Iterator for Merge<'_, T> {
        type Item = T;
        fn next(&mut self) -> Option<T> {
            let [a, b] = self.sources;
            select! {
                recv(a) -> got => got.ok(),
                recv(b) -> got => got.ok(),
                default => None,
            }
        }
    }
    let text = String::from("a b c");
    let ((a_tx, a), (b_tx, b)) = (unbounded::<&str>(), unbounded());
    for (i, word) in text.split(' ').enumerate() {
        [&a_tx, &b_tx][i % 2].send(word).unwrap();
    }
    let mut words: Vec<&str> = Merge { sources: [&a, &b] }.collect();
    words.sort_unstable();
    assert_eq!(words, ["a", "b", "c"]);
}

#[test]
fn the_same_handle_in_several_arms() {
    let (tx, rx) = unbounded();
    for i in 0..100 {
        tx.send(i).unwrap();
        select! {
            recv(rx) -> got => assert_eq!(got, Ok(i)),
            recv(rx) -> got => assert_eq!(got, Ok(i)),
            recv(&rx) -> got => assert_eq!(got, Ok(i)),
        }
        select! {
            send(tx, i) -> _ => {}
            send(tx, i) -> _ => {}
        }
        assert_eq!((rx.recv(), rx.len()), (Ok(i), 0));
    }
}
