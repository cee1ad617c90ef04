//! What a PDF page's result depends on, by value.
//!
//! The walk follows everything that the reader and the renderer follow from a page: its boxes, content,
//! resources and annotations' appearances, and which layers the file switches off. Object numbers do not
//! enter the key: the nth object that the walk meets is "the nth", wherever the file keeps it. Streams
//! enter as they are packed, with their dictionaries, so that nothing is unpacked. Whatever cannot be
//! told for sure makes the page one without a key.

use std::borrow::Cow;

use hayro_syntax::object::{Array, Dict, MaybeRef, Object, ObjectIdentifier, Rect, Stream};
use hayro_syntax::page::{Page, Rotation};
use hayro_syntax::xref::XRef;
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

use super::layers;

/// Values that a page's walk may meet; far above any plan's page.
const MAX_VALUES: u32 = 500_000;
/// Deepest nesting, references included. The walk is recursive.
const MAX_DEPTH: u32 = 64;
/// Streams whose hashes are kept for the file's other pages.
const MAX_KNOWN: usize = 100_000;
/// Hashed at a time.
const BUFFER_BYTES: usize = 16 * 1024;

/// Entries of a page that are followed whole.
const OF_PAGE: [&[u8]; 2] = [b"Contents", b"Group"];
/// Entries of an annotation that decide what is drawn of it. Its others lead to other pages.
const OF_ANNOTATION: [&[u8]; 5] = [b"AP", b"AS", b"F", b"OC", b"Rect"];
/// Entries of a stream's dictionary that nobody draws from: they change whenever a file is written.
const IDLE: [&[u8]; 6] =
    [b"Length", b"Metadata", b"PieceInfo", b"LastModified", b"StructParent", b"StructParents"];

/// Hashes of packed streams, by where they lie in the file's bytes, which stay in place as long as it is
/// open. Pages share fonts and pictures.
#[derive(Default)]
pub(super) struct KnownStreams(FxHashMap<(usize, usize), [u8; 32]>);

/// The page has something that cannot be told by value.
struct Unsure;

/// `None` where two pages of one key might differ.
pub(super) fn content_key(page: &Page<'_>, known: &mut KnownStreams) -> Option<[u8; 32]> {
    let first = Walk::new(page, known).page(page).ok()?;
    // A reader that meets damage rebuilds its table of objects and reads others from then on. If it did so
    // on the way, another walk gives another key.
    let second = Walk::new(page, known).page(page).ok()?;
    (first == second).then_some(first)
}

struct Walk<'p, 'k> {
    xref: &'p XRef,
    known: &'k mut KnownStreams,
    off: FxHashSet<ObjectIdentifier>,
    /// Objects met, in order.
    met: FxHashMap<ObjectIdentifier, u64>,
    values: u32,
    hash: Sha256,
    buffer: Vec<u8>,
}

impl<'p, 'k> Walk<'p, 'k> {
    fn new(page: &Page<'p>, known: &'k mut KnownStreams) -> Self {
        Self {
            xref: page.xref(),
            known,
            off: layers::off(page),
            met: FxHashMap::default(),
            values: 0,
            hash: Sha256::new(),
            buffer: Vec::with_capacity(BUFFER_BYTES),
        }
    }

    fn page(mut self, page: &Page<'p>) -> Result<[u8; 32], Unsure> {
        self.bytes(b'p', b"pdf");
        self.geometry(page);
        self.count(b'l', u64::from(self.xref.has_optional_content_groups()));
        for key in OF_PAGE {
            self.entry(page.raw(), key, 0)?;
        }
        let resources = page.resources();
        for dict in [
            &resources.ext_g_states,
            &resources.fonts,
            &resources.properties,
            &resources.color_spaces,
            &resources.x_objects,
            &resources.patterns,
            &resources.shadings,
        ] {
            self.dict(dict, &[], 0)?;
        }
        if let Some(annotations) = page.raw().get::<Array<'_>>(b"Annots") {
            for annotation in annotations.iter::<Dict<'_>>() {
                self.count(b'@', 0);
                for key in OF_ANNOTATION {
                    self.entry(&annotation, key, 0)?;
                }
            }
        }
        self.hash.update(&self.buffer);
        Ok(self.hash.finalize().into())
    }

    /// Boxes and turn as the reader takes them, inherited or not.
    fn geometry(&mut self, page: &Page<'p>) {
        let turn = match page.rotation() {
            Rotation::None => 0,
            Rotation::Horizontal => 1,
            Rotation::Flipped => 2,
            Rotation::FlippedHorizontal => 3,
        };
        self.count(b't', turn);
        let unit = page.raw().get::<f32>(b"UserUnit");
        self.count(b'u', unit.map_or(u64::MAX, |unit| u64::from(unit.to_bits())));
        for Rect { x0, y0, x1, y1 } in [page.media_box(), page.crop_box()] {
            for side in [x0, y0, x1, y1] {
                self.count(b'x', side.to_bits());
            }
        }
    }

    fn entry(&mut self, dict: &Dict<'p>, key: &[u8], depth: u32) -> Result<(), Unsure> {
        match dict.get_raw::<Object<'_>>(key) {
            Some(value) => self.value(value, depth),
            None if dict.contains_key(key) => Err(Unsure),
            None => {
                self.count(b'-', 0);
                Ok(())
            }
        }
    }

    fn value(&mut self, value: MaybeRef<Object<'p>>, depth: u32) -> Result<(), Unsure> {
        self.values += 1;
        if self.values > MAX_VALUES || depth > MAX_DEPTH {
            return Err(Unsure);
        }
        let reference = match value {
            MaybeRef::NotRef(object) => return self.object(&object, depth),
            MaybeRef::Ref(reference) => reference,
        };
        let id = ObjectIdentifier::from(reference);
        let next = self.met.len() as u64;
        if let Some(&before) = self.met.get(&id) {
            self.count(b'b', before);
            return Ok(());
        }
        self.met.insert(id, next);
        self.count(b'r', u64::from(self.off.contains(&id)));
        // A reference to nothing is null to one reader and damage to another.
        match self.xref.get::<Object<'_>>(id).ok_or(Unsure)? {
            Object::Stream(stream) => self.stream(&stream, depth + 1),
            object => self.object(&object, depth + 1),
        }
    }

    fn object(&mut self, object: &Object<'p>, depth: u32) -> Result<(), Unsure> {
        match object {
            Object::Null(_) => self.count(b'0', 0),
            Object::Boolean(value) => self.count(b'?', u64::from(*value)),
            // Whole numbers and others that are equal are not the same to the reader.
            Object::Number(number) => self.bytes(b'n', number.to_string().as_bytes()),
            Object::String(text) => self.bytes(b's', text.as_bytes()),
            Object::Name(name) => self.bytes(b'/', name.as_ref()),
            Object::Dict(dict) => self.dict(dict, &[], depth)?,
            Object::Array(array) => self.array(array, depth)?,
            // Streams are objects of their own.
            Object::Stream(_) => return Err(Unsure),
        }
        Ok(())
    }

    fn dict(&mut self, dict: &Dict<'p>, without: &[&[u8]], depth: u32) -> Result<(), Unsure> {
        self.count(b'd', dict.len() as u64);
        let mut read = 0;
        for (name, value) in dict.entries() {
            read += 1;
            if !without.contains(&name.as_ref()) {
                self.bytes(b'/', name.as_ref());
                self.value(value, depth + 1)?;
            }
        }
        // An entry that is no object to the walk may be something to the reader.
        if read == dict.len() { Ok(()) } else { Err(Unsure) }
    }

    fn array(&mut self, array: &Array<'p>, depth: u32) -> Result<(), Unsure> {
        // What is between the items' numbers, so that items that cannot be read are told apart as well.
        let rest: Vec<u8> = array.data().iter().copied().filter(|b| !b.is_ascii_digit()).collect();
        self.bytes(b'a', &rest);
        for item in array.raw_iter() {
            self.value(item, depth + 1)?;
        }
        self.count(b']', 0);
        Ok(())
    }

    fn stream(&mut self, stream: &Stream<'p>, depth: u32) -> Result<(), Unsure> {
        self.count(b'm', 0);
        self.dict(stream.dict(), &IDLE, depth)?;
        // Bytes that had to be decrypted are the reader's own copy.
        let Cow::Borrowed(packed) = stream.raw_data() else { return Err(Unsure) };
        let place = (packed.as_ptr().addr(), packed.len());
        let digest = match self.known.0.get(&place) {
            Some(&digest) => digest,
            None => {
                let digest: [u8; 32] = Sha256::digest(packed).into();
                if self.known.0.len() < MAX_KNOWN {
                    self.known.0.insert(place, digest);
                }
                digest
            }
        };
        self.bytes(b'h', &digest);
        Ok(())
    }

    /// A mark and a number.
    fn count(&mut self, mark: u8, n: u64) {
        self.buffer.push(mark);
        self.buffer.extend_from_slice(&n.to_le_bytes());
        if self.buffer.len() >= BUFFER_BYTES {
            self.hash.update(&self.buffer);
            self.buffer.clear();
        }
    }

    /// A mark and bytes, with their number before them: no two sequences of values read the same.
    fn bytes(&mut self, mark: u8, bytes: &[u8]) {
        self.count(mark, bytes.len() as u64);
        self.buffer.extend_from_slice(bytes);
    }
}
