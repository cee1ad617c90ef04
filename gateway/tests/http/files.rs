use reqwest::{Method, StatusCode, header};

use crate::support::Server;

#[tokio::test]
async fn images_have_stable_paths_and_can_be_cached() {
    let server = Server::start().await;
    let project = server.project().await;
    let image: Vec<u8> = (0..700_000_u32).map(|i| (i % 251) as u8).collect();
    let page = server.page(&project, &image).await;
    let json = server.get(&format!("/pages/{}", page.id)).await.expect(200);
    let url = json["image_url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/api/v1/files/pages/{}/image.png?", server.base, page.id)), "{url}");
    assert_eq!(server.get(&format!("/pages/{}", page.id)).await.expect(200)["image_url"], url);

    let redirect = server.get(&format!("/pages/{}/image", page.id)).await;
    assert_eq!(
        (redirect.status, &redirect.headers["location"]),
        (StatusCode::TEMPORARY_REDIRECT, &url.parse().unwrap())
    );

    let get = || server.client.get(url).header("origin", "http://localhost:3000");
    let whole = get().send().await.unwrap();
    assert_eq!(whole.status(), StatusCode::OK);
    let headers = whole.headers().clone();
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(headers["content-length"], "700000");
    assert_eq!(headers["access-control-allow-origin"], "http://localhost:3000");
    assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
    assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(whole.bytes().await.unwrap(), image, "in several chunks, whole");

    let unchanged = get().header(header::IF_NONE_MATCH, &headers["etag"]).send().await.unwrap();
    assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
    let part = get().header(header::RANGE, "bytes=262143-262145").send().await.unwrap();
    assert_eq!(
        (part.status(), &part.headers()["content-range"]),
        (StatusCode::PARTIAL_CONTENT, &"bytes 262143-262145/700000".parse().unwrap())
    );
    assert_eq!(part.bytes().await.unwrap(), image[262_143..=262_145]);
    let beyond = get().header(header::RANGE, "bytes=700000-").send().await.unwrap();
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    for nonsense in ["bytes=+1-2", "bytes=5-2", "bytes=a-b", "lines=1-2"] {
        let whole = get().header(header::RANGE, nonsense).send().await.unwrap();
        assert_eq!((whole.status(), whole.content_length()), (StatusCode::OK, Some(700_000)), "{nonsense}");
    }
    let far = get().header(header::RANGE, format!("bytes={}-", "9".repeat(40))).send().await.unwrap();
    assert_eq!(
        (far.status(), &far.headers()["content-range"]),
        (StatusCode::RANGE_NOT_SATISFIABLE, &"bytes */700000".parse().unwrap())
    );
    let head = server.client.head(url).header(header::RANGE, "bytes=0-1").send().await.unwrap();
    assert_eq!(
        (head.status(), &head.headers()["content-length"]),
        (StatusCode::OK, &"700000".parse().unwrap())
    );

    let bare = url.split('?').next().unwrap();
    let bare = server.client.get(bare).send().await.unwrap();
    assert_eq!(bare.headers()["cache-control"], "private, no-cache");
    let thumbnail = server.client.get(json["thumbnail_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(thumbnail.bytes().await.unwrap(), b"thumbnail".as_slice());
}

#[tokio::test]
async fn urls_follow_the_way_the_client_came() {
    let server = Server::start_with(|c| c.api.allowed_hosts = vec!["plans.example".to_owned()]).await;
    let project = server.project().await;
    let path = server.url(&format!("/api/v1/pages/{}", server.page(&project, b"png").await.id));
    let image_url = async |headers: &[(&str, &str)]| {
        let mut request = server.client.get(&path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let json: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
        json["image_url"].as_str().unwrap().to_owned()
    };
    let proxied = image_url(&[("host", "plans.example"), ("x-forwarded-proto", "https")]).await;
    assert!(proxied.starts_with("https://plans.example/api/v1/files/"), "{proxied}");
    let odd = server.client.get(&path).header("host", "a\"b").send().await.unwrap();
    assert_eq!(odd.status(), StatusCode::BAD_REQUEST);

    let configured =
        Server::start_with(|c| c.api.public_url = Some("https://takeoff.example/".to_owned())).await;
    let project = configured.project().await;
    let page = configured.page(&project, b"png").await.id;
    let json = configured.get(&format!("/pages/{page}")).await.expect(200);
    assert!(json["image_url"].as_str().unwrap().starts_with("https://takeoff.example/api/v1/files/"));
}

#[tokio::test]
async fn the_original_is_a_download() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await;
    let document = server.get(&format!("/documents/{}", page.document_id)).await.expect(200);
    let reply = server.client.get(document["download_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(reply.headers()["content-type"], "application/pdf");
    let disposition = reply.headers()["content-disposition"].to_str().unwrap();
    assert!(
        disposition.starts_with("attachment;") && disposition.contains("Plan%20S%C3%BCd.pdf"),
        "{disposition}"
    );
    assert_eq!(reply.bytes().await.unwrap(), b"%PDF-original".as_slice());
    let unknown = "/api/v1/files/pages/00000000-0000-4000-8000-000000000000/image.png";
    server.send(Method::GET, unknown, None).await.detail(404);
}
