//! [`Value`]: a [`Pointer`] for those who think of values.
//!
//! All that it adds is the comparison of values, which is the user's code: it runs on an `Arc` that this thread owns, in no
//! section, and what it was about is then replaced only if it is still the very same. The `Arc` keeps the address from being
//! used again meanwhile, so the same address is the same value.

use std::fmt;

use crate::__sys::{Arc, const_fn, into_inner};
use crate::{CompareExchangeError, Pointer, Reader};

/// A value of any type that is replaced as a whole: Go's `atomic.Value`.
///
/// [`load`](Value::load) returns an `Arc` of the last stored value, which the caller may keep; values are never torn.
/// The last owner drops it. To change a value, store another.
///
/// It is a [`Pointer`] inside: each operation is a critical section of a few instructions, in which neither a drop
/// nor a comparison runs. For many threads that mostly read, use [`reader`](Value::reader).
///
/// # Memory ordering
///
/// The operation that stored a value happens before the return of every one that observes it
/// (`atomic.value-store-before-load`). All operations behave as if executed in one total order, together with those
/// of the other atomics (`atomic.total-order`).
///
/// # Differences from Go
///
/// The type of the values is `T`, without nil. So Go's panics for nil, for values of inconsistent types, and for
/// values that cannot be compared do not exist.
///
/// # Examples
///
/// ```
/// use gosync_atomic::Value;
///
/// #[derive(PartialEq)]
/// struct Config {
///     workers: usize,
/// }
///
/// static CONFIG: Value<Config> = Value::empty();
///
/// assert!(CONFIG.load().is_none());
/// CONFIG.store(Config { workers: 2 });
/// let config = CONFIG.load().unwrap();
/// assert!(CONFIG.compare_and_swap(Some(&Config { workers: 2 }), Config { workers: 4 }));
/// assert_eq!((config.workers, CONFIG.load().unwrap().workers), (2, 4));
/// ```
///
/// Taking the value out:
///
/// ```
/// use gosync_atomic::Value;
///
/// let value = Value::new(1);
/// let mut reader = value.reader();
/// assert_eq!(value.swap(2).as_deref(), Some(&1));
/// assert_eq!(reader.get().map(|value| **value), Some(2));
/// drop(reader);
/// assert_eq!(value.into_inner().as_deref(), Some(&2));
/// ```
#[doc(alias = "atomic.Value")]
pub struct Value<T> {
    pointer: Pointer<T>,
}

impl<T> Value<T> {
    const_fn! {
        /// A `Value` without a value: Go's zero value.
        #[must_use]
        pub const fn empty() -> Value<T> {
            Value { pointer: Pointer::new(None) }
        }
    }

    /// A `Value` that holds `value`. Not in Go.
    #[must_use]
    pub fn new(value: T) -> Value<T> {
        Value { pointer: Pointer::new(Some(Arc::new(value))) }
    }

    /// The value; `None` if there has been no store. Go: `v.Load()`.
    ///
    /// # Memory ordering
    ///
    /// The operation that stored the value happens before the return (`atomic.value-store-before-load`); all operations are in
    /// one order (`atomic.total-order`).
    #[inline]
    #[must_use]
    #[doc(alias = "Value.Load")]
    pub fn load(&self) -> Option<Arc<T>> {
        self.pointer.load()
    }

    /// Sets the value. Go: `v.Store(value)`.
    ///
    /// Allocates. Drops its share of the old value; if it was the last, that is dropped here, after the change.
    ///
    /// # Memory ordering
    ///
    /// Happens before the return of every operation that observes it (`atomic.value-store-before-load`); all operations are in
    /// one order (`atomic.total-order`).
    #[doc(alias = "Value.Store")]
    #[inline]
    pub fn store(&self, value: T) {
        self.pointer.store(Some(Arc::new(value)));
    }

    /// Like [`store`](Value::store), with a value that is in an `Arc` already: allocates nothing. Not in Go.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let (latest, last_good) = (gosync_atomic::Value::new(1), gosync_atomic::Value::new(0));
    /// last_good.store_arc(latest.load().unwrap());
    /// let old = latest.swap_arc(Arc::new(2)).unwrap();
    /// assert!(Arc::ptr_eq(&old, &last_good.load().unwrap()));
    /// ```
    #[inline]
    pub fn store_arc(&self, value: Arc<T>) {
        self.pointer.store(Some(value));
    }

    /// Like [`swap`](Value::swap), with a value that is in an `Arc` already: allocates nothing. Not in Go.
    #[inline]
    pub fn swap_arc(&self, value: Arc<T>) -> Option<Arc<T>> {
        self.pointer.swap(Some(value))
    }

    /// Sets the value, and returns the old one; `None` if there was none. Go: `v.Swap(value)`.
    ///
    /// # Memory ordering
    ///
    /// That of a [`load`](Self::load) and a [`store`](Self::store) in one.
    #[doc(alias = "Value.Swap")]
    #[inline]
    pub fn swap(&self, value: T) -> Option<Arc<T>> {
        self.pointer.swap(Some(Arc::new(value)))
    }

    /// Sets the value to `new` if it equals `old`, and returns whether it did; `None` stands for no value. Go:
    /// `v.CompareAndSwap(old, new)`.
    ///
    /// If it returns `false`, it has found a value that does not equal `old`, and has dropped `new` without
    /// allocating; [`compare_exchange`](Value::compare_exchange) returns it. If the value is replaced during the
    /// comparison, the new value is compared, so `eq` may run several times.
    ///
    /// # Memory ordering
    ///
    /// That of a [`load`](Self::load) and a [`store`](Self::store) in one if it returns `true`. If it returns `false`, that of a
    /// [`load`](Self::load): it comes after the operation whose value it found (`atomic.failed-cas-observes`).
    ///
    /// # Examples
    ///
    /// ```
    /// let v = gosync_atomic::Value::empty();
    /// assert!(v.compare_and_swap(None, "one".to_owned()));
    /// assert!(!v.compare_and_swap(None, "two".to_owned()));
    /// assert!(v.compare_and_swap(Some(&"one".to_owned()), "two".to_owned()));
    /// ```
    #[doc(alias = "Value.CompareAndSwap")]
    pub fn compare_and_swap(&self, old: Option<&T>, new: T) -> bool
    where
        T: PartialEq,
    {
        self.compare_exchange(old, new).is_ok()
    }

    /// Like [`compare_and_swap`](Value::compare_and_swap), but returns the value that was replaced, or an error with
    /// the one that was found instead and with `new`. Not in Go.
    ///
    /// # Errors
    ///
    /// If the value does not equal `current`.
    ///
    /// # Panics
    ///
    /// If the comparison panics. Then nothing is changed, and `new` is dropped.
    ///
    /// # Memory ordering
    ///
    /// That of a [`compare_and_swap`](Self::compare_and_swap).
    ///
    /// # Examples
    ///
    /// ```
    /// let v = gosync_atomic::Value::new("one".to_owned());
    /// let error = v.compare_exchange(None, "two".to_owned()).unwrap_err();
    /// assert_eq!((error.current.unwrap().as_str(), error.new.as_str()), ("one", "two"));
    /// ```
    #[inline]
    pub fn compare_exchange(&self, current: Option<&T>, new: T) -> Result<Option<Arc<T>>, CompareExchangeError<T, T>>
    where
        T: PartialEq,
    {
        let mut found = self.load();
        if found.as_deref() != current {
            return Err(CompareExchangeError { current: found, new });
        }
        let mut new = Some(Arc::new(new));
        loop {
            match self.pointer.exchange(found.as_ref(), new, |_| ()) {
                Ok(old) => return Ok(old),
                Err(((), back)) => new = back,
            }
            found = self.load();
            if found.as_deref() != current {
                let new = new.and_then(into_inner).expect("it has one owner, for it has never been in");
                return Err(CompareExchangeError { current: found, new });
            }
        }
    }

    /// Sets the value to the result of `f` for it, and returns the old one. In Go this is a loop around
    /// `CompareAndSwap`.
    ///
    /// If another thread sets it meanwhile, `f` is called again with the new value, and its earlier result is
    /// dropped. So `f` may be called any number of times, and should have no side effects. It may use this `Value`,
    /// but must not set it each time: that loops for ever. Allocates once for each call of `f`.
    ///
    /// # Panics
    ///
    /// If `f` panics. Then nothing is changed.
    ///
    /// # Memory ordering
    ///
    /// That of a [`load`](Self::load) before each call of `f`, and of a [`store`](Self::store) after the last.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_atomic::Value;
    ///
    /// static NAMES: Value<Vec<&str>> = Value::empty();
    ///
    /// for name in ["gopher", "ferris"] {
    ///     NAMES.update(|names| {
    ///         let mut names = names.cloned().unwrap_or_default();
    ///         names.push(name);
    ///         names
    ///     });
    /// }
    /// assert_eq!(*NAMES.load().unwrap(), ["gopher", "ferris"]);
    /// ```
    #[doc(alias = "rcu")]
    #[doc(alias = "fetch_update")]
    pub fn update(&self, mut f: impl FnMut(Option<&T>) -> T) -> Option<Arc<T>> {
        self.pointer.update(move |value| Some(Arc::new(f(value.map(|value| &**value)))))
    }

    /// A reader for a thread that reads often: while nothing is stored, a read costs one load. Not in Go.
    ///
    /// # Memory ordering
    ///
    /// That of a [`load`](Self::load).
    #[must_use]
    pub fn reader(&self) -> Reader<'_, T> {
        self.pointer.reader()
    }

    /// Consumes the `Value`, and returns its value. Not in Go.
    ///
    /// # Memory ordering
    ///
    /// None needed: the access is exclusive.
    #[must_use]
    pub fn into_inner(self) -> Option<Arc<T>> {
        self.pointer.into_inner()
    }
}

impl<T> Default for Value<T> {
    /// A `Value` without a value.
    fn default() -> Value<T> {
        Value::empty()
    }
}

impl<T> From<T> for Value<T> {
    fn from(value: T) -> Value<T> {
        Value::new(value)
    }
}

/// The value, by a [`load`](Value::load).
impl<T: fmt::Debug> fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Value").field(&self.load()).finish()
    }
}
