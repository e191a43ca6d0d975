//! Performs one named operation N times and nothing else, to be run under callgrind by `instructions.sh`.
//!
//! `instructions --list` lists the operations; `instructions gosync sendrecv.b1 1000` performs one.

use std::process::ExitCode;

use gosync_benches::peers::{self, Channel, Visitor};
use gosync_benches::uncontended::{self, OPERATIONS};

struct Call<'a> {
    implementation: &'a str,
    operation: &'a str,
    n: usize,
    done: bool,
}

impl Visitor for Call<'_> {
    fn visit<C: Channel>(&mut self) {
        let operation = OPERATIONS.iter().find(|(name, ..)| *name == self.operation);
        if let Some(&(_, operation, capacity)) = operation.filter(|_| C::NAME == self.implementation) {
            self.done |= uncontended::run::<C>(operation, capacity, self.n);
        }
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--list"] => {
            OPERATIONS.iter().for_each(|(name, ..)| println!("{name}"));
            ExitCode::SUCCESS
        }
        [implementation, operation, n] => {
            let Ok(n) = n.parse() else {
                eprintln!("`{n}` is no number");
                return ExitCode::FAILURE;
            };
            let mut call = Call { implementation, operation, n, done: false };
            peers::visit(&mut call);
            if call.done {
                return ExitCode::SUCCESS;
            }
            eprintln!("{implementation} does not do {operation}");
            ExitCode::FAILURE
        }
        _ => {
            eprintln!("usage: instructions <implementation> <operation> <n> | --list");
            ExitCode::FAILURE
        }
    }
}
