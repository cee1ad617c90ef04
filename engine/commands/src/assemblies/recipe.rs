//! The assembly itself.

use takeoff_core::assembly as core;
use takeoff_core::measure::Unit;
use takeoff_core::model::{Assembly, AssemblyTemplate, Condition, Id, MeasurementType};
use takeoff_storage::catalog::Claim;
use takeoff_storage::{Batch, Op, Stored};

use super::{announce, change};
use crate::check::{self, NAME_CHARS, TEXT_CHARS, UNIT_CHARS};
use crate::erased;
use crate::field::set;
use crate::load::{find, required, touch};
use crate::retry::{Tries, turn};
use crate::{CommandError, Ctx, Desk, Field, figures};

/// Without a name: the template's, else the condition's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewAssembly {
    pub template_id: Option<Id>,
    /// What it has instead of what the template, or nothing, gives it.
    pub set: AssemblyPatch,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct AssemblyPatch {
    pub name: Option<String>,
    pub description: Field<String>,
    pub notes: Field<String>,
    pub csi_code: Field<String>,
    pub csi_description: Field<String>,
    /// 0 to 100.
    pub default_waste_percent: Option<f64>,
    /// Not negative.
    pub overhead_percent: Option<f64>,
    /// Not negative.
    pub profit_percent: Option<f64>,
    pub productivity_rate: Field<f64>,
    pub productivity_unit: Field<String>,
    pub crew_size: Field<i64>,
}

/// `Invalid` when the condition or the template does not exist or the condition already has an assembly.
#[erased]
pub async fn create(ctx: &Ctx<'_>, condition_id: Id, new: NewAssembly) -> Result<Assembly, CommandError> {
    let project = known_condition(&ctx.desk(), condition_id).await?.value.project_id;
    let _turn = turn(project).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let condition = known_condition(&desk, condition_id).await?;
        let claim = Claim::assembly_of(condition_id);
        if desk.catalog.claim_owner(desk.tenant, &claim).await?.is_some() {
            return Err(CommandError::invalid("the condition already has an assembly"));
        }
        let template = match new.template_id {
            None => None,
            Some(id) => {
                let found = find::<AssemblyTemplate>(&desk, id).await?;
                let found = found.ok_or_else(|| CommandError::invalid("Assembly template not found"))?.value;
                let (found_in, given) = ((found.measurement_type, &*found.expected_unit), &condition.value);
                fits((&found.name, found_in), (&given.name, (given.measurement_type, &given.unit)))?;
                Some(found)
            }
        };
        let named = core::NewAssembly::default();
        let mut assembly = match &template {
            Some(template) => core::from_template(template, &condition.value, named, desk.ids, desk.now),
            None => Assembly {
                default_waste_percent: ctx.handle.config().default_waste_percent,
                ..core::blank(&condition.value, named, desk.ids, desk.now)
            },
        };
        new.set.clone().write(&mut assembly);
        check(&assembly)?;
        let mut batch = Batch::new(ctx.tenant);
        touch(&mut batch, &condition);
        figures::price(&mut assembly, &condition.value).map_err(CommandError::invalid)?;
        batch.create(&assembly);
        batch.ops.push(Op::Claim(claim, assembly.id));
        announce(&mut batch, "assembly_created", &assembly);
        if tries.commit(batch).await? {
            return Ok(assembly);
        }
    }
}

/// A template's formulas are for quantities in its unit; in another they would give a wrong price. Both are given
/// by name, with the type and the unit of their quantity.
pub fn fits(
    (template, wanted): (&str, (MeasurementType, &str)),
    (condition, given): (&str, (MeasurementType, &str)),
) -> Result<(), CommandError> {
    if Unit::same(wanted, given) {
        return Ok(());
    }
    Err(CommandError::invalid(format!(
        "the template {template:?} prices a quantity in {} and the condition {condition:?} has one in {}",
        wanted.1, given.1
    )))
}

async fn known_condition(desk: &Desk<'_>, id: Id) -> Result<Stored<Condition>, CommandError> {
    find::<Condition>(desk, id).await?.ok_or_else(|| CommandError::invalid("Condition not found"))
}

#[erased]
pub async fn update(ctx: &Ctx<'_>, id: Id, patch: AssemblyPatch) -> Result<Assembly, CommandError> {
    let edit = |_: &Desk<'_>, assembly: &mut Assembly| {
        patch.clone().write(assembly);
        check(assembly)
    };
    Ok(change(ctx, id, true, edit).await?.0)
}

impl AssemblyPatch {
    fn write(self, assembly: &mut Assembly) {
        set(self.name, &mut assembly.name);
        self.description.write(&mut assembly.description);
        self.notes.write(&mut assembly.notes);
        self.csi_code.write(&mut assembly.csi_code);
        self.csi_description.write(&mut assembly.csi_description);
        set(self.default_waste_percent, &mut assembly.default_waste_percent);
        set(self.overhead_percent, &mut assembly.overhead_percent);
        set(self.profit_percent, &mut assembly.profit_percent);
        self.productivity_rate.write(&mut assembly.productivity_rate);
        self.productivity_unit.write(&mut assembly.productivity_unit);
        self.crew_size.write(&mut assembly.crew_size);
    }
}

/// Largest overhead or profit, percent of the cost.
const MAX_MARKUP_PERCENT: f64 = 1_000.0;

fn check(assembly: &Assembly) -> Result<(), CommandError> {
    check::line("the name", &assembly.name, NAME_CHARS)?;
    check::optional_text("the description", assembly.description.as_deref(), TEXT_CHARS)?;
    check::optional_text("the notes", assembly.notes.as_deref(), TEXT_CHARS)?;
    check::optional_text("the CSI code", assembly.csi_code.as_deref(), 20)?;
    check::optional_text("the CSI description", assembly.csi_description.as_deref(), NAME_CHARS)?;
    check::optional_text("the productivity unit", assembly.productivity_unit.as_deref(), UNIT_CHARS)?;
    check::within("the default waste (percent)", assembly.default_waste_percent, 0.0, 100.0)?;
    check_markup(assembly.overhead_percent, assembly.profit_percent)?;
    check::not_negative("the productivity rate", assembly.productivity_rate)?;
    check::count("the crew size", assembly.crew_size)
}

/// What is wrong with the percentages that are added to the costs.
pub fn check_markup(overhead_percent: f64, profit_percent: f64) -> Result<(), CommandError> {
    check::within("the overhead (percent)", overhead_percent, 0.0, MAX_MARKUP_PERCENT)?;
    check::within("the profit (percent)", profit_percent, 0.0, MAX_MARKUP_PERCENT)
}

#[erased]
pub async fn delete(ctx: &Ctx<'_>, id: Id) -> Result<(), CommandError> {
    let project = required::<Assembly>(&ctx.desk(), id, "Assembly").await?.value.project_id;
    let _turn = turn(project).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Assembly>(&desk, id, "Assembly").await?;
        if read.value.is_locked {
            return Err(CommandError::Locked);
        }
        let mut batch = Batch::new(ctx.tenant);
        batch.delete::<Assembly>(read.version, id);
        batch.ops.push(Op::Release(Claim::assembly_of(read.value.condition_id)));
        announce(&mut batch, "assembly_deleted", &read.value);
        if tries.commit(batch).await? {
            return Ok(());
        }
    }
}

/// Freezes the numbers. One that is locked already keeps its first lock.
#[erased]
pub async fn lock(ctx: &Ctx<'_>, id: Id, locked_by: &str) -> Result<Assembly, CommandError> {
    check::line("the name of who locks", locked_by, NAME_CHARS)?;
    let edit = |desk: &Desk<'_>, assembly: &mut Assembly| {
        if !assembly.is_locked {
            assembly.is_locked = true;
            assembly.locked_at = Some(desk.now);
            assembly.locked_by = Some(locked_by.to_owned());
        }
        Ok(())
    };
    Ok(change(ctx, id, false, edit).await?.0)
}

/// Prices again what may have changed meanwhile.
#[erased]
pub async fn unlock(ctx: &Ctx<'_>, id: Id) -> Result<Assembly, CommandError> {
    let edit = |_: &Desk<'_>, assembly: &mut Assembly| {
        assembly.is_locked = false;
        assembly.locked_at = None;
        assembly.locked_by = None;
        Ok(())
    };
    Ok(change(ctx, id, false, edit).await?.0)
}
