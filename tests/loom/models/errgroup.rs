//! Error groups: threads and futures as tasks, limits, and what a failure ends.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;

use gosync::context::Context;
use gosync::errgroup::Group;
use gosync::go;
use gosync_atomic::__sys::Parker;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, poll_once};

const GO: &str = "errgroup.go-before-f";
const WAIT: &str = "errgroup.f-before-wait";
const LIMIT: &str = "gosync.errgroup-limit";
const ERROR: &str = "gosync.errgroup-error";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(GO, "write before go", || {
            let (d, group) = (Plain::holding(1), Group::new());
            group.go({
                let d = d.clone();
                move || {
                    assert_eq!(d.read(), 1);
                    Ok(())
                }
            });
            group.wait().unwrap();
        }),
        fails(GO, "write after go", Verdict::Race, || {
            let (d, group) = (Plain::new(), Group::new());
            group.go({
                let d = d.clone();
                move || {
                    d.read();
                    Ok(())
                }
            });
            d.write(1);
            group.wait().unwrap();
        }),
        holds(WAIT, "two tasks", || {
            let (a, b, group) = (Plain::new(), Plain::new(), Group::new());
            write_in_task(&group, &a);
            write_in_task(&group, &b);
            group.wait().unwrap();
            assert_eq!(a.read() + b.read(), 2);
        })
        .bound(3),
        holds(WAIT, "a task that fails", || {
            let (d, group) = (Plain::new(), Group::new());
            group.go({
                let d = d.clone();
                move || {
                    d.write(1);
                    Err("expected".into())
                }
            });
            assert_eq!(group.wait().unwrap_err().to_string(), "expected");
            assert_eq!(d.read(), 1);
        }),
        holds(WAIT, "a task that panics", || {
            let (d, group) = (Plain::new(), Group::new());
            group.go({
                let d = d.clone();
                move || {
                    d.write(1);
                    resume_unwind(Box::new("expected by this model"));
                }
            });
            assert!(catch_unwind(AssertUnwindSafe(|| group.wait())).is_err(), "the panic was not carried on");
            assert_eq!(d.read(), 1);
        }),
        holds(WAIT, "a future", || {
            let (d, group) = (Plain::new(), Group::new());
            let task = group.task({
                let d = d.clone();
                async move {
                    d.write(1);
                    Ok(())
                }
            });
            let runner = go(move || block_on(task));
            block_on(group.wait_async()).unwrap();
            assert_eq!(d.read(), 1);
            runner.join().unwrap();
        }),
        holds(WAIT, "a future that is dropped", || {
            let (d, group) = (Plain::new(), Group::new());
            let owned = WritesOnDrop(d.clone());
            let task = group.task(async move {
                drop(owned);
                Ok(())
            });
            let dropper = go(move || drop(task));
            group.wait().unwrap();
            assert_eq!(d.read(), 1);
            dropper.join().unwrap();
        }),
        fails(WAIT, "read before the wait", Verdict::Race, || {
            let (d, group) = (Plain::new(), Group::new());
            write_in_task(&group, &d);
            d.read();
            group.wait().unwrap();
        }),
        holds(LIMIT, "one at a time", || one_after_the_other(1)).bound(2),
        fails(LIMIT, "two at a time", Verdict::Race, || one_after_the_other(2)).bound(2),
        holds(LIMIT, "try_go", || {
            let (d, group) = (Plain::new(), Group::new());
            group.set_limit(1);
            write_in_task(&group, &d);
            let other = d.clone();
            let started = group.try_go(move || {
                assert_eq!(other.read(), 1);
                Ok(())
            });
            witness(if started.is_ok() { "started" } else { "not started" });
            drop(started);
            group.wait().unwrap();
        })
        .bound(2)
        .witnesses(&["started", "not started"]),
        holds(LIMIT, "a future after a task", || {
            let (d, group) = (Plain::new(), Group::new());
            group.set_limit(1);
            write_in_task(&group, &d);
            block_on(group.task(async {
                assert_eq!(d.read(), 1);
                Ok(())
            }));
            group.wait().unwrap();
        })
        .bound(3),
        holds(LIMIT, "a future that gives up", || {
            let group = Group::new();
            group.set_limit(1);
            let d = Plain::new();
            write_in_task(&group, &d);
            {
                let parker = Parker::new();
                let mut task = pin!(group.task(async { Ok(()) }));
                witness(if poll_once(task.as_mut(), &parker).is_pending() { "waits" } else { "ready" });
            }
            // The slot is there, whether it was on its way to the future or not.
            write_in_task(&group, &d);
            group.wait().unwrap();
            assert_eq!(d.read(), 1);
        })
        .bound(2)
        .witnesses(&["waits", "ready"]),
        holds(ERROR, "a failure is seen by way of the context", || {
            let (d, (group, ctx)) = (Plain::new(), Group::with_context(&Context::background()));
            group.go({
                let d = d.clone();
                move || {
                    d.write(1);
                    Err("expected".into())
                }
            });
            ctx.done().recv().unwrap_err();
            assert_eq!((d.read(), ctx.cause().unwrap().to_string()), (1, "expected".to_owned()));
            group.wait().unwrap_err();
        })
        .bound(3),
        holds(ERROR, "a panic is seen by way of the context", || {
            let (d, (group, ctx)) = (Plain::new(), Group::with_context(&Context::background()));
            group.go({
                let d = d.clone();
                move || {
                    d.write(1);
                    resume_unwind(Box::new("expected by this model"));
                }
            });
            ctx.done().recv().unwrap_err();
            assert_eq!(d.read(), 1);
            assert!(catch_unwind(AssertUnwindSafe(|| group.wait())).is_err());
        })
        .bound(3),
        holds(ERROR, "the first of two", || {
            let (group, ctx) = Group::with_context(&Context::background());
            for n in ["first", "second"] {
                group.go(move || Err(n.into()));
            }
            let error = group.wait().unwrap_err().to_string();
            witness(if error == "first" { "first" } else { "second" });
            assert_eq!(ctx.cause().unwrap().to_string(), error);
        })
        .bound(2)
        .witnesses(&["first", "second"]),
    ]
}

struct WritesOnDrop(Plain);

impl Drop for WritesOnDrop {
    fn drop(&mut self) {
        self.0.write(1);
    }
}

fn write_in_task(group: &Group, d: &Plain) {
    let d = d.clone();
    group.go(move || {
        d.write(1);
        Ok(())
    });
}

fn one_after_the_other(limit: usize) {
    let (d, group) = (Plain::new(), Group::new());
    group.set_limit(limit);
    write_in_task(&group, &d);
    write_in_task(&group, &d);
    group.wait().unwrap();
    assert_eq!(d.read(), 1);
}
