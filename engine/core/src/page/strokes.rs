//! Strokes of a page that is a picture, so that symbols can be counted on it.

use super::display::{DisplayList, PathEntry};
use crate::budget::Budget;
use crate::found::Finding;
use crate::trace::{Gray, trace};

/// Pixels of a picture that is traced: a 42 x 30 in sheet at 300 dpi has 113 million.
pub(super) const MAX_TRACED_PIXELS: u64 = 120_000_000;

/// Traces a picture of the whole page, one byte a pixel, and adds its strokes to the page's list. A picture
/// that is no drawing stays one; a finding says so.
pub(super) fn add(list: &mut DisplayList, width: usize, height: usize, pixels: &[u8], budget: &Budget) {
    let traced = match Gray::new(width, height, pixels) {
        Some(gray) => trace(&gray, &list.space, budget).map_err(|e| e.to_string()),
        None => Err("its pixels do not fit its size".to_owned()),
    };
    match traced {
        Ok(strokes) => append(list, strokes),
        Err(why) => not_traced(list, &why),
    }
}

/// Says that a picture was not traced.
pub(super) fn not_traced(list: &mut DisplayList, why: &str) {
    let message =
        format!("No strokes were read from the picture, so symbols cannot be counted on it: {why}.");
    list.findings.push(Finding::new("not_traced", message));
}

fn append(list: &mut DisplayList, strokes: DisplayList) {
    let (styles, verbs, coords) =
        (list.styles.len() as u32, list.verbs.len() as u32, list.coords.len() as u32);
    list.grain = strokes.grain;
    list.picture = strokes.picture;
    list.styles.extend(strokes.styles);
    list.verbs.extend(strokes.verbs);
    list.coords.extend(strokes.coords);
    list.paths.extend(strokes.paths.into_iter().map(|p| PathEntry {
        style: p.style + styles,
        verb_start: p.verb_start + verbs,
        coord_start: p.coord_start + coords,
        ..p
    }));
}
