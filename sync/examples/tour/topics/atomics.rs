pub(crate) const TEXT: &str = "
If an atomic operation observes the effect of another, that one happens before it; and all atomic operations of a program
behave as if done one after the other, in one order (rules `atomic.observed-before-observer` and `atomic.total-order`).";

pub(crate) const GO: &str = r#"
var ready atomic.Bool
var a string

go func() {
	a = "hello, world"
	ready.Store(true)
}()
for !ready.Load() {
	runtime.Gosched()
}
print(a)  // "hello, world", always
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};
use std::thread;

use gosync::atomic::{Bool, Uint32};
use gosync::{Mutex, go};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    static READY: Bool = Bool::new(false);
    static A: Mutex<&str> = Mutex::new("");
    go(|| {
        *A.lock() = "hello, world";
        READY.store(true);
    });
    while !READY.load() {
        thread::yield_now();
    }
    writeln!(out, "{}", A.lock())?;

    // As in Go: `add` returns the new value, `and` and `or` return the old one, and all of them wrap.
    let bits = Uint32::new(0b1100);
    writeln!(out, "{} {} {} {}", bits.add(1), bits.or(0b10), bits.and(0b0110), bits.load())
}
