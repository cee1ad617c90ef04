//! What of a page holds together: what its content uses against what the file has, and the entries on the way there.

use hayro_syntax::object::{Array, Dict, MaybeRef, Object, Rect};
use hayro_syntax::page::{Page, Resources};

use super::uses::{Of, Trouble, Uses};
use super::whole::{Fault, Kind, Walk};
use super::{fit, spelling};

/// Page trees are rarely deeper than five.
const MAX_ANCESTORS: u32 = 32;

impl<'p> Walk<'p, '_> {
    /// The entries of the page, of what it inherits from, and of the file's layers.
    pub(super) fn page_entries(&mut self, page: &Page<'p>) {
        let raw = page.raw();
        let mut node = Some(raw.clone());
        for _ in 0..MAX_ANCESTORS {
            let Some(dict) = node else { break };
            self.entries(&dict, Kind::Page);
            for key in [&b"MediaBox"[..], b"CropBox"] {
                // Where no size can be read, that is said of the page.
                let read = dict.get::<Rect>(key).is_some();
                if (read || key == b"CropBox")
                    && dict.contains_key(key)
                    && fit::numbers(&dict, key) != Some(4)
                {
                    self.unfit(Kind::Page, &dict, format!("has no usable /{}", spelling::shown(key)));
                }
            }
            if dict.contains_key(b"Resources") {
                match dict.get::<Dict<'_>>(b"Resources") {
                    Some(resources) => self.entries(&resources, Kind::Page),
                    None => self.unfit(Kind::Page, &dict, "has resources that are not in the file".into()),
                }
            }
            node = dict.get::<Dict<'_>>(b"Parent");
        }
        if raw.contains_key(b"Annots") && raw.get::<Array<'_>>(b"Annots").is_none() {
            self.unfit(Kind::Page, raw, "has annotations that are not in the file".into());
        }
        let catalog = self.xref.get::<Dict<'_>>(self.xref.root_id());
        let Some(catalog) = catalog else { return };
        self.entries(&catalog, Kind::Layers);
        if catalog.contains_key(b"OCProperties") {
            self.layers(&catalog);
        }
    }

    /// The list of layers, which says what is switched off.
    fn layers(&mut self, catalog: &Dict<'p>) {
        let Some(layers) = catalog.get::<Dict<'_>>(b"OCProperties") else {
            return self.unfit(Kind::Layers, catalog, "is not in the file".into());
        };
        self.entries(&layers, Kind::Layers);
        let Some(shown) = layers.get::<Dict<'_>>(b"D") else {
            return self.unfit(Kind::Layers, &layers, "does not say which are shown".into());
        };
        self.entries(&shown, Kind::Layers);
        if let Some(key) = spelling::unknown_layers(&shown) {
            self.unfit(Kind::Layers, &shown, format!("has an entry that is not known (/{key})"));
        }
    }

    /// Whether a dictionary is spelled as a program writes it.
    pub(super) fn entries(&mut self, dict: &Dict<'_>, kind: Kind) {
        if !dict.data().is_empty() && !spelling::is_well_formed(dict.data()) {
            self.unfit(kind, dict, super::whole::ILL_FORMED.into());
        } else if let Some((word, meant)) = spelling::misspelled(dict) {
            self.unfit(kind, dict, format!("has /{word} where /{meant} seems to be meant"));
        }
    }

    /// What content does with names, against the resources that it has.
    pub(super) fn uses(&mut self, of: &Resources<'p>, uses: &Uses, by: (Kind, u32)) {
        match &uses.trouble {
            Some(Trouble::Unknown { first, count }) => {
                let why = format!("holds {count} words that are no operators (first: {first})");
                self.tell(by.0, by.1, Fault::Unfit(why));
            }
            Some(Trouble::Operands { first, count }) => {
                let why = format!(
                    "holds {count} operations without the operands that they take (first: before {first})"
                );
                self.tell(by.0, by.1, Fault::Unfit(why));
            }
            Some(Trouble::Stuck) => {
                self.tell(by.0, by.1, Fault::Unfit("cannot be read from some place on".into()));
            }
            None => {}
        }
        for (used, name) in &uses.named {
            let (dict, kind, what) = match used {
                Of::XObject => (&of.x_objects, Kind::Form, "form or picture"),
                Of::State => (&of.ext_g_states, Kind::Part, "graphics state"),
                Of::Font => (&of.fonts, Kind::Font, "font"),
                Of::Space => (&of.color_spaces, Kind::Profile, "colour space"),
                Of::Pattern => (&of.patterns, Kind::Pattern, "pattern"),
                Of::Shading => (&of.shadings, Kind::Pattern, "shading"),
                Of::Layer => (&of.properties, Kind::Layers, "layer"),
            };
            let value = dict.get_raw::<Object<'_>>(&**name);
            let object = value.as_ref().and_then(|value| self.resolved(value));
            match (object, value) {
                (Some(object), value) if !matches!(object, Object::Null(_)) => {
                    let Some(lack) = fit::lacks(&object, *used) else { continue };
                    let of_own = value.and_then(|value| value.as_obj_ref());
                    self.tell(kind, of_own.map_or(0, |id| id.obj_number), Fault::Unfit(lack));
                }
                (None, Some(MaybeRef::Ref(id))) => self.tell(kind, id.obj_number, Fault::Missing),
                _ if *used == Of::Font && self.is_font_of_forms(name) => {}
                _ => {
                    let name = spelling::shown(name);
                    let why = format!("uses the {what} /{name}, which its resources do not have");
                    self.tell(by.0, by.1, Fault::Unfit(why));
                }
            }
        }
    }

    /// Whether a font is one that a fillable form keeps for all of its fields.
    fn is_font_of_forms(&self, name: &[u8]) -> bool {
        let catalog = self.xref.get::<Dict<'_>>(self.xref.root_id());
        let of = |dict: Option<Dict<'p>>, key: &[u8]| dict.and_then(|dict| dict.get::<Dict<'p>>(key));
        let fonts = of(of(of(catalog, b"AcroForm"), b"DR"), b"Font");
        fonts.is_some_and(|fonts| fonts.contains_key(name))
    }

    pub(super) fn resolved(&self, value: &MaybeRef<Object<'p>>) -> Option<Object<'p>> {
        match value {
            MaybeRef::NotRef(object) => Some(object.clone()),
            MaybeRef::Ref(id) => self.xref.get::<Object<'p>>((*id).into()),
        }
    }

    fn unfit(&mut self, kind: Kind, dict: &Dict<'_>, why: String) {
        self.tell(kind, dict.obj_id().map_or(0, |id| id.obj_number), Fault::Unfit(why));
    }

    pub(super) fn tell(&mut self, kind: Kind, object: u32, fault: Fault) {
        self.push(super::whole::Faulty { kind, object, fault });
    }
}
