//! A model, as far as Miri needs to know it: see `tests/loom/model.rs`.

use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    Race,
    Deadlock,
    Assertion,
}

#[derive(Clone)]
pub(crate) struct Model {
    rule: &'static str,
    pub(crate) shape: String,
    pub(crate) expected: Verdict,
    pub(crate) bound: Option<usize>,
    pub(crate) body: Arc<dyn Fn() + Send + Sync>,
}

pub(crate) fn holds(rule: &'static str, shape: impl Into<String>, body: impl Fn() + Send + Sync + 'static) -> Model {
    Model { rule, shape: shape.into(), expected: Verdict::Pass, bound: None, body: Arc::new(body) }
}

pub(crate) fn fails(
    rule: &'static str,
    shape: impl Into<String>,
    expected: Verdict,
    body: impl Fn() + Send + Sync + 'static,
) -> Model {
    Model { expected, ..holds(rule, shape, body) }
}

/// What a model asks of its checker: nothing that Miri can do.
impl Model {
    pub(crate) fn bound(self, _: usize) -> Model {
        self
    }
    pub(crate) fn witnesses(self, _: &[&'static str]) -> Model {
        self
    }
    pub(crate) fn reaches(self, _: &[&'static str]) -> Model {
        self
    }
    pub(crate) fn with_lanes(self) -> Model {
        self
    }
    pub(crate) fn with_seats(self, _: usize) -> Model {
        self
    }
    pub(crate) fn seated(&self, _: usize) -> Model {
        self.clone()
    }
    pub(crate) fn pinged(self) -> Model {
        self
    }
    pub(crate) fn located(self) -> Model {
        self
    }
    pub(crate) fn mutants_at(self, _: usize) -> Model {
        self
    }
    pub(crate) fn on_real_lock(&self) -> Model {
        self.clone()
    }
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.rule, self.shape)
    }
}

/// One schedule shows no outcome that others do not.
pub(crate) fn witness(_: &'static str) {}

/// For what checks a document by loom's words, which nobody asks here.
#[derive(Default)]
pub(crate) struct Request;

pub(crate) struct Run {
    pub(crate) output: String,
}

pub(crate) fn run(_: &str, _: bool, _: &Request) -> Run {
    unreachable!("Miri has no such words")
}
