//! Sheets by seed: a floor of chance, the devices of one trade, in a given habit.

mod crowd;
mod cut;
mod devices;
mod layout;
mod scales;

use crate::book::Book;
use crate::canvas::Canvas;
use crate::dice::Dice;
use crate::geometry::Bounds;
use crate::habit::{Habit, Lettering};
use crate::plan::{Look, Setting, Taken, draw_floor};
use crate::sheet::{
    ARCH_D, ARCH_E1, DrawingTitle, TitleBlock, draw_drawing_title, draw_frame, draw_legend, draw_notes,
    draw_scale_bar, north_arrow,
};
use crate::symbol::Kind;
use crate::truth::{PageTruth, ScaleTruth};
use scales::PrintedScale;

pub(crate) use devices::Trade;

/// A generated sheet: its file and what is true of it.
pub struct Sheet {
    pub pdf: Vec<u8>,
    pub truth: PageTruth,
}

/// Draws the sheet of a seed in a habit.
pub fn sheet(seed: u64, habit: Habit) -> Sheet {
    let mut book = Book::new("Sample sheet");
    let truth = draw_sheet(&mut book, seed, habit);
    Sheet { pdf: book.finish(), truth }
}

/// Draws several sheets, of seeds that follow each other, into one file.
pub fn sheets(seed: u64, pages: u32, habit: Habit) -> (Vec<u8>, Vec<PageTruth>) {
    let mut book = Book::new("Sample sheets");
    let truths = (0..u64::from(pages)).map(|i| draw_sheet(&mut book, seed.wrapping_add(i), habit)).collect();
    (book.finish(), truths)
}

/// Draws a sheet that is hard to count on: about so many instances of a family of kinds that resemble each
/// other, at any angle, mirrored, in rows that touch, over hatches and under crossing lines.
pub fn crowded(seed: u64, habit: Habit, instances: usize) -> Sheet {
    let mut book = Book::new("Crowded sheet");
    let truth = crowd::draw(&mut book, &mut Dice::new(seed), habit, instances);
    Sheet { pdf: book.finish(), truth }
}

/// Draws two sheets, E-101 and E-102, of a plan that is cut at a match line: each shows a strip of the other beyond it, and
/// has copies of its symbols in its title block and in a key plan, at the same size and, where the symbol is drawn to
/// scale, at another.
pub fn cut(seed: u64, habit: Habit) -> (Vec<u8>, [PageTruth; 2]) {
    let mut book = Book::new("Cut plan");
    let truths = cut::draw(&mut book, seed, habit);
    (book.finish(), truths)
}

/// One of the two sheets, the first or the second, in a file of its own.
pub fn half(seed: u64, habit: Habit, second: bool) -> Sheet {
    let mut book = Book::new("Cut plan");
    let truth = cut::draw_half(&mut book, seed, habit, second);
    Sheet { pdf: book.finish(), truth }
}

fn draw_sheet(book: &mut Book, seed: u64, habit: Habit) -> PageTruth {
    let mut dice = Dice::new(seed);
    let size = dice.pick(&[ARCH_D, ARCH_E1]);
    draw_plan(book, &mut dice, size, habit).finish()
}

/// Draws a plan with frame, titles and legend; more may be drawn over it.
pub(crate) fn draw_plan<'b>(book: &'b mut Book, dice: &mut Dice, size: [f64; 2], habit: Habit) -> Canvas<'b> {
    let scale = scales::choose(dice);
    let trade = dice.pick(&Trade::ALL);
    let (mut canvas, free) = framed(book, dice, size, (habit, trade, &scale));
    let used = draw_wings(&mut canvas, dice, trade, &free);
    let title = DrawingTitle { number: "1", title: trade.title(), scale: scale.notation, width: 480.0 };
    draw_drawing_title(&mut canvas, [free.left + 60.0, free.bottom - 40.0], &title);
    draw_scale_bar(&mut canvas, [free.left + 600.0, free.bottom - 30.0], scale.bar_feet);
    north_arrow(&mut canvas, [free.left + 1000.0, free.bottom - 40.0]);
    let legend = draw_legend(&mut canvas, [free.right - 340.0, free.top + 10.0], "LEGEND", &used);
    let notes = ["DO NOT SCALE DRAWINGS.", "DEVICES SHOWN WITH A THIN GREY LINE ARE EXISTING AND REMAIN."];
    draw_notes(&mut canvas, [legend.left, legend.bottom + 40.0], "NOTES", &notes);
    canvas
}

/// A sheet with its frame and title block only, and the space that is free on it.
fn framed<'b>(
    book: &'b mut Book,
    dice: &mut Dice,
    size: [f64; 2],
    (habit, trade, scale): (Habit, Trade, &PrintedScale),
) -> (Canvas<'b>, Bounds) {
    let mut canvas = Canvas::new(book, size, scale.ratio, habit);
    canvas.truth.scale = ScaleTruth::One {
        notation: scale.notation.to_owned(),
        ratio: scale.ratio,
        px_per_foot: 1800.0 / scale.ratio,
        in_text: !matches!(habit.lettering, Lettering::Strokes | Lettering::Garbled),
    };
    let number = format!("{}-{}01", trade.letter(), dice.int(1, 9));
    let free = draw_frame(
        &mut canvas,
        &TitleBlock {
            project: ["SAMPLE BUILDING", "RENOVATION"],
            address: ["100 MAIN STREET", "FAIRVIEW"],
            firm: "NORTHBANK STUDIO",
            number: &number,
            title: trade.title(),
            scale: dice.chance(50).then_some(scale.notation),
            job: "2419.00",
            date: "APRIL 2",
        },
    );
    (canvas, free)
}

/// Space around a wing for its grid bubbles and dimensions, points.
const AROUND: f64 = 110.0;

/// Fills the sheet with wings of a building, one below the other, and the work of a trade in them.
fn draw_wings(canvas: &mut Canvas<'_>, dice: &mut Dice, trade: Trade, free: &Bounds) -> Vec<Kind> {
    let look = if trade == Trade::Plumbing { Look::Full } else { Look::Background };
    let pt_per_ft = canvas.pt_per_inch * 12.0;
    // The legend's column and the drawing title stay clear of the plan.
    let (right, bottom) = (free.right - 380.0, free.bottom - 120.0);
    let mut top = free.top;
    let mut first_number = 100;
    while first_number == 100 || bottom - top > AROUND + layout::LEAST_DEPTH * pt_per_ft {
        let setting = Setting { origin: [free.left + AROUND, top + AROUND], pt_per_ft };
        let room_ft = [right - setting.origin[0], bottom - setting.origin[1]].map(|pt| pt / pt_per_ft);
        let floor = layout::floor(dice, room_ft, first_number);
        devices::ground(canvas, dice, &floor, &setting);
        draw_floor(canvas, &floor, &setting, look);
        let mut taken = Taken::by_doors(&floor, &setting);
        devices::equip(canvas, dice, &mut taken, trade, (&floor, &setting));
        devices::cables(canvas, dice, &floor, &setting);
        devices::removed(canvas, trade, &floor, &setting);
        top = setting.area(&floor.extent()).bottom + 30.0;
        first_number += 100;
    }
    devices::explained(trade)
}
