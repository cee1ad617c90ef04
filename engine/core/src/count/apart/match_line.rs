//! Match lines: where a plan is cut and goes on upon another sheet, which shows a strip of it again.

use super::{LEVEL, MAX_TEXT, Page, Parts, Ruled, capitals, is_same_sheet, is_sheet_number, middle};
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;
use crate::page::display::TextLine;

/// Texts that name a match line on a page at most.
const MAX_TEXTS: usize = 24;
/// How far a line is from its text, and a text that names the sheet from that, in heights of the text.
const NEAR: f32 = 3.0;
/// A match line is at least this share of the page's side long; that much of it is drawn; and its dashes are no
/// farther apart, list units.
const LENGTH: f32 = 0.2;
const DRAWN: f32 = 0.4;
const GAP: f32 = 30.0;
/// Pieces of one line are no farther off it, list units.
const ONE_LINE: f32 = 0.6;
/// Steps in which ink beside a line is gathered, and the width of an empty strip that ends what belongs to it, list
/// units.
const STEP: f32 = 6.0;
const EMPTY_STEPS: usize = 6;
/// Longer strokes along a line, as a share of the page's side, are frames.
const FRAME: f32 = 0.8;
/// Strokes that go on across a line by so many list units on both sides, so many at least: the plan goes on.
const CROSSES: f32 = 3.0;
const MIN_CROSSING: usize = 2;
/// The part beyond has at most this share of the ink beside the line, where the text that names the other sheet stands
/// on that side or upon the line, and where it stands on the other.
const BEYOND: f32 = 0.4;
const BEYOND_AGAINST: f32 = 0.15;
/// And reaches at most this share of the page's side, and this share of what is on the other side.
const REACH: f32 = 0.35;
const REACH_OF_OWN: f32 = 0.7;

/// What a line runs through reaches out on both sides of it by more, list units.
const UPON: f32 = 0.5;

/// Which side of a line: towards lower or higher coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Low,
    High,
}

#[derive(Debug, Clone)]
pub(super) struct MatchLine {
    line: Ruled,
    pub(super) sheet: Option<String>,
    /// The side that is not this sheet's own, and how far what is drawn there reaches; `None` where it can't be told.
    pub(super) beyond: Option<(Side, f32)>,
}

impl MatchLine {
    pub(super) fn middle(&self) -> [f32; 2] {
        let along = (self.line.from + self.line.to) / 2.0;
        if self.line.upright { [self.line.at, along] } else { [along, self.line.at] }
    }

    /// Whether the line runs through a box, if it does or the box is beyond it.
    pub(super) fn holds(&self, symbol: &ListRect) -> Option<bool> {
        let (side, end) = self.beyond?;
        let ([low, high], [from, to]) = if self.line.upright {
            ([symbol.left, symbol.right], [symbol.top, symbol.bottom])
        } else {
            ([symbol.top, symbol.bottom], [symbol.left, symbol.right])
        };
        let along = (from + to) / 2.0;
        if along < self.line.from || along > self.line.to {
            return None;
        }
        let (middle, at) = ((low + high) / 2.0, self.line.at);
        if low < at - UPON && high > at + UPON {
            return Some(true);
        }
        let beyond = match side {
            Side::Low => middle < at && middle >= end,
            Side::High => middle > at && middle <= end,
        };
        beyond.then_some(false)
    }
}

/// A text at a line.
struct Named {
    line: Ruled,
    /// On which side of the line; `None` upon it.
    side: Option<Side>,
    sheet: Option<String>,
}

/// The match lines of a page.
pub(super) fn find(page: &Page<'_>, parts: &Parts, budget: &Budget) -> Result<Vec<MatchLine>, Exhausted> {
    let texts =
        page.texts.iter().filter(|t| t.text.len() <= MAX_TEXT && is_name(&capitals(&t.text))).take(MAX_TEXTS);
    let mut named: Vec<Named> = Vec::new();
    for text in texts {
        budget.spend(page.segments.len() as u64 / 4 + 1)?;
        if let Some(line) = line_at(page, text) {
            let side = |b: &ListRect| side_of(&line, b);
            named.extend(sheets_at(page, text).map(|(sheet, b)| Named {
                line,
                side: side(&b),
                sheet: Some(sheet),
            }));
            named.push(Named { line, side: side(&text.bounds), sheet: None });
        }
    }
    let mut lines: Vec<(Ruled, Vec<Named>)> = Vec::new();
    for name in named {
        let same = |l: &Ruled| {
            l.upright == name.line.upright
                && (l.at - name.line.at).abs() <= ONE_LINE
                && l.from <= name.line.to
                && l.to >= name.line.from
        };
        match lines.iter_mut().find(|(line, _)| same(line)) {
            Some((line, names)) => {
                (line.from, line.to) = (line.from.min(name.line.from), line.to.max(name.line.to));
                names.push(name);
            }
            None => lines.push((name.line, vec![name])),
        }
    }
    lines.sort_by(|(p, _), (q, _)| {
        p.upright.cmp(&q.upright).then(p.at.total_cmp(&q.at)).then(p.from.total_cmp(&q.from))
    });
    let mut found = Vec::new();
    for (line, names) in lines {
        budget.spend(page.segments.len() as u64 / 2 + 1)?;
        found.push(judged(page, parts, line, &names));
    }
    Ok(found)
}

/// MATCH LINE, MATCHLINE: and no sentence about one.
fn is_name(text: &str) -> bool {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|w| !w.is_empty()).collect();
    let named = words.contains(&"MATCHLINE") || words.windows(2).any(|w| w == ["MATCH", "LINE"]);
    const SENTENCE: [&str; 9] =
        ["AT", "ALL", "THE", "NOTE", "NOTES", "TYPICAL", "INDICATES", "SHALL", "LINES"];
    named && words.len() <= 9 && !words.iter().any(|w| SENTENCE.contains(w))
}

/// The number of another sheet that a text at a match line names.
fn sheet_in(text: &str, alone: bool) -> Option<String> {
    const LEADS: [&str; 7] = ["SEE", "SHEET", "CONTINUATION", "CONTINUED", "DWG", "DRAWING", "MATCH"];
    let words: Vec<&str> = text.split([' ', ',', ':', '(', ')', '/']).filter(|w| !w.is_empty()).collect();
    let led = words.iter().any(|w| LEADS.contains(w) || *w == "MATCHLINE");
    if !(led || alone && words.len() == 1) || words.len() > 9 {
        return None;
    }
    // A text of its own beside a match line may speak of something else: SEE DETAIL 3/A-501.
    const BESIDE: [&str; 9] =
        ["SEE", "SHEET", "FOR", "CONTINUATION", "CONTINUED", "CONT", "DWG", "DRAWING", "MATCH"];
    let plain =
        |w: &&str| BESIDE.contains(w) || is_sheet_number(w.trim_matches(|c: char| !c.is_alphanumeric()));
    if alone && (text.contains('/') || !words.iter().all(plain)) {
        return None;
    }
    let mut trimmed = words.iter().map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()));
    trimmed.rfind(|w| is_sheet_number(w)).map(str::to_owned)
}

/// The sheets that a text, or one close to it, names, and where.
fn sheets_at<'p>(page: &Page<'p>, text: &'p TextLine) -> impl Iterator<Item = (String, ListRect)> + use<'p> {
    let own = sheet_in(&capitals(&text.text), false);
    let h = height(text);
    let b = text.bounds;
    let near = ListRect {
        left: b.left - NEAR * h,
        top: b.top - NEAR * h,
        right: b.right + NEAR * h,
        bottom: b.bottom + NEAR * h,
    };
    let others = page.texts.iter().filter(move |t| {
        !std::ptr::eq(*t, text) && t.bounds.intersects(&near) && (t.angle - text.angle).abs() < 1.0
    });
    let others: Vec<(String, ListRect)> = if own.is_some() {
        Vec::new()
    } else {
        others.filter_map(|t| Some((sheet_in(&capitals(&t.text), true)?, t.bounds))).collect()
    };
    own.map(|sheet| (sheet, b)).into_iter().chain(others)
}

/// Height of a text's letters.
fn height(text: &TextLine) -> f32 {
    let b = &text.bounds;
    let level = text.angle.abs() < 45.0 || text.angle.abs() > 135.0;
    (if level { b.height() } else { b.width() }).max(1.0)
}

/// On which side of a line a text stands.
fn side_of(line: &Ruled, b: &ListRect) -> Option<Side> {
    let [x, y] = middle(b);
    let (low, high, at) = if line.upright { (b.left, b.right, x) } else { (b.top, b.bottom, y) };
    let upon = low + (high - low) * 0.25 < line.at && high - (high - low) * 0.25 > line.at;
    (!upon).then_some(if at < line.at { Side::Low } else { Side::High })
}

/// The line that a text names: a long one along it, or, where there is none, one whose way goes past it.
fn line_at(page: &Page<'_>, text: &TextLine) -> Option<Ruled> {
    let level = text.angle.abs() < 45.0 || text.angle.abs() > 135.0;
    longest_at(page, text, !level).or_else(|| longest_at(page, text, level))
}

/// Straight pieces near a text by the line that they are on.
fn longest_at(page: &Page<'_>, text: &TextLine, upright: bool) -> Option<Ruled> {
    let (b, h) = (&text.bounds, height(text));
    let ([low, high], [from, to]) =
        if upright { ([b.left, b.right], [b.top, b.bottom]) } else { ([b.top, b.bottom], [b.left, b.right]) };
    let near = (low - NEAR * h)..=(high + NEAR * h);
    let mut pieces: Vec<(Ruled, f32)> = page
        .segments
        .iter()
        .filter_map(|s| {
            let piece = Ruled::of(s.a, s.b).filter(|p| p.upright == upright && near.contains(&p.at))?;
            let style = page.styles.get(s.style as usize)?;
            // A heavy or a dashed line rather than a wall beside it.
            let weight = if style.dashed { 2.0 } else { 1.0 } * (0.5 + style.width.clamp(0.0, 3.0));
            (piece.length() > LEVEL).then_some((piece, weight))
        })
        .collect();
    pieces.sort_by(|(p, _), (q, _)| p.at.total_cmp(&q.at).then(p.from.total_cmp(&q.from)));
    let side = if upright { page.height } else { page.width };
    let mut best: Option<(f32, Ruled)> = None;
    for group in pieces.chunk_by(|(p, _), (q, _)| q.at - p.at <= ONE_LINE / 2.0) {
        let mut group = group.to_vec();
        group.sort_by(|(p, _), (q, _)| p.from.total_cmp(&q.from));
        // The text may stand in a gap of the line.
        let in_gap = |a: f32, b: f32| a <= from + h && b >= to - h && b - a <= to - from + GAP;
        for run in joined(&group, in_gap) {
            let (line, drawn, weight) = run;
            let past = line.from <= to + 2.0 * NEAR * h && line.to >= from - 2.0 * NEAR * h;
            if !past || line.length() < LENGTH * side || drawn < DRAWN * line.length() {
                continue;
            }
            let score = weight * line.length();
            if best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, line));
            }
        }
    }
    best.map(|(_, line)| line)
}

/// Runs of pieces with small gaps: the line, how much of it is drawn, and the weight of its pen.
fn joined(pieces: &[(Ruled, f32)], in_gap: impl Fn(f32, f32) -> bool) -> Vec<(Ruled, f32, f32)> {
    let mut runs: Vec<(Ruled, f32, f32)> = Vec::new();
    for (piece, weight) in pieces {
        match runs.last_mut() {
            Some((line, drawn, most)) if piece.from - line.to <= GAP || in_gap(line.to, piece.from) => {
                *drawn += (piece.to - piece.from.max(line.to)).max(0.0);
                line.to = line.to.max(piece.to);
                *most = most.max(*weight);
            }
            _ => runs.push((*piece, piece.length(), *weight)),
        }
    }
    runs
}

/// The ink beside a line that belongs to what it cuts.
#[derive(Debug, Clone, Copy)]
struct Beside {
    ink: f32,
    /// How far it reaches from the line.
    reach: f32,
}

/// Tells which side of a line is this sheet's own.
fn judged(page: &Page<'_>, parts: &Parts, line: Ruled, names: &[Named]) -> MatchLine {
    let is_own = |sheet: &String| parts.number.as_ref().is_some_and(|own| is_same_sheet(own, sheet));
    let mut others: Vec<&String> =
        names.iter().filter_map(|n| n.sheet.as_ref()).filter(|s| !is_own(s)).collect();
    others.sort_unstable();
    others.dedup_by(|a, b| is_same_sheet(a, b));
    // A plan of the whole, on which lines show how others part it, names two.
    let sheet = if let [one] = others[..] { Some(one.clone()) } else { None };
    let mut found = MatchLine { line, sheet, beyond: None };
    if others.len() > 1 || crossing(page, &line) < MIN_CROSSING {
        return found;
    }
    let [low, high] = beside(page, parts, &line);
    let own_side = one_side(names.iter().filter(|n| n.sheet.as_ref().is_some_and(is_own)));
    let other_side = match one_side(names.iter().filter(|n| n.sheet.as_ref().is_some_and(|s| !is_own(s)))) {
        Told::Nothing => one_side(names.iter().filter(|n| n.sheet.is_none())),
        told => told,
    };
    let is_beyond = |side: Side| {
        let (there, here) = if side == Side::Low { (low, high) } else { (high, low) };
        let against = other_side == Told::At(side.other()) || own_side == Told::At(side);
        let most = if against { BEYOND_AGAINST } else { BEYOND };
        let dimension = if line.upright { page.width } else { page.height };
        there.ink <= most * (there.ink + here.ink)
            && there.reach <= REACH * dimension
            && there.reach <= REACH_OF_OWN * here.reach
            && own_side != Told::At(side)
    };
    // Names on both sides that say different things tell nothing by their places.
    let torn = own_side == Told::Both || own_side == other_side && own_side != Told::Nothing;
    if !torn && let Some(side) = [Side::Low, Side::High].into_iter().find(|s| is_beyond(*s)) {
        let reach = if side == Side::Low { line.at - low.reach } else { line.at + high.reach };
        found.beyond = Some((side, reach));
    }
    found
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// What the places of names tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    At(Side),
    Both,
}

fn one_side<'n>(names: impl Iterator<Item = &'n Named>) -> Told {
    names.filter_map(|n| n.side).fold(Told::Nothing, |told, side| match told {
        Told::Nothing => Told::At(side),
        Told::At(other) if other == side => told,
        _ => Told::Both,
    })
}

/// Straight strokes that go on across a line.
fn crossing(page: &Page<'_>, line: &Ruled) -> usize {
    let crosses = |a: [f32; 2], b: [f32; 2]| {
        let (across, along) = if line.upright { (0, 1) } else { (1, 0) };
        let (low, high) = if a[across] < b[across] { (a, b) } else { (b, a) };
        if low[across] > line.at - CROSSES || high[across] < line.at + CROSSES {
            return false;
        }
        let t = (line.at - low[across]) / (high[across] - low[across]);
        let at = low[along] + (high[along] - low[along]) * t;
        // What only touches the line's ends is a frame about the whole.
        at > line.from + CROSSES && at < line.to - CROSSES
    };
    let long = page.lines.partition_point(|l| l.chord < 2.0 * CROSSES);
    page.lines[long..].iter().filter(|l| crosses(l.a, l.b)).take(MIN_CROSSING).count()
}

/// Ink on the low and on the high side of a line, as far as no empty strip parts it from the line.
fn beside(page: &Page<'_>, parts: &Parts, line: &Ruled) -> [Beside; 2] {
    let dimension = if line.upright { page.width } else { page.height };
    let steps = (dimension / STEP) as usize + 2;
    let mut sides = [vec![0.0_f32; steps], vec![0.0_f32; steps]];
    let (across, along) = if line.upright { (0, 1) } else { (1, 0) };
    let frame = FRAME * if line.upright { page.height } else { page.width };
    for s in page.segments {
        let middle = s.at(0.5);
        let is_along = (s.a[across] - s.b[across]).abs() < LEVEL;
        let out = middle[along] < line.from
            || middle[along] > line.to
            || is_along && ((middle[across] - line.at).abs() < ONE_LINE || s.length() > frame)
            || parts
                .holding(&ListRect { left: middle[0], top: middle[1], right: middle[0], bottom: middle[1] })
                .is_some();
        if out {
            continue;
        }
        let (low, high) = (s.a[across].min(s.b[across]) - line.at, s.a[across].max(s.b[across]) - line.at);
        let first = (low / STEP).floor() as i64;
        let last = (high / STEP).floor() as i64;
        let each = s.length() / (last - first + 1) as f32;
        for step in first..=last {
            let (side, nth) = if step < 0 { (0, (-1 - step) as usize) } else { (1, step as usize) };
            if let Some(cell) = sides[side].get_mut(nth) {
                *cell += each;
            }
        }
    }
    sides.map(|cells| {
        let (mut ink, mut reach, mut empty) = (0.0, 0.0, 0);
        for (nth, cell) in cells.iter().enumerate() {
            if *cell > 0.0 {
                ink += cell;
                (reach, empty) = ((nth + 1) as f32 * STEP, 0);
            } else {
                empty += 1;
                if empty > EMPTY_STEPS {
                    break;
                }
            }
        }
        Beside { ink, reach }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_match_lines_and_their_sheets_are_read() {
        for (text, sheet) in [
            ("MATCH LINE - SEE SHEET A-102", Some("A-102")),
            ("MATCHLINE SEE A1.02", Some("A1.02")),
            ("MATCH LINE (SEE 2/E-201)", Some("E-201")),
            ("MATCH LINE A", None),
            ("MATCHLINE", None),
        ] {
            assert!(is_name(text), "{text}");
            assert_eq!(sheet_in(text, false).as_deref(), sheet, "{text}");
        }
        for no in ["MATCH LINES ARE SHOWN DASHED", "ALIGN AT THE MATCH LINE", "MATCH EXISTING", "LINE"] {
            assert!(!is_name(no), "{no}");
        }
        assert_eq!(sheet_in("FOR CONTINUATION SEE SHEET E-102", true).as_deref(), Some("E-102"));
        assert_eq!(sheet_in("E-102", true).as_deref(), Some("E-102"));
        for no in ["PANEL LP-101 BELOW", "SEE DETAIL 3/A-501", "SEE 3/A-501", "SEE WALL TYPE P-12"] {
            assert_eq!(sheet_in(no, true), None, "{no}");
        }
    }
}
