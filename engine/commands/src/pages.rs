//! What the ingest stage makes of a page.

use takeoff_core::found::Finding;
use takeoff_core::geom::PageSpace;
use takeoff_core::model::{Id, PageBlobs};
use takeoff_storage::{Batch, BlobInfo, StoreError};

use crate::Desk;

/// A parsed page whose files are in the blob store.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPage {
    pub space: PageSpace,
    /// Upright paper size, inches.
    pub inches: Option<(f64, f64)>,
    pub list: BlobInfo,
    pub image: BlobInfo,
    pub thumbnail: BlobInfo,
    pub is_vector: bool,
    pub path_count: u64,
    pub word_count: u64,
    pub findings: Vec<Finding>,
}

impl StoredPage {
    pub const fn blobs(&self) -> PageBlobs {
        PageBlobs { list: self.list.hash, image: self.image.hash, thumbnail: self.thumbnail.hash }
    }
}

/// What became of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum PageResult {
    Stored(StoredPage),
    /// The reason for a person, naming the limit or the damage.
    Failed {
        message: String,
    },
}

/// The page becomes `ready`, its blobs known, and its scale detection is enqueued; or `error` with the
/// reason. Empty when the page is gone. Batches of several pages may be joined.
pub async fn stored_batch(
    _desk: &Desk<'_>,
    _page_id: Id,
    _result: PageResult,
    _request_id: Option<&str>,
) -> Result<Batch, StoreError> {
    todo!()
}
