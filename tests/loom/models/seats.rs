//! Seats of threads, and the nodes that a stack keeps at them.

use gosync::{Stack, go};
use gosync_atomic::__sys::{Seats, seat};
use loom::sync::Arc;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const SEATS: &str = "gosync.stack-seats";

pub(crate) fn models() -> Vec<Model> {
    let mut models = alone();
    models.extend(nodes());
    models
}

/// Who has a seat is alone there, and sees what was done there before.
fn alone() -> Vec<Model> {
    vec![
        holds(SEATS, "one seat", || at_one_seat(|seats, d| seats.take(1).is_some_and(|seat| sit(seats, seat, d))))
            .witnesses(&["one after the other", "one without"]),
        fails(SEATS, "without a seat", Verdict::Race, || {
            at_one_seat(|seats, d| {
                let taken = seats.take(1);
                d.increment();
                taken.is_some_and(|seat| {
                    seats.give_back(seat);
                    true
                })
            });
        }),
        fails(SEATS, "after it was given back", Verdict::Race, || {
            at_one_seat(|seats, d| {
                seats.take(1).is_some_and(|seat| {
                    seats.give_back(seat);
                    d.increment();
                    true
                })
            });
        }),
        holds(SEATS, "two seats, three threads", || {
            // Others come and go at the other seat in between.
            let (seats, d) = (Arc::new(Seats::new()), [Plain::new(), Plain::new()]);
            let others = [(); 2].map(|()| {
                let (seats, d) = (Arc::clone(&seats), d.clone());
                go(move || seats.take(2).is_some_and(|seat| sit(&seats, seat, &d[seat])))
            });
            let mine = seats.take(2).is_some_and(|seat| sit(&seats, seat, &d[seat]));
            let seated = others.map(|other| other.join().unwrap()).into_iter().chain([mine]).filter(|seated| *seated);
            let seated = seated.count();
            let [first, second] = d.map(|d| d.read());
            assert_eq!(first + second, seated);
            witness(if seated == 2 { "one without" } else { ["all at one", "two at one"][usize::from(second > 0)] });
        })
        .bound(2)
        .witnesses(&["one without", "all at one", "two at one"]),
    ]
}

/// Does something at a seat, and leaves it.
fn sit(seats: &Seats, seat: usize, d: &Plain) -> bool {
    d.increment();
    seats.give_back(seat);
    true
}

/// Two threads that want one seat; each says whether it had it.
fn at_one_seat(thread: fn(&Seats, &Plain) -> bool) {
    let (seats, d) = (Arc::new(Seats::new()), Plain::new());
    let other = go({
        let (seats, d) = (Arc::clone(&seats), d.clone());
        move || thread(&seats, &d)
    });
    let mine = thread(&seats, &d);
    let seated = usize::from(other.join().unwrap()) + usize::from(mine);
    assert_eq!(d.read(), seated);
    witness(["", "one without", "one after the other"][seated]);
}

/// What is kept at a seat goes to who has it next.
fn nodes() -> Vec<Model> {
    vec![
        holds(SEATS, "a thread that ended", || {
            // The first one's end is not waited for: that it has left its seat is all that the other one knows.
            let stack = Arc::new(Stack::new());
            let other = go({
                let stack = Arc::clone(&stack);
                move || use_twice(&stack, 1)
            });
            let mine = use_twice(&stack, 3);
            let theirs = other.join().unwrap();
            witness(if mine && theirs { "one after the other" } else { "one without" });
        })
        .with_seats(1)
        .bound(2)
        .witnesses(&["one after the other", "one without"]),
        holds(SEATS, "none is lost", || {
            // The first of two that come back is kept, the second is not; and the other thread has no seat.
            let stack = Arc::new(Stack::from_iter([1, 2, 3]));
            let other = go({
                let stack = Arc::clone(&stack);
                move || stack.pop().map_or(0, |value| if seat().is_none() { value } else { 0 })
            });
            let mine = [stack.pop(), stack.pop()];
            let theirs = other.join().unwrap();
            assert_eq!(mine.into_iter().flatten().sum::<usize>() + theirs, 6);
            // As many as there are nodes: a push that gets none panics.
            (1..=6).for_each(|value| stack.push(value));
            assert!(stack.take_all().eq((1..=6).rev()));
        })
        .with_seats(1),
        holds(SEATS, "many come back", || {
            // While an iterator has the nodes, another thread pushes and pops.
            let stack = Arc::new(Stack::from_iter([1, 2, 3]));
            let other = go({
                let stack = Arc::clone(&stack);
                move || {
                    stack.push(4);
                    stack.pop().unwrap_or(0)
                }
            });
            let taken: usize = stack.take_all().sum();
            stack.push(5);
            let theirs = other.join().unwrap();
            assert_eq!(taken + theirs + stack.take_all().sum::<usize>(), 15);
            witness(["nothing", "", "", "", "its own", "another"][theirs]);
        })
        .with_seats(2)
        .bound(2)
        .witnesses(&["nothing", "its own", "another"]),
    ]
}

/// Pushes and pops, so that the node is kept, and once more; whether the thread has a seat.
fn use_twice(stack: &Stack<Plain>, first: usize) -> bool {
    for value in first..first + 2 {
        stack.push(Plain::holding(value));
        assert!(stack.pop().expect("each thread pops as often as it has pushed").read() > 0);
    }
    seat().is_some()
}
