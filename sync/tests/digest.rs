//! The example `digest`, run as a program and compared with GNU's `sha256sum` and `find`.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gosync::chan::{Sender, bounded};
use gosync::go;
use tempfile::TempDir;

const SIGINT: u32 = 2;

/// Nothing here takes as long, unless it hangs.
const HANG: Duration = Duration::from_secs(120);

/// The program. Cargo builds examples for `cargo test`, but not for `cargo test --test digest`, so this does.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // .../PROFILE/deps/digest-HASH
        let test = std::env::current_exe().unwrap();
        let profile = test.ancestors().nth(2).unwrap().file_name().unwrap();
        let profile = if profile == "debug" { OsStr::new("dev") } else { profile };
        let build = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--example", "digest"])
            .args(["--message-format", "json-render-diagnostics", "--target-dir"])
            .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
            .arg("--profile")
            .arg(profile)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(build.status.success());
        let messages = String::from_utf8(build.stdout).unwrap();
        let artifact = messages.lines().find(|line| line.contains(r#""kind":["example"]"#)).expect(&messages);
        let executable = artifact.split_once(r#""executable":""#).expect(artifact).1;
        PathBuf::from(executable.split_once('"').unwrap().0)
    })
}

/// A command that runs the program in a directory.
fn digest<A: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(program());
    command.args(args).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

const NO_ARGS: [&str; 0] = [];

/// A command that a shell runs in a directory, with `$1` and so on.
fn shell(dir: &Path, script: &str, args: &[&OsStr]) -> Output {
    let output =
        Command::new("sh").args(["-c", script, "sh"]).args(args).current_dir(dir).env("LC_ALL", "C").output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", lossy(&output.stderr));
    output
}

/// What the program should print: GNU's opinion.
fn expected(dir: &Path, root: &OsStr) -> Vec<u8> {
    shell(dir, r#"find "$1" -type f -print0 | sort -z | xargs -0 -r sha256sum --"#, &[root]).stdout
}

fn lossy(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[track_caller]
fn assert_same(printed: &[u8], expected: &[u8]) {
    assert!(printed == expected, "printed:\n{}\nexpected:\n{}", lossy(printed), lossy(expected));
}

/// Runs a command that must succeed without a message; what it printed.
#[track_caller]
fn prints(mut command: Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert_eq!(lossy(&output.stderr), "");
    assert!(output.status.success(), "{}", output.status);
    output.stdout
}

fn paths(sums: &[u8]) -> Vec<String> {
    lossy(sums).lines().map(|line| line.split_once("  ").unwrap().1.to_owned()).collect()
}

/// Writes files, and the directories that they are in.
fn tree<P: AsRef<Path>>(files: impl IntoIterator<Item = (P, usize)>) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (path, size) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, (0..size).map(|i| (i % 251) as u8).collect::<Vec<_>>()).unwrap();
    }
    dir
}

/// A long one: a few thousand of them do not fit into any pipe.
fn name(i: usize) -> String {
    format!("{i:0200}")
}

fn many_empty_files(n: usize) -> TempDir {
    tree((0..n).map(|i| (name(i), 0)))
}

/// Makes a file, all hole, that takes longer than any test. Its path as /proc shows it.
fn huge_file(dir: &TempDir, name: &str) -> PathBuf {
    let path = dir.path().canonicalize().unwrap().join(name);
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    path
}

/// A child that does not outlive its test, nor a time that only a child that hangs can need.
struct Running {
    child: Child,
    _watched: Sender<()>,
}

impl Running {
    fn start(mut command: Command) -> Running {
        let child = command.spawn().unwrap();
        let (watched, watch) = bounded(0);
        let pid = child.id();
        go(move || {
            if watch.recv_timeout(HANG).is_err_and(|error| error.is_timeout()) {
                signal("KILL", pid);
            }
        });
        Running { child, _watched: watched }
    }

    fn interrupt(&self) {
        signal("INT", self.child.id());
    }

    /// Waits until something holds that its directory in /proc shows.
    #[track_caller]
    fn await_that(&self, holds: impl Fn(&Path) -> bool) {
        let proc = PathBuf::from(format!("/proc/{}", self.child.id()));
        let start = Instant::now();
        while !holds(&proc) {
            assert!(start.elapsed() < HANG, "it does not come to that");
            sleep(Duration::from_millis(1));
        }
    }

    #[track_caller]
    fn await_handler(&self) {
        self.await_that(|proc| {
            let status = fs::read_to_string(proc.join("status")).unwrap();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t")).unwrap();
            u64::from_str_radix(caught, 16).unwrap() & (1 << (SIGINT - 1)) != 0
        });
    }

    #[track_caller]
    fn await_open(&self, file: &Path) {
        self.await_that(|proc| {
            let mut open = fs::read_dir(proc.join("fd")).unwrap();
            // A link that cannot be read is one of a file that was closed just now.
            open.any(|fd| fs::read_link(fd.unwrap().path()).is_ok_and(|path| path == file))
        });
    }

    /// Its exit status, if it ended by itself.
    fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    fn stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    /// What it has written to stderr when it has ended.
    fn messages(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

fn signal(name: &str, pid: u32) {
    let kill = Command::new("sh").args(["-c", "kill -$0 $1", name, &pid.to_string()]).status().unwrap();
    assert!(kill.success());
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
