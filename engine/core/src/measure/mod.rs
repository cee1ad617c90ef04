//! Quantities from geometry: page pixels, a scale and a condition's type and unit in, its quantity out.
//!
//! Distances are Euclidean, polygon areas by the shoelace formula. Nothing is rounded. A shape that has
//! no quantity of the asked kind (a line under an area condition) is an error, never a silent zero.

mod calculate;
mod geometry;
mod polygon;
mod same;
#[cfg(test)]
mod tests;
mod totals;
mod unit;

pub use calculate::{Calculated, MeasureError, Terms, calculate};
pub use geometry::{Geometry, GeometryError, MAX_COORDINATE_PX, MAX_POINTS, MIN_SIZE_PX};
pub use totals::{Tally, TooLarge, Totals};
pub use unit::{Unit, UnitError};
