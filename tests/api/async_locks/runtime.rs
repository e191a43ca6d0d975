//! Tasks on tokio, on one thread and on two, beside threads.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gosync::{Mutex, RawMutex, WaitGroup};
use gosync_tests::times;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use super::FREE;
use crate::watchdog::Watchdog;

fn runtimes() -> [Runtime; 2] {
    let one = Builder::new_current_thread().enable_time().build().unwrap();
    let two = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    [one, two]
}

/// A thousand tasks on one mutex, some of which hold it while others run.
#[test]
fn many_tasks() {
    const TASKS: usize = times(1_000);
    const ROUNDS: usize = 10;
    let _watchdog = Watchdog::new();
    for runtime in runtimes() {
        let (mutex, wg) = (Arc::new(Mutex::new(0)), Arc::new(WaitGroup::new()));
        wg.add(TASKS as isize);
        runtime.block_on(async {
            for n in 0..TASKS {
                let (mutex, wg) = (Arc::clone(&mutex), Arc::clone(&wg));
                tokio::spawn(async move {
                    for round in 0..ROUNDS {
                        let mut guard = mutex.lock_async().await;
                        let before = *guard;
                        if (n + round) % 8 == 0 {
                            yield_now().await;
                        }
                        *guard = before + 1;
                    }
                    wg.done();
                });
            }
            wg.wait_async().await;
            assert_eq!(*mutex.lock_async().await, TASKS * ROUNDS);
        });
    }
}

/// Tasks and threads on one mutex and one group. No thread of the runtime blocks: its tasks only await.
#[test]
fn beside_threads() {
    const TASKS: usize = 200;
    const THREADS: usize = 3;
    const ROUNDS: usize = 100;
    let _watchdog = Watchdog::new();
    for runtime in runtimes() {
        let (mutex, wg) = (Arc::new(Mutex::new(0)), Arc::new(WaitGroup::new()));
        wg.add(TASKS as isize);
        for _ in 0..THREADS {
            let mutex = Arc::clone(&mutex);
            wg.go(move || {
                for round in 0..10 * ROUNDS {
                    let mut guard = mutex.lock();
                    *guard += 1;
                    if round % 100 == 0 {
                        thread::yield_now();
                    }
                }
            });
        }
        let waiter = thread::spawn({
            let wg = Arc::clone(&wg);
            move || wg.wait()
        });
        runtime.block_on(async {
            for _ in 0..TASKS {
                let (mutex, wg) = (Arc::clone(&mutex), Arc::clone(&wg));
                tokio::spawn(async move {
                    for _ in 0..ROUNDS {
                        *mutex.lock_async().await += 1;
                    }
                    wg.done();
                });
            }
            wg.wait_async().await;
        });
        waiter.join().unwrap();
        assert_eq!(*mutex.lock(), TASKS * ROUNDS + THREADS * 10 * ROUNDS);
    }
}

/// Tasks that give up after a moment, in line or when called, beside others and a thread that do not.
#[test]
fn some_give_up() {
    const TASKS: usize = 60;
    const ROUNDS: usize = 50;
    let _watchdog = Watchdog::new();
    for runtime in runtimes() {
        let (raw, total) = (Arc::new(RawMutex::new()), Arc::new(Mutex::new(0)));
        let thread = thread::spawn({
            let (raw, total) = (Arc::clone(&raw), Arc::clone(&total));
            move || {
                for _ in 0..10 * ROUNDS {
                    raw.lock();
                    *total.lock() += 1;
                    raw.unlock();
                }
            }
        });
        let got = runtime.block_on(async {
            let tasks: Vec<_> = (0..TASKS)
                .map(|n| {
                    let (raw, total) = (Arc::clone(&raw), Arc::clone(&total));
                    tokio::spawn(async move {
                        let mut got = 0;
                        for round in 0..ROUNDS {
                            // Where the future itself is what is timed out, no lock is lost with it.
                            let patience =
                                Duration::from_micros(if n % 2 == 0 { (n * round) as u64 } else { 3_600_000_000 });
                            if tokio::time::timeout(patience, raw.lock_async()).await.is_ok() {
                                got += 1;
                                *total.lock_async().await += 1;
                                if round % 4 == 0 {
                                    yield_now().await;
                                }
                                raw.unlock();
                            }
                        }
                        got
                    })
                })
                .collect();
            let mut got = 0;
            for task in tasks {
                got += task.await.unwrap();
            }
            got
        });
        thread.join().unwrap();
        assert!(got >= TASKS / 2 * ROUNDS);
        assert_eq!(*total.lock(), got + 10 * ROUNDS);
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// A runtime that is shut down drops what waits in it: nobody outside is stranded.
#[test]
fn a_runtime_goes() {
    let _watchdog = Watchdog::new();
    for runtime in runtimes() {
        let (mutex, wg) = (Arc::new(Mutex::new(0)), Arc::new(WaitGroup::new()));
        wg.add(1);
        let guard = mutex.lock();
        for _ in 0..50 {
            let (mutex, wg) = (Arc::clone(&mutex), Arc::clone(&wg));
            runtime.spawn(async move { drop(mutex.lock_async().await) });
            runtime.spawn(async move { wg.wait_async().await });
        }
        runtime.block_on(async {
            for _ in 0..times(200) {
                yield_now().await;
            }
        });
        thread::scope(|s| {
            s.spawn(|| *mutex.lock() += 1);
            drop(guard);
            drop(runtime);
        });
        wg.done();
        assert_eq!(*mutex.lock(), 1);
    }
}
