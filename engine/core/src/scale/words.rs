//! The vocabulary around scales, upper case.

/// Words for "scale"; a broken font may spoil the head of one (`EVcala1:75`), so their tails count.
pub(super) const LABEL_TAILS: [&str; 7] = ["SCALE", "SCALES", "CALA", "CALAS", "CHELLE", "STAB", "SKALA"];
pub(super) const LABELS: [&str; 15] = [
    "SC",
    "SCHAAL",
    "MASZSTAB",
    "M",
    "ECH",
    "ESC",
    "MÅLESTOKK",
    "MÅLESTOK",
    "MÅL",
    "MITTAKAAVA",
    "MĚŘÍTKO",
    "MERITKO",
    "MIERKA",
    "LÉPTÉK",
    "МАСШТАБ",
];

/// Words that a view's title ends in, just before its scale.
pub(super) const TITLES: [&str; 28] = [
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
    "ANSICHT",
    "COUPE",
    "FACADE",
    "FAÇADE",
    "ALZADO",
    "SECCION",
    "SECCIÓN",
    "PIANTA",
    "SEZIONE",
    "DIAGRAM",
    "ISOMETRIC",
    "PART",
    "ENLARGED",
];

/// Words before a number that is a name, not a measure: DETAIL 3, LEVEL 2.
pub(super) const NUMBERED: [&str; 27] = [
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
    "NOTE",
    "KEYNOTE",
    "ITEM",
    "PLOT",
    "LOT",
    "UNIT",
    "FLAT",
    "APARTMENT",
    "ZONE",
    "STEP",
    "OPTION",
    "REV",
    "REVISION",
];

/// Heads of words that speak of a slope, or of how much something may be out.
const SLOPES: [&str; 22] = [
    "SLOPE",
    "SLOPING",
    "FALL",
    "GRAD",
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
    "TOLERANC",
    "DEFLECT",
    "WITHIN",
    "PENTE",
    "PENDIENTE",
    "PENDENZA",
    "GEFÄLLE",
    "NEIGUNG",
];
/// Words that make `1:N` a limit, a mix or a time rather than a scale.
const OTHER_RATIOS: [&str; 22] = [
    "MAX", "MAXIMUM", "MIN", "MINIMUM", "RUN", "MIX", "MIXED", "CEMENT", "SAND", "MORTAR", "GROUT", "LIME",
    "BERM", "TOWARD", "TOWARDS", "AM", "PM", "HRS", "HOURS", "RATIO", "DILUTE", "DILUTED",
];

/// Words just before a notation that say that it does not hold, and words after it.
pub(super) const NOT_IN_FORCE: [&str; 7] =
    ["NOT", "VOID", "VOIDED", "PREVIOUS", "FORMER", "SUPERSEDED", "OLD"];
pub(super) const NO_LONGER: [&str; 11] = [
    "VOID",
    "VOIDED",
    "SUPERSEDED",
    "WITHDRAWN",
    "DELETED",
    "OBSOLETE",
    "CANCELLED",
    "CANCELED",
    "INCORRECT",
    "INVALID",
    "WRONG",
];
/// The same in several words.
pub(super) const NO_LONGER_IN_WORDS: [&[&str]; 7] = [
    &["NOT", "VALID"],
    &["NOT", "APPLICABLE"],
    &["NOT", "CORRECT"],
    &["NO", "LONGER"],
    &["N", "A"],
    &["DO", "NOT", "USE"],
    &["NOT", "USED"],
];
/// Words after the second number of `1:N` that make it a quantity, or the year of a flood: LEVEL 1: 250 SF.
pub(super) const QUANTITIES: [&str; 24] = [
    "MM", "CM", "KG", "SF", "SQ", "SQM", "SQFT", "LF", "EA", "GA", "GAUGE", "PSI", "PSF", "THK", "THICK",
    "DIA", "X", "UNITS", "YEAR", "YEARS", "YR", "YRS", "STORM", "FLOOD",
];
/// What stands at equal distances: 14 RISERS @ 7" = 8'-2".
pub(super) const SPACED: [&str; 24] = [
    "EQ", "EQUAL", "SPACES", "SPACE", "SPACINGS", "SPA", "SPC", "SPCS", "SP", "RISERS", "RISER", "R", "T",
    "TREADS", "TREAD", "BARS", "BAYS", "STUDS", "JOISTS", "PANELS", "COURSES", "TIES", "STIRRUPS", "OC",
];
/// What somebody is told to make, and what that is made at a scale of its own.
pub(super) const ORDERS: [&str; 10] =
    ["SUBMIT", "SUBMITTED", "PROVIDE", "FURNISH", "PREPARE", "PRODUCE", "SUPPLY", "ISSUE", "SHALL", "MUST"];
pub(super) const ORDERED: [&str; 15] = [
    "DRAWING",
    "DRAWINGS",
    "DETAILS",
    "PLANS",
    "SKETCHES",
    "MOCKUP",
    "MOCKUPS",
    "MOCK",
    "MODEL",
    "MODELS",
    "SAMPLE",
    "SAMPLES",
    "TEMPLATE",
    "TEMPLATES",
    "SUBMITTALS",
];
/// Words that send the reader elsewhere, and how far before a notation (tokens) one makes it another sheet's.
pub(super) const REFERS: [&str; 3] = ["SEE", "REFER", "READ"];
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

/// What is printed of drawings, and what was drawn for it.
const PRINTS: [&str; 12] = [
    "PRINT",
    "PRINTS",
    "DRAWING",
    "DRAWINGS",
    "SHEET",
    "SHEETS",
    "PLOT",
    "PLOTS",
    "COPY",
    "COPIES",
    "REPRODUCTION",
    "REPRODUCTIONS",
];
/// What prints come as, where a line is known to speak of prints: the words have other meanings.
const SETS: [&str; 7] = ["SET", "SETS", "PLAN", "PLANS", "DOCUMENT", "DOCUMENTS", "PDF"];

/// Whether a word is a thing that is printed, or its scale, which is reduced with it.
pub(super) fn is_print(word: &str) -> bool {
    PRINTS.contains(&word) || word == "SCALE"
}

/// The same, and sets and plans: behind HALF SIZE or REDUCED, before HAS BEEN REDUCED.
pub(super) fn is_print_or_set(word: &str) -> bool {
    is_print(word) || SETS.contains(&word)
}

/// Words that a note of a half-size print may go on with.
pub(super) fn is_halved(word: &str) -> bool {
    is_print_or_set(word) || matches!(word, "REDUCTION" | "REDUCED" | "NTS")
}

/// Words of a title block's fields, for what stands beside a scale there. Not those that things of a plan have, too.
const FIELDS: [&str; 35] = [
    "DATE",
    "DATED",
    "DRAWN",
    "DRAWING",
    "DRAWINGS",
    "DRG",
    "DRW",
    "DWG",
    "CHECKED",
    "CHKD",
    "CHK",
    "APPROVED",
    "APPR",
    "DESIGNED",
    "REV",
    "REVISION",
    "REVISIONS",
    "ISSUE",
    "ISSUED",
    "STATUS",
    "JOB",
    "PROJECT",
    "CLIENT",
    "SHEET",
    "NUMBER",
    "NO",
    "BY",
    "REF",
    "TITLE",
    "PLANNING",
    "TENDER",
    "PRELIMINARY",
    "CONSTRUCTION",
    "BUILDING",
    "REGS",
];
/// Months, which the dates of title blocks name.
const MONTHS: [&str; 23] = [
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "SEPT",
    "OCT",
    "NOV",
    "DEC",
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
];

/// Whether words name where north is, which stands beside a scale and says nothing of it.
pub(super) fn is_north(words: &[&str]) -> bool {
    const NORTHS: [&str; 4] = ["NORTH", "NORD", "NORTE", "NOORD"];
    let known = |w: &&str| NORTHS.contains(w) || matches!(*w, "N" | "TRUE" | "PROJECT" | "MAGNETIC" | "GRID");
    words.iter().any(|w| NORTHS.contains(w)) && words.iter().all(known)
}

/// Whether a word is of a title block's own fields: their names, months, states of issue.
pub(super) fn is_field(word: &str) -> bool {
    FIELDS.contains(&word) || MONTHS.contains(&word) || word == "DECEMBER"
}

/// What runs to a drain, at a slope: PIPE AT 1/8" = 1'-0".
pub(super) const RUNS: [&str; 14] = [
    "PIPE", "PIPES", "PIPING", "SEWER", "SEWERS", "DRAINAGE", "LINE", "LINES", "LATERAL", "LATERALS",
    "GUTTER", "GUTTERS", "CONDUIT", "CONDUITS",
];
/// Words that bound what stands beside them.
pub(super) const BOUNDS: [&str; 4] = ["MIN", "MINIMUM", "MAX", "MAXIMUM"];

/// Whether words speak of a slope and of nothing besides: SLOPE, MIN. PITCH, SLOPE TO DRAIN.
pub(super) fn speaks_of_slope_only(words: &[&str]) -> bool {
    const BESIDE: [&str; 12] =
        ["DOWN", "UP", "TO", "ROOF", "TYP", "TYPICAL", "AT", "PER", "FOOT", "FT", "OF", "FINISHED"];
    let slope = |w: &&str| tells_of_slopes(w, false);
    words.iter().any(slope) && words.iter().all(|w| slope(w) || BOUNDS.contains(w) || BESIDE.contains(w))
}

/// Whether words send the reader to another sheet and say nothing besides: SEE SHEET A-401, REFER TO DWG 12.
pub(super) fn sends_elsewhere(words: &[&str]) -> bool {
    const SHEETS: [&str; 8] = ["SHEET", "SHEETS", "DRAWING", "DRAWINGS", "DWG", "DWGS", "TO", "ON"];
    let Some((first, rest)) = words.split_first() else { return false };
    REFERS.contains(first)
        && rest.iter().any(|w| SHEETS.contains(w))
        && rest.iter().all(|w| SHEETS.contains(w) || w.chars().count() <= 2)
}

/// Words this far away still qualify a ratio.
pub(super) const NOISE_BEFORE: usize = 8;
pub(super) const NOISE_AFTER: usize = 6;

pub(super) fn is_label(word: &str) -> bool {
    LABELS.contains(&word) || LABEL_TAILS.iter().any(|t| word.ends_with(t))
}

/// Whether a word names the slope that stands just before it.
pub(super) fn is_slope(word: &str) -> bool {
    ["FALL", "SLOPE", "PITCH", "RAMP", "GRADIENT", "CROSSFALL"]
        .iter()
        .any(|s| word.strip_suffix('S').unwrap_or(word) == *s)
}

/// Whether a word speaks of a slope or, for `1:N`, of a limit, a mix or a time.
pub(super) fn tells_of_slopes(word: &str, ratio: bool) -> bool {
    SLOPES.iter().any(|s| word.starts_with(s)) || ratio && OTHER_RATIOS.contains(&word)
}
