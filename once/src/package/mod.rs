//! Package initialisation: [`package!`](crate::package!) and what it makes, a [`Package`] and its [`Variable`]s.
//!
//! Each variable is an [`OnceValue`] that knows what its initialiser names (`order.rs`), and notices when
//! it is asked for by what it needs itself (`cycle.rs`). The package is one more such value, of nothing, whose function
//! initialises the imports, then the variables, then runs the `init` functions. So all edges are those of `OnceValue`.

mod cycle;
mod macros;
mod order;

use std::fmt;
use std::ops::Deref;
use std::panic::RefUnwindSafe;

use gosync_atomic::__sys::{const_fn, step};

use crate::OnceValue;
use cycle::{Node, Running};

/// A package declared by [`package!`](crate::package!), which the program initialises before it begins.
///
/// # Examples
///
/// ```
/// gosync_once::package! {
///     package LOG;
///     static LEVEL: u32 = 2;
///     fn init() { println!("the level is {}", *LEVEL) }
/// }
///
/// gosync_once::package! {
///     package APP;
///     import LOG;
///     static WORKERS: u32 = *LEVEL + 1;
/// }
///
/// fn main() {
///     APP.init();
///     assert!(LOG.is_initialized());
///     assert_eq!(*WORKERS, 3);
/// }
/// ```
pub struct Package {
    node: Node,
    imports: &'static [&'static Package],
    variables: &'static [&'static dyn Member],
    /// The texts of its other items.
    items: &'static [&'static str],
    inits: &'static [&'static (dyn Fn() + Sync)],
    done: OnceValue<(), ()>,
}

// `OnceValue` tells each caller that something has panicked, and nobody sees anything half made.
impl RefUnwindSafe for Package {}

impl Package {
    const_fn! {
        /// For the macro.
        ///
        /// # Safety
        ///
        /// It stays where it is for ever.
        #[doc(hidden)]
        #[must_use]
        pub const unsafe fn __new(
            name: &'static str,
            imports: &'static [&'static Package],
            variables: &'static [&'static dyn Member],
            items: &'static [&'static str],
            inits: &'static [&'static (dyn Fn() + Sync)],
        ) -> Package {
            // SAFETY: the caller's contract.
            let node = unsafe { Node::new(name, name) };
            Package { node, imports, variables, items, inits, done: OnceValue::of(()) }
        }
    }

    /// Initialises the package, unless that has been done: first the packages that it imports, in the order in which
    /// they are listed; then its variables, in Go's order; then its `init` functions run, in the order in which they
    /// are written. Blocks while another thread does it. Call it at the start of `main`.
    ///
    /// After that, a call costs one load and a comparison.
    ///
    /// # Panics
    ///
    /// If an initialiser or an `init` function panics, now or before: like an [`OnceValue`]. What comes after it is
    /// not run.
    ///
    /// With `initialization cycle: a -> b -> a` if something depends on itself, also through other packages or
    /// threads.
    ///
    /// # Memory ordering
    ///
    /// All that initialisers and `init` functions did, of this package and of its imports, happens before the return
    /// (`init.all-before-main`). What the imports' did happens before the initialisers and `init` functions of this package
    /// (`init.import-before-importer-init`). Threads that they have started and not joined are not included.
    #[inline]
    #[track_caller]
    pub fn init(&self) {
        if self.done.peek().is_none() {
            self.initialize();
        }
    }

    /// Whether the package is initialised, all of it. Never blocks; one load.
    ///
    /// # Memory ordering
    ///
    /// If it is, as the return of [`init`](Package::init).
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.done.peek().is_some()
    }

    /// Its name, for messages.
    ///
    /// # Examples
    ///
    /// ```
    /// gosync_once::package! {
    ///     package APP;
    ///     static A: u32 = 1;
    /// }
    /// assert_eq!(APP.name(), "APP");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.node.name()
    }

    #[cold]
    #[track_caller]
    fn initialize(&self) {
        self.node.is_wanted().unwrap_or_else(|cycle| cycle.raise());
        self.done.get_with(|()| {
            let _running = Running::new(&self.node);
            step!("package.imports", self.initialize_imports());
            for i in self.order(None) {
                let variable = self.variables[i];
                variable.node().is_wanted().unwrap_or_else(|cycle| cycle.raise());
                variable.force();
            }
            self.inits.iter().for_each(|init| init());
        });
    }

    #[track_caller]
    fn initialize_imports(&self) {
        self.imports.iter().for_each(|import| import.init());
    }

    /// Before a variable is asked for out of turn: what Go would have initialised before it.
    #[track_caller]
    fn prepare(&self, node: &Node) {
        step!("package.imports-of-variable", self.initialize_imports());
        let of = self.variables.iter().position(|variable| std::ptr::eq(variable.node(), node));
        for i in self.order(of).into_iter().filter(|i| Some(*i) != of) {
            // It is named, which does not mean that it is needed: if it is, the initialiser finds the circle.
            if self.variables[i].node().is_wanted().is_ok() {
                self.variables[i].force();
            }
        }
    }

    fn order(&self, of: Option<usize>) -> Vec<usize> {
        let texts: Vec<_> = self.variables.iter().map(|variable| (variable.node().name(), variable.text())).collect();
        order::order(&texts, self.items, of)
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Package")
            .field("name", &self.name())
            .field("initialized", &self.is_initialized())
            .finish_non_exhaustive()
    }
}

/// A variable of a [`package!`](crate::package!), initialised before its first use.
///
/// [`get`](Variable::get), or a dereference, returns it. If its package has not been initialised yet, this first
/// initialises what the package imports, what the variable depends on, and the variable. After that it costs one load
/// and a comparison, like an [`OnceValue`].
///
/// # Panics
///
/// If its initialiser panics, or that of something that it depends on: like an [`OnceValue`].
///
/// With `initialization cycle: a -> b -> a` if it depends on itself, also through other variables or threads that
/// initialise them.
///
/// # Memory ordering
///
/// Same as for [`OnceValue`]: what the initialiser did happens before the return of every `get`
/// (`oncevalue.value`).
///
/// # Examples
///
/// ```
/// gosync_once::package! {
///     package APP;
///     static A: Vec<u32> = vec![*B];
///     static B: u32 = 7;
/// }
/// assert_eq!((A.len(), A.get()[0]), (1, 7));
/// assert!(!APP.is_initialized(), "A and B are; the rest of it comes by `init`");
/// ```
pub struct Variable<T: 'static, F = fn() -> T> {
    node: Node,
    // A function, so that a model can make one after the other.
    package: fn() -> &'static Package,
    /// Of its initialiser.
    text: &'static str,
    value: OnceValue<T, F>,
}

// As for `OnceValue`.
impl<T: RefUnwindSafe, F> RefUnwindSafe for Variable<T, F> {}

impl<T> Variable<T> {
    /// For the macro: an initialiser, as a function that returns what the variable is.
    #[doc(hidden)]
    #[must_use]
    pub const fn __init(init: fn() -> T) -> fn() -> T {
        init
    }
}

impl<T, F: FnOnce() -> T> Variable<T, F> {
    const_fn! {
        /// For the macro.
        ///
        /// # Safety
        ///
        /// It stays where it is for ever.
        #[doc(hidden)]
        #[must_use]
        pub const unsafe fn __new(
            package: fn() -> &'static Package,
            package_name: &'static str,
            name: &'static str,
            text: &'static str,
            f: F,
        ) -> Variable<T, F> {
            // SAFETY: the caller's contract.
            let node = unsafe { Node::new(package_name, name) };
            Variable { node, package, text, value: OnceValue::of(f) }
        }
    }

    /// The value. Initialises it on first use, or blocks while another thread does. See [`Variable`].
    #[inline]
    #[track_caller]
    pub fn get(&self) -> &T {
        match self.value.peek() {
            Some(value) => value,
            None => self.initialize(),
        }
    }

    #[cold]
    #[track_caller]
    fn initialize(&self) -> &T {
        (self.package)().prepare(&self.node);
        self.node.is_wanted().unwrap_or_else(|cycle| cycle.raise());
        self.initialize_alone()
    }

    /// The order has been seen to, and so have circles.
    #[track_caller]
    fn initialize_alone(&self) -> &T {
        self.value.get_with(|f| {
            let _running = Running::new(&self.node);
            f()
        })
    }
}

impl<T, F> Variable<T, F> {
    /// Like [`OnceValue::peek`]: the value if it is initialised; initialises nothing, and never blocks.
    ///
    /// # Memory ordering
    ///
    /// If it is there, as the return of a [`get`](Variable::get) (`oncevalue.value`); if not, a call orders nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// gosync_once::package! {
    ///     package APP;
    ///     static A: u32 = 1;
    /// }
    /// assert_eq!(A.peek(), None);
    /// APP.init();
    /// assert_eq!(A.peek(), Some(&1));
    /// ```
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<&T> {
        self.value.peek()
    }
}

impl<T, F: FnOnce() -> T> Deref for Variable<T, F> {
    type Target = T;

    /// Same as [`get`](Variable::get).
    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        self.get()
    }
}

impl<T: fmt::Debug, F> fmt::Debug for Variable<T, F> {
    /// Shows the value if it is there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.peek() {
            Some(value) => f.debug_tuple("Variable").field(value).finish(),
            None => f.debug_tuple("Variable").finish_non_exhaustive(),
        }
    }
}

/// A variable of whatever type, as its package sees it.
#[doc(hidden)]
#[allow(private_interfaces, reason = "of no use to others")]
pub trait Member: Sync + sealed::Sealed {
    fn node(&self) -> &Node;
    fn text(&self) -> &'static str;
    #[track_caller]
    fn force(&self);
}

mod sealed {
    pub trait Sealed {}
}

impl<T: Send + Sync, F: FnOnce() -> T + Send> sealed::Sealed for Variable<T, F> {}

#[allow(private_interfaces, reason = "as above")]
impl<T: Send + Sync, F: FnOnce() -> T + Send> Member for Variable<T, F> {
    fn node(&self) -> &Node {
        &self.node
    }

    fn text(&self) -> &'static str {
        self.text
    }

    #[track_caller]
    fn force(&self) {
        self.initialize_alone();
    }
}
