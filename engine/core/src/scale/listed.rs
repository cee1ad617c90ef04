//! Several scales in one notation: `1/8" & 1/4" = 1'-0"`, `1" = 20' / 40'`, `1:100, 1:50 @ A1`. Whoever reads one of
//! them only, takes one of several scales for the only one.

use super::context::Line;
use super::equation::{self, is_standard};
use super::lex::Kind;
use super::notation::{Family, Hit, Standing};
use super::words::{RANGE_WORDS, SUFFIXES, is_label};

/// Lengths of one side that are read; more are no scales.
const MAX_LISTED: usize = 6;
/// Tokens of the longest length: `1-1/2"` and its unit.
const LENGTH_TOKENS: usize = 7;

/// An equation with everything that is listed at its sides.
pub(super) struct Listed {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Ratios of the usual scales among what is listed, besides the equation's own.
    pub(super) ratios: Vec<f64>,
}

impl Line<'_> {
    /// What is listed beside `paper` inches (at `start`) and `real` inches (up to `end`); nothing before `floor` is of it.
    pub(super) fn listed(
        &self,
        (floor, start, end): (usize, usize, usize),
        (paper, real): (f64, f64),
    ) -> Listed {
        let mut out = Listed { start, end, ratios: Vec::new() };
        while out.ratios.len() < MAX_LISTED
            && let Some((at, inches)) = self.paper_listed_before(floor, out.start)
            && is_standard(inches, real)
        {
            out.ratios.push(real / inches);
            out.start = at;
        }
        while out.ratios.len() < MAX_LISTED
            && let Some((ratio, end)) = self.listed_after(out.end, paper, real)
        {
            out.ratios.push(ratio);
            out.end = end;
        }
        out
    }

    /// The length on paper that is listed just before the one at `start`: where it begins, and inches.
    fn paper_listed_before(&self, floor: usize, start: usize) -> Option<(usize, f64)> {
        let joint = start.checked_sub(1).filter(|&i| self.same_column(i, start) && self.is_joint(i))?;
        // `1/2 - 1/4"` and `DETAIL 1/2 / 1/4"` may be names; a mark makes a length of it.
        let bare = !matches!(self.kind(joint), Some(Kind::Slash | Kind::Dash));
        let from = floor.max(joint.saturating_sub(LENGTH_TOKENS));
        (from..joint).filter(|&at| self.same_column(at, joint)).find_map(|at| {
            let inches = equation::length_at(self, at, joint, bare)?;
            Some((at, inches))
        })
    }

    /// The ratio with the length on either side that is listed after `at`, and where that ends.
    fn listed_after(&self, at: usize, paper: f64, real: f64) -> Option<(f64, usize)> {
        let next = at + 1;
        if !self.is_joint(at) || !self.same_column(at, at - 1) || !self.same_column(at, next) {
            return None;
        }
        if self.paper_at(next).is_some() {
            return None;
        }
        let ends = |end: usize| self.ends_a_list(end, at);
        let other_real = equation::real_inches_at(self, next)
            .filter(|&(inches, end)| ends(end) && is_standard(paper, inches))
            .map(|(inches, end)| (inches / paper, end));
        let other_paper = || {
            (next + 1..=next + LENGTH_TOKENS).rev().find_map(|end| {
                let inches = equation::length_at(self, next, end, false)?;
                (ends(end) && is_standard(inches, real)).then_some((real / inches, end))
            })
        };
        other_real.or_else(other_paper)
    }

    /// `&`, a comma, AND: what stands between two of a list, or between the ends of a range.
    fn is_joint(&self, at: usize) -> bool {
        match self.kind(at) {
            Some(Kind::Slash | Kind::Dash | Kind::Other('&' | ',' | ';' | '+')) => true,
            Some(Kind::Word(w)) => matches!(w.as_str(), "AND" | "OR") || RANGE_WORDS.contains(&w.as_str()),
            _ => false,
        }
    }

    /// Nothing at the token makes something else of the length before it: the column ends there, the list goes on, or
    /// words follow that follow scales. `1" = 20', 10' CONTOURS` lists nothing.
    fn ends_a_list(&self, at: usize, of: usize) -> bool {
        !self.same_column(at, of)
            || self.is_joint(at)
            || self.paper_at(at).is_some()
            || match self.word(at) {
                Some(word) => is_label(word) || SUFFIXES.contains(&word),
                None => self.punctuation(at) && !self.is(at, &Kind::Equals),
            }
    }

    /// Scales of one list stand as well as the best of them: the label before the first and the paper behind the last are
    /// those of all, and `1/8" = 1'-0" = 1:100` says two things.
    pub(super) fn share_standing(&self, settled: &mut [(Hit, Standing)]) {
        let scaled = |h: &Hit| h.ratio.is_some_and(|r| r > 0.0) && h.family != Family::NotToScale;
        let joined = |a: &Hit, b: &Hit| {
            let between = a.tokens.end..b.tokens.start;
            let joints = between.clone().all(|i| self.is_joint(i) || self.is(i, &Kind::Equals));
            scaled(a)
                && scaled(b)
                && !between.is_empty()
                && joints
                && self.same_column(a.tokens.start, b.tokens.start)
        };
        let mut first = 0;
        while first < settled.len() {
            let more = settled[first..].windows(2).take_while(|pair| joined(&pair[0].0, &pair[1].0)).count();
            let list = &mut settled[first..=first + more];
            if let Some(best) = list.iter().map(|(_, standing)| *standing).max() {
                list.iter_mut().for_each(|(_, standing)| *standing = best);
            }
            first += more + 1;
        }
    }
}
