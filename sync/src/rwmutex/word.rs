//! The word of the readers-writer lock: its bits, and what each step makes of it. Pure functions; `phase_lock/` has the
//! protocol.
//!
//! | bits | meaning | who changes it |
//! | --- | --- | --- |
//! | 0 `WRITER` | a writer holds the lock | set by whoever takes it for writing, or for the writer to whom it is handed; cleared by its release |
//! | 1 `LINED` | that writer came by way of the writers' line, and its release lets the next one come | with `WRITER` |
//! | 2 `PENDING` | a writer waits beside the line of readers, and new readers must not come in | under the queue's lock: set by that writer, cleared by whoever hands it the lock, or by itself when it gives up |
//! | 3 `WAITING` | readers are in line | under the queue's lock: set by who joins, cleared by who takes out the last |
//! | 4..30 | how many readers are in, `ONE` each | readers; and for those in line, whoever lets them in |
//! | 31 `FULL` | as many as there may be | the same count |
//!
//! A reader adds itself before it looks, and takes that back if it must not come in. Until then it counts like any other:
//! the last of them to go, whoever it is, hands the lock to a pending writer.

pub(super) const WRITER: u32 = 1;
pub(super) const LINED: u32 = 2;
pub(super) const PENDING: u32 = 4;
pub(super) const WAITING: u32 = 8;
/// One reader.
pub(super) const ONE: u32 = 16;
/// More readers than this are refused. They need not be careful: there is room for as many again.
pub(super) const FULL: u32 = 1 << 31;
/// What keeps a new reader out, if only by a panic.
pub(super) const CLOSED: u32 = WRITER | PENDING | FULL;

/// The readers that are in.
pub(super) fn readers(word: u32) -> u32 {
    word / ONE
}

/// Whether nobody is in.
#[inline]
pub(super) fn is_free(word: u32) -> bool {
    word & WRITER == 0 && word < ONE
}

/// What the pending writer makes of a free lock, or whoever hands it to it.
pub(super) fn taken_by_pending(word: u32) -> u32 {
    word & !PENDING | WRITER | LINED
}

/// What its writer leaves behind when it releases the lock.
pub(super) fn without_writer(word: u32) -> u32 {
    word & !(WRITER | LINED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_lock_has_neither_writer_nor_readers() {
        assert!(is_free(0) && is_free(PENDING) && is_free(PENDING | WAITING));
        assert!(!is_free(WRITER) && !is_free(ONE) && !is_free(FULL) && !is_free(PENDING | (3 * ONE)));
    }

    #[test]
    fn a_handed_lock_keeps_those_in_line() {
        assert_eq!(taken_by_pending(PENDING | WAITING), WRITER | LINED | WAITING);
        assert_eq!(without_writer(WRITER | LINED | WAITING | ONE), WAITING | ONE);
        assert_eq!(readers(WAITING | (5 * ONE)), 5);
    }
}
