//! Many threads on one processor, and on two: whoever waits for another thread must let it run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gosync::atomic::Stack;
use gosync::chan::{Chan, select};
use gosync::{Mutex, Once, WaitGroup};

use crate::watchdog::Watchdog;

/// Lets the calling thread, and those that it starts, run on the first `n` of its processors only.
fn keep_to(n: usize) {
    // SAFETY: a set of no processor is all zeros.
    let mut may: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: a place of that size for the answer.
    assert_eq!(unsafe { libc::sched_getaffinity(0, size, &raw mut may) }, 0);
    // SAFETY: as above.
    let mut few: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number is one of the set's.
    let all = (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &may) });
    for cpu in all.take(n) {
        // SAFETY: as above.
        unsafe { libc::CPU_SET(cpu, &mut few) };
    }
    // SAFETY: a set of that size, of processors that it had.
    assert_eq!(unsafe { libc::sched_setaffinity(0, size, &raw const few) }, 0);
}

const THREADS: usize = 64;
const EACH: usize = 200;

/// Everything at once: a rendezvous, a small buffer, selects, a lock, a stack, rounds of a group.
fn everything(cpus: usize) {
    let _watchdog = Watchdog::new();
    thread::spawn(move || {
        keep_to(cpus);
        let (meeting, buffer) = (Chan::<usize>::new(0), Chan::<usize>::new(2));
        let (sum, mutex, stack) = (&AtomicUsize::new(0), &Mutex::new(0), &Stack::new());
        let (once, group) = (&Once::new(), &Arc::new(WaitGroup::new()));
        group.add(THREADS as isize);
        thread::scope(|s| {
            for i in 0..THREADS {
                let (meeting, buffer) = (&meeting, &buffer);
                s.spawn(move || {
                    for n in 0..EACH {
                        once.call_once(thread::yield_now);
                        // One half sends, the other one receives, on whichever channel is ready.
                        if i % 2 == 0 {
                            select! {
                                send(meeting, n) -> result => result.unwrap(),
                                send(buffer, n) -> result => result.unwrap(),
                            }
                        } else {
                            let value = select! {
                                recv(meeting) -> value => value.unwrap(),
                                recv(buffer) -> value => value.unwrap(),
                            };
                            sum.fetch_add(value, Ordering::Relaxed);
                        }
                        *mutex.lock() += 1;
                        stack.push(n);
                        stack.pop().unwrap();
                    }
                    group.done();
                    group.wait();
                });
            }
        });
        assert_eq!(sum.load(Ordering::Relaxed), THREADS / 2 * (EACH * (EACH - 1) / 2));
        assert_eq!(*mutex.lock(), THREADS * EACH);
        assert!(stack.is_empty() && meeting.is_empty() && buffer.is_empty());
    })
    .join()
    .unwrap();
}

#[test]
fn on_one_cpu() {
    everything(1);
}

#[test]
fn on_two_cpus() {
    everything(2);
}

/// Two threads that hand a value to and fro, on one processor.
#[test]
fn ping_pong_on_one_cpu() {
    let _watchdog = Watchdog::new();
    thread::spawn(|| {
        keep_to(1);
        let (there, back) = (Chan::new(0), Chan::new(0));
        thread::scope(|s| {
            s.spawn(|| there.iter().for_each(|n: usize| back.send(n + 1).unwrap()));
            for n in 0..20_000 {
                there.send(n).unwrap();
                assert_eq!(back.recv(), Ok(n + 1));
            }
            there.close().unwrap();
        });
    })
    .join()
    .unwrap();
}
