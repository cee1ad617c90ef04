//! Fields of marks no larger than the point of a pen: the dots of sand, concrete and carpet. Whether a program draws them
//! as points, as squares or as strokes, they have no direction, and where they lie about a symbol says nothing of it.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{Ink, close};
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;

/// Sides of a dot at most, list units.
const SIDE: f32 = 1.0;
/// It stands alone if no other stroke ends this close to its ends, as where it is a piece between others, and no other mark
/// of its size lies as close to it as in a dotted line, or in a curve of many short pieces.
const TOUCH: f32 = 0.05;
const IN_A_ROW: f32 = 1.0;
/// Side of a cell in which they are looked up.
const CELL: f32 = 2.0;
/// Where more lie about a cell, none is alone for all that is known: more than could be, and no end is compared with more.
const MOST: usize = 48;
/// So many others of its pen lie within so far of a dot of a field; what is drawn in a symbol are fewer.
const OTHERS: usize = 8;
const FIELD: f32 = 16.0;

/// A path as small as a dot.
struct Small {
    /// Its first piece and the one after its last.
    pieces: (u32, u32),
    ends: [[f32; 2]; 2],
    bounds: ListRect,
    alone: bool,
}

/// The pieces that dots are made of, in order.
pub(super) fn of(ink: &Ink, budget: &Budget) -> Result<Vec<u32>, Exhausted> {
    let mut paths: Vec<Small> = Vec::new();
    let mut first = 0_usize;
    for (i, s) in ink.segments.iter().enumerate() {
        if i % 512 == 0 {
            budget.spend(512)?;
        }
        if ink.joined[i] {
            continue;
        }
        let pieces = (first as u32, i as u32 + 1);
        if let Some(bounds) = bounds(ink, pieces) {
            // What goes on as the next piece is part of something larger, and most are.
            let before = first.checked_sub(1).map(|n| ink.segments[n].b);
            let after = ink.segments.get(i + 1).map(|n| n.a);
            let ends = [ink.segments[first].a, s.b];
            paths.push(Small {
                pieces,
                ends,
                bounds,
                alone: before != Some(ends[0]) && after != Some(ends[1]),
            });
        }
        first = i + 1;
    }
    leave_those_with_others(ink, &mut paths, budget)?;
    paths.retain(|p| p.alone);
    let held = in_fields(ink, &paths, budget)?;
    let dots = paths.iter().zip(held).filter(|(_, held)| *held);
    Ok(dots.flat_map(|(p, _)| p.pieces.0..p.pieces.1).collect())
}

/// Which of the dots lie among others.
fn in_fields(ink: &Ink, dots: &[Small], budget: &Budget) -> Result<Vec<bool>, Exhausted> {
    let of = |dot: &Small| {
        let b = &dot.bounds;
        let middle = [(b.left + b.right) / 2.0, (b.top + b.bottom) / 2.0];
        (middle, ink.segments[dot.pieces.0 as usize].style)
    };
    let cell = |[x, y]: [f32; 2]| ((x / FIELD).floor() as i32, (y / FIELD).floor() as i32);
    let mut by_cell: FxHashMap<(i32, i32), Vec<u32>> = FxHashMap::default();
    for (n, dot) in dots.iter().enumerate() {
        by_cell.entry(cell(of(dot).0)).or_default().push(n as u32);
    }
    let held = |dot: &Small| {
        let (p, pen) = of(dot);
        let (x, y) = cell(p);
        let cells = (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y)));
        let near = cells.filter_map(|c| by_cell.get(&c)).flatten().map(|&n| of(&dots[n as usize]));
        // It is among them itself.
        near.filter(|(q, other)| *other == pen && close(p, *q, FIELD)).take(OTHERS + 1).count() > OTHERS
    };
    let polled = |dot| {
        budget.spend(1)?;
        Ok(held(dot))
    };
    dots.iter().map(polled).collect()
}

/// What a path covers, if it is as small as a dot.
fn bounds(ink: &Ink, (first, end): (u32, u32)) -> Option<ListRect> {
    let mut bounds = ListRect::EMPTY;
    for s in &ink.segments[first as usize..end as usize] {
        bounds.add(s.a[0], s.a[1]);
        bounds.add(s.b[0], s.b[1]);
        if bounds.width() > SIDE || bounds.height() > SIDE {
            return None;
        }
    }
    Some(bounds)
}

/// Whether a place is within reach of a box.
fn is_near(r: &ListRect, p: [f32; 2]) -> bool {
    p[0] >= r.left - IN_A_ROW
        && p[0] <= r.right + IN_A_ROW
        && p[1] >= r.top - IN_A_ROW
        && p[1] <= r.bottom + IN_A_ROW
}

fn cell(v: f32) -> i32 {
    (v / CELL).floor() as i32
}

/// Notes which paths others end at.
fn leave_those_with_others(ink: &Ink, paths: &mut [Small], budget: &Budget) -> Result<(), Exhausted> {
    let mut by_cell: FxHashMap<(i32, i32), SmallVec<[u32; 4]>> = FxHashMap::default();
    let mut are_small = vec![false; ink.segments.len()];
    for (n, Small { pieces, bounds, alone, .. }) in paths.iter().enumerate() {
        are_small[pieces.0 as usize..pieces.1 as usize].fill(true);
        if !alone {
            continue;
        }
        for x in cell(bounds.left - IN_A_ROW)..=cell(bounds.right + IN_A_ROW) {
            for y in cell(bounds.top - IN_A_ROW)..=cell(bounds.bottom + IN_A_ROW) {
                by_cell.entry((x, y)).or_default().push(n as u32);
            }
        }
    }
    for crowd in by_cell.values_mut().filter(|of_cell| of_cell.len() > MOST) {
        crowd.drain(..).for_each(|n| paths[n as usize].alone = false);
    }
    if by_cell.is_empty() {
        return Ok(());
    }
    for (i, s) in ink.segments.iter().enumerate() {
        if i % 512 == 0 {
            budget.spend(512)?;
        }
        for p in [s.a, s.b] {
            for &n in by_cell.get(&(cell(p[0]), cell(p[1]))).into_iter().flatten() {
                let path = &mut paths[n as usize];
                let own = (path.pieces.0..path.pieces.1).contains(&(i as u32));
                let meets = || path.ends.iter().any(|end| close(*end, p, TOUCH));
                path.alone &= own || !(if are_small[i] { is_near(&path.bounds, p) } else { meets() });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Segment;
    use super::*;

    fn piece(a: [f32; 2], b: [f32; 2]) -> Segment {
        Segment { a, b, style: 0, solid: false }
    }

    /// A small filled square.
    fn square(x: f32, y: f32, side: f32) -> [Segment; 4] {
        let corners = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
        [0, 1, 2, 3].map(|k| Segment { solid: true, ..piece(corners[k], corners[(k + 1) % 4]) })
    }

    fn dropped(paths: &[&[Segment]]) -> Vec<u32> {
        let mut ink = Ink::default();
        for path in paths {
            ink.segments.extend_from_slice(path);
            ink.joined.resize(ink.segments.len(), true);
            *ink.joined.last_mut().unwrap() = false;
        }
        of(&ink, &Budget::unlimited()).unwrap()
    }

    /// Sixteen small squares.
    fn field(x: f32, y: f32) -> Vec<[Segment; 4]> {
        let at = |k: u16| (x + f32::from(k % 4) * 5.0, y + f32::from(k / 4) * 5.0);
        (0..16).map(|k| square(at(k).0, at(k).1, 0.5)).collect()
    }

    #[test]
    fn dots_are_small_and_alone_among_others() {
        let dots = field(20.0, 10.0);
        let with = |paths: &[&[Segment]]| {
            let all: Vec<&[Segment]> = dots.iter().map(|d| &d[..]).chain(paths.iter().copied()).collect();
            let dropped = dropped(&all);
            assert!(dropped.iter().take(64).copied().eq(0..64), "{dropped:?}");
            dropped[64..].iter().map(|i| i - 64).collect::<Vec<u32>>()
        };
        // A line over some of them, an area, a place without others, and a corner close to one.
        let line = [piece([0.0, 10.25], [90.0, 10.25])];
        assert_eq!(with(&[&line, &square(32.0, 22.0, 1.2), &square(80.0, 80.0, 0.5)]), [0_u32; 0]);
        let corner = [piece([20.0, 30.0], [20.0, 10.6]), piece([20.0, 10.6], [70.0, 10.6])];
        assert_eq!(with(&[&corner]), [0_u32; 0]);
        // A stroke as small is one of them; a piece between others is not.
        let stroke = [piece([32.0, 22.0], [32.2, 22.1])];
        assert_eq!(with(&[&line, &stroke, &line]), [1]);
        let on = [piece([32.0, 22.0], [32.4, 22.4])];
        let (from, to) = ([piece([0.0, 22.0], [32.0, 22.0])], [piece([32.4, 22.4], [32.4, 90.0])]);
        assert_eq!(with(&[&from, &line, &on, &line, &to]), [0_u32; 0]);
        // Of a symbol there are fewer.
        let few: Vec<&[Segment]> = dots[..8].iter().map(|d| &d[..]).collect();
        assert_eq!(dropped(&few), [0_u32; 0]);
    }

    #[test]
    fn marks_in_a_heap_are_not_compared_with_each_other() {
        // Tens of thousands at two places of one cell, and strokes that end there.
        let heap = |n: u16| {
            let by = f32::from(n / 2) * 1e-5;
            let at = if n.is_multiple_of(2) { [20.1 + by, 20.1] } else { [21.6 + by, 21.6] };
            piece(at, [at[0] + 0.1, at[1] + 0.1])
        };
        let marks: Vec<Segment> = (0..60_000).map(heap).collect();
        let strokes: Vec<Segment> = marks.iter().map(|m| piece([90.0, 90.0], [m.a[0], 20.9])).collect();
        let all: Vec<&[Segment]> = strokes.chunks(1).chain(marks.chunks(1)).collect();
        assert!(dropped(&all).is_empty());
    }

    #[test]
    fn a_line_in_many_short_pieces_is_no_row_of_dots() {
        let way = |k: u16| [f32::from(k) * 0.5, 3.0];
        let chain: Vec<Segment> = (0..20).map(|k| piece(way(k), way(k + 1))).collect();
        let each: Vec<&[Segment]> = chain.chunks(1).collect();
        assert!(dropped(&each).is_empty());
        // Drawn in any order.
        let mut mixed = each.clone();
        mixed.sort_by_key(|s| (s[0].a[0] * 2.0) as i32 * 7 % 20);
        assert!(dropped(&mixed).is_empty());
        // With gaps that rounding leaves, and dotted.
        for gap in [0.1, 0.4] {
            let apart: Vec<Segment> = chain.iter().map(|s| piece(s.a, [s.b[0] - gap, s.b[1]])).collect();
            assert!(dropped(&apart.chunks(1).collect::<Vec<_>>()).is_empty(), "{gap}");
        }
    }
}
