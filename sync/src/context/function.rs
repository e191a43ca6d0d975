//! Functions that are called at the end of a scope: [`after_func`](super::Context::after_func).
//!
//! A function is in its scope's list, and holds a handle of it: it waits for the end, so the scope stays in its place, to be told of it.
//! That is a circle, scope, function, handle, scope, which the end breaks. If there cannot be one any more, it has to be broken
//! otherwise: a scope *can end* while there is a function that cancels it, or one above it, or while one of them has a
//! timeout. The last of these functions that is [forgotten](super::CancelFunc::forget), instead of dropped, which would cancel, drops the
//! functions of all scopes that cannot end any more ([`let_go`](Scope::let_go)), and who adds a function to such a scope drops it.
//!
//! # Why none is left over
//!
//! A scope's `cancellers` do not grow again once they are none. Who cancels is among them until that is done, and for ever, if it cancels
//! because it is the last that goes: so no function is dropped that a cancellation is on its way to. Let a scope and one above it be left by their last cancellers at the same
//! time, so that either could see the other's there and leave the functions to it. Each counts first. Then who leaves the lower one
//! goes through that scope's lock, and looks up; who leaves the upper one goes down, and looks at each scope's count under that scope's
//! lock. Whoever comes second to the lock sees that the other has counted. The same goes for a function that is added: under the lock,
//! and then who adds it looks up.

use gosync_atomic::__sys::{Arc, ord, run_aside, step};

use super::scope::{Child, Handle, Scope};

/// A function that is to be called at the end of a scope.
pub(super) struct Function {
    f: Box<dyn FnOnce() + Send>,
    /// Somebody waits for the end.
    _handle: Handle,
}

impl Function {
    pub(super) fn start(self) {
        let Function { f, _handle } = self;
        run_aside("gosync after_func", f);
    }
}

impl Handle {
    /// Has `f` called at its end, or now; how to undo that.
    pub(super) fn call_at_end(&self, f: Box<dyn FnOnce() + Send>) -> u64 {
        let key = self.key();
        let function = Function { f, _handle: self.clone() };
        match self.insert(key, Child::Function(function)) {
            Err((Child::Function(function), _)) => function.start(),
            _ if step!("ctx.can-end", self.can_end(), else true) => {}
            // Nobody would call it, and it would never go.
            _ => drop(self.remove(key)),
        }
        key
    }

    /// Same as [`Scope::let_go`].
    pub(super) fn let_go(&self) {
        Scope::let_go(self.scope());
    }

    /// Undoes `call_at_end`; whether the function will not be called because of that.
    pub(super) fn forget_call(&self, key: u64) -> bool {
        let function = self.remove(key);
        function.is_some()
    }
}

impl Scope {
    /// For the last that could cancel this scope, and does not: see the head of this file.
    pub(super) fn let_go(scope: &Arc<Scope>) {
        // Most have nothing below them when their last canceller is forgotten, and then need not look up.
        let is_bare = step!("ctx.look-up-after-lock", scope.with(|state| state.children.is_empty()), else false);
        if is_bare || scope.can_end() {
            return;
        }
        let (mut below, mut functions) = (vec![Arc::clone(scope)], Vec::new());
        while let Some(scope) = below.pop() {
            scope.with(|state| {
                if step!("ctx.own-end", scope.has_own_end(), else false) {
                    return;
                }
                for (key, child) in std::mem::take(&mut state.children) {
                    match child {
                        Child::Function(function) => functions.push(function),
                        Child::Scope(child) => {
                            below.push(Arc::clone(&child));
                            state.children.insert(key, Child::Scope(child));
                        }
                    }
                }
            });
        }
        // Without any lock, and all of them, also if one panics: they are a user's.
        drop(functions);
    }

    /// Whether somebody could cancel it, or time will.
    fn can_end(&self) -> bool {
        std::iter::successors(Some(self), |scope| scope.parent()).any(Scope::has_own_end)
    }

    /// Whether there could be an end that does not come from above.
    fn has_own_end(&self) -> bool {
        // Relaxed: what has been counted before the lock was free is seen by who had it since.
        self.timeout.is_some() || self.cancellers.load(ord!("ctx.cancellers", Relaxed)) > 0
    }
}
