/// A formula to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    pub id: &'static str,
    pub name: &'static str,
    pub formula: &'static str,
    pub description: &'static str,
}

const fn preset(
    id: &'static str,
    name: &'static str,
    formula: &'static str,
    description: &'static str,
) -> Preset {
    Preset { id, name, formula, description }
}

/// The presets that clients offer by id.
pub const PRESETS: [Preset; 12] = [
    preset("direct_quantity", "Direct Quantity", "{qty}", "The condition's quantity as it is"),
    preset(
        "concrete_cy_from_sf",
        "Concrete CY from SF",
        "{qty} * {depth} / 12 / 27",
        "Cubic yards of concrete under an area of the condition's depth",
    ),
    preset(
        "rebar_lbs_4_at_18",
        "#4 Rebar @ 18\" O.C.",
        "{qty} * 0.89",
        "Pounds of #4 bars each way at 18 in, per square foot",
    ),
    preset(
        "rebar_lbs_5_at_12",
        "#5 Rebar @ 12\" O.C.",
        "{qty} * 2.09",
        "Pounds of #5 bars each way at 12 in, per square foot",
    ),
    preset("with_waste_5", "5% Waste Factor", "{qty} * 1.05", "The quantity and 5 percent more"),
    preset("with_waste_10", "10% Waste Factor", "{qty} * 1.10", "The quantity and 10 percent more"),
    preset(
        "vapor_barrier_with_overlap",
        "Vapor Barrier with 10% Overlap",
        "{qty} * 1.1",
        "Area of sheet with a tenth more for laps",
    ),
    preset(
        "sfca_wall_both_sides",
        "SFCA Wall Both Sides",
        "{perimeter} * {depth} / 12 * 2",
        "Contact area of forms on both faces of a wall as high as the condition's depth",
    ),
    preset("round_up_100", "Round Up to Nearest 100", "ceil({qty} / 100) * 100", "The next full hundred"),
    preset(
        "dowels_per_footing",
        "Dowels per Footing (4 each)",
        "{count} * 4",
        "Four dowels for every footing counted",
    ),
    preset(
        "concrete_pump_days",
        "Concrete Pump Days",
        "ceil({qty} * {depth} / 12 / 27 / 80)",
        "Full days of a pump that places 80 cubic yards a day, for an area of the condition's depth",
    ),
    preset("chairs_per_sf", "Rebar Chairs per SF", "{qty} / 4", "One bar support for every 4 square feet"),
];
