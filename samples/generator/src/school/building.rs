//! The school: two floors of one wing, and a multi-purpose room on the ground.

use crate::geometry::Bounds;
use crate::plan::{DoorSpec, Floor, Room, Side, WindowSpec};

/// Bays, feet.
const GRID_X: [f64; 7] = [0.0, 28.0, 56.0, 84.0, 112.0, 140.0, 168.0];
const GRID_Y: [f64; 5] = [0.0, 30.0, 42.0, 72.0, 120.0];
/// The bay with the toilets, in both floors.
pub(crate) const TOILETS: Bounds = Bounds { left: 28.0, top: 42.0, right: 56.0, bottom: 64.0 };

pub(crate) fn first_floor() -> Floor {
    let mut rooms = classrooms("10");
    rooms.extend([
        Room::new("107", "OFFICE", [0.0, 42.0, 28.0, 57.0], "CPT"),
        Room::new("108", "PRINCIPAL", [0.0, 57.0, 14.0, 72.0], "CPT"),
        Room::new("109", "HEALTH", [14.0, 57.0, 28.0, 72.0], "VCT"),
        Room::new("110", "BOYS", [28.0, 42.0, 42.0, 64.0], "CT"),
        Room::new("111", "GIRLS", [42.0, 42.0, 56.0, 64.0], "CT"),
        Room::new("112", "MECHANICAL", [28.0, 64.0, 56.0, 72.0], "SC"),
        Room::new("114", "LIBRARY", [56.0, 42.0, 86.0, 72.0], "CPT"),
        Room::new("115", "LOBBY", [86.0, 42.0, 98.0, 72.0], "VCT"),
        Room::new("116", "KITCHEN", [98.0, 42.0, 112.0, 72.0], "QT"),
        Room::new("117", "MULTI-PURPOSE ROOM", [56.0, 72.0, 112.0, 120.0], "WD"),
        Room::new("118", "CLASSROOM", [112.0, 42.0, 140.0, 72.0], "VCT"),
        Room::new("119", "STAIR", [140.0, 42.0, 152.0, 72.0], "VCT"),
        Room::new("120", "ELECTRICAL", [152.0, 42.0, 168.0, 56.0], "SC"),
        Room::new("121", "STORAGE", [152.0, 56.0, 168.0, 72.0], "VCT"),
    ]);
    let mut doors = corridor_doors();
    doors.extend([
        door(22.0, 42.0, Side::East, Side::South),
        door(5.0, 57.0, Side::East, Side::South),
        door(23.0, 57.0, Side::West, Side::South),
        door(60.0, 42.0, Side::East, Side::South),
        door(92.0, 72.0, Side::West, Side::South),
        door(92.0, 72.0, Side::East, Side::South),
        door(98.0, 50.0, Side::South, Side::East),
        door(104.0, 72.0, Side::East, Side::South),
        door(136.0, 42.0, Side::West, Side::South),
        door(145.0, 42.0, Side::East, Side::South),
        door(156.0, 42.0, Side::East, Side::South),
        door(160.0, 56.0, Side::East, Side::South),
        door(34.0, 72.0, Side::East, Side::South),
        door(56.0, 100.0, Side::North, Side::West),
        door(56.0, 100.0, Side::South, Side::West),
        door(112.0, 100.0, Side::North, Side::East),
        door(112.0, 100.0, Side::South, Side::East),
    ]);
    let mut windows = north_windows();
    windows.extend([7.0, 21.0, 118.0, 126.0, 134.0].map(|x| window(x, 72.0, 5.0)));
    windows.extend([66.0, 84.0, 102.0].map(|x| window(x, 120.0, 8.0)));
    Floor {
        rooms,
        outline: vec![
            [0.0, 0.0],
            [168.0, 0.0],
            [168.0, 72.0],
            [112.0, 72.0],
            [112.0, 120.0],
            [56.0, 120.0],
            [56.0, 72.0],
            [0.0, 72.0],
        ],
        doors,
        windows,
        openings: vec![Bounds::new(86.25, 41.0, 97.75, 43.0)],
        grid_x: GRID_X.to_vec(),
        grid_y: GRID_Y.to_vec(),
    }
}

/// The upper floor; its two eastern rooms are existing and stay.
pub(crate) fn second_floor() -> Floor {
    let mut rooms = classrooms("20");
    rooms.extend([
        Room::new("207", "TEACHERS", [0.0, 42.0, 28.0, 72.0], "CPT"),
        Room::new("210", "GIRLS", [28.0, 42.0, 42.0, 64.0], "CT"),
        Room::new("211", "BOYS", [42.0, 42.0, 56.0, 64.0], "CT"),
        Room::new("212", "MECHANICAL", [28.0, 64.0, 56.0, 72.0], "SC"),
        Room::new("214", "CLASSROOM", [56.0, 42.0, 84.0, 72.0], "VCT"),
        Room::new("215", "COMPUTER LAB", [84.0, 42.0, 112.0, 72.0], "CPT"),
        Room::new("218", "CLASSROOM", [112.0, 42.0, 140.0, 72.0], "VCT"),
        Room::new("219", "STAIR", [140.0, 42.0, 152.0, 72.0], "VCT"),
        Room::new("220", "STORAGE", [152.0, 42.0, 168.0, 72.0], "VCT"),
    ]);
    for room in &mut rooms {
        room.existing = matches!(room.number.as_str(), "205" | "206" | "218");
    }
    let mut doors = corridor_doors();
    doors.extend([
        door(22.0, 42.0, Side::East, Side::South),
        door(80.0, 42.0, Side::West, Side::South),
        door(108.0, 42.0, Side::West, Side::South),
        door(136.0, 42.0, Side::West, Side::South),
        door(145.0, 42.0, Side::East, Side::South),
        door(156.0, 42.0, Side::East, Side::South),
        door(50.0, 64.0, Side::East, Side::South),
    ]);
    let mut windows = north_windows();
    windows.extend([7.0, 21.0, 64.0, 76.0, 92.0, 104.0, 120.0, 132.0].map(|x| window(x, 72.0, 5.0)));
    Floor {
        rooms,
        outline: vec![[0.0, 0.0], [168.0, 0.0], [168.0, 72.0], [0.0, 72.0]],
        doors,
        windows,
        openings: Vec::new(),
        grid_x: GRID_X.to_vec(),
        grid_y: GRID_Y[..4].to_vec(),
    }
}

/// The corridor and the six rooms along its north side.
fn classrooms(prefix: &str) -> Vec<Room> {
    let number = |i: usize| format!("{prefix}{i}");
    let mut rooms = vec![Room::new(&number(0), "CORRIDOR", [0.0, 30.0, 168.0, 42.0], "VCT")];
    for (i, pair) in GRID_X.windows(2).enumerate() {
        let name = if i == 5 { "ART ROOM" } else { "CLASSROOM" };
        rooms.push(Room::new(&number(i + 1), name, [pair[0], 0.0, pair[1], 30.0], "VCT"));
    }
    rooms
}

/// Doors that both floors have: classrooms, toilets, the ends of the corridor.
fn corridor_doors() -> Vec<DoorSpec> {
    let mut doors: Vec<DoorSpec> = (0..6)
        .map(|i| {
            // Neighbours are handed: one hinge east, the next west.
            let left = 28.0 * f64::from(i);
            if i % 2 == 0 {
                door(left + 25.0, 30.0, Side::West, Side::North)
            } else {
                door(left + 3.0, 30.0, Side::East, Side::North)
            }
        })
        .collect();
    doors.extend([
        door(37.0, 42.0, Side::East, Side::South),
        door(47.0, 42.0, Side::West, Side::South),
        door(0.0, 33.0, Side::South, Side::West),
        door(0.0, 39.0, Side::North, Side::West),
        door(168.0, 33.0, Side::South, Side::East),
        door(168.0, 39.0, Side::North, Side::East),
    ]);
    doors
}

fn north_windows() -> Vec<WindowSpec> {
    GRID_X[..6].iter().flat_map(|x| [5.5, 14.0, 22.5].map(|dx| window(x + dx, 0.0, 5.0))).collect()
}

fn door(x: f64, y: f64, strike: Side, swing: Side) -> DoorSpec {
    DoorSpec { hinge: [x, y], strike, swing }
}

fn window(x: f64, y: f64, width: f64) -> WindowSpec {
    WindowSpec { middle: [x, y], width, horizontal: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_of_a_floor_cover_its_outline_without_overlap() {
        for floor in [first_floor(), second_floor()] {
            let rooms: f64 = floor.rooms.iter().map(|r| r.area.width() * r.area.height()).sum();
            let outline = crate::geometry::polygon_area(&floor.outline);
            assert!((rooms - outline).abs() < 1e-9, "{rooms} {outline}");
        }
    }
}
