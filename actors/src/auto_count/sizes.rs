//! Pages on which things are drawn at another size than the exemplars, by the scales of both.

use std::collections::BTreeMap;

use takeoff_core::count::Answer;
use takeoff_core::model::{CountProgress, CountSession, OtherSize, Page};

/// Pages that are kept, sizes that a note names, and pages of each of them.
const MAX_PAGES: usize = 200;
const NAMED_SIZES: usize = 4;
const NAMED_PAGES: usize = 12;
/// Sizes are told apart by so much of them.
const STEP: f64 = 100.0;
/// Two roundings of one scale.
const ROUNDED: f64 = 0.01;
/// Up to this, another size alone leaves a match above the default threshold.
const MAX_TIMES: f64 = 1.5;

/// Takes down that a page has another scale than every exemplar's page, if the session's tolerance does not cover what
/// that makes of a size. Where one of the scales is not known, neither is the size.
pub(super) fn compare(
    progress: &mut CountProgress,
    session: &CountSession,
    exemplar_pages: &[Page],
    (page, answer): (&Page, &Answer),
) {
    let scale = |page: &Page| page.scale.px_per_foot.filter(|v| page.scale.calibrated && *v > 0.0);
    let Some(here) = scale(page) else { return };
    let most = (1.0 + session.scale_tolerance) * (1.0 + ROUNDED);
    let mut sizes = Vec::new();
    for exemplar in exemplar_pages {
        let Some(there) = scale(exemplar) else { return };
        sizes.push(here / there);
    }
    let off = |times: &f64| times.max(1.0 / times);
    let Some(nearest) = sizes.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))) else { return };
    if off(&nearest) > most && progress.other_sizes.len() < MAX_PAGES {
        let found = answer.matches.iter().filter(|m| !m.place.is_exemplar).count() as u64;
        progress.other_sizes.push(OtherSize { page: page.number, times: nearest, found });
    }
}

/// That things were not looked for at the size that they have on some pages.
pub(super) fn note(progress: &CountProgress) -> Option<String> {
    let mut sizes: BTreeMap<u64, Vec<&OtherSize>> = BTreeMap::new();
    for other in &progress.other_sizes {
        sizes.entry((other.times * STEP).round() as u64).or_default().push(other);
    }
    let named = sizes.values().take(NAMED_SIZES).map(|pages| one_size(pages));
    let mut named: Vec<String> = named.collect();
    let more = sizes.len().saturating_sub(NAMED_SIZES);
    named.extend((more > 0).then(|| format!("and pages of {more} more scales")));
    (!named.is_empty()).then(|| {
        format!(
            "{}. Symbols of one size on paper are found whatever the scale; for what is drawn to scale, {}",
            named.join("; "),
            advice(progress)
        )
    })
}

fn one_size(pages: &[&OtherSize]) -> String {
    let named = pages.iter().take(NAMED_PAGES).map(|p| p.page.to_string());
    let mut named: Vec<String> = named.collect();
    let more = pages.len().saturating_sub(NAMED_PAGES);
    named.extend((more > 0).then(|| format!("{more} more")));
    let (page, has) = if pages.len() == 1 { ("page", "has") } else { ("pages", "have") };
    let found: u64 = pages.iter().map(|p| p.found).sum();
    format!(
        "{page} {} {has} another scale than the example's page: what is drawn to scale there is {:.2} times as large as the \
         example and was not looked for at that size ({found} found there at the example's)",
        named.join(", "),
        pages[0].times
    )
}

/// What to do: a tolerance that covers every size is of use where matches of that size still count.
fn advice(progress: &CountProgress) -> String {
    let off = progress.other_sizes.iter().map(|o| o.times.max(1.0 / o.times) - 1.0).fold(0.0, f64::max);
    let own = "count these pages by an example on one of them";
    if off > MAX_TIMES - 1.0 {
        return own.to_owned();
    }
    let covers = (off * STEP - ROUNDED).ceil() / STEP;
    format!("{own}, or set `scale_tolerance` to {}", takeoff_core::brief(covers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(sizes: &[(u32, f64)]) -> Option<String> {
        let other_sizes = sizes.iter().map(|&(page, times)| OtherSize { page, times, found: 1 }).collect();
        note(&CountProgress { other_sizes, ..CountProgress::default() })
    }

    #[test]
    fn pages_of_another_scale_are_named_with_their_size_and_what_to_set() {
        assert_eq!(noted(&[]), None);
        let half = noted(&[(2, 0.5), (5, 0.5)]).unwrap();
        assert!(
            half.starts_with("pages 2, 5 have another scale") && half.contains("0.50 times as large"),
            "{half}"
        );
        assert!(half.contains("(2 found there") && half.ends_with("an example on one of them"), "{half}");
        let larger = noted(&[(3, 4.0 / 3.0)]).unwrap();
        assert!(larger.contains("1.33 times") && larger.ends_with("to 0.34"), "{larger}");
        let both = noted(&[(2, 0.5), (7, 4.0)]).unwrap();
        assert!(
            both.contains("0.50 times") && both.contains("4.00 times") && !both.contains("tolerance"),
            "{both}"
        );
    }
}
