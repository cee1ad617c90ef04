//! C-101: site plan at 1" = 20', lettered with strokes: its scale stands in no text run.

use super::building::first_floor;
use super::{CIVIL, title_block};
use crate::book::Book;
use crate::canvas::{Canvas, Placement};
use crate::geometry::{Bounds, Point, path_length};
use crate::ink::{Align, Pen};
use crate::plan::Setting;
use crate::sheet::{
    ARCH_D, DrawingTitle, draw_drawing_title, draw_frame, draw_legend, draw_notes, draw_scale_bar,
    north_arrow,
};
use crate::symbol::Kind;
use crate::truth::{PageTruth, RoomTruth, ScaleTruth, WallTruth, px, round2};

const RATIO: f64 = 240.0;
/// Places of the site in feet; the building's corner is its origin.
const SETTING: Setting = Setting { origin: [620.0, 330.0], pt_per_ft: 3.6 };
/// The parking lot, feet.
pub(super) const LOT: Bounds = Bounds { left: -110.0, top: 150.0, right: 190.0, bottom: 274.0 };

pub(super) fn draw(book: &mut Book) -> PageTruth {
    let notation = "SCALE: 1\" = 20'";
    let mut canvas = Canvas::new(book, ARCH_D, RATIO, CIVIL);
    canvas.truth.scale =
        ScaleTruth::One { notation: notation.to_owned(), ratio: RATIO, px_per_foot: 7.5, in_text: false };
    let free = draw_frame(&mut canvas, &title_block("C-101", "SITE PLAN", Some("1\" = 20'")));
    property(&mut canvas);
    building(&mut canvas);
    lot(&mut canvas);
    planting(&mut canvas);
    let title = DrawingTitle { number: "1", title: "SITE PLAN", scale: notation, width: 420.0 };
    draw_drawing_title(&mut canvas, [220.0, 1600.0], &title);
    draw_scale_bar(&mut canvas, [720.0, 1620.0], 20.0);
    north_arrow(&mut canvas, [1150.0, 1600.0]);
    let kinds = [Kind::Tree, Kind::LightPole, Kind::CatchBasin];
    let legend = draw_legend(&mut canvas, [free.right - 340.0, free.top + 10.0], "SITE LEGEND", &kinds);
    draw_notes(&mut canvas, [legend.left, legend.bottom + 40.0], "SITE NOTES", &NOTES);
    canvas.finish()
}

const NOTES: [&str; 4] = [
    "PROTECT EXISTING TREES OUTSIDE THE LIMIT OF WORK.",
    "PAVEMENT SLOPES 1:50 AWAY FROM THE BUILDING.",
    "ADJUST FRAMES OF CATCH BASINS TO FINISHED GRADE.",
    "LOCATE UTILITIES BEFORE DIGGING.",
];

fn property(canvas: &mut Canvas<'_>) {
    canvas.pen(Pen::new(1.2).dashed(&[24.0, 4.0, 4.0, 4.0, 4.0, 4.0]));
    let corners =
        [[-135.0, -70.0], [300.0, -60.0], [310.0, 300.0], [-130.0, 310.0]].map(|p| SETTING.point(p));
    // A dash has no meaning across an exploded outline, so it is written as one side after another.
    canvas.path(&corners, true);
    canvas.pen(Pen::new(0.4));
    let bearings = [
        ("N 88 40' 12\" E  435.12'", [80.0, -68.0], 1.3),
        ("S 01 35' 24\" E  360.14'", [308.0, 120.0], 88.4),
    ];
    for (text, at, angle) in bearings {
        canvas.turned_text(SETTING.point(at), angle, text, 8.0, Align::Center);
    }
}

fn building(canvas: &mut Canvas<'_>) {
    let floor = first_floor();
    let outline: Vec<Point> = floor.outline.iter().map(|&p| SETTING.point(p)).collect();
    canvas.pen(Pen::new(1.6));
    canvas.path(&outline, true);
    canvas.pen(Pen::new(0.3).gray(0.5));
    let mut lines = Vec::new();
    for i in 1..28 {
        let x = 6.0 * f64::from(i);
        let foot = if x > 56.0 && x < 112.0 { 119.5 } else { 71.5 };
        lines.push((SETTING.point([x, 0.5]), SETTING.point([x, foot])));
    }
    canvas.ink.segments(&lines);
    let label = SETTING.area(&Bounds::new(44.0, 28.0, 124.0, 48.0));
    canvas.ink.fill(&label.corners(), 1.0);
    canvas.text([label.center()[0], label.center()[1]], "CLASSROOM WING", 13.0, Align::Center);
    canvas.text([label.center()[0], label.center()[1] + 16.0], "FFE 812.50", 9.0, Align::Center);
    canvas.pen(Pen::new(0.5));
    let walk = [[84.0, 120.0], [84.0, 150.0]];
    for dx in [-5.0, 5.0] {
        canvas.path(&walk.map(|p| SETTING.point([p[0] + dx, p[1]])), false);
    }
}

/// The parking lot: pavement edge, stalls, islands; noted as an area and a curb to measure.
fn lot(canvas: &mut Canvas<'_>) {
    let corners = LOT.corners();
    let outline = corners.map(|p| SETTING.point(p));
    canvas.pen(Pen::new(1.0));
    canvas.path(&outline, true);
    let inner = LOT.grown(-0.5).corners().map(|p| SETTING.point(p));
    canvas.pen(Pen::new(0.4));
    canvas.path(&inner, true);
    let mut stripes = Vec::new();
    for row in
        [(LOT.top + 0.5, 18.0), (LOT.top + 62.0, -18.0), (LOT.top + 62.0, 18.0), (LOT.bottom - 0.5, -18.0)]
    {
        let mut x = LOT.left + 20.0;
        while x <= LOT.right - 20.0 {
            stripes.push((SETTING.point([x, row.0]), SETTING.point([x, row.0 + row.1])));
            x += 9.0;
        }
    }
    canvas.ink.segments(&stripes);
    let spine = [[LOT.left + 20.0, LOT.top + 62.0], [LOT.right - 20.0, LOT.top + 62.0]];
    canvas.path(&spine.map(|p| SETTING.point(p)), false);
    canvas.text(SETTING.point([40.0, LOT.top + 34.0]), "ASPHALT PAVING", 10.0, Align::Center);
    let (area_sf, curb_ft) = (crate::geometry::polygon_area(&corners), path_length(&corners, true));
    canvas.note_room(RoomTruth {
        number: "LOT".to_owned(),
        name: "PARKING LOT".to_owned(),
        floor: "ASPHALT".to_owned(),
        polygon: outline.iter().map(|&p| px(p)).collect(),
        area_sf: round2(area_sf),
        perimeter_ft: round2(curb_ft),
    });
    let closed: Vec<Point> = outline.iter().chain(outline.first()).map(|&p| px(p)).collect();
    canvas.note_wall(WallTruth { kind: "curb".to_owned(), points: closed, length_ft: round2(curb_ft) });
}

fn planting(canvas: &mut Canvas<'_>) {
    let trees: [([f64; 2], f64); 19] = [
        ([-110.0, -40.0], 0.0),
        ([-75.0, -44.0], 31.0),
        ([-40.0, -40.0], 12.0),
        ([5.0, -44.0], 55.0),
        ([45.0, -40.0], 80.0),
        ([90.0, -42.0], 17.0),
        ([135.0, -38.0], 203.0),
        ([180.0, -42.0], 145.0),
        ([225.0, -38.0], 66.0),
        ([265.0, -30.0], 97.0),
        ([262.0, 20.0], 301.0),
        ([266.0, 70.0], 7.0),
        ([262.0, 120.0], 250.0),
        ([266.0, 170.0], 38.0),
        ([262.0, 220.0], 122.0),
        ([-60.0, 20.0], 185.0),
        ([-62.0, 60.0], 333.0),
        ([30.0, 100.0], 42.0),
        ([140.0, 100.0], 271.0),
    ];
    for (feet, angle) in trees {
        canvas.place(Kind::Tree, Placement::at(SETTING.point(feet)).turned(angle));
    }
    for (feet, angle) in [
        ([-118.0, 180.0], 90.0),
        ([-118.0, 245.0], 90.0),
        ([198.0, 180.0], 270.0),
        ([198.0, 245.0], 270.0),
        ([40.0, 282.0], 0.0),
    ] {
        canvas.place(Kind::LightPole, Placement::at(SETTING.point(feet)).turned(angle));
    }
    for feet in [[-100.0, 190.0], [-100.0, 240.0], [180.0, 190.0], [180.0, 240.0]] {
        canvas.place(Kind::CatchBasin, Placement::at(SETTING.point(feet)));
    }
}
