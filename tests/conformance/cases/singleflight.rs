//! `singleflight::Group`.

use std::sync::Arc;

use gosync::chan::Chan;
use gosync::singleflight::Group;

use crate::play::{Case, Play, Task, case};

type Groups = Arc<Group<&'static str, i32>>;

fn call(p: &Play, group: &Groups, key: &'static str, f: impl FnOnce() -> i32 + Send + 'static) -> Task {
    let group = Arc::clone(group);
    p.start(move || {
        let (value, shared) = group.call(key, f);
        format!("{value} {shared}")
    })
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("singleflight, one call after the other", |p| {
            let group = Groups::default();
            for i in 0..2 {
                let (value, shared) = group.call("key", || i);
                p.say(format!("{value} {shared}"));
            }
        }),
        case("singleflight, calls with one key share", |p| {
            let group = Groups::default();
            let release = Chan::new(0);
            let receiver = release.receiver();
            let first = call(p, &group, "key", move || receiver.recv().unwrap());
            let second = call(p, &group, "key", || 2);
            let other = call(p, &group, "other", || 3);
            p.see([&first, &second, &other]);
            release.send(1).unwrap();
            p.see([&first, &second]);
            let next = call(p, &group, "key", || 4);
            p.see(&next);
        }),
        case("singleflight, by channels", |p| {
            let group = Groups::default();
            let release = Chan::new(0);
            let receiver = release.receiver();
            let one = group.call_chan("key", move || receiver.recv().unwrap());
            let two = group.call_chan("key", || 2);
            release.send(1).unwrap();
            for channel in [one, two] {
                let (value, shared) = channel.recv().unwrap();
                p.say(format!("{value} {shared}"));
            }
        }),
    ]
}
