//! The same question asked of OpenCV's template matching, which is installed from PyPI into a folder that is
//! thrown away.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use image::GrayImage;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::{Value, json};
use takeoff_benches::inputs::display_list;
use takeoff_benches::stats::Spread;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, Exemplar, PageIndex, find};
use takeoff_core::geom::{PageSpace, PxPoint, PxRect};
use takeoff_core::trace::{Gray, trace};
use takeoff_samples::Habit;

use crate::curve::share;
use crate::scan::picture;
use crate::sheets::{Drawing, boxed};
use crate::speed::Taken;
use crate::tally::Truth;

/// Deviation from the exemplar's size that is asked for, as a share: as of one template, and as of the 121.
const ONE_SIZE: f64 = 0.05;
const ALL_SIZES: f64 = 0.2;
const PACKAGE: &str = "opencv-python-headless";
const SCRIPT: &str = include_str!("opencv.py");
/// The raster page: part of a 42 x 30 in sheet at 150 dpi.
const RASTER: [u32; 2] = [5_000, 3_500];
const RASTER_AT: [u32; 2] = [100, 100];
const DPI: f64 = 150.0;
const SHEET: [u32; 2] = [6_300, 4_500];
/// Kinds that are asked for on each page.
const KINDS: usize = 3;
/// A hit is an instance when their middles are this share of its longer side apart.
const SAME_PLACE: f64 = 0.25;
/// What our vector count is to be faster by.
const TIMES_FASTER: f64 = 300.0;
/// 121 templates take minutes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(1_800);

pub(crate) fn compare(
    seed: u64,
    (rounds, slow_rounds): (usize, usize),
    out: &mut impl Write,
) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    writeln!(out, "installing {PACKAGE} ...")?;
    let mut opencv = OpenCv::installed(folder.path())?;
    let versions: Value = serde_json::from_value(opencv.ask(&json!({"do": "version"}))?)?;
    let page = Page::draw(seed, folder.path())?;
    writeln!(out, "sheet {}; a raster page, one template ...", page.seed)?;
    let raster = page.raster(&mut opencv, rounds)?;
    writeln!(out, "a vector page, 121 templates ...")?;
    let vector = page.vector(&mut opencv, slow_rounds)?;
    for (what, value) in [("raster", &raster), ("vector", &vector)] {
        let goal = &value["goal"];
        writeln!(out, "{:<6} {what}: {goal}", if goal["met"] == true { "met" } else { "MISSED" })?;
    }
    Ok(json!({"opencv": versions, "sheet_seed": page.seed, "raster_page": raster, "vector_page": vector}))
}

/// A sheet, as it is drawn and as pictures in files.
struct Page {
    seed: u64,
    pdf: Vec<u8>,
    truth: Truth,
    whole: PathBuf,
    part: PathBuf,
    part_pixels: GrayImage,
}

/// What OpenCV answers.
#[derive(Deserialize)]
struct Matched {
    wall_s: f64,
    cpu_s: f64,
    /// Score, x, y, width, height.
    hits: Vec<(f64, f64, f64, f64, f64)>,
}

/// Times of both, and what was found of each kind.
#[derive(Default)]
struct Turns {
    ours: Vec<Taken>,
    theirs: Vec<Taken>,
    kinds: Vec<Value>,
}

impl Page {
    fn draw(seed: u64, folder: &Path) -> anyhow::Result<Self> {
        let habit = Habit::named("blocks").context("blocks are a habit")?;
        let sheets = (seed..).map(|seed| (seed, Drawing::Plan(habit).draw(seed)));
        let mut large = sheets.take(100).filter(|(_, (_, truth))| [truth.width_px, truth.height_px] == SHEET);
        let (seed, (pdf, truth)) = large.next().context("no sheet of 42 x 30 in among a hundred")?;
        let drawn = picture(pdf.clone())?;
        let [x, y] = RASTER_AT;
        let part_pixels = image::imageops::crop_imm(&drawn, x, y, RASTER[0], RASTER[1]).to_image();
        let (whole, part) = (folder.join("whole.png"), folder.join("part.png"));
        drawn.save(&whole)?;
        part_pixels.save(&part)?;
        Ok(Self { seed, pdf, truth: truth.symbols, whole, part, part_pixels })
    }

    /// What is true of the part: symbols that lie wholly in it.
    fn part_truth(&self) -> Truth {
        let [dx, dy] = RASTER_AT.map(f64::from);
        let [width, height] = RASTER.map(f64::from);
        let mut truth = self.truth.clone();
        for all in truth.values_mut() {
            all.iter_mut().for_each(|i| {
                i.area[0] -= dx;
                i.area[1] -= dy;
            });
            all.retain(|i| {
                let [x, y, w, h] = i.area;
                x >= 0.0 && y >= 0.0 && x + w <= width && y + h <= height
            });
        }
        truth
    }

    /// Kinds with the most instances and a box around one of each.
    fn asked(&self, truth: &Truth) -> Vec<(String, PxRect)> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut kinds: Vec<&String> = truth.keys().collect();
        kinds.sort_by_key(|k| std::cmp::Reverse(truth[*k].iter().filter(|i| i.counts()).count()));
        let boxes = kinds.into_iter().filter_map(|k| Some((k.clone(), boxed(&truth[k], &mut rng)?)));
        boxes.take(KINDS).collect()
    }

    fn raster(&self, opencv: &mut OpenCv, rounds: usize) -> anyhow::Result<Value> {
        let truth = self.part_truth();
        let (w, h) = self.part_pixels.dimensions();
        let gray = Gray::new(w as usize, h as usize, self.part_pixels.as_raw()).context("no pixels")?;
        let space = PageSpace::of_raster(w, h, Some(DPI));
        let budget = Budget::unlimited();
        let stored = trace(&gray, &space, &budget)?;
        let (mut turns, mut of_stored) = (Turns::default(), [Vec::new(), Vec::new(), Vec::new()]);
        for (kind, area) in self.asked(&truth) {
            let ours = || {
                let index = PageIndex::build(&trace(&gray, &space, &budget)?, &budget)?;
                count(&index, area, ONE_SIZE)
            };
            turns.take((&kind, &truth), rounds, ours, || opencv.matched(&self.part, area, false))?;
            for _ in 0..rounds {
                let (build, index) = Taken::by(|| Ok(PageIndex::build(&stored, &budget)?))?;
                let (counted, _) = Taken::by(|| count(&index, area, ONE_SIZE))?;
                let (of_sizes, _) = Taken::by(|| count(&index, area, ALL_SIZES))?;
                of_stored.iter_mut().zip([build, counted, of_sizes]).for_each(|(all, taken)| all.push(taken));
            }
        }
        let faster = turns.faster();
        let [build, counted, of_sizes] = of_stored.map(|all| Taken::median(&all).cpu_s);
        let mut value = turns.to_json(
            "5,000 x 3,500 px, one thread. Ours: trace, index and count, all rotations, its size (scale_tolerance \
             0.05). OpenCV: one matchTemplate, TM_CCOEFF_NORMED, one angle, one size.",
        )?;
        value["of_that"] = json!({
            "how": "Medians of the kinds on the page as it is stored, which was traced when it came in.",
            "index_build_cpu_s": build, "count_cpu_s": counted, "count_of_all_sizes_cpu_s": of_sizes,
            "count_times_faster_cpu": Taken::median(&turns.theirs).cpu_s / counted,
        });
        value["goal"] = json!({"figure": "times faster than one template", "value": faster, "at_least": 1.0, "met": faster > 1.0});
        Ok(value)
    }

    fn vector(&self, opencv: &mut OpenCv, rounds: usize) -> anyhow::Result<Value> {
        let list = display_list(self.pdf.clone())?;
        let mut turns = Turns::default();
        let (build, index) = Taken::by(|| Ok(PageIndex::build(&list, &Budget::unlimited())?))?;
        for (kind, area) in self.asked(&self.truth) {
            let whole = || opencv.matched(&self.whole, area, true);
            turns.take((&kind, &self.truth), rounds, || count(&index, area, ALL_SIZES), whole)?;
        }
        let faster = turns.faster();
        let mut value = turns.to_json(
            "42 x 30 in, one thread. Ours: the first count on the stored page, index built. OpenCV: 121 \
             matchTemplates on its 150 dpi image, 11 sizes of up to 20 % by 11 angles of up to 15 degrees.",
        )?;
        value["index_build"] = json!(build);
        value["goal"] = json!({"figure": "times faster than 121 templates", "value": faster, "at_least": TIMES_FASTER, "met": faster >= TIMES_FASTER});
        Ok(value)
    }
}

/// Middles of what we find; none where the exemplar is refused.
fn count(index: &PageIndex, area: PxRect, scale_tolerance: f64) -> anyhow::Result<Vec<PxPoint>> {
    let budget = Budget::unlimited();
    let Ok(exemplar) = Exemplar::cut(index, area, &budget) else { return Ok(Vec::new()) };
    let outcome =
        find(index, &exemplar, &CountParams { scale_tolerance, ..CountParams::default() }, &budget).value;
    Ok(outcome.detections.iter().filter(|d| d.apart.is_none()).map(|d| d.center).collect())
}

impl Turns {
    /// Measures both in turns, each kind so many rounds.
    fn take(
        &mut self,
        (kind, truth): (&str, &Truth),
        rounds: usize,
        ours: impl Fn() -> anyhow::Result<Vec<PxPoint>>,
        mut theirs: impl FnMut() -> anyhow::Result<Matched>,
    ) -> anyhow::Result<()> {
        let (mut our_times, mut their_times, mut found) = (Vec::new(), Vec::new(), json!({}));
        for _ in 0..rounds {
            let (taken, middles) = Taken::by(&ours)?;
            our_times.push(taken);
            let matched = theirs()?;
            their_times.push(Taken { wall_s: matched.wall_s, cpu_s: matched.cpu_s });
            let hits: Vec<PxPoint> =
                matched.hits.iter().map(|&(_, x, y, w, h)| PxPoint::new(x + w / 2.0, y + h / 2.0)).collect();
            found =
                json!({"ours": rightness(&middles, kind, truth), "opencv": rightness(&hits, kind, truth)});
        }
        let (our, their) = (Taken::median(&our_times), Taken::median(&their_times));
        self.kinds.push(json!({
            "kind": kind, "ours": our, "opencv": their, "times_faster_cpu": their.cpu_s / our.cpu_s,
            "times_faster_wall": their.wall_s / our.wall_s, "found": found,
        }));
        self.ours.extend(our_times);
        self.theirs.extend(their_times);
        Ok(())
    }

    /// By the medians of CPU time, which a busy neighbour changes least.
    fn faster(&self) -> f64 {
        Taken::median(&self.theirs).cpu_s / Taken::median(&self.ours).cpu_s
    }

    fn to_json(&self, how: &str) -> anyhow::Result<Value> {
        let spread = |all: &[Taken], time: fn(&Taken) -> f64| {
            Spread::of(&all.iter().map(time).collect::<Vec<_>>()).context("nothing was measured")
        };
        let both = |all: &[Taken]| -> anyhow::Result<Value> {
            Ok(json!({"cpu_s": spread(all, |t| t.cpu_s)?, "wall_s": spread(all, |t| t.wall_s)?}))
        };
        Ok(json!({"how": how, "ours": both(&self.ours)?, "opencv": both(&self.theirs)?, "kinds": self.kinds}))
    }
}

/// How right places are; each instance is found once.
fn rightness(found: &[PxPoint], kind: &str, truth: &Truth) -> Value {
    let mut left: Vec<(PxPoint, f64)> = truth[kind]
        .iter()
        .filter(|i| i.counts())
        .map(|i| {
            let [x, y, w, h] = i.area;
            (PxPoint::new(x + w / 2.0, y + h / 2.0), w.max(h) * SAME_PLACE)
        })
        .collect();
    let there = left.len();
    for p in found {
        if let Some(i) = left.iter().position(|(middle, reach)| middle.distance(*p) <= *reach) {
            left.swap_remove(i);
        }
    }
    let right = there - left.len();
    json!({"there": there, "found": found.len(), "right": right, "precision": share(right, found.len()), "recall": share(right, there)})
}

/// OpenCV in a Python process that answers questions, one at a time.
struct OpenCv {
    child: Child,
    questions: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl OpenCv {
    /// # Errors
    /// There is no Python, or no network to install from.
    fn installed(folder: &Path) -> anyhow::Result<Self> {
        let venv = folder.join("venv");
        let said = Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
        let said = said.context("python3 is missing: it is what OpenCV is asked through")?;
        ensure!(said.status.success(), "python3 -m venv failed: {}", String::from_utf8_lossy(&said.stdout));
        let python = venv.join("bin/python");
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE];
        let said = Command::new(&python).args(install).output()?;
        ensure!(
            said.status.success(),
            "{PACKAGE} cannot be installed; is there a network? {}",
            String::from_utf8_lossy(&said.stderr)
        );
        let script = folder.join("opencv.py");
        std::fs::write(&script, SCRIPT)?;
        let mut child =
            Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (questions, told) = (child.stdin.take(), child.stdout.take().context("no way back")?);
        let (send, answers) = channel();
        // Ends with the child, whose end closes the pipe.
        std::thread::spawn(move || {
            BufReader::new(told).lines().map_while(Result::ok).all(|line| send.send(line).is_ok())
        });
        Ok(Self { child, questions, answers })
    }

    fn ask(&mut self, question: &Value) -> anyhow::Result<Value> {
        let to = self.questions.as_mut().context("no way to it")?;
        writeln!(to, "{question}")?;
        to.flush()?;
        let line = self.answers.recv_timeout(PATIENCE).context("OpenCV gave no answer")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// What the piece of the page in a box matches on the page.
    fn matched(&mut self, page: &Path, area: PxRect, many: bool) -> anyhow::Result<Matched> {
        let area = [area.x, area.y, area.w, area.h].map(|v| v.round() as u32);
        let question = json!({"do": "match", "page": page, "area": area, "many": many});
        Ok(serde_json::from_value(self.ask(&question)?)?)
    }
}

impl Drop for OpenCv {
    fn drop(&mut self) {
        // It ends when nothing more can be asked.
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}
