//! Conditions: the takeoff lines.

use serde_json::{Value, json};
use takeoff_core::measure::{Tally, Unit};
use takeoff_core::model::{Assembly, Condition, Id, Index, Kind, MeasurementType, Project, Timestamp};
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

    /// Everything that is wrong with it, each with the field's name, before there is a project to create it in.
    pub fn refusals(&self) -> Vec<(&'static str, CommandError)> {
        refusals(&self.clone().filled(Id::NIL, Id::NIL, 1, Timestamp(0)))
    }

    fn condition(self, desk: &Desk<'_>, project_id: Id, sort_order: i64) -> Result<Condition, CommandError> {
        let mut condition = self.filled(desk.ids.next(), project_id, sort_order, desk.now);
        check(&mut condition)?;
        Ok(condition)
    }

    fn filled(self, id: Id, project_id: Id, sort_order: i64, now: Timestamp) -> Condition {
        Condition {
            id,
            project_id,
            name: self.name,
            description: self.description,
            scope: self.scope.unwrap_or_else(|| "concrete".to_owned()),
            category: self.category,
            measurement_type: self.measurement_type,
            color: self.color.unwrap_or_else(|| "#3B82F6".to_owned()),
            line_width: self.line_width.unwrap_or(2),
            fill_opacity: self.fill_opacity.unwrap_or(0.3),
            unit: self.unit.unwrap_or_else(|| Unit::standard(self.measurement_type).to_owned()),
            depth: self.depth,
            thickness: self.thickness,
            total_quantity: 0.0,
            measurement_count: 0,
            total_perimeter_ft: 0.0,
            tally: Some(Tally::default()),
            shapes: Some(0),
            short_counts: Vec::new(),
            sort_order,
            is_ai_generated: self.is_ai_generated.unwrap_or(false),
            is_visible: self.is_visible.unwrap_or(true),
            extra_metadata: self.extra_metadata,
            created_at: now,
            updated_at: now,
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
pub const MAX_CONDITIONS: usize = 5_000;

/// Creates it last in the project's order.
#[erased]
pub async fn create(ctx: &Ctx<'_>, project_id: Id, new: NewCondition) -> Result<Condition, CommandError> {
    let mut made = create_all(ctx, project_id, vec![new]).await?;
    made.pop().expect("each that is asked for has its answer")
}

/// Conditions that one commit makes; each costs two operations.
const MOST_TOGETHER: usize = 1_000;

/// Creates many, in their order, reading those there are once and committing a thousand at a time. Each is made or
/// refused by itself, as by [`create`]; an error of the whole is the store's, and what was committed before it stays.
#[erased]
pub async fn create_all(
    ctx: &Ctx<'_>,
    project_id: Id,
    new: Vec<NewCondition>,
) -> Result<Vec<Result<Condition, CommandError>>, CommandError> {
    let _turn = turn(project_id).await?;
    required::<Project>(&ctx.desk(), project_id, "Project").await?;
    let others = list::<Condition>(&ctx.desk(), Index::ByProject, project_id).await?;
    let mut there = others.len();
    let mut last = others.iter().map(|c| c.value.sort_order).max();
    let mut all = Vec::with_capacity(new.len());
    let mut new = new.into_iter().peekable();
    while new.peek().is_some() {
        let desk = ctx.desk();
        let mut batch = Batch::new(ctx.tenant);
        batch.expect.push(Expect::Exists(Kind::Project, project_id));
        for one in new.by_ref().take(MOST_TOGETHER) {
            let next = last.map_or(1, |n| n.saturating_add(1));
            let made = if there < MAX_CONDITIONS {
                one.condition(&desk, project_id, next)
            } else {
                Err(CommandError::invalid(format!("a project holds at most {MAX_CONDITIONS} conditions")))
            };
            if let Ok(condition) = &made {
                batch.create(condition);
                batch.event(project_id, "condition_created", json!({ "condition_id": condition.id }));
                (there, last) = (there + 1, Some(next));
            }
            all.push(made);
        }
        if !Tries::new(ctx).commit(batch).await? {
            // The one record that another may have changed is the project: it is gone.
            return Err(CommandError::NotFound { what: "Project" });
        }
    }
    Ok(all)
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
    if let Some((_, refused)) = refusals(condition).into_iter().next() {
        return Err(refused);
    }
    let unit = Unit::of(condition.measurement_type, &condition.unit)
        .map_err(|e| CommandError::invalid(e.to_string()))?;
    condition.unit = unit.code(&condition.unit);
    Ok(())
}

/// Everything that is out of its bounds, each with the field's name.
fn refusals(condition: &Condition) -> Vec<(&'static str, CommandError)> {
    let inches = |what: &str, size: Option<f64>| {
        check::within(&format!("{what} in inches"), size.unwrap_or_default(), 0.0, MAX_INCHES)
    };
    let unit = Unit::of(condition.measurement_type, &condition.unit).map(|_| ());
    let checks = [
        ("unit", unit.map_err(|e| CommandError::invalid(e.to_string()))),
        ("name", check::line("the name", &condition.name, NAME_CHARS)),
        (
            "description",
            check::optional_text("the description", condition.description.as_deref(), TEXT_CHARS),
        ),
        ("scope", check::line("the scope", &condition.scope, NAME_CHARS)),
        ("category", check::optional_text("the category", condition.category.as_deref(), NAME_CHARS)),
        ("unit", check::line("the unit", &condition.unit, UNIT_CHARS)),
        ("color", check::color(&condition.color)),
        ("line_width", check::count("the line width", Some(condition.line_width))),
        ("fill_opacity", check::within("the fill opacity", condition.fill_opacity, 0.0, 1.0)),
        ("depth", inches("the depth", condition.depth)),
        ("thickness", inches("the thickness", condition.thickness)),
        ("extra_metadata", check::json("extra_metadata", condition.extra_metadata.as_ref(), METADATA_BYTES)),
    ];
    checks.into_iter().filter_map(|(field, checked)| Some((field, checked.err()?))).collect()
}
