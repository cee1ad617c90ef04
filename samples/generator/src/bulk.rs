//! Pages of a wanted weight, for benchmarks and memory tests.

use crate::book::Book;
use crate::canvas::Canvas;
use crate::dice::Dice;
use crate::geometry::Bounds;
use crate::habit::{Habit, Lettering};
use crate::ink::{Align, Pen};
use crate::random::draw_plan;
use crate::sheet::ARCH_E1;
use crate::truth::PageTruth;

/// A habit that repeats nothing: every path is in the page's own stream.
const INLINE: Habit = Habit {
    blocks: false,
    exploded: false,
    lettering: Lettering::Text,
    layers: true,
    rotate: 0,
    dense: false,
    any_angle: false,
};

/// One 42 x 30 in page of `paths` painted paths (a plan takes some 1,500; fewer can't be asked for)
/// and its truth.
pub fn big_page(paths: usize, seed: u64) -> (Vec<u8>, PageTruth) {
    let mut book = Book::new("Large page");
    let truth = draw_big(&mut book, paths, seed);
    (book.finish(), truth)
}

/// A file of `pages` such pages, each from the next seed and of about `paths` paths: between half
/// and one and a half times as many, as sheets of a set differ.
pub fn set_of(pages: u32, paths: usize, seed: u64) -> Vec<u8> {
    let mut book = Book::new("Plan set");
    for i in 0..u64::from(pages) {
        let share = 50 + Dice::new(seed ^ i).int(0, 100) as usize;
        draw_big(&mut book, paths * share / 100, seed.wrapping_add(i));
    }
    book.finish()
}

fn draw_big(book: &mut Book, paths: usize, seed: u64) -> PageTruth {
    let mut dice = Dice::new(seed);
    let mut canvas = draw_plan(book, &mut dice, ARCH_E1, INLINE);
    let [w, h] = canvas.size;
    let area = Bounds::new(80.0, h * 0.55, w - 700.0, h - 120.0);
    canvas.layer("X-FILL");
    while canvas.ink.painted() < paths {
        fill_in(&mut canvas, &mut dice, &area, paths);
    }
    canvas.finish()
}

/// One more piece of drawing: a hatch, a run of pipes, a bush of arcs, a note.
fn fill_in(canvas: &mut Canvas<'_>, dice: &mut Dice, area: &Bounds, paths: usize) {
    let at = [dice.real(area.left, area.right - 90.0), dice.real(area.top, area.bottom - 60.0)];
    let left = paths - canvas.ink.painted();
    match dice.int(0, 9) {
        0..=4 => {
            canvas.pen(Pen::new(0.15).gray(0.5));
            for i in 0..left.min(60) {
                let x = at[0] + i as f64 * 1.5;
                canvas.line([x, at[1]], [x + 30.0, at[1] + 60.0]);
            }
        }
        5 | 6 => {
            canvas.pen(Pen::new(0.5).gray(0.3).round());
            for _ in 0..left.min(40) {
                let dot = [at[0] + dice.real(0.0, 90.0), at[1] + dice.real(0.0, 60.0)];
                canvas.line(dot, dot);
            }
        }
        7 => {
            canvas.pen(Pen::new(0.4));
            for i in 0..left.min(12) {
                canvas.circle([at[0] + 40.0, at[1] + 30.0], 2.0 + 2.2 * i as f64);
            }
        }
        8 => {
            canvas.pen(Pen::new(0.7));
            for _ in 0..left.min(20) {
                let mut from = [at[0] + dice.real(0.0, 60.0), at[1] + dice.real(0.0, 50.0)];
                let mut points = vec![from];
                for _ in 0..6 {
                    from = [from[0] + dice.real(-9.0, 9.0), from[1] + dice.real(-9.0, 9.0)];
                    points.push(from);
                }
                canvas.path(&points, false);
            }
        }
        _ => {
            let note = format!("SEE NOTE {}", dice.int(1, 99));
            canvas.text(at, &note, 6.0, Align::Left);
            canvas.pen(Pen::new(0.3));
            canvas.rect(&Bounds::new(at[0] - 3.0, at[1] - 8.0, at[0] + 52.0, at[1] + 4.0));
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
            assert!(plan < 7_000, "{plan}");
            let area = Bounds::new(80.0, 1200.0, 2300.0, 2000.0);
            while canvas.ink.painted() < paths {
                fill_in(&mut canvas, &mut dice, &area, paths);
            }
            canvas.ink.painted()
        };
        assert_eq!(count(7_000), 7_000);
        assert_eq!(count(20_000), 20_000);
    }
}
