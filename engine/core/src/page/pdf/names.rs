//! The names in a content stream: what of its resources it may use.

use rustc_hash::FxHashSet;

/// Content with more names than this, or longer ones, is taken to use all that it could.
const MAX_NAMES: usize = 20_000;
const MAX_NAME_BYTES: usize = 256;

/// Names met so far; content comes in pieces. Whatever looks like a name is one, also within a string.
#[derive(Debug, Default)]
pub(super) struct Names {
    found: FxHashSet<Box<[u8]>>,
    /// The name at the end of the last piece.
    open: Option<Vec<u8>>,
    all: bool,
}

impl Names {
    /// As if every name were met.
    pub(super) fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.all || self.found.contains(name)
    }

    pub(super) fn read(&mut self, mut piece: &[u8]) {
        while !self.all {
            if self.open.is_none() {
                let Some(at) = piece.iter().position(|b| *b == b'/') else { return };
                piece = &piece[at + 1..];
                self.open = Some(Vec::new());
            }
            let end = piece.iter().position(|b| is_delimiter(*b));
            let Some(open) = &mut self.open else { return };
            open.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
            self.all |= open.len() > MAX_NAME_BYTES;
            let Some(end) = end else { return };
            piece = &piece[end..];
            self.close();
        }
    }

    /// Ends a stream of several: no name goes on in the next one.
    pub(super) fn close(&mut self) {
        let Some(name) = self.open.take() else { return };
        self.found.insert(spelled(&name).into_boxed_slice());
        self.all |= self.found.len() > MAX_NAMES;
    }
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ' | b'(' | b')' | b'<' | b'>' | b'[' | b']')
        || matches!(byte, b'{' | b'}' | b'/' | b'%')
}

/// A name without its `#` escapes.
fn spelled(name: &[u8]) -> Vec<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    loop {
        rest = match rest {
            [] => return out,
            [b'#', high, low, more @ ..] if digit(*high).is_some() && digit(*low).is_some() => {
                out.push(digit(*high).unwrap_or(0) << 4 | digit(*low).unwrap_or(0));
                more
            }
            [byte, more @ ..] => {
                out.push(*byte);
                more
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_the_content_is_cut() {
        let content = b"/Im0 Do q/F#31 9 Tf(a/b)Tj [/Long-Name_2]/X<</Y 1>>BDC /End";
        for length in 1..content.len() {
            let mut names = Names::default();
            content.chunks(length).for_each(|piece| names.read(piece));
            names.close();
            for name in ["Im0", "F1", "Long-Name_2", "X", "Y", "End", "b"] {
                assert!(names.has(name.as_bytes()), "{name} in pieces of {length}");
            }
            assert!(!names.has(b"Im") && !names.has(b"Do") && !names.has(b"F#31"));
        }
    }

    #[test]
    fn content_with_too_many_names_may_use_anything() {
        let mut names = Names::default();
        (0..=MAX_NAMES).for_each(|i| names.read(format!("/N{i} ").as_bytes()));
        assert!(names.has(b"whatever"));
    }
}
