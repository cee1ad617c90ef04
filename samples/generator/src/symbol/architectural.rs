//! Doors and furniture, in real inches.

use super::{Kind, Shape, rect};

pub(super) fn shapes(kind: Kind) -> Option<Vec<Shape>> {
    Some(match kind {
        // Hinge at the origin, opening along +x, leaf open towards -y.
        Kind::Door => vec![
            rect(0.0, -36.0, 1.75, 0.0),
            Shape::Arc { center: [0.0, 0.0], r: [36.0, 36.0], start: -90.0, sweep: 90.0 },
        ],
        Kind::Desk => vec![
            rect(-13.0, -9.0, 13.0, 9.0),
            Shape::Arc { center: [0.0, 15.0], r: [7.0, 7.0], start: 0.0, sweep: 360.0 },
        ],
        _ => return None,
    })
}
