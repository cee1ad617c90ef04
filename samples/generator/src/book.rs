//! Puts pages, repeated blocks and layers together into one PDF file.
//!
//! Bytes depend on nothing but what was drawn: no dates, no hash order, one compressor.

use std::collections::{BTreeMap, BTreeSet};

use pdf_writer::types::{SystemInfo, UnicodeCmap};
use pdf_writer::writers::Resources;
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use crate::geometry::{Affine, Bounds};
use crate::ink::{FONT, GARBLED_FONT};

/// Level of the compressor, 0 to 9: beyond 6 files hardly shrink and take twice as long.
const FLATE_LEVEL: u8 = 6;

/// A file under construction.
#[derive(Default)]
pub(crate) struct Book {
    pages: Vec<BookPage>,
    blocks: Vec<Block>,
    block_of_key: BTreeMap<String, usize>,
    /// Names, and whether they are switched on.
    layers: Vec<(String, bool)>,
    /// Some page's text has a wrong map to Unicode.
    pub(crate) garbled: bool,
    title: String,
}

/// A finished page. Sizes in points, of the upright page.
pub(crate) struct BookPage {
    pub(crate) size: [f64; 2],
    pub(crate) rotate: u16,
    pub(crate) content: Vec<u8>,
    pub(crate) blocks: BTreeSet<usize>,
    pub(crate) layers: BTreeSet<usize>,
}

pub(crate) struct Block {
    pub(crate) content: Vec<u8>,
    pub(crate) bounds: Bounds,
    pub(crate) uses_font: bool,
}

/// Map from the upright page (points, origin top-left, y down) to the user space of a page that
/// `/Rotate` turns.
pub(crate) fn upright_to_user(size: [f64; 2], rotate: u16) -> Affine {
    let [w, h] = size;
    Affine(match rotate {
        90 => [0.0, 1.0, 1.0, 0.0, 0.0, 0.0],
        180 => [-1.0, 0.0, 0.0, 1.0, w, 0.0],
        270 => [0.0, -1.0, -1.0, 0.0, h, w],
        _ => [1.0, 0.0, 0.0, -1.0, 0.0, h],
    })
}

pub(crate) fn block_name(index: usize) -> String {
    format!("B{index}")
}

pub(crate) fn layer_name(index: usize) -> String {
    format!("L{index}")
}

impl Book {
    pub(crate) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    pub(crate) fn page_count(&self) -> usize {
        self.pages.len()
    }

    pub(crate) fn push(&mut self, page: BookPage) {
        self.pages.push(page);
    }

    /// Index of the layer of this name, new or known.
    pub(crate) fn layer(&mut self, name: &str, shown: bool) -> usize {
        if let Some(known) = self.layers.iter().position(|(known, _)| known == name) {
            return known;
        }
        self.layers.push((name.to_owned(), shown));
        self.layers.len() - 1
    }

    /// Index of the block of this key, drawn once.
    pub(crate) fn block(&mut self, key: String, draw: impl FnOnce() -> Block) -> usize {
        if let Some(&known) = self.block_of_key.get(&key) {
            return known;
        }
        let index = self.blocks.len();
        self.blocks.push(draw());
        self.block_of_key.insert(key, index);
        index
    }

    /// The file.
    pub(crate) fn finish(self) -> Vec<u8> {
        let ids = Ids::new(&self);
        let mut pdf = Pdf::with_settings(pdf_writer::Settings { pretty: false });
        self.write_catalog(&mut pdf, &ids);
        let kids: Vec<Ref> = (0..self.pages.len()).map(|i| ids.page(i)).collect();
        pdf.pages(ids.tree).kids(kids).count(self.pages.len() as i32);
        pdf.type1_font(ids.font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
        if self.garbled {
            write_garbled_font(&mut pdf);
        }
        for (i, (name, _)) in self.layers.iter().enumerate() {
            let mut group = pdf.indirect(ids.layer(i)).dict();
            group.pair(Name(b"Type"), Name(b"OCG"));
            group.pair(Name(b"Name"), TextStr(name));
        }
        for (i, block) in self.blocks.iter().enumerate() {
            write_block(&mut pdf, &ids, i, block);
        }
        for (i, page) in self.pages.iter().enumerate() {
            write_page(&mut pdf, &ids, i, page);
        }
        pdf.finish()
    }

    fn write_catalog(&self, pdf: &mut Pdf, ids: &Ids) {
        let mut catalog = pdf.catalog(ids.catalog);
        catalog.pages(ids.tree);
        if !self.layers.is_empty() {
            let all = || (0..self.layers.len()).map(|i| ids.layer(i));
            let mut layers = catalog.insert(Name(b"OCProperties")).dict();
            layers.insert(Name(b"OCGs")).array().items(all());
            let mut default = layers.insert(Name(b"D")).dict();
            default.insert(Name(b"Order")).array().items(all());
            for (key, on) in [(b"ON".as_slice(), true), (b"OFF".as_slice(), false)] {
                let these = || all().zip(&self.layers).filter(|(_, l)| l.1 == on).map(|(id, _)| id);
                if these().next().is_some() {
                    default.insert(Name(key)).array().items(these());
                }
            }
        }
        catalog.finish();
        pdf.document_info(ids.info).title(TextStr(&self.title)).producer(TextStr("takeoff samples"));
    }
}

/// Object numbers, handed out in a fixed order.
struct Ids {
    catalog: Ref,
    tree: Ref,
    info: Ref,
    font: Ref,
    garbled: bool,
    layers: i32,
    blocks: i32,
    pages: i32,
}

impl Ids {
    fn new(book: &Book) -> Self {
        let layers = if book.garbled { 7 } else { 5 };
        let blocks = layers + book.layers.len() as i32;
        let pages = blocks + book.blocks.len() as i32;
        Self {
            catalog: Ref::new(1),
            tree: Ref::new(2),
            info: Ref::new(3),
            font: Ref::new(4),
            garbled: book.garbled,
            layers,
            blocks,
            pages,
        }
    }

    fn layer(&self, i: usize) -> Ref {
        Ref::new(self.layers + i as i32)
    }

    fn block(&self, i: usize) -> Ref {
        Ref::new(self.blocks + i as i32)
    }

    fn page(&self, i: usize) -> Ref {
        Ref::new(self.pages + 2 * i as i32)
    }

    fn content(&self, i: usize) -> Ref {
        Ref::new(self.pages + 2 * i as i32 + 1)
    }
}

/// The font whose text reads as nonsense, and its map: every character as the next one.
const GARBLED: [i32; 2] = [5, 6];

fn write_garbled_font(pdf: &mut Pdf) {
    let [font, map] = GARBLED.map(Ref::new);
    pdf.type1_font(font)
        .base_font(Name(b"Helvetica"))
        .encoding_predefined(Name(b"WinAnsiEncoding"))
        .to_unicode(map);
    let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"UCS"), supplement: 0 };
    let mut cmap = UnicodeCmap::<u8>::new(Name(b"Garbled"), system);
    for code in b'!'..b'~' {
        cmap.pair(code, char::from(code + 1));
    }
    let cmap = cmap.finish();
    pdf.cmap(map, cmap.as_slice());
}

fn write_fonts(resources: &mut Resources<'_>, ids: &Ids) {
    let mut fonts = resources.fonts();
    fonts.pair(FONT, ids.font);
    if ids.garbled {
        fonts.pair(GARBLED_FONT, Ref::new(GARBLED[0]));
    }
}

/// zlib stream of `bytes`, the same on every build.
pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, FLATE_LEVEL)
}

fn write_block(pdf: &mut Pdf, ids: &Ids, index: usize, block: &Block) {
    let b = block.bounds;
    let mut form = pdf.form_xobject(ids.block(index), &block.content);
    form.bbox(Rect::new(b.left as f32, b.top as f32, b.right as f32, b.bottom as f32));
    if block.uses_font {
        let mut resources = form.resources();
        write_fonts(&mut resources, ids);
    } else {
        form.resources();
    }
}

fn write_page(pdf: &mut Pdf, ids: &Ids, index: usize, page: &BookPage) {
    let [w, h] = page.size;
    let (media_w, media_h) = if page.rotate % 180 == 90 { (h, w) } else { (w, h) };
    let compressed = deflate(&page.content);
    pdf.stream(ids.content(index), &compressed).filter(Filter::FlateDecode);
    let mut out = pdf.page(ids.page(index));
    out.parent(ids.tree);
    out.media_box(Rect::new(0.0, 0.0, media_w as f32, media_h as f32));
    if page.rotate != 0 {
        out.rotate(i32::from(page.rotate));
    }
    out.contents(ids.content(index));
    let mut resources = out.resources();
    write_fonts(&mut resources, ids);
    if !page.blocks.is_empty() {
        let mut blocks = resources.x_objects();
        for &b in &page.blocks {
            blocks.pair(Name(block_name(b).as_bytes()), ids.block(b));
        }
    }
    if !page.layers.is_empty() {
        let mut layers = resources.insert(Name(b"Properties")).dict();
        for &l in &page.layers {
            layers.pair(Name(layer_name(l).as_bytes()), ids.layer(l));
        }
    }
}
