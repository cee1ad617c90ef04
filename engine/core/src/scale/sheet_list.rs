//! Lists of a set's drawings: a scale in one is that of the sheet that its row names, not of the sheet it stands on.

use super::hedge::Doubt;
use super::places::height;
use super::text::printable;
use crate::geom::ListRect;
use crate::page::display::{DisplayList, Word};

/// Headings of such lists; they are looked for in lines of no more words than this.
const HEADINGS: [&str; 30] = [
    "DRAWING INDEX",
    "DRAWINGS INDEX",
    "INDEX OF DRAWINGS",
    "DRAWING LIST",
    "DRAWINGS LIST",
    "LIST OF DRAWINGS",
    "DRAWING SCHEDULE",
    "SCHEDULE OF DRAWINGS",
    "DRAWING REGISTER",
    "DRAWING ISSUE",
    "SHEET INDEX",
    "SHEETS INDEX",
    "INDEX OF SHEETS",
    "INDEX TO SHEETS",
    "INDEX TO DRAWINGS",
    "SHEET LIST",
    "LIST OF SHEETS",
    "SHEET SCHEDULE",
    "PLAN INDEX",
    "PLAN LIST",
    "LIST OF PLANS",
    "PLANLISTE",
    "PLANVERZEICHNIS",
    "ZEICHNUNGSLISTE",
    "LISTE DES PLANS",
    "LISTE DES DESSINS",
    "LISTADO DE PLANOS",
    "ÍNDICE DE PLANOS",
    "ELENCO TAVOLE",
    "ELENCO ELABORATI",
];
const HEADING_WORDS: u32 = 7;
/// A row's number stands so many text heights before its scale at most, and the table so many to the left of its heading.
const ROW: f32 = 60.0;
const BESIDE_HEADING: f32 = 30.0;
/// Rows that are only counted stand so many text heights below their heading at most.
const COUNTED: f32 = 60.0;
/// Rows of one table follow each other within so many text heights, their numbers begin within so many of each other.
const NEXT_ROW: f32 = 4.0;
const ALIGNED: f32 = 1.0;

/// The lists of drawings on a page.
pub(super) struct SheetLists<'a> {
    headings: Vec<(&'a str, ListRect)>,
    /// Numbers of sheets, wherever they stand.
    numbers: Vec<&'a Word>,
    /// Words that number anything: rows of a list, where one is headed.
    counts: Vec<&'a Word>,
}

/// Where a scale's row begins.
pub(super) struct Row {
    pub(super) number: String,
    bounds: ListRect,
    /// It may number anything else.
    is_count: bool,
}

impl<'a> SheetLists<'a> {
    pub(super) fn of(list: &'a DisplayList) -> Self {
        let is_heading = |text: &str| {
            let upper = text.to_uppercase();
            HEADINGS.iter().any(|h| upper.contains(h))
        };
        let lines = list.lines.iter().filter(|l| l.word_len <= HEADING_WORDS && is_heading(&l.text));
        Self {
            headings: lines.map(|l| (l.text.as_str(), l.bounds)).collect(),
            numbers: list.words.iter().filter(|w| is_sheet_number(&w.text)).collect(),
            counts: list.words.iter().filter(|w| is_count(&w.text)).collect(),
        }
    }

    /// The number of a sheet in the row of a notation, before it.
    pub(super) fn row(&self, bounds: &ListRect) -> Option<Row> {
        let middle = |r: &ListRect| (r.top + r.bottom) / 2.0;
        let before = |w: &&Word| {
            let b = &w.bounds;
            let level = (middle(b) - middle(bounds)).abs() < 0.5 * height(bounds);
            level && b.right <= bounds.left && bounds.left - b.right <= ROW * height(bounds)
        };
        let nearest = |words: &[&'a Word]| {
            let of_row = words.iter().copied().filter(|w| before(w));
            of_row.max_by(|a, b| a.bounds.left.total_cmp(&b.bounds.left))
        };
        let row = |w: &Word, is_count| Row { number: printable(&w.text), bounds: w.bounds, is_count };
        let count = || nearest(&self.counts).filter(|_| !self.headings.is_empty());
        nearest(&self.numbers).map(|w| row(w, false)).or_else(|| count().map(|w| row(w, true)))
    }

    /// The heading of the list that a row is of.
    pub(super) fn doubt(&self, row: &Row) -> Option<Doubt> {
        let of = |(_, heading): &&(&str, ListRect)| {
            let h = height(heading).max(height(&row.bounds));
            let reach = BESIDE_HEADING * h;
            let far = row.is_count && row.bounds.top > heading.bottom + COUNTED * h;
            !far && row.bounds.top >= heading.bottom
                && row.bounds.left >= heading.left - reach
                && row.bounds.left <= heading.right
        };
        let found = self.headings.iter().find(of);
        found.map(|(text, _)| Doubt::Listed(printable(text.trim())))
    }
}

/// Of rows with scales, those that are of one table by their places: several sheets are numbered one below the other.
pub(super) fn of_a_table(rows: &[(usize, Row)]) -> Vec<(usize, Doubt)> {
    let follows = |a: &Row, b: &Row| {
        let h = height(&a.bounds).max(height(&b.bounds));
        let down = (a.bounds.top - b.bounds.top).abs();
        a.number != b.number
            && !a.is_count
            && !b.is_count
            && (a.bounds.left - b.bounds.left).abs() <= ALIGNED * h
            && down > 0.5 * h
            && down <= NEXT_ROW * h
    };
    let listed = rows.iter().filter(|(_, row)| rows.iter().any(|(_, other)| follows(row, other)));
    listed.map(|(at, row)| (*at, Doubt::Listed(row.number.clone()))).collect()
}

/// `A-101`, `A1.01`, `S201`, `AR-01-100`: one to four letters and digits behind them. `A1` is a paper as well.
fn is_sheet_number(word: &str) -> bool {
    let letters = word.chars().take_while(|c| c.is_ascii_uppercase()).count();
    let rest = &word[letters..];
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let parted = rest.contains(['-', '.', '_']);
    (1..=4).contains(&letters)
        && word.len() <= 14
        && rest.chars().all(known)
        && rest.ends_with(|c: char| c.is_ascii_alphanumeric())
        && (digits >= 2 || parted && digits == 1)
}

/// `1`, `001`: what rows are counted by.
fn is_count(word: &str) -> bool {
    (1..=4).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::detect_tests::{Placed, best, found};
    use super::*;

    #[test]
    fn numbers_of_sheets_are_told_from_papers_and_marks() {
        for number in ["A-101", "A1.01", "S201", "AR-01-100", "E-1", "CS-001", "L2.0A"] {
            assert!(is_sheet_number(number), "{number}");
        }
        for other in ["A1", "101", "1:100", "PLAN", "A", "A-", "a-101", "1/A-101", "D2", ""] {
            assert!(!is_sheet_number(other), "{other}");
        }
    }

    #[test]
    fn the_scale_in_a_list_of_drawings_is_that_of_another_sheet() {
        let heading = (200.0, 200.0, "DRAWING INDEX");
        let columns = (200.0, 220.0, "SHEET\tTITLE\tSCALE");
        let sheets: [&[Placed]; 5] = [
            &[
                (200.0, 200.0, "DRAWING SCHEDULE"),
                (200.0, 214.0, "001\tGA PLAN\t1:50"),
                (200.0, 228.0, "002\tROOF\t1:50"),
            ],
            &[
                heading,
                columns,
                (200.0, 234.0, "A-101\tFLOOR PLAN\t1:100"),
                (200.0, 248.0, "A-102\tROOF PLAN\t1:100"),
            ],
            &[heading, columns, (200.0, 234.0, "A-101\tFLOOR PLAN\t1/8\" = 1'-0\"")],
            // Each cell a line, and the first row near the word that heads its column.
            &[
                heading,
                (200.0, 220.0, "NO."),
                (500.0, 220.0, "SCALE"),
                (200.0, 234.0, "A-101"),
                (300.0, 234.0, "FLOOR PLAN"),
                (500.0, 234.0, "1:100"),
            ],
            // Without a heading that is known.
            &[(200.0, 234.0, "A-101 FLOOR PLAN 1:100"), (200.0, 248.0, "A-102 ROOF PLAN 1:100")],
        ];
        for sheet in sheets {
            let record = found(sheet).value;
            assert!(record.best.is_none(), "{sheet:?}");
            assert!(record.withheld.unwrap().contains("list"), "{sheet:?}");
            // A site plan on the cover has its own.
            let mut cover = sheet.to_vec();
            cover.extend([(1500.0, 900.0, "SITE PLAN"), (1500.0, 914.0, "1\" = 20'")]);
            let cover = found(&cover);
            assert_eq!(cover.value.best.map(|b| b.ratio), Some(240.0), "{sheet:?}");
            assert!(cover.findings.iter().any(|f| f.code == "scale_listed"), "{sheet:?}");
        }
    }

    #[test]
    fn views_with_references_to_sheets_are_no_list() {
        // Bubbles before the titles of two views.
        let views: &[Placed] = &[
            (200.0, 200.0, "A-201"),
            (260.0, 200.0, "SCALE: 1/8\" = 1'-0\""),
            (200.0, 900.0, "A-301"),
            (260.0, 900.0, "SCALE: 1/8\" = 1'-0\""),
        ];
        assert_eq!(best(views), Some(96.0));
        // A heading alone, and the plan of the cover.
        let cover: &[Placed] = &[
            (200.0, 200.0, "SHEET INDEX"),
            (200.0, 214.0, "A-101 FLOOR PLAN"),
            (900.0, 214.0, "SITE PLAN 1:500"),
        ];
        assert_eq!(best(cover), Some(500.0));
    }
}
