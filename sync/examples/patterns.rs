//! Four patterns of concurrent programs that are easy to get wrong, done right: what one thread writes, and how another one
//! comes to see all of it.
//!
//! ```console
//! $ cargo run --release --example patterns                     # all of them
//! $ cargo run --release --example patterns -- double_checked   # one
//! ```
//!
//! | | what it is about |
//! | --- | --- |
//! | [`double_checked`] | look whether something is there without a lock, and again with it |
//! | [`lazy_value`] | a value that is made when it is first asked for |
//! | [`safe_publication`] | a value is made first, and others find it whole |
//! | [`producer_consumer`] | one makes, another uses, and neither needs a lock |
//!
//! What they have in common: that a thread *sees* a flag or a pointer says nothing about what was written before it, unless
//! the two are ordered. A channel, a lock, a `Once` or an atomic of this crate orders them; a plain variable does not, and in
//! Rust it does not compile.

use std::io::{self, Write};
use std::sync::Arc;

use gosync::atomic::{Bool, Int32, Pointer, Value};
use gosync::{Mutex, Once, OnceValue, WaitGroup, chan, go};

/// What is dear to make: how often it was made shows in its number.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) made: i32,
    pub(crate) text: String,
}

fn make(made: &Int32) -> Config {
    Config { made: made.add(1), text: "all of it".to_owned() }
}

/// Double-checked locking by hand. The first look costs one load; who finds nothing takes the lock and looks once more,
/// because another thread may have been faster.
///
/// The broken version has a plain flag in the place of `ready`: a thread could see the flag, and not what it stands for.
/// Here the store of the flag happens before the load that sees it, and so does all that was written before the store.
#[derive(Debug, Default)]
pub(crate) struct ByHand {
    ready: Bool,
    lock: Mutex<()>,
    // Written once, with the lock held, before `ready`.
    config: Pointer<Config>,
}

impl ByHand {
    pub(crate) fn get(&self, made: &Int32) -> Arc<Config> {
        if !self.ready.load() {
            let _guard = self.lock.lock();
            if !self.ready.load() {
                self.config.store(Some(Arc::new(make(made))));
                self.ready.store(true);
            }
        }
        self.config.load().expect("it is ready")
    }
}

/// Double-checked locking by hand and, in one line, by a [`Once`]. Threads ask all at the same time; each gets the same.
pub(crate) fn double_checked(out: &mut impl Write) -> io::Result<()> {
    let (made, by_hand) = (Arc::new(Int32::new(0)), Arc::new(ByHand::default()));
    in_threads(8, || {
        let (made, by_hand) = (Arc::clone(&made), Arc::clone(&by_hand));
        move || assert_eq!(by_hand.get(&made).text, "all of it")
    });
    writeln!(out, "double_checked    by hand: made {}", made.load())?;

    static ONCE: Once = Once::new();
    let made = Arc::new(Int32::new(0));
    in_threads(8, || {
        let made = Arc::clone(&made);
        move || {
            // The first look is in there.
            ONCE.call_once(|| _ = made.add(1));
            assert_eq!(made.load(), 1, "it is over when anybody returns");
        }
    });
    writeln!(out, "double_checked    by a Once: made {}", made.load())
}

static MADE: Int32 = Int32::new(0);
static CONFIG: OnceValue<Config> = OnceValue::new(|| make(&MADE));

/// A value that is made when it is first asked for, once, by whoever comes first; the others wait for it.
pub(crate) fn lazy_value(out: &mut impl Write) -> io::Result<()> {
    let before = MADE.load();
    in_threads(8, || || assert_eq!((CONFIG.made, CONFIG.text.as_str()), (1, "all of it")));
    writeln!(out, "lazy_value        made {before} before it was asked for, {} after", MADE.load())
}

/// A value is written by one thread and read by another, which must find all of it: four ways to hand it over.
///
/// The broken version sets a plain global pointer, and others wait until it is not nil.
pub(crate) fn safe_publication(out: &mut impl Write) -> io::Result<()> {
    let made = Arc::new(Int32::new(0));

    // A channel: the send happens before its receive. The value moves, and nobody else has it.
    let (tx, rx) = chan::bounded(1);
    go({
        let made = Arc::clone(&made);
        move || tx.send(make(&made)).expect("the receiver waits")
    });
    let config = rx.recv().expect("the sender sends");
    writeln!(out, "safe_publication  channel: {}", config.text)?;

    // A mutex: the unlock happens before the next lock.
    let place = Arc::new(Mutex::new(None));
    let writer = go({
        let (made, place) = (Arc::clone(&made), Arc::clone(&place));
        move || *place.lock() = Some(make(&made))
    });
    let text = loop {
        if let Some(config) = &*place.lock() {
            break config.text.clone();
        }
        std::thread::yield_now();
    };
    writeln!(out, "safe_publication  mutex: {text}")?;
    writer.join().expect("it does not panic");

    // An atomic pointer: the store happens before a load that sees it. Nothing at first.
    let pointer = Arc::new(Pointer::default());
    let writer = go({
        let (made, pointer) = (Arc::clone(&made), Arc::clone(&pointer));
        move || pointer.store(Some(Arc::new(make(&made))))
    });
    let config = loop {
        if let Some(config) = pointer.load() {
            break config;
        }
        std::thread::yield_now();
    };
    writeln!(out, "safe_publication  pointer: {}", config.text)?;
    writer.join().expect("it does not panic");

    // An atomic value: the same, for a configuration that is replaced as a whole while others read.
    let value = Arc::new(Value::new(make(&made)));
    let newest = made.load() + 1;
    let writer = go({
        let (made, value) = (Arc::clone(&made), Arc::clone(&value));
        move || value.store(make(&made))
    });
    let config = loop {
        let config = value.load().expect("it was there from the beginning");
        assert_eq!(config.text, "all of it", "old or new, never half of each");
        if config.made == newest {
            break config;
        }
        std::thread::yield_now();
    };
    writeln!(out, "safe_publication  value: {}, replaced", config.text)?;
    writer.join().expect("it does not panic");
    Ok(())
}

/// One thread fills buffers, another one empties them, and the buffers go round. Nobody locks anything: who has a buffer owns
/// it. The send of a buffer happens before its receive, so all that was written into it is there; and the receive of an empty
/// one happens after its last use, so nothing is overwritten too early.
pub(crate) fn producer_consumer(rounds: usize, out: &mut impl Write) -> io::Result<()> {
    const BUFFERS: usize = 3;
    let (full, filled) = chan::bounded::<Vec<usize>>(BUFFERS);
    let (empty, emptied) = chan::bounded(BUFFERS);
    (0..BUFFERS).for_each(|_| empty.send(Vec::with_capacity(4)).expect("there is room for all"));
    let producer = go(move || {
        for round in 0..rounds {
            let mut buffer = emptied.recv().expect("the consumer returns them all");
            buffer.extend([round; 4]);
            full.send(buffer).expect("the consumer stays");
        }
        // The end of `full` is the end of the consumer's loop.
    });
    let mut sum = 0;
    for (round, mut buffer) in filled.iter().enumerate() {
        assert_eq!(buffer, [round; 4], "whole, and in order");
        sum += buffer.drain(..).sum::<usize>();
        // The producer may have gone.
        let _ = empty.send(buffer);
    }
    producer.join().expect("it does not panic");
    writeln!(out, "producer_consumer {rounds} buffers in order, sum {sum}")
}

/// Runs so many threads to their end.
fn in_threads<F: FnOnce() + Send + 'static>(threads: usize, thread: impl Fn() -> F) {
    let group = Arc::new(WaitGroup::new());
    (0..threads).for_each(|_| group.go(thread()));
    group.wait();
}

/// Shows the pattern of this name, or all; `false` if there is none of this name.
pub(crate) fn run(name: Option<&str>, out: &mut impl Write) -> io::Result<bool> {
    let is = |pattern| name.is_none_or(|name| name == pattern);
    let mut found = false;
    if is("double_checked") {
        double_checked(out)?;
        found = true;
    }
    if is("lazy_value") {
        lazy_value(out)?;
        found = true;
    }
    if is("safe_publication") {
        safe_publication(out)?;
        found = true;
    }
    if is("producer_consumer") {
        producer_consumer(1_000, out)?;
        found = true;
    }
    Ok(found)
}

#[allow(dead_code, reason = "the tests have this file as a module")]
fn main() -> io::Result<()> {
    let name = std::env::args().nth(1);
    if !run(name.as_deref(), &mut io::stdout().lock())? {
        eprintln!("patterns [double_checked | lazy_value | safe_publication | producer_consumer]");
        std::process::exit(2);
    }
    Ok(())
}
