//! Papers that a line names for the sheet: ORIGINAL SHEET SIZE A1, FULL SIZE PRINT IS 24 X 36.

use super::context::Line;
use super::lex::Kind;

/// The paper that a sheet is said to be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetPaper {
    /// `A1`, `ARCH D`, `24X36`.
    pub name: String,
    /// `SHEET: A1` may be the sheet's number instead.
    pub or_number: bool,
}

/// What the size of a sheet is called in other languages.
fn is_format(word: &str) -> bool {
    const SIZES: [&str; 9] = [
        "FORMAT",
        "FORMATO",
        "FORMÁT",
        "FORMAAT",
        "PAPIERFORMAT",
        "BLATTFORMAT",
        "PLANFORMAT",
        "BLATTGRÖSSE",
        "PAPIERGRÖSSE",
    ];
    SIZES.contains(&word)
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
        let says = |word: &str| (0..self.tokens.len()).any(|i| self.word(i) == Some(word));
        // HALF SIZE WHEN PRINTED ON 11X17 names the paper that the sheet is not made for.
        let (halves, wholes) = (says("HALF"), says("FULL"));
        if halves && !wholes {
            return None;
        }
        (0..self.tokens.len()).find_map(|at| {
            let (name, end) = self.paper_at(at)?;
            if halves {
                return self.is_of_full_size(at, end).then_some(SheetPaper { name, or_number: false });
            }
            let is_sheet = self.leads_to_sheet(at, &name)
                || self.ends_as_sheet(end)
                || self.is_sheet_of_scales(&name)
                || self.is_stamp(at, end, &name)
                || self.holds_for(at)
                || self.ends_with_sheet(&name, end);
            if is_sheet {
                return Some(SheetPaper { name, or_number: false });
            }
            (self.is_field(at, end) || self.is_drawing_of(&name, end)).then(|| {
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
        let known = |w: &&str| SIZED.contains(w) || *w == "SIZE" || is_format(w);
        let other = (0..self.tokens.len()).any(|i| self.word(i).is_none() && !self.punctuation(i));
        !other
            && words.iter().all(known)
            && (words.len() > 1 && words.contains(&"SIZE")
                || words.iter().any(|w| is_format(w))
                || matches!(words[..], ["PAPER" | "SIZE"]))
    }

    /// A1 ORIGINAL, A1 PAPER, 24X36 SHEET SIZE.
    fn ends_as_sheet(&self, end: usize) -> bool {
        matches!(self.word(end), Some("ORIGINAL" | "PAPER" | "FORMAT"))
            || matches!(self.word(end), Some("SHEET" | "PAPER")) && self.word(end + 1) == Some("SIZE")
    }

    /// 24X36 FULL SIZE, FULL SIZE: 24X36, where another paper is named for the half size.
    fn is_of_full_size(&self, at: usize, end: usize) -> bool {
        let next = (end..end + 3).find(|&i| !self.punctuation(i));
        if next.is_some_and(|i| self.word(i) == Some("FULL")) {
            return true;
        }
        let passed = |i: &usize| {
            self.punctuation(*i) || matches!(self.word(*i), Some("AT" | "ON" | "IS" | "SIZE" | "SCALE"))
        };
        let first = (0..at).rev().find(|i| !passed(i));
        first.is_some_and(|i| self.word(i) == Some("FULL"))
    }

    /// A1 SHEET, THIS IS AN A1 DRAWING: at the end of a column.
    fn is_drawing_of(&self, name: &str, end: usize) -> bool {
        may_be_number(name)
            && matches!(self.word(end), Some("SHEET" | "DRAWING" | "PLOT" | "PRINT"))
            && !self.same_column(end + 1, end)
    }

    /// Nothing stands before the token and after the other in the column.
    fn is_column(&self, at: usize, end: usize) -> bool {
        (at == 0 || !self.same_column(at - 1, at)) && !self.same_column(end, at)
    }

    /// Names of papers as programs stamp them and forms have them, and nothing beside: `ISO A1`, `ARCH D (24.00 x 36.00
    /// Inches)`, `841 x 594 mm`, `SIZE: D`.
    fn is_stamp(&self, at: usize, end: usize, name: &str) -> bool {
        let (mut end, mut sided) = (end, false);
        while self.same_column(end, at) {
            end = match self.paper_at(end) {
                Some((_, after)) => {
                    sided = true;
                    after
                }
                None if self.punctuation(end)
                    || matches!(self.word(end), Some("SIZE" | "MM" | "INCHES" | "IN")) =>
                {
                    end + 1
                }
                None => return false,
            };
        }
        let of_form = self.word(at.wrapping_sub(1)) == Some("SIZE")
            || self.is(at.wrapping_sub(1), &Kind::Colon) && self.word(at.wrapping_sub(2)) == Some("SIZE");
        let first = (0..at).rev().take_while(|&i| self.same_column(i, at)).last().unwrap_or(at);
        if of_form {
            return self.word(first) == Some("SIZE") && self.word(at).is_some();
        }
        let named = matches!(self.word(at), Some("ISO" | "DIN" | "ANSI"))
            // ARCH D alone may be an arch.
            || self.word(at) == Some("ARCH") && (sided || self.word(at + 2) == Some("BLEED"))
            || name.starts_with('A') && self.tokens[at].number().is_some();
        named && self.is_column(at, end)
    }

    /// SCALES ARE FOR 24X36, ALL SCALES AT A1, SCALE BASED ON 24" X 36" SHEET: the paper that what is called scale holds
    /// for, where no scale stands in the line.
    fn holds_for(&self, at: usize) -> bool {
        const PASSED: [&str; 13] = [
            "IS", "ARE", "A", "AN", "THE", "SHOWN", "GIVEN", "STATED", "BASED", "CORRECT", "VALID", "WHEN",
            "NOTED",
        ];
        let mut before = (0..at).rev().take_while(|&i| self.same_column(i, at)).filter_map(|i| self.word(i));
        let leads = |w: &str| matches!(w, "AT" | "ON" | "FOR" | "TO");
        let lead = before.next();
        let by_sign = self.is(at.wrapping_sub(1), &Kind::At);
        let mut word = if by_sign { lead } else { lead.filter(|w| leads(w)).and_then(|_| before.next()) };
        while word.is_some_and(|w| PASSED.contains(&w)) {
            word = before.next();
        }
        let scaled = (0..self.tokens.len()).any(|i| {
            self.is(i, &Kind::Colon) && self.tokens.get(i + 1).is_some_and(|t| t.number().is_some())
                || self.is(i, &Kind::Equals)
        });
        !scaled && word.is_some_and(|w| matches!(w, "SCALES" | "SCALE"))
    }

    /// `24" X 36" SHEET`: a usual sheet in inches at the end of its column.
    fn ends_with_sheet(&self, name: &str, end: usize) -> bool {
        USUAL_SHEETS.contains(&name)
            && matches!(self.word(end), Some("SHEET" | "SHEETS" | "PLOT" | "PRINT" | "DRAWING" | "ORIGINALS"))
            && !self.same_column(end + 1, end)
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
        const SIZED: [&str; 9] =
            ["ORIGINAL", "ORIG", "ACTUAL", "FULL", "SHEET", "PAPER", "PLOT", "PRINT", "DRAWING"];
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
            if is_format(word) && *word != "FORMAT" && passed.is_empty()
                || *word == "SIZE" && next.is_some_and(|w| SIZED.contains(w))
                || *word == "FORMAT" && next.is_none_or(|w| SIZED.contains(w))
                || *word == "PAPER" && next.is_none() && passed.is_empty()
            {
                return true;
            }
            if matches!(*word, "ORIGINAL" | "ORIG")
                && (i == 0 || size || passed.iter().any(|w| *w == "IS" || *w == "SHEET"))
            {
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
