//! What the count stage makes of a session.

use takeoff_core::geom::{PxPoint, PxRect};
use takeoff_core::model::Id;
use takeoff_storage::{Batch, StoreError};

use crate::Desk;

/// A match as the stage found it; see `takeoff_core::model::Detection` for the fields.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDetection {
    pub page_id: Id,
    pub bbox: PxRect,
    pub center: PxPoint,
    pub confidence: f64,
    pub angle: f64,
    pub mirrored: bool,
    pub scale: f64,
    pub is_exemplar: bool,
    pub in_legend: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CountResult {
    /// Any number, in any order; the strongest up to the session's limit are kept.
    pub detections: Vec<NewDetection>,
    /// How many were found, at least `detections.len()`.
    pub found: u64,
    pub processing_time_ms: f64,
    /// What is missing from the result (pages not searched, time ran out), for a person.
    pub missing: Option<String>,
}

/// The session becomes `completed` with its detections. Empty when it is gone or has ended already.
pub async fn stored_batch(
    _desk: &Desk<'_>,
    _session_id: Id,
    _result: CountResult,
) -> Result<Batch, StoreError> {
    todo!()
}

/// The session becomes `failed` with the reason. Empty when it is gone or has ended already.
pub async fn failed_batch(_desk: &Desk<'_>, _session_id: Id, _why: &str) -> Result<Batch, StoreError> {
    todo!()
}
