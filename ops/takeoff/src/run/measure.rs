//! Measuring in a run: the shapes of `[[condition.measure]]`, made together.

use std::collections::{BTreeMap, BTreeSet};

use takeoff_commands::measurements::{NewMeasurement, create_all};
use takeoff_commands::reads::{self, Again};
use takeoff_commands::{CommandError, Ctx};
use takeoff_core::found::Finding;
use takeoff_core::measure::Geometry;
use takeoff_core::model::{Condition, GeometryType, Measurement, Page};

use super::report::MeasureReport;
use super::sheets::{Sheets, scale_of};
use crate::recipe::{ConditionPart, MeasurePart};

/// What became of the shapes of a condition.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) measures: Vec<MeasureReport>,
    /// What is wrong or unsure with which part.
    pub(crate) problems: Vec<String>,
    /// Points that lie on symbols which count already.
    pub(crate) notes: Vec<String>,
}

/// Measures everything that the recipe traces for a condition. `unscaled` are pages whose scale of the recipe was
/// refused.
pub(crate) async fn all(
    ctx: &Ctx<'_>,
    condition: &Condition,
    part: &ConditionPart,
    sheets: &[Sheets],
    unscaled: &BTreeSet<(String, u32)>,
) -> Result<Measured, CommandError> {
    let (mut new, mut places, mut said) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (nth, measure) in part.measures.iter().enumerate() {
        match shapes(condition, measure, sheets, unscaled) {
            Ok((page, shapes)) => {
                places.extend(std::iter::repeat_n((nth, measure, page), shapes.len()));
                new.extend(shapes);
                if page.findings.iter().any(Finding::is_damage) {
                    let place = format!("page {} of `{}`", page.number, measure.document);
                    said.insert(nth, format!("the file is damaged where {place} draws from it"));
                }
            }
            Err(why) => drop(said.insert(nth, why)),
        }
    }
    let mut done = Measured::default();
    let mut refused = BTreeSet::new();
    for ((nth, measure, page), made) in places.into_iter().zip(create_all(ctx, &new).await?) {
        match made {
            Ok(made) => {
                if !part.counts.is_empty()
                    && let Some(why) = on_counted(ctx, &made).await?
                {
                    done.notes.push(format!("condition `{}`, measure {} {why}", part.id, nth + 1));
                }
                done.measures.push(MeasureReport {
                    document: measure.document.clone(),
                    page: page.number,
                    scale: scale_of(page),
                    geometry: made.geometry_type,
                    geometry_data: made.geometry_data,
                    quantity: made.quantity,
                    notes: made.notes,
                });
            }
            // Of several points one says it for all.
            Err(e) if refused.insert(nth) => {
                // It numbers its page, and there may be several documents.
                said.insert(nth, format!("on `{}`: {e}", measure.document));
            }
            Err(_) => {}
        }
    }
    done.problems = said.into_iter().map(|(nth, why)| format!("measure {}: {why}", nth + 1)).collect();
    Ok(done)
}

/// That a point lies on a symbol which was counted for its condition.
async fn on_counted(ctx: &Ctx<'_>, made: &Measurement) -> Result<Option<String>, CommandError> {
    if made.geometry_type != GeometryType::Point {
        return Ok(None);
    }
    let (id, distance_px) = match reads::again(ctx, made).await? {
        None => return Ok(None),
        Some(Again::Same(id)) => (id, 0.0),
        Some(Again::Near { id, distance_px }) => (id, distance_px),
    };
    let counted = reads::measurement(ctx, id).await?.is_ai_generated;
    Ok(counted.then(|| {
        format!(
            "lies {distance_px:.1} px from the middle of a symbol that was counted: both are in the quantity"
        )
    }))
}

/// The page of a measure and its shapes, or why there are none.
fn shapes<'s>(
    condition: &Condition,
    part: &MeasurePart,
    sheets: &'s [Sheets],
    unscaled: &BTreeSet<(String, u32)>,
) -> Result<(&'s Page, Vec<NewMeasurement>), String> {
    let sheets = sheets.iter().find(|s| s.id == part.document);
    let page = sheets.ok_or("the document could not be read")?.page(part.page)?;
    let needs_scale = part.geometry != GeometryType::Point;
    if needs_scale && unscaled.contains(&(part.document.clone(), part.page)) {
        return Err(format!("the recipe's scale of `{}` page {} was refused", part.document, part.page));
    }
    let name = serde_json::to_value(part.geometry).ok().and_then(|v| v.as_str().map(str::to_owned));
    let shape = |geometry_data| NewMeasurement {
        condition_id: condition.id,
        page_id: page.id,
        geometry_type: name.clone().unwrap_or_default(),
        geometry_data,
        notes: part.notes.clone(),
    };
    Ok((page, part.geometries()?.into_iter().map(shape).collect()))
}

/// Side of the squares that shapes are looked up by, pixels. Shapes that are the same have centres of their bounds
/// that are less than half of it apart.
const CELL_PX: f64 = 8.0;

/// Document, page, column and row of a square.
type Square<'p> = (&'p str, u32, i64, i64);

/// Shapes that are there twice on one page, and so count twice. What lies on a counted symbol, [`on_counted`] says.
pub(crate) fn twice(part: &ConditionPart) -> Vec<String> {
    let mut cells: BTreeMap<Square<'_>, Vec<(usize, Geometry)>> = BTreeMap::new();
    let mut twice = Vec::new();
    for (nth, m) in (1..).zip(&part.measures) {
        let all = m.geometries().unwrap_or_default();
        for shape in all.into_iter().filter_map(|data| Geometry::parse(m.geometry, &data).ok()) {
            let (column, row) = cell(&shape);
            let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (column + dx, row + dy)));
            let near = around.filter_map(|(x, y)| cells.get(&(m.document.as_str(), m.page, x, y)));
            let same = near.filter_map(|cell| cell.iter().find(|(_, other)| shape.is_same(other)));
            if let Some(first) = same.map(|(first, _)| first).min() {
                twice.push(format!(
                    "measure {nth} has the same shape on the same page as measure {first}: it counts twice"
                ));
            }
            cells.entry((&m.document, m.page, column, row)).or_default().push((nth, shape));
        }
    }
    twice
}

/// Where the centre of its bounds lies.
fn cell(shape: &Geometry) -> (i64, i64) {
    let b = shape.bounds();
    // Saturates: what lies beyond every page shares the last cell.
    let at = |v: f64| (v / CELL_PX).floor().clamp(-1e15, 1e15) as i64;
    (at(b.x + b.w / 2.0), at(b.y + b.h / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(measures: &str) -> ConditionPart {
        toml::from_str(&format!("id = \"a\"\nname = \"A\"\ntype = \"area\"\n{measures}")).unwrap()
    }

    fn square(page: u32, x: f64, y: f64) -> String {
        format!(
            "[[measure]]\ndocument = \"plans\"\npage = {page}\ngeometry = \"rectangle\"\nx = {x}\ny = {y}\n\
             width = 20\nheight = 20\n"
        )
    }

    #[test]
    fn a_shape_that_is_there_twice_is_told_wherever_its_square_ends() {
        for (x, y) in [(0.0, 0.0), (13.9, 0.0), (14.0, 6.1), (-50.4, 22.0)] {
            let shapes =
                [square(1, x, y), square(2, x, y), square(1, x + 40.0, y), square(1, x + 0.6, y - 0.6)];
            let said = twice(&part(&shapes.concat()));
            assert_eq!(
                said,
                ["measure 4 has the same shape on the same page as measure 1: it counts twice"],
                "{x}, {y}"
            );
        }
    }

    #[test]
    fn the_first_of_three_is_named() {
        let said = twice(&part(&square(1, 5.0, 5.0).repeat(3)));
        assert!(said[1].starts_with("measure 3") && said[1].contains("as measure 1:"), "{said:?}");
    }
}
