//! Places of which the pen alone decides whether they are matches. Pens are compared on the exemplar's own page and
//! not on others, which may be plotted otherwise, so the answer for such a place is another one when the exemplar is
//! taken from another page: a person has to know.

use super::matching::{Known, Matcher};
use super::search::{CountParams, Judged};

/// Marks near misses that would be matches if pens were not compared, and matches that would be none if they were.
pub(super) fn tell(matcher: &Matcher<'_>, params: &CountParams, kept: &mut [Judged]) {
    if !params.same_pen {
        return;
    }
    let Matcher { page, template, same_pen, thorough } = *matcher;
    let otherwise = Matcher { page, template, same_pen: !same_pen, thorough };
    let matches = |confidence: f64| confidence >= params.threshold;
    for j in kept.iter_mut().filter(|j| !j.own && matches(j.score.confidence) != same_pen) {
        let change = otherwise.score(&j.pose, &Known::default()).base - j.score.base;
        j.score.other_pen = matches(j.score.confidence + change) == same_pen;
    }
}
