//! `Pool`: what comes back and in which state, limits, panics, re-entry, drops, odd values, threads.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use gosync::{Pool, Pooled};
use gosync_atomic::__sys::slots;
use gosync_tests::times;

use crate::watchdog::Watchdog;

/// As many as a pool keeps for each CPU if nobody says otherwise.
const LIMIT: usize = 64;

/// Numbers its items in the order in which they are made.
fn numbered() -> Pool<usize, impl Fn() -> usize> {
    let made = AtomicUsize::new(0);
    Pool::new(move || made.fetch_add(1, Ordering::Relaxed))
}

fn all<T, F>(pool: &Pool<T, F>) -> Vec<T> {
    std::iter::from_fn(|| pool.try_take()).collect()
}

#[test]
fn an_item_comes_back_as_it_was_left() {
    let pool = numbered();
    assert!(pool.try_get().is_none() && pool.try_take().is_none());
    let (mut first, second) = (pool.get(), pool.get());
    assert_eq!((*first, *second), (0, 1), "two that are out are two");
    *first = 10;
    drop(first);
    assert_eq!(pool.try_get().as_deref(), Some(&10));
    assert_eq!(pool.take(), 10);
    assert_eq!(pool.take(), 2, "one that was taken does not come back");
    drop(second);
    assert_eq!(Pooled::take(pool.get()), 1);
    assert!(pool.try_take().is_none());
    pool.put(20);
    pool.put(21);
    assert_eq!(pool.try_get().map(Pooled::take), Some(21), "the last one first: its memory is warm");
    assert_eq!(pool.take(), 20);
}

#[test]
fn guards_go_anywhere() {
    let pool = numbered();
    let item = pool.get();
    thread::scope(|s| s.spawn(move || drop(item)).join().unwrap());
    // In the other one's place, where this thread finds it.
    assert_eq!(all(&pool), [0]);
}

/// However many are put, at one place or at all.
#[test]
fn no_more_than_the_limit() {
    for (limit, puts) in [(0, 10), (1, times(1000)), (3, times(1000)), (LIMIT, times(10_000))] {
        let value = Arc::new(());
        let pool = Pool::with_limit(limit, || unreachable!("nobody asks"));
        for n in 0..puts {
            pool.put(Arc::clone(&value));
            assert_eq!(
                Arc::strong_count(&value) - 1,
                (n + 1).min(limit * slots()),
                "what is beyond is dropped at once"
            );
        }
        assert_eq!(all(&pool).len(), puts.min(limit * slots()));
        // As many again, after it was full.
        (0..puts).for_each(|_| pool.put(Arc::clone(&value)));
        assert_eq!(all(&pool).len(), puts.min(limit * slots()));
    }
    let pool = Pool::<usize>::default();
    (0..times(1_000_000)).for_each(|n| pool.put(n));
    assert_eq!(all(&pool).len(), LIMIT * slots());
    let nothing = Pool::with_limit(0, || 7);
    assert_eq!(*nothing.get() + *nothing.get(), 14);
    assert!(nothing.try_get().is_none());
}

#[test]
fn values_are_dropped_once() {
    let value = Arc::new(());
    let pool = Pool::new(|| Arc::clone(&value));
    let guards: Vec<_> = (0..10).map(|_| pool.get()).collect();
    assert_eq!(Arc::strong_count(&value), 11);
    drop(guards);
    assert_eq!(Arc::strong_count(&value), 11, "they went back");
    drop(Pooled::take(pool.get()));
    drop(pool.take());
    assert_eq!(Arc::strong_count(&value), 9, "a taken one is the caller's");
    pool.clear();
    assert_eq!(Arc::strong_count(&value), 1);
    pool.clear();
    drop((pool.get(), pool.get()));
    assert_eq!(Arc::strong_count(&value), 3, "it goes on after a clear");
    let out = pool.take();
    drop(pool);
    assert_eq!(Arc::strong_count(&value), 2, "what is left goes with the pool");
    drop(out);
}

#[test]
fn a_panic_of_the_function_that_makes_items() {
    let fails = AtomicBool::new(true);
    let pool = Pool::new(|| if fails.load(Ordering::Relaxed) { resume_unwind(Box::new("expected")) } else { 1 });
    catch_unwind(AssertUnwindSafe(|| pool.take())).unwrap_err();
    catch_unwind(AssertUnwindSafe(|| drop(pool.get()))).unwrap_err();
    assert!(pool.try_take().is_none());
    pool.put(2);
    assert_eq!(*pool.get(), 2, "there is one, so it is not called");
    pool.clear();
    fails.store(false, Ordering::Relaxed);
    assert_eq!(*pool.get(), 1);
}

/// An item goes back in a panic if it is in a guard, and does not if it was taken.
#[test]
fn a_panic_of_who_has_an_item() {
    let pool = Pool::new(String::new);
    let with_guard = || {
        pool.get().push_str("half");
        let _item = pool.get();
        resume_unwind(Box::new("expected"))
    };
    catch_unwind(AssertUnwindSafe(with_guard)).unwrap_err();
    assert_eq!(all(&pool), ["half"]);
    let by_hand = || {
        let mut item = pool.take();
        item.push_str("half");
        resume_unwind(Box::new("expected"))
    };
    catch_unwind(AssertUnwindSafe(by_hand)).unwrap_err();
    assert!(all(&pool).is_empty());
}

/// Counts its drop, and panics in it if told so.
struct Fragile<'a> {
    drops: &'a Cell<usize>,
    panics: bool,
}

impl Drop for Fragile<'_> {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
        if self.panics {
            resume_unwind(Box::new("expected by this test"));
        }
    }
}

/// A drop that panics leaves the pool usable, and the other items are dropped.
#[test]
fn drops_that_panic() {
    let drops = &Cell::new(0);
    let limit = 10;
    let fill = || {
        let pool = Pool::with_limit(limit, || Fragile { drops, panics: false });
        (0..limit * slots()).for_each(|n| pool.put(Fragile { drops, panics: n == 7 }));
        assert_eq!(drops.get(), 0);
        pool
    };
    let pool = fill();
    // There is no room for it.
    catch_unwind(AssertUnwindSafe(|| pool.put(Fragile { drops, panics: true }))).unwrap_err();
    assert_eq!(drops.replace(0), 1);
    catch_unwind(AssertUnwindSafe(|| pool.clear())).unwrap_err();
    assert_eq!(drops.replace(0), limit * slots());
    assert!(pool.try_take().is_none());
    drop(pool.get());
    assert!(pool.try_take().is_some_and(|item| !item.panics));
    assert_eq!(drops.replace(0), 1);
    catch_unwind(AssertUnwindSafe(|| drop(fill()))).unwrap_err();
    assert_eq!(drops.replace(0), limit * slots());

    // Nor for one that comes back.
    let pool = fill();
    let mut item = pool.get();
    item.panics = true;
    pool.put(Fragile { drops, panics: false });
    catch_unwind(AssertUnwindSafe(|| drop(item))).unwrap_err();
    assert_eq!(drops.replace(0), 1);
    let Ok(()) = catch_unwind(AssertUnwindSafe(|| all(&pool).into_iter().filter(|item| !item.panics).for_each(drop)))
    else {
        return;
    };
    panic!("the one that panics was still there");
}

/// An item that uses its pool when it is dropped.
struct Caller {
    left: usize,
}

static CALLERS: Pool<Caller> = Pool::with_limit(2, || {
    // And so does the function that makes it.
    CALLERS.put(Caller { left: 0 });
    CALLERS.clear();
    Caller { left: 3 }
});

impl Drop for Caller {
    fn drop(&mut self) {
        if self.left > 0 {
            CALLERS.put(Caller { left: self.left - 1 });
            drop(CALLERS.try_get());
            CALLERS.clear();
            assert!(CALLERS.try_take().is_none());
        }
    }
}

#[test]
fn drops_and_functions_that_use_the_pool() {
    let _watchdog = Watchdog::new();
    drop(CALLERS.get());
    (0..10 * slots()).for_each(|left| CALLERS.put(Caller { left: left % 10 }));
    drop(CALLERS.take());
    CALLERS.clear();
    assert!(CALLERS.try_take().is_none());
    assert_eq!(CALLERS.get().left, 3);
}

#[test]
fn odd_values() {
    #[repr(align(512))]
    #[derive(Debug, PartialEq)]
    struct Aligned(u8);
    let pool = Pool::new(|| Aligned(0));
    (0..40).for_each(|n| pool.put(Aligned(n)));
    for n in (0..40).rev() {
        let item = pool.get();
        assert_eq!((std::ptr::from_ref(&*item).addr() % 512, &*item), (0, &Aligned(n)));
        Pooled::take(item);
    }

    // Nothing but a drop to tell one from the other.
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Empty;
    impl Drop for Empty {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let pool = Pool::new(|| Empty);
    (0..40).for_each(|_| pool.put(Empty));
    (0..10).for_each(|_| drop(pool.take()));
    assert_eq!(DROPS.get(), 10);
    drop(pool);
    assert_eq!(DROPS.get(), 40);

    let local = String::from("borrowed");
    let pool = Pool::new(|| &local[..]);
    assert_eq!(*pool.get(), "borrowed");
    pool.put("static");
    assert_eq!(pool.take(), "static");

    let pool: Pool<Box<dyn FnMut() -> u8 + Send>> = Pool::new(|| Box::new(|| 7));
    assert_eq!(pool.get()(), 7);

    let pool: Pool<[u64; 1_000]> = Pool::new(|| [7; 1_000]);
    pool.get()[999] = 8;
    assert_eq!(pool.get()[999], 8);
}

/// Threads that get, take and put: no item is with two of them, and all are accounted for.
#[test]
fn threads() {
    const EACH: usize = times(5_000);
    struct Item {
        /// Whether somebody has it.
        out: AtomicBool,
        alive: Arc<()>,
    }
    let _watchdog = Watchdog::new();
    let alive = Arc::new(());
    let pool = &Pool::with_limit(2, || Item { out: AtomicBool::new(false), alive: Arc::clone(&alive) });
    let use_it = |item: &Item| {
        assert!(!item.out.swap(true, Ordering::Relaxed), "somebody else has it, too");
        thread::yield_now();
        assert!(item.out.swap(false, Ordering::Relaxed));
        assert!(Arc::strong_count(&item.alive) > 1);
    };
    let use_it = &use_it;
    thread::scope(|s| {
        for thread in 0..4 * slots().min(4) {
            s.spawn(move || {
                for n in 0..EACH {
                    match (n + thread) % 8 {
                        0 => {
                            let item = pool.take();
                            use_it(&item);
                            pool.put(item);
                        }
                        1 => {
                            let items = [(); 5].map(|()| pool.get());
                            items.iter().for_each(|item| use_it(item));
                        }
                        2 => drop(pool.try_take()),
                        3 if n % 64 == 0 => pool.clear(),
                        _ => use_it(&pool.get()),
                    }
                }
            });
        }
    });
    let left = all(pool);
    assert!(left.len() <= 2 * slots());
    assert_eq!(Arc::strong_count(&alive), 1 + left.len(), "each was dropped once");
}

/// What a thread puts that ends is there for others.
#[test]
fn threads_that_come_and_go() {
    let pool = &numbered();
    for _ in 0..100 {
        thread::scope(|s| s.spawn(|| drop(pool.get())).join().unwrap());
    }
    assert_eq!(all(pool), [0], "one was enough");
}

/// More threads than CPUs, each with an item at the same time.
#[test]
fn a_hundred_threads() {
    const THREADS: usize = 100;
    let (pool, barrier) = (&numbered(), &Barrier::new(THREADS));
    thread::scope(|s| {
        for _ in 0..THREADS {
            s.spawn(|| {
                let item = pool.get();
                barrier.wait();
                drop(item);
            });
        }
    });
    let mut left = all(pool);
    left.sort_unstable();
    left.dedup();
    assert!(left.len() <= THREADS && left.last().is_some_and(|&last| last < THREADS));
}

/// Threads use a pool to their last moment, when they have no slot any more.
#[test]
fn at_the_end_of_a_thread() {
    struct User(RefCell<Option<Arc<Pool<usize>>>>);
    impl Drop for User {
        fn drop(&mut self) {
            let pool = self.0.take().unwrap();
            pool.put(1);
            assert_eq!(*pool.get(), 1);
            assert_eq!(pool.take(), 1);
        }
    }
    thread_local! {
        static FIRST: User = const { User(RefCell::new(None)) };
        static LAST: User = const { User(RefCell::new(None)) };
    }
    for uses_it in [true, false].into_iter().cycle().take(100) {
        let pool = Arc::new(Pool::<usize>::new(|| unreachable!("there is always one")));
        let theirs = Arc::clone(&pool);
        let end = move || {
            // One of them is set up before the pool is used, one afterwards.
            FIRST.with(|user| *user.0.borrow_mut() = Some(Arc::clone(&theirs)));
            if uses_it {
                theirs.put(2);
                assert_eq!(theirs.take(), 2);
            }
            LAST.with(|user| *user.0.borrow_mut() = Some(theirs));
        };
        thread::spawn(end).join().unwrap();
        assert!(pool.try_take().is_none());
    }
}

#[test]
fn debug() {
    let pool = Pool::new(|| "item");
    assert_eq!(format!("{pool:?}"), "Pool { items: 0, .. }");
    let item = pool.get();
    assert_eq!(format!("{item:?}"), "\"item\"");
    drop(item);
    assert_eq!(format!("{pool:?}"), "Pool { items: 1, .. }");
}
