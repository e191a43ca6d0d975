pub(crate) const TEXT: &str = "
A send happens before the completion of the receive that gets its value (rule `chan.send-before-recv-complete`).";

pub(crate) const GO: &str = r#"
var c = make(chan int, 10)
var a string

func f() {
	a = "hello, world"
	c <- 0
}

func main() {
	go f()
	<-c
	print(a)  // "hello, world", always
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};

use gosync::{Mutex, chan, go};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    // Rust wants to know what guards `a`, although the channel orders its uses: an uncontended mutex.
    static A: Mutex<&str> = Mutex::new("");
    let (tx, rx) = chan::bounded(10);
    go(move || {
        *A.lock() = "hello, world";
        tx.send(0).unwrap();
    });
    rx.recv().unwrap();
    writeln!(out, "{}", A.lock())?;

    // And what reads better here: what is sent needs no guard.
    let (tx, rx) = chan::bounded(10);
    go(move || tx.send("hello, world").unwrap());
    writeln!(out, "{}", rx.recv().unwrap())
}
