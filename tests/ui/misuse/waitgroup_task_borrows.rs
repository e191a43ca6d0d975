//! A task of `go` may outlive the function that starts it; `go_scoped` is for those that borrow.

use std::sync::Arc;

use gosync::WaitGroup;

fn main() {
    let wg = Arc::new(WaitGroup::new());
    let mut n = 0;
    wg.go(|| n += 1);
    wg.wait();
    println!("{n}");
}
