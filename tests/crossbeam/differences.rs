//! Where the two differ on purpose. `docs/PORTING.md` has the same list for users.

use std::panic::catch_unwind;

use crossbeam_channel as twin;

/// An operation that was selected and is not completed: crossbeam-channel panics.
#[test]
fn an_operation_that_is_dropped() {
    let result = catch_unwind(|| {
        let (tx, rx) = twin::bounded(1);
        tx.send(1).unwrap();
        let mut set = twin::Select::new();
        set.recv(&rx);
        drop(set.select());
    });
    assert!(result.is_err());
}
