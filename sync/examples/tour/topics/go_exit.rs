pub(crate) const TEXT: &str = "
The exit of a goroutine is not ordered before anything (rule `go.exit-no-edge`): a compiler may even leave it out. What is to
be seen of it needs a channel, a lock, a wait group, or here the join of its thread.";

pub(crate) const GO: &str = r#"
var a string

func hello() {
	go func() { a = "hello" }()
	print(a)  // "hello" or nothing, and a race
}
"#;

pub(crate) const MODELS: super::Models = Some((broken, repaired));

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::{Mutex, go};

use super::Plain;

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let a = Arc::new(Mutex::new(""));
    let thread = {
        let a = Arc::clone(&a);
        go(move || *a.lock() = "hello")
    };
    // Without the join it would print "hello" or nothing.
    thread.join().expect("it does not panic");
    writeln!(out, "{}", a.lock())
}

fn broken() {
    let a = loom::sync::Arc::new(Plain::new(""));
    let other = loom::sync::Arc::clone(&a);
    let thread = loom::thread::spawn(move || other.set("hello"));
    let printed = a.get();
    // Too late: that only ends the model.
    thread.join().unwrap();
    assert!(printed == "hello", "printed {printed:?}");
}

fn repaired() {
    let a = loom::sync::Arc::new(Plain::new(""));
    let other = loom::sync::Arc::clone(&a);
    loom::thread::spawn(move || other.set("hello")).join().unwrap();
    assert_eq!(a.get(), "hello");
}
