//! `takeoff.toml`: what to take off, from which sheets, at what prices.
//!
//! The format is documented by the sample in `samples/school/takeoff.toml`. Unknown keys are refused
//! and every problem is named with its place, before any work starts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use takeoff_core::model::{ComponentType, GeometryType, MeasurementType};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipe {
    pub(crate) project: ProjectPart,
    #[serde(default, rename = "document")]
    pub(crate) documents: Vec<DocumentPart>,
    #[serde(default, rename = "scale")]
    pub(crate) scales: Vec<ScalePart>,
    #[serde(default, rename = "condition")]
    pub(crate) conditions: Vec<ConditionPart>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectPart {
    pub(crate) name: String,
    pub(crate) client: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) description: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentPart {
    pub(crate) id: String,
    /// Relative to the recipe.
    pub(crate) file: PathBuf,
}

/// A scale that a person sets; exactly one of `px_per_foot`, `text`, or `from` + `to` + `feet`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScalePart {
    pub(crate) document: String,
    pub(crate) page: u32,
    pub(crate) px_per_foot: Option<f64>,
    pub(crate) text: Option<String>,
    pub(crate) from: Option<[f64; 2]>,
    pub(crate) to: Option<[f64; 2]>,
    pub(crate) feet: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConditionPart {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) measurement_type: MeasurementType,
    pub(crate) unit: Option<String>,
    /// Inches.
    pub(crate) depth: Option<f64>,
    /// Inches.
    pub(crate) thickness: Option<f64>,
    pub(crate) scope: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) color: Option<String>,
    #[serde(default, rename = "count")]
    pub(crate) counts: Vec<CountPart>,
    #[serde(default, rename = "measure")]
    pub(crate) measures: Vec<MeasurePart>,
    pub(crate) assembly: Option<AssemblyPart>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountPart {
    pub(crate) document: String,
    pub(crate) page: u32,
    /// `[x, y, width, height]` of the exemplar, page pixels.
    #[serde(rename = "box")]
    pub(crate) exemplar: [f64; 4],
    /// Pages to search; absent means the exemplar's page.
    pub(crate) pages: Option<Pages>,
    pub(crate) threshold: Option<f64>,
    pub(crate) rotation_tolerance: Option<f64>,
    pub(crate) scale_tolerance: Option<f64>,
    /// Whether samples in a legend count.
    #[serde(default)]
    pub(crate) include_legend: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Pages {
    List(Vec<u32>),
    Word(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeasurePart {
    pub(crate) document: String,
    pub(crate) page: u32,
    pub(crate) geometry: GeometryType,
    pub(crate) points: Option<Vec<[f64; 2]>>,
    pub(crate) start: Option<[f64; 2]>,
    pub(crate) end: Option<[f64; 2]>,
    pub(crate) center: Option<[f64; 2]>,
    pub(crate) radius: Option<f64>,
    pub(crate) x: Option<f64>,
    pub(crate) y: Option<f64>,
    pub(crate) width: Option<f64>,
    pub(crate) height: Option<f64>,
    pub(crate) notes: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssemblyPart {
    pub(crate) template: Option<String>,
    #[serde(default)]
    pub(crate) overhead_percent: f64,
    #[serde(default)]
    pub(crate) profit_percent: f64,
    #[serde(default, rename = "component")]
    pub(crate) components: Vec<ComponentPart>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentPart {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) component_type: ComponentType,
    #[serde(default = "quantity")]
    pub(crate) formula: String,
    pub(crate) unit: String,
    pub(crate) unit_cost: Decimal,
    #[serde(default)]
    pub(crate) waste_percent: f64,
    pub(crate) labor_hours: Option<f64>,
}

fn quantity() -> String {
    "{qty}".to_owned()
}

/// A recipe that cannot be run, with everything that is wrong with it.
#[derive(Debug)]
pub(crate) struct Unusable(pub(crate) Vec<String>);

impl Recipe {
    pub(crate) fn read(path: &Path) -> Result<Self, Unusable> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| Unusable(vec![format!("{} cannot be read: {e}", path.display())]))?;
        let recipe: Self = toml::from_str(&text).map_err(|e| Unusable(vec![e.to_string()]))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let problems = recipe.problems(folder);
        if problems.is_empty() { Ok(recipe) } else { Err(Unusable(problems)) }
    }

    fn problems(&self, folder: &Path) -> Vec<String> {
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
        for scale in &self.scales {
            scale.problems(&ids, &mut out);
        }
        out
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

impl ScalePart {
    fn problems(&self, documents: &BTreeSet<&str>, out: &mut Vec<String>) {
        let place = format!("scale of `{}` page {}", self.document, self.page);
        check_place(&place, documents, &self.document, self.page, out);
        let points = [self.from.is_some(), self.to.is_some(), self.feet.is_some()];
        let ways = [self.px_per_foot.is_some(), self.text.is_some(), points.contains(&true)];
        if ways.iter().filter(|w| **w).count() != 1 {
            out.push(format!("{place}: give one of px_per_foot, text, or from + to + feet"));
        } else if points.contains(&true) && points.contains(&false) {
            out.push(format!("{place}: from, to and feet go together"));
        }
    }
}

impl ConditionPart {
    fn problems(&self, documents: &BTreeSet<&str>, out: &mut Vec<String>) {
        let place = format!("condition `{}`", self.id);
        if self.name.trim().is_empty() {
            out.push(format!("{place} has no name"));
        }
        if !self.counts.is_empty() && self.measurement_type != MeasurementType::Count {
            out.push(format!("{place} counts symbols, so its type must be count"));
        }
        for (i, count) in self.counts.iter().enumerate() {
            let place = format!("{place}, count {}", i + 1);
            check_place(&place, documents, &count.document, count.page, out);
            if let Some(Pages::Word(word)) = &count.pages
                && word != "all"
            {
                out.push(format!("{place}: pages is a list of numbers or \"all\", not \"{word}\""));
            }
        }
        for (i, measure) in self.measures.iter().enumerate() {
            let place = format!("{place}, measure {}", i + 1);
            check_place(&place, documents, &measure.document, measure.page, out);
            if let Err(missing) = measure.geometry_data() {
                out.push(format!("{place}: {missing}"));
            }
        }
        if let Some(assembly) = &self.assembly
            && assembly.template.is_none()
            && assembly.components.is_empty()
        {
            out.push(format!("{place}: its assembly has neither template nor components"));
        }
    }

    /// The unit that goes with the measurement type unless the recipe says another.
    pub(crate) fn unit(&self) -> String {
        let standard = match self.measurement_type {
            MeasurementType::Linear => "LF",
            MeasurementType::Area => "SF",
            MeasurementType::Volume => "CY",
            MeasurementType::Count => "EA",
        };
        self.unit.clone().unwrap_or_else(|| standard.to_owned())
    }
}

impl MeasurePart {
    /// The geometry as the engine takes it, or what is missing.
    pub(crate) fn geometry_data(&self) -> Result<Value, String> {
        let point = |p: [f64; 2]| json!({"x": p[0], "y": p[1]});
        let need = |what: &str| format!("a {:?} needs `{what}`", self.geometry).to_lowercase();
        Ok(match self.geometry {
            GeometryType::Line => {
                // Two points say the same as start and end.
                let (start, end) = match self.points.as_deref() {
                    Some([start, end]) => (Some(*start), Some(*end)),
                    Some(_) => return Err("a line has two points".to_owned()),
                    None => (self.start, self.end),
                };
                json!({
                    "start": point(start.ok_or_else(|| need("start"))?),
                    "end": point(end.ok_or_else(|| need("end"))?),
                })
            }
            GeometryType::Polyline | GeometryType::Polygon => {
                let points = self.points.as_ref().ok_or_else(|| need("points"))?;
                json!({ "points": points.iter().map(|p| point(*p)).collect::<Vec<_>>() })
            }
            GeometryType::Rectangle => json!({
                "x": self.x.ok_or_else(|| need("x"))?,
                "y": self.y.ok_or_else(|| need("y"))?,
                "width": self.width.ok_or_else(|| need("width"))?,
                "height": self.height.ok_or_else(|| need("height"))?,
            }),
            GeometryType::Circle => json!({
                "center": point(self.center.ok_or_else(|| need("center"))?),
                "radius": self.radius.ok_or_else(|| need("radius"))?,
            }),
            GeometryType::Point => json!({
                "x": self.x.ok_or_else(|| need("x"))?,
                "y": self.y.ok_or_else(|| need("y"))?,
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Recipe, Unusable> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plans.pdf"), b"%PDF-").unwrap();
        let path = folder.path().join("takeoff.toml");
        std::fs::write(&path, text).unwrap();
        Recipe::read(&path)
    }

    const HEAD: &str = "[project]\nname = \"P\"\n[[document]]\nid = \"plans\"\nfile = \"plans.pdf\"\n";

    #[test]
    fn every_problem_of_a_recipe_is_named_at_once() {
        let text = format!(
            "{HEAD}[[condition]]\nid = \"a\"\nname = \"A\"\ntype = \"area\"\n[[condition.count]]\ndocument = \"other\"\n\
             page = 0\nbox = [1, 2, 3, 4]\n[[condition.measure]]\ndocument = \"plans\"\npage = 1\ngeometry = \"line\"\n\
             [[scale]]\ndocument = \"plans\"\npage = 1\nfrom = [0, 0]\n"
        );
        let Unusable(problems) = read(&text).unwrap_err();
        let all = problems.join("\n");
        assert_eq!(problems.len(), 5, "{all}");
        for part in
            ["type must be count", "no document `other`", "numbered from 1", "needs `start`", "go together"]
        {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let Unusable(problems) = read(&format!("{HEAD}colour = \"red\"\n")).unwrap_err();
        assert!(problems[0].contains("colour") && problems[0].contains("line"), "{problems:?}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let Unusable(problems) = read(&HEAD.replace("plans.pdf", "nowhere.pdf")).unwrap_err();
        assert!(problems[0].contains("nowhere.pdf"));
    }
}
