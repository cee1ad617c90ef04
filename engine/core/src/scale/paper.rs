//! Sizes of paper, and what becomes of a scale on another size than it was written for.

use super::notation::PLAUSIBLE_RATIOS;
use crate::geom::PageSpace;

/// Paper sizes agree within this part of their length: trimming and driver margins.
const PAPER_TOLERANCE: f64 = 0.04;
/// Reductions in use; one so near is meant. A1 to A2 is the root of a half, which paper keeps to the millimetre.
const REDUCTIONS: [f64; 5] = [0.25, 0.5, std::f64::consts::FRAC_1_SQRT_2, std::f64::consts::SQRT_2, 2.0];
const SAME_REDUCTION: f64 = 0.005;

/// Whether a page is a sheet of `A1` or `24X36`; `None` for another name and for a page of unknown size.
pub(super) fn is_on_paper(name: &str, space: &PageSpace) -> Option<bool> {
    let (short, long) = paper_inches(name)?;
    let (w, h) = inches(space)?;
    let agrees = |a: f64, b: f64| (a - b).abs() <= PAPER_TOLERANCE * b;
    Some(agrees(w.min(h), short) && agrees(w.max(h), long))
}

/// A scale that holds on `name` paper, on this page, if the page is a smaller or larger copy of such a sheet. `None`
/// where the two have not the same shape, so that it is none.
pub(super) fn on_this_page(ratio: f64, name: &str, space: &PageSpace) -> Option<f64> {
    let (short, long) = paper_inches(name)?;
    let (w, h) = inches(space)?;
    let (a, b) = (w.min(h) / short, w.max(h) / long);
    // What is made to fit a page is as large as its narrower side allows.
    let (fit, other) = (a.min(b), a.max(b));
    if other - fit > PAPER_TOLERANCE * other {
        return None;
    }
    let meant = REDUCTIONS.into_iter().find(|r| [a, b].iter().all(|v| (v - r).abs() <= SAME_REDUCTION * r));
    let ratio = ratio / meant.unwrap_or(fit);
    let whole = (ratio.round() - ratio).abs() <= 1e-9 * ratio;
    let ratio = if whole { ratio.round() } else { ratio };
    PLAUSIBLE_RATIOS.contains(&ratio).then_some(ratio)
}

/// Width and height of the page's paper.
pub(super) fn inches(space: &PageSpace) -> Option<(f64, f64)> {
    let dpi = space.dpi?;
    Some((f64::from(space.width_px) / dpi, f64::from(space.height_px) / dpi))
}

/// Short and long side in inches of `A1` or `24X36`.
fn paper_inches(name: &str) -> Option<(f64, f64)> {
    // ISO 216, millimetres.
    const A_MM: [(f64, f64); 5] =
        [(841.0, 1189.0), (594.0, 841.0), (420.0, 594.0), (297.0, 420.0), (210.0, 297.0)];
    if let Some(n) = name.strip_prefix('A') {
        let (short, long) = *A_MM.get(n.parse::<usize>().ok()?)?;
        return Some((short / 25.4, long / 25.4));
    }
    let (a, b) = name.split_once('X')?;
    let (a, b): (f64, f64) = (a.parse().ok()?, b.parse().ok()?);
    Some((a.min(b), a.max(b)))
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
}
