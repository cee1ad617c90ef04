//! What speaks against a scale that a person gave: the sheet's own text, or the file that it was reckoned by.

use takeoff_core::brief;
use takeoff_core::found::Finding;
use takeoff_core::model::Page;
use takeoff_core::scale::{Reservation, ScaleCandidate, check_scale, parse_all};

use super::manual::MANUAL_METHOD;

/// Share by which two values of one scale may differ.
pub(super) const SAME_SCALE: f64 = 0.01;
/// Confidence that each of several scales of a page's views has at least; what only looks like a scale has less.
const VIEWS_CONFIDENCE: f64 = 0.45;
/// Scales of a sheet that are named.
const NAMED: usize = 3;

/// What speaks against the scale in force that a person should hear, where anything does: that the page's own text states
/// another, that the page is another size than its scale was written for or is not to scale, that it states several, and
/// that the resolution which the scale was reckoned by is not sure. For HTTP's answers and a run's notes alike.
pub fn contradicted(page: &Page) -> Option<String> {
    let said = [said_by_page(page), unsure_resolution(page), unknown_resolution(page)];
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// What the page's own text says against the scale in force.
pub(super) fn said_by_page(page: &Page) -> Option<String> {
    let said = [stated_otherwise(page), reserved(page), one_of_several(page)];
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
    let why = page.disbelieved_resolution().map(|why| format!(". {why}")).unwrap_or_default();
    let is = if why.is_empty() {
        "the picture states no resolution"
    } else {
        "the picture's resolution is not known"
    };
    Some(format!(
        "{is}, so whether {text} is {given} pixels per foot on it is not known: check a known length{why}"
    ))
}

/// The text of a ratio that a person gave with the scale; none of one by two points, which needs no resolution.
fn ratio_given(page: &Page) -> Option<&str> {
    let text = page.scale.text.as_deref().filter(|_| is_by_hand(page) && !is_by_points(page))?;
    parse_all(text).iter().any(|n| n.ratio.is_some_and(|r| r > 0.0)).then_some(text)
}

fn is_by_hand(page: &Page) -> bool {
    page.scale.calibrated && page.scale.method.as_deref() == Some(MANUAL_METHOD)
}

/// Whether the scale was measured on the page, whatever is written there.
fn is_by_points(page: &Page) -> bool {
    page.scale.record.as_ref().is_some_and(|r| r.manual.contains_key("calibration"))
}

/// Why the scale that the page states was not taken, where a person gave it all the same: that the page may be another
/// size than it was written for, or is not to scale. None of one by two points, nor of that which the page has if it is the
/// copy that it seems to be.
fn reserved(page: &Page) -> Option<String> {
    let given = page.scale.px_per_foot.filter(|_| is_by_hand(page) && !is_by_points(page))?;
    let record = page.scale.record.as_ref()?;
    let Reservation { why, px_per_foot_of_copy } = record.reservation.as_ref()?;
    let stated = stated(page, &record.candidates);
    let is_of_copy = px_per_foot_of_copy.is_some_and(|copy| is_same(copy, given));
    let is_stated = stated.iter().any(|(_, value)| is_same(*value, given));
    // Pixels per foot of what states no scale were measured somewhere; a ratio was not.
    let is_ratio = stated.is_empty() && ratio_given(page).is_some();
    if is_of_copy || !is_stated && !is_ratio {
        return None;
    }
    let copy =
        px_per_foot_of_copy.map(|copy| format!(" ({} pixels per foot)", short(copy))).unwrap_or_default();
    Some(format!("the scale was not taken by itself: {why}{copy}; check a known length"))
}

/// That the scale is that of one of the page's views, and others have others.
fn one_of_several(page: &Page) -> Option<String> {
    let given = page.scale.px_per_foot.filter(|_| page.scale.calibrated)?;
    let record = page.scale.record.as_ref().filter(|r| r.several)?;
    let views: Vec<ScaleCandidate> =
        record.candidates.iter().filter(|c| c.confidence >= VIEWS_CONFIDENCE).cloned().collect();
    let all = stated(page, &views);
    let (own, others): (Vec<_>, Vec<_>) = all.iter().copied().partition(|(_, value)| is_same(*value, given));
    let own = own.first()?.0;
    let named = named(&others, |(c, _)| c.text.clone());
    (!others.is_empty()).then(|| {
        format!(
            "the page states {} scales, and {} is that of some of its views only: what is measured in the others ({named}) is \
             wrong by the ratio of the two",
            all.len(),
            own.text
        )
    })
}

/// The first few of some scales, and how many more there are.
fn named<T>(scales: &[T], say: impl Fn(&T) -> String) -> String {
    let mut named: Vec<String> = scales.iter().take(NAMED).map(say).collect();
    let more = scales.len().saturating_sub(NAMED);
    named.extend((more > 0).then(|| format!("{more} more")));
    named.join(", ")
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
    let copy = record.reservation.as_ref().and_then(|r| r.px_per_foot_of_copy);
    if stated.is_empty() || stated.iter().map(|(_, v)| *v).chain(copy).any(|value| is_same(value, given)) {
        return None;
    }
    let named = named(&stated, |(c, value)| format!("{} ({} pixels per foot)", c.text, short(*value)));
    Some(format!("the sheet's own text says {named}, not {} pixels per foot", short(given)))
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

    use super::super::manual::no_resolution;
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

    /// A page that a person gave a scale, and what its record says.
    fn given(px_per_foot: f64, record: ScaleRecord) -> Page {
        let mut page = testing::page(id(500), None, Timestamp(0));
        page.scale.px_per_foot = Some(px_per_foot);
        page.scale.calibrated = true;
        page.scale.method = Some(MANUAL_METHOD.to_owned());
        page.scale.record = Some(record);
        page
    }

    #[test]
    fn why_a_scale_was_not_taken_is_told_to_whoever_gives_it() {
        let why = "it is stated on a sheet made for 24X36 paper".to_owned();
        let candidates = vec![candidate("1/4\" = 1'-0\"", Some(37.5)), candidate("1:104.73", Some(17.1875))];
        let reservation = Some(Reservation { why, px_per_foot_of_copy: Some(17.1875) });
        let record = ScaleRecord { candidates, reservation, ..ScaleRecord::default() };
        let said = contradicted(&given(37.5, record.clone())).unwrap();
        assert!(said.contains("made for 24X36 paper (17.1875 pixels per foot)"), "{said}");
        assert_eq!(contradicted(&given(17.19, record.clone())), None, "that of the copy");
        let other = contradicted(&given(20.0, record.clone())).unwrap();
        assert!(other.starts_with("the sheet's own text says 1/4\"") && !other.contains("24X36"), "{other}");
        let manual = serde_json::Map::from_iter([("calibration".to_owned(), serde_json::json!({}))]);
        assert_eq!(contradicted(&given(37.5, ScaleRecord { manual, ..record.clone() })), None, "two points");
        // What is not to scale has no scale that could be the same.
        let unscaled = ScaleRecord { candidates: vec![candidate("NTS", None)], ..record };
        let mut page = given(20.0, unscaled);
        assert_eq!(contradicted(&page), None, "it was measured");
        page.scale.text = Some("1:90".to_owned());
        assert!(contradicted(&page).unwrap().contains("made for 24X36 paper"));
    }

    #[test]
    fn one_of_several_views_scales_is_told_not_to_be_that_of_the_others() {
        let views =
            [("3\" = 1'-0\"", 450.0), ("1\" = 1'-0\"", 150.0), ("1 1/2\" = 1'-0\"", 225.0), ("3", 450.0)];
        let candidates = views.iter().map(|(text, value)| candidate(text, Some(*value))).collect();
        let record = ScaleRecord { candidates, several: true, ..ScaleRecord::default() };
        let said = contradicted(&given(450.0, record.clone())).unwrap();
        assert!(said.starts_with("the page states 3 scales, and 3\" = 1'-0\" is that of some"), "{said}");
        assert!(said.contains("(1\" = 1'-0\", 1 1/2\" = 1'-0\")"), "{said}");
        let none = contradicted(&given(18.75, record.clone())).unwrap();
        assert!(
            none.starts_with("the sheet's own text says 3\" = 1'-0\" (450 pixels per foot), 1\""),
            "{none}"
        );
        let mut sure = record;
        sure.candidates[1..3].iter_mut().for_each(|c| c.confidence = 0.3);
        assert_eq!(contradicted(&given(450.0, sure)), None, "the others only look like scales");
    }

    #[test]
    fn a_resolution_that_is_stated_and_not_believed_is_named() {
        let mut picture = testing::page(id(501), None, Timestamp(0));
        picture.space = Some(PageSpace::of_raster(4000, 3000, None));
        assert!(no_resolution(&picture).contains("states no resolution"));
        picture
            .findings
            .push(Finding::new(Finding::RESOLUTION_OF_SCREENS, "The file states 72 pixels an inch."));
        let refused = no_resolution(&picture);
        assert!(refused.contains("states 72 pixels") && !refused.contains("states no"), "{refused}");
        let mut page = given(18.75, ScaleRecord::default());
        page.space = Some(PageSpace::of_raster(4000, 3000, None));
        page.scale.text = Some("1:96".to_owned());
        page.findings
            .push(Finding::new(Finding::RESOLUTION_OF_NO_SHEET, "The file states 300 pixels an inch."));
        let said = contradicted(&page).unwrap();
        assert!(
            said.contains("resolution is not known") && said.contains("states 300 pixels an inch"),
            "{said}"
        );
        assert!(!said.contains("states no resolution"), "{said}");
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
