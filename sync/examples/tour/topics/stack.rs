pub(crate) const TEXT: &str = "
Treiber's stack: a node is pushed and popped by a compare-and-swap of the head. In Go the garbage collector keeps a node
from coming back while somebody still compares with it; here a tag does (rule `gosync.stack-aba`), and no thread that stops
keeps others from going on.";

pub(crate) const GO: &str = r#"
type node struct {
	value int
	next  *node
}
var head atomic.Pointer[node]

func push(v int) {
	n := &node{value: v}
	for {
		n.next = head.Load()
		if head.CompareAndSwap(n.next, n) {
			return
		}
	}
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::{Stack, WaitGroup};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let stack = Arc::new(Stack::new());
    let group = Arc::new(WaitGroup::new());
    for thread in 0..4 {
        let stack = Arc::clone(&stack);
        group.go(move || (0..1000).for_each(|n| stack.push(thread * 1000 + n)));
    }
    group.wait();
    let mut values: Vec<i32> = std::iter::from_fn(|| stack.pop()).collect();
    // Last in, first out; of four threads at once only each one's own order is certain.
    values.sort();
    writeln!(out, "{} values, each once: {}", values.len(), values.iter().copied().eq(0..4000))
}
