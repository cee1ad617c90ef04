//! What drawings of the field say, line by line, and what has to become of it.

use super::detect;
use super::detect_tests::{page, paper};
use crate::geom::PageSpace;

/// 36 x 24 in.
pub(super) fn arch_d() -> PageSpace {
    paper(36.0 * 25.4, 24.0 * 25.4)
}

pub(super) fn a1() -> PageSpace {
    paper(841.0, 594.0)
}

pub(super) fn a3() -> PageSpace {
    paper(420.0, 297.0)
}

/// Lines, each alone on a page, and the ratio that is taken, or none. All that are wrong are told at once.
fn check(space: PageSpace, table: &[(&str, Option<f64>)]) {
    let sheets: Vec<_> = table.iter().map(|&(text, ratio)| (vec![(200.0, 200.0, text)], ratio)).collect();
    check_sheets(space, &sheets);
}

/// Lines and their places, and the ratio that is taken, or none.
type Sheet<'t> = (Vec<(f32, f32, &'t str)>, Option<f64>);

pub(super) fn check_sheets(space: PageSpace, table: &[Sheet<'_>]) {
    let mut wrong = Vec::new();
    for (lines, wanted) in table {
        let record = detect(&page(space, lines)).value;
        let taken = record.best.as_ref().map(|b| b.ratio);
        let is_right = match (taken, wanted) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-6 * b,
            (None, None) => true,
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{lines:?}: {taken:?} instead of {wanted:?} ({:?})", record.withheld));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong: {wrong:#?}", wrong.len(), table.len());
}

/// Lines that state no scale of a sheet.
fn check_none(space: PageSpace, texts: &[&str]) {
    let table: Vec<(&str, Option<f64>)> = texts.iter().map(|text| (*text, None)).collect();
    check(space, &table);
}

#[test]
fn scales_as_offices_in_the_united_states_write_them() {
    check(arch_d(), UNITED_STATES);
}

#[test]
fn what_states_no_scale_of_a_sheet_in_the_united_states() {
    check_none(arch_d(), UNITED_STATES_NONE);
}

#[test]
fn scales_as_offices_in_britain_write_them() {
    check(a1(), BRITAIN);
    check(a3(), BRITAIN_REDUCED);
}

#[test]
fn what_states_no_scale_of_a_sheet_in_britain() {
    check_none(a1(), BRITAIN_NONE);
}

#[test]
fn scales_in_other_languages() {
    check(a1(), LANGUAGES);
}

/// A line, and the ratio that is taken where it stands alone on a page.
type Line = (&'static str, Option<f64>);

const UNITED_STATES: &[Line] = &[
    ("SCALE: 1/8\" = 1'-0\"", Some(96.0)),
    ("1/8\" = 1'-0\" UNO", Some(96.0)),
    ("SCALE: 1/8\"=1'-0\" U.N.O.", Some(96.0)),
    ("SCALE: 1/8\" = 1'-0\" (UNLESS OTHERWISE NOTED)", Some(96.0)),
    ("SCALE 3/32\"=1'", Some(128.0)),
    ("SCALE: 3/32\" = 1'-0\"", Some(128.0)),
    ("SCALE: 3/16\" = 1'-0\" TYP.", Some(64.0)),
    ("1\" = 20'", Some(240.0)),
    ("SCALE: 1\"=20'-0\"", Some(240.0)),
    ("SCALE: 1 INCH = 20 FEET", Some(240.0)),
    ("( IN FEET ) 1 inch = 20 ft.", Some(240.0)),
    ("SCALE IN FEET 1\" = 30'", Some(360.0)),
    ("GRAPHIC SCALE: 1\" = 40'", Some(480.0)),
    ("SCALE: 1\"=100'", Some(1200.0)),
    ("1/4 IN. = 1 FT.", Some(48.0)),
    ("SCALE: 1/4 INCH = 1 FOOT", Some(48.0)),
    ("SCALE 1/4 = 1'-0\"", Some(48.0)),
    ("SCALE: 1/4\" = 12\"", Some(48.0)),
    ("SCALE: .25\" = 1'", Some(48.0)),
    ("SCALE: 0.125\"=1'-0\"", Some(96.0)),
    ("SCALE: 1\" = 8'-0\"", Some(96.0)),
    ("SCALE: 1-1/2\" = 1'-0\"", Some(8.0)),
    ("SCALE: 1½\" = 1'-0\"", Some(8.0)),
    ("SCALE: 3\" = 1'-0\"", Some(4.0)),
    ("SCALE: 6\"=1'-0\"", Some(2.0)),
    ("SCALE: 1\" = 1'-0\"", Some(12.0)),
    ("SCALE: 12\" = 1'-0\"", Some(1.0)),
    ("SCALE: 1:96", Some(96.0)),
    ("FIRST FLOOR PLAN 1/8\" = 1'-0\"", Some(96.0)),
    ("1 FIRST FLOOR PLAN SCALE: 1/8\" = 1'-0\"", Some(96.0)),
    ("2/A-301 SCALE: 3/4\" = 1'-0\"", Some(16.0)),
    ("3/A5.01 1/2\" = 1'-0\"", Some(24.0)),
    ("ROOF PLAN @ 1/8\" = 1'-0\"", Some(96.0)),
    ("LEVEL 2 @ 1/8\" = 1'-0\"", Some(96.0)),
    ("PLAN NORTH SCALE: 1/8\" = 1'-0\"", Some(96.0)),
    ("REFLECTED CEILING PLAN - 1/8\"=1'-0\"", Some(96.0)),
    ("WALL SECTION 3/4\"=1'-0\"", Some(16.0)),
    ("SECTION T 1/4\" = 1'-0\"", Some(48.0)),
    ("DETAIL AT 3\" = 1'-0\"", Some(4.0)),
    ("SCALE: 1/4\" = 1'-0\" 1:48", Some(48.0)),
    ("SCALE: 1/4\" = 1'-0\" (24x36)  1/8\" = 1'-0\" (12x18)", Some(48.0)),
    ("SCALE: 1/4\" = 1'-0\" @ 24\"x36\"", Some(48.0)),
    ("SCALE: 1/4\" = 1'-0\" @ ARCH D", Some(48.0)),
    ("SCALE @ 24X36: 1/8\" = 1'-0\"", Some(96.0)),
    ("SCALE: 1/8\" = 1'-0\" (ARCH D)", Some(96.0)),
    ("SCALE: 1/8\" = 1'-0\" @ D SIZE", Some(96.0)),
    ("DO NOT SCALE DRAWINGS. SCALE: 1/8\" = 1'-0\"", Some(96.0)),
];

const BRITAIN: &[Line] = &[
    ("SCALE 1:100", Some(100.0)),
    ("1:100", Some(100.0)),
    ("SCALE 1:100 @ A1", Some(100.0)),
    ("Scale@A1: 1:100", Some(100.0)),
    ("SCALE (A1) 1:50", Some(50.0)),
    ("1:100 @ A1 / 1:200 @ A3", Some(100.0)),
    ("1:100@A1/1:200@A3", Some(100.0)),
    ("SCALE: 1:100 (A1) 1:200 (A3)", Some(100.0)),
    ("SCALE @A1 1:100 @A3 1:200", Some(100.0)),
    ("Scale @ A1: 1:100, @ A3: 1:200", Some(100.0)),
    ("SCALE: A1 - 1:100, A3 - 1:200", Some(100.0)),
    ("SCALE 1:50 / 1:100 @ A1 / A3", Some(50.0)),
    ("1:50 & 1:100 @ A1 & A3", Some(50.0)),
    ("1:100 @ ISO A1", Some(100.0)),
    ("SCALE 1:100 @ 841 x 594", Some(100.0)),
    ("SCALE 1:100 @ A1, NTS @ A3", Some(100.0)),
    ("1:50 AT A1", Some(50.0)),
    ("DRAWING SCALE 1:100", Some(100.0)),
    ("SCALE - 1:50", Some(50.0)),
    ("SCALE 1:50 UNLESS STATED OTHERWISE", Some(50.0)),
    ("PLAN 1:50", Some(50.0)),
    ("PLAN @ 1:50", Some(50.0)),
    ("GROUND FLOOR PLAN (1:100)", Some(100.0)),
    ("1:100 FLOOR PLAN", Some(100.0)),
    ("SECTION A-A 1:50", Some(50.0)),
    ("SECTION 1:50", Some(50.0)),
    ("DETAIL 1:5", Some(5.0)),
    ("ELEVATION B 1:20", Some(20.0)),
    ("SITE PLAN 1:500", Some(500.0)),
    ("SITE PLAN SCALE 1:1250", Some(1250.0)),
    ("SCALE 1 : 1 000", Some(1000.0)),
    ("SCALE 1:1,000", Some(1000.0)),
    ("SCALE 1:1", Some(1.0)),
    ("1:75", Some(75.0)),
    ("SCALE 1:33.3", Some(33.3)),
    ("DRAWN AT A SCALE OF 1:50", Some(50.0)),
    ("FLOOR PLAN 1:100 SEE A-401 FOR DETAILS", Some(100.0)),
    ("VISUAL SCALE 1:100 @ A1", Some(100.0)),
];

const BRITAIN_REDUCED: &[Line] = &[
    ("1:100 @ A1 / 1:200 @ A3", Some(200.0)),
    ("SCALE @A1 1:100 @A3 1:200", Some(200.0)),
    ("SCALE: A1 - 1:100, A3 - 1:200", Some(200.0)),
    ("SCALE 1:50 / 1:100 @ A1 / A3", Some(100.0)),
    ("SCALE: 1:100 (A1) 1:200 (A3)", Some(200.0)),
    ("1:100 @ A1 (1:200 @ A3)", Some(200.0)),
    ("SCALE 1:100 @ A1", None),
    ("SCALE 1:100 @ A1, NTS @ A3", None),
    ("SCALE @ A1 1:100", None),
    ("SCALE 1:100 @ A2 / 1:50 @ A1", None),
    ("SCALE 1:100 @ A3", Some(100.0)),
];

const LANGUAGES: &[Line] = &[
    ("M 1:100", Some(100.0)),
    ("M=1:100", Some(100.0)),
    ("M. 1:50", Some(50.0)),
    ("Echelle 1/100", Some(100.0)),
    ("ÉCHELLE : 1/50", Some(50.0)),
    ("Ech. 1/50", Some(50.0)),
    ("Ech : 1:50", Some(50.0)),
    ("Maßstab 1:50", Some(50.0)),
    ("MASSSTAB: 1:50", Some(50.0)),
    ("Massstab 1 : 200", Some(200.0)),
    ("ESCALA 1:75", Some(75.0)),
    ("ESCALA 1/75", Some(75.0)),
    ("ESC. 1:75", Some(75.0)),
    ("ESC: 1/50", Some(50.0)),
    ("ESCALAS 1:50", Some(50.0)),
    ("SCALA 1:50", Some(50.0)),
    ("Skala 1:100", Some(100.0)),
    ("SCHAAL 1:50", Some(50.0)),
    ("MÅLESTOKK 1:50", Some(50.0)),
    ("MÅL 1:100", Some(100.0)),
    ("MITTAKAAVA 1:50", Some(50.0)),
    ("MĚŘÍTKO 1:50", Some(50.0)),
    ("МАСШТАБ 1:100", Some(100.0)),
    ("PLANTA 1:50", Some(50.0)),
    ("GRUNDRISS EG M 1:100", Some(100.0)),
    ("SCHNITT A-A 1:50", Some(50.0)),
    ("COUPE AA 1:50", Some(50.0)),
    ("PLAN DU REZ-DE-CHAUSSEE ECHELLE 1/100", Some(100.0)),
    // Slopes and mixes.
    ("GEFÄLLE 1:50", None),
    ("PENTE 1/100", None),
    ("PENTE 1:100", None),
    ("PENDIENTE 1:50", None),
    ("PENDENZA 1:100", None),
    ("BETON 1:2:4", None),
    ("M 1:100 / M 1:50", None),
];

const UNITED_STATES_NONE: &[&str] = &[
    "SCALE: AS SHOWN",
    "SCALE: AS NOTED",
    "SCALES AS INDICATED",
    "SCALE: VARIES",
    "SCALE: NONE",
    "SCALE: N/A",
    "SCALE: NTS",
    "N.T.S.",
    "NO SCALE",
    "SCALE: NOT TO SCALE",
    "SCALE: DIAGRAMMATIC",
    "SCALE: SEE PLAN",
    "SCALE: FULL",
    "DO NOT SCALE DRAWINGS",
    "GRAPHIC SCALE IN FEET 0 10 20 40",
    "0' 4' 8' 16'",
    "0 1/8\" 1/4\" 1/2\" 1\"",
    "SCALE: 1/4\"",
    "1/4 SCALE",
    "SEE 1/4\" = 1'-0\" ENLARGED PLANS",
    "FOR 1/4\" = 1'-0\" PLANS SEE A-401",
    "1/4\" = 1'-0\" TOILET PLANS, SEE A-401",
    "SCALE 1/8",
    "SCALE: 1/4",
    "KEY PLAN 1\" = 100'",
    "VICINITY MAP SCALE: 1\" = 500'",
    "HORIZ 1\"=20' VERT 1\"=2'",
    "SCALE: H: 1\"=20' V: 1\"=2'",
    "VERT. SCALE: 1\" = 5'",
    "SCALE: 1/4\" = 1'-0\" AND 1/8\" = 1'-0\"",
    "SCALE: 1/8\" = 1'-0\" ON 11X17",
    "SCALE: 1/8\" = 1'-0\" @ ANSI B",
    "SCALE: 1/8\" = 1'-0\" @ ARCH E1",
    "SLOPE 1/4\" = 1'-0\"",
    "1/4\" = 1'-0\" SLOPE TO DRAIN",
    "PITCH 1/8\" = 1'-0\"",
    "SLOPE 1/4\" PER FOOT",
    "1/4\" PER FT. MIN.",
    "1/4\"/FT",
    "SLOPE: 1/4\" = 12\"",
    "4:12 PITCH",
    "ROOF PITCH 6:12",
    "6 / 12",
    "CAMBER 1/8\" = 10'",
    "TOLERANCE 1/8\" = 10'-0\"",
    "LEVEL TO WITHIN 1/8\" = 10'-0\"",
    "14 RISERS @ 7\" = 8'-2\"",
    "14R @ 7\" = 8'-2\"",
    "10 TREADS @ 11\" = 9'-2\"",
    "(10) TREADS 11\" = 9'-2\"",
    "12 CMU COURSES @ 8\" = 8'-0\"",
    "12 CRS @ 8\" = 8'-0\"",
    "9 @ 7 1/2\" = 5'-7 1/2\"",
    "STRINGER: 9T AT 11\" = 8'-3\"",
    "16 EQ RISERS AT 7\" = 9'-4\"",
    "2 @ 6\" = 1'-0\"",
    "4 SPA @ 3\" = 1'-0\"",
    "8 EQ SPACES @ 1 1/2\" = 1'-0\"",
    "EQ. SPACES @ 6\" = 4'-0\"",
    "14 x 7\" = 8'-2\"",
    "#4 BARS @ 12\" = 10'-0\"",
    "W = 36\" = 3'-0\"",
    "24\" = 2'-0\" MAX",
    "3'-0\" x 7'-0\" x 1 3/4\"",
    "DOOR 101 3'-0\"",
    "6'-8\" 1 3/4\" HM",
    "1 HR FIRE RATED",
    "1/2 HR RATING",
    "FIRE RATING 1:1",
    "1/8/2024",
    "DATE 1/8/2024",
    "01/08/24",
    "12/1/2024 1:50 PM",
    "1:24 PM",
    "11:50:24",
    "PLOTTED 1:24 AM",
    "PLOT SCALE: 1:1",
    "PLOTTED AT 1:1",
    "LTSCALE 1:1",
    "RAMP 1:12",
    "RAMP UP 1:12 MAX",
    "1:20 MAX. SLOPE",
    "CROSS SLOPE 1:48",
    "1:48 MAX CROSS SLOPE",
    "RAMP DN 1:20",
    "CONCRETE 1:2:4",
    "CEMENT 1:3",
    "RATIO 1:10",
    "CT RATIO 200:5",
    "TRANSFORMER 1:10 RATIO",
    "AREA 1: 1,250 SF",
    "LEVEL 1: 1200 SF",
    "BUILDING 1: 5000 SF",
    "UNIT 1: 750 SQ. FT.",
    "PHASE 1: 100 UNITS",
    "NOTE 1: 24 GA. STEEL",
    "100 YEAR FLOOD 1:100",
    "PROVIDE 1:1 SCALE MOCKUP",
    "SUBMIT SHOP DRAWINGS AT 1/4\" = 1'-0\"",
    "SUBMIT 1:50 SCALE SHOP DRAWINGS",
    "1\" = 25.4 MM",
    "1' = 12\"",
    "QUARTER INCH = ONE FOOT",
];

const BRITAIN_NONE: &[&str] = &[
    "SCALE 1:100 @ A3",
    "1:100 @ A2 / 1:200 @ A3",
    "PLAN SCALE 1:50 REFLECTED CEILING 1:100",
    "SCALE 1:50, 1:100",
    "SCALES 1:50 & 1:20",
    "LOCATION PLAN 1:1250",
    "KEY PLAN 1:500",
    "KEYPLAN 1:1000",
    "SCALE 1:250000",
    "SCALE 2:1",
    "RAMP 1:12",
    "RAMP 1:20",
    "1:12",
    "1:20 RAMP",
    "FALL 1:80",
    "FALLS 1:80 TO GULLY",
    "1:60 FALL",
    "MIN. FALL 1:40",
    "LAID TO FALLS 1:100",
    "CROSSFALL 1:40",
    "GRADIENT 1:20",
    "GRAD. 1:50",
    "BATTER 1:2",
    "1:1.5 BATTER",
    "SLOPE 1 IN 50",
    "1:50 TO OUTLET",
    "DRAIN 100 DIA AT 1:40",
    "100MM DIA. PIPE @ 1:80",
    "150Ø @ 1:150",
    "FW 100 UPVC 1:40",
    "SW DRAIN 1:100",
    "MORTAR 1:1:6",
    "1:4 CEMENT:SAND",
    "1:3 CEMENT/SAND SCREED",
    "CONCRETE MIX 1:2:4",
    "SCREED 1:3",
    "RENDER 1:5",
    "STAFF RATIO 1:10",
    "1:100 YEAR FLOOD LEVEL",
    "1:100 YR STORM",
    "1:100 YEAR + 40% CC",
    "NOTE 1: 100 MM THICK SLAB",
    "DETAIL 1: 100 MM SLAB",
    "SECTION 1: 50 x 50 TIMBER",
    "LEVEL 1: 250 M2",
    "PLOT 1: 100 SQM",
    "FLAT 1: 50 SQM",
    "REV 1: 50% SUBMITTAL",
    "DOOR D1:50",
    "FD30 1:5",
    "SHELF 1:50",
    "ROOF PLAN 1:100 FALLS",
    "1:50 SCALE BAR",
    "SCALE BAR: 1:50",
    "SCALE BAR 1:50 AND 1:100",
    "12:50",
    "1:50PM",
    "ISSUE 1:20/05/2024",
    "20/05/2024",
    "LAP 1:40",
    "REFER TO 1:20 DETAILS",
    "SEE 1:50 PLANS",
    "TO BE READ WITH 1:50 PLANS",
    "1:20 DETAILS ON DRAWING A-500",
    "CONTRACTOR TO PROVIDE 1:20 SCALE DRAWINGS",
    "SCALE MODEL 1:50",
    "SCALE APPROX 1:100",
    "SCALE 1:100 - 1:200",
    "SCALE 1:50 VOID",
];
