//! `Map`: nothing before it is first used, then its tables, and after that only where a table outgrows itself, or is to be gone
//! through as a whole.

use gosync::Map;

use crate::counter::{allocations, bytes, without_allocating};

#[test]
fn steady() {
    // What is set up for a thread when it first uses any map is of no interest.
    Map::<u32, u64>::from([(0, 0)]).clear();
    let before = bytes();
    let map = without_allocating(Map::<u32, u64>::new);
    let (n, ()) = allocations(|| map.store(0, 0));
    assert_eq!(n, 2, "all tables, and what is in one of them");
    (1..100).for_each(|key| map.store(key, 0));
    let held = bytes();
    without_allocating(|| {
        // Readers pass by locks from some look on.
        for n in 0..100 {
            for key in 0..100 {
                assert_eq!(map.load(&key), Some(n));
                assert_eq!(map.load_or_store(key, 7), (n, true));
                assert!(map.compare_and_swap(&key, &n, n + 1).is_ok());
            }
            let key = n as u32;
            assert!(map.contains_key(&key) && map.delete(&key) && !map.contains_key(&key));
            assert_eq!(map.load_or_store(key, n + 1), (n + 1, false));
            assert_eq!(map.swap(key, n + 1), Some(n + 1));
        }
    });
    assert_eq!(bytes(), held, "nothing is freed either");
    let (n, len) = allocations(|| map.len());
    assert_eq!((n, len), (1, 100), "a list of locks");
    map.clear();
    assert!(bytes() < held);
    drop(map);
    assert_eq!(bytes(), before);
}

#[test]
fn dropping_allocates_nothing() {
    let map: Map<u32, String> = (0..1000).map(|key| (key, String::new())).collect();
    without_allocating(|| drop(map));
}
