//! What a run found out, as a value: printed as text, written as JSON and CSV.

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use takeoff_core::count::Apart;
use takeoff_core::geom::PxRect;
use takeoff_core::model::{ComponentType, Detection, GeometryType, MeasurementType};

use crate::recipe::ConditionPart;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) project: String,
    pub(crate) engine_version: &'static str,
    pub(crate) documents: Vec<DocumentReport>,
    pub(crate) pages: Vec<PageReport>,
    pub(crate) conditions: Vec<ConditionReport>,
    /// The sums over what is priced; `cost_lacks` says what is not in them.
    pub(crate) cost: CostReport,
    /// What the sums of money lack: empty where they are whole.
    pub(crate) cost_lacks: Vec<CostLack>,
    /// Everything that failed or was withheld so that the result is incomplete.
    pub(crate) problems: Vec<String>,
    /// What a person should know although nothing is missing.
    pub(crate) notes: Vec<String>,
    /// Quantities that are not safe to take as they are, and why.
    pub(crate) check_by_eye: Vec<String>,
    pub(crate) seconds: TimeUse,
    pub(crate) memory: MemoryUse,
}

/// A condition that is not all in the sums of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CostLack {
    pub(crate) condition: String,
    /// Its price is not in the sums at all.
    pub(crate) whole: bool,
    pub(crate) why: String,
}

impl Report {
    pub(crate) fn lacks_of_cost(&self) -> Vec<CostLack> {
        let lack = |c: &ConditionReport, whole, why: &str| CostLack {
            condition: c.condition.clone(),
            whole,
            why: why.to_owned(),
        };
        let of = |c: &ConditionReport| {
            let unpriced = c.unpriced.as_ref().map(|why| lack(c, true, why));
            let partly = (c.partial && c.cost.is_some())
                .then(|| lack(c, false, &format!("its quantity may not be all: {}", c.problems.join("; "))));
            let names = c.without_price();
            let errors = names.map(|n| lack(c, false, &format!("components without a price: {n}")));
            [unpriced, partly, errors].into_iter().flatten().collect::<Vec<_>>()
        };
        self.conditions.iter().flat_map(of).collect()
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct DocumentReport {
    pub(crate) document: String,
    pub(crate) file: String,
    pub(crate) status: String,
    pub(crate) pages: u32,
    pub(crate) bytes: u64,
    pub(crate) error: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PageReport {
    pub(crate) document: String,
    pub(crate) page: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) status: String,
    pub(crate) error: Option<String>,
    pub(crate) paths: u64,
    pub(crate) words: u64,
    pub(crate) scale: ScaleReport,
    pub(crate) findings: Vec<String>,
    /// Equal for pages that show the same; `None` where nothing was read.
    pub(crate) content_hash: Option<String>,
    /// Name of its picture in the folder of `--out`.
    pub(crate) picture: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ScaleReport {
    pub(crate) calibrated: bool,
    pub(crate) pixels_per_foot: Option<f64>,
    pub(crate) text: Option<String>,
    /// Real inches per drawing inch.
    pub(crate) ratio: Option<f64>,
    pub(crate) confidence: Option<f64>,
    pub(crate) method: Option<String>,
    /// Where the evidence stands, page pixels.
    pub(crate) place: Option<PxRect>,
    pub(crate) withheld: Option<String>,
    pub(crate) candidates: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ConditionReport {
    pub(crate) condition: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) measurement_type: MeasurementType,
    pub(crate) unit: String,
    /// `#RRGGBB`; its boxes in the pictures have it.
    pub(crate) color: String,
    /// `None` when it is not known, because what it would come from failed; the problems say why.
    pub(crate) quantity: Option<f64>,
    pub(crate) measurements: u64,
    /// What failed or is incomplete, so that the quantity is unknown or not all.
    pub(crate) problems: Vec<String>,
    pub(crate) counts: Vec<CountReport>,
    /// The shapes that became measurements, in the recipe's order.
    pub(crate) measures: Vec<MeasureReport>,
    /// What the report notes of the scales that it was measured by.
    #[serde(skip)]
    pub(crate) unsure_scales: Vec<String>,
    pub(crate) cost: Option<AssemblyReport>,
    /// Why there is no cost although the recipe asks for one.
    pub(crate) unpriced: Option<String>,
    /// The quantity, and so the cost, may lack something; the problems say what.
    pub(crate) partial: bool,
}

/// A shape that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct MeasureReport {
    pub(crate) document: String,
    pub(crate) page: u32,
    /// Of the page, as in [`CountedPage`].
    pub(crate) scale: Option<String>,
    pub(crate) geometry: GeometryType,
    /// Page pixels.
    pub(crate) geometry_data: Value,
    /// In the condition's unit.
    pub(crate) quantity: f64,
    pub(crate) notes: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CountReport {
    pub(crate) document: String,
    /// The exemplar's page.
    pub(crate) page: u32,
    pub(crate) searched_pages: Vec<u32>,
    /// Instances that became measurements.
    pub(crate) counted: u64,
    /// Found, and left out because the condition has a point on that very symbol, of another count.
    pub(crate) already_counted: u64,
    /// Samples in a legend, left out.
    pub(crate) in_legend: u64,
    /// In a title block or a key plan, or beyond a match line and counted on the sheet that goes on there: left out.
    pub(crate) in_title_block: u64,
    pub(crate) in_key_plan: u64,
    pub(crate) beyond_match_line: u64,
    /// Counted ones that are mirror images of the exemplar.
    pub(crate) mirrored: u64,
    /// Mirror images that the recipe leaves out.
    pub(crate) mirrored_left_out: u64,
    /// Places left out because they are as much like what `exclude` shows; `None` without `exclude`.
    pub(crate) excluded: Option<u64>,
    /// Every searched page, also those with nothing on them.
    pub(crate) pages: Vec<CountedPage>,
    /// Places that are like the symbol, but less than the threshold asks: not counted, to be looked at. How many,
    /// and the strongest of them.
    pub(crate) near_misses: u64,
    pub(crate) less_alike: Vec<LessAlike>,
    /// Places that show most of the example and too little even for that: the first 200.
    pub(crate) shown_in_part: Vec<PlaceReport>,
    /// Places that show most of the example and all lack the same part of it: the first 200.
    pub(crate) lacking_a_part: Vec<PlaceReport>,
    pub(crate) found: u64,
    pub(crate) truncated: bool,
    /// Of the counted ones but the examples, which are alike themselves; `None` when there are no others.
    pub(crate) confidence: Option<Spread>,
    /// Counted ones of less than 0.90, the bound of the review's high band.
    pub(crate) unsure: u64,
    /// Searched pages that are pictures, such as scans: symbols may be missing there.
    pub(crate) pictures: Vec<u32>,
    pub(crate) detections: Vec<DetectionReport>,
    pub(crate) incomplete: Option<String>,
    /// What to know of a whole count, such as look-alikes that were left out.
    pub(crate) notes: Option<String>,
    /// What of it makes the number doubtful.
    #[serde(skip)]
    pub(crate) doubtful: Vec<String>,
}

impl CountReport {
    /// How many were counted, as it may be shown: what was cut off is no number to be taken as it is.
    pub(crate) fn number(&self) -> String {
        match self.incomplete {
            None => format!("{} counted", self.counted),
            Some(_) => format!("at least {} counted", self.counted),
        }
    }
}

/// What a count found on one page.
#[derive(Debug, Serialize)]
pub(crate) struct CountedPage {
    pub(crate) page: u32,
    /// Number and title of the sheet, where they are known.
    pub(crate) sheet: Option<String>,
    /// The page's one scale; pages of schedules, details and cover sheets have none.
    pub(crate) scale: Option<String>,
    pub(crate) counted: u64,
    /// Samples in a legend, left out.
    pub(crate) in_legend: u64,
    /// Found, and left out because the condition has a point on that very symbol.
    pub(crate) already_counted: u64,
    /// Left out for lying in a title block or a key plan or beyond a match line.
    pub(crate) set_apart: u64,
    pub(crate) confidence: Option<Spread>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self { least: *values.first()?, median: values[values.len() / 2], most: *values.last()? })
    }
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct DetectionReport {
    pub(crate) page: u32,
    #[serde(rename = "box")]
    pub(crate) bbox: PxRect,
    pub(crate) confidence: f64,
    pub(crate) angle: f64,
    pub(crate) mirrored: bool,
    pub(crate) in_legend: bool,
    /// Where it lies that it does not count by itself.
    pub(crate) apart: Option<Apart>,
    /// An example itself.
    pub(crate) is_exemplar: bool,
    /// Drawn with another pen than the example, on a page where pens are not compared.
    pub(crate) other_pen: bool,
    /// Whether it became a measurement.
    pub(crate) counted: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct PlaceReport {
    pub(crate) page: u32,
    /// Page pixels.
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// A place that is less like the symbol than the threshold asks.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LessAlike {
    pub(crate) page: u32,
    #[serde(rename = "box")]
    pub(crate) bbox: PxRect,
    pub(crate) confidence: f64,
    /// How like the example it is, however often what is so alike is an instance.
    pub(crate) likeness: Option<f64>,
    /// Share of the example's ink that is there.
    pub(crate) coverage: Option<f64>,
    /// Ink in its outline that is not the example's, as a share of the example's.
    pub(crate) extra: Option<f64>,
    /// Its pen alone keeps it from being counted.
    pub(crate) other_pen: bool,
    /// What keeps it from being counted, for a person.
    pub(crate) why: String,
}

impl LessAlike {
    pub(crate) fn of(page: u32, d: &Detection) -> Self {
        let percent = |share: f64| (share * 100.0).round();
        let lacks = d.coverage.map_or(0.0, |c| percent(1.0 - c));
        let more = d.extra.map_or(0.0, percent);
        let why = match (lacks >= LITTLE, more >= LITTLE) {
            _ if d.other_pen => "drawn with another pen".to_owned(),
            (true, true) => format!("lacks {lacks:.0} % of the example and has {more:.0} % more"),
            (true, false) => format!("lacks {lacks:.0} % of the example"),
            (false, true) => format!("has {more:.0} % more than the example"),
            (false, false) => "framed, painted or sized otherwise".to_owned(),
        };
        let (coverage, extra) = (d.coverage, d.extra);
        let (bbox, confidence, likeness, other_pen) = (d.bbox, d.confidence, d.likeness, d.other_pen);
        Self { page, bbox, confidence, likeness, coverage, extra, other_pen, why }
    }

    /// Whether nearly all of the example is there.
    fn is_close(&self) -> bool {
        self.coverage.is_none_or(|c| c >= CLOSE)
    }
}

/// Percent of the example's ink from which on a difference is named.
const LITTLE: f64 = 3.0;
/// Share of the example's ink from which on a person should look at a place that was not counted.
const CLOSE: f64 = 0.88;
/// Such places that are named one by one.
const NAMED: usize = 4;

#[derive(Debug, Serialize)]
pub(crate) struct AssemblyReport {
    pub(crate) assembly: String,
    #[serde(flatten)]
    pub(crate) cost: CostReport,
    pub(crate) labor_hours: f64,
    pub(crate) unit_cost: Decimal,
    pub(crate) lines: Vec<LineReport>,
}

#[derive(Debug, Serialize)]
pub(crate) struct LineReport {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) component_type: ComponentType,
    pub(crate) quantity: f64,
    pub(crate) unit: String,
    pub(crate) unit_cost: Decimal,
    pub(crate) extended_cost: Decimal,
    pub(crate) error: Option<String>,
}

/// Money; every sum is of rounded lines.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct CostReport {
    pub(crate) material_cost: Decimal,
    pub(crate) labor_cost: Decimal,
    pub(crate) equipment_cost: Decimal,
    pub(crate) subcontract_cost: Decimal,
    pub(crate) other_cost: Decimal,
    pub(crate) total_cost: Decimal,
    pub(crate) total_with_markup: Decimal,
    pub(crate) components_in_error: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct TimeUse {
    pub(crate) ingest: f64,
    pub(crate) count: f64,
    pub(crate) measure_and_price: f64,
    /// The pictures of `--out`.
    pub(crate) draw: f64,
    pub(crate) total: f64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct MemoryUse {
    pub(crate) process_peak_mib: f64,
    pub(crate) with_workers_peak_mib: f64,
}

impl ConditionReport {
    /// One that could not be made.
    pub(crate) fn failed(part: &ConditionPart, color: String, why: String) -> Self {
        Self {
            condition: part.id.clone(),
            name: part.name.clone(),
            measurement_type: part.measurement_type,
            unit: part.unit(),
            color,
            quantity: None,
            measurements: 0,
            unpriced: part.assembly.as_ref().map(|_| why.clone()),
            problems: vec![why],
            counts: Vec::new(),
            measures: Vec::new(),
            unsure_scales: Vec::new(),
            cost: None,
            partial: false,
        }
    }

    /// What to know although nothing is missing: what the counts noted, and pages that may have added
    /// samples instead of instances, which are those without a scale, where others have one or there are several.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        let noted = self.counts.iter().filter_map(|count| {
            // It names pages, and there may be several documents.
            let notes = count.notes.as_ref()?;
            Some(format!("counting on `{}`: {notes}", count.document))
        });
        noted.chain(self.unscaled())
    }

    /// Its components that could not be priced, by name.
    pub(crate) fn without_price(&self) -> Option<String> {
        let lines = self.cost.iter().flat_map(|c| &c.lines).filter(|l| l.error.is_some());
        let names: Vec<&str> = lines.map(|l| l.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Why its quantity is not safe to take as it is.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let mut doubts = self.unsure_scales.clone();
        for count in &self.counts {
            if !count.pictures.is_empty() {
                let pages: Vec<String> = count.pictures.iter().map(u32::to_string).collect();
                doubts.push(format!(
                    "counted on a scanned picture (`{}` page {}): symbols may be missing, and samples in a \
                     legend may be among them",
                    count.document,
                    pages.join(", ")
                ));
            }
            if count.is_alone() {
                doubts.push("nothing but the example itself was found".to_owned());
            }
            if count.unsure > 0 {
                doubts.push(format!("{} of {} are less sure than {HIGH:.2}", count.unsure, count.counted));
            }
            doubts.extend(count.close());
            doubts.extend(count.doubtful.iter().cloned());
        }
        doubts
    }

    fn unscaled(&self) -> impl Iterator<Item = String> {
        self.counts.iter().filter_map(|count| {
            let (scaled, other): (Vec<&CountedPage>, Vec<&CountedPage>) =
                count.pages.iter().filter(|p| p.counted > 0).partition(|p| p.scale.is_some());
            let added: u64 = other.iter().map(|p| p.counted).sum();
            let pages: Vec<String> = other.iter().map(|p| p.page.to_string()).collect();
            let (document, pages) = (&count.document, pages.join(", "));
            match (scaled.len(), other.len()) {
                (_, 0) | (0, 1) => None,
                (0, _) => Some(format!(
                    "all {added} counted on pages of `{document}` that have no scale ({pages}): if some are schedules \
                     or details, list the other pages in `pages`",
                )),
                _ => Some(format!(
                    "{added} of {} counted on pages of `{document}` that have no scale ({pages}): if these are \
                     schedules or details, list the other pages in `pages`",
                    count.counted,
                )),
            }
        })
    }
}

/// Confidence from which a match is safe: the bound of the review's high band.
pub(crate) const HIGH: f64 = 0.90;

impl CountReport {
    /// Whether all that was counted are the examples.
    pub(crate) fn is_alone(&self) -> bool {
        self.counted > 0 && self.confidence.is_none()
    }

    /// Places that show nearly all of the example and were not counted.
    fn close(&self) -> Option<String> {
        let close: Vec<&LessAlike> = self.less_alike.iter().filter(|p| p.is_close()).collect();
        let named = close.iter().take(NAMED).map(|p| {
            let middle = (p.bbox.x + p.bbox.w / 2.0, p.bbox.y + p.bbox.h / 2.0);
            format!("`{}` page {} at x {:.0}, y {:.0} ({})", self.document, p.page, middle.0, middle.1, p.why)
        });
        let mut named: Vec<String> = named.collect();
        named.extend((close.len() > NAMED).then(|| format!("{} more", close.len() - NAMED)));
        let (places, are) = if close.len() == 1 { ("place shows", "is") } else { ("places show", "are") };
        (!close.is_empty()).then(|| {
            format!(
                "{} {places} nearly all of the example and {are} not counted: {}",
                close.len(),
                named.join(", ")
            )
        })
    }
}

impl Report {
    pub(crate) fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has string keys only");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests;
