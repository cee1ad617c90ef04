//! A sheet as a scanner gives it: turned a little, grainy, through a lossy codec.

use std::io::Cursor;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, ImageReader, Luma};
use rand::rngs::{SmallRng, StdRng};
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use takeoff_core::budget::Budget;
use takeoff_core::geom::PageSpace;
use takeoff_core::page::display::{DisplayList, Verb};
use takeoff_core::page::request::{FileType, ParseLimits};
use takeoff_core::trace::{Gray, trace};
use takeoff_samples::Instance;

/// Resolution that pages are drawn at and truth is given for.
const DRAWN_DPI: u32 = 150;
const MAX_SKEW_DEG: f64 = 2.0;
const JPEG_QUALITY: u8 = 75;
/// Of the sum of eight bytes of chance.
const MEAN_OF_BYTES: f64 = 8.0 * 127.5;
const DEVIATION_OF_BYTES: f64 = 209.0;
/// Larger pictures are refused by the product.
const MAX_PIXELS: f64 = 100e6;

/// How a sheet is scanned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan {
    pub dpi: u32,
    /// Deviation of a pixel's brightness, of 255.
    pub noise: f64,
    pub skewed: bool,
}

/// What a scanner made of a sheet.
pub(crate) struct Scanned {
    pub list: DisplayList,
    to: Turn,
}

/// From drawn pixels to those of the scan.
#[derive(Clone, Copy)]
struct Turn {
    grow: f64,
    sin: f64,
    cos: f64,
    middle: [f64; 2],
}

impl Turn {
    fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (x, y) = (x * self.grow - self.middle[0], y * self.grow - self.middle[1]);
        [self.cos * x - self.sin * y + self.middle[0], self.sin * x + self.cos * y + self.middle[1]]
    }

    /// From a pixel of the scan to the unturned picture.
    fn back(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (x, y) = (x - self.middle[0], y - self.middle[1]);
        [self.cos * x + self.sin * y + self.middle[0], -self.sin * x + self.cos * y + self.middle[1]]
    }
}

impl Scanned {
    /// Where an instance is on the scan; its box keeps its size.
    pub(crate) fn place(&self, instance: &Instance) -> Instance {
        let [x, y, w, h] = instance.area;
        let middle = self.to.apply([x + w / 2.0, y + h / 2.0]);
        let (sin, cos) = (self.to.sin.abs(), self.to.cos);
        let (w, h) = (w * self.to.grow, h * self.to.grow);
        let (w, h) = (w * cos + h * sin, h * cos + w * sin);
        Instance { area: [middle[0] - w / 2.0, middle[1] - h / 2.0, w, h], ..*instance }
    }

    /// The strokes, in pixels of the scan.
    pub(crate) fn svg(&self) -> String {
        let space = self.list.space;
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" fill=\"none\" stroke=\"black\">\n",
            space.width_px, space.height_px
        );
        for path in &self.list.paths {
            let (verbs, coords) = self.list.path(path);
            let at: Vec<String> = coords
                .iter()
                .map(|c| space.to_px(c[0], c[1]))
                .map(|p| format!("{:.1} {:.1}", p.x, p.y))
                .collect();
            let end = if verbs.contains(&Verb::Close) { "Z" } else { "" };
            text += &format!("<path d=\"M{}{end}\"/>\n", at.join("L"));
        }
        text + "</svg>\n"
    }
}

impl Scan {
    /// Whether a sheet of so many drawn pixels can be scanned so.
    pub(crate) fn takes(&self, [width_px, height_px]: [u32; 2]) -> bool {
        let grow = f64::from(self.dpi) / f64::from(DRAWN_DPI);
        f64::from(width_px) * f64::from(height_px) * grow * grow <= MAX_PIXELS
    }

    /// The scan of a sheet of so many drawn pixels.
    pub(crate) fn of(&self, pdf: Vec<u8>, size: [u32; 2], seed: u64) -> anyhow::Result<Scanned> {
        let grow = f64::from(self.dpi) / f64::from(DRAWN_DPI);
        ensure!(
            self.takes(size),
            "a sheet of {} x {} pixels is too large to be scanned at {} dpi",
            size[0],
            size[1],
            self.dpi
        );
        let drawn = picture(enlarged(pdf, grow)?)?;
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5ca7);
        let angle = if self.skewed { rng.random_range(-MAX_SKEW_DEG..=MAX_SKEW_DEG) } else { 0.0 };
        let (sin, cos) = angle.to_radians().sin_cos();
        let middle = [f64::from(drawn.width()) / 2.0, f64::from(drawn.height()) / 2.0];
        let to = Turn { grow, sin, cos, middle };
        let scanned = self.worn(&drawn, to, SmallRng::seed_from_u64(rng.next_u64()));
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY).encode_image(&scanned)?;
        let read = ImageReader::new(Cursor::new(jpeg)).with_guessed_format()?.decode()?.into_luma8();
        let (w, h) = read.dimensions();
        let gray = Gray::new(w as usize, h as usize, read.as_raw()).context("the scan has no pixels")?;
        let space = PageSpace::of_raster(w, h, Some(f64::from(self.dpi)));
        let list = trace(&gray, &space, &Budget::unlimited())?;
        Ok(Scanned { list, to })
    }

    fn worn(&self, drawn: &GrayImage, to: Turn, mut rng: SmallRng) -> GrayImage {
        let (w, h) = drawn.dimensions();
        let per_byte = self.noise / DEVIATION_OF_BYTES;
        let at = |x: i64, y: i64| {
            let inside = x >= 0 && y >= 0 && x < i64::from(w) && y < i64::from(h);
            if inside { f64::from(drawn.get_pixel(x as u32, y as u32).0[0]) } else { 255.0 }
        };
        GrayImage::from_fn(w, h, |x, y| {
            let [sx, sy] = to.back([f64::from(x) + 0.5, f64::from(y) + 0.5]).map(|v| v - 0.5);
            let (fx, fy) = (sx.floor(), sy.floor());
            let (tx, ty) = (sx - fx, sy - fy);
            let (ix, iy) = (fx as i64, fy as i64);
            let above = at(ix, iy) * (1.0 - tx) + at(ix + 1, iy) * tx;
            let below = at(ix, iy + 1) * (1.0 - tx) + at(ix + 1, iy + 1) * tx;
            let value = above * (1.0 - ty) + below * ty;
            // Paper is not quite white and ink not quite black; eight dice are nearly a bell.
            let dice: u16 = rng.next_u64().to_le_bytes().into_iter().map(u16::from).sum();
            let grain = (f64::from(dice) - MEAN_OF_BYTES) * per_byte;
            Luma([(18.0 + value * 0.92 + grain).clamp(0.0, 255.0) as u8])
        })
    }
}

/// The page so many times larger: its user unit is.
fn enlarged(pdf: Vec<u8>, times: f64) -> anyhow::Result<Vec<u8>> {
    if times == 1.0 {
        return Ok(pdf);
    }
    let key = b"/MediaBox";
    let at = pdf.windows(key.len()).position(|w| w == key).context("the sheet has no media box")?;
    // The reader finds objects again where offsets have moved.
    let unit = format!("/UserUnit {times} ");
    Ok([&pdf[..at], unit.as_bytes(), &pdf[at..]].concat())
}

/// The page as a picture.
pub(crate) fn picture(pdf: Vec<u8>) -> anyhow::Result<GrayImage> {
    let (limits, budget) = (ParseLimits::default(), Budget::unlimited());
    let mut file = takeoff_core::page::open(Arc::new(pdf), FileType::Pdf, &limits)
        .map_err(|e| anyhow::anyhow!("{e:?}"))?;
    let (mut png, mut thumbnail) = (Vec::new(), Vec::new());
    file.parse_page(0, &limits, &budget, &mut png, &mut thumbnail).map_err(|e| anyhow::anyhow!("{e:?}"))?;
    let mut reader = ImageReader::new(Cursor::new(png)).with_guessed_format()?;
    reader.no_limits();
    Ok(reader.decode()?.into_luma8())
}
