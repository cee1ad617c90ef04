//! PNG pages.

use std::io::Cursor;

use png::{ColorType, Decoder, DecodingError, Limits, Reader, Transformations, Unit};

use super::exif::Exif;
use super::resolution::Density;
use super::stated::stated;
use super::{CUT_OFF, Frame, GARBLED, Rows, TOO_MUCH, damaged, over_white};
use crate::page::image_out::RowFormat;
use crate::page::open::{PageFailure, ParseError};
use crate::page::request::ParseLimits;

const METRES_PER_INCH: f64 = 0.0254;

fn reader<'d>(bytes: &'d [u8], limits: &ParseLimits) -> Result<Reader<Cursor<&'d [u8]>>, PageFailure> {
    let max = usize::try_from(limits.max_stream_bytes).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: max });
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.read_info().map_err(failure)
}

fn failure(error: DecodingError) -> PageFailure {
    damaged(match error {
        DecodingError::IoError(_) => CUT_OFF,
        DecodingError::LimitsExceeded => TOO_MUCH,
        DecodingError::Format(_) | DecodingError::Parameter(_) => GARBLED,
    })
}

fn format(color: ColorType) -> RowFormat {
    match color {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => RowFormat::Gray,
        ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => RowFormat::Rgb,
    }
}

pub(super) fn frame(bytes: &[u8], limits: &ParseLimits) -> Result<Frame, PageFailure> {
    let reader = reader(bytes, limits)?;
    let info = reader.info();
    let density = info.pixel_dims.map(|d| {
        // Whole pixels a metre round 300 dpi to 299.9994: give back the whole number that was meant.
        let dpi = |per_metre: u32| {
            let exact = f64::from(per_metre) * METRES_PER_INCH;
            if (exact - exact.round()).abs() < METRES_PER_INCH { exact.round() } else { exact }
        };
        match d.unit {
            Unit::Meter => Density::PerInch(dpi(d.xppu), dpi(d.yppu)),
            Unit::Unspecified => Density::Shape(d.xppu.into(), d.yppu.into()),
        }
    });
    let exif = exif(bytes).map_or(Exif::NONE, Exif::read);
    let size = (info.width, info.height);
    let (density, finding) = stated(size, density, exif.density);
    let format = format(reader.output_color_type().0);
    let mut frame = Frame::new(size, format, density, exif.turn, limits)?;
    frame.findings.extend(finding);
    Ok(frame)
}

/// The Exif chunk. It may stand behind the pixels too, where the decoder has not read when the head is asked for.
fn exif(bytes: &[u8]) -> Option<&[u8]> {
    const SIGNATURE_BYTES: usize = 8;
    // Length and name before what a chunk holds, its checksum behind.
    const AROUND: [usize; 2] = [8, 4];
    let mut rest = bytes.get(SIGNATURE_BYTES..)?;
    loop {
        let (length, name) = (rest.get(..4)?.try_into().ok()?, rest.get(4..AROUND[0])?);
        let end = AROUND[0].checked_add(u32::from_be_bytes(length) as usize)?;
        let held = rest.get(AROUND[0]..end)?;
        if name == b"eXIf" {
            return Some(held);
        }
        rest = rest.get(end.checked_add(AROUND[1])?..)?;
    }
}

pub(super) fn decode(bytes: &[u8], limits: &ParseLimits, rows: &mut Rows<'_, '_>) -> Result<(), ParseError> {
    let mut reader = reader(bytes, limits)?;
    let color = reader.output_color_type().0;
    let mut flat = Vec::new();
    if reader.info().interlaced {
        let size = reader.output_buffer_size().ok_or_else(|| damaged("it is larger than memory"))?;
        let mut buffer = vec![0; size];
        let out = reader.next_frame(&mut buffer).map_err(failure)?;
        for row in buffer.chunks_exact(out.line_size).take(out.height as usize) {
            rows.push(flatten(row, color, &mut flat))?;
        }
        return Ok(());
    }
    while let Some(row) = reader.next_row().map_err(failure)? {
        rows.push(flatten(row.data(), color, &mut flat))?;
    }
    Ok(())
}

/// The row without its alpha channel, over white paper.
fn flatten<'r>(row: &'r [u8], color: ColorType, flat: &'r mut Vec<u8>) -> &'r [u8] {
    flat.clear();
    match color {
        ColorType::GrayscaleAlpha => flat.extend(row.chunks_exact(2).map(|p| over_white(p[0], p[1]))),
        ColorType::Rgba => {
            flat.extend(row.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|c| over_white(p[c], p[3]))));
        }
        ColorType::Grayscale | ColorType::Rgb | ColorType::Indexed => return row,
    }
    flat
}
