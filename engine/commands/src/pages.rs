//! What the ingest stage makes of a page.

use serde_json::json;
use takeoff_core::found::Finding;
use takeoff_core::geom::PageSpace;
use takeoff_core::job::{Lane, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{Id, Page, PageBlobs, PageStatus};
use takeoff_storage::{Batch, BlobInfo, Op, StoreError};

use crate::Desk;
use crate::erased;
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
#[expect(clippy::large_enum_variant, reason = "made once a page and consumed at once")]
pub enum PageResult {
    Stored(StoredPage),
    /// The reason for a person, naming the limit or the damage.
    Failed {
        message: String,
    },
}

/// The page becomes `ready`, its blobs known, and its scale detection is enqueued; or `error` with the
/// reason. One that had been read before, and is read again, stays `ready` with what it has where the new reading
/// fails or has another size: what was measured on it is in its pixels. Empty when the page is gone or was stored
/// already. Batches of several pages may be joined.
#[erased]
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
    let had = page.blobs.is_some();
    let mut payload =
        json!({ "page_id": page.id, "document_id": page.document_id, "page_number": page.number });
    match result {
        PageResult::Stored(stored) if had && page.space != Some(stored.space) => {
            page.status = PageStatus::Ready;
            batch.event(page.project_id, "page_ready", payload);
        }
        PageResult::Failed { .. } if had => {
            page.status = PageStatus::Ready;
            batch.event(page.project_id, "page_ready", payload);
        }
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
        args: jobs::encode(&DetectScaleArgs { page_id: page.id }),
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

#[cfg(test)]
mod tests {
    use takeoff_core::model::Timestamp;

    use super::*;
    use crate::testing::{self, Bench, id, stored_page as stored};

    #[tokio::test]
    async fn a_stored_page_is_ready_and_its_scale_looked_for() {
        let bench = Bench::new();
        bench.put(&testing::page(id(500), None, Timestamp(0))).await;
        let batch =
            stored_batch(&bench.desk(), id(500), PageResult::Stored(stored()), Some("r1")).await.unwrap();
        bench.commit(batch).await;
        let page: Page = bench.get(id(500)).await;
        assert_eq!(page.status, PageStatus::Ready);
        assert_eq!(page.blobs, Some(stored().blobs()));
        let job_id = page.scale.detection_job.unwrap();
        let job = bench.catalog.job(bench.desk().tenant, job_id).await.unwrap().unwrap();
        assert_eq!((job.stage, job.request_id.as_deref()), (Stage::DetectScale, Some("r1")));
        let args: DetectScaleArgs = jobs::decode(&job.args).unwrap();
        assert_eq!(args, DetectScaleArgs { page_id: id(500) });
    }

    #[tokio::test]
    async fn a_page_that_is_read_again_keeps_its_pixels_and_what_it_has() {
        let bench = Bench::new();
        bench.put(&testing::page(id(500), None, Timestamp(0))).await;
        let first = stored_batch(&bench.desk(), id(500), PageResult::Stored(stored()), None).await.unwrap();
        bench.commit(first).await;
        let read: Page = bench.get(id(500)).await;
        let other = StoredPage { space: PageSpace::of_points(72.0, 72.0).unwrap(), ..stored() };
        for again in [PageResult::Failed { message: "killed".to_owned() }, PageResult::Stored(other)] {
            let now: takeoff_storage::Stored<Page> = find(&bench.desk(), id(500)).await.unwrap().unwrap();
            let mut batch = Batch::new(bench.desk().tenant);
            batch.update(now.version, &Page { status: PageStatus::Processing, ..now.value });
            bench.commit(batch).await;
            bench.commit(stored_batch(&bench.desk(), id(500), again, None).await.unwrap()).await;
            let page: Page = bench.get(id(500)).await;
            assert_eq!((page.status, page.space, page.blobs), (PageStatus::Ready, read.space, read.blobs));
            assert_eq!(page.processing_error, None);
        }
    }

    #[tokio::test]
    async fn a_page_is_stored_once() {
        let bench = Bench::new();
        bench.put(&testing::page(id(500), None, Timestamp(0))).await;
        let first = stored_batch(&bench.desk(), id(500), PageResult::Stored(stored()), None).await.unwrap();
        bench.commit(first).await;
        for late in [PageResult::Stored(stored()), PageResult::Failed { message: "late".to_owned() }] {
            let batch = stored_batch(&bench.desk(), id(500), late, None).await.unwrap();
            assert!(batch.is_empty());
        }
        let gone = stored_batch(&bench.desk(), id(501), PageResult::Stored(stored()), None).await.unwrap();
        assert!(gone.is_empty());
    }
}
