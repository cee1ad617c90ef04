//! Tasks of a project.

use takeoff_core::job::{Job, JobState};
use takeoff_core::model::Id;

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

    /// A job that waits for another try or for its children is in `PROGRESS`.
    pub fn of(job: &Job) -> Self {
        match job.state {
            JobState::Succeeded => Self::Success,
            JobState::Dead => Self::Failure,
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
    pub status: Option<TaskStatus>,
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

/// A job that clients see, with its newest progress; `None` for ids that no task has.
pub async fn task(_ctx: &Ctx<'_>, _id: Id) -> Result<Option<Job>, CommandError> {
    todo!()
}

pub async fn tasks(_ctx: &Ctx<'_>, _project_id: Id, _filter: TaskFilter) -> Result<TaskList, CommandError> {
    todo!()
}
