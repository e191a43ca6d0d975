// The one place in gosync that hangs on a SeqCst fence: the table of sleepers with a deadline, where the system has none
// (atomic/src/sys/native/futex/timed.rs). Native only, so loom does not see it; and loom's model of SeqCst is not what
// one would want to rest it on. Relacy checks C++11 atomics, fences of that kind included.
//
// A sleeper counts itself, fences, takes the mutex, looks at the word, and sleeps if it is unchanged. A waker changes the
// word, fences, looks at the count, and if there is anybody takes the mutex, leaves it and notifies. Nobody may sleep on.
//
//   FENCE=0   neither fences         must fail: both look before either has written
//   FENCE=1   only the sleeper       must fail
//   FENCE=2   only the waker         must fail
//   FENCE=3   both, as shipped
//   UNLOCKED  the waker notifies without having taken the mutex: must fail, between the sleeper's look and its sleep
#include <relacy/relacy.hpp>

#ifndef FENCE
#define FENCE 3
#endif

struct table : rl::test_suite<table, 2> {
    rl::atomic<unsigned> word;
    rl::atomic<unsigned> sleepers;
    rl::mutex mutex;
    rl::condition_variable_any changed;
    // What the primitive above the futex publishes with the word; its own orderings are not the question here.
    rl::var<int> data;

    void before() {
        word($) = 0;
        sleepers($) = 0;
        data($) = 0;
    }

    void sleeper() {
        // As the primitives do: wait returns, the word is looked at again.
        while (word($).load(rl::mo_acquire) == 0) {
            sleepers($).fetch_add(1, rl::mo_relaxed);
            if (FENCE & 1)
                rl::atomic_thread_fence(rl::mo_seq_cst, $);
            mutex.lock($);
            if (word($).load(rl::mo_relaxed) == 0)
                changed.wait(mutex, $);
            mutex.unlock($);
            sleepers($).fetch_sub(1, rl::mo_relaxed);
        }
        RL_ASSERT(data($) == 7);
    }

    void waker() {
        data($) = 7;
        word($).exchange(1, rl::mo_release);
        if (FENCE & 2)
            rl::atomic_thread_fence(rl::mo_seq_cst, $);
        if (sleepers($).load(rl::mo_relaxed) != 0) {
#ifndef UNLOCKED
            mutex.lock($);
            mutex.unlock($);
#endif
            changed.notify_all($);
        }
    }

    void thread(unsigned index) {
        if (index == 0)
            sleeper();
        else
            waker();
    }
};

int main() {
    rl::test_params params;
    params.search_type = rl::sched_full;
    params.iteration_count = 10000000;
    params.execution_depth_limit = 500;
    return rl::simulate<table>(params) ? 0 : 1;
}
