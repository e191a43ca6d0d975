//! What gosync's benches share: the implementations that they compare (`peers`), what they do with them (`scenarios`),
//! and what measures and reports (`harness`).
//!
//! | target | what it tells | run it with |
//! | --- | --- | --- |
//! | `compare` | time, CPU time and allocations beside the peers, interleaved | `cargo bench -p gosync-benches --bench compare` |
//! | `latency` | how long a message takes to a thread that waits | `cargo bench -p gosync-benches --bench latency` |
//! | `hog` | how long a lock keeps a thread waiting | `cargo bench -p gosync-benches --bench hog` |
//! | `stopped` | how long a stack keeps a thread waiting for one that is stopped (Linux) | `cargo bench -p gosync-benches --bench stopped` |
//! | `futex-calls` | sleeps and wake-ups per 1,000 operations (Linux) | `cargo bench -p gosync-benches --bench futex-calls` |
//! | `costs` | instructions and locked instructions per operation; fails if ours grow | `cargo bench -p gosync-benches --bench costs` |
//! | `instructions.sh` | instructions per operation: exact, whatever else the machine does | `benches/instructions.sh` |
//! | `false_sharing`, `stack`, `value` | the same scenarios under criterion: distributions, HTML reports | `cargo bench -p gosync-benches --bench stack` |
//! | `plot` | those over the number of threads, as SVG | `cargo bench -p gosync-benches --bench plot` |
//! | `channel`, `waitgroup` | statistics of the uncontended paths, for before and after | `cargo bench -p gosync-benches --bench channel` |
//!
//! Where a `go` is on the path, or named in `GOSYNC_GO`, `compare` has Go beside the channels: `go/` is the program.

pub mod harness;
pub mod peers;
pub mod scenarios;
