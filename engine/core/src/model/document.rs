use serde::{Deserialize, Serialize};

use super::{BlobHash, Entity, Id, Index, Kind, Timestamp};
use crate::found::Finding;
use crate::page::request::FileType;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    Uploading,
    Uploaded,
    Processing,
    /// Every page record has its number and size.
    Ready,
    Error,
}

/// An upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub id: Id,
    pub project_id: Id,
    /// Name as uploaded.
    pub original_filename: String,
    pub file_type: FileType,
    /// Bytes.
    pub file_size: u64,
    /// The original file.
    pub blob: BlobHash,
    pub status: DocumentStatus,
    /// `None` until ready.
    pub page_count: Option<u32>,
    pub processing_error: Option<String>,
    pub findings: Vec<Finding>,
    /// The job that ingests it.
    pub job_id: Id,
    pub revision_number: Option<String>,
    /// `YYYY-MM-DD`.
    pub revision_date: Option<String>,
    pub revision_label: Option<String>,
    pub supersedes_document_id: Option<Id>,
    pub is_latest_revision: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Entity for Document {
    const KIND: Kind = Kind::Document;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.id
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::ByProject, self.project_id)]
    }

    fn blobs(&self) -> Vec<BlobHash> {
        vec![self.blob]
    }
}
