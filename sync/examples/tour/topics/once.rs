pub(crate) const TEXT: &str = "
The completion of `f` in `once.Do(f)` happens before the return of any call of `once.Do(f)` (rule
`once.f-return-before-any-do-return`).";

pub(crate) const GO: &str = r#"
var a string
var once sync.Once

func setup() { a = "hello, world" }

func doprint() {
	once.Do(setup)
	print(a)
}

func twoprint() {
	go doprint()
	go doprint()  // "hello, world" twice; setup runs once
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::{Mutex, Once, WaitGroup, chan};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    static ONCE: Once = Once::new();
    static A: Mutex<String> = Mutex::new(String::new());
    let group = Arc::new(WaitGroup::new());
    let (lines, printed) = chan::unbounded();
    for _ in 0..2 {
        let lines = lines.clone();
        group.go(move || {
            ONCE.call_once(|| A.lock().push_str("hello, world"));
            lines.send(A.lock().clone()).unwrap();
        });
    }
    group.wait();
    printed.try_iter().try_for_each(|line| writeln!(out, "{line}"))
}
