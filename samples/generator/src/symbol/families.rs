//! Kinds that resemble each other on purpose: one is another with a stroke, a letter or a filled part more.

use super::electrical::{R, bar, troffer};
use super::{Kind, Shape, circle, line, rect, solid};
use crate::geometry::arc_points;

/// Kinds that a sheet shows side by side, so that each must be told from all others of its row.
pub(crate) const FAMILIES: [&[Kind]; 5] = [
    &[
        Kind::ReceptacleDuplex,
        Kind::ReceptacleTriplex,
        Kind::ReceptacleQuad,
        Kind::ReceptacleSimplex,
        Kind::ReceptacleGfci,
    ],
    &[Kind::GateValve, Kind::GlobeValve, Kind::CheckValve, Kind::BallValve],
    &[Kind::JunctionBox, Kind::Motor, Kind::Thermostat, Kind::Downlight, Kind::Sprinkler],
    &[Kind::ReturnGrille, Kind::ExhaustGrille, Kind::SupplyDiffuser, Kind::MopSink],
    &[Kind::Troffer2x4, Kind::TrofferNight, Kind::TrofferEmergency, Kind::Troffer2x2],
];

/// Half sizes of a valve, points.
const VALVE: [f64; 2] = [6.0, 3.5];

pub(super) fn shapes(kind: Kind) -> Option<Vec<Shape>> {
    let [w, h] = VALVE;
    let bow = || vec![half(-w, h), half(w, h)];
    Some(match kind {
        Kind::ReceptacleTriplex => vec![circle([0.0, 0.0], R), bar(-2.0), bar(0.0), bar(2.0)],
        Kind::Motor => vec![circle([0.0, 0.0], R), Shape::Letters { at: [0.0, 2.0], text: "M", size: 5.6 }],
        Kind::GateValve => bow(),
        Kind::GlobeValve => {
            let mut all = bow();
            all.push(Shape::Fill(arc_points([0.0, 0.0], 1.6, 1.6, 0.0, 345.0, 15.0)));
            all
        }
        Kind::CheckValve => {
            let mut all = bow();
            all.push(Shape::Fill(vec![[0.0, 0.0], [w, -h], [w, h]]));
            all
        }
        Kind::BallValve => {
            let mut all = bow();
            all.push(circle([0.0, 0.0], 2.0));
            all
        }
        Kind::ExhaustGrille => vec![
            rect(-12.0, -12.0, 12.0, 12.0),
            rect(-10.0, -10.0, 10.0, 10.0),
            line([-10.0, 10.0], [10.0, -10.0]),
            line([-10.0, -10.0], [10.0, 10.0]),
        ],
        Kind::TrofferNight => {
            let mut all = troffer(24.0, 12.0);
            all.push(solid(-24.0, -12.0, 0.0, 12.0));
            all
        }
        _ => return None,
    })
}

/// One half of a valve's bow tie.
fn half(w: f64, h: f64) -> Shape {
    Shape::Outline(vec![[0.0, 0.0], [w, -h], [w, h]])
}
