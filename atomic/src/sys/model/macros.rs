//! The macros whose other form is in `native/macros.rs`.

/// `const fn` natively, plain `fn` in a model, whose constructors are not const.
#[macro_export]
#[doc(hidden)]
macro_rules! __const_fn {
    ($(#[$attr:meta])* $vis:vis const fn $($rest:tt)*) => { $(#[$attr])* $vis fn $($rest)* };
    ($(#[$attr:meta])* $vis:vis const unsafe fn $($rest:tt)*) => { $(#[$attr])* $vis unsafe fn $($rest)* };
}

/// An array of values that are made one by one.
#[macro_export]
#[doc(hidden)]
macro_rules! __array {
    ($value:expr; $n:expr) => {
        ::core::array::from_fn::<_, $n, _>(|_| $value)
    };
}

/// A function that returns the one value of an execution, as a [`ProcessWide`].
#[macro_export]
#[doc(hidden)]
macro_rules! __process_wide {
    ($(#[$attr:meta])* fn $name:ident() -> $type:ty = $init:expr) => {
        $(#[$attr])*
        fn $name() -> $crate::__sys::ProcessWide<$type> {
            $crate::__sys::lazy_static! {
                static ref VALUE: $crate::__sys::ProcessWide<$type> = $crate::__sys::ProcessWide::new($init);
            }
            VALUE.clone()
        }
    };
}

/// What cannot be had in a model.
#[macro_export]
#[doc(hidden)]
macro_rules! __native_only {
    ($($item:item)*) => {};
}

/// A thread-local for a constant that needs no drop: one for each thread of the model.
#[macro_export]
#[doc(hidden)]
macro_rules! __thread_local {
    (static $name:ident: $type:ty = $init:expr) => {
        $crate::__sys::model_thread_local! { static $name: $type = $init }
    };
}

/// Nothing, without the feature.
#[macro_export]
#[doc(hidden)]
macro_rules! __waits {
    ($what:literal) => {};
}
