//! All ink of a page as straight segments.
//!
//! Whatever drew a shape (one path or many, curves or chords, a filled sliver or a stroke), what is
//! left here is where a pen would have gone. Paper-coloured paint is no ink.

mod dots;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::budget::{Budget, Exhausted};
use crate::geom::{ListRect, clip};
pub(super) use crate::page::curve::flatten;
use crate::page::display::{DisplayList, PAPER, Paint, PathEntry, Style, Verb};

/// Shorter pieces carry no direction: dots of a hatch, round caps.
const MIN_LENGTH: f32 = 0.01;
/// Coordinates this close are one place when a piece that is drawn twice is dropped, list units.
const SAME_PLACE: f32 = 0.02;
/// Such pieces are looked for among those that begin in one band of the page, in steps of [`SAME_PLACE`]; of so many.
const BAND: i32 = 400;
const MAX_BANDS: i32 = 4_000;
/// A filled quadrilateral at most this thick, and much longer than thick, is a line drawn as a fill.
const SLIVER_THICKNESS: f32 = 1.6;
const SLIVER_ASPECT: f32 = 5.0;
/// A straight piece of ink.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    pub a: [f32; 2],
    pub b: [f32; 2],
    /// Index into the page's styles.
    pub style: u32,
    /// Edge of a filled area (a sliver that stands for a line is not).
    pub solid: bool,
}

/// Whether two places are at most `reach` apart.
pub(super) fn close(p: [f32; 2], q: [f32; 2], reach: f32) -> bool {
    let (x, y) = ((p[0] - q[0]).abs(), (p[1] - q[1]).abs());
    // Few are near enough to be worth a root.
    x <= reach && y <= reach && x.hypot(y) <= reach
}

impl Segment {
    pub(super) fn length(&self) -> f32 {
        let (x, y) = (self.b[0] - self.a[0], self.b[1] - self.a[1]);
        (x * x + y * y).sqrt()
    }

    /// The point at `t` from 0 (`a`) to 1 (`b`).
    pub(super) fn at(&self, t: f32) -> [f32; 2] {
        [self.a[0] + (self.b[0] - self.a[0]) * t, self.a[1] + (self.b[1] - self.a[1]) * t]
    }
}

/// Widths are told apart in such steps, list units: less than any plotter does.
const WIDTH_STEP: f32 = 0.01;

/// What of a style can carry meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct InkStyle {
    pub width: f32,
    pub rgb: [u8; 3],
    pub dashed: bool,
    pub stroke: bool,
}

impl InkStyle {
    fn of(style: &Style) -> Self {
        let [r, g, b, _] = style.rgba.to_be_bytes();
        let stroke = style.paint == Paint::Stroke;
        Self { width: style.width, rgb: [r, g, b], dashed: stroke && !style.dash.is_empty(), stroke }
    }

    /// Whether a person would call both the same pen: widths within a factor of 1.6 (or 0.12 list
    /// units, which no eye tells apart), colours within a quarter of the range.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let colour = self.rgb.iter().zip(other.rgb).all(|(a, b)| a.abs_diff(b) <= 64);
        if !(self.stroke && other.stroke) {
            return colour;
        }
        let (thin, thick) = (self.width.min(other.width), self.width.max(other.width));
        let width = thick - thin <= 0.12 || thick <= thin * 1.6;
        colour && width && self.dashed == other.dashed
    }

    /// Whether both are one pen, but for what rounding and scaling leave: what draws a hatch draws all of it alike.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let colour = self.rgb.iter().zip(other.rgb).all(|(a, b)| a.abs_diff(b) <= 16);
        if !(self.stroke && other.stroke) {
            return colour;
        }
        let (thin, thick) = (self.width.min(other.width), self.width.max(other.width));
        let width = thick - thin <= 0.05 || thick <= thin * 1.12;
        colour && width && self.dashed == other.dashed
    }
}

/// The ink of a page.
#[derive(Debug, Default, Clone)]
pub(super) struct Ink {
    pub segments: Vec<Segment>,
    /// `joined[i]`: segment `i + 1` starts where `i` ends, in the same subpath.
    pub joined: Vec<bool>,
    /// First and last segment of each closed subpath.
    pub closed: Vec<(u32, u32)>,
    pub styles: Vec<InkStyle>,
}

impl Ink {
    /// Flattens a display list. Invisible, paper-coloured and clipped-away parts are left out, and so
    /// is a piece that was drawn before.
    pub(super) fn of(list: &DisplayList, budget: &Budget) -> Result<Self, Exhausted> {
        let mut ink = Self::default();
        // Programs that turn and scale a drawing give each line a width of its own, rounded differently.
        let mut known: FxHashMap<(i32, [u8; 3], bool, bool), u32> = FxHashMap::default();
        let mut pens: Vec<u32> = Vec::with_capacity(list.styles.len());
        for mut pen in list.styles.iter().map(InkStyle::of) {
            let steps = (pen.width / WIDTH_STEP).round();
            pen.width = steps * WIDTH_STEP;
            let next = known.len() as u32;
            let number = *known.entry((steps as i32, pen.rgb, pen.dashed, pen.stroke)).or_insert(next);
            if number == next {
                ink.styles.push(pen);
            }
            pens.push(number);
        }
        let page = ListRect {
            left: 0.0,
            top: 0.0,
            right: (f64::from(list.space.width_px) / list.space.px_per_unit) as f32 + 1.0,
            bottom: (f64::from(list.space.height_px) / list.space.px_per_unit) as f32 + 1.0,
        };
        let mut spent = 0;
        for entry in &list.paths {
            spent += u64::from(entry.verb_len) + 1;
            if spent > 512 {
                budget.spend(spent)?;
                spent = 0;
            }
            let Some(style) = list.styles.get(entry.style as usize) else { continue };
            if is_paper(style) {
                continue;
            }
            let window = overlap(&entry.visible, &page);
            let pen = pens[entry.style as usize];
            Flattener { ink: &mut ink, entry, style, pen, window, open: false }.path(list);
        }
        ink.joined.resize(ink.segments.len(), false);
        ink.drop_repeated(budget)?;
        // On scans, specks are what thresholds leave.
        if list.grain == 0.0 {
            ink.drop(&dots::of(&ink, budget)?);
        }
        Ok(ink)
    }

    /// Leaves out what was drawn before.
    fn drop_repeated(&mut self, budget: &Budget) -> Result<(), Exhausted> {
        budget.spend(self.segments.len() as u64)?;
        let mut bands: Vec<Vec<u32>> = Vec::new();
        for (i, s) in self.segments.iter().enumerate() {
            let [_, p, _, q] = place_key(s.a, s.b);
            let band = (p.min(q) / BAND).clamp(0, MAX_BANDS) as usize;
            if band >= bands.len() {
                bands.resize_with(band + 1, Vec::new);
            }
            bands[band].push(i as u32);
        }
        let (segments, mut repeated, mut seen) = (&self.segments, Vec::new(), FxHashSet::default());
        for band in &bands {
            seen.clear();
            let key = |i: u32| place_key(segments[i as usize].a, segments[i as usize].b);
            repeated.extend(band.iter().copied().filter(|&i| !seen.insert(key(i))));
        }
        self.drop(&repeated);
        Ok(())
    }

    /// Leaves pieces out; what was joined over one is not joined any more.
    fn drop(&mut self, pieces: &[u32]) {
        if pieces.is_empty() {
            return;
        }
        let mut kept = vec![true; self.segments.len()];
        for &i in pieces {
            kept[i as usize] = false;
            if i > 0 {
                self.joined[i as usize - 1] = false;
            }
        }
        // By piece: how many are kept before it.
        let mut before = Vec::with_capacity(kept.len() + 1);
        before.push(0_u32);
        before.extend(kept.iter().scan(0, |all, kept| {
            *all += u32::from(*kept);
            Some(*all)
        }));
        let mut next = kept.iter();
        self.segments.retain(|_| next.next() == Some(&true));
        let mut next = kept.iter();
        self.joined.retain(|_| next.next() == Some(&true));
        let segments = &self.segments;
        self.closed = std::mem::take(&mut self.closed)
            .into_iter()
            .map(|(first, last)| (before[first as usize], before[last as usize + 1]))
            .filter(|&(first, end)| is_closed(segments, first as usize, end as usize))
            .map(|(first, end)| (first, end - 1))
            .collect();
    }
}

/// Whether pieces, given from the first to before the last, end where they begin.
fn is_closed(segments: &[Segment], first: usize, end: usize) -> bool {
    end >= first + 3 && segments[end - 1].b == segments[first].a
}

/// Paint that leaves no mark on paper.
pub(super) fn is_paper(style: &Style) -> bool {
    let [r, g, b, a] = style.rgba.to_be_bytes();
    a < 8 || (r >= PAPER && g >= PAPER && b >= PAPER)
}

fn overlap(a: &ListRect, b: &ListRect) -> ListRect {
    ListRect {
        left: a.left.max(b.left),
        top: a.top.max(b.top),
        right: a.right.min(b.right),
        bottom: a.bottom.min(b.bottom),
    }
}

struct Flattener<'a> {
    ink: &'a mut Ink,
    entry: &'a PathEntry,
    style: &'a Style,
    /// Index into the ink's styles.
    pen: u32,
    window: ListRect,
    /// The last piece was pushed whole, the next one may be joined to it.
    open: bool,
}

impl Flattener<'_> {
    fn path(&mut self, list: &DisplayList) {
        let (verbs, coords) = list.path(self.entry);
        let mut points: Vec<[f32; 2]> = Vec::new();
        let mut next = 0;
        for verb in verbs {
            let pairs = &coords[next..next + verb.pairs()];
            next += verb.pairs();
            match verb {
                Verb::Move => {
                    self.subpath(&points, false);
                    points.clear();
                    points.push(pairs[0]);
                }
                Verb::Line => points.push(pairs[0]),
                Verb::Cubic => {
                    let from = points.last().copied().unwrap_or(pairs[0]);
                    flatten(from, pairs, &mut points);
                }
                Verb::Close => {
                    let start = points.first().copied();
                    self.subpath(&points, true);
                    points.clear();
                    points.extend(start);
                }
            }
        }
        self.subpath(&points, false);
    }

    fn subpath(&mut self, points: &[[f32; 2]], closed: bool) {
        if points.len() < 2 || points.iter().any(|p| !p[0].is_finite() || !p[1].is_finite()) {
            return;
        }
        let fill = self.style.paint != Paint::Stroke;
        if fill && let Some((a, b)) = sliver(points) {
            self.open = false;
            self.piece(a, b, false);
            return;
        }
        self.open = false;
        let first = self.ink.segments.len();
        for pair in points.windows(2) {
            self.piece(pair[0], pair[1], fill);
        }
        let (start, end) = (points[0], points[points.len() - 1]);
        if closed || fill {
            self.piece(end, start, fill);
        }
        // Of more pieces, some that were drawn before may be left out.
        let end = self.ink.segments.len();
        if end >= first + 3 {
            self.ink.closed.push((first as u32, end as u32 - 1));
        }
    }

    fn piece(&mut self, a: [f32; 2], b: [f32; 2], solid: bool) {
        let whole = (a, b);
        let Some((a, b)) = clip(a, b, &self.window) else {
            self.open = false;
            return;
        };
        let (x, y) = (b[0] - a[0], b[1] - a[1]);
        if x * x + y * y < MIN_LENGTH * MIN_LENGTH {
            return;
        }
        let n = self.ink.segments.len();
        self.ink.joined.resize(n, false);
        if self.open && n > 0 && self.ink.segments[n - 1].b == a {
            self.ink.joined[n - 1] = true;
        }
        self.ink.segments.push(Segment { a, b, style: self.pen, solid });
        self.open = whole.1 == b;
    }
}

/// The same for both directions of a piece.
fn place_key(a: [f32; 2], b: [f32; 2]) -> [i32; 4] {
    // What is not negative, as all within the page, is rounded as it is cut off.
    let q = |v: f32| (v / SAME_PLACE + 0.5) as i32;
    let (a, b) = ([q(a[0]), q(a[1])], [q(b[0]), q(b[1])]);
    let (lo, hi) = if a <= b { (a, b) } else { (b, a) };
    [lo[0], lo[1], hi[0], hi[1]]
}

/// The middle line of a thin filled quadrilateral.
pub(super) fn sliver(points: &[[f32; 2]]) -> Option<([f32; 2], [f32; 2])> {
    let points = match points {
        [head @ .., last] if points.len() == 5 && *last == points[0] => head,
        _ => points,
    };
    let [p, q, r, s] = points else { return None };
    let side = |a: &[f32; 2], b: &[f32; 2]| (b[0] - a[0]).hypot(b[1] - a[1]);
    let mid = |a: &[f32; 2], b: &[f32; 2]| [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    let (u, v) = (side(p, q).max(side(r, s)), side(q, r).max(side(s, p)));
    let thin = |thick: f32, long: f32| thick <= SLIVER_THICKNESS && long >= thick * SLIVER_ASPECT;
    if thin(u, v) {
        Some((mid(p, q), mid(r, s)))
    } else if thin(v, u) {
        Some((mid(q, r), mid(s, p)))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_before_is_left_out_and_nothing_is_joined_over_it() {
        let piece = |a: [f32; 2], b: [f32; 2]| Segment { a, b, style: 0, solid: false };
        let corners = [[10.0, 10.0], [30.0, 10.0], [30.0, 20.0], [10.0, 20.0]];
        let side = |k: usize| piece(corners[k % 4], corners[(k + 1) % 4]);
        // A rectangle; a way over its upper side, the other way round and a hair off; the rectangle again.
        let way = [
            piece([50.0, 10.0], [30.0, 10.004]),
            piece([30.0, 10.004], [10.0, 10.0]),
            piece([10.0, 10.0], [0.0, 10.0]),
        ];
        let mut ink = Ink {
            segments: (0..4).map(side).chain(way).chain((0..4).map(side)).collect(),
            joined: vec![true, true, true, false, true, true, false, true, true, true, false],
            closed: vec![(0, 3), (7, 10)],
            styles: Vec::new(),
        };
        ink.drop_repeated(&Budget::unlimited()).unwrap();
        let ends: Vec<_> = ink.segments.iter().map(|s| (s.a, s.b)).collect();
        let kept: Vec<_> = (0..4).map(side).chain([way[0], way[2]]).map(|s| (s.a, s.b)).collect();
        assert_eq!(ends, kept);
        assert_eq!(ink.joined, [true, true, true, false, false, false]);
        assert_eq!(ink.closed, [(0, 3)]);
    }
}
