//! `takeoff jobs`: jobs of a running node, over its admin API. The node has the store open, so there is no
//! other way to them.

pub(crate) mod text;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::admin::Client;
use crate::cli::exit;
use crate::{node, output};

#[derive(Args)]
pub(crate) struct JobsArgs {
    /// The node's address
    #[arg(long, global = true, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    url: String,
    /// Print the API's answers as JSON, one a line
    #[arg(long, global = true)]
    json: bool,
    /// Without one, the newest jobs are listed
    #[command(subcommand)]
    what: Option<JobsCommand>,
}

#[derive(Subcommand)]
enum JobsCommand {
    /// List jobs, newest first
    List {
        #[command(flatten)]
        filter: Filter,
        /// Only in these states, with commas between them: ready, leased, waiting, succeeded, refused, dead,
        /// cancelled
        #[arg(long, value_name = "STATES")]
        state: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// List dead jobs and why they died
    Dead {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        page: Page,
    },
    /// Show everything that is kept of a job
    Show {
        /// The job's id, from a list
        id: String,
    },
    /// Put dead or cancelled jobs back, with all their attempts
    Retry(Which),
    /// Take dead jobs out of the dead letters, for good
    Discard {
        #[command(flatten)]
        which: Which,
        /// Why; kept with the job
        #[arg(long)]
        cause: Option<String>,
    },
    /// Cancel jobs that have not ended
    Cancel {
        /// Ids of jobs, from a list
        #[arg(required = true)]
        ids: Vec<String>,
        /// Why; kept with the job
        #[arg(long)]
        cause: Option<String>,
    },
    /// Start no more jobs of a stage, a project or a node; what runs goes on
    Pause {
        #[command(flatten)]
        scope: Scope,
        /// Why; everybody who looks sees it
        #[arg(long)]
        cause: String,
    },
    /// Start jobs of a paused stage, project or node again
    Resume {
        #[command(flatten)]
        scope: Scope,
    },
    /// List what is paused
    Paused,
    /// Show the work that is done at times: when it runs next, when it ran last, and what came of it
    Schedule,
    /// Give a project more or less CPU time beside others
    Weight {
        /// The project's id
        project: String,
        /// 1 to 1000; all have 10 unless they are given another
        weight: u16,
    },
}

/// Jobs of a list, unless told otherwise.
const LISTED: u32 = 50;

#[derive(Args, Default)]
struct Filter {
    /// Only of this stage: ingest, detect_scale, auto_count, run_assembly, noop
    #[arg(long)]
    stage: Option<String>,
    /// Only of this project
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// Only for this document, page, count session or assembly
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Only tasks that clients wait for, not the parts in which one is handed out, such as the pages of a document
    #[arg(long)]
    tasks: bool,
    /// Only those enqueued at least so long ago, such as 90s, 15m, 2h or 3d
    #[arg(long, value_name = "AGE", value_parser = seconds)]
    older_than: Option<u32>,
}

#[derive(Args)]
struct Page {
    /// At most so many
    #[arg(long, default_value_t = LISTED)]
    limit: u32,
    /// Skip so many
    #[arg(long, default_value_t = 0)]
    offset: u64,
}

#[derive(Args)]
struct Which {
    /// Ids of jobs, from a list
    #[arg(required_unless_present = "all_dead", conflicts_with_all = ["all_dead", "stage", "project", "subject", "tasks", "older_than"])]
    ids: Vec<String>,
    /// All dead jobs that match the filter
    #[arg(long)]
    all_dead: bool,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Scope {
    /// This stage, on every node
    #[arg(long)]
    stage: Option<String>,
    /// This project, on every node
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// The node of this name; without a name, the one that is asked
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    node: Option<String>,
}

/// `90`, `90s`, `15m`, `2h`, `3d` in seconds.
fn seconds(text: &str) -> Result<u32, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3_600),
        Some((at, 'd')) => (&text[..at], 86_400),
        _ => (text, 1),
    };
    let parsed: Option<u32> = number.parse().ok();
    parsed
        .and_then(|n| n.checked_mul(unit))
        .ok_or_else(|| "an age is a number of s, m, h or d, such as 15m".to_owned())
}

impl Filter {
    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.stage.clone().map(|s| ("stage", s)));
        query.extend(self.project.clone().map(|p| ("project_id", p)));
        query.extend(self.subject.clone().map(|id| ("subject_id", id)));
        query.extend(self.tasks.then(|| ("tasks_only", "true".to_owned())));
        query.extend(self.older_than.map(|s| ("older_than_s", s.to_string())));
        query
    }
}

impl Scope {
    fn body(&self, cause: Option<&str>) -> Value {
        let mut body = Map::new();
        let given = [("stage", &self.stage), ("project_id", &self.project), ("node", &self.node)].into_iter();
        body.extend(given.filter_map(|(key, value)| Some((key.to_owned(), json!(value.as_ref()?)))));
        body.extend(cause.map(|cause| ("cause".to_owned(), json!(cause))));
        body.into()
    }
}

pub(crate) fn main(args: &JobsArgs) -> u8 {
    let done = node::runtime().map_err(anyhow::Error::from).and_then(|rt| rt.block_on(run(args)));
    match done {
        Ok(()) => 0,
        Err(e) => {
            output::complain(&output::plain(&format!("{e:#}")));
            exit::FAILED
        }
    }
}

/// What an answer is shown as.
type Show = fn(&Value) -> String;

async fn run(args: &JobsArgs) -> anyhow::Result<()> {
    let client = Client::of(&args.url)?;
    let show = |answer: &Value, text: Show| {
        output::print(&if args.json { format!("{answer}\n") } else { text(answer) });
    };
    let newest =
        JobsCommand::List { filter: Filter::default(), state: None, page: Page { limit: LISTED, offset: 0 } };
    match args.what.as_ref().unwrap_or(&newest) {
        JobsCommand::List { filter, state, page } => {
            show(&listed(&client, filter, state.as_deref(), page).await?, text::jobs);
        }
        JobsCommand::Dead { filter, page } => {
            show(&listed(&client, filter, Some("dead"), page).await?, text::jobs);
        }
        JobsCommand::Show { id } => show(&client.get(&format!("jobs/{id}"), &[]).await?, text::job),
        JobsCommand::Retry(which) => change(&client, which, "retry", None, &show).await?,
        JobsCommand::Discard { which, cause } => {
            change(&client, which, "discard", cause.as_deref(), &show).await?;
        }
        JobsCommand::Cancel { ids, cause } => {
            each(&client, ids, "cancel", cause.as_deref(), &show).await?;
        }
        JobsCommand::Pause { scope, cause } => {
            show(&client.post("pause", &[], scope.body(Some(cause))).await?, text::paused);
        }
        JobsCommand::Resume { scope } => {
            show(&client.post("resume", &[], scope.body(None)).await?, text::paused);
        }
        JobsCommand::Weight { project, weight } => {
            let path = format!("projects/{project}/weight");
            show(&client.put(&path, json!({ "weight": weight })).await?, text::weighed);
        }
        JobsCommand::Schedule => show(&client.get("schedule", &[]).await?, text::schedule),
        JobsCommand::Paused => show(&client.get("pauses", &[]).await?, text::paused),
    }
    Ok(())
}

async fn listed(client: &Client, filter: &Filter, state: Option<&str>, page: &Page) -> anyhow::Result<Value> {
    let mut query = filter.query();
    query.extend(state.map(|s| ("state", s.to_owned())));
    query.push(("limit", page.limit.to_string()));
    query.push(("offset", page.offset.to_string()));
    client.get("jobs", &query).await
}

fn body(cause: Option<&str>) -> Value {
    cause.map_or_else(|| json!({}), |cause| json!({ "cause": cause }))
}

/// By id, or all dead ones that match, until none is left.
async fn change(
    client: &Client,
    which: &Which,
    verb: &str,
    cause: Option<&str>,
    show: &impl Fn(&Value, Show),
) -> anyhow::Result<()> {
    if !which.all_dead {
        anyhow::ensure!(!which.ids.is_empty(), "name jobs by their ids, or say --all-dead");
        return each(client, &which.ids, verb, cause, show).await;
    }
    let query = which.filter.query();
    loop {
        let answer = client.post(&format!("dead-jobs/{verb}"), &query, body(cause)).await?;
        show(&answer, text::swept);
        // What is put back may die again at once; a round that changes nothing would change nothing again.
        if answer["left"] == 0 || answer["changed"] == 0 {
            return Ok(());
        }
    }
}

/// One after the other; the first that fails ends it.
async fn each(
    client: &Client,
    ids: &[String],
    verb: &str,
    cause: Option<&str>,
    show: &impl Fn(&Value, Show),
) -> anyhow::Result<()> {
    for id in ids {
        let answer = client.post(&format!("jobs/{id}/{verb}"), &[], body(cause)).await?;
        show(&answer, text::line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_named_or_all_dead_ones_are_meant() {
        use clap::Parser as _;
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            jobs: JobsArgs,
        }
        let taken = |words: &str| Line::try_parse_from(format!("jobs {words}").split(' ')).is_ok();
        for verb in ["retry", "discard"] {
            for good in ["a", "a b", "--all-dead", "--all-dead --stage ingest --older-than 2h"] {
                assert!(taken(&format!("{verb} {good}")), "{verb} {good}");
            }
            for bad in ["--stage ingest", "a --all-dead", "a --stage ingest", "a --subject b", "a --tasks"] {
                assert!(!taken(&format!("{verb} {bad}")), "{verb} {bad}");
            }
        }
        assert!(!taken("retry") && taken("cancel a --cause b") && !taken("cancel"));
        assert!(taken("pause --stage ingest --cause x") && !taken("pause --cause x"));
        assert!(Line::try_parse_from(["jobs"]).is_ok_and(|line| line.jobs.what.is_none()));
        assert!(taken("pause --node --cause x") && taken("resume --project p"));
    }

    #[test]
    fn ages_are_read_in_their_units() {
        for (text, expected) in [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7_200), ("3d", 259_200)] {
            assert_eq!(seconds(text), Ok(expected));
        }
        for text in ["", "s", "-1s", "1w", "1.5h", "99999999d", "ü"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_scope_is_the_one_that_was_named() {
        let scope = Scope { stage: None, project: None, node: Some(String::new()) };
        assert_eq!(scope.body(Some("why")), json!({ "node": "", "cause": "why" }));
        assert_eq!(
            Scope { stage: Some("ingest".to_owned()), project: None, node: None }.body(None),
            json!({ "stage": "ingest" })
        );
    }
}
