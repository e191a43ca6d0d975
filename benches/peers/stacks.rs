//! The stacks under test, behind one trait. To add one: implement [`Stack`], and name it in [`visit`].

use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crossbeam_epoch::{self as epoch, Atomic, Owned};

/// A stack of numbers.
pub trait Stack: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// Whether the last one in is the first one out. If not, it is a reference.
    const IS_STACK: bool = true;

    /// An empty one.
    fn new() -> Self;

    /// Puts one on top.
    fn push(&self, number: u64);

    /// Takes the one on top.
    fn pop(&self) -> Option<u64>;
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<S: Stack>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<gosync::Stack<u64>>();
    visitor.visit::<Treiber>();
    visitor.visit::<parking_lot_013::Mutex<Vec<u64>>>();
    visitor.visit::<std::sync::Mutex<Vec<u64>>>();
    visitor.visit::<crossbeam_queue::SegQueue<u64>>();
}

impl Stack for gosync::Stack<u64> {
    const NAME: &'static str = "gosync";

    fn new() -> Self {
        gosync::Stack::new()
    }

    #[inline(always)]
    fn push(&self, number: u64) {
        self.push(number);
    }

    #[inline(always)]
    fn pop(&self) -> Option<u64> {
        self.pop()
    }
}

/// Treiber's stack on crossbeam-epoch: nodes on the heap, freed when nobody can look at them any more.
#[derive(Debug)]
pub struct Treiber {
    top: Atomic<Node>,
}

#[derive(Debug)]
struct Node {
    number: ManuallyDrop<u64>,
    below: Atomic<Node>,
}

impl Stack for Treiber {
    const NAME: &'static str = "crossbeam-epoch";

    fn new() -> Self {
        Treiber { top: Atomic::null() }
    }

    #[inline(always)]
    fn push(&self, number: u64) {
        let mut node = Owned::new(Node { number: ManuallyDrop::new(number), below: Atomic::null() });
        let guard = epoch::pin();
        loop {
            let top = self.top.load(Relaxed, &guard);
            node.below.store(top, Relaxed);
            match self.top.compare_exchange(top, node, Release, Relaxed, &guard) {
                Ok(_) => return,
                Err(failed) => node = failed.new,
            }
        }
    }

    #[inline(always)]
    fn pop(&self) -> Option<u64> {
        let guard = epoch::pin();
        loop {
            let top = self.top.load(Acquire, &guard);
            // SAFETY: published by a push, and not freed while this thread is pinned.
            let node = unsafe { top.as_ref() }?;
            let below = node.below.load(Relaxed, &guard);
            if self.top.compare_exchange(top, below, Relaxed, Relaxed, &guard).is_ok() {
                // SAFETY: this thread has taken the node off, and no other one can any more.
                unsafe { guard.defer_destroy(top) };
                // SAFETY: as above; the node does not drop it.
                return Some(ManuallyDrop::into_inner(unsafe { ptr::read(&node.number) }));
            }
        }
    }
}

impl Drop for Treiber {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

macro_rules! locked {
    ($type:ty, $name:literal, |$mutex:ident| $lock:expr) => {
        impl Stack for $type {
            const NAME: &'static str = $name;

            fn new() -> Self {
                <$type>::new(Vec::new())
            }

            #[inline(always)]
            fn push(&self, number: u64) {
                let $mutex = self;
                $lock.push(number);
            }

            #[inline(always)]
            fn pop(&self) -> Option<u64> {
                let $mutex = self;
                $lock.pop()
            }
        }
    };
}

locked!(parking_lot_013::Mutex<Vec<u64>>, "parking_lot", |mutex| mutex.lock());
locked!(std::sync::Mutex<Vec<u64>>, "std", |mutex| mutex.lock().expect("no panic"));

impl Stack for crossbeam_queue::SegQueue<u64> {
    const NAME: &'static str = "crossbeam-SegQueue";
    const IS_STACK: bool = false;

    fn new() -> Self {
        crossbeam_queue::SegQueue::new()
    }

    #[inline(always)]
    fn push(&self, number: u64) {
        self.push(number);
    }

    #[inline(always)]
    fn pop(&self) -> Option<u64> {
        self.pop()
    }
}
