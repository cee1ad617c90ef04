//! What lies under areas that let little or nothing through: they are nearly opaque, or blend.

use takeoff_core::page::display::DisplayList;

use crate::hidden::{CROSS, PAGE, drawn, file_with, page_with};
use crate::support::{Doc, codes, parse, walk};

#[test]
fn what_lets_next_to_nothing_through_hides_and_what_lets_little_through_is_told() {
    let unsure = |list: &DisplayList| codes(list).contains(&"visibility_unsure");
    let of = |state: &str, cover: &str| {
        let list = page_with(state, &format!("{CROSS} /G gs {cover}"));
        (drawn(&list), unsure(&list))
    };
    let white = "1 g 80 80 40 40 re f";
    for (state, expected) in [
        ("/BM /Screen", (0.0, false)),
        ("/BM /Lighten", (0.0, false)),
        ("/BM /Luminosity", (0.0, false)),
        ("/ca .98", (0.0, false)),
        ("/BM /Screen /ca .95", (40.0, true)),
        ("/BM /ColorDodge", (40.0, true)),
        ("/ca .95", (40.0, true)),
        ("/ca .9", (40.0, true)),
        ("/ca .5", (40.0, false)),
        ("/BM /Multiply", (40.0, false)),
        ("/BM /Overlay", (40.0, false)),
    ] {
        assert_eq!(of(state, white), expected, "{state}");
    }
    assert_eq!(of("/ca .95", "1 g 180 180 40 40 re f"), (40.0, false), "nothing lies under it");
    assert_eq!(of("/ca .95", "0 0 .2 rg 80 80 40 40 re f"), (40.0, false), "lines go on under it");
    assert_eq!(of("/CA .95", "1 G 60 w 50 100 m 150 100 l S"), (40.0, true), "a stroke");
    assert_eq!(of("/CA .95", "1 G .2 w 50 100 m 150 100 l S"), (40.0, false), "a line");
    assert_eq!(
        of("/BM /Screen", ".93 g 80 80 40 40 re f"),
        (40.0, true),
        "black turns to what is nearly white"
    );
    let grouped = |state: &str, kind: &str, data: &[u8], then: &str| {
        let mut doc = Doc::new();
        let object = doc.stream(kind, data);
        let resources =
            format!("/Resources << /XObject << /F {object} 0 R >> /ExtGState << /G << {state} >> >> >>");
        doc.page(&format!("{PAGE} {resources}"), format!("{CROSS} /G gs {then} /F Do"));
        let list = walk(&mut doc.open());
        (drawn(&list), unsure(&list))
    };
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 400 400] /Group << /S /Transparency >>";
    let picture =
        "/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray";
    for (state, of_form, of_picture) in [
        ("/BM /Screen", (0.0, false), (40.0, true)),
        ("/BM /Multiply", (40.0, false), (40.0, false)),
        ("/ca .98", (0.0, false), (0.0, false)),
        ("/ca .95", (40.0, true), (40.0, true)),
        ("/ca .5", (40.0, false), (40.0, false)),
    ] {
        assert_eq!(grouped(state, form, white.as_bytes(), ""), of_form, "group, {state}");
        assert_eq!(grouped(state, picture, &[255], "40 0 0 40 80 80 cm"), of_picture, "picture, {state}");
    }
}

/// What the list says is what the picture shows.
#[test]
fn the_picture_shows_what_is_kept_and_not_what_is_hidden() {
    const MODES: [&str; 11] = [
        "Normal",
        "Screen",
        "Lighten",
        "Luminosity",
        "HardLight",
        "Multiply",
        "Darken",
        "Overlay",
        "SoftLight",
        "Difference",
        "Exclusion",
    ];
    let alphas = MODES.iter().flat_map(|mode| [1.0, 0.98, 0.9, 0.7].map(|alpha| (*mode, alpha)));
    for ((mode, alpha), grey) in alphas.flat_map(|of| [1.0, 0.97, 0.6].map(|grey| (of, grey))) {
        let content = format!("{CROSS} /G gs {grey} g 80 80 40 40 re f");
        let mut file = file_with(&format!("/BM /{mode} /ca {alpha}"), &content);
        let (parsed, image, _) = parse(&mut file, 0).unwrap();
        let px = |pt: f64| (pt * 150.0 / 72.0) as u32;
        // An arm of the cross, and beside it.
        let (line, ground) = (image.at(px(94.0), px(300.0))[0], image.at(px(94.0), px(310.0))[0]);
        let told = i32::from(ground).abs_diff(i32::from(line));
        let unsure = codes(&parsed.list).contains(&"visibility_unsure");
        let what = format!("{mode} {alpha} {grey}: {line} on {ground}");
        match drawn(&parsed.list) > 20.0 {
            false => assert!(told <= 8 && !unsure, "{what} is hidden"),
            true => assert!(unsure || told >= 56, "{what} shows"),
        }
    }
}
