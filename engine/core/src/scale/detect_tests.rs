use proptest::prelude::*;

use super::{ScaleRecord, detect};
use crate::found::Found;
use crate::geom::{ListRect, PageSpace};
use crate::page::display::{DisplayList, NO_LAYER, PageKind, TextLine, Word};

/// An Arch E1 sheet at 150 dpi.
fn sheet() -> PageSpace {
    PageSpace::of_points(3024.0, 2160.0).unwrap()
}

/// A line of text and the place of its start, points.
pub(super) type Placed = (f32, f32, &'static str);

/// A page of paper, millimetres.
pub(super) fn paper(w: f64, h: f64) -> PageSpace {
    PageSpace::of_points(w / 25.4 * 72.0, h / 25.4 * 72.0).unwrap()
}

/// Lines of 10 pt text at given places; a tab stands for a wide gap.
pub(super) fn page(space: PageSpace, lines: &[(f32, f32, &str)]) -> DisplayList {
    let mut list = DisplayList::empty(space, PageKind::Vector);
    for &(x, y, text) in lines {
        let from = list.words.len();
        let mut at = x;
        let mut bounds = ListRect::EMPTY;
        for part in text.split_inclusive([' ', '\t']) {
            let word = part.trim_end();
            let right = at + 6.0 * word.chars().count() as f32;
            let place = ListRect { left: at, top: y, right, bottom: y + 10.0 };
            bounds = bounds.union(&place);
            list.words.push(Word {
                text: word.to_owned(),
                bounds: place,
                angle: 0.0,
                size: 10.0,
                layer: NO_LAYER,
            });
            at = right + if part.ends_with('\t') { 60.0 } else { 4.0 };
        }
        let line = text.replace('\t', " ");
        let len = list.words.len() - from;
        list.lines.push(TextLine {
            text: line,
            bounds,
            angle: 0.0,
            word_start: from as u32,
            word_len: len as u32,
        });
    }
    list
}

pub(super) fn found(lines: &[(f32, f32, &str)]) -> Found<ScaleRecord> {
    detect(&page(sheet(), lines))
}

pub(super) fn best(lines: &[(f32, f32, &str)]) -> Option<f64> {
    found(lines).value.best.map(|b| b.ratio)
}

#[test]
fn one_distinct_scale_is_taken_with_its_place() {
    let record = found(&[
        (100.0, 200.0, "FIRST FLOOR"),
        (100.0, 220.0, "1/8\" = 1'-0\""),
        (900.0, 900.0, "SCALE: 1/8\"=1'-0\""),
    ])
    .value;
    let best = record.best.expect("one scale");
    assert_eq!((best.ratio, best.px_per_foot, best.confidence), (96.0, Some(18.75), 0.90));
    assert_eq!((best.method.as_str(), best.text.as_str()), ("ocr_pattern_match", "1/8\"=1'-0\""));
    assert_eq!(record.candidates.len(), 2);
    assert!(!record.needs_calibration && record.withheld.is_none());
    let place = record.candidates[0].bbox.unwrap();
    let scale = 150.0 / 72.0;
    assert!((place.x - 100.0 * scale).abs() < 0.01 && (place.y - 220.0 * scale).abs() < 0.01);
}

#[test]
fn the_place_is_that_of_the_notation_not_of_its_line() {
    let record = found(&[(0.0, 0.0, "FLOOR PLAN SCALE: 1:100")]).value;
    let place = record.best.unwrap().bbox.unwrap();
    // Three words of 5, 4 and 6 letters and three gaps stand before it.
    assert!((place.x - (15.0 * 6.0 + 3.0 * 4.0) * 150.0 / 72.0).abs() < 0.01, "{place:?}");
}

#[test]
fn several_none_and_unscaled_are_withheld_with_the_reason() {
    let cases: [(&[Placed], &str, usize); 10] = [
        (&[(0.0, 0.0, "1/4\" = 1'-0\""), (0.0, 900.0, "1/8\" = 1'-0\"")], "2 different scales", 2),
        (&[(0.0, 0.0, "ROOM FINISH SCHEDULE")], "no scale is stated", 0),
        (&[(0.0, 0.0, "SCALE: 1:0")], "the page says \"SCALE: 1:0\", and no scale could be read of it", 0),
        (&[(0.0, 0.0, "FLOOR PLAN SCALE = 1/4 QUX")], "and no scale could be read of it", 0),
        (&[(0.0, 0.0, "DO NOT SCALE DRAWINGS, 2 SHEETS")], "no scale is stated", 0),
        (&[], "no text", 0),
        (&[(0.0, 0.0, "SCALE: NTS")], "not to scale", 1),
        (&[(0.0, 0.0, "SCALE: AS NOTED"), (0.0, 900.0, "1/8\" = 1'-0\"")], "AS NOTED", 1),
        (&[(0.0, 0.0, "1:12"), (500.0, 500.0, "1:12")], "nothing says that it is its scale", 2),
        (&[(0.0, 0.0, "1:200 at A1 / 1:400 @ A3")], "2 different scales: 1:200 for A1; 1:400 for A3", 3),
    ];
    for (lines, reason, candidates) in cases {
        let Found { value, findings } = found(lines);
        assert!(value.best.is_none() && value.needs_calibration);
        assert!(value.withheld.as_deref().is_some_and(|w| w.contains(reason)), "{:?}", value.withheld);
        assert_eq!(value.candidates.len(), candidates, "{reason}");
        assert!(findings.iter().any(|f| f.code == "scale_withheld"));
    }
}

#[test]
fn a_scale_beside_not_to_scale_details_is_the_sheets() {
    assert_eq!(best(&[(0.0, 0.0, "SCALE: 1/4\" = 1'-0\""), (0.0, 500.0, "DETAIL 3 N.T.S.")]), Some(48.0));
}

#[test]
fn what_is_seen_and_not_used_is_said() {
    let Found { value, findings } = found(&[
        (0.0, 0.0, "SCALE: 1/4\" = 1'-0\""),
        (0.0, 500.0, "DETAIL 3 N.T.S."),
        (500.0, 500.0, "1:12"),
    ]);
    assert_eq!(value.best.map(|b| b.ratio), Some(48.0));
    let codes: Vec<_> = findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["scale_not_to_scale", "scale_unlabelled"]);
    let both = &findings[0].message;
    assert!(both.contains("N.T.S.") && both.contains("states 1/4\" = 1'-0\""), "{findings:?}");
    assert!(findings[1].message.contains("1:12"), "{findings:?}");
}

#[test]
fn a_full_size_that_is_taken_says_so() {
    for text in ["SCALE: 1:1", "SCALE: 12\" = 1'-0\""] {
        let Found { value, findings } = found(&[(0.0, 0.0, text)]);
        assert_eq!(value.best.map(|b| b.ratio), Some(1.0));
        assert_eq!(
            findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(),
            ["scale_full_size"],
            "{text}"
        );
    }
}

#[test]
fn slopes_and_ruler_words_do_not_disturb() {
    let lines: &[(f32, f32, &str)] = &[
        (0.0, 0.0, "1:100"),
        (0.0, 100.0, "1:12"),
        (0.0, 200.0, "1:40 AWAY FROM BUILDING"),
        (0.0, 300.0, "one eighth inch = one foot"),
    ];
    assert_eq!(best(lines), Some(100.0));
}

#[test]
fn a_column_gap_parts_a_detail_number_from_its_scale() {
    assert_eq!(best(&[(0.0, 0.0, "3\t1/4\" = 1'-0\"")]), Some(48.0));
    assert_eq!(best(&[(0.0, 0.0, "SCALE:\t1/4\" = 1'-0\"")]), Some(48.0));
}

#[test]
fn words_split_by_runs_are_still_read() {
    assert_eq!(best(&[(0.0, 0.0, "1/8 \" = 1'")]), Some(96.0));
    assert_eq!(best(&[(0.0, 0.0, "1 / 8 \" = 1 ' - 0 \"")]), Some(96.0));
}

/// What a tabloid sheet with these lines is said to be scaled.
fn on_tabloid(lines: &[Placed]) -> Found<ScaleRecord> {
    detect(&page(paper(17.0 * 25.4, 11.0 * 25.4), lines))
}

#[test]
fn half_size_doubles_every_ratio_once_and_says_so() {
    let taken = |lines: &[Placed]| on_tabloid(lines).value.best.map(|b| (b.ratio, b.text));
    let note = taken(&[(0.0, 0.0, "SCALE: 1/4\" = 1'-0\""), (0.0, 500.0, "HALF SIZE")]).unwrap();
    assert_eq!((note.0, note.1.as_str()), (96.0, "1/4\" = 1'-0\" (half size)"));
    // Read again, the text means the same.
    assert_eq!(super::parse_all(&note.1)[0].ratio, Some(96.0));
    let own = taken(&[(0.0, 0.0, "1/4\" = 1'-0\" HALF SIZE"), (0.0, 500.0, "1/4\" = 1'-0\" HALF SIZE")]);
    assert_eq!(own.map(|o| o.0), Some(96.0));
}

#[test]
fn a_sheet_that_may_be_a_half_size_print_has_no_scale_by_its_text() {
    let scale = (0.0, 0.0, "SCALE: 1/4\" = 1'-0\"");
    let mention = (0.0, 500.0, "HALF SIZE PRINTS AVAILABLE FROM THE ARCHITECT");
    let small = on_tabloid(&[scale, mention]).value;
    assert!(small.best.is_none() && small.withheld.unwrap().contains("HALF SIZE PRINTS AVAILABLE"));
    // No half-size print is 42 x 30 in, whatever is said of such.
    assert_eq!(best(&[scale, mention]), Some(48.0));
    for said in ["HALF SIZE", "HALF SIZE PLANS", "1/2 SIZE", "SCALE: HALF SIZE"] {
        let large = found(&[scale, (0.0, 500.0, said)]).value;
        assert!(large.best.is_none() && large.withheld.unwrap().contains("42.0 x 30.0 in"), "{said}");
    }
}

#[test]
fn a_scale_on_a_print_that_was_resized_is_withheld() {
    for note in ["(REDUCED 50%)", "THIS SHEET WAS REDUCED BY 50%", "PLOTTED AT 70%"] {
        let found = found(&[(0.0, 0.0, "SCALE: 1/8\" = 1'-0\""), (0.0, 500.0, note)]);
        assert_eq!((found.value.best, found.value.candidates.len()), (None, 1), "{note}");
        assert!(found.value.withheld.is_some_and(|w| w.contains('%')), "{note}");
    }
}

#[test]
fn a_scale_for_another_paper_is_withheld() {
    let a1 = PageSpace::of_points(841.0 / 25.4 * 72.0, 594.0 / 25.4 * 72.0).unwrap();
    let a3 = PageSpace::of_points(420.0 / 25.4 * 72.0, 297.0 / 25.4 * 72.0).unwrap();
    let lines: &[(f32, f32, &str)] = &[(10.0, 10.0, "SCALE 1:100 @ A1")];
    assert_eq!(detect(&page(a1, lines)).value.best.map(|b| b.ratio), Some(100.0));
    let reduced = detect(&page(a3, lines)).value;
    assert!(reduced.best.is_none());
    assert!(reduced.withheld.is_some_and(|w| w.contains("A1 paper")));
}

#[test]
fn without_a_resolution_the_scale_is_only_a_candidate() {
    let space = PageSpace::of_raster(4000, 3000, None);
    let record = detect(&page(space, &[(0.0, 0.0, "SCALE: 1/4\" = 1'-0\"")])).value;
    assert!(record.best.is_none() && record.needs_calibration);
    assert_eq!((record.candidates[0].ratio, record.candidates[0].px_per_foot), (48.0, None));
}

#[test]
fn a_caption_vouches_for_what_stands_under_it() {
    assert_eq!(best(&[(500.0, 500.0, "1:40")]), None);
    assert_eq!(best(&[(500.0, 485.0, "SCALE"), (500.0, 500.0, "1:40")]), Some(40.0));
    let noted: &[(f32, f32, &str)] = &[(500.0, 485.0, "SCALE"), (500.0, 500.0, "VARIES"), (0.0, 0.0, "1:50")];
    assert_eq!(best(noted), None);
    // A dimension that varies is no statement about the sheet.
    assert_eq!(best(&[(500.0, 500.0, "VARIES"), (0.0, 0.0, "1:50")]), Some(50.0));
}

#[test]
fn a_legends_sample_is_not_the_sheets_scale() {
    let sample: &[(f32, f32, &str)] =
        &[(1000.0, 100.0, "SYMBOL LEGEND"), (1000.0, 200.0, "SCALE: 1/4\" = 1'-0\"")];
    assert_eq!(best(sample), None);
    let mut both = sample.to_vec();
    both.push((100.0, 1500.0, "SCALE: 1/8\" = 1'-0\""));
    assert_eq!(best(&both), Some(96.0));
}

#[test]
fn an_abbreviation_table_is_not_a_statement() {
    let record = found(&[(0.0, 0.0, "NTS"), (100.0, 0.0, "NOT TO SCALE")]).value;
    assert!(record.candidates.is_empty());
    assert!(record.withheld.is_some_and(|w| w.contains("no scale is stated")));
}

#[test]
fn candidates_are_bounded() {
    let lines: Vec<(f32, f32, &str)> = (0..500).map(|i| (0.0, 20.0 * i as f32, "SCALE 1:100")).collect();
    let Found { value, findings } = found(&lines);
    assert_eq!(value.candidates.len(), 200);
    assert!(findings.iter().any(|f| f.code == "scale_candidates_truncated" && f.message.contains("300")));
}

#[test]
fn distinct_scales_and_the_places_that_state_them_are_counted_apart() {
    let lines: &[Placed] = &[
        (0.0, 0.0, "SCALE: AS NOTED"),
        (0.0, 300.0, "3\" = 1'-0\""),
        (0.0, 600.0, "3\"=1'-0\""),
        (0.0, 900.0, "SCALE: 1 1/2\" = 1'-0\""),
        (0.0, 1200.0, "1\" = 1'-0\""),
        (0.0, 1500.0, "NTS"),
    ];
    let record = found(lines).value;
    let texts: Vec<&str> = record.candidates.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(texts, ["3\" = 1'-0\"", "3\"=1'-0\"", "1 1/2\" = 1'-0\"", "1\" = 1'-0\"", "NTS"]);
    let places: Vec<f64> = record.candidates.iter().filter_map(|c| c.bbox.map(|b| b.y)).collect();
    assert!(places.len() == 5 && places.windows(2).all(|p| p[0] < p[1]), "{places:?}");
    assert_eq!(
        record.withheld.as_deref(),
        Some(
            "the sheet's scale is given as \"AS NOTED\"; its details state 3 different scales in 4 places, \
             1 is marked as not to scale"
        )
    );
    let many: Vec<(f32, f32, &str)> = ["1:10", "1:20", "1:20", "1:50", "1:100", "1:200", "1:500"]
        .iter()
        .enumerate()
        .map(|(i, t)| (0.0, 300.0 * i as f32, *t))
        .collect();
    assert_eq!(
        found(&many).value.withheld.as_deref(),
        Some("the page states 6 different scales: 1:10; 1:20; 1:50; 1:100; and 2 more")
    );
    let bare: &[Placed] = &[(0.0, 0.0, "SCALE: AS NOTED")];
    assert!(found(bare).value.withheld.is_some_and(|w| w.ends_with("none of its details states one")));
}

#[test]
fn what_is_kept_of_a_hostile_text_is_short_and_printable() {
    let between = ["\u{b}".repeat(5_000), "\u{200b}\u{feff}".repeat(5_000), " \u{c}\u{85}".repeat(3)];
    for filler in between {
        for (text, ratio) in [
            (format!("SCALE:\u{202e} 1:{filler}50"), 50.0),
            (format!("SCALE: 1/4\"{filler}={filler}1'-{filler}0\""), 48.0),
        ] {
            let record = found(&[(0.0, 0.0, text.as_str())]).value;
            let best = record.best.unwrap_or_else(|| panic!("{:?}", record.withheld));
            assert_eq!(best.ratio, ratio);
            for kept in record.candidates.iter().map(|c| &c.text).chain([&best.text]) {
                assert!(kept.chars().count() <= 100, "{} characters", kept.chars().count());
                assert!(kept.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{kept:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_page_gives_at_most_what_it_states(texts in proptest::collection::vec("[0-9/:'\"= SCALENT.\t-]{0,24}", 0..12)) {
        let lines: Vec<(f32, f32, &str)> =
            texts.iter().enumerate().map(|(i, t)| (0.0, 20.0 * i as f32, t.as_str())).collect();
        let record = detect(&page(sheet(), &lines)).value;
        prop_assert_eq!(record.best.is_none(), record.needs_calibration);
        prop_assert_eq!(record.best.is_none(), record.withheld.is_some());
        if let Some(best) = record.best {
            prop_assert!(record.candidates.contains(&best));
            prop_assert!(best.px_per_foot.is_some_and(|p| p > 0.0));
        }
    }
}
