//! Selects: `select!`, `select_biased!`, and `Select` with its operations.
//!
//! | module | covers |
//! | --- | --- |
//! | `close` | what a close does to blocked selects of every kind, and to operations that were chosen before it |
//! | `permits` | operations that were chosen and then completed, dropped or forgotten; two that have chosen each other |
//! | `panics` | messages that panic, and what was set aside for them; wrong handles |
//! | `drops` | values whose drop panics, blocks or selects; how often each is dropped |
//! | `values` | values without a size, large and over-aligned ones |
//! | `model` | every kind of case beside every other, against a model |

mod close;
mod drops;
mod model;
mod panics;
mod permits;
mod values;

use std::thread::{self, Scope, ScopedJoinHandle};

use gosync::chan::{Chan, Receiver, Select, SelectedOperation, Sender};

use crate::settle;

/// Starts something that is expected to block, and gives it the time to.
fn block<'scope, T: Send + 'scope>(
    s: &'scope Scope<'scope, '_>,
    f: impl FnOnce() -> T + Send + 'scope,
) -> ScopedJoinHandle<'scope, T> {
    let thread = s.spawn(f);
    settle();
    thread
}

/// A chosen send.
fn choose_send<T>(tx: &Sender<T>) -> SelectedOperation<'_> {
    let mut select = Select::new();
    select.send(tx);
    select.select()
}

/// A chosen receive.
pub(crate) fn choose_recv<T>(rx: &Receiver<T>) -> SelectedOperation<'_> {
    let mut select = Select::new();
    select.recv(rx);
    select.select()
}

/// Whether anything could be done with the channel, on either side.
fn is_idle<T>(c: &Chan<T>) -> bool {
    let mut select = Select::new();
    select.send::<T>(c.as_ref());
    select.recv::<T>(c.as_ref());
    select.try_select().is_err() && select.try_ready().is_err()
}

/// Waits until somebody is blocked in a receive, so that a send can be chosen.
pub(crate) fn await_receiver<T>(tx: &Sender<T>) {
    let mut select = Select::new();
    select.send(tx);
    while select.try_ready().is_err() {
        thread::yield_now();
    }
}

/// Waits until there is something to receive.
fn await_sender<T>(rx: &Receiver<T>) {
    let mut select = Select::new();
    select.recv(rx);
    while select.try_ready().is_err() {
        thread::yield_now();
    }
}
