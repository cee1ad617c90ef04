//! Floor patterns.

use crate::canvas::Canvas;
use crate::geometry::Bounds;
use crate::ink::Pen;

/// Square tiles of `side` points.
pub(crate) fn tiles(canvas: &mut Canvas<'_>, area: &Bounds, side: f64) {
    canvas.pen(Pen::new(0.15).gray(0.55));
    let mut lines = Vec::new();
    let mut x = area.left + side;
    while x < area.right - 0.2 {
        lines.push(([x, area.top], [x, area.bottom]));
        x += side;
    }
    let mut y = area.top + side;
    while y < area.bottom - 0.2 {
        lines.push(([area.left, y], [area.right, y]));
        y += side;
    }
    canvas.ink.segments(&lines);
}

/// Lines at 45 degrees, `step` points apart.
pub(crate) fn diagonals(canvas: &mut Canvas<'_>, area: &Bounds, step: f64) {
    canvas.pen(Pen::new(0.15).gray(0.5));
    let step = step * std::f64::consts::SQRT_2;
    let mut lines = Vec::new();
    let mut off = step;
    // Along the upper and the left side each line begins; along the lower and the right one it ends.
    while off < area.width() + area.height() - 0.2 {
        let from = [area.left + off.min(area.width()), area.top + (off - area.width()).max(0.0)];
        let to = [area.left + (off - area.height()).max(0.0), area.top + off.min(area.height())];
        lines.push((from, to));
        off += step;
    }
    canvas.ink.segments(&lines);
}

/// Dots `step` points apart: strokes of no length with round caps.
pub(crate) fn dots(canvas: &mut Canvas<'_>, area: &Bounds, step: f64) {
    canvas.pen(Pen::new(0.5).gray(0.4).round());
    let mut row = 0_u32;
    let mut y = area.top + step / 2.0;
    while y < area.bottom {
        let shift = if row.is_multiple_of(2) { step / 2.0 } else { step };
        let mut x = area.left + shift;
        while x < area.right {
            canvas.line([x, y], [x, y]);
            x += step;
        }
        y += step;
        row += 1;
    }
}
