//! A scenario, as far as Miri needs to know it: see `tests/shuttle/scenario.rs`.

#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict;

pub(crate) const HANGS: &[Verdict] = &[];
pub(crate) const IS_WRONG: &[Verdict] = &[];
pub(crate) const EITHER: &[Verdict] = &[];
pub(crate) const ANY: &[Verdict] = &[];

#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) holds: bool,
    pub(crate) body: fn(),
}

pub(crate) fn holds(name: &'static str, _: usize, body: fn()) -> Scenario {
    Scenario { name, holds: true, body }
}

pub(crate) fn fails(name: &'static str, _: usize, body: fn()) -> Scenario {
    Scenario { name, holds: false, body }
}

impl Scenario {
    pub(crate) fn witnesses(self, _: &'static [&'static str]) -> Scenario {
        self
    }
    pub(crate) fn convicts(self, _: &'static [Verdict], _: &[&'static str]) -> Scenario {
        self
    }
}

/// One schedule shows no outcome that others do not.
pub(crate) fn witness(_: &'static str) {}
