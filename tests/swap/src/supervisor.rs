//! A loop over requests, ticks, a deadline and a signal to stop, with an answer for each request.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{after, bounded, select, tick, RecvTimeoutError, SendTimeoutError, Sender, TrySendError};

pub enum Request {
    Add(u64),
    /// The sum, and how many ticks there were.
    Report(Sender<(u64, u64)>),
}

#[derive(Debug, PartialEq)]
pub enum End {
    Stopped,
    Late,
    Unused,
}

pub struct Supervisor {
    requests: Sender<Request>,
    stop: Sender<()>,
    thread: JoinHandle<End>,
}

impl Supervisor {
    pub fn start(heartbeat: Duration, lifetime: Duration) -> Self {
        let (requests, inbox) = bounded(4);
        let (stop, stopped) = bounded::<()>(0);
        let thread = thread::Builder::new()
            .name("supervisor".into())
            .spawn(move || {
                let (ticks, deadline) = (tick(heartbeat), after(lifetime));
                let (mut sum, mut beats) = (0, 0);
                loop {
                    select! {
                        recv(inbox) -> request => match request {
                            Ok(Request::Add(n)) => sum += n,
                            Ok(Request::Report(answer)) => {
                                // Whoever asked may have gone.
                                let _ = answer.send((sum, beats));
                            }
                            Err(_) => break End::Unused,
                        },
                        recv(ticks) -> at => {
                            let _: Instant = at.unwrap();
                            beats += 1;
                        }
                        recv(deadline) -> _ => break End::Late,
                        recv(stopped) -> _ => break End::Stopped,
                    }
                }
            })
            .unwrap();
        Supervisor { requests, stop, thread }
    }

    pub fn add(&self, n: u64) -> Result<(), SendTimeoutError<Request>> {
        match self.requests.try_send(Request::Add(n)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(request)) => self.requests.send_timeout(request, Duration::from_secs(60)),
            Err(TrySendError::Disconnected(request)) => Err(SendTimeoutError::Disconnected(request)),
        }
    }

    pub fn report(&self) -> Result<(u64, u64), RecvTimeoutError> {
        let (answer, answered) = bounded(1);
        if self.requests.send(Request::Report(answer)).is_err() {
            return Err(RecvTimeoutError::Disconnected);
        }
        answered.recv_timeout(Duration::from_secs(60))
    }

    pub fn wait(self) -> End {
        self.thread.join().unwrap()
    }

    pub fn stop(self) -> End {
        drop(self.stop);
        self.thread.join().unwrap()
    }

    pub fn leave(self) -> End {
        drop(self.requests);
        self.thread.join().unwrap()
    }
}
