//! Measurements of confirmed detections.

use std::collections::BTreeMap;

use serde_json::json;
use takeoff_core::model::{
    Condition, CountSession, Detection, DetectionStatus, GeometryType, Id, Index, Measurement,
    MeasurementType, Page,
};
use takeoff_engine::metrics as names;
use takeoff_storage::{Batch, Stored, entity};

use super::review::project_of;
use crate::load::{list, relies_on, required, touch};
use crate::measurements::blank;
use crate::retry::{Tries, turn};
use crate::settle::{SettleError, settle, tally};
use crate::{CommandError, Ctx, Desk, figures};

/// Detections that one commit turns into measurements; each costs two operations, their pages one each.
const CHUNK: usize = 1_500;

/// `ai_model` of measurements that were counted.
const MODEL: &str = "auto_count";

/// One point for each confirmed detection that has no measurement; returns how many. Repeating it makes
/// no second one. Many are made in several commits, each whole in itself.
pub async fn create_measurements(ctx: &Ctx<'_>, session_id: Id) -> Result<u64, CommandError> {
    let _turn = turn(project_of(ctx, session_id).await?).await;
    let mut made = 0;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let session = required::<CountSession>(&desk, session_id, "Session").await?;
        let mut open = list::<Detection>(&desk, Index::BySession, session_id).await?;
        open.retain(|d| d.value.status == DetectionStatus::Confirmed && d.value.measurement_id.is_none());
        let last = open.len() <= CHUNK;
        open.truncate(CHUNK);
        if open.is_empty() {
            return Ok(made);
        }
        let batch = taken(&desk, &session, &open).await?;
        if tries.commit(batch).await? {
            made += open.len() as u64;
            ::metrics::counter!(names::AI_MEASUREMENTS).increment(open.len() as u64);
            tries = Tries::new(ctx);
            if last {
                return Ok(made);
            }
        }
    }
}

async fn taken(
    desk: &Desk<'_>,
    session: &Stored<CountSession>,
    open: &[Stored<Detection>],
) -> Result<Batch, CommandError> {
    let mut batch = Batch::new(desk.tenant);
    relies_on(&mut batch, session);
    let condition = required::<Condition>(desk, session.value.condition_id, "Condition").await?;
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
    settle(desk, &mut batch, &condition, condition.value.clone(), tally).await?;
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
