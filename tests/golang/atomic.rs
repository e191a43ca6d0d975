//! `src/sync/atomic/atomic_test.go`: each test for each type, by one macro. Functions and methods are one thing here.

use std::cell::UnsafeCell;
use std::thread;

use gosync::atomic::{Bool, Int32, Int64, Uint32, Uint64, Uintptr};

use crate::watchdog::Watchdog;

/// 1, 2, 4 .. as long as a number is greater than the half of it.
macro_rules! bits {
    ($value:ty) => {
        std::iter::successors(Some(1), |bit: &$value| {
            let next = bit.wrapping_add(*bit);
            (next > *bit).then_some(next)
        })
    };
}

/// `Test{Swap,Add,And,Or,CompareAndSwap,Load,Store}{Int32,..}` and `..Method`: every bit, between words that must stay.
macro_rules! single {
    ($module:ident, $type:ident, $value:ty, $magic:literal) => {
        mod $module {
            use super::*;

            const MAGIC: $value = $magic as $value;

            #[repr(C)]
            struct Guarded {
                before: $value,
                i: $type,
                after: $value,
            }

            fn guarded(value: $value, test: impl FnOnce(&$type)) {
                let x = Guarded { before: MAGIC, i: $type::new(value), after: MAGIC };
                test(&x.i);
                assert_eq!((x.before, x.after), (MAGIC, MAGIC), "wrong magic");
            }

            #[test]
            fn test_swap() {
                guarded(0, |x| {
                    let mut j = 0;
                    for delta in bits!($value) {
                        assert_eq!((x.swap(delta), x.load()), (j, delta));
                        j = delta;
                    }
                });
            }

            #[test]
            fn test_add() {
                guarded(0, |x| {
                    let mut j: $value = 0;
                    for delta in bits!($value) {
                        j = j.wrapping_add(delta);
                        assert_eq!((x.add(delta), x.load()), (j, j));
                    }
                    // And down again.
                    for delta in bits!($value) {
                        j = j.wrapping_sub(delta);
                        assert_eq!((x.add(delta.wrapping_neg()), x.load()), (j, j));
                    }
                    assert_eq!(j, 0);
                });
            }

            #[test]
            fn test_and() {
                guarded(!0, |x| {
                    let mut j: $value = !0;
                    for mask in bits!($value) {
                        let old = j;
                        j &= !mask;
                        assert_eq!((x.and(!mask), x.load()), (old, j));
                    }
                });
            }

            #[test]
            fn test_or() {
                guarded(0, |x| {
                    let mut j: $value = 0;
                    for mask in bits!($value) {
                        let old = j;
                        j |= mask;
                        assert_eq!((x.or(mask), x.load()), (old, j));
                    }
                });
            }

            #[test]
            fn test_compare_and_swap() {
                guarded(0, |x| {
                    for val in bits!($value) {
                        x.store(val);
                        assert!(x.compare_and_swap(val, val + 1), "should have swapped {val:#x}");
                        assert_eq!(x.load(), val + 1);
                        assert!(!x.compare_and_swap(val, val.wrapping_add(2)), "should not have swapped {val:#x}");
                        assert_eq!(x.load(), val + 1);
                    }
                });
            }

            #[test]
            fn test_load() {
                let mut x = Guarded { before: MAGIC, i: $type::new(0), after: MAGIC };
                for delta in bits!($value) {
                    assert_eq!(x.i.load(), *x.i.get_mut());
                    *x.i.get_mut() = x.i.load().wrapping_add(delta);
                }
                assert_eq!((x.before, x.after), (MAGIC, MAGIC), "wrong magic");
            }

            #[test]
            fn test_store() {
                let mut x = Guarded { before: MAGIC, i: $type::new(0), after: MAGIC };
                let mut v: $value = 0;
                for delta in bits!($value) {
                    x.i.store(v);
                    assert_eq!(*x.i.get_mut(), v);
                    v = v.wrapping_add(delta);
                }
                assert_eq!((x.before, x.after), (MAGIC, MAGIC), "wrong magic");
            }
        }
    };
}

single!(int32, Int32, i32, 0xdedbeef);
single!(uint32, Uint32, u32, 0xdedbeef);
single!(int64, Int64, i64, 0xdeddeadbeefbeef_u64);
single!(uint64, Uint64, u64, 0xdeddeadbeefbeef_u64);
single!(uintptr, Uintptr, usize, 0xdeddeadbeefbeef_u64);

/// The tests of `Bool`'s methods, which Go has in `TestNilDeref` and in its documentation only.
#[test]
fn test_bool() {
    let x = Bool::default();
    assert!(!x.load());
    x.store(true);
    assert!(x.load() && x.swap(false) && !x.swap(true));
    assert!(!x.compare_and_swap(false, true) && x.compare_and_swap(true, false) && !x.load());
}

const HAMMERS: usize = 4;

/// Several threads do the same to one word, `n` times each.
fn hammer<A: Sync>(a: A, threads: usize, n: usize, f: impl Fn(&A, usize) + Sync) -> A {
    let _watchdog = Watchdog::new();
    thread::scope(|s| {
        for seed in 0..threads {
            let (a, f) = (&a, &f);
            s.spawn(move || (0..n).for_each(|i| f(a, seed + i)));
        }
    });
    a
}

/// `TestHammer32` and `TestHammer64`.
macro_rules! hammer {
    ($name:ident, $n:literal; $($type:ident: $value:ty),*) => {
        #[test]
        fn $name() {
            $({
                const HALF: u32 = <$value>::BITS / 2;
                hammer($type::new(0), HAMMERS, $n, |x, i| {
                    // Alike, and small enough for a sign not to get in the way.
                    let half = (i % 30_000) as $value;
                    let old = x.swap(half << HALF | half);
                    assert_eq!(old >> HALF, old & ((1 << HALF) - 1), "not atomic: {old:#x}");
                });
                let x = hammer($type::new(0), HAMMERS, $n, |x, _| _ = x.add(1));
                assert_eq!(x.into_inner(), (HAMMERS * $n) as $value);
                let x = hammer($type::new(0), HAMMERS, $n, |x, _| {
                    while {
                        let v = x.load();
                        !x.compare_and_swap(v, v + 1)
                    } {}
                });
                assert_eq!(x.into_inner(), (HAMMERS * $n) as $value);
            })*
        }
    };
}

hammer!(test_hammer32, 20_000; Int32: i32, Uint32: u32);
hammer!(test_hammer64, 20_000; Int64: i64, Uint64: u64, Uintptr: usize);

/// `TestHammerStoreLoad`: the halves of a word are always alike.
macro_rules! hammer_store_load {
    ($($type:ident: $value:ty),*) => {
        #[test]
        fn test_hammer_store_load() {
            $({
                const HALF: u32 = <$value>::BITS / 2;
                hammer($type::new(0), 8, 10_000, |x, _| {
                    let v = x.load();
                    let (low, high) = (v & ((1 << HALF) - 1), v >> HALF);
                    assert_eq!(low, high, "not atomic");
                    x.store(if low == 10_000 { 0 } else { v + 1 + (1 << HALF) });
                });
            })*
        }
    };
}

hammer_store_load!(Int32: i32, Uint32: u32, Int64: i64, Uint64: u64, Uintptr: usize);

/// Gives the CPU away now and then.
fn pause(tries: &mut u32) {
    *tries += 1;
    if *tries % 100 == 0 { thread::yield_now() } else { std::hint::spin_loop() }
}

/// `TestStoreLoadSeqCst32` and `64`: of two threads that store and then load the other's word, one sees the other.
macro_rules! store_load_seq_cst {
    ($name:ident, $type:ident) => {
        #[test]
        fn $name() {
            const N: usize = 1_000;
            let _watchdog = Watchdog::new();
            let x = [0; 2].map($type::new);
            let ack = [[-1; 3]; 2].map(|row| row.map($type::new));
            thread::scope(|s| {
                for me in 0..2 {
                    let (x, ack) = (&x, &ack);
                    s.spawn(move || {
                        let he = 1 - me;
                        for n in 1..N {
                            let i = n as _;
                            x[me].store(i);
                            let my = x[he].load();
                            ack[me][n % 3].store(my);
                            let mut tries = 0;
                            while ack[he][n % 3].load() == -1 {
                                pause(&mut tries);
                            }
                            let his = ack[he][n % 3].load();
                            assert!((my == i || my == i - 1) && (his == i || his == i - 1), "{i}: {my} {his}");
                            assert!(my == i || his == i, "store/load are not sequentially consistent");
                            ack[me][(n - 1) % 3].store(-1);
                        }
                    });
                }
            });
        }
    };
}

store_load_seq_cst!(test_store_load_seq_cst32, Int32);
store_load_seq_cst!(test_store_load_seq_cst64, Int64);

/// Data without synchronisation of its own.
#[repr(C)]
struct Data<S> {
    signal: S,
    pad1: [u8; 128],
    data1: UnsafeCell<i64>,
    pad2: [u8; 128],
    data2: UnsafeCell<f64>,
}

// SAFETY: the test orders all accesses by the signal.
unsafe impl<S: Sync> Sync for Data<S> {}

/// `TestStoreLoadRelAcq32` and `64`: who has seen the signal sees the data.
macro_rules! store_load_rel_acq {
    ($name:ident, $type:ident) => {
        #[test]
        fn $name() {
            const N: i64 = 1_000;
            let _watchdog = Watchdog::new();
            let (data1, data2) = (UnsafeCell::new(0), UnsafeCell::new(0.0));
            let x = Data { signal: $type::new(0), pad1: [0; 128], data1, pad2: [0; 128], data2 };
            thread::scope(|s| {
                for p in 0..2 {
                    let x = &x;
                    s.spawn(move || {
                        for i in 1..N {
                            if (i + p) % 2 == 0 {
                                // SAFETY: the other thread waits for the signal below.
                                unsafe { *x.data1.get() = i };
                                // SAFETY: as above.
                                unsafe { *x.data2.get() = i as f64 };
                                x.signal.store(i as _);
                            } else {
                                let mut tries = 0;
                                while x.signal.load() != i as _ {
                                    pause(&mut tries);
                                }
                                // SAFETY: the other thread has signalled, and waits for the next signal.
                                let d1 = unsafe { *x.data1.get() };
                                // SAFETY: as above.
                                let d2 = unsafe { *x.data2.get() };
                                assert_eq!((d1, d2), (i, i as f64), "incorrect data");
                            }
                        }
                    });
                }
            });
            assert_eq!((x.pad1, x.pad2), ([0; 128], [0; 128]));
        }
    };
}

store_load_rel_acq!(test_store_load_rel_acq32, Int32);
store_load_rel_acq!(test_store_load_rel_acq64, Int64);

/// `TestAutoAligned64`.
#[test]
fn test_auto_aligned64() {
    #[repr(C)]
    struct Signed(u32, Int64);
    #[repr(C)]
    struct Unsigned(u32, Uint64);
    assert_eq!((std::mem::offset_of!(Signed, 1) % 8, std::mem::offset_of!(Unsigned, 1) % 8), (0, 0));
    let (signed, unsigned) = (Signed(0, Int64::new(1)), Unsigned(0, Uint64::new(1)));
    assert_eq!((signed.1.add(1), unsigned.1.add(1), signed.0 + unsigned.0), (2, 2, 0));
}
