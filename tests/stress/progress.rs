//! A thread that is stopped in the middle of an operation, again and again, at whatever instruction: does it stop others?
//!
//! A signal stops it, and it goes on when the others have been seen to do, or not to do, so many operations. So no time
//! decides: if a stopped thread stopped the others for good, the test would hang, which the watchdog reports.

use std::mem;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

use gosync::Stack;

use crate::watchdog::Watchdog;
use crate::{LIMIT, rounds};

/// What other threads try while one is stopped, before it is judged; and then once more.
const TRIES: usize = 500;

/// The stop of one victim. The handler of a signal gets no argument, so it is in a static.
static STOP: Stop = Stop { stopped: AtomicBool::new(false), go_on: AtomicBool::new(true) };

struct Stop {
    stopped: AtomicBool,
    go_on: AtomicBool,
}

/// One victim at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Stops the thread that gets the signal, wherever it is.
extern "C" fn stop(_signal: libc::c_int) {
    STOP.stopped.store(true, SeqCst);
    while !STOP.go_on.load(SeqCst) {
        // SAFETY: may be called in a handler.
        unsafe { libc::usleep(50) };
    }
}

fn install() {
    // SAFETY: all zeros is a valid value: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = stop as extern "C" fn(libc::c_int) as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler does only what a handler may: atomics and a sleep.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) }, 0);
}

/// Waits until a number has grown by so much; what it is then.
fn grown(number: &AtomicUsize, by: usize) -> usize {
    let start = number.load(SeqCst);
    loop {
        let now = number.load(SeqCst);
        if now - start >= by {
            return now;
        }
        thread::yield_now();
    }
}

/// Lets three threads do something over and over, and stops one of them in the middle, once for each of the rounds; whether the
/// other two got something done each time. What they do tells whether it was done.
fn others_go_on(mut rounds: impl Iterator<Item = usize>, operation: impl Fn(usize) -> bool + Sync) -> bool {
    // What a failed test leaves behind is of no interest.
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let _watchdog = Watchdog::new();
    install();
    let [victims, tries, done, victim] = &[const { AtomicUsize::new(0) }; 4];
    let (end, operation) = (&AtomicBool::new(false), &operation);
    thread::scope(|s| {
        s.spawn(move || {
            // SAFETY: no preconditions.
            victim.store(unsafe { libc::pthread_self() } as usize, SeqCst);
            while !end.load(SeqCst) {
                operation(0);
                victims.fetch_add(1, SeqCst);
            }
        });
        for thread in 1..3 {
            s.spawn(move || {
                while !end.load(SeqCst) {
                    done.fetch_add(usize::from(operation(thread)), SeqCst);
                    tries.fetch_add(1, SeqCst);
                }
            });
        }
        let went_on = || {
            // It has to be somewhere else than the last time.
            grown(victims, 10);
            STOP.stopped.store(false, SeqCst);
            STOP.go_on.store(false, SeqCst);
            let victim = victim.load(SeqCst) as libc::pthread_t;
            // SAFETY: that thread runs until it is told that this is the end.
            assert_eq!(unsafe { libc::pthread_kill(victim, libc::SIGUSR1) }, 0);
            while !STOP.stopped.load(SeqCst) {
                thread::yield_now();
            }
            // What was under way may come to its end before they are stuck.
            grown(tries, TRIES);
            let before = done.load(SeqCst);
            grown(tries, TRIES);
            let went_on = done.load(SeqCst) > before;
            STOP.go_on.store(true, SeqCst);
            went_on
        };
        let always = rounds.all(|_| went_on());
        end.store(true, SeqCst);
        always
    })
}

/// Nobody waits for a thread that is stopped in the middle of a push or a pop.
#[test]
fn a_stopped_thread_does_not_stop_a_stack() {
    // It has room for all of them, so that nobody is stopped inside of the allocator.
    let stack: Stack<usize> = (0..100).collect();
    drop(stack.take_all());
    let always = others_go_on(rounds(100, 2 * LIMIT), |thread| {
        // Two nodes: one that the thread keeps for itself, and one that anybody may take.
        (0..2).for_each(|_| stack.push(thread));
        // One that is stopped may have taken its value, and not yet given back the node; or neither.
        [stack.pop(), stack.pop()].iter().all(Option::is_some)
    });
    assert!(always);
    assert!(stack.take_all().all(|thread| thread < 3));
}

/// The control: everybody waits for a thread that is stopped while it has a lock.
#[test]
fn a_stopped_thread_stops_a_locked_vec() {
    let stack = Mutex::new(Vec::with_capacity(100));
    // Half of its time, about, a thread has the lock.
    let always = others_go_on(0..2_000, |thread| {
        let Ok(mut locked) = stack.try_lock() else { return false };
        locked.push(thread);
        locked.pop().is_some()
    });
    assert!(!always, "it was never stopped inside");
}
