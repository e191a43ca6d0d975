//! Odd values through selects: without a size, large, over-aligned, borrowed.

use std::fmt::Debug;
use std::thread;

use gosync::chan::{Chan, select};

use super::{choose_recv, choose_send};
use crate::watchdog::Watchdog;

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(256))]
struct Aligned(u8);

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
struct AlignedNothing;

/// Sends `n` values in every way, and receives them in every way, at capacities at which that blocks and does not.
fn through<T: Clone + Debug + PartialEq + Send>(value: impl Fn(usize) -> T + Sync) {
    const N: usize = 60;
    let _watchdog = Watchdog::new();
    let (no_sender, no_receiver) = (Chan::<T>::new(0), Chan::<T>::new(0));
    for capacity in [0, 1, 3, usize::MAX] {
        let c = Chan::new(capacity);
        let (tx, rx) = (c.sender(), c.receiver());
        let send = |n: usize| match n % 3 {
            0 => tx.send(value(n)).ok().unwrap(),
            1 => {
                select! {
                    send(tx, value(n)) -> sent => sent.ok().unwrap(),
                    recv(no_sender) -> _ => unreachable!(),
                }
            }
            _ => choose_send(&tx).send(&tx, value(n)).ok().unwrap(),
        };
        let receive = |n: usize| {
            let got = match n % 4 {
                0 => rx.recv(),
                1 => select! { recv(rx) -> v => v },
                2 => select! { send(no_receiver, value(n)) -> _ => unreachable!(), recv(rx) -> v => v },
                _ => choose_recv(&rx).recv(&rx),
            };
            let got = got.unwrap();
            assert_eq!(got, value(n));
            assert_eq!((&raw const got).addr() % align_of::<T>(), 0);
        };
        thread::scope(|s| {
            s.spawn(|| (0..N).for_each(send));
            (0..N).for_each(receive);
        });
        if capacity > 0 {
            // The same without anybody blocked.
            (0..N).for_each(|n| {
                send(n);
                receive(n);
            });
        }
        c.close().unwrap();
        let back = select! { send(c, value(7)) -> sent => sent.unwrap_err().into_inner() };
        assert_eq!(back, value(7));
    }
}

#[test]
fn without_a_size() {
    through(|_| ());
    through(|_| [0_u64; 0]);
    through(|_| AlignedNothing);
}

#[test]
fn large() {
    through(|n| [n as u8; 4096]);
    through(|n| [[n; 16]; 32]);
}

#[test]
fn over_aligned() {
    through(|n| Aligned(n as u8));
    through(|n| (n as u8, Aligned(n as u8), n));
}

#[test]
fn owned_and_borrowed() {
    through(|n| vec![n; n]);
    let texts: Vec<_> = (0..60).map(|n| n.to_string()).collect();
    through(|n| texts[n % 60].as_str());
    through(|n| (n % 2 == 0).then(|| Box::new(n)));
}

/// A select whose cases carry different types.
#[test]
fn of_different_types() {
    let _watchdog = Watchdog::new();
    let (numbers, texts, units, large) = (Chan::new(0), Chan::new(1), Chan::new(0), Chan::new(2));
    thread::scope(|s| {
        for round in 0..40 {
            let (numbers, texts, units, large) = (&numbers, &texts, &units, &large);
            s.spawn(move || match round % 4 {
                0 => numbers.send(round).unwrap(),
                1 => texts.send(round.to_string()).unwrap(),
                2 => units.send(()).unwrap(),
                _ => large.send([round; 512]).unwrap(),
            });
        }
        let mut counts = [0; 4];
        for _ in 0..40 {
            let kind = select! {
                recv(numbers) -> n => n.unwrap() % 4,
                recv(texts) -> text => text.unwrap().parse::<usize>().unwrap() % 4,
                recv(units) -> unit => { let () = unit.unwrap(); 2 }
                recv(large) -> v => v.unwrap()[511] % 4,
            };
            counts[kind] += 1;
        }
        assert_eq!(counts, [10; 4]);
    });
}
