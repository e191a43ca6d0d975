//! What chooses among several channel operations. A select is a macro here, so an implementation is a module whose text is
//! the same for all: to add one, name its crate at the end of this file.

use std::hint::black_box;

use crate::harness::measure::{Meter, Sample};
use crate::harness::threads::measured;

/// What is done with a select.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// One thread alone: four channels that all have a value; receive one, and send it back.
    Ready,
    /// The same with the dynamic select.
    ReadyDynamic,
    /// One thread alone: `default`, with four empty channels.
    Default,
    /// The same with the dynamic select.
    DefaultDynamic,
    /// Four senders with a channel of this capacity each; one thread receives from all of them.
    FourToOne(usize),
    /// The same with the dynamic select.
    FourToOneDynamic(usize),
    /// Two threads that each send or receive on one channel of capacity 0.
    Both,
    /// Two threads and two channels: each sends on one or receives from the other, until it has done both often enough.
    Exchange,
}

/// An implementation's name, and what performs `n` operations.
pub type Implementation = (&'static str, fn(Shape, usize) -> Sample);

macro_rules! implementations {
    ($($module:ident: $name:literal $channel:path;)*) => {
        /// All of them, in the order of the reports.
        pub const IMPLEMENTATIONS: &[Implementation] = &[$(($name, $module::run)),*];

        $(mod $module {
            use $channel as channel;
            use channel::{Receiver, Select, Sender, bounded, select};

            use super::*;

            type Four = ([Sender<usize>; 4], [Receiver<usize>; 4]);

            fn four(capacity: usize) -> Four {
                let channels = [(); 4].map(|()| bounded(capacity));
                let senders = channels.each_ref().map(|(tx, _)| tx.clone());
                (senders, channels.map(|(_, rx)| rx))
            }

            pub(super) fn run(shape: Shape, n: usize) -> Sample {
                match shape {
                    Shape::Ready => ready(n, take_one),
                    Shape::ReadyDynamic => ready(n, take_one_dynamically),
                    Shape::Default => default(n, |[a, b, c, d]| select! {
                        recv(a) -> _ => true,
                        recv(b) -> _ => true,
                        recv(c) -> _ => true,
                        recv(d) -> _ => true,
                        default => false,
                    }),
                    Shape::DefaultDynamic => default(n, |receivers| {
                        let mut select = Select::new();
                        receivers.iter().for_each(|rx| {
                            select.recv(rx);
                        });
                        select.try_select().is_ok()
                    }),
                    Shape::FourToOne(capacity) => four_to_one(capacity, n, take_one),
                    Shape::FourToOneDynamic(capacity) => four_to_one(capacity, n, take_one_dynamically),
                    Shape::Both => both(n),
                    Shape::Exchange => exchange(n),
                }
            }

            fn take_one([a, b, c, d]: &[Receiver<usize>; 4]) -> usize {
                select! {
                    recv(a) -> value => value.unwrap(),
                    recv(b) -> value => value.unwrap(),
                    recv(c) -> value => value.unwrap(),
                    recv(d) -> value => value.unwrap(),
                }
            }

            fn take_one_dynamically(receivers: &[Receiver<usize>; 4]) -> usize {
                let mut select = Select::new();
                receivers.iter().for_each(|rx| {
                    select.recv(rx);
                });
                let operation = select.select();
                let number = operation.index();
                operation.recv(&receivers[number]).unwrap()
            }

            fn ready(n: usize, take: fn(&[Receiver<usize>; 4]) -> usize) -> Sample {
                let (senders, receivers) = four(4);
                (0..4).for_each(|i| senders[i].send(i).unwrap());
                let meter = Meter::start();
                for _ in 0..n {
                    let from = black_box(take(&receivers));
                    senders[from].send(from).unwrap();
                }
                meter.stop(n)
            }

            fn default(n: usize, take: fn(&[Receiver<usize>; 4]) -> bool) -> Sample {
                let (_senders, receivers) = four(4);
                let meter = Meter::start();
                (0..n).for_each(|_| assert!(!take(black_box(&receivers))));
                meter.stop(n)
            }

            fn four_to_one(capacity: usize, n: usize, take: fn(&[Receiver<usize>; 4]) -> usize) -> Sample {
                let (senders, receivers) = four(capacity);
                let send = senders.each_ref().map(|tx| move || (0..n / 4).for_each(|i| tx.send(i).unwrap()));
                measured(n, send.into(), || {
                    for _ in 0..n {
                        black_box(take(&receivers));
                    }
                })
            }

            fn both(n: usize) -> Sample {
                let (tx, rx) = bounded(0);
                let either = || {
                    for i in 0..n {
                        select! {
                            send(tx, i) -> result => result.unwrap(),
                            recv(rx) -> value => {
                                black_box(value.unwrap());
                            }
                        }
                    }
                };
                measured(n, vec![either], either)
            }

            fn exchange(n: usize) -> Sample {
                let ((there, there_rx), (back, back_rx)) = (bounded(0), bounded(0));
                let trade = |tx: &Sender<usize>, rx: &Receiver<usize>| {
                    let (mut sent, mut received) = (0, 0);
                    while sent < n && received < n {
                        select! {
                            send(tx, sent) -> result => {
                                result.unwrap();
                                sent += 1;
                            }
                            recv(rx) -> value => {
                                black_box(value.unwrap());
                                received += 1;
                            }
                        }
                    }
                    (sent..n).for_each(|i| tx.send(i).unwrap());
                    (received..n).for_each(|_| {
                        black_box(rx.recv().unwrap());
                    });
                };
                measured(n, vec![|| trade(&back, &there_rx)], || trade(&there, &back_rx))
            }
        })*
    };
}

implementations! {
    ours: "gosync" gosync::chan;
    crossbeam: "crossbeam" crossbeam_channel;
}
