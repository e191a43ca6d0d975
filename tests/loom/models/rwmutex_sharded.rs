//! The sharded readers-writer mutex, with two locks; the threads of a model take turns at its slots.

use std::time::{Duration, Instant};

use gosync::{JoinHandle, ShardedRwMutex, go};
use gosync_atomic::__sys::control::{expire_deadlines, set_clock, stop_clock};
use gosync_atomic::__sys::now;
use loom::sync::Arc;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const SHARDED: &str = "gosync.rw-sharded";

type Sharded = ShardedRwMutex<usize, 2>;

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(SHARDED, "a reader and a writer", || {
            // Whose slots are two.
            let mutex = Arc::new(Sharded::with_shards(0));
            let other = reads(&mutex);
            witness(if *mutex.read() == 0 { "0" } else { "never" });
            *mutex.write() += 1;
            other.join().unwrap();
        })
        .bound(4)
        .witnesses(&["0", "before", "after"])
        .reaches(&["sleeper.wake"]),
        holds(SHARDED, "two writers", || {
            let mutex = Arc::new(Sharded::with_shards(0));
            let other = go({
                let mutex = Arc::clone(&mutex);
                move || *mutex.write() += 1
            });
            *mutex.write() += 1;
            other.join().unwrap();
            assert_eq!(*mutex.read(), 2);
        })
        .bound(3)
        .reaches(&["sleeper.wake"]),
        holds(SHARDED, "two readers and a writer", || {
            let mutex = Arc::new(Sharded::with_shards(0));
            let others = [reads(&mutex), reads(&mutex)];
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(2)
        .witnesses(&["before", "after"])
        .reaches(&["sleeper.wake"]),
        holds(SHARDED, "a try takes all locks or none", || {
            let mutex = Arc::new(Sharded::with_shards(0));
            let other = reads(&mutex);
            match mutex.try_write() {
                Some(mut value) => {
                    witness("succeeded");
                    *value += 1;
                }
                None => witness("locked"),
            }
            other.join().unwrap();
            assert!(mutex.try_write().is_some());
            assert!(mutex.try_read().is_some());
        })
        .witnesses(&["succeeded", "locked"])
        .reaches(&["sharded.back"]),
        holds(SHARDED, "a writer that gives up lets readers in", || {
            // It has the first lock, for which the other reader waits, and waits for the second one.
            stop_clock();
            let mutex = Arc::new(Sharded::with_shards(0));
            let deadline = now() + Duration::from_secs(1);
            // The first slot goes to this one and to the reader, the second to this thread.
            go(|| drop(Sharded::with_shards(0).read())).join().unwrap();
            let guard = mutex.read();
            let reader = reads(&mutex);
            let writer = go({
                let mutex = Arc::clone(&mutex);
                move || assert!(mutex.write_deadline(deadline).is_none())
            });
            set_clock(deadline);
            [writer, reader].into_iter().for_each(|other| other.join().unwrap());
            drop(guard);
            assert!(mutex.try_write().is_some());
        })
        .bound(3)
        .reaches(&["sharded.back", "sleeper.wake"]),
        holds(SHARDED, "a reader's deadline meets a writer", || {
            let mutex = Arc::new(Sharded::with_shards(0));
            let guard = mutex.write();
            let other = go({
                let mutex = Arc::clone(&mutex);
                move || {
                    let value = mutex.read_deadline(Instant::now()).map(|value| *value);
                    witness(if value.is_some() { "in time" } else { "too late" });
                }
            });
            expire_deadlines();
            drop(guard);
            other.join().unwrap();
            assert!(mutex.try_write().is_some());
        })
        .bound(3)
        .witnesses(&["in time", "too late"]),
        fails(SHARDED, "a reader that writes", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(Sharded::with_shards(0)));
            let section = |d: &Plain, mutex: &Sharded| {
                let _guard = mutex.read();
                d.write(1);
            };
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || section(&d, &mutex)
            });
            section(&d, &mutex);
            other.join().unwrap();
        }),
    ]
}

fn reads(mutex: &Arc<Sharded>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || witness(if *mutex.read() == 0 { "before" } else { "after" }))
}
