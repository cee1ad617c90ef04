//! A field of a patch.

use serde::{Deserialize, Deserializer};

/// Absent leaves the stored value, null clears it. Use with `#[serde(default)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<T> Field<T> {
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(v) => Some(v),
            Self::Absent | Self::Null => None,
        }
    }

    /// Writes the field over a stored value.
    pub fn write(self, stored: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *stored = None,
            Self::Value(v) => *stored = Some(v),
        }
    }
}

/// A field that cannot be cleared: `None` leaves the stored value.
pub(crate) fn set<T>(field: Option<T>, stored: &mut T) {
    if let Some(value) = field {
        *stored = value;
    }
}

impl<T> From<Option<T>> for Field<T> {
    /// A value that is present: `None` is null.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(d).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Patch {
        #[serde(default)]
        depth: Field<f64>,
    }

    #[test]
    fn absent_null_and_value_are_three_things() {
        for (text, stays, expect) in [
            ("{}", true, Some(4.0)),
            (r#"{"depth":null}"#, false, None),
            (r#"{"depth":6}"#, false, Some(6.0)),
        ] {
            let patch: Patch = serde_json::from_str(text).unwrap();
            let mut stored = Some(4.0);
            assert_eq!(patch.depth.is_absent(), stays, "{text}");
            patch.depth.write(&mut stored);
            assert_eq!(stored, expect, "{text}");
        }
    }
}
