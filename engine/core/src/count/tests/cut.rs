//! Boxes that hold only a part of a symbol, and those that hold all of it and a piece of what stands beside it.

use super::super::{CountOutcome, CountParams, Exemplar, ExemplarError};
use super::sheet::{Habit, Sheet, Symbol, at, box_around, circle, count, line, rect};
use crate::budget::Budget;
use crate::geom::PxRect;

const HABITS: [Habit; 2] = [Habit::Polylines(32), Habit::Exploded(32)];

fn closet() -> Symbol {
    Symbol(vec![
        rect(-6.0, -10.0, 6.0, -5.0),
        circle(5.0),
        line(-2.0, 0.0, 2.0, 0.0),
        line(0.0, 5.0, 0.0, 8.0),
    ])
}

/// Twelve of them with a wall behind each row, and a person's box around the first.
fn row(symbol: &Symbol, habit: Habit) -> (Sheet, PxRect) {
    let mut sheet = Sheet::new(400.0, 300.0, 5);
    let pose = |n: usize| at(50.0 + 60.0 * (n % 4) as f64, 60.0 + 60.0 * (n / 4) as f64, 0.0, 1.0, false);
    (0..12).for_each(|n| sheet.symbol(symbol, &pose(n), habit, 0));
    for n in 0..3 {
        let y = 60.0 + 60.0 * f64::from(n) - 11.0;
        sheet.line([20.0, y], [280.0, y], 0);
    }
    let drawn = box_around(&sheet, symbol, &pose(0), 0.0);
    (sheet, drawn)
}

fn counted(sheet: &Sheet, drawn: PxRect) -> CountOutcome {
    count(sheet, drawn, &CountParams::default())
}

/// Shares of a box: left, top, width, height.
fn part(b: &PxRect, [x, y, w, h]: [f64; 4]) -> PxRect {
    PxRect::new(b.x + x * b.w, b.y + y * b.h, w * b.w, h * b.h)
}

#[test]
fn a_part_of_a_symbol_is_told_and_never_sure() {
    for habit in HABITS {
        let (sheet, drawn) = row(&closet(), habit);
        let mut told = 0;
        for share in [0.45, 0.5, 0.6] {
            for sides in [[0.0, 0.0, share, 1.0], [1.0 - share, 0.0, share, 1.0]] {
                let area = part(&drawn, sides);
                // What is left of the symbol may be no symbol at all.
                if Exemplar::cut(&sheet.index(), area, &Budget::unlimited()).is_err() {
                    continue;
                }
                told += 1;
                let outcome = counted(&sheet, area);
                assert!(
                    outcome.found >= 12 && outcome.cut >= 6,
                    "{sides:?}: {} {}",
                    outcome.found,
                    outcome.cut
                );
                let sure =
                    outcome.detections.iter().filter(|d| d.confidence >= 0.9 && !d.is_exemplar).count();
                assert_eq!(sure, 0, "{sides:?}");
            }
        }
        assert!(told >= 4, "{told}");
    }
}

#[test]
fn the_whole_symbol_is_no_part_whatever_its_margin_holds() {
    for habit in HABITS {
        let (sheet, drawn) = row(&closet(), habit);
        for margin in [0.0, 2.0, 4.0, 6.0] {
            let drawn = PxRect::new(
                drawn.x - margin,
                drawn.y - margin,
                drawn.w + 2.0 * margin,
                drawn.h + 2.0 * margin,
            );
            let outcome = counted(&sheet, drawn);
            assert_eq!((outcome.found, outcome.cut), (12, 0), "{margin}");
            assert!(outcome.detections.iter().all(|d| d.confidence > 0.9), "{margin}");
        }
    }
}

#[test]
fn a_box_beside_the_symbol_that_holds_only_what_another_has_too_is_told() {
    let duplex = || vec![circle(4.0), line(-4.0, -1.5, 4.0, -1.5), line(-4.0, 1.5, 4.0, 1.5)];
    let mut quad = duplex();
    quad.extend([line(-1.5, -6.5, -1.5, 6.5), line(1.5, -6.5, 1.5, 6.5)]);
    let (duplex, quad) = (Symbol(duplex()), Symbol(quad));
    let mut sheet = Sheet::new(400.0, 300.0, 5);
    let pose = |n: usize| at(50.0 + 40.0 * (n % 8) as f64, 60.0 + 40.0 * (n / 8) as f64, 0.0, 1.0, false);
    for n in 0..40 {
        sheet.symbol(if n % 5 == 0 { &quad } else { &duplex }, &pose(n), HABITS[0], 0);
    }
    let drawn = box_around(&sheet, &quad, &pose(0), 0.0);
    assert_eq!(
        {
            let o = counted(&sheet, drawn);
            (o.found, o.cut)
        },
        (8, 0)
    );
    // Without the ends of the bars, which leave both sides of the box.
    let outcome = counted(&sheet, part(&drawn, [-0.1, 0.18, 1.2, 0.64]));
    assert!(outcome.found > 8 && outcome.cut >= 2, "{} {}", outcome.found, outcome.cut);
}

/// A stroke of a neighbour lies in the example's box. Some others have a piece of the like beside them, enough to be
/// matches; that many are found does not make the box right, as long as they do not show all of it.
#[test]
fn matches_that_lack_a_part_too_do_not_stand_for_the_box() {
    for habit in HABITS {
        let mut sheet = Sheet::new(420.0, 160.0, 5);
        let place = |n: usize| [40.0 + 48.0 * (n % 8) as f64, 50.0 + 60.0 * (n / 8) as f64];
        for n in 0..16 {
            let [x, y] = place(n);
            sheet.symbol(&closet(), &at(x, y, 0.0, 1.0, false), habit, 0);
            let beside = [6.0, 2.4, 2.4, 2.4, 2.4, 2.4].get(n).copied().unwrap_or(0.0);
            if beside > 0.0 {
                sheet.line([x + 6.9, y - 10.0], [x + 6.9, y - 10.0 + beside], 0);
            }
        }
        let [x, y] = place(0);
        let drawn = crate::geom::ListRect {
            left: x as f32 - 6.3,
            top: y as f32 - 10.3,
            right: x as f32 + 7.2,
            bottom: y as f32 + 8.3,
        };
        let outcome = counted(&sheet, sheet.list.space.rect_to_px(&drawn));
        assert_eq!((outcome.found, outcome.trimmed.is_some()), (16, true), "{habit:?}");
    }
}

#[test]
fn a_line_is_no_symbol() {
    let (mut sheet, _) = row(&closet(), HABITS[0]);
    sheet.line([30.0, 250.0], [50.0, 260.0], 0);
    let b = sheet.list.space.rect_to_px(&crate::geom::ListRect {
        left: 28.0,
        top: 248.0,
        right: 52.0,
        bottom: 262.0,
    });
    let refused = Exemplar::cut(&sheet.index(), b, &Budget::unlimited()).unwrap_err();
    assert_eq!(refused, ExemplarError::OnlyLine);
}
