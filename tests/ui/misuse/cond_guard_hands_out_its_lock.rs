//! A guard may be shared where its lock may not, so nobody gets the lock from it.

use gosync::CondGuard;

fn lock<G: CondGuard>(guard: &G) -> G::Lock {
    guard.handle()
}

fn main() {}
