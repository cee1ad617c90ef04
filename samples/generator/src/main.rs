//! Writes generated drawings: the sample set, single sheets, large pages, hostile files.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use takeoff_samples::{Habit, Hostile, Sheet, big_page, crowded, cut, school, set_of, sheet};

const USAGE: &str = "\
usage:
  takeoff-samples school FOLDER                            the sample plan set
  takeoff-samples sheet --seed N --habit HABIT FILE        one sheet; its truth goes to FILE.json
  takeoff-samples crowd --seed N --habit HABIT --instances N FILE  a crowded sheet of look-alikes; its truth likewise
  takeoff-samples cut --seed N --habit HABIT FILE          two sheets of a plan that is cut at a match line
  takeoff-samples page --paths N --seed N FILE             one large page
  takeoff-samples set --pages N --paths N --seed N FILE    a file of large pages
  takeoff-samples hostile KIND FILE                        a file made to hurt a reader";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nothing is left to do when standard error is closed.
            let _ = writeln!(std::io::stderr(), "takeoff-samples: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &[&str]) -> Result<(), String> {
    match args {
        ["school", folder] => write_school(Path::new(folder)),
        ["sheet", "--seed", seed, "--habit", habit, file] => {
            write_sheet(&sheet(number(seed)?, named(habit)?), Path::new(file))
        }
        ["crowd", "--seed", seed, "--habit", habit, "--instances", instances, file] => {
            let sheet = crowded(number(seed)?, named(habit)?, number(instances)?);
            write_sheet(&sheet, Path::new(file))
        }
        ["cut", "--seed", seed, "--habit", habit, file] => {
            let (pdf, truths) = cut(number(seed)?, named(habit)?);
            put(Path::new(file), &pdf)?;
            write_truth(&truths, Path::new(file))
        }
        ["page", "--paths", paths, "--seed", seed, file] => {
            put(Path::new(file), &big_page(number(paths)?, number(seed)?).0)
        }
        ["set", "--pages", pages, "--paths", paths, "--seed", seed, file] => {
            put(Path::new(file), &set_of(number(pages)?, number(paths)?, number(seed)?))
        }
        ["hostile", kind, file] => {
            let known = || Hostile::ALL.iter().map(|k| k.name()).collect::<Vec<_>>().join(", ");
            let kind =
                Hostile::named(kind).ok_or_else(|| format!("no kind `{kind}`; there are {}", known()))?;
            kind.write(Path::new(file)).map_err(|e| failed(Path::new(file), e))
        }
        _ => Err(format!("what to draw?\n{USAGE}")),
    }
}

fn write_school(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    school().files.iter().try_for_each(|(name, bytes)| put(&folder.join(name), bytes))
}

fn named(habit: &str) -> Result<Habit, String> {
    let known = Habit::NAMES.join(", ");
    Habit::named(habit).ok_or_else(|| format!("no habit `{habit}`; there are {known}"))
}

fn write_sheet(sheet: &Sheet, file: &Path) -> Result<(), String> {
    put(file, &sheet.pdf)?;
    write_truth(&sheet.truth, file)
}

/// Beside the file.
fn write_truth(truth: &impl serde::Serialize, file: &Path) -> Result<(), String> {
    let truth = serde_json::to_vec_pretty(truth).map_err(|e| failed(file, e))?;
    let mut beside = file.as_os_str().to_owned();
    beside.push(".json");
    put(Path::new(&beside), &truth)
}

fn put(file: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(file, bytes).map_err(|e| failed(file, e))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no whole number that fits here"))
}

fn failed(path: &Path, error: impl Display) -> String {
    format!("{}: {error}", path.display())
}
