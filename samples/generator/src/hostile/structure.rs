//! Files whose structure is the trouble.

use std::io::{self, Write};

use super::raw_pdf::{CATALOG, RawPdf, TREE, one_page};
use crate::habit::Habit;

const SHEET: &str = "/MediaBox[0 0 3024 2160]";
const DRAWING: &[u8] = b"1 w 100 100 2800 1900 re S 200 200 m 2800 2000 l S";

/// A sound sheet to damage.
fn sound() -> Vec<u8> {
    crate::random::sheet(11, Habit::named("inline").expect("a listed habit")).pdf
}

pub(super) fn truncated_stream(out: &mut dyn Write) -> io::Result<()> {
    let mut content = String::new();
    for i in 0..4_000 {
        let (x, y) = (50 + i * 7 % 2900, 50 + i * 13 % 2050);
        content.push_str(&format!("{x} {y} m {} {} l S\n", x + 40 + i % 31, y + 20 + i % 17));
    }
    let whole = crate::book::deflate(content.as_bytes());
    let mut pdf = RawPdf::new(out)?;
    pdf.tree(&[3])?;
    pdf.object(3, &format!("<</Type/Page/Parent {TREE} 0 R/Contents 4 0 R{SHEET}>>"))?;
    pdf.stream(4, "/Filter/FlateDecode", &whole[..whole.len() / 2])?;
    pdf.finish("")
}

pub(super) fn many_pages(out: &mut dyn Write) -> io::Result<()> {
    const PAGES: u32 = 50_000;
    let mut pdf = RawPdf::new(out)?;
    let pages: Vec<u32> = (4..4 + PAGES).collect();
    pdf.tree(&pages)?;
    pdf.stream(3, "", DRAWING)?;
    for page in pages {
        pdf.object(page, &format!("<</Type/Page/Parent {TREE} 0 R/Contents 3 0 R/MediaBox[0 0 612 792]>>"))?;
    }
    pdf.finish("")
}

pub(super) fn deep_page_tree(out: &mut dyn Write) -> io::Result<()> {
    const DEPTH: u32 = 100_000;
    let mut pdf = RawPdf::new(out)?;
    pdf.object(CATALOG, &format!("<</Type/Catalog/Pages {TREE} 0 R>>"))?;
    let node = |parent: String, kid: u32| format!("<</Type/Pages/Count 1{parent}/Kids[{kid} 0 R]>>");
    pdf.object(TREE, &node(String::new(), 5))?;
    pdf.object(3, &format!("<</Type/Page/Parent {} 0 R/Contents 4 0 R{SHEET}>>", 4 + DEPTH))?;
    pdf.stream(4, "", DRAWING)?;
    for i in 0..DEPTH {
        let parent = if i == 0 { TREE } else { 4 + i };
        let kid = if i + 1 == DEPTH { 3 } else { 6 + i };
        pdf.object(5 + i, &node(format!("/Parent {parent} 0 R"), kid))?;
    }
    pdf.finish("")
}

pub(super) fn page_tree_loop(out: &mut dyn Write) -> io::Result<()> {
    let mut pdf = RawPdf::new(out)?;
    pdf.object(CATALOG, &format!("<</Type/Catalog/Pages {TREE} 0 R>>"))?;
    pdf.object(TREE, &format!("<</Type/Pages/Count 3/Kids[3 0 R {TREE} 0 R 5 0 R]>>"))?;
    pdf.object(3, &format!("<</Type/Page/Parent {TREE} 0 R/Contents 4 0 R{SHEET}>>"))?;
    pdf.stream(4, "", DRAWING)?;
    pdf.object(5, &format!("<</Type/Pages/Parent {TREE} 0 R/Count 1/Kids[{TREE} 0 R]>>"))?;
    pdf.finish("")
}

pub(super) fn xref_loop(out: &mut dyn Write) -> io::Result<()> {
    let mut pdf = RawPdf::new(out)?;
    pdf.tree(&[3])?;
    pdf.object(3, &format!("<</Type/Page/Parent {TREE} 0 R/Contents 4 0 R{SHEET}>>"))?;
    pdf.stream(4, "", DRAWING)?;
    let here = pdf.at();
    pdf.finish(&format!("/Prev {here}"))
}

pub(super) fn deep_arrays(out: &mut dyn Write) -> io::Result<()> {
    const DEPTH: usize = 200_000;
    let page = format!("{SHEET}/Annots {}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    one_page(out, &page, DRAWING, |_| Ok(()))
}

pub(super) fn false_count(out: &mut dyn Write) -> io::Result<()> {
    let mut pdf = RawPdf::new(out)?;
    pdf.object(CATALOG, &format!("<</Type/Catalog/Pages {TREE} 0 R>>"))?;
    pdf.object(TREE, "<</Type/Pages/Count 1000000000/Kids[3 0 R]>>")?;
    pdf.object(3, &format!("<</Type/Page/Parent {TREE} 0 R/Contents 4 0 R{SHEET}>>"))?;
    pdf.stream(4, "", DRAWING)?;
    pdf.finish("")
}

pub(super) fn empty(_: &mut dyn Write) -> io::Result<()> {
    Ok(())
}

pub(super) fn truncated(out: &mut dyn Write) -> io::Result<()> {
    let whole = sound();
    out.write_all(&whole[..whole.len() / 2])
}

pub(super) fn header_only(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"%PDF-1.7\n%%EOF\n")
}

pub(super) fn not_pdf(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"Drawings are on the shared drive, see the folder of last week.\n")
}
