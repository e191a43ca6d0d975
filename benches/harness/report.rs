//! Tables.

use std::fmt::{self, Write as _};

use super::figures::{median, number, quantile};
use super::measure::{Run, Sample};
use super::{GO, OURS, STD, Scenario};

/// How to read the tables.
pub const LEGEND: &str = "\
Time and CPU time (user and system, of all threads) in ns per operation; allocations per operation. Each `x` compares
with the peer that is best in that column, marked `*`: below 1 is less than the best peer. `x time` is the median of the
rounds' ratios and `x std` the same beside std; `x median` and `x p25` are the ratios of the figures. Names in brackets do
less than the others, and are no peers. Go is none either: it has goroutines where others have threads or an async runtime;
`x Go` is beside it what `x time` is beside the best peer.
";

/// A run in figures.
struct Figures<'a> {
    name: &'static str,
    reference: bool,
    samples: &'a [Sample],
    median: f64,
    p25: f64,
    cpu: f64,
    allocations: f64,
}

impl<'a> Figures<'a> {
    fn of(run: &'a Run) -> Figures<'a> {
        let samples = &run.samples[..];
        let wall = || samples.iter().map(|sample| sample.wall);
        Figures {
            name: run.name,
            reference: run.reference,
            samples,
            median: median(wall()),
            p25: quantile(wall().collect(), 0.25),
            cpu: median(samples.iter().map(|sample| sample.cpu)),
            allocations: run.allocations,
        }
    }
}

/// The median of the rounds' ratios.
fn by_round(run: &Figures<'_>, other: &Figures<'_>) -> f64 {
    median(run.samples.iter().zip(other.samples).map(|(own, other)| own.wall / other.wall))
}

/// Beside Go's: empty if that did not run.
fn beside_go(run: &Figures<'_>, all: &[Figures<'_>]) -> String {
    let go = all.iter().find(|other| other.name == GO);
    go.map_or_else(String::new, |go| format!("{:.2}", by_round(run, go)))
}

/// How one run compares with the best peers.
struct Ratios {
    by_round: f64,
    /// Beside std; empty without it.
    std: String,
    median: f64,
    p25: f64,
    cpu: f64,
}

/// The best peer for each figure.
struct Best<'a> {
    median: &'a Figures<'a>,
    p25: &'a Figures<'a>,
    cpu: &'a Figures<'a>,
    std: Option<&'a Figures<'a>>,
}

impl<'a> Best<'a> {
    /// `None` if only ours ran.
    fn of(all: &'a [Figures<'a>]) -> Option<Best<'a>> {
        let least = |figure: fn(&Figures<'_>) -> f64| {
            let peers = all.iter().filter(|run| run.name != OURS && run.name != GO && !run.reference);
            peers.min_by(|a, b| figure(a).total_cmp(&figure(b)))
        };
        Some(Best {
            median: least(|run| run.median)?,
            p25: least(|run| run.p25)?,
            cpu: least(|run| run.cpu)?,
            std: all.iter().find(|run| run.name == STD),
        })
    }

    fn ratios(&self, run: &Figures<'_>) -> Ratios {
        Ratios {
            by_round: by_round(run, self.median),
            std: self.std.map_or_else(String::new, |std| format!("{:.2}", by_round(run, std))),
            median: run.median / self.median.median,
            p25: run.p25 / self.p25.p25,
            cpu: run.cpu / self.cpu.cpu,
        }
    }
}

/// A scenario's table: one row per implementation.
///
/// # Panics
///
/// If nothing ran.
pub fn table(scenario: &Scenario, runs: &[Run], line: f64, others: f64) -> String {
    let all: Vec<Figures<'_>> = runs.iter().map(Figures::of).collect();
    let best = Best::of(&all);
    let rounds = all[0].samples.len();
    let mut text = format!(
        "### {} (rounds: {rounds}; other processes: {others:.2} CPUs; a line there and back: {line:.0} ns)\n\n",
        scenario.name
    );
    let with_go = all.iter().any(|run| run.name == GO);
    text += "| | median | p25 | CPU | allocations | x time | x std | x median | x p25 | x CPU |";
    text += if with_go { " x Go |\n" } else { "\n" };
    text += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";
    text += if with_go { " ---: |\n" } else { "\n" };
    for run in &all {
        let (median, p25, cpu) = (number(run.median), number(run.p25), number(run.cpu));
        let _ = write!(text, "| {} ", if run.reference { format!("({})", run.name) } else { run.name.to_owned() });
        let go = if with_go { format!(" {} |", beside_go(run, &all)) } else { String::new() };
        let Some(best) = &best else {
            let _ = writeln!(text, "| {median} | {p25} | {cpu} | {} | | | | | |{go}", count(run.allocations));
            continue;
        };
        let mark = |figures: &Figures<'_>| if std::ptr::eq(figures, run) { "*" } else { "" };
        let ratios = best.ratios(run);
        let _ = writeln!(
            text,
            "| {median}{} | {p25}{} | {cpu}{} | {} | {:.2} | {} | {:.2} | {:.2} | {:.2} |{go}",
            mark(best.median),
            mark(best.p25),
            mark(best.cpu),
            count(run.allocations),
            ratios.by_round,
            ratios.std,
            ratios.median,
            ratios.p25,
            ratios.cpu,
        );
    }
    text
}

/// Figures that stay when the runs are gone.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// The implementation.
    pub name: &'static str,
    /// Nanoseconds per operation.
    pub median: f64,
    /// A quarter of the rounds were faster.
    pub p25: f64,
    /// CPU time per operation, in nanoseconds.
    pub cpu: f64,
}

impl Cell {
    fn of(run: &Figures<'_>) -> Cell {
        Cell { name: run.name, median: run.median, p25: run.p25, cpu: run.cpu }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}] ({})", number(self.median), number(self.p25), number(self.cpu))
    }
}

/// Ours beside the best peers.
#[derive(Debug)]
pub struct BesidePeers {
    /// The fastest.
    pub fastest: Cell,
    /// The one that takes the least CPU time.
    pub thriftiest: Cell,
    by_round: f64,
    std: String,
    /// Ours beside the fastest: medians,
    pub median: f64,
    p25: f64,
    /// and CPU time beside the thriftiest.
    pub cpu: f64,
}

/// One scenario: ours beside the fastest peer, and Go.
#[derive(Debug)]
pub struct Row {
    /// The scenario's.
    pub name: &'static str,
    /// The scenario's.
    pub family: &'static str,
    /// gosync's.
    pub ours: Cell,
    /// Per operation; empty if unknown.
    pub allocations: String,
    /// `None` if only ours ran.
    pub peers: Option<BesidePeers>,
    /// Go's, and what ours is beside it.
    pub go: Option<(Cell, String)>,
    /// [`line_round_trip`](super::machine::line_round_trip) before it ran.
    pub line: f64,
}

impl Row {
    /// `None` if ours did not run.
    pub fn of(scenario: &Scenario, runs: &[Run], line: f64) -> Option<Row> {
        let all: Vec<Figures<'_>> = runs.iter().map(Figures::of).collect();
        let ours = all.iter().find(|run| run.name == OURS)?;
        let peers = Best::of(&all).map(|best| {
            let ratios = best.ratios(ours);
            BesidePeers {
                fastest: Cell::of(best.median),
                thriftiest: Cell::of(best.cpu),
                by_round: ratios.by_round,
                std: ratios.std,
                median: ratios.median,
                p25: ratios.p25,
                cpu: ratios.cpu,
            }
        });
        let go = all.iter().find(|run| run.name == GO);
        Some(Row {
            name: scenario.name,
            family: scenario.family,
            ours: Cell::of(ours),
            allocations: count(ours.allocations),
            peers,
            go: go.map(|go| (Cell::of(go), beside_go(ours, &all))),
            line,
        })
    }
}

/// One row per scenario.
#[derive(Debug)]
pub struct Summary<'a>(pub &'a [Row]);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let with_go = self.0.iter().any(|row| row.go.is_some());
        let (names, line) = if with_go { (" Go | x Go |", " --- | ---: |") } else { ("", "") };
        writeln!(f, "### Summary: median [p25] (CPU)\n")?;
        writeln!(
            f,
            "| | {OURS} | allocations | fastest peer | x time | x std | x median | x p25 | thriftiest peer, CPU | x CPU |{names}"
        )?;
        writeln!(f, "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | --- | ---: |{line}")?;
        for row in self.0 {
            write!(f, "| {} | {} | {} |", row.name, row.ours, row.allocations)?;
            match &row.peers {
                None => write!(f, " | | | | | | |")?,
                Some(BesidePeers { fastest, thriftiest, by_round, std, median, p25, cpu }) => write!(
                    f,
                    " {} {fastest} | {by_round:.2} | {std} | {median:.2} | {p25:.2} | {} {} | {cpu:.2} |",
                    fastest.name,
                    thriftiest.name,
                    number(thriftiest.cpu),
                )?,
            }
            match &row.go {
                Some((go, beside)) => writeln!(f, " {go} | {beside} |")?,
                None => writeln!(f, "{}", if with_go { " | |" } else { "" })?,
            }
        }
        Ok(())
    }
}

/// None, or the average: what a thread allocates once shows as a tiny fraction.
fn count(allocations: f64) -> String {
    match allocations {
        n if n.is_nan() => String::new(),
        0.0 => "0".to_owned(),
        n if n < 0.005 => "<0.005".to_owned(),
        n => format!("{n:.2}"),
    }
}
