//! What ends it early, or changes under its hands: signals, readers that go, full disks, files that vanish.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::thread::sleep;
use std::time::Duration;

use crate::program::*;

/// Also shows that the walker does not run ahead without bound: it is still waiting when the last files change.
#[test]
fn reports_files_that_vanish_or_change_after_they_were_listed() {
    const FILES: usize = 13_000;
    let dir = many_empty_files(FILES);
    let mut child = Running::start(digest(dir.path(), NO_ARGS));
    let mut lines = BufReader::new(child.stdout());
    let mut printed = Vec::new();
    // Once there is a line, the folder has been listed.
    lines.read_until(b'\n', &mut printed).unwrap();
    // Enough for a walker without a bound to get to the end.
    sleep(Duration::from_secs(1));
    let [link, pipe, gone] = [3, 2, 1].map(|n| name(FILES - n));
    for name in [&link, &pipe, &gone] {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    symlink(name(0), dir.path().join(&link)).unwrap();
    shell(dir.path(), r#"mkfifo "$1""#, &[OsStr::new(&pipe)]);
    lines.read_to_end(&mut printed).unwrap();
    assert_eq!(child.wait(), Some(1));
    let messages = child.messages();
    let messages: Vec<_> = messages.lines().collect();
    assert_eq!(
        messages,
        [
            format!("digest: \"./{link}\": Too many levels of symbolic links (os error 40)"),
            format!("digest: \"./{pipe}\": not a regular file any more"),
            format!("digest: \"./{gone}\": No such file or directory (os error 2)"),
        ]
    );
    assert_same(&printed, &expected(dir.path(), OsStr::new(".")));
    assert_eq!(paths(&printed).len(), FILES - 3);
}

#[test]
fn stops_in_the_middle_of_a_file() {
    // For one worker; the others have nothing to do.
    let dir = tree([("a", 1)]);
    let huge = huge_file(&dir, "b");
    let mut child = Running::start(digest(dir.path(), NO_ARGS));
    let mut lines = BufReader::new(child.stdout());
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line).unwrap();
    assert_eq!(paths(&line), ["./a"]);
    child.await_open(&huge);
    child.interrupt();
    assert_eq!(child.wait(), Some(130));
    // Not by giving up on some thread.
    assert_eq!(child.messages(), "");
    lines.read_to_end(&mut line).unwrap();
    assert_eq!(paths(&line), ["./a"]);
}

#[test]
fn stops_when_all_stages_are_busy() {
    let dir = many_empty_files(4_000);
    // So that it does not come to the end.
    huge_file(&dir, "huge");
    for delay in [0, 1, 2, 5, 10, 20, 40] {
        let mut command = digest(dir.path(), NO_ARGS);
        command.stdout(tempfile::tempfile().unwrap());
        let mut child = Running::start(command);
        child.await_handler();
        sleep(Duration::from_millis(delay));
        child.interrupt();
        assert_eq!(child.wait(), Some(130));
        assert_eq!(child.messages(), "");
    }
}

#[test]
fn stops_although_nobody_reads() {
    let dir = many_empty_files(5_000);
    let mut child = Running::start(digest(dir.path(), NO_ARGS));
    let mut line = Vec::new();
    let mut lines = BufReader::with_capacity(1, child.stdout());
    lines.read_until(b'\n', &mut line).unwrap();
    child.interrupt();
    assert_eq!(child.wait(), Some(130));
    assert_eq!(paths(&line), [format!("./{}", name(0))]);
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let dir = many_empty_files(5_000);
    let huge = huge_file(&dir, "huge");
    let mut child = Running::start(digest(dir.path(), NO_ARGS));
    let mut lines = BufReader::new(child.stdout());
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line).unwrap();
    child.await_open(&huge);
    drop(lines);
    assert_eq!(child.wait(), Some(1));
    assert_eq!(child.messages(), "");
    assert_eq!(paths(&line), [format!("./{}", name(0))]);
}

#[test]
fn a_full_disk_ends_it_with_a_message() {
    let dir = many_empty_files(5_000);
    for args in [&[][..], &["--help"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = digest(dir.path(), args);
        command.stdout(full);
        let mut child = Running::start(command);
        assert_eq!(child.wait(), Some(1));
        assert_eq!(child.messages(), "digest: cannot write the output: No space left on device (os error 28)\n");
    }
}
