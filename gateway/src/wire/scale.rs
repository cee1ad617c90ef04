use serde::Serialize;
use serde_json::{Map, Value, json};
use takeoff_commands::scale::{Calibration, MAX_BATCH_PAGES, ManualScale, RealUnit, contradicted};
use takeoff_core::model::{Id, Page, PageStatus};
use takeoff_core::scale::{ImplausibleScale, SCALE_BAND, ScaleCandidate, ScaleRecord};
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::{Note, notes};
use super::scalar::PixelBox;
use super::validate::{At, Fields, IdRule, Number, OneOf, Problem, Rule, items, number, text};

/// A scale that something on the page states.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParsedScale {
    /// As written.
    text: String,
    /// Real inches per drawing inch; 0 for "not to scale".
    ratio: f64,
    pixels_per_foot: Option<f64>,
    confidence: f64,
    /// `ocr_pattern_match`: text of the page that reads as a scale. It is the drawing's own text, read as the file holds
    /// it; nothing is recognised by its looks.
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bbox: Option<PixelBox>,
}

impl From<ScaleCandidate> for ParsedScale {
    fn from(c: ScaleCandidate) -> Self {
        Self {
            text: c.text,
            ratio: c.ratio,
            pixels_per_foot: c.px_per_foot,
            confidence: c.confidence,
            method: c.method,
            bbox: c.bbox.map(PixelBox::from),
        }
    }
}

/// A graphic scale on the page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScaleBar {
    x1: f64,
    y1: f64,
    x2: f64,
    y2: f64,
    length_pixels: f64,
}

/// Everything known of a page's scale.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScaleFound {
    parsed_scales: Vec<ParsedScale>,
    scale_bars: Vec<ScaleBar>,
    /// The one distinct scale; `null` when withheld.
    best_scale: Option<ParsedScale>,
    needs_calibration: bool,
    /// Why no scale was chosen.
    withheld: Option<String>,
    /// What the detection noticed: what it saw and did not use, what it did with what it used.
    findings: Vec<Note>,
    /// `manual_calibration`, `calibration`, `calibration_input`, `copied_from`, `batch_applied`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    manual: Map<String, Value>,
}

impl From<ScaleRecord> for ScaleFound {
    fn from(r: ScaleRecord) -> Self {
        Self {
            parsed_scales: r.candidates.into_iter().map(ParsedScale::from).collect(),
            scale_bars: Vec::new(),
            best_scale: r.best.map(ParsedScale::from),
            needs_calibration: r.needs_calibration,
            withheld: r.withheld,
            findings: notes(r.findings),
            manual: r.manual,
        }
    }
}

/// How far the newest detection is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DetectionStatus {
    /// `processing`, `complete`.
    status: &'static str,
    scale_text: Option<String>,
    scale_value: Option<f64>,
    calibrated: bool,
    detection: Option<ScaleFound>,
}

impl From<Page> for DetectionStatus {
    /// A detection under way hides what an older one found; one that ended is complete, whatever came
    /// of it.
    fn from(page: Page) -> Self {
        let awaited = matches!(page.status, PageStatus::Pending | PageStatus::Processing);
        if awaited || page.scale.detection_job.is_some() {
            return Self {
                status: "processing",
                scale_text: None,
                scale_value: None,
                calibrated: false,
                detection: None,
            };
        }
        Self {
            status: "complete",
            scale_text: page.scale.text,
            scale_value: page.scale.px_per_foot,
            calibrated: page.scale.calibrated,
            detection: page.scale.record.map(ScaleFound::from),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DetectionStarted {
    /// `queued`.
    pub(crate) status: &'static str,
    pub(crate) page_id: Uuid,
    pub(crate) task_id: String,
}

/// A scale that a person states.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `set_scale` reads")]
pub(crate) struct SetScale {
    /// Pixels of this page's image per real foot. At the page's own resolution it must be a drawing scale
    /// from 10:1 to 1:100,000. Needed unless the text states one scale.
    #[schema(exclusive_minimum = 0.0, value_type = f64, required = false)]
    scale_value: Option<f64>,
    #[schema(default = "foot")]
    scale_unit: Option<String>,
    /// How drawings write it (`1/4" = 1'-0"`, `1:100`): it must say what the value says, to 1 %, and is the scale
    /// where there is no value. Words alone (`AS NOTED`) say nothing; one with numbers that is no scale is refused.
    #[schema(max_length = 100)]
    scale_text: Option<String>,
}

/// The contract's unit is any text, and the platform keeps it as a label. But the value beside it is in
/// pixels per foot whatever the label says: one that names another length would make every quantity of
/// the page wrong without a word, so only spellings of the foot are taken.
const SCALE_UNITS: &[(&str, &str)] = &[("foot", "foot"), ("feet", "feet"), ("ft", "ft")];

/// A number that is written as one: `true` is no length.
struct Strict(Number);

impl Rule for Strict {
    type Out = f64;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<f64> {
        match value {
            Value::Bool(_) => at.refuse("float_type", "Input should be a valid number", value, None),
            other => self.0.read(other, at),
        }
    }
}

/// The 422 of a body whose scale no drawing has.
pub(crate) fn implausible(e: &ImplausibleScale) -> Problem {
    Problem {
        code: "value_error",
        loc: vec!["body".into(), "scale_value".into()],
        msg: format!("Value error, {e}"),
        input: Value::from(e.px_per_foot),
        ctx: Some(json!({
            "error": e.to_string(),
            "min_ratio": SCALE_BAND.start(),
            "max_ratio": SCALE_BAND.end(),
        })),
    }
}

pub(crate) fn manual_scale(fields: &Fields<'_>) -> Option<ManualScale> {
    let unit = fields.or("scale_unit", "foot", OneOf(SCALE_UNITS));
    let text = fields.optional("scale_text", text().max(100));
    let rule = Strict(number().gt(0.0));
    // What is wrong with the text is told; that the value is missing as well would not help.
    let stated = text.as_ref().is_none_or(|t| t.as_ref().is_some_and(|t| !t.trim().is_empty()));
    let value = if stated {
        fields.optional("scale_value", rule)
    } else {
        fields.required("scale_value", rule).map(Some)
    };
    Some(ManualScale { value: value?, unit: unit?.to_owned(), text: text? })
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScaleSet {
    /// `success`.
    status: &'static str,
    page_id: Uuid,
    scale_value: Option<f64>,
    scale_unit: String,
    scale_calibrated: bool,
    /// What speaks against it: the sheet's own text says another scale, several, or why none is to be relied on. `null`
    /// where nothing does.
    notice: Option<String>,
}

impl From<Page> for ScaleSet {
    fn from(page: Page) -> Self {
        Self {
            notice: contradicted(&page),
            status: "success",
            page_id: page.id.0,
            scale_value: page.scale.px_per_foot,
            scale_unit: page.scale.unit,
            scale_calibrated: page.scale.calibrated,
        }
    }
}

const REAL_UNITS: &[(&str, RealUnit)] =
    &[("foot", RealUnit::Foot), ("inch", RealUnit::Inch), ("meter", RealUnit::Meter)];

/// Of the query string.
pub(crate) fn calibration(query: &Fields<'_>) -> Option<Calibration> {
    let pixel_distance = query.required("pixel_distance", number());
    let real_distance = query.required("real_distance", number());
    let real_unit = query.or("real_unit", RealUnit::Foot, OneOf(REAL_UNITS));
    Some(Calibration {
        pixel_distance: pixel_distance?,
        real_distance: real_distance?,
        real_unit: real_unit?,
    })
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Calibrated {
    /// `success`.
    pub(crate) status: &'static str,
    pub(crate) page_id: Uuid,
    pub(crate) pixels_per_foot: f64,
    /// Real inches per drawing inch; null for a picture that states no resolution.
    pub(crate) estimated_scale_ratio: Option<f64>,
    /// What speaks against it: the sheet's own text says another scale, several, or why none is to be relied on. `null`
    /// where nothing does.
    pub(crate) notice: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScaleCopied {
    /// `success`.
    pub(crate) status: &'static str,
    pub(crate) page_id: Uuid,
    pub(crate) scale_value: Option<f64>,
    pub(crate) copied_from: Uuid,
    /// What speaks against it: the sheet's own text says another scale, several, or why none is to be relied on. `null`
    /// where nothing does.
    pub(crate) notice: Option<String>,
}

/// One scale for many pages.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `batch_scale` reads")]
pub(crate) struct BatchScale {
    /// Pages of one project.
    page_ids: Vec<Uuid>,
    /// Page pixels per real foot: on the pages themselves, or, beside a `scale_text` that states a ratio,
    /// at 150 dpi.
    #[schema(exclusive_minimum = 0.0, value_type = f64, required = false)]
    scale_value: Option<f64>,
    #[schema(default = "foot")]
    scale_unit: Option<String>,
    /// A text that states exactly one ratio (like `1/4" = 1'-0"` or `1:50`) is what every page gets, at
    /// its own resolution.
    #[schema(max_length = 100)]
    scale_text: Option<String>,
}

pub(crate) fn batch(fields: &Fields<'_>) -> Option<(Vec<Id>, ManualScale)> {
    let pages = fields.required("page_ids", items(IdRule, MAX_BATCH_PAGES));
    let scale = manual_scale(fields);
    pages.zip(scale)
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchScaled {
    /// `success`.
    pub(crate) status: &'static str,
    pub(crate) updated_pages: Vec<Uuid>,
    pub(crate) count: usize,
    /// The pages of which something speaks against it. `null` where nothing does.
    pub(crate) notice: Option<String>,
    /// Only when some ids are unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) missing_ids: Vec<Uuid>,
}

/// Pages that one notice names.
const NAMED: usize = 5;

/// What the pages of a batch say against its scale.
pub(crate) fn contradictions(pages: &[(Id, String)]) -> Option<String> {
    let named = pages.iter().take(NAMED).map(|(id, said)| format!("page {id}: {said}"));
    let mut named: Vec<String> = named.collect();
    let more = pages.len().saturating_sub(NAMED);
    named.extend((more > 0).then(|| format!("{more} more pages")));
    (!named.is_empty()).then(|| named.join("; "))
}
