pub(crate) const TEXT: &str = "
For n < m, the n-th call of `Unlock` happens before the return of the m-th call of `Lock` (rule
`mutex.n-unlock-before-m-lock`). Any goroutine may unlock.";

pub(crate) const GO: &str = r#"
var l sync.Mutex
var a string

func f() {
	a = "hello, world"
	l.Unlock()
}

func main() {
	l.Lock()
	go f()
	l.Lock()
	print(a)  // "hello, world", always
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::{Mutex, RawMutex, WaitGroup, go};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    // Go's own program, with a mutex that guards no data.
    static L: RawMutex = RawMutex::new();
    static A: Mutex<&str> = Mutex::new("");
    L.lock();
    go(|| {
        *A.lock() = "hello, world";
        L.unlock();
    });
    L.lock();
    writeln!(out, "{}", A.lock())?;
    L.unlock();

    // The everyday form: the mutex owns what it guards, and nobody forgets to unlock.
    let words = Arc::new(Mutex::new(Vec::new()));
    let group = Arc::new(WaitGroup::new());
    for word in ["hello", "world"] {
        let words = Arc::clone(&words);
        group.go(move || words.lock().push(word));
    }
    group.wait();
    let mut words = words.lock();
    words.sort();
    writeln!(out, "{}", words.join(", "))
}
