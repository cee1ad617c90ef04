//! A sentence that runs over the end of a line: what its second line begins with is no statement of its
//! own ("SLOPE RAMPS NOT MORE THAN / 1:20.").

use super::context::Line;
use super::lex;
use super::notation::{self, Notation, Standing};
use crate::page::display::{DisplayList, TextLine, Word};

/// The next line of a paragraph begins within so many text heights below the line before it.
const LINE_GAP: f32 = 1.3;
/// Lines of a paragraph begin within so many text heights of each other; the first may hang.
const INDENT: f32 = 3.0;

/// Lines of one height that are looked at for those of a column, and lines of a column that are read: more are no
/// paragraph, and every notation of a page may look.
const LEVEL_WITH: usize = 1_000;
const LOOKED_AT: usize = 50;

/// Level lines of a page by their lower edge, so that those around one are found without looking at all.
pub(super) struct Paragraphs<'a> {
    list: &'a DisplayList,
    /// Lower edge and line, in ascending order.
    level: Vec<(f32, &'a TextLine)>,
}

impl<'a> Paragraphs<'a> {
    pub(super) fn of(list: &'a DisplayList) -> Self {
        let level = list.lines.iter().filter(|l| l.angle.abs() <= 3.0 && l.bounds.bottom.is_finite());
        let mut level: Vec<_> = level.map(|l| (l.bounds.bottom, l)).collect();
        level.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { list, level }
    }

    /// Lines whose lower edge lies between the two, the lowest first.
    fn between(&self, from: f32, to: f32) -> impl Iterator<Item = &'a TextLine> + '_ {
        let first = self.level.partition_point(|(bottom, _)| *bottom < from);
        let last = self.level.partition_point(|(bottom, _)| *bottom <= to).max(first);
        self.level[first..last].iter().rev().take(LEVEL_WITH).map(|(_, line)| *line)
    }

    /// Whether the notation that begins `line` is only the end of the sentence above it: read together with
    /// that, it is no scale any more.
    pub(super) fn ends_a_sentence(&self, notation: &Notation, line: &TextLine) -> bool {
        if notation.span.start > 0 || notation.standing >= Standing::Labelled || line.angle.abs() > 3.0 {
            return false;
        }
        let height = line.bounds.height().max(0.1);
        let top = line.bounds.top;
        let (left, right) = (line.bounds.left - INDENT * height, line.bounds.left + INDENT * height);
        let of_column = |l: &&TextLine| l.bounds.left <= right && l.bounds.right >= left;
        let above = self.between(top - LINE_GAP * height, top + 0.3 * height).filter(of_column);
        above.take(LOOKED_AT).filter_map(|other| text_above(other, line, self.list)).any(|text| {
            let together = notation::read(&format!("{text} {}", line.text));
            !together.notations.iter().any(|n| n.ratio == notation.ratio)
        })
    }

    /// Whether the note that a line is part of sets a condition: "IF THIS SHEET IS NOT 24 X 36 / IT IS A REDUCED PRINT".
    pub(super) fn is_conditional(&self, line: &TextLine) -> bool {
        let sets = |l: &TextLine| Line::new(&lex::lex(&l.text)).sets_a_condition();
        [false, true].into_iter().any(|below| {
            let around = std::iter::successors(self.next(line, below), |l| self.next(l, below));
            around.take(AROUND).any(sets)
        })
    }

    /// The line that a note goes on with, below or above one of its lines.
    fn next(&self, of: &TextLine, below: bool) -> Option<&'a TextLine> {
        let height = of.bounds.height().max(0.1);
        let (from, to) = if below {
            (of.bounds.bottom, of.bounds.bottom + HIGHER * height)
        } else {
            (of.bounds.top - LINE_GAP * height, of.bounds.top + 0.3 * height)
        };
        let is = |other: &&TextLine| if below { is_next(of, other) } else { is_next(other, of) };
        self.between(from, to).find(is)
    }
}

/// The words of `other` that stand just above `line` in its column; a sentence has three at least.
fn text_above(other: &TextLine, line: &TextLine, list: &DisplayList) -> Option<String> {
    let height = line.bounds.height().max(0.1);
    let gap = line.bounds.top - other.bounds.bottom;
    if other.angle.abs() > 3.0 || gap < -0.3 * height || gap > LINE_GAP * height {
        return None;
    }
    let from = other.word_start as usize;
    let words: &[Word] = list.words.get(from..from + other.word_len as usize)?;
    let first = words.iter().position(|w| (w.bounds.left - line.bounds.left).abs() <= INDENT * height)?;
    let text: Vec<&str> = words[first..].iter().map(|w| w.text.as_str()).collect();
    (text.len() >= 3).then(|| text.join(" "))
}

/// Lines of a note that are looked at before and after one of its lines.
const AROUND: usize = 2;

/// The lower edge of the next line of a note lies so many text heights below at most.
const HIGHER: f32 = 4.0;

/// Whether a line goes on just below another, in the same column.
fn is_next(upper: &TextLine, lower: &TextLine) -> bool {
    let height = lower.bounds.height().max(0.1);
    let gap = lower.bounds.top - upper.bounds.bottom;
    let level = upper.angle.abs() <= 3.0 && lower.angle.abs() <= 3.0;
    let below = lower.bounds.top > upper.bounds.top && (-0.3 * height..=LINE_GAP * height).contains(&gap);
    let column = lower.bounds.left <= upper.bounds.right && upper.bounds.left <= lower.bounds.right;
    level && below && column
}

#[cfg(test)]
mod tests {
    use super::super::detect_tests::page;
    use super::*;
    use crate::geom::PageSpace;

    #[test]
    fn a_notation_looks_at_the_lines_around_it_and_not_at_the_page() {
        let rows = (0..20_000).map(|i| ((i % 40) as f32 * 70.0, (i / 40) as f32 * 11.0, "1:100"));
        let list = page(PageSpace::of_points(3024.0, 2160.0).unwrap(), &rows.collect::<Vec<_>>());
        let paragraphs = Paragraphs::of(&list);
        let line = &list.lines[10_000];
        let (top, height) = (line.bounds.top, line.bounds.height());
        let around = paragraphs.between(top - LINE_GAP * height, top + 0.3 * height).count();
        assert!((40..=80).contains(&around), "{around}");
        // However many stand at one height.
        let row = vec![(100.0, 500.0, "1:100"); 20_000];
        let list = page(PageSpace::of_points(3024.0, 2160.0).unwrap(), &row);
        assert_eq!(Paragraphs::of(&list).between(0.0, 2_000.0).count(), LEVEL_WITH);
    }

    #[test]
    fn a_sentence_above_is_found_among_many_lines_beside_it() {
        let mut lines: Vec<(f32, f32, &str)> = (0..60).map(|i| (i as f32 * 48.0, 188.0, "NOTE")).collect();
        lines.extend([(200.0, 189.0, "SLOPE RAMPS NOT MORE THAN"), (200.0, 200.0, "1:20")]);
        let list = page(PageSpace::of_points(3024.0, 2160.0).unwrap(), &lines);
        let line = list.lines.last().unwrap();
        let notation = notation::parse_all(&line.text).remove(0);
        assert!(Paragraphs::of(&list).ends_a_sentence(&notation, line));
    }
}
