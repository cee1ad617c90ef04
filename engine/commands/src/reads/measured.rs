//! Measurements as they are shown.

use std::collections::{BTreeMap, BTreeSet};

use takeoff_core::measure::Geometry;
use takeoff_core::model::{Condition, Detection, GeometryType, Id, Index, Measurement, MeasurementType};
use takeoff_storage::entity;

use super::records::{Result, all, one};
use crate::Ctx;
use crate::erased;
use crate::load::{find, only};

#[erased]
pub async fn measurement(ctx: &Ctx<'_>, id: Id) -> Result<Measurement> {
    let mut one = vec![one::<Measurement>(ctx, id, "Measurement").await?];
    label(ctx, &mut one).await?;
    Ok(one.remove(0))
}

/// The type of a measurement's geometry; `None` when there is no such measurement.
#[erased]
pub async fn geometry_type(ctx: &Ctx<'_>, id: Id) -> Result<Option<GeometryType>> {
    Ok(find::<Measurement>(&ctx.desk(), id).await?.map(|m| m.value.geometry_type))
}

/// Oldest first, rejected ones included.
#[erased]
pub async fn measurements_of_condition(ctx: &Ctx<'_>, condition_id: Id) -> Result<Vec<Measurement>> {
    of(ctx, Index::ByCondition, condition_id).await
}

/// Oldest first, rejected ones included.
#[erased]
pub async fn measurements_of_page(ctx: &Ctx<'_>, page_id: Id) -> Result<Vec<Measurement>> {
    of(ctx, Index::ByPage, page_id).await
}

async fn of(ctx: &Ctx<'_>, index: Index, parent: Id) -> Result<Vec<Measurement>> {
    let mut measurements = all::<Measurement>(ctx, index, parent).await?;
    label(ctx, &mut measurements).await?;
    Ok(measurements)
}

/// What a count counts is its condition's word, which may have changed since the points were stored.
async fn label(ctx: &Ctx<'_>, measurements: &mut [Measurement]) -> Result<()> {
    let ids: BTreeSet<Id> = measurements.iter().map(|m| m.condition_id).collect();
    let ids: Vec<Id> = ids.into_iter().collect();
    let found = entity::get_many::<Condition>(ctx.handle.catalog(), ctx.tenant, &ids).await?;
    let counts = found.into_iter().flatten().map(|c| c.value);
    let units: BTreeMap<Id, String> =
        counts.filter(|c| c.measurement_type == MeasurementType::Count).map(|c| (c.id, c.unit)).collect();
    for measurement in measurements {
        if let Some(unit) = units.get(&measurement.condition_id) {
            measurement.unit.clone_from(unit);
        }
    }
    Ok(())
}

/// Newest measurements of the condition, and of the page, among which another is looked for, so that the look stays short
/// beside the write.
const LOOKED_AT: usize = 100;

/// How near two points are for one to be the other again, where no symbol's size is known: pixels, about 2 mm of paper.
const NEAR_PX: f64 = 10.0;

/// Another measurement that may be the same thing once more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Again {
    /// It covers the same shape.
    Same(Id),
    /// A point so near that both may mean one symbol.
    Near { id: Id, distance_px: f64 },
}

/// Another measurement of the condition, on the same page and counting with it, that covers what this one covers or is
/// a point on the same symbol; among the newest of the condition and, where the page may have fewer, of the page.
#[erased]
pub async fn again(ctx: &Ctx<'_>, measurement: &Measurement) -> Result<Option<Again>> {
    let Ok(shape) = Geometry::parse(measurement.geometry_type, &measurement.geometry_data) else {
        return Ok(None);
    };
    let beside = |other: &Measurement| {
        other.id != measurement.id
            && (other.condition_id, other.page_id) == (measurement.condition_id, measurement.page_id)
            && !other.is_rejected
    };
    let mut nearest: Option<(f64, Measurement)> = None;
    for other in beside_it(ctx, measurement).await?.into_iter().filter(beside) {
        let Ok(that) = Geometry::parse(other.geometry_type, &other.geometry_data) else { continue };
        if shape.is_same(&that) {
            return Ok(Some(Again::Same(other.id)));
        }
        if let (Geometry::Point(a), Geometry::Point(b)) = (&shape, &that) {
            let distance_px = a.distance(*b);
            if nearest.as_ref().is_none_or(|(least, _)| distance_px < *least) {
                nearest = Some((distance_px, other));
            }
        }
    }
    let Some((distance_px, other)) = nearest else { return Ok(None) };
    Ok((distance_px < reach(ctx, &other).await?).then_some(Again::Near { id: other.id, distance_px }))
}

/// What [`again`] looks at; some of it may be there twice.
async fn beside_it(ctx: &Ctx<'_>, measurement: &Measurement) -> Result<Vec<Measurement>> {
    let desk = ctx.desk();
    let newest = async |index, parent| {
        entity::list_page::<Measurement>(desk.catalog, desk.tenant, index, parent, None, true, LOOKED_AT)
            .await
    };
    let mut seen = newest(Index::ByCondition, measurement.condition_id).await?;
    let all = seen.len() < LOOKED_AT;
    if !all && seen.iter().any(|m| m.value.page_id != measurement.page_id) {
        seen.extend(newest(Index::ByPage, measurement.page_id).await?);
    }
    Ok(seen.into_iter().map(|m| m.value).collect())
}

/// How far from a point its symbol reaches, pixels: half the smaller side of what was counted, as counting itself judges
/// whether a symbol has its point.
async fn reach(ctx: &Ctx<'_>, point: &Measurement) -> Result<f64> {
    let counted = only::<Detection>(&ctx.desk(), Index::ByMeasurement, point.id).await?;
    Ok(counted.map_or(NEAR_PX, |d| d.value.bbox.w.min(d.value.bbox.h) / 2.0))
}
