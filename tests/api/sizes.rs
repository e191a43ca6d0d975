//! Sizes, and construction in constants and statics.

use std::time::Duration;

use gosync::chan::{
    self, Chan, CloseError, IntoIter, Receiver, RecvFuture, RecvStream, Select, SelectedOperation, SendFuture,
    SendSink, Sender, TryRecvError, TrySendError,
};
use gosync::errgroup::Group;
use gosync::{
    Context, LockAsync, Mutex, MutexGuard, Once, OnceFunc, OnceValue, OnceValues, RawLockAsync, RawMutex, Stack,
    WaitAsync, WaitGroup, WaitTimeoutError, atomic,
};
use static_assertions::{assert_eq_size, const_assert, const_assert_eq};

// A handle is one pointer, whatever the value is.
assert_eq_size!(Sender<u64>, usize);
assert_eq_size!(Receiver<u64>, usize);
assert_eq_size!(Chan<u64>, usize);
assert_eq_size!(Sender<[u64; 100]>, usize);
assert_eq_size!(Sender<()>, usize);
assert_eq_size!(IntoIter<u64>, usize);
// Nil takes the pointer's niche, so there is none left for `Option`.
assert_eq_size!(Option<Sender<u64>>, [usize; 2]);

// A task's operation waits in its future: a reference, a node with its links and its waker, and the value. A value that is
// to be sent is in the future before it is in the node.
const_assert!(size_of::<RecvFuture<'static, u64>>() <= 10 * size_of::<usize>());
const_assert!(size_of::<SendFuture<'static, u64>>() <= 11 * size_of::<usize>());
const_assert!(size_of::<RecvFuture<'static, [u64; 100]>>() <= 9 * size_of::<usize>() + size_of::<[u64; 100]>());
assert_eq_size!(RecvStream<'static, [u64; 100]>, [usize; 2]);
assert_eq_size!(SendSink<'static, [u64; 100]>, [usize; 2]);

// Eight operations of six words, and where there are more.
const_assert!(size_of::<Select<'static>>() <= 54 * size_of::<usize>());
const_assert!(size_of::<SelectedOperation<'static>>() <= 5 * size_of::<usize>());

// What ends it, and what it carries.
assert_eq_size!(Context, [usize; 2]);
assert_eq_size!(Group, usize);
const _: Context = Context::background();

const_assert_eq!(size_of::<WaitGroup>(), 4);
const_assert_eq!(align_of::<WaitGroup>(), 4);

// A word, and the value.
const_assert_eq!(size_of::<RawMutex>(), 4);
const_assert_eq!(align_of::<RawMutex>(), 4);
const_assert_eq!(size_of::<Mutex<()>>(), 4);
const_assert_eq!(size_of::<Mutex<u32>>(), 8);
const_assert_eq!(size_of::<Mutex<u64>>(), 16);
const_assert_eq!(size_of::<Mutex<[u8; 12]>>(), 16);
// A guard is a reference, and leaves its niche to `Option`.
assert_eq_size!(MutexGuard<'static, [u64; 100]>, usize);
assert_eq_size!(Option<MutexGuard<'static, u64>>, usize);
assert_eq_size!(MutexGuard<'static, [u64]>, [usize; 2]);

// A node of a line, and who it is for.
const_assert!(size_of::<LockAsync<'static, u64>>() <= 15 * size_of::<usize>());
const_assert!(size_of::<RawLockAsync<'static>>() <= 14 * size_of::<usize>());
const_assert!(size_of::<WaitAsync<'static>>() <= 14 * size_of::<usize>());

const_assert_eq!(size_of::<Once>(), 4);
const_assert_eq!(align_of::<Once>(), 4);
// The word, and one place for the function, the value, or a pointer to what is known of a panic.
assert_eq_size!(OnceFunc, [usize; 2]);
assert_eq_size!(OnceValue<u64>, [u64; 2]);
assert_eq_size!(OnceValue<[u64; 8]>, [u64; 9]);
assert_eq_size!(OnceValue<u8, [usize; 8]>, [usize; 9]);
assert_eq_size!(OnceValues<u32, u32>, [u64; 2]);

// The words that change, on a cache line of their own, and a pointer for each segment.
const_assert!(size_of::<Stack<u8>>() <= 512);
assert_eq_size!(Stack<u8>, Stack<[u64; 100]>);
assert_eq_size!(atomic::TakeAll<'static, [u64; 100]>, [usize; 2]);

// A latch with a version, and an `Arc`. As large as Go's `Value`; Go's `Pointer` is one word.
const_assert_eq!(size_of::<atomic::Value<[u64; 8]>>(), size_of::<u64>() + align_of::<u64>());
assert_eq_size!(atomic::Pointer<u8>, atomic::Value<u64>);
assert_eq_size!(atomic::Pointer<str>, (u64, [usize; 2]));

// An error is no larger than what it has to hold.
assert_eq_size!(chan::SendError<u64>, u64);
assert_eq_size!(Result<(), chan::RecvError>, bool);
assert_eq_size!(Result<(), WaitTimeoutError>, bool);

static GROUP: WaitGroup = WaitGroup::new();
static MUTEX: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static RAW: RawMutex = RawMutex::new();
static LOCKED: [Mutex<(u8, [&str; 2])>; 2] = [const { Mutex::new((0, ["a", "b"])) }; 2];
static ONCE: Once = Once::new();
static FUNC: OnceFunc = OnceFunc::new(|| ONCE.call_once(|| unreachable!("it is completed")));
static VALUE: OnceValue<String> = OnceValue::new(|| "value".into());
static VALUES: OnceValues<u8, Result<&str, String>> = OnceValues::new(|| (VALUE.len() as u8, Ok(&VALUE)));
static STACK: Stack<String> = Stack::new();
static STACKS: [Stack<u8>; 2] = [const { Stack::new() }; 2];
static SETTING: atomic::Value<Vec<u8>> = atomic::Value::empty();
static POINTERS: [atomic::Pointer<str>; 2] = [const { atomic::Pointer::new(None) }; 2];
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
    MUTEX.lock().push(1);
    std::thread::scope(|s| {
        RAW.lock();
        s.spawn(|| {
            MUTEX.lock().push(2);
            RAW.unlock();
        });
        RAW.lock();
        assert_eq!(MUTEX.try_lock().as_deref(), Some(&vec![1, 2]));
        RAW.unlock();
    });
    let first = LOCKED[0].lock();
    assert_eq!((LOCKED[1].lock().1[1], first.0), ("b", 0), "two mutexes, not one");
    drop(first);
    ONCE.call_once(|| ());
    FUNC.call();
    assert_eq!(VALUES.get(), (&5, &Ok("value")));
    STACK.push("pushed".into());
    assert_eq!(STACK.pop().as_deref(), Some("pushed"));
    STACKS[0].push(1);
    assert_eq!((STACKS[1].pop(), STACKS[0].pop()), (None, Some(1)), "two stacks, not one");
    SETTING.store(vec![1]);
    assert_eq!(SETTING.swap(vec![2, 3]).as_deref(), Some(&vec![1]));
    POINTERS[0].store(Some("set".into()));
    assert_eq!((POINTERS[1].load(), POINTERS[0].load().as_deref()), (None, Some("set")), "two pointers, not one");
    assert_eq!(NIL_SENDER.try_send("back".into()), Err(TrySendError::Full("back".into())));
    assert_eq!(NIL_RECEIVER.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(NIL_CHAN.close(), Err(CloseError::Nil));
    assert!(NEVER.is_nil());
    assert!(NIL.same_channel(&NIL_SENDER), "nil is nil");
    assert!(NIL_SENDER.clone().is_nil());
}
