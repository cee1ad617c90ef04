use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Entity, Id, Index, Kind, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentType {
    Material,
    Labor,
    Equipment,
    Subcontract,
    Other,
}

/// One line of an assembly. Outputs are written by pricing only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    pub id: Id,
    pub cost_item_id: Option<Id>,
    pub name: String,
    pub description: Option<String>,
    pub component_type: ComponentType,
    pub sort_order: i64,
    /// Formula language of `takeoff_core::formula`.
    pub quantity_formula: String,
    pub unit: String,
    /// Money per unit, 4 places.
    pub unit_cost: Decimal,
    /// 0 to 100.
    pub waste_percent: f64,
    /// Hours per unit of quantity.
    pub labor_hours: Option<f64>,
    pub labor_rate: Option<Decimal>,
    pub crew_size: Option<i64>,
    pub duration_hours: Option<f64>,
    pub hourly_rate: Option<Decimal>,
    pub daily_rate: Option<Decimal>,
    pub is_included: bool,
    pub is_optional: bool,
    pub notes: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Output: quantity of the formula.
    pub calculated_quantity: f64,
    /// Output: the same with waste.
    pub quantity_with_waste: f64,
    /// Output: money, 2 places.
    pub extended_cost: Decimal,
    /// Output: why the formula could not be evaluated, or what it reads that the condition does not have; the line then
    /// counts in `components_in_error`.
    pub error: Option<String>,
}

/// What of a condition an assembly was priced for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PricedFor {
    /// In `unit`.
    pub quantity: f64,
    /// The condition's.
    pub unit: String,
    /// Inches.
    pub depth: Option<f64>,
    /// Inches.
    pub thickness: Option<f64>,
    /// Lengths and perimeters, feet.
    pub perimeter_ft: f64,
    /// Measurements.
    pub count: u64,
}

/// A recipe of components attached to a condition. Components live inside it: they are always read,
/// priced and written together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assembly {
    pub id: Id,
    pub condition_id: Id,
    pub project_id: Id,
    pub template_id: Option<Id>,
    pub name: String,
    pub description: Option<String>,
    pub notes: Option<String>,
    pub csi_code: Option<String>,
    pub csi_description: Option<String>,
    pub default_waste_percent: f64,
    pub productivity_rate: Option<f64>,
    pub productivity_unit: Option<String>,
    pub crew_size: Option<i64>,
    pub overhead_percent: f64,
    pub profit_percent: f64,
    pub is_locked: bool,
    pub locked_at: Option<Timestamp>,
    pub locked_by: Option<String>,
    pub material_cost: Decimal,
    pub labor_cost: Decimal,
    pub equipment_cost: Decimal,
    pub subcontract_cost: Decimal,
    pub other_cost: Decimal,
    pub total_cost: Decimal,
    pub total_with_markup: Decimal,
    /// Money per unit of the condition, 4 places.
    pub unit_cost: Decimal,
    pub total_labor_hours: f64,
    pub components_in_error: u32,
    /// What the numbers above were made for; `None` on records of engines that did not keep it.
    #[serde(default)]
    pub priced_for: Option<PricedFor>,
    /// By `sort_order`.
    pub components: Vec<Component>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Entity for Assembly {
    const KIND: Kind = Kind::Assembly;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.id
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        let mut lists = vec![(Index::ByCondition, self.condition_id), (Index::ByProject, self.project_id)];
        lists.extend(self.components.iter().map(|c| (Index::ByComponent, c.id)));
        lists
    }
}
