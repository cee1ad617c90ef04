//! What the ingest stage makes of a document.

use std::collections::BTreeSet;

use serde_json::json;
use takeoff_core::model::{Document, DocumentStatus, Id, Index, Page, PageScale, PageStatus};
use takeoff_core::page::request::{Opened, PageHead};
use takeoff_storage::{Batch, StoreError};

use crate::Desk;
use crate::erased;
use crate::jobs::PageRef;
use crate::load::{find, list};

/// Page records that one step writes; leaves room in the batch for the jobs that the stage adds.
const STEP_PAGES: usize = 2_000;

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

/// After the last page: a document all of whose pages failed is `error`.
#[erased]
pub async fn finish_batch(desk: &Desk<'_>, document_id: Id) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(document) = find::<Document>(desk, document_id).await? else { return Ok(batch) };
    if document.value.status == DocumentStatus::Error {
        return Ok(batch);
    }
    let pages = list::<Page>(desk, Index::ByDocument, document_id).await?;
    if pages.iter().any(|p| p.value.status != PageStatus::Error) {
        return Ok(batch);
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
    Ok(batch)
}

/// The document could not be ingested: `error` with the reason, pages that wait become `error` too. Pages
/// that are stored already stay. Empty when the document is gone or has ended in `error` already.
#[erased]
pub async fn failed_batch(desk: &Desk<'_>, document_id: Id, why: &str) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(document) = find::<Document>(desk, document_id).await? else { return Ok(batch) };
    if document.value.status == DocumentStatus::Error {
        return Ok(batch);
    }
    let mut changed = document.value;
    changed.updated_at = desk.now;
    fail(&mut batch, &mut changed, why);
    batch.update(document.version, &changed);
    let pages = list::<Page>(desk, Index::ByDocument, document_id).await?;
    let waiting = pages.into_iter().filter(|p| p.value.status == PageStatus::Processing);
    for page in waiting.take(BURY_PAGES) {
        let mut failed = page.value;
        failed.status = PageStatus::Error;
        failed.processing_error = Some(why.to_owned());
        failed.updated_at = desk.now;
        batch.update(page.version, &failed);
    }
    Ok(batch)
}

/// An operator puts the ingest of a document back: it and its pages that have nothing stored wait again. Empty
/// when it is gone or not in `error`.
#[erased]
pub async fn revived_batch(desk: &Desk<'_>, document_id: Id) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(document) = find::<Document>(desk, document_id).await? else { return Ok(batch) };
    if document.value.status != DocumentStatus::Error {
        return Ok(batch);
    }
    let mut changed = document.value;
    changed.status = DocumentStatus::Uploaded;
    changed.processing_error = None;
    changed.updated_at = desk.now;
    batch.update(document.version, &changed);
    let pages = list::<Page>(desk, Index::ByDocument, document_id).await?;
    for page in pages.into_iter().filter(|p| buried(&p.value)).take(BURY_PAGES) {
        batch.update(page.version, &waiting_again(desk, page.value));
    }
    Ok(batch)
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
mod tests {
    use takeoff_core::geom::PageSpace;

    use super::*;
    use crate::testing::{Bench, document, id};

    fn sized() -> PageHead {
        PageHead::Sized { space: PageSpace::of_points(612.0, 792.0).unwrap(), inches: Some((8.5, 11.0)) }
    }

    fn broken() -> PageHead {
        PageHead::Broken { reason: "its dictionary is damaged".to_owned() }
    }

    fn opened(pages: Vec<PageHead>) -> Opened {
        Opened { pages, findings: Vec::new() }
    }

    async fn bench() -> (Bench, Id) {
        let bench = Bench::new();
        let document_id = id(1_000_000);
        bench.put(&document(document_id, id(9))).await;
        (bench, document_id)
    }

    #[tokio::test]
    async fn an_opened_document_is_ready_with_all_its_pages() {
        let (bench, document_id) = bench().await;
        let file = opened(vec![sized(), broken(), sized()]);
        let step = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
        assert!(!step.more);
        assert_eq!(step.pages.iter().map(|p| p.index).collect::<Vec<_>>(), [0, 2]);
        bench.commit(step.batch).await;
        let document: Document = bench.get(document_id).await;
        assert_eq!((document.status, document.page_count), (DocumentStatus::Ready, Some(3)));
        let pages = list::<Page>(&bench.desk(), Index::ByDocument, document_id).await.unwrap();
        let states: Vec<_> =
            pages.iter().map(|p| (p.value.number, p.value.status, p.value.space.is_some())).collect();
        let expect = [
            (1, PageStatus::Processing, true),
            (2, PageStatus::Error, false),
            (3, PageStatus::Processing, true),
        ];
        assert_eq!(states, expect);
        assert_eq!(pages[1].value.processing_error.as_deref(), Some("its dictionary is damaged"));
    }

    #[tokio::test]
    async fn a_document_is_processing_from_the_beginning_of_its_work() {
        let (bench, document_id) = bench().await;
        bench.commit(begun_batch(&bench.desk(), document_id).await.unwrap()).await;
        assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Processing);
        assert!(begun_batch(&bench.desk(), document_id).await.unwrap().is_empty());
        let step = opened_batch(&bench.desk(), document_id, &opened(vec![sized()])).await.unwrap().unwrap();
        bench.commit(step.batch).await;
        assert!(begun_batch(&bench.desk(), document_id).await.unwrap().is_empty());
        assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Ready);
    }

    #[tokio::test]
    async fn an_operator_puts_a_document_back() {
        let (bench, document_id) = bench().await;
        let file = opened(vec![sized(), broken()]);
        bench.commit(opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap().batch).await;
        assert!(revived_batch(&bench.desk(), document_id).await.unwrap().is_empty(), "it did not fail");
        bench.commit(failed_batch(&bench.desk(), document_id, "its child died").await.unwrap()).await;
        bench.commit(revived_batch(&bench.desk(), document_id).await.unwrap()).await;
        let document: Document = bench.get(document_id).await;
        assert_eq!((document.status, document.processing_error), (DocumentStatus::Uploaded, None));
        bench.commit(begun_batch(&bench.desk(), document_id).await.unwrap()).await;
        let again = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
        assert_eq!(again.pages.iter().map(|p| p.index).collect::<Vec<_>>(), [0], "the other one has no size");
        bench.commit(again.batch).await;
        assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Ready);
    }

    #[tokio::test]
    async fn an_operator_puts_pages_back_and_with_them_a_document_without_any() {
        let (bench, document_id) = bench().await;
        let file = opened(vec![sized(), sized()]);
        let step = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
        bench.commit(step.batch).await;
        for page in list::<Page>(&bench.desk(), Index::ByDocument, document_id).await.unwrap() {
            let failed = Page { status: PageStatus::Error, ..page.value };
            let mut batch = Batch::new(bench.desk().tenant);
            batch.update(page.version, &failed);
            bench.commit(batch).await;
        }
        bench.commit(finish_batch(&bench.desk(), document_id).await.unwrap()).await;
        assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Error);
        let one = &step.pages[1..];
        bench.commit(revived_pages_batch(&bench.desk(), document_id, one).await.unwrap()).await;
        assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Ready);
        let pages = list::<Page>(&bench.desk(), Index::ByDocument, document_id).await.unwrap();
        let states: Vec<_> = pages.iter().map(|p| p.value.status).collect();
        assert_eq!(states, [PageStatus::Error, PageStatus::Processing]);
        assert!(revived_pages_batch(&bench.desk(), document_id, one).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn opening_twice_writes_no_page_twice() {
        let (bench, document_id) = bench().await;
        let file = opened(vec![sized(), sized()]);
        let first = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
        bench.commit(first.batch).await;
        let again = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
        assert_eq!(again.batch.op_count(), 0);
        assert_eq!(again.pages, first.pages);
    }

    #[tokio::test]
    async fn a_very_long_document_is_opened_in_steps_and_ready_after_the_last() {
        let (bench, document_id) = bench().await;
        let file = opened(vec![sized(); 2 * STEP_PAGES + 1]);
        let mut steps = 0;
        let pages = loop {
            let step = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
            bench.commit(step.batch).await;
            steps += 1;
            let status = bench.get::<Document>(document_id).await.status;
            assert_eq!(status == DocumentStatus::Ready, !step.more);
            if !step.more {
                break step.pages;
            }
        };
        assert_eq!(steps, 3);
        assert!(pages.iter().map(|p| p.index).eq(0..4_001));
    }

    #[tokio::test]
    async fn a_document_without_a_readable_page_is_in_error() {
        for file in [opened(vec![broken(), broken()]), opened(Vec::new())] {
            let (bench, document_id) = bench().await;
            let step = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
            assert!(step.pages.is_empty());
            bench.commit(step.batch).await;
            let document: Document = bench.get(document_id).await;
            assert_eq!(document.status, DocumentStatus::Error);
            assert!(document.processing_error.is_some());
            assert!(opened_batch(&bench.desk(), document_id, &file).await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn only_when_every_page_failed_does_the_document_fail() {
        for (last_fails, expect) in [(false, DocumentStatus::Ready), (true, DocumentStatus::Error)] {
            let (bench, document_id) = bench().await;
            let step =
                opened_batch(&bench.desk(), document_id, &opened(vec![sized(); 3])).await.unwrap().unwrap();
            bench.commit(step.batch).await;
            for page in &step.pages[..if last_fails { 3 } else { 2 }] {
                let failed = crate::pages::PageResult::Failed { message: "too many segments".to_owned() };
                let batch =
                    crate::pages::stored_batch(&bench.desk(), page.page_id, failed, None).await.unwrap();
                bench.commit(batch).await;
            }
            bench.commit(finish_batch(&bench.desk(), document_id).await.unwrap()).await;
            let document: Document = bench.get(document_id).await;
            assert_eq!(document.status, expect);
            let named = document.processing_error.is_some_and(|e| e.contains("too many segments"));
            assert_eq!(named, last_fails);
        }
    }

    #[tokio::test]
    async fn a_buried_document_takes_its_waiting_pages_along() {
        let (bench, document_id) = bench().await;
        let step =
            opened_batch(&bench.desk(), document_id, &opened(vec![sized(); 2])).await.unwrap().unwrap();
        bench.commit(step.batch).await;
        bench.commit(failed_batch(&bench.desk(), document_id, "the job was cancelled").await.unwrap()).await;
        let pages = list::<Page>(&bench.desk(), Index::ByDocument, document_id).await.unwrap();
        assert!(pages.iter().all(|p| p.value.status == PageStatus::Error));
        assert!(failed_batch(&bench.desk(), document_id, "again").await.unwrap().is_empty());
    }
}
