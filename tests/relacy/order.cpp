// `atomic.total-order` with the accesses that are shipped: one SeqCst operation each (atomic/src/sys/native/sc.rs). loom has
// no such accesses, and its models put fences around weaker ones; Relacy has them.
//
//   ORDER=rl::mo_seq_cst   as shipped
//   ORDER=rl::mo_acq_rel   must fail; loads acquire and stores release then
#include <relacy/relacy.hpp>

#ifndef ORDER
#define ORDER rl::mo_seq_cst
#endif

static const bool weak = ORDER != rl::mo_seq_cst;
static const rl::memory_order load_order = weak ? rl::mo_acquire : rl::mo_seq_cst;
static const rl::memory_order store_order = weak ? rl::mo_release : rl::mo_seq_cst;

// Each of two threads writes its own word and reads the other's: not both read what was there before.
template <int Kind> struct store_buffering : rl::test_suite<store_buffering<Kind>, 2> {
    rl::atomic<int> words[2];
    int seen[2];

    void before() {
        words[0]($) = 0;
        words[1]($) = 0;
    }

    void thread(unsigned me) {
        // By the operations that Go has: a store, a swap, an addition.
        if (Kind == 0)
            words[me]($).store(1, store_order);
        else if (Kind == 1)
            words[me]($).exchange(1, ORDER);
        else
            words[me]($).fetch_add(1, ORDER);
        seen[me] = words[1 - me]($).load(load_order);
    }

    void after() { RL_ASSERT(seen[0] || seen[1]); }
};

// Two threads write a word each; two others read both, in opposite orders: they do not disagree about which was first.
struct independent_reads : rl::test_suite<independent_reads, 4> {
    rl::atomic<int> words[2];
    bool first[2];

    void before() {
        words[0]($) = 0;
        words[1]($) = 0;
        first[0] = first[1] = false;
    }

    void thread(unsigned index) {
        if (index < 2) {
            words[index]($).store(1, store_order);
        } else {
            unsigned me = index - 2;
            int mine = words[me]($).load(load_order);
            int others = words[1 - me]($).load(load_order);
            first[me] = mine == 1 && others == 0;
        }
    }

    void after() { RL_ASSERT(!(first[0] && first[1])); }
};

int main() {
    rl::test_params params;
    params.search_type = rl::sched_full;
    params.iteration_count = 10000000;
    // All pass, or with the weaker ordering all fail.
    bool as_expected = true;
    as_expected = rl::simulate<store_buffering<0> >(params) != weak && as_expected;
    as_expected = rl::simulate<store_buffering<1> >(params) != weak && as_expected;
    as_expected = rl::simulate<store_buffering<2> >(params) != weak && as_expected;
    as_expected = rl::simulate<independent_reads>(params) != weak && as_expected;
    return as_expected ? 0 : 1;
}
