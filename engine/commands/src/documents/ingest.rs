//! What the ingest stage makes of a document.

use std::collections::BTreeSet;

use serde_json::json;
use takeoff_core::model::{Document, DocumentStatus, Id, Index, Page, PageScale, PageStatus};
use takeoff_core::page::request::{Opened, PageHead};
use takeoff_storage::{Batch, StoreError, Stored};

use crate::Desk;
use crate::erased;
use crate::jobs::PageRef;
use crate::load::{find, list};

/// Page records that one step writes; leaves room in the batch for the jobs that the stage adds.
const STEP_PAGES: usize = 250;

/// Page records that the burial of a document moves to `error`. Reads treat waiting pages of a document
/// in `error` as failed, so those beyond it do not seem to wait for ever.
const BURY_PAGES: usize = 4_000;

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

/// The document becomes `processing`. Empty when it is gone or no longer `uploaded`.
#[erased]
pub async fn begun_batch(desk: &Desk<'_>, document_id: Id) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let read = find::<Document>(desk, document_id).await?;
    let Some(read) = read.filter(|d| d.value.status == DocumentStatus::Uploaded) else { return Ok(batch) };
    let mut document = read.value;
    document.status = DocumentStatus::Processing;
    document.updated_at = desk.now;
    batch.update(read.version, &document);
    batch.event(document.project_id, "document_started", json!({ "document_id": document_id }));
    Ok(batch)
}

/// Writes page records (`processing` with number and size, broken ones `error` without a size) and, when
/// all are written, makes the document `ready`. Records that exist are kept, so that it may be repeated.
/// `None` when the document is gone or has ended in `error`.
#[erased]
pub async fn opened_batch(
    desk: &Desk<'_>,
    document_id: Id,
    opened: &Opened,
) -> Result<Option<OpenedStep>, StoreError> {
    let Some(document) = find::<Document>(desk, document_id).await? else { return Ok(None) };
    if document.value.status == DocumentStatus::Error {
        return Ok(None);
    }
    let stored = list::<Page>(desk, Index::ByDocument, document_id).await?;
    let known: BTreeSet<u32> = stored.iter().map(|p| p.value.number).collect();
    let mut waiting: Vec<PageRef> = stored.iter().filter_map(|p| waits(&p.value)).collect();
    let mut readable = stored.iter().any(|p| p.value.status != PageStatus::Error);

    let mut batch = Batch::new(desk.tenant);
    let mut changed = document.value.clone();
    changed.updated_at = desk.now;
    let missing: Vec<(u32, &PageHead)> =
        (1_u32..).zip(&opened.pages).filter(|(number, _)| !known.contains(number)).collect();
    let more = missing.len() > STEP_PAGES;
    for (number, head) in missing.into_iter().take(STEP_PAGES) {
        let page = page_of(desk, &changed, number, head);
        readable |= page.status != PageStatus::Error;
        waiting.extend(waits(&page));
        batch.create(&page);
    }
    if more {
        changed.status = DocumentStatus::Processing;
        batch.update(document.version, &changed);
        return Ok(Some(OpenedStep { batch, pages: Vec::new(), more }));
    }
    if changed.status != DocumentStatus::Ready || !batch.changes_nothing() {
        changed.findings.clone_from(&opened.findings);
        changed.page_count = Some(u32::try_from(opened.pages.len()).unwrap_or(u32::MAX));
        if readable {
            changed.status = DocumentStatus::Ready;
            let payload = json!({ "document_id": document_id, "page_count": changed.page_count });
            batch.event(changed.project_id, "document_ready", payload);
        } else {
            fail(&mut batch, &mut changed, &no_page_left(opened));
        }
        batch.update(document.version, &changed);
    }
    waiting.sort_unstable_by_key(|p| p.index);
    Ok(Some(OpenedStep { batch, pages: waiting, more }))
}

fn waits(page: &Page) -> Option<PageRef> {
    (page.status == PageStatus::Processing).then(|| PageRef { page_id: page.id, index: page.number - 1 })
}

fn page_of(desk: &Desk<'_>, document: &Document, number: u32, head: &PageHead) -> Page {
    let (space, inches, status, processing_error) = match head {
        PageHead::Sized { space, inches } => (Some(*space), *inches, PageStatus::Processing, None),
        PageHead::Broken { reason } => (None, None, PageStatus::Error, Some(reason.clone())),
    };
    Page {
        id: desk.ids.next(),
        document_id: document.id,
        project_id: document.project_id,
        number,
        space,
        inches,
        status,
        processing_error,
        blobs: None,
        is_vector: None,
        path_count: 0,
        word_count: 0,
        findings: Vec::new(),
        scale: PageScale::unknown(),
        sheet_number: None,
        title: None,
        display_name: None,
        display_order: None,
        group_name: None,
        is_relevant: true,
        shapes: Some(0),
        created_at: desk.now,
        updated_at: desk.now,
    }
}

fn no_page_left(opened: &Opened) -> String {
    let first = opened.pages.iter().find_map(|p| match p {
        PageHead::Broken { reason } => Some(reason.as_str()),
        PageHead::Sized { .. } => None,
    });
    match first {
        Some(reason) => format!("none of the {} pages can be read; the first: {reason}", opened.pages.len()),
        None => "the file has no pages".to_owned(),
    }
}

pub(super) fn fail(batch: &mut Batch, document: &mut Document, why: &str) {
    document.status = DocumentStatus::Error;
    document.processing_error = Some(why.to_owned());
    batch.event(document.project_id, "document_failed", json!({ "document_id": document.id, "error": why }));
}

/// How the work on a document ends.
#[derive(Debug)]
pub struct Finished {
    pub batch: Batch,
    /// Why the document is in `error`, if it is.
    pub failed: Option<String>,
    /// Pages of it that could not be read.
    pub unread: usize,
}

/// After the last page: a document all of whose pages failed is `error`.
#[erased]
pub async fn finish_batch(desk: &Desk<'_>, document_id: Id) -> Result<Finished, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(document) = find::<Document>(desk, document_id).await? else {
        return Ok(Finished { batch, failed: None, unread: 0 });
    };
    let pages = list::<Page>(desk, Index::ByDocument, document_id).await?;
    let unread = pages.iter().filter(|p| p.value.status == PageStatus::Error).count();
    if document.value.status == DocumentStatus::Error {
        let failed = document.value.processing_error.or_else(|| Some("the document failed".to_owned()));
        return Ok(Finished { batch, failed, unread });
    }
    if unread < pages.len() {
        return Ok(Finished { batch, failed: None, unread });
    }
    let first = pages.iter().min_by_key(|p| p.value.number).and_then(|p| p.value.processing_error.as_deref());
    let why = match first {
        Some(reason) => format!("none of the {} pages can be read; the first: {reason}", pages.len()),
        None => "the file has no pages".to_owned(),
    };
    let mut changed = document.value;
    changed.updated_at = desk.now;
    fail(&mut batch, &mut changed, &why);
    batch.update(document.version, &changed);
    Ok(Finished { batch, failed: Some(why), unread })
}

/// The document could not be ingested: it and all its pages become `error` with the reason, as a part of a set is no
/// set. What is stored of a page stays, for whoever puts the document back. Empty when the document is gone, has ended in
/// `error` already, or has no page that still waits: then there is nothing left to give up.
#[erased]
pub async fn failed_batch(desk: &Desk<'_>, document_id: Id, why: &str) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(document) = find::<Document>(desk, document_id).await? else { return Ok(batch) };
    if document.value.status == DocumentStatus::Error {
        return Ok(batch);
    }
    let pages = list::<Page>(desk, Index::ByDocument, document_id).await?;
    if is_read(&document.value, &pages) {
        return Ok(batch);
    }
    let mut changed = document.value;
    changed.updated_at = desk.now;
    fail(&mut batch, &mut changed, why);
    batch.update(document.version, &changed);
    give_up(desk, &mut batch, pages, why);
    Ok(batch)
}

/// [`failed_batch`] of the document alone. Its pages follow by [`failed_rest_batch`], when nobody stores any more.
#[erased]
pub async fn failed_in_short_batch(desk: &Desk<'_>, document_id: Id, why: &str) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(document) = find::<Document>(desk, document_id).await? else { return Ok(batch) };
    if document.value.status == DocumentStatus::Error
        || is_read(&document.value, &list::<Page>(desk, Index::ByDocument, document_id).await?)
    {
        return Ok(batch);
    }
    let mut changed = document.value;
    changed.updated_at = desk.now;
    fail(&mut batch, &mut changed, why);
    batch.update(document.version, &changed);
    Ok(batch)
}

/// The pages of a document that is in `error`. Empty when it is not, or none is left.
#[erased]
pub async fn failed_rest_batch(desk: &Desk<'_>, document_id: Id, why: &str) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let document = find::<Document>(desk, document_id).await?;
    if document.is_some_and(|d| d.value.status == DocumentStatus::Error) {
        give_up(desk, &mut batch, list::<Page>(desk, Index::ByDocument, document_id).await?, why);
    }
    Ok(batch)
}

fn waiting(page: &Stored<Page>) -> bool {
    page.value.status == PageStatus::Processing
}

/// Nothing of it is left to give up.
fn is_read(document: &Document, pages: &[Stored<Page>]) -> bool {
    let is_open = document.status == DocumentStatus::Ready;
    is_open && !pages.iter().any(waiting) && pages.iter().any(|p| p.value.blobs.is_some())
}

fn give_up(desk: &Desk<'_>, batch: &mut Batch, mut pages: Vec<Stored<Page>>, why: &str) {
    // Those that wait come last: reads take them for failed, whatever they say.
    pages.retain(|p| p.value.status != PageStatus::Error);
    pages.sort_by_key(waiting);
    for page in pages.into_iter().take(BURY_PAGES) {
        let mut failed = page.value;
        failed.status = PageStatus::Error;
        failed.processing_error = Some(why.to_owned());
        failed.updated_at = desk.now;
        batch.update(page.version, &failed);
    }
}

/// An operator puts the ingest of a document back: its pages that have nothing stored wait again, and the others are
/// `ready`. Empty when it is gone, or neither in `error` nor has such pages.
#[erased]
pub async fn revived_batch(desk: &Desk<'_>, document_id: Id) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(document) = find::<Document>(desk, document_id).await? else { return Ok(batch) };
    let pages = list::<Page>(desk, Index::ByDocument, document_id).await?;
    // One of whose pages some were put back before by themselves is not in `error` any more, and the others wait for it.
    if document.value.status != DocumentStatus::Error && !pages.iter().any(|p| buried(&p.value)) {
        return Ok(batch);
    }
    let mut changed = document.value;
    changed.status = DocumentStatus::Uploaded;
    changed.processing_error = None;
    changed.updated_at = desk.now;
    batch.update(document.version, &changed);
    let given_back = give_back(desk, &mut batch, &pages, None);
    for page in pages.into_iter().filter(|p| buried(&p.value)).take(BURY_PAGES.saturating_sub(given_back)) {
        batch.update(page.version, &waiting_again(desk, page.value));
    }
    Ok(batch)
}

/// Pages that are in `error` only because their document was are `ready` again; but for one that somebody writes himself. How
/// many it writes.
pub(super) fn give_back(
    desk: &Desk<'_>,
    batch: &mut Batch,
    pages: &[Stored<Page>],
    but: Option<Id>,
) -> usize {
    let given_up = |p: &&Stored<Page>| p.value.status == PageStatus::Error && p.value.blobs.is_some();
    let mut written = 0;
    for page in pages.iter().filter(given_up).filter(|p| Some(p.value.id) != but).take(BURY_PAGES) {
        let mut ready = page.value.clone();
        ready.status = PageStatus::Ready;
        ready.processing_error = None;
        ready.updated_at = desk.now;
        batch.update(page.version, &ready);
        written += 1;
    }
    written
}

/// The same for some pages of a document that was opened.
#[erased]
pub async fn revived_pages_batch(
    desk: &Desk<'_>,
    document_id: Id,
    pages: &[PageRef],
) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    for page in pages {
        let found = find::<Page>(desk, page.page_id).await?;
        if let Some(page) = found.filter(|p| buried(&p.value)) {
            batch.update(page.version, &waiting_again(desk, page.value));
        }
    }
    let document = find::<Document>(desk, document_id).await?;
    let failed = document.filter(|d| d.value.status == DocumentStatus::Error);
    if let Some(document) = failed.filter(|d| !batch.is_empty() && d.value.page_count.is_some()) {
        // It was in `error` because none of its pages could be read; now one may.
        give_back(desk, &mut batch, &list(desk, Index::ByDocument, document_id).await?, None);
        let mut changed = document.value;
        changed.status = DocumentStatus::Ready;
        changed.processing_error = None;
        changed.updated_at = desk.now;
        batch.update(document.version, &changed);
    }
    Ok(batch)
}

/// Its job died; a page that the file itself says nothing of has no size.
fn buried(page: &Page) -> bool {
    page.status == PageStatus::Error && page.blobs.is_none() && page.space.is_some()
}

fn waiting_again(desk: &Desk<'_>, mut page: Page) -> Page {
    page.status = PageStatus::Processing;
    page.processing_error = None;
    page.updated_at = desk.now;
    page
}

#[cfg(test)]
mod tests;
