//! What surrounds a drawing on its sheet: frame, title block, legends, notes, scales, dimensions.

mod frame;
mod legend;
mod marks;
mod table;

pub(crate) use frame::{TitleBlock, draw_frame};
pub(crate) use legend::draw_legend;
pub(crate) use marks::{
    DrawingTitle, dimension, draw_drawing_title, draw_scale_bar, grid_bubble, leader, north_arrow,
};
pub(crate) use table::{Column, draw_notes, draw_table};

/// ARCH D, 36 x 24 in.
pub(crate) const ARCH_D: [f64; 2] = [2592.0, 1728.0];
/// 42 x 30 in.
pub(crate) const ARCH_E1: [f64; 2] = [3024.0, 2160.0];
