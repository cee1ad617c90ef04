//! What is wrong with a recipe, with its place, before any work starts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::ops::RangeInclusive;
use std::path::Path;

use takeoff_commands::conditions::MAX_CONDITIONS;
use takeoff_commands::count::MAX_SESSION_DETECTIONS;
use takeoff_commands::measurements::{MOST_SHAPES, check_geometry, check_notes};
use takeoff_commands::projects::NewProject;
use takeoff_commands::scale::check_scale_text;
use takeoff_core::brief as number;
use takeoff_core::count::MAX_EXEMPLARS;
use takeoff_core::measure::Geometry;
use takeoff_core::model::{GeometryType, MeasurementType};
use takeoff_core::page::request::FileType;

use super::place::{Place, Problems, brief, numbered};
use super::{ConditionPart, CountPart, MeasurePart, Pages, ProjectPart, Recipe, ScalePart};

impl Recipe {
    pub(super) fn problems(&self, folder: &Path, out: &mut Problems<'_>) {
        let root = Place::default();
        self.project.problems(&root.inside("project", "project"), out);
        if self.documents.is_empty() {
            out.add(&root, "", "there is no [[document]]");
        }
        if self.conditions.len() > MAX_CONDITIONS {
            let what =
                format!("there are {} conditions, at most {MAX_CONDITIONS} are taken", self.conditions.len());
            out.add(&root, &format!("condition.{MAX_CONDITIONS}"), &what);
        }
        let mut ids = BTreeSet::new();
        for (nth, document) in self.documents.iter().enumerate() {
            let place = self.document_place(nth);
            check_id(&place, &document.id, out);
            if !ids.insert(document.id.as_str()) {
                out.add(&place, "id", "it is there twice");
            }
            if let Err(why) = is_drawing(&folder.join(&document.file)) {
                out.add(&place, "file", &why);
            }
        }
        let mut conditions = BTreeSet::new();
        for (nth, condition) in self.conditions.iter().enumerate() {
            let place = self.condition_place(nth);
            check_id(&place, &condition.id, out);
            if !conditions.insert(condition.id.as_str()) {
                out.add(&place, "id", "it is there twice");
            }
            condition.problems(&place, &ids, out);
        }
        let mut scaled = BTreeSet::new();
        for (nth, scale) in self.scales.iter().enumerate() {
            let place = self.scale_place(nth);
            scale.problems(&place, &ids, out);
            if out.is_given(&place, "page") && !scaled.insert((scale.document.as_str(), scale.page)) {
                out.add(&place, "", "it is there twice");
            }
        }
        self.check_shapes(out);
        self.check_templates(out);
    }

    /// A page, and a condition, take so many measured shapes and no more.
    fn check_shapes(&self, out: &mut Problems<'_>) {
        let mut on_page: BTreeMap<(&str, u32), u64> = BTreeMap::new();
        for (nth, condition) in self.conditions.iter().enumerate() {
            let place = self.condition_place(nth);
            let mut of_condition = 0;
            for (nth, measure) in condition.measures.iter().enumerate() {
                if measure.geometry == GeometryType::Point {
                    continue;
                }
                of_condition += 1;
                let page = on_page.entry((&measure.document, measure.page)).or_default();
                *page += 1;
                // Said where the first one stands that is too many.
                for (shapes, owner) in [(of_condition, "the condition"), (*page, "the page")] {
                    if shapes == MOST_SHAPES + 1 {
                        let what = format!(
                            "{owner} takes no more than {MOST_SHAPES} measured shapes, and this is one more"
                        );
                        out.add(&measure_place(&place, nth), "geometry", &what);
                    }
                }
            }
        }
    }

    pub(crate) fn document_place(&self, nth: usize) -> Place {
        let id = self.given(&format!("document.{nth}.id"), &self.documents[nth].id);
        Place::default().inside(&numbered("document", id, nth), &format!("document.{nth}"))
    }

    pub(crate) fn condition_place(&self, nth: usize) -> Place {
        let id = self.given(&format!("condition.{nth}.id"), &self.conditions[nth].id);
        Place::default().inside(&numbered("condition", id, nth), &format!("condition.{nth}"))
    }

    pub(crate) fn scale_place(&self, nth: usize) -> Place {
        let scale = &self.scales[nth];
        let path = format!("scale.{nth}");
        let document = self.given(&format!("{path}.document"), &scale.document);
        let page = self.given(&format!("{path}.page"), "");
        let words = match document.zip(page) {
            Some((document, _)) => format!("scale of `{}` page {}", brief(document, SHOWN), scale.page),
            None => numbered("scale", None, nth),
        };
        Place::default().inside(&words, &path)
    }

    /// A value, unless something only stands in for it.
    fn given<'v>(&self, path: &str, value: &'v str) -> Option<&'v str> {
        (!self.made_up.iter().any(|p| p == path)).then_some(value)
    }
}

/// Letters of a text of the recipe that are shown.
pub(super) const SHOWN: usize = 40;
/// Longest id; a document's is part of the names of its pictures.
const ID_CHARS: usize = 100;

fn check_id(place: &Place, id: &str, out: &mut Problems<'_>) {
    if id.trim().is_empty() {
        out.add(place, "id", "its id is empty");
    }
    let chars = id.chars().count();
    if chars > ID_CHARS {
        out.add(place, "id", &format!("its id has {chars} characters, at most {ID_CHARS} are taken"));
    }
}

/// Bytes that tell what a file is.
const HEAD_BYTES: u64 = 2_048;

/// Whether the file can be opened and begins like a drawing; whether it is one is seen when it is read.
fn is_drawing(file: &Path) -> Result<(), String> {
    let shown = file.display();
    if !file.is_file() {
        let shown = shown.to_string();
        return Err(format!("{} is no file", brief(&shown, PATH_SHOWN)));
    }
    let failed = |e: std::io::Error| format!("{shown} cannot be read: {e}");
    let mut head = Vec::new();
    let file = std::fs::File::open(file).map_err(failed)?;
    file.take(HEAD_BYTES).read_to_end(&mut head).map_err(failed)?;
    if head.is_empty() {
        return Err(format!("{shown} is empty"));
    }
    FileType::sniff(&head).map(drop).ok_or_else(|| format!("{shown} is no PDF, TIFF, PNG or JPEG file"))
}

/// Letters of a path that are shown.
const PATH_SHOWN: usize = 200;

/// Of a condition.
pub(crate) fn count_place(condition: &Place, nth: usize) -> Place {
    condition.inside(&format!("count {}", nth + 1), &format!("count.{nth}"))
}

/// Of a condition.
pub(crate) fn measure_place(condition: &Place, nth: usize) -> Place {
    condition.inside(&format!("measure {}", nth + 1), &format!("measure.{nth}"))
}

/// Numbers that are `nan` or `inf`, which TOML allows and no drawing has; their paths.
pub(super) fn not_finite(table: &toml::Table, out: &mut Problems<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    for (key, value) in table {
        look(&Place::default(), key, key, value, out, &mut paths);
    }
    paths
}

/// `place` is what a value stands in, `name` what it is called there and `key` its path in it.
fn look(
    place: &Place,
    name: &str,
    key: &str,
    value: &toml::Value,
    out: &mut Problems<'_>,
    paths: &mut Vec<String>,
) {
    match value {
        toml::Value::Float(number) if !number.is_finite() => {
            out.add(place, key, &format!("`{name}` holds {number}, which is no finite number"));
            paths.push(place.path_of(key));
        }
        toml::Value::Table(table) => {
            let place = place.inside(name, key);
            table.iter().for_each(|(key, value)| look(&place, key, key, value, out, paths));
        }
        toml::Value::Array(items) => {
            for (nth, item) in items.iter().enumerate() {
                let path = format!("{key}.{nth}");
                let toml::Value::Table(table) = item else {
                    look(place, name, &path, item, out, paths);
                    continue;
                };
                let id = table.get("id").and_then(toml::Value::as_str);
                let place = place.inside(&numbered(name, id, nth), &path);
                table.iter().for_each(|(key, value)| look(&place, key, key, value, out, paths));
            }
        }
        _ => {}
    }
}

fn check_place(place: &Place, documents: &BTreeSet<&str>, document: &str, page: u32, out: &mut Problems<'_>) {
    // With an id that is not known, any document may be the one.
    if out.are_given("document", "id") && !documents.contains(document) {
        out.add(place, "document", &format!("there is no document `{}`", brief(document, SHOWN)));
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
            &format!("{name} is {} to {}, not {}", range.start(), range.end(), number(value)),
        );
    }
}

/// A box needs a size.
fn check_box(place: &Place, key: &str, [x, y, w, h]: [f64; 4], out: &mut Problems<'_>) {
    if w <= 0.0 || h <= 0.0 {
        let name = key.split('.').next().unwrap_or(key);
        let given = [x, y, w, h].map(number).join(", ");
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
                out.add(place, name, &format!("{name} is above 0, not {}", number(value)));
            }
        }
        if self.from.is_some() && self.from == self.to {
            out.add(place, "to", "from and to are the same point");
        }
        if let Some(Err(why)) = self.text.as_deref().map(check_scale_text) {
            out.add(place, "text", &why.to_string());
        }
    }
}

impl ConditionPart {
    fn problems(&self, place: &Place, documents: &BTreeSet<&str>, out: &mut Problems<'_>) {
        if self.name.trim().is_empty() {
            out.add(place, "name", "it has no name");
        }
        let type_is_given = out.is_given(place, "type");
        // A color of its own is checked, that of the palette is right.
        for (field, why) in self.new_condition(self.color.as_deref().unwrap_or("#000000")).refusals() {
            if field != "unit" || type_is_given {
                out.add(place, field, &why.to_string());
            }
        }
        if !self.counts.is_empty() && self.measurement_type != MeasurementType::Count {
            out.add(place, "type", "it counts symbols, so its type must be count");
        }
        for (nth, count) in self.counts.iter().enumerate() {
            count.problems(&count_place(place, nth), documents, out);
        }
        for (nth, measure) in self.measures.iter().enumerate() {
            let asked = type_is_given.then_some(self.measurement_type);
            measure.problems(&measure_place(place, nth), asked, documents, out);
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
        asked: Option<MeasurementType>,
        documents: &BTreeSet<&str>,
        out: &mut Problems<'_>,
    ) {
        check_place(place, documents, &self.document, self.page, out);
        if let Some(why) = asked.and_then(|asked| self.unfit(asked)) {
            out.add(place, "geometry", &why);
        }
        if let Err(why) = check_notes(self.notes.as_deref()) {
            out.add(place, "notes", &why.to_string());
        }
        let shape = format!("{:?}", self.geometry).to_lowercase();
        for key in self.in_vain() {
            let beside = if key != "points" && self.points.is_some() { " beside `points`" } else { "" };
            out.add(place, key, &format!("a {shape} takes no `{key}`{beside}"));
        }
        let sides = [("width", self.width), ("height", self.height)];
        let negative = sides.map(|(name, value)| {
            let value = value.filter(|v| *v < 0.0 && self.geometry == GeometryType::Rectangle);
            if let Some(value) = value {
                let what =
                    format!("{name} is above 0, not {}: x and y are the upper left corner", number(value));
                out.add(place, name, &what);
            }
            value.is_some()
        });
        match self.geometries() {
            Err(missing) => out.add(place, "", &missing),
            Ok(_) if negative.contains(&true) => {}
            Ok(all) => {
                if let Some(Err(why)) = all.iter().map(check_geometry).find(Result::is_err) {
                    out.add(place, "points", &why.to_string());
                }
                let sound = |data| Geometry::parse(self.geometry, data).and_then(|shape| shape.has_size());
                for e in all.iter().filter_map(|data| sound(data).err()) {
                    let at = if e.path.is_empty() { String::new() } else { format!("{} ", spoken(&e.path)) };
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

/// A place in a geometry as people number points: `point 2, x` for `points[1].x`.
fn spoken(path: &str) -> String {
    let point = path.strip_prefix("points[").and_then(|rest| rest.split_once(']'));
    let point = point.and_then(|(index, rest)| Some((index.parse::<usize>().ok()? + 1, rest)));
    match point {
        Some((nth, rest)) => format!("point {nth}{}", rest.replace('.', ", ")),
        None => path.to_owned(),
    }
}

impl ProjectPart {
    fn problems(&self, place: &Place, out: &mut Problems<'_>) {
        if self.name.trim().is_empty() {
            out.add(place, "name", "its name is empty");
        }
        let sound = || NewProject { name: "x".to_owned(), ..NewProject::default() };
        let name = if self.name.trim().is_empty() { sound().name } else { self.name.clone() };
        let alone = [
            ("name", NewProject { name, ..sound() }),
            ("client", NewProject { client_name: self.client.clone(), ..sound() }),
            ("address", NewProject { project_address: self.address.clone(), ..sound() }),
            ("description", NewProject { description: self.description.clone(), ..sound() }),
        ];
        for (key, one) in alone {
            if let Err(why) = one.check() {
                out.add(place, key, &why.to_string());
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
