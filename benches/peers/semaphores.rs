//! The semaphores under test, behind one trait.

use std::sync::{Condvar, Mutex};

use gosync::context::Context;
use gosync::semaphore::Weighted;

/// A number of permits.
pub trait Semaphore: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// Whether a thread can wait for permits.
    const SLEEPS: bool;

    /// So many.
    fn new(size: usize) -> Self;

    /// Does something with so many of them.
    fn with<R>(&self, n: usize, work: impl FnOnce() -> R) -> R;

    /// Does it if that needs no waiting.
    fn try_with<R>(&self, n: usize, work: impl FnOnce() -> R) -> Option<R>;
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<S: Semaphore>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<Gosync>();
    visitor.visit::<Std>();
    visitor.visit::<Tokio>();
}

/// Ours.
#[derive(Debug)]
pub struct Gosync(Weighted);

static BACKGROUND: Context = Context::background();

impl Semaphore for Gosync {
    const NAME: &'static str = "gosync";
    const SLEEPS: bool = true;

    fn new(size: usize) -> Gosync {
        Gosync(Weighted::new(size))
    }

    #[inline(always)]
    fn with<R>(&self, n: usize, work: impl FnOnce() -> R) -> R {
        let _permit = self.0.permit(&BACKGROUND, n).expect("this context never ends");
        work()
    }

    #[inline(always)]
    fn try_with<R>(&self, n: usize, work: impl FnOnce() -> R) -> Option<R> {
        let _permit = self.0.try_permit(n)?;
        Some(work())
    }
}

/// What one writes with std alone. In no order: large requests may starve.
#[derive(Debug)]
pub struct Std {
    free: Mutex<usize>,
    more: Condvar,
}

impl Std {
    fn give(&self, n: usize) {
        *self.free.lock().expect("nobody panics with it") += n;
        self.more.notify_all();
    }
}

impl Semaphore for Std {
    const NAME: &'static str = "std";
    const SLEEPS: bool = true;

    fn new(size: usize) -> Std {
        Std { free: Mutex::new(size), more: Condvar::new() }
    }

    #[inline(always)]
    fn with<R>(&self, n: usize, work: impl FnOnce() -> R) -> R {
        let free = self.free.lock().expect("nobody panics with it");
        let mut free = self.more.wait_while(free, |free| *free < n).expect("nobody panics with it");
        *free -= n;
        drop(free);
        let done = work();
        self.give(n);
        done
    }

    #[inline(always)]
    fn try_with<R>(&self, n: usize, work: impl FnOnce() -> R) -> Option<R> {
        let mut free = self.free.lock().expect("nobody panics with it");
        *free = free.checked_sub(n)?;
        drop(free);
        let done = work();
        self.give(n);
        Some(done)
    }
}

/// tokio's, which only tasks can wait for.
#[derive(Debug)]
pub struct Tokio(tokio::sync::Semaphore);

impl Semaphore for Tokio {
    const NAME: &'static str = "tokio";
    const SLEEPS: bool = false;

    fn new(size: usize) -> Tokio {
        Tokio(tokio::sync::Semaphore::new(size))
    }

    #[inline(always)]
    fn with<R>(&self, n: usize, work: impl FnOnce() -> R) -> R {
        self.try_with(n, work).expect("there are enough")
    }

    #[inline(always)]
    fn try_with<R>(&self, n: usize, work: impl FnOnce() -> R) -> Option<R> {
        let _permit = self.0.try_acquire_many(n as u32).ok()?;
        Some(work())
    }
}
