use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Entity, Id, Index, Kind, ShortCount, Timestamp};
use crate::measure::Tally;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasurementType {
    Linear,
    Area,
    Volume,
    Count,
}

/// A takeoff line that measurements belong to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub id: Id,
    pub project_id: Id,
    pub name: String,
    pub description: Option<String>,
    pub scope: String,
    pub category: Option<String>,
    pub measurement_type: MeasurementType,
    /// Hex, `#RRGGBB`.
    pub color: String,
    pub line_width: i64,
    pub fill_opacity: f64,
    /// A unit of the measurement type, see [`crate::measure::Unit`]; `LF`, `SF`, `CY` or `EA` unless asked
    /// for.
    pub unit: String,
    /// Inches.
    pub depth: Option<f64>,
    /// Inches.
    pub thickness: Option<f64>,
    /// Sum over the measurements that are not rejected, in `unit`.
    pub total_quantity: f64,
    pub measurement_count: u64,
    /// Sum of perimeters and lengths of the same measurements, feet; the formula variable `{perimeter}`.
    pub total_perimeter_ft: f64,
    /// What the three are made of, so that they follow a change of one measurement; `None` before the
    /// first.
    pub tally: Option<Tally>,
    /// Measured shapes, rejected ones included and points not: whoever makes or deletes one writes this. `None` on records
    /// from before, until they are counted.
    #[serde(default)]
    pub shapes: Option<u64>,
    /// Counts of which it has measurements and that have not all of what there is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short_counts: Vec<ShortCount>,
    pub sort_order: i64,
    pub is_ai_generated: bool,
    pub is_visible: bool,
    pub extra_metadata: Option<Value>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Condition {
    /// Whether it is a volume without a depth: whatever is measured for it comes to 0, which is not its quantity.
    pub fn is_flat(&self) -> bool {
        self.measurement_type == MeasurementType::Volume && self.depth.unwrap_or(0.0) <= 0.0
    }

    /// Why its quantity is too small as far as its counts tell, for a person.
    pub fn counted_short(&self) -> Option<String> {
        const SHOWN: usize = 3;
        let short = if self.measurement_count == 0 { &[] } else { &self.short_counts[..] };
        let mut said: Vec<String> = short
            .iter()
            .take(SHOWN)
            .map(|s| {
                format!(
                    "a count that it has measurements of is not whole: {} (session {})",
                    s.why, s.session_id
                )
            })
            .collect();
        let more = short.len().saturating_sub(SHOWN);
        said.extend((more > 0).then(|| format!("{more} more counts are not whole")));
        (!said.is_empty()).then(|| said.join("; "))
    }
}

impl Entity for Condition {
    const KIND: Kind = Kind::Condition;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.id
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::ByProject, self.project_id)]
    }
}
