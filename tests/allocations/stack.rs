//! `Stack`: it allocates when it outgrows what it has held, and gives everything back at its end.

use std::thread;

use gosync::Stack;

use crate::counter::{allocations, bytes, without_allocating};

#[test]
fn steady() {
    let before = bytes();
    let stack = without_allocating(Stack::<[u64; 4]>::new);
    let (n, ()) = allocations(|| (0..1_000).for_each(|n| stack.push([n; 4])));
    assert!((1..=10).contains(&n), "1,000 values take {n} segments");
    let held = bytes();
    without_allocating(|| {
        for round in 1..=100 {
            (0..10 * round).for_each(|_| assert!(stack.pop().is_some()));
            (0..10 * round).for_each(|n| stack.push([n; 4]));
            stack.take_all().take(500).for_each(drop);
            // While the values are taken, others come: each in the place of one that went.
            (0..1_000).for_each(|n| stack.push([n; 4]));
            for value in stack.take_all() {
                stack.push(value);
            }
        }
    });
    assert_eq!(bytes(), held, "nothing is freed either");
    drop(stack);
    assert_eq!(bytes(), before);
}

/// As many nodes as there were values at a time, not as there were pushes.
#[test]
fn high_water() {
    let stack = Stack::new();
    let (n, ()) = allocations(|| {
        for n in 0..10_000 {
            stack.push(n);
            assert_eq!(stack.pop(), Some(n));
        }
    });
    assert_eq!(n, 1);
}

/// What a thread kept for its next push goes to a later thread, so those that come and go leave nothing behind.
#[test]
fn threads_that_come_and_go() {
    let stack = &Stack::new();
    let use_it = |n| {
        // What is set up for a thread when it first uses any stack is of no interest.
        Stack::from_iter([n]).pop().unwrap();
        let (allocations, popped) = allocations(|| {
            stack.push(n);
            stack.pop()
        });
        assert_eq!(popped, Some(n));
        allocations
    };
    let use_it = |n| thread::scope(|s| s.spawn(move || use_it(n)).join().unwrap());
    assert_eq!((0..200).map(use_it).sum::<usize>(), 1, "32 nodes are enough for 200 threads, one at a time");
}

/// The memory goes with the stack, although a value's drop panics.
#[test]
fn panics() {
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(()));
        }
    }
    let fail = || {
        let stack = Stack::from_iter([Fragile]);
        std::panic::catch_unwind(move || drop(stack)).unwrap_err();
    };
    fail(); // the first panic of a thread sets things up
    let before = bytes();
    fail();
    assert_eq!(bytes(), before);
}
