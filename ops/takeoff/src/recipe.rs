//! `takeoff.toml`: what to take off, from which sheets, at what prices.
//!
//! The format is documented in `docs/recipe.md`, which a test holds complete. Unknown keys are refused
//! and every problem is named with its place, before any work starts.

mod geometry;
mod place;
mod priced;
mod problems;
mod reading;
#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use place::Lines;
pub(crate) use place::Problems;
pub(crate) use problems::{count_place, measure_place};
use rust_decimal::Decimal;
use serde::Deserialize;
use takeoff_commands::assemblies::NewComponent;
use takeoff_commands::conditions::NewCondition;
use takeoff_core::measure::Unit;
use takeoff_core::model::{ComponentType, GeometryType, Lettering, MeasurementType};

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
    #[serde(skip)]
    pub(crate) lines: Lines,
    /// Paths of values that something stands in for; only of a recipe that is refused.
    #[serde(skip)]
    made_up: Vec<String>,
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

/// A scale that a person sets; exactly one of `px_per_foot`, `text`, or `from` + `to` with `feet` or
/// `meters`.
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
    pub(crate) meters: Option<f64>,
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
    /// More exemplars on the same page, in the same form.
    #[serde(default)]
    pub(crate) more: Vec<[f64; 4]>,
    /// What is not meant: negative exemplars on the same page.
    #[serde(default)]
    pub(crate) exclude: Vec<[f64; 4]>,
    /// Only what has its centre in here counts, page pixels of each page.
    pub(crate) region: Option<[f64; 4]>,
    /// Pages to search; absent means the exemplar's page.
    pub(crate) pages: Option<Pages>,
    pub(crate) threshold: Option<f64>,
    pub(crate) rotation_tolerance: Option<f64>,
    pub(crate) scale_tolerance: Option<f64>,
    /// Whether ink of another pen than the exemplar's is none of a match, on the exemplar's page.
    #[serde(default = "yes")]
    pub(crate) same_pen: bool,
    /// How words inside the symbol are taken; absent is by what they say.
    pub(crate) lettering: Option<Lettering>,
    /// The strongest are kept; absent takes the node's default.
    pub(crate) max_detections: Option<u32>,
    /// Whether samples in a legend count.
    #[serde(default)]
    pub(crate) include_legend: bool,
    /// Whether mirror images of the exemplar count.
    #[serde(default = "yes")]
    pub(crate) include_mirrored: bool,
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

impl ComponentPart {
    pub(crate) fn new_component(&self) -> NewComponent {
        NewComponent {
            component_type: Some(self.component_type),
            quantity_formula: Some(self.formula.clone()),
            unit_cost: Some(self.unit_cost),
            waste_percent: Some(self.waste_percent),
            labor_hours: self.labor_hours,
            ..NewComponent::named(&self.name, &self.unit)
        }
    }
}

fn yes() -> bool {
    true
}

fn quantity() -> String {
    "{qty}".to_owned()
}

/// A recipe that cannot be run, with everything that is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(crate) struct Unusable(pub(crate) Vec<String>);

impl Recipe {
    pub(crate) fn read(path: &Path) -> Result<Self, Unusable> {
        let text = text_of(path).map_err(|why| Unusable(vec![why]))?;
        let reading::Read { mut recipe, wrong, made_up } = reading::read(&text)?;
        recipe.lines = Lines::of(&text);
        recipe.made_up.clone_from(&made_up);
        let table: toml::Table = toml::from_str(&text).map_err(|e| Unusable(vec![e.to_string()]))?;
        let mut problems = Problems::new(&recipe.lines);
        let no_numbers = problems::not_finite(&table, &mut problems);
        // Of these nothing more can be said; of all else everything is said at once.
        problems.skip(made_up.into_iter().chain(no_numbers));
        recipe.problems(path.parent().unwrap_or(Path::new(".")), &mut problems);
        problems.extend(wrong);
        problems.into_result()?;
        Ok(recipe)
    }
}

/// How files begin that people give in place of a recipe.
const DRAWINGS: [(&[u8], &str); 5] = [
    (b"%PDF-", "a PDF"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
];

/// The text of a recipe, or what the file is in place of one. No more is read of a drawing than its beginning.
fn text_of(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let failed = |e: std::io::Error| format!("{shown} cannot be read: {e}");
    let mut bytes = Vec::new();
    let mut file = std::fs::File::open(path).map_err(failed)?;
    (&mut file).take(8).read_to_end(&mut bytes).map_err(failed)?;
    if let Some((_, what)) = DRAWINGS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(format!(
            "{shown} is {what}, no recipe: a recipe is a TOML file that names drawings, each as `file = \"...\"` in a \
             [[document]] (docs/recipe.md)"
        ));
    }
    file.read_to_end(&mut bytes).map_err(failed)?;
    String::from_utf8(bytes)
        .map_err(|_| format!("{shown} is no text, and so no recipe: a recipe is a TOML file"))
}

impl ConditionPart {
    /// The unit that goes with the measurement type unless the recipe says another.
    pub(crate) fn unit(&self) -> String {
        self.unit.clone().unwrap_or_else(|| Unit::standard(self.measurement_type).to_owned())
    }

    /// As the engine takes it.
    pub(crate) fn new_condition(&self, color: &str) -> NewCondition {
        NewCondition {
            scope: self.scope.clone(),
            category: self.category.clone(),
            color: Some(color.to_owned()),
            unit: Some(self.unit()),
            depth: self.depth,
            thickness: self.thickness,
            ..NewCondition::named(&self.name, self.measurement_type)
        }
    }
}
