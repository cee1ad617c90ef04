//! One sheet under construction: what is drawn and what is true of it, side by side.

use std::collections::BTreeSet;

use crate::book::{Block, Book, BookPage, block_name, layer_name, upright_to_user};
use crate::geometry::{Affine, Bounds, Point, meets};
use crate::habit::{Habit, Lettering};
use crate::ink::{Align, Ink, Pen};
use crate::symbol::{Kind, Shape, bounds, shapes};
use crate::truth::{
    Apart, Instance, PageTruth, RoomTruth, ScaleTruth, Status, WallTruth, px, px_box, round2,
};

/// Where and how a symbol stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placement {
    /// Place of the symbol's own origin, points of the upright page.
    pub(crate) at: Point,
    /// Clockwise, degrees.
    pub(crate) angle: f64,
    /// Flipped left to right before it is turned.
    pub(crate) mirrored: bool,
    pub(crate) in_legend: bool,
    pub(crate) apart: Option<Apart>,
    pub(crate) status: Status,
    pub(crate) touching: bool,
}

impl Placement {
    pub(crate) fn at(at: Point) -> Self {
        Self {
            at,
            angle: 0.0,
            mirrored: false,
            in_legend: false,
            apart: None,
            status: Status::New,
            touching: false,
        }
    }

    pub(crate) fn turned(self, angle: f64) -> Self {
        Self { angle, ..self }
    }

    pub(crate) fn mirrored(self, mirrored: bool) -> Self {
        Self { mirrored, ..self }
    }

    pub(crate) fn in_legend(self) -> Self {
        Self { in_legend: true, ..self }
    }

    pub(crate) fn apart(self, apart: Option<Apart>) -> Self {
        Self { apart, ..self }
    }

    pub(crate) fn status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn touching(self, touching: bool) -> Self {
        Self { touching, ..self }
    }

    /// From the symbol's own space in points to the page.
    pub(crate) fn map(&self) -> Affine {
        let flip = Affine::scale(if self.mirrored { -1.0 } else { 1.0 }, 1.0);
        Affine::shift(self.at).after(&Affine::turn(self.angle).after(&flip))
    }
}

/// Pens of symbols.
const NEW_WORK: Pen = Pen::new(0.72);
const EXISTING: Pen = Pen::new(0.25).gray(0.45);

pub(crate) struct Canvas<'b> {
    book: &'b mut Book,
    pub(crate) ink: Ink,
    pub(crate) habit: Habit,
    /// Size of the upright page, points.
    pub(crate) size: [f64; 2],
    /// Points on paper of one real inch.
    pub(crate) pt_per_inch: f64,
    blocks: BTreeSet<usize>,
    layers: BTreeSet<usize>,
    layer_open: bool,
    pub(crate) truth: PageTruth,
}

impl<'b> Canvas<'b> {
    /// A blank sheet drawn at `ratio` real inches to the inch.
    pub(crate) fn new(book: &'b mut Book, size: [f64; 2], ratio: f64, habit: Habit) -> Self {
        let ink = Ink::new(upright_to_user(size, habit.rotate), habit.strokes, habit.lettering);
        let [width_px, height_px] = px(size).map(|v| v.round() as u32);
        let truth = PageTruth {
            page: book.page_count() as u32 + 1,
            width_px,
            height_px,
            rotate: habit.rotate,
            sheet_number: None,
            title: None,
            scale: ScaleTruth::None,
            has_text_layer: habit.lettering != Lettering::Strokes,
            symbols: std::collections::BTreeMap::new(),
            rooms: Vec::new(),
            walls: Vec::new(),
        };
        book.garbled |= habit.lettering == Lettering::Garbled;
        let pt_per_inch = 72.0 / ratio;
        let (blocks, layers) = (BTreeSet::new(), BTreeSet::new());
        Self { book, ink, habit, size, pt_per_inch, blocks, layers, layer_open: false, truth }
    }

    /// Changes the scale of what is drawn from here on.
    pub(crate) fn at_ratio(&mut self, ratio: f64) {
        self.pt_per_inch = 72.0 / ratio;
    }

    /// Moves on to a layer; everything is on some layer from then on.
    pub(crate) fn layer(&mut self, name: &str) {
        self.enter_layer(name, true);
    }

    /// Moves on to a layer that is switched off: what follows isn't seen and isn't true.
    pub(crate) fn hidden_layer(&mut self, name: &str) {
        self.enter_layer(name, false);
    }

    fn enter_layer(&mut self, name: &str, shown: bool) {
        if !self.habit.layers {
            return;
        }
        self.leave_layer();
        let index = self.book.layer(name, shown);
        self.layers.insert(index);
        self.ink.begin_layer(&layer_name(index));
        self.layer_open = true;
    }

    fn leave_layer(&mut self) {
        if std::mem::take(&mut self.layer_open) {
            self.ink.end_layer();
        }
    }

    pub(crate) fn pen(&mut self, pen: Pen) {
        self.ink.pen(pen);
    }

    pub(crate) fn line(&mut self, a: Point, b: Point) {
        self.ink.path(&[a, b], false);
    }

    pub(crate) fn path(&mut self, points: &[Point], closed: bool) {
        self.ink.path(points, closed);
    }

    pub(crate) fn rect(&mut self, b: &Bounds) {
        self.ink.path(&b.corners(), true);
    }

    pub(crate) fn circle(&mut self, center: Point, r: f64) {
        self.ink.arc(&Affine::IDENTITY, center, [r, r], 0.0, 360.0);
    }

    pub(crate) fn text(&mut self, at: Point, text: &str, size: f64, align: Align) {
        self.ink.text(&Affine::IDENTITY, at, text, size, align, 0.0);
    }

    pub(crate) fn gray_text(&mut self, at: Point, text: &str, size: f64, align: Align, gray: f64) {
        self.ink.text(&Affine::IDENTITY, at, text, size, align, gray);
    }

    /// Text along a line turned clockwise by `angle`.
    pub(crate) fn turned_text(&mut self, at: Point, angle: f64, text: &str, size: f64, align: Align) {
        let local = Affine::shift(at).after(&Affine::turn(angle));
        self.ink.text(&local, [0.0, 0.0], text, size, align, 0.0);
    }

    /// Draws a symbol and notes it in the truth; answers the box of its lines in points.
    pub(crate) fn place(&mut self, kind: Kind, placement: Placement) -> Bounds {
        self.draw_untrue(kind, placement);
        let unit = kind.unit(self.pt_per_inch);
        let map = placement.map();
        let area = bounds(kind, &map.after(&Affine::scale(unit, unit)));
        let own = bounds(kind, &Affine::scale(unit, unit));
        let instance = Instance {
            center: px(map.apply(own.center())),
            area: px_box(&area),
            angle: round2(placement.angle.rem_euclid(360.0)),
            mirrored: placement.mirrored,
            in_legend: placement.in_legend,
            apart: placement.apart,
            status: placement.status,
            touching: placement.touching,
            crossed: false,
        };
        self.truth.symbols.entry(kind.name().to_owned()).or_default().push(instance);
        area
    }

    /// Draws a symbol without a word in the truth.
    pub(crate) fn draw_untrue(&mut self, kind: Kind, placement: Placement) {
        let unit = kind.unit(self.pt_per_inch);
        let map = placement.map();
        let pen = if placement.status == Status::New { NEW_WORK } else { EXISTING };
        if self.habit.blocks {
            let key = format!("{}/{unit}/{}", kind.name(), pen.width);
            let index = self.book.block(key, || draw_block(kind, unit, pen, self.habit));
            self.blocks.insert(index);
            self.ink.block(&block_name(index), &map);
        } else {
            draw_shapes(&mut self.ink, kind, unit, pen, &map);
        }
    }

    /// A line over what is drawn already; the symbols that it runs over are noted as crossed.
    pub(crate) fn crossing_line(&mut self, a: Point, b: Point) {
        self.line(a, b);
        let (a, b) = (px(a), px(b));
        for instance in self.truth.symbols.values_mut().flatten() {
            let [x, y, w, h] = instance.area;
            instance.crossed |= meets(&Bounds::new(x, y, x + w, y + h), a, b);
        }
    }

    pub(crate) fn note_room(&mut self, room: RoomTruth) {
        self.truth.rooms.push(room);
    }

    pub(crate) fn note_wall(&mut self, wall: WallTruth) {
        self.truth.walls.push(wall);
    }

    /// Closes the sheet and puts it into the book.
    pub(crate) fn finish(mut self) -> PageTruth {
        self.leave_layer();
        let (content, _) = self.ink.finish();
        self.book.push(BookPage {
            size: self.size,
            rotate: self.habit.rotate,
            content,
            blocks: self.blocks,
            layers: self.layers,
        });
        self.truth
    }
}

fn draw_block(kind: Kind, unit: f64, pen: Pen, habit: Habit) -> Block {
    let mut ink = Ink::new(Affine::IDENTITY, habit.strokes, habit.lettering);
    draw_shapes(&mut ink, kind, unit, pen, &Affine::IDENTITY);
    let (content, uses_font) = ink.finish();
    let bounds = bounds(kind, &Affine::scale(unit, unit)).grown(1.0);
    Block { content, bounds, uses_font }
}

/// Draws a symbol's shapes, `unit` points to its own unit, mapped by `map` from points to points.
fn draw_shapes(ink: &mut Ink, kind: Kind, unit: f64, pen: Pen, map: &Affine) {
    let local = map.after(&Affine::scale(unit, unit));
    for shape in shapes(kind) {
        ink.pen(pen);
        match shape {
            Shape::Line(points) => ink.path(&mapped(&local, &points), false),
            Shape::Outline(points) => ink.path(&mapped(&local, &points), true),
            Shape::Fill(points) => ink.fill(&mapped(&local, &points), pen.gray),
            Shape::Arc { center, r, start, sweep } => ink.arc(&local, center, r, start, sweep),
            Shape::Letters { at, text, size } => {
                ink.text(map, [at[0] * unit, at[1] * unit], text, size * unit, Align::Center, pen.gray);
            }
        }
    }
}

fn mapped(map: &Affine, points: &[Point]) -> Vec<Point> {
    points.iter().map(|&p| map.apply(p)).collect()
}
