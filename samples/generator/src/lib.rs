//! Draws plan sheets whose truth is known: for the sample set, for tests and for benchmarks.
//!
//! Everything is deterministic: a seed and a habit give the same bytes on every machine and build.

mod book;
mod bulk;
mod canvas;
mod checksum;
mod dice;
pub mod geometry;
pub mod habit;
pub mod hostile;
mod ink;
mod lettering;
mod plan;
mod random;
pub mod raster;
pub mod school;
mod sheet;
pub mod symbol;
pub mod truth;

pub use bulk::{big_page, set_of, set_with};
pub use habit::{Habit, Lettering, Strokes};
pub use hostile::Hostile;
pub use random::{Sheet, crowded, cut, half, sheet, sheets};
pub use school::{School, SetTruth, school};
pub use truth::{Apart, DocumentTruth, Instance, PageTruth, ScaleTruth, Status};
