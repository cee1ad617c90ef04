//! Regions of a page that explain symbols instead of placing them.

use std::borrow::Cow;

use super::lettering::Lettered;
use super::runs::Baseline;
use crate::geom::ListRect;
use crate::page::display::DisplayList;

/// Words that head a legend, and words that only speak of one.
const HEADINGS: [&str; 4] = ["LEGEND", "SYMBOLS", "ABBREVIATIONS", "SYMBOL"];
const MENTIONS: [&str; 9] = ["SEE", "REFER", "PER", "NOTE", "NOTE:", "NOTES", "IN", "ALL", "ON"];
/// Letters of a description at least.
const MIN_LETTERS: usize = 4;
/// Words of a heading at most.
const MAX_HEADING_WORDS: usize = 6;
/// A frame's side is at least this many heading heights long and at most this share of the page away.
const FRAME_SIDE_HEIGHTS: f32 = 3.0;
const FRAME_SHARE: f32 = 0.4;
/// Upright lines this near to each other are one side, list units.
const SAME_SIDE: f32 = 0.5;
/// Without a frame: gap between rows, indent of descriptions and room for symbols left of them, in
/// heading heights.
const ROW_GAP: f32 = 3.5;
const INDENT: f32 = 14.0;
const SYMBOL_ROOM: f32 = 5.0;
/// A row without a heading: distance of the description, in symbol widths; rows that make a list;
/// distance between rows, in symbol heights.
const DESCRIPTION_GAP: f32 = 3.0;
const MIN_ROWS: usize = 4;
/// The same in heights of a description that cannot be read: its list has no heading to be told by, and its rows stand as far
/// apart as the largest of its symbols asks for, not the one that is looked at.
const UNREAD_GAP: f32 = 10.0;
const ROW_PITCH: f32 = 4.0;
const UNREAD_PITCH: f32 = 8.0;
/// Rows between ruled lines: the rules are at least this much longer than a symbol is wide, at most so
/// many symbol or letter heights apart, and of equal length up to so many list units.
const RULE_WIDTHS: f32 = 3.0;
const RULED_PITCH: f32 = 6.0;
const SAME_RULE: f32 = 1.0;
/// Lines from this length on tell whether a page lies askew, list units.
const LONG_LINE: f32 = 60.0;
/// Ends of a level line differ by less, list units: drawn, and traced from a scan.
const DRAWN_LEVEL: f32 = 0.2;
const TRACED_LEVEL: f32 = 1.0;
/// Shorter lines rule no list, list units.
const MIN_RULE: f32 = 30.0;
/// Ruled rows that make a list.
const MIN_RULED_ROWS: usize = 2;
/// From so many of one symbol on, what lies under a heading is looked into: a legend has each kind once, and in one with
/// several that differ in their letters, each has a description.
const MANY_UNDER_HEADING: usize = 3;
/// How far up and down further rows are looked for, in heights of the symbol's own.
const LIST_ROWS: f32 = 4.0;

/// Legends of a page, list units.
#[derive(Debug, Default)]
pub(super) struct Legend {
    regions: Vec<ListRect>,
    texts: Vec<Text>,
    /// Level straight lines, from top to bottom.
    rules: Vec<Rule>,
    /// Cosine and sine of the turn that levels the page. All places here are levelled.
    level: Level,
}

/// The turn that levels a page that was scanned askew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    cos: f32,
    sin: f32,
}

impl Default for Level {
    fn default() -> Self {
        Self { cos: 1.0, sin: 0.0 }
    }
}

impl Level {
    /// From the straight lines of a page: most long ones run along its sides.
    pub(super) fn of(lines: &[Baseline]) -> Self {
        const CELLS: usize = 101;
        let askew = |l: &Baseline| {
            let angle = (l.b[1] - l.a[1]).atan2(l.b[0] - l.a[0]).to_degrees();
            angle - (angle / 90.0).round() * 90.0
        };
        // By tenths of a degree, up to five to either side.
        let mut cells = [0.0_f32; CELLS];
        let long = || lines.iter().filter(|l| l.chord >= LONG_LINE);
        for line in long() {
            let cell = (askew(line) * 10.0).round() as i32 + (CELLS / 2) as i32;
            if let Some(cell) = usize::try_from(cell).ok().and_then(|c| cells.get_mut(c)) {
                *cell += line.chord;
            }
        }
        let Some(peak) = (0..CELLS).max_by(|&p, &q| cells[p].total_cmp(&cells[q])) else {
            return Self::default();
        };
        let about = (peak as f32 - (CELLS / 2) as f32) / 10.0;
        let (mut sum, mut weight) = (0.0, 0.0);
        for line in long().filter(|l| (askew(l) - about).abs() <= 0.3) {
            sum += askew(line) * line.chord;
            weight += line.chord;
        }
        if weight == 0.0 {
            return Self::default();
        }
        let (sin, cos) = (-sum / weight).to_radians().sin_cos();
        Self { cos, sin }
    }

    fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [self.cos * x - self.sin * y, self.sin * x + self.cos * y]
    }

    /// A box keeps its size.
    fn rect(&self, r: &ListRect) -> ListRect {
        let (x, y) = ((r.left + r.right) / 2.0, (r.top + r.bottom) / 2.0);
        let [mx, my] = self.place([x, y]);
        ListRect {
            left: r.left - x + mx,
            top: r.top - y + my,
            right: r.right - x + mx,
            bottom: r.bottom - y + my,
        }
    }

    fn rects<'a>(&self, all: &'a [ListRect]) -> Cow<'a, [ListRect]> {
        if *self == Self::default() {
            Cow::Borrowed(all)
        } else {
            Cow::Owned(all.iter().map(|r| self.rect(r)).collect())
        }
    }
}

/// A level line.
#[derive(Debug, Clone, Copy)]
struct Rule {
    left: f32,
    right: f32,
    y: f32,
}

impl Rule {
    fn of(line: &Baseline, slack: f32) -> Option<Self> {
        let level = (line.a[1] - line.b[1]).abs() < slack && line.chord >= MIN_RULE;
        let (left, right) = (line.a[0].min(line.b[0]), line.a[0].max(line.b[0]));
        level.then_some(Self { left, right, y: (line.a[1] + line.b[1]) / 2.0 })
    }

    fn same_column(&self, other: &Self) -> bool {
        (self.left - other.left).abs() < SAME_RULE && (self.right - other.right).abs() < SAME_RULE
    }
}

/// What makes a symbol a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    /// It lies under the heading of a legend.
    Headed,
    /// Only how it is set among others makes it one: a strip of rooms, or a labelled row of fixtures, can look the same.
    Doubtful,
}

#[derive(Debug)]
struct Text {
    bounds: ListRect,
    words: usize,
    letters: usize,
    heading: bool,
    /// Strokes that cannot be read, nor can be a heading over them.
    unread: bool,
}

impl Legend {
    /// Reads a page's lines of text; `lines` are its straight strokes, of which some may frame a legend or
    /// rule its rows, `lettered` its texts that are strokes and can't be read.
    pub(super) fn of(list: &DisplayList, lines: &[Baseline], lettered: &[Lettered], level: Level) -> Self {
        let levelled: Vec<Baseline>;
        let lines = if level == Level::default() {
            lines
        } else {
            let turned = |l: &Baseline| Baseline { a: level.place(l.a), b: level.place(l.b), ..*l };
            levelled = lines.iter().map(turned).collect();
            &levelled
        };
        let slack = if list.grain > 0.0 { TRACED_LEVEL } else { DRAWN_LEVEL };
        let mut texts: Vec<Text> = list
            .lines
            .iter()
            .filter(|l| l.angle.abs() < 1.0)
            .map(|l| Text {
                bounds: level.rect(&l.bounds),
                words: l.text.split_whitespace().count(),
                letters: l.text.chars().filter(|c| c.is_alphabetic()).count(),
                heading: is_heading(&l.text),
                unread: false,
            })
            .collect();
        texts.extend(lettered.iter().map(|l| Text {
            bounds: level.rect(&l.bounds),
            words: l.words,
            letters: l.letters,
            heading: false,
            unread: true,
        }));
        let page_width = f64::from(list.space.width_px) / list.space.px_per_unit.max(f64::MIN_POSITIVE);
        let regions = texts
            .iter()
            .filter(|t| t.heading)
            .map(|t| {
                frame(&t.bounds, lines, page_width as f32 * FRAME_SHARE)
                    .unwrap_or_else(|| column(&t.bounds, &texts))
            })
            .collect();
        let mut rules: Vec<Rule> = lines.iter().filter_map(|l| Rule::of(l, slack)).collect();
        rules.sort_by(|p, q| p.y.total_cmp(&q.y).then(p.left.total_cmp(&q.left)));
        Self { regions, texts, rules, level }
    }

    /// Whether a symbol, one of `all` that were found, is a sample that explains it, and what makes it one.
    pub(super) fn sample(&self, symbol: &ListRect, all: &[ListRect]) -> Option<Sample> {
        let listed = || self.describes(symbol, all) || self.is_listed(symbol, all);
        self.headed(symbol, all).or_else(|| listed().then_some(Sample::Doubtful))
    }

    /// Whether a place lies under the heading of a legend.
    pub(super) fn contains(&self, x: f32, y: f32) -> bool {
        let at = self.level.place([x, y]);
        self.regions.iter().any(|r| holds(r, at))
    }

    /// Whether a symbol's box lies in a legend that has a heading. A room that is called after symbols has many of one
    /// kind with nothing said of each.
    fn headed(&self, symbol: &ListRect, all: &[ListRect]) -> Option<Sample> {
        let [x, y] = middle(symbol);
        if !self.contains(x, y) {
            return None;
        }
        let at = self.level.place([x, y]);
        let all = &*self.level.rects(all);
        let of_region = |region: &ListRect| {
            let inside: Vec<&ListRect> = all.iter().filter(|b| holds(region, middle(b))).collect();
            if inside.len() < MANY_UNDER_HEADING {
                return Some(Sample::Headed);
            }
            let described = |b: &&&ListRect| {
                let y = middle(b)[1];
                let beside = |t: &Text| {
                    y >= t.bounds.top && y <= t.bounds.bottom && holds(region, [middle(&t.bounds)[0], y])
                };
                self.texts.iter().filter(|t| t.letters >= MIN_LETTERS && !t.heading).any(beside)
            };
            let described = inside.iter().filter(described).count();
            (described * 2 >= inside.len()).then_some(Sample::Doubtful)
        };
        let regions = self.regions.iter().filter(|r| holds(r, at)).map(of_region);
        regions.flatten().min_by_key(|s| *s == Sample::Doubtful)
    }

    /// Whether a symbol stands alone with a description in a row between two rules of a list that has
    /// more such rows, the only one of its kind in that list: a legend or a schedule, also one whose heading
    /// can't be read.
    fn is_listed(&self, symbol: &ListRect, all: &[ListRect]) -> bool {
        let (symbol, all) = (&self.level.rect(symbol), &*self.level.rects(all));
        let least = symbol.width() * RULE_WIDTHS;
        let spans = |r: &&Rule| r.left < symbol.left && r.right > symbol.right && r.right - r.left >= least;
        let middle = (symbol.top + symbol.bottom) / 2.0;
        let split = self.rules.partition_point(|r| r.y < middle);
        let Some(above) = self.rules[..split].iter().rev().find(spans) else { return false };
        let Some(below) = self.rules[split..].iter().find(spans) else { return false };
        let pitch = below.y - above.y;
        let between =
            symbol.top > above.y - symbol.height() * 0.1 && symbol.bottom < below.y + symbol.height() * 0.1;
        if !between || !above.same_column(below) {
            return false;
        }
        let Some(own) = self.row(above, below, Some(symbol)) else { return false };
        if pitch > RULED_PITCH * symbol.height().max(own.bounds.height()) {
            return false;
        }
        let within = |b: &ListRect, (above, below): (&Rule, &Rule)| {
            let y = (b.top + b.bottom) / 2.0;
            y > above.y && y < below.y && b.left >= above.left && b.right <= above.right
        };
        if all.iter().filter(|b| within(b, (above, below))).count() > 1 {
            return false;
        }
        // Rows of the same list, above and below: ruled alike, their descriptions set below each other.
        let of_list = |pair: &(&Rule, &Rule)| {
            self.row(pair.0, pair.1, None)
                .is_some_and(|t| (t.bounds.left - own.bounds.left).abs() < own.bounds.height())
        };
        let column: Vec<&Rule> = self.rules.iter().filter(|r| r.same_column(above)).collect();
        let pairs = || column.iter().zip(column.iter().skip(1)).map(|(a, b)| (*a, *b));
        let reach = pitch * LIST_ROWS;
        let (from, to) = (above.y - reach, below.y + reach);
        let near = |pair: &(&Rule, &Rule)| pair.0.y >= from && pair.1.y <= to;
        if pairs().filter(near).filter(of_list).count() < MIN_RULED_ROWS {
            return false;
        }
        // Where every room of a strip has one, they are no samples, however far apart they are.
        let in_list = |b: &&ListRect| pairs().any(|pair| within(b, pair) && of_list(&pair));
        all.iter().filter(in_list).take(2).count() <= 1
    }

    /// The description in a row between two rules, right of the symbol if there is one.
    fn row(&self, above: &Rule, below: &Rule, symbol: Option<&ListRect>) -> Option<&Text> {
        let from = symbol.map_or(above.left, |s| s.right);
        let inside = |t: &&Text| {
            let y = (t.bounds.top + t.bounds.bottom) / 2.0;
            y > above.y && y < below.y && t.bounds.left >= from && t.bounds.right <= above.right + SAME_RULE
        };
        let described = self.texts.iter().filter(|t| t.letters >= MIN_LETTERS && !t.heading).filter(inside);
        described.min_by(|p, q| p.bounds.left.total_cmp(&q.bounds.left))
    }

    /// Whether a symbol stands in front of one row of a list of descriptions. In a list of symbols
    /// each is there once: a list that has two of `all` is no legend.
    fn describes(&self, symbol: &ListRect, all: &[ListRect]) -> bool {
        let (symbol, all) = (&self.level.rect(symbol), &*self.level.rects(all));
        let height = symbol.height();
        let y = (symbol.top + symbol.bottom) / 2.0;
        let beside = |b: &ListRect, t: &Text| {
            let gap = t.bounds.left - b.right;
            let middle = (b.top + b.bottom) / 2.0;
            gap > 0.0
                && gap < description_gap(b, t)
                && middle > t.bounds.top - b.height() * 0.25
                && middle < t.bounds.bottom + b.height() * 0.25
        };
        let described = |t: &&Text| t.letters >= MIN_LETTERS && !t.heading;
        let Some(own) = self.texts.iter().filter(described).find(|t| beside(symbol, t)) else { return false };
        let mut column: Vec<&Text> = self
            .texts
            .iter()
            .filter(described)
            .filter(|t| (t.bounds.left - own.bounds.left).abs() < own.bounds.height() * 0.5)
            .filter(|t| t.bounds.left - symbol.right < description_gap(symbol, t))
            .collect();
        column.sort_by(|p, q| p.bounds.top.total_cmp(&q.bounds.top));
        let near = ROW_PITCH * height.max(own.bounds.height());
        let pitch = if own.unread { near.max(UNREAD_PITCH * own.bounds.height()) } else { near };
        let list = column
            .chunk_by(|p, q| q.bounds.top - p.bounds.bottom < pitch)
            .find(|rows| rows.iter().any(|t| y > t.bounds.top - height && y < t.bounds.bottom + height));
        let Some(list) = list.filter(|rows| rows.len() >= MIN_ROWS) else { return false };
        let wordy = list.iter().filter(|t| t.words >= 2 || t.letters >= 8).count() * 2 > list.len();
        let samples = all.iter().filter(|b| list.iter().any(|t| beside(b, t))).count();
        wordy && samples <= 1
    }
}

/// How far from a symbol its description may begin. Where a heading could not be read, a list is told by its
/// rows alone, and rows are set in columns.
fn description_gap(symbol: &ListRect, text: &Text) -> f32 {
    let near = DESCRIPTION_GAP * symbol.width().max(symbol.height());
    if text.unread { near.max(UNREAD_GAP * text.bounds.height()) } else { near }
}

fn middle(b: &ListRect) -> [f32; 2] {
    [(b.left + b.right) / 2.0, (b.top + b.bottom) / 2.0]
}

fn holds(r: &ListRect, [x, y]: [f32; 2]) -> bool {
    x >= r.left && x <= r.right && y >= r.top && y <= r.bottom
}

fn is_heading(text: &str) -> bool {
    let upper = text.trim().trim_end_matches(':').to_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    words.len() <= MAX_HEADING_WORDS
        && words.iter().any(|w| HEADINGS.contains(&w.trim_matches(|c: char| !c.is_alphabetic())))
        && !words.iter().any(|w| MENTIONS.contains(w))
}

/// The frame around a heading that goes on below it.
fn frame(heading: &ListRect, lines: &[Baseline], reach: f32) -> Option<ListRect> {
    let middle = (heading.top + heading.bottom) / 2.0;
    let (mut left, mut right): (Option<&Baseline>, Option<&Baseline>) = (None, None);
    let least = heading.height() * FRAME_SIDE_HEIGHTS;
    // The longest first: a side is there in the pieces that it was drawn in, too.
    let upright = lines.iter().rev().filter(|l| l.chord >= least && (l.a[0] - l.b[0]).abs() < SAME_SIDE);
    for line in upright {
        let (top, bottom) = (line.a[1].min(line.b[1]), line.a[1].max(line.b[1]));
        if top > middle || bottom < heading.bottom + heading.height() {
            continue;
        }
        let x = line.a[0];
        if x <= heading.left + 0.5 && heading.left - x < reach && left.is_none_or(|l| l.a[0] + SAME_SIDE < x)
        {
            left = Some(line);
        }
        if x >= heading.right - 0.5
            && x - heading.right < reach
            && right.is_none_or(|r| r.a[0] - SAME_SIDE > x)
        {
            right = Some(line);
        }
    }
    let (left, right) = (left?, right?);
    let bottom = |l: &Baseline| l.a[1].max(l.b[1]);
    let frame = ListRect {
        left: left.a[0],
        right: right.a[0],
        top: heading.top,
        bottom: bottom(left).min(bottom(right)),
    };
    (frame.width() < reach).then_some(frame)
}

/// The lines of text below a heading that are set like a list under it.
fn column(heading: &ListRect, texts: &[Text]) -> ListRect {
    let h = heading.height().max(1.0);
    let mut region = *heading;
    let mut below: Vec<&ListRect> =
        texts.iter().map(|t| &t.bounds).filter(|b| b.top >= heading.bottom - h * 0.3).collect();
    below.sort_by(|p, q| p.top.total_cmp(&q.top));
    for b in below {
        if b.top - region.bottom > h * ROW_GAP {
            break;
        }
        if b.left >= heading.left - h * INDENT && b.left <= heading.right + h * INDENT {
            region = region.union(b);
        }
    }
    ListRect { left: region.left - h * SYMBOL_ROOM, bottom: region.bottom + h, ..region }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f32, top: f32, side: f32) -> ListRect {
        ListRect { left, top, right: left + side, bottom: top + side }
    }

    #[test]
    fn rows_that_cannot_be_read_stand_as_far_apart_as_their_largest_symbol_asks_for() {
        let legend = |unread: bool| {
            let row = |n: u8| {
                let at = square(100.0, f32::from(n) * 44.0, 6.0);
                let bounds = ListRect { right: 180.0, ..at };
                Text { bounds, words: 2, letters: 12, heading: false, unread }
            };
            Legend { texts: (0..5).map(row).collect(), ..Legend::default() }
        };
        let (symbol, other) = (square(49.0, 88.0, 6.0), square(49.0, 132.0, 6.0));
        assert_eq!(legend(true).sample(&symbol, &[symbol]), Some(Sample::Doubtful));
        assert_eq!(legend(true).sample(&symbol, &[symbol, other]), None, "one in each of two rows");
        assert_eq!(legend(false).sample(&symbol, &[symbol]), None, "a legend that can be read has a heading");
    }

    #[test]
    fn headings_are_told_from_mentions() {
        for yes in ["LEGEND", "Electrical Symbols", "ROOM FINISH LEGEND & ABBREVIATIONS", "SYMBOL LEGEND:"] {
            assert!(is_heading(yes), "{yes}");
        }
        for no in
            ["SEE LEGEND", "NOTE: NOT ALL SYMBOLS MAY BE USED ON PLAN", "LEGENDARY HALL", "REFER TO SYMBOLS"]
        {
            assert!(!is_heading(no), "{no}");
        }
    }
}
