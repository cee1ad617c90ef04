//! Asking for a detection and writing its result.

use takeoff_core::job::Job;
use takeoff_core::model::{Id, Page};
use takeoff_core::scale::ScaleRecord;
use takeoff_storage::{Batch, StoreError};

use crate::{CommandError, Ctx, Desk};

/// Enqueues an interactive detection; until its job ends the page's detection is under way. Returns the job.
pub async fn detect_scale(_ctx: &Ctx<'_>, _page_id: Id) -> Result<Id, CommandError> {
    todo!()
}

/// A detection applied to its page.
#[derive(Debug)]
pub struct Detected {
    pub batch: Batch,
    /// The page as the batch leaves it.
    pub page: Page,
}

/// Writes what a detection found: the record (manual keys are kept), the scale itself when one was found
/// with a confidence of at least 0.85, and everything that depends on it. An automatic detection
/// (`asked` false) never replaces a manual scale; one that a person asked for does, if it found a scale.
/// `None` when the page is gone.
pub async fn detected_batch(
    _desk: &Desk<'_>,
    _page_id: Id,
    _record: ScaleRecord,
    _asked: bool,
    _job_id: Id,
) -> Result<Option<Detected>, StoreError> {
    todo!()
}

/// The detection failed for good: it is no longer under way, the page keeps its scale.
pub async fn failed_batch(_desk: &Desk<'_>, _job: &Job, _page_id: Id) -> Result<Batch, StoreError> {
    todo!()
}
