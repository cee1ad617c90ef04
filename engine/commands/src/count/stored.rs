//! What the count stage makes of a session.

use std::collections::HashSet;

use serde_json::json;
use takeoff_core::count::{Apart, AtMatchLine};
use takeoff_core::geom::{PxPoint, PxRect};
use takeoff_core::model::{
    CountProgress, CountSession, Detection, DetectionStatus, Id, Index, SessionStatus, beyond_match_line,
};
use takeoff_storage::{Batch, StoreError, Stored};

use super::MAX_SESSION_DETECTIONS;
use super::candidates::{Candidates, MAX_NEAR_MISSES, Order};
use crate::Desk;
use crate::erased;
use crate::load::{find, list};
use crate::settle::fits;

/// A match as the stage found it; see `takeoff_core::model::Detection` for the fields.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDetection {
    pub page_id: Id,
    pub bbox: PxRect,
    pub center: PxPoint,
    pub confidence: f64,
    pub likeness: f64,
    pub coverage: f64,
    pub extra: f64,
    pub exemplar: u32,
    pub angle: f64,
    pub mirrored: bool,
    pub scale: f64,
    pub is_exemplar: bool,
    pub in_legend: bool,
    pub apart: Option<Apart>,
    pub match_line: Option<AtMatchLine>,
    pub variant: bool,
    pub other_pen: bool,
    pub label: Option<String>,
}

/// What one page of a session gave.
#[derive(Debug, Clone, PartialEq)]
pub struct PageResult {
    /// All candidates, any number, in any order.
    pub candidates: Vec<NewDetection>,
    /// How far the search has come with this page.
    pub progress: CountProgress,
    /// Time that the session has taken until now.
    pub processing_time_ms: f64,
    /// What a person should know of the result until now.
    pub notes: Option<String>,
}

/// What is next to do about a page's result.
#[derive(Debug)]
pub enum Next {
    /// To be committed; then ask again.
    Commit(Batch),
    /// All of it is stored.
    Stored,
    /// The session is gone or has ended.
    Over,
}

/// Changes of detections that one commit makes.
const CHUNK: usize = 4_000;

/// The next commit that stores a page's result: its candidates, the strongest of all pages up to what a session
/// keeps, with the session's tallies and how far it has come. Nearly always there is one; only where stronger
/// candidates take the places of thousands are there several. What has been stored of the page already, by
/// this attempt or another, is not stored again.
#[erased]
pub async fn page_batch(desk: &Desk<'_>, session_id: Id, page: &PageResult) -> Result<Next, StoreError> {
    let Some(read) = running(desk, session_id).await? else { return Ok(Next::Over) };
    let mut session = read.value;
    if session.progress.next >= page.progress.next {
        return Ok(Next::Stored);
    }
    let stored = list::<Detection>(desk, Index::BySession, session_id).await?;
    let mut change = Change::of(desk, &session, &stored, &page.candidates);
    let is_last = change.limit(CHUNK);

    let mut batch = Batch::new(desk.tenant);
    let mut kept = session.kept();
    let dropped: HashSet<Id> = change.dropped.iter().copied().collect();
    let mut all = change.created;
    all.iter().for_each(|new| {
        batch.create(new);
    });
    for old in stored {
        if dropped.contains(&old.value.id) {
            kept.left_out.add(old.value.confidence, 1);
            batch.delete::<Detection>(old.version, old.value.id);
        } else {
            all.push(old.value);
        }
    }
    if is_last {
        for confidence in change.refused {
            kept.left_out.add(confidence, 1);
        }
        session.progress = page.progress.clone();
        session.processing_time_ms = Some(page.processing_time_ms);
        session.notes.clone_from(&page.notes);
    }
    session.kept = Some(kept);
    session.updated_at = desk.now;
    Candidates::of(&session, all).tally(&mut session);
    batch.update(read.version, &session);
    if is_last {
        let payload = json!({
            "session_id": session_id,
            "pages_searched": session.progress.searched,
            "pages_total": session.page_ids.len(),
            "total_detections": session.total_detections,
        });
        batch.event(session.project_id, "count_progressed", payload);
    }
    fits(&batch)?;
    Ok(Next::Commit(batch))
}

/// What changes among the detections of a session when candidates are added.
struct Change {
    created: Vec<Detection>,
    /// Stored ones that stronger ones displace.
    dropped: Vec<Id>,
    /// Confidences of new ones that are too weak.
    refused: Vec<f64>,
}

impl Change {
    /// Detections go first, then near misses. What a person has decided on stays.
    fn of(
        desk: &Desk<'_>,
        session: &CountSession,
        stored: &[Stored<Detection>],
        candidates: &[NewDetection],
    ) -> Self {
        let known: HashSet<Place> = stored.iter().map(|d| place(d.value.page_id, &d.value.bbox)).collect();
        let new = candidates.iter().filter(|c| !known.contains(&place(c.page_id, &c.bbox)));
        let new: Vec<Detection> = new.map(|c| detection_of(desk, session.id, c)).collect();
        let (pending, decided): (Vec<&Detection>, Vec<&Detection>) =
            stored.iter().map(|s| &s.value).partition(|d| d.status == DetectionStatus::Pending);
        let is_stored: HashSet<Id> = pending.iter().map(|d| d.id).collect();
        let mut ranked: Vec<&Detection> = pending.into_iter().chain(&new).collect();
        let order = Order::of(session);
        ranked.sort_by(|a, b| order.compare(a, b));
        let room = (MAX_SESSION_DETECTIONS as usize).saturating_sub(decided.len());
        let above = ranked.partition_point(|d| d.confidence >= session.confidence_threshold).min(room);
        let from = ranked.partition_point(|d| d.confidence >= session.confidence_threshold);
        let near = (room - above).min(MAX_NEAR_MISSES).min(ranked.len() - from);
        let mut change = Self { created: Vec::new(), dropped: Vec::new(), refused: Vec::new() };
        for (rank, detection) in ranked.into_iter().enumerate() {
            let stays = rank < above || (from..from + near).contains(&rank);
            match (stays, is_stored.contains(&detection.id)) {
                (true, false) => change.created.push(detection.clone()),
                (false, true) => change.dropped.push(detection.id),
                (false, false) => change.refused.push(detection.confidence),
                (true, true) => {}
            }
        }
        change
    }

    /// Keeps so many changes, deletions first; whether that is all of them.
    fn limit(&mut self, most: usize) -> bool {
        let is_last = self.dropped.len() + self.created.len() <= most;
        self.dropped.truncate(most);
        self.created.truncate(most - self.dropped.len());
        is_last
    }
}

/// Where a candidate is, exactly: searching a page again finds it there again.
type Place = (Id, [u64; 4]);

fn place(page_id: Id, bbox: &PxRect) -> Place {
    (page_id, [bbox.x, bbox.y, bbox.w, bbox.h].map(f64::to_bits))
}

/// How a session ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// With all that is missing, for a person.
    pub progress: CountProgress,
    pub processing_time_ms: f64,
    /// What a person should know although nothing is missing.
    pub notes: Option<String>,
}

/// The session becomes `completed` with what its pages gave, so many detections. Only now is it known which sheets were
/// searched, and so which of those beyond a match line are set apart. Empty when it is gone or has ended already.
#[erased]
pub async fn completed_batch(
    desk: &Desk<'_>,
    session_id: Id,
    completion: Completion,
) -> Result<(Batch, u64), StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(read) = running(desk, session_id).await? else { return Ok((batch, 0)) };
    let mut session = read.value;
    let mut all = list::<Detection>(desk, Index::BySession, session_id).await?;
    for read in &mut all {
        let d = &mut read.value;
        if d.status != DetectionStatus::Pending || d.set_apart().is_some() {
            continue;
        }
        d.apart = beyond_match_line(&completion.progress.sheets, d.page_id, d.match_line);
        if d.apart.is_some() {
            d.updated_at = desk.now;
            batch.update(read.version, d);
        }
    }
    Candidates::of(&session, all.into_iter().map(|d| d.value).collect()).tally(&mut session);
    let missing = completion.progress.missing.join("; ");
    session.error_message = (!missing.is_empty()).then_some(missing);
    session.progress = completion.progress;
    session.processing_time_ms = Some(completion.processing_time_ms);
    session.notes = completion.notes;
    session.status = SessionStatus::Completed;
    session.updated_at = desk.now;
    batch.update(read.version, &session);
    let payload = json!({ "session_id": session_id, "total_detections": session.total_detections });
    batch.event(session.project_id, "count_completed", payload);
    Ok((batch, session.total_detections))
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
        likeness: Some(new.likeness),
        coverage: Some(new.coverage),
        extra: Some(new.extra),
        exemplar: new.exemplar,
        angle: new.angle,
        mirrored: new.mirrored,
        scale: new.scale,
        is_exemplar: new.is_exemplar,
        in_legend: new.in_legend,
        apart: new.apart,
        match_line: new.match_line,
        variant: new.variant,
        other_pen: new.other_pen,
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

/// An operator puts the session's job back: it is `pending` again. Empty when it is gone or did not fail.
#[erased]
pub async fn revived_batch(desk: &Desk<'_>, session_id: Id) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let read = find::<CountSession>(desk, session_id).await?;
    let Some(read) = read.filter(|s| s.value.status == SessionStatus::Failed) else { return Ok(batch) };
    let mut session = read.value;
    session.status = SessionStatus::Pending;
    session.error_message = None;
    session.updated_at = desk.now;
    batch.update(read.version, &session);
    Ok(batch)
}

#[cfg(test)]
mod tests;
