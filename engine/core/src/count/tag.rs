//! Counting what is only text: a tag without a bubble.

use super::index::PageIndex;
use super::search::Detection;
use crate::geom::ListRect;

/// Words of one tag at most.
const MAX_WORDS: usize = 8;

/// A word as far as counting cares.
#[derive(Debug, Clone)]
pub(super) struct TagWord {
    pub text: String,
    pub bounds: ListRect,
    pub angle: f32,
    pub size: f32,
}

/// A text to count: the words of one line.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) words: Vec<String>,
    pub(super) bounds: ListRect,
    pub(super) angle: f32,
    pub(super) size: f32,
}

impl Tag {
    /// The words in a box that are of one line: of several, the one in the largest letters, which others hang on.
    pub(super) fn in_box(page: &PageIndex, area: &ListRect) -> Option<Self> {
        let mut largest: Option<Self> = None;
        for &(start, len) in &page.word_lines {
            let line = &page.words[start as usize..(start + len) as usize];
            let inside: Vec<&TagWord> = line.iter().filter(|w| holds(area, &w.bounds)).collect();
            if let Some(first) = inside.first()
                && inside.len() <= MAX_WORDS
                && largest.as_ref().is_none_or(|l| first.size > l.size)
            {
                largest = Some(Self {
                    words: inside.iter().map(|w| w.text.clone()).collect(),
                    bounds: inside.iter().fold(ListRect::EMPTY, |b, w| b.union(&w.bounds)),
                    angle: first.angle,
                    size: first.size,
                });
            }
        }
        largest
    }

    /// Every place where the page says the same, in a size within the range, unordered.
    pub(super) fn find(&self, page: &PageIndex, own: bool, min_scale: f64, max_scale: f64) -> Vec<Detection> {
        let mut found = Vec::new();
        for &(start, len) in &page.word_lines {
            let line = &page.words[start as usize..(start + len) as usize];
            for words in line.windows(self.words.len()) {
                if !words.iter().zip(&self.words).all(|(w, text)| w.text == *text) {
                    continue;
                }
                let scale = f64::from(words[0].size / self.size.max(f32::MIN_POSITIVE));
                if scale < min_scale || scale > max_scale {
                    continue;
                }
                let bounds = words.iter().fold(ListRect::EMPTY, |b, w| b.union(&w.bounds));
                let bbox = page.space.rect_to_px(&bounds);
                let turn = f64::from(words[0].angle - self.angle).rem_euclid(360.0);
                found.push(Detection {
                    bbox,
                    center: bbox.center(),
                    angle_deg: (turn * 100.0).round() / 100.0 % 360.0,
                    mirrored: false,
                    scale,
                    confidence: 1.0,
                    likeness: 1.0,
                    coverage: 1.0,
                    extra: 0.0,
                    is_exemplar: own && bounds == self.bounds,
                    in_legend: false,
                    apart: None,
                    match_line: None,
                    variant: false,
                    other_pen: false,
                    framed: false,
                    words: self.words.clone(),
                });
            }
        }
        found
    }
}

/// Whether most of a word lies in the box.
fn holds(area: &ListRect, word: &ListRect) -> bool {
    let (x, y) = ((word.left + word.right) / 2.0, (word.top + word.bottom) / 2.0);
    let slack = word.height() * 0.25;
    x >= area.left
        && x <= area.right
        && y >= area.top
        && y <= area.bottom
        && word.left >= area.left - slack
        && word.right <= area.right + slack
}
