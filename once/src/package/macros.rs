//! The grammar of [`package!`](crate::package!).

/// Go's package initialisation: variables that depend on each other, and `init` functions that run before the program
/// begins.
///
/// ```text
/// package! {
///     pub package APP;              // becomes a static, a `Package`; the name is for messages too
///     import LOG, db::DB;           // packages that are initialised before this one; may be left out
///
///     pub static A: i32 = *B + 1;   // becomes a `Variable<i32>`, with these attributes and this visibility
///     fn init() { .. }              // any number; no arguments and no result, and nobody can call it
///     fn f() -> i32 { .. }          // any other item, as it is
/// }
/// ```
///
/// [`APP.init()`](crate::package::Package::init), at the start of `main`, initialises the imported packages, then the
/// variables, and then runs the `init` functions in the order in which they are written; each once, however often it
/// is called. A variable that is used before that is initialised at its first use, after the imports and whatever it
/// depends on.
///
/// # Order
///
/// As in Go, the next variable is always the first in declaration order that depends on no uninitialised variable. A
/// variable depends on those that its initialiser names, or that are named in the functions of the package that it
/// names, and so on. Functions outside of the `package!` are not analysed: what they use is initialised at its first
/// use.
///
/// # Differences from Go
///
/// Nothing runs before `main`: the program calls `init`, and threads may use a variable earlier.
///
/// A cycle is detected at run time, not when it is compiled: the access that would close it panics with
/// `initialization cycle: A -> B -> A`, and so does every use of its members, also if the cycle leads through threads
/// that initialise different variables. It is not detected if an initialiser waits for a thread in another way, such
/// as joining it, while that thread uses the variable.
///
/// A panic does not end the process: see [`Variable`](crate::package::Variable).
///
/// A package of more than about a hundred items needs `#![recursion_limit = "256"]`. A single variable cannot have a
/// `#[cfg]`.
///
/// # Examples
///
/// The example of Go's specification. `D` is initialised first, because `F` needs it, and then `B` before `C`:
///
/// ```
/// use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
///
/// gosync_once::package! {
///     package SPEC;
///
///     static A: i32 = *C + *B;
///     static B: i32 = f();
///     static C: i32 = f();
///     static D: AtomicI32 = AtomicI32::new(3);
///
///     fn f() -> i32 {
///         D.fetch_add(1, SeqCst) + 1
///     }
///
///     fn init() {
///         println!("a is {}", *A);
///     }
/// }
///
/// fn main() {
///     SPEC.init();
///     assert_eq!((*A, *B, *C, D.load(SeqCst)), (9, 4, 5, 5));
/// }
/// ```
///
/// What is not in the grammar does not compile:
///
/// ```compile_fail
/// gosync_once::package! { static A: i32 = 1; }
/// ```
///
/// ```compile_fail
/// gosync_once::package! { package P; static A = 1; }
/// ```
///
/// ```compile_fail
/// gosync_once::package! { package P; static mut A: i32 = 1; }
/// ```
///
/// ```compile_fail
/// gosync_once::package! { package P; fn init(x: i32) {} }
/// ```
///
/// ```compile_fail
/// gosync_once::package! { package P; pub fn init() {} }
/// ```
///
/// ```compile_fail
/// gosync_once::package! { package P; 1 + 1 }
/// ```
///
/// ```compile_fail
/// // Threads share it.
/// gosync_once::package! { package P; static A: std::cell::Cell<i32> = std::cell::Cell::new(1); }
/// ```
#[macro_export]
macro_rules! package {
    ($(#[$attr:meta])* $vis:vis package $name:ident; import $($import:path),+ $(,)?; $($rest:tt)*) => {
        $crate::__package! { {[$(#[$attr])*] [$vis] $name [$(&$import),+]} [] [] [] $($rest)* }
    };
    ($(#[$attr:meta])* $vis:vis package $name:ident; $($rest:tt)*) => {
        $crate::__package! { {[$(#[$attr])*] [$vis] $name []} [] [] [] $($rest)* }
    };
    ($($other:tt)*) => {
        ::core::compile_error! { "a `package!` begins with `package NAME;`, and perhaps `import OTHER, ANOTHER;`" }
    };
}

/// One step for each item: the head, the names of the variables, the texts of other items, the `init` functions, the rest.
#[macro_export]
#[doc(hidden)]
macro_rules! __package {
    ({[$(#[$attr:meta])*] [$vis:vis] $name:ident [$($import:expr),*]} [$($var:ident)*] [$($item:item)*] [$($init:block)*]) => {
        $(#[$attr])*
        $vis static $name: $crate::package::Package = {
            // Outside of the block below: what is in it need not say `unsafe`.
            let imports: &'static [&'static $crate::package::Package] = &[$($import),*];
            let inits: &'static [&'static (dyn ::core::ops::Fn() + ::core::marker::Sync)] = &[$(&|| $init),*];
            // SAFETY: a static stays where it is.
            unsafe {
                $crate::package::Package::__new(
                    ::core::stringify!($name),
                    imports,
                    &[$(&$var),*],
                    &[$(::core::stringify!($item)),*],
                    inits,
                )
            }
        };
    };
    ($head:tt [$($var:ident)*] $items:tt $inits:tt $(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr; $($rest:tt)*) => {
        $crate::__package! { @variable $head [$(#[$attr])*] [$vis] $name [$type] [$init] }
        $crate::__package! { $head [$($var)* $name] $items $inits $($rest)* }
    };
    (@variable {$head_attrs:tt $head_vis:tt $package:ident $imports:tt} [$(#[$attr:meta])*] [$vis:vis] $name:ident [$type:ty] [$init:expr]) => {
        $(#[$attr])*
        $vis static $name: $crate::package::Variable<$type> = {
            // Outside of the block below: what is in it need not say `unsafe`.
            let init = $crate::package::Variable::<$type>::__init(|| $init);
            // SAFETY: a static stays where it is.
            unsafe {
                $crate::package::Variable::__new(
                    || &$package,
                    ::core::stringify!($package),
                    ::core::stringify!($name),
                    ::core::stringify!($init),
                    init,
                )
            }
        };
    };
    ($head:tt $vars:tt $items:tt $inits:tt $(#[$attr:meta])* $vis:vis static $($rest:tt)*) => {
        ::core::compile_error! { "a variable of a `package!` is `static NAME: Type = value;`, never `mut`" }
    };
    ($head:tt $vars:tt $items:tt [$($init:block)*] $(#[doc = $doc:expr])* fn init() $body:block $($rest:tt)*) => {
        $crate::__package! { $head $vars $items [$($init)* $body] $($rest)* }
    };
    ($head:tt $vars:tt $items:tt $inits:tt $(#[$attr:meta])* $vis:vis fn init $($rest:tt)*) => {
        ::core::compile_error! {
            "`fn init() { .. }` has no visibility, attributes, arguments and result: nobody can call it"
        }
    };
    ($head:tt $vars:tt [$($item:item)*] $inits:tt $next:item $($rest:tt)*) => {
        $next
        $crate::__package! { $head $vars [$($item)* $next] $inits $($rest)* }
    };
}
