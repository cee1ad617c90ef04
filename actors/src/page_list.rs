//! Stored display lists.

use std::time::Duration;

use takeoff_config::NodeConfig;
use takeoff_core::model::BlobHash;
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::worked_list_bytes;
use takeoff_engine::error::StageError;
use takeoff_engine::memory::Held;
use takeoff_engine::stage::{Attempt, Tools};

use crate::memory;

/// Longest wait for the memory of one page.
pub(crate) const MEMORY_WAIT: Duration = Duration::from_secs(30);

/// Upper bound of an unpacked display list, bytes. A segment takes at most 25 (three pairs of
/// coordinates and a verb) and a path of its own 57 more; text and tables come on top.
pub(crate) fn max_bytes(config: &NodeConfig) -> usize {
    const PER_SEGMENT: u64 = 96;
    const TEXT_AND_TABLES: u64 = 64 * 1024 * 1024;
    usize::try_from(config.limits.max_segments * PER_SEGMENT + TEXT_AND_TABLES).unwrap_or(usize::MAX)
}

/// A list, and the memory for the work on it: to be given back when nothing made of the list is left.
pub(crate) struct Loaded {
    pub(crate) list: DisplayList,
    pub(crate) held: Held,
}

/// Fetches a page's display list, which may carry a picture of so many pixels, and unpacks it on the compute pool.
pub(crate) async fn load(
    attempt: &Attempt,
    tools: &Tools,
    (hash, picture_pixels): (BlobHash, u64),
    max_bytes: usize,
) -> Result<Loaded, StageError> {
    let size = tools.blobs.stat(attempt.tenant(), hash).await?.unwrap_or_default();
    let held = memory::take(
        attempt,
        tools,
        worked_list_bytes(size, picture_pixels),
        MEMORY_WAIT,
        "Loading the page",
    )
    .await?;
    let bytes = tools.blobs.read(attempt.tenant(), hash, max_bytes as u64).await?;
    // The memory goes with the work: an attempt that is torn away leaves it behind until it is done.
    let decode = move |_: &mut _| DisplayList::decode(&bytes, max_bytes).map(|list| Loaded { list, held });
    let decoded = tools.compute.run(&attempt.budget, decode).await;
    decoded.map_err(crate::compute_error)?.map_err(|e| StageError::Reject(e.to_string()))
}
