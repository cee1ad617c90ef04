//! Letters drawn as strokes: what a page without a text layer says where, though not what it says.

use rustc_hash::FxHashMap;

use super::runs::Run;
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;

/// Sides of a letter, list units: from what a plotter can letter to a sheet's title.
const MIN_HEIGHT: f32 = 3.0;
const MAX_HEIGHT: f32 = 24.0;
/// Strokes of one letter touch, up to rounding.
const TOUCH: f32 = 0.2;
/// Strokes of one letter at most, also where it is cut into chords.
const MAX_STROKES: usize = 40;
/// Side of a cell of the map of strokes; a cell with more strokes than this is hatch.
const CELL: f32 = 8.0;
const MAX_IN_CELL: usize = 96;
/// Letters of a line stand on one baseline and are of one height, up to this share of it.
const BASELINE_SHARE: f32 = 0.18;
const HEIGHT_SHARE: f32 = 0.25;
/// Gap that parts letters of a word, and gap that parts lines, in heights.
const WORD_GAP: f32 = 0.55;
const LINE_GAP: f32 = 2.0;
/// A letter is at most this much wider than high.
const MAX_ASPECT: f32 = 1.4;
/// Letters that make a line. Fewer may be anything.
const MIN_LETTERS: usize = 5;
/// Letters of one text differ: of a row of equal shapes none is a letter. Share of equal shapes from
/// which a row is no text.
const SAME_SHAPE_SHARE: f32 = 0.8;

/// A line of letters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lettered {
    pub bounds: ListRect,
    pub letters: usize,
    pub words: usize,
}

/// A letter: strokes that touch.
#[derive(Debug, Clone, Copy)]
struct Letter {
    bounds: ListRect,
    strokes: usize,
}

/// Upright lines of stroke lettering among the runs of a page. `budget` is charged a step a run.
pub(super) fn lines(runs: &[Run], budget: &Budget) -> Result<Vec<Lettered>, Exhausted> {
    let mut letters = letters(runs, budget)?;
    letters
        .sort_by(|p, q| p.bounds.left.total_cmp(&q.bounds.left).then(p.bounds.top.total_cmp(&q.bounds.top)));
    budget.spend(letters.len() as u64)?;
    Ok(set_in_lines(&letters))
}

fn letters(runs: &[Run], budget: &Budget) -> Result<Vec<Letter>, Exhausted> {
    let small: Vec<ListRect> = runs
        .iter()
        .map(|r| r.bounds)
        .filter(|b| b.width().max(b.height()) <= MAX_HEIGHT && b.width().max(b.height()) > TOUCH)
        .collect();
    let mut cells: FxHashMap<(i32, i32), Vec<u32>> = FxHashMap::default();
    let spread = |b: &ListRect| {
        let at = |v: f32| (v / CELL).floor() as i32;
        let (c0, c1) = (at(b.left - TOUCH), at(b.right + TOUCH));
        let (r0, r1) = (at(b.top - TOUCH), at(b.bottom + TOUCH));
        (r0..=r1).flat_map(move |row| (c0..=c1).map(move |column| (row, column)))
    };
    for (i, b) in small.iter().enumerate() {
        if i % 512 == 0 {
            budget.spend(512)?;
        }
        spread(b).for_each(|cell| cells.entry(cell).or_default().push(i as u32));
    }
    let mut parent: Vec<u32> = (0..small.len() as u32).collect();
    let near = |p: &ListRect, q: &ListRect| {
        p.left <= q.right + TOUCH
            && q.left <= p.right + TOUCH
            && p.top <= q.bottom + TOUCH
            && q.top <= p.bottom + TOUCH
    };
    for (i, b) in small.iter().enumerate() {
        if i % 512 == 0 {
            budget.spend(512)?;
        }
        for cell in spread(b) {
            let others = &cells[&cell];
            if others.len() > MAX_IN_CELL {
                continue;
            }
            for &j in others.iter().filter(|&&j| (j as usize) < i) {
                if near(b, &small[j as usize]) {
                    let (p, q) = (root(&mut parent, i as u32), root(&mut parent, j));
                    parent[p.max(q) as usize] = p.min(q);
                }
            }
        }
    }
    let mut by_root: FxHashMap<u32, Letter> = FxHashMap::default();
    for (i, b) in small.iter().enumerate() {
        let of = root(&mut parent, i as u32);
        let letter = by_root.entry(of).or_insert(Letter { bounds: ListRect::EMPTY, strokes: 0 });
        letter.bounds = letter.bounds.union(b);
        letter.strokes += 1;
    }
    Ok(by_root.into_values().filter(is_letter).collect())
}

fn root(parent: &mut [u32], mut i: u32) -> u32 {
    while parent[i as usize] != i {
        parent[i as usize] = parent[parent[i as usize] as usize];
        i = parent[i as usize];
    }
    i
}

fn is_letter(l: &Letter) -> bool {
    let (w, h) = (l.bounds.width(), l.bounds.height());
    (MIN_HEIGHT..=MAX_HEIGHT).contains(&h) && w <= h * MAX_ASPECT && l.strokes <= MAX_STROKES
}

/// Chains letters, given from left to right, into lines.
fn set_in_lines(letters: &[Letter]) -> Vec<Lettered> {
    struct Open {
        last: ListRect,
        line: Lettered,
        letters: Vec<Letter>,
    }
    let mut open: Vec<Open> = Vec::new();
    let mut done: Vec<Open> = Vec::new();
    for letter in letters {
        let b = &letter.bounds;
        // Lines whose last letter is too far behind for any letter to come are complete.
        let (ended, going): (Vec<Open>, Vec<Open>) =
            open.into_iter().partition(|o| b.left - o.last.right > MAX_HEIGHT * LINE_GAP);
        (done, open) = (done.into_iter().chain(ended).collect(), going);
        let fits = |o: &Open| {
            let h = o.last.height();
            let gap = b.left - o.last.right;
            (b.bottom - o.last.bottom).abs() <= h * BASELINE_SHARE
                && (b.height() - h).abs() <= h * HEIGHT_SHARE
                && gap > -h * 0.1
                && gap <= h * LINE_GAP
        };
        match open
            .iter_mut()
            .filter(|o| fits(o))
            .min_by(|p, q| (b.left - p.last.right).total_cmp(&(b.left - q.last.right)))
        {
            Some(o) => {
                o.line.words += usize::from(b.left - o.last.right > b.height() * WORD_GAP);
                o.line.letters += 1;
                o.line.bounds = o.line.bounds.union(b);
                o.letters.push(*letter);
                o.last = *b;
            }
            None => open.push(Open {
                last: *b,
                line: Lettered { bounds: *b, letters: 1, words: 1 },
                letters: vec![*letter],
            }),
        }
    }
    done.extend(open);
    let mut lines: Vec<Lettered> = done
        .into_iter()
        .filter(|o| o.line.letters >= MIN_LETTERS && differ(&o.letters))
        .map(|o| o.line)
        .collect();
    lines.sort_by(|p, q| p.bounds.top.total_cmp(&q.bounds.top).then(p.bounds.left.total_cmp(&q.bounds.left)));
    lines
}

/// Whether shapes are those of letters and not of one symbol again and again.
fn differ(letters: &[Letter]) -> bool {
    let same = |p: &Letter, q: &Letter| {
        p.strokes == q.strokes
            && (p.bounds.width() - q.bounds.width()).abs() <= p.bounds.width() * 0.02 + 0.01
    };
    let equal = letters.iter().map(|p| letters.iter().filter(|q| same(p, q)).count()).max().unwrap_or(0);
    (equal as f32) < SAME_SHAPE_SHARE * letters.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(left: f32, width: f32) -> [Run; 2] {
        // An upright and a bar that touch.
        let bounds = |left: f32, right: f32, top: f32, bottom: f32| ListRect { left, top, right, bottom };
        [
            Run { bounds: bounds(left, left, 100.0, 106.0) },
            Run { bounds: bounds(left, left + width, 100.0, 100.0) },
        ]
    }

    fn found(widths: &[f32]) -> Vec<Lettered> {
        let mut x = 50.0;
        let mut runs = Vec::new();
        for (i, w) in widths.iter().enumerate() {
            runs.extend(letter(x, *w));
            x += w + if i == 4 { 5.0 } else { 1.5 };
        }
        lines(&runs, &Budget::unlimited()).unwrap()
    }

    #[test]
    fn letters_on_a_baseline_are_a_line() {
        let lines = found(&[4.0, 3.0, 4.2, 2.0, 4.0, 3.5, 4.0, 1.0]);
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].letters, lines[0].words), (8, 2));
    }

    #[test]
    fn equal_shapes_in_a_row_and_a_few_letters_are_none() {
        assert!(found(&[4.0; 12]).is_empty());
        assert!(found(&[4.0, 3.0, 2.0]).is_empty());
    }
}
