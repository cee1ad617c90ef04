//! Lengths and places with their unit in the type.
//!
//! Three spaces exist and only this module and a [`PageSpace`] or a scale lead from one to another:
//! *page space* (pixels of the upright page image, origin top-left, y down), *list space* (the unit
//! of the display list: PDF points of the upright page, or upright square pixels of a raster file; same
//! origin and direction as page space) and the *real world* (feet).

use serde::{Deserialize, Serialize};

/// In which of so many equal sectors about the origin a place is, counted from the left.
pub(crate) fn sector([x, y]: [f64; 2], of: usize) -> usize {
    let turn = y.atan2(x) / std::f64::consts::TAU + 0.5;
    ((turn * of as f64) as usize).min(of - 1)
}

/// The whole number at or below, of those that places on a page have. `floor` is a call where no processor may be
/// taken for granted that has an instruction for it.
#[inline]
pub(crate) fn below(v: f32) -> i32 {
    let whole = v as i32;
    whole.saturating_sub(i32::from(v < whole as f32))
}

/// A place in page space, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PxPoint {
    pub x: f64,
    pub y: f64,
}

impl PxPoint {
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Euclidean distance, pixels.
    pub fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// An axis-parallel box in page space, pixels; `w` and `h` are never negative when made by [`PxRect::from_corners`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PxRect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

impl PxRect {
    pub const fn new(x: f64, y: f64, w: f64, h: f64) -> Self {
        Self { x, y, w, h }
    }

    pub fn from_corners(a: PxPoint, b: PxPoint) -> Self {
        Self { x: a.x.min(b.x), y: a.y.min(b.y), w: (a.x - b.x).abs(), h: (a.y - b.y).abs() }
    }

    pub fn center(&self) -> PxPoint {
        PxPoint::new(self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    pub fn contains(&self, p: PxPoint) -> bool {
        p.x >= self.x && p.x <= self.x + self.w && p.y >= self.y && p.y <= self.y + self.h
    }

    pub fn is_finite(&self) -> bool {
        self.x.is_finite() && self.y.is_finite() && self.w.is_finite() && self.h.is_finite()
    }

    /// Area of the overlap, square pixels.
    pub fn overlap(&self, other: &Self) -> f64 {
        let w = (self.x + self.w).min(other.x + other.w) - self.x.max(other.x);
        let h = (self.y + self.h).min(other.y + other.h) - self.y.max(other.y);
        if w <= 0.0 || h <= 0.0 { 0.0 } else { w * h }
    }

    /// Intersection over union, 0 to 1.
    pub fn iou(&self, other: &Self) -> f64 {
        let both = self.overlap(other);
        let union = self.w * self.h + other.w * other.h - both;
        if union <= 0.0 { 0.0 } else { both / union }
    }
}

/// An axis-parallel box in list space (`[left, top, right, bottom]`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ListRect {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl ListRect {
    /// The box that holds nothing: any union with it is the other box.
    pub const EMPTY: Self =
        Self { left: f32::INFINITY, top: f32::INFINITY, right: f32::NEG_INFINITY, bottom: f32::NEG_INFINITY };

    pub fn is_empty(&self) -> bool {
        self.left > self.right || self.top > self.bottom
    }

    pub fn add(&mut self, x: f32, y: f32) {
        self.left = self.left.min(x);
        self.top = self.top.min(y);
        self.right = self.right.max(x);
        self.bottom = self.bottom.max(y);
    }

    pub fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    pub fn intersects(&self, other: &Self) -> bool {
        self.left <= other.right
            && other.left <= self.right
            && self.top <= other.bottom
            && other.top <= self.bottom
    }

    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }
}

/// The unit of list space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListUnit {
    /// 1/72 inch of the upright page.
    Point,
    /// One native pixel of a raster file.
    Pixel,
}

/// Pixel limits of a page image (design: 100 megapixels and 16,384 px a side).
pub const MAX_PAGE_PIXELS: f64 = 100_000_000.0;
pub const MAX_PAGE_SIDE_PX: f64 = 16_384.0;
/// Resolution that a vector page is shown at unless the pixel limits lower it.
pub const DEFAULT_DPI: f64 = 150.0;
/// Points in an inch.
pub const POINTS_PER_INCH: f64 = 72.0;

/// The upright page in pixels, and the one transform between list space and page space.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PageSpace {
    /// Size of the page image, pixels; equals the PNG's natural size.
    pub width_px: u32,
    pub height_px: u32,
    pub unit: ListUnit,
    /// Page-space pixels per list unit.
    pub px_per_unit: f64,
    /// Page-space pixels per inch of paper; `None` for a raster file that states no resolution, or one
    /// that is no evidence.
    pub dpi: Option<f64>,
}

impl PageSpace {
    /// Page space of a vector page of the given upright size: 150 dpi, lowered until the image fits
    /// the pixel limits. `None` when the size is not a positive finite number.
    pub fn of_points(width_pt: f64, height_pt: f64) -> Option<Self> {
        Self::of_points_within(width_pt, height_pt, MAX_PAGE_PIXELS)
    }

    /// As [`PageSpace::of_points`], lowered to at most `max_pixels`.
    pub(crate) fn of_points_within(width_pt: f64, height_pt: f64, max_pixels: f64) -> Option<Self> {
        let valid = |v: f64| v.is_finite() && v > 0.0;
        if !valid(width_pt) || !valid(height_pt) {
            return None;
        }
        let by_side = MAX_PAGE_SIDE_PX * POINTS_PER_INCH / width_pt.max(height_pt);
        let by_area = (max_pixels / (width_pt * height_pt)).sqrt() * POINTS_PER_INCH;
        let dpi = DEFAULT_DPI.min(by_side).min(by_area);
        let scale = dpi / POINTS_PER_INCH;
        let px = |pt: f64| (pt * scale).round().clamp(1.0, MAX_PAGE_SIDE_PX) as u32;
        Some(Self {
            width_px: px(width_pt),
            height_px: px(height_pt),
            unit: ListUnit::Point,
            px_per_unit: scale,
            dpi: Some(dpi),
        })
    }

    /// Page space of a raster file: its own pixels, or those that it was brought to where they are not square.
    pub fn of_raster(width_px: u32, height_px: u32, dpi: Option<f64>) -> Self {
        Self { width_px, height_px, unit: ListUnit::Pixel, px_per_unit: 1.0, dpi }
    }

    pub fn to_px(&self, x: f32, y: f32) -> PxPoint {
        PxPoint::new(f64::from(x) * self.px_per_unit, f64::from(y) * self.px_per_unit)
    }

    pub fn rect_to_px(&self, r: &ListRect) -> PxRect {
        PxRect::from_corners(self.to_px(r.left, r.top), self.to_px(r.right, r.bottom))
    }

    pub fn rect_to_list(&self, r: &PxRect) -> ListRect {
        let s = self.px_per_unit;
        ListRect {
            left: (r.x / s) as f32,
            top: (r.y / s) as f32,
            right: ((r.x + r.w) / s) as f32,
            bottom: ((r.y + r.h) / s) as f32,
        }
    }

    /// Pixels of the page image per real foot for a drawing ratio (real inches per drawing inch);
    /// `None` where the paper size is unknown, so that no quantity is falsified silently.
    pub fn px_per_foot(&self, ratio: f64) -> Option<f64> {
        let dpi = self.dpi?;
        (ratio.is_finite() && ratio > 0.0).then(|| dpi * 12.0 / ratio)
    }
}

/// The part of a segment inside a window (Liang–Barsky).
pub(crate) fn clip(a: [f32; 2], b: [f32; 2], window: &ListRect) -> Option<([f32; 2], [f32; 2])> {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let (mut t0, mut t1) = (0.0_f32, 1.0_f32);
    let edges = [
        (-dx, a[0] - window.left),
        (dx, window.right - a[0]),
        (-dy, a[1] - window.top),
        (dy, window.bottom - a[1]),
    ];
    for (p, q) in edges {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            t0 = t0.max(q / p);
        } else {
            t1 = t1.min(q / p);
        }
    }
    if t0 > t1 {
        return None;
    }
    let at = |t: f32| [a[0] + dx * t, a[1] + dy * t];
    Some((if t0 > 0.0 { at(t0) } else { a }, if t1 < 1.0 { at(t1) } else { b }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arch_sheet_is_shown_at_150_dpi() {
        let space = PageSpace::of_points(42.0 * 72.0, 30.0 * 72.0).unwrap();
        assert_eq!((space.width_px, space.height_px), (6300, 4500));
        assert_eq!(space.px_per_foot(96.0), Some(18.75));
    }

    #[test]
    fn a_huge_page_is_lowered_to_the_limits_and_says_its_dpi() {
        let space = PageSpace::of_points(14_400.0, 14_400.0).unwrap();
        assert!(f64::from(space.width_px) * f64::from(space.height_px) <= MAX_PAGE_PIXELS * 1.001);
        let dpi = space.dpi.unwrap();
        assert!(dpi < 150.0);
        assert!((space.px_per_foot(48.0).unwrap() - dpi / 4.0).abs() < 1e-9);
    }

    #[test]
    fn nonsense_sizes_have_no_page_space() {
        for (w, h) in [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
            assert!(PageSpace::of_points(w, h).is_none());
        }
    }

    #[test]
    fn a_raster_without_resolution_gives_no_pixels_per_foot() {
        assert_eq!(PageSpace::of_raster(100, 100, None).px_per_foot(48.0), None);
        assert_eq!(PageSpace::of_raster(100, 100, Some(300.0)).px_per_foot(48.0), Some(75.0));
    }
}
