//! What becomes of an attempt: the one place that commits for stages.

use std::sync::atomic::Ordering;
use std::time::Duration;

use takeoff_core::job::{FailureKind, JobEvent, JobState, Stage, dies_of};
use takeoff_core::model::Timestamp;
use takeoff_storage::catalog::JobChange;
use takeoff_storage::{Batch, Committed, StoreError};

use super::lease::Held;
use crate::error::StageError;
use crate::metrics as names;
use crate::running::Cause;
use crate::stage::{Effects, End};

/// How an attempt came to its end.
pub(super) enum Ending {
    Effects(Effects),
    Failed(StageError),
    Panicked(String),
    /// It was told to end and did not in time.
    GaveUp,
}

pub(super) enum Settled {
    Done,
    /// A precondition of its batch does not hold any more.
    Changed(String),
}

/// Longest message kept of a failure, characters.
const MESSAGE: usize = 1_000;

/// How long a job rests that found no room on the disk, milliseconds.
const NO_ROOM_REST_MS: i64 = 2_000;
/// How often that doubles while it finds none.
const NO_ROOM_DOUBLINGS: u64 = 2;

/// How long a job waits for a store that is out of use without that costing it anything, from its first start. What
/// fails for longer is no outage that passes.
const OUTAGE_MS: i64 = 24 * 3_600_000;

/// Bounds of its rests meanwhile.
const OUTAGE_REST_MS: (i64, i64) = (500, 30_000);

/// Times that a burial is prepared before its job is ended without it.
const BURIALS: u32 = 4;

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(20);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn settle(held: &mut Held, ending: Ending) -> Settled {
    let told = held.running.told();
    let budget_ms = held.running.budget_ms();
    match (ending, told) {
        // Whatever it says, somebody else has the job now, or nobody may.
        (_, Some(Cause::Lost)) => done(held, "lost", None),
        (_, Some(Cause::Cancelled)) => done(held, "cancelled", None),
        (Ending::Effects(effects), _) => commit_effects(held, effects).await,
        (Ending::Panicked(message), _) => crashed(held, format!("the stage panicked: {message}")).await,
        (Ending::Failed(StageError::Panicked(message)), _) => crashed(held, message).await,
        (Ending::Failed(_) | Ending::GaveUp, Some(Cause::Drain)) => release(held).await,
        (Ending::Failed(e), Some(Cause::Hang)) => {
            fail(held, FailureKind::Hang, format!("it ran past its budget of {budget_ms} ms ({e})")).await
        }
        (Ending::GaveUp, _) => {
            let message = format!("it ran past its budget of {budget_ms} ms and did not stop");
            fail(held, FailureKind::Hang, message).await
        }
        (Ending::Failed(e), None) => match e {
            StageError::Retry(message) => fail(held, FailureKind::Retry, message).await,
            StageError::Reject(message) => fail(held, FailureKind::Reject, message).await,
            StageError::Panicked(message) => crashed(held, message).await,
            StageError::ChildDeath { message } => fail(held, FailureKind::ChildDeath, message).await,
            StageError::Snooze { until, reason } => snooze(held, until, &reason).await,
            StageError::NoRoom(why) => {
                tracing::warn!(why, "there is no room: free space, the work waits for it");
                // Looked at ever less often: each look does the work in vain.
                let rest = NO_ROOM_REST_MS << held.running.token().saturating_sub(1).min(NO_ROOM_DOUBLINGS);
                let until = store_time(held).await.plus_ms(rest);
                // The system's words name places of this machine: they are for the log.
                snooze(held, until, "there is no room for what it makes").await
            }
            StageError::Outage(why) => outage(held, why).await,
            StageError::Fenced => fenced(held, "the stage found that it no longer holds the lease").await,
        },
    }
}

/// The time that jobs are due by; where it cannot be had, this node's, which should be about the same.
async fn store_time(held: &Held) -> Timestamp {
    held.node.tools.catalog.now().await.unwrap_or_else(|_| held.node.now())
}

/// The store failed, which says nothing of the job.
async fn outage(held: &mut Held, why: String) -> Settled {
    let now = store_time(held).await;
    match outage_rest_ms(held.job().started_at, now) {
        Some(rest_ms) => {
            tracing::warn!(why, rest_ms, "the store is out of use, the work waits for it");
            snooze(held, now.plus_ms(rest_ms), &why).await
        }
        None => fail(held, FailureKind::Retry, why).await,
    }
}

/// Longer the longer it has been: a short outage is soon found to be over, and a long one is not asked after all the
/// time. `None` when it was too long.
fn outage_rest_ms(started_at: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    let since = started_at.map_or(0, |at| now.ms_since(at).max(0));
    let (shortest, longest) = OUTAGE_REST_MS;
    (since < OUTAGE_MS).then(|| (since / 4).clamp(shortest, longest))
}

/// The stage crashed, in itself or on the compute pool: one attempt, counted where crashes are looked for.
async fn crashed(held: &mut Held, message: String) -> Settled {
    held.stage.crashed(held.node.now(), held.node.config.jobs.restart_window_ms);
    held.stage.posts.foreman.count(|c| c.panicked += 1);
    fail(held, FailureKind::Panic, message).await
}

fn done(held: &mut Held, outcome: &'static str, ended: Option<JobState>) -> Settled {
    held.settled();
    let job = held.job();
    let stage = job.stage.name();
    let seconds = held.running.since.elapsed().as_secs_f64();
    ::metrics::counter!(names::ATTEMPTS, "stage" => stage, "outcome" => outcome).increment(1);
    ::metrics::histogram!(names::ATTEMPT_SECONDS, "stage" => stage).record(seconds);
    if matches!(job.stage, Stage::Ingest | Stage::DetectScale | Stage::AutoCount) {
        ::metrics::histogram!(names::AI_PROCESSING_SECONDS).record(seconds);
    }
    if let (Some(task), Some(state)) = (&job.task, ended) {
        let state = if state == JobState::Succeeded { "succeeded" } else { "failed" };
        ::metrics::counter!(names::TASKS, "name" => task.task_type.clone(), "state" => state).increment(1);
    }
    match outcome {
        "released" => held.node.released.fetch_add(1, Ordering::Relaxed),
        _ => held.node.finished.fetch_add(1, Ordering::Relaxed),
    };
    if matches!(outcome, "succeeded" | "refused" | "fanned_out") {
        held.stage.succeeded();
    }
    // What clients see as a task has a line beside that of the request which asked for it.
    match job.task {
        Some(_) => tracing::info!(outcome, seconds, "attempt ended"),
        None => tracing::debug!(outcome, seconds, "attempt ended"),
    }
    Settled::Done
}

fn change(held: &Held, event: JobEvent) -> JobChange {
    JobChange { job: held.job().id, token: Some(held.running.token()), event }
}

/// What a commit of this attempt, of which the answer was lost, came to if it was applied; `None` when it was not.
///
/// After a fan-out the job may have come further since, under another lease: what tells then is that the children
/// are there.
///
/// # Errors
/// Of the store: then nobody knows yet.
async fn applied(held: &Held, event: &JobEvent) -> Result<Option<Committed>, StoreError> {
    let (catalog, tenant) = (&held.node.tools.catalog, held.job().tenant);
    let Some(job) = catalog.job(tenant, held.job().id).await? else { return Ok(None) };
    let token = held.running.token();
    let ours = job.token == token && job.lease.is_none();
    let is_applied = match event {
        JobEvent::FanOut { children, checkpoint } => match children.first() {
            Some(child) => catalog.job(tenant, child.id).await?.is_some(),
            // There was nothing to wait for, so it was ready at once.
            None => job.checkpoint.as_ref() == Some(checkpoint) && (job.token > token || ours),
        },
        JobEvent::Succeed { .. } => ours && job.state == JobState::Succeeded,
        JobEvent::Refuse { .. } => ours && job.state == JobState::Refused,
        JobEvent::Fail { .. } => ours && job.failures.last().is_some_and(|f| f.token == job.token),
        _ => ours && job.state == JobState::Ready,
    };
    let ended = if job.state.is_terminal() { vec![job.id] } else { Vec::new() };
    Ok(is_applied.then_some(Committed { woken: Vec::new(), ended }))
}

/// Whether a commit that was applied before may be refused like this.
fn may_be_the_second(e: &StoreError) -> bool {
    e.is_conflict() || matches!(e, StoreError::Fenced { .. } | StoreError::JobState { .. })
}

/// Commits, through outages of the store, for as long as the lease can be trusted. The last change is the attempt's.
async fn commit(held: &Held, batch: Batch) -> Result<Committed, StoreError> {
    let node = &held.node;
    let event = batch.changes.last().map_or(JobEvent::Release, |c| c.event.clone());
    let mut pause = FIRST_PAUSE;
    let mut unsure = false;
    loop {
        let left = held.running.trusted_for();
        let answer = tokio::time::timeout(left, node.tools.catalog.commit(batch.clone())).await;
        match answer {
            Ok(Ok(committed)) => {
                node.after_commit(&committed, Some(held.job().id));
                return Ok(committed);
            }
            Ok(Err(e)) if e.is_outage() => {
                tracing::warn!(error = e.cause(), "the store is unavailable, the commit is tried again");
                unsure = true;
            }
            Ok(Err(e)) if unsure && may_be_the_second(&e) => match applied(held, &event).await {
                Ok(Some(committed)) => {
                    node.after_commit(&committed, Some(held.job().id));
                    return Ok(committed);
                }
                Ok(None) => return Err(e),
                Err(e) => tracing::warn!(error = e.cause(), "whether the commit was applied cannot be read"),
            },
            Ok(Err(e)) => return Err(e),
            Err(_) => {
                let why = "no answer while the lease could be trusted".to_owned();
                return Err(StoreError::Unavailable(why));
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn commit_effects(held: &mut Held, effects: Effects) -> Settled {
    let Effects { mut batch, end } = effects;
    if batch.tenant != held.job().tenant || !batch.changes.is_empty() {
        let message = "a bug in the stage: its effects are of another tenant or change jobs".to_owned();
        return fail(held, FailureKind::Reject, message).await;
    }
    let (event, outcome) = match end {
        End::Done { result } => (JobEvent::Succeed { result }, "succeeded"),
        End::Refused { error } => (JobEvent::Refuse { error }, "refused"),
        End::FanOut { children, checkpoint } => (JobEvent::FanOut { children, checkpoint }, "fanned_out"),
    };
    let ended = match outcome {
        "succeeded" => Some(JobState::Succeeded),
        "refused" => Some(JobState::Refused),
        _ => None,
    };
    batch.changes.push(change(held, event));
    match commit(held, batch).await {
        Ok(_) => done(held, outcome, ended),
        Err(e) if e.is_conflict() => Settled::Changed(e.to_string()),
        Err(e @ StoreError::TooManyOps { .. }) => {
            fail(held, FailureKind::Reject, format!("a bug in the stage: {e}")).await
        }
        Err(e) => not_committed(held, e).await,
    }
}

/// After a commit that failed for good.
async fn not_committed(held: &mut Held, e: StoreError) -> Settled {
    match e {
        StoreError::Fenced { .. } => fenced(held, "its commit was fenced off").await,
        StoreError::JobState { .. } | StoreError::NoSuchJob(_) => {
            tracing::info!(error = %e, "the job takes no news of this attempt any more");
            done(held, "lost", None)
        }
        StoreError::Unavailable(_) | StoreError::Full(_) => {
            tracing::error!(error = %e, "the attempt's end is not stored; its lease expires");
            done(held, "lost", None)
        }
        other => fail(held, FailureKind::Retry, format!("its effects were refused: {other}")).await,
    }
}

/// Tells the job that an attempt of it ran in vain. That costs an attempt, so that two nodes that take
/// the same job from each other come to an end.
async fn fenced(held: &mut Held, message: &str) -> Settled {
    let mut batch = Batch::new(held.job().tenant);
    let event = JobEvent::Fenced { token: held.running.token(), message: message.to_owned() };
    batch.changes.push(JobChange { job: held.job().id, token: None, event });
    tracing::warn!(message, "attempt fenced off");
    match commit(held, batch).await {
        Ok(_) => {}
        // It was cancelled or has ended meanwhile.
        Err(e) => tracing::info!(error = %e, "the job takes no news of this attempt any more"),
    }
    ::metrics::counter!(names::AI_ERRORS, "error_type" => names::failure(FailureKind::Fenced)).increment(1);
    done(held, "fenced", None)
}

async fn release(held: &mut Held) -> Settled {
    let mut batch = Batch::new(held.job().tenant);
    batch.changes.push(change(held, JobEvent::Release));
    match commit(held, batch).await {
        Ok(_) => done(held, "released", None),
        Err(e) => not_settled(held, &e),
    }
}

async fn snooze(held: &mut Held, until: Timestamp, reason: &str) -> Settled {
    let mut batch = Batch::new(held.job().tenant);
    batch
        .changes
        .push(change(held, JobEvent::Snooze { until, checkpoint: None, why: Some(reason.to_owned()) }));
    tracing::info!(until = until.0, reason, "attempt postponed");
    match commit(held, batch).await {
        Ok(_) => done(held, "snoozed", None),
        Err(e) => not_settled(held, &e),
    }
}

/// The end of an attempt that leaves nothing behind could not be stored: the lease expires.
fn not_settled(held: &mut Held, e: &StoreError) -> Settled {
    tracing::warn!(error = %e, "the attempt's end is not stored; its lease expires");
    done(held, "lost", None)
}

/// How a failure's batch stands to the burial of its job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Burial {
    NotNeeded,
    Included,
    Failed,
}

/// The batch that ends the attempt as a failure, with the burial when the job dies of it.
async fn failure_batch(held: &Held, kind: FailureKind, message: &str) -> (Batch, Burial) {
    let mut batch = Batch::new(held.job().tenant);
    // Another holder's fenced commit may have cost an attempt since the lease.
    let fresh = held.node.tools.catalog.job(held.job().tenant, held.job().id).await;
    let job = match &fresh {
        Ok(Some(job)) => job,
        _ => held.job(),
    };
    let mut burial = Burial::NotNeeded;
    if dies_of(job, kind) {
        match held.node.bury(job, message).await {
            Ok(with_burial) => (batch, burial) = (with_burial, Burial::Included),
            Err(e) => {
                tracing::error!(error = e, "the burial failed");
                burial = Burial::Failed;
            }
        }
    }
    batch.changes.push(change(held, JobEvent::Fail { kind, message: message.to_owned() }));
    (batch, burial)
}

/// For a job that died without its burial: of an attempt that was counted between our look at it and our
/// commit, or because the burial failed with it.
async fn bury_late(held: &Held, message: &str) {
    for _ in 0..BURIALS {
        let committed = match held.node.bury(held.job(), message).await {
            Ok(burial) if burial.is_empty() => return,
            Ok(burial) => held.node.tools.catalog.commit(burial).await,
            Err(e) => Err(StoreError::Unavailable(e)),
        };
        match committed {
            Ok(committed) => return held.node.after_commit(&committed, None),
            Err(e) => tracing::warn!(error = %e, "the burial failed"),
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
    tracing::error!("the job is dead and its owner was not told");
}

async fn fail(held: &mut Held, kind: FailureKind, message: String) -> Settled {
    let message: String = message.chars().take(MESSAGE).collect();
    let outcome = names::failure(kind);
    ::metrics::counter!(names::AI_ERRORS, "error_type" => outcome).increment(1);
    tracing::warn!(kind = outcome, message, "attempt failed");
    let mut pause = FIRST_PAUSE;
    for round in 1..=BURIALS {
        let (batch, burial) = failure_batch(held, kind, &message).await;
        if burial != Burial::Failed {
            match commit(held, batch).await {
                Ok(committed) => return failed(held, outcome, &message, &committed, burial).await,
                Err(StoreError::Fenced { .. }) => return fenced(held, &message).await,
                Err(e) if e.is_conflict() => {
                    tracing::debug!(round, error = %e, "the owner was changed meanwhile")
                }
                Err(e) => {
                    tracing::error!(error = %e, "the failure could not be stored");
                    break;
                }
            }
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    // The owner keeps its state for now, which is bad; a job that fails for ever is worse.
    let mut batch = Batch::new(held.job().tenant);
    batch.changes.push(change(held, JobEvent::Fail { kind, message: message.clone() }));
    match commit(held, batch).await {
        Ok(committed) => failed(held, outcome, &message, &committed, Burial::Failed).await,
        Err(e) => not_settled(held, &e),
    }
}

async fn failed(
    held: &mut Held,
    outcome: &'static str,
    message: &str,
    committed: &Committed,
    burial: Burial,
) -> Settled {
    let dead = committed.ended.contains(&held.job().id);
    if dead && burial != Burial::Included {
        bury_late(held, message).await;
    }
    done(held, outcome, dead.then_some(JobState::Dead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_waits_for_its_store_for_a_day() {
        let rest = |since_ms: i64| outage_rest_ms(Some(Timestamp(0)), Timestamp(0).plus_ms(since_ms));
        assert_eq!(rest(0), Some(500));
        assert_eq!(rest(8_000), Some(2_000));
        assert_eq!(rest(3_600_000), Some(30_000));
        assert_eq!(rest(OUTAGE_MS), None);
        assert_eq!(rest(-1_000), Some(500), "a clock that went back");
        assert_eq!(outage_rest_ms(None, Timestamp(0)), Some(500));
    }
}
