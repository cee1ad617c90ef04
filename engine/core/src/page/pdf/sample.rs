//! The colours of pictures that something is drawn on.
//!
//! Few pages draw on their pictures, and decoding costs: only those are read that the look at the grounds asks for. One
//! that is an object of the page is drawn for itself; for others the page is walked once more.

use hayro_interpret::font::GlyphRun;
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageData, ImageDrawProps,
    InterpreterCache, InterpreterSettings, LumaData, Paint, SoftMask, interpret, interpret_page,
};
use hayro_syntax::content::TypedIter;
use hayro_syntax::object::{MaybeRef, Object, ObjectIdentifier};
use hayro_syntax::page::Page;
use kurbo::{Affine, BezPath, Point, Rect};
use rustc_hash::{FxHashMap, FxHashSet};

use super::opacity;
use super::packed;
use super::shade::Shade;
use super::tally::{self, Tally};
use crate::budget::Budget;
use crate::page::PageFailure;
use crate::page::request::ParseLimits;

/// Larger pictures are not decoded, and of those that are, so many pixels a side are kept.
const MAX_PIXELS: u64 = 128 * 1024 * 1024;
const MAX_SIDE: u32 = 1_024;
/// Pictures of one page that are decoded, and bytes that are kept of them.
const MAX_SAMPLES: usize = 64;
const MAX_ALL_PIXELS: u64 = 192 * 1024 * 1024;
const MAX_KEPT: usize = 24 * 1024 * 1024;
/// Most unpacked bytes of a picture that are looked at for damage.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// A picture, thinned out.
#[derive(Debug)]
pub(super) struct Sample {
    /// Of a stencil none: it has one colour, or none that is known.
    colours: Option<Grid>,
    paint: Shade,
    opacity: Option<Grid>,
}

/// Values of a picture's pixels, row by row.
#[derive(Debug)]
struct Grid {
    width: usize,
    height: usize,
    channels: usize,
    values: Vec<u8>,
}

impl Grid {
    fn of(data: &[u8], (width, height): (u32, u32), channels: usize) -> Option<Self> {
        let (w, h) = (width as usize, height as usize);
        if w == 0 || h == 0 || data.len() < w * h * channels {
            return None;
        }
        let (columns, rows) = (w.min(MAX_SIDE as usize), h.min(MAX_SIDE as usize));
        let mut values = Vec::with_capacity(columns * rows * channels);
        for row in 0..rows {
            let y = (2 * row + 1) * h / (2 * rows);
            for column in 0..columns {
                let x = (2 * column + 1) * w / (2 * columns);
                let at = (y * w + x) * channels;
                values.extend_from_slice(&data[at..at + channels]);
            }
        }
        Some(Self { width: columns, height: rows, channels, values })
    }

    fn at(&self, p: Point) -> &[u8] {
        let index = |t: f64, count: usize| ((t * count as f64).max(0.0) as usize).min(count - 1);
        let at = (index(p.y, self.height) * self.width + index(p.x, self.width)) * self.channels;
        &self.values[at..at + self.channels]
    }
}

impl Sample {
    /// Colour and opacity of a place of the picture, whose width and height are 1.
    pub(super) fn at(&self, p: Point) -> (Shade, f32) {
        let shade = match self.colours.as_ref().map(|colours| colours.at(p)) {
            Some(&[r, g, b]) => Shade::of(u32::from_be_bytes([r, g, b, u8::MAX])),
            Some(&[grey]) => Shade::of(u32::from_be_bytes([grey, grey, grey, u8::MAX])),
            Some(_) => Shade::ANY,
            None => self.paint,
        };
        (shade, self.opacity.as_ref().map_or(1.0, |grid| f32::from(grid.at(p)[0]) / 255.0))
    }

    fn of(image: &Image<'_, '_>) -> Option<Self> {
        if pixels(image) > MAX_PIXELS {
            return None;
        }
        let grey = |luma: &LumaData| Grid::of(&luma.data, (luma.width, luma.height), 1);
        let mut sample = None;
        match image {
            Image::Raster(raster) => {
                // What is shown in place of damaged data differs from program to program.
                if packed::examine_picture(raster.stream(), MAX_BYTES, &mut |_| true).is_some() {
                    return None;
                }
                let keep = |data: ImageData, alpha: Option<LumaData>| {
                    let colours = match &data {
                        ImageData::Rgb(rgb) => Grid::of(&rgb.data, (rgb.width, rgb.height), 3),
                        ImageData::Luma(luma) => grey(luma),
                    };
                    let opacity = alpha.as_ref().map(grey);
                    if colours.is_some() && opacity.as_ref().is_none_or(Option::is_some) {
                        sample = Some(Self { colours, paint: Shade::ANY, opacity: opacity.flatten() });
                    }
                };
                raster.with_rgba(keep, Some((MAX_SIDE, MAX_SIDE)));
            }
            Image::Stencil(stencil) => {
                if packed::examine_picture(stencil.stream(), MAX_BYTES, &mut |_| true).is_some() {
                    return None;
                }
                let paint = opacity::paint_of(image).ok().flatten();
                let shade = paint.map_or(Shade::ANY, Shade::of);
                let keep = |luma: LumaData, _: &Paint<'_>| {
                    let opacity = grey(&luma);
                    sample = opacity.map(|grid| Self { colours: None, paint: shade, opacity: Some(grid) });
                };
                stencil.with_stencil(keep, None);
                let alpha = paint.map_or(u8::MAX, |rgba| rgba.to_be_bytes()[3]);
                if let Some(grid) = sample.as_mut().and_then(|s: &mut Self| s.opacity.as_mut()) {
                    grid.values.iter_mut().for_each(|v| *v = (u16::from(*v) * u16::from(alpha) / 255) as u8);
                }
            }
        }
        sample
    }

    fn bytes(&self) -> usize {
        [&self.colours, &self.opacity].into_iter().flatten().map(|grid| grid.values.len()).sum()
    }
}

fn pixels(image: &Image<'_, '_>) -> u64 {
    u64::from(image.width()) * u64::from(image.height())
}

/// Pictures that are asked for, by their numbers on the page; and which object each is, as far as that is known.
pub(super) type Wanted = FxHashMap<u32, Option<ObjectIdentifier>>;

/// Samples of those of the page's pictures that are wanted, by their numbers; `None` of those that cannot be had.
pub(super) fn pictures(
    page: &Page<'_>,
    (to_list, page_box): (Affine, Rect),
    settings: InterpreterSettings,
    wanted: &Wanted,
    limits: &ParseLimits,
    budget: &Budget,
) -> Result<FxHashMap<u32, Option<Sample>>, PageFailure> {
    let cache = InterpreterCache::new();
    let context = || Context::new(to_list, page_box, &cache, page.xref(), settings.clone());
    let samples = wanted.keys().map(|nth| (*nth, None)).collect();
    let mut pictures = Pictures {
        tally: Tally::new(limits, budget),
        next: 0,
        decoded: 0,
        pixels: 0,
        kept: 0,
        missing: wanted.keys().copied().collect(),
        samples,
    };
    let mut in_order: Vec<_> = wanted.iter().collect();
    in_order.sort_unstable();
    for (nth, object) in in_order {
        if let Some(content) = object.and_then(|id| drawing_of(page, id)) {
            pictures.next = *nth;
            let operations = TypedIter::new(&content);
            tally::catch(|| interpret(operations, page.resources(), &mut context(), &mut pictures))?;
        }
    }
    if !pictures.missing.is_empty() {
        pictures.next = 0;
        tally::catch(|| interpret_page(page, &mut context(), &mut pictures))?;
    }
    Ok(pictures.samples)
}

/// Content that draws an object of the page's resources, if that is one.
fn drawing_of(page: &Page<'_>, id: ObjectIdentifier) -> Option<Vec<u8>> {
    let is_it = |value: &MaybeRef<Object<'_>>| matches!(value, MaybeRef::Ref(at) if ObjectIdentifier::from(*at) == id);
    let (name, _) = page.resources().x_objects.entries().find(|(_, value)| is_it(value))?;
    let name: &[u8] = name.as_ref();
    name.iter().all(u8::is_ascii_alphanumeric).then(|| [b"/", name, b" Do"].concat())
}

/// Looks at nothing but pictures.
struct Pictures<'b> {
    tally: Tally<'b>,
    next: u32,
    decoded: usize,
    pixels: u64,
    kept: usize,
    /// Those that were not met yet.
    missing: FxHashSet<u32>,
    samples: FxHashMap<u32, Option<Sample>>,
}

impl<'a> Device<'a> for Pictures<'_> {
    fn draw_path(&mut self, path: &BezPath, _: DrawProps<'a>, _: &DrawMode) {
        self.tally.call(path.elements().len() as u64);
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.tally.call(1);
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.tally.call(1);
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, _: DrawProps<'a>, _: &DrawMode) {
        self.tally.call(run.glyphs().len() as u64);
    }

    fn draw_image(&mut self, image: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.tally.call(1);
        let nth = self.next;
        self.next += 1;
        if !self.missing.remove(&nth) {
            return;
        }
        let pixels = pixels(&image);
        let few = self.decoded < MAX_SAMPLES && self.pixels + pixels <= MAX_ALL_PIXELS;
        let Some(slot) = self.samples.get_mut(&nth).filter(|_| few) else { return };
        self.decoded += 1;
        self.pixels += pixels;
        let sample = Sample::of(&image).filter(|sample| self.kept + sample.bytes() <= MAX_KEPT);
        self.kept += sample.as_ref().map_or(0, Sample::bytes);
        *slot = sample;
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}
