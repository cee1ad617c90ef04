//! Symbols that differ by a small part only.

use super::asking::{cut, drawn};
use super::sheet::{Stroke, Symbol, Tally, circle, line, rect, tally};
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
