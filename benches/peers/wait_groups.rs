//! The wait groups under test, behind one trait. To add one: implement [`WaitGroup`], and name it in [`visit`].

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// A wait group.
pub trait WaitGroup: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// One without tasks.
    fn new() -> Self;

    /// Begins a task and ends it.
    fn add_done(&self);

    /// Begins the only task.
    fn add(&self);

    /// Ends the only task.
    fn done(&self);

    /// Waits for the only task; by the thread that begins it.
    fn wait(&self);

    /// Starts so many threads and waits until all have ended their tasks, in which they do nothing.
    fn go_and_wait(self: &Arc<Self>, tasks: usize);
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<W: WaitGroup>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<gosync::WaitGroup>();
    visitor.visit::<Crossbeam>();
    visitor.visit::<Counter>();
}

impl WaitGroup for gosync::WaitGroup {
    const NAME: &'static str = "gosync";

    #[inline(always)]
    fn new() -> gosync::WaitGroup {
        gosync::WaitGroup::new()
    }

    #[inline(always)]
    fn add_done(&self) {
        self.add(1);
        self.done();
    }

    #[inline(always)]
    fn add(&self) {
        self.add(1);
    }

    #[inline(always)]
    fn done(&self) {
        self.done();
    }

    #[inline(always)]
    fn wait(&self) {
        self.wait();
    }

    fn go_and_wait(self: &Arc<gosync::WaitGroup>, tasks: usize) {
        (0..tasks).for_each(|_| self.go(|| ()));
        self.wait();
    }
}

/// crossbeam-utils'. A clone is a task and its drop the task's end; who waits gives up his own, so that a group serves for
/// one wait. So `add` makes a new one each time and leaves the task's clone where `done` finds it.
#[derive(Debug, Default)]
pub struct Crossbeam {
    /// Never waited for.
    idle: crossbeam_utils::sync::WaitGroup,
    waiter: Mutex<Option<crossbeam_utils::sync::WaitGroup>>,
    task: Mutex<Option<crossbeam_utils::sync::WaitGroup>>,
}

impl WaitGroup for Crossbeam {
    const NAME: &'static str = "crossbeam";

    fn new() -> Crossbeam {
        Crossbeam::default()
    }

    #[inline(always)]
    fn add_done(&self) {
        drop(self.idle.clone());
    }

    fn add(&self) {
        let group = crossbeam_utils::sync::WaitGroup::new();
        *self.task.lock().expect("no panic") = Some(group.clone());
        *self.waiter.lock().expect("no panic") = Some(group);
    }

    fn done(&self) {
        let task = self.task.lock().expect("no panic").take();
        drop(task);
    }

    fn wait(&self) {
        let waiter = self.waiter.lock().expect("no panic").take();
        waiter.expect("the task was begun").wait();
    }

    fn go_and_wait(self: &Arc<Crossbeam>, tasks: usize) {
        let group = crossbeam_utils::sync::WaitGroup::new();
        for _ in 0..tasks {
            let group = group.clone();
            thread::spawn(move || drop(group));
        }
        group.wait();
    }
}

/// What std offers: a counter under a mutex, with a condition variable.
#[derive(Debug, Default)]
pub struct Counter {
    count: Mutex<usize>,
    zero: Condvar,
}

impl Counter {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().expect("no panic")
    }
}

impl WaitGroup for Counter {
    const NAME: &'static str = "mutex+condvar";

    fn new() -> Counter {
        Counter::default()
    }

    #[inline(always)]
    fn add_done(&self) {
        self.add();
        self.done();
    }

    #[inline(always)]
    fn add(&self) {
        *self.lock() += 1;
    }

    #[inline(always)]
    fn done(&self) {
        let mut count = self.lock();
        *count -= 1;
        if *count == 0 {
            self.zero.notify_all();
        }
    }

    fn wait(&self) {
        drop(self.zero.wait_while(self.lock(), |count| *count != 0));
    }

    fn go_and_wait(self: &Arc<Counter>, tasks: usize) {
        for _ in 0..tasks {
            self.add();
            let counter = Arc::clone(self);
            thread::spawn(move || counter.done());
        }
        self.wait();
    }
}
