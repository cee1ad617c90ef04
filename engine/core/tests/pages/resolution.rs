//! Resolutions that JPEG and PNG state in their Exif block, alone and beside their own.

use takeoff_core::page::request::FileType;

use crate::raster::{crc32, dpi, jpeg, png};
use crate::support::{codes, open_bytes, parse};

/// An Exif block of so many pixels an inch both ways.
fn exif(per_inch: u32) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x03".to_vec();
    // Two rationals behind the directory of three entries, and the unit: inches.
    for (tag, at) in [(0x1A, 50), (0x1B, 58)] {
        block.extend([1, tag, 0, 5, 0, 0, 0, 1, 0, 0, 0, at]);
    }
    block.extend([1, 0x28, 0, 3, 0, 0, 0, 1, 0, 2, 0, 0]);
    block.extend([0; 4]);
    for _ in 0..2 {
        block.extend([per_inch.to_be_bytes(), 1_u32.to_be_bytes()].concat());
    }
    block
}

/// A JPEG of 1100 x 850 pixels: JFIF's unit and density, and behind them an Exif block or none.
fn photograph(unit: u8, density: u8, exif_per_inch: Option<u32>) -> Vec<u8> {
    let whole = jpeg(1100, 850, [unit, 0, density, 0, density]);
    let Some(per_inch) = exif_per_inch else { return whole };
    let segment = [&b"Exif\0\0"[..], &exif(per_inch)].concat();
    let length = (segment.len() as u16 + 2).to_be_bytes();
    // JFIF's segment has 18 bytes.
    [&whole[..20], &[0xFF, 0xE1], &length, &segment, &whole[20..]].concat()
}

/// A PNG of 1100 x 850 pixels with pHYs or without, and with an Exif chunk before its pixels or behind them.
fn export(per_metre: Option<u32>, per_inch: u32, is_behind: bool) -> Vec<u8> {
    let plain = png(1100, 850, png::ColorType::Grayscale, per_metre, &vec![255; 1100 * 850]);
    let chunk = [&b"eXIf"[..], &exif(per_inch)].concat();
    let length = (chunk.len() as u32 - 4).to_be_bytes();
    let crc = crc32(&chunk).to_be_bytes();
    // Behind the header's chunk, or before the end's.
    let at = if is_behind { plain.len() - 12 } else { 33 };
    [&plain[..at], &length, &chunk, &crc, &plain[at..]].concat()
}

fn of(bytes: Vec<u8>, kind: FileType) -> (Option<f64>, Vec<String>) {
    let mut file = open_bytes(bytes, kind).unwrap();
    let head = dpi(&file, 0);
    let (content, ..) = parse(&mut file, 0).unwrap();
    assert_eq!(content.list.space.dpi, head, "the head and the page say the same");
    let said = codes(&content.list).into_iter().filter(|c| c.starts_with("resolution")).map(str::to_owned);
    (head, said.collect())
}

const CONTRADICTED: &str = "resolution_contradicted";

#[test]
fn the_resolution_of_an_exif_block_is_used_where_the_file_states_no_other() {
    // JFIF says that pixels are square and no more, as most encoders write; 8.5 x 11 in.
    assert_eq!(of(photograph(0, 1, Some(100)), FileType::Jpeg), (Some(100.0), vec![]));
    assert_eq!(of(photograph(0, 1, None), FileType::Jpeg), (None, vec![]));
    for is_behind in [false, true] {
        assert_eq!(of(export(None, 100, is_behind), FileType::Png), (Some(100.0), vec![]), "{is_behind}");
    }
    // It is judged as any other: 96 is what programs write that know none.
    assert_eq!(
        of(photograph(0, 1, Some(96)), FileType::Jpeg),
        (None, vec!["resolution_of_screens".to_owned()])
    );
}

#[test]
fn two_resolutions_that_agree_are_one() {
    assert_eq!(of(photograph(1, 100, Some(100)), FileType::Jpeg), (Some(100.0), vec![]));
    // Exif's 72 says that it knows none.
    assert_eq!(of(photograph(1, 100, Some(72)), FileType::Jpeg), (Some(100.0), vec![]));
    // 3937 a metre.
    assert_eq!(of(export(Some(3_937), 100, false), FileType::Png), (Some(100.0), vec![]));
}

#[test]
fn two_resolutions_that_contradict_each_other_are_told() {
    assert_eq!(
        of(photograph(1, 100, Some(200)), FileType::Jpeg),
        (Some(100.0), vec![CONTRADICTED.to_owned()])
    );
    for is_behind in [false, true] {
        let (dpi, said) = of(export(Some(3_937), 50, is_behind), FileType::Png);
        assert_eq!((dpi, said), (Some(100.0), vec![CONTRADICTED.to_owned()]), "{is_behind}");
    }
    // One that is not believed is not believed for that.
    let (dpi, said) = of(photograph(1, 96, Some(100)), FileType::Jpeg);
    assert_eq!((dpi, said.len()), (None, 2), "{said:?}");
}
