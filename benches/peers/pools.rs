//! The pools under test, behind one trait. To add one: implement [`Pool`], and name it in [`visit`].

use crossbeam_queue::{ArrayQueue, SegQueue};

/// What is pooled.
pub type Buffer = Box<[u8; 64]>;

/// How many buffers are kept, where that has to be said.
const KEPT: usize = 128;

/// Buffers that are used again.
pub trait Pool: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// Whether it makes and keeps items by itself. If not, it is a reference.
    const IS_POOL: bool = true;

    /// One without buffers.
    fn new() -> Self;

    /// Gets a buffer, has it used, and puts it back.
    fn use_one(&self, f: impl FnOnce(&mut Buffer));
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<P: Pool>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<gosync::Pool<Buffer>>();
    visitor.visit::<object_pool::Pool<Buffer>>();
    visitor.visit::<opool::Pool<Make, Buffer>>();
    visitor.visit::<std::sync::Mutex<Vec<Buffer>>>();
    visitor.visit::<ArrayQueue<Buffer>>();
    visitor.visit::<SegQueue<Buffer>>();
    visitor.visit::<Allocator>();
}

fn buffer() -> Buffer {
    Box::new([0; 64])
}

impl Pool for gosync::Pool<Buffer> {
    const NAME: &'static str = "gosync";

    fn new() -> Self {
        gosync::Pool::new(buffer)
    }

    #[inline(always)]
    fn use_one(&self, f: impl FnOnce(&mut Buffer)) {
        f(&mut self.get());
    }
}

impl Pool for object_pool::Pool<Buffer> {
    const NAME: &'static str = "object-pool";

    fn new() -> Self {
        object_pool::Pool::from_vec(Vec::new())
    }

    #[inline(always)]
    fn use_one(&self, f: impl FnOnce(&mut Buffer)) {
        f(&mut self.pull(buffer));
    }
}

/// Makes buffers for `opool`.
#[derive(Debug)]
pub struct Make;

impl opool::PoolAllocator<Buffer> for Make {
    #[inline(always)]
    fn allocate(&self) -> Buffer {
        buffer()
    }
}

impl Pool for opool::Pool<Make, Buffer> {
    const NAME: &'static str = "opool";

    fn new() -> Self {
        opool::Pool::new(KEPT, Make)
    }

    #[inline(always)]
    fn use_one(&self, f: impl FnOnce(&mut Buffer)) {
        f(&mut self.get());
    }
}

impl Pool for std::sync::Mutex<Vec<Buffer>> {
    const NAME: &'static str = "std-Mutex-Vec";
    const IS_POOL: bool = false;

    fn new() -> Self {
        std::sync::Mutex::default()
    }

    #[inline(always)]
    fn use_one(&self, f: impl FnOnce(&mut Buffer)) {
        let found = self.lock().expect("no panic").pop();
        let mut buffer = found.unwrap_or_else(buffer);
        f(&mut buffer);
        self.lock().expect("no panic").push(buffer);
    }
}

impl Pool for ArrayQueue<Buffer> {
    const NAME: &'static str = "crossbeam-ArrayQueue";
    const IS_POOL: bool = false;

    fn new() -> Self {
        ArrayQueue::new(KEPT)
    }

    #[inline(always)]
    fn use_one(&self, f: impl FnOnce(&mut Buffer)) {
        let mut buffer = self.pop().unwrap_or_else(buffer);
        f(&mut buffer);
        drop(self.push(buffer));
    }
}

impl Pool for SegQueue<Buffer> {
    const NAME: &'static str = "crossbeam-SegQueue";
    const IS_POOL: bool = false;

    fn new() -> Self {
        SegQueue::new()
    }

    #[inline(always)]
    fn use_one(&self, f: impl FnOnce(&mut Buffer)) {
        let mut buffer = self.pop().unwrap_or_else(buffer);
        f(&mut buffer);
        self.push(buffer);
    }
}

/// No pool at all: what a buffer costs without.
#[derive(Debug)]
pub struct Allocator;

impl Pool for Allocator {
    const NAME: &'static str = "no-pool";
    const IS_POOL: bool = false;

    fn new() -> Self {
        Allocator
    }

    #[inline(always)]
    fn use_one(&self, f: impl FnOnce(&mut Buffer)) {
        f(&mut std::hint::black_box(buffer()));
    }
}
