use serde::Serialize;
use takeoff_core::found::Finding;
use takeoff_core::model;
use takeoff_core::model::DocumentStatus;
use utoipa::ToSchema;
use uuid::Uuid;

use super::scalar::Stamp;
use crate::links::Links;

/// Something to know about a result: what was withheld, skipped or only partly read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Note {
    /// Stable code, such as `page_renders_empty`.
    code: String,
    /// One sentence for a person.
    message: String,
}

pub(crate) fn notes(findings: Vec<Finding>) -> Vec<Note> {
    findings.into_iter().map(|f| Note { code: f.code, message: f.message }).collect()
}

/// A part of a page, as fractions of its size, origin top-left.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Region {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    source_page_id: Option<Uuid>,
}

/// An upload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Document {
    id: Uuid,
    project_id: Uuid,
    /// `<document id>.<extension of the type>`.
    filename: String,
    /// As uploaded.
    original_filename: String,
    /// `pdf`, `tiff`, `png`, `jpeg`.
    file_type: String,
    /// Bytes.
    file_size: u64,
    /// `uploading`, `uploaded`, `processing`, `ready`, `error`.
    status: &'static str,
    /// `null` until ready.
    page_count: Option<u32>,
    processing_error: Option<String>,
    created_at: Stamp,
    updated_at: Stamp,
    /// Filled when one document is asked for.
    pages: Vec<PageSummary>,
    title_block_region: Option<Region>,
    revision_number: Option<String>,
    revision_date: Option<String>,
    revision_label: Option<String>,
    supersedes_document_id: Option<Uuid>,
    is_latest_revision: bool,
    /// The task that ingests it.
    task_id: String,
    /// Where the file itself is.
    download_url: String,
    findings: Vec<Note>,
}

pub(crate) const fn status_word(status: DocumentStatus) -> &'static str {
    match status {
        DocumentStatus::Uploading => "uploading",
        DocumentStatus::Uploaded => "uploaded",
        DocumentStatus::Processing => "processing",
        DocumentStatus::Ready => "ready",
        DocumentStatus::Error => "error",
    }
}

impl Document {
    pub(crate) fn of(d: model::Document, pages: Vec<PageSummary>, links: &Links) -> Self {
        let extension = d.file_type.extension();
        Self {
            download_url: links.document(&d),
            id: d.id.0,
            project_id: d.project_id.0,
            filename: format!("{}.{extension}", d.id),
            original_filename: d.original_filename,
            file_type: extension.to_owned(),
            file_size: d.file_size,
            status: status_word(d.status),
            page_count: d.page_count,
            processing_error: d.processing_error,
            created_at: Stamp(d.created_at),
            updated_at: Stamp(d.updated_at),
            pages,
            title_block_region: None,
            revision_number: d.revision_number,
            revision_date: d.revision_date,
            revision_label: d.revision_label,
            supersedes_document_id: d.supersedes_document_id.map(|id| id.0),
            is_latest_revision: d.is_latest_revision,
            task_id: d.job_id.to_string(),
            findings: notes(d.findings),
        }
    }
}

/// A document that was just uploaded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentMade {
    #[serde(flatten)]
    document: Document,
    /// What to know of it: that the project has the same file already. `null` when nothing is.
    notice: Option<String>,
}

impl DocumentMade {
    pub(crate) fn of(d: model::Document, same: Option<model::Document>, links: &Links) -> Self {
        let notice = same.map(|same| {
            format!(
                "the project has the same file already, as {:?} (document {}): what is taken off both is there twice",
                same.original_filename, same.id
            )
        });
        Self { document: Document::of(d, Vec::new(), links), notice }
    }
}

/// A page as its document lists it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageSummary {
    id: Uuid,
    page_number: u32,
    classification: Option<String>,
    classification_confidence: Option<f64>,
    concrete_relevance: Option<String>,
    scale_calibrated: bool,
    thumbnail_url: Option<String>,
}

impl PageSummary {
    pub(crate) fn of(page: &model::Page, links: &Links) -> Self {
        Self {
            id: page.id.0,
            page_number: page.number,
            classification: None,
            classification_confidence: None,
            concrete_relevance: None,
            scale_calibrated: page.scale.calibrated,
            thumbnail_url: links.page_thumbnail(page),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentList {
    pub(crate) documents: Vec<Document>,
    pub(crate) total: usize,
}

/// How far a document is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentProgress {
    /// `uploading`, `uploaded`, `processing`, `ready`, `error`.
    pub(crate) status: &'static str,
    pub(crate) page_count: Option<u32>,
    pub(crate) error: Option<String>,
}

/// One file, as multipart form data.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `upload_document` reads")]
pub(crate) struct Upload {
    /// A PDF, TIFF, PNG or JPEG.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}
