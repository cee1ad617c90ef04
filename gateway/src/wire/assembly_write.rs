//! What requests may say of assemblies and components.

use serde::Serialize;
use takeoff_commands::assemblies::{AssemblyPatch, ComponentPatch, NewAssembly, NewComponent};
use utoipa::ToSchema;
use uuid::Uuid;

use super::assembly::COMPONENT_TYPES;
use super::validate::{
    Boolean, Fields, IdRule, Integer, Money, Number, Pattern, Text, integer, number, text,
};

const MAX_FORMULA: usize = 500;

/// Places in an order; far from the ends of what can be counted on.
const MAX_ORDER: i64 = i32::MAX as i64;

fn name() -> Text {
    text().max(255).line().not_blank()
}

fn order() -> Integer {
    integer().ge(-MAX_ORDER).le(MAX_ORDER)
}

/// Hours are worked or not.
fn hours() -> Number {
    number().ge(0.0)
}

/// An assembly to be; all fields are optional. What is absent comes from the template, if there is one; `null` leaves
/// those that may be without a value empty.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreateAssembly {
    template_id: Option<Uuid>,
    #[serde(flatten)]
    set: UpdateAssembly,
}

pub(crate) fn new_assembly(f: &Fields<'_>) -> Option<NewAssembly> {
    let template_id = f.optional("template_id", IdRule);
    let set = assembly_patch(f);
    Some(NewAssembly { template_id: template_id?, set: set? })
}

/// What of an assembly may be changed. Absent leaves a value; `null` clears those that may be without.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpdateAssembly {
    #[schema(max_length = 255)]
    name: Option<String>,
    description: Option<String>,
    #[schema(max_length = 20)]
    csi_code: Option<String>,
    #[schema(max_length = 255)]
    csi_description: Option<String>,
    /// Information: a component without a waste of its own has none.
    #[schema(minimum = 0.0, maximum = 100.0)]
    default_waste_percent: Option<f64>,
    /// Of the cost; added to it together with the profit.
    #[schema(minimum = 0.0)]
    overhead_percent: Option<f64>,
    /// Of the cost, overhead not included.
    #[schema(minimum = 0.0)]
    profit_percent: Option<f64>,
    /// Information: prices nothing.
    productivity_rate: Option<f64>,
    productivity_unit: Option<String>,
    /// Information: prices nothing.
    #[schema(minimum = 0)]
    crew_size: Option<i64>,
    notes: Option<String>,
}

pub(crate) fn assembly_patch(f: &Fields<'_>) -> Option<AssemblyPatch> {
    let name = f.optional("name", name());
    let description = f.patch("description", text());
    let notes = f.patch("notes", text());
    let csi_code = f.patch("csi_code", text().max(20));
    let csi_description = f.patch("csi_description", text().max(255));
    let default_waste_percent = f.optional("default_waste_percent", number().ge(0.0).le(100.0));
    let overhead_percent = f.optional("overhead_percent", number().ge(0.0));
    let profit_percent = f.optional("profit_percent", number().ge(0.0));
    let productivity_rate = f.patch("productivity_rate", number());
    let productivity_unit = f.patch("productivity_unit", text().max(50));
    let crew_size = f.patch("crew_size", integer().ge(0));
    Some(AssemblyPatch {
        name: name?,
        description: description?,
        notes: notes?,
        csi_code: csi_code?,
        csi_description: csi_description?,
        default_waste_percent: default_waste_percent?,
        overhead_percent: overhead_percent?,
        profit_percent: profit_percent?,
        productivity_rate: productivity_rate?,
        productivity_unit: productivity_unit?,
        crew_size: crew_size?,
    })
}

/// A component to be. Money may be a number or numeric text. It costs its quantity with waste times `unit_cost`,
/// whatever its type.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `add_component` reads")]
pub(crate) struct CreateComponent {
    #[schema(max_length = 255)]
    name: String,
    #[schema(max_length = 50)]
    unit: String,
    description: Option<String>,
    /// `material`, `labor`, `equipment`, `subcontract`, `other`.
    #[schema(default = "material")]
    component_type: Option<String>,
    /// Last when absent.
    #[schema(minimum = -2147483647, maximum = 2147483647)]
    sort_order: Option<i64>,
    #[schema(default = "{qty}", max_length = 500)]
    quantity_formula: Option<String>,
    /// Money per unit of quantity; what has more than 4 places is rounded, and `notice` says so.
    #[schema(minimum = 0.0, default = 0)]
    unit_cost: Option<f64>,
    #[schema(minimum = 0.0, maximum = 100.0, default = 0)]
    waste_percent: Option<f64>,
    cost_item_id: Option<Uuid>,
    /// Hours per unit of quantity: they add up in the assembly's hours and price nothing.
    #[schema(minimum = 0.0)]
    labor_hours: Option<f64>,
    /// Information, 2 places: prices nothing.
    #[schema(minimum = 0.0)]
    labor_rate: Option<f64>,
    /// Information: prices nothing.
    #[schema(minimum = 0)]
    crew_size: Option<i64>,
    /// Information: prices nothing.
    #[schema(minimum = 0.0)]
    duration_hours: Option<f64>,
    /// Information, 2 places: prices nothing.
    #[schema(minimum = 0.0)]
    hourly_rate: Option<f64>,
    /// Information, 2 places: prices nothing.
    #[schema(minimum = 0.0)]
    daily_rate: Option<f64>,
    #[schema(default = true)]
    is_included: Option<bool>,
    /// A word beside the line: it is in the totals unless `is_included` is false.
    #[schema(default = false)]
    is_optional: Option<bool>,
    notes: Option<String>,
}

/// What of a component may be changed. Absent leaves a value; `null` clears those that may be without.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `update_component` reads")]
pub(crate) struct UpdateComponent {
    #[schema(max_length = 255)]
    name: Option<String>,
    #[schema(max_length = 50)]
    unit: Option<String>,
    description: Option<String>,
    component_type: Option<String>,
    #[schema(minimum = -2147483647, maximum = 2147483647)]
    sort_order: Option<i64>,
    #[schema(max_length = 500)]
    quantity_formula: Option<String>,
    /// Money per unit of quantity; what has more than 4 places is rounded, and `notice` says so.
    #[schema(minimum = 0.0)]
    unit_cost: Option<f64>,
    #[schema(minimum = 0.0, maximum = 100.0)]
    waste_percent: Option<f64>,
    cost_item_id: Option<Uuid>,
    /// Hours per unit of quantity: they add up in the assembly's hours and price nothing.
    #[schema(minimum = 0.0)]
    labor_hours: Option<f64>,
    /// Information, 2 places: prices nothing.
    #[schema(minimum = 0.0)]
    labor_rate: Option<f64>,
    /// Information: prices nothing.
    #[schema(minimum = 0)]
    crew_size: Option<i64>,
    /// Information: prices nothing.
    #[schema(minimum = 0.0)]
    duration_hours: Option<f64>,
    /// Information, 2 places: prices nothing.
    #[schema(minimum = 0.0)]
    hourly_rate: Option<f64>,
    /// Information, 2 places: prices nothing.
    #[schema(minimum = 0.0)]
    daily_rate: Option<f64>,
    is_included: Option<bool>,
    /// A word beside the line: it is in the totals unless `is_included` is false.
    is_optional: Option<bool>,
    notes: Option<String>,
}

pub(crate) fn new_component(f: &Fields<'_>) -> Option<NewComponent> {
    let name = f.required("name", name());
    let unit = f.required("unit", text().max(50));
    let cost_item_id = f.optional("cost_item_id", IdRule);
    let description = f.optional("description", text());
    let component_type = f.optional("component_type", Pattern(COMPONENT_TYPES));
    let sort_order = f.optional("sort_order", order());
    let quantity_formula = f.optional("quantity_formula", text().max(MAX_FORMULA));
    let unit_cost = f.optional("unit_cost", Money);
    let waste_percent = f.optional("waste_percent", number().ge(0.0).le(100.0));
    let labor_hours = f.optional("labor_hours", hours());
    let labor_rate = f.optional("labor_rate", Money);
    let crew_size = f.optional("crew_size", integer().ge(0));
    let duration_hours = f.optional("duration_hours", hours());
    let hourly_rate = f.optional("hourly_rate", Money);
    let daily_rate = f.optional("daily_rate", Money);
    let is_included = f.optional("is_included", Boolean);
    let is_optional = f.optional("is_optional", Boolean);
    let notes = f.optional("notes", text());
    Some(NewComponent {
        name: name?,
        unit: unit?,
        cost_item_id: cost_item_id?,
        description: description?,
        component_type: component_type?,
        sort_order: sort_order?,
        quantity_formula: quantity_formula?,
        unit_cost: unit_cost?,
        waste_percent: waste_percent?,
        labor_hours: labor_hours?,
        labor_rate: labor_rate?,
        crew_size: crew_size?,
        duration_hours: duration_hours?,
        hourly_rate: hourly_rate?,
        daily_rate: daily_rate?,
        is_included: is_included?,
        is_optional: is_optional?,
        notes: notes?,
    })
}

pub(crate) fn component_patch(f: &Fields<'_>) -> Option<ComponentPatch> {
    let name = f.optional("name", name());
    let unit = f.optional("unit", text().max(50));
    let cost_item_id = f.patch("cost_item_id", IdRule);
    let description = f.patch("description", text());
    let component_type = f.optional("component_type", Pattern(COMPONENT_TYPES));
    let sort_order = f.optional("sort_order", order());
    let quantity_formula = f.optional("quantity_formula", text().max(MAX_FORMULA));
    let unit_cost = f.optional("unit_cost", Money);
    let waste_percent = f.optional("waste_percent", number().ge(0.0).le(100.0));
    let labor_hours = f.patch("labor_hours", hours());
    let labor_rate = f.patch("labor_rate", Money);
    let crew_size = f.patch("crew_size", integer().ge(0));
    let duration_hours = f.patch("duration_hours", hours());
    let hourly_rate = f.patch("hourly_rate", Money);
    let daily_rate = f.patch("daily_rate", Money);
    let is_included = f.optional("is_included", Boolean);
    let is_optional = f.optional("is_optional", Boolean);
    let notes = f.patch("notes", text());
    Some(ComponentPatch {
        name: name?,
        unit: unit?,
        cost_item_id: cost_item_id?,
        description: description?,
        component_type: component_type?,
        sort_order: sort_order?,
        quantity_formula: quantity_formula?,
        unit_cost: unit_cost?,
        waste_percent: waste_percent?,
        labor_hours: labor_hours?,
        labor_rate: labor_rate?,
        crew_size: crew_size?,
        duration_hours: duration_hours?,
        hourly_rate: hourly_rate?,
        daily_rate: daily_rate?,
        is_included: is_included?,
        is_optional: is_optional?,
        notes: notes?,
    })
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reordered {
    /// `ok`.
    pub(crate) status: &'static str,
}
