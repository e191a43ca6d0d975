pub(crate) const TEXT: &str = "
A map that is in no lock, because one goroutine owns it and the others ask: share memory by communicating. Each request brings
the channel for its answer.";

// go: var requests chan struct { word string; answer chan int }
pub(crate) const GO: &str = r#"
type request struct {
	word   string
	answer chan int
}

go func() {
	counts := map[string]int{}
	for r := range requests {
		counts[r.word]++
		r.answer <- counts[r.word]
	}
}()
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::collections::HashMap;
use std::io::{self, Write};

use gosync::chan::{self, Sender};
use gosync::go;

struct Request {
    word: &'static str,
    answer: Sender<usize>,
}

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let (requests, queue) = chan::unbounded::<Request>();
    go(move || {
        let mut counts = HashMap::new();
        for Request { word, answer } in queue {
            let count: &mut usize = counts.entry(word).or_default();
            *count += 1;
            // Who asked may have gone, which is no matter.
            _ = answer.send(*count);
        }
    });
    for word in ["memory", "channel", "memory"] {
        let (answer, answers) = chan::bounded(1);
        requests.send(Request { word, answer }).unwrap();
        writeln!(out, "{word} {}", answers.recv().unwrap())?;
    }
    Ok(())
}
