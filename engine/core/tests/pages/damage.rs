//! Bytes that are damaged inside of packed streams: no page may lack something without a word.

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use takeoff_core::found::Finding;
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::request::FileType;

use crate::support::{Doc, codes, deflate, open_bytes, walk};

const BOX: &str = "/MediaBox [0 0 100 100]";

fn lines(count: usize) -> String {
    (0..count).map(|i| format!("{} {} m {} 90 l S\n", i * 7 % 97, i * 5 % 89, i * 11 % 83)).collect()
}

fn of_content(packed: &[u8]) -> DisplayList {
    let mut doc = Doc::new();
    let content = doc.stream("/Filter /FlateDecode", packed);
    doc.page_of(BOX, content);
    walk(&mut doc.open())
}

fn is_told(list: &DisplayList) -> bool {
    list.findings.iter().any(Finding::is_damage)
}

/// The one finding of damage.
fn told(list: &DisplayList) -> String {
    let [finding] = &list.findings.iter().filter(|f| f.is_damage()).collect::<Vec<_>>()[..] else {
        panic!("{:?}", list.findings)
    };
    finding.message.clone()
}

#[test]
fn no_changed_bit_of_packed_content_goes_unnoticed() {
    let packed = deflate(lines(300).as_bytes());
    let whole = of_content(&packed);
    assert_eq!((whole.paths.len(), whole.findings.len()), (300, 0));
    let mut random = SmallRng::seed_from_u64(5_200);
    let mut silent = 0;
    for at in 0..packed.len() {
        let mut changed = packed.clone();
        changed[at] ^= 1 << random.random_range(0..8);
        let list = of_content(&changed);
        if !is_told(&list) {
            assert!(list.paths == whole.paths && list.coords == whole.coords, "byte {at}");
            silent += 1;
        }
        // Several bytes, as of a bad block.
        for byte in changed.iter_mut().skip(at).take(16) {
            *byte = random.random();
        }
        assert!(is_told(&of_content(&changed)), "16 bytes from {at}");
    }
    // Bits of zlib's head that change nothing.
    assert!(silent <= 2, "{silent}");
    for cut in (1..packed.len() - 4).step_by(37) {
        assert!(is_told(&of_content(&packed[..cut])), "cut to {cut}");
    }
}

#[test]
fn what_programs_leave_out_is_no_damage() {
    let packed = deflate(lines(300).as_bytes());
    let body = packed.len() - 4;
    let mut blanks = packed[..body].to_vec();
    blanks.extend(b"\r\n");
    let mut more = packed.clone();
    more.extend(b"\n\0\0padding");
    for (what, bytes) in [
        ("no checksum", &packed[..body]),
        ("half of a checksum", &packed[..body + 2]),
        ("blanks for a checksum", &blanks),
        ("bytes behind it", &more),
        ("no frame", &packed[2..body]),
    ] {
        let list = of_content(bytes);
        assert_eq!((list.paths.len(), list.findings.len()), (300, 0), "{what}: {:?}", list.findings);
    }
}

/// A page that draws something by way of each kind of stream, and the numbers of those streams.
struct Kinds {
    doc: Doc,
    content: usize,
    streams: Vec<(&'static str, usize)>,
}

/// `damaged` says which of the streams, in order, has a wrong byte; `used` whether the page draws with them.
fn kinds(damaged: usize, used: bool) -> Kinds {
    let mut doc = Doc::new();
    let mut streams = Vec::new();
    let mut stream = |doc: &mut Doc, kind: &'static str, dict: &str, plain: &[u8]| {
        let mut packed = deflate(plain);
        if streams.len() == damaged {
            let at = packed.len() - 6;
            packed[at] ^= 0x10;
        }
        let id = doc.stream(&format!("/Filter /FlateDecode {dict}"), &packed);
        streams.push((kind, id));
        id
    };
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 99 99]";
    let inner = stream(&mut doc, "a form", form, lines(50).as_bytes());
    let outer = format!("{form} /Resources << /XObject << /Inner {inner} 0 R >> >>");
    let outer = stream(&mut doc, "a form", &outer, b"q /Inner Do Q 1 1 m 9 9 l S");
    let gray =
        "/Type /XObject /Subtype /Image /Width 20 /Height 20 /ColorSpace /DeviceGray /BitsPerComponent 8";
    let noise: Vec<u8> = (0..400_u32).map(|i| (i * i % 251) as u8).collect();
    let mask = stream(&mut doc, "a picture", gray, &noise);
    let picture = stream(&mut doc, "a picture", &format!("{gray} /SMask {mask} 0 R"), &noise);
    let tile = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9 \
                /Resources << >>";
    let tile = stream(&mut doc, "a pattern", tile, b"0 0 1 rg 0 0 4 4 re f 1 1 m 3 8 l S");
    let group = format!("{form} /Group << /S /Transparency /CS /DeviceGray >>");
    let soft = stream(&mut doc, "a form", &group, b"1 g 0 0 99 99 re f .5 g 9 9 20 20 re f");
    let names =
        stream(&mut doc, "a font", "", b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap");
    let glyph = stream(&mut doc, "a font", "", b"1000 0 0 0 750 750 d1 0 0 750 750 re f");
    let font = doc.object(format!(
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 750 750] /FontMatrix [.001 0 0 .001 0 0] /FirstChar 97 \
         /LastChar 97 /Widths [1000] /Encoding << /Type /Encoding /Differences [97 /square] >> \
         /CharProcs << /square {glyph} 0 R >> /ToUnicode {names} 0 R >>"
    ));
    let look = stream(&mut doc, "a form", form, b"2 2 m 7 7 l S 3 3 m 8 8 l S");
    let content: &[u8] = if used {
        b"/Form Do q 9 0 0 9 0 0 cm /Pic Do Q /Pattern cs /Tile scn 0 0 9 9 re f /Soft gs BT /F#33 9 Tf (a) Tj ET"
    } else {
        b"0 0 m 9 9 l S"
    };
    let content = stream(&mut doc, "content", "", content);
    let shown = if used { "" } else { "Hidden" };
    let annotation = doc
        .object(format!("<< /Type /Annot /Subtype /Stamp /Rect [1 1 9 9] /AP << /N{shown} {look} 0 R >> >>"));
    doc.page_of(
        &format!(
            "{BOX} /Annots [{annotation} 0 R] /Resources << /XObject << /Form {outer} 0 R /Pic {picture} 0 R >> \
             /Pattern << /Tile {tile} 0 R >> /Font << /F3 {font} 0 R >> \
             /ExtGState << /Soft << /SMask << /S /Luminosity /G {soft} 0 R >> >> >> >>"
        ),
        content,
    );
    Kinds { doc, content, streams }
}

#[test]
fn damage_is_told_of_every_kind_of_stream_that_is_used_and_of_no_other() {
    let whole = kinds(usize::MAX, true);
    let all = whole.streams.len();
    assert!(!is_told(&walk(&mut whole.doc.open())));
    for damaged in 0..all {
        let Kinds { doc, streams, .. } = kinds(damaged, true);
        let (kind, object) = streams[damaged];
        let list = walk(&mut doc.open());
        let told = told(&list);
        assert!(told.contains(&format!("{kind} (object {object})")), "{kind} {object}: {told}");
        assert_eq!(told.matches("object").count(), 1, "{told}");
        let Kinds { doc, content, streams } = kinds(damaged, false);
        let list = walk(&mut doc.open());
        assert_eq!(is_told(&list), streams[damaged].1 == content, "{kind}: {:?}", list.findings);
    }
}

#[test]
fn a_form_that_is_not_there_is_told_where_it_is_drawn() {
    let of = |content: &str| {
        let mut doc = Doc::new();
        doc.page(&format!("{BOX} /Resources << /XObject << /Gone 77 0 R >> >>"), content);
        walk(&mut doc.open())
    };
    assert!(told(&of("0 0 m 9 9 l S /Gone Do")).contains("a form (object 77) is not in the file"));
    assert!(!is_told(&of("0 0 m 9 9 l S")));
}

#[test]
fn pictures_that_lack_rows_are_told_and_those_that_lack_an_end_mark_are_not() {
    let of = |dict: &str, bytes: &[u8]| {
        let mut doc = Doc::new();
        let head = "/Type /XObject /Subtype /Image /Width 40 /Height 40 /BitsPerComponent 8";
        let picture = doc.stream(&format!("{head} /ColorSpace /DeviceRGB {dict}"), bytes);
        let resources = format!("/Resources << /XObject << /Pic {picture} 0 R >> >>");
        doc.page(&format!("{BOX} {resources}"), "q 90 0 0 90 0 0 cm /Pic Do Q");
        is_told(&walk(&mut doc.open()))
    };
    let pixels = vec![200_u8; 40 * 40 * 3];
    let led: Vec<u8> = pixels.chunks(120).flat_map(|row| [&[0], row].concat()).collect();
    let runs: Vec<u8> = pixels.chunks(120).flat_map(|row| [&[119], row].concat()).collect();
    let png = "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 40 /Colors 3 >>";
    for (dict, whole, row) in [("", &pixels, 120), ("/Filter /RunLengthDecode", &runs, 121)] {
        assert!(!of(dict, whole), "{dict}");
        assert!(!of(dict, &whole[..whole.len() - row]), "{dict}: a row less");
        assert!(of(dict, &whole[..whole.len() - 2 * row]), "{dict}: two rows less");
        assert!(of(dict, &whole[..10]), "{dict}: next to nothing");
    }
    assert!(!of(png, &deflate(&led)));
    assert!(!of(png, &deflate(&led[..led.len() - 121])), "a row less");
    assert!(of(png, &deflate(&led[..led.len() - 5 * 121])), "five rows less");
    let mut wrong = deflate(&led);
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    assert!(of(png, &wrong), "a wrong checksum");
    assert!(of("/Filter /DCTDecode", &[0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 1, 2, 3]), "a JPEG without its end");
}

#[test]
fn content_behind_older_filters_is_told_where_it_breaks_off() {
    let hex: String = lines(20).bytes().map(|b| format!("{b:02x}")).collect();
    let of = |dict: &str, bytes: &[u8]| {
        let mut doc = Doc::new();
        let content = doc.stream(dict, bytes);
        doc.page_of(BOX, content);
        walk(&mut doc.open())
    };
    let whole = of("/Filter /ASCIIHexDecode", format!("{hex}>").as_bytes());
    assert_eq!((whole.paths.len(), is_told(&whole)), (20, false));
    let cut = of("/Filter /ASCIIHexDecode", &hex.as_bytes()[..hex.len() / 2]);
    assert_eq!(codes(&cut), ["content_cut_off"]);
    let broken = of("/Filter /ASCIIHexDecode", format!("{}?{hex}>", &hex[..200]).as_bytes());
    assert!(told(&broken).contains("cannot be unpacked"));
    // Within the older filter the data come to their end, which is what counts.
    let inner: String = deflate(lines(20).as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    let wrapped = of("/Filter [/ASCIIHexDecode /FlateDecode]", inner.as_bytes());
    assert_eq!((wrapped.paths.len(), is_told(&wrapped)), (20, false));
}

#[test]
fn damaged_objects_of_a_file_are_told_of_the_file_and_of_its_pages() {
    let of = |at: Option<usize>| {
        let mut doc = Doc::new();
        let mut packed = deflate(b"50 0 51 8 << /A 1 >> << /B (another object) >>");
        if let Some(at) = at {
            packed[at] ^= 4;
        }
        let objects = doc.stream("/Type /ObjStm /N 2 /First 10 /Filter /FlateDecode", &packed);
        doc.page(BOX, "0 0 m 9 9 l S");
        let mut file = open_bytes(doc.bytes(), FileType::Pdf).unwrap();
        let of_file: Vec<String> = file.opened().findings.iter().map(|f| f.code.clone()).collect();
        (of_file, walk(&mut file), objects)
    };
    let (of_file, page, _) = of(None);
    assert!(of_file.is_empty() && page.findings.is_empty());
    let (of_file, page, objects) = of(Some(20));
    assert_eq!(of_file, ["objects_damaged"]);
    assert!(told(&page).contains(&format!("objects of the file (object {objects})")));
}

#[test]
fn an_operation_without_its_operands_is_told_of_the_page_and_of_its_forms() {
    let of = |content: &str, form: &str| {
        let mut doc = Doc::new();
        let form = doc.stream("/Type /XObject /Subtype /Form /BBox [0 0 99 99]", form.as_bytes());
        doc.page(&format!("{BOX} /Resources << /XObject << /S {form} 0 R >> >>"), content);
        walk(&mut doc.open())
    };
    let (place, draw) = ("q 1 0 0 1 5 5 cm /S Do Q ", "0 0 m 9 9 l S");
    assert!(!is_told(&of(place, draw)));
    for damaged in [
        "q 1 0 0 1 5 5 cm /S\"Do Q",
        "q 1 0 0 1 5 54cm /S Do Q",
        "q 1 0 0 1 5 cm /S Do Q",
        "q 1 0 0 (1) 5 5 cm /S Do Q",
        "q 1`0 0 1 5 5 cm /S Do Q",
        "q 1 0 0 1 5 5 cm Do Q",
        "q 1 0 0 1 5 5 cm (S Do Q",
        "q [1 0 0 1 5 5 cm /S Do Q",
    ] {
        assert!(is_told(&of(&format!("{place} {damaged}"), draw)), "{damaged}");
        assert!(is_told(&of(place, &format!("{draw} {damaged}"))), "in a form: {damaged}");
    }
    assert!(told(&of("q 1 0 0 1 5 cm /S Do Q", draw)).contains("first: before cm"));
}
