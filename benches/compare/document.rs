//! `--write`: docs/MEASURED.md, with the rows of two passes side by side, and its plot.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use gosync_benches::harness::report::{BesidePeers, Row};
use gosync_benches::harness::{machine, measure, patience};
use plotters::prelude::*;

/// What two loops of the same instructions may differ by, depending on where they lie.
const NOISE: f64 = 0.03;

/// Where ours stands beside the fastest peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Ahead,
    /// Ahead in one pass only, or behind by less than the passes differ or by [`NOISE`].
    Level,
    Behind,
}

impl Place {
    fn of(x: [f64; 2]) -> Place {
        let [least, most] = [x[0].min(x[1]), x[0].max(x[1])];
        if most <= 1.0 {
            Place::Ahead
        } else if least - 1.0 <= (most - least).max(NOISE) {
            Place::Level
        } else {
            Place::Behind
        }
    }

    fn word(self) -> &'static str {
        match self {
            Place::Ahead => "",
            Place::Level => "level",
            Place::Behind => "**behind**",
        }
    }

    fn color(self) -> RGBColor {
        match self {
            Place::Ahead => RGBColor(0x1b, 0x7f, 0x4d),
            Place::Level => RGBColor(0x7a, 0x7a, 0x7a),
            Place::Behind => RGBColor(0xc0, 0x39, 0x2b),
        }
    }
}

/// A row in both passes, if it has peers.
struct Pair<'a> {
    rows: [&'a Row; 2],
    peers: [&'a BesidePeers; 2],
}

impl<'a> Pair<'a> {
    fn all(first: &'a [Row], second: &'a [Row]) -> Vec<Pair<'a>> {
        let pair = |row: &'a Row| {
            let other = second.iter().find(|other| other.name == row.name)?;
            Some(Pair { rows: [row, other], peers: [row.peers.as_ref()?, other.peers.as_ref()?] })
        };
        first.iter().filter_map(pair).collect()
    }

    fn x(&self) -> [f64; 2] {
        self.peers.map(|peers| peers.median)
    }

    fn place(&self) -> Place {
        Place::of(self.x())
    }
}

/// Writes both files.
///
/// # Panics
///
/// If they cannot be written.
pub(crate) fn write(first: &[Row], second: &[Row], rounds: usize, time: Duration) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let pairs = Pair::all(first, second);
    let command = env::args().skip(1).filter(|word| word != "--bench").collect::<Vec<_>>().join(" ");
    let text = text(&pairs, &command, rounds, time);
    fs::write(docs.join("MEASURED.md"), text).expect("the sources can be written");
    plot(&docs.join("plots/measured.svg"), &pairs).expect("the sources can be written");
}

fn text(pairs: &[Pair<'_>], command: &str, rounds: usize, time: Duration) -> String {
    let date = Command::new("date").args(["-u", "+%e %B %Y"]).output().ok();
    let date = date.map_or_else(String::new, |output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let count = |place| pairs.iter().filter(|pair| pair.place() == place).count();
    let mut lines: Vec<f64> = pairs.iter().flat_map(|pair| pair.rows.map(|row| row.line)).collect();
    lines.sort_by(f64::total_cmp);
    let mut text = format!(
        "# Measured\n\n\
        Written by `cargo bench -p gosync-benches --bench compare -- {command}` on {date}; docs/PERFORMANCE.md says what it means.\n\n\
        {}\n{}\n\n\
        Everything ran twice, one pass after the other; in each of {rounds} rounds of {} ms, or of {} times what its threads need to\n\
        start if that is more, every implementation had a turn. Figures are ns per operation of the first pass, median [p25] (CPU\n\
        time of all threads). `x` is gosync's median beside that of the fastest peer of the same pass, in the first and in the second\n\
        pass: below 1, gosync is faster. `x CPU` is its CPU time beside that of the peer that takes the least. `level`: ahead in one\n\
        pass only, or behind by less than the two passes differ, or by 0.03.\n\n\
        `line` is how many ns a cache line took from one CPU to the other and back, before the row in each pass: what hand-overs are\n\
        made of. The host of a virtual machine may change it at any time. Of all rows the median is {:.0}.\n\n\
        Of {} rows gosync is ahead in {}, level in {}, behind in {}.\n\n![All rows](plots/measured.svg)\n",
        machine::describe().replace("\nVersions", "\n\nVersions"),
        super::go_version(),
        time.as_millis(),
        measure::STARTS,
        lines.get(lines.len() / 2).copied().unwrap_or(f64::NAN),
        pairs.len(),
        count(Place::Ahead),
        count(Place::Level),
        count(Place::Behind),
    );
    let left_out: Vec<String> =
        patience::left_out().iter().map(|(scenario, name)| format!("{name} of `{scenario}`")).collect();
    if !left_out.is_empty() {
        let _ = writeln!(text, "\nLeft out of a pass, because they hung three times: {}.", left_out.join(", "));
    }
    let mut family = "";
    for pair in pairs {
        let [row, again] = pair.rows;
        if family != row.family {
            family = row.family;
            let _ = write!(
                text,
                "\n## {family}\n\n\
                | | gosync | fastest peer | x | x CPU | allocations | Go | x Go | line | |\n\
                | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"
            );
        }
        let [peers, peers_again] = pair.peers;
        let go = row.go.as_ref().map(|(go, _)| go.to_string()).unwrap_or_default();
        let ratios: Vec<&str> = [row, again].iter().filter_map(|row| Some(row.go.as_ref()?.1.as_str())).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} {} | {:.2} {:.2} | {:.2} {:.2} | {} | {go} | {} | {:.0} {:.0} | {} |",
            row.name,
            row.ours,
            peers.fastest.name,
            peers.fastest,
            peers.median,
            peers_again.median,
            peers.cpu,
            peers_again.cpu,
            row.allocations,
            ratios.join(" "),
            row.line,
            again.line,
            pair.place().word(),
        );
    }
    text
}

/// A line for each row, from one pass's ratio to the other's.
fn plot(path: &Path, pairs: &[Pair<'_>]) -> Result<(), Box<dyn Error>> {
    const LINE: u32 = 15;
    let height = LINE * u32::try_from(pairs.len())? + 90;
    let root = SVGBackend::new(path, (900, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let bottom = pairs.len() as f64;
    let mut chart = ChartBuilder::on(&root)
        .caption("gosync's time beside the fastest peer's, two passes", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(170)
        .build_cartesian_2d(
            (0.01..8.0).log_scale().with_key_points(vec![0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0]),
            bottom..0.0,
        )?;
    let name = |y: &f64| pairs.get(*y as usize).map_or_else(String::new, |pair| pair.rows[0].name.to_owned());
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(WHITE)
        .x_label_formatter(&|x| x.to_string())
        .y_labels(0)
        .label_style(("sans-serif", 12))
        .draw()?;
    chart.draw_series(LineSeries::new([(1.0, 0.0), (1.0, bottom)], BLACK.stroke_width(1)))?;
    for (i, pair) in pairs.iter().enumerate() {
        let y = i as f64 + 0.5;
        let x = pair.x().map(|x| x.clamp(0.01, 8.0));
        let color = pair.place().color();
        chart.draw_series(LineSeries::new(x.map(|x| (x, y)), color.stroke_width(3)))?;
        chart.draw_series(x.map(|x| Circle::new((x, y), 3, color.filled())))?;
        // Beside the axis, which labels round numbers only.
        let (left, top) = chart.backend_coord(&(0.01, y));
        let style = ("sans-serif", 12).into_text_style(&root);
        root.draw_text(&name(&y), &style, (left - 165, top - 7))?;
    }
    root.present()?;
    Ok(())
}
