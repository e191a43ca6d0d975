pub(crate) const TEXT: &str = "
Two threads that raise a flag each and then look at the other's: at least one sees the other, in Go, because its atomics are
in one order. Release and acquire alone do not give that; it takes a full barrier between the store and the load, which on
x86 is the locked instruction that these stores are made of. Rust spells it `fence(SeqCst)`.";

// go: var x, y atomic.Int32
// go: var r1, r2 int32
pub(crate) const GO: &str = r#"
go func() { x.Store(1); r1 = y.Load() }()
go func() { y.Store(1); r2 = x.Load() }()
// r1 == 0 && r2 == 0 is impossible
"#;

pub(crate) const MODELS: super::Models = Some((broken, repaired));

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::atomic::Int32;
use gosync::go;
use loom::sync::atomic::{AtomicI32, Ordering, fence};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let mut both = 0;
    for _ in 0..100 {
        let mine = Arc::new((Int32::new(0), Int32::new(0)));
        let theirs = Arc::clone(&mine);
        let thread = go(move || {
            theirs.0.store(1);
            theirs.1.load()
        });
        mine.1.store(1);
        let second = mine.0.load();
        let first = thread.join().expect("it does not panic");
        both += usize::from((first, second) == (0, 0));
    }
    writeln!(out, "neither saw the other: {both} times of 100")
}

fn flags(barrier: fn()) {
    let shared = loom::sync::Arc::new((AtomicI32::new(0), AtomicI32::new(0)));
    let other = loom::sync::Arc::clone(&shared);
    let thread = loom::thread::spawn(move || {
        other.0.store(1, Ordering::Release);
        barrier();
        other.1.load(Ordering::Acquire)
    });
    shared.1.store(1, Ordering::Release);
    barrier();
    let second = shared.0.load(Ordering::Acquire);
    let first = thread.join().unwrap();
    assert!((first, second) != (0, 0), "neither saw the other");
}

fn broken() {
    flags(|| ());
}

fn repaired() {
    flags(|| fence(Ordering::SeqCst));
}
