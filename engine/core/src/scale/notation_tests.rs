use proptest::prelude::*;

use super::notation::{Family, Standing, parse_all, read};
use super::statement::HalfSize;

/// The table of the domain: notation and ratio.
const ARCHITECTURAL: [(&str, f64); 14] = [
    ("12", 1.0),
    ("6", 2.0),
    ("3", 4.0),
    ("1 1/2", 8.0),
    ("1", 12.0),
    ("3/4", 16.0),
    ("1/2", 24.0),
    ("3/8", 32.0),
    ("1/4", 48.0),
    ("3/16", 64.0),
    ("1/8", 96.0),
    ("3/32", 128.0),
    ("1/16", 192.0),
    ("1/32", 384.0),
];
const ENGINEERING: [(&str, f64); 8] = [
    ("10", 120.0),
    ("20", 240.0),
    ("30", 360.0),
    ("40", 480.0),
    ("50", 600.0),
    ("60", 720.0),
    ("100", 1200.0),
    ("200", 2400.0),
];
const RATIOS: [u32; 12] = [5, 10, 20, 25, 50, 75, 100, 125, 200, 250, 500, 1000];

/// The one ratio of a text; a message where there is another number of them.
pub(super) fn one(text: &str) -> Result<f64, String> {
    let found = parse_all(text);
    match found.as_slice() {
        [n] => n.ratio.ok_or_else(|| format!("{text:?}: deferred")),
        other => Err(format!("{text:?}: {} notations {other:?}", other.len())),
    }
}

fn check(wrong: &mut Vec<String>, text: &str, ratio: f64) {
    match one(text) {
        Ok(found) if (found - ratio).abs() < 1e-9 * ratio => {}
        Ok(found) => wrong.push(format!("{text:?}: {found} instead of {ratio}")),
        Err(e) => wrong.push(e),
    }
    // The span is the text that was read.
    for n in parse_all(text) {
        assert_eq!(&text[n.span.clone()], n.text);
    }
}

fn paper_spellings(plain: &str) -> Vec<String> {
    let mut out = vec![plain.to_owned()];
    if let Some((whole, part)) = plain.split_once(' ') {
        out.extend([format!("{whole}-{part}"), format!("{whole} - {part}"), format!("{whole}  {part}")]);
        out.extend(["1½", "1 ½", "1-½", "11/2", "1.5", "1.50", "1 1⁄2", "1 1 / 2"].map(String::from));
        return out;
    }
    if let Some((n, d)) = plain.split_once('/') {
        out.extend([format!("{n} / {d}"), format!("{n}⁄{d}"), format!("{n}∕{d}"), format!("{n} /{d}")]);
        let (n, d): (f64, f64) = (n.parse().unwrap(), d.parse().unwrap());
        out.extend([format!("{}", n / d), format!("{}", n / d).trim_start_matches('0').to_owned()]);
        let vulgar = match plain {
            "3/4" => "¾",
            "1/2" => "½",
            "3/8" => "⅜",
            "1/4" => "¼",
            "1/8" => "⅛",
            "1/16" => "⅟16",
            "3/16" => "³⁄₁₆",
            _ => return out,
        };
        out.push(vulgar.to_owned());
    } else {
        out.extend([format!("{plain}.0"), format!("{plain}.00")]);
    }
    out
}

/// Around any notation: labels before it, suffixes after it.
fn dressed(core: &str) -> Vec<String> {
    let prefixes = [
        "",
        "SCALE: ",
        "SCALE:",
        "SCALE ",
        "Scale = ",
        "scale - ",
        "SCALE : ",
        "FLOOR PLAN  SCALE: ",
        "(",
        "ESCALA: ",
    ];
    let suffixes =
        ["", " U.N.O.", " UNO", " @ A1", " AT A1", " (A1)", ")", ".", " (24x36)", " UNLESS NOTED OTHERWISE"];
    let mut out = Vec::new();
    for prefix in prefixes {
        for suffix in suffixes {
            out.push(format!("{prefix}{core}{suffix}"));
        }
    }
    out
}

fn report(wrong: &[String], total: usize) {
    let shown: Vec<&String> = wrong.iter().take(25).collect();
    assert!(wrong.is_empty(), "{} of {total} wrong: {shown:#?}", wrong.len());
    assert!(total > 1000, "only {total} spellings tried");
}

#[test]
fn every_architectural_notation_in_every_spelling() {
    let inches = ["\"", " \"", "”", "″", "''", "’’", "\"\"", " in.", " in", " inch", "-inch", " IN."];
    let equals = ["=", " = ", "= ", " =", " EQUALS "];
    let feet = [
        "1'-0\"",
        "1'",
        "1' - 0\"",
        "1'-0",
        "1 '-0\"",
        "1'- 0\"",
        "1' 0\"",
        "1'0\"",
        "1’-0”",
        "1′-0″",
        "1′–0″",
        "1'—0\"",
        "1'-0''",
        "1'-0\"\"",
        "1 ft",
        "1 foot",
        "1 FT.",
        "1 ft - 0 in.",
        "1'-0 \"",
        "1' -0\"",
        "1.0'",
    ];
    let (mut wrong, mut total) = (Vec::new(), 0);
    for (plain, ratio) in ARCHITECTURAL {
        for paper in paper_spellings(plain) {
            for inch in inches {
                for equal in equals {
                    for foot in feet {
                        total += 1;
                        check(&mut wrong, &format!("{paper}{inch}{equal}{foot}"), ratio);
                    }
                }
            }
            for text in
                dressed(&format!("{paper}\" = 1'-0\"")).iter().chain(&dressed(&format!("{paper}”=1’")))
            {
                total += 1;
                check(&mut wrong, text, ratio);
            }
        }
    }
    report(&wrong, total);
}

#[test]
fn every_notation_without_its_equals_sign() {
    let (mut wrong, mut total) = (Vec::new(), 0);
    let arch = ARCHITECTURAL.iter().map(|(p, r)| (format!("{p}\""), "1'-0\"".to_owned(), *r));
    let eng = ENGINEERING.iter().map(|(f, r)| ("1\"".to_owned(), format!("{f}'"), *r));
    for (paper, real, ratio) in arch.chain(eng) {
        for between in [" ", "  ", " - ", ""] {
            for before in ["SCALE: ", "SCALE ", "FLOOR PLAN ", "SECTION - ", ""] {
                for after in ["", " U.N.O.", " @ A1"] {
                    total += 1;
                    check(&mut wrong, &format!("{before}{paper}{between}{real}{after}"), ratio);
                }
            }
        }
    }
    report(&wrong, total);
}

#[test]
fn every_engineering_notation_in_every_spelling() {
    let (mut wrong, mut total) = (Vec::new(), 0);
    for (feet, ratio) in ENGINEERING {
        let reals =
            ["'", "'-0\"", " '", "’", "′", " ft", " FEET", " ft.", "' - 0\"", ".0'", "-feet", "'-0", "FT"];
        for paper in ["1\"", "1 \"", "1”", "1''", "1 inch", "1 in.", "1.0\"", "1-INCH"] {
            for equal in ["=", " = ", "= "] {
                for real in reals {
                    for text in dressed(&format!("{paper}{equal}{feet}{real}")) {
                        total += 1;
                        check(&mut wrong, &text, ratio);
                    }
                }
            }
        }
    }
    for (text, ratio) in [
        ("2\" = 10'", 60.0),
        ("1/2\" = 10'", 240.0),
        ("1\" = 12.5'", 150.0),
        ("1\"=40.00'", 480.0),
        ("1/2\" = 1,00'", 0.0),
        ("1/8\" = 1,000'", 0.0),
        ("4\" = 1,000'", 3000.0),
        ("1\" = 5'-6\"", 66.0),
        ("1\" = 5' 6 1/2\"", 66.5),
    ] {
        if ratio == 0.0 {
            assert!(parse_all(text).is_empty(), "{text}");
        } else {
            check(&mut wrong, text, ratio);
        }
    }
    report(&wrong, total);
}

#[test]
fn every_ratio_in_every_spelling() {
    let (mut wrong, mut total) = (Vec::new(), 0);
    for n in RATIOS {
        let grouped = if n >= 1000 { vec!["1,000".to_owned(), "1.000".to_owned()] } else { vec![] };
        for n_text in std::iter::once(n.to_string()).chain(grouped) {
            for colon in [":", " : ", ": ", " :", "∶", "："] {
                for text in dressed(&format!("1{colon}{n_text}")) {
                    total += 1;
                    check(&mut wrong, &text, f64::from(n));
                }
            }
        }
        for text in [
            format!("1:{n} SCALE"),
            format!("EVcala1:{n}"),
            format!("SCALE1:{n}"),
            format!("M 1:{n}"),
            format!("GROUND FLOOR PLAN 1:{n}"),
        ] {
            total += 1;
            check(&mut wrong, &text, f64::from(n));
        }
    }
    for n in 1..=10_000_u32 {
        total += 1;
        check(&mut wrong, &format!("SCALE 1:{n}"), f64::from(n));
    }
    check(&mut wrong, "Escala 1/50", 50.0);
    report(&wrong, total);
}

#[test]
fn unscaled_and_deferred_sheets_say_so() {
    for text in [
        "NTS",
        "N.T.S.",
        "n.t.s.",
        "N. T. S.",
        "SCALE: NTS",
        "NOT TO SCALE",
        "Scale: Not to scale",
        "NO SCALE",
        "SCALE: NO SCALE",
        "DETAIL 3 N.T.S.",
    ] {
        let found = parse_all(text);
        assert_eq!(
            found.iter().map(|n| (n.family, n.ratio)).collect::<Vec<_>>(),
            [(Family::NotToScale, Some(0.0))],
            "{text}"
        );
    }
    for text in [
        "AS NOTED",
        "SCALE: AS NOTED",
        "As indicated",
        "SCALE AS SHOWN",
        "SCALE: VARIES",
        "SCALES: AS INDICATED",
    ] {
        let found = parse_all(text);
        assert_eq!(
            found.iter().map(|n| (n.family, n.ratio)).collect::<Vec<_>>(),
            [(Family::Deferred, None)],
            "{text}"
        );
    }
}

#[test]
fn a_scale_survives_words_that_hold_nts() {
    for text in ["PLANTS AND HYDRANTS 1/4\" = 1'-0\"", "TENANTS SCALE: 1/4\"=1'-0\""] {
        assert_eq!(one(text), Ok(48.0));
    }
}

#[test]
fn half_size_doubles() {
    for text in [
        "HALF SIZE 1/4\" = 1'-0\"",
        "1/4\" = 1'-0\" HALF SIZE",
        "SCALE: 1/4\"=1'-0\" (HALF-SIZE)",
        "HALF SCALE 1/4\" = 1'-0\"",
    ] {
        assert_eq!(one(text), Ok(96.0), "{text}");
    }
    for text in [
        "HALF SIZE",
        "HALF-SIZE SET",
        "THIS IS A HALF SIZE PRINT",
        "1/2 SIZE",
        "HALF SIZE (11x17)",
        "HALF SCALE DRAWING",
    ] {
        assert_eq!(read(text).half_size, Some(HalfSize::Said), "{text}");
    }
    for text in [
        "HALF SIZE PRINTS AVAILABLE FROM THE ARCHITECT",
        "SEE HALF SIZE SET FOR BIDDING",
        "FOR HALF SIZE PRINTS DOUBLE THE SCALE",
        "CONTRACTOR SHALL SUBMIT TWO HALF SIZE SETS WITH THE BID",
        "HALF-SIZE DRAWINGS ARE NOT TO BE SCALED",
        "SCALES SHOWN ARE FOR 24x36; HALF SIZE SET IS 11x17",
    ] {
        assert_eq!(read(text).half_size, Some(HalfSize::Mentioned), "{text}");
    }
    for text in [
        "HALF SIZE BRICK COURSE",
        "IF THIS IS A HALF SIZE PRINT, ADJUST",
        "PROVIDE HALF SIZE OPENINGS",
        "FULL SIZE 1/4\"=1'-0\" HALF SIZE 1/8\"=1'-0\"",
    ] {
        assert_eq!(read(text).half_size, None, "{text}");
    }
}

#[test]
fn several_scales_in_a_line_are_several() {
    for (text, ratios) in [
        ("1:200 at A1 / 1:400 @ A3", vec![200.0, 400.0]),
        ("SCALE: 1:100 @ A1, 1:200 @ A3", vec![100.0, 200.0]),
        ("1/4\" = 1'-0\" 1/8\" = 1'-0\"", vec![48.0, 96.0]),
        ("1\"=20' 1/4\"=1'-0\"", vec![240.0, 48.0]),
        ("HORIZ. SCALE: 1\"=20'  VERT. SCALE: 1\"=5'", vec![240.0, 60.0]),
        ("1/4\" = 1'-0\" (1:48)", vec![48.0, 48.0]),
        ("FULL SIZE 1/4\"=1'-0\" HALF SIZE 1/8\"=1'-0\"", vec![48.0, 96.0]),
    ] {
        let found: Vec<f64> = parse_all(text).iter().filter_map(|n| n.ratio).collect();
        assert_eq!(found, ratios, "{text}");
    }
    let papers: Vec<Option<String>> =
        parse_all("1:200 at A1 / 1:400 @ A3").into_iter().map(|n| n.paper).collect();
    assert_eq!(papers, [Some("A1".to_owned()), Some("A3".to_owned())]);
}

#[test]
fn a_title_s_number_is_not_part_of_the_fraction() {
    for text in [
        "DETAIL 3 1/4\" = 1'-0\"",
        "A101 1/4\" = 1'-0\"",
        "101 1/4\" = 1'-0\"",
        "FLOOR PLAN - LEVEL 2 - 1/4\" = 1'-0\"",
        "3\t1/4\" = 1'-0\"",
        "10'-0\" 1/4\" = 1'-0\"",
    ] {
        assert_eq!(one(text), Ok(48.0), "{text}");
    }
    // A detail number and a mixed number look the same: both are named, nobody chooses.
    let both: Vec<f64> = parse_all("DETAIL 1 1/2\" = 1'-0\"").iter().filter_map(|n| n.ratio).collect();
    assert_eq!(both, [8.0, 24.0]);
}

#[test]
fn noise_is_refused() {
    for text in [
        "DOOR 101 1'-0\"",
        "PANEL 11\" 10'",
        "PANEL 3\" 1'-0\" ABOVE FLOOR",
        "PIPE 3/4\" 1'-0\" AFF",
        "1:40 away from building",
        "SLOPE 1:12",
        "1:12 MAX SLOPE RAMP",
        "RAMP 1:12 MAX",
        "1:20 FALL",
        "FALL TO DRAIN 1:100",
        "TERRACE FALLS 1:80",
        "SLOPE 1/4\" = 1'-0\"",
        "SLOPE 1/4\" PER FOOT",
        "PITCH 1/8\" = 1'",
        "1:0",
        "SCALE 1:0",
        "SCALE 1:250000",
        "1:250,000",
        "1:10001",
        "1\" = 2000'",
        "1/4\" = 0'",
        "0\" = 1'-0\"",
        "0/4\" = 1'-0\"",
        "CONCRETE 1:2:4",
        "MORTAR MIX 1:3",
        "1:3 CEMENT SAND",
        "1:30 PM",
        "7/6/2021 11:01:47 AM",
        "11:01",
        "21:50",
        "1:05",
        "PLANTS",
        "HYDRANTS AND TENANTS",
        "NTS  NOT TO SCALE",
        "N.T.S. = NOT TO SCALE",
        "NTS - NOT TO SCALE",
        "DO NOT SCALE DRAWINGS",
        "one eighth inch = one foot",
        "one-eighth inch = one foot",
        "three inches = one foot",
        "one and one half inches = one foot",
        "12'-6 1/2\"",
        "3'-0\" x 7'-0\"",
        "3'-0\" X 7'-0\" X 1 3/4\"",
        "2'-3\" 1'-0\"",
        "1 3/4\"",
        "A1:50",
        "PAINT WALLS AS NOTED BELOW",
        "DEPTH VARIES SEE SECTION",
        "1 IN 20",
        "1 in 20 ft",
        "1/2/2026",
        "4 @ 1'-0\" = 4'-0\"",
        "12 = 1",
        "",
        "=",
        "\"'\"'",
        "1/",
        "/4\" = 1'",
        "1:",
        ":50",
    ] {
        let found = parse_all(text);
        assert!(found.is_empty(), "{text:?} gave {found:?}");
    }
}

#[test]
fn what_nothing_vouches_for_is_weak() {
    for text in ["1:12", "1:40", "PROVIDE 1:10 CHAMFER", "3\" 1'-0\"", "1\" 20'"] {
        let found = parse_all(text);
        assert_eq!(found.iter().map(|n| n.standing).collect::<Vec<_>>(), [Standing::Weak], "{text}");
    }
    for text in ["1:100", "1/4\" = 1'-0\"", "1/4\" 1'-0\"", "ROOF SLOPE PLAN 1:100"] {
        let found = parse_all(text);
        assert_eq!(found.iter().map(|n| n.standing).collect::<Vec<_>>(), [Standing::Plain], "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,80}") {
        for n in parse_all(&text) {
            prop_assert_eq!(&text[n.span.clone()], n.text.as_str());
        }
    }

    #[test]
    fn text_of_the_notations_own_signs_is_read_without_a_panic(
        text in "[0-9/:'\"=\\- .,½¼⅟⁄′″@()AXNTSCLEHFIZOGD\t#]{0,60}"
    ) {
        for n in parse_all(&text) {
            prop_assert_eq!(&text[n.span.clone()], n.text.as_str());
            if let Some(r) = n.ratio {
                prop_assert!(r == 0.0 || (0.999..=10_000.0).contains(&r));
            }
        }
    }

    #[test]
    fn any_whole_equation_follows_the_general_rule(inches in 1_u32..12, feet in 1_u32..500, more in 0_u32..12) {
        let ratio = f64::from(12 * feet + more) / f64::from(inches);
        let text = format!("{inches}\" = {feet}'-{more}\"");
        if (1.0..=10_000.0).contains(&ratio) {
            prop_assert_eq!(one(&text), Ok(ratio));
        } else {
            prop_assert!(parse_all(&text).is_empty());
        }
    }
}
