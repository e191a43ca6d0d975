//! What many threads share besides: wait groups, once, semaphores, contexts, error groups, a stack.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use gosync::context::ContextError;
use gosync::errgroup::Group;
use gosync::semaphore::Weighted;
use gosync::{Context, Once, OnceValue, Stack, WaitGroup, chan, select, singleflight};
use gosync_atomic::__sys::Parker;
use gosync_atomic::__sys::control::{expire_deadlines, give_seats};

use crate::kit::{List, Room, SOON, any, finish, poll_once, scope, threads, turn};
use crate::scenario::{HANGS, IS_WRONG, Scenario, holds, witness};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        holds("wait group", 8, wait_group).convicts(HANGS, &["wg.wake"]),
        holds("wait group, deadlines", 7, wait_group_deadlines).witnesses(&["in time", "too late"]),
        holds("once", 8, once).convicts(HANGS, &["once.wake"]),
        holds("semaphore", 7, semaphore).convicts(HANGS, &["semaphore.wake"]),
        holds("semaphore, deadlines", 7, semaphore_deadlines).witnesses(&["taken", "too late"]),
        holds("semaphore, a large request", 7, large_request).witnesses(&["waited", "after it"]),
        holds("semaphore, the first in line gives up", 6, gives_up)
            .witnesses(&["taken", "too late"])
            .convicts(HANGS, &["semaphore.leave.serve"]),
        holds("context", 8, context).convicts(HANGS, &["chan.close.complete"]).convicts(IS_WRONG, &["ctx.raise"]),
        holds("context, a deadline", 7, deadline)
            .witnesses(&["deadline", "canceled"])
            .convicts(HANGS, &["ctx.raise", "ctx.is-over"]),
        holds("context, a semaphore's", 6, context_of_semaphore)
            .witnesses(&["taken", "canceled"])
            .convicts(IS_WRONG, &["semaphore.give-back"]),
        holds("error group", 6, error_group)
            .witnesses(&["canceled", "not canceled"])
            .convicts(HANGS, &["errgroup.cancel"]),
        holds("error group, limited", 7, limited).convicts(HANGS, &["errgroup.free-slot"]),
        holds("single flight", 6, flights)
            .witnesses(&["alone", "together"])
            .convicts(HANGS, &["wg.wake", "singleflight.over"]),
        holds("stack", 6, || stack(6)).convicts(IS_WRONG, &["stack.tag"]),
        holds("stack, seats for two", 4, || {
            // Each keeps a node, and there are six.
            give_seats(2);
            stack(4);
        })
        .convicts(IS_WRONG, &["stack.place.empty"]),
    ]
}

fn wait_group() {
    let (group, done) = (WaitGroup::new(), AtomicUsize::new(0));
    scope(|s| {
        group.add(4);
        for _ in 0..4 {
            s.spawn(|| {
                done.fetch_add(1, Relaxed);
                turn();
                group.done();
            });
        }
        for _ in 0..4 {
            s.spawn(|| {
                group.wait();
                assert_eq!(done.load(Relaxed), 4);
            });
        }
    });
}

fn wait_group_deadlines() {
    let group = WaitGroup::new();
    expire_deadlines();
    scope(|s| {
        group.add(3);
        for _ in 0..3 {
            s.spawn(|| group.done());
        }
        for _ in 0..4 {
            s.spawn(|| match group.wait_timeout(SOON) {
                Ok(()) => witness("in time"),
                Err(_) => {
                    witness("too late");
                    group.wait();
                }
            });
        }
    });
}

fn once() {
    let (once, calls) = (Once::new(), AtomicUsize::new(0));
    let value = OnceValue::new(|| {
        turn();
        calls.fetch_add(1, Relaxed);
        7
    });
    let room = Room::default();
    threads(8, |me| {
        if me % 2 == 0 {
            assert_eq!(*value.get(), 7);
        }
        once.call_once(|| {
            room.alone(|| calls.fetch_add(1, Relaxed));
        });
        assert!(once.is_completed());
        assert_eq!(*value.get(), 7);
        assert_eq!(calls.load(Relaxed), 2);
    });
}

/// Counts who has permits.
struct Permits {
    taken: AtomicUsize,
    most: usize,
}

impl Permits {
    fn new(most: usize) -> Permits {
        Permits { taken: AtomicUsize::new(0), most }
    }

    fn with(&self, n: usize) {
        let taken = self.taken.fetch_add(n, Relaxed) + n;
        assert!(taken <= self.most, "{taken} permits of {}", self.most);
        turn();
        self.taken.fetch_sub(n, Relaxed);
    }
}

fn semaphore() {
    let (semaphore, permits, background) = (Weighted::new(3), Permits::new(3), Context::background());
    threads(7, |me| {
        for i in 0..2 {
            let n = 1 + (me + i) % 3;
            semaphore.acquire(&background, n).unwrap();
            permits.with(n);
            semaphore.release(n);
        }
    });
    assert!(semaphore.try_acquire(3), "all are back");
}

fn semaphore_deadlines() {
    let (semaphore, permits, background) = (Weighted::new(3), Permits::new(3), Context::background());
    expire_deadlines();
    threads(7, |me| {
        for i in 0..2 {
            let n = 1 + (me + i) % 3;
            let taken = match any(4) {
                0 => semaphore.try_acquire(n),
                1 => semaphore.acquire(&background, n).is_ok(),
                _ => semaphore.acquire_timeout(n, SOON),
            };
            witness(if taken { "taken" } else { "too late" });
            if taken {
                permits.with(n);
                semaphore.release(n);
            }
        }
    });
    assert!(semaphore.try_acquire(3), "all are back");
}

/// While the large request stands in line, no small one that comes later is served.
fn large_request() {
    let (semaphore, permits, background) = (Weighted::new(3), Permits::new(3), Context::background());
    let (in_line, served) = (AtomicBool::new(false), AtomicBool::new(false));
    scope(|s| {
        for _ in 0..6 {
            s.spawn(|| {
                for _ in 0..2 {
                    let later = in_line.load(Relaxed);
                    semaphore.acquire(&background, 1).unwrap();
                    if later {
                        assert!(served.load(Relaxed), "it was passed");
                        witness("after it");
                    }
                    permits.with(1);
                    semaphore.release(1);
                }
            });
        }
        let (parker, mut large) = (Parker::new(), pin!(semaphore.acquire_async(3)));
        if poll_once(large.as_mut(), &parker).is_pending() {
            in_line.store(true, Relaxed);
            witness("waited");
            finish(large, &parker);
        }
        served.store(true, Relaxed);
        permits.with(3);
        semaphore.release(3);
    });
}

/// Large requests that give up were in the way of small ones, for which there are permits.
fn gives_up() {
    let (semaphore, small) = (Weighted::new(3), WaitGroup::new());
    let background = Context::background();
    expire_deadlines();
    scope(|s| {
        semaphore.acquire(&background, 1).unwrap();
        small.add(3);
        for _ in 0..2 {
            s.spawn(|| {
                let taken = semaphore.acquire_timeout(3, SOON);
                witness(if taken { "taken" } else { "too late" });
                if taken {
                    semaphore.release(3);
                }
            });
        }
        for _ in 0..3 {
            s.spawn(|| {
                semaphore.acquire(&background, 1).unwrap();
                small.done();
                semaphore.release(1);
            });
        }
        // This one is not given back before the small ones have been served.
        small.wait();
        semaphore.release(1);
    });
    assert!(semaphore.try_acquire(3), "all are back");
}

/// A tree of contexts: the end of one is that of all below it, for all that wait for any of them.
fn context() {
    let (root, cancel) = Context::background().with_cancel();
    let (left, cancel_left) = root.with_cancel();
    let (right, cancel_right) = root.with_cancel();
    let (low, cancel_low) = left.with_value(7).with_cancel();
    let (never, beside) = (chan::never::<()>(), Context::background());
    let contexts = [&root, &left, &right, &low];
    scope(|s| {
        for me in 0..6 {
            let (context, never) = (contexts[me % 4], &never);
            s.spawn(move || {
                select! {
                    recv(context.done()) -> end => assert!(end.is_err()),
                    recv(never) -> _ => unreachable!(),
                }
                assert!(context.err().is_some());
            });
        }
        s.spawn(|| cancel_right.cancel());
        cancel.cancel();
        assert!(contexts.iter().all(|context| context.err().is_some()), "all at once");
    });
    assert!(beside.err().is_none());
    drop((cancel_left, cancel_low));
}

/// It ends when its time is over, or when it is canceled, once, for all.
fn deadline() {
    expire_deadlines();
    let (context, cancel) = Context::background().with_timeout(SOON);
    let (low, cancel_low) = context.with_cancel();
    scope(|s| {
        for me in 0..5 {
            let context = if me % 2 == 0 { &context } else { &low };
            s.spawn(move || assert!(context.done().recv().is_err()));
        }
        if any(2) == 0 {
            cancel.cancel();
        }
    });
    let (error, below) = (context.err().expect("it is over"), low.err().expect("it is over"));
    assert_eq!(error, below);
    witness(if error == ContextError::DeadlineExceeded { "deadline" } else { "canceled" });
    drop(cancel_low);
}

/// Who waits for permits waits no longer when its context ends, and takes none.
fn context_of_semaphore() {
    let (semaphore, permits) = (Weighted::new(2), Permits::new(2));
    let (context, cancel) = Context::background().with_cancel();
    scope(|s| {
        for me in 0..5 {
            let (semaphore, permits, context) = (&semaphore, &permits, &context);
            s.spawn(move || {
                for _ in 0..2 {
                    let n = 1 + me % 2;
                    if semaphore.acquire(context, n).is_ok() {
                        permits.with(n);
                        semaphore.release(n);
                        witness("taken");
                    } else {
                        witness("canceled");
                    }
                }
            });
        }
        (0..any(30)).for_each(|_| turn());
        cancel.cancel();
    });
    assert!(semaphore.try_acquire(2), "all are back");
}

/// The first error ends the context, and is what the group's end says.
fn error_group() {
    let (group, context) = Group::with_context(&Context::background());
    let ended = Arc::new(List::new());
    for me in 0..5 {
        let (context, ended) = (context.clone(), Arc::clone(&ended));
        group.go(move || {
            turn();
            if me < 2 {
                ended.push(me);
                return Err(format!("{me}").into());
            }
            witness(if context.err().is_some() { "canceled" } else { "not canceled" });
            // The others last until then.
            assert!(context.done().recv().is_err());
            Ok(())
        });
    }
    let error = group.wait().expect_err("two have failed");
    assert!(context.err().is_some());
    assert_eq!(context.cause().expect("it has ended").to_string(), error.to_string());
    assert_eq!(ended.take().len(), 2);
}

fn limited() {
    let group = Group::new();
    group.set_limit(2);
    let running = Arc::new(Permits::new(2));
    let times = Arc::new(AtomicUsize::new(0));
    for _ in 0..6 {
        let (running, times) = (Arc::clone(&running), Arc::clone(&times));
        group.go(move || {
            running.with(1);
            times.fetch_add(1, Relaxed);
            Ok(())
        });
    }
    group.wait().unwrap();
    assert_eq!(times.load(Relaxed), 6);
}

/// One call of a key at a time; whoever comes meanwhile shares what it returns.
fn flights() {
    let (group, rooms) = (singleflight::Group::new(), [Room::default(), Room::default()]);
    let (calls, own) = (AtomicUsize::new(0), AtomicUsize::new(0));
    threads(6, |me| {
        for _ in 0..2 {
            let key = me % 2;
            let before = calls.load(Relaxed);
            let (call, shared) = group.call(key, || rooms[key].alone(|| calls.fetch_add(1, Relaxed)));
            witness(if shared { "together" } else { "alone" });
            if !shared {
                own.fetch_add(1, Relaxed);
                assert!(call >= before, "a call that was over");
            }
        }
    });
    assert!(own.into_inner() <= calls.into_inner());
}

fn stack(n: usize) {
    let (stack, taken) = (Stack::new(), List::new());
    threads(n, |me| {
        for nth in 0..2 {
            stack.push((me, nth));
            stack.pop().into_iter().for_each(|item| taken.push(item));
            if nth == 0 {
                stack.pop().into_iter().for_each(|item| taken.push(item));
            }
        }
    });
    let mut all = taken.take();
    all.extend(std::iter::from_fn(|| stack.pop()));
    all.sort_unstable();
    let pushed: Vec<_> = (0..n).flat_map(|me| [(me, 0), (me, 1)]).collect();
    assert_eq!(all, pushed);
}
