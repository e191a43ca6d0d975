//! `Pool`.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gosync::Pool;

use crate::play::{Case, case};

/// A pool that is without a function in Go.
fn without<T>() -> Pool<T> {
    Pool::new(|| unreachable!("nobody asks"))
}

/// How often the function of `USED_BY_ITS_FUNCTION` was called.
static CALLS: AtomicUsize = AtomicUsize::new(0);
static USED_BY_ITS_FUNCTION: Pool<String> = Pool::new(|| {
    if CALLS.fetch_add(1, Ordering::Relaxed) == 3 {
        return "end".to_owned();
    }
    let item = USED_BY_ITS_FUNCTION.take();
    format!("{item}{}", CALLS.load(Ordering::Relaxed))
});

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("pool, without a function", |p| {
            let pool = without::<&str>();
            let get = || pool.try_take().unwrap_or("<nil>");
            p.say(format!("{} {}", get(), get()));
        }),
        case("pool, with a function", |p| {
            let n = AtomicUsize::new(0);
            let pool = Pool::with_limit(1, || n.fetch_add(1, Ordering::Relaxed) + 1);
            p.say(format!("{} {} {}", pool.take(), pool.take(), pool.take()));
        }),
        case("pool, a function that panics", |p| {
            let n = AtomicUsize::new(0);
            let pool = Pool::with_limit(1, || match n.fetch_add(1, Ordering::Relaxed) {
                2 => 3,
                _ => panic!("boom"),
            });
            (0..3).for_each(|_| p.run(|| pool.take().to_string()));
        }),
        case("pool, a function that uses it", |p| {
            CALLS.store(0, Ordering::Relaxed);
            p.say(USED_BY_ITS_FUNCTION.take());
        }),
        case("pool, nil is put", |p| {
            let pool = Pool::<Option<&str>>::new(|| Some("new"));
            pool.put(None);
            p.say(pool.take().unwrap_or("<nil>"));
        }),
        case("pool, emptied", |p| {
            let pool = Pool::<&str>::new(|| "new");
            (0..10).for_each(|_| pool.put("old"));
            pool.clear();
            p.say(pool.take());
        }),
        case("pool, nothing comes twice", |p| {
            p.choices(|| {
                let (pool, mut seen) = (without(), HashSet::new());
                (0..10).for_each(|i| pool.put(i));
                while let Some(item) = pool.try_take() {
                    if !seen.insert(item) {
                        return format!("{item} twice");
                    }
                }
                "once".to_owned()
            });
        }),
        case("pool, nobody has what another one has", |p| {
            p.choices(|| {
                let (pool, bad) = (&Pool::<AtomicUsize>::default(), &AtomicUsize::new(0));
                let play = || {
                    for _ in 0..20 {
                        let item = pool.get();
                        bad.fetch_add(item.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
                        thread::yield_now();
                        item.fetch_sub(1, Ordering::Relaxed);
                    }
                };
                thread::scope(|s| (0..4).for_each(|_| _ = s.spawn(play)));
                bad.load(Ordering::Relaxed).to_string()
            });
        }),
    ]
}
