//! `errgroup::Group`.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gosync::Context;
use gosync::chan::Chan;
use gosync::context::Cause;
use gosync::errgroup::{Group, TaskResult};

use super::context::over;
use crate::play::{Case, Play, Task, case, failed};

fn result(result: Result<(), Cause>) -> String {
    result.map_or_else(failed, |()| "ok".to_owned())
}

/// A task that waits for a message.
fn wait(c: &Chan<()>) -> impl FnOnce() -> TaskResult + Send + 'static {
    let c = c.clone();
    move || Ok(c.recv()?)
}

fn go(p: &Play, group: &Arc<Group>, f: impl FnOnce() -> TaskResult + Send + 'static) -> Task {
    let group = Arc::clone(group);
    p.start(move || {
        group.go(f);
        "started".to_owned()
    })
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("errgroup, all is well", |p| {
            let (group, c) = (Group::new(), Chan::new(3));
            for i in 0..3 {
                let c = c.clone();
                group.go(move || Ok(c.send(i)?));
            }
            p.say(format!("{} {}", result(group.wait()), c.len()));
        }),
        case("errgroup, nothing to wait for", |p| p.say(result(Group::new().wait()))),
        case("errgroup, the first error counts", |p| {
            let (group, c) = (Group::new(), Chan::new(0));
            let rx = c.clone();
            group.go(move || {
                rx.recv()?;
                Err("second".into())
            });
            group.go(|| Err("first".into()));
            thread::sleep(Duration::from_millis(25));
            c.send(()).unwrap();
            p.say(result(group.wait()));
            p.say(result(group.wait()));
        }),
        case("errgroup, an error cancels", |p| {
            let (group, ctx) = Group::with_context(&Context::background());
            let same = ctx.clone();
            group.go(|| Err("broken".into()));
            group.go(move || {
                same.done().recv().unwrap_err();
                Ok(same.check()?)
            });
            p.say(result(group.wait()));
            p.say(over(&ctx));
        }),
        case("errgroup, the wait cancels", |p| {
            let (group, ctx) = Group::with_context(&Context::background());
            group.go(|| Ok(()));
            p.say(result(group.wait()));
            p.say(over(&ctx));
        }),
        case("errgroup, limit", |p| {
            let (group, c) = (Arc::new(Group::new()), Chan::new(0));
            group.set_limit(1);
            p.say(format!("{} {}", group.try_go(wait(&c)).is_ok(), group.try_go(wait(&c)).is_ok()));
            let task = go(p, &group, wait(&c));
            p.see(&task);
            c.send(()).unwrap();
            p.see(&task);
            c.send(()).unwrap();
            p.say(result(group.wait()));
            p.say(group.try_go(|| Ok(())).is_ok());
            group.wait().unwrap();
        }),
        case("errgroup, limit of nothing", |p| {
            let group = Arc::new(Group::new());
            group.set_limit(0);
            p.say(group.try_go(|| Ok(())).is_ok());
            let task = go(p, &group, || Ok(()));
            p.see(&task);
        }),
        case("errgroup, limit changed while a task runs", |p| {
            let (group, c) = (Group::new(), Chan::new(0));
            group.set_limit(2);
            group.go(wait(&c));
            p.run(|| {
                group.set_limit(3);
                "set".to_owned()
            });
            c.send(()).unwrap();
            p.say(result(group.wait()));
        }),
    ]
}
