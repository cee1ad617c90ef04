//! What a person who writes a formula is told.

/// Each variable as written, and what it means.
pub const VARIABLES: [(&str, &str); 12] = [
    ("{qty}", "Total quantity of the condition, in its unit (LF, SF, CY, EA or another that it has)"),
    (
        "{depth}",
        "Depth of the condition, inches; a component that reads it is in error where the condition has none",
    ),
    (
        "{thickness}",
        "Thickness of the condition, inches; a component that reads it is in error where the condition has none",
    ),
    ("{perimeter}", "Sum of the perimeters and lengths of the condition's measurements, feet"),
    ("{count}", "Number of measurements of the condition"),
    ("{height}", "Height, feet; no condition has one, so a component that reads it is in error"),
    ("{width}", "Width, feet; no condition has one, so a component that reads it is in error"),
    ("{length}", "Length, feet; no condition has one, so a component that reads it is in error"),
    ("{depth_ft}", "Depth of the condition, feet; as {depth}"),
    ("{thickness_ft}", "Thickness of the condition, feet; as {thickness}"),
    (
        "{volume_cf}",
        "Volume, cubic feet: of a volume the quantity, of all else quantity times depth, which the condition must have",
    ),
    (
        "{volume_cy}",
        "Volume, cubic yards: of a volume the quantity, of all else quantity times depth, which the condition must have",
    ),
];

/// Functions and the constant, with their arguments. `ceil` and `floor` take what is a whole number but for the rounding
/// of doubles (`100 * 1.1`) as that number.
pub const FUNCTIONS: [&str; 10] = [
    "ceil(x)",
    "floor(x)",
    "round(x)",
    "round(x, n)",
    "min(a, b, ...)",
    "max(a, b, ...)",
    "abs(x)",
    "sqrt(x)",
    "pow(x, n)",
    "pi",
];

/// Description and formula.
pub const EXAMPLES: [(&str, &str); 6] = [
    ("The quantity itself", "{qty}"),
    ("Square feet to cubic yards", "{qty} * {depth} / 12 / 27"),
    ("5 percent added", "{qty} * 1.05"),
    ("Rounded up to the next 100", "ceil({qty} / 100) * 100"),
    ("Pounds of #4 bars at 18 in", "{qty} * 0.89"),
    ("Forms on both sides of a wall", "{perimeter} * {depth} / 12 * 2"),
];
