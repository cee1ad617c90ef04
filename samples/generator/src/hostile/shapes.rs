//! Pages whose drawing is the trouble.

use std::io::{self, Write};

use super::raw_pdf::{RawPdf, TREE, measured, one_page};
use super::zeros;

const SHEET: &str = "/MediaBox[0 0 3024 2160]";
/// An ordinary drawing, so that there is something to see.
const DRAWING: &str = "1 w 100 100 2800 1900 re S 200 200 m 2800 2000 l S ";

pub(super) fn form_bomb(out: &mut dyn Write) -> io::Result<()> {
    const LEVELS: u32 = 8;
    const EACH: usize = 10;
    let page = format!("{SHEET}/Resources<</XObject<</F 5 0 R>>>>");
    one_page(out, &page, b"/F Do", |pdf| {
        for level in 0..LEVELS {
            let entries = format!(
                "/Type/XObject/Subtype/Form/BBox[0 0 3024 2160]/Resources<</XObject<</F {} 0 R>>>>",
                level + 6
            );
            pdf.stream(5 + level, &entries, "/F Do ".repeat(EACH).as_bytes())?;
        }
        pdf.stream(5 + LEVELS, "/Type/XObject/Subtype/Form/BBox[0 0 3024 2160]", b"10 10 m 3000 2100 l S")
    })
}

/// Forms from number 5 on, each drawing the numbered one.
fn forms(out: &mut dyn Write, draws: &[u32]) -> io::Result<()> {
    let page = format!("{SHEET}/Resources<</XObject<</F 5 0 R>>>>");
    let content = format!("{DRAWING}/F Do");
    one_page(out, &page, content.as_bytes(), |pdf| {
        for (number, drawn) in (5..).zip(draws) {
            let entries = format!(
                "/Type/XObject/Subtype/Form/BBox[0 0 3024 2160]/Resources<</XObject<</F {drawn} 0 R>>>>"
            );
            pdf.stream(number, &entries, b"20 20 m 900 900 l S /F Do")?;
        }
        Ok(())
    })
}

pub(super) fn recursive_form(out: &mut dyn Write) -> io::Result<()> {
    forms(out, &[5])
}

pub(super) fn mutual_forms(out: &mut dyn Write) -> io::Result<()> {
    forms(out, &[6, 5])
}

const BOMB: u64 = 2 << 30;

/// A file of one page whose content stream, with its filter, is written twice: once to measure it.
fn streamed(
    out: &mut dyn Write,
    filter: &str,
    write: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut pdf = RawPdf::new(out)?;
    pdf.tree(&[3])?;
    pdf.object(3, &format!("<</Type/Page/Parent {TREE} 0 R/Contents 4 0 R{SHEET}>>"))?;
    pdf.long_stream(4, filter, measured(&write)?, write)?;
    pdf.finish("")
}

pub(super) fn flate_bomb(out: &mut dyn Write) -> io::Result<()> {
    streamed(out, "/Filter/FlateDecode", |out| zeros::write(out, BOMB))
}

pub(super) fn nested_flate_bomb(out: &mut dyn Write) -> io::Result<()> {
    let mut inner = Vec::new();
    zeros::write(&mut inner, BOMB)?;
    let outer = crate::book::deflate(&inner);
    streamed(out, "/Filter[/FlateDecode/FlateDecode]", |out| out.write_all(&outer))
}

pub(super) fn run_length_bomb(out: &mut dyn Write) -> io::Result<()> {
    // A run of 128 is announced by this byte (ISO 32000-1, 7.4.5), and it is the byte that is repeated.
    const RUN: u8 = 129;
    let packed = crate::book::deflate(&vec![RUN; (BOMB / 64) as usize]);
    streamed(out, "/Filter[/FlateDecode/RunLengthDecode]", |out| out.write_all(&packed))
}

pub(super) fn micro_dashes(out: &mut dyn Write) -> io::Result<()> {
    let mut content = String::from("0.2 w [0.001 0.001] 0 d ");
    for i in 0..1_000 {
        let y = 50 + 2 * i;
        content.push_str(&format!("50 {y} m 2950 {} l S ", y + 1));
    }
    one_page(out, SHEET, content.as_bytes(), |_| Ok(()))
}

pub(super) fn many_segments(out: &mut dyn Write) -> io::Result<()> {
    const ROW: u32 = 3_000;
    const ROWS: u32 = 1_000;
    streamed(out, "", |out| {
        for row in 0..ROWS {
            let y = 100 + row * 2;
            write!(out, "10 {y} m")?;
            for i in 0..ROW {
                write!(out, " {} {} l", 10 + i, y + i % 2)?;
            }
            out.write_all(b" S\n")?;
        }
        Ok(())
    })
}

pub(super) fn deep_states(out: &mut dyn Write) -> io::Result<()> {
    const DEPTH: usize = 10_000;
    let content = format!("{}{DRAWING}{}", "q ".repeat(DEPTH), "Q ".repeat(DEPTH));
    one_page(out, SHEET, content.as_bytes(), |_| Ok(()))
}

pub(super) fn giant_media_box(out: &mut dyn Write) -> io::Result<()> {
    one_page(out, "/MediaBox[0 0 20000000 20000000]", DRAWING.as_bytes(), |_| Ok(()))
}

pub(super) fn huge_page(out: &mut dyn Write) -> io::Result<()> {
    let content = format!("{DRAWING} 40 w 100 100 m 14300 14300 l S 50 50 14300 14300 re S");
    one_page(out, "/MediaBox[0 0 14400 14400]", content.as_bytes(), |_| Ok(()))
}

pub(super) fn flat_page(out: &mut dyn Write) -> io::Result<()> {
    one_page(out, "/MediaBox[0 0 3024 0]", DRAWING.as_bytes(), |_| Ok(()))
}

pub(super) fn huge_image(out: &mut dyn Write) -> io::Result<()> {
    const SIDE: u64 = 30_000;
    let page = format!("{SHEET}/Resources<</XObject<</I 5 0 R>>>>");
    one_page(out, &page, b"q 2800 0 0 2000 100 80 cm /I Do Q", |pdf| {
        let entries = format!(
            "/Type/XObject/Subtype/Image/Width {SIDE}/Height {SIDE}/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode"
        );
        let length = SIDE * SIDE * 3;
        pdf.long_stream(5, &entries, zeros::written(length)?, |out| zeros::write(out, length))
    })
}
