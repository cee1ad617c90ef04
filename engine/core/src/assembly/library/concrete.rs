//! Cast-in-place concrete. Bars in pounds: length per unit of work x weight per foot (#3 0.376, #4 0.668,
//! #5 1.043, #6 1.502 lb/ft); laps and cutting are the component's waste.

use super::{ComponentSpec, TemplateSpec, equipment, labor, material};
use crate::model::MeasurementType::{self, Area, Count, Linear};

/// Cubic yards of a pump's day.
const PUMP: &str = "ceil({volume_cy} / 80)";

fn ready_mix(formula: &'static str) -> ComponentSpec {
    material("Ready-mix concrete, 4,000 psi", formula, "CY", 168.00).waste(5.0)
}

fn bars(name: &'static str, formula: &'static str, waste: f64) -> ComponentSpec {
    material(name, formula, "LB", 0.98).waste(waste)
}

fn forms(formula: &'static str) -> ComponentSpec {
    material("Formwork, material for 4 uses", formula, "SFCA", 1.65).waste(10.0)
}

fn form_labor(formula: &'static str, cost: f64, hours: f64) -> ComponentSpec {
    labor("Set and strip forms", formula, "SFCA", cost).crew(3, hours)
}

fn bar_labor(formula: &'static str) -> ComponentSpec {
    labor("Place and tie bars", formula, "LB", 0.55).crew(3, 0.009)
}

struct Head {
    name: &'static str,
    description: &'static str,
    category: &'static str,
    subcategory: &'static str,
    measurement_type: MeasurementType,
    /// Units a day and people.
    crew: (f64, i64),
}

fn template(head: Head, components: Vec<ComponentSpec>) -> TemplateSpec {
    let paving = head.category == "Paving";
    TemplateSpec {
        name: head.name,
        description: head.description,
        scope: "concrete",
        category: head.category,
        subcategory: head.subcategory,
        csi_code: if paving { "32 13 13" } else { "03 30 00" },
        csi_description: if paving { "Concrete Paving" } else { "Cast-in-Place Concrete" },
        measurement_type: head.measurement_type,
        productivity_rate: head.crew.0,
        productivity_unit: match head.measurement_type {
            Linear => "LF/day",
            Count => "EA/day",
            _ => "SF/day",
        },
        crew_size: head.crew.1,
        version: 1,
        components,
    }
}

pub(super) fn templates() -> Vec<TemplateSpec> {
    let mut all = slabs();
    all.extend(footings());
    all.extend(walls());
    all.extend(paving());
    all
}

/// What every slab on grade has beside its reinforcement.
fn slab(reinforcement: Vec<ComponentSpec>) -> Vec<ComponentSpec> {
    let mut all = vec![
        ready_mix("{volume_cy}"),
        material("Crushed stone base, 4 in", "{qty} * 4 / 12 / 27", "CY", 46.00).waste(15.0),
        material("Vapor retarder, 15 mil", "{qty}", "SF", 0.19)
            .waste(10.0)
            .note("Laps of 6 in and turn-ups are the waste"),
    ];
    all.extend(reinforcement);
    all.extend([
        material("Edge forms", "{perimeter} * {depth_ft}", "SFCA", 1.65).waste(10.0),
        material("Curing compound", "{qty} / 200", "GAL", 19.50).waste(5.0),
        labor("Grade base and set edges", "{qty} / 2000", "DAY", 1380.00).crew(3, 24.0),
        labor("Place and finish", "{qty} / 1600", "DAY", 2760.00).crew(6, 48.0),
        labor("Saw joints at 12 ft both ways", "{qty} * 2 / 12", "LF", 1.10).crew(1, 0.015),
        equipment("Concrete pump", PUMP, "DAY", 1250.00).note("80 cubic yards a day"),
        equipment("Power trowel", "ceil({qty} / 1600)", "DAY", 95.00),
    ]);
    all
}

fn slabs() -> Vec<TemplateSpec> {
    let head = |name, description, subcategory| Head {
        name,
        description,
        category: "Slabs",
        subcategory,
        measurement_type: Area,
        crew: (1600.0, 6),
    };
    vec![
        template(
            head(
                "Ground Slab with Welded Wire",
                "Slab on grade over stone base with one layer of welded wire; depth from the condition.",
                "Slab on grade",
            ),
            slab(vec![
                material("Welded wire 6x6 W2.1, sheets", "{qty}", "SF", 0.42)
                    .waste(12.0)
                    .note("Laps of one mesh are the waste"),
                labor("Lay welded wire", "{qty}", "SF", 0.14).crew(2, 0.004),
            ]),
        ),
        template(
            head(
                "Ground Slab with Single Bar Mat",
                "Slab on grade over stone base with #4 bars at 18 in each way; depth from the condition.",
                "Slab on grade",
            ),
            slab(vec![
                bars("#4 bars at 18 in each way", "{qty} * 2 * 12 / 18 * 0.668", 8.0),
                material("Bar supports, one for 4 SF", "{qty} / 4", "EA", 0.48).waste(5.0),
                bar_labor("{qty} * 2 * 12 / 18 * 0.668"),
            ]),
        ),
        template(
            head(
                "Ground Slab with Double Bar Mat",
                "Heavy slab on grade with #5 bars at 12 in each way, top and bottom; depth from the condition.",
                "Slab on grade",
            ),
            slab(vec![
                bars("#5 bars at 12 in each way, top and bottom", "{qty} * 4 * 1.043", 8.0),
                material("High chairs, one for 4 SF", "{qty} / 4", "EA", 1.35).waste(5.0),
                bar_labor("{qty} * 4 * 1.043"),
            ]),
        ),
    ]
}

fn footings() -> Vec<TemplateSpec> {
    let head = |name, description, subcategory, measurement_type, crew| Head {
        name,
        description,
        category: "Foundations",
        subcategory,
        measurement_type,
        crew,
    };
    vec![
        template(
            head(
                "Continuous Footing, 24 in Wide",
                "Footing 24 in wide under a wall with three #5 bars along and #4 bars at 18 in across; depth from the condition.",
                "Strip footing",
                Linear,
                (120.0, 5),
            ),
            vec![
                labor("Trench, trim and compact", "{qty} * 3 * ({depth_ft} + 1) / 27", "CY", 14.00)
                    .crew(2, 0.2)
                    .note("Trench 3 ft wide, 1 ft deeper than the footing's depth"),
                ready_mix("{qty} * 2 * {depth_ft} / 27"),
                bars("#5 bars, three along", "{qty} * 3 * 1.043", 10.0),
                bars("#4 bars across, 18 in long at 18 in", "{qty} / 1.5 * 1.5 * 0.668", 5.0),
                forms("{qty} * 2 * {depth_ft}"),
                form_labor("{qty} * 2 * {depth_ft}", 6.20, 0.085),
                bar_labor("{qty} * (3 * 1.043 + 0.668)"),
                labor("Place concrete", "{qty} * 2 * {depth_ft} / 27", "CY", 32.00).crew(4, 0.5),
                equipment("Backhoe", "ceil({qty} / 250)", "DAY", 480.00),
            ],
        ),
        template(
            head(
                "Isolated Footing, 4 ft Square",
                "Footing 4 ft x 4 ft under a column with five #5 bars each way and four dowels; depth from the condition.",
                "Spread footing",
                Count,
                (8.0, 5),
            ),
            vec![
                labor("Excavate and trim pit", "{qty} * 6 * 6 * ({depth_ft} + 1) / 27", "CY", 16.00)
                    .crew(2, 0.25)
                    .note("Pit 6 ft x 6 ft, 1 ft deeper than the footing's depth"),
                ready_mix("{qty} * 4 * 4 * {depth_ft} / 27"),
                bars("#5 bars, five of 3 ft 6 in each way", "{qty} * 2 * 5 * 3.5 * 1.043", 3.0),
                bars("#5 dowels, four of 3 ft", "{qty} * 4 * 3 * 1.043", 3.0),
                forms("{qty} * 4 * 4 * {depth_ft}"),
                form_labor("{qty} * 4 * 4 * {depth_ft}", 6.80, 0.095),
                bar_labor("{qty} * (2 * 5 * 3.5 + 4 * 3) * 1.043"),
                labor("Place concrete", "{qty} * 4 * 4 * {depth_ft} / 27", "CY", 36.00).crew(4, 0.55),
                equipment("Backhoe", "ceil({qty} / 16)", "DAY", 480.00),
            ],
        ),
        basement_wall(),
    ]
}

fn basement_wall() -> TemplateSpec {
    template(
        Head {
            name: "Basement Wall, Bars in Both Faces",
            description: "Foundation wall with #4 bars at 12 in each way in each face and dampproofing; thickness from the condition.",
            category: "Foundations",
            subcategory: "Foundation wall",
            measurement_type: Area,
            crew: (260.0, 6),
        },
        vec![
            ready_mix("{qty} * {thickness_ft} / 27"),
            bars("#4 bars at 12 in each way, two faces", "{qty} * 4 * 0.668", 8.0),
            forms("{qty} * 2"),
            material("Snap ties, one for 4 SF of wall", "{qty} / 4", "EA", 1.15).waste(5.0),
            material("Dampproofing, one face", "{qty}", "SF", 0.58).waste(5.0),
            form_labor("{qty} * 2", 7.40, 0.1),
            bar_labor("{qty} * 4 * 0.668"),
            labor("Place and vibrate concrete", "{qty} * {thickness_ft} / 27", "CY", 42.00).crew(5, 0.7),
            labor("Apply dampproofing", "{qty}", "SF", 0.45).crew(1, 0.008),
            equipment("Concrete pump", "ceil({qty} * {thickness_ft} / 27 / 60)", "DAY", 1250.00)
                .note("60 cubic yards a day"),
        ],
    )
}

fn walls() -> Vec<TemplateSpec> {
    let head = |name, description, subcategory, measurement_type, crew| Head {
        name,
        description,
        category: "Vertical",
        subcategory,
        measurement_type,
        crew,
    };
    vec![
        template(
            head(
                "Square Column, 18 in by 12 ft",
                "Column 18 in x 18 in, 12 ft high, with eight #6 bars of 14 ft and #3 ties at 12 in.",
                "Column",
                Count,
                (2.0, 5),
            ),
            vec![
                ready_mix("{qty} * 1.5 * 1.5 * 12 / 27"),
                bars("#6 bars, eight of 14 ft", "{qty} * 8 * 14 * 1.502", 3.0),
                bars("#3 ties of 5 ft 8 in at 12 in", "{qty} * 13 * (5 + 8 / 12) * 0.376", 3.0),
                forms("{qty} * 4 * 1.5 * 12"),
                form_labor("{qty} * 4 * 1.5 * 12", 8.60, 0.12),
                bar_labor("{qty} * (8 * 14 * 1.502 + 13 * (5 + 8 / 12) * 0.376)"),
                labor("Place and vibrate concrete", "{qty} * 1.5 * 1.5 * 12 / 27", "CY", 64.00).crew(4, 1.0),
                equipment("Crane and bucket", "ceil({qty} / 8)", "DAY", 1480.00),
            ],
        ),
        template(
            head(
                "Concrete Wall, Single Bar Curtain",
                "Wall above grade with #5 bars at 12 in each way in one curtain; thickness from the condition.",
                "Wall",
                Area,
                (280.0, 6),
            ),
            vec![
                ready_mix("{qty} * {thickness_ft} / 27"),
                bars("#5 bars at 12 in each way", "{qty} * 2 * 1.043", 8.0),
                forms("{qty} * 2"),
                material("Snap ties, one for 4 SF of wall", "{qty} / 4", "EA", 1.15).waste(5.0),
                form_labor("{qty} * 2", 7.10, 0.095),
                bar_labor("{qty} * 2 * 1.043"),
                labor("Place and vibrate concrete", "{qty} * {thickness_ft} / 27", "CY", 42.00).crew(5, 0.7),
                labor("Rub and patch, two faces", "{qty} * 2", "SF", 0.85).crew(2, 0.015),
                equipment("Concrete pump", "ceil({qty} * {thickness_ft} / 27 / 60)", "DAY", 1250.00)
                    .note("60 cubic yards a day"),
            ],
        ),
    ]
}

fn paving() -> Vec<TemplateSpec> {
    let head = |name, description, subcategory, measurement_type, crew| Head {
        name,
        description,
        category: "Paving",
        subcategory,
        measurement_type,
        crew,
    };
    vec![
        template(
            head(
                "Walk with Broom Finish",
                "Plain concrete walk on stone base with joints at 5 ft; depth from the condition.",
                "Sidewalk",
                Area,
                (900.0, 5),
            ),
            vec![
                ready_mix("{volume_cy}"),
                material("Crushed stone base, 4 in", "{qty} * 4 / 12 / 27", "CY", 46.00).waste(15.0),
                material("Edge forms", "{perimeter} * {depth_ft}", "SFCA", 1.65).waste(10.0),
                material("Expansion joint filler at 20 ft across a 5 ft walk", "{qty} / 20", "LF", 1.20)
                    .waste(5.0),
                material("Curing compound", "{qty} / 200", "GAL", 19.50).waste(5.0),
                labor("Grade, form, place and broom", "{qty} / 900", "DAY", 2300.00).crew(5, 40.0),
                labor("Tool joints at 5 ft across a 5 ft walk", "{qty} / 5", "LF", 0.85).crew(1, 0.012),
            ],
        ),
        template(
            head(
                "Curb with 18 in Gutter",
                "Curb 6 in wide and 12 in high with a gutter 18 in wide and 6 in thick: 1.25 CF a foot.",
                "Curb and gutter",
                Linear,
                (350.0, 6),
            ),
            vec![
                ready_mix("{qty} * (0.5 * 1 + 1.5 * 0.5) / 27"),
                material("Crushed stone base, 4 in under 24 in", "{qty} * 2 * 4 / 12 / 27", "CY", 46.00)
                    .waste(15.0),
                bars("#4 bars, two along", "{qty} * 2 * 0.668", 8.0),
                forms("{qty} * (1 + 0.5)"),
                material("Expansion joint filler, each 20 ft", "{qty} / 20", "EA", 4.80).waste(5.0),
                labor("Form, place and finish", "{qty} / 350", "DAY", 2760.00).crew(6, 48.0),
                equipment("Curb machine or straight forms", "ceil({qty} / 350)", "DAY", 640.00),
            ],
        ),
    ]
}
