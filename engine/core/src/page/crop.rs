//! A part of a page image, pixel for pixel.

use std::io::{BufRead, Seek};

use png::{BitDepth, ColorType, Decoder, DecodingError, Encoder, EncodingError};

use crate::budget::{Budget, Exhausted};

/// Longest side of a crop, pixels.
pub const MAX_CROP_SIDE_PX: u32 = 2_048;
/// Rows between two looks at the budget.
const ROWS: u32 = 64;

/// Whole pixels of a page image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CropArea {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// Why there is no crop.
#[derive(Debug, thiserror::Error)]
pub enum CropError {
    #[error(
        "the part is empty, larger than {MAX_CROP_SIDE_PX} px or not inside the image of {width} x {height} px"
    )]
    Outside { width: u32, height: u32 },
    #[error("the page image has another format than those that are written: {0:?} {1:?}")]
    Format(ColorType, BitDepth),
    #[error("the page image cannot be read: {0}")]
    Damaged(#[from] DecodingError),
    #[error("the part cannot be encoded: {0}")]
    Encoding(#[from] EncodingError),
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

/// Cuts a part out of a page image (PNG) as a PNG. Holds one row and the part; reads no further than the part's
/// last row. A step of the budget is a row.
pub fn crop(image: impl BufRead + Seek, area: CropArea, budget: &Budget) -> Result<Vec<u8>, CropError> {
    let mut reader = Decoder::new(image).read_info()?;
    let (width, height) = (reader.info().width, reader.info().height);
    let CropArea { x, y, width: w, height: h } = area;
    let ends_inside = |from: u32, len: u32, most: u32| from.checked_add(len).is_some_and(|end| end <= most);
    let fits = (1..=MAX_CROP_SIDE_PX).contains(&w) && (1..=MAX_CROP_SIDE_PX).contains(&h);
    if !fits || !ends_inside(x, w, width) || !ends_inside(y, h, height) {
        return Err(CropError::Outside { width, height });
    }
    let (color, depth) = reader.output_color_type();
    let channels = match (color, depth) {
        (ColorType::Grayscale, BitDepth::Eight) => 1,
        (ColorType::Rgb, BitDepth::Eight) => 3,
        (color, depth) => return Err(CropError::Format(color, depth)),
    };
    let (from, to) = (x as usize * channels, (x + w) as usize * channels);
    let mut pixels = Vec::with_capacity((to - from) * h as usize);
    for row in 0..y + h {
        if row % ROWS == 0 {
            budget.spend(u64::from(ROWS))?;
        }
        let Some(all) = reader.next_row()? else { return Err(CropError::Outside { width, height }) };
        if row >= y {
            pixels.extend_from_slice(all.data().get(from..to).unwrap_or_default());
        }
    }
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, w, h);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let mut png = encoder.write_header()?;
    png.write_image_data(&pixels)?;
    png.finish()?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const W: u32 = 300;
    const H: u32 = 200;

    fn value(x: u32, y: u32, channel: u32) -> u8 {
        ((x * 7 + y * 13 + channel * 101) % 251) as u8
    }

    fn image(color: ColorType) -> Vec<u8> {
        let channels = if color == ColorType::Rgb { 3 } else { 1 };
        let pixels: Vec<u8> = (0..H)
            .flat_map(|y| (0..W).flat_map(move |x| (0..channels).map(move |c| value(x, y, c))))
            .collect();
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out, W, H);
        encoder.set_color(color);
        encoder.set_depth(BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        out
    }

    fn area(x: u32, y: u32, width: u32, height: u32) -> CropArea {
        CropArea { x, y, width, height }
    }

    #[test]
    fn a_crop_has_the_pixels_of_its_place() {
        for (color, channels) in [(ColorType::Grayscale, 1), (ColorType::Rgb, 3)] {
            let image = image(color);
            for a in [area(0, 0, 1, 1), area(17, 130, 90, 70), area(0, 0, W, H), area(W - 1, H - 1, 1, 1)] {
                let png = crop(Cursor::new(&image), a, &Budget::unlimited()).unwrap();
                let mut reader = Decoder::new(Cursor::new(png)).read_info().unwrap();
                assert_eq!((reader.info().width, reader.info().height), (a.width, a.height));
                for y in 0..a.height {
                    let row = reader.next_row().unwrap().unwrap();
                    let expected: Vec<u8> = (0..a.width)
                        .flat_map(|x| (0..channels).map(move |c| value(a.x + x, a.y + y, c)))
                        .collect();
                    assert_eq!(row.data(), &expected[..], "{a:?} row {y}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_inside_is_refused_and_a_budget_ends_it() {
        let image = image(ColorType::Grayscale);
        for a in [area(0, 0, 0, 5), area(1, 0, W, 5), area(0, 199, 5, 2), area(u32::MAX, 0, 5, 5)] {
            let refused = crop(Cursor::new(&image), a, &Budget::unlimited());
            assert!(matches!(refused, Err(CropError::Outside { width: W, height: H })), "{a:?}");
        }
        let a = area(0, 150, 5, 5);
        let ended = crop(Cursor::new(&image), a, &Budget::with_steps(64));
        assert!(matches!(ended, Err(CropError::Exhausted(Exhausted::Steps))));
        let cut_off = crop(Cursor::new(&image[..image.len() / 2]), a, &Budget::unlimited());
        assert!(matches!(cut_off, Err(CropError::Damaged(_))));
    }
}
