//! Starting a session.

use takeoff_core::geom::PxRect;
use takeoff_core::model::{CountSession, Id};

use crate::{CommandError, Ctx};

/// Detections that one session may keep, so that they are stored in one commit.
pub const MAX_SESSION_DETECTIONS: u32 = 4_000;

/// `None` takes the node's default.
#[derive(Debug, Clone, PartialEq)]
pub struct StartCount {
    /// The exemplar's page.
    pub page_id: Id,
    pub condition_id: Id,
    /// Page pixels.
    pub exemplar: PxRect,
    /// 0 to 1.
    pub confidence_threshold: Option<f64>,
    /// 0 to 1; 0.20.
    pub scale_tolerance: Option<f64>,
    /// 0 to 90 degrees about each quarter turn; `None` is any angle.
    pub rotation_tolerance: Option<f64>,
    /// `template`, `llm`, `hybrid`; all behave as `template`.
    pub detection_method: Option<String>,
    pub max_detections: Option<u32>,
    /// More pages of the same project to search; the exemplar's is always searched.
    pub page_ids: Option<Vec<Id>>,
}

/// Writes the session (`pending`) and enqueues its interactive job, which is `session.job_id`.
///
/// `NotFound` for page and condition. `Invalid`: different projects, a condition that does not count, a
/// page that is not ready or has no vectors, an exemplar outside the page, numbers out of bounds.
pub async fn start(_ctx: &Ctx<'_>, _request: StartCount) -> Result<CountSession, CommandError> {
    todo!()
}
