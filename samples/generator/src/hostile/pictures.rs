//! Pictures that claim or hold more than anyone can show.

use std::io::{self, Write};

use super::zeros;
use crate::checksum::Crc32;
use crate::raster::{PNG_SIGNATURE, picture, png_chunk, png_header, tiff_directory, tiff_directory_length};

const SIDE: u32 = 65_000;

pub(super) fn huge_png(out: &mut dyn Write) -> io::Result<()> {
    // A filter byte and a row of bits.
    let raw = u64::from(SIDE) * (1 + u64::from(SIDE.div_ceil(8)));
    let mut head = PNG_SIGNATURE.to_vec();
    png_chunk(&mut head, *b"IHDR", &png_header(SIDE, SIDE, 1));
    head.extend_from_slice(&(zeros::written(raw)? as u32).to_be_bytes());
    out.write_all(&head)?;
    let mut body = Summed { out, crc: Crc32::new() };
    body.write_all(b"IDAT")?;
    zeros::write(&mut body, raw)?;
    let crc = body.crc.value();
    out.write_all(&crc.to_be_bytes())?;
    let mut tail = Vec::new();
    png_chunk(&mut tail, *b"IEND", &[]);
    out.write_all(&tail)
}

struct Summed<'w> {
    out: &'w mut dyn Write,
    crc: Crc32,
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.crc.add(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

pub(super) fn truncated_png(out: &mut dyn Write) -> io::Result<()> {
    let whole = picture(3, 1200, 900).png(Some(150));
    out.write_all(&whole[..whole.len() / 2])
}

pub(super) fn many_frames(out: &mut dyn Write) -> io::Result<()> {
    const FRAMES: u32 = 100_000;
    const SIZE: [u32; 2] = [4, 2];
    let each = tiff_directory_length(None) + SIZE[0] * SIZE[1];
    out.write_all(b"II*\0\x08\0\0\0")?;
    for i in 0..FRAMES {
        let at = 8 + i * each;
        let next = if i + 1 == FRAMES { 0 } else { at + each };
        out.write_all(&tiff_directory(at, SIZE, None, next))?;
        out.write_all(&[255, 0, 255, 0, 0, 255, 0, 255])?;
    }
    Ok(())
}

pub(super) fn frame_loop(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"II*\0\x08\0\0\0")?;
    out.write_all(&tiff_directory(8, [4, 2], None, 8))?;
    out.write_all(&[255, 0, 255, 0, 0, 255, 0, 255])
}

pub(super) fn huge_tiff(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"II*\0\x08\0\0\0")?;
    out.write_all(&tiff_directory(8, [60_000, 60_000], None, 0))?;
    out.write_all(&[0; 8])
}

pub(super) fn huge_jpeg(out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = picture(4, 320, 240).jpeg(70)?;
    // Height and width stand behind length and precision of the frame header (ITU T.81, B.2.2).
    if let Some(at) = bytes.windows(2).position(|w| w == [0xFF, 0xC0]) {
        let side = (SIDE as u16).to_be_bytes();
        bytes[at + 5..at + 7].copy_from_slice(&side);
        bytes[at + 7..at + 9].copy_from_slice(&side);
    }
    out.write_all(&bytes)
}
