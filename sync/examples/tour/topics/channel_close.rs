pub(crate) const TEXT: &str = "
The close of a channel happens before a receive that returns because the channel is closed (rule
`chan.close-before-closed-recv`). What was sent before the close is received first.";

// go: var a string
pub(crate) const GO: &str = r#"
c := make(chan int, 10)
go func() {
	a = "hello, world"
	c <- 1
	close(c)
}()
for v := range c {
	fmt.Println(v)
}
_, ok := <-c
fmt.Println(ok, a)  // false hello, world
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};

use gosync::{Mutex, chan, go};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    static A: Mutex<&str> = Mutex::new("");
    let (tx, rx) = chan::bounded(10);
    go(move || {
        *A.lock() = "hello, world";
        tx.send(1).unwrap();
        tx.close().unwrap();
    });
    for v in &rx {
        writeln!(out, "{v}")?;
    }
    writeln!(out, "{:?} {}", rx.recv(), A.lock())
}
