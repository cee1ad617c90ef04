//! Numbers that stand beside a scale and are none of it, and parts of it that stand elsewhere.

use super::detect;
use super::detect_tests::{Placed, best, found, page, paper};
use crate::geom::ListRect;
use crate::page::display::{DisplayList, TextLine, Word};

/// Words of one line, each with the gap before it in font sizes (10 pt), 6 pt a character.
fn line(list: &mut DisplayList, (x, y): (f32, f32), size: f32, words: &[(f32, &str)]) {
    let from = list.words.len();
    let (mut at, mut bounds, mut text) = (x, ListRect::EMPTY, String::new());
    for &(gap, word) in words {
        at += gap * 10.0;
        let right = at + size * 0.6 * word.chars().count() as f32;
        let place = ListRect { left: at, top: y, right, bottom: y + size };
        bounds = bounds.union(&place);
        if gap > 0.0 && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
        let (word, layer) = (word.to_owned(), crate::page::display::NO_LAYER);
        list.words.push(Word { text: word, bounds: place, angle: 0.0, size, layer });
        at = right;
    }
    let word_len = (list.words.len() - from) as u32;
    list.lines.push(TextLine { text, bounds, angle: 0.0, word_start: from as u32, word_len });
}

fn of_words(words: &[(f32, &str)]) -> Option<f64> {
    let mut list = page(paper(914.4, 609.6), &[]);
    line(&mut list, (200.0, 200.0), 10.0, words);
    detect(&list).value.best.map(|b| b.ratio)
}

#[test]
fn a_number_in_the_cell_or_bubble_before_a_scale_is_none_of_it() {
    for (gap, ratio) in [(0.28, 8.0), (0.4, 8.0), (0.6, 24.0), (1.0, 24.0), (1.4, 24.0)] {
        let words = [(0.0, "1"), (gap, "1/2\""), (0.28, "="), (0.28, "1'-0\"")];
        assert_eq!(of_words(&words), Some(ratio), "{gap}");
        let row = [(0.0, "2"), (gap.max(0.6), "3"), (gap.max(0.6), "1/4\""), (0.28, "="), (0.28, "1'-0\"")];
        assert_eq!(of_words(&row), Some(48.0), "{gap}");
    }
    // Spaces are as wide as the font makes them.
    for space in [0.28, 0.6, 1.0] {
        let words = [(0.0, "1"), (space, "1/2\""), (space, "="), (space, "1'-0\"")];
        assert_eq!(of_words(&words), Some(8.0), "{space}");
    }
    assert_eq!(of_words(&[(0.0, "1"), (0.4, "1/2\"=1'-0\"")]), Some(8.0));
    assert_eq!(of_words(&[(0.0, "1"), (0.8, "1/2\"=1'-0\"")]), Some(24.0));
}

#[test]
fn a_fraction_in_the_cell_behind_a_ratio_is_none_of_it() {
    for behind in ["1/2", "03/11", "0", "2"] {
        let words = [(0.0, "SCALE"), (0.28, "1:50"), (0.9, behind)];
        assert_eq!(of_words(&words), Some(50.0), "{behind}");
    }
    assert_eq!(of_words(&[(0.0, "SCALE"), (0.28, "1:33"), (0.28, "1/3")]), Some(100.0 / 3.0));
    for (ratio, sheet) in [("1:10", "1/2"), ("1:5", "1/2"), ("1:100", "1/3")] {
        let whole = ratio.strip_prefix("1:").and_then(|n| n.parse().ok());
        assert_eq!(of_words(&[(0.0, "SCALE"), (0.28, ratio), (0.28, sheet)]), whole, "{ratio}");
    }
    // Close by, which number is meant is not known.
    for (whole, fraction) in [("2", "1/8\""), ("3", "1/4\""), ("5", "1/2\"")] {
        let words = [(0.0, whole), (0.28, fraction), (0.28, "="), (0.28, "1'-0\"")];
        assert_eq!(of_words(&words), None, "{whole} {fraction}");
    }
}

/// `1`, a smaller fraction that is stacked with or without a bar, and the rest of the equation.
fn stacked(lead: &[(f32, &str)], bar: bool) -> DisplayList {
    let mut list = page(paper(914.4, 609.6), &[]);
    let mut words = lead.to_vec();
    words.extend([(0.6, "\""), (0.28, "="), (0.28, "1'-0\"")]);
    line(&mut list, (200.0, 200.0), 10.0, &words);
    let mark = list.words[lead.len()].bounds.left;
    line(&mut list, (mark - 5.0, 199.0), 5.0, &[(0.0, "1")]);
    line(&mut list, (mark - 5.0, 205.0), 5.0, &[(0.0, "2")]);
    if bar {
        line(&mut list, (700.0, 500.0), 10.0, &[(0.0, "1/4\""), (0.28, "="), (0.28, "1'-0\"")]);
    }
    list
}

#[test]
fn a_scale_whose_fraction_is_stacked_is_not_read_without_it() {
    let leads: [&[(f32, &str)]; 7] = [
        &[(0.0, "1")],
        &[(0.0, "SCALE:"), (0.28, "1")],
        &[],
        &[(0.0, "SCALE:")],
        // A bar between raised and lowered figures.
        &[(0.0, "/")],
        &[(0.0, "SCALE:"), (0.28, "/")],
        &[(0.0, "1"), (0.5, "/")],
    ];
    for lead in leads {
        // Another scale of the page does not stand in for it.
        for other in [false, true] {
            let record = detect(&stacked(lead, other)).value;
            assert!(record.best.is_none(), "{lead:?} {:?}", record.best);
            assert!(record.withheld.unwrap().contains("could not be read"), "{lead:?}");
            assert!(record.candidates.iter().all(|c| c.ratio == 48.0), "{lead:?}");
        }
    }
    // Figures below the line are not within it.
    let mut list = page(paper(914.4, 609.6), &[]);
    line(&mut list, (200.0, 200.0), 10.0, &[(0.0, "1\""), (0.28, "="), (0.28, "1'-0\"")]);
    line(&mut list, (200.0, 212.0), 6.0, &[(0.0, "0"), (1.0, "1"), (1.0, "2")]);
    assert_eq!(detect(&list).value.best.map(|b| b.ratio), Some(12.0));
}

#[test]
fn a_slope_is_no_scale_where_the_word_stands_by_itself() {
    for word in ["SLOPE", "ROOF SLOPE", "MIN. SLOPE", "PITCH", "FALL"] {
        for value in ["1/8\" = 1'-0\"", "1/4\" = 1'-0\""] {
            for at in [(200.0, 188.0), (200.0, 214.0), (290.0, 200.0)] {
                let arrow: &[Placed] = &[(200.0, 200.0, value), (at.0, at.1, word)];
                let record = found(arrow).value;
                assert!(record.best.is_none(), "{word} {value} {at:?}");
                assert!(record.withheld.unwrap().contains("may be that slope"), "{word} {value}");
                // The plan's own is taken, and what the slope is, is told.
                let mut plan = arrow.to_vec();
                plan.extend([(700.0, 900.0, "ROOF PLAN"), (700.0, 912.0, "SCALE: 3/32\" = 1'-0\"")]);
                let plan = found(&plan);
                assert_eq!(plan.value.best.map(|b| b.ratio), Some(128.0), "{word} {value}");
                assert!(plan.findings.iter().any(|f| f.code == "scale_of_slope"));
            }
        }
    }
    let sentence: &[Placed] = &[(200.0, 188.0, "SLOPE TO DRAIN"), (200.0, 200.0, "1/4\" = 1'-0\"")];
    assert_eq!(best(sentence), None);
    // Further away, or of a title, it is another thing.
    assert_eq!(best(&[(200.0, 200.0, "1/8\" = 1'-0\""), (200.0, 300.0, "SLOPE")]), Some(96.0));
    let titled: &[Placed] =
        &[(200.0, 200.0, "ROOF PLAN"), (200.0, 212.0, "1/8\" = 1'-0\""), (200.0, 226.0, "SLOPE")];
    assert_eq!(best(titled), Some(96.0));
    for line in [
        "SLOPE ROOF 1/4\" PER FOOT (1/4\" = 1'-0\")",
        "MIN. 1/4\" = 1'-0\"",
        "PIPE AT 1/8\" = 1'-0\" UNLESS NOTED",
        "SEWER LINE AT 1/4\" = 1'-0\"",
    ] {
        assert_eq!(best(&[(200.0, 200.0, line)]), None, "{line}");
    }
    assert_eq!(best(&[(200.0, 200.0, "PLAN AT 1/4\" = 1'-0\"")]), Some(48.0));
}

#[test]
fn a_scale_of_what_others_make_or_another_sheet_shows_is_not_the_pages() {
    for line in [
        "SHOP DRAWINGS SHALL BE AT A SCALE OF 1/4\" = 1'-0\" MINIMUM",
        "SURVEY PREPARED AT 1\"=50' BY OTHERS",
    ] {
        assert_eq!(best(&[(200.0, 200.0, line)]), None, "{line}");
    }
    let note: &[Placed] = &[
        (200.0, 200.0, "ENLARGED PLANS"),
        (200.0, 212.0, "SEE SHEET A-401"),
        (200.0, 224.0, "SCALE 1/4\" = 1'-0\""),
    ];
    assert!(found(note).value.withheld.unwrap().contains("SEE SHEET A-401"));
    let mut own = note.to_vec();
    own.push((700.0, 900.0, "FIRST FLOOR PLAN 1/8\" = 1'-0\""));
    assert_eq!(best(&own), Some(96.0));
    // What else a note sends to is said of other things.
    let titled: &[Placed] = &[
        (200.0, 200.0, "FLOOR PLAN"),
        (200.0, 212.0, "SEE SHEET A-401 FOR NOTES"),
        (200.0, 224.0, "SCALE 1/8\" = 1'-0\""),
    ];
    assert_eq!(best(titled), Some(96.0));
}
