//! Measurements of confirmed detections.

use takeoff_core::model::Id;

use crate::{CommandError, Ctx};

/// One point for each confirmed detection that has no measurement; returns how many. Repeating it makes
/// no second one.
pub async fn create_measurements(_ctx: &Ctx<'_>, _session_id: Id) -> Result<u64, CommandError> {
    todo!()
}
