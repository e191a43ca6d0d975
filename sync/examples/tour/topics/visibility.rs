pub(crate) const TEXT: &str = "
Nothing says that a goroutine ever sees a plain write of another one: the loop may read `done` once and spin for ever, and if
it does see `done`, it need not see `a`.";

pub(crate) const GO: &str = r#"
var a string
var done bool

func setup() {
	a = "hello, world"
	done = true
}

func main() {
	go setup()
	for !done {  // may never end
	}
	print(a)     // may print nothing
}
"#;

pub(crate) const MODELS: super::Models = Some((broken, repaired));

// -- the program --
use std::io::{self, Write};

use gosync::{chan, go};
use loom::sync::atomic::{AtomicBool, Ordering};

use super::Plain;

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    // To wait for another thread is what a channel is for: it is seen, in order, and nobody spins.
    let (done, told) = chan::bounded(0);
    go(move || done.send("hello, world").unwrap());
    writeln!(out, "{}", told.recv().unwrap())
}

/// Spins on a plain flag.
fn broken() {
    let shared = loom::sync::Arc::new((Plain::new(""), Plain::new(false)));
    let other = loom::sync::Arc::clone(&shared);
    let setup = loom::thread::spawn(move || {
        other.0.set("hello, world");
        other.1.set(true);
    });
    while !shared.1.get() {
        loom::thread::yield_now();
    }
    assert_eq!(shared.0.get(), "hello, world");
    setup.join().unwrap();
}

/// The same with an atomic one.
fn repaired() {
    let shared = loom::sync::Arc::new((Plain::new(""), AtomicBool::new(false)));
    let other = loom::sync::Arc::clone(&shared);
    let setup = loom::thread::spawn(move || {
        other.0.set("hello, world");
        other.1.store(true, Ordering::Release);
    });
    while !shared.1.load(Ordering::Acquire) {
        loom::thread::yield_now();
    }
    assert_eq!(shared.0.get(), "hello, world");
    setup.join().unwrap();
}
