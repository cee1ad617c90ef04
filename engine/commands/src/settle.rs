//! What follows from a change: quantities, the totals of conditions, the prices of assemblies.
//!
//! Two writers must not miss each other's change. So everything that a decision read is a precondition
//! of its batch, and whoever adds a record to a list also writes the list's owner: a new measurement
//! writes its page and its condition, a new assembly writes its condition. A batch that relied on the
//! older owner is then refused and decided again.

use std::collections::{BTreeMap, BTreeSet};

use takeoff_core::measure::{Tally, TooLarge};
use takeoff_core::model::{Assembly, Condition, GeometryType, Id, Index, Measurement, Page};
use takeoff_storage::catalog::MAX_BATCH_OPS;
use takeoff_storage::{Batch, StoreError, Stored, entity};

use crate::load::{find, list, only, relies_on};
use crate::{CommandError, Desk, figures};

/// Why what follows from a change cannot be written.
#[derive(Debug)]
pub(crate) enum SettleError {
    Store(StoreError),
    /// The numbers forbid it: the reason for a person.
    Refused(String),
}

impl SettleError {
    /// Too much for one commit; less at a time may fit.
    pub(crate) const fn is_too_much(&self) -> bool {
        matches!(self, Self::Store(StoreError::TooManyOps { .. }))
    }
}

impl From<StoreError> for SettleError {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}

impl From<TooLarge> for SettleError {
    fn from(e: TooLarge) -> Self {
        Self::Refused(e.to_string())
    }
}

impl From<SettleError> for CommandError {
    fn from(e: SettleError) -> Self {
        match e {
            SettleError::Store(e) => e.into(),
            SettleError::Refused(why) => Self::invalid(why),
        }
    }
}

/// The sums over a condition's measurements as they are stored. They go with the condition as it was
/// read: whoever changes a measurement writes its condition.
pub(crate) async fn tally(desk: &Desk<'_>, condition: &Condition) -> Result<Tally, SettleError> {
    if let Some(tally) = condition.tally {
        return Ok(tally);
    }
    let all = list::<Measurement>(desk, Index::ByCondition, condition.id).await?;
    Ok(Tally::of(all.iter().map(|m| &m.value))?)
}

/// Writes the condition with the totals of `tally` (over its measurements as they will be) and its
/// assembly, if there is one, priced anew unless locked.
pub(crate) async fn settle(
    desk: &Desk<'_>,
    batch: &mut Batch,
    read: &Stored<Condition>,
    mut condition: Condition,
    tally: Tally,
) -> Result<Condition, SettleError> {
    figures::total(&mut condition, tally);
    condition.updated_at = desk.now;
    batch.update(read.version, &condition);
    if let Some(assembly) = only::<Assembly>(desk, Index::ByCondition, condition.id).await? {
        if assembly.value.is_locked {
            relies_on(batch, &assembly);
        } else {
            let mut priced = assembly.value;
            figures::price(&mut priced, &condition).map_err(SettleError::Refused)?;
            priced.updated_at = desk.now;
            batch.update(assembly.version, &priced);
        }
    }
    fits(batch)?;
    Ok(condition)
}

/// Recalculates what lies on pages whose scale changed; `pages` holds them as they will be.
pub(crate) async fn rescale(
    desk: &Desk<'_>,
    batch: &mut Batch,
    pages: &BTreeMap<Id, Page>,
) -> Result<(), SettleError> {
    let mut conditions = BTreeSet::new();
    for page in pages.keys() {
        let measurements = list::<Measurement>(desk, Index::ByPage, *page).await?;
        conditions.extend(measurements.iter().map(|m| m.value.condition_id));
    }
    for id in conditions {
        let Some(condition) = find::<Condition>(desk, id).await? else { continue };
        relies_on(batch, &condition);
        let mut all = list::<Measurement>(desk, Index::ByCondition, id).await?;
        let mut any = false;
        for read in &mut all {
            if let Some(page) = pages.get(&read.value.page_id) {
                any |= again(desk, batch, read, &condition.value, page.scale.px_per_foot)?;
            }
        }
        if any {
            let value = condition.value.clone();
            let tally = Tally::of(all.iter().map(|m| &m.value))?;
            settle(desk, batch, &condition, value, tally).await?;
        }
    }
    Ok(fits(batch)?)
}

/// Recalculates all measurements of a condition whose type, unit or sizes changed; `condition` is it as
/// it will be.
pub(crate) async fn reshape(
    desk: &Desk<'_>,
    batch: &mut Batch,
    read: &Stored<Condition>,
    condition: Condition,
) -> Result<Condition, SettleError> {
    let mut all = list::<Measurement>(desk, Index::ByCondition, condition.id).await?;
    let ids: BTreeSet<Id> = all.iter().map(|m| m.value.page_id).collect();
    let ids: Vec<Id> = ids.into_iter().collect();
    let mut scales = BTreeMap::new();
    for page in entity::get_many::<Page>(desk.catalog, desk.tenant, &ids).await?.into_iter().flatten() {
        relies_on(batch, &page);
        scales.insert(page.value.id, page.value.scale.px_per_foot);
    }
    for read in &mut all {
        let px_per_foot = scales.get(&read.value.page_id).copied().flatten();
        again(desk, batch, read, &condition, px_per_foot)?;
    }
    let tally = Tally::of(all.iter().map(|m| &m.value))?;
    settle(desk, batch, read, condition, tally).await
}

/// Recalculates one stored measurement; writes it when it changed.
fn again(
    desk: &Desk<'_>,
    batch: &mut Batch,
    read: &mut Stored<Measurement>,
    condition: &Condition,
    px_per_foot: Option<f64>,
) -> Result<bool, SettleError> {
    let mut value = read.value.clone();
    figures::measure(&mut value, condition, px_per_foot)
        .map_err(|why| SettleError::Refused(format!("measurement {}: {why}", read.value.id)))?;
    if value == read.value {
        relies_on(batch, read);
        return Ok(false);
    }
    value.updated_at = desk.now;
    batch.update(read.version, &value);
    read.value = value;
    Ok(true)
}

/// Operations that are added to a batch that was found to fit: the end of the job that it is of, an event.
const ROOM: usize = 2;

pub(crate) fn fits(batch: &Batch) -> Result<(), StoreError> {
    let count = batch.op_count() + ROOM;
    if count > MAX_BATCH_OPS {
        return Err(StoreError::TooManyOps { count, limit: MAX_BATCH_OPS });
    }
    Ok(())
}

/// Shapes on a page, or of a condition, that are recalculated when its scale, unit or depth changes: they fit one
/// commit with what follows from them. Counted points do not depend on those and are not among them.
pub const MOST_SHAPES: u64 = 4_000;

/// How many measured shapes a page or a condition has. All of its measurements are read for it, unless its record says
/// it: that is once for each record from before.
pub(crate) async fn shapes(
    desk: &Desk<'_>,
    owner: Index,
    id: Id,
    known: Option<u64>,
) -> Result<u64, StoreError> {
    if let Some(known) = known {
        return Ok(known);
    }
    let all = list::<Measurement>(desk, owner, id).await?;
    Ok(all.iter().filter(|m| m.value.geometry_type != GeometryType::Point).count() as u64)
}

/// Refuses one shape more than could be recalculated together: a wrong scale must stay one that can be corrected.
pub(crate) fn has_room(name: &str, shapes: u64) -> Result<(), CommandError> {
    if shapes < MOST_SHAPES {
        return Ok(());
    }
    Err(CommandError::invalid(format!(
        "the {name} has {shapes} measured shapes, and no more than {MOST_SHAPES} can be recalculated together when \
         its scale or unit changes: join or remove some, or begin another condition"
    )))
}
