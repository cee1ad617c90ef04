//! A small seeded plotter: sheets with symbols whose places are known.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::super::pose::Pose;
use super::super::{CountOutcome, CountParams, Detection, Exemplar, PageIndex, find};
use crate::budget::Budget;
use crate::geom::{ListRect, PageSpace, PxPoint, PxRect};
use crate::page::display::{DisplayList, NO_LAYER, PageKind, Paint, PathEntry, Style, TextLine, Verb, Word};

/// How a program writes what it draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Habit {
    /// One path with real curves.
    Curves,
    /// One path a stroke, arcs as polylines of so many chords a turn.
    Polylines(u32),
    /// Every chord its own path, in an order and direction of its own.
    Exploded(u32),
    /// Straight sides in two halves, arcs as in `Polylines`.
    Halves(u32),
    /// Strokes as thin filled quadrilaterals.
    Slivers(u32),
}

pub(super) const HABITS: [Habit; 6] = [
    Habit::Curves,
    Habit::Polylines(32),
    Habit::Exploded(24),
    Habit::Exploded(40),
    Habit::Halves(36),
    Habit::Slivers(32),
];

/// A stroke of a symbol, around its middle, list units.
#[derive(Debug, Clone)]
pub(super) enum Stroke {
    Line([f64; 2], [f64; 2]),
    /// Middle, radius, from and to in degrees.
    Arc([f64; 2], f64, f64, f64),
    Closed(Vec<[f64; 2]>),
    Solid(Vec<[f64; 2]>),
}

#[derive(Debug, Clone)]
pub(super) struct Symbol(pub Vec<Stroke>);

pub(super) fn circle(r: f64) -> Stroke {
    Stroke::Arc([0.0, 0.0], r, 0.0, 360.0)
}

pub(super) fn line(x0: f64, y0: f64, x1: f64, y1: f64) -> Stroke {
    Stroke::Line([x0, y0], [x1, y1])
}

pub(super) fn rect(x0: f64, y0: f64, x1: f64, y1: f64) -> Stroke {
    Stroke::Closed(vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
}

/// Families of symbols that resemble each other; the first of each is the one to count.
pub(super) fn families() -> Vec<(&'static str, Vec<Symbol>)> {
    let receptacle =
        vec![circle(5.0), line(-1.5, -3.0, -1.5, 3.0), line(1.5, -3.0, 1.5, 3.0), line(0.0, 5.0, 0.0, 9.0)];
    let with = |base: &[Stroke], more: Vec<Stroke>| Symbol([base.to_vec(), more].concat());
    let switch = vec![rect(-5.0, -5.0, 5.0, 5.0), line(-5.0, 5.0, 5.0, -5.0), line(5.0, 0.0, 12.0, 0.0)];
    let closet = vec![
        Stroke::Arc([0.0, -3.0], 6.0, 180.0, 360.0),
        line(-6.0, -3.0, -4.0, 5.0),
        line(6.0, -3.0, 4.0, 5.0),
        line(-4.0, 5.0, 4.0, 5.0),
        rect(-5.0, 6.0, 5.0, 9.0),
        Stroke::Arc([0.0, -2.0], 3.5, 0.0, 360.0),
    ];
    let door = vec![
        line(0.0, 0.0, 0.0, -20.0),
        line(0.0, 0.0, 2.0, 0.0),
        Stroke::Arc([0.0, 0.0], 20.0, 270.0, 360.0),
    ];
    let valve = vec![
        Stroke::Closed(vec![[-6.0, -4.0], [6.0, 4.0], [6.0, -4.0], [-6.0, 4.0]]),
        line(0.0, 0.0, 0.0, -6.0),
        line(-3.0, -6.0, 3.0, -6.0),
    ];
    vec![
        (
            "receptacle",
            vec![
                Symbol(receptacle.clone()),
                Symbol(receptacle[..3].to_vec()),
                Symbol([&receptacle[..1], &receptacle[2..]].concat()),
                with(&receptacle, vec![line(-4.0, 0.0, 4.0, 0.0)]),
                with(&receptacle, vec![rect(-6.0, -6.0, 6.0, 6.0)]),
                Symbol(vec![circle(5.0)]),
            ],
        ),
        (
            "switch",
            vec![
                Symbol(switch.clone()),
                Symbol(switch[..1].to_vec()),
                Symbol(switch[..2].to_vec()),
                Symbol(vec![switch[0].clone(), line(-5.0, 5.0, 8.0, -5.0), switch[2].clone()]),
                with(&switch, vec![line(-5.0, -5.0, 5.0, 5.0)]),
            ],
        ),
        (
            "closet",
            vec![
                Symbol(closet.clone()),
                Symbol(closet[..5].to_vec()),
                Symbol([&closet[..4], &[rect(-3.0, 5.0, 3.0, 7.0)], &closet[5..]].concat()),
            ],
        ),
        ("door", vec![Symbol(door.clone()), with(&door, vec![line(20.0, 0.0, 0.0, -20.0)])]),
        (
            "valve",
            vec![
                Symbol(valve.clone()),
                Symbol(valve[..1].to_vec()),
                with(&valve, vec![rect(-3.0, -9.0, 3.0, -6.0)]),
            ],
        ),
    ]
}

/// A sheet being drawn.
pub(super) struct Sheet {
    pub list: DisplayList,
    pub rng: StdRng,
}

pub(super) const PEN: Style =
    Style { paint: Paint::Stroke, rgba: 0x0000_00ff, width: 0.36, dash: Vec::new() };

impl Sheet {
    pub(super) fn new(width: f64, height: f64, seed: u64) -> Self {
        let space = PageSpace::of_points(width, height).unwrap();
        let mut list = DisplayList::empty(space, PageKind::Vector);
        list.styles.push(PEN);
        Self { list, rng: StdRng::seed_from_u64(seed) }
    }

    pub(super) fn style(&mut self, style: Style) -> u32 {
        if let Some(i) = self.list.styles.iter().position(|s| *s == style) {
            return i as u32;
        }
        self.list.styles.push(style);
        self.list.styles.len() as u32 - 1
    }

    pub(super) fn path(&mut self, verbs: &[Verb], coords: &[[f64; 2]], style: u32) {
        let mut bounds = ListRect::EMPTY;
        let (verb_start, coord_start) = (self.list.verbs.len() as u32, self.list.coords.len() as u32);
        for c in coords {
            // Drawings are rounded.
            let c = c.map(|v| ((v * 100.0).round() / 100.0) as f32);
            bounds.add(c[0], c[1]);
            self.list.coords.push(c);
        }
        self.list.verbs.extend_from_slice(verbs);
        self.list.paths.push(PathEntry {
            style,
            layer: NO_LAYER,
            verb_start,
            verb_len: verbs.len() as u32,
            coord_start,
            bounds,
            visible: bounds,
        });
    }

    pub(super) fn line(&mut self, a: [f64; 2], b: [f64; 2], style: u32) {
        self.path(&[Verb::Move, Verb::Line], &[a, b], style);
    }

    /// Parallel lines through a box, `pitch` apart.
    pub(super) fn hatch(&mut self, r: [f64; 4], pitch: f64, style: u32) {
        let mut x = r[0];
        while x <= r[2] {
            self.line([x, r[1]], [x, r[3]], style);
            x += pitch;
        }
        let mut y = r[1];
        while y <= r[3] {
            self.line([r[0], y], [r[2], y], style);
            y += pitch;
        }
    }

    pub(super) fn text(&mut self, text: &str, x: f64, y: f64, size: f64) {
        let start = self.list.words.len() as u32;
        let mut left = x;
        for word in text.split(' ') {
            let width = word.len() as f64 * size * 0.6;
            let bounds = ListRect {
                left: left as f32,
                top: (y - size) as f32,
                right: (left + width) as f32,
                bottom: y as f32,
            };
            self.list.words.push(Word {
                text: word.to_owned(),
                bounds,
                angle: 0.0,
                size: size as f32,
                layer: NO_LAYER,
            });
            left += width + size * 0.4;
        }
        let words = &self.list.words[start as usize..];
        let bounds = words.iter().fold(ListRect::EMPTY, |b, w| b.union(&w.bounds));
        let word_len = words.len() as u32;
        self.list.lines.push(TextLine {
            text: text.to_owned(),
            bounds,
            angle: 0.0,
            word_start: start,
            word_len,
        });
    }

    /// Draws a symbol in some program's way.
    pub(super) fn symbol(&mut self, symbol: &Symbol, pose: &Pose, habit: Habit, style: u32) {
        for stroke in &symbol.0 {
            match (stroke, habit) {
                (Stroke::Arc(c, r, from, to), Habit::Curves) => self.curves(pose, *c, *r, *from, *to, style),
                (Stroke::Solid(points), _) => {
                    let fill = Style {
                        paint: Paint::FillNonZero,
                        width: 0.0,
                        ..self.list.styles[style as usize].clone()
                    };
                    let fill = self.style(fill);
                    let points: Vec<[f64; 2]> = points.iter().map(|p| pose.apply(*p)).collect();
                    let mut verbs = vec![Verb::Line; points.len()];
                    verbs[0] = Verb::Move;
                    verbs.push(Verb::Close);
                    self.path(&verbs, &points, fill);
                }
                _ => {
                    let chords = match habit {
                        Habit::Curves => 32,
                        Habit::Polylines(n) | Habit::Exploded(n) | Habit::Halves(n) | Habit::Slivers(n) => n,
                    };
                    let points: Vec<[f64; 2]> =
                        stroke.points(chords).into_iter().map(|p| pose.apply(p)).collect();
                    self.polyline(&points, habit, style);
                }
            }
        }
    }

    fn polyline(&mut self, points: &[[f64; 2]], habit: Habit, style: u32) {
        match habit {
            Habit::Curves | Habit::Polylines(_) => {
                let mut verbs = vec![Verb::Line; points.len()];
                verbs[0] = Verb::Move;
                self.path(&verbs, points, style);
            }
            Habit::Exploded(_) => {
                let mut pieces: Vec<&[[f64; 2]]> = points.windows(2).collect();
                for i in (1..pieces.len()).rev() {
                    let k = self.rng.random_range(0..=i);
                    pieces.swap(i, k);
                }
                for w in pieces {
                    let (a, b) = if self.rng.random_bool(0.5) { (w[0], w[1]) } else { (w[1], w[0]) };
                    self.line(a, b, style);
                }
            }
            Habit::Halves(_) => {
                for w in points.windows(2) {
                    let m = [(w[0][0] + w[1][0]) / 2.0, (w[0][1] + w[1][1]) / 2.0];
                    self.line(w[0], m, style);
                    self.line(m, w[1], style);
                }
            }
            Habit::Slivers(_) => {
                let pen = self.list.styles[style as usize].clone();
                let fill = self.style(Style { paint: Paint::FillNonZero, width: 0.0, ..pen });
                for w in points.windows(2) {
                    let (dx, dy) = (w[1][0] - w[0][0], w[1][1] - w[0][1]);
                    let l = dx.hypot(dy) / 0.08;
                    let (nx, ny) = (-dy / l, dx / l);
                    let corners = [
                        [w[0][0] + nx, w[0][1] + ny],
                        [w[1][0] + nx, w[1][1] + ny],
                        [w[1][0] - nx, w[1][1] - ny],
                        [w[0][0] - nx, w[0][1] - ny],
                    ];
                    let verbs = [Verb::Move, Verb::Line, Verb::Line, Verb::Line, Verb::Close];
                    self.path(&verbs, &corners, fill);
                }
            }
        }
    }

    fn curves(&mut self, pose: &Pose, c: [f64; 2], r: f64, from: f64, to: f64, style: u32) {
        let parts = ((to - from) / 90.0).ceil().max(1.0);
        let step = ((to - from) / parts).to_radians();
        let k = 4.0 / 3.0 * (step / 4.0).tan();
        let at = |a: f64| [c[0] + r * a.cos(), c[1] + r * a.sin()];
        let tangent = |a: f64| [-r * a.sin() * k, r * a.cos() * k];
        let mut coords = vec![pose.apply(at(from.to_radians()))];
        let mut verbs = vec![Verb::Move];
        for i in 0..parts as u32 {
            let (a, b) =
                (from.to_radians() + step * f64::from(i), from.to_radians() + step * f64::from(i + 1));
            let (p, q, u, v) = (at(a), at(b), tangent(a), tangent(b));
            coords.push(pose.apply([p[0] + u[0], p[1] + u[1]]));
            coords.push(pose.apply([q[0] - v[0], q[1] - v[1]]));
            coords.push(pose.apply(q));
            verbs.push(Verb::Cubic);
        }
        self.path(&verbs, &coords, style);
    }

    pub(super) fn index(&self) -> PageIndex {
        PageIndex::build(&self.list, &Budget::unlimited()).unwrap()
    }
}

impl Stroke {
    fn points(&self, chords: u32) -> Vec<[f64; 2]> {
        match self {
            Self::Line(a, b) => vec![*a, *b],
            Self::Closed(points) | Self::Solid(points) => {
                let mut points = points.clone();
                points.push(points[0]);
                points
            }
            Self::Arc(c, r, from, to) => {
                let n = (f64::from(chords) * (to - from) / 360.0).ceil().max(2.0) as u32;
                (0..=n)
                    .map(|i| (from + (to - from) * f64::from(i) / f64::from(n)).to_radians())
                    .map(|a| [c[0] + r * a.cos(), c[1] + r * a.sin()])
                    .collect()
            }
        }
    }
}

impl Symbol {
    /// Box of the placed symbol, list units.
    pub(super) fn bounds(&self, pose: &Pose) -> ListRect {
        let mut bounds = ListRect::EMPTY;
        for p in self.0.iter().flat_map(|s| s.points(64)) {
            let p = pose.apply(p);
            bounds.add(p[0] as f32, p[1] as f32);
        }
        bounds
    }
}

pub(super) fn at(x: f64, y: f64, degrees: f64, scale: f64, mirrored: bool) -> Pose {
    let turned = Pose::turned(degrees.to_radians(), mirrored);
    Pose { re: turned.re * scale, im: turned.im * scale, x, y, ..turned }
}

/// A person's box around a placed symbol, page pixels.
pub(super) fn box_around(sheet: &Sheet, symbol: &Symbol, pose: &Pose, margin: f32) -> PxRect {
    let b = symbol.bounds(pose);
    sheet.list.space.rect_to_px(&ListRect {
        left: b.left - margin,
        top: b.top - margin,
        right: b.right + margin,
        bottom: b.bottom + margin,
    })
}

pub(super) fn middle(sheet: &Sheet, symbol: &Symbol, pose: &Pose) -> PxPoint {
    box_around(sheet, symbol, pose, 0.0).center()
}

pub(super) fn count(sheet: &Sheet, drawn: PxRect, params: &CountParams) -> CountOutcome {
    let page = sheet.index();
    let exemplar = Exemplar::cut(&page, drawn, &Budget::unlimited()).unwrap();
    find(&page, &exemplar, params, &Budget::unlimited()).value
}

/// How detections agree with places that are known.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub right: usize,
    pub wrong: usize,
    pub missed: usize,
}

/// A detection is right when its middle is within 1.5 px of a place that no other has taken.
pub(super) fn tally(detections: &[Detection], truth: &[PxPoint]) -> Tally {
    let mut free: Vec<PxPoint> = truth.to_vec();
    let mut tally = Tally::default();
    for d in detections {
        if let Some(i) = free.iter().position(|t| t.distance(d.center) < 1.5) {
            free.swap_remove(i);
            tally.right += 1;
        } else {
            tally.wrong += 1;
        }
    }
    tally.missed = free.len();
    tally
}

/// What a failed test shows: a line a detection, near misses after a dash.
pub(super) fn summary(outcome: &CountOutcome, truth: &[PxPoint]) -> String {
    let line = |d: &Detection| {
        let mark = if truth.iter().any(|t| t.distance(d.center) < 1.5) { "right" } else { "WRONG" };
        format!(
            "\n{mark} {:.3} coverage {:.3} extra {:.3} at {:.1},{:.1} turned {:.1} x{:.3}{}",
            d.confidence,
            d.coverage,
            d.extra,
            d.center.x,
            d.center.y,
            d.angle_deg,
            d.scale,
            if d.mirrored { " mirrored" } else { "" }
        )
    };
    let found: String = outcome.detections.iter().map(line).collect();
    let near: String = outcome.near_misses.iter().take(40).map(line).collect();
    let missed = truth.iter().filter(|t| outcome.detections.iter().all(|d| t.distance(d.center) >= 1.5));
    let missed: String = missed.map(|t| format!("\nmissed {:.1},{:.1}", t.x, t.y)).collect();
    format!("{found}\n-{near}{missed}")
}
