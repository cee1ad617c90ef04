//! JPEG pages.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::exif::Exif;
use super::resolution::{CM, Density};
use super::stated::stated;
use super::{CUT_OFF, Frame, GARBLED, Rows, damaged, unsupported};
use crate::page::image_out::RowFormat;
use crate::page::open::{PageFailure, ParseError};
use crate::page::request::ParseLimits;

/// The end mark may be followed by padding and by what cameras append.
const TAIL_BYTES: usize = 64 * 1024;

fn options(out: ColorSpace) -> DecoderOptions {
    // The format's own largest side; `max_pixels` is checked before decoding.
    let side = usize::from(u16::MAX);
    DecoderOptions::default().set_max_width(side).set_max_height(side).jpeg_set_out_colorspace(out)
}

pub(super) fn frame(bytes: &[u8], limits: &ParseLimits) -> Result<Frame, PageFailure> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(ColorSpace::RGB));
    decoder.decode_headers().map_err(failure)?;
    let info = decoder.info().ok_or_else(|| damaged("it has no frame header"))?;
    let format = if info.components == 1 { RowFormat::Gray } else { RowFormat::Rgb };
    let size = (u32::from(info.width), u32::from(info.height));
    let exif = exif(bytes);
    let (density, finding) = stated(size, jfif_density(bytes), exif.density);
    let mut frame = Frame::new(size, format, density, exif.turn, limits)?;
    frame.findings.extend(finding);
    Ok(frame)
}

fn failure(error: DecodeErrors) -> PageFailure {
    match error {
        DecodeErrors::Unsupported(_) => unsupported("a JPEG that is neither baseline nor progressive"),
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => damaged(CUT_OFF),
        DecodeErrors::ZeroError => damaged("it has no pixels"),
        _ => damaged(GARBLED),
    }
}

/// The density that JFIF states (JFIF 1.02: unit 1 is dots an inch, 2 dots a centimetre, 0 none, so that only the shape
/// of a pixel is told). The decoder does not report it.
fn jfif_density(bytes: &[u8]) -> Option<Density> {
    const APP0: u8 = 0xE0;
    segments(bytes).find_map(|segment| match segment {
        (APP0, [b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x0, y1, y0, ..]) => {
            let per_unit = |v: [u8; 2]| f64::from(u16::from_be_bytes(v));
            let (x, y) = (per_unit([*x1, *x0]), per_unit([*y1, *y0]));
            Some(match unit {
                1 => Density::PerInch(x, y),
                2 => Density::PerInch(x * CM, y * CM),
                _ => Density::Shape(x, y),
            })
        }
        _ => None,
    })
}

/// How the picture is stored and how dense it is, as cameras and some scanners say.
fn exif(bytes: &[u8]) -> Exif {
    const APP1: u8 = 0xE1;
    let block = segments(bytes)
        .find_map(|(marker, segment)| segment.strip_prefix(b"Exif\0\0").filter(|_| marker == APP1));
    block.map_or(Exif::NONE, Exif::read)
}

/// Markers and what follows them, up to the pixels or to what is no segment.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    const START_OF_SCAN: u8 = 0xDA;
    let mut rest = bytes.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        // Any marker may be led by more bytes of ones.
        while let [0xFF, 0xFF, ..] = rest {
            rest = &rest[1..];
        }
        let [0xFF, marker, high, low, ..] = *rest else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..2 + length).filter(|_| marker != START_OF_SCAN)?;
        rest = rest.get(2 + length..)?;
        Some((marker, segment))
    })
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
    let pixels = decoder.decode().map_err(failure)?;
    let line = frame.stored.0 as usize * frame.format.channels();
    if pixels.len() != line * frame.stored.1 as usize {
        return Err(damaged("its pixels do not fill its size").into());
    }
    pixels.chunks_exact(line).try_for_each(|row| rows.push(row))
}
