use serde::{Deserialize, Serialize};

use super::{BlobHash, Entity, Id, Index, Kind, Timestamp};
use crate::found::Finding;
use crate::geom::PageSpace;
use crate::scale::ScaleRecord;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageStatus {
    Pending,
    /// Known by number and size, not stored yet.
    Processing,
    Ready,
    Completed,
    Error,
}

/// What ingestion stored of a page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PageBlobs {
    /// Encoded display list.
    pub list: BlobHash,
    /// PNG at page-space size.
    pub image: BlobHash,
    /// PNG, longest edge 256 px.
    pub thumbnail: BlobHash,
}

/// The scale in force on a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageScale {
    /// Page pixels per real foot; `None` until calibrated.
    pub px_per_foot: Option<f64>,
    /// The client's word for the unit; always `foot` in what we compute.
    pub unit: String,
    pub text: Option<String>,
    pub calibrated: bool,
    /// `manual_calibration`, `ocr_pattern_match`, ...
    pub method: Option<String>,
    /// Evidence: candidates, the best of them, manual input.
    pub record: Option<ScaleRecord>,
    /// The detection job whose result `record` is waited for; status answers `processing` while it runs.
    pub detection_job: Option<Id>,
}

impl PageScale {
    pub fn unknown() -> Self {
        Self {
            px_per_foot: None,
            unit: "foot".to_owned(),
            text: None,
            calibrated: false,
            method: None,
            record: None,
            detection_job: None,
        }
    }
}

/// The nth page of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub id: Id,
    pub document_id: Id,
    pub project_id: Id,
    /// From 1.
    pub number: u32,
    /// `None` where nothing could be had of the page (shown as 0 x 0).
    pub space: Option<PageSpace>,
    /// Upright paper size in inches, where the file states one.
    pub inches: Option<(f64, f64)>,
    pub status: PageStatus,
    pub processing_error: Option<String>,
    pub blobs: Option<PageBlobs>,
    /// Whether there are vectors to match on; `None` until parsed.
    pub is_vector: Option<bool>,
    pub path_count: u64,
    pub word_count: u64,
    pub findings: Vec<Finding>,
    pub scale: PageScale,
    pub sheet_number: Option<String>,
    pub title: Option<String>,
    pub display_name: Option<String>,
    pub display_order: Option<i64>,
    pub group_name: Option<String>,
    pub is_relevant: bool,
    /// Measured shapes on it, rejected ones included and points not: whoever makes or deletes one writes this. `None` on
    /// records from before, until they are counted.
    #[serde(default)]
    pub shapes: Option<u64>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Page {
    /// Equal for pages that show the same, also of other documents; `None` until something is stored of it.
    pub fn content_hash(&self) -> Option<String> {
        // Half of each is enough: nobody gains by making two pages alike.
        let half = |hash: BlobHash| hash.0[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.blobs.map(|b| half(b.list) + &half(b.image))
    }

    /// What a picture's file states of its resolution and why that is not believed, for a person; `None` where it states
    /// none, and where it is believed.
    pub fn disbelieved_resolution(&self) -> Option<&str> {
        let unknown = self.space.is_some_and(|space| space.dpi.is_none());
        let said = self.findings.iter().find(|f| f.is_of_disbelieved_resolution())?;
        unknown.then_some(said.message.as_str())
    }

    /// Pixels of the picture that the page is, which its list carries; 0 where vectors carry the content.
    pub fn picture_pixels(&self) -> u64 {
        let pixels = self.space.map_or(0, |s| u64::from(s.width_px) * u64::from(s.height_px));
        if self.is_vector == Some(false) { pixels } else { 0 }
    }
}

impl Entity for Page {
    const KIND: Kind = Kind::Page;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.id
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::ByDocument, self.document_id), (Index::ByProject, self.project_id)]
    }

    fn blobs(&self) -> Vec<BlobHash> {
        self.blobs.map(|b| vec![b.list, b.image, b.thumbnail]).unwrap_or_default()
    }
}
