//! Confirming and rejecting detections, and moving the threshold that tells them from near misses.

use std::collections::HashSet;

use serde_json::json;
use takeoff_core::model::{
    CountSession, Detection, DetectionStatus, Id, Index, Measurement, SessionStatus, Timestamp,
};
use takeoff_engine::metrics as names;
use takeoff_storage::{Batch, Stored};

use super::candidates::Candidates;
use crate::check;
use crate::erased;
use crate::load::{find, list, required};
use crate::measurements::remove;
use crate::retry::{Tries, turn};
use crate::{CommandError, Ctx};

/// A near miss becomes a detection with it.
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
    let _turn = turn(project_of(ctx, session_id).await?).await?;
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
        refresh(&mut batch, &session, session.value.clone(), values(&all), desk.now);
        if tries.commit(batch).await? {
            return Ok(detection);
        }
    }
}

/// What of a session is confirmed at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bulk {
    /// Least confidence, 0 to 1.
    pub threshold: f64,
    /// Whether samples in legends are meant, too. What is set apart for another reason never is.
    pub include_legend: bool,
}

impl Bulk {
    /// From this confidence on, samples in legends apart.
    pub fn from(threshold: f64) -> Self {
        Self { threshold, include_legend: false }
    }
}

/// Confirms the pending detections that are meant; returns how many. Candidates below the session's threshold,
/// and those beyond its limit, are no detections.
#[erased]
pub async fn bulk_confirm(ctx: &Ctx<'_>, session_id: Id, bulk: Bulk) -> Result<u64, CommandError> {
    let Bulk { threshold, include_legend } = bulk;
    check::within("the threshold", threshold, 0.0, 1.0)?;
    let _turn = turn(project_of(ctx, session_id).await?).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let session = required::<CountSession>(&desk, session_id, "Session").await?;
        let mut all = list::<Detection>(&desk, Index::BySession, session_id).await?;
        let shown = Candidates::of(&session.value, values(&all)).detections;
        let is_over = matches!(session.value.status, SessionStatus::Completed | SessionStatus::Failed);
        let wanted = |d: &&Detection| {
            let meant = if d.in_legend { include_legend } else { d.apart.is_none() };
            // Whether it counts on this sheet is known when all pages were searched.
            let decided = d.match_line.is_none() || is_over;
            meant && decided && d.status == DetectionStatus::Pending && d.confidence >= threshold
        };
        let wanted: HashSet<Id> = shown.iter().filter(wanted).map(|d| d.id).collect();
        let mut batch = Batch::new(ctx.tenant);
        for read in all.iter_mut().filter(|d| wanted.contains(&d.value.id)) {
            let detection = &mut read.value;
            detection.status = DetectionStatus::Confirmed;
            detection.is_auto_confirmed = true;
            detection.updated_at = desk.now;
            batch.update(read.version, detection);
        }
        if !wanted.is_empty() {
            refresh(&mut batch, &session, session.value.clone(), values(&all), desk.now);
        }
        if tries.commit(batch).await? {
            return Ok(wanted.len() as u64);
        }
    }
}

/// Moves the session's threshold: which of its candidates are detections follows at once, without a search.
/// What was measured stays.
///
/// `Invalid` below the confidence down to which the search kept candidates, and above 1.
#[erased]
pub async fn set_threshold(
    ctx: &Ctx<'_>,
    session_id: Id,
    threshold: f64,
) -> Result<CountSession, CommandError> {
    let _turn = turn(project_of(ctx, session_id).await?).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let session = required::<CountSession>(&desk, session_id, "Session").await?;
        let kept = session.value.kept();
        if !(kept.floor..=1.0).contains(&threshold) {
            return Err(CommandError::invalid(format!(
                "the confidence threshold must be between {} and 1, not {threshold}: the search kept nothing \
                 below",
                kept.floor
            )));
        }
        if session.value.confidence_threshold == threshold {
            return Ok(session.value);
        }
        let all = list::<Detection>(&desk, Index::BySession, session_id).await?;
        let mut batch = Batch::new(ctx.tenant);
        let moved =
            CountSession { confidence_threshold: threshold, kept: Some(kept), ..session.value.clone() };
        let moved = refresh(&mut batch, &session, moved, values(&all), desk.now);
        if tries.commit(batch).await? {
            return Ok(moved);
        }
    }
}

pub(super) async fn project_of(ctx: &Ctx<'_>, session_id: Id) -> Result<Id, CommandError> {
    Ok(required::<CountSession>(&ctx.desk(), session_id, "Session").await?.value.project_id)
}

fn values(all: &[Stored<Detection>]) -> Vec<Detection> {
    all.iter().map(|d| d.value.clone()).collect()
}

/// Writes the session with its tallies over `all` its candidates, as they will be.
fn refresh(
    batch: &mut Batch,
    read: &Stored<CountSession>,
    mut session: CountSession,
    all: Vec<Detection>,
    now: Timestamp,
) -> CountSession {
    Candidates::of(&session, all).tally(&mut session);
    session.updated_at = now;
    let reviewed = session.confirmed_count + session.rejected_count;
    if reviewed > 0 {
        ::metrics::gauge!(names::COUNT_PRECISION).set(session.confirmed_count as f64 / reviewed as f64);
    }
    batch.update(read.version, &session);
    batch.event(session.project_id, "detections_changed", json!({ "session_id": session.id }));
    session
}
