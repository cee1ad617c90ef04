//! Words and lines.

use takeoff_core::page::display::DisplayList;

use crate::support::{Doc, codes, one_page, walk};

fn page(content: &str) -> DisplayList {
    walk(&mut one_page("/MediaBox [0 0 400 400]", content))
}

fn lines(list: &DisplayList) -> Vec<&str> {
    list.lines.iter().map(|l| l.text.as_str()).collect()
}

#[test]
fn words_split_at_spaces_and_at_gaps() {
    let list =
        page("BT /F1 10 Tf 50 300 Td (FLOOR PLAN) Tj ET BT /F1 10 Tf 50 280 Td [(NORTH) -400 (WING)] TJ ET");
    assert_eq!(lines(&list), ["FLOOR PLAN", "NORTH WING"]);
    let words: Vec<&str> = list.words.iter().map(|w| w.text.as_str()).collect();
    assert_eq!(words, ["FLOOR", "PLAN", "NORTH", "WING"]);
    assert_eq!((list.words[0].size, list.words[0].angle), (10.0, 0.0));
    let bounds = list.words[0].bounds;
    assert!((bounds.left - 50.0).abs() < 0.1 && bounds.top < 100.0 && bounds.bottom > 100.0, "{bounds:?}");
    assert!((70.0..90.0).contains(&bounds.right), "{bounds:?}");
}

#[test]
fn a_scale_note_in_several_runs_reads_as_one_line() {
    // Each piece at its own position, not in the order of reading: 1/8 is 13.9 pt wide at 10 pt.
    let content = "BT /F1 10 Tf 1 0 0 1 84.5 300 Tm (1'-0\") Tj ET \
                   BT /F1 10 Tf 1 0 0 1 50 300 Tm (1/8) Tj ET \
                   BT /F1 10 Tf 1 0 0 1 64.2 300 Tm (\") Tj ET \
                   BT /F1 10 Tf 1 0 0 1 74 300 Tm (=) Tj ET";
    assert_eq!(lines(&page(content)), ["1/8\" = 1'-0\""]);
}

/// Letters are large enough from 24 pt on to hide what lies under them: not themselves.
#[test]
fn large_letters_do_not_hide_themselves() {
    for size in [12, 23, 24, 26, 60] {
        for (ground, ink) in [("", "0 g"), ("0 g 0 0 400 400 re f", "1 g")] {
            let list = page(&format!("{ground} {ink} BT /F1 {size} Tf 20 200 Td (HT1 T) Tj ET"));
            assert_eq!(lines(&list), ["HT1 T"], "{size} pt, {ink}");
        }
    }
    let under = page("BT /F1 10 Tf 33 100 Td (I) Tj ET BT /F1 300 Tf 0 60 Td (I) Tj ET");
    assert_eq!(lines(&under), ["I"], "a small letter under a large one");
}

#[test]
fn columns_and_neighbouring_tags_stay_apart() {
    let content = "BT /F1 10 Tf 1 0 0 1 50 300 Tm (DOOR) Tj ET BT /F1 10 Tf 1 0 0 1 120 300 Tm (WIDTH) Tj ET \
                   BT /F1 10 Tf 1 0 0 1 50 200 Tm (P-1) Tj ET BT /F1 10 Tf 1 0 0 1 67 203 Tm (170) Tj ET";
    let list = page(content);
    let mut found = lines(&list);
    found.sort_unstable();
    assert_eq!(found, ["170", "DOOR", "P-1", "WIDTH"]);
}

#[test]
fn text_at_any_angle_reads_along_its_baseline() {
    for degrees in [0.0_f64, 30.0, 90.0, 137.0, 180.0, -90.0] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let at = |along: f64| (200.0 + along * cos, 200.0 + along * sin);
        let ((x0, y0), (x1, y1)) = (at(0.0), at(26.0));
        let content = format!(
            "BT /F1 10 Tf {cos:.6} {sin:.6} {:.6} {cos:.6} {x0:.4} {y0:.4} Tm (ROOM) Tj ET \
             BT /F1 10 Tf {cos:.6} {sin:.6} {:.6} {cos:.6} {:.4} {:.4} Tm (145) Tj ET",
            -sin,
            -sin,
            x1 + 9.0 * cos,
            y1 + 9.0 * sin,
        );
        let list = page(&content);
        assert_eq!(lines(&list), ["ROOM 145"], "at {degrees}");
        // Degrees run clockwise on the upright page.
        let turned = f64::from(list.lines[0].angle) + degrees;
        assert!((turned.rem_euclid(360.0)).min((-turned).rem_euclid(360.0)) < 0.01, "at {degrees}");
    }
}

#[test]
fn a_turned_page_turns_its_text_upright() {
    let content = "BT /F1 10 Tf 0 1 -1 0 200 100 Tm (SHEET A-101) Tj ET";
    let list = walk(&mut one_page("/MediaBox [0 0 400 300] /Rotate 90", content));
    assert_eq!(lines(&list), ["SHEET A-101"]);
    assert!(list.lines[0].angle.abs() < 1e-3);
}

#[test]
fn spaced_out_letters_are_one_word_and_text_drawn_twice_is_one_text() {
    let content = "BT /F1 10 Tf 4 Tc 50 300 Td (SECTION) Tj ET \
                   BT /F1 10 Tf 50 200 Td (BOLD) Tj ET BT /F1 10 Tf 50.3 200 Td (BOLD) Tj ET \
                   BT /F1 10 Tf 2 Tr 50 100 Td (BOTH) Tj ET";
    assert_eq!(lines(&page(content)), ["SECTION", "BOLD", "BOTH"]);
}

#[test]
fn control_characters_go_and_unicode_stays() {
    let mut doc = Doc::new();
    let map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def \
               1 begincodespacerange <00> <FF> endcodespacerange \
               4 beginbfchar <41> <00BC> <42> <0007> <43> <2300> <44> <00460069> endbfchar endcmap end end";
    let to_unicode = doc.stream("", map.as_bytes());
    let font = doc.object(format!(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode {to_unicode} 0 R >>"
    ));
    doc.page(
        &format!("/MediaBox [0 0 400 400] /Resources << /Font << /F1 {font} 0 R >> >>"),
        "BT /F1 10 Tf 50 300 Td (ABCD) Tj ET",
    );
    assert_eq!(lines(&walk(&mut doc.open())), ["\u{BC}\u{2300}Fi"]);
}

#[test]
fn characters_without_a_value_leave_a_mark_and_a_finding() {
    let mut doc = Doc::new();
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica \
                /Encoding << /Differences [65 /g17 /g18] >> >>";
    doc.page(
        &format!("/MediaBox [0 0 400 400] /Resources << /Font << /F1 {font} >> >>"),
        "BT /F1 10 Tf 50 300 Td (xAB) Tj ET",
    );
    let list = walk(&mut doc.open());
    assert!(list.lines[0].text.contains('\u{FFFD}'), "{:?}", lines(&list));
    assert!(codes(&list).contains(&"text_without_unicode"));
}

#[test]
fn text_on_a_layer_knows_it() {
    let mut doc = Doc::new();
    let notes = doc.object("<< /Type /OCG /Name (A-NOTE) >>");
    let resources = format!(
        "/Resources << /Properties << /N {notes} 0 R >> /Font << /F1 << /Type /Font /Subtype /Type1 \
         /BaseFont /Helvetica >> >> >>"
    );
    doc.page(
        &format!("/MediaBox [0 0 400 400] {resources}"),
        "/OC /N BDC BT /F1 10 Tf 50 300 Td (NOTE) Tj ET EMC",
    );
    let list = walk(&mut doc.open());
    assert_eq!(list.layers[list.words[0].layer as usize], "A-NOTE");
}

#[test]
fn text_that_nobody_can_see_is_not_read() {
    let note = |x: u32, y: u32| format!("BT /F1 10 Tf {x} {y} Td (SEEN) Tj ET");
    let seen = note(50, 300);
    assert_eq!(lines(&page(&seen)), ["SEEN"]);
    assert_eq!(lines(&page(&format!("1 g {seen}"))), Vec::<&str>::new(), "white on white");
    assert_eq!(lines(&page(&format!("0.2 g 40 290 60 30 re f 1 g {seen}"))), ["SEEN"], "white on dark");
    assert_eq!(lines(&page(&format!("3 Tr {seen}"))), Vec::<&str>::new(), "not painted");
    assert_eq!(lines(&page(&note(50, 900))), Vec::<&str>::new(), "off the page");
    let clipped = |clip: &str| format!("q {clip} re W n {seen} Q");
    assert_eq!(lines(&page(&clipped("0 0 100 100"))), Vec::<&str>::new(), "clipped away");
    assert_eq!(lines(&page(&clipped("0 0 400 400"))), ["SEEN"]);
    let mut cropped = one_page("/MediaBox [0 0 400 400] /CropBox [0 0 400 250]", &seen);
    assert_eq!(lines(&walk(&mut cropped)), Vec::<&str>::new(), "outside the crop");
}
