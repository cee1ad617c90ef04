//! Symbols of the trades: lines in a space of their own, y down.
//!
//! Devices that hang on a wall have it on their lower side (+y). A kind whose unit is the real inch
//! grows with the drawing's scale; one whose unit is the point is as large on every sheet.

mod architectural;
mod electrical;
mod families;
mod plumbing;
mod site;
mod symmetry;

pub(crate) use families::FAMILIES;
pub use symmetry::{Symmetry, symmetry};

use crate::geometry::{Affine, Bounds, Point, arc_points};

/// One stroke of a symbol, in its own units.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Line(Vec<Point>),
    Outline(Vec<Point>),
    Fill(Vec<Point>),
    /// An arc of an upright ellipse; degrees, clockwise.
    Arc {
        center: Point,
        r: [f64; 2],
        start: f64,
        sweep: f64,
    },
    /// Letters on a baseline, centred; the box of a symbol doesn't count them.
    Letters {
        at: Point,
        text: &'static str,
        size: f64,
    },
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $description:literal;)*) => {
        /// A kind of symbol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Name in truth files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// What a legend says of it.
            pub fn description(self) -> &'static str {
                match self { $(Self::$kind => $description,)* }
            }
        }
    };
}

kinds! {
    ReceptacleDuplex "receptacle_duplex" "DUPLEX RECEPTACLE, 20A 125V";
    ReceptacleSimplex "receptacle_simplex" "SIMPLEX RECEPTACLE, 20A 125V";
    ReceptacleQuad "receptacle_quad" "QUADRUPLEX RECEPTACLE, 20A 125V";
    ReceptacleGfci "receptacle_gfci" "DUPLEX RECEPTACLE, GFCI TYPE";
    DataOutlet "data_outlet" "DATA OUTLET, 2 PORT";
    FloorBox "floor_box" "FLOOR BOX, POWER AND DATA";
    JunctionBox "junction_box" "JUNCTION BOX";
    Panelboard "panelboard" "PANELBOARD, SURFACE MOUNTED";
    Switch "switch" "SINGLE POLE SWITCH";
    SwitchThreeWay "switch_three_way" "THREE-WAY SWITCH";
    Troffer2x4 "troffer_2x4" "2X4 LED TROFFER";
    Troffer2x2 "troffer_2x2" "2X2 LED TROFFER";
    TrofferEmergency "troffer_emergency" "2X4 LED TROFFER, EMERGENCY BATTERY";
    Downlight "downlight" "6 IN LED DOWNLIGHT";
    ExitSign "exit_sign" "EXIT SIGN, CEILING MOUNTED";
    OccupancySensor "occupancy_sensor" "CEILING OCCUPANCY SENSOR";
    SmokeDetector "smoke_detector" "SMOKE DETECTOR";
    Thermostat "thermostat" "THERMOSTAT";
    SupplyDiffuser "supply_diffuser" "SUPPLY AIR DIFFUSER";
    ReturnGrille "return_grille" "RETURN AIR GRILLE";
    Sprinkler "sprinkler" "SPRINKLER, PENDENT";
    WaterCloset "water_closet" "WATER CLOSET";
    Urinal "urinal" "URINAL";
    Lavatory "lavatory" "LAVATORY";
    MopSink "mop_sink" "MOP SINK";
    FloorDrain "floor_drain" "FLOOR DRAIN";
    DrinkingFountain "drinking_fountain" "DRINKING FOUNTAIN";
    Door "door" "DOOR, 3'-0\"";
    Desk "desk" "STUDENT DESK";
    Tree "tree" "DECIDUOUS TREE";
    LightPole "light_pole" "SITE LIGHT POLE";
    CatchBasin "catch_basin" "CATCH BASIN";
    ReceptacleTriplex "receptacle_triplex" "TRIPLEX RECEPTACLE, 20A 125V";
    Motor "motor" "MOTOR CONNECTION";
    GateValve "gate_valve" "GATE VALVE";
    GlobeValve "globe_valve" "GLOBE VALVE";
    CheckValve "check_valve" "CHECK VALVE";
    BallValve "ball_valve" "BALL VALVE";
    ExhaustGrille "exhaust_grille" "EXHAUST AIR GRILLE";
    TrofferNight "troffer_night" "2X4 LED TROFFER, NIGHT LIGHT";
}

impl Kind {
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Points on paper of one unit of the symbol, at `pt_per_inch` points to the real inch.
    pub fn unit(self, pt_per_inch: f64) -> f64 {
        match self {
            Self::Troffer2x4
            | Self::Troffer2x2
            | Self::TrofferEmergency
            | Self::SupplyDiffuser
            | Self::TrofferNight
            | Self::ReturnGrille
            | Self::ExhaustGrille
            | Self::WaterCloset
            | Self::Urinal
            | Self::Lavatory
            | Self::MopSink
            | Self::FloorDrain
            | Self::DrinkingFountain
            | Self::Door
            | Self::Desk
            | Self::Tree
            | Self::CatchBasin => pt_per_inch,
            _ => 1.0,
        }
    }
}

/// The lines of a symbol.
pub fn shapes(kind: Kind) -> Vec<Shape> {
    electrical::shapes(kind)
        .or_else(|| plumbing::shapes(kind))
        .or_else(|| architectural::shapes(kind))
        .or_else(|| site::shapes(kind))
        .or_else(|| families::shapes(kind))
        .unwrap_or_default()
}

/// Smallest upright box around the mapped lines of a symbol, its letters left out.
pub fn bounds(kind: Kind, map: &Affine) -> Bounds {
    let mut all = Bounds::EMPTY;
    for shape in shapes(kind) {
        let points = match shape {
            Shape::Line(points) | Shape::Outline(points) | Shape::Fill(points) => points,
            Shape::Arc { center, r, start, sweep } => arc_points(center, r[0], r[1], start, sweep, 1.0),
            Shape::Letters { .. } => continue,
        };
        for p in points {
            all.add(map.apply(p));
        }
    }
    all
}

fn circle(center: Point, r: f64) -> Shape {
    Shape::Arc { center, r: [r, r], start: 0.0, sweep: 360.0 }
}

fn ellipse(center: Point, rx: f64, ry: f64) -> Shape {
    Shape::Arc { center, r: [rx, ry], start: 0.0, sweep: 360.0 }
}

fn line(a: Point, b: Point) -> Shape {
    Shape::Line(vec![a, b])
}

fn rect(left: f64, top: f64, right: f64, bottom: f64) -> Shape {
    Shape::Outline(Bounds::new(left, top, right, bottom).corners().to_vec())
}

fn solid(left: f64, top: f64, right: f64, bottom: f64) -> Shape {
    Shape::Fill(Bounds::new(left, top, right, bottom).corners().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_drawn_and_has_a_name_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        for &kind in Kind::ALL {
            let b = bounds(kind, &Affine::IDENTITY);
            assert!(b.width() > 1.0 && b.height() > 1.0, "{kind:?} {b:?}");
            assert!(names.insert(kind.name()), "{kind:?}");
            assert!(!kind.description().is_empty());
        }
    }

    #[test]
    fn look_alikes_differ() {
        use Kind::*;
        for (a, b) in
            [(ReceptacleDuplex, ReceptacleQuad), (WaterCloset, Urinal), (Troffer2x4, TrofferEmergency)]
        {
            assert_ne!(shapes(a), shapes(b));
        }
        for family in FAMILIES {
            for (n, a) in family.iter().enumerate() {
                assert!(family[n + 1..].iter().all(|b| shapes(*a) != shapes(*b)), "{a:?}");
            }
        }
    }
}
