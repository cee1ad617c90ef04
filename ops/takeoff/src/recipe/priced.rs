//! What is wrong with the assemblies of a recipe.

use takeoff_commands::assemblies::{MAX_COMPONENTS, NewComponent, check_markup, fits};
use takeoff_core::assembly::templates;
use takeoff_core::measure::Unit;
use takeoff_core::model::{Id, Timestamp};

use super::place::{Place, Problems, brief, numbered};
use super::problems::SHOWN;
use super::{AssemblyPart, ComponentPart, Recipe};

impl Recipe {
    /// Every template that is asked for must be in the library, and price quantities of the condition's unit; those
    /// there are, are said once.
    pub(super) fn check_templates(&self, out: &mut Problems<'_>) {
        let all: Vec<_> = templates().iter().map(|t| t.to_template(Id::NIL, Timestamp(0))).collect();
        let mut missing = false;
        for (nth, condition) in self.conditions.iter().enumerate() {
            let Some(assembly) = &condition.assembly else { continue };
            let Some(name) = assembly.template.as_deref() else { continue };
            let (outer, place) =
                (self.condition_place(nth), self.condition_place(nth).inside("assembly", "assembly"));
            let Some(template) = all.iter().find(|t| t.name == name) else {
                out.add(&place, "template", &format!("there is no template `{}`", brief(name, SHOWN)));
                missing = true;
                continue;
            };
            let unit = condition.unit();
            let wanted =
                (template.name.as_str(), (template.measurement_type, template.expected_unit.as_str()));
            let given = (condition.name.as_str(), (condition.measurement_type, unit.as_str()));
            let known = Unit::of(condition.measurement_type, &unit).is_ok();
            if known
                && out.is_given(&outer, "type")
                && out.is_given(&outer, "unit")
                && let Err(why) = fits(wanted, given)
            {
                out.add(&place, "template", &why.to_string());
            }
            if template.component_definitions.len() + assembly.components.len() > MAX_COMPONENTS {
                let what = format!("it has more than {MAX_COMPONENTS} components with those of its template");
                out.add(&place, "template", &what);
            }
        }
        if missing {
            let names: Vec<String> = all.iter().map(|t| format!("`{}`", t.name)).collect();
            out.say_last(format!("the templates there are: {}", names.join(", ")));
        }
    }
}

impl AssemblyPart {
    pub(super) fn problems(&self, place: &Place, out: &mut Problems<'_>) {
        let inside = place.inside("assembly", "assembly");
        if self.template.is_none() && self.components.is_empty() {
            out.add(&inside, "", "it has neither template nor components");
        }
        // One at a time, so that each is named.
        for (key, overhead, profit) in
            [("overhead_percent", self.overhead_percent, 0.0), ("profit_percent", 0.0, self.profit_percent)]
        {
            if let Err(why) = check_markup(overhead, profit) {
                out.add(&inside, key, &why.to_string());
            }
        }
        if self.components.len() > MAX_COMPONENTS {
            let what =
                format!("it has {} components, at most {MAX_COMPONENTS} are taken", self.components.len());
            out.add(&inside, &format!("component.{MAX_COMPONENTS}"), &what);
        }
        for (nth, component) in self.components.iter().enumerate() {
            let named = Some(component.name.as_str()).filter(|name| !name.trim().is_empty());
            let words = numbered("component", named, nth);
            component.problems(&place.inside(&words, &format!("assembly.component.{nth}")), out);
        }
    }
}

impl ComponentPart {
    fn problems(&self, place: &Place, out: &mut Problems<'_>) {
        if self.name.trim().is_empty() {
            out.add(place, "name", "it has no name");
        }
        // One value of it beside sound ones at a time, so that each is named.
        let sound = || NewComponent::named("x", "EA");
        let alone = [
            ("name", NewComponent { name: self.name.clone(), ..sound() }),
            ("unit", NewComponent { unit: self.unit.clone(), ..sound() }),
            ("formula", NewComponent { quantity_formula: Some(self.formula.clone()), ..sound() }),
            ("unit_cost", NewComponent { unit_cost: Some(self.unit_cost), ..sound() }),
            ("waste_percent", NewComponent { waste_percent: Some(self.waste_percent), ..sound() }),
            ("labor_hours", NewComponent { labor_hours: self.labor_hours, ..sound() }),
        ];
        for (key, one) in alone {
            if let Err(why) = one.check() {
                out.add(place, key, &why.to_string());
            }
        }
    }
}
