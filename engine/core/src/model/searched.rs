//! What the searched pages of a session show twice, where plans are cut at match lines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Id;
use crate::count::{Apart, AtMatchLine, MatchLineSeen, SheetSeen, is_same_sheet, plain_sheet};

/// A searched page as a sheet of its set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchedSheet {
    /// The page's number in its document.
    pub page: u32,
    /// All of it was searched: what is on it counts there.
    pub whole: bool,
    pub seen: SheetSeen,
    /// By match line: matches beyond it, and upon it.
    #[serde(default)]
    pub matches: Vec<[u64; 2]>,
}

impl SearchedSheet {
    pub fn of(page: u32, whole: bool, seen: SheetSeen, places: impl Iterator<Item = AtMatchLine>) -> Self {
        let mut matches = vec![[0; 2]; seen.match_lines.len()];
        for place in places {
            if let Some([beyond, upon]) = matches.get_mut(place.line as usize) {
                *(if place.on_line { upon } else { beyond }) += 1;
            }
        }
        Self { page, whole, seen, matches }
    }
}

/// The searched pages of a session.
pub type SearchedSheets = BTreeMap<Id, SearchedSheet>;

/// What becomes of what is beyond a match line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// It counts: the sheet that goes on there is not among those that were searched whole.
    Counts,
    /// It counts on the page `to`, and is set apart here. What the line runs through counts on one of the two.
    Left { to: Id, upon_counts: bool },
}

/// Whether a place is set apart because another searched page shows it, too. The same whatever the order of the pages.
pub fn beyond_match_line(sheets: &SearchedSheets, page: Id, place: Option<AtMatchLine>) -> Option<Apart> {
    let AtMatchLine { line, on_line } = place?;
    match beyond(sheets, page, line) {
        Beyond::Left { upon_counts, .. } if !(on_line && upon_counts) => Some(Apart::BeyondMatchLine),
        _ => None,
    }
}

/// What becomes of what is beyond the nth match line of a page.
pub fn beyond(sheets: &SearchedSheets, page: Id, line: u32) -> Beyond {
    let Some(own) = sheets.get(&page) else { return Beyond::Counts };
    let Some(to) = goes_on(sheets, page, line) else { return Beyond::Counts };
    let other = &sheets[&to];
    // A page without a line back counts all that it shows.
    let upon_counts = leads_back(sheets, to, page)
        && match (&own.seen.number, &other.seen.number) {
            (Some(a), Some(b)) if !is_same_sheet(a, b) => plain_sheet(a) < plain_sheet(b),
            _ => (own.page, page) < (other.page, to),
        };
    Beyond::Left { to, upon_counts }
}

/// Whether a page has a match line, of which the side could be told, to another one.
pub fn leads_back(sheets: &SearchedSheets, from: Id, to: Id) -> bool {
    let lines = sheets.get(&from).map_or(0, |s| s.seen.match_lines.len() as u32);
    (0..lines).any(|line| goes_on(sheets, from, line) == Some(to))
}

/// The searched page on which a plan goes on beyond a match line: the one whose number the line names. Where one of the
/// two is not known, it is one that has a match line, too, and one that may lead here.
fn goes_on(sheets: &SearchedSheets, page: Id, line: u32) -> Option<Id> {
    let own = sheets.get(&page)?;
    let line = own.seen.match_lines.get(line as usize).filter(|l| l.told)?;
    let numbered = |number: &String| {
        let is_it = |s: &SearchedSheet| s.seen.number.as_ref().is_some_and(|n| is_same_sheet(n, number));
        sheets.iter().find(|(id, s)| **id != page && is_it(s)).map(|(id, s)| (*id, s))
    };
    if let Some((id, other)) = line.sheet.as_ref().and_then(numbered) {
        return other.whole.then_some(id);
    }
    let may_lead_here = |back: &MatchLineSeen| match (&back.sheet, &own.seen.number) {
        (Some(sheet), Some(number)) => is_same_sheet(sheet, number),
        (Some(sheet), None) => numbered(sheet).is_none(),
        (None, _) => true,
    };
    let may_be = |(id, other): &(&Id, &SearchedSheet)| {
        let unknown = line.sheet.is_none() || other.seen.number.is_none();
        **id != page
            && other.whole
            && unknown
            && other.seen.match_lines.iter().any(|l| l.told && may_lead_here(l))
    };
    sheets.iter().filter(may_be).min_by_key(|(id, s)| (s.page, **id)).map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::PxPoint;

    fn id(n: u128) -> Id {
        Id(uuid::Uuid::from_u128(n))
    }

    fn sheet(page: u32, number: Option<&str>, lines: &[(Option<&str>, bool)]) -> SearchedSheet {
        let line = |(sheet, told): &(Option<&str>, bool)| MatchLineSeen {
            sheet: sheet.map(str::to_owned),
            told: *told,
            at: PxPoint::new(0.0, 0.0),
        };
        let seen =
            SheetSeen { number: number.map(str::to_owned), match_lines: lines.iter().map(line).collect() };
        SearchedSheet::of(page, true, seen, std::iter::empty())
    }

    fn of(sheets: &SearchedSheets, page: u128, on_line: bool) -> bool {
        beyond_match_line(sheets, id(page), Some(AtMatchLine { line: 0, on_line })).is_some()
    }

    #[test]
    fn what_two_sheets_show_counts_on_one_of_them() {
        let a = |named| sheet(1, Some("A-101"), &[(named, true)]);
        let b = |named| sheet(2, Some("A-102"), &[(named, true)]);
        // By the numbers of the sheets, whichever page comes first in the session or the document.
        for (first, second) in [(1, 2), (2, 1)] {
            let sheets = SearchedSheets::from([
                (id(first), a(Some("A102"))),
                (id(second), SearchedSheet { page: 1, ..b(Some("A-101")) }),
            ]);
            assert!(of(&sheets, first, false) && of(&sheets, second, false));
            assert!(!of(&sheets, first, true) && of(&sheets, second, true), "upon the line: on A-101");
        }
        // A line that names no sheet needs one that may be its other side.
        let sheets = SearchedSheets::from([(id(1), a(None)), (id(2), b(None))]);
        assert!(
            of(&sheets, 1, false) && of(&sheets, 2, false) && !of(&sheets, 1, true) && of(&sheets, 2, true)
        );
        let sheets = SearchedSheets::from([(id(1), a(None)), (id(2), sheet(2, Some("A-102"), &[]))]);
        assert!(!of(&sheets, 1, false));
        let unread = [(id(1), a(Some("A-102"))), (id(2), sheet(2, None, &[(Some("A-101"), true)]))];
        assert!(of(&SearchedSheets::from(unread), 1, false));
    }

    #[test]
    fn what_no_other_searched_sheet_is_sure_to_show_counts() {
        let alone = SearchedSheets::from([(id(1), sheet(1, Some("A-101"), &[(Some("A-102"), true)]))]);
        assert!(!of(&alone, 1, false) && !of(&alone, 1, true));
        let mut sheets = alone;
        sheets.insert(id(3), sheet(3, Some("A-103"), &[(Some("A-102"), true)]));
        assert!(!of(&sheets, 1, false), "another one was searched");
        sheets.insert(
            id(2),
            SearchedSheet { whole: false, ..sheet(2, Some("A-102"), &[(Some("A-101"), true)]) },
        );
        assert!(!of(&sheets, 1, false), "searched in part");
        // One without a line back shows all that it shows as its own.
        sheets.insert(id(2), sheet(2, Some("A-102"), &[(Some("A-101"), false)]));
        assert!(of(&sheets, 1, false) && of(&sheets, 1, true) && !of(&sheets, 2, false));
    }
}
