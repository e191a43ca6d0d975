//! Tasks beside threads: random sends, receives, futures that are dropped at random points, closes; and ten thousand tasks.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use gosync::chan::{Receiver, SendError, SendTimeoutError, Sender};

use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{CAPACITIES, LIMIT, make, rounds};

/// Who sends and who receives.
#[derive(Clone, Copy)]
struct Crew {
    sender_tasks: usize,
    sender_threads: usize,
    receiver_tasks: usize,
    receiver_threads: usize,
    /// Receives of tasks are given up at random as well.
    impatient: bool,
}

/// Values of one sender at most.
const MOST: usize = 1000;

/// What is known of a value.
#[derive(Debug, Default)]
struct Fate {
    sent: AtomicUsize,
    refused: AtomicUsize,
    received: AtomicUsize,
    dropped: AtomicUsize,
}

type Fates = Arc<Vec<Vec<Fate>>>;

/// A value, which tells of its drop. On the heap, so that tools notice one that is used twice.
struct Item {
    place: Box<(usize, usize)>,
    fates: Fates,
}

impl Item {
    fn fate(&self) -> &Fate {
        &self.fates[self.place.0][self.place.1]
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.fate().dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// A future that is dropped after a number of polls in which it was not done.
async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// To the end, or not: after some time, or after some polls.
async fn perhaps<F: Future>(rng: &mut Rng, future: F) -> Option<F::Output> {
    match rng.below(4) {
        0 => tokio::time::timeout(rng.tiny() * 10, future).await.ok(),
        1 => at_most(rng.below(3), future).await,
        _ => Some(future.await),
    }
}

async fn pause(rng: &mut Rng) {
    if rng.one_in(16) {
        tokio::task::yield_now().await;
    }
}

/// Sends until there is no time left or the channel is closed.
async fn send_as_task(tx: Sender<Item>, sender: usize, fates: Fates) {
    let mut rng = Rng::new(sender);
    for number in rounds(MOST, LIMIT / 8) {
        let item = Item { place: Box::new((sender, number)), fates: Arc::clone(&fates) };
        match perhaps(&mut rng, tx.send_async(item)).await {
            Some(Ok(())) => drop(fates[sender][number].sent.fetch_add(1, Ordering::Relaxed)),
            Some(Err(SendError(item))) => {
                assert_eq!(*item.place, (sender, number), "another value came back");
                item.fate().refused.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // Sent or not: nobody knows yet.
            None => {}
        }
        pause(&mut rng).await;
    }
}

/// The same in a thread.
fn send_as_thread(tx: &Sender<Item>, sender: usize, fates: &Fates) {
    let mut rng = Rng::new(sender);
    for number in rounds(MOST, LIMIT / 8) {
        let item = Item { place: Box::new((sender, number)), fates: Arc::clone(fates) };
        let result = if rng.one_in(2) {
            tx.send(item).map_err(|SendError(item)| (item, true))
        } else {
            tx.send_timeout(item, rng.tiny()).map_err(|error| {
                let closed = matches!(error, SendTimeoutError::Disconnected(_));
                (error.into_inner(), closed)
            })
        };
        match result {
            Ok(()) => drop(fates[sender][number].sent.fetch_add(1, Ordering::Relaxed)),
            Err((item, closed)) => {
                assert_eq!(*item.place, (sender, number), "another value came back");
                item.fate().refused.fetch_add(1, Ordering::Relaxed);
                if closed {
                    return;
                }
            }
        }
        rng.pause();
    }
}

/// Notes what was received.
fn note(item: &Item, received: &mut Vec<(usize, usize)>) {
    item.fate().received.fetch_add(1, Ordering::Relaxed);
    received.push(*item.place);
}

async fn receive_as_task(rx: Receiver<Item>, stream: usize, impatient: bool) -> Vec<(usize, usize)> {
    let mut rng = Rng::new(100 + stream);
    let mut received = Vec::new();
    loop {
        let result = if impatient { perhaps(&mut rng, rx.recv_async()).await } else { Some(rx.recv_async().await) };
        match result {
            Some(Ok(item)) => note(&item, &mut received),
            Some(Err(_)) => return received,
            None => {}
        }
        pause(&mut rng).await;
    }
}

fn receive_as_thread(rx: &Receiver<Item>, stream: usize) -> Vec<(usize, usize)> {
    let mut rng = Rng::new(100 + stream);
    let mut received = Vec::new();
    loop {
        let result = if rng.one_in(2) {
            rx.recv().map_err(|_| false)
        } else {
            rx.recv_timeout(rng.tiny()).map_err(|error| error.is_timeout())
        };
        match result {
            Ok(item) => note(&item, &mut received),
            Err(true) => {}
            Err(false) => return received,
        }
        rng.pause();
    }
}

/// One run; closed in the middle, or at the end by the drop of the senders.
fn run(capacity: usize, crew: Crew, closed_early: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let senders = crew.sender_tasks + crew.sender_threads;
    let fates: Fates = Arc::new((0..senders).map(|_| (0..MOST).map(|_| Fate::default()).collect()).collect());
    let (tx, rx) = make(capacity);
    let received: Vec<Vec<(usize, usize)>> = thread::scope(|s| {
        for sender in 0..crew.sender_tasks {
            runtime.spawn(send_as_task(tx.clone(), sender, Arc::clone(&fates)));
        }
        for sender in crew.sender_tasks..senders {
            let (tx, fates) = (tx.clone(), &fates);
            s.spawn(move || send_as_thread(&tx, sender, fates));
        }
        let tasks: Vec<_> = (0..crew.receiver_tasks)
            .map(|stream| runtime.spawn(receive_as_task(rx.clone(), stream, crew.impatient)))
            .collect();
        let threads: Vec<_> = (0..crew.receiver_threads)
            .map(|stream| {
                let rx = rx.clone();
                s.spawn(move || receive_as_thread(&rx, crew.receiver_tasks + stream))
            })
            .collect();
        drop(rx);
        if closed_early {
            thread::sleep(Duration::from_millis(Rng::new(200 + capacity.min(99)).below(20) as u64));
            tx.close().unwrap();
        }
        drop(tx);
        let tasks = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).collect::<Vec<_>>();
        tasks.into_iter().chain(threads.into_iter().map(|thread| thread.join().unwrap())).collect()
    });
    // Waits for the senders' tasks.
    drop(runtime);
    check(&fates, &received, !crew.impatient || crew.receiver_tasks + crew.receiver_threads == 1);
}

/// What was sent was received, what was refused was not, what was given up perhaps; everything was dropped once. In order,
/// unless a value was put back that another receiver has overtaken.
fn check(fates: &Fates, received: &[Vec<(usize, usize)>], in_order: bool) {
    for (sender, fates) in fates.iter().enumerate() {
        for (number, fate) in fates.iter().enumerate() {
            let [sent, refused, received, dropped] =
                [&fate.sent, &fate.refused, &fate.received, &fate.dropped].map(|n| n.load(Ordering::Relaxed));
            let right = match (sent, refused) {
                (1, 0) => received == 1 && dropped == 1,
                (0, 1) => received == 0 && dropped == 1,
                // Given up, or never made.
                (0, 0) => received <= 1 && dropped <= 1 && received <= dropped,
                _ => false,
            };
            assert!(right, "sender {sender}, value {number}: {fate:?}");
        }
    }
    for received in received.iter().filter(|_| in_order) {
        let mut last = vec![None; fates.len()];
        for &(sender, number) in received {
            assert!(Some(number) > last[sender], "sender {sender}: {number} after {:?}", last[sender]);
            last[sender] = Some(number);
        }
    }
}

/// All crews, all capacities.
#[test]
fn traffic() {
    let _watchdog = Watchdog::new();
    let crew = Crew { sender_tasks: 3, sender_threads: 2, receiver_tasks: 3, receiver_threads: 2, impatient: false };
    for capacity in CAPACITIES {
        for closed_early in [false, true] {
            run(capacity, crew, closed_early);
            run(capacity, Crew { impatient: true, ..crew }, closed_early);
            run(capacity, Crew { impatient: true, receiver_tasks: 1, receiver_threads: 0, ..crew }, closed_early);
            run(capacity, Crew { sender_threads: 0, receiver_threads: 0, impatient: true, ..crew }, closed_early);
        }
    }
}

/// Counts the wake-ups of a task, and passes them on.
struct Counting {
    count: Arc<AtomicUsize>,
    task: Waker,
}

impl Wake for Counting {
    fn wake(self: Arc<Counting>) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.task.wake_by_ref();
    }
}

/// A future whose wake-ups are counted.
async fn counted<F: Future>(count: &Arc<AtomicUsize>, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|cx: &mut Context<'_>| {
        let waker = Waker::from(Arc::new(Counting { count: Arc::clone(count), task: cx.waker().clone() }));
        Pin::new(&mut future).poll(&mut Context::from_waker(&waker))
    })
    .await
}

/// Ten thousand tasks with one operation each: each is woken once at most, whoever else comes and goes.
#[test]
fn ten_thousand_tasks() {
    const PAIRS: usize = 5000;
    let _watchdog = Watchdog::new();
    for capacity in [0, 1, 16] {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let (tx, rx) = make(capacity);
        let woken = Arc::new(AtomicUsize::new(0));
        let receivers: Vec<_> = (0..PAIRS)
            .map(|_| {
                let (rx, woken) = (rx.clone(), Arc::clone(&woken));
                runtime.spawn(async move { counted(&woken, rx.recv_async()).await.unwrap() })
            })
            .collect();
        let senders: Vec<_> = (0..PAIRS)
            .map(|n| {
                let (tx, woken) = (tx.clone(), Arc::clone(&woken));
                runtime.spawn(async move { counted(&woken, tx.send_async(n)).await.unwrap() })
            })
            .collect();
        let mut values: Vec<_> = receivers.into_iter().map(|task| runtime.block_on(task).unwrap()).collect();
        senders.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        values.sort_unstable();
        assert!(values.into_iter().eq(0..PAIRS));
        let woken = woken.load(Ordering::Relaxed);
        assert!(woken <= 2 * PAIRS, "{woken} wake-ups");
    }
}
