//! Every limit refuses its case by name, and the case passes where the limit is higher: the limit is
//! what stops it.

use std::sync::Arc;

use takeoff_core::budget::Budget;
use takeoff_core::page::PageFailure;
use takeoff_core::page::request::{FileType, PageHead, ParseLimits, RejectReason};

use crate::support::{Doc, deflate, one_page};

fn try_with(bytes: &[u8], limits: &ParseLimits) -> Result<usize, PageFailure> {
    let mut file = takeoff_core::page::open(Arc::new(bytes.to_vec()), FileType::Pdf, limits).unwrap();
    file.walk_page(0, limits, &Budget::unlimited()).map(|content| content.list.paths.len())
}

/// Refused with `code` under `tight`, fine under `loose`.
#[track_caller]
fn check(bytes: &[u8], tight: ParseLimits, loose: ParseLimits, code: &str) {
    let failure = try_with(bytes, &tight).unwrap_err();
    assert_eq!(failure.code, code, "{}", failure.message);
    assert!(failure.message.ends_with('.') && failure.message.len() > 20, "{}", failure.message);
    try_with(bytes, &loose).unwrap();
}

fn segments(max_segments: u64) -> ParseLimits {
    ParseLimits { max_segments, ..ParseLimits::default() }
}

fn page_bytes(content: &str) -> Vec<u8> {
    let mut doc = Doc::new();
    doc.page("/MediaBox [0 0 100 100]", content);
    doc.bytes()
}

#[test]
fn path_segments() {
    let long: String = (0..3_000).map(|i| format!("{} {} l ", i % 100, i % 77)).collect();
    check(&page_bytes(&format!("0 0 m {long} S")), segments(1_000), segments(5_000), "too_many_segments");
}

#[test]
fn a_nest_of_forms_is_stopped_from_inside() {
    // Each form draws the next ten times: 10^5 draws of nothing.
    let bomb = |depth: usize| {
        let mut doc = Doc::new();
        let head = "/Type /XObject /Subtype /Form /BBox [0 0 9 9]";
        let mut inner = doc.stream(head, b"");
        for _ in 0..depth {
            let resources = format!("{head} /Resources << /XObject << /N {inner} 0 R >> >>");
            inner = doc.stream(&resources, "/N Do ".repeat(10).as_bytes());
        }
        let resources = format!("/Resources << /XObject << /N {inner} 0 R >> >>");
        doc.page(&format!("/MediaBox [0 0 100 100] {resources}"), "/N Do");
        doc.bytes()
    };
    check(&bomb(4), segments(5_000), segments(50_000), "too_many_operations");
    // With the limit in force, ten million times as many take no longer.
    assert_eq!(try_with(&bomb(12), &segments(5_000)).unwrap_err().code, "too_many_operations");
}

#[test]
fn dashes_are_counted_before_anything_is_rendered() {
    let micro = page_bytes("[0.001] 0 d 0 50 m 100 50 l S");
    check(&micro, segments(90_000), segments(110_000), "too_many_dashes");
    // A zero pattern is an endless one to a careless renderer.
    let zero = page_bytes("[0 0] 0 d 0 50 m 100 50 l S");
    assert_eq!(try_with(&zero, &segments(1_000)).unwrap_err().code, "too_many_dashes");
    let negative = page_bytes("[-1 2] 0 d 0 50 m 100 50 l S");
    assert_eq!(try_with(&negative, &segments(1_000)).unwrap_err().code, "too_many_dashes");
    assert_eq!(try_with(&page_bytes("[3 1] 0 d 0 50 m 100 50 l S"), &segments(1_000)), Ok(1));
}

#[test]
fn characters() {
    let mut doc = Doc::new();
    let text = "x".repeat(3_000);
    doc.page(
        &format!("/MediaBox [0 0 100 100] {}", crate::support::HELVETICA),
        format!("BT /F1 8 Tf 10 10 Td ({text}) Tj ET"),
    );
    check(&doc.bytes(), segments(1_000), segments(5_000), "too_many_glyphs");
}

#[test]
fn pixels_of_a_picture() {
    let mut doc = Doc::new();
    let image = doc.stream(
        "/Type /XObject /Subtype /Image /Width 100 /Height 100 /BitsPerComponent 8 /ColorSpace /DeviceGray",
        &[0; 10_000],
    );
    let resources = format!("/Resources << /XObject << /I {image} 0 R >> >>");
    doc.page(&format!("/MediaBox [0 0 100 100] {resources}"), "q 50 0 0 50 0 0 cm /I Do Q");
    let limits = |max_pixels| ParseLimits { max_pixels, ..ParseLimits::default() };
    check(&doc.bytes(), limits(9_999), limits(10_000), "image_too_large");
}

#[test]
fn unpacked_bytes_of_every_stream() {
    let limits = |max_stream_bytes| ParseLimits { max_stream_bytes, ..ParseLimits::default() };
    let (tight, loose) = (limits(1_000_000), limits(10_000_000));
    let bomb = deflate(&vec![b' '; 2_000_000]);
    let twice = deflate(&bomb);

    let content_of = |filters: &str, bytes: &[u8]| {
        let mut doc = Doc::new();
        let content = doc.stream(&format!("/Filter {filters}"), bytes);
        doc.page_of("/MediaBox [0 0 100 100]", content);
        doc.bytes()
    };
    check(&content_of("/FlateDecode", &bomb), tight, loose, "stream_too_large");
    check(&content_of("[/FlateDecode /FlateDecode]", &twice), tight, loose, "stream_too_large");

    let mut doc = Doc::new();
    let head = "/Type /XObject /Subtype /Form /BBox [0 0 9 9]";
    let inner = doc.stream(&format!("{head} /Filter /FlateDecode"), &bomb);
    let outer = doc.stream(&format!("{head} /Resources << /XObject << /N {inner} 0 R >> >>"), b"/N Do");
    doc.page(&format!("/MediaBox [0 0 100 100] /Resources << /XObject << /O {outer} 0 R >> >>"), "/O Do");
    check(&doc.bytes(), tight, loose, "stream_too_large");
}

#[test]
fn a_page_as_large_as_the_format_allows_is_lowered_to_the_pixel_limit() {
    let mut doc = Doc::new();
    doc.page("/MediaBox [0 0 14400 14400]", "");
    let bytes = Arc::new(doc.bytes());
    let pixels = |max_page_pixels| {
        let limits = ParseLimits { max_page_pixels, ..ParseLimits::default() };
        let file = takeoff_core::page::open(bytes.clone(), FileType::Pdf, &limits).unwrap();
        let PageHead::Sized { space, .. } = &file.opened().pages[0] else { panic!("refused") };
        u64::from(space.width_px) * u64::from(space.height_px)
    };
    assert!((99_000_000..=100_000_000).contains(&pixels(ParseLimits::default().max_page_pixels)));
    assert!(pixels(u64::MAX) > 200_000_000, "another limit holds the page down");
}

#[test]
fn a_page_of_no_possible_size_is_refused() {
    let mut doc = Doc::new();
    doc.page("/MediaBox [0 0 20000000 20000000]", "");
    let bytes = Arc::new(doc.bytes());
    let head = |max_page_side_pt| {
        let limits = ParseLimits { max_page_side_pt, ..ParseLimits::default() };
        let file = takeoff_core::page::open(bytes.clone(), FileType::Pdf, &limits).unwrap();
        file.opened().pages[0].clone()
    };
    let refused = head(ParseLimits::default().max_page_side_pt);
    assert!(matches!(&refused, PageHead::Broken { reason } if reason.contains("1000 inches")), "{refused:?}");
    assert!(matches!(head(u32::MAX), PageHead::Sized { .. }));
}

#[test]
fn a_cancelled_budget_ends_the_walk() {
    let content: String = (0..2_000).map(|i| format!("0 {} m 50 50 l S ", i % 90)).collect();
    let mut file = one_page("/MediaBox [0 0 100 100]", content);
    let limits = ParseLimits::default();
    let budget = Budget::unlimited();
    budget.cancel();
    assert_eq!(file.walk_page(0, &limits, &budget).unwrap_err().code, "cancelled");
    assert_eq!(file.walk_page(0, &limits, &Budget::with_steps(1_000)).unwrap_err().code, "too_many_steps");
    file.walk_page(0, &limits, &Budget::with_steps(100_000)).unwrap();
}

#[test]
fn a_set_of_fifty_thousand_pages() {
    let mut doc = Doc::new();
    let content = doc.stream("", b"");
    (0..50_000).for_each(|_| doc.page_of("/MediaBox [0 0 99 99]", content));
    let bytes = Arc::new(doc.bytes());
    let refused =
        takeoff_core::page::open(bytes.clone(), FileType::Pdf, &ParseLimits::default()).err().unwrap();
    assert_eq!(refused.reason, RejectReason::TooLarge);
    let loose = ParseLimits { max_pages: 50_000, ..ParseLimits::default() };
    let accepted = takeoff_core::page::open(bytes, FileType::Pdf, &loose).unwrap();
    assert_eq!(accepted.opened().pages.len(), 50_000);
}
