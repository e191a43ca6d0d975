//! What a context carries: a list, the newest value first. Contexts share its tail.

use std::any::Any;

use gosync_atomic::__sys::{Arc, into_inner};

/// A list of values; a clone shares it.
#[derive(Clone)]
pub(super) struct Values(Option<Arc<Value>>);

struct Value {
    value: Box<dyn Any + Send + Sync>,
    next: Values,
}

impl Values {
    pub(super) const NONE: Values = Values(None);

    /// The list with one more in front.
    pub(super) fn with(&self, value: Box<dyn Any + Send + Sync>) -> Values {
        Values(Some(Arc::new(Value { value, next: self.clone() })))
    }

    /// The newest of this type.
    pub(super) fn get<T: 'static>(&self) -> Option<&T> {
        let mut next = &self.0;
        while let Some(value) = next {
            let found = value.value.downcast_ref();
            if found.is_some() {
                return found;
            }
            next = &value.next.0;
        }
        None
    }
}

impl Drop for Value {
    /// One after the other: dropped within each other, the values of a long list would overflow the stack.
    fn drop(&mut self) {
        let mut next = self.next.0.take();
        while let Some(mut value) = next.and_then(into_inner) {
            next = value.next.0.take();
        }
    }
}
