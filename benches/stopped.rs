//! How long a stack keeps a thread waiting while another one is stopped in the middle of an operation. Linux only.
//!
//! `cargo bench -p gosync-benches --bench stopped`
//!
//! One thread pushes and pops all the time, and a signal stops it again and again, for 10 ms, wherever it is. Another one does
//! the same and looks at the clock; an operation during which the system took its CPU away does not count. What shows in the
//! same way while nobody is stopped is the machine's doing: the last column.

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
    #[cfg(not(target_os = "linux"))]
    println!("this needs to know when a thread loses its CPU, as Linux tells");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
    use std::time::{Duration, Instant};
    use std::{mem, ptr, thread};

    use gosync_benches::harness::machine;
    use gosync_benches::peers::stacks::{self, Stack, Visitor};

    const STOP: Duration = Duration::from_millis(10);
    const STOPS: usize = 100;

    extern "C" fn stop(_signal: libc::c_int) {
        // SAFETY: may be called in a handler.
        unsafe { libc::usleep(STOP.as_micros() as libc::useconds_t) };
    }

    fn install() {
        // SAFETY: all zeros is a valid value: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = stop as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // SAFETY: the handler only sleeps.
        assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) }, 0);
    }

    /// How often the system has taken the calling thread's CPU away.
    fn losses_of_the_cpu() -> libc::c_long {
        let mut usage = mem::MaybeUninit::<libc::rusage>::uninit();
        // SAFETY: the second argument points to room for the result.
        assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) }, 0);
        // SAFETY: written by the successful call.
        unsafe { usage.assume_init() }.ru_nivcsw
    }

    struct Report;

    impl Visitor for Report {
        fn visit<S: Stack>(&mut self) {
            if !S::IS_STACK {
                return;
            }
            let stack = &S::new();
            let operation = |n| {
                stack.push(n);
                stack.pop().is_some()
            };
            (0..1_000).for_each(|n| assert!(operation(n)));
            let (victim, rounds, end) = (&AtomicUsize::new(0), &AtomicUsize::new(0), &AtomicBool::new(false));
            // The longest operation, in nanoseconds, since it was last asked for.
            let longest = &AtomicU64::new(0);
            let (stopped, running) = thread::scope(|s| {
                s.spawn(move || {
                    // SAFETY: no preconditions.
                    victim.store(unsafe { libc::pthread_self() } as usize, SeqCst);
                    while !end.load(SeqCst) {
                        (0..16).for_each(|n| _ = operation(n));
                        rounds.fetch_add(1, SeqCst);
                    }
                });
                s.spawn(move || {
                    let mut losses = losses_of_the_cpu();
                    while !end.load(SeqCst) {
                        let before = Instant::now();
                        operation(1);
                        let time = before.elapsed().as_nanos() as u64;
                        if time > longest.load(SeqCst) {
                            let lost = losses_of_the_cpu() - mem::replace(&mut losses, losses_of_the_cpu());
                            if lost == 0 {
                                longest.store(time, SeqCst);
                            }
                        }
                    }
                });
                let longest_of = |is_stopped: bool| {
                    let started = rounds.load(SeqCst);
                    while rounds.load(SeqCst) < started + 2 {
                        thread::yield_now();
                    }
                    longest.store(0, SeqCst);
                    if is_stopped {
                        let thread = victim.load(SeqCst) as libc::pthread_t;
                        // SAFETY: that thread runs until it is told that this is the end.
                        assert_eq!(unsafe { libc::pthread_kill(thread, libc::SIGUSR1) }, 0);
                    }
                    thread::sleep(STOP + STOP / 2);
                    longest.load(SeqCst)
                };
                let turns: Vec<[u64; 2]> = (0..STOPS).map(|_| [longest_of(true), longest_of(false)]).collect();
                end.store(true, SeqCst);
                (turns.iter().map(|turn| turn[0]).collect(), turns.iter().map(|turn| turn[1]).collect())
            });
            println!("| {} | {} | {} |", S::NAME, figures(stopped), figures(running));
        }
    }

    /// The median, the most, and how many are longer than 9 ms.
    fn figures(mut times: Vec<u64>) -> String {
        times.sort_unstable();
        let ms = |ns: u64| ns as f64 / 1e6;
        let held_up = times.iter().filter(|ns| **ns > 9_000_000).count();
        format!("{:.3} / {:.3} ms, {held_up} of {STOPS}", ms(times[times.len() / 2]), ms(times[times.len() - 1]))
    }

    pub(super) fn main() {
        install();
        println!("{}\n", machine::describe());
        println!("The longest operation: median / most, and how many longer than 9 ms\n");
        println!("| | while one is stopped | while none is |\n| --- | ---: | ---: |");
        stacks::visit(&mut Report);
        println!("\n{}", machine::load());
    }
}
