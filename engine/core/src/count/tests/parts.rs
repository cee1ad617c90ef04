//! Symbols that differ by a small part only.

use super::asking::{cut, drawn};
use super::sheet::{
    HABITS, Sheet, Stroke, Symbol, Tally, at, box_around, circle, count, line, middle, rect, summary, tally,
};
use crate::budget::Budget;
use crate::count::{CountParams, find};

/// Counts each of two look-alikes among both: exactly its own must be found.
fn told_apart(name: &str, one: &Symbol, other: &Symbol) {
    for (meant, seed) in [(0, 11), (1, 12)] {
        let d = drawn(&[(one, ""), (other, "")], 14, seed);
        let page = d.sheet.index();
        let exemplar = &cut(&page, &d.boxes[meant][..1])[0];
        let found = find(&page, exemplar, &CountParams::default(), &Budget::unlimited()).value;
        let expected = Tally { right: 14, wrong: 0, missed: 0 };
        assert_eq!(tally(&found.detections, &d.places[meant]), expected, "{name}, {meant}");
    }
}

#[test]
fn a_small_circle_in_the_middle_makes_another_symbol() {
    let grille = vec![
        rect(-12.0, -12.0, 12.0, 12.0),
        rect(-10.0, -10.0, 10.0, 10.0),
        line(-10.0, 10.0, 10.0, -10.0),
        line(-10.0, -10.0, 10.0, 10.0),
    ];
    let drained = [grille.clone(), vec![circle(2.0)]].concat();
    told_apart("grille and sink", &Symbol(grille), &Symbol(drained));
}

#[test]
fn an_open_ring_is_no_solid_dot_however_small() {
    let bow = |s: f64| Stroke::Closed(vec![[0.0, 0.0], [6.0 * s, -3.5], [6.0 * s, 3.5]]);
    let round = |r: f64| {
        (0..24).map(|k| f64::from(k) * 15.0_f64.to_radians()).map(|a| [r * a.cos(), r * a.sin()]).collect()
    };
    let ball = Symbol(vec![bow(-1.0), bow(1.0), circle(1.8)]);
    let globe = Symbol(vec![bow(-1.0), bow(1.0), Stroke::Solid(round(1.8))]);
    told_apart("ball and globe", &ball, &globe);
}

#[test]
fn bars_between_two_strokes_make_another_symbol() {
    let long = vec![rect(-24.0, -12.0, 24.0, 12.0), rect(-21.0, -9.0, 21.0, 9.0)];
    let parted = [long.clone(), vec![line(-1.5, -9.0, -1.5, 9.0)]].concat();
    told_apart("lamps", &Symbol(long), &Symbol(parted));
}

/// A short light's own side closes half of a long one's strokes, as the edge of what covers it would.
#[test]
fn half_of_a_symbol_with_a_side_of_its_own_is_another_one() {
    let light = |x: f64| {
        let (frame, lens) = (rect(-x, -18.0, x, 18.0), rect(4.5 - x, -13.5, x - 4.5, 13.5));
        let lamps = [-3.75, 3.75].map(|y| line(4.5 - x, y, x - 4.5, y));
        Symbol([vec![frame, lens], lamps.to_vec()].concat())
    };
    let (long, short) = (light(36.0), light(18.0));
    let mut sheet = Sheet::new(900.0, 700.0, 13);
    let mut truth = Vec::new();
    for i in 0..28 {
        let (x, y) = (100.0 + 110.0 * f64::from(i % 7), 100.0 + 110.0 * f64::from(i / 7));
        let pose = at(x, y, [0.0, 90.0][i as usize % 4 / 2], 1.0, false);
        let habit = HABITS[i as usize % HABITS.len()];
        sheet.symbol(if i % 2 == 0 { &long } else { &short }, &pose, habit, 0);
        if i % 2 == 0 {
            truth.push(middle(&sheet, &long, &pose));
        }
    }
    let drawn = box_around(&sheet, &long, &at(100.0, 100.0, 0.0, 1.0, false), 1.0);
    let found = count(&sheet, drawn, &CountParams::default());
    let expected = Tally { right: 14, wrong: 0, missed: 0 };
    assert_eq!(tally(&found.detections, &truth), expected, "{}", summary(&found, &truth));
}
