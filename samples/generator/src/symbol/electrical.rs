//! Power, lighting and ceiling devices.

use super::{Kind, Shape, circle, line, rect, solid};
use crate::geometry::arc_points;

/// Radius of a wall device, points.
pub(super) const R: f64 = 4.0;
/// Where its wall is.
const WALL: f64 = 6.5;

pub(super) fn shapes(kind: Kind) -> Option<Vec<Shape>> {
    Some(match kind {
        Kind::ReceptacleDuplex => vec![circle([0.0, 0.0], R), bar(-1.4), bar(1.4)],
        Kind::ReceptacleSimplex => vec![circle([0.0, 0.0], R), bar(0.0)],
        Kind::ReceptacleQuad => vec![
            circle([0.0, 0.0], R),
            bar(-1.4),
            bar(1.4),
            line([-3.75, -1.4], [3.75, -1.4]),
            line([-3.75, 1.4], [3.75, 1.4]),
        ],
        Kind::ReceptacleGfci => vec![
            circle([0.0, 0.0], R),
            Shape::Fill(arc_points([0.0, 0.0], R, R, 0.0, 180.0, 10.0)),
            line([-R, 0.0], [R, 0.0]),
            line([-1.4, R], [-1.4, WALL]),
            line([1.4, R], [1.4, WALL]),
        ],
        Kind::DataOutlet => {
            vec![Shape::Outline(vec![[0.0, -5.0], [4.5, 3.0], [-4.5, 3.0]]), line([0.0, 3.0], [0.0, WALL])]
        }
        Kind::FloorBox => {
            vec![rect(-5.0, -5.0, 5.0, 5.0), circle([0.0, 0.0], 3.4), line([-3.4, 0.0], [3.4, 0.0])]
        }
        Kind::JunctionBox => {
            vec![circle([0.0, 0.0], R), Shape::Letters { at: [0.0, 2.0], text: "J", size: 5.6 }]
        }
        Kind::Panelboard => vec![rect(-14.0, -3.0, 14.0, 3.0), solid(-14.0, -3.0, 0.0, 3.0)],
        Kind::Switch => switch(),
        Kind::SwitchThreeWay => {
            let mut all = switch();
            all.push(Shape::Letters { at: [4.4, 3.0], text: "3", size: 5.0 });
            all.push(line([-2.4, 5.2], [2.4, 5.2]));
            all
        }
        Kind::Troffer2x4 => troffer(24.0, 12.0),
        Kind::Troffer2x2 => troffer(12.0, 12.0),
        Kind::TrofferEmergency => {
            let mut all = troffer(24.0, 12.0);
            all.push(Shape::Fill(vec![[-24.0, -12.0], [24.0, -12.0], [-24.0, 12.0]]));
            all
        }
        _ => return ceiling(kind),
    })
}

/// A bar across a receptacle, on to its wall.
pub(super) fn bar(x: f64) -> Shape {
    line([x, -(R * R - x * x).sqrt()], [x, WALL])
}

/// The S of a switch, struck through by the line to its wall.
fn switch() -> Vec<Shape> {
    let lobe = |y: f64, start: f64, sweep: f64| Shape::Arc { center: [0.0, y], r: [2.4, 2.0], start, sweep };
    vec![lobe(-2.0, -20.0, -250.0), lobe(2.0, -90.0, 250.0), line([0.0, -5.5], [0.0, WALL])]
}

/// A recessed luminaire: its frame and its lens; half sizes in inches.
pub(super) fn troffer(w: f64, h: f64) -> Vec<Shape> {
    vec![
        rect(-w, -h, w, h),
        rect(-w + 3.0, -h + 3.0, w - 3.0, h - 3.0),
        line([-w + 3.0, -2.5], [w - 3.0, -2.5]),
        line([-w + 3.0, 2.5], [w - 3.0, 2.5]),
    ]
}

fn ceiling(kind: Kind) -> Option<Vec<Shape>> {
    Some(match kind {
        Kind::Downlight => {
            vec![
                circle([0.0, 0.0], 4.0),
                line([-2.83, -2.83], [2.83, 2.83]),
                line([-2.83, 2.83], [2.83, -2.83]),
            ]
        }
        Kind::ExitSign => vec![
            circle([0.0, 0.0], R),
            line([-R, 0.0], [R, 0.0]),
            line([0.0, -R], [0.0, R]),
            quadrant(180.0),
            quadrant(0.0),
            Shape::Fill(vec![[0.0, -8.5], [2.2, -4.8], [-2.2, -4.8]]),
        ],
        Kind::OccupancySensor => {
            let corners = arc_points([0.0, 0.0], 4.5, 4.5, 0.0, 300.0, 60.0);
            vec![Shape::Outline(corners), circle([0.0, 0.0], 1.6), line([1.6, 0.0], [4.5, 0.0])]
        }
        Kind::SmokeDetector => vec![
            rect(-4.0, -4.0, 4.0, 4.0),
            Shape::Arc { center: [0.0, -1.2], r: [2.0, 1.2], start: -20.0, sweep: -250.0 },
            Shape::Arc { center: [0.0, 1.2], r: [2.0, 1.2], start: -90.0, sweep: 250.0 },
        ],
        Kind::Thermostat => {
            vec![circle([0.0, 0.0], 4.6), line([-2.2, -2.2], [2.2, -2.2]), line([0.0, -2.2], [0.0, 2.8])]
        }
        Kind::SupplyDiffuser => vec![
            rect(-12.0, -12.0, 12.0, 12.0),
            rect(-8.0, -8.0, 8.0, 8.0),
            rect(-4.0, -4.0, 4.0, 4.0),
            line([-12.0, -12.0], [12.0, 12.0]),
            line([-12.0, 12.0], [12.0, -12.0]),
        ],
        Kind::ReturnGrille => {
            vec![
                rect(-12.0, -12.0, 12.0, 12.0),
                rect(-10.0, -10.0, 10.0, 10.0),
                line([-10.0, 10.0], [10.0, -10.0]),
            ]
        }
        Kind::Sprinkler => {
            let dot = arc_points([0.0, 0.0], 1.6, 1.6, 0.0, 345.0, 15.0);
            vec![circle([0.0, 0.0], 3.4), Shape::Fill(dot)]
        }
        _ => return None,
    })
}

/// A filled quarter of an exit sign's circle.
fn quadrant(start: f64) -> Shape {
    let mut points = vec![[0.0, 0.0]];
    points.extend(arc_points([0.0, 0.0], R, R, start, 90.0, 15.0));
    Shape::Fill(points)
}
