//! TIFF pages, one a frame.

use std::io::{Cursor, ErrorKind};

use tiff::decoder::ifd::Value;
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError, TiffFormatError, TiffUnsupportedError};

use super::resolution::Density;
use super::upright::Turn;
use super::{CUT_OFF, Frame, GARBLED, Rows, TOO_MUCH, damaged, over_white, unsupported};
use crate::page::image_out::RowFormat;
use crate::page::open::{PageFailure, ParseError, rejected};
use crate::page::request::{ParseLimits, RejectReason, Rejected};

const CM_PER_INCH: f64 = 2.54;
/// `PlanarConfiguration`: each channel in a picture of its own.
const SEPARATE_PLANES: u16 = 2;

type Tiff<'d> = Decoder<Cursor<&'d [u8]>>;

fn decoder<'d>(bytes: &'d [u8], limits: &ParseLimits) -> Result<Tiff<'d>, TiffError> {
    let mut own = Limits::default();
    // Four channels of eight bits for every pixel that is allowed.
    own.decoding_buffer_size = usize::try_from(limits.max_pixels.saturating_mul(4)).unwrap_or(usize::MAX);
    own.intermediate_buffer_size = usize::try_from(limits.max_stream_bytes).unwrap_or(usize::MAX);
    Ok(Decoder::new(Cursor::new(bytes))?.with_limits(own))
}

/// Heads of all frames. The chain of frames may be longer than memory or a ring: it is followed up to
/// the page limit.
pub(super) fn frames(
    bytes: &[u8],
    limits: &ParseLimits,
) -> Result<Vec<Result<Frame, PageFailure>>, Rejected> {
    let damage = |e: TiffError| {
        rejected(RejectReason::Damaged, format!("The file cannot be read as a TIFF: {}.", plain(&e)))
    };
    let mut tiff = decoder(bytes, limits).map_err(damage)?;
    let mut frames = Vec::new();
    loop {
        if frames.len() >= limits.max_pages as usize {
            return Err(rejected(
                RejectReason::TooLarge,
                format!("The file has more than {} frames, the limit.", limits.max_pages),
            ));
        }
        frames.push(frame(&mut tiff, limits));
        if !tiff.more_images() {
            return Ok(frames);
        }
        if let Err(e) = tiff.next_image() {
            // The chain goes on behind a frame that cannot be read, or it breaks here.
            frames.push(Err(failure(e)));
            if !tiff.more_images() {
                return Ok(frames);
            }
        }
    }
}

fn frame(tiff: &mut Tiff<'_>, limits: &ParseLimits) -> Result<Frame, PageFailure> {
    let (width, height) = tiff.dimensions().map_err(failure)?;
    let color = tiff.colortype().map_err(failure)?;
    let resolution = |tiff: &mut Tiff<'_>, tag| match tiff.find_tag(tag).ok().flatten()? {
        Value::Rational(n, d) if d > 0 => Some(f64::from(n) / f64::from(d)),
        Value::Float(v) => Some(f64::from(v)),
        Value::Double(v) => Some(v),
        _ => None,
    };
    let density = match (resolution(tiff, Tag::XResolution), resolution(tiff, Tag::YResolution)) {
        (Some(x), Some(y)) => Some(match tiff.find_tag_unsigned::<u16>(Tag::ResolutionUnit).ok().flatten() {
            Some(3) => Density::PerInch(x * CM_PER_INCH, y * CM_PER_INCH),
            None | Some(2) => Density::PerInch(x, y),
            // 1 is no unit, for pictures whose pixels have a shape and no size.
            Some(_) => Density::Shape(x, y),
        }),
        _ => None,
    };
    let turn = tiff.find_tag_unsigned::<u16>(Tag::Orientation).ok().flatten();
    let turn = turn.map_or(Turn::UPRIGHT, Turn::of_tag);
    Frame::new((width, height), layout(color)?.format(), density, turn, limits)
}

/// How samples lie in a decoded row.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// Grey of 1, 2, 4, 8 or 16 bits and the number of samples a pixel of which the first is the grey.
    Gray {
        bits: u8,
        samples: usize,
    },
    Rgb {
        samples: usize,
    },
    Rgba,
    Cmyk {
        samples: usize,
    },
    YCbCr,
}

impl Layout {
    const fn format(self) -> RowFormat {
        match self {
            Self::Gray { .. } => RowFormat::Gray,
            _ => RowFormat::Rgb,
        }
    }

    /// Bytes of a decoded row, 16-bit samples already cut to 8.
    const fn row_bytes(self, width: usize) -> usize {
        match self {
            Self::Gray { bits: 1, .. } => width.div_ceil(8),
            Self::Gray { bits: 2, .. } => width.div_ceil(4),
            Self::Gray { bits: 4, .. } => width.div_ceil(2),
            Self::Gray { samples, .. } | Self::Rgb { samples } | Self::Cmyk { samples } => width * samples,
            Self::Rgba => width * 4,
            Self::YCbCr => width * 3,
        }
    }

    fn convert(self, row: &[u8], width: usize, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Self::Gray { bits: bits @ (1 | 2 | 4), .. } => {
                let (per_byte, top) = (8 / usize::from(bits), (1_u8 << bits) - 1);
                out.extend((0..width).map(|x| {
                    let shift = 8 - usize::from(bits) * (x % per_byte + 1);
                    ((row[x / per_byte] >> shift) & top) * (255 / top)
                }));
            }
            Self::Gray { samples, .. } => out.extend(row.chunks_exact(samples).map(|p| p[0])),
            Self::Rgb { samples } => out.extend(row.chunks_exact(samples).flat_map(|p| [p[0], p[1], p[2]])),
            Self::Rgba => {
                out.extend(row.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|c| over_white(p[c], p[3]))));
            }
            Self::Cmyk { samples } => out.extend(row.chunks_exact(samples).flat_map(|p| {
                let paper = u32::from(255 - p[3]);
                [0, 1, 2].map(|c| ((u32::from(255 - p[c]) * paper + 127) / 255) as u8)
            })),
            Self::YCbCr => out.extend(row.chunks_exact(3).flat_map(|p| rgb_of_ycbcr([p[0], p[1], p[2]]))),
        }
    }
}

/// JFIF's full-range conversion (ITU-R BT.601).
fn rgb_of_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
        .map(|v| v.round().clamp(0.0, 255.0) as u8)
}

fn layout(color: ColorType) -> Result<Layout, PageFailure> {
    Ok(match color {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8 | 16)) => Layout::Gray { bits, samples: 1 },
        ColorType::GrayA(bits @ (8 | 16)) => Layout::Gray { bits, samples: 2 },
        ColorType::Multiband { bit_depth: bits @ (8 | 16), num_samples: 2 } => {
            Layout::Gray { bits, samples: 2 }
        }
        ColorType::RGB(8 | 16) => Layout::Rgb { samples: 3 },
        ColorType::RGBA(8 | 16) => Layout::Rgba,
        ColorType::CMYK(8 | 16) => Layout::Cmyk { samples: 4 },
        ColorType::CMYKA(8 | 16) => Layout::Cmyk { samples: 5 },
        ColorType::YCbCr(8) => Layout::YCbCr,
        ColorType::Palette(_) => return Err(unsupported("a TIFF whose pixels are numbers of a palette")),
        ColorType::Lab(_) => return Err(unsupported("a TIFF of Lab colours")),
        _ => return Err(unsupported("a TIFF of an unusual number of channels or bits")),
    })
}

pub(super) fn decode(
    bytes: &[u8],
    index: u32,
    limits: &ParseLimits,
    rows: &mut Rows<'_, '_>,
) -> Result<(), ParseError> {
    let mut tiff = decoder(bytes, limits).map_err(failure)?;
    tiff.seek_to_image(index as usize).map_err(failure)?;
    let (width, height) = tiff.dimensions().map_err(failure)?;
    let layout = layout(tiff.colortype().map_err(failure)?)?;
    let planes = tiff.find_tag_unsigned::<u16>(Tag::PlanarConfiguration).ok().flatten();
    if planes == Some(SEPARATE_PLANES) && layout.row_bytes(1) > 1 {
        return Err(unsupported("a TIFF that stores its colour channels apart").into());
    }
    let mut left = height as usize;
    if tiff.get_chunk_type() == ChunkType::Strip {
        for strip in 0..tiff.strip_count().map_err(failure)? {
            let pixels = tiff.read_chunk(strip).map_err(failure)?;
            push_rows(&bytes_of(pixels)?, layout, width as usize, &mut left, rows)?;
        }
    } else {
        let pixels = tiff.read_image().map_err(failure)?;
        push_rows(&bytes_of(pixels)?, layout, width as usize, &mut left, rows)?;
    }
    if left > 0 {
        return Err(damaged(format!("{left} of its {height} rows are missing")).into());
    }
    Ok(())
}

fn failure(error: TiffError) -> PageFailure {
    match error {
        TiffError::UnsupportedError(TiffUnsupportedError::UnsupportedCompressionMethod(_)) => {
            unsupported("a TIFF that is packed in another way than Group 4, LZW, Deflate, PackBits or JPEG")
        }
        TiffError::UnsupportedError(_) => unsupported("a TIFF that is laid out in an unusual way"),
        other => damaged(plain(&other)),
    }
}

fn plain(error: &TiffError) -> &'static str {
    match error {
        TiffError::FormatError(TiffFormatError::CycleInOffsets) => {
            "there is a cycle in the list of its frames"
        }
        TiffError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => CUT_OFF,
        TiffError::LimitsExceeded | TiffError::IntSizeError => TOO_MUCH,
        _ => GARBLED,
    }
}

fn push_rows(
    pixels: &[u8],
    layout: Layout,
    width: usize,
    left: &mut usize,
    rows: &mut Rows<'_, '_>,
) -> Result<(), ParseError> {
    let mut out = Vec::new();
    for row in pixels.chunks_exact(layout.row_bytes(width)).take(*left) {
        layout.convert(row, width, &mut out);
        rows.push(&out)?;
        *left -= 1;
    }
    Ok(())
}

/// Samples cut to eight bits.
fn bytes_of(pixels: DecodingResult) -> Result<Vec<u8>, PageFailure> {
    match pixels {
        DecodingResult::U8(samples) => Ok(samples),
        DecodingResult::U16(samples) => Ok(samples.into_iter().map(|s| (s >> 8) as u8).collect()),
        _ => Err(unsupported("a TIFF whose samples are neither 8 nor 16 bits")),
    }
}
