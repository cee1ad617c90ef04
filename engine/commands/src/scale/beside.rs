//! What speaks against a scale that a person gave: the sheet's own text, or the file that it was reckoned by.

use takeoff_core::brief;
use takeoff_core::found::Finding;
use takeoff_core::model::Page;
use takeoff_core::scale::{ScaleCandidate, check_scale, parse_all};

use super::manual::MANUAL_METHOD;

/// Share by which two values of one scale may differ.
pub(super) const SAME_SCALE: f64 = 0.01;
/// Scales of a sheet that are named.
const NAMED: usize = 3;

/// What speaks against the scale in force that a person should hear, where anything does: that the page's own text states
/// another, and that the picture's file contradicts itself about the resolution that the scale was reckoned by.
pub fn contradicted(page: &Page) -> Option<String> {
    let said = [stated_otherwise(page), unsure_resolution(page), unknown_resolution(page)];
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// That a ratio was turned into pixels per foot by a resolution that is not sure. A scale by two points needs none.
fn unsure_resolution(page: &Page) -> Option<String> {
    let said = page.findings.iter().find(|f| f.code == Finding::RESOLUTION_CONTRADICTED)?;
    let text = ratio_given(page)?;
    Some(format!("{text} was reckoned by a resolution that is not sure: {}", said.message))
}

/// That nothing could show whether the value is what the text beside it says.
fn unknown_resolution(page: &Page) -> Option<String> {
    let is_unknown = page.space.as_ref().is_some_and(|space| space.dpi.is_none());
    let text = ratio_given(page).filter(|_| is_unknown)?;
    let given = short(page.scale.px_per_foot?);
    Some(format!(
        "the picture states no resolution, so whether {text} is {given} pixels per foot on it is not known: check a known \
         length"
    ))
}

/// The text of a ratio that a person gave with the scale; none of one by two points, which needs no resolution.
fn ratio_given(page: &Page) -> Option<&str> {
    let scale = &page.scale;
    let by_points = scale.record.as_ref().is_some_and(|r| r.manual.contains_key("calibration"));
    let by_hand = scale.calibrated && scale.method.as_deref() == Some(MANUAL_METHOD) && !by_points;
    let text = scale.text.as_deref().filter(|_| by_hand)?;
    parse_all(text).iter().any(|n| n.ratio.is_some_and(|r| r > 0.0)).then_some(text)
}

/// What the page's own text states of its scale, where the scale in force is none of that: for a person. `None` also
/// where the page states no scale that a drawing has, or was not read yet.
pub(super) fn stated_otherwise(page: &Page) -> Option<String> {
    let given = page.scale.px_per_foot.filter(|_| page.scale.calibrated)?;
    let record = page.scale.record.as_ref()?;
    let stated: Vec<(&ScaleCandidate, f64)> = match &record.best {
        Some(best) => stated(page, std::slice::from_ref(best)),
        None => stated(page, &record.candidates),
    };
    if stated.is_empty() || stated.iter().any(|(_, value)| is_same(*value, given)) {
        return None;
    }
    let named =
        stated.iter().take(NAMED).map(|(c, value)| format!("{} ({} pixels per foot)", c.text, short(*value)));
    let mut named: Vec<String> = named.collect();
    let more = stated.len().saturating_sub(NAMED);
    named.extend((more > 0).then(|| format!("{more} more")));
    Some(format!("the sheet's own text says {}, not {} pixels per foot", named.join(", "), short(given)))
}

fn short(px_per_foot: f64) -> String {
    brief((px_per_foot * 1e4).round() / 1e4)
}

/// Each value once, with the first text that states it.
fn stated<'a>(page: &Page, candidates: &'a [ScaleCandidate]) -> Vec<(&'a ScaleCandidate, f64)> {
    let mut stated: Vec<(&ScaleCandidate, f64)> = Vec::new();
    for candidate in candidates {
        let value = candidate.px_per_foot.filter(|v| check_scale(page.space.as_ref(), *v).is_ok());
        let Some(value) = value else { continue };
        if !stated.iter().any(|(_, known)| is_same(*known, value)) {
            stated.push((candidate, value));
        }
    }
    stated
}

pub(super) fn is_same(stated: f64, value: f64) -> bool {
    (stated - value).abs() <= SAME_SCALE * stated
}

#[cfg(test)]
mod tests {
    use takeoff_core::geom::PageSpace;
    use takeoff_core::model::Timestamp;
    use takeoff_core::scale::ScaleRecord;

    use super::*;
    use crate::testing::{self, id};

    fn candidate(text: &str, px_per_foot: Option<f64>) -> ScaleCandidate {
        ScaleCandidate {
            text: text.to_owned(),
            ratio: 0.0,
            px_per_foot,
            confidence: 0.9,
            method: "ocr_pattern_match".to_owned(),
            bbox: None,
        }
    }

    fn said(given: f64, best: Option<usize>, candidates: &[(&str, Option<f64>)]) -> Option<String> {
        let candidates: Vec<_> = candidates.iter().map(|(text, value)| candidate(text, *value)).collect();
        let best = best.map(|at| candidates[at].clone());
        let mut page = testing::page(id(500), None, Timestamp(0));
        page.scale.px_per_foot = Some(given);
        page.scale.calibrated = true;
        page.scale.record = Some(ScaleRecord { candidates, best, ..ScaleRecord::default() });
        contradicted(&page)
    }

    #[test]
    fn a_scale_that_the_sheet_does_not_state_is_named_with_those_that_it_does() {
        let sheet = [("1:100", Some(18.0)), ("1:50", Some(36.0)), ("1/100", Some(18.0)), ("NTS", None)];
        let one = said(36.0, Some(0), &sheet).unwrap();
        assert_eq!(one, "the sheet's own text says 1:100 (18 pixels per foot), not 36 pixels per foot");
        assert_eq!(said(18.1, Some(0), &sheet), None, "a hand is not exact");
        let none = said(20.0, None, &sheet).unwrap();
        assert!(none.contains("1:100 (18 pixels per foot), 1:50 (36 pixels per foot), not 20"), "{none}");
        assert_eq!(said(36.0, None, &sheet), None, "it is one of those that it states");
        assert_eq!(said(36.0, None, &sheet[3..]), None, "it states none");
        assert_eq!(said(36.0, None, &[("1:1000000", Some(0.0018))]), None, "no drawing has that");
        let many: Vec<(&str, Option<f64>)> = (1..=5).map(|n| ("1:N", Some(10.0 * f64::from(n)))).collect();
        assert!(said(7.0, None, &many).unwrap().contains("2 more"));
    }

    #[test]
    fn a_ratio_beside_a_value_on_a_picture_of_unknown_resolution_is_told_not_to_be_checked() {
        let mut page = testing::page(id(500), None, Timestamp(0));
        page.space = Some(PageSpace::of_raster(4000, 3000, None));
        page.scale.px_per_foot = Some(18.75);
        page.scale.calibrated = true;
        page.scale.method = Some(MANUAL_METHOD.to_owned());
        page.scale.text = Some("1/8\" = 1'-0\"".to_owned());
        let said = contradicted(&page).unwrap();
        assert!(said.contains("whether 1/8\" = 1'-0\" is 18.75 pixels per foot"), "{said}");
        page.scale.text = Some("as measured".to_owned());
        assert_eq!(contradicted(&page), None);
        page.scale.text = Some("1:96".to_owned());
        page.space = Some(PageSpace::of_raster(4000, 3000, Some(150.0)));
        assert_eq!(contradicted(&page), None);
    }

    #[test]
    fn a_ratio_on_a_picture_whose_resolution_is_not_sure_is_told() {
        let mut page = testing::page(id(500), None, Timestamp(0));
        page.scale.px_per_foot = Some(37.5);
        page.scale.calibrated = true;
        page.scale.method = Some(MANUAL_METHOD.to_owned());
        page.scale.text = Some("1/4\" = 1'-0\"".to_owned());
        assert_eq!(contradicted(&page), None);
        page.findings.push(Finding::new(Finding::RESOLUTION_CONTRADICTED, "The file states 300 and 150."));
        assert!(contradicted(&page).unwrap().contains("The file states 300 and 150."));
        // Pixels per foot, and two points, were measured on the picture.
        page.scale.text = Some("as measured".to_owned());
        assert_eq!(contradicted(&page), None);
        page.scale.text = Some("1:48".to_owned());
        let manual = serde_json::Map::from_iter([("calibration".to_owned(), serde_json::json!({}))]);
        page.scale.record = Some(ScaleRecord { manual, ..ScaleRecord::default() });
        assert_eq!(contradicted(&page), None);
    }
}
