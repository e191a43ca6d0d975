//! Counts the instructions of a stretch of a program, by letting it go on by one at a time: ptrace(2).
//!
//! The program is this one, in a process of its own ([`child`]). It says where stretches begin and end by breakpoints,
//! which are instructions of their own ([`mark`]). The parent lets it run to the first one and steps from there to the next,
//! and looks at the bytes of each instruction before it is done: a breakpoint ends the stretch, a `lock` prefix or an
//! exchange with memory is a locked instruction.
//!
//! Only instructions of the program itself are counted, with all that is linked into it. Shared libraries (the C library: the
//! allocator, copies, the clock) choose their code by the machine, so that their instructions cannot be compared from one to
//! the next; calls of them can, and are a figure of their own. They run at full speed, up to a breakpoint where they return to.
//! What the kernel does in a system call is not counted.

use std::ops::Range;
use std::process::{Child, Command};
use std::{env, fs, io};

/// What a stretch took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) instructions: u64,
    pub(crate) locked: u64,
    /// Calls of shared libraries.
    pub(crate) calls: u64,
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

const INSTRUCTION_POINTER: usize = std::mem::offset_of!(libc::user_regs_struct, rip);

/// A child, which stands at its first mark.
pub(crate) struct Stepper {
    child: Child,
    pid: libc::pid_t,
    /// Where the program's own instructions are.
    own: Range<u64>,
}

impl Stepper {
    /// Starts it; `None` if it ends before it comes to a mark.
    pub(crate) fn start(command: &mut Command) -> Option<Stepper> {
        let child = command.spawn().expect("this program can be run once more");
        let pid = libc::pid_t::try_from(child.id()).expect("it is a process");
        let mut stepper = Stepper { child, pid, own: 0..0 };
        // What it gets on the way, the stop of its `exec` for one, is not for us.
        while stepper.wait()? != libc::SIGTRAP || stepper.bytes_at(stepper.at() - 1)[0] != BREAKPOINT {
            stepper.request(libc::PTRACE_CONT);
        }
        stepper.own = instructions_of(pid);
        Some(stepper)
    }

    /// Goes on to the next mark.
    pub(crate) fn count(&mut self) -> Count {
        let mut count = Count { instructions: 0, locked: 0, calls: 0 };
        loop {
            let at = self.at();
            if !self.own.contains(&at) {
                count.calls += 1;
                self.return_from_library();
                continue;
            }
            let bytes = self.bytes_at(at);
            count.instructions += 1;
            count.locked += u64::from(is_locked(&bytes));
            self.request(libc::PTRACE_SINGLESTEP);
            assert!(self.wait().is_some(), "it ends by itself, but not in a stretch");
            if bytes[0] == BREAKPOINT {
                return count;
            }
        }
    }

    /// It stands at the first instruction of a library's function, whose return address is the last thing on the stack.
    fn return_from_library(&self) {
        let stack = self.register(std::mem::offset_of!(libc::user_regs_struct, rsp));
        let back = u64::from_ne_bytes(self.bytes_at(stack));
        assert!(self.own.contains(&back), "a library was entered by a call of ours");
        let bytes = self.bytes_at(back);
        let mut with_breakpoint = bytes;
        with_breakpoint[0] = BREAKPOINT;
        self.set_bytes_at(back, with_breakpoint);
        self.request(libc::PTRACE_CONT);
        assert_eq!(self.wait(), Some(libc::SIGTRAP), "a library's function returns");
        assert_eq!(self.at() - 1, back, "a library calls nothing that has marks");
        self.set_bytes_at(back, bytes);
        // SAFETY: the child has stopped; the request sets a word of its registers.
        let result = unsafe { libc::ptrace(libc::PTRACE_POKEUSER, self.pid, INSTRUCTION_POINTER, back) };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
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
        self.register(INSTRUCTION_POINTER)
    }

    fn register(&self, offset: usize) -> u64 {
        // SAFETY: the child has stopped; the request reads a word of its registers.
        let word = unsafe { libc::ptrace(libc::PTRACE_PEEKUSER, self.pid, offset, 0) };
        word.cast_unsigned()
    }

    fn set_bytes_at(&self, address: u64, bytes: [u8; 8]) {
        // SAFETY: the child has stopped; the request writes a word of its memory.
        let result = unsafe { libc::ptrace(libc::PTRACE_POKETEXT, self.pid, address, u64::from_ne_bytes(bytes)) };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
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

/// Where a process that runs this program has the program's own instructions.
fn instructions_of(pid: libc::pid_t) -> Range<u64> {
    let program = env::current_exe().expect("this program has a path");
    let program = program.to_str().expect("its path is text");
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the process is there");
    let line =
        maps.lines().find(|line| line.ends_with(program) && line.contains(" r-xp ")).expect("it has instructions");
    let (range, _) = line.split_once(' ').expect("a line of this file begins with a range");
    let (start, end) = range.split_once('-').expect("a range has two ends");
    let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).expect("an address"));
    start..end
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
