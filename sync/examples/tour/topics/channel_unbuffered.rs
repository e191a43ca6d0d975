pub(crate) const TEXT: &str = "
A receive from an unbuffered channel happens before the completion of the corresponding send (rule
`chan.recv-before-unbuffered-send-complete`): sender and receiver meet. With a buffer, this program may print nothing.";

pub(crate) const GO: &str = r#"
var c = make(chan int)
var a string

func f() {
	a = "hello, world"
	<-c
}

func main() {
	go f()
	c <- 0
	print(a)  // "hello, world", always
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};

use gosync::{Mutex, chan, go};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    static A: Mutex<&str> = Mutex::new("");
    let (tx, rx) = chan::bounded(0);
    go(move || {
        *A.lock() = "hello, world";
        rx.recv().unwrap();
    });
    tx.send(0).unwrap();
    writeln!(out, "{}", A.lock())
}
