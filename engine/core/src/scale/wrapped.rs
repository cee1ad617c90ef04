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

/// Whether the notation that begins `line` is only the end of the sentence above it: read together with
/// that, it is no scale any more.
pub(super) fn ends_a_sentence(notation: &Notation, line: &TextLine, list: &DisplayList) -> bool {
    if notation.span.start > 0 || notation.standing >= Standing::Labelled || line.angle.abs() > 3.0 {
        return false;
    }
    let above = list.lines.iter().filter_map(|other| text_above(other, line, list));
    above.into_iter().any(|text| {
        let together = notation::read(&format!("{text} {}", line.text));
        !together.notations.iter().any(|n| n.ratio == notation.ratio)
    })
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

/// Whether the note that a line is part of sets a condition: "IF THIS SHEET IS NOT 24 X 36 / IT IS A REDUCED PRINT".
pub(super) fn is_conditional(line: &TextLine, list: &DisplayList) -> bool {
    let sets = |l: &TextLine| Line::new(&lex::lex(&l.text)).sets_a_condition();
    let next = |of: &TextLine, below: bool| {
        list.lines.iter().find(|other| {
            let (upper, lower) = if below { (of, *other) } else { (*other, of) };
            is_next(upper, lower)
        })
    };
    [false, true].into_iter().any(|below| {
        let around = std::iter::successors(next(line, below), |l| next(l, below));
        around.take(AROUND).any(sets)
    })
}

/// Whether a line goes on just below another, in the same column.
fn is_next(upper: &TextLine, lower: &TextLine) -> bool {
    let height = lower.bounds.height().max(0.1);
    let gap = lower.bounds.top - upper.bounds.bottom;
    let level = upper.angle.abs() <= 3.0 && lower.angle.abs() <= 3.0;
    let below = lower.bounds.top > upper.bounds.top && (-0.3 * height..=LINE_GAP * height).contains(&gap);
    let column = lower.bounds.left <= upper.bounds.right && upper.bounds.left <= lower.bounds.right;
    level && below && column
}
