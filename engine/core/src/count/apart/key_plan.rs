//! Key plans: small plans with a caption, in a ruled cell or standing free, that show where the sheet is.

use super::{MAX_TEXT, Page, Ruled, capitals, mentions, middle, ruled};
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;

/// How captions of key plans begin, and what they are as a whole.
const BEGINS: [&str; 5] = ["KEY PLAN", "KEYPLAN", "KEY-PLAN", "KEY MAP", "KEYMAP"];
const IS: [&str; 5] = ["VICINITY MAP", "LOCATION MAP", "LOCATION PLAN", "BUILDING KEY PLAN", "SITE KEY PLAN"];
/// Words of a caption, captions of a page, at most.
const MAX_WORDS: usize = 6;
const MAX_CAPTIONS: usize = 8;
/// Shares of the page that a key plan takes at most: of a side, and of its area in a cell and standing free.
const SIDE: f32 = 0.25;
const CELL_AREA: f32 = 0.05;
const FREE_AREA: f32 = 0.03;
/// In heights of the caption: how long a cell's side is at least, how high a cell that has room for a plan, how
/// far from its caption a plan begins.
const CELL_SIDE: f32 = 2.0;
const CELL_HEIGHT: f32 = 5.0;
const CAPTION_GAP: f32 = 4.0;
/// Sides of a cell meet up to so many list units.
const MEET: f32 = 3.0;
/// Pieces of ink that make a plan, and lines of text in it at most.
const MIN_INK: usize = 6;
const MAX_TEXTS: usize = 15;
/// Ink of a plan that stands free is no farther apart, list units; nothing else is nearer to it.
const CELL: f32 = 6.0;
const APART: i32 = 2;
/// A plan that stands free is at the right or the lower edge of the sheet, or as near to the title block as this share of
/// the page's width.
const OUTER: f32 = 0.65;
const BESIDE: f32 = 0.12;

fn is_caption(text: &str) -> bool {
    let text = capitals(text);
    let begins =
        |b: &&str| text.strip_prefix(*b).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()));
    text.split(' ').count() <= MAX_WORDS
        && !mentions(&text)
        && (BEGINS.iter().any(begins) || IS.contains(&text.as_str()))
}

/// The key plans of a page, list units.
pub(super) fn find(
    page: &Page<'_>,
    title_block: Option<&ListRect>,
    budget: &Budget,
) -> Result<Vec<ListRect>, Exhausted> {
    let captions =
        page.texts.iter().filter(|t| t.text.len() <= MAX_TEXT && t.angle.abs() < 1.0 && is_caption(&t.text));
    let captions: Vec<ListRect> = captions.take(MAX_CAPTIONS).map(|t| t.bounds).collect();
    let mut plans = Vec::new();
    for caption in &captions {
        budget.spend(page.segments.len() as u64 / 4 + 1)?;
        let lines = ruled(page, CELL_SIDE * caption.height());
        let plan = in_cell(page, &lines, caption)
            .or_else(|| is_outer(page, title_block, caption).then(|| standing_free(page, caption)).flatten());
        plans.extend(plan);
    }
    Ok(plans)
}

fn is_outer(page: &Page<'_>, title_block: Option<&ListRect>, caption: &ListRect) -> bool {
    let [x, y] = middle(caption);
    let beside = title_block.is_some_and(|b| {
        let dx = (b.left - x).max(x - b.right).max(0.0);
        let dy = (b.top - y).max(y - b.bottom).max(0.0);
        dx.hypot(dy) <= BESIDE * page.width
    });
    beside || x >= OUTER * page.width || y >= OUTER * page.height
}

/// The ruled rectangle around the caption, or the one above or below it if its own has no room for a plan.
fn in_cell(page: &Page<'_>, lines: &[Ruled], caption: &ListRect) -> Option<ListRect> {
    let [x, y] = middle(caption);
    let own = cell(lines, x, y, caption)?;
    let has_room = |c: &ListRect| c.height() >= CELL_HEIGHT * caption.height();
    let cells = if has_room(&own) {
        vec![own]
    } else {
        // Just over the line: the cell on its other side.
        let step = 2.0 * MEET;
        [own.top - step, own.bottom + step]
            .into_iter()
            .filter_map(|y| cell(lines, x, y, &ListRect { top: y, bottom: y, ..*caption }))
            .filter(|c| (c.left - own.left).abs() < MEET && (c.right - own.right).abs() < MEET && has_room(c))
            .map(|c| c.union(&own))
            .collect()
    };
    let fits = |c: &ListRect| {
        c.width() <= SIDE * page.width
            && c.height() <= SIDE * page.height
            && c.width() * c.height() <= CELL_AREA * page.width * page.height
    };
    let mut plans = cells.into_iter().filter(|c| fits(c) && shows_plan(page, c));
    // Above and below may both be one: then it is not known which.
    let plan = plans.next()?;
    plans.next().is_none().then_some(plan)
}

/// The ruled rectangle about a place that holds the caption's width.
fn cell(lines: &[Ruled], x: f32, y: f32, caption: &ListRect) -> Option<ListRect> {
    let spans = |l: &&Ruled, upright: bool, at: f32| l.upright == upright && l.from <= at && l.to >= at;
    let before = |upright: bool, at: f32, limit: f32| {
        let side = lines.iter().filter(|l| spans(l, upright, at) && l.at <= limit);
        side.max_by(|p, q| p.at.total_cmp(&q.at).then(p.length().total_cmp(&q.length())))
    };
    let after = |upright: bool, at: f32, limit: f32| {
        let side = lines.iter().filter(|l| spans(l, upright, at) && l.at >= limit);
        side.min_by(|p, q| p.at.total_cmp(&q.at).then(q.length().total_cmp(&p.length())))
    };
    let (left, right) = (before(true, y, caption.left + 1.0)?, after(true, y, caption.right - 1.0)?);
    let (top, bottom) = (before(false, x, caption.top + 1.0)?, after(false, x, caption.bottom - 1.0)?);
    let reaches = |l: &Ruled, from: f32, to: f32| l.from <= from + MEET && l.to >= to - MEET;
    let closed = reaches(left, top.at, bottom.at)
        && reaches(right, top.at, bottom.at)
        && reaches(top, left.at, right.at)
        && reaches(bottom, left.at, right.at);
    closed.then_some(ListRect { left: left.at, top: top.at, right: right.at, bottom: bottom.at })
}

/// Whether there is ink in a cell, and not a column of text.
fn shows_plan(page: &Page<'_>, cell: &ListRect) -> bool {
    let within = |[x, y]: [f32; 2]| {
        x > cell.left + 1.0 && x < cell.right - 1.0 && y > cell.top + 1.0 && y < cell.bottom - 1.0
    };
    let texts = page.texts.iter().filter(|t| within(middle(&t.bounds))).count();
    let ink = page.segments.iter().filter(|s| within(s.a) && within(s.b)).take(MIN_INK).count();
    texts <= MAX_TEXTS && ink >= MIN_INK
}

/// The ink at a caption, above it or below, that hangs together and stands apart from everything else.
fn standing_free(page: &Page<'_>, caption: &ListRect) -> Option<ListRect> {
    let reach = [SIDE * page.width, SIDE * page.height];
    let [x, y] = middle(caption);
    let window = Window {
        left: x - reach[0],
        top: y - reach[1],
        columns: (2.0 * reach[0] / CELL) as usize + 1,
        rows: (2.0 * reach[1] / CELL) as usize + 1,
    };
    let inked = window.ink(page);
    let gap = CAPTION_GAP * caption.height();
    let above = ListRect { top: caption.top - gap, bottom: caption.top, ..*caption };
    let below = ListRect { top: caption.bottom, bottom: caption.bottom + gap, ..*caption };
    let fits = |plan: &ListRect| {
        plan.width() <= SIDE * page.width
            && plan.height() <= SIDE * page.height
            && plan.width() * plan.height() <= FREE_AREA * page.width * page.height
            && plan.height() >= 3.0 * caption.height()
            && plan.left <= x
            && plan.right >= x
    };
    // A plan's title is below it, as a rule; what is on both sides is not known.
    let above = window.grown(&inked, &above);
    let below = window.grown(&inked, &below);
    let plan = match (above, below) {
        (Grown::Plan(plan), Grown::Nothing) | (Grown::Nothing, Grown::Plan(plan)) => plan,
        _ => return None,
    };
    (fits(&plan) && shows_plan(page, &plan.union(caption))).then(|| plan.union(caption))
}

/// What hangs together at a place.
enum Grown {
    Nothing,
    Plan(ListRect),
    /// It goes on beyond the window: no key plan.
    More,
}

/// A part of the page in small cells.
struct Window {
    left: f32,
    top: f32,
    columns: usize,
    rows: usize,
}

impl Window {
    fn cell(&self, [x, y]: [f32; 2]) -> Option<usize> {
        let (column, row) = ((x - self.left) / CELL, (y - self.top) / CELL);
        let inside =
            column >= 0.0 && row >= 0.0 && (column as usize) < self.columns && (row as usize) < self.rows;
        inside.then(|| row as usize * self.columns + column as usize)
    }

    /// The cells with ink in them.
    fn ink(&self, page: &Page<'_>) -> Vec<bool> {
        let mut inked = vec![false; self.columns * self.rows];
        let (right, bottom) = (self.left + self.columns as f32 * CELL, self.top + self.rows as f32 * CELL);
        for s in page.segments {
            let outside = s.a[0].max(s.b[0]) < self.left
                || s.a[1].max(s.b[1]) < self.top
                || s.a[0].min(s.b[0]) > right
                || s.a[1].min(s.b[1]) > bottom;
            if outside {
                continue;
            }
            let steps = (s.length() / (CELL / 2.0)).ceil().max(1.0) as u32;
            for i in 0..=steps {
                if let Some(cell) = self.cell(s.at(i as f32 / steps as f32)) {
                    inked[cell] = true;
                }
            }
        }
        inked
    }

    /// From the ink in `seed` to all that hangs on it.
    fn grown(&self, inked: &[bool], seed: &ListRect) -> Grown {
        let mut reached = vec![false; inked.len()];
        let mut open = Vec::new();
        let mut y = seed.top;
        while y <= seed.bottom {
            let mut x = seed.left;
            while x <= seed.right {
                if let Some(cell) = self.cell([x, y]).filter(|&c| inked[c] && !reached[c]) {
                    reached[cell] = true;
                    open.push(cell);
                }
                x += CELL / 2.0;
            }
            y += CELL / 2.0;
        }
        let mut plan = ListRect::EMPTY;
        while let Some(cell) = open.pop() {
            let (column, row) = ((cell % self.columns) as i32, (cell / self.columns) as i32);
            if column == 0 || row == 0 || column as usize + 1 == self.columns || row as usize + 1 == self.rows
            {
                return Grown::More;
            }
            let (left, top) = (self.left + column as f32 * CELL, self.top + row as f32 * CELL);
            plan.add(left, top);
            plan.add(left + CELL, top + CELL);
            for (dx, dy) in (-APART..=APART).flat_map(|dx| (-APART..=APART).map(move |dy| (dx, dy))) {
                let (column, row) = (column + dx, row + dy);
                if column < 0 || row < 0 || column as usize >= self.columns || row as usize >= self.rows {
                    continue;
                }
                let next = row as usize * self.columns + column as usize;
                if inked[next] && !reached[next] {
                    reached[next] = true;
                    open.push(next);
                }
            }
        }
        if plan.is_empty() { Grown::Nothing } else { Grown::Plan(plan) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_are_told_from_rooms_and_mentions() {
        for yes in [
            "KEY PLAN",
            "Key Plan:",
            "KEYPLAN",
            "KEY MAP",
            "KEY PLAN - LEVEL 1",
            "KEY PLAN (NTS)",
            "VICINITY MAP",
        ] {
            assert!(is_caption(yes), "{yes}");
        }
        for no in [
            "SEE KEY PLAN",
            "KEY PLANNING",
            "KEY STORAGE",
            "FINISH KEY PLAN",
            "KEY",
            "REFER TO KEY PLAN",
            "KEYNOTES",
        ] {
            assert!(!is_caption(no), "{no}");
        }
    }
}
