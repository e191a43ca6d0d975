//! The error types: fields, questions, conversions, traits, formats.

use std::collections::HashSet;
use std::error::Error;
use std::fmt::{Debug, Display};

use static_assertions::assert_impl_all;

use super::channel::{
    ReadyTimeoutError, RecvError, RecvTimeoutError, SelectTimeoutError, SendError, SendTimeoutError, TryReadyError,
    TryRecvError, TrySelectError, TrySendError,
};

/// A message that can do nothing.
struct Plain;

assert_impl_all!(SendError<u8>: Error, Display, Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
assert_impl_all!(TrySendError<u8>: Error, Display, Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
assert_impl_all!(SendTimeoutError<u8>: Error, Display, Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
assert_impl_all!(RecvError: Error, Display, Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
assert_impl_all!(TryRecvError: Error, Display, Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
assert_impl_all!(RecvTimeoutError: Error, Display, Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
assert_impl_all!(TrySelectError: Error, Display, Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
assert_impl_all!(SelectTimeoutError: Error, Display, Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
// These two are no more than markers.
assert_impl_all!(TryReadyError: Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
assert_impl_all!(ReadyTimeoutError: Debug, Copy, Clone, Eq, PartialEq, Send, Sync);
// Errors about a message that has no format are errors all the same.
assert_impl_all!(SendError<Plain>: Error, Display, Debug);
assert_impl_all!(TrySendError<Plain>: Error, Display, Debug);
assert_impl_all!(SendTimeoutError<Plain>: Error, Display, Debug);

#[test]
fn the_message_comes_back() {
    let text = || String::from("text");
    assert_eq!(SendError(text()).0, "text");
    let SendError(inner) = SendError(text());
    assert_eq!(inner, "text");
    assert_eq!(SendError(text()).into_inner(), "text");
    assert_eq!(TrySendError::Full(text()).into_inner(), "text");
    assert_eq!(TrySendError::Disconnected(text()).into_inner(), "text");
    assert_eq!(SendTimeoutError::Timeout(text()).into_inner(), "text");
    assert_eq!(SendTimeoutError::Disconnected(text()).into_inner(), "text");
    let mut error = SendError(text());
    error.0.push('!');
    assert_eq!(error, SendError("text!".to_string()));
}

#[test]
fn questions() {
    let (full, gone) = (TrySendError::Full(1), TrySendError::Disconnected(1));
    assert_eq!((full.is_full(), full.is_disconnected()), (true, false));
    assert_eq!((gone.is_full(), gone.is_disconnected()), (false, true));
    let (late, gone) = (SendTimeoutError::Timeout(1), SendTimeoutError::Disconnected(1));
    assert_eq!((late.is_timeout(), late.is_disconnected()), (true, false));
    assert_eq!((gone.is_timeout(), gone.is_disconnected()), (false, true));
    let (empty, gone) = (TryRecvError::Empty, TryRecvError::Disconnected);
    assert_eq!((empty.is_empty(), empty.is_disconnected()), (true, false));
    assert_eq!((gone.is_empty(), gone.is_disconnected()), (false, true));
    let (late, gone) = (RecvTimeoutError::Timeout, RecvTimeoutError::Disconnected);
    assert_eq!((late.is_timeout(), late.is_disconnected()), (true, false));
    assert_eq!((gone.is_timeout(), gone.is_disconnected()), (false, true));
}

#[test]
fn conversions() {
    assert_eq!(TrySendError::from(SendError(1)), TrySendError::Disconnected(1));
    assert_eq!(SendTimeoutError::from(SendError(1)), SendTimeoutError::Disconnected(1));
    assert_eq!(TryRecvError::from(RecvError), TryRecvError::Disconnected);
    assert_eq!(RecvTimeoutError::from(RecvError), RecvTimeoutError::Disconnected);
    // By the question mark.
    fn sends(result: Result<(), SendError<i32>>) -> Result<(), TrySendError<i32>> {
        Ok(result?)
    }
    fn receives(result: Result<(), RecvError>) -> Result<(), RecvTimeoutError> {
        Ok(result?)
    }
    fn any(result: Result<(), SelectTimeoutError>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(result?)
    }
    assert_eq!(sends(Err(SendError(2))), Err(TrySendError::Disconnected(2)));
    assert_eq!(receives(Err(RecvError)), Err(RecvTimeoutError::Disconnected));
    assert!(any(Err(SelectTimeoutError)).unwrap_err().is::<SelectTimeoutError>());
}

#[test]
fn equality() {
    assert_ne!(SendError(1), SendError(2));
    assert_ne!(TrySendError::Full(1), TrySendError::Disconnected(1));
    assert_ne!(TrySendError::Full(1), TrySendError::Full(2));
    assert_ne!(SendTimeoutError::Timeout(1), SendTimeoutError::Disconnected(1));
    assert_ne!(TryRecvError::Empty, TryRecvError::Disconnected);
    assert_ne!(RecvTimeoutError::Timeout, RecvTimeoutError::Disconnected);
    assert_eq!((TrySelectError, SelectTimeoutError), (TrySelectError, SelectTimeoutError));
    assert_eq!((TryReadyError, ReadyTimeoutError), (TryReadyError, ReadyTimeoutError));
}

/// `Debug` does not show the message, nor need it.
#[test]
#[allow(clippy::unnecessary_literal_unwrap)]
fn debug() {
    // Some of the twin's have quotes around them.
    assert!(format!("{:?}", SendError(Plain)).contains("SendError(..)"));
    assert!(format!("{:?}", TrySendError::Full(Plain)).contains("Full(..)"));
    assert!(format!("{:?}", TrySendError::Disconnected(Plain)).contains("Disconnected(..)"));
    assert!(format!("{:?}", SendTimeoutError::Timeout(Plain)).contains("(..)"));
    assert_eq!(format!("{RecvError:?}"), "RecvError");
    assert_eq!(format!("{:?} {:?}", TryRecvError::Empty, TryRecvError::Disconnected), "Empty Disconnected");
    assert_eq!(format!("{:?}", RecvTimeoutError::Timeout), "Timeout");
    assert_eq!(format!("{TrySelectError:?} {SelectTimeoutError:?}"), "TrySelectError SelectTimeoutError");
    assert_eq!(format!("{TryReadyError:?} {ReadyTimeoutError:?}"), "TryReadyError ReadyTimeoutError");
    let result: Result<(), SendError<Plain>> = Err(SendError(Plain));
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| result.unwrap())).unwrap_err();
    assert!(payload.downcast_ref::<String>().unwrap().contains("SendError(..)"));
}

/// Each reason has a text of its own; the words are each crate's affair.
#[test]
fn display() {
    let texts = [
        SendError(Plain).to_string(),
        TrySendError::Full(Plain).to_string(),
        SendTimeoutError::Timeout(Plain).to_string(),
        RecvError.to_string(),
        TryRecvError::Empty.to_string(),
        RecvTimeoutError::Timeout.to_string(),
        TrySelectError.to_string(),
        SelectTimeoutError.to_string(),
    ];
    assert!(texts.iter().all(|text| !text.is_empty()));
    assert_eq!(texts.iter().collect::<HashSet<_>>().len(), texts.len());
    assert_eq!(TrySendError::Disconnected(Plain).to_string(), texts[0]);
    assert_eq!(SendTimeoutError::Disconnected(Plain).to_string(), texts[0]);
    assert_eq!(TryRecvError::Disconnected.to_string(), texts[3]);
    for width in [0, 100] {
        assert_eq!(format!("{SendError:>width$}", SendError = SendError(Plain)).len(), width.max(texts[0].len()));
        assert_eq!(format!("{RecvError:>width$}").len(), width.max(texts[3].len()));
        assert_eq!(format!("{SelectTimeoutError:>width$}").len(), width.max(texts[7].len()));
    }
    let boxed: Box<dyn Error> = Box::new(TrySendError::Full(1));
    assert_eq!(boxed.to_string(), texts[1]);
    assert!(boxed.source().is_none());
}
