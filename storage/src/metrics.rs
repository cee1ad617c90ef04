//! Names of the metrics that the stores export.

/// Histogram: seconds from a commit's call to its durable answer, refused ones included.
pub const COMMIT_SECONDS: &str = "takeoff_store_commit_seconds";
