//! The deployment's variables do what they say, on a real node.

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_tests::{Drawn, problems_of_config};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_honours_the_deployments_variables() {
    let mut d = Drawn::open_with(&[
        ("AUTO_COUNT_DEFAULT_THRESHOLD", "0.95"),
        ("AUTO_COUNT_MAX_DETECTIONS", "3"),
        ("ASSEMBLY_DEFAULT_WASTE_PERCENT", "12.5"),
        ("CORS_ORIGINS", "https://plans.example, https://site.example"),
        ("LOG_LEVEL", "WARNING"),
        ("ENVIRONMENT", "production"),
        ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
    ])
    .await;
    let condition = d.condition().await;
    counts_by_default(&d, &condition).await;
    let assembly = d.client.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    assert_eq!(assembly["default_waste_percent"], 12.5);
    for (origin, allowed) in
        [("https://plans.example", true), ("https://site.example", true), ("http://localhost:5173", false)]
    {
        let answer =
            d.client.request(Method::GET, "/projects").header("origin", origin).send().await.unwrap();
        let allow = answer.headers().get("access-control-allow-origin").map(|v| v.to_str().unwrap());
        assert_eq!(allow, allowed.then_some(origin));
    }
    let lines: Vec<Value> = d.node.log().iter().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let loud = |l: &&Value| !matches!(l["level"].as_str(), Some("WARN" | "ERROR"));
    assert_eq!(lines.iter().find(loud), None, "lower levels are silent");
}

/// Three of many are kept, the strongest, and a request that names its own numbers gets them.
async fn counts_by_default(d: &Drawn, condition: &str) {
    let truly = d.commonest().len();
    assert!(truly > 5, "the sheet has too few of any kind: {truly}");
    let request = json!({"condition_id": condition, "template_bbox": d.exemplar()});
    let session = d.client.count(&d.page, request.clone()).await;
    assert_eq!(session["status"], "completed", "{session}");
    assert_eq!((&session["confidence_threshold"], &session["max_detections"]), (&json!(0.95), &json!(3)));
    assert_eq!((&session["total_detections"], &session["truncated"]), (&json!(3), &json!(true)));
    let found = session["found_detections"].as_u64().unwrap();
    assert!(found > 3, "{session}");
    let confidences = |session: &Value| -> Vec<f64> {
        session["detections"].as_array().unwrap().iter().map(|d| d["confidence"].as_f64().unwrap()).collect()
    };
    let kept = confidences(&session);
    assert!(kept.iter().all(|c| *c >= 0.95), "{kept:?}");
    let mut own = request;
    own["max_detections"] = json!(400);
    own["confidence_threshold"] = json!(0.80);
    let whole = d.client.count(&d.page, own).await;
    assert_eq!((&whole["truncated"], &whole["confidence_threshold"]), (&json!(false), &json!(0.80)));
    let all = confidences(&whole);
    assert!(all.len() as u64 >= found, "a lower threshold finds no fewer");
    assert_eq!(kept, all[..3], "the strongest are kept");
}

#[test]
fn variables_that_cannot_be_honoured_stop_the_node() {
    let (code, said) = problems_of_config(&[
        ("ENVIRONMENT", "prod"),
        ("LOG_LEVEL", "loud"),
        ("AUTO_COUNT_MAX_DETECTIONS", "0"),
        ("MINIO_ENDPOINT", "https://geheim@store.example"),
        ("MINIO_ACCESS_KEY", "geheim"),
        ("MINIO_SECRET_KEY", "geheim"),
        ("DATABASE_URL", "mysql://user:geheim@db/takeoff"),
    ]);
    assert_eq!(code, Some(78));
    let named: Vec<&str> = said.lines().filter_map(|l| l.split("(environment ").nth(1)).collect();
    assert_eq!(named.len(), 7, "one line a problem: {said}");
    for name in [
        "ENVIRONMENT",
        "LOG_LEVEL",
        "AUTO_COUNT_MAX_DETECTIONS",
        "MINIO_ENDPOINT",
        "MINIO_ACCESS_KEY",
        "MINIO_SECRET_KEY",
        "DATABASE_URL",
    ] {
        assert!(named.iter().any(|n| n.starts_with(name)), "{name} is missing in\n{said}");
    }
    assert!(!said.contains("geheim"), "a secret reached a message");
}

/// What `takeoff config` says to these arguments.
fn config(args: &[&str]) -> (Option<i32>, String) {
    let out = takeoff_tests::command().arg("config").args(args).output().expect("the binary runs");
    (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
}

#[test]
fn a_file_is_named_as_other_commands_take_it_and_a_recipe_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (file, recipe) = (folder.path().join("node.toml"), folder.path().join("takeoff.toml"));
    let (file, recipe) = (file.to_str().unwrap(), recipe.to_str().unwrap());
    std::fs::write(file, "[node]\nname = \"quarry\"\n").unwrap();
    for args in [&["show", "--config", file][..], &["show", file]] {
        let (code, said) = config(args);
        assert!(code == Some(0) && said.contains("node.name = quarry"), "{said}");
    }
    assert_eq!(config(&["check", "--config", file]).0, Some(0));
    assert_eq!(config(&["check", file, "--config", file]).0, Some(2), "one of them");
    std::fs::write(recipe, "[project]\nname = \"P\"\n[[document]]\nid = \"a\"\nfile = \"a.pdf\"\n").unwrap();
    let (code, said) = config(&["check", recipe]);
    assert!(code == Some(78) && said.contains("is a recipe, which `takeoff run` takes"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    std::fs::write(file, "[node]\nnme = \"quarry\"\n").unwrap();
    let (code, said) = config(&["check", file]);
    assert!(code == Some(78) && said.contains("did you mean `node.name`?"), "{said}");
}
