//! What a likeness is worth. A likeness says how much of the exemplar a place shows and how little else; a confidence
//! says how often a place of such a likeness is an instance, so that who takes what is above a threshold knows what
//! that comes to. The two agree for matches on drawings. What they are apart was measured on generated sheets, drawn
//! and scanned, of other seeds than those that tests and benchmarks use.

use rustc_hash::FxHashMap;

use super::search::Detection;

/// From this likeness on, a place of a drawing is an instance in 99 of 100 cases.
pub(super) const LIKELY: f64 = 0.8;
/// Share of its likeness that is the confidence of a place of which the page shows that it is something else: hardly one
/// in a hundred such places is an instance.
const ELSE: f64 = 0.05;
/// A place that is no match differs as so many of them do, itself included; and so many matches show that the symbol is
/// drawn alike everywhere. Then it is not an instance that happens to differ, but another symbol.
const MANY: usize = 3;
/// Differences of likeness, of ink that is missing, and of ink there is besides that are one.
const STEPS: [f64; 3] = [0.03, 0.02, 0.02];
/// On a scan, likenesses and the confidence of each, straight lines between them. Below the last but two it is as likely
/// no instance, and the confidence leaps there. A match on a scan is never as sure as what is accepted without a look.
const ON_SCAN: [[f64; 2]; 7] =
    [[0.0, 0.0], [0.5, 0.03], [0.8, 0.25], [0.86, 0.5], [0.86, LIKELY], [0.99, 0.85], [1.0, 0.89]];

/// The least confidence of what is looked for and kept: half of a likeness, at a place that is something else.
pub const CONFIDENCE_FLOOR: f64 = 0.5 * ELSE;

/// Confidences of places found on a drawing.
pub(super) fn on_drawing(found: &mut [Detection]) {
    let matches = found.iter().filter(|d| !d.is_exemplar && d.likeness >= LIKELY && !d.other_pen).count();
    let unlike = |d: &Detection| !d.is_exemplar && d.likeness < LIKELY;
    let mut alike: FxHashMap<[i32; 3], usize> = FxHashMap::default();
    for d in found.iter().filter(|d| unlike(d)) {
        *alike.entry(difference(d)).or_default() += 1;
    }
    for d in found.iter_mut().filter(|d| unlike(d)) {
        let is_one_of_many = || {
            matches >= MANY && neighbours(difference(d)).filter_map(|c| alike.get(&c)).sum::<usize>() >= MANY
        };
        // One match in the exemplar's pen shows what that is.
        if (d.other_pen && matches > 0) || is_one_of_many() {
            d.confidence = d.likeness * ELSE;
        }
    }
}

/// How a place differs from the exemplar, in steps.
fn difference(d: &Detection) -> [i32; 3] {
    let [likeness, lacking, extra] = STEPS;
    let steps = |value: f64, step: f64| (value / step).round() as i32;
    [steps(d.likeness, likeness), steps(d.coverage, lacking), steps(d.extra, extra)]
}

/// Those a step away at most, so that no difference is parted by rounding.
fn neighbours([a, b, c]: [i32; 3]) -> impl Iterator<Item = [i32; 3]> {
    let near = |x: i32| x.saturating_sub(1)..=x.saturating_add(1);
    near(a).flat_map(move |a| near(b).flat_map(move |b| near(c).map(move |c| [a, b, c])))
}

/// The confidence of a place found on a scan: traced strokes leave room for look-alikes.
pub(super) fn on_scan(likeness: f64) -> f64 {
    let above = ON_SCAN.partition_point(|knot| knot[0] <= likeness);
    match (above.checked_sub(1).map(|k| ON_SCAN[k]), ON_SCAN.get(above)) {
        (Some([x, y]), Some([to_x, to_y])) => y + (likeness - x) * (to_y - y) / (to_x - x),
        (Some([_, y]), None) => y,
        (None, _) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{PxPoint, PxRect};

    fn place(likeness: f64, extra: f64) -> Detection {
        Detection {
            bbox: PxRect::new(0.0, 0.0, 10.0, 10.0),
            center: PxPoint::new(5.0, 5.0),
            angle_deg: 0.0,
            mirrored: false,
            scale: 1.0,
            confidence: likeness,
            likeness,
            coverage: 1.0,
            extra,
            is_exemplar: false,
            in_legend: false,
            apart: None,
            match_line: None,
            variant: false,
            other_pen: false,
            framed: false,
            words: vec![],
        }
    }

    fn worth(mut found: Vec<Detection>) -> Vec<f64> {
        on_drawing(&mut found);
        found.iter().map(|d| (d.confidence * 1000.0).round() / 1000.0).collect()
    }

    #[test]
    fn many_that_differ_alike_are_something_else_where_others_match() {
        let matches = [1.0, 0.99, 0.82].map(|likeness| place(likeness, 0.0));
        let alike = [0.70, 0.72, 0.68].map(|likeness| place(likeness, 0.11));
        let alone = [place(0.70, 0.3), place(0.55, 0.11)];
        let all = [&matches[..], &alike, &alone].concat();
        assert_eq!(worth(all.clone()), [1.0, 0.99, 0.82, 0.035, 0.036, 0.034, 0.7, 0.55]);
        let two_alike: Vec<Detection> =
            all.iter().enumerate().filter(|(n, _)| *n != 4).map(|(_, d)| d.clone()).collect();
        assert_eq!(
            worth(two_alike),
            [1.0, 0.99, 0.82, 0.7, 0.68, 0.7, 0.55],
            "two may be instances under something"
        );
        assert_eq!(
            worth(all[1..].to_vec()),
            [0.99, 0.82, 0.7, 0.72, 0.68, 0.7, 0.55],
            "two matches show little"
        );
        let mut own = all;
        own[0].is_exemplar = true;
        assert_eq!(worth(own)[3..6], [0.7, 0.72, 0.68], "the exemplar is no match of its own");
    }

    #[test]
    fn another_pen_is_something_else_where_one_has_the_exemplars() {
        let of_other_pen = |likeness| Detection { other_pen: true, ..place(likeness, 0.0) };
        assert_eq!(worth(vec![place(0.97, 0.0), of_other_pen(0.65)]), [0.97, 0.033]);
        assert_eq!(
            worth(vec![of_other_pen(0.97), of_other_pen(0.65)]),
            [0.97, 0.65],
            "none has the exemplar's"
        );
    }

    #[test]
    fn the_more_alike_the_surer_and_all_is_kept_from_the_floor_up() {
        let all: Vec<f64> = (0..=1000).map(|n| on_scan(f64::from(n) / 1000.0)).collect();
        assert!(all.windows(2).all(|w| w[0] < w[1]), "the order stays");
        assert!(all[500] >= CONFIDENCE_FLOOR && (all[0], all[1000]) == (0.0, 0.89));
        assert!(all[859] < 0.5 && all[860] >= LIKELY, "{:?}", &all[858..862]);
        assert_eq!((on_scan(-1.0), on_scan(1.5)), (0.0, 0.89));
    }
}
