//! Rings of points: area, perimeter, and whether they enclose each place once.

use crate::geom::PxPoint;

/// Points this close to a line, as part of the product of the lengths, lie on it: rounding of doubles.
const ON_LINE: f64 = 1e-12;

/// Edges of the ring, the closing one included.
fn edges(points: &[PxPoint]) -> impl Iterator<Item = (PxPoint, PxPoint)> + '_ {
    points.iter().copied().zip(points.iter().copied().cycle().skip(1))
}

/// Twice the signed area of the triangle a, b, c; exactly 0 where c lies on the line of a and b.
fn turn(a: PxPoint, b: PxPoint, c: PxPoint) -> f64 {
    let (ux, uy) = (b.x - a.x, b.y - a.y);
    let (vx, vy) = (c.x - a.x, c.y - a.y);
    let cross = ux * vy - uy * vx;
    if cross.abs() <= ON_LINE * ux.hypot(uy) * vx.hypot(vy) { 0.0 } else { cross }
}

/// Area by the shoelace formula, square pixels. Relative to the first point, so that a small ring far
/// from the origin loses no digits.
pub(super) fn area(points: &[PxPoint]) -> f64 {
    let Some(o) = points.first() else { return 0.0 };
    let twice: f64 = edges(points).map(|(a, b)| (a.x - o.x) * (b.y - o.y) - (b.x - o.x) * (a.y - o.y)).sum();
    twice.abs() / 2.0
}

/// Length of the closed ring, pixels.
pub(super) fn perimeter(points: &[PxPoint]) -> f64 {
    edges(points).map(|(a, b)| a.distance(b)).sum()
}

/// Two edges that cross, and the place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Crossing {
    /// Index of each edge's first point.
    pub(super) edges: (usize, usize),
    pub(super) at: PxPoint,
}

/// Calls `visit` with every pair of edges whose boxes meet, in order of x; stops at the first answer.
fn first_pair<T>(points: &[PxPoint], visit: impl Fn(usize, usize) -> Option<T>) -> Option<T> {
    let ring: Vec<(PxPoint, PxPoint)> = edges(points).collect();
    let left = |i: usize| ring[i].0.x.min(ring[i].1.x);
    let right = |i: usize| ring[i].0.x.max(ring[i].1.x);
    let mut order: Vec<usize> = (0..ring.len()).collect();
    order.sort_by(|&a, &b| left(a).total_cmp(&left(b)));
    let mut open: Vec<usize> = Vec::new();
    for &i in &order {
        open.retain(|&j| right(j) >= left(i));
        for &j in &open {
            let (a, b) = (ring[i], ring[j]);
            let apart = a.0.y.max(a.1.y) < b.0.y.min(b.1.y) || b.0.y.max(b.1.y) < a.0.y.min(a.1.y);
            if !apart && let Some(found) = visit(i.min(j), i.max(j)) {
                return Some(found);
            }
        }
        open.push(i);
    }
    None
}

/// A place where one edge passes through the inside of another.
pub(super) fn first_crossing(points: &[PxPoint]) -> Option<Crossing> {
    let n = points.len();
    first_pair(points, |i, j| {
        let (a, b) = (points[i], points[(i + 1) % n]);
        let (c, d) = (points[j], points[(j + 1) % n]);
        let (c_side, d_side) = (turn(a, b, c), turn(a, b, d));
        let proper = c_side * d_side < 0.0 && turn(c, d, a) * turn(c, d, b) < 0.0;
        proper.then(|| {
            let t = c_side / (c_side - d_side);
            Crossing { edges: (i, j), at: PxPoint::new(c.x + t * (d.x - c.x), c.y + t * (d.y - c.y)) }
        })
    })
}

/// Whether edges that are no neighbours meet, or neighbours run back over each other.
pub(super) fn touches_itself(points: &[PxPoint]) -> bool {
    let n = points.len();
    let on = |a: PxPoint, b: PxPoint, p: PxPoint| {
        let within = |v: f64, s: f64, t: f64| v >= s.min(t) && v <= s.max(t);
        turn(a, b, p) == 0.0 && within(p.x, a.x, b.x) && within(p.y, a.y, b.y)
    };
    first_pair(points, |i, j| {
        let (a, b) = (points[i], points[(i + 1) % n]);
        let (c, d) = (points[j], points[(j + 1) % n]);
        let meets = if j == i + 1 {
            on(a, b, d) || on(c, d, a)
        } else if i == 0 && j == n - 1 {
            on(a, b, c) || on(c, d, b)
        } else {
            on(a, b, c) || on(a, b, d) || on(c, d, a) || on(c, d, b)
        };
        meets.then_some(())
    })
    .is_some()
}

/// Whether every place is inside at most once and always in the same direction, so that the shoelace
/// formula gives the area; for rings whose edges meet only at points or along each other.
pub(super) fn encloses_once(points: &[PxPoint]) -> bool {
    let mut levels: Vec<f64> = points.iter().map(|p| p.y).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let mut seen = 0_i32;
    let mut crossed: Vec<(f64, i32)> = Vec::new();
    for pair in levels.windows(2) {
        let y = f64::midpoint(pair[0], pair[1]);
        crossed.clear();
        crossed.extend(edges(points).filter(|(a, b)| (a.y > y) != (b.y > y)).map(|(a, b)| {
            let x = a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x);
            (x, if b.y > a.y { 1 } else { -1 })
        }));
        crossed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut winding = 0;
        for (i, &(x, step)) in crossed.iter().enumerate() {
            winding += step;
            // Edges along each other come in either order; only a region of some width counts.
            let wide = crossed.get(i + 1).is_some_and(|next| next.0 - x > 1e-9 * (1.0 + x.abs()));
            if !wide || winding == 0 {
                continue;
            }
            if winding.abs() > 1 || winding == -seen {
                return false;
            }
            seen = winding;
        }
    }
    true
}
