//! What content does with the names of its resources, and whether it can be read as content to its end.

use std::collections::BTreeSet;

use hayro_syntax::content::{Instruction, UntypedIter};
use hayro_syntax::object::{Name, Object};

use super::{operands, spelling};
use crate::budget::{Budget, Exhausted};

/// Names that are kept of one content; the others go unlooked at.
const MAX_USES: usize = 20_000;
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
    /// Operations whose operands are not those that they take, or words among operands that are none.
    Operands { first: String, count: u64 },
    /// Nothing is read behind this place.
    Stuck,
}

#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) named: BTreeSet<(Of, Box<[u8]>)>,
    pub(super) trouble: Option<Trouble>,
}

/// Reads content as the interpreter does, without drawing.
pub(super) fn read(content: &[u8], budget: &Budget) -> Result<Uses, Exhausted> {
    let mut uses = Uses::default();
    let mut operations = UntypedIter::new(content);
    let (mut unspent, mut compatible) = (0, 0_u32);
    // Where the operands of the next operation begin; `None` where that is not known.
    let mut end = Some(0);
    let mut font: Option<Box<[u8]>> = None;
    let (mut unknown, mut unfit) = (Counted::default(), Counted::default());
    while let Some(operation) = operations.next() {
        unspent += 1;
        if unspent == OPERATIONS_PER_STEP {
            unspent = 0;
            budget.spend(1)?;
        }
        let operator: &[u8] = operation.operator;
        let at = place(content, operator);
        let operands = end.zip(at).and_then(|(from, to)| content.get(from..to));
        end = at.map(|at| at + operator.len());
        match operator {
            b"BX" => compatible += 1,
            b"EX" => compatible = compatible.saturating_sub(1),
            // An inline picture goes on behind its operator.
            b"BI" => end = end_of_picture(content, operation.operands().last()),
            _ => {}
        }
        let used = named_by(&operation, &mut font);
        match operands::taken_by(operator) {
            None if compatible == 0 => unknown.add(operator),
            None => {}
            Some(takes) => {
                let fits =
                    operands::fit(takes, operation.operands()) && operands.is_none_or(operands::are_whole);
                if !fits {
                    unfit.add(operator);
                }
            }
        }
        if let Some(used) = used.filter(|_| uses.named.len() < MAX_USES) {
            uses.named.insert(used);
        }
        // There the reader stops.
        if operands::lack_of_path(operator, operation.operands()) {
            uses.trouble = Some(Trouble::Stuck);
            return Ok(uses);
        }
    }
    let rest = end.and_then(|end| content.get(end..)).unwrap_or_default();
    uses.trouble = match (spelling::are_operands(rest), unknown, unfit) {
        (false, ..) => Some(Trouble::Stuck),
        (_, Counted { first, count }, _) if count > 0 => Some(Trouble::Unknown { first, count }),
        (.., Counted { first, count }) if count > 0 => Some(Trouble::Operands { first, count }),
        _ => None,
    };
    Ok(uses)
}

/// What of the resources an operation names; `font` is the one that was named last and not written with yet.
fn named_by(operation: &Instruction<'_, '_>, font: &mut Option<Box<[u8]>>) -> Option<(Of, Box<[u8]>)> {
    let name = |nth: Option<&Object<'_>>| match nth {
        Some(Object::Name(name)) => Some(Box::from(Name::as_ref(name))),
        _ => None,
    };
    let one = || name(operation.operands().next());
    let operator: &[u8] = operation.operator;
    match operator {
        b"Do" => one().map(|name| (Of::XObject, name)),
        b"gs" => one().map(|name| (Of::State, name)),
        b"sh" => one().map(|name| (Of::Shading, name)),
        b"cs" | b"CS" => one().filter(|name| !is_own_space(name)).map(|name| (Of::Space, name)),
        b"scn" | b"SCN" => name(operation.operands().last()).map(|name| (Of::Pattern, name)),
        b"Tf" => {
            *font = one();
            None
        }
        b"Tj" | b"TJ" | b"'" | b"\"" => font.take().map(|name| (Of::Font, name)),
        b"BDC" if one().is_some_and(|tag| *tag == *b"OC") => {
            name(operation.operands().nth(1)).map(|name| (Of::Layer, name))
        }
        _ => None,
    }
}

/// How many operations there are of a kind, and the first operator of them.
#[derive(Debug, Default)]
struct Counted {
    first: String,
    count: u64,
}

impl Counted {
    fn add(&mut self, operator: &[u8]) {
        if self.count == 0 {
            self.first =
                operator.iter().take(12).map(|b| char::from(*b)).filter(|c| !c.is_control()).collect();
        }
        self.count += 1;
    }
}

/// Where content goes on behind an inline picture.
fn end_of_picture(content: &[u8], picture: Option<&Object<'_>>) -> Option<usize> {
    let Some(Object::Stream(picture)) = picture else { return None };
    let data = picture.raw_data();
    let end = place(content, &data)? + data.len();
    content.get(end..end + 2).filter(|mark| *mark == b"EI").map(|_| end + 2)
}

/// Where a part of some bytes begins in them.
fn place(whole: &[u8], part: &[u8]) -> Option<usize> {
    part.as_ptr().addr().checked_sub(whole.as_ptr().addr()).filter(|at| at + part.len() <= whole.len())
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
        for lost in [
            "0 0 m 9 9 l S ) 0 0 m 9 9 l S",
            "0 0 m S [3 3",
            "0 0 m S (a S",
            "0 0 m S 3 <",
            "q 1 0<0 1 5 5 cm q 1 0 0 1 3> 5 cm",
        ] {
            assert_eq!(trouble(lost), Some(Trouble::Stuck), "{lost}");
        }
        assert_eq!(trouble("0 0 m 9 9 l S 5 /A"), None, "operands that nothing takes");
    }

    #[test]
    fn operands_that_are_not_what_an_operator_takes_are_told() {
        let good = "q 1 0 0 -1 .5 3. cm /S Do Q [3 2] 0 d [] 0 d BT /F 9 Tf 1 0 0 1 4 5 Tm 5 TL (a\\)(b)) Tj [(a) -5 <41>] \
            TJ T* (b) ' 1 2 (c) \" ET /OC /L BDC /A <</MCID 1>> BDC EMC EMC 1 0 0 rg /P scn .5 .2 /P scn 1 2 3 4 sc % c(\n\
            /P cs 0 0 9 9 re W* n /G gs 5 w BI /W 1 /H 1 /BPC 8 /CS /G ID x EI q Q";
        assert_eq!(trouble(good), None);
        for (bad, operator) in [
            ("/S\"Do Q", "Q"),
            ("/S Do!Q q", ""),
            ("q 1 0 0 1 5 cm", "cm"),
            ("q 1 0 0 1 5 5 5 cm", "cm"),
            ("q 1 0 0 /A 5 5 cm", "cm"),
            ("q 1 0 0 1 5 54cm /S Do Q", "Do"),
            ("q 1`0 0 1 5 5 cm", "cm"),
            ("3p q", "q"),
            ("Do", "Do"),
            ("5 Do", "Do"),
            ("BT 56p Td ET", "Td"),
            ("BT 1 0 0 1 5 Tm ET", "Tm"),
            ("BT /F Tf ET", "Tf"),
            ("BT 5 Tj ET", "Tj"),
            ("[3 q] 0 d", "d"),
            ("[3 (a)] 0 d", "d"),
            ("1 0 rg", "rg"),
            ("(a) scn", "scn"),
            ("0 0 9 9 1 re", "re"),
            ("q BI /W 1 /H 1 /BPC 8 /CS /G ID q Q", "BI"),
            ("BI /W 1 /H 1 /BPC 8 /CS /G ID x EI 3p q Q", "q"),
        ] {
            match trouble(bad) {
                Some(Trouble::Operands { first, .. }) => assert_eq!(first, operator, "{bad}"),
                Some(Trouble::Unknown { .. }) if operator.is_empty() => {}
                other => panic!("{bad}: {other:?}"),
            }
        }
    }
}
