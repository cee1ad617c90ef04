use serde::Serialize;
use takeoff_commands::reads::{SheetGroup, SheetView};
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::size;
use crate::links::Links;

/// A page known by number and title.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sheet {
    id: Uuid,
    document_id: Uuid,
    page_number: u32,
    sheet_number: Option<String>,
    title: Option<String>,
    display_name: Option<String>,
    display_order: Option<i64>,
    group_name: Option<String>,
    discipline: Option<String>,
    page_type: Option<String>,
    classification: Option<String>,
    classification_confidence: Option<f64>,
    scale_text: Option<String>,
    scale_value: Option<f64>,
    scale_calibrated: bool,
    /// `ocr_pattern_match`: read from the drawing's own text, none of which is recognised by its looks;
    /// `manual_calibration`: given by a person.
    scale_detection_method: Option<String>,
    /// All measurements, rejected ones included.
    measurement_count: u64,
    thumbnail_url: Option<String>,
    image_url: Option<String>,
    width: u32,
    height: u32,
    is_relevant: bool,
}

impl Sheet {
    fn of(view: SheetView, links: &Links) -> Self {
        let SheetView { page, measurement_count } = view;
        let (width, height) = size(&page);
        Self {
            thumbnail_url: links.page_thumbnail(&page),
            image_url: links.page_image(&page),
            id: page.id.0,
            document_id: page.document_id.0,
            page_number: page.number,
            sheet_number: page.sheet_number,
            title: page.title,
            display_name: page.display_name,
            display_order: page.display_order,
            group_name: page.group_name,
            discipline: None,
            page_type: None,
            classification: None,
            classification_confidence: None,
            scale_text: page.scale.text,
            scale_value: page.scale.px_per_foot,
            scale_calibrated: page.scale.calibrated,
            scale_detection_method: page.scale.method,
            measurement_count,
            width,
            height,
            is_relevant: page.is_relevant,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Group {
    group_name: String,
    sheets: Vec<Sheet>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sheets {
    groups: Vec<Group>,
    total: usize,
}

impl Sheets {
    pub(crate) fn of(groups: Vec<SheetGroup>, links: &Links) -> Self {
        let total = groups.iter().map(|g| g.sheets.len()).sum();
        let group = |g: SheetGroup| Group {
            group_name: g.group_name,
            sheets: g.sheets.into_iter().map(|s| Sheet::of(s, links)).collect(),
        };
        Self { groups: groups.into_iter().map(group).collect(), total }
    }
}
