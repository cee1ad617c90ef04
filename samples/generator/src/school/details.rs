//! six details, each with a scale of its own.

use super::{ARCHITECT, title_block};
use crate::book::Book;
use crate::canvas::Canvas;
use crate::geometry::{Bounds, Point};
use crate::habit::Habit;
use crate::ink::Pen;
use crate::plan::dots;
use crate::sheet::{ARCH_D, DrawingTitle, dimension, draw_drawing_title, draw_frame, leader};
use crate::truth::{PageTruth, ScaleTruth, ViewportTruth, px_box};

/// Title, printed scale, ratio (none where not to scale).
const DETAILS: [(&str, &str, Option<f64>); 6] = [
    ("WALL BASE", "3\" = 1'-0\"", Some(4.0)),
    ("DOOR JAMB", "3\" = 1'-0\"", Some(4.0)),
    ("SLAB EDGE", "1 1/2\" = 1'-0\"", Some(8.0)),
    ("CASEWORK SECTION", "1\" = 1'-0\"", Some(12.0)),
    ("TYPICAL WALL SECTION", "3/4\" = 1'-0\"", Some(16.0)),
    ("FLAG POLE BASE", "NTS", None),
];

pub(super) fn draw(book: &mut Book) -> PageTruth {
    let habit = Habit { layers: false, ..ARCHITECT };
    let mut canvas = Canvas::new(book, ARCH_D, 8.0, habit);
    let free = draw_frame(&mut canvas, &title_block("A-501", "DETAILS", Some("AS NOTED")));
    let (w, h) = (free.width() / 3.0, free.height() / 2.0);
    let mut viewports = Vec::new();
    for (i, &(title, notation, ratio)) in DETAILS.iter().enumerate() {
        let left = free.left + w * (i % 3) as f64;
        let top = free.top + h * (i / 3) as f64;
        let area = Bounds::new(left, top, left + w, top + h).grown(-14.0);
        canvas.pen(Pen::new(0.5));
        canvas.rect(&area);
        canvas.at_ratio(ratio.unwrap_or(6.0));
        let inside = Bounds::new(area.left, area.top, area.right, area.bottom - 80.0);
        sketch(&mut canvas, i, &inside);
        let number = (i + 1).to_string();
        let name = DrawingTitle { number: &number, title, scale: notation, width: 360.0 };
        draw_drawing_title(&mut canvas, [area.left + 50.0, area.bottom - 40.0], &name);
        viewports.push(ViewportTruth {
            title: title.to_owned(),
            notation: notation.to_owned(),
            ratio,
            area: px_box(&area),
        });
    }
    canvas.truth.scale = ScaleTruth::Several { viewports };
    canvas.finish()
}

fn sketch(canvas: &mut Canvas<'_>, index: usize, area: &Bounds) {
    match index {
        0 => wall_base(canvas, area),
        1 => door_jamb(canvas, area),
        2 => slab_edge(canvas, area),
        3 => casework(canvas, area),
        4 => wall_section(canvas, area),
        _ => flag_pole(canvas, area),
    }
}

/// A box given in real inches from a place on paper.
fn inches(canvas: &Canvas<'_>, from: Point, [l, t, r, b]: [f64; 4]) -> Bounds {
    let s = canvas.pt_per_inch;
    Bounds::new(from[0] + l * s, from[1] + t * s, from[0] + r * s, from[1] + b * s)
}

fn part(canvas: &mut Canvas<'_>, from: Point, sides: [f64; 4], gray: Option<f64>) -> Bounds {
    let area = inches(canvas, from, sides);
    if let Some(gray) = gray {
        canvas.ink.fill(&area.corners(), gray);
    }
    canvas.pen(Pen::new(1.0));
    canvas.rect(&area);
    area
}

/// Slanted lines over a box: cut material.
fn slanted(canvas: &mut Canvas<'_>, area: &Bounds, step: f64) {
    let (w, h) = (area.width(), area.height());
    let mut lines = Vec::new();
    let mut d = step;
    while d < w + h {
        let a = if d < h { [area.left, area.top + d] } else { [area.left + d - h, area.bottom] };
        let b = if d < w { [area.left + d, area.top] } else { [area.right, area.top + d - w] };
        lines.push((a, b));
        d += step;
    }
    canvas.pen(Pen::new(0.3));
    canvas.ink.segments(&lines);
}

/// The loops of batt insulation down a box.
fn batt(canvas: &mut Canvas<'_>, area: &Bounds) {
    let step = area.width();
    canvas.pen(Pen::new(0.35));
    let mut points = Vec::new();
    let mut y = area.top;
    let mut left = true;
    while y < area.bottom {
        points.push([if left { area.left } else { area.right }, y]);
        y += step / 3.0;
        left = !left;
    }
    canvas.path(&points, false);
}

fn wall_base(canvas: &mut Canvas<'_>, area: &Bounds) {
    let from = [area.center()[0] - 90.0, area.center()[1] - 60.0];
    let slab = part(canvas, from, [-12.0, 8.0, 14.0, 12.0], None);
    dots(canvas, &slab, 9.0);
    let studs = part(canvas, from, [-1.8, -12.0, 1.8, 8.0], None);
    batt(canvas, &studs);
    for side in [[-2.4, -12.0, -1.8, 7.8], [1.8, -12.0, 2.4, 7.8]] {
        let board = part(canvas, from, side, None);
        slanted(canvas, &board, 6.0);
    }
    let base = part(canvas, from, [2.4, 4.0, 2.7, 8.0], Some(0.3));
    let tip = [base.right, base.center()[1]];
    leader(canvas, tip, [tip[0] + 60.0, tip[1] - 40.0], "4\" RUBBER BASE");
    let top = inches(canvas, from, [1.8, -8.0, 2.4, -7.0]);
    leader(canvas, [top.right, top.top], [top.right + 60.0, top.top - 30.0], "5/8\" GYPSUM BOARD, TYP.");
    dimension(canvas, [studs.left, studs.top], [studs.right, studs.top], 26.0, 3.6 / 12.0);
}

fn door_jamb(canvas: &mut Canvas<'_>, area: &Bounds) {
    let from = [area.center()[0] - 60.0, area.center()[1]];
    for side in [[-12.0, -2.4, 0.0, -1.8], [-12.0, 1.8, 0.0, 2.4]] {
        let board = part(canvas, from, side, None);
        slanted(canvas, &board, 6.0);
    }
    part(canvas, from, [-1.6, -1.8, 0.0, 1.8], None);
    part(canvas, from, [-3.4, -1.8, -1.8, 1.8], None);
    let frame = part(canvas, from, [0.0, -2.9, 2.0, 2.9], Some(0.6));
    let leaf = part(canvas, from, [2.1, -2.4, 12.0, -0.65], None);
    slanted(canvas, &leaf, 8.0);
    leader(
        canvas,
        [frame.center()[0], frame.top],
        [frame.right + 20.0, frame.top - 70.0],
        "HOLLOW METAL FRAME",
    );
    leader(canvas, [leaf.right - 30.0, leaf.bottom], [leaf.right - 10.0, leaf.bottom + 60.0], "WOOD DOOR");
    dimension(canvas, [frame.left, frame.bottom], [frame.left, frame.top], -30.0, 5.8 / 12.0);
}

fn slab_edge(canvas: &mut Canvas<'_>, area: &Bounds) {
    let from = [area.center()[0] - 60.0, area.center()[1] - 110.0];
    let slab = part(canvas, from, [0.0, 0.0, 30.0, 4.0], None);
    dots(canvas, &slab, 7.0);
    let foot = part(canvas, from, [-8.0, 24.0, 12.0, 34.0], None);
    dots(canvas, &foot, 7.0);
    let stem = part(canvas, from, [-2.0, 4.0, 6.0, 24.0], None);
    dots(canvas, &stem, 7.0);
    canvas.pen(Pen::new(0.8));
    for x in [-5.0, 2.0, 9.0] {
        let bar = inches(canvas, from, [x, 30.5, x, 30.5]);
        canvas.circle(bar.center(), 2.2);
    }
    leader(
        canvas,
        [foot.left + 12.0, foot.bottom - 10.0],
        [foot.left - 20.0, foot.bottom + 34.0],
        "(3) #5 CONT.",
    );
    leader(canvas, [slab.right - 20.0, slab.top], [slab.right - 10.0, slab.top - 50.0], "4\" CONCRETE SLAB");
    dimension(canvas, [foot.left, foot.bottom], [foot.right, foot.bottom], -24.0, 20.0 / 12.0);
}

fn casework(canvas: &mut Canvas<'_>, area: &Bounds) {
    let from = [area.center()[0] - 80.0, area.center()[1] - 130.0];
    let top = part(canvas, from, [-1.0, 0.0, 25.0, 1.5], Some(0.75));
    part(canvas, from, [0.0, 1.5, 24.0, 31.0], None);
    part(canvas, from, [0.75, 2.25, 23.25, 8.0], None);
    part(canvas, from, [0.75, 19.0, 23.25, 19.75], Some(0.6));
    part(canvas, from, [3.0, 31.0, 24.0, 35.0], None);
    leader(canvas, [top.right, top.center()[1]], [top.right + 40.0, top.top - 40.0], "PLASTIC LAMINATE TOP");
    dimension(canvas, [top.left, top.top], [top.right, top.top], 30.0, 26.0 / 12.0);
    let foot = inches(canvas, from, [0.0, 0.0, 24.0, 35.0]);
    dimension(canvas, [foot.left, foot.bottom], [foot.left, foot.top], 40.0, 35.0 / 12.0);
}

fn wall_section(canvas: &mut Canvas<'_>, area: &Bounds) {
    let from = [area.center()[0] - 60.0, area.bottom - 60.0];
    let brick = part(canvas, from, [0.0, -120.0, 3.6, 0.0], None);
    slanted(canvas, &brick, 5.0);
    part(canvas, from, [3.6, -120.0, 5.0, 0.0], None);
    let block = part(canvas, from, [5.0, -120.0, 12.6, 0.0], None);
    slanted(canvas, &block, 11.0);
    for y in [-118.0, -62.0] {
        let slab = part(canvas, from, [12.6, y, 48.0, y + 6.0], None);
        dots(canvas, &slab, 7.0);
    }
    leader(canvas, [brick.left, brick.top + 100.0], [brick.left - 60.0, brick.top + 70.0], "FACE BRICK");
    leader(canvas, [block.right, block.top + 180.0], [block.right + 60.0, block.top + 150.0], "8\" CMU");
    dimension(canvas, [brick.left, brick.bottom], [brick.left, brick.top], 24.0, 10.0);
}

fn flag_pole(canvas: &mut Canvas<'_>, area: &Bounds) {
    let from = [area.center()[0], area.center()[1] - 40.0];
    let base = part(canvas, from, [-9.0, 4.0, 9.0, 22.0], None);
    dots(canvas, &base, 8.0);
    part(canvas, from, [-1.5, -22.0, 1.5, 18.0], Some(0.85));
    canvas.pen(Pen::new(0.8));
    let ground = inches(canvas, from, [-24.0, 4.0, 24.0, 4.0]);
    canvas.line([ground.left, ground.top], [ground.right, ground.top]);
    leader(
        canvas,
        [from[0] + 18.0, from[1] - 90.0],
        [from[0] + 80.0, from[1] - 120.0],
        "30 FT ALUMINUM POLE",
    );
    leader(
        canvas,
        [base.right, base.bottom - 20.0],
        [base.right + 50.0, base.bottom + 10.0],
        "CONCRETE FOOTING",
    );
}
