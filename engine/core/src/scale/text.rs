//! The text of the page as a witness of its scale.

use std::ops::{Range, RangeInclusive};

use super::context::Line;
use super::detect::{Statement, Testimony, Witness};
use super::hedge::Doubt;
use super::lex;
use super::notation::{self, Family, Reading};
use super::places::{Places, drop_abbreviation_cells};
use super::print;
use super::sheet_list::{self, Row, SheetLists};
use super::statement::HalfSize;
use super::wrapped::Paragraphs;
use crate::geom::{ListRect, PageSpace};
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
/// Gaps so many words to each side are looked at for the spaces of a line; the narrowest that is one, font sizes.
const SPACES_BESIDE: usize = 3;
const MIN_SPACE: f32 = 0.15;
/// Two numbers are of two cells if the gap between them is so many spaces wide and no less than so many font sizes, or so
/// many where the line has no other space.
const WIDER: f32 = 1.6;
const WIDE: f32 = 0.5;
const WIDE_ALONE: f32 = 0.65;
/// Figures of a stacked fraction, by the size of the text around.
const SMALLER: f32 = 0.9;

pub(super) struct TextWitness;

impl Witness for TextWitness {
    fn testify(&self, list: &DisplayList) -> Testimony {
        let mut out = Testimony::default();
        let places = Places::of(list);
        let (sheets, paragraphs) = (SheetLists::of(list), Paragraphs::of(list));
        let (mut seen, mut scales, mut looked_at) = (Seen::default(), Vec::new(), 0);
        for line in &list.lines {
            let (text, words) = columns(list, line);
            if out.unread.is_none() && lacks_a_number(&text) {
                out.unread = Some(printable(line.text.trim()));
            }
            let reading = notation::read(&text);
            out.hear_of_print(&reading, &text, &list.space, || paragraphs.is_conditional(line));
            let sheet = reading.sheet.or_else(|| places.paper_of_field(line));
            if let Some(sheet) = sheet.filter(|s| !out.sheets.contains(s)) {
                out.sheets.push(sheet);
            }
            for notation in reading.notations {
                if paragraphs.ends_a_sentence(&notation, line) {
                    continue;
                }
                let bounds = bounds_of(&notation.span, &words).unwrap_or(line.bounds);
                if notation.ratio.is_some_and(|r| r > 0.0) {
                    // All words are looked at for each, and more are not kept.
                    if looked_at == MAX_STATEMENTS {
                        out.left_out += 1;
                        continue;
                    }
                    looked_at += 1;
                    if is_pierced(&bounds, line, list) {
                        out.unread.get_or_insert_with(|| printable(&notation.text));
                        continue;
                    }
                    scales.push(bounds);
                }
                if notation.family == Family::Deferred {
                    if out.deferred.is_none() && places.defers(&notation, &bounds, list) {
                        out.deferred = Some(printable(&notation.text));
                    }
                } else if out.statements.len() >= MAX_STATEMENTS {
                    out.left_out += 1;
                } else {
                    if notation.family == Family::NotToScale && notation.lone {
                        seen.unscaled.push((bounds, printable(&notation.text)));
                    } else if notation.ratio.is_some_and(|r| r > 0.0) {
                        seen.scaled.push((out.statements.len(), bounds));
                    }
                    let mut statement = places.statement(notation, &bounds, list);
                    if let Some(row) = sheets.row(&bounds).filter(|_| statement.ratio > 0.0) {
                        statement.doubt = statement.doubt.or_else(|| sheets.doubt(&row));
                        seen.rows.push((out.statements.len(), row));
                    }
                    out.statements.push(statement);
                }
            }
        }
        seen.settle(&places, &mut out.statements);
        out.other_views = places.has_views();
        out.unscaled_plan = places.unscaled_plan(&scales);
        drop_abbreviation_cells(&mut out);
        out
    }
}

impl Testimony {
    /// What a line says of the size that the sheet is printed at.
    fn hear_of_print(
        &mut self,
        reading: &Reading,
        text: &str,
        space: &PageSpace,
        is_conditional: impl Fn() -> bool,
    ) {
        match reading.half_size {
            Some(HalfSize::Said) => self.half_size |= !reading.notations.iter().any(|n| n.halved),
            Some(HalfSize::Mentioned) if self.half_sizes.is_none() && print::may_be_of_page(text, space) => {
                self.half_sizes = Some(printable(text.trim()));
            }
            _ => {}
        }
        if self.resized.is_none() {
            self.resized = reading.resized.as_deref().map(printable);
        }
        if self.reduced.is_none() && reading.reduced.is_some() && !is_conditional() {
            self.reduced = reading.reduced.as_deref().map(printable);
        }
        if self.reduced.is_none() && print::says_other_size(text, space) {
            self.reduced = Some(printable(text.trim()));
        }
    }
}

/// Where the statements of a page stand to each other.
#[derive(Default)]
struct Seen {
    /// Words that say NOT TO SCALE by themselves.
    unscaled: Vec<(ListRect, String)>,
    /// Scales, by the number of their statement.
    scaled: Vec<(usize, ListRect)>,
    /// Those in the row of a sheet's number.
    rows: Vec<(usize, Row)>,
}

impl Seen {
    /// Doubts that only all statements of the page tell.
    fn settle(self, places: &Places, statements: &mut [Statement]) {
        for (at, bounds) in self.scaled {
            let over = self.unscaled.iter().find(|(words, _)| places.unscales(words, &bounds));
            if let Some((_, text)) = over {
                statements[at].doubt.get_or_insert_with(|| Doubt::Unscaled(text.clone()));
            }
        }
        for (at, doubt) in sheet_list::of_a_table(&self.rows) {
            statements[at].doubt.get_or_insert(doubt);
        }
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
    for (n, word) in words.iter().enumerate() {
        let trimmed = rest.trim_start();
        let Some(after) = trimmed.strip_prefix(word.text.as_str()) else {
            // The line's text is not its words: it is read whole, without places.
            return (line.text.clone(), Vec::new());
        };
        if let Some((_, last)) = placed.last() {
            if is_column_gap(last, word, line.angle) || is_gap_of_cells(words, n, line.angle) {
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

/// Quarter turns of a line along one of the page's axes: only those have gaps that their boxes tell.
fn quarter_turns(angle: f32) -> Option<i32> {
    let turn = (angle / 90.0).round();
    ((angle - turn * 90.0).abs() <= 3.0).then(|| (turn as i32).rem_euclid(4))
}

/// From one word to the next of a line, font sizes.
fn gap(a: &Word, b: &Word, angle: f32) -> Option<f32> {
    let gap = match quarter_turns(angle)? {
        0 => b.bounds.left - a.bounds.right,
        1 => b.bounds.top - a.bounds.bottom,
        2 => a.bounds.left - b.bounds.right,
        _ => a.bounds.top - b.bounds.bottom,
    };
    Some(gap / a.size.max(b.size).max(0.1))
}

fn is_column_gap(a: &Word, b: &Word, angle: f32) -> bool {
    gap(a, b, angle).is_some_and(|gap| gap > COLUMN_GAP)
}

/// A gap before the `n`th word that is wider than the spaces beside it parts two numbers: that of a detail or of a table's
/// row from the fraction behind it (`3 | 1/4" = 1'-0"`), which would be one number else.
fn is_gap_of_cells(words: &[Word], n: usize, angle: f32) -> bool {
    let number = |c: Option<char>| c.is_some_and(char::is_numeric);
    let (before, after) = (&words[n - 1], &words[n]);
    if !number(before.text.chars().last()) || !number(after.text.chars().next()) {
        return false;
    }
    let Some(own) = gap(before, after, angle) else { return false };
    let (first, last) = (n.saturating_sub(SPACES_BESIDE), (n + SPACES_BESIDE).min(words.len() - 1));
    let beside = (first.max(1)..=last).filter(|&i| i != n);
    let spaces = beside.filter_map(|i| gap(&words[i - 1], &words[i], angle));
    let space = spaces.filter(|gap| (MIN_SPACE..=COLUMN_GAP).contains(gap)).fold(f32::INFINITY, f32::min);
    own > if space.is_finite() { (WIDER * space).max(WIDE) } else { WIDE_ALONE }
}

/// Whether the equation of a scale begins with its inch mark: the number before it stands on another line, as a fraction
/// that is stacked does.
fn lacks_a_number(text: &str) -> bool {
    if !text.contains('=') {
        return false;
    }
    let tokens = lex::lex(text);
    Line::new(&tokens).lacks_a_number()
}

/// Whether smaller figures stand within the box of a notation that are not of its line: those of a stacked fraction,
/// without which it is another number.
fn is_pierced(bounds: &ListRect, line: &TextLine, list: &DisplayList) -> bool {
    if quarter_turns(line.angle).is_none() {
        return false;
    }
    let own = line.word_start as usize..(line.word_start + line.word_len) as usize;
    let size = list.words.get(own.clone()).into_iter().flatten().map(|w| w.size).fold(0.0, f32::max);
    let figures =
        |w: &Word| w.text.chars().any(char::is_numeric) && w.text.chars().all(|c| c.is_numeric() || c == '/');
    list.words.iter().enumerate().any(|(n, w)| {
        let (x, y) = ((w.bounds.left + w.bounds.right) / 2.0, (w.bounds.top + w.bounds.bottom) / 2.0);
        let within = x > bounds.left && x < bounds.right && y > bounds.top && y < bounds.bottom;
        within && !own.contains(&n) && w.size < SMALLER * size && figures(w)
    })
}

fn bounds_of(span: &Range<usize>, words: &[(Range<usize>, &Word)]) -> Option<ListRect> {
    let touched = words.iter().filter(|(r, _)| r.start < span.end && span.start < r.end);
    let bounds = touched.fold(ListRect::EMPTY, |all, (_, w)| all.union(&w.bounds));
    (!bounds.is_empty()).then_some(bounds)
}
