//! Which threads are in a bubble.

use std::sync::mpsc;

use gosync::errgroup::TaskResult;
use gosync::singleflight;

use super::*;

fn tell(tx: mpsc::Sender<Instant>) {
    tx.send(time::now()).unwrap();
}

fn told(tx: mpsc::Sender<Instant>) -> TaskResult {
    tell(tx);
    Ok(())
}

/// All that gosync starts: they see the clock of the bubble, which is an hour ahead.
#[test]
fn whoever_is_started_by_gosync() {
    let strangers = synctest::test(|| {
        time::sleep(HOUR);
        let now = time::now();
        let strangers = std::sync::Mutex::new(Vec::new());
        // By no means of ours: a thread that is no member would wake this one from outside.
        let check = |name: &'static str, start: &dyn Fn(mpsc::Sender<Instant>)| {
            let (tx, rx) = mpsc::channel();
            start(tx);
            if rx.recv() != Ok(now) {
                strangers.lock().unwrap().push(name);
            }
        };
        static STATIC: WaitGroup = WaitGroup::new();
        let (wg, scoped, group) = (Arc::new(WaitGroup::new()), WaitGroup::new(), Group::new());
        check("go", &|tx| drop(go(move || tell(tx))));
        check("WaitGroup::go", &|tx| wg.go(move || tell(tx)));
        check("WaitGroup::go_static", &|tx| STATIC.go_static(move || tell(tx)));
        check("WaitGroup::go_scoped", &|tx| thread::scope(|scope| scoped.go_scoped(scope, move || tell(tx))));
        check("Group::go", &|tx| group.go(move || told(tx)));
        check("Group::try_go", &|tx| assert!(group.try_go(move || told(tx)).is_ok()));
        check("Group::go_scoped", &|tx| thread::scope(|scope| group.go_scoped(scope, move || told(tx))));
        check("chan::after_func", &|tx| {
            let tx = std::sync::Mutex::new(tx);
            drop(chan::after_func(Duration::ZERO, move || tell(tx.lock().unwrap().clone())));
        });
        check("Context::after_func", &|tx| {
            let (ctx, cancel) = Context::background().with_cancel();
            ctx.after_func(move || tell(tx));
            cancel.cancel();
        });
        let calls = Arc::new(singleflight::Group::new());
        check("singleflight::Group::call_chan", &|tx| drop(calls.call_chan((), move || tell(tx))));
        strangers.into_inner().unwrap()
    });
    assert!(strangers.is_empty(), "not in the bubble: {strangers:?}");
}

/// A scope, and the group of tasks in it, whose clock moves while the group is waited for.
#[test]
fn whoever_is_started_in_a_scope() {
    takes(3 * SECOND, || {
        let (wg, group) = (WaitGroup::new(), Group::new());
        let (short, long) = (SECOND, 3 * SECOND);
        thread::scope(|scope| {
            wg.go_scoped(scope, || time::sleep(short));
            group.go_scoped(scope, || {
                time::sleep(long);
                Ok(())
            });
            wg.wait();
            group.wait().unwrap();
        });
    });
}

#[test]
fn nobody_else() {
    synctest::test(|| {
        time::sleep(HOUR);
        let now = time::now();
        assert_ne!(thread::spawn(time::now).join().unwrap(), now);
        // Started by a thread that is in none.
        assert_ne!(thread::spawn(|| go(time::now).join().unwrap()).join().unwrap(), now);
    });
}
