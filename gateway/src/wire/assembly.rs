use serde::Serialize;
use takeoff_commands::assemblies::Line;
use takeoff_commands::reads;
use takeoff_core::model::{self, ComponentType, Id};
use utoipa::ToSchema;
use uuid::Uuid;

use super::condition::type_word;
use super::scalar::{Amount, Cost, Stamp, UnitCost};

pub(crate) mod notice;

/// One line of an assembly.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Component {
    id: Uuid,
    assembly_id: Uuid,
    cost_item_id: Option<Uuid>,
    name: String,
    description: Option<String>,
    /// `material`, `labor`, `equipment`, `subcontract`, `other`.
    component_type: &'static str,
    sort_order: i64,
    quantity_formula: String,
    /// Of the formula.
    calculated_quantity: f64,
    unit: String,
    unit_cost: UnitCost,
    waste_percent: f64,
    quantity_with_waste: f64,
    extended_cost: Cost,
    /// Hours per unit of quantity: they add up in the assembly's hours and price nothing.
    labor_hours: Option<f64>,
    /// Information, like the crew, the duration and the other rates: prices nothing.
    labor_rate: Option<Cost>,
    crew_size: Option<i64>,
    duration_hours: Option<f64>,
    hourly_rate: Option<Cost>,
    daily_rate: Option<Cost>,
    is_included: bool,
    /// A word beside the line: it is in the totals unless `is_included` is false.
    is_optional: bool,
    notes: Option<String>,
    /// Why the formula could not be evaluated, or what it reads that the condition does not have; the line then costs
    /// nothing, and the totals say that they lack it (`components_in_error`).
    error: Option<String>,
    created_at: Stamp,
    updated_at: Stamp,
    /// What to know of it: a cost below 0, a price of 0, values that are set and price nothing, an optional line that is in
    /// the totals and, where it was just written, a price that was rounded. `null` when nothing is.
    notice: Option<String>,
}

pub(crate) const COMPONENT_TYPES: &[(&str, ComponentType)] = &[
    ("material", ComponentType::Material),
    ("labor", ComponentType::Labor),
    ("equipment", ComponentType::Equipment),
    ("subcontract", ComponentType::Subcontract),
    ("other", ComponentType::Other),
];

const fn component_word(of: ComponentType) -> &'static str {
    match of {
        ComponentType::Material => "material",
        ComponentType::Labor => "labor",
        ComponentType::Equipment => "equipment",
        ComponentType::Subcontract => "subcontract",
        ComponentType::Other => "other",
    }
}

impl Component {
    fn of(assembly_id: Id, c: model::Component) -> Self {
        Self {
            notice: notice::of_component(&c),
            id: c.id.0,
            assembly_id: assembly_id.0,
            cost_item_id: c.cost_item_id.map(|id| id.0),
            name: c.name,
            description: c.description,
            component_type: component_word(c.component_type),
            sort_order: c.sort_order,
            quantity_formula: c.quantity_formula,
            calculated_quantity: c.calculated_quantity,
            unit: c.unit,
            unit_cost: UnitCost(c.unit_cost),
            waste_percent: c.waste_percent,
            quantity_with_waste: c.quantity_with_waste,
            extended_cost: Cost(c.extended_cost),
            labor_hours: c.labor_hours,
            labor_rate: c.labor_rate.map(Cost),
            crew_size: c.crew_size,
            duration_hours: c.duration_hours,
            hourly_rate: c.hourly_rate.map(Cost),
            daily_rate: c.daily_rate.map(Cost),
            is_included: c.is_included,
            is_optional: c.is_optional,
            notes: c.notes,
            error: c.error,
            created_at: Stamp(c.created_at),
            updated_at: Stamp(c.updated_at),
        }
    }
}

impl Component {
    /// One that was just written with these prices.
    pub(crate) fn written(line: Line, sent: &notice::Prices) -> Self {
        let written = Self::from(line);
        Self { notice: notice::joined(sent.rounded().into_iter().chain(written.notice).collect()), ..written }
    }
}

impl From<Line> for Component {
    fn from(line: Line) -> Self {
        Self::of(line.assembly_id, line.component)
    }
}

/// A recipe of components attached to a condition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Assembly {
    id: Uuid,
    condition_id: Uuid,
    template_id: Option<Uuid>,
    name: String,
    description: Option<String>,
    csi_code: Option<String>,
    csi_description: Option<String>,
    /// Information: a component without a waste of its own has none.
    default_waste_percent: f64,
    /// Information, like the crew: prices nothing.
    productivity_rate: Option<f64>,
    productivity_unit: Option<String>,
    crew_size: Option<i64>,
    material_cost: Cost,
    labor_cost: Cost,
    equipment_cost: Cost,
    subcontract_cost: Cost,
    other_cost: Cost,
    total_cost: Cost,
    /// Per unit of the condition.
    unit_cost: UnitCost,
    total_labor_hours: f64,
    overhead_percent: f64,
    profit_percent: f64,
    total_with_markup: Cost,
    is_locked: bool,
    locked_at: Option<Stamp>,
    locked_by: Option<String>,
    notes: Option<String>,
    /// Components that carry an `error`: the totals lack them.
    components_in_error: u32,
    created_at: Stamp,
    updated_at: Stamp,
    /// What to know of it: that it is locked and its condition has changed since (`locked at 240 SF; the condition now
    /// measures 260 SF`), a default waste that lines go without, values that are set and price nothing. `null` when nothing
    /// is.
    notice: Option<String>,
    /// By sort order.
    components: Vec<Component>,
}

impl From<model::Assembly> for Assembly {
    fn from(a: model::Assembly) -> Self {
        let id = a.id;
        Self {
            notice: notice::of_assembly(&a),
            id: id.0,
            condition_id: a.condition_id.0,
            template_id: a.template_id.map(|id| id.0),
            name: a.name,
            description: a.description,
            csi_code: a.csi_code,
            csi_description: a.csi_description,
            default_waste_percent: a.default_waste_percent,
            productivity_rate: a.productivity_rate,
            productivity_unit: a.productivity_unit,
            crew_size: a.crew_size,
            material_cost: Cost(a.material_cost),
            labor_cost: Cost(a.labor_cost),
            equipment_cost: Cost(a.equipment_cost),
            subcontract_cost: Cost(a.subcontract_cost),
            other_cost: Cost(a.other_cost),
            total_cost: Cost(a.total_cost),
            unit_cost: UnitCost(a.unit_cost),
            total_labor_hours: a.total_labor_hours,
            overhead_percent: a.overhead_percent,
            profit_percent: a.profit_percent,
            total_with_markup: Cost(a.total_with_markup),
            is_locked: a.is_locked,
            locked_at: a.locked_at.map(Stamp),
            locked_by: a.locked_by,
            notes: a.notes,
            components_in_error: a.components_in_error,
            created_at: Stamp(a.created_at),
            updated_at: Stamp(a.updated_at),
            components: a.components.into_iter().map(|c| Component::of(id, c)).collect(),
        }
    }
}

impl Assembly {
    /// One whose numbers may not be those of what there is, for this reason.
    pub(crate) fn of(a: model::Assembly, doubt: Option<String>) -> Self {
        let known = Self::from(a);
        Self { notice: notice::joined(doubt.into_iter().chain(known.notice).collect()), ..known }
    }
}

/// One component as a template defines it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComponentDefinition {
    name: String,
    component_type: &'static str,
    quantity_formula: String,
    unit: String,
    /// A number here, unlike in an assembly.
    unit_cost: Amount,
    waste_percent: f64,
    labor_hours: Option<f64>,
    crew_size: Option<i64>,
    description: Option<String>,
}

/// A recipe to start an assembly from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssemblyTemplate {
    id: Uuid,
    name: String,
    description: Option<String>,
    scope: String,
    category: Option<String>,
    subcategory: Option<String>,
    csi_code: Option<String>,
    csi_description: Option<String>,
    measurement_type: &'static str,
    expected_unit: String,
    default_waste_percent: f64,
    productivity_rate: Option<f64>,
    productivity_unit: Option<String>,
    crew_size: Option<i64>,
    is_system: bool,
    is_active: bool,
    version: u32,
    component_definitions: Vec<ComponentDefinition>,
    created_at: Stamp,
    updated_at: Stamp,
}

impl From<model::AssemblyTemplate> for AssemblyTemplate {
    fn from(t: model::AssemblyTemplate) -> Self {
        let definition = |c: model::ComponentDefinition| ComponentDefinition {
            name: c.name,
            component_type: component_word(c.component_type),
            quantity_formula: c.quantity_formula,
            unit: c.unit,
            unit_cost: Amount(c.unit_cost),
            waste_percent: c.waste_percent,
            labor_hours: c.labor_hours,
            crew_size: c.crew_size,
            description: c.description,
        };
        Self {
            id: t.id.0,
            name: t.name,
            description: t.description,
            scope: t.scope,
            category: t.category,
            subcategory: t.subcategory,
            csi_code: t.csi_code,
            csi_description: t.csi_description,
            measurement_type: type_word(t.measurement_type),
            expected_unit: t.expected_unit,
            default_waste_percent: t.default_waste_percent,
            productivity_rate: t.productivity_rate,
            productivity_unit: t.productivity_unit,
            crew_size: t.crew_size,
            is_system: t.is_system,
            is_active: t.is_active,
            version: t.version,
            component_definitions: t.component_definitions.into_iter().map(definition).collect(),
            created_at: Stamp(t.created_at),
            updated_at: Stamp(t.updated_at),
        }
    }
}

/// Sums over the assemblies of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CostSummary {
    project_id: Uuid,
    total_conditions: u64,
    conditions_with_assemblies: u64,
    material_cost: Cost,
    labor_cost: Cost,
    equipment_cost: Cost,
    subcontract_cost: Cost,
    other_cost: Cost,
    total_cost: Cost,
    total_with_markup: Cost,
    /// Components whose formula could not be evaluated or reads what its condition does not have: the totals lack
    /// them.
    components_in_error: u64,
    /// What the totals lack: components in error, volumes without a depth, what a count left out; and which prices are
    /// locked while their conditions have changed. `null` when nothing is.
    notice: Option<String>,
}

impl CostSummary {
    pub(crate) fn of(project_id: Id, s: reads::CostSummary) -> Self {
        Self {
            notice: notice::of_summary(&s),
            project_id: project_id.0,
            total_conditions: s.total_conditions,
            conditions_with_assemblies: s.conditions_with_assemblies,
            material_cost: Cost(s.material_cost),
            labor_cost: Cost(s.labor_cost),
            equipment_cost: Cost(s.equipment_cost),
            subcontract_cost: Cost(s.subcontract_cost),
            other_cost: Cost(s.other_cost),
            total_cost: Cost(s.total_cost),
            total_with_markup: Cost(s.total_with_markup),
            components_in_error: s.components_in_error,
        }
    }
}
