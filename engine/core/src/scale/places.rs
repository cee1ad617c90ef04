//! Lines of a page that give meaning to what stands near them.

use super::context::Line;
use super::detect::{Statement, Testimony};
use super::hedge::Doubt;
use super::lex::{self, Kind, Token};
use super::named_sheet::SheetPaper;
use super::notation::{Family, Notation, Standing};
use super::title::{is_beside, is_title};
use super::view::{View, view_of};
use super::words::{
    SUFFIXES, is_field, is_label, is_north, sends_elsewhere, speaks_of_slope_only, tells_of_slopes,
};
use crate::geom::{ListRect, PxRect};
use crate::page::display::{DisplayList, TextLine};

/// A caption "SCALE" belongs to what stands within so many text heights.
const CAPTION_REACH: f32 = 3.0;
/// How far a legend's heading reaches, in its text heights: to each side, and down.
const LEGEND_REACH: (f32, f32) = (12.0, 25.0);
/// A view's title belongs to what stands so many text heights below it, if no other title is nearer: underlines and
/// wide leading lie between the two.
const TITLE_REACH: f32 = 4.0;
/// Words stand over a title, or under one, so many text heights from it.
const CLOSE_OVER: f32 = 1.5;
/// A word that speaks of a slope is that of a number so many text heights away.
const SLOPE_REACH: f32 = 1.5;
/// Words of a heading.
const HEADING_WORDS: u32 = 5;
/// Share of the page's width and height, at its right and its bottom, where title blocks stand.
const CORNER: f64 = 0.3;
/// Words and letters of a line that may be a title, a caption or a cell of a table.
const CELL: (u32, usize) = (6, 60);

/// Text height of a box, whichever way the text runs.
pub(super) fn height(r: &ListRect) -> f32 {
    r.width().min(r.height()).max(0.1)
}

/// Distance of two boxes in heights of the higher text.
fn heights_apart(a: &ListRect, b: &ListRect) -> f32 {
    let dx = (a.left - b.right).max(b.left - a.right).max(0.0);
    let dy = (a.top - b.bottom).max(b.top - a.bottom).max(0.0);
    dx.hypot(dy) / height(a).max(height(b))
}

fn near(a: &ListRect, b: &ListRect) -> bool {
    heights_apart(a, b) <= CAPTION_REACH
}

/// What a short line is to a notation near it.
enum Meaning {
    /// Title of a view of the sheet.
    Title,
    /// Title of something beside the drawing.
    Beside,
    /// Speaks of a slope, a mix or a limit.
    Slope {
        /// And of nothing else than a slope.
        only: bool,
    },
    /// Sends the reader to another sheet: SEE SHEET A-401.
    Elsewhere,
    /// A field of a title block, or what stands in one: DATE, MARCH 2024, REV A.
    Field,
    /// Anything else in words.
    Words,
}

struct Cell {
    bounds: ListRect,
    text: String,
    meaning: Meaning,
    view: Option<View>,
}

/// The word "scale" on its own, as over a title block's field.
struct Caption {
    bounds: ListRect,
    /// The paper that it names (`SCALE @ A1`).
    paper: Option<String>,
}

pub(super) struct Places {
    captions: Vec<Caption>,
    /// SHEET SIZE and the like on their own.
    /// SIZE is a column of doors and windows as well.
    paper_captions: Vec<(ListRect, bool)>,
    /// Headings of legends and lists of symbols or abbreviations.
    legends: Vec<ListRect>,
    cells: Vec<Cell>,
}

impl Places {
    pub(super) fn of(list: &DisplayList) -> Self {
        let mut places =
            Self { captions: Vec::new(), paper_captions: Vec::new(), legends: Vec::new(), cells: Vec::new() };
        for line in list.lines.iter().filter(|l| l.word_len <= CELL.0 && l.text.len() <= CELL.1) {
            let upper = line.text.to_uppercase();
            let heading = upper.trim_matches(|c: char| !c.is_alphabetic());
            if matches!(heading, "DRAWING SCALE" | "ECHELLE" | "ÉCHELLE") || is_caption(line) {
                let tokens = lex::lex(&line.text);
                let read = Line::new(&tokens);
                let paper = (0..tokens.len()).find_map(|at| read.paper_at(at)).map(|(paper, _)| paper);
                places.captions.push(Caption { bounds: line.bounds, paper });
                continue;
            }
            if Line::new(&lex::lex(&line.text)).is_paper_caption() {
                places.paper_captions.push((line.bounds, heading == "SIZE"));
            }
            let is_heading = ["LEGEND", "SYMBOLS", "ABBREVIATIONS"];
            let words =
                |heading: &str| heading.split(|c: char| !c.is_alphabetic()).any(|w| is_heading.contains(&w));
            if line.word_len <= HEADING_WORDS && words(heading) {
                places.legends.push(line.bounds);
            }
            places.cells.extend(cell(line));
        }
        places
    }

    /// What a notation is where it stands.
    pub(super) fn statement(&self, notation: Notation, bounds: &ListRect, list: &DisplayList) -> Statement {
        let caption = self.caption(bounds);
        let captioned = caption.is_some();
        let mut standing =
            if captioned { notation.standing.max(Standing::Labelled) } else { notation.standing };
        let mut doubt = notation.doubt;
        let mut lone = notation.lone && !(captioned && notation.family == Family::Ratio);
        let title = self.title(bounds).filter(|_| doubt.is_none());
        match title {
            Some(Cell { meaning: Meaning::Beside, text, .. }) if !notation.titled => {
                doubt = Some(Doubt::Beside(text.clone()));
            }
            Some(_) => lone = false,
            None => {}
        }
        if doubt.is_none() && !notation.titled && notation.ratio.is_some_and(|r| r > 0.0) {
            let slope = || self.slope(bounds, title.is_some());
            doubt = (standing < Standing::Labelled).then(slope).flatten().or_else(|| self.elsewhere(bounds));
        }
        // FULL SIZE is said of prints, and of what stands under the title of a detail.
        let of_part = notation.part.is_some() || self.part_above(bounds).is_some();
        let of_level = |c: &Cell| matches!(c.meaning, Meaning::Title) && !may_slope(c);
        if notation.needs_title && !title.is_some_and(of_level) {
            standing = Standing::Weak;
        }
        if notation.family == Family::FullSize && of_part {
            standing = standing.max(Standing::Plain);
        }
        if lone
            && standing == Standing::Plain
            && notation.family == Family::Ratio
            && self.is_of_words(bounds, list)
        {
            standing = Standing::Weak;
        }
        Statement {
            ratio: notation.ratio.unwrap_or(0.0),
            standing,
            doubt,
            lone,
            sample: self.in_legend(bounds),
            halved: notation.halved,
            paper: notation.paper.or_else(|| caption.and_then(|c| c.paper.clone())),
            other_print: false,
            part: notation.part.or_else(|| self.part_above(bounds).filter(|_| !notation.titled)),
            across: notation.across,
            bbox: Some(list.space.rect_to_px(bounds)).filter(PxRect::is_finite),
            method: super::text::METHOD,
            text: super::text::printable(&notation.text),
        }
    }

    /// The part of a plan that the nearest words above a notation name.
    fn part_above(&self, bounds: &ListRect) -> Option<String> {
        let above = self.above(bounds)?;
        (above.view == Some(View::Part)).then(|| above.text.clone())
    }

    /// The nearest caption within reach.
    fn caption(&self, bounds: &ListRect) -> Option<&Caption> {
        let reached = self.captions.iter().filter(|c| near(&c.bounds, bounds));
        reached.min_by(|a, b| heights_apart(&a.bounds, bounds).total_cmp(&heights_apart(&b.bounds, bounds)))
    }

    /// The paper that a line names and nothing else, in the field of a caption that says what it is.
    pub(super) fn paper_of_field(&self, line: &TextLine) -> Option<SheetPaper> {
        let mut captions = self.paper_captions.iter().filter(|(c, _)| near(c, &line.bounds)).peekable();
        captions.peek()?;
        let tokens = lex::lex(&line.text);
        let letter = || match tokens.as_slice() {
            [only] => only.word().filter(|w| matches!(*w, "D" | "E")).map(|w| format!("{w} SIZE")),
            _ => None,
        };
        let name = Line::new(&tokens).is_paper().or_else(letter)?;
        let sure = captions.any(|(_, is_size)| !is_size || !name.starts_with(|c: char| c.is_ascii_digit()));
        sure.then_some(SheetPaper { name, or_number: false })
    }

    /// The nearest title that a notation stands under or behind.
    fn title(&self, bounds: &ListRect) -> Option<&Cell> {
        self.nearest(bounds, |c| matches!(c.meaning, Meaning::Title | Meaning::Beside))
    }

    /// The words close by that speak of a slope and of nothing else; for what a title stands over, in its own row.
    fn slope(&self, bounds: &ListRect, titled: bool) -> Option<Doubt> {
        let at = |c: &&Cell| {
            matches!(c.meaning, Meaning::Slope { only: true })
                && (is_before(&c.bounds, bounds)
                    || is_before(bounds, &c.bounds)
                    || !titled && heights_apart(&c.bounds, bounds) <= SLOPE_REACH)
        };
        self.cells.iter().find(at).map(|c| Doubt::Slope(c.text.clone()))
    }

    /// The line just above that sends the reader to another sheet.
    fn elsewhere(&self, bounds: &ListRect) -> Option<Doubt> {
        let above = |c: &&Cell| {
            matches!(c.meaning, Meaning::Elsewhere)
                && bounds.top >= c.bounds.top
                && bounds.left <= c.bounds.right
                && c.bounds.left <= bounds.right
                && heights_apart(&c.bounds, bounds) <= SLOPE_REACH
        };
        self.cells.iter().find(above).map(|c| Doubt::Elsewhere(c.text.clone()))
    }

    fn nearest(&self, bounds: &ListRect, is: impl Fn(&Cell) -> bool) -> Option<&Cell> {
        let of = self.cells.iter().filter(|c| is(c)).filter_map(|c| {
            let apart = heights_apart(&c.bounds, bounds);
            let under =
                bounds.top >= c.bounds.top && bounds.left <= c.bounds.right && c.bounds.left <= bounds.right;
            let reaches = under && apart <= TITLE_REACH || is_before(&c.bounds, bounds);
            reaches.then_some((apart, c))
        });
        of.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, c)| c)
    }

    /// The nearest line of words that a notation stands under or behind.
    fn above(&self, bounds: &ListRect) -> Option<&Cell> {
        self.nearest(bounds, |c| !matches!(c.meaning, Meaning::Field))
    }

    /// Whether words that say NOT TO SCALE stand just under a scale, or over the title that it stands under and under no
    /// title themselves: they would be of what that names.
    pub(super) fn unscales(&self, words: &ListRect, scale: &ListRect) -> bool {
        let over = |upper: &ListRect, lower: &ListRect, reach: f32| {
            let aligned = upper.left <= lower.right && lower.left <= upper.right;
            let down = lower.top - upper.top;
            aligned && down > 0.5 * height(lower) && heights_apart(upper, lower) <= reach
        };
        let of_other = self.cells.iter().any(|c| over(&c.bounds, words, CLOSE_OVER));
        let title = self.title(scale).filter(|c| over(&c.bounds, scale, TITLE_REACH));
        let direct = || over(words, scale, CLOSE_OVER);
        let titles_next = || self.cells.iter().any(|c| over(words, &c.bounds, CLOSE_OVER));
        if over(scale, words, CLOSE_OVER) && !titles_next() {
            return true;
        }
        !of_other && title.map_or_else(direct, |c| over(words, &c.bounds, CLOSE_OVER))
    }

    /// Titles of views stand on the page.
    pub(super) fn has_views(&self) -> bool {
        self.cells.iter().any(|c| matches!(c.meaning, Meaning::Title) || c.view.is_some())
    }

    /// The title of a plan that none of the scales is of.
    pub(super) fn unscaled_plan(&self, scales: &[ListRect]) -> Option<String> {
        let plans = self.cells.iter().filter(|c| c.view == Some(View::Plan));
        let is_of = |plan: &Cell, scale: &ListRect| self.above(scale).is_some_and(|c| std::ptr::eq(c, plan));
        let mut without = plans.filter(|plan| !scales.iter().any(|scale| is_of(plan, scale)));
        without.next().map(|plan| plan.text.clone())
    }

    /// A ratio beside other words is theirs (SHELF 1:50), and one that a slope is spoken of beside is a slope. Fields of
    /// a title block stand beside each other, and none is of the other.
    fn is_of_words(&self, bounds: &ListRect, list: &DisplayList) -> bool {
        let at = list.space.rect_to_px(bounds).center();
        let from = |side: u32| (1.0 - CORNER) * f64::from(side);
        let in_title_block = at.x > from(list.space.width_px) && at.y > from(list.space.height_px);
        self.cells.iter().any(|c| match c.meaning {
            Meaning::Slope { .. } => near(&c.bounds, bounds),
            Meaning::Words | Meaning::Elsewhere => is_before(&c.bounds, bounds),
            Meaning::Field => !in_title_block && is_before(&c.bounds, bounds),
            Meaning::Title | Meaning::Beside => false,
        })
    }

    /// The words "as noted" speak of the sheet: by a label, by a caption near them, or in the
    /// title block's corner. "VARIES" alone is a dimension.
    pub(super) fn defers(&self, notation: &Notation, bounds: &ListRect, list: &DisplayList) -> bool {
        if notation.standing == Standing::Labelled || self.caption(bounds).is_some() {
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

/// Whether what a title names has slopes: a section, a roof, what water runs off.
fn may_slope(title: &Cell) -> bool {
    const SLOPED: [&str; 12] = [
        "ROOF",
        "GRADING",
        "DRAINAGE",
        "SITE",
        "PAVING",
        "PARKING",
        "UTILITY",
        "RAMP",
        "ROAD",
        "DRIVEWAY",
        "SEWER",
        "LANDSCAPE",
    ];
    let upper = title.text.to_uppercase();
    let says = upper.split(|c: char| !c.is_alphabetic()).any(|w| SLOPED.contains(&w));
    says || title.view == Some(View::Part)
}

/// In the same row, to the left, within reach of a caption.
fn is_before(cell: &ListRect, bounds: &ListRect) -> bool {
    let row = |r: &ListRect| (r.top + r.bottom) / 2.0;
    let same_row = (row(cell) - row(bounds)).abs() < 0.5 * height(bounds);
    same_row && cell.right <= bounds.left && near(cell, bounds)
}

/// Nothing but the word "scale", what follows scales, and paper: `SCALE`, `SCALE @ A1`.
fn is_caption(line: &TextLine) -> bool {
    let tokens = lex::lex(&line.text);
    let label = |t: &Token| t.word().is_some_and(|w| w.chars().count() > 2 && is_label(w));
    let known = |t: &Token| match &t.kind {
        Kind::Word(w) => {
            is_label(w) || matches!(w.as_str(), "A" | "ISO" | "IN") || SUFFIXES.contains(&w.as_str())
        }
        Kind::Number(n) => n.value <= 60.0,
        _ => true,
    };
    let names =
        |t: &Token| t.word().is_some_and(|w| matches!(w, "SHOWN" | "NOTED" | "INDICATED" | "HALF" | "FULL"));
    tokens.iter().any(label)
        && tokens.iter().all(known)
        && !tokens.iter().any(names)
        && line.word_len <= 4
        && super::notation::parse_all(&line.text).is_empty()
}

/// What a short line without a notation of its own says of what stands near it.
fn cell(line: &TextLine) -> Option<Cell> {
    let tokens = lex::lex(&line.text);
    let words: Vec<&str> = tokens.iter().filter_map(Token::word).collect();
    let said = words.iter().any(|w| w.chars().count() > 1 && !is_label(w) && !SUFFIXES.contains(w));
    if !said || !super::notation::parse_all(&line.text).is_empty() {
        return None;
    }
    let named: Vec<&str> = words.iter().copied().filter(|w| !is_label(w)).collect();
    if is_north(&named) {
        return None;
    }
    let meaning = if sends_elsewhere(&named) {
        Meaning::Elsewhere
    } else if speaks_of_slope_only(&named) {
        Meaning::Slope { only: true }
    } else if is_beside(&named) {
        Meaning::Beside
    } else if is_title(&named) {
        Meaning::Title
    } else if named.iter().any(|w| tells_of_slopes(w, true)) {
        Meaning::Slope { only: false }
    } else if named.iter().any(|w| is_field(w)) && named.iter().all(|w| is_field(w) || w.len() == 1) {
        Meaning::Field
    } else {
        Meaning::Words
    };
    let view = if matches!(meaning, Meaning::Beside) { None } else { view_of(&named) };
    Some(Cell { bounds: line.bounds, text: super::text::printable(&line.text), meaning, view })
}

/// A list of abbreviations holds NTS in one cell and NOT TO SCALE in the next.
pub(super) fn drop_abbreviation_cells(testimony: &mut Testimony) {
    let statements = &mut testimony.statements;
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
