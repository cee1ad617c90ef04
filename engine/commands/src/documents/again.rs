//! Reading a page once more: its parser was killed, or somebody asks for it.

use serde_json::json;
use takeoff_core::found::Finding;
use takeoff_core::job::{JobState, Lane, NewJob, RetryPolicy, Stage, TaskLabel};
use takeoff_core::model::{Document, DocumentStatus, Id, Index, Page, PageStatus};
use takeoff_storage::catalog::JobQuery;
use takeoff_storage::{Batch, StoreError};

use super::ingest::{fail, give_back};
use crate::erased;
use crate::jobs::{self, IngestArgs, PageRef};
use crate::load::{find, list, relies_on, required};
use crate::retry::{Tries, turn};
use crate::{CommandError, Ctx, Desk};

/// Enqueues an interactive job that reads the page from its document's file; until it ends the page is
/// `processing`. What is there of a page that was read stays, and its pixels stay what they are. Returns the job; where
/// one waits for its turn already, that one.
///
/// `Invalid` where the document itself could not be opened: it has to be uploaded again.
#[erased]
pub async fn read_again(ctx: &Ctx<'_>, page_id: Id) -> Result<Id, CommandError> {
    let project = required::<Page>(&ctx.desk(), page_id, "Page").await?.value.project_id;
    let _turn = turn(project).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Page>(&desk, page_id, "Page").await?;
        if read.value.status == PageStatus::Processing
            && let Some(waiting) = waiting(ctx, page_id).await?
        {
            return Ok(waiting);
        }
        let document = required::<Document>(&desk, read.value.document_id, "Document").await?;
        let mut batch = Batch::new(ctx.tenant);
        if document.value.status == DocumentStatus::Error {
            if document.value.page_count.is_none() {
                let why = document.value.processing_error.as_deref().unwrap_or("no reason was kept");
                return Err(CommandError::invalid(format!(
                    "the page's document could not be opened ({why}): upload it again"
                )));
            }
            // It was in `error` because none of its pages could be read; now one may.
            let mut changed = document.value.clone();
            changed.status = DocumentStatus::Ready;
            changed.processing_error = None;
            changed.updated_at = desk.now;
            batch.update(document.version, &changed);
            let pages = list(&desk, Index::ByDocument, document.value.id).await?;
            give_back(&desk, &mut batch, &pages, Some(page_id));
        } else {
            relies_on(&mut batch, &document);
        }
        let mut page = read.value;
        page.status = PageStatus::Processing;
        page.processing_error = None;
        page.updated_at = desk.now;
        batch.update(read.version, &page);
        let job = job(ctx, &desk, &page);
        let id = job.id;
        batch.jobs.push(job);
        batch.event(page.project_id, "page_started", json!({ "page_id": page_id }));
        if tries.commit(batch).await? {
            return Ok(id);
        }
    }
}

/// The job that will read the page again and has not begun.
async fn waiting(ctx: &Ctx<'_>, page_id: Id) -> Result<Option<Id>, StoreError> {
    let query = JobQuery {
        subject_id: Some(page_id),
        stage: Some(Stage::Ingest),
        states: vec![JobState::Ready],
        tasks_only: true,
        limit: 1,
        ..JobQuery::default()
    };
    let found = ctx.handle.catalog().jobs(ctx.tenant, query).await?;
    Ok(found.jobs.first().map(|job| job.id))
}

fn job(ctx: &Ctx<'_>, desk: &Desk<'_>, page: &Page) -> NewJob {
    let pages = vec![PageRef { page_id: page.id, index: page.number.saturating_sub(1) }];
    let named = page.sheet_number.clone().unwrap_or_else(|| page.number.to_string());
    NewJob {
        id: desk.ids.next(),
        stage: Stage::Ingest,
        args: jobs::encode(&IngestArgs::Pages { document_id: page.document_id, pages }),
        lane: Lane::Interactive,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: Some(page.project_id),
        subject_id: Some(page.id),
        task: Some(TaskLabel {
            task_type: jobs::OCR_PROCESSING.to_owned(),
            name: format!("OCR for page {named}"),
        }),
        request_id: ctx.request_id.map(str::to_owned),
    }
}

/// Code of the finding of a document whose stored bytes are not those that were uploaded.
const ORIGINAL_DAMAGED: &str = "original_damaged";

/// Why a page could not be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp<'a> {
    /// The page itself, or its parser.
    Page(&'a str),
    /// The stored original, so no page can be; in words for a person.
    Original(&'a str),
}

/// A page that was read again could not be: where it was the last hope of its document, that is `error` again. A
/// damaged original is told by the document, whatever its pages have, until a page is read from it again.
#[erased]
pub async fn given_up_batch(
    desk: &Desk<'_>,
    document_id: Id,
    page_id: Id,
    why: &GivenUp<'_>,
) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(document) = find::<Document>(desk, document_id).await? else { return Ok(batch) };
    let pages = list::<Page>(desk, Index::ByDocument, document_id).await?;
    let failed = |p: &Page| p.blobs.is_none() && (p.id == page_id || p.status == PageStatus::Error);
    let hopeless = document.value.status != DocumentStatus::Error && pages.iter().all(|p| failed(&p.value));
    let mut changed = document.value.clone();
    if let GivenUp::Original(said) = *why
        && !is_told(&changed)
    {
        changed.findings.push(Finding::new(ORIGINAL_DAMAGED, said));
    }
    if hopeless {
        let (GivenUp::Page(why) | GivenUp::Original(why)) = *why;
        let why = format!("none of the {} pages can be read; the last that was tried: {why}", pages.len());
        fail(&mut batch, &mut changed, &why);
    }
    if changed != document.value {
        changed.updated_at = desk.now;
        batch.update(document.version, &changed);
    }
    Ok(batch)
}

/// A page was read from its document's original, so that is whole: another upload of the file has mended it.
#[erased]
pub async fn original_whole_batch(desk: &Desk<'_>, document_id: Id) -> Result<Batch, StoreError> {
    let mut batch = Batch::new(desk.tenant);
    let Some(document) = find::<Document>(desk, document_id).await? else { return Ok(batch) };
    if is_told(&document.value) {
        let mut changed = document.value;
        changed.findings.retain(|f| f.code != ORIGINAL_DAMAGED);
        changed.updated_at = desk.now;
        batch.update(document.version, &changed);
    }
    Ok(batch)
}

fn is_told(document: &Document) -> bool {
    document.findings.iter().any(|f| f.code == ORIGINAL_DAMAGED)
}
