//! `package!`: what is initialised when, panics, cycles across packages and threads, and the grammar.

use std::any::Any;
use std::panic::{catch_unwind, panic_any};
use std::sync::Barrier;
use std::thread;

use gosync::atomic::Int32;
use gosync::{Mutex, OncePanic, package};

use crate::watchdog::Watchdog;

type Log = Mutex<Vec<&'static str>>;

fn text(payload: Box<dyn Any + Send>) -> String {
    payload.downcast::<&str>().map_or_else(|p| *p.downcast::<String>().unwrap(), |s| s.to_string())
}

mod diamond {
    use super::*;

    pub(super) static LOG: Log = Mutex::new(Vec::new());

    fn note(what: &'static str) -> &'static str {
        LOG.lock().push(what);
        what
    }

    package! {
        package BOTTOM;
        static V: &'static str = note("bottom v");
        fn init() { note("bottom init"); assert_eq!(*V, "bottom v"); }
    }

    pub(super) mod left {
        super::super::package! {
            pub package LEFT;
            import super::BOTTOM;
            fn init() { super::note("left init"); }
        }
    }

    package! {
        package RIGHT;
        import BOTTOM;
        static W: &'static str = note("right w");
        fn init() { assert_eq!(*W, note("right w")); LOG.lock().pop(); }
    }

    package! {
        /// The last one.
        #[allow(dead_code)]
        pub(super) package TOP;
        import left::LEFT, RIGHT,;

        /// Documented.
        #[allow(dead_code)]
        pub(super) static X: usize = Y.len() + LENGTH;
        static Y: String = { note("top y"); let unrelated = "X"; unrelated.repeat(2) };
        const LENGTH: usize = 1;

        /// The first.
        fn init() { if *X == 0 { return; } note("top init 1"); }
        fn init() { note("top init 2"); }
    }
}

#[test]
fn imports_come_first_and_once() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| diamond::TOP.init());
        }
    });
    let expected = ["bottom v", "bottom init", "left init", "right w", "top y", "top init 1", "top init 2"];
    assert_eq!(*diamond::LOG.lock(), expected);
    assert!(diamond::TOP.is_initialized() && diamond::left::LEFT.is_initialized());
    assert_eq!(
        format!("{:?} {:?}", diamond::TOP, diamond::X),
        "Package { name: \"TOP\", initialized: true, .. } Variable(3)"
    );
    assert_eq!(diamond::TOP.name(), "TOP");
}

mod early {
    use super::*;

    pub(super) static LOG: Log = Mutex::new(Vec::new());

    package! {
        package IMPORTED;
        fn init() { LOG.lock().push("import"); }
    }

    package! {
        pub(super) package EARLY;
        import IMPORTED;
        pub(super) static A: i32 = { LOG.lock().push("a"); *B + *C };
        static B: i32 = { LOG.lock().push("b"); 1 };
        static C: i32 = { LOG.lock().push("c"); 2 };
        static D: i32 = { LOG.lock().push("d"); 3 };
        fn init() { LOG.lock().push("init"); assert_eq!(*D, 3); }
    }
}

/// A variable that is asked for too early brings its imports and what it names, in Go's order, and nothing else.
#[test]
fn a_variable_is_there_before_its_package() {
    assert_eq!(format!("{:?}", early::A), "Variable(..)");
    assert_eq!((early::A.peek(), early::LOG.lock().len()), (None, 0), "a look initialises nothing");
    assert_eq!((*early::A, early::A.peek()), (3, Some(&3)));
    assert_eq!(*early::LOG.lock(), ["import", "b", "c", "a"]);
    assert!(!early::EARLY.is_initialized());
    early::EARLY.init();
    assert_eq!(*early::LOG.lock(), ["import", "b", "c", "a", "d", "init"]);
}

mod panics {
    use super::*;

    pub(super) static RUNS: Int32 = Int32::new(0);
    pub(super) static INITS: Int32 = Int32::new(0);

    package! {
        pub(super) package PANICS;
        pub(super) static A: i32 = { RUNS.add(1); panic!("no {}", "a") };
        pub(super) static B: i32 = panic_any(7);
        pub(super) static C: i32 = *A + 1;
        pub(super) static D: i32 = catch_unwind(|| *indirectly()).map_or(-1, |a| a);
        fn init() { INITS.add(1); }
    }

    fn indirectly() -> &'static i32 {
        A.get()
    }
}

#[test]
fn a_panic_is_everybodys_and_harms_nobody_else() {
    assert_eq!(text(catch_unwind(|| *panics::C).unwrap_err()), "no a");
    assert_eq!(text(catch_unwind(|| *panics::A).unwrap_err()), "no a");
    assert_eq!(text(catch_unwind(|| *panics::C).unwrap_err()), "no a");
    assert_eq!(catch_unwind(|| *panics::B).unwrap_err().downcast_ref(), Some(&7));
    assert_eq!(catch_unwind(|| *panics::B).unwrap_err().downcast_ref(), Some(&OncePanic));
    // What is caught in an initialiser is over.
    assert_eq!(*panics::D, -1);
    for _ in 0..2 {
        assert_eq!(text(catch_unwind(|| panics::PANICS.init()).unwrap_err()), "no a");
    }
    assert_eq!((panics::RUNS.load(), panics::INITS.load()), (1, 0));
}

mod reentry {
    use super::*;

    package! {
        pub(super) package AGAIN;
        pub(super) static A: i32 = if *B > 0 { 1 } else { *A };
        pub(super) static B: i32 = if false { *A } else { 1 };
        fn init() { AGAIN.init(); }
    }

    package! {
        pub(super) package ONE;
        pub(super) static X: i32 = *Y;
    }

    package! {
        pub(super) package TWO;
        import THREE;
        pub(super) static Y: i32 = *X;
    }

    package! {
        package THREE;
        fn init() { assert!(!TWO.is_initialized()); }
    }

    package! {
        pub(super) package FOUR;
        import FIVE;
    }

    package! {
        package FIVE;
        import FOUR;
    }
}

#[test]
fn what_is_named_and_not_needed_is_no_cycle() {
    assert_eq!((*reentry::B, *reentry::A), (1, 1));
    assert_eq!(text(catch_unwind(|| reentry::AGAIN.init()).unwrap_err()), "initialization cycle: AGAIN -> AGAIN");
}

#[test]
fn a_cycle_is_reported_by_names_that_say_which_package() {
    let cycle = catch_unwind(|| *reentry::X).unwrap_err();
    assert_eq!(text(cycle), "initialization cycle: ONE.X -> TWO.Y -> ONE.X");
    assert_eq!(text(catch_unwind(|| reentry::FOUR.init()).unwrap_err()), "initialization cycle: FOUR -> FIVE -> FOUR");
}

mod threads {
    use super::*;

    pub(super) static BOTH: Barrier = Barrier::new(2);

    package! {
        pub(super) package LEFT;
        pub(super) static A: i32 = { BOTH.wait(); *b() };
    }

    package! {
        pub(super) package RIGHT;
        pub(super) static B: i32 = { BOTH.wait(); *A };
    }

    fn b() -> &'static i32 {
        B.get()
    }
}

/// Each thread is in the middle of what the other one needs.
#[test]
fn a_cycle_that_leads_through_two_threads_is_no_deadlock() {
    let _watchdog = Watchdog::new();
    let threads = [thread::spawn(|| *threads::A), thread::spawn(|| *threads::B)];
    let texts = threads.map(|thread| text(thread.join().unwrap_err()));
    assert_eq!(texts[0], texts[1]);
    let expected =
        ["initialization cycle: LEFT.A -> RIGHT.B -> LEFT.A", "initialization cycle: RIGHT.B -> LEFT.A -> RIGHT.B"];
    assert!(expected.contains(&texts[0].as_str()), "{texts:?}");
}

mod types {
    use super::*;

    package! {
        pub(super) package TYPES;

        use std::collections::BTreeMap;

        #[derive(Debug, PartialEq)]
        pub(super) struct Point { x: i32, y: i32 }

        impl Point {
            fn new() -> Point { Point { x: START[0], y: START[1] } }
        }

        pub(super) static POINTS: BTreeMap<&'static str, Point> = BTreeMap::from([("here", Point::new())]);
        pub(super) static START: Vec<i32> = vec![1, 2];
        pub(super) static NAME: &str = "here";
        pub(super) static BOXED: Box<dyn Fn(i32) -> i32 + Send + Sync> = Box::new(|x| x + START[0]);
    }
}

#[test]
fn variables_are_of_any_type_and_packages_have_any_item() {
    types::TYPES.init();
    assert_eq!(format!("{:?}", types::POINTS.get()), "{\"here\": Point { x: 1, y: 2 }}");
    assert_eq!((types::BOXED)(1), 2);
    assert_eq!(*types::NAME, "here");
    static_assertions::assert_impl_all!(package::Variable<Vec<i32>>: Send, Sync, std::panic::RefUnwindSafe);
    static_assertions::assert_impl_all!(package::Package: Send, Sync, std::panic::RefUnwindSafe);
}
