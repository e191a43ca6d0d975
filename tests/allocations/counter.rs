//! The allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a tally of each thread.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    // Neither needs a destructor, so they are there whenever a thread allocates.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

fn count(allocations: usize, bytes: isize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + allocations);
    BYTES.set(BYTES.get() + bytes);
}

// SAFETY: every call is passed on as it is; counting touches no memory of the allocator's, and neither allocates nor
// unwinds. What is not overridden goes through these two.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, -(layout.size() as isize));
        // SAFETY: the caller's contract; the memory comes from the call above.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// How often `f` allocates on this thread.
pub(crate) fn allocations<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = ALLOCATIONS.get();
    let result = f();
    (ALLOCATIONS.get() - before, result)
}

/// How many more bytes this thread has allocated than freed so far.
pub(crate) fn bytes() -> isize {
    BYTES.get()
}

/// Panics unless `f` gets by without allocating on this thread.
#[track_caller]
pub(crate) fn without_allocating<R>(f: impl FnOnce() -> R) -> R {
    let (n, result) = allocations(f);
    assert_eq!(n, 0, "it allocated {n} times");
    result
}

/// The counter counts.
#[test]
fn it_counts() {
    let before = bytes();
    let (n, value) = allocations(|| Box::new([0_u8; 100]));
    assert_eq!((n, bytes() - before), (1, 100));
    drop(value);
    assert_eq!(bytes(), before);
    let (n, list) = allocations(|| {
        (0..100).fold(Vec::with_capacity(1), |mut list, i| {
            list.push(i);
            list
        })
    });
    assert!(n > 1, "growth counts too");
    without_allocating(|| drop(list));
    assert_eq!(bytes(), before);
}
