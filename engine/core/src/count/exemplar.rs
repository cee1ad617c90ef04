//! From a person's box to the symbol that it means.

use rustc_hash::{FxHashMap, FxHashSet};

use super::beside::Beside;
use super::company::{Company, Letters};
use super::cut;
use super::index::PageIndex;
use super::ink::{Ink, Segment, close};
use super::label;
use super::matching::Matcher;
use super::pose::Pose;
use super::scan::Patch;
use super::search::placed;
use super::surroundings::{self, grow};
use super::tag::Tag;
use super::template::{Template, centred};
use super::texture;
use super::variant::Around;
use crate::budget::{Budget, Exhausted};
use crate::geom::{ListRect, PxRect, clip};

/// Smallest side of a box, page pixels and list units.
const MIN_SIDE_PX: f64 = 4.0;
const MIN_SIDE: f32 = 1.0;
/// Share of the page that a box may cover.
const MAX_PAGE_SHARE: f32 = 0.25;
/// Straight pieces of one exemplar at most.
const MAX_PIECES: usize = 5_000;
/// A piece belongs to the symbol when at least this share of it lies in the box.
const INSIDE_SHARE: f32 = 0.85;
/// Ink shorter than this share of the box's diagonal is no symbol.
const MIN_INK_SHARE: f32 = 0.25;
/// A stroke that leaves the box by more than this share of its diagonal runs through.
const LEAVES_SHARE: f32 = 0.2;
/// Strokes in the box that go on outside are at most this share of its ink; more, and the box cuts a symbol.
const STRAY_SHARE: f32 = 0.4;
/// A stroke may lie outside the box by this much, list units; by this share of the diagonal if it
/// hangs on strokes inside.
const MIN_SLACK: f32 = 0.1;
const SLACK_SHARE: f32 = 0.03;
/// Width of a straight line at most: list units, and pixels of a scan.
const FLAT: f32 = 0.15;
/// Ends this close touch, list units.
const TOUCH: f32 = 0.15;
/// What texture counts against an outline.
const TEXTURE_WEIGHT: f32 = 0.2;

/// Why a box is no exemplar.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExemplarError {
    #[error("the exemplar's box is not a box: {0}")]
    Invalid(String),
    #[error("the exemplar's box lies outside the page of {width} x {height} px")]
    OutsidePage { width: u32, height: u32 },
    #[error("the exemplar's box is {w:.0} x {h:.0} px, too small to hold a symbol")]
    TooSmall { w: f64, h: f64 },
    #[error("the exemplar's box covers {percent:.0} % of the page; draw it around one symbol")]
    TooLarge { percent: f64 },
    #[error("the page has no strokes to match: nothing on it could be read as a line")]
    NoVectors,
    #[error("there is nothing drawn inside the exemplar's box")]
    Blank,
    #[error("the exemplar's box holds only hatch and lines that run through it; draw it around a symbol")]
    OnlyBackground,
    #[error(
        "of what is in the exemplar's box, only a straight line is not background, and a line is no symbol; draw it around \
         one whole symbol"
    )]
    OnlyLine,
    #[error("the exemplar's box holds {pieces} strokes, more than one symbol can have")]
    TooComplex { pieces: usize },
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

/// The symbol to count.
#[derive(Debug, Clone)]
pub struct Exemplar {
    pub(super) body: Body,
    /// How it looks, if it was cut from a scan.
    pub(super) patch: Option<Box<Patch>>,
    /// The page it was cut from; `None` once it stands for itself.
    pub(super) page: Option<u64>,
    /// The box as drawn, page pixels.
    pub(super) drawn: PxRect,
    /// Strokes in the box that were taken for background: walls that run through, hatch.
    background: usize,
    /// Words inside its outline.
    pub(super) words: Vec<String>,
    /// What stands beside it, in its box or as a subscript.
    pub(super) company: Company,
}

/// An exemplar's strokes, before they were made ready for searching.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    /// Relative to the middle.
    pub ink: Ink,
    pub weights: Vec<f32>,
    /// On its page, list units.
    pub middle: [f32; 2],
    /// Strokes that the box cuts, as `ink`.
    pub cut: Vec<Segment>,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// A drawing, and what it was made of.
    Ink(Box<Template>, Box<Pieces>),
    /// A text without any drawing.
    Text(Tag),
}

impl Exemplar {
    /// Cuts the symbol out of a box in page pixels. Strokes (nearly) inside the box are the symbol;
    /// what runs through it, and hatch that goes on outside, is background. Text counts only where
    /// nothing is drawn: then the text is the symbol.
    pub fn cut(page: &PageIndex, drawn: PxRect, budget: &Budget) -> Result<Self, ExemplarError> {
        let area = check(page, &drawn)?;
        let cut = Self::ink(page, &area, drawn, budget);
        let nothing_drawn = matches!(
            cut,
            Err(ExemplarError::Blank
                | ExemplarError::OnlyBackground
                | ExemplarError::OnlyLine
                | ExemplarError::NoVectors)
        );
        match Tag::in_box(page, &area).filter(|_| nothing_drawn) {
            Some(tag) => {
                let (index, page) = (page, Some(page.fingerprint));
                let words = tag.words.clone();
                let letters = Letters { size: tag.size, angle: tag.angle };
                let company = Company::of(index, &area, &tag.bounds, Some(letters), &words);
                Ok(Self { body: Body::Text(tag), patch: None, page, drawn, background: 0, words, company })
            }
            None => cut.map(|symbol| Self { company: Company::of_drawing(page, &area, &symbol), ..symbol }),
        }
    }

    fn ink(page: &PageIndex, area: &ListRect, drawn: PxRect, budget: &Budget) -> Result<Self, ExemplarError> {
        let patch = page.sheet.as_ref().and_then(|sheet| Patch::cut(sheet, area));
        let choice = match &patch {
            Some(patch) => Choice::on(page, area, patch),
            None => Choice::of(page, area),
        };
        if choice.kept.is_empty() {
            return Err(match (page.segments.is_empty(), choice.through) {
                (true, _) => ExemplarError::NoVectors,
                (false, 0) => ExemplarError::Blank,
                (false, _) => ExemplarError::OnlyBackground,
            });
        }
        if choice.kept.len() > MAX_PIECES {
            return Err(ExemplarError::TooComplex { pieces: choice.kept.len() });
        }
        let pieces: Vec<Segment> = choice.kept.iter().map(|&i| page.segments[i as usize]).collect();
        let gap = area.width().hypot(area.height()) * 0.25;
        let marks = texture::regular(&pieces, gap);
        let beyond: Vec<Segment> = choice.beyond.iter().map(|&i| page.segments[i as usize]).collect();
        let hatches = texture::Hatches::of(&beyond, &page.styles, gap).entering(area);
        let mut weights = Vec::new();
        let mut ink = Ink { styles: page.styles.clone(), ..Ink::default() };
        let mut ids = Vec::new();
        for ((piece, mark), &id) in pieces.iter().zip(&marks).zip(&choice.kept) {
            if patch.is_none() && hatches.hold(piece, &page.styles) {
                continue;
            }
            weights.push(if *mark { TEXTURE_WEIGHT } else { 1.0 });
            ink.segments.push(*piece);
            ids.push(id);
        }
        let length: f32 = ink.segments.iter().zip(&weights).map(|(s, w)| s.length() * w).sum();
        if patch.is_none() && length < area.width().hypot(area.height()) * MIN_INK_SHARE {
            let only_background = choice.through > 0 || ids.len() < choice.kept.len();
            return Err(if only_background { ExemplarError::OnlyBackground } else { ExemplarError::Blank });
        }
        ink.joined = ids
            .windows(2)
            .map(|w| w[1] == w[0] + 1 && page.segments[w[0] as usize].b == page.segments[w[1] as usize].a)
            .collect();
        ink.joined.push(false);
        let mut bounds = ListRect::EMPTY;
        for s in &ink.segments {
            bounds.add(s.a[0], s.a[1]);
            bounds.add(s.b[0], s.b[1]);
        }
        let middle = [(bounds.left + bounds.right) / 2.0, (bounds.top + bounds.bottom) / 2.0];
        ink.segments = centred(&ink.segments, middle);
        let cut = if patch.is_some() { Vec::new() } else { cut::strokes(page, &ids, area) };
        let cut: Vec<Segment> = cut.into_iter().map(|i| page.segments[i as usize]).collect();
        let cut = centred(&cut, middle);
        let mut exemplar =
            Self::of(page, Pieces { ink, weights, middle, cut }, drawn, choice.through, budget)?;
        if exemplar.is_flat(page.grain) {
            return Err(ExemplarError::OnlyLine);
        }
        exemplar.patch = patch.map(|mut patch| {
            patch.about(middle);
            Box::new(patch)
        });
        Ok(exemplar)
    }

    fn of(
        page: &PageIndex,
        pieces: Pieces,
        drawn: PxRect,
        background: usize,
        budget: &Budget,
    ) -> Result<Self, Exhausted> {
        let pose = Pose::at(pieces.middle);
        let mut template = Template::of(&pieces.ink, &pieces.weights, page.grain, budget)?;
        template.painted = page.fills.painted(&template, &pose).unwrap_or_default();
        let matcher = Matcher { page, template: &template, same_pen: true, thorough: false };
        let own = surroundings::look(&matcher, &pose, None, &|_| false);
        let (beside, around) = (Beside::of(&matcher, &pose), Around::of(&matcher, &pose, &|_| false));
        (template.own, template.beside, template.around) = (own, beside, around);
        let words = label::inside(page, &template, &pose, &placed(page, &template.hull, &pose));
        Ok(Self {
            body: Body::Ink(Box::new(template), Box::new(pieces)),
            patch: None,
            page: Some(page.fingerprint),
            drawn,
            background,
            words,
            company: Company::default(),
        })
    }

    /// The symbol with only those of its strokes for which `keep` holds, by their number.
    pub(super) fn keeping(&self, page: &PageIndex, keep: impl Fn(usize) -> bool) -> Option<Self> {
        let Body::Ink(_, old) = &self.body else { return None };
        let kept: Vec<usize> = (0..old.ink.segments.len()).filter(|&n| keep(n)).collect();
        let segments: Vec<Segment> = kept.iter().map(|&n| old.ink.segments[n]).collect();
        let mut joined: Vec<bool> =
            kept.windows(2).map(|w| w[1] == w[0] + 1 && old.ink.joined[w[0]]).collect();
        joined.push(false);
        let pieces = Pieces {
            ink: Ink { segments, joined, closed: Vec::new(), styles: old.ink.styles.clone() },
            weights: kept.iter().map(|&n| old.weights[n]).collect(),
            middle: old.middle,
            cut: old.cut.clone(),
        };
        let background = self.background + old.ink.segments.len() - kept.len();
        let less = Self::of(page, pieces, self.drawn, background, &Budget::unlimited()).ok()?;
        let less = Self { company: self.company.clone(), ..less };
        (!less.is_flat(page.grain)).then_some(less)
    }

    /// Whether its ink is one straight line.
    fn is_flat(&self, grain: f32) -> bool {
        let Body::Ink(template, _) = &self.body else { return false };
        template.width <= f64::from(FLAT.max(grain))
    }

    /// The same symbol for a page that must not be taken for its own, even if it is an exact copy of it.
    pub fn as_foreign(&self) -> Self {
        Self { page: None, ..self.clone() }
    }

    /// Strokes inside the box that were left out as background.
    pub fn background_strokes(&self) -> usize {
        self.background
    }

    /// What it says: the words inside its outline, in reading order.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Words that stand beside it, in its box or as a subscript: those found say the same there if all its lettering is
    /// to agree.
    pub fn words_beside(&self) -> &[String] {
        &self.company.words
    }

    /// The box as it was drawn, page pixels.
    pub fn drawn(&self) -> PxRect {
        self.drawn
    }
}

/// The box in list units, cut to the page.
fn check(page: &PageIndex, drawn: &PxRect) -> Result<ListRect, ExemplarError> {
    if !drawn.is_finite() || drawn.w < 0.0 || drawn.h < 0.0 {
        return Err(ExemplarError::Invalid(format!("{drawn:?}")));
    }
    let (width, height) = (page.space.width_px, page.space.height_px);
    let whole = PxRect::new(0.0, 0.0, f64::from(width), f64::from(height));
    if page.segments.is_empty() && page.words.is_empty() {
        return Err(ExemplarError::NoVectors);
    }
    if drawn.w < MIN_SIDE_PX || drawn.h < MIN_SIDE_PX {
        return Err(ExemplarError::TooSmall { w: drawn.w, h: drawn.h });
    }
    if drawn.overlap(&whole) < drawn.w * drawn.h * 0.5 {
        return Err(ExemplarError::OutsidePage { width, height });
    }
    let area = page.space.rect_to_list(drawn);
    let area = ListRect {
        left: area.left.max(0.0),
        top: area.top.max(0.0),
        right: area.right.min(page.width),
        bottom: area.bottom.min(page.height),
    };
    let share = area.width() * area.height() / (page.width * page.height);
    if share > MAX_PAGE_SHARE {
        return Err(ExemplarError::TooLarge { percent: f64::from(share) * 100.0 });
    }
    if area.width() < MIN_SIDE || area.height() < MIN_SIDE {
        return Err(ExemplarError::TooSmall { w: drawn.w, h: drawn.h });
    }
    Ok(area)
}

/// Which segments in a box belong to its symbol.
struct Choice {
    kept: Vec<u32>,
    /// Segments around it: those that enter or pass the box, and those near it.
    beyond: Vec<u32>,
    through: usize,
}

impl Choice {
    /// What the picture of a scan says: strokes on the symbol's ink are the symbol's.
    fn on(page: &PageIndex, area: &ListRect, patch: &Patch) -> Self {
        let b = patch.bounds;
        let middle = [(b.left + b.right) / 2.0, (b.top + b.bottom) / 2.0];
        let diagonal = area.width().hypot(area.height());
        let (mut kept, mut beyond) = (Vec::new(), Vec::new());
        for i in page.grid.within(&grow(area, diagonal * 0.5)) {
            let s = &page.segments[i as usize];
            let places = [0.1, 0.3, 0.5, 0.7, 0.9];
            let held = places.into_iter().filter(|t| patch.holds(s.at(*t), middle)).count();
            if held >= 4 { kept.push(i) } else { beyond.push(i) }
        }
        Self { through: 0, kept, beyond }
    }

    fn of(page: &PageIndex, area: &ListRect) -> Self {
        let diagonal = area.width().hypot(area.height());
        let grown = grow(area, MIN_SLACK);
        let slack = grow(area, (diagonal * SLACK_SHARE).max(MIN_SLACK));
        let (mut kept, mut beyond, mut edge, mut entered) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for i in page.grid.within(&grow(area, diagonal * 0.5)) {
            let s = &page.segments[i as usize];
            let inside = clip(s.a, s.b, &grown).map(|(a, b)| (b[0] - a[0]).hypot(b[1] - a[1]));
            if inside.is_some_and(|l| l >= s.length() * INSIDE_SHARE) {
                kept.push(i);
            } else if clip(s.a, s.b, &slack).is_some_and(|(a, b)| a == s.a && b == s.b) {
                edge.push(i);
            } else {
                entered += usize::from(inside.is_some());
                beyond.push(i);
            }
        }
        reach_out(page, &mut kept, edge, &mut beyond);
        // Lettering is text, however it is drawn: it counts only where it is all there is.
        let lettered = |i: &u32| page.lettered[page.run_of[*i as usize] as usize];
        if !kept.iter().all(lettered) {
            kept.retain(|i| !lettered(i));
        }
        if kept.len() > MAX_PIECES {
            return Self { kept, beyond, through: entered };
        }
        let passing = passing_runs(page, &kept, &grown, diagonal);
        let before = kept.len();
        let strays = strays(page, &kept, &beyond, &grow(area, diagonal * LEAVES_SHARE));
        kept.retain(|&i| {
            let passes = passing.contains(&page.run_of[i as usize]) || strays.contains(&i);
            if passes {
                beyond.push(i);
            }
            !passes
        });
        Self { through: entered + before - kept.len(), kept, beyond }
    }
}

/// A box drawn a little too tight: strokes just outside belong when they hang on those inside.
fn reach_out(page: &PageIndex, kept: &mut Vec<u32>, mut edge: Vec<u32>, beyond: &mut Vec<u32>) {
    let touch = |p, q| close(p, q, TOUCH);
    let ends = |i: u32| [page.segments[i as usize].a, page.segments[i as usize].b];
    // A few rounds: what lies in the slack is a side or two, not a drawing.
    for _ in 0..4 {
        let hangs = |i: &u32| {
            let near = |p: [f32; 2]| {
                page.grid
                    .near(p[0], p[1], TOUCH)
                    .any(|j| kept.binary_search(&j).is_ok() && ends(j).into_iter().any(|q| touch(p, q)))
            };
            ends(*i).into_iter().any(near)
        };
        let (more, rest): (Vec<u32>, Vec<u32>) = edge.iter().partition(|i| hangs(i));
        if more.is_empty() {
            break;
        }
        kept.extend(more);
        kept.sort_unstable();
        edge = rest;
    }
    beyond.extend(&edge);
}

/// Runs that leave the box although some of their pieces lie in it: a cable, a line drawn in pieces.
/// A run whose part in the box ends where other strokes of the symbol end is a side that a
/// neighbour's side happens to continue.
fn passing_runs(page: &PageIndex, kept: &[u32], grown: &ListRect, diagonal: f32) -> Vec<u32> {
    let mut by_run: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for &i in kept {
        by_run.entry(page.run_of[i as usize]).or_default().push(i);
    }
    let ends = |i: u32| {
        let s = &page.segments[i as usize];
        [s.a, s.b]
    };
    let touch = |p, q| close(p, q, TOUCH);
    let mut passing: Vec<u32> = Vec::new();
    for (&run, members) in &by_run {
        let b = page.runs[run as usize].bounds;
        let leaves = (grown.left - b.left)
            .max(grown.top - b.top)
            .max(b.right - grown.right)
            .max(b.bottom - grown.bottom);
        if leaves <= diagonal * LEAVES_SHARE {
            continue;
        }
        let outside = |p: [f32; 2]| {
            page.grid.near(p[0], p[1], TOUCH).any(|j| {
                page.run_of[j as usize] == run
                    && !members.contains(&j)
                    && ends(j).into_iter().any(|q| touch(p, q))
            })
        };
        let structural = |p: [f32; 2]| {
            kept.iter().any(|&j| page.run_of[j as usize] != run && ends(j).into_iter().any(|q| touch(p, q)))
        };
        let cut = members.iter().flat_map(|&i| ends(i)).any(|p| outside(p) && !structural(p));
        if cut {
            passing.push(run);
        }
    }
    passing.sort_unstable();
    passing
}

/// Pieces in the box that go on outside it, corner by corner: a wire that bends in the box, the side of a
/// neighbour. At a place where more than two strokes end, the symbol's own may begin.
fn strays(page: &PageIndex, kept: &[u32], beyond: &[u32], far: &ListRect) -> Vec<u32> {
    let ends = |i: u32| [page.segments[i as usize].a, page.segments[i as usize].b];
    let outside = |p: [f32; 2]| p[0] < far.left || p[0] > far.right || p[1] < far.top || p[1] > far.bottom;
    let touch = |p, q| close(p, q, TOUCH);
    // Whatever hangs end to end on a stroke that leaves, outside the box first.
    let mut open: Vec<u32> = beyond.iter().copied().filter(|&i| ends(i).into_iter().any(outside)).collect();
    let mut reached: FxHashSet<u32> = open.iter().copied().collect();
    let beyond: FxHashSet<u32> = beyond.iter().copied().collect();
    let mut strays = Vec::new();
    while let Some(i) = open.pop() {
        for end in ends(i) {
            let mut meeting: Vec<u32> = page
                .grid
                .near(end[0], end[1], TOUCH)
                .filter(|&j| j != i && ends(j).into_iter().any(|q| touch(end, q)))
                .collect();
            // A segment comes once for each cell that it passes here.
            meeting.sort_unstable();
            meeting.dedup();
            let &[next] = meeting.as_slice() else { continue };
            let one_pen = page.segments[next as usize].style == page.segments[i as usize].style;
            let is_kept = kept.binary_search(&next).is_ok();
            if one_pen && (is_kept || beyond.contains(&next)) && reached.insert(next) {
                open.push(next);
                if is_kept {
                    strays.push(next);
                }
            }
        }
    }
    let length = |list: &[u32]| list.iter().map(|&i| page.segments[i as usize].length()).sum::<f32>();
    // A box drawn through the symbol itself cuts it; then nothing is stray.
    if length(&strays) > STRAY_SHARE * length(kept) { Vec::new() } else { strays }
}

impl std::fmt::Display for Exemplar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Body::Ink(t, _) = &self.body else { return write!(f, "text") };
        write!(
            f,
            "symbol of {:.1} units of ink ({} lines, {} curves, {} loops, {} symmetries), {} strokes of background left out",
            t.weight,
            t.lines.len(),
            t.curves.len(),
            t.loops.len(),
            t.symmetries.len(),
            self.background
        )
    }
}
