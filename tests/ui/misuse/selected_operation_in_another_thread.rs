//! What a `Select` has chosen is completed where it was chosen.

use gosync::chan::{Select, bounded};

fn main() {
    let (tx, rx) = bounded::<u8>(1);
    let mut select = Select::new();
    select.recv(&rx);
    std::thread::scope(|scope| {
        let operation = select.select();
        scope.spawn(|| operation.recv(&rx));
    });
    drop(tx);
}
