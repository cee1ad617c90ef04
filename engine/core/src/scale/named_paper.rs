//! Papers that a line names: `A1`, `ARCH D`, `24X36`; and those that a notation holds for.

use super::context::Line;
use super::lex::{Kind, Token};
use super::notation::{Family, Hit};
use super::paper;
use super::words::is_label;

/// Tokens of the longest name of a paper (`24 IN. X 36 IN.`).
const LONGEST_NAME: usize = 7;
/// Tokens between a notation and the paper before it at most (`A1 :`).
const LEAD: usize = 3;

impl Line<'_> {
    /// `A1`, `ISO A1`, `ARCH D`, `ANSI B`, `E1 SIZE`, `24X36` starting at a token, and the token after it.
    pub(super) fn paper_at(&self, at: usize) -> Option<(String, usize)> {
        self.iso_at(at)
            .or_else(|| self.series_at(at))
            .or_else(|| self.sides_at(at))
            .or_else(|| self.letter_field_at(at))
    }

    fn skip_dash(&self, at: usize) -> usize {
        if self.is(at, &Kind::Dash) { at + 1 } else { at }
    }

    /// FULL BLEED, as plotters' papers are called.
    fn skip_bleed(&self, at: usize) -> usize {
        let bleed =
            matches!(self.word(at), Some("FULL" | "EXPAND")) && matches!(self.word(at + 1), Some("BLEED"));
        if bleed { at + 2 } else { at }
    }

    /// The `D` of a form's field (`SIZE: D`), which is the whole of the line.
    fn letter_field_at(&self, at: usize) -> Option<(String, usize)> {
        let letter = self.word(at).filter(|w| matches!(*w, "D" | "E"))?;
        let of_size = matches!((self.word(0), at), (Some("SIZE"), 1))
            || self.word(0) == Some("SIZE") && at == 2 && self.is(1, &Kind::Colon);
        (of_size && self.tokens.len() == at + 1).then(|| (format!("{letter} SIZE"), at + 1))
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
        let at = if matches!(self.word(at), Some("ISO" | "DIN")) {
            self.skip_bleed(self.skip_dash(at + 1))
        } else {
            at
        };
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
                let next = self.skip_bleed(self.skip_dash(self.skip_point(at + 1)));
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

    /// `1:100 / A1`, `1:100, A1`, `1:100 A1` at the end of a column.
    fn iso_behind(&self, end: usize) -> Option<String> {
        let sign = matches!(self.kind(end), Some(Kind::Slash | Kind::Dash | Kind::Other(',' | ';' | '|')));
        let at = end + usize::from(sign);
        let (paper, after) = self.iso_at(at).filter(|_| self.same_column(at, end - 1))?;
        (!self.same_column(after, at)).then_some(paper)
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
            .or_else(|| (hit.family == Family::Ratio).then(|| self.iso_behind(hit.tokens.end)).flatten())
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
