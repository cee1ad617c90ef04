use takeoff_core::job::{Lane, Stage};
use takeoff_core::model::{DocumentStatus, Id};
use takeoff_core::page::request::FileType;

use super::refusal;
use crate::documents::{StagedUpload, receive_upload};
use crate::jobs::{IngestArgs, decode};
use crate::testing::{Node, id};
use crate::{CommandError, reads};

fn stage(node: &Node, bytes: &[u8]) -> StagedUpload {
    let path = node.handle.blobs().scratch().join("upload-1");
    std::fs::write(&path, bytes).unwrap();
    StagedUpload { path, size: bytes.len() as u64, original_filename: "plans/S-set.pdf".to_owned() }
}

async fn upload(node: &Node, project: Id, bytes: &[u8]) -> Result<Id, CommandError> {
    let staged = stage(node, bytes);
    let path = staged.path.clone();
    let result = receive_upload(&node.ctx(), project, staged).await;
    assert!(!path.exists(), "the staged file is still there");
    result.map(|d| d.id)
}

#[tokio::test]
async fn a_file_that_cannot_be_looked_into_yet_is_taken_and_ingested() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let document = upload(&node, project, b"%PDF-1.7 and so on").await.unwrap();
    let document = reads::document(&ctx, document).await.unwrap();
    assert_eq!(document.status, DocumentStatus::Uploaded);
    assert_eq!((document.original_filename.as_str(), document.file_size), ("S-set.pdf", 18));
    assert_eq!(document.file_type, FileType::Pdf);
    assert_eq!(ctx.handle.blobs().stat(ctx.tenant, document.blob).await.unwrap(), Some(18));
    let job = reads::task(&ctx, document.job_id).await.unwrap().unwrap();
    assert_eq!((job.stage, job.lane, job.subject_id), (Stage::Ingest, Lane::Batch, Some(document.id)));
    assert_eq!(job.task.unwrap().name, "Processing S-set.pdf");
    let args: IngestArgs = decode(&job.args).unwrap();
    assert_eq!(args, IngestArgs::Document { document_id: document.id });
    let listed =
        reads::tasks(&ctx, project, reads::TaskFilter { limit: 20, ..Default::default() }).await.unwrap();
    assert_eq!((listed.total, listed.running, listed.completed), (1, 1, 0));
    assert_eq!(reads::project(&ctx, project).await.unwrap().document_count, 1);
}

#[tokio::test]
async fn the_first_bytes_decide_the_type() {
    let node = Node::start().await;
    let project = node.project().await;
    for (bytes, expect) in [
        (&b"\x89PNG\r\n\x1a\n...."[..], FileType::Png),
        (b"\xff\xd8\xff\xe0....", FileType::Jpeg),
        (b"II*\0....", FileType::Tiff),
    ] {
        let id = upload(&node, project, bytes).await.unwrap();
        assert_eq!(reads::document(&node.ctx(), id).await.unwrap().file_type, expect);
    }
    assert!(
        refusal(upload(&node, project, b"PK\x03\x04 a zip file").await).contains("unsupported file type")
    );
    assert!(refusal(upload(&node, project, b"").await).contains("empty"));
}

#[tokio::test]
async fn an_upload_needs_a_project_and_a_bound() {
    let node = Node::start().await;
    let nowhere = upload(&node, id(1), b"%PDF-1.7").await;
    assert!(matches!(nowhere, Err(CommandError::NotFound { what: "Project" })));
    let project = node.project().await;
    let limit = node.handle.config().limits.upload_bytes;
    let huge = StagedUpload { size: limit + 1, ..stage(&node, b"%PDF-1.7") };
    let refused = receive_upload(&node.ctx(), project, huge).await;
    assert!(matches!(refused, Err(CommandError::TooLarge { limit_bytes }) if limit_bytes == limit));
    assert!(reads::documents(&node.ctx(), project).await.unwrap().is_empty());
}
