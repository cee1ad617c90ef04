//! Fields of a body that say nothing to the route.
//!
//! They are ignored, because clients send more than is read; but a misspelt one does not what its sender
//! means, so the answer names them.

/// Fields that one answer names.
pub(crate) const MAX_IGNORED: usize = 20;
/// Longest name that is sent back, characters.
const MAX_NAME: usize = 60;
/// Changed, missing or additional letters of a slip.
const SLIPS: usize = 2;
/// Letters that a name must have for one within another to be taken for it.
const TELLING: usize = 4;

/// A field that was not read, and the one that may have been meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IgnoredField {
    name: String,
    meant: Option<String>,
}

impl IgnoredField {
    /// A field beside those that the route knows.
    pub(crate) fn of(name: &str, known: &[String]) -> Self {
        let short: String = name.chars().take(MAX_NAME).collect();
        let meant = known.iter().filter_map(|k| likeness(&short, k).map(|l| (l, k))).min();
        Self { meant: meant.map(|(_, k)| k.clone()), name: short }
    }

    /// The same of an object within the body, by the names that lead there.
    pub(crate) fn within(self, path: &[&str]) -> Self {
        let steps = path.iter().copied().chain([self.name.as_str()]).collect::<Vec<_>>();
        Self { name: steps.join("."), ..self }
    }
}

/// How far a name is from a known one that may have been meant; smaller is nearer.
fn likeness(name: &str, known: &str) -> Option<usize> {
    let (a, b) = (name.to_lowercase(), known.to_lowercase());
    let slips = distance(&a, &b);
    if slips <= SLIPS && slips * 2 < b.len() {
        return Some(slips);
    }
    let within = |part: &str, whole: &str| part.len() >= TELLING && whole.contains(part);
    let apart = SLIPS + a.len().abs_diff(b.len());
    if within(&a, &b) || within(&b, &a) {
        return Some(apart);
    }
    // A slip in the last words of a longer name: `treshold` for `confidence_threshold`.
    let last_words = b.match_indices('_').map(|(at, _)| &b[at + 1..]);
    let slips = last_words.map(|part| (distance(&a, part), part.len()));
    let least = slips.filter(|(slips, len)| *slips <= SLIPS && slips * 2 < *len && *len >= TELLING).min();
    least.map(|(slips, _)| apart + slips)
}

/// Levenshtein's distance, characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The value of the header that names them: `formula (quantity_formula?), x`. Names are a client's own text,
/// so what is not a printable ASCII character is escaped.
pub(crate) fn header_text(ignored: &[IgnoredField]) -> String {
    let one = |field: &IgnoredField| {
        let name = field.name.escape_default();
        match &field.meant {
            Some(meant) => format!("{name} ({meant}?)"),
            None => name.to_string(),
        }
    };
    ignored.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str) -> String {
        let known = ["quantity_formula", "unit_cost", "confidence_threshold", "name", "unit", "x"];
        header_text(&[IgnoredField::of(name, &known.map(str::to_owned))])
    }

    #[test]
    fn a_slip_is_told_from_another_word() {
        assert_eq!(said("formula"), "formula (quantity_formula?)");
        assert_eq!(said("threshold"), "threshold (confidence_threshold?)");
        assert_eq!(said("treshold"), "treshold (confidence_threshold?)");
        assert_eq!(said("formulla"), "formulla (quantity_formula?)");
        assert_eq!(said("unitcost"), "unitcost (unit_cost?)");
        assert_eq!(said("Name"), "Name (name?)");
        assert_eq!(said("untit"), "untit (unit?)");
        for other in ["project_address", "y", "id", "color"] {
            assert_eq!(said(other), other);
        }
    }

    #[test]
    fn a_name_is_bounded_and_printable() {
        assert_eq!(said("a\r\nSet-Cookie: b"), "a\\r\\nSet-Cookie: b");
        assert!(said(&"\u{1f600}".repeat(10_000)).len() < 1_000);
    }
}
