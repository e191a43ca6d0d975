pub(crate) const TEXT: &str = "
A call of `Done` happens before the return of the `Wait` that it unblocks (rule `wg.done-before-unblocked-wait`).";

pub(crate) const GO: &str = r#"
var wg sync.WaitGroup
results := make([]int, 4)
for i := range results {
	wg.Go(func() { results[i] = i * i })
}
wg.Wait()
fmt.Println(results)  // [0 1 4 9], always
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};
use std::thread;

use gosync::WaitGroup;

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let group = WaitGroup::new();
    let mut results = [0; 4];
    thread::scope(|scope| {
        // Each thread borrows its own place, and the compiler knows.
        for (i, place) in results.iter_mut().enumerate() {
            group.go_scoped(scope, move || *place = i * i);
        }
        group.wait();
    });
    writeln!(out, "{results:?}")
}
