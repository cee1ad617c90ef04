//! What the walk notes of every drawn thing, to tell afterwards what of it can be seen.

use hayro_interpret::{BlendMode, ClipPath, DrawProps, FillRule, Image, Paint as PdfPaint, StrokeProps};
use kurbo::{Affine, BezPath, Rect, Stroke, StrokeOpts};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};

use super::bounds::{intersect, list_rect, visible_part};
use super::cover::{Clips, Cover, Form, MAX_ALL_EDGES, Scene, UNCLIPPED, reach};
use super::outline::{Outline, Rings};
use crate::geom::ListRect;
use crate::page::display::{DisplayList, Paint};

/// Narrower strokes are lines, not areas that hide something; list units.
const THICK: f32 = 3.0;
/// Thick strokes that are looked at as covers, and corners of one such stroke.
const MAX_STROKES: usize = 2_000;
const MAX_STROKE_ELEMENTS: usize = 1_000;
/// Things looked at to see whether pictures lie over them, and pictures that are decoded because they do.
const MAX_PICTURE_LOOKS: usize = 200_000_000;
const MAX_DECODED: usize = 64;
/// How far chords of a stroke's outline may be off, list units.
const TOLERANCE: f64 = 0.05;
/// Groups at least this opaque let nothing through.
const OPAQUE: f32 = 0.999;

/// What is known of a path beside its entry in the list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// Its place in the order of painting.
    pub(super) seq: u32,
    /// The clip of no rectangle that it was painted in.
    pub(super) clip: u32,
    opaque: bool,
}

#[derive(Debug)]
pub(super) struct Sight {
    page: ListRect,
    seq: u32,
    pub(super) marks: Vec<Mark>,
    /// Bounds of what each clip, together with those below it, leaves visible; and what is no rectangle
    /// of it.
    stack: Vec<(ListRect, u32)>,
    /// Whether each open group lets nothing of what it covers through.
    groups: Vec<bool>,
    clips: Clips,
    known_outlines: FxHashMap<u64, u32>,
    known_clips: FxHashMap<(u32, u32), u32>,
    /// Edges of all outlines.
    edges: usize,
    /// Covers that are no filled path.
    covers: Vec<Cover>,
    strokes: usize,
    picture_looks: usize,
    decoded: usize,
    incomplete: bool,
}

impl Sight {
    pub(super) fn new(page: ListRect) -> Self {
        Self {
            page,
            seq: 0,
            marks: Vec::new(),
            stack: Vec::new(),
            groups: Vec::new(),
            clips: Clips::default(),
            known_outlines: FxHashMap::default(),
            known_clips: FxHashMap::default(),
            edges: 0,
            covers: Vec::new(),
            strokes: 0,
            picture_looks: 0,
            decoded: 0,
            incomplete: false,
        }
    }

    /// Place of the next thing in the order of painting.
    pub(super) fn next(&mut self) -> u32 {
        self.seq = self.seq.saturating_add(1);
        self.seq
    }

    /// Bounds of what the clips in force leave visible.
    pub(super) fn clip(&self) -> ListRect {
        self.stack.last().map_or(self.page, |top| top.0)
    }

    /// What is no rectangle of the clips in force.
    pub(super) fn shape(&self) -> u32 {
        self.stack.last().map_or(UNCLIPPED, |top| top.1)
    }

    pub(super) fn push_rect(&mut self, rect: Rect) {
        self.stack.push((intersect(&self.clip(), &list_rect(rect)), self.shape()));
    }

    pub(super) fn push_clip(&mut self, clip: &ClipPath) {
        let bounds = intersect(&self.clip(), &list_rect(clip.path.control_box()));
        let parent = self.shape();
        let rings = Rings::of_path(&clip.path, Affine::IDENTITY);
        let outline = if rings.is_upright() {
            None
        } else {
            let outline = Outline::of(&rings, clip.fill == FillRule::EvenOdd);
            // Past the limits a clip counts by its bounds: more is kept than can be seen.
            self.incomplete |= outline.is_none() && rings.len() > 2;
            outline.and_then(|outline| self.keep(outline))
        };
        let shape = outline.map_or(parent, |outline| {
            let clips = &mut self.clips;
            *self.known_clips.entry((parent, outline)).or_insert_with(|| clips.push(parent, outline))
        });
        self.stack.push((bounds, shape));
    }

    pub(super) fn pop_clip(&mut self) {
        self.stack.pop();
    }

    /// The number of an outline, the same for the same one: programs set their clip anew for every line.
    fn keep(&mut self, outline: Outline) -> Option<u32> {
        let mut hasher = rustc_hash::FxHasher::default();
        for [a, b] in outline.edges() {
            [a[0], a[1], b[0], b[1]].map(f32::to_bits).hash(&mut hasher);
        }
        let key = hasher.finish();
        let known = self.known_outlines.get(&key).copied();
        if let Some(known) = known.filter(|id| self.clips.outlines[*id as usize].is_same(&outline)) {
            return Some(known);
        }
        let id = self.add(outline)?;
        self.known_outlines.insert(key, id);
        Some(id)
    }

    fn add(&mut self, outline: Outline) -> Option<u32> {
        if self.edges + outline.edges().len() > MAX_ALL_EDGES {
            self.incomplete = true;
            return None;
        }
        self.edges += outline.edges().len();
        self.clips.outlines.push(outline);
        Some(self.clips.outlines.len() as u32 - 1)
    }

    pub(super) fn push_group(&mut self, opacity: f32, masked: bool, blend_mode: BlendMode) {
        let opaque = opacity >= OPAQUE && !masked && blend_mode == BlendMode::Normal;
        self.groups.push(opaque && self.in_opaque_groups());
    }

    pub(super) fn pop_group(&mut self) {
        self.groups.pop();
    }

    fn in_opaque_groups(&self) -> bool {
        self.groups.last().copied().unwrap_or(true)
    }

    /// Whether nothing shows through what is painted so. Patterns and shadings are taken for transparent:
    /// a tiling has gaps, and a shading need not reach as far as the area that it fills.
    pub(super) fn is_opaque(&self, props: &DrawProps<'_>) -> bool {
        let solid = match &props.paint {
            PdfPaint::Color(color) => color.to_rgba().to_rgba8()[3] == u8::MAX,
            PdfPaint::Pattern(_) => false,
        };
        solid && props.soft_mask.is_none() && props.blend_mode == BlendMode::Normal && self.in_opaque_groups()
    }

    /// Notes a path that was just added to the list.
    pub(super) fn mark(&mut self, seq: u32, opaque: bool) {
        self.marks.push(Mark { seq, clip: self.shape(), opaque });
    }

    /// Notes the area of a stroke, if it is one that hides something.
    pub(super) fn cover_by_stroke(
        &mut self,
        (seq, rgba): (u32, u32),
        path: &BezPath,
        transform: Affine,
        stroke: &StrokeProps,
    ) {
        let factor = transform.determinant().abs().sqrt();
        let thick = stroke.line_width * factor as f32 >= THICK && stroke.dash_array.is_empty();
        if !thick || path.elements().len() > MAX_STROKE_ELEMENTS {
            return;
        }
        self.strokes += 1;
        if self.strokes > MAX_STROKES {
            self.incomplete = true;
            return;
        }
        let pen = Stroke {
            width: f64::from(stroke.line_width),
            join: stroke.line_join,
            miter_limit: f64::from(stroke.miter_limit),
            start_cap: stroke.line_cap,
            end_cap: stroke.line_cap,
            dash_pattern: SmallVec::new(),
            dash_offset: 0.0,
        };
        let outline =
            kurbo::stroke(path.elements().iter().copied(), &pen, &StrokeOpts::default(), TOLERANCE / factor);
        let rings = Rings::of_path(&outline, transform);
        if rings.is_finite() {
            let visible = visible_part(&rings.bounds(), &self.clip());
            let (shape, page) = (self.shape(), self.page);
            if let Some(cover) = self.cover(&rings, false, visible, shape) {
                self.covers.push(Cover { seq, rgba: Some(rgba), rect: reach(&visible, &page), ..cover });
            }
        }
    }

    /// Whether a picture lets nothing through, as far as its head tells, and is worth `looks` to see whether
    /// it lies over something.
    pub(super) fn may_cover(&mut self, image: &Image<'_, '_>, bounds: &ListRect, looks: usize) -> bool {
        let Image::Raster(raster) = image else { return false };
        let stream = raster.stream();
        let masked = [&b"SMask"[..], b"Mask", b"SMaskInData"].iter().any(|k| stream.dict().contains_key(*k));
        let side = bounds.width().min(bounds.height());
        if masked || side < Form::LEAST || !self.in_opaque_groups() {
            return false;
        }
        self.picture_looks += looks;
        let few = self.decoded < MAX_DECODED && self.picture_looks <= MAX_PICTURE_LOOKS;
        self.incomplete |= !few;
        few
    }

    /// Notes a picture over things that were drawn before it. It hides them if it can be decoded: a damaged
    /// one shows nothing.
    pub(super) fn cover_by_picture(&mut self, seq: u32, image: &Image<'_, '_>, transform: Affine) {
        let Image::Raster(raster) = image else { return };
        self.decoded += 1;
        let mut solid = false;
        // The hint keeps decoders that can from unfolding more than is asked of them.
        raster.with_rgba(|_, alpha| solid = alpha.is_none(), Some((64, 64)));
        let placed = Rect::new(0.0, 0.0, f64::from(image.width()), f64::from(image.height()));
        let rings = Rings::of_path(&kurbo::Shape::to_path(&placed, TOLERANCE), transform);
        if solid && rings.is_finite() {
            let visible = visible_part(&rings.bounds(), &self.clip());
            let (shape, page) = (self.shape(), self.page);
            if let Some(cover) = self.cover(&rings, false, visible, shape) {
                self.covers.push(Cover { seq, rect: reach(&visible, &page), ..cover });
            }
        }
    }

    /// A cover of this form, inside of a clip.
    fn cover(&mut self, rings: &Rings, even_odd: bool, rect: ListRect, clip: u32) -> Option<Cover> {
        let mut outlines: SmallVec<[u32; 2]> = self.clips.chain(clip).collect();
        match Form::of(rings, even_odd) {
            Form::Nothing => return None,
            Form::Upright => {}
            Form::Outline(outline) => outlines.push(self.add(outline)?),
        }
        Some(Cover { seq: 0, rect, outlines, rgba: None })
    }

    /// All that hides something on the page of `list`, whose paths are those that were marked; the marks.
    pub(super) fn finish(mut self, list: &DisplayList) -> (Scene, Vec<Mark>) {
        let marks = std::mem::take(&mut self.marks);
        for (entry, mark) in list.paths.iter().zip(&marks) {
            let style = &list.styles[entry.style as usize];
            let side = entry.visible.width().min(entry.visible.height());
            if !mark.opaque || style.paint == Paint::Stroke || side < Form::LEAST {
                continue;
            }
            let (verbs, coords) = list.path(entry);
            let rect = reach(&entry.visible, &self.page);
            let even_odd = style.paint == Paint::FillEvenOdd;
            if let Some(cover) = self.cover(&Rings::of(verbs, coords), even_odd, rect, mark.clip) {
                self.covers.push(Cover { seq: mark.seq, rgba: Some(style.rgba), ..cover });
            }
        }
        (Scene::new(self.clips, self.covers, &self.page, self.incomplete), marks)
    }
}
