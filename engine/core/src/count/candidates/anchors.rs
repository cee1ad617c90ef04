//! Which parts of an exemplar are laid on the page's, and on which of them.

use super::super::ink::InkStyle;
use super::super::matching::Matcher;
use super::super::runs::{ANY_PEN, Baseline, Loop};
use super::super::template::Template;
use super::{LOOP_TURNS, Search};

/// Anchors of one exemplar and of one kind at most: curves are drawn in other pieces from one instance to the next,
/// lines cross others, so neither kind stands for both.
const MAX_ANCHORS: usize = 6;
/// Quick tests after which no further anchor is taken up in any case, but for the first of a kind, and none at all.
const ENOUGH_TESTS: usize = 12_000;
const MAX_TESTS: usize = 100_000;
/// The same where not all rough poses are tried.
const MAX_TESTS_LIMITED: usize = 30_000;
/// What other pens drew is looked at about the parts of so many anchors, the first.
const ANCHORS_OF_OTHERS: usize = 2;
/// So few quick tests of an anchor are cheap enough to look about all parts at what other pens drew.
const FEW_TESTS: usize = 1_500;
/// On scans, which break strokes where others meet them, each time elsewhere: anchors taken up
/// whatever they cost, and at most.
const MIN_ON_SCAN: usize = 8;
const MAX_ON_SCAN: usize = 20;
/// Baselines shorter than this share of the diameter give a poor turn.
const GOOD_BASELINE_SHARE: f64 = 0.12;
/// Shorter baselines are none, list units; where there are others, what is rounded at both ends gives no turn up to this.
const MIN_CHORD: f64 = 0.2;
const GOOD_CHORD: f64 = 0.6;
/// Ways to lay a line on another.
const WAYS: usize = 4;

/// A part of the exemplar by which it can be found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Line(Baseline),
    Curve(Baseline),
    Loop(Loop),
    /// Pieces of a round shape.
    Arcs(Loop),
}

/// Long enough to give a good turn.
fn good(template: &Template, line: &Baseline) -> bool {
    f64::from(line.chord) >= template.diameter * GOOD_BASELINE_SHARE
}

/// Baselines by strips of the page, so that what is read about one is at hand for the next.
fn as_they_lie(lines: &mut [Like<'_, Baseline>]) {
    const STRIP: f32 = 32.0;
    let strip = |l: &Baseline| (l.a[1] / STRIP) as i32;
    lines.sort_by(|p, q| strip(p.part).cmp(&strip(q.part)).then(p.part.a[0].total_cmp(&q.part.a[0])));
}

/// The pen of a part, if it is one.
fn style(styles: &[InkStyle], pen: u16) -> Option<&InkStyle> {
    styles.get(usize::from(pen)).filter(|_| pen != ANY_PEN)
}

/// A part of the page that may be one of the exemplar's.
pub(super) struct Like<'p, T> {
    pub part: &'p T,
    /// Places about it are looked at, too, where the exemplar's pens drew little.
    pub with_others: bool,
}

impl Search<'_> {
    /// The exemplar's parts, and how many of them are taken up in any case: of each kind some, those with the fewest like
    /// parts on the page first. Parts of equal length find the same poses, so one stands for all.
    pub(super) fn anchors(&self) -> (Vec<Part>, usize) {
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
                let count = self.span(on_page, |l| l.chord, chord).len() * WAYS;
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
            let turns = self.turns();
            let count = self.span(&page.loops, |l| l.perimeter, perimeter).len() * turns;
            let share = (perimeter / template.diameter).min(1.0);
            parts.push((Part::Loop(*l), count, (count + 100) as f64 / (share * share)));
        }
        if let Some(largest) = template.loops.last().filter(|l| template.round && l.perimeter > 0.0) {
            let count = page.curves.len() * 2;
            parts.push((Part::Arcs(*largest), count, (count + 100) as f64));
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

    /// Parts of the page (sorted by length) that a part of this length may be.
    pub(super) fn span<'s, T>(&self, sorted: &'s [T], length_of: impl Fn(&T) -> f32, length: f64) -> &'s [T] {
        let low = (length * self.range.min_scale - self.rounding()) as f32;
        let high = (length * self.range.max_scale + self.rounding()) as f32;
        let from = sorted.partition_point(|t| length_of(t) < low);
        let to = sorted.partition_point(|t| length_of(t) <= high);
        &sorted[from..to.max(from)]
    }

    /// Those of some of the page's parts, each of which gives so many quick tests, that may be the part that is the
    /// `nth` anchor and was drawn with a pen.
    pub(super) fn drawn_like<'s, T>(
        &self,
        nth: usize,
        some: &'s [T],
        (pen, pen_of): (u16, impl Fn(&T) -> u16),
        tests: usize,
    ) -> Vec<Like<'s, T>> {
        // The page may look like the exemplar's own and have other pens, so numbers of pens are not compared.
        let Matcher { page, template, .. } = self.matcher;
        let own = style(&template.styles, pen).filter(|_| self.drawn.is_some());
        // A hint is about matches.
        let others = nth < ANCHORS_OF_OTHERS && !self.is_limited();
        let few = some.len() * tests <= FEW_TESTS;
        let like = |part: &'s T| {
            let pens = own.zip(style(&page.styles, pen_of(part)));
            let is_any = pens.is_none();
            let agree = pens.is_some_and(|(own, other)| own.agrees(other));
            let with_others = few || !agree;
            (agree || is_any || others).then_some(Like { part, with_others })
        };
        some.iter().filter_map(like).collect()
    }

    /// The page's lines or curves on which one of the exemplar's is laid, as they lie.
    pub(super) fn laid_on<'p>(
        &self,
        nth: usize,
        sorted: &'p [Baseline],
        line: &Baseline,
    ) -> Vec<Like<'p, Baseline>> {
        let span = self.span(sorted, |l| l.chord, f64::from(line.chord));
        let mut like = self.drawn_like(nth, span, (line.pen, |l| l.pen), WAYS);
        as_they_lie(&mut like);
        like
    }

    /// Poses that are tried on a closed curve.
    pub(super) fn turns(&self) -> usize {
        if self.matcher.template.round { 1 } else { LOOP_TURNS as usize * 2 }
    }
}
