//! `src/runtime/chanbarrier_test.go`: errors that are sent through unbuffered channels arrive whole while the heap is
//! busy. In Go the enemy is the garbage collector; here it is whatever else gets the freed memory.

use std::error::Error;
use std::fmt;
use std::thread;

use gosync::chan::{self, Chan, Sender, select};

use crate::watchdog::Watchdog;

#[derive(Debug)]
struct RequestError {
    text: String,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for RequestError {}

type Response = Result<(), Box<dyn Error + Send + Sync>>;

/// How the answer is sent.
type Answer = fn(&Sender<Response>, Response);

fn do_request(n: usize, answer: Answer) -> Response {
    let (tx, rx) = chan::bounded::<Response>(0);
    // Nobody joins it: the value must outlive the thread that made it.
    thread::spawn(move || answer(&tx, Err(Box::new(RequestError { text: format!("request {n}") }))));
    let response = rx.recv().unwrap();
    thread::yield_now();
    response
}

/// `TestChanSendBarrier`.
#[test]
fn test_chan_send_barrier() {
    send_barrier(|tx, response| tx.send(response).unwrap());
}

/// `TestChanSendSelectBarrier`.
#[test]
fn test_chan_send_select_barrier() {
    send_barrier(|tx, response| {
        let idle = Chan::<()>::new(0);
        select! {
            send(tx, response) -> sent => sent.unwrap(),
            recv(idle) -> _ => unreachable!(),
        }
    });
}

fn send_barrier(answer: Answer) {
    const CLIENTS: usize = 10;
    const REQUESTS: usize = 50;
    let _watchdog = Watchdog::new();
    thread::scope(|s| {
        for client in 0..CLIENTS {
            s.spawn(move || {
                let mut garbage = Vec::new();
                for n in client * REQUESTS..(client + 1) * REQUESTS {
                    let error = do_request(n, answer).unwrap_err();
                    garbage.push(vec![0xff_u8; 16 + n % 64]);
                    let error = error.downcast_ref::<RequestError>().expect("still the same type");
                    assert_eq!(error.text, format!("request {n}"));
                    garbage.truncate(8);
                }
            });
        }
    });
}
