//! [`seat`]: the calling thread's own seat, of those that the process has. See [`Seats`].
//!
//! A thread asks for one when it first needs it, and has it until it ends; then the next thread that asks gets it. One that
//! comes when all are taken does without. Which it is stands in a thread-local that has no destructor, so a look at it is
//! one load, and allowed at any time. Another one, which is set up only once, has the destructor that gives the seat back;
//! what runs in the thread after that, destructors of other thread-locals, does without a seat, too.

use std::cell::Cell;

use crate::__sys::Seats;

/// The number of seats.
pub const SEATS: usize = 56;
/// In the place of a seat: the thread has none, and gets none.
const NONE: usize = SEATS;
/// In the place of a seat: the thread has not asked.
const UNKNOWN: usize = SEATS + 1;

/// Those of the process.
static ALL: Seats = Seats::new();

thread_local! {
    static SEAT: Cell<usize> = const { Cell::new(UNKNOWN) };
    static LEAVE: Leave = const { Leave };
}

/// Gives the thread's seat back when the thread ends.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        // From here on this thread has none.
        let seat = SEAT.replace(NONE);
        if seat < SEATS {
            ALL.give_back(seat);
        }
    }
}

/// The seat of the calling thread, less than [`SEATS`], which no other thread has; `None` if there was none left, and once the
/// thread has given it back at its end.
#[inline(always)]
#[must_use]
pub fn seat() -> Option<usize> {
    let mut seat = SEAT.get();
    // One comparison for who has one.
    if seat >= SEATS {
        if seat == NONE {
            return None;
        }
        seat = ask();
    }
    (seat < SEATS).then_some(seat)
}

#[cold]
#[inline(never)]
fn ask() -> usize {
    // To set up the destructor may take memory, and the allocator may come here: it does without.
    SEAT.set(NONE);
    if LEAVE.try_with(|_| ()).is_ok() {
        SEAT.set(ALL.take(SEATS).unwrap_or(NONE));
    }
    SEAT.get()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::{Barrier, mpsc};
    use std::thread;

    use super::*;

    #[test]
    fn each_is_taken_once_and_given_back() {
        let seats = Seats::new();
        assert!((0..5).map(|_| seats.take(5)).eq((0..5).map(Some)));
        assert_eq!((seats.take(5), seats.take(0)), (None, None));
        seats.give_back(3);
        seats.give_back(1);
        assert_eq!([(); 3].map(|()| seats.take(5)), [Some(1), Some(3), None]);
        assert_eq!(seats.take(SEATS), Some(5), "there are more");
    }

    /// Nobody is where somebody is, however many come and go.
    #[test]
    fn who_has_a_seat_is_alone_there() {
        const N: usize = 2;
        let (seats, inside) = (&Seats::new(), &[const { AtomicUsize::new(0) }; N]);
        thread::scope(|s| {
            for thread in 1..=2 * N {
                s.spawn(move || {
                    for _ in 0..2_000 {
                        let Some(seat) = seats.take(N) else { continue };
                        assert_eq!(inside[seat].swap(thread, Relaxed), 0);
                        assert_eq!(inside[seat].swap(0, Relaxed), thread);
                        seats.give_back(seat);
                    }
                });
            }
        });
    }

    /// One test for all that needs most of the seats of the process. Other tests may have some, too.
    #[test]
    fn threads() {
        for _ in 0..2 {
            let barrier = Barrier::new(2 * SEATS);
            let all: Vec<Option<usize>> = thread::scope(|s| {
                let ask = || {
                    let mine = seat();
                    barrier.wait();
                    assert_eq!(seat(), mine, "a thread keeps its seat, and who has none gets none");
                    mine
                };
                let threads: Vec<_> = (0..2 * SEATS).map(|_| s.spawn(ask)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let mut used = HashSet::new();
            assert!(all.iter().flatten().all(|&seat| seat < SEATS && used.insert(seat)), "two have the same: {all:?}");
            // In the second round, too, so they were given back.
            assert!(used.len() > SEATS / 2, "{} of {SEATS} were free", used.len());
        }
    }

    /// The destructor of a thread-local that is older than the seat's runs after it.
    #[test]
    fn at_the_end_of_a_thread() {
        struct Late(Cell<Option<mpsc::Sender<[Option<usize>; 2]>>>);
        impl Drop for Late {
            fn drop(&mut self) {
                self.0.take().unwrap().send([seat(), seat()]).unwrap();
            }
        }
        thread_local!(static LATE: Late = const { Late(Cell::new(None)) });
        let (tx, rx) = mpsc::channel();
        let (before, after) = thread::spawn(move || {
            LATE.with(|late| late.0.set(Some(tx)));
            (seat(), seat())
        })
        .join()
        .unwrap();
        assert_eq!(before, after);
        let late = rx.recv().unwrap();
        // Which of the two destructors comes first is the platform's; neither takes a seat that nobody would give back.
        assert!(late == [None, None] || late == [before, before], "{late:?} after {before:?}");
    }
}
