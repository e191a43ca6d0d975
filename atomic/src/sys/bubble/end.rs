//! [`End`]: what a thread waits for that is about to join a member of its own bubble.
//!
//! A join is the system's, and the bubble knows nothing of it. So a member that joins another one first sleeps, as members do, until the
//! other one's function has returned or panicked: all that is left for the system's join is the end of a thread that has
//! nothing more to do but to drop its thread-local variables. Whoever is no member of that bubble goes to the system's join at once.
//!
//! The word of an end is set by the member itself, while it is one, so that its wake-up finds the one that sleeps, and that one is
//! out of the list before the other is gone from the count. It orders nothing: the join does.

use std::fmt;

use super::super::{Arc, Futex, ord, step};
use super::{Bubble, here, inherit};

/// The end of a thread's function, for its handle. Outside of bubbles there is nothing to it.
pub struct End(Option<Arc<Ending>>);

/// 1 in the word: it has come.
struct Ending {
    bubble: Arc<Bubble>,
    word: Futex,
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
    /// Sleeps until it has come, if it is the end of a member of the caller's bubble, and the caller is one. What it is of a bubble goes
    /// before the join returns something.
    pub fn wait(self) {
        let here = here();
        let Some(ending) = self.0 else { return };
        let is_beside = here.bubble().is_some_and(|bubble| Arc::ptr_eq(bubble, &ending.bubble)) && !here.is_keeper;
        while is_beside && !ending.has_come() {
            ending.word.wait(0);
        }
    }

    /// Whether it has come; `None` outside of bubbles.
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
    let here = here();
    let end = here.bubble().map(|bubble| Arc::new(Ending { bubble: Arc::clone(bubble), word: Futex::new(0) }));
    let ends = end.clone().map(Ends);
    let f = inherit(move || {
        let _ends = ends;
        f()
    });
    (f, End(end))
}
