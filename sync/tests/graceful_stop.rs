//! The example `graceful_stop`: it counts all, or says why not.

use std::fs;
use std::path::Path;
use std::time::Duration;

use gosync::context::{Context, ContextError};
use tempfile::TempDir;

#[allow(dead_code, reason = "its main")]
#[path = "../examples/graceful_stop.rs"]
mod graceful_stop;

use graceful_stop::{Lines, count};

/// Three files of `a`, and one without an extension.
fn tree() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("below")).unwrap();
    for (name, text) in [("1.a", "1\n2\n"), ("2.a", ""), ("below/3.a", "1\n2\n3\n"), ("below/other", "1\n")] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn of(lines: &[(&str, u64)]) -> Lines {
    lines.iter().map(|&(extension, n)| (extension.to_owned(), n)).collect()
}

#[test]
fn counts_all() {
    let dir = tree();
    let (lines, failure) = count(&Context::background(), dir.path());
    assert_eq!(lines, of(&[("a", 5), ("(none)", 1)]));
    assert!(failure.is_none());
    // As often as `newline` says, with more files than fit into the channel.
    for n in 0..200 {
        fs::write(dir.path().join(format!("{n}.b")), "\n".repeat(n)).unwrap();
    }
    let (lines, failure) = count(&Context::background(), dir.path());
    assert_eq!(lines["b"], (0..200).sum());
    assert!(failure.is_none());
}

#[test]
fn stops_when_told() {
    let dir = tree();
    let (ctx, cancel) = Context::background().with_cancel_cause();
    cancel.cancel("interrupted");
    let (_, failure) = count(&ctx, dir.path());
    assert_eq!(failure.unwrap().to_string(), "interrupted");
    let (ctx, _cancel) = Context::background().with_timeout(Duration::ZERO);
    let (_, failure) = count(&ctx, dir.path());
    assert_eq!(failure.unwrap().downcast_ref(), Some(&ContextError::DeadlineExceeded));
}

/// The first error stops the others, and is what is reported.
#[test]
fn stops_at_an_error() {
    let (_, failure) = count(&Context::background(), Path::new("no such directory"));
    assert!(failure.unwrap().to_string().contains("no such directory"));
}

#[test]
fn output() {
    let mut out = Vec::new();
    graceful_stop::print(&of(&[("a", 5), ("b", 12), ("c", 5)]), &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "       12 b\n        5 a\n        5 c\n");
}
