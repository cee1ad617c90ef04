//! Papers that a line names: `A1`, `ARCH D`, `24X36`; for a notation, or for the sheet.

use super::context::Line;
use super::lex::{Kind, Token};
use super::notation::Hit;
use super::paper;
use super::words::is_label;

/// Tokens of the longest name of a paper (`24 IN. X 36 IN.`).
const LONGEST_NAME: usize = 7;
/// Tokens between a notation and the paper before it at most (`A1 :`).
const LEAD: usize = 3;

/// The paper that a sheet is said to be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetPaper {
    /// `A1`, `ARCH D`, `24X36`.
    pub name: String,
    /// `SHEET: A1` may be the sheet's number instead.
    pub or_number: bool,
}

impl Line<'_> {
    /// `A1`, `ISO A1`, `ARCH D`, `ANSI B`, `E1 SIZE`, `24X36` starting at a token, and the token after it.
    pub(super) fn paper_at(&self, at: usize) -> Option<(String, usize)> {
        self.iso_at(at).or_else(|| self.series_at(at)).or_else(|| self.sides_at(at))
    }

    fn skip_dash(&self, at: usize) -> usize {
        if self.is(at, &Kind::Dash) { at + 1 } else { at }
    }

    fn integer(&self, at: usize) -> Option<f64> {
        self.tokens.get(at).and_then(Token::number).filter(|n| n.integer && !n.zero_led).map(|n| n.value)
    }

    /// Something goes on at the token without a space, as in a sheet's number (`A1-01`, `A1.B`).
    fn goes_on(&self, at: usize) -> bool {
        let letters = matches!(self.kind(at), Some(Kind::Word(_) | Kind::Number(_)));
        let parted = matches!(self.kind(at), Some(Kind::Dash | Kind::Other('.')))
            && self.glued(at + 1)
            && matches!(self.kind(at + 1), Some(Kind::Word(_) | Kind::Number(_)))
            // "A1-1:100" goes on with a scale.
            && !self.is(at + 2, &Kind::Colon);
        self.glued(at) && (letters || parted)
    }

    fn iso_at(&self, at: usize) -> Option<(String, usize)> {
        let at = if matches!(self.word(at), Some("ISO" | "DIN")) { self.skip_dash(at + 1) } else { at };
        if self.word(at) != Some("A") || !self.glued(at + 1) || self.goes_on(at + 2) {
            return None;
        }
        let n = self.integer(at + 1).filter(|n| *n <= 4.0)?;
        Some((format!("A{n}"), at + 2))
    }

    /// `ARCH D`, `ARCH. E1`, `ANSI-B`, and `D SIZE`, which may be of either series.
    fn series_at(&self, at: usize) -> Option<(String, usize)> {
        let word = self.word(at)?;
        let (series, joined) = match word {
            "ARCH" | "ARCHITECTURAL" => ("ARCH", None),
            "ANSI" => ("ANSI", None),
            _ => match word.strip_prefix("ARCH").map(|l| ("ARCH", l)) {
                Some((series, letter)) => (series, Some(letter)),
                None => match word.strip_prefix("ANSI") {
                    Some(letter) => ("ANSI", Some(letter)),
                    None => return self.letter_size_at(at),
                },
            },
        };
        let (letter, last) = match joined {
            Some(letter) => (letter, at),
            None => {
                let next = self.skip_dash(self.skip_point(at + 1));
                (self.word(next)?, next)
            }
        };
        let (letter, end) = self.letter(letter, last)?;
        let known = series == "ARCH" || !letter.ends_with(|c: char| c.is_ascii_digit());
        (known && !self.goes_on(end)).then(|| (format!("{series} {letter}"), end))
    }

    /// `D`, `E1`: a letter that names a size, whose last token is `last`, and the token after it.
    fn letter(&self, letter: &str, last: usize) -> Option<(String, usize)> {
        if !matches!(letter, "A" | "B" | "C" | "D" | "E") {
            return None;
        }
        if !self.glued(last + 1) || !matches!(self.kind(last + 1), Some(Kind::Number(_))) {
            return Some((letter.to_owned(), last + 1));
        }
        let n = self.integer(last + 1).filter(|n| letter == "E" && (1.0..=3.0).contains(n))?;
        Some((format!("E{n}"), last + 2))
    }

    /// `D SIZE`, `E1-SIZED`. `A SIZE` is any.
    fn letter_size_at(&self, at: usize) -> Option<(String, usize)> {
        let (letter, end) = self.letter(self.word(at).filter(|w| *w != "A")?, at)?;
        let end = self.skip_dash(end);
        let sized = matches!(self.word(end), Some("SIZE" | "SIZED"));
        let name = if letter.len() > 1 { format!("ARCH {letter}") } else { format!("{letter} SIZE") };
        sized.then_some((name, end + 1))
    }

    /// `24X36`, `24" x 36"`, `8.5 x 11 IN`, and the sides of an ISO sheet in millimetres.
    fn sides_at(&self, at: usize) -> Option<(String, usize)> {
        let mark = |i: usize| match self.word(i) {
            _ if self.is(i, &Kind::Inch) => i + 1,
            Some("IN" | "INCH" | "INCHES") => self.skip_point(i + 1),
            _ => i,
        };
        let side = |i: usize| self.tokens.get(i).and_then(Token::number).map(|n| n.value);
        let width = side(at)?;
        let cross = mark(at + 1);
        let crossed = matches!(self.kind(cross), Some(Kind::Other('×'))) || self.word(cross) == Some("X");
        let height = side(cross + 1).filter(|_| crossed)?;
        let inches = |v: f64| (8.0..=60.0).contains(&v) && (v.fract() == 0.0 || v == 8.5);
        if inches(width) && inches(height) {
            return Some((format!("{width}X{height}"), mark(cross + 2)));
        }
        let end = if self.word(cross + 2) == Some("MM") { cross + 3 } else { cross + 2 };
        paper::iso_of_millimetres(width, height).map(|name| (name, end))
    }

    /// The paper whose name ends with the token, and where it starts. The mark of a last side may stand behind it.
    pub(super) fn paper_ending_at(&self, last: usize) -> Option<(String, usize)> {
        let may_end = match self.kind(last)? {
            Kind::Number(_) | Kind::Inch | Kind::Other('.') => true,
            Kind::Word(w) => {
                matches!(
                    w.as_str(),
                    "A" | "B" | "C" | "D" | "E" | "SIZE" | "SIZED" | "IN" | "INCH" | "INCHES" | "MM"
                ) || w.starts_with("ARCH")
                    || w.starts_with("ANSI")
            }
            _ => false,
        };
        if !may_end {
            return None;
        }
        let ends = |end: usize| end == last + 1 || end == last + 2 && self.is(last + 1, &Kind::Inch);
        (0..LONGEST_NAME).rev().find_map(|back| {
            let start = last.checked_sub(back)?;
            self.paper_at(start).filter(|(_, end)| ends(*end)).map(|(paper, _)| (paper, start))
        })
    }

    /// `@`, `AT`, `(` or the word "scale" stands before the token.
    pub(super) fn leads_a_paper(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        matches!(self.kind(before), Some(Kind::At | Kind::Other('(' | '[')))
            || self.word(before).is_some_and(|w| matches!(w, "AT" | "ON" | "FOR") || is_label(w))
            || self.is(before, &Kind::Colon)
                && before.checked_sub(1).and_then(|i| self.word(i)).is_some_and(is_label)
    }

    /// `@ A1`, `at A1`, `(A1)`, `on 24x36` right after a notation.
    pub(super) fn paper_after(&self, end: usize) -> Option<String> {
        for at in end..end + 3 {
            if let Some((paper, _)) = self.paper_at(at).filter(|_| at > end) {
                return Some(paper);
            }
            let leads = matches!(self.kind(at), Some(Kind::At | Kind::Other('(' | '[')))
                || matches!(self.word(at), Some("AT" | "ON" | "FOR"));
            if !leads {
                return None;
            }
        }
        None
    }

    /// `@ A1: `, `SCALE (A1) `, `A3 - ` right before a notation: the paper, and whether something leads to it.
    fn paper_before(&self, start: usize) -> Option<(String, bool)> {
        let nearest = (1..=LEAD).filter_map(|back| start.checked_sub(back));
        let last = nearest.into_iter().find(|&i| !self.punctuation(i) && self.word(i) != Some("IS"))?;
        let (paper, first) = self.paper_ending_at(last)?;
        Some((paper, self.leads_a_paper(first)))
    }

    /// The paper that a notation names. Where the first of a column has its paper before it, all have
    /// (`@A1 1:100 @A3 1:200`); otherwise it stands behind, or between the label and the notation.
    pub(super) fn paper_near(&self, hit: &Hit, all: &[Hit]) -> Option<String> {
        let scaled = |h: &&Hit| h.ratio.is_some_and(|r| r > 0.0);
        let of_column = |h: &&Hit| self.same_column(h.tokens.start, hit.tokens.start);
        let mut column = all.iter().filter(scaled).filter(of_column);
        let before = || self.paper_before(hit.tokens.start);
        let leads = |first: &Hit| self.paper_before(first.tokens.start).is_some_and(|(_, led)| led);
        if column.next().is_some_and(leads) {
            return before().map(|(paper, _)| paper);
        }
        self.distributed(hit, all)
            .or_else(|| self.paper_after(hit.tokens.end))
            .or_else(|| self.label_before(hit.tokens.start).then(before).flatten().map(|(paper, _)| paper))
    }

    /// `1:50 / 1:100 @ A1 / A3`: as many papers behind as many notations, each to each.
    fn distributed(&self, hit: &Hit, all: &[Hit]) -> Option<String> {
        let parted = |from: usize, to: usize| {
            (from..to).all(|i| {
                self.same_column(i, hit.tokens.start)
                    && (matches!(self.kind(i), Some(Kind::Slash | Kind::Other('&' | ',')))
                        || matches!(self.word(i), Some("AND" | "OR")))
            })
        };
        let at = all.iter().position(|h| h.tokens == hit.tokens)?;
        let joined = |pair: &[Hit]| parted(pair[0].tokens.end, pair[1].tokens.start);
        let first = (1..=at).rev().take_while(|&i| joined(&all[i - 1..=i])).last().map_or(at, |i| i - 1);
        let last = (at + 1..all.len()).take_while(|&i| joined(&all[i - 1..=i])).last().unwrap_or(at);
        if first == last {
            return None;
        }
        let mut at_token = all[last].tokens.end;
        while matches!(self.kind(at_token), Some(Kind::At | Kind::Other('(')))
            || matches!(self.word(at_token), Some("AT" | "ON" | "FOR"))
        {
            at_token += 1;
        }
        let mut papers = Vec::new();
        while let Some((paper, end)) = self.paper_at(at_token).filter(|_| papers.len() <= last - first) {
            papers.push(paper);
            at_token = end;
            while at_token < self.tokens.len()
                && self.paper_at(at_token).is_none()
                && parted(at_token, at_token + 1)
            {
                at_token += 1;
            }
        }
        (papers.len() == last - first + 1).then(|| papers.swap_remove(at - first))
    }
}

/// `A1` numbers a sheet as well.
fn may_be_number(name: &str) -> bool {
    name.len() == 2 && name.starts_with('A')
}

/// Sheets in inches on which drawings are made, whichever side comes first.
const USUAL_SHEETS: [&str; 14] = [
    "22X34", "34X22", "24X36", "36X24", "30X42", "42X30", "36X48", "48X36", "18X24", "24X18", "34X44",
    "44X34", "28X40", "40X28",
];

impl Line<'_> {
    /// ORIGINAL SHEET SIZE A1, DRAWN ON ARCH D, WHEN PLOTTED AT 24x36, IF THIS SHEET IS NOT 24"x36": the paper that the
    /// sheet is made for. Not what a notation names for itself.
    pub(super) fn names_sheet(&self) -> Option<SheetPaper> {
        (0..self.tokens.len()).find_map(|at| {
            let (name, end) = self.paper_at(at)?;
            let is_sheet =
                self.leads_to_sheet(at, &name) || self.ends_as_sheet(end) || self.is_sheet_of_scales(&name);
            if is_sheet {
                return Some(SheetPaper { name, or_number: false });
            }
            self.is_field(at, end).then(|| {
                let or_number = may_be_number(&name);
                SheetPaper { name, or_number }
            })
        })
    }

    /// The paper that a line is, and nothing else.
    pub(super) fn is_paper(&self) -> Option<String> {
        let (name, mut end) = self.paper_at(0)?;
        // "ARCH D (24 X 36)"
        while end < self.tokens.len() {
            end = match self.paper_at(end) {
                Some((_, end)) => end,
                None if self.punctuation(end) || matches!(self.word(end), Some("SIZE" | "SHEET")) => end + 1,
                None => return None,
            };
        }
        Some(name)
    }

    /// SHEET SIZE, PAPER SIZE, FORMAT: the caption of a field that names the sheet's paper, and nothing else.
    pub(super) fn is_paper_caption(&self) -> bool {
        const SIZED: [&str; 7] = ["SHEET", "PAPER", "DRAWING", "ORIGINAL", "PLOT", "PRINT", "DWG"];
        let words: Vec<&str> = (0..self.tokens.len()).filter_map(|i| self.word(i)).collect();
        let known = |w: &&str| SIZED.contains(w) || matches!(*w, "SIZE" | "FORMAT");
        let other = (0..self.tokens.len()).any(|i| self.word(i).is_none() && !self.punctuation(i));
        !other
            && words.iter().all(known)
            && (words.len() > 1 && words.contains(&"SIZE") || words.contains(&"FORMAT") || words == ["PAPER"])
    }

    /// A1 ORIGINAL, A1 PAPER, 24X36 SHEET SIZE.
    fn ends_as_sheet(&self, end: usize) -> bool {
        matches!(self.word(end), Some("ORIGINAL" | "PAPER" | "FORMAT"))
            || matches!(self.word(end), Some("SHEET" | "PAPER")) && self.word(end + 1) == Some("SIZE")
    }

    /// `SHEET: A1`, and nothing else in the column.
    fn is_field(&self, at: usize, end: usize) -> bool {
        let Some(label) = at.checked_sub(2) else { return false };
        let first = label == 0 || !self.same_column(label - 1, label);
        let last = !self.same_column(end, at);
        self.word(label) == Some("SHEET") && self.is(at - 1, &Kind::Colon) && first && last
    }

    /// FULL SIZE PRINT IS 24 X 36, SCALE CORRECT AT 24x36 ONLY, SCALES SHOWN ARE FOR 24x36 SHEETS: a usual sheet in
    /// inches in a line that speaks of the full size or of what scales hold for.
    fn is_sheet_of_scales(&self, paper: &str) -> bool {
        const HOLDS: [&str; 10] = [
            "CORRECT",
            "SHOWN",
            "VALID",
            "ACCURATE",
            "ONLY",
            "INDICATED",
            "NOTED",
            "TRUE",
            "APPLIES",
            "APPLY",
        ];
        let has =
            |words: &[&str]| (0..self.tokens.len()).any(|i| self.word(i).is_some_and(|w| words.contains(&w)));
        let of_full_size =
            || has(&["FULL"]) && has(&["SIZE"]) && has(&["SHEET", "SHEETS", "PRINT", "PRINTS", "DRAWING"]);
        let of_scales = || has(&["SCALE", "SCALES"]) && has(&HOLDS);
        let is_usual =
            USUAL_SHEETS.contains(&paper) || paper.starts_with("ARCH") || paper.starts_with("ANSI");
        is_usual && (of_full_size() || of_scales())
    }

    /// The words before the paper at `at` say that it is the sheet's.
    fn leads_to_sheet(&self, at: usize, name: &str) -> bool {
        const SIZED: [&str; 8] = ["ORIGINAL", "ACTUAL", "FULL", "SHEET", "PAPER", "PLOT", "PRINT", "DRAWING"];
        const MADE: [&str; 7] = ["PLOTTED", "PRINTED", "REPRODUCED", "PLOT", "PRINT", "DRAWN", "DRAFTED"];
        const PASSED: [&str; 15] = [
            "IS", "OF", "AT", "ON", "A", "AN", "TO", "FULL", "SIZE", "SHEET", "DRAWING", "PAPER", "MEASURE",
            "EQUAL", "DOES",
        ];
        // A field's caption may stand in a column of its own.
        let before = at.checked_sub(1).map_or(at, |i| if self.same_column(i, at) { at } else { i });
        let words: Vec<&str> = (0..at)
            .rev()
            .take_while(|&i| self.same_column(i, before))
            .take_while(|&i| self.word(i).is_some() || self.punctuation(i))
            .filter_map(|i| self.word(i))
            .take(8)
            .collect();
        let has = |any: &[&str]| words.iter().any(|w| any.contains(w));
        let speaks_of_sheet =
            || has(&["SHEET", "DRAWING", "PRINT", "PLAN", "PLOT"]) && has(&["IF", "WHEN", "WHERE"]);
        let mut passed: Vec<&str> = Vec::new();
        for (i, word) in words.iter().enumerate() {
            let next = words.get(i + 1);
            let size = passed.contains(&"SIZE") || *word == "SIZE" || *word == "FORMAT";
            if *word == "SIZE" && next.is_some_and(|w| SIZED.contains(w))
                || *word == "FORMAT" && next.is_none_or(|w| SIZED.contains(w))
                || *word == "PAPER" && next.is_none() && passed.is_empty()
            {
                return true;
            }
            if *word == "ORIGINAL" && (i == 0 || size || passed.iter().any(|w| *w == "IS" || *w == "SHEET")) {
                return true;
            }
            // "STAIR DRAWN ON A3" may mean a sheet of that number.
            let made_here = *word != "DRAWN"
                || !may_be_number(name)
                || next.is_none_or(|w| matches!(*w, "SHEET" | "DRAWING" | "IS" | "ORIGINALLY"));
            if MADE.contains(word) && made_here && passed.iter().any(|w| matches!(*w, "AT" | "ON" | "TO")) {
                return true;
            }
            // "DRAWN FOR A1 BUILDERS" names a client.
            if *word == "FOR" {
                return next.is_some_and(|w| matches!(*w, "FORMATTED" | "SCALED"));
            }
            if matches!(*word, "NOT" | "THAN") {
                return speaks_of_sheet();
            }
            if !PASSED.contains(word) {
                return false;
            }
            passed.push(word);
        }
        false
    }
}
