//! WaitGroup beside crossbeam's and beside what std offers: a counter under a mutex, with a condition variable.

use std::hint::black_box;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use criterion::Criterion;

const TASKS: usize = 8;

/// A wait group from std's parts.
#[derive(Default)]
struct Counter {
    count: Mutex<usize>,
    zero: Condvar,
}

impl Counter {
    fn add(&self) {
        *self.count.lock().expect("no panic") += 1;
    }

    fn done(&self) {
        let mut count = self.count.lock().expect("no panic");
        *count -= 1;
        if *count == 0 {
            self.zero.notify_all();
        }
    }

    fn wait(&self) {
        drop(self.zero.wait_while(self.count.lock().expect("no panic"), |count| *count != 0));
    }
}

fn add_done(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("add-done");
    let ours = gosync::WaitGroup::new();
    group.bench_function("gosync", |b| {
        b.iter(|| {
            ours.add(black_box(1));
            ours.done();
        });
    });
    // There a clone is the addition and its drop the end of the task.
    let crossbeam = crossbeam_utils::sync::WaitGroup::new();
    group.bench_function("crossbeam", |b| b.iter(|| drop(black_box(crossbeam.clone()))));
    let std = Counter::default();
    group.bench_function("mutex+condvar", |b| {
        b.iter(|| {
            std.add();
            std.done();
        });
    });
}

fn go_and_wait(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("go8-wait");
    group.bench_function("gosync", |b| {
        let wg = Arc::new(gosync::WaitGroup::new());
        b.iter(|| {
            for i in 0..TASKS {
                wg.go(move || {
                    black_box(i);
                });
            }
            wg.wait();
        });
    });
    group.bench_function("crossbeam", |b| {
        b.iter(|| {
            let wg = crossbeam_utils::sync::WaitGroup::new();
            for i in 0..TASKS {
                let wg = wg.clone();
                thread::spawn(move || {
                    black_box(i);
                    drop(wg);
                });
            }
            wg.wait();
        });
    });
    group.bench_function("mutex+condvar", |b| {
        let counter = Arc::new(Counter::default());
        b.iter(|| {
            for i in 0..TASKS {
                counter.add();
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    black_box(i);
                    counter.done();
                });
            }
            counter.wait();
        });
    });
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30)
        .configure_from_args();
    add_done(&mut criterion);
    go_and_wait(&mut criterion);
    criterion.final_summary();
}
