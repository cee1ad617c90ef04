//! Jobs as clients see them: tasks.

use serde::Serialize;
use serde_json::Value;
use takeoff_commands::reads::{TaskFilter, TaskList, TaskStatus};
use takeoff_core::job::Job;
use utoipa::ToSchema;

use super::scalar::Stamp;
use super::validate::{Fields, integer, text};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskProgress {
    /// 0 to 100.
    percent: f64,
    step: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Task {
    task_id: String,
    task_type: Option<String>,
    task_name: Option<String>,
    /// `PENDING`, `STARTED`, `PROGRESS`, `SUCCESS`, `FAILURE`, `REVOKED`.
    status: &'static str,
    progress: TaskProgress,
    result: Option<Value>,
    error: Option<String>,
    created_at: Option<Stamp>,
    started_at: Option<Stamp>,
    completed_at: Option<Stamp>,
    project_id: Option<String>,
}

impl From<Job> for Task {
    fn from(job: Job) -> Self {
        let status = TaskStatus::of(&job);
        let (percent, step) = (job.percent(), job.step());
        let (task_type, task_name) = job.task.map_or((None, None), |t| (Some(t.task_type), Some(t.name)));
        // Tenths are what people can read; single precision has no more to say.
        let percent = (f64::from(percent) * 10.0).round() / 10.0;
        let percent = if status == TaskStatus::Success { 100.0 } else { percent.clamp(0.0, 100.0) };
        Self {
            task_id: job.id.to_string(),
            task_type,
            task_name,
            status: status.name(),
            progress: TaskProgress { percent, step },
            result: job.result.filter(|_| status == TaskStatus::Success),
            error: job.error,
            created_at: Some(Stamp(job.created_at)),
            started_at: job.started_at.map(Stamp),
            completed_at: job.finished_at.map(Stamp),
            project_id: job.project_id.map(|id| id.to_string()),
        }
    }
}

impl Task {
    /// An id that was never issued, or whose task is past its retention: ended, so that nobody polls it
    /// for ever.
    pub(crate) fn unknown(task_id: &str) -> Self {
        Self {
            task_id: task_id.to_owned(),
            task_type: None,
            task_name: None,
            status: TaskStatus::Failure.name(),
            progress: TaskProgress { percent: 0.0, step: None },
            result: None,
            error: Some("task not found: it never existed or is no longer kept".to_owned()),
            created_at: None,
            started_at: None,
            completed_at: None,
            project_id: None,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cancelled {
    task_id: String,
    /// `REVOKED`, or the state in which the task had ended before.
    status: &'static str,
    message: String,
}

impl Cancelled {
    pub(crate) fn of(task_id: &str, job: Option<&Job>) -> Self {
        let status = job.map_or(TaskStatus::Revoked, TaskStatus::of);
        let message = match (job, status) {
            (None, _) => "No such task is known; there is nothing to cancel".to_owned(),
            (_, TaskStatus::Revoked) => "Cancellation signal sent".to_owned(),
            (_, ended) => format!("The task had already ended: {}", ended.name()),
        };
        // Callers expect this word whatever became of the task; the stored state is the task's own.
        Self { task_id: task_id.to_owned(), status: TaskStatus::Revoked.name(), message }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tasks {
    tasks: Vec<Task>,
    /// That match the filter.
    total: u64,
    /// In the whole project.
    running: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
}

impl From<TaskList> for Tasks {
    fn from(list: TaskList) -> Self {
        Self {
            tasks: list.jobs.into_iter().map(Task::from).collect(),
            total: list.total,
            running: list.running,
            completed: list.completed,
            failed: list.failed,
            cancelled: list.cancelled,
        }
    }
}

/// Of the query string.
pub(crate) fn filter(query: &Fields<'_>) -> Option<TaskFilter> {
    let status = query.optional("status", text().max(255));
    let task_type = query.optional("task_type", text().max(255));
    let limit = query.or("limit", 20, integer().ge(1).le(100));
    let offset = query.or("offset", 0, integer().ge(0));
    Some(TaskFilter {
        status: status?,
        task_type: task_type?,
        limit: usize::try_from(limit?).ok()?,
        offset: usize::try_from(offset?).ok()?,
    })
}
