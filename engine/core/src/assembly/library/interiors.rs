//! Partitions, floors, paint and doors.

use super::{ComponentSpec, TemplateSpec, labor, material};
use crate::model::MeasurementType::{self, Area, Count, Linear};

struct Head {
    name: &'static str,
    description: &'static str,
    /// Scope, category and subcategory.
    place: (&'static str, &'static str, &'static str),
    /// Code and description.
    csi: (&'static str, &'static str),
    measurement_type: MeasurementType,
    /// Units a day, their name, people.
    crew: (f64, &'static str, i64),
}

fn template(head: Head, components: Vec<ComponentSpec>) -> TemplateSpec {
    TemplateSpec {
        name: head.name,
        description: head.description,
        scope: head.place.0,
        category: head.place.1,
        subcategory: head.place.2,
        csi_code: head.csi.0,
        csi_description: head.csi.1,
        measurement_type: head.measurement_type,
        productivity_rate: head.crew.0,
        productivity_unit: head.crew.1,
        crew_size: head.crew.2,
        version: 1,
        components,
    }
}

pub(super) fn templates() -> Vec<TemplateSpec> {
    let mut all = partitions();
    all.extend(floors());
    all.extend(paint());
    all.extend(doors());
    all
}

fn partitions() -> Vec<TemplateSpec> {
    let stud_wall = |name, description, layers: [&'static str; 3], insulated: bool| {
        let [board, tape, hang] = layers;
        let mut components = vec![
            material("Steel studs 3 5/8 in, 9 ft, at 16 in", "ceil({qty} * 12 / 16) + {count}", "EA", 6.90)
                .waste(5.0)
                .note("One more stud for each run"),
            material("Track, top and bottom", "{qty} * 2", "LF", 0.78).waste(5.0),
            material("Gypsum board 5/8 in", board, "SF", 0.62).waste(10.0),
            material("Screws, one for each SF of board", board, "EA", 0.02).waste(10.0),
            material("Joint compound and tape", tape, "SF", 0.09).waste(5.0),
            material("Sealant at floor and ceiling, both faces", "{qty} * 4", "LF", 0.21).waste(10.0),
        ];
        if insulated {
            components.push(material("Glass fiber batts 3 1/2 in", "{qty} * 9", "SF", 0.74).waste(5.0));
        }
        components.extend([
            labor("Frame", "{qty} * 9", "SF", 1.25).crew(2, 0.022),
            labor("Hang board", hang, "SF", 0.72).crew(2, 0.012),
            labor("Tape and finish, level 4", tape, "SF", 0.68).crew(1, 0.012),
        ]);
        let head = Head {
            name,
            description,
            place: ("drywall", "Partitions", "Steel studs"),
            csi: ("09 21 16", "Gypsum Board Assemblies"),
            measurement_type: Linear,
            crew: (60.0, "LF/day", 2),
        };
        template(head, components)
    };
    vec![
        stud_wall(
            "Gypsum Partition, One Layer, 9 ft",
            "Partition 9 ft high on steel studs with one layer of board on each face.",
            ["{qty} * 9 * 2", "{qty} * 9 * 2", "{qty} * 9 * 2"],
            false,
        ),
        stud_wall(
            "Sound Partition, Two Layers, 9 ft",
            "Partition 9 ft high on steel studs with two layers of board on each face and batts; the outer layers are taped.",
            ["{qty} * 9 * 4", "{qty} * 9 * 2", "{qty} * 9 * 4"],
            true,
        ),
    ]
}

fn floors() -> Vec<TemplateSpec> {
    let head = |name, description, subcategory, csi, rate| Head {
        name,
        description,
        place: ("flooring", "Floors", subcategory),
        csi,
        measurement_type: Area,
        crew: (rate, "SF/day", 2),
    };
    vec![
        template(
            head(
                "Resilient Tile Floor with Base",
                "Vinyl composition tile in adhesive on a patched slab, with 4 in rubber base around.",
                "Resilient",
                ("09 65 19", "Resilient Tile Flooring"),
                500.0,
            ),
            vec![
                material("Tile 12 in x 12 in", "{qty}", "SF", 1.95).waste(7.0),
                material("Adhesive, 250 SF a gallon", "{qty} / 250", "GAL", 27.00).waste(5.0),
                material("Floor patch, 1 lb for 10 SF", "{qty} / 10", "LB", 1.05).waste(5.0),
                material("Rubber base 4 in", "{perimeter}", "LF", 1.40).waste(5.0),
                labor("Prepare floor", "{qty}", "SF", 0.38).crew(1, 0.007),
                labor("Lay tile", "{qty}", "SF", 1.30).crew(2, 0.023),
                labor("Set base", "{perimeter}", "LF", 1.15).crew(1, 0.02),
            ],
        ),
        template(
            head(
                "Carpet Tile Floor with Base",
                "Carpet tile in pressure-sensitive adhesive, with 4 in rubber base around.",
                "Carpet",
                ("09 68 13", "Tile Carpeting"),
                700.0,
            ),
            vec![
                material("Carpet tile 24 in x 24 in", "{qty} / 9", "SY", 31.50).waste(6.0),
                material("Adhesive, 300 SF a gallon", "{qty} / 300", "GAL", 32.00).waste(5.0),
                material("Rubber base 4 in", "{perimeter}", "LF", 1.40).waste(5.0),
                labor("Lay carpet tile", "{qty} / 9", "SY", 7.20).crew(2, 0.13),
                labor("Set base", "{perimeter}", "LF", 1.15).crew(1, 0.02),
            ],
        ),
        template(
            head(
                "Ceramic Tile Floor, Thin-Set",
                "Floor tile 12 in x 12 in in thin-set mortar over a crack membrane, grouted, with tile base around.",
                "Tile",
                ("09 30 13", "Ceramic Tiling"),
                120.0,
            ),
            vec![
                material("Floor tile 12 in x 12 in", "{qty}", "SF", 4.60).waste(10.0),
                material("Crack isolation membrane", "{qty}", "SF", 1.55).waste(8.0),
                material("Thin-set mortar, 50 lb for 80 SF", "ceil({qty} / 80)", "BAG", 24.00),
                material("Grout, 25 lb for 150 SF", "ceil({qty} / 150)", "BAG", 29.00),
                material("Tile base 6 in", "{perimeter}", "LF", 5.80).waste(8.0),
                labor("Set and grout tile", "{qty}", "SF", 7.10).crew(2, 0.125),
                labor("Set base", "{perimeter}", "LF", 5.40).crew(1, 0.09),
            ],
        ),
    ]
}

fn paint() -> Vec<TemplateSpec> {
    let coats = |name, description, subcategory, rate: f64, labor_cost: f64, hours: f64| {
        let head = Head {
            name,
            description,
            place: ("painting", "Finishes", subcategory),
            csi: ("09 91 23", "Interior Painting"),
            measurement_type: Area,
            crew: (rate, "SF/day", 1),
        };
        let components = vec![
            material("Primer, 350 SF a gallon", "{qty} / 350", "GAL", 26.00).waste(5.0),
            material("Paint, two coats, 400 SF a gallon", "{qty} * 2 / 400", "GAL", 39.00).waste(5.0),
            material("Tape, covers and sundries", "{qty}", "SF", 0.03),
            labor("Prepare, prime and paint two coats", "{qty}", "SF", labor_cost).crew(1, hours),
        ];
        template(head, components)
    };
    vec![
        coats(
            "Wall Paint, Primer and Two Coats",
            "Primer and two coats of acrylic on new board, rolled.",
            "Walls",
            650.0,
            0.74,
            0.0123,
        ),
        coats(
            "Ceiling Paint, Primer and Two Coats",
            "Primer and two flat coats on a board ceiling, sprayed and rolled.",
            "Ceilings",
            560.0,
            0.88,
            0.0143,
        ),
    ]
}

fn doors() -> Vec<TemplateSpec> {
    let door = |name, description, leaf: (&'static str, f64), csi| {
        let head = Head {
            name,
            description,
            place: ("doors", "Openings", "Swing doors"),
            csi,
            measurement_type: Count,
            crew: (4.0, "EA/day", 2),
        };
        let components = vec![
            material(leaf.0, "{qty}", "EA", leaf.1),
            material("Hollow metal frame, 3 ft x 7 ft", "{qty}", "EA", 265.00),
            material("Butt hinges 4 1/2 in, three a leaf", "{qty} * 3", "EA", 14.50),
            material("Lever lockset", "{qty}", "EA", 235.00),
            material("Door closer", "{qty}", "EA", 185.00),
            material("Stop and silencers", "{qty}", "SET", 16.00),
            labor("Set frame", "{qty}", "EA", 92.00).crew(2, 1.6),
            labor("Hang leaf and fit hardware", "{qty}", "EA", 172.00).crew(2, 3.0),
            labor("Paint frame and leaf, both faces", "{qty} * 2 * 3 * 7", "SF", 1.10).crew(1, 0.018),
        ];
        template(head, components)
    };
    vec![
        door(
            "Hollow Metal Door, 3 ft x 7 ft",
            "Single hollow metal leaf in a hollow metal frame with lockset and closer.",
            ("Hollow metal leaf, 3 ft x 7 ft", 385.00),
            ("08 11 13", "Hollow Metal Doors and Frames"),
        ),
        door(
            "Solid Wood Door in Steel Frame, 3 ft x 7 ft",
            "Single solid-core wood leaf in a hollow metal frame with lockset and closer.",
            ("Solid-core wood leaf, 3 ft x 7 ft", 340.00),
            ("08 14 16", "Flush Wood Doors"),
        ),
    ]
}
