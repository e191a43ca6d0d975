//! [`OnceValue`]: a [`Once`] and one place for what goes in and what comes out.
//!
//! | word of the `Once` | the slot holds |
//! | --- | --- |
//! | `NEW` | the function |
//! | `RUNNING`, `AWAITED` | what the thread that runs it makes of it: the function, then nothing, then the outcome |
//! | `DONE` | the value |
//! | `FAILED` | what is known of the panic |
//!
//! 1. Every field of [`Slot`] lies at its start, so a pointer to the slot is one to whatever it holds.
//! 2. While the function runs, only the thread that runs it touches the slot. Afterwards nobody changes it until it is
//!    dropped. The word orders all of that: see `once.rs`.
//! 3. What is run under the `Once` does not unwind: the user's function is caught, and nothing else can panic. So the word
//!    that it returns is the word at the end, and it matches the slot.
//!
//! The function is consumed by its call, so what it owns is dropped before the word changes, by a panic too.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind, panic_any, resume_unwind};

use gosync_atomic::__sys::{UnsafeCell, const_fn};

use crate::Once;
use crate::once::{DONE, FAILED, NEW};

/// A value that is computed on first use: Go's `sync.OnceValue`.
///
/// [`get`](OnceValue::get), or a dereference, runs the function if no call has before, waits if another thread is
/// running it, and returns the value. The value is stored in place of the function, without an allocation.
///
/// # Memory ordering
///
/// What the function did happens before the return of every `get` (`oncevalue.value`), and before the panic of every `get`
/// if it panicked (`oncevalue.panic`).
///
/// # Panics
///
/// If the function panics, every call panics. The first caller gets the original payload. Later callers get the same
/// message if it is a `&'static str` or a `String`, with their own location, and otherwise an [`OncePanic`].
///
/// A function that uses its own value panics instead of deadlocking: see [`Once::call_once`].
///
/// # Differences from Go
///
/// Go panics again with the same value, whatever its type. Go returns a function where this is a type.
///
/// # Examples
///
/// ```
/// use gosync_once::OnceValue;
///
/// static GREETING: OnceValue<String> = OnceValue::new(|| ["hello", "world"].join(", "));
/// assert_eq!(*GREETING, "hello, world");
/// assert_eq!(GREETING.len(), 12);
///
/// let name = String::from("captured");
/// let shout = OnceValue::new(move || name.to_uppercase());
/// assert_eq!(shout.get(), "CAPTURED");
/// ```
#[doc(alias = "sync.OnceValue")]
pub struct OnceValue<T, F = fn() -> T> {
    once: Once,
    slot: UnsafeCell<Slot<T, F>>,
}

/// Room for one of them.
#[repr(C)]
union Slot<T, F> {
    function: ManuallyDrop<F>,
    value: ManuallyDrop<T>,
    failure: ManuallyDrop<Box<Failure>>,
}

/// What later callers get. Hidden, and exempt from semver: `gosync::singleflight` has callers of the same kind.
#[doc(hidden)]
#[derive(Debug)]
pub struct Failure(Payload);

#[derive(Debug)]
enum Payload {
    Literal(&'static str),
    Text(String),
    Other,
}

// SAFETY: sharing it moves the function to the thread that runs it, and the value from there to the thread that drops it;
// every thread gets a `&T`, and none a `&F`. A `Failure` may go anywhere.
unsafe impl<T: Send + Sync, F: Send> Sync for OnceValue<T, F> {}

// As for std's `LazyLock`: after a panic the function is gone, and nobody sees a half-made value.
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for OnceValue<T, F> {}
impl<T: UnwindSafe + RefUnwindSafe, F: UnwindSafe> RefUnwindSafe for OnceValue<T, F> {}

impl<T, F: FnOnce() -> T> OnceValue<T, F> {
    const_fn! {
        /// A value that `f` will compute. Go: `sync.OnceValue(f)`.
        #[must_use]
        pub const fn new(f: F) -> OnceValue<T, F> {
            OnceValue::of(f)
        }
    }

    /// The value. Computes it on first use, or blocks while another thread does.
    ///
    /// What the function owned is dropped before the first return. Once the value is computed, a call costs one load
    /// and a comparison.
    ///
    /// # Panics
    ///
    /// If the function panics now or did before, or if it calls this itself: see [`OnceValue`].
    #[inline]
    #[track_caller]
    pub fn get(&self) -> &T {
        self.get_with(|f| f())
    }
}

impl<T, F> OnceValue<T, F> {
    const_fn! {
        /// A value to be made of `f`, if only by [`get_with`](OnceValue::get_with). Hidden, and exempt from semver:
        /// `gosync::Map` is made of something that cannot be called.
        #[doc(hidden)]
        #[must_use]
        pub const fn of(f: F) -> OnceValue<T, F> {
            OnceValue { once: Once::new(), slot: UnsafeCell::new(Slot { function: ManuallyDrop::new(f) }) }
        }
    }

    /// The value; if it is not there yet it is what `call` makes of the function. Hidden, and exempt from semver, as
    /// [`of`](OnceValue::of).
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn get_with(&self, call: impl FnOnce(F) -> T) -> &T {
        if !self.once.is_completed() {
            self.run(call);
        }
        // SAFETY: `DONE`, so by the table and invariant 1 the value is there; by invariant 2 it stays as it is.
        self.slot.with(|slot| unsafe { &*slot.cast::<T>() })
    }

    /// Returns if the value is there.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn run(&self, call: impl FnOnce(F) -> T) {
        let mut payload = None;
        let end = self.once.run(|| {
            // SAFETY: `RUNNING` since just now, so the function is there, and by invariant 2 it is this thread's to take.
            let function = self.slot.with_mut(|slot| unsafe { slot.cast::<F>().read() });
            // Nothing is hidden from the caller: the panic goes on below.
            match catch_unwind(AssertUnwindSafe(|| call(function))) {
                Ok(value) => {
                    // SAFETY: invariants 1 and 2; nothing is there.
                    self.slot.with_mut(|slot| unsafe { slot.cast::<T>().write(value) });
                    DONE
                }
                Err(thrown) => {
                    let failure = Failure::boxed(&*thrown);
                    payload = Some(thrown);
                    // SAFETY: as above.
                    self.slot.with_mut(|slot| unsafe { slot.cast::<Box<Failure>>().write(failure) });
                    FAILED
                }
            }
        });
        if payload.is_some() || end == FAILED {
            self.fail(payload);
        }
    }

    /// Panics: with the payload, if it is this call's own.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn fail(&self, payload: Option<Box<dyn Any + Send>>) -> ! {
        if let Some(payload) = payload {
            resume_unwind(payload);
        }
        // SAFETY: `FAILED`, so the failure is there, as the value is in `get`.
        self.slot.with(|slot| unsafe { &*slot.cast::<Box<Failure>>() }).raise()
    }
}

impl Failure {
    /// Like [`new`](Failure::new), out of the way of those who do not fail.
    #[cold]
    #[inline(never)]
    fn boxed(payload: &(dyn Any + Send)) -> Box<Failure> {
        Box::new(Failure::new(payload))
    }

    /// What is known of a panic.
    #[must_use]
    pub fn new(payload: &(dyn Any + Send)) -> Failure {
        Failure(if let Some(&literal) = payload.downcast_ref::<&'static str>() {
            Payload::Literal(literal)
        } else if let Some(text) = payload.downcast_ref::<String>() {
            Payload::Text(text.clone())
        } else {
            Payload::Other
        })
    }

    /// Panics again, with the caller's location.
    #[track_caller]
    pub fn raise(&self) -> ! {
        match &self.0 {
            Payload::Literal(literal) => panic_any(*literal),
            Payload::Text(text) => panic_any(text.clone()),
            Payload::Other => panic_any(OncePanic),
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for OnceValue<T, F> {
    type Target = T;

    /// Same as [`get`](OnceValue::get).
    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        self.get()
    }
}

impl<T: Default> Default for OnceValue<T> {
    /// Computes `T::default()`.
    fn default() -> OnceValue<T> {
        OnceValue::new(T::default)
    }
}

impl<T, F> Drop for OnceValue<T, F> {
    fn drop(&mut self) {
        let slot = self.slot.with_mut(|slot| slot);
        match self.once.peek() {
            // SAFETY: the table and invariant 1 say that it is there; nobody comes after.
            NEW => unsafe { slot.cast::<F>().drop_in_place() },
            // SAFETY: as above.
            DONE => unsafe { slot.cast::<T>().drop_in_place() },
            // SAFETY: as above.
            FAILED => unsafe { slot.cast::<Box<Failure>>().drop_in_place() },
            // A function that runs borrows this, so it cannot be.
            _ => {}
        }
    }
}

impl<T, F> OnceValue<T, F> {
    /// The value if it is computed. Computes nothing, and never blocks; one load. Not in Go.
    ///
    /// `None` before the first use, while the function runs, and if the function has panicked.
    ///
    /// # Memory ordering
    ///
    /// If it is computed, as the return of a [`get`](OnceValue::get) (`oncevalue.value`); if not, a call orders nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_once::OnceValue;
    ///
    /// static VALUE: OnceValue<String> = OnceValue::new(|| "computed".to_owned());
    /// assert_eq!(VALUE.peek(), None);
    /// assert_eq!(VALUE.get(), "computed");
    /// assert_eq!(VALUE.peek().map(String::as_str), Some("computed"));
    /// ```
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<&T> {
        // SAFETY: as in `get`.
        self.once.is_completed().then(|| self.slot.with(|slot| unsafe { &*slot.cast::<T>() }))
    }

    /// The value if it is computed, through an exclusive borrow. Computes nothing. Not in Go.
    ///
    /// `None` as for [`peek`](OnceValue::peek).
    ///
    /// # Memory ordering
    ///
    /// None needed: the access is exclusive.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_once::OnceValue;
    ///
    /// let mut numbers: OnceValue<Vec<i32>> = OnceValue::new(|| vec![1]);
    /// assert!(numbers.get_mut().is_none());
    /// numbers.get();
    /// numbers.get_mut().unwrap().push(2);
    /// assert_eq!(*numbers, [1, 2]);
    /// ```
    #[must_use]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: `DONE`, so by the table and invariant 1 the value is there; it is borrowed exclusively.
        (self.once.peek() == DONE).then(|| self.slot.with_mut(|slot| unsafe { &mut *slot.cast::<T>() }))
    }

    /// The value if it is computed. Computes nothing. Not in Go.
    ///
    /// `None` as for [`peek`](OnceValue::peek); a function that was never called is dropped.
    ///
    /// # Memory ordering
    ///
    /// None needed: the access is exclusive.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_once::OnceValue;
    ///
    /// let name = OnceValue::new(|| String::from("gopher"));
    /// assert_eq!(name.len(), 6);
    /// assert_eq!(name.into_inner().as_deref(), Some("gopher"));
    ///
    /// let never: OnceValue<u8> = OnceValue::new(|| unreachable!("nobody asks"));
    /// assert_eq!(never.into_inner(), None);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        if self.once.peek() != DONE {
            // With what there is instead.
            return None;
        }
        // The value leaves; the rest needs no drop.
        let this = ManuallyDrop::new(self);
        // SAFETY: `DONE`, so it is there; nobody comes after, nor does the drop.
        Some(this.slot.with(|slot| unsafe { slot.cast::<T>().read() }))
    }
}

impl<T: fmt::Debug, F> fmt::Debug for OnceValue<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peek() {
            Some(value) => f.debug_tuple("OnceValue").field(value).finish(),
            None => f.debug_tuple("OnceValue").finish_non_exhaustive(),
        }
    }
}

/// The panic payload that later callers of an [`OnceValue`], [`OnceValues`](crate::OnceValues) or
/// [`OnceFunc`](crate::OnceFunc) get if its function panicked with a payload that is not a string.
///
/// # Examples
///
/// ```
/// use std::panic::{catch_unwind, panic_any};
///
/// use gosync_once::{OnceFunc, OncePanic};
///
/// let fails = OnceFunc::new(|| panic_any(5));
/// assert_eq!(catch_unwind(|| fails.call()).unwrap_err().downcast_ref(), Some(&5));
/// assert_eq!(catch_unwind(|| fails.call()).unwrap_err().downcast_ref(), Some(&OncePanic));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OncePanic;

impl fmt::Display for OncePanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("a function that is run once has panicked, in an earlier call")
    }
}

impl Error for OncePanic {}
