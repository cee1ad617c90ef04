//! Devices of one trade in the rooms of a floor, floor patterns below and cables across them.

use super::layout::clear_middle;
use crate::canvas::{Canvas, Placement};
use crate::dice::Dice;
use crate::geometry::{Affine, Bounds, Point};
use crate::ink::Pen;
use crate::plan::{Floor, Room, Setting, Side, Taken, ceiling_grid, dots, place_grid, tiles, wall_device};
use crate::symbol::{Kind, bounds};
use crate::truth::Status;

/// Whose work a sheet shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trade {
    Power,
    Lighting,
    Plumbing,
}

impl Trade {
    pub(crate) const ALL: [Self; 3] = [Self::Power, Self::Lighting, Self::Plumbing];

    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Power | Self::Lighting => "E",
            Self::Plumbing => "P",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Power => "POWER PLAN",
            Self::Lighting => "LIGHTING PLAN",
            Self::Plumbing => "PLUMBING PLAN",
        }
    }

    /// What hangs on walls.
    fn on_walls(self) -> &'static [Kind] {
        use Kind::*;
        match self {
            Self::Power => &[
                ReceptacleDuplex,
                ReceptacleDuplex,
                ReceptacleDuplex,
                ReceptacleQuad,
                ReceptacleSimplex,
                ReceptacleGfci,
                DataOutlet,
                Thermostat,
            ],
            Self::Lighting => &[Switch, SwitchThreeWay],
            Self::Plumbing => &[WaterCloset, WaterCloset, Lavatory, Urinal, DrinkingFountain],
        }
    }

    /// What stands in the middle of rooms.
    fn in_rooms(self) -> &'static [Kind] {
        use Kind::*;
        match self {
            Self::Power => &[FloorBox, JunctionBox],
            Self::Lighting => &[Troffer2x4, Troffer2x2, Downlight, SupplyDiffuser, ReturnGrille, Sprinkler],
            Self::Plumbing => &[FloorDrain, MopSink],
        }
    }
}

/// Floor patterns, below everything else.
pub(crate) fn ground(canvas: &mut Canvas<'_>, dice: &mut Dice, floor: &Floor, setting: &Setting) {
    canvas.layer("A-FLOR-PATT");
    for room in &floor.rooms {
        let area = setting.area(&floor.inner(room));
        if room.finish == "CT" {
            tiles(canvas, &area, (setting.pt_per_ft / 3.0).max(2.5));
        }
        if canvas.habit.dense && dice.chance(60) {
            dots(canvas, &area, dice.real(4.0, 7.0));
        }
    }
}

/// Places the devices of a trade.
pub(crate) fn equip(
    canvas: &mut Canvas<'_>,
    dice: &mut Dice,
    taken: &mut Taken,
    trade: Trade,
    (floor, setting): (&Floor, &Setting),
) {
    canvas.layer("X-DEVC");
    for room in &floor.rooms {
        if trade == Trade::Lighting {
            ceiling(canvas, dice, taken, (floor, setting, room));
        }
        let walls = if trade == Trade::Lighting { 2 } else { 7 };
        for _ in 0..walls {
            let kind = dice.pick(trade.on_walls());
            let (side, fraction) = (dice.pick(&Side::ALL), dice.real(0.1, 0.9));
            wall_device(canvas, taken, (floor, setting, room), side, fraction, kind);
        }
        scatter(canvas, dice, taken, trade, (floor, setting, room));
    }
}

/// The kinds that the legend of a trade's sheet explains.
pub(crate) fn explained(trade: Trade) -> Vec<Kind> {
    let mut used: Vec<Kind> = trade.on_walls().iter().chain(trade.in_rooms()).copied().collect();
    if trade == Trade::Lighting {
        used.push(Kind::TrofferEmergency);
    }
    used.sort();
    used.dedup();
    used
}

/// Luminaires in rows on a ceiling grid, some of them emergency ones.
fn ceiling(
    canvas: &mut Canvas<'_>,
    dice: &mut Dice,
    taken: &mut Taken,
    (floor, setting, room): (&Floor, &Setting, &Room),
) {
    let area = setting.area(&floor.inner(room));
    let ft = setting.pt_per_ft;
    let fits = |feet: f64, pitch: f64| ((feet - 3.0) / pitch).floor().max(0.0) as u32;
    let grid = (fits(room.area.width(), 8.0), fits(room.area.height(), 6.0));
    if grid.0 == 0 || grid.1 == 0 {
        return;
    }
    if dice.chance(60) {
        ceiling_grid(canvas, &area, 4.0 * ft, 2.0 * ft);
    }
    let status = if room.existing { Status::Existing } else { Status::New };
    let angle = dice.pick(&[0.0, 90.0]);
    place_grid(canvas, taken, &area, grid, (8.0 * ft, 6.0 * ft), |_, _| {
        let kind = if dice.chance(12) { Kind::TrofferEmergency } else { Kind::Troffer2x4 };
        Some((kind, Placement::at([0.0, 0.0]).turned(angle).status(status)))
    });
}

/// Symbols in the middle of a room: at quarter turns, or at any angle and mirrored; now and then
/// a second one so close that the two touch.
fn scatter(
    canvas: &mut Canvas<'_>,
    dice: &mut Dice,
    taken: &mut Taken,
    trade: Trade,
    (floor, setting, room): (&Floor, &Setting, &Room),
) {
    let Some(middle) = clear_middle(&floor.inner(room), 3.0) else { return };
    let area = setting.area(&middle);
    let tries = if canvas.habit.any_angle { 8 } else { 3 };
    for _ in 0..tries {
        let any = canvas.habit.any_angle;
        let kind =
            if any && dice.chance(60) { dice.pick(trade.on_walls()) } else { dice.pick(trade.in_rooms()) };
        let angle = if any { dice.int(0, 359) as f64 } else { 90.0 * dice.int(0, 3) as f64 };
        let at = [dice.real(area.left, area.right), dice.real(area.top, area.bottom)];
        let status = if room.existing { Status::Existing } else { Status::New };
        let one = Placement::at(at).turned(angle).mirrored(any && dice.chance(40)).status(status);
        let width = own_width(canvas, kind);
        let pair = dice.chance(20);
        let (sin, cos) = crate::geometry::sin_cos(angle);
        // The neighbour stands beside it, both boxes in contact along the symbols' own x.
        let other = Placement { at: [at[0] + cos * width, at[1] + sin * width], ..one };
        let mut needs = area_of(canvas, kind, &one);
        if pair {
            let beside = area_of(canvas, kind, &other);
            for corner in beside.corners() {
                needs.add(corner);
            }
        }
        let needs = needs.grown(1.5);
        let inside = needs.left > area.left
            && needs.right < area.right
            && needs.top > area.top
            && needs.bottom < area.bottom;
        if !inside || !taken.is_free(&needs) {
            continue;
        }
        taken.add(needs);
        canvas.place(kind, one.touching(pair));
        if pair {
            canvas.place(kind, other.touching(true));
        }
    }
}

pub(super) fn own_width(canvas: &Canvas<'_>, kind: Kind) -> f64 {
    let unit = kind.unit(canvas.pt_per_inch);
    bounds(kind, &Affine::scale(unit, unit)).width()
}

pub(super) fn area_of(canvas: &Canvas<'_>, kind: Kind, placement: &Placement) -> Bounds {
    let unit = kind.unit(canvas.pt_per_inch);
    bounds(kind, &placement.map().after(&Affine::scale(unit, unit)))
}

/// Cables straight across the floor; what they run over is noted as crossed.
pub(crate) fn cables(canvas: &mut Canvas<'_>, dice: &mut Dice, floor: &Floor, setting: &Setting) {
    let extent = setting.area(&floor.extent());
    canvas.layer("X-CABL");
    let count = if canvas.habit.dense { 12 } else { 3 };
    for _ in 0..count {
        let a: Point = [dice.real(extent.left, extent.right), dice.real(extent.top, extent.bottom)];
        let b: Point = [dice.real(extent.left, extent.right), dice.real(extent.top, extent.bottom)];
        canvas.pen(Pen::new(0.4).gray(0.1));
        canvas.crossing_line(a, b);
    }
}

/// Devices of a former state, on a layer that is switched off: nobody sees or counts them.
pub(crate) fn removed(canvas: &mut Canvas<'_>, trade: Trade, floor: &Floor, setting: &Setting) {
    if !canvas.habit.layers {
        return;
    }
    canvas.hidden_layer("X-DEMO");
    for room in &floor.rooms {
        let [x, y] = setting.area(&floor.inner(room)).center();
        canvas.draw_untrue(trade.on_walls()[0], Placement::at([x, y + 14.0]));
    }
    canvas.layer("X-ANNO");
}
