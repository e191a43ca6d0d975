//! [`OnceFunc`] and [`OnceValues`]: an [`OnceValue`] of nothing, and one of two values.

use std::fmt;

use gosync_atomic::__sys::const_fn;

use crate::OnceValue;

/// A function that runs once, however often it is called: Go's `sync.OnceFunc`.
///
/// Unlike a [`Once`](crate::Once), it holds its function, and if that panics, every call panics.
///
/// # Memory ordering
///
/// What the function did happens before the return of every `call` (`oncefunc.return`), and before its panic
/// (`oncevalue.panic`).
///
/// # Panics
///
/// Like [`OnceValue`].
///
/// # Examples
///
/// ```
/// use gosync_once::OnceFunc;
///
/// static SETUP: OnceFunc = OnceFunc::new(|| println!("only once"));
/// SETUP.call();
/// SETUP.call();
/// ```
#[doc(alias = "sync.OnceFunc")]
pub struct OnceFunc<F = fn()>(OnceValue<(), F>);

impl<F: FnOnce()> OnceFunc<F> {
    const_fn! {
        /// A function that will run `f`. Go: `sync.OnceFunc(f)`.
        #[must_use]
        pub const fn new(f: F) -> OnceFunc<F> {
            OnceFunc(OnceValue::new(f))
        }
    }

    /// Runs the function, or blocks while another thread does, unless it has run already.
    ///
    /// What the function owned is dropped before the first return. Once it has run, a call costs one load and a
    /// comparison.
    ///
    /// # Panics
    ///
    /// If the function panics now or did before, or if it calls this itself: see [`OnceValue`].
    #[inline]
    #[track_caller]
    pub fn call(&self) {
        self.0.get();
    }
}

impl<F> fmt::Debug for OnceFunc<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceFunc").finish_non_exhaustive()
    }
}

/// Two values that are computed on first use: Go's `sync.OnceValues`.
///
/// An [`OnceValue`] of a pair, of which [`get`](OnceValues::get) returns both parts, such as a result and an error.
///
/// # Memory ordering
///
/// Same as for [`OnceValue`] (`oncevalue.value`, `oncevalue.panic`).
///
/// # Panics
///
/// Like [`OnceValue`].
///
/// # Examples
///
/// ```
/// use gosync_once::OnceValues;
///
/// static LIMITS: OnceValues<u32, &str> = OnceValues::new(|| (8, "the default"));
/// let (limit, why) = LIMITS.get();
/// assert_eq!((*limit, *why), (8, "the default"));
/// ```
#[doc(alias = "sync.OnceValues")]
pub struct OnceValues<A, B, F = fn() -> (A, B)>(OnceValue<(A, B), F>);

impl<A, B, F: FnOnce() -> (A, B)> OnceValues<A, B, F> {
    const_fn! {
        /// Values that `f` will compute. Go: `sync.OnceValues(f)`.
        #[must_use]
        pub const fn new(f: F) -> OnceValues<A, B, F> {
            OnceValues(OnceValue::new(f))
        }
    }

    /// The values. Computes them on first use, or blocks while another thread does.
    ///
    /// What the function owned is dropped before the first return. Once the values are there, a call costs one load and a
    /// comparison.
    ///
    /// # Panics
    ///
    /// If the function panics now or did before, or if it calls this itself: see [`OnceValue`].
    #[inline]
    #[track_caller]
    pub fn get(&self) -> (&A, &B) {
        let (a, b) = self.0.get();
        (a, b)
    }
}

impl<A, B, F> OnceValues<A, B, F> {
    /// Like [`OnceValue::peek`]: the values if they are computed; computes nothing, and never blocks.
    ///
    /// # Memory ordering
    ///
    /// If they are computed, as the return of a [`get`](OnceValues::get) (`oncevalue.value`); if not, a call orders nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_once::OnceValues;
    ///
    /// let mut pair: OnceValues<u32, &str> = OnceValues::new(|| (1, "one"));
    /// assert_eq!(pair.peek(), None);
    /// pair.get();
    /// *pair.get_mut().unwrap().0 += 1;
    /// assert_eq!(pair.peek(), Some((&2, &"one")));
    /// assert_eq!(pair.into_inner(), Some((2, "one")));
    /// ```
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<(&A, &B)> {
        self.0.peek().map(|(a, b)| (a, b))
    }

    /// Same as [`OnceValue::get_mut`].
    #[must_use]
    pub fn get_mut(&mut self) -> Option<(&mut A, &mut B)> {
        self.0.get_mut().map(|(a, b)| (a, b))
    }

    /// Same as [`OnceValue::into_inner`].
    #[must_use]
    pub fn into_inner(self) -> Option<(A, B)> {
        self.0.into_inner()
    }
}

impl<A: fmt::Debug, B: fmt::Debug, F> fmt::Debug for OnceValues<A, B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.peek() {
            Some((a, b)) => f.debug_tuple("OnceValues").field(a).field(b).finish(),
            None => f.debug_tuple("OnceValues").finish_non_exhaustive(),
        }
    }
}
