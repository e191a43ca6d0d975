//! Functions of contexts that cannot end any more: they go, and what they own with them.

use std::sync::{Arc, Weak};

use gosync::context::{CancelFunc, Context};
use gosync::go;

use crate::model::{Model, Verdict, fails, holds, witness};

const TREE: &str = "gosync.ctx-tree";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(TREE, "a function is added while the last canceller is forgotten", added_meanwhile)
            .bound(3)
            .reaches(&["ctx.can-end"]),
        holds(TREE, "a parent's and a child's last cancellers are forgotten", || both_forgotten(CancelFunc::forget))
            .bound(3)
            .reaches(&["ctx.look-up-after-lock"]),
        holds(TREE, "two clones of the last canceller are forgotten", two_clones).bound(3),
        holds(TREE, "one is forgotten, and one cancels", forgotten_and_dropped).bound(2).witnesses(&["called"]),
        holds(TREE, "a function is added while the parent's last canceller is dropped", || called_when_dropped(false))
            .bound(2),
        holds(TREE, "a canceller is forgotten while the parent's last is dropped", || called_when_dropped(true))
            .bound(2),
        holds(TREE, "a child with a canceller of its own keeps its function", own_end).bound(3),
        fails(TREE, "a child's canceller is forgotten, and its parent's kept", Verdict::Assertion, || {
            both_forgotten(std::mem::forget);
        }),
    ]
}

/// Has a function added that owns something: whether that is still there.
fn add(ctx: &Context) -> Weak<()> {
    let token = Arc::new(());
    let weak = Arc::downgrade(&token);
    drop(ctx.after_func(move || drop(token)));
    weak
}

fn added_meanwhile() {
    let (ctx, cancel) = Context::background().with_cancel();
    let adder = go(move || add(&ctx));
    cancel.forget();
    assert!(adder.join().unwrap().upgrade().is_none(), "it is still there");
}

fn both_forgotten(forget: fn(CancelFunc)) {
    let (parent, of_parent) = Context::background().with_cancel();
    let (child, of_child) = parent.with_cancel();
    let function = add(&child);
    assert!(function.upgrade().is_some());
    drop((parent, child));
    let other = go(move || forget(of_parent));
    of_child.forget();
    other.join().unwrap();
    assert!(function.upgrade().is_none(), "it is still there");
}

fn two_clones() {
    let (ctx, cancel) = Context::background().with_cancel();
    let function = add(&ctx);
    let clone = cancel.clone();
    let other = go(move || clone.forget());
    cancel.forget();
    other.join().unwrap();
    assert!(function.upgrade().is_none(), "it is still there");
}

/// Whichever is the last: if it cancels the function is called, and is not dropped before.
fn forgotten_and_dropped() {
    let (ctx, cancel) = Context::background().with_cancel();
    let (tx, called) = gosync::chan::bounded(1);
    drop(ctx.after_func(move || tx.send(()).unwrap()));
    let clone = cancel.clone();
    let other = go(move || clone.forget());
    drop(cancel);
    other.join().unwrap();
    // The channel ends when the function is gone.
    let calls = called.iter().count();
    assert_eq!(calls, usize::from(ctx.err().is_some()));
    if calls > 0 {
        witness("called");
    }
}

/// The drop of the parent's last canceller cancels the child, and a function of it is called, whenever it was added.
fn called_when_dropped(before: bool) {
    let (parent, of_parent) = Context::background().with_cancel();
    let (child, of_child) = parent.with_cancel();
    let (tx, called) = gosync::chan::bounded(1);
    let add = |child: &Context| drop(child.after_func(move || tx.send(()).unwrap()));
    if before {
        add(&child);
        let other = go(move || drop(of_parent));
        of_child.forget();
        other.join().unwrap();
    } else {
        of_child.forget();
        let other = go(move || drop(of_parent));
        add(&child);
        other.join().unwrap();
    }
    // The channel ends when the function is gone.
    assert_eq!(called.iter().count(), 1);
}

/// The parent's last canceller is forgotten. The child's is there, so it can still end, and its function is called then.
fn own_end() {
    let (parent, of_parent) = Context::background().with_cancel();
    let (child, of_child) = parent.with_cancel();
    let (tx, called) = gosync::chan::bounded(1);
    drop(child.after_func(move || tx.send(()).unwrap()));
    let other = go(move || of_parent.forget());
    of_child.cancel();
    other.join().unwrap();
    assert_eq!(called.iter().count(), 1);
}
