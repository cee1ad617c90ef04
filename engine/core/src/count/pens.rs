//! Places of which the pen alone decides whether they are matches. Pens are compared on the exemplar's own page and
//! not on others, which may be plotted otherwise, so the answer for such a place is another one when the exemplar is
//! taken from another page: a person has to know.
//!
//! Pens of neighbouring widths, 0.25 and 0.35 mm, cannot be told apart by one stroke: a program that scales a drawing
//! scales its pens. Where some matches have exactly the exemplar's width and others exactly another one, the page
//! shows that it has both, and they are two pens.

use super::ink::InkStyle;
use super::judge::Judged;
use super::matching::{Known, Matcher, STYLE_SLOPE, wide};
use super::nearest::Nearby;
use super::search::{CountParams, NEAR_MISS_FLOOR};
use super::variant::MAX_VARIANT;
use super::worth::LIKELY;

/// Thinner lines are drawn as thin as a device can, list units.
const HAIRLINE: f32 = 0.05;
/// Share by which a width may differ from the exemplar's, or from that of the block scaled, and be the same; and what
/// it differs by at least, list units, if it is another one. Pens of a set are a factor of 1.4 apart, some 1.25.
const SAME_WIDTH: f64 = 0.12;
const LEAST_APART: f64 = 0.05;
/// Share by which widths of one pen differ when each is rounded.
const EXACT: f64 = 0.03;
/// Share of a match's strokes that must have one width, against the exemplar's, for it to have a pen.
const ONE_PEN_SHARE: f64 = 0.6;
/// Matches of one other width at least.
const MANY: usize = 2;
/// Samples that are looked at.
const SAMPLES: usize = 120;

/// Marks near misses that would be matches if pens were not compared, and matches that would be none if they were.
/// None of these is sure where pens are not to be compared: hatch is made of every shape.
pub(super) fn tell(matcher: &Matcher<'_>, params: &CountParams, kept: &mut [Judged]) {
    let Matcher { page, template, same_pen, thorough } = *matcher;
    let otherwise = Matcher { page, template, same_pen: !same_pen, thorough };
    // A place that a low threshold takes is told all the same: its pen decides what it is worth.
    let level = if same_pen { params.threshold.max(LIKELY) } else { params.threshold };
    let matches = |confidence: f64| confidence >= level;
    for j in kept.iter_mut().filter(|j| !j.own && matches(j.score.confidence) != same_pen) {
        let change = otherwise.score(&j.pose, &Known::default()).base - j.score.base;
        j.score.other_pen = matches(j.score.confidence + change) == same_pen;
        if j.score.other_pen && !params.same_pen {
            j.score.confidence = j.score.confidence.min(MAX_VARIANT.max(params.threshold));
        }
    }
    if same_pen && page.grain == 0.0 {
        tell_widths(matcher, params, kept);
    }
}

/// The widths of a match's strokes against the exemplar's.
#[derive(Debug, Clone, Copy)]
struct Width {
    ratio: f64,
    /// The same if the pen was scaled with the symbol.
    unscaled: f64,
    /// It is neither the exemplar's nor that scaled.
    other: bool,
}

impl Width {
    /// `None` where the strokes have no width in common, or none that says anything.
    fn of(matcher: &Matcher<'_>, j: &Judged) -> Option<Self> {
        let template = matcher.template;
        let scale = j.pose.scale();
        let (reach, none) = (template.tolerance * scale, Nearby::default());
        let stride = template.samples.len().div_ceil(SAMPLES).max(1);
        let drawn = |pen: &InkStyle| pen.stroke && pen.width >= HAIRLINE;
        // Ratio, weight and the exemplar's own width.
        let mut all: Vec<[f64; 3]> = Vec::new();
        for s in template.samples.iter().step_by(stride).filter(|s| drawn(&s.style)) {
            let at = (j.pose.apply(wide(s.p)), j.pose.turn(wide(s.d)));
            let hit = matcher.nearest((&none, 0), s, at, reach, f64::INFINITY);
            let Some(hit) = hit else { continue };
            let pen = &matcher.page.styles[hit.stroke.style()];
            if drawn(pen) {
                let width = f64::from(s.style.width);
                all.push([f64::from(pen.width) / width, f64::from(s.weight), width]);
            }
        }
        all.sort_by(|p, q| p[0].total_cmp(&q[0]));
        let weight: f64 = all.iter().map(|a| a[1]).sum();
        let mut passed = 0.0;
        let median = all.iter().find(|a| {
            passed += a[1];
            passed * 2.0 >= weight
        });
        let [ratio, _, width] = *median?;
        let alike: f64 = all.iter().filter(|a| same(a[0], ratio)).map(|a| a[1]).sum();
        if alike < ONE_PEN_SHARE * weight {
            return None;
        }
        let (least, most) = (scale.min(1.0), scale.max(1.0));
        let apart = (least - ratio).max(ratio - most) * width;
        let within = ratio >= least / (1.0 + SAME_WIDTH) && ratio <= most * (1.0 + SAME_WIDTH);
        Some(Self { ratio, unscaled: ratio / scale, other: !within && apart >= LEAST_APART })
    }

    fn is_of_pen(&self, other: &Self) -> bool {
        same(self.ratio, other.ratio) || same(self.unscaled, other.unscaled)
    }
}

fn same(p: f64, q: f64) -> bool {
    p.max(q) <= p.min(q) * (1.0 + EXACT)
}

/// Lowers matches of another width to near misses, where others have the exemplar's. Where none has it, the exemplar may
/// be ill chosen: they stay, and are marked.
fn tell_widths(matcher: &Matcher<'_>, params: &CountParams, kept: &mut [Judged]) {
    let width = |j: &Judged| {
        let matches = !j.own && j.score.confidence >= params.threshold;
        matches.then(|| Width::of(matcher, j)).flatten()
    };
    let widths: Vec<Option<Width>> = kept.iter().map(width).collect();
    let is_alone = !widths.iter().flatten().any(|w| !w.other);
    let others: Vec<Width> = widths.iter().flatten().filter(|w| w.other).copied().collect();
    for (j, width) in kept.iter_mut().zip(widths) {
        let Some(width) = width.filter(|w| w.other) else { continue };
        // Each is one of its own pen.
        let many = others.iter().filter(|o| o.is_of_pen(&width)).count() >= MANY;
        let less = (j.score.confidence - STYLE_SLOPE).max(NEAR_MISS_FLOOR);
        if many && (is_alone || less < params.threshold) {
            j.score.confidence = if is_alone { j.score.confidence } else { less };
            j.score.other_pen = true;
        }
    }
}
