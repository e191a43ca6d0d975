//! libc's `syscall`, with calls of futex(2) and futex_waitv(2) counted: gosync, std, parking_lot and atomic-wait all go
//! through it, and the linker takes this one.

use std::arch::asm;
use std::ffi::c_long;
use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers of calls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calls {
    /// Waits, with or without a time limit.
    pub(crate) waits: u64,
    /// Of these, the ones that did not sleep because the value was another.
    pub(crate) waits_at_once: u64,
    /// Wakes.
    pub(crate) wakes: u64,
    /// Of these, the ones that found nobody.
    pub(crate) wakes_of_nobody: u64,
    /// Everything else, such as moving waiters to another address.
    pub(crate) others: u64,
}

static WAITS: AtomicU64 = AtomicU64::new(0);
static WAITS_AT_ONCE: AtomicU64 = AtomicU64::new(0);
static WAKES: AtomicU64 = AtomicU64::new(0);
static WAKES_OF_NOBODY: AtomicU64 = AtomicU64::new(0);
static OTHERS: AtomicU64 = AtomicU64::new(0);

impl Calls {
    /// Of all threads, since the start of the process.
    pub(crate) fn so_far() -> Calls {
        Calls {
            waits: WAITS.load(Ordering::Relaxed),
            waits_at_once: WAITS_AT_ONCE.load(Ordering::Relaxed),
            wakes: WAKES.load(Ordering::Relaxed),
            wakes_of_nobody: WAKES_OF_NOBODY.load(Ordering::Relaxed),
            others: OTHERS.load(Ordering::Relaxed),
        }
    }

    fn with(self, other: Calls, each: fn(u64, u64) -> u64) -> Calls {
        Calls {
            waits: each(self.waits, other.waits),
            waits_at_once: each(self.waits_at_once, other.waits_at_once),
            wakes: each(self.wakes, other.wakes),
            wakes_of_nobody: each(self.wakes_of_nobody, other.wakes_of_nobody),
            others: each(self.others, other.others),
        }
    }
}

impl Add for Calls {
    type Output = Calls;

    fn add(self, other: Calls) -> Calls {
        self.with(other, |a, b| a + b)
    }
}

impl Sub for Calls {
    type Output = Calls;

    fn sub(self, other: Calls) -> Calls {
        self.with(other, |a, b| a - b)
    }
}

/// syscall(2). It is declared with a variable number of arguments; all that there can be arrive where these do, and those
/// that are missing are read as whatever is there, as in libc, and ignored by the kernel.
///
/// # Safety
///
/// As for the system call itself.
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    // SAFETY: the caller's contract.
    let result = unsafe { call(number, [a, b, c, d, e, f]) };
    if number == libc::SYS_futex {
        // The operation is an int: the upper half of its register may hold anything.
        count(b as i32, result);
    } else if number == libc::SYS_futex_waitv {
        count(libc::FUTEX_WAIT, result);
    }
    // The kernel's way to return an error.
    if (-4095..0).contains(&result) {
        // SAFETY: it returns the thread's own.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: valid for this thread, and nobody else's.
        unsafe { *errno = -result as i32 };
        return -1;
    }
    result
}

fn count(operation: i32, result: c_long) {
    let add = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
    match operation & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME) {
        libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET => {
            add(&WAITS);
            if result == -c_long::from(libc::EAGAIN) {
                add(&WAITS_AT_ONCE);
            }
        }
        libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET => {
            add(&WAKES);
            if result == 0 {
                add(&WAKES_OF_NOBODY);
            }
        }
        _ => {
            add(&OTHERS);
        }
    }
}

/// The kernel's answer.
///
/// # Safety
///
/// As for the system call itself.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn call(number: c_long, [a, b, c, d, e, f]: [c_long; 6]) -> c_long {
    let result;
    // SAFETY: these are the registers of the kernel's convention; it changes no others than those named.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            in("r9") f,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// The kernel's answer.
///
/// # Safety
///
/// As for the system call itself.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
unsafe fn call(number: c_long, [a, b, c, d, e, f]: [c_long; 6]) -> c_long {
    let result;
    // SAFETY: these are the registers of the kernel's convention; it changes no others than those named.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b,
            in("x2") c,
            in("x3") d,
            in("x4") e,
            in("x5") f,
            options(nostack),
        );
    }
    result
}
