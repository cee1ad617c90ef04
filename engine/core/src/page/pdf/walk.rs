//! The walk over a page's content: every drawing call becomes an entry of the display list.

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

use super::bounds::{grow, intersect, list_rect, push_point, visible_part};
use super::layers;
use super::tally::{self, Tally};
use super::text::{GlyphAt, TextCollector};
use crate::budget::Budget;
use crate::geom::{ListRect, PageSpace};
use crate::page::PageFailure;
use crate::page::display::{DisplayList, ImagePlacement, NO_LAYER, PageKind, Paint, PathEntry, Style, Verb};
use crate::page::request::ParseLimits;

/// What a pattern or shading is recorded as; its true colour differs from place to place.
const PATTERN_RGBA: u32 = 0x8080_80FF;
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
    /// Whether anything but black, white and grey may have been painted.
    pub(super) coloured: bool,
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
    let mut context = Context::new(to_list, page_box, &cache, page.xref(), settings);
    let mut walk = Walk::new(space, list_rect(page_box), limits, budget);
    tally::catch(|| interpret_page(page, &mut context, &mut walk))?;
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
    tally: Tally<'b>,
    list: DisplayList,
    styles: FxHashMap<StyleKey, u32>,
    layer_ids: FxHashMap<String, u16>,
    /// Layer in force inside each open marked-content sequence.
    layers: Vec<u16>,
    /// Bounds of what each clip, together with those below it, leaves visible.
    clips: Vec<ListRect>,
    page_box: ListRect,
    text: TextCollector,
    /// Glyphs that are not painted: the text layer of a scan, or nothing that anyone can see.
    unpainted: Vec<GlyphAt>,
    /// Where something darker than paper was painted, the larger areas: white letters show on it.
    dark: Vec<ListRect>,
    glyph_program_depth: u32,
    unreadable_glyphs: u64,
    not_finite: u64,
    drawn: u64,
    ink_tiles: f64,
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
            clips: Vec::new(),
            page_box,
            text: TextCollector::default(),
            unpainted: Vec::new(),
            dark: Vec::new(),
            glyph_program_depth: 0,
            unreadable_glyphs: 0,
            not_finite: 0,
            drawn: 0,
            ink_tiles: 0.0,
            coloured: false,
        }
    }

    fn finish(mut self) -> Walked {
        if super::kind(&self.list) == PageKind::Raster {
            std::mem::take(&mut self.unpainted).into_iter().for_each(|glyph| self.text.push(glyph));
        }
        let (words, lines) = self.text.group();
        self.list.words = words;
        self.list.lines = lines;
        Walked {
            list: self.list,
            unreadable_glyphs: self.unreadable_glyphs,
            glyphs: self.tally.glyphs(),
            not_finite: self.not_finite,
            ink_bytes: INK_PER_DRAW * (self.drawn + self.tally.glyphs()) as f64
                + INK_PER_TILE * (self.ink_tiles + 2.0 * self.tally.dashes()),
            coloured: self.coloured,
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
        let rgba = self.colour(&props.paint);
        let style = self.style(paint, rgba, 0.0, &[]);
        let known = self.list.paths.len();
        self.entry(elements, props.transform, style, 0.0);
        if !is_light(rgba)
            && let Some(entry) = self.list.paths.get(known)
        {
            let area = entry.visible;
            self.darken(area);
        }
    }

    fn stroke(&mut self, elements: &[PathEl], props: &DrawProps<'_>, stroke: &StrokeProps) {
        let factor = props.transform.determinant().abs().sqrt() as f32;
        let width = stroke.line_width.max(0.0) * factor;
        let dash: smallvec::SmallVec<[f32; 4]> = stroke.dash_array.iter().map(|d| d * factor).collect();
        let rgba = self.colour(&props.paint);
        let style = self.style(Paint::Stroke, rgba, width, &dash);
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
        let coords = &self.list.coords[coord_start..];
        let length: f64 =
            coords.windows(2).map(|p| f64::from((p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1]))).sum();
        self.ink_tiles += length * self.list.space.px_per_unit / TILE_PX + coords.len() as f64;
        self.drawn += 1;
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

    fn darken(&mut self, area: ListRect) {
        if area.width().min(area.height()) >= MIN_GROUND && self.dark.len() < MAX_GROUNDS {
            self.dark.push(area);
        }
    }

    /// Notes a glyph where it can be seen, or could be if it were painted.
    fn show(&mut self, glyph: GlyphAt, shown: Shown) {
        let middle = glyph.middle();
        let (x, y) = (middle.x as f32, middle.y as f32);
        let clip = self.clip();
        let inside = |r: &ListRect| x >= r.left && x <= r.right && y >= r.top && y <= r.bottom;
        if !inside(&clip) {
            return;
        }
        match shown {
            Shown::Painted => self.text.push(glyph),
            Shown::Light if self.dark.iter().rev().any(inside) => self.text.push(glyph),
            Shown::Light => {}
            Shown::Unpainted => self.unpainted.push(glyph),
        }
    }

    fn glyph(&mut self, glyph: &Glyph<'_>, to_list: Affine, vertical: bool, run: u32, shown: Shown) {
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
        let glyph = GlyphAt {
            text: text.unwrap_or_else(|| char::REPLACEMENT_CHARACTER.to_string()),
            x: origin.x,
            y: origin.y,
            dir: along / length,
            up: if size > 0.0 { up / size } else { Vec2::new(0.0, -1.0) },
            advance: advance_em * length,
            size,
            layer: self.layer(),
            run,
        };
        self.show(glyph, shown);
    }
}

/// How a glyph is shown.
#[derive(Debug, Clone, Copy)]
enum Shown {
    Painted,
    /// In the colour of paper.
    Light,
    Unpainted,
}

fn is_light(rgba: u32) -> bool {
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
        self.path(path.elements(), &props, draw_mode);
    }

    fn push_clip_path(&mut self, clip_path: &ClipPath) {
        self.tally.call(clip_path.path.elements().len() as u64);
        let bounds = list_rect(clip_path.path.control_box());
        self.push_clip(bounds);
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.tally.call(1);
        self.push_clip(list_rect(*rect));
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.tally.call(1);
    }

    fn draw_glyph_run(&mut self, glyph_run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let count = glyph_run.glyphs().len() as u64;
        self.tally.call(count);
        self.tally.add_glyphs(count);
        let vertical = glyph_run.writing_mode() == WritingMode::Vertical;
        let run = self.text.next_run();
        let shown = match mode {
            DrawMode::Invisible => Shown::Unpainted,
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
            self.glyph(glyph, props.transform * positioned.transform(), vertical, run, shown);
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.tally.call(1);
        self.coloured = true;
        let (width, height) = (image.width(), image.height());
        self.tally.check_picture(width, height);
        let placed = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let bounds = intersect(&list_rect(props.transform.transform_rect_bbox(placed)), &self.clip());
        if !bounds.is_empty() {
            self.darken(bounds);
            self.list.images.push(ImagePlacement { width, height, bounds });
        }
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn pop_transparency_group(&mut self) {}

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
