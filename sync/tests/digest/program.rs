//! The program, files for it, and GNU's opinion.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gosync::chan::{Sender, bounded};
use gosync::go;
use tempfile::TempDir;

pub(crate) const SIGINT: u32 = 2;

/// Nothing here takes as long, unless it hangs.
pub(crate) const HANG: Duration = Duration::from_secs(120);

/// The program. Cargo builds examples for `cargo test`, but not for `cargo test --test digest`, so this does.
pub(crate) fn program() -> &'static Path {
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
pub(crate) fn digest<A: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(program());
    command.args(args).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) const NO_ARGS: [&str; 0] = [];

/// A command that a shell runs in a directory, with `$1` and so on.
pub(crate) fn shell(dir: &Path, script: &str, args: &[&OsStr]) -> Output {
    let output =
        Command::new("sh").args(["-c", script, "sh"]).args(args).current_dir(dir).env("LC_ALL", "C").output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", lossy(&output.stderr));
    output
}

/// What the program should print: GNU's opinion.
pub(crate) fn expected(dir: &Path, root: &OsStr) -> Vec<u8> {
    shell(dir, r#"find "$1" -type f -print0 | sort -z | xargs -0 -r sha256sum --"#, &[root]).stdout
}

pub(crate) fn lossy(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[track_caller]
pub(crate) fn assert_same(printed: &[u8], expected: &[u8]) {
    assert!(printed == expected, "printed:\n{}\nexpected:\n{}", lossy(printed), lossy(expected));
}

/// Runs a command that must succeed without a message; what it printed.
#[track_caller]
pub(crate) fn prints(mut command: Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert_eq!(lossy(&output.stderr), "");
    assert!(output.status.success(), "{}", output.status);
    output.stdout
}

pub(crate) fn paths(sums: &[u8]) -> Vec<String> {
    lossy(sums).lines().map(|line| line.split_once("  ").unwrap().1.to_owned()).collect()
}

/// Writes files, and the directories that they are in.
pub(crate) fn tree<P: AsRef<Path>>(files: impl IntoIterator<Item = (P, usize)>) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (path, size) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, (0..size).map(|i| (i % 251) as u8).collect::<Vec<_>>()).unwrap();
    }
    dir
}

/// A long one: a few thousand of them do not fit into any pipe.
pub(crate) fn name(i: usize) -> String {
    format!("{i:0200}")
}

pub(crate) fn many_empty_files(n: usize) -> TempDir {
    tree((0..n).map(|i| (name(i), 0)))
}

/// Makes a file, all hole, that takes longer than any test. Its path as /proc shows it.
pub(crate) fn huge_file(dir: &TempDir, name: &str) -> PathBuf {
    let path = dir.path().canonicalize().unwrap().join(name);
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    path
}

/// A child that does not outlive its test, nor a time that only a child that hangs can need.
pub(crate) struct Running {
    child: Child,
    _watched: Sender<()>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Running {
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

    pub(crate) fn interrupt(&self) {
        signal("INT", self.child.id());
    }

    /// Waits until something holds that its directory in /proc shows.
    #[track_caller]
    pub(crate) fn await_that(&self, holds: impl Fn(&Path) -> bool) {
        let proc = PathBuf::from(format!("/proc/{}", self.child.id()));
        let start = Instant::now();
        while !holds(&proc) {
            assert!(start.elapsed() < HANG, "it does not come to that");
            sleep(Duration::from_millis(1));
        }
    }

    #[track_caller]
    pub(crate) fn await_handler(&self) {
        self.await_that(|proc| {
            let status = fs::read_to_string(proc.join("status")).unwrap();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t")).unwrap();
            u64::from_str_radix(caught, 16).unwrap() & (1 << (SIGINT - 1)) != 0
        });
    }

    #[track_caller]
    pub(crate) fn await_open(&self, file: &Path) {
        self.await_that(|proc| {
            let mut open = fs::read_dir(proc.join("fd")).unwrap();
            // A link that cannot be read is one of a file that was closed just now.
            open.any(|fd| fs::read_link(fd.unwrap().path()).is_ok_and(|path| path == file))
        });
    }

    /// Its exit status, if it ended by itself.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    /// What it has written to stderr when it has ended.
    pub(crate) fn messages(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

pub(crate) fn signal(name: &str, pid: u32) {
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
