//! Everything about a page that does not depend on the exemplar, made once.

use std::borrow::Cow;
use std::hash::Hasher;
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::apart::{Apart, Drawn, Parts, SheetSeen};
use super::fills::Fills;
use super::grid::Grid;
use super::ink::{Ink, InkStyle, Segment};
use super::label::{self, ByHeight};
use super::legend::{Legend, Level};
use super::lettering;
use super::marks::Marks;
use super::of_pens::OfPens;
use super::runs::{Baseline, Loop, Run, Runs};
use super::scan::Sheet;
use super::tag::TagWord;
use crate::budget::{Budget, Exhausted};
use crate::geom::{DEFAULT_DPI, ListRect, ListUnit, POINTS_PER_INCH, PageSpace, PxRect};
use crate::page::display::DisplayList;

/// A page made ready for searching. Building takes one pass over the page's ink; any number of
/// exemplars can then be cut from it and looked for on it.
#[derive(Debug)]
pub struct PageIndex {
    pub(super) space: PageSpace,
    /// What a drawn place may be off, list units: a pixel of a scan, 0 for vectors.
    pub(super) grain: f32,
    /// What the scanner saw, if it is a scan.
    pub(super) sheet: Option<Sheet>,
    /// Upright page, list units.
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) segments: Vec<Segment>,
    pub(super) styles: Vec<InkStyle>,
    pub(super) run_of: Vec<u32>,
    pub(super) runs: Vec<Run>,
    pub(super) lines: Vec<Baseline>,
    pub(super) curves: Vec<Baseline>,
    pub(super) loops: Vec<Loop>,
    pub(super) grid: Grid,
    pub(super) marks: Arc<Marks>,
    pub(super) of_pens: OfPens,
    pub(super) fills: Fills,
    pub(super) words: Vec<TagWord>,
    pub(super) by_height: ByHeight,
    /// By word: bounds of the words that it is read together with.
    pub(super) phrases: Vec<ListRect>,
    /// First word and number of words of each line of text.
    pub(super) word_lines: Vec<(u32, u32)>,
    pub(super) legend: Legend,
    pub(super) parts: Parts,
    /// Which runs are strokes of lettering.
    pub(super) lettered: Vec<bool>,
    pub(super) fingerprint: u64,
}

impl PageIndex {
    /// Indexes a display list. Time and memory grow with the page's segments; the budget's step is
    /// about one segment.
    pub fn build(list: &DisplayList, budget: &Budget) -> Result<Self, Exhausted> {
        let picture = list.picture.as_ref();
        let list = &*in_points(list);
        let per_unit = list.space.px_per_unit.max(f64::MIN_POSITIVE);
        let width = (f64::from(list.space.width_px) / per_unit) as f32;
        let height = (f64::from(list.space.height_px) / per_unit) as f32;
        let ink = Ink::of(list, budget)?;
        let Runs { run_of, runs, lines, curves, loops } = Runs::link(&ink, budget)?;
        let grid = Grid::build(&ink.segments, width, height, budget)?;
        let marks = Marks::build(&ink.segments, width, height, budget)?;
        let words = list.words.iter().map(|w| TagWord {
            text: w.text.clone(),
            bounds: w.bounds,
            angle: w.angle,
            size: w.size,
        });
        let words: Vec<TagWord> = words.collect();
        let fingerprint = fingerprint(&ink.segments, &words, &list.space);
        let lettering = lettering::read(&runs, budget)?;
        // A program draws level.
        let level = if list.grain > 0.0 { Level::of(&lines) } else { Level::default() };
        let legend = Legend::of(list, &lines, &lettering.lines, level);
        let drawn = Drawn { texts: &list.lines, lines: &lines, segments: &ink.segments, styles: &ink.styles };
        let parts = Parts::of(&drawn, [width, height], budget)?;
        let word_lines: Vec<(u32, u32)> = list.lines.iter().map(|l| (l.word_start, l.word_len)).collect();
        Ok(Self {
            space: list.space,
            grain: list.grain,
            sheet: picture.map(|p| Sheet::of(p, width)),
            width,
            height,
            styles: ink.styles,
            segments: ink.segments,
            run_of,
            runs,
            lines,
            curves,
            loops,
            grid,
            marks: Arc::new(marks),
            of_pens: OfPens::default(),
            fills: Fills::of(list, budget)?,
            by_height: ByHeight::of(&words),
            phrases: label::phrases(&words, &word_lines),
            words,
            word_lines,
            legend,
            parts,
            lettered: lettering.of_run,
            fingerprint,
        })
    }

    /// What the page says of itself and of the sheets that go on where it ends.
    pub fn sheet(&self) -> SheetSeen {
        self.parts.seen(&self.space)
    }

    /// Where the page's title block and key plans are, page pixels.
    pub fn parts(&self) -> Vec<(Apart, PxRect)> {
        self.parts.areas().map(|(what, area)| (what, self.space.rect_to_px(area))).collect()
    }

    /// Straight pieces of ink on the page.
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }
}

/// A list in points of the paper, as lengths here are meant; a picture without a resolution is taken for
/// 150 dpi.
fn in_points(list: &DisplayList) -> Cow<'_, DisplayList> {
    if list.space.unit == ListUnit::Point {
        return Cow::Borrowed(list);
    }
    let px_per_unit = list.space.dpi.unwrap_or(DEFAULT_DPI) / POINTS_PER_INCH;
    let times = (list.space.px_per_unit / px_per_unit) as f32;
    let rect = |r: &mut ListRect| {
        *r = ListRect {
            left: r.left * times,
            top: r.top * times,
            right: r.right * times,
            bottom: r.bottom * times,
        };
    };
    // The picture is left where it is: it is large, and has no points.
    let mut list = list.without_picture();
    list.space = PageSpace { unit: ListUnit::Point, px_per_unit, ..list.space };
    list.grain *= times;
    list.coords.iter_mut().flatten().for_each(|v| *v *= times);
    list.styles.iter_mut().for_each(|s| s.width *= times);
    list.paths.iter_mut().for_each(|p| {
        rect(&mut p.bounds);
        rect(&mut p.visible);
    });
    list.words.iter_mut().for_each(|w| {
        rect(&mut w.bounds);
        w.size *= times;
    });
    list.lines.iter_mut().for_each(|l| rect(&mut l.bounds));
    Cow::Owned(list)
}

/// Tells pages apart, so that an exemplar knows its own.
fn fingerprint(segments: &[Segment], words: &[TagWord], space: &PageSpace) -> u64 {
    let mut hash = FxHasher::default();
    hash.write_u32(space.width_px);
    hash.write_u32(space.height_px);
    for s in segments {
        for v in [s.a[0], s.a[1], s.b[0], s.b[1]] {
            hash.write_u32(v.to_bits());
        }
    }
    for w in words {
        hash.write(w.text.as_bytes());
        hash.write_u32(w.bounds.left.to_bits());
        hash.write_u32(w.bounds.top.to_bits());
    }
    hash.finish()
}
