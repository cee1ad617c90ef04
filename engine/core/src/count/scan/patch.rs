//! The exemplar as a picture: which pixels are the symbol's, which are not, and which do not matter.

use std::f64::consts::TAU;

use super::super::ink::Segment;
use super::super::pose::Pose;
use super::super::template::convex_hull;
use super::field::Field;
use super::judge::Judge;
use super::lanes::Through;
use super::sheet::Sheet;
use super::window::{MIN_INK_SHARE, SPLITS, Window};
use crate::geom::ListRect;

/// Longest diagonal of a symbol that is looked at pixel by pixel; a larger one is looked at coarser.
const LARGEST_PX: f64 = 150.0;
/// Where ink begins and where it is full, shares of the darkness that splits.
const BEGINS: f32 = 0.5;
const FULL: f32 = 1.15;
/// What is looked at around the symbol, share of its diagonal, and its limits in pixels.
const MARGIN: f64 = 0.35;
const MARGIN_PX: (f64, f64) = (5.0, 40.0);

/// So sure is a symbol of itself, turned so that it is the same: one that is only like itself would be lost at every
/// turn that is left out. And the parts of a turn that are tried.
const SAME: f64 = 0.95;
const SLIDES: f64 = 0.3;
const FOLDS: [f64; 6] = [16.0, 8.0, 6.0, 4.0, 3.0, 2.0];

/// Ink that hangs on the outline is looked at so far outside it, pixels.
pub(super) const REGION_PX: f64 = 1.6;

/// A pixel of the symbol, or beside it, relative to its middle, list units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub p: [f64; 2],
    pub weight: f32,
}

#[derive(Debug, Clone)]
pub(in crate::count) struct Patch {
    /// How often the page was halved.
    pub(super) shift: u32,
    /// Darkness as ink, 0 to 1.
    pub(super) through: Box<[f32; 256]>,
    pub(super) from: Through,
    /// Darkness from which a pixel is ink.
    pub(super) split: u8,
    /// Darkness from which a pixel is ink where nothing fainter is in the way.
    pub(super) faint: u8,
    /// Ink of the symbol with a margin around it.
    pub(super) own: Field,
    /// What other things cover.
    pub(super) other: Vec<bool>,
    /// Inside the symbol's outline, or at it.
    pub(super) region: Vec<bool>,
    /// Inside it.
    pub(super) inner: Vec<bool>,
    /// Place of the frame's corner relative to the middle, list units, and pixels per list unit.
    pub(super) corner: [f64; 2],
    pub(super) per_unit: f64,
    /// The symbol's ink on its page, list units.
    pub(in crate::count) bounds: ListRect,
    /// Its diagonal, list units.
    pub(super) diameter: f64,
    /// Smallest turn, radians, that brings it onto itself, and whether it is its own mirror image.
    pub(super) period: f64,
    pub(super) flips: bool,
    /// The same without what passes through the box and may be what it hangs on.
    pub(super) freed: Option<Box<Self>>,
}

impl Patch {
    /// The symbol in a box; `None` where nothing is to be seen in it.
    pub(in crate::count) fn cut(page: &Sheet, area: &ListRect) -> Option<Self> {
        let diagonal = f64::from(area.width().hypot(area.height())) * page.per_unit;
        let shift = (diagonal / LARGEST_PX).log2().ceil().max(0.0) as u32;
        let coarser;
        let sheet = match shift {
            0 => page,
            _ => {
                coarser = page.coarser(shift);
                &coarser
            }
        };
        let window = Window::around(sheet, area);
        let pen = f32::from(window.pen()?);
        let cut = window.symbol(pen);
        let of = |own: &[bool]| {
            let ink = own.iter().filter(|own| **own).count();
            let enough = ink as f64 >= window.diagonal * MIN_INK_SHARE;
            enough.then(|| Self::of(&window, shift, (pen, cut.split), own))
        };
        let freed = cut.freed.and_then(|own| of(&own)).map(Box::new);
        of(&cut.own).map(|patch| Self { freed, ..patch })
    }

    fn of(window: &Window<'_>, shift: u32, (pen, split): (f32, f32), own: &[bool]) -> Self {
        let (low, high) = window.bounds(own);
        let span = f64::from(high[0] - low[0]).hypot(f64::from(high[1] - low[1]));
        let margin = (span * MARGIN).clamp(MARGIN_PX.0, MARGIN_PX.1) as i32;
        let corner = [low[0] - margin, low[1] - margin];
        let (w, h) = ((high[0] - low[0] + 2 * margin) as usize, (high[1] - low[1] + 2 * margin) as usize);
        let from = Through { begins: split * BEGINS, full: split * FULL };
        let through = from.table();
        let owns = |x: i32, y: i32| window.index(x, y).is_some_and(|i| own[i]);
        // Where a stroke ends, pixels are between ink and paper.
        let beside = |x: i32, y: i32| (-1..=1).any(|dx| (-1..=1).any(|dy| owns(x + dx, y + dy)));
        let (mut field, mut other) = (Field::blank(w, h), vec![false; w * h]);
        for (i, (field, other)) in field.data.iter_mut().zip(&mut other).enumerate() {
            let (x, y) = (corner[0] + (i % w) as i32, corner[1] + (i / w) as i32);
            let ink = through[usize::from(window.sheet.at(x, y))];
            if beside(x, y) {
                *field = ink;
            } else {
                *other = ink > 0.0;
            }
        }
        let per_unit = window.sheet.per_unit;
        let edge = |v: i32, by: f64| ((f64::from(v) + by) / per_unit) as f32;
        let middle = [0, 1].map(|axis| f64::from(low[axis] + high[axis]) / 2.0);
        Self {
            shift,
            split: split as u8,
            faint: (pen * SPLITS[0]) as u8,
            region: field.outline(REGION_PX),
            inner: field.outline(-1.0),
            other,
            own: field,
            corner: [0, 1].map(|axis| (f64::from(corner[axis]) - middle[axis]) / per_unit),
            through,
            from,
            per_unit,
            bounds: ListRect {
                left: edge(low[0], 0.5),
                top: edge(low[1], 0.5),
                right: edge(high[0], -0.5),
                bottom: edge(high[1], -0.5),
            },
            diameter: span / per_unit,
            period: TAU,
            flips: false,
            freed: None,
        }
        .with_symmetry(window.sheet, middle.map(|v| v / per_unit))
    }

    fn with_symmetry(mut self, sheet: &Sheet, middle: [f64; 2]) -> Self {
        let judge = Judge::new(sheet, &self);
        let sure = |angle: f64, mirrored: bool| {
            let pose = Pose { x: middle[0], y: middle[1], ..Pose::turned(angle, mirrored) };
            let pose = judge.moves.settle(&pose, 1.0 / self.per_unit, 0.0).1;
            let pose = judge.moves.refine(&pose, (0.97, 1.03))?;
            // A pose that slid back to where it came from tells nothing.
            let slid = (pose.re - angle.cos()).hypot(pose.im - angle.sin()) > SLIDES * TAU / FOLDS[0];
            (!slid).then(|| super::confidence(super::against(&judge.look(&pose), pose.scale()), super::EVEN))
        };
        let same = |angle: f64, mirrored: bool| sure(angle, mirrored).is_some_and(|c| c >= SAME);
        let period = FOLDS.into_iter().map(|n| TAU / n).find(|angle| same(*angle, false)).unwrap_or(TAU);
        let flips = (0..8).any(|k| same(TAU / 8.0 * f64::from(k), true));
        (self.period, self.flips) = (period, flips);
        self
    }

    /// The same symbol of other ink, with nothing around it.
    pub(super) fn with_ink(&self, own: Field) -> Self {
        Self {
            region: own.outline(REGION_PX),
            inner: own.outline(-1.0),
            other: vec![false; own.data.len()],
            own,
            freed: None,
            ..self.clone()
        }
    }

    /// Moves the origin to another middle on the exemplar's page, list units.
    pub(in crate::count) fn about(&mut self, middle: [f32; 2]) {
        let b = self.bounds;
        let now = [(b.left + b.right) / 2.0, (b.top + b.bottom) / 2.0];
        for axis in 0..2 {
            self.corner[axis] += f64::from(now[axis] - middle[axis]);
        }
        if let Some(freed) = &mut self.freed {
            freed.about(middle);
        }
    }

    /// Whether a place of the exemplar's page lies on the symbol's ink, or almost.
    pub(in crate::count) fn holds(&self, p: [f32; 2], middle: [f32; 2]) -> bool {
        let at = |axis: usize| {
            ((f64::from(p[axis] - middle[axis]) - self.corner[axis]) * self.per_unit).floor() as i32
        };
        let (x, y) = (at(0), at(1));
        (-1..=1).any(|dx| (-1..=1).any(|dy| self.own.at(x + dx, y + dy) > 0.3))
    }

    /// Middle of a pixel of the frame relative to the middle, list units.
    pub(super) fn place(&self, i: usize) -> [f64; 2] {
        let (x, y) = (i % self.own.width, i / self.own.width);
        [self.corner[0] + (x as f64 + 0.5) / self.per_unit, self.corner[1] + (y as f64 + 0.5) / self.per_unit]
    }

    /// Where the middle of its box is in the frame, pixels.
    pub(super) fn frame_middle(&self) -> [f64; 2] {
        let middle = self.middle();
        [0, 1].map(|axis| (middle[axis] - self.corner[axis]) * self.per_unit)
    }

    /// The symbol's pixels.
    pub(super) fn ink(&self) -> Vec<Spot> {
        let spot = |i: usize| Spot { p: self.place(i), weight: self.own.data[i] };
        (0..self.own.data.len()).filter(|&i| self.own.data[i] >= 0.4).map(spot).collect()
    }

    /// Around the symbol's pixels, relative to the middle, list units.
    pub(super) fn hull(&self) -> Vec<[f64; 2]> {
        convex_hull(self.ink().iter().map(|s| s.p).collect())
    }

    /// The same as strokes on the exemplar's page, of its first pen.
    pub(in crate::count) fn edge(&self) -> Vec<Segment> {
        let b = self.bounds;
        let middle = [(b.left + b.right) / 2.0, (b.top + b.bottom) / 2.0];
        let at = |p: &[f64; 2]| [0, 1].map(|axis| p[axis] as f32 + middle[axis]);
        let hull = self.hull();
        let next = hull.iter().cycle().skip(1);
        let stroke = |(a, b)| Segment { a: at(a), b: at(b), style: 0, solid: false };
        hull.iter().zip(next).map(stroke).collect()
    }

    /// Middle of the box around them.
    pub(super) fn middle(&self) -> [f64; 2] {
        let hull = self.hull();
        [0, 1].map(|axis| {
            let along = || hull.iter().map(|p| p[axis]);
            let (low, high) =
                (along().fold(f64::INFINITY, f64::min), along().fold(f64::NEG_INFINITY, f64::max));
            if low <= high { f64::midpoint(low, high) } else { 0.0 }
        })
    }

    /// Blank pixels `from` to `to` pixels off the symbol's ink; those outside its outline weigh half.
    pub(super) fn paper(&self, from: usize, to: usize) -> Vec<Spot> {
        let (near, far) = (self.own.spread(from), self.own.spread(to));
        let blank = |i: &usize| near.data[*i] <= 0.05 && far.data[*i] > 0.05 && !self.other[*i];
        (0..self.own.data.len())
            .filter(blank)
            .map(|i| Spot { p: self.place(i), weight: if self.inner[i] { 1.0 } else { 0.5 } })
            .collect()
    }
}
