//! What each thread of the pool is doing, so that one that does not come back is noticed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use takeoff_core::budget::Budget;
use tokio::sync::watch;

use crate::clock::Stopwatch;

/// Work on a thread.
struct Running {
    budget: Budget,
    since: Stopwatch,
    /// Started when the cancel was first seen by a check.
    cancelled: Option<Stopwatch>,
}

/// The pool's threads, each by its number.
pub(super) struct Threads {
    slots: Mutex<Vec<Option<Running>>>,
    alive: watch::Sender<usize>,
    trouble: Mutex<Option<String>>,
}

/// A thread's entry while the thread lives.
pub(super) struct Thread {
    threads: Arc<Threads>,
    number: usize,
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.threads.alive.send_modify(|n| *n -= 1);
    }
}

impl Threads {
    pub(super) fn new(count: usize) -> Self {
        let slots = Mutex::new(std::iter::repeat_with(|| None).take(count).collect());
        Self { slots, alive: watch::Sender::new(0), trouble: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Option<Running>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(self: &Arc<Self>, number: usize) -> Thread {
        self.alive.send_modify(|n| *n += 1);
        Thread { threads: Arc::clone(self), number }
    }

    pub(super) fn alive(&self) -> usize {
        *self.alive.borrow()
    }

    pub(super) fn busy(&self) -> usize {
        self.lock().iter().flatten().count()
    }

    pub(super) async fn all_ended(&self) {
        // The sender is `self`, so it cannot be gone.
        let _ = self.alive.subscribe().wait_for(|n| *n == 0).await;
    }

    /// How often the work of each thread has asked its budget; `None` for a thread that rests.
    pub(super) fn polls(&self) -> Vec<Option<u64>> {
        self.lock().iter().map(|running| running.as_ref().map(|r| r.budget.polls())).collect()
    }

    /// The thread whose work was cancelled longest ago, more than `limit`, and still runs.
    pub(super) fn stuck(&self, limit: Duration) -> Option<String> {
        let mut worst: Option<(usize, Duration, Duration)> = None;
        for (number, running) in self.lock().iter_mut().enumerate() {
            let Some(running) = running else { continue };
            if !running.budget.is_cancelled() {
                continue;
            }
            let ignored = running.cancelled.get_or_insert_with(Stopwatch::start).elapsed();
            if ignored >= limit && worst.is_none_or(|(_, longest, _)| ignored > longest) {
                worst = Some((number, ignored, running.since.elapsed()));
            }
        }
        worst.map(|(number, ignored, ran)| {
            format!(
                "compute thread {number} is stuck: its work was cancelled {} ms ago and has run for {} ms",
                ignored.as_millis(),
                ran.as_millis()
            )
        })
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

impl Thread {
    pub(super) fn begin(&self, budget: Budget) {
        self.set(Some(Running { budget, since: Stopwatch::start(), cancelled: None }));
    }

    pub(super) fn end(&self) {
        self.set(None);
    }

    fn set(&self, running: Option<Running>) {
        if let Some(slot) = self.threads.lock().get_mut(self.number) {
            *slot = running;
        }
    }
}
