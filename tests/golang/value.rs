//! `src/sync/atomic/value_test.go`, and what `atomic_test.go` has of pointers. A value of any type is an enum here.

use std::sync::Arc;
use std::thread;

use gosync::atomic::{Pointer, Value};

use crate::watchdog::Watchdog;

/// `TestValue`.
#[test]
fn test_value() {
    let v = Value::<i32>::default();
    assert_eq!(v.load(), None, "initial value is not nil");
    v.store(42);
    assert_eq!(v.load().as_deref(), Some(&42));
    v.store(84);
    assert_eq!(v.load().as_deref(), Some(&84));
}

/// `TestValueLarge`.
#[test]
fn test_value_large() {
    let v = Value::empty();
    v.store("foo".to_owned());
    assert_eq!(v.load().unwrap().as_str(), "foo");
    v.store("barbaz".to_owned());
    assert_eq!(v.load().unwrap().as_str(), "barbaz");
}

/// `TestValueConcurrent`: several threads store values of one family, of different sizes, and load what others stored: each
/// is one of them as a whole.
#[test]
fn test_value_concurrent() {
    #[derive(Clone, Debug, PartialEq)]
    enum Any {
        Small(u16),
        Wide(u64),
        Text(String),
        Complex(f64, f64),
        Long([u64; 8]),
    }
    use Any::{Complex, Long, Small, Text, Wide};
    let families = [
        vec![Small(0), Small(!0), Small(1234)],
        vec![Wide(0), Wide(!0), Wide(1 << 33 | 5)],
        vec![Text(String::new()), Text("foo".into()), Text("bar and baz".into())],
        vec![Complex(0.0, 0.0), Complex(1.0, 2.0), Complex(3.0, 4.0), Complex(5.0, 6.0)],
        vec![Long([0; 8]), Long([7; 8]), Long([!0; 8]), Small(9)],
    ];
    let n = 4 * thread::available_parallelism().map_or(1, usize::from);
    let _watchdog = Watchdog::new();
    for family in &families {
        let v = Value::empty();
        thread::scope(|s| {
            for seed in 0..n {
                let v = &v;
                s.spawn(move || {
                    let mut state = seed;
                    for _ in 0..2_000 {
                        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345) % (1 << 31);
                        v.store(family[(state >> 16) % family.len()].clone());
                        let loaded = v.load().unwrap();
                        assert!(family.contains(&loaded), "loaded unexpected value {loaded:?}");
                    }
                });
            }
        });
    }
}

/// `TestValue_Swap`, without the cases that panic.
#[test]
fn test_value_swap() {
    let v = Value::empty();
    assert_eq!(v.swap(true), None);
    assert_eq!(v.swap(true).as_deref(), Some(&true));
    assert_eq!(v.swap(false).as_deref(), Some(&true));
    assert_eq!(v.load().as_deref(), Some(&false));
}

/// `TestValueSwapConcurrent`: of all values that were ever swapped in, each comes out once.
#[test]
fn test_value_swap_concurrent() {
    const M: u64 = 50;
    const N: u64 = 2_000;
    let _watchdog = Watchdog::new();
    let v = Value::empty();
    let sums: u64 = thread::scope(|s| {
        let each = |first: u64| {
            let v = &v;
            s.spawn(move || (first..first + N).filter_map(|new| v.swap(new)).map(|old| *old).sum::<u64>())
        };
        let threads: Vec<_> = (0..M).map(|thread| each(thread * N)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(sums + *v.load().unwrap(), M * N * (M * N - 1) / 2);
}

/// `TestValue_CompareAndSwap`, without the cases that panic: another type, nil as the new value, uncomparable values.
#[test]
fn test_value_compare_and_swap() {
    for (init, new, old, expected) in [
        (None, true, None, true),
        (None, true, Some(true), false),
        (Some(true), false, None, false),
        (Some(true), true, Some(false), false),
        (Some(true), true, Some(true), true),
        (Some(true), false, Some(true), true),
    ] {
        let v = init.map_or_else(Value::empty, Value::new);
        assert_eq!(v.compare_and_swap(old.as_ref(), new), expected, "{init:?}, {old:?}, {new}");
        assert_eq!(v.load().as_deref(), if expected { Some(&new) } else { init.as_ref() });
    }
    // Compared by value: what is stored and what it is compared with are never the same.
    let v = Value::new(("heap".to_owned(), vec![1]));
    assert!(v.compare_and_swap(Some(&("heap".to_owned(), vec![1])), (String::new(), vec![])));
}

/// `TestValueCompareAndSwapConcurrent`: threads advance a number, each by the steps that are its own.
#[test]
fn test_value_compare_and_swap_concurrent() {
    const M: usize = 8;
    const N: usize = 200;
    let _watchdog = Watchdog::new();
    let v = Value::new(0);
    thread::scope(|s| {
        for thread in 0..M {
            let v = &v;
            s.spawn(move || {
                for step in (thread..M * N).step_by(M) {
                    while !v.compare_and_swap(Some(&step), step + 1) {
                        thread::yield_now();
                    }
                }
            });
        }
    });
    assert_eq!(*v.load().unwrap(), M * N);
}

/// Addresses of their own, and none.
fn pointers() -> Vec<Option<Arc<usize>>> {
    (0..64).map(|bit| Some(Arc::new(1 << bit))).chain([None]).collect()
}

#[track_caller]
fn same(a: &Option<Arc<usize>>, b: &Option<Arc<usize>>) {
    assert_eq!(a.as_ref().map(Arc::as_ptr), b.as_ref().map(Arc::as_ptr));
}

/// `TestSwapPointer`, `TestSwapPointerMethod`: between words that must stay.
#[test]
fn test_swap_pointer() {
    #[repr(C)]
    struct Guarded(usize, Pointer<usize>, usize);
    const MAGIC: usize = 0xdedd_eadb_eef0_u64 as usize;
    let x = Guarded(MAGIC, Pointer::default(), MAGIC);
    let mut j = None;
    for p in pointers() {
        same(&x.1.swap(p.clone()), &j);
        same(&x.1.load(), &p);
        j = p;
    }
    assert_eq!((x.0, x.2), (MAGIC, MAGIC), "wrong magic");
}

/// `TestCompareAndSwapPointer`, `TestCompareAndSwapPointerMethod`.
#[test]
fn test_compare_and_swap_pointer() {
    let x = Pointer::default();
    let (wrong, new) = (Arc::new(0), Arc::new(0));
    for p in pointers() {
        x.store(p.clone());
        assert!(!x.compare_and_swap(Some(&wrong), Some(Arc::clone(&new))), "should not have swapped {p:?}");
        same(&x.load(), &p);
        assert!(x.compare_and_swap(p.as_ref(), Some(Arc::clone(&new))), "should have swapped {p:?}");
        same(&x.load(), &Some(Arc::clone(&new)));
        assert!(!x.compare_and_swap(p.as_ref(), None), "should not have swapped {p:?}");
        same(&x.load(), &Some(Arc::clone(&new)));
    }
}

/// `TestLoadPointer`, `TestLoadPointerMethod`.
#[test]
fn test_load_pointer() {
    for p in pointers() {
        let x = Pointer::new(p.clone());
        same(&x.load(), &p);
        same(&x.load(), &p);
        same(&x.into_inner(), &p);
    }
}

/// `TestStorePointer`, `TestStorePointerMethod`.
#[test]
fn test_store_pointer() {
    let x = Pointer::default();
    for p in pointers() {
        x.store(p.clone());
        same(&x.load(), &p);
    }
}

/// The parts of `TestHammer32` and `TestHammer64` that swap and compare pointers.
#[test]
fn test_hammer_pointer() {
    const THREADS: usize = 4;
    const N: usize = 5_000;
    let _watchdog = Watchdog::new();
    let x = Pointer::new(Some(Arc::new((0, 0))));
    thread::scope(|s| {
        for thread in 0..THREADS {
            let x = &x;
            s.spawn(move || {
                for n in 0..N {
                    let old = x.swap(Some(Arc::new((n + thread, n + thread)))).unwrap();
                    assert_eq!(old.0, old.1, "not atomic");
                }
            });
        }
    });
    x.store(Some(Arc::new((0, 0))));
    thread::scope(|s| {
        for _ in 0..THREADS {
            s.spawn(|| {
                for _ in 0..N {
                    while {
                        let v = x.load();
                        let (n, m) = **v.as_ref().unwrap();
                        !x.compare_and_swap(v.as_ref(), Some(Arc::new((n + 1, m + 1))))
                    } {}
                }
            });
        }
    });
    assert_eq!(x.into_inner().as_deref(), Some(&(THREADS * N, THREADS * N)));
}

/// `TestHammerStoreLoad`, for pointers: what they point to is always whole.
#[test]
fn test_hammer_store_load_pointer() {
    let _watchdog = Watchdog::new();
    let x = Pointer::new(Some(Arc::new([0_usize; 8])));
    thread::scope(|s| {
        for _ in 0..8 {
            let x = &x;
            s.spawn(move || {
                for _ in 0..5_000 {
                    let seen = x.load().unwrap();
                    assert!(seen.iter().all(|n| *n == seen[0]), "not atomic: {seen:?}");
                    x.store(Some(Arc::new([seen[0] + 1; 8])));
                }
            });
        }
    });
}
