//! Keys of pages: whatever changes a page's result changes its key, however far down it lies.

use std::collections::BTreeMap;

use proptest::prelude::*;
use takeoff_core::page::PageKey;
use takeoff_core::page::request::{FileType, ParseLimits};

use super::support::{Doc, deflate, open_bytes, parse};

/// A page with something of everything, whose parts can be changed one by one.
#[derive(Debug, Clone)]
struct Sheet {
    content: String,
    /// Content of a form that a form of the page draws.
    inner: String,
    widths: String,
    /// Bytes of a picture of 4 x 4 pixels.
    picture: String,
    mask: String,
    crop: String,
    appearance: String,
    place: String,
    dash: String,
    /// A number of a function that a colour space is made of.
    tint: String,
    /// The layer of the two that is off: they have the same name.
    off: usize,
    unit: &'static str,
    rotate: &'static str,
    /// Entries that pages inherit.
    tree: &'static str,
    /// Whether the content is packed.
    packed: bool,
    /// Objects of nobody before each object of the page, so that all have other numbers.
    padding: usize,
}

impl Default for Sheet {
    fn default() -> Self {
        Self {
            content: "q 1 0 0 1 10 20 cm /X1 Do Q /OC /L1 BDC 40 60 m 90 99 l S EMC q 50 0 0 50 200 100 cm /I1 Do Q \
                      BT /F1 24 Tf 60 200 Td (1234) Tj ET /G1 gs /C1 cs 1 scn 300 300 20 20 re f"
                .to_owned(),
            inner: "10 10 m 35 77 l S 11 22 33 44 re f".to_owned(),
            widths: "500 610 722 333".to_owned(),
            picture: "0123456789012345".to_owned(),
            mask: "9876543210987654".to_owned(),
            crop: "10 20 510 410".to_owned(),
            appearance: "12 12 30 30 re f".to_owned(),
            place: "400 300 450 350".to_owned(),
            dash: "3 5".to_owned(),
            tint: "2 3 4".to_owned(),
            off: 0,
            unit: "",
            rotate: "",
            tree: "",
            packed: false,
            padding: 0,
        }
    }
}

impl Sheet {
    fn bytes(&self) -> Vec<u8> {
        let mut doc = Doc::new();
        let object = |doc: &mut Doc, body: String| {
            (0..self.padding).for_each(|_| {
                doc.object("null");
            });
            doc.object(body)
        };
        let layers: Vec<usize> =
            (0..2).map(|_| object(&mut doc, "<< /Type /OCG /Name (A-WALL) >>".to_owned())).collect();
        let widths = object(&mut doc, format!("[{}]", self.widths));
        let font = object(
            &mut doc,
            format!(
                "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar 49 /LastChar 52 /Widths {widths} 0 R >>"
            ),
        );
        let gray =
            "/Type /XObject /Subtype /Image /Width 4 /Height 4 /ColorSpace /DeviceGray /BitsPerComponent 8";
        let mask = doc.stream(gray, self.mask.as_bytes());
        let picture = doc.stream(&format!("{gray} /SMask {mask} 0 R"), self.picture.as_bytes());
        let form = "/Type /XObject /Subtype /Form /BBox [0 0 100 100]";
        let inner = doc.stream(form, self.inner.as_bytes());
        let resources = object(&mut doc, format!("<< /XObject << /Y {inner} 0 R >> >>"));
        let outer = doc.stream(&format!("{form} /Resources {resources} 0 R"), b"/Y Do");
        let state = object(&mut doc, format!("<< /D [[{}] 0] >>", self.dash));
        let function = object(
            &mut doc,
            format!("<< /FunctionType 2 /Domain [0 1] /C0 [0 0 0] /C1 [{}] /N 1 >>", self.tint),
        );
        let space = object(&mut doc, format!("[/Separation /Ink /DeviceRGB {function} 0 R]"));
        let appearance = doc.stream(form, self.appearance.as_bytes());
        let note = object(
            &mut doc,
            format!("<< /Subtype /Stamp /Rect [{}] /AP << /N {appearance} 0 R >> >>", self.place),
        );
        doc.catalog = format!(
            "/OCProperties << /OCGs [{} 0 R {} 0 R] /D << /OFF [{} 0 R] >> >>",
            layers[0], layers[1], layers[self.off]
        );
        self.tree.clone_into(&mut doc.tree);
        let content = if self.packed {
            doc.stream("/Filter /FlateDecode", &deflate(self.content.as_bytes()))
        } else {
            doc.stream("", self.content.as_bytes())
        };
        doc.page_of(
            &format!(
                "/CropBox [{}] {} {} /Annots [{note} 0 R] /Resources << /Font << /F1 {font} 0 R >> \
                 /XObject << /X1 {outer} 0 R /I1 {picture} 0 R >> /Properties << /L1 {} 0 R >> \
                 /ExtGState << /G1 {state} 0 R >> /ColorSpace << /C1 {space} 0 R >> >>",
                self.crop, self.unit, self.rotate, layers[0]
            ),
            content,
        );
        doc.bytes()
    }

    fn key(&self) -> PageKey {
        key(self.bytes()).expect("nothing is odd about it")
    }

    fn parts(&mut self) -> [&mut String; 10] {
        [
            &mut self.content,
            &mut self.inner,
            &mut self.widths,
            &mut self.picture,
            &mut self.mask,
            &mut self.crop,
            &mut self.appearance,
            &mut self.place,
            &mut self.dash,
            &mut self.tint,
        ]
    }
}

fn key(bytes: Vec<u8>) -> Option<PageKey> {
    open_bytes(bytes, FileType::Pdf).unwrap().page_key(0, &ParseLimits::default())
}

/// The text with one of its digits replaced by another.
fn changed(text: &str, which: usize, by: u8) -> String {
    let digits: Vec<usize> = text.match_indices(|c: char| c.is_ascii_digit()).map(|(i, _)| i).collect();
    let at = digits[which % digits.len()];
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn one_changed_digit_anywhere_is_another_page(part in 0_usize..10, which: usize, by in 1_u8..10, padding in 0_usize..3) {
        let before = Sheet::default();
        let mut after = Sheet { padding, ..before.clone() };
        let text = &mut *after.parts()[part];
        *text = changed(text, which, by);
        prop_assert_ne!(before.key(), after.key());
    }
}

#[test]
fn whatever_changes_the_result_changes_the_key() {
    let sheets = [
        Sheet::default(),
        Sheet { off: 1, ..Sheet::default() },
        Sheet { unit: "/UserUnit 2", ..Sheet::default() },
        Sheet { rotate: "/Rotate 90", ..Sheet::default() },
        Sheet { tree: "/Rotate 180", ..Sheet::default() },
        Sheet { tree: "/MediaBox [0 0 500 400]", ..Sheet::default() },
    ];
    let mut seen: BTreeMap<PageKey, &Sheet> = BTreeMap::new();
    for sheet in &sheets {
        if let Some(other) = seen.insert(sheet.key(), sheet) {
            panic!("{sheet:?} has the key of {other:?}");
        }
    }
    let limits = ParseLimits { max_page_pixels: 1_000_000, ..ParseLimits::default() };
    let mut file = open_bytes(Sheet::default().bytes(), FileType::Pdf).unwrap();
    assert_ne!(file.page_key(0, &limits), Some(Sheet::default().key()));
    assert_eq!(file.page_key(1, &limits), None, "there is no such page");
}

#[test]
fn equal_keys_mean_equal_results_whatever_the_objects_are_called() {
    let before = Sheet::default();
    for padding in [1, 2, 5] {
        let after = Sheet { padding, ..before.clone() };
        assert_eq!(before.key(), after.key(), "object numbers say nothing");
        let [(p, p_image, p_small), (q, q_image, q_small)] = [&before, &after]
            .map(|sheet| parse(&mut open_bytes(sheet.bytes(), FileType::Pdf).unwrap(), 0).unwrap());
        assert_eq!(p, q);
        assert!(p_image == q_image && p_small == q_small);
    }
    // The same page, packed: it may have another key, as nothing is unpacked for one.
    let packed = Sheet { packed: true, ..before.clone() };
    let parsed = |sheet: &Sheet| parse(&mut open_bytes(sheet.bytes(), FileType::Pdf).unwrap(), 0).unwrap().0;
    if packed.key() == before.key() {
        assert_eq!(parsed(&packed), parsed(&before));
    }
}

#[test]
fn pages_of_a_file_have_keys_of_their_own_and_keep_them() {
    let page = |doc: &mut Doc, x: u32| doc.page("/Resources << >>", format!("10 10 m {x} 80 l S"));
    let mut doc = Doc::new();
    [50, 60, 50].into_iter().for_each(|x| page(&mut doc, x));
    let mut set = doc.open();
    let keys = [0, 1, 2].map(|i| set.page_key(i, &ParseLimits::default()).unwrap());
    assert_eq!(keys[0], keys[2]);
    assert_ne!(keys[0], keys[1]);
    let mut alone = Doc::new();
    page(&mut alone, 60);
    assert_eq!(key(alone.bytes()), Some(keys[1]), "other pages say nothing");
    parse(&mut set, 0).unwrap();
    assert_eq!([0, 1, 2].map(|i| set.page_key(i, &ParseLimits::default()).unwrap()), keys);
}

#[test]
fn odd_pages_have_no_key_and_circles_end() {
    let mut doc = Doc::new();
    doc.page("/Resources << /XObject << /X 99 0 R >> >>", "/X Do");
    assert_eq!(key(doc.bytes()), None, "it refers to nothing");

    let mut doc = Doc::new();
    // Objects 1 and 2 are the catalog and the tree, so this form is object 3.
    let form = "/Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 3 0 R >> >>";
    assert_eq!(doc.stream(form, b"/X Do"), 3);
    doc.page("/Resources << /XObject << /X 3 0 R >> >>", "/X Do");
    assert!(key(doc.bytes()).is_some());

    let mut doc = Doc::new();
    let mut inner = doc.object("<< >>");
    for _ in 0..200 {
        inner = doc.object(format!("<< /Down {inner} 0 R >>"));
    }
    doc.page(&format!("/Resources << /Properties << /P {inner} 0 R >> >>"), "");
    assert_eq!(key(doc.bytes()), None, "it is too deep");
}
