//! The node's CPU pool: threads that keep their scratch memory between jobs.

use std::any::Any;

use takeoff_core::budget::Budget;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComputeError {
    /// The work panicked; the thread lives on.
    #[error("the work panicked: {0}")]
    Panicked(String),
    /// The budget was cancelled before the work ran.
    #[error("the work was cancelled")]
    Cancelled,
    #[error("the compute pool does not answer")]
    Unhealthy,
}

/// Memory that a pool thread keeps for work that wants it again, by type.
#[derive(Default)]
pub struct Scratch {
    kept: std::collections::HashMap<std::any::TypeId, Box<dyn Any + Send>>,
}

impl Scratch {
    pub fn get<T: Default + Send + 'static>(&mut self) -> &mut T {
        self.kept
            .entry(std::any::TypeId::of::<T>())
            .or_insert_with(|| Box::new(T::default()))
            .downcast_mut()
            .expect("the map is keyed by the value's own type")
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Compute {}

impl Compute {
    /// Runs `work` on a pool thread. Waits for a free place (bounded), skips the work when the budget
    /// was cancelled meanwhile or the caller is gone, and turns a panic into an error.
    pub async fn run<T, F>(&self, _budget: &Budget, _work: F) -> Result<T, ComputeError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Scratch) -> T + Send + 'static,
    {
        todo!()
    }
}
