//! TIFF, PNG and JPEG pages.

use std::io::Cursor;

use image::ImageEncoder;
use takeoff_core::page::ParseError;
use takeoff_core::page::display::PageKind;
use takeoff_core::page::request::{FileType, PageHead, ParseLimits, RejectReason};
use tiff::encoder::{Rational, TiffEncoder, colortype};
use tiff::tags::ResolutionUnit;

use crate::support::{codes, open_bytes, parse};

pub(crate) fn dpi(file: &takeoff_core::page::OpenedFile, page: usize) -> Option<f64> {
    match &file.opened().pages[page] {
        PageHead::Sized { space, .. } => space.dpi,
        PageHead::Broken { reason } => panic!("broken: {reason}"),
    }
}

/// A PNG of `color` whose pixel bytes are `data`.
pub(crate) fn png(
    width: u32,
    height: u32,
    color: png::ColorType,
    per_metre: Option<u32>,
    data: &[u8],
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![255, 255, 255, 10, 20, 30]);
    }
    encoder.set_pixel_dims(per_metre.map(|p| png::PixelDimensions {
        xppu: p,
        yppu: p,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    out
}

#[test]
fn a_png_is_a_page_of_its_own_pixels() {
    let mut pixels = vec![255; 900 * 600];
    pixels[50 * 900 + 20] = 7;
    let bytes = png(900, 600, png::ColorType::Grayscale, Some(11_811), &pixels);
    let mut file = open_bytes(bytes, FileType::Png).unwrap();
    assert_eq!(dpi(&file, 0), Some(300.0));
    let (content, image, thumbnail) = parse(&mut file, 0).unwrap();
    assert_eq!(content.inches, Some((3.0, 2.0)));
    assert_eq!((content.list.kind, content.list.images.len()), (PageKind::Raster, 1));
    assert_eq!((image.at(20, 50), image.at(21, 50)), ([7; 3], [255; 3]));
    assert_eq!((thumbnail.width, thumbnail.height), (256, 171));
}

#[test]
fn transparent_pixels_lie_on_white_paper_and_palettes_are_resolved() {
    let rgba = [0, 0, 0, 0, 200, 100, 0, 255, 0, 0, 0, 128];
    let mut file = open_bytes(png(3, 1, png::ColorType::Rgba, None, &rgba), FileType::Png).unwrap();
    assert_eq!(dpi(&file, 0), None);
    let image = parse(&mut file, 0).unwrap().1;
    assert_eq!([image.at(0, 0), image.at(1, 0), image.at(2, 0)], [[255; 3], [200, 100, 0], [127; 3]]);
    let mut file = open_bytes(png(2, 1, png::ColorType::Indexed, None, &[1, 0]), FileType::Png).unwrap();
    let image = parse(&mut file, 0).unwrap().1;
    assert_eq!([image.at(0, 0), image.at(1, 0)], [[10, 20, 30], [255; 3]]);
}

#[test]
fn a_png_that_breaks_off_fails_its_page() {
    let noise: Vec<u8> = (0..100_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let whole = png(400, 250, png::ColorType::Grayscale, None, &noise);
    let mut file = open_bytes(whole[..whole.len() / 2].to_vec(), FileType::Png).unwrap();
    let Err(ParseError::Page(failure)) = parse(&mut file, 0) else { panic!("parsed") };
    assert_eq!(failure.code, "image_damaged");
    let refused = open_bytes(whole[..20].to_vec(), FileType::Png).err().unwrap();
    assert_eq!(refused.reason, RejectReason::Damaged);
}

#[test]
fn a_picture_beyond_the_pixel_limit_is_refused_before_it_is_decoded() {
    // 65,000 x 65,000 pixels in a header that promises them.
    let mut bytes = png(1, 1, png::ColorType::Grayscale, None, &[0]);
    let side = 65_000_u32.to_be_bytes();
    bytes[16..20].copy_from_slice(&side);
    bytes[20..24].copy_from_slice(&side);
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    let refused = open_bytes(bytes.clone(), FileType::Png).err().unwrap();
    assert_eq!(refused.reason, RejectReason::TooLarge);
    assert!(refused.message.contains("65000 x 65000"), "{}", refused.message);
    let loose = ParseLimits { max_pixels: u64::MAX, ..ParseLimits::default() };
    assert!(takeoff_core::page::open(std::sync::Arc::new(bytes), FileType::Png, &loose).is_ok());
}

/// PNG's checksum, bit by bit.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

pub(crate) fn jpeg(width: u32, height: u32, density: [u8; 5]) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height)
        .flat_map(|i| if i % width < width / 2 { [250, 20, 20] } else { [20, 20, 250] })
        .collect();
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 95)
        .write_image(&pixels, width, height, image::ExtendedColorType::Rgb8)
        .unwrap();
    // Unit and densities stand behind the JFIF mark and its version.
    let jfif = out.windows(5).position(|w| w == b"JFIF\0").unwrap();
    out[jfif + 7..jfif + 12].copy_from_slice(&density);
    out
}

#[test]
fn a_jpeg_is_a_page_and_its_density_counts_only_with_a_unit() {
    for (density, expected) in
        [([1, 0, 200, 0, 200], Some(200.0)), ([2, 0, 100, 0, 100], Some(254.0)), ([0, 0, 1, 0, 1], None)]
    {
        let file = open_bytes(jpeg(640, 320, density), FileType::Jpeg).unwrap();
        assert_eq!(dpi(&file, 0), expected);
    }
    let mut file = open_bytes(jpeg(640, 320, [1, 0, 200, 0, 200]), FileType::Jpeg).unwrap();
    let image = parse(&mut file, 0).unwrap().1;
    let [r, _, b] = image.at(5, 5);
    assert!(r > 200 && b < 60, "{r} {b}");
    let [r, _, b] = image.at(600, 300);
    assert!(b > 200 && r < 60, "{r} {b}");
}

#[test]
fn a_jpeg_without_its_end_says_so() {
    let whole = jpeg(512, 512, [1, 0, 200, 0, 200]);
    let mut file = open_bytes(whole[..whole.len() - 40].to_vec(), FileType::Jpeg).unwrap();
    match parse(&mut file, 0) {
        Ok((content, ..)) => {
            assert_eq!(codes(&content.list), ["resolution_of_no_sheet_taken", "image_cut_off"])
        }
        Err(ParseError::Page(failure)) => assert_eq!(failure.code, "image_damaged"),
        Err(e) => panic!("{e}"),
    }
    let mut file = open_bytes(whole, FileType::Jpeg).unwrap();
    assert_eq!(codes(&parse(&mut file, 0).unwrap().0.list), ["resolution_of_no_sheet_taken"]);
}

#[test]
fn every_frame_of_a_tiff_is_a_page() {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    let mut gray = encoder.new_image::<colortype::Gray8>(900, 20).unwrap();
    gray.resolution(ResolutionUnit::Inch, Rational { n: 300, d: 1 });
    gray.write_data(&[9; 18_000]).unwrap();
    let mut rgb = encoder.new_image::<colortype::RGB8>(600, 5).unwrap();
    rgb.resolution(ResolutionUnit::Centimeter, Rational { n: 100, d: 1 });
    rgb.write_data(&[1, 2, 3].repeat(3000)).unwrap();
    let mut deep = encoder.new_image::<colortype::Gray16>(4, 4).unwrap();
    deep.resolution(ResolutionUnit::None, Rational { n: 1, d: 1 });
    deep.write_data(&[0xAB12; 16]).unwrap();
    encoder.write_image::<colortype::RGBA8>(1, 1, &[0, 0, 0, 0]).unwrap();
    encoder.write_image::<colortype::CMYK8>(1, 1, &[0, 255, 255, 0]).unwrap();
    let mut file = open_bytes(bytes.into_inner(), FileType::Tiff).unwrap();
    assert_eq!(file.opened().pages.len(), 5);
    assert_eq!([0, 1, 2].map(|i| dpi(&file, i)), [Some(300.0), Some(254.0), None]);
    let colours = [[9; 3], [1, 2, 3], [0xAB; 3], [255; 3], [255, 0, 0]];
    for (index, colour) in colours.into_iter().enumerate() {
        let (content, image, _) = parse(&mut file, index as u32).unwrap();
        assert_eq!(image.at(0, 0), colour, "frame {index}");
        assert_eq!(content.list.kind, PageKind::Raster);
    }
}

/// A TIFF of one strip, little-endian, from its tags (tag, type, value).
fn raw_tiff(tags: &[(u16, u16, u32)], strip: &[u8]) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    let data_at = 8 + 2 + 12 * (tags.len() as u32 + 2) + 4;
    let mut entries = tags.to_vec();
    entries.push((273, 4, data_at));
    entries.push((279, 4, strip.len() as u32));
    entries.sort_unstable();
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend(0_u32.to_le_bytes());
    out.extend_from_slice(strip);
    out
}

fn bilevel(compression: u32, photometric: u32, strip: &[u8]) -> Vec<u8> {
    let tags = [
        (256, 3, 8),
        (257, 3, 4),
        (258, 3, 1),
        (259, 3, compression),
        (262, 3, photometric),
        (277, 3, 1),
        (278, 3, 4),
    ];
    raw_tiff(&tags, strip)
}

#[test]
fn one_bit_scans_are_read_plain_and_as_group_4_fax() {
    let left_white = |bytes: Vec<u8>| {
        let mut file = open_bytes(bytes, FileType::Tiff).unwrap();
        let image = parse(&mut file, 0).unwrap().1;
        (0..4).all(|y| (0..8).all(|x| image.at(x, y) == if x < 4 { [255; 3] } else { [0; 3] }))
    };
    assert!(left_white(bilevel(1, 1, &[0xF0; 4])));
    assert!(left_white(bilevel(1, 0, &[0x0F; 4])));
    // Horizontal mode with 4 white and 4 black, then three rows like it, then the end of the block:
    // 001 1011 011 | 11 11 11 | 000000000001 000000000001
    assert!(left_white(bilevel(4, 0, &[0b0011_0110, 0b1111_1111, 0b0000_0000, 0b0001_0000, 0b0000_0001])));
}

#[test]
fn a_tiff_that_cannot_be_decoded_fails_clearly() {
    // Group 3 fax.
    let mut file = open_bytes(bilevel(3, 0, &[0; 8]), FileType::Tiff).unwrap();
    let Err(ParseError::Page(failure)) = parse(&mut file, 0) else { panic!("parsed") };
    assert_eq!(failure.code, "image_unsupported");
    // Fewer rows than it claims.
    let mut file = open_bytes(bilevel(1, 1, &[0xF0; 2]), FileType::Tiff).unwrap();
    let Err(ParseError::Page(failure)) = parse(&mut file, 0) else { panic!("parsed") };
    assert_eq!(failure.code, "image_damaged");
}

#[test]
fn a_tiff_of_a_hundred_thousand_frames_or_a_ring_of_them_is_refused() {
    // Frames of eight tags, each pointing to the next, all to one strip.
    let count = 100_000_u32;
    let one = bilevel(1, 1, &[0xF0; 4]);
    let mut bytes = one[..8].to_vec();
    let frame = &one[8..one.len() - 4];
    let size = frame.len() as u32;
    for i in 0..count {
        let next = if i + 1 == count { 0 } else { 8 + (i + 1) * size };
        bytes.extend_from_slice(&frame[..frame.len() - 4]);
        bytes.extend(next.to_le_bytes());
    }
    let refused = open_bytes(bytes, FileType::Tiff).err().unwrap();
    assert_eq!(refused.reason, RejectReason::TooLarge);

    let mut ring = one.clone();
    let link = ring.len() - 8;
    ring[link..link + 4].copy_from_slice(&8_u32.to_le_bytes());
    let refused = open_bytes(ring, FileType::Tiff).err().unwrap();
    assert_eq!(refused.reason, RejectReason::Damaged);
}

/// Names of types, variants and functions are for programmers.
#[track_caller]
fn expect_plain_words(message: &str) {
    let code = ["::", "{", "}", "(\"", "_", "Err", "Kind", "Some(", "None"];
    let of_a_program = |word: &str| {
        let inner = word.get(1..).unwrap_or_default();
        word.chars().all(char::is_alphabetic)
            && inner.contains(char::is_uppercase)
            && inner.contains(char::is_lowercase)
    };
    let words = message.split(|c: char| !c.is_alphanumeric());
    let telling = words.filter(|w| !["PackBits"].contains(w)).find(|w| of_a_program(w));
    assert!(!code.iter().any(|c| message.contains(c)) && telling.is_none(), "{message}");
}

#[test]
fn what_is_wrong_with_a_picture_is_told_in_plain_words() {
    let mut heard = std::collections::BTreeSet::new();
    let mut listen = |bytes: Vec<u8>, kind| match open_bytes(bytes, kind) {
        Err(refused) => drop(heard.insert(refused.message)),
        Ok(mut file) => {
            if let Err(ParseError::Page(failure)) = parse(&mut file, 0) {
                heard.insert(failure.message);
            }
        }
    };
    let gray: Vec<u8> = (0..=255).collect();
    for (whole, kind) in [
        (png(16, 16, png::ColorType::Grayscale, None, &gray), FileType::Png),
        (jpeg(16, 16, [1, 0, 200, 0, 200]), FileType::Jpeg),
        (bilevel(4, 0, &[0x36, 0xFF, 0x00, 0x10, 0x01]), FileType::Tiff),
    ] {
        for at in 0..whole.len() {
            listen(whole[..at].to_vec(), kind);
            for value in [0, 7, 0xFF] {
                let mut broken = whole.clone();
                broken[at] = value;
                listen(broken, kind);
            }
        }
    }
    assert!(heard.len() > 8, "{heard:#?}");
    heard.iter().for_each(|message| expect_plain_words(message));
}
