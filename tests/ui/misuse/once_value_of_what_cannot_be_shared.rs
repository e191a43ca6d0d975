//! All threads get the same value.

use std::cell::Cell;

use gosync::OnceValue;

static VALUE: OnceValue<Cell<i32>> = OnceValue::new(|| Cell::new(1));

fn main() {
    VALUE.get().set(2);
}
