//! The walk over a page's content: every drawing call becomes an entry of the display list.
//!
//! The interpreter cannot be told to stop, so a walk that hits a limit unwinds out of it with a private
//! payload and is caught where it was started.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, FillRule, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, Paint as PdfPaint, SoftMask, StrokeProps, interpret_page,
};
use hayro_syntax::object::Dict;
use hayro_syntax::page::Page;
use kurbo::{Affine, BezPath, PathEl, Point, Rect, Vec2};
use rustc_hash::FxHashMap;

use super::layers;
use super::text::{GlyphAt, TextCollector};
use crate::budget::{Budget, Exhausted};
use crate::geom::{ListRect, PageSpace};
use crate::page::PageFailure;
use crate::page::display::{DisplayList, ImagePlacement, NO_LAYER, PageKind, Paint, PathEntry, Style, Verb};
use crate::page::request::ParseLimits;

/// What a pattern or shading is recorded as; its true colour differs from place to place.
const PATTERN_RGBA: u32 = 0x8080_80FF;
/// A Type 3 glyph may draw text in a Type 3 font; real files nest once at most.
const MAX_GLYPH_PROGRAM_DEPTH: u32 = 4;
/// Device calls between two polls of the budget.
const POLL_EVERY: u64 = 256;

/// The display list of a page and what the walk saw that the list does not hold.
pub(super) struct Walked {
    pub(super) list: DisplayList,
    /// Characters drawn for which the file has no Unicode value.
    pub(super) unreadable_glyphs: u64,
    pub(super) glyphs: u64,
    /// Entries left out because their coordinates are no numbers.
    pub(super) not_finite: u64,
}

/// Unwinds out of the interpreter; never seen outside this module.
struct Stop(PageFailure);

/// Walks `page`; `to_list` leads from the page's user space to list space.
pub(super) fn walk<'a>(
    page: &Page<'a>,
    space: PageSpace,
    to_list: Affine,
    settings: InterpreterSettings,
    limits: &ParseLimits,
    budget: &Budget,
) -> Result<Walked, PageFailure> {
    let cache = InterpreterCache::new();
    let width = f64::from(space.width_px) / space.px_per_unit;
    let height = f64::from(space.height_px) / space.px_per_unit;
    let page_box = Rect::new(0.0, 0.0, width, height);
    let mut context = Context::new(to_list, page_box, &cache, page.xref(), settings);
    let mut walk = Walk::new(space, list_rect(page_box), limits, budget);
    let run = catch_unwind(AssertUnwindSafe(|| interpret_page(page, &mut context, &mut walk)));
    if let Err(payload) = run {
        return match payload.downcast::<Stop>() {
            Ok(stop) => Err(stop.0),
            Err(foreign) => resume_unwind(foreign),
        };
    }
    Ok(walk.finish())
}

#[derive(PartialEq, Eq, Hash, Clone)]
struct StyleKey {
    paint: u8,
    rgba: u32,
    width: u32,
    dash: smallvec::SmallVec<[u32; 4]>,
}

struct Walk<'b> {
    limits: &'b ParseLimits,
    budget: &'b Budget,
    list: DisplayList,
    styles: FxHashMap<StyleKey, u32>,
    layer_ids: FxHashMap<String, u16>,
    /// Layer in force inside each open marked-content sequence.
    layers: Vec<u16>,
    /// Bounds of what each clip, together with those below it, leaves visible.
    clips: Vec<ListRect>,
    page_box: ListRect,
    text: TextCollector,
    glyph_program_depth: u32,
    segments: u64,
    dashes: f64,
    calls: u64,
    glyphs: u64,
    unreadable_glyphs: u64,
    not_finite: u64,
    unspent: u64,
}

impl<'b> Walk<'b> {
    fn new(space: PageSpace, page_box: ListRect, limits: &'b ParseLimits, budget: &'b Budget) -> Self {
        Self {
            limits,
            budget,
            list: DisplayList::empty(space, PageKind::Vector),
            styles: FxHashMap::default(),
            layer_ids: FxHashMap::default(),
            layers: Vec::new(),
            clips: Vec::new(),
            page_box,
            text: TextCollector::default(),
            glyph_program_depth: 0,
            segments: 0,
            dashes: 0.0,
            calls: 0,
            glyphs: 0,
            unreadable_glyphs: 0,
            not_finite: 0,
            unspent: 0,
        }
    }

    fn finish(mut self) -> Walked {
        let (words, lines) = self.text.group();
        self.list.words = words;
        self.list.lines = lines;
        Walked {
            list: self.list,
            unreadable_glyphs: self.unreadable_glyphs,
            glyphs: self.glyphs,
            not_finite: self.not_finite,
        }
    }

    /// Leaves the interpreter at once.
    fn stop(&self, failure: PageFailure) -> ! {
        resume_unwind(Box::new(Stop(failure)))
    }

    /// Counts one device call and polls the budget now and then. Every turn of a nest of forms makes
    /// at least one call, so this is what ends a form bomb.
    fn call(&mut self, steps: u64) {
        self.calls += 1;
        if self.calls > self.limits.max_segments {
            self.stop(PageFailure::new(
                "too_many_operations",
                format!(
                    "The page makes more than {} drawing calls, the limit for a page.",
                    self.limits.max_segments
                ),
            ));
        }
        self.unspent += steps.max(1);
        if self.unspent >= POLL_EVERY {
            let steps = std::mem::take(&mut self.unspent);
            if let Err(exhausted) = self.budget.spend(steps) {
                self.stop(exhausted.into());
            }
        }
    }

    fn add_segments(&mut self, segments: u64) {
        self.segments += segments;
        if self.segments > self.limits.max_segments {
            self.stop(PageFailure::new(
                "too_many_segments",
                format!(
                    "The page draws more than {} path segments, the limit for a page.",
                    self.limits.max_segments
                ),
            ));
        }
    }

    /// Counts the dashes a stroke falls into before anything renders them: a renderer makes a segment
    /// of each.
    fn add_dashes(&mut self, path: &BezPath, stroke: &StrokeProps) {
        if stroke.dash_array.is_empty() {
            return;
        }
        let period: f64 = stroke.dash_array.iter().map(|d| f64::from(*d)).sum();
        let lengths_valid = stroke.dash_array.iter().all(|d| d.is_finite() && *d >= 0.0) && period > 0.0;
        let count = if lengths_valid {
            control_length(path) / period * stroke.dash_array.len() as f64
        } else {
            f64::INFINITY
        };
        self.dashes += count;
        if !(self.dashes <= self.limits.max_segments as f64) {
            self.stop(PageFailure::new(
                "too_many_dashes",
                format!(
                    "The page's dashed lines fall into more than {} dashes, the limit for a page.",
                    self.limits.max_segments
                ),
            ));
        }
    }

    fn layer(&self) -> u16 {
        self.layers.last().copied().unwrap_or(NO_LAYER)
    }

    fn clip(&self) -> ListRect {
        self.clips.last().copied().unwrap_or(self.page_box)
    }

    fn push_clip(&mut self, bounds: ListRect) {
        let clipped = intersect(&self.clip(), &bounds);
        self.clips.push(clipped);
    }

    fn style(&mut self, paint: Paint, rgba: u32, width: f32, dash: &[f32]) -> u32 {
        let key = StyleKey {
            paint: paint as u8,
            rgba,
            width: width.to_bits(),
            dash: dash.iter().map(|d| d.to_bits()).collect(),
        };
        if let Some(index) = self.styles.get(&key) {
            return *index;
        }
        let index = self.list.styles.len() as u32;
        self.list.styles.push(Style { paint, rgba, width, dash: dash.to_vec() });
        self.styles.insert(key, index);
        index
    }

    fn path(&mut self, elements: &[PathEl], props: &DrawProps<'_>, mode: &DrawMode) {
        match mode {
            DrawMode::Fill(rule) => self.fill(elements, props, *rule),
            DrawMode::Stroke(stroke) => self.stroke(elements, props, stroke),
            DrawMode::FillAndStroke(rule, stroke) => {
                self.fill(elements, props, *rule);
                self.stroke(elements, props, stroke);
            }
            DrawMode::Invisible => {}
        }
    }

    fn fill(&mut self, elements: &[PathEl], props: &DrawProps<'_>, rule: FillRule) {
        let paint = match rule {
            FillRule::NonZero => Paint::FillNonZero,
            FillRule::EvenOdd => Paint::FillEvenOdd,
        };
        let style = self.style(paint, rgba(&props.paint), 0.0, &[]);
        self.entry(elements, props.transform, style, 0.0);
    }

    fn stroke(&mut self, elements: &[PathEl], props: &DrawProps<'_>, stroke: &StrokeProps) {
        let factor = props.transform.determinant().abs().sqrt() as f32;
        let width = stroke.line_width.max(0.0) * factor;
        let dash: smallvec::SmallVec<[f32; 4]> = stroke.dash_array.iter().map(|d| d * factor).collect();
        let style = self.style(Paint::Stroke, rgba(&props.paint), width, &dash);
        self.entry(elements, props.transform, style, width / 2.0);
    }

    /// Records one path unless clipping or the page's edge hides it whole.
    fn entry(&mut self, elements: &[PathEl], transform: Affine, style: u32, half_width: f32) {
        let verb_start = self.list.verbs.len();
        let coord_start = self.list.coords.len();
        let mut bounds = ListRect::EMPTY;
        let mut at = Point::ZERO;
        let mut finite = true;
        for element in elements {
            let verb = match *element {
                PathEl::MoveTo(p) => {
                    finite &= push_point(&mut self.list.coords, &mut bounds, transform * p);
                    at = p;
                    Verb::Move
                }
                PathEl::LineTo(p) => {
                    finite &= push_point(&mut self.list.coords, &mut bounds, transform * p);
                    at = p;
                    Verb::Line
                }
                PathEl::QuadTo(c, p) => {
                    let (a, b) = (at + (c - at) * (2.0 / 3.0), p + (c - p) * (2.0 / 3.0));
                    for q in [a, b, p] {
                        finite &= push_point(&mut self.list.coords, &mut bounds, transform * q);
                    }
                    at = p;
                    Verb::Cubic
                }
                PathEl::CurveTo(a, b, p) => {
                    for q in [a, b, p] {
                        finite &= push_point(&mut self.list.coords, &mut bounds, transform * q);
                    }
                    at = p;
                    Verb::Cubic
                }
                PathEl::ClosePath => Verb::Close,
            };
            self.list.verbs.push(verb);
        }
        let clip = self.clip();
        let grown = grow(&bounds, half_width);
        if !finite || bounds.is_empty() || !grown.intersects(&clip) {
            self.not_finite += u64::from(!finite);
            self.list.verbs.truncate(verb_start);
            self.list.coords.truncate(coord_start);
            return;
        }
        self.list.paths.push(PathEntry {
            style,
            layer: self.layer(),
            verb_start: verb_start as u32,
            verb_len: (self.list.verbs.len() - verb_start) as u32,
            coord_start: coord_start as u32,
            bounds,
            visible: visible_part(&bounds, &clip),
        });
    }

    fn glyph(&mut self, glyph: &Glyph<'_>, to_list: Affine, vertical: bool, run: u32) {
        let text = match glyph.as_unicode() {
            Some(BfString::Char(c)) => Some(String::from(c)),
            Some(BfString::String(s)) => Some(s),
            None => None,
        };
        self.unreadable_glyphs += u64::from(text.is_none());
        let origin = to_list * Point::ZERO;
        let along =
            if vertical { to_list * Point::new(0.0, -1000.0) } else { to_list * Point::new(1000.0, 0.0) };
        let along: Vec2 = along - origin;
        let up: Vec2 = to_list * Point::new(0.0, 1000.0) - origin;
        let advance_em = match glyph {
            _ if vertical => 1.0,
            Glyph::Outline(g) => g.advance_width().map_or(0.5, |w| f64::from(w) / 1000.0),
            Glyph::Type3(g) => g.advance_width().map_or(0.5, |w| f64::from(w) / 1000.0),
        };
        let length = along.hypot();
        let size = up.hypot();
        let bounds_known = origin.is_finite() && length.is_finite() && size.is_finite() && length > 0.0;
        if !bounds_known || !advance_em.is_finite() {
            self.not_finite += 1;
            return;
        }
        self.text.push(GlyphAt {
            text: text.unwrap_or_else(|| char::REPLACEMENT_CHARACTER.to_string()),
            x: origin.x,
            y: origin.y,
            dir: along / length,
            up: if size > 0.0 { up / size } else { Vec2::new(0.0, -1.0) },
            advance: advance_em * length,
            size,
            layer: self.layer(),
            run,
        });
    }
}

impl<'a> Device<'a> for Walk<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, draw_mode: &DrawMode) {
        let segments = path.elements().len() as u64;
        self.call(segments);
        self.add_segments(segments);
        if let DrawMode::Stroke(stroke) | DrawMode::FillAndStroke(_, stroke) = draw_mode {
            self.add_dashes(path, stroke);
        }
        self.path(path.elements(), &props, draw_mode);
    }

    fn push_clip_path(&mut self, clip_path: &ClipPath) {
        self.call(clip_path.path.elements().len() as u64);
        let bounds = list_rect(clip_path.path.control_box());
        self.push_clip(bounds);
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.call(1);
        self.push_clip(list_rect(*rect));
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.call(1);
    }

    fn draw_glyph_run(&mut self, glyph_run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        let count = glyph_run.glyphs().len() as u64;
        self.call(count);
        self.glyphs += count;
        if self.glyphs > self.limits.max_segments {
            self.stop(PageFailure::new(
                "too_many_glyphs",
                format!(
                    "The page writes more than {} characters, the limit for a page.",
                    self.limits.max_segments
                ),
            ));
        }
        let vertical = glyph_run.writing_mode() == WritingMode::Vertical;
        let run = self.text.next_run();
        for positioned in glyph_run.glyphs() {
            let glyph: &Glyph<'a> = positioned;
            // A Type 3 glyph without a Unicode value is a drawing, not a character.
            if let Glyph::Type3(program) = glyph
                && program.as_unicode().is_none()
                && self.glyph_program_depth < MAX_GLYPH_PROGRAM_DEPTH
            {
                self.glyph_program_depth += 1;
                program.interpret(self, props.transform, positioned.transform(), &props.paint);
                self.glyph_program_depth -= 1;
                continue;
            }
            self.glyph(glyph, props.transform * positioned.transform(), vertical, run);
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.call(1);
        let (width, height) = (image.width(), image.height());
        if u64::from(width) * u64::from(height) > self.limits.max_pixels {
            self.stop(PageFailure::new(
                "image_too_large",
                format!(
                    "The page holds a picture of {width} x {height} pixels; the limit is {} pixels.",
                    self.limits.max_pixels
                ),
            ));
        }
        let placed = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let bounds = intersect(&list_rect(props.transform.transform_rect_bbox(placed)), &self.clip());
        if !bounds.is_empty() {
            self.list.images.push(ImagePlacement { width, height, bounds });
        }
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn pop_transparency_group(&mut self) {}

    fn begin_marked_content(&mut self, tag: &[u8], properties: Option<&Dict<'_>>) {
        self.call(1);
        let name = (tag == b"OC").then(|| properties.and_then(layers::layer_name)).flatten();
        let layer = match name {
            None => self.layer(),
            Some(name) => {
                let known = self.layer_ids.len();
                let id = *self.layer_ids.entry(name.clone()).or_insert_with(|| {
                    // Past 65,534 layers a page's further ones are counted as outside every layer.
                    u16::try_from(known).unwrap_or(NO_LAYER)
                });
                if usize::from(id) == self.list.layers.len() && id != NO_LAYER {
                    self.list.layers.push(name);
                }
                id
            }
        };
        self.layers.push(layer);
    }

    fn end_marked_content(&mut self) {
        self.layers.pop();
    }
}

impl From<Exhausted> for PageFailure {
    fn from(exhausted: Exhausted) -> Self {
        match exhausted {
            Exhausted::Cancelled => Self::new("cancelled", "The work on the page was cancelled."),
            Exhausted::Steps => {
                Self::new("too_many_steps", "The page needs more steps than its limit allows.")
            }
        }
    }
}

fn rgba(paint: &PdfPaint<'_>) -> u32 {
    match paint {
        PdfPaint::Color(color) => u32::from_be_bytes(color.to_rgba().to_rgba8()),
        PdfPaint::Pattern(_) => PATTERN_RGBA,
    }
}

/// Whether the point is finite and was added.
fn push_point(coords: &mut Vec<[f32; 2]>, bounds: &mut ListRect, p: Point) -> bool {
    let (x, y) = (p.x as f32, p.y as f32);
    coords.push([x, y]);
    bounds.add(x, y);
    x.is_finite() && y.is_finite()
}

/// Length of the control polygon, user units; never less than the length of the path.
fn control_length(path: &BezPath) -> f64 {
    let (mut start, mut at, mut length) = (Point::ZERO, Point::ZERO, 0.0);
    for element in path.elements() {
        match *element {
            PathEl::MoveTo(p) => {
                start = p;
                at = p;
            }
            PathEl::LineTo(p) => {
                length += at.distance(p);
                at = p;
            }
            PathEl::QuadTo(a, p) => {
                length += at.distance(a) + a.distance(p);
                at = p;
            }
            PathEl::CurveTo(a, b, p) => {
                length += at.distance(a) + a.distance(b) + b.distance(p);
                at = p;
            }
            PathEl::ClosePath => {
                length += at.distance(start);
                at = start;
            }
        }
    }
    length
}

fn list_rect(r: Rect) -> ListRect {
    ListRect { left: r.x0 as f32, top: r.y0 as f32, right: r.x1 as f32, bottom: r.y1 as f32 }
}

fn intersect(a: &ListRect, b: &ListRect) -> ListRect {
    ListRect {
        left: a.left.max(b.left),
        top: a.top.max(b.top),
        right: a.right.min(b.right),
        bottom: a.bottom.min(b.bottom),
    }
}

/// `bounds` cut to `clip`; where only the pen's width reaches into the clip, the nearest edge of it.
fn visible_part(bounds: &ListRect, clip: &ListRect) -> ListRect {
    let cut = |lo: f32, hi: f32, min: f32, max: f32| (lo.max(min).min(max), hi.min(max).max(min));
    let (left, right) = cut(bounds.left, bounds.right, clip.left, clip.right);
    let (top, bottom) = cut(bounds.top, bounds.bottom, clip.top, clip.bottom);
    ListRect { left, top, right, bottom }
}

fn grow(r: &ListRect, by: f32) -> ListRect {
    ListRect { left: r.left - by, top: r.top - by, right: r.right + by, bottom: r.bottom + by }
}
