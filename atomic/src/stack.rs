//! [`Stack`]: Treiber's stack, on nodes that have names instead of addresses.
//!
//! ```text
//! values ─> node ─(next)─> node ─> ..     the values, newest first
//! places ─> a node or none, each          for each seat, a node without a value
//! spare  ─> node, or none                 another one, for anybody
//! free   ─> node ─> ..                    more of them
//! unused                                  the smallest name that no node has had yet
//! ```
//!
//! A push takes the node that its thread has kept, or else the spare one, or one from `free`, or a new one, writes the value
//! into it and puts it on top of `values`. A pop takes the top node, moves the value out and keeps the node, or makes it the
//! spare one, or puts it on top of `free`. Both lists are a [`List`]: one word, with the name of the top node and the number of
//! pushes so far, its *tag*. [`Spare`] is one word with a name, and changed by swaps, which never fail and have no ABA.
//! [`Places`] are for threads that have a *seat*: a number that no other thread has at the time, see `sys/seats.rs`. Only who
//! has the seat touches its place, so it is plain memory, beside `values`, which its thread is about to exchange or has just
//! exchanged: a push and a pop of such a thread are two read-modify-writes instead of four. Nodes live in an [`Arena`] and stay
//! where they are until the stack goes, so whoever has a name can look at its node, however long ago it learnt it.
//!
//! A place keeps one node: a thread that only pops withholds one from those that push, and not all. And it remembers where the
//! node is that it has kept last, for that is the top node if nobody has come since the thread's last push.
//!
//! # Invariants
//!
//! 1. A node is in one of the lists or in one place, or the spare one, or one operation owns it: a push from when it took the
//!    node to its exchange of `values`; a pop, or a [`TakeAll`] that has reached the node, from its exchange to that of `free`,
//!    its swap of `spare` or its store to a place. What a `TakeAll` has not reached yet belongs to it, too; and to whoever
//!    swaps, what it gets.
//! 2. A node has a value just if it is in `values`, or owned by a push that has written it, or by a pop or a `TakeAll` that
//!    has not taken it.
//! 3. Only the owner touches a node's value, and only the owner writes `next`. Anybody may read `next`; what is read counts
//!    only if the exchange that follows succeeds.
//! 4. A list's tag grows with each push, and only a push brings a name to its top again: pops and `take_all` go down the
//!    chain. So if a word is found unchanged, there was no push, its top node was there all the time, and the `next` that
//!    was read in between is right. This is what keeps out ABA, up to a wrap of the tag.
//!
//! # The tag
//!
//! It has 36 bits, the name 28. If the tag wraps while a thread is between its look at a word and its exchange, and the same
//! node happens to be on top, then a stale `next` gets in, and values are lost or taken twice. For that the thread has to be
//! stopped between two neighbouring instructions for just 2^36 pushes of the others, no more and no less. At 5 ns for a
//! push and the pop that makes room for it, less than they take, this is more than five minutes of nothing else; and of
//! the 2^36 moments at which the thread may go on again, one is wrong.
//!
//! Names are the price: 2^28 of them, less those that the first segment leaves out. See `arena.rs`.
//!
//! # Ordering
//!
//! * *A value.* The exchange that puts its node on top of `values` is `Release`; a pop has read the word that it exchanges
//!   with `Acquire`. Every change of the word is a read-modify-write, so all of them continue the release sequences of all
//!   pushes before: reading any later word is enough, and the exchange of a pop may be `Relaxed`.
//! * *A node.* In the same way, through `free`: what its last owner did with it happens before what the next one does. And
//!   through `spare`: whoever gives a node to it swaps with `Release`, and whoever gets one with `Acquire`. And through a
//!   place: what is in it comes from the same thread, or from one that has given the seat back with `Release`, and this one has
//!   taken it with `Acquire`.
//! * *A segment.* Whoever learns a name from a list, `spare` or a place has it from somebody who has seen the node's segment,
//!   and the same edge carries that on; likewise whoever learns from a place where a node is. Whoever takes a new name looks at
//!   the segment with `Acquire`.

mod arena;
mod list;
mod places;

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crossbeam_utils::CachePadded;

use self::arena::{Arena, Name, Node, Unused};
use self::list::{List, Spare, top};
use self::places::{Mine, Places};
use crate::__sys::{const_fn, step};

/// A lock-free stack (last in, first out) for any number of threads.
///
/// [`push`](Stack::push) and [`pop`](Stack::pop) never wait for another thread: a thread that is stopped in the
/// middle of either does not block the others. [`take_all`](Stack::take_all) takes everything in one step. The stack
/// is linearizable.
///
/// Use it where a thread that is preempted while it holds a lock would delay the others: free lists, caches, work
/// that any thread may take. If no thread is ever preempted, a `Mutex<Vec<T>>` takes about as long, or longer.
///
/// Not for signal handlers: one that interrupts an operation of the same thread and uses the same stack may corrupt
/// it.
///
/// # Memory
///
/// Until it is dropped, the stack keeps the memory for as many values as it has held at a time, plus one for each
/// concurrent operation and for each thread that has taken values (at most 56), rounded up to a power of two. It
/// allocates only when it outgrows that; otherwise `push` allocates nothing, and `pop` frees nothing. At most
/// 268,435,424 values fit: see [`push`](Stack::push).
///
/// # Memory ordering
///
/// A `push` happens before the return of the `pop` or the `take_all` that takes its value (`gosync.stack-push-before-pop`).
/// [`is_empty`](Stack::is_empty) and a `pop` that finds nothing order nothing.
///
/// # Go
///
/// Go has one inside its runtime (`runtime/lfstack.go`), for nodes that are never freed. This one is for any type.
///
/// # Examples
///
/// ```
/// use std::thread;
///
/// use gosync_atomic::Stack;
///
/// static FREE: Stack<Vec<u8>> = Stack::new();
///
/// thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| {
///             let mut buffer = FREE.pop().unwrap_or_default();
///             buffer.clear();
///             buffer.extend(b"some work");
///             FREE.push(buffer);
///         });
///     }
/// });
/// assert!((1..=4).contains(&FREE.take_all().count()));
/// assert!(FREE.is_empty());
/// ```
pub struct Stack<T> {
    lists: CachePadded<Lists<T>>,
    /// Away from the words that every operation changes.
    arena: Arena<T>,
    /// It owns values, and has the auto traits that are written below.
    values: PhantomData<*mut T>,
}

struct Lists<T> {
    values: List,
    spare: Spare,
    free: List,
    unused: Unused,
    /// Those of the lowest seats, which are taken first, are on the line of `values`.
    places: Places<T>,
}

// SAFETY: the stack owns its values and moves with them.
unsafe impl<T: Send> Send for Stack<T> {}
// SAFETY: what goes in in one thread comes out in another, and never a reference to it (invariants 1 to 3). A place is touched by
// the thread that has its seat, and by no other.
unsafe impl<T: Send> Sync for Stack<T> {}

// No user's code runs while a node is half way anywhere.
impl<T> UnwindSafe for Stack<T> {}
impl<T> RefUnwindSafe for Stack<T> {}

impl<T> Stack<T> {
    const_fn! {
        /// An empty stack. It allocates nothing.
        #[must_use]
        pub const fn new() -> Stack<T> {
            let lists = Lists {
                values: List::new(),
                spare: Spare::new(),
                free: List::new(),
                unused: Unused::new(),
                places: Places::new(),
            };
            Stack { lists: CachePadded::new(lists), arena: Arena::new(), values: PhantomData }
        }
    }

    /// Puts a value on top.
    ///
    /// Lock-free: an attempt fails only because another thread's operation on this stack succeeded. O(1), amortised:
    /// if the stack has never held so many values, it allocates, in O(n).
    ///
    /// # Panics
    ///
    /// If the stack is full: it holds at most 268,435,424 values, counting those in concurrent operations, and one
    /// less for each other thread that has taken values (at most 56). Also if a segment would be larger than a `Vec`
    /// can be. The stack stays as it was; the value is dropped.
    ///
    /// # Memory ordering
    ///
    /// It happens before the return of the operation that takes the value (`gosync.stack-push-before-pop`).
    #[inline]
    #[track_caller]
    pub fn push(&self, value: T) {
        let lists = &*self.lists;
        let kept = lists.places.mine().and_then(Mine::take);
        let (name, node) = kept.unwrap_or_else(|| self.shared_node());
        // SAFETY: the node is this operation's, and has no value (invariants 1, 2).
        unsafe { node.put(value) };
        lists.values.push(node, name);
    }

    /// A node that anybody may take, or else a new one; and its name.
    #[inline(never)]
    #[track_caller]
    fn shared_node(&self) -> (Name, &Node<T>) {
        let lists = &*self.lists;
        let taken = lists.spare.take(&self.arena).or_else(|| lists.free.pop(&self.arena, lists.free.look(), false));
        taken.unwrap_or_else(|| self.new_node())
    }

    /// A node that nobody has had, and its name.
    #[cold]
    #[track_caller]
    fn new_node(&self) -> (Name, &Node<T>) {
        let name = self.arena.make(self.lists.unused.take());
        // SAFETY: it was made just now.
        (name, unsafe { self.arena.node(name) })
    }

    /// Takes the top value, if there is one.
    ///
    /// Lock-free, in constant time; it allocates and frees nothing.
    ///
    /// # Memory ordering
    ///
    /// The push of the value happens before its return (`gosync.stack-push-before-pop`).
    ///
    /// # Examples
    ///
    /// ```
    /// let stack = gosync_atomic::Stack::from_iter(["bottom", "top"]);
    /// assert_eq!(stack.pop(), Some("top"));
    /// assert_eq!(stack.pop(), Some("bottom"));
    /// assert_eq!(stack.pop(), None);
    /// ```
    #[must_use = "a value that is popped and not used is dropped"]
    #[inline]
    pub fn pop(&self) -> Option<T> {
        let lists = &*self.lists;
        let mut word = lists.values.look();
        let name = top(word)?;
        let place = lists.places.mine();
        let known = place.and_then(|place| Some((place, place.known(name)?)));
        if let Some((place, node)) = known {
            match lists.values.try_pop(word, node) {
                Ok(()) => {
                    // SAFETY: this operation took the node, so owns it, and it has its value.
                    let value = unsafe { node.get() };
                    step!("stack.place.again", place.keep_again(name));
                    return Some(value);
                }
                Err(now) => word = now,
            }
        }
        self.pop_otherwise(place, word, known.is_some())
    }

    /// Pops when the thread does not know where the top node is, or came too late. The word is the last that it has seen.
    #[inline(never)]
    fn pop_otherwise(&self, place: Option<Mine<'_, T>>, word: u64, is_late: bool) -> Option<T> {
        let (name, node) = self.lists.values.pop(&self.arena, word, is_late)?;
        // SAFETY: this operation took the node, so owns it, and it has its value.
        Some(unsafe { self.take(name, node, place) })
    }

    /// Takes all values in one atomic step. They come newest first.
    ///
    /// Later pushes are not among them, even while the iterator is in use: the stack is empty, and the iterator owns
    /// the values. It drops those that are left when it is dropped. Memory is reused as values are taken.
    ///
    /// O(1). Leaking the iterator (`mem::forget`) leaks its values, and their memory until the stack is dropped.
    ///
    /// # Memory ordering
    ///
    /// The pushes of all the values happen before its return (`gosync.stack-push-before-pop`).
    ///
    /// # Examples
    ///
    /// ```
    /// let stack = gosync_atomic::Stack::from_iter([1, 2, 3]);
    /// for n in stack.take_all() {
    ///     stack.push(10 * n);
    /// }
    /// assert!(stack.take_all().eq([10, 20, 30]));
    /// ```
    #[must_use = "the values are dropped with the iterator"]
    #[inline]
    pub fn take_all(&self) -> TakeAll<'_, T> {
        TakeAll { stack: self, next: self.lists.values.take() }
    }

    /// Whether the stack was empty at one moment of the call. Orders nothing.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.lists.values.is_empty()
    }

    /// Moves the value out of a node, and gives the node back.
    ///
    /// # Safety
    ///
    /// The name is the node's. The caller owns the node, and it has a value.
    #[inline]
    unsafe fn take(&self, name: Name, node: &Node<T>, place: Option<Mine<'_, T>>) -> T {
        // SAFETY: the caller's contract.
        let value = unsafe { node.get() };
        step!("stack.give-back", self.give_back(name, node, place));
        value
    }

    /// For the owner of a node without a value.
    #[inline]
    fn give_back(&self, name: Name, node: &Node<T>, place: Option<Mine<'_, T>>) {
        if !place.is_some_and(|place| place.keep(name, node)) {
            self.share(name, node);
        }
    }

    /// Lets anybody have a node without a value. For its owner.
    #[inline(never)]
    fn share(&self, name: Name, node: &Node<T>) {
        let lists = &*self.lists;
        if !lists.spare.is_wanted() {
            lists.free.push(node, name);
        } else if let Some(other) = lists.spare.give(name) {
            // SAFETY: from `spare`, with `Acquire`.
            step!("stack.give-back-other", lists.free.push(unsafe { self.arena.node(other) }, other));
        }
    }
}

impl<T> Default for Stack<T> {
    fn default() -> Stack<T> {
        Stack::new()
    }
}

impl<T> fmt::Debug for Stack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("is_empty", &self.is_empty()).finish_non_exhaustive()
    }
}

impl<T> Extend<T> for Stack<T> {
    /// Pushes one value after the other.
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl<T> FromIterator<T> for Stack<T> {
    /// Pushes one value after the other: the last one is on top.
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Stack<T> {
        let mut stack = Stack::new();
        stack.extend(values);
        stack
    }
}

impl<T> Drop for Stack<T> {
    /// Drops the values, newest first. If one of the drops panics, the others still run.
    fn drop(&mut self) {
        if needs_drop::<T>() {
            drop(self.take_all());
        }
        // And the arena's drop frees the nodes, also if this unwinds.
    }
}

/// The values of a [`Stack`], newest first. See [`Stack::take_all`].
#[must_use = "the values are dropped with the iterator"]
pub struct TakeAll<'a, T> {
    stack: &'a Stack<T>,
    /// The first node of what is left of the chain. It is this iterator's (invariant 1).
    next: Option<Name>,
}

impl<T> Iterator for TakeAll<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let name = self.next?;
        // SAFETY: the name comes from `values`.
        let node = unsafe { self.stack.arena.node(name) };
        self.next = node.below();
        // SAFETY: the node is this iterator's, and has its value.
        Some(unsafe { self.stack.take(name, node, self.stack.lists.places.mine()) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.next.is_some()), if self.next.is_some() { None } else { Some(0) })
    }
}

impl<T> FusedIterator for TakeAll<'_, T> {}

impl<T> Drop for TakeAll<'_, T> {
    fn drop(&mut self) {
        /// Goes on if the drop of a value panics.
        struct Rest<'r, 'a, T>(&'r mut TakeAll<'a, T>);

        impl<T> Drop for Rest<'_, '_, T> {
            fn drop(&mut self) {
                self.0.by_ref().for_each(drop);
            }
        }

        let rest = Rest(self);
        rest.0.by_ref().for_each(drop);
    }
}

impl<T> fmt::Debug for TakeAll<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakeAll").field("is_empty", &self.next.is_none()).finish_non_exhaustive()
    }
}
