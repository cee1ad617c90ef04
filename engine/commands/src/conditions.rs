//! Conditions: the takeoff lines.

use serde_json::{Value, json};
use takeoff_core::measure::{Tally, Unit};
use takeoff_core::model::{Assembly, Condition, Id, Index, Kind, MeasurementType, Project};
use takeoff_storage::{Batch, Expect};

use crate::check::{self, METADATA_BYTES, NAME_CHARS, TEXT_CHARS, UNIT_CHARS};
use crate::erased;
use crate::field::set;
use crate::load::{list, only, relies_on, required};
use crate::retry::{Tries, turn};
use crate::settle::{reshape, settle, tally};
use crate::{CommandError, Ctx, Desk, Field};

/// `None` takes the default: scope `concrete`, color `#3B82F6`, line width 2, opacity 0.3, visible, the
/// unit of the type (`LF`, `SF`, `CY`, `EA`).
#[derive(Debug, Clone, PartialEq)]
pub struct NewCondition {
    pub name: String,
    pub description: Option<String>,
    pub scope: Option<String>,
    pub category: Option<String>,
    pub measurement_type: MeasurementType,
    pub color: Option<String>,
    pub line_width: Option<i64>,
    pub fill_opacity: Option<f64>,
    pub unit: Option<String>,
    /// Inches.
    pub depth: Option<f64>,
    /// Inches.
    pub thickness: Option<f64>,
    pub is_visible: Option<bool>,
    pub is_ai_generated: Option<bool>,
    pub extra_metadata: Option<Value>,
}

impl NewCondition {
    pub fn named(name: impl Into<String>, measurement_type: MeasurementType) -> Self {
        Self {
            name: name.into(),
            description: None,
            scope: None,
            category: None,
            measurement_type,
            color: None,
            line_width: None,
            fill_opacity: None,
            unit: None,
            depth: None,
            thickness: None,
            is_visible: None,
            is_ai_generated: None,
            extra_metadata: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConditionPatch {
    pub name: Option<String>,
    pub description: Field<String>,
    pub scope: Option<String>,
    pub category: Field<String>,
    pub measurement_type: Option<MeasurementType>,
    pub color: Option<String>,
    pub line_width: Option<i64>,
    pub fill_opacity: Option<f64>,
    pub unit: Option<String>,
    pub depth: Field<f64>,
    pub thickness: Field<f64>,
    pub sort_order: Option<i64>,
    pub is_visible: Option<bool>,
    pub extra_metadata: Field<Value>,
}

/// Deepest and thickest that anything may be: two miles. Products of it stay numbers.
const MAX_INCHES: f64 = 126_720.0;

/// Conditions of one project; bounds the work that a project-wide read may cost.
const MAX_CONDITIONS: usize = 5_000;

/// Creates it last in the project's order.
#[erased]
pub async fn create(ctx: &Ctx<'_>, project_id: Id, new: NewCondition) -> Result<Condition, CommandError> {
    let _turn = turn(project_id).await?;
    let desk = ctx.desk();
    required::<Project>(&desk, project_id, "Project").await?;
    let others = list::<Condition>(&desk, Index::ByProject, project_id).await?;
    if others.len() >= MAX_CONDITIONS {
        return Err(CommandError::invalid(format!("a project holds at most {MAX_CONDITIONS} conditions")));
    }
    let last = others.iter().map(|c| c.value.sort_order).max();
    let mut condition = Condition {
        id: desk.ids.next(),
        project_id,
        name: new.name,
        description: new.description,
        scope: new.scope.unwrap_or_else(|| "concrete".to_owned()),
        category: new.category,
        measurement_type: new.measurement_type,
        color: new.color.unwrap_or_else(|| "#3B82F6".to_owned()),
        line_width: new.line_width.unwrap_or(2),
        fill_opacity: new.fill_opacity.unwrap_or(0.3),
        unit: new.unit.unwrap_or_else(|| Unit::standard(new.measurement_type).to_owned()),
        depth: new.depth,
        thickness: new.thickness,
        total_quantity: 0.0,
        measurement_count: 0,
        total_perimeter_ft: 0.0,
        tally: Some(Tally::default()),
        sort_order: last.map_or(1, |n| n.saturating_add(1)),
        is_ai_generated: new.is_ai_generated.unwrap_or(false),
        is_visible: new.is_visible.unwrap_or(true),
        extra_metadata: new.extra_metadata,
        created_at: desk.now,
        updated_at: desk.now,
    };
    check(&mut condition)?;
    let mut batch = Batch::new(ctx.tenant);
    batch.expect.push(Expect::Exists(Kind::Project, project_id));
    batch.create(&condition);
    batch.event(project_id, "condition_created", json!({ "condition_id": condition.id }));
    if Tries::new(ctx).commit(batch).await? {
        Ok(condition)
    } else {
        // The one record that another may have changed is the project: it is gone.
        Err(CommandError::NotFound { what: "Project" })
    }
}

/// A change of type, unit, depth or thickness recalculates measurements, totals and the assembly in the
/// same commit. `NotFound` also when the condition is another project's.
#[erased]
pub async fn update(
    ctx: &Ctx<'_>,
    project_id: Id,
    condition_id: Id,
    patch: ConditionPatch,
) -> Result<Condition, CommandError> {
    let _turn = turn(project_id).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Condition>(&desk, condition_id, "Condition").await?;
        if read.value.project_id != project_id {
            return Err(CommandError::NotFound { what: "Condition" });
        }
        let mut condition = read.value.clone();
        patch.clone().write(&mut condition);
        check(&mut condition)?;
        condition.updated_at = desk.now;
        let mut batch = Batch::new(ctx.tenant);
        if converts(&read.value, &condition) {
            keeps_its_price(&desk, &mut batch, condition_id).await?;
        }
        let condition = if reshapes(&read.value, &condition) {
            reshape(&desk, &mut batch, &read, condition).await?
        } else if prices(&read.value, &condition) {
            let tally = tally(&desk, &read.value).await?;
            settle(&desk, &mut batch, &read, condition, tally).await?
        } else {
            batch.update(read.version, &condition);
            condition
        };
        batch.event(project_id, "condition_changed", json!({ "condition_id": condition_id }));
        if tries.commit(batch).await? {
            return Ok(condition);
        }
    }
}

impl ConditionPatch {
    fn write(self, condition: &mut Condition) {
        set(self.name, &mut condition.name);
        self.description.write(&mut condition.description);
        set(self.scope, &mut condition.scope);
        self.category.write(&mut condition.category);
        if let Some(to) = self.measurement_type.filter(|to| *to != condition.measurement_type) {
            // A unit of the old type says nothing of the new one.
            condition.measurement_type = to;
            Unit::standard(to).clone_into(&mut condition.unit);
        }
        set(self.color, &mut condition.color);
        set(self.line_width, &mut condition.line_width);
        set(self.fill_opacity, &mut condition.fill_opacity);
        set(self.unit, &mut condition.unit);
        self.depth.write(&mut condition.depth);
        self.thickness.write(&mut condition.thickness);
        set(self.sort_order, &mut condition.sort_order);
        set(self.is_visible, &mut condition.is_visible);
        self.extra_metadata.write(&mut condition.extra_metadata);
    }
}

/// Whether the quantities of measurements depend on the change. A depth beside a quantity that is no volume stays in
/// their calculations as it was when they were made. What a count counts is a word that is read from the condition,
/// however many points it has.
fn reshapes(before: &Condition, after: &Condition) -> bool {
    before.measurement_type != after.measurement_type
        || before.unit != after.unit && before.measurement_type != MeasurementType::Count
        || before.measurement_type == MeasurementType::Volume && before.depth != after.depth
}

/// Whether formulas read what changed.
fn prices(before: &Condition, after: &Condition) -> bool {
    before.depth != after.depth || before.thickness != after.thickness
}

/// Whether the quantity will be one of something else, so that formulas written for it would be wrong.
fn converts(before: &Condition, after: &Condition) -> bool {
    !Unit::same((before.measurement_type, &before.unit), (after.measurement_type, &after.unit))
}

/// Refuses while an assembly prices the condition: its formulas are for a quantity in the old unit.
/// One that is made meanwhile writes the condition, one that is changed is relied on: then the batch is
/// refused and decided again.
async fn keeps_its_price(desk: &Desk<'_>, batch: &mut Batch, condition_id: Id) -> Result<(), CommandError> {
    let assembly = only::<Assembly>(desk, Index::ByCondition, condition_id).await?;
    if let Some(a) = &assembly {
        relies_on(batch, a);
    }
    match assembly {
        Some(a) if !a.value.components.is_empty() => Err(CommandError::invalid(
            "the condition's assembly prices a quantity in the old unit: remove its components or the \
             assembly before changing type or unit",
        )),
        _ => Ok(()),
    }
}

/// Bounds, and the unit under its one name.
fn check(condition: &mut Condition) -> Result<(), CommandError> {
    let unit = Unit::of(condition.measurement_type, &condition.unit)
        .map_err(|e| CommandError::invalid(e.to_string()))?;
    condition.unit = unit.code(&condition.unit);
    check::text("the name", &condition.name, NAME_CHARS)?;
    check::optional_text("the description", condition.description.as_deref(), TEXT_CHARS)?;
    check::text("the scope", &condition.scope, NAME_CHARS)?;
    check::optional_text("the category", condition.category.as_deref(), NAME_CHARS)?;
    check::text("the unit", &condition.unit, UNIT_CHARS)?;
    check::color(&condition.color)?;
    check::count("the line width", Some(condition.line_width))?;
    check::within("the fill opacity", condition.fill_opacity, 0.0, 1.0)?;
    for (what, size) in [("the depth", condition.depth), ("the thickness", condition.thickness)] {
        check::within(&format!("{what} in inches"), size.unwrap_or_default(), 0.0, MAX_INCHES)?;
    }
    check::json("extra_metadata", condition.extra_metadata.as_ref(), METADATA_BYTES)
}
