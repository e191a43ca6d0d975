//! `Pool`: nothing before the first put, and then as much as is kept at a time.

use gosync::Pool;

use crate::counter::{allocations, bytes, without_allocating};

#[test]
fn steady() {
    // What is set up for a thread when it first uses any pool is of no interest.
    drop(Pool::new(|| 0).get());
    let before = bytes();
    let pool = without_allocating(|| Pool::new(|| [0_u64; 4]));
    without_allocating(|| {
        let _taken = (pool.take(), pool.try_take());
        let _kept = std::mem::ManuallyDrop::new(pool.get());
    });
    let (n, ()) = allocations(|| drop((0..40).map(|_| pool.get()).collect::<Vec<_>>()));
    assert!((2..=10).contains(&n), "the places, and 40 items in one of them, in {n} allocations");
    let held = bytes();
    without_allocating(|| {
        for _ in 0..1_000 {
            let mut items = [(); 40].map(|()| pool.get());
            items[0][0] += 1;
            pool.put(pool.take());
        }
    });
    assert_eq!(bytes(), held, "nothing is freed either");
    pool.clear();
    assert!(bytes() < held);
    drop(pool);
    assert_eq!(bytes(), before);
}
