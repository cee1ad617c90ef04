//! The walk over a page's content: every drawing call becomes an entry of the display list.

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::WritingMode;
use hayro_interpret::{
    BlendMode, CacheKey as _, ClipPath, Context, Device, DrawMode, DrawProps, FillRule, Image,
    ImageDrawProps, InterpreterCache, InterpreterSettings, Paint as PdfPaint, SoftMask, StrokeProps,
    interpret_page,
};
use hayro_syntax::object::Dict;
use hayro_syntax::page::Page;
use kurbo::{Affine, BezPath, PathEl, Point, Rect};
use rustc_hash::FxHashMap;

use super::bounds::{cubic_of, grow, intersect, list_rect, push_point, visible_part};
use super::kept::KeptPictures;
use super::layers;
use super::sample;
use super::sight::{self, Sight};
use super::tally::{self, Tally};
use super::text::{GlyphAt, TextCollector};
use super::through::Lets;
use super::veil::{self, PatternLook, Tiles, Veil};
use crate::budget::Budget;
use crate::geom::{ListRect, PageSpace};
use crate::page::PageFailure;
use crate::page::display::{DisplayList, ImagePlacement, NO_LAYER, PageKind, Paint, PathEntry, Style, Verb};
use crate::page::request::ParseLimits;

mod finish;
mod glyphs;
mod under;

use glyphs::Shown;

/// What a pattern or shading is recorded as; its true colour differs from place to place.
pub(super) const PATTERN_RGBA: u32 = 0x8080_80FF;
/// Light as paper, each channel at least.
const LIGHT: u8 = 245;
/// Narrower areas are no ground for letters, list units; grounds remembered.
const MIN_GROUND: f32 = 2.0;
const MAX_GROUNDS: usize = 4_096;
/// A Type 3 glyph may draw text in a Type 3 font; real files nest once at most.
const MAX_GLYPH_PROGRAM_DEPTH: u32 = 4;

/// The display list of a page and what the walk saw that the list does not hold.
pub(super) struct Walked {
    pub(super) list: DisplayList,
    /// Characters drawn for which the file has no Unicode value.
    pub(super) unreadable_glyphs: u64,
    pub(super) glyphs: u64,
    /// Entries left out because their coordinates are no numbers.
    pub(super) not_finite: u64,
    /// Memory that rendering the page in one go would take beside its pixels, bytes, roughly.
    pub(super) ink_bytes: f64,
    /// What the renderer will keep of pictures, in any case.
    pub(super) kept: KeptPictures,
    /// Whether anything but black, white and grey may have been painted.
    pub(super) coloured: bool,
    /// Whether nothing that is hidden was left in the list because there was too much to look at.
    pub(super) all_looked_at: bool,
    /// Things that may be seen or not, and areas that may hide something or not.
    pub(super) unsure: u64,
}

/// Memory that the renderer keeps of one drawing operation, and of one 4 x 4 px tile that an outline
/// passes through, until the pixels are made (measured, rounded up).
const INK_PER_DRAW: f64 = 400.0;
const INK_PER_TILE: f64 = 64.0;
const TILE_PX: f64 = 4.0;

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
    let mut context = Context::new(to_list, page_box, &cache, page.xref(), settings.clone());
    let mut walk = Walk::new(space, list_rect(page_box), limits, budget);
    tally::catch(|| interpret_page(page, &mut context, &mut walk))?;
    walk.finish(|wanted| sample::pictures(page, (to_list, page_box), settings, wanted, limits, budget))
}

#[derive(PartialEq, Eq, Hash, Clone)]
struct StyleKey {
    paint: u8,
    rgba: u32,
    width: u32,
    dash: smallvec::SmallVec<[u32; 4]>,
}

/// How a path is painted, beside its colour.
#[derive(Debug, Clone, Copy)]
struct How {
    pattern: Option<PatternLook>,
    mask: Option<Veil>,
}

impl How {
    fn tiles(&self) -> Option<Tiles> {
        self.pattern.map(|look| look.tiles)
    }
}

struct Walk<'b> {
    tally: Tally<'b>,
    list: DisplayList,
    styles: FxHashMap<StyleKey, u32>,
    layer_ids: FxHashMap<String, u16>,
    /// Layer in force inside each open marked-content sequence.
    layers: Vec<u16>,
    sight: Sight,
    text: TextCollector,
    /// Glyphs that are not painted: the text layer of a scan, or nothing that anyone can see.
    unpainted: Vec<GlyphAt>,
    /// Where something darker than paper was painted, the larger areas, and when: white letters show on it.
    dark: Vec<(ListRect, u32)>,
    /// What is known of masks and patterns, by their keys.
    veils: FxHashMap<u128, Veil>,
    patterns: FxHashMap<u128, PatternLook>,
    /// Pictures met so far, those that glyphs draw left out.
    pictures: u32,
    big_glyphs: usize,
    glyph_program_depth: u32,
    unreadable_glyphs: u64,
    not_finite: u64,
    drawn: u64,
    ink_tiles: f64,
    kept: KeptPictures,
    coloured: bool,
}

impl<'b> Walk<'b> {
    fn new(space: PageSpace, page_box: ListRect, limits: &'b ParseLimits, budget: &'b Budget) -> Self {
        Self {
            tally: Tally::new(limits, budget),
            list: DisplayList::empty(space, PageKind::Vector),
            styles: FxHashMap::default(),
            layer_ids: FxHashMap::default(),
            layers: Vec::new(),
            sight: Sight::new(page_box),
            text: TextCollector::default(),
            unpainted: Vec::new(),
            dark: Vec::new(),
            veils: FxHashMap::default(),
            patterns: FxHashMap::default(),
            pictures: 0,
            big_glyphs: 0,
            glyph_program_depth: 0,
            unreadable_glyphs: 0,
            not_finite: 0,
            drawn: 0,
            ink_tiles: 0.0,
            kept: KeptPictures::default(),
            coloured: false,
        }
    }

    fn layer(&self) -> u16 {
        self.layers.last().copied().unwrap_or(NO_LAYER)
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

    fn colour(&mut self, paint: &PdfPaint<'_>) -> u32 {
        match paint {
            PdfPaint::Color(color) => {
                let [r, g, b, a] = color.to_rgba().to_rgba8();
                self.coloured |= r != g || g != b;
                u32::from_be_bytes([r, g, b, a])
            }
            PdfPaint::Pattern(_) => {
                self.coloured = true;
                PATTERN_RGBA
            }
        }
    }

    /// What a mask lets through; the same mask is looked at once.
    fn veil<'a>(&mut self, mask: Option<&SoftMask<'a>>) -> Option<Veil> {
        let mask = mask?;
        let key = mask.cache_key();
        if let Some(known) = self.veils.get(&key) {
            return Some(*known);
        }
        let veil = veil::of_mask(mask, &self.sight.page(), &mut self.tally);
        self.veils.insert(key, veil);
        Some(veil)
    }

    /// What is painted with a pattern; the same pattern is looked at once.
    fn pattern(&mut self, paint: &PdfPaint<'_>) -> Option<PatternLook> {
        let PdfPaint::Pattern(pattern) = paint else { return None };
        let key = pattern.cache_key();
        if let Some(known) = self.patterns.get(&key) {
            return Some(*known);
        }
        let look = veil::of_pattern(pattern, &mut self.tally);
        self.patterns.insert(key, look);
        Some(look)
    }

    fn path(&mut self, path: &BezPath, props: &DrawProps<'_>, mode: &DrawMode) {
        let mask = self.veil(props.soft_mask.as_ref());
        if matches!(mode, DrawMode::Invisible) || !self.sight.shows(mask) {
            return;
        }
        let how = How { pattern: self.pattern(&props.paint), mask };
        match mode {
            DrawMode::Fill(rule) => self.fill(path, props, *rule, how),
            DrawMode::Stroke(stroke) => self.stroke(path, props, stroke, how),
            DrawMode::FillAndStroke(rule, stroke) => {
                self.fill(path, props, *rule, how);
                self.stroke(path, props, stroke, how);
            }
            DrawMode::Invisible => {}
        }
    }

    fn fill(&mut self, path: &BezPath, props: &DrawProps<'_>, rule: FillRule, how: How) {
        let paint = match rule {
            FillRule::NonZero => Paint::FillNonZero,
            FillRule::EvenOdd => Paint::FillEvenOdd,
        };
        let rgba = self.colour(&props.paint);
        let style = self.style(paint, rgba, 0.0, &[]);
        let lets = self.sight.lets(props, how.tiles(), how.mask);
        let before = self.list.paths.len();
        let kind = (style, lets == Lets::Nothing, props.blend_mode);
        let painted = self.entry(path.elements(), props.transform, kind, 0.0);
        if let Some((_, area)) = &painted {
            self.note_ground(area, rgba, lets, &how, props.blend_mode);
        }
        if let Some((_, area)) = painted.filter(|_| lets == Lets::Unsure) {
            self.look_under(&area, before, super::cover::Form::least(rgba));
        }
        if let Some((_, area)) = painted.filter(|_| how.tiles() == Some(Tiles::Unsure)) {
            let looks = before + self.text.len();
            if self.sight.is_worth(looks, true) && self.has_something_in(&area, before) {
                self.sight.is_unsure();
            }
        }
        if let Some((seq, area)) = painted.filter(|_| !is_light(rgba)) {
            self.darken(area, seq);
        }
    }

    fn stroke(&mut self, path: &BezPath, props: &DrawProps<'_>, stroke: &StrokeProps, how: How) {
        let factor = props.transform.determinant().abs().sqrt() as f32;
        let width = stroke.line_width.max(0.0) * factor;
        let dash: smallvec::SmallVec<[f32; 4]> = stroke.dash_array.iter().map(|d| d * factor).collect();
        let rgba = self.colour(&props.paint);
        let style = self.style(Paint::Stroke, rgba, width, &dash);
        let lets = self.sight.lets(props, how.tiles(), how.mask);
        let before = self.list.paths.len();
        let kind = (style, lets == Lets::Nothing, props.blend_mode);
        let painted = self.entry(path.elements(), props.transform, kind, width / 2.0);
        if let Some((_, area)) = painted.filter(|_| lets == Lets::Unsure && width >= sight::thick(rgba)) {
            self.look_under(&grow(&area, width / 2.0), before, sight::thick(rgba));
        }
        if let Some((seq, _)) = painted {
            for paint in self.paints(rgba, lets, &how, props.blend_mode) {
                self.sight.area_of_stroke((seq, rgba), path, props.transform, stroke, paint);
            }
        }
    }

    /// Records one path unless clipping or the page's edge hides it whole: its place in the order of
    /// painting and what can be seen of it.
    fn entry(
        &mut self,
        elements: &[PathEl],
        transform: Affine,
        (style, opaque, blend): (u32, bool, BlendMode),
        half_width: f32,
    ) -> Option<(u32, ListRect)> {
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
                    let (a, b) = cubic_of(at, c, p);
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
        let clip = self.sight.clip();
        let grown = grow(&bounds, half_width);
        if !finite || bounds.is_empty() || !grown.intersects(&clip) {
            self.not_finite += u64::from(!finite);
            self.list.verbs.truncate(verb_start);
            self.list.coords.truncate(coord_start);
            return None;
        }
        let coords = &self.list.coords[coord_start..];
        let length: f64 =
            coords.windows(2).map(|p| f64::from((p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1]))).sum();
        self.ink_tiles += length * self.list.space.px_per_unit / TILE_PX + coords.len() as f64;
        self.drawn += 1;
        let visible = visible_part(&bounds, &clip);
        let seq = self.sight.next();
        self.sight.mark(seq, opaque, blend);
        self.list.paths.push(PathEntry {
            style,
            layer: self.layer(),
            verb_start: verb_start as u32,
            verb_len: (self.list.verbs.len() - verb_start) as u32,
            coord_start: coord_start as u32,
            bounds,
            visible,
        });
        Some((seq, visible))
    }

    fn darken(&mut self, area: ListRect, seq: u32) {
        if area.width().min(area.height()) >= MIN_GROUND && self.dark.len() < MAX_GROUNDS {
            self.dark.push((area, seq));
        }
    }
}

/// Light as paper, or next to nothing.
pub(super) fn is_light(rgba: u32) -> bool {
    let [r, g, b, a] = rgba.to_be_bytes();
    a < 8 || (r >= LIGHT && g >= LIGHT && b >= LIGHT)
}

impl<'a> Device<'a> for Walk<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, draw_mode: &DrawMode) {
        let segments = path.elements().len() as u64;
        self.tally.call(segments);
        self.tally.add_segments(segments);
        if let DrawMode::Stroke(stroke) | DrawMode::FillAndStroke(_, stroke) = draw_mode {
            self.tally.add_dashes(path, stroke);
        }
        self.path(path, &props, draw_mode);
    }

    fn push_clip_path(&mut self, clip_path: &ClipPath) {
        self.tally.call(clip_path.path.elements().len() as u64);
        self.sight.push_clip(clip_path);
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.tally.call(1);
        self.sight.push_rect(*rect);
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, blend: BlendMode) {
        self.tally.call(1);
        let mask = self.veil(mask.as_ref());
        self.sight.push_group(opacity, mask, blend);
    }

    fn draw_glyph_run(&mut self, glyph_run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let count = glyph_run.glyphs().len() as u64;
        self.tally.call(count);
        self.tally.add_glyphs(count);
        let vertical = glyph_run.writing_mode() == WritingMode::Vertical;
        let run = self.text.next_run();
        let mask = self.veil(props.soft_mask.as_ref());
        let seen = matches!(mode, DrawMode::Invisible) || self.sight.shows(mask);
        let shown = match mode {
            DrawMode::Invisible => Shown::Unpainted,
            _ if !seen => return,
            _ if is_light(self.colour(&props.paint)) => Shown::Light,
            _ => Shown::Painted,
        };
        for positioned in glyph_run.glyphs() {
            let glyph: &Glyph<'a> = positioned;
            self.coloured |= matches!(glyph, Glyph::Type3(_));
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
            let to_list = props.transform * positioned.transform();
            // One number for both: a letter's area lies neither on the letter nor under it.
            let seq = self.sight.next();
            self.glyph(glyph, to_list, vertical, (run, seq), shown);
            self.big_glyph(glyph, to_list, &props, (mask, seq), mode);
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.tally.call(1);
        self.coloured = true;
        let (width, height) = (image.width(), image.height());
        // Those that a glyph draws are not met again where pictures are looked up.
        let nth = (self.glyph_program_depth == 0).then_some(self.pictures);
        self.pictures += u32::from(nth.is_some());
        self.tally.check_picture(width, height);
        self.kept.add(&self.list.space, (width, height), props.transform);
        let placed = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let bounds = intersect(&list_rect(props.transform.transform_rect_bbox(placed)), &self.sight.clip());
        let mask = self.veil(props.soft_mask.as_ref());
        if !bounds.is_empty() && mask != Some(Veil::Hides) && self.sight.is_shown() {
            let seq = self.sight.next();
            self.darken(bounds, seq);
            self.picture((seq, bounds), &image, &props, (mask, nth));
            self.list.images.push(ImagePlacement { width, height, bounds });
        }
    }

    fn pop_clip(&mut self) {
        self.sight.pop_clip();
    }

    fn pop_transparency_group(&mut self) {
        self.sight.pop_group();
    }

    fn begin_marked_content(&mut self, tag: &[u8], properties: Option<&Dict<'_>>) {
        self.tally.call(1);
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
