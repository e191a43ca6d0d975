//! Who waits for whom: a circle of initialisations is an error and not a deadlock, on one thread or on several.
//!
//! A [`Node`] stands for what is initialised once, by one thread: a variable, or a whole package. While its initialiser runs,
//! it is the *innermost* one of its thread if nothing that it has asked for runs inside of it. What the innermost node asks
//! for it *wants*: that is run inside of it, or is waited for because another thread runs it. So from any node that runs,
//! the links lead to what keeps it from its end.
//!
//! # Why no circle is missed
//!
//! A link is set under the one lock, by the thread that runs the node from which it leads, before that thread runs or awaits
//! anything. Of the links of a circle one is set last, and its thread follows them all round: it panics instead. So the
//! links never form a circle, and every way along them ends.
//!
//! A link is left behind when its node goes on. It then leads to what is over, and from there only to more of that; no way
//! from there comes back to anything that runs.
//!
//! A thread that is inside of no initialiser waits for others, and nobody waits for it. What is not seen are waits of other
//! kinds: an initialiser that joins a thread which asks for what that initialiser is to make.
//!
//! # Invariants
//!
//! 1. A link is read and written only under the lock.
//! 2. A node stays where it is for ever: that is the contract of its constructor. So links never dangle.

use std::cell::Cell;
use std::fmt::Write as _;
use std::ptr;

use gosync_atomic::__sys::{Lock, UnsafeCell, const_fn, process_wide, step, thread_local};

/// What is initialised once.
pub(super) struct Node {
    /// The package itself has the name of the package.
    name: &'static str,
    package: &'static str,
    wants: UnsafeCell<Option<&'static Node>>,
}

// SAFETY: invariant 1, and all else is constant.
unsafe impl Sync for Node {}

process_wide! {
    /// Guards all links.
    fn links() -> Lock = Lock::new()
}

thread_local! {
    static INNERMOST: Cell<Option<&'static Node>> = Cell::new(None)
}

impl Node {
    const_fn! {
        /// # Safety
        ///
        /// It stays where it is for ever.
        pub(super) const unsafe fn new(package: &'static str, name: &'static str) -> Node {
            Node { name, package, wants: UnsafeCell::new(None) }
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// To be called before this node is run or awaited by the calling thread. An error if the end of this node waits for what
    /// the thread is in.
    pub(super) fn is_wanted(&self) -> Result<(), Cycle> {
        let this = self.forever();
        let Some(outer) = INNERMOST.with(Cell::get) else { return Ok(()) };
        let links = links();
        let _guard = links.lock();
        // SAFETY: the lock is held (invariant 1).
        let way = || std::iter::successors(Some(this), |node| node.wants.with(|wants| unsafe { *wants }));
        if way().all(|node| step!("package.cycle", !ptr::eq(node, outer), else true)) {
            // SAFETY: as above.
            outer.wants.with_mut(|wants| step!("package.want", unsafe { *wants = Some(this) }));
            return Ok(());
        }
        // Allocates, with the lock, but there is an error to be told. Else not: an allocator may have a package of its own.
        let before = way().take_while(|node| !ptr::eq(*node, outer));
        Err(Cycle(before.chain([outer]).collect()))
    }

    fn forever(&self) -> &'static Node {
        // SAFETY: invariant 2.
        unsafe { &*ptr::from_ref(self) }
    }
}

/// A way from a node to one that wants it.
pub(super) struct Cycle(Vec<&'static Node>);

impl Cycle {
    /// Go's compiler says it with the names of the variables. They are qualified if they are from several packages.
    #[cold]
    #[track_caller]
    pub(super) fn raise(self) -> ! {
        let Cycle(nodes) = self;
        let same = nodes.iter().all(|node| node.package == nodes[0].package);
        let mut text = String::from("initialization cycle: ");
        for node in nodes.iter().chain(&nodes[..1]) {
            if !text.ends_with(": ") {
                text.push_str(" -> ");
            }
            if !same && node.name != node.package {
                text.push_str(node.package);
                text.push('.');
            }
            // Writing to a string does not fail.
            let _ = text.write_str(node.name);
        }
        panic!("{text}");
    }
}

/// The initialiser of a node runs on this thread as long as this lives.
pub(super) struct Running {
    outer: Option<&'static Node>,
}

impl Running {
    pub(super) fn new(node: &Node) -> Running {
        Running { outer: INNERMOST.with(|innermost| innermost.replace(Some(node.forever()))) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        INNERMOST.with(|innermost| innermost.set(self.outer));
    }
}
