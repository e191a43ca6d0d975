pub(crate) const TEXT: &str = "
To look at a flag first and to lock only if it is not set saves the lock once all is set up. With a plain flag it is broken:
who sees the flag need not see what was set up before it. The flag must be read and written in order; `Once` does just that.";

pub(crate) const GO: &str = r#"
var a string
var done bool
var once sync.Once

func setup() {
	a = "hello, world"
	done = true
}

func doprint() {
	if !done {  // broken: sees done, and maybe not a
		once.Do(setup)
	}
	print(a)
}
"#;

pub(crate) const MODELS: super::Models = Some((broken, repaired));

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::{OnceValue, WaitGroup, chan};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering};

use super::Plain;

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    // One look once it is there, a lock before.
    static A: OnceValue<String> = OnceValue::new(|| "hello, world".to_owned());
    let group = Arc::new(WaitGroup::new());
    let (lines, printed) = chan::unbounded();
    for _ in 0..2 {
        let lines = lines.clone();
        group.go(move || lines.send(A.get().as_str()).unwrap());
    }
    group.wait();
    printed.try_iter().try_for_each(|line| writeln!(out, "{line}"))
}

struct Lazy {
    done: AtomicBool,
    lock: Mutex<()>,
    a: Plain<&'static str>,
}

impl Lazy {
    /// Double-checked locking by hand: the first look and the flag's change have these orderings.
    fn get(&self, look: Ordering, change: Ordering) -> &'static str {
        if !self.done.load(look) {
            let _locked = self.lock.lock().unwrap();
            if !self.done.load(Ordering::Relaxed) {
                self.a.set("hello, world");
                self.done.store(true, change);
            }
        }
        self.a.get()
    }
}

fn two_threads(look: Ordering, change: Ordering) {
    let lazy = Lazy { done: AtomicBool::new(false), lock: Mutex::new(()), a: Plain::new("") };
    let lazy = loom::sync::Arc::new(lazy);
    let other = loom::sync::Arc::clone(&lazy);
    let thread = loom::thread::spawn(move || assert_eq!(other.get(look, change), "hello, world"));
    assert_eq!(lazy.get(look, change), "hello, world");
    thread.join().unwrap();
}

fn broken() {
    two_threads(Ordering::Relaxed, Ordering::Relaxed);
}

fn repaired() {
    two_threads(Ordering::Acquire, Ordering::Release);
}
