//! Values of all kinds: borrowed, large, without a size, over-aligned, handles.

use std::fmt::Debug;
use std::thread;
use std::time::Duration;

use gosync::chan::{self, Receiver};

use crate::make;
use crate::watchdog::Watchdog;

/// Sends values through every path there is: the buffer, the buffer's growth, a blocked receiver, a blocked sender, the
/// queue behind a full buffer, a refusal, a timeout.
fn all_paths<T: Debug + PartialEq + Send>(value: impl Fn(usize) -> T + Sync) {
    let _watchdog = Watchdog::new();
    for capacity in [None, Some(0), Some(1), Some(3), Some(70)] {
        let (tx, rx) = make(capacity);
        let n = capacity.unwrap_or(100);
        (0..n).for_each(|i| tx.try_send(value(i)).unwrap());
        (0..n).for_each(|i| assert_eq!(rx.try_recv(), Ok(value(i))));
        thread::scope(|s| {
            let (value, rx) = (&value, &rx);
            s.spawn(move || (0..200).for_each(|i| tx.send(value(i)).unwrap()));
            (0..200).for_each(|i| assert_eq!(rx.recv(), Ok(value(i))));
        });
        let (tx, rx) = make(capacity);
        if capacity.is_some() {
            (0..n).for_each(|i| tx.send(value(i)).unwrap());
            assert_eq!(tx.try_send(value(7)).unwrap_err().into_inner(), value(7));
            assert_eq!(tx.send_timeout(value(8), Duration::from_micros(200)).unwrap_err().into_inner(), value(8));
        }
        drop(rx);
        assert_eq!(tx.send(value(9)).unwrap_err().into_inner(), value(9));
    }
}

#[test]
fn small() {
    all_paths(|i| i as u8);
    all_paths(|i| i % 2 == 0);
    all_paths(|i| (i % 3 == 0).then(|| i.to_string()));
}

/// 4 KiB, no stack of a small thread overflows, and no byte is lost.
#[test]
fn large() {
    all_paths(|i| [i as u64; 512]);
}

#[test]
fn without_a_size() {
    all_paths(|_| ());
    all_paths(|_| [0_u64; 0]);
}

/// 128 is more than allocators and stacks give by themselves; debug builds check the alignment of every access.
#[test]
fn over_aligned() {
    #[derive(Debug, PartialEq)]
    #[repr(align(128))]
    struct Aligned(usize);
    all_paths(Aligned);
    #[derive(Debug, PartialEq)]
    #[repr(align(128))]
    struct AlignedNothing;
    all_paths(|_| AlignedNothing);
}

/// Nothing has to be `'static`.
#[test]
fn borrowed() {
    let words: Vec<String> = (0..200).map(|i| format!("word {i}")).collect();
    all_paths(|i| words[i].as_str());

    let mut counters = [0; 8];
    let (tx, rx) = chan::bounded(2);
    thread::scope(|s| {
        let rx: Receiver<&mut i32> = rx;
        for _ in 0..2 {
            let rx = rx.clone();
            s.spawn(move || rx.iter().for_each(|counter| *counter += 1));
        }
        counters.iter_mut().for_each(|counter| tx.send(counter).unwrap());
        drop(tx);
    });
    assert_eq!(counters, [1; 8]);
}

/// Requests that carry the channel for their reply.
#[test]
fn handles() {
    let _watchdog = Watchdog::new();
    let (requests, server) = chan::bounded::<(u32, chan::Sender<u32>)>(1);
    thread::scope(|s| {
        s.spawn(move || server.iter().for_each(|(n, reply)| reply.send(n * n).unwrap()));
        for n in 0..20 {
            let (reply, answer) = chan::bounded(0);
            requests.send((n, reply)).unwrap();
            assert_eq!(answer.recv(), Ok(n * n));
            assert!(answer.recv().is_err(), "the server has let go of it");
        }
        drop(requests);
    });
}

/// Functions, the classic job queue.
#[test]
fn functions() {
    let _watchdog = Watchdog::new();
    let (jobs, queue) = chan::unbounded::<Box<dyn FnOnce() -> usize + Send>>();
    let worker = thread::spawn(move || queue.iter().map(|job| job()).sum::<usize>());
    for n in 0..10 {
        jobs.send(Box::new(move || n)).ok().unwrap();
    }
    drop(jobs);
    assert_eq!(worker.join().unwrap(), 45);
}
