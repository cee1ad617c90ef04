//! Every scale notation in a line of text.
//!
//! A ratio is real inches per drawing inch: `1/4" = 1'-0"` is 48. What only looks like a scale (a
//! gradient, a mortar mix, a door size, a time) is refused here; what may be one but stands without
//! the word, a view's title or a usual value is marked weak, so that nobody calibrates by it alone.

use std::ops::Range;

use super::context::Line;
use super::hedge::Doubt;
use super::lex::{self, Kind};
use super::named_sheet::SheetPaper;
use super::statement::HalfSize;
use super::{equation, ratio, spelled, statement};

/// Ratios that text may state: from full size to a town plan. Narrower than [`super::SCALE_BAND`], because
/// what lies beyond (`1:250000`, `18" = 1'-0"`) is more often no scale of the sheet, and text has nobody
/// to vouch for it.
pub const PLAUSIBLE_RATIOS: std::ops::RangeInclusive<f64> = 1.0..=10_000.0;

/// Tokens read of one line; no line of a drawing is longer, and what is done with a line may grow with
/// the square of it.
const MAX_TOKENS: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Inches of paper to one foot, `1/4" = 1'-0"`.
    Architectural,
    /// Inches of paper to several feet, `1" = 20'`.
    Engineering,
    /// `1:50`.
    Ratio,
    /// FULL SIZE, as of a detail.
    FullSize,
    /// NTS, NOT TO SCALE, NO SCALE.
    NotToScale,
    /// AS NOTED, AS SHOWN, AS INDICATED, VARIES: the sheet's scale stands elsewhere.
    Deferred,
}

/// How much the line itself vouches for a notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Looks like a scale, but nothing says that it is one.
    Weak,
    /// Written as scales are, alone or after a view's title.
    Plain,
    /// Next to the word "scale".
    Labelled,
}

/// A scale notation in a line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Notation {
    /// Byte range in the line.
    pub span: Range<usize>,
    /// As written.
    pub text: String,
    pub family: Family,
    /// Real inches per drawing inch; 0 for NTS, `None` when deferred. Doubled where the same line says
    /// HALF SIZE.
    pub ratio: Option<f64>,
    pub standing: Standing,
    /// The line says HALF SIZE and the ratio has been doubled for it.
    pub halved: bool,
    /// The paper that the notation holds for (`A1`, `24X36`), where it names one.
    pub paper: Option<String>,
    /// Why it is no scale of the sheet's drawing all the same.
    pub doubt: Option<Doubt>,
    /// It is said to be that of what runs across, as of a profile.
    pub across: bool,
    /// A ratio or a "not to scale" with no word in its column that says whose it is.
    pub lone: bool,
    /// The title of a view stands just before it, or elsewhere in its column.
    pub titled: bool,
    /// It is a scale only under the title of a view: `S=1:100` is a slope elsewhere.
    pub needs_title: bool,
    /// That title, if it is one of a part of a plan: a detail, a section.
    pub part: Option<String>,
}

/// What one line of text says about scale.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    pub notations: Vec<Notation>,
    /// Whether the line is a note that the sheet is printed at half size, or speaks of such prints.
    pub half_size: Option<HalfSize>,
    /// Words that say that the print was reduced or enlarged by a share.
    pub resized: Option<String>,
    /// Words that say that it was reduced, without saying by how much.
    pub reduced: Option<String>,
    /// The paper that the sheet is said to be made for (`ORIGINAL SHEET SIZE A1`).
    pub sheet: Option<SheetPaper>,
}

/// Every scale notation in a line of text, in order. A tab or line break separates columns: a number
/// before it never belongs to a fraction after it.
pub fn parse_all(text: &str) -> Vec<Notation> {
    read(text).notations
}

/// A notation found at some token, before the rest of the line is known.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    /// Tokens, end exclusive.
    pub(super) tokens: Range<usize>,
    pub(super) family: Family,
    pub(super) ratio: Option<f64>,
    pub(super) needs: Needs,
}

/// What a hit needs of its surroundings to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: the form says enough.
    Nothing,
    /// A label, a title before it or a column of its own.
    Place,
    /// As `Place`, and without a label or title it stays weak.
    PlaceElseWeak,
    /// Anywhere, but without a label, title or a column of its own it is weak.
    AnywhereWeak,
    /// A label, or a column of its own.
    LabelOrAlone,
    Label,
}

/// Notations and the half-size note of one line.
pub fn read(text: &str) -> Reading {
    let mut tokens = lex::lex(text);
    tokens.truncate(MAX_TOKENS);
    let tokens = spelled::in_figures(tokens);
    let line = Line::new(&tokens);
    let mut hits: Vec<Hit> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let found = match tokens[at].kind {
            Kind::Number(_) | Kind::Vulgar(..) => {
                let floor = hits.last().map_or(0, |h| h.tokens.end);
                let mut found = equation::at(&line, at, floor);
                if found.is_empty() {
                    found.extend(ratio::at(&line, at));
                }
                found
            }
            Kind::Word(_) => statement::at(&line, at).into_iter().collect(),
            _ => Vec::new(),
        };
        match found.iter().map(|h| h.tokens.end).max() {
            Some(end) => {
                hits.extend(found);
                at = end.max(at + 1);
            }
            None => at += 1,
        }
    }
    statement::drop_abbreviations(&mut hits);
    let half_size = line.says_half_size(&hits);
    let mut settled: Vec<(Hit, Standing)> =
        hits.iter().filter_map(|h| line.standing(h, &hits).map(|s| (h.clone(), s))).collect();
    line.share_standing(&mut settled);
    let notations = settled.into_iter().filter_map(|(hit, standing)| {
        finish(text, &line, (&hit, &hits), standing, half_size == Some(HalfSize::Said))
    });
    let said = |at: Range<usize>| {
        let words = tokens.get(at)?;
        text.get(words.first()?.start..words.last()?.end).map(str::to_owned)
    };
    Reading {
        notations: notations.collect(),
        half_size,
        resized: line.says_resized(&hits).and_then(said),
        reduced: line.says_reduced(&hits).and_then(said),
        sheet: line.names_sheet(),
    }
}

fn finish(
    text: &str,
    line: &Line<'_>,
    (hit, all): (&Hit, &[Hit]),
    standing: Standing,
    half_size: bool,
) -> Option<Notation> {
    let tokens = line.tokens;
    let span = tokens[hit.tokens.start].start..tokens[hit.tokens.end - 1].end;
    let scaled =
        matches!(hit.family, Family::Architectural | Family::Engineering | Family::Ratio | Family::FullSize);
    let ratio = match hit.ratio {
        Some(r) if scaled => {
            let r = if half_size { r * 2.0 } else { r };
            // The tolerance lets a full-size equation of rounded decimals through.
            if r < PLAUSIBLE_RATIOS.start() * (1.0 - 1e-9) || r > *PLAUSIBLE_RATIOS.end() {
                return None;
            }
            Some(r)
        }
        other => other,
    };
    Some(Notation {
        text: text.get(span.clone())?.to_owned(),
        span,
        family: hit.family,
        ratio,
        standing,
        halved: scaled && half_size,
        paper: line.paper_near(hit, all),
        doubt: line.doubt(hit, all, text),
        titled: line.has_title(hit.tokens.start),
        needs_title: line.is_led_by_s(hit) && standing < Standing::Labelled,
        part: line.part_before(hit, text),
        across: line.is_across(hit),
        lone: match hit.family {
            Family::Ratio => standing < Standing::Labelled && line.is_alone(hit.tokens.start, all),
            Family::NotToScale => line.is_alone(hit.tokens.start, all),
            _ => false,
        },
    })
}
