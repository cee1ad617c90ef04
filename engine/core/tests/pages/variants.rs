//! What several instances show about them, and the example does not, is told.

use std::fmt::Write;

use takeoff_core::count::Detection;

use crate::counted::{COLUMNS, PAGE, SIDE, corner, count, symbols};
use crate::support::{one_page, parse};

/// Draws lines from point to point about the middle of a symbol.
fn path(n: usize, points: &[[f64; 2]]) -> String {
    let (x, y) = corner(n);
    let mut path = String::new();
    for (k, [dx, dy]) in points.iter().enumerate() {
        let (px, py) = (x + SIDE / 2.0 + dx, y + SIDE / 2.0 + dy);
        write!(path, "{px} {py} {} ", if k == 0 { "m" } else { "l" }).unwrap();
    }
    path + "S\n"
}

/// Fifty symbols, the strokes with them at those of them for which `there` holds, and what was counted of either.
fn counted(strokes: &[&[[f64; 2]]], there: impl Fn(usize) -> bool) -> (Vec<Detection>, Vec<Detection>) {
    let with: Vec<usize> = (0..50).filter(|&n| there(n)).collect();
    let all: Vec<String> = with.iter().flat_map(|&n| strokes.iter().map(move |s| path(n, s))).collect();
    let content = format!("1 w\n{}{}", symbols(50), all.concat());
    let found = count(&parse(&mut one_page(PAGE, &content), 0).unwrap().0.list);
    let is_one_of = |d: &Detection| {
        // 150 pixels are 72 points, and the page is 300 points high.
        let (x, y) = (d.center.x * 0.48, 300.0 - d.center.y * 0.48);
        with.iter().map(|&n| corner(n)).any(|(l, b)| (l..l + SIDE).contains(&x) && (b..b + SIDE).contains(&y))
    };
    found.into_iter().partition(is_one_of)
}

fn half(n: usize) -> bool {
    n % COLUMNS >= 5
}

#[test]
fn instances_with_more_alike_about_them_are_never_sure() {
    let cases: &[(&str, &[&[[f64; 2]]])] = &[
        ("open box", &[&[[-7.0, -7.0], [-7.0, 7.0], [7.0, 7.0], [7.0, -7.0]]]),
        (
            "overshooting box",
            &[
                &[[-9.0, -7.0], [9.0, -7.0]],
                &[[-9.0, 7.0], [9.0, 7.0]],
                &[[-7.0, -9.0], [-7.0, 9.0]],
                &[[7.0, -9.0], [7.0, 9.0]],
            ],
        ),
        ("diamond", &[&[[-10.0, 0.0], [0.0, 10.0], [10.0, 0.0], [0.0, -10.0], [-10.0, 0.0]]]),
        (
            "hexagon",
            &[&[[-9.0, 0.0], [-4.5, 8.0], [4.5, 8.0], [9.0, 0.0], [4.5, -8.0], [-4.5, -8.0], [-9.0, 0.0]]],
        ),
        ("bar far out", &[&[[0.0, -10.0], [0.0, 10.0]]]),
        ("bar beside", &[&[[-4.0, 7.0], [4.0, 7.0]]]),
    ];
    for (what, strokes) in cases {
        let (with, plain) = counted(strokes, half);
        assert!(with.iter().all(|d| d.variant && d.confidence < 0.9), "{what}: {with:?}");
        assert_eq!(plain.len(), 25, "{what}");
        assert!(plain.iter().all(|d| !d.variant && d.confidence > 0.95), "{what}: {plain:?}");
    }
}

#[test]
fn what_a_pair_shows_and_what_goes_on_is_told_of_none() {
    let box_open: &[&[[f64; 2]]] = &[&[[-7.0, -7.0], [-7.0, 7.0], [7.0, 7.0], [7.0, -7.0]]];
    let (with, plain) = counted(box_open, |n| n == 7 || n == 23);
    assert_eq!((with.len(), plain.len()), (2, 48));
    assert!(with.iter().chain(&plain).all(|d| !d.variant));
    // A wire from each to the next.
    let wire: &[&[[f64; 2]]] = &[&[[-12.0, 0.0], [12.0, 0.0]]];
    let (with, plain) = counted(wire, half);
    assert_eq!((with.len(), plain.len()), (25, 25));
    assert!(with.iter().chain(&plain).all(|d| !d.variant), "wires");
}

#[test]
fn an_example_that_shows_it_makes_no_variants() {
    let bar: &[&[[f64; 2]]] = &[&[[-4.0, 7.0], [4.0, 7.0]]];
    let (with, plain) = counted(bar, |n| n % 2 == 0);
    assert_eq!(with.len(), 25);
    assert!(with.iter().chain(&plain).all(|d| !d.variant), "{with:?} {plain:?}");
}
