//! Which parts of an exemplar are laid on the page's, and when that is enough.

use super::super::CountParams;
use super::sheet::{Habit, Sheet, Symbol, at, box_around, count, line};

/// Four lines of as many lengths that do not meet.
fn symbol(longest: f64) -> Symbol {
    Symbol(vec![
        line(-10.0, -7.0, longest - 10.0, -7.0),
        line(-8.0, -3.0, 8.0, -3.0),
        line(-4.0, 2.0, 7.0, 2.0),
        line(0.0, 6.0, 7.5, 6.0),
    ])
}

/// So many lines of each length that no two of them are tried in any case. In two of nine instances the longest, of
/// which the page has fewest, runs on.
#[test]
fn instances_that_the_rarest_line_does_not_show_are_found_by_others() {
    let mut sheet = Sheet::new(1_500.0, 900.0, 5);
    let mut instances = Vec::new();
    for n in 0..9 {
        let pose = at(60.0 + 100.0 * f64::from(n), 60.0, 0.0, 1.0, false);
        let runs_on = n == 3 || n == 6;
        sheet.symbol(&symbol(if runs_on { 27.0 } else { 20.0 }), &pose, Habit::Polylines(8), 0);
        instances.push(pose);
    }
    for (k, (length, all)) in
        [(20.0, 3_020), (16.0, 3_060), (11.0, 3_100), (7.5, 3_140)].into_iter().enumerate()
    {
        for n in 0..all {
            let (column, row) = (f64::from(n % 50), f64::from(n / 50));
            let a = [20.0 + 29.0 * column, 150.0 + 11.0 * row + 2.5 * k as f64];
            sheet.line(a, [a[0] + length, a[1]], 0);
        }
    }
    let outcome =
        count(&sheet, box_around(&sheet, &symbol(20.0), &instances[0], 1.0), &CountParams::default());
    let found: Vec<f64> = outcome.detections.iter().map(|d| d.center.x).collect();
    assert_eq!(found.len(), 9, "{found:?}");
}
