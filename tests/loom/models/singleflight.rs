//! Calls that share a result.

use std::panic::resume_unwind;

use gosync::go;
use gosync::singleflight::Group;
use gosync_atomic::__sys::Parker;
use loom::sync::Arc;

use super::once::caught;
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, poll_once};

const RETURN: &str = "singleflight.fn-before-every-return";
const HAND_OVER: &str = "gosync.singleflight-cancel";
const WAITED: &[&str] = &["wg.wake"];

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(RETURN, "two callers", || {
            let group = Arc::new(Group::new());
            let other = go({
                let group = Arc::clone(&group);
                move || call(&group)
            });
            let shared = call(&group);
            assert_eq!(other.join().unwrap(), shared, "both share it, or none");
            witness(if shared { "shared" } else { "not shared" });
        })
        .bound(2)
        .witnesses(&["shared", "not shared"])
        .reaches(WAITED),
        holds(RETURN, "three callers", || {
            let group = Arc::new(Group::new());
            let others = [(); 2].map(|()| {
                let group = Arc::clone(&group);
                go(move || call(&group))
            });
            let mut shared = usize::from(call(&group));
            others.into_iter().for_each(|other| shared += usize::from(other.join().unwrap()));
            witness(["none", "", "two", "three"][shared]);
        })
        .bound(1)
        .witnesses(&["none", "two"])
        .reaches(WAITED),
        holds(RETURN, "by a channel", || {
            // std's Arc, which loom does not see, has no part in it.
            let group: &Group<_, _> = Box::leak(Box::new(Group::new()));
            let result = group.call_chan_static(1, || Plain::holding(1));
            let shared = call(group);
            let (value, also) = result.recv().unwrap();
            assert_eq!((value.read(), also), (1, shared));
            witness(if shared { "shared" } else { "not shared" });
        })
        .bound(2)
        .witnesses(&["shared", "not shared"]),
        holds(RETURN, "a second channel", || {
            // std's Arc, which loom does not see, has no part in it.
            let group: &Group<_, _> = Box::leak(Box::new(Group::new()));
            let results = [(); 2].map(|()| group.call_chan_static(1, || Plain::holding(1)));
            let [first, second] = results.map(|result| result.recv().unwrap());
            assert_eq!((first.0.read(), second.0.read(), first.1), (1, 1, second.1));
            witness(if first.1 { "shared" } else { "not shared" });
        })
        .bound(2)
        .witnesses(&["shared", "not shared"]),
        holds(RETURN, "a panic", || {
            let (d, group) = (Plain::new(), Arc::new(Group::new()));
            let call = |d: &Plain, group: &Group<usize, ()>| {
                let fails = || {
                    d.increment();
                    resume_unwind(Box::new("expected"));
                };
                assert!(caught(|| _ = group.call(1, fails)).is_some());
            };
            let other = go({
                let (d, group) = (d.clone(), Arc::clone(&group));
                move || call(&d, &group)
            });
            call(&d, &group);
            other.join().unwrap();
            witness(if d.read() == 1 { "shared" } else { "not shared" });
        })
        .bound(2)
        .witnesses(&["shared", "not shared"])
        .reaches(WAITED),
        holds(RETURN, "a task and a thread", || {
            let group = Arc::new(Group::new());
            let other = go({
                let group = Arc::clone(&group);
                move || {
                    let (value, shared) = block_on(group.call_async(1, async { Plain::holding(1) }));
                    assert_eq!(value.read(), 1);
                    shared
                }
            });
            let shared = call(&group);
            assert_eq!(other.join().unwrap(), shared);
            witness(if shared { "shared" } else { "not shared" });
        })
        .bound(2)
        .witnesses(&["shared", "not shared"])
        .reaches(&["wg.wake-tasks"]),
        holds(RETURN, "forgotten", || {
            // Who comes after that makes a call of its own.
            let group = Arc::new(Group::new());
            let other = go({
                let group = Arc::clone(&group);
                move || {
                    let forget = || {
                        group.forget(&1);
                        Plain::holding(2)
                    };
                    assert!((1..=2).contains(&group.call(1, forget).0.read()));
                }
            });
            let (value, shared) = group.call(1, || Plain::holding(1));
            witness(match (value.read(), shared) {
                (1, false) => "its own",
                (1, true) => "its own, shared",
                (2, true) => "the other's",
                result => panic!("{result:?}"),
            });
            other.join().unwrap();
        })
        .bound(2)
        .witnesses(&["its own", "its own, shared", "the other's"])
        .bound(2),
        holds(RETURN, "one that was forgotten ends", || {
            // It leaves the call that came after it alone, and that is joined.
            let group = Arc::new(Group::new());
            let parker = Parker::new();
            let (end, ended) = gosync::chan::bounded(1);
            let mut second = Box::pin({
                let group = Arc::clone(&group);
                async move {
                    let wait = async {
                        ended.recv_async().await.unwrap();
                        Plain::holding(2)
                    };
                    group.call_async(1, wait).await
                }
            });
            let forgotten = go({
                let group = Arc::clone(&group);
                move || {
                    let forget = || {
                        group.forget(&1);
                        assert!(poll_once(second.as_mut(), &parker).is_pending());
                        Plain::holding(1)
                    };
                    let (value, _) = group.call(1, forget);
                    assert_eq!(value.read(), 1);
                    let mut third = Box::pin(group.call_async(1, std::future::pending()));
                    assert!(poll_once(third.as_mut(), &parker).is_pending());
                    end.send(()).unwrap();
                    let values = [block_on(second), block_on(third)];
                    assert!(values.iter().all(|(value, shared)| (value.read(), *shared) == (2, true)));
                }
            });
            group.forget(&2);
            forgotten.join().unwrap();
        })
        .bound(2)
        .reaches(&["singleflight.over"]),
        fails(RETURN, "two keys", Verdict::Race, || {
            let (d, group) = (Plain::new(), Arc::new(Group::new()));
            let other = go({
                let (d, group) = (d.clone(), Arc::clone(&group));
                move || group.call(1, || d.write(1))
            });
            group.call(2, || d.write(2));
            other.join().unwrap();
        }),
        holds(HAND_OVER, "a thread takes over", || {
            let group = Arc::new(Group::new());
            let parker = Parker::new();
            let mut first = Box::pin(group.call_async(1, async {
                std::future::pending::<()>().await;
                Plain::holding(0)
            }));
            assert!(poll_once(first.as_mut(), &parker).is_pending());
            let other = go({
                let group = Arc::clone(&group);
                move || call(&group)
            });
            drop(first);
            assert!(!other.join().unwrap());
        })
        .bound(2)
        .reaches(WAITED),
        holds(HAND_OVER, "a task takes over, or a channel", || {
            // std's Arc, which loom does not see, has no part in it.
            let group: &Group<_, _> = Box::leak(Box::new(Group::new()));
            let parker = Parker::new();
            let mut first = Box::pin(group.call_async(1, std::future::pending::<Plain>()));
            assert!(poll_once(first.as_mut(), &parker).is_pending());
            let result = group.call_chan_static(1, || Plain::holding(1));
            let mut second = Box::pin(group.call_async(1, async { Plain::holding(1) }));
            assert!(poll_once(second.as_mut(), &parker).is_pending());
            drop(first);
            let (values, shared) = {
                let ((a, b), (c, d)) = (block_on(second), result.recv().unwrap());
                ([a, c], [b, d])
            };
            assert!(values.iter().all(|value| value.read() == 1) && shared[0] == shared[1]);
        })
        .bound(1)
        .reaches(&["wg.wake-tasks"]),
        fails(HAND_OVER, "put aside", Verdict::Deadlock, || {
            let group = Arc::new(Group::new());
            let mut first = Box::pin(group.call_async(1, std::future::pending::<Plain>()));
            assert!(poll_once(first.as_mut(), &Parker::new()).is_pending());
            call(&group);
            drop(first);
        }),
    ]
}

/// Makes a value that others can see only after it was made; whether they got it too.
fn call(group: &Group<usize, Plain>) -> bool {
    let (value, shared) = group.call(1, || Plain::holding(1));
    assert_eq!(value.read(), 1);
    shared
}
