use serde_json::json;
use takeoff_core::job::{Lane, NewJob, RetryPolicy, Stage, TaskLabel};
use takeoff_core::model::{Id, TenantId};
use takeoff_storage::Batch;

use crate::support::Server;

/// A job that clients see; of a stage that this node runs or does not run.
async fn job(server: &Server, project: &str, stage: Stage, task_type: &str) -> Id {
    let id = server.handle.next_id();
    let mut batch = Batch::new(TenantId::DEFAULT);
    batch.jobs.push(NewJob {
        id,
        stage,
        args: json!({}),
        lane: Lane::Interactive,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: Some(project.parse().unwrap()),
        subject_id: None,
        task: Some(TaskLabel { task_type: task_type.to_owned(), name: "A task".to_owned() }),
        request_id: None,
    });
    server.handle.commit(batch).await.unwrap();
    id
}

#[tokio::test]
async fn unknown_tasks_have_failed() {
    let server = Server::start().await;
    for id in ["no-such-task", "00000000-0000-4000-8000-000000000000"] {
        for path in [format!("/tasks/{id}"), format!("/tasks/{id}/status")] {
            let task = server.get(&path).await.expect(200);
            assert_eq!((&task["task_id"], &task["status"]), (&json!(id), &json!("FAILURE")));
            assert!(task["error"].is_string());
        }
        let cancelled = server.act(&format!("/tasks/{id}/cancel")).await.expect(200);
        assert_eq!(cancelled["status"], "REVOKED");
    }
}

#[tokio::test]
async fn tasks_run_are_listed_and_cancelled() {
    let server = Server::start().await;
    let project = server.project().await;
    let done = job(&server, &project, Stage::Noop, "auto_count").await;
    server.handle.await_job(TenantId::DEFAULT, done, 10_000).await.unwrap();
    let waiting = job(&server, &project, Stage::DetectScale, "scale_detection").await;

    let task = server.get(&format!("/tasks/{done}/status")).await.expect(200);
    assert_eq!((&task["status"], &task["project_id"]), (&json!("SUCCESS"), &json!(project)));
    assert!(task["completed_at"].is_string());

    let list = format!("/tasks/project/{project}");
    let all = server.get(&list).await.expect(200);
    assert_eq!((&all["total"], &all["running"], &all["completed"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(all["tasks"][0]["task_id"], waiting.to_string(), "newest first");
    let some = server.get(&format!("{list}?status=SUCCESS&limit=1")).await.expect(200);
    assert_eq!((&some["total"], &some["tasks"][0]["task_id"]), (&json!(1), &json!(done.to_string())));
    assert_eq!(some["running"], 1, "the counts are the project's");
    let none = server.get(&format!("{list}?status=RETRY")).await.expect(200);
    assert_eq!((&none["total"], &none["tasks"]), (&json!(0), &json!([])), "a state that no task is in");
    assert_eq!(none["running"], 1);
    let some = server.get(&format!("{list}?task_type=scale_detection")).await.expect(200);
    assert_eq!(some["total"], 1);
    assert_eq!(
        server.get(&format!("{list}?offset=1")).await.expect(200)["tasks"].as_array().unwrap().len(),
        1
    );

    assert_eq!(server.act(&format!("/tasks/{waiting}/cancel")).await.expect(200)["status"], "REVOKED");
    assert_eq!(server.get(&format!("/tasks/{waiting}")).await.expect(200)["status"], "REVOKED");
    server.act(&format!("/tasks/{done}/cancel")).await.expect(200);
    assert_eq!(server.get(&format!("/tasks/{done}")).await.expect(200)["status"], "SUCCESS", "it had ended");
}

#[tokio::test]
async fn paging_is_bounded() {
    let server = Server::start().await;
    let list = format!("/tasks/project/{}", server.project().await);
    for (query, problem) in [
        ("limit=-1", "greater_than_equal at query.limit"),
        ("limit=0", "greater_than_equal at query.limit"),
        ("limit=101", "less_than_equal at query.limit"),
        ("limit=x", "int_parsing at query.limit"),
        ("offset=-1", "greater_than_equal at query.offset"),
    ] {
        assert_eq!(server.get(&format!("{list}?{query}")).await.problems(), [problem]);
    }
    assert_eq!(server.get("/tasks/project/x").await.problems(), ["uuid_parsing at path.project_id"]);
}
