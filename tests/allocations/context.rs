//! Contexts and error groups.

use std::time::Duration;

use gosync::context::Context;
use gosync::errgroup::Group;

use crate::counter::{allocations, bytes, without_allocating};

const LONG: Duration = Duration::from_secs(3600);

/// The scope and its channel; a node of its parent's list for one in several children. All of it goes with the last handle.
#[test]
fn creation() {
    let before = bytes();
    without_allocating(|| drop(Context::background().without_cancel()));
    assert_eq!(allocations(|| drop(Context::background().with_cancel())).0, 2);
    assert_eq!(allocations(|| drop(Context::background().with_value(1_u64))).0, 2);
    let (parent, cancel) = Context::background().with_cancel();
    let (n, children) = allocations(|| (0..100).map(|_| parent.with_cancel()).collect::<Vec<_>>());
    assert!(n <= 100 * 2 + 50, "{n} for 100 children");
    drop((children, parent, cancel));
    assert_eq!(bytes(), before);
}

/// Asking, waiting and cancelling.
#[test]
fn use_of_it() {
    let (parent, cancel) = Context::background().with_value(1_u64).with_cancel();
    let (child, _cancel_child) = parent.with_cancel();
    // The thread for deadlines is there.
    drop(Context::background().with_timeout(LONG));
    let (late, _cancel_late) = child.with_timeout(LONG);
    without_allocating(|| {
        for ctx in [&parent, &child, &late] {
            assert_eq!((ctx.err(), ctx.check()), (None, Ok(())));
            assert!(ctx.cause().is_none() && ctx.done().try_recv().is_err());
            assert_eq!(ctx.clone().value::<u64>(), Some(&1));
        }
        cancel.cancel();
        assert!(late.err().is_some() && late.done().recv().is_err());
    });
}

/// A group, and the slots that come with a limit.
#[test]
fn groups() {
    let before = bytes();
    assert_eq!(allocations(|| drop(Group::new())).0, 1);
    assert_eq!(allocations(|| drop(Group::with_context(&Context::background()))).0, 3);
    let group = Group::new();
    assert_eq!(allocations(|| group.set_limit(1_000_000)).0, 1);
    drop(group);
    assert_eq!(bytes(), before);
}
