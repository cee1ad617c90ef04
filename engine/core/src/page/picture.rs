//! How dark a scan is, place by place, small enough to keep beside its strokes.
//!
//! Strokes propose where a symbol may be; whether it is there is for the picture to say, since the picture of
//! the example and that of the place went through the same scanner and no tracer.

use serde::{Deserialize, Serialize};

/// Darkest level; 0 is paper.
pub const DARKEST: u8 = 15;

/// Levels of darkness of the whole page, rows from the top, two pixels a byte, the left one in the low half;
/// each row starts with a byte of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub levels: Vec<u8>,
}

impl Picture {
    pub(crate) fn blank(width: usize, height: usize) -> Self {
        Self { width: width as u32, height: height as u32, levels: vec![0; width.div_ceil(2) * height] }
    }

    /// Bytes of one row.
    pub fn stride(&self) -> usize {
        (self.width as usize).div_ceil(2)
    }

    pub(crate) fn row_mut(&mut self, y: usize) -> &mut [u8] {
        let stride = self.stride();
        &mut self.levels[y * stride..][..stride]
    }

    /// A row as it is kept.
    pub(crate) fn bytes(&self, y: usize) -> &[u8] {
        &self.levels[y * self.stride()..][..self.stride()]
    }

    /// Levels of a row, one a byte.
    pub fn row(&self, y: usize) -> impl Iterator<Item = u8> {
        let bytes = &self.levels[y * self.stride()..][..self.stride()];
        bytes.iter().flat_map(|b| [b & 15, b >> 4]).take(self.width as usize)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let wanted = self.stride().checked_mul(self.height as usize);
        match self.width > 0 && self.height > 0 && wanted == Some(self.levels.len()) {
            true => Ok(()),
            false => Err("the picture of the scan does not fit its size".to_owned()),
        }
    }
}
