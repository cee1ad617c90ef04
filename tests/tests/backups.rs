//! Everything that a node has, in one file and out of it again, from one kind of store to another.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_test_servers::{Durability, Postgres};
use takeoff_tests::{Bucket, Client, Node, School, SmallDisk, command, first_count};

const STOP: Duration = Duration::from_secs(40);

/// Exit code and everything said by `takeoff` with these variables.
fn takeoff(args: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let out = command().args(args).envs(settings.iter().copied()).output().expect("the binary runs");
    (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// What a client sees of a project, without addresses, which name the node.
async fn seen(client: &Client, school: &Seen) -> Value {
    let mut all = Vec::new();
    for path in &school.paths {
        all.push(client.get(path).await.expect(200));
    }
    let mut json = serde_json::to_string(&all).unwrap();
    json = json.replace(client.url("//").trim_end_matches('/'), "");
    let image = client.request(Method::GET, &school.image).send().await.unwrap().bytes().await.unwrap();
    assert!(image.starts_with(b"\x89PNG"));
    json!([serde_json::from_str::<Value>(&json).unwrap(), image.len()])
}

struct Seen {
    paths: Vec<String>,
    image: String,
}

/// A node's project with a count, confirmed and priced.
async fn worked_on(school: &School) -> Seen {
    let (number, area) = first_count();
    let condition = school.condition("count", "EA").await;
    let c = &school.client;
    let session =
        c.count(school.page(number), json!({"condition_id": condition, "template_bbox": area})).await;
    assert_eq!(session["status"], "completed", "{session}");
    let path = format!("/auto-count-sessions/{}", session["id"].as_str().unwrap());
    c.post(&format!("{path}/bulk-confirm"), json!({"threshold": 0.8})).await.expect(200);
    c.post(&format!("{path}/create-measurements"), Value::Null).await.expect(200);
    let assembly = c.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    let assembly = assembly["id"].as_str().unwrap().to_owned();
    let component = json!({"name": "Device", "quantity_formula": "{qty}", "unit": "EA", "unit_cost": "2.50"});
    c.post(&format!("/assemblies/{assembly}/components"), component).await.expect(201);
    let project = &school.project;
    let paths = [
        format!("/projects/{project}"),
        format!("/documents/{}/pages", school.document),
        format!("/conditions/{condition}/measurements"),
        format!("/assemblies/{assembly}"),
        format!("/projects/{project}/cost-summary"),
        format!("/tasks/project/{project}"),
        path,
    ];
    let image = format!("/files/pages/{}/image.png", school.page(number));
    Seen { paths: paths.into(), image }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_moves_to_a_database_and_a_bucket_and_back() {
    let school = School::open().await;
    let what = worked_on(&school).await;
    let before = seen(&school.client, &what).await;
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let data = school.node.data().to_path_buf();
    let (code, said) = takeoff(&["backup", text(&first), "--data-dir", text(&data)], &[]);
    assert!(code == Some(78) && said.contains("in use"), "a running node has the folder: {said}");
    assert!(said.contains("stop the node"), "it says what to do: {said}");
    assert!(!first.exists());
    assert_eq!(school.node.stop("TERM", STOP).code(), Some(0));
    let (code, said) = takeoff(&["backup", text(&first), "--data-dir", text(&data)], &[]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = takeoff(&["restore", "--verify", text(&first)], &[]);
    assert!(code == Some(0) && said.contains("is whole") && said.contains("records"), "{said}");

    let server = Postgres::start(Durability::Full);
    let (url, bucket) = (server.new_database(), Bucket::start().await);
    let mut settings = bucket.settings().to_vec();
    settings.push(("DATABASE_URL", &url));
    assert_eq!(takeoff(&["migrate"], &settings).0, Some(0));
    let elsewhere = folder.path().join("elsewhere");
    let restore = ["restore", text(&first), "--data-dir", text(&elsewhere)];
    let (code, said) = takeoff(&restore, &settings);
    assert_eq!(code, Some(0), "{said}");
    let node = Node::start_with(&elsewhere, &settings);
    assert_eq!(seen(&node.client(), &what).await, before);

    // While the node runs, from anywhere.
    let (code, said) = takeoff(&["backup", text(&second)], &settings);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = takeoff(&restore, &settings);
    assert!(
        code == Some(78) && said.contains("in use by another process"),
        "the node has the folder: {said}"
    );
    assert_eq!(node.stop("TERM", STOP).code(), Some(0));
    let (code, said) = takeoff(&restore, &settings);
    assert!(code == Some(1) && said.contains("not empty"), "{said}");
    let back = folder.path().join("back");
    let (code, said) = takeoff(&["restore", text(&second), "--data-dir", text(&back)], &[]);
    assert_eq!(code, Some(0), "{said}");
    let node = Node::start(&back);
    assert_eq!(seen(&node.client(), &what).await, before);
    let project = node.client().project("More").await;
    let more = node.client().upload(&project, &takeoff_tests::school_plans()).await.expect(201);
    assert_eq!(node.client().settled(more["id"].as_str().unwrap()).await["status"], "ready", "it works on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_restored_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("file"));
    let node = Node::start(&data);
    node.client().project("A").await;
    assert_eq!(node.stop("TERM", STOP).code(), Some(0));
    assert_eq!(takeoff(&["backup", text(&file), "--data-dir", text(&data)], &[]).0, Some(0));
    let nothing = folder.path().join("nothing");
    let (code, said) = takeoff(&["backup", "x", "--data-dir", text(&nothing)], &[]);
    assert!(code == Some(1) && said.contains("no data folder") && !nothing.exists(), "{said}");
    let (code, said) = takeoff(&["restore", text(&file), "--data-dir", text(&data)], &[]);
    assert!(code == Some(1) && said.contains("not empty"), "{said}");

    let whole = std::fs::read(&file).unwrap();
    let bad = folder.path().join("bad");
    let target = folder.path().join("target");
    for cut in [10, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&bad, &whole[..cut]).unwrap();
        for how in [&["restore", "--verify"][..], &["restore", "--data-dir", text(&target)]] {
            let (code, said) = takeoff(&[how, &[text(&bad)]].concat(), &[]);
            assert!(code == Some(1) && said.contains("cannot be used"), "{said}");
        }
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(!left.iter().any(|n| n.to_string_lossy().starts_with("target")), "{left:?}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "it holds everything: for its owner only");
}

#[test]
fn an_archive_that_is_not_there_is_no_fault_of_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("none.takeoff"), folder.path().join("data"));
    for args in
        [&["restore", text(&file), "--data-dir", text(&data)][..], &["restore", "--verify", text(&file)]]
    {
        let (code, said) = takeoff(args, &[]);
        assert!(code == Some(1) && said.contains("none.takeoff cannot be read: No such file"), "{said}");
        assert!(!said.contains("store"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_was_killed_is_no_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    let (data, left) = (folder.path().join("data"), folder.path().join("data.restoring"));
    std::fs::create_dir(&left).unwrap();
    let (code, said) = takeoff(&["serve", "--listen", "127.0.0.1:0", "--data-dir", text(&data)], &[]);
    assert!(
        code == Some(78) && said.contains("was not finished") && said.contains("data.restoring"),
        "{said}"
    );
    assert!(!data.exists(), "nothing was made in its place");
    let doctor = ["doctor", "--listen", "127.0.0.1:0", "--data-dir", text(&data)];
    let (code, said) = takeoff(&doctor, &[]);
    assert!(code == Some(1) && said.contains("FAIL  restore: ") && said.contains("data.restoring"), "{said}");
    // A node that has its folder goes on, and the doctor tells what lies beside it.
    std::fs::remove_dir(&left).unwrap();
    drop(Node::start(&data));
    std::fs::create_dir(&left).unwrap();
    drop(Node::start(&data));
    let (code, said) = takeoff(&doctor, &[]);
    assert!(code == Some(0) && said.contains("WARN  restore: "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_there_is_filled_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("file"));
    let node = Node::start(&data);
    let project = node.client().project("A").await;
    assert_eq!(node.stop("TERM", STOP).code(), Some(0));
    assert_eq!(takeoff(&["backup", text(&file), "--data-dir", text(&data)], &[]).0, Some(0));

    let real = folder.path().join("real");
    std::fs::create_dir(&real).unwrap();
    let (link, slash) = (folder.path().join("link"), folder.path().join("slash/"));
    std::os::unix::fs::symlink(&real, &link).unwrap();
    std::fs::create_dir(&slash).unwrap();
    // A volume's root cannot be replaced, and a new one is not quite empty.
    let volume = SmallDisk::mount(256 << 20);
    let mut targets = vec![link.clone(), slash.clone(), folder.path().join("new/")];
    if let Some(volume) = &volume {
        std::fs::create_dir(volume.path().join("lost+found")).unwrap();
        targets.push(volume.path().to_path_buf());
    }
    for target in targets {
        let (code, said) = takeoff(&["restore", text(&file), "--data-dir", text(&target)], &[]);
        assert_eq!(code, Some(0), "{}: {said}", target.display());
        assert!(!target.join(".restoring").exists(), "{}", target.display());
        let node = Node::start(&target);
        node.client().get(&format!("/projects/{project}")).await.expect(200);
        assert_eq!(node.stop("TERM", STOP).code(), Some(0));
        let (code, said) = takeoff(&["restore", text(&file), "--data-dir", text(&target)], &[]);
        assert!(code == Some(1) && said.contains("not empty"), "{said}");
    }
    let left = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name());
    assert!(!left.into_iter().any(|n| n.to_string_lossy().contains("restoring")));

    // One that was killed while entries took their places is told, and begun anew.
    let killed = folder.path().join("killed");
    std::fs::create_dir_all(killed.join(".restoring")).unwrap();
    std::fs::create_dir(killed.join("blobs")).unwrap();
    let (code, said) = takeoff(&["serve", "--listen", "127.0.0.1:0", "--data-dir", text(&killed)], &[]);
    assert!(code == Some(78) && said.contains("was not finished"), "{said}");
    let (code, said) = takeoff(&["restore", text(&file), "--data-dir", text(&killed)], &[]);
    assert_eq!(code, Some(0), "{said}");
    let node = Node::start(&killed);
    node.client().get(&format!("/projects/{project}")).await.expect(200);
}
