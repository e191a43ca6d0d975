//! A blocked operation: the node that it leaves in a channel's queue, and how it sleeps and is completed.
//!
//! A node lives on the stack of its thread (in a pinned future, once there are tasks) for exactly as long as the
//! operation; no operation allocates. It is made of a [`Waiter`], which the queues and the wake-up know, and, if it moves
//! a value itself, a slot for that, which only the two parties of the hand-off know.
//!
//! A plain send or receive has one node, with a [`Sleeper`] of its own. A select has a node for each case, in different
//! queues, and one sleeper for all: whoever takes out one of them must win the sleeper's claim as well. Nodes whose select
//! was won elsewhere stay in their queues until their thread, or whoever meets them, takes them out.
//!
//! What a node wants to be done for it is one of three things ([`Wants`]), so that no peer ever points into memory that
//! safe code could move or forget:
//!
//! | wants | what a peer does | who |
//! | --- | --- | --- |
//! | a transfer | moves the value out of or into its slot | plain operations, receives of `select!` |
//! | a permit | sets aside room, or an item, or itself, for an operation that comes later | sends of `select!`, `Select` |
//! | news | tells it that the operation could be done now | `ready` |
//!
//! How it sleeps and is completed is [`Sleeper`]'s protocol; [`Outcome`] says what it may find.
//!
//! # Invariants
//!
//! 1. A node is in at most one queue. Its links are written only under the lock of that queue's channel or by the node's
//!    claimer, and read only under the lock or by the claimer.
//! 2. Taking a node out of its queue, and winning the claim if its sleeper is shared, is the claim: whoever did it, and
//!    nobody else, moves the value and then completes the node exactly once. If that is the node's own thread (its
//!    deadline has passed), there is no completion.
//! 3. Before its completion, and as long as it is queued, the node stays where it is, and its thread does not touch the
//!    slot. So the claimer may move the value after it has released the lock.
//! 4. The completion is the last access to the node and to its sleeper.
//!
//! # Ordering
//!
//! The claimer sees the node's contents through the channel's lock. The node's thread sees what the claimer did (the
//! value in a receiver's slot, or that its own value has been moved out) through the completion.

#[cfg(feature = "async")]
use std::hint::unreachable_unchecked;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::time::Instant;

#[cfg(feature = "async")]
use super::task::{self, Task};
#[cfg(feature = "async")]
use gosync_atomic::__sys::step;
use gosync_atomic::__sys::{Cpu, Sleeper, UnsafeCell};

/// How a blocked operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Outcome {
    /// The value has changed hands.
    Done = 1,
    /// The channel was closed; a sender's value is still in its slot.
    Closed,
    /// The partner has promised a hand-off and given up, or the timer was set anew: start over. A sender's value is still
    /// in its slot.
    Retry,
    /// A permit: room or an item was set aside.
    Slot,
    /// A permit: a partner waits, or will.
    Partner,
    /// The operation could be done now.
    Ready,
}

impl Outcome {
    /// The bits that an outcome takes in its code; the number of the case stands above.
    const BITS: u32 = 3;

    fn code(self, case: u32) -> u32 {
        case << Outcome::BITS | self as u32
    }

    /// The number of the case, which is 0 for a plain operation, and its outcome.
    pub(crate) fn from_code(code: u32) -> (u32, Outcome) {
        let outcome = match code & ((1 << Outcome::BITS) - 1) {
            1 => Outcome::Done,
            2 => Outcome::Closed,
            3 => Outcome::Retry,
            4 => Outcome::Slot,
            5 => Outcome::Partner,
            _ => Outcome::Ready,
        };
        (code >> Outcome::BITS, outcome)
    }
}

/// The largest number of cases: their numbers must leave room for the outcome.
pub(crate) const MOST_CASES: usize = (Sleeper::LAST_OUTCOME >> Outcome::BITS) as usize;

/// What is to be done for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Transfer,
    Permit,
    News,
}

/// The part of a node that does not depend on the value's type.
pub(crate) struct Waiter {
    role: Role,
    links: UnsafeCell<Links>,
}

enum Role {
    /// A plain operation, which wants a transfer.
    Alone(Sleeper),
    /// The same of a task.
    #[cfg(feature = "async")]
    Task(Task),
    Case(Case),
}

/// A node's part in a select.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) sleeper: NonNull<Sleeper>,
    /// Of a task: what the sleeper is part of.
    #[cfg(feature = "async")]
    pub(crate) task: Option<NonNull<Task>>,
    pub(crate) number: u32,
    pub(crate) wants: Wants,
}

impl Case {
    /// A case of a thread.
    pub(crate) fn of_thread(sleeper: &Sleeper, number: usize, wants: Wants) -> Case {
        Case {
            sleeper: NonNull::from(sleeper),
            #[cfg(feature = "async")]
            task: None,
            number: number as u32, // who selects has looked at the number of cases
            wants,
        }
    }

    /// Whether it is a task that waits, which nobody looks for on a CPU.
    #[inline]
    pub(crate) fn is_of_task(&self) -> bool {
        #[cfg(feature = "async")]
        return self.task.is_some();
        #[cfg(not(feature = "async"))]
        false
    }
}

/// Neighbours in the queue. The oldest node has no `prev`, and a node that was taken out has none either.
#[derive(Clone, Copy)]
pub(super) struct Links {
    pub(super) prev: Option<NonNull<Waiter>>,
    pub(super) next: Option<NonNull<Waiter>>,
}

impl Waiter {
    fn new(role: Role) -> Waiter {
        Waiter { role, links: UnsafeCell::new(Links { prev: None, next: None }) }
    }

    /// The node of a case that moves no value itself.
    pub(crate) fn of_case(case: Case) -> Waiter {
        Waiter::new(Role::Case(case))
    }

    /// Its part in a select, if it has one.
    pub(crate) fn case(&self) -> Option<&Case> {
        match &self.role {
            Role::Case(case) => Some(case),
            _ => None,
        }
    }

    /// What it learns from the end of the channel.
    pub(crate) fn ended(&self) -> Outcome {
        match self.case() {
            Some(Case { wants: Wants::News, .. }) => Outcome::Ready,
            _ => Outcome::Closed,
        }
    }

    /// What it learns when it has got what it wants from who has it ready.
    pub(crate) fn satisfied(&self) -> Outcome {
        match self.case().map_or(Wants::Transfer, |case| case.wants) {
            Wants::Transfer => Outcome::Done,
            Wants::Permit => Outcome::Slot,
            Wants::News => Outcome::Ready,
        }
    }
}

/// A node that moves a value: one blocked send (its value in the slot) or one blocked receive (an empty slot).
#[repr(C)] // the waiter comes first: a pointer to it is a pointer to its node
pub(crate) struct Node<T> {
    waiter: Waiter,
    slot: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Node<T> {
    /// The node of a plain send.
    pub(crate) fn sender(value: T) -> Node<T> {
        Node { waiter: Waiter::new(Role::Alone(Sleeper::new())), slot: UnsafeCell::new(MaybeUninit::new(value)) }
    }

    /// The node of a plain receive.
    pub(crate) fn receiver() -> Node<T> {
        Node { waiter: Waiter::new(Role::Alone(Sleeper::new())), slot: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// Makes a node, for a task, of what only has a slot.
    ///
    /// # Safety
    ///
    /// `node` is room for one, which nobody else knows, and has a slot.
    #[cfg(feature = "async")]
    #[inline(always)]
    pub(crate) unsafe fn write_waiter(node: NonNull<Node<T>>, task: Task) {
        // SAFETY: the caller's contract: it points to room for a node.
        let waiter = unsafe { &raw mut (*node.as_ptr()).waiter };
        // SAFETY: as above.
        unsafe { waiter.write(Waiter::new(Role::Task(task))) };
    }

    /// What its task waits for.
    ///
    /// # Safety
    ///
    /// It was made by [`write_waiter`](Node::write_waiter), and is not ended.
    #[cfg(feature = "async")]
    #[inline(always)]
    pub(super) unsafe fn task<'a>(node: NonNull<Node<T>>) -> &'a Task {
        // SAFETY: the caller's contract. Only the waiter: others may be at work on the slot.
        let waiter = unsafe { node.cast::<Waiter>().as_ref() };
        // SAFETY: the caller's contract.
        let Role::Task(task) = &waiter.role else { unsafe { unreachable_unchecked() } };
        task
    }

    /// Undoes [`write_waiter`](Node::write_waiter).
    ///
    /// # Safety
    ///
    /// It was made by that, nobody else knows it, and it is no node any more.
    #[cfg(feature = "async")]
    pub(super) unsafe fn take_task(node: NonNull<Node<T>>) -> Task {
        // SAFETY: the caller's contract.
        let waiter = unsafe { node.cast::<Waiter>().read() };
        let Role::Task(task) = waiter.role else { unreachable!("no task's node") };
        task
    }

    /// Whether a task's operation has been done.
    ///
    /// # Safety
    ///
    /// As for [`task`](Node::task).
    #[cfg(feature = "async")]
    #[inline(always)]
    pub(crate) unsafe fn is_done(node: NonNull<Node<T>>) -> bool {
        // SAFETY: the caller's contract.
        unsafe { Node::task(node) }.is_done()
    }

    /// The node of a select's receive.
    pub(crate) fn receiver_of(case: Case) -> Node<T> {
        Node { waiter: Waiter::of_case(case), slot: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// The node as the queues know it.
    pub(crate) fn waiter(&self) -> NonNull<Waiter> {
        // From the whole node, so that the pointer may reach the slot as well.
        NonNull::from(self).cast()
    }

    /// Moves the value out of the slot of the node's own thread.
    ///
    /// # Safety
    ///
    /// There is a value: a receiver's was delivered ([`Outcome::Done`]), a sender's was not taken. It is taken once.
    pub(crate) unsafe fn take(&self) -> T {
        // SAFETY: the caller's contract; by invariants 2 and 3 nobody else touches the slot any more.
        self.slot.with(|slot| unsafe { slot.cast::<T>().read() })
    }

    /// Puts a value into the slot of what is no node yet, and will be none: its operation is done.
    ///
    /// # Safety
    ///
    /// `node` is room for one, which nobody else knows.
    #[inline]
    pub(crate) unsafe fn write_slot(node: NonNull<Node<T>>, value: T) {
        // SAFETY: the caller's contract: it points to room for a node.
        let slot = unsafe { &raw mut (*node.as_ptr()).slot };
        // SAFETY: as above.
        unsafe { slot.write(UnsafeCell::new(MaybeUninit::new(value))) };
    }

    /// As [`take`](Node::take), of what may only have a slot.
    ///
    /// # Safety
    ///
    /// As for [`take`](Node::take).
    #[inline]
    pub(crate) unsafe fn take_slot(node: NonNull<Node<T>>) -> T {
        // SAFETY: the caller's contract: there is a slot.
        let slot = unsafe { &(*node.as_ptr()).slot };
        // SAFETY: the caller's contract; nobody else touches the slot any more.
        slot.with(|slot| unsafe { slot.cast::<T>().read() })
    }

    /// Sleeps until the node of a plain operation is completed: `Some`; or until the deadline has passed: `None`.
    ///
    /// `peer` is where the thread that is likely to complete it last ran. After `None` the operation may be completed
    /// at any time, so the caller either takes the node out of its queue or waits again.
    pub(crate) fn wait(&self, deadline: Option<Instant>, peer: Cpu) -> Option<Outcome> {
        let Role::Alone(sleeper) = &self.waiter.role else { unreachable!("a select waits for its sleeper") };
        sleeper.spin(peer);
        sleeper.wait(deadline).map(|code| Outcome::from_code(code).1)
    }
}

/// A node of a thread in a cache line of its own, with its slot if that is small: one transfer brings all that its peer writes
/// to, and one brings all of it back.
#[repr(align(64))]
pub(crate) struct OwnLine<T>(pub(crate) Node<T>);

/// Room for a node, with a slot from the beginning: a value that is to be sent is in its place before anybody waits.
#[cfg(feature = "async")]
#[repr(C)] // as a node
pub(crate) struct Room<T> {
    _waiter: MaybeUninit<Waiter>,
    _slot: UnsafeCell<MaybeUninit<T>>,
}

#[cfg(feature = "async")]
impl<T> Room<T> {
    #[inline(always)]
    pub(crate) fn new(slot: MaybeUninit<T>) -> Room<T> {
        Room { _waiter: MaybeUninit::uninit(), _slot: UnsafeCell::new(slot) }
    }
}

/// Moves the value out of the slot of a node of another thread.
///
/// # Safety
///
/// `waiter` is a node with a slot, of a channel of `T`; the slot holds a value; the caller has claimed the node and not
/// completed it.
pub(crate) unsafe fn take_from<T>(waiter: NonNull<Waiter>) -> T {
    // SAFETY: the node is alive (invariant 3) and starts with its waiter.
    let node = unsafe { waiter.cast::<Node<T>>().as_ref() };
    // SAFETY: a sender's slot holds its value until its claimer, the caller, moves it.
    node.slot.with(|slot| unsafe { slot.cast::<T>().read() })
}

/// Moves a value into a receiver's slot.
///
/// # Safety
///
/// `waiter` is a node with a slot, of a channel of `T`; the caller has claimed the node and not completed it, or it is
/// the caller's own and was never queued.
pub(crate) unsafe fn put_into<T>(waiter: NonNull<Waiter>, value: T) {
    // SAFETY: the node is alive (invariant 3) and starts with its waiter.
    let node = unsafe { waiter.cast::<Node<T>>().as_ref() };
    // SAFETY: only the claimer, the caller, touches the slot (invariants 2 and 3).
    node.slot.with_mut(|slot| unsafe { slot.cast::<T>().write(value) });
}

/// Completes a node, if it is a task that waits for it: what is left to do is to wake that, if it knows how.
///
/// By a pointer and not by a reference, which must not be to what its task frees meanwhile.
///
/// # Safety
///
/// As for [`complete`].
#[cfg(feature = "async")]
#[inline(always)]
unsafe fn complete_task(waiter: NonNull<Waiter>, outcome: Outcome) -> Option<Option<std::task::Waker>> {
    // SAFETY: the node is alive until its completion (invariant 3).
    match &unsafe { waiter.as_ref() }.role {
        Role::Alone(_) => None,
        // SAFETY: the caller's contract. By invariant 4 the last access.
        Role::Task(task) => Some(unsafe { Task::complete(NonNull::from(task), outcome.code(0)) }),
        Role::Case(case) => {
            let code = outcome.code(case.number);
            // SAFETY: as above.
            case.task.map(|task| unsafe { Task::complete_select(task, code) })
        }
    }
}

/// Completes a claimed node and wakes its thread if it sleeps, or its task. To be called after the channel's lock was
/// released.
///
/// # Safety
///
/// The caller has claimed the node, and this is its only completion. The node is gone afterwards.
pub(crate) unsafe fn complete(waiter: NonNull<Waiter>, outcome: Outcome) {
    #[cfg(feature = "async")]
    // SAFETY: the caller's contract.
    if let Some(waker) = unsafe { complete_task(waiter, outcome) } {
        return waker.map_or((), task::wake);
    }
    // SAFETY: the node is alive until its completion (invariant 3).
    let node = unsafe { waiter.as_ref() };
    let code = outcome.code(node.case().map_or(0, |case| case.number));
    let sleeper = match &node.role {
        Role::Alone(sleeper) => NonNull::from(sleeper),
        #[cfg(feature = "async")]
        Role::Task(_) => unreachable!("it was seen to above"),
        Role::Case(case) => case.sleeper,
    };
    // SAFETY: the caller's contract. By invariant 4 the last access.
    unsafe { Sleeper::complete(sleeper, code) };
}

/// As [`complete`], for an operation that was done by a task, as its peer's was mostly left by one.
///
/// # Safety
///
/// As for [`complete`].
#[cfg(feature = "async")]
#[inline(always)]
pub(crate) unsafe fn complete_by_task(waiter: NonNull<Waiter>) {
    // SAFETY: the node is alive until its completion (invariant 3).
    if let Role::Task(task) = &unsafe { waiter.as_ref() }.role {
        // SAFETY: the caller's contract. By invariant 4 the last access.
        let waker = unsafe { Task::complete(NonNull::from(task), Outcome::Done.code(0)) };
        return waker.map_or((), task::wake);
    }
    // SAFETY: the caller's contract.
    unsafe { complete(waiter, Outcome::Done) };
}

/// For who has claimed several nodes: their threads are woken as they are completed, their tasks all together when this is
/// dropped. A task may run within its wake-up, and drop a future whose node is among the others.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    #[cfg(feature = "async")]
    tasks: Vec<std::task::Waker>,
}

impl Wakes {
    /// As [`complete`], but for a task's wake-up.
    ///
    /// # Safety
    ///
    /// As for [`complete`].
    pub(crate) unsafe fn complete(&mut self, waiter: NonNull<Waiter>, outcome: Outcome) {
        #[cfg(feature = "async")]
        {
            // SAFETY: the caller's contract.
            if let Some(waker) = unsafe { complete_task(waiter, outcome) } {
                let together = step!("chan.wake-together", self.has_place_for(&waker), else false);
                return if together { self.tasks.extend(waker) } else { waker.into_iter().for_each(task::wake) };
            }
        }
        // SAFETY: the caller's contract.
        unsafe { complete(waiter, outcome) };
    }
}

#[cfg(feature = "async")]
impl Wakes {
    /// Whether there is memory to keep it in, if need be.
    fn has_place_for(&mut self, waker: &Option<std::task::Waker>) -> bool {
        self.tasks.try_reserve(usize::from(waker.is_some())).is_ok()
    }
}

#[cfg(feature = "async")]
impl Drop for Wakes {
    #[inline]
    fn drop(&mut self) {
        self.tasks.drain(..).for_each(task::wake);
    }
}

/// Works on a node's links.
///
/// # Safety
///
/// The node is alive, and the lock that guards its links is held, or the caller is its claimer (invariant 1).
#[inline(always)]
pub(super) unsafe fn edit<R>(waiter: NonNull<Waiter>, f: impl FnOnce(&mut Links) -> R) -> R {
    // SAFETY: the caller's contract.
    let waiter = unsafe { waiter.as_ref() };
    // SAFETY: the caller's contract: nobody else reads or writes the links.
    waiter.links.with_mut(|links| f(unsafe { &mut *links }))
}

/// Reads a node's links.
///
/// # Safety
///
/// As for [`edit`].
#[inline(always)]
pub(super) unsafe fn look<R>(waiter: NonNull<Waiter>, f: impl FnOnce(&Links) -> R) -> R {
    // SAFETY: the caller's contract.
    let waiter = unsafe { waiter.as_ref() };
    // SAFETY: the caller's contract: nobody writes the links meanwhile.
    waiter.links.with(|links| f(unsafe { &*links }))
}
