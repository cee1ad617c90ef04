//! A writer of small PDFs, byte by byte, so that tests can also write what no library would.

use std::io::Write;
use std::sync::Arc;

use takeoff_core::budget::Budget;
use takeoff_core::geom::PageSpace;
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::request::{FileType, ParseLimits, Rejected};
use takeoff_core::page::{OpenedFile, ParseError, ParsedContent, open};

pub(crate) const HELVETICA: &str = "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica \
     /Encoding /WinAnsiEncoding >> >> >>";

/// Object 1 is the catalog, object 2 the page tree.
pub(crate) struct Doc {
    objects: Vec<Vec<u8>>,
    pages: Vec<usize>,
    pub(crate) catalog: String,
    /// Entries of the page tree's root, which pages inherit.
    pub(crate) tree: String,
}

impl Doc {
    pub(crate) fn new() -> Self {
        Self {
            objects: vec![Vec::new(), Vec::new()],
            pages: Vec::new(),
            catalog: String::new(),
            tree: String::new(),
        }
    }

    /// Adds an object and gives its number.
    pub(crate) fn object(&mut self, body: impl AsRef<[u8]>) -> usize {
        self.objects.push(body.as_ref().to_vec());
        self.objects.len()
    }

    pub(crate) fn stream(&mut self, dict: &str, bytes: &[u8]) -> usize {
        let mut body = format!("<< /Length {} {dict} >>\nstream\n", bytes.len()).into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\nendstream");
        self.object(body)
    }

    /// Adds a page; `attributes` are entries of its dictionary.
    pub(crate) fn page(&mut self, attributes: &str, content: impl AsRef<[u8]>) {
        let content = self.stream("", content.as_ref());
        self.page_of(attributes, content);
    }

    /// Adds a page whose content is object `content`.
    pub(crate) fn page_of(&mut self, attributes: &str, content: usize) {
        let page =
            self.object(format!("<< /Type /Page /Parent 2 0 R /Contents {content} 0 R {attributes} >>"));
        self.pages.push(page);
    }

    /// Adds a page as it stands.
    pub(crate) fn page_object(&mut self, body: &str) {
        let page = self.object(body);
        self.pages.push(page);
    }

    pub(crate) fn bytes(mut self) -> Vec<u8> {
        self.objects[0] = format!("<< /Type /Catalog /Pages 2 0 R {} >>", self.catalog).into_bytes();
        let kids: Vec<String> = self.pages.iter().map(|p| format!("{p} 0 R")).collect();
        self.objects[1] =
            format!("<< /Type /Pages /Count {} /Kids [{}] {} >>", kids.len(), kids.join(" "), self.tree)
                .into_bytes();
        let mut out = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
        let mut offsets = Vec::new();
        for (i, body) in self.objects.iter().enumerate() {
            offsets.push(out.len());
            writeln!(out, "{} 0 obj", i + 1).unwrap();
            out.extend_from_slice(body);
            out.extend_from_slice(b"\nendobj\n");
        }
        let xref = out.len();
        writeln!(out, "xref\n0 {}\n0000000000 65535 f ", offsets.len() + 1).unwrap();
        for offset in &offsets {
            writeln!(out, "{offset:010} 00000 n ").unwrap();
        }
        writeln!(out, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF", offsets.len() + 1)
            .unwrap();
        out
    }

    pub(crate) fn open(self) -> OpenedFile {
        open_bytes(self.bytes(), FileType::Pdf).unwrap()
    }
}

/// A file of one page with Helvetica as /F1.
pub(crate) fn one_page(attributes: &str, content: impl AsRef<[u8]>) -> OpenedFile {
    let mut doc = Doc::new();
    doc.page(&format!("{attributes} {HELVETICA}"), content);
    doc.open()
}

pub(crate) fn open_bytes(bytes: Vec<u8>, file_type: FileType) -> Result<OpenedFile, Rejected> {
    open(Arc::new(bytes), file_type, &ParseLimits::default())
}

pub(crate) fn walk(file: &mut OpenedFile) -> DisplayList {
    file.walk_page(0, &ParseLimits::default(), &Budget::unlimited()).unwrap().list
}

pub(crate) fn codes(list: &DisplayList) -> Vec<&str> {
    list.findings.iter().map(|f| f.code.as_str()).collect()
}

/// A decoded page image.
#[derive(PartialEq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    channels: usize,
    bytes: Vec<u8>,
}

impl Picture {
    pub(crate) fn decode(png: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        Self { width: info.width, height: info.height, channels: info.color_type.samples(), bytes }
    }

    /// The pixel's red, green and blue.
    pub(crate) fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let start = (y as usize * self.width as usize + x as usize) * self.channels;
        let p = &self.bytes[start..start + self.channels];
        if self.channels < 3 { [p[0]; 3] } else { [p[0], p[1], p[2]] }
    }
}

/// Parses page `index` with its images; the page image has the page space's size.
pub(crate) fn parse(
    file: &mut OpenedFile,
    index: u32,
) -> Result<(ParsedContent, Picture, Picture), ParseError> {
    let (mut image, mut thumbnail) = (Vec::new(), Vec::new());
    let limits = ParseLimits::default();
    let content = file.parse_page(index, &limits, &Budget::unlimited(), &mut image, &mut thumbnail)?;
    let (image, thumbnail) = (Picture::decode(&image), Picture::decode(&thumbnail));
    let PageSpace { width_px, height_px, .. } = content.list.space;
    assert_eq!((image.width, image.height), (width_px, height_px));
    Ok((content, image, thumbnail))
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
