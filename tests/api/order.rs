//! Blocked operations are served in the order of their arrival, and nobody overtakes them.
//!
//! Nothing tells from outside that a thread has blocked, so each test gives its threads a pause to do so, and a longer
//! one whenever they were not served in order. In a channel without order no pause is long enough.

use std::thread;

use gosync::chan::Chan;

use crate::with_some_pause;

const THREADS: usize = 4;

#[test]
fn senders() {
    for capacity in [0, 1, 3] {
        with_some_pause(|pause| {
            let c = Chan::new(capacity);
            (0..capacity).for_each(|n| c.send(n).unwrap());
            thread::scope(|s| {
                for n in 0..THREADS {
                    let c = &c;
                    s.spawn(move || c.send(capacity + n).unwrap());
                    thread::sleep(pause);
                }
                c.iter().take(capacity + THREADS).collect::<Vec<_>>() == (0..capacity + THREADS).collect::<Vec<_>>()
            })
        });
    }
}

#[test]
fn receivers() {
    for capacity in [0, 3] {
        with_some_pause(|pause| {
            let c = Chan::new(capacity);
            thread::scope(|s| {
                let receivers = [(); THREADS].map(|()| {
                    let receiver = s.spawn(|| c.recv().unwrap());
                    thread::sleep(pause);
                    receiver
                });
                (0..THREADS).for_each(|n| c.send(n).unwrap());
                receivers.map(|r| r.join().unwrap()) == [0, 1, 2, 3]
            })
        });
    }
}

/// One that gave up in the middle leaves the others in order.
#[test]
fn senders_around_one_that_gave_up() {
    with_some_pause(|pause| {
        let c = Chan::new(0);
        thread::scope(|s| {
            for n in 0..THREADS {
                let c = &c;
                s.spawn(move || if n == 1 { c.send_timeout(n, pause / 2).is_ok() } else { c.send(n).is_ok() });
                thread::sleep(pause);
            }
            let mut received = Vec::new();
            while received.len() < THREADS - usize::from(!received.contains(&1)) {
                received.push(c.recv().unwrap());
            }
            received == [0, 2, 3]
        })
    });
}

/// A receive from a full buffer lets in the first blocked sender, at once: a try that follows finds the buffer full.
#[test]
fn no_overtaking() {
    with_some_pause(|pause| {
        let c = Chan::new(1);
        c.send(0).unwrap();
        thread::scope(|s| {
            s.spawn(|| c.send(1).unwrap());
            thread::sleep(pause);
            assert_eq!(c.recv(), Ok(0));
            let overtaken = c.try_send(2).is_ok();
            let (second, third) = (c.recv(), overtaken.then(|| c.recv()));
            !overtaken && second == Ok(1) && third.is_none()
        })
    });
}
