//! One thread's place to sleep: `park` waits for a token, `unpark` leaves one.
//!
//! | word | meaning | who changes it |
//! | --- | --- | --- |
//! | `EMPTY` | no token, awake | the owner, on leaving `park` |
//! | `PARKED` | no token, asleep or about to be | the owner, on entering `park` |
//! | `TOKEN` | a token is there | `unpark` |
//!
//! Unlike `std::thread::park` it never returns without a token or a passed deadline, it works in models, and its wake-up
//! carries an edge: everything before an `unpark` happens before the return of the `park` that takes its token. Several
//! unparks before one park leave one token.

use std::fmt;
use std::time::Instant;

use super::{Arc, Futex, ord, step};

const EMPTY: u32 = 0;
const PARKED: u32 = 1;
const TOKEN: u32 = 2;

/// The sleeping side. Only its owner parks on it: it is not `Sync` and not `Clone`.
pub struct Parker {
    word: Arc<Futex>,
    // One sleeper at a time is what the protocol is made for.
    _not_sync: std::marker::PhantomData<std::cell::Cell<()>>,
}

/// The waking side of a [`Parker`].
#[derive(Clone)]
pub struct Unparker {
    word: Arc<Futex>,
}

impl Parker {
    /// A parker without a token. Allocates.
    #[must_use]
    pub fn new() -> Parker {
        Parker { word: Arc::new(Futex::new(EMPTY)), _not_sync: std::marker::PhantomData }
    }

    /// A handle that wakes this parker.
    #[must_use]
    pub fn unparker(&self) -> Unparker {
        Unparker { word: Arc::clone(&self.word) }
    }

    /// Blocks until there is a token, and takes it.
    pub fn park(&self) {
        self.park_until(None);
    }

    /// Blocks until there is a token, and takes it (`true`), or until `deadline` has passed (`false`).
    pub fn park_until(&self, deadline: Option<Instant>) -> bool {
        // Acquire: pairs with the Release of `unpark`, whose token is taken here.
        let taken =
            self.word.compare_exchange(TOKEN, EMPTY, ord!("parker.take", Acquire), ord!("parker.take.fail", Relaxed));
        if taken.is_ok() {
            return true;
        }
        // Relaxed both ways: nothing is handed over here; a token that came in between is taken by the swap below.
        let parked =
            self.word.compare_exchange(EMPTY, PARKED, ord!("parker.park", Relaxed), ord!("parker.park.fail", Relaxed));
        let mut in_time = true;
        while parked.is_ok() && in_time && self.word.load(ord!("parker.look", Relaxed)) == PARKED {
            in_time = self.word.wait_until(PARKED, deadline);
        }
        // Acquire: pairs with the Release of `unpark`. A token that came after the deadline counts all the same.
        self.word.swap(EMPTY, ord!("parker.leave", Acquire)) == TOKEN
    }
}

impl Unparker {
    /// Leaves a token, and wakes the parker if it sleeps.
    pub fn unpark(&self) {
        let waker = self.word.waker();
        // Release: pairs with the Acquire in `park_until`.
        if self.word.swap(TOKEN, ord!("parker.unpark", Release)) == PARKED {
            step!("parker.wake", waker.wake_one());
        }
    }
}

impl Default for Parker {
    fn default() -> Parker {
        Parker::new()
    }
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parker").finish_non_exhaustive()
    }
}

impl fmt::Debug for Unparker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unparker").finish_non_exhaustive()
    }
}
