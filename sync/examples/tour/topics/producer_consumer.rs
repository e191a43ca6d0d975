pub(crate) const TEXT: &str = "
A queue between those who make and those who use: what the producer wrote before it sent is seen by the consumer. The
producer says when it is done by closing; the consumer ends when the queue is closed and empty.";

// go: type Job struct { id int; data string }
// go: func load(int) string { return "" }
// go: func use(*Job) {}
pub(crate) const GO: &str = r#"
jobs := make(chan *Job, 4)
go func() {
	defer close(jobs)
	for i := range 5 {
		jobs <- &Job{id: i, data: load(i)}
	}
}()
for job := range jobs {
	use(job)  // sees all of job
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};

use gosync::{chan, go};

struct Job {
    id: usize,
    data: String,
}

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let (jobs, queue) = chan::bounded(4);
    go(move || {
        for id in 0..5 {
            jobs.send(Job { id, data: "*".repeat(id) }).unwrap();
        }
        // The last sender goes, and that closes the channel.
    });
    for job in queue {
        writeln!(out, "{} {}", job.id, job.data)?;
    }
    Ok(())
}
