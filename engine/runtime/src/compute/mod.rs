//! The node's CPU pool: threads that keep their scratch memory between jobs.
//!
//! A thread cannot be killed, so long work polls its [`Budget`]. Work that does not for `health_ms` while no thread
//! answers, or runs that long after its budget was cancelled, makes the pool unhealthy. Long work takes all threads but one, so that short work,
//! for which somebody waits, never stands behind minutes of it.

mod actix;
mod inline;
mod threads;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use takeoff_config::ComputeSettings;
use takeoff_core::budget::Budget;
use tokio::sync::oneshot;

use crate::clock::Stopwatch;
use crate::erased;
use crate::gate::{Gate, GateSize, Pass, Refused, Turn};
use crate::metrics as names;
use threads::Threads;

/// Callers that may wait for a place in the queue; attempts and requests are bounded below that.
const WAITING: usize = 4_096;

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

/// Counters of the pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComputeView {
    pub kind: &'static str,
    pub threads: usize,
    /// Threads that work.
    pub busy: usize,
    /// Work that has a place in the queue but no thread yet.
    pub queued: usize,
    /// Callers that wait for a place in the queue.
    pub waiting: usize,
    pub done: u64,
    /// Not run, because the caller was gone or the budget cancelled.
    pub skipped: u64,
    pub panics: u64,
    /// Health checks that were answered.
    pub probes: u64,
    /// Why the pool is not healthy.
    pub trouble: Option<String>,
}

#[derive(Default)]
struct Counts {
    done: AtomicU64,
    skipped: AtomicU64,
    panics: AtomicU64,
    probes: AtomicU64,
}

fn raise(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Work as a pool takes it. It never unwinds by the work's own panic.
struct Task {
    budget: Budget,
    run: Box<dyn FnOnce(&mut Scratch) + Send>,
}

enum Pool {
    Actix(actix::Pool),
    Inline,
}

struct Inner {
    pool: Pool,
    gate: Gate,
    /// For long work.
    long: Gate,
    counts: Arc<Counts>,
    threads: Arc<Threads>,
    health: Duration,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Compute {
    inner: Arc<Inner>,
}

impl Compute {
    /// A pool of actix sync actors. Its threads end when the last clone is dropped or at
    /// [`Compute::close`]. Without threads, which no configuration allows, it is [`Compute::inline`].
    pub fn start(settings: &ComputeSettings) -> Result<Self, String> {
        let count = settings.threads;
        if count == 0 {
            return Ok(Self::inline());
        }
        let threads = Arc::new(Threads::new(count));
        let pool = Pool::Actix(actix::Pool::start(count, &threads)?);
        let size = GateSize {
            places: (count * (1 + settings.queue_per_thread)) as u64,
            reserve: 0,
            waiting: WAITING,
        };
        let long = GateSize { places: count.saturating_sub(1).max(1) as u64, ..size };
        Ok(Self::of(pool, size, long, threads, Duration::from_millis(settings.health_ms)))
    }

    /// Runs everything at once on the caller's own thread: for tests and small tools, where nothing else
    /// waits for that thread.
    pub fn inline() -> Self {
        let size = GateSize { places: WAITING as u64, reserve: 0, waiting: WAITING };
        Self::of(Pool::Inline, size, size, Arc::new(Threads::new(0)), Duration::MAX)
    }

    fn of(pool: Pool, size: GateSize, long: GateSize, threads: Arc<Threads>, health: Duration) -> Self {
        let (gate, long, counts) = (Gate::new(size), Gate::new(long), Arc::default());
        Self { inner: Arc::new(Inner { pool, gate, long, counts, threads, health }) }
    }

    /// As [`Compute::run`], for work that may take seconds: it leaves a thread to others where there are several.
    pub async fn run_long<T, F>(&self, budget: &Budget, work: F) -> Result<T, ComputeError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Scratch) -> T + Send + 'static,
    {
        let pass = self.inner.long.enter(Turn::Rest, None, budget).await.map_err(refused)?;
        let work = move |scratch: &mut Scratch| {
            // Until the thread is free, whoever waits for the answer.
            let _pass = pass;
            work(scratch)
        };
        self.run(budget, work).await
    }

    /// Runs `work` on a pool thread. Waits for a free place (bounded), skips the work when the budget
    /// was cancelled meanwhile or the caller is gone, and turns a panic into an error.
    pub async fn run<T, F>(&self, budget: &Budget, work: F) -> Result<T, ComputeError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Scratch) -> T + Send + 'static,
    {
        if self.trouble().is_some() {
            return Err(ComputeError::Unhealthy);
        }
        let pass = self.inner.gate.enter(Turn::Rest, None, budget).await.map_err(refused)?;
        let (sender, receiver) = oneshot::channel();
        self.submit(Task {
            budget: budget.clone(),
            run: guarded(budget.clone(), work, sender, pass, Arc::clone(&self.inner.counts)),
        });
        // The sender is lost only when the pool is closed with the work in its queue.
        receiver.await.unwrap_or(Err(ComputeError::Unhealthy))
    }

    fn submit(&self, task: Task) {
        match &self.inner.pool {
            Pool::Actix(pool) => pool.submit(task),
            Pool::Inline => inline::run(task),
        }
    }

    /// Sends a real closure through the pool and waits for it, and looks for threads that do not come
    /// back. Called by the node at intervals; the result is what [`Compute::trouble`] says until the
    /// next call.
    #[erased]
    pub async fn check(&self) -> Option<String> {
        if matches!(self.inner.pool, Pool::Inline) {
            return None;
        }
        let done_before = self.inner.counts.done.load(Ordering::Relaxed);
        let polls_before = self.inner.threads.polls();
        let (sender, receiver) = oneshot::channel::<()>();
        let probe = move |_: &mut Scratch| {
            // The check may have given up by now.
            let _ = sender.send(());
        };
        self.submit(Task { budget: Budget::unlimited(), run: Box::new(probe) });
        let answered = tokio::time::timeout(self.inner.health, receiver).await.is_ok_and(|r| r.is_ok());
        if answered {
            raise(&self.inner.counts.probes);
        }
        // A full queue of short work, or long work on all threads that can be stopped, may keep the probe waiting; that
        // is load, not trouble.
        let moved = self.inner.counts.done.load(Ordering::Relaxed) != done_before
            || self.inner.threads.polls() != polls_before;
        let silent = (!answered && !moved)
            .then(|| format!("the compute pool has not answered for {} ms", self.inner.health.as_millis()));
        let stuck = self.inner.threads.stuck(self.inner.health);
        let trouble = stuck.or(silent);
        self.inner.threads.set_trouble(trouble.clone());
        trouble
    }

    /// Why the pool is not healthy, as of the last check.
    pub fn trouble(&self) -> Option<String> {
        self.inner.threads.trouble()
    }

    pub fn view(&self) -> ComputeView {
        let of = |c: &AtomicU64| c.load(Ordering::Relaxed);
        let counts = &self.inner.counts;
        let busy = self.inner.threads.busy();
        ComputeView {
            kind: if matches!(self.inner.pool, Pool::Inline) { "inline" } else { "actix" },
            threads: self.inner.threads.alive(),
            busy,
            queued: self.inner.gate.passes().saturating_sub(busy),
            waiting: self.inner.gate.waiting(),
            done: of(&counts.done),
            skipped: of(&counts.skipped),
            panics: of(&counts.panics),
            probes: of(&counts.probes),
            trouble: self.trouble(),
        }
    }

    /// Takes no more work and waits until the threads have ended; `false` when some had not within
    /// `wait`.
    #[erased]
    pub async fn close(&self, wait: Duration) -> bool {
        self.inner.gate.close();
        self.inner.long.close();
        if let Pool::Actix(pool) = &self.inner.pool {
            pool.stop();
        }
        tokio::time::timeout(wait, self.inner.threads.all_ended()).await.is_ok()
    }
}

fn refused(refused: Refused) -> ComputeError {
    match refused {
        Refused::Cancelled => ComputeError::Cancelled,
        Refused::Busy | Refused::Closed => ComputeError::Unhealthy,
    }
}

/// The work with everything around it: skip, catch, count, answer.
fn guarded<T, F>(
    budget: Budget,
    work: F,
    answer: oneshot::Sender<Result<T, ComputeError>>,
    pass: Pass,
    counts: Arc<Counts>,
) -> Box<dyn FnOnce(&mut Scratch) + Send>
where
    T: Send + 'static,
    F: FnOnce(&mut Scratch) -> T + Send + 'static,
{
    Box::new(move |scratch| {
        let _pass = pass;
        if answer.is_closed() || budget.is_cancelled() {
            raise(&counts.skipped);
            // Nobody may be left to hear it.
            let _ = answer.send(Err(ComputeError::Cancelled));
            return;
        }
        let since = Stopwatch::start();
        let outcome = catch_unwind(AssertUnwindSafe(|| work(scratch))).map_err(|payload| {
            // Half-written scratch memory would poison the work of the next caller.
            *scratch = Scratch::default();
            raise(&counts.panics);
            ::metrics::counter!(names::COMPUTE_PANICS).increment(1);
            let message = panic_message(payload.as_ref());
            tracing::error!(message, "work of the compute pool panicked");
            ComputeError::Panicked(message)
        });
        // The time on a pool thread is CPU time but for what others take.
        budget.charge(since.elapsed_us());
        raise(&counts.done);
        let _ = answer.send(outcome);
    })
}

/// What a panic said.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_owned()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "callers that wait are tasks here")]
mod tests;
