//! Sheets that are hard to count on: a family of look-alikes, close together, over hatches, under lines.

use super::devices::{Trade, area_of, own_width};
use super::{framed, scales};
use crate::book::Book;
use crate::canvas::{Canvas, Placement};
use crate::dice::Dice;
use crate::geometry::{Bounds, Point, sin_cos};
use crate::habit::Habit;
use crate::ink::Pen;
use crate::plan::{Side, Taken, diagonals, dots, tiles};
use crate::sheet::{ARCH_E1, DrawingTitle, draw_drawing_title, draw_legend};
use crate::symbol::{FAMILIES, Kind, bounds};
use crate::truth::{PageTruth, Status};

/// Rooms across and down.
const ROOMS: [u32; 2] = [6, 5];
/// Thickness of the walls between them, points.
const WALL: f64 = 4.0;
/// Clear space around a symbol or a row of them, points.
const CLEAR: f64 = 1.5;
/// Places tried for each instance wanted.
const TRIES: usize = 40;
/// Of a hundred instances so many are crossed on purpose, and so many exist already.
const CROSSED: i64 = 18;
const EXISTING: i64 = 8;
/// Length of what crosses them, points.
const LINE: [f64; 2] = [30.0, 160.0];

pub(super) fn draw(book: &mut Book, dice: &mut Dice, habit: Habit, instances: usize) -> PageTruth {
    let scale = scales::choose(dice);
    let family = dice.pick(&FAMILIES);
    let (mut canvas, free) = framed(book, dice, ARCH_E1, (habit, Trade::Power, &scale));
    let field = Bounds::new(free.left + 60.0, free.top + 40.0, free.right - 400.0, free.bottom - 120.0);
    let rooms = rooms(&field);
    canvas.layer("A-FLOR-PATT");
    for room in &rooms {
        pattern(&mut canvas, dice, room);
    }
    canvas.layer("A-WALL");
    for room in &rooms {
        canvas.pen(Pen::new(0.9));
        canvas.rect(room);
    }
    canvas.layer("X-DEVC");
    fill(&mut canvas, dice, &rooms, family, instances);
    canvas.layer("X-CABL");
    cross(&mut canvas, dice, &field);
    let title = DrawingTitle { number: "1", title: "PART PLAN", scale: scale.notation, width: 480.0 };
    draw_drawing_title(&mut canvas, [free.left + 60.0, free.bottom - 40.0], &title);
    draw_legend(&mut canvas, [free.right - 340.0, free.top + 10.0], "LEGEND", family);
    canvas.finish()
}

/// The inner faces of equal rooms.
fn rooms(field: &Bounds) -> Vec<Bounds> {
    let [columns, rows] = ROOMS;
    let (w, h) = (field.width() / f64::from(columns), field.height() / f64::from(rows));
    let corner = |i: u32| {
        let (column, row) = (f64::from(i % columns), f64::from(i / columns));
        Bounds::new(
            field.left + w * column,
            field.top + h * row,
            field.left + w * (column + 1.0),
            field.top + h * (row + 1.0),
        )
    };
    (0..columns * rows).map(|i| corner(i).grown(-WALL / 2.0)).collect()
}

/// What the floor of a room shows.
fn pattern(canvas: &mut Canvas<'_>, dice: &mut Dice, room: &Bounds) {
    match dice.int(0, 5) {
        0 => diagonals(canvas, room, dice.real(3.0, 6.0)),
        1 => tiles(canvas, room, dice.real(4.0, 9.0)),
        2 => dots(canvas, room, dice.real(4.0, 7.0)),
        _ => {}
    }
}

/// Places symbols until there are as many as wanted or no place is found; half of them are of one kind.
fn fill(canvas: &mut Canvas<'_>, dice: &mut Dice, rooms: &[Bounds], family: &[Kind], instances: usize) {
    let main = dice.pick(family);
    let mut taken = Taken::default();
    let mut placed = 0;
    for _ in 0..instances * TRIES {
        if placed >= instances {
            return;
        }
        let room = dice.pick(rooms);
        let kind = if dice.chance(50) { main } else { dice.pick(family) };
        let row = row(canvas, dice, &room, kind);
        let mut needs = Bounds::EMPTY;
        for one in &row {
            area_of(canvas, kind, one).corners().into_iter().for_each(|c| needs.add(c));
        }
        let inside = needs.left >= room.left - 0.01
            && needs.right <= room.right + 0.01
            && needs.top >= room.top - 0.01
            && needs.bottom <= room.bottom + 0.01;
        if !inside || !taken.is_free(&needs.grown(CLEAR)) {
            continue;
        }
        taken.add(needs);
        placed += row.len();
        for one in row {
            canvas.place(kind, one);
        }
    }
}

/// One symbol or a few of them side by side whose boxes meet: on a wall, or anywhere at any angle.
fn row(canvas: &Canvas<'_>, dice: &mut Dice, room: &Bounds, kind: Kind) -> Vec<Placement> {
    let status = if dice.chance(EXISTING) { Status::Existing } else { Status::New };
    let length = dice.pick(&[1, 1, 1, 2, 3]);
    let at = [dice.real(room.left, room.right), dice.real(room.top, room.bottom)];
    let first = if dice.chance(30) {
        on_wall(canvas, dice, room, (kind, at))
    } else {
        Placement::at(at).turned(dice.int(0, 359) as f64).mirrored(dice.chance(40))
    };
    let first = first.status(status).touching(length > 1);
    let width = own_width(canvas, kind);
    let (sin, cos) = sin_cos(first.angle);
    (0..length)
        .map(|i| f64::from(i) * width)
        .map(|along| Placement { at: [first.at[0] + cos * along, first.at[1] + sin * along], ..first })
        .collect()
}

/// Moved to a wall of its room, back to it.
fn on_wall(canvas: &Canvas<'_>, dice: &mut Dice, room: &Bounds, (kind, at): (Kind, Point)) -> Placement {
    let side = dice.pick(&Side::ALL);
    let unit = kind.unit(canvas.pt_per_inch);
    let back = bounds(kind, &crate::geometry::Affine::scale(unit, unit)).bottom;
    let at = match side {
        Side::North => [at[0], room.top + back],
        Side::South => [at[0], room.bottom - back],
        Side::West => [room.left + back, at[1]],
        Side::East => [room.right - back, at[1]],
    };
    Placement::at(at).turned(side.angle())
}

/// Draws lines across some of the symbols, and so across some of their neighbours.
fn cross(canvas: &mut Canvas<'_>, dice: &mut Dice, field: &Bounds) {
    let middles: Vec<Point> = canvas
        .truth
        .symbols
        .values()
        .flatten()
        .map(|i| i.center.map(|v| v / crate::truth::PX_PER_PT))
        .collect();
    let within = |p: Point| [p[0].clamp(field.left, field.right), p[1].clamp(field.top, field.bottom)];
    for middle in middles {
        if !dice.chance(CROSSED) {
            continue;
        }
        let (sin, cos) = sin_cos(dice.int(0, 359) as f64);
        let by = |length: f64| [middle[0] + cos * length, middle[1] + sin * length];
        let (back, on) = (dice.real(LINE[0], LINE[1]), dice.real(LINE[0], LINE[1]));
        let aside = dice.real(-3.0, 3.0);
        let shifted = |p: Point| within([p[0] - sin * aside, p[1] + cos * aside]);
        canvas.pen(Pen::new(0.4).gray(0.1));
        canvas.crossing_line(shifted(by(-back)), shifted(by(on)));
    }
}
