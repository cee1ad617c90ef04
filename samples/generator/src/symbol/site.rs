//! Things on a site plan; trees and basins in real inches.

use super::{Kind, Shape, circle, line, rect, solid};
use crate::geometry::arc_points;

pub(super) fn shapes(kind: Kind) -> Option<Vec<Shape>> {
    Some(match kind {
        Kind::Tree => {
            let mut all = vec![circle([0.0, 0.0], 120.0), circle([0.0, 0.0], 12.0)];
            for end in arc_points([0.0, 0.0], 96.0, 96.0, 15.0, 288.0, 72.0) {
                all.push(line([end[0] / 8.0, end[1] / 8.0], end));
            }
            all
        }
        Kind::LightPole => {
            vec![solid(-1.8, -1.8, 1.8, 1.8), circle([0.0, -6.0], 4.2), line([0.0, -1.8], [0.0, -10.2])]
        }
        Kind::CatchBasin => vec![
            rect(-24.0, -24.0, 24.0, 24.0),
            line([-24.0, -8.0], [24.0, -8.0]),
            line([-24.0, 8.0], [24.0, 8.0]),
            line([-8.0, -24.0], [-8.0, 24.0]),
            line([8.0, -24.0], [8.0, 24.0]),
        ],
        _ => return None,
    })
}
