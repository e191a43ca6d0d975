pub(crate) const TEXT: &str = "
To publish is to make something, and then to let others see it. Without synchronisation they may see the pointer before
they see what it points to. A channel, a mutex, an atomic pointer or a `Once` orders the two.";

// go: type Config struct { retries int }
pub(crate) const GO: &str = r#"
var config atomic.Pointer[Config]

go func() { config.Store(&Config{retries: 3}) }()
for config.Load() == nil {
	runtime.Gosched()
}
fmt.Println(config.Load().retries)  // 3; with a plain pointer anything
"#;

pub(crate) const MODELS: super::Models = Some((broken, repaired));

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use gosync::atomic::Pointer;
use gosync::go;
use loom::sync::atomic::{AtomicBool, Ordering};

use super::Plain;

struct Config {
    retries: u32,
}

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    static CONFIG: Pointer<Config> = Pointer::new(None);
    go(|| CONFIG.store(Some(Arc::new(Config { retries: 3 }))));
    let config = loop {
        match CONFIG.load() {
            Some(config) => break config,
            None => thread::yield_now(),
        }
    };
    writeln!(out, "{}", config.retries)
}

/// What is published, and the flag that says so, which is written and read with these orderings.
fn publish(store: Ordering, load: Ordering) {
    let shared = loom::sync::Arc::new((Plain::new(0), AtomicBool::new(false)));
    let other = loom::sync::Arc::clone(&shared);
    let thread = loom::thread::spawn(move || {
        other.0.set(3);
        other.1.store(true, store);
    });
    if shared.1.load(load) {
        assert_eq!(shared.0.get(), 3);
    }
    thread.join().unwrap();
}

fn broken() {
    publish(Ordering::Relaxed, Ordering::Relaxed);
}

fn repaired() {
    publish(Ordering::Release, Ordering::Acquire);
}
