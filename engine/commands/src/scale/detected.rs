//! Asking for a detection and writing its result.

use std::collections::BTreeMap;

use serde_json::json;
use takeoff_core::job::{Job, Lane, NewJob, RetryPolicy, Stage, TaskLabel};
use takeoff_core::model::{Id, Page};
use takeoff_core::scale::ScaleRecord;
use takeoff_storage::{Batch, StoreError};

use super::manual::{MANUAL_METHOD, announce};
use crate::jobs::{self, DetectScaleArgs};
use crate::load::{find, required};
use crate::retry::Tries;
use crate::settle::rescale;
use crate::{CommandError, Ctx, Desk};

/// Confidence from which a detected scale is put in force.
pub const CALIBRATING_CONFIDENCE: f64 = 0.85;

/// Enqueues an interactive detection; until its job ends the page's detection is under way. Returns the job.
pub async fn detect_scale(ctx: &Ctx<'_>, page_id: Id) -> Result<Id, CommandError> {
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Page>(&desk, page_id, "Page").await?;
        let mut page = read.value;
        let job = NewJob {
            id: desk.ids.next(),
            stage: Stage::DetectScale,
            args: jobs::encode(&DetectScaleArgs { page_id, asked: true }),
            lane: Lane::Interactive,
            priority: 0,
            run_at: None,
            retry: RetryPolicy::default(),
            project_id: Some(page.project_id),
            subject_id: Some(page_id),
            task: Some(TaskLabel {
                task_type: "scale_detection".to_owned(),
                name: match &page.sheet_number {
                    Some(number) => format!("Scale of sheet {number}"),
                    None => format!("Scale of page {}", page.number),
                },
            }),
            request_id: ctx.request_id.map(str::to_owned),
        };
        let job_id = job.id;
        page.scale.detection_job = Some(job_id);
        page.updated_at = desk.now;
        let mut batch = Batch::new(ctx.tenant);
        batch.update(read.version, &page);
        batch.jobs.push(job);
        if tries.commit(batch).await? {
            return Ok(job_id);
        }
    }
}

/// A detection applied to its page.
#[derive(Debug)]
pub struct Detected {
    pub batch: Batch,
    /// The page as the batch leaves it.
    pub page: Page,
}

/// Writes what a detection found: the record (manual keys are kept), the scale itself when one was found
/// with a confidence of at least 0.85, and everything that depends on it.
///
/// An automatic detection (`asked` false) never replaces a manual scale. One that a person asked for
/// does, if it found a scale and nobody gave a manual one since. `None` when the page is gone.
pub async fn detected_batch(
    desk: &Desk<'_>,
    page_id: Id,
    record: ScaleRecord,
    asked: bool,
    job_id: Id,
) -> Result<Option<Detected>, StoreError> {
    let Some(read) = find::<Page>(desk, page_id).await? else { return Ok(None) };
    let mut page = read.value;
    let before = page.scale.px_per_foot;
    let awaited = page.scale.detection_job == Some(job_id);
    let manual = page.scale.calibrated && page.scale.method.as_deref() == Some(MANUAL_METHOD);
    take(&mut page, record, !manual || (asked && awaited));
    if awaited {
        page.scale.detection_job = None;
    }
    page.updated_at = desk.now;
    let mut batch = Batch::new(desk.tenant);
    batch.update(read.version, &page);
    announce(&mut batch, &page);
    if page.scale.px_per_foot != before {
        rescale(desk, &mut batch, &BTreeMap::from([(page_id, page.clone())])).await?;
    }
    Ok(Some(Detected { batch, page }))
}

/// Puts the record on the page, and its scale in force where it may and can be.
fn take(page: &mut Page, mut record: ScaleRecord, may_replace: bool) {
    let scale = &mut page.scale;
    if let Some(older) = scale.record.take() {
        record.manual = older.manual;
    }
    let best = record.best.as_ref();
    let sure = best.filter(|b| {
        b.confidence >= CALIBRATING_CONFIDENCE && b.px_per_foot.is_some_and(|p| p.is_finite() && p > 0.0)
    });
    match sure {
        Some(best) if may_replace => {
            scale.px_per_foot = best.px_per_foot;
            "foot".clone_into(&mut scale.unit);
            scale.text = Some(best.text.clone());
            scale.calibrated = true;
            scale.method = Some(best.method.clone());
        }
        _ if !scale.calibrated => {
            scale.text = best.map(|b| b.text.clone());
            scale.method = best.map(|b| b.method.clone());
        }
        _ => {}
    }
    if scale.calibrated {
        record.needs_calibration = false;
    }
    scale.record = Some(record);
}

/// The detection failed for good: it is no longer under way, the page keeps its scale.
pub async fn failed_batch(desk: &Desk<'_>, job: &Job, page_id: Id) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(read) = find::<Page>(desk, page_id).await? else { return Ok(batch) };
    if read.value.scale.detection_job != Some(job.id) {
        return Ok(batch);
    }
    let mut page = read.value;
    page.scale.detection_job = None;
    // A record, though empty, says that there was a detection.
    page.scale
        .record
        .get_or_insert_with(|| ScaleRecord { needs_calibration: true, ..ScaleRecord::default() });
    page.updated_at = desk.now;
    batch.update(read.version, &page);
    batch.event(page.project_id, "scale_detection_failed", json!({ "page_id": page_id }));
    Ok(batch)
}
