//! Components of an assembly.

use std::collections::HashMap;

use rust_decimal::Decimal;
use takeoff_core::assembly::{cents, unit_price};
use takeoff_core::model::{Assembly, Component, ComponentType, Id, Index, Timestamp};

use super::change;
use crate::check::{self, NAME_CHARS, TEXT_CHARS, UNIT_CHARS};
use crate::erased;
use crate::field::set;
use crate::load::only;
use crate::{CommandError, Ctx, Desk, Field, figures};

/// `None` takes the default: `material`, last in order, formula `{qty}`, cost 0, waste 0, included, not
/// optional.
#[derive(Debug, Clone, PartialEq)]
pub struct NewComponent {
    pub name: String,
    pub unit: String,
    pub cost_item_id: Option<Id>,
    pub description: Option<String>,
    pub component_type: Option<ComponentType>,
    pub sort_order: Option<i64>,
    pub quantity_formula: Option<String>,
    pub unit_cost: Option<Decimal>,
    pub waste_percent: Option<f64>,
    pub labor_hours: Option<f64>,
    pub labor_rate: Option<Decimal>,
    pub crew_size: Option<i64>,
    pub duration_hours: Option<f64>,
    pub hourly_rate: Option<Decimal>,
    pub daily_rate: Option<Decimal>,
    pub is_included: Option<bool>,
    pub is_optional: Option<bool>,
    pub notes: Option<String>,
}

impl NewComponent {
    pub fn named(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            unit: unit.into(),
            cost_item_id: None,
            description: None,
            component_type: None,
            sort_order: None,
            quantity_formula: None,
            unit_cost: None,
            waste_percent: None,
            labor_hours: None,
            labor_rate: None,
            crew_size: None,
            duration_hours: None,
            hourly_rate: None,
            daily_rate: None,
            is_included: None,
            is_optional: None,
            notes: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct ComponentPatch {
    pub name: Option<String>,
    pub unit: Option<String>,
    pub cost_item_id: Field<Id>,
    pub description: Field<String>,
    pub component_type: Option<ComponentType>,
    pub sort_order: Option<i64>,
    pub quantity_formula: Option<String>,
    pub unit_cost: Option<Decimal>,
    pub waste_percent: Option<f64>,
    pub labor_hours: Field<f64>,
    pub labor_rate: Field<Decimal>,
    pub crew_size: Field<i64>,
    pub duration_hours: Field<f64>,
    pub hourly_rate: Field<Decimal>,
    pub daily_rate: Field<Decimal>,
    pub is_included: Option<bool>,
    pub is_optional: Option<bool>,
    pub notes: Field<String>,
}

/// A component with the assembly it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub assembly_id: Id,
    pub component: Component,
}

/// Components of one assembly; keeps pricing, which every change does, short.
pub const MAX_COMPONENTS: usize = 500;

#[erased]
pub async fn add_component(ctx: &Ctx<'_>, assembly_id: Id, new: NewComponent) -> Result<Line, CommandError> {
    let edit = |desk: &Desk<'_>, assembly: &mut Assembly| add(desk, assembly, new.clone());
    let (assembly, id) = change(ctx, assembly_id, true, edit).await?;
    line(assembly, id)
}

/// Adds all of them, in their order, or none: an assembly of many is priced and written once.
#[erased]
pub async fn add_components(
    ctx: &Ctx<'_>,
    assembly_id: Id,
    new: Vec<NewComponent>,
) -> Result<Assembly, CommandError> {
    let edit = |desk: &Desk<'_>, assembly: &mut Assembly| {
        new.iter().try_for_each(|one| add(desk, assembly, one.clone()).map(drop))
    };
    Ok(change(ctx, assembly_id, true, edit).await?.0)
}

fn add(desk: &Desk<'_>, assembly: &mut Assembly, new: NewComponent) -> Result<Id, CommandError> {
    if assembly.components.len() >= MAX_COMPONENTS {
        return Err(CommandError::invalid(format!("an assembly holds at most {MAX_COMPONENTS} components")));
    }
    let last = assembly.components.iter().map(|c| c.sort_order).max();
    let component = new.component(desk.ids.next(), desk.now, last.map_or(0, |n| n.saturating_add(1)));
    let component = checked(component)?;
    let id = component.id;
    assembly.components.push(component);
    order(assembly);
    Ok(id)
}

#[erased]
pub async fn update_component(
    ctx: &Ctx<'_>,
    component_id: Id,
    patch: ComponentPatch,
) -> Result<Line, CommandError> {
    let edit = |desk: &Desk<'_>, assembly: &mut Assembly| {
        let stored = assembly
            .components
            .iter_mut()
            .find(|c| c.id == component_id)
            .ok_or(CommandError::NotFound { what: "Component" })?;
        let mut component = stored.clone();
        patch.clone().write(&mut component);
        component.updated_at = desk.now;
        *stored = checked(component)?;
        order(assembly);
        Ok(())
    };
    let assembly_id = holder(ctx, component_id).await?;
    let (assembly, ()) = change(ctx, assembly_id, true, edit).await?;
    line(assembly, component_id)
}

#[erased]
pub async fn delete_component(ctx: &Ctx<'_>, component_id: Id) -> Result<(), CommandError> {
    let edit = |_: &Desk<'_>, assembly: &mut Assembly| {
        let before = assembly.components.len();
        assembly.components.retain(|c| c.id != component_id);
        if assembly.components.len() == before {
            return Err(CommandError::NotFound { what: "Component" });
        }
        Ok(())
    };
    let assembly_id = holder(ctx, component_id).await?;
    change(ctx, assembly_id, true, edit).await?;
    Ok(())
}

/// Gives the named components the positions 0, 1, ...; unknown ids are ignored, others keep theirs.
#[erased]
pub async fn reorder_components(ctx: &Ctx<'_>, assembly_id: Id, ids: &[Id]) -> Result<(), CommandError> {
    let edit = |desk: &Desk<'_>, assembly: &mut Assembly| {
        let mut places = HashMap::new();
        for id in ids {
            if assembly.components.iter().any(|c| c.id == *id) {
                let next = i64::try_from(places.len()).unwrap_or(i64::MAX);
                places.entry(*id).or_insert(next);
            }
        }
        for component in &mut assembly.components {
            if let Some(place) = places.get(&component.id)
                && component.sort_order != *place
            {
                component.sort_order = *place;
                component.updated_at = desk.now;
            }
        }
        order(assembly);
        Ok(())
    };
    change(ctx, assembly_id, true, edit).await?;
    Ok(())
}

/// The assembly that holds a component.
async fn holder(ctx: &Ctx<'_>, component_id: Id) -> Result<Id, CommandError> {
    let found = only::<Assembly>(&ctx.desk(), Index::ByComponent, component_id).await?;
    found.map(|a| a.value.id).ok_or(CommandError::NotFound { what: "Component" })
}

fn line(assembly: Assembly, id: Id) -> Result<Line, CommandError> {
    let assembly_id = assembly.id;
    let found = assembly.components.into_iter().find(|c| c.id == id);
    let component = found.ok_or(CommandError::NotFound { what: "Component" })?;
    Ok(Line { assembly_id, component })
}

/// By `sort_order`; equal ones stay in the order they were added in.
fn order(assembly: &mut Assembly) {
    assembly.components.sort_by_key(|c| c.sort_order);
}

/// A component of nothing yet.
fn blank(id: Id, now: Timestamp, name: &str, unit: &str) -> Component {
    Component {
        id,
        cost_item_id: None,
        name: name.to_owned(),
        description: None,
        component_type: ComponentType::Material,
        sort_order: 0,
        quantity_formula: "{qty}".to_owned(),
        unit: unit.to_owned(),
        unit_cost: Decimal::ZERO,
        waste_percent: 0.0,
        labor_hours: None,
        labor_rate: None,
        crew_size: None,
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
        extended_cost: Decimal::ZERO,
        error: None,
    }
}

impl NewComponent {
    /// What is wrong with it, before there is an assembly to add it to.
    pub fn check(&self) -> Result<(), CommandError> {
        checked(self.clone().component(Id::NIL, Timestamp(0), 0)).map(drop)
    }

    fn component(self, id: Id, now: Timestamp, last: i64) -> Component {
        let blank = blank(id, now, &self.name, &self.unit);
        Component {
            cost_item_id: self.cost_item_id,
            description: self.description,
            component_type: self.component_type.unwrap_or(blank.component_type),
            sort_order: self.sort_order.unwrap_or(last),
            quantity_formula: self.quantity_formula.unwrap_or_else(|| blank.quantity_formula.clone()),
            unit_cost: self.unit_cost.unwrap_or_default(),
            waste_percent: self.waste_percent.unwrap_or(0.0),
            labor_hours: self.labor_hours,
            labor_rate: self.labor_rate,
            crew_size: self.crew_size,
            duration_hours: self.duration_hours,
            hourly_rate: self.hourly_rate,
            daily_rate: self.daily_rate,
            is_included: self.is_included.unwrap_or(true),
            is_optional: self.is_optional.unwrap_or(false),
            notes: self.notes,
            ..blank
        }
    }
}

impl ComponentPatch {
    fn write(self, component: &mut Component) {
        set(self.name, &mut component.name);
        set(self.unit, &mut component.unit);
        self.cost_item_id.write(&mut component.cost_item_id);
        self.description.write(&mut component.description);
        set(self.component_type, &mut component.component_type);
        set(self.sort_order, &mut component.sort_order);
        set(self.quantity_formula, &mut component.quantity_formula);
        set(self.unit_cost, &mut component.unit_cost);
        set(self.waste_percent, &mut component.waste_percent);
        self.labor_hours.write(&mut component.labor_hours);
        self.labor_rate.write(&mut component.labor_rate);
        self.crew_size.write(&mut component.crew_size);
        self.duration_hours.write(&mut component.duration_hours);
        self.hourly_rate.write(&mut component.hourly_rate);
        self.daily_rate.write(&mut component.daily_rate);
        set(self.is_included, &mut component.is_included);
        set(self.is_optional, &mut component.is_optional);
        self.notes.write(&mut component.notes);
    }
}

/// Holds a component to its bounds and rounds its prices to the places that are stored.
fn checked(mut component: Component) -> Result<Component, CommandError> {
    check::line("the name", &component.name, NAME_CHARS)?;
    check::line("the unit", &component.unit, UNIT_CHARS)?;
    check::optional_text("the description", component.description.as_deref(), TEXT_CHARS)?;
    check::optional_text("the notes", component.notes.as_deref(), TEXT_CHARS)?;
    check::within("the waste (percent)", component.waste_percent, 0.0, 100.0)?;
    check::not_negative("the labor hours", component.labor_hours)?;
    check::not_negative("the duration (hours)", component.duration_hours)?;
    check::count("the crew size", component.crew_size)?;
    check::price("the unit cost", Some(component.unit_cost))?;
    check::price("the labor rate", component.labor_rate)?;
    check::price("the hourly rate", component.hourly_rate)?;
    check::price("the daily rate", component.daily_rate)?;
    figures::check_formula(&component.quantity_formula).map_err(CommandError::invalid)?;
    component.unit_cost = unit_price(component.unit_cost);
    for rate in [&mut component.labor_rate, &mut component.hourly_rate, &mut component.daily_rate] {
        *rate = rate.map(cents);
    }
    Ok(component)
}
