//! Scale detection: what the page's own text says.

use async_trait::async_trait;
use serde_json::json;
use takeoff_commands::jobs::{DetectScaleArgs, decode};
use takeoff_commands::scale::{detected_batch, failed_batch};
use takeoff_config::NodeConfig;
use takeoff_core::found::Found;
use takeoff_core::job::{Job, Stage as StageName};
use takeoff_core::model::Page;
use takeoff_core::scale::{ScaleRecord, detect};
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::{Batch, get};

use crate::page_list::{self, Loaded};

/// Reads a stored page and writes down what scales it states.
#[derive(Debug)]
pub struct DetectScale {
    max_list_bytes: usize,
}

impl DetectScale {
    pub fn new(config: &NodeConfig) -> Self {
        Self { max_list_bytes: page_list::max_bytes(config) }
    }
}

#[async_trait]
impl Stage for DetectScale {
    fn name(&self) -> StageName {
        StageName::DetectScale
    }

    fn budget_ms(&self, _job: &Job) -> u64 {
        60_000
    }

    async fn run(&self, attempt: Attempt, tools: Tools) -> Result<Effects, StageError> {
        let args: DetectScaleArgs =
            decode(&attempt.job.args).map_err(|e| StageError::Reject(e.to_string()))?;
        let desk = crate::desk(&attempt, &tools);
        let Some(page) = get::<Page>(&*tools.catalog, desk.tenant, args.page_id).await? else {
            return Ok(crate::nothing(&attempt));
        };
        attempt.progress.report(30.0, "Reading the page");
        let record = match page.value.blobs {
            None => ScaleRecord {
                needs_calibration: true,
                withheld: Some("nothing of the page could be read".to_owned()),
                ..ScaleRecord::default()
            },
            Some(blobs) => {
                let pixels = page.value.picture_pixels();
                let Loaded { list, held } =
                    page_list::load(&attempt, &tools, (blobs.list, pixels), self.max_list_bytes).await?;
                attempt.progress.report(60.0, "Detecting the scale");
                let work = move |_: &mut _| {
                    let _held = held;
                    detect(&list)
                };
                let found = tools.compute.run(&attempt.budget, work).await;
                let Found { value, findings } = found.map_err(crate::compute_error)?;
                ScaleRecord { findings, ..value }
            }
        };
        attempt.progress.report(90.0, "Saving");
        let applied = detected_batch(&desk, args.page_id, record, attempt.job.id).await?;
        let Some(detected) = applied else {
            return Ok(crate::nothing(&attempt));
        };
        let scale = &detected.page.scale;
        let result = json!({
            "page_id": args.page_id,
            "scale_text": scale.text,
            "scale_value": scale.px_per_foot,
            "calibrated": scale.calibrated,
        });
        Ok(Effects { batch: detected.batch, end: End::Done { result } })
    }

    async fn bury(&self, job: &Job, _why: &str, tools: Tools) -> Result<Batch, StageError> {
        let desk = crate::desk_of(job, &tools);
        match decode::<DetectScaleArgs>(&job.args) {
            Ok(args) => Ok(failed_batch(&desk, job, args.page_id).await?),
            Err(_) => Ok(Batch::new(desk.tenant)),
        }
    }
}
