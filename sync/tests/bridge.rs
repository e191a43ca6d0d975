//! The example `bridge`: every file is counted once, whatever goes wrong with another, and the output is sorted.

#[path = "../examples/bridge.rs"]
#[allow(dead_code, reason = "its main")]
mod bridge;

use std::fs;
use std::path::Path;

use bridge::{Counts, count_all, print};
use tempfile::TempDir;

#[test]
fn counts() {
    let counts = |text: &str| {
        let Counts { lines, words, bytes } = Counts::of(text.as_bytes());
        (lines, words, bytes)
    };
    assert_eq!(counts(""), (0, 0, 0));
    assert_eq!(counts("\n\n"), (2, 0, 2));
    assert_eq!(counts("no end"), (0, 2, 6));
    assert_eq!(counts(" a\tb\x0bc\x0cd\re \n"), (1, 5, 12));
}

/// More files than fit into all channels, in every number of threads.
#[test]
fn every_file_once() {
    let dir = TempDir::new().unwrap();
    for n in 0..500 {
        let folder = dir.path().join(format!("{}", n % 7));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{n:03}")), "word\n".repeat(n)).unwrap();
    }
    for threads in [1, 2, 5] {
        let results = count_all(Some(dir.path()), threads).unwrap();
        assert_eq!(results.len(), 500);
        for (path, counts) in &results {
            let n: u64 = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
            assert_eq!(*counts.as_ref().unwrap(), Counts { lines: n, words: n, bytes: 5 * n });
        }
        let mut out = Vec::new();
        assert!(print(&results, &mut out).unwrap());
        let text = String::from_utf8(out).unwrap();
        let names: Vec<_> = text.lines().map(|line| line.split_whitespace().last().unwrap()).collect();
        assert!(names[..500].is_sorted());
        let sum: u64 = (0..500).sum();
        assert_eq!(
            text.lines().last().unwrap().split_whitespace().collect::<Vec<_>>(),
            [&sum.to_string(), &sum.to_string(), &(5 * sum).to_string(), "total"]
        );
    }
}

/// The sources of this crate, as this thread counts them.
#[test]
fn real_files() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let results = count_all(Some(&dir), 2).unwrap();
    assert!(results.contains_key(&dir.join("lib.rs")));
    for (path, counts) in &results {
        assert_eq!(*counts.as_ref().unwrap(), Counts::of(&fs::read(path).unwrap()));
    }
}

/// What is not there is a failure, and ends nothing early.
#[test]
fn failures() {
    let dir = TempDir::new().unwrap();
    let results = count_all(Some(&dir.path().join("none")), 2).unwrap();
    assert_eq!(results.len(), 1);
    let mut out = Vec::new();
    assert!(!print(&results, &mut out).unwrap());
    assert!(String::from_utf8(out).unwrap().ends_with(" total\n"));
}
