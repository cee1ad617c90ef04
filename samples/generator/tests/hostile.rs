//! Hostile files are what they claim to be. Only what can't hurt this test is read here.

use std::io::Write;
use std::sync::Arc;

use takeoff_samples::Hostile;

fn bytes(kind: Hostile) -> Vec<u8> {
    let mut out = Vec::new();
    kind.write_to(&mut out).unwrap();
    out
}

fn read(kind: Hostile) -> hayro_syntax::Pdf {
    hayro_syntax::Pdf::new(Arc::new(bytes(kind))).unwrap_or_else(|e| panic!("{}: {e:?}", kind.name()))
}

/// Counts, and fails the test when a file grows beyond what a test folder should hold.
struct Budget(u64);

impl Write for Budget {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        assert!(self.0 < 64 << 20, "more than 64 MiB");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_kind_is_written_small_and_has_a_name_of_its_own() {
    let mut names = std::collections::BTreeSet::new();
    for &kind in Hostile::ALL {
        let mut out = Budget(0);
        kind.write_to(&mut out).unwrap();
        assert_eq!(out.0 == 0, kind == Hostile::Empty, "{}", kind.name());
        assert!(names.insert(kind.name()));
        assert_eq!(Hostile::named(kind.name()), Some(kind));
    }
}

#[test]
fn a_file_is_written_to_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.pdf");
    Hostile::FlateBomb.write(&path).unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size > 2_000_000 && size < 2_200_000, "{size}");
    assert!(std::fs::read(&path).unwrap().starts_with(b"%PDF-"));
    assert!(bytes(Hostile::NestedFlateBomb).len() < 20_000);
}

#[test]
fn pages_of_odd_sizes_open_with_those_sizes() {
    for (kind, size) in [(Hostile::GiantMediaBox, 20_000_000.0), (Hostile::HugePage, 14_400.0)] {
        let pdf = read(kind);
        let media = pdf.pages()[0].media_box();
        assert_eq!((media.width(), media.height()), (size, size));
    }
}

#[test]
fn many_pages_are_50_000() {
    assert_eq!(read(Hostile::ManyPages).pages().len(), 50_000);
}

#[test]
fn drawings_that_take_long_open_at_once() {
    for kind in [
        Hostile::FormBomb,
        Hostile::MicroDashes,
        Hostile::ManySegments,
        Hostile::RecursiveForm,
        Hostile::MutualForms,
        Hostile::TruncatedStream,
        Hostile::XrefLoop,
        Hostile::DeepStates,
        Hostile::FalseCount,
        Hostile::HugeImage,
    ] {
        assert_eq!(read(kind).pages().len(), 1, "{}", kind.name());
    }
}

#[test]
fn three_million_segments_are_in_their_stream() {
    let pdf = read(Hostile::ManySegments);
    let page = &pdf.pages()[0];
    let mut stream = page.typed_operations();
    let operations = std::iter::from_fn(|| stream.next().map(|_| ())).count();
    assert_eq!(operations, 1_000 * 3_002);
}

#[test]
fn the_password_opens_what_stays_shut_without_it() {
    let file = Arc::new(bytes(Hostile::Password));
    assert!(hayro_syntax::Pdf::new(file.clone()).is_err());
    assert!(hayro_syntax::Pdf::new_with_password(file.clone(), "wrong").is_err());
    let pdf = hayro_syntax::Pdf::new_with_password(file, "school").unwrap();
    let content = pdf.pages()[0].page_stream().unwrap().to_vec();
    assert!(content.starts_with(b"1 w 100 100 2300 1500 re S"));
}

#[test]
fn what_is_no_drawing_is_refused() {
    for kind in [Hostile::Empty, Hostile::NotPdf, Hostile::HeaderOnly] {
        assert!(hayro_syntax::Pdf::new(Arc::new(bytes(kind))).is_err(), "{}", kind.name());
    }
}

#[test]
fn the_huge_png_is_sound_and_65_000_wide() {
    let file = bytes(Hostile::HugePng);
    assert!(file.len() < 600_000, "{}", file.len());
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (65_000, 65_000));
    for _ in 0..100 {
        let row = reader.next_row().unwrap().unwrap();
        assert!(row.data().len() == 8125 && row.data().iter().all(|b| *b == 0));
    }
}

#[test]
fn frames_are_100_000() {
    let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(bytes(Hostile::ManyFrames))).unwrap();
    let mut frames = 1;
    while decoder.more_images() {
        decoder.next_image().unwrap();
        frames += 1;
    }
    assert_eq!(frames, 100_000);
    assert_eq!(decoder.dimensions().unwrap(), (4, 2));
}

#[test]
fn pictures_claim_more_than_they_hold() {
    let tiff = tiff::decoder::Decoder::new(std::io::Cursor::new(bytes(Hostile::HugeTiff)));
    // A careful decoder refuses at once; a trusting one believes the size.
    if let Ok(mut tiff) = tiff {
        assert_eq!(tiff.dimensions().unwrap(), (60_000, 60_000));
    }
    let jpeg = bytes(Hostile::HugeJpeg);
    let at = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    assert_eq!(jpeg[at + 5..at + 9], [0xFD, 0xE8, 0xFD, 0xE8]);
    let cut = bytes(Hostile::TruncatedPng);
    assert!(image::load_from_memory(&cut).is_err());
}
