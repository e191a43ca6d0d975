//! Values that are counted: each is created once and dropped once.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::run::{Run, inject};

const UNUSED: u8 = 0;
const ALIVE: u8 = 1;
const DROPPED: u8 = 2;

/// What became of the values of one round.
pub(crate) struct Ledger {
    states: Box<[AtomicU8]>,
    /// What made each, and whether its drop panics.
    made: Mutex<Vec<(&'static str, bool)>>,
    dropped_twice: AtomicUsize,
}

/// A value of a ledger. On the heap too, so that tools notice a double drop.
pub(crate) struct Live {
    pub(crate) id: usize,
    ledger: Arc<Ledger>,
    /// Whether its drop panics.
    armed: bool,
    _heap: Box<usize>,
}

impl Ledger {
    pub(crate) fn new(most: usize) -> Arc<Ledger> {
        Arc::new(Ledger {
            states: (0..most).map(|_| AtomicU8::new(UNUSED)).collect(),
            made: Mutex::default(),
            dropped_twice: AtomicUsize::new(0),
        })
    }

    /// A value for an operation of this name.
    pub(crate) fn value(self: &Arc<Ledger>, what: &'static str) -> Live {
        self.make(what, false)
    }

    /// A value whose drop panics.
    pub(crate) fn bomb(self: &Arc<Ledger>, what: &'static str) -> Live {
        self.make(what, true)
    }

    fn make(self: &Arc<Ledger>, what: &'static str, armed: bool) -> Live {
        let mut made = self.made.lock().unwrap();
        let id = made.len();
        made.push((what, armed));
        self.states[id].store(ALIVE, Ordering::Relaxed);
        Live { id, ledger: Arc::clone(self), armed, _heap: Box::new(id) }
    }

    /// Whether it is still there.
    pub(crate) fn is_alive(&self, id: usize) -> bool {
        self.states[id].load(Ordering::Relaxed) == ALIVE
    }

    pub(crate) fn made(&self) -> usize {
        self.made.lock().unwrap().len()
    }

    /// Whether there is a value of this number.
    pub(crate) fn knows(&self, id: usize) -> bool {
        id < self.made()
    }

    /// How many are not dropped.
    fn left(&self) -> usize {
        let alive = |state: &&AtomicU8| state.load(Ordering::Relaxed) == ALIVE;
        self.states.iter().filter(alive).count()
    }

    /// The round is over, but for threads that are about to drop what they own: then it is as below.
    pub(crate) fn check_soon(&self, run: &Run) {
        let end = Instant::now() + Duration::from_secs(10);
        while self.left() > 0 && Instant::now() < end {
            std::thread::sleep(Duration::from_micros(50));
        }
        self.check(run, 0);
    }

    /// The round is over: no value was dropped twice, and all but so many are gone.
    pub(crate) fn check(&self, run: &Run, may_be_left: usize) {
        let made = self.made.lock().unwrap();
        let alive = |&id: &usize| self.states[id].load(Ordering::Relaxed) == ALIVE;
        let left: Vec<_> = (0..made.len()).filter(alive).map(|id| made[id]).collect();
        let twice = self.dropped_twice.load(Ordering::Relaxed);
        run.expect(twice == 0, || format!("{twice} values were dropped twice"));
        run.expect(left.len() <= may_be_left, || format!("left of {} values, not {may_be_left}: {left:?}", made.len()));
    }
}

impl Live {
    /// Another value of the same ledger.
    pub(crate) fn another(&self, what: &'static str) -> Live {
        self.ledger.value(what)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.ledger.states[self.id].swap(DROPPED, Ordering::Relaxed) != ALIVE {
            self.ledger.dropped_twice.fetch_add(1, Ordering::Relaxed);
        }
        if self.armed && !std::thread::panicking() {
            inject();
        }
    }
}
