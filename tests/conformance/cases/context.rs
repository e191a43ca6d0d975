//! `Context`.

use std::time::{Duration, Instant};

use gosync::Context;
use gosync::chan::{Chan, TryRecvError};

use super::states::received;
use crate::play::{Case, case};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn over(ctx: &Context) -> String {
    match ctx.done().try_recv() {
        Err(TryRecvError::Disconnected) => format!("done {} {}", ctx.err().unwrap(), ctx.cause().unwrap()),
        _ => format!("going on {} {}", ctx.err().is_none(), ctx.cause().is_none()),
    }
}

fn background() -> Context {
    Context::background()
}

pub(crate) fn cases() -> Vec<Case> {
    [cancelled(), causes(), deadlines(), others()].into_iter().flatten().collect()
}

fn cancelled() -> Vec<Case> {
    vec![
        case("context, background", |p| {
            let ctx = background();
            p.say(format!("{} {} {}", over(&ctx), ctx.done().is_nil(), ctx.deadline().is_some()));
            p.say(over(&Context::todo()));
        }),
        case("context, cancelled", |p| {
            let (ctx, cancel) = background().with_cancel();
            p.say(over(&ctx));
            cancel.cancel();
            p.say(over(&ctx));
            cancel.cancel();
            p.say(over(&ctx));
        }),
        case("context, cancelled above and below", |p| {
            let (top, cancel) = background().with_cancel();
            let (middle, cancel_middle) = top.with_cancel();
            let (bottom, _bottom) = middle.with_cancel();
            let (other, _other) = top.with_cancel();
            cancel_middle.cancel();
            [&top, &middle, &bottom, &other].into_iter().for_each(|ctx| p.say(over(ctx)));
            cancel.cancel();
            p.say(over(&other));
        }),
        case("context, born cancelled", |p| {
            let (top, cancel) = background().with_cancel_cause();
            cancel.cancel("disk full");
            let (ctx, _cancel) = top.with_cancel();
            p.say(over(&ctx));
        }),
        case("context, somebody waits", |p| {
            let (ctx, cancel) = background().with_cancel();
            let task = p.start(move || {
                ctx.done().recv().unwrap_err();
                over(&ctx)
            });
            p.see(&task);
            cancel.cancel();
            p.see(&task);
        }),
    ]
}

fn causes() -> Vec<Case> {
    vec![
        case("context, the first cause counts", |p| {
            let (ctx, cancel) = background().with_cancel_cause();
            cancel.cancel("disk full");
            cancel.cancel("another");
            p.say(over(&ctx));
        }),
        case("context, a cause from above", |p| {
            let (top, cancel) = background().with_cancel_cause();
            let (ctx, cancel_it) = top.with_cancel_cause();
            cancel.cancel("disk full");
            cancel_it.cancel("too late");
            p.say(over(&ctx));
        }),
        case("context, a cause below stays below", |p| {
            let (top, cancel) = background().with_cancel_cause();
            let (ctx, cancel_it) = top.with_cancel_cause();
            cancel_it.cancel("disk full");
            p.say(over(&ctx));
            p.say(over(&top));
            cancel.as_cancel_func().cancel();
            p.say(over(&top));
        }),
    ]
}

fn deadlines() -> Vec<Case> {
    vec![
        case("context, deadline", |p| {
            let (ctx, cancel) = background().with_timeout(Duration::from_millis(1));
            ctx.done().recv().unwrap_err();
            p.say(over(&ctx));
            cancel.cancel();
            p.say(over(&ctx));
        }),
        case("context, deadline that has passed", |p| {
            let (ctx, _cancel) = background().with_deadline(Instant::now());
            p.say(over(&ctx));
        }),
        case("context, deadline with a cause", |p| {
            let (ctx, _cancel) = background().with_timeout_cause(Duration::ZERO, "disk full");
            p.say(over(&ctx));
            let (ctx, cancel) = background().with_timeout_cause(HOUR, "disk full");
            cancel.cancel();
            p.say(over(&ctx));
        }),
        case("context, the earlier deadline counts", |p| {
            let (top, cancel) = background().with_timeout(HOUR);
            let (ctx, _cancel) = top.with_timeout(2 * HOUR);
            p.say(top.deadline() == ctx.deadline());
            cancel.cancel();
            p.say(over(&ctx));
        }),
    ]
}

fn others() -> Vec<Case> {
    vec![
        case("context, without cancel", |p| {
            let (top, cancel) = background().with_value(7).with_timeout(HOUR);
            let ctx = top.without_cancel();
            cancel.cancel();
            p.say(format!("{} {} {}", over(&ctx), ctx.deadline().is_some(), ctx.value::<i32>().unwrap()));
        }),
        case("context, values", |p| {
            let ctx = background().with_value(1);
            let inner = ctx.with_value(2);
            let value = |ctx: &Context| *ctx.value::<i32>().unwrap();
            p.say(format!("{} {} {}", background().value::<i32>().is_none(), value(&ctx), value(&inner)));
        }),
        case("context, function after it", |p| {
            let (ctx, cancel) = background().with_cancel();
            let c = Chan::new(9);
            let send = |value| {
                let c = c.clone();
                move || c.send(value).unwrap()
            };
            let stop = ctx.after_func(send(1));
            let stopped = ctx.after_func(send(2));
            p.say(format!("{} {}", stopped.stop(), stopped.stop()));
            cancel.cancel();
            p.say(received(c.recv()));
            p.say(stop.stop());
            let _late = ctx.after_func(send(3));
            p.say(received(c.recv()));
            p.say(c.len());
        }),
        case("context, function after what does not end", |p| p.say(background().after_func(|| {}).stop())),
    ]
}
