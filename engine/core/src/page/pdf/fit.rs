//! Whether what a page draws with is what it is used for, with all that drawing it takes.
//!
//! A reader leaves out what lacks an entry that it needs, and says nothing.

use hayro_syntax::Filter;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, Stream};

use super::spelling::{shown, unknown_state};
use super::uses::Of;

const FILTERS: [&[u8]; 17] = [
    b"ASCIIHexDecode",
    b"AHx",
    b"ASCII85Decode",
    b"A85",
    b"LZWDecode",
    b"LZW",
    b"FlateDecode",
    b"Fl",
    b"RunLengthDecode",
    b"RL",
    b"CCITTFaxDecode",
    b"CCF",
    b"JBIG2Decode",
    b"DCTDecode",
    b"DCT",
    b"JPXDecode",
    b"Crypt",
];
const SPACES: [&[u8]; 15] = [
    b"DeviceGray",
    b"DeviceRGB",
    b"DeviceCMYK",
    b"G",
    b"RGB",
    b"CMYK",
    b"I",
    b"Pattern",
    b"CalGray",
    b"CalRGB",
    b"CalCMYK",
    b"Lab",
    b"ICCBased",
    b"Indexed",
    b"DeviceN",
];
const BLENDS: [&[u8]; 17] = [
    b"Normal",
    b"Compatible",
    b"Multiply",
    b"Screen",
    b"Overlay",
    b"Darken",
    b"Lighten",
    b"ColorDodge",
    b"ColorBurn",
    b"HardLight",
    b"SoftLight",
    b"Difference",
    b"Exclusion",
    b"Hue",
    b"Saturation",
    b"Color",
    b"Luminosity",
];

/// What an object lacks to be drawn with as it is; nothing where it will do.
pub(super) fn lacks(object: &Object<'_>, of: Of) -> Option<String> {
    match (of, object) {
        (Of::XObject, Object::Stream(stream)) => x_object(stream),
        (Of::XObject, _) => Some("is no stream".into()),
        (Of::Font, Object::Dict(font)) => lack_of_font(font),
        (Of::Font, _) => Some("is no font".into()),
        (Of::State, Object::Dict(state)) => lack_of_state(state),
        (Of::State, _) => Some("is no graphics state".into()),
        (Of::Space, space) => lack_of_space(space),
        (Of::Pattern, Object::Dict(pattern)) => lack_of_pattern(pattern, false),
        (Of::Pattern, Object::Stream(pattern)) => lack_of_pattern(pattern.dict(), true),
        (Of::Pattern, _) => Some("is no pattern".into()),
        (Of::Shading, Object::Dict(shading)) => lack_of_shading(shading),
        (Of::Shading, Object::Stream(shading)) => lack_of_shading(shading.dict()),
        (Of::Shading, _) => Some("is no shading".into()),
        (Of::Layer, Object::Dict(_)) => None,
        (Of::Layer, _) => Some("is no layer".into()),
    }
}

/// A filter of a stream that there is none of, or a packed stream that names none.
pub(super) fn lack_of_stream(stream: &Stream<'_>) -> Option<String> {
    let dict = stream.dict();
    let known = |name: &[u8]| FILTERS.contains(&name);
    let unknown = |name: &[u8]| format!("is packed in a way that is not known (/{})", shown(name));
    match dict.get::<Object<'_>>(b"Filter") {
        None if dict.contains_key(b"Filter") => return Some("says how it is packed where nothing is".into()),
        None | Some(Object::Null(_)) => {}
        Some(Object::Name(name)) => return (!known(name.as_ref())).then(|| unknown(name.as_ref())),
        Some(Object::Array(names)) => {
            let strange = names.iter::<Object<'_>>().find_map(|item| match item {
                Object::Name(name) if known(name.as_ref()) => None,
                Object::Name(name) => Some(unknown(name.as_ref())),
                _ => Some("does not say how it is packed".into()),
            });
            return strange;
        }
        Some(_) => return Some("does not say how it is packed".into()),
    }
    None
}

fn x_object(stream: &Stream<'_>) -> Option<String> {
    let dict = stream.dict();
    let kind = dict.get::<Name<'_>>(b"Subtype");
    match kind.as_ref().map(AsRef::as_ref) {
        Some(b"Form") => lack_of_form(dict),
        Some(b"Image") => lack_of_picture(stream),
        // PostScript for printers, which no viewer shows.
        Some(b"PS") => None,
        Some(other) => Some(format!("is of a kind that is not known (/{})", shown(other))),
        None => Some("does not say what it is (no /Subtype)".into()),
    }
}

/// What a form lacks; also the content of an annotation or a mask.
pub(super) fn lack_of_form(dict: &Dict<'_>) -> Option<String> {
    let wrong = |key: &str| Some(format!("has no usable /{key}"));
    if numbers(dict, b"BBox") != Some(4) {
        return wrong("BBox");
    }
    if dict.contains_key(b"Matrix") && numbers(dict, b"Matrix") != Some(6) {
        return wrong("Matrix");
    }
    if is_wrong::<Dict<'_>>(dict, b"Resources") {
        return wrong("Resources");
    }
    if is_wrong::<Dict<'_>>(dict, b"Group") {
        return wrong("Group");
    }
    None
}

fn lack_of_picture(stream: &Stream<'_>) -> Option<String> {
    let dict = stream.dict();
    let wrong = |key: &str| Some(format!("has no usable /{key}"));
    let has = |long: &[u8], short: &[u8]| dict.contains_key(long) || dict.contains_key(short);
    let filters = stream.filters();
    // Their data say it themselves.
    let own = |with: &[Filter]| filters.iter().any(|f| with.contains(f));
    for (key, long, short) in [("Width", &b"Width"[..], &b"W"[..]), ("Height", b"Height", b"H")] {
        let side = dict.get::<u32>(long).or_else(|| dict.get::<u32>(short));
        if side.is_none_or(|side| side == 0) && !own(&[Filter::JpxDecode]) {
            return wrong(key);
        }
    }
    let mask = dict.get::<bool>(b"ImageMask").or_else(|| dict.get::<bool>(b"IM")).unwrap_or(false);
    if !mask && !own(&[Filter::JpxDecode]) {
        if !has(b"ColorSpace", b"CS") && !own(&[Filter::DctDecode]) {
            return wrong("ColorSpace");
        }
        let packed = [Filter::DctDecode, Filter::CcittFaxDecode, Filter::Jbig2Decode];
        if !has(b"BitsPerComponent", b"BPC") && !own(&packed) {
            return wrong("BitsPerComponent");
        }
    }
    let space = dict.get::<Object<'_>>(b"ColorSpace");
    if let Some(space @ Object::Array(_)) = &space
        && let Some(lack) = lack_of_space(space)
    {
        return Some(format!("has a colour space that {lack}"));
    }
    ([&b"SMask"[..], b"Mask"]
        .into_iter()
        .any(|key| dict.contains_key(key) && dict.get::<Object<'_>>(key).is_none()))
    .then(|| "has a mask that is not in the file".into())
}

fn lack_of_font(font: &Dict<'_>) -> Option<String> {
    let wrong = |key: &str| Some(format!("has no usable /{key}"));
    let kind = font.get::<Name<'_>>(b"Subtype");
    match kind.as_ref().map(AsRef::as_ref) {
        Some(b"Type0") if font.get::<Array<'_>>(b"DescendantFonts").is_none() => wrong("DescendantFonts"),
        Some(b"Type0") if font.get::<Object<'_>>(b"Encoding").is_none() => wrong("Encoding"),
        Some(b"Type3") if font.get::<Dict<'_>>(b"CharProcs").is_none() => wrong("CharProcs"),
        Some(b"Type3") if numbers(font, b"FontMatrix") != Some(6) => wrong("FontMatrix"),
        Some(b"Type0" | b"Type1" | b"Type3" | b"MMType1" | b"TrueType") => None,
        Some(other) => Some(format!("is of a kind that is not known (/{})", shown(other))),
        None => Some("does not say what it is (no /Subtype)".into()),
    }
}

fn lack_of_state(state: &Dict<'_>) -> Option<String> {
    if let Some(key) = unknown_state(state) {
        return Some(format!("has an entry that is not known (/{key})"));
    }
    let blend = state.get::<Name<'_>>(b"BM").filter(|blend| !BLENDS.contains(&blend.as_ref()));
    if let Some(blend) = blend {
        return Some(format!("blends in a way that is not known (/{})", shown(blend.as_ref())));
    }
    for key in [&b"CA"[..], b"ca", b"LW"] {
        if is_wrong::<f32>(state, key) {
            return Some(format!("has no usable /{}", shown(key)));
        }
    }
    for key in [&b"SA"[..], b"AIS", b"OP", b"op", b"TK"] {
        if is_wrong::<bool>(state, key) {
            return Some(format!("has no usable /{}", shown(key)));
        }
    }
    match state.get::<Object<'_>>(b"SMask") {
        None if state.contains_key(b"SMask") => Some("has a mask that is not in the file".into()),
        Some(Object::Dict(mask)) => {
            let kind = mask.get::<Name<'_>>(b"S");
            let known = kind.is_some_and(|kind| matches!(kind.as_ref(), b"Alpha" | b"Luminosity"));
            match mask.get::<Stream<'_>>(b"G") {
                Some(group) if known => {
                    lack_of_form(group.dict()).map(|lack| format!("has a mask that {lack}"))
                }
                _ => Some("has a mask that is none".into()),
            }
        }
        Some(Object::Name(name)) if name.as_ref() != b"None" => Some("has a mask that is none".into()),
        _ => None,
    }
}

fn lack_of_space(space: &Object<'_>) -> Option<String> {
    let of_name = |name: &[u8]| {
        let known = SPACES.contains(&name) || name == b"Separation";
        (!known).then(|| format!("is not known (/{})", shown(name)))
    };
    match space {
        Object::Name(name) => of_name(name.as_ref()),
        Object::Array(array) => {
            let parts: Vec<Object<'_>> = array.iter::<Object<'_>>().collect();
            let Some(Object::Name(name)) = parts.first() else { return Some("has no name".into()) };
            let (least, stream) = match name.as_ref() {
                b"ICCBased" => (2, true),
                b"Indexed" | b"I" | b"Separation" | b"DeviceN" => (4, false),
                b"CalGray" | b"CalRGB" | b"Lab" => (2, false),
                _ => (1, false),
            };
            if parts.len() < least || (stream && !matches!(parts[1], Object::Stream(_))) {
                return Some("lacks a part".into());
            }
            of_name(name.as_ref())
        }
        _ => Some("is none".into()),
    }
}

fn lack_of_pattern(pattern: &Dict<'_>, stream: bool) -> Option<String> {
    let wrong = |key: &str| Some(format!("has no usable /{key}"));
    if pattern.contains_key(b"Matrix") && numbers(pattern, b"Matrix") != Some(6) {
        return wrong("Matrix");
    }
    match pattern.get::<u8>(b"PatternType") {
        Some(1) if !stream => Some("has no content".into()),
        Some(1) if numbers(pattern, b"BBox") != Some(4) => wrong("BBox"),
        Some(1) if pattern.get::<f32>(b"XStep").is_none() => wrong("XStep"),
        Some(1) if pattern.get::<f32>(b"YStep").is_none() => wrong("YStep"),
        Some(1) => None,
        Some(2) => match pattern.get::<Object<'_>>(b"Shading") {
            Some(Object::Dict(shading)) => lack_of_shading(&shading),
            Some(Object::Stream(shading)) => lack_of_shading(shading.dict()),
            _ => wrong("Shading"),
        },
        _ => wrong("PatternType"),
    }
}

fn lack_of_shading(shading: &Dict<'_>) -> Option<String> {
    let wrong = |key: &str| Some(format!("has no usable /{key}"));
    let kind = shading.get::<u8>(b"ShadingType").unwrap_or(0);
    if !(1..=7).contains(&kind) {
        return wrong("ShadingType");
    }
    if shading.get::<Object<'_>>(b"ColorSpace").is_none() {
        return wrong("ColorSpace");
    }
    if (1..=3).contains(&kind) && shading.get::<Object<'_>>(b"Function").is_none() {
        return wrong("Function");
    }
    let coordinates = match kind {
        2 => 4,
        3 => 6,
        _ => return None,
    };
    if numbers(shading, b"Coords") == Some(coordinates) { None } else { wrong("Coords") }
}

/// How many numbers an entry has, if it is a list of nothing else.
pub(super) fn numbers(dict: &Dict<'_>, key: &[u8]) -> Option<usize> {
    let array = dict.get::<Array<'_>>(key)?;
    let all = array.raw_iter().count();
    let numbers = array.iter::<Object<'_>>().filter(|item| matches!(item, Object::Number(_))).count();
    (all == numbers).then_some(all)
}

/// Whether an entry is there and is not what it should be. One that is null is none.
fn is_wrong<'a, T: TryFrom<Object<'a>>>(dict: &Dict<'a>, key: &[u8]) -> bool {
    match dict.get_raw::<Object<'a>>(key) {
        None => dict.contains_key(key),
        Some(MaybeRef::NotRef(Object::Null(_))) => false,
        Some(_) => dict.get::<Object<'a>>(key).is_none_or(|object| T::try_from(object).is_err()),
    }
}
