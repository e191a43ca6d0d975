//! `n++` in two goroutines.

use std::thread;

fn main() {
    let mut n = 0;
    thread::scope(|scope| {
        scope.spawn(|| n += 1);
        scope.spawn(|| n += 1);
    });
    println!("{n}");
}
