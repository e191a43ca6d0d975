//! Three stages, with a channel between each and the next: the end of one ends the next.

use std::thread;

use crossbeam_channel::{bounded, unbounded, IntoIter, Receiver, SendError, Sender};

fn lines(text: &'static str) -> Receiver<(usize, &'static str)> {
    let (tx, rx) = bounded(2);
    thread::spawn(move || -> Result<(), SendError<(usize, &'static str)>> {
        for line in text.lines().enumerate() {
            tx.send(line)?;
        }
        Ok(())
    });
    rx
}

fn stage<A, B, F>(input: Receiver<A>, workers: usize, f: F) -> Receiver<B>
where
    A: Send + 'static,
    B: Send + 'static,
    F: Fn(A) -> B + Send + Clone + 'static,
{
    let (tx, rx): (Sender<B>, Receiver<B>) = unbounded();
    for _ in 0..workers {
        let (input, tx, f) = (input.clone(), tx.clone(), f.clone());
        thread::spawn(move || input.iter().map(f).try_for_each(|value| tx.send(value)));
    }
    rx
}

/// The number of words of each line, in order.
pub fn words(text: &'static str) -> Vec<usize> {
    let counted = stage(lines(text), 3, |(n, line)| (n, line.split_whitespace().count()));
    let all: IntoIter<(usize, usize)> = counted.into_iter();
    let mut all: Vec<_> = all.collect();
    all.sort_unstable();
    all.into_iter().map(|(_, words)| words).collect()
}
