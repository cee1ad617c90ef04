//! Regions of a page that explain symbols instead of placing them.

use crate::geom::ListRect;
use crate::page::display::DisplayList;

/// Legend regions of a page, list units.
#[derive(Debug, Default)]
pub(super) struct Legend {
    regions: Vec<ListRect>,
}

impl Legend {
    pub(super) fn of(_list: &DisplayList) -> Self {
        Self::default()
    }

    pub(super) fn contains(&self, x: f32, y: f32) -> bool {
        self.regions.iter().any(|r| x >= r.left && x <= r.right && y >= r.top && y <= r.bottom)
    }
}
