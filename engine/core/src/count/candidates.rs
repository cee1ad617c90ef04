//! Rough poses: parts of the exemplar that are rare on the page, laid on the page's like parts.

use std::f64::consts::TAU;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::matching::{Matcher, length};
use super::pose::Pose;
use super::probe::Anchor;
use super::rough::{About, Candidate, Rough, TURNS, plainest};
use super::runs::{self, Baseline};
use super::template::Template;
use crate::budget::{Budget, Exhausted};

/// Anchors of one exemplar and of one kind at most: curves are drawn in other pieces from one instance to the next,
/// lines cross others, so neither kind stands for both.
const MAX_ANCHORS: usize = 6;
/// Quick tests after which no further anchor is taken up in any case, but for the first of a kind, and none at all.
const ENOUGH_TESTS: usize = 12_000;
const MAX_TESTS: usize = 100_000;
/// The same where not all rough poses are tried, and how many are looked at closely for each that is.
const MAX_TESTS_LIMITED: usize = 30_000;
const PROBED: usize = 4;
/// The same on scans, which break strokes where others meet them, each time elsewhere: anchors taken up
/// whatever they cost, and at most.
const MIN_ON_SCAN: usize = 8;
const MAX_ON_SCAN: usize = 20;
/// Baselines shorter than this share of the diameter give a poor turn.
const GOOD_BASELINE_SHARE: f64 = 0.12;
/// Shorter baselines are none, list units; where there are others, what is rounded at both ends gives no turn up to this.
const MIN_CHORD: f64 = 0.2;
const GOOD_CHORD: f64 = 0.6;
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

/// A part of the exemplar by which it can be found.
#[derive(Debug, Clone, Copy)]
enum Part {
    Line(Baseline),
    Curve(Baseline),
    Loop([f64; 2], f64),
    /// Pieces of a round shape of this radius.
    Arcs(f64),
}

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

/// Long enough to give a good turn.
fn good(template: &Template, line: &Baseline) -> bool {
    f64::from(line.chord) >= template.diameter * GOOD_BASELINE_SHARE
}

/// Rough poses, in turns: first those of a few anchors, then of one more at a time.
pub(super) struct Proposals<'a> {
    search: Search<'a>,
    anchors: Vec<Part>,
    /// Those of the first turn.
    first: usize,
    next: usize,
}

impl<'a> Proposals<'a> {
    /// `most` of them are tried at most, or all if that is the greatest number.
    pub(super) fn of(matcher: &'a Matcher<'a>, range: Range, most: usize, budget: &'a Budget) -> Self {
        let search = Search {
            matcher,
            range,
            budget,
            probed: most.saturating_mul(PROBED),
            exact: Vec::new(),
            best: Vec::new(),
            numbers: FxHashMap::default(),
            shown: FxHashMap::default(),
            bit: 0,
            turn: 0,
            fresh: Vec::new(),
            unpaid: 0,
        };
        let (anchors, first) = search.anchors();
        Self { search, anchors, first, next: 0 }
    }

    /// The rough poses of the next turn that are new or better than before, best first, one per place, turn and
    /// mirroring; with why it stopped if it did. `None` when no anchor is left.
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
        let mut fresh: Vec<&Rough> = search.fresh.drain(..).map(|n| &search.best[n as usize]).collect();
        fresh.sort_unstable_by(|p, q| p.before(q));
        if !search.is_limited() {
            return Some((fresh.into_iter().map(|r| r.candidate).collect(), ended));
        }
        fresh.truncate(search.probed);
        let closely = |r: &Rough| {
            let hits = search.matcher.probe(&r.candidate.pose, &search.exact[usize::from(r.anchor)])?;
            Some(Rough { candidate: Candidate { hits, ..r.candidate }, ..*r })
        };
        let mut probed: Vec<Rough> = fresh.into_iter().filter_map(closely).collect();
        probed.sort_unstable_by(Rough::before);
        Some((probed.into_iter().map(|r| r.candidate).collect(), ended))
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

/// Baselines by strips of the page, so that what is read about one is at hand for the next.
fn as_they_lie(lines: &[Baseline]) -> Vec<&Baseline> {
    const STRIP: f32 = 32.0;
    let mut sorted: Vec<&Baseline> = lines.iter().collect();
    let strip = |l: &Baseline| (l.a[1] / STRIP) as i32;
    sorted.sort_by(|p, q| strip(p).cmp(&strip(q)).then(p.a[0].total_cmp(&q.a[0])));
    sorted
}

struct Search<'a> {
    matcher: &'a Matcher<'a>,
    range: Range,
    budget: &'a Budget,
    /// So many of a turn, the best, are looked at closely where not all are tried.
    probed: usize,
    /// By anchor, where its poses are exact.
    exact: Vec<Anchor>,
    /// The best of each place, turn and mirroring, and their numbers here.
    best: Vec<Rough>,
    numbers: FxHashMap<About, u32>,
    /// The anchors that gave a pose somewhere, of any size: a bit for each.
    shown: FxHashMap<About, u16>,
    turn: u32,
    /// Those that are new or better since the last turn.
    fresh: Vec<u32>,
    /// Of the anchor that is at work.
    bit: u16,
    unpaid: u64,
}

impl Search<'_> {
    /// The exemplar's parts, and how many of them are taken up in any case: of each kind some, those with the fewest like
    /// parts on the page first. Parts of equal length find the same poses, so one stands for all.
    fn anchors(&self) -> (Vec<Part>, usize) {
        let (template, page) = (self.matcher.template, self.matcher.page);
        let mut parts: Vec<(Part, usize, f64)> = Vec::new();
        // Chords of curves are on every curve of the page, and a loop says nothing of the turn: they serve
        // where there is little else.
        let has_line = template.lines.iter().any(|l| !l.of_curve && good(template, l));
        let little = !has_line && !template.curves.iter().any(|l| good(template, l));
        let least_chord = if little || page.grain > 0.0 { MIN_CHORD } else { GOOD_CHORD };
        let mut baselines = |list: &[Baseline], on_page: &[Baseline], part: fn(Baseline) -> Part| {
            let mut last = f64::INFINITY;
            for &line in list.iter().rev().filter(|l| little || !l.of_curve) {
                let chord = f64::from(line.chord);
                if chord > last * 0.96 || chord < least_chord {
                    continue;
                }
                last = chord;
                let count = self.span(on_page, |l| l.chord, chord).len() * 4;
                let share = chord / template.diameter / GOOD_BASELINE_SHARE;
                // A short baseline costs tries without finding: it ranks as if it were commoner.
                let rank = (count + 100) as f64 / (share * share).min(4.0);
                parts.push((part(line), count, rank));
            }
        };
        baselines(&template.lines, &page.lines, Part::Line);
        baselines(&template.curves, &page.curves, Part::Curve);
        for l in template.loops.iter().filter(|_| little) {
            let perimeter = f64::from(l.perimeter);
            let turns = if template.round { 1 } else { LOOP_TURNS as usize * 2 };
            let count = self.span(&page.loops, |l| l.perimeter, perimeter).len() * turns;
            let share = (perimeter / template.diameter).min(1.0);
            parts.push((
                Part::Loop(wide(l.center), perimeter),
                count,
                (count + 100) as f64 / (share * share),
            ));
        }
        if template.round {
            let perimeter = template.loops.iter().map(|l| f64::from(l.perimeter)).fold(0.0, f64::max);
            let count = page.curves.len() * 2;
            if perimeter > 0.0 {
                parts.push((Part::Arcs(perimeter / TAU), count, (count + 100) as f64));
            }
        }
        parts.sort_by(|p, q| p.2.total_cmp(&q.2));
        let (least, most) = if page.grain > 0.0 { (MIN_ON_SCAN, MAX_ON_SCAN) } else { (1, MAX_ANCHORS) };
        // Instances are found by more than one anchor, or it is not known how many were not found.
        let all_at_once = page.grain > 0.0 || self.matcher.thorough;
        let most_tests = if self.is_limited() { MAX_TESTS_LIMITED } else { MAX_TESTS };
        let (mut tests, mut chosen, mut later) = (0, Vec::new(), Vec::new());
        let of_kind = |chosen: &[Part], part: &Part| {
            let kind = std::mem::discriminant(part);
            chosen.iter().filter(|p| std::mem::discriminant(*p) == kind).count()
        };
        for (part, count, _) in parts {
            let enough = if of_kind(&chosen, &part) == 0 || all_at_once { most_tests } else { ENOUGH_TESTS };
            if of_kind(&chosen, &part) < most && (chosen.len() < least || tests + count <= enough) {
                tests += count;
                chosen.push(part);
            } else {
                later.push((part, count));
            }
        }
        let first = chosen.len();
        for (part, count) in later {
            if of_kind(&chosen, &part) < most && tests + count <= most_tests {
                tests += count;
                chosen.push(part);
            }
        }
        (chosen, first)
    }

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

    /// Parts of the page (sorted by length) that a part of this length may be.
    fn span<'s, T>(&self, sorted: &'s [T], length_of: impl Fn(&T) -> f32, length: f64) -> &'s [T] {
        let low = (length * self.range.min_scale - self.rounding()) as f32;
        let high = (length * self.range.max_scale + self.rounding()) as f32;
        let from = sorted.partition_point(|t| length_of(t) < low);
        let to = sorted.partition_point(|t| length_of(t) <= high);
        &sorted[from..to.max(from)]
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
                let basis = Basis::of(self.matcher, &line);
                self.exact.push(basis.middle.anchor.clone());
                for other in as_they_lie(self.span(&page.lines, |l| l.chord, f64::from(line.chord))) {
                    self.baseline(&basis, other)?;
                }
            }
            Part::Curve(line) => {
                let basis = Basis::of(self.matcher, &line);
                self.exact.push(basis.middle.anchor.clone());
                let bend = line.arc / line.chord.max(f32::MIN_POSITIVE);
                for other in as_they_lie(self.span(&page.curves, |l| l.chord, f64::from(line.chord))) {
                    if (other.arc / other.chord.max(f32::MIN_POSITIVE) / bend - 1.0).abs() < 0.15 {
                        self.baseline(&basis, other)?;
                    }
                }
            }
            Part::Loop(center, perimeter) => {
                let spot = Spot::of(self.matcher, center, TURN_LENGTH);
                self.exact.push(spot.anchor.clone());
                for other in self.span(&page.loops, |l| l.perimeter, perimeter) {
                    self.around(&spot, perimeter, wide(other.center), f64::from(other.perimeter))?;
                }
            }
            Part::Arcs(radius) => {
                let spot = Spot::of(self.matcher, self.matcher.template.centroid, TURN_LENGTH);
                self.exact.push(spot.anchor.clone());
                for (to, other) in page.curves.iter().filter_map(runs::circle).flatten() {
                    self.around(&spot, radius, to, other)?;
                }
            }
        }
        Ok(())
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
        let Some(glimpsed) = self.matcher.glimpse(&pose, &spot.anchor) else { return Ok(()) };
        let pose = plainest(template, pose);
        let about = About::of(template, &pose, scale);
        let sure = self.matcher.most_hits();
        let known = self.numbers.get(&about).map(|&n| n as usize);
        let is_sure = known.is_some_and(|n| self.best[n].candidate.hits >= sure);
        let hits = if self.is_limited() {
            // The best of them are looked at closely in the end.
            Some(glimpsed)
        } else if is_sure {
            None
        } else {
            self.matcher.probe(&pose, &spot.anchor)
        };
        if is_sure || hits.is_some() {
            *self.shown.entry(About { size: 0, ..about }).or_default() |= self.bit;
        }
        let Some(hits) = hits else { return Ok(()) };
        let (candidate, turn, anchor) = (Candidate { pose, hits }, self.turn, self.exact.len() as u16 - 1);
        match known.map(|n| (n, &mut self.best[n])) {
            Some((n, rough)) if hits > rough.candidate.hits => {
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
