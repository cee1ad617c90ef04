//! What the operators of content take (ISO 32000-2, annex A).

use std::sync::LazyLock;

use hayro_syntax::object::{MaybeRef, Object};
use rustc_hash::FxHashMap;

use super::spelling;

/// Colours have no more parts.
const MAX_PARTS: usize = 32;

/// Operators by what they take: `n` a number, `/` a name, `s` a string, `d` numbers in brackets, `t` strings and
/// numbers in brackets, `p` a name or a dictionary, `c` the parts of a colour, `x` those and a pattern, `i` a picture.
const TAKEN: &str = r#"
    -- q Q h n b B b* B* f F f* s S W W* BT ET T* EMC BX EX EI ID
    n g G w J j M i Tc Tw Tz TL Tr Ts
    nn m l Td TD d0
    nnn rg RG
    nnnn k K re v y
    nnnnnn cm c Tm d1
    / Do gs sh cs CS ri MP BMC
    /n Tf
    /p BDC DP
    s Tj '
    nns "
    t TJ
    dn d
    c sc SC
    x scn SCN
    i BI"#;

static OPERATORS: LazyLock<FxHashMap<&'static [u8], &'static str>> = LazyLock::new(|| {
    let of_line = |line: &'static str| {
        let mut words = line.split_ascii_whitespace();
        let takes = words.next().unwrap_or_default().trim_matches('-');
        words.map(move |operator| (operator.as_bytes(), takes))
    };
    TAKEN.lines().flat_map(of_line).collect()
});

/// What an operator takes; `None` of what is none.
pub(super) fn taken_by(operator: &[u8]) -> Option<&'static str> {
    OPERATORS.get(operator).copied()
}

/// Whether operands are what is taken, no more and no less.
pub(super) fn fit<'o, 'a: 'o>(takes: &str, operands: impl Iterator<Item = &'o Object<'a>>) -> bool {
    match takes.as_bytes() {
        [kind @ (b'c' | b'x')] => are_colour(operands, *kind == b'x'),
        _ => {
            let mut takes = takes.bytes();
            let mut operands = operands;
            operands.all(|operand| takes.next().is_some_and(|kind| is(kind, operand)))
                && takes.next().is_none()
        }
    }
}

fn is(kind: u8, operand: &Object<'_>) -> bool {
    match (kind, operand) {
        (b'n', Object::Number(_))
        | (b'/', Object::Name(_))
        | (b's', Object::String(_))
        | (b'p', Object::Name(_) | Object::Dict(_)) => true,
        // One that has no end is none.
        (b'i', Object::Stream(_)) => true,
        (b'd', Object::Array(array)) => array.raw_iter().all(|item| is_item(item, false)),
        (b't', Object::Array(array)) => array.raw_iter().all(|item| is_item(item, true)),
        _ => false,
    }
}

fn is_item(item: MaybeRef<Object<'_>>, text: bool) -> bool {
    match item {
        MaybeRef::NotRef(Object::Number(_)) => true,
        MaybeRef::NotRef(Object::String(_)) => text,
        _ => false,
    }
}

fn are_colour<'o, 'a: 'o>(operands: impl Iterator<Item = &'o Object<'a>>, pattern: bool) -> bool {
    let (mut parts, mut name) = (0, false);
    for operand in operands {
        match operand {
            Object::Number(_) if !name => parts += 1,
            Object::Name(_) if pattern && !name => name = true,
            _ => return false,
        }
    }
    parts <= MAX_PARTS && (parts > 0 || name)
}

/// Whether an operator that makes a path lacks numbers.
pub(super) fn lack_of_path<'o, 'a: 'o>(
    operator: &[u8],
    operands: impl Iterator<Item = &'o Object<'a>>,
) -> bool {
    let needed = match operator {
        b"m" | b"l" => 2,
        b"c" => 6,
        b"v" | b"y" | b"re" => 4,
        _ => return false,
    };
    operands.filter(|operand| matches!(operand, Object::Number(_))).count() < needed
}

/// Whether the bytes before an operator are nothing but its operands. The reader drops a word that begins as a number
/// does, and all that comes before it.
pub(super) fn are_whole(operands: &[u8]) -> bool {
    let plain = |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+') || spelling::is_blank(*b);
    operands.iter().all(plain) || spelling::are_operands(operands)
}
