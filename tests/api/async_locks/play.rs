//! Random polls, drops, tries and unlocks. After each step a mutex that is free with somebody in line has called one of
//! them, and if in the end only those are polled that were woken, everybody is served.

use std::task::Poll;

use gosync::{LockAsync, Mutex, MutexGuard, WaitAsync, WaitGroup};
use gosync_tests::times;

use super::Task;
use crate::rng::Rng;
use crate::watchdog::Watchdog;

const STEPS: usize = 400;

#[test]
fn mutex() {
    let _watchdog = Watchdog::new();
    let mut dropped = 0;
    for seed in 0..times(300) {
        let (mutex, mut rng) = (Mutex::new(0), Rng::new(seed));
        let mut held: Option<MutexGuard<'_, usize>> = None;
        let mut tasks: Vec<Task<LockAsync<'_, usize>>> = Vec::new();
        let mut sections = 0;
        for step in 0.. {
            let ending = step >= STEPS;
            match rng.below(6) {
                0 if !ending => tasks.push(Task::new(mutex.lock_async())),
                1 if !ending && !tasks.is_empty() => {
                    tasks.swap_remove(rng.below(tasks.len()));
                    dropped += 1;
                }
                2 if !ending && held.is_none() => held = mutex.try_lock(),
                3 | 4 => held = None,
                _ => {
                    // In the end only those that were woken, or never polled.
                    let some = (0..tasks.len()).filter(|&n| !ending || tasks[n].was_woken() || is_new(&tasks[n]));
                    let some: Vec<usize> = some.collect();
                    if !some.is_empty() {
                        let n = some[rng.below(some.len())];
                        if let Poll::Ready(mut guard) = tasks[n].poll() {
                            assert!(held.is_none(), "two hold it");
                            *guard += 1;
                            sections += 1;
                            held = Some(guard);
                            drop(tasks.swap_remove(n));
                        }
                    }
                }
            }
            let waiting = tasks.iter().filter(|task| !is_new(task)).count();
            let called = tasks.iter().filter(|task| task.was_woken()).count();
            assert!(called <= 1, "seed {seed}: {called} were called");
            assert!(called == 1 || waiting == 0 || held.is_some(), "seed {seed}: nobody was called");
            if ending && tasks.is_empty() {
                break;
            }
            assert!(step < 100 * STEPS, "seed {seed}: {waiting} are never served");
        }
        drop(held);
        assert!(sections > 0);
        assert_eq!(*mutex.lock(), sections);
    }
    assert!(dropped > times(1_000));
}

fn is_new<T>(task: &Task<LockAsync<'_, T>>) -> bool {
    format!("{:?}", task.future).contains("New")
}

#[test]
fn waitgroup() {
    let mut late = 0;
    for seed in 0..times(300) {
        let (wg, mut rng) = (WaitGroup::new(), Rng::new(seed));
        // With each: whether it waits, in the line.
        let mut tasks: Vec<(Task<WaitAsync<'_>>, bool)> = Vec::new();
        let mut count = 0;
        let done = |tasks: &mut Vec<(Task<WaitAsync<'_>>, bool)>, last: bool| {
            let before: Vec<usize> = tasks.iter().map(|(task, _)| task.wakes()).collect();
            wg.done();
            for ((task, waits), before) in tasks.iter_mut().zip(before) {
                assert_eq!(task.wakes() - before, usize::from(last && *waits), "seed {seed}");
                *waits &= !last;
            }
        };
        for _ in 0..STEPS {
            match rng.below(7) {
                0 => tasks.push((Task::new(wg.wait_async()), false)),
                1 if !tasks.is_empty() => drop(tasks.swap_remove(rng.below(tasks.len()))),
                2 => {
                    wg.add(1);
                    count += 1;
                }
                3 | 4 if count > 0 => {
                    count -= 1;
                    done(&mut tasks, count == 0);
                }
                _ if !tasks.is_empty() => {
                    let n = rng.below(tasks.len());
                    let (task, waits) = &mut tasks[n];
                    late += usize::from(task.was_woken() && count > 0);
                    *waits = !task.is_ready();
                    assert_eq!(*waits, count > 0, "seed {seed}");
                    if count == 0 {
                        tasks.swap_remove(n);
                    }
                }
                _ => {}
            }
        }
        for left in (0..count).rev() {
            done(&mut tasks, left == 0);
        }
        assert!(tasks.iter_mut().all(|(task, _)| task.is_ready()));
    }
    assert!(late > 100, "nobody was late");
}
