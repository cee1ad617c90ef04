//! Tasks of a project.

use takeoff_core::job::{Job, JobState};
use takeoff_core::model::Id;
use takeoff_storage::catalog::JobQuery;

use crate::erased;
use crate::{CommandError, Ctx};

/// The six states of the API; see [`TaskStatus::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    Pending,
    Started,
    Progress,
    Success,
    Failure,
    Revoked,
}

impl TaskStatus {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Started, Self::Progress, Self::Success, Self::Failure, Self::Revoked];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Started => "STARTED",
            Self::Progress => "PROGRESS",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Revoked => "REVOKED",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// A job that waits for another try or for its children is in `PROGRESS`.
    pub fn of(job: &Job) -> Self {
        match job.state {
            JobState::Succeeded => Self::Success,
            JobState::Dead | JobState::Refused => Self::Failure,
            JobState::Cancelled => Self::Revoked,
            JobState::Waiting => Self::Progress,
            JobState::Ready if job.started_at.is_none() => Self::Pending,
            JobState::Ready => Self::Progress,
            JobState::Leased if job.progress.percent > 0.0 => Self::Progress,
            JobState::Leased => Self::Started,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskFilter {
    /// The name of a state; one that no task is ever in matches none.
    pub status: Option<String>,
    pub task_type: Option<String>,
    pub limit: usize,
    pub offset: usize,
}

/// A page of tasks, newest first. `total` honours the filter, the four counts are project-wide.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskList {
    pub jobs: Vec<Job>,
    pub total: u64,
    pub running: u64,
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
}

/// Tasks that run at once in a project and are told apart by their finer state.
const MAX_RUNNING: usize = 1_000;

const RUNNING: [JobState; 3] = [JobState::Ready, JobState::Leased, JobState::Waiting];
/// Exhausted, or refused because of its input.
const FAILED: [JobState; 2] = [JobState::Dead, JobState::Refused];

/// A job that clients see, with its newest progress; `None` for ids that no task has.
#[erased]
pub async fn task(ctx: &Ctx<'_>, id: Id) -> Result<Option<Job>, CommandError> {
    let job = ctx.handle.catalog().job(ctx.tenant, id).await?;
    Ok(job.filter(|j| j.task.is_some()).map(|j| freshened(ctx, j)))
}

/// The store knows the progress of the last renewal, this node perhaps a newer one.
fn freshened(ctx: &Ctx<'_>, mut job: Job) -> Job {
    if job.state == JobState::Leased
        && let Some(progress) = ctx.handle.progress(job.id)
    {
        job.progress = progress;
    }
    job
}

#[erased]
pub async fn tasks(ctx: &Ctx<'_>, project_id: Id, filter: TaskFilter) -> Result<TaskList, CommandError> {
    let all = JobQuery { project_id: Some(project_id), tasks_only: true, ..JobQuery::default() };
    let (jobs, total) = listed(ctx, &all, &filter).await?;
    let mut counts = [0; 4];
    let states: [&[JobState]; 4] = [&RUNNING, &[JobState::Succeeded], &FAILED, &[JobState::Cancelled]];
    for (count, states) in counts.iter_mut().zip(states) {
        let query = JobQuery { states: states.to_vec(), limit: 1, ..all.clone() };
        *count = ctx.handle.catalog().jobs(ctx.tenant, query).await?.total;
    }
    let [running, completed, failed, cancelled] = counts;
    Ok(TaskList { jobs, total, running, completed, failed, cancelled })
}

async fn listed(ctx: &Ctx<'_>, all: &JobQuery, filter: &TaskFilter) -> Result<(Vec<Job>, u64), CommandError> {
    let all = JobQuery { task_type: filter.task_type.clone(), ..all.clone() };
    let status = match filter.status.as_deref().map(TaskStatus::of_name) {
        None => None,
        Some(None) => return Ok((Vec::new(), 0)),
        Some(known) => known,
    };
    let states = match status {
        None => Vec::new(),
        Some(TaskStatus::Success) => vec![JobState::Succeeded],
        Some(TaskStatus::Failure) => FAILED.to_vec(),
        Some(TaskStatus::Revoked) => vec![JobState::Cancelled],
        Some(status) => {
            // The store does not tell these apart.
            let query = JobQuery { states: RUNNING.to_vec(), limit: MAX_RUNNING, ..all };
            let found = ctx.handle.catalog().jobs(ctx.tenant, query).await?.jobs;
            let fresh = found.into_iter().map(|j| freshened(ctx, j));
            let matching: Vec<Job> = fresh.filter(|j| TaskStatus::of(j) == status).collect();
            let total = matching.len() as u64;
            return Ok((matching.into_iter().skip(filter.offset).take(filter.limit).collect(), total));
        }
    };
    let query = JobQuery { states, offset: filter.offset, limit: filter.limit, ..all };
    let page = ctx.handle.catalog().jobs(ctx.tenant, query).await?;
    Ok((page.jobs.into_iter().map(|j| freshened(ctx, j)).collect(), page.total))
}
