//! The counters.

use std::cell::RefCell;
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::thread;

use gosync::atomic::{CachePadded, PaddedCounters, ShardedCounter};
use gosync_tests::times;
use static_assertions::{assert_impl_all, assert_not_impl_any, assert_type_eq_all, const_assert, const_assert_eq};

const_assert_eq!(size_of::<PaddedCounters<3>>(), 3 * size_of::<CachePadded<i64>>());
const_assert_eq!(align_of::<PaddedCounters<3>>(), align_of::<CachePadded<i64>>());
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const_assert_eq!(size_of::<CachePadded<i64>>(), 128);
const_assert!(size_of::<ShardedCounter>() <= 24);

assert_impl_all!(PaddedCounters<2>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_impl_all!(ShardedCounter: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_not_impl_any!(PaddedCounters<2>: Clone, PartialEq);
assert_not_impl_any!(ShardedCounter: Clone, PartialEq);
assert_type_eq_all!(CachePadded<u8>, gosync_atomic::CachePadded<u8>);
assert_type_eq_all!(ShardedCounter, gosync_atomic::ShardedCounter);
assert_type_eq_all!(PaddedCounters<1>, gosync_atomic::PaddedCounters<1>);

/// Each counts by itself, up and down, and past the end.
#[test]
fn padded() {
    static COUNTERS: PaddedCounters<3> = PaddedCounters::new();
    COUNTERS.add(0, i64::MAX);
    COUNTERS.add(1, -5);
    COUNTERS.add(1, 2);
    assert_eq!((COUNTERS.get(0), COUNTERS.get(1), COUNTERS.get(2)), (i64::MAX, -3, 0));
    assert_eq!(COUNTERS.sum(), i64::MAX - 3);
    COUNTERS.add(0, 1);
    assert_eq!(COUNTERS.get(0), i64::MIN);
    assert_eq!(COUNTERS.sum(), i64::MAX - 2, "it wraps around");
    assert_eq!(format!("{COUNTERS:?}"), format!("[{}, -3, 0]", i64::MIN));
    catch_unwind(|| COUNTERS.add(3, 1)).unwrap_err();
    catch_unwind(|| COUNTERS.get(3)).unwrap_err();
    assert_eq!(PaddedCounters::<0>::default().sum(), 0);
}

/// From many threads, and with other values in between.
#[test]
fn sharded() {
    static COUNTER: ShardedCounter = ShardedCounter::new();
    assert_eq!(format!("{COUNTER:?}"), "ShardedCounter { sum: 0 }");
    for round in 1..=20 {
        thread::scope(|s| {
            for thread in 0..4 {
                s.spawn(move || {
                    for i in 0..1_000 {
                        COUNTER.add(i);
                        COUNTER.add(if i % 2 == 0 { thread } else { -i });
                    }
                });
            }
        });
        // 4 * (0 + 2 + .. + 998), and 500 * (0 + 1 + 2 + 3).
        assert_eq!(COUNTER.sum(), round * (4 * 249_500 + 500 * 6));
    }
}

/// Runs its function when dropped.
struct AtExit(Option<Box<dyn FnOnce()>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

thread_local! {
    static LAST_WORDS: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

/// While a thread's locals are destroyed, before and after its seat and its slot are; on a thread that had them, and one that
/// had not.
#[test]
fn counting_in_a_destructor() {
    static ONE: ShardedCounter = ShardedCounter::new();
    static MANY: ShardedCounter = ShardedCounter::new();
    // In each other's way for long enough, so that it has a word for each.
    let others = || {
        thread::scope(|s| (0..4).for_each(|_| drop(s.spawn(|| (0..times(100_000)).for_each(|_| MANY.add(1))))));
        4 * times(100_000) as i64
    };
    let before = others();
    for (counter, mut expected) in [(&ONE, 0), (&MANY, before)] {
        for (counts_before, counts_between) in [(false, false), (false, true), (true, false), (true, true)] {
            let thread = thread::spawn(move || {
                if counts_before {
                    counter.add(1);
                }
                let last_words = || (0..10).for_each(|_| counter.add(1));
                LAST_WORDS.set(Some(AtExit(Some(Box::new(last_words)))));
                if counts_between {
                    counter.add(1);
                }
            });
            thread.join().unwrap();
            expected += 10 + i64::from(counts_before) + i64::from(counts_between);
            assert_eq!(counter.sum(), expected);
        }
    }
    let sum = MANY.sum();
    assert_eq!(sum + others(), MANY.sum());
}
