//! `src/runtime/lfstack_test.go`.

use std::thread;

use gosync::Stack;

use crate::watchdog::Watchdog;

/// `TestLFStack`.
#[test]
fn test_lf_stack() {
    let stack = Stack::new();
    assert_eq!(stack.pop(), None, "stack is not empty");
    stack.push(42);
    assert!(!stack.is_empty());
    stack.push(43);
    assert_eq!(stack.pop(), Some(43));
    assert_eq!(stack.pop(), Some(42));
    assert_eq!(stack.pop(), None, "stack is not empty");
    assert!(stack.is_empty());
}

/// `TestLFStackStress`: threads move nodes between two stacks, picked at random; none is lost and none comes twice. Go's
/// full run moves 100,000 times in each thread, and its short run 10,000.
#[test]
fn test_lf_stack_stress() {
    const K: usize = 100;
    const N: usize = 10_000;
    let _watchdog = Watchdog::new();
    let stacks: [Stack<Box<usize>>; 2] = [const { Stack::new() }; 2];
    let sum: usize = (0..K).sum();
    (0..K).for_each(|data| stacks[data % 2].push(Box::new(data)));
    let threads = 4 * thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|s| {
        for thread in 0..threads {
            let stacks = &stacks;
            s.spawn(move || {
                let mut state = thread as u32 + 1;
                for _ in 0..N {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let (from, to) = (state >> 30 & 1, state >> 31);
                    if let Some(node) = stacks[from as usize].pop() {
                        stacks[to as usize].push(node);
                    }
                }
            });
        }
    });
    let left: Vec<usize> = stacks.iter().flat_map(Stack::take_all).map(|node| *node).collect();
    assert_eq!((left.len(), left.iter().sum()), (K, sum));
}
