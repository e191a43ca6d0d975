//! Counts the instructions of a stretch of a program, by letting it go on by one at a time: ptrace(2).
//!
//! The program is this one, in a process of its own ([`child`]). It says where stretches begin and end by breakpoints,
//! which are instructions of their own ([`mark`]). The parent lets it run to the first one and steps from there to the next,
//! and looks at the bytes of each instruction before it is done: a breakpoint ends the stretch, a `lock` prefix or an
//! exchange with memory is a locked instruction. What the kernel does in a system call is not counted.

use std::io;
use std::process::{Child, Command};

/// What a stretch took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) instructions: u64,
    pub(crate) locked: u64,
}

/// In the child: asks to be traced. To be called before the first [`mark`].
pub(crate) fn ask() {
    // SAFETY: this request ignores the other arguments.
    let result = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// In the child: the end of a stretch, and the beginning of the next.
#[inline(never)]
pub(crate) fn mark() {
    // SAFETY: the parent goes on behind it; it changes nothing.
    unsafe { std::arch::asm!("int3") };
}

const BREAKPOINT: u8 = 0xcc;

/// A child, which stands at its first mark.
pub(crate) struct Stepper {
    child: Child,
    pid: libc::pid_t,
}

impl Stepper {
    /// Starts it; `None` if it ends before it comes to a mark.
    pub(crate) fn start(command: &mut Command) -> Option<Stepper> {
        let child = command.spawn().expect("this program can be run once more");
        let pid = libc::pid_t::try_from(child.id()).expect("it is a process");
        let stepper = Stepper { child, pid };
        // What it gets on the way, the stop of its `exec` for one, is not for us.
        while stepper.wait()? != libc::SIGTRAP || stepper.bytes_at(stepper.at() - 1)[0] != BREAKPOINT {
            stepper.request(libc::PTRACE_CONT);
        }
        Some(stepper)
    }

    /// Goes on to the next mark.
    pub(crate) fn count(&mut self) -> Count {
        let mut count = Count { instructions: 0, locked: 0 };
        loop {
            let bytes = self.bytes_at(self.at());
            count.instructions += 1;
            count.locked += u64::from(is_locked(&bytes));
            self.request(libc::PTRACE_SINGLESTEP);
            assert!(self.wait().is_some(), "it ends by itself, but not in a stretch");
            if bytes[0] == BREAKPOINT {
                return count;
            }
        }
    }

    /// The signal that has stopped it; `None` if it has ended.
    fn wait(&self) -> Option<i32> {
        let mut status = 0;
        // SAFETY: `status` is a place for it.
        let pid = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
        assert_eq!(pid, self.pid, "{}", io::Error::last_os_error());
        libc::WIFSTOPPED(status).then(|| libc::WSTOPSIG(status))
    }

    fn request(&self, request: libc::c_uint) {
        // SAFETY: the child has stopped; these requests use the process number alone, and a signal, which is none.
        let result = unsafe { libc::ptrace(request, self.pid, 0, 0) };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
    }

    /// The address of the next instruction.
    fn at(&self) -> u64 {
        let offset = std::mem::offset_of!(libc::user_regs_struct, rip);
        // SAFETY: the child has stopped; the request reads a word of its registers.
        let word = unsafe { libc::ptrace(libc::PTRACE_PEEKUSER, self.pid, offset, 0) };
        word.cast_unsigned()
    }

    fn bytes_at(&self, address: u64) -> [u8; 8] {
        // SAFETY: the child has stopped; the request reads a word of its memory.
        let word = unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, self.pid, address, 0) };
        word.to_ne_bytes()
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Whether an instruction with these bytes has the bus, or the cache line, to itself.
fn is_locked(bytes: &[u8]) -> bool {
    for (i, byte) in bytes.iter().enumerate() {
        match byte {
            0xf0 => return true,
            // Operand and address sizes, segments, repetitions, and the prefix of 64-bit operands.
            0x66 | 0x67 | 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 | 0xf2 | 0xf3 | 0x40..=0x4f => {}
            // `xchg`, unless between registers.
            0x86 | 0x87 => return bytes.get(i + 1).is_some_and(|operands| operands >> 6 != 3),
            _ => return false,
        }
    }
    false
}
