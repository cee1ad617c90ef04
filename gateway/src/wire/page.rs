use serde::Serialize;
use takeoff_core::model::{self, PageStatus};
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::{Note, Region, notes};
use super::scalar::{PixelBox, Stamp};
use super::scale::ScaleFound;
use crate::links::Links;

pub(crate) const fn status_word(status: PageStatus) -> &'static str {
    match status {
        PageStatus::Pending => "pending",
        PageStatus::Processing => "processing",
        PageStatus::Ready => "ready",
        PageStatus::Completed => "completed",
        PageStatus::Error => "error",
    }
}

/// Width and height of the page image, pixels; 0 x 0 where nothing could be had.
pub(crate) fn size(page: &model::Page) -> (u32, u32) {
    page.space.map_or((0, 0), |s| (s.width_px, s.height_px))
}

/// A page as the page list of a document shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageRow {
    id: Uuid,
    document_id: Uuid,
    page_number: u32,
    width: u32,
    height: u32,
    classification: Option<String>,
    classification_confidence: Option<f64>,
    concrete_relevance: Option<String>,
    title: Option<String>,
    sheet_number: Option<String>,
    scale_text: Option<String>,
    /// Page pixels per real foot.
    scale_value: Option<f64>,
    scale_calibrated: bool,
    /// `pending`, `processing`, `ready`, `completed`, `error`.
    status: &'static str,
    processing_error: Option<String>,
    image_url: Option<String>,
    thumbnail_url: Option<String>,
    /// Equal for pages that show just the same, also of other documents: an unchanged sheet of a revision. `null` until
    /// something is stored of the page.
    content_hash: Option<String>,
}

impl PageRow {
    pub(crate) fn of(page: model::Page, links: &Links) -> Self {
        let (width, height) = size(&page);
        Self {
            image_url: links.page_image(&page),
            thumbnail_url: links.page_thumbnail(&page),
            content_hash: page.content_hash(),
            id: page.id.0,
            document_id: page.document_id.0,
            page_number: page.number,
            width,
            height,
            classification: None,
            classification_confidence: None,
            concrete_relevance: None,
            title: page.title,
            sheet_number: page.sheet_number,
            scale_text: page.scale.text,
            scale_value: page.scale.px_per_foot,
            scale_calibrated: page.scale.calibrated,
            status: status_word(page.status),
            processing_error: page.processing_error,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageList {
    pub(crate) pages: Vec<PageRow>,
    pub(crate) total: usize,
}

/// What the viewer needs of a page's document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageDocument {
    project_id: Uuid,
    title_block_region: Option<Region>,
}

/// A piece of text on the page and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TextBlock {
    text: String,
    confidence: f64,
    bounding_box: PixelBox,
}

/// Text of the page that something was made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TextBlocks {
    blocks: Vec<TextBlock>,
    detected_scales: Vec<String>,
    detected_sheet_numbers: Vec<String>,
    detected_titles: Vec<String>,
}

impl TextBlocks {
    /// The places of the scale candidates: what the client highlights after a detection.
    fn of(page: &model::Page) -> Option<Self> {
        let record = page.scale.record.as_ref()?;
        let mut blocks = Vec::new();
        let mut detected_scales: Vec<String> = Vec::new();
        for candidate in record.best.iter().chain(&record.candidates) {
            if !detected_scales.contains(&candidate.text) {
                detected_scales.push(candidate.text.clone());
            }
            let Some(bbox) = candidate.bbox else { continue };
            let block = TextBlock {
                text: candidate.text.clone(),
                confidence: candidate.confidence,
                bounding_box: bbox.into(),
            };
            if !blocks
                .iter()
                .any(|b: &TextBlock| b.text == block.text && b.bounding_box == block.bounding_box)
            {
                blocks.push(block);
            }
        }
        Some(Self {
            blocks,
            detected_scales,
            detected_sheet_numbers: page.sheet_number.iter().cloned().collect(),
            detected_titles: page.title.iter().cloned().collect(),
        })
    }
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page {
    id: Uuid,
    document_id: Uuid,
    page_number: u32,
    /// Pixels of the page image.
    width: u32,
    height: u32,
    classification: Option<String>,
    classification_confidence: Option<f64>,
    discipline: Option<String>,
    discipline_confidence: Option<f64>,
    page_type: Option<String>,
    page_type_confidence: Option<f64>,
    concrete_relevance: Option<String>,
    concrete_elements: Option<Vec<String>>,
    description: Option<String>,
    llm_provider: Option<String>,
    llm_latency_ms: Option<f64>,
    title: Option<String>,
    sheet_number: Option<String>,
    scale_text: Option<String>,
    /// Page pixels per real foot.
    scale_value: Option<f64>,
    scale_unit: String,
    scale_calibrated: bool,
    /// `ocr_pattern_match`: read from the drawing's own text, none of which is recognised by its looks;
    /// `manual_calibration`: given by a person.
    scale_detection_method: Option<String>,
    scale_calibration_data: Option<ScaleFound>,
    display_name: Option<String>,
    display_order: Option<i64>,
    group_name: Option<String>,
    is_relevant: bool,
    /// `pending`, `processing`, `ready`, `completed`, `error`.
    status: &'static str,
    processing_error: Option<String>,
    image_url: Option<String>,
    thumbnail_url: Option<String>,
    /// Equal for pages that show just the same, also of other documents: an unchanged sheet of a revision. `null` until
    /// something is stored of the page.
    content_hash: Option<String>,
    document: PageDocument,
    ocr_text: Option<String>,
    ocr_blocks: Option<TextBlocks>,
    /// Page pixels per inch of paper; `null` where the file states none.
    dpi: Option<f64>,
    /// Whether a program drew the page; a picture's strokes are traced. `null` until parsed.
    is_vector: Option<bool>,
    findings: Vec<Note>,
    created_at: Stamp,
    updated_at: Stamp,
}

impl Page {
    pub(crate) fn of(page: model::Page, links: &Links) -> Self {
        let (width, height) = size(&page);
        Self {
            image_url: links.page_image(&page),
            thumbnail_url: links.page_thumbnail(&page),
            content_hash: page.content_hash(),
            ocr_blocks: TextBlocks::of(&page),
            id: page.id.0,
            document_id: page.document_id.0,
            page_number: page.number,
            width,
            height,
            classification: None,
            classification_confidence: None,
            discipline: None,
            discipline_confidence: None,
            page_type: None,
            page_type_confidence: None,
            concrete_relevance: None,
            concrete_elements: None,
            description: None,
            llm_provider: None,
            llm_latency_ms: None,
            title: page.title,
            sheet_number: page.sheet_number,
            scale_text: page.scale.text,
            scale_value: page.scale.px_per_foot,
            scale_unit: page.scale.unit,
            scale_calibrated: page.scale.calibrated,
            scale_detection_method: page.scale.method,
            scale_calibration_data: page.scale.record.map(ScaleFound::from),
            display_name: page.display_name,
            display_order: page.display_order,
            group_name: page.group_name,
            is_relevant: page.is_relevant,
            status: status_word(page.status),
            processing_error: page.processing_error,
            document: PageDocument { project_id: page.project_id.0, title_block_region: None },
            ocr_text: None,
            dpi: page.space.and_then(|s| s.dpi),
            is_vector: page.is_vector,
            findings: notes(page.findings),
            created_at: Stamp(page.created_at),
            updated_at: Stamp(page.updated_at),
        }
    }
}

/// A page that is read again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadingAgain {
    status: &'static str,
    page_id: Uuid,
    task_id: String,
    message: &'static str,
}

impl ReadingAgain {
    pub(crate) fn of(page: model::Id, task: model::Id) -> Self {
        Self {
            status: "queued",
            page_id: page.0,
            task_id: task.to_string(),
            message: "The page is read again",
        }
    }
}
