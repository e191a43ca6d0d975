pub(crate) const TEXT: &str = "
Variables of a package are initialised in the order of their dependencies, then its `init` functions run, and all of that is
over before `main` begins (rules `init.import-before-importer-init` and `init.all-before-main`). Rust has no code before
`main`, so `main` asks for it.";

pub(crate) const GO: &str = r#"
var (
	a = c + b  // == 9
	b = f()    // == 4
	c = f()    // == 5
	d = 3      // == 5 after initialization has finished
)

func f() int {
	d++
	return d
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};

use gosync::atomic::Int32;

gosync::package! {
    package TOUR;

    static A: i32 = *C + *B;
    static B: i32 = f();
    static C: i32 = f();
    static D: Int32 = Int32::new(3);

    fn f() -> i32 {
        D.add(1)
    }
}

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    TOUR.init();
    writeln!(out, "a = {}, b = {}, c = {}, d = {}", *A, *B, *C, D.load())
}
