//! What the ingest stage makes of a document.

use takeoff_core::model::Id;
use takeoff_core::page::request::Opened;
use takeoff_storage::{Batch, StoreError};

use crate::Desk;
use crate::jobs::PageRef;

/// One step of writing the page records of an opened document.
#[derive(Debug)]
pub struct OpenedStep {
    pub batch: Batch,
    /// Pages of the document that have a size and wait to be parsed, those of earlier steps included.
    /// Filled by the last step only.
    pub pages: Vec<PageRef>,
    /// More pages are to be written by another step; the document is not `ready` before the last one.
    pub more: bool,
}

/// Writes page records (`processing` with number and size, broken ones `error` without a size) and, when
/// all are written, makes the document `ready`. Records that exist are kept, so that it may be repeated.
/// `None` when the document is gone or has ended already.
pub async fn opened_batch(
    _desk: &Desk<'_>,
    _document_id: Id,
    _opened: &Opened,
) -> Result<Option<OpenedStep>, StoreError> {
    todo!()
}

/// After the last page: a document all of whose pages failed is `error`.
pub async fn finish_batch(_desk: &Desk<'_>, _document_id: Id) -> Result<Batch, StoreError> {
    todo!()
}

/// The document could not be ingested: `error` with the reason, pages that wait become `error` too.
pub async fn failed_batch(_desk: &Desk<'_>, _document_id: Id, _why: &str) -> Result<Batch, StoreError> {
    todo!()
}
