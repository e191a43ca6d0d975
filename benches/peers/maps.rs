//! Maps that threads share, behind one trait. To add one: implement [`Shared`], and name it in [`visit`].
//!
//! All of them hash by std's `RandomState`.

use std::collections::HashMap;
use std::sync::{Mutex, RwLock};

use dashmap::DashMap;

/// A map of numbers.
pub trait Shared: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// An empty one.
    fn new() -> Self;

    /// The value of a key.
    fn load(&self, key: u64) -> Option<u64>;

    /// Sets the value of a key.
    fn store(&self, key: u64, value: u64);

    /// Deletes a key.
    fn delete(&self, key: u64);
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<M: Shared>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<gosync::Map<u64, u64>>();
    visitor.visit::<DashMap<u64, u64>>();
    visitor.visit::<papaya::HashMap<u64, u64>>();
    visitor.visit::<RwLock<HashMap<u64, u64>>>();
    visitor.visit::<Mutex<HashMap<u64, u64>>>();
}

impl Shared for gosync::Map<u64, u64> {
    const NAME: &'static str = "gosync";

    fn new() -> Self {
        gosync::Map::new()
    }

    #[inline(always)]
    fn load(&self, key: u64) -> Option<u64> {
        self.load(&key)
    }

    #[inline(always)]
    fn store(&self, key: u64, value: u64) {
        self.store(key, value);
    }

    #[inline(always)]
    fn delete(&self, key: u64) {
        self.delete(&key);
    }
}

impl Shared for DashMap<u64, u64> {
    const NAME: &'static str = "dashmap";

    fn new() -> Self {
        DashMap::new()
    }

    #[inline(always)]
    fn load(&self, key: u64) -> Option<u64> {
        self.get(&key).map(|value| *value)
    }

    #[inline(always)]
    fn store(&self, key: u64, value: u64) {
        self.insert(key, value);
    }

    #[inline(always)]
    fn delete(&self, key: u64) {
        self.remove(&key);
    }
}

impl Shared for papaya::HashMap<u64, u64> {
    const NAME: &'static str = "papaya";

    fn new() -> Self {
        papaya::HashMap::new()
    }

    #[inline(always)]
    fn load(&self, key: u64) -> Option<u64> {
        self.pin().get(&key).copied()
    }

    #[inline(always)]
    fn store(&self, key: u64, value: u64) {
        self.pin().insert(key, value);
    }

    #[inline(always)]
    fn delete(&self, key: u64) {
        self.pin().remove(&key);
    }
}

impl Shared for RwLock<HashMap<u64, u64>> {
    const NAME: &'static str = "std-rwlock";

    fn new() -> Self {
        RwLock::default()
    }

    #[inline(always)]
    fn load(&self, key: u64) -> Option<u64> {
        self.read().expect("no panic").get(&key).copied()
    }

    #[inline(always)]
    fn store(&self, key: u64, value: u64) {
        self.write().expect("no panic").insert(key, value);
    }

    #[inline(always)]
    fn delete(&self, key: u64) {
        self.write().expect("no panic").remove(&key);
    }
}

impl Shared for Mutex<HashMap<u64, u64>> {
    const NAME: &'static str = "std-mutex";

    fn new() -> Self {
        Mutex::default()
    }

    #[inline(always)]
    fn load(&self, key: u64) -> Option<u64> {
        self.lock().expect("no panic").get(&key).copied()
    }

    #[inline(always)]
    fn store(&self, key: u64, value: u64) {
        self.lock().expect("no panic").insert(key, value);
    }

    #[inline(always)]
    fn delete(&self, key: u64) {
        self.lock().expect("no panic").remove(&key);
    }
}
