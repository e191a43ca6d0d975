//! Draws time per operation over the number of threads, one SVG per family, and prints the same as tables.
//!
//! `cargo bench -p gosync-benches --bench plot -- [--rounds N] [--ms N] [--quick]` writes to `docs/plots/`. As in `compare`,
//! the implementations take turns, so that a slow minute hurts them all.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use gosync_benches::harness::args::Args;
use gosync_benches::harness::figures::median;
use gosync_benches::harness::measure::{self, Run};
use gosync_benches::harness::{Scenario, machine};
use gosync_benches::scenarios;
use plotters::prelude::*;

const USAGE: &str = "\
plot [options]

  --rounds N    how often each implementation runs (11)
  --ms N        how long one measurement takes, about (30)
  --quick       --rounds 3 --ms 5";

/// One plot: the scenarios whose names begin so and end in their number of threads.
struct Plot {
    file: &'static str,
    title: &'static str,
    scenarios: &'static str,
}

const PLOTS: [Plot; 4] = [
    Plot { file: "false_sharing", title: "One addition to a counter", scenarios: "counter" },
    Plot { file: "stack", title: "A push and a pop", scenarios: "stack" },
    Plot { file: "value", title: "A load, every thousandth a store", scenarios: "value.load-mostly" },
    Plot { file: "reader", title: "A look, every thousandth a store", scenarios: "value.look-mostly" },
];

/// The medians of one implementation, by number of threads.
struct Line {
    name: &'static str,
    points: Vec<(u32, f64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse(USAGE, &["--rounds", "--ms"]);
    let rounds = args.number_or_quick("--rounds", 11, 3);
    let time = Duration::from_millis(args.number_or_quick("--ms", 30, 5) as u64);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plots");
    fs::create_dir_all(&folder)?;
    println!("{}\n", machine::describe());
    for plot in PLOTS {
        let lines = measure_all(plot.scenarios, rounds, time);
        println!("### {}: ns per operation\n\n{}", plot.title, table(&lines));
        draw(&folder.join(plot.file).with_extension("svg"), plot.title, &lines)?;
    }
    println!("{}", machine::load());
    Ok(())
}

/// The number of threads of a scenario of this kind.
fn threads(scenario: &Scenario, kind: &str) -> Option<u32> {
    scenario.name.strip_prefix(kind)?.strip_prefix(".t")?.parse().ok()
}

fn measure_all(kind: &str, rounds: usize, time: Duration) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for scenario in scenarios::all() {
        let Some(threads) = threads(&scenario, kind) else { continue };
        for run in measure::rounds(Run::all(&scenario, time), rounds, time) {
            let point = (threads, median(run.walls()));
            match lines.iter_mut().find(|line| line.name == run.name) {
                Some(line) => line.points.push(point),
                None => lines.push(Line { name: run.name, points: vec![point] }),
            }
        }
    }
    lines
}

fn table(lines: &[Line]) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let mut threads: Vec<u32> = points().map(|point| point.0).collect();
    threads.sort_unstable();
    threads.dedup();
    let head = [String::new()].into_iter().chain(threads.iter().map(|n| format!("{n} threads")));
    let mut text = row(head.collect());
    text += &row(["---".to_owned()].into_iter().chain(threads.iter().map(|_| "---:".to_owned())).collect());
    for line in lines {
        let cell =
            |n: &u32| line.points.iter().find(|point| point.0 == *n).map_or(String::new(), |p| format!("{:.1}", p.1));
        text += &row([line.name.to_owned()].into_iter().chain(threads.iter().map(cell)).collect());
    }
    text
}

/// Both axes are logarithmic. That of the threads goes on beyond their number: there is the legend.
fn draw(path: &Path, title: &str, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (760, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let times = || lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let (least, most) = (times().fold(f64::MAX, f64::min), times().fold(0.0, f64::max));
    let first = lines.iter().flat_map(|line| line.points.iter().map(|point| point.0)).min().unwrap_or(1);
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("{title}: ns over the number of threads"), ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(52)
        .build_cartesian_2d(
            (f64::from(first) * 0.95..500.0).log_scale().with_key_points(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]),
            (least * 0.7..most * 1.4)
                .log_scale()
                .with_key_points(vec![0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0]),
        )?;
    chart
        .configure_mesh()
        .x_desc("threads")
        .y_desc("ns per operation")
        .light_line_style(WHITE)
        .x_label_formatter(&|n| n.to_string())
        .y_label_formatter(&|n| n.to_string())
        .label_style(("sans-serif", 13))
        .draw()?;
    for (i, line) in lines.iter().enumerate() {
        let color = Palette99::pick(i).to_rgba();
        let points = || line.points.iter().map(|&(threads, time)| (f64::from(threads), time));
        let width = if line.name.starts_with("gosync") { 3 } else { 1 };
        chart
            .draw_series(LineSeries::new(points(), color.stroke_width(width)))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(width)));
        chart.draw_series(points().map(|point| Circle::new(point, 3, color.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .label_font(("sans-serif", 14))
        .background_style(WHITE)
        .draw()?;
    root.present()?;
    Ok(())
}
