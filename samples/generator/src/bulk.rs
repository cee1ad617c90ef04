//! Pages of a wanted weight, for benchmarks and memory tests.

use crate::book::Book;
use crate::canvas::Canvas;
use crate::dice::Dice;
use crate::geometry::{Bounds, Point};
use crate::habit::{Habit, Lettering, Strokes};
use crate::ink::{Align, Pen};
use crate::random::draw_plan;
use crate::sheet::ARCH_E1;
use crate::truth::PageTruth;

/// A habit that repeats nothing: every path is in the page's own stream.
const INLINE: Habit = Habit {
    blocks: false,
    strokes: Strokes::Whole,
    lettering: Lettering::Text,
    layers: true,
    rotate: 0,
    dense: false,
    any_angle: false,
};

/// One 42 x 30 in page of `paths` painted paths (or as many as its plan takes, some thousands,
/// when that is more)
/// and its truth.
pub fn big_page(paths: usize, seed: u64) -> (Vec<u8>, PageTruth) {
    let mut book = Book::new("Large page");
    let truth = draw_big(&mut book, paths, seed);
    (book.finish(), truth)
}

/// A file of `pages` such pages, each from the next seed and of about `paths` paths: between half
/// and one and a half times as many, as sheets of a set differ.
pub fn set_of(pages: u32, paths: usize, seed: u64) -> Vec<u8> {
    set_with(pages, paths, seed, None)
}

/// The same file; page `redrawn`, counted from 0, is another drawing of the same weight.
pub fn set_with(pages: u32, paths: usize, seed: u64, redrawn: Option<u32>) -> Vec<u8> {
    let mut book = Book::new("Plan set");
    for i in 0..u64::from(pages) {
        let share = 50 + Dice::new(seed ^ i).int(0, 100) as usize;
        let other = if redrawn.map(u64::from) == Some(i) { u64::from(pages) } else { 0 };
        draw_big(&mut book, paths * share / 100, seed.wrapping_add(i + other));
    }
    book.finish()
}

/// The sheet less the legend's column, the title block and the margins.
fn drawing_area(canvas: &Canvas<'_>) -> Bounds {
    let [w, h] = canvas.size;
    Bounds::new(150.0, 150.0, w - 650.0, h - 150.0)
}

fn draw_big(book: &mut Book, paths: usize, seed: u64) -> PageTruth {
    let mut dice = Dice::new(seed);
    let mut canvas = draw_plan(book, &mut dice, ARCH_E1, INLINE);
    canvas.layer("X-FILL");
    fill_up(&mut canvas, &mut dice, paths);
    canvas.finish()
}

/// Size of a piece of filling, points.
const CELL: [f64; 2] = [50.0, 38.0];
/// Cells are visited in jumps of this prime, so that a light page is filled evenly.
const JUMP: u64 = 1_009;

/// Adds pieces of drawing cell by cell until the page has `paths` paths.
fn fill_up(canvas: &mut Canvas<'_>, dice: &mut Dice, paths: usize) {
    let area = drawing_area(canvas);
    let columns = (area.width() / CELL[0]) as u64;
    let rows = (area.height() / CELL[1]) as u64;
    let mut visit = 0;
    while canvas.ink.painted() < paths {
        let cell = visit * JUMP % (columns * rows);
        let (column, row) = (cell % columns, cell / columns);
        let at = [area.left + column as f64 * CELL[0], area.top + row as f64 * CELL[1]];
        let left = paths - canvas.ink.painted();
        fill_cell(canvas, dice, at, left);
        visit += 1;
    }
}

/// One more piece of drawing, of at most `left` paths: a hatched patch, dots, furniture, pipes, a note.
fn fill_cell(canvas: &mut Canvas<'_>, dice: &mut Dice, at: Point, left: usize) {
    match dice.int(0, 9) {
        0..=3 => {
            canvas.pen(Pen::new(0.15).gray(0.6));
            for i in 0..left.min(32) {
                let x = at[0] + i as f64 * 1.5;
                canvas.line([x, at[1]], [x, at[1] + 36.0]);
            }
        }
        4 | 5 => {
            canvas.pen(Pen::new(0.5).gray(0.4).round());
            for _ in 0..left.min(40) {
                let dot = [at[0] + dice.real(0.0, 48.0), at[1] + dice.real(0.0, 36.0)];
                canvas.line(dot, dot);
            }
        }
        6 => {
            canvas.pen(Pen::new(0.4).gray(0.3));
            for i in 0..left.min(12) as u32 {
                let [x, y] = [at[0] + 12.0 * f64::from(i % 4), at[1] + 12.0 * f64::from(i / 4)];
                if i % 2 == 0 {
                    canvas.circle([x + 5.0, y + 5.0], 4.0);
                } else {
                    canvas.rect(&Bounds::new(x, y, x + 10.0, y + 8.0));
                }
            }
        }
        7 | 8 => {
            canvas.pen(Pen::new(0.5).gray(0.2));
            for i in 0..left.min(6) {
                let y = at[1] + 4.0 * i as f64;
                let turn = at[0] + dice.real(10.0, 30.0);
                canvas.path(&[[at[0], y], [turn, y], [turn, y + 16.0], [turn + 18.0, y + 16.0]], false);
            }
        }
        _ => {
            canvas.pen(Pen::new(0.3));
            canvas.rect(&Bounds::new(at[0], at[1] + 10.0, at[0] + 46.0, at[1] + 22.0));
            let note = format!("SEE NOTE {}", dice.int(1, 99));
            canvas.text([at[0] + 3.0, at[1] + 18.5], &note, 6.0, Align::Left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_the_paths_asked_for() {
        let count = |paths| {
            let mut book = Book::new("t");
            let mut dice = Dice::new(5);
            let mut canvas = draw_plan(&mut book, &mut dice, ARCH_E1, INLINE);
            let plan = canvas.ink.painted();
            assert!(plan > 500 && plan < 7_000, "{plan}");
            fill_up(&mut canvas, &mut dice, paths);
            canvas.ink.painted()
        };
        assert_eq!(count(7_000), 7_000);
        assert_eq!(count(20_000), 20_000);
    }
}
