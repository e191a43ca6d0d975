//! What one thread does alone: the cost of an operation when nobody waits and nobody competes.

use std::hint::black_box;

use crate::peers::Channel;

/// What is repeated.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// A send and a receive.
    SendRecv,
    /// A send and a receive, 512 of the one before 512 of the other.
    Burst,
    /// A try to receive from an empty channel.
    TryRecvEmpty,
    /// The creation of a channel and the drop of its handles.
    CreateDrop,
}

/// The length of a burst.
pub const BURST: usize = 512;

/// Every operation that is measured, with its name and the capacity of its channel.
pub const OPERATIONS: &[(&str, Operation, Option<usize>)] = &[
    ("sendrecv.b1", Operation::SendRecv, Some(1)),
    ("sendrecv.b1024", Operation::SendRecv, Some(1024)),
    ("sendrecv.unb", Operation::SendRecv, None),
    ("burst512.b1024", Operation::Burst, Some(1024)),
    ("tryrecv-empty.b1024", Operation::TryRecvEmpty, Some(1024)),
    ("create-drop.b0", Operation::CreateDrop, Some(0)),
    ("create-drop.b1", Operation::CreateDrop, Some(1)),
    ("create-drop.b1024", Operation::CreateDrop, Some(1024)),
];

/// Performs an operation `n` times on one channel; whether this implementation can.
pub fn run<C: Channel>(operation: Operation, capacity: Option<usize>, n: usize) -> bool {
    let Some((tx, rx)) = C::channel(capacity) else { return false };
    match operation {
        Operation::SendRecv => {
            for i in 0..n {
                C::send(&tx, black_box(i));
                black_box(C::recv(&rx));
            }
        }
        Operation::Burst => {
            for burst in (0..n).step_by(BURST) {
                let size = BURST.min(n - burst);
                (0..size).for_each(|i| C::send(&tx, black_box(i)));
                for _ in 0..size {
                    black_box(C::recv(&rx));
                }
            }
        }
        Operation::TryRecvEmpty => {
            for _ in 0..n {
                black_box(C::try_recv(&rx));
            }
        }
        Operation::CreateDrop => {
            for _ in 0..n {
                drop(black_box(C::channel(black_box(capacity))));
            }
        }
    }
    true
}
