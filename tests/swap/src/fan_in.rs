//! Several sources into one: two by `select!`, any number by `Select`.

use crossbeam_channel::{never, select, Receiver, RecvError, Select, TryRecvError};

/// Alternates as the values come; goes on with one when the other has ended.
pub fn two<T>(mut a: Receiver<T>, mut b: Receiver<T>) -> Vec<T> {
    let mut open = 2;
    let mut all = Vec::new();
    while open > 0 {
        select! {
            recv(a) -> message => match message {
                Ok(value) => all.push(value),
                Err(RecvError) => {
                    a = never();
                    open -= 1;
                }
            },
            recv(b) -> message => {
                if let Ok(value) = message {
                    all.push(value);
                } else {
                    b = never();
                    open -= 1;
                }
            }
        }
    }
    all
}

/// Each value with the number of the source that it came from, until all have ended.
pub fn many<T>(sources: &[Receiver<T>]) -> Vec<(usize, T)> {
    let mut select = Select::new();
    for source in sources {
        select.recv(source);
    }
    let mut open = sources.len();
    let mut all = Vec::new();
    while open > 0 {
        let operation = select.select();
        let index = operation.index();
        match operation.recv(&sources[index]) {
            Ok(value) => all.push((index, value)),
            Err(RecvError) => {
                select.remove(index);
                open -= 1;
            }
        }
    }
    debug_assert!(sources.iter().all(|source| matches!(source.try_recv(), Err(TryRecvError::Disconnected))));
    all
}
