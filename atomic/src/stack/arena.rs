//! [`Arena`]: nodes that are found by name and stay where they are.
//!
//! They live in segments: the first has 2^`STACK_FIRST` nodes, each further one twice as many as the one before. A segment
//! is allocated when the first of its names is taken, and freed with the arena. The name of a node is a number whose
//! highest bit tells the segment and whose other bits tell the place in it. So the smallest name is the number of nodes in
//! the first segment, 0 is free to mean no node, and names end where their bits do.
//!
//! Segments are allocated without a lock: each thread that finds none makes one, and all but one of them free theirs.

use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use std::ptr::{null_mut, slice_from_raw_parts_mut};

use crate::__sys::atomic::{AtomicPtr, AtomicU32};
use crate::__sys::{Alive, STACK_FIRST, STACK_NAMES, UnsafeCell, const_fn, null_pointers, ord};

/// The number of segments.
const SEGMENTS: usize = (STACK_NAMES - STACK_FIRST) as usize;
/// The smallest name.
const BEGIN: u32 = 1 << STACK_FIRST;
/// The end of the names.
const END: u32 = 1 << STACK_NAMES;

/// What a node is called.
pub(super) type Name = NonZeroU32;

/// The name that a number stands for; none for 0.
#[inline]
pub(super) fn name(number: u32) -> Option<Name> {
    Name::new(number)
}

/// The number that stands for a name, or for none.
#[inline]
pub(super) fn number(name: Option<Name>) -> u32 {
    name.map_or(0, Name::get)
}

pub(super) struct Node<T> {
    /// The number of the node below this one, wherever it is.
    next: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
    alive: Alive,
}

/// The names that no node has had yet.
pub(super) struct Unused {
    smallest: AtomicU32,
}

impl Unused {
    const_fn! {
        pub(super) const fn new() -> Unused {
            Unused { smallest: AtomicU32::new(BEGIN) }
        }
    }

    /// The smallest of them, which is the caller's then.
    #[cold]
    #[track_caller]
    pub(super) fn take(&self) -> Name {
        // Relaxed: a number; what it stands for is made, or found, by the caller.
        let mut smallest = self.smallest.load(ord!("stack.unused.look", Relaxed));
        loop {
            assert!(smallest < END, "a stack holds at most {} values", END - BEGIN);
            // Relaxed: nobody else gets it, and nothing else is meant.
            let (ok, fail) = (ord!("stack.unused", Relaxed), ord!("stack.unused.again", Relaxed));
            match self.smallest.compare_exchange(smallest, smallest + 1, ok, fail) {
                Ok(taken) => return name(taken).expect("names begin above 0"),
                Err(now) => smallest = now,
            }
        }
    }
}

/// The nodes.
pub(super) struct Arena<T> {
    segments: [AtomicPtr<Node<T>>; SEGMENTS],
}

/// The number of nodes in a segment.
fn len(segment: usize) -> usize {
    1 << (STACK_FIRST as usize + segment)
}

/// The segment of a node, and its place there.
#[inline]
fn place(name: Name) -> (usize, usize) {
    let highest = name.ilog2();
    ((highest - STACK_FIRST) as usize, (name.get() ^ (1 << highest)) as usize)
}

impl<T> Arena<T> {
    const_fn! {
        pub(super) const fn new() -> Arena<T> {
            Arena { segments: null_pointers() }
        }
    }

    /// Sees to it that there is a node for a name that was unused.
    #[cold]
    #[track_caller]
    pub(super) fn make(&self, name: Name) -> Name {
        let (segment, _) = place(name);
        let slot = &self.segments[segment];
        // Acquire: pairs with stack.segment.publish, for the nodes as they are made.
        if slot.load(ord!("stack.segment.look", Acquire)).is_null() {
            let ours = allocate(len(segment));
            // Release: the nodes as they are made, for stack.segment.look and stack.segment.lost.
            let ok = ord!("stack.segment.publish", Release);
            // Acquire: as the look.
            let fail = ord!("stack.segment.lost", Acquire);
            if slot.compare_exchange(null_mut(), ours, ok, fail).is_err() {
                // SAFETY: allocated above with this length, and nobody else has seen it.
                unsafe { free(ours, len(segment)) };
            }
        }
        name
    }

    /// The node of a name.
    ///
    /// # Safety
    ///
    /// The name is from a list, read with `Acquire` or better, from the place of the caller's seat, or from `make`.
    #[inline]
    pub(super) unsafe fn node(&self, name: Name) -> &Node<T> {
        let (segment, place) = place(name);
        // Relaxed: whoever put the name there had seen the segment, and the list or the seat has ordered that before this;
        // or `make` has. So this sees it, too: it never changes again.
        let nodes = self.segments[segment].load(ord!("stack.segment", Relaxed));
        // SAFETY: the segment is there, as said, and `place` is less than its length.
        let node = unsafe { nodes.add(place) };
        // SAFETY: segments are freed with the arena, which is borrowed; what changes in a node is an atomic or in a cell.
        unsafe { &*node }
    }
}

impl<T> Node<T> {
    /// Makes it lie on another node. For its owner.
    #[inline]
    pub(super) fn link(&self, below: Option<Name>) {
        self.alive.used();
        // Relaxed: published by the exchange that follows; whoever reads it without that will fail at an exchange.
        self.next.store(number(below), ord!("stack.link", Relaxed));
    }

    /// The node below this one; anything, if it has been taken meanwhile.
    #[inline]
    pub(super) fn below(&self) -> Option<Name> {
        self.alive.used();
        // Relaxed: if it counts, then the caller's look at the list orders it after the link (invariants 3 and 4).
        name(self.next.load(ord!("stack.below", Relaxed)))
    }

    /// Writes a value into it.
    ///
    /// # Safety
    ///
    /// The caller owns the node, which has no value.
    #[inline]
    pub(super) unsafe fn put(&self, value: T) {
        self.alive.used();
        // SAFETY: the owner alone touches it (invariant 3).
        self.value.with_mut(|cell| unsafe { cell.write(MaybeUninit::new(value)) });
    }

    /// Moves the value out of it.
    ///
    /// # Safety
    ///
    /// The caller owns the node, which has a value, and has none afterwards.
    #[inline]
    pub(super) unsafe fn get(&self) -> T {
        self.alive.used();
        // SAFETY: the owner alone touches it (invariant 3).
        let value = self.value.with_mut(|cell| unsafe { cell.read() });
        // SAFETY: the caller's contract.
        unsafe { value.assume_init() }
    }
}

impl<T> Drop for Arena<T> {
    fn drop(&mut self) {
        for (segment, slot) in self.segments.iter().enumerate() {
            // Relaxed: exclusive.
            let nodes = slot.load(ord!("stack.segment.free", Relaxed));
            if !nodes.is_null() {
                // SAFETY: from `allocate` with this length; nobody comes after.
                unsafe { free(nodes, len(segment)) };
            }
        }
    }
}

/// A segment of nodes without values.
#[track_caller]
fn allocate<T>(len: usize) -> *mut Node<T> {
    let node = |_| Node { next: AtomicU32::new(0), value: UnsafeCell::new(MaybeUninit::uninit()), alive: Alive::new() };
    let nodes: Box<[Node<T>]> = (0..len).map(node).collect();
    Box::into_raw(nodes).cast()
}

/// Frees a segment. What values there are in it are forgotten.
///
/// # Safety
///
/// It is from `allocate` with this length, and nobody uses it any more.
unsafe fn free<T>(nodes: *mut Node<T>, len: usize) {
    // SAFETY: the caller's contract.
    let nodes = unsafe { Box::from_raw(slice_from_raw_parts_mut(nodes, len)) };
    nodes.iter().for_each(|node| node.alive.freed());
}
