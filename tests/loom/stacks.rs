//! Keeps the stacks of loom's threads from one execution for the next.
//!
//! loom makes the threads of every execution anew. Each time its `generator` has a stack mapped, has the guard page below it
//! protected, has it unmapped again, and takes a page fault for each page that it uses: that was half of the time that a model
//! took. So this binary has `mmap`, `mprotect` and `munmap` of its own, which generator's calls are linked to. What is
//! mapped as a stack and guarded is kept when it is unmapped, and handed out when as much is mapped as a stack again. All else
//! goes to the kernel as before.
//!
//! What is handed out again still has its guard page, so that a thread that overflows its stack dies of it as before. Above
//! that it differs from a new mapping in one thing only: it is not zero. Nobody expects that of a stack, and what generator looks
//! for at both of its ends it writes whenever it makes one.
//!
//! The table is the calling OS thread's own, so it needs no lock. It relies on generator: a stack is unmapped as a whole, by
//! the OS thread that had it mapped. loom runs all threads of a model, and makes and drops their stacks, on the thread that
//! calls it.

use std::cell::Cell;
use std::ffi::{c_int, c_long, c_void};

/// loom has five threads at most. More stacks than this are not kept.
const KEPT: usize = 8;

#[derive(Clone, Copy)]
struct Stack {
    bottom: usize,
    len: usize,
    /// The length of what cannot be accessed at the bottom; 0 at first.
    guard: usize,
    in_use: bool,
}

/// Nothing is mapped at 0.
const NONE: Stack = Stack { bottom: 0, len: 0, guard: 0, in_use: false };

thread_local! {
    static STACKS: [Cell<Stack>; KEPT] = const { [const { Cell::new(NONE) }; KEPT] };
}

/// The first of this thread's stacks that is so. `None` also from a thread that has no table any more.
fn find(is_so: impl Fn(Stack) -> bool, change: impl FnOnce(&mut Stack)) -> Option<Stack> {
    let change_first = |stacks: &[Cell<Stack>; KEPT]| {
        let cell = stacks.iter().find(|cell| is_so(cell.get()))?;
        let mut stack = cell.get();
        change(&mut stack);
        cell.set(stack);
        Some(stack)
    };
    STACKS.try_with(change_first).ok().flatten()
}

/// The C library's, for this binary.
///
/// # Safety
///
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    at: *mut c_void,
    len: usize,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: c_long,
) -> *mut c_void {
    const STACK: c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
    let is_stack = at.is_null() && flags == STACK && protection == libc::PROT_READ | libc::PROT_WRITE;
    if is_stack {
        let kept = find(|stack| stack.len == len && !stack.in_use, |stack| stack.in_use = true);
        if let Some(stack) = kept {
            return stack.bottom as *mut c_void;
        }
    }
    // SAFETY: the caller's contract.
    let mapped = unsafe { libc::syscall(libc::SYS_mmap, at, len, protection, flags, file, offset) };
    if is_stack && mapped != -1 {
        let stack = Stack { bottom: mapped as usize, len, guard: 0, in_use: true };
        find(|stack| stack.bottom == 0, |free| *free = stack);
    }
    mapped as *mut c_void
}

/// The C library's, for this binary.
///
/// # Safety
///
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn mprotect(at: *mut c_void, len: usize, protection: c_int) -> c_int {
    let is_guard = |stack: Stack| stack.bottom == at as usize && stack.in_use && protection == libc::PROT_NONE;
    if find(|stack| is_guard(stack) && stack.guard == len, |_| ()).is_some() {
        return 0;
    }
    // SAFETY: the caller's contract.
    let result = unsafe { libc::syscall(libc::SYS_mprotect, at, len, protection) };
    if result == 0 {
        find(is_guard, |stack| stack.guard = len);
    }
    result as c_int
}

/// The C library's, for this binary.
///
/// # Safety
///
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn munmap(at: *mut c_void, len: usize) -> c_int {
    let is_it = |stack: Stack| stack.bottom == at as usize && stack.len == len && stack.in_use;
    if find(|stack| is_it(stack) && stack.guard > 0, |stack| stack.in_use = false).is_some() {
        return 0;
    }
    find(is_it, |stack| *stack = NONE);
    // SAFETY: the caller's contract.
    unsafe { libc::syscall(libc::SYS_munmap, at, len) as c_int }
}
