//! Sizes of paper, and what becomes of a scale on another size than it was written for.

use super::notation::PLAUSIBLE_RATIOS;
use crate::geom::PageSpace;
use crate::page::is_like_a_sheet;

/// Paper sizes agree within this part of their length: trimming and driver margins.
const PAPER_TOLERANCE: f64 = 0.04;
/// Reductions in use; one so near is meant. A1 to A2 is the root of a half, which paper keeps to the millimetre.
const REDUCTIONS: [f64; 5] = [0.25, 0.5, std::f64::consts::FRAC_1_SQRT_2, std::f64::consts::SQRT_2, 2.0];
const SAME_REDUCTION: f64 = 0.005;

/// ISO 216, millimetres.
const A_MM: [(f64, f64); 5] =
    [(841.0, 1189.0), (594.0, 841.0), (420.0, 594.0), (297.0, 420.0), (210.0, 297.0)];
/// The architectural series and ANSI Y14.1's, inches.
const SERIES: [(&str, (f64, f64)); 13] = [
    ("ARCH A", (9.0, 12.0)),
    ("ARCH B", (12.0, 18.0)),
    ("ARCH C", (18.0, 24.0)),
    ("ARCH D", (24.0, 36.0)),
    ("ARCH E", (36.0, 48.0)),
    ("ARCH E1", (30.0, 42.0)),
    ("ARCH E2", (26.0, 38.0)),
    ("ARCH E3", (27.0, 39.0)),
    ("ANSI A", (8.5, 11.0)),
    ("ANSI B", (11.0, 17.0)),
    ("ANSI C", (17.0, 22.0)),
    ("ANSI D", (22.0, 34.0)),
    ("ANSI E", (34.0, 44.0)),
];
/// Sides that name an ISO sheet are whole millimetres; ISO 216 allows three.
const SAME_MM: f64 = 3.0;

/// Whether a page is a sheet of `A1`, `ARCH D`, `D SIZE` (of either series) or `24X36`; `None` for another name and for a
/// page of unknown size.
pub(super) fn is_on_paper(name: &str, space: &PageSpace) -> Option<bool> {
    let sheets = sheets(name);
    let (w, h) = inches(space).filter(|_| !sheets.is_empty())?;
    let agrees = |a: f64, b: f64| (a - b).abs() <= PAPER_TOLERANCE * b;
    Some(sheets.iter().any(|(short, long)| agrees(w.min(h), *short) && agrees(w.max(h), *long)))
}

/// A scale that holds on `name` paper, on this page, if the page is a smaller or larger copy of such a sheet. `None`
/// where the two have not the same shape, so that it is none, and where the name may be that of another sheet, too.
pub(super) fn on_this_page(ratio: f64, name: &str, space: &PageSpace) -> Option<f64> {
    let (w, h) = inches(space)?;
    let mut copies = sheets(name).into_iter().filter_map(|sheet| copied(sheet, (w.min(h), w.max(h))));
    let size = copies.next().filter(|_| copies.next().is_none())?;
    let ratio = ratio / size;
    let whole = (ratio.round() - ratio).abs() <= 1e-9 * ratio;
    let ratio = if whole { ratio.round() } else { ratio };
    PLAUSIBLE_RATIOS.contains(&ratio).then_some(ratio)
}

/// How large a copy of a sheet a page is; `None` where it has another shape.
fn copied((short, long): (f64, f64), page: (f64, f64)) -> Option<f64> {
    let (a, b) = (page.0 / short, page.1 / long);
    // What is made to fit a page is as large as its narrower side allows.
    let (fit, other) = (a.min(b), a.max(b));
    if other - fit > PAPER_TOLERANCE * other {
        return None;
    }
    let meant = REDUCTIONS.into_iter().find(|r| [a, b].iter().all(|v| (v - r).abs() <= SAME_REDUCTION * r));
    Some(meant.unwrap_or(fit))
}

/// Whether paper of these sides, inches, is about a sheet that drawings come on, or a piece of a roll as wide as one.
pub(super) fn is_usual(short: f64, long: f64) -> bool {
    const BETWEEN: [(f64, f64); 2] = [(28.0, 40.0), (30.0, 40.0)];
    let near = |a: f64, b: f64| (a - b).abs() <= PAPER_TOLERANCE * b;
    is_like_a_sheet(short, long) || BETWEEN.iter().any(|(a, b)| near(short, *a) && near(long, *b))
}

/// Width and height of the page's paper.
pub(super) fn inches(space: &PageSpace) -> Option<(f64, f64)> {
    let dpi = space.dpi?;
    Some((f64::from(space.width_px) / dpi, f64::from(space.height_px) / dpi))
}

/// Whether a page may be a smaller copy of a sheet: it is smaller, and of ISO's shape as the sheet is.
pub(super) fn may_be_reduced(name: &str, space: &PageSpace) -> bool {
    let long = inches(space).map(|(w, h)| w.max(h)).filter(|_| is_iso_shaped(space));
    long.is_some_and(|long| sheets(name).iter().any(|sheet| long < (1.0 - PAPER_TOLERANCE) * sheet.1))
}

/// Whether a page has the shape of ISO's sheets.
fn is_iso_shaped(space: &PageSpace) -> bool {
    inches(space).is_some_and(|(w, h)| {
        let shape = w.max(h) / w.min(h);
        (shape - std::f64::consts::SQRT_2).abs() <= PAPER_TOLERANCE / 2.0 * shape
    })
}

/// The ISO sheet of these sides.
pub(super) fn iso_of_millimetres(a: f64, b: f64) -> Option<String> {
    let (short, long) = (a.min(b), a.max(b));
    let is = |(x, y): &(f64, f64)| (x - short).abs() <= SAME_MM && (y - long).abs() <= SAME_MM;
    A_MM.iter().position(is).map(|n| format!("A{n}"))
}

/// Short and long sides in inches of the sheets that a name may mean.
fn sheets(name: &str) -> Vec<(f64, f64)> {
    let series = |wanted: &str| SERIES.iter().find(|(known, _)| *known == wanted).map(|(_, sides)| *sides);
    if let Some(letter) = name.strip_suffix(" SIZE") {
        return ["ARCH", "ANSI"].iter().filter_map(|s| series(&format!("{s} {letter}"))).collect();
    }
    let iso = || {
        let n: usize = name.strip_prefix('A')?.parse().ok()?;
        A_MM.get(n).map(|(short, long)| (short / 25.4, long / 25.4))
    };
    let sides = || {
        let (a, b) = name.split_once('X')?;
        let (a, b): (f64, f64) = (a.parse().ok()?, b.parse().ok()?);
        Some((a.min(b), a.max(b)))
    };
    series(name).or_else(iso).or_else(sides).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_goes_with_the_size_of_the_copy() {
        let page = |w: f64, h: f64| PageSpace::of_points(w * 72.0, h * 72.0).unwrap();
        let a3 = page(420.0 / 25.4, 297.0 / 25.4);
        assert_eq!(on_this_page(100.0, "A1", &a3), Some(200.0));
        assert_eq!(on_this_page(96.0, "24X36", &page(18.0, 12.0)), Some(192.0));
        let a2 = on_this_page(100.0, "A1", &page(594.0 / 25.4, 420.0 / 25.4)).unwrap();
        assert!((a2 - 141.4).abs() < 0.1, "{a2}");
        // 24 x 36 made to fit 11 x 17 is as wide as that allows.
        let tabloid = on_this_page(96.0, "24X36", &page(17.0, 11.0)).unwrap();
        assert!((tabloid - 96.0 * 24.0 / 11.0).abs() < 1e-6, "{tabloid}");
        // Another shape is no copy, and a scale that no text may state is none.
        assert_eq!(on_this_page(96.0, "24X36", &page(30.0, 30.0)), None);
        assert_eq!(on_this_page(9_000.0, "A1", &a3), None);
    }

    #[test]
    fn every_series_of_paper_is_known() {
        let page = |w: f64, h: f64| PageSpace::of_points(w * 72.0, h * 72.0).unwrap();
        for (name, w, h) in [
            ("A0", 46.8, 33.1),
            ("A4", 8.27, 11.69),
            ("ARCH A", 12.0, 9.0),
            ("ARCH D", 36.0, 24.0),
            ("ARCH E1", 42.0, 30.0),
            ("ANSI D", 34.0, 22.0),
            ("D SIZE", 34.0, 22.0),
            ("D SIZE", 36.0, 24.0),
            ("24X36", 36.0, 24.0),
            ("8.5X11", 11.0, 8.5),
        ] {
            assert_eq!(is_on_paper(name, &page(w, h)), Some(true), "{name}");
            assert_eq!(is_on_paper(name, &page(60.0, 20.0)), Some(false), "{name}");
        }
        for name in ["A5", "ARCH F", "F SIZE", "BIG"] {
            assert_eq!(is_on_paper(name, &page(36.0, 24.0)), None, "{name}");
        }
        assert_eq!(iso_of_millimetres(841.0, 594.0).as_deref(), Some("A1"));
        assert_eq!(iso_of_millimetres(914.0, 610.0), None);
        // 11 x 17 in is a copy of an ANSI D by half, and of an ARCH D made to fit.
        assert_eq!(on_this_page(96.0, "ANSI D", &page(17.0, 11.0)), Some(192.0));
        assert_eq!(on_this_page(96.0, "D SIZE", &page(17.0, 11.0)), None);
        assert!(is_iso_shaped(&page(16.54, 11.69)) && !is_iso_shaped(&page(36.0, 24.0)));
    }

    #[test]
    fn a_sheet_that_was_made_larger_to_fit_is_reckoned_as_large_as_its_narrower_side_allows() {
        // A1 is 33.11 x 23.39 in: 42 x 30 is 1.268 times as long and 1.283 times as high.
        let e1 = PageSpace::of_points(42.0 * 72.0, 30.0 * 72.0).unwrap();
        let ratio = on_this_page(100.0, "A1", &e1).unwrap();
        assert!((ratio - 100.0 * 1_189.0 / 25.4 / 42.0 / 2.0_f64.sqrt()).abs() < 0.1, "{ratio}");
    }
}
