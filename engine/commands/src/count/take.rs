//! Measurements of confirmed detections.

use std::collections::BTreeMap;

use serde_json::json;
use takeoff_core::measure::Geometry;
use takeoff_core::model::{
    Condition, CountSession, Detection, DetectionStatus, GeometryType, Id, Index, Measurement,
    MeasurementType, Page,
};
use takeoff_engine::metrics as names;
use takeoff_storage::{Batch, Stored, entity};

use super::review::project_of;
use crate::erased;
use crate::load::{list, relies_on, required, touch};
use crate::measurements::blank;
use crate::retry::{Tries, turn};
use crate::settle::{SettleError, settle, tally};
use crate::{CommandError, Ctx, Desk, figures};

/// Detections that one commit turns into measurements; each costs two operations, their pages one each.
const CHUNK: usize = 1_500;

/// `ai_model` of measurements that were counted.
const MODEL: &str = "auto_count";

/// What became of the confirmed detections that had no measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    pub made: u64,
    /// Made none, because the condition has a point on that very symbol: of an earlier count of the same
    /// exemplar, or placed by hand.
    pub already_counted: u64,
}

/// One point for each confirmed detection that has no measurement and lies where the condition has no
/// point yet. Repeating it, or the count, makes no second one. Many are made in several commits, each
/// whole in itself.
#[erased]
pub async fn create_measurements(ctx: &Ctx<'_>, session_id: Id) -> Result<Taken, CommandError> {
    let _turn = turn(project_of(ctx, session_id).await?).await?;
    let mut made = 0;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let session = required::<CountSession>(&desk, session_id, "Session").await?;
        let mut open = list::<Detection>(&desk, Index::BySession, session_id).await?;
        let any_taken = open.iter().any(|d| d.value.measurement_id.is_some());
        open.retain(|d| d.value.status == DetectionStatus::Confirmed && d.value.measurement_id.is_none());
        // The condition first: a point that is added after this read writes it, and the commit is refused.
        let condition = required::<Condition>(&desk, session.value.condition_id, "Condition").await?;
        let before = open.len();
        let counted = Counted::of(&desk, &condition.value).await?;
        open.retain(|d| !counted.holds(&d.value));
        let already_counted = (before - open.len()) as u64;
        let last = open.len() <= CHUNK;
        open.truncate(CHUNK);
        let after = with_short(&condition.value, &session.value, any_taken || !open.is_empty());
        // Also where there is nothing to take: what is counted already is counted whole now, or is not.
        if open.is_empty()
            && (after.short_counts == condition.value.short_counts || after.measurement_count == 0)
        {
            return Ok(Taken { made, already_counted });
        }
        let batch = taken(&desk, &session, &condition, after, &open).await?;
        if tries.commit(batch).await? {
            made += open.len() as u64;
            ::metrics::counter!(names::AI_MEASUREMENTS).increment(open.len() as u64);
            if open.is_empty() {
                return Ok(Taken { made, already_counted });
            }
            tries = Tries::new(ctx);
            if last {
                return Ok(Taken { made, already_counted });
            }
        }
    }
}

/// The condition, with what it then has to know of the session's count, of which it has measurements or not.
fn with_short(condition: &Condition, session: &CountSession, is_taken: bool) -> Condition {
    let mut condition = condition.clone();
    condition.short_counts.retain(|short| !session.replaces(short));
    condition.short_counts.extend(session.short().filter(|_| is_taken));
    condition
}

/// A measurement that counts the very place of a detection for its condition: of another count, or placed by hand. What
/// is rejected in one count stays in the quantity as long as there is such a one.
#[erased]
pub async fn still_counted(ctx: &Ctx<'_>, detection: &Detection) -> Result<Option<Id>, CommandError> {
    let desk = ctx.desk();
    let session = required::<CountSession>(&desk, detection.session_id, "Session").await?;
    let condition = required::<Condition>(&desk, session.value.condition_id, "Condition").await?;
    Ok(Counted::of(&desk, &condition.value).await?.at(detection))
}

/// Where a condition has points, by page.
struct Counted(BTreeMap<Id, Vec<([f64; 2], Id)>>);

impl Counted {
    async fn of(desk: &Desk<'_>, condition: &Condition) -> Result<Self, CommandError> {
        let mut places: BTreeMap<Id, Vec<([f64; 2], Id)>> = BTreeMap::new();
        if condition.measurement_count > 0 {
            for m in list::<Measurement>(desk, Index::ByCondition, condition.id).await? {
                let shape = Geometry::parse(m.value.geometry_type, &m.value.geometry_data);
                if let (Ok(Geometry::Point(at)), false) = (shape, m.value.is_rejected) {
                    places.entry(m.value.page_id).or_default().push(([at.x, at.y], m.value.id));
                }
            }
        }
        places.values_mut().for_each(|p| p.sort_by(|(a, _), (b, _)| a[0].total_cmp(&b[0])));
        Ok(Self(places))
    }

    fn holds(&self, detection: &Detection) -> bool {
        self.at(detection).is_some()
    }

    /// The measurement of a point that lies nearer to the symbol's centre than half its smaller side.
    fn at(&self, detection: &Detection) -> Option<Id> {
        let places = self.0.get(&detection.page_id)?;
        let reach = detection.bbox.w.min(detection.bbox.h) / 2.0;
        let center = detection.center;
        let first = places.partition_point(|(p, _)| p[0] < center.x - reach);
        places[first..]
            .iter()
            .take_while(|(p, _)| p[0] <= center.x + reach)
            .find(|(p, _)| (p[0] - center.x).hypot(p[1] - center.y) < reach)
            .map(|(_, id)| *id)
    }
}

async fn taken(
    desk: &Desk<'_>,
    session: &Stored<CountSession>,
    condition: &Stored<Condition>,
    after: Condition,
    open: &[Stored<Detection>],
) -> Result<Batch, CommandError> {
    let mut batch = Batch::new(desk.tenant);
    relies_on(&mut batch, session);
    if condition.value.measurement_type != MeasurementType::Count {
        return Err(CommandError::invalid(
            "the session's condition no longer counts: its measurement type changed",
        ));
    }
    let pages = pages_of(desk, open).await?;
    let mut tally = tally(desk, &condition.value).await?;
    for read in open {
        let page = pages.get(&read.value.page_id).ok_or(CommandError::NotFound { what: "Page" })?;
        let measurement = point(desk, &condition.value, &page.value, &read.value)?;
        batch.create(&measurement);
        let mut detection = read.value.clone();
        detection.measurement_id = Some(measurement.id);
        detection.updated_at = desk.now;
        batch.update(read.version, &detection);
        tally.add(&measurement).map_err(SettleError::from)?;
    }
    for page in pages.values() {
        touch(&mut batch, page);
    }
    settle(desk, &mut batch, condition, after, tally).await?;
    let payload = json!({ "session_id": session.value.id, "created": open.len() });
    batch.event(session.value.project_id, "measurements_created", payload);
    Ok(batch)
}

async fn pages_of(
    desk: &Desk<'_>,
    open: &[Stored<Detection>],
) -> Result<BTreeMap<Id, Stored<Page>>, CommandError> {
    let mut ids: Vec<Id> = open.iter().map(|d| d.value.page_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = entity::get_many::<Page>(desk.catalog, desk.tenant, &ids).await?;
    Ok(found.into_iter().flatten().map(|p| (p.value.id, p)).collect())
}

/// A point at the centre of a detection; needs no scale.
fn point(
    desk: &Desk<'_>,
    condition: &Condition,
    page: &Page,
    detection: &Detection,
) -> Result<Measurement, CommandError> {
    let mut measurement = Measurement {
        geometry_type: GeometryType::Point,
        geometry_data: json!({ "x": detection.center.x, "y": detection.center.y }),
        is_ai_generated: true,
        ai_confidence: Some(detection.confidence),
        ai_model: Some(MODEL.to_owned()),
        notes: Some(format!("Auto count, confidence {:.0}%", detection.confidence * 100.0)),
        ..blank(desk, condition, page.id)
    };
    figures::measure(&mut measurement, condition, page.scale.px_per_foot).map_err(CommandError::invalid)?;
    Ok(measurement)
}
