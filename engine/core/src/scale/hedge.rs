//! What takes the certainty from a notation where it stands.

use std::ops::Range;

use super::context::Line;
use super::lex::Kind;
use super::notation::{Family, Hit};
use super::words::is_label;

/// Why a notation is not the scale of the sheet's drawing, although it is written as one: with the words that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It is that of something beside the drawing: a key plan, a photograph.
    Beside(String),
    /// It is that of the heights of a profile.
    Vertical(String),
    /// It is only about right.
    About(String),
    /// What it stands beside is not to scale.
    Unscaled(String),
    /// It is that of what the drawing was made from.
    Original(String),
    /// The line speaks of something else that has it.
    Spoken(String),
    /// It stands at a word that speaks of a slope.
    Slope(String),
    /// It stands under a line that sends the reader to another sheet.
    Elsewhere(String),
    /// It stands in a list of drawings: the list's heading, or the number of the sheet that the row is of.
    Listed(String),
}

/// Words before "scale" that speak of what a drawing was made from, and what may stand between.
const ORIGINALS: [&str; 4] = ["ORIGINAL", "BASE", "EXISTING", "SOURCE"];
const DRAWINGS: [&str; 4] = ["DRAWING", "SHEET", "MAP", "DWG"];

const HEDGES: [&str; 14] = [
    "APPROX",
    "APPROXIMATE",
    "APPROXIMATELY",
    "APPRX",
    "APROX",
    "ABOUT",
    "CIRCA",
    "CA",
    "ROUGHLY",
    "NOMINAL",
    "NOMINALLY",
    "ESTIMATED",
    "INDICATIVE",
    "THEREABOUTS",
];
/// Words that may stand between a hedge and what it hedges, and words that may go on behind one.
const BETWEEN: [&str; 8] = ["AT", "IS", "A", "THE", "TO", "OF", "OR", "ONLY"];
const BEHIND: [&str; 6] = ["ONLY", "AT", "ON", "OR", "UNLESS", "UNO"];

impl Line<'_> {
    pub(super) fn doubt(&self, hit: &Hit, all: &[Hit], text: &str) -> Option<Doubt> {
        if !hit.ratio.is_some_and(|r| r > 0.0) {
            return None;
        }
        let words = |at: Range<usize>| {
            let (first, last) = (self.tokens.get(at.start)?, self.tokens.get(at.end.checked_sub(1)?)?);
            text.get(first.start..last.end).map(str::to_owned)
        };
        let about = || self.hedged(&hit.tokens).and_then(words).map(Doubt::About);
        let unscaled = || {
            let beside = all.iter().find(|other| self.unscales(other, &hit.tokens))?;
            words(beside.tokens.clone()).map(Doubt::Unscaled)
        };
        let original = || self.original(hit, all).and_then(words).map(Doubt::Original);
        let spoken = || self.spoken(hit, all).and_then(words).map(Doubt::Spoken);
        self.beside(hit, text).or_else(about).or_else(unscaled).or_else(original).or_else(spoken)
    }

    /// ORIGINAL SCALE: 1:50, BASE DRAWING SCALE 1:50. With a paper (ORIGINAL SCALE 1:50 @ A1) it is the sheet's there.
    fn original(&self, hit: &Hit, all: &[Hit]) -> Option<Range<usize>> {
        if self.paper_near(hit, all).is_some() {
            return None;
        }
        let before = |at: usize| (0..at).rev().find(|&i| !self.punctuation(i));
        let is_of = |i: usize, words: &[&str]| {
            self.same_column(i, hit.tokens.start) && self.word(i).is_some_and(|w| words.contains(&w))
        };
        let label = before(hit.tokens.start).filter(|&i| self.word(i).is_some_and(is_label))?;
        let first = before(label)?;
        let first = if is_of(first, &DRAWINGS) { before(first)? } else { first };
        is_of(first, &ORIGINALS).then_some(first..label + 1)
    }

    /// APPROX. 1:50, APPROXIMATE SCALE: 1:50, ~1:50, 1:50 (APPROX.), 1" = 20' +/-: the tokens of the hedge.
    fn hedged(&self, notation: &Range<usize>) -> Option<Range<usize>> {
        let of_column = |i: usize| self.same_column(i, notation.start);
        let is_hedge = |i: usize| self.word(i).is_some_and(|w| HEDGES.contains(&w));
        let passed = |i: usize| {
            self.word(i).map_or_else(|| self.punctuation(i), |w| is_label(w) || BETWEEN.contains(&w))
        };
        let mut at = notation.start;
        while let Some(before) = at.checked_sub(1).filter(|&i| of_column(i)) {
            if is_hedge(before) {
                return Some(before..before + 1);
            }
            if self.is_about_sign(before)
                && !matches!(self.before(before).map(|t| &t.kind), Some(Kind::Number(_)))
            {
                return Some(before..before + 1);
            }
            if !passed(before) {
                break;
            }
            at = before;
        }
        let mut at = notation.end;
        while at < self.tokens.len() && of_column(at) {
            if is_hedge(at) {
                let next =
                    (at + 1..self.tokens.len()).find(|&i| !self.punctuation(i)).filter(|&i| of_column(i));
                let goes_on = |i: usize| {
                    self.word(i).is_some_and(|w| BEHIND.contains(&w)) || self.paper_at(i).is_some()
                };
                let ends = next.is_none_or(goes_on);
                return ends.then_some(at..at + 1);
            }
            let signs = self.about_signs(at);
            let goes_on = matches!(self.kind(at + signs), Some(Kind::Number(_))) && of_column(at + signs);
            if signs > 0 && !goes_on {
                return Some(at..at + signs);
            }
            match self.paper_at(at) {
                Some((_, end)) => at = end,
                None if passed(at) => at += 1,
                None => return None,
            }
        }
        None
    }

    fn is_about_sign(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(Kind::Other('~' | '≈' | '∼' | '≃' | '±')))
    }

    /// `±`, `~` or `+/-` there: its tokens.
    fn about_signs(&self, at: usize) -> usize {
        let plus_minus =
            self.is(at, &Kind::Other('+')) && self.is(at + 1, &Kind::Slash) && self.is(at + 2, &Kind::Dash);
        if plus_minus { 3 } else { usize::from(self.is_about_sign(at)) }
    }

    /// `other` says beside a notation, with nothing between them, that what they stand at is not to scale. With a paper
    /// of its own (1:100 @ A1, NTS @ A3) it speaks of other prints.
    fn unscales(&self, other: &Hit, notation: &Range<usize>) -> bool {
        let between = if other.tokens.start >= notation.end {
            notation.end..other.tokens.start
        } else {
            other.tokens.end..notation.start
        };
        other.family == Family::NotToScale
            && self.same_column(other.tokens.start, notation.start)
            && self.paper_after(other.tokens.end).is_none()
            && self.is_only_papers(between)
    }

    fn is_only_papers(&self, between: Range<usize>) -> bool {
        let mut at = between.start;
        while at < between.end {
            let plain = |w: &str| is_label(w) || matches!(w, "AT" | "ON" | "OR");
            match self.paper_at(at) {
                Some((_, end)) => at = end,
                None if self.word(at).map_or_else(|| self.punctuation(at), plain) => at += 1,
                None => return false,
            }
        }
        true
    }
}
