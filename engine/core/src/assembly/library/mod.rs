//! Templates that ship with the engine. A template is known by its name: seeding the same name again
//! replaces nothing newer.
//!
//! Bar weights are those of the standard US bar tables, pounds per foot. Prices are placeholders.

mod concrete;
mod interiors;
mod services;

use rust_decimal::Decimal;

use super::money::{decimal_of, unit_price};
use crate::measure::Unit;
use crate::model::{AssemblyTemplate, ComponentDefinition, ComponentType, Id, MeasurementType, Timestamp};

/// Stands at the end of every template's description.
pub const PLACEHOLDER_PRICES: &str = "Prices are placeholders: replace them by your own price list.";

/// One component of a shipped template.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentSpec {
    pub name: &'static str,
    pub component_type: ComponentType,
    pub formula: &'static str,
    pub unit: &'static str,
    /// Placeholder price of one unit.
    pub unit_cost: Decimal,
    pub waste_percent: f64,
    /// Hours per unit of quantity.
    pub labor_hours: Option<f64>,
    pub crew_size: Option<i64>,
    pub description: Option<&'static str>,
}

impl ComponentSpec {
    fn new(
        component_type: ComponentType,
        name: &'static str,
        formula: &'static str,
        unit: &'static str,
        dollars: f64,
    ) -> Self {
        Self {
            name,
            component_type,
            formula,
            unit,
            unit_cost: decimal_of(dollars).map(unit_price).unwrap_or_default(),
            waste_percent: 0.0,
            labor_hours: None,
            crew_size: None,
            description: None,
        }
    }

    fn waste(mut self, percent: f64) -> Self {
        self.waste_percent = percent;
        self
    }

    /// People of a crew, and the hours that they work together for one unit.
    fn crew(mut self, people: i64, hours: f64) -> Self {
        self.crew_size = Some(people);
        self.labor_hours = Some(hours);
        self
    }

    fn note(mut self, text: &'static str) -> Self {
        self.description = Some(text);
        self
    }
}

fn material(name: &'static str, formula: &'static str, unit: &'static str, dollars: f64) -> ComponentSpec {
    ComponentSpec::new(ComponentType::Material, name, formula, unit, dollars)
}

fn labor(name: &'static str, formula: &'static str, unit: &'static str, dollars: f64) -> ComponentSpec {
    ComponentSpec::new(ComponentType::Labor, name, formula, unit, dollars)
}

fn equipment(name: &'static str, formula: &'static str, unit: &'static str, dollars: f64) -> ComponentSpec {
    ComponentSpec::new(ComponentType::Equipment, name, formula, unit, dollars)
}

/// A shipped template.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateSpec {
    /// Key of seeding.
    pub name: &'static str,
    /// What it builds and what it assumes.
    pub description: &'static str,
    pub scope: &'static str,
    pub category: &'static str,
    pub subcategory: &'static str,
    pub csi_code: &'static str,
    pub csi_description: &'static str,
    pub measurement_type: MeasurementType,
    /// Condition units of the crew's day.
    pub productivity_rate: f64,
    pub productivity_unit: &'static str,
    pub crew_size: i64,
    pub version: u32,
    pub components: Vec<ComponentSpec>,
}

impl TemplateSpec {
    /// LF, SF, CY or EA.
    pub fn expected_unit(&self) -> &'static str {
        Unit::standard(self.measurement_type)
    }

    /// The record to store.
    pub fn to_template(&self, id: Id, now: Timestamp) -> AssemblyTemplate {
        let definition = |c: &ComponentSpec| ComponentDefinition {
            name: c.name.to_owned(),
            component_type: c.component_type,
            quantity_formula: c.formula.to_owned(),
            unit: c.unit.to_owned(),
            unit_cost: c.unit_cost,
            waste_percent: c.waste_percent,
            labor_hours: c.labor_hours,
            crew_size: c.crew_size,
            description: c.description.map(str::to_owned),
        };
        AssemblyTemplate {
            id,
            name: self.name.to_owned(),
            description: Some(format!("{} {PLACEHOLDER_PRICES}", self.description)),
            scope: self.scope.to_owned(),
            category: Some(self.category.to_owned()),
            subcategory: Some(self.subcategory.to_owned()),
            csi_code: Some(self.csi_code.to_owned()),
            csi_description: Some(self.csi_description.to_owned()),
            measurement_type: self.measurement_type,
            expected_unit: self.expected_unit().to_owned(),
            default_waste_percent: 5.0,
            productivity_rate: Some(self.productivity_rate),
            productivity_unit: Some(self.productivity_unit.to_owned()),
            crew_size: Some(self.crew_size),
            is_system: true,
            is_active: true,
            version: self.version,
            component_definitions: self.components.iter().map(definition).collect(),
            created_at: now,
            updated_at: now,
        }
    }
}

/// All templates that ship with the engine, by trade.
pub fn templates() -> Vec<TemplateSpec> {
    let mut all = concrete::templates();
    all.extend(interiors::templates());
    all.extend(services::templates());
    all
}
