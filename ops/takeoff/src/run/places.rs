//! What a recipe asks for and its drawings do not have. All of it is said as soon as it can be
//! known, before anything is counted.

use takeoff_commands::count::{inside, meets};
use takeoff_commands::measurements::lies_on;
use takeoff_core::geom::PxRect;
use takeoff_core::model::{Page, PageStatus};

use super::sheets::Sheets;
use crate::recipe::{Pages, Problems, Recipe, Unusable, count_place, measure_place};

/// Every page and every box must be in its drawing. What is missing of a drawing that could not be read whole is
/// the drawing's fault, and told with the rest of what fails.
pub(crate) fn check(recipe: &Recipe, sheets: &[Sheets]) -> Result<(), Unusable> {
    let mut problems = Problems::new(&recipe.lines);
    for (nth, scale) in recipe.scales.iter().enumerate() {
        if let Some(Err(why)) = page(sheets, &scale.document, scale.page) {
            problems.add(&recipe.scale_place(nth), "page", &why);
        }
    }
    for (nth, condition) in recipe.conditions.iter().enumerate() {
        let place = recipe.condition_place(nth);
        for (nth, count) in condition.counts.iter().enumerate() {
            let place = count_place(&place, nth);
            match page(sheets, &count.document, count.page) {
                Some(Ok(page)) if is_read(page) => {
                    for (key, [x, y, w, h]) in count.boxes() {
                        if let Err(e) = inside(&PxRect::new(x, y, w, h), page) {
                            problems.add(&place, &key, &e.to_string());
                        }
                    }
                    let region = count.region.map(|[x, y, w, h]| PxRect::new(x, y, w, h));
                    if let Some(Err(e)) = region.map(|region| meets(&region, page)) {
                        problems.add(&place, "region", &e.to_string());
                    }
                }
                Some(Err(why)) => problems.add(&place, "page", &why),
                _ => {}
            }
            let listed = match &count.pages {
                Some(Pages::List(list)) => list.as_slice(),
                _ => &[],
            };
            for number in listed {
                if let Some(Err(why)) = page(sheets, &count.document, *number) {
                    problems.add(&place, "pages", &why);
                }
            }
        }
        for (nth, measure) in condition.measures.iter().enumerate() {
            let place = measure_place(&place, nth);
            match page(sheets, &measure.document, measure.page) {
                Some(Ok(page)) if is_read(page) => {
                    let shapes = measure.geometries().unwrap_or_default();
                    for e in shapes.iter().filter_map(|data| lies_on(measure.geometry, data, page).err()) {
                        problems.add(&place, "", &e.to_string());
                    }
                }
                Some(Err(why)) => problems.add(&place, "page", &why),
                _ => {}
            }
        }
    }
    problems.into_result()
}

/// A page, or that there is none; `None` where the drawing is not whole and so nothing is known.
fn page<'s>(sheets: &'s [Sheets], document: &str, number: u32) -> Option<Result<&'s Page, String>> {
    let sheets = sheets.iter().find(|s| s.id == document)?;
    match sheets.page(number) {
        Err(_) if !sheets.whole => None,
        found => Some(found),
    }
}

fn is_read(page: &Page) -> bool {
    page.status != PageStatus::Error && page.space.is_some()
}
