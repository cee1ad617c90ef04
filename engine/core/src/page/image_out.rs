//! Page images and thumbnails as PNG, row by row.

use std::io::{self, Write};

use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma, Pixel, Rgb};
use png::{BitDepth, ColorType, Compression, Encoder, Filter, PixelDimensions, Unit};

/// Longest edge of a thumbnail, pixels.
pub const THUMBNAIL_EDGE_PX: u32 = 256;
/// The thumbnail is first averaged down by a whole factor, to at least this many times its size.
const AVERAGED_TIMES: u32 = 2;
const METRES_PER_INCH: f64 = 0.0254;
/// Compressed bytes that are handed on at once.
const CHUNK_BYTES: usize = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFormat {
    Gray,
    Rgb,
}

impl RowFormat {
    pub(super) const fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
        }
    }

    const fn color_type(self) -> ColorType {
        match self {
            Self::Gray => ColorType::Grayscale,
            Self::Rgb => ColorType::Rgb,
        }
    }
}

/// Brightness as eyes see it (BT.601).
pub(super) fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29 + 128) >> 8) as u8
}

/// Takes the rows of a page from top to bottom; the thumbnail gathers on the way.
pub(super) struct ImageSink<'w> {
    png: &'w mut dyn Write,
    format: RowFormat,
    row: Vec<u8>,
    average: Average,
    blank: bool,
}

/// Size and kind of a page image.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImageHead {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) format: RowFormat,
    pub(super) dpi: Option<f64>,
}

/// Writes a page image and its thumbnail as PNG from the rows that `rows` feeds into the sink; true
/// where every pixel was white.
pub(super) fn write_images<E: From<io::Error>>(
    head: ImageHead,
    image: &mut dyn Write,
    thumbnail: &mut dyn Write,
    rows: impl FnOnce(&mut ImageSink<'_>) -> Result<(), E>,
) -> Result<bool, E> {
    let mut encoder = encoder(image, head.width, head.height, head.format);
    encoder.set_pixel_dims(head.dpi.and_then(pixel_dimensions));
    let mut writer = encoder.write_header().map_err(io::Error::from)?;
    let mut png = writer.stream_writer_with_size(CHUNK_BYTES).map_err(io::Error::from)?;
    let mut sink = ImageSink {
        png: &mut png,
        format: head.format,
        row: Vec::new(),
        average: Average::new(head.width, head.height, head.format.channels()),
        blank: true,
    };
    rows(&mut sink)?;
    let ImageSink { average, blank, .. } = sink;
    png.finish().map_err(io::Error::from)?;
    writer.finish().map_err(io::Error::from)?;
    average.write(head.format, thumbnail)?;
    Ok(blank)
}

impl ImageSink<'_> {
    /// One row of opaque RGBA pixels.
    pub(super) fn rgba_row(&mut self, rgba: &[u8]) -> io::Result<()> {
        self.row.clear();
        match self.format {
            RowFormat::Gray => self.row.extend(rgba.chunks_exact(4).map(|p| p[0])),
            RowFormat::Rgb => {
                self.row.resize(rgba.len() / 4 * 3, 0);
                for (to, from) in self.row.chunks_exact_mut(3).zip(rgba.chunks_exact(4)) {
                    to.copy_from_slice(&from[..3]);
                }
            }
        }
        let row = std::mem::take(&mut self.row);
        let written = self.row(&row);
        self.row = row;
        written
    }

    /// One row in the sink's own format.
    pub(super) fn row(&mut self, row: &[u8]) -> io::Result<()> {
        let white = row.iter().all(|v| *v == u8::MAX);
        self.blank &= white;
        self.average.row(row, white);
        self.png.write_all(row)
    }
}

fn encoder<W: Write>(out: W, width: u32, height: u32, format: RowFormat) -> Encoder<'static, W> {
    let mut encoder = Encoder::new(out, width, height);
    encoder.set_color(format.color_type());
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    encoder
}

fn pixel_dimensions(dpi: f64) -> Option<PixelDimensions> {
    let per_metre = (dpi / METRES_PER_INCH).round();
    (1.0..=f64::from(u32::MAX)).contains(&per_metre).then_some(PixelDimensions {
        xppu: per_metre as u32,
        yppu: per_metre as u32,
        unit: Unit::Meter,
    })
}

/// Averages squares of `factor` pixels, so that thin lines fade instead of vanishing.
struct Average {
    /// Thumbnail size.
    target: (u32, u32),
    factor: usize,
    channels: usize,
    /// Pixels of a full row, and of an averaged one.
    width: usize,
    out_width: usize,
    out: Vec<u8>,
    out_rows: u32,
    sums: Vec<u32>,
    rows_in: usize,
}

impl Average {
    fn new(width: u32, height: u32, channels: usize) -> Self {
        let longest = width.max(height).max(1);
        let edge = THUMBNAIL_EDGE_PX.min(longest);
        let fit = |side: u32| {
            let scaled = (f64::from(side) * f64::from(edge) / f64::from(longest)).round() as u32;
            scaled.clamp(1, THUMBNAIL_EDGE_PX)
        };
        let factor = (longest / (edge * AVERAGED_TIMES)).max(1) as usize;
        let out_width = (width as usize).div_ceil(factor);
        Self {
            target: (fit(width), fit(height)),
            factor,
            channels,
            width: width as usize,
            out_width,
            out: Vec::new(),
            out_rows: 0,
            sums: vec![0; out_width * channels],
            rows_in: 0,
        }
    }

    fn row(&mut self, row: &[u8], white: bool) {
        let step = self.factor * self.channels;
        if white {
            for (x, sums) in self.sums.chunks_exact_mut(self.channels).enumerate() {
                let pixels = self.factor.min(self.width - x * self.factor) as u32;
                sums.iter_mut().for_each(|s| *s += pixels * u32::from(u8::MAX));
            }
        } else {
            for (sums, square) in self.sums.chunks_exact_mut(self.channels).zip(row.chunks(step)) {
                match sums {
                    [gray] => *gray += square.iter().map(|v| u32::from(*v)).sum::<u32>(),
                    [r, g, b] => {
                        for p in square.chunks_exact(3) {
                            *r += u32::from(p[0]);
                            *g += u32::from(p[1]);
                            *b += u32::from(p[2]);
                        }
                    }
                    _ => {}
                }
            }
        }
        self.rows_in += 1;
        if self.rows_in == self.factor {
            self.emit();
        }
    }

    fn emit(&mut self) {
        for (x, sums) in self.sums.chunks_exact_mut(self.channels).enumerate() {
            let pixels = self.factor.min(self.width - x * self.factor) * self.rows_in;
            self.out.extend(sums.iter().map(|s| (*s as usize / pixels.max(1)) as u8));
            sums.fill(0);
        }
        self.out_rows += 1;
        self.rows_in = 0;
    }

    fn write(mut self, format: RowFormat, out: &mut dyn Write) -> io::Result<()> {
        if self.rows_in > 0 {
            self.emit();
        }
        let (width, height) = self.target;
        let size = (self.out_width as u32, self.out_rows);
        let small = match format {
            RowFormat::Gray => shrunk::<Luma<u8>>(self.out, size, self.target),
            RowFormat::Rgb => shrunk::<Rgb<u8>>(self.out, size, self.target),
        };
        let small = small.ok_or_else(|| io::Error::other("the thumbnail's pixels are not all there"))?;
        let mut encoder = encoder(out, width, height, format);
        encoder.set_compression(Compression::Balanced);
        let mut png = encoder.write_header()?;
        png.write_image_data(&small)?;
        Ok(png.finish()?)
    }
}

/// Pixels brought to another size; `None` when they are not as many as the size says.
fn shrunk<P: Pixel<Subpixel = u8> + 'static>(
    pixels: Vec<u8>,
    (width, height): (u32, u32),
    (to_width, to_height): (u32, u32),
) -> Option<Vec<u8>> {
    let source = ImageBuffer::<P, _>::from_raw(width, height, pixels)?;
    Some(resize(&source, to_width, to_height, FilterType::Lanczos3).into_raw())
}
