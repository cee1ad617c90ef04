//! Streams that hold the file's objects and the table of them.

use std::borrow::Cow;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Name, ObjectIdentifier, Stream};
use rustc_hash::FxHashSet;

use super::packed;
use super::whole::{Fault, Faulty, Kind};
use crate::found::Finding;
use crate::page::open::Bytes;

/// Longest beginning of an object, from its number to its type.
const MAX_HEAD_BYTES: usize = 4 * 1024;
/// Object streams that are looked at, and bytes unpacked of each.
const MAX_STREAMS: usize = 100_000;
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of a file that are looked through before what was read is let go of.
const MAX_HELD: usize = 16 * 1024 * 1024;

/// Streams of objects that are damaged. They are looked for in the file's bytes, as nothing lists them.
pub(super) fn faulty(pdf: &Pdf, file: &dyn Bytes) -> Vec<Faulty> {
    let bytes = file.as_ref();
    let mut seen: FxHashSet<ObjectIdentifier> = FxHashSet::default();
    let mut faulty = Vec::new();
    let mut held = 0;
    for at in memchr::memchr_iter(b'/', bytes) {
        if at - held > MAX_HELD {
            file.let_go();
            held = at;
        }
        if !bytes[at + 1..].starts_with(b"ObjStm") && !bytes[at + 1..].starts_with(b"XRef") {
            continue;
        }
        let Some(id) = object_before(&bytes[at.saturating_sub(MAX_HEAD_BYTES)..at]) else { continue };
        if seen.len() >= MAX_STREAMS || !seen.insert(id) {
            continue;
        }
        let Some(stream) = pdf.xref().get::<Stream<'_>>(id) else { continue };
        let kind = stream.dict().get::<Name<'_>>(b"Type");
        let looked_at = match kind.as_ref().map(AsRef::as_ref) {
            Some(b"ObjStm") => true,
            // It is never encrypted, and the reader decrypts it all the same.
            Some(b"XRef") => matches!(stream.raw_data(), Cow::Borrowed(_)),
            _ => false,
        };
        if looked_at && let Some(damage) = packed::examine(&stream, MAX_BYTES, &mut |_| true).damage {
            faulty.push(Faulty::new(Kind::Objects, id, Fault::Damaged(damage)));
        }
    }
    faulty
}

/// What a person should know of a file whose objects are damaged.
pub(super) fn finding(faulty: &[Faulty]) -> Option<Finding> {
    (!faulty.is_empty()).then(|| {
        let objects: Vec<String> = faulty.iter().take(5).map(|f| f.object.to_string()).collect();
        let named = objects.join(", ");
        Finding::new(
            "objects_damaged",
            format!(
                "Objects of the file are damaged (in object {named}): whatever is on its pages may be missing or wrong."
            ),
        )
    })
}

/// The object that begins last in some bytes: `12 0 obj`.
fn object_before(bytes: &[u8]) -> Option<ObjectIdentifier> {
    let at = bytes.windows(4).rposition(|w| w[..3] == *b"obj" && !w[3].is_ascii_alphanumeric())?;
    let mut words = bytes[..at].rsplit(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let mut number = || {
        let word = words.next()?;
        let digits = word.iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |i| i + 1);
        std::str::from_utf8(&word[digits..]).ok().filter(|w| !w.is_empty())
    };
    let generation = number()?.parse().ok()?;
    Some(ObjectIdentifier::new(number()?.parse().ok()?, generation))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A file that is read from its beginning, and how often it was let go of.
    struct Counting {
        bytes: Vec<u8>,
        let_go: AtomicUsize,
    }

    impl AsRef<[u8]> for Counting {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }

    impl Bytes for Counting {
        fn let_go(&self) {
            self.let_go.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_large_file_is_let_go_of_while_it_is_looked_through() {
        let mut set = pdf_writer::Pdf::new();
        let [catalog, tree, page, extra] = [1, 2, 3, 4].map(pdf_writer::Ref::new);
        set.catalog(catalog).pages(tree);
        set.pages(tree).kids([page]).count(1);
        set.page(page).parent(tree).media_box(pdf_writer::Rect::new(0.0, 0.0, 200.0, 200.0));
        set.stream(extra, &vec![b'/'; 3 * MAX_HELD]);
        let file = Counting { bytes: set.finish(), let_go: AtomicUsize::new(0) };
        let pdf = Pdf::new(file.bytes.clone()).unwrap();
        assert!(faulty(&pdf, &file).is_empty());
        let let_go = file.let_go.into_inner();
        assert!((2..=3).contains(&let_go), "{let_go} times");
    }

    #[test]
    fn an_object_is_known_by_the_numbers_before_it() {
        let of = |text: &str| object_before(text.as_bytes()).map(|id| (id.obj_number, id.gen_number));
        assert_eq!(of("1 0 obj\n<<>>\nendobj\n12 3 obj\n<</N 4"), Some((12, 3)));
        assert_eq!(of("endobj\r7  0\nobj<</Length 9"), Some((7, 0)));
        assert_eq!(of("endobj7 0 obj<<"), Some((7, 0)));
        assert_eq!(of("<</Type"), None);
    }
}
