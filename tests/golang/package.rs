//! Package initialisation: the example of the specification, and `test/initloop.go`, `test/fixedbugs/issue22326.go`.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicI32, Ordering};

use gosync::{Mutex, package};

mod spec {
    use super::*;

    package! {
        pub(super) package SPEC;

        pub(super) static A: i32 = *C + *B;
        pub(super) static B: i32 = f();
        pub(super) static C: i32 = f();
        pub(super) static D: AtomicI32 = AtomicI32::new(3);

        fn f() -> i32 {
            D.fetch_add(1, Ordering::Relaxed) + 1
        }
    }
}

/// "Package initialization" in the specification: what each variable is, and so in which order they came.
#[test]
fn spec() {
    spec::SPEC.init();
    assert_eq!((*spec::A, *spec::B, *spec::C, spec::D.load(Ordering::Relaxed)), (9, 4, 5, 5));
}

mod order {
    use super::*;

    package! {
        pub(super) package ORDER;

        static FIRST: i32 = *D;
        static SECOND: i32 = f("_", &[*C, *B]);
        static A: i32 = f("a", &[]);
        static B: i32 = f("b", &[]);
        static C: i32 = f("c", &[]);
        static D: i32 = f("d", &[]);

        fn init() {
            f(" ", &[*FIRST, *SECOND, *A]);
            f("i", &[]);
        }

        /// Not looked at by `init`, and of no importance to it: not in the order.
        fn f(s: &str, _rest: &[i32]) -> i32 {
            SEEN.lock().push_str(s);
            0
        }
    }

    pub(super) static SEEN: Mutex<String> = Mutex::new(String::new());
}

/// The next variable is always the first that is ready.
#[test]
fn issue22326() {
    order::ORDER.init();
    order::ORDER.init();
    assert_eq!(*order::SEEN.lock(), "abc_d i");
}

mod initloop {
    use super::*;

    package! {
        pub(super) package LOOP;

        pub(super) static X: i32 = *A;
        pub(super) static A: i32 = *B;
        static B: i32 = *C;
        static C: i32 = *A;
        pub(super) static APART: i32 = 1;
    }
}

/// Go refuses to compile it; here whoever asks for it panics.
#[test]
fn initloop() {
    let text = |payload: Box<dyn std::any::Any + Send>| *payload.downcast::<String>().unwrap();
    let failure = || text(catch_unwind(|| initloop::LOOP.init()).unwrap_err());
    assert_eq!(failure(), "initialization cycle: A -> B -> C -> A");
    assert_eq!(failure(), "initialization cycle: A -> B -> C -> A");
    assert_eq!(text(catch_unwind(|| *initloop::A).unwrap_err()), "initialization cycle: A -> B -> C -> A");
    assert!(catch_unwind(|| *initloop::X).is_err());
    // The others are not in it.
    assert_eq!(*initloop::APART, 1);
    assert!(!initloop::LOOP.is_initialized());
}
