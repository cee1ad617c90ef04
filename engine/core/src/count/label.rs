//! What a symbol says: the words inside its outline, and whether two symbols say the same.
//!
//! A tag such as `T1` makes one diamond another thing than its neighbour `T2`; a number in a bubble only
//! numbers it; a word that happens to lie across a symbol means nothing at all. Which it is, the page
//! itself shows: see [`decide`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::index::PageIndex;
use super::matching::{narrow, wide};
use super::pose::Pose;
use super::runs::Baseline;
use super::search::Detection;
use super::tag::TagWord;
use super::template::Template;
use crate::geom::{ListRect, PxRect, clip};

/// How lettering inside a symbol is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Everything inside must be the same, nothing inside included.
    Whole,
    /// A word that begins with a letter must be shared: `A 3` is like `A 5` and not like `B 3`.
    Tags,
    /// Lettering means nothing.
    Nothing,
}

/// Words of one symbol at most; more are a text that the symbol stands in.
pub(super) const MAX_WORDS: usize = 8;
/// Longest tag, characters.
const MAX_TAG: usize = 8;

/// Words of one line that are no further apart than this, font sizes, are read together. A space is 0.25 to 0.33;
/// the tags of symbols that touch are further apart.
const PHRASE_GAP: f32 = 0.4;
/// A line strikes a word that runs through all of this middle part of its box, but for a tenth, and is so much longer
/// than the word: no stroke of a letter.
const STRUCK: f32 = 0.5;
const STRIKES: f64 = 1.5;
/// Sine of the largest angle between such a line and the word.
const ALONG: f32 = 0.2;
/// How far the ends of words that are read together may stick out of the symbol that they are in, diameters.
const SLACK: f64 = 0.1;

/// By word: bounds of the words of its line that are read together with it.
pub(super) fn phrases(words: &[TagWord], lines: &[(u32, u32)]) -> Vec<ListRect> {
    let mut phrases: Vec<ListRect> = words.iter().map(|w| w.bounds).collect();
    for &(start, len) in lines {
        let line = start as usize..(start + len) as usize;
        let Some(of_line) = words.get(line.clone()) else { continue };
        let mut from = line.start;
        for phrase in of_line.chunk_by(|p, q| gap(p, q) <= PHRASE_GAP * p.size.min(q.size)) {
            let bounds = phrase.iter().fold(ListRect::EMPTY, |b, w| b.union(&w.bounds));
            phrases[from..from + phrase.len()].fill(bounds);
            from += phrase.len();
        }
    }
    phrases
}

/// Length along its baseline: from its box, which is larger around a word that is turned.
fn length(word: &TagWord) -> f32 {
    let (sin, cos) = word.angle.to_radians().sin_cos();
    let (along, across) =
        if cos.abs() >= sin.abs() { (word.bounds.width(), sin) } else { (word.bounds.height(), cos) };
    (along - word.size * across.abs()).max(0.0) / cos.abs().max(sin.abs())
}

/// What is free between two words of a line.
fn gap(p: &TagWord, q: &TagWord) -> f32 {
    let (a, b) = (middle(p), middle(q));
    (a.0 - b.0).hypot(a.1 - b.1) - (length(p) + length(q)) / 2.0
}

/// Indexes of a page's words from top to bottom.
#[derive(Debug, Default)]
pub(super) struct ByHeight(Vec<u32>);

impl ByHeight {
    pub(super) fn of(words: &[TagWord]) -> Self {
        let mut order: Vec<u32> = (0..words.len() as u32).collect();
        order.sort_by(|&i, &j| middle(&words[i as usize]).1.total_cmp(&middle(&words[j as usize]).1));
        Self(order)
    }

    pub(super) fn all(&self) -> &[u32] {
        &self.0
    }
}

pub(super) fn middle(word: &TagWord) -> (f32, f32) {
    let b = &word.bounds;
    ((b.left + b.right) / 2.0, (b.top + b.bottom) / 2.0)
}

/// The words inside the outline of a placed symbol, in reading order; none of a text that is longer than
/// the symbol or goes on outside it.
pub(super) fn inside(page: &PageIndex, template: &Template, pose: &Pose, bbox: &PxRect) -> Vec<String> {
    texts(page, &held(page, template, pose, bbox))
}

/// The same of an exemplar: what it says. What one of its own lines strikes lies over it, whoever else has it.
pub(super) fn said(page: &PageIndex, template: &Template, pose: &Pose, bbox: &PxRect) -> Vec<String> {
    let mut held = held(page, template, pose, bbox);
    held.retain(|&i| !is_struck(template, pose, &page.words[i as usize]));
    texts(page, &held)
}

fn texts(page: &PageIndex, words: &[u32]) -> Vec<String> {
    words.iter().map(|&i| page.words[i as usize].text.clone()).collect()
}

/// Their indexes.
fn held(page: &PageIndex, template: &Template, pose: &Pose, bbox: &PxRect) -> Vec<u32> {
    let area = page.space.rect_to_list(bbox);
    let order = &page.by_height.0;
    let from = order.partition_point(|&i| middle(&page.words[i as usize]).1 < area.top);
    let longest = (template.diameter * pose.scale()) as f32;
    let mut held: Vec<u32> = order[from..]
        .iter()
        .copied()
        .take_while(|&i| middle(&page.words[i as usize]).1 <= area.bottom)
        .filter(|&i| {
            let word = &page.words[i as usize];
            let (x, y) = middle(word);
            let phrase = &page.phrases[i as usize];
            let holds = |x: f32, y: f32, slack: f64| {
                template.encloses(pose.invert([f64::from(x), f64::from(y)]), -slack * template.diameter)
            };
            let (cx, cy) = ((phrase.left + phrase.right) / 2.0, (phrase.top + phrase.bottom) / 2.0);
            let ends = if phrase.width() >= phrase.height() {
                [(phrase.left, cy), (phrase.right, cy)]
            } else {
                [(cx, phrase.top), (cx, phrase.bottom)]
            };
            phrase.width().max(phrase.height()) <= longest
                && holds(x, y, 0.0)
                && (*phrase == word.bounds || ends.into_iter().all(|(x, y)| holds(x, y, SLACK)))
        })
        .collect();
    if held.len() > MAX_WORDS {
        return Vec::new();
    }
    held.sort_unstable();
    held
}

/// Whether a line of a placed symbol runs through a word along it, from end to end.
fn is_struck(template: &Template, pose: &Pose, word: &TagWord) -> bool {
    let (sin, cos) = word.angle.to_radians().sin_cos();
    let word = &word.bounds;
    let (x, y) = (word.width() * (1.0 - STRUCK) / 2.0, word.height() * (1.0 - STRUCK) / 2.0);
    let core =
        ListRect { left: word.left + x, top: word.top + y, right: word.right - x, bottom: word.bottom - y };
    let least = STRIKES * f64::from(word.width().max(word.height()));
    let through = core.width().max(core.height()) * 0.9;
    let long = |l: &&Baseline| !l.of_curve && f64::from(l.chord) * pose.scale() >= least;
    template.lines.iter().filter(long).any(|l| {
        let [a, b] = [l.a, l.b].map(|p| narrow(pose.apply(wide(p))));
        clip(a, b, &core).is_some_and(|(a, b)| {
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let length = dx.hypot(dy);
            length >= through && (dy * cos - dx * sin).abs() <= ALONG * length
        })
    })
}

/// Whether a word is a tag: short, and a letter leads it.
pub(super) fn is_tag(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_alphabetic) && word.chars().count() <= MAX_TAG
}

/// Whether a symbol says what the exemplar says.
pub(super) fn agree(compare: Compare, exemplar: &[String], other: &[String]) -> bool {
    match compare {
        Compare::Nothing => true,
        Compare::Whole => exemplar == other,
        Compare::Tags => exemplar.iter().any(|w| is_tag(w) && other.contains(w)),
    }
}

/// How the lettering of an exemplar is meant, judged by the other symbols of its shape; `None` when
/// there are none to judge by.
///
/// Without a tag in it, it is not compared. With one it must agree, unless nobody else has it and most
/// have no lettering at all: then it is a word that happens to lie there.
pub(super) fn decide<'d>(
    exemplar: &[String],
    mut others: impl Iterator<Item = &'d [String]> + Clone,
) -> Option<Compare> {
    if !exemplar.iter().any(|w| is_tag(w)) {
        return Some(Compare::Nothing);
    }
    let (all, bare) =
        others.clone().fold((0, 0), |(all, bare), l| (all + 1, bare + usize::from(l.is_empty())));
    if all == 0 {
        return None;
    }
    let shared = others.any(|l| agree(Compare::Tags, exemplar, l));
    Some(if !shared && bare * 2 > all { Compare::Nothing } else { Compare::Tags })
}

/// Takes out what says something else; gives how often each other lettering was there.
pub(super) fn part(
    compare: Compare,
    exemplar: &[String],
    found: &mut Vec<Detection>,
) -> BTreeMap<String, usize> {
    let mut others = BTreeMap::new();
    found.retain(|d| {
        let same = d.is_exemplar || agree(compare, exemplar, &d.words);
        if !same {
            *others.entry(d.words.join(" ")).or_default() += 1;
        }
        same
    });
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn decided(exemplar: &str, others: &[&str]) -> Option<Compare> {
        let others: Vec<Vec<String>> = others.iter().map(|o| words(o)).collect();
        decide(&words(exemplar), others.iter().map(Vec::as_slice))
    }

    #[test]
    fn tags_must_agree_and_numbers_need_not() {
        assert_eq!(decided("T1", &["T1", "T2", ""]), Some(Compare::Tags));
        assert_eq!(decided("A", &["B", "C", "D"]), Some(Compare::Tags), "grid bubbles by letter");
        assert_eq!(decided("101", &["102", "103"]), Some(Compare::Nothing));
        assert_eq!(decided("", &["T1", ""]), Some(Compare::Nothing));
        assert_eq!(decided("T1", &[]), None);
        // A room's name across one fixture of many.
        assert_eq!(decided("CORR", &["", "", "", "12"]), Some(Compare::Nothing));
        // One that others have, too, is no accident.
        assert_eq!(decided("GFI", &["", "", "", "GFI"]), Some(Compare::Tags));
    }

    #[test]
    fn what_agrees() {
        assert!(agree(Compare::Tags, &words("A 3"), &words("A 5")));
        assert!(!agree(Compare::Tags, &words("A 3"), &words("B 3")));
        assert!(!agree(Compare::Tags, &words("T1"), &[]));
        assert!(agree(Compare::Whole, &[], &[]));
        assert!(!agree(Compare::Whole, &words("12"), &words("13")));
        assert!(agree(Compare::Nothing, &words("12"), &words("T")));
        assert!(!is_tag("ELECTRICAL"));
    }
}
