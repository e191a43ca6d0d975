//! The typed atomics beyond Go's tests.

use std::fmt::Debug;
use std::thread;

use gosync::atomic::{Bool, Int32, Int64, Uint32, Uint64, Uintptr};
use gosync_tests::times;
use static_assertions::{assert_impl_all, assert_not_impl_any, assert_type_eq_all, const_assert_eq};

macro_rules! facts {
    ($($type:ident: $value:ty),*) => {
        $(
            const_assert_eq!(size_of::<$type>(), size_of::<$value>());
            // Also of those with 64 bits, on any platform: what Go promises.
            const_assert_eq!(align_of::<$type>(), size_of::<$value>());
            assert_impl_all!($type: Send, Sync, Unpin, std::panic::UnwindSafe, std::panic::RefUnwindSafe);
            assert_impl_all!($type: Default, Debug, From<$value>);
            // A copy would be another one.
            assert_not_impl_any!($type: Clone, PartialEq);
            assert_type_eq_all!(gosync::atomic::$type, gosync_atomic::$type);
        )*

        /// What one is made of, and what is left of it.
        #[test]
        fn conversions() {
            $({
                static STATIC: $type = $type::new(<$value>::MAX);
                let by_const = const { $type::new(7) };
                assert_eq!(STATIC.swap(5), <$value>::MAX);
                assert_eq!(format!("{:?} {:?} {:x?}", STATIC, by_const, $type::from(255)), "5 7 ff");
                assert_eq!($type::default().into_inner(), 0);
                let mut x = $type::from(3);
                *x.get_mut() += 1;
                assert_eq!((x.load(), x.into_inner()), (4, 4));
            })*
        }

        /// Go's conventions: the new value of an addition, the old one of all else.
        #[test]
        fn what_is_returned() {
            $({
                let x = $type::new(<$value>::MAX);
                assert_eq!((x.add(1), x.load()), (<$value>::MIN, <$value>::MIN));
                let one: $value = 1;
                assert_eq!((x.add(one.wrapping_neg()), x.load()), (<$value>::MAX, <$value>::MAX));
                x.store(0b1100);
                assert_eq!((x.and(0b0110), x.load()), (0b1100, 0b0100));
                assert_eq!((x.or(0b0011), x.load()), (0b0100, 0b0111));
                assert_eq!((x.swap(9), x.load()), (0b0111, 9));
                assert_eq!((x.compare_and_swap(8, 1), x.load()), (false, 9));
                assert_eq!((x.compare_and_swap(9, 9), x.compare_and_swap(9, 1), x.load()), (true, true, 1));
            })*
        }

        /// No bit is lost when threads change different ones.
        #[test]
        fn bits_from_many_threads() {
            $({
                let x = $type::new(!0b1111);
                thread::scope(|s| {
                    for bit in 0..4 {
                        let x = &x;
                        s.spawn(move || {
                            let bit: $value = 1 << bit;
                            for _ in 0..times(1_000) {
                                assert_eq!(x.or(bit) & bit, 0);
                                assert_eq!(x.and(!bit) & bit, bit);
                            }
                            x.or(bit);
                        });
                    }
                });
                assert_eq!(x.into_inner(), !0);
            })*
        }
    };
}

facts!(Int32: i32, Int64: i64, Uint32: u32, Uint64: u64, Uintptr: usize);

const_assert_eq!(size_of::<Bool>(), 1);
assert_impl_all!(Bool: Send, Sync, Unpin, std::panic::UnwindSafe, std::panic::RefUnwindSafe, Default, Debug, From<bool>);
assert_not_impl_any!(Bool: Clone, PartialEq);
assert_type_eq_all!(gosync::atomic::Bool, gosync_atomic::Bool);

/// A truth value, in all that it does.
#[test]
fn truth_values() {
    static STATIC: Bool = Bool::new(true);
    assert!(STATIC.compare_and_swap(true, false) && !STATIC.swap(true) && STATIC.load());
    assert!(!STATIC.compare_and_swap(false, false));
    let mut x = Bool::from(true);
    *x.get_mut() = false;
    assert_eq!(format!("{x:?} {:?}", STATIC), "false true");
    assert!(!x.into_inner() && !Bool::default().load());
}

/// A truth value that threads compete for is won once.
#[test]
fn one_winner() {
    for _ in 0..100 {
        let (claimed, winners) = (Bool::new(false), Uint32::new(0));
        thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    if claimed.compare_and_swap(false, true) {
                        winners.add(1);
                    }
                });
            }
        });
        assert_eq!(winners.load(), 1);
    }
}
