//! `Value` and `Pointer`: a value costs one allocation when it is stored, and nothing else does.

use std::sync::Arc;

use gosync::atomic::{Pointer, Value};

use crate::counter::{allocations, bytes, without_allocating};

#[test]
fn values() {
    let before = bytes();
    let v = without_allocating(Value::<[u64; 4]>::empty);
    for n in 0..10 {
        assert_eq!(allocations(|| v.store([n; 4])).0, 1);
    }
    let held = bytes();
    assert_eq!(held - before, (2 * size_of::<usize>() + 32) as isize, "one `Arc` is left");
    without_allocating(|| {
        let mut reader = v.reader();
        for _ in 0..100 {
            assert_eq!(v.load(), reader.get().cloned());
        }
        assert!(!v.compare_and_swap(Some(&[0; 4]), [1; 4]));
    });
    assert_eq!(allocations(|| v.compare_and_swap(Some(&[9; 4]), [1; 4])), (1, true));
    assert_eq!(allocations(|| v.swap([2; 4])).0, 1);
    assert_eq!(bytes(), held, "and what was replaced has gone");
    drop(v);
    assert_eq!(bytes(), before);
}

#[test]
fn pointers() {
    let (a, b) = (Arc::new(1), Arc::new(2));
    without_allocating(|| {
        let p = Pointer::new(Some(Arc::clone(&a)));
        assert!(p.compare_and_swap(Some(&a), Some(Arc::clone(&b))));
        assert_eq!(p.swap(None).as_deref(), Some(&2));
        p.store(Some(Arc::clone(&a)));
        assert_eq!(p.load().as_deref(), Some(&1));
    });
    assert_eq!((Arc::strong_count(&a), Arc::strong_count(&b)), (1, 1));
}
