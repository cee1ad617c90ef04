use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{ComponentType, Entity, Id, Index, Kind, MeasurementType, Timestamp};

/// One component as a template defines it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComponentDefinition {
    pub name: String,
    pub component_type: ComponentType,
    pub quantity_formula: String,
    pub unit: String,
    /// Placeholder price, to be replaced by the user's price list.
    pub unit_cost: Decimal,
    pub waste_percent: f64,
    /// Hours per unit of quantity.
    pub labor_hours: Option<f64>,
    pub crew_size: Option<i64>,
    pub description: Option<String>,
}

/// A recipe to start an assembly from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssemblyTemplate {
    pub id: Id,
    pub name: String,
    pub description: Option<String>,
    pub scope: String,
    pub category: Option<String>,
    pub subcategory: Option<String>,
    pub csi_code: Option<String>,
    pub csi_description: Option<String>,
    pub measurement_type: MeasurementType,
    pub expected_unit: String,
    pub default_waste_percent: f64,
    pub productivity_rate: Option<f64>,
    pub productivity_unit: Option<String>,
    pub crew_size: Option<i64>,
    pub is_system: bool,
    pub is_active: bool,
    pub version: u32,
    pub component_definitions: Vec<ComponentDefinition>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Entity for AssemblyTemplate {
    const KIND: Kind = Kind::Template;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.id
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::All, Id::NIL)]
    }
}
