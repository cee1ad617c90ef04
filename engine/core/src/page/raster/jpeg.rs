//! JPEG pages.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{Frame, Rows, damaged};
use crate::page::image_out::RowFormat;
use crate::page::open::{PageFailure, ParseError};
use crate::page::request::ParseLimits;

const CM_PER_INCH: f64 = 2.54;
/// The end mark may be followed by padding and by what cameras append.
const TAIL_BYTES: usize = 64 * 1024;

fn options(out: ColorSpace) -> DecoderOptions {
    // The format's own largest side; `max_pixels` is checked before decoding.
    let side = usize::from(u16::MAX);
    DecoderOptions::default().set_max_width(side).set_max_height(side).jpeg_set_out_colorspace(out)
}

pub(super) fn frame(bytes: &[u8], limits: &ParseLimits) -> Result<Frame, PageFailure> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(ColorSpace::RGB));
    decoder.decode_headers().map_err(damaged)?;
    let info = decoder.info().ok_or_else(|| damaged("it has no frame header"))?;
    let density = (f64::from(info.x_density), f64::from(info.y_density));
    // JFIF: 1 is dots an inch, 2 dots a centimetre, 0 a mere aspect ratio.
    let per_inch = match info.pixel_density {
        1 => Some(density),
        2 => Some((density.0 * CM_PER_INCH, density.1 * CM_PER_INCH)),
        _ => None,
    };
    let format = if info.components == 1 { RowFormat::Gray } else { RowFormat::Rgb };
    Frame::new(u32::from(info.width), u32::from(info.height), format, per_inch).check(limits)
}

/// Whether the picture's end mark is there. A decoder fills what is missing with grey, silently.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
    tail.windows(2).any(|pair| pair == [0xFF, 0xD9])
}

pub(super) fn decode(bytes: &[u8], frame: &Frame, rows: &mut Rows<'_, '_>) -> Result<(), ParseError> {
    let out = match frame.format {
        RowFormat::Gray => ColorSpace::Luma,
        RowFormat::Rgb => ColorSpace::RGB,
    };
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(out));
    let pixels = decoder.decode().map_err(damaged)?;
    let line = frame.width as usize * frame.format.channels();
    if pixels.len() != line * frame.height as usize {
        return Err(damaged("its pixels do not fill its size").into());
    }
    pixels.chunks_exact(line).try_for_each(|row| rows.push(row))
}
