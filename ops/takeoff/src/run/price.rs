//! Assemblies of a run: from a template or from the recipe's own components.

use takeoff_commands::assemblies::{AssemblyPatch, NewAssembly, add_components, calculate, create, delete};
use takeoff_commands::{CommandError, Ctx, reads};
use takeoff_core::model::{Assembly, Condition};

use super::report::{AssemblyReport, CostReport, LineReport};
use crate::recipe::{AssemblyPart, ComponentPart};

/// Attaches the assembly to the condition and prices it.
pub(crate) async fn price(
    ctx: &Ctx<'_>,
    condition: &Condition,
    part: &AssemblyPart,
) -> Result<AssemblyReport, String> {
    let template = match &part.template {
        None => None,
        Some(name) => {
            let templates = reads::templates(ctx).await.map_err(|e| e.to_string())?;
            let Some(found) = templates.iter().find(|t| &t.name == name) else {
                let names: Vec<String> = templates.iter().map(|t| format!("`{}`", t.name)).collect();
                return Err(format!("there is no template `{name}`; there are {}", names.join(", ")));
            };
            Some(found.id)
        }
    };
    let attach = async {
        let set = AssemblyPatch {
            overhead_percent: Some(part.overhead_percent),
            profit_percent: Some(part.profit_percent),
            ..AssemblyPatch::default()
        };
        let assembly = create(ctx, condition.id, NewAssembly { template_id: template, set }).await?;
        if !part.components.is_empty() {
            let components = part.components.iter().map(ComponentPart::new_component).collect();
            add_components(ctx, assembly.id, components).await?;
        }
        calculate(ctx, assembly.id).await
    };
    let priced: Result<Assembly, CommandError> = attach.await;
    match priced {
        Ok(assembly) => Ok(report(&assembly)),
        Err(why) => {
            // What is said to have no price must not be in the project's sum.
            if let Some(half) = reads::assembly_of(ctx, condition.id).await.map_err(|e| e.to_string())? {
                delete(ctx, half.id).await.map_err(|e| format!("{why}; and it is still in the sums: {e}"))?;
            }
            Err(why.to_string())
        }
    }
}

fn report(assembly: &Assembly) -> AssemblyReport {
    AssemblyReport {
        assembly: assembly.name.clone(),
        cost: CostReport {
            material_cost: assembly.material_cost,
            labor_cost: assembly.labor_cost,
            equipment_cost: assembly.equipment_cost,
            subcontract_cost: assembly.subcontract_cost,
            other_cost: assembly.other_cost,
            total_cost: assembly.total_cost,
            total_with_markup: assembly.total_with_markup,
            components_in_error: u64::from(assembly.components_in_error),
        },
        labor_hours: assembly.total_labor_hours,
        unit_cost: assembly.unit_cost,
        lines: assembly
            .components
            .iter()
            .map(|c| LineReport {
                name: c.name.clone(),
                component_type: c.component_type,
                quantity: c.quantity_with_waste,
                unit: c.unit.clone(),
                unit_cost: c.unit_cost,
                extended_cost: c.extended_cost,
                error: c.error.clone(),
            })
            .collect(),
    }
}

/// The project's cost as the engine sums it.
pub(crate) async fn summary(
    ctx: &Ctx<'_>,
    project: takeoff_core::model::Id,
) -> Result<CostReport, CommandError> {
    let sum = reads::cost_summary(ctx, project).await?;
    Ok(CostReport {
        material_cost: sum.material_cost,
        labor_cost: sum.labor_cost,
        equipment_cost: sum.equipment_cost,
        subcontract_cost: sum.subcontract_cost,
        other_cost: sum.other_cost,
        total_cost: sum.total_cost,
        total_with_markup: sum.total_with_markup,
        components_in_error: sum.components_in_error,
    })
}
