//! Places that show most of the box but all lack the same part of it: the box took in more than the symbol.

use super::matching::Matcher;
use super::pose::Pose;

/// Share of the box's ink that a place must show to count.
const MIN_COVERAGE: f64 = 0.6;
/// Places nearer than this to each other are one, diameters.
const ONE_PLACE: f64 = 0.5;
/// Ink is lacking everywhere if this share of the places lack it ...
const LACK_IT: f64 = 0.8;
/// ... and it explains the places if it is this share of what they lack.
const EXPLAINED: f64 = 0.6;
/// Fewer places show nothing about the box.
const MIN_PLACES: usize = 3;
/// Places looked at; the first are the best candidates.
const MAX_PLACES: usize = 1_000;

struct Place {
    middle: [f64; 2],
    /// By sample: no ink there.
    lacks: Vec<bool>,
}

/// Collects such places while a page is searched.
#[derive(Default)]
pub(super) struct Parts {
    places: Vec<Place>,
}

impl Parts {
    /// Notes a pose that is no match.
    pub(super) fn note(&mut self, matcher: &Matcher<'_>, pose: &Pose, coverage: f64) {
        if coverage < MIN_COVERAGE || self.places.len() == MAX_PLACES {
            return;
        }
        let middle = pose.apply(matcher.template.centroid);
        if !self.places.iter().any(|p| near(matcher, p.middle, middle)) {
            self.places.push(Place { middle, lacks: matcher.lacks(pose) });
        }
    }

    /// How many places lack the same part, those of the `matches` not counted; 0 when they are too few to
    /// say anything, fewer than the matches, or lack different things.
    pub(super) fn agreeing<'a>(
        mut self,
        matcher: &Matcher<'_>,
        matches: impl Iterator<Item = &'a Pose> + Clone,
    ) -> usize {
        let middle = |p: &Pose| p.apply(matcher.template.centroid);
        self.places.retain(|p| !matches.clone().any(|m| near(matcher, p.middle, middle(m))));
        let places = self.places.len();
        if places < MIN_PLACES || places <= matches.count() {
            return 0;
        }
        let (mut common, mut lacking) = (0.0, 0.0);
        for (n, s) in matcher.template.samples.iter().enumerate() {
            let lack = self.places.iter().filter(|p| p.lacks[n]).count() as f64;
            lacking += lack * f64::from(s.weight);
            if lack >= LACK_IT * places as f64 {
                common += lack * f64::from(s.weight);
            }
        }
        if lacking > 0.0 && common >= EXPLAINED * lacking { places } else { 0 }
    }
}

fn near(matcher: &Matcher<'_>, a: [f64; 2], b: [f64; 2]) -> bool {
    (a[0] - b[0]).hypot(a[1] - b[1]) < ONE_PLACE * matcher.template.diameter
}
