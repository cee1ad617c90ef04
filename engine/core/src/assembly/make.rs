//! New assemblies: empty, or copied from a template.

use rust_decimal::Decimal;

use super::money::{cents, unit_price};
use crate::model::{
    Assembly, AssemblyTemplate, Component, ComponentDefinition, Condition, Id, IdSource, Timestamp,
};

/// Waste that an assembly shows where no template says otherwise, percent. Information only: a component
/// without waste has none.
const DEFAULT_WASTE_PERCENT: f64 = 5.0;

/// What the caller says of a new assembly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewAssembly {
    /// Else the template's name, else the condition's.
    pub name: Option<String>,
    pub description: Option<String>,
}

/// An assembly without components for a condition.
pub fn blank(condition: &Condition, new: NewAssembly, ids: &dyn IdSource, now: Timestamp) -> Assembly {
    let zero = cents(Decimal::ZERO);
    Assembly {
        id: ids.next(),
        condition_id: condition.id,
        project_id: condition.project_id,
        template_id: None,
        name: new.name.unwrap_or_else(|| condition.name.clone()),
        description: new.description,
        notes: None,
        csi_code: None,
        csi_description: None,
        default_waste_percent: DEFAULT_WASTE_PERCENT,
        productivity_rate: None,
        productivity_unit: None,
        crew_size: None,
        overhead_percent: 0.0,
        profit_percent: 0.0,
        is_locked: false,
        locked_at: None,
        locked_by: None,
        material_cost: zero,
        labor_cost: zero,
        equipment_cost: zero,
        subcontract_cost: zero,
        other_cost: zero,
        total_cost: zero,
        total_with_markup: zero,
        unit_cost: unit_price(Decimal::ZERO),
        total_labor_hours: 0.0,
        components_in_error: 0,
        priced_for: None,
        components: Vec::new(),
        created_at: now,
        updated_at: now,
    }
}

/// An assembly with the template's components, in its order and with their own waste; nothing is
/// calculated yet.
pub fn from_template(
    template: &AssemblyTemplate,
    condition: &Condition,
    new: NewAssembly,
    ids: &dyn IdSource,
    now: Timestamp,
) -> Assembly {
    let name = new.name.unwrap_or_else(|| template.name.clone());
    let mut assembly =
        blank(condition, NewAssembly { name: Some(name), description: new.description }, ids, now);
    assembly.template_id = Some(template.id);
    assembly.csi_code.clone_from(&template.csi_code);
    assembly.csi_description.clone_from(&template.csi_description);
    assembly.default_waste_percent = template.default_waste_percent;
    assembly.productivity_rate = template.productivity_rate;
    assembly.productivity_unit.clone_from(&template.productivity_unit);
    assembly.crew_size = template.crew_size;
    let definitions = template.component_definitions.iter().enumerate();
    assembly.components = definitions.map(|(i, d)| component(d, i as i64, ids.next(), now)).collect();
    assembly
}

fn component(definition: &ComponentDefinition, sort_order: i64, id: Id, now: Timestamp) -> Component {
    Component {
        id,
        cost_item_id: None,
        name: definition.name.clone(),
        description: definition.description.clone(),
        component_type: definition.component_type,
        sort_order,
        quantity_formula: definition.quantity_formula.clone(),
        unit: definition.unit.clone(),
        unit_cost: unit_price(definition.unit_cost),
        waste_percent: definition.waste_percent,
        labor_hours: definition.labor_hours,
        labor_rate: None,
        crew_size: definition.crew_size,
        duration_hours: None,
        hourly_rate: None,
        daily_rate: None,
        is_included: true,
        is_optional: false,
        notes: None,
        created_at: now,
        updated_at: now,
        calculated_quantity: 0.0,
        quantity_with_waste: 0.0,
        extended_cost: cents(Decimal::ZERO),
        error: None,
    }
}
