//! `singleflight_test.go` of `golang.org/x/sync`.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::thread;

use gosync::atomic::Int32;
use gosync::chan::{self, RecvError};
use gosync::singleflight::Group;
use gosync::{OncePanic, WaitGroup};

use crate::settle;
use crate::watchdog::Watchdog;

/// `TestDo`.
#[test]
fn test_do() {
    let group = Group::new();
    assert_eq!(group.call("key", || "bar"), ("bar", false));
}

/// `TestDoErr`: an error is a value like others.
#[test]
fn test_do_err() {
    let group = Group::new();
    let (result, _) = group.call("key", || Err::<(), _>("some error"));
    assert_eq!(result, Err("some error"));
}

/// `TestDoDupSuppress`: ten callers, and fewer calls.
#[test]
fn test_do_dup_suppress() {
    let _watchdog = Watchdog::new();
    let (group, calls) = (Group::new(), Int32::new(0));
    let (before, after) = (WaitGroup::new(), WaitGroup::new());
    let (send, receive) = chan::bounded(1);
    before.add(1);
    let f = || {
        if calls.add(1) == 1 {
            before.done();
        }
        let value = receive.recv().unwrap();
        send.send(value).unwrap();
        settle();
        value
    };
    let n = 10;
    thread::scope(|scope| {
        for _ in 0..n {
            before.add(1);
            after.add(1);
            scope.spawn(|| {
                before.done();
                assert_eq!(group.call("key", f).0, "bar");
                after.done();
            });
        }
        before.wait();
        // All are about to call, and one is in the function.
        settle();
        send.send("bar").unwrap();
        after.wait();
    });
    let calls = calls.load();
    assert!(0 < calls && calls < n, "{calls}");
}

/// `TestForget`: the third joins the second, not the first.
#[test]
fn test_forget() {
    let _watchdog = Watchdog::new();
    let group = Arc::new(Group::new());
    let (started, starts) = chan::bounded(1);
    let (unblock, unblocked) = chan::bounded::<()>(0);
    let first = thread::spawn({
        let group = Arc::clone(&group);
        move || {
            group.call("key", move || {
                started.send(()).unwrap();
                let _ = unblocked.recv();
                1
            })
        }
    });
    starts.recv().unwrap();
    group.forget(&"key");
    let (unblock_second, unblocked_second) = chan::bounded::<()>(0);
    let second = group.call_chan("key", move || {
        let _ = unblocked_second.recv();
        2
    });
    let third = group.call_chan("key", || 3);
    drop(unblock);
    assert_eq!(first.join().unwrap(), (1, false));
    drop(unblock_second);
    assert_eq!((second.recv(), third.recv()), (Ok((2, true)), Ok((2, true))));
}

/// `TestDoChan`.
#[test]
fn test_do_chan() {
    let _watchdog = Watchdog::new();
    let group = Arc::new(Group::new());
    assert_eq!(group.call_chan("key", || "bar").recv(), Ok(("bar", false)));
    static GROUP: Group<u8, String> = Group::new();
    assert_eq!(GROUP.call_chan_static(1, || "bar".to_owned()).recv(), Ok(("bar".to_owned(), false)));
}

/// `TestPanicDo`: five callers panic, and the group works as before. Also what `TestPanicErrorUnwrap` is about: what the
/// caller that ran it gets is the payload itself.
#[test]
fn test_panic_do() {
    let _watchdog = Watchdog::new();
    for other in [false, true] {
        let (group, originals, panics) = (Group::new(), Int32::new(0), Int32::new(0));
        thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    let f = || {
                        settle();
                        if other { panic_any(7) } else { panic!("invalid memory address {}", std::hint::black_box(0)) }
                    };
                    let payload = catch_unwind(AssertUnwindSafe(|| group.call("key", f))).unwrap_err();
                    panics.add(1);
                    if payload.downcast_ref() == Some(&7) {
                        originals.add(1);
                    } else if other {
                        assert_eq!(payload.downcast_ref(), Some(&OncePanic));
                    } else {
                        assert_eq!(payload.downcast_ref::<String>().unwrap(), "invalid memory address 0");
                    }
                });
            }
        });
        assert_eq!(panics.load(), 5);
        assert_eq!(originals.load() > 0, other);
        assert_eq!(group.call("key", || 1), (1, false));
    }
}

/// `TestPanicDoChan`: the end of the process in Go; a channel that closes here.
#[test]
fn test_panic_do_chan() {
    let _watchdog = Watchdog::new();
    let group = Arc::new(Group::new());
    let result = group.call_chan("key", || panic!("panicking in call_chan"));
    assert_eq!(result.recv(), Err::<(i32, bool), _>(RecvError));
    assert_eq!(group.call_chan("key", || 1).recv(), Ok((1, false)));
}

/// `TestPanicDoSharedByDoChan`: the same for a channel that has joined.
#[test]
fn test_panic_do_shared_by_do_chan() {
    let _watchdog = Watchdog::new();
    let group = Arc::new(Group::<_, i32>::new());
    let (blocked, unblock) = (Arc::new(WaitGroup::new()), chan::bounded::<()>(0));
    blocked.add(1);
    let caller = thread::spawn({
        let (group, blocked, wait) = (Arc::clone(&group), Arc::clone(&blocked), unblock.1);
        move || {
            group.call("key", || {
                blocked.done();
                let _ = wait.recv();
                panic!("panicking in call")
            })
        }
    });
    blocked.wait();
    let result = group.call_chan("key", || unreachable!());
    drop(unblock.0);
    assert_eq!(result.recv(), Err(RecvError));
    assert_eq!(caller.join().unwrap_err().downcast_ref(), Some(&"panicking in call"));
}
