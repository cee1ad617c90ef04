//! Measurements. Each command leaves the condition's totals and its unlocked assembly right.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use takeoff_core::measure::{Geometry, GeometryError, Tally};
use takeoff_core::model::{
    Condition, Detection, GeometryType, Id, Index, Measurement, MeasurementType, Page, PageStatus,
};
use takeoff_engine::metrics as names;
use takeoff_storage::{Batch, Stored};

use crate::check::{self, GEOMETRY_BYTES, TEXT_CHARS};
use crate::erased;
use crate::load::{find, only, relies_on, required, touch};
use crate::retry::{Tries, turn};
pub use crate::settle::MOST_SHAPES;
use crate::settle::{SettleError, has_room, settle, shapes, tally};
use crate::{CommandError, Ctx, Desk, figures};

#[derive(Debug, Clone, PartialEq)]
pub struct NewMeasurement {
    pub condition_id: Id,
    pub page_id: Id,
    /// `line`, `polyline`, `polygon`, `rectangle`, `circle`, `point`.
    pub geometry_type: String,
    /// Page pixels; unknown keys are kept, but for such as cut something out of the shape: `Invalid`.
    pub geometry_data: Value,
    pub notes: Option<String>,
}

/// `None` leaves the stored value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeasurementPatch {
    pub geometry_data: Option<Value>,
    pub notes: Option<String>,
}

/// Page and condition must exist and be of one project, the page calibrated, the geometry well-formed:
/// all else is `Invalid`.
#[erased]
pub async fn create(ctx: &Ctx<'_>, new: NewMeasurement) -> Result<Measurement, CommandError> {
    let mut made = create_together(ctx, std::slice::from_ref(&new)).await?;
    made.pop().expect("each that is asked for has its answer")
}

/// Makes many at the cost of few: those of one condition that follow each other are read for, decided and committed
/// together, up to a thousand at a time. In the order given each is made or refused by itself, as by [`create`]; an error
/// of the whole is the store's, or a condition's that there is not, and what was committed before it stays.
#[erased]
pub async fn create_all(
    ctx: &Ctx<'_>,
    new: &[NewMeasurement],
) -> Result<Vec<Result<Measurement, CommandError>>, CommandError> {
    let mut all = Vec::with_capacity(new.len());
    for mut rest in new.chunk_by(|a, b| a.condition_id == b.condition_id) {
        while !rest.is_empty() {
            let (part, after) = rest.split_at(together(rest));
            all.extend(create_together(ctx, part).await?);
            rest = after;
        }
    }
    Ok(all)
}

/// Whether notes of a measurement are of a length that is kept.
pub fn check_notes(notes: Option<&str>) -> Result<(), CommandError> {
    check::optional_text("the notes", notes, TEXT_CHARS)
}

/// Whether a geometry is of a size that is kept; what it says is looked at when it is measured.
pub fn check_geometry(geometry_data: &Value) -> Result<(), CommandError> {
    check::json("geometry_data", Some(geometry_data), GEOMETRY_BYTES)
}

/// Measurements that one commit makes; each costs two operations, and its page one.
const MOST_TOGETHER: usize = 1_000;
/// Geometry that one commit writes, bytes as JSON, unless one has more by itself.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How many of the first fit one commit; one always does.
fn together(new: &[NewMeasurement]) -> usize {
    let mut bytes = 0_usize;
    let fits = |one: &&NewMeasurement| {
        bytes = bytes.saturating_add(check::json_bytes(&one.geometry_data));
        bytes <= MOST_BYTES
    };
    new.iter().take(MOST_TOGETHER).take_while(fits).count().max(1)
}

/// All are of one condition, and there is one at least.
async fn create_together(
    ctx: &Ctx<'_>,
    new: &[NewMeasurement],
) -> Result<Vec<Result<Measurement, CommandError>>, CommandError> {
    let condition_id = new.first().expect("there is one at least").condition_id;
    let project = known_condition(&ctx.desk(), condition_id).await?.value.project_id;
    let _turn = turn(project).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let condition = known_condition(&desk, condition_id).await?;
        let tally = tally(&desk, &condition.value).await?;
        let shapes = condition.value.shapes;
        let mut adding = Adding { desk: &desk, condition: &condition, tally, shapes, pages: BTreeMap::new() };
        let (mut batch, mut made) = (Batch::new(ctx.tenant), Vec::with_capacity(new.len()));
        for one in new {
            let added = match adding.add(one).await {
                Err(e @ CommandError::Engine(_)) => return Err(e),
                added => added,
            };
            if let Ok(measurement) = &added {
                batch.create(measurement);
                announce(&mut batch, "measurement_created", measurement);
            }
            made.push(added);
        }
        if batch.changes_nothing() {
            adding.remember(&mut tries).await;
            return Ok(made);
        }
        let Adding { tally, pages, shapes, .. } = adding;
        pages.values().flatten().filter(|p| p.takes).for_each(|p| touch(&mut batch, &p.page));
        let changed = Condition { shapes, ..condition.value.clone() };
        settle(&desk, &mut batch, &condition, changed, tally).await?;
        if tries.commit(batch).await? {
            return Ok(made);
        }
    }
}

/// New measurements of one condition, and what they change beside themselves.
struct Adding<'a> {
    desk: &'a Desk<'a>,
    condition: &'a Stored<Condition>,
    tally: Tally,
    /// Of the condition, with those that are added; `None` while its record does not say it and none had to know.
    shapes: Option<u64>,
    /// Each with its shapes, as above. `None` for one that there is not.
    pages: BTreeMap<Id, Option<PageTaking>>,
}

/// A page that measurements are added to.
struct PageTaking {
    page: Stored<Page>,
    /// Whether one was.
    takes: bool,
    /// Its record does not say how many shapes it has, and they were counted.
    counted: bool,
}

impl Adding<'_> {
    async fn add(&mut self, new: &NewMeasurement) -> Result<Measurement, CommandError> {
        let kind = geometry_type(&new.geometry_type)?;
        check_notes(new.notes.as_deref())?;
        check_geometry(&new.geometry_data)?;
        without_holes(&new.geometry_data)?;
        let condition = &self.condition.value;
        if !self.pages.contains_key(&new.page_id) {
            let page = find::<Page>(self.desk, new.page_id).await?;
            let taking = page.map(|page| PageTaking { page, takes: false, counted: false });
            self.pages.insert(new.page_id, taking);
        }
        let taking = self.pages.get_mut(&new.page_id).and_then(Option::as_mut);
        let taking = taking.ok_or_else(|| CommandError::invalid("Page not found"))?;
        let page = &mut taking.page.value;
        if page.project_id != condition.project_id {
            return Err(CommandError::invalid("page and condition belong to different projects"));
        }
        let mut measurement = Measurement {
            geometry_type: kind,
            geometry_data: Geometry::kept(kind, new.geometry_data.clone()),
            notes: new.notes.clone(),
            ..blank(self.desk, condition, new.page_id)
        };
        figures::measure(&mut measurement, condition, Some(calibrated(page)?))
            .map_err(CommandError::invalid)?;
        on_page(&measurement, page)?;
        let mut tally = self.tally;
        tally.add(&measurement).map_err(SettleError::from)?;
        if kind != GeometryType::Point {
            let of_condition = shapes(self.desk, Index::ByCondition, condition.id, self.shapes).await?;
            self.shapes = Some(of_condition);
            has_room("condition", of_condition)?;
            let on_page = shapes(self.desk, Index::ByPage, page.id, page.shapes).await?;
            taking.counted |= page.shapes.is_none();
            page.shapes = Some(on_page);
            has_room("page", on_page)?;
            self.shapes = Some(of_condition + 1);
            page.shapes = Some(on_page + 1);
        }
        taking.takes = true;
        self.tally = tally;
        Ok(measurement)
    }
}

impl Adding<'_> {
    /// Writes down what had to be counted although nothing is added, so that what is refused again is refused without
    /// counting. It is no reason to answer otherwise when that fails: then it is counted again.
    async fn remember(self, tries: &mut Tries<'_>) {
        let mut batch = Batch::new(self.desk.tenant);
        let condition = self.condition;
        if condition.value.shapes.is_none() && self.shapes.is_some() {
            let known = Condition { shapes: self.shapes, ..condition.value.clone() };
            batch.update(condition.version, &known);
        }
        let counted = self.pages.values().flatten().filter(|p| p.counted);
        counted.for_each(|p| touch(&mut batch, &p.page));
        if let Err(why) = tries.commit(batch).await {
            tracing::warn!(error = %why, "how many shapes there are is not written down");
        }
    }
}

/// New geometry is recalculated and marks the measurement as modified.
#[erased]
pub async fn update(ctx: &Ctx<'_>, id: Id, patch: MeasurementPatch) -> Result<Measurement, CommandError> {
    check::optional_text("the notes", patch.notes.as_deref(), TEXT_CHARS)?;
    check::json("geometry_data", patch.geometry_data.as_ref(), GEOMETRY_BYTES)?;
    patch.geometry_data.as_ref().map_or(Ok(()), without_holes)?;
    let (before, after) = change(ctx, id, |measurement| {
        let reshaped = patch.geometry_data.is_some();
        if let Some(geometry) = &patch.geometry_data {
            measurement.geometry_data = Geometry::kept(measurement.geometry_type, geometry.clone());
            measurement.is_modified = true;
        }
        if patch.notes.is_some() {
            measurement.notes.clone_from(&patch.notes);
        }
        reshaped
    })
    .await?;
    // Each at most once, so that the share of overridden measurements stays a share.
    if after.is_ai_generated && after.is_modified && !before.is_modified {
        ::metrics::counter!(names::AI_OVERRIDDEN).increment(1);
    }
    Ok(after)
}

/// Computes the quantity again from its geometry and the page's scale.
#[erased]
pub async fn recalculate(ctx: &Ctx<'_>, id: Id) -> Result<Measurement, CommandError> {
    Ok(change(ctx, id, |_| true).await?.1)
}

/// Changes a measurement; `edit` says whether its numbers must follow. Gives it as it was and as it is.
async fn change(
    ctx: &Ctx<'_>,
    id: Id,
    edit: impl Fn(&mut Measurement) -> bool + Send + Sync,
) -> Result<(Measurement, Measurement), CommandError> {
    let project = required::<Measurement>(&ctx.desk(), id, "Measurement").await?.value.project_id;
    let _turn = turn(project).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Measurement>(&desk, id, "Measurement").await?;
        let mut measurement = read.value.clone();
        let reshaped = edit(&mut measurement);
        measurement.updated_at = desk.now;
        let mut batch = Batch::new(ctx.tenant);
        let condition = required::<Condition>(&desk, measurement.condition_id, "Condition").await?;
        if condition.value.measurement_type == MeasurementType::Count {
            measurement.unit.clone_from(&condition.value.unit);
        }
        if reshaped {
            let page = required::<Page>(&desk, measurement.page_id, "Page").await?;
            // A count needs no scale, and counted points may lie on a page without one.
            let scale = match condition.value.measurement_type {
                MeasurementType::Count => calibrated(&page.value).ok(),
                _ => Some(calibrated(&page.value)?),
            };
            figures::measure(&mut measurement, &condition.value, scale).map_err(CommandError::invalid)?;
            if measurement.geometry_data != read.value.geometry_data {
                on_page(&measurement, &page.value)?;
            }
            relies_on(&mut batch, &page);
            let mut tally = tally(&desk, &condition.value).await?;
            tally.remove(&read.value).and_then(|()| tally.add(&measurement)).map_err(SettleError::from)?;
            settle(&desk, &mut batch, &condition, condition.value.clone(), tally).await?;
        }
        batch.update(read.version, &measurement);
        announce(&mut batch, "measurement_changed", &measurement);
        if tries.commit(batch).await? {
            return Ok((read.value, measurement));
        }
    }
}

#[erased]
pub async fn delete(ctx: &Ctx<'_>, id: Id) -> Result<(), CommandError> {
    let project = required::<Measurement>(&ctx.desk(), id, "Measurement").await?.value.project_id;
    let _turn = turn(project).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Measurement>(&desk, id, "Measurement").await?;
        let mut batch = Batch::new(ctx.tenant);
        remove(&desk, &mut batch, &read).await?;
        if let Some(detection) = only::<Detection>(&desk, Index::ByMeasurement, id).await? {
            let mut freed = detection.value;
            freed.measurement_id = None;
            freed.updated_at = desk.now;
            batch.update(detection.version, &freed);
        }
        if tries.commit(batch).await? {
            return Ok(());
        }
    }
}

/// Deletes a measurement and settles its condition.
pub(crate) async fn remove(
    desk: &Desk<'_>,
    batch: &mut Batch,
    read: &Stored<Measurement>,
) -> Result<(), SettleError> {
    let id = read.value.id;
    batch.delete::<Measurement>(read.version, id);
    announce(batch, "measurement_deleted", &read.value);
    let is_shape = read.value.geometry_type != GeometryType::Point;
    let fewer = |shapes: Option<u64>| shapes.map(|n| n.saturating_sub(u64::from(is_shape)));
    if is_shape && let Some(page) = find::<Page>(desk, read.value.page_id).await? {
        batch.update(page.version, &Page { shapes: fewer(page.value.shapes), ..page.value });
    }
    if let Some(condition) = find::<Condition>(desk, read.value.condition_id).await? {
        let mut tally = tally(desk, &condition.value).await?;
        tally.remove(&read.value)?;
        let shapes = fewer(condition.value.shapes);
        let changed = Condition { shapes, ..condition.value.clone() };
        settle(desk, batch, &condition, changed, tally).await?;
    }
    Ok(())
}

/// A measurement of nothing yet.
pub(crate) fn blank(desk: &Desk<'_>, condition: &Condition, page_id: Id) -> Measurement {
    Measurement {
        id: desk.ids.next(),
        condition_id: condition.id,
        page_id,
        project_id: condition.project_id,
        geometry_type: GeometryType::Point,
        geometry_data: Value::Null,
        quantity: 0.0,
        unit: condition.unit.clone(),
        pixel_length: None,
        pixel_area: None,
        perimeter_ft: 0.0,
        calculation: Value::Null,
        is_ai_generated: false,
        ai_confidence: None,
        ai_model: None,
        is_modified: false,
        is_verified: false,
        is_rejected: false,
        rejection_reason: None,
        review_notes: None,
        reviewed_at: None,
        original_geometry: None,
        original_quantity: None,
        notes: None,
        created_at: desk.now,
        updated_at: desk.now,
    }
}

async fn known_condition(desk: &Desk<'_>, id: Id) -> Result<Stored<Condition>, CommandError> {
    find::<Condition>(desk, id).await?.ok_or_else(|| CommandError::invalid("Condition not found"))
}

fn calibrated(page: &Page) -> Result<f64, CommandError> {
    page.scale.px_per_foot.filter(|_| page.scale.calibrated).ok_or_else(|| {
        CommandError::invalid(format!(
            "the scale of page {} is not calibrated: give it a scale before measuring on it",
            page.number
        ))
    })
}

/// A shape that was stored with such a key before this was checked can still be recalculated.
fn without_holes(geometry_data: &Value) -> Result<(), CommandError> {
    Geometry::has_no_holes(geometry_data).map_err(|e| CommandError::invalid(e.to_string()))
}

fn on_page(measurement: &Measurement, page: &Page) -> Result<(), CommandError> {
    lies_on(measurement.geometry_type, &measurement.geometry_data, page)
}

/// A shape may reach a little over the page's edge, as a hand does; what lies farther out was not measured on it, and what
/// is smaller than a page can show neither.
///
/// `Invalid` then, and for a page that could not be read.
pub fn lies_on(kind: GeometryType, geometry_data: &Value, page: &Page) -> Result<(), CommandError> {
    if page.status == PageStatus::Error {
        let number = page.number;
        return Err(CommandError::invalid(format!(
            "page {number} could not be read: nothing can be measured on it"
        )));
    }
    let refuse = |e: GeometryError| CommandError::invalid(e.to_string());
    let shape = Geometry::parse(kind, geometry_data).map_err(refuse)?;
    shape.has_size().map_err(refuse)?;
    let Some(space) = page.space else { return Ok(()) };
    let b = shape.bounds();
    let (width, height) = (f64::from(space.width_px), f64::from(space.height_px));
    let over = OVER_THE_EDGE * width.max(height);
    if b.x >= -over && b.y >= -over && b.x + b.w <= width + over && b.y + b.h <= height + over {
        return Ok(());
    }
    Err(CommandError::invalid(format!(
        "the geometry lies outside page {} of {width} x {height} pixels, or reaches far over its edge",
        page.number
    )))
}

/// How far a shape may reach over the edge, share of the page's longer side.
const OVER_THE_EDGE: f64 = 0.05;

fn geometry_type(name: &str) -> Result<GeometryType, CommandError> {
    Ok(match name {
        "line" => GeometryType::Line,
        "polyline" => GeometryType::Polyline,
        "polygon" => GeometryType::Polygon,
        "rectangle" => GeometryType::Rectangle,
        "circle" => GeometryType::Circle,
        "point" => GeometryType::Point,
        other => {
            return Err(CommandError::invalid(format!(
                "unknown geometry type {other:?}: it is line, polyline, polygon, rectangle, circle or point"
            )));
        }
    })
}

fn announce(batch: &mut Batch, name: &str, measurement: &Measurement) {
    let payload = json!({
        "measurement_id": measurement.id,
        "condition_id": measurement.condition_id,
        "page_id": measurement.page_id,
    });
    batch.event(measurement.project_id, name, payload);
}
