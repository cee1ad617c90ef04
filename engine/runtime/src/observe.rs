//! What every actor shows of itself: a name, a word on what it does, and counters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::handle::ActorView;

/// The observable state of one actor. It outlives the actor, so that counters survive restarts.
pub(crate) struct Post<C> {
    name: String,
    state: Mutex<&'static str>,
    restarts: AtomicU64,
    counters: Mutex<C>,
}

/// A post whose counters are of any type.
pub(crate) trait Observed: Send + Sync {
    fn name(&self) -> &str;
    fn restarted(&self);
    fn set_state(&self, state: &'static str);
    fn view(&self) -> ActorView;
}

impl<C: Default> Post<C> {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: Mutex::new("starting"),
            restarts: AtomicU64::new(0),
            counters: Mutex::default(),
        }
    }
}

impl<C> Post<C> {
    pub(crate) fn count(&self, change: impl FnOnce(&mut C)) {
        change(&mut self.counters.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<C: Serialize + Send> Observed for Post<C> {
    fn name(&self) -> &str {
        &self.name
    }

    fn restarted(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    fn set_state(&self, state: &'static str) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn view(&self) -> ActorView {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        ActorView {
            name: self.name.clone(),
            state: (*self.state.lock().unwrap_or_else(PoisonError::into_inner)).to_owned(),
            restarts: self.restarts.load(Ordering::Relaxed),
            counters: serde_json::to_value(&*counters).unwrap_or_default(),
        }
    }
}

/// How many of something there are; whoever waits for none is told.
#[derive(Clone)]
pub(crate) struct Tally(std::sync::Arc<tokio::sync::watch::Sender<usize>>);

/// One of them, while it lives.
pub(crate) struct Counted(Tally);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.send_modify(|n| *n -= 1);
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self(std::sync::Arc::new(tokio::sync::watch::Sender::new(0)))
    }
}

impl Tally {
    pub(crate) fn enter(&self) -> Counted {
        self.0.send_modify(|n| *n += 1);
        Counted(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        *self.0.borrow()
    }

    pub(crate) async fn none(&self) {
        // The sender is `self`, so it cannot be gone.
        let _ = self.0.subscribe().wait_for(|n| *n == 0).await;
    }
}
