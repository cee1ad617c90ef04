//! Damage of a file's structure: no page may lack something without a word.

use takeoff_core::budget::Budget;
use takeoff_core::found::Finding;
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::request::{FileType, ParseLimits};

use crate::support::{Doc, deflate, open_bytes, walk};

const BOX: &str = "/MediaBox [0 0 100 100]";
const FORM: &str = "/Type /XObject /Subtype /Form /BBox [0 0 99 99]";
const STROKE: &[u8] = b"1 1 m 9 9 l S";

fn damage(list: &DisplayList) -> Vec<String> {
    list.findings.iter().filter(|f| f.is_damage()).map(|f| f.message.clone()).collect()
}

/// A page that draws `content` with `resources`, in which `@` is the number of the object `part`.
fn drawn(content: &str, resources: &str, part: impl FnOnce(&mut Doc) -> usize) -> DisplayList {
    let mut doc = Doc::new();
    let part = part(&mut doc);
    let resources = resources.replace('@', &part.to_string());
    doc.page(&format!("{BOX} /Resources << {resources} >>"), content);
    walk(&mut doc.open())
}

fn form(dict: &str, bytes: &[u8]) -> DisplayList {
    drawn("/X Do", "/XObject << /X @ 0 R >>", |doc| doc.stream(dict, bytes))
}

#[test]
fn what_takes_a_part_of_the_drawing_away_is_told() {
    let packed = deflate(STROKE);
    let nothing = |doc: &mut Doc| doc.object("null");
    let cases: [(&str, DisplayList, &str); 17] = [
        ("no subtype", form("/Type /XObject /BBox [0 0 99 99]", STROKE), "no /Subtype"),
        ("another subtype", form(&FORM.replace("Form", "Forn"), STROKE), "/Forn"),
        ("no filter of that name", form(&format!("{FORM} /Filter /FlateDecofe"), &packed), "/FlateDecofe"),
        ("a lost filter", form(&format!("{FORM} /Fi1ter /FlateDecode"), &packed), "/Fi1ter where /Filter"),
        ("no filter", form(FORM, &packed), "no operators"),
        ("no box", form("/Type /XObject /Subtype /Form", STROKE), "/BBox"),
        ("half a matrix", form(&format!("{FORM} /Matrix [1 0 0]"), STROKE), "/Matrix"),
        (
            "no such object",
            drawn("/X Do", "/XObject << /X 99 0 R >>", nothing),
            "a form (object 99) is not in",
        ),
        ("no such name", drawn("/X Do", "/XObject << /Y @ 0 R >>", |d| d.stream(FORM, STROKE)), "/X, which"),
        ("no state", drawn("/G gs", "", nothing), "graphics state /G"),
        ("no space", drawn("/C cs 1 scn", "", nothing), "colour space /C"),
        ("no pattern", drawn("/Pattern cs /P scn 0 0 9 9 re f", "", nothing), "pattern /P"),
        ("no shading", drawn("/S sh", "", nothing), "shading /S"),
        ("no font", drawn("BT /F 9 Tf (a) Tj ET", "", nothing), "font /F"),
        ("no layer", drawn("/OC /L BDC 1 1 m 9 9 l S EMC", "", nothing), "layer /L"),
        ("no mask", drawn("/G gs", "/ExtGState << /G << /SMask 99 0 R >> >>", nothing), "mask that is not"),
        ("another blend", drawn("/G gs", "/ExtGState << /G << /BM /Multiplx >> >>", nothing), "/Multiplx"),
    ];
    for (what, list, text) in cases {
        let told = damage(&list);
        assert!(told.iter().any(|t| t.contains(text)), "{what}: {told:?}");
    }
}

#[test]
fn what_nobody_draws_with_is_not_told() {
    let nothing = |doc: &mut Doc| doc.object("null");
    let lists = [
        ("a form that is not drawn", drawn("1 1 m 9 9 l S", "/XObject << /X 99 0 R >>", nothing)),
        ("a font that writes nothing", drawn("BT /F 9 Tf ET", "", nothing)),
        ("words for newer readers", drawn("BX 1 new EX 1 1 m 9 9 l S", "", nothing)),
        ("marked content", drawn("/Span /M0 BDC 1 1 m 9 9 l S EMC", "", nothing)),
        ("somebody's own entries", form(&format!("{FORM} /PTEX.Name (x) /AAPL:AA true /Xyz 99"), STROKE)),
        ("a wrong length", form(&FORM.replace("/Type", "/Length 3 /Type"), STROKE)),
        ("what printers need", drawn("/G gs", "/ExtGState << /G << /HT 99 0 R /TK true >> >>", nothing)),
        ("form's own resources", form(&format!("{FORM} /Resources << >>"), STROKE)),
    ];
    for (what, list) in lists {
        assert_eq!(damage(&list), Vec::<String>::new(), "{what}");
    }
}

/// A file whose page draws by way of most that there is, and the ranges of its streams' data.
fn sample() -> Vec<u8> {
    let mut doc = Doc::new();
    let packed = |doc: &mut Doc, dict: &str, bytes: &[u8]| {
        doc.stream(&format!("/Filter /FlateDecode {dict}"), &deflate(bytes))
    };
    let inner = packed(&mut doc, FORM, b"5 5 m 50 9 l 60 70 l S");
    let outer = format!("{FORM} /Matrix [1 0 0 1 3 4] /Resources << /XObject << /In {inner} 0 R >> >>");
    let outer = packed(&mut doc, &outer, b"q /In Do Q 1 1 m 9 9 l S");
    let gray =
        "/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8";
    let pixels: Vec<u8> = (0..64_u8).map(|i| i.wrapping_mul(37)).collect();
    let picture = packed(&mut doc, gray, &pixels);
    let tile = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9 \
                /Resources << >>";
    let tile = packed(&mut doc, tile, b"0 0 1 rg 0 0 4 4 re f");
    let look = packed(&mut doc, FORM, b"2 2 m 7 7 l S");
    let mark = doc
        .object(format!("<< /Type /Annot /Subtype /Stamp /Rect [1 1 99 99] /F 4 /AP << /N {look} 0 R >> >>"));
    let layer = doc.object("<< /Type /OCG /Name (A-WALL) >>");
    doc.catalog = format!("/OCProperties << /OCGs [{layer} 0 R] /D << /OFF [{layer} 0 R] >> >>");
    let content = packed(
        &mut doc,
        "",
        b"/Half gs 10 10 m 90 90 l S /Form Do q 9 0 0 9 50 50 cm /Pic Do Q /Pattern cs /Tile scn 60 0 20 20 re f \
          /OC /Wall BDC 4 4 m 40 44 l S EMC BT /F1 9 Tf 20 20 Td (DOOR) Tj ET",
    );
    let rest = packed(&mut doc, "", b"30 1 m 30 99 l S");
    let font =
        doc.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Rotate 90 /Contents [{content} 0 R {rest} 0 R] \
         /Annots [{mark} 0 R] /Resources << /XObject << /Form {outer} 0 R /Pic {picture} 0 R >> \
         /Pattern << /Tile {tile} 0 R >> /Font << /F1 {font} 0 R >> /Properties << /Wall {layer} 0 R >> \
         /ExtGState << /Half << /LW 3 /CA 0.5 >> >> >> >>"
    );
    doc.page_object(&page);
    doc.bytes()
}

/// Bytes of the objects' text: neither streams' data nor what is around the objects.
fn text_of_objects(bytes: &[u8]) -> Vec<usize> {
    let find = |from: usize, what: &[u8]| {
        bytes[from..].windows(what.len()).position(|w| w == what).map(|at| from + at)
    };
    let end = find(0, b"\nxref").unwrap();
    let (mut at, mut all) = (find(0, b"1 0 obj").unwrap(), Vec::new());
    while at < end {
        let stop = find(at, b"stream\n").filter(|stop| *stop < end).map_or(end, |stop| stop + 7);
        all.extend(at..stop);
        at = if stop == end { end } else { find(stop, b"\nendstream").unwrap() };
        if stop != end {
            all.extend(at..at + 10);
            at += 10;
        }
    }
    all
}

/// Whether a byte of the text is within a string or a number (or ends one), which stay well formed with another value.
fn is_value(whole: &[u8], changed: &[u8], at: usize) -> bool {
    let number = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+');
    let in_string = whole[..at].iter().rposition(|b| *b == b'(').is_some_and(|open| {
        whole[open..].iter().position(|b| *b == b')').is_some_and(|close| at < open + close)
    });
    let ends = |b: u8| number(b) || matches!(b, b' ' | b'/');
    let in_number = number(whole[at]) || (whole[at] == b' ' && number(whole[at - 1]));
    in_string || (in_number && ends(changed[at]))
}

#[test]
fn no_changed_bit_of_the_objects_text_goes_unnoticed() {
    let whole = sample();
    let read = |bytes: Vec<u8>| {
        let mut file = open_bytes(bytes, FileType::Pdf).ok()?;
        let of_file = file.opened().findings.len();
        let page = file.walk_page(0, &ParseLimits::default(), &Budget::unlimited()).ok()?;
        Some((page.list, of_file))
    };
    let (list, _) = read(whole.clone()).unwrap();
    assert_eq!(damage(&list), Vec::<String>::new());
    assert_eq!((list.paths.len(), list.images.len(), list.words.len()), (6, 1, 1));
    let findings: Vec<&Finding> = list.findings.iter().collect();
    let (mut silent, mut altered, mut values) = (Vec::new(), 0, 0);
    for at in text_of_objects(&whole) {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            let Some((other, of_file)) = read(changed.clone()) else { continue };
            let same = DisplayList { findings: Vec::new(), ..other.clone() }
                == DisplayList { findings: Vec::new(), ..list.clone() };
            if same {
                continue;
            }
            altered += 1;
            let told = of_file > 0 || other.findings.iter().any(|f| f.is_damage() || !findings.contains(&f));
            if !told && is_value(&whole, &changed, at) {
                values += 1;
            } else if !told {
                let near = String::from_utf8_lossy(&changed[at - 20..at + 12]).replace('\n', " ");
                silent.push(format!("byte {at} bit {bit}: {near}"));
            }
        }
    }
    // Most bits of the text alter something, and few do so as another number or string.
    assert!(altered > 5_000 && values < altered / 5, "{altered} altered, {values} of them values");
    assert!(silent.is_empty(), "{} silent:\n{}", silent.len(), silent.join("\n"));
}
