//! Letters: widths of the standard Helvetica, and a single-line stroke font.

use crate::geometry::Point;

/// Advance widths of Helvetica for the characters 32 to 126, 1/1000 of the size (Adobe's AFM file).
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Width of a line in Helvetica, in the unit of `size`.
pub(crate) fn helvetica_width(text: &str, size: f64) -> f64 {
    let mille: u32 = text.chars().map(|c| u32::from(helvetica_advance(c))).sum();
    f64::from(mille) / 1000.0 * size
}

fn helvetica_advance(c: char) -> u16 {
    let index = (c as usize).wrapping_sub(32);
    HELVETICA.get(index).copied().unwrap_or(556)
}

/// Cells of the stroke font: glyphs stand on a grid 4 wide and 6 high and advance by 6.
const GRID_HEIGHT: f64 = 6.0;
const GRID_ADVANCE: f64 = 6.0;
/// Cap height of Helvetica, so that both letterings look alike in size.
const CAP_HEIGHT: f64 = 0.72;
/// Drawn letters are narrower than their grid.
const CONDENSED: f64 = 0.85;

/// Width of a line in the stroke font, in the unit of `size`.
pub(crate) fn stroke_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * advance(size)
}

fn advance(size: f64) -> f64 {
    GRID_ADVANCE * size * CAP_HEIGHT / GRID_HEIGHT * CONDENSED
}

/// Polylines of a line of text that stands on the baseline `y = 0` and begins at `x = 0`; y goes down.
pub(crate) fn strokes(text: &str, size: f64) -> Vec<Vec<Point>> {
    let unit = size * CAP_HEIGHT / GRID_HEIGHT;
    let mut lines = Vec::new();
    for (i, c) in text.chars().enumerate() {
        let left = i as f64 * advance(size);
        for stroke in glyph(c).split_ascii_whitespace() {
            let digits: Vec<f64> = stroke.bytes().map(|b| f64::from(b.saturating_sub(b'0'))).collect();
            lines.push(
                digits
                    .chunks_exact(2)
                    .map(|p| [left + p[0] * unit * CONDENSED, -p[1] * unit])
                    .collect::<Vec<_>>(),
            );
        }
    }
    lines
}

/// Strokes of a glyph: pairs of grid digits, one word a stroke. Small letters are drawn as capitals.
fn glyph(c: char) -> &'static str {
    match c.to_ascii_uppercase() {
        'A' => "002640 1232",
        'B' => "0006 063645443303 3342413000",
        'C' => "4536160501103041",
        'D' => "00062644422000",
        'E' => "46060040 0333",
        'F' => "460600 0333",
        'G' => "45361605011030414323",
        'H' => "0006 4046 0343",
        'I' => "1030 2026 1636",
        'J' => "4641301001",
        'K' => "0006 4602 1340",
        'L' => "060040",
        'M' => "0006234640",
        'N' => "00064046",
        'O' => "103041453616050110",
        'P' => "00063645443303",
        'Q' => "103041453616050110 2240",
        'R' => "00063645443303 2340",
        'S' => "453616050413334241301001",
        'T' => "0646 2620",
        'U' => "060110304146",
        'V' => "062046",
        'W' => "0610233046",
        'X' => "0046 0640",
        'Y' => "062346 2320",
        'Z' => "06460040",
        '0' => "102031352616050110",
        '1' => "152620 1030",
        '2' => "05163645440040",
        '3' => "05163645443313 334241301001",
        '4' => "30360242",
        '5' => "460603334241301001",
        '6' => "4536160501103041423303",
        '7' => "064610",
        '8' => "130405163645443313 1302011030414233",
        '9' => "0110304145361605041343",
        '-' => "1333",
        '.' => "2021",
        ',' => "2110",
        ':' => "2122 2425",
        ';' => "2110 2425",
        '/' => "0046",
        '\'' => "2624",
        '"' => "1614 3634",
        '(' => "36242230",
        ')' => "16242210",
        '=' => "0242 0444",
        '+' => "2125 0343",
        '#' => "1016 3036 0242 0444",
        '&' => "4004051625240201102042",
        '%' => "0046 0515 3141",
        '<' => "450341",
        '>' => "054301",
        '_' => "0040",
        ' ' => "",
        _ => "0040460600",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_of_helvetica() {
        assert_eq!(helvetica_width("A", 1000.0), 667.0);
        assert_eq!(helvetica_width("~", 1000.0), 584.0);
        assert!((helvetica_width("i'", 10.0) - 4.13).abs() < 1e-9);
    }

    #[test]
    fn strokes_stay_in_their_cell() {
        for c in (' '..='~').collect::<Vec<_>>() {
            for stroke in strokes(&c.to_string(), 10.0) {
                assert!(stroke.len() >= 2, "{c}");
                for [x, y] in stroke {
                    assert!((0.0..advance(10.0)).contains(&x) && (-7.3..=0.0).contains(&y), "{c} {x} {y}");
                }
            }
        }
    }
}
