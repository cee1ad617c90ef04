//! The seam to the other nodes.

use serde::Serialize;
use takeoff_core::job::{Progress, Stage};
use takeoff_core::model::Id;

/// A node that is thought to be alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    pub node: String,
    /// Stages that it runs, with its slots for each.
    pub stages: Vec<(Stage, usize)>,
}

/// Carries hints. Nothing here may block, fail or be relied on.
pub trait Fabric: Send + Sync + 'static {
    /// There is new work for a stage.
    fn wake(&self, stage: Stage);

    /// How far a job of this node is; called at most once a second for each job.
    fn progress(&self, job: Id, progress: &Progress);

    /// This node included.
    fn members(&self) -> Vec<Member>;
}
