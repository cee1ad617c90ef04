//! Which drawing scales a page may have at all, whoever states them.

use std::fmt;
use std::ops::RangeInclusive;

use crate::geom::{DEFAULT_DPI, PageSpace};

/// Drawing ratios (real inches per drawing inch) that a page may have: from 10:1 to 1:100,000. Details of
/// joinery and hardware are drawn enlarged (ISO 5455 goes on to 50:1 for machine parts, which no plan
/// set holds); location maps are printed at 1:24,000, 1:63,360 and 1:100,000 (USGS quadrangles).
///
/// What text alone may say is narrower: [`super::PLAUSIBLE_RATIOS`].
pub const SCALE_BAND: RangeInclusive<f64> = 0.1..=100_000.0;

/// Resolutions of pictures whose file states none, dots per inch: from a coarse screen copy to a film
/// scan. A scale is refused where none of them makes it plausible.
const UNSTATED_DPI: RangeInclusive<f64> = 10.0..=2_400.0;
/// A ratio on the edge stays inside when it was reckoned back from pixels.
const EDGE: f64 = 1e-9;

/// A scale that no drawing has.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "{} px/ft {at} is a drawing scale of {}, and only {} to {} are taken",
    Figure(*px_per_foot),
    RatioText(*ratio),
    RatioText(*SCALE_BAND.start()),
    RatioText(*SCALE_BAND.end())
)]
pub struct ImplausibleScale {
    /// Page pixels per real foot, as asked for.
    pub px_per_foot: f64,
    /// Real inches per drawing inch that it means.
    pub ratio: f64,
    /// The resolution it was reckoned at, for a person.
    at: String,
}

/// Refuses pixels per foot that mean a drawing ratio outside [`SCALE_BAND`] at the page's own resolution. A
/// page that has no image is taken for a vector page at 150 dpi; one whose file states no resolution is
/// given the benefit of every resolution that pictures have.
pub fn check_scale(space: Option<&PageSpace>, px_per_foot: f64) -> Result<(), ImplausibleScale> {
    let stated = match space {
        Some(space) => space.dpi,
        None => Some(DEFAULT_DPI),
    };
    let ratio = |dpi: f64| dpi * 12.0 / px_per_foot;
    let refused = |ratio: f64, at: String| Err(ImplausibleScale { px_per_foot, ratio, at });
    if let Some(dpi) = stated {
        let ratio = ratio(dpi);
        return if is_plausible(ratio) { Ok(()) } else { refused(ratio, format!("at {} dpi", Figure(dpi))) };
    }
    let (least, most) = (ratio(*UNSTATED_DPI.start()), ratio(*UNSTATED_DPI.end()));
    let (low, high) = (SCALE_BAND.start() * (1.0 - EDGE), SCALE_BAND.end() * (1.0 + EDGE));
    if px_per_foot > 0.0 && most >= low && least <= high {
        return Ok(());
    }
    let (nearest, dpi) = if most < low { (most, UNSTATED_DPI.end()) } else { (least, UNSTATED_DPI.start()) };
    refused(nearest, format!("on a picture of unknown resolution, taken at {} dpi,", Figure(*dpi)))
}

fn is_plausible(ratio: f64) -> bool {
    (SCALE_BAND.start() * (1.0 - EDGE)..=SCALE_BAND.end() * (1.0 + EDGE)).contains(&ratio)
}

/// A ratio as people write it: `1:48`, `10:1`.
pub(super) struct RatioText(pub(super) f64);

impl RatioText {
    /// To two places, as one is shown that was reckoned.
    pub(super) fn short(ratio: f64) -> Self {
        Self((ratio * 100.0).round() / 100.0)
    }
}

impl fmt::Display for RatioText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1.0 { write!(f, "{}:1", Figure(1.0 / self.0)) } else { write!(f, "1:{}", Figure(self.0)) }
    }
}

/// A number at a length that can be read, whatever its size.
struct Figure(f64);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size != 0.0 && !(1e-4..1e9).contains(&size) {
            return write!(f, "{:.3e}", self.0);
        }
        write!(f, "{}", (self.0 * 1e4).round() / 1e4)
    }
}

#[cfg(test)]
mod tests {
    use super::super::PLAUSIBLE_RATIOS;
    use super::*;

    fn page(dpi: Option<f64>) -> PageSpace {
        PageSpace { dpi, ..PageSpace::of_points(3024.0, 2160.0).unwrap() }
    }

    #[test]
    fn every_scale_of_the_field_is_taken_at_any_resolution() {
        for dpi in [50.0, 150.0, 600.0] {
            let space = page(Some(dpi));
            for ratio in [0.1, 0.5, 1.0, 2.0, 48.0, 1200.0, 24_000.0, 63_360.0, 100_000.0] {
                assert_eq!(check_scale(Some(&space), dpi * 12.0 / ratio), Ok(()), "1:{ratio} at {dpi}");
            }
        }
        assert!(SCALE_BAND.contains(PLAUSIBLE_RATIOS.start()) && SCALE_BAND.contains(PLAUSIBLE_RATIOS.end()));
    }

    #[test]
    fn what_no_drawing_has_is_refused_with_ratio_and_band() {
        for dpi in [Some(50.0), Some(150.0), None] {
            for bad in [1e308, 1e200, 1e9, 1e-320, 1e-6, 0.0, -1.0, f64::NAN, f64::INFINITY] {
                let said = check_scale(Some(&page(dpi)), bad).unwrap_err().to_string();
                assert!(said.contains("10:1 to 1:100000"), "{said}");
                assert!(said.len() < 200, "{said}");
            }
        }
        let said = check_scale(None, 0.01).unwrap_err().to_string();
        assert_eq!(
            said,
            "0.01 px/ft at 150 dpi is a drawing scale of 1:180000, and only 10:1 to 1:100000 are taken"
        );
    }

    #[test]
    fn the_same_pixels_per_foot_are_judged_at_the_page_s_own_resolution() {
        assert!(check_scale(Some(&page(Some(150.0))), 0.01).is_err());
        assert_eq!(check_scale(Some(&page(Some(50.0))), 0.01), Ok(()));
        // A picture that states no resolution may be coarse.
        assert_eq!(check_scale(Some(&page(None)), 0.01), Ok(()));
    }
}
