//! Ingestion: a document is opened, its pages are handed out, parsed, stored.

mod cache;
mod handing;

use std::path::Path;

use async_trait::async_trait;
use serde_json::json;
use takeoff_commands::Desk;
use takeoff_commands::cached_pages;
use takeoff_commands::documents::{
    Finished, GivenUp, begun_batch, failed_batch, failed_in_short_batch, failed_rest_batch, finish_batch,
    given_up_batch, opened_batch, original_whole_batch, revived_batch, revived_pages_batch,
};
use takeoff_commands::jobs::{IngestArgs, PageRef, decode};
use takeoff_commands::pages::{PageResult, StoredPage, stored_batch};
use takeoff_config::NodeConfig;
use takeoff_core::found::Finding;
use takeoff_core::job::{Job, Stage as StageName};
use takeoff_core::model::{CachedPage, Document, DocumentStatus, Id};
use takeoff_core::page::request::{FileType, PageOutcome, ParseRequest, ParsedPage};
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::error::is_no_room;
use takeoff_storage::{Batch, StoreError, get};

use crate::parse::{By, Fault, Parser, Priced};
use cache::Known;
use handing::{handed_out, page_jobs, parsed};

/// Checkpoint of a job whose pages are handed out.
const PARSING: &str = "parsing";
/// Largest display list, page image or thumbnail that a child may hand over, bytes.
const MAX_PART_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Why nothing is read of a document whose stored bytes are not those that were uploaded.
const DAMAGED_ORIGINAL: &str = "The stored original is damaged. Upload the file again.";
/// And nothing can be read again of one whose pages were read before; the same file once more takes its place.
const NOT_READ_AGAIN: &str = "The stored original is damaged, so no page can be read from it again. Upload the same file again, and it is mended.";

/// Opens documents and parses their pages in parse children.
#[derive(Debug)]
pub struct Ingest {
    parser: Parser,
    /// Whether pages that were parsed before are looked for.
    caches: bool,
}

impl Ingest {
    pub fn new(config: &NodeConfig) -> Self {
        Self { parser: Parser::new(config), caches: config.page_cache.pages > 0 }
    }

    async fn document(
        &self,
        attempt: &Attempt,
        tools: &Tools,
        document_id: Id,
    ) -> Result<Effects, StageError> {
        let desk = crate::desk(attempt, tools);
        if attempt.job.checkpoint == Some(json!(PARSING)) {
            let Finished { batch, failed, unread } = finish_batch(&desk, document_id).await?;
            let document = get::<Document>(&*tools.catalog, desk.tenant, document_id).await?;
            let pages = document.and_then(|d| d.value.page_count);
            let end = match failed {
                Some(error) => End::Refused { error },
                None => {
                    let result =
                        json!({"document_id": document_id, "page_count": pages, "pages_unread": unread});
                    End::Done { result }
                }
            };
            return Ok(Effects { batch, end });
        }
        let Some(document) = get::<Document>(&*tools.catalog, desk.tenant, document_id).await? else {
            return Ok(crate::nothing(attempt));
        };
        attempt.progress.report(10.0, "Opening the document");
        let local = match tools.blobs.local(desk.tenant, document.value.blob).await {
            Err(StoreError::Damaged { .. }) => {
                return refused(&desk, document_id, DAMAGED_ORIGINAL.to_owned()).await;
            }
            local => local?,
        };
        let request = ParseRequest::Open {
            path: text_of(&local.path)?,
            file_type: document.value.file_type,
            limits: self.parser.limits,
        };
        let opened = match self.parser.open(By { attempt, tools }, &request).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(rejected)) => return refused(&desk, document_id, rejected.message).await,
            Err(Fault::Limit(why) | Fault::Grown(why)) => return refused(&desk, document_id, why).await,
            Err(fault) => return Err(stage_error(fault)),
        };
        attempt.progress.report(40.0, "Writing page records");
        let Some(step) = opened_batch(&desk, document_id, &opened).await? else {
            return Ok(crate::nothing(attempt));
        };
        // An empty fan-out runs this job again at once: the next step of the records, or the end.
        let (children, checkpoint) = if step.more {
            (Vec::new(), json!("opening"))
        } else {
            (page_jobs(attempt, tools, document_id, &step.pages), json!(PARSING))
        };
        Ok(Effects { batch: step.batch, end: End::FanOut { children, checkpoint } })
    }

    async fn one_page(
        &self,
        attempt: &Attempt,
        tools: &Tools,
        document_id: Id,
        page: &PageRef,
    ) -> Result<Effects, StageError> {
        let desk = crate::desk(attempt, tools);
        let Some(document) = get::<Document>(&*tools.catalog, desk.tenant, document_id).await? else {
            return Ok(crate::nothing(attempt));
        };
        // One that an operator had put back by itself is not cancelled with the document's.
        let is_part = attempt.job.task.is_none();
        if is_part && document.value.status == DocumentStatus::Error {
            return Ok(crate::nothing(attempt));
        }
        let local = match tools.blobs.local(desk.tenant, document.value.blob).await {
            Err(StoreError::Damaged { .. }) => {
                let why = GivenUp::Original(NOT_READ_AGAIN);
                let batch = failed_page_batch(&desk, &attempt.job, document_id, page, &why).await?;
                let end = if is_part {
                    End::Done { result: parsed(document_id, 1) }
                } else {
                    End::Refused { error: DAMAGED_ORIGINAL.to_owned() }
                };
                return Ok(Effects { batch, end });
            }
            local => local?,
        };
        let folder = tempfile::Builder::new()
            .prefix("attempt-")
            .tempdir_in(tools.blobs.scratch())
            .map_err(|e| no_folder(&e))?;
        attempt.progress.report(0.0, "Parsing the page");
        let source = Source { path: &local.path, file_type: document.value.file_type, index: page.index };
        let (result, cached) = self.page(attempt, tools, &source, folder.path()).await?;
        let failed = match &result {
            PageResult::Failed { message } => Some(message.clone()),
            PageResult::Stored(_) => None,
        };
        let request_id = attempt.job.request_id.as_deref();
        let mut batch = stored_batch(&desk, page.page_id, result, request_id).await?;
        // Where there is nothing to store, nothing says that the parts are.
        let cached = if batch.changes_nothing() { Cached::Not } else { cached };
        match cached {
            Cached::Before(record) => cached_pages::reused(&mut batch, *record, desk.now),
            Cached::Now(record) => cached_pages::remembered(&mut batch, &record),
            Cached::Not => {}
        }
        // Pages that a document hands out end with it. One that somebody asked for is a task of its own.
        let end = match failed {
            _ if is_part => End::Done { result: parsed(document_id, 1) },
            Some(error) => {
                let why = GivenUp::Page(&error);
                batch.absorb(given_up_batch(&desk, document_id, page.page_id, &why).await?);
                End::Refused { error }
            }
            None => {
                batch.absorb(original_whole_batch(&desk, document_id).await?);
                End::Done { result: read_again(page) }
            }
        };
        Ok(Effects { batch, end })
    }

    /// What became of one page, by the cache or by a parse.
    async fn page(
        &self,
        attempt: &Attempt,
        tools: &Tools,
        source: &Source<'_>,
        folder: &Path,
    ) -> Result<(PageResult, Cached), StageError> {
        let key = if self.caches {
            let limits = self.parser.limits;
            let (path, index) = (text_of(source.path)?, source.index);
            let request = ParseRequest::Key { path, file_type: source.file_type, index, limits };
            match cache::look(attempt, tools, &self.parser, &request).await? {
                Known::Before(record) => {
                    let stored = cached_pages::stored_of(&record);
                    return Ok((PageResult::Stored(stored), Cached::Before(record)));
                }
                Known::Not(key) => key,
            }
        } else {
            None
        };
        let result = self.parsed(attempt, tools, source, folder).await?;
        let cached = match (&result, key) {
            // What is said of damage names the places of this file.
            (PageResult::Stored(stored), Some(key)) if !stored.findings.iter().any(Finding::is_damage) => {
                let now = tools.clock.now();
                Cached::Now(Box::new(cached_pages::record_of(key, stored, now)))
            }
            _ => Cached::Not,
        };
        Ok((result, cached))
    }

    async fn parsed(
        &self,
        attempt: &Attempt,
        tools: &Tools,
        source: &Source<'_>,
        folder: &Path,
    ) -> Result<PageResult, StageError> {
        let (by, limits) = (By { attempt, tools }, self.parser.limits);
        let (path, file_type, index) = (text_of(source.path)?, source.file_type, source.index);
        let weigh = ParseRequest::Weigh { path, file_type, index, limits };
        let bytes = match self.parser.price(by, &weigh, index).await.map_err(stage_error)? {
            Priced::At(bytes) => bytes,
            Priced::TooDear(message) => return Ok(PageResult::Failed { message }),
        };
        let (path, out_dir) = (text_of(source.path)?, text_of(folder)?);
        let request = |memory_bytes| {
            let (path, out_dir) = (path.clone(), out_dir.clone());
            ParseRequest::Pages { path, file_type, indexes: vec![index], out_dir, limits, memory_bytes }
        };
        match self.parser.page(by, request, index, bytes).await {
            Ok(PageOutcome::Parsed(parsed)) => store(attempt, tools, folder, parsed).await,
            Ok(PageOutcome::Failed { message, .. }) | Err(Fault::Limit(message)) => {
                Ok(PageResult::Failed { message })
            }
            Err(fault) => Err(stage_error(fault)),
        }
    }
}

/// One page of a file on this node's disk; `index` counts from 0.
struct Source<'a> {
    path: &'a Path,
    file_type: FileType,
    index: u32,
}

/// What a page's batch has to say of the cache.
enum Cached {
    /// The result is this record's.
    Before(Box<CachedPage>),
    /// The result is to be kept as this record.
    Now(Box<CachedPage>),
    Not,
}

#[async_trait]
impl Stage for Ingest {
    fn name(&self) -> StageName {
        StageName::Ingest
    }

    fn budget_ms(&self, _job: &Job) -> u64 {
        // Beside the child's own deadlines: waiting for memory and a free child, storing the parts.
        // A page is asked for its key and its weight before it is parsed, and may be taken up three times.
        5 * (self.parser.call_ms() + self.parser.memory_wait_ms()) + 90_000
    }

    /// A document that is opened hands out its pages, and so does a job of several.
    fn hands_out(&self, job: &Job) -> bool {
        let has_several = match decode(&job.args) {
            Ok(IngestArgs::Document { .. }) => true,
            Ok(IngestArgs::Pages { pages, .. }) => pages.len() > 1,
            Err(_) => false,
        };
        has_several && job.checkpoint != Some(json!(PARSING))
    }

    async fn begin(&self, job: &Job, tools: &Tools) -> Result<Batch, StageError> {
        let desk = crate::desk_of(job, tools);
        match decode(&job.args) {
            Ok(IngestArgs::Document { document_id }) => Ok(begun_batch(&desk, document_id).await?),
            // Pages are `processing` from their first record on.
            Ok(IngestArgs::Pages { .. }) | Err(_) => Ok(Batch::new(desk.tenant)),
        }
    }

    async fn run(&self, attempt: Attempt, tools: Tools) -> Result<Effects, StageError> {
        match decode(&attempt.job.args).map_err(|e| StageError::Reject(e.to_string()))? {
            IngestArgs::Document { document_id } => self.document(&attempt, &tools, document_id).await,
            IngestArgs::Pages { document_id, pages } => match &*pages {
                [page] => self.one_page(&attempt, &tools, document_id, page).await,
                _ => Ok(handed_out(&attempt, &tools, document_id, &pages)),
            },
        }
    }

    async fn bury(&self, job: &Job, why: &str, tools: Tools) -> Result<Batch, StageError> {
        let desk = crate::desk_of(job, &tools);
        match decode(&job.args) {
            Ok(IngestArgs::Document { document_id }) => Ok(failed_batch(&desk, document_id, why).await?),
            Ok(IngestArgs::Pages { document_id, pages }) => {
                let mut batch = Batch::new(desk.tenant);
                for page in &pages {
                    let why = GivenUp::Page(why);
                    batch.absorb(failed_page_batch(&desk, job, document_id, page, &why).await?);
                }
                Ok(batch)
            }
            // Arguments that nobody can read name no owner.
            Err(_) => Ok(Batch::new(desk.tenant)),
        }
    }

    async fn bury_in_short(&self, job: &Job, why: &str, tools: Tools) -> Result<Batch, StageError> {
        match decode(&job.args) {
            Ok(IngestArgs::Document { document_id }) => {
                Ok(failed_in_short_batch(&crate::desk_of(job, &tools), document_id, why).await?)
            }
            _ => self.bury(job, why, tools).await,
        }
    }

    async fn bury_rest(&self, job: &Job, why: &str, tools: Tools) -> Result<Batch, StageError> {
        let desk = crate::desk_of(job, &tools);
        match decode(&job.args) {
            Ok(IngestArgs::Document { document_id }) => Ok(failed_rest_batch(&desk, document_id, why).await?),
            _ => Ok(Batch::new(desk.tenant)),
        }
    }

    async fn revive(&self, job: &Job, tools: Tools) -> Result<Batch, StageError> {
        let desk = crate::desk_of(job, &tools);
        match decode(&job.args) {
            Ok(IngestArgs::Document { document_id }) => Ok(revived_batch(&desk, document_id).await?),
            Ok(IngestArgs::Pages { document_id, pages }) => {
                Ok(revived_pages_batch(&desk, document_id, &pages).await?)
            }
            Err(_) => Ok(Batch::new(desk.tenant)),
        }
    }
}

/// What a task that read a page again answers, in the contract's words. Title blocks are not read, and the text
/// is in the page's list.
fn read_again(page: &PageRef) -> serde_json::Value {
    json!({
        "status": "success",
        "page_id": page.page_id,
        "text_length": null,
        "sheet_number": null,
        "title": null,
        "scale_text": null,
    })
}

/// The page has failed; one that a task was to read again keeps what it has.
async fn failed_page_batch(
    desk: &Desk<'_>,
    job: &Job,
    document_id: Id,
    page: &PageRef,
    why: &GivenUp<'_>,
) -> Result<Batch, StageError> {
    let message = match *why {
        GivenUp::Page(why) => why.to_owned(),
        GivenUp::Original(_) => DAMAGED_ORIGINAL.to_owned(),
    };
    let failed = PageResult::Failed { message };
    let mut batch = stored_batch(desk, page.page_id, failed, job.request_id.as_deref()).await?;
    if job.task.is_some() {
        batch.absorb(given_up_batch(desk, document_id, page.page_id, why).await?);
    }
    Ok(batch)
}

/// The document cannot be ingested, and that is the outcome.
async fn refused(desk: &Desk<'_>, document_id: Id, error: String) -> Result<Effects, StageError> {
    let batch = failed_batch(desk, document_id, &error).await?;
    Ok(Effects { batch, end: End::Refused { error } })
}

fn no_folder(e: &std::io::Error) -> StageError {
    let why = format!("no folder for the attempt: {e}");
    if is_no_room(e) { StageError::NoRoom(why) } else { StageError::Retry(why) }
}

fn text_of(path: &Path) -> Result<String, StageError> {
    let text =
        path.to_str().ok_or_else(|| StageError::Reject(format!("{} is no UTF-8 path", path.display())))?;
    Ok(text.to_owned())
}

fn stage_error(fault: Fault) -> StageError {
    match fault {
        Fault::Limit(message) | Fault::Grown(message) | Fault::Death(message) => {
            StageError::ChildDeath { message }
        }
        Fault::Outage(message) => StageError::Retry(message),
        Fault::Memory(e) => e,
        Fault::NoRoom(why) => StageError::NoRoom(why),
        Fault::Cancelled => StageError::Fenced,
    }
}

/// Moves the parts of a parsed page into the blob store.
async fn store(
    attempt: &Attempt,
    tools: &Tools,
    folder: &Path,
    parsed: ParsedPage,
) -> Result<PageResult, StageError> {
    let mut parts = Vec::with_capacity(3);
    for name in [&parsed.list_file, &parsed.image_file, &parsed.thumbnail_file] {
        let path = part_path(folder, name)?;
        parts.push(tools.blobs.put_file(attempt.tenant(), &path).await?);
    }
    let [list, image, thumbnail] = parts[..] else {
        return Err(StageError::Retry("a page has three parts".to_owned()));
    };
    Ok(PageResult::Stored(StoredPage {
        space: parsed.space,
        inches: parsed.inches,
        list,
        image,
        thumbnail,
        is_vector: parsed.is_vector,
        path_count: parsed.path_count,
        word_count: parsed.word_count,
        findings: parsed.findings,
    }))
}

/// A name that a child gave, as a path in the attempt's own folder and nowhere else.
fn part_path(folder: &Path, name: &str) -> Result<std::path::PathBuf, StageError> {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    let refused =
        |why: &str| StageError::ChildDeath { message: format!("the parser handed over {name:?}: {why}") };
    if !plain {
        return Err(refused("not a plain name"));
    }
    let path = folder.join(name);
    let about = path.symlink_metadata().map_err(|e| refused(&e.to_string()))?;
    if !about.is_file() || about.len() > MAX_PART_BYTES {
        return Err(refused("no plain file, or too large"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_cannot_hand_over_files_from_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("page.png"), b"x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        assert!(part_path(folder.path(), "page.png").is_ok());
        for name in ["../secret", "/etc/passwd", "link", "", ".hidden", "a/b", "absent"] {
            assert!(part_path(folder.path(), name).is_err(), "{name} was taken");
        }
    }
}
