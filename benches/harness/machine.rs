//! Where the figures come from.

use std::fs::read_to_string;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::measure::cpu_time_of_all;

/// One paragraph: CPU, kernel, compiler, versions of what is compared, load.
pub fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    format!(
        "Machine: {model}, {cores} CPUs, {} {}, {}. {}\n{}",
        std::env::consts::OS,
        kernel.trim(),
        rustc.trim(),
        load(),
        versions(),
    )
}

/// Keeps this thread, and all that it starts from now on, on the first `n` of the CPUs that it may use. To be called before there
/// are others.
///
/// # Panics
///
/// If the system refuses, or cannot.
#[cfg(target_os = "linux")]
pub fn restrict_to(n: usize) {
    let size = size_of::<libc::cpu_set_t>();
    let mut set = std::mem::MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: the third argument points to room for as many bytes as the second says.
    let result = unsafe { libc::sched_getaffinity(0, size, set.as_mut_ptr()) };
    assert_eq!(result, 0, "sched_getaffinity failed");
    // SAFETY: written by the successful call.
    let all = unsafe { set.assume_init() };
    // SAFETY: all zeros is a set without CPUs.
    let mut few = unsafe { std::mem::zeroed::<libc::cpu_set_t>() };
    // SAFETY: the number is that of a CPU which a set has room for.
    let cpus = (0..size * 8).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &all) });
    for cpu in cpus.take(n) {
        // SAFETY: as above.
        unsafe { libc::CPU_SET(cpu, &mut few) };
    }
    // SAFETY: the third argument points to as many bytes as the second says.
    let result = unsafe { libc::sched_setaffinity(0, size, &raw const few) };
    assert_eq!(result, 0, "sched_setaffinity failed");
}

/// Cannot.
///
/// # Panics
///
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn restrict_to(_n: usize) {
    panic!("threads are kept on some of the CPUs on Linux only");
}

/// How busy the machine is: with more than one runnable thread per CPU from elsewhere the figures are worth little.
pub fn load() -> String {
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    format!("Load: {}.", load.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

/// How long a cache line takes from one CPU to another and back, in nanoseconds: what every hand-over between threads is made of.
/// On a virtual machine it changes when the host puts a virtual CPU elsewhere. NaN if the process may use one CPU only.
///
/// # Panics
///
/// If there is no other thread to be had.
pub fn line_round_trip() -> f64 {
    const BATCHES: usize = 5;
    const TRIPS: usize = 2000;
    if std::thread::available_parallelism().map_or(1, std::num::NonZero::get) < 2 {
        return f64::NAN;
    }
    let turn = &AtomicUsize::new(0);
    // Yields now and then: both may have been put on one CPU.
    let await_turn = |at: usize| {
        let mut looks = 0_u32;
        while turn.load(Ordering::Acquire) != at {
            looks += 1;
            if looks.is_multiple_of(10_000) {
                std::thread::yield_now();
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for trip in 0..BATCHES * TRIPS {
                await_turn(2 * trip + 1);
                turn.store(2 * trip + 2, Ordering::Release);
            }
        });
        let batch = |batch| {
            let start = Instant::now();
            for trip in batch * TRIPS..(batch + 1) * TRIPS {
                turn.store(2 * trip + 1, Ordering::Release);
                await_turn(2 * trip + 2);
            }
            start.elapsed().as_nanos() as f64 / TRIPS as f64
        };
        let mut batches: [f64; BATCHES] = std::array::from_fn(batch);
        batches.sort_by(f64::total_cmp);
        batches[BATCHES / 2]
    })
}

/// What other processes do meanwhile.
#[derive(Debug)]
pub struct Others {
    start: Instant,
    busy: f64,
    own: f64,
}

impl Others {
    /// From now on.
    pub fn start() -> Others {
        Others { start: Instant::now(), busy: busy(), own: cpu_time_of_all() }
    }

    /// How many CPUs they kept busy, the hypervisor's other guests included; NaN where it is unknown. Exact to some ten
    /// milliseconds of CPU time, so good for a scenario and not for a single measurement.
    pub fn cpus(&self) -> f64 {
        let others = (busy() - self.busy) - (cpu_time_of_all() - self.own);
        // An error of rounding may lead below zero.
        let least = if others.is_nan() { others } else { 0.0 };
        (others / self.start.elapsed().as_nanos() as f64).max(least)
    }
}

/// Nanoseconds that all CPUs together were not idle.
fn busy() -> f64 {
    let stat = read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<f64> =
        stat.lines().next().into_iter().flat_map(str::split_whitespace).flat_map(str::parse).collect();
    match fields[..] {
        // In hundredths of a second: user nice system idle iowait irq softirq steal.
        [user, nice, system, _, _, irq, soft, steal, ..] => (user + nice + system + irq + soft + steal) * 1e7,
        _ => f64::NAN,
    }
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What is compared. Two versions of one package are shown both.
const PACKAGES: &[&str] = &[
    "gosync",
    "crossbeam-channel",
    "kanal",
    "crossfire",
    "flume",
    "parking_lot",
    "spin",
    "once_cell",
    "crossbeam-utils",
    "dashmap",
    "papaya",
];

/// The versions in the lock file.
fn versions() -> String {
    let lock = include_str!("../../Cargo.lock");
    let versions = |name: &str| -> Vec<String> {
        let before = format!("name = \"{name}\"\nversion = \"");
        let after = lock.split(&before).skip(1);
        after.filter_map(|after| Some(format!("{name} {}", after.split_once('"')?.0))).collect()
    };
    let all = PACKAGES.iter().copied().flat_map(versions);
    format!("Versions: {}.", all.collect::<Vec<_>>().join(", "))
}
