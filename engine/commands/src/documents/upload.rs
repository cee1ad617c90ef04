//! Taking an upload in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use takeoff_core::budget::Budget;
use takeoff_core::job::{Lane, NewJob, RetryPolicy, Stage, TaskLabel};
use takeoff_core::model::{Document, DocumentStatus, Id, Kind, Project};
use takeoff_core::page::OPENING_BYTES;
use takeoff_core::page::request::{FileType, ParseReply, ParseRequest};
use takeoff_engine::child::{CallLimits, ChildError, Flow};
use takeoff_engine::error::EngineError;
use takeoff_storage::{Batch, BlobInfo, Expect, Op, StoreError};
use tokio::io::AsyncReadExt;

use crate::erased;
use crate::jobs::{self, IngestArgs};
use crate::load::required;
use crate::retry::Tries;
use crate::{CommandError, Ctx};

/// A file that was received whole, in the scratch folder of the blob store. The command takes it over
/// and removes it whatever happens.
#[derive(Debug, Clone, PartialEq)]
pub struct StagedUpload {
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// As the client named it; `unknown` where it gave no name.
    pub original_filename: String,
}

/// Stores the file, looks into it for at most `api.open_wait_ms` and enqueues its ingestion.
///
/// The type is what the first bytes say. A file that is damaged, empty, password-protected or no plan is
/// `Invalid` with the reason; one that cannot be opened in time is taken and ends in `error` later.
#[erased]
pub async fn receive_upload(
    ctx: &Ctx<'_>,
    project_id: Id,
    upload: StagedUpload,
) -> Result<Document, CommandError> {
    let staged = Staged(upload.path);
    required::<Project>(&ctx.desk(), project_id, "Project").await?;
    let limit_bytes = ctx.handle.config().limits.upload_bytes;
    if upload.size > limit_bytes {
        return Err(CommandError::TooLarge { limit_bytes });
    }
    if upload.size == 0 {
        return Err(CommandError::invalid("the file is empty"));
    }
    let name = plain_name(&upload.original_filename);
    let file_type = sniff(&staged.0, &name).await?;
    look_into(ctx, &staged.0, file_type).await?;
    let blob = ctx.handle.blobs().put_file(ctx.tenant, &staged.0).await?;
    enqueue(ctx, project_id, name, file_type, blob).await
}

/// The staged file, removed when the command is done with it.
struct Staged(PathBuf);

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already when the blob store took it over; what cannot be removed now goes with the
        // scratch folder's next clearing.
        if let Err(e) = std::fs::remove_file(&self.0)
            && e.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), error = %e, "a staged upload could not be removed");
        }
    }
}

/// The last component of the client's name, without control characters, at most 255 characters.
fn plain_name(original: &str) -> String {
    let last = original.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control()).take(255).collect();
    let kept = kept.trim();
    if kept.is_empty() { "unknown".to_owned() } else { kept.to_owned() }
}

/// Bytes that tell the type of a file.
const HEAD_BYTES: u64 = 2_048;

async fn sniff(path: &Path, name: &str) -> Result<FileType, CommandError> {
    let unreadable =
        |e: std::io::Error| StoreError::Unavailable(format!("the staged upload cannot be read: {e}"));
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head).await.map_err(unreadable)?;
    FileType::sniff(&head).ok_or_else(|| {
        CommandError::invalid(format!(
            "unsupported file type: {name:?} does not begin like a PDF, TIFF, PNG or JPEG file"
        ))
    })
}

/// Has a parse child open the file. Only an answer counts: a child that is busy, slow or dead says
/// nothing about the file, ingestion will find out.
async fn look_into(ctx: &Ctx<'_>, path: &Path, file_type: FileType) -> Result<(), CommandError> {
    let config = ctx.handle.config();
    let path = path.to_str().ok_or_else(|| {
        EngineError::Failed(format!("the scratch folder's name is no UTF-8: {}", path.display()))
    })?;
    let request = ParseRequest::Open { path: path.to_owned(), file_type, limits: config.limits.parse() };
    let request = postcard::to_allocvec(&request).map_err(|e| EngineError::Failed(e.to_string()))?;
    let wait_ms = config.api.open_wait_ms;
    let limits = CallLimits { reply_ms: wait_ms, total_ms: wait_ms };
    let mut answer = None;
    let mut on_reply = |bytes: &[u8]| match postcard::from_bytes::<ParseReply>(bytes) {
        Ok(ParseReply::Starting { .. }) => Flow::More,
        Ok(reply) => {
            answer = Some(Ok(reply));
            Flow::Done
        }
        Err(e) => {
            answer = Some(Err(ChildError::Protocol(e.to_string())));
            Flow::Done
        }
    };
    let budget = Budget::unlimited();
    let wait = Duration::from_millis(wait_ms);
    let Ok(_held) = ctx.handle.memory().take(Lane::Interactive, OPENING_BYTES, wait, &budget).await else {
        tracing::info!("no memory for a look into an upload, ingestion will look");
        return Ok(());
    };
    let call = ctx.handle.children().call_first(&request, limits, &budget, &mut on_reply);
    // The limits count from when a child is had; the wait for one counts too.
    let called = tokio::time::timeout(Duration::from_millis(wait_ms), call)
        .await
        .unwrap_or(Err(ChildError::Deadline { ms: wait_ms }));
    match called.and_then(|()| answer.transpose()) {
        Ok(Some(ParseReply::Rejected(rejected))) => Err(CommandError::invalid(rejected.message)),
        Ok(Some(ParseReply::Opened(opened))) if opened.pages.is_empty() => {
            Err(CommandError::invalid("the file has no pages"))
        }
        Ok(_) => Ok(()),
        Err(ChildError::Cancelled) => Err(CommandError::Busy { retry_after_s: 1 }),
        Err(e) => {
            tracing::info!(error = %e, "an upload could not be looked into, ingestion will");
            Ok(())
        }
    }
}

async fn enqueue(
    ctx: &Ctx<'_>,
    project_id: Id,
    original_filename: String,
    file_type: FileType,
    blob: BlobInfo,
) -> Result<Document, CommandError> {
    let desk = ctx.desk();
    let document_id = desk.ids.next();
    let job = NewJob {
        id: desk.ids.next(),
        stage: Stage::Ingest,
        args: jobs::encode(&IngestArgs::Document { document_id }),
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: Some(project_id),
        subject_id: Some(document_id),
        task: Some(TaskLabel {
            task_type: jobs::DOCUMENT_PROCESSING.to_owned(),
            name: format!("Processing {original_filename}"),
        }),
        request_id: ctx.request_id.map(str::to_owned),
    };
    let document = Document {
        id: document_id,
        project_id,
        original_filename,
        file_type,
        file_size: blob.size,
        blob: blob.hash,
        status: DocumentStatus::Uploaded,
        page_count: None,
        processing_error: None,
        findings: Vec::new(),
        job_id: job.id,
        revision_number: None,
        revision_date: None,
        revision_label: None,
        supersedes_document_id: None,
        is_latest_revision: true,
        created_at: desk.now,
        updated_at: desk.now,
    };
    let mut batch = Batch::new(ctx.tenant);
    batch.ops.push(Op::BlobStored { hash: blob.hash, size: blob.size });
    batch.expect.push(Expect::Exists(Kind::Project, project_id));
    batch.create(&document);
    batch.jobs.push(job);
    batch.event(project_id, "document_uploaded", json!({ "document_id": document_id }));
    if Tries::new(ctx).commit(batch).await? {
        Ok(document)
    } else {
        // The one record that another may have changed is the project: it is gone.
        Err(CommandError::NotFound { what: "Project" })
    }
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn a_name_is_one_component_without_control_characters() {
        for (given, kept) in [
            ("S-set.pdf", "S-set.pdf"),
            ("../../etc/passwd", "passwd"),
            (r"C:\plans\A 1.pdf", "A 1.pdf"),
            ("a\r\nb.pdf", "ab.pdf"),
            ("", "unknown"),
            ("plans/", "unknown"),
            ("  ", "unknown"),
        ] {
            assert_eq!(plain_name(given), kept, "{given:?}");
        }
        assert_eq!(plain_name(&"x".repeat(400)).len(), 255);
    }
}
