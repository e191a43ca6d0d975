//! Other processes that compute all the time, as on a machine that is busy.

use std::hint::black_box;
use std::io::{Read, stdin};
use std::process::{Child, Command, Stdio, exit};
use std::thread;

/// The option by which this program becomes one of them.
const COMPUTE: &str = "--compute";

/// Some of them, until this is dropped, or the program ends in whatever way.
#[derive(Debug)]
pub struct Neighbours(Vec<Child>);

impl Neighbours {
    /// Computes for ever, if this process was started for that. To be called first.
    pub fn become_one() {
        if !std::env::args().any(|arg| arg == COMPUTE) {
            return;
        }
        // The other end of the pipe goes with who has it.
        thread::spawn(|| {
            let _ = stdin().read(&mut [0]);
            exit(0);
        });
        for n in 0_u64.. {
            black_box(n);
        }
    }

    /// Starts so many.
    ///
    /// # Panics
    ///
    /// If the system refuses.
    pub fn start(n: usize) -> Neighbours {
        let this = std::env::current_exe().expect("the program knows its file");
        let start = |_| Command::new(&this).arg(COMPUTE).stdin(Stdio::piped()).spawn().expect("a process");
        Neighbours((0..n).map(start).collect())
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}
