//! What a document lacks that is `ready` all the same.

use takeoff_core::found::Finding;
use takeoff_core::model::{Page, PageStatus};

/// Page numbers that a sentence names.
const NAMED: usize = 10;

/// Of a document's pages: those that could not be read, and those of which a part could not be. The document is `ready`
/// with them, and whoever looks at it alone has to know.
pub fn lacking(pages: &[Page]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let failed = |p: &&Page| p.status == PageStatus::Error;
    let unread: Vec<&Page> = pages.iter().filter(failed).collect();
    if let Some(first) = unread.iter().min_by_key(|p| p.number) {
        let why = first.processing_error.as_deref().unwrap_or("it is not known why");
        let (numbers, of) = (numbers(&unread), pages.len());
        let message = format!(
            "{} of {of} pages could not be read: {numbers}. Page {}: {why}",
            unread.len(),
            first.number
        );
        findings.push(Finding::new("pages_unread", message));
    }
    let damaged = |p: &&Page| p.status != PageStatus::Error && p.findings.iter().any(Finding::is_damage);
    let partly: Vec<&Page> = pages.iter().filter(damaged).collect();
    if !partly.is_empty() {
        let (numbers, of) = (numbers(&partly), pages.len());
        let message = format!(
            "{} of {of} pages are damaged, and what is counted or measured on them may lack something: {numbers}",
            partly.len()
        );
        findings.push(Finding::new("pages_damaged", message));
    }
    findings
}

/// The first few, in order, and how many more there are.
fn numbers(pages: &[&Page]) -> String {
    let mut numbers: Vec<u32> = pages.iter().map(|p| p.number).collect();
    numbers.sort_unstable();
    let mut named: Vec<String> = numbers.iter().take(NAMED).map(u32::to_string).collect();
    let more = numbers.len().saturating_sub(NAMED);
    named.extend((more > 0).then(|| format!("{more} more")));
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use takeoff_core::model::{Id, Timestamp};

    use super::*;

    fn page(number: u32, status: PageStatus) -> Page {
        Page { number, status, ..crate::testing::page(Id::NIL, None, Timestamp(0)) }
    }

    #[test]
    fn pages_that_lack_something_are_told_by_number() {
        let whole = [page(2, PageStatus::Ready), page(1, PageStatus::Processing)];
        assert_eq!(lacking(&whole), []);
        let mut pages = whole.to_vec();
        for number in (3..=14).rev() {
            let why = Some(format!("no content on {number}"));
            pages.push(Page { processing_error: why, ..page(number, PageStatus::Error) });
        }
        let cut_off = Finding::new(Finding::CONTENT_CUT_OFF, "it ends before its end");
        pages.push(Page { findings: vec![cut_off], ..page(15, PageStatus::Ready) });
        let found = lacking(&pages);
        let said: Vec<(&str, &str)> = found.iter().map(|f| (f.code.as_str(), f.message.as_str())).collect();
        assert_eq!(
            said,
            [
                (
                    "pages_unread",
                    "12 of 15 pages could not be read: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 2 more. Page 3: no content on 3"
                ),
                (
                    "pages_damaged",
                    "1 of 15 pages are damaged, and what is counted or measured on them may lack something: 15"
                ),
            ]
        );
    }
}
