//! Pictures whose pixels are not square, or not stored upright.

use std::io::Cursor;
use std::sync::Arc;

use takeoff_core::budget::Budget;
use takeoff_core::geom::PxRect;
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::open;
use takeoff_core::page::request::{FileType, PageHead, ParseLimits};
use tiff::encoder::{Rational, TiffEncoder, colortype};
use tiff::tags::{ResolutionUnit, Tag};

use crate::raster::{crc32, jpeg, png};
use crate::support::{Picture, codes, open_bytes, parse};

/// A grey TIFF with what its resolution is said to be and how it is stored.
fn tiff(size: (u32, u32), unit: ResolutionUnit, per_unit: (u32, u32), turn: u16, data: &[u8]) -> Vec<u8> {
    tiff_of::<colortype::Gray8>(size, unit, per_unit, turn, data)
}

fn tiff_of<C: colortype::ColorType<Inner = u8>>(
    (width, height): (u32, u32),
    unit: ResolutionUnit,
    (x, y): (u32, u32),
    turn: u16,
    data: &[u8],
) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    let mut image = encoder.new_image::<C>(width, height).unwrap();
    image.resolution_unit(unit);
    image.x_resolution(Rational { n: x, d: 1 });
    image.y_resolution(Rational { n: y, d: 1 });
    image.encoder().write_tag(Tag::Orientation, turn).unwrap();
    image.write_data(data).unwrap();
    bytes.into_inner()
}

/// White with one black box, pixels.
fn boxed((width, height): (u32, u32), (left, top, right, bottom): (u32, u32, u32, u32)) -> Vec<u8> {
    let inside = |i: u32| (left..right).contains(&(i % width)) && (top..bottom).contains(&(i / width));
    (0..width * height).map(|i| if inside(i) { 0 } else { 255 }).collect()
}

/// Where the picture is dark, pixels: left, top, right, bottom.
fn dark(image: &Picture) -> (u32, u32, u32, u32) {
    let mut out = (u32::MAX, u32::MAX, 0, 0);
    for y in 0..image.height {
        for x in 0..image.width {
            if image.at(x, y)[0] < 128 {
                out = (out.0.min(x), out.1.min(y), out.2.max(x + 1), out.3.max(y + 1));
            }
        }
    }
    out
}

/// Around all strokes that were traced, page pixels.
fn traced(list: &DisplayList) -> PxRect {
    let points = list.coords.iter().map(|c| list.space.to_px(c[0], c[1]));
    points
        .map(|p| PxRect::from_corners(p, p))
        .reduce(|a, b| {
            let (right, bottom) = ((a.x + a.w).max(b.x), (a.y + a.h).max(b.y));
            PxRect { x: a.x.min(b.x), y: a.y.min(b.y), w: right - a.x.min(b.x), h: bottom - a.y.min(b.y) }
        })
        .unwrap()
}

fn head(file: &takeoff_core::page::OpenedFile) -> (u32, u32, Option<f64>) {
    match &file.opened().pages[0] {
        PageHead::Sized { space, .. } => (space.width_px, space.height_px, space.dpi),
        PageHead::Broken { reason } => panic!("broken: {reason}"),
    }
}

#[test]
fn a_fax_is_measured_alike_across_and_down() {
    // 8.5 x 11 in; the box is 2 x 2 in, 3 in from the left and 5 from the top.
    let size = (1734, 1078);
    let data = boxed(size, (612, 490, 1020, 686));
    let fax = tiff(size, ResolutionUnit::Inch, (204, 98), 1, &data);
    let mut file = open_bytes(fax, FileType::Tiff).unwrap();
    assert_eq!(head(&file), (1734, 2244, Some(204.0)));
    let (content, image, thumbnail) = parse(&mut file, 0).unwrap();
    assert_eq!(content.inches, Some((8.5, 11.0)));
    assert_eq!(dark(&image), (612, 1020, 1020, 1428));
    assert_eq!((thumbnail.width, thumbnail.height), (198, 256));
    assert_eq!(codes(&content.list), ["resolution_uneven"]);
    assert_eq!(content.list.images[0].bounds.bottom, 2244.0);
    // What is counted and snapped to is where the picture shows it.
    let strokes = traced(&content.list);
    assert!((strokes.w - strokes.h).abs() < 4.0 && (strokes.y - 1020.0).abs() < 8.0, "{strokes:?}");
}

#[test]
fn uneven_pictures_of_every_kind_become_square() {
    let pixels = boxed((400, 200), (100, 50, 200, 100));
    let mut plain = png(400, 200, png::ColorType::Grayscale, Some(5_906), &pixels);
    let phys = plain.windows(4).position(|w| w == b"pHYs").unwrap();
    plain[phys + 8..phys + 12].copy_from_slice(&2_953_u32.to_be_bytes());
    let crc = crc32(&plain[phys..phys + 13]);
    plain[phys + 13..phys + 17].copy_from_slice(&crc.to_be_bytes());
    let mut file = open_bytes(plain, FileType::Png).unwrap();
    assert_eq!(head(&file), (400, 400, Some(150.0)));
    assert_eq!(dark(&parse(&mut file, 0).unwrap().1), (100, 100, 200, 200));

    let mut file = open_bytes(jpeg(640, 320, [1, 0, 200, 0, 100]), FileType::Jpeg).unwrap();
    assert_eq!(head(&file), (640, 640, Some(200.0)));
    let image = parse(&mut file, 0).unwrap().1;
    assert!(image.at(300, 630)[0] > 200 && image.at(340, 630)[2] > 200);

    // Shapes without a size, in either order.
    for (per_unit, page) in [((2, 1), (400, 400)), ((1, 2), (800, 200)), ((1, 1), (400, 200))] {
        let bytes = tiff((400, 200), ResolutionUnit::None, per_unit, 1, &pixels);
        assert_eq!(head(&open_bytes(bytes, FileType::Tiff).unwrap()), (page.0, page.1, None));
    }
}

#[test]
fn a_page_that_becomes_square_keeps_to_the_limit_of_pixels() {
    let data = boxed((800, 200), (200, 50, 400, 100));
    let bytes = Arc::new(tiff((800, 200), ResolutionUnit::Inch, (400, 100), 1, &data));
    let limits = ParseLimits { max_pixels: 160_000, ..ParseLimits::default() };
    let mut file = open(bytes, FileType::Tiff, &limits).unwrap();
    assert_eq!(head(&file), (400, 400, Some(200.0)));
    let (mut image, mut thumbnail) = (Vec::new(), Vec::new());
    let content = file.parse_page(0, &limits, &Budget::unlimited(), &mut image, &mut thumbnail).unwrap();
    assert_eq!(content.inches, Some((2.0, 2.0)));
    assert_eq!(dark(&Picture::decode(&image)), (100, 100, 200, 200));
    assert!(content.list.findings[0].message.contains("limit of pixels"), "{:?}", content.list.findings);
}

#[test]
fn a_picture_that_is_stored_turned_is_shown_upright() {
    // Dark at the left of the top, as stored: 600 x 400 pixels.
    let data = boxed((600, 400), (0, 0, 60, 20));
    let upright = [
        (1, (600, 400), (0, 0, 60, 20)),
        (2, (600, 400), (540, 0, 600, 20)),
        (3, (600, 400), (540, 380, 600, 400)),
        (4, (600, 400), (0, 380, 60, 400)),
        (5, (400, 600), (0, 0, 20, 60)),
        (6, (400, 600), (380, 0, 400, 60)),
        (7, (400, 600), (380, 540, 400, 600)),
        (8, (400, 600), (0, 540, 20, 600)),
    ];
    let rgb: Vec<u8> = data.iter().flat_map(|v| [*v; 3]).collect();
    for (turn, size, place) in upright {
        let gray = tiff((600, 400), ResolutionUnit::Inch, (100, 100), turn, &data);
        let colour = tiff_of::<colortype::RGB8>((600, 400), ResolutionUnit::Inch, (100, 100), turn, &rgb);
        for bytes in [gray, colour] {
            let mut file = open_bytes(bytes, FileType::Tiff).unwrap();
            assert_eq!(head(&file), (size.0, size.1, Some(100.0)), "{turn}");
            let (content, image, thumbnail) = parse(&mut file, 0).unwrap();
            assert_eq!(dark(&image), place, "{turn}");
            assert_eq!(thumbnail.width > thumbnail.height, size.0 > size.1, "{turn}");
            assert_eq!(codes(&content.list).contains(&"picture_turned"), turn > 1);
            let strokes = traced(&content.list);
            let middle = (f64::from(place.0 + place.2) / 2.0, f64::from(place.1 + place.3) / 2.0);
            let found = strokes.center();
            assert!((found.x - middle.0).hypot(found.y - middle.1) < 8.0, "{turn}: {strokes:?}");
        }
    }
    // The stored rows are coarse: on the upright page, where they are columns, that is across.
    let fax = tiff((600, 400), ResolutionUnit::Inch, (200, 100), 6, &data);
    let mut file = open_bytes(fax, FileType::Tiff).unwrap();
    assert_eq!(head(&file), (800, 600, Some(200.0)));
    assert_eq!(dark(&parse(&mut file, 0).unwrap().1), (760, 0, 800, 60));
}

/// An Exif block that says nothing but the orientation.
fn exif(turn: u8) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend([turn, 0, 0, 0, 0, 0, 0]);
    block
}

#[test]
fn photographs_and_exports_are_turned_by_their_exif_block() {
    let mut segment = b"Exif\0\0".to_vec();
    segment.extend(exif(6));
    let mut app1 = vec![0xFF, 0xE1];
    app1.extend((segment.len() as u16 + 2).to_be_bytes());
    app1.extend(segment);
    let whole = jpeg(640, 320, [1, 0, 200, 0, 200]);
    // Behind JFIF's segment, of 18 bytes, and instead of it, as cameras write.
    for bytes in [[&whole[..20], &app1, &whole[20..]].concat(), [&whole[..2], &app1, &whole[20..]].concat()] {
        let mut file = open_bytes(bytes, FileType::Jpeg).unwrap();
        assert_eq!((head(&file).0, head(&file).1), (320, 640));
        let image = parse(&mut file, 0).unwrap().1;
        // What was left is on top.
        assert!(image.at(160, 10)[0] > 200 && image.at(160, 630)[2] > 200);
    }

    let plain = png(3, 2, png::ColorType::Rgb, None, &(0..18).map(|i| i * 10).collect::<Vec<u8>>());
    let mut chunk = b"eXIf".to_vec();
    chunk.extend(exif(8));
    let length = (chunk.len() as u32 - 4).to_be_bytes();
    let crc = crc32(&chunk).to_be_bytes();
    // Behind the header's chunk.
    let bytes = [&plain[..33], &length, &chunk, &crc, &plain[33..]].concat();
    let image = parse(&mut open_bytes(bytes, FileType::Png).unwrap(), 0).unwrap().1;
    assert_eq!((image.width, image.height), (2, 3));
    assert_eq!((image.at(0, 0), image.at(0, 2)), ([60, 70, 80], [0, 10, 20]));
    assert_eq!(image.at(1, 0), [150, 160, 170]);
}
