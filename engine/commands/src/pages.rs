//! What the ingest stage makes of a page.

use serde_json::json;
use takeoff_core::found::Finding;
use takeoff_core::geom::PageSpace;
use takeoff_core::job::{Lane, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{Id, Page, PageBlobs, PageStatus};
use takeoff_storage::{Batch, BlobInfo, Op, StoreError};

use crate::Desk;
use crate::jobs::{self, DetectScaleArgs};
use crate::load::find;

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
/// reason. Empty when the page is gone or was stored already. Batches of several pages may be joined.
pub async fn stored_batch(
    desk: &Desk<'_>,
    page_id: Id,
    result: PageResult,
    request_id: Option<&str>,
) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(read) = find::<Page>(desk, page_id).await? else { return Ok(batch) };
    if matches!(read.value.status, PageStatus::Ready | PageStatus::Completed) {
        return Ok(batch);
    }
    let mut page = read.value;
    page.updated_at = desk.now;
    let mut payload =
        json!({ "page_id": page.id, "document_id": page.document_id, "page_number": page.number });
    match result {
        PageResult::Stored(stored) => {
            let detection = detection_job(desk, &page, request_id);
            for blob in [stored.list, stored.image, stored.thumbnail] {
                batch.ops.push(Op::BlobStored { hash: blob.hash, size: blob.size });
            }
            page.status = PageStatus::Ready;
            page.processing_error = None;
            page.blobs = Some(stored.blobs());
            page.space = Some(stored.space);
            page.inches = stored.inches;
            page.is_vector = Some(stored.is_vector);
            page.path_count = stored.path_count;
            page.word_count = stored.word_count;
            page.findings = stored.findings;
            page.scale.detection_job = Some(detection.id);
            batch.jobs.push(detection);
            batch.event(page.project_id, "page_ready", payload);
        }
        PageResult::Failed { message } => {
            payload["error"] = json!(message);
            page.status = PageStatus::Error;
            page.processing_error = Some(message);
            batch.event(page.project_id, "page_failed", payload);
        }
    }
    batch.update(read.version, &page);
    Ok(batch)
}

/// The detection that follows ingestion by itself; clients are not told of it as a task.
fn detection_job(desk: &Desk<'_>, page: &Page, request_id: Option<&str>) -> NewJob {
    NewJob {
        id: desk.ids.next(),
        stage: Stage::DetectScale,
        args: jobs::encode(&DetectScaleArgs { page_id: page.id, asked: false }),
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: Some(page.project_id),
        subject_id: Some(page.id),
        task: None,
        request_id: request_id.map(str::to_owned),
    }
}
