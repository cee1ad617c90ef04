//! The real drawings that `TAKEOFF_CORPUS` names.

use std::path::PathBuf;

use takeoff_config::environment::Variables;

/// Folder of the real drawings. Without it a test is skipped, loudly; in CI that is a failure.
pub fn corpus() -> Option<PathBuf> {
    let variables = Variables::of_process();
    match variables.get("TAKEOFF_CORPUS") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => {
            assert!(variables.get("CI").is_none(), "TAKEOFF_CORPUS must name the real drawings in CI");
            skipped();
            None
        }
    }
}

/// A file of the corpus, which must be there when the corpus is.
pub fn required(path: &str) -> Option<PathBuf> {
    let file = corpus()?.join(path);
    assert!(file.is_file(), "{} is missing from the corpus", file.display());
    Some(file)
}

#[expect(clippy::print_stderr, reason = "a skip must be seen")]
fn skipped() {
    eprintln!("SKIPPED: TAKEOFF_CORPUS does not name the folder of real drawings");
}
