//! Writes lines, curves, fills and letters into one content stream, in the habit of a CAD program.

use pdf_writer::types::LineCapStyle;
use pdf_writer::{Content, Name, Str};

use crate::geometry::{Affine, Point, arc_points, distance, sin_cos};
use crate::habit::{Lettering, Strokes};
use crate::lettering;

/// Resource name of the font.
pub(crate) const FONT: Name<'static> = Name(b"F1");
/// And of the same font with a wrong map to Unicode.
pub(crate) const GARBLED_FONT: Name<'static> = Name(b"F2");
/// Largest piece of an exploded curve, degrees.
const EXPLODED_STEP: f64 = 15.0;
/// And of a curve whose outline is filled.
const OUTLINED_STEP: f64 = 7.5;
/// Subpaths of a merged path at most.
const MERGED: usize = 200;
/// Where a split line is broken, and the shortest one that is, points.
const BREAK_AT: f64 = 0.41;
const UNBROKEN: f64 = 1.5;
/// Every so many characters a split run is cut.
const SPLIT_RUN: usize = 3;

/// How a line is drawn. Widths in points; grey 0 is black, 1 white.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pen {
    pub(crate) width: f64,
    pub(crate) gray: f64,
    pub(crate) dash: &'static [f32],
    pub(crate) round: bool,
}

impl Pen {
    pub(crate) const fn new(width: f64) -> Self {
        Self { width, gray: 0.0, dash: &[], round: false }
    }

    pub(crate) const fn gray(self, gray: f64) -> Self {
        Self { gray, ..self }
    }

    pub(crate) const fn dashed(self, dash: &'static [f32]) -> Self {
        Self { dash, ..self }
    }

    pub(crate) const fn round(self) -> Self {
        Self { round: true, ..self }
    }
}

/// Where a line of text stands relative to its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
}

/// One content stream under construction.
pub(crate) struct Ink {
    content: Content,
    /// From the space the caller draws in to the stream's own.
    to: Affine,
    strokes: Strokes,
    /// Subpaths of a merged path that is not stroked yet.
    pending: usize,
    pub(crate) lettering: Lettering,
    pen: Option<Pen>,
    fill: Option<f64>,
    uses_font: bool,
    painted: usize,
}

/// PDF numbers with two decimals: 1/7200 inch, and equal text for equal drawings.
fn n(value: f64) -> f32 {
    let cents = (value * 100.0).round();
    // Negative zero would be written otherwise than zero.
    if cents == 0.0 { 0.0 } else { (cents / 100.0) as f32 }
}

impl Ink {
    pub(crate) fn new(to: Affine, strokes: Strokes, lettering: Lettering) -> Self {
        let content = Content::with_settings(pdf_writer::Settings { pretty: false });
        Self {
            content,
            to,
            strokes,
            pending: 0,
            lettering,
            pen: None,
            fill: None,
            uses_font: false,
            painted: 0,
        }
    }

    pub(crate) fn finish(mut self) -> (Vec<u8>, bool) {
        self.end_merged();
        (self.content.finish().to_vec(), self.uses_font)
    }

    pub(crate) fn pen(&mut self, pen: Pen) {
        if self.pen != Some(pen) {
            self.end_merged();
        }
        let old = self.pen.replace(pen);
        if old.map(|p| p.width) != Some(pen.width) {
            self.content.set_line_width(n(pen.width));
        }
        if old.map(|p| p.gray) != Some(pen.gray) {
            self.content.set_stroke_gray(n(pen.gray));
        }
        if old.map(|p| p.dash) != Some(pen.dash) && (old.is_some() || !pen.dash.is_empty()) {
            self.content.set_dash_pattern(pen.dash.iter().copied(), 0.0);
        }
        if old.map(|p| p.round) != Some(pen.round) && (old.is_some() || pen.round) {
            let cap = if pen.round { LineCapStyle::RoundCap } else { LineCapStyle::ButtCap };
            self.content.set_line_cap(cap);
        }
    }

    fn fill_gray(&mut self, gray: f64) {
        self.end_merged();
        if self.fill.replace(gray) != Some(gray) {
            self.content.set_fill_gray(n(gray));
        }
    }

    fn move_to(&mut self, p: Point) {
        let [x, y] = self.to.apply(p);
        self.content.move_to(n(x), n(y));
    }

    fn line_to(&mut self, p: Point) {
        let [x, y] = self.to.apply(p);
        self.content.line_to(n(x), n(y));
    }

    fn stroke(&mut self) {
        self.painted += 1;
        if self.strokes == Strokes::Merged && self.pending < MERGED {
            self.pending += 1;
        } else {
            self.content.stroke();
            self.pending = 0;
        }
    }

    /// Strokes what a merged path has gathered.
    fn end_merged(&mut self) {
        if std::mem::take(&mut self.pending) > 0 {
            self.content.stroke();
        }
    }

    /// Paths painted so far, blocks left out.
    pub(crate) fn painted(&self) -> usize {
        self.painted
    }

    /// Strokes a polyline, or an outline when `closed`.
    pub(crate) fn path(&mut self, points: &[Point], closed: bool) {
        let Some((&first, rest)) = points.split_first() else { return };
        if matches!(self.strokes, Strokes::Exploded | Strokes::Split | Strokes::Outlined) {
            let ends = rest.iter().copied().chain(closed.then_some(first));
            let starts = points.iter().copied();
            self.pieces(&starts.zip(ends).collect::<Vec<_>>());
            return;
        }
        self.move_to(first);
        for &p in rest {
            self.line_to(p);
        }
        match (closed, self.strokes) {
            (true, Strokes::Merged) => {
                self.content.close_path();
                self.stroke();
            }
            (true, _) => {
                self.painted += 1;
                self.content.close_and_stroke();
            }
            (false, _) => self.stroke(),
        }
    }

    /// Draws the straight pieces of a line as what its habit makes of them.
    fn pieces(&mut self, pieces: &[(Point, Point)]) {
        match (self.strokes, self.pen) {
            (Strokes::Outlined, Some(pen)) if pen.dash.is_empty() => self.outlined(pieces, pen),
            (Strokes::Split, _) => {
                let broken: Vec<_> = pieces.iter().flat_map(|p| broken(*p)).collect();
                for start in [0, 1] {
                    broken.iter().skip(start).step_by(2).for_each(|p| self.piece(*p));
                }
            }
            _ => pieces.iter().for_each(|p| self.piece(*p)),
        }
    }

    fn piece(&mut self, (a, b): (Point, Point)) {
        self.move_to(a);
        self.line_to(b);
        self.stroke();
    }

    /// Fills what a pen would cover along straight pieces: one path, a subpath for each.
    fn outlined(&mut self, pieces: &[(Point, Point)], pen: Pen) {
        self.fill_gray(pen.gray);
        let mut any = false;
        for &(a, b) in pieces {
            let (half, length) = (pen.width / 2.0, distance(a, b));
            // A dot is a round cap without a line.
            let (dx, dy) = match length {
                0.0 if pen.round => (half, 0.0),
                0.0 => continue,
                _ => ((b[0] - a[0]) / length * half, (b[1] - a[1]) / length * half),
            };
            let cap = if pen.round { 1.0 } else { 0.0 };
            let (a, b) = ([a[0] - dx * cap, a[1] - dy * cap], [b[0] + dx * cap, b[1] + dy * cap]);
            self.move_to([a[0] - dy, a[1] + dx]);
            self.line_to([b[0] - dy, b[1] + dx]);
            self.line_to([b[0] + dy, b[1] - dx]);
            self.line_to([a[0] + dy, a[1] - dx]);
            self.content.close_path();
            any = true;
        }
        if any {
            self.painted += 1;
            self.content.fill_nonzero();
        }
    }

    /// Fills what a pen would cover along a smooth curve.
    fn outlined_curve(&mut self, points: &[Point], pen: Pen) {
        let side = |sign: f64| {
            let last = points.len() - 1;
            (0..points.len()).map(move |i| {
                let (from, to) = (points[i.saturating_sub(1)], points[(i + 1).min(last)]);
                let off = sign * pen.width / 2.0 / distance(from, to).max(f64::MIN_POSITIVE);
                [points[i][0] - (to[1] - from[1]) * off, points[i][1] + (to[0] - from[0]) * off]
            })
        };
        let all: Vec<Point> = side(1.0).chain(side(-1.0).rev()).collect();
        self.fill(&all, pen.gray);
    }

    /// Strokes separate segments: one path, or one each in an exploded drawing.
    pub(crate) fn segments(&mut self, segments: &[(Point, Point)]) {
        if !matches!(self.strokes, Strokes::Whole | Strokes::Merged) {
            self.pieces(segments);
            return;
        }
        for &(a, b) in segments {
            self.move_to(a);
            self.line_to(b);
        }
        if !segments.is_empty() {
            self.stroke();
        }
    }

    /// Fills a polygon.
    pub(crate) fn fill(&mut self, points: &[Point], gray: f64) {
        let Some((&first, rest)) = points.split_first() else { return };
        self.fill_gray(gray);
        self.move_to(first);
        for &p in rest {
            self.line_to(p);
        }
        self.content.close_path();
        self.painted += 1;
        self.content.fill_nonzero();
    }

    /// Strokes an arc of an upright ellipse of the space that `local` maps from.
    pub(crate) fn arc(&mut self, local: &Affine, center: Point, r: [f64; 2], start: f64, sweep: f64) {
        let along = |step| -> Vec<Point> {
            arc_points(center, r[0], r[1], start, sweep, step).into_iter().map(|p| local.apply(p)).collect()
        };
        match (self.strokes, self.pen) {
            (Strokes::Exploded, _) => return self.path(&along(EXPLODED_STEP), false),
            (Strokes::Outlined, Some(pen)) if pen.dash.is_empty() => {
                return self.outlined_curve(&along(OUTLINED_STEP), pen);
            }
            _ => {}
        }
        let parts = (sweep.abs() / 90.0).ceil().max(1.0) as usize;
        let step = sweep / parts as f64;
        // Control points of the cubic that meets an arc of `step` at both ends and its middle.
        let k = 4.0 / 3.0 * (step.to_radians() / 4.0).tan();
        let at = |angle: f64, along: f64| {
            let (sin, cos) = sin_cos(angle);
            local.apply([center[0] + r[0] * (cos - along * sin), center[1] + r[1] * (sin + along * cos)])
        };
        self.move_to(at(start, 0.0));
        for i in 0..parts {
            let from = start + step * i as f64;
            let [c1, c2, end] =
                [at(from, k), at(from + step, -k), at(from + step, 0.0)].map(|p| self.to.apply(p));
            self.content.cubic_to(n(c1[0]), n(c1[1]), n(c2[0]), n(c2[1]), n(end[0]), n(end[1]));
            if self.strokes == Strokes::Split && i + 1 < parts {
                self.stroke();
                self.move_to(at(from + step, 0.0));
            }
        }
        if sweep.abs() >= 360.0 && self.strokes != Strokes::Split {
            self.content.close_path();
        }
        self.stroke();
    }

    /// Writes one line of text along `local`'s +x, standing on the baseline at `at`.
    pub(crate) fn text(&mut self, local: &Affine, at: Point, text: &str, size: f64, align: Align, gray: f64) {
        let strokes = self.lettering == Lettering::Strokes;
        let width = if strokes {
            lettering::stroke_width(text, size)
        } else {
            lettering::helvetica_width(text, size)
        };
        let shift = match align {
            Align::Left => 0.0,
            Align::Center => -width / 2.0,
            Align::Right => -width,
        };
        let place = local.after(&Affine::shift([at[0] + shift, at[1]]));
        if strokes {
            self.pen(Pen::new((size * 0.07).max(0.3)).gray(gray).round());
            for stroke in lettering::strokes(text, size) {
                let points: Vec<Point> = stroke.into_iter().map(|p| place.apply(p)).collect();
                self.path(&points, false);
            }
        } else {
            self.show(&place, text, size, gray);
        }
    }

    fn show(&mut self, place: &Affine, text: &str, size: f64, gray: f64) {
        self.uses_font = true;
        self.fill_gray(gray);
        self.content.begin_text();
        let garbled = self.lettering == Lettering::Garbled;
        self.content.set_font(if garbled { GARBLED_FONT } else { FONT }, n(size));
        let runs: Vec<String> = match self.lettering {
            Lettering::SplitRuns => {
                text.chars().collect::<Vec<_>>().chunks(SPLIT_RUN).map(|c| c.iter().collect()).collect()
            }
            _ => vec![text.to_owned()],
        };
        let mut x = 0.0;
        for run in runs {
            // Letters are drawn y up.
            let m = self.to.after(&place.after(&Affine::shift([x, 0.0]))).after(&Affine::scale(1.0, -1.0)).0;
            let [a, b, c, d] = [m[0], m[1], m[2], m[3]].map(|v| (v * 1e5).round() as f32 / 1e5 + 0.0);
            self.content.set_text_matrix([a, b, c, d, n(m[4]), n(m[5])]);
            self.content.show(Str(run.as_bytes()));
            x += lettering::helvetica_width(&run, size);
        }
        self.content.end_text();
    }

    /// Draws a block, whose own space `local` maps to the caller's.
    pub(crate) fn block(&mut self, name: &str, local: &Affine) {
        self.end_merged();
        let m = self.to.after(local).0;
        let [a, b, c, d] = [m[0], m[1], m[2], m[3]].map(|v| (v * 1e5).round() as f32 / 1e5 + 0.0);
        self.content.save_state();
        self.content.transform([a, b, c, d, n(m[4]), n(m[5])]);
        self.content.x_object(Name(name.as_bytes()));
        self.content.restore_state();
    }

    pub(crate) fn begin_layer(&mut self, name: &str) {
        self.end_merged();
        self.content
            .begin_marked_content_with_properties(Name(b"OC"))
            .properties_named(Name(name.as_bytes()));
    }

    pub(crate) fn end_layer(&mut self) {
        self.end_merged();
        self.content.end_marked_content();
    }
}

/// A line in two pieces, unless it is short.
fn broken((a, b): (Point, Point)) -> impl Iterator<Item = (Point, Point)> {
    let at = if distance(a, b) < UNBROKEN { 1.0 } else { BREAK_AT };
    let middle = [a[0] + (b[0] - a[0]) * at, a[1] + (b[1] - a[1]) * at];
    std::iter::once((a, middle)).chain((at < 1.0).then_some((middle, b)))
}
