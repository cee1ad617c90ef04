//! What a person who writes a formula is told.

/// Each variable as written, and what it means.
pub const VARIABLES: [(&str, &str); 12] = [
    ("{qty}", "Total quantity of the condition, in its unit (LF, SF, CY or EA)"),
    ("{depth}", "Depth of the condition, inches"),
    ("{thickness}", "Thickness of the condition, inches"),
    ("{perimeter}", "Sum of the perimeters and lengths of the condition's measurements, feet"),
    ("{count}", "Number of measurements of the condition"),
    ("{height}", "Height, feet; 0 where the condition has none"),
    ("{width}", "Width, feet; 0 where the condition has none"),
    ("{length}", "Length, feet; 0 where the condition has none"),
    ("{depth_ft}", "Depth of the condition, feet"),
    ("{thickness_ft}", "Thickness of the condition, feet"),
    ("{volume_cf}", "Quantity times depth, cubic feet (for a quantity in square feet)"),
    ("{volume_cy}", "Quantity times depth, cubic yards (for a quantity in square feet)"),
];

/// Functions and the constant, with their arguments.
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
