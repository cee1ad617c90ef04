//! What repeats on a page, without an example.

use super::super::{CountParams, Suggestions, suggest};
use super::sheet::{Habit, Sheet, Symbol, at, box_around, families};
use crate::budget::Budget;
use crate::geom::PxRect;

/// A sheet with so many of the first symbol of each family whose parts hang together, in rows under walls, and a
/// hatch; and the boxes of each symbol's instances.
fn sheet(copies: &[usize], habit: Habit) -> (Sheet, Vec<Vec<PxRect>>) {
    let mut sheet = Sheet::new(1200.0, 900.0, 7);
    let whole = families().into_iter().filter(|(name, _)| *name != "closet");
    let symbols: Vec<Symbol> = whole.map(|(_, all)| all[0].clone()).collect();
    let mut boxes = vec![Vec::new(); symbols.len()];
    for (row, (symbol, &copies)) in symbols.iter().zip(copies).enumerate() {
        let y = 60.0 + row as f64 * 90.0;
        sheet.line([20.0, y - 25.0], [1180.0, y - 25.0], 0);
        for n in 0..copies {
            let turn = [0.0, 90.0, 180.0, 270.0, 37.0][n % 5];
            let pose = at(60.0 + n as f64 * 62.0, y, turn, 1.0, n % 3 == 1);
            sheet.symbol(symbol, &pose, habit, 0);
            boxes[row].push(box_around(&sheet, symbol, &pose, 0.0));
        }
    }
    sheet.hatch([700.0, 600.0, 1100.0, 850.0], 6.0, 0);
    (sheet, boxes)
}

fn suggested(sheet: &Sheet, budget: &Budget) -> Suggestions {
    suggest(&sheet.index(), &CountParams::default(), budget).value
}

#[test]
fn what_repeats_is_suggested_with_its_count_and_nothing_else() {
    let copies = [17, 12, 9, 3];
    for habit in [Habit::Curves, Habit::Polylines(32), Habit::Exploded(24), Habit::Halves(36)] {
        let (sheet, boxes) = sheet(&copies, habit);
        let found = suggested(&sheet, &Budget::unlimited());
        assert!(found.complete, "{habit:?}: {found:?}");
        let counts: Vec<usize> = found.list.iter().map(|s| s.count).collect();
        assert_eq!(counts, copies, "{habit:?}: {found:#?}");
        for (s, boxes) in found.list.iter().zip(&boxes) {
            assert!(boxes.iter().any(|b| b.iou(&s.bbox) > 0.5), "{habit:?}: {s:?} is none of {boxes:?}");
            let sure = s.confidence.unwrap();
            assert!(sure.least >= 0.8 && sure.mean >= sure.least && s.in_legend == 0, "{habit:?}: {s:?}");
        }
        assert_eq!(suggested(&sheet, &Budget::unlimited()), found, "{habit:?}: another answer");
    }
}

#[test]
fn a_page_without_anything_that_repeats_has_no_suggestions() {
    let (sheet, _) = sheet(&[1, 1, 1, 1], Habit::Polylines(32));
    let found = suggested(&sheet, &Budget::unlimited());
    assert_eq!(found, Suggestions { list: Vec::new(), complete: true });
    let blank = suggested(&Sheet::new(200.0, 200.0, 1), &Budget::unlimited());
    assert_eq!(blank, Suggestions { list: Vec::new(), complete: true });
}

#[test]
fn without_time_what_looks_the_same_is_told_or_nothing_and_it_says_so() {
    let (sheet, _) = sheet(&[17, 12, 9, 3], Habit::Polylines(32));
    let page = sheet.index();
    let whole = suggest(&page, &CountParams::default(), &Budget::unlimited());
    for steps in [0, 1_000, 20_000, 100_000, 300_000, 1_000_000] {
        let found = suggest(&page, &CountParams::default(), &Budget::with_steps(steps));
        if found.value.complete {
            assert_eq!(found, whole);
            continue;
        }
        assert_eq!(found.findings[0].code, "suggestions_incomplete", "{steps}");
        let uncounted = found.value.list.iter().filter(|s| s.confidence.is_none());
        assert!(uncounted.clone().all(|s| s.count >= 3), "{steps}: {found:?}");
    }
    let budget = Budget::unlimited();
    budget.cancel();
    let cancelled = suggest(&page, &CountParams::default(), &budget);
    assert!(cancelled.value.list.is_empty() && !cancelled.value.complete);
}
