//! Why a [`Select`](super::Select) chose nothing.

use std::error::Error;
use std::fmt;

/// [`try_select`](super::Select::try_select) found no operation ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrySelectError;

/// No operation was ready until the deadline of [`select_timeout`](super::Select::select_timeout) or `select_deadline`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectTimeoutError;

/// [`try_ready`](super::Select::try_ready) found no operation ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryReadyError;

/// No operation was ready until the deadline of [`ready_timeout`](super::Select::ready_timeout) or `ready_deadline`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyTimeoutError;

macro_rules! errors {
    ($($name:ident: $text:literal)*) => {
        $(
            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad($text)
                }
            }

            impl Error for $name {}
        )*
    };
}

errors! {
    TrySelectError: "all operations in select would block"
    SelectTimeoutError: "timed out waiting on select"
    TryReadyError: "all operations in select would block"
    ReadyTimeoutError: "timed out waiting on select"
}
