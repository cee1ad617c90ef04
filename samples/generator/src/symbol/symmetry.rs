//! Which turns and mirrorings of a symbol can't be told from the symbol itself.

use serde::{Deserialize, Serialize};

use super::{Kind, Shape, bounds, shapes};
use crate::geometry::{Affine, Point, arc_points, distance};

/// How a symbol can be laid over itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symmetry {
    /// Smallest turn that changes nothing, degrees; 360 when none does.
    pub turn: u16,
    /// Whether the mirrored symbol is the symbol at some turn, so that mirroring can't be seen.
    pub mirror: bool,
}

/// Share of a symbol's size that two lines may be apart and still be the same line.
const TOLERANCE: f64 = 0.03;

/// The symmetry of a kind's lines; letters count as having none.
pub fn symmetry(kind: Kind) -> Symmetry {
    let shapes = shapes(kind);
    if shapes.iter().any(|s| matches!(s, Shape::Letters { .. })) {
        return Symmetry { turn: 360, mirror: false };
    }
    let own = bounds(kind, &Affine::IDENTITY);
    let [cx, cy] = own.center();
    let step = own.width().max(own.height()) * TOLERANCE;
    let points: Vec<Point> =
        shapes.iter().flat_map(|s| samples(s, step / 2.0)).map(|p| [p[0] - cx, p[1] - cy]).collect();
    let same = |map: &Affine| points.iter().all(|p| near(map.apply(*p), &points, step));
    let turn =
        [45, 60, 72, 90, 120, 180].into_iter().find(|t| same(&Affine::turn(f64::from(*t)))).unwrap_or(360);
    let flip = Affine::scale(-1.0, 1.0);
    let mirror = (0..120).any(|i| same(&Affine::turn(f64::from(i) * 3.0).after(&flip)));
    Symmetry { turn, mirror }
}

fn near(p: Point, points: &[Point], reach: f64) -> bool {
    points.iter().any(|q| distance(p, *q) <= reach)
}

/// Points along a shape's lines, at most `step` apart.
fn samples(shape: &Shape, step: f64) -> Vec<Point> {
    let path = match shape {
        Shape::Line(points) => points.clone(),
        Shape::Outline(points) | Shape::Fill(points) => {
            points.iter().chain(points.first()).copied().collect()
        }
        Shape::Arc { center, r, start, sweep } => arc_points(*center, r[0], r[1], *start, *sweep, 2.0),
        Shape::Letters { .. } => Vec::new(),
    };
    let mut all = Vec::new();
    for pair in path.windows(2) {
        let parts = (distance(pair[0], pair[1]) / step).ceil().max(1.0) as u32;
        for i in 0..=parts {
            let t = f64::from(i) / f64::from(parts);
            all.push([
                pair[0][0] + (pair[1][0] - pair[0][0]) * t,
                pair[0][1] + (pair[1][1] - pair[0][1]) * t,
            ]);
        }
    }
    if let Shape::Fill(corners) = shape {
        // What is filled differs from its bare outline.
        let n = corners.len() as f64;
        let middle = [0, 1].map(|axis| corners.iter().map(|c| c[axis]).sum::<f64>() / n);
        let inward = |p: &Point, t: f64| [p[0] + (middle[0] - p[0]) * t, p[1] + (middle[1] - p[1]) * t];
        let inner: Vec<Point> = all.iter().flat_map(|p| [0.25, 0.5, 0.75].map(|t| inward(p, t))).collect();
        all.extend(inner);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetries_that_the_eye_sees() {
        let of = |kind| {
            let s = symmetry(kind);
            (s.turn, s.mirror)
        };
        assert_eq!(of(Kind::FloorDrain), (90, true));
        assert_eq!(of(Kind::Tree), (72, true));
        assert_eq!(of(Kind::Troffer2x4), (180, true));
        assert_eq!(of(Kind::WaterCloset), (360, true));
        assert_eq!(of(Kind::ReceptacleDuplex), (360, true));
        assert_eq!(of(Kind::Door), (360, false));
        assert_eq!(of(Kind::TrofferEmergency), (360, false));
        assert_eq!(of(Kind::DrinkingFountain), (360, false));
        assert_eq!(of(Kind::JunctionBox), (360, false));
    }
}
