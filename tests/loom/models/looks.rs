//! Who finds a lock taken looks again before it sleeps. In models it looks no more, as a rule, for what is correct without is correct; but
//! then nobody ever finds at a second look what it did not at the first. Here everybody looks once more.

use gosync::RwMutex;
use gosync_atomic::__sys::control::look_again;
use loom::sync::Arc;

use super::lanes::{laned, lock_of, send_then_look, tasks, two_receivers, two_senders};
use super::mutex::{ORDER, sections};
use super::rwmutex::{increments, reads};
use super::semaphore::{free, in_section, one, section};
use crate::model::{Model, Verdict, fails, holds};
use crate::plain::Plain;

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const KTH: &str = "chan.kth-recv-before-(k+C)th-send-complete";
const TRANSFER: &str = "chan.value-transfer";
const RW: &str = "rw.n-unlock-before-m-lock";
const SEMAPHORE: &str = "semaphore.release-before-acquire";

pub(crate) fn models() -> Vec<Model> {
    let in_lanes = [
        holds(SEND_BEFORE_RECV, "looks: lanes, unbounded", || {
            again(|| send_then_look(laned(usize::MAX, || ()), true));
        })
        .bound(3)
        .reaches(&["lanes.unchanged"]),
        holds(KTH, "looks: lanes, as a lock", || again(|| lock_of(1))).bound(2).reaches(&["lane.leave"]),
        fails(KTH, "looks: lanes, as a lock, cap 2", Verdict::Race, || again(|| lock_of(2))).bound(2),
        holds(SEND_BEFORE_RECV, "looks: lanes, tasks", || again(tasks)).bound(2).reaches(&["lane.leave"]),
        holds(TRANSFER, "looks: lanes, two senders", || again(two_senders)).bound(2).reaches(&["lane.look-again"]),
        holds(TRANSFER, "looks: lanes, two receivers", || again(two_receivers))
            .bound(2)
            .pinged()
            .reaches(&["lane.look-again"])
            .witnesses(&["one each"]),
    ];
    let others = [
        holds(ORDER, "looks: two threads, twice", || again(|| sections(2, 2)))
            .bound(3)
            .reaches(&["mutex.take.look", "mutex.front.take"]),
        holds(ORDER, "looks: three threads", || again(|| sections(3, 1))).bound(2).reaches(&["mutex.take.look"]),
        holds(RW, "looks: two writers and a reader", || {
            again(|| {
                let mutex = Arc::new(RwMutex::new(0));
                let (writer, reader) = (increments(&mutex, 1), reads(&mutex));
                *mutex.write() += 1;
                reader.join().unwrap();
                writer.join().unwrap();
                assert_eq!(*mutex.read(), 2);
            });
        })
        .bound(2)
        .reaches(&["rw.try-write.look"]),
        holds(SEMAPHORE, "looks: sections", || {
            again(|| {
                let (d, semaphore) = (Plain::new(), one());
                let other = section(&d, &semaphore);
                in_section(&d, &semaphore);
                other.join().unwrap();
                assert_eq!(d.read(), 2);
                free(&semaphore);
            });
        })
        .bound(3),
    ];
    in_lanes.into_iter().map(Model::with_lanes).chain(others).collect()
}

fn again(model: impl FnOnce()) {
    look_again(1);
    model();
}
