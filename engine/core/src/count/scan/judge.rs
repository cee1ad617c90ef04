//! A pose against the page's picture: moved onto it, and judged both ways.

use super::super::pose::Pose;
use super::coarse::spread_out;
use super::field::{self, Field};
use super::lanes::Places;
use super::moves::Moves;
use super::patch::{Patch, Spot};
use super::sheet::Sheet;
use crate::geom;

/// Spots that poses are moved by.
const INK: usize = 130;
const PAPER: usize = 60;
/// Foreign ink of at least this darkness hangs together.
const FOREIGN: f32 = 0.45;
/// Directions around a symbol, and in how many of them something must be that goes all around it.
const SECTORS: usize = 32;
const CLOSED: usize = 29;
/// Side of a cell of claimed ink, pixels.
const CLAIM_PX: f64 = 3.0;
/// What a part counts of which some lies inside the outline and the rest outside.
const OUTSIDE: f64 = 0.5;
/// Windows in which two pictures are compared: their share of the shorter side, and pixels at least; and of how many
/// the one that differs most is taken.
const WINDOW_SHARE: usize = 12;
const LEAST_WINDOW: usize = 3;
const MOST_OF: usize = 200;

/// What the page shows at a pose, shares of the exemplar's ink.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Ink of the exemplar that the page has not.
    pub absent: f64,
    /// Ink of the page inside the outline that the exemplar has not, of things that end there.
    pub foreign: f64,
    /// The same, of things that go on.
    pub passing: f64,
    /// Difference where both pictures differ most.
    pub worst: f64,
    /// Correlation of both pictures, blurred, where neither passing things nor what does not matter are.
    pub alike: f64,
}

/// Where two pictures differ most, blurred: how dark that is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worst {
    /// Ink of the exemplar that is missing.
    pub lacking: f64,
    /// Ink besides.
    pub besides: f64,
}

/// The page in the exemplar's frame.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub dark: Field,
    /// The same blurred, with what does not matter as the exemplar has it, so that it does not shade what is beside it.
    blurred: Field,
    /// What does not matter, and what passes through.
    pub ignored: Vec<bool>,
    /// Darkness inside the outline, of things that end there and that go on.
    pub foreign: f64,
    pub passing: f64,
}

pub(super) struct Judge<'a> {
    pub sheet: &'a Sheet,
    pub patch: &'a Patch,
    pub moves: Moves<'a>,
    ink: Vec<Spot>,
    /// Of all pixels of the exemplar's picture.
    all_places: Places,
    /// The exemplar's ink, a pixel wider on each side.
    wide: Field,
    blurred: Field,
    all: f64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(sheet: &'a Sheet, patch: &'a Patch) -> Self {
        let spots = patch.ink();
        let ink = spread_out(&spots, INK);
        Self {
            sheet,
            patch,
            moves: Moves::new(sheet, patch, &ink, &spread_out(&patch.paper(1, 3), PAPER)),
            ink,
            all_places: Places::of(
                (0..patch.own.data.len()).map(|i| patch.place(i).map(|v| (v * sheet.per_unit) as f32)),
            ),
            wide: patch.own.spread(1),
            blurred: patch.own.blurred(),
            all: patch.own.data.iter().map(|v| f64::from(*v)).sum::<f64>().max(1.0),
        }
    }

    /// The page in the exemplar's frame.
    pub(super) fn view(&self, pose: &Pose) -> View {
        let mut dark = Field::blank(self.patch.own.width, self.patch.own.height);
        self.moves.ink_at(pose, &self.all_places, &mut dark.data);
        let (w, h) = (dark.width, dark.height);
        let set: Vec<bool> = (0..dark.data.len()).map(|i| self.excess(&dark, i) >= FOREIGN).collect();
        let (mut ignored, mut foreign, mut passing) = (self.patch.other.clone(), 0.0, 0.0);
        for part in field::parts(&set, w) {
            let (mut inside, mut outside, mut leaves) = (0.0, 0.0, false);
            for &i in &part {
                let (x, y) = (i % w, i / w);
                leaves |= x == 0 || y == 0 || x + 1 == w || y + 1 == h;
                let into = if self.patch.region[i] { &mut inside } else { &mut outside };
                *into += f64::from(self.excess(&dark, i));
            }
            match (leaves, inside > 0.0) {
                (true, _) => {
                    passing += inside;
                    part.iter().for_each(|&i| ignored[i] = true);
                }
                (false, true) => foreign += inside + OUTSIDE * outside,
                (false, false) => {}
            }
        }
        let mut cleared = dark.clone();
        let own = self.patch.own.data.iter().zip(&ignored);
        cleared.data.iter_mut().zip(own).filter(|(_, own)| *own.1).for_each(|(v, own)| *v = *own.0);
        View { dark, blurred: cleared.blurred(), ignored, foreign, passing }
    }

    /// How much darker a view is at a pixel than the exemplar about there.
    fn excess(&self, view: &Field, i: usize) -> f32 {
        if self.patch.other[i] { 0.0 } else { (view.data[i] - self.wide.data[i]).max(0.0) }
    }

    /// Whether one thing on the page goes all around the symbol: it is a smaller part of that, then.
    pub(super) fn is_within(&self, view: &View) -> bool {
        let (w, h) = (view.dark.width, view.dark.height);
        let around: Vec<bool> =
            (0..w * h).map(|i| !self.patch.region[i] && view.dark.data[i] >= FOREIGN).collect();
        let middle = self.patch.frame_middle();
        let sector = |i: usize| {
            geom::sector([(i % w) as f64 + 0.5 - middle[0], (i / w) as f64 + 0.5 - middle[1]], SECTORS)
        };
        field::parts(&around, w).iter().any(|part| {
            let mut sectors = [false; SECTORS];
            part.iter().for_each(|i| sectors[sector(*i)] = true);
            sectors.iter().filter(|s| **s).count() >= CLOSED
        })
    }

    pub(super) fn look(&self, pose: &Pose) -> Seen {
        self.judged(&self.view(pose))
    }

    pub(super) fn judged(&self, view: &View) -> Seen {
        let near = view.dark.spread(1);
        let own = &self.patch.own;
        let missing = own.data.iter().zip(&near.data).map(|(ink, here)| f64::from((ink - here).max(0.0)));
        Seen {
            absent: missing.sum::<f64>() / self.all,
            foreign: view.foreign / self.all,
            passing: view.passing / self.all,
            worst: self.worst(view),
            alike: self.alike(view),
        }
    }

    pub(super) fn differs(&self, view: &View) -> Worst {
        let (p, q) = (&self.blurred, &view.blurred);
        let matters = |i: usize| self.matters(view, i);
        Worst { lacking: densest(p, q, matters), besides: densest(q, p, matters) }
    }

    /// Whether pixels are compared here.
    fn matters(&self, view: &View, i: usize) -> bool {
        self.patch.region[i] && !view.ignored[i]
    }

    /// How far both pictures go together, inside the outline.
    fn alike(&self, view: &View) -> f64 {
        let (p, q) = (&self.blurred, &view.blurred);
        let (mut n, mut sp, mut sq, mut pp, mut qq, mut pq) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for i in (0..p.data.len()).filter(|&i| self.matters(view, i)) {
            let (a, b) = (f64::from(p.data[i]), f64::from(q.data[i]));
            (n, sp, sq) = (n + 1.0, sp + a, sq + b);
            (pp, qq, pq) = (pp + a * a, qq + b * b, pq + a * b);
        }
        let spread = (pp - sp * sp / n) * (qq - sq * sq / n);
        if spread > 0.0 { (pq - sp * sq / n) / spread.sqrt() } else { 0.0 }
    }

    /// Where both pictures differ most: how much, of what either has there. A part that is missing, or is there
    /// besides, is no wear.
    fn worst(&self, view: &View) -> f64 {
        let (p, q) = (&self.blurred, &view.blurred);
        let (w, h) = (p.width, p.height);
        let side = (w.min(h) / 9).clamp(3, 16);
        let across = w.div_ceil(side);
        let mut cells = vec![(0.0_f64, 0.0_f64); across * h.div_ceil(side)];
        let mut total = 0.0;
        for y in 0..h {
            let of_row = (0..w).step_by(side).zip(&mut cells[y / side * across..][..across]);
            for (x, cell) in of_row {
                let pixels = y * w + x..y * w + w.min(x + side);
                for i in pixels.filter(|&i| self.matters(view, i)) {
                    let (a, b) = (f64::from(p.data[i]), f64::from(q.data[i]));
                    cell.0 += (a - b).abs();
                    cell.1 += a.max(b);
                    total += a.max(b);
                }
            }
        }
        cells.retain(|c| c.1 >= 0.008 * total);
        cells.sort_by(|p, q| (q.0 / q.1).total_cmp(&(p.0 / p.1)));
        let (mut lacking, mut all) = (0.0, f64::MIN_POSITIVE);
        for (l, ink) in cells {
            if all >= 0.08 * total {
                break;
            }
            lacking += l;
            all += ink;
        }
        lacking / all
    }

    /// Cells of the page that the exemplar's ink covers at a pose.
    pub(super) fn claims(&self, pose: &Pose) -> Vec<(i32, i32)> {
        let cell = |v: f64| (v * self.sheet.per_unit / CLAIM_PX).floor() as i32;
        let spots = self.ink.iter().map(|s| pose.apply(s.p));
        let mut claims: Vec<(i32, i32)> = spots.map(|p| (cell(p[0]), cell(p[1]))).collect();
        claims.sort_unstable();
        claims.dedup();
        claims
    }
}

/// How much darker one picture is than another where it is most, windows of it on average: a twelfth of its shorter
/// side wide, and one in two hundred of all.
fn densest(dark: &Field, light: &Field, matters: impl Fn(usize) -> bool) -> f64 {
    let (w, h) = (dark.width, dark.height);
    let mut more = Field::blank(w, h);
    for (i, v) in more.data.iter_mut().enumerate() {
        *v = if matters(i) { (dark.data[i] - light.data[i]).max(0.0) } else { 0.0 };
    }
    let mut windows = more.averaged((w.min(h) / WINDOW_SHARE).max(LEAST_WINDOW) / 2).data;
    let top = (windows.len() / MOST_OF).max(1);
    windows.select_nth_unstable_by(top - 1, |a, b| b.total_cmp(a));
    windows[..top].iter().map(|v| f64::from(*v)).sum::<f64>() / top as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::ListRect;
    use crate::page::picture::{DARKEST, Picture};

    const SIZE: usize = 80;

    /// A cross within a frame, with joints of tiles close beside them and a box around them, open or not, where asked for.
    fn page(joints: &[usize], boxed: Option<bool>) -> Sheet {
        let level = |x: usize, y: usize| {
            let within = |v: usize| (25..=55).contains(&v);
            let frame = within(x) && within(y) && ([25, 55].contains(&x) || [25, 55].contains(&y));
            let cross = (x == 40 || y == 40) && (30..=50).contains(&x) && (30..=50).contains(&y);
            let far = |v: usize| (17..=63).contains(&v);
            let box_of = far(x) && far(y) && ([17, 63].contains(&x) || [17, 63].contains(&y));
            let gap = boxed == Some(false) && x == 63 && (25..55).contains(&y);
            match frame || cross || boxed.is_some() && box_of && !gap {
                true => DARKEST,
                false if joints.contains(&x) => DARKEST / 2,
                false => 0,
            }
        };
        let mut picture = Picture::blank(SIZE, SIZE);
        for i in 0..SIZE * SIZE {
            let (x, y) = (i % SIZE, i / SIZE);
            picture.row_mut(y)[x / 2] |= level(x, y) << (x % 2 * 4);
        }
        Sheet::of(&picture, SIZE as f32)
    }

    #[test]
    fn what_does_not_matter_does_not_shade_what_is_beside_it() {
        let area = ListRect { left: 22.0, top: 22.0, right: 59.0, bottom: 59.0 };
        let tiled = page(&[27, 33, 45, 52], None);
        let patch = Patch::cut(&tiled, &area).unwrap();
        let judge = Judge::new(&tiled, &patch);
        let view = judge.view(&Pose { x: 40.5, y: 40.5, ..Pose::at([0.0, 0.0]) });
        assert!(view.ignored.contains(&true), "the joints are not the symbol's");
        let (seen, worst) = (judge.judged(&view), judge.differs(&view));
        assert!(seen.worst < 0.02 && seen.alike > 0.99, "{seen:?}");
        assert!(worst.besides < 0.02 && worst.lacking < 0.02, "{worst:?}");
    }

    #[test]
    fn a_box_around_a_symbol_is_told_from_one_beside_it() {
        let area = ListRect { left: 22.0, top: 22.0, right: 59.0, bottom: 59.0 };
        let patch = Patch::cut(&page(&[], None), &area).unwrap();
        for (boxed, within) in [(None, false), (Some(true), true), (Some(false), false)] {
            let sheet = page(&[], boxed);
            let judge = Judge::new(&sheet, &patch);
            let view = judge.view(&Pose { x: 40.5, y: 40.5, ..Pose::at([0.0, 0.0]) });
            assert_eq!(judge.is_within(&view), within, "{boxed:?}");
        }
    }
}
