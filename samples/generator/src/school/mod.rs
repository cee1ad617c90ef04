//! The sample plan set: a small school, nine sheets in two files, with its truth and its recipe.

mod building;
mod cover;
mod details;
mod floor_plan;
mod lighting;
mod plumbing;
mod power;
mod recipe;
mod schedules;
mod site;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::book::Book;
use crate::habit::{Habit, Lettering, Strokes};
use crate::sheet::TitleBlock;
use crate::symbol::{Kind, Symmetry, symmetry};
use crate::truth::{DocumentTruth, PageTruth};

pub const PLANS: &str = "plans.pdf";
pub const SITE: &str = "site.pdf";
pub const RECIPE: &str = "takeoff.toml";
pub const TRUTH: &str = "truth.json";

/// The truth about the whole set, and what the recipe must come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetTruth {
    pub name: String,
    pub documents: Vec<DocumentTruth>,
    /// Symmetry of each kind of symbol that occurs.
    pub kinds: BTreeMap<String, Symmetry>,
    /// Quantity of each condition of the recipe, by its id.
    pub conditions: BTreeMap<String, ConditionTruth>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConditionTruth {
    pub quantity: f64,
    pub unit: String,
}

/// The set as files: name and bytes.
pub struct School {
    pub truth: SetTruth,
    pub files: Vec<(&'static str, Vec<u8>)>,
}

/// Draws the set. Nothing in it is random: the same bytes every time.
pub fn school() -> School {
    let mut plans = Book::new("Maple Hill Elementary School");
    let pages = vec![
        cover::draw(&mut plans),
        floor_plan::draw(&mut plans),
        power::first(&mut plans),
        power::second(&mut plans),
        lighting::draw(&mut plans),
        plumbing::draw(&mut plans),
        details::draw(&mut plans),
        schedules::draw(&mut plans),
    ];
    let mut site = Book::new("Maple Hill Elementary School - Site");
    let site_pages = vec![site::draw(&mut site)];
    let documents = vec![document("plans", PLANS, pages), document("site", SITE, site_pages)];
    let (recipe, conditions) = recipe::write(&documents);
    let kinds = symmetries(&documents);
    let truth = SetTruth { name: recipe::NAME.to_owned(), documents, kinds, conditions };
    let files = vec![
        (PLANS, plans.finish()),
        (SITE, site.finish()),
        (RECIPE, recipe.into_bytes()),
        (TRUTH, truth_text(&truth).into_bytes()),
    ];
    School { truth, files }
}

fn symmetries(documents: &[DocumentTruth]) -> BTreeMap<String, Symmetry> {
    let names = documents.iter().flat_map(|d| &d.pages).flat_map(|p| p.symbols.keys());
    names.filter_map(|name| Some((name.clone(), symmetry(Kind::named(name)?)))).collect()
}

fn document(id: &str, file: &str, pages: Vec<PageTruth>) -> DocumentTruth {
    DocumentTruth { id: id.to_owned(), file: file.to_owned(), pages }
}

/// JSON with one line for each thing on a page, so that a difference can be read.
fn truth_text(truth: &SetTruth) -> String {
    let text = serde_json::to_string(truth).expect("plain records with string keys");
    let mut out = text.replace("},{", "},\n{").replace(":[{", ":[\n{");
    out.push('\n');
    out
}

/// Habits of the offices that drew the set.
const ARCHITECT: Habit = Habit {
    blocks: true,
    strokes: Strokes::Whole,
    lettering: Lettering::Text,
    layers: true,
    rotate: 0,
    dense: true,
    any_angle: false,
};
const ELECTRICAL: Habit = Habit { dense: false, ..ARCHITECT };
const LIGHTING: Habit = Habit {
    blocks: false,
    strokes: Strokes::Exploded,
    layers: false,
    lettering: Lettering::SplitRuns,
    ..ELECTRICAL
};
const PLUMBING: Habit = Habit { blocks: false, layers: false, rotate: 90, ..ARCHITECT };
const CIVIL: Habit = Habit {
    blocks: false,
    strokes: Strokes::Exploded,
    lettering: Lettering::Strokes,
    layers: false,
    rotate: 270,
    ..ELECTRICAL
};

fn title_block<'a>(number: &'a str, title: &'a str, scale: Option<&'a str>) -> TitleBlock<'a> {
    TitleBlock {
        project: ["MAPLE HILL", "ELEMENTARY SCHOOL"],
        address: ["1200 MAPLE HILL ROAD", "FAIRVIEW"],
        firm: "NORTHBANK STUDIO",
        number,
        title,
        scale,
        job: "2418.00",
        date: "MARCH 14",
    }
}
