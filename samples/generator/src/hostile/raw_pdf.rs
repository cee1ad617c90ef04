//! A PDF written object by object into a stream, for files that no careful writer would make.

use std::io::{self, Write};

/// Objects 1 (catalog) and 2 (page tree) have their usual places.
pub(crate) const CATALOG: u32 = 1;
pub(crate) const TREE: u32 = 2;

pub(crate) struct RawPdf<'w> {
    out: &'w mut dyn Write,
    at: u64,
    /// Number and place of each object.
    places: Vec<(u32, u64)>,
}

impl<'w> RawPdf<'w> {
    pub(crate) fn new(out: &'w mut dyn Write) -> io::Result<Self> {
        let mut pdf = Self { out, at: 0, places: Vec::new() };
        pdf.raw(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")?;
        Ok(pdf)
    }

    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    pub(crate) fn object(&mut self, number: u32, body: &str) -> io::Result<()> {
        self.places.push((number, self.at));
        self.raw(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes())
    }

    /// A stream; `entries` are its dictionary's entries but the length.
    pub(crate) fn stream(&mut self, number: u32, entries: &str, bytes: &[u8]) -> io::Result<()> {
        self.long_stream(number, entries, bytes.len() as u64, |out| out.write_all(bytes))
    }

    /// A stream of `length` bytes that `write` writes.
    pub(crate) fn long_stream(
        &mut self,
        number: u32,
        entries: &str,
        length: u64,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.places.push((number, self.at));
        self.raw(format!("{number} 0 obj\n<</Length {length} {entries}>>\nstream\n").as_bytes())?;
        write(self.out)?;
        self.at += length;
        self.raw(b"\nendstream\nendobj\n")
    }

    /// Catalog and a page tree of these pages.
    pub(crate) fn tree(&mut self, pages: &[u32]) -> io::Result<()> {
        let kids: Vec<String> = pages.iter().map(|p| format!("{p} 0 R")).collect();
        self.object(CATALOG, &format!("<</Type/Catalog/Pages {TREE} 0 R>>"))?;
        self.object(TREE, &format!("<</Type/Pages/Count {}/Kids[{}]>>", pages.len(), kids.join(" ")))
    }

    /// The cross-reference table and the trailer; `more` goes into the trailer.
    pub(crate) fn finish(mut self, more: &str) -> io::Result<()> {
        let start = self.at;
        self.places.sort_unstable();
        let last = self.places.last().map_or(0, |p| p.0);
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", last + 1);
        let mut next = 1;
        for (number, place) in std::mem::take(&mut self.places) {
            while next < number {
                table.push_str("0000000000 65535 f \n");
                next += 1;
            }
            table.push_str(&format!("{place:010} 00000 n \n"));
            next += 1;
        }
        self.raw(table.as_bytes())?;
        let size = last + 1;
        self.raw(
            format!("trailer\n<</Size {size}/Root {CATALOG} 0 R{more}>>\nstartxref\n{start}\n%%EOF\n")
                .as_bytes(),
        )
    }
}

/// A file of one page: its extra entries, and the objects that it needs from number 5 on.
pub(crate) fn one_page(
    out: &mut dyn Write,
    page: &str,
    content: &[u8],
    more: impl FnOnce(&mut RawPdf<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut pdf = RawPdf::new(out)?;
    pdf.tree(&[3])?;
    pdf.object(3, &format!("<</Type/Page/Parent {TREE} 0 R/Contents 4 0 R{page}>>"))?;
    pdf.stream(4, "", content)?;
    more(&mut pdf)?;
    pdf.finish("")
}

/// Bytes that `write` writes.
pub(crate) fn measured(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<u64> {
    let mut count = Count(0);
    write(&mut count)?;
    Ok(count.0)
}

struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
