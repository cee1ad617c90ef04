//! A first move of a rough pose onto the page's ink: a few spots, at all places around it together.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, dispatch, f32x8, i32x8, u8x16, u16x8};

use super::super::pose::Pose;
use super::lanes::{Places, Through};
use super::moves::{Moves, SOIL, grown};
use super::patch::Spot;
use crate::geom::below;
use crate::lanes::LANES;

/// Spots that the first look takes.
const FIRST: usize = 48;
/// How far from a rough pose is tried at first, and turns: shares of what it may be off.
const OFFSET: f64 = 1.2;
const TURNS: [f64; 3] = [0.0, -0.4, 0.4];
/// Columns that are tried together, and to either side at most; a row of pixels is read past them.
const COLUMNS: usize = 16;
const MOST_ASIDE: f64 = 7.0;
/// The most that a first spot weighs: all of them on the darkest ink are less than 65,536.
const HEAVIEST: f32 = 8.0;

/// The spots of the first look, and the page as they see it, in whole numbers.
pub(super) struct First {
    at: Places,
    weights: Vec<u8>,
    /// Darkness where ink begins and where it is full.
    begins: u8,
    full: u8,
    /// What all of them meet on full ink.
    all: f64,
}

impl First {
    pub(super) fn new(ink: &[Spot], per_unit: f64, through: Through) -> Self {
        let spots = &ink[..ink.len().min(FIRST)];
        let at = Places::of(spots.iter().map(|s| s.p.map(|v| (v * per_unit) as f32)));
        let mut weights: Vec<u8> = spots.iter().map(|s| (s.weight * HEAVIEST).round() as u8).collect();
        let all: f64 = weights.iter().map(|w| f64::from(*w)).sum();
        weights.resize(at.x.len(), 0);
        let (begins, full) = (through.begins.round() as u8, through.full.round() as u8);
        Self { at, weights, begins, full, all: (all * f64::from(through.full - through.begins)).max(1.0) }
    }
}

/// Where about a rough pose is looked at first, pixels: all columns so far to either side, and so many rows up and down,
/// so many apart.
#[derive(Clone, Copy)]
struct Offsets {
    aside: usize,
    rows: usize,
    apart: usize,
}

impl Offsets {
    fn of(px: f64) -> Self {
        let aside = (OFFSET * px).round().clamp(1.0, MOST_ASIDE) as usize;
        let apart = ((px / 2.0).round().max(1.0) as usize).min(aside);
        Self { aside, rows: (aside / apart).min(2), apart }
    }
}

/// What the first spots meet at each offset.
type Met<const ROWS: usize> = [[u16; COLUMNS]; ROWS];

/// Poses in an order in which one looks at pixels that the one before it looked at, too: by bands, so high, and along them.
pub(super) fn as_they_lie(poses: &mut [&Pose], high: f64) {
    let band = |pose: &Pose| (pose.y / high).floor();
    poses.sort_by(|p, q| band(p).total_cmp(&band(q)).then(p.x.total_cmp(&q.x)).then(p.y.total_cmp(&q.y)));
}

impl Moves<'_> {
    /// A first move of a rough pose onto the page's ink, and how well it fits then. `off` and `turn` are what it
    /// may be off.
    pub(super) fn settle(&self, rough: &Pose, off: f64, turn: f64) -> (f64, Pose) {
        dispatch!(self.level, simd => self.settle_with(simd, rough, off, turn))
    }

    #[inline(always)]
    fn settle_with<S: Simd>(&self, simd: S, rough: &Pose, off: f64, turn: f64) -> (f64, Pose) {
        let offsets = Offsets::of(off * self.page.sheet.per_unit);
        let (met, pose) = match offsets.rows {
            1 => self.met_most::<S, 3>(simd, rough, offsets, turn),
            _ => self.met_most::<S, 5>(simd, rough, offsets, turn),
        };
        let mut turned = Places::default();
        self.paper.at.turned(simd, &pose, &mut turned);
        let soil =
            self.share(simd, &self.paper, &turned, self.place(&pose), f64::NEG_INFINITY).unwrap_or(0.0);
        (f64::from(met) / self.first.all - SOIL * soil, pose)
    }

    /// Where about a rough pose the first spots meet most ink, the nearest where several do, and how much.
    #[inline(always)]
    fn met_most<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        rough: &Pose,
        offsets: Offsets,
        turn: f64,
    ) -> (u16, Pose) {
        let at = self.place(rough);
        let mut best = ((0, i32::MIN), *rough);
        let mut turned = Places::default();
        let per_px = 1.0 / self.page.sheet.per_unit;
        for k in TURNS {
            let pose = grown(rough, k * turn, 0.0);
            self.first.at.turned(simd, &pose, &mut turned);
            let met: Met<ROWS> = if self.page.holds(at, &turned, COLUMNS as f32) {
                self.met_around(simd, at, &turned, offsets)
            } else {
                self.met_at_edge(at, &turned, offsets)
            };
            for (row, met) in met.iter().enumerate() {
                let dy = (row as i32 - ROWS as i32 / 2) * offsets.apart as i32;
                for (column, met) in met[..2 * offsets.aside + 1].iter().enumerate() {
                    let dx = column as i32 - offsets.aside as i32;
                    let fits = (*met, -(dx * dx + dy * dy));
                    if fits > best.0 {
                        let by = [dx, dy].map(|v| f64::from(v) * per_px);
                        best = (fits, Pose { x: rough.x + by[0], y: rough.y + by[1], ..pose });
                    }
                }
            }
        }
        (best.0.0, best.1)
    }

    /// How much of the first spots is on ink at each of the offsets.
    #[inline(always)]
    fn met_around<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        at: [f32; 2],
        turned: &Places,
        offsets: Offsets,
    ) -> Met<ROWS> {
        let (first, sheet) = (&self.first, self.page.sheet);
        let (begins, full) = (u8x16::splat(simd, first.begins), u8x16::splat(simd, first.full));
        let mut met = [[u16x8::splat(simd, 0); 2]; ROWS];
        // From a spot to the first pixel that is read for it.
        let back = ROWS / 2 * offsets.apart * sheet.width + offsets.aside;
        let down = offsets.apart * sheet.width;
        for (k, weights) in first.weights.chunks_exact(LANES).enumerate() {
            let from = |v: &[f32], by: f32| -> [i32; LANES] {
                i32x8::truncate_from((f32x8::from_slice(simd, &v[k * LANES..][..LANES]) + by).floor()).into()
            };
            let (x, y) = (from(&turned.x, at[0]), from(&turned.y, at[1]));
            for lane in 0..LANES {
                let weight = u8x16::splat(simd, weights[lane]);
                let start = y[lane] as usize * sheet.width + x[lane] as usize - back;
                for (row, met) in met.iter_mut().enumerate() {
                    let pixels = u8x16::from_slice(simd, &sheet.pixels()[start + row * down..][..COLUMNS]);
                    let ink = pixels.max(begins).min(full) - begins;
                    let (left, right) = simd.widening_mul_u8x16(ink, weight);
                    met[0] += left;
                    met[1] += right;
                }
            }
        }
        let mut out = [[0; COLUMNS]; ROWS];
        for (out, [left, right]) in out.iter_mut().zip(met) {
            left.store_slice(&mut out[..COLUMNS / 2]);
            right.store_slice(&mut out[COLUMNS / 2..]);
        }
        out
    }

    #[inline(never)]
    fn met_at_edge<const ROWS: usize>(&self, at: [f32; 2], turned: &Places, offsets: Offsets) -> Met<ROWS> {
        let first = &self.first;
        let mut met = [[0; COLUMNS]; ROWS];
        for ((x, y), w) in turned.x.iter().zip(&turned.y).zip(&first.weights) {
            let (x, y) = (below(at[0] + x) - offsets.aside as i32, below(at[1] + y));
            for (row, met) in met.iter_mut().enumerate() {
                let y = y + (row as i32 - ROWS as i32 / 2) * offsets.apart as i32;
                for (column, met) in met[..2 * offsets.aside + 1].iter_mut().enumerate() {
                    let v = self.page.sheet.at(x + column as i32, y);
                    *met += u16::from(v.clamp(first.begins, first.full) - first.begins) * u16::from(*w);
                }
            }
        }
        met
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::Level;

    use super::super::moves::tests::{moves, page};
    use super::super::patch::Patch;
    use super::*;
    use crate::geom::ListRect;

    #[test]
    fn first_spots_meet_what_is_where_they_are_whether_many_or_one_is_looked_at() {
        let sheet = page();
        let patch = Patch::cut(&sheet, &ListRect { left: 18.0, top: 18.0, right: 46.0, bottom: 46.0 });
        let patch = patch.expect("something is drawn");
        let moves = moves(&sheet, &patch, Level::new());
        let offsets = Offsets::of(2.0);
        let mut turned = Places::default();
        for (at, turn) in [([106.4, 51.2], 0.1), ([109.0, 53.0], 0.0), ([100.0, 47.0], 2.0)] {
            assert!(moves.page.holds(at, &moves.first.at, COLUMNS as f32));
            let pose = Pose::turned(turn, true);
            let many: Met<5> = dispatch!(moves.level, simd => {
                moves.first.at.turned(simd, &pose, &mut turned);
                moves.met_around(simd, at, &turned, offsets)
            });
            let one: Met<5> = moves.met_at_edge(at, &turned, offsets);
            let asked = 0..2 * offsets.aside + 1;
            (0..5).for_each(|row| assert_eq!(many[row][asked.clone()], one[row][asked.clone()]));
            assert!(many.iter().flatten().any(|met| *met > 0));
        }
        // On all of its ink, all is met.
        let (fit, _) = moves.settle(&Pose { x: 109.0, y: 53.0, ..Pose::turned(0.0, false) }, 1.0, 0.1);
        assert!((0.9..=1.0 + 1e-9).contains(&fit), "{fit}");
    }
}
