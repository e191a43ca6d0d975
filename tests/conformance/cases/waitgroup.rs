//! `WaitGroup`.

use std::sync::Arc;

use gosync::WaitGroup;
use gosync::chan::Chan;

use crate::play::{Case, Play, Task, case};

fn waiter(p: &Play, group: &Arc<WaitGroup>) -> Task {
    let group = Arc::clone(group);
    p.start(move || {
        group.wait();
        "over".to_owned()
    })
}

fn changed(group: &WaitGroup, delta: isize) -> String {
    group.add(delta);
    "done".to_owned()
}

fn new() -> Arc<WaitGroup> {
    Arc::new(WaitGroup::new())
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("group, nothing to wait for", |p| {
            let task = waiter(p, &new());
            p.see(&task);
        }),
        case("group, two are done", |p| {
            let group = new();
            group.add(2);
            let task = waiter(p, &group);
            group.done();
            p.see(&task);
            group.done();
            p.see(&task);
        }),
        case("group, three wait", |p| {
            let group = new();
            group.add(1);
            let tasks: Vec<_> = (0..3).map(|_| waiter(p, &group)).collect();
            p.see(&tasks);
            group.done();
            p.see(&tasks);
        }),
        case("group, used again", |p| {
            let group = new();
            for _ in 0..2 {
                group.add(3);
                group.add(-2);
                let task = waiter(p, &group);
                p.see(&task);
                group.done();
                p.see(&task);
            }
        }),
        case("group, one done too many", |p| {
            p.run(|| {
                new().done();
                "done".to_owned()
            });
        }),
        case("group, too much taken off", |p| {
            let group = new();
            group.add(1);
            p.run(|| changed(&group, -2));
        }),
        case("group, after one done too many", |p| {
            let group = new();
            p.run(|| changed(&group, -1));
            group.add(1);
            let task = waiter(p, &group);
            p.see(&task);
        }),
        case("group, add zero", |p| {
            let group = new();
            group.add(0);
            let task = waiter(p, &group);
            p.see(&task);
        }),
        case("group, go", |p| {
            let (group, c) = (new(), Chan::new(3));
            for i in 0..3 {
                let c = c.clone();
                group.go(move || c.send(i).unwrap());
            }
            group.wait();
            p.say(c.len());
        }),
        case("group, go from within", |p| {
            let (group, c) = (new(), Chan::new(3));
            let (same, tx) = (Arc::clone(&group), c.clone());
            group.go(move || {
                let inner = tx.clone();
                same.go(move || inner.send(1).unwrap());
                tx.send(2).unwrap();
            });
            group.wait();
            p.say(c.len());
        }),
        case("group, a function that panics", |p| {
            let group = new();
            group.go(|| panic!("boom"));
            p.run(|| {
                group.wait();
                "ok".to_owned()
            });
        }),
    ]
}
