use crate::model::MeasurementType;

/// A unit that quantities of one measurement type are shown in.
///
/// Lengths are measured in feet, areas in square feet and volumes in cubic feet; a unit converts from
/// those, so that what is labelled square yards is square yards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// As it is stored and shown; `None` for a count's own word, which converts nothing.
    code: Option<&'static str>,
    /// A quantity is feet (square, cubic) times the one over the other: exact for whole numbers of feet.
    times: f64,
    over: f64,
}

/// Why a text is not a unit of the type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    #[error("the unit of {of} must be one of {}, not {given:?}", codes(*.of))]
    NotOfType { given: String, of: TypeName },
    #[error(
        "{given:?} measures {measures}, and a count is of pieces: give EA or a word for the piece, such as \
         SET or PR"
    )]
    NotPieces { given: String, measures: TypeName },
    #[error("the unit must not be empty")]
    Empty,
}

/// What a measurement type measures, as messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeName(pub MeasurementType);

impl std::fmt::Display for TypeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            MeasurementType::Linear => "a length",
            MeasurementType::Area => "an area",
            MeasurementType::Volume => "a volume",
            MeasurementType::Count => "a count",
        })
    }
}

struct Known {
    of: MeasurementType,
    code: &'static str,
    /// Other spellings, upper case, without dots and spaces.
    also: &'static [&'static str],
    times: f64,
    over: f64,
}

const fn known(
    of: MeasurementType,
    code: &'static str,
    also: &'static [&'static str],
    times: f64,
    over: f64,
) -> Known {
    Known { of, code, also, times, over }
}

/// Meters in a foot (international).
const M: f64 = 0.3048;

/// The first of each type is the one that it takes unless told otherwise.
const KNOWN: &[Known] = &[
    known(MeasurementType::Linear, "LF", &["FT", "LFT", "LINFT", "FOOT", "FEET", "'"], 1.0, 1.0),
    known(MeasurementType::Linear, "LY", &["YD", "LYD", "YARD", "YARDS"], 1.0, 3.0),
    known(MeasurementType::Linear, "IN", &["INCH", "INCHES", "\""], 12.0, 1.0),
    known(MeasurementType::Linear, "CLF", &["HLF"], 1.0, 100.0),
    known(MeasurementType::Linear, "M", &["LM", "METER", "METRE", "METERS", "METRES"], M, 1.0),
    known(MeasurementType::Area, "SF", &["SQFT", "FT2", "FT²", "SQUAREFEET"], 1.0, 1.0),
    known(MeasurementType::Area, "SY", &["SQYD", "YD2", "YD²", "SQUAREYARDS"], 1.0, 9.0),
    known(MeasurementType::Area, "SQ", &["SQS", "SQUARE", "SQUARES", "CSF"], 1.0, 100.0),
    known(MeasurementType::Area, "MSF", &[], 1.0, 1_000.0),
    known(MeasurementType::Area, "ACRE", &["AC", "ACRES"], 1.0, 43_560.0),
    known(MeasurementType::Area, "M2", &["M²", "SM", "SQM"], M * M, 1.0),
    known(MeasurementType::Volume, "CY", &["CUYD", "YD3", "YD³", "BCY", "CUBICYARDS"], 1.0, 27.0),
    known(MeasurementType::Volume, "CF", &["CUFT", "FT3", "FT³", "CUBICFEET"], 1.0, 1.0),
    known(MeasurementType::Volume, "M3", &["M³", "CM", "CUM"], M * M * M, 1.0),
    known(MeasurementType::Count, "EA", &["EACH"], 1.0, 1.0),
];

fn codes(of: TypeName) -> String {
    let codes: Vec<&str> = KNOWN.iter().filter(|k| k.of == of.0).map(|k| k.code).collect();
    codes.join(", ")
}

/// `sq. ft` and `SQFT` are one spelling.
fn folded(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '.' | ' ' | '_' | '-')).flat_map(char::to_uppercase).collect()
}

fn find(text: &str, of: impl Fn(MeasurementType) -> bool) -> Option<&'static Known> {
    let word = folded(text);
    KNOWN.iter().find(|k| of(k.of) && (k.code == word || k.also.contains(&word.as_str())))
}

impl Unit {
    /// The unit that a quantity of the type has unless another is asked for: LF, SF, CY, EA.
    pub fn standard(of: MeasurementType) -> &'static str {
        match of {
            MeasurementType::Linear => "LF",
            MeasurementType::Area => "SF",
            MeasurementType::Volume => "CY",
            MeasurementType::Count => "EA",
        }
    }

    /// Reads a unit of the type in any of its spellings. Of a count every word is one that does not
    /// measure something else.
    pub fn of(measurement_type: MeasurementType, text: &str) -> Result<Self, UnitError> {
        if text.trim().is_empty() {
            return Err(UnitError::Empty);
        }
        let given = || text.chars().take(50).collect();
        if let Some(k) = find(text, |of| of == measurement_type) {
            return Ok(Self { code: Some(k.code), times: k.times, over: k.over });
        }
        if measurement_type != MeasurementType::Count {
            return Err(UnitError::NotOfType { given: given(), of: TypeName(measurement_type) });
        }
        match find(text, |of| of != MeasurementType::Count) {
            Some(k) => Err(UnitError::NotPieces { given: given(), measures: TypeName(k.of) }),
            None => Ok(Self { code: None, times: 1.0, over: 1.0 }),
        }
    }

    /// Whether a quantity of either is the same number in the other; a text that is no unit of its type is
    /// one with nothing but itself.
    pub fn same(one: (MeasurementType, &str), other: (MeasurementType, &str)) -> bool {
        let size = |(of, text): (MeasurementType, &str)| Self::of(of, text).map(|u| u.from_feet(1.0)).ok();
        one == other || (one.0 == other.0 && size(one).is_some() && size(one) == size(other))
    }

    /// Its code; `None` for a count's own word.
    pub fn known_code(self) -> Option<&'static str> {
        self.code
    }

    /// As it is stored and shown: the field's code, or a count's own word as given.
    pub fn code(self, given: &str) -> String {
        self.code.map_or_else(|| given.trim().to_owned(), str::to_owned)
    }

    /// From feet, square feet, cubic feet or pieces.
    pub fn from_feet(self, quantity: f64) -> f64 {
        quantity * self.times / self.over
    }

    /// To feet, square feet, cubic feet or pieces.
    pub fn to_feet(self, quantity: f64) -> f64 {
        quantity * self.over / self.times
    }
}
