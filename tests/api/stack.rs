//! `Stack`: order, drops, odd values, re-entry, many values.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Barrier};
use std::thread;

use gosync::Stack;
use gosync_tests::times;

#[test]
fn last_in_first_out() {
    let stack = Stack::new();
    assert_eq!((stack.pop(), stack.is_empty()), (None, true));
    for round in 0..3 {
        (0..100).for_each(|n| stack.push(round + n));
        assert!(!stack.is_empty());
        assert!((50..100).rev().all(|n| stack.pop() == Some(round + n)));
        (50..80).for_each(|n| stack.push(round + n));
        assert!((0..80).rev().all(|n| stack.pop() == Some(round + n)));
        assert_eq!((stack.pop(), stack.is_empty()), (None, true));
    }
}

#[test]
fn take_all_is_one_moment() {
    let stack = Stack::from_iter(0..5);
    let mut all = stack.take_all();
    assert!(stack.is_empty(), "although nothing has been asked for");
    assert_eq!((all.next(), all.size_hint()), (Some(4), (1, None)));
    stack.push(10);
    assert_eq!(stack.pop(), Some(10));
    stack.push(11);
    assert!(all.by_ref().eq([3, 2, 1, 0]));
    assert_eq!((all.next(), all.size_hint(), stack.pop()), (None, (0, Some(0)), Some(11)));
    assert_eq!(stack.take_all().next(), None);
}

/// All nodes are used again, whichever way they came back: values stay apart.
#[test]
fn nodes_do_not_mix() {
    let stack = Stack::new();
    let mut expected = Vec::new();
    let mut state = 1_u64;
    for n in 0..times(50_000) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        match state >> 60 {
            0..9 => {
                stack.push(Box::new(n));
                expected.push(n);
            }
            9..15 => assert_eq!(stack.pop().map(|n| *n), expected.pop()),
            _ if state >> 52 & 0xf == 0 => {
                let mut all = stack.take_all();
                stack.push(Box::new(n));
                assert!(all.by_ref().take(10).map(|n| *n).eq(expected.drain(..).rev().take(10)));
                stack.push(Box::new(n + 1));
                drop(all);
                expected.extend([n, n + 1]);
            }
            _ => assert_eq!(stack.is_empty(), expected.is_empty()),
        }
    }
    assert!(stack.take_all().map(|n| *n).eq(expected.into_iter().rev()));
}

#[test]
fn many_values() {
    const MANY: usize = times(300_000);
    let stack: Stack<usize> = (0..MANY).collect();
    assert!(stack.take_all().eq((0..MANY).rev()));
    thread::scope(|s| {
        for thread in 0..4 {
            let stack = &stack;
            s.spawn(move || (thread..MANY).step_by(4).for_each(|n| stack.push(n)));
        }
    });
    let all: BTreeSet<usize> = stack.take_all().collect();
    assert_eq!(all.len(), MANY);
}

#[test]
fn values_are_dropped_once() {
    let value = Arc::new(());
    let mut stack = Stack::new();
    stack.extend(std::iter::repeat_n(&value, 100).cloned());
    assert_eq!(Arc::strong_count(&value), 101);
    drop(stack.pop());
    assert_eq!(Arc::strong_count(&value), 100, "a popped value is the caller's");
    let mut all = stack.take_all();
    stack.push(Arc::clone(&value));
    all.by_ref().take(9).for_each(drop);
    assert_eq!(Arc::strong_count(&value), 92);
    drop(all);
    assert_eq!(Arc::strong_count(&value), 2, "what was not asked for goes with the iterator");
    drop(stack);
    assert_eq!(Arc::strong_count(&value), 1, "what is left goes with the stack");
}

/// It leaks its values, and nothing else.
#[test]
fn a_forgotten_iterator() {
    let drops = &Cell::new(0);
    let value = || Fragile { drops, panics: false };
    let stack = Stack::from_iter([value(), value()]);
    std::mem::forget(stack.take_all());
    assert!(stack.pop().is_none());
    stack.push(value());
    assert!(stack.pop().is_some() && stack.is_empty());
    stack.push(value());
    drop(stack);
    assert_eq!(drops.get(), 2);
}

/// Counts its drop, and panics in it if told so.
struct Fragile<'a> {
    drops: &'a Cell<usize>,
    panics: bool,
}

impl Drop for Fragile<'_> {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
        if self.panics {
            resume_unwind(Box::new("expected by this test"));
        }
    }
}

/// A drop that panics leaves the stack usable, and the other values are dropped.
#[test]
fn drops_that_panic() {
    let drops = &Cell::new(0);
    let fill = || Stack::from_iter((0..10).map(|n| Fragile { drops, panics: n == 7 }));

    let stack = fill();
    let all = stack.take_all();
    stack.push(Fragile { drops, panics: false });
    catch_unwind(AssertUnwindSafe(|| drop(all))).unwrap_err();
    assert_eq!(drops.replace(0), 10);
    assert!(stack.pop().is_some_and(|value| !value.panics) && stack.is_empty());
    assert_eq!(drops.replace(0), 1);

    let stack = fill();
    catch_unwind(AssertUnwindSafe(|| while stack.pop().is_some() {})).unwrap_err();
    assert_eq!(drops.replace(0), 3);
    assert_eq!(stack.take_all().count(), 7);
    assert_eq!(drops.replace(0), 7);

    catch_unwind(AssertUnwindSafe(|| drop(fill()))).unwrap_err();
    assert_eq!(drops.replace(0), 10);
}

/// A value that uses its stack when it is dropped.
struct Caller {
    left: usize,
}

static CALLERS: Stack<Caller> = Stack::new();

impl Drop for Caller {
    fn drop(&mut self) {
        if self.left > 0 {
            CALLERS.push(Caller { left: self.left - 1 });
            drop(CALLERS.take_all());
            assert!(CALLERS.pop().is_none());
        }
    }
}

#[test]
fn drops_that_use_the_stack() {
    (0..10).for_each(|left| CALLERS.push(Caller { left }));
    drop(CALLERS.pop());
    assert!(CALLERS.is_empty());
    (0..10).for_each(|left| CALLERS.push(Caller { left }));
    drop(CALLERS.take_all());
    assert!(CALLERS.is_empty());
    CALLERS.push(Caller { left: 0 });
    assert!(CALLERS.pop().is_some());
}

#[test]
fn odd_values() {
    #[repr(align(512))]
    #[derive(Debug, PartialEq)]
    struct Aligned(u8);
    let stack: Stack<Aligned> = (0..100).map(Aligned).collect();
    for (value, n) in stack.take_all().zip((0..100).rev()) {
        assert_eq!((std::ptr::from_ref(&value).addr() % 512, value), (0, Aligned(n)));
    }

    // Nothing but a drop to tell one from the other.
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Empty;
    impl Drop for Empty {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let stack: Stack<Empty> = (0..100).map(|_| Empty).collect();
    (0..40).for_each(|_| drop(stack.pop().unwrap()));
    assert_eq!(DROPS.get(), 40);
    assert_eq!(stack.take_all().take(10).count(), 10);
    assert_eq!(DROPS.get(), 100);
    assert!(stack.pop().is_none());

    let local = String::from("borrowed");
    let stack = Stack::from_iter([&local[..], "static"]);
    assert!(stack.take_all().eq(["static", "borrowed"]));

    let stack: Stack<Box<dyn FnOnce() -> u8 + Send>> = Stack::default();
    let moved = 7;
    stack.push(Box::new(move || moved));
    assert_eq!(stack.pop().unwrap()(), 7);

    // Too large for the machine's own stack, if it were to go there whole for every node.
    let stack: Stack<[u64; 1_000]> = Stack::new();
    stack.push([7; 1_000]);
    assert_eq!(stack.pop().unwrap()[999], 7);
}

/// More than can have a node of their own.
#[test]
fn a_hundred_threads() {
    const THREADS: usize = 100;
    const EACH: usize = 300;
    let (stack, barrier) = (&Stack::new(), &Barrier::new(THREADS));
    let mut values: Vec<usize> = thread::scope(|s| {
        let work = |thread| {
            move || {
                // All of them are there at a time.
                stack.push(THREADS * EACH);
                barrier.wait();
                let mut popped = Vec::from_iter(stack.pop());
                for n in 0..EACH {
                    stack.push(thread * EACH + n);
                    popped.extend(stack.pop());
                    if n % 100 == 50 {
                        popped.extend(stack.take_all());
                    }
                }
                popped
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| s.spawn(work(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    values.extend(stack.take_all());
    values.sort_unstable();
    assert!(values.drain(THREADS * EACH..).eq([THREADS * EACH; THREADS]));
    assert!(values.into_iter().eq(0..THREADS * EACH), "a value is missing, or came twice");
}

/// Threads use a stack to their last moment, whether they have used one before or not.
#[test]
fn at_the_end_of_a_thread() {
    struct Pusher(RefCell<Option<Arc<Stack<Box<i32>>>>>);
    impl Drop for Pusher {
        fn drop(&mut self) {
            let stack = self.0.take().unwrap();
            stack.push(Box::new(1));
            stack.push(Box::new(2));
            assert!(stack.pop().is_some_and(|n| *n == 2));
        }
    }
    thread_local! {
        static FIRST: Pusher = const { Pusher(RefCell::new(None)) };
        static LAST: Pusher = const { Pusher(RefCell::new(None)) };
    }
    let stack = Arc::new(Stack::new());
    for uses_it in [true, false].into_iter().cycle().take(100) {
        let theirs = Arc::clone(&stack);
        let end = move || {
            // One of them is set up before the stack is used, one afterwards.
            FIRST.with(|pusher| *pusher.0.borrow_mut() = Some(Arc::clone(&theirs)));
            if uses_it {
                theirs.push(Box::new(3));
                assert!(theirs.pop().is_some_and(|n| *n == 3));
            }
            LAST.with(|pusher| *pusher.0.borrow_mut() = Some(theirs));
        };
        thread::spawn(end).join().unwrap();
    }
    assert_eq!(stack.take_all().map(|n| *n).collect::<Vec<_>>(), [1; 200]);
}

#[test]
fn debug() {
    let stack = Stack::from_iter([1]);
    assert_eq!(format!("{stack:?}"), "Stack { is_empty: false, .. }");
    let all = stack.take_all();
    assert_eq!(format!("{stack:?} {all:?}"), "Stack { is_empty: true, .. } TakeAll { is_empty: false, .. }");
}
