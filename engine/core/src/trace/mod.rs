//! Scans to strokes: a picture becomes the display list that a pen would have made.
//!
//! Ink is told from paper by place, thinned to the middle of its strokes, followed from junction to
//! junction, put where the grey of the edges says that the middle is, and reduced to the corners that
//! matter. What is too thick for a pen keeps its outline. From there on a scan is counted as vectors are.

mod bits;
mod graph;
mod ink;
mod stroke;

use crate::budget::{Budget, Exhausted};
use crate::geom::{DEFAULT_DPI, ListRect, PageSpace, below};
use crate::page::display::{DisplayList, NO_LAYER, PageKind, Paint, PathEntry, Style, Verb};
use bits::Bits;
use graph::Chain;
use ink::{Levels, MIN_CONTRAST, ranked};

/// Ink thicker than this is an area, not a stroke, inches; so are all pens of a drawing office finer.
const THICK_IN: f64 = 0.045;
/// Resolutions that thicknesses are judged for; a scan outside is taken for the nearer one.
const DPI: (f64, f64) = (72.0, 1_200.0);

/// Pixels of thinned lines at most: a sheet has one or two hundred thousand of them, noise has millions.
const MAX_LINE_PIXELS: usize = 6_000_000;

/// Pixels that the ground of a picture is judged by: one of so many along each side.
const LOOKED_AT: usize = 3;
/// Share of them that are darker, or lighter, than chance; and how much further those of light lines are from the
/// ground than those that are darker than it. A page in a white frame has ink, too.
const FEW: f32 = 0.001;
const LIGHTER: f32 = 3.0;

/// Why a picture has no strokes.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("the picture has too many lines to be a drawing: it is a photograph, or mostly noise")]
    TooBusy,
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

/// A picture of one byte a pixel, 0 black, rows from the top without gaps.
#[derive(Debug, Clone, Copy)]
pub struct Gray<'a> {
    pub width: usize,
    pub height: usize,
    data: &'a [u8],
}

impl<'a> Gray<'a> {
    /// `None` unless `data` has exactly `width` times `height` pixels.
    pub fn new(width: usize, height: usize, data: &'a [u8]) -> Option<Self> {
        (width > 0 && height > 0 && width.checked_mul(height) == Some(data.len())).then_some(Self {
            width,
            height,
            data,
        })
    }

    pub(crate) fn row(&self, y: usize) -> &'a [u8] {
        &self.data[y * self.width..][..self.width]
    }

    /// Whether this is a drawing of light lines on a dark ground, as a blueprint or a print of a dark screen is: what
    /// most of it is has lighter things on it, and hardly darker ones.
    pub(crate) fn is_light_on_dark(&self) -> bool {
        let mut counts = [0_u32; 256];
        for y in (0..self.height).step_by(LOOKED_AT) {
            self.row(y).iter().step_by(LOOKED_AT).for_each(|v| counts[usize::from(*v)] += 1);
        }
        let [dark, usual, light] = [FEW, 0.5, 1.0 - FEW].map(|share| ranked(&counts, share));
        light - usual >= (LIGHTER * (usual - dark)).max(MIN_CONTRAST)
    }

    /// Between the four pixels around a place; the picture's edge goes on outside it.
    pub(crate) fn sample(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (below(x), below(y));
        let (tx, ty) = (x - left as f32, y - top as f32);
        let inside =
            left >= 0 && top >= 0 && (left as usize) + 1 < self.width && (top as usize) + 1 < self.height;
        let [[a, b], [c, d]] = if inside {
            let i = top as usize * self.width + left as usize;
            let two = |i: usize| [self.data[i], self.data[i + 1]].map(f32::from);
            [two(i), two(i + self.width)]
        } else {
            let at = |x: i32, y: i32| {
                let x = x.clamp(0, self.width as i32 - 1) as usize;
                let y = y.clamp(0, self.height as i32 - 1) as usize;
                f32::from(self.data[y * self.width + x])
            };
            [top, top + 1].map(|y| [left, left + 1].map(|x| at(x, y)))
        };
        let (above, below) = (a * (1.0 - tx) + b * tx, c * (1.0 - tx) + d * tx);
        above * (1.0 - ty) + below * ty
    }
}

/// Strokes of a picture that shows the whole page of `space`, at the page's resolution or another one, in
/// the page's own list units. A page without a resolution is taken for 150 dpi.
pub fn trace(gray: &Gray<'_>, space: &PageSpace, budget: &Budget) -> Result<DisplayList, TraceError> {
    let times = gray.width as f64 / f64::from(space.width_px.max(1));
    let dpi = (space.dpi.unwrap_or(DEFAULT_DPI) * times).clamp(DPI.0, DPI.1);
    let levels = Levels::of(gray);
    budget.spend(gray.width as u64)?;
    let ink = levels.ink(gray).despeckled();
    let radius = ((THICK_IN * dpi / 2.0).ceil() as usize).max(2);
    let (strokes, areas) = parted(ink, radius);
    budget.spend(gray.width as u64)?;
    let mut out = List::new(*space, times);
    out.list.picture = Some(levels.picture(gray, dpi));
    let thin = strokes.thinned(radius + 2);
    budget.spend(gray.width as u64)?;
    if thin.count() > MAX_LINE_PIXELS {
        return Err(TraceError::TooBusy);
    }
    let mut graph = graph::graph(&thin, budget)?;
    stroke::prune(&mut graph, radius as f32);
    for chain in &mut graph.chains {
        budget.spend(chain.points.len() as u64)?;
        stroke::centre(chain, gray, &levels, radius as f32);
    }
    stroke::meet(&mut graph);
    for chain in graph.chains {
        out.stroke(&stroke::reduced(&stroke::smoothed(chain), budget)?);
    }
    if let Some(areas) = areas {
        let edge = areas.and_not(&areas.eroded()).thinned(2);
        for chain in graph::graph(&edge, budget)?.chains {
            let chain = stroke::on_edge(chain, gray, &levels);
            out.area(&stroke::reduced(&stroke::smoothed(chain), budget)?);
        }
    }
    Ok(out.list)
}

/// What a pen drew, and what is too thick for one.
fn parted(ink: Bits, radius: usize) -> (Bits, Option<Bits>) {
    let mut thick = ink.clone();
    for _ in 0..radius {
        thick = thick.eroded();
        if thick.is_blank() {
            return (ink, None);
        }
    }
    for _ in 0..radius + 1 {
        thick = thick.dilated();
    }
    let thick = thick.and(&ink);
    (ink.and_not(&thick), Some(thick))
}

/// The list as it grows.
struct List {
    list: DisplayList,
    /// Pixels of the picture per list unit.
    px_per_unit: f32,
}

const STROKE: u32 = 0;
const AREA: u32 = 1;
const BLACK: u32 = 0x0000_00ff;

impl List {
    fn new(space: PageSpace, times: f64) -> Self {
        let mut list = DisplayList::empty(space, PageKind::Raster);
        let style = |paint| Style { paint, rgba: BLACK, width: 0.0, dash: Vec::new() };
        list.styles = vec![style(Paint::Stroke), style(Paint::FillEvenOdd)];
        let px_per_unit = (space.px_per_unit * times) as f32;
        list.grain = 1.0 / px_per_unit;
        Self { list, px_per_unit }
    }

    fn stroke(&mut self, chain: &Chain) {
        self.path(chain, STROKE);
    }

    /// An outline is an area only where it is closed; where areas meet, its pieces are lines.
    fn area(&mut self, chain: &Chain) {
        self.path(chain, if chain.closed { AREA } else { STROKE });
    }

    fn path(&mut self, chain: &Chain, style: u32) {
        if chain.points.len() < 2 {
            return;
        }
        let per_unit = self.px_per_unit;
        let (verb_start, coord_start) = (self.list.verbs.len() as u32, self.list.coords.len() as u32);
        let mut bounds = ListRect::EMPTY;
        for (i, p) in chain.points.iter().enumerate() {
            let p = p.map(|v| v / per_unit);
            bounds.add(p[0], p[1]);
            self.list.verbs.push(if i == 0 { Verb::Move } else { Verb::Line });
            self.list.coords.push(p);
        }
        if chain.closed {
            self.list.verbs.push(Verb::Close);
        }
        self.list.paths.push(PathEntry {
            style,
            layer: NO_LAYER,
            verb_start,
            verb_len: self.list.verbs.len() as u32 - verb_start,
            coord_start,
            bounds,
            visible: bounds,
        });
    }
}
