//! Ink in an exemplar's box that need not be the symbol's: it does not hang on the rest, and lies at the edge
//! of the box or goes on outside it in the same way; or it hangs on the rest, but lies within the edge from end to end:
//! the side of a neighbour. Whether it is left out is for the other places to say.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::exemplar::{Body, Exemplar, Pieces};
use super::index::PageIndex;
use super::ink::{Ink, Segment, close};
use crate::geom::ListRect;

/// Ends this close to a stroke hang on it: list units, and pixels of a scan.
const TOUCH: f32 = 0.15;
const TOUCH_GRAINS: f32 = 1.6;
/// The edge of a box, share of its diagonal.
const EDGE_SHARE: f32 = 0.06;
/// Like strokes outside the box that make texture or a row of dashes, how far out they are looked for
/// (diagonals), and how much they may differ in length (share) and direction (sine).
const MIN_LIKE: usize = 3;
const AROUND: f32 = 1.0;
const LIKE_LENGTH: f32 = 0.3;
const LIKE_SINE: f32 = 0.17;
/// Scraps of a scan that may hang on the rest and yet be crossing hatch: longest, share of the diagonal.
const SCRAP_SHARE: f32 = 0.16;
/// How far a neighbour's side lies from the symbol's own, tolerances.
const BESIDE: f32 = 2.0;
/// What is left out is at least this share of what is lacking.
const EXPLAINED: f32 = 0.6;
/// Share of the ink that may be left out at most.
const MAX_SHARE: f32 = 0.45;

/// Which pieces may be left out if other places lack them.
struct Doubt {
    /// Those that hang on nothing else and lie at the edge of the box.
    loose: Vec<bool>,
    /// Those, and others that may be texture.
    all: Vec<bool>,
}

fn doubt(page: &PageIndex, exemplar: &Exemplar, pieces: &Pieces) -> Doubt {
    let area = page.space.rect_to_list(&exemplar.drawn);
    let diagonal = area.width().hypot(area.height());
    let touch = TOUCH.max(page.grain * TOUCH_GRAINS);
    let all = &pieces.ink.segments;
    let part_of = parts(all, touch);
    let mut strokes: BTreeMap<usize, Vec<&Segment>> = BTreeMap::new();
    for (s, &part) in all.iter().zip(&part_of) {
        strokes.entry(part).or_default().push(s);
    }
    let ink = |strokes: &[&Segment]| strokes.iter().map(|s| s.length()).sum::<f32>();
    let by_ink = strokes.iter().map(|(part, strokes)| (*part, ink(strokes)));
    let Some((main, _)) = by_ink.max_by(|p, q| p.1.total_cmp(&q.1)) else {
        return Doubt { loose: Vec::new(), all: Vec::new() };
    };
    strokes.remove(&main);
    let inner = inner(page, exemplar, pieces);
    let at_edge =
        |p: [f32; 2]| p[0] < inner.left || p[0] > inner.right || p[1] < inner.top || p[1] > inner.bottom;
    let (at_edge, inside): (BTreeMap<_, _>, BTreeMap<_, _>) =
        strokes.into_iter().partition(|(_, of)| of.iter().any(|s| at_edge(s.a) || at_edge(s.b)));
    let around = OnceCell::new();
    let goes_on = |s: &&Segment| around.get_or_init(|| Around::of(page, &area)).goes_on(s);
    let texture: BTreeSet<usize> =
        inside.into_iter().filter(|(_, of)| of.iter().all(goes_on)).map(|(part, _)| part).collect();
    let scrap = |s: &Segment| page.grain > 0.0 && s.length() <= SCRAP_SHARE * diagonal;
    let loose: Vec<bool> = part_of.iter().map(|p| at_edge.contains_key(p)).collect();
    let also = |(s, p): (&Segment, &usize)| texture.contains(p) || scrap(s);
    let rest = all.iter().zip(&part_of).map(also);
    Doubt { all: loose.iter().zip(rest).map(|(l, r)| *l || r).collect(), loose }
}

/// The box without its edge, relative to the exemplar's middle.
fn inner(page: &PageIndex, exemplar: &Exemplar, pieces: &Pieces) -> ListRect {
    let area = page.space.rect_to_list(&exemplar.drawn);
    let edge = area.width().hypot(area.height()) * EDGE_SHARE;
    let [mx, my] = pieces.middle;
    ListRect {
        left: area.left - mx + edge,
        top: area.top - my + edge,
        right: area.right - mx - edge,
        bottom: area.bottom - my - edge,
    }
}

/// Which pieces lie within the edge from end to end, close beside others that are not lacking: the side of a
/// neighbour that stands back to back with the symbol. Something that tells the symbol from others sticks out.
fn beside_others(inner: &ListRect, pieces: &Pieces, lacking: &[bool], reach: f32) -> Vec<bool> {
    let sides: [fn(&ListRect, [f32; 2]) -> bool; 4] =
        [|r, p| p[0] < r.left, |r, p| p[0] > r.right, |r, p| p[1] < r.top, |r, p| p[1] > r.bottom];
    let all = &pieces.ink.segments;
    let along_edge = |s: &Segment| sides.iter().any(|beyond| beyond(inner, s.a) && beyond(inner, s.b));
    let beside = |s: &Segment| {
        [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().all(|t| {
            let place = Segment { a: s.at(t), b: s.at(t), ..*s };
            all.iter().zip(lacking).any(|(o, lacks)| !lacks && touches(&place, o, reach))
        })
    };
    all.iter().zip(lacking).map(|(s, lacks)| *lacks && along_edge(s) && beside(s)).collect()
}

fn length(pieces: &Pieces, of: &[bool]) -> f32 {
    pieces.ink.segments.iter().zip(of).filter(|(_, o)| **o).map(|(s, _)| s.length()).sum()
}

/// The exemplar without the pieces that are both lacking elsewhere and doubtful; `None` when that is nothing,
/// or too much to be a slip.
pub(super) fn without(page: &PageIndex, exemplar: &Exemplar, lacking: &[bool]) -> Option<Exemplar> {
    let Body::Ink(template, pieces) = &exemplar.body else { return None };
    let doubt = doubt(page, exemplar, pieces);
    let reach = template.tolerance as f32 * BESIDE;
    let beside = beside_others(&inner(page, exemplar, pieces), pieces, lacking, reach);
    let doubtful = doubt.all.iter().zip(beside).map(|(d, b)| *d || b);
    let out: Vec<bool> = lacking.iter().zip(doubtful).map(|(l, d)| *l && d).collect();
    if length(pieces, &out) < length(pieces, lacking) * EXPLAINED {
        return None;
    }
    left_out(page, exemplar, pieces, &out)
}

/// The exemplar without what hangs on nothing else and lies at the edge of its box; `None` as in [`without`].
pub(super) fn tight(page: &PageIndex, exemplar: &Exemplar) -> Option<Exemplar> {
    let Body::Ink(_, pieces) = &exemplar.body else { return None };
    left_out(page, exemplar, pieces, &doubt(page, exemplar, pieces).loose)
}

/// The exemplar with only what one pen drew of it, the one that goes furthest through its box; `None` as in
/// [`without`].
pub(super) fn one_pen(page: &PageIndex, exemplar: &Exemplar) -> Option<Exemplar> {
    let Body::Ink(_, pieces) = &exemplar.body else { return None };
    let Ink { segments, styles, .. } = &pieces.ink;
    let agree = |p: u32, q: u32| styles[p as usize].agrees(&styles[q as usize]);
    let mut pens: Vec<(u32, ListRect)> = Vec::new();
    for s in segments {
        let n = pens.iter().position(|(pen, _)| agree(*pen, s.style)).unwrap_or(pens.len());
        if n == pens.len() {
            pens.push((s.style, ListRect::EMPTY));
        }
        pens[n].1.add(s.a[0], s.a[1]);
        pens[n].1.add(s.b[0], s.b[1]);
    }
    let area = |p: &(u32, ListRect)| p.1.width() * p.1.height();
    let main = pens.iter().max_by(|p, q| area(p).total_cmp(&area(q)))?.0;
    let out: Vec<bool> = segments.iter().map(|s| !agree(main, s.style)).collect();
    left_out(page, exemplar, pieces, &out)
}

fn left_out(page: &PageIndex, exemplar: &Exemplar, pieces: &Pieces, out: &[bool]) -> Option<Exemplar> {
    let left = length(pieces, out);
    let all: f32 = pieces.ink.segments.iter().map(Segment::length).sum();
    (left > 0.0 && left <= all * MAX_SHARE).then(|| exemplar.keeping(page, |n| !out[n]))?
}

/// Which strokes hang together: for each piece, the number of the first that it hangs on, over others or at once.
fn parts(all: &[Segment], touch: f32) -> Vec<usize> {
    let boxes: Vec<ListRect> = all.iter().map(|s| around(s, touch)).collect();
    let mut first: Vec<usize> = (0..all.len()).collect();
    fn root(first: &mut [usize], mut i: usize) -> usize {
        while first[i] != i {
            first[i] = first[first[i]];
            i = first[i];
        }
        i
    }
    for i in 0..all.len() {
        for j in 0..i {
            let (p, q) = (&boxes[i], &boxes[j]);
            let apart = p.left > q.right || q.left > p.right || p.top > q.bottom || q.top > p.bottom;
            if apart {
                continue;
            }
            let (p, q) = (root(&mut first, i), root(&mut first, j));
            if p != q && (touches(&all[i], &all[j], touch) || touches(&all[j], &all[i], touch)) {
                first[p.max(q)] = p.min(q);
            }
        }
    }
    (0..all.len()).map(|i| root(&mut first, i)).collect()
}

/// The box of a stroke, `touch` larger on every side.
fn around(s: &Segment, touch: f32) -> ListRect {
    ListRect {
        left: s.a[0].min(s.b[0]) - touch,
        top: s.a[1].min(s.b[1]) - touch,
        right: s.a[0].max(s.b[0]) + touch,
        bottom: s.a[1].max(s.b[1]) + touch,
    }
}

/// Whether an end of the one lies on the other.
fn touches(s: &Segment, on: &Segment, touch: f32) -> bool {
    let (ex, ey) = (on.b[0] - on.a[0], on.b[1] - on.a[1]);
    let n = (ex * ex + ey * ey).max(f32::MIN_POSITIVE);
    [s.a, s.b].into_iter().any(|p| {
        let t = (((p[0] - on.a[0]) * ex + (p[1] - on.a[1]) * ey) / n).clamp(0.0, 1.0);
        close([p[0] - on.a[0] - ex * t, p[1] - on.a[1] - ey * t], [0.0, 0.0], touch)
    })
}

/// The strokes around a box, none of whose ends are in it.
struct Around<'a> {
    strokes: Vec<(&'a Segment, f32)>,
    grain: f32,
}

impl<'a> Around<'a> {
    fn of(page: &'a PageIndex, area: &ListRect) -> Self {
        let by = area.width().hypot(area.height()) * AROUND;
        let around = ListRect {
            left: area.left - by,
            top: area.top - by,
            right: area.right + by,
            bottom: area.bottom + by,
        };
        let inside =
            |p: [f32; 2]| p[0] >= area.left && p[0] <= area.right && p[1] >= area.top && p[1] <= area.bottom;
        let near = page.grid.within(&around);
        let near = near.iter().map(|&i| &page.segments[i as usize]);
        let strokes = near.filter(|o| !inside(o.a) && !inside(o.b)).map(|o| (o, o.length())).collect();
        Self { strokes, grain: page.grain }
    }

    /// Whether strokes like this one are among them.
    fn goes_on(&self, s: &Segment) -> bool {
        let length = s.length();
        let like = |(o, l): &&(&Segment, f32)| {
            let cross = (s.b[0] - s.a[0]) * (o.b[1] - o.a[1]) - (s.b[1] - s.a[1]) * (o.b[0] - o.a[0]);
            (l - length).abs() <= length * LIKE_LENGTH + self.grain && cross.abs() <= LIKE_SINE * l * length
        };
        self.strokes.iter().filter(like).take(MIN_LIKE).count() == MIN_LIKE
    }
}
