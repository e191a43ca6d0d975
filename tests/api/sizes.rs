//! Sizes, and construction in constants and statics.

use std::time::Duration;

use gosync::chan::{self, Chan, CloseError, IntoIter, Receiver, Sender, TryRecvError, TrySendError};
use gosync::{WaitGroup, WaitTimeoutError};
use static_assertions::{assert_eq_size, const_assert_eq};

// A handle is one pointer, whatever the value is.
assert_eq_size!(Sender<u64>, usize);
assert_eq_size!(Receiver<u64>, usize);
assert_eq_size!(Chan<u64>, usize);
assert_eq_size!(Sender<[u64; 100]>, usize);
assert_eq_size!(Sender<()>, usize);
assert_eq_size!(IntoIter<u64>, usize);
// Nil takes the pointer's niche, so there is none left for `Option`.
assert_eq_size!(Option<Sender<u64>>, [usize; 2]);

const_assert_eq!(size_of::<WaitGroup>(), 4);
const_assert_eq!(align_of::<WaitGroup>(), 4);

// An error is no larger than what it has to hold.
assert_eq_size!(chan::SendError<u64>, u64);
assert_eq_size!(Result<(), chan::RecvError>, bool);
assert_eq_size!(Result<(), WaitTimeoutError>, bool);

static GROUP: WaitGroup = WaitGroup::new();
static NIL_SENDER: Sender<String> = Sender::nil();
static NIL_RECEIVER: Receiver<String> = Receiver::nil();
static NIL_CHAN: Chan<String> = Chan::nil();
static NEVER: Receiver<String> = chan::never();
const NIL: Sender<String> = Sender::nil();

/// Everything that has a constant constructor works from a static.
#[test]
fn statics() {
    GROUP.add(1);
    std::thread::scope(|s| {
        s.spawn(|| GROUP.done());
        GROUP.wait();
        assert_eq!(GROUP.wait_timeout(Duration::ZERO), Ok(()));
    });
    assert_eq!(NIL_SENDER.try_send("back".into()), Err(TrySendError::Full("back".into())));
    assert_eq!(NIL_RECEIVER.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(NIL_CHAN.close(), Err(CloseError::Nil));
    assert!(NEVER.is_nil());
    assert!(NIL.same_channel(&NIL_SENDER), "nil is nil");
    assert!(NIL_SENDER.clone().is_nil());
}
