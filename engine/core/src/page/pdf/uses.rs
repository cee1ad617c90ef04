//! What content does with the names of its resources, and whether it can be read as content to its end.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use hayro_syntax::content::UntypedIter;
use hayro_syntax::object::{Name, Object};
use rustc_hash::FxHashSet;

use crate::budget::{Budget, Exhausted};

/// Names that are kept of one content; the others go unlooked at.
const MAX_USES: usize = 20_000;
/// What may follow the last operation: operands that nothing takes.
const LOOSE_BYTES: usize = 32;
/// Operations for a step of the budget.
const OPERATIONS_PER_STEP: u32 = 16;

/// Which of the resources an operation draws on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Of {
    XObject,
    State,
    Font,
    Space,
    Pattern,
    Shading,
    Layer,
}

/// What stands in the way of reading content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Words that are no operators, outside of what is marked as new to old readers.
    Unknown { first: String, count: u64 },
    /// Nothing is read behind this place.
    Stuck,
}

#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) named: BTreeSet<(Of, Box<[u8]>)>,
    pub(super) trouble: Option<Trouble>,
}

const OPERATORS: &str = r#"b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID j J K k l
    m M MP n q Q re RG rg ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y
    ' ""#;

static KNOWN: LazyLock<FxHashSet<&'static [u8]>> =
    LazyLock::new(|| OPERATORS.split_ascii_whitespace().map(str::as_bytes).collect());

/// Numbers that an operator which makes a path takes. The reader stops at one that lacks some.
fn path_operands(operator: &[u8]) -> usize {
    match operator {
        b"m" | b"l" => 2,
        b"c" => 6,
        b"v" | b"y" | b"re" => 4,
        _ => 0,
    }
}

/// Reads content as the interpreter does, without drawing.
pub(super) fn read(content: &[u8], budget: &Budget) -> Result<Uses, Exhausted> {
    let mut uses = Uses::default();
    let mut operations = UntypedIter::new(content);
    let (mut end, mut unspent, mut compatible) = (0, 0, 0_u32);
    let mut font: Option<Box<[u8]>> = None;
    let (mut first, mut unknown) = (String::new(), 0_u64);
    while let Some(operation) = operations.next() {
        unspent += 1;
        if unspent == OPERATIONS_PER_STEP {
            unspent = 0;
            budget.spend(1)?;
        }
        let operator: &[u8] = operation.operator;
        end = place(content, operator).map_or(content.len(), |at| at + operator.len());
        let name = |nth: Option<&Object<'_>>| match nth {
            Some(Object::Name(name)) => Some(Box::from(Name::as_ref(name))),
            _ => None,
        };
        let one = || name(operation.operands().next());
        let used = match operator {
            b"Do" => one().map(|name| (Of::XObject, name)),
            b"gs" => one().map(|name| (Of::State, name)),
            b"sh" => one().map(|name| (Of::Shading, name)),
            b"cs" | b"CS" => one().filter(|name| !is_own_space(name)).map(|name| (Of::Space, name)),
            b"scn" | b"SCN" => name(operation.operands().last()).map(|name| (Of::Pattern, name)),
            b"Tf" => {
                font = one();
                None
            }
            b"Tj" | b"TJ" | b"'" | b"\"" => font.take().map(|name| (Of::Font, name)),
            b"BDC" if one().is_some_and(|tag| *tag == *b"OC") => {
                name(operation.operands().nth(1)).map(|name| (Of::Layer, name))
            }
            b"BX" => {
                compatible += 1;
                None
            }
            b"EX" => {
                compatible = compatible.saturating_sub(1);
                None
            }
            // An inline picture goes on behind its operator.
            b"BI" => {
                end = content.len();
                None
            }
            _ => None,
        };
        if compatible == 0 && !KNOWN.contains(operator) {
            if unknown == 0 {
                first =
                    operator.iter().take(12).map(|b| char::from(*b)).filter(|c| !c.is_control()).collect();
            }
            unknown += 1;
        }
        if let Some(used) = used.filter(|_| uses.named.len() < MAX_USES) {
            uses.named.insert(used);
        }
        let needed = path_operands(operator);
        let numbers = || operation.operands().filter(|o| matches!(o, Object::Number(_))).count();
        if needed > 0 && numbers() < needed {
            uses.trouble = Some(Trouble::Stuck);
            return Ok(uses);
        }
    }
    let rest = rest_of(&content[end.min(content.len())..]);
    if rest > LOOSE_BYTES {
        uses.trouble = Some(Trouble::Stuck);
    } else if unknown > 0 {
        uses.trouble = Some(Trouble::Unknown { first, count: unknown });
    }
    Ok(uses)
}

/// Where a part of some bytes begins in them.
fn place(whole: &[u8], part: &[u8]) -> Option<usize> {
    part.as_ptr().addr().checked_sub(whole.as_ptr().addr()).filter(|at| at + part.len() <= whole.len())
}

/// Bytes of the rest of a content that are neither blank nor comments.
fn rest_of(rest: &[u8]) -> usize {
    rest.split(|b| matches!(b, b'\n' | b'\r'))
        .map(|line| line.split(|b| *b == b'%').next().unwrap_or_default())
        .map(|line| line.iter().filter(|b| **b != 0 && !b.is_ascii_whitespace()).count())
        .sum()
}

/// Colour spaces that need no resource.
fn is_own_space(name: &[u8]) -> bool {
    matches!(name, b"DeviceGray" | b"DeviceRGB" | b"DeviceCMYK" | b"Pattern" | b"G" | b"RGB" | b"CMYK")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(content: &str) -> Option<Trouble> {
        read(content.as_bytes(), &Budget::unlimited()).unwrap().trouble
    }

    #[test]
    fn names_are_known_by_what_is_done_with_them() {
        let content =
            b"/A Do /B gs /C 9 Tf (text) Tj /D 9 Tf /CS0 cs 1 2 /P scn .5 scn /S sh /OC /L BDC EMC \
            /Span /M BDC EMC /DeviceRGB CS (/No Do) Tj";
        let uses = read(content, &Budget::unlimited()).unwrap();
        let named: Vec<(Of, &[u8])> = uses.named.iter().map(|(of, name)| (*of, &**name)).collect();
        let expected: [(Of, &[u8]); 8] = [
            (Of::XObject, b"A"),
            (Of::State, b"B"),
            (Of::Font, b"C"),
            (Of::Font, b"D"),
            (Of::Space, b"CS0"),
            (Of::Pattern, b"P"),
            (Of::Shading, b"S"),
            (Of::Layer, b"L"),
        ];
        assert_eq!(named, expected);
        assert_eq!(uses.trouble, None);
    }

    #[test]
    fn content_that_is_none_is_told() {
        assert_eq!(trouble("0 0 m 9 9 l S"), None);
        assert_eq!(trouble("0 0 m 9 9 l S % the end"), None);
        assert_eq!(trouble("BX 1 new EX 0 0 m 9 9 l S"), None);
        assert_eq!(
            trouble("0 0 m 9 9 l S 1 new 2 new"),
            Some(Trouble::Unknown { first: "new".into(), count: 2 })
        );
        assert_eq!(trouble("0 0 m 9 l S 0 0 m 9 9 l S"), Some(Trouble::Stuck));
        let lost = format!("0 0 m 9 9 l S ) {}", "0 0 m 9 9 l S ".repeat(9));
        assert_eq!(trouble(&lost), Some(Trouble::Stuck));
    }
}
