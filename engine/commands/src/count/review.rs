//! Confirming and rejecting detections.

use serde_json::json;
use takeoff_core::model::{CountSession, Detection, DetectionStatus, Id, Index, Measurement, Timestamp};
use takeoff_engine::metrics as names;
use takeoff_storage::{Batch, Stored};

use crate::check;
use crate::erased;
use crate::load::{find, list, required};
use crate::measurements::remove;
use crate::retry::{Tries, turn};
use crate::{CommandError, Ctx};

#[erased]
pub async fn confirm(ctx: &Ctx<'_>, detection_id: Id) -> Result<Detection, CommandError> {
    decide(ctx, detection_id, DetectionStatus::Confirmed).await
}

/// Also deletes the measurement that was made of it and refreshes the totals.
#[erased]
pub async fn reject(ctx: &Ctx<'_>, detection_id: Id) -> Result<Detection, CommandError> {
    decide(ctx, detection_id, DetectionStatus::Rejected).await
}

async fn decide(ctx: &Ctx<'_>, id: Id, status: DetectionStatus) -> Result<Detection, CommandError> {
    let session_id = required::<Detection>(&ctx.desk(), id, "Detection").await?.value.session_id;
    let _turn = turn(project_of(ctx, session_id).await?).await;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let session = required::<CountSession>(&desk, session_id, "Session").await?;
        let mut all = list::<Detection>(&desk, Index::BySession, session_id).await?;
        let Some(read) = all.iter_mut().find(|d| d.value.id == id) else {
            return Err(CommandError::NotFound { what: "Detection" });
        };
        let version = read.version;
        let mut batch = Batch::new(ctx.tenant);
        let detection = &mut read.value;
        detection.status = status;
        detection.is_auto_confirmed = false;
        detection.updated_at = desk.now;
        if status == DetectionStatus::Rejected
            && let Some(measurement_id) = detection.measurement_id.take()
            && let Some(measurement) = find::<Measurement>(&desk, measurement_id).await?
        {
            remove(&desk, &mut batch, &measurement).await?;
        }
        let detection = detection.clone();
        batch.update(version, &detection);
        refresh(&mut batch, &session, &all, desk.now);
        if tries.commit(batch).await? {
            return Ok(detection);
        }
    }
}

/// Confirms the pending detections with at least this confidence (0 to 1); returns how many.
#[erased]
pub async fn bulk_confirm(ctx: &Ctx<'_>, session_id: Id, threshold: f64) -> Result<u64, CommandError> {
    check::within("the threshold", threshold, 0.0, 1.0)?;
    let _turn = turn(project_of(ctx, session_id).await?).await;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let session = required::<CountSession>(&desk, session_id, "Session").await?;
        let mut all = list::<Detection>(&desk, Index::BySession, session_id).await?;
        let mut batch = Batch::new(ctx.tenant);
        let mut confirmed = 0;
        for read in &mut all {
            let detection = &mut read.value;
            if detection.status == DetectionStatus::Pending && detection.confidence >= threshold {
                detection.status = DetectionStatus::Confirmed;
                detection.is_auto_confirmed = true;
                detection.updated_at = desk.now;
                batch.update(read.version, detection);
                confirmed += 1;
            }
        }
        if confirmed > 0 {
            refresh(&mut batch, &session, &all, desk.now);
        }
        if tries.commit(batch).await? {
            return Ok(confirmed);
        }
    }
}

pub(super) async fn project_of(ctx: &Ctx<'_>, session_id: Id) -> Result<Id, CommandError> {
    Ok(required::<CountSession>(&ctx.desk(), session_id, "Session").await?.value.project_id)
}

/// Writes the session with its tallies over `all` its detections, as they will be.
fn refresh(batch: &mut Batch, read: &Stored<CountSession>, all: &[Stored<Detection>], now: Timestamp) {
    let tally = |status| all.iter().filter(|d| d.value.status == status).count() as u64;
    let mut session = read.value.clone();
    session.total_detections = all.len() as u64;
    session.confirmed_count = tally(DetectionStatus::Confirmed);
    session.rejected_count = tally(DetectionStatus::Rejected);
    session.updated_at = now;
    let reviewed = session.confirmed_count + session.rejected_count;
    if reviewed > 0 {
        ::metrics::gauge!(names::COUNT_PRECISION).set(session.confirmed_count as f64 / reviewed as f64);
    }
    batch.update(read.version, &session);
    batch.event(session.project_id, "detections_changed", json!({ "session_id": session.id }));
}
