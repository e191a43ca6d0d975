//! `acquire_async` and `permit_async`.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use gosync::context::Context as GoContext;
use gosync::semaphore::{AcquireAsync, Weighted};
use gosync::{RawMutex, WaitGroup};
use gosync_tests::times;

use super::{Task, line};
use crate::rng::Rng;
use crate::watchdog::Watchdog;

fn shown(semaphore: &Weighted) -> String {
    format!("{semaphore:?}")
}

/// Random requests, drops and releases, against a queue of numbers: who is first is served as soon as there is enough, and
/// nobody before.
#[test]
fn play() {
    let _watchdog = Watchdog::new();
    for seed in 0..times(200) {
        const SIZE: usize = 12;
        let (semaphore, mut rng) = (Weighted::new(SIZE), Rng::new(seed));
        let mut free = SIZE;
        let mut held: Vec<usize> = Vec::new();
        let mut queue: Vec<(usize, Task<AcquireAsync<'_>>)> = Vec::new();
        for _ in 0..300 {
            match rng.below(5) {
                0 | 1 => {
                    let n = rng.below(SIZE + 1);
                    let mut task = Task::new(semaphore.acquire_async(n));
                    if task.is_ready() {
                        assert!(queue.is_empty() && n <= free, "seed {seed}");
                        free -= n;
                        held.push(n);
                    } else {
                        assert!(!queue.is_empty() || n > free, "seed {seed}");
                        queue.push((n, task));
                    }
                }
                2 if !queue.is_empty() => drop(queue.remove(rng.below(queue.len()))),
                3 if !held.is_empty() => {
                    let n = held.swap_remove(rng.below(held.len()));
                    semaphore.release(n);
                    free += n;
                }
                _ => {
                    let n = rng.below(SIZE + 1);
                    let taken = semaphore.try_acquire(n);
                    assert_eq!(taken, queue.is_empty() && n <= free, "seed {seed}");
                    if taken {
                        free -= n;
                        held.push(n);
                    }
                }
            }
            while queue.first().is_some_and(|(n, _)| *n <= free) {
                let (n, mut task) = queue.remove(0);
                assert!(task.was_woken() && task.is_ready(), "seed {seed}");
                free -= n;
                held.push(n);
            }
            assert!(queue.iter().all(|(_, task)| !task.was_woken()), "seed {seed}");
        }
        drop(queue);
        assert_eq!(shown(&semaphore), format!("Weighted {{ size: {SIZE}, free: {free}, queued: false }}"));
    }
}

/// One that was served and is dropped returns what it has got, to those behind it.
#[test]
fn a_served_one_goes() {
    let semaphore = Weighted::new(2);
    assert!(semaphore.try_acquire(2));
    let first = Task::waiting(semaphore.acquire_async(2));
    let mut others = [1, 1].map(|n| Task::waiting(semaphore.permit_async(n)));
    semaphore.release(2);
    assert!(first.was_woken() && others.iter().all(|other| !other.was_woken()));
    drop(first);
    let permits = others.each_mut().map(|other| other.poll());
    assert!(permits.iter().all(Poll::is_ready));
    drop(permits);
    assert_eq!(shown(&semaphore), "Weighted { size: 2, free: 2, queued: false }");
}

#[test]
fn more_than_there_are() {
    let semaphore = Weighted::new(1);
    let mut task = Task::waiting(semaphore.acquire_async(2));
    assert!(semaphore.try_acquire(1));
    semaphore.release(1);
    assert!(!task.was_woken() && !task.is_ready());
    drop(task);
    assert!(semaphore.try_acquire(1));
}

#[test]
fn polled_once_too_often() {
    let semaphore = Weighted::new(1);
    let mut task = Task::new(semaphore.acquire_async(1));
    assert!(task.is_ready());
    assert!(catch_unwind(AssertUnwindSafe(|| task.poll())).is_err());
    drop(task);
    assert!(!semaphore.try_acquire(1), "they are the caller's");
}

/// Futures that are forgotten keep their places and permits; the place of the semaphore can be another's, and it can move.
#[test]
fn forgotten() {
    let mut place = Weighted::new(1);
    assert!(place.try_acquire(1));
    mem::forget(Task::waiting(place.acquire_async(1)));
    // Another one in the same place.
    place = Weighted::new(2);
    assert!(place.try_acquire(2));
    let mut task = Task::waiting(place.acquire_async(1));
    place.release(1);
    assert!(task.is_ready());
    drop(task);
    // One that moves with somebody in line, to where others were forgotten. Nothing is promised but that it can be used.
    #[repr(align(8))]
    struct Room([RawMutex; 16]);
    const { assert!(size_of::<Weighted>() <= size_of::<Room>() && align_of::<Weighted>() <= align_of::<Room>()) };
    let mut room = Room([const { RawMutex::new() }; 16]);
    room.0.iter().for_each(RawMutex::lock);
    room.0.iter().for_each(|raw| line(raw, 2).into_iter().for_each(mem::forget));
    mem::forget(Task::waiting(place.acquire_async(2)));
    let there = (&raw mut room).cast::<Weighted>();
    // SAFETY: large enough, aligned, and what is there needs no drop and is not used any more.
    unsafe { there.write(place) };
    // SAFETY: just written.
    let moved = unsafe { &*there };
    moved.release(1);
    assert_eq!(shown(moved), "Weighted { size: 2, free: 1, queued: false }");
    assert!(moved.try_acquire(1));
}

struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("expected by this test");
    }
}

/// Wakers that panic do so in the release, after all others were called.
#[test]
fn a_panic_in_a_waker() {
    let semaphore = Weighted::new(20);
    assert!(semaphore.try_acquire(20));
    let bomb = Waker::from(Arc::new(Bomb));
    let mut tasks: Vec<_> = (0..20).map(|_| Task::new(semaphore.acquire_async(1))).collect();
    for (i, task) in tasks.iter_mut().enumerate() {
        if i % 5 == 0 {
            assert!(task.future.as_mut().poll(&mut Context::from_waker(&bomb)).is_pending());
        } else {
            assert!(!task.is_ready());
        }
    }
    assert!(catch_unwind(AssertUnwindSafe(|| semaphore.release(20))).is_err());
    assert!(tasks.iter().enumerate().all(|(i, task)| i % 5 == 0 || task.was_woken()));
    assert!(tasks.iter_mut().all(Task::is_ready));
    assert_eq!(shown(&semaphore), "Weighted { size: 20, free: 0, queued: false }");
}

/// Futures that own a share of their semaphore: dropped in line, dropped when they were served, and ready.
#[test]
fn owned() {
    let semaphore = Arc::new(Weighted::new(2));
    let held = semaphore.try_permit_arc(2).unwrap();
    let mut tasks = [2, 2, 2].map(|n| Task::waiting(semaphore.permit_arc_async(n)));
    let weak = Arc::downgrade(&semaphore);
    drop(semaphore);
    drop(held);
    assert_eq!(tasks.each_ref().map(Task::was_woken), [true, false, false]);
    let Poll::Ready(mut permit) = tasks[0].poll() else { panic!("it was served") };
    assert!(catch_unwind(AssertUnwindSafe(|| tasks[0].poll())).is_err(), "once too often");
    let one = permit.split(1).unwrap();
    let [first, second, mut third] = tasks;
    drop((first, permit, one));
    assert!(second.was_woken() && !third.was_woken());
    drop(second);
    assert!(third.was_woken());
    let Poll::Ready(permit) = third.poll() else { panic!("it was served") };
    drop(third);
    assert_eq!((permit.count(), weak.strong_count()), (2, 1));
    drop(permit);
    assert!(weak.upgrade().is_none());
}

/// Tasks on tokio, with timeouts that drop them anywhere, beside threads.
#[test]
fn on_tokio_beside_threads() {
    let _watchdog = Watchdog::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let (semaphore, wg) = (Arc::new(Weighted::new(3)), Arc::new(WaitGroup::new()));
    for n in 1..=3 {
        let semaphore = Arc::clone(&semaphore);
        wg.go(move || {
            for _ in 0..200 {
                let _permit = semaphore.permit(&GoContext::background(), n).unwrap();
                thread::yield_now();
            }
        });
    }
    runtime.block_on(async {
        let tasks: Vec<_> = (0..50)
            .map(|i| {
                let semaphore = Arc::clone(&semaphore);
                tokio::spawn(async move {
                    for round in 0..20 {
                        if i % 3 == 0 {
                            let permit = semaphore.permit_arc_async((i + round) % 4).await;
                            tokio::spawn(async move { drop(permit) }).await.unwrap();
                            continue;
                        }
                        let permit = semaphore.permit_async((i + round) % 4);
                        if i % 2 == 0 {
                            let timeout = std::time::Duration::from_micros(30);
                            drop(tokio::time::timeout(timeout, permit).await);
                        } else {
                            let _permit = permit.await;
                            tokio::task::yield_now().await;
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        wg.wait_async().await;
    });
    assert_eq!(shown(&semaphore), "Weighted { size: 3, free: 3, queued: false }");
}
