//! Which of the streams that a page draws from are damaged, and what of it does not hold together: names that nothing
//! has, references to nothing, entries that are no longer what they were.
//!
//! The walk follows the names that the page's content uses to the streams behind them (forms, fonts, pictures,
//! patterns, soft masks, colour profiles) and those of its annotations' appearances, and from form to form. What is
//! listed and not used does not matter.

use std::sync::Arc;

use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, Stream};
use hayro_syntax::page::{Page, Resources};
use hayro_syntax::xref::XRef;
use rustc_hash::{FxHashMap, FxHashSet};

use super::names::Names;
use super::packed::{self, Damage, parameter};
use super::unpack::ContentState;
use super::uses::{self, Uses};
use super::{fit, spelling};
use crate::budget::Budget;
use crate::found::Finding;
use crate::page::PageFailure;
use crate::page::request::ParseLimits;

/// Values that the walk over a page may meet; far above any plan's page.
const MAX_VALUES: u32 = 500_000;
/// Deepest nesting, references included. The walk is recursive.
const MAX_DEPTH: u32 = 64;
/// Steps of the budget for a piece of unpacked data.
const STEPS_PER_PIECE: u64 = 16;
/// Streams of which is kept what they are, for the file's other pages.
const MAX_KNOWN: usize = 100_000;
/// Damaged streams that a finding names.
const MAX_NAMED: usize = 5;
/// Entries that lead to what is not drawn, or back.
const ASIDE: [&[u8]; 20] = [
    b"Parent",
    b"P",
    b"Pg",
    b"Metadata",
    b"PieceInfo",
    b"StructParent",
    b"StructParents",
    b"OC",
    b"OCGs",
    b"OPI",
    // For printing, for other programs, and for what pictures are instead of.
    b"HT",
    b"BG",
    b"BG2",
    b"UCR",
    b"UCR2",
    b"Alternates",
    b"Measure",
    b"PtData",
    b"LastModified",
    b"ProcSet",
];
/// Damaged places of one page that are kept.
const MAX_FAULTY: usize = 1_000;
pub(super) const ILL_FORMED: &str = "is not written as a PDF's objects are";

/// What a stream is to its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Content,
    Form,
    Font,
    Picture,
    Pattern,
    Profile,
    Part,
    /// The entries of the page itself, and those that it inherits.
    Page,
    Layers,
    Annotation,
    /// Not of one page: objects of the file, packed together.
    Objects,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Content => "its content",
            Self::Form => "a form",
            Self::Font => "a font",
            Self::Picture => "a picture",
            Self::Pattern => "a pattern",
            Self::Profile => "a colour profile",
            Self::Part => "a part",
            Self::Page => "its own entry",
            Self::Layers => "the list of layers",
            Self::Annotation => "an annotation",
            Self::Objects => "objects of the file",
        }
    }
}

/// What is wrong with a stream or another object, as far as a page is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Damaged(Damage),
    /// It is referred to and not there.
    Missing,
    /// It is there and cannot be what it is used as: why.
    Unfit(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Faulty {
    pub(super) kind: Kind,
    pub(super) object: u32,
    pub(super) fault: Fault,
}

impl Faulty {
    pub(super) fn new(kind: Kind, id: ObjectIdentifier, fault: Fault) -> Self {
        Self { kind, object: id.obj_number, fault }
    }

    fn text(&self) -> String {
        let what = match &self.fault {
            Fault::Damaged(Damage::CutOff) => "breaks off before its end",
            Fault::Damaged(Damage::Broken) => "cannot be unpacked to its end",
            Fault::Damaged(Damage::Checksum) => "does not agree with its checksum",
            Fault::Missing => "is not in the file",
            Fault::Unfit(why) => why,
        };
        match self.object {
            0 => format!("{} {what}", self.kind.name()),
            object => format!("{} (object {object}) {what}", self.kind.name()),
        }
    }
}

/// What a person should know of a page whose streams are damaged.
pub(super) fn finding(faulty: &[Faulty]) -> Option<Finding> {
    let named: Vec<String> = faulty.iter().take(MAX_NAMED).map(Faulty::text).collect();
    let others = faulty.len().saturating_sub(MAX_NAMED);
    let more = if others > 0 { format!("; and {others} more") } else { String::new() };
    (!named.is_empty()).then(|| {
        Finding::new(
            Finding::CONTENT_DAMAGED,
            format!(
                "The file is damaged where this page draws from it: {}{more}. What the page shows may be missing \
                 or wrong, and so may what is counted and measured on it.",
                named.join("; ")
            ),
        )
    })
}

/// Of each stream that was looked at: what is wrong with it, and what its content may use.
#[derive(Default)]
pub(super) struct KnownStates(FxHashMap<ObjectIdentifier, Arc<State>>);

struct State {
    damage: Option<Damage>,
    names: Names,
    uses: Uses,
}

/// The damaged streams behind `names`, which the page's content uses, and behind its annotations.
pub(super) fn faulty_streams(
    page: &Page<'_>,
    content: &ContentState,
    known: &mut KnownStates,
    limits: &ParseLimits,
    budget: &Budget,
) -> Result<Vec<Faulty>, PageFailure> {
    let mut walk = Walk {
        xref: page.xref(),
        page: page.resources(),
        known,
        limit: limits.max_stream_bytes,
        budget,
        met: FxHashSet::default(),
        values: 0,
        faulty: Vec::new(),
    };
    walk.page_entries(page);
    walk.used(page.resources(), None, &content.names, 0)?;
    // Of content that is damaged, the names may be, too.
    if !content.cut_off && content.faulty.is_empty() {
        let uses = uses::read(page.page_stream().unwrap_or_default(), budget)?;
        walk.uses(page.resources(), &uses, (Kind::Content, 0));
    }
    if let Some(annotations) = page.raw().get::<Array<'_>>(b"Annots") {
        for annotation in annotations.iter::<Dict<'_>>() {
            walk.appearance(&annotation)?;
        }
    }
    Ok(walk.faulty)
}

pub(super) struct Walk<'p, 'w> {
    pub(super) xref: &'p XRef,
    /// Of the page: forms without resources of their own draw from them.
    page: &'w Resources<'p>,
    known: &'w mut KnownStates,
    limit: u64,
    budget: &'w Budget,
    met: FxHashSet<ObjectIdentifier>,
    values: u32,
    faulty: Vec<Faulty>,
}

impl<'p> Walk<'p, '_> {
    /// Follows what content may use of some resources, and of `above` what they do not have.
    fn used(
        &mut self,
        of: &Resources<'p>,
        above: Option<&Resources<'p>>,
        names: &Names,
        depth: u32,
    ) -> Result<(), PageFailure> {
        let of_kinds = |of: &Resources<'p>| {
            [
                (of.x_objects.clone(), Kind::Form),
                (of.fonts.clone(), Kind::Font),
                (of.patterns.clone(), Kind::Pattern),
                (of.ext_g_states.clone(), Kind::Part),
                (of.shadings.clone(), Kind::Pattern),
                (of.color_spaces.clone(), Kind::Profile),
            ]
        };
        let own = of_kinds(of);
        let above = above.map(of_kinds).into_iter().flatten();
        let above = above.zip(&own).map(|((dict, kind), (own, _))| (dict, kind, Some(own)));
        for (dict, kind, own) in own.iter().map(|(dict, kind)| (dict.clone(), *kind, None)).chain(above) {
            let used =
                |name: &[u8]| names.has(name) && own.is_none_or(|own: &Dict<'_>| !own.contains_key(name));
            for (_, value) in dict.entries().filter(|(name, _)| used(name.as_ref())) {
                self.value(value, kind, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Notes a damaged place once.
    pub(super) fn push(&mut self, faulty: Faulty) {
        if self.faulty.len() < MAX_FAULTY && !self.faulty.contains(&faulty) {
            self.faulty.push(faulty);
        }
    }

    /// What an annotation shows: its one appearance, or that of its state.
    fn appearance(&mut self, annotation: &Dict<'p>) -> Result<(), PageFailure> {
        self.entries(annotation, Kind::Annotation);
        let Some(all) = annotation.get::<Dict<'_>>(b"AP") else { return Ok(()) };
        let state = annotation.get::<Name<'_>>(b"AS");
        let shown = match (all.get::<Object<'_>>(b"N"), state) {
            (Some(Object::Dict(states)), Some(state)) => states.get_raw::<Object<'_>>(state.as_ref()),
            (Some(Object::Stream(_)), _) => all.get_raw::<Object<'_>>(b"N"),
            _ => None,
        };
        let Some(shown) = shown else { return Ok(()) };
        if let Some(Object::Stream(form)) = self.resolved(&shown)
            && let Some(lack) = fit::lack_of_form(form.dict())
        {
            self.tell(Kind::Form, form.obj_id().obj_number, Fault::Unfit(lack));
        }
        self.value(shown, Kind::Form, 0)
    }

    fn value(&mut self, value: MaybeRef<Object<'p>>, kind: Kind, depth: u32) -> Result<(), PageFailure> {
        self.values += 1;
        if self.values > MAX_VALUES || depth > MAX_DEPTH {
            return Ok(());
        }
        let object = match value {
            MaybeRef::NotRef(object) => object,
            MaybeRef::Ref(reference) => {
                let id = ObjectIdentifier::from(reference);
                if !self.met.insert(id) {
                    return Ok(());
                }
                let Some(object) = self.xref.get::<Object<'_>>(id) else {
                    self.tell(kind, id.obj_number, Fault::Missing);
                    return Ok(());
                };
                if let Object::Array(array) = &object
                    && !spelling::are_items(array.data())
                {
                    self.tell(kind, id.obj_number, Fault::Unfit(ILL_FORMED.into()));
                }
                object
            }
        };
        match object {
            Object::Stream(stream) => self.stream(&stream, kind, depth),
            Object::Dict(dict) => self.dict(&dict, kind, depth),
            Object::Array(array) => array.raw_iter().try_for_each(|item| self.value(item, kind, depth + 1)),
            _ => Ok(()),
        }
    }

    fn dict(&mut self, dict: &Dict<'p>, kind: Kind, depth: u32) -> Result<(), PageFailure> {
        let whole = dict.get::<Name<'_>>(b"Type");
        if whole.is_some_and(|t| matches!(t.as_ref(), b"Page" | b"Pages" | b"Catalog" | b"OCG")) {
            return Ok(());
        }
        self.entries(dict, kind);
        dict.entries()
            .filter(|(name, _)| !ASIDE.contains(&name.as_ref()))
            .try_for_each(|(_, value)| self.value(value, kind, depth + 1))
    }

    fn stream(&mut self, stream: &Stream<'p>, kind: Kind, depth: u32) -> Result<(), PageFailure> {
        let dict = stream.dict();
        let subtype = dict.get::<Name<'_>>(b"Subtype");
        let kind = match subtype.as_ref().map(AsRef::as_ref) {
            Some(b"Image") => Kind::Picture,
            Some(b"Form") => Kind::Form,
            _ if dict.contains_key(b"PatternType") => Kind::Pattern,
            _ if dict.contains_key(b"N") && !dict.contains_key(b"Type") => Kind::Profile,
            _ => kind,
        };
        let content = kind == Kind::Form || dict.get::<u8>(b"PatternType") == Some(1);
        let state = self.state(stream, kind, content)?;
        if let Some(damage) = state.damage {
            self.tell(kind, stream.obj_id().obj_number, Fault::Damaged(damage));
        }
        self.entries(dict, kind);
        if let Some(lack) = fit::lack_of_stream(stream) {
            self.tell(kind, stream.obj_id().obj_number, Fault::Unfit(lack));
        }
        if content {
            let own = Resources::new(dict.get::<Dict<'_>>(b"Resources").unwrap_or_default());
            let page = self.page;
            self.used(&own, Some(page), &state.names, depth + 1)?;
            if state.damage.is_none() {
                let of = if dict.contains_key(b"Resources") { &own } else { page };
                self.uses(of, &state.uses, (kind, stream.obj_id().obj_number));
            }
        }
        dict.entries()
            .filter(|(name, _)| {
                let of_content = content && name.as_ref() == b"Resources";
                !of_content && !ASIDE.contains(&name.as_ref())
            })
            .try_for_each(|(_, value)| self.value(value, kind, depth + 1))
    }

    /// What there is to know of a stream, looked at once as long as its file is open.
    fn state(&mut self, stream: &Stream<'p>, kind: Kind, content: bool) -> Result<Arc<State>, PageFailure> {
        let id = stream.obj_id();
        if let Some(state) = self.known.0.get(&id) {
            return Ok(Arc::clone(state));
        }
        let mut names = if content && is_predicted(stream) { Names::all() } else { Names::default() };
        let mut spent = Ok(());
        let mut sink = |piece: &[u8]| {
            if content {
                names.read(piece);
            }
            spent = self.budget.spend(STEPS_PER_PIECE);
            spent.is_ok()
        };
        let damage = match kind {
            Kind::Picture => packed::examine_picture(stream, self.limit, &mut sink),
            _ => packed::examine(stream, self.limit, &mut sink).damage,
        };
        spent?;
        names.close();
        let uses = match stream.decoded_data() {
            Ok(data) if content && damage.is_none() => uses::read(&data, self.budget)?,
            _ => Uses::default(),
        };
        let state = Arc::new(State { damage, names, uses });
        if self.known.0.len() < MAX_KNOWN {
            self.known.0.insert(id, Arc::clone(&state));
        }
        Ok(state)
    }
}

/// Whether unpacked bytes are differences, in which no names can be read.
pub(super) fn is_predicted(stream: &Stream<'_>) -> bool {
    (0..stream.filters().len()).any(|nth| parameter(stream.dict(), nth, b"Predictor").is_some_and(|p| p > 1))
}
