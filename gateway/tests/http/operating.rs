//! Jobs and pauses over the admin routes.

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_core::job::{Lane, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{Id, TenantId};
use takeoff_storage::Batch;

use crate::support::Server;

const TENANT: TenantId = TenantId::DEFAULT;

async fn job(server: &Server, stage: Stage, project: Option<&str>) -> Id {
    let id = server.handle.next_id();
    let mut batch = Batch::new(TENANT);
    batch.jobs.push(NewJob {
        id,
        stage,
        args: json!({"x": 1}),
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: project.map(|p| p.parse().unwrap()),
        subject_id: None,
        task: None,
        request_id: None,
    });
    server.handle.commit(batch).await.unwrap();
    id
}

/// A job that is dead because nobody can read its arguments.
async fn dead(server: &Server, project: Option<&str>) -> Id {
    let id = job(server, Stage::RunAssembly, project).await;
    server.handle.await_job(TENANT, id, 10_000).await.unwrap();
    id
}

fn ids(page: &Value) -> Vec<String> {
    page["jobs"].as_array().unwrap().iter().map(|j| j["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn jobs_are_listed_with_ages_and_causes() {
    let server = Server::start().await;
    let project = server.project().await;
    let idle = job(&server, Stage::DetectScale, Some(&project)).await.to_string();
    let done = job(&server, Stage::Noop, None).await;
    server.handle.await_job(TENANT, done, 10_000).await.unwrap();
    let died = dead(&server, Some(&project)).await.to_string();
    let (done, all) = (done.to_string(), server.get("/admin/jobs").await.expect(200));
    assert_eq!((ids(&all), &all["total"]), (vec![died.clone(), done.clone(), idle.clone()], &json!(3)));
    for row in all["jobs"].as_array().unwrap() {
        assert!(row["age_ms"].as_i64() >= Some(0) && row["state_age_ms"].as_i64() >= Some(0), "{row}");
        assert!(row["state"] == "succeeded" || !row["cause"].as_str().unwrap().is_empty(), "{row}");
    }
    for (query, expected) in [
        ("state=dead".to_owned(), vec![&died]),
        ("state=succeeded,%20ready".to_owned(), vec![&done, &idle]),
        ("stage=detect_scale".to_owned(), vec![&idle]),
        (format!("project_id={project}"), vec![&died, &idle]),
        (format!("project_id={project}&state=dead&stage=run_assembly"), vec![&died]),
        ("older_than_s=3600".to_owned(), vec![]),
    ] {
        let page = server.get(&format!("/admin/jobs?{query}")).await.expect(200);
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{query}");
        assert_eq!(page["total"], expected.len(), "{query}");
    }
    let page = server.get("/admin/jobs?limit=2").await.expect(200);
    assert_eq!((ids(&page).len(), &page["next_offset"]), (2, &json!(2)));
    let page = server.get("/admin/jobs?limit=2&offset=2").await.expect(200);
    assert_eq!((ids(&page), &page["next_offset"]), (vec![idle], &Value::Null));

    let shown = server.get(&format!("/admin/jobs/{died}")).await.expect(200);
    assert_eq!(
        (&shown["state"], &shown["args"]["x"], &shown["attempts"]),
        (&json!("dead"), &json!(1), &json!(1))
    );
    assert_eq!(shown["failures"][0]["kind"], "reject");
    assert_eq!(shown["failures"][0]["message"], shown["cause"]);
}

#[tokio::test]
async fn wrong_questions_are_refused() {
    let server = Server::start().await;
    for (query, problem) in [
        ("stage=x", "literal_error at query.stage"),
        ("state=dead,x", "literal_error at query.state"),
        ("project_id=x", "uuid_parsing at query.project_id"),
        ("older_than_s=-1", "greater_than_equal at query.older_than_s"),
        ("subject_id=x", "uuid_parsing at query.subject_id"),
        ("tasks_only=maybe", "bool_parsing at query.tasks_only"),
        ("limit=501", "less_than_equal at query.limit"),
        ("offset=-1", "greater_than_equal at query.offset"),
    ] {
        assert_eq!(server.get(&format!("/admin/jobs?{query}")).await.problems(), [problem]);
    }
    let nobody = "00000000-0000-4000-8000-000000000000";
    assert_eq!(server.get(&format!("/admin/jobs/{nobody}")).await.detail(404), "Job not found");
    for verb in ["retry", "cancel", "discard"] {
        assert_eq!(server.act(&format!("/admin/jobs/{nobody}/{verb}")).await.detail(404), "Job not found");
        assert_eq!(
            server.act(&format!("/admin/jobs/x/{verb}")).await.problems(),
            ["uuid_parsing at path.job_id"]
        );
    }
    let done = job(&server, Stage::Noop, None).await;
    server.handle.await_job(TENANT, done, 10_000).await.unwrap();
    for verb in ["retry", "cancel", "discard"] {
        let detail = server.act(&format!("/admin/jobs/{done}/{verb}")).await.detail(400);
        assert!(detail.starts_with("the job is succeeded"), "{detail}");
    }
}

#[tokio::test]
async fn jobs_are_put_back_discarded_and_cancelled() {
    let server = Server::start().await;
    let died = dead(&server, None).await;
    let again = server.act(&format!("/admin/jobs/{died}/retry")).await.expect(200);
    assert_eq!(again["id"], died.to_string());
    let job_now = server.handle.await_job(TENANT, died, 10_000).await.unwrap();
    assert!(job_now.token > 1, "it ran again: {job_now:?}");
    let gone = server.post(&format!("/admin/jobs/{died}/discard"), json!({"cause": "a bad import"})).await;
    let gone = gone.expect(200);
    assert_eq!(gone["state"], "refused");
    let cause = gone["cause"].as_str().unwrap();
    assert!(cause.starts_with("discarded by an operator: a bad import; it had died of: "), "{cause}");
    assert_eq!(server.get("/admin/jobs?state=dead").await.expect(200)["total"], 0);

    let idle = job(&server, Stage::DetectScale, None).await;
    let cancelled = server.post(&format!("/admin/jobs/{idle}/cancel"), json!({"cause": "twice"})).await;
    let cancelled = cancelled.expect(200);
    assert_eq!(
        (&cancelled["state"], &cancelled["cause"]),
        (&json!("cancelled"), &json!("cancelled by an operator: twice"))
    );
    assert_eq!(server.act(&format!("/admin/jobs/{idle}/retry")).await.expect(200)["state"], "ready");
}

#[tokio::test]
async fn all_dead_jobs_that_match_are_swept() {
    let server = Server::start().await;
    let project = server.project().await;
    for project in [Some(project.as_str()), Some(&project), None] {
        dead(&server, project).await;
    }
    let swept = server.act(&format!("/admin/dead-jobs/discard?project_id={project}")).await.expect(200);
    assert_eq!(swept, json!({"changed": 2, "left": 0}));
    assert_eq!(server.get("/admin/jobs?state=dead").await.expect(200)["total"], 1);
    let swept = server.act("/admin/dead-jobs/retry?stage=run_assembly").await.expect(200);
    assert_eq!(swept, json!({"changed": 1, "left": 0}));
}

#[tokio::test]
async fn work_is_held_back_and_let_go() {
    let server = Server::start().await;
    let project = server.project().await;
    assert_eq!(server.get("/admin/pauses").await.expect(200), json!({"paused": []}));
    let pause = json!({"project_id": project, "cause": "not paid"});
    let held = server.post("/admin/pause", pause).await.expect(200);
    assert_eq!(
        (&held["paused"][0]["cause"], held["paused"].as_array().unwrap().len()),
        (&json!("not paid"), 1)
    );
    let waits = job(&server, Stage::Noop, Some(&project)).await;
    let runs = job(&server, Stage::Noop, None).await;
    server.handle.await_job(TENANT, runs, 10_000).await.unwrap();
    let shown = server.get(&format!("/admin/jobs/{waits}")).await.expect(200);
    assert_eq!(
        (&shown["state"], &shown["paused"], &shown["leases"]),
        (&json!("ready"), &json!(true), &json!(0))
    );
    assert!(shown["cause"].as_str().unwrap().ends_with("not paid"), "{shown}");

    server.post("/admin/pause", json!({"stage": "ingest", "cause": "disk"})).await.expect(200);
    server.post("/admin/pause", json!({"node": "", "cause": "memory"})).await.expect(200);
    server.post("/admin/pause", json!({"node": "nobody", "cause": "a slip"})).await.expect(404);
    let ready = server.send(Method::GET, "/ready", None).await.expect(200);
    assert_eq!(ready["ready"], true);
    let told: Vec<_> = ready["paused"].as_array().unwrap().iter().map(|p| p["cause"].clone()).collect();
    assert_eq!(told, [json!("disk"), json!("memory")], "no projects");
    let node = server.get("/admin/node").await.expect(200);
    assert_eq!(node["paused"].as_array().unwrap().len(), 3);

    for scope in [json!({"stage": "ingest"}), json!({"node": ""}), json!({"project_id": project})] {
        server.post("/admin/resume", scope.clone()).await.expect(200);
        server.post("/admin/resume", scope).await.expect(200);
    }
    server.handle.await_job(TENANT, waits, 10_000).await.unwrap();
    assert_eq!(server.get("/admin/pauses").await.expect(200), json!({"paused": []}));
}

#[tokio::test]
async fn a_pause_names_one_thing_and_a_cause() {
    let server = Server::start().await;
    let stage = |cause: &str| json!({"stage": "ingest", "cause": cause});
    assert_eq!(
        server.post("/admin/pause", json!({"stage": "ingest"})).await.problems(),
        ["missing at body.cause"]
    );
    assert_eq!(server.post("/admin/pause", stage(" ")).await.problems(), ["string_too_short at body.cause"]);
    assert_eq!(server.post("/admin/pause", stage("a\u{7}b")).await.problems(), ["value_error at body.cause"]);
    let two = json!({"stage": "ingest", "node": "", "cause": "x"});
    for body in [two, json!({"cause": "x"})] {
        assert!(server.post("/admin/pause", body).await.detail(400).contains("exactly one"));
    }
    let nobody = json!({"project_id": "00000000-0000-4000-8000-000000000000", "cause": "x"});
    assert_eq!(server.post("/admin/pause", nobody).await.detail(404), "Project not found");
}

#[tokio::test]
async fn a_project_is_weighed() {
    let server = Server::start().await;
    let path = format!("/admin/projects/{}/weight", server.project().await);
    let weighed = server.put(&path, json!({"weight": 30})).await.expect(200);
    assert_eq!(weighed["weight"], 30);
    server.put(&path, json!({"weight": 10})).await.expect(200);
    assert_eq!(
        server.put(&path, json!({"weight": 0})).await.problems(),
        ["greater_than_equal at body.weight"]
    );
    assert_eq!(
        server.put(&path, json!({"weight": 1001})).await.problems(),
        ["less_than_equal at body.weight"]
    );
    let nobody = "/admin/projects/00000000-0000-4000-8000-000000000000/weight";
    assert_eq!(server.put(nobody, json!({"weight": 1})).await.detail(404), "Project not found");
}
