//! Sizes, and construction in constants and statics.

use std::time::Duration;

use gosync::chan::{
    self, Chan, CloseError, FuncTimer, IntoIter, Iter, ReadyTimeoutError, Receiver, RecvError, RecvFuture, RecvStream,
    RecvTimeoutError, Select, SelectTimeoutError, SelectedOperation, SendError, SendFuture, SendSink, SendTimeoutError,
    Sender, Ticker, Timer, TryIter, TryReadyError, TryRecvError, TrySelectError, TrySendError,
};
use gosync::context::{CancelCauseFunc, CancelFunc, ContextError, StopFunc};
use gosync::errgroup::Group;
use gosync::package::{Package, Variable};
use gosync::semaphore::{AcquireAsync, ArcPermit, Permit, PermitArcAsync, PermitAsync, Weighted};
use gosync::{
    ArcMutexGuard, ArcRwMutexReadGuard, ArcRwMutexWriteGuard, Cond, CondWaitAsync, Context, JoinHandle, LockArcAsync,
    LockAsync, Map, MapIntoIter, MapIter, MappedMutexGuard, MappedRwMutexReadGuard, MappedRwMutexWriteGuard, Mutex,
    MutexGuard, Once, OnceFunc, OncePanic, OnceValue, OnceValues, Pool, Pooled, RawLockAsync, RawMutex, RawReadAsync,
    RawRwMutex, RawWriteAsync, ReadArcAsync, ReadAsync, RwMutex, RwMutexReadGuard, RwMutexWriteGuard, ShardedRwMutex,
    ShardedRwMutexReadGuard, ShardedRwMutexWriteGuard, Stack, WaitAsync, WaitGroup, WaitTimeoutError, WriteArcAsync,
    WriteAsync, atomic,
};
use static_assertions::{assert_eq_size, const_assert, const_assert_eq};

// A handle is one pointer, whatever the value is.
assert_eq_size!(Sender<u64>, usize);
assert_eq_size!(Receiver<u64>, usize);
assert_eq_size!(Chan<u64>, usize);
assert_eq_size!(Sender<[u64; 100]>, usize);
assert_eq_size!(Sender<()>, usize);
// With whether it has ended.
assert_eq_size!(IntoIter<u64>, [usize; 2]);
assert_eq_size!(Iter<'static, u64>, usize);
assert_eq_size!(TryIter<'static, u64>, usize);
// So is that of a timer.
assert_eq_size!(Timer, usize);
assert_eq_size!(Ticker, usize);
assert_eq_size!(FuncTimer, usize);
// Nil takes the pointer's niche, so there is none left for `Option`.
assert_eq_size!(Option<Sender<u64>>, [usize; 2]);

// A task's operation waits in its future: a reference, a node with its links and its waker, and room for one value.
const_assert!(size_of::<RecvFuture<'static, u64>>() <= 10 * size_of::<usize>());
const_assert!(size_of::<SendFuture<'static, u64>>() <= 9 * size_of::<usize>());
const_assert!(size_of::<RecvFuture<'static, [u64; 100]>>() <= 9 * size_of::<usize>() + size_of::<[u64; 100]>());
const_assert!(size_of::<SendFuture<'static, [u64; 100]>>() <= size_of::<([usize; 8], [u64; 100])>());
assert_eq_size!(RecvStream<'static, [u64; 100]>, [usize; 2]);
assert_eq_size!(SendSink<'static, [u64; 100]>, [usize; 2]);

// Eight operations of six words, and where there are more.
const_assert!(size_of::<Select<'static>>() <= 54 * size_of::<usize>());
const_assert!(size_of::<SelectedOperation<'static>>() <= 5 * size_of::<usize>());

// std's, and nothing beside it.
assert_eq_size!(JoinHandle<u64>, std::thread::JoinHandle<u64>);

// What ends it, and what it carries.
assert_eq_size!(Context, [usize; 2]);
assert_eq_size!(Group, usize);
assert_eq_size!(CancelFunc, usize);
assert_eq_size!(CancelCauseFunc, usize);
assert_eq_size!(StopFunc, [usize; 2]);
const _: Context = Context::background();

const_assert_eq!(size_of::<Cond>(), 4);
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

assert_eq_size!(Option<ArcMutexGuard<[u64; 100]>>, usize);
assert_eq_size!(MappedMutexGuard<'static, u8>, [usize; 2]);
// Two words, and the value.
const_assert_eq!(size_of::<RawRwMutex>(), 8);
const_assert_eq!(align_of::<RawRwMutex>(), 4);
const_assert_eq!(size_of::<RwMutex<()>>(), 8);
const_assert_eq!(size_of::<RwMutex<u32>>(), 12);
const_assert_eq!(size_of::<RwMutex<u64>>(), 16);
assert_eq_size!(Option<RwMutexReadGuard<'static, u64>>, usize);
assert_eq_size!(Option<RwMutexWriteGuard<'static, u64>>, usize);
assert_eq_size!(Option<ArcRwMutexReadGuard<[u64; 100]>>, usize);
assert_eq_size!(Option<ArcRwMutexWriteGuard<[u64; 100]>>, usize);
assert_eq_size!(Option<MappedRwMutexReadGuard<'static, u64>>, [usize; 2]);
assert_eq_size!(Option<MappedRwMutexWriteGuard<'static, u64>>, [usize; 2]);
assert_eq_size!(Option<ShardedRwMutexReadGuard<'static, u64>>, [usize; 2]);
assert_eq_size!(Option<ShardedRwMutexWriteGuard<'static, u64>>, usize);
// A cache line, or two of them, for each lock.
const_assert!(size_of::<ShardedRwMutex<(), 4>>() <= 4 * 128);

// A node of a line, and who it is for.
const_assert!(size_of::<CondWaitAsync<'static, MutexGuard<'static, u64>>>() <= 30 * size_of::<usize>());
const_assert!(size_of::<LockArcAsync<u64>>() <= 15 * size_of::<usize>());
const_assert!(size_of::<LockAsync<'static, u64>>() <= 15 * size_of::<usize>());
const_assert!(size_of::<RawLockAsync<'static>>() <= 14 * size_of::<usize>());
const_assert!(size_of::<ReadAsync<'static, u64>>() <= 15 * size_of::<usize>());
const_assert!(size_of::<ReadArcAsync<u64>>() <= 15 * size_of::<usize>());
const_assert!(size_of::<RawReadAsync<'static>>() <= 14 * size_of::<usize>());
// A writer's has two, of which one is in line.
const_assert!(size_of::<WriteAsync<'static, u64>>() <= 29 * size_of::<usize>());
const_assert!(size_of::<WriteArcAsync<u64>>() <= 29 * size_of::<usize>());
const_assert!(size_of::<RawWriteAsync<'static>>() <= 28 * size_of::<usize>());
const_assert!(size_of::<WaitAsync<'static>>() <= 14 * size_of::<usize>());

// Permits, and a line.
const_assert!(size_of::<Weighted>() <= 3 * size_of::<usize>());
assert_eq_size!(Permit<'static>, [usize; 2]);
const_assert!(size_of::<AcquireAsync<'static>>() <= 15 * size_of::<usize>());
assert_eq_size!(Option<ArcPermit>, [usize; 2]);
const_assert!(size_of::<PermitAsync<'static>>() <= 15 * size_of::<usize>());
const_assert!(size_of::<PermitArcAsync>() <= 17 * size_of::<usize>());

const_assert_eq!(size_of::<Once>(), 4);
const_assert_eq!(align_of::<Once>(), 4);
// The word, and one place for the function, the value, or a pointer to what is known of a panic.
assert_eq_size!(OnceFunc, [usize; 2]);
assert_eq_size!(OnceValue<u64>, [u64; 2]);
assert_eq_size!(OnceValue<[u64; 8]>, [u64; 9]);
assert_eq_size!(OnceValue<u8, [usize; 8]>, [usize; 9]);
assert_eq_size!(OnceValues<u32, u32>, [u64; 2]);
// What stands in a static: where it was declared, and who initialises it.
const_assert!(size_of::<Package>() <= 15 * size_of::<usize>());
const_assert!(size_of::<Variable<u64>>() <= 11 * size_of::<usize>());

// The words that change, on a cache line of their own with the first places; four words for three further ones, and a pointer for
// each segment.
const_assert!(size_of::<Stack<u8>>() <= 1280);
assert_eq_size!(Stack<u8>, Stack<[u64; 100]>);
assert_eq_size!(atomic::TakeAll<'static, [u64; 100]>, [usize; 2]);

// The function, a pointer to what there is for each CPU, and the limit.
#[cfg(target_pointer_width = "64")]
assert_eq_size!(Map<String, [u64; 100]>, [usize; 6]);
assert_eq_size!(MapIter<'static, u8, [u64; 100]>, [usize; 6]);
const_assert!(size_of::<MapIntoIter<u8, [u64; 100]>>() <= 24 * size_of::<usize>());
assert_eq_size!(Pool<[u64; 100]>, [usize; 3]);
// The item, and where it goes back to.
assert_eq_size!(Pooled<'static, [u64; 100]>, ([u64; 100], usize));

// As large as what they are in place of, and no larger.
assert_eq_size!(atomic::Bool, bool);
assert_eq_size!(atomic::Int32, i32);
assert_eq_size!(atomic::Int64, i64);
assert_eq_size!(atomic::Uint32, u32);
assert_eq_size!(atomic::Uint64, u64);
assert_eq_size!(atomic::Uintptr, usize);
// A word for one thread, one for the others, and a pointer to those of many; cache lines, or pairs of them, for each.
assert_eq_size!(atomic::ShardedCounter, [u64; 3]);
const_assert!(size_of::<atomic::PaddedCounters<3>>() <= 3 * 128);

// A latch with a version, and an `Arc`. As large as Go's `Value`; Go's `Pointer` is one word.
const_assert_eq!(size_of::<atomic::Value<[u64; 8]>>(), size_of::<u64>() + align_of::<u64>());
assert_eq_size!(atomic::Pointer<u8>, atomic::Value<u64>);
assert_eq_size!(atomic::Pointer<str>, (u64, [usize; 2]));
// What it looks at, what it has seen, and when.
assert_eq_size!(atomic::Reader<'static, u8>, (usize, usize, u64));

// An error is no larger than what it has to hold.
assert_eq_size!(atomic::CompareExchangeError<[u64; 100]>, [usize; 2]);
assert_eq_size!(atomic::CompareExchangeError<u64, u64>, (usize, u64));
assert_eq_size!(SendError<u64>, u64);
const_assert!(size_of::<TrySendError<u64>>() <= 16);
const_assert!(size_of::<SendTimeoutError<u64>>() <= 16);
assert_eq_size!(Result<(), RecvError>, bool);
assert_eq_size!(Result<(), TryRecvError>, u8);
assert_eq_size!(Result<(), RecvTimeoutError>, u8);
assert_eq_size!(Result<(), CloseError>, u8);
assert_eq_size!(Result<(), TrySelectError>, bool);
assert_eq_size!(Result<(), SelectTimeoutError>, bool);
assert_eq_size!(Result<(), TryReadyError>, bool);
assert_eq_size!(Result<(), ReadyTimeoutError>, bool);
assert_eq_size!(Result<(), ContextError>, u8);
assert_eq_size!(Result<(), OncePanic>, bool);
assert_eq_size!(Result<(), WaitTimeoutError>, bool);

static GROUP: WaitGroup = WaitGroup::new();
static MUTEX: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static RAW: RawMutex = RawMutex::new();
static LOCKED: [Mutex<(u8, [&str; 2])>; 2] = [const { Mutex::new((0, ["a", "b"])) }; 2];
static READ_MOSTLY: RwMutex<Vec<u8>> = RwMutex::new(Vec::new());
static RAW_RW: RawRwMutex = RawRwMutex::new();
static SHARDED: ShardedRwMutex<&str> = ShardedRwMutex::new("a");
static ONCE: Once = Once::new();
static FUNC: OnceFunc = OnceFunc::new(|| ONCE.call_once(|| unreachable!("it is completed")));
static VALUE: OnceValue<String> = OnceValue::new(|| "value".into());
static VALUES: OnceValues<u8, Result<&str, String>> = OnceValues::new(|| (VALUE.len() as u8, Ok(&VALUE)));
static STACK: Stack<String> = Stack::new();
static STACKS: [Stack<u8>; 2] = [const { Stack::new() }; 2];
static POOL: Pool<String> = Pool::new(String::new);
static POOLS: [Pool<u8>; 2] = [const { Pool::with_limit(1, || 0) }; 2];
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
    READ_MOSTLY.write().push(1);
    RAW_RW.rlock();
    assert_eq!((READ_MOSTLY.read().len(), RAW_RW.try_lock()), (1, false));
    *SHARDED.write() = "b";
    assert_eq!(*SHARDED.read(), "b");
    ONCE.call_once(|| ());
    FUNC.call();
    assert_eq!(VALUES.get(), (&5, &Ok("value")));
    STACK.push("pushed".into());
    assert_eq!(STACK.pop().as_deref(), Some("pushed"));
    STACKS[0].push(1);
    assert_eq!((STACKS[1].pop(), STACKS[0].pop()), (None, Some(1)), "two stacks, not one");
    POOL.get().push_str("pooled");
    assert_eq!(*POOL.get(), "pooled");
    POOLS[0].put(1);
    assert_eq!((POOLS[1].take(), POOLS[0].take()), (0, 1), "two pools, not one");
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
