pub(crate) const TEXT: &str = "
`go test -race` finds the races of the runs that it sees. In safe Rust there are none to find; what remains are wrong orders,
as in this hand-made lock. A model checker tries all of them: write the test as a model, and run it with loom. Gosync's own
types can be used in such models, too: built with `--cfg gosync_loom` they are loom's.";

pub(crate) const GO: &str = r#"
func TestLock(t *testing.T) {  // go test -race
	var locked atomic.Bool
	n := 0
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !locked.CompareAndSwap(false, true) {
			}
			n++
			locked.Store(false)
		})
	}
	wg.Wait()
}
"#;

pub(crate) const MODELS: super::Models = Some((broken, repaired));

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::WaitGroup;
use gosync::atomic::{Bool, Int32};
use loom::sync::atomic::{AtomicBool, Ordering};

use super::Plain;

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let (locked, n) = (Arc::new(Bool::new(false)), Arc::new(Int32::new(0)));
    let group = Arc::new(WaitGroup::new());
    for _ in 0..2 {
        let (locked, n) = (locked.clone(), n.clone());
        group.go(move || {
            while !locked.compare_and_swap(false, true) {
                std::thread::yield_now();
            }
            // Not in one step: only the lock keeps it right.
            n.store(n.load() + 1);
            locked.store(false);
        });
    }
    group.wait();
    writeln!(out, "{}", n.load())
}

/// The test as a model, of a lock whose unlock has this ordering.
fn two_threads(unlock: Ordering) {
    let shared = loom::sync::Arc::new((Plain::new(0), AtomicBool::new(false)));
    let increment = move |shared: &(Plain<i32>, AtomicBool)| {
        while shared.1.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            loom::thread::yield_now();
        }
        shared.0.set(shared.0.get() + 1);
        shared.1.store(false, unlock);
    };
    let other = loom::sync::Arc::clone(&shared);
    let thread = loom::thread::spawn(move || increment(&other));
    increment(&shared);
    thread.join().unwrap();
    assert_eq!(shared.0.get(), 2);
}

fn broken() {
    two_threads(Ordering::Relaxed);
}

fn repaired() {
    two_threads(Ordering::Release);
}
