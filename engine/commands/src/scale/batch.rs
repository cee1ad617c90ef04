//! One scale for many pages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use takeoff_core::model::{Id, Page};
use takeoff_core::scale::SharedScale;
use takeoff_storage::{Batch, StoreError, Stored, entity};

use super::beside::contradicted;
use super::manual::{ManualScale, announce, apply, no_resolution};
use crate::erased;
use crate::retry::{Tries, turn};
use crate::settle::{SettleError, rescale};
use crate::{CommandError, Ctx, Desk};

/// Pages that one request may give a scale to: as many as a document may have.
pub const MAX_BATCH_PAGES: usize = 5_000;

#[derive(Debug, Clone, PartialEq)]
pub struct BatchScaled {
    pub updated: Vec<Id>,
    /// Ids that no page has.
    pub missing: Vec<Id>,
    /// Updated pages of which something speaks against the scale, and what that is.
    pub contradicted: Vec<(Id, String)>,
}

/// One scale for many pages of one project; `NotFound` when none of the ids is a page. What the value
/// means on pages of different resolutions is [`SharedScale`]'s to say. All in one commit where they fit
/// in one, else in as many as it takes, each of which leaves every total right. `Invalid`, and nothing is
/// written, when the scale cannot hold for all of them or when a single page has more measurements than
/// one commit can recalculate.
#[erased]
pub async fn batch_scale(
    ctx: &Ctx<'_>,
    page_ids: &[Id],
    scale: ManualScale,
) -> Result<BatchScaled, CommandError> {
    scale.check()?;
    let mut seen = BTreeSet::new();
    let wanted: Vec<Id> = page_ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    if wanted.len() > MAX_BATCH_PAGES {
        return Err(CommandError::invalid(format!(
            "{} pages are named, at most {MAX_BATCH_PAGES} can be given a scale at once",
            wanted.len()
        )));
    }
    let found = known(&ctx.desk(), &wanted).await?;
    let Some(first) = found.first() else { return Err(CommandError::NotFound { what: "Pages" }) };
    let project = first.value.project_id;
    if let Some(stranger) = found.iter().find(|p| p.value.project_id != project) {
        return Err(CommandError::invalid(format!(
            "the pages belong to more than one project: {} and {} have no scale in common",
            first.value.id, stranger.value.id
        )));
    }
    let scale = Shared::of(scale, &found)?;
    let _turn = turn(project).await?;
    let mut updated = BTreeMap::new();
    let ids: Vec<Id> = found.iter().map(|p| p.value.id).collect();
    for part in parts(&ctx.desk(), ids, &scale).await? {
        updated.extend(scale_together(ctx, &part, &scale).await?);
    }
    let said = |id: &Id| updated.get(id).cloned().flatten().map(|said| (*id, said));
    let contradicted = wanted.iter().filter_map(said).collect();
    let (updated, missing) = wanted.into_iter().partition(|id| updated.contains_key(id));
    Ok(BatchScaled { updated, missing, contradicted })
}

/// A manual scale and what it means on each of the pages it is given to.
struct Shared {
    given: ManualScale,
    means: SharedScale,
}

impl Shared {
    fn of(given: ManualScale, pages: &[Stored<Page>]) -> Result<Self, CommandError> {
        let spaces: Vec<_> = pages.iter().map(|p| p.value.space).collect();
        let is_unknown = |p: &&Stored<Page>| p.value.space.is_some_and(|space| space.dpi.is_none());
        if let Some(page) = pages.iter().find(is_unknown)
            && given.lacks_a_resolution(&spaces)
        {
            let (number, why) = (page.value.number, no_resolution(&page.value));
            return Err(CommandError::invalid(format!("page {number}: {why}")));
        }
        let means = given.means(&spaces)?;
        let shared = Self { given, means };
        for read in pages {
            takeoff_core::scale::check_scale(read.value.space.as_ref(), shared.px_per_foot(&read.value)?)?;
        }
        Ok(shared)
    }

    fn px_per_foot(&self, page: &Page) -> Result<f64, SettleError> {
        self.means.on(page.space.as_ref()).ok_or_else(|| {
            SettleError::Refused(format!("page {} states no resolution, so no ratio holds on it", page.id))
        })
    }
}

async fn known(desk: &Desk<'_>, ids: &[Id]) -> Result<Vec<Stored<Page>>, StoreError> {
    let found: Vec<Option<Stored<Page>>> = entity::get_many(desk.catalog, desk.tenant, ids).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The pages in as few parts as fit a commit each.
async fn parts(desk: &Desk<'_>, pages: Vec<Id>, scale: &Shared) -> Result<Vec<Vec<Id>>, CommandError> {
    let (mut fitting, mut open) = (Vec::new(), vec![pages]);
    while let Some(mut part) = open.pop() {
        match together(desk, &part, scale).await {
            Ok(_) => fitting.push(part),
            Err(e) if e.is_too_much() && part.len() > 1 => {
                let rest = part.split_off(part.len() / 2);
                open.extend([rest, part]);
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(fitting)
}

async fn scale_together(ctx: &Ctx<'_>, pages: &[Id], scale: &Shared) -> Result<Scaled, CommandError> {
    let mut tries = Tries::new(ctx);
    loop {
        let (batch, updated) = together(&ctx.desk(), pages, scale).await?;
        if tries.commit(batch).await? {
            return Ok(updated);
        }
    }
}

/// Pages that have a scale now, and what speaks against it.
type Scaled = Vec<(Id, Option<String>)>;

/// Pages that are gone are left out.
async fn together(desk: &Desk<'_>, pages: &[Id], scale: &Shared) -> Result<(Batch, Scaled), SettleError> {
    let mut batch = Batch::new(desk.tenant);
    let mut changed = BTreeMap::new();
    for read in known(desk, pages).await? {
        let mut page = read.value;
        page.scale.text.clone_from(&scale.given.text);
        let value = scale.px_per_foot(&page)?;
        let keys = [("manual_calibration", scale.given.input(value)), ("batch_applied", json!(true))];
        apply(&mut page, value, &scale.given.unit, keys).map_err(|e| SettleError::Refused(e.to_string()))?;
        page.updated_at = desk.now;
        batch.update(read.version, &page);
        announce(&mut batch, &page);
        changed.insert(page.id, page);
    }
    rescale(desk, &mut batch, &changed).await?;
    Ok((batch, changed.into_iter().map(|(id, page)| (id, contradicted(&page))).collect()))
}
