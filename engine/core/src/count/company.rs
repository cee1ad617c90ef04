//! Words that stand beside a symbol and belong to it: the subscript of a switch, the letters of its kind. A program
//! that sets a smaller letter starts a text of its own, so they are none of the words that the symbol itself says.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::exemplar::{Body, Exemplar};
use super::index::PageIndex;
use super::label::{self, MAX_WORDS, middle};
use super::pose::Pose;
use super::search::Detection;
use super::tag::TagWord;
use crate::geom::ListRect;

/// Share of a word that lies in the exemplar's box if it stands partly there.
const PARTLY: f32 = 0.3;
/// A subscript has so many characters and this share of the size of a tag, or of the height of a symbol, at most, and
/// is no further from it than this, its own sizes.
const MAX_SUBSCRIPT: usize = 3;
const SUBSCRIPT_SIZE: f32 = 0.85;
const SUBSCRIPT_GAP: f32 = 0.25;
/// Baselines of a tag and its subscript differ by less, degrees.
const SAME_ANGLE: f32 = 2.0;
/// What more a word may be off the symbol at another place than at the exemplar, its own sizes.
const SLACK: f32 = 0.3;
/// Half of the tallest word, list units.
const TALLEST: f32 = 36.0;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Company {
    /// What stands beside the exemplar, in reading order.
    pub words: Vec<String>,
    /// One of them is a subscript in the exemplar's box.
    pub has_subscript: bool,
    /// One is a single character that hangs on the symbol, which may make another kind of it.
    hangs: bool,
    /// How far from the exemplar they stand at most, list units.
    reach: f32,
    /// Height of the letters of a tag; `None` of a drawing.
    tag: Option<Letters>,
}

/// How a tag is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letters {
    pub size: f32,
    pub angle: f32,
}

/// What others say beside the symbol, and how often.
pub(super) type Said = BTreeMap<String, usize>;

impl Company {
    /// Of a symbol that lies in `bounds` and says `said`, in a box.
    pub(super) fn of(
        page: &PageIndex,
        area: &ListRect,
        bounds: &ListRect,
        tag: Option<Letters>,
        said: &[String],
    ) -> Self {
        let mut company = Self { tag, ..Self::default() };
        let reach = bounds.width().max(bounds.height()) + area.width().max(area.height());
        for i in others(page, bounds, reach, said) {
            let word = &page.words[i as usize];
            let (x, y) = middle(word);
            let in_box = holds(area, x, y) || shared(area, &word.bounds) >= PARTLY;
            let subscript = company.is_subscript(bounds, word, 1.0);
            if (in_box || subscript) && company.words.len() < MAX_WORDS {
                company.words.push(word.text.clone());
                company.has_subscript |= in_box && subscript && tag.is_some();
                company.hangs |= subscript && word.text.chars().count() == 1;
                company.reach = company.reach.max(gap(bounds, &word.bounds));
            }
        }
        company
    }

    /// Of a symbol that was cut from a box.
    pub(super) fn of_drawing(page: &PageIndex, area: &ListRect, symbol: &Exemplar) -> Self {
        let Body::Ink(template, pieces) = &symbol.body else { return Self::default() };
        Self::of(page, area, &template.outline(&Pose::at(pieces.middle)), None, &symbol.words)
    }

    fn is_subscript(&self, bounds: &ListRect, word: &TagWord, scale: f32) -> bool {
        let (size, angle) = match self.tag {
            Some(tag) => (tag.size * scale, Some(tag.angle)),
            None => (bounds.height(), None),
        };
        let level = word.angle.abs() < SAME_ANGLE;
        // The turn of a tag at another place is not the exemplar's: its box is compared.
        let along = angle.is_none_or(|_| level || bounds.height() > bounds.width());
        let behind = !level || word.bounds.right > (bounds.left + bounds.right) / 2.0;
        word.size <= size * SUBSCRIPT_SIZE
            && word.text.chars().count() <= MAX_SUBSCRIPT
            && along
            && behind
            && gap(bounds, &word.bounds) <= word.size * SUBSCRIPT_GAP
    }

    /// What matches say beside them, each word at the nearest of them: all of it in reach, and which are subscripts.
    fn at<'p>(&self, page: &'p PageIndex, found: &[Detection]) -> Vec<Vec<(&'p TagWord, bool)>> {
        let bounds: Vec<ListRect> = found.iter().map(|d| page.space.rect_to_list(&d.bbox)).collect();
        let mut nearest: FxHashMap<u32, (f32, usize)> = FxHashMap::default();
        for (nth, (d, b)) in found.iter().zip(&bounds).enumerate() {
            let reach = self.reach * d.scale as f32;
            for i in others(page, b, reach, &d.words) {
                let apart = gap(b, &page.words[i as usize].bounds);
                let best = nearest.entry(i).or_insert((apart, nth));
                if apart < best.0 {
                    *best = (apart, nth);
                }
            }
        }
        let mut words: Vec<(u32, usize)> = nearest.into_iter().map(|(word, (_, nth))| (word, nth)).collect();
        words.sort_unstable();
        let mut said = vec![Vec::new(); found.len()];
        for (i, nth) in words {
            let word = &page.words[i as usize];
            let subscript = self.is_subscript(&bounds[nth], word, found[nth].scale as f32);
            said[nth].push((word, subscript));
        }
        said
    }

    /// What each of the matches says otherwise than the exemplar; `None` if it says the same, whatever else stands
    /// there. A tag with a subscript is another one than that without.
    fn otherwise(&self, page: &PageIndex, found: &[Detection]) -> Vec<Option<Vec<String>>> {
        let differs = |said: &Vec<(&TagWord, bool)>| {
            let mut free: Vec<&(&TagWord, bool)> = said.iter().collect();
            let same = self.words.iter().all(|w| {
                let at = free.iter().position(|(word, _)| word.text == *w);
                at.map(|at| free.swap_remove(at)).is_some()
            });
            let more = self.tag.is_some() && free.iter().any(|(_, subscript)| *subscript);
            (!same || more).then(|| said.iter().take(MAX_WORDS).map(|(w, _)| w.text.clone()).collect())
        };
        self.at(page, found).iter().map(differs).collect()
    }

    /// Takes out what says something else beside the symbol; gives how often each was there, after the words of the
    /// symbol itself.
    pub(super) fn part(&self, page: &PageIndex, found: &mut Vec<Detection>, others: &mut Said) {
        if self.words.is_empty() && self.tag.is_none() {
            return;
        }
        let mut otherwise = self.otherwise(page, found).into_iter();
        found.retain(|d| match otherwise.next().flatten().filter(|_| !d.is_exemplar) {
            Some(beside) => {
                let says: Vec<String> = d.words.iter().chain(&beside).cloned().collect();
                *others.entry(says.join(" ")).or_default() += 1;
                false
            }
            None => true,
        });
    }

    /// What matches say otherwise that are to say anything, as far as it may make another symbol of them: no number
    /// that only numbers it, nor a word that nobody else has and that only happens to stand in the box.
    pub(super) fn noted(&self, page: &PageIndex, found: &[Detection]) -> Said {
        let mut said = Said::new();
        if self.tag.is_none() && !self.hangs && !self.words.iter().any(|w| label::is_tag(w)) {
            return said;
        }
        let (mut shared, mut all) = (0, 0);
        for (d, beside) in found.iter().zip(self.otherwise(page, found)) {
            if d.is_exemplar {
                continue;
            }
            all += 1;
            match beside {
                Some(words) => *said.entry(words.join(" ")).or_default() += 1,
                None => shared += 1,
            }
        }
        let bare = said.get("").copied().unwrap_or(0);
        if shared == 0 && bare * 2 > all { Said::new() } else { said }
    }
}

/// Words within reach of a symbol that are none of those that it says itself, in reading order.
fn others(page: &PageIndex, bounds: &ListRect, reach: f32, said: &[String]) -> Vec<u32> {
    let order = page.by_height.all();
    let far = reach + TALLEST;
    let height = |i: u32| middle(&page.words[i as usize]).1;
    let from = order.partition_point(|&i| height(i) < bounds.top - far);
    let near = order[from..].iter().copied().take_while(|&i| height(i) <= bounds.bottom + far);
    let in_reach = |i: &u32| {
        let word = &page.words[*i as usize];
        gap(bounds, &word.bounds) <= reach + word.size * SLACK
    };
    let mut near: Vec<u32> = near.filter(in_reach).collect();
    near.sort_unstable();
    // What it says itself stands in it: the words of its own that are nearest its middle.
    let (x, y) = ((bounds.left + bounds.right) / 2.0, (bounds.top + bounds.bottom) / 2.0);
    for own in said {
        let off = |i: &u32| {
            let (a, b) = middle(&page.words[*i as usize]);
            (a - x).hypot(b - y)
        };
        let same = near.iter().enumerate().filter(|(_, i)| page.words[**i as usize].text == *own);
        let at = same.min_by(|p, q| off(p.1).total_cmp(&off(q.1))).map(|(at, _)| at);
        at.map(|at| near.remove(at));
    }
    near
}

fn holds(r: &ListRect, x: f32, y: f32) -> bool {
    x >= r.left && x <= r.right && y >= r.top && y <= r.bottom
}

/// Distance of two boxes.
fn gap(p: &ListRect, q: &ListRect) -> f32 {
    let x = (p.left - q.right).max(q.left - p.right).max(0.0);
    let y = (p.top - q.bottom).max(q.top - p.bottom).max(0.0);
    x.hypot(y)
}

/// Share of a word's box that lies in another.
fn shared(area: &ListRect, word: &ListRect) -> f32 {
    let x = area.right.min(word.right) - area.left.max(word.left);
    let y = area.bottom.min(word.bottom) - area.top.max(word.top);
    x.max(0.0) * y.max(0.0) / (word.width() * word.height()).max(f32::MIN_POSITIVE)
}
