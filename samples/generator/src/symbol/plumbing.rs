//! Fixtures, in real inches, the wall at +y.

use super::{Kind, Shape, circle, ellipse, line, rect};

pub(super) fn shapes(kind: Kind) -> Option<Vec<Shape>> {
    Some(match kind {
        // A tank, a bowl with its seat, the drain, and the hinges between.
        Kind::WaterCloset => vec![
            rect(-10.0, 6.0, 10.0, 14.0),
            ellipse([0.0, -4.0], 7.5, 10.0),
            ellipse([0.0, -5.0], 5.0, 7.0),
            circle([0.0, -2.0], 1.2),
            line([-6.0, 2.0], [-6.0, 6.0]),
            line([6.0, 2.0], [6.0, 6.0]),
        ],
        // Close to a water closet on purpose: a narrower back and a half bowl.
        Kind::Urinal => vec![
            rect(-8.0, 4.0, 8.0, 7.0),
            Shape::Arc { center: [0.0, 0.0], r: [6.5, 8.0], start: 180.0, sweep: 180.0 },
            line([-6.5, 0.0], [-6.5, 4.0]),
            line([6.5, 0.0], [6.5, 4.0]),
            ellipse([0.0, -1.0], 3.5, 4.5),
        ],
        Kind::Lavatory => vec![
            rect(-11.0, -9.0, 11.0, 9.0),
            ellipse([0.0, -1.5], 8.0, 5.5),
            circle([0.0, -1.5], 1.2),
            line([0.0, 7.5], [0.0, 2.5]),
            circle([-4.0, 6.5], 1.2),
            circle([4.0, 6.5], 1.2),
        ],
        Kind::MopSink => vec![
            rect(-12.0, -12.0, 12.0, 12.0),
            rect(-10.0, -10.0, 10.0, 10.0),
            line([-10.0, -10.0], [10.0, 10.0]),
            line([-10.0, 10.0], [10.0, -10.0]),
            circle([0.0, 0.0], 2.0),
        ],
        Kind::FloorDrain => vec![
            circle([0.0, 0.0], 4.5),
            circle([0.0, 0.0], 3.0),
            line([-3.0, 0.0], [3.0, 0.0]),
            line([0.0, -3.0], [0.0, 3.0]),
        ],
        Kind::DrinkingFountain => vec![
            Shape::Outline(vec![
                [-9.0, 9.0],
                [-9.0, -4.0],
                [-5.0, -9.0],
                [5.0, -9.0],
                [9.0, -4.0],
                [9.0, 9.0],
            ]),
            ellipse([0.0, -2.0], 6.0, 4.0),
            circle([4.0, 5.0], 1.2),
        ],
        _ => return None,
    })
}
