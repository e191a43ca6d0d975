//! The word of the readers-writer lock: its bits, and what each step makes of it. Pure functions; `phase_lock/` has the
//! protocol.
//!
//! | bits | meaning | who changes it |
//! | --- | --- | --- |
//! | 0 `WRITER` | a writer holds the lock | set by whoever takes it for writing, or for the writer to whom it is handed; cleared by its release |
//! | 1 `LINED` | that writer came by way of the writers' line, and its release lets the next one come | with `WRITER` |
//! | 2 `PENDING` | a writer waits beside the line of readers, and new readers must not come in | under the queue's lock: set by that writer, cleared by whoever hands it the lock, or by itself when it gives up |
//! | 3 `WAITING` | readers are in line | under the queue's lock: set by who joins, cleared by who takes out the last |
//! | 4..29 | how many readers are in, `ONE` each | readers; and for those in line, whoever lets them in |
//! | 30 `FULL` | as many as there may be | the same count |
//! | 31 `KEPT` | the writer's release has something to do for others, and the lock is held until it has | with `LINED`; and by whoever sets `PENDING` or `WAITING` while a writer holds the lock; cleared by the release |
//!
//! A reader adds itself before it looks, and takes that back if it must not come in. Until then it counts like any other:
//! the last of them to go, whoever it is, hands the lock to a pending writer.
//!
//! A guard's release begins with the subtraction of `WRITER`. Without `KEPT` that is all. With it, the lock stays held by
//! the releaser, who has time to see to the others. The sign of what the subtraction leaves says which; nothing is cheaper.

use gosync_atomic::__sys::step;

pub(super) const WRITER: u32 = 1;
pub(super) const LINED: u32 = 2;
pub(super) const PENDING: u32 = 4;
pub(super) const WAITING: u32 = 8;
/// One reader.
pub(super) const ONE: u32 = 16;
/// More readers than this are refused. They need not be careful: there is room for as many again.
pub(super) const FULL: u32 = 1 << 30;
/// The sign.
pub(super) const KEPT: u32 = 1 << 31;
/// A writer holds the lock as long as one of them is set.
pub(super) const HELD: u32 = WRITER | KEPT;
/// What keeps a new reader out, if only by a panic.
pub(super) const CLOSED: u32 = HELD | PENDING | FULL;

/// The readers that are in.
pub(super) fn readers(word: u32) -> u32 {
    (word & !KEPT) / ONE
}

/// Whether nobody is in.
#[inline]
pub(super) fn is_free(word: u32) -> bool {
    word & HELD == 0 && word < ONE
}

/// What the pending writer makes of a free lock, or whoever hands it to it.
pub(super) fn taken_by_pending(word: u32) -> u32 {
    word & !PENDING | WRITER | LINED | KEPT
}

/// What somebody leaves behind who has to wait, and sets one of the two bits that say so.
pub(super) fn waited_for(word: u32, bit: u32) -> u32 {
    let kept = if word & HELD == 0 { 0 } else { step!("rw.keep", KEPT, else 0) };
    word | bit | kept
}

/// What its writer leaves behind when it releases the lock.
pub(super) fn without_writer(word: u32) -> u32 {
    word & !(HELD | LINED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_lock_has_neither_writer_nor_readers() {
        assert!(is_free(0) && is_free(PENDING) && is_free(PENDING | WAITING));
        assert!(
            !is_free(WRITER)
                && !is_free(KEPT | WAITING)
                && !is_free(ONE)
                && !is_free(FULL)
                && !is_free(PENDING | (3 * ONE))
        );
    }

    #[test]
    fn a_handed_lock_keeps_those_in_line() {
        assert_eq!(taken_by_pending(PENDING | WAITING), WRITER | LINED | KEPT | WAITING);
        assert_eq!(without_writer(WRITER | LINED | KEPT | WAITING | ONE), WAITING | ONE);
        assert_eq!(readers(KEPT | WAITING | (5 * ONE)), 5);
    }

    #[test]
    fn whoever_waits_for_a_writer_has_its_release_look() {
        assert_eq!(waited_for(WRITER, WAITING), WRITER | WAITING | KEPT);
        assert_eq!(waited_for(KEPT | PENDING, WAITING), KEPT | PENDING | WAITING);
        assert_eq!(waited_for(PENDING | ONE, WAITING), PENDING | WAITING | ONE);
        assert_eq!(waited_for(ONE, PENDING), PENDING | ONE);
    }
}
