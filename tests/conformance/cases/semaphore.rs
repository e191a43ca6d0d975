//! `semaphore::Weighted`.

use std::sync::Arc;
use std::time::Duration;

use gosync::Context;
use gosync::context::ContextError;
use gosync::semaphore::Weighted;

use crate::play::{Case, Play, Task, case, failed};

fn new() -> Arc<Weighted> {
    Arc::new(Weighted::new(3))
}

fn result(result: Result<(), ContextError>) -> String {
    result.map_or_else(failed, |()| "ok".to_owned())
}

fn acquire(p: &Play, s: &Arc<Weighted>, ctx: &Context, n: usize) -> Task {
    let (s, ctx) = (Arc::clone(s), ctx.clone());
    p.start(move || result(s.acquire(&ctx, n)))
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("semaphore, try", |p| {
            let s = new();
            p.say([2, 2, 1, 0, 1].map(|n| s.try_acquire(n).to_string()).join(" "));
            s.release(1);
            p.say(s.try_acquire(1));
        }),
        case("semaphore, the first in line holds up the others", |p| {
            let (s, ctx) = (new(), Context::background());
            assert!(s.try_acquire(2));
            let large = acquire(p, &s, &ctx, 3);
            let small = acquire(p, &s, &ctx, 1);
            p.say(s.try_acquire(1));
            p.see([&large, &small]);
            s.release(2);
            p.see([&large, &small]);
            s.release(3);
            p.see([&large, &small]);
        }),
        case("semaphore, one in line gives up", |p| {
            let s = new();
            assert!(s.try_acquire(2));
            let (ctx, cancel) = Context::background().with_cancel();
            let large = acquire(p, &s, &ctx, 3);
            let small = acquire(p, &s, &Context::background(), 1);
            p.see([&large, &small]);
            cancel.cancel();
            p.see([&large, &small]);
        }),
        case("semaphore, with a context that is done", |p| {
            let s = new();
            let (ctx, cancel) = Context::background().with_cancel();
            cancel.cancel();
            p.say(result(s.acquire(&ctx, 1)));
            p.say(s.try_acquire(3));
        }),
        case("semaphore, more than there is", |p| {
            let s = new();
            let (ctx, _cancel) = Context::background().with_timeout(Duration::from_millis(1));
            p.say(result(s.acquire(&ctx, 4)));
            let forever = acquire(p, &s, &Context::background(), 4);
            let all = acquire(p, &s, &Context::background(), 3);
            p.see([&forever, &all]);
            p.say(s.try_acquire(4));
        }),
        case("semaphore, more released than held", |p| {
            let s = new();
            assert!(s.try_acquire(1));
            p.run(|| {
                s.release(2);
                "released".to_owned()
            });
        }),
    ]
}
