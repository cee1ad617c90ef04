//! From a person's box to the symbol that it means.

use super::beside::Beside;
use super::choice::Choice;
use super::company::{Company, Letters};
use super::cut;
use super::index::PageIndex;
use super::ink::{Ink, Segment};
use super::label;
use super::matching::Matcher;
use super::pose::Pose;
use super::scan::Patch;
use super::search::placed;
use super::surroundings;
use super::tag::Tag;
use super::template::{Template, centred};
use super::texture;
use super::variant::Around;
use crate::budget::{Budget, Exhausted};
use crate::geom::{ListRect, PxRect};

/// Smallest side of a box, page pixels and list units.
const MIN_SIDE_PX: f64 = 4.0;
const MIN_SIDE: f32 = 1.0;
/// Share of the page that a box may cover.
const MAX_PAGE_SHARE: f32 = 0.25;
/// Straight pieces of one exemplar at most.
pub(super) const MAX_PIECES: usize = 5_000;
/// Ink shorter than this share of the box's diagonal is no symbol.
const MIN_INK_SHARE: f32 = 0.25;
/// Width of a straight line at most: list units, and pixels of a scan.
const FLAT: f32 = 0.15;
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
    #[error(
        "the page has no strokes to match: nothing on it could be read as a line, as where lines are hardly darker than their paper"
    )]
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
        let blot = match &patch {
            // What is small and dark all over has no strokes that could be traced.
            Some(patch) if choice.kept.is_empty() && !page.styles.is_empty() => patch.edge(),
            _ => Vec::new(),
        };
        if choice.kept.is_empty() && blot.is_empty() {
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
        let hatches = texture::Hatches::of(&beyond, &page.styles, gap).entering(area, &pieces, &page.styles);
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
        weights.resize(weights.len() + blot.len(), 1.0);
        ink.segments.extend(blot);
        let length: f32 = ink.segments.iter().zip(&weights).map(|(s, w)| s.length() * w).sum();
        if patch.is_none() && length < area.width().hypot(area.height()) * MIN_INK_SHARE {
            let only_background = choice.through > 0 || ids.len() < choice.kept.len();
            return Err(if only_background { ExemplarError::OnlyBackground } else { ExemplarError::Blank });
        }
        ink.joined = ids
            .windows(2)
            .map(|w| w[1] == w[0] + 1 && page.segments[w[0] as usize].b == page.segments[w[1] as usize].a)
            .collect();
        ink.joined.resize(ink.segments.len(), false);
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
        match page.fills.painted(&template, &pose) {
            Some(painted) => template.painted = painted,
            // What is painted may tell it from itself.
            None => template.exact.clear(),
        }
        let matcher = Matcher { page, template: &template, same_pen: true, thorough: false };
        let own = surroundings::look(&matcher, &pose, None, &|_| false);
        let (beside, around) = (Beside::of(&matcher, &pose), Around::of(&matcher, &pose, &|_| false));
        (template.own, template.beside, template.around) = (own, beside, around);
        template.drop_symmetries_of_strokes_alone();
        let words = label::said(page, &template, &pose, &placed(page, &template.hull, &pose));
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
