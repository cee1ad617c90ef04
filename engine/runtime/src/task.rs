//! The one door through which tasks are started.

use tokio_util::task::AbortOnDropHandle;

/// Starts a task that ends, at its next await, when its handle is dropped: no task outlives whoever wants
/// its result.
#[expect(clippy::disallowed_methods, reason = "the one door through which tasks are started")]
pub(crate) fn start<F>(work: F) -> AbortOnDropHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    AbortOnDropHandle::new(tokio::spawn(work))
}
