//! An S3 server of a test's own, with one bucket.

use takeoff_test_servers::S3Server;

use crate::client::Client;

/// It keeps what it has in memory.
pub struct Bucket(S3Server);

impl Bucket {
    pub const NAME: &'static str = "drawings";

    pub async fn start() -> Self {
        let bucket = Self(S3Server::start());
        let made = bucket.client().send(reqwest::Method::PUT, &format!("//{}", Self::NAME), None).await;
        assert!(made.status.is_success(), "{made:?}");
        bucket
    }

    fn client(&self) -> Client {
        Client::new(self.0.endpoint())
    }

    /// `HOST:PORT` of its server.
    pub fn address(&self) -> &str {
        self.0.endpoint().trim_start_matches("http://")
    }

    /// What a node needs to know to store there.
    pub fn settings(&self) -> [(&str, &str); 4] {
        [
            ("MINIO_ENDPOINT", self.0.endpoint()),
            ("MINIO_ACCESS_KEY", "schluessel"),
            ("MINIO_SECRET_KEY", "geheim"),
            ("S3_BUCKET", Self::NAME),
        ]
    }
}
