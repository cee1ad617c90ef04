//! Places that show most of the box but all lack the same part of it: the box took in more than the symbol.

use super::exemplar::Pieces;
use super::judge::Judged;
use super::matching::Matcher;
use super::pose::Pose;

/// Share of the box's ink that a place must show to count.
const MIN_COVERAGE: f64 = 0.55;
/// Places nearer than this to each other are one, diameters.
const ONE_PLACE: f64 = 0.5;
/// Ink is lacking everywhere if this share of the places lack it ...
const LACK_IT: f64 = 0.8;
/// ... and it explains the places if it is this share of what they lack.
const EXPLAINED: f64 = 0.6;
/// Places that show less than the best by this much are something else.
const SPREAD: f64 = 0.1;
/// Fewer places show nothing about the box.
const MIN_PLACES: usize = 3;
/// Places looked at; the first are the best candidates.
const MAX_PLACES: usize = 1_000;

struct Place {
    middle: [f64; 2],
    coverage: f64,
    /// By piece of the exemplar: no ink there.
    lacks: Vec<bool>,
}

/// Collects such places while a page is searched.
#[derive(Default)]
pub(super) struct Parts {
    places: Vec<Place>,
}

/// The part that is lacking.
pub(super) struct Lacking {
    /// Middles of the places that lack it, list units.
    pub places: Vec<[f64; 2]>,
    /// Which pieces of the exemplar it consists of.
    pub pieces: Vec<bool>,
}

impl Parts {
    /// Notes a pose that is no match.
    pub(super) fn note(&mut self, matcher: &Matcher<'_>, pieces: &Pieces, pose: &Pose, coverage: f64) {
        if coverage < MIN_COVERAGE || self.places.len() == MAX_PLACES {
            return;
        }
        let middle = pose.apply(matcher.template.centroid);
        if !self.places.iter().any(|p| near(matcher, p.middle, middle)) {
            let lacks = pieces.ink.segments.iter().map(|s| matcher.lacks(pose, s)).collect();
            self.places.push(Place { middle, coverage, lacks });
        }
    }

    /// The part that the places lack, those of the `matches` not counted; `None` when they are too few to
    /// say anything, fewer than the matches, or lack different things.
    pub(super) fn common<'a>(
        mut self,
        matcher: &Matcher<'_>,
        exemplar: &Pieces,
        matches: impl Iterator<Item = &'a Pose> + Clone,
    ) -> Option<Lacking> {
        let middle = |p: &Pose| p.apply(matcher.template.centroid);
        self.places.retain(|p| !matches.clone().any(|m| near(matcher, p.middle, middle(m))));
        // The symbol without the part is alike everywhere; what is only somewhat like it shows less.
        let best = self.places.iter().map(|p| p.coverage).fold(0.0, f64::max);
        self.places.retain(|p| p.coverage >= best - SPREAD);
        let places = self.places.len();
        if places < MIN_PLACES || places <= matches.count() {
            return None;
        }
        let (mut common, mut lacking) = (0.0, 0.0);
        let mut pieces = vec![false; exemplar.ink.segments.len()];
        for (n, (s, weight)) in exemplar.ink.segments.iter().zip(&exemplar.weights).enumerate() {
            let lack = self.places.iter().filter(|p| p.lacks[n]).count() as f64;
            let ink = lack * f64::from(s.length() * weight);
            lacking += ink;
            if lack >= LACK_IT * places as f64 {
                pieces[n] = true;
                common += ink;
            }
        }
        let explained = lacking > 0.0 && common >= EXPLAINED * lacking;
        explained.then(|| Lacking { places: self.places.into_iter().map(|p| p.middle).collect(), pieces })
    }
}

/// Places that show most of the box and so little of it that they are not even near misses: for a person to know.
#[derive(Default)]
pub(super) struct Partly(Vec<[f64; 2]>);

/// Share of the box's ink from which on a place is worth a look, and such places at most.
const PARTLY: f64 = 0.7;
const MAX_PARTLY: usize = 200;

impl Partly {
    pub(super) fn note(&mut self, matcher: &Matcher<'_>, pose: &Pose, coverage: f64) {
        let middle = pose.apply(matcher.template.centroid);
        let full = self.0.len() == MAX_PARTLY;
        if coverage >= PARTLY && !full && !self.0.iter().any(|p| near(matcher, *p, middle)) {
            self.0.push(middle);
        }
    }

    /// Their middles, list units, but for places that are `kept` anyway.
    pub(super) fn but(mut self, matcher: &Matcher<'_>, kept: &[Judged]) -> Vec<[f64; 2]> {
        let taken =
            |p: [f64; 2]| kept.iter().any(|j| near(matcher, j.pose.apply(matcher.template.centroid), p));
        self.0.retain(|p| !taken(*p));
        self.0
    }
}

fn near(matcher: &Matcher<'_>, a: [f64; 2], b: [f64; 2]) -> bool {
    (a[0] - b[0]).hypot(a[1] - b[1]) < ONE_PLACE * matcher.template.diameter
}
