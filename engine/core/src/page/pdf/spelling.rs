//! Whether a dictionary is spelled as a program writes it.
//!
//! A reader passes over what it does not understand of a dictionary, and takes a key that it does not know for
//! somebody else's. So a damaged byte there takes an entry away without a word. Two things give it away: text that
//! follows no rule of dictionaries, and a word that is one byte off a word of the format whose own place is empty.

use std::sync::LazyLock;

use hayro_syntax::object::{Dict, MaybeRef, Object};
use rustc_hash::FxHashSet;

/// Deepest nesting that is looked into.
const MAX_DEPTH: u32 = 64;
/// Shorter words are too near to others.
const MIN_BYTES: usize = 4;
/// No key of a graphics state that draws is longer; programs' own are.
const STATE_BYTES: usize = 3;

/// Keys and values that decide what is drawn (ISO 32000-1, 7.3 to 8.11, 9 and 12.5).
const DECISIVE: &str = "Subtype Contents Resources MediaBox CropBox Rotate UserUnit Annots Kids Count Group XObject Font \
    ExtGState ColorSpace Pattern Shading Properties Form Image BBox Matrix Filter DecodeParms FlateDecode LZWDecode \
    ASCII85Decode ASCIIHexDecode RunLengthDecode CCITTFaxDecode JBIG2Decode DCTDecode JPXDecode Predictor Columns \
    Colors BitsPerComponent EarlyChange Length Width Height ImageMask Mask SMask Decode DeviceGray DeviceRGB \
    DeviceCMYK CalGray CalRGB ICCBased Indexed Separation DeviceN WhitePoint Gamma PatternType PaintType TilingType \
    XStep YStep ShadingType Coords Domain Range Function Functions FunctionType Extend Background Bounds Encode \
    BitsPerSample Transparency Luminosity Alpha None Normal Multiply Screen Overlay Darken Lighten ColorDodge \
    ColorBurn HardLight SoftLight Difference Exclusion Saturation Type0 Type1 Type3 MMType1 TrueType CIDFontType0 \
    CIDFontType2 BaseFont Encoding DescendantFonts FontDescriptor FontFile FontFile2 FontFile3 FontMatrix FontBBox \
    CharProcs FirstChar LastChar Widths ToUnicode CIDToGIDMap Differences BaseEncoding WinAnsiEncoding \
    MacRomanEncoding StandardEncoding MacExpertEncoding Identity Identity-H Identity-V MissingWidth OCProperties OCGs \
    BaseState OCMD Rect Helvetica Helvetica-Bold Helvetica-Oblique Helvetica-BoldOblique Times-Roman Times-Bold \
    Times-Italic Times-BoldItalic Courier Courier-Bold Courier-Oblique Courier-BoldOblique Symbol ZapfDingbats Matte \
    BlackIs1 EncodedByteAlign Rows EndOfBlock EndOfLine JBIG2Globals Registry Ordering Supplement Flags Type Pages";
/// Others of the format that are near to one of those, or to be met beside them.
const OTHERS: &str = "Page Parent Name Names Next Text Test Dest First Last Title Color Crypt Fonts Info Root Size Prev \
    Line Link Sound Note Rows Rate Mark Marks Limits Nums Fields Metrics Alternate Interpolate Intent Usage Dash Hue \
    Form1 Image1 Font1 Font2 Type2 Type4 FontName Metadata StructParent StructParents Alternates Measure";
/// Keys of a graphics state. Programs' own are longer.
const STATE_WORDS: &str =
    "LW LC LJ ML D RI OP op OPM BG BG2 UCR UCR2 TR TR2 HT FL SM SA BM CA ca AIS TK HTP HTO UseBlackPtComp";

/// Keys whose values are words of the format.
const NAMING: [&[u8]; 12] = [
    b"Subtype",
    b"S",
    b"BM",
    b"Filter",
    b"ColorSpace",
    b"CS",
    b"Encoding",
    b"BaseEncoding",
    b"BaseFont",
    b"BaseState",
    b"SMask",
    b"CIDToGIDMap",
];

static KNOWN: LazyLock<FxHashSet<&'static [u8]>> =
    LazyLock::new(|| [DECISIVE, OTHERS, STATE_WORDS].into_iter().flat_map(of).collect());

fn of(words: &'static str) -> impl Iterator<Item = &'static [u8]> {
    words.split_ascii_whitespace().map(str::as_bytes)
}

fn is_word(word: &[u8]) -> bool {
    KNOWN.contains(word)
}

/// Whether the bytes between an array's brackets are its items.
pub(super) fn are_items(data: &[u8]) -> bool {
    only_objects(Text(data, false))
}

/// Whether bytes of a content are operands and nothing else. The reader knows no exponents there.
pub(super) fn are_operands(data: &[u8]) -> bool {
    only_objects(Text(data, true))
}

fn only_objects(mut text: Text<'_>) -> bool {
    loop {
        text.blank();
        if text.0.is_empty() {
            return true;
        }
        if text.object(0).is_none() {
            return false;
        }
    }
}

/// Whether the bytes of a dictionary read as one and nothing else.
pub(super) fn is_well_formed(data: &[u8]) -> bool {
    let mut text = Text(data, false);
    text.blank();
    text.object(0).is_some() && {
        text.blank();
        text.0.is_empty()
    }
}

/// A word of `dict` that was another one: as it stands, and what it was.
pub(super) fn misspelled(dict: &Dict<'_>) -> Option<(String, String)> {
    let is_ours = dict.keys().any(|key| is_word(key.as_ref()));
    if !is_ours && dict.len() > 1 {
        return None;
    }
    let keys = || dict.keys().filter(|key| !is_word(key.as_ref()));
    let of_keys = keys().find_map(|key| meant(key.as_ref(), true, |word| !dict.contains_key(word)));
    of_keys.or_else(|| {
        // An embedded font may have any name.
        let embedded = dict.contains_key(b"FontDescriptor");
        NAMING.iter().filter(|key| !(embedded && **key == b"BaseFont")).find_map(|key| {
            match dict.get_raw(key)? {
                MaybeRef::NotRef(Object::Name(value)) => meant(value.as_ref(), false, |_| true),
                _ => None,
            }
        })
    })
}

/// A key of a graphics state that is none.
pub(super) fn unknown_state(dict: &Dict<'_>) -> Option<String> {
    let known = |key: &[u8]| key.len() > STATE_BYTES || is_word(key);
    dict.keys().find(|key| !known(key.as_ref())).map(|key| shown(key.as_ref()))
}

/// A short key of a list of layers that is none.
pub(super) fn unknown_layers(dict: &Dict<'_>) -> Option<String> {
    let known = |key: &[u8]| key.len() > MIN_BYTES || matches!(key, b"Name" | b"ON" | b"OFF" | b"AS");
    dict.keys().find(|key| !known(key.as_ref())).map(|key| shown(key.as_ref()))
}

/// The word that another one is a byte off: another byte in it, or one behind it in place of a blank.
fn meant(word: &[u8], blank: bool, is_free: impl Fn(&[u8]) -> bool) -> Option<(String, String)> {
    if word.len() < MIN_BYTES || is_word(word) {
        return None;
    }
    let other = |known: &[u8]| {
        known.len() == word.len() && known.iter().zip(word).filter(|(a, b)| a != b).count() == 1
    };
    let behind = |known: &[u8]| blank && known.len() + 1 == word.len() && word.starts_with(known);
    of(DECISIVE)
        .find(|known| known.len() >= MIN_BYTES && (other(known) || behind(known)) && is_free(known))
        .map(|known| (shown(word), shown(known)))
}

/// A name as a person can read it.
pub(super) fn shown(name: &[u8]) -> String {
    let readable = name.iter().take(40).map(|b| match b {
        b'!'..=b'~' => char::from(*b),
        _ => '?',
    });
    readable.collect()
}

/// The rest of a text, and whether its numbers are without exponents.
struct Text<'a>(&'a [u8], bool);

impl<'a> Text<'a> {
    fn blank(&mut self) {
        loop {
            match self.0 {
                [0 | b'\t' | b'\n' | 12 | b'\r' | b' ', rest @ ..] => self.0 = rest,
                [b'%', ..] => {
                    let end = self.0.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(self.0.len());
                    self.0 = &self.0[end..];
                }
                _ => return,
            }
        }
    }

    fn word(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|b| !is_regular(*b)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.0 {
            [b'/', rest @ ..] => {
                self.0 = rest;
                self.word();
                Some(())
            }
            [b'<', b'<', rest @ ..] => {
                self.0 = rest;
                self.dict(depth)
            }
            [b'<', rest @ ..] => {
                self.0 = rest;
                self.hex()
            }
            [b'(', rest @ ..] => {
                self.0 = rest;
                self.string()
            }
            [b'[', rest @ ..] => {
                self.0 = rest;
                self.array(depth)
            }
            _ => match self.word() {
                b"true" | b"false" | b"null" => Some(()),
                word if is_whole(word) => {
                    self.reference();
                    Some(())
                }
                word => (is_number(word) && !(self.1 && has_exponent(word))).then_some(()),
            },
        }
    }

    /// What makes a number the first of a reference, if it is one.
    fn reference(&mut self) {
        let before = self.0;
        self.blank();
        let generation = self.word();
        self.blank();
        if !is_whole(generation) || self.word() != b"R" {
            self.0 = before;
        }
    }

    fn dict(&mut self, depth: u32) -> Option<()> {
        loop {
            self.blank();
            match self.0 {
                [b'>', b'>', rest @ ..] => {
                    self.0 = rest;
                    return Some(());
                }
                [b'/', ..] => {
                    self.object(depth + 1)?;
                    self.blank();
                    self.object(depth + 1)?;
                }
                _ => return None,
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<()> {
        loop {
            self.blank();
            if let [b']', rest @ ..] = self.0 {
                self.0 = rest;
                return Some(());
            }
            self.object(depth + 1)?;
        }
    }

    fn hex(&mut self) -> Option<()> {
        let end = self.0.iter().position(|b| *b == b'>')?;
        let (digits, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        digits.iter().all(|b| b.is_ascii_hexdigit() || *b == 0 || b.is_ascii_whitespace()).then_some(())
    }

    fn string(&mut self) -> Option<()> {
        let mut open = 1;
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            match byte {
                b'\\' => self.0 = rest.get(1..)?,
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                return Some(());
            }
        }
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_blank(byte)
        && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']')
        && !matches!(byte, b'{' | b'}' | b'/' | b'%')
}

fn is_whole(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_digit)
}

/// Whether a word is a number, also as careless programs write them (`--5`, `0.00-35`, `1e-7`).
fn is_number(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
        && word.iter().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'))
        && !word.starts_with(b"e")
        && !word.starts_with(b"E")
        || matches!(word, b"-" | b".")
}

fn has_exponent(word: &[u8]) -> bool {
    word.iter().any(|b| matches!(b, b'e' | b'E'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_follow_rules() {
        for good in [
            "<< /A 1 /B [ 1 -.5 0.00-35 5 0 R ] /C (a\\)(b)) /D <4 1> /E << >> /F true /G/H/I null >>",
            "<</A 5 0 R/B 6 0 R % a word\n/C/D>>",
        ] {
            assert!(is_well_formed(good.as_bytes()), "{good}");
        }
        for bad in [
            "<< .A 1 >>",
            "<< /A 5 0 S >>",
            "<< /A [1 2 >>",
            "<< /A trud >>",
            "<< /A 9p >>",
            "<< /A 1 /B >>",
            "<< /A (1 >>",
            "<< /A <4g> >>",
            "<< /A 1 > >",
        ] {
            assert!(!is_well_formed(bad.as_bytes()), "{bad}");
        }
    }
}
