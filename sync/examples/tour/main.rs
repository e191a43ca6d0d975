//! A tour of Go's memory model: each topic of it in Go, in Rust with gosync, and live.
//!
//! ```console
//! $ cargo run --release --example tour               # all topics
//! $ cargo run --release --example tour -- --list     # their names
//! $ cargo run --release --example tour -- mutex once # some of them
//! ```
//!
//! What is shown of a topic is the source of the file that runs, in [`topics`]. Where the topic is a mistake, the program
//! with the mistake and its repaired twin go through the model checker loom, here and now: [`checker`] says how. The types
//! of gosync itself have their models elsewhere, `cargo loom` runs them.

mod checker;
mod topics;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use topics::{TOPICS, Topic};

const USAGE: &str = "\
usage: tour [--list] [--brief] [TOPIC]...

  --list   print the names of the topics, and what they are about
  --brief  only what the programs print, without their sources
  TOPIC    a topic's name, or its beginning; all of them if there is none
";

#[derive(Default)]
struct Arguments {
    list: bool,
    brief: bool,
    help: bool,
    topics: Vec<&'static Topic>,
}

/// All topics whose names begin with that, or the one that is called so.
fn find(name: &str) -> Option<Vec<&'static Topic>> {
    if let Some(exact) = TOPICS.iter().find(|topic| topic.name == name) {
        return Some(vec![exact]);
    }
    let found: Vec<_> = TOPICS.iter().filter(|topic| topic.name.starts_with(name)).collect();
    (!found.is_empty()).then_some(found)
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, String> {
    use lexopt::prelude::*;
    let mut parsed = Arguments::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Long("list") => parsed.list = true,
            Long("brief") => parsed.brief = true,
            Short('h') | Long("help") => parsed.help = true,
            Value(name) => {
                let name = name.to_string_lossy();
                let found =
                    find(&name).ok_or_else(|| format!("there is no topic {name:?}; --list prints their names"))?;
                parsed.topics.extend(found);
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    if parsed.topics.is_empty() {
        parsed.topics.extend(TOPICS);
    }
    Ok(parsed)
}

/// Bold, where that is understood.
struct Bold(bool);

impl Bold {
    fn line(&self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        if self.0 { writeln!(out, "\x1b[1m{text}\x1b[0m") } else { writeln!(out, "{text}") }
    }
}

fn indented(out: &mut dyn Write, text: &str) -> io::Result<()> {
    for line in text.trim_matches('\n').lines() {
        if line.is_empty() { writeln!(out)? } else { writeln!(out, "    {line}")? }
    }
    writeln!(out)
}

/// Shows a topic: what Go says, both programs, what ours prints, and what the checker says.
fn show(topic: &Topic, brief: bool, bold: &Bold, out: &mut dyn Write) -> io::Result<()> {
    bold.line(out, &format!("{} ({})", topic.title, topic.name))?;
    writeln!(out, "{}\n", topic.text.trim())?;
    if !brief {
        bold.line(out, "  Go")?;
        indented(out, topic.go)?;
        bold.line(out, "  Rust")?;
        indented(out, topic.rust())?;
    }
    bold.line(out, "  It prints")?;
    let mut printed = Vec::new();
    (topic.run)(&mut printed)?;
    indented(out, &String::from_utf8_lossy(&printed))?;
    if let Some((broken, repaired)) = topic.models {
        bold.line(out, "  The model checker says")?;
        writeln!(out, "    broken:   {}", checker::check(broken))?;
        writeln!(out, "    repaired: {}\n", checker::check(repaired))?;
    }
    Ok(())
}

/// Does what the arguments say.
pub(crate) fn tour(
    arguments: impl IntoIterator<Item = OsString>,
    terminal: bool,
    out: &mut dyn Write,
) -> io::Result<Result<(), String>> {
    let arguments = match parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return Ok(Err(error)),
    };
    if arguments.help {
        write!(out, "{USAGE}")?;
    } else if arguments.list {
        for topic in TOPICS {
            writeln!(out, "{:<20} {}", topic.name, topic.title)?;
        }
    } else {
        for topic in arguments.topics {
            show(topic, arguments.brief, &Bold(terminal), out)?;
            out.flush()?;
        }
    }
    Ok(Ok(()))
}

#[allow(dead_code, reason = "the tests have this file as a module")]
fn main() -> ExitCode {
    let stdout = io::stdout();
    match tour(std::env::args_os().skip(1), stdout.is_terminal(), &mut stdout.lock()) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Ok(Err(problem)) => {
            eprint!("tour: {problem}\n{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("tour: {error}");
            ExitCode::FAILURE
        }
    }
}
