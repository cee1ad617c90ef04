//! The shape of a job.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Id, TenantId, Timestamp};

/// The stages that run as jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Stage {
    Ingest = 1,
    DetectScale = 2,
    AutoCount = 3,
    RunAssembly = 4,
    /// Does nothing; measures the engine itself.
    Noop = 5,
}

impl Stage {
    pub const ALL: [Self; 5] =
        [Self::Ingest, Self::DetectScale, Self::AutoCount, Self::RunAssembly, Self::Noop];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::DetectScale => "detect_scale",
            Self::AutoCount => "auto_count",
            Self::RunAssembly => "run_assembly",
            Self::Noop => "noop",
        }
    }
}

/// Interactive work goes before batch work of any priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Lane {
    Interactive = 0,
    Batch = 1,
}

/// How clients see a job: the API's task. Jobs without one are internal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLabel {
    /// `document_processing`, `scale_detection`, `auto_count`, ...
    pub task_type: String,
    /// Free text for the user.
    pub name: String,
}

/// How often an attempt is repeated and after how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts in all, the first included; at least 1.
    pub max_attempts: u16,
    /// Delay before the second attempt, milliseconds; doubles each time.
    pub base_delay_ms: u32,
    /// Upper bound of the delay, milliseconds.
    pub max_delay_ms: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 4, base_delay_ms: 500, max_delay_ms: 60_000 }
    }
}

/// A job to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewJob {
    pub id: Id,
    pub stage: Stage,
    /// Arguments of the stage; versioned by the stage.
    pub args: Value,
    pub lane: Lane,
    /// Lower runs first within a lane and project; a step is worth [`super::PRIORITY_STEP_MS`] of waiting.
    pub priority: i16,
    /// Earliest start; `None` is now.
    pub run_at: Option<Timestamp>,
    pub retry: RetryPolicy,
    pub project_id: Option<Id>,
    /// The record that the job works for (document, page, session, assembly).
    pub subject_id: Option<Id>,
    pub task: Option<TaskLabel>,
    /// Request that caused it, carried into its logs.
    pub request_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// May be leased from `run_at` on.
    Ready,
    /// One attempt runs under `lease`.
    Leased,
    /// Fanned out; runs again when its last child has ended.
    Waiting,
    Succeeded,
    /// Ended as it should, with the outcome that its input cannot be worked on; `error` says why. Or a dead
    /// letter that an operator has discarded. Clients see a failure, operators have nothing to do.
    Refused,
    /// Dead letter: exhausted or rejected, kept until an operator acts.
    Dead,
    Cancelled,
}

impl JobState {
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Refused | Self::Dead | Self::Cancelled)
    }
}

/// Expiring right to run a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub node: String,
    /// Fencing token; a commit under an older one is refused.
    pub token: u64,
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// 0 to 100.
    pub percent: f32,
    pub step: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The stage asked for another try.
    Retry,
    /// The stage said that trying again is useless.
    Reject,
    Panic,
    /// Past its budget of time.
    Hang,
    /// Its lease had passed to another holder.
    Fenced,
    /// The parse child died of this job.
    ChildDeath,
}

/// What became of an attempt that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFailure {
    pub token: u64,
    pub kind: FailureKind,
    pub message: String,
    pub at: Timestamp,
}

/// A job as the store keeps it. Changed by `transition` only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub id: Id,
    pub tenant: TenantId,
    pub stage: Stage,
    pub args: Value,
    pub lane: Lane,
    pub priority: i16,
    pub retry: RetryPolicy,
    pub project_id: Option<Id>,
    pub subject_id: Option<Id>,
    pub task: Option<TaskLabel>,
    pub request_id: Option<String>,

    pub state: JobState,
    pub run_at: Timestamp,
    /// Attempts consumed.
    pub attempts: u16,
    /// Deaths of the parse child that this job caused.
    pub child_deaths: u16,
    /// Deaths of a node in a row that found this job leased there. They cost no attempt.
    #[serde(default)]
    pub node_deaths: u16,
    /// Those of them that found it to be the node's only lease, see [`super::MAX_LONE_DEATHS`].
    #[serde(default)]
    pub lone_deaths: u16,
    /// Number of leases ever given; the current lease's token.
    pub token: u64,
    pub lease: Option<Lease>,
    /// Last failures, oldest first, at most 10.
    pub failures: Vec<AttemptFailure>,
    pub progress: Progress,
    pub result: Option<Value>,
    /// Why it is dead, cancelled or refused.
    pub error: Option<String>,

    /// The job that waits for this one.
    pub parent: Option<Id>,
    /// Children that have not ended.
    pub children_left: u32,
    pub children_failed: u32,
    pub children_total: u32,
    /// What the stage wants to remember across its own fan-in.
    pub checkpoint: Option<Value>,

    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

impl Job {
    /// How far it is, 0 to 100: one that waits for its children is as far as they are.
    pub fn percent(&self) -> f32 {
        if self.state == JobState::Waiting && self.children_total > 0 {
            let ended = self.children_total.saturating_sub(self.children_left);
            return 100.0 * ended as f32 / self.children_total as f32;
        }
        self.progress.percent
    }

    /// What it does now, in words.
    pub fn step(&self) -> Option<String> {
        let parts = || {
            let ended = self.children_total.saturating_sub(self.children_left);
            format!("{ended} of {} parts are done", self.children_total)
        };
        let waits = self.state == JobState::Waiting && self.children_total > 0;
        self.progress.step.clone().or_else(|| waits.then(parts))
    }

    /// Why it must not be run again, whatever its attempts: its nodes died while it alone ran.
    pub fn poison(&self) -> Option<String> {
        (self.lone_deaths >= super::MAX_LONE_DEATHS).then(|| {
            format!(
                "quarantined: {} times in a row the node died while this job was all that it ran; it is not run \
                 again, because it may be what kills it",
                self.lone_deaths
            )
        })
    }
}
