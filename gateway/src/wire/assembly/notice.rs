//! What to know of prices although nothing is wrong with them: what is stored and prices nothing, what was rounded, what
//! the totals lack.

use rust_decimal::Decimal;
use takeoff_commands::Field;
use takeoff_commands::assemblies::{ComponentPatch, NewComponent};
use takeoff_commands::reads::CostSummary;
use takeoff_core::assembly::{DoubtedPrice, cents, unit_price};
use takeoff_core::model::{Assembly, Component};

pub(crate) fn joined(said: Vec<String>) -> Option<String> {
    (!said.is_empty()).then(|| said.join("; "))
}

/// The names of those that are set.
fn set(values: &[(&str, bool)]) -> Option<String> {
    let names: Vec<&str> = values.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

pub(super) fn of_component(c: &Component) -> Option<String> {
    let money = |of: Option<Decimal>| of.is_some_and(|amount| !amount.is_zero());
    let information = set(&[
        ("labor_rate", money(c.labor_rate)),
        ("hourly_rate", money(c.hourly_rate)),
        ("daily_rate", money(c.daily_rate)),
        ("crew_size", c.crew_size.is_some_and(|n| n > 0)),
        ("duration_hours", c.duration_hours.is_some_and(|h| h > 0.0)),
    ]);
    let information = information.map(|names| {
        format!(
            "kept as information and pricing nothing: {names} (a line costs its quantity times unit_cost)"
        )
    });
    let optional = (c.is_optional && c.is_included).then(|| {
        "an optional line is in the totals like any other: is_included set to false leaves it out".to_owned()
    });
    let free = (c.is_included && c.unit_cost.is_zero())
        .then(|| "unit_cost is 0, as it is where none is given: the line costs nothing".to_owned());
    let credit = (c.extended_cost < Decimal::ZERO)
        .then(|| format!("comes to {:.2} and lowers the totals: its quantity is below 0", c.extended_cost));
    joined([credit, free, information, optional].into_iter().flatten().collect())
}

pub(super) fn of_assembly(a: &Assembly) -> Option<String> {
    let without = a.components.iter().filter(|c| c.is_included && c.waste_percent == 0.0).count();
    let waste = (a.default_waste_percent > 0.0 && without > 0).then(|| {
        let lines = if without == 1 { "1 line has".to_owned() } else { format!("{without} lines have") };
        format!(
            "default_waste_percent of {} is kept as information and not applied: {lines} a waste_percent of 0",
            a.default_waste_percent
        )
    });
    let information = set(&[
        ("crew_size", a.crew_size.is_some_and(|n| n > 0)),
        ("productivity_rate", a.productivity_rate.is_some_and(|r| r > 0.0)),
    ]);
    let information = information.map(|names| format!("kept as information and pricing nothing: {names}"));
    joined(waste.into_iter().chain(information).collect())
}

/// A price as it was sent, and how it is kept.
type Sent = (&'static str, Option<Decimal>, fn(Decimal) -> Decimal);

/// The prices of a component.
pub(crate) struct Prices([Sent; 4]);

impl Prices {
    fn of(unit_cost: Option<Decimal>, rates: [Option<Decimal>; 3]) -> Self {
        let [labor, hourly, daily] = rates;
        Self([
            ("unit_cost", unit_cost, unit_price),
            ("labor_rate", labor, cents),
            ("hourly_rate", hourly, cents),
            ("daily_rate", daily, cents),
        ])
    }

    /// What was rounded, and to what.
    pub(super) fn rounded(&self) -> Option<String> {
        let sent = self.0.iter().filter_map(|(name, sent, kept)| sent.map(|sent| (name, sent, kept(sent))));
        let rounded = sent.filter(|(_, sent, kept)| sent != kept);
        joined(
            rounded
                .map(|(name, sent, kept)| {
                    format!("{name} {sent} is kept as {kept}, with {} places", kept.scale())
                })
                .collect(),
        )
    }
}

impl From<&NewComponent> for Prices {
    fn from(new: &NewComponent) -> Self {
        Self::of(new.unit_cost, [new.labor_rate, new.hourly_rate, new.daily_rate])
    }
}

impl From<&ComponentPatch> for Prices {
    fn from(patch: &ComponentPatch) -> Self {
        let sent = |field: &Field<Decimal>| match field {
            Field::Value(amount) => Some(*amount),
            Field::Null | Field::Absent => None,
        };
        Self::of(patch.unit_cost, [&patch.labor_rate, &patch.hourly_rate, &patch.daily_rate].map(sent))
    }
}

/// Conditions that one notice names.
const NAMED: usize = 5;

fn named(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let mut names: Vec<String> = all.take(NAMED).collect();
    names.extend((more > 0).then(|| format!("{more} more")));
    names.join(", ")
}

/// What the totals of a project lack.
pub(super) fn of_summary(s: &CostSummary) -> Option<String> {
    let mut lacks = Vec::new();
    match s.components_in_error {
        0 => {}
        1 => lacks
            .push("the totals lack 1 component that could not be priced: its `error` says why".to_owned()),
        n => lacks
            .push(format!("the totals lack {n} components that could not be priced: their `error` says why")),
    }
    if !s.without_depth.is_empty() {
        let flat = named(s.without_depth.iter().map(|name| format!("{name:?}")));
        lacks.push(format!("a volume without a `depth` comes to 0: {flat}"));
    }
    let doubted = |what: &str, of: &[DoubtedPrice]| {
        let each = of.iter().map(|d| format!("{:?}: {}", d.condition, d.why));
        (!of.is_empty()).then(|| format!("{what}: {}", named(each)))
    };
    lacks.extend(doubted("quantities that are too small", &s.counted_short));
    lacks
        .extend(doubted("prices that are locked and no longer those of their conditions", &s.outdated_locks));
    joined(lacks)
}
