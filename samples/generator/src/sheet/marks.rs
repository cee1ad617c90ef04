//! Drawing titles, scale bars, dimensions, grid bubbles, leaders.

use crate::canvas::Canvas;
use crate::geometry::{Point, distance};
use crate::ink::{Align, Pen};

/// The line below a drawing: its number, name and scale.
pub(crate) struct DrawingTitle<'a> {
    pub(crate) number: &'a str,
    pub(crate) title: &'a str,
    /// As printed, with or without a label.
    pub(crate) scale: &'a str,
    /// Length of the rule, points.
    pub(crate) width: f64,
}

/// Draws a drawing title whose bubble's centre is at `at`.
pub(crate) fn draw_drawing_title(canvas: &mut Canvas<'_>, at: Point, title: &DrawingTitle<'_>) {
    let [x, y] = at;
    canvas.layer("G-ANNO-TEXT");
    canvas.pen(Pen::new(1.0));
    canvas.circle(at, 15.0);
    canvas.line([x + 15.0, y], [x + title.width, y]);
    canvas.text([x, y + 5.0], title.number, 14.0, Align::Center);
    canvas.text([x + 24.0, y - 6.0], title.title, 14.0, Align::Left);
    canvas.text([x + 24.0, y + 13.0], title.scale, 9.0, Align::Left);
}

/// Draws a graphic scale from its zero at `at`: four fields of `feet_each` feet.
pub(crate) fn draw_scale_bar(canvas: &mut Canvas<'_>, at: Point, feet_each: f64) {
    let [x, y] = at;
    let each = feet_each * 12.0 * canvas.pt_per_inch;
    let ends: Vec<Point> = (0..=4).map(|i| [x + each * f64::from(i), y]).collect();
    canvas.layer("G-ANNO-TEXT");
    for (i, pair) in ends.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        let outline = [from, to, [to[0], y + 5.0], [from[0], y + 5.0]];
        if i % 2 == 0 {
            canvas.ink.fill(&outline, 0.0);
        }
        canvas.pen(Pen::new(0.5));
        canvas.path(&outline, true);
    }
    for (i, end) in ends.iter().enumerate() {
        let label = format!("{}'", feet_each * i as f64);
        canvas.text([end[0], y - 4.0], &label, 7.0, Align::Center);
    }
}

/// `28'-0"`, `7'-6"`, `3'-4 1/2"`, `3 1/2"`: to the nearest half inch.
pub(crate) fn feet_and_inches(feet: f64) -> String {
    let halves = (feet * 24.0).round() as i64;
    let (whole, rest) = (halves.div_euclid(24), halves.rem_euclid(24));
    let fraction = if rest % 2 == 1 { " 1/2" } else { "" };
    if whole == 0 {
        return format!("{}{fraction}\"", rest / 2);
    }
    format!("{whole}'-{}{fraction}\"", rest / 2)
}

/// Draws a dimension string between points on paper that are `feet` apart, its line shifted by
/// `offset` points to the left of the way from `a` to `b`.
pub(crate) fn dimension(canvas: &mut Canvas<'_>, a: Point, b: Point, offset: f64, feet: f64) {
    let length = distance(a, b);
    if length == 0.0 {
        return;
    }
    let along = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
    let aside = [along[1], -along[0]];
    let by = |p: Point, d: f64| [p[0] + aside[0] * d, p[1] + aside[1] * d];
    canvas.pen(Pen::new(0.35));
    let sign = offset.signum();
    for end in [a, b] {
        canvas.line(by(end, 4.0 * sign), by(end, offset + 4.0 * sign));
    }
    let (from, to) = (by(a, offset), by(b, offset));
    canvas.line(from, to);
    canvas.pen(Pen::new(0.9));
    for end in [from, to] {
        let slash = [(along[0] + aside[0]) * 3.0, (along[1] + aside[1]) * 3.0];
        canvas.line([end[0] - slash[0], end[1] - slash[1]], [end[0] + slash[0], end[1] + slash[1]]);
    }
    let middle = by([(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0], offset + 3.0);
    let angle = along[1].atan2(along[0]).to_degrees();
    canvas.turned_text(middle, angle, &feet_and_inches(feet), 8.0, Align::Center);
}

/// A grid line with its bubble beyond `from`.
pub(crate) fn grid_bubble(canvas: &mut Canvas<'_>, from: Point, to: Point, label: &str) {
    let length = distance(from, to);
    let back = [(from[0] - to[0]) / length, (from[1] - to[1]) / length];
    let center = [from[0] + back[0] * 13.0, from[1] + back[1] * 13.0];
    canvas.pen(Pen::new(0.25).gray(0.3).dashed(&[18.0, 3.0, 4.0, 3.0]));
    canvas.line(from, to);
    canvas.pen(Pen::new(0.8));
    canvas.circle(center, 13.0);
    canvas.text([center[0], center[1] + 4.0], label, 11.0, Align::Center);
}

/// A note with a line to what it speaks of.
pub(crate) fn leader(canvas: &mut Canvas<'_>, tip: Point, knee: Point, text: &str) {
    canvas.pen(Pen::new(0.4));
    let to_right = knee[0] >= tip[0];
    let end = [knee[0] + if to_right { 10.0 } else { -10.0 }, knee[1]];
    canvas.path(&[tip, knee, end], false);
    let length = distance(tip, knee).max(1.0);
    let (ux, uy) = ((knee[0] - tip[0]) / length, (knee[1] - tip[1]) / length);
    let head = [
        tip,
        [tip[0] + ux * 7.0 - uy * 1.6, tip[1] + uy * 7.0 + ux * 1.6],
        [tip[0] + ux * 7.0 + uy * 1.6, tip[1] + uy * 7.0 - ux * 1.6],
    ];
    canvas.ink.fill(&head, 0.0);
    let (at, align) = if to_right {
        ([end[0] + 3.0, end[1] + 3.0], Align::Left)
    } else {
        ([end[0] - 3.0, end[1] + 3.0], Align::Right)
    };
    canvas.text(at, text, 8.5, align);
}

pub(crate) fn north_arrow(canvas: &mut Canvas<'_>, at: Point) {
    let [x, y] = at;
    canvas.pen(Pen::new(0.8));
    canvas.circle(at, 16.0);
    canvas.ink.fill(&[[x, y - 24.0], [x + 7.0, y + 10.0], [x, y + 4.0]], 0.0);
    canvas.path(&[[x, y - 24.0], [x - 7.0, y + 10.0], [x, y + 4.0]], true);
    canvas.text([x, y - 28.0], "N", 11.0, Align::Center);
}

#[cfg(test)]
mod tests {
    use super::feet_and_inches;

    #[test]
    fn dimensions_read_as_draughtsmen_write_them() {
        assert_eq!(feet_and_inches(28.0), "28'-0\"");
        assert_eq!(feet_and_inches(7.5), "7'-6\"");
        assert_eq!(feet_and_inches(10.04166), "10'-0 1/2\"");
        assert_eq!(feet_and_inches(0.3), "3 1/2\"");
    }
}
