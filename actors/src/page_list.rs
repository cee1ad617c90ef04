//! Stored display lists.

use takeoff_config::NodeConfig;
use takeoff_core::model::BlobHash;
use takeoff_core::page::display::DisplayList;
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Attempt, Tools};

/// Upper bound of an unpacked display list, bytes. A segment takes at most 25 (three pairs of
/// coordinates and a verb) and a path of its own 57 more; text and tables come on top.
pub(crate) fn max_bytes(config: &NodeConfig) -> usize {
    const PER_SEGMENT: u64 = 96;
    const TEXT_AND_TABLES: u64 = 64 * 1024 * 1024;
    usize::try_from(config.limits.max_segments * PER_SEGMENT + TEXT_AND_TABLES).unwrap_or(usize::MAX)
}

/// Fetches a page's display list and unpacks it on the compute pool.
pub(crate) async fn load(
    attempt: &Attempt,
    tools: &Tools,
    hash: BlobHash,
    max_bytes: usize,
) -> Result<DisplayList, StageError> {
    let bytes = tools.blobs.read(attempt.tenant(), hash, max_bytes as u64).await?;
    let decoded = tools.compute.run(&attempt.budget, move |_| DisplayList::decode(&bytes, max_bytes)).await;
    decoded.map_err(crate::compute_error)?.map_err(|e| StageError::Reject(e.to_string()))
}
