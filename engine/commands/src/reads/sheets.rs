//! Sheets: relevant pages of a project, grouped.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use takeoff_core::model::{Document, DocumentStatus, Id, Index, Kind, Page, Project};

use crate::erased;
use crate::load::{list, required};
use crate::{CommandError, Ctx};

#[derive(Debug, Clone, PartialEq)]
pub struct SheetView {
    pub page: Page,
    /// All measurements, rejected ones included.
    pub measurement_count: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SheetGroup {
    /// The pages' own group, else `Unclassified`.
    pub group_name: String,
    /// By display order, then natural sheet number, then page number.
    pub sheets: Vec<SheetView>,
}

/// Groups by name; `NotFound` for an unknown project. What was read of a document that failed or was
/// cancelled is no sheet set, so its pages are not offered.
#[erased]
pub async fn sheets(ctx: &Ctx<'_>, project_id: Id) -> Result<Vec<SheetGroup>, CommandError> {
    let desk = ctx.desk();
    required::<Project>(&desk, project_id, "Project").await?;
    let documents = list::<Document>(&desk, Index::ByProject, project_id).await?;
    let ended: BTreeSet<Id> =
        documents.iter().filter(|d| d.value.status == DocumentStatus::Error).map(|d| d.value.id).collect();
    let mut groups: BTreeMap<String, Vec<SheetView>> = BTreeMap::new();
    for page in list::<Page>(&desk, Index::ByProject, project_id).await? {
        let page = page.value;
        if !page.is_relevant || ended.contains(&page.document_id) {
            continue;
        }
        let measurement_count =
            desk.catalog.count(desk.tenant, Kind::Measurement, Index::ByPage, page.id).await?;
        let group = page.group_name.clone().unwrap_or_else(|| "Unclassified".to_owned());
        groups.entry(group).or_default().push(SheetView { page, measurement_count });
    }
    let ordered = groups.into_iter().map(|(group_name, mut sheets)| {
        sheets.sort_by(|a, b| {
            let placed = present_first(a.page.display_order, b.page.display_order, Ord::cmp);
            placed.then_with(|| by_sheet(&a.page, &b.page))
        });
        SheetGroup { group_name, sheets }
    });
    Ok(ordered.collect())
}

/// Pages with a sheet number first, in its natural order; equal ones and the rest by page number.
pub(super) fn by_sheet(a: &Page, b: &Page) -> Ordering {
    let (x, y) = (a.sheet_number.as_deref(), b.sheet_number.as_deref());
    present_first(x, y, |x, y| natural_order(x, y)).then(a.number.cmp(&b.number)).then(a.id.cmp(&b.id))
}

fn present_first<T>(a: Option<T>, b: Option<T>, order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    match (&a, &b) {
        (Some(a), Some(b)) => order(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// Natural order of sheet numbers: digits as decimal numbers, letters without case. Numbers that differ
/// in writing only are told apart by it.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a, b);
    loop {
        let ((x_text, x_rest), (y_text, y_rest)) = (split_text(x), split_text(y));
        let texts = x_text.to_lowercase().cmp(&y_text.to_lowercase());
        if texts.is_ne() {
            return texts;
        }
        if x_rest.is_empty() || y_rest.is_empty() {
            return x_rest.len().cmp(&y_rest.len()).then_with(|| a.cmp(b));
        }
        let ((x_number, x_rest), (y_number, y_rest)) = (split_number(x_rest), split_number(y_rest));
        let numbers = x_number.total_cmp(&y_number);
        if numbers.is_ne() {
            return numbers;
        }
        (x, y) = (x_rest, y_rest);
    }
}

fn split_text(s: &str) -> (&str, &str) {
    s.split_at(s.find(|c: char| c.is_ascii_digit()).unwrap_or(s.len()))
}

/// Splits a number off a text that begins with a digit.
fn split_number(s: &str) -> (f64, &str) {
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(s);
    let end = match s[whole..].strip_prefix('.').map(digits) {
        Some(decimals) if decimals > 0 => whole + 1 + decimals,
        _ => whole,
    };
    // Digits with at most one point between them always parse, if need be to infinity.
    (s[..end].parse().unwrap_or(f64::INFINITY), &s[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheet_numbers_sort_as_people_read_them() {
        let mut numbers =
            ["S2.01", "A10", "s1.02", "A2", "A101", "S1.01", "A2B", "A2a", "100", "20", "A", "S1.10"];
        numbers.sort_by(|a, b| natural_order(a, b));
        let expect =
            ["20", "100", "A", "A2", "A2a", "A2B", "A10", "A101", "S1.01", "s1.02", "S1.10", "S2.01"];
        assert_eq!(numbers, expect);
    }

    #[test]
    fn the_order_is_total() {
        let all =
            ["", "A", "a", "A1", "A01", "A1.", "A1.0", "1", "1A", "1.5.2", "é1", "999999999999999999999999"];
        for a in all {
            assert_eq!(natural_order(a, a), Ordering::Equal);
            for b in all {
                assert_eq!(natural_order(a, b), natural_order(b, a).reverse(), "{a} {b}");
                for c in all {
                    if natural_order(a, b).is_le() && natural_order(b, c).is_le() {
                        assert!(natural_order(a, c).is_le(), "{a} {b} {c}");
                    }
                }
            }
        }
    }
}
