//! Optional content: names of layers and which of them the file switches off.

use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, String as PdfString};
use hayro_syntax::page::Page;
use rustc_hash::FxHashSet;

use crate::found::Finding;

/// Name of the layer that an `OC` property dictionary stands for: a group's own name, or the names of
/// the groups that a membership dictionary lists.
pub(super) fn layer_name(properties: &Dict<'_>) -> Option<String> {
    if let Some(name) = properties.get::<PdfString<'_>>(b"Name") {
        return Some(text_string(name.as_bytes()));
    }
    let groups = properties.get::<Object<'_>>(b"OCGs")?;
    let names: Vec<String> = match groups {
        Object::Dict(group) => group_name(&group).into_iter().collect(),
        Object::Array(groups) => groups.iter::<Dict<'_>>().filter_map(|g| group_name(&g)).collect(),
        _ => Vec::new(),
    };
    (!names.is_empty()).then(|| names.join(" + "))
}

fn group_name(group: &Dict<'_>) -> Option<String> {
    group.get::<PdfString<'_>>(b"Name").map(|name| text_string(name.as_bytes()))
}

/// A PDF text string: UTF-16 or UTF-8 with a byte order mark, else one byte a character (the
/// characters of PDFDocEncoding that layer names use agree with Latin-1).
fn text_string(bytes: &[u8]) -> String {
    let utf16 = |rest: &[u8], pair: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|c| pair([c[0], c[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|b| char::from(*b)).collect(),
    };
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Says which of the layers that `page` uses are off in the file: their content is neither drawn nor
/// in the display list.
pub(super) fn hidden_layers(page: &Page<'_>) -> Option<Finding> {
    let off = off(page);
    if off.is_empty() {
        return None;
    }
    let used = &page.resources().properties;
    let mut names: Vec<String> = used
        .entries()
        .filter_map(|(key, value)| match value {
            MaybeRef::Ref(reference) => off.contains(&reference.into()).then_some(key),
            MaybeRef::NotRef(_) => None,
        })
        .filter_map(|key| used.get::<Dict<'_>>(key))
        .filter_map(|group| group_name(&group))
        .collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then(|| {
        Finding::new(
            "layers_hidden",
            format!("Layers switched off in the file were left out: {}.", names.join(", ")),
        )
    })
}

/// The layers that the file of `page` switches off.
pub(super) fn off(page: &Page<'_>) -> FxHashSet<ObjectIdentifier> {
    let xref = page.xref();
    let catalog = xref.get::<Dict<'_>>(xref.root_id());
    let properties = catalog.and_then(|catalog| catalog.get::<Dict<'_>>(b"OCProperties"));
    properties.map(|properties| groups_off(&properties)).unwrap_or_default()
}

fn groups_off(properties: &Dict<'_>) -> FxHashSet<ObjectIdentifier> {
    let mut off = FxHashSet::default();
    let Some(config) = properties.get::<Dict<'_>>(b"D") else {
        return off;
    };
    let identifiers = |array: Option<Array<'_>>| -> Vec<ObjectIdentifier> {
        array
            .map(|a| a.raw_iter().filter_map(|i| i.as_obj_ref()).map(Into::into).collect())
            .unwrap_or_default()
    };
    if config.get::<Name<'_>>(b"BaseState").is_some_and(|state| state.as_ref() == b"OFF") {
        off.extend(identifiers(properties.get::<Array<'_>>(b"OCGs")));
    }
    for on in identifiers(config.get::<Array<'_>>(b"ON")) {
        off.remove(&on);
    }
    off.extend(identifiers(config.get::<Array<'_>>(b"OFF")));
    off
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_every_encoding_of_the_standard() {
        assert_eq!(text_string(b"A-WALL"), "A-WALL");
        assert_eq!(text_string(b"\xFE\xFF\0A\0-\0W"), "A-W");
        assert_eq!(text_string(b"\xFF\xFEA\0-\0"), "A-");
        assert_eq!(text_string(b"\xEF\xBB\xBFW\xC3\xA4nde"), "Wände");
        assert_eq!(text_string(b"T\xFCren\r"), "Türen");
    }
}
