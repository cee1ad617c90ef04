//! What stands around a notation: labels, titles, paper sizes, and the words of things that only
//! look like scales.

use std::ops::Range;

use super::lex::{Kind, Token};
use super::notation::{Family, Hit, Needs, Standing};
use super::words::{
    BOUNDS, NO_LONGER, NO_LONGER_IN_WORDS, NOISE_AFTER, NOISE_BEFORE, NOT_IN_FORCE, NUMBERED, ORDERED,
    ORDERS, RANGE_WORDS, REFERS, REFERS_BEFORE, RUNS, SUFFIXES, TITLES, is_label, is_slope, tells_of_slopes,
};

pub(super) struct Line<'a> {
    pub(super) tokens: &'a [Token],
}

impl<'a> Line<'a> {
    pub(super) fn new(tokens: &'a [Token]) -> Self {
        Self { tokens }
    }

    pub(super) fn kind(&self, at: usize) -> Option<&'a Kind> {
        self.tokens.get(at).map(|t| &t.kind)
    }

    pub(super) fn is(&self, at: usize, kind: &Kind) -> bool {
        self.kind(at) == Some(kind)
    }

    pub(super) fn word(&self, at: usize) -> Option<&'a str> {
        self.tokens.get(at).and_then(Token::word)
    }

    pub(super) fn before(&self, at: usize) -> Option<&'a Token> {
        at.checked_sub(1).and_then(|i| self.tokens.get(i))
    }

    /// No white space and no column break between a token and the one before it.
    pub(super) fn glued(&self, at: usize) -> bool {
        at > 0 && self.tokens.get(at).is_some_and(|t| !t.spaced)
    }

    pub(super) fn same_column(&self, a: usize, b: usize) -> bool {
        matches!((self.tokens.get(a), self.tokens.get(b)), (Some(x), Some(y)) if x.column == y.column)
    }

    /// A full stop after an abbreviated unit.
    pub(super) fn skip_point(&self, at: usize) -> usize {
        if self.is(at, &Kind::Other('.')) && self.glued(at) { at + 1 } else { at }
    }

    pub(super) fn punctuation(&self, at: usize) -> bool {
        matches!(
            self.kind(at),
            Some(
                Kind::Colon
                    | Kind::Dash
                    | Kind::Equals
                    | Kind::At
                    | Kind::Slash
                    | Kind::Inch
                    | Kind::Other(_)
            )
        )
    }

    /// The word "scale" just before a notation that starts at `at`; a paper size may stand between.
    pub(super) fn label_before(&self, at: usize) -> bool {
        let mut at = at;
        for _ in 0..6 {
            let Some(before) = at.checked_sub(1) else { return false };
            if let Some(word) = self.word(before) {
                if is_label(word) && (word != "M" || self.glued(at)) {
                    return true;
                }
                // "SCALE AT A1: 1:50"; the A of A1 is a word of its own.
                if !matches!(word, "AT" | "A" | "ON" | "FOR" | "IS" | "OF") {
                    return false;
                }
            } else if self.tokens[before].number().is_some() {
                // "SCALE @ 24X36: 1/4"": the sides without a lead may be those of anything.
                let paper = self.paper_ending_at(before).map(|(_, start)| start);
                let Some(start) =
                    paper.filter(|&start| self.word(start).is_some() || self.leads_a_paper(start))
                else {
                    return false;
                };
                at = start;
                continue;
            } else if !self.punctuation(before) {
                return false;
            }
            at = before;
        }
        false
    }

    /// The word "scale" just after, where it is not the label of what follows it.
    fn label_after(&self, end: usize) -> bool {
        let at = if self.is(end, &Kind::Other(')')) { end + 1 } else { end };
        self.word(at).is_some_and(|w| w != "M" && is_label(w))
            && self.same_column(at, end - 1)
            && !self.is(at + 1, &Kind::Colon)
            // What is written at a bar is the bar's, and bars are copied from sheet to sheet.
            && self.word(at + 1) != Some("BAR")
            && !matches!(self.kind(at + 1), Some(Kind::Number(_)))
    }

    fn title_before(&self, at: usize) -> bool {
        let mut at = at;
        for _ in 0..3 {
            let Some(before) = at.checked_sub(1) else { return false };
            match self.word(before) {
                Some(word) => return TITLES.contains(&word),
                None if self.punctuation(before) => at = before,
                None => return false,
            }
        }
        false
    }

    /// The number at `at` follows a word that numbers things, so it is a name.
    pub(super) fn names_something(&self, at: usize) -> bool {
        let before = match self.before(at).map(|t| &t.kind) {
            Some(Kind::Other('#' | '.')) => return true,
            Some(Kind::Word(w)) => w,
            _ => return false,
        };
        NUMBERED.contains(&before.as_str())
    }

    /// A sentence ends at the token.
    pub(super) fn ends_sentence(&self, at: usize) -> bool {
        self.is(at, &Kind::Other('.')) && self.glued(at) && !self.glued(at + 1)
    }

    /// The words around say that a notation does not hold (VOID SCALE 1:50) or is another sheet's (FOR 1:50
    /// PLANS).
    fn is_disowned(&self, tokens: &Range<usize>) -> bool {
        let (start, end) = (tokens.start, tokens.end);
        // Words before, the nearest first, up to the end of a sentence.
        let before = || {
            let of_line = |i: &usize| self.same_column(*i, start) && !self.ends_sentence(*i);
            (start.saturating_sub(REFERS_BEFORE)..start)
                .rev()
                .take_while(of_line)
                .filter_map(|i| self.word(i))
        };
        let mut nearest = before().skip_while(|w| matches!(*w, "THE" | "THIS" | "A"));
        let (mut word, mut labelled) = (nearest.next(), false);
        while let Some(label) = word.filter(|w| is_label(w)) {
            (word, labelled) = (nearest.next(), label != "M");
        }
        // NOT A SCALE: 1:50.
        let article = labelled && matches!(word, Some("A" | "THE"));
        if article {
            word = nearest.next();
        }
        let over = match word {
            // DO NOT SCALE is said of the drawing and not of the scale beside it.
            Some("NOT") => !labelled || article || nearest.next() == Some("IS"),
            Some("USE") => nearest.next() == Some("NOT"),
            Some(word) => NOT_IN_FORCE.contains(&word),
            None => false,
        };
        let after = (end..self.tokens.len()).find(|i| !self.punctuation(*i));
        let no_longer = |i: usize| {
            let words = || (i..self.tokens.len()).take_while(|j| self.same_column(*j, start));
            let following = || words().filter(|j| !self.punctuation(*j)).map(|j| self.word(j));
            let says = |said: &'static [&'static str]| {
                following().take(said.len()).eq(said.iter().map(|w| Some(*w)))
            };
            following().next().flatten().is_some_and(|w| NO_LONGER.contains(&w))
                || NO_LONGER_IN_WORDS.into_iter().any(says)
        };
        over || after.is_some_and(no_longer)
            || before().any(|w| REFERS.contains(&w))
            || self.is_of_others(tokens)
    }

    /// What somebody has to make (SUBMIT SHOP DRAWINGS AT 1:20), or what another sheet holds (FOR 1:20 DETAILS,
    /// 1:20 DETAILS ON DRAWING A-401).
    fn is_of_others(&self, tokens: &Range<usize>) -> bool {
        let near = |at: usize| self.same_column(at, tokens.start);
        let before = || (tokens.start.saturating_sub(REFERS_BEFORE)..tokens.start).rev();
        let before =
            || before().take_while(|&i| near(i) && !self.ends_sentence(i)).filter_map(|i| self.word(i));
        let after =
            || (tokens.end..tokens.end + REFERS_BEFORE).take_while(|&i| near(i) && !self.ends_sentence(i));
        let words_after = || after().filter_map(|i| self.word(i));
        let ordered = |w: &str| ORDERED.contains(&w);
        if before().any(|w| ORDERS.contains(&w)) && (before().any(ordered) || words_after().any(ordered)) {
            return true;
        }
        // SURVEY PREPARED AT 1" = 50' BY OTHERS
        if words_after().any(|w| w == "OTHERS") {
            return true;
        }
        if before().any(|w| w == "FOR") && words_after().any(|w| REFERS.contains(&w)) {
            return true;
        }
        // "1/4" = 1'-0" PLANS, SEE A-401"
        let is_first = before().next().is_none() && !self.label_before(tokens.start);
        let views = |w: &str| w.ends_with('S') && TITLES.contains(&w);
        let view = after().position(|i| self.word(i).is_some_and(views));
        let refers = after().position(|i| matches!(self.word(i), Some("SEE" | "REFER")));
        if is_first && view.zip(refers).is_some_and(|(view, refers)| view < refers) {
            return true;
        }
        let is_sheet =
            |i: usize| matches!(self.word(i), Some("DRAWING" | "DRAWINGS" | "DWG" | "SHEET" | "SHEETS"));
        let on = |i: usize| self.word(i) == Some("ON") && is_sheet(i + 1) && i > tokens.end;
        !self.label_before(tokens.start) && after().any(on)
    }

    /// An equation that nothing labels says how much something falls: `(1/4" = 1'-0")` behind PER FOOT, `MIN. 1/4" = 1'-0"`,
    /// `PIPE AT 1/8" = 1'-0"`.
    pub(super) fn is_fall(&self, start: usize) -> bool {
        if self.label_before(start) {
            return false;
        }
        let mut before =
            (0..start).rev().take_while(|&i| self.same_column(i, start)).filter(|&i| !self.punctuation(i));
        let first = before.next().and_then(|i| self.word(i));
        let second = before.next().and_then(|i| self.word(i));
        match (second, first) {
            (Some("PER"), Some("FOOT" | "FT")) => true,
            (Some(run), Some("AT")) if RUNS.contains(&run) => true,
            (_, Some(bound)) => BOUNDS.contains(&bound),
            _ => false,
        }
    }

    /// The words around disown the notation, tell of a slope (for any notation) or of a limit, mix or time (for `1:N`).
    /// `usual`: scales have that value more often than slopes.
    pub(super) fn is_noise(&self, tokens: &Range<usize>, ratio: bool, usual: bool) -> bool {
        if self.is_disowned(tokens) {
            return true;
        }
        let labelled = self.label_before(tokens.start);
        // "ROOF PLAN 1:100 FALLS"
        let next = self.word(tokens.end).filter(|_| self.same_column(tokens.end, tokens.start));
        if ratio && !labelled && next.is_some_and(is_slope) {
            return true;
        }
        if labelled || usual && self.title_before(tokens.start) {
            // "ROOF SLOPE PLAN 1:100" is a plan, "RAMP DETAIL 1:12" a slope; "SCALE 1:50 MAX" is still a scale.
            return false;
        }
        let told = |i: usize| self.word(i).is_some_and(|w| tells_of_slopes(w, ratio) || (ratio && w == "TO"));
        let before = tokens.start.saturating_sub(NOISE_BEFORE)..tokens.start;
        let after = tokens.end..(tokens.end + NOISE_AFTER).min(self.tokens.len());
        before.chain(after).any(|i| self.same_column(i, tokens.start) && told(i))
    }

    /// How well a hit stands where it does; `None` when it does not.
    pub(super) fn standing(&self, hit: &Hit, all: &[Hit]) -> Option<Standing> {
        let labelled = self.label_before(hit.tokens.start)
            || self.label_after(hit.tokens.end)
            || (hit.family == Family::Ratio && self.paper_near(hit, all).is_some());
        if labelled {
            return Some(Standing::Labelled);
        }
        if hit.family == Family::Ratio && self.is_led_by_s(hit) {
            return Some(Standing::Plain);
        }
        let titled = || self.title_before(hit.tokens.start);
        let alone = || self.is_alone(hit.tokens.start, all);
        match hit.needs {
            Needs::Nothing => Some(Standing::Plain),
            Needs::Label => None,
            Needs::LabelOrAlone => alone().then_some(Standing::Plain),
            Needs::Place => (titled() || alone()).then_some(Standing::Plain),
            Needs::PlaceElseWeak if titled() => Some(Standing::Plain),
            Needs::PlaceElseWeak => alone().then_some(Standing::Weak),
            Needs::AnywhereWeak if titled() || alone() || self.has_title(hit.tokens.start) => {
                Some(Standing::Plain)
            }
            Needs::AnywhereWeak => Some(Standing::Weak),
        }
    }

    /// `S=` stands before the token, and nothing before that in the column. Pipes and roofs have slopes so written.
    pub(super) fn follows_s(&self, start: usize) -> bool {
        let Some(s) = start.checked_sub(2).filter(|&s| self.same_column(s, start)) else { return false };
        let first = s == 0 || !self.same_column(s - 1, s);
        first && matches!(self.word(s), Some("S" | "Ｓ")) && self.is(s + 1, &Kind::Equals)
    }

    /// The same of a notation that nothing follows in its column.
    pub(super) fn is_led_by_s(&self, hit: &Hit) -> bool {
        self.follows_s(hit.tokens.start) && !self.same_column(hit.tokens.end, hit.tokens.start)
    }

    /// Nothing but notations, labels, suffixes, paper sizes and punctuation in the column.
    pub(super) fn is_alone(&self, at: usize, all: &[Hit]) -> bool {
        let column = self.tokens[at].column;
        let first = self.tokens.partition_point(|t| t.column < column);
        let last = self.tokens.partition_point(|t| t.column <= column);
        let mut hits = all.iter().filter(|h| h.tokens.end > first && h.tokens.start < last).peekable();
        let mut i = first;
        while i < last {
            while hits.peek().is_some_and(|h| h.tokens.end <= i) {
                hits.next();
            }
            if let Some(hit) = hits.peek().filter(|h| h.tokens.start <= i) {
                i = hit.tokens.end;
                continue;
            }
            if let Some((_, end)) = self.paper_at(i) {
                i = end;
                continue;
            }
            let plain =
                self.word(i).map_or_else(|| self.punctuation(i), |w| is_label(w) || SUFFIXES.contains(&w));
            if !plain {
                return false;
            }
            i += 1;
        }
        true
    }

    /// A sign stands at the number at `at`, or it is the far end of a range: `-1:100`, `1/8"-1/4"`. A hyphen
    /// that touches a word before it (`SCALE-1:100`) or nothing at all (`PLAN - 1:100`) only parts the two.
    pub(super) fn signed(&self, at: usize) -> bool {
        let Some(sign) = self.before(at).filter(|_| self.glued(at)) else { return false };
        match sign.kind {
            Kind::Other('±' | '+') => true,
            Kind::Dash => {
                let fraction = at.checked_sub(3).is_some_and(|i| self.is(i, &Kind::Slash));
                match at.checked_sub(2).and_then(|i| self.kind(i)).filter(|_| !sign.spaced) {
                    Some(Kind::Word(_) | Kind::Other(')' | ']')) => false,
                    Some(Kind::Number(_)) => fraction,
                    _ => true,
                }
            }
            _ => false,
        }
    }

    /// The number at a token touches a sign that touches another number before it: `1,5`, `1·5`, `1:5`.
    pub(super) fn goes_on_a_number(&self, at: usize) -> bool {
        let signs =
            (0..at).rev().take_while(|&i| matches!(self.kind(i), Some(Kind::Other(_) | Kind::Colon))).count();
        let number = at.checked_sub(signs + 1).filter(|_| signs > 0);
        number.is_some_and(|i| {
            matches!(self.kind(i), Some(Kind::Number(_) | Kind::Vulgar(..)))
                && (i + 1..=at).all(|j| self.glued(j))
        })
    }

    /// A number follows as the other end of a range: the token of it.
    pub(super) fn range_to(&self, end: usize) -> Option<usize> {
        let number = |i: usize| self.tokens.get(i).and_then(Token::number).map(|_| i);
        match self.kind(end)? {
            Kind::Dash if self.same_column(end, end - 1) => number(end + 1),
            Kind::Word(w) if RANGE_WORDS.contains(&w.as_str()) && self.same_column(end, end - 1) => {
                number(end + 1)
            }
            _ => None,
        }
        .filter(|&i| self.same_column(i, end) && self.paper_at(i).is_none())
    }
}
