//! The example `patterns`: what it prints, and that each pattern keeps its promise many times over.

#[path = "../examples/patterns.rs"]
mod patterns;

use patterns::{producer_consumer, run, safe_publication};

/// All of it, once: a lazy value is made once in a process.
#[test]
fn output() {
    let mut out = Vec::new();
    assert!(run(None, &mut out).unwrap());
    let expected = "\
double_checked    by hand: made 1
double_checked    by a Once: made 1
lazy_value        made 0 before it was asked for, 1 after
safe_publication  channel: all of it
safe_publication  mutex: all of it
safe_publication  pointer: all of it
safe_publication  value: all of it, replaced
producer_consumer 1000 buffers in order, sum 1998000
";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn one_by_its_name() {
    let mut out = Vec::new();
    assert!(!run(Some("no such"), &mut out).unwrap() && out.is_empty());
    assert!(run(Some("producer_consumer"), &mut out).unwrap());
    assert_eq!(String::from_utf8(out).unwrap(), "producer_consumer 1000 buffers in order, sum 1998000\n");
}

#[test]
fn again_and_again() {
    for _ in 0..50 {
        let mut out = Vec::new();
        safe_publication(&mut out).unwrap();
        producer_consumer(0, &mut out).unwrap();
        producer_consumer(100, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 6);
    }
}

/// By hand: a new one each time. The other one is a static.
#[test]
fn by_hand() {
    use std::sync::Arc;

    use gosync::atomic::Int32;

    for _ in 0..100 {
        let (made, lazy) = (Arc::new(Int32::new(0)), Arc::new(patterns::ByHand::default()));
        let threads = [(); 4].map(|()| {
            let (made, lazy) = (Arc::clone(&made), Arc::clone(&lazy));
            std::thread::spawn(move || lazy.get(&made).made)
        });
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 1));
    }
}
