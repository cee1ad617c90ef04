//! The page image.

use std::io::Write;

use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{PixmapMut, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use hayro_interpret::InterpreterSettings;
use hayro_syntax::page::Page;
use kurbo::Affine;

use super::Geometry;
use super::kept::KeptPictures;
use crate::budget::Budget;
use crate::page::image_out::{ImageHead, RowFormat, luma, write_images};
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
    /// What it keeps of pictures, in one go or not.
    pub(super) pictures: KeptPictures,
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
    (image, thumbnail): (&mut dyn Write, &mut dyn Write),
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
    let canvas = Canvas::new(page, geometry, settings, (band_width, height), 1.0);
    let mut drawn = canvas.band(0, rows, pixels)?;
    let gray = if rows < height { !ink.coloured } else { is_gray(&pixels[..drawn]) };
    let format = if gray { RowFormat::Gray } else { RowFormat::Rgb };
    let head = ImageHead { width, height, format, dpi: geometry.space.dpi };
    write_images(head, image, thumbnail, |sink| {
        for top in (0..height).step_by(rows as usize) {
            budget.spend(1).map_err(PageFailure::from)?;
            if top > 0 {
                drawn = canvas.band(top, rows, pixels)?;
            }
            for row in pixels[..drawn].chunks_exact(width as usize * 4) {
                sink.rgba_row(row)?;
            }
        }
        Ok(())
    })
}

/// Brightness of the page, drawn at so many times its own resolution: width, height and pixels.
pub(super) fn gray<'a>(
    page: &'a Page<'a>,
    geometry: &Geometry,
    times: f64,
    settings: InterpreterSettings,
    budget: &Budget,
    pixels: &mut Vec<u8>,
) -> Result<(usize, usize, Vec<u8>), PageFailure> {
    let side = |px: u32| (f64::from(px) * times).round().clamp(1.0, f64::from(u16::MAX)) as u32;
    let (width, height) = (side(geometry.space.width_px), side(geometry.space.height_px));
    let rows = band_rows(width, height, 0.0);
    let canvas = Canvas::new(page, geometry, settings, (width as u16, height), times);
    let mut gray = Vec::with_capacity(width as usize * height as usize);
    for top in (0..height).step_by(rows as usize) {
        budget.spend(1).map_err(PageFailure::from)?;
        let drawn = canvas.band(top, rows, pixels)?;
        gray.extend(pixels[..drawn].chunks_exact(4).map(|p| luma(p[0], p[1], p[2])));
    }
    Ok((width as usize, height as usize, gray))
}

/// A page to be drawn in bands.
struct Canvas<'a> {
    page: &'a Page<'a>,
    cache: RenderCache<'a>,
    settings: InterpreterSettings,
    width: u16,
    height: u32,
    to_px: Affine,
}

impl<'a> Canvas<'a> {
    fn new(
        page: &'a Page<'a>,
        geometry: &Geometry,
        settings: InterpreterSettings,
        (width, height): (u16, u32),
        times: f64,
    ) -> Self {
        let to_px = Affine::scale(geometry.space.px_per_unit * times) * geometry.to_list;
        Self { page, cache: RenderCache::new(), settings, width, height, to_px }
    }

    /// Draws the rows from `top` on into the first bytes of `pixels`; returns how many bytes those are.
    fn band(&self, top: u32, rows: u32, pixels: &mut Vec<u8>) -> Result<usize, PageFailure> {
        let height = rows.min(self.height - top) as u16;
        let mut context = RenderContext::new(self.width, height);
        let transform = Affine::translate((0.0, -f64::from(top))) * self.to_px;
        let options = RenderSettings::default();
        render_into(self.page, &self.cache, &self.settings, &options, &mut context, transform);
        context.flush();
        let bytes = usize::from(self.width) * usize::from(height) * 4;
        if pixels.len() < bytes {
            // Fresh zeroes come untouched from the system.
            *pixels = vec![0; bytes];
        }
        let target = PixmapMut::new(self.width, height, &mut pixels[..bytes])
            .ok_or_else(|| PageFailure::new("page_size", "The page's pixels do not fit its size."))?;
        let settings =
            RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
        context.render_with(target, &mut Resources::default(), settings);
        Ok(bytes)
    }
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
