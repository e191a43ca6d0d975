pub(crate) const TEXT: &str = "
The `go` statement that starts a goroutine happens before the start of its execution (rule `go.stmt-before-start`).";

pub(crate) const GO: &str = r#"
var a string

func f() { print(a) }

func hello() {
	a = "hello, world"
	go f()  // prints "hello, world", some time later
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};

use gosync::go;

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    // What the thread is to see moves into it.
    let a = String::from("hello, world");
    let thread = go(move || a);
    writeln!(out, "{}", thread.join().expect("it does not panic"))
}
