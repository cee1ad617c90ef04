//! Measurements as they are shown.

use std::collections::{BTreeMap, BTreeSet};

use takeoff_core::measure::Geometry;
use takeoff_core::model::{Condition, Id, Index, Kind, Measurement, MeasurementType};
use takeoff_storage::entity;

use super::records::{Result, all, one};
use crate::Ctx;
use crate::erased;

#[erased]
pub async fn measurement(ctx: &Ctx<'_>, id: Id) -> Result<Measurement> {
    let mut one = vec![one::<Measurement>(ctx, id, "Measurement").await?];
    label(ctx, &mut one).await?;
    Ok(one.remove(0))
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

/// Newest measurements among which the same shape is looked for, so that the look stays short beside the write.
const LOOKED_AT: usize = 1_000;

/// Another measurement of the condition that covers what this one covers on its page, and counts with it; among the
/// newest of the condition, or of the page where that has fewer.
#[erased]
pub async fn same_shape(ctx: &Ctx<'_>, measurement: &Measurement) -> Result<Option<Id>> {
    let Ok(shape) = Geometry::parse(measurement.geometry_type, &measurement.geometry_data) else {
        return Ok(None);
    };
    let desk = ctx.desk();
    let count = async |index, parent| desk.catalog.count(desk.tenant, Kind::Measurement, index, parent).await;
    let (of_condition, of_page) =
        ((Index::ByCondition, measurement.condition_id), (Index::ByPage, measurement.page_id));
    let fewer_on_page = count(of_page.0, of_page.1).await? < count(of_condition.0, of_condition.1).await?;
    let (index, parent) = if fewer_on_page { of_page } else { of_condition };
    let newest =
        entity::list_page::<Measurement>(desk.catalog, desk.tenant, index, parent, None, true, LOOKED_AT)
            .await?;
    let same = |other: &Measurement| {
        other.id != measurement.id
            && (other.condition_id, other.page_id) == (measurement.condition_id, measurement.page_id)
            && !other.is_rejected
            && Geometry::parse(other.geometry_type, &other.geometry_data).is_ok_and(|o| shape.is_same(&o))
    };
    Ok(newest.into_iter().map(|m| m.value).find(same).map(|m| m.id))
}
