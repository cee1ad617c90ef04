//! A pose against the page's picture: moved onto it, and judged both ways.

use std::f64::consts::FRAC_1_SQRT_2;

use super::super::pose::Pose;
use super::coarse::spread_out;
use super::field::{self, Field};
use super::patch::{Patch, Spot};
use super::sheet::{Sheet, below};

/// Spots that the first look takes, and those of the moves after it.
const FIRST: usize = 48;
const INK: usize = 130;
const PAPER: usize = 60;
/// What soiled paper counts against ink.
const SOIL: f64 = 0.5;
/// Less ink than this share under the best rough pose, and no moving helps.
const HOPELESS: f64 = 0.4;
/// Moves: pixels; each is tried in every direction until none helps, at most so often.
const MOVES: [f64; 3] = [1.0, 0.5, 0.25];
const TRIES: usize = 6;
/// Foreign ink of at least this darkness hangs together.
const FOREIGN: f32 = 0.45;
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
    /// What does not matter, and what passes through.
    pub ignored: Vec<bool>,
    /// Darkness inside the outline, of things that end there and that go on.
    pub foreign: f64,
    pub passing: f64,
}

pub(super) struct Judge<'a> {
    pub sheet: &'a Sheet,
    pub patch: &'a Patch,
    first: Vec<Spot>,
    ink: Vec<Spot>,
    paper: Vec<Spot>,
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
            first: ink.iter().take(FIRST).copied().collect(),
            ink,
            paper: spread_out(&patch.paper(1, 3), PAPER),
            wide: patch.own.spread(1),
            blurred: patch.own.blurred(),
            all: patch.own.data.iter().map(|v| f64::from(*v)).sum::<f64>().max(1.0),
        }
    }

    fn value(&self, pose: &Pose, p: [f64; 2]) -> f32 {
        let q = pose.apply(p);
        let at = |axis: usize| (q[axis] * self.sheet.per_unit) as f32;
        self.sheet.between(at(0), at(1), &self.patch.through)
    }

    fn share(&self, pose: &Pose, spots: &[Spot]) -> f64 {
        let (mut met, mut all) = (0.0, f32::MIN_POSITIVE);
        for s in spots {
            met += s.weight * self.value(pose, s.p);
            all += s.weight;
        }
        f64::from(met / all)
    }

    fn fit(&self, pose: &Pose) -> f64 {
        self.share(pose, &self.ink) - SOIL * self.share(pose, &self.paper)
    }

    /// A first move of a rough pose onto the page's ink, and how well it fits then. `off` and `turn` are what it
    /// may be off.
    pub(super) fn settle(&self, rough: &Pose, off: f64, turn: f64) -> (f64, Pose) {
        let mut best = (f32::NEG_INFINITY, *rough);
        let step = off * 0.6;
        let px = self.sheet.per_unit;
        let mut places: Vec<([f32; 2], f32)> = Vec::with_capacity(self.first.len());
        for k in -1..=1 {
            let turned = grown(rough, f64::from(k) * turn * 0.4, 0.0);
            places.clear();
            places.extend(self.first.iter().map(|s| (turned.apply(s.p).map(|v| (v * px) as f32), s.weight)));
            for (dx, dy) in
                (-2..=2).flat_map(|dy| (-2..=2).map(move |dx| (f64::from(dx) * step, f64::from(dy) * step)))
            {
                let (sx, sy) = ((dx * px) as f32, (dy * px) as f32);
                let ink = |(p, w): &([f32; 2], f32)| {
                    let at = self.sheet.at(below(p[0] + sx), below(p[1] + sy));
                    w * self.patch.through[usize::from(at)]
                };
                let met: f32 = places.iter().map(ink).sum();
                if met > best.0 {
                    best = (met, Pose { x: rough.x + dx, y: rough.y + dy, ..turned });
                }
            }
        }
        let all: f32 = self.first.iter().map(|s| s.weight).sum::<f32>().max(f32::MIN_POSITIVE);
        let best = (f64::from(best.0 / all), best.1);
        (best.0 - SOIL * self.share(&best.1, &self.paper), best.1)
    }

    /// The pose moved to where the page's ink is; `None` if there is none.
    pub(super) fn refine(&self, settled: &Pose, sizes: (f64, f64)) -> Option<Pose> {
        let mut pose = *settled;
        let mut fit = self.fit(&pose);
        let radius = self.patch.diameter / 2.0;
        for px in MOVES {
            let (step, about) = (px / self.sheet.per_unit, px / self.sheet.per_unit / radius);
            for _ in 0..TRIES {
                let diagonal = step * FRAC_1_SQRT_2;
                let moved = |x: f64, y: f64| Pose { x: pose.x + x, y: pose.y + y, ..pose };
                let tries = [
                    moved(step, 0.0),
                    moved(-step, 0.0),
                    moved(0.0, step),
                    moved(0.0, -step),
                    moved(diagonal, diagonal),
                    moved(-diagonal, diagonal),
                    moved(diagonal, -diagonal),
                    moved(-diagonal, -diagonal),
                    grown(&pose, about, 0.0),
                    grown(&pose, -about, 0.0),
                    grown(&pose, 0.0, about),
                    grown(&pose, 0.0, -about),
                ];
                let mut better = None;
                for t in tries.into_iter().filter(|t| (sizes.0..=sizes.1).contains(&t.scale())) {
                    let f = self.fit(&t);
                    if f > fit + 1e-6 {
                        (fit, better) = (f, Some(t));
                    }
                }
                match better {
                    Some(t) => pose = t,
                    None => break,
                }
            }
            if fit < HOPELESS {
                return None;
            }
        }
        Some(pose)
    }

    /// The page in the exemplar's frame.
    pub(super) fn view(&self, pose: &Pose) -> View {
        let mut dark = Field::blank(self.patch.own.width, self.patch.own.height);
        for (i, v) in dark.data.iter_mut().enumerate() {
            *v = self.value(pose, self.patch.place(i));
        }
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
        View { dark, ignored, foreign, passing }
    }

    /// How much darker a view is at a pixel than the exemplar about there.
    fn excess(&self, view: &Field, i: usize) -> f32 {
        if self.patch.other[i] { 0.0 } else { (view.data[i] - self.wide.data[i]).max(0.0) }
    }

    pub(super) fn look(&self, pose: &Pose) -> Seen {
        self.judged(&self.view(pose))
    }

    pub(super) fn judged(&self, view: &View) -> Seen {
        let near = view.dark.spread(1);
        let own = &self.patch.own;
        let missing = own.data.iter().zip(&near.data).map(|(ink, here)| f64::from((ink - here).max(0.0)));
        let q = view.dark.blurred();
        Seen {
            absent: missing.sum::<f64>() / self.all,
            foreign: view.foreign / self.all,
            passing: view.passing / self.all,
            worst: self.worst(&q, &view.ignored),
            alike: self.alike(&q, &view.ignored),
        }
    }

    pub(super) fn differs(&self, view: &View) -> Worst {
        let (p, q) = (&self.blurred, view.dark.blurred());
        let matters = |i: usize| self.patch.region[i] && !view.ignored[i];
        Worst { lacking: densest(p, &q, matters), besides: densest(&q, p, matters) }
    }

    /// How far both pictures go together, inside the outline.
    fn alike(&self, q: &Field, ignored: &[bool]) -> f64 {
        let p = &self.blurred;
        let (mut n, mut sp, mut sq, mut pp, mut qq, mut pq) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for i in (0..p.data.len()).filter(|&i| self.patch.region[i] && !ignored[i]) {
            let (a, b) = (f64::from(p.data[i]), f64::from(q.data[i]));
            (n, sp, sq) = (n + 1.0, sp + a, sq + b);
            (pp, qq, pq) = (pp + a * a, qq + b * b, pq + a * b);
        }
        let spread = (pp - sp * sp / n) * (qq - sq * sq / n);
        if spread > 0.0 { (pq - sp * sq / n) / spread.sqrt() } else { 0.0 }
    }

    /// Where both pictures differ most: how much, of what either has there. A part that is missing, or is there
    /// besides, is no wear.
    fn worst(&self, q: &Field, ignored: &[bool]) -> f64 {
        let p = &self.blurred;
        let (w, h) = (p.width, p.height);
        let side = (w.min(h) / 9).clamp(3, 16);
        let across = w.div_ceil(side);
        let mut cells = vec![(0.0_f64, 0.0_f64); across * h.div_ceil(side)];
        let mut total = 0.0;
        for i in (0..p.data.len()).filter(|&i| self.patch.region[i] && !ignored[i]) {
            let (a, b) = (f64::from(p.data[i]), f64::from(q.data[i]));
            let cell = &mut cells[i / w / side * across + i % w / side];
            cell.0 += (a - b).abs();
            cell.1 += a.max(b);
            total += a.max(b);
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

/// Turned and grown about its own place.
fn grown(pose: &Pose, turn: f64, grow: f64) -> Pose {
    let (sin, cos) = turn.sin_cos();
    let by = 1.0 + grow;
    Pose { re: (pose.re * cos - pose.im * sin) * by, im: (pose.re * sin + pose.im * cos) * by, ..*pose }
}
