//! Random programs of channel operations, played on gosync and compared with what they did in Go.

mod interpreter;
mod model;
mod program;
mod tasks;

use interpreter::{Form, play};
use program::Program;
use tasks::Tasks;

use crate::rng::Rng;

/// How many programs there are.
const COUNT: usize = 5_000;
/// Where they come from: another seed needs other golden files.
const SEED: u64 = 1;

/// The programs, and what the model says of them.
fn programs() -> impl Iterator<Item = (Program, String)> {
    let mut rng = Rng::of(SEED);
    (0..COUNT).map(move |_| Program::generate(&mut rng))
}

/// Prints them, one a line, for Go's interpreter.
pub(crate) fn print() {
    programs().for_each(|(program, _)| println!("{program}"));
}

/// FNV-1a, folded: also in `go/random.go`.
fn hash(text: &str) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ hash >> 32) as u32
}

/// What of `golden/random.txt` differs from what the programs do here.
pub(crate) fn compare(golden: &str) -> Result<(), String> {
    let mut hashes = golden.split_whitespace();
    let tasks = Tasks::new();
    for (number, (program, expected)) in programs().enumerate() {
        let text = program.to_string();
        let in_go = hashes.next().ok_or("golden/random.txt is too short")?;
        for form in [Form::Macro, Form::Dynamic] {
            let ours = play(&program, form, &tasks);
            if format!("{:08x}", hash(&format!("{text}\n{ours}"))) != in_go {
                let agrees = format!("{:08x}", hash(&format!("{text}\n{expected}"))) == in_go;
                let go = if agrees { &expected } else { "something else than the model" };
                return Err(format!(
                    "program {number}, {form:?}:\n{text}\ngosync: {ours}\nmodel:  {expected}\nGo:     {go}"
                ));
            }
        }
    }
    hashes.next().map_or(Ok(()), |_| Err("golden/random.txt is too long".to_owned()))
}
