pub(crate) const TEXT: &str = "
Three ways to count without a race: a lock around the number, a number that changes in one step, and a number that one
goroutine owns. The example `race_free` has them in full, with times.";

// go: var mu sync.Mutex
// go: var n int
// go: var m atomic.Int64
// go: var add chan int
pub(crate) const GO: &str = r#"
mu.Lock(); n++; mu.Unlock()        // a lock
m.Add(1)                           // an atomic
add <- 1                           // a channel, and whoever owns n adds what comes
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::atomic::Int64;
use gosync::{Mutex, WaitGroup, chan, go};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let (locked, atomic) = (Arc::new(Mutex::new(0)), Arc::new(Int64::new(0)));
    let (additions, queue) = chan::bounded(64);
    let owner = go(move || queue.iter().sum::<i64>());
    let group = Arc::new(WaitGroup::new());
    for _ in 0..4 {
        let (locked, atomic, additions) = (locked.clone(), atomic.clone(), additions.clone());
        group.go(move || {
            for _ in 0..1000 {
                *locked.lock() += 1;
                atomic.add(1);
                additions.send(1).unwrap();
            }
        });
    }
    group.wait();
    // That ends the owner's loop.
    drop(additions);
    let owned = owner.join().expect("it does not panic");
    writeln!(out, "{} {} {owned}", locked.lock(), atomic.load())
}
