//! `takeoff migrate`: the database's schema, forward.

use takeoff_config::Flags;
use takeoff_storage::StoreError;
use takeoff_storage::pg::migrate::{Step, forward, status};

use crate::cli::{MigrateArgs, exit};
use crate::{node, output, settings};

pub(crate) fn main(args: &MigrateArgs) -> u8 {
    let loaded = match settings::load_or_complain(args.config.as_deref(), &Flags::default()) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let Some(database) = node::database(&loaded.config.database) else {
        output::complain("no database is set; DATABASE_URL or `database.url` names one");
        return exit::CONFIG;
    };
    let runtime = match node::runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            output::complain(&format!("no runtime: {e}"));
            return exit::FAILED;
        }
    };
    let said = runtime.block_on(async {
        if args.status {
            return status(&database).await.map(|steps| list(&steps));
        }
        forward(&database, args.dry_run).await.map(|done| told(&done, args.dry_run))
    });
    match said {
        Ok(text) => {
            output::print(&text);
            0
        }
        Err(e) => {
            output::complain(&e.cause());
            // A server that is away may come back; the rest is for somebody to put right.
            if matches!(e, StoreError::Unusable(_)) { exit::CONFIG } else { exit::FAILED }
        }
    }
}

fn list(steps: &[Step]) -> String {
    let line = |step: &Step| {
        let state = if step.applied { "applied" } else { "missing" };
        format!("{} {} {state}\n", step.version, step.name)
    };
    steps.iter().map(line).collect()
}

fn told(done: &[Step], dry: bool) -> String {
    if done.is_empty() {
        return "the database is up to date\n".to_owned();
    }
    let what = if dry { "works, taken back" } else { "done" };
    done.iter().map(|step| format!("{} {} {what}\n", step.version, step.name)).collect()
}
