//! What clients see while the stages work, and when what they were to work on is gone.

use takeoff_commands::jobs::{AutoCountArgs, DetectScaleArgs, IngestArgs, RunAssemblyArgs, encode};
use takeoff_commands::{documents, reads};
use takeoff_core::budget::Budget;
use takeoff_core::geom::ListRect;
use takeoff_core::job::{JobState, NewJob, Stage};
use takeoff_core::model::{Document, DocumentStatus, IdSource, SessionStatus};
use takeoff_core::page::display::{DisplayList, NO_LAYER, TextLine, Word};
use takeoff_core::page::request::FileType;
use takeoff_engine::compute::Scratch;
use takeoff_storage::{Batch, Op};

use crate::counting::{session, triangles};
use crate::support::{Node, job, sheet, until};

/// One word a line.
fn lettered(words: &[(f32, f32, &str)]) -> DisplayList {
    let mut list = sheet();
    for &(x, y, text) in words {
        let bounds = ListRect { left: x, top: y, right: x + 6.0 * text.len() as f32, bottom: y + 10.0 };
        let word = Word { text: text.to_owned(), bounds, angle: 0.0, size: 10.0, layer: NO_LAYER };
        let word_start = list.words.len() as u32;
        list.words.push(word);
        list.lines.push(TextLine { text: text.to_owned(), bounds, angle: 0.0, word_start, word_len: 1 });
    }
    list
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_scale_detection_noticed_is_kept_with_the_page() {
    let node = Node::start(|_| {}).await;
    let list = lettered(&[(50.0, 50.0, "SCALE:1/4\"=1'-0\""), (50.0, 400.0, "N.T.S.")]);
    let page = node.page(1, Some(&list)).await.id;
    let args = encode(&DetectScaleArgs { page_id: page });
    let ended = node.run(job(&node, Stage::DetectScale, args)).await;
    assert_eq!(ended.state, JobState::Succeeded);
    let scale = node.stored_page(page).await.scale;
    assert_eq!(scale.px_per_foot, Some(37.5));
    let record = scale.record.unwrap();
    let codes: Vec<_> = record.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["scale_not_to_scale"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_processing_while_its_pages_are_searched() {
    let node = Node::start(|config| config.compute.threads = 1).await;
    let page = node.page(1, Some(&triangles(&[(100.0, 100.0), (300.0, 100.0)]))).await.id;
    let session = session(&node, &[page]).await;
    // The only thread of the pool is taken, so the search cannot come to its end.
    let (release, hold) = std::sync::mpsc::channel::<()>();
    let compute = node.handle.compute().clone();
    let taken = async move {
        let work = move |_: &mut Scratch| {
            let _ = hold.recv();
        };
        compute.run(&Budget::unlimited(), work).await.unwrap();
    };
    let seen = async {
        until(async || node.handle.compute().view().busy == 1).await;
        let mut batch = Batch::new(node.ctx().tenant);
        batch.create(&session);
        let args = encode(&AutoCountArgs::Session { session_id: session.id });
        batch.jobs.push(NewJob { id: session.job_id, ..job(&node, Stage::AutoCount, args) });
        node.handle.commit(batch).await.unwrap();
        let status = async || reads::session(&node.ctx(), session.id).await.unwrap().status;
        until(async || status().await == SessionStatus::Processing).await;
        drop(release);
        assert_eq!(node.ended(session.job_id).await.state, JobState::Succeeded);
        assert_eq!(status().await, SessionStatus::Completed);
    };
    tokio::join!(taken, seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_processing_from_its_first_attempt_on() {
    let node = Node::start(|_| {}).await;
    let ctx = node.ctx();
    let blob = ctx.handle.blobs().put_bytes(ctx.tenant, "%PDF-1.7".into()).await.unwrap();
    let document = Document {
        id: ctx.next(),
        project_id: node.project,
        original_filename: "S-set.pdf".to_owned(),
        file_type: FileType::Pdf,
        file_size: blob.size,
        blob: blob.hash,
        status: DocumentStatus::Uploaded,
        page_count: None,
        processing_error: None,
        findings: Vec::new(),
        job_id: ctx.next(),
        revision_number: None,
        revision_date: None,
        revision_label: None,
        supersedes_document_id: None,
        is_latest_revision: true,
        created_at: ctx.handle.now(),
        updated_at: ctx.handle.now(),
    };
    let mut batch = Batch::new(ctx.tenant);
    batch.ops.push(Op::BlobStored { hash: blob.hash, size: blob.size });
    batch.create(&document);
    // The node has no parse program: the first attempt fails, the next one is an hour away.
    let args = encode(&IngestArgs::Document { document_id: document.id });
    let mut new = job(&node, Stage::Ingest, args);
    (new.retry.base_delay_ms, new.retry.max_delay_ms) = (3_600_000, 3_600_000);
    let id = new.id;
    batch.jobs.push(new);
    ctx.handle.commit(batch).await.unwrap();
    let status = async || reads::document(&ctx, document.id).await.unwrap().status;
    until(async || status().await == DocumentStatus::Processing).await;
    until(async || ctx.handle.catalog().job(ctx.tenant, id).await.unwrap().unwrap().attempts == 1).await;
    assert_eq!(status().await, DocumentStatus::Processing, "it waits for its next attempt");
    let begun = documents::begun_batch(&ctx.desk(), document.id).await.unwrap();
    assert!(begun.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn pricing_an_assembly_that_is_gone_ends_without_a_retry_or_a_dead_letter() {
    let node = Node::start(|_| {}).await;
    let args = encode(&RunAssemblyArgs { assembly_id: node.ctx().next() });
    let ended = node.run(job(&node, Stage::RunAssembly, args)).await;
    assert_eq!((ended.state, ended.attempts, ended.failures.len()), (JobState::Refused, 0, 0));
    assert!(ended.error.as_deref().is_some_and(|e| e.contains("was deleted")), "{ended:?}");
    let queue = node.handle.catalog().queue(Stage::RunAssembly).await.unwrap();
    assert_eq!(queue.dead, 0);
}
