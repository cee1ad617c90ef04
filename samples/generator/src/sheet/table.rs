//! Schedules and lists of notes.

use crate::canvas::Canvas;
use crate::geometry::{Bounds, Point};
use crate::ink::{Align, Pen};

/// A column of a schedule.
pub(crate) struct Column {
    pub(crate) head: &'static str,
    /// Points.
    pub(crate) width: f64,
}

const ROW: f64 = 17.0;

/// Draws a schedule with its top left corner at `at`; answers its box.
pub(crate) fn draw_table(
    canvas: &mut Canvas<'_>,
    at: Point,
    title: &str,
    columns: &[Column],
    rows: &[Vec<String>],
) -> Bounds {
    let [left, top] = at;
    let width: f64 = columns.iter().map(|c| c.width).sum();
    canvas.text([left + width / 2.0, top + 18.0], title, 13.0, Align::Center);
    let body = top + 26.0;
    let bottom = body + ROW * (rows.len() + 1) as f64;
    canvas.pen(Pen::new(0.35));
    for i in 0..=rows.len() {
        let y = body + ROW * i as f64;
        canvas.line([left, y], [left + width, y]);
    }
    let mut x = left;
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            canvas.pen(Pen::new(0.35));
            canvas.line([x, body], [x, bottom]);
        }
        canvas.text([x + column.width / 2.0, body + 12.0], column.head, 7.0, Align::Center);
        for (j, row) in rows.iter().enumerate() {
            if let Some(cell) = row.get(i) {
                canvas.text([x + 5.0, body + ROW * (j + 1) as f64 + 12.0], cell, 8.0, Align::Left);
            }
        }
        x += column.width;
    }
    let area = Bounds::new(left, top, left + width, bottom);
    canvas.pen(Pen::new(1.0));
    canvas.rect(&area);
    area
}

/// Draws a numbered list of notes; answers the line below it.
pub(crate) fn draw_notes(canvas: &mut Canvas<'_>, at: Point, title: &str, notes: &[&str]) -> f64 {
    let [left, top] = at;
    canvas.text([left, top + 14.0], title, 12.0, Align::Left);
    canvas.pen(Pen::new(0.8));
    canvas.line([left, top + 19.0], [left + 330.0, top + 19.0]);
    let mut y = top + 36.0;
    for (i, note) in notes.iter().enumerate() {
        canvas.text([left, y], &format!("{}.", i + 1), 8.5, Align::Left);
        for row in wrapped(note, 62) {
            canvas.text([left + 20.0, y], &row, 8.5, Align::Left);
            y += 12.0;
        }
        y += 4.0;
    }
    y
}

/// Lines of whole words, each at most `limit` characters.
fn wrapped(text: &str, limit: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match rows.last_mut() {
            Some(row) if row.len() + 1 + word.len() <= limit => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}
