//! The vocabulary around scales, upper case.

/// Words for "scale"; a broken font may spoil the head of one (`EVcala1:75`), so their tails count.
pub(super) const LABEL_TAILS: [&str; 6] = ["SCALE", "SCALES", "CALA", "CHELLE", "STAB", "SKALA"];
pub(super) const LABELS: [&str; 4] = ["SC", "SCHAAL", "MASZSTAB", "M"];

/// Words that a view's title ends in, just before its scale.
pub(super) const TITLES: [&str; 19] = [
    "PLAN",
    "PLANS",
    "SECTION",
    "SECTIONS",
    "ELEVATION",
    "ELEVATIONS",
    "DETAIL",
    "DETAILS",
    "LAYOUT",
    "VIEW",
    "MAP",
    "PLANTA",
    "CORTE",
    "GRUNDRISS",
    "SCHNITT",
    "DIAGRAM",
    "ISOMETRIC",
    "PART",
    "ENLARGED",
];

/// Words before a number that is a name, not a measure: DETAIL 3, LEVEL 2.
pub(super) const NUMBERED: [&str; 14] = [
    "DETAIL",
    "SECTION",
    "ELEVATION",
    "NO",
    "NUMBER",
    "SHEET",
    "LEVEL",
    "FLOOR",
    "TYPE",
    "ROOM",
    "DOOR",
    "PHASE",
    "AREA",
    "BUILDING",
];

/// Heads of words that speak of a slope.
const SLOPES: [&str; 16] = [
    "SLOPE",
    "SLOPING",
    "FALL",
    "GRADIENT",
    "GRADE",
    "GRADING",
    "RAMP",
    "PITCH",
    "CROSSFALL",
    "BATTER",
    "TAPER",
    "AWAY",
    "DRAIN",
    "RISE",
    "INCLIN",
    "CAMBER",
];
/// Words that make `1:N` a limit, a mix or a time rather than a scale.
const OTHER_RATIOS: [&str; 22] = [
    "MAX", "MAXIMUM", "MIN", "MINIMUM", "RUN", "MIX", "MIXED", "CEMENT", "SAND", "MORTAR", "GROUT", "LIME",
    "BERM", "TOWARD", "TOWARDS", "AM", "PM", "HRS", "HOURS", "RATIO", "DILUTE", "DILUTED",
];

/// Words just before a notation that say that it does not hold, and words after it.
pub(super) const NOT_IN_FORCE: [&str; 6] = ["NOT", "VOID", "VOIDED", "PREVIOUS", "FORMER", "SUPERSEDED"];
pub(super) const NO_LONGER: [&str; 3] = ["VOID", "VOIDED", "SUPERSEDED"];
/// Words that send the reader elsewhere, and how far before a notation (tokens) one makes it another sheet's.
pub(super) const REFERS: [&str; 2] = ["SEE", "REFER"];
pub(super) const REFERS_BEFORE: usize = 8;
/// Words between the two ends of a range.
pub(super) const RANGE_WORDS: [&str; 5] = ["TO", "THRU", "THROUGH", "UNTIL", "BIS"];

/// Words that may stand beside a notation in its own column.
pub(super) const SUFFIXES: [&str; 32] = [
    "UNO",
    "UON",
    "UNLESS",
    "NOTED",
    "OTHERWISE",
    "SHOWN",
    "INDICATED",
    "AT",
    "ON",
    "FULL",
    "HALF",
    "SIZE",
    "SHEET",
    "PAPER",
    "PRINT",
    "PLOT",
    "PLOTTED",
    "WHEN",
    "PRINTED",
    "ARCH",
    "ANSI",
    "D",
    "E",
    "X",
    "AND",
    "OR",
    "DRAWING",
    "TYP",
    "TYPICAL",
    "APPROX",
    "IMPERIAL",
    "METRIC",
];

/// Words that follow HALF SIZE or HALF SCALE when it speaks of the sheet, not of a brick.
pub(super) const HALVED_THINGS: [&str; 18] = [
    "PRINT",
    "PRINTS",
    "SET",
    "SETS",
    "DRAWING",
    "DRAWINGS",
    "SHEET",
    "SHEETS",
    "PLOT",
    "PLOTS",
    "PLAN",
    "PLANS",
    "REDUCTION",
    "REDUCED",
    "SCALE",
    "COPY",
    "PDF",
    "NTS",
];

/// Words this far away still qualify a ratio.
pub(super) const NOISE_BEFORE: usize = 8;
pub(super) const NOISE_AFTER: usize = 6;

pub(super) fn is_label(word: &str) -> bool {
    LABELS.contains(&word) || LABEL_TAILS.iter().any(|t| word.ends_with(t))
}

/// Whether a word speaks of a slope or, for `1:N`, of a limit, a mix or a time.
pub(super) fn tells_of_slopes(word: &str, ratio: bool) -> bool {
    SLOPES.iter().any(|s| word.starts_with(s)) || ratio && OTHER_RATIOS.contains(&word)
}
