//! The page image.

use std::io::Write;

use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{PixmapMut, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use hayro_interpret::InterpreterSettings;
use hayro_syntax::page::Page;
use kurbo::Affine;

use super::Geometry;
use crate::budget::Budget;
use crate::page::image_out::{ImageHead, RowFormat, write_images};
use crate::page::open::{PageFailure, ParseError};

/// Pixels rendered at a time (128 MiB of pixels); larger pages are rendered in bands.
const BAND_PIXELS: u64 = 32 * 1024 * 1024;
/// What the renderer may keep of a band's outlines beside its pixels, bytes.
const BAND_INK_BYTES: f64 = 160.0 * 1024.0 * 1024.0;
/// Each band interprets the page's content again, so they are not made arbitrarily thin.
const MIN_BAND_ROWS: u32 = 64;

/// What the walk over the page foretells of its rendering.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    /// Memory that rendering in one go would take beside the pixels, bytes, roughly.
    pub(super) bytes: f64,
    /// Whether anything but black, white and grey may be painted.
    pub(super) coloured: bool,
}

/// Renders the page and its thumbnail; true where not a single pixel was touched.
pub(super) fn render<'a>(
    page: &'a Page<'a>,
    geometry: &Geometry,
    ink: Ink,
    settings: InterpreterSettings,
    budget: &Budget,
    pixels: &mut Vec<u8>,
    image: &mut dyn Write,
    thumbnail: &mut dyn Write,
) -> Result<bool, ParseError> {
    let (width, height) = (geometry.space.width_px, geometry.space.height_px);
    let (Ok(band_width), Ok(_)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(PageFailure::new(
            "page_size",
            format!("A page of {width} x {height} pixels cannot be drawn."),
        )
        .into());
    };
    let rows = band_rows(width, height, ink.bytes);
    let cache = RenderCache::new();
    let to_px = Affine::scale(geometry.space.px_per_unit) * geometry.to_list;
    let band = |pixels: &mut Vec<u8>, top: u32| -> Result<usize, PageFailure> {
        let band_height = rows.min(height - top) as u16;
        let mut context = RenderContext::new(band_width, band_height);
        let transform = Affine::translate((0.0, -f64::from(top))) * to_px;
        render_into(page, &cache, &settings, &RenderSettings::default(), &mut context, transform);
        context.flush();
        let bytes = usize::from(band_width) * usize::from(band_height) * 4;
        if pixels.len() < bytes {
            // Fresh zeroes come untouched from the system.
            *pixels = vec![0; bytes];
        }
        let target = PixmapMut::new(band_width, band_height, &mut pixels[..bytes])
            .ok_or_else(|| PageFailure::new("page_size", "The page's pixels do not fit its size."))?;
        let settings =
            RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
        context.render_with(target, &mut Resources::default(), settings);
        Ok(bytes)
    };
    let mut drawn = band(pixels, 0)?;
    let gray = if rows < height { !ink.coloured } else { is_gray(&pixels[..drawn]) };
    let format = if gray { RowFormat::Gray } else { RowFormat::Rgb };
    let head = ImageHead { width, height, format, dpi: geometry.space.dpi };
    write_images(head, image, thumbnail, |sink| {
        for top in (0..height).step_by(rows as usize) {
            budget.spend(1).map_err(PageFailure::from)?;
            if top > 0 {
                drawn = band(pixels, top)?;
            }
            for row in pixels[..drawn].chunks_exact(width as usize * 4) {
                sink.rgba_row(row)?;
            }
        }
        Ok(())
    })
}

/// Rows of a band, so that neither its pixels nor its outlines take too much memory.
fn band_rows(width: u32, height: u32, ink_bytes: f64) -> u32 {
    let by_pixels = u32::try_from(BAND_PIXELS / u64::from(width.max(1))).unwrap_or(u32::MAX);
    let bands = (ink_bytes / BAND_INK_BYTES).ceil().max(1.0);
    let by_ink = (f64::from(height) / bands).ceil() as u32;
    by_pixels.min(by_ink).max(MIN_BAND_ROWS).min(height)
}

fn is_gray(rgba: &[u8]) -> bool {
    // Whole chunks without an early exit inside, so that the comparison is vectorised.
    rgba.chunks(4 * 4096)
        .all(|chunk| chunk.chunks_exact(4).fold(0_u8, |seen, p| seen | (p[0] ^ p[1]) | (p[1] ^ p[2])) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_shrink_with_pixels_and_with_ink() {
        assert_eq!(band_rows(6_300, 4_500, 1e6), 4_500);
        let huge = band_rows(10_000, 10_000, 0.0);
        assert!((3_000..4_000).contains(&huge), "{huge}");
        assert_eq!(band_rows(6_300, 4_500, 3.0 * BAND_INK_BYTES), 1_500);
        assert_eq!(band_rows(6_300, 4_500, 1e15), MIN_BAND_ROWS);
        assert_eq!(band_rows(16_384, 3, f64::INFINITY), 3);
    }

    #[test]
    fn one_coloured_pixel_makes_a_page_coloured() {
        let mut pixels = [7, 7, 7, 255].repeat(10_000);
        assert!(is_gray(&pixels));
        pixels[4 * 9_999 + 2] = 8;
        assert!(!is_gray(&pixels));
    }
}
