//! Starting a session.

use std::collections::{BTreeMap, BTreeSet};

use takeoff_core::budget::Budget;
use takeoff_core::count::MAX_EXEMPLARS;
use takeoff_core::geom::PxRect;
use takeoff_core::job::{Lane, NewJob, RetryPolicy, Stage, TaskLabel};
use takeoff_core::model::{
    Condition, CountProgress, CountScope, CountSession, Id, Index, KeptCandidates, Kind, Lettering,
    MeasurementType, Page, PageBox, PageStatus, SessionStatus,
};
use takeoff_core::page::display::DisplayList;
use takeoff_engine::compute::Scratch;
use takeoff_storage::{Batch, Expect, entity};

use crate::check;
use crate::erased;
use crate::jobs::{self, AutoCountArgs};
use crate::load::{list, required};
use crate::retry::Tries;
use crate::{CommandError, Ctx, Desk};

/// Candidates that one session may keep, so that all of them can be changed in one commit.
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
    /// How lettering inside the symbol is taken; `None` leaves it to what the pages show.
    pub lettering: Option<Lettering>,
    /// `template`; `hybrid` comes to the same, as there is no vision provider.
    pub detection_method: Option<String>,
    pub max_detections: Option<u32>,
    /// More pages of the same project to search; those of exemplars are always searched.
    pub page_ids: Option<Vec<Id>>,
    pub scope: StartScope,
}

/// A box, on the first exemplar's page if it names none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxOnPage {
    pub page_id: Option<Id>,
    /// Page pixels.
    pub bbox: PxRect,
}

/// What is asked beyond the first exemplar.
#[derive(Debug, Clone, PartialEq)]
pub struct StartScope {
    /// More exemplars, on any page of the project; with the first at most [`MAX_EXEMPLARS`].
    pub exemplars: Vec<BoxOnPage>,
    /// At most [`MAX_EXEMPLARS`].
    pub negatives: Vec<BoxOnPage>,
    /// Page pixels, of each page searched.
    pub region: Option<PxRect>,
    /// Search all pages of the document; those that cannot be are named in the result.
    pub whole_document: bool,
    /// Whether mirror images are instances.
    pub mirrored: bool,
    /// Whether line weight, colour and dashes are part of the meaning.
    pub same_pen: bool,
}

impl Default for StartScope {
    fn default() -> Self {
        let CountScope { mirrored, same_pen, .. } = CountScope::default();
        let (exemplars, negatives) = (Vec::new(), Vec::new());
        Self { exemplars, negatives, region: None, whole_document: false, mirrored, same_pen }
    }
}

/// Pages that one session may search, the exemplar's included.
pub const MAX_SESSION_PAGES: usize = 500;

/// Writes the session (`pending`) and enqueues its interactive job, which is `session.job_id`.
///
/// `NotFound` for page and condition. `Invalid`: different projects, a condition that does not count, a
/// page that is not ready, an exemplar outside the page or with nothing drawn in it,
/// numbers out of bounds, a method that is not there.
#[erased]
pub async fn start(ctx: &Ctx<'_>, request: StartCount) -> Result<CountSession, CommandError> {
    let desk = ctx.desk();
    let page = required::<Page>(&desk, request.page_id, "Page").await?;
    let condition = required::<Condition>(&desk, request.condition_id, "Condition").await?;
    if page.value.project_id != condition.value.project_id {
        return Err(CommandError::invalid("page and condition belong to different projects"));
    }
    if condition.value.measurement_type != MeasurementType::Count {
        return Err(CommandError::invalid("auto count needs a condition whose measurement type is count"));
    }
    countable(&page.value)?;
    let asked = Asked::of(&desk, &page.value, &request).await?;
    for (page, boxes) in asked.by_page() {
        drawn_in(ctx, page, boxes).await?;
    }
    let session = session_of(ctx, &desk, &request, &condition.value, asked)?;
    let job = NewJob {
        id: session.job_id,
        stage: Stage::AutoCount,
        args: jobs::encode(&AutoCountArgs::Session { session_id: session.id }),
        lane: Lane::Interactive,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: Some(session.project_id),
        subject_id: Some(session.id),
        task: Some(TaskLabel {
            task_type: jobs::AUTO_COUNT.to_owned(),
            name: format!("Counting {}", condition.value.name),
        }),
        request_id: ctx.request_id.map(str::to_owned),
    };
    let mut batch = Batch::new(ctx.tenant);
    batch.expect.push(Expect::Exists(Kind::Condition, session.condition_id));
    batch.expect.push(Expect::Exists(Kind::Page, session.page_id));
    batch.create(&session);
    batch.jobs.push(job);
    if Tries::new(ctx).commit(batch).await? { Ok(session) } else { Err(CommandError::Conflict) }
}

fn session_of(
    ctx: &Ctx<'_>,
    desk: &Desk<'_>,
    request: &StartCount,
    condition: &Condition,
    asked: Asked,
) -> Result<CountSession, CommandError> {
    let defaults = &ctx.handle.config().count;
    let confidence_threshold = request.confidence_threshold.unwrap_or(defaults.threshold);
    check::within("the confidence threshold", confidence_threshold, 0.0, 1.0)?;
    let scale_tolerance = request.scale_tolerance.unwrap_or(0.20);
    check::within("the scale tolerance", scale_tolerance, 0.0, 1.0)?;
    if let Some(degrees) = request.rotation_tolerance {
        check::within("the rotation tolerance (degrees)", degrees, 0.0, 90.0)?;
    }
    let method = method(request)?;
    let max_detections = match request.max_detections {
        None => defaults.max_detections.clamp(1, MAX_SESSION_DETECTIONS),
        Some(n @ 1..=MAX_SESSION_DETECTIONS) => n,
        Some(n) => {
            return Err(CommandError::invalid(format!(
                "the most detections to keep must be between 1 and {MAX_SESSION_DETECTIONS}, not {n}"
            )));
        }
    };
    Ok(CountSession {
        id: desk.ids.next(),
        page_id: request.page_id,
        page_ids: asked.page_ids,
        condition_id: condition.id,
        project_id: condition.project_id,
        job_id: desk.ids.next(),
        exemplar: request.exemplar,
        scope: asked.scope,
        confidence_threshold,
        scale_tolerance,
        rotation_tolerance: request.rotation_tolerance,
        detection_method: method.to_owned(),
        lettering: request.lettering,
        max_detections,
        status: SessionStatus::Pending,
        error_message: None,
        notes: None,
        kept: Some(KeptCandidates::with(confidence_threshold)),
        progress: CountProgress { missing: asked.missing, ..CountProgress::default() },
        total_detections: 0,
        found_detections: 0,
        truncated: false,
        near_misses: 0,
        confirmed_count: 0,
        rejected_count: 0,
        processing_time_ms: None,
        created_at: desk.now,
        updated_at: desk.now,
    })
}

/// Refuses a vision provider by name, as there is none.
pub fn without_provider(provider: Option<&str>) -> Result<(), CommandError> {
    match provider.filter(|p| !p.is_empty()) {
        None => Ok(()),
        Some(provider) => Err(CommandError::invalid(format!(
            "there is no provider {provider:?}: no vision provider is connected, count without one"
        ))),
    }
}

/// What cannot be done is refused: an answer found in another way would pass for the one that was asked for.
fn method(request: &StartCount) -> Result<&str, CommandError> {
    match request.detection_method.as_deref().unwrap_or("hybrid") {
        method @ ("template" | "hybrid") => Ok(method),
        "llm" => Err(CommandError::invalid(
            "the detection method llm needs a vision provider, and none is connected: use template or hybrid",
        )),
        other => Err(CommandError::invalid(format!(
            "unknown detection method {other:?}: it is template or hybrid"
        ))),
    }
}

/// Where the request looks, and for what.
struct Asked {
    scope: CountScope,
    page_ids: Vec<Id>,
    /// Pages of the document that cannot be searched, for a person.
    missing: Vec<String>,
    /// Pages of exemplars, with the boxes on them.
    boxed: BTreeMap<Id, (Page, Vec<PxRect>)>,
}

impl Asked {
    async fn of(desk: &Desk<'_>, page: &Page, request: &StartCount) -> Result<Self, CommandError> {
        let scope = &request.scope;
        let first = PageBox { page_id: page.id, bbox: request.exemplar };
        let on_page = |b: &BoxOnPage| PageBox { page_id: b.page_id.unwrap_or(page.id), bbox: b.bbox };
        let exemplars: Vec<PageBox> = scope.exemplars.iter().map(on_page).collect();
        let negatives: Vec<PageBox> = scope.negatives.iter().map(on_page).collect();
        if exemplars.len() >= MAX_EXEMPLARS || negatives.len() > MAX_EXEMPLARS {
            return Err(CommandError::invalid(format!(
                "one session takes at most {MAX_EXEMPLARS} exemplars, the first included, and as many negative ones"
            )));
        }
        for (e, n) in [first].iter().chain(&exemplars).flat_map(|e| negatives.iter().map(move |n| (e, n))) {
            if e.page_id == n.page_id && e.bbox.iou(&n.bbox) >= CONTRADICTION {
                return Err(CommandError::invalid("the same place is an exemplar and a negative exemplar"));
            }
        }
        if let Some(r) = scope.region
            && (!r.is_finite() || r.w <= 0.0 || r.h <= 0.0)
        {
            return Err(CommandError::invalid("the region must have a width and a height above zero"));
        }
        let mut boxed = BTreeMap::from([(page.id, (page.clone(), vec![request.exemplar]))]);
        for b in exemplars.iter().chain(&negatives) {
            if !boxed.contains_key(&b.page_id) {
                boxed.extend(
                    others_of(desk, page, &[b.page_id]).await?.into_iter().map(|p| (p.id, (p, vec![]))),
                );
            }
            boxed.entry(b.page_id).and_modify(|(_, boxes)| boxes.push(b.bbox));
        }
        for (page, boxes) in boxed.values() {
            boxes.iter().try_for_each(|b| inside(b, page))?;
        }
        let mut wanted: Vec<Id> = exemplars.iter().map(|e| e.page_id).collect();
        wanted.extend(request.page_ids.iter().flatten());
        let mut missing = Vec::new();
        if scope.whole_document {
            let all = list::<Page>(desk, Index::ByDocument, page.document_id).await?;
            let mut all: Vec<Page> = all.into_iter().map(|p| p.value).collect();
            all.sort_by_key(|p| p.number);
            for other in all {
                match countable(&other) {
                    Ok(()) => wanted.push(other.id),
                    Err(CommandError::Invalid { detail }) => missing.push(detail),
                    Err(e) => return Err(e),
                }
            }
        }
        let page_ids = searched(desk, page, &wanted).await?;
        let (mirrored, same_pen, region) = (scope.mirrored, scope.same_pen, scope.region);
        let scope = CountScope { exemplars, negatives, region, mirrored, same_pen };
        Ok(Self { scope, page_ids, missing, boxed })
    }

    fn by_page(&self) -> impl Iterator<Item = (&Page, &[PxRect])> {
        self.boxed.values().map(|(page, boxes)| (page, boxes.as_slice()))
    }
}

/// Overlap (over union) from which two boxes mean the same place.
const CONTRADICTION: f64 = 0.5;

/// The exemplar's page and the others, each once; the others in the order of their documents, so that the
/// same question gives the same answer in whatever order it names them.
async fn searched(desk: &Desk<'_>, page: &Page, others: &[Id]) -> Result<Vec<Id>, CommandError> {
    let mut seen = BTreeSet::from([page.id]);
    let others: Vec<Id> = others.iter().copied().filter(|id| seen.insert(*id)).collect();
    if others.len() >= MAX_SESSION_PAGES {
        return Err(CommandError::invalid(format!("one session searches at most {MAX_SESSION_PAGES} pages")));
    }
    let mut others = others_of(desk, page, &others).await?;
    others.sort_by_key(|p| (p.document_id, p.number, p.id));
    Ok([page.id].into_iter().chain(others.iter().map(|p| p.id)).collect())
}

/// Pages of the same project as `page` that can be searched.
async fn others_of(desk: &Desk<'_>, page: &Page, ids: &[Id]) -> Result<Vec<Page>, CommandError> {
    let mut others = Vec::with_capacity(ids.len());
    let found = entity::get_many::<Page>(desk.catalog, desk.tenant, ids).await?;
    for (id, other) in ids.iter().zip(found) {
        let Some(other) = other else {
            return Err(CommandError::invalid(format!("page {id} to search was not found")));
        };
        if other.value.project_id != page.project_id {
            return Err(CommandError::invalid(format!("page {id} to search belongs to a different project")));
        }
        countable(&other.value)?;
        others.push(other.value);
    }
    Ok(others)
}

fn countable(page: &Page) -> Result<(), CommandError> {
    let number = page.number;
    match page.status {
        PageStatus::Error => Err(CommandError::invalid(format!(
            "page {number} cannot be searched, it could not be read: {}",
            page.processing_error.as_deref().unwrap_or("no reason was kept")
        ))),
        PageStatus::Ready | PageStatus::Completed if page.blobs.is_some() => Ok(()),
        _ => Err(CommandError::invalid(format!("page {number} is still being processed, try again later"))),
    }
}

/// Clients round boxes to whole pixels, so an edge may lie this far outside.
const EDGE_PX: f64 = 1.0;

fn inside(exemplar: &PxRect, page: &Page) -> Result<(), CommandError> {
    let PxRect { x, y, w, h } = *exemplar;
    if !exemplar.is_finite() || w <= 0.0 || h <= 0.0 {
        return Err(CommandError::invalid("the exemplar's box must have a width and a height above zero"));
    }
    let (width, height) = page.space.map_or((0.0, 0.0), |s| (f64::from(s.width_px), f64::from(s.height_px)));
    if x < -EDGE_PX || y < -EDGE_PX || x + w > width + EDGE_PX || y + h > height + EDGE_PX {
        return Err(CommandError::invalid(format!(
            "the exemplar's box (x {x}, y {y}, w {w}, h {h}) lies outside the page of {width} x {height} pixels"
        )));
    }
    Ok(())
}

/// Larger lists are not unpacked within a request; the stage finds out then.
const CHECKED_LIST_BYTES: u64 = 2 * 1024 * 1024;
/// Unpacked size of a list that is looked at here.
const UNPACKED_LIST_BYTES: usize = 128 * 1024 * 1024;

/// Refuses a blank exemplar at once, where that is cheap to see.
async fn drawn_in(ctx: &Ctx<'_>, page: &Page, exemplars: &[PxRect]) -> Result<(), CommandError> {
    let Some(blobs) = page.blobs else { return Ok(()) };
    let size = ctx.handle.blobs().stat(ctx.tenant, blobs.list).await?;
    if size.is_none_or(|s| s > CHECKED_LIST_BYTES) {
        return Ok(());
    }
    let bytes = ctx.handle.blobs().read(ctx.tenant, blobs.list, CHECKED_LIST_BYTES).await?;
    let exemplars = exemplars.to_vec();
    let look = move |_: &mut Scratch| match DisplayList::decode(&bytes, UNPACKED_LIST_BYTES) {
        Ok(list) => exemplars.iter().all(|exemplar| {
            let area = list.space.rect_to_list(exemplar);
            list.paths.iter().any(|p| p.visible.intersects(&area))
                || list.words.iter().any(|w| w.bounds.intersects(&area))
        }),
        // Too large or damaged: for the stage to say.
        Err(_) => true,
    };
    match ctx.handle.compute().run(&Budget::unlimited(), look).await {
        Ok(false) => Err(CommandError::invalid("the exemplar is blank: nothing is drawn in its box")),
        Ok(true) => Ok(()),
        Err(e) => {
            tracing::warn!(error = %e, "an exemplar could not be checked before its session");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use takeoff_core::geom::PageSpace;
    use takeoff_core::model::Timestamp;

    use super::*;

    #[test]
    fn an_exemplar_lies_inside_its_page() {
        let page = crate::testing::page(Id::NIL, PageSpace::of_points(612.0, 792.0), Timestamp(0));
        assert!(inside(&PxRect::new(0.0, 0.0, 1275.0, 1650.0), &page).is_ok());
        for outside in [
            PxRect::new(-5.0, 0.0, 10.0, 10.0),
            PxRect::new(1270.0, 0.0, 10.0, 10.0),
            PxRect::new(0.0, 0.0, 0.0, 10.0),
            PxRect::new(0.0, 0.0, f64::NAN, 10.0),
            PxRect::new(f64::INFINITY, 0.0, 1.0, 10.0),
        ] {
            assert!(inside(&outside, &page).is_err(), "{outside:?}");
        }
    }
}
