//! The wrong programs that everybody writes once, each with its repair, as docs/VIOLATIONS.md shows them.
//!
//! The programs use what a user's model would: loom's threads by `go`, and memory that loom watches. The document is
//! checked: its programs are those of these files, its verdicts are what loom prints.

mod counter;
mod double_checked;
mod exit;
mod publication;
mod reordering;
mod spin;

use crate::model::{Model, Request, Verdict, fails, holds, run};

/// The rule; what is wrong, loom's verdict, and the program; what is right, and the program.
type Pair = (&'static str, &'static str, Verdict, fn(), &'static str, fn());

pub(crate) fn models() -> Vec<Model> {
    let pairs: [Pair; 6] = [
        ("bad.reordering", "two words", Verdict::Assertion, reordering::broken, "Go's atomics", reordering::repaired),
        (
            "bad.publish-pointer",
            "a bare pointer",
            Verdict::Race,
            publication::broken,
            "a Pointer",
            publication::repaired,
        ),
        (
            "bad.double-checked-flag",
            "a plain flag",
            Verdict::Race,
            double_checked::broken,
            "a Once",
            double_checked::repaired,
        ),
        ("bad.spin-on-plain-flag", "a plain flag", Verdict::Race, spin::broken, "a close", spin::repaired),
        (
            "go.exit-no-edge",
            "a thread that has surely ended",
            Verdict::Race,
            exit::broken,
            "a wait group",
            exit::repaired,
        ),
        ("bad.racy-counter", "two increments", Verdict::Race, counter::broken, "a mutex", counter::repaired),
    ];
    let models = pairs.into_iter().flat_map(|(rule, wrong, verdict, broken, right, repaired)| {
        [fails(rule, wrong, verdict, broken).located(), holds(rule, right, repaired)]
    });
    models.collect()
}

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/VIOLATIONS.md");
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/loom/violations");

/// Whether docs/VIOLATIONS.md shows these programs and loom's verdicts on them.
pub(crate) fn check() -> Result<(), String> {
    let document = std::fs::read_to_string(DOCUMENT).expect("docs/VIOLATIONS.md is there");
    let mut sources = String::new();
    for entry in std::fs::read_dir(SOURCES).expect("the sources are there") {
        let path = entry.expect("a folder can be read").path();
        sources += &std::fs::read_to_string(path).expect("a source file can be read");
    }
    let mut problems = Vec::new();
    let programs = blocks(&document, "rust");
    for program in &programs {
        if !sources.contains(program.trim_end()) {
            problems.push(format!("tests/loom/violations has no such program:\n{program}"));
        }
    }
    let wrong: Vec<Model> = models().into_iter().filter(|model| model.expected != Verdict::Pass).collect();
    let quoted = blocks(&document, "text");
    if programs.len() != 2 * wrong.len() || quoted.len() != wrong.len() {
        problems.push(format!("{} programs and {} verdicts for {} models", programs.len(), quoted.len(), wrong.len()));
    }
    for model in wrong {
        let verdict = verdict(&run(&model.name(), false, &Request::default()).output);
        if !quoted.contains(&verdict) {
            problems.push(format!("no verdict in docs/VIOLATIONS.md is that on {}:\n{verdict}", model.name()));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// The code blocks of a language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}");
    let mut blocks = Vec::new();
    let mut lines = document.lines();
    while lines.any(|line| line == opening) {
        blocks.push(lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect());
    }
    blocks
}

/// What loom printed about the first thing that went wrong: no folders, no lines, no blank lines, no backtrace.
fn verdict(output: &str) -> String {
    let message = output.lines().skip_while(|line| !line.contains("panicked at")).skip(1);
    let message = message.take_while(|line| *line != "stack backtrace:" && !line.starts_with("note:"));
    message.filter(|line| !line.trim().is_empty()).map(|line| without_place(line.trim()) + "\n").collect()
}

/// `thread #1 @ folder/file.rs:3:14` is `thread #1 @ file.rs`.
fn without_place(line: &str) -> String {
    let word = |word: &str| match word.split_once(".rs:") {
        Some((path, _)) => format!("{}.rs", path.rsplit(['/', '\\']).next().unwrap_or(path)),
        None => word.to_owned(),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
