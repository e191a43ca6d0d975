//! Calls by tasks. Feature `async`.

use std::future::{Future, poll_fn};
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::{Group, Lead, Role};

impl<K: Eq + Hash, V: Clone> Group<K, V> {
    /// Like [`call`](Group::call), for tasks: `group.call_async(key, future).await`. Feature `async`.
    ///
    /// Works on any executor. Tasks and threads share results: `future` is polled only if no call with an equal key
    /// is in progress.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time. If it was running the call, one of the callers that have joined takes
    /// over, with its own function or future. If it is leaked (`mem::forget`) or kept unpolled half-way, they wait
    /// for it.
    ///
    /// # Panics
    ///
    /// Same as [`call`](Group::call).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let group = gosync::singleflight::Group::new();
    /// // As an executor does it.
    /// let mut context = Context::from_waker(Waker::noop());
    /// let call = pin!(group.call_async("key", async { 1 }));
    /// assert_eq!(call.poll(&mut context), Poll::Ready((1, false)));
    /// ```
    #[doc(alias = "Do")]
    pub async fn call_async(&self, mut key: K, future: impl Future<Output = V>) -> (V, bool) {
        loop {
            match self.join(key, true) {
                Role::Lead(flight) => {
                    let mut lead = Lead::new(self, flight);
                    // Outside of the block: the future is dropped at its end (invariant 3 of `flight.rs`).
                    let result;
                    {
                        let mut future = pin!(future);
                        // The future is not polled again after a panic, which goes on below.
                        let poll =
                            poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
                                Ok(poll) => poll.map(Ok),
                                Err(payload) => Poll::Ready(Err(payload)),
                            });
                        match poll.await {
                            Ok(value) => result = lead.land(value),
                            Err(payload) => lead.fail(payload),
                        }
                    }
                    return result;
                }
                Role::Follow(flight, own) => {
                    key = own;
                    flight.over.wait_async().await;
                    if let Some(value) = flight.landed() {
                        drop((flight, key, future)); // Invariant 3 of `flight.rs`.
                        return (value, true);
                    }
                }
            }
        }
    }
}
