pub(crate) const TEXT: &str = "
Without synchronisation a goroutine may see another's writes in another order: compiler and processor may both change it. Go's
example can print 2 and then 0. The checker shows it with atomics that promise no order, as Go has none of these.";

pub(crate) const GO: &str = r#"
var a, b int

func f() { a = 1; b = 2 }
func g() { print(b); print(a) }

func main() {
	go f()
	g()  // "20" is possible
}
"#;

pub(crate) const MODELS: super::Models = Some((broken, repaired));

// -- the program --
use std::io::{self, Write};

use gosync::atomic::Int32;
use gosync::go;
use loom::sync::atomic::{AtomicI32, Ordering};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    // Go's atomics are in one order, so whoever sees b = 2 sees a = 1.
    static A: Int32 = Int32::new(0);
    static B: Int32 = Int32::new(0);
    let thread = go(|| {
        A.store(1);
        B.store(2);
    });
    let (b, a) = (B.load(), A.load());
    thread.join().expect("it does not panic");
    assert_ne!((b, a), (2, 0));
    writeln!(out, "2 and then 0: {}", (b, a) == (2, 0))
}

fn f_and_g(store: Ordering, load: Ordering) {
    let shared = loom::sync::Arc::new((AtomicI32::new(0), AtomicI32::new(0)));
    let other = loom::sync::Arc::clone(&shared);
    let f = loom::thread::spawn(move || {
        other.0.store(1, store);
        other.1.store(2, store);
    });
    let (b, a) = (shared.1.load(load), shared.0.load(load));
    f.join().unwrap();
    assert!(b != 2 || a == 1, "printed {b} and then {a}");
}

fn broken() {
    f_and_g(Ordering::Relaxed, Ordering::Relaxed);
}

fn repaired() {
    f_and_g(Ordering::Release, Ordering::Acquire);
}
