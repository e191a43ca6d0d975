//! [`End`]: what a thread waits for that is about to join another one, with features `synctest` and `deadlock`.
//!
//! A join is the system's, and neither a bubble nor the deadlock report knows of it. So who joins first sleeps, as in any other operation,
//! until the other thread's function has returned or panicked: all that is left for the system's join is the end of a thread that has
//! nothing more to do but to drop its thread-local variables. Both have to be
//! in the same bubble, or neither in one. A member that joins a thread from elsewhere goes to the system's join at once, for its bubble
//! must not take that for a sleep; and so does whoever joins a member from elsewhere, whom no bubble counts.
//!
//! The word of an end is set by the thread itself, while it is a member of its bubble, so that its wake-up finds the one that sleeps,
//! and that one is out of the list before the other is gone from the count. It orders nothing: the join does.

use std::fmt;

#[cfg(feature = "synctest")]
use super::bubble::{Bubble, here};
use super::{Arc, Futex, inherit, ord, step};

/// The end of a thread's function, for its handle. `None`: nobody sleeps for it.
pub struct End(Option<Arc<Ending>>);

/// The bubble of a thread, if it is in one.
#[cfg(feature = "synctest")]
type Home = Option<Arc<Bubble>>;
#[cfg(not(feature = "synctest"))]
type Home = ();

/// 1 in the word: it has come.
struct Ending {
    home: Home,
    word: Futex,
}

/// The caller's, if it is of use to know when a thread of there ends.
fn home() -> Option<Home> {
    #[cfg(feature = "synctest")]
    {
        let home = here().bubble().cloned();
        (home.is_some() || cfg!(feature = "deadlock")).then_some(home)
    }
    #[cfg(not(feature = "synctest"))]
    Some(())
}

/// Whether the caller is there, and may sleep.
fn is_at(home: &Home) -> bool {
    #[cfg(feature = "synctest")]
    {
        let here = here();
        match (here.bubble(), home) {
            (Some(bubble), Some(home)) => Arc::ptr_eq(bubble, home) && !here.is_keeper,
            (None, None) => true,
            _ => false,
        }
    }
    #[cfg(not(feature = "synctest"))]
    {
        let () = home;
        true
    }
}

/// When it is dropped, the function has come to its end, or will never be called.
struct Ends(Arc<Ending>);

impl Drop for Ends {
    fn drop(&mut self) {
        let waker = self.0.word.waker();
        // Relaxed: nothing is read because of it.
        self.0.word.swap(1, ord!("bubble.end", Relaxed));
        step!("bubble.end.wake", waker.wake_one());
    }
}

impl Ending {
    fn has_come(&self) -> bool {
        // Relaxed: as above.
        self.word.load(ord!("bubble.end.look", Relaxed)) != 0
    }
}

impl End {
    /// Sleeps until it has come, if the caller is in the same bubble as the thread, or neither is in one. What it is of a bubble goes
    /// before the join returns something.
    pub fn wait(self) {
        let Some(ending) = self.0 else { return };
        let is_beside = is_at(&ending.home);
        while is_beside && !ending.has_come() {
            ending.word.wait(0);
        }
    }

    /// Whether it has come; `None` if that is not known.
    #[must_use]
    pub fn has_come(&self) -> Option<bool> {
        self.0.as_ref().map(|ending| ending.has_come())
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("End").field(&self.has_come()).finish()
    }
}

/// As [`inherit`], and what the handle needs.
pub fn inherit_with_end<T>(f: impl FnOnce() -> T) -> (impl FnOnce() -> T, End) {
    let end = home().map(|home| Arc::new(Ending { home, word: Futex::new(0) }));
    let ends = end.clone().map(Ends);
    let f = inherit(move || {
        let _ends = ends;
        f()
    });
    (f, End(end))
}
