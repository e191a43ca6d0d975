//! `singleflight::Group`: keys and values whose code panics or comes back, tasks that go, what is shared.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use gosync::singleflight::Group;
use gosync::{chan, go};

use crate::watchdog::Watchdog;

static_assertions::assert_impl_all!(Group<String, String>: Send, Sync, Default, std::panic::RefUnwindSafe);
static_assertions::assert_not_impl_any!(Group<String, Cell<u8>>: Sync);
static_assertions::assert_not_impl_any!(Group<std::rc::Rc<u8>, u8>: Send, Sync);

/// A leader that is in its function until the sender that it comes with is dropped.
fn leader<V: Clone + Send + Sync + 'static>(
    group: &Arc<Group<&'static str, V>>,
    value: impl FnOnce() -> V + Send + 'static,
) -> (chan::Sender<()>, thread::JoinHandle<(V, bool)>) {
    let ((go_on, wait), (started, starts)) = (chan::bounded(0), chan::bounded(1));
    let group = Arc::clone(group);
    let leader = thread::spawn(move || {
        group.call("key", || {
            started.send(()).unwrap();
            let _ = wait.recv();
            value()
        })
    });
    starts.recv().unwrap();
    (go_on, leader)
}

#[test]
fn what_is_shared() {
    let _watchdog = Watchdog::new();
    let group = Arc::new(Group::new());
    let (go_on, leader) = leader(&group, || "leader".to_owned());
    assert_eq!(format!("{group:?}"), "Group { calls: 1, .. }");
    let others = [(); 3].map(|()| group.call_chan("key", || "other".to_owned()));
    assert_eq!(group.call("another key", || "apart".to_owned()), ("apart".to_owned(), false));
    drop(go_on);
    assert_eq!(leader.join().unwrap(), ("leader".to_owned(), true));
    assert!(others.iter().all(|other| other.recv() == Ok(("leader".to_owned(), true))));
    assert_eq!(group.call("key", || "later".to_owned()), ("later".to_owned(), false));
    assert_eq!(format!("{group:?}"), "Group { calls: 0, .. }");
}

/// A value that nobody shares is not cloned.
#[test]
fn one_caller_clones_nothing() {
    struct Once;
    impl Clone for Once {
        fn clone(&self) -> Once {
            panic!("there is nobody to share it with")
        }
    }
    let group = Group::new();
    assert!(!group.call("key", || Once).1);
    assert!(!pin!(group.call_async("key", async { Once })).poll_now().1);
}

trait PollNow: Future {
    /// The output of a future that is ready.
    fn poll_now(self) -> Self::Output;
}

impl<F: Future> PollNow for F {
    fn poll_now(self) -> F::Output {
        match pin!(self).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }
}

/// A clone that panics is the affair of whom it is for.
#[test]
fn clones_that_panic() {
    static BAD: AtomicUsize = AtomicUsize::new(0);
    #[derive(Debug)]
    struct Bad;
    impl Clone for Bad {
        fn clone(&self) -> Bad {
            // The first of them.
            assert!(BAD.fetch_add(1, Ordering::Relaxed) > 0, "expected by this test");
            Bad
        }
    }
    let _watchdog = Watchdog::new();
    let group = Arc::new(Group::new());
    let (go_on, leader) = leader(&group, || Bad);
    let others = [(); 2].map(|()| group.call_chan("key", || Bad));
    drop(go_on);
    assert!(leader.join().is_ok());
    let got = others.map(|other| other.recv().is_ok());
    assert_eq!(got, [false, true]);
    assert_eq!(format!("{group:?}"), "Group { calls: 0, .. }");
}

thread_local! {
    static FAIL: Cell<bool> = const { Cell::new(false) };
}

/// A key of which `Hash` and `Eq` panic on demand, and whose drop uses the group.
#[derive(Debug)]
struct Key(u8);

static KEYS: Group<Key, u8> = Group::new();

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        assert!(!FAIL.get(), "expected by this test");
        self.0.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        assert!(!FAIL.get(), "expected by this test");
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Drop for Key {
    fn drop(&mut self) {
        // Not locked by this thread, or it would stay so; others have it for a moment.
        let start = Instant::now();
        while !format!("{KEYS:?}").contains("calls") {
            assert!(start.elapsed() < Duration::from_secs(30), "it is locked");
            thread::yield_now();
        }
    }
}

#[test]
fn keys_that_panic() {
    let _watchdog = Watchdog::new();
    FAIL.set(true);
    assert!(catch_unwind(|| KEYS.call(Key(1), || unreachable!())).is_err());
    FAIL.set(false);
    assert_eq!(KEYS.call(Key(1), || 1), (1, false));
    // When it is to be taken out: those who have joined are told all the same, and nobody joins it later.
    let ((go_on, wait), (started, starts)) = (chan::bounded::<()>(0), chan::bounded(1));
    let leader = go(move || {
        let f = || {
            started.send(()).unwrap();
            let _ = wait.recv();
            FAIL.set(true);
            2
        };
        let failed = catch_unwind(AssertUnwindSafe(|| KEYS.call(Key(2), f))).is_err();
        FAIL.set(false);
        failed
    });
    starts.recv().unwrap();
    let joined = KEYS.call_chan_static(Key(2), || unreachable!());
    let follower = go(|| KEYS.call(Key(2), || 3));
    drop(go_on);
    assert!(leader.join().unwrap());
    assert_eq!(joined.recv(), Ok((2, true)));
    assert!([2, 3].contains(&follower.join().unwrap().0));
    assert_eq!(KEYS.call(Key(2), || 4), (4, false));
    KEYS.forget(&Key(2));
}

/// Of two tasks and a thread with one key, the one that makes the call goes each time, until it is the last one's turn.
#[test]
fn tasks_that_go() {
    let _watchdog = Watchdog::new();
    let group = Arc::new(Group::new());
    let mut context = Context::from_waker(Waker::noop());
    let dropped = Arc::new(AtomicBool::new(false));
    struct OnDrop(Arc<AtomicBool>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let mut first = Box::pin(group.call_async("key", {
        let dropped = OnDrop(Arc::clone(&dropped));
        async move {
            let _dropped = dropped;
            std::future::pending::<i32>().await
        }
    }));
    assert!(first.as_mut().poll(&mut context).is_pending());
    let mut second = Box::pin(group.call_async("key", std::future::pending()));
    assert!(second.as_mut().poll(&mut context).is_pending());
    let channel = group.call_chan("key", || 3);
    assert!(channel.try_recv().is_err());
    drop(first);
    assert!(dropped.load(Ordering::Relaxed));
    // Whether it is this one or the channel's.
    let again = second.as_mut().poll(&mut context);
    drop(second);
    let (value, _) = channel.recv().unwrap();
    assert_eq!(value, 3);
    assert!(again.is_pending() || again == Poll::Ready((3, true)));
    // A future that panics.
    let fails = catch_unwind(AssertUnwindSafe(|| {
        group.call_async("key", async { panic!("expected by this test") }).poll_now()
    }));
    assert_eq!(fails.unwrap_err().downcast_ref(), Some(&"expected by this test"));
    assert_eq!(group.call("key", || 4), (4, false));
    // One that was never polled has joined nothing.
    drop(group.call_async("key", std::future::pending()));
    assert_eq!(group.call("key", || 5), (5, false));
}

#[test]
fn on_tokio_beside_threads() {
    let _watchdog = Watchdog::new();
    let (group, runs) = (Arc::new(Group::new()), Arc::new(AtomicUsize::new(0)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let threads = [(); 3].map(|()| {
        let (group, runs) = (Arc::clone(&group), Arc::clone(&runs));
        thread::spawn(move || {
            for i in 0..300 {
                let (value, _) = group.call(i % 3, || {
                    runs.fetch_add(1, Ordering::Relaxed);
                    i % 3
                });
                assert_eq!(value, i % 3);
            }
        })
    });
    runtime.block_on(async {
        let tasks: Vec<_> = (0..20)
            .map(|task| {
                let group = Arc::clone(&group);
                tokio::spawn(async move {
                    for i in 0..50 {
                        let call = group.call_async(i % 3, async {
                            tokio::task::yield_now().await;
                            i % 3
                        });
                        if task % 2 == 0 {
                            assert_eq!(call.await.0, i % 3);
                        } else {
                            let timeout = std::time::Duration::from_micros(20);
                            drop(tokio::time::timeout(timeout, call).await);
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(runs.load(Ordering::Relaxed) > 0);
    assert_eq!(format!("{group:?}"), "Group { calls: 0, .. }");
}
