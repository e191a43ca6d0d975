//! Futures that are polled by hand, and dropped in any order. Values and permits are counted, locks are exclusive, and at the
//! end, when all futures have been driven to theirs, nothing is left.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use gosync::chan::{Chan, select_async};
use gosync::semaphore::Weighted;
use gosync::{Cond, Mutex, RwMutex};

use crate::Input;

/// Whether a future is to be polled again.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Flag>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a future has come to.
enum Output<'a> {
    Sent,
    Refused,
    Received(Option<u32>),
    /// Something is held until it is dropped.
    Holds(Box<dyn Hold + 'a>),
    Woken,
}

trait Hold {}

impl<T> Hold for T {}

struct Task<'a> {
    future: Option<Pin<Box<dyn Future<Output = Output<'a>> + 'a>>>,
    flag: Arc<Flag>,
    holds: Option<Box<dyn Hold + 'a>>,
    /// The value that it sends.
    value: Option<u32>,
    /// Whether it is a select.
    selects: bool,
}

struct World<'a> {
    channels: &'a [Chan<u32>; 2],
    mutex: &'a Mutex<u32>,
    rwmutex: &'a RwMutex<u32>,
    semaphore: &'a Weighted,
    cond: &'a Cond,
}

/// What became of the values.
#[derive(Default)]
struct Values {
    sent: HashSet<u32>,
    received: HashSet<u32>,
    /// Their futures were dropped: they were received, or not.
    open: HashSet<u32>,
}

const SIZE: usize = 3;
const MOST: usize = 12;

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let capacities = [0, 1, 2, usize::MAX];
    let channels = std::array::from_fn(|_| Chan::new(capacities[input.below(4)]));
    let (mutex, rwmutex, semaphore, cond) = (Mutex::new(0), RwMutex::new(0), Weighted::new(SIZE), Cond::new());
    let world = World { channels: &channels, mutex: &mutex, rwmutex: &rwmutex, semaphore: &semaphore, cond: &cond };
    let mut tasks: Vec<Task<'_>> = Vec::new();
    let mut values = Values::default();
    let mut next = 0;
    while !input.is_over() {
        let at = input.below(MOST);
        match input.below(4) {
            0 | 1 if tasks.len() < MOST => {
                next += 1;
                tasks.push(start(&world, input.below(9), next));
            }
            _ if at >= tasks.len() => {
                // A try that meets a select waits for the task that made it, which is for this thread to poll.
                let selects = tasks.iter().any(|task| task.selects && task.future.is_some());
                others(&world, &mut input, &mut values, selects);
            }
            2 => {
                let task = tasks.swap_remove(at);
                give_up(task, &mut values);
            }
            _ => {
                let task = &mut tasks[at];
                // As an executor may, also without having been called.
                poll(task, &mut values);
                if task.future.is_none() && task.holds.is_none() {
                    tasks.swap_remove(at);
                }
            }
        }
    }
    finish(&world, tasks, &mut values);
}

fn start<'a>(world: &World<'a>, kind: usize, next: u32) -> Task<'a> {
    let &World { channels, mutex, rwmutex, semaphore, cond } = world;
    let c = &channels[next as usize % 2];
    let mut value = None;
    let future: Pin<Box<dyn Future<Output = Output<'a>> + 'a>> = match kind {
        0 | 1 => {
            value = Some(next);
            let tx = c.sender();
            Box::pin(async move { if tx.send_async(next).await.is_ok() { Output::Sent } else { Output::Refused } })
        }
        2 | 3 => {
            let rx = c.receiver();
            Box::pin(async move { Output::Received(rx.recv_async().await.ok()) })
        }
        4 => {
            value = Some(next);
            let (tx, rx) = (channels[0].sender(), channels[1].receiver());
            Box::pin(async move {
                select_async! {
                    send(tx, next) -> result => if result.is_ok() { Output::Sent } else { Output::Refused },
                    recv(rx) -> result => Output::Received(result.ok()),
                }
            })
        }
        5 => Box::pin(async move { Output::Holds(Box::new(mutex.lock_async().await)) }),
        6 if next % 3 == 0 => Box::pin(async move { Output::Holds(Box::new(rwmutex.write_async().await)) }),
        6 => Box::pin(async move { Output::Holds(Box::new(rwmutex.read_async().await)) }),
        7 => {
            let n = 1 + next as usize % SIZE;
            Box::pin(async move { Output::Holds(Box::new(semaphore.permit_async(n).await)) })
        }
        _ => Box::pin(async move {
            let guard = mutex.lock_async().await;
            drop(cond.wait_async(guard).await);
            Output::Woken
        }),
    };
    Task { future: Some(future), flag: Arc::default(), holds: None, value, selects: kind == 4 }
}

/// Polls a task once, or lets go of what it holds.
fn poll(task: &mut Task<'_>, values: &mut Values) {
    let Some(future) = &mut task.future else {
        task.holds = None;
        return;
    };
    task.flag.0.store(false, Ordering::Relaxed);
    let waker = Waker::from(Arc::clone(&task.flag));
    let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) else { return };
    task.future = None;
    match output {
        Output::Sent => {
            values.sent.insert(task.value.take().unwrap());
        }
        Output::Received(Some(value)) => values.receive(value),
        Output::Holds(holds) => task.holds = Some(holds),
        Output::Refused | Output::Received(None) | Output::Woken => {}
    }
}

impl Values {
    fn receive(&mut self, value: u32) {
        assert!(self.received.insert(value), "{value} was received twice");
    }
}

/// Drops a task. Its value may be on its way, or gone with it.
fn give_up(task: Task<'_>, values: &mut Values) {
    if task.future.is_some() {
        values.open.extend(task.value);
    }
}

/// What is no future: tries, signals, closes.
fn others(world: &World<'_>, input: &mut Input<'_>, values: &mut Values, selects: bool) {
    let c = input.below(2);
    match input.below(8) {
        0 => _ = world.cond.signal(),
        1 => _ = world.cond.broadcast(),
        2..7 if selects => {}
        2 | 3 => {
            let value = 1_000_000 + values.sent.len() as u32 * 2 + c as u32;
            if world.channels[c].try_send(value).is_ok() {
                values.sent.insert(value);
            }
        }
        4..7 => {
            if let Ok(value) = world.channels[c].try_recv() {
                values.receive(value);
            }
        }
        _ => {
            if input.below(4) == 0 {
                world.channels[c].close().ok();
            }
        }
    }
}

/// Drives all tasks to their end: closes what they wait for, and polls those that were called, and nobody else.
fn finish(world: &World<'_>, mut tasks: Vec<Task<'_>>, values: &mut Values) {
    // One that was never polled has no waker yet.
    tasks.iter_mut().for_each(|task| poll(task, values));
    for channel in world.channels {
        channel.close().ok();
    }
    loop {
        let mut moved = world.cond.broadcast() > 0;
        for task in &mut tasks {
            if task.future.is_none() || task.flag.0.load(Ordering::Relaxed) {
                poll(task, values);
                moved = true;
            }
        }
        tasks.retain(|task| task.future.is_some() || task.holds.is_some());
        if !moved {
            break;
        }
    }
    assert!(tasks.is_empty(), "{} tasks were not called", tasks.len());
    for channel in world.channels {
        while let Ok(value) = channel.try_recv() {
            values.receive(value);
        }
        assert!(channel.is_empty());
    }
    let known = |value: &&u32| values.sent.contains(value) || values.open.contains(value);
    assert!(values.received.iter().all(|value| known(&value)), "a value of nobody's");
    let lost: Vec<_> = values.sent.difference(&values.received).collect();
    assert!(lost.is_empty(), "sent, and never received: {lost:?}");
    assert!(world.mutex.try_lock().is_some() && world.rwmutex.try_write().is_some());
    assert!(world.semaphore.try_acquire(SIZE));
    assert!(!world.cond.signal(), "somebody waits");
}
