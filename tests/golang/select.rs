//! The selects of `src/runtime/chan_test.go` and `src/reflect/all_test.go`.

use std::any::Any;
use std::thread;

use gosync::chan::{self, Chan, Receiver, Select, select};

use crate::settle;
use crate::watchdog::Watchdog;

/// How a racer looks at two channels: whether it found something.
type Look = fn(&Receiver<i32>, &Receiver<i32>) -> bool;

const LOOKS: [Look; 3] = [
    |c1, c2| {
        select! {
            recv(c1) -> _ => true,
            recv(c2) -> _ => true,
            default => false,
        }
    },
    |c1, c2| {
        let mut select = Select::new();
        let (first, _) = (select.recv(c1), select.recv(c2));
        match select.try_select() {
            Ok(operation) if operation.index() == first => operation.recv(c1).is_ok() || c1.is_closed(),
            Ok(operation) => operation.recv(c2).is_ok() || c2.is_closed(),
            Err(_) => false,
        }
    },
    |c1, c2| {
        let mut select = Select::new();
        select.recv(c1);
        select.recv(c2);
        select.try_ready().is_ok()
    },
];

/// At every instant one of two channels is ready; a racer must never see neither.
fn race(make_ready: fn(&Chan<i32>)) {
    let rounds = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
    let _watchdog = Watchdog::new();
    for look in LOOKS {
        let (go, gone) = chan::bounded::<(Chan<i32>, Chan<i32>)>(0);
        let (found, finds) = chan::bounded(0);
        thread::scope(|s| {
            s.spawn(move || gone.iter().try_for_each(|(c1, c2)| found.send(look(&c1.receiver(), &c2.receiver()))));
            for _ in 0..rounds {
                let (c1, c2) = (Chan::new(1), Chan::new(1));
                c1.send(1).unwrap();
                go.send((c1.clone(), c2.clone())).unwrap();
                make_ready(&c2);
                c1.try_recv().ok();
                assert_eq!(finds.recv(), Ok(true), "no channel is ready");
            }
            drop(go);
        });
    }
}

/// `TestNonblockSelectRace`: the other one gets a value.
#[test]
fn test_nonblock_select_race() {
    race(|c2| c2.send(1).unwrap());
}

/// `TestNonblockSelectRace2`: the other one is closed.
#[test]
fn test_nonblock_select_race2() {
    race(|c2| c2.close().unwrap());
}

/// `TestSelfSelect`: two threads, each with a send and a receive on the one channel, in both orders. At capacity 0 nobody
/// gets what he sent.
#[test]
fn test_self_select() {
    let _watchdog = Watchdog::new();
    for capacity in [0, 10] {
        let c = Chan::new(capacity);
        thread::scope(|s| {
            for p in 0..2 {
                let c = &c;
                let check = move |v| assert!(capacity > 0 || v != Ok(p), "received its own value");
                s.spawn(move || {
                    for i in 0..1000 {
                        if p == 0 || i % 2 == 0 {
                            select! {
                                send(c, p) -> sent => sent.unwrap(),
                                recv(c) -> v => check(v),
                            }
                        } else {
                            select! {
                                recv(c) -> v => check(v),
                                send(c, p) -> sent => sent.unwrap(),
                            }
                        }
                    }
                });
            }
        });
    }
}

/// The same with `Select`, on both sides, and on one.
#[test]
fn test_self_select_dynamic() {
    let _watchdog = Watchdog::new();
    for (capacity, both) in [(0, true), (10, true), (0, false), (10, false)] {
        let c = Chan::new(capacity);
        let (tx, rx) = (c.sender(), c.receiver());
        let check = |p, v| assert!(capacity > 0 || v != Ok(p), "received its own value");
        let dynamic = |p| {
            let mut select = Select::new();
            let (send, _) = (select.send(&tx), select.recv(&rx));
            for _ in 0..1000 {
                let operation = select.select();
                if operation.index() == send {
                    operation.send(&tx, p).unwrap();
                } else {
                    check(p, operation.recv(&rx));
                }
            }
        };
        let fixed = |p| {
            for _ in 0..1000 {
                select! {
                    send(tx, p) -> sent => sent.unwrap(),
                    recv(rx) -> v => check(p, v),
                }
            }
        };
        thread::scope(|s| {
            s.spawn(|| dynamic(0));
            if both { dynamic(1) } else { fixed(1) }
        });
    }
}

/// `TestSelectStress`: plain senders and receivers of four channels, and a select of all four on either side, which
/// switches off what it is through with.
#[test]
fn test_select_stress() {
    const N: usize = if cfg!(debug_assertions) { 2_000 } else { 20_000 };
    let _watchdog = Watchdog::new();
    let c = [0, 0, 2, 3].map(Chan::new);
    thread::scope(|s| {
        for c in &c {
            s.spawn(|| (0..N).for_each(|n| c.send(n).unwrap()));
            s.spawn(|| (0..N).for_each(|_| _ = c.recv().unwrap()));
        }
        s.spawn(|| {
            let mut to = c.each_ref().map(Some);
            let mut sent = [0; 4];
            while sent != [N; 4] {
                let i = select! {
                    send(to[0], sent[0]) -> r => r.map(|()| 0),
                    send(to[1], sent[1]) -> r => r.map(|()| 1),
                    send(to[2], sent[2]) -> r => r.map(|()| 2),
                    send(to[3], sent[3]) -> r => r.map(|()| 3),
                }
                .unwrap();
                sent[i] += 1;
                to[i] = to[i].filter(|_| sent[i] < N);
            }
        });
        s.spawn(|| {
            let mut from = c.each_ref().map(Some);
            let mut received = [0; 4];
            while received != [N; 4] {
                let i = select! {
                    recv(from[0]) -> v => v.map(|_| 0),
                    recv(from[1]) -> v => v.map(|_| 1),
                    recv(from[2]) -> v => v.map(|_| 2),
                    recv(from[3]) -> v => v.map(|_| 3),
                }
                .unwrap();
                received[i] += 1;
                from[i] = from[i].filter(|_| received[i] < N);
            }
        });
    });
    assert!(c.iter().all(Chan::is_empty), "as much came out as went in");
}

/// `TestSelectFairness`: two channels that are always ready, and two that never are. Ten standard deviations are allowed.
#[test]
fn test_select_fairness() {
    const TRIALS: usize = 10_000;
    let (c1, c2) = (Chan::new(TRIALS + 1), Chan::new(TRIALS + 1));
    for _ in 0..=TRIALS {
        c1.send(1).unwrap();
        c2.send(2).unwrap();
    }
    let (c3, c4) = (Chan::<i32>::new(0), Chan::<i32>::new(0));
    let mut counts = [0; 3];
    for _ in 0..TRIALS {
        let b = select! {
            recv(c3) -> b => b,
            recv(c4) -> b => b,
            recv(c1) -> b => b,
            recv(c2) -> b => b,
        };
        counts[b.unwrap() as usize] += 1;
    }
    let tolerance = 10.0 * (TRIALS as f64 / 4.0).sqrt();
    assert_eq!((counts[0], counts[1] + counts[2]), (0, TRIALS));
    assert!((counts[1] as f64 - TRIALS as f64 / 2.0).abs() < tolerance, "unfair: {counts:?}");
}

/// The same with the dynamic select, and with one ready channel in three cases.
#[test]
fn test_select_fairness_dynamic() {
    const TRIALS: usize = 10_000;
    let (tx, rx) = chan::unbounded::<()>();
    let (_open, idle) = chan::bounded::<()>(0);
    tx.send(()).unwrap();
    let mut select = Select::new();
    for rx in [&rx, &idle, &rx, &rx] {
        select.recv(rx);
    }
    let mut counts = [0; 4];
    for _ in 0..TRIALS {
        // Dropped, so the value stays.
        counts[select.select().index()] += 1;
    }
    let tolerance = 10.0 * (TRIALS as f64 * 2.0 / 9.0).sqrt();
    for (number, count) in counts.into_iter().enumerate() {
        let expected = if number == 1 { 0.0 } else { TRIALS as f64 / 3.0 };
        assert!((f64::from(count) - expected).abs() <= tolerance * expected.signum(), "unfair: {counts:?}");
    }
}

/// `TestChanSendInterface`, the select: values behind a trait, in two sends to one full channel; neither is made.
#[test]
fn test_chan_send_interface_select() {
    struct Mt;
    let c = Chan::<Box<dyn Any + Send>>::new(1);
    c.send(Box::new(1)).unwrap();
    select! {
        send(c, Box::new(Mt)) -> _ => panic!("sent to a full channel"),
        send(c, Box::new(())) -> _ => panic!("sent to a full channel"),
        default => {}
    }
    assert!(c.recv().unwrap().is::<i32>());
    let first = select! {
        send(c, Box::new(Mt)) -> sent => sent.is_ok(),
        send(c, Box::new(())) -> sent => sent.is_err(),
    };
    let value = c.recv().unwrap();
    assert_eq!((value.is::<Mt>(), value.is::<()>()), (first, !first));
}

/// `TestPseudoRandomSend`: of two sends to one channel both are chosen, each more than one time in ten; whether the select
/// finds a receiver, or waits for one.
#[test]
fn test_pseudo_random_send() {
    const N: usize = 100;
    let _watchdog = Watchdog::new();
    for capacity in [0, N] {
        let (tx, rx) = chan::bounded(capacity);
        let ones = thread::scope(|s| {
            let receiver = s.spawn(move || {
                let slowly = rx.iter().take(N).inspect(|_| thread::yield_now());
                slowly.filter(|&bit| bit).count()
            });
            for _ in 0..N {
                select! {
                    send(tx, false) -> sent => sent.unwrap(),
                    send(tx, true) -> sent => sent.unwrap(),
                }
            }
            receiver.join().unwrap()
        });
        assert!((N / 10 + 1..N - N / 10).contains(&ones), "{ones} of {N}");
    }
}

/// `TestSelectDuplicateChannel`: a select that waits twice on one channel leaves its queue in order when it is woken by
/// another.
#[test]
fn test_select_duplicate_channel() {
    let _watchdog = Watchdog::new();
    let (c, d, e) = (Chan::new(0), Chan::new(0), Chan::new(0));
    thread::scope(|s| {
        s.spawn(|| {
            let woken_by = select! {
                recv(c) -> _ => 'c',
                recv(c) -> _ => 'c',
                recv(d) -> v => v.unwrap(),
            };
            assert_eq!(woken_by, 'd');
            e.send(9).unwrap();
        });
        settle();
        let second = s.spawn(|| c.recv());
        settle();
        d.send('d').unwrap();
        assert_eq!(e.recv(), Ok(9));
        c.send('8').unwrap();
        assert_eq!(second.join().unwrap(), Ok('8'));
    });
}

/// `TestSelectMaxCases` of the reflect package: 65,536 cases, of which the last one is ready. There they are the limit.
#[test]
fn test_select_max_cases() {
    const CASES: usize = 65_536;
    let _watchdog = Watchdog::new();
    let (_open, idle) = chan::bounded::<usize>(0);
    let (ready, rx) = chan::bounded(1);
    let mut select = Select::new();
    (1..CASES).for_each(|_| _ = select.recv(&idle));
    assert_eq!(select.recv(&rx), CASES - 1);
    assert!(select.try_select().is_err());
    ready.send(5).unwrap();
    let operation = select.select();
    assert_eq!((operation.index(), operation.recv(&rx)), (CASES - 1, Ok(5)));
}

/// `TestSelectNop` of the reflect package: a `default` alone.
#[test]
fn test_select_nop() {
    assert_eq!(select! { default => 1 }, 1);
    assert!(Select::new().try_select().is_err());
}
