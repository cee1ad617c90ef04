//! What is wrong with a recipe, with its place, before any work starts.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use takeoff_commands::assemblies::check_markup;
use takeoff_commands::count::MAX_SESSION_DETECTIONS;
use takeoff_core::assembly::templates;
use takeoff_core::brief;
use takeoff_core::count::MAX_EXEMPLARS;
use takeoff_core::measure::{Geometry, Unit};
use takeoff_core::model::{GeometryType, MeasurementType};

use super::place::{Place, Problems};
use super::{AssemblyPart, ConditionPart, CountPart, MeasurePart, Pages, Recipe, ScalePart};

impl Recipe {
    pub(super) fn problems(&self, folder: &Path, out: &mut Problems<'_>) {
        let root = Place::default();
        if self.project.name.trim().is_empty() {
            out.add(&root, "project.name", "project.name is empty");
        }
        if self.documents.is_empty() {
            out.add(&root, "", "there is no [[document]]");
        }
        let mut ids = BTreeSet::new();
        for (nth, document) in self.documents.iter().enumerate() {
            let place = self.document_place(nth);
            if !ids.insert(document.id.as_str()) {
                out.add(
                    &root,
                    &format!("document.{nth}.id"),
                    &format!("document `{}` is there twice", document.id),
                );
            }
            let file = folder.join(&document.file);
            if !file.is_file() {
                out.add(&place, "file", &format!("{} is no file", file.display()));
            }
        }
        let mut conditions = BTreeSet::new();
        for (nth, condition) in self.conditions.iter().enumerate() {
            let place = self.condition_place(nth);
            if !conditions.insert(condition.id.as_str()) {
                out.add(
                    &root,
                    &format!("condition.{nth}.id"),
                    &format!("condition `{}` is there twice", condition.id),
                );
            }
            condition.problems(&place, &ids, out);
        }
        let mut scaled = BTreeSet::new();
        for (nth, scale) in self.scales.iter().enumerate() {
            scale.problems(&self.scale_place(nth), &ids, out);
            if !scaled.insert((scale.document.as_str(), scale.page)) {
                let twice = format!("scale of `{}` page {} is there twice", scale.document, scale.page);
                out.add(&root, &format!("scale.{nth}"), &twice);
            }
        }
        self.check_templates(out);
    }

    /// Every template that is asked for must be in the library; those there are, are said once.
    fn check_templates(&self, out: &mut Problems<'_>) {
        let names: Vec<&str> = templates().iter().map(|t| t.name).collect();
        let mut missing = false;
        for (nth, condition) in self.conditions.iter().enumerate() {
            let asked = condition.assembly.as_ref().and_then(|a| a.template.as_deref());
            if let Some(name) = asked.filter(|name| !names.contains(name)) {
                let place = self.condition_place(nth).inside("assembly", "assembly");
                out.add(&place, "template", &format!("there is no template `{name}`"));
                missing = true;
            }
        }
        if missing {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            out.say_last(format!("the templates there are: {}", names.join(", ")));
        }
    }

    pub(crate) fn document_place(&self, nth: usize) -> Place {
        Place::default().inside(&format!("document `{}`", self.documents[nth].id), &format!("document.{nth}"))
    }

    pub(crate) fn condition_place(&self, nth: usize) -> Place {
        Place::default()
            .inside(&format!("condition `{}`", self.conditions[nth].id), &format!("condition.{nth}"))
    }

    pub(crate) fn scale_place(&self, nth: usize) -> Place {
        let scale = &self.scales[nth];
        let words = format!("scale of `{}` page {}", scale.document, scale.page);
        Place::default().inside(&words, &format!("scale.{nth}"))
    }
}

/// Of a condition.
pub(crate) fn count_place(condition: &Place, nth: usize) -> Place {
    condition.inside(&format!("count {}", nth + 1), &format!("count.{nth}"))
}

/// Of a condition.
pub(crate) fn measure_place(condition: &Place, nth: usize) -> Place {
    condition.inside(&format!("measure {}", nth + 1), &format!("measure.{nth}"))
}

/// Numbers that are `nan` or `inf`, which TOML allows and no drawing has.
pub(super) fn not_finite(table: &toml::Table, out: &mut Problems<'_>) {
    for (key, value) in table {
        look(&Place::default(), key, key, value, out);
    }
}

/// `place` is what a value stands in, `name` what it is called there and `key` its path in it.
fn look(place: &Place, name: &str, key: &str, value: &toml::Value, out: &mut Problems<'_>) {
    match value {
        toml::Value::Float(number) if !number.is_finite() => {
            out.add(place, key, &format!("`{name}` holds {number}, which is no finite number"));
        }
        toml::Value::Table(table) => {
            let place = place.inside(name, key);
            table.iter().for_each(|(key, value)| look(&place, key, key, value, out));
        }
        toml::Value::Array(items) => {
            for (nth, item) in items.iter().enumerate() {
                let path = format!("{key}.{nth}");
                let toml::Value::Table(table) = item else {
                    look(place, name, &path, item, out);
                    continue;
                };
                let named = table.get("id").and_then(toml::Value::as_str);
                let number = named.map_or_else(|| (nth + 1).to_string(), |id| format!("`{id}`"));
                let place = place.inside(&format!("{name} {number}"), &path);
                table.iter().for_each(|(key, value)| look(&place, key, key, value, out));
            }
        }
        _ => {}
    }
}

fn check_place(place: &Place, documents: &BTreeSet<&str>, document: &str, page: u32, out: &mut Problems<'_>) {
    if !documents.contains(document) {
        out.add(place, "document", &format!("there is no document `{document}`"));
    }
    if page == 0 {
        out.add(place, "page", "pages are numbered from 1");
    }
}

fn check_range(
    place: &Place,
    name: &str,
    value: Option<f64>,
    range: &RangeInclusive<f64>,
    out: &mut Problems<'_>,
) {
    if let Some(value) = value.filter(|v| !range.contains(v)) {
        out.add(
            place,
            name,
            &format!("{name} is {} to {}, not {}", range.start(), range.end(), brief(value)),
        );
    }
}

/// A box needs a size.
fn check_box(place: &Place, key: &str, [x, y, w, h]: [f64; 4], out: &mut Problems<'_>) {
    if w <= 0.0 || h <= 0.0 {
        let name = key.split('.').next().unwrap_or(key);
        let given = [x, y, w, h].map(brief).join(", ");
        let what = format!("{name} has no width or no height: [{given}] is [x, y, width, height]");
        out.add(place, key, &what);
    }
}

impl ScalePart {
    fn problems(&self, place: &Place, documents: &BTreeSet<&str>, out: &mut Problems<'_>) {
        check_place(place, documents, &self.document, self.page, out);
        let length = self.feet.or(self.meters);
        let points = [self.from.is_some(), self.to.is_some(), length.is_some()];
        let ways = [self.px_per_foot.is_some(), self.text.is_some(), points.contains(&true)];
        if ways.iter().filter(|w| **w).count() != 1 {
            out.add(place, "", "give one of px_per_foot, text, or from + to + feet (or meters)");
        } else if points.contains(&true) && points.contains(&false) {
            out.add(place, "", "from, to and feet (or meters) go together");
        } else if self.feet.is_some() && self.meters.is_some() {
            out.add(place, "", "give the distance in feet or in meters, not both");
        }
        for (name, value) in [("px_per_foot", self.px_per_foot), ("feet", self.feet), ("meters", self.meters)]
        {
            if let Some(value) = value.filter(|v| *v <= 0.0) {
                out.add(place, name, &format!("{name} is above 0, not {}", brief(value)));
            }
        }
    }
}

impl ConditionPart {
    fn problems(&self, place: &Place, documents: &BTreeSet<&str>, out: &mut Problems<'_>) {
        if self.name.trim().is_empty() {
            out.add(place, "name", "it has no name");
        }
        if let Some(Err(e)) = self.unit.as_deref().map(|unit| Unit::of(self.measurement_type, unit)) {
            out.add(place, "unit", &e.to_string());
        }
        if !self.counts.is_empty() && self.measurement_type != MeasurementType::Count {
            out.add(place, "type", "it counts symbols, so its type must be count");
        }
        for (nth, count) in self.counts.iter().enumerate() {
            count.problems(&count_place(place, nth), documents, out);
        }
        for (nth, measure) in self.measures.iter().enumerate() {
            measure.problems(&measure_place(place, nth), self.measurement_type, documents, out);
        }
        if let Some(assembly) = &self.assembly {
            assembly.problems(place, out);
        }
    }
}

impl MeasurePart {
    fn problems(
        &self,
        place: &Place,
        asked: MeasurementType,
        documents: &BTreeSet<&str>,
        out: &mut Problems<'_>,
    ) {
        check_place(place, documents, &self.document, self.page, out);
        if let Some(why) = self.unfit(asked) {
            out.add(place, "geometry", &why);
        }
        let sides = [("width", self.width), ("height", self.height)];
        let negative = sides.map(|(name, value)| {
            let value = value.filter(|v| *v < 0.0 && self.geometry == GeometryType::Rectangle);
            if let Some(value) = value {
                let what =
                    format!("{name} is above 0, not {}: x and y are the upper left corner", brief(value));
                out.add(place, name, &what);
            }
            value.is_some()
        });
        match self.geometries() {
            Err(missing) => out.add(place, "", &missing),
            Ok(_) if negative.contains(&true) => {}
            Ok(all) => {
                for e in all.iter().filter_map(|data| Geometry::parse(self.geometry, data).err()) {
                    let at = if e.path.is_empty() { String::new() } else { format!("{} ", e.path) };
                    out.add(
                        place,
                        e.path.split(['[', '.']).next().unwrap_or_default(),
                        &format!("{at}{}", e.message),
                    );
                }
            }
        }
    }

    /// That the geometry has not what the condition asks for.
    fn unfit(&self, asked: MeasurementType) -> Option<String> {
        use GeometryType::{Circle, Line, Point, Polygon, Polyline, Rectangle};
        let (kinds, wanted): (&[GeometryType], _) = match asked {
            MeasurementType::Linear => (&[Line, Polyline], "a length: line, polyline"),
            MeasurementType::Area => (&[Polygon, Rectangle, Circle], "an area: polygon, rectangle, circle"),
            MeasurementType::Volume => (&[Polygon, Rectangle, Circle], "an area: polygon, rectangle, circle"),
            MeasurementType::Count => (&[Point, Line, Polyline, Polygon, Rectangle, Circle], ""),
        };
        let given = format!("{:?}", self.geometry).to_lowercase();
        let of = format!("{asked:?}").to_lowercase();
        (!kinds.contains(&self.geometry))
            .then(|| format!("a condition of type {of} takes a geometry with {wanted}; it has a {given}"))
    }
}

impl AssemblyPart {
    fn problems(&self, place: &Place, out: &mut Problems<'_>) {
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
        for (nth, component) in self.components.iter().enumerate() {
            if let Err(why) = component.new_component().check() {
                let words = format!("component `{}`", component.name);
                out.add(&place.inside(&words, &format!("assembly.component.{nth}")), "", &why.to_string());
            }
        }
    }
}

impl CountPart {
    fn problems(&self, place: &Place, documents: &BTreeSet<&str>, out: &mut Problems<'_>) {
        check_place(place, documents, &self.document, self.page, out);
        match &self.pages {
            Some(Pages::Word(word)) if word != "all" => {
                let what = format!("pages is a list of numbers or \"all\", not \"{word}\"");
                out.add(place, "pages", &what);
            }
            Some(Pages::List(pages)) if pages.is_empty() => {
                out.add(place, "pages", "pages is empty: leave it out for the example's page");
            }
            Some(Pages::List(pages)) if pages.contains(&0) => {
                out.add(place, "pages", "pages are numbered from 1");
            }
            _ => {}
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
                out.add(place, name, &format!("{name} has {given} boxes, at most {most} are taken"));
            }
        }
        for (key, given) in self.boxes() {
            check_box(place, &key, given, out);
        }
        if let Some(region) = self.region {
            check_box(place, "region", region, out);
        }
    }

    /// Every box around a symbol, with its key.
    pub(crate) fn boxes(&self) -> impl Iterator<Item = (String, [f64; 4])> {
        let more = self.more.iter().enumerate().map(|(nth, b)| (format!("more.{nth}"), *b));
        let exclude = self.exclude.iter().enumerate().map(|(nth, b)| (format!("exclude.{nth}"), *b));
        [("box".to_owned(), self.exemplar)].into_iter().chain(more).chain(exclude)
    }
}
