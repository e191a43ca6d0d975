//! Values that are replaced as a whole, behind one trait. To add one: implement [`Value`], and name it in [`visit`].

use std::sync::{Arc, Mutex, RwLock};

use arc_swap::ArcSwap;
use gosync::atomic;

/// What a reader gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An `Arc` of its own.
    Load,
    /// A look at the value, for as long as the reader does not look again.
    Look,
}

/// A number on the heap that is replaced by another one.
pub trait Value: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// What readers get.
    const KIND: Kind;

    /// With a first number.
    fn new(number: u64) -> Self;

    /// How one thread reads.
    fn reader(&self) -> impl FnMut() -> u64;

    /// Replaces it.
    fn store(&self, number: u64);
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<V: Value>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<Gosync>();
    visitor.visit::<ArcSwapFull>();
    visitor.visit::<RwLock<Arc<u64>>>();
    visitor.visit::<Mutex<Arc<u64>>>();
    visitor.visit::<GosyncReader>();
    visitor.visit::<ArcSwapGuard>();
    visitor.visit::<ArcSwapCache>();
}

macro_rules! value {
    (
        $(#[$doc:meta])* $type:ident, $name:literal, $kind:ident, $inner:ty,
        new: |$number:ident| $new:expr, reader: |$from:ident| $reader:expr, store: |$to:ident, $value:ident| $store:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $type($inner);

        impl Value for $type {
            const NAME: &'static str = $name;
            const KIND: Kind = Kind::$kind;

            fn new($number: u64) -> $type {
                $type($new)
            }

            #[inline(always)]
            fn reader(&self) -> impl FnMut() -> u64 {
                let $from = &self.0;
                $reader
            }

            #[inline(always)]
            fn store(&self, $value: u64) {
                let $to = &self.0;
                $store
            }
        }
    };
}

value! {
    /// Ours.
    Gosync, "gosync", Load, atomic::Value<u64>,
    new: |number| atomic::Value::new(number),
    reader: |from| || *from.load().expect("there is one"),
    store: |to, number| to.store(number)
}

value! {
    /// Ours, for readers that keep what they have seen.
    GosyncReader, "gosync", Look, atomic::Value<u64>,
    new: |number| atomic::Value::new(number),
    reader: |from| {
        let mut reader = from.reader();
        move || **reader.get().expect("there is one")
    },
    store: |to, number| to.store(number)
}

value! {
    /// arc-swap's, with an `Arc` for the reader.
    ArcSwapFull, "arc-swap", Load, ArcSwap<u64>,
    new: |number| ArcSwap::from_pointee(number),
    reader: |from| || *from.load_full(),
    store: |to, number| to.store(Arc::new(number))
}

value! {
    /// arc-swap's, with a guard.
    ArcSwapGuard, "arc-swap-guard", Look, ArcSwap<u64>,
    new: |number| ArcSwap::from_pointee(number),
    reader: |from| || **from.load(),
    store: |to, number| to.store(Arc::new(number))
}

value! {
    /// arc-swap's, with a cache, which is what our reader is.
    ArcSwapCache, "arc-swap-cache", Look, ArcSwap<u64>,
    new: |number| ArcSwap::from_pointee(number),
    reader: |from| {
        let mut cache = arc_swap::Cache::new(from);
        move || **cache.load()
    },
    store: |to, number| to.store(Arc::new(number))
}

/// What a program without a dependency has.
impl Value for RwLock<Arc<u64>> {
    const NAME: &'static str = "std";
    const KIND: Kind = Kind::Load;

    fn new(number: u64) -> Self {
        RwLock::new(Arc::new(number))
    }

    #[inline(always)]
    fn reader(&self) -> impl FnMut() -> u64 {
        || {
            let loaded = Arc::clone(&self.read().expect("no panic"));
            *loaded
        }
    }

    #[inline(always)]
    fn store(&self, number: u64) {
        let new = Arc::new(number);
        let old = std::mem::replace(&mut *self.write().expect("no panic"), new);
        drop(old);
    }
}

impl Value for Mutex<Arc<u64>> {
    const NAME: &'static str = "std-mutex";
    const KIND: Kind = Kind::Load;

    fn new(number: u64) -> Self {
        Mutex::new(Arc::new(number))
    }

    #[inline(always)]
    fn reader(&self) -> impl FnMut() -> u64 {
        || {
            let loaded = Arc::clone(&self.lock().expect("no panic"));
            *loaded
        }
    }

    #[inline(always)]
    fn store(&self, number: u64) {
        let new = Arc::new(number);
        let old = std::mem::replace(&mut *self.lock().expect("no panic"), new);
        drop(old);
    }
}
