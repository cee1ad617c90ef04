//! Border and title block.

use crate::canvas::Canvas;
use crate::geometry::Bounds;
use crate::ink::{Align, Pen};

/// Width of the title block's strip along the right edge, points.
const STRIP: f64 = 216.0;
const MARGIN: f64 = 36.0;

/// What the title block says.
pub(crate) struct TitleBlock<'a> {
    pub(crate) project: [&'a str; 2],
    pub(crate) address: [&'a str; 2],
    pub(crate) firm: &'a str,
    pub(crate) number: &'a str,
    pub(crate) title: &'a str,
    /// The scale box; left out where the sheet has none.
    pub(crate) scale: Option<&'a str>,
    pub(crate) job: &'a str,
    pub(crate) date: &'a str,
}

/// Draws border and title block, notes number and title in the truth, and answers the free area.
pub(crate) fn draw_frame(canvas: &mut Canvas<'_>, block: &TitleBlock<'_>) -> Bounds {
    let [w, h] = canvas.size;
    canvas.layer("G-ANNO-TTLB");
    let outer = Bounds::new(MARGIN, MARGIN, w - MARGIN, h - MARGIN);
    canvas.pen(Pen::new(2.0));
    canvas.rect(&outer);
    let left = outer.right - STRIP;
    canvas.pen(Pen::new(1.4));
    canvas.line([left, outer.top], [left, outer.bottom]);
    zone_marks(canvas, &outer);
    let strip = Bounds::new(left, outer.top, outer.right, outer.bottom);
    firm(canvas, &strip, block);
    revisions(canvas, &strip);
    identity(canvas, &strip, block);
    canvas.truth.sheet_number = Some(block.number.to_owned());
    canvas.truth.title = Some(block.title.to_owned());
    Bounds::new(outer.left + 18.0, outer.top + 18.0, left - 18.0, outer.bottom - 18.0)
}

/// Ticks with figures and letters in the margin.
fn zone_marks(canvas: &mut Canvas<'_>, outer: &Bounds) {
    canvas.pen(Pen::new(0.5));
    let (columns, rows) = (9, 6);
    for i in 1..columns {
        let x = outer.left + outer.width() * f64::from(i) / f64::from(columns);
        canvas.line([x, outer.top - 10.0], [x, outer.top]);
        canvas.line([x, outer.bottom], [x, outer.bottom + 10.0]);
    }
    for i in 1..rows {
        let y = outer.top + outer.height() * f64::from(i) / f64::from(rows);
        canvas.line([outer.left - 10.0, y], [outer.left, y]);
        canvas.line([outer.right, y], [outer.right + 10.0, y]);
    }
    for i in 0..columns {
        let x = outer.left + outer.width() * (f64::from(i) + 0.5) / f64::from(columns);
        canvas.text([x, outer.top - 4.0], &(i + 1).to_string(), 7.0, Align::Center);
    }
    for (i, letter) in ["A", "B", "C", "D", "E", "F"].iter().enumerate() {
        let y = outer.top + outer.height() * (i as f64 + 0.5) / f64::from(rows);
        canvas.text([outer.left - 8.0, y], letter, 7.0, Align::Center);
    }
}

fn firm(canvas: &mut Canvas<'_>, strip: &Bounds, block: &TitleBlock<'_>) {
    let mid = strip.center()[0];
    let top = strip.top;
    canvas.pen(Pen::new(1.2));
    canvas.circle([mid, top + 62.0], 34.0);
    canvas.path(&[[mid - 24.0, top + 80.0], [mid, top + 36.0], [mid + 24.0, top + 80.0]], true);
    canvas.line([mid, top + 36.0], [mid, top + 80.0]);
    canvas.text([mid, top + 122.0], block.firm, 15.0, Align::Center);
    canvas.text([mid, top + 138.0], "ARCHITECTS + ENGINEERS", 8.0, Align::Center);
    canvas.pen(Pen::new(0.7));
    canvas.line([strip.left, top + 160.0], [strip.right, top + 160.0]);
    canvas.text([strip.left + 10.0, top + 176.0], "CONSULTANT", 6.5, Align::Left);
    canvas.line([strip.left, top + 300.0], [strip.right, top + 300.0]);
    canvas.text([strip.left + 10.0, top + 316.0], "SEAL", 6.5, Align::Left);
    canvas.pen(Pen::new(0.5).dashed(&[4.0, 3.0]));
    canvas.circle([mid, top + 400.0], 62.0);
    canvas.pen(Pen::new(0.7));
    canvas.line([strip.left, top + 490.0], [strip.right, top + 490.0]);
}

fn revisions(canvas: &mut Canvas<'_>, strip: &Bounds) {
    let top = strip.top + 490.0;
    canvas.text([strip.left + 10.0, top + 14.0], "REVISIONS", 6.5, Align::Left);
    canvas.pen(Pen::new(0.4));
    for i in 0..9 {
        let y = top + 22.0 + f64::from(i) * 16.0;
        canvas.line([strip.left, y], [strip.right, y]);
    }
    canvas.line([strip.left + 26.0, top + 22.0], [strip.left + 26.0, top + 150.0]);
    canvas.line([strip.right - 62.0, top + 22.0], [strip.right - 62.0, top + 150.0]);
    for (x, word) in [(13.0, "NO."), (80.0, "DESCRIPTION"), (185.0, "DATE")] {
        canvas.text([strip.left + x, top + 33.0], word, 6.0, Align::Center);
    }
}

fn identity(canvas: &mut Canvas<'_>, strip: &Bounds, block: &TitleBlock<'_>) {
    let bottom = strip.bottom;
    let (mid, text_left) = (strip.center()[0], strip.left + 10.0);
    canvas.pen(Pen::new(0.7));
    for up in [640.0, 380.0, 330.0, 200.0] {
        canvas.line([strip.left, bottom - up], [strip.right, bottom - up]);
    }
    canvas.text([text_left, bottom - 624.0], "PROJECT", 6.5, Align::Left);
    for (i, row) in block.project.iter().enumerate() {
        canvas.text([mid, bottom - 574.0 + 19.0 * i as f64], row, 15.0, Align::Center);
    }
    for (i, row) in block.address.iter().enumerate() {
        canvas.text([mid, bottom - 526.0 + 14.0 * i as f64], row, 9.0, Align::Center);
    }
    canvas.text([mid, bottom - 450.0], "ISSUED FOR BID", 12.0, Align::Center);
    canvas.text([text_left, bottom - 366.0], "PROJECT NO.", 6.5, Align::Left);
    canvas.text([text_left, bottom - 346.0], block.job, 11.0, Align::Left);
    canvas.line([mid, bottom - 380.0], [mid, bottom - 330.0]);
    canvas.text([mid + 10.0, bottom - 366.0], "DATE", 6.5, Align::Left);
    canvas.text([mid + 10.0, bottom - 346.0], block.date, 11.0, Align::Left);
    canvas.text([text_left, bottom - 314.0], "SHEET TITLE", 6.5, Align::Left);
    let words: Vec<&str> = block.title.split(" - ").collect();
    for (i, row) in words.iter().enumerate() {
        canvas.text([mid, bottom - 268.0 + 20.0 * i as f64], row, 14.0, Align::Center);
    }
    if let Some(scale) = block.scale {
        canvas.text([text_left, bottom - 208.0], "SCALE", 6.5, Align::Left);
        canvas.text([text_left + 34.0, bottom - 208.0], scale, 8.0, Align::Left);
    }
    canvas.text([text_left, bottom - 184.0], "SHEET NUMBER", 6.5, Align::Left);
    canvas.text([mid, bottom - 84.0], block.number, 44.0, Align::Center);
}
