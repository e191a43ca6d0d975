pub(crate) const TEXT: &str = "
The k-th receive from a channel of capacity C happens before the completion of the (k+C)-th send (rule
`chan.kth-recv-before-(k+C)th-send-complete`). So a buffered channel is a counting semaphore.";

// go: var work []func()
pub(crate) const GO: &str = r#"
var limit = make(chan int, 3)

for _, w := range work {
	go func() {
		limit <- 1
		w()  // at most three at a time
		<-limit
	}()
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::atomic::Int64;
use gosync::{WaitGroup, chan};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let limit = chan::Chan::new(3);
    let (running, most) = (Arc::new(Int64::new(0)), Arc::new(Int64::new(0)));
    let group = Arc::new(WaitGroup::new());
    for _ in 0..8 {
        let (limit, running, most) = (limit.clone(), running.clone(), most.clone());
        group.go(move || {
            limit.send(()).unwrap();
            let now = running.add(1);
            // The largest number that was seen.
            loop {
                let seen = most.load();
                if seen >= now || most.compare_and_swap(seen, now) {
                    break;
                }
            }
            std::thread::yield_now();
            running.add(-1);
            limit.recv().unwrap();
        });
    }
    group.wait();
    assert!(most.load() <= 3);
    writeln!(out, "eight threads, at most three at a time: {}", most.load() <= 3)
}
