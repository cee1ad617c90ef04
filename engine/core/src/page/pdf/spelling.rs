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
const MIN_KEY_BYTES: usize = 3;
const MIN_VALUE_BYTES: usize = 4;

/// Keys and values that decide what is drawn (ISO 32000-1, 7.3 to 8.11, 9 and 12.5).
const WORDS: &str = "Type Subtype Page Pages Catalog Contents Resources MediaBox CropBox Rotate UserUnit Annots Annot \
    Kids Count Parent Group XObject Font ExtGState ColorSpace Pattern Shading Properties ProcSet Form Image BBox \
    Matrix Filter DecodeParms FlateDecode LZWDecode ASCII85Decode ASCIIHexDecode RunLengthDecode CCITTFaxDecode \
    JBIG2Decode DCTDecode JPXDecode Crypt Predictor Columns Colors BitsPerComponent EarlyChange Length Width Height \
    ImageMask Mask SMask Decode Interpolate DeviceGray DeviceRGB DeviceCMYK CalGray CalRGB Lab ICCBased Indexed \
    Separation DeviceN WhitePoint Gamma Alternate PatternType PaintType TilingType XStep YStep ShadingType Coords \
    Domain Range Function Functions FunctionType Extend Background Bounds Encode Size BitsPerSample Transparency \
    Luminosity Alpha None Normal Multiply Screen Overlay Darken Lighten ColorDodge ColorBurn HardLight SoftLight \
    Difference Exclusion Saturation Color Hue Type0 Type1 Type3 MMType1 TrueType CIDFontType0 CIDFontType2 BaseFont \
    Encoding DescendantFonts FontDescriptor FontFile FontFile2 FontFile3 FontMatrix FontBBox CharProcs FirstChar \
    LastChar Widths ToUnicode CIDToGIDMap Differences BaseEncoding WinAnsiEncoding MacRomanEncoding StandardEncoding \
    MacExpertEncoding Identity Identity-H Identity-V FontName Flags MissingWidth OCProperties OCGs BaseState OCMD OCG \
    Visible AllOn AnyOn AllOff AnyOff OFF Rect Stamp Square Circle Line Polygon PolyLine FreeText Highlight Widget \
    Helvetica Helvetica-Bold Helvetica-Oblique Helvetica-BoldOblique Times-Roman Times-Bold Times-Italic \
    Times-BoldItalic Courier Courier-Bold Courier-Oblique Courier-BoldOblique Symbol ZapfDingbats Matte Name BlackIs1 \
    EncodedByteAlign Rows EndOfBlock EndOfLine ColorTransform JBIG2Globals Registry Ordering Supplement CIDSystemInfo \
    CMapName CapHeight Ascent Descent ItalicAngle StemV StemH XHeight Leading AvgWidth MaxWidth CharSet CIDSet \
    FontFamily FontStretch FontWeight Lang Style Metadata StructParent StructParents Tabs TrimBox BleedBox ArtBox \
    Thumb LastModified PieceInfo Trans Dur Hid Names Dests Outlines PageMode PageLayout PageLabels ViewerPreferences \
    AcroForm Version Extensions StructTreeRoot MarkInfo OpenAction URI SpiderInfo OutputIntents Requirements \
    Collection Private Measure Viewport Intent Usage Creator Event Order RBGroups Locked ListMode Config Configs AS \
    Link Popup Text Border Dest Action Alternates OPI Ref Level1 Dash Rate Volume Title Author Subject Keywords \
    Producer CreationDate ModDate Trapped Note Names Index Info Root Encrypt Prev Extends First Last Next Link \
    Colorants Process MixingHints Components DotGain Solidities PrintingOrder SubType Default Widths Metrics Fonts \
    Length1 Length2 Length3 Tiling Radial Axial Kids Nums Limits Opt MaxLen Fields SigFlags";
/// Keys of a graphics state. Programs' own are longer.
const STATE_WORDS: &str =
    "LW LC LJ ML D RI OP op OPM BG BG2 UCR UCR2 TR TR2 HT FL SM SA BM CA ca AIS TK HTP HTO UseBlackPtComp";

static KNOWN: LazyLock<FxHashSet<&'static [u8]>> =
    LazyLock::new(|| WORDS.split_ascii_whitespace().map(str::as_bytes).collect());

fn is_word(word: &[u8]) -> bool {
    KNOWN.contains(word)
}

/// Whether the bytes of a dictionary, an array or another object read as one and nothing else.
pub(super) fn is_well_formed(data: &[u8]) -> bool {
    let mut text = Text(data);
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
    dict.keys().find_map(|key| meant(key.as_ref(), MIN_KEY_BYTES, |word| !dict.contains_key(word))).or_else(
        || {
            let embedded = dict.contains_key(b"FontDescriptor");
            let free = |key: &[u8]| {
                matches!(key, b"Name" | b"FontName" | b"Differences" | b"AS" | b"T" | b"Lang")
                    || (embedded && key == b"BaseFont")
            };
            dict.entries().find_map(|(key, value)| match value {
                MaybeRef::NotRef(Object::Name(value)) if !free(key.as_ref()) => {
                    meant(value.as_ref(), MIN_VALUE_BYTES, |_| true)
                }
                _ => None,
            })
        },
    )
}

/// A key of a graphics state that is none.
pub(super) fn unknown_state(dict: &Dict<'_>) -> Option<String> {
    let known = |key: &[u8]| {
        key.len() > MIN_KEY_BYTES
            || STATE_WORDS.split_ascii_whitespace().any(|word| word.as_bytes() == key)
            || is_word(key)
    };
    dict.keys().find(|key| !known(key.as_ref())).map(|key| shown(key.as_ref()))
}

/// The word that another one is a byte off.
fn meant(word: &[u8], least: usize, is_free: impl Fn(&[u8]) -> bool) -> Option<(String, String)> {
    if word.len() < least || is_word(word) {
        return None;
    }
    let off = |known: &[u8]| known.iter().zip(word).filter(|(a, b)| a != b).count() == 1;
    KNOWN
        .iter()
        .find(|known| known.len() == word.len() && off(known) && is_free(known))
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

/// The rest of a text.
struct Text<'a>(&'a [u8]);

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
                word => is_number(word).then_some(()),
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

fn is_regular(byte: u8) -> bool {
    !matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ' | b'(' | b')' | b'<' | b'>' | b'[' | b']')
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
