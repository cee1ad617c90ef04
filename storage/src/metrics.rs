//! Names of the metrics that the stores export.

/// Histogram: seconds from a commit's call to its durable answer, refused ones included.
pub const COMMIT_SECONDS: &str = "takeoff_store_commit_seconds";

/// Counter: blobs that were found not to be what was stored, each time that it was noticed.
pub const BLOBS_DAMAGED: &str = "takeoff_store_blobs_damaged_total";
