//! The same check twice: once as an ordinary test, once as a model that tries all orders.

fn check(numbers: &[u64], workers: usize) {
    let mut squares = user_model::squares(numbers, workers);
    squares.sort_unstable();
    assert_eq!(squares, numbers.iter().map(|n| n * n).collect::<Vec<_>>());
}

#[cfg(not(gosync_loom))]
#[test]
fn a_thousand_numbers() {
    let numbers: Vec<u64> = (0..1000).collect();
    check(&numbers, 4);
}

#[cfg(gosync_loom)]
#[test]
fn two_numbers_and_two_workers_in_every_order() {
    let mut model = loom::model::Builder::new();
    // Three threads: so many preemptions are enough for what is looked for, and take a second.
    model.preemption_bound = Some(2);
    model.check(|| check(&[2, 3], 2));
}
