//! The display list: what can be seen of all that was drawn on a page, compact enough to keep.
//!
//! Coordinates are in list space (see [`crate::geom`]): points of the upright page (or square pixels
//! of a raster file), origin top-left, y down. `space` leads to page pixels.

use serde::{Deserialize, Serialize};

use super::picture::Picture;
use crate::found::Finding;
use crate::geom::{ListRect, PageSpace};

/// Format number of the stored list. Raise it whenever the meaning of a stored byte changes.
///
/// Format 3 is laid out as format 4 is and still holds what cannot be seen: such a page is read as it is, and
/// tells more than it shows until its document is uploaded anew.
pub const DISPLAY_FORMAT: u16 = 4;
/// Without [`DisplayList::picture`], which comes last.
const WITHOUT_PICTURE: u16 = 2;
/// And without [`DisplayList::grain`] before it.
const WITHOUT_GRAIN: u16 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisplayList {
    pub format: u16,
    pub space: PageSpace,
    /// Whether the page's meaning is in vectors, or only in a picture (scan, raster file).
    pub kind: PageKind,
    /// Optional-content layer names; `PathEntry::layer` indexes here.
    pub layers: Vec<String>,
    /// Distinct paints; `PathEntry::style` indexes here.
    pub styles: Vec<Style>,
    pub paths: Vec<PathEntry>,
    /// Path verbs of all paths, one after the other.
    pub verbs: Vec<Verb>,
    /// Coordinates of all verbs: Move and Line take one pair, Cubic three, Close none.
    pub coords: Vec<[f32; 2]>,
    pub words: Vec<Word>,
    /// Words grouped into lines of text in reading order.
    pub lines: Vec<TextLine>,
    pub images: Vec<ImagePlacement>,
    pub findings: Vec<Finding>,
    /// What a place of a traced stroke may be off, list units: a pixel of the scan; 0 where a program drew.
    pub grain: f32,
    /// The whole page as the scanner saw it, if it was scanned.
    pub picture: Option<Picture>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageKind {
    /// Vector paths or text carry the content.
    Vector,
    /// One or more pictures carry the content; there is nothing to match vectors on.
    Raster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Verb {
    Move,
    Line,
    Cubic,
    Close,
}

impl Verb {
    /// Number of coordinate pairs that the verb takes from `coords`.
    pub const fn pairs(self) -> usize {
        match self {
            Verb::Move | Verb::Line => 1,
            Verb::Cubic => 3,
            Verb::Close => 0,
        }
    }
}

/// Each channel of a colour that cannot be told from paper has at least this much. Ink of such a colour that shows, as
/// it lies on something dark, is recorded with one below it.
pub const PAPER: u8 = 248;

/// How a path was painted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Style {
    pub paint: Paint,
    /// 0xRRGGBBAA; a pattern or shading paints as its average or as mid grey.
    pub rgba: u32,
    /// Stroke width in list units after all transforms; 0 for fills and hairlines.
    pub width: f32,
    /// Dash lengths in list units; empty for a solid line.
    pub dash: Vec<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Paint {
    Stroke,
    FillNonZero,
    FillEvenOdd,
}

/// Value of `PathEntry::layer` for content outside every layer.
pub const NO_LAYER: u16 = u16::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PathEntry {
    pub style: u32,
    pub layer: u16,
    /// First verb and number of verbs in `DisplayList::verbs`.
    pub verb_start: u32,
    pub verb_len: u32,
    /// First pair in `DisplayList::coords`.
    pub coord_start: u32,
    /// Bounds of the path's control points, list space.
    pub bounds: ListRect,
    /// Part of the page that clipping leaves of the path; equals `bounds` or is smaller.
    pub visible: ListRect,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    pub text: String,
    pub bounds: ListRect,
    /// Direction of the baseline, degrees clockwise from +x on the upright page, -180 to 180.
    pub angle: f32,
    /// Font size, list units.
    pub size: f32,
    pub layer: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextLine {
    /// The line's words joined by single spaces (no space where none was drawn).
    pub text: String,
    pub bounds: ListRect,
    pub angle: f32,
    /// First word and number of words in `DisplayList::words`.
    pub word_start: u32,
    pub word_len: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImagePlacement {
    /// Native size, pixels.
    pub width: u32,
    pub height: u32,
    /// Bounds on the page, list space.
    pub bounds: ListRect,
}

/// Why stored bytes are not a display list of this version.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("the stored display list is damaged: {0}")]
    Damaged(String),
    #[error("the stored display list has format {found}, this engine reads {DISPLAY_FORMAT}")]
    Format { found: u16 },
}

impl DisplayList {
    /// The same but for the scan, which is most of a scanned page's list.
    pub(crate) fn without_picture(&self) -> Self {
        Self {
            layers: self.layers.clone(),
            styles: self.styles.clone(),
            paths: self.paths.clone(),
            verbs: self.verbs.clone(),
            coords: self.coords.clone(),
            words: self.words.clone(),
            lines: self.lines.clone(),
            images: self.images.clone(),
            findings: self.findings.clone(),
            picture: None,
            ..*self
        }
    }

    pub fn empty(space: PageSpace, kind: PageKind) -> Self {
        Self {
            format: DISPLAY_FORMAT,
            space,
            kind,
            layers: Vec::new(),
            styles: Vec::new(),
            paths: Vec::new(),
            verbs: Vec::new(),
            coords: Vec::new(),
            words: Vec::new(),
            lines: Vec::new(),
            images: Vec::new(),
            findings: Vec::new(),
            grain: 0.0,
            picture: None,
        }
    }

    /// Verbs and coordinates of one path.
    pub fn path(&self, entry: &PathEntry) -> (&[Verb], &[[f32; 2]]) {
        let verbs = &self.verbs[entry.verb_start as usize..(entry.verb_start + entry.verb_len) as usize];
        let pairs: usize = verbs.iter().map(|v| v.pairs()).sum();
        let start = entry.coord_start as usize;
        (verbs, &self.coords[start..start + pairs])
    }

    /// Compressed bytes: two bytes of format number, then zstd of the postcard body.
    pub fn encode(&self) -> Vec<u8> {
        let body = postcard::to_allocvec(self).expect("a display list has no unserialisable part");
        let mut out = DISPLAY_FORMAT.to_le_bytes().to_vec();
        out.extend(zstd::bulk::compress(&body, 3).expect("compression into memory cannot fail"));
        out
    }

    /// Reads what [`DisplayList::encode`] wrote; `max_bytes` bounds the unpacked size.
    pub fn decode(bytes: &[u8], max_bytes: usize) -> Result<Self, DecodeError> {
        let Some((head, body)) = bytes.split_first_chunk::<2>() else {
            return Err(DecodeError::Damaged("shorter than its header".to_owned()));
        };
        let found = u16::from_le_bytes(*head);
        if !(WITHOUT_GRAIN..=DISPLAY_FORMAT).contains(&found) {
            return Err(DecodeError::Format { found });
        }
        let mut body =
            zstd::bulk::decompress(body, max_bytes).map_err(|e| DecodeError::Damaged(e.to_string()))?;
        if found == WITHOUT_GRAIN {
            body.extend(0.0_f32.to_le_bytes());
        }
        if found <= WITHOUT_PICTURE {
            // No picture.
            body.push(0);
        }
        let mut list: Self = postcard::from_bytes(&body).map_err(|e| DecodeError::Damaged(e.to_string()))?;
        list.format = DISPLAY_FORMAT;
        list.check().map_err(DecodeError::Damaged)?;
        Ok(list)
    }

    /// Every index points inside its table.
    fn check(&self) -> Result<(), String> {
        for (i, p) in self.paths.iter().enumerate() {
            let end = p.verb_start as usize + p.verb_len as usize;
            let Some(verbs) = self.verbs.get(p.verb_start as usize..end) else {
                return Err(format!("path {i} has verbs outside the list"));
            };
            let pairs: usize = verbs.iter().map(|v| v.pairs()).sum();
            if p.coord_start as usize + pairs > self.coords.len() {
                return Err(format!("path {i} has coordinates outside the list"));
            }
            if p.style as usize >= self.styles.len() {
                return Err(format!("path {i} has no style"));
            }
            if p.layer != NO_LAYER && p.layer as usize >= self.layers.len() {
                return Err(format!("path {i} has no layer"));
            }
        }
        for (i, l) in self.lines.iter().enumerate() {
            if l.word_start as usize + l.word_len as usize > self.words.len() {
                return Err(format!("text line {i} has words outside the list"));
            }
        }
        self.picture.as_ref().map_or(Ok(()), Picture::check)
    }
}
