//! The text of the page as a witness of its scale.

use std::ops::{Range, RangeInclusive};

use super::detect::{Statement, Testimony, Witness};
use super::notation::{self, Family, Notation, Standing};
use super::wrapped;
use crate::geom::{ListRect, PxRect};
use crate::page::display::{DisplayList, TextLine, Word};

/// The contract's name for text that was found deterministically.
const METHOD: &str = "ocr_pattern_match";
/// Notations kept of one page.
const MAX_STATEMENTS: usize = 200;
/// Characters kept of one notation; with the mark that says it is cut, the contract's longest scale text.
const MAX_TEXT_CHARS: usize = 99;
/// Zero-width characters and marks of direction: they show nothing and change how the rest is shown.
const MARKS: [RangeInclusive<char>; 4] =
    ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{feff}'..='\u{feff}'];
/// A gap of so many font sizes parts two columns of a line.
const COLUMN_GAP: f32 = 1.5;
/// A caption "SCALE" belongs to what stands within so many text heights.
const CAPTION_REACH: f32 = 3.0;
/// How far a legend's heading reaches, in its text heights: to each side, and down.
const LEGEND_REACH: (f32, f32) = (12.0, 25.0);

pub(super) struct TextWitness;

impl Witness for TextWitness {
    fn testify(&self, list: &DisplayList) -> Testimony {
        let mut out = Testimony::default();
        let places = Places::of(list);
        for line in &list.lines {
            let (text, words) = columns(list, line);
            let reading = notation::read(&text);
            out.half_size |= reading.half_size && !reading.notations.iter().any(|n| n.halved);
            if out.resized.is_none() {
                out.resized = reading.resized.as_deref().map(printable);
            }
            for notation in reading.notations {
                if wrapped::ends_a_sentence(&notation, line, list) {
                    continue;
                }
                let bounds = bounds_of(&notation.span, &words).unwrap_or(line.bounds);
                if notation.family == Family::Deferred {
                    if out.deferred.is_none() && places.defers(&notation, &bounds, list) {
                        out.deferred = Some(printable(&notation.text));
                    }
                } else if out.statements.len() >= MAX_STATEMENTS {
                    out.left_out += 1;
                } else {
                    out.statements.push(statement(notation, &bounds, &places, list));
                }
            }
        }
        drop_abbreviation_cells(&mut out.statements);
        out
    }
}

fn statement(notation: Notation, bounds: &ListRect, places: &Places, list: &DisplayList) -> Statement {
    let captioned = notation.standing < Standing::Labelled && places.captions.iter().any(|c| near(c, bounds));
    Statement {
        ratio: notation.ratio.unwrap_or(0.0),
        standing: if captioned { Standing::Labelled } else { notation.standing },
        sample: places.in_legend(bounds),
        halved: notation.halved,
        paper: notation.paper,
        bbox: Some(list.space.rect_to_px(bounds)).filter(PxRect::is_finite),
        method: METHOD,
        text: printable(&notation.text),
    }
}

/// A notation as it is kept and shown: what stands between its signs in a hostile file may be without end
/// or without a shape. White space becomes one space; controls, zero-width and direction marks go.
fn printable(text: &str) -> String {
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

/// Text height of a box, whichever way the text runs.
fn height(r: &ListRect) -> f32 {
    r.width().min(r.height()).max(0.1)
}

fn near(a: &ListRect, b: &ListRect) -> bool {
    let dx = (a.left - b.right).max(b.left - a.right).max(0.0);
    let dy = (a.top - b.bottom).max(b.top - a.bottom).max(0.0);
    dx.hypot(dy) <= CAPTION_REACH * height(a).max(height(b))
}

/// Lines that give meaning to what stands near them.
struct Places {
    /// The word "scale" on its own, as over a title block's field.
    captions: Vec<ListRect>,
    /// Headings of legends and lists of symbols or abbreviations.
    legends: Vec<ListRect>,
}

impl Places {
    fn of(list: &DisplayList) -> Self {
        let mut places = Self { captions: Vec::new(), legends: Vec::new() };
        for line in &list.lines {
            if line.word_len > 5 || line.text.len() > 60 {
                continue;
            }
            let upper = line.text.to_uppercase();
            match upper.trim_matches(|c: char| !c.is_alphabetic()) {
                "SCALE" | "SCALES" | "DRAWING SCALE" | "ESCALA" | "MASSSTAB" | "ECHELLE" | "ÉCHELLE" => {
                    places.captions.push(line.bounds);
                }
                heading => {
                    let is_heading = ["LEGEND", "SYMBOLS", "ABBREVIATIONS"];
                    if heading.split(|c: char| !c.is_alphabetic()).any(|w| is_heading.contains(&w)) {
                        places.legends.push(line.bounds);
                    }
                }
            }
        }
        places
    }

    /// The words "as noted" speak of the sheet: by a label, by a caption near them, or in the
    /// title block's corner. "VARIES" alone is a dimension.
    fn defers(&self, notation: &Notation, bounds: &ListRect, list: &DisplayList) -> bool {
        if notation.standing == Standing::Labelled || self.captions.iter().any(|c| near(c, bounds)) {
            return true;
        }
        if notation.text.to_uppercase().starts_with("VAR") {
            return false;
        }
        let at = list.space.rect_to_px(bounds).center();
        at.x > 0.7 * f64::from(list.space.width_px) || at.y > 0.75 * f64::from(list.space.height_px)
    }

    fn in_legend(&self, bounds: &ListRect) -> bool {
        self.legends.iter().any(|heading| {
            let h = height(heading);
            let (side, down) = (LEGEND_REACH.0 * h, LEGEND_REACH.1 * h);
            bounds.left >= heading.left - side
                && bounds.right <= heading.right + side
                && bounds.top >= heading.top
                && bounds.bottom <= heading.bottom + down
        })
    }
}

/// A list of abbreviations holds NTS in one cell and NOT TO SCALE in the next.
fn drop_abbreviation_cells(statements: &mut Vec<Statement>) {
    let unscaled = |s: &&Statement| s.ratio == 0.0;
    let cells: Vec<(bool, PxRect)> = statements
        .iter()
        .filter(unscaled)
        .filter_map(|s| s.bbox.map(|b| (!s.text.contains(' '), b)))
        .collect();
    let explained = |short: &PxRect| {
        cells.iter().any(|(is_short, long)| {
            let same_row = (long.center().y - short.center().y).abs() < 0.5 * short.h.max(1.0);
            let gap = long.x - (short.x + short.w);
            !is_short && same_row && gap >= 0.0 && gap < 40.0 * short.h
        })
    };
    let rows: Vec<PxRect> =
        cells.iter().filter(|(short, b)| *short && explained(b)).map(|(_, b)| *b).collect();
    let in_row = |b: &PxRect| rows.iter().any(|r| (r.center().y - b.center().y).abs() < 0.5 * r.h.max(1.0));
    statements.retain(|s| s.ratio != 0.0 || !s.bbox.is_some_and(|b| in_row(&b)));
}
