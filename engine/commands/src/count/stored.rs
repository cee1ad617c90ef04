//! What the count stage makes of a session.

use serde_json::json;
use takeoff_core::geom::{PxPoint, PxRect};
use takeoff_core::model::{CountSession, Detection, DetectionStatus, Id, SessionStatus};
use takeoff_storage::{Batch, StoreError, Stored};

use super::MAX_SESSION_DETECTIONS;
use crate::Desk;
use crate::erased;
use crate::load::find;
use crate::settle::fits;

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
    pub label: Option<String>,
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
    /// What a person should know although nothing is missing.
    pub notes: Option<String>,
}

/// The session becomes `completed` with its detections, the strongest up to its limit. Empty when it is
/// gone or has ended already.
#[erased]
pub async fn stored_batch(desk: &Desk<'_>, session_id: Id, result: CountResult) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(read) = running(desk, session_id).await? else { return Ok(batch) };
    let mut session = read.value;
    let CountResult { mut detections, found, processing_time_ms, missing, notes } = result;
    let found = found.max(detections.len() as u64);
    let place = |page: Id| session.page_ids.iter().position(|p| *p == page);
    detections.sort_by(|a, b| {
        b.confidence
            .total_cmp(&a.confidence)
            .then_with(|| place(a.page_id).cmp(&place(b.page_id)))
            .then_with(|| a.center.y.total_cmp(&b.center.y))
            .then_with(|| a.center.x.total_cmp(&b.center.x))
    });
    detections.truncate(session.max_detections.min(MAX_SESSION_DETECTIONS) as usize);
    for new in &detections {
        batch.create(&detection_of(desk, session_id, new));
    }
    session.total_detections = detections.len() as u64;
    session.found_detections = found;
    session.truncated = found > session.total_detections;
    session.processing_time_ms = Some(processing_time_ms);
    session.error_message = missing;
    session.notes = notes;
    session.status = SessionStatus::Completed;
    session.updated_at = desk.now;
    batch.update(read.version, &session);
    let payload = json!({ "session_id": session_id, "total_detections": session.total_detections });
    batch.event(session.project_id, "count_completed", payload);
    fits(&batch)?;
    Ok(batch)
}

fn detection_of(desk: &Desk<'_>, session_id: Id, new: &NewDetection) -> Detection {
    Detection {
        id: desk.ids.next(),
        session_id,
        page_id: new.page_id,
        measurement_id: None,
        bbox: new.bbox,
        center: new.center,
        confidence: new.confidence,
        angle: new.angle,
        mirrored: new.mirrored,
        scale: new.scale,
        is_exemplar: new.is_exemplar,
        in_legend: new.in_legend,
        label: new.label.clone(),
        status: DetectionStatus::Pending,
        is_auto_confirmed: false,
        created_at: desk.now,
        updated_at: desk.now,
    }
}

async fn running(desk: &Desk<'_>, session_id: Id) -> Result<Option<Stored<CountSession>>, StoreError> {
    let read = find::<CountSession>(desk, session_id).await?;
    Ok(read.filter(|s| matches!(s.value.status, SessionStatus::Pending | SessionStatus::Processing)))
}

/// The session becomes `processing`. Empty when it is gone or no longer `pending`.
#[erased]
pub async fn begun_batch(desk: &Desk<'_>, session_id: Id) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let read = find::<CountSession>(desk, session_id).await?;
    let Some(read) = read.filter(|s| s.value.status == SessionStatus::Pending) else { return Ok(batch) };
    let mut session = read.value;
    session.status = SessionStatus::Processing;
    session.updated_at = desk.now;
    batch.update(read.version, &session);
    batch.event(session.project_id, "count_started", json!({ "session_id": session_id }));
    Ok(batch)
}

/// The session becomes `failed` with the reason. Empty when it is gone or has ended already.
#[erased]
pub async fn failed_batch(desk: &Desk<'_>, session_id: Id, why: &str) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(read) = running(desk, session_id).await? else { return Ok(batch) };
    let mut session = read.value;
    session.status = SessionStatus::Failed;
    session.error_message = Some(why.to_owned());
    session.updated_at = desk.now;
    batch.update(read.version, &session);
    batch.event(session.project_id, "count_failed", json!({ "session_id": session_id, "error": why }));
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use takeoff_core::model::Index;

    use super::*;
    use crate::load::list;
    use crate::testing::{self, Bench, id};

    fn detection(page: u64, confidence: f64) -> NewDetection {
        NewDetection {
            page_id: id(page),
            bbox: PxRect::new(0.0, 0.0, 10.0, 10.0),
            center: PxPoint::new(5.0, 5.0),
            confidence,
            angle: 0.0,
            mirrored: false,
            scale: 1.0,
            is_exemplar: confidence == 1.0,
            in_legend: false,
            label: None,
        }
    }

    fn result(detections: Vec<NewDetection>, found: u64) -> CountResult {
        CountResult { detections, found, processing_time_ms: 12.5, missing: None, notes: None }
    }

    async fn bench(limit: u32) -> Bench {
        let bench = Bench::new();
        bench.put(&testing::session(id(600), vec![id(500), id(501)], limit)).await;
        bench
    }

    #[tokio::test]
    async fn the_strongest_are_kept_and_the_rest_is_said() {
        let bench = bench(3).await;
        let all = vec![detection(501, 0.9), detection(500, 0.82), detection(500, 1.0), detection(500, 0.9)];
        let batch = stored_batch(&bench.desk(), id(600), result(all, 9)).await.unwrap();
        bench.commit(batch).await;
        let session: CountSession = bench.get(id(600)).await;
        assert_eq!(session.status, SessionStatus::Completed);
        assert_eq!((session.total_detections, session.found_detections, session.truncated), (3, 9, true));
        assert_eq!(session.processing_time_ms, Some(12.5));
        let kept = list::<Detection>(&bench.desk(), Index::BySession, id(600)).await.unwrap();
        let kept: Vec<_> = kept.iter().map(|d| (d.value.page_id, d.value.confidence)).collect();
        assert_eq!(kept, [(id(500), 1.0), (id(500), 0.9), (id(501), 0.9)]);
    }

    #[tokio::test]
    async fn a_session_begins_once_and_not_after_its_end() {
        let bench = bench(10).await;
        bench.commit(begun_batch(&bench.desk(), id(600)).await.unwrap()).await;
        assert_eq!(bench.get::<CountSession>(id(600)).await.status, SessionStatus::Processing);
        assert!(begun_batch(&bench.desk(), id(600)).await.unwrap().is_empty());
        bench.commit(failed_batch(&bench.desk(), id(600), "cancelled").await.unwrap()).await;
        assert!(begun_batch(&bench.desk(), id(600)).await.unwrap().is_empty());
        assert_eq!(bench.get::<CountSession>(id(600)).await.status, SessionStatus::Failed);
    }

    #[tokio::test]
    async fn a_session_ends_once() {
        let bench = bench(10).await;
        let first = stored_batch(&bench.desk(), id(600), result(vec![detection(500, 1.0)], 1)).await.unwrap();
        bench.commit(first).await;
        let again = stored_batch(&bench.desk(), id(600), result(vec![detection(500, 1.0)], 1)).await.unwrap();
        assert!(again.is_empty());
        assert!(failed_batch(&bench.desk(), id(600), "cancelled").await.unwrap().is_empty());
        assert!(!bench.get::<CountSession>(id(600)).await.truncated);
    }

    #[tokio::test]
    async fn a_buried_session_says_why() {
        let bench = bench(10).await;
        bench.commit(failed_batch(&bench.desk(), id(600), "cancelled by the client").await.unwrap()).await;
        let session: CountSession = bench.get(id(600)).await;
        assert_eq!(session.status, SessionStatus::Failed);
        assert_eq!(session.error_message.as_deref(), Some("cancelled by the client"));
    }

    #[tokio::test]
    async fn a_full_session_fits_one_commit() {
        let bench = bench(u32::MAX).await;
        let many = vec![detection(500, 0.9); MAX_SESSION_DETECTIONS as usize + 50];
        let batch = stored_batch(&bench.desk(), id(600), result(many, 0)).await.unwrap();
        bench.commit(batch).await;
        let session: CountSession = bench.get(id(600)).await;
        assert_eq!(session.total_detections, u64::from(MAX_SESSION_DETECTIONS));
        assert_eq!(session.found_detections, u64::from(MAX_SESSION_DETECTIONS) + 50);
        assert!(session.truncated);
    }
}
