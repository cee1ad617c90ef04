//! Lines that give the scale of something else than what the sheet shows.

use std::ops::Range;

use super::context::Line;
use super::notation::Hit;
use super::words::is_label;

/// Words right behind a notation that say whose it is: 1/8" = 1'-0" SHOP DRAWINGS REQUIRED, 1" = 50' BY SURVEYOR.
const GOES_ON: [&str; 11] = [
    "SHOP",
    "DRAWINGS",
    "SUBMITTAL",
    "SUBMITTALS",
    "ORIGINAL",
    "ORIGINALS",
    "COORDINATION",
    "BY",
    "DATED",
    "REQUIRED",
    "LAYOUTS",
];
/// Words right before one: FROM 1/8" = 1'-0", TOPO BASE: 1" = 20', THERMAL EXPANSION 1/2" = 100'.
const LEADS_TO: [&str; 6] = ["FROM", "BASE", "DATUM", "EXPANSION", "CONTRACTION", "TOLERANCE"];
/// Words anywhere before one, of what a drawing was made from.
const MADE: [&str; 5] = ["SCANNED", "TRACED", "DIGITIZED", "DIGITISED", "COPIED"];
/// Words before SCALE, of what is no drawing.
const NO_DRAWING: [&str; 2] = ["MODEL", "GRAPH"];

impl Line<'_> {
    /// The words of a line that speak of something else which has the scale; with a paper it is the sheet's there.
    pub(super) fn spoken(&self, hit: &Hit, all: &[Hit]) -> Option<Range<usize>> {
        if self.paper_near(hit, all).is_some() {
            return None;
        }
        let of_column = |i: &usize| self.same_column(*i, hit.tokens.start);
        let before = |at: usize| (0..at).rev().find(|&i| !self.punctuation(i)).filter(of_column);
        let is_one = |i: usize, words: &[&str]| self.word(i).is_some_and(|w| words.contains(&w));
        let Some(last) = before(hit.tokens.start) else { return self.claimed(hit) };
        if self.word(last).is_some_and(is_label) {
            let first = before(last).filter(|&i| is_one(i, &NO_DRAWING))?;
            return Some(first..last + 1);
        }
        if is_one(last, &LEADS_TO) {
            return Some(last..hit.tokens.end);
        }
        let made = (0..last).find(|i| of_column(i) && is_one(*i, &MADE));
        made.map(|first| first..hit.tokens.end).or_else(|| self.claimed(hit))
    }

    fn claimed(&self, hit: &Hit) -> Option<Range<usize>> {
        let end = hit.tokens.end;
        let next = self.word(end).filter(|w| self.same_column(end, hit.tokens.start) && GOES_ON.contains(w));
        next.map(|_| hit.tokens.start..end + 1)
    }
}
