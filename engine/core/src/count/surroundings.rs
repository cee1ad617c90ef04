//! Ink of the page at a pose that is not the exemplar's: inside its outline, hanging on it, around it.
//!
//! A symbol that contains the exemplar's drawing and more is another symbol.

mod hatched;

use std::cell::{LazyCell, OnceCell};

use super::frame::Frame;
use super::ink::{Segment, close};
use super::inkmap::{Direction, InkMap};
use super::matching::Matcher;
use super::pose::Pose;
use crate::geom::ListRect;
use hatched::Texture;

/// A stroke that leaves the outline by this share of the diameter is not the symbol's.
const LEAVES_SHARE: f32 = 0.25;
/// Less foreign ink than this share of the exemplar's is not looked into.
const TRIFLE: f64 = 0.02;
/// Strokes that hang on the symbol are part of it when they stay this near, in diameters.
const HANGING_SHARE: f32 = 0.6;
/// What such strokes count against strokes inside: an accessory may overlap an instance. A short stroke
/// across the symbol, up to so many diameters, counts in full: a bar that makes another symbol of it. The
/// bars of symbols side by side may be one stroke of up to so many bars.
const ATTACHED_WEIGHT: f32 = 0.6;
const CROSSING_WEIGHT: f32 = 1.0;
const BAR_SHARE: f64 = 0.5;
const BARS_IN_A_ROW: f64 = 3.0;
/// What a stroke that lies within the outline and is not the exemplar's counts at least, as a share of its ink.
const STROKE_SHARE: f32 = 0.09;
/// Share of the exemplar's ink from which on what passes for lettering is its drawing.
const LETTERS_MATCHED: f32 = 0.3;
/// Share of a stroke that lies outside the outline of what only passes.
const PASSES_SHARE: f32 = 0.5;
/// Ends closer than this (tolerances) touch; less foreign ink is rounding.
const TOUCH: f32 = 1.5;
/// Ends closer than this are one place, list units.
const MEETING: f32 = 0.15;
/// What the ink of something else that was drawn over the symbol with another pen counts.
const OTHER_PEN_WEIGHT: f32 = 0.2;
/// A stroke of which this share is the exemplar's ink is no other.
const OWN_SHARE: f32 = 0.9;
/// Pieces around one pose that are looked through for what hangs on it; a place with more is no symbol's.
const MAX_PIECES: usize = 600;
/// Pieces around one pose at most; in a denser place nothing is said of the surroundings.
pub(super) const MAX_NEAR: usize = 20_000;

/// What is there besides the exemplar.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Surroundings {
    /// Length of foreign strokes that would belong to the symbol, as a share of the exemplar's ink.
    pub extra: f64,
    /// Strokes close to a frame around it.
    pub frame: Option<Frame>,
}

/// Strokes of the page near a pose, by run.
struct Stroke {
    /// Its place among them.
    number: usize,
    pieces: Vec<Segment>,
    /// Of the whole run, and of the pieces.
    bounds: ListRect,
    near: ListRect,
    length: f32,
    /// Length inside the outline and not the exemplar's.
    foreign: f32,
    /// Length on the exemplar's ink.
    matched: f32,
    /// Length inside the outline where the like passes within the exemplar's own.
    shared: f32,
    /// Goes on further than anything that hangs on a symbol.
    leaves: bool,
    /// Lies within the outline from end to end.
    inside: bool,
    /// Taken for a stroke of lettering.
    lettered: bool,
    /// See [`ends_on_symbol`] and [`is_bar`]: asked for more than once.
    ends_on_symbol: OnceCell<bool>,
    is_bar: OnceCell<bool>,
}

impl Stroke {
    /// Longer than a bar across the symbol, and most of it lies outside the outline: something else that the
    /// symbol touches.
    fn passes(&self, longest_bar: f64) -> bool {
        let extent = self.bounds.width().max(self.bounds.height());
        f64::from(extent) > longest_bar
            && self.length - self.matched - self.foreign > PASSES_SHARE * self.length
    }

    /// Most of what it has inside the outline passes within the exemplar's own, too.
    fn as_beside(&self) -> bool {
        self.shared > self.foreign
    }

    fn pen(&self) -> Option<u32> {
        self.pieces.first().map(|p| p.style)
    }

    /// Adds one of its pieces, and what of it is whose, in steps of a length.
    fn add(
        &mut self,
        matcher: &Matcher<'_>,
        pose: &Pose,
        piece: Segment,
        (step, may_be_foreign): (f32, bool),
        beside: Option<&InkMap>,
    ) {
        let template = matcher.template;
        self.pieces.push(piece);
        [piece.a, piece.b].iter().for_each(|p| self.near.add(p[0], p[1]));
        let length = piece.length();
        self.length += length;
        if self.leaves {
            return;
        }
        let [a, b] = [piece.a, piece.b].map(|p| pose.invert([f64::from(p[0]), f64::from(p[1])]));
        if template.map.is_beyond(a, b) {
            self.inside = false;
            return;
        }
        // The outline has no hollows: what has both ends inside is inside.
        self.inside &= [a, b].iter().all(|p| template.depth(*p) >= -template.tolerance);
        let deep = if may_be_foreign { template.deeper(a, b, template.tolerance * 1.5) } else { None };
        let (from, to) = deep.unwrap_or((1.0, 0.0));
        let count = (length / step).ceil().clamp(1.0, 500.0);
        let d = [b[0] - a[0], b[1] - a[1]];
        let direction = Direction::of(d);
        for k in 0..=count as u32 {
            let way = f64::from(k) / f64::from(count);
            let p = [a[0] + d[0] * way, a[1] + d[1] * way];
            if template.map.holds(p, direction) {
                self.matched += length / (count + 1.0);
            } else if way >= from && way <= to {
                let shared = beside.is_some_and(|b| b.holds(p, direction));
                let of = if shared { &mut self.shared } else { &mut self.foreign };
                *of += length / (count + 1.0);
            }
        }
    }
}

/// Looks around a pose. Strokes for which `taken` holds belong to other instances; what lies as `beside` says tells
/// nothing.
pub(super) fn look(
    matcher: &Matcher<'_>,
    pose: &Pose,
    beside: Option<&InkMap>,
    taken: &dyn Fn(u32) -> bool,
) -> Surroundings {
    let template = matcher.template;
    let scale = pose.scale();
    let outline = template.outline(pose);
    let diameter = (template.diameter * scale) as f32;
    let tolerance = (template.tolerance * scale) as f32;
    let all = (template.weight * scale) as f32;
    let strokes = strokes(matcher, pose, &outline, beside, taken);
    // A wire that bends in the outline is no more the symbol's than one that runs straight through.
    let wires = going_on(&strokes, |s| s.leaves);
    let is_wire = |s: &Stroke| wires[s.number];
    // Few places have another pen's ink, which is what it is for.
    let leading_out = LazyCell::new(|| going_on(&strokes, |s| !s.inside));
    let leads_out = |s: &Stroke| leading_out[s.number];
    let judge = |textured: &dyn Fn(&Stroke) -> bool| {
        let alien: Vec<&Stroke> = strokes
            .iter()
            .filter(|s| (s.foreign > 0.0 || s.matched == 0.0) && !s.as_beside() && !textured(s))
            .collect();
        let longest = longest_bar(matcher, pose);
        let hangs = |s: &Stroke| ends_on_symbol(matcher, pose, s) || is_bar(matcher, pose, s);
        let passes = |s: &Stroke| s.passes(longest) && !hangs(s);
        let counts = |s: &&&Stroke| s.foreign > TOUCH * tolerance && !is_wire(s) && !passes(s);
        // A short stroke in the middle tells symbols apart as well as a long one.
        let least =
            |s: &Stroke| if s.inside && s.matched < s.length * 0.25 { STROKE_SHARE * all } else { 0.0 };
        let of_others = |s: &Stroke| leads_out(s) && is_of_others(matcher, pose, s, &strokes);
        let weight = |s: &&Stroke| {
            if of_others(s) { OTHER_PEN_WEIGHT * s.foreign } else { s.foreign.max(least(s)) }
        };
        let foreign: f32 = alien.iter().filter(counts).map(weight).sum();
        let alien: Vec<&Stroke> = alien.iter().filter(|s| s.leaves || !is_wire(s)).copied().collect();
        let (attached, frame) = groups(matcher, pose, &alien, TOUCH * tolerance, &of_others);
        Surroundings { extra: f64::from((foreign + attached) / all) + 0.0, frame }
    };
    let seen = judge(&|_| false);
    if seen.extra <= TRIFLE && seen.frame.is_none() {
        return seen;
    }
    let texture = Texture::of(matcher, pose, &outline, diameter, &strokes);
    judge(&|s| texture.holds(s))
}

/// Pieces of strokes in and about the outline that stay there, the exemplar's own among them; lettering, hatch, wires
/// and what goes on in them apart. None where too much is there to say.
pub(super) fn staying(matcher: &Matcher<'_>, pose: &Pose, taken: &dyn Fn(u32) -> bool) -> Vec<Segment> {
    let outline = matcher.template.outline(pose);
    let diameter = (matcher.template.diameter * pose.scale()) as f32;
    let strokes = strokes(matcher, pose, &outline, None, taken);
    if strokes.iter().map(|s| s.pieces.len()).sum::<usize>() > MAX_PIECES {
        return Vec::new();
    }
    let wires = going_on(&strokes, |s| s.leaves);
    let is_wire = |s: &Stroke| wires[s.number];
    let other: Vec<&Stroke> =
        strokes.iter().filter(|s| !is_wire(s) && s.matched < OWN_SHARE * s.length).collect();
    if other.is_empty() {
        return Vec::new();
    }
    let texture = Texture::of(matcher, pose, &outline, diameter, &strokes);
    let other = other.into_iter().filter(|s| !texture.holds(s));
    other.flat_map(|s| s.pieces.iter().copied()).collect()
}

pub(super) fn grow(r: &ListRect, by: f32) -> ListRect {
    ListRect { left: r.left - by, top: r.top - by, right: r.right + by, bottom: r.bottom + by }
}

/// How far a box sticks out of another.
fn sticks_out(inner: &ListRect, outer: &ListRect) -> f32 {
    (outer.left - inner.left)
        .max(outer.top - inner.top)
        .max(inner.right - outer.right)
        .max(inner.bottom - outer.bottom)
}

/// Strokes in and near the outline.
fn strokes(
    matcher: &Matcher<'_>,
    pose: &Pose,
    outline: &ListRect,
    beside: Option<&InkMap>,
    taken: &dyn Fn(u32) -> bool,
) -> Vec<Stroke> {
    let (page, template) = (matcher.page, matcher.template);
    let diameter = (template.diameter * pose.scale()) as f32;
    let reach = diameter * HANGING_SHARE;
    let step = (template.tolerance * pose.scale()) as f32;
    // By run, then as they were drawn.
    let mut near: Vec<u64> = Vec::new();
    page.grid.each_within(&grow(outline, reach), |i| {
        near.push(u64::from(page.run_of[i as usize]) << 32 | u64::from(i));
    });
    near.sort_unstable();
    near.dedup();
    if near.len() > MAX_NEAR {
        return Vec::new();
    }
    let mut strokes: Vec<Stroke> = Vec::new();
    for of_run in near.chunk_by(|p, q| p >> 32 == q >> 32) {
        let mut ids = of_run.iter().map(|n| *n as u32).filter(|i| !taken(*i)).peekable();
        if ids.peek().is_none() {
            continue;
        }
        let run = (of_run[0] >> 32) as usize;
        let bounds = page.runs[run].bounds;
        let out = sticks_out(&bounds, outline);
        let mut stroke = Stroke {
            number: 0,
            pieces: Vec::with_capacity(of_run.len()),
            bounds,
            near: ListRect::EMPTY,
            length: 0.0,
            foreign: 0.0,
            matched: 0.0,
            shared: 0.0,
            leaves: out > reach,
            inside: true,
            lettered: page.lettered[run],
            ends_on_symbol: OnceCell::new(),
            is_bar: OnceCell::new(),
        };
        let may_be_foreign = out <= diameter * LEAVES_SHARE;
        ids.for_each(|i| {
            stroke.add(matcher, pose, page.segments[i as usize], (step, may_be_foreign), beside)
        });
        strokes.push(stroke);
    }
    // Symbols in a row pass for letters. Where letters are the exemplar's own ink, none are.
    let matched = |lettered: bool| -> f32 {
        strokes.iter().filter(|s| s.lettered == lettered).map(|s| s.matched).sum()
    };
    let are_letters = matched(true) <= LETTERS_MATCHED * (matched(true) + matched(false));
    strokes.retain(|s| !(s.lettered && are_letters));
    strokes.iter_mut().enumerate().for_each(|(number, stroke)| stroke.number = number);
    strokes
}

/// Strokes that hang together and on nothing else: the length of those that end on the symbol, as far
/// as it is not counted yet, and whether some are a frame around it. Bars across the symbol count for
/// themselves, whatever passes at their ends.
fn groups(
    matcher: &Matcher<'_>,
    pose: &Pose,
    alien: &[&Stroke],
    touch: f32,
    of_others: &dyn Fn(&Stroke) -> bool,
) -> (f32, Option<Frame>) {
    if alien.iter().map(|s| s.pieces.len()).sum::<usize>() > MAX_PIECES {
        return (0.0, None);
    }
    let group = hang_together(alien, touch);
    let longest = longest_bar(matcher, pose);
    let rest = |s: &Stroke| (s.length - s.matched - s.foreign).max(0.0);
    // The length of a bar across the symbol, zero of what is none.
    let bar = |s: &Stroke| {
        let goes_on = |o: &&Stroke| o.leaves && o.pen() == s.pen() && joined(o, s, touch);
        let short = |p: &&Segment| f64::from(p.length()) <= longest;
        let whole = !s.leaves && f64::from(s.length) <= longest * BARS_IN_A_ROW;
        if !whole || alien.iter().any(goes_on) {
            return 0.0;
        }
        let across = s.pieces.iter().filter(short).filter(|p| crosses_symbol(matcher, pose, p));
        across.map(Segment::length).sum::<f32>().min(rest(s))
    };
    let bars: Vec<f32> = alien.iter().map(|s| bar(s)).collect();
    let weight = |s: &Stroke| if of_others(s) { OTHER_PEN_WEIGHT } else { 1.0 };
    let crossing = alien.iter().zip(&bars).filter(|(_, bar)| **bar > 0.0);
    let mut total: f32 = crossing.map(|(s, bar)| CROSSING_WEIGHT * weight(s) * bar).sum();
    for members in &group {
        let stays = !members.iter().any(|&i| alien[i].leaves);
        if stays && members.iter().any(|&i| ends_on_symbol(matcher, pose, alien[i])) {
            // What only passes is no part of what hangs on the symbol, whatever ends on it.
            let hangs = |i: usize| !alien[i].passes(longest) || ends_on_symbol(matcher, pose, alien[i]);
            let hanging = members.iter().filter(|&&i| bars[i] == 0.0 && hangs(i)).map(|&i| alien[i]);
            let rest = hanging.map(|s| weight(s) * rest(s));
            total += ATTACHED_WEIGHT * rest.sum::<f32>();
        }
    }
    // A hatch or a wall may touch a frame and makes it no less a frame.
    let near: Vec<&Stroke> = alien.iter().filter(|s| !s.leaves).copied().collect();
    let frame = hang_together(&near, touch).iter().find_map(|members| {
        let pieces = members.iter().flat_map(|&i| &near[i].pieces);
        Frame::of(matcher, pose, pieces)
    });
    (total + 0.0, frame)
}

/// Whether two ends are one place.
fn meet(p: [f32; 2], q: [f32; 2]) -> bool {
    let (x, y) = ((p[0] - q[0]).abs(), (p[1] - q[1]).abs());
    // Few are near enough to be worth a root.
    x < MEETING && y < MEETING && x.hypot(y) < MEETING
}

/// By stroke: whether something holds for it, or it goes on, end to end and with the same pen, in one for which it
/// does.
fn going_on(strokes: &[Stroke], holds: impl Fn(&Stroke) -> bool) -> Vec<bool> {
    if strokes.iter().map(|s| s.pieces.len()).sum::<usize>() > MAX_PIECES {
        return vec![false; strokes.len()];
    }
    let mut on: Vec<bool> = strokes.iter().map(holds).collect();
    let mut open: Vec<usize> = (0..strokes.len()).filter(|&i| on[i]).collect();
    while let Some(i) = open.pop() {
        let s = &strokes[i];
        for (o, on) in strokes.iter().zip(&mut on) {
            let free = !*on && s.pen() == o.pen() && o.matched == 0.0;
            if free && near(&s.near, &o.near, MEETING) && ends(o).any(|p| ends(s).any(|q| meet(p, q))) {
                *on = true;
                open.push(o.number);
            }
        }
    }
    on
}

/// Ends of all pieces of a stroke.
fn ends(s: &Stroke) -> impl Iterator<Item = [f32; 2]> + '_ {
    s.pieces.iter().flat_map(|p| [p.a, p.b])
}

/// Whether two boxes are at most so far apart, or a little more.
fn near(p: &ListRect, q: &ListRect, reach: f32) -> bool {
    sticks_out(&ListRect { left: p.right, right: p.left, top: p.bottom, bottom: p.top }, q) <= more(reach)
}

/// A distance that no rounding of places makes the smaller one.
fn more(reach: f32) -> f32 {
    reach * 1.01 + 0.01
}

/// Strokes by what they are joined to, at one end or over others.
fn hang_together(strokes: &[&Stroke], touch: f32) -> Vec<Vec<usize>> {
    // Each group has the number of its first stroke.
    let mut group: Vec<usize> = (0..strokes.len()).collect();
    for i in 0..strokes.len() {
        for j in 0..i {
            if group[i] != group[j] && joined(strokes[i], strokes[j], touch) {
                let (from, to) = (group[i].max(group[j]), group[i].min(group[j]));
                group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
        }
    }
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); strokes.len()];
    group.iter().enumerate().for_each(|(i, &first)| members[first].push(i));
    members.retain(|m| !m.is_empty());
    members
}

/// Whether a stroke ends on the exemplar's ink.
fn ends_on_symbol(matcher: &Matcher<'_>, pose: &Pose, stroke: &Stroke) -> bool {
    *stroke.ends_on_symbol.get_or_init(|| tips_on_symbol(matcher, pose, stroke).next().is_some())
}

/// Ends of a stroke on the exemplar's ink.
fn tips_on_symbol<'s>(
    matcher: &'s Matcher<'_>,
    pose: &'s Pose,
    stroke: &'s Stroke,
) -> impl Iterator<Item = [f32; 2]> + 's {
    let on_ink = |p: &[f32; 2]| matcher.template.map.near(pose.invert([f64::from(p[0]), f64::from(p[1])]));
    // Where one piece goes on as the next, the stroke does not end.
    let is_tip = |p: &[f32; 2]| ends(stroke).filter(|q| meet(*p, *q)).take(2).count() == 1;
    ends(stroke).filter(move |p| on_ink(p) && is_tip(p))
}

/// Whether a piece of a stroke passes over the exemplar's ink and ends on neither side of it on ink.
fn crosses_symbol(matcher: &Matcher<'_>, pose: &Pose, piece: &Segment) -> bool {
    let map = &matcher.template.map;
    let on_ink = |p: [f32; 2]| map.near(pose.invert([f64::from(p[0]), f64::from(p[1])]));
    let steps = (f64::from(piece.length()) / (matcher.template.tolerance * pose.scale())).ceil();
    let steps = steps.clamp(2.0, 300.0);
    !on_ink(piece.a)
        && !on_ink(piece.b)
        && (1..steps as u32).any(|k| on_ink(piece.at(k as f32 / steps as f32)))
}

/// Longest piece that can be a bar across the symbol.
fn longest_bar(matcher: &Matcher<'_>, pose: &Pose) -> f64 {
    BAR_SHARE * matcher.template.diameter * pose.scale()
}

/// Whether a short piece of a stroke crosses the symbol.
fn is_bar(matcher: &Matcher<'_>, pose: &Pose, stroke: &Stroke) -> bool {
    *stroke.is_bar.get_or_init(|| {
        let longest = longest_bar(matcher, pose);
        stroke.pieces.iter().any(|p| f64::from(p.length()) <= longest && crosses_symbol(matcher, pose, p))
    })
}

/// Whether a stroke that leads out of the symbol was drawn over it rather than as a part of something like it: none
/// of the symbol's pens drew it, and it ends nowhere on the symbol. A corner, where another stroke of its pen goes on, is
/// no end.
fn is_of_others(matcher: &Matcher<'_>, pose: &Pose, stroke: &Stroke, strokes: &[Stroke]) -> bool {
    let Some(pen) = stroke.pen().filter(|_| matcher.same_pen) else { return false };
    let style = &matcher.page.styles[pen as usize];
    if matcher.template.pens.iter().any(|p| p.is_as(style)) {
        return false;
    }
    let goes_on = |p: [f32; 2]| {
        let others = strokes.iter().filter(|o| o.number != stroke.number && o.pen() == Some(pen));
        others.flat_map(ends).any(|q| meet(p, q))
    };
    !tips_on_symbol(matcher, pose, stroke).any(|p| !goes_on(p))
}

/// Whether an end of one stroke lies on the other.
fn joined(p: &Stroke, q: &Stroke, touch: f32) -> bool {
    let apart = sticks_out(&p.bounds, &grow(&q.bounds, p.bounds.width().max(p.bounds.height()) + touch));
    if apart > 0.0 || !near(&p.near, &q.near, touch) {
        return false;
    }
    let ends_on = |p: &Stroke, q: &Stroke| {
        let around = grow(&q.near, more(touch));
        let close = |end: &[f32; 2]| {
            end[0] >= around.left && end[0] <= around.right && end[1] >= around.top && end[1] <= around.bottom
        };
        ends(p).filter(close).any(|end| q.pieces.iter().any(|other| touches(other, end, touch)))
    };
    ends_on(p, q) || ends_on(q, p)
}

/// Way from a place to the nearest on a segment.
fn way(s: &Segment, p: [f32; 2]) -> [f32; 2] {
    let (ex, ey) = (s.b[0] - s.a[0], s.b[1] - s.a[1]);
    let n = (ex * ex + ey * ey).max(f32::MIN_POSITIVE);
    let t = (((p[0] - s.a[0]) * ex + (p[1] - s.a[1]) * ey) / n).clamp(0.0, 1.0);
    [p[0] - s.a[0] - ex * t, p[1] - s.a[1] - ey * t]
}

/// Whether a place is at most `reach` away from a stroke.
pub(super) fn touches(s: &Segment, p: [f32; 2], reach: f32) -> bool {
    let beyond = |a: f32, b: f32, p: f32| p < a.min(b) - more(reach) || p > a.max(b) + more(reach);
    // Few segments are near enough to be worth a division, fewer a root.
    if beyond(s.a[0], s.b[0], p[0]) || beyond(s.a[1], s.b[1], p[1]) {
        return false;
    }
    let [x, y] = way(s, p);
    close([x, y], [0.0, 0.0], reach)
}
