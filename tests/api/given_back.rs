//! What a function returns, if the drop of something that it was given panics: an argument is dropped once the result has its place at
//! the caller's, and there, nobody would drop it. It need not come back from a call that panics, but it must go.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use gosync::atomic::{Pointer, Value};
use gosync::chan;
use gosync::singleflight::Group;

use crate::watchdog::Watchdog;

/// Something that lives as long as it is counted.
type Live = Arc<()>;

/// Panics in its drop, if it is armed.
#[derive(Clone)]
struct Bomb(Arc<AtomicBool>);

impl Bomb {
    fn new() -> Bomb {
        Bomb(Arc::new(AtomicBool::new(true)))
    }

    fn disarmed() -> Bomb {
        Bomb(Arc::new(AtomicBool::new(false)))
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        // Once: the second one would end the process.
        assert!(!self.0.swap(false, Ordering::Relaxed), "expected by this test");
    }
}

/// All keys are equal.
struct Key(#[expect(dead_code, reason = "it is dropped")] Bomb);

impl PartialEq for Key {
    fn eq(&self, _: &Key) -> bool {
        true
    }
}

impl Eq for Key {}

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// It panics, and what it would have returned is gone.
#[track_caller]
fn loses_nothing<R>(live: &Live, f: impl FnOnce() -> R) {
    let before = Arc::strong_count(live);
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err(), "it panics");
    assert_eq!(Arc::strong_count(live), before, "the result is leaked");
}

#[test]
fn an_update_by_a_function_that_owns() {
    let live = Live::default();
    let (bomb, value) = (Bomb::new(), Value::new(Arc::clone(&live)));
    let old = catch_unwind(AssertUnwindSafe(|| {
        value.update(move |_| {
            let _owned = &bomb;
            Live::default()
        })
    }));
    assert!(old.is_err());
    assert_eq!(Arc::strong_count(&live), 1, "the old value has gone");

    let (bomb, pointer) = (Bomb::new(), Pointer::new(Some(Arc::clone(&live))));
    let old = catch_unwind(AssertUnwindSafe(|| {
        pointer.update(move |_| {
            let _owned = &bomb;
            None
        })
    }));
    assert!(old.is_err());
    assert_eq!(Arc::strong_count(&live), 1, "the old pointee has gone");
}

#[test]
fn a_call_that_leads() {
    let (live, group) = (Live::default(), Group::new());
    loses_nothing(&live, || group.call(Key(Bomb::new()), || Arc::clone(&live)));
    assert!(!group.call(Key(Bomb::disarmed()), Live::default).1);
}

/// A thread that is in its function for as long as this runs, and returns the value then.
fn while_led<R>(group: &Group<Key, Live>, live: &Live, f: impl FnOnce() -> R + Send) {
    let ((go_on, wait), (started, starts)) = (chan::bounded::<()>(0), chan::bounded(1));
    thread::scope(|scope| {
        scope.spawn(move || {
            group.call(Key(Bomb::disarmed()), || {
                started.send(()).unwrap();
                let _ = wait.recv();
                Arc::clone(live)
            })
        });
        starts.recv().unwrap();
        scope.spawn(move || {
            crate::settle();
            drop(go_on);
        });
        f();
    });
}

#[test]
fn a_call_that_follows() {
    let _watchdog = Watchdog::new();
    let (live, group) = (Live::default(), Group::new());
    while_led(&group, &live, || {
        catch_unwind(AssertUnwindSafe(|| group.call(Key(Bomb::new()), || unreachable!()))).expect_err("it panics")
    });
    assert_eq!(Arc::strong_count(&live), 1, "its key");
    while_led(&group, &live, || {
        let bomb = Bomb::new();
        let f = move || {
            let _owned = &bomb;
            unreachable!()
        };
        catch_unwind(AssertUnwindSafe(|| group.call(Key(Bomb::disarmed()), f))).expect_err("it panics")
    });
    assert_eq!(Arc::strong_count(&live), 1, "its function");
}

#[test]
fn a_call_by_a_channel() {
    let _watchdog = Watchdog::new();
    let (live, group) = (Live::default(), Arc::new(Group::new()));
    for is_key in [true, false] {
        let bomb = |is_armed| if is_armed { Bomb::new() } else { Bomb::disarmed() };
        while_led(&group, &live, || {
            let owned = bomb(!is_key);
            let f = move || {
                let _owned = &owned;
                unreachable!()
            };
            catch_unwind(AssertUnwindSafe(|| group.call_chan(Key(bomb(is_key)), f))).expect_err("it panics")
        });
        assert_eq!(Arc::strong_count(&live), 1, "the channel");
    }
}

/// Ready at once, and panics when it goes.
struct Ready(Live, #[expect(dead_code, reason = "it is dropped")] Bomb);

impl Future for Ready {
    type Output = Live;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Live> {
        Poll::Ready(Arc::clone(&self.0))
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_future_with_a_context() {
    let live = Live::default();
    let context = gosync::Context::background();
    let mut future = Box::pin(context.until_done(Ready(Arc::clone(&live), Bomb::new())));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(future.as_mut()))).is_err());
    drop(future);
    assert_eq!(Arc::strong_count(&live), 1);
}

#[test]
fn a_call_by_a_task() {
    let _watchdog = Watchdog::new();
    let (live, group) = (Live::default(), Group::new());
    for is_key in [true, false] {
        let bomb = |is_armed| if is_armed { Bomb::new() } else { Bomb::disarmed() };
        let ready = Ready(Arc::clone(&live), bomb(!is_key));
        let mut call = Box::pin(group.call_async(Key(bomb(is_key)), ready));
        assert!(catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()))).is_err());
        drop(call);
        assert_eq!(Arc::strong_count(&live), 1, "it leads");
    }
    for is_key in [true, false] {
        let bomb = |is_armed| if is_armed { Bomb::new() } else { Bomb::disarmed() };
        let (go_on, goes_on) = chan::bounded::<()>(1);
        let mut leads = Box::pin(group.call_async(Key(Bomb::disarmed()), async {
            goes_on.recv_async().await.unwrap();
            Arc::clone(&live)
        }));
        assert!(poll(leads.as_mut()).is_pending());
        let ready = Ready(Live::default(), bomb(!is_key));
        let mut follows = Box::pin(group.call_async(Key(bomb(is_key)), ready));
        assert!(poll(follows.as_mut()).is_pending());
        go_on.send(()).unwrap();
        assert!(poll(leads.as_mut()).is_ready());
        assert!(catch_unwind(AssertUnwindSafe(|| poll(follows.as_mut()))).is_err());
        drop((leads, follows));
        assert_eq!(Arc::strong_count(&live), 1, "it follows");
    }
}

/// A key that cannot be compared while its switch is on.
struct Odd(&'static AtomicBool, #[expect(dead_code, reason = "it is dropped")] Bomb);

impl PartialEq for Odd {
    fn eq(&self, _: &Odd) -> bool {
        assert!(!self.0.load(Ordering::Relaxed), "expected by this test");
        true
    }
}

impl Eq for Odd {}

impl std::hash::Hash for Odd {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// A key that cannot be compared any more: who waits for the channel gets the value all the same.
#[test]
fn a_comparison_that_panics_at_the_end() {
    static BROKEN: AtomicBool = AtomicBool::new(false);
    let _watchdog = Watchdog::new();
    let key = || Odd(&BROKEN, Bomb::disarmed());
    let group = Arc::new(Group::new());
    let mut channel = None;
    let call = catch_unwind(AssertUnwindSafe(|| {
        group.call(key(), || {
            channel = Some(group.call_chan(key(), || unreachable!()));
            BROKEN.store(true, Ordering::Relaxed);
            7
        })
    }));
    assert!(call.is_err(), "it is told");
    assert_eq!(channel.unwrap().recv(), Ok((7, true)));
    BROKEN.store(false, Ordering::Relaxed);
    assert_eq!(group.call(key(), || 8), (8, false), "the group is usable");
    let mut once = pin!(group.call_async(key(), async { 9 }));
    assert_eq!(poll(once.as_mut()), Poll::Ready((9, false)));
}

/// A call could not take itself out of the group, because the comparison of its key panicked; and then the drop of that key panics. The
/// next call finds that, and the one after it must not wait for a call that nobody carries out.
#[test]
fn a_key_that_was_left_behind() {
    static BROKEN: AtomicBool = AtomicBool::new(false);
    let _watchdog = Watchdog::new();
    let (group, bomb) = (Group::new(), Bomb::new());
    let first = Odd(&BROKEN, bomb.clone());
    let call = catch_unwind(AssertUnwindSafe(|| {
        group.call(first, || {
            BROKEN.store(true, Ordering::Relaxed);
            7
        })
    }));
    assert!(call.is_err(), "it is told");
    BROKEN.store(false, Ordering::Relaxed);
    for round in 0..2 {
        assert_eq!(group.call(Odd(&BROKEN, Bomb::disarmed()), || round), (round, false));
        assert!(!bomb.0.load(Ordering::Relaxed), "it went off");
    }
}

/// What it returns is not held while it waits.
#[test]
fn until_done_is_send_if_the_future_is() {
    fn is_send(future: impl Future + Send) -> impl Future {
        future
    }
    let ctx = gosync::context::Context::background();
    assert!(poll(pin!(is_send(ctx.until_done(async { std::rc::Rc::new(1) }))).as_mut()).is_ready());
}
