//! When the clock moves, and how far.

use super::*;

#[test]
fn it_stands_still_while_a_thread_runs() {
    takes(Duration::ZERO, || thread::sleep(Duration::from_millis(20)));
    takes(Duration::ZERO, || {
        // Another one is blocked; this one is not.
        let (tx, rx) = chan::bounded::<()>(0);
        go(move || assert!(rx.recv_timeout(HOUR).is_err()));
        thread::sleep(Duration::from_millis(20));
        drop(tx);
    });
}

#[test]
fn a_sleep_takes_as_long_as_it_says() {
    takes(HOUR, || time::sleep(HOUR));
    takes(1000 * NANO, || (0..1000).for_each(|_| time::sleep(NANO)));
    takes(Duration::ZERO, || time::sleep(Duration::ZERO));
    let start = Instant::now();
    time::sleep(Duration::from_millis(5));
    assert!(start.elapsed() >= Duration::from_millis(5), "outside it is the system's");
}

#[test]
fn the_longest_sleep_decides() {
    takes(50 * SECOND, || {
        let wg = Arc::new(WaitGroup::new());
        (1..=50).for_each(|n| wg.go(move || time::sleep(n * SECOND)));
        wg.wait();
    });
}

#[test]
fn sleeps_end_in_order() {
    let order = synctest::test(|| {
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let wg = Arc::new(WaitGroup::new());
        for n in 1..=20_u32 {
            let order = Arc::clone(&order);
            let pause = n * 7 % 23;
            wg.go(move || {
                for round in 1..=5 {
                    time::sleep(pause * SECOND);
                    order.lock().unwrap().push(round * pause);
                }
            });
        }
        wg.wait();
        Arc::into_inner(order).unwrap().into_inner().unwrap()
    });
    assert!(order.len() == 100 && order.is_sorted(), "{order:?}");
}

/// It begins when the bubble does, and has nothing to do with another one's.
#[test]
fn bubbles_do_not_meet() {
    let bubbles = [1, 2, 3, 4]
        .map(|n| thread::spawn(move || (0..20).for_each(|_| takes(n * HOUR, move || time::sleep(n * HOUR)))));
    bubbles.into_iter().for_each(|bubble| bubble.join().unwrap());
}
