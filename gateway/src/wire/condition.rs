use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use takeoff_commands::conditions::{ConditionPatch, NewCondition};
use takeoff_core::measure::Unit;
use takeoff_core::model::{self, MeasurementType};
use utoipa::ToSchema;
use uuid::Uuid;

use super::assembly::notice::joined;
use super::measurement::geometry_word;
use super::scalar::Stamp;
use super::validate::{At, Boolean, Dict, Fields, OneOf, Rule, integer, number, text};

/// A takeoff line that measurements belong to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Condition {
    id: Uuid,
    project_id: Uuid,
    name: String,
    description: Option<String>,
    scope: String,
    category: Option<String>,
    /// `linear`, `area`, `volume`, `count`.
    measurement_type: &'static str,
    color: String,
    line_width: i64,
    fill_opacity: f64,
    unit: String,
    /// Inches.
    depth: Option<f64>,
    /// Inches.
    thickness: Option<f64>,
    /// In `unit`, over the measurements that are not rejected.
    total_quantity: f64,
    measurement_count: u64,
    sort_order: i64,
    is_ai_generated: bool,
    is_visible: bool,
    #[schema(value_type = Option<Object>)]
    extra_metadata: Option<Value>,
    created_at: Stamp,
    updated_at: Stamp,
    /// What to know of it: that it is a volume without a depth, so that its quantity is 0 whatever is measured; that a
    /// count which it has measurements of is not whole, so that its quantity is too small. `null` when nothing is.
    notice: Option<String>,
}

/// Of a volume without a depth.
const FLAT: &str = "the condition is a volume without a depth: whatever is measured comes to 0 until its `depth` in inches is set";

pub(crate) const MEASUREMENT_TYPES: &[(&str, MeasurementType)] = &[
    ("linear", MeasurementType::Linear),
    ("area", MeasurementType::Area),
    ("volume", MeasurementType::Volume),
    ("count", MeasurementType::Count),
];

pub(crate) fn type_word(of: MeasurementType) -> &'static str {
    match of {
        MeasurementType::Linear => "linear",
        MeasurementType::Area => "area",
        MeasurementType::Volume => "volume",
        MeasurementType::Count => "count",
    }
}

impl From<model::Condition> for Condition {
    fn from(c: model::Condition) -> Self {
        Self {
            notice: joined(
                c.is_flat().then(|| FLAT.to_owned()).into_iter().chain(c.counted_short()).collect(),
            ),
            id: c.id.0,
            project_id: c.project_id.0,
            name: c.name,
            description: c.description,
            scope: c.scope,
            category: c.category,
            measurement_type: type_word(c.measurement_type),
            color: c.color,
            line_width: c.line_width,
            fill_opacity: c.fill_opacity,
            unit: c.unit,
            depth: c.depth,
            thickness: c.thickness,
            total_quantity: c.total_quantity,
            measurement_count: c.measurement_count,
            sort_order: c.sort_order,
            is_ai_generated: c.is_ai_generated,
            is_visible: c.is_visible,
            extra_metadata: c.extra_metadata,
            created_at: Stamp(c.created_at),
            updated_at: Stamp(c.updated_at),
        }
    }
}

impl Condition {
    /// One whose measurement type was just set, with how its measurements are taken now where that may not be meant.
    pub(crate) fn retyped(c: model::Condition, measured: &[model::Measurement]) -> Self {
        let notes = measured.iter().filter(|m| !m.is_rejected).filter_map(|m| m.calculation.get("note"));
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        notes.filter_map(Value::as_str).for_each(|note| *numbers.entry(note).or_default() += 1);
        let flat = c.is_flat();
        let known = Self::from(c);
        // Of a volume without a depth that is said already.
        let said = numbers.into_iter().filter(|_| !flat).map(|(note, n)| match n {
            1 => format!("of 1 measurement: {note}"),
            n => format!("of {n} measurements: {note}"),
        });
        Self { notice: joined(known.notice.into_iter().chain(said).collect()), ..known }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConditionList {
    conditions: Vec<Condition>,
    total: usize,
}

impl FromIterator<model::Condition> for ConditionList {
    fn from_iter<I: IntoIterator<Item = model::Condition>>(all: I) -> Self {
        let conditions: Vec<Condition> = all.into_iter().map(Condition::from).collect();
        Self { total: conditions.len(), conditions }
    }
}

/// A measurement as its condition lists it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasurementSummary {
    id: Uuid,
    page_id: Uuid,
    geometry_type: &'static str,
    quantity: f64,
    unit: String,
    is_ai_generated: bool,
    is_verified: bool,
}

/// A condition with its measurements.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConditionDetail {
    #[serde(flatten)]
    condition: Condition,
    measurements: Vec<MeasurementSummary>,
}

impl ConditionDetail {
    pub(crate) fn of(condition: model::Condition, measurements: Vec<model::Measurement>) -> Self {
        let summary = |m: model::Measurement| MeasurementSummary {
            id: m.id.0,
            page_id: m.page_id.0,
            geometry_type: geometry_word(m.geometry_type),
            quantity: m.quantity,
            unit: m.unit,
            is_ai_generated: m.is_ai_generated,
            is_verified: m.is_verified,
        };
        Self { condition: condition.into(), measurements: measurements.into_iter().map(summary).collect() }
    }
}

/// A condition to be, and what of one may be changed: then every field is optional, and `null` clears
/// those that may be without a value.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `create_condition` reads")]
pub(crate) struct CreateCondition {
    #[schema(max_length = 255)]
    name: String,
    description: Option<String>,
    #[schema(default = "concrete")]
    scope: Option<String>,
    category: Option<String>,
    /// `linear`, `area`, `volume`, `count`.
    measurement_type: String,
    #[schema(default = "#3B82F6")]
    color: Option<String>,
    #[schema(default = 2)]
    line_width: Option<i64>,
    #[schema(default = 0.3)]
    fill_opacity: Option<f64>,
    /// Of the type: linear `LF`, `LY`, `IN`, `CLF`, `M`; area `SF`, `SY`, `SQ`, `MSF`, `ACRE`, `M2`; volume
    /// `CY`, `CF`, `M3`; count `EA` or a word for the piece. Absent takes `LF`, `SF`, `CY` or `EA`.
    #[schema(max_length = 50)]
    unit: Option<String>,
    /// Inches, 0 or more. Without one a volume is 0, and a component whose formula reads it is in error.
    depth: Option<f64>,
    /// Inches, 0 or more. Without one a component whose formula reads it is in error.
    thickness: Option<f64>,
    #[schema(default = true)]
    is_visible: Option<bool>,
    #[schema(default = false)]
    is_ai_generated: Option<bool>,
    #[schema(value_type = Option<Object>)]
    extra_metadata: Option<Value>,
}

/// What of a condition may be changed. Absent leaves a value; `null` clears description, category,
/// depth, thickness and extra_metadata.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `update_condition` reads")]
pub(crate) struct UpdateCondition {
    #[schema(max_length = 255)]
    name: Option<String>,
    description: Option<String>,
    scope: Option<String>,
    category: Option<String>,
    measurement_type: Option<String>,
    color: Option<String>,
    line_width: Option<i64>,
    fill_opacity: Option<f64>,
    /// A new type without a unit takes its own standard unit. Neither can change under an assembly with
    /// components, whose formulas are for the old one: 400.
    unit: Option<String>,
    depth: Option<f64>,
    thickness: Option<f64>,
    sort_order: Option<i64>,
    is_visible: Option<bool>,
    #[schema(value_type = Option<Object>)]
    extra_metadata: Option<Value>,
}

/// A unit of the type; of an unknown type only its length is checked here.
struct UnitOf(Option<MeasurementType>);

impl Rule for UnitOf {
    type Out = String;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<String> {
        let unit = text().max(50).line().read(value, at)?;
        if let Some(Err(e)) = self.0.map(|of| Unit::of(of, &unit)) {
            let why = e.to_string();
            let msg = format!("Value error, {why}");
            return at.refuse("value_error", msg, value, Some(json!({ "error": why })));
        }
        Some(unit)
    }
}

pub(crate) fn new_condition(f: &Fields<'_>) -> Option<NewCondition> {
    let name = f.required("name", text().max(255).line().not_blank());
    let description = f.optional("description", text());
    let scope = f.optional("scope", text().max(100).line());
    let category = f.optional("category", text().max(100).line());
    let measurement_type = f.required("measurement_type", OneOf(MEASUREMENT_TYPES));
    let color = f.optional("color", text().max(20).line());
    let line_width = f.optional("line_width", integer());
    let fill_opacity = f.optional("fill_opacity", number());
    let unit = f.optional("unit", UnitOf(measurement_type));
    let depth = f.optional("depth", number().ge(0.0));
    let thickness = f.optional("thickness", number().ge(0.0));
    let is_visible = f.optional("is_visible", Boolean);
    let is_ai_generated = f.optional("is_ai_generated", Boolean);
    let extra_metadata = f.optional("extra_metadata", Dict);
    Some(NewCondition {
        name: name?,
        description: description?,
        scope: scope?,
        category: category?,
        measurement_type: measurement_type?,
        color: color?,
        line_width: line_width?,
        fill_opacity: fill_opacity?,
        unit: unit?,
        depth: depth?,
        thickness: thickness?,
        is_visible: is_visible?,
        is_ai_generated: is_ai_generated?,
        extra_metadata: extra_metadata?,
    })
}

pub(crate) fn condition_patch(f: &Fields<'_>) -> Option<ConditionPatch> {
    let name = f.optional("name", text().max(255).line().not_blank());
    let description = f.patch("description", text());
    let scope = f.optional("scope", text().max(100).line());
    let category = f.patch("category", text().max(100).line());
    let measurement_type = f.optional("measurement_type", OneOf(MEASUREMENT_TYPES));
    let color = f.optional("color", text().max(20).line());
    let line_width = f.optional("line_width", integer());
    let fill_opacity = f.optional("fill_opacity", number());
    let unit = f.optional("unit", UnitOf(measurement_type.flatten()));
    let depth = f.patch("depth", number().ge(0.0));
    let thickness = f.patch("thickness", number().ge(0.0));
    let sort_order = f.optional("sort_order", integer());
    let is_visible = f.optional("is_visible", Boolean);
    let extra_metadata = f.patch("extra_metadata", Dict);
    Some(ConditionPatch {
        name: name?,
        description: description?,
        scope: scope?,
        category: category?,
        measurement_type: measurement_type?,
        color: color?,
        line_width: line_width?,
        fill_opacity: fill_opacity?,
        unit: unit?,
        depth: depth?,
        thickness: thickness?,
        sort_order: sort_order?,
        is_visible: is_visible?,
        extra_metadata: extra_metadata?,
    })
}
