//! Plane geometry of a sheet: points of the upright page, origin top-left, x right, y down.
//!
//! Angles turn from +x to +y, which is clockwise to the eye.

/// A place in points (1/72 inch) of the upright page, or in the units of a symbol.
pub type Point = [f64; 2];

/// A linear map and a shift: `(x, y) -> (a x + c y + e, b x + d y + f)`, as PDF writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine(pub [f64; 6]);

impl Affine {
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub fn shift(to: Point) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, to[0], to[1]])
    }

    pub fn scale(x: f64, y: f64) -> Self {
        Self([x, 0.0, 0.0, y, 0.0, 0.0])
    }

    /// A turn about the origin; quarter turns are exact.
    pub fn turn(degrees: f64) -> Self {
        let (sin, cos) = sin_cos(degrees);
        Self([cos, sin, -sin, cos, 0.0, 0.0])
    }

    /// `self` after `first`.
    pub fn after(&self, first: &Self) -> Self {
        let ([a, b, c, d, e, f], [p, q, r, s, t, u]) = (self.0, first.0);
        Self([
            a * p + c * q,
            b * p + d * q,
            a * r + c * s,
            b * r + d * s,
            a * t + c * u + e,
            b * t + d * u + f,
        ])
    }

    pub fn apply(&self, p: Point) -> Point {
        let [a, b, c, d, e, f] = self.0;
        [a * p[0] + c * p[1] + e, b * p[0] + d * p[1] + f]
    }
}

/// Sine and cosine of an angle in degrees, exact at quarter turns.
pub fn sin_cos(degrees: f64) -> (f64, f64) {
    let turned = degrees.rem_euclid(360.0);
    match turned {
        0.0 => (0.0, 1.0),
        90.0 => (1.0, 0.0),
        180.0 => (0.0, -1.0),
        270.0 => (-1.0, 0.0),
        other => other.to_radians().sin_cos(),
    }
}

/// An axis-parallel box: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Bounds {
    /// The box that holds nothing.
    pub const EMPTY: Self =
        Self { left: f64::INFINITY, top: f64::INFINITY, right: f64::NEG_INFINITY, bottom: f64::NEG_INFINITY };

    pub fn new(left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self { left, top, right, bottom }
    }

    pub fn add(&mut self, p: Point) {
        self.left = self.left.min(p[0]);
        self.top = self.top.min(p[1]);
        self.right = self.right.max(p[0]);
        self.bottom = self.bottom.max(p[1]);
    }

    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub fn center(&self) -> Point {
        [(self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0]
    }

    /// Grown by `by` on every side.
    pub fn grown(&self, by: f64) -> Self {
        Self::new(self.left - by, self.top - by, self.right + by, self.bottom + by)
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    pub fn corners(&self) -> [Point; 4] {
        [[self.left, self.top], [self.right, self.top], [self.right, self.bottom], [self.left, self.bottom]]
    }
}

/// Points on an ellipse arc, ends included, at most `step` degrees apart.
pub fn arc_points(center: Point, rx: f64, ry: f64, start: f64, sweep: f64, step: f64) -> Vec<Point> {
    let parts = (sweep.abs() / step).ceil().max(1.0) as usize;
    (0..=parts)
        .map(|i| {
            let (sin, cos) = sin_cos(start + sweep * i as f64 / parts as f64);
            [center[0] + rx * cos, center[1] + ry * sin]
        })
        .collect()
}

/// Area of a simple polygon, square units.
pub fn polygon_area(points: &[Point]) -> f64 {
    let mut twice = 0.0;
    for (i, p) in points.iter().enumerate() {
        let q = points[(i + 1) % points.len()];
        twice += p[0] * q[1] - q[0] * p[1];
    }
    (twice / 2.0).abs()
}

/// Length of a polyline; of the whole outline when `closed`.
pub fn path_length(points: &[Point], closed: bool) -> f64 {
    let open: f64 = points.windows(2).map(|w| distance(w[0], w[1])).sum();
    match (closed, points.first(), points.last()) {
        (true, Some(first), Some(last)) => open + distance(*last, *first),
        _ => open,
    }
}

/// Whether the segment from `a` to `b` runs through the box (Liang and Barsky's clipping).
pub fn meets(area: &Bounds, a: Point, b: Point) -> bool {
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    let sides = [
        (a[0] - b[0], a[0] - area.left),
        (b[0] - a[0], area.right - a[0]),
        (a[1] - b[1], a[1] - area.top),
        (b[1] - a[1], area.bottom - a[1]),
    ];
    for (towards, room) in sides {
        if towards == 0.0 {
            if room < 0.0 {
                return false;
            }
        } else if towards < 0.0 {
            from = from.max(room / towards);
        } else {
            to = to.min(room / towards);
        }
    }
    from < to
}

pub fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_is_clockwise_to_the_eye_and_exact() {
        assert_eq!(Affine::turn(90.0).apply([1.0, 0.0]), [0.0, 1.0]);
        assert_eq!(Affine::turn(-90.0).apply([1.0, 0.0]), [0.0, -1.0]);
    }

    #[test]
    fn maps_compose_right_to_left() {
        let m = Affine::shift([10.0, 0.0]).after(&Affine::scale(2.0, 2.0));
        assert_eq!(m.apply([1.0, 1.0]), [12.0, 2.0]);
    }

    #[test]
    fn a_segment_meets_the_boxes_on_its_way() {
        let area = Bounds::new(2.0, 2.0, 4.0, 4.0);
        assert!(meets(&area, [0.0, 0.0], [6.0, 6.0]));
        assert!(meets(&area, [3.0, 0.0], [3.0, 9.0]));
        assert!(!meets(&area, [0.0, 0.0], [1.0, 1.0]));
        assert!(!meets(&area, [0.0, 5.0], [9.0, 5.0]));
        assert!(!meets(&area, [0.0, 4.5], [1.5, 6.0]));
    }

    #[test]
    fn area_and_outline_of_a_square() {
        let square = [[0.0, 0.0], [3.0, 0.0], [3.0, 3.0], [0.0, 3.0]];
        assert_eq!(polygon_area(&square), 9.0);
        assert_eq!(path_length(&square, true), 12.0);
    }
}
