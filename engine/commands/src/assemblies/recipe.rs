//! The assembly itself.

use takeoff_core::model::{Assembly, Id};

use crate::{CommandError, Ctx, Field};

/// Without a name: the template's, else the condition's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewAssembly {
    pub name: Option<String>,
    pub template_id: Option<Id>,
    pub description: Option<String>,
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
pub async fn create(_ctx: &Ctx<'_>, _condition_id: Id, _new: NewAssembly) -> Result<Assembly, CommandError> {
    todo!()
}

pub async fn update(_ctx: &Ctx<'_>, _id: Id, _patch: AssemblyPatch) -> Result<Assembly, CommandError> {
    todo!()
}

pub async fn delete(_ctx: &Ctx<'_>, _id: Id) -> Result<(), CommandError> {
    todo!()
}

/// Freezes the numbers.
pub async fn lock(_ctx: &Ctx<'_>, _id: Id, _locked_by: &str) -> Result<Assembly, CommandError> {
    todo!()
}

/// Prices again what may have changed meanwhile.
pub async fn unlock(_ctx: &Ctx<'_>, _id: Id) -> Result<Assembly, CommandError> {
    todo!()
}
