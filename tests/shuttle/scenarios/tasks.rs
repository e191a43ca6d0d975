//! Tasks, on threads, beside threads: futures that are dropped at any point leave nothing behind and take nothing along.

use std::pin::pin;
use std::sync::Arc;

use gosync::chan::{self, Receiver, Sender};
use gosync::semaphore::Weighted;
use gosync::{Cond, Context, Mutex, RwMutex, WaitGroup, select_async};

use crate::kit::{Ledger, List, Room, Value, any, block_on, poll_and_drop, scope, threads};
use crate::scenario::{HANGS, IS_WRONG, Scenario, holds, witness};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        holds("tasks, cap 0", 7, || channel(chan::bounded(0))).convicts(HANGS, &["chan.wake-task"]),
        holds("tasks, cap 1", 7, || channel(chan::bounded(1))).convicts(HANGS, &["chan.wake-task"]),
        holds("tasks, cap 0, dropped receives", 7, || dropped(chan::bounded(0))).convicts(IS_WRONG, &["task.put-back"]),
        holds("tasks, cap 1, dropped receives", 7, || dropped(chan::bounded(1))),
        holds("tasks, cap 0, dropped sends", 7, || dropped_sends(0))
            .witnesses(&["some", "all"])
            .convicts(HANGS, &["chan.wake-task"]),
        holds("tasks, cap 1, dropped sends", 7, || dropped_sends(1)).witnesses(&["some", "all"]),
        holds("tasks, select", 7, || selects(0))
            .convicts(HANGS, &["task-select.look-locked", "task-select.tell-holder"]),
        holds("tasks, select, cap 1", 7, || selects(1)),
        holds("tasks, mutex", 6, mutex)
            .witnesses(&["dropped"])
            .convicts(HANGS, &["mutex.async.give-up", "mutex.async.hand-on"]),
        holds("tasks, rwmutex", 6, rwmutex)
            .witnesses(&["dropped"])
            .convicts(HANGS, &["rw.next.unlock", "rw.async.unlock-read", "rw.async.unlock-write"]),
        holds("tasks, semaphore", 6, semaphore).witnesses(&["dropped"]).convicts(HANGS, &["semaphore.async.give-back"]),
        holds("tasks, cond", 7, cond)
            .witnesses(&["dropped", "woken"])
            .convicts(HANGS, &["cond.async.hand-on", "table.wake-task"]),
        holds("tasks, wait group", 7, wait_group).convicts(HANGS, &["wg.wake-tasks", "wg.wake-beside-tasks"]),
    ]
}

const SENDERS: usize = 3;
const VALUES: usize = 3;

/// Tasks and threads on both sides.
fn channel((tx, rx): (Sender<Value>, Receiver<Value>)) {
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let tx = tx.clone();
            s.spawn(move || {
                for n in 0..VALUES {
                    if sender == 0 { tx.send((sender, n)) } else { block_on(tx.send_async((sender, n))) }.unwrap();
                }
            });
        }
        for receiver in 0..4 {
            let (rx, ledger) = (rx.clone(), &ledger);
            s.spawn(move || {
                loop {
                    let value = if receiver == 0 { rx.recv() } else { block_on(rx.recv_async()) };
                    let Ok(value) = value else { break };
                    ledger.received.push(value);
                }
            });
        }
        drop(tx);
    });
    assert_eq!(ledger.balance(SENDERS, VALUES), SENDERS * VALUES);
}

/// Receives that are dropped: what they were to get, another one gets.
fn dropped((tx, rx): (Sender<Value>, Receiver<Value>)) {
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let tx = tx.clone();
            s.spawn(move || {
                for n in 0..VALUES {
                    if sender == 0 { tx.send((sender, n)) } else { block_on(tx.send_async((sender, n))) }.unwrap();
                }
            });
        }
        for _ in 0..4 {
            let (rx, ledger) = (rx.clone(), &ledger);
            s.spawn(move || {
                loop {
                    // Never only such that are dropped: somebody has to be there for the senders.
                    let value = poll_and_drop(rx.recv_async()).unwrap_or_else(|| block_on(rx.recv_async()));
                    let Ok(value) = value else { break };
                    ledger.received.push(value);
                }
            });
        }
        drop(tx);
    });
    assert_eq!(ledger.balance(SENDERS, VALUES), SENDERS * VALUES);
}

/// A value that says that it was dropped.
struct Parcel {
    value: Option<Value>,
    dropped: Arc<List<Value>>,
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.value.into_iter().for_each(|value| self.dropped.push(value));
    }
}

/// Sends that are dropped: their values go with them, or have gone already, never both.
fn dropped_sends(capacity: usize) {
    let (ledger, dropped) = (Ledger::new(), Arc::new(List::new()));
    let (tx, rx) = chan::bounded::<Parcel>(capacity);
    scope(|s| {
        for sender in 0..SENDERS {
            let (tx, dropped) = (tx.clone(), &dropped);
            s.spawn(move || {
                for n in 0..VALUES {
                    let parcel = Parcel { value: Some((sender, n)), dropped: Arc::clone(dropped) };
                    if sender == 0 {
                        assert!(block_on(tx.send_async(parcel)).is_ok());
                    } else if let Some(result) = poll_and_drop(tx.send_async(parcel)) {
                        assert!(result.is_ok());
                    }
                }
            });
        }
        for receiver in 0..4 {
            let (rx, ledger) = (rx.clone(), &ledger);
            s.spawn(move || {
                loop {
                    let parcel = if receiver == 0 { rx.recv() } else { block_on(rx.recv_async()) };
                    let Ok(mut parcel) = parcel else { break };
                    ledger.received.push(parcel.value.take().expect("nobody has opened it"));
                }
            });
        }
        drop(tx);
    });
    dropped.take().into_iter().for_each(|value| ledger.returned.push(value));
    witness(if ledger.balance(SENDERS, VALUES) < SENDERS * VALUES { "some" } else { "all" });
}

/// Selects between two channels, some of which are dropped.
fn selects(capacity: usize) {
    let (a, b) = (chan::bounded(capacity), chan::bounded(0));
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let (a, b) = (a.0.clone(), b.0.clone());
            s.spawn(move || {
                for n in 0..VALUES {
                    block_on(async {
                        select_async! {
                            send(a, (sender, n)) -> result => result.unwrap(),
                            send(b, (sender, n)) -> result => result.unwrap(),
                        }
                    });
                }
            });
        }
        let ((ta, ra), (tb, rb)) = (a, b);
        drop((ta, tb));
        for _ in 0..4 {
            let (a, b, ledger) = (ra.clone(), rb.clone(), &ledger);
            s.spawn(move || {
                let receive = || async {
                    select_async! {
                        recv(a) -> value => value,
                        recv(b) -> value => value,
                    }
                };
                // Both end at the same time, so that one end is as good as two, if the other channel is empty.
                while let Ok(value) = poll_and_drop(receive()).unwrap_or_else(|| block_on(receive())) {
                    ledger.received.push(value);
                }
                [&a, &b].into_iter().flat_map(Receiver::iter).for_each(|value| ledger.received.push(value));
            });
        }
    });
    assert_eq!(ledger.balance(SENDERS, VALUES), SENDERS * VALUES);
}

fn mutex() {
    let (mutex, room) = (Mutex::new(0), Room::default());
    threads(6, |me| {
        for _ in 0..2 {
            let mut count = match me % 3 {
                0 => mutex.lock(),
                1 => block_on(mutex.lock_async()),
                _ => poll_and_drop(mutex.lock_async()).unwrap_or_else(|| {
                    witness("dropped");
                    mutex.lock()
                }),
            };
            room.alone(|| *count += 1);
        }
    });
    assert_eq!(mutex.into_inner(), 12);
}

fn rwmutex() {
    let (mutex, room) = (RwMutex::new(0), Room::default());
    threads(6, |me| {
        for _ in 0..2 {
            if any(2) == 0 {
                let mut count = match me % 3 {
                    0 => mutex.write(),
                    1 => block_on(mutex.write_async()),
                    _ => poll_and_drop(mutex.write_async()).unwrap_or_else(|| {
                        witness("dropped");
                        mutex.write()
                    }),
                };
                room.alone(|| *count += 1);
            } else {
                let _guard = match me % 3 {
                    0 => mutex.read(),
                    1 => block_on(mutex.read_async()),
                    _ => poll_and_drop(mutex.read_async()).unwrap_or_else(|| {
                        witness("dropped");
                        mutex.read()
                    }),
                };
                room.among(|_| ());
            }
        }
    });
}

fn semaphore() {
    let (semaphore, background) = (Weighted::new(2), Context::background());
    threads(6, |me| {
        for _ in 0..2 {
            let n = 1 + me % 2;
            match me % 3 {
                0 => semaphore.acquire(&background, n).unwrap(),
                1 => block_on(semaphore.acquire_async(n)),
                _ => poll_and_drop(semaphore.acquire_async(n)).unwrap_or_else(|| {
                    witness("dropped");
                    semaphore.acquire(&background, n).unwrap();
                }),
            }
            semaphore.release(n);
        }
    });
    assert!(semaphore.try_acquire(2), "all are back");
}

/// A signal for each that must come in. Others stand in line too: who is woken passes it on, and who is dropped passes on
/// what has woken it.
fn cond() {
    let (places, cond) = (Mutex::new(0), Cond::new());
    threads(7, |me| match me {
        0 => {
            for _ in 0..4 {
                *places.lock() += 1;
                cond.signal();
            }
        }
        1..5 => {
            let mut free = places.lock();
            while *free == 0 {
                if me % 2 == 0 {
                    cond.wait(&mut free);
                } else {
                    free = block_on(cond.wait_async(free));
                }
            }
            *free -= 1;
        }
        _ => {
            let woken = poll_and_drop(cond.wait_async(places.lock())).is_some();
            witness(if woken { "woken" } else { "dropped" });
            if woken {
                cond.signal();
            }
        }
    });
    assert_eq!(places.into_inner(), 0);
}

fn wait_group() {
    let group = WaitGroup::new();
    scope(|s| {
        group.add(3);
        for _ in 0..3 {
            s.spawn(|| group.done());
        }
        for me in 0..4 {
            let group = &group;
            s.spawn(move || match me {
                0 => group.wait(),
                1 => block_on(group.wait_async()),
                _ => poll_and_drop(group.wait_async()).unwrap_or_else(|| {
                    let task = pin!(group.wait_async());
                    block_on(task);
                }),
            });
        }
    });
}
