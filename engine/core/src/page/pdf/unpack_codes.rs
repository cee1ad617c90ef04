//! Unpackers for the older filters, only as far as it takes to see whether data come to their end.

use super::packed::{Damage, Sink};

/// Bytes handed on at a time.
const CHUNK_BYTES: usize = 4_096;

/// Collects bytes for a sink.
struct Out<'s> {
    sink: Sink<'s>,
    open: Vec<u8>,
    wanted: bool,
}

impl<'s> Out<'s> {
    fn new(sink: Sink<'s>) -> Self {
        Self { sink, open: Vec::with_capacity(2 * CHUNK_BYTES), wanted: true }
    }

    /// False where no more is wanted.
    fn push(&mut self, bytes: &[u8]) -> bool {
        self.open.extend_from_slice(bytes);
        if self.open.len() >= CHUNK_BYTES {
            self.flush();
        }
        self.wanted
    }

    fn flush(&mut self) {
        self.wanted &= (self.sink)(&self.open);
        self.open.clear();
    }

    fn end(mut self, damage: Option<Damage>) -> Option<Damage> {
        self.flush();
        damage
    }
}

/// Runs of equal bytes and of others; 128 ends them.
pub(super) fn run_length(mut data: &[u8], sink: Sink<'_>) -> Option<Damage> {
    let mut out = Out::new(sink);
    loop {
        let more = match data {
            [] => return out.end(Some(Damage::CutOff)),
            [128, ..] => return out.end(None),
            [length @ 0..=127, rest @ ..] => {
                let length = usize::from(*length) + 1;
                let Some((run, rest)) = rest.split_at_checked(length) else {
                    return out.end(Some(Damage::CutOff));
                };
                data = rest;
                out.push(run)
            }
            [_] => return out.end(Some(Damage::CutOff)),
            [length, byte, rest @ ..] => {
                data = rest;
                out.push(&[*byte; 128][..257 - usize::from(*length)])
            }
        };
        if !more {
            return None;
        }
    }
}

/// Five digits of base 85 for four bytes; `~` ends them.
pub(super) fn ascii_85(data: &[u8], sink: Sink<'_>) -> Option<Damage> {
    let mut out = Out::new(sink);
    let mut group: Vec<u8> = Vec::with_capacity(5);
    for byte in data.iter().filter(|b| !b.is_ascii_whitespace() && **b != 0) {
        let more = match byte {
            b'~' => return close_85(out, &mut group, None),
            b'z' if group.is_empty() => out.push(&[0; 4]),
            b'!'..=b'u' => {
                group.push(byte - b'!');
                if group.len() < 5 {
                    continue;
                }
                let Some(value) = value_85(&group) else { return out.end(Some(Damage::Broken)) };
                group.clear();
                out.push(&value)
            }
            _ => return out.end(Some(Damage::Broken)),
        };
        if !more {
            return None;
        }
    }
    close_85(out, &mut group, Some(Damage::CutOff))
}

fn close_85(mut out: Out<'_>, group: &mut Vec<u8>, damage: Option<Damage>) -> Option<Damage> {
    let digits = group.len();
    if digits > 1 {
        group.resize(5, 84);
        match value_85(group) {
            Some(value) => _ = out.push(&value[..digits - 1]),
            None => return out.end(Some(Damage::Broken)),
        }
    }
    out.end(if digits == 1 { Some(Damage::Broken) } else { damage })
}

fn value_85(group: &[u8]) -> Option<[u8; 4]> {
    let value = group.iter().fold(0_u64, |sum, digit| sum * 85 + u64::from(*digit));
    u32::try_from(value).ok().map(u32::to_be_bytes)
}

/// Two digits for a byte; `>` ends them.
pub(super) fn ascii_hex(data: &[u8], sink: Sink<'_>) -> Option<Damage> {
    let mut out = Out::new(sink);
    let mut high = None;
    for byte in data.iter().filter(|b| !b.is_ascii_whitespace() && **b != 0) {
        if *byte == b'>' {
            if let Some(high) = high {
                out.push(&[high << 4]);
            }
            return out.end(None);
        }
        let Some(digit) = char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok()) else {
            return out.end(Some(Damage::Broken));
        };
        match high.take() {
            None => high = Some(digit),
            Some(high) if out.push(&[high << 4 | digit]) => {}
            Some(_) => return None,
        }
    }
    out.end(Some(Damage::CutOff))
}

/// Codes of 9 to 12 bits, each for bytes that came before; 257 ends them.
pub(super) fn lzw(data: &[u8], early_change: bool, sink: Sink<'_>) -> Option<Damage> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    const FIRST: usize = 258;
    const MOST: usize = 4_096;
    let mut out = Out::new(sink);
    // Of each code from `FIRST` on: the code that it goes on from and its last byte.
    let mut table: Vec<(u16, u8)> = Vec::with_capacity(MOST);
    let (mut bits, mut held, mut before) = (0_u32, 0_u32, None::<usize>);
    let mut bytes = data.iter();
    let mut word = Vec::new();
    loop {
        let width = match FIRST + table.len() + usize::from(early_change) {
            ..512 => 9,
            512..1_024 => 10,
            1_024..2_048 => 11,
            _ => 12,
        };
        while held < width {
            let Some(byte) = bytes.next() else { return out.end(Some(Damage::CutOff)) };
            bits = bits << 8 | u32::from(*byte);
            held += 8;
        }
        held -= width;
        let code = (bits >> held) as usize & ((1 << width) - 1);
        match code {
            CLEAR => {
                table.clear();
                before = None;
                continue;
            }
            END => return out.end(None),
            _ => {}
        }
        let known = FIRST + table.len();
        let from = match before {
            _ if code < known => code,
            Some(before) if code == known => before,
            _ => return out.end(Some(Damage::Broken)),
        };
        spell(&table, from, &mut word);
        let first = word[0];
        if code == known {
            word.push(first);
        }
        if let Some(before) = before.filter(|_| known < MOST) {
            table.push((before as u16, first));
        }
        if !out.push(&word) {
            return None;
        }
        before = Some(code);
    }
}

fn spell(table: &[(u16, u8)], mut code: usize, word: &mut Vec<u8>) {
    word.clear();
    while let Some((from, last)) = code.checked_sub(258).and_then(|i| table.get(i)) {
        word.push(*last);
        code = usize::from(*from);
    }
    word.push(code as u8);
    word.reverse();
}

/// Whether a JPEG picture comes to its end mark. What is damaged before it cannot be told: there is no checksum.
pub(super) fn jpeg(data: &[u8]) -> Option<Damage> {
    let find = |data: &[u8], mark: [u8; 2]| data.windows(2).position(|w| w == mark);
    let Some(start) = find(data, [0xFF, 0xD8]) else { return Some(Damage::Broken) };
    let mut at = start + 2;
    loop {
        match data.get(at..) {
            Some([0xFF, 0xFF, ..]) => at += 1,
            // Within the scans that follow, no byte of the picture looks like a mark.
            Some([0xFF, 0xDA, scans @ ..]) => {
                return find(scans, [0xFF, 0xD9]).is_none().then_some(Damage::CutOff);
            }
            Some([0xFF, _, high, low, ..]) => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
            Some([0xFF, ..] | []) | None => return Some(Damage::CutOff),
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Filter = fn(&[u8], Sink<'_>) -> Option<Damage>;

    fn unpacked(filter: Filter, data: &[u8]) -> (Vec<u8>, Option<Damage>) {
        let mut all = Vec::new();
        let damage = filter(data, &mut |chunk| {
            all.extend_from_slice(chunk);
            true
        });
        (all, damage)
    }

    #[test]
    fn data_that_come_to_their_end_are_whole_and_others_are_not() {
        let early: Filter = |data, sink| lzw(data, true, sink);
        // The example of the PDF reference (LZWDecode).
        let packed = [0x80, 0x0B, 0x60, 0x50, 0x22, 0x0C, 0x0C, 0x85, 0x01];
        let cases: [(Filter, &[u8], &[u8]); 4] = [
            (early, &packed, &[45, 45, 45, 45, 45, 65, 45, 45, 45, 66]),
            (run_length, &[4, 10, 11, 12, 13, 14, 253, 3, 128], &[10, 11, 12, 13, 14, 3, 3, 3, 3]),
            (ascii_hex, b"AF3E2 901>", &[0xAF, 0x3E, 0x29, 0x01]),
            (ascii_85, b"87cURD]i,\"Ebo80~>", b"Hello World!"),
        ];
        for (filter, packed, plain) in cases {
            assert_eq!(unpacked(filter, packed), (plain.to_vec(), None));
            let cut = &packed[..packed.len() - 3];
            assert_eq!(unpacked(filter, cut).1, Some(Damage::CutOff), "{cut:?}");
        }
        assert_eq!(unpacked(ascii_hex, b"AFxE>").1, Some(Damage::Broken));
        assert_eq!(unpacked(ascii_85, b"87c\x7fURD~>").1, Some(Damage::Broken));
        assert_eq!(unpacked(early, &[0x80, 0x0B, 0xFF, 0xFF, 0xFF]).1, Some(Damage::Broken));
    }

    #[test]
    fn a_long_text_goes_through_lzw_as_it_was() {
        // Codes without a table: a clear before each byte keeps them at nine bits.
        let plain: Vec<u8> = (0..5_000_u32).map(|i| (i * 7 % 251) as u8).collect();
        let codes = plain.iter().flat_map(|b| [256_u32, u32::from(*b)]).chain([257]);
        let mut bits: Vec<bool> = codes.flat_map(|c| (0..9).rev().map(move |i| c >> i & 1 == 1)).collect();
        bits.resize(bits.len().next_multiple_of(8), false);
        let packed: Vec<u8> =
            bits.chunks(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit))).collect();
        assert_eq!(unpacked(|data, sink| lzw(data, true, sink), &packed), (plain, None));
    }

    #[test]
    fn a_jpeg_ends_at_its_end_mark_and_not_at_that_of_its_thumbnail() {
        let mut data = vec![0xFF, 0xD8, 0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xD9, 0xFF, 0xDA, 0, 2, 1, 2, 3];
        assert_eq!(jpeg(&data), Some(Damage::CutOff));
        data.extend([0xFF, 0xD9, b'\n']);
        assert_eq!(jpeg(&data), None);
        assert_eq!(jpeg(&data[..9]), Some(Damage::CutOff));
        assert_eq!(jpeg(b"no picture"), Some(Damage::Broken));
    }
}
