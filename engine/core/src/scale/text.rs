//! The text of the page as a witness of its scale.

use std::ops::{Range, RangeInclusive};

use super::detect::{Testimony, Witness};
use super::notation::{self, Family};
use super::places::{Places, drop_abbreviation_cells};
use super::statement::HalfSize;
use super::wrapped;
use crate::geom::ListRect;
use crate::page::display::{DisplayList, TextLine, Word};

/// The contract's name for text that was found deterministically. Here that is text which the file holds as text: clients
/// show a calibrated page green by this name, and no other name of theirs is nearer.
pub(super) const METHOD: &str = "ocr_pattern_match";
/// Notations kept of one page.
const MAX_STATEMENTS: usize = 200;
/// Characters kept of one notation; with the mark that says it is cut, the contract's longest scale text.
const MAX_TEXT_CHARS: usize = 99;
/// Zero-width characters and marks of direction: they show nothing and change how the rest is shown.
const MARKS: [RangeInclusive<char>; 4] =
    ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{feff}'..='\u{feff}'];
/// A gap of so many font sizes parts two columns of a line.
const COLUMN_GAP: f32 = 1.5;

pub(super) struct TextWitness;

impl Witness for TextWitness {
    fn testify(&self, list: &DisplayList) -> Testimony {
        let mut out = Testimony::default();
        let places = Places::of(list);
        let mut scales = Vec::new();
        for line in &list.lines {
            let (text, words) = columns(list, line);
            let reading = notation::read(&text);
            match reading.half_size {
                Some(HalfSize::Said) => out.half_size |= !reading.notations.iter().any(|n| n.halved),
                Some(HalfSize::Mentioned) if out.half_sizes.is_none() => {
                    out.half_sizes = Some(printable(text.trim()));
                }
                _ => {}
            }
            if out.resized.is_none() {
                out.resized = reading.resized.as_deref().map(printable);
            }
            if out.reduced.is_none() && reading.reduced.is_some() && !wrapped::is_conditional(line, list) {
                out.reduced = reading.reduced.as_deref().map(printable);
            }
            let sheet = reading.sheet.or_else(|| places.paper_of_field(line));
            if let Some(sheet) = sheet.filter(|s| !out.sheets.contains(s)) {
                out.sheets.push(sheet);
            }
            for notation in reading.notations {
                if wrapped::ends_a_sentence(&notation, line, list) {
                    continue;
                }
                let bounds = bounds_of(&notation.span, &words).unwrap_or(line.bounds);
                if notation.ratio.is_some_and(|r| r > 0.0) {
                    scales.push(bounds);
                }
                if notation.family == Family::Deferred {
                    if out.deferred.is_none() && places.defers(&notation, &bounds, list) {
                        out.deferred = Some(printable(&notation.text));
                    }
                } else if out.statements.len() >= MAX_STATEMENTS {
                    out.left_out += 1;
                } else {
                    out.statements.push(places.statement(notation, &bounds, list));
                }
            }
        }
        out.unscaled_plan = places.unscaled_plan(&scales);
        drop_abbreviation_cells(&mut out);
        out
    }
}

/// A notation as it is kept and shown: what stands between its signs in a hostile file may be without end
/// or without a shape. White space becomes one space; controls, zero-width and direction marks go.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: &char| {
        let mark = MARKS.iter().any(|m| m.contains(c));
        !mark && (c.is_whitespace() || !c.is_control())
    };
    let mut out = String::new();
    let mut chars = 0;
    for c in text.chars().filter(shown) {
        let c = match c {
            '\u{ad}' => '-',
            c if c.is_whitespace() => ' ',
            c => c,
        };
        if c == ' ' && out.ends_with(' ') {
            continue;
        }
        if chars == MAX_TEXT_CHARS {
            out.push('…');
            break;
        }
        chars += 1;
        out.push(c);
    }
    out
}

/// The line with tabs where columns part, and where each word stands in it.
fn columns<'a>(list: &'a DisplayList, line: &TextLine) -> (String, Vec<(Range<usize>, &'a Word)>) {
    let from = line.word_start as usize;
    let words = list.words.get(from..from + line.word_len as usize).unwrap_or_default();
    let mut text = String::with_capacity(line.text.len());
    let mut placed: Vec<(Range<usize>, &Word)> = Vec::with_capacity(words.len());
    let mut rest = line.text.as_str();
    for word in words {
        let trimmed = rest.trim_start();
        let Some(after) = trimmed.strip_prefix(word.text.as_str()) else {
            // The line's text is not its words: it is read whole, without places.
            return (line.text.clone(), Vec::new());
        };
        if let Some((_, last)) = placed.last() {
            if is_column_gap(last, word, line.angle) {
                text.push('\t');
            } else if trimmed.len() < rest.len() {
                text.push(' ');
            }
        }
        let start = text.len();
        text.push_str(&word.text);
        placed.push((start..text.len(), word));
        rest = after;
    }
    (text, placed)
}

/// Only lines along the page's axes have gaps that their boxes tell.
fn is_column_gap(a: &Word, b: &Word, angle: f32) -> bool {
    let turn = (angle / 90.0).round();
    if (angle - turn * 90.0).abs() > 3.0 {
        return false;
    }
    let gap = match (turn as i32).rem_euclid(4) {
        0 => b.bounds.left - a.bounds.right,
        1 => b.bounds.top - a.bounds.bottom,
        2 => a.bounds.left - b.bounds.right,
        _ => a.bounds.top - b.bounds.bottom,
    };
    gap > COLUMN_GAP * a.size.max(b.size).max(0.1)
}

fn bounds_of(span: &Range<usize>, words: &[(Range<usize>, &Word)]) -> Option<ListRect> {
    let touched = words.iter().filter(|(r, _)| r.start < span.end && span.start < r.end);
    let bounds = touched.fold(ListRect::EMPTY, |all, (_, w)| all.union(&w.bounds));
    (!bounds.is_empty()).then_some(bounds)
}
