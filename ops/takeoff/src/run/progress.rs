//! What a person sees while the work runs: bars on a terminal, plain lines elsewhere.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;
use crate::recipe::Recipe;

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    /// The last step, as it was said.
    doing: RefCell<String>,
    /// Ids of the conditions that are through.
    through: RefCell<BTreeSet<String>>,
}

impl Progress {
    /// `quiet` shows nothing but the result.
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(100);
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {bar:24} {pos:>3} %  {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, quiet, doing: RefCell::default(), through: RefCell::default() }
    }

    /// A new step; the line stays where there is no terminal.
    pub(crate) fn step(&self, what: &str) {
        what.clone_into(&mut self.doing.borrow_mut());
        let what = &*output::plain(what);
        match &self.bar {
            Some(bar) => {
                bar.set_position(0);
                bar.set_message(what.to_owned());
            }
            None if !self.quiet => output::note(what),
            None => {}
        }
    }

    /// How far the step is, 0 to 100.
    pub(crate) fn at(&self, percent: f32) {
        if let Some(bar) = &self.bar {
            bar.set_position(percent.clamp(0.0, 100.0) as u64);
        }
    }

    /// Something worth keeping on the screen.
    pub(crate) fn say(&self, what: &str) {
        let what = &*output::plain(what);
        match &self.bar {
            Some(bar) => bar.println(what),
            None if !self.quiet => output::note(what),
            None => {}
        }
    }

    /// A condition of this id is through.
    pub(crate) fn is_through(&self, id: &str) {
        self.through.borrow_mut().insert(id.to_owned());
    }

    /// What a run that was stopped did not come to.
    pub(crate) fn stopped(&self, by: &str, recipe: &Recipe) -> String {
        let (doing, through) = (self.doing.borrow(), self.through.borrow());
        let at = if doing.is_empty() { "at its start".to_owned() } else { format!("at: {doing}") };
        let open = recipe.conditions.iter().filter(|c| !through.contains(&c.id));
        let open: Vec<String> = open.map(|c| format!("`{}`", c.id)).collect();
        let open = match open.as_slice() {
            [] => "every condition was through".to_owned(),
            open => format!("not finished: {}", open.join(", ")),
        };
        format!("stopped by {by} {at}; {open}; no report was made")
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
