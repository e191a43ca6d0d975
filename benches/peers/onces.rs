//! What runs a function once, behind two traits. To add one: implement [`Once`] or [`Value`], and name it in [`visit`].

use std::sync::LazyLock;

/// Runs a function on the first call, and none on others.
pub trait Once: 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// One that has not run.
    fn new() -> Self;

    /// Runs `f` if this is the first call.
    fn call_once(&self, f: impl FnOnce());
}

/// Makes a value when it is first asked for.
pub trait Value: 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// One that has no value so far.
    fn new(make: fn() -> u64) -> Self;

    /// The value.
    fn get(&self) -> &u64;
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit_once<O: Once>(&mut self);

    /// Does it for one.
    fn visit_value<V: Value>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit_once::<gosync::Once>();
    visitor.visit_once::<std::sync::Once>();
    visitor.visit_once::<once_cell::sync::OnceCell<()>>();
    visitor.visit_once::<parking_lot_012::Once>();
    visitor.visit_once::<parking_lot_013::Once>();
    visitor.visit_value::<gosync::OnceValue<u64>>();
    visitor.visit_value::<LazyLock<u64>>();
    visitor.visit_value::<once_cell::sync::Lazy<u64>>();
}

macro_rules! once {
    ($type:ty, $name:literal, $method:ident) => {
        impl Once for $type {
            const NAME: &'static str = $name;

            #[inline(always)]
            fn new() -> $type {
                <$type>::new()
            }

            #[inline(always)]
            fn call_once(&self, f: impl FnOnce()) {
                self.$method(f);
            }
        }
    };
}

macro_rules! value {
    ($type:ty, $name:literal) => {
        impl Value for $type {
            const NAME: &'static str = $name;

            #[inline(always)]
            fn new(make: fn() -> u64) -> $type {
                <$type>::new(make)
            }

            #[inline(always)]
            fn get(&self) -> &u64 {
                self
            }
        }
    };
}

once!(gosync::Once, "gosync", call_once);
once!(std::sync::Once, "std", call_once);
// It has no Once; a cell without content is one.
once!(once_cell::sync::OnceCell<()>, "once_cell", get_or_init);
once!(parking_lot_012::Once, "parking_lot-0.12", call_once);
once!(parking_lot_013::Once, "parking_lot-0.13", call_once);

value!(gosync::OnceValue<u64>, "gosync");
value!(LazyLock<u64>, "std");
value!(once_cell::sync::Lazy<u64>, "once_cell");
