//! Symbols that differ from the example in one thing only: what stands beside them, their hatch, their pen; and rooms
//! that look like the rows of a legend.

use super::super::{Answer, Compare, CountParams, Detection, Exemplar, Question, ask};
use super::sheet::{
    Habit, PEN, Sheet, Stroke, Symbol, at, box_around, circle, count, families, line, rect, summary,
};
use crate::budget::Budget;
use crate::geom::{ListRect, PxRect};
use crate::page::display::Style;

fn receptacle() -> Symbol {
    families().swap_remove(0).1.swap_remove(0)
}

fn answer(sheet: &Sheet, drawn: PxRect, params: CountParams) -> Answer {
    let page = sheet.index();
    let exemplars = [Exemplar::cut(&page, drawn, &Budget::unlimited()).unwrap()];
    let question = Question { exemplars: &exemplars, negatives: &[], params, lettering: &[], region: None };
    ask(&page, &question, &Budget::unlimited()).value
}

fn counted(answer: &Answer) -> usize {
    answer.matches.iter().filter(|m| !m.place.in_legend).count()
}

fn px(sheet: &Sheet, [left, top, right, bottom]: [f64; 4]) -> PxRect {
    let [left, top, right, bottom] = [left, top, right, bottom].map(|v| v as f32);
    sheet.list.space.rect_to_px(&ListRect { left, top, right, bottom })
}

/// Three of a symbol in the open; a box around the first.
fn three(sheet: &mut Sheet, symbol: &Symbol) -> PxRect {
    for x in [800.0, 860.0, 920.0] {
        sheet.symbol(symbol, &at(x, 60.0, 0.0, 1.0, false), Habit::Polylines(32), 0);
    }
    box_around(sheet, symbol, &at(800.0, 60.0, 0.0, 1.0, false), 1.0)
}

/// A strip of rooms between walls, a symbol and a name in each.
fn strip(sheet: &mut Sheet, symbols: &[&Symbol], names: &[String], height: f64) {
    let (x, y, width) = (100.0, 100.0, 300.0);
    let far = y + height * names.len() as f64;
    for i in 0..=names.len() {
        let y = y + height * i as f64;
        sheet.line([x, y], [x + width, y], 0);
    }
    sheet.line([x, y], [x, far], 0);
    sheet.line([x + width, y], [x + width, far], 0);
    for (i, name) in names.iter().enumerate() {
        let y = y + height * (i as f64 + 0.5);
        let symbol = symbols[i % symbols.len()];
        sheet.symbol(symbol, &at(x + 20.0, y, 0.0, 1.0, false), Habit::Polylines(32), 0);
        sheet.text(name, x + 60.0, y + 3.0, 7.0);
    }
}

/// A check valve lies on itself by its strokes half a turn on, but for its paint; a gate valve by all of it.
#[test]
fn what_lies_on_itself_is_found_at_every_turn_whatever_paint_tells_it_apart() {
    let halves = [[-8.0, -5.0], [0.0, 0.0], [-8.0, 5.0]].to_vec();
    let other = halves.iter().map(|p| p.map(|v| -v)).collect::<Vec<_>>();
    let gate = Symbol(vec![Stroke::Closed(halves.clone()), Stroke::Closed(other.clone())]);
    let check = Symbol(vec![Stroke::Solid(halves), Stroke::Closed(other)]);
    for (symbol, look_alike) in [(&gate, &check), (&check, &gate)] {
        let mut sheet = Sheet::new(1000.0, 600.0, 5);
        let pose = |n: usize, y: f64| at(60.0 + n as f64 * 70.0, y, n as f64 * 47.0, 1.0, n % 2 == 1);
        for n in 0..12 {
            sheet.symbol(symbol, &pose(n, 100.0), Habit::Polylines(32), 0);
            sheet.symbol(look_alike, &pose(n, 300.0), Habit::Polylines(32), 0);
        }
        let drawn = box_around(&sheet, symbol, &pose(0, 100.0), 1.0);
        let answer = answer(&sheet, drawn, CountParams::default());
        let right =
            answer.matches.iter().filter(|m| m.place.center.y < 200.0 * sheet.list.space.px_per_unit).count();
        assert_eq!((right, answer.matches.len()), (12, 12));
    }
}

#[test]
fn a_strip_of_rooms_with_one_device_each_is_no_legend() {
    let symbol = receptacle();
    let other = Symbol(vec![rect(-5.0, -5.0, 5.0, 5.0), line(-5.0, -5.0, 5.0, 5.0)]);
    let numbered = |n: usize| (0..n).map(|i| format!("STORAGE {}", 101 + i)).collect::<Vec<_>>();
    for height in [30.0, 45.0, 60.0, 80.0] {
        let mut sheet = Sheet::new(1000.0, 1000.0, 1);
        let drawn = three(&mut sheet, &symbol);
        strip(&mut sheet, &[&symbol], &numbered(10), height);
        let answer = answer(&sheet, drawn, CountParams::default());
        assert_eq!((counted(&answer), answer.matches.len()), (13, 13), "{height}");
        assert!(answer.legend_in_doubt.is_empty());
    }
    // One in some of the rooms only, further apart than a few rows.
    let mut symbols = vec![&other; 12];
    (symbols[1], symbols[9]) = (&symbol, &symbol);
    let mut sheet = Sheet::new(1000.0, 1000.0, 1);
    let drawn = three(&mut sheet, &symbol);
    strip(&mut sheet, &symbols, &numbered(12), 60.0);
    assert_eq!(counted(&answer(&sheet, drawn, CountParams::default())), 5);
}

#[test]
fn what_only_looks_like_the_sample_of_a_legend_is_set_apart_and_named() {
    let symbol = receptacle();
    let others = families().swap_remove(1).1;
    let names: Vec<String> = ["STORAGE", "JANITOR CLOSET", "ELECTRICAL ROOM", "TELECOM ROOM", "BREAK ROOM"]
        .map(str::to_owned)
        .into();
    let mut sheet = Sheet::new(1000.0, 1000.0, 1);
    let drawn = three(&mut sheet, &symbol);
    let kinds: Vec<&Symbol> = std::iter::once(&symbol).chain(&others[..4]).collect();
    strip(&mut sheet, &kinds, &names, 40.0);
    let answer = answer(&sheet, drawn, CountParams::default());
    assert_eq!((counted(&answer), answer.matches.len()), (3, 4));
    let sample = answer.matches.iter().find(|m| m.place.in_legend).unwrap();
    assert_eq!(answer.legend_in_doubt, [sample.place.center]);
}

#[test]
fn a_room_called_after_symbols_is_no_legend_and_a_legend_with_variants_is_one() {
    let symbol = receptacle();
    let framed = |heading: &str| {
        let mut sheet = Sheet::new(1000.0, 1000.0, 1);
        let drawn = three(&mut sheet, &symbol);
        let corners = [[100.0, 100.0], [400.0, 100.0], [400.0, 400.0], [100.0, 400.0]];
        for i in 0..4 {
            sheet.line(corners[i], corners[(i + 1) % 4], 0);
        }
        sheet.text(heading, 120.0, 130.0, 9.0);
        (sheet, drawn)
    };
    let (mut sheet, drawn) = framed("SYMBOLS LAB");
    for i in 0..8 {
        let (x, y) = (130.0 + 60.0 * f64::from(i % 4), 200.0 + 80.0 * f64::from(i / 4));
        sheet.symbol(&symbol, &at(x, y, 0.0, 1.0, false), Habit::Polylines(32), 0);
    }
    let lab = answer(&sheet, drawn, CountParams::default());
    assert_eq!((counted(&lab), lab.matches.len()), (11, 11));

    let (mut sheet, drawn) = framed("ELECTRICAL SYMBOLS");
    for (i, text) in ["DUPLEX RECEPTACLE", "GROUND FAULT TYPE", "WEATHERPROOF TYPE"].into_iter().enumerate() {
        let y = 160.0 + 40.0 * i as f64;
        sheet.symbol(&symbol, &at(130.0, y, 0.0, 1.0, false), Habit::Polylines(32), 0);
        sheet.text(text, 180.0, y + 3.0, 7.0);
    }
    let legend = answer(&sheet, drawn, CountParams::default());
    assert_eq!((counted(&legend), legend.matches.len(), legend.legend_in_doubt.len()), (3, 6, 3));
}

/// Two rows of places for the kinds of a symbol, the first above.
fn rows(mut each: impl FnMut(usize, usize, f64, f64)) {
    for row in 0..2 {
        for i in 0..7 {
            each(row, i, 100.0 + 60.0 * i as f64, 100.0 + 100.0 * row as f64);
        }
    }
}

#[test]
fn a_hatch_that_ends_with_the_symbol_makes_another_one_of_it() {
    let troffer = Symbol(vec![rect(-18.0, -9.0, 18.0, 9.0), line(-18.0, 0.0, 18.0, 0.0)]);
    let ring = Symbol(vec![circle(9.0)]);
    let slanted = |n: usize| -> Vec<Stroke> {
        let step = 18.0 / n as f64;
        (0..=n).map(|i| -18.0 + step * i as f64).map(|x| line(x, -9.0, x + 18.0, 9.0)).collect()
    };
    let upright = |n: usize| -> Vec<Stroke> {
        let step = 18.0 / (n + 1) as f64;
        let xs = (1..=n).map(|i| -9.0 + step * i as f64);
        xs.map(|x: f64| line(x, -(81.0 - x * x).sqrt(), x, (81.0 - x * x).sqrt())).collect()
    };
    for (symbol, hatch) in [
        (&troffer, slanted(4)),
        (&troffer, slanted(6)),
        (&troffer, slanted(9)),
        (&troffer, slanted(14)),
        (&ring, upright(5)),
        (&ring, upright(7)),
        (&ring, upright(9)),
    ] {
        // Apart, and side by side.
        for pitch in [60.0, 37.0] {
            let mut sheet = Sheet::new(700.0, 400.0, 1);
            let thin = sheet.style(Style { width: 0.18, ..PEN });
            rows(|row, i, _, y| {
                let pose = at(100.0 + pitch * i as f64, y, 0.0, 1.0, false);
                sheet.symbol(symbol, &pose, Habit::Polylines(64), 0);
                if row == 1 {
                    sheet.symbol(&Symbol(hatch.clone()), &pose, Habit::Polylines(64), thin);
                }
            });
            for row in 0..2 {
                let pose = at(100.0, 100.0 + 100.0 * f64::from(row), 0.0, 1.0, false);
                let outcome = count(&sheet, box_around(&sheet, symbol, &pose, 1.0), &CountParams::default());
                let n = hatch.len();
                assert_eq!(
                    outcome.found,
                    7,
                    "{n} lines, {pitch} apart, row {row}: {}",
                    summary(&outcome, &[])
                );
                let y = outcome.detections[0].center.y;
                assert!(outcome.detections.iter().all(|d| (d.center.y - y).abs() < 9.0), "{n}");
            }
        }
    }
}

#[test]
fn a_hatch_that_goes_on_beyond_the_symbol_is_what_it_stands_on() {
    let symbol = Symbol(vec![rect(-12.0, -9.0, 12.0, 9.0), line(-12.0, 0.0, 12.0, 0.0), circle(4.0)]);
    for (dash, gap) in [(1000.0_f64, 0.0_f64), (9.0, 3.0), (5.0, 2.0)] {
        let mut sheet = Sheet::new(700.0, 400.0, 1);
        let thin = sheet.style(Style { width: 0.18, ..PEN });
        rows(|_, _, x, y| {
            sheet.symbol(&symbol, &at(x, y, 0.0, 1.0, false), Habit::Polylines(32), 0);
        });
        // Under the lower row, in lines or in dashes.
        for k in 0..80 {
            let (x, mut y) = (60.0 + 5.3 * f64::from(k), 160.0);
            while y < 240.0 {
                let to = (y + dash).min(240.0);
                sheet.line([x, y], [x, to], thin);
                y = to + gap.max(0.01);
            }
        }
        let drawn = box_around(&sheet, &symbol, &at(100.0, 100.0, 0.0, 1.0, false), 1.0);
        let outcome = count(&sheet, drawn, &CountParams::default());
        assert_eq!(outcome.found, 14, "{dash}: {}", summary(&outcome, &[]));
    }
}

/// Ten places that say one thing beside the symbol and ten that say another.
fn said(beside: [&str; 2], place: impl Fn(&mut Sheet, &str, f64, f64), drawn: [f64; 4]) -> [Answer; 2] {
    let mut sheet = Sheet::new(900.0, 400.0, 1);
    for (row, says) in beside.into_iter().enumerate() {
        for i in 0..10 {
            place(&mut sheet, says, 100.0 + 60.0 * f64::from(i), 100.0 + 100.0 * row as f64);
        }
    }
    let [left, top, right, bottom] = drawn;
    let drawn = px(&sheet, [100.0 + left, 100.0 + top, 100.0 + right, 100.0 + bottom]);
    let whole = CountParams { lettering: Some(Compare::Whole), ..CountParams::default() };
    [CountParams::default(), whole].map(|params| answer(&sheet, drawn, params))
}

#[test]
fn a_subscript_is_a_part_of_the_tag_that_it_hangs_on() {
    for tag in ["S", "$"] {
        let place = |sheet: &mut Sheet, says: &str, x: f64, y: f64| {
            sheet.text(tag, x, y, 12.0);
            if !says.is_empty() {
                sheet.text(says, x + 7.6, y + 3.0, 6.0);
            }
        };
        for answer in said(["3", "4"], place, [-1.0, -13.0, 13.0, 4.0]) {
            assert_eq!(answer.matches.len(), 10);
            assert_eq!(
                answer.other_lettering.get(&format!("{tag} 4")),
                Some(&10),
                "{:?}",
                answer.other_lettering
            );
        }
        // Without one, it is told; and compared where lettering must agree.
        let [plain, whole] = said(["", "4"], place, [-1.0, -13.0, 8.0, 1.0]);
        assert_eq!((plain.matches.len(), plain.said_beside.get("4")), (20, Some(&10)));
        assert_eq!((whole.matches.len(), whole.other_lettering.get(&format!("{tag} 4"))), (10, Some(&10)));
        // A box around the tag alone does not ask for the subscript.
        let [plain, whole] = said(["3", "4"], place, [-1.0, -13.0, 7.0, 0.0]);
        assert_eq!((plain.matches.len(), plain.said_beside.get("4")), (20, Some(&10)));
        assert_eq!(whole.matches.len(), 10);
    }
}

#[test]
fn letters_beside_a_symbol_must_agree_or_are_told() {
    let symbol = receptacle();
    let place = |sheet: &mut Sheet, says: &str, x: f64, y: f64| {
        // Beside it, whichever way it is turned.
        let turn = 90.0 * (x / 60.0).floor();
        sheet.symbol(&symbol, &at(x, y, turn, 1.0, false), Habit::Polylines(32), 0);
        if !says.is_empty() {
            sheet.text(says, x + 11.0, y + 2.0, 5.0);
        }
    };
    let drawn = [-10.0, -10.0, 24.0, 11.0];
    let [plain, whole] = said(["GFI", "WP"], place, drawn);
    assert_eq!(
        (plain.matches.len(), plain.said_beside.get("WP")),
        (20, Some(&10)),
        "{:?}",
        plain.said_beside
    );
    assert_eq!((whole.matches.len(), whole.other_lettering.get("WP")), (10, Some(&10)));
    // Numbers only number; and a word that nobody else has happens to stand there.
    let [plain, _] = said(["12", "14"], place, drawn);
    assert_eq!((plain.matches.len(), plain.said_beside.len()), (20, 0));
    // A single one that hangs on it may make another kind of it.
    let hanging = |sheet: &mut Sheet, says: &str, x: f64, y: f64| {
        sheet.symbol(&symbol, &at(x, y, 0.0, 1.0, false), Habit::Polylines(32), 0);
        sheet.text(says, x + 5.5, y + 4.0, 4.0);
    };
    let [plain, whole] = said(["3", "4"], hanging, [-6.0, -6.0, 9.0, 10.0]);
    assert_eq!((plain.matches.len(), plain.said_beside.get("4")), (20, Some(&10)), "{:?}", plain.said_beside);
    assert_eq!((whole.matches.len(), whole.other_lettering.get("4")), (10, Some(&10)));
    let one = |sheet: &mut Sheet, _: &str, x: f64, y: f64| {
        place(sheet, if x + y < 201.0 { "HALL" } else { "" }, x, y)
    };
    let [plain, whole] = said(["", ""], one, drawn);
    assert_eq!((plain.matches.len(), plain.said_beside.len()), (20, 0));
    assert_eq!((whole.matches.len(), whole.other_lettering.get("")), (1, Some(&19)));
}

/// Seven of each of two kinds, each drawn by pens of the widths times what `pen` gives for it, and its scale.
fn pens(widths: &[f32], pen: impl Fn(usize, usize) -> (f32, f64), params: &CountParams) -> Vec<Detection> {
    let strokes = receptacle().0;
    let mut sheet = Sheet::new(700.0, 400.0, 1);
    rows(|row, i, x, y| {
        let (times, scale) = pen(row, i);
        for (k, stroke) in strokes.iter().enumerate() {
            let width = (widths[k % widths.len()] * times * 1000.0).round() / 1000.0;
            let style = sheet.style(Style { width, ..PEN });
            let one = Symbol(vec![stroke.clone()]);
            sheet.symbol(&one, &at(x, y, 0.0, scale, false), Habit::Polylines(32), style);
        }
    });
    let pose = at(100.0, 100.0, 0.0, 1.0, false);
    let drawn = box_around(&sheet, &receptacle(), &pose, 1.0);
    let outcome = count(&sheet, drawn, params);
    assert!(outcome.near_misses.iter().all(|d| d.other_pen));
    assert_eq!(outcome.found + outcome.near_misses.len(), 14, "{}", summary(&outcome, &[]));
    outcome.detections
}

#[test]
fn neighbouring_pens_of_a_set_are_two_where_a_page_has_both() {
    let all = CountParams::default();
    let mm = 72.0 / 25.4;
    for (own, other) in [(0.18, 0.25), (0.25, 0.18), (0.25, 0.35), (0.35, 0.5), (0.5, 0.7)] {
        let times = |row: usize, _: usize| (if row == 0 { 1.0 } else { other / own }, 1.0);
        assert_eq!(pens(&[own * mm], times, &all).len(), 7, "{own} {other}");
        // Strokes of several widths, all of them the next ones.
        assert_eq!(pens(&[own * mm, own * mm * 1.4], times, &all).len(), 7, "{own} {other}");
        let any = CountParams { same_pen: false, ..all };
        assert_eq!(pens(&[own * mm], times, &any).len(), 14, "{own} {other}");
    }
}

#[test]
fn widths_that_scaling_and_rounding_explain_are_one_pen() {
    let all = CountParams::default();
    // Blocks at other scales, their pens scaled with them or not, and each rounded differently.
    let scaled = |row: usize, i: usize| {
        let scale = [1.0, 0.85, 1.18, 1.15][(i + row) % 4];
        (scale as f32 * [1.0, 1.02][i % 2], scale)
    };
    assert_eq!(pens(&[0.709], scaled, &all).len(), 14);
    assert_eq!(pens(&[0.709], |row, i| (1.0, scaled(row, i).1), &all).len(), 14);
    // Hairlines are as thin as a device can draw them.
    assert_eq!(pens(&[0.03], |row, _| (if row == 0 { 1.0 } else { 1.5 }, 1.0), &all).len(), 14);
    // One of another width is no pen of the page, nor is each of a width of its own.
    assert_eq!(pens(&[0.709], |row, i| (if row + i == 7 { 1.4 } else { 1.0 }, 1.0), &all).len(), 14);
    // The example alone of its width.
    let others = pens(&[0.709], |row, i| (if row + i == 0 { 1.0 } else { 1.4 }, 1.0), &all);
    assert_eq!((others.len(), others.iter().filter(|d| d.other_pen).count()), (14, 13));
}
