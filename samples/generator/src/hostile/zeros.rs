//! A zlib stream of zeros of any length, written straight: two bits for 258 bytes.
//!
//! One dynamic block (RFC 1951, 3.2.7): literal 0, end of block and the match of length 258 are the
//! only symbols, distance 1 the only distance. Matches are `0` + `0`, so the stream itself is zeros.

use std::io::{self, Write};

use super::raw_pdf::measured;

const MATCH: u64 = 258;

struct Bits<'w> {
    out: &'w mut dyn Write,
    bits: u64,
    count: u32,
}

impl Bits<'_> {
    /// Lowest bit first, as deflate packs numbers.
    fn number(&mut self, value: u64, count: u32) -> io::Result<()> {
        self.bits |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.write_all(&[self.bits as u8])?;
            self.bits >>= 8;
            self.count -= 8;
        }
        Ok(())
    }

    /// Highest bit first, as deflate packs codes.
    fn code(&mut self, code: &str) -> io::Result<()> {
        code.bytes().try_for_each(|bit| self.number(u64::from(bit - b'0'), 1))
    }
}

/// Writes a zlib stream that unfolds to `length` zero bytes.
pub(crate) fn write(out: &mut dyn Write, length: u64) -> io::Result<()> {
    out.write_all(&[0x78, 0x9C])?;
    let mut bits = Bits { out, bits: 0, count: 0 };
    header(&mut bits)?;
    // The first zero is a literal; matches copy it.
    let (matches, literals) = match length {
        0 => (0, 0),
        _ => ((length - 1) / MATCH, 1 + (length - 1) % MATCH),
    };
    for _ in 0..literals {
        bits.code("10")?;
    }
    let mut left = matches;
    while left > 0 && bits.count != 0 {
        bits.number(0, 2)?;
        left -= 1;
    }
    // Four matches fill a byte of zeros.
    let block = [0_u8; 8192];
    let mut whole = left / 4;
    while whole > 0 {
        let n = whole.min(block.len() as u64);
        bits.out.write_all(&block[..n as usize])?;
        whole -= n;
    }
    for _ in 0..left % 4 {
        bits.number(0, 2)?;
    }
    bits.code("11")?;
    let rest = (8 - bits.count) % 8;
    bits.number(0, rest)?;
    // Adler-32 of zeros: the first sum stays 1, the second counts the bytes.
    let adler = ((length % 65_521) << 16 | 1) as u32;
    out.write_all(&adler.to_be_bytes())
}

/// The final block's header with its code lengths.
fn header(bits: &mut Bits<'_>) -> io::Result<()> {
    bits.number(1, 1)?;
    bits.number(2, 2)?;
    // 286 literal and length codes, 1 distance code, 18 code length codes.
    bits.number(29, 5)?;
    bits.number(0, 5)?;
    bits.number(14, 4)?;
    // Lengths of the codes for 18 (a long run of zeros), 1 and 2, in the order the format fixes.
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
        let length = match symbol {
            18 => 1,
            1 | 2 => 2,
            _ => 0,
        };
        bits.number(length, 3)?;
    }
    let (run, one, two) = ("0", "10", "11");
    let zeros = |bits: &mut Bits<'_>, n: u64| -> io::Result<()> {
        bits.code(run)?;
        bits.number(n - 11, 7)
    };
    bits.code(two)?;
    zeros(bits, 138)?;
    zeros(bits, 117)?;
    bits.code(two)?;
    zeros(bits, 28)?;
    bits.code(one)?;
    bits.code(one)
}

/// Bytes that [`write`] writes for `length`.
pub(crate) fn written(length: u64) -> io::Result<u64> {
    measured(|out| write(out, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_unfolds_to_its_zeros() {
        for length in [0, 1, 2, 257, 258, 259, 260, 1_000, 258 * 4 + 1, 258 * 9 + 77, 3_000_000] {
            let mut stream = Vec::new();
            write(&mut stream, length).unwrap();
            assert_eq!(stream.len() as u64, written(length).unwrap());
            let zeros = miniz_oxide::inflate::decompress_to_vec_zlib(&stream).unwrap();
            assert_eq!(zeros.len() as u64, length);
            assert!(zeros.iter().all(|b| *b == 0));
        }
    }
}
