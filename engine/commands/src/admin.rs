//! What operators do: look at jobs, put dead ones back or discard them, hold work back.

use takeoff_core::job::{DEFAULT_WEIGHT, Job, JobState, MAX_WEIGHT, RESTS, Stage};
use takeoff_core::model::{Control, Id, Index, Kind, Pause, Project, Scope, Timestamp};
use takeoff_engine::controls::{MAX_CONTROLS, Paused};
use takeoff_engine::error::EngineError;
use takeoff_storage::catalog::{JobPage, JobQuery};
use takeoff_storage::{Batch, StoreError, Stored};

use crate::erased;
use crate::load::{find, required};
use crate::retry::Tries;
use crate::{CommandError, Ctx};

/// Longest cause of a pause or a discard, characters.
pub const CAUSE_CHARS: usize = 500;

/// Dead jobs that one request puts back or discards; the answer says how many are left.
const AT_ONCE: usize = 200;

/// Filter of jobs; all given fields must match.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobFilter {
    pub stage: Option<Stage>,
    pub project_id: Option<Id>,
    /// The document, page, session or assembly that they are for.
    pub subject_id: Option<Id>,
    /// Only those that clients see as tasks: not the parts in which one is handed out.
    pub tasks_only: bool,
    /// None is any state.
    pub states: Vec<JobState>,
    /// Enqueued at least so long ago.
    pub older_than_s: u32,
}

/// A job as an operator sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    pub job: Job,
    /// Since when it is in its state: due, begun, handed over or ended.
    pub since: Timestamp,
    /// Why it is in its state, in one sentence; empty for a job that succeeded.
    pub cause: String,
    /// It would start if an operator did not hold it back.
    pub paused: bool,
}

/// What a bulk change came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    pub changed: u64,
    /// Of those that match and are still dead.
    pub left: u64,
}

fn query(ctx: &Ctx<'_>, filter: &JobFilter) -> JobQuery {
    let old = i64::from(filter.older_than_s) * 1_000;
    JobQuery {
        stage: filter.stage,
        project_id: filter.project_id,
        subject_id: filter.subject_id,
        tasks_only: filter.tasks_only,
        states: filter.states.clone(),
        created_by: (old > 0).then(|| ctx.handle.now().plus_ms(-old)),
        ..JobQuery::default()
    }
}

fn view(ctx: &Ctx<'_>, mut job: Job) -> JobView {
    let pause = (job.state == JobState::Ready).then(|| ctx.handle.pause_of(&job)).flatten();
    let since = match job.state {
        // One that rests is "ready" from when it is due; a part has the due time of its whole.
        JobState::Ready => job.run_at.max(job.created_at),
        JobState::Leased | JobState::Waiting => job.started_at.unwrap_or(job.created_at),
        _ => job.finished_at.unwrap_or(job.created_at),
    };
    if job.state == JobState::Leased
        && let Some(progress) = ctx.handle.progress(job.id)
    {
        job.progress = progress;
    }
    let cause = cause(&job, pause.as_ref(), ctx.handle.now());
    JobView { since, cause, paused: pause.is_some(), job }
}

fn cause(job: &Job, pause: Option<&Paused>, now: Timestamp) -> String {
    let failed = || match job.failures.last() {
        Some(f) => format!(" after a failure: {}", f.message),
        None => String::new(),
    };
    // Why it gave its slot back before.
    let rested = || {
        let why = job.progress.step.as_deref().and_then(|step| step.strip_prefix(RESTS));
        why.map(|why| format!(": {why}")).unwrap_or_default()
    };
    match (job.state, pause) {
        (JobState::Ready, Some(pause)) => pause.sentence(),
        (JobState::Ready, None) if job.run_at > now => {
            let seconds = (job.run_at.ms_since(now) + 999) / 1_000;
            format!("due in {seconds} s{}{}", failed(), rested())
        }
        (JobState::Ready, None) => format!("waits for a free slot{}{}", failed(), rested()),
        (JobState::Leased, _) => match &job.lease {
            Some(lease) if lease.until < now => {
                let seconds = now.ms_since(lease.until) / 1_000;
                let node = &lease.node;
                let gone = format!("the lease of {node} ran out {seconds} s ago");
                format!("{gone}, and another node takes it over{}", failed())
            }
            lease => {
                let node = lease.as_ref().map_or("a node", |lease| lease.node.as_str());
                format!("runs on {node}{}", failed())
            }
        },
        (JobState::Waiting, _) => {
            format!("waits for {} of {} parts", job.children_left, job.children_total)
        }
        (JobState::Succeeded, _) => String::new(),
        (JobState::Refused | JobState::Dead | JobState::Cancelled, _) => {
            job.error.clone().unwrap_or_default()
        }
    }
}

/// A page of jobs, newest first, and how many match in all.
#[erased]
pub async fn jobs(
    ctx: &Ctx<'_>,
    filter: &JobFilter,
    offset: usize,
    limit: usize,
) -> Result<(Vec<JobView>, u64), CommandError> {
    let query = JobQuery { offset, limit, ..query(ctx, filter) };
    let JobPage { jobs, total } = ctx.handle.catalog().jobs(ctx.tenant, query).await?;
    Ok((jobs.into_iter().map(|job| view(ctx, job)).collect(), total))
}

#[erased]
pub async fn job(ctx: &Ctx<'_>, id: Id) -> Result<JobView, CommandError> {
    let found = ctx.handle.catalog().job(ctx.tenant, id).await?;
    found.map(|job| view(ctx, job)).ok_or(NO_JOB)
}

const NO_JOB: CommandError = CommandError::NotFound { what: "Job" };

/// `what` as in "only a dead job can be discarded".
fn changed(
    ctx: &Ctx<'_>,
    result: Result<Option<Job>, EngineError>,
    what: &str,
) -> Result<JobView, CommandError> {
    match result {
        Ok(found) => found.map(|job| view(ctx, job)).ok_or(NO_JOB),
        Err(EngineError::Store(StoreError::NoSuchJob(_))) => Err(NO_JOB),
        Err(EngineError::Store(StoreError::JobState { state, .. })) => {
            Err(CommandError::invalid(format!("the job is {}: {what}", state_name(state))))
        }
        Err(e) => Err(e.into()),
    }
}

/// As the API and the command line say it.
pub const fn state_name(state: JobState) -> &'static str {
    match state {
        JobState::Ready => "ready",
        JobState::Leased => "leased",
        JobState::Waiting => "waiting",
        JobState::Succeeded => "succeeded",
        JobState::Refused => "refused",
        JobState::Dead => "dead",
        JobState::Cancelled => "cancelled",
    }
}

/// Puts a dead or cancelled job back, with all its attempts.
#[erased]
pub async fn retry(ctx: &Ctx<'_>, id: Id) -> Result<JobView, CommandError> {
    let result = ctx.handle.requeue(ctx.tenant, id).await;
    changed(ctx, result, "only a dead or cancelled job can be put back")
}

/// Takes a dead job out of the dead letters.
#[erased]
pub async fn discard(ctx: &Ctx<'_>, id: Id, cause: Option<&str>) -> Result<JobView, CommandError> {
    let reason = reason("discarded by an operator", cause);
    let result = ctx.handle.discard(ctx.tenant, id, &reason).await;
    changed(ctx, result, "only a dead job can be discarded")
}

/// Ends a job that has not ended. One that has is an error that says how.
#[erased]
pub async fn cancel(ctx: &Ctx<'_>, id: Id, cause: Option<&str>) -> Result<JobView, CommandError> {
    let found = ctx.handle.catalog().job(ctx.tenant, id).await?.ok_or(NO_JOB)?;
    if found.state.is_terminal() {
        let state = state_name(found.state);
        return Err(CommandError::invalid(format!("the job is {state}: it has ended already")));
    }
    let reason = reason("cancelled by an operator", cause);
    let result = ctx.handle.cancel(ctx.tenant, id, &reason).await;
    changed(ctx, result, "it cannot be cancelled")
}

fn reason(what: &str, cause: Option<&str>) -> String {
    cause.map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"))
}

/// Puts back the dead jobs that match, the newest first, as many as one request may.
#[erased]
pub async fn retry_dead(ctx: &Ctx<'_>, filter: &JobFilter) -> Result<Swept, CommandError> {
    sweep(ctx, filter, None).await
}

/// Discards the dead jobs that match, the newest first, as many as one request may.
#[erased]
pub async fn discard_dead(
    ctx: &Ctx<'_>,
    filter: &JobFilter,
    cause: Option<&str>,
) -> Result<Swept, CommandError> {
    sweep(ctx, filter, Some(&reason("discarded by an operator", cause))).await
}

/// Discards with a reason, puts back without.
async fn sweep(ctx: &Ctx<'_>, filter: &JobFilter, discard: Option<&str>) -> Result<Swept, CommandError> {
    let dead = JobFilter { states: vec![JobState::Dead], ..filter.clone() };
    let query = JobQuery { limit: AT_ONCE, ..query(ctx, &dead) };
    let page = ctx.handle.catalog().jobs(ctx.tenant, query).await?;
    let mut changed = 0;
    for job in &page.jobs {
        let result = match discard {
            Some(reason) => ctx.handle.discard(ctx.tenant, job.id, reason).await,
            None => ctx.handle.requeue(ctx.tenant, job.id).await,
        };
        match result {
            Ok(found) => changed += u64::from(found.is_some()),
            // Somebody else was faster.
            Err(EngineError::Store(StoreError::JobState { .. } | StoreError::NoSuchJob(_))) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(Swept { changed, left: page.total - page.jobs.len() as u64 })
}

/// Everything that is held back.
pub fn paused(ctx: &Ctx<'_>) -> Vec<Paused> {
    ctx.handle.paused()
}

/// Starts no more jobs of the scope, a project or a node that is known, until it is resumed; what runs goes on. A scope that is paused already
/// keeps its time and takes the new cause.
#[erased]
pub async fn pause(ctx: &Ctx<'_>, scope: Scope, cause: &str) -> Result<Vec<Paused>, CommandError> {
    if let Scope::Project(id) = &scope {
        required::<Project>(&ctx.desk(), *id, "Project").await?;
    }
    if let Scope::Node(name) = &scope {
        let known = ctx.handle.catalog().nodes().await?;
        if known.iter().all(|entry| entry.node.name != *name) {
            return Err(CommandError::NotFound { what: "Node" });
        }
    }
    let now = ctx.handle.now();
    change(ctx, &scope, |control| {
        let since = control.pause.as_ref().map_or(now, |p| p.since);
        control.pause = Some(Pause { since, cause: cause.to_owned() });
    })
    .await?;
    tracing::warn!(scope = %scope, cause, "paused by an operator");
    Ok(paused(ctx))
}

/// The opposite of [`pause`]; what is not paused stays so.
#[erased]
pub async fn resume(ctx: &Ctx<'_>, scope: Scope) -> Result<Vec<Paused>, CommandError> {
    change(ctx, &scope, |control| control.pause = None).await?;
    tracing::warn!(scope = %scope, "resumed by an operator");
    Ok(paused(ctx))
}

/// Gives a project more or less CPU time than others, 1 to [`MAX_WEIGHT`]; [`DEFAULT_WEIGHT`] is what all have.
#[erased]
pub async fn weigh(ctx: &Ctx<'_>, project_id: Id, weight: u16) -> Result<(), CommandError> {
    required::<Project>(&ctx.desk(), project_id, "Project").await?;
    let own = (weight != DEFAULT_WEIGHT).then_some(weight.clamp(1, MAX_WEIGHT));
    change(ctx, &Scope::Project(project_id), |control| control.weight = own).await?;
    tracing::info!(project = %project_id, weight, "weighed by an operator");
    Ok(())
}

/// Changes the scope's control and has this node heed it. One that says nothing any more is deleted.
async fn change(
    ctx: &Ctx<'_>,
    scope: &Scope,
    edit: impl Fn(&mut Control) + Send,
) -> Result<(), CommandError> {
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let stored: Option<Stored<Control>> = find(&desk, scope.id()).await?;
        let (version, before) = stored.map_or((None, None), |s| (Some(s.version), Some(s.value)));
        let fresh = || Control { scope: scope.clone(), pause: None, weight: None, updated_at: desk.now };
        let mut control = before.clone().unwrap_or_else(fresh);
        edit(&mut control);
        control.updated_at = desk.now;
        let mut batch = Batch::new(ctx.tenant);
        match (version, control.pause.is_none() && control.weight.is_none()) {
            (None, true) => return Ok(()),
            (Some(version), true) => {
                batch.delete::<Control>(version, scope.id());
            }
            (Some(version), false) => {
                batch.update(version, &control);
            }
            (None, false) => {
                let count = desk.catalog.count(ctx.tenant, Kind::Control, Index::All, Id::NIL).await?;
                if count >= MAX_CONTROLS as u64 {
                    return Err(CommandError::invalid(format!(
                        "at most {MAX_CONTROLS} stages, projects and nodes can be held back or weighed at once"
                    )));
                }
                batch.create(&control);
            }
        }
        if tries.commit(batch).await? {
            return Ok(ctx.handle.reload_controls().await?);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use takeoff_core::job::{Lane, Lease, NewJob, RetryPolicy, enqueue};
    use takeoff_core::model::TenantId;

    use super::*;

    fn job() -> Job {
        let new = NewJob {
            id: Id::NIL,
            stage: Stage::Noop,
            args: Value::Null,
            lane: Lane::Batch,
            priority: 0,
            run_at: None,
            retry: RetryPolicy::default(),
            project_id: None,
            subject_id: None,
            task: None,
            request_id: None,
        };
        enqueue(new, TenantId::DEFAULT, None, Timestamp(0))
    }

    #[test]
    fn a_job_that_rests_says_why() {
        let mut job = job();
        job.progress.step = Some("Parsing the page".to_owned());
        assert_eq!(cause(&job, None, Timestamp(0)), "waits for a free slot");
        job.progress.step = Some("rests: there is no room for what it makes".to_owned());
        let why = "there is no room for what it makes";
        assert_eq!(cause(&job, None, Timestamp(0)), format!("waits for a free slot: {why}"));
        job.run_at = Timestamp(0).plus_ms(1_500);
        assert_eq!(cause(&job, None, Timestamp(0)), format!("due in 2 s: {why}"));
    }

    #[test]
    fn a_job_whose_node_is_gone_does_not_seem_to_run() {
        let until = Timestamp(0).plus_ms(15_000);
        let mut job = job();
        job.state = JobState::Leased;
        job.lease = Some(Lease { node: "north".to_owned(), token: 1, until });
        assert_eq!(cause(&job, None, until), "runs on north");
        let late = "the lease of north ran out 2 s ago, and another node takes it over";
        assert_eq!(cause(&job, None, until.plus_ms(2_500)), late);
    }
}
