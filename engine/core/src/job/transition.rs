//! The state machine of a job.

use super::backoff::delay_ms;
use super::event::{Cause, JobEvent};
use super::types::{AttemptFailure, FailureKind, Job, JobState, Lease, NewJob, Progress, RetryPolicy};
use crate::model::{Id, TenantId, Timestamp};

/// What a job's step begins with that gave its slot back and waits: why follows.
pub const RESTS: &str = "rests: ";

/// Failures kept of a job, the newest.
pub const MAX_FAILURES: usize = 10;

/// Deaths of its own parse child after which a job is poison.
pub const MAX_CHILD_DEATHS: u16 = 3;

/// Deaths of a node in a row, each while the job was its only lease, after which the job is poison: it is not run
/// again until an operator says so. Deaths of a node that had other leases say nothing of one of them, and a job
/// that got a part of its work committed starts anew: what it died at, if it did, is behind it.
///
/// Nobody can tell a node that was killed from one that died of its work. Three such deaths in a row are soon had
/// by a short job on a node that is killed again and again (the crash test does it), so the limit is far above
/// (`docs/adr/0011-a-death-alone-proves-little.md`).
pub const MAX_LONE_DEATHS: u16 = 16;

/// Longest rest of a job after a death of its node, milliseconds. From the second death in a row on it
/// rests as after a failure, so that one which does kill its node leaves it time for other work; not for
/// long, because most are innocent and somebody waits for them.
const MAX_REST_MS: u32 = 4_000;

/// A job after an event, and what the store must do in the same commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    pub job: Job,
    /// Children to enqueue; they point to the job.
    pub children: Vec<Job>,
    /// The job became terminal: its parent, if it has one, gets [`Cause::ChildEnded`].
    pub ended: bool,
    /// The job waited and does no more: its unfinished children are to be cancelled. They tell it nothing.
    pub cancel_children: bool,
    /// The job became leasable, now or at `run_at`.
    pub readied: bool,
}

/// Why an event does not apply. The job is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The reporter does not hold the job's lease (any more).
    #[error("the lease with token {token} is not held")]
    Fenced { token: u64 },
    #[error("a job that is {0:?} cannot take this event")]
    State(JobState),
    /// The state machine contradicts itself: a bug here or a damaged job.
    #[error("broken job: {0}")]
    Broken(&'static str),
}

/// A new job as it is first stored.
pub fn enqueue(new: NewJob, tenant: TenantId, parent: Option<Id>, now: Timestamp) -> Job {
    Job {
        id: new.id,
        tenant,
        stage: new.stage,
        args: new.args,
        lane: new.lane,
        priority: new.priority,
        retry: new.retry,
        project_id: new.project_id,
        subject_id: new.subject_id,
        task: new.task,
        request_id: new.request_id,
        state: JobState::Ready,
        run_at: new.run_at.map_or(now, |at| at.max(now)),
        attempts: 0,
        child_deaths: 0,
        node_deaths: 0,
        lone_deaths: 0,
        token: 0,
        lease: None,
        failures: Vec::new(),
        progress: Progress { percent: 0.0, step: None },
        result: None,
        error: None,
        parent,
        children_left: 0,
        children_failed: 0,
        children_total: 0,
        checkpoint: None,
        created_at: now,
        started_at: None,
        finished_at: None,
    }
}

/// Whether a failure of this kind, reported by the present holder, makes the job a dead letter. For a
/// holder that must commit its burial with it.
pub fn dies_of(job: &Job, kind: FailureKind) -> bool {
    let deaths = job.child_deaths + u16::from(kind == FailureKind::ChildDeath);
    kind == FailureKind::Reject
        || deaths >= MAX_CHILD_DEATHS
        || job.attempts.saturating_add(1) >= max_attempts(job)
}

/// Applies an event. `jitter` is a random number; it spreads retries.
///
/// # Errors
/// [`Refused`] when the event does not apply; the caller still has the job as it was.
pub fn transition(job: &Job, cause: Cause, now: Timestamp, jitter: u64) -> Result<Transition, Refused> {
    super::invariant::holds(job).map_err(Refused::Broken)?;
    let after = apply(job.clone(), cause, now, jitter)?;
    super::invariant::holds(&after.job).map_err(Refused::Broken)?;
    super::invariant::follows(job, &after).map_err(Refused::Broken)?;
    Ok(after)
}

fn apply(job: Job, cause: Cause, now: Timestamp, jitter: u64) -> Result<Transition, Refused> {
    match cause {
        Cause::Lease { node, lease_ms } => lease(job, node, lease_ms, now),
        Cause::Renew { token, lease_ms, progress } => renew(job, token, lease_ms, progress, now),
        Cause::Expire => match job.state {
            JobState::Leased => Ok(ready(job)),
            state => Err(Refused::State(state)),
        },
        Cause::NodeDied { alone } => node_died(job, alone, now, jitter),
        Cause::ChildEnded { failed } => child_ended(job, failed),
        Cause::Reported { token, event } => match event {
            JobEvent::Cancel { reason } => cancel(job, reason, now),
            JobEvent::Requeue => requeue(job, now),
            JobEvent::Discard { reason } => discard(job, &reason, now),
            JobEvent::Fenced { token, message } => fenced(job, token, message, now),
            JobEvent::Continue => {
                held(&job, token)?;
                Ok(went_on(job))
            }
            by_holder => {
                held(&job, token)?;
                Ok(end_of_attempt(job, by_holder, now, jitter))
            }
        },
    }
}

fn max_attempts(job: &Job) -> u16 {
    job.retry.max_attempts.max(1)
}

fn plain(job: Job) -> Transition {
    Transition { job, children: Vec::new(), ended: false, cancel_children: false, readied: false }
}

fn ready(mut job: Job) -> Transition {
    job.state = JobState::Ready;
    job.lease = None;
    Transition { readied: true, ..plain(job) }
}

fn ended(mut job: Job, state: JobState, now: Timestamp) -> Transition {
    job.state = state;
    job.lease = None;
    job.finished_at = Some(now);
    Transition { ended: true, ..plain(job) }
}

fn dead(mut job: Job, why: String, now: Timestamp) -> Transition {
    job.error = Some(why);
    ended(job, JobState::Dead, now)
}

/// Only who holds the newest lease may report. An expired lease that nobody took is still held: the
/// token, not the time, decides.
fn held(job: &Job, token: Option<u64>) -> Result<(), Refused> {
    let token = token.unwrap_or(0);
    match &job.lease {
        Some(lease) if lease.token == token => Ok(()),
        _ => Err(Refused::Fenced { token }),
    }
}

fn lease(mut job: Job, node: String, lease_ms: i64, now: Timestamp) -> Result<Transition, Refused> {
    if job.state != JobState::Ready || job.run_at > now {
        return Err(Refused::State(job.state));
    }
    job.token += 1;
    job.state = JobState::Leased;
    job.lease = Some(Lease { node, token: job.token, until: now.plus_ms(lease_ms) });
    job.started_at = job.started_at.or(Some(now));
    Ok(plain(job))
}

fn renew(
    mut job: Job,
    token: u64,
    lease_ms: i64,
    progress: Option<Progress>,
    now: Timestamp,
) -> Result<Transition, Refused> {
    held(&job, Some(token))?;
    if let Some(lease) = &mut job.lease {
        // A clock that went back must not shorten a lease that its holder trusts.
        lease.until = lease.until.max(now.plus_ms(lease_ms));
    }
    if let Some(progress) = progress {
        let percent = if progress.percent.is_finite() { progress.percent.clamp(0.0, 100.0) } else { 0.0 };
        job.progress = Progress { percent, step: progress.step };
    }
    Ok(plain(job))
}

/// A part of its work is committed: it comes further each time, so it is not what its nodes died of.
fn went_on(mut job: Job) -> Transition {
    job.node_deaths = 0;
    job.lone_deaths = 0;
    plain(job)
}

fn node_died(mut job: Job, alone: bool, now: Timestamp, jitter: u64) -> Result<Transition, Refused> {
    if job.state != JobState::Leased {
        return Err(Refused::State(job.state));
    }
    job.node_deaths = job.node_deaths.saturating_add(1);
    job.lone_deaths = (job.lone_deaths + u16::from(alone)).min(MAX_LONE_DEATHS);
    if job.node_deaths > 1 {
        let max_delay_ms = job.retry.max_delay_ms.min(MAX_REST_MS);
        let policy = RetryPolicy { max_delay_ms, ..job.retry };
        job.run_at = now.plus_ms(delay_ms(policy, job.node_deaths - 1, jitter));
    }
    Ok(ready(job))
}

fn end_of_attempt(mut job: Job, event: JobEvent, now: Timestamp, jitter: u64) -> Transition {
    if !matches!(event, JobEvent::Release) && job.poison().is_none() {
        // It has come to an end of its own, so it does not kill every node.
        job.node_deaths = 0;
        job.lone_deaths = 0;
    }
    match event {
        JobEvent::Succeed { result } => {
            job.result = Some(result);
            job.error = None;
            job.progress.percent = 100.0;
            ended(job, JobState::Succeeded, now)
        }
        JobEvent::Refuse { error } => {
            job.error = Some(error);
            ended(job, JobState::Refused, now)
        }
        JobEvent::FanOut { children, checkpoint } => fan_out(job, children, checkpoint, now),
        JobEvent::Snooze { until, checkpoint, why } => {
            job.run_at = until.max(now);
            if let Some(why) = why {
                job.progress.step = Some(format!("{RESTS}{why}"));
            }
            job.checkpoint = checkpoint.or(job.checkpoint);
            ready(job)
        }
        JobEvent::Fail { kind, message } => fail(job, kind, message, now, jitter),
        // The other events are not an attempt's; `apply` took them before.
        JobEvent::Release
        | JobEvent::Continue
        | JobEvent::Fenced { .. }
        | JobEvent::Cancel { .. }
        | JobEvent::Requeue
        | JobEvent::Discard { .. } => ready(job),
    }
}

/// A child is due since its parent was, unless it is to run later: so what was begun goes before what only waits, and
/// of a queue of sets a few are in parts at a time, not all of them.
fn child(new: NewJob, parent: &Job, now: Timestamp) -> Job {
    let run_at = new.run_at.map_or(parent.run_at.min(now), |at| at.max(now));
    Job { run_at, ..enqueue(new, parent.tenant, Some(parent.id), now) }
}

/// Without children the job is ready again at once.
fn fan_out(mut job: Job, children: Vec<NewJob>, checkpoint: serde_json::Value, now: Timestamp) -> Transition {
    let children: Vec<Job> = children.into_iter().map(|new| child(new, &job, now)).collect();
    let count = u32::try_from(children.len()).unwrap_or(u32::MAX);
    job.checkpoint = Some(checkpoint);
    job.children_total = count;
    job.children_left = count;
    job.children_failed = 0;
    if count == 0 {
        return ready(job);
    }
    job.state = JobState::Waiting;
    job.lease = None;
    Transition { children, ..plain(job) }
}

fn child_ended(mut job: Job, failed: bool) -> Result<Transition, Refused> {
    if job.state != JobState::Waiting {
        return Err(Refused::State(job.state));
    }
    job.children_left -= 1;
    job.children_failed += u32::from(failed);
    Ok(if job.children_left == 0 { ready(job) } else { plain(job) })
}

fn count_attempt(job: &mut Job, token: u64, kind: FailureKind, message: String, now: Timestamp) {
    job.attempts = job.attempts.saturating_add(1).min(max_attempts(job));
    job.failures.push(AttemptFailure { token, kind, message, at: now });
    let surplus = job.failures.len().saturating_sub(MAX_FAILURES);
    job.failures.drain(..surplus);
}

fn fail(mut job: Job, kind: FailureKind, message: String, now: Timestamp, jitter: u64) -> Transition {
    let dies = dies_of(&job, kind);
    job.child_deaths += u16::from(kind == FailureKind::ChildDeath);
    let token = job.token;
    count_attempt(&mut job, token, kind, message.clone(), now);
    if dies {
        let deaths = job.child_deaths;
        let is_poison = kind == FailureKind::ChildDeath && deaths >= MAX_CHILD_DEATHS;
        let why = if is_poison {
            format!("quarantined: its parse child died {deaths} times; the last: {message}")
        } else {
            message
        };
        return dead(job, why, now);
    }
    job.run_at = now.plus_ms(delay_ms(job.retry, job.attempts, jitter));
    ready(job)
}

/// Counts the attempt of a holder that lost its lease. The present holder keeps its own, and a job that
/// has used up its attempts this way still gets the one that runs or is due.
fn fenced(mut job: Job, token: u64, message: String, now: Timestamp) -> Result<Transition, Refused> {
    if job.state.is_terminal() {
        return Err(Refused::State(job.state));
    }
    let holds = job.lease.as_ref().is_some_and(|l| l.token == token);
    if holds || token == 0 || token > job.token {
        return Err(Refused::State(job.state));
    }
    // Reported twice, counted once.
    if !job.failures.iter().any(|f| f.token == token) {
        count_attempt(&mut job, token, FailureKind::Fenced, message, now);
    }
    Ok(plain(job))
}

fn cancel(mut job: Job, reason: String, now: Timestamp) -> Result<Transition, Refused> {
    if job.state.is_terminal() {
        return Err(Refused::State(job.state));
    }
    let cancel_children = job.state == JobState::Waiting;
    job.error = Some(reason);
    // What is left of the count says how far it came; nobody counts it down any more.
    job.children_left = 0;
    Ok(Transition { cancel_children, ..ended(job, JobState::Cancelled, now) })
}

/// Starts from the beginning, without a parent: the one it had was told of the end already.
fn requeue(mut job: Job, now: Timestamp) -> Result<Transition, Refused> {
    if !matches!(job.state, JobState::Dead | JobState::Cancelled) {
        return Err(Refused::State(job.state));
    }
    job.run_at = now;
    job.attempts = 0;
    job.child_deaths = 0;
    job.node_deaths = 0;
    job.lone_deaths = 0;
    job.failures.clear();
    job.error = None;
    job.result = None;
    job.progress = Progress { percent: 0.0, step: None };
    job.parent = None;
    job.checkpoint = None;
    (job.children_total, job.children_left, job.children_failed) = (0, 0, 0);
    job.started_at = None;
    job.finished_at = None;
    Ok(ready(job))
}

/// Keeps why it died, and is kept as long as other ended jobs are. Its parent was told of its end already.
fn discard(mut job: Job, reason: &str, now: Timestamp) -> Result<Transition, Refused> {
    if job.state != JobState::Dead {
        return Err(Refused::State(job.state));
    }
    let died_of = job.error.take().unwrap_or_default();
    job.error = Some(format!("{reason}; it had died of: {died_of}"));
    job.state = JobState::Refused;
    job.finished_at = Some(now);
    Ok(plain(job))
}
