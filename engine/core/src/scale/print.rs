//! What a sheet says of its print: that it was reduced or enlarged.

use std::ops::Range;

use super::context::Line;
use super::lex::{self, Kind, Token};
use super::notation::Hit;
use super::paper::{inches, is_on_paper};
use super::words::{is_print, is_print_or_set};
use crate::geom::PageSpace;

/// What happened to a print that was not made at its size.
const RESIZED: [&str; 5] = ["REDUCED", "REDUCTION", "ENLARGED", "ENLARGEMENT", "SHRUNK"];
/// Tokens between such a word and its share at most (`REDUCED TO APPROX. 50%`).
const APART: usize = 4;

impl Line<'_> {
    /// REDUCED 50%, PRINTED AT 64%, 50% OF FULL SIZE: the print has another size than its scale was written for, and
    /// whether the scale was changed with it nobody says. The words that say so.
    pub(super) fn says_resized(&self, hits: &[Hit]) -> Option<Range<usize>> {
        let scaled = hits.iter().any(|h| h.ratio.is_some_and(|r| r > 0.0));
        // Other things are reduced by shares, too.
        let is_of_prints = |w: &str| is_print(w) || matches!(w, "SIZE" | "PRINTED" | "PLOTTED");
        let of_prints = || (0..self.tokens.len()).any(|i| self.word(i).is_some_and(is_of_prints));
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

/// How many times as large the ratio of a print is that was resized by so much (`REDUCED TO 64%`, `50% OF FULL SIZE`); `None`
/// where the words may mean the rest (`REDUCED BY 30%`).
pub(super) fn times_as_large(words: &str) -> Option<f64> {
    let words = words.to_uppercase();
    let (before, after) = words.split_once('%').or_else(|| words.split_once("PERCENT"))?;
    let digits = before.trim_end().rsplit(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
    let share = digits.parse::<f64>().ok().filter(|s| (10.0..=400.0).contains(s))?;
    let says = |wanted: &str| before.split_whitespace().any(|w| w == wanted);
    let half = share == 50.0 && !words.contains("ENLARGE");
    let of_whole = (says("TO") || says("AT") || after.trim_start().starts_with("OF")) && !says("BY");
    (half || of_whole).then_some(100.0 / share)
}

/// Between a print and what happened to it.
const HAPPENED: [&str; 9] =
    ["HAS", "HAVE", "BEEN", "IS", "ARE", "WAS", "WERE", "PHOTOGRAPHICALLY", "ELECTRONICALLY"];
/// Words that make a note of a reduction one of what may be.
const CONDITIONS: [&str; 12] =
    ["IF", "MAY", "MIGHT", "WHEN", "WHERE", "UNLESS", "NOT", "CAN", "COULD", "SHOULD", "CHECK", "VERIFY"];

impl Line<'_> {
    /// Whether words of the line set a condition, so that what is said beside them need not be so. DO NOT SCALE sets none.
    pub(super) fn sets_a_condition(&self) -> bool {
        let forbids = |i: usize| {
            i > 0 && self.word(i - 1) == Some("DO") && self.word(i + 1).is_some_and(|w| w.starts_with("SCAL"))
        };
        (0..self.tokens.len()).any(|i| self.word(i).is_some_and(|w| CONDITIONS.contains(&w)) && !forbids(i))
    }

    /// REDUCED, THIS DRAWING HAS BEEN REDUCED, REDUCED SIZE PRINT, and nothing of a condition. The words that say so.
    pub(super) fn says_reduced(&self, hits: &[Hit]) -> Option<Range<usize>> {
        if let Some(said) = self.says_not_full_size(hits).or_else(|| self.says_fitted(hits)) {
            return Some(said);
        }
        if self.sets_a_condition() {
            return None;
        }
        (0..self.tokens.len()).find_map(|at| {
            let word = self.word(at).filter(|w| matches!(*w, "REDUCED" | "SHRUNK" | "ENLARGED"))?;
            // ENLARGED PLAN is a title.
            let made = word != "ENLARGED";
            let thing = self.word(at + 1).is_some_and(|w| is_print_or_set(w) || w == "SIZE");
            if made && thing {
                return Some(at..at + 2);
            }
            let first = (0..at)
                .rev()
                .take_while(|&i| self.same_column(i, at))
                .take_while(|&i| self.word(i).is_some_and(|w| HAPPENED.contains(&w) || is_print_or_set(w)))
                .find(|&i| self.word(i).is_some_and(is_print_or_set));
            if let Some(first) = first.filter(|&first| made || at - first > 1) {
                return Some(first..at + 1);
            }
            let alone = || (0..self.tokens.len()).all(|i| i == at || self.punctuation(i));
            (made && alone()).then_some(at..at + 1)
        })
    }
}

/// Words that make what is said of a print's size one of what may be, NOT left out.
const PERHAPS: [&str; 7] = ["IF", "WHEN", "WHERE", "UNLESS", "MAY", "MIGHT", "CHECK"];

impl Line<'_> {
    fn is_perhaps(&self) -> bool {
        (0..self.tokens.len()).any(|i| self.word(i).is_some_and(|w| PERHAPS.contains(&w)))
    }

    /// NOT FULL SIZE, PRINT IS NOT AT FULL SCALE. The words that say so.
    fn says_not_full_size(&self, hits: &[Hit]) -> Option<Range<usize>> {
        const BETWEEN: [&str; 7] = ["A", "AT", "TO", "OF", "PRINTED", "PLOTTED", "REPRODUCED"];
        if self.is_perhaps() {
            return None;
        }
        (0..self.tokens.len()).filter(|&i| self.word(i) == Some("NOT")).find_map(|not| {
            let full = (not + 1..not + 4).find(|&i| self.word(i).is_none_or(|w| !BETWEEN.contains(&w)))?;
            let end = self.full_size_at(full).filter(|_| self.same_column(full, not))?;
            self.is_of_print(not, end, hits).then_some(not..end)
        })
    }

    /// SCALED TO FIT, PRINTED TO FIT PAGE, FIT TO SHEET: made as large as some paper allows. The words that say so.
    fn says_fitted(&self, hits: &[Hit]) -> Option<Range<usize>> {
        let made = |w: &str| {
            w.starts_with("SCAL")
                || matches!(w, "SHRINK" | "SHRUNK")
                || matches!(w, "REDUCED" | "PRINTED" | "PLOTTED" | "SIZED")
        };
        let papers = |w: &str| matches!(w, "PAGE" | "PAPER" | "SHEET" | "PRINT" | "MEDIA");
        if self.is_perhaps() {
            return None;
        }
        (0..self.tokens.len()).filter(|&i| self.word(i) == Some("FIT")).find_map(|fit| {
            let to = fit.checked_sub(1).filter(|&i| self.word(i) == Some("TO"));
            // SCALE: TO FIT
            let verb = to.and_then(|to| (0..to).rev().find(|&i| !self.punctuation(i)));
            let verb = verb.filter(|&i| self.same_column(i, fit) && self.word(i).is_some_and(made));
            let to_paper = || self.word(fit + 1) == Some("TO") && self.word(fit + 2).is_some_and(papers);
            let (start, end) = match verb {
                Some(verb) if self.word(fit + 1).is_some_and(papers) => (verb, fit + 2),
                Some(verb) => (verb, fit + 1),
                None if to_paper() => (fit, fit + 3),
                None => return None,
            };
            self.is_of_print(start, end, hits).then_some(start..end)
        })
    }

    /// (AT FULL SIZE), 1/4" = 1'-0" FULL SIZE, IF NOT FULL SIZE: what holds for the full size only is spoken of. Not QUARTER
    /// FULL SIZE, nor the height of a scale's own title.
    fn speaks_of_full_size(&self) -> bool {
        const BEFORE: [&str; 6] = ["AT", "NOT", "ON", "TO", "WHEN", "FOR"];
        let number = |i: usize| matches!(self.kind(i), Some(Kind::Number(_)));
        let of_ratio = |i: usize| self.is(i, &Kind::Colon) && i > 0 && number(i - 1) && number(i + 1);
        let states_a_scale = (0..self.tokens.len()).any(|i| self.is(i, &Kind::Equals) || of_ratio(i));
        (0..self.tokens.len()).any(|at| {
            let Some(end) = self.full_size_at(at) else { return false };
            let before = |at: usize| {
                (0..at).rev().find(|&i| !self.punctuation(i)).filter(|&i| self.same_column(i, at))
            };
            let lead = before(at).filter(|&i| self.word(i).is_some_and(|w| BEFORE.contains(&w)));
            let first = lead.unwrap_or(at);
            let of_scale = |i: usize| self.word(i).is_none_or(is_unit);
            let beside_scale = states_a_scale && before(first).is_some_and(of_scale);
            beside_scale && self.ends_as_print(at, end) || lead.is_some() && self.is_of_print(first, end, &[])
        })
    }
}

/// Words of the two sides of a scale: 1 INCH = 20 FEET.
fn is_unit(word: &str) -> bool {
    matches!(word, "IN" | "INCH" | "INCHES" | "FT" | "FEET" | "FOOT" | "MM" | "CM" | "M")
}

/// Longer side of the largest usual print of a reduced set, inches, with its margin: 11 x 17 and A3.
const REDUCED_PRINT_IN: f64 = 18.5;

/// Whether what a line says of prints of half size may be said of this page: it names the paper that the page is of, or
/// none.
pub(super) fn may_be_of_page(text: &str, space: &PageSpace) -> bool {
    let tokens = lex::lex(text);
    let papers = Line::new(&tokens).papers();
    papers.is_empty() || papers.iter().any(|p| is_on_paper(p, space) == Some(true))
}

/// Whether a line says that the page is of another size than its scale was written for: that prints on its very paper
/// are reduced (SCALE REDUCED WHEN PRINTED ON 11X17), or, on a page as small as reduced prints are, how to tell by a bar of
/// an inch, or what holds at full size.
pub(super) fn says_other_size(text: &str, space: &PageSpace) -> bool {
    let tokens = lex::lex(text);
    let line = Line::new(&tokens);
    let says = |words: &[&str]| (0..tokens.len()).any(|i| line.word(i).is_some_and(|w| words.contains(&w)));
    let reduced =
        says(&["REDUCE", "REDUCES", "REDUCED", "REDUCTION", "ENLARGED"]) && !says(&["NOT", "PLAN", "PLANS"]);
    let of_prints = || {
        (0..tokens.len()).any(|i| {
            let is = |w: &str| is_print_or_set(w) || matches!(w, "SIZE" | "PRINTED" | "PLOTTED");
            line.word(i).is_some_and(is)
        })
    };
    let on_its_paper = || line.papers().iter().any(|p| is_on_paper(p, space) == Some(true));
    let is_small = || inches(space).is_some_and(|(w, h)| w.max(h) <= REDUCED_PRINT_IN);
    reduced && of_prints() && on_its_paper()
        || (line.is_of_inch_bar() || line.speaks_of_full_size()) && is_small()
}

impl Line<'_> {
    /// Every paper that the line names.
    fn papers(&self) -> Vec<String> {
        let mut at = 0;
        let mut out = Vec::new();
        while at < self.tokens.len() {
            match self.paper_at(at) {
                Some((name, end)) => {
                    out.push(name);
                    at = end;
                }
                None => at += 1,
            }
        }
        out
    }

    /// BAR IS ONE INCH ON ORIGINAL DRAWING, IF NOT ONE INCH ON THIS SHEET, ADJUST SCALES ACCORDINGLY, LINE IS 2" AT FULL
    /// SIZE; the lines that the note is set in are read one by one.
    fn is_of_inch_bar(&self) -> bool {
        let words = |wanted: &[&str]| {
            (0..self.tokens.len())
                .any(|i| wanted.iter().enumerate().all(|(n, w)| self.word(i + n) == Some(*w)))
        };
        if words(&["ADJUST", "SCALE"]) || words(&["ADJUST", "SCALES"]) || words(&["SCALES", "ACCORDINGLY"]) {
            return true;
        }
        // An inch or two, and what it is one of or is not.
        let inch = (0..self.tokens.len()).find(|&i| {
            let one = self.word(i).is_some_and(|w| matches!(w, "ONE" | "TWO"))
                || self.tokens[i].number().is_some_and(|n| n.value == 1.0 || n.value == 2.0);
            one && (self.is(i + 1, &Kind::Inch) || matches!(self.word(i + 1), Some("INCH" | "INCHES")))
        });
        let Some(inch) = inch else { return false };
        let before = |wanted: &[&str]| (0..inch).any(|i| self.word(i).is_some_and(|w| wanted.contains(&w)));
        let after = |wanted: &[&str]| {
            (inch..self.tokens.len()).any(|i| self.word(i).is_some_and(|w| wanted.contains(&w)))
        };
        let bar =
            before(&["BAR", "LINE"]) && before(&["IS", "MEASURES", "EQUALS", "REPRESENTS", "NOT", "SHOULD"]);
        let unless = before(&["IF"]) && before(&["NOT"]);
        let full_size = || words(&["FULL", "SIZE"]) || words(&["FULL", "SCALE"]) || words(&["FULL", "SIZED"]);
        let of_original = after(&["ON", "AT", "LONG"]) && (after(&["ORIGINAL"]) || full_size());
        bar || unless || of_original
    }
}
