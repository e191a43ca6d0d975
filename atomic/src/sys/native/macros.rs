//! The macros whose other form is in `model/macros.rs`.

/// `const fn` natively, plain `fn` in a model, whose constructors are not const.
#[macro_export]
#[doc(hidden)]
macro_rules! __const_fn {
    ($(#[$attr:meta])* $vis:vis const fn $($rest:tt)*) => { $(#[$attr])* $vis const fn $($rest)* };
    ($(#[$attr:meta])* $vis:vis const unsafe fn $($rest:tt)*) => { $(#[$attr])* $vis const unsafe fn $($rest)* };
}

/// An array of values that are made one by one; constant natively.
#[macro_export]
#[doc(hidden)]
macro_rules! __array {
    ($value:expr; $n:expr) => {
        [const { $value }; $n]
    };
}

/// A function that returns the one value of the process, as a [`ProcessWide`].
#[macro_export]
#[doc(hidden)]
macro_rules! __process_wide {
    ($(#[$attr:meta])* fn $name:ident() -> $type:ty = $init:expr) => {
        $(#[$attr])*
        fn $name() -> $crate::__sys::ProcessWide<$type> {
            static VALUE: $type = $init;
            &VALUE
        }
    };
}

/// What cannot be had in a model.
#[macro_export]
#[doc(hidden)]
macro_rules! __native_only {
    ($($item:item)*) => { $($item)* };
}

/// A thread-local for a constant that needs no drop, so that it can be used at any time in the life of a thread.
#[macro_export]
#[doc(hidden)]
macro_rules! __thread_local {
    (static $name:ident: $type:ty = $init:expr) => {
        const _: () = ::core::assert!(!::core::mem::needs_drop::<$type>());
        ::std::thread_local! { static $name: $type = const { $init } }
    };
}

/// Notes for the rest of the block what the thread does, and where it was told to: for the deadlock report. The function is
/// `#[cfg_attr(feature = "deadlock", track_caller)]`.
#[cfg(feature = "deadlock")]
#[macro_export]
#[doc(hidden)]
macro_rules! __waits {
    ($what:literal) => {
        let _waits = $crate::__sys::waits::Waits::enter($what, ::core::panic::Location::caller());
    };
}

/// Nothing, without the feature.
#[cfg(not(feature = "deadlock"))]
#[macro_export]
#[doc(hidden)]
macro_rules! __waits {
    ($what:literal) => {};
}
