//! What a run found out, as a value: printed as text, written as JSON and CSV.

use rust_decimal::Decimal;
use serde::Serialize;
use takeoff_core::geom::PxRect;
use takeoff_core::model::{ComponentType, MeasurementType};

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) project: String,
    pub(crate) engine_version: &'static str,
    pub(crate) documents: Vec<DocumentReport>,
    pub(crate) pages: Vec<PageReport>,
    pub(crate) conditions: Vec<ConditionReport>,
    pub(crate) cost: CostReport,
    /// Everything that failed or was withheld so that the result is incomplete.
    pub(crate) problems: Vec<String>,
    /// What a person should know although nothing is missing.
    pub(crate) notes: Vec<String>,
    pub(crate) seconds: TimeUse,
    pub(crate) memory: MemoryUse,
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
    pub(crate) quantity: f64,
    pub(crate) measurements: u64,
    pub(crate) counts: Vec<CountReport>,
    pub(crate) cost: Option<AssemblyReport>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CountReport {
    pub(crate) document: String,
    /// The exemplar's page.
    pub(crate) page: u32,
    pub(crate) searched_pages: Vec<u32>,
    /// Instances that became measurements.
    pub(crate) counted: u64,
    pub(crate) in_legend: u64,
    pub(crate) mirrored: u64,
    pub(crate) found: u64,
    pub(crate) truncated: bool,
    pub(crate) confidence: Option<Spread>,
    pub(crate) detections: Vec<DetectionReport>,
    pub(crate) incomplete: Option<String>,
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
}

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
    pub(crate) total: f64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct MemoryUse {
    pub(crate) process_peak_mib: f64,
    pub(crate) with_workers_peak_mib: f64,
}

impl Report {
    pub(crate) fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has string keys only");
        text.push('\n');
        text
    }
}
