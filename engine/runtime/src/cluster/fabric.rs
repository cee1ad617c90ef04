//! The seam to the other nodes.

use serde::Serialize;
use takeoff_core::job::{Progress, Stage};
use takeoff_core::model::{Id, Timestamp};

/// A node that is thought to be alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    pub node: String,
    /// Stages that it runs, with its slots for each.
    pub stages: Vec<(Stage, usize)>,
}

/// A link to another node, or an address at which there is none and why.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkView {
    /// Unknown as long as nobody has answered at the address.
    pub node: Option<String>,
    pub address: String,
    /// `up`, `suspected`, `opening` or `down`.
    pub state: &'static str,
    /// Since when there is the link; `None` without one.
    pub since: Option<Timestamp>,
    pub silent_ms: Option<u64>,
    /// From the last heartbeat to its answer.
    pub round_trip_ms: Option<f64>,
    /// Why there is no link.
    pub said: Option<String>,
}

/// Carries hints. Nothing here may block, fail or be relied on.
pub trait Fabric: Send + Sync + 'static {
    /// There is new work for a stage; nobody knows yet.
    fn wake(&self, stage: Stage);

    /// There is new work for a stage; the other nodes have heard of it as this one has.
    fn woken(&self, stage: Stage);

    /// How far a job of this node is; called at most once a second for each job.
    fn progress(&self, job: Id, progress: &Progress);

    /// How far a job of another node is, if it says. It is asked to from now on.
    fn progress_of(&self, _job: Id) -> Option<Progress> {
        None
    }

    /// This node included.
    fn members(&self) -> Vec<Member>;

    fn links(&self) -> Vec<LinkView> {
        Vec::new()
    }

    /// This node leaves; the others need not wonder.
    fn leave(&self) {}
}
