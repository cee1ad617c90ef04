//! Scales that a person gives.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use takeoff_core::brief;
use takeoff_core::geom::{DEFAULT_DPI, PageSpace};
use takeoff_core::model::{Id, Page, PageStatus};
use takeoff_core::scale::{
    self as core, ImplausibleScale, RealUnit, ScaleRecord, SharedScale, SharedScaleError,
};
use takeoff_storage::{Batch, Stored};

use super::beside::is_same;
use super::detected::KEPT_BY_HAND;
use crate::check::{self, NAME_CHARS};
use crate::erased;
use crate::load::{relies_on, required};
use crate::retry::{Tries, turn};
use crate::settle::{SettleError, rescale};
use crate::{CommandError, Ctx, Desk};

/// `scale_detection_method` of every scale that a person gave.
pub(crate) const MANUAL_METHOD: &str = "manual_calibration";

/// How clients write the unit of a manual scale.
pub const FOOT: [&str; 3] = ["foot", "feet", "ft"];

#[derive(Debug, Clone, PartialEq)]
pub struct ManualScale {
    /// Page pixels per real foot; positive and finite. `None` beside a text that states one scale: that is it.
    pub value: Option<f64>,
    /// A spelling of the foot, kept as written; anything else is refused because `value` is per foot.
    pub unit: String,
    pub text: Option<String>,
}

impl ManualScale {
    pub(super) fn check(&self) -> Result<(), CommandError> {
        if let Some(value) = self.value {
            check::positive("the scale value (pixels per foot)", value)?;
        }
        if !FOOT.contains(&self.unit.as_str()) {
            return Err(CommandError::invalid(format!(
                "the scale unit must be \"foot\", because the scale value is in pixels per foot, not {:?}",
                self.unit
            )));
        }
        if self.text.as_deref().is_some_and(|t| t.chars().any(char::is_control)) {
            return Err(CommandError::invalid("the scale text must not contain control characters"));
        }
        check::optional_text("the scale text", self.text.as_deref(), NAME_CHARS)
    }

    /// What it means on pages of these spaces. A text that states a scale has to state that of the value, if
    /// there is one: whichever of two is meant, the other would be believed. One that was to state it and cannot be
    /// read is refused; words alone state nothing.
    pub(super) fn means(&self, spaces: &[Option<PageSpace>]) -> Result<SharedScale, CommandError> {
        let refused = |e: SharedScaleError| CommandError::invalid(e.to_string());
        let text = self.stated();
        match (self.value, text) {
            (Some(value), text) => text
                .map_or(Ok(()), core::readable)
                .and_then(|()| SharedScale::of(spaces, value, text))
                .map_err(|e| match text {
                    Some(_) => CommandError::invalid(format!("{e}; or leave the text out")),
                    None => refused(e),
                }),
            (None, Some(text)) => SharedScale::of_text(spaces, text).map_err(refused),
            (None, None) => Err(CommandError::invalid("a scale needs a value or a text")),
        }
    }

    /// Whether it is a text alone, and on one of the pages nothing tells what a ratio is.
    pub(super) fn lacks_a_resolution(&self, spaces: &[Option<PageSpace>]) -> bool {
        let alone = self.stated().filter(|_| self.value.is_none());
        alone.is_some_and(|text| SharedScale::of_text(spaces, text) == Err(SharedScaleError::NoResolution))
    }

    /// Its text; a blank one is none.
    pub(super) fn stated(&self) -> Option<&str> {
        self.text.as_deref().filter(|t| !t.trim().is_empty())
    }

    /// What is kept of it on the page, where it means a value.
    pub(super) fn input(&self, value: f64) -> Value {
        json!({ "scale_value": value, "scale_unit": self.unit, "scale_text": self.text })
    }
}

/// Whether a text, given alone as a page's scale, states one on any page at all.
pub fn check_scale_text(text: &str) -> Result<(), CommandError> {
    ManualScale { value: None, unit: FOOT[0].to_owned(), text: Some(text.to_owned()) }.check()?;
    match SharedScale::of_text(&[], text) {
        Err(e @ (SharedScaleError::Unreadable { .. } | SharedScaleError::NotToScale { .. })) => {
            Err(CommandError::invalid(e.to_string()))
        }
        // Which of several is meant, and whether it can be, the page's paper says.
        _ => Ok(()),
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
    pub estimated_ratio: Option<f64>,
}

#[erased]
pub async fn set_scale(ctx: &Ctx<'_>, page_id: Id, scale: ManualScale) -> Result<Page, CommandError> {
    scale.check()?;
    change_one(ctx, page_id, |page| {
        readable(page)?;
        let value = on_page(page, &scale)?;
        // Without one, the text that was found on the page stays where it says the same, and goes where it would
        // stand beside a value that it contradicts.
        let found =
            |text: &String| on_page(page, &ManualScale { text: Some(text.clone()), ..scale.clone() }).is_ok();
        page.scale.text = match scale.stated() {
            Some(text) => Some(text.to_owned()),
            None => page.scale.text.clone().filter(found),
        };
        Ok(apply(page, value, &scale.unit, [("manual_calibration", scale.input(value))])?)
    })
    .await
}

#[erased]
pub async fn calibrate(
    ctx: &Ctx<'_>,
    page_id: Id,
    calibration: Calibration,
) -> Result<Calibrated, CommandError> {
    let Calibration { pixel_distance, real_distance, real_unit } = calibration;
    let pixels_per_foot = core::calibrate(pixel_distance, real_distance, real_unit)
        .map_err(|e| CommandError::invalid(e.to_string()))?;
    let page = change_one(ctx, page_id, |page| {
        readable(page)?;
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
        let keys = [("calibration", found), ("calibration_input", input)];
        Ok(apply(page, pixels_per_foot, FOOT[0], keys)?)
    })
    .await?;
    let estimated_ratio = ratio_of(&page, pixels_per_foot);
    Ok(Calibrated { page, pixels_per_foot, estimated_ratio })
}

/// Gives the page the scale of another page of its project; where the two are shown at different
/// resolutions, the same drawing scale. `Invalid` where only one of them states a resolution: nothing then
/// tells what the other's pixels are.
#[erased]
pub async fn copy_scale(ctx: &Ctx<'_>, page_id: Id, source_page_id: Id) -> Result<Page, CommandError> {
    let project = required::<Page>(&ctx.desk(), page_id, "Page").await?.value.project_id;
    let _turn = turn(project).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let source = required::<Page>(&desk, source_page_id, "Source page").await?;
        let target = required::<Page>(&desk, page_id, "Page").await?;
        let Some(value) = source.value.scale.px_per_foot.filter(|_| source.value.scale.calibrated) else {
            return Err(CommandError::invalid("the source page's scale is not calibrated"));
        };
        readable(&target.value)?;
        let mut page = target.value.clone();
        if source.value.project_id != page.project_id {
            return Err(CommandError::invalid("the source page belongs to another project"));
        }
        let value = match (dpi(&source.value), dpi(&page)) {
            (Some(from), Some(to)) => value * (to / from),
            (None, None) => value,
            _ => {
                let unknown = if dpi(&page).is_none() { &page } else { &source.value };
                let why = unknown.disbelieved_resolution();
                let of =
                    if why.is_some() { "whose resolution is not known" } else { "that states no resolution" };
                let why = why.map(|why| format!(". {why}")).unwrap_or_default();
                return Err(CommandError::invalid(format!(
                    "one of the pages is a picture {of}, so the other's scale means nothing on it: calibrate it{why}"
                )));
            }
        };
        page.scale.text.clone_from(&source.value.scale.text);
        apply(&mut page, value, &source.value.scale.unit, [("copied_from", json!(source_page_id))])?;
        let mut batch = Batch::new(ctx.tenant);
        relies_on(&mut batch, &source);
        let page = write_one(&desk, &mut batch, &target, page).await?;
        if tries.commit(batch).await? {
            return Ok(page);
        }
    }
}

/// Pixels per foot that a scale is on a page: its value, or what its text means there.
fn on_page(page: &Page, scale: &ManualScale) -> Result<f64, CommandError> {
    if scale.lacks_a_resolution(&[page.space]) {
        return Err(CommandError::invalid(no_resolution(page)));
    }
    let means = scale.means(&[page.space])?.on(page.space.as_ref());
    match (means, scale.value) {
        (Some(stated), Some(value)) if !is_same(stated, value) => {
            let (stated, value) = (brief(stated), brief(value));
            Err(CommandError::invalid(format!(
                "the scale text means {stated} pixels per foot on this page, not {value}: correct one of them or \
                 leave the text out"
            )))
        }
        (_, Some(value)) | (Some(value), None) => Ok(value),
        (None, None) => Err(CommandError::invalid(no_resolution(page))),
    }
}

/// Why a ratio gives a picture no scale: its file states no resolution, or one that is not believed.
pub(super) fn no_resolution(page: &Page) -> String {
    match page.disbelieved_resolution() {
        None => SharedScaleError::NoResolution.to_string(),
        Some(why) => format!(
            "the picture's resolution is not known, so a text alone gives it no scale: give its value in pixels per foot, or \
             two points. {why}"
        ),
    }
}

async fn change_one(
    ctx: &Ctx<'_>,
    page_id: Id,
    change: impl Fn(&mut Page) -> Result<(), CommandError> + Send + Sync,
) -> Result<Page, CommandError> {
    let project = required::<Page>(&ctx.desk(), page_id, "Page").await?.value.project_id;
    let _turn = turn(project).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Page>(&desk, page_id, "Page").await?;
        let mut page = read.value.clone();
        change(&mut page)?;
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

/// Puts a manual scale in force, if drawings have such scales. What was given before by hand is no longer
/// evidence; what was detected stays; a detection under way no longer decides.
/// A page that could not be read has no pixels that a scale could be of.
pub(super) fn readable(page: &Page) -> Result<(), CommandError> {
    if page.status == PageStatus::Error {
        let number = page.number;
        return Err(CommandError::invalid(format!("page {number} could not be read: it has no scale")));
    }
    Ok(())
}

pub(super) fn apply<const N: usize>(
    page: &mut Page,
    px_per_foot: f64,
    unit: &str,
    input: [(&str, Value); N],
) -> Result<(), ImplausibleScale> {
    core::check_scale(page.space.as_ref(), px_per_foot)?;
    let scale = &mut page.scale;
    scale.px_per_foot = Some(px_per_foot);
    unit.clone_into(&mut scale.unit);
    scale.calibrated = true;
    scale.method = Some(MANUAL_METHOD.to_owned());
    scale.detection_job = None;
    let record = scale.record.get_or_insert_with(ScaleRecord::default);
    record.needs_calibration = false;
    // It said what an earlier scale was kept against.
    record.findings.retain(|finding| finding.code != KEPT_BY_HAND);
    record.manual = input.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>();
    Ok(())
}

/// Page pixels per inch of paper; a page without an image counts as a vector page.
fn dpi(page: &Page) -> Option<f64> {
    page.space.map_or(Some(DEFAULT_DPI), |s| s.dpi).filter(|d| d.is_finite() && *d > 0.0)
}

fn ratio_of(page: &Page, px_per_foot: f64) -> Option<f64> {
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
