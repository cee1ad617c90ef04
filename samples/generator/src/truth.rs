//! What is true of a generated sheet, known because it was drawn from it.
//!
//! All places are page pixels: the upright page at 150 dpi, origin top-left.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::geometry::{Bounds, Point};

/// Resolution that pixels are given at.
pub const DPI: f64 = 150.0;
/// Pixels per point.
pub const PX_PER_PT: f64 = DPI / 72.0;

/// A box in page pixels: x, y, width, height.
pub type PxBox = [f64; 4];

/// The truth about one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DocumentTruth {
    /// Name that recipes use.
    pub id: String,
    pub file: String,
    pub pages: Vec<PageTruth>,
}

/// The truth about one page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageTruth {
    /// 1 is the first page of its file.
    pub page: u32,
    pub width_px: u32,
    pub height_px: u32,
    pub rotate: u16,
    pub sheet_number: Option<String>,
    pub title: Option<String>,
    pub scale: ScaleTruth,
    /// False where letters are strokes: nothing can be read from a text layer.
    pub has_text_layer: bool,
    /// Instances by kind of symbol.
    pub symbols: BTreeMap<String, Vec<Instance>>,
    pub rooms: Vec<RoomTruth>,
    pub walls: Vec<WallTruth>,
}

/// The scale of a page, as an estimator would answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ScaleTruth {
    /// Nothing on the page is drawn to a scale, and nothing says so.
    None,
    /// The page says that it isn't to scale.
    NotToScale,
    /// One scale for the whole page. `in_text` when a text run states it.
    One { notation: String, ratio: f64, px_per_foot: f64, in_text: bool },
    /// Regions with scales of their own (0 for one not to scale).
    Several { viewports: Vec<ViewportTruth> },
}

/// A region with a scale of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewportTruth {
    pub title: String,
    pub notation: String,
    /// Real inches per drawing inch; `None` where not to scale.
    pub ratio: Option<f64>,
    #[serde(rename = "box")]
    pub area: PxBox,
}

/// Work that stands, or work to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    New,
    /// Drawn with a thin grey line; not part of the work.
    Existing,
}

/// Parts of a sheet, legends apart, that show no work of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Apart {
    TitleBlock,
    KeyPlan,
    /// Where the sheet shows again what the next one holds.
    BeyondMatchLine,
    /// Upon the match line: both sheets show it, and it is work once.
    OnMatchLine,
}

/// One drawn symbol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Middle of the symbol's own box, turned with it.
    pub center: Point,
    /// Smallest upright box around its lines.
    #[serde(rename = "box")]
    pub area: PxBox,
    /// Clockwise turn of the symbol as drawn in the library; of a mirrored one, after mirroring left to right.
    pub angle: f64,
    #[serde(default, skip_serializing_if = "is_false")]
    pub mirrored: bool,
    /// The legend's sample, which isn't work.
    #[serde(default, skip_serializing_if = "is_false")]
    pub in_legend: bool,
    /// Where on the sheet it is that it isn't this sheet's work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<Apart>,
    #[serde(default, skip_serializing_if = "is_new")]
    pub status: Status,
    /// Stands so close to a neighbour that their boxes meet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub touching: bool,
    /// A cable, wall or leader is drawn across it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub crossed: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_new(status: &Status) -> bool {
    *status == Status::New
}

impl Instance {
    /// Whether an estimator counts it: new work on the plan.
    pub fn counts(&self) -> bool {
        !self.in_legend && self.apart.is_none() && self.status == Status::New
    }
}

/// A room: the polygon of its inner wall faces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomTruth {
    pub number: String,
    pub name: String,
    pub floor: String,
    pub polygon: Vec<Point>,
    pub area_sf: f64,
    pub perimeter_ft: f64,
}

/// A run of wall along its middle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WallTruth {
    pub kind: String,
    pub points: Vec<Point>,
    pub length_ft: f64,
}

/// Two decimals are a hundredth of a pixel; more would be noise of the platform's sine.
pub(crate) fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

/// A place in pixels of a place in points.
pub(crate) fn px(p: Point) -> Point {
    [round2(p[0] * PX_PER_PT), round2(p[1] * PX_PER_PT)]
}

pub(crate) fn px_box(b: &Bounds) -> PxBox {
    let [x, y] = px([b.left, b.top]);
    let [r, t] = px([b.right, b.bottom]);
    [x, y, round2(r - x), round2(t - y)]
}

impl PageTruth {
    /// Instances of a kind that an estimator counts.
    pub fn count(&self, kind: &str) -> usize {
        self.symbols.get(kind).map_or(0, |all| all.iter().filter(|i| i.counts()).count())
    }
}
