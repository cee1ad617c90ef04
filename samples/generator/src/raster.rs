//! Drawings as pictures: PNG, TIFF of one or several frames, JPEG.

use std::io;

use crate::checksum::Crc32;
use crate::dice::Dice;

/// A grey picture, one byte a pixel, white paper.
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
}

/// A plan of chance: walls, doors as diagonals, hatches, a frame.
pub fn picture(seed: u64, width: u32, height: u32) -> Picture {
    let mut dice = Dice::new(seed);
    let mut picture = Picture { width, height, pixels: vec![255; width as usize * height as usize] };
    let (w, h) = (i64::from(width), i64::from(height));
    let weight = (w.min(h) / 400).max(1);
    picture.frame([w / 40, h / 40, w - w / 40, h - h / 40], weight * 2);
    for _ in 0..24 {
        let (x, y) = (dice.int(w / 20, w * 7 / 10), dice.int(h / 20, h * 7 / 10));
        let (dx, dy) = (dice.int(w / 30, w / 5), dice.int(h / 30, h / 5));
        picture.frame([x, y, x + dx, y + dy], weight);
        if dice.chance(40) {
            let step = dice.int(4, 14) * weight;
            for i in 0..dx / step {
                picture.line([x + i * step, y], [x + i * step, y + dy], 1);
            }
        } else {
            picture.line([x, y], [x + dx / 4, y + dy / 4], weight);
        }
    }
    picture
}

impl Picture {
    fn dot(&mut self, x: i64, y: i64) {
        if (0..i64::from(self.width)).contains(&x) && (0..i64::from(self.height)).contains(&y) {
            self.pixels[(y * i64::from(self.width) + x) as usize] = 0;
        }
    }

    fn line(&mut self, a: [i64; 2], b: [i64; 2], weight: i64) {
        let steps = (b[0] - a[0]).abs().max((b[1] - a[1]).abs()).max(1);
        for i in 0..=steps {
            let (x, y) = (a[0] + (b[0] - a[0]) * i / steps, a[1] + (b[1] - a[1]) * i / steps);
            for dy in 0..weight {
                for dx in 0..weight {
                    self.dot(x + dx, y + dy);
                }
            }
        }
    }

    fn frame(&mut self, [l, t, r, b]: [i64; 4], weight: i64) {
        self.line([l, t], [r, t], weight);
        self.line([r, t], [r, b], weight);
        self.line([r, b], [l, b], weight);
        self.line([l, b], [l, t], weight);
    }

    /// A PNG file; with a resolution when `dpi` is given.
    pub fn png(&self, dpi: Option<u32>) -> Vec<u8> {
        let mut raw = Vec::with_capacity(self.pixels.len() + self.height as usize);
        for row in self.pixels.chunks(self.width as usize) {
            raw.push(0);
            raw.extend_from_slice(row);
        }
        let mut out = PNG_SIGNATURE.to_vec();
        png_chunk(&mut out, *b"IHDR", &png_header(self.width, self.height, 8));
        if let Some(dpi) = dpi {
            let per_metre = (f64::from(dpi) / 0.0254).round() as u32;
            let mut body = Vec::new();
            body.extend_from_slice(&per_metre.to_be_bytes());
            body.extend_from_slice(&per_metre.to_be_bytes());
            body.push(1);
            png_chunk(&mut out, *b"pHYs", &body);
        }
        png_chunk(&mut out, *b"IDAT", &crate::book::deflate(&raw));
        png_chunk(&mut out, *b"IEND", &[]);
        out
    }

    /// A JPEG file.
    pub fn jpeg(&self, quality: u8) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality)
            .encode(&self.pixels, self.width, self.height, image::ExtendedColorType::L8)
            .map_err(io::Error::other)?;
        Ok(out)
    }
}

/// A TIFF file of several frames, uncompressed; with a resolution when `dpi` is given.
pub fn tiff(frames: &[Picture], dpi: Option<u32>) -> Vec<u8> {
    let mut out = b"II*\0".to_vec();
    out.extend_from_slice(&8_u32.to_le_bytes());
    for (i, frame) in frames.iter().enumerate() {
        let strip = out.len() as u32 + tiff_directory_length(dpi);
        let end = strip + frame.pixels.len() as u32;
        // Directories begin on even places.
        let next = if i + 1 == frames.len() { 0 } else { end + end % 2 };
        out.extend_from_slice(&tiff_directory(out.len() as u32, [frame.width, frame.height], dpi, next));
        out.extend_from_slice(&frame.pixels);
        if out.len() % 2 == 1 {
            out.push(0);
        }
    }
    out
}

pub(crate) const PNG_SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A];

pub(crate) fn png_header(width: u32, height: u32, bits: u8) -> [u8; 13] {
    let mut body = [0; 13];
    body[..4].copy_from_slice(&width.to_be_bytes());
    body[4..8].copy_from_slice(&height.to_be_bytes());
    // Grey; compression, filter and interlace methods are 0.
    body[8] = bits;
    body
}

pub(crate) fn png_chunk(out: &mut Vec<u8>, kind: [u8; 4], body: &[u8]) {
    let mut crc = Crc32::new();
    crc.add(&kind);
    crc.add(body);
    out.extend_from_slice(&(body.len() as u32).to_be_bytes());
    out.extend_from_slice(&kind);
    out.extend_from_slice(body);
    out.extend_from_slice(&crc.value().to_be_bytes());
}

/// Bytes of a directory and of the resolutions that follow it.
pub(crate) fn tiff_directory_length(dpi: Option<u32>) -> u32 {
    if dpi.is_some() { 2 + 12 * 12 + 4 + 16 } else { 2 + 9 * 12 + 4 }
}

/// A directory that stands at `at`, of a grey frame whose pixels follow it.
pub(crate) fn tiff_directory(at: u32, [width, height]: [u32; 2], dpi: Option<u32>, next: u32) -> Vec<u8> {
    let strip = at + tiff_directory_length(dpi);
    let fractions = strip - 16;
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const RATIONAL: u16 = 5;
    let mut entries = vec![
        (256, LONG, width),
        (257, LONG, height),
        (258, SHORT, 8),
        (259, SHORT, 1),
        (262, SHORT, 1),
        (273, LONG, strip),
        (277, SHORT, 1),
        (278, LONG, height),
        (279, LONG, width * height),
    ];
    if dpi.is_some() {
        entries.extend([(282, RATIONAL, fractions), (283, RATIONAL, fractions + 8), (296, SHORT, 2)]);
    }
    let mut out = Vec::new();
    out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        out.extend_from_slice(&(tag as u16).to_le_bytes());
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&1_u32.to_le_bytes());
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.extend_from_slice(&next.to_le_bytes());
    if let Some(dpi) = dpi {
        for value in [dpi, 1, dpi, 1] {
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
    out
}
