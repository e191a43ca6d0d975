//! Tasks and threads on one channel.

use std::task::Poll;
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, select};

use super::{CAPACITIES, Count, poll, poll_for, receive, send};
use crate::watchdog::Watchdog;
use crate::{make, with_some_pause};

const VALUES: usize = 300;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// Tasks send to a thread.
#[test]
fn tasks_to_a_thread() {
    let _watchdog = Watchdog::new();
    let runtime = runtime();
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        for task in 0..3 {
            let tx = tx.clone();
            runtime.spawn(async move {
                for n in 0..VALUES {
                    tx.send_async((task, n)).await.unwrap();
                }
            });
        }
        drop(tx);
        let mut next = [0; 3];
        for (task, n) in rx {
            assert_eq!(n, next[task]);
            next[task] += 1;
        }
        assert_eq!(next, [VALUES; 3]);
    }
}

/// A thread sends to tasks.
#[test]
fn a_thread_to_tasks() {
    let _watchdog = Watchdog::new();
    let runtime = runtime();
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        let tasks = [(); 3].map(|()| {
            let rx = rx.clone();
            runtime.spawn(async move {
                let mut received = Vec::new();
                while let Ok(n) = rx.recv_async().await {
                    received.push(n);
                }
                received
            })
        });
        drop(rx);
        (0..VALUES).for_each(|n| tx.send(n).unwrap());
        drop(tx);
        let mut all = Vec::new();
        for task in tasks {
            let received = runtime.block_on(task).unwrap();
            assert!(received.is_sorted());
            all.extend(received);
        }
        all.sort_unstable();
        assert_eq!(all, (0..VALUES).collect::<Vec<_>>());
    }
}

/// There and back, one at a time.
#[test]
fn there_and_back() {
    let _watchdog = Watchdog::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for capacity in CAPACITIES {
        let [(tx, requests), (replies, rx)] = [make(capacity), make(capacity)];
        thread::scope(|s| {
            s.spawn(move || requests.iter().for_each(|n| replies.send(n + 1).unwrap()));
            runtime.block_on(async {
                for n in 0..VALUES {
                    tx.send_async(n).await.unwrap();
                    assert_eq!(rx.recv_async().await, Ok(n + 1));
                }
            });
            drop(tx);
        });
    }
}

/// Threads and tasks stand in one line.
#[test]
fn one_line() {
    with_some_pause(|pause| {
        let (tx, rx) = make(Some(0));
        let mut tasks = [receive(&rx), receive(&rx)];
        thread::scope(|s| {
            let mut threads = Vec::new();
            for task in &mut tasks {
                assert!(poll(task).is_pending());
                threads.push(s.spawn(|| rx.recv().unwrap()));
                thread::sleep(pause);
            }
            (0..4).for_each(|n| tx.send(n).unwrap());
            let of_threads: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            let of_tasks = tasks.each_mut().map(poll);
            of_threads == [1, 3] && of_tasks == [Poll::Ready(Ok(0)), Poll::Ready(Ok(2))]
        })
    });
}

/// The same for senders.
#[test]
fn one_line_of_senders() {
    with_some_pause(|pause| {
        let (tx, rx) = make(Some(0));
        let mut tasks = [send(&tx, 0), send(&tx, 2)];
        thread::scope(|s| {
            for (n, task) in tasks.iter_mut().enumerate() {
                assert!(poll(task).is_pending());
                let tx = &tx;
                s.spawn(move || tx.send(2 * n + 1).unwrap());
                thread::sleep(pause);
            }
            rx.iter().take(4).collect::<Vec<_>>() == [0, 1, 2, 3]
        })
    });
}

/// A close ends the threads and the tasks that wait.
#[test]
fn a_close_ends_both() {
    let _watchdog = Watchdog::new();
    let c = Chan::<u8>::new(1);
    let (count, waker) = Count::new();
    let (tx, rx) = c.split();
    let mut tasks: Vec<_> = (0..3).map(|_| receive(&rx)).collect();
    thread::scope(|s| {
        let threads = [(); 3].map(|()| s.spawn(|| rx.recv().is_err()));
        tasks.iter_mut().for_each(|task| assert!(poll_for(task, &waker).is_pending()));
        thread::sleep(Duration::from_millis(2));
        tx.close().unwrap();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
    assert_eq!(count.get(), 3);
    assert!(tasks.iter_mut().all(|task| matches!(poll(task), Poll::Ready(Err(_)))));
}

/// A select and a task serve each other.
#[test]
fn a_select_and_a_task() {
    let _watchdog = Watchdog::new();
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        let mut receiving = receive(&rx);
        assert!(poll(&mut receiving).is_pending());
        select! {
            send(tx, 5) -> result => result.unwrap(),
        }
        assert_eq!(poll(&mut receiving), Poll::Ready(Ok(5)));
        (0..capacity.unwrap_or(3)).for_each(|n| tx.try_send(n).unwrap());
        let mut sending = send(&tx, 9);
        assert_eq!(poll(&mut sending).is_pending(), capacity.is_some());
        let mut received = Vec::new();
        while received.last() != Some(&9) {
            select! {
                recv(rx) -> value => received.push(value.unwrap()),
            }
        }
        assert_eq!(received.len(), capacity.unwrap_or(3) + 1);
        if capacity.is_some() {
            assert_eq!(poll(&mut sending), Poll::Ready(Ok(())));
        }
    }
}
