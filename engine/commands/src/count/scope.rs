//! What a session looks for and where, checked before it starts.

use std::collections::{BTreeMap, BTreeSet};

use takeoff_core::brief;
use takeoff_core::budget::Budget;
use takeoff_core::count::MAX_EXEMPLARS;
use takeoff_core::geom::PxRect;
use takeoff_core::model::{CountScope, Id, Index, Page, PageBox, PageStatus};
use takeoff_core::page::display::DisplayList;
use takeoff_engine::compute::Scratch;
use takeoff_storage::entity;

use super::StartCount;
use crate::load::list;
use crate::{CommandError, Ctx, Desk};

/// Pages that one session may search, the exemplar's included.
pub const MAX_SESSION_PAGES: usize = 500;

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

/// Where the request looks, and for what.
pub(super) struct Asked {
    pub(super) scope: CountScope,
    pub(super) page_ids: Vec<Id>,
    /// Pages of the document that cannot be searched, for a person.
    pub(super) missing: Vec<String>,
    /// Pages of exemplars, with the boxes on them.
    boxed: BTreeMap<Id, (Page, Vec<PxRect>)>,
}

impl Asked {
    pub(super) async fn of(desk: &Desk<'_>, page: &Page, request: &StartCount) -> Result<Self, CommandError> {
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
        scope.region.map_or(Ok(()), |region| meets(&region, page))?;
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

    pub(super) fn by_page(&self) -> impl Iterator<Item = (&Page, &[PxRect])> {
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

pub(crate) fn countable(page: &Page) -> Result<(), CommandError> {
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

/// Whether a part of the region lies on the page; `Invalid` where none does.
pub fn meets(r: &PxRect, page: &Page) -> Result<(), CommandError> {
    let Some(space) = page.space else { return Ok(()) };
    let (width, height) = (f64::from(space.width_px), f64::from(space.height_px));
    if r.x + r.w > 0.0 && r.y + r.h > 0.0 && r.x < width && r.y < height {
        return Ok(());
    }
    Err(CommandError::invalid(format!(
        "the region lies outside page {} of {width} x {height} pixels",
        page.number
    )))
}

/// Clients round boxes to whole pixels, so an edge may lie this far outside.
const EDGE_PX: f64 = 1.0;

/// `Invalid` where an exemplar's box has no size or is not on the page.
pub fn inside(exemplar: &PxRect, page: &Page) -> Result<(), CommandError> {
    let PxRect { x, y, w, h } = *exemplar;
    if !exemplar.is_finite() || w <= 0.0 || h <= 0.0 {
        return Err(CommandError::invalid("the exemplar's box must have a width and a height above zero"));
    }
    let (width, height) = page.space.map_or((0.0, 0.0), |s| (f64::from(s.width_px), f64::from(s.height_px)));
    if x < -EDGE_PX || y < -EDGE_PX || x + w > width + EDGE_PX || y + h > height + EDGE_PX {
        let [x, y, w, h] = [x, y, w, h].map(brief);
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
pub(super) async fn drawn_in(ctx: &Ctx<'_>, page: &Page, exemplars: &[PxRect]) -> Result<(), CommandError> {
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
