//! The example `digest`, run as a program and compared with GNU's `sha256sum` and `find`.
#![cfg(target_os = "linux")]

mod ends;
mod program;

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use program::*;
use tempfile::TempDir;

const ODD_NAMES: [&[u8]; 18] = [
    b"plain",
    b"with space",
    b" leading and trailing ",
    b"-dash",
    b"--help",
    b"*star",
    b"new\nline",
    b"\n",
    b"carriage\rreturn",
    b"back\\slash",
    b"\\",
    b"all \\ \n \r",
    b"not \xff\xfe UTF-8",
    b"\xc3",
    "snow \u{2603}".as_bytes(),
    b"tab\there \x1b[31m",
    b"folder\nwith\\odd \xff name/file",
    b"-folder/-file",
];

fn odd_tree() -> TempDir {
    // Around the sizes of a block of the hash, of a read, and of a batch.
    const SIZES: [usize; 9] = [0, 1, 55, 56, 64, (128 << 10) - 1, 128 << 10, (1 << 20) + 1, 3 << 20];
    tree(ODD_NAMES.iter().enumerate().map(|(i, name)| (OsStr::from_bytes(name), SIZES[i % SIZES.len()])))
}

#[test]
fn prints_what_sha256sum_prints() {
    let dir = odd_tree();
    for root in [".", "./", ".//", "-folder", "-folder/", "../"] {
        let dir = if root == "../" { dir.path().join("-folder") } else { dir.path().to_owned() };
        // `find` takes a leading dash for an option.
        let printed = prints(digest(&dir, ["--", root]));
        if root.starts_with('-') {
            assert_eq!(paths(&printed), ["-folder/-file"]);
        } else {
            assert_same(&printed, &expected(&dir, OsStr::new(root)));
        }
    }
    let printed = prints(digest(dir.path(), NO_ARGS));
    assert_same(&printed, &expected(dir.path(), OsStr::new(".")));
    assert_eq!(printed.iter().filter(|&&byte| byte == b'\n').count(), ODD_NAMES.len());
    let root = dir.path().as_os_str();
    assert_same(&prints(digest(Path::new("/"), [root])), &expected(dir.path(), root));
}

#[test]
fn sha256sum_accepts_it_and_finds_changes() {
    let dir = odd_tree();
    let sums = TempDir::new().unwrap();
    let sums = sums.path().join("sums");
    fs::write(&sums, prints(digest(dir.path(), NO_ARGS))).unwrap();
    let check = || Command::new("sha256sum").args(["-c", "--strict"]).arg(&sums).current_dir(&dir).output().unwrap();
    let output = check();
    assert!(output.status.success(), "{}", lossy(&output.stderr));
    assert_eq!(lossy(&output.stdout).matches(": OK\n").count(), ODD_NAMES.len());
    fs::write(dir.path().join(OsStr::from_bytes(b"not \xff\xfe UTF-8")), "changed").unwrap();
    let output = check();
    assert!(!output.status.success());
    assert_eq!(lossy(&output.stdout).matches(": FAILED\n").count(), 1);
}

#[test]
fn sorts_by_the_bytes_of_the_path() {
    let order =
        ["./B", "./a!", "./a-b/z", "./a.c", "./a/b.c/d", "./a/b/c", "./a/b0", "./a0", "./aa/a", "./b", "./\u{e9}"];
    let dir = tree(order.iter().rev().map(|path| (path, 1)));
    assert_eq!(paths(&prints(digest(dir.path(), NO_ARGS))), order);
}

#[test]
fn leaves_out_git_and_target_at_the_top_of_the_current_directory_only() {
    let dir = tree([(".git/x", 1), ("target/x", 1), ("target.x", 1), ("sub/.git/x", 1), ("sub/target/x", 1)]);
    let default = ["./sub/.git/x", "./sub/target/x", "./target.x"];
    assert_eq!(paths(&prints(digest(dir.path(), NO_ARGS))), default);
    let all = ["./.git/x", "./sub/.git/x", "./sub/target/x", "./target.x", "./target/x"];
    assert_eq!(paths(&prints(digest(dir.path(), ["."]))), all);
    // They are left out as directories, not as files.
    let dir = tree([(".git", 1), ("target", 1)]);
    assert_eq!(paths(&prints(digest(dir.path(), NO_ARGS))), ["./.git", "./target"]);
}

#[test]
fn leaves_out_the_file_that_it_writes() {
    let dir = tree([("a", 1), ("z", 1)]);
    let sums = dir.path().join("sums");
    let file = File::create(&sums).unwrap();
    fs::hard_link(&sums, dir.path().join("same")).unwrap();
    let output = digest(dir.path(), NO_ARGS).stdout(file).output().unwrap();
    assert!(output.status.success());
    assert_eq!(paths(&fs::read(&sums).unwrap()), ["./a", "./z"]);
    let messages = lossy(&output.stderr);
    assert_eq!(messages.lines().count(), 2, "{messages}");
    assert!(messages.contains("\"./sums\": left out") && messages.contains("\"./same\": left out"), "{messages}");
    // An output elsewhere is no reason to leave anything out.
    let elsewhere = tempfile::tempfile().unwrap();
    let output = digest(dir.path(), NO_ARGS).stdout(elsewhere.try_clone().unwrap()).output().unwrap();
    assert_eq!(lossy(&output.stderr), "");
    assert_eq!(elsewhere.metadata().unwrap().len(), prints(digest(dir.path(), NO_ARGS)).len() as u64);
}

#[test]
fn takes_regular_files_only_and_follows_no_link() {
    let dir = tree([("real/file", 1), ("other", 2)]);
    let path = |name: &str| dir.path().join(name);
    symlink("real", path("link")).unwrap();
    symlink("other", path("link-to-file")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    shell(dir.path(), "mkfifo pipe", &[]);
    for root in [".", "link", "link/", "link/.", "link-to-file", "dangling", "pipe", "other", "real//", "/dev/null"] {
        let printed = prints(digest(dir.path(), [root]));
        assert_same(&printed, &expected(dir.path(), OsStr::new(root)));
        let lines = match root {
            "." => 2,
            "link/" | "link/." | "other" | "real//" => 1,
            _ => 0,
        };
        assert_eq!(paths(&printed).len(), lines, "{root}");
    }
}

#[test]
fn shows_progress_on_a_terminal_only() {
    let dir = tree([("a", 1)]);
    // `script` runs a command on a terminal, and copies what appears there.
    let on_terminal = |redirection: &str| {
        let command = format!("'{}' . {redirection}", program().display());
        Command::new("script").args(["-qec", &command, "/dev/null"]).current_dir(&dir).env("TERM", "xterm").output()
    };
    for (redirection, shown) in
        [("", true), ("> /dev/null", true), ("| cat > /dev/null", false), ("2> /dev/null", false)]
    {
        match on_terminal(redirection) {
            Ok(output) => {
                let appeared = lossy(&output.stdout);
                assert_eq!(appeared.contains("1 B in 0s"), shown, "{redirection}: {appeared:?}");
            }
            Err(error) => eprintln!("SKIPPED: no terminal without the command script: {error}"),
        }
    }
}

#[test]
fn an_empty_directory_is_no_error() {
    assert_same(&prints(digest(TempDir::new().unwrap().path(), NO_ARGS)), b"");
}

#[test]
fn reports_what_it_cannot_read_and_prints_the_rest() {
    let dir = tree([("a", 1), ("folder/x", 1), ("secret", 1), ("z", 1)]);
    let path = |name: &str| dir.path().join(name);
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    // Somewhere that nobody is kept out of.
    fs::copy(program(), path("digest")).unwrap();
    fs::set_permissions(path("folder"), Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(path("secret"), Permissions::from_mode(0o000)).unwrap();
    let mut command = Command::new(path("digest"));
    command.current_dir(&dir);
    let root = fs::metadata(path("a")).unwrap().uid() == 0;
    if root {
        // Permissions do not keep root out, so be somebody else.
        command.uid(65534).gid(65534);
    }
    let output = command.output();
    // So that it can be removed.
    fs::set_permissions(path("folder"), Permissions::from_mode(0o755)).unwrap();
    let output = match output {
        Err(error) if root => return eprintln!("SKIPPED: root cannot become somebody else here: {error}"),
        output => output.unwrap(),
    };
    assert_eq!(paths(&output.stdout), ["./a", "./digest", "./z"]);
    assert_eq!(output.status.code(), Some(1));
    let messages = lossy(&output.stderr);
    assert_eq!(messages.lines().count(), 2, "{messages}");
    assert!(messages.contains("\"./folder\": Permission denied"), "{messages}");
    assert!(messages.contains("\"./secret\": Permission denied"), "{messages}");
}

#[test]
fn reports_a_file_that_fails_while_it_is_read() {
    // Opens, and fails to read: address 0 is not mapped.
    let output = digest(Path::new("/"), ["/proc/self/mem"]).output().unwrap();
    assert_same(&output.stdout, b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lossy(&output.stderr), "digest: \"/proc/self/mem\": Input/output error (os error 5)\n");
}

#[test]
fn reports_a_missing_directory() {
    let dir = TempDir::new().unwrap();
    for root in ["missing", "missing/", ""] {
        let output = digest(dir.path(), [root]).output().unwrap();
        assert_same(&output.stdout, b"");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(lossy(&output.stderr), format!("digest: {root:?}: No such file or directory (os error 2)\n"));
    }
}

#[test]
fn reports_a_wrong_usage() {
    let dir = TempDir::new().unwrap();
    for args in [&["a", "b"][..], &["--wrong"], &["-x"]] {
        let output = digest(dir.path(), args).output().unwrap();
        assert_same(&output.stdout, b"");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(lossy(&output.stderr).contains("Usage: digest"), "{args:?}");
    }
    assert!(lossy(&prints(digest(dir.path(), ["--help"]))).starts_with("Usage: digest"));
    assert!(lossy(&prints(digest(dir.path(), ["--version"]))).contains(env!("CARGO_PKG_VERSION")));
}
