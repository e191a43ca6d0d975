pub(crate) const TEXT: &str = "
Two goroutines use a variable, one of them writes, and nothing orders them: a data race. In Go it compiles, and additions
get lost. In safe Rust it does not compile: `n += 1` in two threads is error E0499 or E0373, and a static `n` needs `unsafe`.";

pub(crate) const GO: &str = r#"
var n int
var wg sync.WaitGroup
for range 2 {
	wg.Go(func() { n++ })  // a race: 1 or 2
}
wg.Wait()
fmt.Println(n)
"#;

pub(crate) const MODELS: super::Models = Some((broken, repaired));

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::WaitGroup;
use gosync::atomic::Int64;

use super::Plain;

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let n = Arc::new(Int64::new(0));
    let group = Arc::new(WaitGroup::new());
    for _ in 0..2 {
        let n = Arc::clone(&n);
        group.go(move || _ = n.add(1));
    }
    group.wait();
    writeln!(out, "{}", n.load())
}

/// `n++` on a variable that is not protected.
fn broken() {
    let n = loom::sync::Arc::new(Plain::new(0));
    let other = loom::sync::Arc::clone(&n);
    let thread = loom::thread::spawn(move || other.set(other.get() + 1));
    n.set(n.get() + 1);
    thread.join().unwrap();
    assert_eq!(n.get(), 2);
}

/// The same in a lock.
fn repaired() {
    let n = loom::sync::Arc::new(loom::sync::Mutex::new(0));
    let other = loom::sync::Arc::clone(&n);
    let thread = loom::thread::spawn(move || *other.lock().unwrap() += 1);
    *n.lock().unwrap() += 1;
    thread.join().unwrap();
    assert_eq!(*n.lock().unwrap(), 2);
}
