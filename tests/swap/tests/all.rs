use std::thread;
use std::time::Duration;

use crossbeam_channel::{bounded, unbounded};
use swap::supervisor::{End, Supervisor};
use swap::{fan_in, pipeline};

#[test]
fn a_pipeline() {
    assert_eq!(pipeline::words("a\nb c\n\nd e f"), [1, 2, 0, 3]);
}

#[test]
fn two_sources() {
    let ((ta, a), (tb, b)) = (bounded(0), unbounded());
    thread::spawn(move || (0..10).for_each(|n| ta.send(n).unwrap()));
    thread::spawn(move || (10..20).for_each(|n| tb.send(n).unwrap()));
    let mut all = fan_in::two(a, b);
    all.sort();
    assert_eq!(all, (0..20).collect::<Vec<_>>());
}

#[test]
fn many_sources() {
    let (senders, sources): (Vec<_>, Vec<_>) = (0..5).map(bounded).unzip();
    let threads: Vec<_> = (senders.into_iter().enumerate())
        .map(|(source, tx)| thread::spawn(move || (0..10).for_each(|n| tx.send(source * 100 + n).unwrap())))
        .collect();
    let mut all = fan_in::many(&sources);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(all.iter().all(|(source, value)| value / 100 == *source));
    all.sort();
    assert_eq!(all.len(), 50);
}

const LONG: Duration = Duration::from_secs(600);

#[test]
fn a_supervisor() {
    let supervisor = Supervisor::start(LONG, LONG);
    (1..=10).for_each(|n| supervisor.add(n).unwrap());
    assert_eq!(supervisor.report(), Ok((55, 0)));
    assert_eq!(supervisor.stop(), End::Stopped);
    assert_eq!(Supervisor::start(LONG, LONG).leave(), End::Unused);
}

#[test]
fn a_supervisor_by_the_clock() {
    let supervisor = Supervisor::start(Duration::from_millis(1), LONG);
    while supervisor.report().unwrap().1 < 2 {}
    assert_eq!(supervisor.stop(), End::Stopped);
    assert_eq!(Supervisor::start(LONG, Duration::from_millis(10)).wait(), End::Late);
}
