//! Scales that a person gives.

use takeoff_core::model::{Id, Page};

use crate::{CommandError, Ctx};

#[derive(Debug, Clone, PartialEq)]
pub struct ManualScale {
    /// Page pixels per real foot; positive and finite.
    pub value: f64,
    /// `foot`; anything else is refused because `value` is per foot.
    pub unit: String,
    pub text: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealUnit {
    Foot,
    Inch,
    Meter,
}

impl RealUnit {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Foot => "foot",
            Self::Inch => "inch",
            Self::Meter => "meter",
        }
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

pub async fn set_scale(_ctx: &Ctx<'_>, _page_id: Id, _scale: ManualScale) -> Result<Page, CommandError> {
    todo!()
}

pub async fn calibrate(
    _ctx: &Ctx<'_>,
    _page_id: Id,
    _calibration: Calibration,
) -> Result<Calibrated, CommandError> {
    todo!()
}

/// Gives the page the scale of another page of any document of the same project.
pub async fn copy_scale(_ctx: &Ctx<'_>, _page_id: Id, _source_page_id: Id) -> Result<Page, CommandError> {
    todo!()
}

/// One scale for many pages, all in one commit; `NotFound` when none of the ids is a page.
pub async fn batch_scale(
    _ctx: &Ctx<'_>,
    _page_ids: &[Id],
    _scale: ManualScale,
) -> Result<BatchScaled, CommandError> {
    todo!()
}
