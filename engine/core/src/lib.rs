//! `takeoff-core`: what a construction drawing means, as pure functions.
//!
//! Nothing in this crate knows a runtime, a file, a clock or a source of randomness. Bytes, times and
//! ids come in as arguments; findings about bad drawings go out as values (see [`found::Found`]). An
//! `Err` from this crate means a caller's mistake or a cancelled [`budget::Budget`], never "the
//! drawing is odd".

pub mod assembly;
mod brief;
pub mod budget;
pub mod count;
pub mod cron;
pub mod formula;
pub mod found;
pub mod geom;
pub mod job;
mod lanes;
pub mod measure;
pub mod model;
pub mod page;
pub mod placement;
pub mod scale;
pub mod schedule;
pub mod trace;

pub use brief::brief;

/// Version of the engine, stored with every record that a stage computed, so that a later version
/// knows what it may reuse.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");
