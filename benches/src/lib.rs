//! What the benchmarks share: seeded inputs, a bed of records and jobs, and the runner's measures.
//!
//! `benches/` holds the criterion benchmarks of single parts; the program `takeoff-benches` measures the
//! whole against its goals and writes one JSON report.

pub mod celery;
pub mod durable;
pub mod inputs;
pub mod machine;
pub mod measure;
pub mod node;
pub mod pages;
pub mod peaks;
pub mod queue;
pub mod report;
pub mod sizes;
pub mod stats;
pub mod stores;
pub mod table;
