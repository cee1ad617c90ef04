//! Ink in an exemplar's box that need not be the symbol's: it does not hang on the rest, and lies at the edge
//! of the box or goes on outside it in the same way; or it hangs on the rest, but lies within the edge from end to end:
//! the side of a neighbour. Whether it is left out is for the other places to say.

use super::exemplar::{Body, Exemplar, Pieces};
use super::index::PageIndex;
use super::ink::{Ink, Segment};
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
    let weight = |part: usize| -> f32 {
        all.iter().zip(&part_of).filter(|(_, p)| **p == part).map(|(s, _)| s.length()).sum()
    };
    let mut roots = part_of.clone();
    roots.sort_unstable();
    roots.dedup();
    let Some(main) = roots.iter().copied().max_by(|p, q| weight(*p).total_cmp(&weight(*q))) else {
        return Doubt { loose: Vec::new(), all: Vec::new() };
    };
    let inner = inner(page, exemplar, pieces);
    let at_edge =
        |p: [f32; 2]| p[0] < inner.left || p[0] > inner.right || p[1] < inner.top || p[1] > inner.bottom;
    let own = |part: usize| all.iter().zip(&part_of).filter(move |(_, p)| **p == part).map(|(s, _)| s);
    let (at_edge, inner): (Vec<usize>, Vec<usize>) = roots
        .into_iter()
        .filter(|&part| part != main)
        .partition(|&part| own(part).any(|s| at_edge(s.a) || at_edge(s.b)));
    let texture: Vec<usize> =
        inner.into_iter().filter(|&part| own(part).all(|s| goes_on(page, &area, s))).collect();
    let scrap = |s: &Segment| page.grain > 0.0 && s.length() <= SCRAP_SHARE * diagonal;
    let loose: Vec<bool> = part_of.iter().map(|p| at_edge.contains(p)).collect();
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

/// Which strokes hang together: a number for each piece.
fn parts(all: &[Segment], touch: f32) -> Vec<usize> {
    let mut part: Vec<usize> = (0..all.len()).collect();
    for i in 0..all.len() {
        for j in 0..i {
            if part[i] != part[j] && (touches(&all[i], &all[j], touch) || touches(&all[j], &all[i], touch)) {
                let (from, to) = (part[i].max(part[j]), part[i].min(part[j]));
                part.iter_mut().filter(|p| **p == from).for_each(|p| *p = to);
            }
        }
    }
    part
}

/// Whether an end of the one lies on the other.
fn touches(s: &Segment, on: &Segment, touch: f32) -> bool {
    let (ex, ey) = (on.b[0] - on.a[0], on.b[1] - on.a[1]);
    let n = (ex * ex + ey * ey).max(f32::MIN_POSITIVE);
    [s.a, s.b].into_iter().any(|p| {
        let t = (((p[0] - on.a[0]) * ex + (p[1] - on.a[1]) * ey) / n).clamp(0.0, 1.0);
        (p[0] - on.a[0] - ex * t).hypot(p[1] - on.a[1] - ey * t) <= touch
    })
}

/// Whether strokes like this one lie around the box.
fn goes_on(page: &PageIndex, area: &ListRect, s: &Segment) -> bool {
    let by = area.width().hypot(area.height()) * AROUND;
    let around = ListRect {
        left: area.left - by,
        top: area.top - by,
        right: area.right + by,
        bottom: area.bottom + by,
    };
    let length = s.length();
    let inside =
        |p: [f32; 2]| p[0] >= area.left && p[0] <= area.right && p[1] >= area.top && p[1] <= area.bottom;
    let like = |&&i: &&u32| {
        let o = &page.segments[i as usize];
        let l = o.length();
        let cross = (s.b[0] - s.a[0]) * (o.b[1] - o.a[1]) - (s.b[1] - s.a[1]) * (o.b[0] - o.a[0]);
        !inside(o.a)
            && !inside(o.b)
            && (l - length).abs() <= length * LIKE_LENGTH + page.grain
            && cross.abs() <= LIKE_SINE * l * length
    };
    page.grid.within(&around).iter().filter(like).take(MIN_LIKE).count() == MIN_LIKE
}
