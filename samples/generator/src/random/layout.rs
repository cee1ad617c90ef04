//! A floor of chance: rooms on both sides of a corridor, as many as fit.

use crate::dice::Dice;
use crate::geometry::Bounds;
use crate::plan::{DoorSpec, Floor, Room, Side, WindowSpec};

const NAMES: [&str; 8] =
    ["OFFICE", "MEETING", "CLASSROOM", "STORAGE", "LAB", "EXAM", "BREAK ROOM", "WORK ROOM"];
/// Depth of rooms, width of the corridor, feet.
const DEPTHS: [f64; 4] = [16.0, 20.0, 24.0, 28.0];
const CORRIDOR: f64 = 8.0;
const WIDEST: f64 = 240.0;
/// Less depth than this holds no wing.
pub(crate) const LEAST_DEPTH: f64 = 2.0 * 16.0 + CORRIDOR;

/// A wing that fits into `room_ft` feet, west to east and north to south; its rooms are numbered on
/// from its corridor's.
pub(crate) fn floor(dice: &mut Dice, room_ft: [f64; 2], corridor_number: u32) -> Floor {
    let depth_limit = ((room_ft[1] - CORRIDOR) / 2.0).max(8.0);
    let depth = |dice: &mut Dice| dice.pick(&DEPTHS).min(depth_limit.floor());
    let (north, south) = (depth(dice), depth(dice));
    let (corridor, bottom) = (north + CORRIDOR, north + CORRIDOR + south);
    let edges = bays(dice, room_ft[0].min(WIDEST));
    let width = edges[edges.len() - 1];
    let mut floor = Floor {
        outline: vec![[0.0, 0.0], [width, 0.0], [width, bottom], [0.0, bottom]],
        grid_x: edges.clone(),
        grid_y: vec![0.0, north, corridor, bottom],
        ..Floor::default()
    };
    floor.rooms.push(Room::new(
        &corridor_number.to_string(),
        "CORRIDOR",
        [0.0, north, width, corridor],
        "VCT",
    ));
    let mut number = corridor_number;
    for (top, foot, door_y, swing) in
        [(0.0, north, north, Side::North), (corridor, bottom, corridor, Side::South)]
    {
        for pair in edges.windows(2) {
            number += 1;
            let mut room = Room::new(
                &number.to_string(),
                dice.pick(&NAMES),
                [pair[0], top, pair[1], foot],
                dice.pick(&["VCT", "CPT", "CT"]),
            );
            room.existing = dice.chance(15);
            floor.rooms.push(room);
            floor.doors.push(door(dice, [pair[0], pair[1]], door_y, swing));
            let outer = if swing == Side::North { 0.0 } else { bottom };
            let middle = [(pair[0] + pair[1]) / 2.0, outer];
            floor.windows.push(WindowSpec { middle, width: 5.0, horizontal: true });
        }
    }
    let ends = [(0.0, Side::West), (width, Side::East)];
    for (x, swing) in ends {
        floor.doors.push(DoorSpec { hinge: [x, north + 2.5], strike: Side::South, swing });
    }
    floor
}

/// Grid lines from 0, bays of 12 to 28 feet in whole feet.
fn bays(dice: &mut Dice, limit: f64) -> Vec<f64> {
    let mut edges = vec![0.0];
    let mut x = 0.0;
    loop {
        let bay = dice.int(6, 14) as f64 * 2.0;
        if x + bay > limit {
            break;
        }
        x += bay;
        edges.push(x);
    }
    if edges.len() == 1 {
        edges.push(limit.floor().max(8.0));
    }
    edges
}

fn door(dice: &mut Dice, [left, right]: [f64; 2], y: f64, swing: Side) -> DoorSpec {
    let (hinge, strike) = if dice.chance(50) { (left + 1.0, Side::East) } else { (right - 1.0, Side::West) };
    DoorSpec { hinge: [hinge, y], strike, swing }
}

/// The middle part of a room, clear of what hangs on its walls, in feet.
pub(crate) fn clear_middle(area: &Bounds, margin: f64) -> Option<Bounds> {
    let inner = area.grown(-margin);
    (inner.width() > 0.0 && inner.height() > 0.0).then_some(inner)
}
