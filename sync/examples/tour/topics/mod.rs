//! The topics, in the order in which the article on Go's memory model has them; each is a file.

use std::io::{self, Write};

// For the models among the topics.
use super::checker::Plain;

/// A program with a mistake, and its twin without.
pub(crate) type Models = Option<(fn(), fn())>;

/// What the tour knows of a topic.
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What Go promises, or does not.
    pub(crate) text: &'static str,
    pub(crate) go: &'static str,
    /// The whole file.
    source: &'static str,
    pub(crate) run: fn(&mut dyn Write) -> io::Result<()>,
    /// The program with the mistake, and without.
    pub(crate) models: Models,
}

impl Topic {
    /// The program, without what the tour needs around it.
    pub(crate) fn rust(&self) -> &'static str {
        const MARK: &str = "// -- the program --\n";
        self.source.split_once(MARK).expect("each topic has the mark").1
    }
}

macro_rules! topics {
    ($($file:ident, $name:literal, $title:literal;)*) => {
        $(mod $file;)*

        pub(crate) const TOPICS: &[Topic] = &[$(Topic {
            name: $name,
            title: $title,
            text: $file::TEXT,
            go: $file::GO,
            source: include_str!(concat!(stringify!($file), ".rs")),
            run: $file::run,
            models: $file::MODELS,
        }),*];
    };
}

topics! {
    program_order, "program-order", "Program order";
    races, "races", "Data races";
    publication, "publication", "Safe publication";
    channel_send, "channel-send", "Channels, first rule: a send comes before its receive";
    channel_close, "channel-close", "Channels, second rule: a close comes before a receive that reports it";
    channel_unbuffered, "channel-unbuffered", "Channels, third rule: unbuffered, a receive comes before the end of its send";
    channel_capacity, "channel-capacity", "Channels, fourth rule: the k-th receive comes before the end of the (k+C)-th send";
    mutex, "mutex", "Mutex";
    waitgroup, "waitgroup", "WaitGroup";
    once, "once", "Once";
    atomics, "atomics", "Atomics";
    compare_and_swap, "compare-and-swap", "Compare-and-swap";
    stack, "stack", "A lock-free stack";
    package_init, "package-init", "Package initialisation";
    go_start, "go-start", "The start of a goroutine";
    go_exit, "go-exit", "The end of a goroutine";
    double_checked, "double-checked", "Double-checked locking";
    lazy, "lazy", "A lazy value";
    producer_consumer, "producer-consumer", "Producer and consumer";
    reordering, "reordering", "Reordering";
    visibility, "visibility", "Visibility";
    race_testing, "race-testing", "Testing for races";
    counters, "counters", "Three counters without a race";
    owned_map, "owned-map", "A map that one goroutine owns";
    barriers, "barriers", "Memory barriers";
    false_sharing, "false-sharing", "False sharing";
}
