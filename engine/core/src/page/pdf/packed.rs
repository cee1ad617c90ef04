//! Whether a stream's packed data are whole.
//!
//! The reader takes what it can unpack of a damaged stream and says nothing. So the data are unpacked here a
//! second time, into nothing, to see whether they come to their end and agree with their checksum.
//!
//! Programs that leave zlib's checksum out, or add blanks behind it, are common, and nothing is missing then.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};
use hayro_syntax::Filter;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};

use super::unpack_codes::{ascii_85, ascii_hex, jpeg, lzw, run_length};

const CHUNK_BYTES: usize = 64 * 1024;
/// A picture of so many rows may lack one.
const MANY_ROWS: u64 = 20;

/// What is wrong with packed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// They end before the mark that says they do, or hold less than a picture of their size needs.
    CutOff,
    /// They cannot be unpacked from some place on.
    Broken,
    /// They unpack to something else than was packed.
    Checksum,
}

/// What a look at packed data told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Unpacked bytes, counted no further than just past the limit.
    pub(super) bytes: u64,
    pub(super) damage: Option<Damage>,
}

/// Takes unpacked bytes; false where no more are wanted.
pub(super) type Sink<'s> = &'s mut dyn FnMut(&[u8]) -> bool;

/// Unpacks a stream into `sink`, as far as `limit` and the sink allow; what decodes to pixels only is not unpacked.
pub(super) fn examine(stream: &Stream<'_>, limit: u64, sink: Sink<'_>) -> Size {
    let filters = stream.filters();
    let mut data = stream.raw_data();
    let mut size = Size { bytes: data.len() as u64, damage: None };
    if filters.is_empty() {
        sink(&data);
        return size;
    }
    for (nth, filter) in filters.iter().enumerate() {
        let is_last = nth + 1 == filters.len();
        let (mut next, mut bytes) = (Vec::new(), 0_u64);
        let mut take = |chunk: &[u8]| {
            bytes += chunk.len() as u64;
            let more = if is_last {
                sink(chunk)
            } else {
                next.extend_from_slice(chunk);
                true
            };
            more && bytes <= limit
        };
        let damage = match filter {
            Filter::Crypt if nth == 0 => continue,
            Filter::FlateDecode => inflate(&data, &mut take),
            Filter::LzwDecode => {
                let early = parameter(stream.dict(), nth, b"EarlyChange") != Some(0);
                lzw(&data, early, &mut take)
            }
            Filter::RunLengthDecode => run_length(&data, &mut take),
            Filter::Ascii85Decode => ascii_85(&data, &mut take),
            Filter::AsciiHexDecode => ascii_hex(&data, &mut take),
            Filter::DctDecode => {
                size.damage = jpeg(&data);
                return size;
            }
            _ => return size,
        };
        // Data that come to their end were not cut off before they were wrapped once more.
        size = Size { bytes, damage };
        if damage.is_some_and(|d| d != Damage::CutOff) || bytes > limit {
            return size;
        }
        data = Cow::Owned(next);
    }
    size
}

/// What is wrong with a picture's data.
pub(super) fn examine_picture(stream: &Stream<'_>, limit: u64, sink: Sink<'_>) -> Option<Damage> {
    let size = examine(stream, limit, sink);
    let has = |damage| size.damage == Some(damage);
    let Some(needed) = needed(stream).filter(|_| size.bytes <= limit && !has(Damage::Broken)) else {
        return size.damage;
    };
    // A row of many, more or less, is how programs differ.
    let missing = needed.bytes.saturating_sub(needed.of(size.bytes));
    let slack = if needed.rows >= MANY_ROWS { needed.bytes / needed.rows } else { 0 };
    match missing > slack {
        true => Some(size.damage.unwrap_or(Damage::CutOff)),
        // The end mark is missing, the picture is not.
        false => size.damage.filter(|damage| *damage != Damage::CutOff),
    }
}

/// Bytes that a picture of raw pixels needs.
struct Needed {
    bytes: u64,
    rows: u64,
    /// Length of a row that is led by the number of its predictor.
    led_row: Option<u64>,
}

impl Needed {
    /// How many bytes of pixels are in unpacked bytes.
    fn of(&self, unpacked: u64) -> u64 {
        match self.led_row {
            Some(row) => unpacked / (row + 1) * row + (unpacked % (row + 1)).saturating_sub(1),
            None => unpacked,
        }
    }
}

/// `None` where the pixels are packed in a way of their own, or where their size cannot be told.
fn needed(stream: &Stream<'_>) -> Option<Needed> {
    let dict = stream.dict();
    let filters = stream.filters();
    let raw = |f: &Filter| {
        !matches!(f, Filter::DctDecode | Filter::JpxDecode | Filter::Jbig2Decode | Filter::CcittFaxDecode)
    };
    if !filters.iter().all(raw) {
        return None;
    }
    let number = |long: &[u8], short: &[u8]| dict.get::<u32>(long).or_else(|| dict.get::<u32>(short));
    let (width, rows) = (u64::from(number(b"Width", b"W")?), u64::from(number(b"Height", b"H")?));
    let mask = dict.get::<bool>(b"ImageMask").or_else(|| dict.get::<bool>(b"IM")).unwrap_or(false);
    let bits = if mask {
        1
    } else {
        let space = dict.get::<Object<'_>>(b"ColorSpace").or_else(|| dict.get::<Object<'_>>(b"CS"))?;
        u64::from(number(b"BitsPerComponent", b"BPC")?).checked_mul(components(&space)?)?
    };
    let row = width.checked_mul(bits)?.div_ceil(8);
    let last = filters.len().checked_sub(1);
    let of = |key: &[u8]| last.and_then(|nth| parameter(dict, nth, key)).map(u64::from);
    let led = of(b"Predictor").is_some_and(|p| p >= 10).then(|| {
        let (columns, colors) = (of(b"Columns").unwrap_or(1), of(b"Colors").unwrap_or(1));
        (columns * colors.min(64) * of(b"BitsPerComponent").unwrap_or(8).min(64)).div_ceil(8)
    });
    Some(Needed { bytes: row.checked_mul(rows)?, rows, led_row: led })
}

/// Values of one pixel.
fn components(space: &Object<'_>) -> Option<u64> {
    let of_name = |name: &[u8]| match name {
        b"DeviceGray" | b"G" | b"CalGray" | b"Indexed" | b"I" | b"Separation" => Some(1),
        b"DeviceRGB" | b"RGB" | b"CalRGB" | b"Lab" => Some(3),
        b"DeviceCMYK" | b"CMYK" => Some(4),
        _ => None,
    };
    match space {
        Object::Name(name) => of_name(name.as_ref()),
        Object::Array(array) => {
            let mut parts = array.iter::<Object<'_>>();
            let name = parts.next()?.into_name()?;
            match name.as_ref() {
                b"ICCBased" => parts.next()?.into_stream()?.dict().get::<u8>(b"N").map(u64::from),
                b"DeviceN" => Some(parts.next()?.into_array()?.raw_iter().count() as u64),
                name => of_name(name),
            }
        }
        _ => None,
    }
}

/// A parameter of a stream's nth filter.
pub(super) fn parameter(dict: &Dict<'_>, nth: usize, key: &[u8]) -> Option<u32> {
    [&b"DecodeParms"[..], b"DP"].into_iter().find_map(|name| {
        let one = dict.get::<Dict<'_>>(name).filter(|_| nth == 0 || is_one_name(dict));
        let one = one.or_else(|| {
            dict.get::<Array<'_>>(name)?.iter::<Object<'_>>().nth(nth).and_then(Object::into_dict)
        });
        one?.get::<u32>(key)
    })
}

fn is_one_name(dict: &Dict<'_>) -> bool {
    dict.get::<Name<'_>>(b"Filter").is_some()
}

/// Unpacks what deflate packed, with zlib's frame around it or without.
fn inflate(raw: &[u8], out: Sink<'_>) -> Option<Damage> {
    if raw.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let has_head = |head: [u8; 2]| {
        head[0] & 0x0F == 8 && u16::from_be_bytes(head).is_multiple_of(31) && head[1] & 0x20 == 0
    };
    let (mut body, framed) = match raw {
        [a, b, body @ ..] if has_head([*a, *b]) => (body, true),
        // Some programs leave the frame out.
        _ => (raw, false),
    };
    let mut inflater = Decompress::new(false);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut sum = Adler::default();
    loop {
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(body, &mut chunk, FlushDecompress::None);
        let consumed = usize::try_from(inflater.total_in() - before_in).unwrap_or(body.len());
        let made = usize::try_from(inflater.total_out() - before_out).unwrap_or(chunk.len());
        body = &body[consumed.min(body.len())..];
        sum.add(&chunk[..made]);
        let more = out(&chunk[..made]);
        match status {
            Ok(Status::StreamEnd) if framed && !sum.agrees(body) => return Some(Damage::Checksum),
            Ok(Status::StreamEnd) => return None,
            Ok(_) if !more => return None,
            Ok(_) if consumed > 0 || made > 0 => {}
            Ok(_) => return Some(Damage::CutOff),
            Err(_) => return Some(Damage::Broken),
        }
    }
}

/// Zlib's checksum (RFC 1950).
struct Adler {
    a: u32,
    b: u32,
}

impl Default for Adler {
    fn default() -> Self {
        Self { a: 1, b: 0 }
    }
}

impl Adler {
    const MODULUS: u32 = 65_521;
    /// So many bytes of 255 do not overflow 32 bits.
    const AT_ONCE: usize = 5_552;

    fn add(&mut self, bytes: &[u8]) {
        for block in bytes.chunks(Self::AT_ONCE) {
            for byte in block {
                self.a += u32::from(*byte);
                self.b += self.a;
            }
            self.a %= Self::MODULUS;
            self.b %= Self::MODULUS;
        }
    }

    /// Whether what follows the packed data is their checksum, or none.
    fn agrees(&self, rest: &[u8]) -> bool {
        let own = ((self.b << 16) | self.a).to_be_bytes();
        let (stated, more) = rest.split_at(rest.len().min(own.len()));
        own.starts_with(stated) || (stated.iter().chain(more).all(u8::is_ascii_whitespace))
    }
}
