//! What is kept of a scale and its evidence.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::found::Finding;
use crate::geom::PxRect;

/// Where a candidate stands on the page, page pixels.
pub type ScaleBox = PxRect;

/// A scale that something on the page states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScaleCandidate {
    /// As written; the bare ratio of one that was reckoned from what is written for another paper.
    pub text: String,
    /// Real inches per drawing inch; 0 for NTS.
    pub ratio: f64,
    /// Page pixels per real foot; `None` for NTS or where the paper size is unknown.
    pub px_per_foot: Option<f64>,
    /// 0 to 1.
    pub confidence: f64,
    /// Which witness: `ocr_pattern_match` for text of the page. The name is the contract's; the text is the drawing's own,
    /// and nothing is recognised by its looks.
    pub method: String,
    pub bbox: Option<ScaleBox>,
}

/// Why a scale that a page states need not be that of what is measured on it: the page is another size than the scale
/// was written for, or says itself that it is not to scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// For a person.
    pub why: String,
    /// Page pixels per real foot if the page is a copy of the size that it speaks of, where that can be reckoned.
    pub px_per_foot_of_copy: Option<f64>,
}

/// Everything known of a page's scale: candidates, the chosen one, manual input.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScaleRecord {
    pub candidates: Vec<ScaleCandidate>,
    /// The one distinct scale; `None` when withheld.
    pub best: Option<ScaleCandidate>,
    pub needs_calibration: bool,
    /// Why no scale was chosen, for a person.
    pub withheld: Option<String>,
    /// What the page says against the scale that it states, for one who gives that by hand.
    #[serde(default)]
    pub reservation: Option<Reservation>,
    /// The page states several scales, each of which is that of a part of it.
    #[serde(default)]
    pub several: bool,
    /// What the detection noticed: what was seen and not used, what was done with what was used.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Manual keys of the client's object (`manual_calibration`, `calibration`, `calibration_input`,
    /// `copied_from`, `batch_applied`), kept across detections.
    pub manual: serde_json::Map<String, Value>,
}

impl ScaleRecord {
    /// Code of the finding that the scale is taken on paper of no usual size.
    pub const TAKEN_ON_NO_SHEET: &str = "scale_on_no_sheet";
}
