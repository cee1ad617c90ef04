//! Words that speak of scale without a ratio: not to scale, as noted, half size, reduced by a share.

use std::ops::Range;

use super::context::Line;
use super::lex::{Kind, Token};
use super::notation::{Family, Hit, Needs};
use super::words::{HALVED_THINGS, SUFFIXES, is_label};

impl Line<'_> {
    /// A note that the sheet is a half-size print, and not a condition or a full-size alternative.
    pub(super) fn says_half_size(&self, hits: &[Hit]) -> bool {
        let has = |words: &[&str]| self.tokens.iter().any(|t| t.word().is_some_and(|w| words.contains(&w)));
        if has(&["FULL", "IF", "WHEN", "UNLESS", "BRICK", "DOOR"]) {
            return false;
        }
        let mut in_hit = vec![false; self.tokens.len()];
        hits.iter().for_each(|h| in_hit[h.tokens.clone()].fill(true));
        let found = (0..self.tokens.len()).filter_map(|i| self.half_size_at(i).map(|end| (i, end)));
        // A note says it once or twice; a longer line is no note.
        found.take(4).any(|(i, end)| {
            let thing = self.word(end).is_some_and(|w| HALVED_THINGS.contains(&w));
            let beside = |h: &Hit| {
                h.family != Family::NotToScale
                    && h.family != Family::Deferred
                    && (h.tokens.end == i || h.tokens.start == end)
            };
            let alone = || {
                (0..self.tokens.len()).filter(|j| self.same_column(*j, i)).all(|j| {
                    let known = |w| is_label(w) || SUFFIXES.contains(&w) || HALVED_THINGS.contains(&w);
                    (i..end).contains(&j)
                        || in_hit[j]
                        || self.punctuation(j)
                        || self.word(j).is_some_and(known)
                        || self.paper_ending_at(j).is_some()
                        || self.paper_at(j).is_some()
                })
            };
            thing || hits.iter().any(beside) || alone()
        })
    }

    /// HALF SIZE, HALF-SIZE, HALF SCALE, 1/2 SIZE; the token after it.
    fn half_size_at(&self, at: usize) -> Option<usize> {
        let after = if self.word(at) == Some("HALF") {
            at + 1
        } else {
            let one = self.tokens.get(at)?.number().is_some_and(|n| n.value == 1.0)
                && self.is(at + 1, &Kind::Slash);
            let two = self.tokens.get(at + 2).and_then(Token::number).is_some_and(|n| n.value == 2.0);
            if !(one && two) {
                return None;
            }
            at + 3
        };
        let at = if self.is(after, &Kind::Dash) { after + 1 } else { after };
        let sized = matches!(self.word(at), Some("SIZE" | "SIZED" | "SCALE"));
        // "SCALE: 1/2 SIZE" and "HALF SCALE" are notes; "HALF SCALE: 1/4" labels what follows.
        (sized && !self.is(at + 1, &Kind::Colon)).then_some(at + 1)
    }
}

/// What happened to a print that was not made at its size.
const RESIZED: [&str; 5] = ["REDUCED", "REDUCTION", "ENLARGED", "ENLARGEMENT", "SHRUNK"];
/// What a note of it speaks of, where no scale stands beside it: other things are reduced by shares, too.
const PRINTS: [&str; 9] =
    ["SIZE", "PRINT", "PRINTED", "PLOT", "PLOTTED", "SHEET", "DRAWING", "DRAWINGS", "SCALE"];
/// Tokens between such a word and its share at most (`REDUCED TO APPROX. 50%`).
const APART: usize = 4;

impl Line<'_> {
    /// REDUCED 50%, PRINTED AT 64%, 50% OF FULL SIZE: the print has another size than its scale was written for, and
    /// whether the scale was changed with it nobody says. The words that say so.
    pub(super) fn says_resized(&self, hits: &[Hit]) -> Option<Range<usize>> {
        let scaled = hits.iter().any(|h| h.ratio.is_some_and(|r| r > 0.0));
        let of_prints = || (0..self.tokens.len()).any(|i| self.word(i).is_some_and(|w| PRINTS.contains(&w)));
        let short = self.tokens.len() <= 2 * APART;
        let first = |i: usize| (0..i).all(|before| self.punctuation(before));
        (0..self.tokens.len()).filter(|&i| self.is_share(i)).find_map(|share| {
            let near = share.saturating_sub(APART)..(share + 2 + APART).min(self.tokens.len());
            let near = near.filter(|&i| self.same_column(i, share));
            let word = near.clone().find(|&i| self.word(i).is_some_and(|w| RESIZED.contains(&w)));
            let alone = |i: usize| short && (first(i) || first(share) && i == share + 2);
            let word = word.filter(|&i| scaled || of_prints() || alone(i));
            let printed = || {
                let at = self.word(share.checked_sub(1)?) == Some("AT");
                let made = |w: &str| ["PRINTED", "PLOTTED"].contains(&w);
                (at && self.word(share.checked_sub(2)?).is_some_and(made)).then(|| share - 2)
            };
            let of_size = || {
                let passed =
                    |i: &usize| !matches!(self.word(*i), Some("OF" | "FULL" | "ORIGINAL" | "ACTUAL"));
                let next = (share + 2..share + 5).find(passed)?;
                (self.word(next) == Some("SIZE")).then_some(next)
            };
            let other = word.or_else(printed).or_else(of_size)?;
            Some(other.min(share)..(other + 1).max(share + 2))
        })
    }

    /// `50%` or `50 PERCENT`, and not all of it.
    fn is_share(&self, at: usize) -> bool {
        let number = self.tokens.get(at).and_then(Token::number).is_some_and(|n| n.value != 100.0);
        number && (self.is(at + 1, &Kind::Other('%')) || self.word(at + 1) == Some("PERCENT"))
    }
}

/// NTS, NOT TO SCALE, NO SCALE, AS NOTED, AS SHOWN, AS INDICATED, VARIES starting at a word.
pub(super) fn at(line: &Line<'_>, at: usize) -> Option<Hit> {
    let words = |wanted: &[&str]| wanted.iter().enumerate().all(|(i, w)| line.word(at + i) == Some(*w));
    let hit = |count: usize, family, ratio, needs| Some(Hit { tokens: at..at + count, family, ratio, needs });
    // A letter or digit that touches makes it part of a longer name.
    let touched =
        |end: usize| line.glued(end) && matches!(line.kind(end), Some(Kind::Number(_) | Kind::Word(_)));
    if line.glued(at) && matches!(line.before(at).map(|t| &t.kind), Some(Kind::Number(_) | Kind::Dash)) {
        return None;
    }
    let none = Family::NotToScale;
    if words(&["NTS"]) && !touched(at + 1) {
        return hit(1, none, Some(0.0), Needs::Nothing);
    }
    if words(&["NOT", "TO", "SCALE"]) {
        return hit(3, none, Some(0.0), Needs::Nothing);
    }
    if words(&["NO", "SCALE"]) {
        return hit(2, none, Some(0.0), Needs::LabelOrAlone);
    }
    if ["NOTED", "SHOWN", "INDICATED"].iter().any(|w| words(&["AS", w])) {
        return hit(2, Family::Deferred, None, Needs::LabelOrAlone);
    }
    if words(&["VARIES"]) || words(&["VARY"]) {
        return hit(1, Family::Deferred, None, Needs::LabelOrAlone);
    }
    None
}

/// "NTS  NOT TO SCALE" explains an abbreviation; it says nothing of the drawing.
pub(super) fn drop_abbreviations(hits: &mut Vec<Hit>) {
    let explained: Vec<usize> = hits
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| {
            let both = pair.iter().all(|h| h.family == Family::NotToScale);
            both && pair[0].tokens.len() == 1
                && pair[1].tokens.len() > 1
                && pair[1].tokens.start - pair[0].tokens.end <= 3
        })
        .flat_map(|(i, _)| [i, i + 1])
        .collect();
    let mut at = 0;
    hits.retain(|_| {
        at += 1;
        !explained.contains(&(at - 1))
    });
}
