//! Whether two shapes are one, drawn twice.

use super::Geometry;
use crate::geom::PxPoint;

/// Farthest that points of one place are apart, pixels: clients round.
const NEAR_PX: f64 = 1.0;

impl Geometry {
    /// Whether it covers what the other covers, however each is written: a ring begins anywhere and runs either
    /// way round, a line has no direction, a rectangle is a polygon of four corners.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Point(a), Self::Point(b)) => near(*a, *b),
            (Self::Circle { center: a, radius: r }, Self::Circle { center: b, radius: s }) => {
                near(*a, *b) && (r - s).abs() <= NEAR_PX
            }
            _ => match (self.ring(), other.ring(), self.path(), other.path()) {
                (Some(a), Some(b), ..) => same_ring(&a, &b),
                (.., Some(a), Some(b)) => {
                    same_path(&a, b.iter().copied()) || same_path(&a, b.iter().rev().copied())
                }
                _ => false,
            },
        }
    }

    fn ring(&self) -> Option<Vec<PxPoint>> {
        match self {
            Self::Polygon(points) => Some(points.clone()),
            Self::Rectangle { corner, width, height } => {
                let (right, bottom) = (corner.x + width, corner.y + height);
                let corners = [(corner.x, corner.y), (right, corner.y), (right, bottom), (corner.x, bottom)];
                Some(corners.map(|(x, y)| PxPoint::new(x, y)).to_vec())
            }
            _ => None,
        }
    }

    fn path(&self) -> Option<Vec<PxPoint>> {
        match self {
            Self::Line { start, end } => Some(vec![*start, *end]),
            Self::Polyline(points) => Some(points.clone()),
            _ => None,
        }
    }
}

fn near(a: PxPoint, b: PxPoint) -> bool {
    a.distance(b) <= NEAR_PX
}

fn same_path(a: &[PxPoint], b: impl ExactSizeIterator<Item = PxPoint>) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(p, q)| near(*p, q))
}

fn same_ring(a: &[PxPoint], b: &[PxPoint]) -> bool {
    let n = b.len();
    if a.len() != n {
        return false;
    }
    let first = |at: &usize| near(a[0], b[*at]);
    (0..n).filter(first).any(|at| {
        same_path(a, (0..n).map(|i| b[(at + i) % n])) || same_path(a, (0..n).map(|i| b[(at + n - i) % n]))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::GeometryType::{self, Circle, Line, Point, Polygon, Polyline, Rectangle};

    fn shape(kind: GeometryType, data: Value) -> Geometry {
        Geometry::parse(kind, &data).unwrap()
    }

    fn points(all: &[[f64; 2]]) -> Value {
        json!({ "points": all.iter().map(|[x, y]| json!({ "x": x, "y": y })).collect::<Vec<_>>() })
    }

    #[test]
    fn one_shape_is_the_same_however_it_is_written() {
        let square = shape(Rectangle, json!({"x": 10, "y": 20, "width": 100, "height": 50}));
        let around = [[110.0, 70.0], [110.0, 20.0], [10.0, 20.0], [10.4, 70.0]];
        assert!(square.is_same(&shape(Polygon, points(&around))));
        let mut other = around;
        other[3] = [20.0, 70.0];
        assert!(!square.is_same(&shape(Polygon, points(&other))));
        let line = shape(Line, json!({"start": {"x": 0, "y": 0}, "end": {"x": 9, "y": 9}}));
        assert!(line.is_same(&shape(Polyline, points(&[[9.0, 9.0], [0.0, 0.0]]))));
        assert!(!line.is_same(&square) && !line.is_same(&shape(Point, json!({"x": 0, "y": 0}))));
        let circle = |r: f64| shape(Circle, json!({"center": {"x": 5, "y": 5}, "radius": r}));
        assert!(circle(4.0).is_same(&circle(4.5)) && !circle(4.0).is_same(&circle(6.0)));
    }
}
