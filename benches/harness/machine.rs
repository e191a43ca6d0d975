//! Where the figures come from.

use std::fs::read_to_string;
use std::process::Command;
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

/// How busy the machine is: with more than one runnable thread per CPU from elsewhere the figures are worth little.
pub fn load() -> String {
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    format!("Load: {}.", load.split(' ').take(3).collect::<Vec<_>>().join(" "))
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
