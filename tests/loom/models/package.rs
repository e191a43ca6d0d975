//! Package initialisation: what `package!` makes, by hand, because there are no constants in a model.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gosync::go;
use gosync::package::{Member, Package, Variable};
use loom::lazy_static;

use super::once::WAKE;
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const MAIN: &str = "init.all-before-main";
const IMPORT: &str = "init.import-before-importer-init";
const CYCLE: &str = "gosync.init-cycle";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(MAIN, "two threads", || {
            lazy_static! {
                static ref D: Plain = Plain::new();
                static ref A: Variable<Plain> = variable("A", || &P, || Plain::holding(1));
                static ref P: Package = package(&[], vec![&*A], &[&|| D.write(D.read() + A.read())]);
            }
            let call = || {
                P.init();
                assert_eq!((D.read(), A.read()), (1, 1));
            };
            made(&[&P]);
            D.read();
            let other = go(call);
            call();
            other.join().unwrap();
        })
        .reaches(WAKE),
        holds(MAIN, "a variable before that", || {
            lazy_static! {
                static ref A: Variable<Plain> = variable("A", || &P, || Plain::holding(B.read() + 1));
                static ref B: Variable<Plain> = variable("B", || &P, || Plain::holding(1));
                static ref P: Package = package(&[], vec![&*A, &*B], &[]);
            }
            made(&[&P]);
            let other = go(|| assert_eq!(A.read(), 2));
            P.init();
            assert_eq!((A.read(), B.read()), (2, 1));
            other.join().unwrap();
        })
        .reaches(WAKE),
        fails(MAIN, "a thread that it starts", Verdict::Race, || {
            lazy_static! {
                static ref D: Plain = Plain::new();
                static ref P: Package = package(
                    &[],
                    vec![],
                    &[&|| {
                        let d = D.clone();
                        go(move || d.write(1));
                    }]
                );
            }
            P.init();
            D.read();
        }),
        holds(IMPORT, "an init function", || {
            lazy_static! {
                static ref D: Plain = Plain::new();
                static ref Q: Package = package(&[], vec![], &[&|| D.write(1)]);
                static ref P: Package = package(&[&Q], vec![], &[&|| assert_eq!(D.read(), 1)]);
            }
            D.read();
            made(&[&P, &Q]);
            let other = go(|| Q.init());
            P.init();
            other.join().unwrap();
        })
        .reaches(WAKE),
        holds(IMPORT, "a variable", || {
            lazy_static! {
                static ref D: Plain = Plain::new();
                static ref Q: Package = package(&[], vec![], &[&|| D.write(1)]);
                static ref A: Variable<usize> = variable("A", || &P, || D.read());
                static ref P: Package = package(&[&Q], vec![&*A], &[]);
            }
            D.read();
            made(&[&P, &Q]);
            let other = go(|| Q.init());
            assert_eq!(**A, 1);
            other.join().unwrap();
        })
        .reaches(WAKE),
        fails(IMPORT, "not imported", Verdict::Race, || {
            lazy_static! {
                static ref D: Plain = Plain::new();
                static ref Q: Package = package(&[], vec![], &[&|| D.write(1)]);
                static ref P: Package = package(&[], vec![], &[&|| _ = D.read()]);
            }
            D.read();
            made(&[&P, &Q]);
            let other = go(|| Q.init());
            P.init();
            other.join().unwrap();
        }),
        holds(CYCLE, "two threads", || {
            lazy_static! {
                static ref A: Variable<usize> = variable("A", || &P, || **B);
                static ref B: Variable<usize> = variable("B", || &P, || **A);
                static ref P: Package = package(&[], vec![&*A, &*B], &[]);
            }
            made(&[&P]);
            let other = go(|| panic_text(|| **A));
            let texts = [panic_text(|| **B), other.join().unwrap()];
            witness(if texts[0] == texts[1] { "the same for both" } else { "not the same" });
            let expected = ["initialization cycle: A -> B -> A", "initialization cycle: B -> A -> B"];
            assert!(texts.iter().all(|text| expected.contains(&text.as_str())), "{texts:?}");
        })
        .bound(3)
        .witnesses(&["the same for both"])
        .reaches(WAKE),
        holds(CYCLE, "three threads", || {
            lazy_static! {
                static ref A: Variable<usize> = variable("A", || &P, || **B);
                static ref B: Variable<usize> = variable("B", || &P, || **C);
                static ref C: Variable<usize> = variable("C", || &P, || **A);
                static ref P: Package = package(&[], vec![&*A, &*B, &*C], &[]);
            }
            made(&[&P]);
            let others = [go(|| panic_text(|| **A)), go(|| panic_text(|| **B))];
            assert!(panic_text(|| **C).starts_with("initialization cycle: "));
            others.into_iter().for_each(|other| assert!(other.join().unwrap().starts_with("initialization cycle: ")));
        })
        .bound(1)
        .reaches(WAKE),
        holds(CYCLE, "no cycle", || {
            // They wait for each other's variables, one after the other.
            lazy_static! {
                static ref A: Variable<usize> = variable("A", || &P, || **B + 1);
                static ref B: Variable<usize> = variable("B", || &P, || 1);
                static ref C: Variable<usize> = variable("C", || &P, || **B + **A);
                static ref P: Package = package(&[], vec![&*A, &*B, &*C], &[]);
            }
            made(&[&P]);
            let other = go(|| **A);
            assert_eq!(**C, 3);
            assert_eq!(other.join().unwrap(), 2);
        })
        .bound(3)
        .reaches(WAKE),
        fails(CYCLE, "by way of a join", Verdict::Deadlock, || {
            lazy_static! {
                static ref A: Variable<usize> = variable("A", || &P, || go(|| **A).join().unwrap());
                static ref P: Package = package(&[], vec![&*A], &[]);
            }
            made(&[&P]);
            assert_eq!(**A, 1);
        }),
    ]
}

fn package(
    imports: &[&'static Package],
    variables: Vec<&'static dyn Member>,
    inits: &'static [&'static (dyn Fn() + Sync)],
) -> Package {
    // SAFETY: what a model has made stays until the model ends.
    unsafe { Package::__new("P", imports.to_vec().leak(), variables.leak(), &[], inits) }
}

/// Its initialiser names nothing that the package can see.
fn variable<T>(name: &'static str, package: fn() -> &'static Package, f: fn() -> T) -> Variable<T> {
    // SAFETY: as above.
    unsafe { Variable::__new(package, "P", name, "", f) }
}

/// Makes them, and their variables, before any other thread begins.
fn made(packages: &[&Package]) {
    assert!(packages.iter().all(|package| !package.is_initialized()));
}

fn panic_text(f: impl FnOnce() -> usize) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it is in a cycle");
    *payload.downcast::<String>().expect("it has a text")
}
