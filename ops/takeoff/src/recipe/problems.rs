//! What is wrong with a recipe, with its place, before any work starts.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use takeoff_commands::assemblies::check_markup;
use takeoff_commands::count::MAX_SESSION_DETECTIONS;
use takeoff_core::count::MAX_EXEMPLARS;
use takeoff_core::measure::Unit;
use takeoff_core::model::MeasurementType;

use super::{AssemblyPart, ConditionPart, CountPart, Pages, Recipe, ScalePart};

impl Recipe {
    pub(super) fn problems(&self, folder: &Path) -> Vec<String> {
        let mut out = Vec::new();
        if self.project.name.trim().is_empty() {
            out.push("project.name is empty".to_owned());
        }
        if self.documents.is_empty() {
            out.push("there is no [[document]]".to_owned());
        }
        let mut ids = BTreeSet::new();
        for document in &self.documents {
            if !ids.insert(document.id.as_str()) {
                out.push(format!("document `{}` is there twice", document.id));
            }
            if !folder.join(&document.file).is_file() {
                out.push(format!(
                    "document `{}`: {} is no file",
                    document.id,
                    folder.join(&document.file).display()
                ));
            }
        }
        let mut conditions = BTreeSet::new();
        for condition in &self.conditions {
            if !conditions.insert(condition.id.as_str()) {
                out.push(format!("condition `{}` is there twice", condition.id));
            }
            condition.problems(&ids, &mut out);
        }
        let mut scaled = BTreeSet::new();
        for scale in &self.scales {
            scale.problems(&ids, &mut out);
            if !scaled.insert((scale.document.as_str(), scale.page)) {
                out.push(format!("scale of `{}` page {} is there twice", scale.document, scale.page));
            }
        }
        out
    }
}

/// Numbers that are `nan` or `inf`, which TOML allows and no drawing has.
pub(super) fn not_finite(table: &toml::Table) -> Vec<String> {
    let mut out = Vec::new();
    for (key, value) in table {
        look("", key, value, &mut out);
    }
    out
}

/// `place` is what a value stands in, such as "condition `slab`, measure 2".
fn look(place: &str, key: &str, value: &toml::Value, out: &mut Vec<String>) {
    let inside = |name: String| if place.is_empty() { name } else { format!("{place}, {name}") };
    match value {
        toml::Value::Float(number) if !number.is_finite() => {
            out.push(inside(format!("`{key}` holds {number}, which is no finite number")));
        }
        toml::Value::Table(table) => {
            let place = inside(key.to_owned());
            table.iter().for_each(|(key, value)| look(&place, key, value, out));
        }
        toml::Value::Array(items) => {
            for (nth, item) in items.iter().enumerate() {
                let toml::Value::Table(table) = item else {
                    look(place, key, item, out);
                    continue;
                };
                let named = table.get("id").and_then(toml::Value::as_str);
                let name = named.map_or_else(|| (nth + 1).to_string(), |id| format!("`{id}`"));
                let place = inside(format!("{key} {name}"));
                table.iter().for_each(|(key, value)| look(&place, key, value, out));
            }
        }
        _ => {}
    }
}

fn check_place(place: &str, documents: &BTreeSet<&str>, document: &str, page: u32, out: &mut Vec<String>) {
    if !documents.contains(document) {
        out.push(format!("{place}: there is no document `{document}`"));
    }
    if page == 0 {
        out.push(format!("{place}: pages are numbered from 1"));
    }
}

fn check_range(
    place: &str,
    name: &str,
    value: Option<f64>,
    range: &RangeInclusive<f64>,
    out: &mut Vec<String>,
) {
    if let Some(value) = value.filter(|v| !range.contains(v)) {
        out.push(format!("{place}: {name} is {} to {}, not {value}", range.start(), range.end()));
    }
}

impl ScalePart {
    fn problems(&self, documents: &BTreeSet<&str>, out: &mut Vec<String>) {
        let place = format!("scale of `{}` page {}", self.document, self.page);
        check_place(&place, documents, &self.document, self.page, out);
        let length = self.feet.or(self.meters);
        let points = [self.from.is_some(), self.to.is_some(), length.is_some()];
        let ways = [self.px_per_foot.is_some(), self.text.is_some(), points.contains(&true)];
        if ways.iter().filter(|w| **w).count() != 1 {
            out.push(format!("{place}: give one of px_per_foot, text, or from + to + feet (or meters)"));
        } else if points.contains(&true) && points.contains(&false) {
            out.push(format!("{place}: from, to and feet (or meters) go together"));
        } else if self.feet.is_some() && self.meters.is_some() {
            out.push(format!("{place}: give the distance in feet or in meters, not both"));
        }
    }
}

impl ConditionPart {
    fn problems(&self, documents: &BTreeSet<&str>, out: &mut Vec<String>) {
        let place = format!("condition `{}`", self.id);
        if self.name.trim().is_empty() {
            out.push(format!("{place} has no name"));
        }
        if let Some(Err(e)) = self.unit.as_deref().map(|unit| Unit::of(self.measurement_type, unit)) {
            out.push(format!("{place}: {e}"));
        }
        if !self.counts.is_empty() && self.measurement_type != MeasurementType::Count {
            out.push(format!("{place} counts symbols, so its type must be count"));
        }
        for (i, count) in self.counts.iter().enumerate() {
            count.problems(&format!("{place}, count {}", i + 1), documents, out);
        }
        for (i, measure) in self.measures.iter().enumerate() {
            let place = format!("{place}, measure {}", i + 1);
            check_place(&place, documents, &measure.document, measure.page, out);
            if let Err(missing) = measure.geometries() {
                out.push(format!("{place}: {missing}"));
            }
        }
        if let Some(assembly) = &self.assembly {
            assembly.problems(&place, out);
        }
    }
}

impl AssemblyPart {
    fn problems(&self, place: &str, out: &mut Vec<String>) {
        if self.template.is_none() && self.components.is_empty() {
            out.push(format!("{place}: its assembly has neither template nor components"));
        }
        // One at a time, so that each is named.
        for (overhead, profit) in [(self.overhead_percent, 0.0), (0.0, self.profit_percent)] {
            if let Err(why) = check_markup(overhead, profit) {
                out.push(format!("{place}, assembly: {why}"));
            }
        }
        for component in &self.components {
            if let Err(why) = component.new_component().check() {
                out.push(format!("{place}, component `{}`: {why}", component.name));
            }
        }
    }
}

impl CountPart {
    fn problems(&self, place: &str, documents: &BTreeSet<&str>, out: &mut Vec<String>) {
        check_place(place, documents, &self.document, self.page, out);
        if let Some(Pages::Word(word)) = &self.pages
            && word != "all"
        {
            out.push(format!("{place}: pages is a list of numbers or \"all\", not \"{word}\""));
        }
        for (name, value, range) in [
            ("threshold", self.threshold, 0.0..=1.0),
            ("rotation_tolerance", self.rotation_tolerance, 0.0..=90.0),
            ("scale_tolerance", self.scale_tolerance, 0.0..=1.0),
            ("max_detections", self.max_detections.map(f64::from), 1.0..=f64::from(MAX_SESSION_DETECTIONS)),
        ] {
            check_range(place, name, value, &range, out);
        }
        for (name, given, most) in
            [("more", self.more.len(), MAX_EXEMPLARS - 1), ("exclude", self.exclude.len(), MAX_EXEMPLARS)]
        {
            if given > most {
                out.push(format!("{place}: {name} has {given} boxes, at most {most} are taken"));
            }
        }
        if self.region.is_some_and(|[_, _, w, h]| w <= 0.0 || h <= 0.0) {
            out.push(format!("{place}: region has no width or no height"));
        }
    }
}
