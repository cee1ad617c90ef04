//! What the better matches of an exemplar have in common, and all of them judged anew by it.
//!
//! One picture of a symbol has what lay over it and under it where it was cut out, and its own grain. What the better
//! matches show alike is the symbol's. What a match shows else is chance where it is alone with it, and makes it
//! another symbol where others show the same.

use std::f64::consts::TAU;

use super::super::candidates::Range;
use super::super::judge::Stopped;
use super::super::pose::Pose;
use super::field::{self, Field};
use super::judge::{Judge, Seen, View, Worst};
use super::patch::{Patch, REGION_PX};
use super::{EVEN_CONFIDENCE, LOOK_STEPS, Placed};
use crate::budget::Budget;
use crate::geom;

/// Of the likely matches so many are asked what they have in common: the better ones, this share, within limits.
const BETTER: f64 = 0.4;
const LEAST: usize = 3;
const MOST: usize = 32;
/// A place that is so much less likely than not is none.
const HOPELESS: f64 = 6.0;
/// Where hardly any is likely, so many are asked.
const FIRST: usize = 12;
/// The symbol's ink is nowhere further from the exemplar's, pixels, and as dark as this, 0 to 1.
const NEAR_PX: usize = 2;
const INK: f32 = 0.3;
/// What is lighter in common is paper.
const PAPER: f32 = 0.15;
/// What is darker and not in common is the rest; this share of it goes on beyond the box of what lies over a symbol.
const RESTS: f32 = 0.4;
const GOES_ON: f64 = 0.7;
/// A letter is cut of which less than this share is in the box; its fellows are as large by this factor or less, and at
/// most so many sizes away.
const CUT_SHARE: f64 = 0.9;
const SAME_LETTERS: f64 = 1.5;
const NEXT: f64 = 3.0;
const BESIDE_IT: usize = 2;
const SCRAP: f64 = 0.06;
/// Differences of less darkness are grain.
const GRAIN: f32 = 0.15;
/// How far outside the outline differences count, pixels, and into how many cells across they are gathered.
const BESIDE_PX: f64 = 1.0;
const CELLS: usize = 24;
/// The same of a symbol that lies on itself turned: rings about its middle, and parts of each; such a symbol turns by a
/// whole number of these, a round one by one.
const RINGS: usize = 6;
const SECTORS: usize = 48;
const ROUND_FOLDS: f64 = 15.5;
/// So many sectors to either side, what two of them show may be off against each other.
const ABOUT: usize = 2;
/// Matches, best first, whose differences others are compared with, and how many of them must show the same.
const COMPARED: usize = 400;
const OTHERS: usize = 3;
/// An exemplar that differs so much, as a share of the ink, and so alike another match, is of another kind than most.
const DIFFERS: f64 = 0.02;
const ALIKE: f64 = 0.6;
/// Weights of what speaks for a match, found by logistic regression on generated scans.
const ALL: f64 = 11.3;
const BEFORE: f64 = 0.7;
const UNLIKE: f64 = 2.3;
const LACKING: f64 = 17.5;
const BESIDES: f64 = 10.0;
const SHARED: f64 = 54.0;
/// Chance makes differences so alike.
const CHANCE: f64 = 0.5;
/// How much speaks for a match at the threshold, and how a confidence changes with it above and below.
const EVEN: f64 = 0.5;
const ABOVE: f64 = 0.05;
const BELOW: f64 = 0.2;

/// A match as what the better ones have in common shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anew {
    pub confidence: f64,
    pub pose: Pose,
    pub seen: Seen,
}

/// All matches anew.
#[derive(Default)]
pub(super) struct Common {
    /// None for the exemplar's own.
    pub matches: Vec<Option<Anew>>,
    /// Around what they have in common, in the exemplar's frame.
    pub hull: Vec<[f64; 2]>,
    /// The exemplar without what it alone shows, where that is more than grain.
    pub less: Option<Patch>,
    /// Places that are none, but show the same as each other, and of the exemplar most, list units.
    pub lacking: Vec<[f64; 2]>,
    /// The exemplar as those show it, where the rest of it goes on beyond its box: something else's.
    pub bare: Option<Patch>,
}

/// A match in the frame of what the better ones have in common.
struct Look {
    pose: Pose,
    seen: Seen,
    worst: Worst,
    rest: Rest,
}

/// Each of the placed matches anew; none where too few are likely to say anything in common.
/// `placed` comes best first, `even` is how much may speak against one that is as likely none.
pub(super) fn judge(
    judge: &Judge<'_>,
    placed: &[Placed],
    even: f64,
    range: Range,
    budget: &Budget,
) -> Result<Common, Stopped> {
    let likely = placed.iter().filter(|p| !p.judged.own && p.against < even).take(COMPARED);
    let likely: Vec<&Pose> = likely.map(|p| &p.judged.pose).collect();
    if likely.len() < LEAST {
        let (lacking, bare) = lacking(judge, placed, even, budget)?;
        return Ok(Common { lacking, bare, ..Common::default() });
    }
    budget.spend(likely.len() as u64 * LOOK_STEPS)?;
    let (common, trimmed) = of_its_kind(judge, &likely);
    let (closer, frame) = (Judge::new(judge.sheet, &common), Frame::of(&common));
    let mut looks: Vec<Option<Look>> = Vec::with_capacity(placed.len());
    for p in placed {
        if p.judged.own || p.against > even + HOPELESS {
            looks.push(None);
            continue;
        }
        budget.spend(LOOK_STEPS)?;
        let pose = p.judged.pose;
        let pose = closer.moves.refine(&pose, (range.min_scale, range.max_scale)).unwrap_or(pose);
        let view = closer.view(&pose);
        let (seen, worst) = (closer.judged(&view), closer.differs(&view));
        looks.push(Some(Look { pose, seen, worst, rest: frame.rest(&view.dark, &view.ignored) }));
    }
    let rests: Vec<(usize, &Rest)> =
        looks.iter().enumerate().filter_map(|(i, l)| Some((i, &l.as_ref()?.rest))).take(COMPARED).collect();
    let anew = |i: usize| {
        let Look { pose, seen, worst, rest } = looks[i].as_ref()?;
        let others = rests.iter().filter(|(k, _)| *k != i).map(|(_, other)| rest.alike(other));
        let alike = of_others(others);
        let speaks = speaks(seen, worst, even - placed[i].against) - shared(rest.share.sqrt(), alike);
        Some(Anew { confidence: confidence(speaks), pose: *pose, seen: *seen })
    };
    Ok(Common {
        matches: (0..placed.len()).map(anew).collect(),
        hull: common.hull(),
        less: trimmed.then_some(common),
        ..Common::default()
    })
}

/// Where hardly a place shows all of the exemplar: those that show the same of it, while the rest is its own. What lies
/// over it, or another symbol in it: that can only be told where the rest goes on beyond the exemplar's box.
fn lacking(
    judge: &Judge<'_>,
    placed: &[Placed],
    even: f64,
    budget: &Budget,
) -> Result<(Vec<[f64; 2]>, Option<Patch>), Stopped> {
    let others: Vec<&Placed> = placed.iter().filter(|p| !p.judged.own).take(COMPARED).collect();
    budget.spend(others.len() as u64 * LOOK_STEPS)?;
    let views: Vec<View> = others.iter().take(FIRST).map(|p| judge.view(&p.judged.pose)).collect();
    if views.len() < LEAST {
        return Ok((Vec::new(), None));
    }
    let common = without_scraps(&in_common(judge.patch, &views));
    let (closer, frame) = (Judge::new(judge.sheet, &common), Frame::of(&common));
    let own = frame.rest(&judge.patch.own, &judge.patch.other);
    let shows = |p: &&Placed| {
        let view = closer.view(&p.judged.pose);
        p.against >= even && speaks(&closer.judged(&view), &closer.differs(&view), 0.0) >= EVEN
    };
    let middle = common.middle();
    let lacking: Vec<[f64; 2]> =
        others.into_iter().filter(shows).map(|p| p.judged.pose.apply(middle)).collect();
    if lacking.len() >= LEAST && goes_on(judge.patch, &common) {
        return Ok((lacking, Some(common)));
    }
    Ok((if own.share < DIFFERS || lacking.len() < LEAST { Vec::new() } else { lacking }, None))
}

/// A few views agree by chance on scraps of what lies over the exemplar.
fn without_scraps(common: &Patch) -> Patch {
    let mut own = common.own.clone();
    let ink: Vec<bool> = own.data.iter().map(|v| *v > 0.0).collect();
    let parts = field::parts(&ink, own.width);
    let largest = parts.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let scraps = parts.iter().filter(|p| (p.len() as f64) < SCRAP * largest);
    scraps.flatten().for_each(|&i| own.data[i] = 0.0);
    common.with_ink(own)
}

/// Whether most of the exemplar's ink that is not in common is lettering that its box cuts: parts that go on beyond
/// it, with others of their size in a row.
fn goes_on(patch: &Patch, common: &Patch) -> bool {
    let (near, width) = (common.own.spread(1), patch.own.width);
    let rest: Vec<bool> =
        (0..near.data.len()).map(|i| patch.own.data[i] >= RESTS && near.data[i] < INK).collect();
    let ink: Vec<bool> = rest.iter().zip(&patch.other).map(|(rest, other)| *rest || *other).collect();
    let parts: Vec<Part> = field::parts(&ink, width).iter().map(|p| Part::of(p, &rest, width)).collect();
    let whole = |p: &&Part| p.within([width, patch.own.height]);
    let others: Vec<&Part> = parts.iter().filter(|p| p.of_rest == 0).filter(whole).collect();
    let in_a_row = |p: &Part| others.iter().filter(|o| p.is_beside(o)).count() >= BESIDE_IT;
    let is_cut = |p: &&Part| (p.of_rest as f64) < CUT_SHARE * p.pixels as f64;
    let cut = parts.iter().filter(|p| p.of_rest > 0).filter(whole).filter(is_cut).filter(|p| in_a_row(p));
    let (beyond, all): (usize, usize) = (cut.map(|p| p.of_rest).sum(), parts.iter().map(|p| p.of_rest).sum());
    let own = patch.own.data.iter().filter(|v| **v >= RESTS).count();
    all as f64 >= DIFFERS * own as f64 && beyond as f64 >= GOES_ON * all as f64
}

/// A part of a picture, and how much of it is of the rest.
struct Part {
    pixels: usize,
    of_rest: usize,
    low: [usize; 2],
    high: [usize; 2],
}

impl Part {
    fn of(pixels: &[usize], rest: &[bool], width: usize) -> Self {
        let mut part = Self { pixels: pixels.len(), of_rest: 0, low: [usize::MAX; 2], high: [0; 2] };
        for &i in pixels {
            part.of_rest += usize::from(rest[i]);
            for (axis, v) in [i % width, i / width].into_iter().enumerate() {
                part.low[axis] = part.low[axis].min(v);
                part.high[axis] = part.high[axis].max(v);
            }
        }
        part
    }

    /// Away from the edges of a picture of this size.
    fn within(&self, size: [usize; 2]) -> bool {
        [0, 1].into_iter().all(|axis| self.low[axis] > 0 && self.high[axis] + 1 < size[axis])
    }

    fn size(&self) -> f64 {
        [0, 1].map(|axis| (self.high[axis] - self.low[axis] + 1) as f64).into_iter().fold(0.0, f64::max)
    }

    fn is_beside(&self, other: &Self) -> bool {
        let middle = |p: &Self, axis: usize| (p.low[axis] + p.high[axis]) as f64 / 2.0;
        let apart = [0, 1].map(|axis| (middle(self, axis) - middle(other, axis)).abs());
        let times = other.size() / self.size();
        let near = apart[0].hypot(apart[1]) <= NEXT * self.size();
        (1.0 / SAME_LETTERS..=SAME_LETTERS).contains(&times) && near
    }
}

/// What the better of the likely matches have in common, those of the exemplar's kind where there are several kinds;
/// and whether the exemplar alone shows more.
fn of_its_kind(judge: &Judge<'_>, likely: &[&Pose]) -> (Patch, bool) {
    let better = ((likely.len() as f64 * BETTER).ceil() as usize).clamp(LEAST, MOST);
    let views: Vec<View> = likely.iter().take(better).map(|pose| judge.view(pose)).collect();
    let common = in_common(judge.patch, &views);
    let frame = Frame::of(&common);
    let own = frame.rest(&judge.patch.own, &judge.patch.other);
    if own.share < DIFFERS {
        return (common, false);
    }
    // One at a time: some are large.
    let views = likely.iter().map(|pose| judge.view(pose));
    let same: Vec<View> =
        views.filter(|v| frame.rest(&v.dark, &v.ignored).alike(&own) >= ALIKE).take(MOST).collect();
    if !same.is_empty() {
        return (in_common(judge.patch, &same), false);
    }
    (common, true)
}

/// How alike at least so many others are, 0 where there are not so many.
fn of_others(alike: impl Iterator<Item = f64>) -> f64 {
    let mut most = [0.0_f64; OTHERS];
    for a in alike {
        let mut a = a;
        for m in &mut most {
            if a > *m {
                std::mem::swap(m, &mut a);
            }
        }
    }
    most[OTHERS - 1]
}

fn speaks(seen: &Seen, worst: &Worst, before: f64) -> f64 {
    ALL + BEFORE * before - UNLIKE * (1.0 - seen.alike) - LACKING * worst.lacking - BESIDES * worst.besides
}

/// What speaks against a match that differs so much, and others as alike.
fn shared(different: f64, alike: f64) -> f64 {
    SHARED * (alike - CHANCE).max(0.0) * different
}

fn confidence(speaks: f64) -> f64 {
    let by = speaks - EVEN;
    (EVEN_CONFIDENCE + by * if by > 0.0 { ABOVE } else { BELOW }).clamp(0.0, 1.0)
}

/// The exemplar as these views of its matches, and itself, mostly show it.
fn in_common(patch: &Patch, views: &[View]) -> Patch {
    let near = patch.own.spread(NEAR_PX);
    let mut own = Field::blank(patch.own.width, patch.own.height);
    let mut shown = Vec::with_capacity(views.len() + 1);
    for i in (0..own.data.len()).filter(|&i| near.data[i] > INK) {
        shown.clear();
        shown.extend((!patch.other[i]).then_some(patch.own.data[i]));
        shown.extend(views.iter().filter(|v| !v.ignored[i]).map(|v| v.dark.data[i]));
        own.data[i] = median(&mut shown);
    }
    own.data.iter_mut().filter(|v| **v < PAPER).for_each(|v| *v = 0.0);
    patch.with_ink(own)
}

/// Nothing where there is none.
fn median(values: &mut [f32]) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    match values.len() {
        0 => 0.0,
        n => f32::midpoint(values[(n - 1) / 2], values[n / 2]),
    }
}

/// Where differences of matches are gathered.
struct Frame {
    blurred: Field,
    /// Pixels inside the outline and beside it, and the cell of each.
    places: Vec<(usize, usize)>,
    cells: usize,
    /// Of a symbol that lies on itself turned, the cells are sectors of rings, and this is by how many of them it turns:
    /// what a match shows else may stand at any of its turns.
    turns_by: Option<usize>,
    ink: f64,
}

/// What a match shows else than what all have in common: darker or lighter, by cells, of length 1.
struct Rest {
    cells: Vec<f32>,
    turns_by: Option<usize>,
    /// How much that is, a share of the common ink, both squared.
    share: f64,
}

impl Frame {
    fn of(common: &Patch) -> Self {
        let width = common.own.width;
        let inside = common.own.outline(REGION_PX + BESIDE_PX);
        let pixels: Vec<usize> = (0..inside.len()).filter(|&i| inside[i]).collect();
        let turns_by = turns_by(common.period);
        let (places, cells) =
            if turns_by.is_some() { sectors(common, &pixels) } else { squares(&pixels, width) };
        let blurred = common.own.blurred();
        let ink = places.iter().map(|p| f64::from(blurred.data[p.0]).powi(2)).sum::<f64>().max(1e-6);
        Self { blurred, places, cells, turns_by, ink }
    }

    fn rest(&self, dark: &Field, ignored: &[bool]) -> Rest {
        let blurred = dark.blurred();
        let mut cells = vec![0.0_f32; self.cells];
        let mut all = 0.0;
        for &(i, cell) in self.places.iter().filter(|(i, _)| !ignored[*i]) {
            let by = blurred.data[i] - self.blurred.data[i];
            let by = by.signum() * (by.abs() - GRAIN).max(0.0);
            all += f64::from(by).powi(2);
            cells[cell] += by;
        }
        if self.turns_by == Some(1) {
            let most = (0..SECTORS).max_by(|a, b| energy(&cells, *a).total_cmp(&energy(&cells, *b)));
            cells.chunks_mut(SECTORS).for_each(|ring| ring.rotate_left(most.unwrap_or(0)));
        }
        let length = cells.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-6);
        cells.iter_mut().for_each(|v| *v /= length);
        Rest { cells, turns_by: self.turns_by, share: all / self.ink }
    }
}

/// How much there is in a sector of all rings and those at its sides.
fn energy(cells: &[f32], sector: usize) -> f32 {
    let near = [sector + SECTORS - 1, sector, sector + 1].map(|s| s % SECTORS);
    cells.chunks(SECTORS).flat_map(|ring| near.map(|s| ring[s] * ring[s])).sum()
}

/// By how many sectors a symbol turns that lies on itself turned by this, radians; `None` where it does not.
fn turns_by(period: f64) -> Option<usize> {
    let folds = TAU / period;
    match folds.round() as usize {
        0 | 1 => None,
        _ if folds > ROUND_FOLDS => Some(1),
        n => Some(SECTORS / n),
    }
}

/// The cell of each pixel of a frame, and how many there are: squares.
fn squares(pixels: &[usize], width: usize) -> (Vec<(usize, usize)>, usize) {
    let across = |at: fn(usize, usize) -> usize| {
        let places = || pixels.iter().map(|&i| at(i, width));
        (places().min().unwrap_or(0), places().max().unwrap_or(0))
    };
    let (x, y) = (across(|i, w| i % w), across(|i, w| i / w));
    let side = ((x.1 - x.0).max(y.1 - y.0) + 1).div_ceil(CELLS);
    let columns = (x.1 - x.0) / side + 1;
    let cell = |i: usize| (i / width - y.0) / side * columns + (i % width - x.0) / side;
    (pixels.iter().map(|&i| (i, cell(i))).collect(), columns * ((y.1 - y.0) / side + 1))
}

/// The same as sectors of rings about the symbol's middle.
fn sectors(patch: &Patch, pixels: &[usize]) -> (Vec<(usize, usize)>, usize) {
    let away = |i: usize| patch.place(i)[0].hypot(patch.place(i)[1]);
    let farthest = pixels.iter().map(|&i| away(i)).fold(f64::MIN_POSITIVE, f64::max);
    let cell = |i: usize| {
        let ring = ((away(i) / farthest * RINGS as f64) as usize).min(RINGS - 1);
        ring * SECTORS + geom::sector(patch.place(i), SECTORS)
    };
    (pixels.iter().map(|&i| (i, cell(i))).collect(), RINGS * SECTORS)
}

impl Rest {
    fn alike(&self, other: &Self) -> f64 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let Some(by) = self.turns_by else { return f64::from(dot(&self.cells, &other.cells)) };
        let turned = |turn: usize| {
            let rings = self.cells.chunks(SECTORS).zip(other.cells.chunks(SECTORS));
            rings.map(|(a, b)| dot(&a[turn..], b) + dot(&a[..turn], &b[SECTORS - turn..])).sum::<f32>()
        };
        // Those of a round symbol begin where there is most of them.
        let turns = if by == 1 { 0..2 * ABOUT + 1 } else { 0..SECTORS };
        let turns =
            turns.step_by(by).map(|turn| if by == 1 { (turn + SECTORS - ABOUT) % SECTORS } else { turn });
        f64::from(turns.map(turned).fold(0.0, f32::max))
    }
}
