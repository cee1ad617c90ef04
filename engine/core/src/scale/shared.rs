//! One scale that a person gives to several pages at once.
//!
//! Pixels per foot belong to a page's resolution: 37.5 px/ft is 1/4" = 1'-0" at 150 dpi and 3/4" = 1'-0"
//! on a page too large to be shown at more than 50 dpi. Who gives one scale to several pages means one
//! drawing scale, so a value is taken as it stands only where it means the same on every page.

use super::hedge::Doubt;
use super::notation::{Family, Notation, parse_all};
use super::paper::is_on_paper;
use crate::geom::{DEFAULT_DPI, ListUnit, PageSpace};

/// Resolutions this near each other are one: scanners write 300 dpi as 118.11 dots per centimetre.
const SAME_DPI: f64 = 0.001;
/// A value agrees with a text within this part of it; clients round to two places.
const AGREES: f64 = 0.01;
/// Resolutions that a refusal names.
const NAMED: usize = 4;

/// What one scale means on each of several pages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SharedScale {
    /// The same drawing scale, real inches per drawing inch, at each page's own resolution.
    Ratio(f64),
    /// The same pixels per foot: the pages are shown at one resolution, or none states any.
    PxPerFoot(f64),
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SharedScaleError {
    #[error(
        "the pages are shown at {dpi} dpi, so {} px/ft is another scale on each: name the scale in \
         scale_text (like 1/4\" = 1'-0\") or give it to the pages of one resolution at a time",
        crate::brief(*value)
    )]
    SeveralResolutions { dpi: String, value: f64 },
    #[error(
        "some of the pages are pictures that state no resolution and others state one, so one scale means \
         nothing common to them: give it to the pictures apart from the others"
    )]
    UnknownResolution,
    #[error("{text} is {expected} px/ft on pages shown at {dpi} dpi, not {}", crate::brief(*value))]
    Disagree { text: String, expected: String, dpi: String, value: f64 },
    #[error(
        "{value} px/ft is more than one of the scales of {text} on these pages: name one scale in the text"
    )]
    Ambiguous { text: String, value: f64 },
    #[error("{text:?} is no scale as drawings write it (like 1/4\" = 1'-0\", 1\" = 20' or 1:100)")]
    Unreadable { text: String },
    #[error("{text:?} says that nothing is to scale")]
    NotToScale { text: String },
    #[error("{text:?} does not state one scale: name one, or give its value in pixels per foot")]
    NotOne { text: String },
    #[error(
        "{text:?} holds for {paper} paper, which a page is not of: name the scale that it has on the page, or give its \
         value in pixels per foot"
    )]
    OtherPaper { text: String, paper: String },
    #[error(
        "a picture that states no resolution has no scale by a text alone: give its value in pixels per foot"
    )]
    NoResolution,
}

impl SharedScale {
    /// What `px_per_foot`, given with `text` to pages of these spaces, means.
    ///
    /// - A text that states ratios decides: each page gets what the ratio is at its own resolution. The value
    ///   must agree with it (within 1 %) at the resolution of one of the pages, or at 150 dpi where one of them
    ///   is a vector page, which is what those are shown at unless too large. Of several ratios
    ///   (`1:100 @ A1 / 1:200 @ A3`) the value picks one, of those that name the pages' paper if any does.
    /// - Without such a text the value is taken as it stands, if all pages have the same resolution.
    /// - Pictures that state no resolution take the value as it stands, and only among themselves.
    ///
    /// A page without an image counts as a vector page at 150 dpi.
    pub fn of(
        spaces: &[Option<PageSpace>],
        px_per_foot: f64,
        text: Option<&str>,
    ) -> Result<Self, SharedScaleError> {
        let stated: Vec<f64> = spaces.iter().filter_map(|s| resolution(s.as_ref())).collect();
        if stated.is_empty() {
            return Ok(Self::PxPerFoot(px_per_foot));
        }
        if stated.len() < spaces.len() {
            return Err(SharedScaleError::UnknownResolution);
        }
        let shown = distinct(&stated);
        let ratios = text.map(|t| stated_ratios(t, spaces)).unwrap_or_default();
        let Some(text) = text.filter(|_| !ratios.is_empty()) else {
            return match shown.as_slice() {
                [_] => Ok(Self::PxPerFoot(px_per_foot)),
                several => {
                    Err(SharedScaleError::SeveralResolutions { dpi: listed(several), value: px_per_foot })
                }
            };
        };
        let vector = spaces.iter().any(|s| s.is_none_or(|s| s.unit == ListUnit::Point));
        let agrees = |dpi: f64, ratio: f64| {
            let expected = dpi * 12.0 / ratio;
            (px_per_foot - expected).abs() <= AGREES * expected
        };
        let meant = |at: &[f64]| -> Vec<f64> {
            ratios.iter().copied().filter(|r| at.iter().any(|dpi| agrees(*dpi, *r))).collect()
        };
        let mut picked = meant(&shown);
        if picked.is_empty() && vector {
            picked = meant(&[DEFAULT_DPI]);
        }
        match picked.as_slice() {
            [] => {}
            [one] => return Ok(Self::Ratio(*one)),
            _ => return Err(SharedScaleError::Ambiguous { text: text.to_owned(), value: px_per_foot }),
        }
        let expected: Vec<f64> =
            shown.iter().flat_map(|dpi| ratios.iter().map(move |ratio| dpi * 12.0 / ratio)).collect();
        Err(SharedScaleError::Disagree {
            text: text.to_owned(),
            expected: listed(&expected),
            dpi: listed(&shown),
            value: px_per_foot,
        })
    }

    /// What a text alone means, given to pages of these spaces: the one ratio that it states, where each of them has
    /// a resolution. Of several ratios those count that name the paper of all the pages; one that names another paper
    /// than a page is of is refused.
    pub fn of_text(spaces: &[Option<PageSpace>], text: &str) -> Result<Self, SharedScaleError> {
        readable(text)?;
        if notations(text).is_empty() {
            return Err(SharedScaleError::Unreadable { text: text.to_owned() });
        }
        match stated_ratios(text, spaces).as_slice() {
            [_] if spaces.iter().any(|s| resolution(s.as_ref()).is_none()) => {
                Err(SharedScaleError::NoResolution)
            }
            [one] => match other_paper(text, spaces) {
                Some(paper) => Err(SharedScaleError::OtherPaper { text: text.to_owned(), paper }),
                None => Ok(Self::Ratio(*one)),
            },
            _ => Err(SharedScaleError::NotOne { text: text.to_owned() }),
        }
    }

    /// Pixels per foot on one of the pages; `None` for a ratio on a picture of unknown resolution.
    pub fn on(self, space: Option<&PageSpace>) -> Option<f64> {
        match self {
            Self::PxPerFoot(value) => Some(value),
            Self::Ratio(ratio) => resolution(space).map(|dpi| dpi * 12.0 / ratio),
        }
    }
}

/// Refuses a text, given beside a value, that has numbers and is no scale, or that says that there is none. Words alone
/// (`as measured on site`, `AS NOTED`) state nothing that could contradict the value.
pub fn readable(text: &str) -> Result<(), SharedScaleError> {
    let all = notations(text);
    if all.is_empty() && text.chars().any(char::is_numeric) {
        return Err(SharedScaleError::Unreadable { text: text.to_owned() });
    }
    if !all.is_empty() && all.iter().all(|n| n.family == Family::NotToScale) {
        return Err(SharedScaleError::NotToScale { text: text.to_owned() });
    }
    Ok(())
}

/// What a text says that somebody gave as that of a scale: what counts only after the word (`1/100`) counts.
fn notations(text: &str) -> Vec<Notation> {
    let alone = parse_all(text);
    if alone.is_empty() { parse_all(&format!("SCALE: {text}")) } else { alone }
}

/// The different ratios that a text states; where some name the paper of all the pages, only those.
fn stated_ratios(text: &str, spaces: &[Option<PageSpace>]) -> Vec<f64> {
    // Who gives a scale may say what it is of and that it is about right; that it is none may not be said as well.
    let is_one =
        |n: &Notation| !matches!(n.doubt, Some(Doubt::Unscaled(_))) && n.ratio.is_some_and(|r| r > 0.0);
    let stated: Vec<_> = notations(text).into_iter().filter(is_one).collect();
    let fits = |paper: &str| spaces.iter().flatten().all(|s| is_on_paper(paper, s) == Some(true));
    let on_paper = |paper: &Option<String>| paper.as_deref().is_some_and(fits);
    let named = stated.iter().any(|n| on_paper(&n.paper));
    let mut ratios: Vec<f64> = Vec::new();
    for ratio in stated.iter().filter(|n| !named || on_paper(&n.paper)).filter_map(|n| n.ratio) {
        if !ratios.iter().any(|r| (r - ratio).abs() <= 1e-6 * ratio) {
            ratios.push(ratio);
        }
    }
    ratios
}

/// The paper that every ratio of a text names, where a page is known not to be of any such.
fn other_paper(text: &str, spaces: &[Option<PageSpace>]) -> Option<String> {
    let ratios = notations(text).into_iter().filter(|n| n.ratio.is_some_and(|r| r > 0.0));
    let papers: Vec<String> = ratios.map(|n| n.paper).collect::<Option<_>>()?;
    let is_other = |space: &PageSpace| papers.iter().all(|p| is_on_paper(p, space) == Some(false));
    spaces.iter().flatten().any(is_other).then(|| papers.first().cloned()).flatten()
}

fn resolution(space: Option<&PageSpace>) -> Option<f64> {
    match space {
        Some(space) => space.dpi.filter(|d| d.is_finite() && *d > 0.0),
        None => Some(DEFAULT_DPI),
    }
}

fn distinct(stated: &[f64]) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::new();
    for &dpi in stated {
        if !out.iter().any(|d| (d - dpi).abs() <= SAME_DPI * dpi) {
            out.push(dpi);
        }
    }
    out
}

fn listed(values: &[f64]) -> String {
    let shown = |v: &f64| format!("{}", (v * 1e3).round() / 1e3);
    let named: Vec<String> = values.iter().take(NAMED).map(shown).collect();
    match values.len().saturating_sub(NAMED) {
        0 => named.join(" and "),
        more => format!("{} and {more} other", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: &str = "1/4\" = 1'-0\"";

    fn vector(dpi: f64) -> Option<PageSpace> {
        PageSpace::of_points(3024.0, 2160.0).map(|s| PageSpace { dpi: Some(dpi), ..s })
    }

    fn picture(dpi: Option<f64>) -> Option<PageSpace> {
        Some(PageSpace::of_raster(4000, 3000, dpi))
    }

    #[test]
    fn a_text_that_states_a_ratio_is_that_ratio_on_every_page() {
        // The value of the usual resolution, and that of the page itself.
        for value in [37.5, 12.5, 37.4] {
            for pages in [vec![vector(50.0)], vec![vector(150.0), vector(50.0)], vec![None, vector(50.0)]] {
                let scale = SharedScale::of(&pages, value, Some(QUARTER)).unwrap();
                assert_eq!(scale, SharedScale::Ratio(48.0));
                assert_eq!(scale.on(vector(50.0).as_ref()), Some(12.5));
                assert_eq!(scale.on(vector(150.0).as_ref()), Some(37.5));
                assert_eq!(scale.on(None), Some(37.5));
            }
        }
        let scan = SharedScale::of(&[picture(Some(300.0))], 75.0, Some(QUARTER));
        assert_eq!(scale_on(scan, picture(Some(300.0))), Some(75.0));
    }

    fn scale_on(scale: Result<SharedScale, SharedScaleError>, space: Option<PageSpace>) -> Option<f64> {
        scale.ok().and_then(|s| s.on(space.as_ref()))
    }

    #[test]
    fn a_value_that_contradicts_its_text_is_refused() {
        for (pages, value) in [
            (vec![vector(150.0)], 40.0),
            (vec![vector(50.0)], 20.0),
            // Nothing of a scan is at 150 dpi: 37.5 may as well be measured on a half-size print.
            (vec![picture(Some(300.0))], 37.5),
        ] {
            let refused = SharedScale::of(&pages, value, Some(QUARTER)).unwrap_err();
            assert!(matches!(refused, SharedScaleError::Disagree { .. }), "{refused}");
        }
        let said = SharedScale::of(&[vector(50.0)], 20.0, Some(QUARTER)).unwrap_err().to_string();
        assert_eq!(said, "1/4\" = 1'-0\" is 12.5 px/ft on pages shown at 50 dpi, not 20");
    }

    #[test]
    fn a_bare_value_needs_pages_of_one_resolution() {
        for text in [None, Some(""), Some("site"), Some("NTS")] {
            let same = SharedScale::of(&[vector(50.0), vector(50.0)], 37.5, text);
            assert_eq!(same, Ok(SharedScale::PxPerFoot(37.5)));
            let scans = SharedScale::of(&[picture(Some(300.0)), picture(Some(299.9994))], 37.5, text);
            assert_eq!(scans, Ok(SharedScale::PxPerFoot(37.5)));
            let mixed = SharedScale::of(&[vector(150.0), vector(50.0)], 37.5, text).unwrap_err();
            assert!(mixed.to_string().contains("150 and 50 dpi"), "{mixed}");
        }
    }

    #[test]
    fn a_value_picks_one_of_several_scales_and_contradicts_none() {
        let two = Some("1:100 @A1 / 1:200 @A3");
        let at = |space: Option<PageSpace>, value: f64| SharedScale::of(&[space], value, two);
        // 42 x 30 in is neither paper, so either may be meant.
        assert_eq!(at(vector(150.0), 18.0), Ok(SharedScale::Ratio(100.0)));
        assert_eq!(at(vector(150.0), 9.0), Ok(SharedScale::Ratio(200.0)));
        let said = at(vector(150.0), 37.5).unwrap_err().to_string();
        assert!(said.contains("18 and 9 px/ft"), "{said}");
        // On A1 only the one that names it.
        let a1 = PageSpace::of_points(841.0 / 25.4 * 72.0, 594.0 / 25.4 * 72.0);
        assert_eq!(at(a1, 18.0), Ok(SharedScale::Ratio(100.0)));
        assert!(matches!(at(a1, 9.0), Err(SharedScaleError::Disagree { .. })));
        let both = SharedScale::of(&[vector(150.0), vector(75.0)], 9.0, two);
        assert!(matches!(both, Err(SharedScaleError::Ambiguous { .. })), "{both:?}");
        assert!(matches!(
            SharedScale::of(&[vector(150.0)], 37.5, Some("1:50, details NTS")),
            Err(SharedScaleError::Disagree { .. })
        ));
    }

    #[test]
    fn pictures_of_unknown_resolution_keep_to_themselves() {
        let unknown = [picture(None), picture(None)];
        assert_eq!(SharedScale::of(&unknown, 20.0, Some(QUARTER)), Ok(SharedScale::PxPerFoot(20.0)));
        let mixed = SharedScale::of(&[picture(None), vector(150.0)], 37.5, Some(QUARTER));
        assert_eq!(mixed, Err(SharedScaleError::UnknownResolution));
        assert_eq!(SharedScale::Ratio(48.0).on(picture(None).as_ref()), None);
    }

    #[test]
    fn a_text_alone_is_the_one_scale_that_it_states() {
        let on = |space: Option<PageSpace>, text: &str| SharedScale::of_text(&[space], text);
        for (text, ratio) in [(QUARTER, 48.0), ("1:100", 100.0), ("1/100", 100.0), ("SCALE 1:50", 50.0)] {
            assert_eq!(on(vector(150.0), text), Ok(SharedScale::Ratio(ratio)), "{text}");
            assert_eq!(on(None, text), Ok(SharedScale::Ratio(ratio)), "{text}");
        }
        assert!(matches!(on(None, "site"), Err(SharedScaleError::Unreadable { .. })));
        assert!(matches!(on(None, "1/4"), Err(SharedScaleError::Unreadable { .. })));
        assert!(matches!(on(None, "N.T.S."), Err(SharedScaleError::NotToScale { .. })));
        assert!(matches!(on(None, "AS NOTED"), Err(SharedScaleError::NotOne { .. })));
        assert!(matches!(on(None, "1:50 / 1:100"), Err(SharedScaleError::NotOne { .. })));
        assert_eq!(on(picture(None), "1:100"), Err(SharedScaleError::NoResolution));
        let a1 = PageSpace::of_points(841.0 / 25.4 * 72.0, 594.0 / 25.4 * 72.0);
        assert_eq!(on(a1, "1:100 @A1 / 1:200 @A3"), Ok(SharedScale::Ratio(100.0)));
        assert_eq!(on(a1, "1:100 @ A1"), Ok(SharedScale::Ratio(100.0)));
        let said = on(a1, "1:100 @ A3").unwrap_err().to_string();
        assert!(said.contains("holds for A3 paper"), "{said}");
        for sound in ["AS NOTED", "as measured on site", "1:50 / 1:100"] {
            assert_eq!(readable(sound), Ok(()), "{sound}");
        }
        for wrong in ["1/4", "37.5", "NTS", "\u{bc}"] {
            assert!(readable(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fraction_beside_a_value_is_the_ratio_that_it_is_after_the_word_scale() {
        let at = |value: f64| SharedScale::of(&[vector(150.0)], value, Some("1/100"));
        assert_eq!(at(18.0), Ok(SharedScale::Ratio(100.0)));
        assert!(matches!(at(37.5), Err(SharedScaleError::Disagree { .. })));
    }

    #[test]
    fn refusals_name_few_resolutions() {
        let many: Vec<_> = (1..100).map(|i| vector(f64::from(i))).collect();
        let said = SharedScale::of(&many, 37.5, None).unwrap_err().to_string();
        assert!(said.contains("1, 2, 3, 4 and 95 other dpi"), "{said}");
    }
}
