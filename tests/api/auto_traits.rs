//! Traits of the public types, as compile-time facts; and that the facade passes on the same types.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::iter::FusedIterator;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;

use futures_core::future::FusedFuture;
use futures_core::stream::{FusedStream, Stream};
use futures_sink::Sink;
use gosync::atomic::{
    Bool, CompareExchangeError, Int32, Int64, PaddedCounters, Pointer, Reader, ShardedCounter, TakeAll, Uint32, Uint64,
    Uintptr, Value,
};
use gosync::chan::{
    Chan, CloseError, FuncTimer, IntoIter, Iter, ReadyTimeoutError, Receiver, RecvError, RecvFuture, RecvStream,
    RecvTimeoutError, Select, SelectTimeoutError, SelectedOperation, SendError, SendFuture, SendSink, SendTimeoutError,
    Sender, Ticker, Timer, TryIter, TryReadyError, TryRecvError, TrySelectError, TrySendError,
};
use gosync::context::{CancelCauseFunc, CancelFunc, Cause, Context, ContextError, StopFunc};
use gosync::errgroup::Group;
use gosync::semaphore::{AcquireAsync, ArcPermit, Permit, PermitArcAsync, PermitAsync, Weighted};
use gosync::{
    ArcMutexGuard, ArcRwMutexReadGuard, ArcRwMutexWriteGuard, Cond, CondGuard, CondWaitAsync, JoinHandle, LockArcAsync,
    LockAsync, Map, MapIntoIter, MapIter, MappedMutexGuard, MappedRwMutexReadGuard, MappedRwMutexWriteGuard, Mutex,
    MutexGuard, Once, OnceFunc, OncePanic, OnceValue, OnceValues, Pool, Pooled, RawLockAsync, RawMutex, RawReadAsync,
    RawRwMutex, RawWriteAsync, ReadArcAsync, ReadAsync, RwMutex, RwMutexReadGuard, RwMutexWriteGuard, ShardedRwMutex,
    ShardedRwMutexReadGuard, ShardedRwMutexWriteGuard, Stack, WaitAsync, WaitGroup, WaitTimeoutError, WriteArcAsync,
    WriteAsync,
};
use static_assertions::{assert_impl_all, assert_not_impl_any, assert_type_eq_all};

/// `Send`, not `Sync`: what a channel moves it need not share.
type Movable = Cell<u8>;
/// Neither.
type Fixed = Rc<u8>;
/// Nothing but movable and droppable.
struct Opaque;
/// Not unwind safe by itself.
type Breakable = &'static mut Cell<u8>;

assert_impl_all!(Sender<Movable>: Send, Sync);
assert_impl_all!(Receiver<Movable>: Send, Sync);
assert_impl_all!(Chan<Movable>: Send, Sync);
assert_impl_all!(IntoIter<Movable>: Send, Sync);
assert_impl_all!(Iter<'static, Movable>: Send, Sync);
assert_impl_all!(TryIter<'static, Movable>: Send, Sync);
assert_impl_all!(Sender<Box<dyn FnOnce() + Send>>: Send, Sync);

assert_not_impl_any!(Sender<Fixed>: Send, Sync);
assert_not_impl_any!(Receiver<Fixed>: Send, Sync);
assert_not_impl_any!(Chan<Fixed>: Send, Sync);
assert_not_impl_any!(IntoIter<Fixed>: Send, Sync);
assert_not_impl_any!(Iter<'static, Fixed>: Send, Sync);
assert_not_impl_any!(TryIter<'static, Fixed>: Send, Sync);
// A shared reference to something that is not `Sync` cannot move, so neither can channels of it.
assert_not_impl_any!(Sender<&'static Movable>: Send, Sync);

assert_not_impl_any!(Breakable: UnwindSafe);
assert_impl_all!(Sender<Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Receiver<Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Chan<Breakable>: UnwindSafe, RefUnwindSafe);

assert_impl_all!(Sender<std::marker::PhantomPinned>: Unpin);
assert_impl_all!(Receiver<std::marker::PhantomPinned>: Unpin);
assert_impl_all!(Chan<std::marker::PhantomPinned>: Unpin);

assert_impl_all!(Sender<Opaque>: Clone, Debug, Eq, Hash);
assert_impl_all!(Receiver<Opaque>: Clone, Debug, Eq, Hash, IntoIterator<Item = Opaque>);
assert_impl_all!(&'static Receiver<Opaque>: IntoIterator<Item = Opaque>);
assert_impl_all!(Chan<Opaque>: Clone, Debug, Eq, Hash);
assert_impl_all!(Iter<'static, Opaque>: FusedIterator);
assert_impl_all!(IntoIter<Opaque>: FusedIterator);
// It may yield again when more is sent.
assert_not_impl_any!(TryIter<'static, Opaque>: FusedIterator);

// A task may go on in another thread, with the value that its future holds.
assert_impl_all!(SendFuture<'static, Movable>: Send, Sync);
assert_impl_all!(RecvFuture<'static, Movable>: Send, Sync);
assert_impl_all!(RecvStream<'static, Movable>: Send, Sync);
assert_impl_all!(SendSink<'static, Movable>: Send, Sync);
assert_not_impl_any!(SendFuture<'static, Fixed>: Send, Sync);
assert_not_impl_any!(RecvFuture<'static, Fixed>: Send, Sync);
assert_not_impl_any!(RecvStream<'static, Fixed>: Send, Sync);
assert_not_impl_any!(SendSink<'static, Fixed>: Send, Sync);
assert_not_impl_any!(SendFuture<'static, &'static Movable>: Send, Sync);
assert_impl_all!(SendFuture<'static, Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(RecvFuture<'static, Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(RecvStream<'static, Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(SendSink<'static, Breakable>: UnwindSafe, RefUnwindSafe);
// The channel knows where a waiting future is; a stream's is on the heap.
assert_not_impl_any!(SendFuture<'static, u8>: Unpin, Clone);
assert_not_impl_any!(RecvFuture<'static, u8>: Unpin, Clone);
assert_impl_all!(RecvStream<'static, std::marker::PhantomPinned>: Unpin);
assert_impl_all!(SendSink<'static, std::marker::PhantomPinned>: Unpin);
assert_impl_all!(SendFuture<'static, Opaque>: Future<Output = Result<(), SendError<Opaque>>>, FusedFuture, Debug);
assert_impl_all!(RecvFuture<'static, Opaque>: Future<Output = Result<Opaque, RecvError>>, FusedFuture, Debug);
assert_impl_all!(RecvStream<'static, Opaque>: Stream<Item = Opaque>, FusedStream, Debug);
assert_impl_all!(SendSink<'static, Opaque>: Sink<Opaque, Error = SendError<Opaque>>, Debug);

assert_impl_all!(SendError<u8>: Clone, Copy, PartialEq, Eq);
assert_impl_all!(TrySendError<u8>: Clone, Copy, PartialEq, Eq);
assert_impl_all!(SendTimeoutError<u8>: Clone, Copy, PartialEq, Eq);
assert_impl_all!(RecvError: Clone, Copy, PartialEq, Eq, Error, Send, Sync);
assert_impl_all!(TryRecvError: Clone, Copy, PartialEq, Eq, Error, Send, Sync);
assert_impl_all!(RecvTimeoutError: Clone, Copy, PartialEq, Eq, Error, Send, Sync);
assert_impl_all!(Timer: Clone, Debug, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Ticker: Clone, Debug, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(FuncTimer: Clone, Debug, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(CloseError: Clone, Copy, PartialEq, Eq, Error, Send, Sync);
// Whatever the value is: an unprintable one must not stop `unwrap` or `?`.
assert_impl_all!(SendError<Opaque>: Debug, Display, Error);
assert_impl_all!(TrySendError<Opaque>: Debug, Display, Error);
assert_impl_all!(SendTimeoutError<Opaque>: Debug, Display, Error);
// The error holds the value, so it is as movable as that.
assert_impl_all!(SendError<Movable>: Send);
assert_not_impl_any!(SendError<Movable>: Sync);
assert_not_impl_any!(SendError<Fixed>: Send, Sync);
assert_not_impl_any!(SendError<Opaque>: Clone, PartialEq);

assert_impl_all!(Select<'static>: Send, Sync, Unpin, Clone, Default, Debug);
// What it holds a claim on is completed where it was chosen.
assert_impl_all!(SelectedOperation<'static>: Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(SelectedOperation<'static>: Send, Sync, Clone);
assert_impl_all!(TrySelectError: Copy, PartialEq, Eq, Error, Send, Sync);
assert_impl_all!(SelectTimeoutError: Copy, PartialEq, Eq, Error, Send, Sync);
assert_impl_all!(TryReadyError: Copy, PartialEq, Eq, Error, Send, Sync);
assert_impl_all!(ReadyTimeoutError: Copy, PartialEq, Eq, Error, Send, Sync);

assert_impl_all!(WaitGroup: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
// A copy would be another group.
assert_not_impl_any!(WaitGroup: Clone);
assert_impl_all!(WaitTimeoutError: Clone, Copy, PartialEq, Eq, Debug, Display, Error, Send, Sync, Unpin, UnwindSafe);

assert_impl_all!(Context: Clone, Default, Debug, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(CancelFunc: Clone, Debug, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(CancelCauseFunc: Clone, Debug, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(StopFunc: Debug, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(ContextError: Copy, PartialEq, Eq, Debug, Display, Error, Send, Sync);
// So that `?` takes it.
assert_impl_all!(Cause: Clone, Error, Send, Sync);
assert_impl_all!(Group: Clone, Default, Debug, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);

/// May be shared, but not moved to another thread.
type Shared = std::sync::MutexGuard<'static, u8>;

assert_impl_all!(Once: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_not_impl_any!(Once: Clone);
// The value is made in one thread, read in all, and dropped in another.
assert_impl_all!(OnceValue<u8>: Send, Sync, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_impl_all!(OnceValue<Movable>: Send);
assert_not_impl_any!(OnceValue<Movable>: Sync);
assert_not_impl_any!(OnceValue<Shared>: Send, Sync);
assert_not_impl_any!(OnceValue<Fixed>: Send, Sync);
// The function is moved, and never shared.
assert_impl_all!(OnceValue<u8, Movable>: Send, Sync);
assert_not_impl_any!(OnceValue<u8, Shared>: Send, Sync);
assert_not_impl_any!(OnceValue<u8, Fixed>: Send, Sync);
assert_impl_all!(OnceFunc<Movable>: Send, Sync);
assert_not_impl_any!(OnceFunc<Fixed>: Send, Sync);
assert_impl_all!(OnceValues<u8, Movable>: Send);
assert_not_impl_any!(OnceValues<u8, Movable>: Sync);
assert_not_impl_any!(OnceValues<Fixed, u8>: Send, Sync);
// As std's `LazyLock`.
assert_impl_all!(OnceValue<Movable>: UnwindSafe);
assert_not_impl_any!(OnceValue<Movable>: RefUnwindSafe);
assert_not_impl_any!(OnceValue<Breakable>: UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(OnceValue<u8, Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(OnceFunc: Send, Sync, UnwindSafe, RefUnwindSafe, Debug);
assert_impl_all!(OnceValues<u8, u8>: Send, Sync, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(OnceValue<Opaque>: Debug, Default, Clone);
assert_not_impl_any!(OnceFunc: Clone);
assert_impl_all!(OncePanic: Copy, PartialEq, Eq, Error, Send, Sync);

assert_impl_all!(RawMutex: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
// A copy would be another mutex.
assert_not_impl_any!(RawMutex: Clone);
// The value moves from thread to thread, and is never shared.
assert_impl_all!(Mutex<Movable>: Send, Sync);
assert_impl_all!(Mutex<dyn FnMut() + Send>: Send, Sync);
assert_impl_all!(Mutex<[Movable]>: Send, Sync);
assert_not_impl_any!(Mutex<Fixed>: Send, Sync);
assert_not_impl_any!(Mutex<Shared>: Send, Sync);
assert_not_impl_any!(Mutex<dyn FnMut() + Sync>: Send, Sync);
assert_not_impl_any!(Mutex<&'static Movable>: Send, Sync);
// A guard moves the value, and a reference to it shares the value.
assert_impl_all!(MutexGuard<'static, u8>: Send, Sync);
assert_impl_all!(MutexGuard<'static, Movable>: Send);
assert_not_impl_any!(MutexGuard<'static, Movable>: Sync);
assert_impl_all!(MutexGuard<'static, Shared>: Sync);
assert_not_impl_any!(MutexGuard<'static, Shared>: Send);
assert_not_impl_any!(MutexGuard<'static, Fixed>: Send, Sync);
assert_impl_all!(MutexGuard<'static, [u8]>: Send, Sync);
// Nothing tells that a panic has left the value half changed, as with a `RefCell`.
assert_impl_all!(ArcMutexGuard<u8>: Send, Sync, Unpin, Debug, Display, std::ops::DerefMut<Target = u8>);
assert_impl_all!(ArcMutexGuard<Movable>: Send);
assert_not_impl_any!(ArcMutexGuard<Movable>: Sync, Clone);
assert_not_impl_any!(ArcMutexGuard<Shared>: Send);
assert_not_impl_any!(ArcMutexGuard<Fixed>: Send, Sync);
assert_not_impl_any!(ArcMutexGuard<u8>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(MappedMutexGuard<'static, u8>: Send, Sync, Unpin, Debug, Display, std::ops::DerefMut<Target = u8>);
assert_impl_all!(MappedMutexGuard<'static, Movable>: Send);
assert_not_impl_any!(MappedMutexGuard<'static, Movable>: Sync, Clone);
assert_impl_all!(MappedMutexGuard<'static, Shared>: Sync);
assert_not_impl_any!(MappedMutexGuard<'static, Shared>: Send);
assert_not_impl_any!(MappedMutexGuard<'static, Fixed>: Send, Sync);
assert_not_impl_any!(MappedMutexGuard<'static, u8>: UnwindSafe);
assert_impl_all!(LockArcAsync<Movable>: Send, Future<Output = ArcMutexGuard<Movable>>);
assert_not_impl_any!(LockArcAsync<Shared>: Send);
assert_not_impl_any!(LockArcAsync<u8>: Unpin);

assert_impl_all!(Cond: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
// A copy would be another one.
assert_not_impl_any!(Cond: Clone);
assert_impl_all!(MutexGuard<'static, [u8]>: CondGuard);
assert_impl_all!(ArcMutexGuard<[u8]>: CondGuard);
assert_impl_all!(gosync::RwMutexWriteGuard<'static, [u8]>: CondGuard);
assert_impl_all!(ArcRwMutexWriteGuard<[u8]>: CondGuard);
assert_impl_all!(&'static RawMutex: CondGuard);
assert_impl_all!(&'static gosync::RawRwMutex: CondGuard);
// While it waits, others may replace the part; or read on.
assert_not_impl_any!(MappedMutexGuard<'static, u8>: CondGuard);
assert_not_impl_any!(gosync::RwMutexReadGuard<'static, u8>: CondGuard);
assert_not_impl_any!(ArcRwMutexReadGuard<u8>: CondGuard);
assert_impl_all!(CondWaitAsync<'static, MutexGuard<'static, Movable>>: Send, Future<Output = MutexGuard<'static, Movable>>);
assert_not_impl_any!(CondWaitAsync<'static, MutexGuard<'static, Fixed>>: Send);
assert_not_impl_any!(CondWaitAsync<'static, MutexGuard<'static, u8>>: Unpin);

assert_impl_all!(Mutex<u8>: UnwindSafe);
assert_not_impl_any!(Mutex<u8>: RefUnwindSafe);
assert_not_impl_any!(Mutex<Breakable>: UnwindSafe);
assert_not_impl_any!(MutexGuard<'static, u8>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Mutex<u8>: Unpin, Default, Debug, From<u8>);
assert_not_impl_any!(Mutex<std::marker::PhantomPinned>: Unpin);
assert_impl_all!(MutexGuard<'static, std::marker::PhantomPinned>: Unpin);
assert_impl_all!(MutexGuard<'static, u8>: Debug, Display, std::ops::DerefMut<Target = u8>);
assert_not_impl_any!(Mutex<Opaque>: Debug, Default, Clone);
assert_not_impl_any!(MutexGuard<'static, Opaque>: Debug, Display, Clone);

// A task may move to another thread between two polls wherever its guard may; its future stays where it is in memory.
assert_impl_all!(LockAsync<'static, Movable>: Send, Future<Output = MutexGuard<'static, Movable>>);
assert_impl_all!(LockAsync<'static, [Movable]>: Send, Future);
assert_impl_all!(LockAsync<'static, Opaque>: Debug);
assert_not_impl_any!(LockAsync<'static, Fixed>: Send, Sync);
assert_not_impl_any!(LockAsync<'static, Shared>: Send, Sync);
assert_not_impl_any!(LockAsync<'static, u8>: Unpin, Clone);
assert_impl_all!(RawLockAsync<'static>: Send, Debug, Future<Output = ()>);
assert_not_impl_any!(RawLockAsync<'static>: Unpin, Clone);

assert_impl_all!(RawRwMutex: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_not_impl_any!(RawRwMutex: Clone);

macro_rules! rw_mutexes {
    ($($mutex:ident, [$($read:ident)*], [$($write:ident)*];)*) => {
        $(
            // The value moves from thread to thread, for writers, and is shared, for readers.
            assert_impl_all!($mutex<u8>: Send, Sync, Unpin, UnwindSafe, Default, Debug, From<u8>);
            assert_impl_all!($mutex<dyn Fn() + Send + Sync>: Send, Sync);
            assert_impl_all!($mutex<Movable>: Send);
            assert_not_impl_any!($mutex<Movable>: Sync);
            assert_not_impl_any!($mutex<Shared>: Send, Sync);
            assert_not_impl_any!($mutex<Fixed>: Send, Sync);
            assert_not_impl_any!($mutex<&'static Movable>: Send, Sync);
            assert_not_impl_any!($mutex<u8>: RefUnwindSafe);
            assert_not_impl_any!($mutex<Breakable>: UnwindSafe);
            assert_not_impl_any!($mutex<std::marker::PhantomPinned>: Unpin);
            assert_not_impl_any!($mutex<Opaque>: Debug, Default, Clone);
            // A reader's guard shares the value, wherever it is.
            $(
                assert_impl_all!($read<'static, [u8]>: Send, Sync);
                assert_impl_all!($read<'static, u8>: Debug, std::ops::Deref<Target = u8>);
                assert_impl_all!($read<'static, Shared>: Send, Sync);
                assert_not_impl_any!($read<'static, Movable>: Send, Sync);
                assert_not_impl_any!($read<'static, Fixed>: Send, Sync);
                assert_not_impl_any!($read<'static, u8>: std::ops::DerefMut, Clone);
                assert_not_impl_any!($read<'static, Opaque>: Debug);
            )*
            // A writer's moves it, and a reference to it shares the value.
            $(
                assert_impl_all!($write<'static, [u8]>: Send, Sync);
                assert_impl_all!($write<'static, u8>: Debug, std::ops::DerefMut<Target = u8>);
                assert_not_impl_any!($write<'static, Movable>: Sync);
                assert_impl_all!($write<'static, Shared>: Sync);
                assert_not_impl_any!($write<'static, Shared>: Send);
                assert_not_impl_any!($write<'static, Fixed>: Send, Sync);
                assert_not_impl_any!($write<'static, Opaque>: Debug, Clone);
            )*
        )*
    };
}

rw_mutexes! {
    RwMutex, [RwMutexReadGuard MappedRwMutexReadGuard], [RwMutexWriteGuard MappedRwMutexWriteGuard];
    ShardedRwMutex, [ShardedRwMutexReadGuard], [ShardedRwMutexWriteGuard];
}
// A downgrade shares the value with the threads that have the mutex.
assert_not_impl_any!(RwMutexWriteGuard<'static, Movable>: Send);
assert_impl_all!(MappedRwMutexWriteGuard<'static, Movable>: Send);
assert_impl_all!(ShardedRwMutexWriteGuard<'static, Movable>: Send);
assert_impl_all!(RwMutexReadGuard<'static, u8>: Display);
assert_impl_all!(RwMutexWriteGuard<'static, u8>: Display);

// One that owns a share may be the last to do so, and then it drops the value.
assert_impl_all!(ArcRwMutexReadGuard<u8>: Send, Sync, Unpin, Debug, Display, std::ops::Deref<Target = u8>);
assert_impl_all!(ArcRwMutexReadGuard<Shared>: Sync);
assert_not_impl_any!(ArcRwMutexReadGuard<Shared>: Send);
assert_not_impl_any!(ArcRwMutexReadGuard<Movable>: Send, Sync);
assert_not_impl_any!(ArcRwMutexReadGuard<Fixed>: Send, Sync);
assert_not_impl_any!(ArcRwMutexReadGuard<u8>: std::ops::DerefMut, Clone, UnwindSafe, RefUnwindSafe);
assert_impl_all!(ArcRwMutexWriteGuard<u8>: Send, Sync, Unpin, Debug, Display, std::ops::DerefMut<Target = u8>);
assert_impl_all!(ArcRwMutexWriteGuard<Shared>: Sync);
assert_not_impl_any!(ArcRwMutexWriteGuard<Shared>: Send);
assert_not_impl_any!(ArcRwMutexWriteGuard<Movable>: Send, Sync);
assert_not_impl_any!(ArcRwMutexWriteGuard<Fixed>: Send, Sync);
assert_not_impl_any!(ArcRwMutexWriteGuard<u8>: Clone, UnwindSafe, RefUnwindSafe);
assert_impl_all!(ReadArcAsync<u8>: Send, Debug, Future<Output = ArcRwMutexReadGuard<u8>>);
assert_impl_all!(WriteArcAsync<[u8]>: Send, Debug, Future);
assert_not_impl_any!(ReadArcAsync<Movable>: Send, Sync);
assert_not_impl_any!(WriteArcAsync<Movable>: Send, Sync);
assert_not_impl_any!(ReadArcAsync<u8>: Unpin, Clone);
assert_not_impl_any!(WriteArcAsync<u8>: Unpin, Clone);

assert_impl_all!(ReadAsync<'static, u8>: Send, Debug, Future<Output = RwMutexReadGuard<'static, u8>>);
assert_impl_all!(WriteAsync<'static, u8>: Send, Debug, Future<Output = RwMutexWriteGuard<'static, u8>>);
assert_impl_all!(ReadAsync<'static, [u8]>: Send, Future);
assert_impl_all!(WriteAsync<'static, Opaque>: Debug);
assert_not_impl_any!(ReadAsync<'static, Movable>: Send, Sync);
assert_not_impl_any!(WriteAsync<'static, Movable>: Send, Sync);
assert_not_impl_any!(ReadAsync<'static, Fixed>: Send, Sync);
assert_not_impl_any!(WriteAsync<'static, Fixed>: Send, Sync);
assert_not_impl_any!(ReadAsync<'static, u8>: Unpin, Clone);
assert_not_impl_any!(WriteAsync<'static, u8>: Unpin, Clone);
assert_impl_all!(RawReadAsync<'static>: Send, Debug, Future<Output = ()>);
assert_impl_all!(RawWriteAsync<'static>: Send, Debug, Future<Output = ()>);
assert_not_impl_any!(RawReadAsync<'static>: Unpin, Clone);
assert_not_impl_any!(RawWriteAsync<'static>: Unpin, Clone);
assert_impl_all!(WaitAsync<'static>: Send, Debug, Future<Output = ()>);
assert_not_impl_any!(WaitAsync<'static>: Unpin, Clone);

assert_impl_all!(Weighted: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(Weighted: Clone);
assert_impl_all!(Permit<'static>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(Permit<'static>: Clone);
assert_impl_all!(ArcPermit: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(ArcPermit: Clone);
assert_impl_all!(AcquireAsync<'static>: Send, Debug, Future<Output = ()>);
assert_not_impl_any!(AcquireAsync<'static>: Unpin, Clone);
assert_impl_all!(PermitAsync<'static>: Send, Debug, Future<Output = Permit<'static>>);
assert_not_impl_any!(PermitAsync<'static>: Unpin, Clone);
assert_impl_all!(PermitArcAsync: Send, Debug, Future<Output = ArcPermit>);
assert_not_impl_any!(PermitArcAsync: Unpin, Clone);

// They are statics, so nobody has one by value.
assert_impl_all!(gosync::package::Package: Send, Sync, RefUnwindSafe, Debug);
assert_impl_all!(gosync::package::Variable<u8>: Send, Sync, RefUnwindSafe, Debug, std::ops::Deref<Target = u8>);
assert_not_impl_any!(gosync::package::Variable<Movable>: Sync);
assert_not_impl_any!(gosync::package::Variable<Fixed>: Send, Sync);

macro_rules! words {
    ($($word:ident: $value:ty;)*) => {
        $(
            assert_impl_all!($word: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug, From<$value>);
            // A copy would be another one.
            assert_not_impl_any!($word: Clone, PartialEq);
        )*
    };
}

words! {
    Bool: bool;
    Int32: i32;
    Int64: i64;
    Uint32: u32;
    Uint64: u64;
    Uintptr: usize;
}
assert_impl_all!(ShardedCounter: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_impl_all!(PaddedCounters<3>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_not_impl_any!(ShardedCounter: Clone);
assert_not_impl_any!(PaddedCounters<3>: Clone);

// A value moves from thread to thread, and is never shared.
assert_impl_all!(Stack<Movable>: Send, Sync);
assert_not_impl_any!(Stack<Fixed>: Send, Sync);
assert_not_impl_any!(Stack<Shared>: Send, Sync);
assert_impl_all!(TakeAll<'static, Movable>: Send, Sync);
assert_not_impl_any!(TakeAll<'static, Fixed>: Send, Sync);
assert_not_impl_any!(TakeAll<'static, Shared>: Send, Sync);
assert_impl_all!(Stack<Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(TakeAll<'static, Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Stack<std::marker::PhantomPinned>: Unpin);
assert_impl_all!(TakeAll<'static, std::marker::PhantomPinned>: Unpin);
assert_impl_all!(Stack<Opaque>: Default, Debug, Extend<Opaque>, FromIterator<Opaque>);
assert_impl_all!(TakeAll<'static, Opaque>: Debug, FusedIterator);
assert_not_impl_any!(Stack<u8>: Clone);

// So does an item. The function that makes them is called by whoever needs one.
assert_impl_all!(Map<String, String>: Send, Sync, Default, Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Map<u8, Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Map<Movable, u8>: Send);
assert_impl_all!(Map<u8, Movable>: Send);
assert_impl_all!(Map<u8, u8, Movable>: Send);
assert_not_impl_any!(Map<Movable, u8>: Sync);
assert_not_impl_any!(Map<u8, Movable>: Sync);
assert_not_impl_any!(Map<u8, u8, Movable>: Sync);
assert_not_impl_any!(Map<Fixed, u8>: Send, Sync);
assert_not_impl_any!(Map<u8, Fixed>: Send, Sync);
assert_not_impl_any!(Map<u8, u8, Fixed>: Send, Sync);
assert_not_impl_any!(Map<u8, u8>: Clone);
assert_impl_all!(MapIter<'static, u8, u8>: Send, FusedIterator<Item = (u8, u8)>, Debug);
assert_not_impl_any!(MapIter<'static, u8, Movable>: Send);
assert_impl_all!(MapIntoIter<u8, Movable>: Send, FusedIterator<Item = (u8, Movable)>, Debug);
assert_not_impl_any!(MapIntoIter<u8, Fixed>: Send);
assert_impl_all!(Pool<Movable>: Send, Sync);
assert_not_impl_any!(Pool<Fixed>: Send, Sync);
assert_not_impl_any!(Pool<Shared>: Send, Sync);
assert_not_impl_any!(Pool<&'static Movable>: Send, Sync);
assert_impl_all!(Pool<u8, Movable>: Send);
assert_not_impl_any!(Pool<u8, Movable>: Sync);
assert_impl_all!(Pool<u8, Shared>: Sync);
assert_not_impl_any!(Pool<u8, Shared>: Send);
assert_impl_all!(Pooled<'static, u8>: Send, Sync);
assert_impl_all!(Pooled<'static, Movable>: Send);
assert_not_impl_any!(Pooled<'static, Movable>: Sync);
assert_not_impl_any!(Pooled<'static, Shared>: Send);
assert_not_impl_any!(Pooled<'static, Fixed>: Send, Sync);
// Nothing says of an item that it came back half changed.
assert_impl_all!(Pool<u8>: UnwindSafe);
assert_not_impl_any!(Pool<u8>: RefUnwindSafe);
assert_not_impl_any!(Pool<Breakable>: UnwindSafe);
assert_impl_all!(Pool<std::marker::PhantomPinned>: Unpin);
assert_impl_all!(Pool<Opaque>: Debug);
assert_impl_all!(Pool<u8>: Default);
assert_not_impl_any!(Pool<Opaque>: Default);
assert_impl_all!(Pooled<'static, u8>: Debug, std::ops::DerefMut<Target = u8>);
assert_not_impl_any!(Pool<u8>: Clone);
assert_not_impl_any!(Pooled<'static, u8>: Clone);

// What is loaded is shared, and dropped in any thread: as `Arc`.
assert_impl_all!(Value<u8>: Send, Sync);
assert_not_impl_any!(Value<Movable>: Send, Sync);
assert_not_impl_any!(Value<Shared>: Send, Sync);
assert_not_impl_any!(Value<Fixed>: Send, Sync);
assert_impl_all!(Pointer<dyn Fn() + Send + Sync>: Send, Sync);
assert_not_impl_any!(Pointer<Movable>: Send, Sync);
assert_not_impl_any!(Pointer<Shared>: Send, Sync);
assert_not_impl_any!(Pointer<dyn Fn() + Send>: Send, Sync);
assert_impl_all!(Reader<'static, u8>: Send, Sync);
assert_not_impl_any!(Reader<'static, Movable>: Send, Sync);
assert_not_impl_any!(Reader<'static, Shared>: Send, Sync);
assert_impl_all!(Value<u8>: UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(Value<Movable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Pointer<str>: UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(Pointer<Breakable>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Value<std::marker::PhantomPinned>: Unpin);
assert_impl_all!(Value<Opaque>: Default, From<Opaque>);
assert_impl_all!(Pointer<Opaque>: Default, From<std::sync::Arc<Opaque>>);
assert_impl_all!(Value<u8>: Debug);
assert_impl_all!(Pointer<[u8]>: Debug);
assert_impl_all!(Reader<'static, u8>: Debug);
// A copy would be another one.
assert_not_impl_any!(Value<u8>: Clone, PartialEq);
assert_not_impl_any!(Pointer<u8>: Clone, PartialEq);

// It has what was found, which is shared, and what was refused.
assert_impl_all!(CompareExchangeError<Opaque>: Debug, Display, Error, Send, Sync);
assert_impl_all!(CompareExchangeError<str>: Debug, Display, Error, Send, Sync, Unpin);
assert_impl_all!(CompareExchangeError<Opaque, Opaque>: Debug, Display, Error, Send, Sync);
assert_not_impl_any!(CompareExchangeError<Movable>: Send, Sync);
assert_not_impl_any!(CompareExchangeError<u8, Fixed>: Send, Sync);

assert_type_eq_all!(Value<u8>, gosync_atomic::Value<u8>);
assert_type_eq_all!(Pointer<str>, gosync_atomic::Pointer<str>);
assert_type_eq_all!(Stack<u8>, gosync::atomic::Stack<u8>);
assert_type_eq_all!(gosync::Once, gosync_once::Once);
assert_type_eq_all!(gosync::OnceFunc, gosync_once::OnceFunc);
assert_type_eq_all!(gosync::OnceValue<u8>, gosync_once::OnceValue<u8>);
assert_type_eq_all!(gosync::OnceValues<u8, u8>, gosync_once::OnceValues<u8, u8>);
assert_type_eq_all!(gosync::OncePanic, gosync_once::OncePanic);
assert_type_eq_all!(gosync::chan::Sender<u8>, gosync_chan::Sender<u8>);
assert_type_eq_all!(gosync::chan::Receiver<u8>, gosync_chan::Receiver<u8>);
assert_type_eq_all!(gosync::chan::Chan<u8>, gosync_chan::Chan<u8>);
assert_type_eq_all!(gosync::chan::SendError<u8>, gosync_chan::SendError<u8>);
assert_type_eq_all!(gosync::WaitGroup, gosync_waitgroup::WaitGroup);
assert_type_eq_all!(gosync::WaitAsync<'static>, gosync_waitgroup::WaitAsync<'static>);
assert_type_eq_all!(gosync::WaitTimeoutError, gosync_waitgroup::WaitTimeoutError);

// As std's.
assert_impl_all!(JoinHandle<Movable>: Send, Sync, Unpin, Debug, Into<std::thread::JoinHandle<Movable>>);
assert_impl_all!(JoinHandle<Fixed>: Send, Sync);
assert_impl_all!(JoinHandle<Opaque>: Debug);
assert_not_impl_any!(JoinHandle<u8>: Clone, UnwindSafe, RefUnwindSafe);
assert_impl_all!(std::thread::JoinHandle<Fixed>: Send, Sync, Unpin, Debug);
assert_not_impl_any!(std::thread::JoinHandle<u8>: Clone, UnwindSafe, RefUnwindSafe);

/// What the assertion above is for: no wrapper is needed to catch a panic around a channel.
#[test]
fn handles_cross_a_caught_panic() {
    let (tx, rx) = gosync::chan::bounded::<Box<Cell<u8>>>(1);
    let by_reference = &tx;
    catch_unwind(move || {
        by_reference.send(Box::new(Cell::new(1))).unwrap();
        panic!("expected by this test");
    })
    .unwrap_err();
    let received = catch_unwind(|| rx.recv().unwrap().get());
    assert_eq!(received.unwrap(), 1);
}

/// Handles work through references, boxes and wrappers, and in generic code without bounds on the value.
#[test]
fn handles_work_through_wrappers() {
    struct Wrapped<T>(Receiver<T>);
    impl<T> std::ops::Deref for Wrapped<T> {
        type Target = Receiver<T>;
        fn deref(&self) -> &Receiver<T> {
            &self.0
        }
    }
    fn relay<T>(value: T) -> T {
        let (tx, rx) = gosync::chan::bounded(1);
        let (tx, rx) = (Box::new(tx), Wrapped(rx));
        assert!(AssertUnwindSafe(&*tx).send(value).is_ok());
        rx.recv().unwrap()
    }
    let local = Rc::new(Cell::new(5));
    assert!(Rc::ptr_eq(&relay(Rc::clone(&local)), &local));
    assert_eq!(*relay(&mut 7), 7);
}
