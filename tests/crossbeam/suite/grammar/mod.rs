//! What the two macros accept. They share their grammar, so each file is compiled for both of them.

use super::channel;

#[path = "."]
mod fair {
    use super::channel::{self, select};

    mod arms;
    mod forms;
    mod message;
    mod operands;
}

// Loaded twice, which is the purpose.
#[allow(clippy::duplicate_mod)]
#[path = "."]
mod biased {
    use super::channel::{self, select_biased as select};

    mod arms;
    mod forms;
    mod message;
    mod operands;
}
