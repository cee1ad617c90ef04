//! Confirming and rejecting detections.

use takeoff_core::model::{Detection, Id};

use crate::{CommandError, Ctx};

pub async fn confirm(_ctx: &Ctx<'_>, _detection_id: Id) -> Result<Detection, CommandError> {
    todo!()
}

/// Also deletes the measurement that was made of it and refreshes the totals.
pub async fn reject(_ctx: &Ctx<'_>, _detection_id: Id) -> Result<Detection, CommandError> {
    todo!()
}

/// Confirms the pending detections with at least this confidence (0 to 1); returns how many.
pub async fn bulk_confirm(_ctx: &Ctx<'_>, _session_id: Id, _threshold: f64) -> Result<u64, CommandError> {
    todo!()
}
