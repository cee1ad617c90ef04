//! Writes the set's recipe: what an estimator would ask of it, with places taken from the truth.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ConditionTruth;
use crate::geometry::Point;
use crate::symbol::Kind;
use crate::truth::{DocumentTruth, Instance, PageTruth, round2};

pub(super) const NAME: &str = "MAPLE HILL ELEMENTARY SCHOOL";

/// Space that a person leaves around the example, pixels.
const EXEMPLAR_MARGIN: f64 = 3.0;

const HEAD: &str = include_str!("recipe_head.toml");
const OPTIONS: &str = include_str!("recipe_tail.toml");

/// A line of an assembly: name, type, formula, unit, unit cost, waste percent, labor hours.
type Line = (&'static str, &'static str, &'static str, &'static str, &'static str, f64, f64);

struct Recipe {
    text: String,
    conditions: BTreeMap<String, ConditionTruth>,
}

/// The recipe's text and the quantities it must come to.
pub(super) fn write(documents: &[DocumentTruth]) -> (String, BTreeMap<String, ConditionTruth>) {
    let (plans, site) = (&documents[0].pages, &documents[1].pages);
    let mut recipe = Recipe { text: HEAD.to_owned(), conditions: BTreeMap::new() };
    recipe.counts(plans, &site[0]);
    recipe.areas(&plans[1], &site[0]);
    recipe.lines(&plans[1], &site[0]);
    recipe.text.push_str(OPTIONS);
    (recipe.text, recipe.conditions)
}

impl Recipe {
    fn counts(&mut self, plans: &[PageTruth], site: &PageTruth) {
        self.comment(
            "One example on page 4, counted on both power plans. Page 4 shows existing devices too (thin,\n\
             grey): they are no new work and stay out, as does the legend's sample.",
        );
        self.count(
            "receptacles",
            "Duplex receptacles",
            Kind::ReceptacleDuplex,
            "plans",
            &plans[3],
            &plans[2..4],
            "pages = [3, 4]\n",
        );
        self.assembly(10.0, 8.0, &RECEPTACLE);
        self.comment(
            "Emergency luminaires are drawn almost alike, so this count is stricter than the default.",
        );
        self.count(
            "troffers",
            "2x4 LED troffers",
            Kind::Troffer2x4,
            "plans",
            &plans[4],
            &plans[4..5],
            "threshold = 0.90\n",
        );
        self.assembly(10.0, 8.0, &TROFFER);
        self.comment(
            "On a page that its file stores turned by 90 degrees, over floor tiles, crossed by pipes.",
        );
        self.count("water-closets", "Water closets", Kind::WaterCloset, "plans", &plans[5], &plans[5..6], "");
        self.template("Wall-Hung Water Closet with Rough-In", 12.0, 10.0);
        self.comment("Trees stand at any angle; without a rotation_tolerance every angle is found.");
        self.count("trees", "Shade trees", Kind::Tree, "site", site, std::slice::from_ref(site), "");
        self.assembly(8.0, 8.0, &TREE);
    }

    fn areas(&mut self, plan: &PageTruth, site: &PageTruth) {
        self.comment("Room outlines, traced on the floor plan along the inner faces of the walls.");
        let rooms: Vec<_> = plan.rooms.iter().filter(|r| r.floor == "VCT").collect();
        let total: f64 = rooms.iter().map(|r| r.area_sf).sum();
        self.condition("vct-flooring", "Vinyl composition tile", "area", "SF", total, &[]);
        for room in rooms {
            let _ = writeln!(self.text, "\n  # {} {}, {:.0} SF", room.number, room.name, room.area_sf);
            self.measure("plans", plan.page, "polygon", &room.polygon);
        }
        self.template("Resilient Tile Floor with Base", 10.0, 8.0);
        self.comment("A depth in inches makes a volume of an area.");
        if let Some(room) = plan.rooms.iter().find(|r| r.number == "117") {
            let cubic_yards = room.area_sf * 4.0 / 12.0 / 27.0;
            self.condition(
                "slab",
                "Slab on grade, multi-purpose room",
                "volume",
                "CY",
                cubic_yards,
                &["depth = 4.0"],
            );
            self.text.push('\n');
            self.measure("plans", plan.page, "polygon", &room.polygon);
            self.assembly(10.0, 8.0, &SLAB);
        }
        if let Some(lot) = site.rooms.first() {
            self.comment("The site plan's scale comes from the override at the end of this file.");
            self.condition("asphalt", "Asphalt paving", "area", "SF", lot.area_sf, &["depth = 3.0"]);
            self.text.push('\n');
            self.measure("site", site.page, "polygon", &lot.polygon);
            self.assembly(8.0, 8.0, &ASPHALT);
        }
    }

    fn lines(&mut self, plan: &PageTruth, site: &PageTruth) {
        self.comment("Runs along the middle of the partitions.");
        let runs: Vec<_> = plan.walls.iter().filter(|w| w.kind == "partition").collect();
        let total: f64 = runs.iter().map(|w| w.length_ft).sum();
        self.condition("partitions", "Gypsum board partitions, 9'-6\" high", "linear", "LF", total, &[]);
        for run in runs {
            self.text.push('\n');
            self.measure("plans", plan.page, "line", &run.points);
        }
        self.assembly(10.0, 8.0, &PARTITION);
        for curb in site.walls.iter().filter(|w| w.kind == "curb") {
            self.comment("Once around the parking lot.");
            self.condition("curb", "Concrete curb", "linear", "LF", curb.length_ft, &[]);
            self.text.push('\n');
            self.measure("site", site.page, "polyline", &curb.points);
            self.assembly(8.0, 8.0, &CURB);
        }
    }

    fn comment(&mut self, text: &str) {
        self.text.push_str("\n# ----\n");
        for row in text.lines() {
            let _ = writeln!(self.text, "# {row}");
        }
    }

    fn condition(&mut self, id: &str, name: &str, kind: &str, unit: &str, quantity: f64, more: &[&str]) {
        let name = name.replace('"', "\\\"");
        let _ = writeln!(
            self.text,
            "[[condition]]\nid = \"{id}\"\nname = \"{name}\"\ntype = \"{kind}\"\nunit = \"{unit}\""
        );
        for row in more {
            let _ = writeln!(self.text, "{row}");
        }
        let truth = ConditionTruth { quantity: round2(quantity), unit: unit.to_owned() };
        self.conditions.insert(id.to_owned(), truth);
    }

    #[expect(clippy::too_many_arguments, reason = "a row of the recipe, written once")]
    fn count(
        &mut self,
        id: &str,
        name: &str,
        kind: Kind,
        document: &str,
        on: &PageTruth,
        pages: &[PageTruth],
        more: &str,
    ) {
        let quantity: usize = pages.iter().map(|p| p.count(kind.name())).sum();
        self.condition(id, name, "count", "EA", quantity as f64, &[]);
        let [x, y, w, h] = exemplar(on, kind);
        let page = on.page;
        let _ = writeln!(
            self.text,
            "\n  [[condition.count]]\n  document = \"{document}\"\n  page = {page}\n  box = [{x}, {y}, {w}, {h}]"
        );
        for row in more.lines() {
            let _ = writeln!(self.text, "  {row}");
        }
    }

    fn measure(&mut self, document: &str, page: u32, geometry: &str, points: &[Point]) {
        let points: Vec<String> = points.iter().map(|[x, y]| format!("[{x}, {y}]")).collect();
        let _ = writeln!(
            self.text,
            "  [[condition.measure]]\n  document = \"{document}\"\n  page = {page}\n  geometry = \"{geometry}\"\n  points = [{}]",
            points.join(", ")
        );
    }

    /// An assembly of the library, by its name.
    fn template(&mut self, name: &str, overhead: f64, profit: f64) {
        let _ = writeln!(
            self.text,
            "\n  [condition.assembly]\n  template = \"{name}\"\n  overhead_percent = {overhead:.1}\n  profit_percent = {profit:.1}"
        );
    }

    /// An assembly of its own components.
    fn assembly(&mut self, overhead: f64, profit: f64, lines: &[Line]) {
        let _ = writeln!(
            self.text,
            "\n  [condition.assembly]\n  overhead_percent = {overhead:.1}\n  profit_percent = {profit:.1}"
        );
        for (name, kind, formula, unit, cost, waste, hours) in lines {
            let name = name.replace('"', "\\\"");
            let _ = writeln!(
                self.text,
                "\n    [[condition.assembly.component]]\n    name = \"{name}\"\n    type = \"{kind}\"\n    \
                 formula = \"{formula}\"\n    unit = \"{unit}\"\n    unit_cost = \"{cost}\""
            );
            if *waste > 0.0 {
                let _ = writeln!(self.text, "    waste_percent = {waste:.1}");
            }
            if *hours > 0.0 {
                let _ = writeln!(self.text, "    labor_hours = {hours}");
            }
        }
    }
}

/// The box that a person would draw around an ordinary instance: new work, free of its neighbours.
fn exemplar(page: &PageTruth, kind: Kind) -> [f64; 4] {
    let plain = |i: &&Instance| i.counts() && !i.mirrored && !i.touching;
    let chosen = page.symbols.get(kind.name()).and_then(|all| all.iter().find(plain));
    let [x, y, w, h] = chosen.map_or([0.0; 4], |i| i.area);
    let m = EXEMPLAR_MARGIN;
    [x - m, y - m, w + 2.0 * m, h + 2.0 * m].map(|v| (v * 10.0).round() / 10.0)
}

const RECEPTACLE: [Line; 4] = [
    ("Duplex receptacle, 20A, with plate", "material", "{qty}", "EA", "6.85", 2.0, 0.0),
    ("Steel box, 4 in square, with ring", "material", "{qty}", "EA", "4.10", 2.0, 0.0),
    ("#12 wire, 3 conductors, 25 ft each", "material", "{qty} * 75", "LF", "0.21", 10.0, 0.0),
    ("Electrician", "labor", "{qty} * 0.6", "HR", "78.00", 0.0, 1.0),
];

const TROFFER: [Line; 3] = [
    ("2x4 LED troffer, 4000 lm", "material", "{qty}", "EA", "142.50", 0.0, 0.0),
    ("Whip, 6 ft, and support wires", "material", "{qty}", "EA", "14.75", 5.0, 0.0),
    ("Electrician", "labor", "{qty} * 1.1", "HR", "78.00", 0.0, 1.0),
];

const TREE: [Line; 3] = [
    ("Red maple, 2 1/2 in caliper", "material", "{qty}", "EA", "320.00", 3.0, 0.0),
    ("Planting soil", "material", "{qty} * 0.75", "CY", "46.00", 10.0, 0.0),
    ("Planting crew", "labor", "{qty} * 2.5", "HR", "52.00", 0.0, 1.0),
];

const SLAB: [Line; 4] = [
    ("Concrete, 3,500 psi", "material", "{qty}", "CY", "148.00", 5.0, 0.0),
    ("Welded wire mesh", "material", "{qty} * 27 / {depth_ft}", "SF", "0.38", 10.0, 0.0),
    ("Place and finish", "labor", "{qty} * 27 / {depth_ft} / 110", "HR", "58.00", 0.0, 1.0),
    ("Concrete pump", "equipment", "ceil({qty} / 80)", "DAY", "1150.00", 0.0, 0.0),
];

const ASPHALT: [Line; 3] = [
    // 145 lb/cf compacted.
    ("Hot mix asphalt", "material", "{qty} * {depth_ft} * 145 / 2000", "TON", "96.00", 4.0, 0.0),
    ("Aggregate base, 8 in", "material", "{qty} * 8 / 12 / 27", "CY", "38.00", 8.0, 0.0),
    ("Paving crew and spread", "subcontract", "{qty}", "SF", "1.35", 0.0, 0.0),
];

const PARTITION: [Line; 4] = [
    ("Metal stud, 3 5/8 in, 16 in O.C.", "material", "({qty} / 1.3333 + 1) * 9.5", "LF", "0.92", 5.0, 0.0),
    ("Gypsum board, 5/8 in, both sides", "material", "{qty} * 9.5 * 2", "SF", "0.62", 8.0, 0.0),
    ("Batt insulation", "material", "{qty} * 9.5", "SF", "0.58", 3.0, 0.0),
    ("Framing and drywall crew", "labor", "{qty} * 9.5 / 22", "HR", "64.00", 0.0, 1.0),
];

const CURB: [Line; 3] = [
    ("Concrete, 4,000 psi", "material", "{qty} * 0.5 * 1.5 / 27", "CY", "152.00", 6.0, 0.0),
    ("Curb machine", "equipment", "ceil({qty} / 600)", "DAY", "980.00", 0.0, 0.0),
    ("Curb crew", "labor", "{qty} / 24", "HR", "58.00", 0.0, 1.0),
];
