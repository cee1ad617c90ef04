//! The one door through which tasks are started here; the engine's own is above this crate.

use tokio::task::JoinHandle;

/// A task that ends, at its next await, when this is dropped.
pub(super) struct Task(JoinHandle<()>);

#[expect(clippy::disallowed_methods, reason = "the one door through which tasks are started in the store")]
pub(super) fn start(work: impl Future<Output = ()> + Send + 'static) -> Task {
    Task(tokio::spawn(work))
}

impl Task {
    pub(super) fn is_over(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
