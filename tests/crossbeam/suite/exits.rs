//! Blocking while a thread's locals are being destroyed, after those of the channels are gone.

use std::cell::RefCell;
use std::thread;

use super::channel::{Receiver, Select, Sender, bounded, select, unbounded};
use crate::watchdog::Watchdog;
use crate::{LONG, ms};

/// Runs its function when dropped.
struct AtExit(Option<Box<dyn FnOnce()>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

thread_local! {
    static AT_EXIT: RefCell<Vec<AtExit>> = const { RefCell::new(Vec::new()) };
}

/// Uses channels in a way that blocks, with `to` and `from` connected to another thread that answers.
fn use_channels(to: &Sender<i32>, from: &Receiver<i32>) {
    to.send(1).unwrap();
    assert_eq!(from.recv(), Ok(2));
    select! { send(to, 3) -> sent => sent.unwrap(), recv(from) -> _ => unreachable!() }
    select! { recv(from) -> got => assert_eq!(got, Ok(4)), default(LONG) => unreachable!() }
    let mut set = Select::new();
    set.send(to);
    set.select().send(to, 5).unwrap();
    let mut set = Select::new();
    set.recv(from);
    assert_eq!(set.ready(), 0);
    assert_eq!(set.select().recv(from), Ok(6));
    select! { recv(from) -> _ => unreachable!(), default(ms(1)) => {} }
    assert!(from.recv_timeout(ms(1)).is_err());
}

/// On a thread that has used channels before, and on one that has not.
#[test]
fn blocking_at_exit() {
    let _watchdog = Watchdog::new();
    for used_before in [false, true] {
        for capacity in [0, 1] {
            let (to, theirs) = bounded(capacity);
            let (answer, from) = bounded(capacity);
            let (finish, finished) = unbounded();
            let partner = thread::spawn(move || {
                for message in theirs {
                    answer.send(message + 1).unwrap();
                }
            });
            let thread = thread::spawn(move || {
                // Registered first, so destroyed last.
                AT_EXIT.with_borrow_mut(|list| list.push(AtExit(None)));
                if used_before {
                    use_channels(&to, &from);
                }
                let last = move || {
                    use_channels(&to, &from);
                    finish.send(()).unwrap();
                };
                AT_EXIT.with_borrow_mut(|list| list[0].0 = Some(Box::new(last)));
            });
            assert_eq!(finished.recv(), Ok(()), "the destructor ran to its end");
            thread.join().unwrap();
            partner.join().unwrap();
        }
    }
}
