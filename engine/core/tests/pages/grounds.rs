//! What lines are drawn on: ink that differs from it shows, ink of its colour does not, and what is not known is told.

use takeoff_core::page::display::DisplayList;

use crate::support::{Doc, codes, deflate, walk};

const PAGE: &str = "/MediaBox [0 0 400 400]";
/// A cross of 20 x 20 pt whose middle is at 100, 100.
const CROSS: &str = "1 w 90 100 m 110 100 l S 100 90 m 100 110 l S ";
const AREA: &str = "50 50 300 300 re f ";
/// Where a picture of width and height 1 goes.
const PUT: &str = "q 300 0 0 300 50 50 cm /P Do Q ";

/// What there is on a page beside its content.
#[derive(Default)]
struct With {
    states: &'static str,
    /// Entries of a picture /P, and its pixels.
    picture: Option<(String, Vec<u8>)>,
    shading: &'static str,
}

impl With {
    fn picture(entries: &str, data: &[u8]) -> Self {
        let entries = format!("/Type /XObject /Subtype /Image {entries}");
        Self { picture: Some((entries, data.to_vec())), ..Self::default() }
    }

    fn grey(data: &[u8]) -> Self {
        let side = data.len().isqrt();
        Self::picture(
            &format!("/Width {side} /Height {side} /BitsPerComponent 8 /ColorSpace /DeviceGray"),
            data,
        )
    }

    fn page(&self, content: &str) -> DisplayList {
        let mut doc = Doc::new();
        let mut objects = String::new();
        if let Some((entries, data)) = &self.picture {
            objects = format!("/P {} 0 R", doc.stream(entries, data));
        }
        let font = "/F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>";
        doc.page(
            &format!(
                "{PAGE} /Resources << /XObject << {objects} >> /ExtGState << {} >> /Shading << {} >> \
                 /Font << {font} >> >>",
                self.states, self.shading
            ),
            content,
        );
        walk(&mut doc.open())
    }
}

/// How many of the thin strokes there are that a count sees, and whether it is told that something may not be seen.
fn seen(list: &DisplayList) -> (usize, bool) {
    let is_ink = |rgba: u32| {
        let [r, g, b, a] = rgba.to_be_bytes();
        a >= 8 && r.min(g).min(b) < 248
    };
    let ink = list.paths.iter().filter(|p| {
        let style = &list.styles[p.style as usize];
        style.width > 0.0 && style.width < 2.0 && is_ink(style.rgba)
    });
    (ink.count(), codes(list).contains(&"visibility_unsure"))
}

/// The same of light and of black ink.
fn both(with: &With, ground: &str) -> [(usize, bool); 2] {
    ["1 G ", "0 G "].map(|ink| seen(&with.page(&format!("{ground} {ink} {CROSS}"))))
}

const SHOWS: (usize, bool) = (2, false);
const HIDDEN: (usize, bool) = (0, false);
const UNSURE: (usize, bool) = (2, true);

#[test]
fn on_a_picture_ink_shows_where_it_differs_from_the_pixels() {
    let noise: Vec<u8> =
        (0..40_000_u32).map(|i| 20 + (i.wrapping_mul(2_654_435_761) >> 8) as u8 % 70).collect();
    let black = With::grey(&[0; 100]);
    assert_eq!(both(&With::grey(&[0x60; 100]), PUT), [SHOWS, SHOWS]);
    assert_eq!(both(&With::grey(&[0x20; 100]), PUT), [SHOWS, UNSURE], "black on nearly black");
    assert_eq!(both(&With::grey(&noise), PUT), [SHOWS, SHOWS]);
    assert_eq!(both(&With::grey(&[255; 100]), PUT), [HIDDEN, SHOWS]);
    assert_eq!(both(&black, PUT), [SHOWS, HIDDEN]);
    assert_eq!(both(&black, &format!("0 g {AREA} {PUT}")), [SHOWS, HIDDEN], "over a dark fill");
    assert_eq!(both(&black, &format!("{PUT} 1 g {AREA}")), [HIDDEN, SHOWS], "under a white fill");
    let beside = "q 80 0 0 300 0 50 cm /P Do Q";
    assert_eq!(both(&black, beside), [HIDDEN, SHOWS], "beside it");
    // The right half is dark.
    let halves: Vec<u8> = (0..100).map(|i| if i % 10 < 5 { 255 } else { 0 }).collect();
    let half = |x: u32| format!("q 300 0 0 300 {x} 50 cm /P Do Q");
    assert_eq!(both(&With::grey(&halves), &half(50)), [HIDDEN, SHOWS]);
    assert_eq!(both(&With::grey(&halves), &half(0).replace(" 0 50 cm", " -120 50 cm")), [SHOWS, HIDDEN]);
    let inline = "q 300 0 0 300 50 50 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \u{1} EI Q";
    assert_eq!(both(&With::default(), inline), [SHOWS, HIDDEN]);
}

#[test]
fn stencils_and_masked_pictures_are_grounds_where_they_are_painted() {
    let stencil =
        |bits: u8| With::picture("/Width 8 /Height 8 /ImageMask true /BitsPerComponent 1", &[bits; 8]);
    assert_eq!(both(&stencil(0), &format!("0 g {PUT}")), [SHOWS, HIDDEN]);
    assert_eq!(both(&stencil(0xFF), &format!("0 g {PUT}")), [HIDDEN, SHOWS], "nothing is painted");
    assert_eq!(both(&stencil(0), &format!("1 g {PUT}")), [HIDDEN, SHOWS]);
    let masked = |bits: u8| {
        With::picture(
            "/Width 8 /Height 8 /BitsPerComponent 8 /ColorSpace /DeviceGray /Mask [7 7]",
            &[bits; 64],
        )
    };
    assert_eq!(both(&masked(7), PUT), [HIDDEN, SHOWS], "all of it is left out");
    assert_eq!(both(&masked(0), PUT), [SHOWS, HIDDEN]);
}

#[test]
fn of_a_picture_that_cannot_be_read_it_is_told_that_ink_may_not_show() {
    let entries = "/Width 40 /Height 40 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /FlateDecode";
    let mut packed = deflate(&(0..1_600).map(|i| (i % 251) as u8).collect::<Vec<u8>>());
    packed.truncate(packed.len() / 2);
    assert_eq!(both(&With::picture(entries, &packed), PUT), [UNSURE, UNSURE]);
}

#[test]
fn areas_that_blend_or_let_something_through_are_grounds_by_what_they_make() {
    let state = |states| With { states, ..With::default() };
    let on = |states, area: &str| both(&state(states), &format!("/G gs {area} /N gs"));
    let normal = "/N << /BM /Normal /ca 1 >>";
    let of = |entries: &str| -> &'static str { format!("/G << {entries} >> {normal}").leak() };
    let (black, grey) = (format!("0 g {AREA}"), format!(".1 g {AREA}"));
    assert_eq!(both(&With::default(), &grey), [SHOWS, UNSURE]);
    assert_eq!(both(&With::default(), &format!(".3 g {AREA}")), [SHOWS, SHOWS]);
    assert_eq!(on(of("/BM /Multiply"), &black), [SHOWS, HIDDEN]);
    assert_eq!(on(of("/BM /Multiply"), &grey), [SHOWS, UNSURE]);
    assert_eq!(on(of("/ca .6"), &black), [SHOWS, SHOWS]);
    assert_eq!(on(of("/ca .8"), &black), [SHOWS, UNSURE]);
    assert_eq!(on(of("/ca .02"), &black), [HIDDEN, SHOWS]);
    assert_eq!(on(of("/BM /Multiply"), &format!("1 g {AREA}")), [HIDDEN, SHOWS]);
    assert_eq!(on(of("/BM /Hue"), &black), [UNSURE, UNSURE]);
    assert_eq!(on(of("/BM /Multiply"), &format!("{black} {black}")), [SHOWS, HIDDEN], "twice");
}

#[test]
fn ink_that_blends_shows_where_it_makes_a_difference() {
    let ink = |ground: &str, state: &str| {
        let with = With { states: format!("/G << {state} >>").leak(), ..With::default() };
        both(&with, &format!("{ground} /G gs"))
    };
    let (paper, black) = (String::new(), format!("0 g {AREA}"));
    assert_eq!(ink(&paper, "/BM /Multiply"), [HIDDEN, SHOWS]);
    assert_eq!(ink(&black, "/BM /Multiply"), [HIDDEN, HIDDEN]);
    assert_eq!(ink(&black, "/BM /Screen"), [SHOWS, HIDDEN]);
    // Whether the dark shows through the light lines is told beside.
    assert_eq!(ink(&black, "/CA .9"), [UNSURE, HIDDEN]);
}

#[test]
fn shadings_are_grounds_by_all_of_their_colours() {
    let shading = |from: &str, to: &str| With {
        shading: format!(
            "/S << /ShadingType 2 /ColorSpace /DeviceGray /Coords [50 0 350 0] /Extend [true true] \
             /Function << /FunctionType 2 /Domain [0 1] /C0 [{from}] /C1 [{to}] /N 1 >> >>"
        )
        .leak(),
        ..With::default()
    };
    let paint = "q 50 50 300 300 re W n /S sh Q";
    assert_eq!(both(&shading(".3", ".5"), paint), [SHOWS, SHOWS]);
    assert_eq!(both(&shading("0", "0"), paint), [SHOWS, HIDDEN]);
    assert_eq!(both(&shading("1", "1"), paint), [HIDDEN, SHOWS]);
    assert_eq!(both(&shading("0", "1"), paint), [UNSURE, UNSURE]);
}

#[test]
fn large_letters_are_grounds_and_covers() {
    let letter = |ink: &str| format!("BT {ink} g /F 700 Tf 1 0 0 1 0 -150 Tm (I) Tj ET");
    assert_eq!(both(&With::default(), &letter("0")), [SHOWS, HIDDEN]);
    assert_eq!(both(&With::default(), &letter("1")), [HIDDEN, SHOWS]);
    let covered = With::default().page(&format!("0 G {CROSS} {}", letter("1")));
    assert_eq!(seen(&covered), HIDDEN, "under a white letter");
}

#[test]
fn light_ink_on_pale_ground_is_told_and_light_areas_there_are_masks() {
    let pale = format!(".85 g {AREA}");
    assert_eq!(both(&With::default(), &pale), [UNSURE, SHOWS]);
    let list = With::default().page(&format!("{pale} 1 g 80 80 40 40 re f"));
    assert!(!codes(&list).contains(&"visibility_unsure"));
}
