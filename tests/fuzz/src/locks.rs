//! An `RwMutex` and a semaphore, against a model: tries, deadlines that have passed, downgrades, drops in any order.

use std::time::Duration;

use gosync::semaphore::{Permit, Weighted};
use gosync::{RwMutex, RwMutexReadGuard, RwMutexWriteGuard};

use crate::Input;

const SIZE: usize = 4;
const SLOTS: usize = 6;

#[derive(Default)]
enum Held<'a> {
    #[default]
    Nothing,
    Read(RwMutexReadGuard<'a, u32>),
    Write(RwMutexWriteGuard<'a, u32>),
    Permit(Permit<'a>),
}

/// What the lock and the semaphore should be.
#[derive(Default)]
struct Model {
    readers: usize,
    is_written: bool,
    value: u32,
    taken: usize,
}

impl Model {
    fn release(&mut self, held: &Held<'_>) {
        match held {
            Held::Nothing => {}
            Held::Read(guard) => {
                assert_eq!(**guard, self.value);
                self.readers -= 1;
            }
            Held::Write(_) => self.is_written = false,
            Held::Permit(permit) => self.taken -= permit.count(),
        }
    }
}

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (lock, semaphore) = (&RwMutex::new(0), &Weighted::new(SIZE));
    let mut slots: [Held<'_>; SLOTS] = Default::default();
    let mut model = Model::default();
    let mut next = 0;
    while !input.is_over() {
        let at = input.below(SLOTS);
        next += 1;
        // Whatever was there goes first.
        let old = std::mem::take(&mut slots[at]);
        match (input.below(10), old) {
            (0..3, Held::Write(guard)) => {
                model.is_written = false;
                model.readers = 1;
                let guard = RwMutexWriteGuard::downgrade(guard);
                assert_eq!(*guard, model.value);
                slots[at] = Held::Read(guard);
            }
            (operation, old) => {
                model.release(&old);
                drop(old);
                slots[at] = take(lock, semaphore, operation, &mut model, next, &mut input);
            }
        }
        assert_eq!(lock.try_write().is_some(), model.readers == 0 && !model.is_written);
        assert_eq!(lock.try_read().is_some(), !model.is_written);
        let rest = SIZE - model.taken;
        assert!(rest == 0 || semaphore.try_permit(rest).is_some());
        assert!(semaphore.try_permit(rest + 1).is_none());
    }
    drop(slots);
    assert!(lock.try_write().is_some() && semaphore.try_acquire(SIZE));
}

fn take<'a>(
    lock: &'a RwMutex<u32>,
    semaphore: &'a Weighted,
    operation: usize,
    model: &mut Model,
    next: u32,
    input: &mut Input<'_>,
) -> Held<'a> {
    match operation {
        0..4 => {
            let guard = if operation == 0 { lock.read_timeout(Duration::ZERO) } else { lock.try_read() };
            assert_eq!(guard.is_some(), !model.is_written);
            let Some(guard) = guard else { return Held::Nothing };
            assert_eq!(*guard, model.value);
            model.readers += 1;
            Held::Read(guard)
        }
        4..6 => {
            let guard = if operation == 4 { lock.write_timeout(Duration::ZERO) } else { lock.try_write() };
            assert_eq!(guard.is_some(), model.readers == 0 && !model.is_written);
            let Some(mut guard) = guard else { return Held::Nothing };
            assert_eq!(*guard, model.value);
            *guard = next;
            model.value = next;
            model.is_written = true;
            Held::Write(guard)
        }
        6..9 => {
            let n = input.below(SIZE + 2);
            let permit =
                if operation == 6 { semaphore.permit_timeout(n, Duration::ZERO) } else { semaphore.try_permit(n) };
            assert_eq!(permit.is_some(), model.taken + n <= SIZE);
            let Some(permit) = permit else { return Held::Nothing };
            model.taken += n;
            Held::Permit(permit)
        }
        _ => Held::Nothing,
    }
}
