//! `test/chan/sieve2.go`: a prime sieve that merges the multiples of all primes with a heap, and feeds the primes back
//! through a proxy: a select whose send is switched on as long as something is waiting.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::thread::{self, Scope};

use gosync::chan::{self, Receiver, RecvError, Sender, select};

use crate::watchdog::Watchdog;

/// The odd multiples of a prime, from its square on, until nobody listens.
fn multiples<'scope>(s: &'scope Scope<'scope, '_>, prime: u64) -> Receiver<u64> {
    let (tx, rx) = chan::bounded(10);
    s.spawn(move || (0..).try_for_each(|n| tx.send(prime * prime + 2 * prime * n)).unwrap_err());
    rx
}

/// A buffer without a limit in front of `out`; ends with its input, or when nobody listens.
fn proxy(input: &Receiver<u64>, out: &Sender<u64>) {
    let mut waiting = VecDeque::new();
    loop {
        let ready = waiting.front().map(|_| out);
        select! {
            recv(input) -> v => match v {
                Ok(v) => waiting.push_back(v),
                Err(RecvError) => return,
            },
            send(ready, waiting.pop_front().unwrap()) -> sent => {
                if sent.is_err() {
                    return;
                }
            }
        }
    }
}

/// All composites that are odd, in order, each once, made of the primes that come in.
fn merge<'scope>(s: &'scope Scope<'scope, '_>, primes: &Receiver<u64>, composites: &Sender<u64>) {
    let mut heads = BinaryHeap::new();
    let mut streams: Vec<Receiver<u64>> = Vec::new();
    // The square of the last prime that is known: a composite up to that has a smaller factor, or this one.
    let (mut square, mut last) = (0, 0);
    loop {
        while heads.peek().is_none_or(|&Reverse((head, _))| head > square) {
            let Ok(prime) = primes.recv() else { return };
            square = prime * prime;
            let stream = multiples(s, prime);
            heads.push(Reverse((stream.recv().unwrap(), streams.len())));
            streams.push(stream);
        }
        let Some(Reverse((head, number))) = heads.pop() else { return };
        heads.push(Reverse((streams[number].recv().unwrap(), number)));
        if head > last {
            last = head;
            if composites.send(head).is_err() {
                return;
            }
        }
    }
}

/// The primes.
fn sieve<'scope>(s: &'scope Scope<'scope, '_>) -> Receiver<u64> {
    let (out, primes) = chan::bounded(10);
    let (feed, fed) = chan::bounded(0);
    let (bases_in, bases) = chan::bounded(10);
    let (composites_in, composites) = chan::bounded(50);
    s.spawn(move || proxy(&fed, &bases_in));
    s.spawn(move || merge(s, &bases, &composites_in));
    s.spawn(move || {
        out.send(2).unwrap();
        let mut composite = 0;
        for n in (3..).step_by(2) {
            // The first composite is made of the first prime.
            if n > 3 && composite < n {
                composite = composites.recv().unwrap();
            }
            if n != composite && (feed.send(n).is_err() || out.send(n).is_err()) {
                return;
            }
        }
    });
    primes
}

/// The first 100 primes end in 541.
#[test]
fn sieve2() {
    let _watchdog = Watchdog::new();
    let expected = (2..=541_u64).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0));
    thread::scope(|s| {
        let primes = sieve(s);
        assert!(expected.eq(primes.iter().take(100)));
    });
}
