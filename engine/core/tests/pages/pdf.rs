//! Geometry, styles, layers, clips and findings of generated PDF pages.

use takeoff_core::budget::Budget;
use takeoff_core::geom::ListRect;
use takeoff_core::page::display::{NO_LAYER, PageKind, Paint};
use takeoff_core::page::request::{FileType, PageHead, ParseLimits, RejectReason};
use takeoff_core::page::{OpenedFile, ParseError};

use crate::support::{Doc, HELVETICA, codes, deflate, one_page, open_bytes, parse, walk};

fn near(a: &ListRect, b: [f32; 4]) -> bool {
    [a.left - b[0], a.top - b[1], a.right - b[2], a.bottom - b[3]].iter().all(|d| d.abs() < 1e-3)
}

#[test]
fn a_turned_page_is_upright_in_list_and_image() {
    // A square near the lower left corner of a 200 x 100 pt page, as each /Rotate shows it.
    let cases = [
        (0, (417, 208), [10.0, 80.0, 20.0, 90.0]),
        (90, (208, 417), [10.0, 10.0, 20.0, 20.0]),
        (180, (417, 208), [180.0, 10.0, 190.0, 20.0]),
        (270, (208, 417), [80.0, 180.0, 90.0, 190.0]),
    ];
    for (turn, size, expected) in cases {
        let mut file =
            one_page(&format!("/MediaBox [0 0 200 100] /Rotate {turn}"), "1 0 0 rg 10 10 10 10 re f");
        let (content, image, thumbnail) = parse(&mut file, 0).unwrap();
        let list = content.list;
        assert_eq!((image.width, image.height), size, "turned {turn}");
        assert!(near(&list.paths[0].bounds, expected), "turned {turn}: {:?}", list.paths[0].bounds);
        let middle = list.space.to_px((expected[0] + expected[2]) / 2.0, (expected[1] + expected[3]) / 2.0);
        assert_eq!(image.at(middle.x as u32, middle.y as u32), [255, 0, 0], "turned {turn}");
        let corner = list.space.to_px(expected[0] - 4.0, expected[1] - 4.0);
        assert_eq!(image.at(corner.x as u32, corner.y as u32), [255, 255, 255], "turned {turn}");
        assert_eq!(thumbnail.width.max(thumbnail.height), 256);
        let landscape = size.0 > size.1;
        assert_eq!(thumbnail.width > thumbnail.height, landscape);
    }
}

#[test]
fn the_crop_box_is_the_page_and_a_user_unit_scales_it() {
    let boxes = "/MediaBox [0 0 1000 1000] /CropBox [100 200 300 300] /UserUnit 2";
    let mut file = one_page(boxes, "110 210 10 10 re f");
    let PageHead::Sized { space, inches } = file.opened().pages[0].clone() else { panic!("no size") };
    assert_eq!(inches, Some((400.0 / 72.0, 200.0 / 72.0)));
    let list = walk(&mut file);
    assert_eq!(list.space, space);
    assert_eq!((space.width_px, space.height_px), (833, 417));
    assert!(near(&list.paths[0].bounds, [20.0, 160.0, 40.0, 180.0]), "{:?}", list.paths[0].bounds);
}

#[test]
fn width_dash_and_colour_are_taken_after_all_transforms() {
    let content = "2 0 0 2 0 0 cm 0 0.5 1 RG 1.5 w [3 1] 0 d 10 10 m 40 10 l S \
                   [] 0 d 0 w 10 20 m 40 20 l S 0.2 g 10 30 5 5 re f* 10 40 5 5 re B";
    let list = walk(&mut one_page("/MediaBox [0 0 200 200]", content));
    let style = |i: usize| &list.styles[list.paths[i].style as usize];
    assert_eq!((style(0).paint, style(0).rgba, style(0).width), (Paint::Stroke, 0x0080_FFFF, 3.0));
    assert_eq!(style(0).dash, [6.0, 2.0]);
    assert!(near(&list.paths[0].bounds, [20.0, 180.0, 80.0, 180.0]));
    assert_eq!((style(1).width, style(1).dash.len()), (0.0, 0));
    assert_eq!((style(2).paint, style(2).rgba), (Paint::FillEvenOdd, 0x3333_33FF));
    // Filled and stroked in one operation: two entries of the same place.
    assert_eq!((style(3).paint, style(4).paint), (Paint::FillNonZero, Paint::Stroke));
    assert_eq!(list.paths.len(), 5);
    assert_eq!(list.paths[3].bounds, list.paths[4].bounds);
}

#[test]
fn what_clipping_or_the_edge_hides_is_left_out() {
    let content = "q 0 0 50 200 re W n 10 150 m 90 150 l S 60 10 20 20 re f Q \
                   300 300 10 10 re f 60 60 20 20 re f";
    let list = walk(&mut one_page("/MediaBox [0 0 200 200]", content));
    assert_eq!(list.paths.len(), 2);
    assert!(near(&list.paths[0].bounds, [10.0, 50.0, 90.0, 50.0]));
    assert!(near(&list.paths[0].visible, [10.0, 50.0, 50.0, 50.0]), "{:?}", list.paths[0].visible);
    assert_eq!(list.paths[1].visible, list.paths[1].bounds);
}

/// Two layers, the second switched off.
fn layered() -> OpenedFile {
    let mut doc = Doc::new();
    let wall = doc.object("<< /Type /OCG /Name (A-WALL) >>");
    let demo = doc.object("<< /Type /OCG /Name <FEFF0041002D00440045004D004F> >>");
    doc.catalog = format!("/OCProperties << /OCGs [{wall} 0 R {demo} 0 R] /D << /OFF [{demo} 0 R] >> >>");
    let resources = format!("/Resources << /Properties << /W {wall} 0 R /D {demo} 0 R >> >>");
    let content = "/OC /W BDC /Span BMC 10 10 m 20 10 l S EMC 10 20 m 20 20 l S EMC \
                   /OC /D BDC 10 30 m 20 30 l S EMC 10 40 m 20 40 l S";
    doc.page(&format!("/MediaBox [0 0 100 100] {resources}"), content);
    doc.open()
}

#[test]
fn layers_carry_their_names_and_hidden_ones_are_reported() {
    let list = walk(&mut layered());
    let layers: Vec<Option<&str>> = list
        .paths
        .iter()
        .map(|p| (p.layer != NO_LAYER).then(|| list.layers[p.layer as usize].as_str()))
        .collect();
    assert_eq!(layers, [Some("A-WALL"), Some("A-WALL"), None]);
    let hidden = list.findings.iter().find(|f| f.code == "layers_hidden").unwrap();
    assert!(hidden.message.contains("A-DEMO") && !hidden.message.contains("A-WALL"), "{}", hidden.message);
}

#[test]
fn a_page_that_a_picture_covers_is_raster() {
    let page = |extra: &str| {
        let mut doc = Doc::new();
        let pixels = [0x80_u8; 16];
        let image = doc.stream(
            "/Type /XObject /Subtype /Image /Width 4 /Height 4 /BitsPerComponent 8 /ColorSpace /DeviceGray",
            &pixels,
        );
        let resources = format!("/Resources << /XObject << /I {image} 0 R >> >>");
        doc.page(
            &format!("/MediaBox [0 0 100 100] {resources}"),
            format!("q 90 0 0 90 5 5 cm /I Do Q {extra}"),
        );
        walk(&mut doc.open())
    };
    let scan = page("");
    assert_eq!(scan.kind, PageKind::Raster);
    assert_eq!((scan.images[0].width, scan.images[0].height), (4, 4));
    assert!(near(&scan.images[0].bounds, [5.0, 5.0, 95.0, 95.0]));
    let drawn: String = (0..100).map(|i| format!("{i} 0 m {i} 100 l S ")).collect();
    assert_eq!(page(&drawn).kind, PageKind::Vector);
}

#[test]
fn a_form_draws_in_its_own_space() {
    let mut doc = Doc::new();
    let form =
        doc.stream("/Type /XObject /Subtype /Form /BBox [0 0 10 10] /Matrix [1 0 0 1 5 0]", b"0 0 8 8 re f");
    let resources = format!("/Resources << /XObject << /T {form} 0 R >> >>");
    doc.page(&format!("/MediaBox [0 0 100 100] {resources}"), "q 2 0 0 2 10 10 cm /T Do Q");
    let list = walk(&mut doc.open());
    assert!(near(&list.paths[0].bounds, [20.0, 74.0, 36.0, 90.0]), "{:?}", list.paths[0].bounds);
}

#[test]
fn a_page_that_comes_out_blank_says_so_unless_it_is_blank() {
    let blank_of = |content: &str| {
        let mut file = one_page("/MediaBox [0 0 100 100]", content);
        codes(&parse(&mut file, 0).unwrap().0.list).contains(&"page_renders_empty")
    };
    assert!(!blank_of(""));
    assert!(!blank_of("q 1 0 0 1 0 0 cm Q"));
    assert!(!blank_of("10 10 20 20 re f"));
    // Draws a form that does not exist, and draws off the page.
    assert!(blank_of("/Missing Do"));
    assert!(blank_of("500 500 20 20 re f"));
}

#[test]
fn content_that_breaks_off_is_reported() {
    let lines: String = (0..2_000).map(|i| format!("{} {} m {} 90 l S\n", i % 97, i % 89, i % 83)).collect();
    let packed = deflate(lines.as_bytes());
    let of = |bytes: &[u8]| {
        let mut doc = Doc::new();
        let content = doc.stream("/Filter /FlateDecode", bytes);
        doc.page_of("/MediaBox [0 0 100 100]", content);
        walk(&mut doc.open())
    };
    let whole = of(&packed);
    assert_eq!((whole.paths.len(), codes(&whole).len()), (2_000, 0));
    let cut = of(&packed[..packed.len() / 2]);
    assert!(codes(&cut).contains(&"content_cut_off"), "{:?}", cut.findings);
    // A missing checksum takes nothing of the drawing away.
    let unchecked = of(&packed[..packed.len() - 4]);
    assert_eq!((unchecked.paths.len(), codes(&unchecked).len()), (2_000, 0));
}

#[test]
fn a_broken_page_hurts_no_other() {
    let mut doc = Doc::new();
    doc.page("/MediaBox [0 0 20000000 20000000]", "0 0 5 5 re f");
    doc.page("/MediaBox [0 0 100 100]", "10 10 20 20 re f");
    let mut file = doc.open();
    let PageHead::Broken { reason } = &file.opened().pages[0] else { panic!("accepted") };
    assert!(reason.contains("inches"), "{reason}");
    let Err(ParseError::Page(failure)) = parse(&mut file, 0) else { panic!("parsed") };
    assert_eq!(failure.code, "page_unreadable");
    assert_eq!(parse(&mut file, 1).unwrap().0.list.paths.len(), 1);
}

#[test]
fn files_that_are_no_plan_set_are_refused_with_a_sentence() {
    let refusal = |bytes: &[u8]| open_bytes(bytes.to_vec(), FileType::Pdf).err().unwrap();
    let empty = refusal(&Doc::new().bytes());
    assert_eq!(empty.reason, RejectReason::Empty);
    let damaged = refusal(b"%PDF-1.7 and nothing more");
    assert_eq!(damaged.reason, RejectReason::Damaged);
    for rejected in [empty, damaged] {
        assert!(rejected.message.ends_with('.') && rejected.message.len() > 15, "{}", rejected.message);
    }
    let mut doc = Doc::new();
    (0..4).for_each(|_| doc.page("/MediaBox [0 0 9 9]", ""));
    let limits = ParseLimits { max_pages: 3, ..ParseLimits::default() };
    let many =
        takeoff_core::page::open(std::sync::Arc::new(doc.bytes()), FileType::Pdf, &limits).err().unwrap();
    assert_eq!(many.reason, RejectReason::TooLarge);
}

#[test]
fn pages_of_a_long_set_parse_alike_however_often_the_file_is_opened_anew() {
    let lines: String = (0..40_000).map(|i| format!("{} {} m {} 90 l S\n", i % 97, i % 89, i % 83)).collect();
    let mut doc = Doc::new();
    let content = doc.stream("/Filter /FlateDecode", &deflate(lines.as_bytes()));
    for _ in 0..40 {
        doc.page_of(&format!("/MediaBox [0 0 100 100] {HELVETICA}"), content);
    }
    let mut file = doc.open();
    let first = file.walk_page(0, &ParseLimits::default(), &Budget::unlimited()).unwrap();
    for index in 1..40 {
        let page = file.walk_page(index, &ParseLimits::default(), &Budget::unlimited()).unwrap();
        assert_eq!(page, first, "page {index}");
    }
}

#[test]
fn a_file_that_lacks_a_part_says_so() {
    let told = |bytes: Vec<u8>| {
        let file = open_bytes(bytes, FileType::Pdf).unwrap();
        file.opened().findings.iter().map(|f| f.code.clone()).collect::<Vec<_>>()
    };
    let mut doc = Doc::new();
    doc.page("/MediaBox [0 0 100 100]", "0 0 m 50 50 l S");
    doc.page("/MediaBox [0 0 100 100]", "0 0 m 50 50 l S");
    let whole = doc.bytes();
    assert!(told(whole.clone()).is_empty());
    let end = whole.windows(9).rposition(|w| w == b"startxref").unwrap();
    assert_eq!(told(whole[..end].to_vec()), ["file_cut_off"]);
    let text = String::from_utf8_lossy(&whole).replace("/Count 2", "/Count 7");
    assert!(told(text.into_bytes()).contains(&"pages_missing".into()));
}

#[test]
fn a_size_that_had_to_be_made_up_is_said() {
    let told = |attributes: &str| {
        let mut file = one_page(attributes, "10 10 m 50 50 l S");
        let list = walk(&mut file);
        codes(&list).iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()
    };
    assert!(told("/MediaBox [0 0 200 200]").is_empty());
    assert!(told("/MediaBox [0 0 595 842]").is_empty());
    assert!(told("/MediaBox [0 0 200 200] /UserUnit 2.5 /Rotate 270").is_empty());
    for none in ["", "/MediaBox [0 0 0 0]", "/MediaBox [0 0 200 0]", "/MediaBox [0 0 200]", "/MediaBox /None"]
    {
        assert_eq!(told(none), ["page_size_assumed"], "{none}");
    }
    assert_eq!(told("/MediaBox [0 0 99 99] /CropBox [200 200 300 300]"), ["page_size_assumed"]);
    for unit in ["0", "-3", "/Foot", "(1)"] {
        assert_eq!(
            told(&format!("/MediaBox [0 0 200 200] /UserUnit {unit}")),
            ["user_unit_ignored"],
            "{unit}"
        );
    }
    assert_eq!(told("/MediaBox [0 0 200 200] /Rotate 45"), ["rotation_ignored"]);
}

#[test]
fn a_size_of_the_page_tree_is_the_pages() {
    let mut doc = Doc::new();
    doc.page("", "10 10 m 50 50 l S");
    let bytes = String::from_utf8_lossy(&doc.bytes())
        .replace("/Type /Pages", "/Type /Pages /MediaBox [0 0 300 200]")
        .into_bytes();
    let list = walk(&mut open_bytes(bytes, FileType::Pdf).unwrap());
    assert_eq!((list.space.width_px, list.space.height_px), (625, 417));
    assert!(codes(&list).is_empty(), "{:?}", list.findings);
}

#[test]
fn a_page_that_is_listed_again_is_one_page_and_is_said() {
    let mut doc = Doc::new();
    doc.page("/MediaBox [0 0 100 100]", "0 0 m 50 50 l S");
    doc.page("/MediaBox [0 0 100 100]", "0 0 m 50 50 l S");
    let whole = String::from_utf8_lossy(&doc.bytes()).into_owned();
    let told = |text: String| {
        let file = open_bytes(text.into_bytes(), FileType::Pdf).unwrap();
        let findings = &file.opened().findings;
        (file.opened().pages.len(), findings.iter().map(|f| f.code.clone()).collect::<Vec<_>>())
    };
    let listed = whole.replace("/Kids [4 0 R 6 0 R]", "/Kids [4 0 R 6 0 R 4 0 R 4 0 R]");
    assert_ne!(listed, whole);
    assert_eq!(told(listed.replace("/Count 2", "/Count 4")), (2, vec!["pages_repeated".to_owned()]));
    let lost = told(listed.replace("/Count 2", "/Count 9"));
    assert_eq!(lost, (2, vec!["pages_repeated".to_owned(), "pages_missing".to_owned()]));
}
