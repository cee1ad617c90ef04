//! How the pages of a document are handed out: a tree of jobs.

use serde_json::json;
use takeoff_commands::jobs::{IngestArgs, PageRef, encode};
use takeoff_core::job::{Lane, NewJob, RetryPolicy, Stage as StageName};
use takeoff_core::model::Id;
use takeoff_engine::stage::{Attempt, Effects, End, Tools};
use takeoff_storage::Batch;

use super::PARSING;

/// Most jobs that one job hands its pages out to: what a commit takes of memory does not grow with the document. The
/// jobs of one with more pages get several each, and hand those out in turn.
const MAX_PAGE_JOBS: usize = 100;

/// Of a job of several pages: a job for each or for some of them, and when those have ended its own end.
pub(super) fn handed_out(attempt: &Attempt, tools: &Tools, document_id: Id, pages: &[PageRef]) -> Effects {
    let checkpoint = json!(PARSING);
    let end = if attempt.job.checkpoint.as_ref() == Some(&checkpoint) {
        End::Done { result: parsed(document_id, pages.len()) }
    } else {
        End::FanOut { children: page_jobs(attempt, tools, document_id, pages), checkpoint }
    };
    Effects { batch: Batch::new(attempt.tenant()), end }
}

pub(super) fn parsed(document_id: Id, pages: usize) -> serde_json::Value {
    json!({"document_id": document_id, "pages": pages})
}

pub(super) fn page_jobs(attempt: &Attempt, tools: &Tools, document_id: Id, pages: &[PageRef]) -> Vec<NewJob> {
    let chunk = pages.len().div_ceil(MAX_PAGE_JOBS).max(1);
    let job = |pages: &[PageRef]| NewJob {
        id: tools.ids.next(),
        stage: StageName::Ingest,
        args: encode(&IngestArgs::Pages { document_id, pages: pages.to_vec() }),
        lane: Lane::Batch,
        priority: attempt.job.priority,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: attempt.job.project_id,
        subject_id: Some(document_id),
        task: None,
        request_id: attempt.job.request_id.clone(),
    };
    pages.chunks(chunk).map(job).collect()
}
