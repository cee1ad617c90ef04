//! P-401: the toilet rooms of both floors at 1/4", on a page that is stored turned.

use super::building::{TOILETS, first_floor, second_floor};
use super::floor_plan::toilet_room;
use super::{PLUMBING, title_block};
use crate::book::Book;
use crate::canvas::Canvas;
use crate::geometry::Point;
use crate::ink::{Align, Pen};
use crate::plan::{Floor, Look, Setting, dots, draw_floor, tiles};
use crate::sheet::{
    ARCH_D, Column, DrawingTitle, dimension, draw_drawing_title, draw_frame, draw_legend, draw_notes,
    draw_scale_bar, draw_table, leader,
};
use crate::symbol::Kind;
use crate::truth::{PageTruth, ScaleTruth};

const QUARTER: f64 = 48.0;
const FT: f64 = 18.0;

const NOTES: [&str; 5] = [
    "FIXTURES SHOWN ARE NEW. SEE SCHEDULE FOR TYPES AND CONNECTIONS.",
    "SLOPE FLOOR TO DRAINS 1/8 IN PER FOOT MINIMUM.",
    "PROVIDE CARRIERS FOR ALL WALL HUNG FIXTURES.",
    "INSULATE EXPOSED WASTE AND SUPPLY AT ACCESSIBLE LAVATORIES.",
    "PROVIDE TRAP PRIMERS AT ALL FLOOR DRAINS.",
];

pub(super) fn draw(book: &mut Book) -> PageTruth {
    let notation = "1/4\" = 1'-0\"";
    let mut canvas = Canvas::new(book, ARCH_D, QUARTER, PLUMBING);
    canvas.truth.scale =
        ScaleTruth::One { notation: notation.to_owned(), ratio: QUARTER, px_per_foot: 37.5, in_text: true };
    let free = draw_frame(&mut canvas, &title_block("P-401", "ENLARGED TOILET PLANS", Some(notation)));
    let plans = [
        ("1", "FIRST FLOOR TOILETS", first_floor(), [-340.0, -560.0]),
        ("2", "SECOND FLOOR TOILETS", second_floor(), [420.0, -560.0]),
    ];
    for (number, title, floor, origin) in plans {
        let setting = Setting { origin, pt_per_ft: FT };
        enlarged(&mut canvas, &part(&floor), &setting);
        let corner = setting.point([TOILETS.left, TOILETS.bottom]);
        let title = DrawingTitle { number, title, scale: notation, width: 500.0 };
        draw_drawing_title(&mut canvas, [corner[0] + 10.0, corner[1] + 110.0], &title);
    }
    draw_scale_bar(&mut canvas, [230.0, 800.0], 4.0);
    let fixtures = [Kind::WaterCloset, Kind::Urinal, Kind::Lavatory, Kind::FloorDrain];
    let legend =
        draw_legend(&mut canvas, [free.right - 340.0, free.top + 10.0], "PLUMBING LEGEND", &fixtures);
    draw_notes(&mut canvas, [legend.left, legend.bottom + 40.0], "PLUMBING NOTES", &NOTES);
    schedule(&mut canvas, [170.0, 980.0]);
    canvas.finish()
}

/// The toilet rooms alone.
fn part(floor: &Floor) -> Floor {
    let within = |p: Point| {
        p[0] > TOILETS.left && p[0] < TOILETS.right && p[1] >= TOILETS.top && p[1] < TOILETS.bottom
    };
    Floor {
        rooms: floor.rooms.iter().filter(|r| within(r.area.center())).cloned().collect(),
        doors: floor.doors.iter().filter(|d| within(d.hinge)).copied().collect(),
        ..Floor::default()
    }
}

fn enlarged(canvas: &mut Canvas<'_>, floor: &Floor, setting: &Setting) {
    for room in &floor.rooms {
        let area = setting.area(&floor.inner(room));
        tiles(canvas, &area, 6.0);
        dots(canvas, &area, 12.0);
        toilet_room(canvas, floor, setting, room);
    }
    draw_floor(canvas, floor, setting, Look::Full);
    waste_lines(canvas, floor, setting);
    let [nw, ne, _, sw] = TOILETS.corners().map(|p| setting.point(p));
    let middle = setting.point([(TOILETS.left + TOILETS.right) / 2.0, TOILETS.top]);
    dimension(canvas, nw, middle, 34.0, TOILETS.width() / 2.0);
    dimension(canvas, middle, ne, 34.0, TOILETS.width() / 2.0);
    dimension(canvas, sw, nw, 34.0, TOILETS.height());
    let tip = setting.point([TOILETS.left + 1.0, TOILETS.bottom - 1.2]);
    leader(canvas, tip, [tip[0] + 60.0, tip[1] + 56.0], "4 IN WASTE DOWN");
}

/// Waste pipes below the floor: a dashed line across the fixtures of each outer wall.
fn waste_lines(canvas: &mut Canvas<'_>, floor: &Floor, setting: &Setting) {
    for room in &floor.rooms {
        let west = room.area.left < 35.0;
        let x = if west { room.area.left + 2.1 } else { room.area.right - 2.1 };
        canvas.pen(Pen::new(1.0).gray(0.2).dashed(&[9.0, 4.0]));
        canvas.crossing_line(
            setting.point([x, room.area.top + 3.0]),
            setting.point([x, room.area.bottom - 1.0]),
        );
        let at = setting.point([x, room.area.bottom - 0.6]);
        canvas.text(at, "4\" W", 6.5, Align::Center);
    }
}

fn schedule(canvas: &mut Canvas<'_>, at: Point) {
    let columns = [
        Column { head: "MARK", width: 60.0 },
        Column { head: "FIXTURE", width: 210.0 },
        Column { head: "CW", width: 60.0 },
        Column { head: "HW", width: 60.0 },
        Column { head: "WASTE", width: 70.0 },
        Column { head: "VENT", width: 70.0 },
        Column { head: "REMARKS", width: 300.0 },
    ];
    let rows = [
        ["P-1", "WATER CLOSET", "1 1/4\"", "-", "4\"", "2\"", "WALL HUNG, FLUSH VALVE, 1.28 GPF"],
        ["P-2", "URINAL", "3/4\"", "-", "2\"", "1 1/2\"", "WALL HUNG, FLUSH VALVE"],
        ["P-3", "LAVATORY", "1/2\"", "1/2\"", "1 1/2\"", "1 1/2\"", "WALL HUNG, SENSOR FAUCET"],
        ["P-4", "FLOOR DRAIN", "-", "-", "3\"", "2\"", "ROUND, NICKEL BRONZE TOP"],
    ];
    let rows: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(|c| (*c).to_owned()).collect()).collect();
    draw_table(canvas, at, "PLUMBING FIXTURE SCHEDULE", &columns, &rows);
}
