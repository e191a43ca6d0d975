pub(crate) const TEXT: &str = "
One goroutine sees what it did itself in the order of its program. What others see of it is another matter, and what the
rest of this tour is about: only synchronisation orders it.";

// go: var a, b int
pub(crate) const GO: &str = r#"
a = 1
b = a + 1
fmt.Println(a, b)  // 1 2, always
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let a = 1;
    let b = a + 1;
    writeln!(out, "{a} {b}")
}
