//! A legend: one sample of each symbol, and what it means.

use crate::canvas::{Canvas, Placement};
use crate::geometry::{Affine, Bounds, Point};
use crate::ink::{Align, Pen};
use crate::symbol::{Kind, bounds};

const SYMBOL_COLUMN: f64 = 72.0;
const WIDTH: f64 = 330.0;
const HEAD: f64 = 26.0;
const ROW: f64 = 27.0;

/// Draws a legend with its top left corner at `at`; answers its box.
pub(crate) fn draw_legend(canvas: &mut Canvas<'_>, at: Point, title: &str, kinds: &[Kind]) -> Bounds {
    let [left, top] = at;
    canvas.layer("G-ANNO-LEGN");
    canvas.text([left + WIDTH / 2.0, top + 18.0], title, 13.0, Align::Center);
    let mut y = top + HEAD;
    for &kind in kinds {
        let unit = kind.unit(canvas.pt_per_inch);
        let own = bounds(kind, &Affine::scale(unit, unit));
        let row = ROW.max(own.height() + 10.0);
        let middle = [left + SYMBOL_COLUMN / 2.0, y + row / 2.0];
        let [cx, cy] = own.center();
        canvas.place(kind, Placement::at([middle[0] - cx, middle[1] - cy]).in_legend());
        canvas.text([left + SYMBOL_COLUMN + 10.0, middle[1] + 3.0], kind.description(), 8.5, Align::Left);
        canvas.pen(Pen::new(0.35));
        canvas.line([left, y], [left + WIDTH, y]);
        y += row;
    }
    let area = Bounds::new(left, top, left + WIDTH, y);
    canvas.pen(Pen::new(0.35));
    canvas.line([left + SYMBOL_COLUMN, top + HEAD], [left + SYMBOL_COLUMN, y]);
    canvas.pen(Pen::new(1.0));
    canvas.rect(&area);
    area
}
