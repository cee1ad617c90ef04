//! Strokes of a page that is a picture, so that symbols can be counted on it.

use super::display::{DisplayList, PathEntry};
use crate::budget::Budget;
use crate::found::Finding;
use crate::trace::{Gray, trace};

/// Pixels of a picture that is traced: a 42 x 30 in sheet at 300 dpi has 113 million.
pub(super) const MAX_TRACED_PIXELS: u64 = 120_000_000;

/// Traces a picture of the whole page, one byte a pixel, and adds its strokes to the page's list. A picture
/// that is no drawing stays one; a finding says so. Of light lines on a dark ground the negative is traced, which
/// `pixels` are then.
pub(super) fn add(list: &mut DisplayList, width: usize, height: usize, pixels: &mut [u8], budget: &Budget) {
    if Gray::new(width, height, pixels).is_some_and(|gray| gray.is_light_on_dark()) {
        pixels.iter_mut().for_each(|v| *v = u8::MAX - *v);
        let message = "The picture shows light lines on a dark ground: strokes were read from its negative.";
        list.findings.push(Finding::new("light_on_dark", message));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::PageSpace;
    use crate::page::display::PageKind;

    /// A frame in ink on a ground, in a border of another brightness.
    fn traced(ink: u8, ground: u8, border: u8) -> DisplayList {
        let (w, h) = (400, 300);
        let at = |x: usize, y: usize| {
            let within = |v: usize, most: usize| (40..most - 40).contains(&v);
            let edge =
                |v: usize, most: usize| (100..103).contains(&v) || (most - 103..most - 100).contains(&v);
            match (within(x, w) && within(y, h), edge(x, w) || edge(y, h)) {
                (true, true) => ink,
                (true, false) => ground,
                (false, _) => border,
            }
        };
        let mut pixels: Vec<u8> = (0..w * h).map(|i| at(i % w, i / w)).collect();
        let mut list =
            DisplayList::empty(PageSpace::of_raster(w as u32, h as u32, Some(150.0)), PageKind::Raster);
        add(&mut list, w, h, &mut pixels, &Budget::unlimited());
        list
    }

    #[test]
    fn light_lines_on_a_dark_ground_are_read_as_dark_ones_on_a_light_one() {
        let (light, dark) = (traced(240, 40, 40), traced(15, 215, 215));
        assert!(!dark.coords.is_empty());
        assert_eq!((&light.coords, &light.picture), (&dark.coords, &dark.picture));
        let says = |list: &DisplayList| list.findings.iter().any(|f| f.code == "light_on_dark");
        assert!(says(&light) && !says(&dark));
        assert!(!says(&traced(30, 150, 255)), "grey paper in a white frame");
        assert!(!says(&traced(60, 60, 60)), "nothing but ground");
    }
}
