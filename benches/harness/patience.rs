//! An end to measurements that do not end: a peer that loses a wake-up would keep the program waiting for ever, and say nothing.

use crate::harness::measure::Sample;

/// Seconds for one measurement, which takes a fraction of one.
#[cfg(unix)]
const PATIENCE: u32 = 60;

/// Measures, and ends the program if that takes a minute, with a message that names the implementation.
///
/// # Panics
///
/// If the system refuses to call for that.
#[cfg(unix)]
pub fn measure(name: &'static str, run: impl FnOnce() -> Option<Sample>) -> Option<Sample> {
    use std::ptr::from_ref;
    use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

    static NAME: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
    static LEN: AtomicUsize = AtomicUsize::new(0);

    /// Runs in the middle of anything, so that it only writes and ends.
    extern "C" fn give_up(_signal: libc::c_int) {
        let say = |text: *const u8, len: usize| {
            // SAFETY: the text has so many bytes.
            unsafe { libc::write(libc::STDERR_FILENO, text.cast(), len) }
        };
        let what = "\na measurement has not ended in a minute; it is of: ";
        say(what.as_ptr(), what.len());
        say(NAME.load(Ordering::Relaxed), LEN.load(Ordering::Relaxed));
        say(b"\n".as_ptr(), 1);
        // SAFETY: it runs nothing of this program any more.
        unsafe { libc::_exit(1) }
    }

    NAME.store(from_ref(name).cast::<u8>().cast_mut(), Ordering::Relaxed);
    LEN.store(name.len(), Ordering::Relaxed);
    // SAFETY: the handler does what a handler may do.
    let old = unsafe { libc::signal(libc::SIGALRM, give_up as extern "C" fn(libc::c_int) as libc::sighandler_t) };
    assert_ne!(old, libc::SIG_ERR, "{}", std::io::Error::last_os_error());
    // SAFETY: it takes a number.
    unsafe { libc::alarm(PATIENCE) };
    let sample = run();
    // SAFETY: as above; there is none to come then.
    unsafe { libc::alarm(0) };
    sample
}

/// Measures.
#[cfg(not(unix))]
pub fn measure(_name: &'static str, run: impl FnOnce() -> Option<Sample>) -> Option<Sample> {
    run()
}
