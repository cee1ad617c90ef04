//! Draws plan sheets whose truth is known: for the sample set, for tests and for benchmarks.
//!
//! Everything is deterministic: a seed and a habit give the same bytes on every machine and build.

mod book;
mod canvas;
pub mod geometry;
pub mod habit;
mod ink;
mod lettering;
mod plan;
pub mod school;
mod sheet;
pub mod symbol;
pub mod truth;

pub use book::Book;
pub use habit::{Habit, Lettering};
pub use school::{School, SetTruth, school};
pub use truth::{DocumentTruth, Instance, PageTruth, ScaleTruth, Status};
