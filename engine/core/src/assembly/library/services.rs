//! Electrical devices with their wire and boxes, and plumbing fixtures with their rough-in.

use super::{ComponentSpec, TemplateSpec, labor, material};
use crate::model::MeasurementType::Count;

fn electrical(
    name: &'static str,
    description: &'static str,
    category: (&'static str, &'static str),
    csi: (&'static str, &'static str),
    rate: f64,
    components: Vec<ComponentSpec>,
) -> TemplateSpec {
    TemplateSpec {
        name,
        description,
        scope: "electrical",
        category: category.0,
        subcategory: category.1,
        csi_code: csi.0,
        csi_description: csi.1,
        measurement_type: Count,
        productivity_rate: rate,
        productivity_unit: "EA/day",
        crew_size: 1,
        version: 1,
        components,
    }
}

fn plumbing(
    name: &'static str,
    description: &'static str,
    rate: f64,
    components: Vec<ComponentSpec>,
) -> TemplateSpec {
    TemplateSpec {
        name,
        description,
        scope: "plumbing",
        category: "Fixtures",
        subcategory: "Commercial fixtures",
        csi_code: "22 40 00",
        csi_description: "Plumbing Fixtures",
        measurement_type: Count,
        productivity_rate: rate,
        productivity_unit: "EA/day",
        crew_size: 2,
        version: 1,
        components,
    }
}

/// Conduit of so many feet a device with its three wires and fittings.
fn branch(conduit: &'static str, wire: &'static str) -> Vec<ComponentSpec> {
    vec![
        material("EMT conduit 3/4 in", conduit, "LF", 1.35).waste(5.0),
        material("Wire #12 THHN, three conductors", wire, "LF", 0.24).waste(10.0),
        material("EMT connectors and couplings, four a device", "{qty} * 4", "EA", 0.95).waste(5.0),
        material("Conduit straps, three a device", "{qty} * 3", "EA", 0.42).waste(5.0),
        labor("Run conduit", conduit, "LF", 4.10).crew(1, 0.055),
        labor("Pull wire", wire, "LF", 0.52).crew(1, 0.007),
    ]
}

pub(super) fn templates() -> Vec<TemplateSpec> {
    let mut all = power();
    all.extend(lighting());
    all.extend(fixtures());
    all
}

fn power() -> Vec<TemplateSpec> {
    let receptacle = |name, description, device: (&'static str, f64)| {
        let mut components = vec![
            material(device.0, "{qty}", "EA", device.1).waste(2.0),
            material("Box 4 in square with device ring", "{qty}", "EA", 6.40).waste(2.0),
            material("Wall plate", "{qty}", "EA", 1.60).waste(2.0),
        ];
        components.extend(branch("{qty} * 25", "{qty} * 25 * 3"));
        components.extend([
            labor("Set box", "{qty}", "EA", 27.00).crew(1, 0.35),
            labor("Wire and trim device", "{qty}", "EA", 23.00).crew(1, 0.3),
        ]);
        let csi = ("26 27 26", "Wiring Devices");
        electrical(name, description, ("Power", "Receptacles"), csi, 6.0, components)
    };
    vec![
        receptacle(
            "Duplex Receptacle with Branch Wiring",
            "Receptacle 20 A in a box with 25 ft of conduit and three wires to the next.",
            ("Duplex receptacle 20 A", 6.20),
        ),
        receptacle(
            "Ground-Fault Receptacle with Branch Wiring",
            "Ground-fault receptacle 20 A in a box with 25 ft of conduit and three wires to the next.",
            ("Ground-fault receptacle 20 A", 27.50),
        ),
    ]
}

fn lighting() -> Vec<TemplateSpec> {
    let mut troffer = vec![
        material("Recessed luminaire 2 ft x 4 ft, LED", "{qty}", "EA", 168.00),
        material("Box 4 in square with cover", "{qty}", "EA", 4.90).waste(2.0),
        material("Flexible whip, 6 ft", "{qty}", "EA", 17.50).waste(2.0),
        material("Support wires, four a luminaire", "{qty} * 4", "EA", 1.10).waste(5.0),
    ];
    troffer.extend(branch("{qty} * 12", "{qty} * 12 * 3"));
    troffer.push(labor("Set, hang and connect luminaire", "{qty}", "EA", 82.00).crew(1, 1.1));
    let mut downlight = vec![
        material("Recessed downlight 6 in, LED", "{qty}", "EA", 124.00),
        material("Bar hangers, pair", "{qty}", "PR", 9.80).waste(2.0),
        material("Flexible whip, 6 ft", "{qty}", "EA", 17.50).waste(2.0),
    ];
    downlight.extend(branch("{qty} * 10", "{qty} * 10 * 3"));
    downlight.push(labor("Set and connect downlight", "{qty}", "EA", 68.00).crew(1, 0.9));
    let csi = ("26 51 00", "Interior Lighting");
    vec![
        electrical(
            "Recessed 2x4 Luminaire with Branch Wiring",
            "LED luminaire in a lay-in ceiling with whip, box and 12 ft of conduit and three wires.",
            ("Lighting", "Luminaires"),
            csi,
            5.0,
            troffer,
        ),
        electrical(
            "Recessed Downlight with Branch Wiring",
            "LED downlight in a board ceiling with whip and 10 ft of conduit and three wires.",
            ("Lighting", "Luminaires"),
            csi,
            6.0,
            downlight,
        ),
    ]
}

fn fixtures() -> Vec<TemplateSpec> {
    let pipes = |cold_ft: &'static str, waste_ft: &'static str, vent_ft: &'static str| {
        vec![
            material("Copper tube, supply", cold_ft, "LF", 5.90).waste(8.0),
            material("Cast iron pipe, waste", waste_ft, "LF", 16.50).waste(5.0),
            material("Cast iron pipe, vent 2 in", vent_ft, "LF", 11.20).waste(5.0),
            material("Fittings, hangers and joints", "{qty}", "SET", 145.00),
            labor("Rough in supply", cold_ft, "LF", 7.60).crew(2, 0.1),
            labor("Rough in waste", waste_ft, "LF", 14.20).crew(2, 0.19),
            labor("Rough in vent", vent_ft, "LF", 11.40).crew(2, 0.15),
        ]
    };
    let mut closet = vec![
        material("Water closet, wall hung, 1.28 gal", "{qty}", "EA", 315.00),
        material("Flush valve with sensor", "{qty}", "EA", 298.00),
        material("Elongated seat, open front", "{qty}", "EA", 46.00),
        material("Fixture carrier", "{qty}", "EA", 282.00),
    ];
    closet.extend(pipes("{qty} * 12", "{qty} * 8", "{qty} * 10"));
    closet.push(labor("Set carrier, bowl and valve", "{qty}", "EA", 246.00).crew(2, 3.2));
    let mut lavatory = vec![
        material("Lavatory, wall hung 20 in x 18 in", "{qty}", "EA", 196.00),
        material("Faucet with sensor", "{qty}", "EA", 305.00),
        material("Trap, drain and insulation kit", "{qty}", "SET", 88.00),
        material("Supplies and stops, pair", "{qty}", "PR", 34.00),
        material("Concealed arm carrier", "{qty}", "EA", 214.00),
    ];
    lavatory.extend(pipes("{qty} * 2 * 12", "{qty} * 6", "{qty} * 10"));
    lavatory.push(labor("Set carrier, basin and faucet", "{qty}", "EA", 215.00).crew(2, 2.8));
    vec![
        plumbing(
            "Wall-Hung Water Closet with Rough-In",
            "Water closet on a carrier with flush valve and 12 ft of supply, 8 ft of waste and 10 ft of vent.",
            2.0,
            closet,
        ),
        plumbing(
            "Wall-Hung Lavatory with Rough-In",
            "Lavatory on a carrier with faucet and 12 ft each of hot and cold, 6 ft of waste and 10 ft of vent.",
            2.5,
            lavatory,
        ),
    ]
}
