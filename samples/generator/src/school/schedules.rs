//! door and finish schedules. No drawing, no scale.

use super::building::{first_floor, second_floor};
use super::{ARCHITECT, title_block};
use crate::book::Book;
use crate::canvas::Canvas;
use crate::habit::Habit;
use crate::sheet::{ARCH_D, Column, draw_frame, draw_notes, draw_table};
use crate::truth::PageTruth;

pub(super) fn draw(book: &mut Book) -> PageTruth {
    let habit = Habit { blocks: false, layers: false, ..ARCHITECT };
    let mut canvas = Canvas::new(book, ARCH_D, 96.0, habit);
    let free = draw_frame(&mut canvas, &title_block("A-601", "SCHEDULES", None));
    let columns = [
        Column { head: "NO.", width: 60.0 },
        Column { head: "ROOM", width: 170.0 },
        Column { head: "FLOOR", width: 60.0 },
        Column { head: "BASE", width: 60.0 },
        Column { head: "WALLS", width: 70.0 },
        Column { head: "CEILING", width: 70.0 },
        Column { head: "HEIGHT", width: 70.0 },
    ];
    let mut x = free.left + 30.0;
    for (title, floor) in [("FIRST FLOOR FINISHES", first_floor()), ("SECOND FLOOR FINISHES", second_floor())]
    {
        let rows: Vec<Vec<String>> = floor
            .rooms
            .iter()
            .map(|room| {
                let wet = room.finish == "CT" || room.finish == "QT";
                let cells = [
                    room.number.as_str(),
                    room.name.as_str(),
                    room.finish,
                    if wet { "CT" } else { "RB" },
                    if wet { "CT-2" } else { "PT-1" },
                    if room.finish == "SC" { "EXP" } else { "ACT" },
                    if room.name == "CORRIDOR" { "9'-0\"" } else { "9'-6\"" },
                ];
                cells.map(str::to_owned).to_vec()
            })
            .collect();
        let area = draw_table(&mut canvas, [x, free.top + 30.0], title, &columns, &rows);
        x = area.right + 40.0;
    }
    doors(&mut canvas, [x, free.top + 30.0]);
    draw_notes(&mut canvas, [free.left + 30.0, 1000.0], "SCHEDULE NOTES", &NOTES);
    canvas.finish()
}

const NOTES: [&str; 3] = [
    "RB IS RESILIENT BASE 4 IN HIGH. PT-1 IS EGGSHELL ACRYLIC, TWO COATS OVER PRIMER.",
    "ACT IS 2 FT X 4 FT LAY-IN PANEL. EXP IS EXPOSED STRUCTURE, PAINTED.",
    "ALL DOORS ARE 3'-0\" X 7'-0\" UNLESS NOTED OTHERWISE.",
];

fn doors(canvas: &mut Canvas<'_>, at: [f64; 2]) {
    let columns = [
        Column { head: "MARK", width: 60.0 },
        Column { head: "SIZE", width: 110.0 },
        Column { head: "TYPE", width: 60.0 },
        Column { head: "MATERIAL", width: 90.0 },
        Column { head: "FRAME", width: 70.0 },
        Column { head: "RATING", width: 70.0 },
        Column { head: "HARDWARE", width: 80.0 },
    ];
    let rows: Vec<Vec<String>> = (101..122)
        .filter(|n| ![113, 115].contains(n))
        .map(|n| {
            let rated = matches!(n, 112 | 119 | 120);
            let cells = [
                n.to_string(),
                "3'-0\" X 7'-0\"".to_owned(),
                if rated { "F" } else { "N" }.to_owned(),
                if rated { "HM" } else { "WD" }.to_owned(),
                "HM".to_owned(),
                if rated { "60 MIN" } else { "-" }.to_owned(),
                format!("HW-{}", n % 5 + 1),
            ];
            cells.to_vec()
        })
        .collect();
    draw_table(canvas, at, "DOOR SCHEDULE", &columns, &rows);
}
