//! Words that speak of scale without a ratio: not to scale, as noted, half size.

use super::context::Line;
use super::lex::{Kind, Token};
use super::notation::{Family, Hit, Needs};
use super::view::{View, view_of};
use super::words::{SUFFIXES, is_field, is_halved, is_label};

/// Words between a print and its being of half size, and the article.
const OF_A_PRINT: [&str; 12] =
    ["THIS", "THE", "IS", "A", "HAS", "BEEN", "WAS", "TO", "REDUCED", "REPRODUCED", "PHOTOGRAPHICALLY", "IN"];

/// Words of DO NOT SCALE THE DRAWING, OFF THIS SHEET, FROM PRINTS.
const FORBIDDEN: [&str; 6] = ["DO", "NOT", "OFF", "FROM", "ANY", "SCALED"];
/// Words of what is stamped on prints, besides those of a title block's fields.
const STAMPED: [&str; 36] = [
    "DO",
    "NOT",
    "SCALED",
    "SIZED",
    "FOR",
    "BID",
    "BIDS",
    "BIDDING",
    "PERMIT",
    "REVIEW",
    "REFERENCE",
    "PRICING",
    "INFORMATION",
    "ONLY",
    "NOTE",
    "NOTES",
    "ALL",
    "THESE",
    "ARE",
    "HAVE",
    "WERE",
    "OF",
    "BE",
    "AN",
    "PAGE",
    "SHOWN",
    "ORIGINAL",
    "COORDINATION",
    "PROGRESS",
    "RECORD",
    "PLEASE",
    "ATTENTION",
    "WARNING",
    "CAUTION",
    "IF",
    "WHERE",
];
/// Words that what a print is called does not end in: something is said of it behind them.
const GOES_ON: [&str; 16] = [
    "FOR", "DO", "NOT", "ONLY", "AT", "ON", "WHEN", "TO", "AS", "IS", "AND", "OR", "PER", "UNLESS", "BY",
    "OF",
];

/// What a line says of half-size prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfSize {
    /// The sheet is one.
    Said,
    /// There are such; whether the sheet is one it does not say.
    Mentioned,
}

impl Line<'_> {
    /// Whether the line says that the sheet is a half-size print: by words that say nothing else, or beside a
    /// notation. What only speaks of such prints (HALF SIZE SETS AVAILABLE ON REQUEST) is a mention.
    pub(super) fn says_half_size(&self, hits: &[Hit]) -> Option<HalfSize> {
        let has = |words: &[&str]| self.tokens.iter().any(|t| t.word().is_some_and(|w| words.contains(&w)));
        if has(&["BRICK", "DOOR"]) {
            return None;
        }
        // What is printed on another paper is such a print: whether this one is, its size tells.
        let names_paper = (0..self.tokens.len()).any(|i| self.paper_at(i).is_some());
        // FULL SIZE 1/4" = 1'-0" HALF SIZE 1/8" = 1'-0" and 24X36 FULL SIZE, 12X18 HALF SIZE say which holds where.
        let full = has(&["FULL"]);
        if full && (names_paper || !hits.is_empty()) {
            return None;
        }
        let conditional = has(&["IF", "WHEN", "UNLESS"]);
        if conditional && !names_paper {
            return None;
        }
        let mut in_hit = vec![false; self.tokens.len()];
        hits.iter().for_each(|h| in_hit[h.tokens.clone()].fill(true));
        let found = (0..self.tokens.len()).filter_map(|i| self.half_size_at(i).map(|end| (i, end)));
        let said = |(i, end): (usize, usize)| {
            let thing = self.word(end).is_some_and(is_halved);
            let beside = |h: &Hit| {
                h.family != Family::NotToScale
                    && h.family != Family::Deferred
                    && (h.tokens.end == i || h.tokens.start == end)
            };
            // HALF SIZE - DO NOT SCALE. HALF SIZE DRAWINGS, DO NOT SCALE may speak of other prints.
            let forbids = !thing && self.forbids_scaling();
            let alone = || {
                (0..self.tokens.len()).filter(|j| self.same_column(*j, i)).all(|j| {
                    let known = |w| {
                        is_label(w)
                            || is_halved(w)
                            || SUFFIXES.contains(&w)
                            || OF_A_PRINT.contains(&w)
                            || forbids && FORBIDDEN.contains(&w)
                    };
                    (i..end).contains(&j)
                        || in_hit[j]
                        || self.punctuation(j)
                        || self.word(j).is_some_and(known)
                        || self.paper_ending_at(j).is_some()
                        || self.paper_at(j).is_some()
                })
            };
            if !conditional && !full && (hits.iter().any(beside) || alone()) {
                Some(HalfSize::Said)
            } else {
                let of_print = || forbids || self.is_of_print(i, end, hits);
                (thing || conditional || names_paper || of_print()).then_some(HalfSize::Mentioned)
            }
        };
        // A note says it once or twice; a longer line is no note.
        let all: Vec<HalfSize> = found.take(4).filter_map(said).collect();
        all.iter().find(|h| **h == HalfSize::Said).or(all.first()).copied()
    }

    /// DO NOT SCALE.
    fn forbids_scaling(&self) -> bool {
        (0..self.tokens.len()).any(|i| {
            self.word(i) == Some("DO")
                && self.word(i + 1) == Some("NOT")
                && self.word(i + 2).is_some_and(|w| w.starts_with("SCAL"))
        })
    }

    /// Whether a size (HALF SIZE, FULL SIZE) that stands from `at` to `end` may be that of the print: no thing that has it
    /// follows (HALF SIZE LOCKERS, FULL SIZE DETAIL), and what stands before it is said of prints (ISSUED FOR BID - HALF
    /// SIZE) or is a scale. SILL DETAIL - HALF SIZE is the detail's.
    pub(super) fn is_of_print(&self, at: usize, end: usize, hits: &[Hit]) -> bool {
        let known = |w: &str| {
            is_label(w)
                || is_halved(w)
                || is_field(w)
                || SUFFIXES.contains(&w)
                || OF_A_PRINT.contains(&w)
                || STAMPED.contains(&w)
        };
        let mut before = (0..at).filter(|&i| self.same_column(i, at));
        self.ends_as_print(at, end)
            && before.all(|i| {
                self.punctuation(i)
                    || self.word(i).is_some_and(known)
                    || hits.iter().any(|h| h.tokens.contains(&i))
                    || self.paper_at(i).is_some()
                    || self.paper_ending_at(i).is_some()
            })
    }

    /// The second half of that: nothing that has the size follows it.
    pub(super) fn ends_as_print(&self, at: usize, end: usize) -> bool {
        let next = (end < self.tokens.len() && self.same_column(end, at)).then_some(end);
        next.is_none_or(|i| {
            self.punctuation(i)
                || self.paper_at(i).is_some()
                || self.word(i).is_some_and(|w| GOES_ON.contains(&w) || is_halved(w))
        })
    }

    /// FULL SIZE, FULL-SIZE, FULL SCALE; the token after it.
    pub(super) fn full_size_at(&self, at: usize) -> Option<usize> {
        let next = if self.is(at + 1, &Kind::Dash) { at + 2 } else { at + 1 };
        let sized = matches!(self.word(next), Some("SIZE" | "SIZED" | "SCALE"));
        (self.word(at) == Some("FULL") && sized && self.same_column(next, at)).then_some(next + 1)
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
    if let Some(end) = full_size(line, at) {
        return hit(end - at, Family::FullSize, Some(1.0), Needs::PlaceElseWeak);
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

/// SCALE: FULL SIZE, SILL DETAIL - FULL SIZE, and FULL SIZE alone; the token after it. Not what is made or
/// printed at that size (FULL SIZE MOCKUP, FULL SIZE @ 24X36), nor a share of it (HALF FULL SIZE).
fn full_size(line: &Line<'_>, at: usize) -> Option<usize> {
    if line.word(at) != Some("FULL") {
        return None;
    }
    let labelled = line.label_before(at);
    let next = if line.is(at + 1, &Kind::Dash) { at + 2 } else { at + 1 };
    let sized = matches!(line.word(next), Some("SIZE" | "SCALE")) && line.same_column(next, at);
    let end = next + 1;
    let last = (end..line.tokens.len())
        .take_while(|&i| line.same_column(i, at))
        .all(|i| matches!(line.kind(i), Some(Kind::Other(')' | ']' | '.'))));
    let (before, _) = line.title_of(at);
    let words: Vec<&str> = before.iter().filter_map(|&i| line.word(i)).collect();
    let alone = (0..at).all(|i| {
        !line.same_column(i, at) || line.punctuation(i) || labelled && line.word(i).is_some_and(is_label)
    });
    let titled = view_of(&words) == Some(View::Part);
    (last && sized && (alone || titled)).then_some(end)
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
