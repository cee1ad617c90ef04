use serde::Serialize;
use serde_json::{Value, json};
use takeoff_core::count::{MAX_SUGGESTIONS, Suggestion, Suggestions};
use takeoff_core::found::Found;
use takeoff_core::model;
use takeoff_core::page::{CropArea, MAX_CROP_SIDE_PX};
use utoipa::ToSchema;
use uuid::Uuid;

use super::autocount::BBox;
use super::validate::{At, Fields, Rule, integer};
use crate::links::Links;

/// What repeats on a page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Symbols {
    page_id: Uuid,
    /// Most repeated first, then the larger.
    symbols: Vec<Symbol>,
    /// How many there are of `min_count`, those beyond `limit` included.
    total: usize,
    /// False when not everything that may repeat was counted; `notes` says why.
    complete: bool,
    notes: Option<String>,
}

/// A symbol that repeats.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Symbol {
    /// Around one instance: a `template_bbox` that counts them.
    bbox: BBox,
    /// Instances of this size, at any angle, samples in legends left out: what a count from `bbox` finds, or,
    /// where `counted` is false, so many that look the same.
    count: usize,
    counted: bool,
    /// Samples in legends.
    in_legend: usize,
    /// Lowest and mean confidence of the instances, 0 to 1; null where they were not counted.
    confidence_min: Option<f64>,
    confidence_mean: Option<f64>,
    /// What a legend says beside its sample.
    label: Option<String>,
    /// Words inside the instance in `bbox`.
    text: Option<String>,
    /// PNG of `bbox`.
    crop_url: Option<String>,
}

impl Symbol {
    fn of(s: &Suggestion, page: &model::Page, links: &Links) -> Self {
        let text = s.words.join(" ");
        Self {
            bbox: s.bbox.into(),
            count: s.count,
            counted: s.confidence.is_some(),
            in_legend: s.in_legend,
            confidence_min: s.confidence.map(|c| c.least),
            confidence_mean: s.confidence.map(|c| c.mean),
            label: s.label.clone(),
            text: (!text.is_empty()).then_some(text),
            crop_url: links.page_crop(page, &s.bbox),
        }
    }
}

/// Which of them are wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Filter {
    limit: usize,
    min_count: usize,
}

pub(crate) fn filter(query: &Fields<'_>) -> Option<Filter> {
    let limit = query.or("limit", 20, integer().ge(1).le(MAX_SUGGESTIONS as i64));
    let min_count = query.or("min_count", 3, integer().ge(2).le(i64::from(u32::MAX)));
    let (limit, min_count) = limit.zip(min_count)?;
    Some(Filter { limit: limit as usize, min_count: min_count as usize })
}

impl Symbols {
    pub(crate) fn of(page: &model::Page, found: &Found<Suggestions>, filter: Filter, links: &Links) -> Self {
        let notes: Vec<String> = found.findings.iter().map(|f| f.message.clone()).collect();
        let Suggestions { list, complete } = &found.value;
        let wanted = || list.iter().filter(|s| s.count >= filter.min_count);
        let total = wanted().count();
        let symbols = wanted().take(filter.limit).map(|s| Symbol::of(s, page, links)).collect();
        let notes = (!notes.is_empty()).then(|| notes.join("; "));
        Self { page_id: page.id.0, symbols, total, complete: *complete, notes }
    }
}

/// `x,y,w,h` in whole pixels.
struct Area;

impl Rule for Area {
    type Out = CropArea;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<CropArea> {
        let parts: Option<Vec<u32>> =
            value.as_str().and_then(|s| s.split(',').map(|p| p.trim().parse().ok()).collect());
        let side = 1..=MAX_CROP_SIDE_PX;
        match parts.as_deref() {
            Some(&[x, y, width, height]) if side.contains(&width) && side.contains(&height) => {
                Some(CropArea { x, y, width, height })
            }
            _ => {
                let why = format!("a box is x,y,w,h in whole pixels, its sides 1 to {MAX_CROP_SIDE_PX}");
                at.refuse("value_error", format!("Value error, {why}"), value, Some(json!({"error": why})))
            }
        }
    }
}

pub(crate) fn area(query: &Fields<'_>) -> Option<CropArea> {
    query.required("bbox", Area)
}
