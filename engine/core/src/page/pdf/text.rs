//! Glyphs to words and lines.
//!
//! Glyphs come one by one, in the order of the content stream, at any angle. Consecutive glyphs that
//! continue one another form a fragment; fragments that continue one another on the paper, whatever
//! their order in the file, form a line. All thresholds are fractions of the font size.

use kurbo::Vec2;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::geom::ListRect;
use crate::page::display::{TextLine, Word};

/// Gap that is a space even where none was written. A written space is 0.25 to 0.33; kerning stays
/// below 0.1.
const WORD_GAP: f64 = 0.17;
/// Widest gap inside one text-showing operation (wide spaces of justified notes).
const RUN_GAP: f64 = 3.0;
/// Widest gap between two operations that still belong to one line.
const LINE_GAP: f64 = 1.1;
/// How far a glyph may step back over its predecessor (kerning, overstruck accents).
const BACK_STEP: f64 = 0.35;
/// Baselines inside one text-showing operation agree within this (text rise).
const RUN_BASELINE: f64 = 0.25;
/// Baselines of operations that make one line agree within this: a tag that merely stands beside
/// another is rarely level with it.
const LINE_BASELINE: f64 = 0.08;
/// Cosine of the largest angle between two glyphs of a line (2 degrees).
const SAME_ANGLE: f64 = 0.999_39;
/// Largest ratio between the font sizes of a line.
const SAME_SIZE: f64 = 1.4;
/// A line's extent above and below the baseline.
const ASCENT: f64 = 0.74;
const DESCENT: f64 = 0.22;

/// One glyph in list space.
#[derive(Debug, Clone)]
pub(super) struct GlyphAt {
    pub(super) text: String,
    /// Origin on the baseline.
    pub(super) x: f64,
    pub(super) y: f64,
    /// Unit vectors along the baseline and from it to the top of the letters.
    pub(super) dir: Vec2,
    pub(super) up: Vec2,
    /// Width along the baseline and font size, list units.
    pub(super) advance: f64,
    pub(super) size: f64,
    pub(super) layer: u16,
    /// Number of the text-showing operation.
    pub(super) run: u32,
    /// Its place in the order of painting, and the clip of no rectangle that it was painted in.
    pub(super) seq: u32,
    pub(super) clip: u32,
    /// Of letters as light as paper: when the dark ground that they show on was painted.
    pub(super) ground: Option<u32>,
}

impl GlyphAt {
    fn is_space(&self) -> bool {
        self.text.chars().all(char::is_whitespace)
    }

    fn origin(&self) -> Vec2 {
        Vec2::new(self.x, self.y)
    }

    /// Of the letter, roughly.
    pub(super) fn middle(&self) -> [f32; 2] {
        let middle = self.origin() + self.dir * (self.advance / 2.0) + self.up * (self.size * 0.35);
        [middle.x as f32, middle.y as f32]
    }

    fn end(&self) -> Vec2 {
        self.origin() + self.dir * self.advance
    }

    /// Distance along this glyph's baseline from its end to `next`, and across it; font sizes.
    fn step_to(&self, next: &Self) -> (f64, f64) {
        let d = next.origin() - self.end();
        let size = self.size.max(f64::MIN_POSITIVE);
        (d.dot(self.dir) / size, d.cross(self.dir).abs() / size)
    }

    fn alike(&self, next: &Self) -> bool {
        let ratio = self.size / next.size;
        self.dir.dot(next.dir) >= SAME_ANGLE && ratio < SAME_SIZE && ratio > 1.0 / SAME_SIZE
    }
}

#[derive(Debug, Default)]
pub(super) struct TextCollector {
    glyphs: Vec<GlyphAt>,
    runs: u32,
}

/// Glyphs `start..end` of the collector, one continuing the other.
#[derive(Debug, Clone, Copy)]
struct Fragment {
    start: usize,
    end: usize,
}

impl TextCollector {
    /// Starts a text-showing operation.
    pub(super) fn next_run(&mut self) -> u32 {
        self.runs = self.runs.wrapping_add(1);
        self.runs
    }

    pub(super) fn push(&mut self, glyph: GlyphAt) {
        self.glyphs.push(glyph);
    }

    pub(super) fn retain(&mut self, seen: impl Fn(&GlyphAt) -> bool) {
        self.glyphs.retain(seen);
    }

    pub(super) fn len(&self) -> usize {
        self.glyphs.len()
    }

    pub(super) fn any(&self, fits: impl Fn(&GlyphAt) -> bool) -> bool {
        self.glyphs.iter().any(fits)
    }

    /// Words, and lines that point into them, in reading order: from top to bottom, then from left to
    /// right.
    pub(super) fn group(&mut self) -> (Vec<Word>, Vec<TextLine>) {
        let fragments = self.fragments();
        let mut lines: Vec<Vec<Word>> = self
            .chains(&fragments)
            .into_iter()
            .map(|chain| self.words(&chain.iter().map(|i| fragments[*i]).collect::<Vec<_>>()))
            .filter(|words| !words.is_empty())
            .collect();
        let key = |line: &Vec<Word>| {
            let bounds = line.iter().fold(ListRect::EMPTY, |all, word| all.union(&word.bounds));
            (bounds.top, bounds.left)
        };
        lines.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let mut all_words = Vec::new();
        let mut all_lines = Vec::new();
        for words in lines {
            all_lines.push(TextLine {
                text: words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" "),
                bounds: words.iter().fold(ListRect::EMPTY, |all, word| all.union(&word.bounds)),
                angle: words[0].angle,
                word_start: all_words.len() as u32,
                word_len: words.len() as u32,
            });
            all_words.extend(words);
        }
        (all_words, all_lines)
    }

    /// Cuts the stream of glyphs where one does not continue the one before it.
    fn fragments(&self) -> Vec<Fragment> {
        let mut fragments = Vec::new();
        let mut start = 0;
        for i in 1..=self.glyphs.len() {
            let continues = i < self.glyphs.len() && {
                let (a, b) = (&self.glyphs[i - 1], &self.glyphs[i]);
                let (gap, across) = a.step_to(b);
                let (widest, level) =
                    if a.run == b.run { (RUN_GAP, RUN_BASELINE) } else { (LINE_GAP, LINE_BASELINE) };
                a.alike(b) && across < level && gap > -BACK_STEP && gap < widest
            };
            if !continues {
                fragments.push(Fragment { start, end: i });
                start = i;
            }
        }
        fragments.retain(|f| self.glyphs[f.start..f.end].iter().any(|g| !g.is_space()));
        self.drop_overprints(fragments)
    }

    /// Text drawn twice in the same place (filled, then stroked, for weight) is one text.
    fn drop_overprints(&self, fragments: Vec<Fragment>) -> Vec<Fragment> {
        let mut seen: FxHashSet<(String, i64, i64)> = FxHashSet::default();
        fragments
            .into_iter()
            .filter(|f| {
                let first = &self.glyphs[f.start];
                let cell = (first.size * 0.2).max(0.05);
                let text: String = self.glyphs[f.start..f.end].iter().map(|g| g.text.as_str()).collect();
                let (x, y) = ((first.x / cell).round() as i64, (first.y / cell).round() as i64);
                let near = (-1..=1).any(|dx| {
                    (-1..=1)
                        .any(|dy| seen.contains(&(text.clone(), x.saturating_add(dx), y.saturating_add(dy))))
                });
                if !near {
                    seen.insert((text, x, y));
                }
                !near
            })
            .collect()
    }

    /// Orders fragments into lines: each is followed by the nearest one that continues it.
    fn chains(&self, fragments: &[Fragment]) -> Vec<Vec<usize>> {
        let mut candidates = self.candidates(fragments);
        candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut next = vec![None; fragments.len()];
        let mut has_previous = vec![false; fragments.len()];
        for (_, from, to) in candidates {
            if next[from].is_none() && !has_previous[to] {
                next[from] = Some(to);
                has_previous[to] = true;
            }
        }
        let mut used = vec![false; fragments.len()];
        let mut chains = Vec::new();
        // The second pass only finds rings, which letters stacked on one spot could form.
        let heads = (0..fragments.len()).filter(|i| !has_previous[*i]).chain(0..fragments.len());
        for head in heads.collect::<Vec<_>>() {
            let mut chain = Vec::new();
            let mut at = Some(head);
            while let Some(i) = at.filter(|i| !used[*i]) {
                used[i] = true;
                chain.push(i);
                at = next[i];
            }
            if !chain.is_empty() {
                chains.push(chain);
            }
        }
        chains
    }

    /// Pairs (distance, from, to) of fragments of which the second may continue the first.
    fn candidates(&self, fragments: &[Fragment]) -> Vec<(f64, usize, usize)> {
        // Cells hold starts of fragments; a cell is as wide as the widest gap of an ordinary font, and
        // larger fonts look into more cells.
        const CELL: f64 = 16.0;
        const MAX_REACH: i64 = 8;
        // A sheet has some ten thousand fragments and a handful to look at for each. A page that piles
        // its text on one spot gets its lines unjoined beyond this, and takes no time for it.
        const MAX_LOOKS: u64 = 40_000_000;
        let mut looks = 0_u64;
        let cell = |v: Vec2| ((v.x / CELL).floor() as i64, (v.y / CELL).floor() as i64);
        let mut starts: FxHashMap<(i64, i64), Vec<usize>> = FxHashMap::default();
        for (i, f) in fragments.iter().enumerate() {
            starts.entry(cell(self.glyphs[f.start].origin())).or_default().push(i);
        }
        let mut candidates = Vec::new();
        for (i, f) in fragments.iter().enumerate() {
            let last = &self.glyphs[f.end - 1];
            let reach = ((last.size * LINE_GAP / CELL).ceil() as i64).clamp(1, MAX_REACH);
            let (cx, cy) = cell(last.end());
            for dx in -reach..=reach {
                for dy in -reach..=reach {
                    let place = (cx.saturating_add(dx), cy.saturating_add(dy));
                    for &j in starts.get(&place).map_or(&[][..], Vec::as_slice) {
                        looks += 1;
                        if looks > MAX_LOOKS {
                            return candidates;
                        }
                        let first = &self.glyphs[fragments[j].start];
                        let (gap, across) = last.step_to(first);
                        let fits =
                            gap > -BACK_STEP && gap < LINE_GAP && across < LINE_BASELINE && last.alike(first);
                        if i != j && fits {
                            candidates.push((gap.abs() + across, i, j));
                        }
                    }
                }
            }
        }
        candidates
    }

    /// Splits a line at written spaces and at gaps.
    fn words(&self, line: &[Fragment]) -> Vec<Word> {
        let mut words = Vec::new();
        let mut open: Vec<&GlyphAt> = Vec::new();
        for fragment in line {
            let glyphs = &self.glyphs[fragment.start..fragment.end];
            let word_gap = WORD_GAP + tracking(glyphs);
            for glyph in glyphs {
                let apart = open.last().is_some_and(|last| last.step_to(glyph).0 > word_gap);
                if glyph.is_space() || apart {
                    words.extend(word(&open));
                    open.clear();
                }
                if !glyph.is_space() {
                    open.push(glyph);
                }
            }
        }
        words.extend(word(&open));
        words
    }
}

/// Letter spacing that a run of text was set with: the gap that three quarters of its letters exceed.
fn tracking(glyphs: &[GlyphAt]) -> f64 {
    let mut gaps: Vec<f64> = glyphs
        .windows(2)
        .filter(|pair| !pair[0].is_space() && !pair[1].is_space())
        .map(|pair| pair[0].step_to(&pair[1]).0)
        .collect();
    if gaps.len() < 3 {
        return 0.0;
    }
    gaps.sort_by(f64::total_cmp);
    gaps[gaps.len() / 4].max(0.0)
}

fn word(glyphs: &[&GlyphAt]) -> Option<Word> {
    let first = glyphs.first()?;
    let text: String = glyphs.iter().flat_map(|g| g.text.chars()).filter(|c| !c.is_control()).collect();
    if text.is_empty() {
        return None;
    }
    let mut bounds = ListRect::EMPTY;
    for glyph in glyphs {
        for base in [glyph.origin(), glyph.end()] {
            for corner in [base + glyph.up * (glyph.size * ASCENT), base - glyph.up * (glyph.size * DESCENT)]
            {
                bounds.add(corner.x as f32, corner.y as f32);
            }
        }
    }
    Some(Word {
        text,
        bounds,
        angle: first.dir.y.atan2(first.dir.x).to_degrees() as f32,
        size: first.size as f32,
        layer: first.layer,
    })
}
