//! Sheets: relevant pages of a project, grouped.

use std::cmp::Ordering;

use takeoff_core::model::{Id, Page};

use crate::{CommandError, Ctx};

#[derive(Debug, Clone, PartialEq)]
pub struct SheetView {
    pub page: Page,
    /// All measurements, rejected ones included.
    pub measurement_count: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SheetGroup {
    /// The pages' own group, else `Unclassified`.
    pub group_name: String,
    /// By display order, then natural sheet number, then page number.
    pub sheets: Vec<SheetView>,
}

/// Groups by name; `NotFound` for an unknown project.
pub async fn sheets(_ctx: &Ctx<'_>, _project_id: Id) -> Result<Vec<SheetGroup>, CommandError> {
    todo!()
}

/// Natural order of sheet numbers: digits as decimal numbers, letters without case.
pub fn natural_order(_a: &str, _b: &str) -> Ordering {
    todo!()
}
