//! Letters drawn as strokes: what a page without a text layer says where, though not what it says.

use rustc_hash::FxHashMap;

use super::lattice::Lattice;
use super::runs::Run;
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;

/// Sides of a letter, list units: from what a plotter can letter to a sheet's title.
const MIN_HEIGHT: f32 = 3.0;
const MAX_HEIGHT: f32 = 24.0;
/// Letters are looked for in this order of size, so that the sides of what stands beside small ones are not
/// taken for their strokes.
const HEIGHTS: [f32; 3] = [7.0, 13.0, MAX_HEIGHT];
/// Strokes of one letter touch, up to rounding.
const TOUCH: f32 = 0.2;
/// Strokes of one letter at most, also where it is cut into chords.
const MAX_STROKES: usize = 40;
/// Side of a cell of the map of strokes; a cell with more strokes than this is hatch.
const CELL: f32 = 8.0;
const MAX_IN_CELL: usize = 96;
const MAX_CELLS: f32 = 4_000_000.0;
/// Letters of a line stand on one baseline and are of one height, up to this share of it.
const BASELINE_SHARE: f32 = 0.18;
const HEIGHT_SHARE: f32 = 0.25;
/// Gap that parts letters of a word, and gap that parts lines, in heights.
const WORD_GAP: f32 = 0.55;
const LINE_GAP: f32 = 2.0;
/// A pen of which so many strokes, and this share, are letters is for lettering.
const MIN_OF_PEN: usize = 50;
const PEN_SHARE: f32 = 0.7;
/// Letters stand close: this share of the gaps is at most so many heights wide.
const CLOSE_SHARE: f32 = 0.6;
const CLOSE_GAP: f32 = 0.45;
/// A letter is at most this much wider than high.
const MAX_ASPECT: f32 = 1.4;
/// Letters that make a line; more are a row of something. Fewer may be anything, unless pen and height are those of a line of the page.
const MIN_LETTERS: usize = 5;
const MAX_LETTERS: usize = 300;
const MIN_LETTERS_OF_PEN: usize = 2;
const SAME_HEIGHT_SHARE: f32 = 0.08;
/// Letters of one text differ: of a row of equal shapes none is a letter. Share of equal shapes from
/// which a row is no text.
const SAME_SHAPE_SHARE: f32 = 0.8;

/// The lettering of a page.
#[derive(Debug, Default)]
pub(super) struct Lettering {
    pub lines: Vec<Lettered>,
    /// Which runs are its strokes.
    pub of_run: Vec<bool>,
}

/// A line of letters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lettered {
    pub bounds: ListRect,
    pub letters: usize,
    pub words: usize,
    /// Pen of its first letter.
    pub style: u32,
}

/// A letter: strokes that touch.
#[derive(Debug, Clone, Copy)]
struct Letter {
    bounds: ListRect,
    strokes: usize,
    /// Pen of one of them.
    style: u32,
}

impl Letter {
    /// An upright stroke: a letter among others, and by itself the side of anything.
    fn is_bar(&self) -> bool {
        self.strokes == 1 && self.bounds.width() <= TOUCH
    }
}

/// Upright lines of stroke lettering among the runs of a page. `budget` is charged a step a run.
pub(super) fn read(runs: &[Run], budget: &Budget) -> Result<Lettering, Exhausted> {
    let mut lines: Vec<Lettered> = Vec::new();
    for height in HEIGHTS {
        let mut letters = letters(runs, height, budget)?;
        letters.sort_by(|p, q| {
            p.bounds.left.total_cmp(&q.bounds.left).then(p.bounds.top.total_cmp(&q.bounds.top))
        });
        budget.spend(letters.len() as u64)?;
        let known = by_cell(&lines);
        for line in set_in_lines(&letters, budget)? {
            let (x, y) =
                ((line.bounds.left + line.bounds.right) / 2.0, (line.bounds.top + line.bounds.bottom) / 2.0);
            let again = |&i: &u32| {
                let b = &lines[i as usize].bounds;
                x >= b.left && x <= b.right && y >= b.top && y <= b.bottom
            };
            if !known.get(&(cell(y), cell(x))).into_iter().flatten().any(again) {
                lines.push(line);
            }
        }
    }
    lines.sort_by(|p, q| p.bounds.top.total_cmp(&q.bounds.top).then(p.bounds.left.total_cmp(&q.bounds.left)));
    let of_run = strokes_of(&lines, runs, budget)?;
    Ok(Lettering { lines, of_run })
}

fn cell(v: f32) -> i32 {
    (v / MAX_HEIGHT).floor() as i32
}

/// Numbers of the lines by the cells, row and column, that their boxes touch.
fn by_cell(lines: &[Lettered]) -> FxHashMap<(i32, i32), Vec<u32>> {
    let mut cells: FxHashMap<(i32, i32), Vec<u32>> = FxHashMap::default();
    for (i, line) in lines.iter().enumerate() {
        let b = &line.bounds;
        for row in cell(b.top)..=cell(b.bottom) {
            for column in cell(b.left)..=cell(b.right) {
                cells.entry((row, column)).or_default().push(i as u32);
            }
        }
    }
    cells
}

/// Runs that lie within a line's height and length; letters that a line of the drawing touches are among
/// them though they were no letters for themselves.
fn strokes_of(lines: &[Lettered], runs: &[Run], budget: &Budget) -> Result<Vec<bool>, Exhausted> {
    let cells = by_cell(lines);
    budget.spend(runs.len() as u64)?;
    let is_letters = |run: &Run| {
        let b = &run.bounds;
        let (x, y) = ((b.left + b.right) / 2.0, (b.top + b.bottom) / 2.0);
        cells.get(&(cell(y), cell(x))).is_some_and(|near| {
            near.iter().any(|&i| {
                let (line, style) = (&lines[i as usize].bounds, lines[i as usize].style);
                let slack = line.height() * BASELINE_SHARE;
                run.style == style
                    && b.top >= line.top - slack
                    && b.bottom <= line.bottom + slack
                    && b.left >= line.left - slack
                    && b.right <= line.right + slack
                    && b.width() <= line.height() * MAX_ASPECT
            })
        })
    };
    let mut of_run: Vec<bool> = runs.iter().map(is_letters).collect();
    // A pen that letters and draws little else letters also where a letter touches the drawing.
    let mut pens: FxHashMap<u32, (usize, usize)> = FxHashMap::default();
    for (run, lettered) in runs.iter().zip(&of_run) {
        let pen = pens.entry(run.style).or_default();
        pen.0 += usize::from(*lettered);
        pen.1 += 1;
    }
    let highest = lines.iter().map(|l| l.bounds.height()).fold(0.0, f32::max);
    for (run, lettered) in runs.iter().zip(&mut of_run) {
        let (letters, all) = pens[&run.style];
        let of_pen = letters >= MIN_OF_PEN && letters as f32 >= PEN_SHARE * all as f32;
        *lettered |= of_pen && run.bounds.width().max(run.bounds.height()) <= highest * MAX_ASPECT;
    }
    Ok(of_run)
}

/// Letters of up to some height.
fn letters(runs: &[Run], height: f32, budget: &Budget) -> Result<Vec<Letter>, Exhausted> {
    let (small, styles): (Vec<ListRect>, Vec<u32>) = runs
        .iter()
        .map(|r| (r.bounds, r.style))
        .filter(|(b, _)| b.width().max(b.height()) <= height && b.width().max(b.height()) > TOUCH)
        .unzip();
    let extent = small.iter().fold(ListRect::EMPTY, |all, b| all.union(b));
    let cells = Lattice::over(extent.right.max(0.0), extent.bottom.max(0.0), CELL, MAX_CELLS);
    let spread = |b: &ListRect| {
        let (c0, c1) = (cells.column(b.left - TOUCH), cells.column(b.right + TOUCH));
        let (r0, r1) = (cells.row(b.top - TOUCH), cells.row(b.bottom + TOUCH));
        (r0..=r1).flat_map(move |row| (c0..=c1).map(move |column| (row * cells.columns + column) as usize))
    };
    // By cell, in order: which are there.
    let mut ends = vec![0_u32; cells.len() + 1];
    for some in small.chunks(512) {
        budget.spend(some.len() as u64)?;
        some.iter().for_each(|b| spread(b).for_each(|cell| ends[cell + 1] += 1));
    }
    for cell in 1..ends.len() {
        ends[cell] += ends[cell - 1];
    }
    // What is compared lies side by side.
    let mut of_cells = vec![(0_u32, ListRect::EMPTY); ends[cells.len()] as usize];
    for (i, b) in small.iter().enumerate() {
        spread(b).for_each(|cell| {
            of_cells[ends[cell] as usize] = (i as u32, *b);
            ends[cell] += 1;
        });
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
            let from = if cell == 0 { 0 } else { ends[cell - 1] };
            let others = &of_cells[from as usize..ends[cell] as usize];
            if others.len() > MAX_IN_CELL {
                continue;
            }
            for &(j, other) in others.iter().take_while(|(j, _)| (*j as usize) < i) {
                if near(b, &other) {
                    let (p, q) = (root(&mut parent, i as u32), root(&mut parent, j));
                    parent[p.max(q) as usize] = p.min(q);
                }
            }
        }
    }
    // A letter is where its first stroke is.
    let none = Letter { bounds: ListRect::EMPTY, strokes: 0, style: 0 };
    let mut letters = vec![none; small.len()];
    for (i, b) in small.iter().enumerate() {
        let letter = &mut letters[root(&mut parent, i as u32) as usize];
        letter.style = if letter.strokes == 0 { styles[i] } else { letter.style };
        letter.bounds = letter.bounds.union(b);
        letter.strokes += 1;
    }
    letters.retain(|l| l.strokes > 0 && is_letter(l));
    Ok(letters)
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

/// A line as it is put together.
struct Open {
    last: ListRect,
    line: Lettered,
    letters: Vec<Letter>,
}

/// Chains letters, given from left to right, into lines.
fn set_in_lines(letters: &[Letter], budget: &Budget) -> Result<Vec<Lettered>, Exhausted> {
    let mut lines: Vec<Open> = Vec::new();
    // Lines by where their last letters stand; one that wavers is under several rows.
    let mut rows: FxHashMap<i32, Vec<u32>> = FxHashMap::default();
    let row_of = |bottom: f32| (bottom / (MAX_HEIGHT * BASELINE_SHARE)).floor() as i32;
    for letter in letters {
        let b = &letter.bounds;
        let mut best: Option<(f32, u32)> = None;
        let row = row_of(b.bottom);
        for near in row - 1..=row + 1 {
            let Some(open) = rows.get_mut(&near) else { continue };
            budget.spend(open.len() as u64)?;
            // Lines whose last letter is too far behind for any letter to come are complete.
            open.retain(|&i| b.left - lines[i as usize].last.right <= MAX_HEIGHT * LINE_GAP);
            for &i in open.iter() {
                let last = &lines[i as usize].last;
                let (h, gap) = (last.height(), b.left - last.right);
                let fits = (b.bottom - last.bottom).abs() <= h * BASELINE_SHARE
                    && (b.height() - h).abs() <= h * HEIGHT_SHARE
                    && gap > -h * 0.1
                    && gap <= h * LINE_GAP;
                if fits && best.is_none_or(|(least, _)| gap < least) {
                    best = Some((gap, i));
                }
            }
        }
        let i = match best {
            Some((gap, i)) => {
                let o = &mut lines[i as usize];
                o.line.words += usize::from(gap > b.height() * WORD_GAP);
                o.line.letters += 1;
                o.line.bounds = o.line.bounds.union(b);
                o.letters.push(*letter);
                o.last = *b;
                i
            }
            None => {
                let line = Lettered { bounds: *b, letters: 1, words: 1, style: letter.style };
                lines.push(Open { last: *b, line, letters: vec![*letter] });
                lines.len() as u32 - 1
            }
        };
        let open = rows.entry(row).or_default();
        if !open.contains(&i) {
            open.push(i);
        }
    }
    Ok(texts(lines))
}

/// The chains that are text.
fn texts(lines: Vec<Open>) -> Vec<Lettered> {
    let is_text = |o: &Open| {
        (MIN_LETTERS..=MAX_LETTERS).contains(&o.line.letters) && differ(&o.letters) && stand_close(&o.letters)
    };
    let (sure, few): (Vec<Open>, Vec<Open>) = lines.into_iter().partition(is_text);
    let mut pens: Vec<(u32, f32)> = sure.iter().map(|o| (o.letters[0].style, o.last.height())).collect();
    pens.sort_by(|p, q| p.0.cmp(&q.0).then(p.1.total_cmp(&q.1)));
    pens.dedup_by(|q, p| p.0 == q.0 && q.1 - p.1 < 0.01);
    let known = |l: &Letter| {
        let h = l.bounds.height();
        pens.iter().any(|pen| pen.0 == l.style && (pen.1 - h).abs() <= h * SAME_HEIGHT_SHARE)
    };
    let bars = |o: &Open| o.letters.iter().filter(|l| l.is_bar()).count() as f32;
    let enough = |o: &&Open| {
        o.line.letters >= MIN_LETTERS_OF_PEN
            && o.letters.iter().all(known)
            && bars(o) < SAME_SHAPE_SHARE * o.letters.len() as f32
    };
    sure.iter().chain(few.iter().filter(enough)).map(|o| o.line).collect()
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

fn stand_close(letters: &[Letter]) -> bool {
    let close = |w: &&[Letter]| {
        w[1].bounds.left - w[0].bounds.right <= CLOSE_GAP * w[0].bounds.height().max(w[1].bounds.height())
    };
    let count = letters.windows(2).filter(close).count();
    count as f32 >= CLOSE_SHARE * (letters.len() - 1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(left: f32, width: f32) -> [Run; 2] {
        // An upright and a bar that touch.
        let bounds = |left: f32, right: f32, top: f32, bottom: f32| ListRect { left, top, right, bottom };
        [
            Run { bounds: bounds(left, left, 100.0, 106.0), style: 0 },
            Run { bounds: bounds(left, left + width, 100.0, 100.0), style: 0 },
        ]
    }

    fn found(widths: &[f32]) -> Vec<Lettered> {
        let mut x = 50.0;
        let mut runs = Vec::new();
        for (i, w) in widths.iter().enumerate() {
            runs.extend(letter(x, *w));
            x += w + if i == 4 { 5.0 } else { 1.5 };
        }
        read(&runs, &Budget::unlimited()).unwrap().lines
    }

    #[test]
    fn letters_on_a_baseline_are_a_line() {
        let lines = found(&[4.0, 3.0, 4.2, 2.0, 4.0, 3.5, 4.0, 1.0]);
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].letters, lines[0].words), (8, 2));
    }

    #[test]
    fn sides_of_a_row_of_symbols_are_no_letters_of_the_pen_that_letters_beside_them() {
        let bar = |x: f32, top: f32| Run {
            bounds: ListRect { left: x, top, right: x, bottom: top + 6.0 },
            style: 0,
        };
        let mut runs = Vec::new();
        let mut x = 50.0;
        for width in [4.0, 3.0, 4.2, 2.0, 4.0, 3.5, 4.0, 1.0] {
            runs.extend(letter(x, width));
            x += width + 1.5;
        }
        runs.extend((0..12_u8).map(|k| bar(50.0 + 9.0 * f32::from(k), 200.0)));
        let seen = read(&runs, &Budget::unlimited()).unwrap();
        assert_eq!(seen.lines.len(), 1);
        assert!(seen.of_run[..16].iter().all(|l| *l) && seen.of_run[16..].iter().all(|l| !l));
        // One of two letters may be one.
        runs.extend(letter(300.0, 3.0));
        runs.push(bar(305.0, 100.0));
        assert_eq!(read(&runs, &Budget::unlimited()).unwrap().lines.len(), 2);
    }

    #[test]
    fn equal_shapes_in_a_row_and_a_few_letters_are_none() {
        assert!(found(&[4.0; 12]).is_empty());
        assert!(found(&[4.0, 3.0, 2.0]).is_empty());
    }
}
