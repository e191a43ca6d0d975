//! Go's own tests of channels, `WaitGroup`, `Once`, `Mutex` and atomics, written anew under Go's names.
//!
//! "Select" and "timers": needs what does not exist yet. "n/a": has no counterpart, and why.
//!
//! | `src/runtime/chan_test.go` | here |
//! | --- | --- |
//! | `TestChan` | `chan::test_chan_*`, one test per part, capacities 0 to 19 |
//! | `TestNonblockRecvRace` | `chan::test_nonblock_recv_race` |
//! | `TestNonblockSelectRace`, `TestNonblockSelectRace2` | select |
//! | `TestSelfSelect`, `TestSelectStress`, `TestSelectFairness` | select |
//! | `TestChanSendInterface` | `chan::test_chan_send_interface`; its select with two cases: select |
//! | `TestPseudoRandomSend`, `TestSelectDuplicateChannel` | select |
//! | `TestMultiConsumer` | `chan::test_multi_consumer` |
//! | `TestShrinkStackDuringBlockedSend`, `TestNoShrinkStackWhileParking`, `TestSelectStackAdjust` | n/a: no stack moves |
//! | `TestChanSendBarrier` of `chanbarrier_test.go` | `chanbarrier::test_chan_send_barrier` |
//! | `TestChanSendSelectBarrier` | select |
//! | `TestChan` of the compiler's test data | `chan::test_chan_nil_len_cap` |
//! | the benchmarks | in `benches/` |
//!
//! | `test/chan/`, `test/ken/`, `test/*.go` | here |
//! | --- | --- |
//! | `doubleselect.go`, `select.go`, `select2.go`, `select4.go` to `select8.go` | select |
//! | `select3.go` | `select3::*`; the rows with a select of several cases: select |
//! | `fifo.go` | `programs::fifo_async`, `programs::fifo_sync` |
//! | `goroutines.go` | `programs::goroutines`, with 1,000 threads |
//! | `nonblock.go` | `programs::nonblock` |
//! | `perm.go` | n/a: directions are types here, so a wrong one is a method that does not exist |
//! | `sendstmt.go` | `programs::sendstmt`, a channel of channels; the rest n/a: syntax |
//! | `sieve1.go` | `programs::sieve1` |
//! | `sieve2.go`, `powser1.go`, `powser2.go` | select |
//! | `zerosize.go` | `programs::zerosize` |
//! | `ken/chan.go` | `ken::ken_chan`; its selecting senders and receivers: select |
//! | `ken/chan1.go` | `ken::ken_chan1` |
//! | `closedchan.go` | `closedchan::*`; its select with several cases: select |
//! | `chancap.go` | `programs::chancap` |
//! | `chanlinear.go` | select |
//! | `typeparam/chans.go` | `typeparam::*`; `Merge`: select; contexts: closes instead |
//!
//! | `src/sync/waitgroup_test.go` | here |
//! | --- | --- |
//! | `TestWaitGroup` | `waitgroup::test_wait_group` |
//! | `TestWaitGroupMisuse` | `waitgroup::test_wait_group_misuse` |
//! | `TestWaitGroupRace` | `waitgroup::test_wait_group_race` |
//! | `TestWaitGroupAlign` | `waitgroup::test_wait_group_align` |
//! | `TestWaitGroupGo` | `waitgroup::test_wait_group_go` |
//! | `TestIssue76126` | `waitgroup::test_issue_76126` |
//! | the benchmarks | in `benches/` |
//!
//! | `src/sync/once_test.go`, `src/sync/oncefunc_test.go` | here |
//! | --- | --- |
//! | `TestOnce`, `TestOncePanic` | `once::test_once`, `once::test_once_panic` |
//! | `TestOnceFunc`, `TestOnceValue`, `TestOnceValues` | `once::test_once_func`, `_value`, `_values` |
//! | `TestOnceFuncPanic`, `TestOnceValuePanic`, `TestOnceValuesPanic` | `once::test_once_func_panic`, `_value_`, `_values_` |
//! | `TestOnceFuncPanicNil` | `once::test_once_func_panic_nil`, with a payload that says nothing |
//! | `TestOnceFuncGoexit` | `once::test_once_func_goexit`, with a panic that says nothing |
//! | `TestOnceFuncPanicTraceback` | `once::test_once_func_panic_traceback`, with the panic hook |
//! | `TestOnceXGC` | `once::test_once_x_gc`: the function is dropped |
//! | the benchmarks | not yet |
//!
//! | `src/sync/mutex_test.go` | here |
//! | --- | --- |
//! | `TestSemaphore` | n/a: the runtime's semaphore has no counterpart; what stands in its place, a table of queues, has unit tests |
//! | `TestMutex` | `mutex::test_mutex`, without and with data |
//! | `TestMutexMisuse` | `mutex::test_mutex_misuse`, with a panic instead of the end; its cases of `RWMutex`: needs that |
//! | `TestMutexFairness` | `mutex::test_mutex_fairness` |
//! | the benchmarks | not yet |
//!
//! | `src/runtime/lfstack_test.go` | here |
//! | --- | --- |
//! | `TestLFStack` | `lfstack::test_lf_stack` |
//! | `TestLFStackStress` | `lfstack::test_lf_stack_stress` |
//!
//! | `src/sync/rwmutex_test.go`, `src/sync/cond_test.go` | here |
//! | --- | --- |
//! | all of `rwmutex_test.go` | needs `RWMutex`, which is not there yet |
//! | all of `cond_test.go` | needs `Cond`, which is not there yet |
//!
//! | `src/sync/atomic/` | here |
//! | --- | --- |
//! | `TestSwapInt32` and its like, `Swap`, `Add`, `And`, `Or`, `CompareAndSwap`, `Load`, `Store` | `atomic::{int32, int64, uint32, uint64, uintptr}::test_*`; `..Method` is the same here |
//! | the same of `Pointer` | `value::test_*_pointer`, `value::test_hammer_pointer`, `value::test_hammer_store_load_pointer` |
//! | `TestHammer32`, `TestHammer64` | `atomic::test_hammer32`, `_64` |
//! | `TestHammerStoreLoad` | `atomic::test_hammer_store_load` |
//! | `TestStoreLoadSeqCst32`, `64` | `atomic::test_store_load_seq_cst32`, `64` |
//! | `TestStoreLoadRelAcq32`, `64` | `atomic::test_store_load_rel_acq32`, `64` |
//! | `TestAutoAligned64` | `atomic::test_auto_aligned64` |
//! | `TestUnaligned64` | n/a: the types are aligned |
//! | `TestNilDeref` | n/a: no nil; what it asks of `Bool` is `atomic::test_bool` |
//! | `TestValue`, `TestValueLarge`, `TestValueConcurrent` | `value::test_value`, `_large`, `_concurrent` |
//! | `TestValue_Swap`, `TestValueSwapConcurrent` | `value::test_value_swap`, `_concurrent` |
//! | `TestValue_CompareAndSwap`, `TestValueCompareAndSwapConcurrent` | `value::test_value_compare_and_swap`, `_concurrent` |
//! | `TestValuePanic`, and the cases of those two that panic | n/a: nil and values of another type are no values of `T` |
//! | the benchmarks | not yet |

mod atomic;
mod chan;
mod chanbarrier;
mod closedchan;
mod ken;
mod lfstack;
mod mutex;
mod once;
mod programs;
mod select3;
mod typeparam;
mod value;
mod waitgroup;
#[path = "../stress/watchdog.rs"]
mod watchdog;

use std::ops::Range;
use std::thread;
use std::time::Duration;

/// The capacities of `TestChan` (the short run).
fn capacities() -> Range<usize> {
    0..20
}

/// Lets other threads come as far as where they block. No verdict depends on whether they do.
fn settle() {
    thread::sleep(Duration::from_millis(1));
}
