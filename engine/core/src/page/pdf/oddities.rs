//! What of a file's page list and of a page's size is damaged or strange: whoever reads on as if it were
//! whole counts or measures something else than was drawn.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, Rect};
use hayro_syntax::page::Page;
use rustc_hash::FxHashSet;

use crate::found::Finding;

/// What a PDF ends with, give or take what some programs add.
const END_MARK: &[u8] = b"startxref";
const END_BYTES: usize = 8 * 1024;
/// Entries of a page list that are looked through.
const MAX_KIDS: usize = 1_000_000;
/// Page trees are rarely deeper than five.
const MAX_DEPTH: usize = 32;

/// What is wrong with the file as a whole; `found` pages are read of it.
pub(super) fn of_file(pdf: &Pdf, bytes: &[u8], found: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
    let tree = catalog.and_then(|catalog| catalog.get::<Dict<'_>>(b"Pages"));
    let named = tree.as_ref().and_then(|tree| tree.get::<u32>(b"Count")).map_or(0, |n| n as usize);
    let repeated = tree.map_or(0, |tree| repeated_pages(pdf, tree));
    if repeated > 0 {
        findings.push(Finding::new(
            "pages_repeated",
            format!(
                "The file lists {repeated} times a page that it has listed before; each page is read and \
                 counted once."
            ),
        ));
    }
    if named > found + repeated {
        let named = named - repeated;
        findings.push(Finding::new(
            "pages_missing",
            format!("The file names {named} pages, but only {found} can be found: it is damaged or cut off."),
        ));
    }
    let end = &bytes[bytes.len().saturating_sub(END_BYTES)..];
    if !end.windows(END_MARK.len()).any(|w| w == END_MARK) {
        findings.push(Finding::new(
            "file_cut_off",
            "The file breaks off before its end: pages or parts of them may be missing.",
        ));
    }
    findings
}

/// How often the page list names a page that it has named before: a sheet that is listed twice was drawn
/// once, and what is on it is to be bought once.
fn repeated_pages(pdf: &Pdf, tree: Dict<'_>) -> usize {
    let mut seen: FxHashSet<ObjectIdentifier> = FxHashSet::default();
    let mut pages: FxHashSet<ObjectIdentifier> = FxHashSet::default();
    let (mut repeated, mut looked) = (0, 0);
    let mut open = vec![tree];
    while let Some(node) = open.pop() {
        let Some(kids) = node.get::<Array<'_>>(b"Kids") else { continue };
        for kid in kids.raw_iter() {
            looked += 1;
            if looked > MAX_KIDS {
                return repeated;
            }
            let (id, kid) = match kid {
                MaybeRef::Ref(id) => {
                    let id: ObjectIdentifier = id.into();
                    if !seen.insert(id) {
                        repeated += usize::from(pages.contains(&id));
                        continue;
                    }
                    (Some(id), pdf.xref().get::<Dict<'_>>(id))
                }
                MaybeRef::NotRef(kid) => (None, Object::into_dict(kid)),
            };
            let Some(kid) = kid else { continue };
            if kid.get::<Name<'_>>(b"Type").is_some_and(|kind| &*kind == b"Pages") {
                open.push(kid);
            } else {
                pages.extend(id);
            }
        }
    }
    repeated
}

/// What of a page's size, unit and turn cannot be meant as it stands.
pub(super) fn of_page(page: &Page<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if is_size_assumed(page) {
        findings.push(Finding::new(
            "page_size_assumed",
            "The file states no usable size for the page: it is shown as A4, and measures and scales of it may \
             be wrong.",
        ));
    }
    let raw = page.raw();
    if raw.contains_key(b"UserUnit") && user_unit(page).is_none() {
        findings.push(Finding::new(
            "user_unit_ignored",
            "The page states a unit of length that is no positive number: its points are taken for 1/72 inch, \
             and measures and scales of it may be wrong.",
        ));
    }
    if raw.get::<i32>(b"Rotate").is_some_and(|turn| turn % 90 != 0) {
        findings.push(Finding::new(
            "rotation_ignored",
            "The page is to be shown at an angle that is no quarter turn; it is shown as it was drawn.",
        ));
    }
    findings
}

/// Size of the page's unit in points, if it states one that can be meant.
pub(super) fn user_unit(page: &Page<'_>) -> Option<f64> {
    page.raw().get::<f32>(b"UserUnit").map(f64::from).filter(|unit| unit.is_finite() && *unit > 0.0)
}

/// Whether the reader had to make up the page's size.
fn is_size_assumed(page: &Page<'_>) -> bool {
    let shown = page.intersected_crop_box();
    // As the reader tells: below this, a page has no area.
    let nothing = |side: f64| (side as f32).abs() <= f32::EPSILON || !side.is_finite();
    if nothing(shown.width()) || nothing(shown.height()) {
        return true;
    }
    let taken = page.media_box();
    let same = |a: Rect| [a.x0 - taken.x0, a.y0 - taken.y0, a.x1 - taken.x1, a.y1 - taken.y1] == [0.0; 4];
    let mut node = Some(page.raw().clone());
    for _ in 0..MAX_DEPTH {
        let Some(dict) = node else { break };
        if let Some(stated) = dict.get::<Rect>(b"MediaBox") {
            return !same(stated);
        }
        node = dict.get::<Dict<'_>>(b"Parent");
    }
    true
}
