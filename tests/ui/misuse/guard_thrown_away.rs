//! A guard or a permit that nobody keeps locks nothing.

#![deny(unused_must_use)]

use std::sync::Arc;
use std::time::Duration;

use gosync::semaphore::Weighted;
use gosync::{Mutex, RwMutex, ShardedRwMutex};

fn main() {
    let mutex = Arc::new(Mutex::new(1));
    mutex.lock();
    mutex.try_lock();
    mutex.lock_timeout(Duration::ZERO);
    mutex.try_lock_arc();
    RwMutex::new(1).try_write();
    ShardedRwMutex::new(1).read_timeout(Duration::ZERO);
    Weighted::new(1).try_permit(1);
}
