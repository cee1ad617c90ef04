//! Jobs as operators see them, whole; clients see tasks.

use serde::Serialize;
use serde_json::{Value, json};
use takeoff_commands::admin::{self, CAUSE_CHARS, JobFilter, JobView, Swept as SweptJobs};
use takeoff_core::job::{self, FailureKind, JobState, Lane, Stage};
use takeoff_core::model::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use super::scalar::{Stamp, aged};
use super::validate::{At, Boolean, Fields, IdRule, OneOf, Rule, integer, text};

/// One job, with how old it is and why it is as it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobRow {
    id: Uuid,
    /// `ingest`, `detect_scale`, `auto_count`, `run_assembly`, `noop`.
    stage: &'static str,
    /// `ready`, `leased`, `waiting`, `succeeded`, `refused`, `dead`, `cancelled`.
    state: &'static str,
    /// Why it is in this state, for a person.
    cause: String,
    /// Held back by an operator.
    paused: bool,
    /// Since it was enqueued, milliseconds.
    age_ms: i64,
    /// Since it is in this state, milliseconds; negative for a job that is not due yet.
    state_age_ms: i64,
    /// `interactive`, `batch`.
    lane: &'static str,
    priority: i16,
    project_id: Option<Uuid>,
    subject_id: Option<Uuid>,
    task_type: Option<String>,
    task_name: Option<String>,
    parent_id: Option<Uuid>,
    /// Attempts that failed; one that runs or succeeded is none of them.
    attempts: u16,
    max_attempts: u16,
    /// Deaths of a parse child that it caused.
    child_deaths: u16,
    /// Deaths of a node in a row at which it was leased there.
    node_deaths: u16,
    /// Those of them at which it was the node's only lease; at sixteen it is quarantined.
    lone_deaths: u16,
    /// 0 to 100.
    percent: f64,
    step: Option<String>,
    created_at: Stamp,
    run_at: Stamp,
    started_at: Option<Stamp>,
    finished_at: Option<Stamp>,
}

const fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Interactive => "interactive",
        Lane::Batch => "batch",
    }
}

impl JobRow {
    pub(crate) fn of(view: &JobView, now: Timestamp) -> Self {
        let job = &view.job;
        Self {
            id: job.id.0,
            stage: job.stage.name(),
            state: admin::state_name(job.state),
            cause: view.cause.clone(),
            paused: view.paused,
            age_ms: aged(now, job.created_at),
            state_age_ms: aged(now, view.since),
            lane: lane(job.lane),
            priority: job.priority,
            project_id: job.project_id.map(|id| id.0),
            subject_id: job.subject_id.map(|id| id.0),
            task_type: job.task.as_ref().map(|t| t.task_type.clone()),
            task_name: job.task.as_ref().map(|t| t.name.clone()),
            parent_id: job.parent.map(|id| id.0),
            attempts: job.attempts,
            max_attempts: job.retry.max_attempts,
            child_deaths: job.child_deaths,
            node_deaths: job.node_deaths,
            lone_deaths: job.lone_deaths,
            percent: f64::from(job.percent()),
            step: job.step(),
            created_at: Stamp(job.created_at),
            run_at: Stamp(job.run_at),
            started_at: job.started_at.map(Stamp),
            finished_at: job.finished_at.map(Stamp),
        }
    }
}

/// An attempt that did not succeed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    /// `retry`, `reject`, `panic`, `hang`, `fenced`, `child_death`.
    kind: &'static str,
    message: String,
    at: Stamp,
    age_ms: i64,
}

impl Failure {
    fn of(f: &job::AttemptFailure, now: Timestamp) -> Self {
        let kind = match f.kind {
            FailureKind::Retry => "retry",
            FailureKind::Reject => "reject",
            FailureKind::Panic => "panic",
            FailureKind::Hang => "hang",
            FailureKind::Fenced => "fenced",
            FailureKind::ChildDeath => "child_death",
        };
        Self { kind, message: f.message.clone(), at: Stamp(f.at), age_ms: aged(now, f.at) }
    }
}

/// One job with everything that is kept of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobDetail {
    #[serde(flatten)]
    row: JobRow,
    #[schema(value_type = Object)]
    args: Value,
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
    /// The last ones, oldest first.
    failures: Vec<Failure>,
    /// Leases ever given.
    leases: u64,
    /// The node that runs it, and until when it may.
    leased_by: Option<String>,
    leased_until: Option<Stamp>,
    children_total: u32,
    children_left: u32,
    children_failed: u32,
    request_id: Option<String>,
}

impl JobDetail {
    pub(crate) fn of(view: JobView, now: Timestamp) -> Self {
        let row = JobRow::of(&view, now);
        let job = view.job;
        Self {
            row,
            failures: job.failures.iter().map(|f| Failure::of(f, now)).collect(),
            args: job.args,
            result: job.result,
            leases: job.token,
            leased_until: job.lease.as_ref().map(|l| Stamp(l.until)),
            leased_by: job.lease.map(|l| l.node),
            children_total: job.children_total,
            children_left: job.children_left,
            children_failed: job.children_failed,
            request_id: job.request_id,
        }
    }
}

/// A page of jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jobs {
    jobs: Vec<JobRow>,
    /// That match the filter.
    total: u64,
    /// Of the first one after this page; `null` after the last page.
    next_offset: Option<u64>,
}

impl Jobs {
    pub(crate) fn of(views: &[JobView], total: u64, offset: usize, now: Timestamp) -> Self {
        let next = (offset + views.len()) as u64;
        let jobs = views.iter().map(|view| JobRow::of(view, now)).collect();
        Self { jobs, total, next_offset: (next < total && !views.is_empty()).then_some(next) }
    }
}

/// What became of the dead jobs that match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Swept {
    changed: u64,
    /// That match and are still dead: ask again.
    left: u64,
}

impl From<SweptJobs> for Swept {
    fn from(swept: SweptJobs) -> Self {
        Self { changed: swept.changed, left: swept.left }
    }
}

/// Why an operator does it; goes into the job.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what is read field by field")]
pub(crate) struct Cause {
    cause: Option<String>,
}

pub(crate) fn cause(body: &Fields<'_>) -> Option<Option<String>> {
    body.optional("cause", text().max(CAUSE_CHARS).line().not_blank())
}

pub(crate) const STAGES: &[(&str, Stage)] = &[
    (Stage::Ingest.name(), Stage::Ingest),
    (Stage::DetectScale.name(), Stage::DetectScale),
    (Stage::AutoCount.name(), Stage::AutoCount),
    (Stage::RunAssembly.name(), Stage::RunAssembly),
    (Stage::Noop.name(), Stage::Noop),
];

const STATES: &[(&str, JobState)] = &[
    (admin::state_name(JobState::Ready), JobState::Ready),
    (admin::state_name(JobState::Leased), JobState::Leased),
    (admin::state_name(JobState::Waiting), JobState::Waiting),
    (admin::state_name(JobState::Succeeded), JobState::Succeeded),
    (admin::state_name(JobState::Refused), JobState::Refused),
    (admin::state_name(JobState::Dead), JobState::Dead),
    (admin::state_name(JobState::Cancelled), JobState::Cancelled),
];

/// Some states with commas between them.
#[derive(Debug, Clone, Copy)]
struct States;

impl Rule for States {
    type Out = Vec<JobState>;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<Vec<JobState>> {
        let words = value.as_str().unwrap_or_default();
        let read: Vec<Option<JobState>> =
            words.split(',').map(|word| OneOf(STATES).read(&json!(word.trim()), at)).collect();
        read.into_iter().collect()
    }
}

/// Of the query string.
pub(crate) fn filter(query: &Fields<'_>) -> Option<JobFilter> {
    let stage = query.optional("stage", OneOf(STAGES));
    let project_id = query.optional("project_id", IdRule);
    let subject_id = query.optional("subject_id", IdRule);
    let tasks_only = query.or("tasks_only", false, Boolean);
    let states = query.or("state", Vec::new(), States);
    let older = query.or("older_than_s", 0, integer().ge(0).le(i64::from(u32::MAX)));
    Some(JobFilter {
        stage: stage?,
        project_id: project_id?,
        subject_id: subject_id?,
        tasks_only: tasks_only?,
        states: states?,
        older_than_s: u32::try_from(older?).ok()?,
    })
}

/// Offset and limit, of the query string.
pub(crate) fn paging(query: &Fields<'_>) -> Option<(usize, usize)> {
    let limit = query.or("limit", 50, integer().ge(1).le(500));
    let offset = query.or("offset", 0, integer().ge(0));
    Some((usize::try_from(offset?).ok()?, usize::try_from(limit?).ok()?))
}
