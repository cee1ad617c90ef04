//! What nobody can see is not on the page: under something opaque, or outside of a clip's outline.

use takeoff_core::page::OpenedFile;
use takeoff_core::page::display::{DisplayList, PageKind, Paint, Verb};

use crate::support::{Doc, HELVETICA, codes, deflate, one_page, walk};

pub(crate) const PAGE: &str = "/MediaBox [0 0 400 400]";
/// A cross of 20 x 20 pt whose middle is at 100, 100.
pub(crate) const CROSS: &str = "1 w 90 100 m 110 100 l S 100 90 m 100 110 l S ";
const WHITE: &str = "1 1 1 rg ";
/// Stands for many thin white areas that leave no gap.
const STRIPS: &str = "STRIPS";

fn page(content: &str) -> DisplayList {
    walk(&mut one_page(PAGE, content))
}

/// A page with a graphics state /G of these entries.
pub(crate) fn page_with(state: &str, content: &str) -> DisplayList {
    walk(&mut file_with(state, content))
}

pub(crate) fn file_with(state: &str, content: &str) -> OpenedFile {
    let mut doc = Doc::new();
    let form =
        "/Type /XObject /Subtype /Form /BBox [0 0 400 400] /Group << /S /Transparency /CS /DeviceGray >>";
    let mask = doc.stream(form, b"0.5 g 0 0 400 400 re f");
    let state = state.replace("MASK", &format!("{mask} 0 R"));
    let resources = format!("/Resources << /ExtGState << /G << {state} >> >> >>");
    doc.page(&format!("{PAGE} {resources}"), content);
    doc.open()
}

/// Length of the lines of the paths that are no covers: everything but what is as light as paper or filled.
pub(crate) fn drawn(list: &DisplayList) -> f32 {
    let mut length = 0.0;
    for entry in &list.paths {
        if list.styles[entry.style as usize].rgba != 0x0000_00FF {
            continue;
        }
        let (verbs, coords) = list.path(entry);
        let (mut at, mut start, mut next) = ([0.0; 2], [0.0; 2], 0);
        for verb in verbs {
            let to = if *verb == Verb::Close { start } else { coords[next + verb.pairs() - 1] };
            next += verb.pairs();
            if *verb == Verb::Move {
                start = to;
            } else {
                length += f32::hypot(to[0] - at[0], to[1] - at[1]);
            }
            at = to;
        }
    }
    length
}

#[track_caller]
fn left(content: &str, expected: f32) {
    let length = drawn(&page(content));
    assert!((length - expected).abs() < 0.5, "{length} pt of {expected} are left of {content}");
}

#[test]
fn strokes_under_an_opaque_area_are_gone() {
    left(CROSS, 40.0);
    for cover in [
        "1 1 1 rg 80 80 40 40 re f",
        ".98 .98 .98 rg 80 80 40 40 re f",
        "0.5 g 80 80 40 40 re f",
        "1 0 0 rg 80 80 40 40 re f*",
        "1 g 80 80 m 120 80 l 120 120 l 80 120 l h f*",
        "1 g 100 60 m 140 100 l 100 140 l 60 100 l f",
        "1 g 60 100 m 60 155 140 155 140 100 c 140 45 60 45 60 100 c f",
        // It crosses itself.
        "1 g -100 -20 m 140 220 l 140 -20 l -100 220 l f",
        "1 G 60 w 50 100 m 150 100 l S",
        // Dashed, and one of its dashes goes all the way.
        "1 G [1000] 0 d 60 w 50 100 m 150 100 l S",
        // Strips, as areas and as strokes.
        STRIPS,
        // Two that leave no gap between them.
        "1 g 80 80 20 40 re f 100 80 20 40 re f",
    ] {
        let strips =
            (0..80).map(|i| format!("80 {} 40 .5 re f ", 80.0 + f64::from(i) / 2.0)).collect::<String>();
        let cover = cover.replace(STRIPS, &format!("1 g {strips}"));
        let list = page(&format!("{CROSS} {cover}"));
        let length = drawn(&list);
        assert!(length < 0.5, "{length} pt are left under {cover}");
        assert!(!list.paths.is_empty(), "the cover itself is painted");
    }
}

#[test]
fn what_shows_in_part_is_whole_and_what_hardly_shows_is_cut() {
    left(&format!("{CROSS} {WHITE} 100.5 50 100 100 re f"), 40.0);
    left(&format!("{CROSS} {WHITE} 103 50 100 100 re f"), 40.0);
    // In the middle: four arms can be seen.
    left(&format!("{CROSS} {WHITE} 95 95 10 10 re f"), 40.0);
    // A hole in the mask shows what is below it; a small one only that.
    left(&format!("{CROSS} {WHITE} 80 80 40 40 re 95 95 10 10 re f*"), 40.0);
    left(&format!("{CROSS} {WHITE} 80 80 40 40 re 98 98 4 4 re f*"), 8.0);
    left(&format!("{CROSS} {WHITE} 94 50 100 100 re f"), 4.0);
    // A curve goes under: a circle of radius 20 in four quarters (measured by their chords).
    let circle = "100 80 m 111.05 80 120 88.95 120 100 c 120 111.05 111.05 120 100 120 c 88.95 120 80 111.05 \
                  80 100 c 80 88.95 88.95 80 100 80 c h S";
    left(circle, 113.14);
    left(&format!("{circle} {WHITE} 100 50 100 100 re f"), 113.14);
    // A number's mask breaks its bubble on both sides.
    left(&format!("{circle} {WHITE} 75 92 50 16 re f"), 113.14);
    // A clip is another thing: it cuts what it leaves out, and the rest is judged by what the clip shows.
    left(&format!("q 0 0 m 102 0 l 102 400 l 0 399 l h W n {CROSS} Q {WHITE} 97 80 50 40 re f"), 12.0);
    // A path of many subpaths keeps those that are beside the mask, whole.
    left(&format!("10 10 30 30 re 90 90 20 20 re S {WHITE} 80 80 40 40 re f"), 120.0);
}

#[test]
fn a_line_passes_under_what_is_as_dark_as_itself() {
    // Black lines through a black dot: nothing tells that they are not there.
    left(&format!("{CROSS} 95 95 10 10 re f*"), 40.0 + 40.0);
    left(&format!("{CROSS} 0.4 g 91.5 91.5 17 17 re f*"), 6.0);
    // One of them ends in it.
    left(&format!("{CROSS} 95 80 50 40 re f*"), 5.0 + 180.0);
    left(&format!("{CROSS} 85 85 30 30 re f*"), 120.0);
    // One path of two symbols, one of them under it.
    left("90 90 20 20 re 200 200 20 20 re S 85 85 30 30 re f", 80.0 + 120.0);
}

#[test]
fn a_mask_hides_only_what_came_before_it() {
    left(&format!("{WHITE} 80 80 40 40 re f {CROSS}"), 40.0);
    left(&format!("{CROSS} {WHITE} 80 80 40 40 re f {CROSS}"), 40.0);
    // An outline that its own area is painted over still shows half of its width.
    left(&format!("80 80 40 40 re S {WHITE} 80 80 40 40 re f"), 160.0);
    left("80 80 40 40 re S 1 g 80.1 80.1 39.8 39.8 re f", 160.0);
    // A mask that is itself clipped hides no more than the clip shows of it.
    left(&format!("{CROSS} q 0 0 106 400 re W n {WHITE} 80 80 40 40 re f Q"), 4.0);
    left(&format!("{CROSS} q 0 0 m 100 100 l 0 200 l h W n {WHITE} 80 80 40 40 re f Q"), 40.0);
}

#[test]
fn what_lets_something_through_hides_nothing() {
    let cover = format!("{CROSS} q /G gs {WHITE} 80 80 40 40 re f Q");
    for state in
        ["/ca 0.9", "/BM /Multiply", "/SMask << /Type /Mask /S /Luminosity /G MASK >>", "/ca 0.5 /BM /Darken"]
    {
        let list = page_with(state, &cover);
        assert_eq!(drawn(&list), 40.0, "{state} {:x?}", list.styles);
    }
    assert_eq!(drawn(&page_with("/CA 0.5", &cover)), 0.0, "the alpha of strokes is none of a fill's");
    assert_eq!(drawn(&page_with("/ca 1 /BM /Normal /SMask /None", &cover)), 0.0);
    // A group is as transparent as it is painted.
    let grouped = |state: &str| {
        let mut doc = Doc::new();
        let form = doc.stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 400 400] /Group << /S /Transparency >>",
            b"1 g 80 80 40 40 re f",
        );
        let resources =
            format!("/Resources << /XObject << /F {form} 0 R >> /ExtGState << /G << {state} >> >> >>");
        doc.page(&format!("{PAGE} {resources}"), format!("{CROSS} /G gs /F Do"));
        drawn(&walk(&mut doc.open()))
    };
    assert_eq!((grouped("/ca 0.5"), grouped("/ca 1")), (40.0, 0.0));
    // Hatches have gaps, shadings may end before their area does.
    let mut doc = Doc::new();
    let tile = doc.stream(
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9 /Resources << >>",
        b"1 g 0 0 3 3 re f",
    );
    doc.page(
        &format!("{PAGE} /Resources << /Pattern << /P {tile} 0 R >> >>"),
        format!("{CROSS} /Pattern cs /P scn 80 80 40 40 re f"),
    );
    assert_eq!(drawn(&walk(&mut doc.open())), 40.0);
}

/// A page of 400 x 400 pt with a picture of 2 x 2 px from 80 to 120, drawn over `content`.
fn under_picture(attributes: &str, pixels: &[u8], content: &str) -> DisplayList {
    let mut doc = Doc::new();
    let mask = doc.stream(
        "/Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceGray",
        &[0, 255, 255, 0],
    );
    let attributes = attributes.replace("MASK", &format!("{mask} 0 R"));
    let image =
        doc.stream(&format!("/Type /XObject /Subtype /Image /Width 2 /Height 2 {attributes}"), pixels);
    let resources = format!("/Resources << /XObject << /I {image} 0 R >> >>");
    doc.page(&format!("{PAGE} {resources}"), format!("{content} q 40 0 0 40 80 80 cm /I Do Q"));
    walk(&mut doc.open())
}

#[test]
fn pictures_hide_what_is_under_them_as_far_as_they_are_whole() {
    let gray = "/BitsPerComponent 8 /ColorSpace /DeviceGray";
    let of = |attributes: &str, pixels: &[u8]| {
        let list = under_picture(attributes, pixels, CROSS);
        (drawn(&list), codes(&list).contains(&"visibility_unsure"), codes(&list).contains(&"content_damaged"))
    };
    assert_eq!(of(gray, &[255; 4]), (0.0, false, false));
    // Two pixels of four are transparent, so all four arms show to the half, one side of each.
    assert_eq!(of(&format!("{gray} /SMask MASK"), &[255; 4]), (40.0, false, false));
    let stencil = "/BitsPerComponent 1 /ImageMask true";
    assert_eq!(of(stencil, &[0x80, 0x40]), (40.0, false, false), "it is black, lines go on under it");
    assert_eq!(of(&format!("{gray} /Filter /DCTDecode"), &[1, 2, 3]), (40.0, true, true));
    assert_eq!(of(gray, &[255; 2]), (40.0, true, true), "a row of two");
    assert_eq!(of(gray, &[255; 1]), (40.0, true, true), "too short");
    let packed = deflate(&[255; 4]);
    assert_eq!(of(&format!("{gray} /Filter /FlateDecode"), &packed), (0.0, false, false));
    assert_eq!(of(&format!("{gray} /Filter /FlateDecode"), &packed[..3]), (40.0, true, true), "cut off");
}

#[test]
fn stencils_and_masked_pictures_hide_where_they_are_painted() {
    let white = format!("{CROSS} 1 g");
    let of = |attributes: &str, pixels: &[u8]| drawn(&under_picture(attributes, pixels, &white));
    let stencil = "/BitsPerComponent 1 /ImageMask true";
    assert_eq!(of(stencil, &[0x00, 0x00]), 0.0, "all of it is painted");
    assert_eq!(of(stencil, &[0xC0, 0xC0]), 40.0, "none of it is");
    assert_eq!(of(&format!("{stencil} /Decode [1 0]"), &[0xC0, 0xC0]), 0.0);
    let mask = |rows: &[u8]| {
        let mut doc = Doc::new();
        let image = "/Type /XObject /Subtype /Image /BitsPerComponent 8 /ColorSpace /DeviceGray";
        let mask = doc.stream(&format!("{image} /Width 1 /Height {}", rows.len()), rows);
        let pixel = doc.stream(&format!("{image} /Width 1 /Height 1 /SMask {mask} 0 R"), b"w");
        doc.page(
            &format!("{PAGE} /Resources << /XObject << /I {pixel} 0 R >> >>"),
            "1 w 90 110 m 110 110 l S 90 90 m 110 90 l S q 40 0 0 40 80 80 cm /I Do Q",
        );
        walk(&mut doc.open())
    };
    let faint = mask(&[127, 0]);
    assert_eq!((drawn(&faint), codes(&faint).len()), (40.0, 0), "nothing of it is opaque");
    // Opaque above, transparent below.
    let upper = mask(&[255, 0]);
    assert_eq!(drawn(&upper), 20.0);
    assert!((upper.paths[0].bounds.top - 310.0).abs() < 0.1, "the lower one is left");
    assert!(codes(&upper).is_empty());
    let board: Vec<u8> = (0..=255).flat_map(|i| [255, i % 2 * 9]).cycle().take(1_200).collect();
    let many = mask(&board);
    assert_eq!((drawn(&many), codes(&many)), (40.0, vec!["visibility_unsure"]));
}

#[test]
fn what_is_drawn_through_a_mask_or_a_group_shows_as_far_as_they_let_it() {
    let masked = |mask: &str, kind: &str, content: &str| {
        let mut doc = Doc::new();
        let form =
            "/Type /XObject /Subtype /Form /BBox [0 0 400 400] /Group << /S /Transparency /CS /DeviceGray >>";
        let mask = doc.stream(form, mask.as_bytes());
        let state = format!("/SMask << /Type /Mask /S /{kind} /G {mask} 0 R >>");
        let resources = format!("/Resources << /ExtGState << /G << {state} >> >> >>");
        doc.page(&format!("{PAGE} {resources}"), content);
        let list = walk(&mut doc.open());
        (drawn(&list), codes(&list).contains(&"visibility_unsure"))
    };
    let seen = format!("/G gs {CROSS}");
    let all = "0 0 400 400 re f";
    for (mask, kind, expected) in [
        (format!("0 g {all}"), "Luminosity", (0.0, false)),
        (String::new(), "Luminosity", (0.0, false)),
        (format!("1 g {all}"), "Luminosity", (40.0, false)),
        (format!(".5 g {all}"), "Luminosity", (40.0, true)),
        ("1 g 0 0 200 200 re f".to_owned(), "Luminosity", (40.0, true)),
        (String::new(), "Alpha", (0.0, false)),
        (format!("0 g {all}"), "Alpha", (40.0, false)),
    ] {
        assert_eq!(masked(&mask, kind, &seen), expected, "{kind} {mask:?}");
    }
    // A cover behind a mask hides as far as the mask lets it.
    let cover = format!("{CROSS} /G gs {WHITE} 80 80 40 40 re f");
    assert_eq!(masked(&format!("1 g {all}"), "Luminosity", &cover), (0.0, false));
    assert_eq!(masked(&format!("0 g {all}"), "Luminosity", &cover), (40.0, false));
    let group = |state: &str| {
        let mut doc = Doc::new();
        let form = "/Type /XObject /Subtype /Form /BBox [0 0 400 400] /Group << /S /Transparency >>";
        let text = "BT /F1 10 Tf 50 300 Td (NOTE) Tj ET";
        let form = doc.stream(&format!("{form} {HELVETICA}"), format!("{CROSS} {text}").as_bytes());
        let resources =
            format!("/Resources << /XObject << /F {form} 0 R >> /ExtGState << /G << {state} >> >> >>");
        doc.page(&format!("{PAGE} {resources}"), "/G gs /F Do");
        let list = walk(&mut doc.open());
        (drawn(&list), list.lines.len())
    };
    assert_eq!((group("/ca 0"), group("/ca .5"), group("/ca 1")), ((0.0, 0), (40.0, 1), (40.0, 1)));
}

#[test]
fn patterns_hide_where_their_cells_leave_no_gap() {
    let tiled = |cell: &str, step: u32| {
        let mut doc = Doc::new();
        let tile =
            "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /Resources << >>";
        let tile = doc.stream(&format!("{tile} /XStep {step} /YStep {step}"), cell.as_bytes());
        doc.page(
            &format!("{PAGE} /Resources << /Pattern << /P {tile} 0 R >> >>"),
            format!("{CROSS} /Pattern cs /P scn 80 80 40 40 re f"),
        );
        let list = walk(&mut doc.open());
        (drawn(&list), codes(&list).contains(&"visibility_unsure"))
    };
    assert_eq!(tiled("1 g 0 0 9 9 re f", 9), (0.0, false));
    assert_eq!(tiled("1 g 0 0 9 9 re f", 10), (40.0, true));
    assert_eq!(tiled("1 g 0 0 3 3 re f", 9), (40.0, true));
    // A hatch.
    assert_eq!(tiled("0 G 0 0 m 9 9 l S", 9), (40.0, false));
}

#[test]
fn ink_shows_by_what_it_lies_on() {
    // Colours of the strokes that are left.
    let strokes = |content: &str| {
        let list = page(content);
        let styles = list.paths.iter().map(|p| &list.styles[p.style as usize]);
        styles.filter(|s| s.paint == Paint::Stroke).map(|s| s.rgba >> 8).collect::<Vec<_>>()
    };
    let light = "1 G 90 100 m 110 100 l S";
    let ground = "80 80 40 40 re f";
    assert_eq!(strokes(light), [0xFFFFFF], "paper on paper");
    assert_eq!(strokes(&format!("0 0 .5 rg {ground} {light}")), [0xF7F7F7], "it is ink");
    assert_eq!(strokes(&format!("0 0 .5 rg {ground} 1 g {ground} {light}")), [0xFFFFFF]);
    assert_eq!(strokes(&format!("{light} 0 0 .5 rg {ground}")), [] as [u32; 0], "the ground came later");
    // To three quarters of its length, and to a quarter.
    let beside = |x: u32| strokes(&format!("0 g {ground} 1 G {x} 100 m {} 100 l S", x + 20));
    assert_eq!(beside(105), [0xF7F7F7]);
    assert_eq!(beside(116), [0xFFFFFF]);
    // A white area where there was a dark one is no ink.
    let area = page(&format!("0 g {ground} 1 g {ground}"));
    assert!(area.paths.iter().all(|p| area.styles[p.style as usize].rgba == 0xFFFF_FFFF));
    let dark = "0 G 90 100 m 110 100 l S";
    assert_eq!(strokes(&format!("0 g {ground} {dark}")), [] as [u32; 0], "black on black");
    assert_eq!(strokes(&format!("0 g {ground} 0 G 110 100 m 130 100 l S")), [0], "it reaches beyond");
    assert_eq!(strokes(&format!("0 g {ground} 1 g 95 95 30 30 re f 0 G 97 100 m 118 100 l S")), [0]);
    assert_eq!(strokes(&format!(".3 g {ground} {dark}")), [0], "black on grey");
}

fn lines(list: &DisplayList) -> Vec<&str> {
    list.lines.iter().map(|l| l.text.as_str()).collect()
}

fn text_page(content: &str) -> DisplayList {
    walk(&mut one_page(&format!("{PAGE} {HELVETICA}"), content))
}

#[test]
fn text_under_a_mask_is_not_read_and_text_on_it_is() {
    let note = |words: &str| format!("BT 0 g /F1 10 Tf 50 300 Td ({words}) Tj ET ");
    let mask = "1 g 40 290 100 30 re f ";
    assert_eq!(lines(&text_page(&format!("{}{mask}", note("OLD")))), Vec::<&str>::new());
    assert_eq!(lines(&text_page(&format!("{mask}{}", note("NEW")))), ["NEW"]);
    assert_eq!(lines(&text_page(&format!("{}{mask}{}", note("OLD"), note("NEW")))), ["NEW"]);
    assert_eq!(lines(&text_page(&format!("{}0 g 40 290 100 30 re f", note("OLD")))), Vec::<&str>::new());
    // A polygon, and a clip whose box holds the text and whose outline does not.
    assert_eq!(
        lines(&text_page(&format!("{}1 g 0 250 m 400 300 l 0 350 l f", note("OLD")))),
        Vec::<&str>::new()
    );
    let clipped = |outline: &str| format!("q {outline} W n {} Q", note("SEEN"));
    assert_eq!(lines(&text_page(&clipped("0 0 m 400 0 l 400 400 l h"))), Vec::<&str>::new());
    assert_eq!(lines(&text_page(&clipped("0 0 m 0 400 l 400 400 l h"))), ["SEEN"]);
    // White letters show on the dark, and not on the white that covers it.
    let white = "BT 1 g /F1 10 Tf 50 300 Td (WHITE) Tj ET ";
    assert_eq!(lines(&text_page(&format!("0.2 g 30 280 200 50 re f {white}"))), ["WHITE"]);
    assert_eq!(lines(&text_page(&format!("0.2 g 30 280 200 50 re f {mask}{white}"))), Vec::<&str>::new());
    assert_eq!(lines(&text_page(&format!("{mask} 0.2 g 30 280 200 50 re f {white}"))), ["WHITE"]);
}

#[test]
fn text_that_was_read_off_a_scan_may_lie_under_it() {
    let scan = |pages_side: u32| {
        let mut doc = Doc::new();
        let image = doc.stream(
            "/Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceGray",
            &[255; 4],
        );
        let resources = format!(
            "/Resources << /XObject << /I {image} 0 R >> /Font << /F1 << /Type /Font /Subtype /Type1 \
             /BaseFont /Helvetica >> >> >>"
        );
        let content =
            format!("BT /F1 10 Tf 50 100 Td (READ) Tj ET q {pages_side} 0 0 {pages_side} 0 0 cm /I Do Q");
        doc.page(&format!("{PAGE} {resources}"), content);
        walk(&mut doc.open())
    };
    let whole = scan(400);
    assert_eq!((whole.kind, lines(&whole)), (PageKind::Raster, vec!["READ"]));
    let inset = scan(200);
    assert_eq!((inset.kind, lines(&inset)), (PageKind::Vector, Vec::<&str>::new()));
}

#[test]
fn a_clip_cuts_at_its_outline() {
    let clipped = |clip: &str, rest: &str| format!("q {clip} n {rest} Q");
    // The lower left half of the page.
    let half = "0 0 m 400 0 l 0 400 l h W";
    left(&clipped(half, "0 G 10 10 m 50 10 l S 350 350 m 390 390 l S"), 40.0);
    left(&clipped(half, "10 100 m 390 100 l S"), 290.0);
    left(&clipped("0 0 m 400 0 l 0 200 l h W", "10 100 m 390 100 l S"), 190.0);
    // A ring: even-odd leaves its middle out, non-zero does not.
    let ring = "50 50 300 300 re 150 150 100 100 re";
    left(&clipped(&format!("{ring} W*"), "0 200 m 400 200 l S"), 200.0);
    left(&clipped(&format!("{ring} W"), "0 200 m 400 200 l S"), 300.0);
    // One clip inside of another.
    let nested = "0 0 m 400 0 l 0 400 l h W n 0 0 m 400 400 l 400 0 l h W";
    left(&clipped(nested, "0 100 m 400 100 l S"), 200.0);
    // A circle of radius 100 around 200, 200.
    let circle = "200 100 m 255.2 100 300 144.8 300 200 c 300 255.2 255.2 300 200 300 c 144.8 300 100 255.2 100 200 \
                  c 100 144.8 144.8 100 200 100 c h W";
    left(&clipped(circle, "0 200 m 400 200 l S"), 200.0);
    // A clip without an area shows nothing.
    left(&clipped("0 0 m 400 400 l h W", "0 0 m 400 400 l S"), 0.0);
    // A line along the clip's edge shows half of its width.
    left(&clipped("0 0 m 400 0 l 0 400 l h W", "400 0 m 0 400 l S"), 565.7);
    // The clip ends where its state is restored.
    left(&format!("{} 350 350 m 390 350 l S", clipped(half, "10 10 m 50 10 l S")), 80.0);
}

#[test]
fn a_filled_area_keeps_the_edges_that_show() {
    let fills = |list: &DisplayList| {
        let path = list.paths.iter().filter(|p| list.styles[p.style as usize].rgba == 0x0000_00FF);
        path.cloned().collect::<Vec<_>>()
    };
    let whole = page(&format!("0 g 90 90 20 20 re f {WHITE} 90 90 20 20 re f"));
    assert!(fills(&whole).is_empty(), "{:?}", fills(&whole));
    // Areas side by side hide nothing of each other.
    let beside = page(&format!("0 g 90 90 20 20 re f {WHITE} 110 90 20 20 re f"));
    assert!((drawn(&beside) - 80.0).abs() < 0.01);
    let half = page(&format!("0 g 90 90 20 20 re f {WHITE} 100 80 50 50 re f"));
    assert!((drawn(&half) - 80.0).abs() < 0.01, "half of it shows, so it is there");
    let end = page(&format!("0 g 90 90 60 20 re f {WHITE} 94 80 90 50 re f"));
    let [left] = fills(&end)[..] else { panic!("one path") };
    assert!((left.bounds.left, left.bounds.right) == (90.0, 94.0), "{left:?}");
    let (verbs, coords) = end.path(&left);
    // Three sides, of which two end at the cover's edge; nothing is drawn along that.
    assert!(coords.iter().all(|c| c[0] <= 94.0));
    assert_eq!(coords.iter().filter(|c| c[0] == 94.0).count(), 2);
    assert!(!verbs.contains(&Verb::Close));
}

#[test]
fn more_covers_than_are_looked_at_hide_what_they_can_and_say_so() {
    // Areas as large as the page, more than are kept of them.
    let mut content = String::from(CROSS);
    for i in 0..80 {
        content.push_str(&format!("0.{} g 10 10 300 300 re f ", 10 + i % 80));
    }
    let list = page(&content);
    assert!(codes(&list).contains(&"hidden_parts_kept"), "{:?}", codes(&list));
    assert_eq!(drawn(&list), 0.0);
    let list = page(CROSS);
    assert!(codes(&list).is_empty());
}
