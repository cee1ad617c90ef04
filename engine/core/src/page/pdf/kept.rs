//! What the renderer keeps of pictures until the pixels are made.

use kurbo::{Affine, Vec2};

use super::FINEST_DPI;
use crate::geom::PageSpace;

const BYTES_PER_PIXEL: f64 = 4.0;
/// Longest side of a picture that the renderer scales down to, pixels.
const LONGEST: f64 = 32_767.0;

/// Each drawing of a picture keeps a copy of its own, scaled down to the pixels that it covers, be they on the page or
/// not. All of them together, bytes, and the largest.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Kept {
    all: f64,
    largest: f64,
}

impl Kept {
    fn add(&mut self, (width, height): (f64, f64), (x, y): (f64, f64)) {
        let side = |pixels: f64, scale: f64| (pixels * scale).ceil().clamp(1.0, LONGEST);
        let pixels = if x < 1.0 || y < 1.0 { side(width, x) * side(height, y) } else { width * height };
        self.all += pixels * BYTES_PER_PIXEL;
        self.largest = self.largest.max(pixels * BYTES_PER_PIXEL);
    }

    /// One of them is in any estimate.
    fn beside_the_largest(&self) -> u64 {
        (self.all - self.largest) as u64
    }
}

/// What is kept of the pictures of a page, drawn at its own resolution and at the finest at which it is traced.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct KeptPictures {
    drawn: Kept,
    traced: Kept,
}

impl KeptPictures {
    /// A picture of so many pixels, drawn where the transform to list units puts it.
    pub(super) fn add(&mut self, space: &PageSpace, size: (u32, u32), to_list: Affine) {
        let [a, b, c, d, ..] = to_list.as_coeffs();
        let (x, y) = (Vec2::new(a, b).hypot(), Vec2::new(c, d).hypot());
        let size = (f64::from(size.0), f64::from(size.1));
        let scale = space.px_per_unit;
        self.drawn.add(size, (x * scale, y * scale));
        let scale = scale * (FINEST_DPI / space.dpi.unwrap_or(FINEST_DPI)).max(1.0);
        self.traced.add(size, (x * scale, y * scale));
    }

    /// Bytes beside what one of them takes, of a page that is traced or not.
    pub(super) fn bytes(&self, traced: bool) -> u64 {
        let drawn = self.drawn.beside_the_largest();
        if traced { drawn.max(self.traced.beside_the_largest()) } else { drawn }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_keeps_the_pixels_that_it_covers_or_those_that_it_has() {
        let space = PageSpace::of_points_within(720.0, 720.0, 1e8).unwrap();
        assert_eq!(space.dpi, Some(150.0));
        let of_points = |points: f64, pixels: u32| {
            let mut kept = KeptPictures::default();
            for _ in 0..3 {
                let to_list = Affine::scale(points / f64::from(pixels) / 72.0 * 150.0 / space.px_per_unit);
                kept.add(&space, (pixels, pixels), to_list);
            }
            (kept.bytes(false), kept.bytes(true))
        };
        // 360 points are 750 pixels at 150 dpi, and 1,500 at 300.
        assert_eq!(of_points(360.0, 3_000), (2 * 750 * 750 * 4, 2 * 1_500 * 1_500 * 4));
        assert_eq!(of_points(360.0, 1_000), (2 * 750 * 750 * 4, 2 * 1_000 * 1_000 * 4));
        assert_eq!(of_points(360.0, 500), (2 * 500 * 500 * 4, 2 * 500 * 500 * 4));
        let one = {
            let mut kept = KeptPictures::default();
            kept.add(&space, (9, 9), Affine::IDENTITY);
            kept
        };
        assert_eq!((one.bytes(false), one.bytes(true)), (0, 0));
    }
}
