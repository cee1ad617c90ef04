//! Asking for a detection and writing its result.

use std::collections::BTreeMap;

use serde_json::json;
use takeoff_core::found::Finding;
use takeoff_core::job::{Job, Lane, NewJob, RetryPolicy, Stage, TaskLabel};
use takeoff_core::model::{Id, Page};
use takeoff_core::scale::{ScaleRecord, check_scale};
use takeoff_storage::{Batch, StoreError, Stored};

use super::beside::said_by_page;
use super::manual::{MANUAL_METHOD, announce};
use crate::erased;
use crate::jobs::{self, DetectScaleArgs};
use crate::load::{find, required};
use crate::retry::Tries;
use crate::settle::{SettleError, rescale};
use crate::{CommandError, Ctx, Desk};

/// Confidence from which a detected scale is put in force.
pub const CALIBRATING_CONFIDENCE: f64 = 0.85;

/// Enqueues an interactive detection; until its job ends the page's detection is under way. Returns the job.
#[erased]
pub async fn detect_scale(ctx: &Ctx<'_>, page_id: Id) -> Result<Id, CommandError> {
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Page>(&desk, page_id, "Page").await?;
        let mut page = read.value;
        let job = NewJob {
            id: desk.ids.next(),
            stage: Stage::DetectScale,
            args: jobs::encode(&DetectScaleArgs { page_id }),
            lane: Lane::Interactive,
            priority: 0,
            run_at: None,
            retry: RetryPolicy::default(),
            project_id: Some(page.project_id),
            subject_id: Some(page_id),
            task: Some(TaskLabel {
                task_type: jobs::SCALE_DETECTION.to_owned(),
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
/// No detection replaces a scale that a person gave, whoever asked for it: what it found is shown beside that scale, and a
/// finding names it where the two differ. `None` when the page is gone.
#[erased]
pub async fn detected_batch(
    desk: &Desk<'_>,
    page_id: Id,
    record: ScaleRecord,
    job_id: Id,
) -> Result<Option<Detected>, StoreError> {
    let Some(read) = find::<Page>(desk, page_id).await? else { return Ok(None) };
    let awaited = read.value.scale.detection_job == Some(job_id);
    let manual = read.value.scale.calibrated && read.value.scale.method.as_deref() == Some(MANUAL_METHOD);
    let record = match implausible(&read.value, &record) {
        Some(why) => unusable(record, &why),
        None => record,
    };
    let why = match detected(desk, &read, record.clone(), !manual, awaited).await {
        Ok(detected) => return Ok(Some(detected)),
        Err(SettleError::Refused(why)) => why,
        Err(e) if e.is_too_much() => {
            "more measurements depend on it than can be recalculated at once".to_owned()
        }
        Err(SettleError::Store(e)) => return Err(e),
    };
    // Trying again would end the same way: what was found is shown and not put in force.
    match detected(desk, &read, unusable(record, &why), false, awaited).await {
        Ok(detected) => Ok(Some(detected)),
        Err(SettleError::Store(e)) => Err(e),
        Err(SettleError::Refused(why)) => Err(StoreError::Damaged { what: format!("page {page_id}"), why }),
    }
}

/// Why the page cannot have the scale that was found, if it is none that drawings have.
fn implausible(page: &Page, record: &ScaleRecord) -> Option<String> {
    let found = record.best.as_ref()?.px_per_foot?;
    check_scale(page.space.as_ref(), found).err().map(|e| e.to_string())
}

/// The record of a scale that was found and cannot be put in force.
fn unusable(mut record: ScaleRecord, why: &str) -> ScaleRecord {
    let text = record.best.take().map(|b| b.text).unwrap_or_default();
    let reason = format!("the page states {text}, but it cannot be put in force: {why}");
    record.findings.push(Finding::new("scale_not_in_force", reason.clone()));
    record.withheld = Some(reason);
    record.needs_calibration = true;
    record
}

async fn detected(
    desk: &Desk<'_>,
    read: &Stored<Page>,
    record: ScaleRecord,
    may_replace: bool,
    awaited: bool,
) -> Result<Detected, SettleError> {
    let mut page = read.value.clone();
    take(&mut page, record, may_replace);
    if awaited {
        page.scale.detection_job = None;
    }
    page.updated_at = desk.now;
    let mut batch = Batch::new(desk.tenant);
    batch.update(read.version, &page);
    announce(&mut batch, &page);
    if page.scale.px_per_foot != read.value.scale.px_per_foot {
        rescale(desk, &mut batch, &BTreeMap::from([(page.id, page.clone())])).await?;
    }
    Ok(Detected { batch, page })
}

/// Puts the record on the page, and its scale in force where it may and can be.
fn take(page: &mut Page, mut record: ScaleRecord, may_replace: bool) {
    let scale = &mut page.scale;
    if let Some(older) = scale.record.take() {
        record.manual = older.manual;
    }
    let best = record.best.as_ref();
    let sure = best.filter(|b| b.confidence >= CALIBRATING_CONFIDENCE && b.px_per_foot.is_some());
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
    if page.scale.method.as_deref() != Some(MANUAL_METHOD) {
        return;
    }
    let stated = said_by_page(page);
    if let (Some(stated), Some(record)) = (stated, &mut page.scale.record) {
        let said = format!("{stated}: the scale was set by hand and is kept; set it anew to have another");
        record.findings.push(Finding::new(KEPT_BY_HAND, said));
    }
}

/// Code of the finding that names what was detected beside a scale that a person gave.
pub(super) const KEPT_BY_HAND: &str = "scale_kept_by_hand";

/// The detection failed for good: it is no longer under way, the page keeps its scale.
#[erased]
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

#[cfg(test)]
mod tests {
    use takeoff_core::model::Timestamp;
    use takeoff_core::scale::ScaleCandidate;

    use super::*;
    use crate::testing::{self, Bench, id};

    fn candidate(px_per_foot: f64, confidence: f64) -> ScaleCandidate {
        ScaleCandidate {
            text: "1/4\" = 1'-0\"".to_owned(),
            ratio: 1_800.0 / px_per_foot,
            px_per_foot: Some(px_per_foot),
            confidence,
            method: "ocr_pattern_match".to_owned(),
            bbox: None,
        }
    }

    fn found(best: Option<ScaleCandidate>) -> ScaleRecord {
        let candidates = best.iter().cloned().collect();
        ScaleRecord { needs_calibration: best.is_none(), candidates, best, ..ScaleRecord::default() }
    }

    /// A page whose detection is job 7; given a manual scale of 10 where said.
    async fn bench(manual: bool) -> Bench {
        let bench = Bench::new();
        let mut page = testing::page(id(500), None, Timestamp(0));
        page.scale.detection_job = Some(id(7));
        if manual {
            page.scale.px_per_foot = Some(10.0);
            page.scale.calibrated = true;
            page.scale.method = Some(MANUAL_METHOD.to_owned());
            let manual = serde_json::Map::from_iter([("calibration".to_owned(), json!({"unit": "foot"}))]);
            page.scale.record = Some(ScaleRecord { manual, ..ScaleRecord::default() });
        }
        bench.put(&page).await;
        bench
    }

    async fn detect(bench: &Bench, record: ScaleRecord, job: u64) -> Page {
        let detected = detected_batch(&bench.desk(), id(500), record, id(job)).await.unwrap().unwrap();
        bench.commit(detected.batch).await;
        let page = bench.get(id(500)).await;
        assert_eq!(page, detected.page);
        page
    }

    #[tokio::test]
    async fn one_sure_scale_calibrates() {
        let page = detect(&bench(false).await, found(Some(candidate(37.5, 0.9))), 7).await;
        assert!(page.scale.calibrated);
        assert_eq!(page.scale.px_per_foot, Some(37.5));
        assert_eq!(page.scale.method.as_deref(), Some("ocr_pattern_match"));
        assert_eq!(page.scale.detection_job, None);
        assert!(!page.scale.record.unwrap().needs_calibration);
    }

    #[tokio::test]
    async fn an_unsure_or_withheld_scale_never_calibrates() {
        let no_resolution = ScaleCandidate { px_per_foot: None, ..candidate(37.5, 0.9) };
        for record in [found(None), found(Some(candidate(37.5, 0.84))), found(Some(no_resolution))] {
            let page = detect(&bench(false).await, record, 7).await;
            assert!(!page.scale.calibrated);
            assert_eq!(page.scale.px_per_foot, None);
            assert_eq!(page.scale.detection_job, None);
            assert!(page.scale.record.is_some());
        }
    }

    #[tokio::test]
    async fn a_scale_that_no_drawing_has_is_shown_and_not_put_in_force() {
        for px_per_foot in [1e9, 1e-5] {
            let page = detect(&bench(false).await, found(Some(candidate(px_per_foot, 0.9))), 7).await;
            assert!(!page.scale.calibrated && page.scale.px_per_foot.is_none());
            let record = page.scale.record.unwrap();
            assert!(record.needs_calibration && record.best.is_none());
            assert!(record.withheld.is_some_and(|w| w.contains("10:1 to 1:100000")));
        }
    }

    #[tokio::test]
    async fn no_detection_replaces_a_scale_that_a_person_gave_and_what_it_found_is_shown_beside_it() {
        for job in [7, 8] {
            let page = detect(&bench(true).await, found(Some(candidate(37.5, 0.9))), job).await;
            assert_eq!(page.scale.px_per_foot, Some(10.0), "job {job}");
            assert_eq!(page.scale.method.as_deref(), Some(MANUAL_METHOD));
            assert_eq!(page.scale.detection_job.is_some(), job == 8);
            let record = page.scale.record.unwrap();
            assert!(record.manual.contains_key("calibration") && !record.needs_calibration);
            assert_eq!(record.best.unwrap().px_per_foot, Some(37.5));
            let [said] = &record.findings[..] else { panic!("{:?}", record.findings) };
            assert_eq!(said.code, KEPT_BY_HAND);
            assert!(
                said.message.contains("1/4\" = 1'-0\" (37.5 pixels per foot), not 10"),
                "{}",
                said.message
            );
        }
        let agreed = detect(&bench(true).await, found(Some(candidate(10.05, 0.9))), 7).await;
        assert_eq!(agreed.scale.record.unwrap().findings, []);
    }

    fn job(number: u64) -> Job {
        let new = NewJob {
            id: id(number),
            stage: Stage::DetectScale,
            args: serde_json::Value::Null,
            lane: Lane::Interactive,
            priority: 0,
            run_at: None,
            retry: RetryPolicy::default(),
            project_id: None,
            subject_id: Some(id(500)),
            task: None,
            request_id: None,
        };
        takeoff_core::job::enqueue(new, takeoff_core::model::TenantId::DEFAULT, None, Timestamp(0))
    }

    #[tokio::test]
    async fn a_detection_that_failed_is_over_and_changes_no_scale() {
        for manual in [false, true] {
            let bench = bench(manual).await;
            let before: Page = bench.get(id(500)).await;
            let stranger = failed_batch(&bench.desk(), &job(8), id(500)).await.unwrap();
            assert!(stranger.is_empty(), "the page waits for another detection");
            bench.commit(failed_batch(&bench.desk(), &job(7), id(500)).await.unwrap()).await;
            let after: Page = bench.get(id(500)).await;
            assert_eq!(after.scale.detection_job, None);
            assert_eq!((after.scale.px_per_foot, after.scale.calibrated), (before.scale.px_per_foot, manual));
            let record = after.scale.record.expect("it is known that there was a detection");
            assert_eq!(record.manual.contains_key("calibration"), manual);
            assert_eq!(record.needs_calibration, !manual, "a person's calibration stands");
            assert!(failed_batch(&bench.desk(), &job(7), id(500)).await.unwrap().is_empty(), "once");
        }
        assert!(failed_batch(&bench(false).await.desk(), &job(7), id(501)).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_detection_that_finds_nothing_leaves_a_scale_in_force() {
        let page = detect(&bench(true).await, found(None), 7).await;
        assert_eq!(page.scale.px_per_foot, Some(10.0));
        assert!(page.scale.calibrated);
    }
}
