//! What the walk notes of every drawn thing, to tell afterwards what of it can be seen.

use hayro_interpret::{BlendMode, ClipPath, DrawProps, FillRule, Image, Paint as PdfPaint, StrokeProps};
use kurbo::{Affine, BezPath, Rect, Stroke, StrokeOpts};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};

use super::bounds::{intersect, list_rect, visible_part};
use super::coats::What;
use super::cover::{Areas, Clips, Cover, Form, MAX_ALL_EDGES, Scene, UNCLIPPED, reach};
use super::opacity::{self, Opaque};
use super::outline::{Outline, Rings};
use super::tally::dashes;
use super::through::{Lets, Mix};
use super::veil::{Tiles, Veil};
use super::walk::is_light;
use crate::geom::ListRect;
use crate::page::display::{DisplayList, Paint, PathEntry};

/// Narrower strokes are lines, not areas that hide something, unless they are as light as paper, which nobody
/// draws for its own sake; list units.
const THICK: f32 = 3.0;
const THICK_LIGHT: f32 = 0.5;
/// Dashes that a thick stroke is looked at by.
const MAX_DASHES: f64 = 2_000.0;
/// Thick strokes that are looked at as covers, and corners of one such stroke.
const MAX_STROKES: usize = 2_000;
const MAX_STROKE_ELEMENTS: usize = 1_000;
/// Areas that are looked at as grounds.
const MAX_GROUNDS: usize = 20_000;
/// Things looked at to see whether pictures lie over them, and pictures that are decoded because they do.
const MAX_PICTURE_LOOKS: usize = 200_000_000;
const MAX_DECODED: usize = 64;
/// How far chords of a stroke's outline may be off, list units.
const TOLERANCE: f64 = 0.05;
/// Groups of less opacity than this are not seen.
const INVISIBLE: f32 = 0.004;
/// Things looked at to see whether something lies under what is nearly opaque.
const MAX_FAINT_LOOKS: usize = 50_000_000;

/// How thick a stroke of a colour is that hides something.
pub(super) fn thick(rgba: u32) -> f32 {
    if is_light(rgba) { THICK_LIGHT } else { THICK }
}

/// What is known of a path beside its entry in the list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// Its place in the order of painting.
    pub(super) seq: u32,
    /// The clip of no rectangle that it was painted in.
    pub(super) clip: u32,
    /// Nothing shows through it.
    pub(super) opaque: bool,
    /// How it is painted on what lies under it.
    pub(super) mix: Mix,
    /// It has the colour of what it lies on.
    pub(super) sunk: bool,
}

/// An open group, with those around it.
#[derive(Debug, Clone, Copy)]
struct Group {
    mix: Mix,
    veil: Veil,
}

impl Group {
    const NONE: Self = Self { mix: Mix::PLAIN, veil: Veil::Shows };
}

#[derive(Debug)]
pub(super) struct Sight {
    page: ListRect,
    seq: u32,
    pub(super) marks: Vec<Mark>,
    /// Bounds of what each clip, together with those below it, leaves visible; and what is no rectangle
    /// of it.
    stack: Vec<(ListRect, u32)>,
    groups: Vec<Group>,
    clips: Clips,
    known_outlines: FxHashMap<u64, u32>,
    known_clips: FxHashMap<(u32, u32), u32>,
    /// Edges of all outlines.
    edges: usize,
    /// Covers that are no filled path.
    covers: Vec<Cover>,
    /// Areas that show through, or have no single colour; and filled paths among them, by their places in the list.
    grounds: Vec<Cover>,
    ground_paths: Vec<(u32, u32)>,
    whats: Vec<What>,
    strokes: usize,
    picture_looks: usize,
    decoded: usize,
    faint_looks: usize,
    incomplete: bool,
    /// Things of which it cannot be told whether they show, and areas of which it cannot be told what they hide.
    unsure: u64,
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
            grounds: Vec::new(),
            ground_paths: Vec::new(),
            whats: Vec::new(),
            strokes: 0,
            picture_looks: 0,
            decoded: 0,
            faint_looks: 0,
            incomplete: false,
            unsure: 0,
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

    /// Opens a group that is painted with an opacity, through a mask.
    pub(super) fn push_group(&mut self, opacity: f32, mask: Option<Veil>, blend_mode: BlendMode) {
        let around = self.group();
        let own = if opacity <= INVISIBLE { Veil::Hides } else { mask.unwrap_or(Veil::Shows) };
        self.groups.push(Group { mix: around.mix.within(opacity, blend_mode), veil: around.veil.and(own) });
    }

    pub(super) fn pop_group(&mut self) {
        self.groups.pop();
    }

    fn group(&self) -> Group {
        self.groups.last().copied().unwrap_or(Group::NONE)
    }

    /// Whether what is drawn now can be seen at all, through the groups that are open and a mask of its own; counts
    /// what may be seen or not.
    pub(super) fn shows(&mut self, mask: Option<Veil>) -> bool {
        let veil = self.group().veil.and(mask.unwrap_or(Veil::Shows));
        self.unsure += u64::from(veil == Veil::Unsure);
        veil != Veil::Hides
    }

    /// Whether the groups that are open let anything through.
    pub(super) fn is_shown(&self) -> bool {
        self.group().veil != Veil::Hides
    }

    pub(super) fn page(&self) -> ListRect {
        self.page
    }

    /// Notes that there was more than is looked at.
    pub(super) fn leave_out(&mut self) {
        self.incomplete = true;
    }

    /// Notes an area of which it cannot be told what it hides.
    pub(super) fn is_unsure(&mut self) {
        self.unsure += 1;
    }

    pub(super) fn unsure(&self) -> u64 {
        self.unsure
    }

    /// What shows through what is painted so, with a pattern that does `tiles` and through a mask. Through a mask that
    /// may let it show, what is painted is unsure by itself.
    pub(super) fn lets(&self, props: &DrawProps<'_>, tiles: Option<Tiles>, mask: Option<Veil>) -> Lets {
        let Group { mix, veil } = self.group();
        if veil.and(mask.unwrap_or(Veil::Shows)) != Veil::Shows {
            return Lets::Through;
        }
        let mix = mix.within(1.0, props.blend_mode);
        match &props.paint {
            PdfPaint::Color(color) => mix.lets(u32::from_be_bytes(color.to_rgba().to_rgba8())),
            PdfPaint::Pattern(_) if tiles == Some(Tiles::Cover) => mix.lets_of_any(),
            PdfPaint::Pattern(_) => Lets::Through,
        }
    }

    /// What shows through the opaque parts of a picture that is painted so.
    pub(super) fn lets_of_picture(&self, mask: Option<Veil>, blend: BlendMode) -> Lets {
        let Group { mix, veil } = self.group();
        match veil.and(mask.unwrap_or(Veil::Shows)) {
            Veil::Shows => mix.within(1.0, blend).lets_of_any(),
            Veil::Unsure => Lets::Unsure,
            Veil::Hides => Lets::Through,
        }
    }

    /// Whether so many more things may be looked at to see whether they lie under something nearly opaque.
    pub(super) fn may_look_under(&mut self, looks: usize) -> bool {
        self.faint_looks = self.faint_looks.saturating_add(looks);
        self.faint_looks <= MAX_FAINT_LOOKS
    }

    /// Notes a path that was just added to the list.
    pub(super) fn mark(&mut self, seq: u32, opaque: bool, blend: BlendMode) {
        self.marks.push(Mark { seq, clip: self.shape(), opaque, mix: self.mix(blend), sunk: false });
    }

    /// How something with a blend mode is painted now.
    pub(super) fn mix(&self, blend: BlendMode) -> Mix {
        self.group().mix.within(1.0, blend)
    }

    /// Whether nothing of what is drawn now is surely seen, through the groups and a mask.
    pub(super) fn is_veiled(&self, mask: Option<Veil>) -> bool {
        self.group().veil.and(mask.unwrap_or(Veil::Shows)) != Veil::Shows
    }

    /// Notes that the last path of the list, the `seq`th thing, is a ground for what comes after it.
    pub(super) fn ground_by_path(&mut self, what: What) {
        let path = self.marks.len().saturating_sub(1) as u32;
        if let Some(what) = self.keep_what(what) {
            self.ground_paths.push((path, what));
        }
    }

    /// Notes another area: as a cover of one colour, or as a ground.
    pub(super) fn area(&mut self, seq: u32, rings: &Rings, paint: Result<u32, What>, line: bool) {
        if !rings.is_finite() {
            return;
        }
        let visible = visible_part(&rings.bounds(), &self.clip());
        let (shape, page) = (self.shape(), self.page);
        let least = paint.as_ref().map_or(Form::LEAST, |rgba| Form::least(*rgba));
        let Some(cover) = self.cover(rings, false, visible, (shape, least)) else { return };
        let cover = Cover { seq, rect: reach(&visible, &page), line, ..cover };
        match paint {
            Ok(rgba) => self.covers.push(Cover { rgba: Some(rgba), ..cover }),
            Err(what) => {
                if let Some(what) = self.keep_what(what) {
                    self.grounds.push(Cover { what, ..cover });
                }
            }
        }
    }

    fn keep_what(&mut self, what: What) -> Option<u32> {
        if self.whats.len() >= MAX_GROUNDS {
            self.incomplete = true;
            return None;
        }
        self.whats.push(what);
        Some(self.whats.len() as u32 - 1)
    }

    /// Notes the area of a stroke, if it is one that hides something or shows its colour under others.
    pub(super) fn area_of_stroke(
        &mut self,
        (seq, rgba): (u32, u32),
        path: &BezPath,
        transform: Affine,
        stroke: &StrokeProps,
        paint: Result<u32, What>,
    ) {
        let factor = transform.determinant().abs().sqrt();
        if stroke.line_width * (factor as f32) < thick(rgba) || path.elements().len() > MAX_STROKE_ELEMENTS {
            return;
        }
        if !stroke.dash_array.is_empty() && dashes(path, stroke) > MAX_DASHES {
            self.incomplete = true;
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
            dash_pattern: stroke.dash_array.iter().map(|d| f64::from(*d)).collect(),
            dash_offset: f64::from(stroke.dash_offset),
        };
        let outline =
            kurbo::stroke(path.elements().iter().copied(), &pen, &StrokeOpts::default(), TOLERANCE / factor);
        let line = is_light(rgba) && stroke.line_width * (factor as f32) < THICK;
        self.area(seq, &Rings::of_path(&outline, transform), paint, line);
    }

    /// Whether a picture may hide something, and is worth `looks` to see whether it lies over anything.
    pub(super) fn may_cover(&mut self, bounds: &ListRect, looks: usize) -> bool {
        let side = bounds.width().min(bounds.height());
        if side < Form::LEAST {
            return false;
        }
        self.is_worth(looks, self.decoded < MAX_DECODED)
    }

    /// Whether so many looks may still be taken.
    pub(super) fn is_worth(&mut self, looks: usize, and: bool) -> bool {
        self.picture_looks += looks;
        let few = and && self.picture_looks <= MAX_PICTURE_LOOKS;
        self.incomplete |= !few;
        few
    }

    /// Notes a picture over things that were drawn before it: its opaque parts hide them.
    pub(super) fn cover_by_picture(&mut self, seq: u32, image: &Image<'_, '_>, transform: Affine) {
        self.decoded += 1;
        let Ok(rgba) = opacity::paint_of(image) else {
            self.unsure += u64::from(image.width() > 0);
            return;
        };
        if rgba.is_some_and(|rgba| rgba & 0xFF != 0xFF) {
            return;
        }
        let (parts, nearly) = match opacity::of_picture(image) {
            Opaque::Parts(parts, nearly) => (parts, nearly),
            Opaque::Unsure => {
                // Under a dark stencil lines go on.
                self.unsure += u64::from(rgba.is_none_or(is_light));
                return;
            }
        };
        let size = Affine::scale_non_uniform(f64::from(image.width()), f64::from(image.height()));
        let rings =
            |part: kurbo::Rect| Rings::of_path(&kurbo::Shape::to_path(&part, TOLERANCE), transform * size);
        for part in parts {
            let rings = rings(part);
            if !rings.is_finite() {
                continue;
            }
            let visible = visible_part(&rings.bounds(), &self.clip());
            let (shape, page) = (self.shape(), self.page);
            if let Some(cover) = self.cover(&rings, false, visible, (shape, Form::LEAST)) {
                self.covers.push(Cover { seq, rgba, rect: reach(&visible, &page), ..cover });
            }
        }
        // Under a dark stencil lines go on.
        let light = rgba.is_none_or(is_light);
        self.unsure +=
            u64::from(light && nearly.into_iter().any(|part| rings(part).thickness() >= Form::LEAST));
    }

    /// A cover of this form, inside of a clip; thinner than `least` it is none.
    fn cover(
        &mut self,
        rings: &Rings,
        even_odd: bool,
        rect: ListRect,
        (clip, least): (u32, f32),
    ) -> Option<Cover> {
        let mut outlines: SmallVec<[u32; 2]> = self.clips.chain(clip).collect();
        match Form::of(rings, even_odd, least) {
            Form::Nothing => return None,
            Form::Upright => {}
            Form::Outline(outline) => outlines.push(self.add(outline)?),
        }
        Some(Cover { seq: 0, rect, outlines, rgba: None, what: 0, line: false })
    }

    /// All that hides something on the page of `list`, whose paths are those that were marked; the marks.
    pub(super) fn finish(mut self, list: &DisplayList) -> (Scene, Vec<Mark>) {
        let marks = std::mem::take(&mut self.marks);
        for (entry, mark) in list.paths.iter().zip(&marks) {
            let style = &list.styles[entry.style as usize];
            let side = entry.visible.width().min(entry.visible.height());
            let least = Form::least(style.rgba);
            if !mark.opaque || style.paint == Paint::Stroke || side < least {
                continue;
            }
            if let Some(cover) = self.cover_by_path(list, entry, mark, least) {
                self.covers.push(Cover { rgba: Some(style.rgba), ..cover });
            }
        }
        for (path, what) in std::mem::take(&mut self.ground_paths) {
            let (entry, mark) = (&list.paths[path as usize], &marks[path as usize]);
            if let Some(cover) = self.cover_by_path(list, entry, mark, Form::LEAST) {
                self.grounds.push(Cover { what, ..cover });
            }
        }
        let grounds = (Areas::new(self.grounds, &self.page), self.whats);
        let areas = Areas::new(self.covers, &self.page);
        (Scene::new(self.clips, areas, grounds, self.incomplete), marks)
    }

    fn cover_by_path(
        &mut self,
        list: &DisplayList,
        entry: &PathEntry,
        mark: &Mark,
        least: f32,
    ) -> Option<Cover> {
        let (verbs, coords) = list.path(entry);
        let rect = reach(&entry.visible, &self.page);
        let even_odd = list.styles[entry.style as usize].paint == Paint::FillEvenOdd;
        let cover = self.cover(&Rings::of(verbs, coords), even_odd, rect, (mark.clip, least))?;
        Some(Cover { seq: mark.seq, ..cover })
    }
}
