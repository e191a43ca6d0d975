//! Groups of tasks with a common wait, the first error, and a limit: Go's `golang.org/x/sync/errgroup`.
//!
//! | Go | here |
//! | --- | --- |
//! | `var g errgroup.Group`, `new(errgroup.Group)` | [`Group::new`] |
//! | `errgroup.WithContext(ctx)` | [`Group::with_context`] |
//! | `g.Go(f)`, `g.TryGo(f)` | [`group.go(f)`](Group::go), [`group.try_go(f)`](Group::try_go) |
//! | `g.SetLimit(n)`; a negative `n` | [`group.set_limit(n)`](Group::set_limit); `None` |
//! | `g.Wait()` | [`group.wait()`](Group::wait) |
//!
//! With feature `async` a future may be a task, too: `group.task(future)`, and `group.wait_async()`.

mod group;
mod state;
#[cfg(feature = "async")]
mod task;

use std::error::Error;

pub use group::Group;

/// What a task returns. `?` converts any error, and a text, to its error.
///
/// # Examples
///
/// ```
/// use gosync::errgroup::{Group, TaskResult};
///
/// fn parse(text: &str) -> TaskResult {
///     let n: u32 = text.parse()?;
///     if n == 0 { Err("it is zero".into()) } else { Ok(()) }
/// }
///
/// let group = Group::new();
/// group.go(|| parse("0"));
/// assert_eq!(group.wait().unwrap_err().to_string(), "it is zero");
/// ```
pub type TaskResult = Result<(), Box<dyn Error + Send + Sync>>;
