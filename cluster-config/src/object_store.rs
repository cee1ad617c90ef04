//! Where blobs are when they are not in the data folder: a bucket that speaks S3.

use std::fmt;

use crate::node::NodeConfig;
use crate::settings::Setting;

/// A value that is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value, for whoever has to prove to know it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// That there is one, or nothing.
    pub(crate) fn shown(&self) -> &'static str {
        if self.0.is_empty() { "" } else { "(hidden)" }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "hidden" })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct ObjectStoreConfig {
    /// With its scheme; `None` keeps blobs in the data folder.
    pub endpoint: Option<String>,
    pub access_key: Secret,
    pub secret_key: Secret,
    pub bucket: String,
    pub region: String,
    /// The bucket is in the path, not in the host's name.
    pub path_style: bool,
}

impl Default for ObjectStoreConfig {
    fn default() -> Self {
        Self {
            endpoint: None,
            access_key: Secret::default(),
            secret_key: Secret::default(),
            bucket: "takeoff".to_owned(),
            region: "us-east-1".to_owned(),
            path_style: true,
        }
    }
}

impl ObjectStoreConfig {
    /// Keys that are wanting beside an endpoint, or given without one, and why that is wrong.
    pub(crate) fn conflicts(&self) -> Vec<(&'static str, &'static str)> {
        let keys = [("s3.access_key", &self.access_key), ("s3.secret_key", &self.secret_key)];
        let of = |(key, secret): (&'static str, &Secret)| match (&self.endpoint, secret.is_empty()) {
            (Some(_), true) => Some((key, "is wanting: `s3.endpoint` is set")),
            (None, false) => Some((key, "is set without `s3.endpoint`: blobs would stay in the data folder")),
            _ => None,
        };
        keys.into_iter().filter_map(of).collect()
    }
}

/// `minio:9000` is what other tools of a deployment take, and means no TLS.
fn endpoint(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (scheme, host) = text.split_once("://").unwrap_or(("http", text));
    let host = host.strip_suffix('/').unwrap_or(host);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if !matches!(scheme, "http" | "https") || host.is_empty() || !host.chars().all(fits) {
        // It may hold a password, so it is not quoted.
        return Err("must be HOST:PORT, http://HOST:PORT or https://HOST, without user or path".to_owned());
    }
    Ok(Some(format!("{scheme}://{host}")))
}

/// S3's rules for names, less those that only some servers have.
fn bucket(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if (3..=63).contains(&text.len()) && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("must be 3 to 63 small letters, digits, `-` or `.`".to_owned())
    }
}

pub(crate) fn settings() -> Vec<Setting> {
    vec![
        Setting {
            key: "s3.endpoint",
            alias: Some("MINIO_ENDPOINT"),
            unit: "",
            bounds: "HOST:PORT, http:// or https://",
            doc: "Server of the object store, such as `https://s3.example.com` or `minio:9000` (no TLS); empty keeps blobs in the data folder.",
            set: |c, raw| {
                c.object_store.endpoint = endpoint(&raw.text()?)?;
                Ok(())
            },
            show: |c| c.object_store.endpoint.clone().unwrap_or_default(),
        },
        Setting {
            key: "s3.access_key",
            alias: Some("MINIO_ACCESS_KEY"),
            unit: "",
            bounds: "text",
            doc: "Its access key; never shown.",
            set: |c, raw| secret(&mut c.object_store.access_key, raw.text()?),
            show: |c| c.object_store.access_key.shown().to_owned(),
        },
        Setting {
            key: "s3.secret_key",
            alias: Some("MINIO_SECRET_KEY"),
            unit: "",
            bounds: "text",
            doc: "Its secret key; never shown.",
            set: |c, raw| secret(&mut c.object_store.secret_key, raw.text()?),
            show: |c| c.object_store.secret_key.shown().to_owned(),
        },
        Setting {
            key: "s3.bucket",
            alias: Some("S3_BUCKET"),
            unit: "",
            bounds: "3 to 63 characters",
            doc: "Bucket of the blobs; it has to be there.",
            set: |c, raw| {
                c.object_store.bucket = bucket(&raw.text()?)?;
                Ok(())
            },
            show: |c| c.object_store.bucket.clone(),
        },
        Setting {
            key: "s3.region",
            alias: Some("S3_REGION"),
            unit: "",
            bounds: "text",
            doc: "Region that requests are signed for.",
            set: |c, raw| {
                c.object_store.region = raw.text()?;
                if c.object_store.region.is_empty() { Err("must not be empty".to_owned()) } else { Ok(()) }
            },
            show: |c| c.object_store.region.clone(),
        },
        Setting {
            key: "s3.path_style",
            alias: Some("S3_PATH_STYLE"),
            unit: "",
            bounds: "true, false",
            doc: "Whether the bucket is in the path (MinIO) and not in the host's name.",
            set: |c: &mut NodeConfig, raw| {
                c.object_store.path_style = raw.boolean()?;
                Ok(())
            },
            show: |c| c.object_store.path_style.to_string(),
        },
    ]
}

fn secret(to: &mut Secret, text: String) -> Result<(), String> {
    to.0 = text;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_a_host_and_nothing_that_could_be_a_secret() {
        assert_eq!(endpoint("minio:9000"), Ok(Some("http://minio:9000".to_owned())));
        assert_eq!(endpoint("https://s3.example.com/"), Ok(Some("https://s3.example.com".to_owned())));
        assert_eq!(endpoint(" "), Ok(None));
        for wrong in ["ftp://h", "http://", "http://user:geheim@h", "h/path", "h?x=geheim"] {
            assert!(!endpoint(wrong).unwrap_err().contains("geheim"), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut config = NodeConfig::solo("d");
        for (key, value) in [("s3.access_key", "schluessel"), ("s3.secret_key", "geheim")] {
            let setting = settings().into_iter().find(|s| s.key == key).unwrap();
            (setting.set)(&mut config, &crate::raw::Raw::Text(value.to_owned())).unwrap();
            assert_eq!((setting.show)(&config), "(hidden)");
        }
        let printed = format!("{config:?}");
        assert!(!printed.contains("geheim") && !printed.contains("schluessel"), "{printed}");
        assert_eq!(config.object_store.secret_key.reveal(), "geheim");
    }

    #[test]
    fn an_endpoint_without_keys_and_keys_without_an_endpoint_are_refused() {
        let mut config = ObjectStoreConfig { endpoint: Some("http://h".to_owned()), ..Default::default() };
        assert_eq!(config.conflicts().len(), 2);
        config.access_key = Secret("a".to_owned());
        config.secret_key = Secret("b".to_owned());
        assert_eq!(config.conflicts(), []);
        config.endpoint = None;
        assert_eq!(config.conflicts().len(), 2);
    }
}
