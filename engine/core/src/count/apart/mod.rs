//! Parts of a sheet that show no work of its own: its title block, its key plans, and what lies beyond its
//! match lines.
//!
//! A part that is taken wrongly loses real symbols, which is as bad as counting one twice. So each is taken only
//! where several witnesses agree, and where they do not, everything counts.

mod key_plan;
mod match_line;
mod title_block;

use serde::{Deserialize, Serialize};

use self::match_line::MatchLine;
use super::ink::{InkStyle, Segment};
use super::runs::Baseline;
use crate::budget::{Budget, Exhausted};
use crate::geom::{ListRect, PageSpace, PxPoint};
use crate::page::display::TextLine;

/// Where a place lies that is found and does not count by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Apart {
    /// A sample that explains the symbol.
    Legend,
    /// In the sheet's title block: a logo, a seal, a north arrow.
    TitleBlock,
    /// In a small plan that shows where on the building the sheet is.
    KeyPlan,
    /// Beyond a match line, where the sheet shows again what another one holds.
    BeyondMatchLine,
}

impl Apart {
    pub const ALL: [Self; 4] = [Self::Legend, Self::TitleBlock, Self::KeyPlan, Self::BeyondMatchLine];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Legend => "legend",
            Self::TitleBlock => "title_block",
            Self::KeyPlan => "key_plan",
            Self::BeyondMatchLine => "beyond_match_line",
        }
    }

    /// After "2 ".
    pub const fn place(self) -> &'static str {
        match self {
            Self::Legend => "in a legend",
            Self::TitleBlock => "in a title block",
            Self::KeyPlan => "in a key plan",
            Self::BeyondMatchLine => "beyond a match line",
        }
    }
}

/// Where a place is against one of its page's match lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtMatchLine {
    /// Which of the page's match lines, from 0: see [`SheetSeen`].
    pub line: u32,
    /// The line runs through it, so that both sheets show it; else it is beyond the line.
    pub on_line: bool,
}

/// What a page says of itself and of the sheets that go on where it ends.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SheetSeen {
    /// Its number, as its title block has it; `None` where there is none that can be read.
    pub number: Option<String>,
    pub match_lines: Vec<MatchLineSeen>,
}

/// A match line of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatchLineSeen {
    /// The sheet that it names for what is beyond it.
    pub sheet: Option<String>,
    /// Which side is the sheet's own could be told; where not, nothing is beyond it.
    pub told: bool,
    /// Its middle, page pixels.
    pub at: PxPoint,
}

/// Whether two numbers name one sheet: case, spaces and hyphens are none of it.
pub(crate) fn is_same_sheet(a: &str, b: &str) -> bool {
    plain_sheet(a) == plain_sheet(b)
}

/// A sheet's number as it is compared.
pub(crate) fn plain_sheet(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric() || *c == '.').flat_map(char::to_uppercase).collect()
}

/// `A-101`, `A1.01`, `S201`, `AR-01-100`: one to four letters, and digits behind them.
fn is_sheet_number(word: &str) -> bool {
    let letters = word.chars().take_while(char::is_ascii_uppercase).count();
    let rest = &word[letters..];
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (1..=4).contains(&letters)
        && word.len() <= 14
        && rest.chars().all(known)
        && rest.ends_with(|c: char| c.is_ascii_alphanumeric())
        && (digits >= 2 || rest.contains(['-', '.', '_']) && digits == 1)
}

/// What of a page the parts are read from, list units.
#[derive(Clone, Copy)]
struct Page<'p> {
    width: f32,
    height: f32,
    texts: &'p [TextLine],
    /// Straight strokes, put together again, the shortest first.
    lines: &'p [Baseline],
    segments: &'p [Segment],
    styles: &'p [InkStyle],
}

/// The parts of a page.
#[derive(Debug, Default)]
pub(super) struct Parts {
    title_block: Option<ListRect>,
    key_plans: Vec<ListRect>,
    match_lines: Vec<MatchLine>,
    number: Option<String>,
}

/// What a page is read from for its parts.
pub(super) struct Drawn<'p> {
    pub(super) texts: &'p [TextLine],
    pub(super) lines: &'p [Baseline],
    pub(super) segments: &'p [Segment],
    pub(super) styles: &'p [InkStyle],
}

impl Parts {
    /// Takes no more than a few looks at the page's strokes, and none where no text speaks of such parts.
    pub(super) fn of(
        drawn: &Drawn<'_>,
        [width, height]: [f32; 2],
        budget: &Budget,
    ) -> Result<Self, Exhausted> {
        let Drawn { texts, lines, segments, styles } = *drawn;
        let page = Page { width, height, texts, lines, segments, styles };
        let block = title_block::find(&page);
        let number = block.as_ref().and_then(|b| title_block::number(&page, b));
        let key_plans = key_plan::find(&page, block.as_ref(), budget)?;
        let mut parts = Self { title_block: block, key_plans, match_lines: Vec::new(), number };
        parts.match_lines = match_line::find(&page, &parts, budget)?;
        Ok(parts)
    }

    /// The part that a symbol's box lies in with its middle.
    pub(super) fn holding(&self, symbol: &ListRect) -> Option<Apart> {
        let [x, y] = middle(symbol);
        let inside = |r: &ListRect| x >= r.left && x <= r.right && y >= r.top && y <= r.bottom;
        if self.key_plans.iter().any(inside) {
            return Some(Apart::KeyPlan);
        }
        self.title_block.as_ref().is_some_and(inside).then_some(Apart::TitleBlock)
    }

    /// The title block, and the key plans.
    pub(super) fn areas(&self) -> impl Iterator<Item = (Apart, &ListRect)> {
        let block = self.title_block.iter().map(|area| (Apart::TitleBlock, area));
        block.chain(self.key_plans.iter().map(|area| (Apart::KeyPlan, area)))
    }

    /// Beyond which match line, or upon which, a symbol's box lies.
    pub(super) fn at_match_line(&self, symbol: &ListRect) -> Option<AtMatchLine> {
        let all = self.match_lines.iter().enumerate();
        // One that is upon a line may be beyond another.
        let mut at = all.filter_map(|(nth, line)| {
            line.holds(symbol).map(|on_line| AtMatchLine { line: nth as u32, on_line })
        });
        let first = at.next()?;
        Some(if first.on_line { at.find(|other| !other.on_line).unwrap_or(first) } else { first })
    }

    pub(super) fn seen(&self, space: &PageSpace) -> SheetSeen {
        let seen = |line: &MatchLine| {
            let [x, y] = line.middle();
            MatchLineSeen { sheet: line.sheet.clone(), told: line.beyond.is_some(), at: space.to_px(x, y) }
        };
        SheetSeen { number: self.number.clone(), match_lines: self.match_lines.iter().map(seen).collect() }
    }
}

fn middle(r: &ListRect) -> [f32; 2] {
    [(r.left + r.right) / 2.0, (r.top + r.bottom) / 2.0]
}

/// An upright or level straight line.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ruled {
    upright: bool,
    /// Where it is across itself, and from where to where along.
    at: f32,
    from: f32,
    to: f32,
}

/// Ends of a line that a program drew upright or level differ by less, list units.
const LEVEL: f32 = 0.3;

impl Ruled {
    fn of(a: [f32; 2], b: [f32; 2]) -> Option<Self> {
        let upright = (a[0] - b[0]).abs() < LEVEL;
        if !upright && (a[1] - b[1]).abs() >= LEVEL {
            return None;
        }
        let (across, along) = if upright { (0, 1) } else { (1, 0) };
        let at = (a[across] + b[across]) / 2.0;
        Some(Self { upright, at, from: a[along].min(b[along]), to: a[along].max(b[along]) })
    }

    fn length(&self) -> f32 {
        self.to - self.from
    }
}

/// Ruled lines of at least this length.
fn ruled(page: &Page<'_>, least: f32) -> Vec<Ruled> {
    let long = page.lines.partition_point(|l| l.chord < least);
    page.lines[long..].iter().filter_map(|l| Ruled::of(l.a, l.b)).collect()
}

/// A text in capitals, without marks at its ends, one space between words.
fn capitals(text: &str) -> String {
    let upper = text.to_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    words.join(" ").trim_matches([':', '.', ' ', '-', '\u{2013}', '\u{2014}', '*', '"', '(', ')']).to_owned()
}

/// Longer texts name no part, bytes.
const MAX_TEXT: usize = 80;

/// Words of a text that speaks of a part instead of naming it.
fn mentions(text: &str) -> bool {
    const WORDS: [&str; 9] = ["SEE", "REFER", "PER", "NOTE", "NOTES", "ALL", "SHOWN", "INDICATED", "THIS"];
    text.split(|c: char| !c.is_alphanumeric()).any(|w| WORDS.contains(&w))
}
