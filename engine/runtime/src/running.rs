//! The attempts that run on this node, and why some are told to end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use takeoff_core::budget::Budget;
use takeoff_core::job::{Job, Stage};
use takeoff_core::model::Id;
use tokio::sync::Notify;

use crate::clock::Stopwatch;

/// Why an attempt was told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Past its budget of time.
    Hang,
    /// The lease is gone, or too close to its end to be trusted.
    Lost,
    /// The job was cancelled.
    Cancelled,
    /// The node stops.
    Drain,
}

/// What the node knows of an attempt besides its job.
pub(crate) struct Running {
    pub(crate) job: Arc<Job>,
    pub(crate) budget: Budget,
    pub(crate) since: Stopwatch,
    /// Wakes the attempt when it has been told to end and has not for too long.
    pub(crate) give_up: Notify,
    /// Longest that the stage may take, milliseconds; known once the attempt has begun.
    budget_ms: AtomicU64,
    /// How long a confirmation of the lease is trusted.
    trust: Duration,
    state: Mutex<State>,
}

struct State {
    /// When the newest confirmation of the lease was asked for.
    confirmed: Stopwatch,
    told: Option<(Cause, Stopwatch)>,
    /// The stage has returned; its effects are being committed.
    settling: bool,
}

impl Running {
    /// `asked` was started before the lease was asked for.
    pub(crate) fn new(job: Arc<Job>, asked: Stopwatch, lease_ms: u64) -> Self {
        Self {
            job,
            budget: Budget::unlimited(),
            since: Stopwatch::start(),
            give_up: Notify::new(),
            budget_ms: AtomicU64::new(u64::MAX),
            // A fifth of the lease is for the clock's and the network's errors.
            trust: Duration::from_millis(lease_ms - lease_ms / 5),
            state: Mutex::new(State { confirmed: asked, told: None, settling: false }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn id(&self) -> Id {
        self.job.id
    }

    /// The lease's.
    pub(crate) fn token(&self) -> u64 {
        self.job.token
    }

    pub(crate) fn begin(&self, budget_ms: u64) {
        self.budget_ms.store(budget_ms, Ordering::Relaxed);
    }

    pub(crate) fn budget_ms(&self) -> u64 {
        self.budget_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn settle(&self, settling: bool) {
        self.lock().settling = settling;
    }

    pub(crate) fn is_settling(&self) -> bool {
        self.lock().settling
    }

    pub(crate) fn confirm(&self, asked: Stopwatch) {
        self.lock().confirmed = asked;
    }

    /// How long the lease can still be trusted.
    pub(crate) fn trusted_for(&self) -> Duration {
        self.trust.saturating_sub(self.lock().confirmed.elapsed())
    }

    pub(crate) fn told(&self) -> Option<Cause> {
        self.lock().told.map(|(cause, _)| cause)
    }

    /// Tells it to end; the first cause stays, but for a lease that is lost or a job that is cancelled,
    /// after which nothing of it can be stored. `false` when it knew already.
    pub(crate) fn tell(&self, cause: Cause) -> bool {
        let mut state = self.lock();
        let is_news = match state.told {
            None => {
                state.told = Some((cause, Stopwatch::start()));
                true
            }
            Some((Cause::Hang | Cause::Drain, since)) if matches!(cause, Cause::Lost | Cause::Cancelled) => {
                state.told = Some((cause, since));
                true
            }
            Some(_) => false,
        };
        drop(state);
        self.budget.cancel();
        is_news
    }

    /// What must be done about it now.
    pub(crate) fn due(&self, grace: Duration) -> Option<Due> {
        let state = self.lock();
        if let Some((_, since)) = state.told {
            return (!state.settling && since.elapsed() >= grace).then_some(Due::GiveUp);
        }
        if state.confirmed.elapsed() >= self.trust {
            return Some(Due::Tell(Cause::Lost));
        }
        let late = self.since.elapsed() >= Duration::from_millis(self.budget_ms());
        (late && !state.settling).then_some(Due::Tell(Cause::Hang))
    }

    pub(crate) fn describe(&self) -> &'static str {
        let state = self.lock();
        match state.told {
            _ if state.settling => "committing",
            None => "running",
            Some((Cause::Hang, _)) => "past its budget",
            Some((Cause::Lost, _)) => "lost its lease",
            Some((Cause::Cancelled, _)) => "cancelled",
            Some((Cause::Drain, _)) => "draining",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Tell(Cause),
    GiveUp,
}

/// All of them, by job. No larger than the node has slots, but for attempts whose lease is lost.
#[derive(Default)]
pub(crate) struct RunningTable(Mutex<BTreeMap<(Id, u64), Arc<Running>>>);

impl RunningTable {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Id, u64), Arc<Running>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, running: &Arc<Running>) {
        self.lock().insert((running.id(), running.token()), Arc::clone(running));
    }

    pub(crate) fn remove(&self, running: &Running) {
        self.lock().remove(&(running.id(), running.token()));
    }

    pub(crate) fn all(&self) -> Vec<Arc<Running>> {
        self.lock().values().cloned().collect()
    }

    pub(crate) fn of(&self, stage: Stage) -> Vec<Arc<Running>> {
        self.lock().values().filter(|r| r.job.stage == stage).cloned().collect()
    }

    /// Tells the attempts of a job that ended elsewhere.
    pub(crate) fn cancel(&self, job: Id) {
        let found: Vec<_> = self.lock().values().filter(|r| r.id() == job).cloned().collect();
        for running in found {
            running.tell(Cause::Cancelled);
        }
    }
}

#[cfg(test)]
mod tests {
    use takeoff_core::job::{Lane, NewJob, RetryPolicy, enqueue};
    use takeoff_core::model::{TenantId, Timestamp};

    use super::*;

    fn running(lease_ms: u64) -> Running {
        let new = NewJob {
            id: Id::NIL,
            stage: Stage::Noop,
            args: serde_json::Value::Null,
            lane: Lane::Batch,
            priority: 0,
            run_at: None,
            retry: RetryPolicy::default(),
            project_id: None,
            subject_id: None,
            task: None,
            request_id: None,
        };
        let job = enqueue(new, TenantId::DEFAULT, None, Timestamp(0));
        Running::new(Arc::new(job), Stopwatch::start(), lease_ms)
    }

    #[test]
    fn a_lease_is_not_trusted_to_its_end() {
        let attempt = running(60_000);
        assert!(attempt.trusted_for() <= Duration::from_millis(48_000));
        assert_eq!(attempt.due(Duration::ZERO), None);
        assert_eq!(running(0).due(Duration::ZERO), Some(Due::Tell(Cause::Lost)));
    }

    #[test]
    fn a_hang_is_due_at_the_budget_and_given_up_after_the_grace() {
        let attempt = running(60_000);
        attempt.begin(0);
        assert_eq!(attempt.due(Duration::from_secs(60)), Some(Due::Tell(Cause::Hang)));
        assert!(attempt.tell(Cause::Hang) && attempt.budget.is_cancelled());
        assert_eq!(attempt.due(Duration::from_secs(60)), None);
        assert_eq!(attempt.due(Duration::ZERO), Some(Due::GiveUp));
        attempt.settle(true);
        assert_eq!(attempt.due(Duration::ZERO), None, "what is being committed is not torn away");
    }

    #[test]
    fn a_lost_lease_overrides_what_could_still_be_reported() {
        let attempt = running(60_000);
        assert!(attempt.tell(Cause::Drain));
        assert!(!attempt.tell(Cause::Hang));
        assert!(attempt.tell(Cause::Lost));
        assert!(!attempt.tell(Cause::Drain));
        assert_eq!(attempt.told(), Some(Cause::Lost));
    }
}
