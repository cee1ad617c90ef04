//! Rough poses: parts of the exemplar that are rare on the page, laid on the page's like parts.

mod anchors;

use std::collections::VecDeque;
use std::f64::consts::TAU;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use self::anchors::Part;
use super::matching::{Matcher, length};
use super::of_pens::Drawn;
use super::pose::Pose;
use super::probe::{Anchor, HITS_A_PLACE};
use super::rough::{About, Candidate, Rough, TURNS, plainest};
use super::runs::{self, Baseline, Loop};
use super::template::Template;
use crate::budget::{Budget, Exhausted};

/// Where not all rough poses are tried, so many are looked at closely for each that is.
const PROBED: usize = 4;
/// So many of those that other pens drew are looked at closely at a time.
const PROBED_OF_OTHERS: usize = 600;
/// Rounding of lengths on the page, list units.
const LENGTH_ROUNDING: f64 = 0.3;
/// The same in pixels of a scan.
const LENGTH_GRAINS: f64 = 2.5;
/// What a perimeter or a radius may be off, as a factor.
const LOOSE: f64 = 1.1;
/// Turns tried for a closed curve.
const LOOP_TURNS: u32 = 72;
/// A step of them is 5 degrees: as if a baseline of this length, list units, had given it.
const TURN_LENGTH: f64 = 4.0;
/// Fewer instances say nothing of how many were not found.
const MIN_FOUND: usize = 2;
/// Sizes this close to the exemplar's own are tried as the exemplar's own.
const SAME_SIZE: f64 = 0.06;

/// A place of the exemplar about which rough poses are made.
struct Spot {
    at: [f64; 2],
    /// Of the baseline that gives the turn.
    length: f64,
    anchor: Anchor,
}

impl Spot {
    fn of(matcher: &Matcher<'_>, at: [f64; 2], length: f64) -> Self {
        let template = matcher.template;
        // Poses of a round shape are made to have its middle in common.
        let exact = if template.round { template.centroid } else { at };
        Self { at, length, anchor: Anchor::of(matcher, exact, length) }
    }
}

/// A baseline of the exemplar that is laid on the page's.
struct Basis {
    ends: [[f64; 2]; 2],
    middle: Spot,
    /// Ways to lay it on another: whether end to beginning, and mirrored.
    ways: SmallVec<[(bool, bool); 4]>,
}

impl Basis {
    fn of(matcher: &Matcher<'_>, line: &Baseline) -> Self {
        let ends = [wide(line.a), wide(line.b)];
        let middle = [(ends[0][0] + ends[1][0]) / 2.0, (ends[0][1] + ends[1][1]) / 2.0];
        let middle = Spot::of(matcher, middle, f64::from(line.chord));
        Self { ends, middle, ways: ways(matcher.template, ends) }
    }
}

/// Of the four ways to lay a line of a template on another, one of those that come to the same by a symmetry of it.
fn ways(template: &Template, ends: [[f64; 2]; 2]) -> SmallVec<[(bool, bool); 4]> {
    let near = |p: [f64; 2], q: [f64; 2]| length([p[0] - q[0], p[1] - q[1]]) <= template.tolerance;
    let by = |s: &Pose| {
        let to = ends.map(|p| s.apply(p));
        let (kept, swapped) =
            (near(to[0], ends[0]) && near(to[1], ends[1]), near(to[0], ends[1]) && near(to[1], ends[0]));
        (kept || swapped).then_some((!kept, s.mirrored))
    };
    let same: SmallVec<[(bool, bool); 4]> = template.exact.iter().filter_map(by).collect();
    // Those that are not mirrored come first.
    let rank = |way: (bool, bool)| u8::from(way.1) * 2 + u8::from(way.0);
    let is_first = |way: &(bool, bool)| same.iter().all(|s| rank((way.0 ^ s.0, way.1 ^ s.1)) >= rank(*way));
    [(false, false), (true, false), (false, true), (true, true)].into_iter().filter(is_first).collect()
}

/// Limits on what a pose may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub min_scale: f64,
    pub max_scale: f64,
}

fn wide(v: [f32; 2]) -> [f64; 2] {
    [f64::from(v[0]), f64::from(v[1])]
}

/// Rough poses, in turns: first those of a few anchors, then of one more at a time.
pub(super) struct Proposals<'a> {
    search: Search<'a>,
    anchors: Vec<Part>,
    /// Those of the first turn.
    first: usize,
    next: usize,
    /// Of the last turn, best first, by their numbers: what the exemplar's pens drew little of and was not given yet.
    others: VecDeque<u32>,
}

impl<'a> Proposals<'a> {
    /// `most` of them are tried at most, or all if that is the greatest number.
    pub(super) fn of(matcher: &'a Matcher<'a>, range: Range, most: usize, budget: &'a Budget) -> Self {
        let pens_tell = matcher.same_pen && matcher.page.grain == 0.0;
        let search = Search {
            matcher,
            range,
            budget,
            drawn: if pens_tell { Drawn::of(matcher.page, matcher.template) } else { None },
            probed: most.saturating_mul(PROBED),
            exact: Vec::new(),
            best: Vec::new(),
            numbers: FxHashMap::default(),
            shown: FxHashMap::default(),
            bit: 0,
            with_others: false,
            turn: 0,
            fresh: Vec::new(),
            unpaid: 0,
        };
        let (anchors, first) = search.anchors();
        Self { search, anchors, first, next: 0, others: VecDeque::new() }
    }

    /// The rough poses of the next turn that are new or better than before and that the exemplar's pens drew, best first,
    /// one per place, turn and mirroring; with why it stopped if it did. `None` when no anchor is left.
    pub(super) fn next(&mut self) -> Option<(Vec<Candidate>, Result<(), Exhausted>)> {
        let to = if self.next == 0 { self.first } else { self.next + 1 };
        let parts = self.anchors.get(self.next..to).filter(|parts| !parts.is_empty())?;
        let search = &mut self.search;
        search.turn += 1;
        let mut ended = Ok(());
        for (n, part) in parts.iter().enumerate() {
            ended = search.anchor(*part, self.next + n);
            if ended.is_err() {
                break;
            }
        }
        self.next = to;
        let mut fresh = std::mem::take(&mut search.fresh);
        let rough = |n: &u32| &search.best[*n as usize];
        fresh.sort_unstable_by(|p, q| rough(p).before(rough(q)));
        self.others = fresh.split_off(fresh.partition_point(|n| rough(n).candidate.of_pens)).into();
        let candidates = if search.is_limited() {
            fresh.truncate(search.probed);
            search.closely(fresh.into_iter())
        } else {
            fresh.iter().map(|n| rough(n).candidate).collect()
        };
        Some((candidates, ended))
    }

    /// Some of the rough poses of the turn that the exemplar's pens drew little of, in the same order; `None` when no more
    /// are left. They are many where a page is dense; more of them are worth it only while something comes of those before.
    pub(super) fn others(&mut self) -> Option<Vec<Candidate>> {
        let some = self.others.len().min(PROBED_OF_OTHERS);
        (some > 0).then(|| self.search.closely(self.others.drain(..some)))
    }

    /// Whether another anchor would hardly show an instance more, by how many of those found only one of them showed
    /// (after A. Chao, "Nonparametric estimation of the number of classes in a population", 1984: what no one saw is
    /// about s (s - 1) / 2 (d + 1), of s that were seen once and d that were seen twice). One that is not certain
    /// was seen once less: another anchor may give it a better pose. `found` are poses, and which of them are certain.
    pub(super) fn suffice<'p>(&self, found: impl Iterator<Item = (&'p Pose, bool)>) -> bool {
        let side = self.search.matcher.template.diameter / 2.0;
        let mut places: FxHashMap<(i64, i64), (u16, bool)> = FxHashMap::default();
        for (pose, certain) in found {
            let at = ((pose.x / side).round() as i64, (pose.y / side).round() as i64);
            let (by, is_certain) = places.entry(at).or_default();
            *by |= self.search.shown_by(pose);
            *is_certain |= certain;
        }
        let times = |&(by, certain): &(u16, bool)| (by.count_ones() - u32::from(!certain && by != 0)).max(1);
        let seen = |n: u32| places.values().filter(|place| times(place) == n).count();
        let (once, twice) = (seen(1), seen(2));
        places.len() >= MIN_FOUND && once * once.saturating_sub(1) < twice + 1
    }
}

struct Search<'a> {
    matcher: &'a Matcher<'a>,
    range: Range,
    budget: &'a Budget,
    /// What the exemplar's pens drew of the page, where that tells anything.
    drawn: Option<Drawn>,
    /// So many of a turn, the best, are looked at closely where not all are tried.
    probed: usize,
    /// By anchor, where its poses are exact.
    exact: Vec<Anchor>,
    /// The best of each place, turn and mirroring, and their numbers here.
    best: Vec<Rough>,
    numbers: FxHashMap<About, u32>,
    /// The anchors that gave a pose somewhere, of any size: a bit for each.
    shown: FxHashMap<About, u16>,
    /// As the part at work says, see [`anchors::Like`].
    with_others: bool,
    turn: u32,
    /// Those that are new or better since the last turn.
    fresh: Vec<u32>,
    /// Of the anchor that is at work.
    bit: u16,
    unpaid: u64,
}

impl Search<'_> {
    /// The anchors that gave a pose about this one.
    fn shown_by(&self, pose: &Pose) -> u16 {
        let template = self.matcher.template;
        let at = About { size: 0, ..About::of(template, &plainest(template, *pose), 1.0) };
        let mut by = 0;
        for (x, y) in (at.x - 1..=at.x + 1).flat_map(|x| (at.y - 1..=at.y + 1).map(move |y| (x, y))) {
            for turn in [at.turn, (at.turn + 1) % TURNS, (at.turn + TURNS - 1) % TURNS] {
                by |= self.shown.get(&About { x, y, turn, ..at }).copied().unwrap_or(0);
            }
        }
        by
    }

    /// What lengths on the page may be off.
    fn rounding(&self) -> f64 {
        LENGTH_ROUNDING.max(LENGTH_GRAINS * f64::from(self.matcher.page.grain))
    }

    /// Lays one of the exemplar's parts, the `nth` anchor, on the page's.
    fn anchor(&mut self, part: Part, nth: usize) -> Result<(), Exhausted> {
        self.bit = 1 << nth.min(u16::BITS as usize - 1);
        let page = self.matcher.page;
        match part {
            Part::Line(line) => {
                let basis = self.basis(&line);
                for other in self.laid_on(nth, &page.lines, &line) {
                    self.with_others = other.with_others;
                    self.baseline(&basis, other.part)?;
                }
            }
            Part::Curve(line) => {
                let basis = self.basis(&line);
                let bend = line.arc / line.chord.max(f32::MIN_POSITIVE);
                for other in self.laid_on(nth, &page.curves, &line) {
                    self.with_others = other.with_others;
                    if (other.part.arc / other.part.chord.max(f32::MIN_POSITIVE) / bend - 1.0).abs() < 0.15 {
                        self.baseline(&basis, other.part)?;
                    }
                }
            }
            Part::Loop(own) => {
                let spot = self.spot(wide(own.center));
                let (perimeter, pens) = (f64::from(own.perimeter), (own.pen, |l: &Loop| l.pen));
                let span = self.span(&page.loops, |l| l.perimeter, perimeter);
                for other in self.drawn_like(nth, span, pens, self.turns()) {
                    self.with_others = other.with_others;
                    self.around(&spot, perimeter, wide(other.part.center), f64::from(other.part.perimeter))?;
                }
            }
            Part::Arcs(own) => {
                let spot = self.spot(self.matcher.template.centroid);
                let radius = f64::from(own.perimeter) / TAU;
                for curve in self.drawn_like(nth, &page.curves, (own.pen, |c: &Baseline| c.pen), 2) {
                    self.with_others = curve.with_others;
                    for (to, other) in runs::circle(curve.part).into_iter().flatten() {
                        self.around(&spot, radius, to, other)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Notes a line of the exemplar as where poses are exact.
    fn basis(&mut self, line: &Baseline) -> Basis {
        let basis = Basis::of(self.matcher, line);
        self.exact.push(basis.middle.anchor.clone());
        basis
    }

    /// The same of the middle of a round part.
    fn spot(&mut self, at: [f64; 2]) -> Spot {
        let spot = Spot::of(self.matcher, at, TURN_LENGTH);
        self.exact.push(spot.anchor.clone());
        spot
    }

    /// Both directions, both sides.
    fn baseline(&mut self, basis: &Basis, other: &Baseline) -> Result<(), Exhausted> {
        for &(swapped, mirrored) in &basis.ways {
            let to = if swapped { [other.b, other.a] } else { [other.a, other.b] };
            let Some(pose) = Pose::from_baselines(basis.ends, to.map(wide), mirrored) else { continue };
            self.test(pose, &basis.middle)?;
        }
        Ok(())
    }

    /// All turns about a closed curve's middle.
    fn around(&mut self, spot: &Spot, perimeter: f64, to: [f64; 2], other: f64) -> Result<(), Exhausted> {
        let turns = if self.matcher.template.round { 1 } else { LOOP_TURNS };
        let scale = other / perimeter;
        if scale < self.range.min_scale / LOOSE || scale > self.range.max_scale * LOOSE {
            return Ok(());
        }
        for k in 0..turns {
            let angle = TAU * f64::from(k) / f64::from(turns);
            for mirrored in [false, true] {
                let turned = Pose::turned(angle, mirrored);
                let mut pose = Pose { re: turned.re * scale, im: turned.im * scale, ..turned };
                let moved = pose.apply(spot.at);
                (pose.x, pose.y) = (to[0] - moved[0], to[1] - moved[1]);
                self.test(pose, spot)?;
                if self.matcher.template.round {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Rough poses by their numbers, less those that leave no hope if they are looked at closely; best first.
    fn closely(&self, some: impl Iterator<Item = u32>) -> Vec<Candidate> {
        let look = |n: u32| {
            let r = &self.best[n as usize];
            let hits = self.matcher.probe(&r.candidate.pose, &self.exact[usize::from(r.anchor)])?;
            let hits = self.of_pens(hits, r.candidate.hits);
            Some(Rough { candidate: Candidate { hits, ..r.candidate }, ..*r })
        };
        let mut probed: Vec<Rough> = some.filter_map(look).collect();
        probed.sort_unstable_by(Rough::before);
        probed.into_iter().map(|r| r.candidate).collect()
    }

    /// Whether the exemplar's pens drew enough at a pose, and how many of its places are met there; `None` if that leaves
    /// no hope.
    fn glimpse(&self, pose: &Pose, spot: &Spot) -> Option<(bool, u32)> {
        let all = || self.matcher.glimpse(|_| &self.matcher.page.marks, pose, &spot.anchor);
        let Some(drawn) = &self.drawn else { return Some((true, all()?)) };
        let own = || self.matcher.glimpse(|n| drawn.at(n), pose, &spot.anchor);
        // What other pens drew is no match, and a hint is about matches.
        if !self.with_others || self.is_limited() {
            return Some((true, own()?));
        }
        let met = all()?;
        Some(own().map_or((false, met), |hits| (true, hits)))
    }

    /// What a close look at a pose gives, no more than what the exemplar's pens drew there is worth.
    fn of_pens(&self, hits: u32, glimpsed: u32) -> u32 {
        if self.drawn.is_some() { hits.min(glimpsed * HITS_A_PLACE) } else { hits }
    }

    /// Far fewer are tried than seen.
    fn is_limited(&self) -> bool {
        self.probed != usize::MAX
    }

    fn test(&mut self, pose: Pose, spot: &Spot) -> Result<(), Exhausted> {
        self.unpaid += 1;
        if self.unpaid >= 256 {
            self.budget.spend(self.unpaid)?;
            self.unpaid = 0;
        }
        let scale = pose.scale();
        let slack = 1.0 + self.rounding() / spot.length;
        if scale < self.range.min_scale / slack || scale > self.range.max_scale * slack {
            return Ok(());
        }
        let near_one = (scale - 1.0).abs() <= SAME_SIZE.max(self.rounding() / spot.length);
        let pose = if near_one {
            pose.with_scale(1.0, spot.at)
        } else {
            pose.with_scale(scale.clamp(self.range.min_scale, self.range.max_scale), spot.at)
        };
        let template = self.matcher.template;
        // All turns of a round shape are one pose.
        let pose = if template.round { pose.unturned(template.centroid) } else { pose };
        let Some((of_pens, glimpsed)) = self.glimpse(&pose, spot) else { return Ok(()) };
        let pose = plainest(template, pose);
        let about = About::of(template, &pose, scale);
        let sure = self.matcher.most_hits();
        let known = self.numbers.get(&about).map(|&n| n as usize);
        let is_sure = known.is_some_and(|n| self.best[n].candidate.rank() >= (of_pens, sure));
        let hits = if self.is_limited() || !of_pens {
            // The best of them are looked at closely in the end.
            Some(glimpsed)
        } else if is_sure {
            None
        } else {
            self.matcher.probe(&pose, &spot.anchor).map(|hits| self.of_pens(hits, glimpsed))
        };
        if is_sure || hits.is_some() {
            *self.shown.entry(About { size: 0, ..about }).or_default() |= self.bit;
        }
        let Some(hits) = hits else { return Ok(()) };
        let candidate = Candidate { pose, hits, of_pens };
        let (turn, anchor) = (self.turn, self.exact.len() as u16 - 1);
        match known.map(|n| (n, &mut self.best[n])) {
            Some((n, rough)) if candidate.rank() > rough.candidate.rank() => {
                (rough.candidate, rough.anchor) = (candidate, anchor);
                if rough.turn != turn {
                    rough.turn = turn;
                    self.fresh.push(n as u32);
                }
            }
            Some(_) => {}
            None => {
                let n = self.best.len() as u32;
                self.numbers.insert(about, n);
                self.fresh.push(n);
                self.best.push(Rough { about, candidate, anchor, turn });
            }
        }
        Ok(())
    }
}
