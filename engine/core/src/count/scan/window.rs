//! The box that an exemplar is cut from, and what is around it: which pixels are the symbol's.

use super::field::{self, Field};
use super::sheet::Sheet;
use crate::geom::ListRect;

/// How dark the symbol's pen is: this share of the box's ink is lighter.
const PEN_RANK: f64 = 0.85;
const LEAST_INK: u8 = 60;
/// Shares of the pen's darkness from which a pixel is ink, tried until most of the box's ink stays in it.
pub(super) const SPLITS: [f32; 3] = [0.45, 0.6, 0.75];
const ATTACHED_SPLIT: f32 = 0.55;
/// Ink is as long as this share of the box's diagonal and more.
pub(super) const MIN_INK_SHARE: f64 = 0.25;
/// Parts of no more pixels, or a smaller share of the largest one, are crossings of hatch and grain.
const SPECK_PX: usize = 4;
const SPECK_SHARE: f64 = 0.03;
/// Of parts that lie over the edge of the box, those of this share of the largest one and more are the symbol's.
const MAIN_SHARE: f64 = 0.35;
/// In so many directions straight strokes are looked for that pass through the box, and so far beyond it, pixels.
const DIRECTIONS: u32 = 120;
const BEYOND: i32 = 4;
/// How far outside the rest of the symbol such a stroke closes it, pixels.
const CLOSING_PX: f64 = 4.0;
/// Pixels at the sides of such a stroke that are its, too, and that may be wanting in a row along it.
const SIDES: usize = 2;
const GAP: usize = 2;
/// A wall that a symbol hangs on has no more than this share of its pixels in the box's inner half.
const MIDDLE_SHARE: f64 = 0.08;
/// Crossings of hatch are no larger than this share of a symbol's largest part; there are so many in its box and more,
/// and around it as many to an area, or this share of it.
const CROSSING_SHARE: f64 = 0.08;
const CROSSINGS: usize = 8;
const AS_DENSE: f64 = 0.4;
const ENOUGH_KEPT: f64 = 0.6;
const LEAST_KEPT: f64 = 0.35;
/// A darker split must keep so much more.
const BETTER: f64 = 0.05;
/// Ink outside the box from which a part leaves it: pixels, and share of the part.
const LEAVES_PX: usize = 3;
const LEAVES_SHARE: f64 = 0.12;
/// How near the edge of the box ink hardly is the symbol's, pixels.
const EDGE: i32 = 2;
/// What is looked at around the box, share of its diagonal.
const AROUND: f64 = 0.5;

/// Which pixels of a window are the symbol's.
pub(super) struct Cut {
    /// How dark ink is at least.
    pub split: f32,
    pub own: Vec<bool>,
    /// The same without strokes that pass through the box, where some do on which it hangs: whether they are the
    /// symbol's, the other places say.
    pub freed: Option<Vec<bool>>,
}

/// A box on a page and what is around it, pixels: left, top, right, bottom.
pub(super) struct Window<'a> {
    pub sheet: &'a Sheet,
    all: [i32; 4],
    inner: [i32; 4],
    width: usize,
    /// Of the box.
    pub diagonal: f64,
}

impl<'a> Window<'a> {
    pub(super) fn around(sheet: &'a Sheet, area: &ListRect) -> Self {
        let inner = sheet.pixels_of(area, 1.0);
        let diagonal = f64::from(inner[2] - inner[0]).hypot(f64::from(inner[3] - inner[1]));
        let all = sheet.pixels_of(area, diagonal * AROUND);
        Self { sheet, all, inner, width: (all[2] - all[0]).max(0) as usize, diagonal }
    }

    fn len(&self) -> usize {
        self.width * (self.all[3] - self.all[1]).max(0) as usize
    }

    fn place(&self, i: usize) -> (i32, i32) {
        (self.all[0] + (i % self.width) as i32, self.all[1] + (i / self.width) as i32)
    }

    pub(super) fn index(&self, x: i32, y: i32) -> Option<usize> {
        let inside = x >= self.all[0] && y >= self.all[1] && x < self.all[2] && y < self.all[3];
        inside.then(|| (y - self.all[1]) as usize * self.width + (x - self.all[0]) as usize)
    }

    fn dark(&self, i: usize) -> u8 {
        let (x, y) = self.place(i);
        self.sheet.at(x, y)
    }

    /// In the box, at least so far from its edge.
    fn inside(&self, i: usize, by: i32) -> bool {
        let ((x, y), [left, top, right, bottom]) = (self.place(i), self.inner);
        x >= left + by && x < right - by && y >= top + by && y < bottom - by
    }

    /// How dark the ink in the box is.
    pub(super) fn pen(&self) -> Option<u8> {
        let inside = (0..self.len()).filter(|&i| self.inside(i, 0));
        let mut ink: Vec<u8> = inside.map(|i| self.dark(i)).filter(|v| *v >= LEAST_INK).collect();
        ink.sort_unstable();
        ink.get((ink.len() as f64 * PEN_RANK) as usize).copied()
    }

    /// Which pixels are the symbol's, and how dark ink is at least.
    pub(super) fn symbol(&self, pen: f32) -> Cut {
        let mut best: Option<(f64, f32, Vec<bool>)> = None;
        for split in SPLITS.map(|share| pen * share) {
            let (kept, own) = self.parted(split as u8);
            let clean = (0..own.len()).filter(|&i| own[i] && !self.inside(i, EDGE)).count() <= LEAVES_PX;
            if clean && kept >= LEAST_KEPT && best.as_ref().is_none_or(|b| kept > b.0 + BETTER) {
                best = Some((kept, split, own));
                if kept >= ENOUGH_KEPT {
                    break;
                }
            }
        }
        if let Some((_, split, own)) = best {
            return Cut { split, own, freed: None };
        }
        let split = pen * ATTACHED_SPLIT;
        let ink: Vec<bool> = (0..self.len()).map(|i| f32::from(self.dark(i)) >= split).collect();
        let passing = self.passing(&ink);
        // Hatch is all over the box, and would take what it crosses along.
        let frees = passing.contains(&true) && !self.is_all_over(&passing);
        let freed = frees.then(|| self.attached(&ink, &self.with_sides(&passing)));
        Cut { split, own: self.attached(&ink, &vec![false; ink.len()]), freed }
    }

    /// The symbol's pixels where it hangs on what goes on, such as a wall: what of it is in the box, less what passes
    /// through and what lies over its edge.
    fn attached(&self, ink: &[bool], passing: &[bool]) -> Vec<bool> {
        let rest: Vec<bool> = ink.iter().zip(passing).map(|(ink, passes)| *ink && !passes).collect();
        let parts = field::parts(&rest, self.width);
        let within = |part: &[usize]| part.iter().filter(|&&i| self.inside(i, EDGE)).count();
        let all: usize = parts.iter().map(|p| within(p)).sum();
        let largest = parts.iter().map(|p| within(p)).max().unwrap_or(0) as f64;
        let mut own = vec![false; ink.len()];
        for part in &parts {
            let inside = within(part);
            let stays = ((part.len() - inside) as f64) < LEAVES_SHARE * part.len() as f64;
            if stays || inside as f64 >= MAIN_SHARE * largest {
                part.iter().filter(|&&i| self.inside(i, EDGE)).for_each(|&i| own[i] = true);
            }
        }
        let kept = own.iter().filter(|own| **own).count();
        // Where it lies on a wall, the wall's line is its edge, too.
        let field = self.field(&own);
        let (far, near) = (field.outline(CLOSING_PX), field.outline(-CLOSING_PX));
        (0..own.len())
            .filter(|&i| ink[i] && passing[i] && far[i] && !near[i] && self.inside(i, EDGE))
            .for_each(|i| own[i] = true);
        if (kept as f64) < ENOUGH_KEPT * all as f64 || (kept as f64) < self.diagonal * MIN_INK_SHARE {
            own = (0..ink.len()).map(|i| ink[i] && self.inside(i, EDGE)).collect();
        }
        self.without_hatch(own, ink)
    }

    fn field(&self, set: &[bool]) -> Field {
        let mut field = Field::blank(self.width, self.len() / self.width.max(1));
        field.data.iter_mut().zip(set).for_each(|(v, set)| *v = f32::from(u8::from(*set)));
        field
    }

    /// Which pixels in the box lie on a straight stroke that goes on beyond it on both sides.
    fn passing(&self, ink: &[bool]) -> Vec<bool> {
        let is_ink = |x: i32, y: i32| self.index(x, y).is_some_and(|i| ink[i]);
        // A stroke of a pixel or two is met by no line of pixels.
        let near: Vec<bool> = (0..self.len())
            .map(|i| {
                let (x, y) = self.place(i);
                (-1..=1).any(|dx| (-1..=1).any(|dy| is_ink(x + dx, y + dy)))
            })
            .collect();
        let [left, top, right, bottom] = self.inner;
        let beyond = |x: i32, y: i32| {
            x < left - BEYOND || x >= right + BEYOND || y < top - BEYOND || y >= bottom + BEYOND
        };
        let goes_on = |(x, y): (i32, i32), (dx, dy): (f64, f64)| {
            let mut gap = 0;
            for step in 1.. {
                let at = |from: i32, by: f64| (f64::from(from) + by * f64::from(step)).round() as i32;
                let (x, y) = (at(x, dx), at(y, dy));
                if beyond(x, y) {
                    return true;
                }
                gap = if self.index(x, y).is_some_and(|i| near[i]) { 0 } else { gap + 1 };
                if gap > GAP {
                    return false;
                }
            }
            false
        };
        let ways: Vec<(f64, f64)> = (0..DIRECTIONS)
            .map(|k| (std::f64::consts::PI * f64::from(k) / f64::from(DIRECTIONS)).sin_cos())
            .collect();
        let passes = |i: usize| {
            let at = self.place(i);
            ways.iter().any(|&(y, x)| goes_on(at, (x, y)) && goes_on(at, (-x, -y)))
        };
        (0..self.len()).map(|i| ink[i] && self.inside(i, 0) && passes(i)).collect()
    }

    /// Whether pixels of the box are in its inner half, too.
    fn is_all_over(&self, pixels: &[bool]) -> bool {
        let [left, top, right, bottom] = self.inner;
        let [across, down] = [right - left, bottom - top].map(|side| side / 4);
        let in_the_middle = |i: &usize| {
            let (x, y) = self.place(*i);
            x >= left + across && x < right - across && y >= top + down && y < bottom - down
        };
        let pixels = || (0..pixels.len()).filter(|&i| pixels[i]);
        pixels().filter(in_the_middle).count() as f64 > MIDDLE_SHARE * pixels().count() as f64
    }

    /// The pixels at the sides of strokes are theirs, too.
    fn with_sides(&self, strokes: &[bool]) -> Vec<bool> {
        let wide = self.field(strokes).spread(SIDES);
        (0..self.len()).map(|i| self.inside(i, 0) && wide.data[i] > 0.0).collect()
    }

    /// Pixels without the crossings that are left of hatch where there are as many about the box.
    fn without_hatch(&self, mut own: Vec<bool>, ink: &[bool]) -> Vec<bool> {
        let around: Vec<bool> = (0..self.len()).map(|i| ink[i] && !self.inside(i, 0)).collect();
        let inside = field::parts(&own, self.width);
        let small = (inside.iter().map(Vec::len).max().unwrap_or(0) as f64 * CROSSING_SHARE) as usize;
        let sizes = |parts: &[Vec<usize>]| {
            let mut sizes: Vec<usize> = parts.iter().map(Vec::len).filter(|n| *n <= small).collect();
            sizes.sort_unstable();
            sizes
        };
        let (here, there) = (sizes(&inside), sizes(&field::parts(&around, self.width)));
        let area = (0..self.len()).filter(|&i| self.inside(i, EDGE)).count() as f64;
        let dense = (here.len() as f64 / area, there.len() as f64 / (self.len() as f64 - area).max(1.0));
        if here.len() >= CROSSINGS && dense.1 >= AS_DENSE * dense.0 {
            let most = there[(there.len() - 1) * 19 / 20].max(SPECK_PX);
            inside.iter().filter(|p| p.len() <= most).flatten().for_each(|&i| own[i] = false);
        }
        own
    }

    /// Which pixels belong to parts that stay in the box, and their share of the box's ink.
    fn parted(&self, split: u8) -> (f64, Vec<bool>) {
        let ink: Vec<bool> = (0..self.len()).map(|i| self.dark(i) >= split.max(1)).collect();
        let mut own = vec![false; self.len()];
        let (mut kept, mut all) = (0.0, 0.0);
        let parts = field::parts(&ink, self.width);
        let within = |part: &[usize]| part.iter().filter(|&&i| self.inside(i, 0)).count();
        let largest = parts.iter().map(|p| within(p)).max().unwrap_or(0);
        let speck = SPECK_PX.max((largest as f64 * SPECK_SHARE) as usize);
        for part in parts {
            let mass: f64 =
                part.iter().filter(|&&i| self.inside(i, 0)).map(|&i| f64::from(self.dark(i))).sum();
            let outside = part.len() - within(&part);
            all += mass;
            let stays = outside <= LEAVES_PX || (outside as f64) < LEAVES_SHARE * part.len() as f64;
            if mass > 0.0 && part.len() > speck && stays {
                kept += mass;
                part.iter().for_each(|&i| own[i] = true);
            }
        }
        (if all > 0.0 { kept / all } else { 0.0 }, own)
    }

    /// Of the set pixels, of which there are some: left and top, and right and bottom past them.
    pub(super) fn bounds(&self, own: &[bool]) -> ([i32; 2], [i32; 2]) {
        let set = (0..own.len()).filter(|&i| own[i]).map(|i| self.place(i));
        set.fold(([i32::MAX; 2], [i32::MIN; 2]), |(low, high), (x, y)| {
            ([low[0].min(x), low[1].min(y)], [high[0].max(x + 1), high[1].max(y + 1)])
        })
    }
}
