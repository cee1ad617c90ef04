//! Scales that a person gives.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use takeoff_core::model::{Id, Page};
use takeoff_core::scale::{self as core, RealUnit, ScaleRecord};
use takeoff_storage::{Batch, StoreError, Stored, entity};

use crate::check::{self, NAME_CHARS};
use crate::load::{relies_on, required};
use crate::retry::{Tries, turn};
use crate::settle::{SettleError, rescale};
use crate::{CommandError, Ctx, Desk};

/// `scale_detection_method` of every scale that a person gave.
pub(crate) const MANUAL_METHOD: &str = "manual_calibration";

/// Pages that one request may give a scale to: as many as a document may have.
pub const MAX_BATCH_PAGES: usize = 5_000;

/// How clients write the unit of a manual scale.
pub const FOOT: [&str; 3] = ["foot", "feet", "ft"];

#[derive(Debug, Clone, PartialEq)]
pub struct ManualScale {
    /// Page pixels per real foot; positive and finite.
    pub value: f64,
    /// A spelling of the foot, kept as written; anything else is refused because `value` is per foot.
    pub unit: String,
    pub text: Option<String>,
}

impl ManualScale {
    fn check(&self) -> Result<(), CommandError> {
        check::positive("the scale value (pixels per foot)", self.value)?;
        if !FOOT.contains(&self.unit.as_str()) {
            return Err(CommandError::invalid(format!(
                "the scale unit must be \"foot\", because the scale value is in pixels per foot, not {:?}",
                self.unit
            )));
        }
        check::optional_text("the scale text", self.text.as_deref(), NAME_CHARS)
    }
}

/// Two points and what lies between them in reality.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Page pixels.
    pub pixel_distance: f64,
    pub real_distance: f64,
    pub real_unit: RealUnit,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    pub page: Page,
    pub pixels_per_foot: f64,
    /// Real inches per drawing inch at the page's resolution (150 dpi where it has none).
    pub estimated_ratio: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct BatchScaled {
    pub updated: Vec<Id>,
    /// Ids that no page has.
    pub missing: Vec<Id>,
}

pub async fn set_scale(ctx: &Ctx<'_>, page_id: Id, scale: ManualScale) -> Result<Page, CommandError> {
    scale.check()?;
    change_one(ctx, page_id, |page| {
        // A blank text is none: the page keeps the text that was found on it.
        let text = scale.text.as_deref().filter(|t| !t.trim().is_empty());
        if let Some(text) = text {
            page.scale.text = Some(text.to_owned());
        }
        apply(page, scale.value, &scale.unit, [("manual_calibration", manual_input(&scale))]);
    })
    .await
}

pub async fn calibrate(
    ctx: &Ctx<'_>,
    page_id: Id,
    calibration: Calibration,
) -> Result<Calibrated, CommandError> {
    let Calibration { pixel_distance, real_distance, real_unit } = calibration;
    let pixels_per_foot = core::calibrate(pixel_distance, real_distance, real_unit)
        .map_err(|e| CommandError::invalid(e.to_string()))?;
    let page = change_one(ctx, page_id, |page| {
        let found = json!({
            "pixels_per_foot": pixels_per_foot,
            "pixels_per_unit": pixel_distance / real_distance,
            "unit": real_unit.name(),
            "estimated_ratio": ratio_of(page, pixels_per_foot),
            "method": MANUAL_METHOD,
        });
        let input = json!({
            "pixel_distance": pixel_distance,
            "real_distance": real_distance,
            "real_unit": real_unit.name(),
        });
        apply(page, pixels_per_foot, FOOT[0], [("calibration", found), ("calibration_input", input)]);
    })
    .await?;
    let estimated_ratio = ratio_of(&page, pixels_per_foot);
    Ok(Calibrated { page, pixels_per_foot, estimated_ratio })
}

/// Gives the page the scale of another page; where the two are shown at different resolutions, the same
/// drawing scale.
pub async fn copy_scale(ctx: &Ctx<'_>, page_id: Id, source_page_id: Id) -> Result<Page, CommandError> {
    let project = required::<Page>(&ctx.desk(), page_id, "Page").await?.value.project_id;
    let _turn = turn(project).await;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let source = required::<Page>(&desk, source_page_id, "Source page").await?;
        let target = required::<Page>(&desk, page_id, "Page").await?;
        let Some(value) = source.value.scale.px_per_foot.filter(|_| source.value.scale.calibrated) else {
            return Err(CommandError::invalid("the source page's scale is not calibrated"));
        };
        let mut page = target.value.clone();
        let value = match (dpi(&source.value), dpi(&page)) {
            (Some(from), Some(to)) => value * (to / from),
            _ => value,
        };
        page.scale.text.clone_from(&source.value.scale.text);
        apply(&mut page, value, &source.value.scale.unit, [("copied_from", json!(source_page_id))]);
        let mut batch = Batch::new(ctx.tenant);
        relies_on(&mut batch, &source);
        let page = write_one(&desk, &mut batch, &target, page).await?;
        if tries.commit(batch).await? {
            return Ok(page);
        }
    }
}

/// One scale for many pages; `NotFound` when none of the ids is a page. All in one commit where they fit
/// in one, else in as many as it takes, each of which leaves every total right. `Invalid`, and nothing is
/// written, when a single page has more measurements than one commit can recalculate.
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
    let _turn = turn(first.value.project_id).await;
    let mut updated = BTreeSet::new();
    let ids: Vec<Id> = found.iter().map(|p| p.value.id).collect();
    for part in parts(&ctx.desk(), ids, &scale).await? {
        updated.extend(scale_together(ctx, &part, &scale).await?);
    }
    let (updated, missing) = wanted.into_iter().partition(|id| updated.contains(id));
    Ok(BatchScaled { updated, missing })
}

async fn known(desk: &Desk<'_>, ids: &[Id]) -> Result<Vec<Stored<Page>>, StoreError> {
    let found: Vec<Option<Stored<Page>>> = entity::get_many(desk.catalog, desk.tenant, ids).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The pages in as few parts as fit a commit each.
async fn parts(desk: &Desk<'_>, pages: Vec<Id>, scale: &ManualScale) -> Result<Vec<Vec<Id>>, CommandError> {
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

async fn scale_together(ctx: &Ctx<'_>, pages: &[Id], scale: &ManualScale) -> Result<Vec<Id>, CommandError> {
    let mut tries = Tries::new(ctx);
    loop {
        let (batch, updated) = together(&ctx.desk(), pages, scale).await?;
        if tries.commit(batch).await? {
            return Ok(updated);
        }
    }
}

/// Pages that are gone are left out.
async fn together(
    desk: &Desk<'_>,
    pages: &[Id],
    scale: &ManualScale,
) -> Result<(Batch, Vec<Id>), SettleError> {
    let mut batch = Batch::new(desk.tenant);
    let mut changed = BTreeMap::new();
    for read in known(desk, pages).await? {
        let mut page = read.value;
        page.scale.text.clone_from(&scale.text);
        let keys = [("manual_calibration", manual_input(scale)), ("batch_applied", json!(true))];
        apply(&mut page, scale.value, &scale.unit, keys);
        page.updated_at = desk.now;
        batch.update(read.version, &page);
        announce(&mut batch, &page);
        changed.insert(page.id, page);
    }
    rescale(desk, &mut batch, &changed).await?;
    Ok((batch, changed.into_keys().collect()))
}

async fn change_one(
    ctx: &Ctx<'_>,
    page_id: Id,
    change: impl Fn(&mut Page) + Send + Sync,
) -> Result<Page, CommandError> {
    let project = required::<Page>(&ctx.desk(), page_id, "Page").await?.value.project_id;
    let _turn = turn(project).await;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Page>(&desk, page_id, "Page").await?;
        let mut page = read.value.clone();
        change(&mut page);
        let mut batch = Batch::new(ctx.tenant);
        let page = write_one(&desk, &mut batch, &read, page).await?;
        if tries.commit(batch).await? {
            return Ok(page);
        }
    }
}

async fn write_one(
    desk: &Desk<'_>,
    batch: &mut Batch,
    read: &Stored<Page>,
    mut page: Page,
) -> Result<Page, SettleError> {
    page.updated_at = desk.now;
    batch.update(read.version, &page);
    announce(batch, &page);
    rescale(desk, batch, &BTreeMap::from([(page.id, page.clone())])).await?;
    Ok(page)
}

/// Puts a manual scale in force. What was given before by hand is no longer evidence; what was detected
/// stays; a detection under way no longer decides.
fn apply<const N: usize>(page: &mut Page, px_per_foot: f64, unit: &str, input: [(&str, Value); N]) {
    let scale = &mut page.scale;
    scale.px_per_foot = Some(px_per_foot);
    unit.clone_into(&mut scale.unit);
    scale.calibrated = true;
    scale.method = Some(MANUAL_METHOD.to_owned());
    scale.detection_job = None;
    let record = scale.record.get_or_insert_with(ScaleRecord::default);
    record.needs_calibration = false;
    record.manual = input.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>();
}

fn manual_input(scale: &ManualScale) -> Value {
    json!({ "scale_value": scale.value, "scale_unit": scale.unit, "scale_text": scale.text })
}

fn dpi(page: &Page) -> Option<f64> {
    page.space.and_then(|s| s.dpi).filter(|d| d.is_finite() && *d > 0.0)
}

fn ratio_of(page: &Page, px_per_foot: f64) -> f64 {
    core::estimated_ratio(page.space.as_ref(), px_per_foot)
}

pub(crate) fn announce(batch: &mut Batch, page: &Page) {
    let scale = &page.scale;
    let payload = json!({
        "page_id": page.id,
        "scale_value": scale.px_per_foot,
        "scale_text": scale.text,
        "calibrated": scale.calibrated,
    });
    batch.event(page.project_id, "scale_changed", payload);
}
