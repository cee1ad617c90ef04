//! What is drawn through a mask or with a pattern: whether it surely shows, surely does not, or may.

use hayro_interpret::font::GlyphRun;
use hayro_interpret::pattern::{Pattern, ShadingPattern, TilingPattern};
use hayro_interpret::shading::ShadingType;
use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, MaskType, Paint, SoftMask,
};
use kurbo::{Affine, BezPath};
use smallvec::SmallVec;

use super::bounds::{intersect, list_rect};
use super::outline::Rings;
use super::shade::Shade;
use super::tally::Tally;
use super::walk::is_light;
use crate::geom::ListRect;

/// How much of what is drawn can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Veil {
    /// Nothing, wherever it is drawn.
    Hides,
    /// All of it, wherever it is drawn on the page.
    Shows,
    /// Some of it, or it cannot be told.
    Unsure,
}

impl Veil {
    /// Through both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Hides, _) | (_, Self::Hides) => Self::Hides,
            (Self::Shows, Self::Shows) => Self::Shows,
            _ => Self::Unsure,
        }
    }
}

/// What is painted with a pattern.
#[derive(Debug, Clone, Copy)]
pub(super) struct PatternLook {
    pub(super) tiles: Tiles,
    pub(super) shade: Shade,
    /// How opaque it is, from and to.
    pub(super) opacity: (f32, f32),
}

/// What a pattern's area does to what lies under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tiles {
    /// It leaves no gap.
    Cover,
    /// Nothing of it is light: lines go on under it.
    Dark,
    Unsure,
}

pub(super) fn of_mask<'a>(mask: &SoftMask<'a>, page: &ListRect, tally: &mut Tally<'_>) -> Veil {
    if mask.transfer_function().is_some() {
        return Veil::Unsure;
    }
    let mut look = Look::new(tally, *page);
    mask.interpret(&mut look);
    let (luminous, ground) = match mask.mask_type() {
        MaskType::Luminosity => (true, brightness(&Paint::Color(mask.background_color()))),
        MaskType::Alpha => (false, Some(0)),
    };
    let Look { nothing_light, nothing_at_all, covered_white, covered, nothing_dark, unknown, .. } = look;
    let hides = if luminous { ground == Some(0) && nothing_light } else { nothing_at_all };
    let shows = if luminous { (covered_white || ground == Some(255)) && nothing_dark } else { covered };
    match (unknown, hides, shows) {
        (false, true, _) => Veil::Hides,
        (false, false, true) => Veil::Shows,
        _ => Veil::Unsure,
    }
}

pub(super) fn of_pattern<'a>(pattern: &Pattern<'a>, tally: &mut Tally<'_>) -> PatternLook {
    match pattern {
        Pattern::Tiling(tiling) => of_tiling(tiling, tally),
        Pattern::Shading(shading) => of_shading(shading),
    }
}

fn of_tiling<'a>(tiling: &TilingPattern<'a>, tally: &mut Tally<'_>) -> PatternLook {
    /// Steps and boxes are rounded apart.
    const ROUNDING: f64 = 1.001;
    let bbox = tiling.bbox;
    let mut look = Look::new(tally, list_rect(bbox));
    if tiling.interpret(&mut look, Affine::IDENTITY, false).is_none() {
        return PatternLook { tiles: Tiles::Dark, shade: Shade::ANY, opacity: (0.0, 1.0) };
    }
    let closed = f64::from(tiling.x_step).abs() <= bbox.width() * ROUNDING
        && f64::from(tiling.y_step).abs() <= bbox.height() * ROUNDING;
    let Look { covered, unknown, nothing_light, nothing_at_all, range, .. } = look;
    let tiles = match (unknown, closed && covered && tiling.opacity >= 1.0, nothing_light) {
        (false, true, _) => Tiles::Cover,
        (false, false, true) => Tiles::Dark,
        _ => Tiles::Unsure,
    };
    let least = if closed && covered && !unknown { tiling.opacity } else { 0.0 };
    let (shade, most) = match (unknown, nothing_at_all) {
        (true, _) => (Shade::ANY, tiling.opacity),
        (false, true) => (Shade::ANY, 0.0),
        (false, false) => (range, tiling.opacity),
    };
    PatternLook { tiles, shade, opacity: (least, most) }
}

/// The colours of a shading along one line, as far as those can be listed.
fn of_shading(pattern: &ShadingPattern) -> PatternLook {
    /// Places of the line that are looked at.
    const STEPS: u16 = 256;
    let shading = &pattern.shading;
    let unknown = PatternLook { tiles: Tiles::Unsure, shade: Shade::ANY, opacity: (0.0, pattern.opacity) };
    let ShadingType::RadialAxial { domain, function, extend, axial, .. } = &*shading.shading_type else {
        return unknown;
    };
    if pattern.transfer_function.is_some() {
        return unknown;
    }
    let colour = |parts: &[f32]| {
        let [r, g, b, _] = shading.color_space.to_rgba(parts, 1.0).to_rgba8();
        Shade::of(u32::from_be_bytes([r, g, b, u8::MAX]))
    };
    let mut shade = Shade::NONE;
    let mut parts: SmallVec<[f32; 8]> = smallvec::smallvec![0.0; function.num_outputs()];
    for step in 0..=STEPS {
        let along = f32::from(step) / f32::from(STEPS);
        if function.eval(&[domain[0] + along * (domain[1] - domain[0])], &mut parts).is_none() {
            return unknown;
        }
        shade = shade.or(colour(&parts));
    }
    if let Some(background) = &shading.background {
        shade = shade.or(colour(background));
    }
    let everywhere = *axial && extend.iter().all(|on| *on) && shading.clip_path.is_none();
    let least = if everywhere { pattern.opacity } else { 0.0 };
    PatternLook { shade, opacity: (least, pattern.opacity), ..unknown }
}

/// Of 255; `None` for what is no single colour.
fn brightness(paint: &Paint<'_>) -> Option<u8> {
    let Paint::Color(color) = paint else { return None };
    let [r, g, b, _] = color.to_rgba().to_rgba8();
    Some(crate::page::image_out::luma(r, g, b))
}

/// Watches what is drawn in a mask or a pattern's cell.
struct Look<'t, 'b> {
    tally: &'t mut Tally<'b>,
    /// All that matters.
    whole: ListRect,
    clips: Vec<ListRect>,
    nothing_at_all: bool,
    nothing_light: bool,
    nothing_dark: bool,
    /// One opaque area lies over all that matters; one that is white.
    covered: bool,
    covered_white: bool,
    /// All the colours that were painted.
    range: Shade,
    /// Something was drawn that this does not look into.
    unknown: bool,
}

impl<'t, 'b> Look<'t, 'b> {
    fn new(tally: &'t mut Tally<'b>, whole: ListRect) -> Self {
        Self {
            tally,
            whole,
            clips: Vec::new(),
            nothing_at_all: true,
            nothing_light: true,
            nothing_dark: true,
            covered: false,
            covered_white: false,
            range: Shade::NONE,
            unknown: false,
        }
    }

    fn painted(&mut self, props: &DrawProps<'_>) {
        self.unknown |= props.soft_mask.is_some() || props.blend_mode != BlendMode::Normal;
        let Paint::Color(color) = &props.paint else {
            self.unknown = true;
            return;
        };
        let [r, g, b, alpha] = color.to_rgba().to_rgba8();
        if alpha == 0 {
            return;
        }
        self.nothing_at_all = false;
        self.range = self.range.or(Shade::of(u32::from_be_bytes([r, g, b, alpha])));
        self.nothing_light &= r.max(g).max(b) <= 1;
        self.nothing_dark &= r.min(g).min(b) >= 254;
    }

    fn fill(&mut self, path: &BezPath, props: &DrawProps<'_>) {
        let Paint::Color(color) = &props.paint else { return };
        let [r, g, b, alpha] = color.to_rgba().to_rgba8();
        let rings = Rings::of_path(path, props.transform);
        let clip = self.clips.last().copied().unwrap_or(self.whole);
        let area = intersect(&rings.bounds(), &clip);
        let all = alpha == u8::MAX && rings.is_upright() && holds_all(&area, &self.whole);
        self.covered |= all;
        self.covered_white |= all && is_light(u32::from_be_bytes([r, g, b, alpha]));
    }
}

fn holds_all(area: &ListRect, whole: &ListRect) -> bool {
    /// List units, or those of a pattern's cell.
    const NEAR: f32 = 0.01;
    area.left <= whole.left + NEAR
        && area.top <= whole.top + NEAR
        && area.right >= whole.right - NEAR
        && area.bottom >= whole.bottom - NEAR
}

impl<'a> Device<'a> for Look<'_, '_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        let segments = path.elements().len() as u64;
        self.tally.call(segments);
        self.tally.add_segments(segments);
        match mode {
            DrawMode::Fill(_) | DrawMode::FillAndStroke(..) => {
                self.painted(&props);
                self.fill(path, &props);
            }
            DrawMode::Stroke(_) => self.painted(&props),
            DrawMode::Invisible => {}
        }
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.tally.call(1);
        let rings = Rings::of_path(&clip.path, Affine::IDENTITY);
        let within = self.clips.last().copied().unwrap_or(self.whole);
        // Inside of another outline nothing lies over all that matters.
        let bounds = if rings.is_upright() { rings.bounds() } else { ListRect::EMPTY };
        self.clips.push(intersect(&bounds, &within));
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, blend: BlendMode) {
        self.tally.call(1);
        self.unknown |= opacity < 1.0 || mask.is_some() || blend != BlendMode::Normal;
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let count = run.glyphs().len() as u64;
        self.tally.call(count);
        self.tally.add_glyphs(count);
        if !matches!(mode, DrawMode::Invisible) {
            self.painted(&props);
        }
    }

    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.tally.call(1);
        self.unknown = true;
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn pop_transparency_group(&mut self) {}
}
