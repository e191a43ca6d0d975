//! The ways to write an arm.

#![forbid(unsafe_code)] // What the macros expand to is safe to use.
// Bodies are written for the sake of their form.
#![allow(clippy::never_loop, clippy::redundant_closure_call, clippy::manual_unwrap_or)]

use super::channel::{Receiver, RecvError, SendError, Sender, bounded, never, unbounded};
use super::select;
use crate::ms;

/// A channel that holds `value`.
fn holding<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = bounded(4);
    tx.send(value).unwrap();
    (tx, rx)
}

#[test]
fn one_arm() {
    let (tx, rx) = unbounded();
    select! { send(tx, 1) -> sent => assert_eq!(sent, Ok(())) }
    select! { recv(rx) -> got => assert_eq!(got, Ok(1)) }
    select! { send(tx, 2) -> _ => (), }
    select! { recv(rx) -> got => { assert_eq!(got, Ok(2)); } }
    select! { send(tx, 3) -> _ => {}, }
    select! { recv(rx) -> got => assert_eq!(got, Ok(3)), }
    select!(send(tx, 4) -> _ => {});
    select![recv(rx) -> got => assert_eq!(got, Ok(4))];
    assert!(rx.is_empty());
}

#[test]
fn commas_after_blocks_are_optional() {
    let (tx, rx) = holding(1);
    let full = bounded::<i32>(0).0;
    let (_keep, idle) = unbounded::<i32>();
    let sum = |got: Result<i32, RecvError>| got.unwrap();
    // All with, some with, none with.
    let a = select! {
        recv(rx) -> got => { sum(got) },
        recv(idle) -> got => { sum(got) },
        default => { 0 },
    };
    tx.send(2).unwrap();
    let b = select! {
        recv(rx) -> got => { sum(got) }
        recv(idle) -> got => { sum(got) },
        default => { 0 }
    };
    tx.send(3).unwrap();
    let c = select! {
        recv(rx) -> got => { sum(got) }
        recv(idle) -> got => { sum(got) }
        default => { 0 }
    };
    // An expression, then a block, then an expression.
    tx.send(4).unwrap();
    let d = select! {
        recv(idle) -> got => sum(got),
        recv(rx) -> got => { sum(got) }
        default => 0
    };
    assert_eq!((a, b, c, d), (1, 2, 3, 4));
    // Nobody receives from `full`, and its receiver is gone: ready, with an error.
    select! {
        send(full, 5) -> sent => { assert_eq!(sent, Err(SendError(5))) }
        recv(idle) -> _ => unreachable!(),
    }
}

#[test]
fn defaults() {
    let (_tx, rx) = bounded::<i32>(0);
    assert_eq!(1, select! { recv(rx) -> _ => 0, default => 1 });
    assert_eq!(2, select! { recv(rx) -> _ => 0, default() => 2 });
    assert_eq!(3, select! { recv(rx) -> _ => 0, default(ms(1)) => 3 });
    assert_eq!(4, select! { recv(rx) -> _ => 0, default(ms(1),) => 4, });
    assert_eq!(5, select! { recv(rx) -> _ => 0, default => { 5 } });
    assert_eq!(6, select! { default => 6 });
    assert_eq!(7, select! { default() => 7 });
    assert_eq!(8, select! { default(ms(1)) => 8 });
    select! { default => {} }
}

#[test]
fn default_anywhere() {
    let (tx, rx) = bounded::<i32>(0);
    let (_keep, idle) = unbounded::<i32>();
    assert_eq!(1, select! { default => 1, recv(rx) -> _ => 0 });
    assert_eq!(2, select! { default => { 2 } recv(rx) -> _ => 0, send(tx, 1) -> _ => 0 });
    assert_eq!(3, select! { recv(rx) -> _ => 0, default(ms(1)) => 3, recv(idle) -> _ => 0 });
    tx.send_timeout(1, ms(1)).unwrap_err();
    let (_tx, rx) = holding(4);
    assert_eq!(Ok(4), select! { default => Err(RecvError), recv(rx) -> got => got });
}

/// The time is any expression of type `Duration`, evaluated once.
#[test]
fn expressions_for_the_time() {
    let (_tx, rx) = bounded::<i32>(0);
    let mut evaluated = 0;
    let mut time = || {
        evaluated += 1;
        ms(1)
    };
    select! {
        recv(rx) -> _ => unreachable!(),
        default(time()) => {}
    }
    assert_eq!(evaluated, 1);
    let times = [ms(1), ms(2)];
    select! {
        recv(rx) -> _ => unreachable!(),
        default(times[0] + times[1]) => {}
    }
    select! {
        recv(rx) -> _ => unreachable!(),
        default(if times.is_empty() { times[0] } else { select! { default => ms(1) } }) => {}
    }
    select! {
        recv(rx) -> _ => unreachable!(),
        default({ let time = ms(1); time * 2 }) => {}
    }
}

#[test]
fn commas_in_the_operands() {
    let (tx, rx) = unbounded();
    select! { send(tx, (1, [2, 3]),) -> sent => assert_eq!(sent, Ok(())) }
    select! { recv(rx,) -> got => assert_eq!(got, Ok((1, [2, 3]))) }
}

/// Patterns that cannot fail, of every kind.
#[test]
#[allow(clippy::match_single_binding)]
fn patterns() {
    struct Pair {
        left: i32,
        right: i32,
    }
    let (tx, rx) = unbounded();
    for _ in 0..8 {
        select! { send(tx, ()) -> (Ok(()) | Err(SendError(()))) => {} }
    }
    select! { recv(rx) -> _ => {} }
    select! { recv(rx) -> _unused => {} }
    select! { recv(rx) -> got => got.unwrap() }
    select! { recv(rx) -> mut got => { got = got.and(Err(RecvError)); assert_eq!(got, Err(RecvError)) } }
    select! { recv(rx) -> ref got => assert!(got.is_ok()) }
    select! { recv(rx) -> got @ (Ok(()) | Err(RecvError)) => assert!(got.is_ok()) }
    select! { recv(rx) -> (Ok(()) | Err(RecvError)) => {} }
    select! { recv(rx) -> (Ok(_) | Err(_)) => {} }
    assert!(rx.is_empty());

    let (tx, rx) = unbounded();
    select! { send(tx, Pair { left: 1, right: 2 }) -> (Ok(()) | Err(SendError(Pair { left: _, .. }))) => {} }
    select! { recv(rx) -> got => {
        let Pair { left, right } = got.unwrap_or(Pair { left: 0, right: 0 });
        assert_eq!((left, right), (1, 2));
    } }
}

/// The result may have the name of the handle, or of anything else in sight.
#[test]
fn names() {
    let (s, r) = holding(1);
    select! { recv(r) -> r => assert_eq!(r, Ok(1)) }
    select! { send(s, 2) -> s => assert_eq!(s, Ok(())) }
    // What a macro might call its own.
    let (sel, oper, res, index, token, case) = (&r, &s, 10, 20, 30, 40);
    select! {
        recv(sel) -> value => assert_eq!(value, Ok(2)),
        default => unreachable!(),
    }
    select! {
        send(oper, res + index + token + case) -> result => assert_eq!(result, Ok(())),
    }
    assert_eq!(r.recv(), Ok(100));
}

#[test]
fn bodies() {
    let (tx, rx) = holding(1);
    let flag = rx.len() == 1;
    // Bodies that end in a brace and are no blocks.
    let a = select! { recv(rx) -> got => if flag { got.unwrap() } else { 0 }, default => 0 };
    tx.send(2).unwrap();
    let b = select! { recv(rx) -> got => match got { Ok(n) => n, Err(_) => -1 }, default => 0 };
    tx.send(3).unwrap();
    let c = select! { recv(rx) -> got => loop { break got.unwrap(); }, default => 0 };
    tx.send(4).unwrap();
    let d = select! { recv(rx) -> got => (|| got.unwrap())(), default => 0 };
    tx.send(5).unwrap();
    let e = select! { recv(rx) -> got => vec![got.unwrap(), 0][0], default => 0 };
    tx.send(6).unwrap();
    let f = select! { recv(rx) -> got => [got.unwrap(); 2][1], default => 0 };
    tx.send(7).unwrap();
    let g = select! { recv(rx) -> got => 'found: { if flag { break 'found got.unwrap(); } 0 }, default => 0 };
    assert_eq!((a, b, c, d, e, f, g), (1, 2, 3, 4, 5, 6, 7));
    // A statement's value is nobody's affair.
    select! { recv(rx) -> _ => 1.5, recv(rx) -> _ => loop { unreachable!() }, default => 2. };
    let mut count = 0;
    select! { recv(rx) -> _ => count += 1, default => count += 10 }
    assert_eq!(count, 10);
    select! { recv(rx) -> _ => (), default => () }
}

/// A select is an expression and may stand where one may.
#[test]
fn positions() {
    fn tail(rx: &Receiver<i32>) -> Result<i32, RecvError> {
        select! { recv(rx) -> got => got }
    }
    let (tx, rx) = holding(1);
    assert_eq!(tail(&rx), Ok(1));
    tx.send(2).unwrap();
    match select! { recv(rx) -> got => got } {
        Ok(n) => assert_eq!(n, 2),
        Err(RecvError) => unreachable!(),
    }
    tx.send(3).unwrap();
    let closure = || select! { recv(rx) -> got => got, default => Ok(0) };
    assert_eq!((closure(), closure()), (Ok(3), Ok(0)));
    tx.send(4).unwrap();
    assert_eq!(1 + select! { recv(rx) -> got => got.unwrap() } * 2, 9);
    tx.send(5).unwrap();
    if let Ok(n) = select! { recv(rx) -> got => got, default => Err(RecvError) } {
        assert_eq!(n, 5);
    } else {
        unreachable!();
    }
    tx.send(6).unwrap();
    let list = [select! { recv(rx) -> got => got }, select! { default => Ok(7) }];
    assert_eq!(list, [Ok(6), Ok(7)]);
}

/// As many arms as the grammar has room for.
#[test]
fn thirty_two_arms() {
    macro_rules! wide {
        ($list:ident, $($i:literal)*) => {
            select! { $(recv($list[$i].1) -> got => ($i, got)),* }
        };
    }
    let list: Vec<_> = (0..32).map(|_| unbounded::<usize>()).collect();
    for i in 0..32 {
        list[i].0.send(i).unwrap();
        let got = wide!(list, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
        assert_eq!(got, (i, Ok(i)));
    }
}

/// Arms out of a user's own macro.
#[test]
fn arms_from_a_macro() {
    macro_rules! first_of {
        ($($rx:expr),+ $(,)? ; $patience:expr) => {
            select! {
                $(recv($rx) -> got => got.ok(),)+
                default($patience) => None,
            }
        };
    }
    let (_tx, rx) = holding('x');
    let nil = never();
    assert_eq!(first_of!(nil, &rx, nil.clone(); ms(1)), Some('x'));
    assert_eq!(first_of!(nil, &rx; ms(1)), None);
}
